//! The report, and what humans read next to it.

use crate::{
	page::page, Continued, ExtrinsicLine, Inspected, Rehearsed, Replayed, Stressed, WentBack,
};
use airlock_report::{
	leaf::{Blob, BlockResult, StaticCheck, Way},
	Leaf, Report, Section, SectionId, SimConfig, Sums, Verdict,
};
use serde::Serialize;
use serde_json::{json, Value};
use sp_version::RuntimeVersion;
use std::time::Duration;

/// How long the parts took. Advisory: not committed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
	/// Reading the range and compiling every code.
	pub prepare: Duration,
	/// The switch and the way back.
	pub rehearsal: Duration,
	/// All blocks.
	pub replay: Duration,
}

/// What was found in each section.
pub(crate) struct Found {
	pub(crate) blobs: Vec<Inspected>,
	pub(crate) switches: Vec<Rehearsed>,
	pub(crate) blocks: Vec<Replayed>,
	pub(crate) continued: Vec<Continued>,
	pub(crate) ways: Vec<WentBack>,
	pub(crate) stress: Vec<Stressed>,
}

impl Found {
	/// All leaves, by section.
	fn leaves(&self) -> Vec<(SectionId, Vec<Leaf>)> {
		let checks = self.blobs.iter().flat_map(|blob| &blob.leaves).copied();
		let switches = self.switches.iter();
		let states = switches.clone().map(|s| Leaf::State(s.state));
		let blocks = self.blocks.iter().map(|block| Leaf::Block(block.leaf));
		let continued = self.continued.iter().map(|b| Leaf::Continuous(b.leaf));
		let stress = self.stress.iter().map(|batch| Leaf::Stress(batch.leaf));
		let ways = self.ways.iter().map(|way| Leaf::Rollback(way.leaf));
		vec![
			(SectionId::Static, checks.map(Leaf::Static).collect()),
			(
				SectionId::Enactment,
				switches.map(|s| Leaf::Enactment(s.leaf)).collect(),
			),
			(SectionId::State, states.collect()),
			(SectionId::Replay, blocks.collect()),
			(SectionId::Continuous, continued.collect()),
			(SectionId::Stress, stress.collect()),
			(SectionId::Rollback, ways.collect()),
		]
	}
}

/// Everything a simulation found.
#[derive(Clone, Debug)]
pub struct Outcome {
	/// What simulators commit to, by its root.
	pub report: Report,
	/// The leaves under each section's root, in the order of their index.
	pub sections: Vec<(SectionId, Vec<Leaf>)>,
	/// Version of the code that the candidate replaces.
	pub current: RuntimeVersion,
	/// The blobs: the candidate, then the rollback if there is one.
	pub blobs: Vec<Inspected>,
	/// The switches, up to the first that failed.
	pub switches: Vec<Rehearsed>,
	/// The blocks, oldest first.
	pub blocks: Vec<Replayed>,
	/// The newest blocks, oldest first, on the candidate's own state.
	pub continued: Vec<Continued>,
	/// The ways back.
	pub ways: Vec<WentBack>,
	/// Batches of made-up extrinsics.
	pub stress: Vec<Stressed>,
	/// How long it took.
	pub timings: Timings,
}

impl Outcome {
	pub(crate) fn new(
		config: SimConfig,
		current: RuntimeVersion,
		found: Found,
		timings: Timings,
	) -> Self {
		let sections = found.leaves();
		// Seven sections are fewer than a report can have.
		let report = Report::of(config, &sections).expect("seven sections");
		Self {
			report,
			sections,
			current,
			blobs: found.blobs,
			switches: found.switches,
			blocks: found.blocks,
			continued: found.continued,
			ways: found.ways,
			stress: found.stress,
			timings,
		}
	}

	/// The report for humans and programs. The root covers `config` and `sections`; the rest follows from
	/// the leaves, or is advisory where it says so.
	pub fn to_json(&self) -> Value {
		serde_json::to_value(self.document()).unwrap_or_default()
	}

	/// A page for browsers that needs nothing else.
	pub fn to_html(&self) -> String {
		page(&self.document())
	}

	/// The same in the order in which humans want it: findings first.
	pub fn document(&self) -> Document {
		Document {
			root: format!("{:?}", self.report.root()),
			verdict: verdict_name(self.report.verdict()),
			findings: self.findings(),
			config: self.config(),
			versions: self.versions(),
			sections: self.report.sections.iter().map(section).collect(),
			switches: self.switches.iter().map(switch).collect(),
			blocks: self
				.blocks
				.iter()
				.filter(|b| !is_identical(b))
				.map(block)
				.collect(),
			continued: self.continued.iter().filter_map(continued).collect(),
			ways: self.ways.iter().filter_map(way).collect(),
			advisory: self.advisory(),
		}
	}

	fn findings(&self) -> Vec<Value> {
		let mut findings: Vec<Value> = self.blobs.iter().flat_map(blob_findings).collect();
		findings.extend(self.switches.iter().filter_map(switch_finding));
		findings.extend(self.switches.iter().filter_map(|s| self.scope_finding(s)));
		findings.extend(self.switches.iter().flat_map(measured_findings));
		findings.extend(self.switches.iter().flat_map(state_findings));
		findings.extend(self.blocks.iter().flat_map(block_findings));
		findings.extend(self.continued.iter().flat_map(continued_findings));
		findings.extend(self.stress.iter().flat_map(stress_findings));
		findings.extend(self.ways.iter().filter_map(way_finding));
		findings.extend(self.notes());
		// Stable, so that within one kind the order of the sections and of their leaves stays.
		findings.sort_by_key(|finding| rank(finding["kind"].as_str()));
		findings
	}

	fn scope_finding(&self, switch: &Rehearsed) -> Option<Value> {
		let leaf = &switch.leaf;
		let outside = leaf.touched.without(&self.report.config.scope);
		let names = switch
			.touched
			.iter()
			.filter(|(index, _)| outside.contains(*index));
		let names: Vec<String> = names
			.map(|(index, name)| format!("{name} ({index})"))
			.collect();
		(leaf.outside_scope > 0).then(|| {
			json!({
				"kind": "regression",
				"section": "enactment",
				"what": format!("the {} touches what the dossier does not declare", blob_name(leaf.to)),
				"detail": format!("{}; keys of no pallet: {}", names.join(", "), leaf.unowned_keys),
			})
		})
	}

	fn notes(&self) -> Vec<Value> {
		let note = |what: String| json!({ "kind": "note", "what": what });
		let sums = self.sums(SectionId::Replay);
		let mut notes = Vec::new();
		if sums.control_only > sums.control_broken {
			notes.push(note(format!(
				"{} of {} blocks say nothing of the candidate: other code built them, or a migration ran",
				sums.control_only, sums.leaves
			)));
		}
		if sums.changed > 0 {
			notes.push(note(format!(
				"{} extrinsics changed as declared, or were not run",
				sums.changed
			)));
		}
		if self.report.config.rollback.is_none() {
			notes.push(note(
				"no rollback code was given, so no way back was rehearsed".into(),
			));
		}
		notes
	}

	fn sums(&self, id: SectionId) -> Sums {
		self.report
			.section(id)
			.map(|section| section.sums)
			.unwrap_or_default()
	}

	fn config(&self) -> Value {
		let config = &self.report.config;
		json!({
			"schema": config.schema,
			"genesis": format!("{:?}", config.genesis),
			"parent_code": format!("{:?}", config.parent_code),
			"candidate": format!("{:?}", config.candidate),
			"rollback": config.rollback.map(|hash| format!("{hash:?}")),
			"anchor": config.anchor,
			"anchor_hash": format!("{:?}", config.anchor_hash),
			"blocks": config.blocks,
			"scope": config.scope.iter().collect::<Vec<_>>(),
			"effects": format!("{:?}", config.effects),
			"minted": config.minted.to_string(),
			"engine": format!("{:?}", config.engine),
		})
	}

	fn versions(&self) -> Value {
		let of = |index: usize| self.blobs.get(index).map(blob);
		json!({ "current": version(&self.current), "candidate": of(0), "rollback": of(1) })
	}

	fn advisory(&self) -> Value {
		let control: Duration = self.blocks.iter().map(|b| b.control_time).sum();
		let candidate: Duration = self.blocks.iter().map(|b| b.candidate_time).sum();
		let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
		json!({
			"prepare_ms": millis(self.timings.prepare),
			"rehearsal_ms": millis(self.timings.rehearsal),
			"replay_ms": millis(self.timings.replay),
			"replay_control_cpu_ms": millis(control),
			"replay_candidate_cpu_ms": millis(candidate),
		})
	}
}

/// A simulation for readers.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
	/// Root of the report: what simulators commit to.
	pub root: String,
	/// `pass`, `fail` or `inconclusive`.
	pub verdict: &'static str,
	/// Regressions, broken controls and notes, worst first.
	pub findings: Vec<Value>,
	/// What was simulated.
	pub config: Value,
	/// Versions of the codes.
	pub versions: Value,
	/// Count, root and sums of each section.
	pub sections: Vec<Value>,
	/// Each switch of code.
	pub switches: Vec<Value>,
	/// Blocks that are not identical under the candidate.
	pub blocks: Vec<Value>,
	/// The newest blocks, one after the other on the candidate's own state.
	pub continued: Vec<Value>,
	/// Ways back that were rehearsed.
	pub ways: Vec<Value>,
	/// Times. Differ from machine to machine.
	pub advisory: Value,
}

fn verdict_name(verdict: Verdict) -> &'static str {
	match verdict {
		Verdict::Pass => "pass",
		Verdict::Fail => "fail",
		Verdict::Inconclusive => "inconclusive",
	}
}

fn section(section: &Section) -> Value {
	let sums = &section.sums;
	json!({
		"id": format!("{:?}", section.id),
		"count": section.count,
		"root": format!("{:?}", section.root),
		"sums": {
			"leaves": sums.leaves,
			"control_only": sums.control_only,
			"extrinsics": sums.extrinsics,
			"identical": sums.identical,
			"changed": sums.changed,
			"regressions": sums.regressions,
			"control_broken": sums.control_broken,
		},
	})
}

fn rank(kind: Option<&str>) -> u8 {
	match kind {
		Some("control") => 0,
		Some("regression") => 1,
		_ => 2,
	}
}

fn version(version: &RuntimeVersion) -> Value {
	json!({
		"spec_name": version.spec_name,
		"spec_version": version.spec_version,
		"transaction_version": version.transaction_version,
		"system_version": version.system_version,
	})
}

fn blob(found: &Inspected) -> Value {
	json!({
		"hash": format!("{:?}", found.hash),
		"len": found.len,
		"wasm_len": found.wasm_len,
		"version": found.version.as_ref().map(version),
	})
}

fn blob_name(blob: Blob) -> &'static str {
	match blob {
		Blob::Candidate => "candidate",
		Blob::Rollback => "rollback",
		Blob::Current => "current code",
	}
}

fn blob_findings(found: &Inspected) -> impl Iterator<Item = Value> + '_ {
	found.leaves.iter().filter(|leaf| !leaf.holds).map(|leaf| {
		let detail = match leaf.check {
			StaticCheck::Instantiates => found.reason.clone(),
			StaticCheck::RuntimeApis => Some(found.missing_apis.join(", ")),
			_ => None,
		};
		json!({
			"kind": "regression",
			"section": "static",
			"what": format!("the {} {}", blob_name(leaf.blob), failed_check(leaf.check)),
			"detail": detail,
		})
	})
}

fn failed_check(check: StaticCheck) -> &'static str {
	match check {
		StaticCheck::Decompresses => "does not decompress within the limit",
		StaticCheck::Instantiates => "is no runtime that this node can run",
		StaticCheck::VersionEmbedded => "embeds no version, or another one than Core_version says",
		StaticCheck::SameSpecName => "has another spec_name",
		StaticCheck::HigherSpecVersion => "has a spec_version that does not follow",
		StaticCheck::RuntimeApis => "lacks runtime APIs that nodes call",
		StaticCheck::TransactionVersion => {
			"takes other calls under the same numbers, or other extensions, and keeps its transaction_version"
		}
	}
}

fn switch(rehearsed: &Rehearsed) -> Value {
	let leaf = &rehearsed.leaf;
	json!({
		"to": blob_name(leaf.to),
		"result": format!("{:?}", leaf.result),
		"blocks": leaf.blocks,
		"settled": leaf.settled,
		"before": format!("{:?}", leaf.before),
		"after": format!("{:?}", leaf.after),
		"keys_changed": leaf.keys_changed,
		"storage_versions_changed": leaf.storage_versions_changed,
		"touched": rehearsed.touched,
		"unowned_keys": leaf.unowned_keys,
		"outside_scope": leaf.outside_scope,
		"overweight": leaf.overweight,
		"repeatable": leaf.repeatable,
		"minted": leaf.minted.to_string(),
		"lost": rehearsed.lost,
		"keys": rehearsed.state.keys,
		"undecodable": rehearsed.state.undecodable,
		"orphaned": rehearsed.state.orphaned,
		"unversioned": rehearsed.state.unversioned,
		"remarks": rehearsed.remarks,
	})
}

/// What was measured of a switch and must not be.
fn measured_findings(rehearsed: &Rehearsed) -> Vec<Value> {
	let leaf = &rehearsed.leaf;
	let name = blob_name(leaf.to);
	let mut found = Vec::new();
	if leaf.overweight > 0 {
		let (over, blocks) = (leaf.overweight, leaf.blocks);
		found.push(format!(
			"{over} of {blocks} blocks of the switch to the {name} weigh more than a block may"
		));
	}
	if !leaf.repeatable {
		found.push(format!(
			"the migration to the {name}, run once more, changes the state again"
		));
	}
	if leaf.excess > 0 {
		let (excess, minted) = (leaf.excess, leaf.minted);
		found.push(format!(
			"the switch to the {name} makes {minted} units, {excess} more than declared"
		));
	}
	let lost = rehearsed.lost.iter();
	found.extend(lost.map(|lost| {
		format!("the switch to the {name} loses entries: {lost}, and that is not declared")
	}));
	if !leaf.lasting {
		found.push(format!(
			"the {name} says otherwise who authors, when, or who finalizes"
		));
	}
	let is_control = leaf.to == Blob::Current;
	let finding = |what| json!({ "kind": "regression", "section": "enactment", "what": what });
	found
		.into_iter()
		.filter(|_| !is_control)
		.map(finding)
		.collect()
}

fn state_findings(rehearsed: &Rehearsed) -> Vec<Value> {
	let name = blob_name(rehearsed.leaf.to);
	let kind = if rehearsed.leaf.to == Blob::Current {
		"note"
	} else {
		"regression"
	};
	let finding = |what: &String| json!({ "kind": kind, "section": "state", "what": format!("under the {name}: {what}") });
	rehearsed.remarks.iter().map(finding).collect()
}

fn switch_finding(rehearsed: &Rehearsed) -> Option<Value> {
	let leaf = &rehearsed.leaf;
	let kind = if leaf.to == Blob::Current {
		"control"
	} else {
		"regression"
	};
	(!leaf.works()).then(|| {
		json!({
			"kind": kind,
			"section": "enactment",
			"what": format!(
				"the {} does not run on the anchor's state: {:?}, {} blocks, settled: {}",
				blob_name(leaf.to), leaf.result, leaf.blocks, leaf.settled
			),
			"detail": rehearsed.reason,
		})
	})
}

/// True if there is nothing to say of a block.
fn is_identical(block: &Replayed) -> bool {
	let sums = block.leaf.sums();
	sums.control_broken == 0 && sums.control_only == 0 && sums.regressions == 0 && sums.changed == 0
}

fn block(block: &Replayed) -> Value {
	let leaf = &block.leaf;
	json!({
		"number": leaf.number,
		"hash": format!("{:?}", leaf.hash),
		"code": format!("{:?}", leaf.code),
		"control": leaf.control,
		"extrinsics": leaf.extrinsics,
		"result": leaf.candidate.map(|run| format!("{:?}", run.result)),
		"root": leaf.candidate.map(|run| format!("{:?}", run.root)),
		"memoised": leaf.candidate.map(|run| run.memoised),
		"changed": block.lines.iter().map(line).collect::<Vec<_>>(),
	})
}

fn line(line: &ExtrinsicLine) -> Value {
	json!({
		"index": line.index,
		"class": format!("{:?}", line.class),
		"before": line.before,
		"after": line.after,
		"detail": line.detail,
	})
}

fn continued(block: &Continued) -> Option<Value> {
	let run = block.leaf.run?;
	Some(json!({
		"number": block.leaf.number,
		"result": format!("{:?}", run.result),
		"root": format!("{:?}", run.root),
		"extrinsics": run.classes.sum(|_| true),
		"changed": block.lines.iter().map(line).collect::<Vec<_>>(),
	}))
}

fn way_name(way: Way) -> &'static str {
	match way {
		Way::Dedicated => "the rollback code",
		Way::Previous => "the code that it replaced",
	}
}

fn way(went: &WentBack) -> Option<Value> {
	let run = went.leaf.run?;
	Some(json!({
		"way": way_name(went.leaf.way),
		"after": went.leaf.after,
		"works": run.works(),
		"result": format!("{:?}", run.result),
		"settled": run.settled,
		"root": format!("{:?}", run.root),
		"undecodable": run.undecodable,
		"orphaned": run.orphaned,
		"remarks": went.remarks,
	}))
}

/// That the code which was replaced does not do as a way back is no fault: nobody promised it.
fn way_finding(went: &WentBack) -> Option<Value> {
	let run = went.leaf.run.filter(|run| !run.works())?;
	let kind = match went.leaf.way {
		Way::Dedicated => "regression",
		Way::Previous => "note",
	};
	let (name, after) = (way_name(went.leaf.way), went.leaf.after);
	Some(json!({
		"kind": kind,
		"section": "rollback",
		"what": format!("after {after} blocks {name} is no way back: {:?}, settled: {}", run.result, run.settled),
		"detail": went.reason.clone().unwrap_or_else(|| went.remarks.join("; ")),
	}))
}

fn continued_findings(block: &Continued) -> Vec<Value> {
	let Some(run) = block.leaf.run else {
		return Vec::new();
	};
	let finding = |what: String, detail: &Option<String>| {
		json!({
			"kind": "regression", "section": "continuous", "block": block.leaf.number, "what": what, "detail": detail,
		})
	};
	let mut findings = line_findings(&block.lines, finding);
	findings.extend(block.undeclared.iter().map(|item| {
		let what =
			format!("{item} differs from history's after the last block, and that is not declared");
		finding(what, &None)
	}));
	if run.result != BlockResult::Complete {
		let what = format!("the block did not end: {:?}", run.result);
		findings.push(finding(what, &block.reason));
	}
	findings
}

fn stress_findings(batch: &Stressed) -> Vec<Value> {
	let of = batch.leaf.of;
	let findings = batch.lines.iter().flat_map(|(call, line)| {
		let finding = |what: String, detail: &Option<String>| {
			json!({
				"kind": "regression", "section": "stress", "what": format!("{of:?}, {call}: {what}"), "detail": detail,
			})
		};
		line_findings(std::slice::from_ref(line), finding)
	});
	findings.collect()
}

/// One finding for each extrinsic that regressed.
fn line_findings(
	lines: &[ExtrinsicLine],
	finding: impl Fn(String, &Option<String>) -> Value,
) -> Vec<Value> {
	let regressed = lines.iter().filter(|line| line.class.is_regression());
	let findings = regressed.map(|line| {
		let differing = match line.detail.is_empty() {
			true => String::new(),
			false => format!(", differing in {}", line.detail),
		};
		let what = format!(
			"extrinsic {}: {:?}: {} before, {} now{differing}",
			line.index, line.class, line.before, line.after
		);
		finding(what, &line.reason)
	});
	findings.collect()
}

fn block_findings(block: &Replayed) -> Vec<Value> {
	let leaf = &block.leaf;
	let finding = |kind: &str, what: String, detail: &Option<String>| {
		json!({
			"kind": kind, "section": "replay", "block": leaf.number, "what": what, "detail": detail,
		})
	};
	if !leaf.control {
		let what = "the code that built this block does not reproduce it here".to_string();
		return vec![finding("control", what, &block.reason)];
	}
	let mut findings = line_findings(&block.lines, |what, reason| {
		finding("regression", what, reason)
	});
	findings.extend(block.undeclared.iter().map(|item| {
		let what = format!("{item}: other values are left, and that is not declared");
		finding("regression", what, &None)
	}));
	let stopped = leaf
		.candidate
		.filter(|run| run.result != BlockResult::Complete);
	findings.extend(stopped.map(|run| {
		finding(
			"regression",
			format!("the block did not end: {:?}", run.result),
			&block.reason,
		)
	}));
	findings
}
