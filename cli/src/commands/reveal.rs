//! `airlock reveal`

use super::challenge::leaves_of;
use super::simulate::{round, salt_path, Kept};
use crate::{
	app::{Answer, Context},
	failure::input,
	transaction::{send, Intent, Sending},
};
use airlock_primitives::ProposalId;
use airlock_report::{openings, samples, Report};
use anyhow::{anyhow, Context as _, Result};
use codec::{DecodeAll, Encode};
use std::path::PathBuf;
use subxt::{dynamic, utils::Static};

/// Reveal the report that you committed to, with the leaves that the chain drew for you
#[derive(Debug, clap::Args)]
pub struct Reveal {
	/// Number of the proposal
	id: ProposalId,

	/// Folder with the report and its salt
	#[arg(long, value_name = "FOLDER")]
	report: PathBuf,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Reveal {
	/// Reveals.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let at = context.client().await?.best().await?;
		let round = round(&at, id).await?;
		let path = self.report.join("report.scale");
		let report =
			std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
		let report = Report::decode_all(&mut &report[..]).context("report.scale")?;
		let leaves = leaves_of(&report, &self.report.join("report.leaves"))?;
		let path = salt_path(&self.report, id, round.round, round.attempt);
		let kept = Kept::read(&path)?.ok_or_else(|| {
			input(
				format!("there is no {}", path.display()),
				"It was written when you committed. Restore it from your backup: without it nothing can be revealed.",
			)
		})?;
		let seed = round.seed.ok_or_else(|| {
			input(
				format!("nothing can be revealed before #{}", round.commit_until),
				"The chain draws the leaves when no commitment is taken any more.",
			)
		})?;
		let account = self.sending.account()?.0;
		let drawn = samples(&seed, &account.encode(), &report);
		let opened = openings(&leaves, &drawn);
		let opened =
			opened.ok_or_else(|| anyhow!("the chain asks for leaves that are not there"))?;
		let effect = format!(
			"You reveal a report on proposal {id} that says {:?}, root {:?}.",
			report.verdict(),
			report.root()
		);
		let arguments = (id, Static(report), Static(kept.salt), Static(opened));
		let call = dynamic::tx("Simulations", "reveal", arguments);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
