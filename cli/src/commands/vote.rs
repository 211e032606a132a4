//! `airlock vote`

use crate::{
	app::{Answer, Context},
	failure::input,
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::ProposalId;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use subxt::{dynamic, utils::Static};

/// Vote on a proposal, or on several
///
/// The vote binds to the dossier that your node shows: if it is revised, you vote again. A vote can be changed until the
/// ballot closes.
#[derive(Debug, clap::Args)]
pub struct Vote {
	/// Number of the proposal
	#[arg(required_unless_present = "batch", requires = "choice")]
	id: Option<ProposalId>,

	/// What you say
	#[arg(value_enum)]
	choice: Option<Choice>,

	/// File with one vote a line, as 'ID CHOICE'; empty lines and what follows # are skipped
	#[arg(long, value_name = "FILE", conflicts_with = "id")]
	batch: Option<PathBuf>,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
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
		let votes = match (&self.batch, self.id, self.choice) {
			(Some(path), ..) => {
				let text = std::fs::read_to_string(path);
				read(&text.with_context(|| format!("cannot read {}", path.display()))?)?
			}
			(None, Some(id), Some(choice)) => vec![(id, choice)],
			_ => {
				return Err(input(
					"nothing to vote on",
					"Give a proposal and aye, nay or abstain.",
				))
			}
		};
		if votes.len() > 1 {
			self.sending.ensure_not_prepared()?;
		}
		let mut texts = Vec::new();
		let mut all = Vec::new();
		let many = votes.len() > 1 && self.sending.no_wait;
		for (id, choice) in votes {
			let sending = match many {
				// One after the other has another nonce.
				true => self.sending.followed(),
				false => self.sending.clone(),
			};
			let answer = self.one(context, &sending, id, choice).await;
			let answer =
				answer.with_context(|| format!("proposal {id}, after {} votes", all.len()))?;
			texts.push(answer.text);
			all.push(answer.data);
		}
		Ok(Answer::new(
			texts.join("\n"),
			serde_json::json!({"votes": all}),
		))
	}

	async fn one(
		&self,
		context: &Context,
		sending: &Sending,
		id: ProposalId,
		choice: Choice,
	) -> Result<Answer> {
		let at = context.client().await?.best().await?;
		let seen = view::proposal(&at, id).await?;
		let says = super::unit(format!("{choice:?}"));
		let call = dynamic::tx(
			"Supermajority",
			"vote",
			(id, Static(seen.dossier_hash), says),
		);
		let effect = format!(
			"You say {choice:?} to proposal {id}: {:?}, version {}, dossier {:?}.",
			seen.class, seen.spec_version, seen.dossier_hash
		);
		send(context, sending, Intent::new(call, effect)).await
	}
}

/// Votes of a file.
fn read(text: &str) -> Result<Vec<(ProposalId, Choice)>> {
	let lines = text.lines().enumerate();
	let lines = lines.map(|(at, line)| (at, line.split('#').next().unwrap_or_default().trim()));
	let lines = lines.filter(|(_, line)| !line.is_empty());
	let votes: Result<Vec<_>> = lines
		.map(|(at, line)| one_vote(at.saturating_add(1), line))
		.collect();
	let votes = votes?;
	if votes.is_empty() {
		return Err(input(
			"the file has no votes",
			"Write one a line, for example '3 aye'.",
		));
	}
	Ok(votes)
}

fn one_vote(number: usize, line: &str) -> Result<(ProposalId, Choice)> {
	let wrong = || {
		input(
			format!("line {number}: '{line}' is no vote"),
			"Write for example '3 aye': a proposal, and aye, nay or abstain.",
		)
	};
	let mut words = line.split_whitespace();
	let id = words.next().and_then(|word| word.parse().ok());
	let choice = words
		.next()
		.and_then(|word| clap::ValueEnum::from_str(word, true).ok());
	match (id, choice, words.next()) {
		(Some(id), Some(choice), None) => Ok((id, choice)),
		_ => Err(wrong()),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_file_of_votes_is_read_line_by_line() {
		let votes = read("3 aye\n\n# later: 4 nay\n5 Abstain # not ours\n").unwrap();
		assert_eq!(votes, [(3, Choice::Aye), (5, Choice::Abstain)]);
	}

	#[test]
	fn read_should_name_the_line_when_one_is_no_vote() {
		for wrong in ["3 aye\nx nay", "3 aye\n4", "3 aye\n4 yes", "3 aye\n4 nay 5"] {
			let error = read(wrong).unwrap_err();
			assert!(error.to_string().starts_with("line 2: "), "{error}");
		}
		assert!(read("# nothing").is_err());
	}
}
