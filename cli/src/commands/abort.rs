//! `airlock abort`

use crate::{
	app::{Answer, Context},
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use subxt::{dynamic, utils::Static};

/// Say that an upgrade must not be enacted: more than a third of the power stops it
#[derive(Debug, clap::Args)]
pub struct Abort {
	/// Number of the proposal
	id: ProposalId,

	/// Take back what you said
	#[arg(long)]
	retract: bool,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Abort {
	/// Stop, and nothing else.
	pub(super) fn stop(id: ProposalId, sending: Sending) -> Self {
		Self {
			id,
			retract: false,
			sending,
		}
	}

	/// Says stop, or takes it back.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		if self.retract {
			let call = dynamic::tx("Supermajority", "retract_stop", (id,));
			let effect = format!("You no longer ask to stop proposal {id}.");
			return send(context, &self.sending, Intent::new(call, effect)).await;
		}
		let at = context.client().await?.best().await?;
		let seen = view::proposal(&at, id).await?;
		let call = dynamic::tx("Supermajority", "stop", (id, Static(seen.dossier_hash)));
		let effect = format!(
			"Your power counts towards stopping proposal {id} (version {}, dossier {:?}).",
			seen.spec_version, seen.dossier_hash
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
