//! `airlock draft`

use crate::{
	app::{Answer, Context},
	failure::input,
};
use anyhow::{Context as _, Result};
use serde_json::json;
use std::path::PathBuf;

/// Begin an upgrade: a folder with upgrade.toml and the documents that it names
///
/// Nothing that is there is overwritten. Fill in the documents, and 'airlock propose --check' says what is missing.
#[derive(Debug, clap::Args)]
pub struct Draft {
	/// Folder to write into
	folder: PathBuf,

	/// Runtime blob to enact
	#[arg(long, value_name = "FILE")]
	code: PathBuf,

	/// Runtime blob that is the way back: the old logic with the candidate's version and one more
	#[arg(long, value_name = "FILE")]
	rollback: Option<PathBuf>,

	/// Name of a pallet that the upgrade touches (can be repeated)
	#[arg(long = "scope", value_name = "PALLET")]
	scope: Vec<String>,
}

const DOCUMENTS: [(&str, &str); 4] = [
	("specification.md", "# What the upgrade does\n"),
	("rationale.md", "# Why it is wanted\n"),
	(
		"rollback-plan.md",
		"# How the way back works, and what it cannot undo\n",
	),
	(
		"effects.toml",
		"# Declared changes: simulators hold the results against them. See docs/effects.md.\n",
	),
];

impl Draft {
	/// Writes the folder.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, _: &Context) -> Result<Answer> {
		let path = |path: &PathBuf| {
			let found = std::fs::canonicalize(path);
			found.with_context(|| format!("cannot find {}", path.display()))
		};
		let code = path(&self.code)?;
		let rollback = match &self.rollback {
			Some(back) => path(back)?.display().to_string(),
			None => "previous".to_owned(),
		};
		let manifest = self.folder.join("upgrade.toml");
		if manifest.exists() {
			return Err(input(
				format!("there is {} already", manifest.display()),
				"Nothing was written. Name another folder.",
			));
		}
		std::fs::create_dir_all(&self.folder)
			.with_context(|| format!("cannot make {}", self.folder.display()))?;
		let mut written = vec![manifest.clone()];
		for (name, text) in DOCUMENTS {
			let path = self.folder.join(name);
			if !path.exists() {
				write(&path, text)?;
				written.push(path);
			}
		}
		let scope: Vec<String> = self.scope.iter().map(|name| format!("{name:?}")).collect();
		write(
			&manifest,
			&text(&code.display().to_string(), &rollback, &scope.join(", ")),
		)?;
		let names: Vec<String> = written
			.iter()
			.map(|path| path.display().to_string())
			.collect();
		let text = format!(
			"wrote {}\nnext: fill them in, then airlock propose {} --check",
			names.join(", "),
			manifest.display()
		);
		Ok(Answer::new(text, json!({"files": names})))
	}
}

fn write(path: &std::path::Path, text: &str) -> Result<()> {
	std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn text(code: &str, rollback: &str, scope: &str) -> String {
	format!(
		r#"# An upgrade, as 'airlock propose' reads it. Paths are relative to this file; hashes are computed.

# Runtime blob to enact, as it is written to :code.
code = {code:?}
# The way back: a blob (version of the candidate + 1), "previous" (only if no migration runs), or "irreversible".
rollback = {rollback:?}
# standard, security (shorter windows, more votes), or self-change (touches the lifecycle itself).
class = "standard"
# Names of the pallets that the upgrade touches. What the simulators measure must be inside.
scope = [{scope}]
# Most units of the currency by which all coins may grow because of it.
minted = "0"

# Documents: their hashes are part of what everybody judges.
specification = "specification.md"
rationale = "rationale.md"
rollback_plan = "rollback-plan.md"
expected_effects = "effects.toml"
# Where these four can be read, if anywhere: they are found by their names below it.
uri = ""
"#
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::dossier::Manifest;

	#[test]
	fn a_draft_is_a_manifest() {
		let draft = text(
			"/tmp/a \"b\".wasm",
			"previous",
			"\"Profiles\", \"Balances\"",
		);
		let manifest: Manifest = toml::from_str(&draft).unwrap();
		assert_eq!(manifest.code, PathBuf::from("/tmp/a \"b\".wasm"));
		assert_eq!(manifest.scope, ["Profiles", "Balances"]);
		for (name, _) in DOCUMENTS {
			assert!(draft.contains(name), "{name}");
		}
	}
}
