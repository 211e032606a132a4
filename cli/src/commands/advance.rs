//! `airlock advance`

use crate::{
	app::{Answer, Context},
	failure::{fail, Kind},
	transaction::{carry_out, Done, Intent, Sending},
	view,
};
use airlock_primitives::{Outcome, ProposalId};
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
		let effect = format!("Proposal {id} goes to its next stage, if this one has all it needs.");
		advance(context, &self.sending, id, effect).await
	}
}

/// Has the chain look at a proposal.
///
/// # Errors
/// If it ended by that, although nothing was wrong with the transaction.
pub(super) async fn advance(
	context: &Context,
	sending: &Sending,
	id: ProposalId,
	effect: String,
) -> Result<Answer> {
	let call = dynamic::tx("Proposals", "advance", (id,));
	let (answer, done) = carry_out(context, sending, Intent::new(call, effect)).await?;
	if let Done::Included(included) = done {
		let at = context.client().await?.at(included.hash).await?;
		ensure_goes_on(id, view::proposal(&at, id).await?.outcome)?;
	}
	Ok(answer)
}

/// Says no if a proposal ended while somebody worked on it.
///
/// # Errors
/// If it ended otherwise than well.
pub(super) fn ensure_goes_on(id: ProposalId, outcome: Option<Outcome>) -> Result<()> {
	match outcome {
		None | Some(Outcome::Finalized) => Ok(()),
		Some(outcome) => Err(fail(
			Kind::Negative,
			format!("proposal {id} has ended: {outcome:?}"),
			"Nothing was wrong with what you sent. Propose it anew: 'airlock propose'.",
		)),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use airlock_primitives::Failure;

	#[test]
	fn what_ended_badly_is_no_success() {
		assert!(ensure_goes_on(3, None).is_ok());
		assert!(ensure_goes_on(3, Some(Outcome::Finalized)).is_ok());
		let ended = ensure_goes_on(3, Some(Outcome::Expired(Failure::ParentReplaced)));
		let error = ended.unwrap_err();
		assert_eq!(
			error.to_string(),
			"proposal 3 has ended: Expired(ParentReplaced)"
		);
		assert_eq!(crate::failure::of(&error).kind, Kind::Negative);
	}
}
