//! `airlock health`

use crate::{
	app::{Answer, Context},
	transaction::{send, Intent, Sending},
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use subxt::dynamic;

/// Say how the new code does while it is watched
///
/// More than a third of the power that says unhealthy sends the chain back; so does silence. A report can be changed.
#[derive(Debug, clap::Args)]
pub struct Health {
	/// Number of the proposal
	pub(super) id: ProposalId,

	/// What you see
	#[arg(value_enum)]
	pub(super) state: State,

	/// Signing and sending.
	#[command(flatten)]
	pub(super) sending: Sending,
}

/// How the new code does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum State {
	/// As it should
	Healthy,
	/// Not as it should
	Unhealthy,
}

impl Health {
	/// Reports.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let (id, healthy) = (self.id, self.state == State::Healthy);
		let call = dynamic::tx("Enactment", "report_health", (id, healthy));
		let effect = match healthy {
			true => format!("You say that the code of proposal {id} does as it should."),
			false => format!("You say that the code of proposal {id} does harm: a third that does sends the chain back."),
		};
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
