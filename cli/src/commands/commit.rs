//! `airlock commit`

use super::challenge::leaves_of;
use super::simulate::{round, salt_path, Kept};
use crate::{
	app::{Answer, Context},
	failure::{fail, input, Kind},
	keys::write_secret,
	transaction::{send, Intent, Sending},
};
use airlock_primitives::ProposalId;
use airlock_report::{Report, Verdict};
use anyhow::{Context as _, Result};
use codec::DecodeAll;
use std::path::PathBuf;
use subxt::{dynamic, utils::Static};

/// Commit to a report, before anybody sees what others found
///
/// The salt that hides it is kept beside the report in a file that only you can read. Without it nothing can be revealed, and a
/// simulator that does not reveal pays: back it up.
#[derive(Debug, clap::Args)]
pub struct Commit {
	/// Number of the proposal
	id: ProposalId,

	/// Folder into which 'airlock simulate' wrote the report
	#[arg(long, value_name = "FOLDER")]
	report: PathBuf,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Commit {
	/// Commits.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let client = context.client().await?;
		let round = round(&client.best().await?, id).await?;
		let path = self.report.join("report.scale");
		let bytes =
			std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
		let report = Report::decode_all(&mut &bytes[..]).map_err(|error| {
			input(
				format!("{} is no report: {error}", path.display()),
				"Run 'airlock simulate'.",
			)
		})?;
		round.ensure_asked(&report)?;
		if report.verdict() == Verdict::Inconclusive {
			return Err(fail(
				Kind::Negative,
				"the report is inconclusive: it says nothing of the candidate",
				"Your node could not reproduce the chain. Look at report.html, and simulate again.",
			));
		}
		// What the chain will draw must be there to be opened.
		leaves_of(&report, &self.report.join("report.leaves"))?;
		let account = self.sending.account()?.0;
		let path = salt_path(&self.report, id, round.round, round.attempt);
		let kept = match Kept::read(&path)? {
			// Sent again, it is the same commitment.
			Some(kept) => kept,
			None => {
				let kept = Kept {
					salt: super::salt()?,
				};
				if !self.sending.dry_run {
					// Before it is on chain: what was sent can be revealed, whatever happens in between.
					write_secret(&path, &hex::encode(kept.salt))?;
					context.say(format!(
						"{} reveals the report: back it up.",
						path.display()
					));
				}
				kept
			}
		};
		let commitment = round.commitment(client.genesis(), account, &report, kept.salt);
		// If another attempt is open when it arrives, it is refused and costs no more than its fee.
		let arguments = (id, round.round, round.attempt, Static(commitment));
		let call = dynamic::tx("Simulations", "commit", arguments);
		let effect = format!(
			"You commit to a report on proposal {id} that says {:?}, root {:?}. Reveal it between #{} and #{}.",
			report.verdict(),
			report.root(),
			round.commit_until,
			round.reveal_until.saturating_sub(1)
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
