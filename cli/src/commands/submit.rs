//! `airlock submit`

use crate::{
	app::{Answer, Context},
	client::INCLUSION,
	failure::input,
	offline::SignedBundle,
	transaction::{follow, pending, Wait},
};
use anyhow::{anyhow, Result};
use serde_json::json;
use std::path::PathBuf;

/// Send a transaction that was signed elsewhere
#[derive(Debug, clap::Args)]
pub struct Submit {
	/// What 'airlock sign' wrote
	file: PathBuf,

	/// Until when to wait
	#[arg(long, value_enum, default_value_t = Wait::Finalized)]
	wait: Wait,

	/// Short for --wait none
	#[arg(long, conflicts_with = "wait")]
	no_wait: bool,

	/// Ask the runtime whether it would take it, and send nothing
	#[arg(long)]
	dry_run: bool,
}

impl Submit {
	/// Sends.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let signed = SignedBundle::read(&self.file)?;
		let client = context.client().await?;
		if signed.genesis_hash != client.genesis() {
			return Err(input(
				format!("it is for the chain with block 0 {:?}", signed.genesis_hash),
				"Name a node of that chain with --url.",
			));
		}
		let name = &signed.name;
		let bytes = signed.extrinsic()?;
		// Sent before, it may be in a block already.
		if let Some(block) = client.find(&bytes).await? {
			context.sends();
			let included = client.outcome(block, &bytes, name).await?;
			let currency = context.currency().await?;
			return Ok(follow(context, self.wait, included, name, &currency)
				.await?
				.0);
		}
		if let Some(tried) = client.dry_run(name, &bytes).await? {
			tried?;
		}
		if self.dry_run {
			return Ok(Answer::new(
				format!("{name} would succeed"),
				json!({"call": name, "sent": false}),
			));
		}
		let ready = client.best().await?.transactions().from_bytes(bytes);
		context.sends();
		if self.no_wait || self.wait == Wait::None {
			let sent = ready.submit().await.map_err(|error| pending(error.into()));
			let hash = format!("{:?}", sent?);
			let data = json!({"call": name, "extrinsic_hash": hash, "finalized": false});
			return Ok(Answer::new(format!("{name} was sent: {hash}"), data));
		}
		let awaiting = context.awaiting("waiting for a block");
		let watched = tokio::time::timeout(INCLUSION, client.watch(&ready, name)).await;
		let watched = watched.unwrap_or_else(|_| {
			Err(anyhow!(
				"{name} is not in a block within {} s",
				INCLUSION.as_secs()
			))
		});
		drop(awaiting);
		let included = watched.map_err(pending)?;
		let currency = context.currency().await?;
		Ok(follow(context, self.wait, included, name, &currency)
			.await?
			.0)
	}
}
