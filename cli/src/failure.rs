//! Why a command fails: the exit code for scripts, a name for programs, and what to do for people.

use crate::client::Refused;
use std::fmt;

/// Kinds of failure. Their codes are a promise to scripts: a new kind gets a new code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
	/// Something else.
	Other,
	/// A file, an option or an argument is wrong. Nothing was sent.
	Input,
	/// The node does not answer, or not what it should.
	Network,
	/// The runtime refuses the call, or refused it in a block.
	Refused,
	/// It would cost more than `--max-fee`. It was not sent.
	TooDear,
	/// Somebody must say yes, and there is no terminal. It was not sent.
	Prompt,
	/// It was sent, and did not get into a block, or not a finalized one, in time. It may still.
	Pending,
	/// The command did its work, and the answer is no: bytes differ, a proof is wrong, the node is not well.
	Negative,
}

impl Kind {
	/// All kinds.
	pub const ALL: [Kind; 8] = [
		Kind::Other,
		Kind::Input,
		Kind::Network,
		Kind::Refused,
		Kind::TooDear,
		Kind::Prompt,
		Kind::Pending,
		Kind::Negative,
	];

	/// Exit code of the program. 0 is success.
	pub const fn exit_code(self) -> u8 {
		match self {
			Kind::Other => 1,
			Kind::Input => 2,
			Kind::Network => 3,
			Kind::Refused => 4,
			Kind::TooDear => 5,
			Kind::Prompt => 6,
			Kind::Pending => 7,
			Kind::Negative => 8,
		}
	}

	/// Name in the JSON document.
	pub const fn name(self) -> &'static str {
		match self {
			Kind::Other => "OTHER",
			Kind::Input => "INVALID_INPUT",
			Kind::Network => "NETWORK_ERROR",
			Kind::Refused => "REFUSED",
			Kind::TooDear => "FEE_TOO_HIGH",
			Kind::Prompt => "PROMPT_REQUIRED",
			Kind::Pending => "PENDING",
			Kind::Negative => "NEGATIVE",
		}
	}
}

/// A failure of a known kind.
#[derive(Debug)]
pub struct Failure {
	/// Its kind.
	pub kind: Kind,
	/// What happened.
	pub message: String,
	/// What to do; may be empty.
	pub advice: String,
	/// `Pallet::Error`, if the runtime refuses by one.
	pub runtime_error: Option<String>,
}

impl fmt::Display for Failure {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&self.message)
	}
}

impl std::error::Error for Failure {}

impl Failure {
	/// One that is not the runtime's.
	pub fn new(kind: Kind, message: impl Into<String>, advice: impl Into<String>) -> Self {
		Self {
			kind,
			message: message.into(),
			advice: advice.into(),
			runtime_error: None,
		}
	}
}

/// Makes a failure.
pub fn fail(kind: Kind, message: impl Into<String>, advice: impl Into<String>) -> anyhow::Error {
	Failure::new(kind, message, advice).into()
}

/// A wrong input.
pub fn input(message: impl Into<String>, advice: impl Into<String>) -> anyhow::Error {
	fail(Kind::Input, message, advice)
}

/// What was being done when the runtime refused.
fn before(error: &anyhow::Error) -> String {
	let doing = error.chain().take_while(|cause| !cause.is::<Refused>());
	doing.map(|what| format!("{what}: ")).collect()
}

/// What an error is, for the exit code and for the reader.
pub fn of(error: &anyhow::Error) -> Failure {
	for cause in error.chain() {
		if let Some(failure) = cause.downcast_ref::<Failure>() {
			return Failure {
				kind: failure.kind,
				message: format!("{error:#}"),
				advice: failure.advice.clone(),
				runtime_error: failure.runtime_error.clone(),
			};
		}
		if let Some(refused) = cause.downcast_ref::<Refused>() {
			return Failure {
				kind: Kind::Refused,
				message: format!(
					"{}{} was refused: {}",
					before(error),
					refused.call,
					refused.error
				),
				advice: refused.docs.clone(),
				runtime_error: refused.is_named().then(|| refused.error.clone()),
			};
		}
		if cause.is::<std::io::Error>() {
			let advice = "Check the path, and who may read or write there.";
			return Failure::new(Kind::Input, format!("{error:#}"), advice);
		}
		if let Some(subxt::rpcs::Error::User(_)) = cause.downcast_ref() {
			let advice = "The node answers, and refuses that. Some questions it takes only from its own machine, some not at all.";
			return Failure::new(Kind::Other, format!("{error:#}"), advice);
		}
		if is_of_network(cause) {
			let advice =
				"Is the node running, and is --url its address? 'airlock doctor' looks closer.";
			return Failure::new(Kind::Network, format!("{error:#}"), advice);
		}
	}
	Failure::new(Kind::Other, format!("{error:#}"), "")
}

fn is_of_network(cause: &(dyn std::error::Error + 'static)) -> bool {
	cause.is::<subxt::rpcs::Error>() || cause.is::<subxt::error::BackendError>()
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::BTreeSet;

	#[test]
	fn no_two_kinds_share_an_exit_code_or_a_name() {
		let codes: BTreeSet<u8> = Kind::ALL.iter().map(|kind| kind.exit_code()).collect();
		let names: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
		assert_eq!(
			(codes.len(), names.len()),
			(Kind::ALL.len(), Kind::ALL.len())
		);
		assert!(!codes.contains(&0), "0 is success");
	}

	#[test]
	fn of_should_find_the_kind_when_context_was_added() {
		let error = input("no such file", "Give another one.").context("reading the dossier");
		let failure = of(&error);
		assert_eq!(failure.kind, Kind::Input);
		assert_eq!(failure.message, "reading the dossier: no such file");
		assert_eq!(failure.advice, "Give another one.");
	}

	#[test]
	fn of_should_give_the_advice_of_the_pallet_when_the_runtime_refuses() {
		let refused = Refused {
			call: "Supermajority.vote".into(),
			error: "Supermajority::NotElector".into(),
			docs: "Ask one of the electors.".into(),
		};
		let failure = of(&anyhow::Error::from(refused).context("voting"));
		assert_eq!(failure.kind, Kind::Refused);
		assert!(failure
			.message
			.starts_with("voting: Supermajority.vote was"));
		assert_eq!(failure.advice, "Ask one of the electors.");
		let named = failure.runtime_error.as_deref();
		assert_eq!(named, Some("Supermajority::NotElector"));
	}
}
