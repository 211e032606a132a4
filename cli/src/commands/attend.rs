//! `airlock attend`

use super::{
	doctor,
	duties::Roles,
	health::{Health, State},
	ready::Ready,
};
use crate::{
	app::{document, record, Answer, Context},
	client::{Block, Client},
	failure::{self, input, Kind},
	keys::KEY_VARIABLE,
	transaction::Sending,
	view::{self, View},
};
use airlock_primitives::{ProposalId, Stage};
use anyhow::Result;
use serde_json::{json, Value as Json};
use std::{
	collections::{BTreeMap, BTreeSet},
	path::{Path, PathBuf},
	process::Stdio,
	time::{Duration, Instant},
};
use subxt::utils::AccountId32;

/// For so long new code must look unhealthy before that is said: a third of the power that says so sends the chain back.
const PERSISTS: Duration = Duration::from_secs(120);
/// So many blocks after the switch must be final before code is said to be healthy: the first that it built, and one on that.
const SHOWN: u64 = 2;
/// When so many blocks of the new code were built and none is final, finality fell behind with the switch. As many slots without a
/// block bring the rescue, by the production policy.
const NOT_FINAL: u64 = 50;
/// For so long a node is not asked again to load codes that it could not run: each try compiles them.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// The operator's own check is run once in such a time, and may take as long.
const CHECK_EVERY: Duration = Duration::from_secs(60);

/// Stand by your validator: signal readiness and report health as soon as its node can tell
///
/// Runs beside your own validator's node (--url) until it is stopped, and looks once a slot. In the timelock it has the node load
/// the codes, and signals once that it can run them. While new code is watched it reports how that does; what somebody else
/// said stays. Healthy: its first blocks are final, and your own check says so; without one, only when half of the critical window
/// is over, in which people can say otherwise. Unhealthy, after two minutes of it: finality fell behind with the switch, or
/// your own check says no. A node that syncs or has no peers says nothing. Votes are yours.
#[derive(Debug, clap::Args)]
pub struct Attend {
	/// Look once and do what is due; only tell what looks unhealthy
	#[arg(long)]
	once: bool,

	/// Your own check of the new code: a program, run once a minute with the proposal's number. 0 is healthy, 8 is not, all else
	/// says nothing
	#[arg(long, value_name = "PROGRAM")]
	check: Option<PathBuf>,

	/// Signing and sending. It always waits for a block, and not for finality.
	#[command(flatten)]
	sending: Sending,
}

/// What can be told of code that is watched, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Judgement {
	Healthy,
	Unhealthy(String),
	Unknown(String),
}

impl Attend {
	/// Attends.
	///
	/// # Errors
	/// See [`crate::failure::Kind`]; without `--once` only if there is no key, no node to begin with, or nobody to ask.
	pub async fn run(self, context: &Context) -> Result<Answer> {
		self.sending.ensure_not_prepared()?;
		if !self.once && (self.sending.dry_run || !self.sending.yes) {
			return Err(input(
				"it signs by itself for as long as it runs",
				"Say --yes, or look once with --once, which may ask, or --dry-run.",
			));
		}
		let account = self.sending.account()?;
		let slot = context.slot().await?;
		let once = self.once;
		let mut attendant = Attendant::new(self, account);
		loop {
			let looked = attendant.look(context).await;
			if once {
				return looked.map(|done| attendant.answer(done));
			}
			match looked {
				Ok(done) => done.iter().for_each(|answer| {
					context.say(&answer.text);
					record(context, &document("attend", answer));
				}),
				Err(error) => {
					let failure = failure::of(&error);
					if failure.kind == Kind::Prompt {
						return Err(error);
					}
					attendant.tell(context, format!("{failure}. {}", failure.advice));
					if failure.kind == Kind::Network {
						drop(context.client().await?.connect_again().await);
					}
				}
			}
			tokio::time::sleep(slot).await;
		}
	}
}

/// What is remembered from one look to the next.
struct Attendant {
	options: Attend,
	account: AccountId32,
	/// Upgrades that this program, or whoever came before it, has signalled readiness for. A signal that is taken back stays so.
	signalled: BTreeSet<ProposalId>,
	/// Upgrades that the node could not run, and when that was seen.
	unfit: BTreeMap<ProposalId, Instant>,
	/// What this program reported last.
	reported: Option<(ProposalId, bool)>,
	/// Since when the code that is watched has looked unhealthy.
	doubted: Option<Instant>,
	/// What the own check said last, and when.
	checked: Option<(Instant, Judgement)>,
	/// What was told in this look, and in the one before: once is enough.
	told: String,
	told_before: String,
}

impl Attendant {
	fn new(options: Attend, account: AccountId32) -> Self {
		Self {
			options,
			account,
			signalled: BTreeSet::new(),
			unfit: BTreeMap::new(),
			reported: None,
			doubted: None,
			checked: None,
			told: String::new(),
			told_before: String::new(),
		}
	}

	/// Does what is due now. What was sent.
	///
	/// # Errors
	/// The last one: what fails for one proposal does not hold up another.
	async fn look(&mut self, context: &Context) -> Result<Vec<Answer>> {
		self.told_before = std::mem::take(&mut self.told);
		let at = context.client().await?.best().await?;
		let roles = Roles::of(&at, &self.account).await?;
		let mut done = Vec::new();
		if !roles.validator {
			let text = format!("{} is no validator of this session", self.account);
			self.tell(context, text);
			return Ok(done);
		}
		let mut failed = None;
		for view in view::proposals(&at).await? {
			let sent = match (view.outcome, view.stage) {
				(None, Stage::Timelock) => {
					let is_due = roles.duty(&at, &view).await?.is_some();
					self.signal(context, view.id, is_due).await
				}
				(None, Stage::Probation) => self.report(context, &at, &view).await,
				_ => continue,
			};
			match sent {
				Ok(sent) => done.extend(sent),
				Err(error) => failed = Some(error),
			}
		}
		match failed {
			Some(error) if done.is_empty() => Err(error),
			_ => Ok(done),
		}
	}

	async fn signal(
		&mut self,
		context: &Context,
		id: ProposalId,
		is_due: bool,
	) -> Result<Option<Answer>> {
		if !is_due {
			self.signalled.insert(id);
			return Ok(None);
		}
		let asked = self.unfit.get(&id);
		let is_new = asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN);
		if !is_new || self.signalled.contains(&id) {
			return Ok(None);
		}
		// Noted before the answer: also a node that does not answer is left in peace.
		self.unfit.insert(id, Instant::now());
		let signalled = Ready::signal(id, self.options.sending.followed());
		signalled.run(context).await.map(Some)
	}

	async fn report(
		&mut self,
		context: &Context,
		at: &Block,
		view: &View,
	) -> Result<Option<Answer>> {
		let client = context.client().await?;
		let judgement = self.judge(client, at, view).await?;
		let is_doubted = matches!(judgement, Judgement::Unhealthy(_));
		let doubted = self.doubted.filter(|_| is_doubted);
		self.doubted = doubted.or_else(|| is_doubted.then(Instant::now));
		let (id, state) = match judgement {
			Judgement::Healthy => (view.id, State::Healthy),
			Judgement::Unhealthy(why) => {
				self.tell(context, format!("proposal {}: unhealthy: {why}", view.id));
				let persists = doubted.is_some_and(|since| since.elapsed() >= PERSISTS);
				if !persists {
					return Ok(None);
				}
				(view.id, State::Unhealthy)
			}
			Judgement::Unknown(why) => {
				self.tell(context, format!("proposal {}: {why}", view.id));
				return Ok(None);
			}
		};
		// Read now: somebody may have spoken while the check ran.
		let reports = view::stored(&client.best().await?, "Enactment", "Reports", vec![]).await?;
		let last = said(&reports.unwrap_or_default(), &self.account);
		let healthy = state == State::Healthy;
		let own = self.reported.filter(|(of, _)| *of == id);
		if !is_due(last, healthy, own.map(|(_, said)| said)) {
			return Ok(None);
		}
		// Noted before it is sent: it may get into a block although that is not seen.
		self.reported = Some((id, healthy));
		let sending = self.options.sending.followed();
		Health { id, state, sending }.run(context).await.map(Some)
	}

	/// What the node shows of the code that is watched. A node that is not well itself shows nothing.
	async fn judge(&mut self, client: &Client, at: &Block, view: &View) -> Result<Judgement> {
		let unknown = |why: &str| Ok(Judgement::Unknown(why.to_owned()));
		for check in [doctor::synced(client).await?, doctor::peers(client).await?] {
			if check.well != Some(true) {
				return unknown(&format!("this node has nothing to say: {}", check.name));
			}
		}
		let trial = view::stored(at, "Enactment", "OnProbation", vec![]).await?;
		let Some(windows) = trial.as_ref().and_then(Windows::of) else {
			return unknown("the chain does not say since when it is watched");
		};
		let (best, finalized) = client.heads().await?;
		let (best, finalized) = (u64::from(best), u64::from(finalized));
		if best.saturating_add(1) >= windows.watch_ends {
			return unknown("nobody is heard any more");
		}
		if finalized < windows.since.saturating_add(SHOWN) {
			// Finality that stood still before the switch is not the code's doing.
			let fell_behind = best >= windows.since.saturating_add(NOT_FINAL)
				&& finalized.saturating_add(NOT_FINAL) >= windows.since;
			return match fell_behind {
				true => Ok(Judgement::Unhealthy("no block of it is final".to_owned())),
				false => unknown("its first blocks are not final yet"),
			};
		}
		match self.options.check.clone() {
			Some(program) => Ok(self.own_check(&program, view.id).await),
			None if best >= windows.half_time => Ok(Judgement::Healthy),
			None => unknown("nothing is wrong; without --check that is said at half time"),
		}
	}

	/// What the operator's program says, or said a short while ago.
	async fn own_check(&mut self, program: &Path, id: ProposalId) -> Judgement {
		match &self.checked {
			Some((when, said)) if when.elapsed() < CHECK_EVERY => said.clone(),
			_ => {
				let said = run_check(program, id).await;
				self.checked = Some((Instant::now(), said.clone()));
				said
			}
		}
	}

	/// Tells the operator, unless that was told in the look before.
	fn tell(&mut self, context: &Context, text: String) {
		if self.told_before != text {
			context.say(&text);
		}
		self.told = text;
	}

	/// What one look came to.
	fn answer(&self, done: Vec<Answer>) -> Answer {
		let texts: Vec<&str> = done.iter().map(|answer| answer.text.as_str()).collect();
		let text = match (done.is_empty(), self.told.as_str()) {
			(false, _) => texts.join("\n"),
			(true, "") => format!("nothing is due of {}", self.account),
			(true, told) => told.to_owned(),
		};
		let sent: Vec<&Json> = done.iter().map(|answer| &answer.data).collect();
		let data = json!({"account": self.account.to_string(), "done": sent, "told": self.told});
		Answer {
			positive: self.doubted.is_none(),
			..Answer::new(text, data)
		}
	}
}

/// When an upgrade is watched, in numbers of blocks.
struct Windows {
	/// The block of the switch.
	since: u64,
	/// The middle of the critical window.
	half_time: u64,
	/// From here on reports are refused.
	watch_ends: u64,
}

impl Windows {
	fn of(trial: &Json) -> Option<Self> {
		let policy = &trial["policy"];
		let since = trial["since"].as_u64()?;
		let critical = policy["critical"].as_u64()?;
		let watch = policy["watch"].as_u64()?;
		Some(Self {
			since,
			half_time: since.saturating_add(critical / 2),
			watch_ends: since.saturating_add(critical).saturating_add(watch),
		})
	}
}

/// True if a report says something new, and takes back nothing but what this program said itself: people see more.
fn is_due(last: Option<bool>, healthy: bool, own: Option<bool>) -> bool {
	last.is_none_or(|last| last != healthy && own == Some(last))
}

/// What an account said last, by the list of reports.
fn said(reports: &Json, account: &AccountId32) -> Option<bool> {
	let hex = format!("0x{}", hex::encode(account.0));
	let mut reports = reports.as_array().into_iter().flatten();
	let report = reports.find(|report| report[0] == hex.as_str())?;
	report[1].as_bool()
}

/// What the operator's program says. One that does not run must not send the chain back.
async fn run_check(program: &Path, id: ProposalId) -> Judgement {
	let mut command = tokio::process::Command::new(program);
	command.arg(id.to_string()).kill_on_drop(true);
	// Stdout is for our results alone, and the key for nobody.
	command
		.stdin(Stdio::null())
		.stdout(Stdio::null())
		.env_remove(KEY_VARIABLE);
	let name = program.display();
	let negative = i32::from(Kind::Negative.exit_code());
	match tokio::time::timeout(CHECK_EVERY, command.status()).await {
		Err(_) => Judgement::Unknown(format!("{name} does not end")),
		Ok(Err(error)) => Judgement::Unknown(format!("{name} does not run: {error}")),
		Ok(Ok(ended)) => match ended.code() {
			Some(0) => Judgement::Healthy,
			Some(code) if code == negative => Judgement::Unhealthy(format!("{name} says no")),
			_ => Judgement::Unknown(format!("{name} ended with {ended}")),
		},
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn said_should_find_the_report_of_the_account_and_no_other() {
		let (me, other) = (AccountId32([1; 32]), AccountId32([2; 32]));
		let of = |who: &AccountId32| format!("0x{}", hex::encode(who.0));
		let reports = json!([[of(&other), true], [of(&me), false]]);
		assert_eq!(said(&reports, &me), Some(false));
		assert_eq!(said(&reports, &other), Some(true));
		assert_eq!(said(&reports, &AccountId32([3; 32])), None);
		assert_eq!(said(&Json::Null, &me), None);
	}

	#[test]
	fn what_somebody_else_said_should_stay() {
		for healthy in [true, false] {
			let (same, other) = (Some(healthy), Some(!healthy));
			assert!(is_due(None, healthy, None) && is_due(None, healthy, other));
			assert!(!is_due(same, healthy, None) && !is_due(same, healthy, same));
			assert!(is_due(other, healthy, other));
			assert!(!is_due(other, healthy, None) && !is_due(other, healthy, same));
		}
	}

	#[test]
	fn windows_are_those_of_the_pallet() {
		let trial = json!({"since": 100, "policy": {"critical": 25, "watch": 3}});
		let windows = Windows::of(&trial).unwrap();
		let all = (windows.since, windows.half_time, windows.watch_ends);
		assert_eq!(all, (100, 112, 128));
		assert!(Windows::of(&json!({"since": 100})).is_none());
	}

	/// A program that ends with this code.
	fn program(folder: &Path, code: u8) -> PathBuf {
		use std::os::unix::fs::PermissionsExt;
		let path = folder.join(format!("ends-with-{code}"));
		let text = format!("#!/bin/sh\necho heard $1\nexit {code}\n");
		std::fs::write(&path, text).unwrap();
		std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
		path
	}

	#[tokio::test]
	async fn only_a_clear_no_of_the_own_check_is_bad_news() {
		let folder = tempfile::tempdir().unwrap();
		let judge = |code| {
			let program = program(folder.path(), code);
			async move { run_check(&program, 3).await }
		};
		assert_eq!(judge(0).await, Judgement::Healthy);
		assert!(matches!(judge(8).await, Judgement::Unhealthy(_)));
		for broken in [1, 2, 127] {
			assert!(matches!(judge(broken).await, Judgement::Unknown(_)));
		}
		let none = run_check(&folder.path().join("none"), 3).await;
		assert!(matches!(none, Judgement::Unknown(_)));
	}
}
