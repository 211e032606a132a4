//! `airlock withdraw`

use crate::{
	app::{Answer, Context},
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::{ProposalId, Stage};
use anyhow::Result;
use subxt::dynamic;

/// Take a proposal of yours back, before it waits in the timelock
#[derive(Debug, clap::Args)]
pub struct Withdraw {
	/// Number of the proposal
	id: ProposalId,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Withdraw {
	/// Withdraws.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let at = context.client().await?.best().await?;
		let seen = view::proposal(&at, id).await?;
		let deposit = match seen.stage {
			// Nobody was to look at bytes that never came: that a slot was taken has its price.
			Stage::Registered => {
				"A tenth of its deposit is burnt, since its bytes were not checked yet."
			}
			_ => "Its deposit comes back.",
		};
		let effect = format!(
			"Proposal {id} (version {}) ends; nothing is enacted. {deposit}",
			seen.spec_version
		);
		let call = dynamic::tx("Proposals", "withdraw", (id,));
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
