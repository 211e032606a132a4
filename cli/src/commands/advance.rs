//! `airlock advance`

use crate::{
	app::{Answer, Context},
	transaction::{send, Intent, Sending},
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use subxt::dynamic;

/// Move a proposal on whose stage has what it needs, before its deadline
///
/// Anybody may. Nothing is skipped: the chain asks the stage the same question as at the deadline.
#[derive(Debug, clap::Args)]
pub struct Advance {
	/// Number of the proposal
	id: ProposalId,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Advance {
	/// Advances.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let call = dynamic::tx("Proposals", "advance", (id,));
		let effect = format!("Proposal {id} goes to its next stage, if this one has all it needs.");
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
