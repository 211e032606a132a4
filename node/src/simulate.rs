//! The subcommand `simulate`: the engine of `airlock-simulator` on this node's database.

use crate::service::FullBackend;
use airlock_report::{Report, SectionId, Verdict};
use airlock_runtime::opaque::Block;
use airlock_simulator::{Input, Observer, Outcome};
use clap::Parser;
use codec::{DecodeAll, Encode};
use indicatif::{ProgressBar, ProgressStyle};
use sc_cli::{CliConfiguration, DatabaseParams, Error, Result, SharedParams};
use sc_client_api::{Backend, HeaderBackend};
use sc_service::Configuration;
use sp_core::H256;
use std::{
	fs,
	ops::Range,
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

	/// Manifest of expected effects that the dossier binds, as TOML [default: nothing is declared]
	#[arg(long, value_name = "FILE")]
	effects: Option<PathBuf>,

	/// Units of the currency that the dossier says the switch makes
	#[arg(long, value_name = "UNITS", default_value_t = 0)]
	minted: u128,

	/// Replay only these blocks, and keep what they gave in `--work`: many machines can share the range
	#[arg(long, value_name = "FROM..TO", value_parser = range, requires = "work")]
	range: Option<Range<u32>>,

	/// Keep what is done in this folder, and begin with what is kept there of the same simulation
	#[arg(long, value_name = "FOLDER")]
	work: Option<PathBuf>,

	/// Repeat the simulation of this report (as it is revealed on chain), and say whether its root is the same
	#[arg(long, value_name = "FILE", conflicts_with_all = ["anchor", "blocks", "scope", "minted", "range"])]
	from_report: Option<PathBuf>,

	/// Keep compiled codes in this folder for later runs
	#[arg(long, value_name = "FOLDER")]
	cache: Option<PathBuf>,

	/// Threads [default: one per core]; the report does not depend on them
	#[arg(long, value_name = "N")]
	threads: Option<usize>,

	/// Write the report for humans and programs to this file
	#[arg(long, value_name = "FILE")]
	json: Option<PathBuf>,

	/// Write the report as a page for browsers to this file
	#[arg(long, value_name = "FILE")]
	html: Option<PathBuf>,

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
		let expected = self.from_report.as_deref().map(read_report).transpose()?;
		let input = self.input(&backend, expected.as_ref())?;
		let progress = Progress::new(self.work.clone())?;
		let failed = |error: airlock_simulator::Error| Error::Input(error.to_string());
		if let Some(part) = self.range.clone() {
			let done = airlock_simulator::replay_part(&*backend, &input, part, &progress);
			let done = done.map_err(failed)?;
			println!(
				"replayed    {} blocks in {:.3} s; all threads together took {:.3} s under the current code, {:.3} s under the candidate",
				done.blocks,
				done.took.as_secs_f64(),
				done.control.as_secs_f64(),
				done.candidate.as_secs_f64()
			);
			return Ok(0);
		}
		let outcome = airlock_simulator::simulate(&*backend, &input, &progress).map_err(failed)?;
		progress.end();
		if let Some(path) = &self.json {
			let text = serde_json::to_vec_pretty(&outcome.to_json())
				.map_err(|error| Error::Input(error.to_string()))?;
			write(path, &text)?;
		}
		if let Some(path) = &self.html {
			write(path, outcome.to_html().as_bytes())?;
		}
		if let Some(path) = &self.scale {
			write(path, &outcome.report.encode())?;
		}
		if let Some(path) = &self.leaves {
			write(path, &outcome.sections.encode())?;
		}
		print_summary(&outcome);
		if let Some(expected) = expected {
			ensure_same(&expected, &outcome.report)?;
			println!("the report is the same");
		}
		Ok(match outcome.report.verdict() {
			Verdict::Pass => 0,
			Verdict::Fail => 1,
			Verdict::Inconclusive => 2,
		})
	}

	fn input(&self, backend: &FullBackend, expected: Option<&Report>) -> Result<Input> {
		let anchor = self.anchor.as_deref();
		let anchor = anchor.map(|block| hash_of(backend, block)).transpose()?;
		let scope = self.scope.as_ref();
		let mut input = Input {
			candidate: read(&self.candidate)?,
			rollback: self.rollback.as_deref().map(read).transpose()?,
			anchor,
			blocks: self.blocks,
			scope: scope.map(|scope| scope.iter().copied().collect()),
			effects: self
				.effects
				.as_deref()
				.map(read)
				.transpose()?
				.unwrap_or_default(),
			minted: self.minted,
			threads: self.threads,
			cache: self.cache.clone(),
		};
		if let Some(Report { config, .. }) = expected {
			input.anchor = Some(config.anchor_hash);
			input.blocks = config.blocks;
			input.scope = Some(config.scope);
			input.minted = config.minted;
		}
		Ok(input)
	}
}

/// Blocks `FROM..TO`, without the last one.
fn range(text: &str) -> std::result::Result<Range<u32>, String> {
	let parts = text.split_once("..");
	let parts = parts.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
	parts.ok_or(format!("'{text}' is no range: write for example 100..200"))
}

fn read_report(path: &Path) -> Result<Report> {
	Report::decode_all(&mut &read(path)?[..])
		.map_err(|error| Error::Input(format!("{} is no report: {error}", path.display())))
}

/// Checks that a simulation gave what a report says.
fn ensure_same(expected: &Report, found: &Report) -> Result<()> {
	if expected.root() == found.root() {
		return Ok(());
	}
	let mut differing = Vec::new();
	if expected.config != found.config {
		differing.push("what was simulated (other files, or another engine)".to_owned());
	}
	let sections = expected.sections.iter();
	let others = sections.filter(|section| found.section(section.id) != Some(section));
	differing.extend(others.map(|section| format!("section {:?}", section.id)));
	Err(Error::Input(format!(
		"the root is {:?}, that of the report is {:?}: they differ in {}",
		found.root(),
		expected.root(),
		differing.join(", ")
	)))
}

/// Shows how far a simulation is, and keeps what is done of it in a folder.
struct Progress {
	bar: ProgressBar,
	work: Option<PathBuf>,
}

impl Progress {
	fn new(work: Option<PathBuf>) -> Result<Self> {
		if let Some(folder) = &work {
			fs::create_dir_all(folder).map_err(|error| {
				Error::Input(format!("cannot make {}: {error}", folder.display()))
			})?;
		}
		// Hidden where nobody looks: without a terminal.
		let bar = ProgressBar::new(1);
		let style = "{msg:12} [{wide_bar}] {pos}/{len}, {per_sec}, {eta} left";
		bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
		Ok(Self { bar, work })
	}

	fn end(&self) {
		self.bar.finish_and_clear();
	}
}

impl Observer for Progress {
	fn begin(&self, what: &str, steps: u32) {
		self.bar.reset();
		self.bar.set_message(what.to_owned());
		self.bar.set_length(steps.into());
	}

	fn step(&self) {
		self.bar.inc(1);
	}

	fn keep(&self, name: &str, bytes: &[u8]) {
		let Some(folder) = &self.work else { return };
		// Whole or not at all, also when the process is killed.
		let (path, draft) = (
			folder.join(name),
			folder.join(format!("{name}.{}", std::process::id())),
		);
		if let Err(error) = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, &path)) {
			log::warn!("cannot keep {}: {error}", path.display());
		}
	}

	fn recall(&self, name: &str) -> Option<Vec<u8>> {
		fs::read(self.work.as_ref()?.join(name)).ok()
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
	for (name, id) in [
		("in a row", SectionId::Continuous),
		("made up", SectionId::Stress),
	] {
		let sums = outcome.report.section(id).map(|section| section.sums);
		let sums = sums.unwrap_or_default();
		println!(
			"{name:11} {} extrinsics: {} identical, {} regressions",
			sums.extrinsics, sums.identical, sums.regressions
		);
	}
	if let Some(section) = outcome.report.section(SectionId::Replay) {
		let sums = &section.sums;
		println!(
			"replayed    {} blocks, {} reproduced by the current code, {} extrinsics",
			section.count,
			section.count.saturating_sub(sums.control_broken),
			sums.extrinsics,
		);
		println!(
			"extrinsics  {} identical, {} changed as declared or not run; {} regressions",
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
