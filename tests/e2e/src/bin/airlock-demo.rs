//! Shows a good upgrade, a bad one, and one that cannot build a block, on a real network of four validators.

use airlock_e2e::{
	demo,
	display::Display,
	network::{self, Network},
	program,
	report::Report,
};
use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use std::{path::PathBuf, process::ExitCode};
use tokio::signal::unix::{signal, Signal, SignalKind};

/// Starts four validators and three full nodes on loopback and takes a runtime upgrade through every stage;
/// then another one, which goes wrong and is rolled back; then one that cannot build a block.
#[derive(Parser)]
#[command(version)]
struct Cli {
	/// Also write the summary as JSON.
	#[arg(long, value_name = "FILE")]
	json: Option<PathBuf>,
	/// Leave the network running and print its RPC addresses.
	#[arg(long)]
	keep: bool,
	/// The node to start [default: airlock-node beside this program].
	#[arg(long, value_name = "PATH")]
	node: Option<PathBuf>,
	/// Validators that are never started. Everything must pass without them.
	#[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=1))]
	validators_down: u8,
	/// Where the builders have their own blobs, as `scripts/reproduce --out` leaves them. Else they are those of
	/// this build.
	#[arg(long, value_name = "DIR")]
	built: Option<PathBuf>,
	/// Start nothing: write the test upgrades and their manifests of expected effects into this folder.
	#[arg(long, value_name = "DIR")]
	blobs: Option<PathBuf>,
	/// What to show.
	#[arg(long, value_enum, default_value_t = Act::All)]
	act: Act,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Act {
	/// Only the good upgrade.
	First,
	/// Only the one that cannot build a block.
	Third,
	/// All three.
	All,
}

#[tokio::main]
async fn main() -> ExitCode {
	program::exit_code(run(Cli::parse()).await)
}

async fn run(cli: Cli) -> Result<bool> {
	if let Some(folder) = &cli.blobs {
		println!("{}", demo::write_blobs(folder)?);
		return Ok(true);
	}
	let binary = program::node(cli.node.clone())?;
	let options = demo::Options {
		network: network::Options {
			binary,
			validators_down: cli.validators_down.into(),
			simulators: network::SIMULATORS,
			outlives: cli.keep,
			..Default::default()
		},
		acts: match cli.act {
			Act::First => demo::Acts::Good,
			Act::Third => demo::Acts::Panicking,
			Act::All => demo::Acts::All,
		},
		built: cli.built,
	};
	let display = Display::default();
	let mut interrupts = Interrupts::new()?;
	let (report, network) = tokio::select! {
		done = demo::run(&options, &display) => done,
		// Dropping the run ends the processes.
		() = interrupts.next() => anyhow::bail!("interrupted"),
	};
	println!("\n{}", report.table());
	if let Some(path) = &cli.json {
		std::fs::write(path, report.json()?).with_context(|| path.display().to_string())?;
	}
	if let Some(error) = &report.error {
		eprintln!("\n{error}");
	}
	let claims = report.claims.len();
	let held = report.claims.iter().filter(|c| c.ok).count();
	println!(
		"{held} of {claims} claims hold, after {:.0} s",
		report.seconds
	);
	if let Some(mut network) = network.filter(|_| cli.keep) {
		network.keep();
		kept(&report, &network);
	}
	Ok(report.ok)
}

/// Signals that end the demo. Heard from the moment it is made.
struct Interrupts([Signal; 3]);

impl Interrupts {
	fn new() -> std::io::Result<Self> {
		use SignalKind as S;
		Ok(Self([
			signal(S::interrupt())?,
			signal(S::terminate())?,
			signal(S::hangup())?,
		]))
	}

	async fn next(&mut self) {
		let [interrupt, terminate, hangup] = &mut self.0;
		tokio::select! {
			_ = interrupt.recv() => (),
			_ = terminate.recv() => (),
			_ = hangup.recv() => (),
		}
	}
}

/// Says how to reach, and how to end, what was left running.
fn kept(report: &Report, network: &Network) {
	println!("\nThe network keeps running:");
	for (name, url) in &report.nodes {
		println!("  {name:<12} {url}");
	}
	let pids: Vec<String> = network
		.nodes()
		.iter()
		.filter_map(|n| n.pid())
		.map(|pid| pid.to_string())
		.collect();
	println!("Data and logs: {}", network.path().display());
	println!(
		"To end it:     kill {}; rm -r {}",
		pids.join(" "),
		network.path().display()
	);
}
