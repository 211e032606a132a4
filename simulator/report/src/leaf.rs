//! What one leaf of each section says.
//!
//! Leaves hold whole numbers, hashes and closed enums only: no clock, no float, no text of an error, so that
//! two machines that see the same facts write the same bytes. A leaf's [`Sums`] follow from the leaf.

use crate::{PalletSet, SectionId, Sums};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;

/// How an extrinsic's result under the candidate relates to the one under the current code.
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
pub enum ExtrinsicClass {
	/// Same outcome, same events.
	#[codec(index = 0)]
	Identical,
	/// Same outcome, other events (a fee, a weight, a new event).
	#[codec(index = 1)]
	EventsChanged,
	/// Failed before and succeeds now.
	#[codec(index = 2)]
	ErrToOk,
	/// Fails under both, with another error.
	#[codec(index = 3)]
	ErrorChanged,
	/// Not run: a multi-block migration leaves room for inherents only.
	#[codec(index = 4)]
	Deferred,
	/// Succeeded before and its call fails now.
	#[codec(index = 5)]
	OkToErr,
	/// Was in the block and is refused now.
	#[codec(index = 6)]
	ValidityLost,
	/// The runtime trapped on it, mostly because it no longer decodes.
	#[codec(index = 7)]
	Trapped,
	/// Not reached: the block could not be started.
	#[codec(index = 8)]
	NotRun,
}

impl ExtrinsicClass {
	/// All classes, in the order of their codec index.
	pub const ALL: [ExtrinsicClass; CLASSES] = [
		Self::Identical,
		Self::EventsChanged,
		Self::ErrToOk,
		Self::ErrorChanged,
		Self::Deferred,
		Self::OkToErr,
		Self::ValidityLost,
		Self::Trapped,
		Self::NotRun,
	];

	/// True if users lose something that worked before.
	pub const fn is_regression(self) -> bool {
		matches!(
			self,
			Self::OkToErr | Self::ValidityLost | Self::Trapped | Self::NotRun
		)
	}
}

/// Number of classes.
pub const CLASSES: usize = 9;

/// How many extrinsics are of each class; the index is the class's codec index.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ClassCounts(pub [u32; CLASSES]);

impl ClassCounts {
	/// Counts one extrinsic.
	pub fn add(&mut self, class: ExtrinsicClass) {
		if let Some(count) = self.0.get_mut(class as usize) {
			*count = count.saturating_add(1);
		}
	}

	/// Extrinsics of a class.
	pub fn of(&self, class: ExtrinsicClass) -> u32 {
		self.0.get(class as usize).copied().unwrap_or_default()
	}

	/// Extrinsics of all classes for which `keep` holds.
	pub fn sum(&self, keep: impl Fn(ExtrinsicClass) -> bool) -> u32 {
		ExtrinsicClass::ALL
			.into_iter()
			.filter(|class| keep(*class))
			.fold(0, |sum, class| sum.saturating_add(self.of(class)))
	}
}

/// How far a block got.
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
pub enum BlockResult {
	/// To its end.
	#[codec(index = 0)]
	Complete,
	/// The runtime trapped when the block was initialized (hooks and migrations run there).
	#[codec(index = 1)]
	InitializeTrapped,
	/// The runtime trapped when the block was finalized.
	#[codec(index = 2)]
	FinalizeTrapped,
	/// The runtime could not make its own inherents, or refused them.
	#[codec(index = 3)]
	InherentsRefused,
}

/// What became of a block under the candidate.
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
pub struct CandidateRun {
	/// How far it got.
	pub result: BlockResult,
	/// State root after the block; zero if it did not end.
	pub root: H256,
	/// Extrinsics by class.
	pub classes: ClassCounts,
	/// Extrinsics whose envelope signature was accepted because it was valid under the current code.
	pub memoised: u32,
	/// Hash over what each extrinsic returned and deposited, in order.
	pub outcomes: H256,
}

impl CandidateRun {
	/// Extrinsics that regressed, and the block itself if it did not end.
	pub fn regressions(&self) -> u32 {
		let block = u32::from(self.result != BlockResult::Complete);
		self.classes
			.sum(ExtrinsicClass::is_regression)
			.saturating_add(block)
	}
}

/// One block of history, replayed from its canonical parent's state.
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
pub struct BlockLeaf {
	/// Its number.
	pub number: u32,
	/// Its hash.
	pub hash: H256,
	/// State root in its header.
	pub state_root: H256,
	/// Extrinsics root in its header.
	pub extrinsics_root: H256,
	/// blake2-256 of the code that built it.
	pub code: H256,
	/// Number of its extrinsics.
	pub extrinsics: u32,
	/// True if that code, run by this harness, reproduced both roots and the digest.
	pub control: bool,
	/// Hash over what each extrinsic returned and deposited under that code, in order.
	pub outcomes: H256,
	/// Under the candidate. `None` for a block that other code built, or in which that code ran its own
	/// migration: it says nothing of the candidate.
	pub candidate: Option<CandidateRun>,
}

/// Which code a leaf is about.
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
pub enum Blob {
	/// The candidate.
	#[codec(index = 0)]
	Candidate,
	/// The dedicated rollback code.
	#[codec(index = 1)]
	Rollback,
	/// The code that the candidate replaces: the control of the rehearsal.
	#[codec(index = 2)]
	Current,
}

/// One switch of code and the blocks until its migration is over, built on the anchor's state.
///
/// The first leaf is a block of the current code: it shows that the simulator can build blocks here at all.
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
pub struct EnactmentLeaf {
	/// Which code.
	pub to: Blob,
	/// How far its blocks got.
	pub result: BlockResult,
	/// State root before.
	pub before: H256,
	/// State root after; zero if a block did not end.
	pub after: H256,
	/// Blocks built until the runtime took transactions again.
	pub blocks: u32,
	/// False if it still did not after the most blocks the simulator builds.
	pub settled: bool,
	/// Keys of the main storage whose value changed, the block's own bookkeeping included.
	pub keys_changed: u32,
	/// Pallets whose storage version changed.
	pub storage_versions_changed: u32,
	/// Hash over the changed keys and values, sorted by key.
	pub changes: H256,
	/// Pallets that the switch touches: with another interface than in the code before, or with a storage item changed
	/// that the same blocks do not change under the code that runs now. None for the control.
	pub touched: PalletSet,
	/// Keys changed in such a way that belong to no pallet.
	pub unowned_keys: u32,
	/// How many of `touched` are not in the declared scope, and one more if there are `unowned_keys`.
	pub outside_scope: u32,
}

impl EnactmentLeaf {
	/// True if the switch worked.
	pub fn works(&self) -> bool {
		self.result == BlockResult::Complete && self.settled
	}

	/// What `outside_scope` has to be.
	pub fn outside(&self, scope: &PalletSet) -> u32 {
		let unowned = u32::from(self.unowned_keys > 0);
		self.touched.without(scope).count().saturating_add(unowned)
	}

	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		let failed = u32::from(!self.works());
		match self.to {
			Blob::Current => Sums {
				leaves: 1,
				control_only: 1,
				control_broken: failed,
				..Default::default()
			},
			Blob::Candidate | Blob::Rollback => {
				Sums::of_regressions(failed.saturating_add(self.outside_scope))
			}
		}
	}
}

/// A property of a blob that can be read without running a block.
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
pub enum StaticCheck {
	/// It decompresses within the limit.
	#[codec(index = 0)]
	Decompresses,
	/// It can be instantiated: valid wasm that imports nothing this node does not offer.
	#[codec(index = 1)]
	Instantiates,
	/// A version is embedded, and `Core_version` says the same.
	#[codec(index = 2)]
	VersionEmbedded,
	/// `spec_name` is that of the current code.
	#[codec(index = 3)]
	SameSpecName,
	/// `spec_version` is above the one it follows, and one above it for a rollback.
	#[codec(index = 4)]
	HigherSpecVersion,
	/// All runtime APIs that the node calls are there.
	#[codec(index = 5)]
	RuntimeApis,
}

impl StaticCheck {
	/// All checks, in the order of their leaves: section Static has these for the candidate, then for the
	/// rollback if there is one.
	pub const ALL: [StaticCheck; CHECKS] = [
		Self::Decompresses,
		Self::Instantiates,
		Self::VersionEmbedded,
		Self::SameSpecName,
		Self::HigherSpecVersion,
		Self::RuntimeApis,
	];
}

/// Number of static checks of one blob.
pub const CHECKS: usize = 6;

/// One check of one blob.
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
pub struct StaticLeaf {
	/// Which blob.
	pub blob: Blob,
	/// Which check.
	pub check: StaticCheck,
	/// Whether it holds.
	pub holds: bool,
}

/// One leaf of a report.
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
pub enum Leaf {
	/// Of [`SectionId::Static`].
	#[codec(index = 0)]
	Static(StaticLeaf),
	/// Of [`SectionId::Enactment`].
	#[codec(index = 1)]
	Enactment(EnactmentLeaf),
	/// Of [`SectionId::Replay`].
	#[codec(index = 4)]
	Block(BlockLeaf),
}

impl Leaf {
	/// The section it belongs to.
	pub const fn section(&self) -> SectionId {
		match self {
			Leaf::Static(_) => SectionId::Static,
			Leaf::Enactment(_) => SectionId::Enactment,
			Leaf::Block(_) => SectionId::Replay,
		}
	}

	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		match self {
			Leaf::Static(leaf) => Sums::of_regressions(u32::from(!leaf.holds)),
			Leaf::Enactment(leaf) => leaf.sums(),
			Leaf::Block(leaf) => leaf.sums(),
		}
	}
}

impl BlockLeaf {
	/// What it adds to its section's sums. A block whose control is broken says nothing of the candidate,
	/// so it counts no regression.
	pub fn sums(&self) -> Sums {
		let base = Sums {
			leaves: 1,
			extrinsics: self.extrinsics,
			control_broken: u32::from(!self.control),
			..Default::default()
		};
		let run = match self.candidate {
			Some(run) if self.control => run,
			_ => {
				return Sums {
					control_only: 1,
					..base
				}
			}
		};
		let identical = run.classes.of(ExtrinsicClass::Identical);
		Sums {
			identical,
			changed: run
				.classes
				.sum(|class| class != ExtrinsicClass::Identical && !class.is_regression()),
			regressions: run.regressions(),
			..base
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn block(control: bool, classes: &[ExtrinsicClass], result: BlockResult) -> BlockLeaf {
		let mut counts = ClassCounts::default();
		classes.iter().for_each(|class| counts.add(*class));
		BlockLeaf {
			number: 1,
			hash: H256::repeat_byte(1),
			state_root: H256::repeat_byte(2),
			extrinsics_root: H256::repeat_byte(3),
			code: H256::repeat_byte(4),
			extrinsics: classes.len() as u32,
			control,
			outcomes: H256::repeat_byte(5),
			candidate: Some(CandidateRun {
				result,
				root: H256::repeat_byte(6),
				classes: counts,
				memoised: 0,
				outcomes: H256::repeat_byte(7),
			}),
		}
	}

	#[test]
	fn classes_are_listed_in_the_order_of_their_index() {
		for (index, class) in ExtrinsicClass::ALL.into_iter().enumerate() {
			assert_eq!(class.encode(), [index as u8]);
		}
	}

	#[test]
	fn checks_are_listed_in_the_order_of_their_index() {
		for (index, check) in StaticCheck::ALL.into_iter().enumerate() {
			assert_eq!(check.encode(), [index as u8]);
		}
	}

	#[test]
	fn every_extrinsic_is_identical_changed_or_a_regression() {
		let sums = block(true, &ExtrinsicClass::ALL, BlockResult::Complete).sums();
		assert_eq!((sums.identical, sums.changed, sums.regressions), (1, 4, 4));
		assert_eq!(
			sums.identical + sums.changed + sums.regressions,
			sums.extrinsics
		);
	}

	#[test]
	fn a_block_that_does_not_end_is_a_regression_of_its_own() {
		let sums = block(
			true,
			&[ExtrinsicClass::Identical],
			BlockResult::FinalizeTrapped,
		)
		.sums();
		assert_eq!((sums.identical, sums.regressions), (1, 1));
	}

	#[test]
	fn a_switch_that_never_settles_is_blamed_on_its_code() {
		let leaf = |to| EnactmentLeaf {
			to,
			result: BlockResult::Complete,
			before: H256::zero(),
			after: H256::zero(),
			blocks: 1,
			settled: false,
			keys_changed: 0,
			storage_versions_changed: 0,
			changes: H256::zero(),
			touched: PalletSet::default(),
			unowned_keys: 0,
			outside_scope: 0,
		};
		let blame = |to| (leaf(to).sums().regressions, leaf(to).sums().control_broken);
		assert_eq!(blame(Blob::Candidate), (1, 0));
		assert_eq!(blame(Blob::Rollback), (1, 0));
		assert_eq!(blame(Blob::Current), (0, 1));
	}

	#[test]
	fn each_pallet_outside_the_scope_is_a_regression() {
		let mut leaf = EnactmentLeaf {
			to: Blob::Candidate,
			result: BlockResult::Complete,
			before: H256::zero(),
			after: H256::zero(),
			blocks: 1,
			settled: true,
			keys_changed: 0,
			storage_versions_changed: 0,
			changes: H256::zero(),
			touched: [3, 7, 200].into_iter().collect(),
			unowned_keys: 0,
			outside_scope: 0,
		};
		let scope = [3, 4].into_iter().collect();
		assert_eq!(leaf.outside(&scope), 2);
		leaf.unowned_keys = 9;
		assert_eq!(leaf.outside(&scope), 3);
		leaf.outside_scope = 3;
		assert_eq!(leaf.sums().regressions, 3);
		assert!(leaf.works());
	}

	#[test]
	fn a_broken_control_blames_nobody() {
		let sums = block(false, &[ExtrinsicClass::Trapped], BlockResult::Complete).sums();
		assert_eq!(
			(sums.regressions, sums.control_broken, sums.control_only),
			(0, 1, 1)
		);
	}
}
