//! What was claimed, and the evidence for it: as a table and as JSON.

use comfy_table::{presets::UTF8_FULL_CONDENSED, ContentArrangement, Table};
use serde::Serialize;

/// What one node says about a claim.
#[derive(Clone, Debug, Serialize)]
pub struct Witness {
	/// Name of the node.
	pub node: String,
	/// True if the claim holds there.
	pub ok: bool,
	/// What was seen.
	pub evidence: String,
}

/// One claim.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
	/// The act it belongs to.
	pub act: String,
	/// What is claimed.
	pub claim: String,
	/// True if it holds.
	pub ok: bool,
	/// Block numbers, hashes, times.
	pub evidence: String,
	/// Each node that was asked; empty if the claim is not about nodes.
	pub nodes: Vec<Witness>,
}

/// When something happened.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
	/// The act it belongs to.
	pub act: String,
	/// What happened.
	pub what: String,
	/// At which block.
	pub block: u32,
	/// Seconds since the start.
	pub seconds: f64,
}

/// Everything that is known at the end.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
	/// True if every claim holds and nothing went wrong.
	pub ok: bool,
	/// Seconds from the first process to the last check.
	pub seconds: f64,
	/// Claims, in the order in which they were checked.
	pub claims: Vec<Claim>,
	/// Stages and switches, in order.
	pub timeline: Vec<Moment>,
	/// RPC addresses of the running nodes.
	pub nodes: Vec<(String, String)>,
	/// What ended the run early.
	pub error: Option<String>,
}

impl Report {
	/// Adds a claim that is not about nodes.
	pub fn claim(&mut self, act: &str, claim: &str, ok: bool, evidence: String) {
		let (act, claim) = (act.to_owned(), claim.to_owned());
		self.claims.push(Claim {
			act,
			claim,
			ok,
			evidence,
			nodes: Vec::new(),
		});
	}

	/// Adds a claim that must hold on every node that was asked, and on one at least.
	pub fn claim_on_nodes(&mut self, act: &str, claim: &str, nodes: Vec<Witness>) {
		let good = nodes.iter().filter(|w| w.ok).count();
		let first = nodes.iter().find(|w| !w.ok).or(nodes.first());
		let told = first
			.map(|w| format!(" ({}: {})", w.node, w.evidence))
			.unwrap_or_default();
		self.claims.push(Claim {
			act: act.to_owned(),
			claim: claim.to_owned(),
			ok: good > 0 && good == nodes.len(),
			evidence: format!("{good} of {} nodes{told}", nodes.len()),
			nodes,
		});
	}

	/// Closes the report. Without a claim, nothing was shown.
	pub fn close(&mut self, seconds: f64, error: Option<String>) {
		self.seconds = seconds;
		self.ok = error.is_none() && !self.claims.is_empty() && self.claims.iter().all(|c| c.ok);
		self.error = error;
	}

	/// The summary table.
	pub fn table(&self) -> String {
		let mut table = Table::new();
		table
			.load_preset(UTF8_FULL_CONDENSED)
			.set_content_arrangement(ContentArrangement::Dynamic)
			.set_header(["act", "claim", "", "evidence"]);
		if table.width().is_none() {
			table.set_width(120);
		}
		for claim in &self.claims {
			let ok = if claim.ok { "ok" } else { "FAILED" };
			table.add_row([claim.act.as_str(), &claim.claim, ok, &claim.evidence]);
		}
		table.to_string()
	}

	/// The same as JSON.
	///
	/// # Errors
	/// None in practice: every field can be encoded.
	pub fn json(&self) -> serde_json::Result<String> {
		serde_json::to_string_pretty(self)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn witness(node: &str, ok: bool) -> Witness {
		Witness {
			node: node.into(),
			ok,
			evidence: "#7".into(),
		}
	}

	#[test]
	fn close_should_fail_when_nothing_was_claimed() {
		let mut report = Report::default();
		report.close(1.0, None);
		assert!(!report.ok);
	}

	#[test]
	fn close_should_fail_when_one_node_disagrees() {
		let mut report = Report::default();
		report.claim_on_nodes(
			"one",
			"x",
			vec![witness("alice", true), witness("bob", false)],
		);
		report.close(1.0, None);
		assert!(!report.ok);
		assert!(report.claims[0].evidence.starts_with("1 of 2 nodes (bob"));
	}

	#[test]
	fn close_should_fail_when_no_node_was_asked() {
		let mut report = Report::default();
		report.claim_on_nodes("one", "x", vec![]);
		report.close(1.0, None);
		assert!(!report.ok);
	}

	#[test]
	fn table_and_json_should_show_every_claim_when_closed() {
		let mut report = Report::default();
		report.claim("one", "the sky is blue", true, "#1".into());
		report.close(1.0, None);
		assert!(report.ok);
		assert!(report.table().contains("the sky is blue"));
		assert!(report.json().unwrap().contains("the sky is blue"));
	}
}
