//! The shape of what `airlock` answers to programs: each field by its path, with the types that were seen in it. A change of it is
//! seen in review.

use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Below these are a call's arguments and an event's fields: the runtime's metadata says what they are.
const OF_THE_RUNTIME: [&str; 2] = [".fields", ".arguments"];
/// Marks a line whose field is not in every run.
const MAY_BE_MISSED: &str = " ?";

/// Fields by their paths, each with its types.
#[derive(Debug, Default)]
pub struct Shapes(BTreeMap<String, BTreeSet<&'static str>>);

impl Shapes {
	/// Those of a journal, as `--journal` writes it.
	///
	/// # Errors
	/// If a line is no document.
	pub fn of(journal: &str) -> Result<Self> {
		let mut shapes = Self::default();
		for line in journal.lines() {
			let document: Value = serde_json::from_str(line).context("a line of the journal")?;
			let command = document["command"].as_str().context("no command")?;
			// Failures all look the same.
			if let Some(data) = document.get("data") {
				shapes.add(command, data);
			}
		}
		Ok(shapes)
	}

	fn add(&mut self, path: &str, value: &Value) {
		let kind = match value {
			Value::Null => "null",
			Value::Bool(_) => "bool",
			Value::Number(_) => "number",
			Value::String(_) => "string",
			Value::Array(_) => "array",
			Value::Object(_) => "object",
		};
		self.0.entry(path.to_owned()).or_default().insert(kind);
		match value {
			Value::Array(items) => items
				.iter()
				.for_each(|item| self.add(&format!("{path}[]"), item)),
			Value::Object(fields) => fields
				.iter()
				.filter(|_| !OF_THE_RUNTIME.iter().any(|name| path.ends_with(name)))
				.for_each(|(name, field)| self.add(&format!("{path}.{name}"), field)),
			_ => (),
		}
	}

	/// True if a command is among them.
	pub fn has(&self, command: &str) -> bool {
		self.0.contains_key(command)
	}

	/// What is not as it was reviewed. A reviewed line may name more types than were seen.
	pub fn differences(&self, reviewed: &str) -> Vec<String> {
		let known = read(reviewed);
		let new = self.0.iter().filter_map(|(path, kinds)| {
			let reviewed = known.get(path.as_str());
			let is_known = reviewed.is_some_and(|(reviewed, _)| kinds.is_subset(reviewed));
			(!is_known).then(|| format!("new: {path}: {kinds:?}"))
		});
		let is_missed = |path: &str| !self.0.contains_key(path);
		let missed = known
			.iter()
			.filter(|(path, (_, needed))| *needed && is_missed(path))
			.map(|(path, _)| format!("missed: {path}"));
		new.chain(missed).collect()
	}

	/// What was reviewed, and what is new. What is missed goes, unless it may be.
	pub fn with(&self, reviewed: &str) -> String {
		let mut all = read(reviewed);
		all.retain(|path, (_, needed)| !*needed || self.0.contains_key(*path));
		for (path, kinds) in &self.0 {
			let (known, _) = all.entry(path).or_insert((BTreeSet::new(), true));
			known.extend(kinds);
		}
		let line = |(path, (kinds, needed)): (&str, (BTreeSet<&str>, bool))| {
			let kinds: Vec<&str> = kinds.into_iter().collect();
			let mark = if needed { "" } else { MAY_BE_MISSED };
			format!("{path}: {}{mark}\n", kinds.join("|"))
		};
		all.into_iter().map(line).collect()
	}
}

/// Paths of reviewed lines, with their types, and whether they must be there.
fn read(reviewed: &str) -> BTreeMap<&str, (BTreeSet<&str>, bool)> {
	let line = |line| -> Option<(&str, (BTreeSet<&str>, bool))> {
		let (line, needed) = match str::strip_suffix(line, MAY_BE_MISSED) {
			Some(line) => (line, false),
			None => (line, true),
		};
		let (path, kinds) = line.split_once(": ")?;
		Some((path, (kinds.split('|').collect(), needed)))
	};
	reviewed.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	const JOURNAL: &str = r#"{"command": "vote", "success": true, "data": {"block": 3, "events": [{"fields": {"who": "x"}}]}}
{"command": "vote", "success": false, "error": {"code": "REFUSED"}}
{"command": "vote", "success": true, "data": {"block": null, "events": []}}"#;

	#[test]
	fn a_shape_is_all_that_was_seen() {
		let shapes = Shapes::of(JOURNAL).unwrap();
		let lines = [
			"vote: object",
			"vote.block: null|number",
			"vote.events: array",
			"vote.events[]: object",
			"vote.events[].fields: object",
		];
		assert_eq!(shapes.with(""), lines.join("\n") + "\n");
		assert!(shapes.has("vote") && !shapes.has("block"));
		assert_eq!(shapes.differences(&lines.join("\n")), [""; 0]);
	}

	#[test]
	fn what_was_not_reviewed_and_what_is_missed_are_differences() {
		let shapes = Shapes::of(JOURNAL).unwrap();
		let reviewed =
			"vote: object\nvote.block: number\nvote.events: array\nvote.events[]: object\n\
			vote.events[].fields: object\nvote.gone: string\nvote.rare: string ?";
		let found = shapes.differences(reviewed);
		assert_eq!(found.len(), 2, "{found:?}");
		assert!(found[0].contains("vote.block") && found[1] == "missed: vote.gone");
		assert!(Shapes::of("no document").is_err());
		let now = shapes.with(reviewed);
		assert!(now.contains("vote.block: null|number\n") && now.contains("vote.rare: string ?\n"));
		assert!(!now.contains("gone"));
	}
}
