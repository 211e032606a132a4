//! `airlock policy`

use crate::{
	app::{Answer, Context},
	client,
	view::{self, key_of},
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use serde_json::json;

/// Show the rules by which proposals are judged
#[derive(Debug, clap::Args)]
pub struct Policy {
	/// Show the rules that were frozen into this proposal [default: those of the next one]
	id: Option<ProposalId>,
}

impl Policy {
	/// Shows.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let at = context.client().await?.best().await?;
		let slot: u64 = client::api(&at, "AuraApi_slot_duration", ()).await?;
		let rules = match self.id {
			None => view::stored(&at, "Proposals", "ChainPolicy", vec![]).await?,
			Some(id) => {
				let found = view::stored(&at, "Proposals", "Proposals", vec![key_of(id)]).await?;
				// Says why, if there is none.
				view::dossier(&at, id).await?;
				found.and_then(|found| found.get("policy").cloned())
			}
		};
		let rules = rules.unwrap_or_default();
		let text = format!(
			"windows in blocks of {} s; amounts in the smallest unit\n{}",
			slot as f64 / 1000.0,
			view::to_text(&rules, 0)
		);
		Ok(Answer::new(
			text,
			json!({"slot_millis": slot, "policy": rules}),
		))
	}
}
