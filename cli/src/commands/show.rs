//! `airlock show`

use crate::{
	app::{Answer, Context},
	client::{Block, Client},
	view::{self, key_of, View},
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
const ITEMS: [(&str, &str, &str); 9] = [
	("proposal", "Proposals", "Proposals"),
	("simulation", "Simulations", "Rounds"),
	("reports", "Simulations", "Submissions"),
	("review", "Audits", "Reviews"),
	("attestations", "Audits", "Attestations"),
	("bounty", "Audits", "Bounties"),
	("ballot", "Supermajority", "Ballots"),
	("stops", "Supermajority", "Stops"),
	("timelock", "Enactment", "InTimelock"),
];

impl Show {
	/// Shows.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let client = context.client().await?;
		let at = client.best().await?;
		let seen = view::proposal(&at, self.id).await?;
		let mut all = match before_its_end(client, &seen).await {
			Some(before) => everything(&before, self.id).await,
			None => everything(&at, self.id).await,
		}?;
		all["summary"] = super::history::to_json(&seen);
		Ok(Answer::new(view::to_text(&all, 0), all))
	}
}

/// Of what has ended the chain forgets most: the block before that, if the node still has its state.
async fn before_its_end(client: &Client, seen: &View) -> Option<Block> {
	seen.outcome?;
	let hash = client.hash_of(seen.due.saturating_sub(1)).await.ok()??;
	let before = client.at(hash).await.ok()?;
	view::proposal(&before, seen.id).await.ok()?;
	Some(before)
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
	let waivers = view::entries(at, "Audits", "Waivers", vec![key_of(id)]).await?;
	let waivers = waivers
		.into_iter()
		.map(|(key, waiver)| json!({"finding": tail(&key), "waiver": waiver}));
	all.insert("waivers".into(), waivers.collect());
	let revealed = view::entries(at, "Simulations", "Reports", vec![key_of(id)]).await?;
	let revealed = revealed.into_iter().map(
		|(root, report)| json!({"root": format!("0x{}", hex::encode(root)), "report": report}),
	);
	all.insert("revealed".into(), revealed.collect());
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

/// What simulators, auditors and finders said of a proposal, in short, of what [`everything`] has.
pub(super) fn in_short(all: &Json) -> String {
	let list = |name: &str| all[name].as_array().cloned().unwrap_or_default();
	let words = |value: &Json| match value {
		Json::String(word) => word.clone(),
		Json::Object(fields) => fields.keys().cloned().collect::<Vec<_>>().join(", "),
		other => other.to_string(),
	};
	let several = |what: &str, said: Vec<String>| match said.is_empty() {
		true => format!("  {what}: none"),
		false => format!("  {what}: {}", said.join("; ")),
	};
	let verdict = |sent: &Json| words(&sent["answer"]["Revealed"]["verdict"]);
	let reports = list("reports");
	let reports = reports
		.iter()
		.filter(|sent| sent["answer"]["Revealed"].is_object());
	let attestations = list("attestations");
	let attestations = attestations.iter();
	let attested = |one: &Json| format!("{} {}", words(&one["kind"]), words(&one["opinion"]));
	let findings = list("findings");
	let found = |one: &Json| {
		let (number, finding) = (&one["number"], &one["finding"]);
		let (severity, status) = (words(&finding["severity"]), words(&finding["status"]));
		format!("{number} {severity} {status}")
	};
	[
		several("simulations", reports.map(verdict).collect()),
		several("attestations", attestations.map(attested).collect()),
		several("findings", findings.iter().map(found).collect()),
	]
	.join("\n")
}

/// A number at the end of a key.
fn tail(key: &[u8]) -> u32 {
	key.last_chunk::<4>()
		.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_was_said_fits_on_three_lines() {
		let all = json!({
			"reports": [
				{"answer": {"Revealed": {"root": "0x00", "verdict": "Pass"}}},
				{"answer": "Sealed"},
			],
			"attestations": [{"kind": "CodeReview", "opinion": "Approve"}],
			"findings": [{"number": 0, "finding": {"severity": "High", "status": {"Duplicate": 1}}}],
		});
		let said =
			"  simulations: Pass\n  attestations: CodeReview Approve\n  findings: 0 High Duplicate";
		assert_eq!(in_short(&all), said);
		let none = "  simulations: none\n  attestations: none\n  findings: none";
		assert_eq!(in_short(&json!({})), none);
	}
}
