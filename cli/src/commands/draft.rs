//! `airlock draft`

use crate::{
	app::{Answer, Context},
	failure::input,
};
use airlock_primitives::{Document, Dossier};
use anyhow::{Context as _, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

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

/// Name of the file that names all others.
pub(super) const MANIFEST: &str = "upgrade.toml";

/// What an upgrade is judged by beside its bytes: the file, and what it begins with.
pub(super) const DOCUMENTS: [(&str, &str); 4] = [
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

/// Documents of a dossier that only have the heading that they began with. Nothing need be declared.
pub(super) fn unwritten(dossier: &Dossier) -> Vec<&'static str> {
	let documents = [
		&dossier.specification,
		&dossier.rationale,
		&dossier.rollback_plan,
	];
	let begun = DOCUMENTS.iter().zip(documents);
	begun
		.filter(|((_, begun), now)| now.hash == Document::of(begun.as_bytes()).hash)
		.map(|((name, _), _)| *name)
		.collect()
}

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
		let outline = Outline {
			code,
			rollback,
			class: "standard".to_owned(),
			scope: self.scope,
			minted: "0".to_owned(),
		};
		let written = outline.write(&self.folder)?;
		let names: Vec<String> = written
			.iter()
			.map(|path| path.display().to_string())
			.collect();
		let text = format!(
			"wrote {}\nnext: fill them in, then airlock propose {} --check",
			names.join(", "),
			self.folder.join(MANIFEST).display()
		);
		Ok(Answer::new(text, json!({"files": names})))
	}
}

/// What a manifest says, but for its documents: they lie beside it.
pub(super) struct Outline {
	/// Path of the runtime blob.
	pub code: PathBuf,
	/// The way back, as the manifest names it.
	pub rollback: String,
	/// The class, as the manifest names it.
	pub class: String,
	/// Pallets that it touches.
	pub scope: Vec<String>,
	/// Units by which all coins may grow.
	pub minted: String,
}

impl Outline {
	/// Writes the manifest, and those documents that are not there. Says what was written.
	///
	/// # Errors
	/// If there is a manifest already, or a file cannot be written.
	pub(super) fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
		let manifest = folder.join(MANIFEST);
		if manifest.exists() {
			return Err(input(
				format!("there is {} already", manifest.display()),
				"Nothing was written. Name another folder.",
			));
		}
		std::fs::create_dir_all(folder)
			.with_context(|| format!("cannot make {}", folder.display()))?;
		let documents = DOCUMENTS.map(|(name, text)| (folder.join(name), text));
		let new = documents.iter().filter(|(path, _)| !path.exists());
		let mut written = Vec::new();
		let text = self.text();
		// The manifest last: what stops before it can be done again.
		for (path, text) in new.chain([&(manifest, &*text)]) {
			std::fs::write(path, text)
				.with_context(|| format!("cannot write {}", path.display()))?;
			written.push(path.clone());
		}
		Ok(written)
	}

	fn text(&self) -> String {
		let scope: Vec<String> = self.scope.iter().map(|name| format!("{name:?}")).collect();
		let Self {
			code,
			rollback,
			class,
			minted,
			..
		} = self;
		let (code, scope) = (code.display().to_string(), scope.join(", "));
		format!(
			r#"# An upgrade, as 'airlock propose' reads it. Paths are relative to this file; hashes are computed.

# Runtime blob to enact, as it is written to :code.
code = {code:?}
# The way back: a blob (version of the candidate + 1), "previous" (only if no migration runs), or "irreversible".
rollback = {rollback:?}
# standard, security (shorter windows, more votes), or self-change (touches the lifecycle itself).
class = {class:?}
# Names of the pallets that the upgrade touches. What the simulators measure must be inside.
scope = [{scope}]
# Most units of the currency by which all coins may grow because of it.
minted = {minted:?}

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
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::dossier::{Manifest, ManifestClass};

	#[test]
	fn a_draft_is_a_manifest() {
		let outline = Outline {
			code: "/tmp/a \"b\".wasm".into(),
			rollback: "previous".into(),
			class: "security".into(),
			scope: vec!["Profiles".into(), "Balances".into()],
			minted: "2.5".into(),
		};
		let draft = outline.text();
		let manifest: Manifest = toml::from_str(&draft).unwrap();
		assert_eq!(manifest.code, PathBuf::from("/tmp/a \"b\".wasm"));
		assert_eq!(manifest.scope, ["Profiles", "Balances"]);
		assert_eq!(manifest.class, ManifestClass::Security);
		assert_eq!(
			(manifest.minted.as_str(), manifest.rollback.as_str()),
			("2.5", "previous")
		);
		for (name, _) in DOCUMENTS {
			assert!(draft.contains(name), "{name}");
		}
	}
}
