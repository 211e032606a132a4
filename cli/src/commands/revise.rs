//! `airlock revise`

use super::{propose, upload};
use crate::{
	app::{Answer, Context},
	dossier,
	transaction::{carry_out, Done, Intent, Sending},
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;
use subxt::{dynamic, utils::Static};

/// Answer what was said of a proposal of yours, with a new dossier
///
/// It is simulated anew and reviewed anew, attestations are void, and findings stay until auditors find them gone.
#[derive(Debug, clap::Args)]
#[command(visible_alias = "answer")]
pub struct Revise {
	/// Number of the proposal
	id: ProposalId,

	/// The new upgrade
	#[arg(value_name = "UPGRADE.TOML")]
	manifest: PathBuf,

	/// Document that answers the findings: its hash goes on chain
	#[arg(long, value_name = "FILE")]
	response: PathBuf,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Revise {
	/// Revises.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let at = context.client().await?.best().await?;
		propose::ensure_open(&at, id).await?;
		let chain = propose::chain(context, &at).await?;
		let package = dossier::read(&self.manifest, &chain)?;
		let response = dossier::document(&self.response, "")?;
		let dossier = package.dossier.clone();
		let arguments = (id, Static(dossier.clone()), Static(response));
		let call = dynamic::tx("Proposals", "revise", arguments);
		let effect = format!(
			"Proposal {id} is judged anew, with the dossier {:?}. What was said of the old one is void.",
			dossier.hash()
		);
		let intent = Intent::new(call, effect).holding(propose::deposit(&at, &dossier).await?);
		let (answer, done) = carry_out(context, &self.sending.followed(), intent).await?;
		if matches!(done, Done::Nothing) {
			return Ok(answer);
		}
		let sent = upload::send_all(context, &self.sending, id, propose::blobs(package)).await;
		let sent = sent.map_err(|error| propose::begun(error, "revised", id))?;
		let text = format!("{}\n{}", answer.text, sent.text);
		let data = json!({
			"id": id,
			"dossier": propose::to_json(&dossier),
			"revision": answer.data,
			"upload": sent.data,
		});
		Ok(Answer::new(text, data))
	}
}
