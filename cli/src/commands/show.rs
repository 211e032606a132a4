//! `airlock show`

use crate::{
	app::{Answer, Context},
	client::Block,
	view::{self, key_of},
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use serde_json::{json, Map, Value as Json};
use subxt::utils::AccountId32;

/// Show all that the chain keeps of a proposal: dossier, votes, reports, attestations, findings
#[derive(Debug, clap::Args)]
pub struct Show {
	/// Number of the proposal
	id: ProposalId,
}

/// What is kept under a proposal's number alone.
const ITEMS: [(&str, &str, &str); 8] = [
	("proposal", "Proposals", "Proposals"),
	("simulation", "Simulations", "Rounds"),
	("reports", "Simulations", "Submissions"),
	("review", "Audits", "Reviews"),
	("attestations", "Audits", "Attestations"),
	("bounty", "Audits", "Bounties"),
	("ballot", "Supermajority", "Ballots"),
	("timelock", "Enactment", "InTimelock"),
];

impl Show {
	/// Shows.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let at = context.client().await?.best().await?;
		let all = everything(&at, self.id).await?;
		Ok(Answer::new(view::to_text(&all, 0), all))
	}
}

/// All that is kept of a proposal in a block.
///
/// # Errors
/// If there is no such proposal, or the node does not answer.
pub async fn everything(at: &Block, id: ProposalId) -> Result<Json> {
	let seen = view::proposal(at, id).await?;
	let mut all = Map::new();
	all.insert("block".into(), at.block_number().into());
	all.insert("summary".into(), super::history::to_json(&seen));
	for (name, pallet, item) in ITEMS {
		if let Some(found) = view::stored(at, pallet, item, vec![key_of(id)]).await? {
			all.insert(name.into(), found);
		}
	}
	let mut findings = view::entries(at, "Audits", "Findings", vec![key_of(id)]).await?;
	// The key ends with the number.
	findings.sort_by(|(a, _), (b, _)| tail(a).cmp(&tail(b)));
	let findings: Vec<Json> = findings
		.into_iter()
		.map(|(key, finding)| json!({"number": tail(&key), "finding": finding}))
		.collect();
	all.insert("findings".into(), findings.into());
	let mut votes = Map::new();
	for (account, elector) in
		view::entries(at, "Supermajority", "Electors", vec![key_of(id)]).await?
	{
		if let Ok(account) = <[u8; 32]>::try_from(account) {
			votes.insert(AccountId32(account).to_string(), elector);
		}
	}
	all.insert("electors".into(), votes.into());
	let trial = view::stored(at, "Enactment", "OnProbation", vec![]).await?;
	if let Some(trial) = trial.filter(|trial| trial.get("id") == Some(&json!(id))) {
		all.insert("probation".into(), trial);
		let reports = view::stored(at, "Enactment", "Reports", vec![]).await?;
		all.insert("health".into(), reports.unwrap_or_default());
	}
	Ok(all.into())
}

/// A number at the end of a key.
fn tail(key: &[u8]) -> u32 {
	key.last_chunk::<4>()
		.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
