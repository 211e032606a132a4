//! `airlock simulate`

use crate::{
	app::{Answer, Context},
	client::{self, Block},
	failure::input,
	keys::KEY_VARIABLE,
	view,
};
use airlock_primitives::{domain_hash, Domain, ProposalId, Rollback};
use airlock_report::{PalletSet, Report, SealedReport, Verdict};
use anyhow::{bail, ensure, Context as _, Result};
use codec::DecodeAll;
use serde_json::json;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::path::{Path, PathBuf};
use subxt::{ext::scale_decode::DecodeAsType, utils::Static};

/// Run the simulation that the chain asks for, on the database of a stopped node
///
/// The codes come from the chain that --url names, and the engine is that of 'airlock-node simulate': killed, it goes on where it
/// was when it is started again with the same folder. --url must be another node, since the one whose database is read stands
/// still.
#[derive(Debug, clap::Args)]
pub struct Simulate {
	/// Number of the proposal
	id: ProposalId,

	/// Folder for the report
	#[arg(long, value_name = "FOLDER")]
	out: PathBuf,

	/// The manifest of expected effects that the dossier binds
	#[arg(long, value_name = "FILE")]
	effects: Option<PathBuf>,

	/// The node's program [default: airlock-node beside this one, or in PATH]
	#[arg(long, value_name = "FILE")]
	node: Option<PathBuf>,

	/// What the node's program is told of its database, for example --base-path and --chain
	#[arg(last = true, required = true, value_name = "NODE OPTIONS")]
	database: Vec<String>,
}

/// What the chain asks simulators to do.
#[derive(Clone, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub struct Round {
	/// Round of the proposal.
	pub round: u32,
	/// Attempt within the round.
	pub attempt: u8,
	/// Hash of the dossier.
	pub dossier_hash: H256,
	/// Hash of the candidate.
	pub candidate: H256,
	/// Hash of the code that it replaces.
	pub parent_code: H256,
	/// Hash of the dedicated way back.
	pub rollback: Option<H256>,
	/// What the chain drew when no commitment was taken any more.
	pub seed: Option<H256>,
	/// Last block to replay.
	pub anchor: u32,
	/// Its hash.
	pub anchor_hash: H256,
	/// Blocks to replay.
	pub blocks: u32,
	/// Pallets that the dossier says the upgrade touches.
	pub scope: Static<PalletSet>,
	/// Hash of the manifest of expected effects.
	pub effects: H256,
	/// Units of the currency that the dossier says the switch makes.
	pub minted: u128,
	/// The first block in which no commitment is taken, and the first in which reports are.
	pub commit_until: u32,
	/// The first block in which no report is taken.
	pub reveal_until: u32,
}

/// The simulators' task for a proposal.
///
/// # Errors
/// If no simulation of it is open.
pub async fn round(at: &Block, id: ProposalId) -> Result<Round> {
	let round = client::value_of(at, "Simulations", "Rounds", id).await?;
	round.ok_or_else(|| {
		input(
			format!("no simulation of proposal {id} is open"),
			"'airlock status' says in which stage it is.",
		)
	})
}

impl Round {
	/// Holds a report against what the chain asks for: one about anything else could not be revealed.
	///
	/// # Errors
	/// If it is about another thing, and which.
	pub fn ensure_asked(&self, report: &Report) -> Result<()> {
		let config = &report.config;
		let differs = [
			(config.candidate != self.candidate, "candidate"),
			(
				config.parent_code != self.parent_code,
				"code that it replaces",
			),
			(config.rollback != self.rollback, "way back"),
			(config.anchor_hash != self.anchor_hash, "last block"),
			(config.blocks != self.blocks, "number of blocks"),
			(config.scope != self.scope.0, "scope"),
			(
				config.effects != self.effects,
				"manifest of expected effects",
			),
			(config.minted != self.minted, "sum of new coins"),
		];
		match differs.iter().find(|(differs, _)| *differs) {
			None => Ok(()),
			Some((_, what)) => Err(input(
				format!("the report is about another {what} than the chain asks for"),
				"Run 'airlock simulate' for this round.",
			)),
		}
	}

	/// What hides a report until it is revealed.
	pub fn commitment(
		&self,
		genesis: H256,
		simulator: [u8; 32],
		report: &Report,
		salt: [u8; 32],
	) -> H256 {
		let sealed = SealedReport {
			genesis,
			dossier_hash: self.dossier_hash,
			simulator,
			round: self.round,
			attempt: self.attempt,
			report_root: report.root(),
			salt,
		};
		domain_hash(Domain::Simulation, &sealed)
	}
}

/// Where the salt of a commitment is kept.
pub(super) fn salt_path(report: &Path, id: ProposalId, round: u32, attempt: u8) -> PathBuf {
	report.join(format!("salt-{id}-{round}-{attempt}"))
}

/// A salt that was kept.
pub(super) struct Kept {
	/// The salt.
	pub(super) salt: [u8; 32],
}

impl Kept {
	/// Reads it; `None` if there is none.
	pub(super) fn read(path: &Path) -> Result<Option<Self>> {
		if !path.exists() {
			return Ok(None);
		}
		let text = std::fs::read_to_string(path);
		let text = text.with_context(|| format!("cannot read {}", path.display()))?;
		let bytes = hex::decode(text.trim()).ok();
		let salt = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
		match salt {
			Some(salt) => Ok(Some(Self { salt })),
			None => Err(input(
				format!("{} is no salt", path.display()),
				"Restore it from your backup.",
			)),
		}
	}
}

impl Simulate {
	/// Simulates.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let at = context.client().await?.best().await?;
		let round = round(&at, self.id).await?;
		let dossier = view::dossier(&at, self.id).await?;
		ensure!(
			dossier.hash() == round.dossier_hash,
			"the node shows two dossiers of one proposal"
		);
		if salt_path(&self.out, self.id, round.round, round.attempt).exists() {
			return Err(input(
				format!("you have committed to the report in {}", self.out.display()),
				"It must stay as it is until it is revealed. Name another folder.",
			));
		}
		std::fs::create_dir_all(&self.out)
			.with_context(|| format!("cannot make {}", self.out.display()))?;
		let write = |name: &str, bytes: &[u8]| {
			let path = self.out.join(name);
			let written = std::fs::write(&path, bytes);
			written.with_context(|| format!("cannot write {}", path.display()))?;
			Ok::<_, anyhow::Error>(path)
		};
		let candidate = view::bytes_of_code(&at, &dossier.code).await?;
		let mut options = vec![
			option("candidate", write("candidate.wasm", &candidate)?.display()),
			option("anchor", round.anchor),
			option("blocks", round.blocks),
			option("minted", round.minted),
			option("scope", scope(&round.scope.0)),
			option(
				"effects",
				write("effects.toml", &self.effects(&round)?)?.display(),
			),
			option("scale", self.out.join("report.scale").display()),
			option("leaves", self.out.join("report.leaves").display()),
			option("json", self.out.join("report.json").display()),
			option("html", self.out.join("report.html").display()),
			option("work", self.out.join("work").display()),
		];
		if let Rollback::Dedicated(code) = &dossier.rollback {
			let bytes = view::bytes_of_code(&at, code).await?;
			options.push(option(
				"rollback",
				write("rollback.wasm", &bytes)?.display(),
			));
		}
		self.start(context, options).await?;
		let path = self.out.join("report.scale");
		let report = std::fs::read(&path).with_context(|| format!("no {}", path.display()))?;
		let report = Report::decode_all(&mut &report[..]).context("report.scale")?;
		round.ensure_asked(&report)?;
		Ok(self.answer(&report))
	}

	/// Has the engine do the work. What it says goes to stderr.
	async fn start(&self, context: &Context, options: Vec<String>) -> Result<()> {
		let program = self.node.clone().unwrap_or_else(beside_this_one);
		let mut command = tokio::process::Command::new(&program);
		// Of what the engine's runtimes do wrong, the report tells.
		command
			.args(["simulate", "--log=error"])
			.args(&self.database)
			.args(options)
			.env_remove(KEY_VARIABLE)
			.kill_on_drop(true);
		command.stdout(std::process::Stdio::piped());
		if context.global.quiet {
			command.stderr(std::process::Stdio::null());
		}
		let started = command.spawn();
		let child = started.map_err(|error| {
			input(
				format!("cannot start {}: {error}", program.display()),
				"Name the node's program with --node.",
			)
		})?;
		let done = child.wait_with_output().await?;
		context.say(String::from_utf8_lossy(&done.stdout).trim_end());
		match done.status.code() {
			// Pass, fail and inconclusive: there is a report.
			Some(0..=2) => Ok(()),
			_ => bail!(
				"the simulation did not end ({}): what it said is above",
				done.status
			),
		}
	}

	fn effects(&self, round: &Round) -> Result<Vec<u8>> {
		let bytes = match &self.effects {
			Some(path) => {
				std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?
			}
			None => Vec::new(),
		};
		if blake2_256(&bytes) == round.effects.0 {
			return Ok(bytes);
		}
		Err(input(
			format!(
				"the dossier binds a manifest with the hash {:?}",
				round.effects
			),
			"Get it from the proposer, and name it with --effects.",
		))
	}

	fn answer(&self, report: &Report) -> Answer {
		let verdict = report.verdict();
		let (root, out) = (report.root(), self.out.display());
		let text = format!("{verdict:?}, root {root:?}: see {out}/report.html");
		let data = json!({
			"verdict": format!("{verdict:?}"),
			"root": root,
			"anchor": report.config.anchor,
			"blocks": report.config.blocks,
			"folder": out.to_string(),
		});
		Answer {
			positive: verdict == Verdict::Pass,
			..Answer::new(text, data)
		}
	}
}

fn option(name: &str, value: impl std::fmt::Display) -> String {
	format!("--{name}={value}")
}

fn scope(pallets: &PalletSet) -> String {
	let indices: Vec<String> = pallets.iter().map(|index| index.to_string()).collect();
	indices.join(",")
}

fn beside_this_one() -> PathBuf {
	const NAME: &str = "airlock-node";
	let beside = std::env::current_exe().map(|path| path.with_file_name(NAME));
	beside
		.ok()
		.filter(|path| path.exists())
		.unwrap_or_else(|| NAME.into())
}
