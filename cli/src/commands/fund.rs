//! `airlock fund`

use crate::{
	app::{Answer, Context},
	transaction::{send, Intent, Sending},
};
use airlock_primitives::ProposalId;
use anyhow::Result;
use subxt::dynamic;

/// Put money into the bounty for findings on a proposal
///
/// It is held of you. Confirmed findings are paid out of it; what is left comes back when the proposal ends.
#[derive(Debug, clap::Args)]
pub struct Fund {
	/// Number of the proposal
	id: ProposalId,

	/// Amount in units of the currency [default: the least that a review asks for]
	#[arg(long, value_name = "AMOUNT")]
	amount: Option<String>,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Fund {
	/// Funds.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let currency = context.currency().await?;
		let amount = match &self.amount {
			Some(text) => currency.read(text)?,
			None => {
				let at = context.client().await?.best().await?;
				let least = dynamic::constant::<u128>("Audits", "MinBounty");
				at.constants().entry(least)?
			}
		};
		let call = dynamic::tx("Audits", "fund_bounty", (id, amount));
		let effect = format!(
			"{} go into the bounty of proposal {id}.",
			currency.show(amount)
		);
		send(
			context,
			&self.sending,
			Intent::new(call, effect).holding(amount),
		)
		.await
	}
}
