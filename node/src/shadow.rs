//! Shadow mode: each block that this node imports is executed under a candidate as well, beside the node and never in its way.
//!
//! A thread of its own does it, with an executor of its own, on blocks that the node has finished with. What it cannot keep up
//! with is skipped and counted.

use crate::service::{FullBackend, FullClient};
use airlock_report::{leaf::BlockResult, ExtrinsicClass};
use airlock_simulator::{Replayed, Shadow, THREAD_STACK};
use clap::Args;
use futures::StreamExt;
use sc_client_api::{BlockchainEvents, HeaderBackend};
use sc_service::{error::Error as ServiceError, TaskManager};
use serde::Serialize;
use sp_core::H256;
use std::{
	collections::VecDeque,
	fs,
	panic::{catch_unwind, AssertUnwindSafe},
	path::PathBuf,
	sync::{
		mpsc::{sync_channel, Receiver, TrySendError},
		Arc, Mutex, PoisonError,
	},
	thread,
};
use substrate_prometheus_endpoint::{register, CounterVec, Opts, Registry, U64};

const LOG: &str = "shadow";

/// Blocks that wait at most.
const WAITING: usize = 16;

/// Findings that are remembered: the newest ones.
const REMEMBERED: usize = 32;

/// Options of shadow mode.
#[derive(Clone, Debug, Args)]
pub struct Options {
	/// Execute each imported block under this candidate as well, and say what differs
	#[arg(long, value_name = "FILE")]
	pub shadow: Option<PathBuf>,

	/// Manifest of expected effects of that candidate, as TOML [default: nothing is declared]
	#[arg(long, value_name = "FILE", requires = "shadow")]
	pub shadow_effects: Option<PathBuf>,
}

/// What was seen so far, as `airlock_shadow` answers it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
	/// blake2-256 of the candidate.
	candidate: H256,
	/// Blocks that are the same under both codes, or differ as declared.
	same: u64,
	/// Blocks that differ and nobody declared it.
	differing: u64,
	/// Blocks that say nothing: a migration ran in them, or this node could not reproduce them.
	silent: u64,
	/// Blocks that were not executed: there were too many at once, or the database failed.
	skipped: u64,
	/// Extrinsics in the blocks that were compared.
	extrinsics: u64,
	/// Number of the newest block that was executed.
	last: u32,
	/// What differs, newest last.
	findings: VecDeque<String>,
}

/// What a running shadow has seen.
#[derive(Clone)]
pub struct Seen {
	view: Arc<Mutex<View>>,
	metric: Option<CounterVec<U64>>,
}

impl Seen {
	fn new(candidate: H256, registry: Option<&Registry>) -> Result<Self, ServiceError> {
		let help = "Blocks that were executed under the candidate as well, by what came of it";
		let counter = |registry| {
			let options = Opts::new("airlock_shadow_blocks_total", help);
			register(CounterVec::new(options, &["result"])?, registry)
		};
		let metric = registry.map(counter).transpose()?;
		let view = View {
			candidate,
			..View::default()
		};
		Ok(Self {
			view: Arc::new(Mutex::new(view)),
			metric,
		})
	}

	/// What was seen so far.
	pub fn view(&self) -> View {
		self.view
			.lock()
			.unwrap_or_else(PoisonError::into_inner)
			.clone()
	}

	fn note(&self, result: &str, change: impl FnOnce(&mut View)) {
		change(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner));
		if let Some(metric) = &self.metric {
			metric.with_label_values(&[result]).inc();
		}
	}

	fn skip(&self, why: &str) {
		log::debug!(target: LOG, "skipped a block: {why}");
		self.note("skipped", |view| view.skipped += 1);
	}

	fn see(&self, block: &Replayed) {
		let (number, sums) = (block.leaf.number, block.leaf.sums());
		let findings = findings(block);
		for finding in &findings {
			log::warn!(target: LOG, "{finding}");
		}
		let result = match (sums.control_only > 0, sums.regressions > 0) {
			(true, _) => "silent",
			(false, true) => "differing",
			(false, false) => "same",
		};
		self.note(result, |view| {
			match result {
				"silent" => view.silent += 1,
				"differing" => view.differing += 1,
				_ => view.same += 1,
			}
			if result != "silent" {
				view.extrinsics += u64::from(sums.extrinsics);
			}
			view.last = number;
			view.findings.extend(findings);
			let old = view.findings.len().saturating_sub(REMEMBERED);
			view.findings.drain(..old);
		});
	}
}

/// What differs in a block, for humans.
fn findings(block: &Replayed) -> Vec<String> {
	let number = block.leaf.number;
	let regressed = |class: &ExtrinsicClass| class.is_regression();
	let lines = block.lines.iter().filter(|line| regressed(&line.class));
	let run = block.leaf.candidate.map(|run| run.result);
	let stopped = run.filter(|result| *result != BlockResult::Complete);
	let mut findings: Vec<String> = lines
		.map(|line| {
			format!(
				"block {number}, extrinsic {}: {:?}: {} before, {} under the candidate {}",
				line.index, line.class, line.before, line.after, line.detail
			)
		})
		.collect();
	let items = block.undeclared.iter();
	findings.extend(items.map(|item| format!("block {number}: {item} differs")));
	findings.extend(stopped.map(|result| format!("block {number} does not end: {result:?}")));
	findings
}

/// Starts the shadow, if one is asked for.
///
/// # Errors
/// If the candidate or its manifest cannot be used.
pub fn spawn(
	options: &Options,
	client: &Arc<FullClient>,
	backend: &Arc<FullBackend>,
	tasks: &TaskManager,
	registry: Option<&Registry>,
) -> Result<Option<Seen>, ServiceError> {
	let Some(path) = &options.shadow else {
		return Ok(None);
	};
	let read = |path: &PathBuf| {
		let bytes = fs::read(path);
		bytes.map_err(|error| other(format!("cannot read {}: {error}", path.display())))
	};
	let effects = options.shadow_effects.as_ref().map(read).transpose()?;
	let (candidate, effects) = (read(path)?, effects.unwrap_or_default());
	let (sender, receiver) = sync_channel(WAITING);
	let (tell, told) = sync_channel(1);
	let (own, registry) = (backend.clone(), registry.cloned());
	// Compiling runs the candidate as well, so it is done there too.
	let run = move || {
		let shadow = Shadow::new(&candidate, &effects).map_err(other);
		let started = shadow.and_then(|shadow| {
			let seen = Seen::new(shadow.candidate(), registry.as_ref())?;
			Ok((shadow, seen))
		});
		match started {
			Ok((shadow, seen)) => {
				drop(tell.send(Ok(seen.clone())));
				follow(shadow, &own, &receiver, &seen);
			}
			Err(error) => drop(tell.send(Err(error))),
		}
	};
	thread::Builder::new()
		.name("shadow".into())
		.stack_size(THREAD_STACK)
		.spawn(run)
		.map_err(other)?;
	let seen = told.recv().map_err(other)??;
	log::info!(target: LOG, "Executing each block under {:?} as well", seen.view().candidate);
	let (chain, watched) = (client.clone(), seen.clone());
	let mut imported = client.import_notification_stream();
	tasks.spawn_handle().spawn("shadow", None, async move {
		while let Some(block) = imported.next().await {
			// While the node catches up there is no live traffic to be seen.
			let behind = chain.info().best_number.saturating_sub(block.header.number);
			if behind as usize > WAITING {
				watched.skip("the node catches up");
				continue;
			}
			match sender.try_send(block.hash) {
				Ok(()) => (),
				Err(TrySendError::Full(_)) => watched.skip("too many wait"),
				Err(TrySendError::Disconnected(_)) => break,
			}
		}
	});
	Ok(Some(seen))
}

/// Until the node ends.
fn follow(mut shadow: Shadow, backend: &FullBackend, blocks: &Receiver<H256>, seen: &Seen) {
	while let Ok(hash) = blocks.recv() {
		// A panic of the engine must not end the node, whose panic hook else would.
		let guard = sp_panic_handler::AbortGuard::force_unwind();
		let executed = catch_unwind(AssertUnwindSafe(|| shadow.block(backend, hash)));
		drop(guard);
		match executed {
			Ok(Ok(block)) => seen.see(&block),
			Ok(Err(error)) => seen.skip(&error.to_string()),
			Err(_) => seen.skip("the engine panicked"),
		}
	}
}

fn other(error: impl ToString) -> ServiceError {
	ServiceError::Other(error.to_string())
}
