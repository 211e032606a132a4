//! `airlock batch`

use super::{
	abort::Abort,
	health::{Health, State},
	ready::Ready,
	vote::{Choice, Vote},
};
use crate::{
	app::{Answer, Context},
	failure::input,
	transaction::{Sending, Wait},
};
use airlock_primitives::ProposalId;
use anyhow::{Context as _, Result};
use clap::Parser;
use serde_json::json;
use std::path::PathBuf;

/// Do several things that validators do, one after the other
///
/// The whole file is read before anything is sent. It ends at the first step that fails: what comes after that is not sent.
#[derive(Debug, clap::Args)]
pub struct Batch {
	/// File with one step a line: 'vote ID CHOICE', 'ready ID', 'health ID STATE', 'abort ID'. Empty lines and what follows #
	/// are skipped
	#[arg(value_name = "FILE")]
	file: PathBuf,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

/// A line.
#[derive(Debug, clap::Parser)]
#[command(
	no_binary_name = true,
	disable_help_flag = true,
	disable_help_subcommand = true
)]
struct Line {
	#[command(subcommand)]
	step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Subcommand)]
enum Step {
	Vote { id: ProposalId, choice: Choice },
	Ready { id: ProposalId },
	Health { id: ProposalId, state: State },
	Abort { id: ProposalId },
}

impl Batch {
	/// Does it all.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let text = std::fs::read_to_string(&self.file);
		let text = text.with_context(|| format!("cannot read {}", self.file.display()))?;
		let steps = read(&text)?;
		self.sending.ensure_not_prepared()?;
		let sending = match self.sending.until() == Wait::None && steps.len() > 1 {
			// One after the other has another nonce.
			true => self.sending.followed(),
			false => self.sending,
		};
		let (mut texts, mut all) = (Vec::new(), Vec::new());
		for (number, step) in steps {
			let done = step.run(context, sending.clone()).await;
			let done = done.with_context(|| format!("line {number}, after {} steps", all.len()))?;
			let text = format!("line {number}: {}", done.text);
			// Also if a later one fails.
			context.say(&text);
			texts.push(text);
			all.push(done.data);
		}
		Ok(Answer::new(texts.join("\n"), json!({"steps": all})))
	}
}

impl Step {
	async fn run(self, context: &Context, sending: Sending) -> Result<Answer> {
		match self {
			Step::Vote { id, choice } => {
				let vote = Vote {
					id,
					choice,
					sending,
				};
				vote.run(context).await
			}
			Step::Ready { id } => Ready::signal(id, sending).run(context).await,
			Step::Health { id, state } => Health { id, state, sending }.run(context).await,
			Step::Abort { id } => Abort::stop(id, sending).run(context).await,
		}
	}
}

/// The steps of a file, with the numbers of their lines.
fn read(text: &str) -> Result<Vec<(usize, Step)>> {
	let mut steps = Vec::new();
	for (at, line) in text.lines().enumerate() {
		let line = line.split('#').next().unwrap_or_default().trim();
		if line.is_empty() {
			continue;
		}
		let number = at.saturating_add(1);
		let step = Line::try_parse_from(line.split_whitespace()).map_err(|_| {
			input(
				format!("line {number}: '{line}' is no step"),
				"Write 'vote ID aye', 'vote ID nay', 'vote ID abstain', 'ready ID', 'health ID healthy', 'health ID unhealthy' or 'abort ID'. Nothing was sent.",
			)
		})?;
		steps.push((number, step.step));
	}
	if steps.is_empty() {
		return Err(input(
			"the file has no steps",
			"Write one a line, for example 'vote 3 aye'.",
		));
	}
	Ok(steps)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_file_is_read_line_by_line() {
		let text =
			"vote 3 aye\n\n# later: vote 4 nay\nhealth 5 unhealthy # at once\nready 6\nabort 7\n";
		let (id, choice) = (3, Choice::Aye);
		let state = State::Unhealthy;
		let steps = [
			(1, Step::Vote { id, choice }),
			(4, Step::Health { id: 5, state }),
			(5, Step::Ready { id: 6 }),
			(6, Step::Abort { id: 7 }),
		];
		assert_eq!(read(text).unwrap(), steps);
	}

	#[test]
	fn read_should_name_the_line_when_one_is_no_step() {
		for wrong in [
			"x 4 nay",
			"vote 4",
			"vote 4 yes",
			"vote 4 nay 5",
			"vote 4 nay --from x",
			"withdraw 4",
			"--help",
		] {
			let error = read(&format!("vote 3 aye\n{wrong}")).unwrap_err();
			assert!(error.to_string().starts_with("line 2: "), "{error}");
		}
		assert!(read("# nothing").is_err());
	}
}
