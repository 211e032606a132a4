//! The simulator's engine: replays real blocks of a node's database under a candidate runtime, rehearses the
//! switch to it and the way back, and writes a report that every simulator with the same inputs writes too.
//!
//! Boundary: no network, no files, no clock in what is committed to. The backend is only read: all changes
//! live in overlays in memory.
//!
//! - [`simulate`]: the one entry, and [`replay_part`] for many machines; `simulation`: its steps. [`look_at`] needs no chain.
//! - `replay`: section Replay, and the control run that proves the harness.
//! - `enactment`: section Enactment.
//! - `continuous`: sections Continuous and Rollback.
//! - `stress`: section Stress, and `generate`: what its extrinsics are made of.
//! - `stage`: a fork of the chain that grows in memory.
//! - `blob`: section Static.
//! - `bench`: one state, an overlay, and runtimes on top.
//! - `executor`: wasm with a fixed stack and fixed NaNs.
//! - [`Shadow`]: the blocks of a running node, one by one.
//! - `state`: section State, the whole of it under new metadata.
//! - `traffic`: how the results of an extrinsic under two codes relate.
//! - `effects`: what a proposer declares to change.
//! - `types`: what of a hostile candidate's types may be used, and whether two are written alike.
//! - `metadata`: what a runtime says of itself.
//! - `memo` and `host`: old signatures under a new `spec_version`.
//! - `scope`: which pallets a switch touches.
//! - `outcome`: the report and what humans read next to it; `page`: the same in a browser.

mod bench;
mod blob;
mod continuous;
mod effects;
mod enactment;
mod executor;
mod generate;
mod host;
mod memo;
mod metadata;
mod outcome;
mod page;
mod replay;
mod scope;
mod shadow;
mod simulation;
mod stage;
mod state;
mod stress;
mod traffic;
mod types;

pub use blob::{look_at, required_apis, Inspected, Looked};
pub use continuous::{Continued, WentBack};
pub use enactment::Rehearsed;
pub use executor::THREAD_STACK;
pub use outcome::{Document, Outcome, Timings};
pub use replay::{ExtrinsicLine, Replayed};
pub use shadow::Shadow;
pub use stress::Stressed;

use airlock_report::PalletSet;
use sc_client_api::{Backend, TrieCacheContext};
use simulation::Simulation;
use sp_core::H256;
use sp_runtime::{generic, traits::BlakeTwo256, OpaqueExtrinsic};
use std::{fmt, ops::Range, path::PathBuf, time::Duration};

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
	/// The manifest of expected effects: TOML, see `docs/effects.md`. Empty, it declares nothing.
	pub effects: Vec<u8>,
	/// Units of the currency that the dossier says the switch makes.
	pub minted: u128,
	/// Threads; `None` for one per core. Does not change the report.
	pub threads: Option<usize>,
	/// Folder in which compiled codes are kept for later runs; it is believed. Does not change the report.
	pub cache: Option<PathBuf>,
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
	/// The candidate is no code that can be run.
	Candidate(String),
	/// The manifest of expected effects cannot be read.
	Effects(String),
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
			Error::Candidate(reason) => write!(f, "the candidate cannot be run: {reason}"),
			Error::Effects(reason) => write!(
				f,
				"the manifest of expected effects cannot be read: {reason}"
			),
			Error::Threads(reason) => write!(f, "cannot start threads: {reason}"),
		}
	}
}

impl std::error::Error for Error {}

/// Is told how far a simulation is, and keeps what is done of it for a later run. Nothing of it is needed: see `()`.
pub trait Observer: Sync {
	/// So many steps of something begin.
	fn begin(&self, _what: &str, _steps: u32) {}
	/// One of them is done.
	fn step(&self) {}
	/// Keeps bytes under a name that says all they depend on.
	fn keep(&self, _name: &str, _bytes: &[u8]) {}
	/// What was kept under a name. It is believed.
	fn recall(&self, _name: &str) -> Option<Vec<u8>> {
		None
	}
}

impl Observer for () {}

/// Simulates an upgrade on a node's database, for example a `sc_service::TFullBackend<Block>`.
///
/// The report depends on the chain, on `input` without its threads and on the engine's version, and on
/// nothing else. Takes about two block executions per replayed block, plus seconds to compile each code.
///
/// # Errors
/// [`Error`] if the simulation could not be done. Whatever the candidate does is in the [`Outcome`].
pub fn simulate<B: Backend<Block>>(
	backend: &B,
	input: &Input,
	observer: &dyn Observer,
) -> Result<Outcome, Error> {
	in_threads(input, || {
		Simulation::prepare(backend, input, observer)?.run()
	})
}

/// Replays the blocks of a part of the range only, and has them kept: a later [`simulate`] with the same input finds them.
/// Of blocks that are kept together all are replayed if the first one is in `part`.
///
/// # Errors
/// As [`simulate`].
pub fn replay_part<B: Backend<Block>>(
	backend: &B,
	input: &Input,
	part: Range<u32>,
	observer: &dyn Observer,
) -> Result<Part, Error> {
	in_threads(input, || {
		Simulation::prepare(backend, input, observer)?.run_part(part)
	})
}

/// What [`replay_part`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
	/// Blocks that it replayed, or found.
	pub blocks: u32,
	/// How long that took.
	pub took: Duration,
	/// How long the current code took for it, of all threads.
	pub control: Duration,
	/// How long the candidate took for it, of all threads.
	pub candidate: Duration,
}

/// Says what is wrong with a manifest of expected effects, if anything: no simulation begins with one that cannot be read.
///
/// # Errors
/// [`Error::Effects`].
pub fn check_effects(manifest: &[u8]) -> Result<(), Error> {
	let read = effects::Effects::read(manifest);
	read.map(|_| ()).map_err(Error::Effects)
}

fn in_threads<T: Send>(
	input: &Input,
	run: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
	// A runtime's stack is deeper than that of a usual thread.
	let pool = rayon::ThreadPoolBuilder::new()
		.num_threads(input.threads.unwrap_or_default())
		.stack_size(THREAD_STACK)
		.build()
		.map_err(|e| Error::Threads(e.to_string()))?;
	pool.install(run)
}

/// The state after a block, pinned while it is held.
pub(crate) fn state_at<B: Backend<Block>>(backend: &B, hash: H256) -> Result<B::State, Error> {
	backend
		.state_at(hash, TrieCacheContext::Untrusted)
		.map_err(|e| Error::MissingState(hash, e.to_string()))
}

#[cfg(test)]
mod tests;
