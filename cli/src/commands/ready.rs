//! `airlock ready`

use crate::{
	app::{Answer, Context},
	failure::{fail, input, Kind},
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::{api::ProposalView, NodeSupport, ProposalId};
use anyhow::Result;
use serde_json::json;
use subxt::{dynamic, utils::Static};

/// Have your node load the codes of an approved upgrade, and say on chain that it can run them
///
/// Ask your own validator's node (--url): the signal is about it. Nothing is signalled if it cannot run one of the codes, or
/// a code says that it is another version than the dossier does.
#[derive(Debug, clap::Args)]
pub struct Ready {
	/// Number of the proposal
	id: ProposalId,

	/// Take the signal back
	#[arg(long)]
	retract: bool,

	/// Only ask the node
	#[arg(long, conflicts_with = "retract")]
	check: bool,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Ready {
	/// The signal, and nothing else.
	pub(super) fn signal(id: ProposalId, sending: Sending) -> Self {
		Self {
			id,
			retract: false,
			check: false,
			sending,
		}
	}

	/// Signals.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		if self.retract {
			let call = dynamic::tx("Enactment", "retract_readiness", (id,));
			let effect = format!("Your node is no longer ready for proposal {id}.");
			return send(context, &self.sending, Intent::new(call, effect)).await;
		}
		let client = context.client().await?;
		let at = client.best().await?;
		let ProposalView { dossier_hash, .. } = view::proposal(&at, id).await?;
		let dossier = view::dossier(&at, id).await?;
		let tried = client.try_codes(dossier.blobs()).await?;
		for (said, named) in tried.codes.iter().zip(dossier.blobs()) {
			let version = said
				.spec_version
				.filter(|version| *version == named.spec_version);
			let error = said.error.clone();
			let error = error.or_else(|| match version {
				Some(_) => None,
				None => Some(format!(
					"it says that it is version {:?}",
					said.spec_version
				)),
			});
			if let Some(error) = error {
				return Err(fail(
					Kind::Negative,
					format!("{} cannot run version {}: {error}", tried.client, named.spec_version),
					"Update the node, or say why it must not be enacted: 'airlock abort', 'airlock finding report'.",
				));
			}
		}
		if self.check {
			let text = format!("{} can run all codes of proposal {id}", tried.client);
			let data = json!({"client": tried.client, "host_functions": tried.host_functions});
			return Ok(Answer::new(text, data));
		}
		let effect = format!(
			"{} has loaded the codes of proposal {id} and is ready to run them.",
			tried.client
		);
		let name = tried.client.into_bytes().try_into();
		let node = NodeSupport {
			client: name.map_err(|_| input("the node's name is too long for the chain", ""))?,
			host_functions: tried.host_functions,
		};
		let arguments = (id, Static(dossier_hash), Static(node));
		let call = dynamic::tx("Enactment", "signal_readiness", arguments);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
