//! `airlock duties`

use crate::{
	app::{Answer, Context},
	client::Block,
	failure::input,
	keys::KeyOptions,
	units::{self, when},
	view::{self, key_of, key_of_account, View},
};
use airlock_primitives::Stage;
use anyhow::Result;
use serde_json::{json, Value as Json};
use subxt::utils::AccountId32;

/// List what awaits an account, and until when
#[derive(Debug, clap::Args)]
pub struct Duties {
	/// The account [default: that of --from]
	account: Option<String>,

	/// Whose duties, if no account is named.
	#[command(flatten)]
	key: KeyOptions,
}

/// Something that awaits an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Duty {
	id: u32,
	/// The command that does it.
	command: &'static str,
	/// The first block in which it is too late.
	until: u32,
}

impl Duty {
	/// What to type; what is in capitals is for whoever types it to say.
	fn typed(&self) -> String {
		let options = match self.command {
			"upload" => " FILE...",
			"commit" | "reveal" => " --report FOLDER",
			"attest" => " --kind KIND --report FILE [--built FILE]",
			"vote" => " CHOICE",
			"health" => " STATE",
			_ => "",
		};
		format!("airlock {} {}{options}", self.command, self.id)
	}
}

impl Duties {
	/// Lists.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let account = match (&self.account, &self.key.from) {
			(Some(text), _) => units::account(text)?,
			(None, Some(_)) => self.key.load()?.public_key().to_account_id(),
			(None, None) => {
				return Err(input(
					"whose duties?",
					"Name an account, or a key with --from.",
				))
			}
		};
		let at = context.client().await?.best().await?;
		let slot = context.slot().await?;
		let roles = Roles::of(&at, &account).await?;
		let mut duties = Vec::new();
		for view in view::proposals(&at).await? {
			if view.outcome.is_none() {
				duties.extend(roles.duty(&at, &view).await?);
			}
		}
		duties.sort_by_key(|duty| duty.until);
		let best = at.block_number() as u32;
		let lines: Vec<String> = duties
			.iter()
			.map(|duty| {
				let until = when(duty.until, best, slot);
				format!("{}  before {until}", duty.typed())
			})
			.collect();
		let text = match lines.is_empty() {
			true => format!("nothing awaits {account} ({})", roles.text()),
			false => format!("{account} ({})\n{}", roles.text(), lines.join("\n")),
		};
		let duties: Vec<Json> = duties
			.iter()
			.map(|duty| json!({"id": duty.id, "command": duty.typed(), "until": duty.until}))
			.collect();
		let data = json!({"account": account.to_string(), "roles": roles.names(), "duties": duties, "block": best});
		Ok(Answer::new(text, data))
	}
}

/// What an account is.
pub(super) struct Roles {
	account: AccountId32,
	hex: Json,
	pub(super) validator: bool,
	simulator: bool,
	auditor: bool,
}

impl Roles {
	pub(super) async fn of(at: &Block, account: &AccountId32) -> Result<Self> {
		let hex: Json = format!("0x{}", hex::encode(account.0)).into();
		let key = || vec![key_of_account(&account.0)];
		let active = view::stored(at, "Validators", "Active", vec![]).await?;
		let seats = active.as_ref().and_then(Json::as_array);
		Ok(Self {
			account: account.clone(),
			validator: seats.into_iter().flatten().any(|seat| mentions(seat, &hex)),
			simulator: view::stored(at, "Simulations", "Simulators", key())
				.await?
				.is_some(),
			auditor: view::stored(at, "Audits", "Auditors", key())
				.await?
				.is_some(),
			hex,
		})
	}

	fn names(&self) -> Vec<&'static str> {
		let all = [
			(self.validator, "validator"),
			(self.simulator, "simulator"),
			(self.auditor, "auditor"),
		];
		all.into_iter()
			.filter(|(is, _)| *is)
			.map(|(_, name)| name)
			.collect()
	}

	fn text(&self) -> String {
		match self.names().as_slice() {
			[] => "no role".to_owned(),
			names => names.join(", "),
		}
	}

	/// What a proposal asks of the account, if anything.
	pub(super) async fn duty(&self, at: &Block, view: &View) -> Result<Option<Duty>> {
		// It ends whatever anybody does.
		if view::is_void(at, view).await? {
			return Ok(None);
		}
		let id = view.id;
		let one = |command, until| Some(Duty { id, command, until });
		let stored = |pallet, item, keys| view::stored(at, pallet, item, keys);
		Ok(match view.stage {
			Stage::Registered if view.proposer == self.account.0 => one("upload", view.due),
			Stage::Simulation if self.simulator => {
				let round = stored("Simulations", "Rounds", vec![key_of(id)])
					.await?
					.unwrap_or_default();
				let sent = stored("Simulations", "Submissions", vec![key_of(id)]).await?;
				let sent = sent.unwrap_or_default();
				let mine = sent.as_array().into_iter().flatten();
				let mine = mine
					.filter(|entry| entry.get("simulator") == Some(&self.hex))
					.last();
				let block =
					|name: &str| round.get(name).and_then(Json::as_u64).unwrap_or_default() as u32;
				let now = at.block_number() as u32;
				let drawn = round.get("seed").is_some_and(|seed| seed != "None");
				match mine.and_then(|entry| entry.get("answer")) {
					None if now < block("commit_until") => one("commit", block("commit_until")),
					Some(answer) if answer == "Sealed" && drawn => {
						one("reveal", block("reveal_until"))
					}
					_ => None,
				}
			}
			Stage::Review if self.auditor => {
				let given = stored("Audits", "Attestations", vec![key_of(id)])
					.await?
					.unwrap_or_default();
				let mut given = given.as_array().into_iter().flatten();
				match given.any(|entry| entry.get("auditor") == Some(&self.hex)) {
					true => None,
					false => one("attest", view.due),
				}
			}
			Stage::Voting => {
				let keys = vec![key_of(id), key_of_account(&self.account.0)];
				let elector = stored("Supermajority", "Electors", keys).await?;
				let silent = |elector: &Json| elector.get("vote") == Some(&json!("None"));
				elector.filter(silent).and_then(|_| one("vote", view.due))
			}
			Stage::Timelock if self.validator => {
				let waiting = stored("Enactment", "InTimelock", vec![key_of(id)])
					.await?
					.unwrap_or_default();
				let ready = waiting
					.get("ready")
					.is_some_and(|ready| mentions(ready, &self.hex));
				let expires = waiting
					.get("expires")
					.and_then(Json::as_u64)
					.unwrap_or_default();
				if ready {
					None
				} else {
					one("ready", expires as u32)
				}
			}
			Stage::Probation if self.validator => {
				let said = stored("Enactment", "Reports", vec![])
					.await?
					.unwrap_or_default();
				if mentions(&said, &self.hex) {
					None
				} else {
					one("health", view.due)
				}
			}
			_ => None,
		})
	}
}

/// True if a value is another one, or has it somewhere in it.
fn mentions(value: &Json, wanted: &Json) -> bool {
	value == wanted
		|| match value {
			Json::Array(values) => values.iter().any(|value| mentions(value, wanted)),
			Json::Object(fields) => fields.values().any(|value| mentions(value, wanted)),
			_ => false,
		}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_duty_says_what_to_type() {
		let duty = |command| Duty {
			id: 3,
			command,
			until: 9,
		};
		assert_eq!(duty("vote").typed(), "airlock vote 3 CHOICE");
		assert_eq!(duty("ready").typed(), "airlock ready 3");
	}

	#[test]
	fn mentions_should_find_an_account_however_deep_it_is() {
		let account = json!("0x01");
		assert!(mentions(
			&json!([["0x02", true], ["0x01", false]]),
			&account
		));
		assert!(mentions(&json!({"ready": ["0x01"]}), &account));
		assert!(mentions(&account, &account));
		assert!(!mentions(&json!({"0x01": []}), &account));
	}
}
