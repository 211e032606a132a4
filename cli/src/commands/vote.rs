//! `airlock vote`

use super::show;
use crate::{
	app::{Answer, Context},
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use subxt::{dynamic, utils::Static};

/// Vote on a proposal
///
/// The vote binds to the dossier that your node shows: if it is revised, you vote again. A vote can be changed until the
/// ballot closes.
#[derive(Debug, clap::Args)]
pub struct Vote {
	/// Number of the proposal
	pub(super) id: ProposalId,

	/// What you say
	#[arg(value_enum)]
	pub(super) choice: Choice,

	/// Signing and sending.
	#[command(flatten)]
	pub(super) sending: Sending,
}

/// What a validator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
	/// For it
	Aye,
	/// Against it
	Nay,
	/// Neither
	Abstain,
}

impl Vote {
	/// Votes.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let (id, choice) = (self.id, self.choice);
		let at = context.client().await?.best().await?;
		let seen = view::proposal(&at, id).await?;
		let says = super::unit(format!("{choice:?}"));
		let arguments = (id, Static(seen.dossier_hash), says);
		let call = dynamic::tx("Supermajority", "vote", arguments);
		let said = show::in_short(&show::everything(&at, id).await?);
		let effect = format!(
			"You say {choice:?} to proposal {id}: {:?}, version {}, code {:?}, dossier {:?}.\n{said}",
			seen.class, seen.spec_version, seen.code_hash, seen.dossier_hash
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
