//! The simulator's engine: replays real blocks of a node's database under a candidate runtime, rehearses the
//! switch to it and the way back, and writes a report that every simulator with the same inputs writes too.
//!
//! Boundary: no network, no files, no clock in what is committed to. The backend is only read: all changes
//! live in overlays in memory.
//!
//! - [`simulate`]: the one entry.
//! - `replay`: section Replay, and the control run that proves the harness.
//! - `enactment`: section Enactment.
//! - `blob`: section Static.
//! - `bench`: one state, an overlay, and runtimes on top.
//! - `executor`: wasm with a fixed stack and fixed NaNs.
//! - `memo` and `host`: old signatures under a new `spec_version`.
//! - `scope`: which pallets a switch touches.
//! - `outcome`: the report and what humans read next to it.

mod bench;
mod blob;
mod enactment;
mod executor;
mod host;
mod memo;
mod outcome;
mod replay;
mod scope;

pub use blob::Inspected;
pub use enactment::Rehearsed;
pub use outcome::{Document, Outcome, Timings};
pub use replay::{ExtrinsicLine, Replayed};

use airlock_report::{leaf::Blob, PalletSet, SimConfig, SCHEMA};
use enactment::Step;
use executor::{engine_hash, Code, Executor, THREAD_STACK};
use rayon::prelude::*;
use replay::{header_of, load_from, plan, replay_block};
use sc_client_api::{Backend, TrieCacheContext};
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Header as _},
	OpaqueExtrinsic,
};
use sp_version::RuntimeVersion;
use std::{fmt, time::Instant};

/// A block whose extrinsics are bytes: the engine works for every runtime with these hashes and numbers.
pub type Block = generic::Block<Header, OpaqueExtrinsic>;

/// Its header.
pub type Header = generic::Header<u32, BlakeTwo256>;

pub(crate) type Hasher = BlakeTwo256;

pub(crate) const LOG: &str = "airlock::simulator";

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Input {
	/// The candidate, as it would be written to `:code`.
	pub candidate: Vec<u8>,
	/// The dedicated rollback code, if there is one.
	pub rollback: Option<Vec<u8>>,
	/// Hash of the last block to replay; `None` for the last finalized one.
	pub anchor: Option<H256>,
	/// Number of blocks to replay, at least 1 and at most the anchor's number.
	pub blocks: u32,
	/// Pallets that the dossier says the upgrade touches; `None` for whatever it is found to touch.
	pub scope: Option<PalletSet>,
	/// Threads; `None` for one per core. Does not change the report.
	pub threads: Option<usize>,
}

/// Why nothing could be simulated. A bad candidate is no error: the report says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
	/// The backend failed.
	Backend(String),
	/// A block is not in the database.
	MissingBlock(H256),
	/// The state after a block is not in the database.
	MissingState(H256, String),
	/// The range is empty or reaches block 0.
	Range {
		/// Number of the anchor.
		anchor: u32,
		/// Blocks asked for.
		blocks: u32,
	},
	/// The chain's own code cannot be run.
	Code(String),
	/// No threads.
	Threads(String),
}

impl fmt::Display for Error {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		match self {
			Error::Backend(reason) => write!(f, "reading the database failed: {reason}"),
			Error::MissingBlock(hash) => {
				write!(
					f,
					"block {hash:?} is not in the database: sync further, or choose another anchor"
				)
			}
			Error::MissingState(hash, reason) => write!(
				f,
				"the state after block {hash:?} is not in the database ({reason}): run the node with \
				 `--state-pruning archive`, or replay fewer blocks"
			),
			Error::Range { anchor, blocks } => write!(
				f,
				"cannot replay {blocks} blocks that end at block {anchor}: ask for 1 to {anchor}"
			),
			Error::Code(reason) => write!(f, "the chain's own code cannot be run: {reason}"),
			Error::Threads(reason) => write!(f, "cannot start threads: {reason}"),
		}
	}
}

impl std::error::Error for Error {}

/// Simulates an upgrade on a node's database, for example a `sc_service::TFullBackend<Block>`.
///
/// The report depends on the chain, on `input` without its threads and on the engine's version, and on
/// nothing else. Takes about two block executions per replayed block, plus seconds to compile each code.
///
/// # Errors
/// [`Error`] if the simulation could not be done. Whatever the candidate does is in the [`Outcome`].
pub fn simulate<B: Backend<Block>>(backend: &B, input: &Input) -> Result<Outcome, Error> {
	// A runtime's stack is deeper than that of a usual thread.
	let pool = rayon::ThreadPoolBuilder::new()
		.num_threads(input.threads.unwrap_or_default())
		.stack_size(THREAD_STACK)
		.build()
		.map_err(|e| Error::Threads(e.to_string()))?;
	pool.install(|| simulate_here(backend, input))
}

fn simulate_here<B: Backend<Block>>(backend: &B, input: &Input) -> Result<Outcome, Error> {
	let started = Instant::now();
	let executor = Executor::new();
	let info = backend.blockchain().info();
	let anchor_hash = input.anchor.unwrap_or(info.finalized_hash);
	let anchor = header_of(backend, anchor_hash)?;
	let (current, version) = load_from(&state_at(backend, anchor_hash)?, &executor)?;

	let inspected = inspect_blobs(&executor, input, &version);
	// Every code is compiled before the blocks are spread over threads, which then only look them up.
	let planned = plan(backend, &executor, &anchor, input.blocks, current.hash)?;
	let compiled = Instant::now();
	let mut rehearsed = rehearse(backend, &executor, &anchor, current, input, &inspected)?;
	let scope = hold_against_scope(&mut rehearsed, input.scope);
	let rehearsal_done = Instant::now();
	let candidate = H256(sp_crypto_hashing::blake2_256(&input.candidate));
	let replayed = planned
		.par_iter()
		.map(|block| replay_block(backend, &executor, block, candidate))
		.collect::<Result<Vec<_>, _>>()?;
	let timings = Timings {
		prepare: compiled.duration_since(started),
		rehearsal: rehearsal_done.duration_since(compiled),
		replay: rehearsal_done.elapsed(),
	};
	let config = SimConfig {
		schema: SCHEMA,
		genesis: info.genesis_hash,
		parent_code: current.hash,
		candidate,
		rollback: inspected.get(1).map(|blob| blob.hash),
		anchor: *anchor.number(),
		anchor_hash,
		blocks: input.blocks,
		scope,
		engine: engine_hash(),
	};
	Ok(Outcome::new(
		config, version, inspected, rehearsed, replayed, timings,
	))
}

/// The candidate, then the rollback if there is one.
fn inspect_blobs(executor: &Executor, input: &Input, current: &RuntimeVersion) -> Vec<Inspected> {
	let candidate = blob::inspect(executor, Blob::Candidate, &input.candidate, Some(current));
	let replaced = candidate.version.clone();
	let rollback = input
		.rollback
		.as_ref()
		.map(|bytes| blob::inspect(executor, Blob::Rollback, bytes, replaced.as_ref()));
	std::iter::once(candidate).chain(rollback).collect()
}

fn rehearse<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	anchor: &Header,
	current: Code,
	input: &Input,
	inspected: &[Inspected],
) -> Result<Vec<Rehearsed>, Error> {
	let blobs = [
		(Blob::Candidate, Some(&input.candidate)),
		(Blob::Rollback, input.rollback.as_ref()),
	];
	let switches = blobs
		.into_iter()
		.filter_map(|(to, bytes)| Some((to, bytes?)));
	let mut steps = vec![Step {
		to: Blob::Current,
		code: current,
		bytes: None,
	}];
	steps.extend(switches.zip(inspected).map(|((to, bytes), found)| Step {
		to,
		code: Code {
			hash: found.hash,
			..current
		},
		bytes: Some(bytes),
	}));
	let state = state_at(backend, anchor.hash())?;
	enactment::rehearse(&state, executor, anchor, &steps).map_err(|trap| Error::Backend(trap.0))
}

/// Counts what lies outside of the declared scope, and returns that. Without a declaration everything is inside.
fn hold_against_scope(rehearsed: &mut [Rehearsed], declared: Option<PalletSet>) -> PalletSet {
	let found = rehearsed.iter().flat_map(|done| done.leaf.touched.iter());
	let scope = declared.unwrap_or_else(|| found.collect());
	for done in rehearsed {
		done.leaf.outside_scope = done.leaf.outside(&scope);
	}
	scope
}

/// The state after a block, pinned while it is held.
pub(crate) fn state_at<B: Backend<Block>>(backend: &B, hash: H256) -> Result<B::State, Error> {
	backend
		.state_at(hash, TrieCacheContext::Untrusted)
		.map_err(|e| Error::MissingState(hash, e.to_string()))
}

#[cfg(test)]
mod tests;
