//! What each actor does: one function for each action, by signed transactions through a node.

use crate::{
	client::{self, Account, Block, Client, Included},
	network::{self, Node},
};
pub use airlock_cli::{
	commands::{
		salt,
		simulate::{round, Round},
	},
	view::{proposal as view, View},
};
use airlock_primitives::{CodeRef, Dossier, NodeSupport, ProposalId, Rollback};
use airlock_report::{openings, samples, Leaf, Report, SectionId, Verdict};
use anyhow::{anyhow, bail, ensure, Context, Result};
use codec::{DecodeAll, Encode};
use sc_executor_common::runtime_blob::RuntimeBlob;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::path::Path;
use subxt::{
	dynamic::{self, Value},
	utils::Static,
};
use subxt_signer::{sr25519::Keypair, SecretUri};

/// Somebody who signs.
pub struct Actor {
	/// What it is called.
	pub name: String,
	/// Its key.
	pub key: Keypair,
}

impl Actor {
	/// The development account of that name.
	///
	/// # Errors
	/// If the name is no derivation path.
	pub fn dev(name: &str) -> Result<Self> {
		let uri: SecretUri = format!("//{name}").parse()?;
		Ok(Self {
			name: name.to_owned(),
			key: Keypair::from_uri(&uri)?,
		})
	}

	/// Its account.
	pub fn account(&self) -> Account {
		self.key.public_key().0
	}
}

/// Everybody.
pub struct Cast {
	/// Proposes both upgrades.
	pub proposer: Actor,
	/// Simulators, one for each full node.
	pub simulators: Vec<Actor>,
	/// Auditors who review the code.
	pub auditors: Vec<Actor>,
	/// Auditors who rebuild it.
	pub builders: Vec<Actor>,
	/// Validators whose nodes run.
	pub validators: Vec<Actor>,
	/// Has money, and uploads and moves on what anybody may.
	pub patron: Actor,
	/// People who use the chain.
	pub users: Vec<Actor>,
}

impl Cast {
	/// The accounts of the `local` preset, and some users.
	///
	/// # Errors
	/// None: all names are derivation paths.
	pub fn new(validators: usize) -> Result<Self> {
		let many = |name: &str, count: usize| {
			(1..=count)
				.map(|n| Actor::dev(&format!("{name}{n}")))
				.collect::<Result<Vec<_>>>()
		};
		let seats = ["Alice", "Bob", "Charlie", "Dave"];
		Ok(Self {
			proposer: Actor::dev("Eve")?,
			simulators: many("Simulator", network::SIMULATORS)?,
			auditors: many("Auditor", 2)?,
			builders: many("Builder", 2)?,
			validators: seats
				.iter()
				.take(validators)
				.map(|name| Actor::dev(name))
				.collect::<Result<_>>()?,
			patron: Actor::dev("Ferdie")?,
			users: many("User", 8)?,
		})
	}
}

/// Registers a dossier and returns the number of the proposal.
///
/// # Errors
/// If the chain refuses it; so below.
pub async fn register(
	client: &Client,
	proposer: &Actor,
	dossier: &Dossier,
) -> Result<(ProposalId, Included)> {
	let call = dynamic::tx("Proposals", "register", (Static(dossier.clone()),));
	let included = client.submit(&proposer.key, &call).await?;
	let at = client.at(included.hash).await?;
	let proposals: Vec<View> = client::api(&at, "AirlockApi_proposals", ()).await?;
	let hash = dossier.hash();
	let ours = proposals
		.iter()
		.rev()
		.find(|p| p.dossier_hash == hash && p.outcome.is_none());
	let id = ours
		.ok_or_else(|| anyhow!("the registered proposal is not listed"))?
		.id;
	Ok((id, included))
}

/// Uploads bytes that a dossier names.
pub async fn upload(client: &Client, who: &Actor, bytes: &[u8]) -> Result<Included> {
	let call = dynamic::tx("Preimage", "note_preimage", (bytes.to_vec(),));
	client.submit(&who.key, &call).await
}

/// Moves a proposal on that is ready before its deadline.
pub async fn advance(client: &Client, who: &Actor, id: ProposalId) -> Result<Included> {
	client
		.submit(&who.key, &dynamic::tx("Proposals", "advance", (id,)))
		.await
}

/// What a simulation leaves: the report, and the leaves that the chain will ask for.
#[derive(Clone, Debug)]
pub struct Simulated {
	/// The report.
	pub report: Report,
	/// Its leaves, by section.
	pub leaves: Vec<(SectionId, Vec<Leaf>)>,
}

/// Stops a simulator's own node, replays the chain on its data under both runtimes, and starts it again.
///
/// # Errors
/// If the simulation cannot be run, or says anything but pass.
pub async fn simulate(
	node: &Node,
	round: &Round,
	effects: &str,
	code: &Path,
	back: Option<&Path>,
) -> Result<Simulated> {
	let dir = code.parent().unwrap_or(Path::new("."));
	let scale = dir.join(format!("{}-{:?}.scale", node.name, round.dossier_hash));
	let json = scale.with_extension("json");
	let leaves = scale.with_extension("leaves");
	let log = scale.with_extension("log");
	let manifest = scale.with_extension("toml");
	std::fs::write(&manifest, effects)?;
	let scope: Vec<String> = round
		.scope
		.0
		.iter()
		.map(|index| index.to_string())
		.collect();
	let mut args = vec![
		"simulate".to_owned(),
		format!("--base-path={}", node.base_path().display()),
		format!("--chain={}", node.spec().display()),
		format!("--candidate={}", code.display()),
		format!("--anchor={}", round.anchor),
		format!("--blocks={}", round.blocks),
		format!("--scope={}", scope.join(",")),
		format!("--effects={}", manifest.display()),
		format!("--json={}", json.display()),
		format!("--scale={}", scale.display()),
		format!("--leaves={}", leaves.display()),
	];
	args.extend(back.map(|back| format!("--rollback={}", back.display())));
	node.stop().await?;
	let status = network::run(node.binary(), &args, &log).await;
	// The node comes back whatever the simulation says.
	node.start()?;
	let status = status?;
	ensure!(
		status.success(),
		"the simulation on {} failed ({status}):\n{}",
		node.name,
		network::tail(&log)
	);
	let report = Report::decode_all(&mut &std::fs::read(&scale)?[..])?;
	ensure!(
		report.verdict() == Verdict::Pass,
		"{} says {:?}",
		node.name,
		report.verdict()
	);
	let same = report.config.anchor == round.anchor
		&& report.config.anchor_hash == round.anchor_hash
		&& report.config.blocks == round.blocks;
	ensure!(
		same,
		"{} simulated other blocks than the chain asks for",
		node.name
	);
	let leaves = DecodeAll::decode_all(&mut &std::fs::read(&leaves)?[..])?;
	Ok(Simulated { report, leaves })
}

/// Commits to a report.
pub async fn commit(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	round: &Round,
	report: &Report,
	salt: [u8; 32],
) -> Result<Included> {
	let commitment = round.commitment(client.genesis(), who.account(), report, salt);
	let arguments = (id, round.round, round.attempt, Static(commitment));
	client
		.submit(&who.key, &dynamic::tx("Simulations", "commit", arguments))
		.await
}

/// Reveals a report, with the leaves that the chain drew for this simulator.
pub async fn reveal(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	simulated: &Simulated,
	seed: H256,
	salt: [u8; 32],
) -> Result<Included> {
	let Simulated { report, leaves } = simulated;
	let drawn = samples(&seed, &who.account().encode(), report);
	let openings = openings(leaves, &drawn);
	let openings =
		openings.ok_or_else(|| anyhow!("the chain asks for leaves that are not there"))?;
	let arguments = (id, Static(report.clone()), Static(salt), Static(openings));
	client
		.submit(&who.key, &dynamic::tx("Simulations", "reveal", arguments))
		.await
}

/// Puts the least that a review asks for into the bounty of a proposal.
pub async fn fund_bounty(client: &Client, who: &Actor, id: ProposalId) -> Result<Included> {
	let at = client.best().await?;
	let least = at
		.constants()
		.entry(dynamic::constant::<u128>("Audits", "MinBounty"))?;
	client
		.submit(&who.key, &dynamic::tx("Audits", "fund_bounty", (id, least)))
		.await
}

/// The candidate's bytes as they are on chain, checked against hash, length and embedded version.
///
/// # Errors
/// If they are missing, or anything differs from the dossier.
pub async fn candidate_on_chain(at: &Block, code: &CodeRef) -> Result<Vec<u8>> {
	let bytes = client::preimage(at, code.hash, code.len).await?;
	let bytes = bytes.ok_or_else(|| anyhow!("the bytes of {:?} are not on chain", code.hash))?;
	ensure!(
		H256(blake2_256(&bytes)) == code.hash,
		"the bytes on chain have another hash"
	);
	let version = spec_version(&bytes)?;
	ensure!(
		version == code.spec_version,
		"the bytes on chain are version {version}"
	);
	Ok(bytes)
}

/// `spec_version` that a runtime blob carries in itself.
///
/// # Errors
/// If it is no runtime blob.
pub fn spec_version(blob: &[u8]) -> Result<u32> {
	let blob = RuntimeBlob::uncompress_if_needed(blob).map_err(|e| anyhow!("{e}"))?;
	let version = sc_executor::read_embedded_version(&blob).map_err(|e| anyhow!("{e}"))?;
	Ok(version
		.ok_or_else(|| anyhow!("the blob has no embedded version"))?
		.spec_version)
}

/// How an auditor looked at the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
	/// Read the code.
	CodeReview,
	/// Built the same bytes from the source.
	ReproducedBuild,
}

/// Attests to a dossier.
pub async fn attest(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	dossier_hash: H256,
	look: Look,
	report: &str,
) -> Result<Included> {
	let unit = |name: &str| Value::unnamed_variant(name.to_owned(), Vec::<Value>::new());
	let arguments = (
		id,
		Static(dossier_hash),
		unit(&format!("{look:?}")),
		unit("Approve"),
		Static(H256(blake2_256(report.as_bytes()))),
	);
	client
		.submit(&who.key, &dynamic::tx("Audits", "attest", arguments))
		.await
}

/// Reviews the candidate as it is on chain, and approves it.
pub async fn review(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	dossier: &Dossier,
) -> Result<Included> {
	let at = client.finalized().await?;
	for blob in dossier.blobs() {
		candidate_on_chain(&at, &blob).await?;
	}
	let report = format!("{} read version {}", who.name, dossier.code.spec_version);
	attest(client, who, id, dossier.hash(), Look::CodeReview, &report).await
}

/// Holds the own build against the bytes on chain, and attests that they are equal.
pub async fn reproduce(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	dossier: &Dossier,
	built: &[u8],
) -> Result<Included> {
	let on_chain = candidate_on_chain(&client.finalized().await?, &dossier.code).await?;
	ensure!(
		on_chain == built,
		"{} built other bytes than those on chain",
		who.name
	);
	let report = format!("{} built {:?}", who.name, dossier.code.hash);
	attest(
		client,
		who,
		id,
		dossier.hash(),
		Look::ReproducedBuild,
		&report,
	)
	.await
}

/// Looks at the proposal on the own node and votes for it.
pub async fn vote_aye(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	dossier: &Dossier,
) -> Result<Included> {
	let seen = view(&client.best().await?, id).await?;
	ensure!(
		seen.dossier_hash == dossier.hash() && seen.code_hash == dossier.code.hash,
		"{}'s node shows another dossier",
		who.name
	);
	let aye = Value::unnamed_variant("Aye", Vec::<Value>::new());
	let arguments = (id, Static(seen.dossier_hash), aye);
	client
		.submit(&who.key, &dynamic::tx("Supermajority", "vote", arguments))
		.await
}

/// Has the own node load both codes, and says so if it can run them.
pub async fn signal_readiness(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	dossier: &Dossier,
) -> Result<Included> {
	let tried = client.try_codes(dossier.blobs()).await?;
	if let Some(error) = tried.error() {
		bail!("{}'s node cannot run it: {error}", who.name);
	}
	let said: Vec<_> = tried.codes.iter().map(|code| code.spec_version).collect();
	let named: Vec<_> = dossier
		.blobs()
		.map(|code| Some(code.spec_version))
		.collect();
	ensure!(
		said == named,
		"the codes say that they are {said:?}, the dossier {named:?}"
	);
	let client_name = tried.client.into_bytes().try_into();
	let node = NodeSupport {
		client: client_name.map_err(|_| anyhow!("the node's name is too long"))?,
		host_functions: tried.host_functions,
	};
	let arguments = (id, Static(dossier.hash()), Static(node));
	client
		.submit(
			&who.key,
			&dynamic::tx("Enactment", "signal_readiness", arguments),
		)
		.await
}

/// Reports how the new code behaves.
pub async fn report_health(
	client: &Client,
	who: &Actor,
	id: ProposalId,
	healthy: bool,
) -> Result<Included> {
	client
		.submit(
			&who.key,
			&dynamic::tx("Enactment", "report_health", (id, healthy)),
		)
		.await
}

/// Sets a name.
pub async fn set_name(client: &Client, who: &Actor, name: &str) -> Result<Included> {
	let call = dynamic::tx("Profiles", "set_name", (name.as_bytes().to_vec(),));
	client.submit(&who.key, &call).await
}

/// Removes a name: the call that the good upgrade adds.
pub async fn clear_name(client: &Client, who: &Actor) -> Result<Included> {
	client
		.submit(&who.key, &dynamic::tx("Profiles", "clear_name", ()))
		.await
}

/// Sends money.
pub async fn transfer(client: &Client, from: &Actor, to: &Actor, amount: u128) -> Result<Included> {
	let to = to.key.public_key().to_address::<()>();
	let call = dynamic::tx("Balances", "transfer_keep_alive", (to, amount));
	client.submit(&from.key, &call).await
}

/// What a validator's monitor holds the new code against.
#[derive(Clone, Debug)]
pub struct Baseline {
	/// Version that must run.
	pub spec_version: u32,
	/// Who had which name before the switch.
	pub names: client::Names,
}

impl Baseline {
	/// What is wrong at a block of the new code; `None` if nothing is.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn fault(&self, at: &Block) -> Result<Option<String>> {
		if at.spec_version() != self.spec_version {
			return Ok(Some(format!("version {} runs", at.spec_version())));
		}
		let names = match client::names(at).await {
			Ok(names) => names,
			Err(error) => return Ok(Some(format!("names cannot be read: {error}"))),
		};
		let lost = self
			.names
			.iter()
			.filter(|(account, _)| !names.contains_key(*account))
			.count();
		Ok((lost > 0).then(|| format!("{lost} of {} names are lost", self.names.len())))
	}
}

/// The dedicated rollback of a dossier.
///
/// # Errors
/// If it has another kind.
pub fn dedicated(dossier: &Dossier) -> Result<CodeRef> {
	match &dossier.rollback {
		Rollback::Dedicated(code) => Ok(*code),
		other => bail!("the dossier has no dedicated rollback, but {other:?}"),
	}
}

/// Writes a blob where the simulators find it.
///
/// # Errors
/// If the file cannot be written.
pub fn write_blob(dir: &Path, name: &str, blob: &[u8]) -> Result<std::path::PathBuf> {
	let path = dir.join(name);
	std::fs::write(&path, blob).with_context(|| path.display().to_string())?;
	Ok(path)
}
