//! Who acts, and what people do by signed transactions of their own: users, and everybody in the gauntlet. The demo's cast does what belongs to
//! the lifecycle by [`crate::hand`].

use crate::{
	client::{self, Account, Block, Client, Included},
	network,
};
pub use airlock_cli::{
	commands::{
		salt,
		simulate::{round, Round},
	},
	view::{proposal as view, View},
};
use airlock_primitives::{CodeRef, Dossier, ProposalId, Rollback};
use airlock_report::{openings, samples, Leaf, Report, SectionId};
use anyhow::{anyhow, bail, ensure, Result};
use codec::Encode;
use sp_core::H256;
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

	/// What its key is derived from.
	pub fn uri(&self) -> String {
		format!("//{}", self.name)
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
