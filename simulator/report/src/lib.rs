//! The simulation report: what simulators commit to, in one canonical encoding that the engine writes and
//! the chain reads.
//!
//! A report is a few hundred bytes: its [`SimConfig`] says what was simulated, each [`Section`] carries the
//! root and the sums of a Merkle-sum tree over that section's leaves, and the verdict follows from the
//! sums. Simulators that saw the same facts have the same [`Report::root`].
//!
//! - [`leaf`]: what one leaf of each section says.
//! - [`tree`]: the Merkle-sum tree, its proofs and their verifier.
//! - [`uneventful()`]: the leaves of an upgrade that changes nothing.
//! - [`opening`]: which leaves a simulator must show, and what shows that a leaf is a lie.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod leaf;
pub mod opening;
mod pallets;
pub mod tree;
mod uneventful;

pub use leaf::{
	BlockLeaf, ContinuousLeaf, EnactmentLeaf, ExtrinsicClass, Leaf, RollbackLeaf, StateLeaf,
	StaticLeaf, StressLeaf,
};
pub use opening::{
	openings, samples, Contradiction, Opening, OpeningError, Openings, MAX_SAMPLES, SAMPLED,
};
pub use pallets::PalletSet;
pub use tree::{Proof, Sums, Tree};
pub use uneventful::uneventful;

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32, H256};
use sp_crypto_hashing::blake2_256;

/// Version of the report's encoding and rules. Part of the root.
pub const SCHEMA: u16 = 3;

/// Most blocks that are run one after the other under the candidate.
pub const CONTINUOUS: u32 = 64;

/// Most sections a report can have.
pub const MAX_SECTIONS: u32 = 16;

/// What was simulated. Everything a second simulator needs to reach the same root.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SimConfig {
	/// [`SCHEMA`] of the writer.
	pub schema: u16,
	/// Hash of the chain's genesis block.
	pub genesis: H256,
	/// blake2-256 of the code that the candidate replaces.
	pub parent_code: H256,
	/// blake2-256 of the candidate.
	pub candidate: H256,
	/// blake2-256 of the dedicated rollback code, if there is one.
	pub rollback: Option<H256>,
	/// Number of the last block replayed; the candidate's migration runs on its state.
	pub anchor: u32,
	/// Hash of that block.
	pub anchor_hash: H256,
	/// Blocks replayed: `anchor + 1 - blocks ..= anchor`, never block 0.
	pub blocks: u32,
	/// Pallets that the dossier says the upgrade touches. What touches another one is a regression.
	pub scope: PalletSet,
	/// blake2-256 of the manifest of expected effects. Only what it declares is excused.
	pub effects: H256,
	/// Units of the currency that the dossier says the switch makes.
	pub minted: u128,
	/// Hash over engine version, executor limits and host functions.
	pub engine: H256,
}

impl SimConfig {
	/// Number of the block that the leaf `index` of section Replay must be about; `None` if it is not one of
	/// the blocks that are replayed.
	pub fn block_of(&self, index: u32) -> Option<u32> {
		let first = self.anchor.checked_add(1)?.checked_sub(self.blocks)?;
		let number = first.checked_add(index)?;
		(index < self.blocks).then_some(number)
	}

	/// Number of blocks that are run one after the other under the candidate: the newest.
	pub fn continuous(&self) -> u32 {
		self.blocks.min(CONTINUOUS)
	}

	/// Number of the block that the leaf `index` of section Continuous must be about.
	pub fn continuous_block_of(&self, index: u32) -> Option<u32> {
		let skipped = self.blocks.checked_sub(self.continuous())?;
		self.block_of(skipped.checked_add(index)?)
	}

	/// Number of blobs: the candidate, and the rollback if there is one.
	fn blobs(&self) -> u32 {
		1 + u32::from(self.rollback.is_some())
	}
}

/// Which part of the simulation a section reports.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum SectionId {
	/// The blob itself: version, imports, runtime APIs.
	#[codec(index = 0)]
	Static,
	/// The switch and the migration on the anchor's state, and the way back.
	#[codec(index = 1)]
	Enactment,
	/// The whole state after each switch, read by the metadata of the code after it.
	#[codec(index = 3)]
	State,
	/// Every block from its canonical parent, under both runtimes.
	#[codec(index = 4)]
	Replay,
	/// The newest of these blocks one after the other under the candidate, on its own state.
	#[codec(index = 5)]
	Continuous,
	/// Made-up extrinsics under both runtimes.
	#[codec(index = 6)]
	Stress,
	/// The ways back after the candidate ran for some blocks.
	#[codec(index = 8)]
	Rollback,
}

/// One section of a report.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Section {
	/// Which one.
	pub id: SectionId,
	/// Number of leaves.
	pub count: u32,
	/// Root of the tree over the leaves.
	pub root: H256,
	/// Sums over the leaves; the tree's nodes enforce them.
	pub sums: Sums,
}

/// What a report says of the candidate.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Verdict {
	/// Nothing undeclared went wrong.
	#[codec(index = 0)]
	Pass,
	/// At least one regression.
	#[codec(index = 1)]
	Fail,
	/// The harness could not reproduce the canonical chain, or found no block to run under the candidate, so it says
	/// nothing of the candidate.
	#[codec(index = 2)]
	Inconclusive,
}

/// A whole report, as revealed on chain.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Report {
	/// What was simulated.
	pub config: SimConfig,
	/// Sections, sorted by id, each at most once.
	pub sections: BoundedVec<Section, ConstU32<MAX_SECTIONS>>,
}

/// All leaves of a report by section, in the order of sections and of indices. A simulator keeps them until the
/// round is over: the chain asks for some of them.
pub type Leaves = [(SectionId, Vec<Leaf>)];

impl Report {
	/// The report over these leaves; `None` for more than [`MAX_SECTIONS`] sections.
	pub fn of(config: SimConfig, leaves: &Leaves) -> Option<Self> {
		let section = |(id, leaves): &(SectionId, Vec<Leaf>)| {
			let tree = Tree::new(leaves);
			let root = tree.root();
			Section {
				id: *id,
				count: tree.count(),
				root: root.hash,
				sums: root.sums,
			}
		};
		let sections: Vec<_> = leaves.iter().map(section).collect();
		Some(Self {
			config,
			sections: sections.try_into().ok()?,
		})
	}

	/// What simulators commit to: `blake2_256(0x02 ++ SCALE(self))`.
	pub fn root(&self) -> H256 {
		let mut bytes = alloc::vec![0x02u8];
		self.encode_to(&mut bytes);
		H256(blake2_256(&bytes))
	}

	/// The section of that id.
	pub fn section(&self, id: SectionId) -> Option<&Section> {
		self.sections.iter().find(|s| s.id == id)
	}

	/// The verdict is no field: it follows from the sums, so that nobody can claim another one.
	pub fn verdict(&self) -> Verdict {
		if self.sections.iter().any(|s| s.sums.control_broken > 0) {
			Verdict::Inconclusive
		} else if self.sections.iter().any(|s| s.sums.regressions > 0) {
			Verdict::Fail
		} else if self.compares_nothing() {
			Verdict::Inconclusive
		} else {
			Verdict::Pass
		}
	}

	/// True if not one block of history was run under the candidate: other code built them all.
	fn compares_nothing(&self) -> bool {
		let says_nothing = |s: &Section| s.sums.control_only >= s.sums.leaves;
		let blocks = [SectionId::Replay, SectionId::Continuous];
		let mut blocks = blocks.into_iter().filter_map(|id| self.section(id));
		blocks.all(says_nothing)
	}

	/// True if the sections are sorted, unique, and include every one in `required` with at least one leaf.
	pub fn is_complete(&self, required: &[SectionId]) -> bool {
		self.sections.windows(2).all(|w| w[0].id < w[1].id)
			&& required
				.iter()
				.all(|id| self.section(*id).is_some_and(|s| s.count > 0))
	}

	/// True if no leaf is left out that its subject asks for: all checks of each blob, each block, and, in a
	/// passing report, each switch with the state after it. A rehearsal ends at the first switch that fails, so a report that does not
	/// pass may have fewer.
	pub fn is_whole(&self) -> bool {
		let count = |id| self.section(id).map_or(0, |section| section.count);
		let blobs = self.config.blobs();
		let most_switches = blobs.saturating_add(1);
		let switches = count(SectionId::Enactment);
		count(SectionId::State) == switches
			&& count(SectionId::Static) == blobs.saturating_mul(leaf::CHECKS as u32)
			&& count(SectionId::Replay) == self.config.blocks
			&& count(SectionId::Continuous) == self.config.continuous()
			&& count(SectionId::Stress) == leaf::BATCHES
			&& count(SectionId::Rollback) == leaf::ROLLBACKS
			&& switches <= most_switches
			&& (switches == most_switches || self.verdict() != Verdict::Pass)
	}
}

/// What is sealed at commit time, so that nobody can copy another simulator's commitment.
///
/// The commitment is `domain_hash(Domain::Simulation, &SealedReport { .. })` of `airlock-primitives`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedReport<AccountId> {
	/// Hash of the chain's genesis block.
	pub genesis: H256,
	/// Dossier that was simulated.
	pub dossier_hash: H256,
	/// Who commits.
	pub simulator: AccountId,
	/// Round of the proposal.
	pub round: u32,
	/// Attempt within the round: 0, or 1 after the extension.
	pub attempt: u8,
	/// [`Report::root`].
	pub report_root: H256,
	/// Random bytes that hide the root until it is revealed.
	pub salt: [u8; 32],
}
