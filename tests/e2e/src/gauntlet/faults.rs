//! What happens to nodes while an upgrade passes, and must not matter: the code is written once, on one chain, and kept if it
//! is good; code that builds no block is left, also by those who were away or came anew.

use super::{
	blobs::{self, Blob},
	course::{Candidate, Course, Machine},
	is_sound, Row,
};
use crate::{
	client,
	network::{Network, Node, Options as Start},
	roles::{self, Actor, Cast},
};
use airlock_primitives::{Failure, Outcome, ProposalId, Stage};
use anyhow::{anyhow, bail, ensure, Context, Result};
use futures::{stream, StreamExt};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};
use subxt::dynamic::{self, Value};

/// How long a fault lasts: some slots of two seconds.
const LASTS: Duration = Duration::from_secs(12);
/// How far a wrong clock is ahead, in seconds: some slots.
const AHEAD: u32 = 30;
/// Room for the data of a node whose disk gets full, in bytes.
const DISK: u64 = 192 * 1024 * 1024;
/// The validator that the fault hits: the last one, which nobody asks.
const VICTIM: usize = 3;
/// Blocks after the switch in which it is watched, by the rules of these chains.
const WATCHED: u32 = super::CRITICAL + 2;
/// So long after the switch of code that builds no block a fault begins: the way back builds one after twelve slots of two seconds.
const UNTIL_RESCUE: Duration = Duration::from_secs(18);
/// The blob that builds no block.
const BUILDS_NOTHING: &str = "panics-at-once";

/// A fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
	/// The process is killed, and started again later.
	Killed,
	/// The process stands still for a while.
	Paused,
	/// The process is ended and started again at once.
	Restarted,
	/// The node is started again with a clock that is ahead, and later with the right one.
	WrongClock,
	/// The node's disk is full for a while.
	FullDisk,
	/// Two validators cannot reach the other two for a while.
	CutOff,
	/// The council removes the validator.
	Removed,
	/// The validator runs an older node all the time.
	OldNode,
	/// Two nodes that were never there come: one executes all blocks, one syncs by warp.
	Joined,
}

/// When it happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
	/// When the timelock begins.
	Timelock,
	/// From the block before the switch on.
	Switch,
	/// When the new code has built some blocks.
	Critical,
	/// When nobody is heard any more.
	CloseOut,
	/// When the new code builds no block, and the way back is about to.
	Rescue,
}

/// One fault at one moment.
pub type Trial = (Fault, Moment);

/// What can be tried on this machine: the fault, or why not.
///
/// # Errors
/// What is missing.
fn is_possible(fault: Fault, old_node: Option<&PathBuf>) -> Result<()> {
	match fault {
		Fault::WrongClock => faketime().map(|_| ()),
		Fault::FullDisk => {
			let id = std::process::Command::new("id").arg("-u").output()?;
			ensure!(
				id.stdout.starts_with(b"0\n"),
				"only root can give a node a small disk"
			);
			Ok(())
		}
		Fault::OldNode => old_node
			.map(|_| ())
			.context("no older node is given: --old-node"),
		_ => Ok(()),
	}
}

/// All trials, without those that cannot be made here; and these, with the reason.
pub fn trials(old_node: Option<&PathBuf>) -> (Vec<Trial>, Vec<String>) {
	use Fault::*;
	let (mut trials, mut left_out) = (Vec::new(), Vec::new());
	for fault in [
		Killed, Paused, Restarted, WrongClock, FullDisk, CutOff, Removed, OldNode, Joined,
	] {
		match is_possible(fault, old_node) {
			Err(why) => left_out.push(format!("{fault:?}: {why:#}")),
			Ok(()) => trials.extend(moments(fault).iter().map(|moment| (fault, *moment))),
		}
	}
	(trials, left_out)
}

/// When a fault is tried.
fn moments(fault: Fault) -> &'static [Moment] {
	use Moment::*;
	match fault {
		// A motion of the council that is under way at the switch is void.
		Fault::Removed => &[Timelock, Critical],
		// All the time, with good code and with bad.
		Fault::OldNode => &[Timelock, Rescue],
		// At any other time they do what those do that come afterwards.
		Fault::Joined => &[Rescue],
		_ => &[Timelock, Switch, Critical, CloseOut, Rescue],
	}
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
	/// The node's binary.
	pub binary: PathBuf,
	/// An older one.
	pub old_node: Option<PathBuf>,
	/// Chains at a time.
	pub at_once: usize,
}

/// Makes trials, and says of each how it ended as soon as it is known.
///
/// # Errors
/// If this program was built without wasm.
pub async fn run(options: &Options, trials: Vec<Trial>, tell: impl Fn(&Row)) -> Result<Vec<Row>> {
	let machine = Machine::default();
	let bad = blobs::named(BUILDS_NOTHING)?;
	let courses = trials
		.into_iter()
		.map(|trial| one(options, &machine, &bad, trial));
	let mut courses = stream::iter(courses).buffer_unordered(options.at_once.max(1));
	let mut rows = Vec::new();
	while let Some(row) = courses.next().await {
		tell(&row);
		rows.push(row);
	}
	Ok(rows)
}

/// Who built the blocks that wrote the code. Each validator must have built one: whose turn it is makes no difference.
pub fn authors(rows: &[Row]) -> BTreeSet<&str> {
	rows.iter()
		.filter_map(|row| row.author.as_deref())
		.collect()
}

async fn one(options: &Options, machine: &Machine, bad: &Blob, (fault, moment): Trial) -> Row {
	let mut row = Row::named(name((fault, moment)));
	let made = async {
		let start = machine.start(Start {
			binary: options.binary.clone(),
			other_binary: options
				.old_node
				.clone()
				.filter(|_| fault == Fault::OldNode)
				.map(|old| (VICTIM, old)),
			small_disk: (fault == Fault::FullDisk).then_some((VICTIM, DISK)),
			wired: fault == Fault::CutOff,
			// A motion of the council is void when the code is written: it must be over before.
			genesis: super::rules(
				if fault == Fault::Removed { 14 } else { 8 },
				super::CRITICAL,
				2,
				4,
			),
			late: if fault == Fault::Joined { 4 } else { 2 },
			..Start::default()
		});
		let mut network = start.await?;
		let made = pass(&network, machine, bad, (fault, moment), &mut row).await;
		if made.is_err() {
			network.keep_files();
		}
		let logs = || format!("logs are in {}", network.path().display());
		made.with_context(logs)
	}
	.await;
	row.trouble = made.err().map(|trouble| format!("{trouble:#}"));
	row
}

/// A trial, as it is called.
pub fn name((fault, moment): Trial) -> String {
	format!("{fault:?} at {moment:?}")
}

/// An upgrade, with the fault in it.
async fn pass(
	network: &Network,
	machine: &Machine,
	bad: &Blob,
	(fault, moment): Trial,
	row: &mut Row,
) -> Result<()> {
	let mut cast = Cast::new(crate::network::VALIDATORS.len())?;
	let course = Course::new(network, &cast, machine);
	course.settle().await?;
	let (candidate, expected) = match moment {
		Moment::Rescue => (bad.into(), Outcome::RolledBack(Failure::Rescued)),
		_ => (Candidate::good(), Outcome::Finalized),
	};
	let (id, dossier) = course.propose(&candidate).await?;
	let before = course.before(candidate.version).await?;
	let hit = async {
		wait_for(network, id, moment).await?;
		let hit = inject(network, &cast, fault).await;
		hit.with_context(|| format!("{fault:?}"))
	};
	let upgrade = async {
		let written = course.wave_through(id, &dossier).await?;
		let switched_at = written.at;
		let end = course.watch(id, written, &before).await?;
		Ok::<_, anyhow::Error>((switched_at, end))
	};
	let ((), (switched_at, end)) = futures::try_join!(hit, upgrade)?;
	row.note(&end);
	ensure!(end.outcome == expected, "it should have ended {expected:?}");
	let client = network.observer()?.client().await?;
	let hash = client
		.hash_of(switched_at)
		.await?
		.context("the switch is gone")?;
	// Aura: it is the turn of the validator whose number the slot has.
	let turn = client.slot(hash).await? as usize % crate::network::VALIDATORS.len();
	row.author = crate::network::VALIDATORS
		.get(turn)
		.map(|name| (*name).to_owned());
	let switches = course.switches(id).await?;
	ensure!(switches == 1, "the code was written {switches} times");
	if fault == Fault::Removed {
		cast.validators.truncate(VICTIM);
	}
	is_sound(&Course::new(network, &cast, machine)).await
}

/// Waits until it is time for the fault.
async fn wait_for(network: &Network, id: ProposalId, moment: Moment) -> Result<()> {
	let client = network.observer()?.client().await?;
	let (mut timelock_since, mut probation_since) = (None, None);
	loop {
		let view = roles::view(&client.best().await?, id).await?;
		let now = client.heads().await?.0;
		if view.stage == Stage::Timelock {
			timelock_since.get_or_insert(now);
		}
		if view.stage == Stage::Probation {
			probation_since.get_or_insert(now);
		}
		let since = probation_since.map(|since: u32| now.saturating_sub(since));
		let is_time = match moment {
			Moment::Timelock => view.stage >= Stage::Timelock,
			Moment::Switch => {
				// In the stage's first block the chain only says when it looks at it next.
				let is_known = timelock_since.is_some_and(|since| now > since);
				is_known && now + 1 >= view.due || since.is_some()
			}
			Moment::Critical => since.is_some_and(|blocks| blocks >= 2),
			Moment::CloseOut => since.is_some_and(|blocks| blocks >= WATCHED),
			Moment::Rescue => since.is_some(),
		};
		if is_time {
			if moment == Moment::Rescue {
				tokio::time::sleep(UNTIL_RESCUE).await;
			}
			return Ok(());
		}
		ensure!(
			view.outcome.is_none(),
			"it ended {:?} before the fault",
			view.outcome
		);
		tokio::time::sleep(Duration::from_millis(300)).await;
	}
}

/// Makes the fault, and mends it.
async fn inject(network: &Network, cast: &Cast, fault: Fault) -> Result<()> {
	let victim = network
		.validators()
		.get(VICTIM)
		.context("there are four validators")?;
	match fault {
		Fault::Killed => {
			victim.kill();
			tokio::time::sleep(LASTS).await;
			victim.start()
		}
		Fault::Paused => {
			victim.signal("STOP")?;
			tokio::time::sleep(LASTS).await;
			victim.signal("CONT")
		}
		Fault::Restarted => {
			victim.stop().await?;
			victim.start()
		}
		Fault::WrongClock => {
			victim.stop().await?;
			victim.start_with(&[
				("LD_PRELOAD", faketime()?.display().to_string()),
				("FAKETIME", format!("+{AHEAD}")),
				("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
			])?;
			tokio::time::sleep(LASTS).await;
			victim.stop().await?;
			victim.start()
		}
		Fault::FullDisk => full_disk(victim).await,
		Fault::CutOff => {
			network.cut(true)?;
			tokio::time::sleep(LASTS).await;
			network.cut(false)
		}
		Fault::Removed => remove(network, cast).await,
		Fault::OldNode => Ok(()),
		Fault::Joined => {
			network.join()?;
			network.join().map(|_| ())
		}
	}
}

/// Fills the disk of a node, and makes room again. A node may end on a full disk; then it is started again, as its operator would.
async fn full_disk(victim: &Node) -> Result<()> {
	let filler = victim.base_path().join("filler");
	let mut file = std::fs::File::create(&filler)?;
	// Until nothing more fits.
	let filled = std::io::copy(&mut std::io::repeat(0), &mut file);
	ensure!(filled.is_err(), "the disk does not get full");
	tokio::time::sleep(LASTS).await;
	drop(file);
	std::fs::remove_file(&filler)?;
	if victim.runs() {
		victim.stop().await?;
	}
	victim.forget().await;
	victim.start()
}

/// The council removes the victim: a motion of three, which the others vote for.
async fn remove(network: &Network, cast: &Cast) -> Result<()> {
	let [first, others @ .., victim] = &cast.validators[..] else {
		bail!("there are no validators");
	};
	let client = network.observer()?.client().await?;
	let account = |who: &Actor| Value::from_bytes(who.account());
	let removal = Value::named_variant("remove", [("validator", account(victim))]);
	let removal = Value::unnamed_variant("Validators", [removal]);
	let propose = dynamic::tx(
		"Council",
		"propose",
		vec![Value::u128(3), removal, Value::u128(1_000)],
	);
	let made = client.submit(&first.key, &propose).await?;
	let motion = made
		.events
		.iter()
		.find(|e| e.pallet == "Council" && e.name == "Proposed");
	let motion = motion.ok_or_else(|| anyhow!("the motion is not there"))?;
	let hash = client::field(&motion.fields, "proposal_hash")?;
	let index = client::field(&motion.fields, "proposal_index")?;
	for who in [first].into_iter().chain(others) {
		let aye = vec![hash.clone(), index.clone(), Value::bool(true)];
		client
			.submit(&who.key, &dynamic::tx("Council", "vote", aye))
			.await?;
	}
	let bound = Value::named_composite([
		("ref_time", Value::u128(10_000_000_000)),
		("proof_size", Value::u128(1_000_000)),
	]);
	let close = vec![hash, index, bound, Value::u128(1_000)];
	client
		.submit(&first.key, &dynamic::tx("Council", "close", close))
		.await?;
	Ok(())
}

/// The library that gives a program another clock.
fn faketime() -> Result<PathBuf> {
	let found = std::fs::read_dir("/usr/lib")?
		.filter_map(|dir| Some(dir.ok()?.path().join("faketime/libfaketimeMT.so.1")))
		.find(|library| library.is_file());
	found.context("there is no libfaketime: install the package faketime")
}
