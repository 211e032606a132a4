//! `airlock upload`

use super::advance::{advance, ensure_goes_on};
use crate::{
	app::{Answer, Context},
	client::{self, Block},
	failure::input,
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::{CodeRef, ProposalId, Stage};
use anyhow::{Context as _, Result};
use serde_json::json;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::path::PathBuf;
use subxt::dynamic;

/// Upload the bytes that a proposal waits for
///
/// Anybody may. What is on chain already is not sent again, so it can be repeated after whatever went wrong.
#[derive(Debug, clap::Args)]
pub struct Upload {
	/// Number of the proposal
	id: ProposalId,

	/// The blobs, in any order: they are known by their hashes
	#[arg(required = true, value_name = "FILE")]
	files: Vec<PathBuf>,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Upload {
	/// Uploads.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		self.sending.ensure_not_prepared()?;
		let at = context.client().await?.best().await?;
		let dossier = view::dossier(&at, self.id).await?;
		let mut found = Vec::new();
		for path in &self.files {
			let bytes = std::fs::read(path);
			let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
			let hash = H256(blake2_256(&bytes));
			let code = dossier.blobs().find(|code| code.hash == hash);
			let code = code.ok_or_else(|| {
				input(
					format!(
						"proposal {} binds no blob with the hash of {}",
						self.id,
						path.display()
					),
					"'airlock show' says what it binds.",
				)
			})?;
			found.push((code, bytes));
		}
		send_all(context, &self.sending, self.id, found).await
	}
}

/// Uploads what is not on chain yet, and has the chain look at it when all is there.
///
/// # Errors
/// See [`crate::failure::Kind`].
pub(super) async fn send_all(
	context: &Context,
	sending: &Sending,
	id: ProposalId,
	blobs: Vec<(CodeRef, Vec<u8>)>,
) -> Result<Answer> {
	// The last step waits as long as somebody wants to; those before it are in the same chain of blocks.
	let early = sending.followed();
	let mut texts = Vec::new();
	let mut done = Vec::new();
	for (code, bytes) in blobs {
		let at = context.client().await?.best().await?;
		let name = format!(
			"version {}, {} bytes, {:?}",
			code.spec_version, code.len, code.hash
		);
		if client::preimage(&at, code.hash, code.len).await?.is_some() {
			texts.push(format!("{name}: on chain already"));
			done.push(json!({"hash": code.hash, "len": code.len, "sent": false}));
			continue;
		}
		// Else nobody asked for them, and they would stay at the uploader's expense.
		ensure_goes_on(id, view::proposal(&at, id).await?.outcome)?;
		let call = dynamic::tx("Preimage", "note_preimage", (bytes,));
		let effect = format!("The bytes go on chain: {name}.");
		let answer = send(context, &early, Intent::new(call, effect).free()).await?;
		texts.push(format!("{name}: {}", answer.text));
		done.push(
			json!({"hash": code.hash, "len": code.len, "sent": answer.data["sent"] != false, "transaction": answer.data}),
		);
	}
	let at = context.client().await?.best().await?;
	let now = view::proposal(&at, id).await?;
	ensure_goes_on(id, now.outcome)?;
	let mut data = json!({"blobs": done});
	if now.stage == Stage::Registered && are_there(&at, id).await? {
		let effect = format!("The chain looks at the bytes of proposal {id}; if they are a runtime, simulation begins.");
		let answer = advance(context, sending, id, effect).await?;
		texts.push(answer.text);
		data["advance"] = answer.data;
	}
	Ok(Answer::new(texts.join("\n"), data))
}

/// True if the bytes that a proposal binds are all there.
async fn are_there(at: &Block, id: ProposalId) -> Result<bool> {
	for code in view::dossier(at, id).await?.blobs() {
		if client::preimage(at, code.hash, code.len).await?.is_none() {
			return Ok(false);
		}
	}
	Ok(true)
}
