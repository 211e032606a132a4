//! One file for each command. A command asks, checks and answers; it never prints.

use crate::app::{Answer, Context};
use anyhow::Result;
use std::io::Read;
use subxt::dynamic::Value;

mod abort;
mod advance;
mod attend;
mod attest;
mod batch;
mod challenge;
mod commit;
pub mod compare;
mod completion;
mod doctor;
mod draft;
mod duties;
mod evidence;
pub mod explain;
mod finding;
mod fund;
mod guide;
mod health;
mod history;
mod keys;
mod policy;
mod propose;
mod ready;
mod reveal;
mod revise;
mod session_keys;
pub mod show;
mod sign;
pub mod simulate;
mod status;
mod submit;
mod upload;
mod verify_build;
mod vote;
mod withdraw;

macro_rules! commands {
	($($name:literal $variant:ident($module:ident :: $type:ident),)*) => {
		/// All commands.
		#[derive(Debug, clap::Subcommand)]
		pub enum Command {
			$(
				#[allow(missing_docs)]
				#[command(name = $name)]
				$variant(Box<$module::$type>),
			)*
		}

		impl Command {
			/// Its name.
			pub const fn name(&self) -> &'static str {
				match self {
					$(Command::$variant(_) => $name,)*
				}
			}

			/// Does it.
			///
			/// # Errors
			/// See [`crate::failure::Kind`].
			pub async fn run(self, context: &Context) -> Result<Answer> {
				match self {
					$(Command::$variant(command) => command.run(context).await,)*
				}
			}
		}
	};
}

commands! {
	// Proposers.
	"draft" Draft(draft::Draft),
	"compare" Compare(compare::Compare),
	"propose" Propose(propose::Propose),
	"upload" Upload(upload::Upload),
	"revise" Revise(revise::Revise),
	"withdraw" Withdraw(withdraw::Withdraw),
	// Simulators.
	"simulate" Simulate(simulate::Simulate),
	"commit" Commit(commit::Commit),
	"reveal" Reveal(reveal::Reveal),
	"challenge" Challenge(challenge::Challenge),
	// Auditors and finders.
	"attest" Attest(attest::Attest),
	"finding" Finding(finding::Finding),
	"verify-build" VerifyBuild(verify_build::VerifyBuild),
	"fund" Fund(fund::Fund),
	// Validators.
	"vote" Vote(vote::Vote),
	"ready" Ready(ready::Ready),
	"health" Health(health::Health),
	"attend" Attend(attend::Attend),
	"abort" Abort(abort::Abort),
	"batch" Batch(batch::Batch),
	// Everyone.
	"status" Status(status::Status),
	"duties" Duties(duties::Duties),
	"show" Show(show::Show),
	"history" History(history::History),
	"policy" Policy(policy::Policy),
	"evidence" Evidence(evidence::Evidence),
	"explain" Explain(explain::Explain),
	"advance" Advance(advance::Advance),
	// Operators, and signing elsewhere.
	"doctor" Doctor(doctor::Doctor),
	"keys" Keys(keys::Keys),
	"session-keys" SessionKeys(session_keys::SessionKeys),
	"sign" Sign(sign::Sign),
	"submit" Submit(submit::Submit),
	"completion" Completion(completion::Completion),
	"man" Man(completion::Man),
}

/// A variant without fields, as an argument of a call.
fn unit(name: impl Into<String>) -> Value {
	Value::unnamed_variant(name, [])
}

/// Random bytes: what hides a commitment until it is opened, or a new key.
///
/// # Errors
/// If the system has no randomness.
pub fn salt() -> Result<[u8; 32]> {
	let mut salt = [0; 32];
	std::fs::File::open("/dev/urandom")?.read_exact(&mut salt)?;
	Ok(salt)
}
