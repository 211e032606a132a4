//! The report as one HTML page that needs nothing else: the verdict and the findings first, what they rest on after. Most of
//! its strings come from a candidate that may be hostile, and none of them is more than text here.

use crate::Document;
use maud::{html, Markup, PreEscaped, DOCTYPE};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most blocks in the page. A browser must open it, and the JSON has all.
const BLOCKS: usize = 200;
/// Most lines of one table.
const LINES: usize = 100;
/// Most findings of one kind, and most items of one list.
const ITEMS: usize = 500;
/// Most characters of one text.
const TEXT: usize = 4_000;
/// Most characters of a detail that is not folded.
const FOLDED: usize = 160;

/// blake2-256 of nothing: the manifest of who declares nothing.
const NO_EFFECTS: &str = "0x0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";

/// Where a value is in its JSON, and what readers call it.
type Labels = &'static [(&'static str, &'static str)];

const KINDS: Labels = &[
	("control", "Broken controls"),
	("regression", "Regressions"),
	("note", "Notes"),
	(OTHER, "Other findings"),
];
const OTHER: &str = "other";

const CONFIG: Labels = &[
	("/parent_code", "Replaced code"),
	("/genesis", "Genesis block"),
	("/scope", "Declared pallets, by index"),
	("/effects", "Manifest of expected effects"),
	("/minted", "Units declared to be made"),
	("/engine", "Engine"),
	("/schema", "Schema"),
];

const SECTION: Labels = &[
	("/id", "Section"),
	("/sums/leaves", "Leaves"),
	("/sums/control_broken", "Broken controls"),
	("/sums/regressions", "Regressions"),
	("/sums/changed", "Changed or not run"),
	("/sums/identical", "Identical"),
	("/sums/extrinsics", "Extrinsics"),
	("/sums/control_only", "Only controls"),
];

const SWITCH: Labels = &[
	("/result", "Result"),
	("/settled", "Takes transactions again"),
	("/blocks", "Blocks until then"),
	("/touched", "Touched pallets"),
	("/outside_scope", "Touched outside of the declared scope"),
	("/overweight", "Blocks that weigh too much"),
	("/minted", "Units made"),
	("/keys_changed", "Keys changed"),
	("/unowned_keys", "Changed keys of no pallet"),
	("/lost", "Items that lost keys, undeclared"),
	("/repeatable", "Migration run once more changes nothing"),
	(
		"/storage_versions_changed",
		"Pallets with another storage version",
	),
	("/keys", "Keys in the state after it"),
	("/undecodable", "Keys that cannot be read"),
	("/orphaned", "Keys of no storage item"),
	(
		"/unversioned",
		"Pallets with another layout and the same storage version",
	),
	("/remarks", "What is wrong with the state"),
	("/before", "State root before"),
	("/after", "State root after"),
];

const BLOCK: Labels = &[
	("/hash", "Hash"),
	("/extrinsics", "Extrinsics"),
	("/code", "Built by the code"),
	("/control", "Reproduced under that code"),
	("/result", "Result under the candidate"),
	("/root", "State root under the candidate"),
	("/memoised", "Signatures taken over from that code"),
];

const CONTINUED: Labels = &[
	("/extrinsics", "Extrinsics, with those that were held up"),
	("/result", "Result under the candidate"),
	("/root", "State root under the candidate"),
];

const WAY: Labels = &[
	("/way", "Back to"),
	("/after", "After blocks"),
	("/works", "Works"),
	("/result", "Result"),
	("/settled", "Takes transactions"),
	("/undecodable", "Unreadable keys"),
	("/orphaned", "Keys of no item"),
	("/remarks", "What is wrong with the state"),
];

const LINE: Labels = &[
	("/index", "Extrinsic"),
	("/class", "Class"),
	("/before", "Before"),
	("/after", "After"),
	("/detail", "What differs"),
];

const CLASSES: Labels = &[
	("Declared", "another result, all of which is declared"),
	(
		"Deferred",
		"not run: the migration leaves room for inherents only",
	),
	("WeightChanged", "the same, but for the weight"),
	("FeeChanged", "the same, but for weight and fee"),
	("EventsChanged", "other events"),
	("ErrToOk", "failed before, succeeds now"),
	("ErrorChanged", "fails with another error"),
	("OkToErr", "succeeded before, fails now"),
	("ValidityLost", "was in the block, is refused now"),
	(
		"EnvelopeBroken",
		"its bytes mean nothing to the candidate any more",
	),
	("Trapped", "the candidate trapped on it"),
	("NotRun", "not reached: the block did not start"),
	(
		"Tainted",
		"another result after an earlier extrinsic had one: maybe no doing of its own",
	),
];

const TIMES: Labels = &[
	("/prepare_ms", "Reading and compiling, milliseconds"),
	("/rehearsal_ms", "Rehearsing the switches, milliseconds"),
	("/replay_ms", "Replaying the blocks, milliseconds"),
	(
		"/replay_control_cpu_ms",
		"Of all threads under the current code, milliseconds",
	),
	(
		"/replay_candidate_cpu_ms",
		"Of all threads under the candidate, milliseconds",
	),
];

/// Writes the page.
pub(crate) fn page(document: &Document) -> String {
	let verdict = Verdict::of(document.verdict);
	let page = html! {
		(DOCTYPE)
		html lang="en" {
			(head(document, &verdict))
			body {
				(heading(&verdict))
				main {
					(simulated(document))
					(findings(document))
					(sections(document))
					(switches(document))
					(blocks(document))
					(continued(document))
					(ways(document))
					(times(document))
				}
				(footer(document))
			}
		}
	};
	page.into_string()
}

/// How a verdict looks and what it means.
struct Verdict {
	class: &'static str,
	/// For who does not see the colour.
	sign: &'static str,
	word: String,
	meaning: &'static str,
}

impl Verdict {
	fn of(name: &str) -> Self {
		let (class, sign, meaning) = match name {
			"pass" => (
				"pass",
				"✓",
				"Nothing went wrong that is not declared, in the blocks that were replayed and in the switch that \
				 was rehearsed; what they do not use is not covered.",
			),
			"fail" => (
				"fail",
				"✗",
				"At least one thing broke, or changed without being declared, under the candidate or its rollback.",
			),
			"inconclusive" => (
				"inconclusive",
				"?",
				"The simulator could not reproduce the chain here, or found no block to compare, so this says \
				 nothing of the candidate, neither good nor bad.",
			),
			_ => ("unknown", "?", "This page does not know that verdict."),
		};
		let word = visible(name).to_uppercase();
		Self {
			class,
			sign,
			word,
			meaning,
		}
	}
}

fn head(document: &Document, verdict: &Verdict) -> Markup {
	let candidate = plain(&document.config["candidate"]);
	let short: String = candidate.chars().take(10).collect();
	html! {
		head {
			meta charset="utf-8";
			// Should a text ever be more than text, it still loads and runs nothing.
			meta http-equiv="Content-Security-Policy"
				content="default-src 'none'; style-src 'unsafe-inline'";
			meta name="viewport" content="width=device-width, initial-scale=1";
			meta name="color-scheme" content="light dark";
			meta name="referrer" content="no-referrer";
			title { (verdict.word) ": simulation of candidate " (visible(&short)) }
			style { (PreEscaped(STYLE)) }
		}
	}
}

fn heading(verdict: &Verdict) -> Markup {
	html! {
		header class=(verdict.class) {
			h1 {
				"Simulation: "
				span.verdict { span aria-hidden="true" { (verdict.sign) } " " (verdict.word) }
			}
			p { (verdict.meaning) }
		}
	}
}

fn simulated(document: &Document) -> Markup {
	let config = &document.config;
	let versions = &document.versions;
	let apart = ["candidate", "rollback", "anchor", "anchor_hash", "blocks"];
	html! {
		section {
			h2 { "What was simulated" }
			dl {
				dt { "Candidate" }
				dd { (field(config, "/candidate")) (length(versions.get("candidate"))) }
				dt { "Version" }
				dd {
					(version(versions.get("current"))) " → "
					(version(versions.pointer("/candidate/version")))
				}
				dt { "Rollback" }
				dd {
					(field(config, "/rollback")) (length(versions.get("rollback")))
					@if let Some(rollback) = versions.pointer("/rollback/version") {
						", " (version(Some(rollback)))
					}
				}
				dt { "Anchor" }
				dd { "block " (field(config, "/anchor")) ", " (field(config, "/anchor_hash")) }
				dt { "Blocks replayed" } dd { (field(config, "/blocks")) (range(config)) }
				dt { "Report root" } dd { (shown(&Value::from(document.root.as_str()))) }
			}
			details {
				summary { "The other inputs" }
				(facts(config, CONFIG, &apart))
			}
		}
	}
}

fn version(version: Option<&Value>) -> Markup {
	html! {
		@match version {
			Some(version @ Value::Object(_)) => {
				(field(version, "/spec_name")) " " (field(version, "/spec_version"))
				" (transactions " (field(version, "/transaction_version")) ")"
			}
			Some(Value::Null) | None => (faint("unknown version")),
			Some(other) => (shown(other)),
		}
	}
}

fn length(blob: Option<&Value>) -> Markup {
	html! {
		@if let Some(length) = blob.and_then(|blob| blob.get("len")) { ", " (shown(length)) " bytes" }
	}
}

/// Numbers of the first and the last block.
fn range(config: &Value) -> Markup {
	let last = config["anchor"].as_u64();
	let first = last.and_then(|last| {
		let after = last.checked_add(1)?;
		after.checked_sub(config["blocks"].as_u64()?)
	});
	html! {
		@if let (Some(first), Some(last)) = (first, last) { ", from " (first) " to " (last) }
	}
}

fn findings(document: &Document) -> Markup {
	let all = &document.findings;
	let groups = KINDS.iter().map(|(kind, title)| {
		let found = all.iter().filter(|finding| kind_of(finding) == *kind);
		(*kind, *title, found.collect::<Vec<_>>())
	});
	html! {
		section {
			h2 { "Findings" }
			@if all.is_empty() { p { "None." } }
			@for (kind, title, found) in groups.filter(|(.., found)| !found.is_empty()) {
				h3 class=(kind) { (title) " (" (found.len()) ")" }
				ul class={ "findings " (kind) } {
					@for one in found.iter().take(ITEMS) { li { (finding(one)) } }
				}
				(unlisted(found.len(), ITEMS, "findings of this kind"))
			}
		}
	}
}

fn kind_of(finding: &Value) -> &'static str {
	let kind = finding["kind"].as_str();
	let known = KINDS.iter().find(|(known, _)| kind == Some(*known));
	known.map_or(OTHER, |(known, _)| *known)
}

fn finding(finding: &Value) -> Markup {
	if kind_of(finding) == OTHER {
		return facts(finding, &[], &[]);
	}
	let apart = ["kind", "section", "block", "what", "detail"];
	let places = ["section", "block"].map(|name| finding.get(name).map(|value| (name, value)));
	let places = places.into_iter().flatten();
	html! {
		p.what { (field(finding, "/what")) }
		p.place {
			@for (name, value) in places { span { (name) " " (shown(value)) } }
		}
		(detail(&finding["detail"]))
		@if !others(finding, &[], &apart).is_empty() { (facts(finding, &[], &apart)) }
	}
}

/// Traces of a stack are long, and seldom what a reader looks for.
fn detail(value: &Value) -> Markup {
	let text = plain(value);
	let count = text.chars().count();
	html! {
		@if value.is_null() || count == 0 {
		} @else if count > FOLDED || text.contains('\n') {
			details {
				summary { "Detail, " (count) " characters" }
				pre { (visible(&text)) }
			}
		} @else {
			p.detail { bdi { (visible(&text)) } }
		}
	}
}

fn sections(document: &Document) -> Markup {
	html! {
		section {
			h2 { "Sections" }
			p { "What the report commits to. The verdict follows from these sums." }
			(table("sums", SECTION, &document.sections))
			details {
				summary { "Roots of the sections" }
				dl {
					@for section in &document.sections {
						dt { (field(section, "/id")) } dd { (field(section, "/root")) }
					}
				}
			}
		}
	}
}

fn switches(document: &Document) -> Markup {
	html! {
		section {
			h2 { "Switches" }
			p {
				"Each code was switched to on the anchor's state, one after the other. The current code comes first: \
				 it shows that blocks can be built here without a switch."
			}
			@if document.switches.is_empty() { p { "None was rehearsed." } }
			@for switch in &document.switches {
				h3 { "To the " (field(switch, "/to")) }
				(facts(switch, SWITCH, &["to"]))
			}
		}
	}
}

fn blocks(document: &Document) -> Markup {
	let bad = regressed(&document.findings, "replay");
	html! {
		section {
			h2 { "Blocks that are not identical" }
			p { "Each was run on the state that its own parent left, under both codes." }
			(classes())
			(worst_of(document.blocks.iter().collect(), &bad, BLOCK))
		}
	}
}

fn continued(document: &Document) -> Markup {
	let bad = regressed(&document.findings, "continuous");
	let all = &document.continued;
	let goes_on = |block: &&Value| {
		block["result"] == "Complete" && lines_of(block).is_empty() && !is_bad(block, &bad)
	};
	let told = all.iter().filter(|block| !goes_on(block));
	html! {
		section {
			h2 { "The newest blocks in a row" }
			p {
				"Each was run under the candidate on the state that the one before left there. After the first extrinsic \
				 with another result, later ones may differ for that reason alone. " (all.len())
				" were run; here are those that did not go as they went in history."
			}
			(worst_of(told.collect(), &bad, CONTINUED))
		}
	}
}

fn ways(document: &Document) -> Markup {
	html! {
		section {
			h2 { "Ways back" }
			@if document.ways.is_empty() {
				p { "None was rehearsed." }
			} @else {
				p { "From the state after so many blocks under the candidate." }
				(table("ways", WAY, &document.ways))
			}
		}
	}
}

/// Blocks of a section, the worst first.
fn worst_of(mut blocks: Vec<&Value>, bad: &BTreeSet<u64>, labels: Labels) -> Markup {
	// Stable, so that blocks that are as bad as each other stay in the order of the chain.
	blocks.sort_by_key(|block| rank(block, is_bad(block, bad)));
	html! {
		@if blocks.is_empty() {
			p { "None." }
		} @else {
			p { (blocks.len()) " in all, the worst first." }
		}
		@for one in blocks.iter().take(BLOCKS) { (block(one, is_bad(one, bad), labels)) }
		(unlisted(blocks.len(), BLOCKS, "such blocks"))
	}
}

/// Numbers of the blocks with regressions. Findings know more of them than their extrinsics do.
fn regressed(findings: &[Value], section: &str) -> BTreeSet<u64> {
	let of_section = |finding: &&Value| finding["section"] == section;
	let is_regression = |finding: &&Value| finding["kind"] == "regression";
	let found = findings.iter().filter(of_section).filter(is_regression);
	found
		.filter_map(|finding| finding["block"].as_u64())
		.collect()
}

fn is_bad(block: &Value, bad: &BTreeSet<u64>) -> bool {
	let number = block["number"].as_u64();
	number.is_some_and(|number| bad.contains(&number))
}

/// How bad a block is; 0 is the worst.
fn rank(block: &Value, is_bad: bool) -> u8 {
	if block["control"] == false {
		0
	} else if is_bad {
		1
	} else if block.get("result").is_some_and(Value::is_null) {
		3
	} else {
		2
	}
}

fn classes() -> Markup {
	html! {
		details {
			summary { "What the classes mean" }
			dl { @for (class, meaning) in CLASSES { dt { (class) } dd { (meaning) } } }
		}
	}
}

fn lines_of(block: &Value) -> &[Value] {
	block["changed"].as_array().map_or(&[], Vec::as_slice)
}

fn block(block: &Value, is_bad: bool, labels: Labels) -> Markup {
	let lines = lines_of(block);
	// Whatever else stands where the lines should be is shown as it is.
	let apart: &[&str] = if block["changed"].is_array() {
		&["number", "changed"]
	} else {
		&["number"]
	};
	html! {
		article {
			h3.regression[is_bad] {
				"Block " (field(block, "/number")) @if is_bad { ", with regressions" }
			}
			@if let Some(remark) = remark(block) { p { (remark) } }
			@if !lines.is_empty() { (table("extrinsics", LINE, lines)) }
			details {
				summary { "More of this block" }
				(facts(block, labels, apart))
			}
		}
	}
}

/// What the extrinsics do not say.
fn remark(block: &Value) -> Option<String> {
	let result = block.get("result")?;
	if block["control"] == false {
		return Some("The code that built this block does not reproduce it here.".into());
	}
	if result.is_null() {
		let text = "Says nothing of the candidate: other code built it, or a migration ran in it.";
		return Some(text.into());
	}
	if result != "Complete" {
		let result = visible(&plain(result));
		return Some(format!("Under the candidate it did not end: {result}."));
	}
	let text =
		"Its extrinsics gave what they gave before. What it leaves otherwise is in the findings.";
	lines_of(block).is_empty().then(|| text.into())
}

fn times(document: &Document) -> Markup {
	html! {
		section {
			h2 { "Times" }
			p { "Advisory: they differ from machine to machine, and the root does not cover them." }
			(facts(&document.advisory, TIMES, &[]))
		}
	}
}

fn footer(document: &Document) -> Markup {
	let config = &document.config;
	let is_unscoped = config["scope"].as_array().is_some_and(Vec::is_empty);
	html! {
		footer {
			h2 { "How to check" }
			p {
				"The report root commits to the inputs and, by the root of each section, to every leaf. Leaves hold numbers, \
				 hashes and results, no times and no texts of errors: texts on this page may differ from machine to \
				 machine, the root may not."
			}
			p {
				"Run the same simulation on a node of your own with the states of these blocks, and compare the root \
				 with " (shown(&Value::from(document.root.as_str()))) ":"
			}
			pre { code { (command(config)) } }
			p {
				code { "b2sum -l 256 FILE" } " of each file must print the hash that stands above, without its 0x. "
				"Do not take this page's word: whoever gave it to you may have changed it."
			}
			@if is_unscoped {
				p {
					"The declared scope is empty, which the command line cannot say: without one, whatever is touched \
					 counts as declared. The root is the same only if nothing is touched."
				}
			}
		}
	}
}

/// The command that simulates the same.
fn command(config: &Value) -> String {
	let mut parts = vec![
		"airlock-node simulate --base-path DIRECTORY --chain CHAIN --candidate FILE".to_owned(),
	];
	if !config["rollback"].is_null() {
		parts.push("--rollback FILE".into());
	}
	if config["effects"] != NO_EFFECTS {
		parts.push("--effects FILE".into());
	}
	let argument = |key: &str| word(&config[key]).unwrap_or("?".into());
	parts.push(format!("--anchor {}", argument("anchor_hash")));
	parts.push(format!("--blocks {}", argument("blocks")));
	let scope = config["scope"].as_array().map_or(&[][..], Vec::as_slice);
	let scope: Vec<String> = scope.iter().filter_map(word).collect();
	if !scope.is_empty() {
		parts.push(format!("--scope {}", scope.join(",")));
	}
	parts.push(format!("--minted {}", argument("minted")));
	parts.join(" \\\n    ")
}

/// A value that a shell takes as one word and does nothing with: people will copy it.
fn word(value: &Value) -> Option<String> {
	let word = plain(value);
	let is_plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
	(is_plain && !value.is_null()).then_some(word)
}

/// Values by what readers call them, then those that this page does not know, by their own names. Without those that
/// are shown `apart`.
fn facts(value: &Value, labels: Labels, apart: &[&str]) -> Markup {
	html! {
		@if value.is_object() {
			dl {
				@for (place, label) in labels { dt { (label) } dd { (field(value, place)) } }
				@for (key, value) in others(value, labels, apart) {
					dt { bdi { (visible(key)) } } dd { (shown(value)) }
				}
			}
		} @else {
			p { (shown(value)) }
		}
	}
}

/// What an object has beside what the labels name and what is shown `apart`.
fn others<'a>(value: &'a Value, labels: Labels, apart: &[&str]) -> Vec<(&'a String, &'a Value)> {
	let is_known = |key: &str| {
		let mut places = labels
			.iter()
			.filter_map(|(place, _)| place.strip_prefix('/'));
		apart.contains(&key) || places.any(|place| place == key)
	};
	let members = value.as_object().into_iter().flat_map(Map::iter);
	members.filter(|(key, _)| !is_known(key)).collect()
}

fn table(class: &str, columns: Labels, rows: &[Value]) -> Markup {
	html! {
		div.scroll {
			table class=(class) {
				thead { tr { @for (_, label) in columns { th scope="col" { (label) } } } }
				tbody { @for row in rows.iter().take(LINES) { tr { (cells(columns, row)) } } }
			}
		}
		(unlisted(rows.len(), LINES, "rows"))
	}
}

fn cells(columns: Labels, row: &Value) -> Markup {
	html! {
		@if row.is_object() {
			@for (place, _) in columns { td { (field(row, place)) } }
		} @else {
			td colspan=(columns.len()) { (shown(row)) }
		}
	}
}

/// Says how much is left out: a page must not look complete when it is not.
fn unlisted(all: usize, most: usize, what: &str) -> Markup {
	let left = all.saturating_sub(most);
	html! {
		@if left > 0 {
			p.unlisted { "Not shown: " (left) " more " (what) ". The JSON of this report has them all." }
		}
	}
}

fn field(value: &Value, place: &str) -> Markup {
	value
		.pointer(place)
		.map_or_else(|| faint("not given"), shown)
}

fn faint(text: &str) -> Markup {
	html! { span.faint { (text) } }
}

/// Any value as text.
fn shown(value: &Value) -> Markup {
	let text = plain(value);
	match value {
		Value::Null => faint("none"),
		Value::Array(items) => list(items),
		Value::String(_) if text.is_empty() => faint("none"),
		Value::Object(_) => html! { code { bdi { (visible(&text)) } } },
		Value::String(_) if text.starts_with("0x") => html! { code { bdi { (visible(&text)) } } },
		_ => html! { bdi { (visible(&text)) } },
	}
}

fn list(items: &[Value]) -> Markup {
	// Sentences go on lines of their own, numbers and names after one another.
	let class = if items.iter().all(Value::is_string) {
		"lines"
	} else {
		"words"
	};
	html! {
		@if items.is_empty() {
			(faint("none"))
		} @else {
			ul class=(class) {
				@for item in items.iter().take(ITEMS) { li { bdi { (visible(&named(item))) } } }
			}
			(unlisted(items.len(), ITEMS, "of these"))
		}
	}
}

/// Pallets come with their index: `[6, "Balances"]`.
fn named(item: &Value) -> String {
	match item.as_array().map(Vec::as_slice) {
		Some([index, name]) => format!("{} ({})", plain(name), plain(index)),
		_ => plain(item),
	}
}

fn plain(value: &Value) -> String {
	match value {
		Value::Bool(true) => "yes".into(),
		Value::Bool(false) => "no".into(),
		Value::String(text) => text.clone(),
		_ => value.to_string(),
	}
}

/// A text of bounded length in which every character can be seen. Markup is escaped where it is written; these would
/// get past that, and hide text or turn its direction.
fn visible(text: &str) -> String {
	let mut seen = String::new();
	for character in text.chars().take(TEXT) {
		if is_hidden(character) {
			seen.extend(character.escape_unicode());
		} else {
			seen.push(character);
		}
	}
	let left = text.chars().skip(TEXT).count();
	if left > 0 {
		seen.push_str(&format!("… and {left} more characters"));
	}
	seen
}

fn is_hidden(character: char) -> bool {
	match character {
		'\n' | '\t' => false,
		// Soft hyphens, joiners, marks of direction, and tags.
		'\u{ad}'
		| '\u{34f}'
		| '\u{61c}'
		| '\u{180e}'
		| '\u{200b}'..='\u{200f}'
		| '\u{2028}'..='\u{202e}'
		| '\u{2060}'..='\u{206f}'
		| '\u{feff}'
		| '\u{fff9}'..='\u{fffb}'
		| '\u{e0000}'..='\u{e0fff}' => true,
		_ => character.is_control(),
	}
}

/// No value is written into it. Printed, everything is light, and what is folded is open, but for the hashes of each block.
const STYLE: &str = "
:root {
	color-scheme: light dark;
	--page: #fff; --text: #1b1f24; --faint: #57606a; --line: #d0d7de; --soft: #f6f8fa;
	--pass: #116329; --pass-soft: #dafbe1;
	--fail: #a40e26; --fail-soft: #ffebe9;
	--unsure: #7d4e00; --unsure-soft: #fff8c5;
}
@media screen and (prefers-color-scheme: dark) {
	:root {
		--page: #0d1117; --text: #e6edf3; --faint: #9da7b1; --line: #3d444d; --soft: #161b22;
		--pass: #7ee787; --pass-soft: #12261e;
		--fail: #ffa198; --fail-soft: #2d1417;
		--unsure: #e3b341; --unsure-soft: #272115;
	}
}
* { box-sizing: border-box; }
body {
	margin: 0 auto; padding: 1rem; max-width: 70rem;
	background: var(--page); color: var(--text);
	font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.5rem 0 0.5rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
h3 { margin: 1.5rem 0 0.5rem; font-size: 1.05rem; }
p { margin: 0.5rem 0; max-width: 48rem; }
header { padding: 1rem 1.25rem; border: 1px solid; border-left-width: 0.6rem; border-radius: 0.4rem; }
header p { margin-bottom: 0; color: var(--text); }
header.pass { color: var(--pass); background: var(--pass-soft); }
header.fail { color: var(--fail); background: var(--fail-soft); }
header.inconclusive, header.unknown { color: var(--unsure); background: var(--unsure-soft); }
.verdict { white-space: nowrap; }
.faint, .place, .unlisted { color: var(--faint); }
.place { font-size: 0.9rem; }
.place span + span::before { content: ', '; }
.place:empty { display: none; }
.unlisted { font-style: italic; }
h3.control { color: var(--unsure); }
h3.regression { color: var(--fail); }
ul.findings { margin: 0; padding: 0; list-style: none; }
ul.findings > li {
	margin: 0.5rem 0; padding: 0.5rem 0.75rem;
	background: var(--soft); border-left: 0.25rem solid var(--line); border-radius: 0.25rem;
}
ul.findings.control > li { border-color: var(--unsure); }
ul.findings.regression > li { border-color: var(--fail); }
ul.findings p, ul.findings details { margin: 0.15rem 0; max-width: none; }
.what { font-weight: 600; }
.detail { white-space: pre-wrap; }
dl { display: grid; grid-template-columns: minmax(8rem, 30%) minmax(0, 1fr); gap: 0.25rem 1rem; margin: 0.5rem 0; }
dt { color: var(--faint); }
dd { margin: 0; }
ul.lines { margin: 0; padding-left: 1.1rem; }
ul.words { margin: 0; padding: 0; list-style: none; }
ul.words li { display: inline; }
ul.words li + li::before { content: ', '; }
code, pre { font: 0.875rem/1.5 ui-monospace, monospace; }
pre {
	margin: 0.5rem 0; padding: 0.75rem; white-space: pre-wrap;
	background: var(--soft); border: 1px solid var(--line); border-radius: 0.25rem;
}
details { margin: 0.5rem 0; }
summary { color: var(--faint); cursor: pointer; }
.scroll { margin: 0.5rem 0; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { background: var(--soft); vertical-align: bottom; overflow-wrap: normal; }
.extrinsics td { min-width: 8.5rem; }
.extrinsics td:first-child { min-width: 0; }
.sums td:first-child, .ways td:first-child { min-width: 6rem; }
.ways td:nth-child(4) { min-width: 6rem; }
.ways td:last-child { min-width: 12rem; }
footer { margin-bottom: 3rem; }
@media (max-width: 40rem) {
	dl { display: block; }
	dd { margin-bottom: 0.5rem; }
}
@media print {
	:root { font-size: 10pt; }
	body { padding: 0; max-width: none; }
	h2, h3 { break-after: avoid; }
	li, tr, pre { break-inside: avoid; }
	.scroll { overflow: visible; }
	table { font-size: 0.8rem; }
	.extrinsics td, .ways td:last-child { min-width: 0; }
	section > details::details-content, .findings details::details-content {
		content-visibility: visible; block-size: auto;
	}
}
";

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::json;

	const HOSTILE: &str = "<script>alert(1)</script>";

	fn document() -> Document {
		Document {
			root: "0xabcd".into(),
			verdict: "fail",
			findings: vec![json!({
				"kind": "regression", "section": "replay", "block": 7, "what": "it broke", "detail": null,
			})],
			config: json!({
				"candidate": "0xcafe", "rollback": null, "anchor": 9, "anchor_hash": "0xbeef", "blocks": 4,
				"scope": [6, 7], "effects": NO_EFFECTS, "minted": "0",
			}),
			versions: json!({
				"current": { "spec_name": "airlock", "spec_version": 1, "transaction_version": 1 },
				"candidate": { "version": { "spec_name": "airlock", "spec_version": 2, "transaction_version": 1 } },
				"rollback": null,
			}),
			sections: vec![json!({ "id": "Replay", "root": "0x05", "sums": { "leaves": 4 } })],
			switches: vec![json!({ "to": "candidate", "touched": [[6, "Balances"]], "lost": [] })],
			blocks: vec![block_with("OkToErr")],
			continued: vec![
				block_with("Tainted"),
				json!({ "number": 8, "result": "Complete", "changed": [] }),
			],
			ways: vec![json!({ "way": "the rollback code", "after": 8, "works": true })],
			advisory: json!({ "prepare_ms": 12 }),
		}
	}

	fn block_with(class: &str) -> Value {
		json!({
			"number": 7, "control": true, "result": "Complete",
			"changed": [{ "index": 2, "class": class, "before": "ok", "after": "Module", "detail": "" }],
		})
	}

	/// Where each text starts, in the order in which they are asked for.
	fn places(page: &str, texts: &[&str]) -> Vec<Option<usize>> {
		texts.iter().map(|text| page.find(text)).collect()
	}

	#[test]
	fn verdict_is_in_title_and_heading() {
		for (verdict, word) in [
			("pass", "PASS"),
			("fail", "FAIL"),
			("inconclusive", "INCONCLUSIVE"),
			("new", "NEW"),
		] {
			let page = page(&Document {
				verdict,
				..document()
			});
			let title = format!("<title>{word}: simulation of candidate 0xcafe</title>");
			assert!(page.contains(&title), "{page}");
			assert!(page.contains(&format!("</span> {word}</span></h1>")));
		}
	}

	#[test]
	fn order_is_that_of_readers() {
		let page = page(&document());
		let places = places(
			&page,
			&[
				"<h1>",
				"What was simulated</h2>",
				"Findings</h2>",
				"it broke",
				"Sections</h2>",
				"Switches</h2>",
				"Balances (6)",
				"Blocks that are not identical</h2>",
				"OkToErr</bdi>",
				"The newest blocks in a row</h2>",
				"Tainted</bdi>",
				"Ways back</h2>",
				"Times</h2>",
				"How to check</h2>",
			],
		);
		assert!(places.iter().all(Option::is_some), "{places:?}");
		assert!(places.is_sorted(), "{places:?}");
	}

	#[test]
	fn kinds_of_findings_are_grouped_worst_first() {
		let mut document = document();
		document.findings = ["note", "new", "regression", "control", "regression"]
			.map(|kind| json!({ "kind": kind, "what": "w" }))
			.to_vec();
		let page = page(&document);
		let titles = [
			"Broken controls (1)",
			"Regressions (2)",
			"Notes (1)",
			"Other findings (1)",
		];
		let places = places(&page, &titles);
		assert!(
			places.iter().all(Option::is_some) && places.is_sorted(),
			"{page}"
		);
	}

	/// A document that has this value wherever there can be one.
	fn document_of(value: &Value) -> Document {
		let list = || vec![value.clone(), value.clone()];
		Document {
			root: value.as_str().unwrap_or_default().into(),
			findings: list(),
			config: value.clone(),
			versions: json!({ "current": value, "candidate": value, "rollback": { "version": value } }),
			sections: list(),
			switches: list(),
			blocks: list(),
			continued: list(),
			ways: list(),
			advisory: value.clone(),
			..document()
		}
	}

	/// An object with a value under every name that the page knows, and more.
	fn object_of(value: &Value) -> Value {
		let labels = [CONFIG, SWITCH, BLOCK, CONTINUED, WAY, LINE, TIMES].concat();
		let names = labels
			.iter()
			.filter_map(|(place, _)| place.strip_prefix('/'));
		let more = [
			"section",
			"block",
			"what",
			"detail",
			"number",
			"to",
			"candidate",
			"rollback",
			"anchor",
		];
		let named = names
			.chain(more)
			.map(|name| (name.to_owned(), value.clone()));
		let mut object = Value::Object(named.collect());
		object["kind"] = json!("regression");
		object["changed"] = json!([value, { "class": value, "after": value }]);
		object["sums"] = json!({ "leaves": value });
		object["version"] = json!({ "spec_name": value, "spec_version": value });
		object["<script>"] = value.clone();
		object
	}

	#[test]
	fn hostile_text_is_only_text() {
		let hostile = json!(HOSTILE);
		let long = json!(HOSTILE.repeat(FOLDED));
		let list = json!([HOSTILE, [HOSTILE, HOSTILE], { HOSTILE: HOSTILE }]);
		for value in [hostile, long, list] {
			for value in [object_of(&value), value] {
				let mut document = document_of(&value);
				document.verdict = HOSTILE;
				let page = page(&document);
				assert!(!page.to_lowercase().contains("<script"), "{page}");
				assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
			}
		}
	}

	#[test]
	fn finding_with_script_is_escaped() {
		let mut document = document();
		document.findings = vec![json!({ "kind": "control", "what": HOSTILE, "detail": HOSTILE })];
		let page = page(&document);
		assert!(!page.contains("<script"), "{page}");
		assert_eq!(page.matches("&lt;script&gt;alert(1)").count(), 2);
	}

	#[test]
	fn hidden_characters_are_shown() {
		assert_eq!(
			visible("a\u{202e}b\u{200b}\0"),
			"a\\u{202e}b\\u{200b}\\u{0}"
		);
		assert_eq!(visible("Zürich\n\t→"), "Zürich\n\t→");
		let long = visible(&"é".repeat(TEXT + 3));
		assert!(long.ends_with("é… and 3 more characters"));
	}

	#[test]
	fn unknown_values_are_shown_as_they_are() {
		let values = [
			Value::Null,
			json!(true),
			json!(-1.5),
			json!("word"),
			json!([]),
			json!([[1], [1, 2, 3], null]),
			json!({}),
			json!({ "result": [], "sums": 3, "changed": "odd", "kind": 1, "what": {}, "detail": [2] }),
			json!({ "kind": "note", "what": ["odd"], "detail": { "odd": 1 }, "new": 4711 }),
			json!({ "changed": [null, 1, { "class": 5 }], "control": "odd", "anchor": u64::MAX, "blocks": -1 }),
		];
		for value in values {
			let page = page(&document_of(&value));
			assert!(page.ends_with("</html>"));
			for odd in ["odd", "4711", "word", "-1.5"] {
				let count = page.matches(odd).count();
				assert!(count > 1 || !value.to_string().contains(odd), "{odd}");
			}
		}
	}

	#[test]
	fn many_blocks_are_cut_and_the_worst_stay() {
		let mut document = document();
		let mut harmless = block_with("Declared");
		harmless["number"] = json!(6);
		document.blocks = vec![harmless; BLOCKS + 36];
		document.blocks.push(block_with("Trapped"));
		let page = page(&document);
		assert_eq!(
			page.matches("<article>").count(),
			BLOCKS + document.continued.len() - 1
		);
		assert!(page.contains("Not shown: 37 more such blocks"));
		assert!(page.contains("Trapped</bdi>"));
	}

	#[test]
	fn exactly_as_many_as_there_may_be_are_all_shown() {
		let mut document = document();
		document.blocks = vec![block_with("Declared"); BLOCKS];
		assert!(!page(&document).contains("Not shown"));
		document.findings = vec![json!({ "kind": "note", "what": "w" }); ITEMS + 2];
		assert!(page(&document).contains("Not shown: 2 more findings"));
	}

	#[test]
	fn page_needs_nothing_else() {
		let page = page(&document());
		let policy = "<meta http-equiv=\"Content-Security-Policy\" \
			content=\"default-src 'none'; style-src 'unsafe-inline'\">";
		assert!(page.contains(policy));
		for outside in ["src=", "href=", "url(", "@import", "http:", "https:"] {
			assert!(!page.contains(outside), "{outside}");
		}
	}

	#[test]
	fn command_simulates_the_same() {
		let mut document = document();
		let expected =
			"airlock-node simulate --base-path DIRECTORY --chain CHAIN --candidate FILE \\\n    \
			--anchor 0xbeef \\\n    --blocks 4 \\\n    --scope 6,7 \\\n    --minted 0";
		assert_eq!(command(&document.config), expected);
		document.config["anchor_hash"] = json!("0; $(rm -r x)");
		document.config["rollback"] = json!("0x01");
		document.config["effects"] = json!("0x02");
		let command = command(&document.config);
		assert!(command.contains("--rollback FILE") && command.contains("--effects FILE"));
		assert!(command.contains("--anchor ? "), "{command}");
	}
}
