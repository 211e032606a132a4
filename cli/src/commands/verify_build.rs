//! `airlock verify-build`

use crate::{
	app::{Answer, Context},
	failure::input,
	keys::KEY_VARIABLE,
	view,
};
use airlock_primitives::{CodeRef, ProposalId};
use anyhow::{bail, Context as _, Result};
use serde_json::json;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_maybe_compressed_blob::{decompress, CODE_BLOB_BOMB_LIMIT};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Hold a build of one's own against the bytes that a proposal binds, and say where they differ
#[derive(Debug, clap::Args)]
pub struct VerifyBuild {
	/// Number of the proposal
	id: ProposalId,

	/// A blob that was built
	#[arg(long, value_name = "FILE", required_unless_present = "source")]
	built: Option<PathBuf>,

	/// Revision to build: a commit of the repository in --repository
	#[arg(long, value_name = "REV", conflicts_with = "built")]
	source: Option<String>,

	/// The repository
	#[arg(long, value_name = "FOLDER", default_value = ".")]
	repository: PathBuf,

	/// What builds the blob, run in a fresh checkout of the revision
	#[arg(
		long,
		value_name = "COMMAND",
		requires = "source",
		required_unless_present = "built"
	)]
	build: Option<String>,

	/// The blob that it leaves, in the checkout
	#[arg(
		long,
		value_name = "FILE",
		requires = "source",
		required_unless_present = "built"
	)]
	artifact: Option<PathBuf>,

	/// Compare with the way back instead of the candidate
	#[arg(long)]
	rollback: bool,
}

impl VerifyBuild {
	/// Compares.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let at = context.client().await?.finalized().await?;
		let dossier = view::dossier(&at, self.id).await?;
		let which = usize::from(self.rollback);
		let code: CodeRef = dossier.blobs().nth(which).ok_or_else(|| {
			input(
				"the dossier binds no code as the way back",
				format!("It says {:?}.", dossier.rollback),
			)
		})?;
		let on_chain = view::bytes_of_code(&at, &code).await?;
		let built = match (&self.built, &self.source) {
			(Some(path), _) => {
				std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?
			}
			(None, Some(revision)) => self.build(context, revision).await?,
			(None, None) => bail!("nothing to compare"),
		};
		let found = compare(&on_chain, &built);
		let hash = H256(blake2_256(&built));
		let data = json!({
			"equal": found.is_none(),
			"on_chain": {"hash": code.hash, "len": code.len},
			"built": {"hash": hash, "len": built.len()},
			"difference": found,
		});
		let text = match &found {
			None => format!("the same {} bytes, {:?}", code.len, code.hash),
			Some(where_) => format!(
				"other bytes: {:?} on chain, {hash:?} built; {where_}",
				code.hash
			),
		};
		Ok(Answer {
			positive: found.is_none(),
			..Answer::new(text, data)
		})
	}

	/// Builds a revision in a checkout of its own, which is removed afterwards.
	async fn build(&self, context: &Context, revision: &str) -> Result<Vec<u8>> {
		let (Some(command), Some(artifact)) = (&self.build, &self.artifact) else {
			bail!("--source needs --build and --artifact");
		};
		// Nobody else can know its name before it is there.
		let outer = tempfile::tempdir()?;
		let folder = outer.path().join("source");
		let repository = &self.repository;
		let path = folder.display().to_string();
		git(
			repository,
			&["worktree", "add", "--detach", &path, revision],
		)
		.await?;
		context.say(format!("building {revision}: {command}"));
		let mut build = Command::new("sh");
		build
			.args(["-c", command])
			.current_dir(&folder)
			// It is somebody else's code: it gets no key, and nothing that is typed.
			.env_remove(KEY_VARIABLE)
			.stdin(std::process::Stdio::null())
			.stdout(std::process::Stdio::null());
		let status = build.kill_on_drop(true).status().await;
		let bytes = match status {
			Ok(status) if status.success() => {
				let path = folder.join(artifact);
				std::fs::read(&path)
					.with_context(|| format!("the build left no {}", artifact.display()))
			}
			Ok(status) => Err(anyhow::anyhow!(
				"the build failed ({status}): what it said is above"
			)),
			Err(error) => Err(error.into()),
		};
		git(repository, &["worktree", "remove", "--force", &path]).await?;
		bytes
	}
}

async fn git(repository: &Path, arguments: &[&str]) -> Result<()> {
	let mut command = Command::new("git");
	let output = command
		.env_remove(KEY_VARIABLE)
		.arg("-C")
		.arg(repository)
		.args(arguments)
		.output()
		.await;
	let output = output.context("cannot start git")?;
	if output.status.success() {
		return Ok(());
	}
	Err(input(
		format!(
			"git {}: {}",
			arguments.join(" "),
			String::from_utf8_lossy(&output.stderr).trim()
		),
		"Is it a repository that has this revision?",
	))
}

/// Where two blobs differ; `None` if they do not. Compressed ones are compared as they are and, if they differ, once more
/// without the compression: whoever builds it with another compressor has built the same code.
fn compare(on_chain: &[u8], built: &[u8]) -> Option<String> {
	if on_chain == built {
		return None;
	}
	let plain = |bytes: &[u8]| {
		decompress(bytes, CODE_BLOB_BOMB_LIMIT)
			.map(|wasm| wasm.to_vec())
			.ok()
	};
	match (plain(on_chain), plain(built)) {
		(Some(a), Some(b)) if a == b => Some("the wasm is the same, only its compression differs".to_owned()),
		(Some(a), Some(b)) => Some(format!(
			"decompressed they have {} and {} bytes, and differ first at byte {} and in {} bytes of what both have",
			a.len(),
			b.len(),
			first_difference(&a, &b),
			a.iter().zip(&b).filter(|(a, b)| a != b).count()
		)),
		_ => Some(format!("they differ first at byte {}", first_difference(on_chain, built))),
	}
}

fn first_difference(a: &[u8], b: &[u8]) -> usize {
	let same = a.iter().zip(b).take_while(|(a, b)| a == b);
	same.count()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn compare_should_say_nothing_when_the_bytes_are_the_same() {
		assert_eq!(compare(b"\0asm1", b"\0asm1"), None);
	}

	#[test]
	fn compare_should_name_the_first_byte_when_they_differ() {
		let said = compare(b"\0asm1234", b"\0asm1x3y5").unwrap();
		assert!(said.contains("have 8 and 9 bytes"), "{said}");
		assert!(said.contains("first at byte 5 and in 2 bytes"), "{said}");
	}
}
