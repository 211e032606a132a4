//! The gauntlet: bad upgrades, each pushed as far as the chain lets it, on chains of four validators on which everybody who
//! should have stopped it is bribed or asleep.
//!
//! - [`across`]: what `airlock` answers while code is written.
//! - [`blobs`]: what is pushed, and where it must stop.
//! - [`cost`]: what the rescue costs.
//! - [`course`]: how it is pushed, and what must hold afterwards.
//! - [`faults`]: what happens to nodes while an upgrade passes.
//! - [`monitor`]: what users do while an upgrade is watched.
//! - [`soak`]: a good upgrade under load, for a long time.
//!
//! An upgrade is survived if it stopped where it must, and then: all nodes have the same state, finality moves, no node was
//! restarted, a good upgrade passes all doors and is kept, and a new node that executes every block from genesis on arrives at the
//! same state.

pub mod across;
pub mod blobs;
pub mod cost;
pub mod course;
pub mod faults;
pub mod monitor;
pub mod soak;

use crate::{
	client::Refused,
	network::{Network, Options as Start, VALIDATORS},
	roles::Cast,
};
use airlock_primitives::{Failure, Outcome};
use anyhow::{anyhow, ensure, Context, Result};
use blobs::{Blob, Stop};
use course::{Candidate, Course, End, Machine, Registered};
use futures::{stream, StreamExt};
use serde::Serialize;
use serde_json::{json, Value};
use std::{collections::BTreeMap, path::PathBuf};

/// Blocks after the switch in which silence is bad news: validators of chains that share a machine need a while to be heard.
const CRITICAL: u32 = 20;
/// Most slots after the switch until code is left that builds no block: the gap of three turns of four validators, and two more
/// turns.
const SLOTS: u64 = 3 * 4 + 2 * 4;
/// Most blocks until a migration that fails has been left.
const MIGRATION: u32 = 5;
/// Most seconds until the block that leaves code which cannot run is final.
const SECONDS: f64 = 120.0;

/// Longest text in a table, in characters.
const LINE: usize = 160;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
	/// The node's binary.
	pub binary: PathBuf,
	/// Chains at a time.
	pub at_once: usize,
	/// How often each is pushed, on a new chain each time. From two on it is about times: what follows a blob is left out, and
	/// from the second time on nothing is compiled any more.
	pub times: usize,
}

/// What became of a blob.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
	/// Its name.
	pub blob: String,
	/// Where it stopped.
	pub stopped: String,
	/// What a node said that tried to load it before the switch; nothing if it loads, or never came so far.
	pub tried: Option<String>,
	/// Blocks from the switch to the one that decided.
	pub blocks: Option<u32>,
	/// Slots from the one to the other.
	pub slots: Option<u64>,
	/// Seconds from the switch until that block was final.
	pub seconds: Option<f64>,
	/// Nodes that ended or were started again.
	pub restarted: usize,
	/// Who built the block of the switch, where it is asked.
	pub author: Option<String>,
	/// Why it was not survived.
	pub trouble: Option<String>,
}

impl Row {
	fn named(blob: String) -> Self {
		Self {
			blob,
			stopped: String::new(),
			tried: None,
			blocks: None,
			slots: None,
			seconds: None,
			restarted: 0,
			author: None,
			trouble: None,
		}
	}

	/// How the upgrade ended.
	fn note(&mut self, end: &End) {
		self.stopped = format!("{:?}", end.outcome);
		self.blocks = Some(end.ended_at.saturating_sub(end.switched_at));
		self.slots = Some(end.slots);
		self.seconds = Some(end.took.as_secs_f64());
	}

	/// How it ended, in one line.
	pub fn end(&self) -> String {
		let trouble = self.trouble.as_deref().unwrap_or("survived");
		let line = trouble.lines().next().unwrap_or_default();
		line.chars().take(LINE).collect()
	}

	/// True if the chain is as good as before.
	pub fn is_survived(&self) -> bool {
		self.trouble.is_none() && self.restarted == 0
	}
}

/// Pushes all of these, and says of each as soon as it is known.
pub async fn run(options: &Options, blobs: Vec<Blob>, tell: impl Fn(&Row)) -> Vec<Row> {
	let is_refused = |blob: &Blob| matches!(blob.stop, Stop::Refused(_));
	let (refused, written): (Vec<_>, Vec<_>) = blobs.into_iter().partition(is_refused);
	let machine = Machine::default();
	let push = async {
		let mut rows = Vec::new();
		let mut again = options.times;
		if options.times > 1 {
			for blob in &written {
				let row = written_one(options, &machine, blob, Pass::First).await;
				tell(&row);
				rows.push(row);
			}
			again -= 1;
		}
		let is_compiled = |blob: &&Blob| {
			let first = rows.iter().find(|row| row.blob == blob.name);
			first.is_some_and(Row::is_survived)
		};
		let passes: Vec<(&Blob, Pass)> = written
			.iter()
			.map(|blob| match is_compiled(&blob) {
				true => (blob, Pass::Again),
				false => (blob, Pass::Only),
			})
			.collect();
		let courses = std::iter::repeat_n(&passes, again)
			.flatten()
			.map(|(blob, pass)| written_one(options, &machine, blob, *pass));
		let mut courses = stream::iter(courses).buffer_unordered(options.at_once.max(1));
		while let Some(row) = courses.next().await {
			tell(&row);
			rows.push(row);
		}
		rows
	};
	let refuse = async {
		let rows = all_refused(options, &machine, &refused).await;
		rows.iter().for_each(&tell);
		rows
	};
	let (refused, written) = futures::join!(refuse, push);
	[refused, written].concat()
}

/// All rows as a table (of Markdown), and the sum.
pub fn table(rows: &[Row]) -> String {
	let mut table = comfy_table::Table::new();
	table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
	table.set_header([
		"blob",
		"where it stopped",
		"a node that tried it",
		"blocks",
		"slots",
		"seconds",
		"restarted",
		"built by",
		"end",
	]);
	for row in rows {
		let or_not = |value: Option<String>| value.unwrap_or_else(|| "-".into());
		table.add_row([
			row.blob.clone(),
			row.stopped.clone(),
			or_not(row.tried.clone()),
			or_not(row.blocks.map(|blocks| blocks.to_string())),
			or_not(row.slots.map(|slots| slots.to_string())),
			or_not(row.seconds.map(|seconds| format!("{seconds:.0}"))),
			row.restarted.to_string(),
			or_not(row.author.clone()),
			row.end(),
		]);
	}
	let survived = rows.iter().filter(|row| row.is_survived()).count();
	format!("{table}\n{survived} of {} survived", rows.len())
}

/// Least, median and most blocks and seconds of each blob that was pushed often.
pub fn spread(rows: &[Row]) -> String {
	let mut of: BTreeMap<&str, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
	for row in rows.iter().filter(|row| row.is_survived()) {
		let (blocks, seconds) = of.entry(&row.blob).or_default();
		blocks.extend(row.blocks);
		seconds.extend(row.seconds.map(|seconds| seconds.round() as u32));
	}
	let three = |mut all: Vec<u32>| {
		all.sort_unstable();
		let middle = all.get(all.len() / 2);
		let shown = [all.first(), middle, all.last()].map(|n| n.map(u32::to_string));
		shown.map(|n| n.unwrap_or_else(|| "-".into())).join(" / ")
	};
	let line = |(blob, (blocks, seconds)): (&str, (Vec<u32>, Vec<u32>))| {
		let times = blocks.len();
		let (blocks, seconds) = (three(blocks), three(seconds));
		format!("{blob}, {times} times: {blocks} blocks, {seconds} seconds (least / median / most)")
	};
	of.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The rules of these chains: each stage is there, and asks for as little as it can. All in blocks.
fn rules(timelock: u32, critical: u32, watch: u32, close_out: u32) -> Value {
	let class = json!({
		"bytes_within": 30,
		"simulation": {
			"commit_window": 15, "reveal_window": 20, "required": 1, "seats": 3, "replay_blocks": 1,
		},
		"review": { "minimum": 1, "per_pallet": 0, "grace": 3_000, "approvals": 0, "builds": 0 },
		"ballot": {
			"window": 10, "extension": 0, "extension_cap": 0, "approval": { "num": 3, "den": 4 },
			"organisations": 3, "organisation_cap": { "num": 1, "den": 3 },
		},
		"enactment": { "timelock": timelock, "readiness": { "num": 0, "den": 1 }, "grace": 30 },
		"probation": {
			"critical": critical, "healthy_quorum": { "num": 2, "den": 3 }, "watch": watch,
			"close_out": close_out, "gap": 10,
		},
	});
	json!({
		"chain": { "sessionBlocks": 10 },
		"proposals": { "policy": { "standard": class, "security": class, "self_change": class } },
	})
}

/// A chain of this run.
fn chain(options: &Options) -> Start {
	Start {
		binary: options.binary.clone(),
		// Nodes compile the code while it waits: all chains share the cores of this machine.
		genesis: rules(8, CRITICAL, 2, 2),
		late: 2,
		..Start::default()
	}
}

async fn start(options: &Options, machine: &Machine) -> Result<(Network, Cast)> {
	let network = machine.start(chain(options)).await?;
	Ok((network, Cast::new(VALIDATORS.len())?))
}

/// What no chain takes is pushed at one chain, one after the other.
async fn all_refused(options: &Options, machine: &Machine, blobs: &[Blob]) -> Vec<Row> {
	let mut rows: Vec<Row> = blobs
		.iter()
		.map(|blob| Row::named(blob.name.into()))
		.collect();
	if blobs.is_empty() {
		return rows;
	}
	let pushed = async {
		let (mut network, cast) = start(options, machine).await?;
		let course = Course::new(&network, &cast, machine);
		course.settle().await?;
		for (blob, row) in blobs.iter().zip(&mut rows) {
			if let Err(trouble) = refused(&course, blob, row).await {
				row.trouble = Some(format!("{trouble:#}"));
			}
		}
		let sound = is_sound(&course).await;
		let restarted = network.restarted();
		rows.iter_mut().for_each(|row| row.restarted = restarted);
		if sound.is_err() {
			network.keep_files();
		}
		sound
	}
	.await;
	if let Err(trouble) = pushed {
		let trouble = format!("the chain of those that are refused: {trouble:#}");
		rows.iter_mut()
			.for_each(|row| row.trouble = Some(trouble.clone()));
	}
	rows
}

async fn refused(course: &Course<'_>, blob: &Blob, row: &mut Row) -> Result<()> {
	let Err(error) = course.propose(&Candidate::from(blob)).await else {
		return Err(anyhow!("the chain took it"));
	};
	let named = error.downcast_ref::<Refused>();
	let named = named.map(|refused| refused.error.clone());
	let registered = error.downcast_ref::<Registered>().copied();
	let named = named.ok_or(error)?;
	let door = match registered {
		Some(_) => "pre-flight",
		None => "registration",
	};
	row.stopped = format!("{door}: {named}");
	if let Some(Registered(id)) = registered {
		course.withdraw(id).await?;
	}
	let expected = match blob.stop {
		Stop::Refused(error) => error,
		Stop::BackFor(..) => "nothing",
	};
	ensure!(named == expected, "it should be {expected}");
	Ok(())
}

/// Which time a blob is pushed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
	/// The only one, or one for which nothing is known.
	Only,
	/// The first of many: what it compiled is kept.
	First,
	/// One of the others.
	Again,
}

/// One that is written, on a chain of its own.
async fn written_one(options: &Options, machine: &Machine, blob: &Blob, pass: Pass) -> Row {
	let mut row = Row::named(blob.name.into());
	let pushed = async {
		let (mut network, cast) = start(options, machine).await?;
		let course = Course::new(&network, &cast, machine);
		let pushed = || {
			let course = Course::new(&network, &cast, machine);
			match pass {
				_ if blob.is_busy => course.busy(),
				Pass::Again => course.compiled(),
				Pass::Only | Pass::First => course,
			}
		};
		let done = push(&pushed(), blob, &mut row).await;
		let done = match done {
			Ok(()) if options.times > 1 => course.agree().await.map(|_| ()),
			Ok(()) => is_sound(&course).await,
			failed => failed,
		};
		if done.is_ok() && pass == Pass::First {
			machine.learn(&chain(options), &network).await?;
		}
		row.restarted = network.restarted();
		if done.is_err() {
			network.keep_files();
		}
		let logs = || format!("logs are in {}", network.path().display());
		done.with_context(logs)
	}
	.await;
	row.trouble = pushed.err().map(|trouble| format!("{trouble:#}"));
	row
}

async fn push(course: &Course<'_>, blob: &Blob, row: &mut Row) -> Result<()> {
	course.settle().await?;
	let (id, dossier) = course.propose(&Candidate::from(blob)).await?;
	row.tried = course.try_code(dossier.code).await?;
	let before = course.before(blob.version).await?;
	let written = course.wave_through(id, &dossier).await?;
	row.stopped = "written, and nothing stopped it".into();
	let end = course.watch(id, written, &before).await?;
	row.note(&end);
	ensure!(
		course::is_expected(blob.stop, end.outcome),
		"it should have ended otherwise"
	);
	is_in_time(&end)
}

/// What is promised of how long it takes, in slots and blocks where slow machines count for nothing.
fn is_in_time(end: &End) -> Result<()> {
	let blocks = end.ended_at.saturating_sub(end.switched_at);
	match end.outcome {
		Outcome::RolledBack(Failure::Rescued) => {
			let is_late = blocks == 1 && end.slots > SLOTS;
			ensure!(!is_late, "it was left after {} slots", end.slots);
			let seconds = end.took.as_secs_f64();
			ensure!(seconds <= SECONDS, "it was left after {seconds:.0} s");
		}
		// One that never ends is left when the critical window does.
		Outcome::RolledBack(Failure::Migration) => {
			let is_late = blocks > MIGRATION && blocks < CRITICAL;
			ensure!(!is_late, "it was left after {blocks} blocks");
		}
		_ => (),
	}
	Ok(())
}

/// What must hold after each.
async fn is_sound(course: &Course<'_>) -> Result<()> {
	course.agree().await.context("after it")?;
	let good = course.upgrade_well().await;
	good.context("a good upgrade after it")?;
	let height = course.agree().await.context("after a good upgrade")?;
	let synced = course.sync_another(height).await;
	synced.context("a node that syncs from genesis")?;
	let synced = course.sync_another(height).await;
	synced.context("a node that syncs by warp")
}
