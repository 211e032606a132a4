//! Pushes bad upgrades at chains of four validators, as far as these let them.

use airlock_e2e::{
	gauntlet::{
		self,
		blobs::{self, Stop},
		cost, faults, soak, Options, Row,
	},
	network::VALIDATORS,
	program,
};
use anyhow::{ensure, Context, Result};
use clap::Parser;
use std::{
	path::PathBuf,
	process::ExitCode,
	sync::atomic::{AtomicUsize, Ordering},
	time::Instant,
};

/// Pushes bad upgrades at chains of four validators on which everybody who should stop them is bribed or asleep. After
/// each, the chain must be as good as before. Exits with 0 only if it is after all of them.
#[derive(Parser)]
#[command(version)]
struct Cli {
	/// Only these, by their names; of `--faults` also all of one fault, by its name.
	#[arg(long, value_name = "NAME", value_delimiter = ',')]
	only: Vec<String>,
	/// Says what there is, and where each must stop.
	#[arg(long)]
	list: bool,
	/// Instead: what happens to nodes while an upgrade passes, and must not matter.
	#[arg(long)]
	faults: bool,
	/// Instead: a good upgrade under load, watched for so many minutes. Nothing may send it back.
	#[arg(long, value_name = "MINUTES", conflicts_with = "faults")]
	soak: Option<u32>,
	/// Instead: what the rescue costs where nothing goes wrong, against this node, which was built without it.
	#[arg(long, value_name = "PATH", conflicts_with_all = ["faults", "soak"])]
	import_cost: Option<PathBuf>,
	/// An older node, for `--faults`: one validator runs it.
	#[arg(long, value_name = "PATH", requires = "faults")]
	old_node: Option<PathBuf>,
	/// Chains at a time. Too many starve each other: then even good code is left for silence.
	#[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
	at_once: u8,
	/// How often to push each blob, on a new chain each time. From two on it is about times: no good upgrade follows, nothing
	/// syncs, and nodes begin with what the first chain compiled.
	#[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["faults", "soak"], value_parser = clap::value_parser!(u16).range(1..))]
	times: u16,
	/// Also write the rows as JSON.
	#[arg(long, value_name = "FILE")]
	json: Option<PathBuf>,
	/// The node to start [default: airlock-node beside this program].
	#[arg(long, value_name = "PATH")]
	node: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
	program::exit_code(program::unless_interrupted(run(Cli::parse())).await)
}

async fn run(cli: Cli) -> Result<bool> {
	let binary = program::node(cli.node.clone())?;
	if let Some(without) = &cli.import_cost {
		let cost = cost::run(binary, without).await?;
		println!("{}", serde_json::to_string_pretty(&cost)?);
		return Ok(true);
	}
	if let Some(minutes) = cli.soak {
		let seen = soak::run(binary, minutes).await?;
		println!("{}", serde_json::to_string_pretty(&seen)?);
		return Ok(true);
	}
	let mut rows = if cli.faults {
		run_faults(&cli, binary).await?
	} else {
		run_blobs(&cli, binary).await?
	};
	if cli.list {
		return Ok(true);
	}
	rows.sort_by(|a, b| a.blob.cmp(&b.blob));
	println!("\n{}", gauntlet::table(&rows));
	if cli.times > 1 {
		println!("{}", gauntlet::spread(&rows));
	}
	if let Some(path) = &cli.json {
		let json = serde_json::to_vec_pretty(&rows)?;
		std::fs::write(path, json).with_context(|| path.display().to_string())?;
	}
	let survived = rows.iter().all(Row::is_survived);
	if !cli.faults {
		return Ok(survived);
	}
	let authors = faults::authors(&rows);
	println!("the code was written by {authors:?}");
	let is_whole = cli.only.is_empty();
	Ok(survived && (!is_whole || authors.len() == VALIDATORS.len()))
}

/// Says how far it is.
struct Progress {
	count: usize,
	done: AtomicUsize,
	started: Instant,
}

impl Progress {
	fn of(count: usize) -> Self {
		Self {
			count,
			done: AtomicUsize::new(0),
			started: Instant::now(),
		}
	}

	fn tell(&self, row: &Row) {
		let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
		let (count, seconds) = (self.count, self.started.elapsed().as_secs());
		let (stopped, end) = (&row.stopped, row.end());
		println!(
			"[{seconds:>5} s] {done:>2} of {count}  {}: {stopped}; {end}",
			row.blob
		);
		if let Some(trouble) = &row.trouble {
			eprintln!("{}: {trouble}", row.blob);
		}
	}
}

async fn run_faults(cli: &Cli, binary: PathBuf) -> Result<Vec<Row>> {
	let (mut trials, left_out) = faults::trials(cli.old_node.as_ref());
	left_out.iter().for_each(|why| println!("left out: {why}"));
	let is_named = |trial: &faults::Trial, name: &str| {
		name == faults::name(*trial) || name == format!("{:?}", trial.0)
	};
	for name in &cli.only {
		let known = trials.iter().any(|trial| is_named(trial, name));
		ensure!(known, "there is no '{name}': see --faults --list");
	}
	if !cli.only.is_empty() {
		trials.retain(|trial| cli.only.iter().any(|name| is_named(trial, name)));
	}
	if cli.list {
		trials
			.iter()
			.for_each(|trial| println!("{}", faults::name(*trial)));
		return Ok(Vec::new());
	}
	let options = faults::Options {
		binary,
		old_node: cli.old_node.clone(),
		at_once: cli.at_once.into(),
	};
	let progress = Progress::of(trials.len());
	faults::run(&options, trials, |row| progress.tell(row)).await
}

async fn run_blobs(cli: &Cli, binary: PathBuf) -> Result<Vec<Row>> {
	let mut all = blobs::all()?;
	if cli.list {
		all.iter()
			.for_each(|blob| println!("{:<26} {}", blob.name, blob.stop));
		return Ok(Vec::new());
	}
	for name in &cli.only {
		let known = all.iter().any(|blob| blob.name == name);
		ensure!(known, "there is no '{name}': see --list");
	}
	if !cli.only.is_empty() {
		all.retain(|blob| cli.only.iter().any(|name| name == blob.name));
	}
	let options = Options {
		binary,
		at_once: cli.at_once.into(),
		times: cli.times.into(),
	};
	let refused = all
		.iter()
		.filter(|blob| matches!(blob.stop, Stop::Refused(_)));
	let refused = refused.count();
	let progress = Progress::of(refused + (all.len() - refused) * options.times);
	Ok(gauntlet::run(&options, all, |row| progress.tell(row)).await)
}
