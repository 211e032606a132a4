//! The subcommand `simulate`: the engine of `airlock-simulator` on this node's database.

use crate::service::FullBackend;
use airlock_report::{SectionId, Verdict};
use airlock_runtime::opaque::Block;
use airlock_simulator::{Input, Outcome};
use clap::Parser;
use codec::Encode;
use sc_cli::{CliConfiguration, DatabaseParams, Error, Result, SharedParams};
use sc_client_api::{Backend, HeaderBackend};
use sc_service::Configuration;
use sp_core::H256;
use std::{
	fs,
	path::{Path, PathBuf},
	sync::Arc,
};

/// Options of `simulate`.
#[derive(Debug, Parser)]
pub struct SimulateCmd {
	/// Candidate: the runtime blob as it would be enacted
	#[arg(long, value_name = "FILE")]
	candidate: PathBuf,

	/// Dedicated rollback code of the candidate
	#[arg(long, value_name = "FILE")]
	rollback: Option<PathBuf>,

	/// Last block to replay, by number or hash [default: the last finalized one]
	#[arg(long, value_name = "BLOCK")]
	anchor: Option<String>,

	/// Number of blocks to replay
	#[arg(long, value_name = "N", default_value_t = 100)]
	blocks: u32,

	/// Pallets that the dossier says the upgrade touches, by their indices, with commas [default: whatever it touches]
	#[arg(long, value_name = "INDICES", value_delimiter = ',')]
	scope: Option<Vec<u8>>,

	/// Threads [default: one per core]; the report does not depend on them
	#[arg(long, value_name = "N")]
	threads: Option<usize>,

	/// Write the report for humans and programs to this file
	#[arg(long, value_name = "FILE")]
	json: Option<PathBuf>,

	/// Write the report as it is revealed on chain to this file
	#[arg(long, value_name = "FILE")]
	scale: Option<PathBuf>,

	/// Write all leaves to this file: the chain asks a simulator for some of them when it reveals
	#[arg(long, value_name = "FILE")]
	leaves: Option<PathBuf>,

	#[clap(flatten)]
	shared_params: SharedParams,

	#[clap(flatten)]
	database_params: DatabaseParams,
}

impl SimulateCmd {
	/// Simulates and prints a summary. Returns the exit code.
	pub fn run(&self, config: &Configuration) -> Result<u8> {
		let backend = open(config)?;
		let input = Input {
			candidate: read(&self.candidate)?,
			rollback: self.rollback.as_deref().map(read).transpose()?,
			anchor: self
				.anchor
				.as_deref()
				.map(|block| hash_of(&*backend, block))
				.transpose()?,
			blocks: self.blocks,
			scope: self
				.scope
				.as_ref()
				.map(|scope| scope.iter().copied().collect()),
			threads: self.threads,
		};
		let outcome = airlock_simulator::simulate(&*backend, &input)
			.map_err(|error| Error::Input(error.to_string()))?;
		if let Some(path) = &self.json {
			let text = serde_json::to_vec_pretty(&outcome.to_json())
				.map_err(|error| Error::Input(error.to_string()))?;
			write(path, &text)?;
		}
		if let Some(path) = &self.scale {
			write(path, &outcome.report.encode())?;
		}
		if let Some(path) = &self.leaves {
			write(path, &outcome.sections.encode())?;
		}
		print_summary(&outcome);
		Ok(match outcome.report.verdict() {
			Verdict::Pass => 0,
			Verdict::Fail => 1,
			Verdict::Inconclusive => 2,
		})
	}
}

impl CliConfiguration for SimulateCmd {
	fn shared_params(&self) -> &SharedParams {
		&self.shared_params
	}

	fn database_params(&self) -> Option<&DatabaseParams> {
		Some(&self.database_params)
	}
}

/// Opens a database that exists: the SDK would make an empty one, with another pruning than the node's.
fn open(config: &Configuration) -> Result<Arc<FullBackend>> {
	let path = config.database.path().unwrap_or(Path::new(""));
	if !path.exists() {
		return Err(Error::Input(format!(
			"there is no database at '{}': check --base-path and --chain",
			path.display()
		)));
	}
	sc_service::new_db_backend(config.db_config()).map_err(|error| {
		Error::Input(format!(
			"the database cannot be opened ({error}): is the node stopped?"
		))
	})
}

fn read(path: &Path) -> Result<Vec<u8>> {
	fs::read(path).map_err(|error| Error::Input(format!("cannot read {}: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
	fs::write(path, bytes)
		.map_err(|error| Error::Input(format!("cannot write {}: {error}", path.display())))
}

/// The hash of a block that is named by its number or its hash.
fn hash_of(backend: &FullBackend, block: &str) -> Result<H256> {
	if let Ok(number) = block.parse::<u32>() {
		let hash = HeaderBackend::<Block>::hash(backend.blockchain(), number)
			.map_err(|error| Error::Input(error.to_string()))?;
		return hash.ok_or_else(|| {
			Error::Input(format!(
				"block {number} is not in the database: sync further"
			))
		});
	}
	block.parse().map_err(|_| {
		Error::Input(format!(
			"'{block}' is neither a block's number nor its hash"
		))
	})
}

fn print_summary(outcome: &Outcome) {
	let config = &outcome.report.config;
	println!("verdict     {:?}", outcome.report.verdict());
	println!("report root {:?}", outcome.report.root());
	println!("candidate   {:?}", config.candidate);
	println!("replaces    {:?}", config.parent_code);
	println!("anchor      #{} {:?}", config.anchor, config.anchor_hash);
	if let Some(section) = outcome.report.section(SectionId::Replay) {
		let sums = &section.sums;
		println!(
			"replayed    {} blocks, {} reproduced by the current code, {} extrinsics",
			section.count,
			section.count.saturating_sub(sums.control_broken),
			sums.extrinsics,
		);
		println!(
			"extrinsics  {} identical, {} changed, {} regressions",
			sums.identical, sums.changed, sums.regressions
		);
	}
	for switch in outcome.switches.iter().skip(1) {
		let touched: Vec<String> = switch
			.touched
			.iter()
			.map(|(index, name)| format!("{name} ({index})"))
			.collect();
		println!("touches     {}", touched.join(", "));
	}
	let document = outcome.document();
	println!("findings    {}", document.findings.len());
	for finding in &document.findings {
		println!("  - {finding}");
	}
	let timings = &outcome.timings;
	println!(
		"took        {:.1} s to compile, {:.1} s to rehearse the switch, {:.1} s to replay",
		timings.prepare.as_secs_f32(),
		timings.rehearsal.as_secs_f32(),
		timings.replay.as_secs_f32()
	);
}
