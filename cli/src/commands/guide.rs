//! `airlock propose` without a manifest: asks for what an upgrade needs, one thing after the other, and writes it as
//! `airlock draft` would.

use super::{
	compare,
	draft::{Outline, DOCUMENTS, MANIFEST},
	propose,
};
use crate::{
	app::{to_stderr, Context},
	dossier,
	failure::{self, fail, input, Kind},
	transaction,
};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

const ADVICE: &str =
	"Nothing was sent. Name an UPGRADE.TOML: 'airlock draft' begins one without questions.";
const CLASSES: [&str; 3] = ["standard", "security", "self-change"];
/// What a document is, in the order of [`DOCUMENTS`].
const QUESTIONS: [&str; 4] = [
	"What it does",
	"Why it is wanted",
	"How the way back works, and what it cannot undo",
	"Declared changes (docs/effects.md)",
];

/// Writes what somebody answers, and says where its manifest is.
///
/// # Errors
/// If nobody can be asked, or a file cannot be written.
pub(super) async fn write(context: &Context) -> Result<PathBuf> {
	transaction::ensure_terminal(ADVICE)?;
	let at = context.client().await?.best().await?;
	let chain = propose::chain(context, &at).await?;
	let (code, version) = ask("Runtime blob to enact (a file)", "", async |answer| {
		let path = file(answer)?;
		let version = dossier::candidate_version(&path, &chain)?;
		Ok((path, version))
	})
	.await?;
	let comparison = compare::with_chain(context, &code).await?;
	to_stderr(&comparison.to_string());
	let touched: Vec<&str> = comparison.touched.iter().map(String::as_str).collect();
	let outline = Outline {
		code,
		rollback: ask(
			"Way back (a file, \"previous\" or \"irreversible\")",
			"previous",
			async |answer| {
				let back = way_back(answer)?;
				if let Some(path) = &back {
					dossier::check_way_back(path, &chain, version)?;
				}
				Ok(back.map_or(answer.to_owned(), |path| path.display().to_string()))
			},
		)
		.await?,
		scope: ask(
			"Pallets that it touches (metadata shows these, not what changed inside)",
			&touched.join(" "),
			async |answer| {
				let names: Vec<String> = words(answer).map(str::to_owned).collect();
				dossier::scope(&names, &chain.metadata)?;
				Ok(names)
			},
		)
		.await?,
		class: ask(
			"Class (standard, security, self-change)",
			"standard",
			async |answer| match CLASSES.contains(&answer) {
				true => Ok(answer.to_owned()),
				false => Err(input(format!("there is no class '{answer}'"), "")),
			},
		)
		.await?,
		minted: ask(
			"Most units by which all coins may grow",
			"0",
			async |answer| {
				chain.currency.read(answer)?;
				Ok(answer.to_owned())
			},
		)
		.await?,
	};
	let folder = format!("upgrade-{version}");
	let folder = ask("Folder to write into", &folder, async |answer| {
		let folder = PathBuf::from(answer);
		match folder.join(MANIFEST).exists() {
			true => Err(input(
				format!("there is an upgrade in {answer} already"),
				"",
			)),
			false => Ok(folder),
		}
	})
	.await?;
	std::fs::create_dir_all(&folder)
		.with_context(|| format!("cannot make {}", folder.display()))?;
	for ((name, _), question) in DOCUMENTS.iter().zip(QUESTIONS) {
		take_document(question, &folder.join(name)).await?;
	}
	outline.write(&folder)?;
	loop {
		let empty = unwritten(&folder);
		if empty.is_empty() {
			break;
		}
		let empty = empty.join(", ");
		let question = format!("Write {empty} in {} now, then Enter", folder.display());
		ask(&question, "", async |_| Ok(())).await?;
	}
	Ok(folder.join(MANIFEST))
}

/// Asks until the answer will do. Enter alone is the default.
async fn ask<T>(
	question: &str,
	default: &str,
	check: impl AsyncFn(&str) -> Result<T>,
) -> Result<T> {
	let shown = match default.is_empty() {
		true => format!("{question}:"),
		false => format!("{question} [{default}]:"),
	};
	loop {
		let answer = transaction::ask(&shown, ADVICE).await?;
		if answer.is_empty() {
			return Err(fail(Kind::Prompt, "there are no more answers", ADVICE));
		}
		let answer = match answer.trim() {
			"" => default,
			answer => answer,
		};
		match check(answer).await {
			Ok(checked) => return Ok(checked),
			Err(error) => {
				let failure = failure::of(&error);
				to_stderr(&format!("  {}\n  {}", failure.message, failure.advice));
			}
		}
	}
}

/// The full path of a file that is there: the manifest will lie elsewhere.
fn file(answer: &str) -> Result<PathBuf> {
	std::fs::canonicalize(answer).with_context(|| format!("cannot find '{answer}'"))
}

/// The file, unless it is one of the words for no file.
fn way_back(answer: &str) -> Result<Option<PathBuf>> {
	match answer {
		"previous" | "irreversible" => Ok(None),
		path => file(path).map(Some),
	}
}

fn words(answer: &str) -> impl Iterator<Item = &str> {
	answer.split([',', ' ']).filter(|word| !word.is_empty())
}

/// Copies a document to its place, if somebody has it. One that lies there already stays.
async fn take_document(question: &str, place: &Path) -> Result<()> {
	if place.exists() {
		return Ok(());
	}
	let question = format!("{question} (a file, or Enter: {})", place.display());
	let found = ask(&question, "", async |answer| match answer {
		"" => Ok(None),
		path => file(path).map(Some),
	});
	if let Some(path) = found.await? {
		std::fs::copy(&path, place).with_context(|| format!("cannot copy {}", path.display()))?;
	}
	Ok(())
}

/// Documents that say nothing, or only have their heading. Nothing need be declared.
fn unwritten(folder: &Path) -> Vec<&'static str> {
	let says_nothing = |(name, begun): &&(&str, &str)| {
		let text = std::fs::read_to_string(folder.join(name));
		let says = text.unwrap_or_default();
		*name != "effects.toml" && (says.trim().is_empty() || says == *begun)
	};
	let empty = DOCUMENTS.iter().filter(says_nothing);
	empty.map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn documents_that_only_have_a_heading_are_named() {
		let folder = tempfile::tempdir().unwrap();
		for (name, begun) in DOCUMENTS {
			std::fs::write(folder.path().join(name), begun).unwrap();
		}
		std::fs::write(folder.path().join("rationale.md"), "Because.").unwrap();
		let empty = unwritten(folder.path());
		assert_eq!(empty, ["specification.md", "rollback-plan.md"]);
	}

	#[test]
	fn a_way_back_is_a_file_that_is_there_or_one_of_two_words() {
		assert_eq!(way_back("previous").unwrap(), None);
		assert!(way_back("not/there.wasm").is_err());
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("back.wasm");
		std::fs::write(&path, "").unwrap();
		let found = way_back(&path.display().to_string()).unwrap();
		assert_eq!(found, std::fs::canonicalize(path).ok());
	}

	#[test]
	fn pallets_may_be_named_with_commas_or_without() {
		assert_eq!(words("A, B C,").collect::<Vec<_>>(), ["A", "B", "C"]);
	}
}
