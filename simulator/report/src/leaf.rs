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
	/// Another result, all of which the manifest of expected effects declares.
	#[codec(index = 1)]
	Declared,
	/// Not run: a multi-block migration leaves room for inherents only.
	#[codec(index = 2)]
	Deferred,
	/// Same outcome and events but for the weight that was charged.
	#[codec(index = 3)]
	WeightChanged,
	/// Same outcome and events but for weight and fee.
	#[codec(index = 4)]
	FeeChanged,
	/// Same outcome, and other events: one more, one less, or other fields.
	#[codec(index = 5)]
	EventsChanged,
	/// Failed before and succeeds now.
	#[codec(index = 6)]
	ErrToOk,
	/// Fails under both, with another error.
	#[codec(index = 7)]
	ErrorChanged,
	/// Succeeded before and its call fails now.
	#[codec(index = 8)]
	OkToErr,
	/// Was in the block and is refused now.
	#[codec(index = 9)]
	ValidityLost,
	/// Its bytes mean nothing to the runtime any more: another version, other extensions, or another call.
	#[codec(index = 10)]
	EnvelopeBroken,
	/// The runtime trapped on it.
	#[codec(index = 11)]
	Trapped,
	/// Not reached: the block could not be started.
	#[codec(index = 12)]
	NotRun,
	/// Another result in a chain of blocks in which an earlier extrinsic had one: it may be no doing of its own.
	#[codec(index = 13)]
	Tainted,
}

impl ExtrinsicClass {
	/// All classes, in the order of their codec index.
	pub const ALL: [ExtrinsicClass; CLASSES] = [
		Self::Identical,
		Self::Declared,
		Self::Deferred,
		Self::WeightChanged,
		Self::FeeChanged,
		Self::EventsChanged,
		Self::ErrToOk,
		Self::ErrorChanged,
		Self::OkToErr,
		Self::ValidityLost,
		Self::EnvelopeBroken,
		Self::Trapped,
		Self::NotRun,
		Self::Tainted,
	];

	/// True for whatever changed and nobody declared. A change for the better is one: who did not mean it does not know
	/// what else it does.
	pub const fn is_regression(self) -> bool {
		!matches!(
			self,
			Self::Identical | Self::Declared | Self::Deferred | Self::Tainted
		)
	}
}

/// Number of classes.
pub const CLASSES: usize = 14;

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
	/// The runtime computed longer than any block may, and was stopped.
	#[codec(index = 4)]
	Endless,
	/// The block was built, and the runtime does not execute it: authors would build what nobody imports.
	#[codec(index = 5)]
	NotExecuted,
	/// The runtime said that a multi-block migration failed, whatever it did then.
	#[codec(index = 6)]
	MigrationFailed,
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
	/// Keys that the block leaves with another value than under the current code, without the block's own bookkeeping.
	pub keys_differing: u32,
	/// Storage items of such keys that the manifest does not declare.
	pub items_undeclared: u32,
	/// Hash over these keys and both values, sorted by key.
	pub differences: H256,
}

impl CandidateRun {
	/// A run to the end that leaves the storage as the current code does.
	pub fn complete(classes: ClassCounts) -> Self {
		Self {
			result: BlockResult::Complete,
			root: H256::zero(),
			classes,
			memoised: 0,
			outcomes: H256::zero(),
			keys_differing: 0,
			items_undeclared: 0,
			differences: H256::zero(),
		}
	}

	/// Extrinsics that regressed, storage items that differ undeclared, and the block itself if it did not end.
	pub fn regressions(&self) -> u32 {
		let block = u32::from(self.result != BlockResult::Complete);
		self.classes
			.sum(ExtrinsicClass::is_regression)
			.saturating_add(self.items_undeclared)
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
	/// Blocks built until the runtime took transactions again. Some more follow.
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
	/// Keys changed in such a way that belong to no pallet, or to the node: which code runs is not for this code to write.
	pub unowned_keys: u32,
	/// How many of `touched` are not in the declared scope, and one more if there are `unowned_keys`.
	pub outside_scope: u32,
	/// How many of `blocks` weigh more with hooks, migrations and inherents than a whole block may.
	pub overweight: u32,
	/// True if the migration, run once more, changes nothing. Chains do run one twice: when a version was not noted.
	pub repeatable: bool,
	/// Units of the currency that its blocks made beyond those that the same blocks make under the current code.
	pub minted: u128,
	/// How many of them the dossier does not declare.
	pub excess: u128,
	/// Keys that are gone after its blocks and would not be under the current code, of items of which the manifest does
	/// not declare that.
	pub lost: u32,
	/// True if the code says the same as the current code would after as many blocks of who authors, when, and who
	/// finalizes.
	pub lasting: bool,
}

impl EnactmentLeaf {
	/// A switch that works at once and changes nothing.
	pub fn uneventful(to: Blob) -> Self {
		Self {
			to,
			result: BlockResult::Complete,
			before: H256::zero(),
			after: H256::zero(),
			blocks: 1,
			settled: true,
			keys_changed: 0,
			storage_versions_changed: 0,
			changes: H256::zero(),
			touched: PalletSet::default(),
			unowned_keys: 0,
			outside_scope: 0,
			overweight: 0,
			repeatable: true,
			minted: 0,
			excess: 0,
			lost: 0,
			lasting: true,
		}
	}

	/// True if the switch worked.
	pub fn works(&self) -> bool {
		self.result == BlockResult::Complete && self.settled
	}

	/// What `outside_scope` has to be.
	pub fn outside(&self, scope: &PalletSet) -> u32 {
		let unowned = u32::from(self.unowned_keys > 0);
		self.touched.without(scope).count().saturating_add(unowned)
	}

	/// What `excess` has to be.
	pub fn beyond(&self, minted: u128) -> u128 {
		self.minted.saturating_sub(minted)
	}

	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		let failed = u32::from(!self.works());
		let faults = [
			self.overweight > 0,
			!self.repeatable,
			self.excess > 0,
			self.lost > 0,
			!self.lasting,
		];
		let faults = faults.into_iter().map(u32::from).sum::<u32>();
		match self.to {
			Blob::Current => Sums {
				leaves: 1,
				control_only: 1,
				control_broken: failed,
				..Default::default()
			},
			Blob::Candidate | Blob::Rollback => {
				let faults = failed.saturating_add(faults);
				Sums::of_regressions(faults.saturating_add(self.outside_scope))
			}
		}
	}
}

/// The whole state after a switch, read as the code after it says it is written.
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
pub struct StateLeaf {
	/// Which code.
	pub of: Blob,
	/// Keys of the main storage.
	pub keys: u64,
	/// Keys whose name or value cannot be read, by how many there are more in each item than before. For the control: all.
	pub undecodable: u32,
	/// Keys that belong to no storage item, by how many there are more than before. For the control: all.
	pub orphaned: u32,
	/// Pallets with a storage item of another layout and the same storage version as before.
	pub unversioned: u32,
	/// Hash over all storage items with their numbers of keys.
	pub items: H256,
}

impl StateLeaf {
	/// A state of which nothing was read, or without a key.
	pub fn empty(of: Blob) -> Self {
		Self {
			of,
			keys: 0,
			undecodable: 0,
			orphaned: 0,
			unversioned: 0,
			items: H256::zero(),
		}
	}

	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		match self.of {
			// What was broken before is not the candidate's doing.
			Blob::Current => Sums {
				leaves: 1,
				control_only: 1,
				..Default::default()
			},
			Blob::Candidate | Blob::Rollback => {
				let faults = self.undecodable.saturating_add(self.orphaned);
				Sums::of_regressions(faults.saturating_add(self.unversioned))
			}
		}
	}
}

/// One block of the chain that goes on under the candidate: history's extrinsics, on the state that the candidate's own
/// blocks left.
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
pub struct ContinuousLeaf {
	/// Number of the block of history. Its hash is in section Replay.
	pub number: u32,
	/// Under the candidate. `None` before the switch, and after a block that did not end.
	pub run: Option<ContinuousRun>,
}

/// What became of such a block.
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
pub struct ContinuousRun {
	/// How far it got.
	pub result: BlockResult,
	/// State root after the block; zero if it did not end.
	pub root: H256,
	/// Extrinsics by class: the block's own, and those that a migration held up before.
	pub classes: ClassCounts,
	/// Hash over what each extrinsic returned and deposited, in order.
	pub outcomes: H256,
	/// What differs from the control and is not declared: the block's digest, as far as it tells consensus something, and after
	/// the last block each storage item. None from an extrinsic on that regressed or had another outcome or fee, and no storage
	/// item if a migration held an extrinsic up, since then its traces are there too.
	pub items_undeclared: u32,
}

impl ContinuousLeaf {
	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		let Some(run) = self.run else {
			return Sums {
				leaves: 1,
				control_only: 1,
				..Default::default()
			};
		};
		let block = u32::from(run.result != BlockResult::Complete);
		let regressions = run.classes.sum(ExtrinsicClass::is_regression);
		let identical = run.classes.of(ExtrinsicClass::Identical);
		Sums {
			leaves: 1,
			extrinsics: run.classes.sum(|_| true),
			identical,
			changed: run
				.classes
				.sum(|class| class != ExtrinsicClass::Identical && !class.is_regression()),
			regressions: regressions
				.saturating_add(block)
				.saturating_add(run.items_undeclared),
			..Default::default()
		}
	}
}

/// What the cases of a batch of the stress are.
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
pub enum Stress {
	/// Extrinsics of history with broken bytes, as they are.
	#[codec(index = 0)]
	Malformed,
	/// Calls with arguments at the edges of their types, by accounts that sent something before.
	#[codec(index = 1)]
	Calls,
	/// The same, and what the transaction pool is told of them.
	#[codec(index = 2)]
	Pool,
	/// One transaction after the other, in the same block, until it is full.
	#[codec(index = 3)]
	Filling,
}

/// A batch of made-up extrinsics, each under the current code some blocks after the anchor, and under the candidate as many
/// blocks after the switch.
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
pub struct StressLeaf {
	/// Which batch.
	pub batch: u32,
	/// What its cases are.
	pub of: Stress,
	/// Cases by class.
	pub classes: ClassCounts,
	/// Hash over what each case gave under the current code, in order.
	pub before: H256,
	/// The same under the candidate.
	pub after: H256,
}

impl StressLeaf {
	/// A batch without cases.
	pub fn empty(batch: u32) -> Self {
		Self {
			batch,
			of: stress_of(batch),
			classes: ClassCounts::default(),
			before: H256::zero(),
			after: H256::zero(),
		}
	}

	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		let regressions = self.classes.sum(ExtrinsicClass::is_regression);
		let identical = self.classes.of(ExtrinsicClass::Identical);
		let cases = self.classes.sum(|_| true);
		Sums {
			leaves: 1,
			extrinsics: cases,
			identical,
			changed: cases.saturating_sub(identical).saturating_sub(regressions),
			regressions,
			..Default::default()
		}
	}
}

/// Batches of the stress, of 64 cases each; of fewer if history has nobody who sends them.
pub const BATCHES: u32 = 16;

/// What the cases of a batch are. Of eight in turn the first has broken bytes, the second asks the pool, the third fills a
/// block, and five make calls: of all [`BATCHES`] that is two, two, two and ten.
pub const fn stress_of(batch: u32) -> Stress {
	match batch % 8 {
		0 => Stress::Malformed,
		1 => Stress::Pool,
		2 => Stress::Filling,
		_ => Stress::Calls,
	}
}

/// How a chain goes back.
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
pub enum Way {
	/// To the dedicated rollback code.
	#[codec(index = 0)]
	Dedicated,
	/// To the code that the candidate replaced.
	#[codec(index = 1)]
	Previous,
}

/// The way back after the candidate ran for some blocks of history.
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
pub struct RollbackLeaf {
	/// Which way.
	pub way: Way,
	/// Blocks of history under the candidate before.
	pub after: u32,
	/// What became of it; `None` if the chain did not come so far under the candidate, or there is no such way.
	pub run: Option<RollbackRun>,
}

/// What became of a way back.
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
pub struct RollbackRun {
	/// How far its blocks got.
	pub result: BlockResult,
	/// False if the code never took transactions again.
	pub settled: bool,
	/// State root after it; zero if a block did not end.
	pub root: H256,
	/// Keys that the code after it cannot read, and more of them than before the switch.
	pub undecodable: u32,
	/// Keys that belong to nobody any more, by how many there are more than before the switch.
	pub orphaned: u32,
}

impl RollbackRun {
	/// True if the chain is as good as before.
	pub fn works(&self) -> bool {
		let reads = self.undecodable == 0 && self.orphaned == 0;
		self.result == BlockResult::Complete && self.settled && reads
	}
}

impl RollbackLeaf {
	/// The leaf of an index of which nothing is known; `None` beyond the last.
	pub fn not_run(index: u32) -> Option<Self> {
		let index = usize::try_from(index).ok()?;
		Some(Self {
			way: *WAYS.get(index % WAYS.len())?,
			after: *BACK_AFTER.get(index / WAYS.len())?,
			run: None,
		})
	}

	/// What it adds to its section's sums. Only the dedicated code is promised to work.
	pub fn sums(&self) -> Sums {
		match (self.way, self.run) {
			(Way::Dedicated, Some(run)) => Sums::of_regressions(u32::from(!run.works())),
			_ => Sums {
				leaves: 1,
				control_only: 1,
				..Default::default()
			},
		}
	}
}

/// After how many blocks of history ways back are rehearsed.
pub const BACK_AFTER: [u32; 3] = [1, 8, 32];

/// Number of leaves of section Rollback.
pub const ROLLBACKS: u32 = (BACK_AFTER.len() * WAYS.len()) as u32;

/// The ways back, in the order of their leaves: each after the first number of blocks, then after the next.
pub const WAYS: [Way; 2] = [Way::Dedicated, Way::Previous];

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
	/// Every call keeps its index and arguments, and transactions their extensions; or `transaction_version` is raised.
	#[codec(index = 6)]
	TransactionVersion,
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
		Self::TransactionVersion,
	];
}

/// Number of static checks of one blob.
pub const CHECKS: usize = 7;

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
	/// Of [`SectionId::State`].
	#[codec(index = 3)]
	State(StateLeaf),
	/// Of [`SectionId::Replay`].
	#[codec(index = 4)]
	Block(BlockLeaf),
	/// Of [`SectionId::Continuous`].
	#[codec(index = 5)]
	Continuous(ContinuousLeaf),
	/// Of [`SectionId::Stress`].
	#[codec(index = 6)]
	Stress(StressLeaf),
	/// Of [`SectionId::Rollback`].
	#[codec(index = 8)]
	Rollback(RollbackLeaf),
}

impl Leaf {
	/// The section it belongs to.
	pub const fn section(&self) -> SectionId {
		match self {
			Leaf::Static(_) => SectionId::Static,
			Leaf::Enactment(_) => SectionId::Enactment,
			Leaf::State(_) => SectionId::State,
			Leaf::Block(_) => SectionId::Replay,
			Leaf::Continuous(_) => SectionId::Continuous,
			Leaf::Stress(_) => SectionId::Stress,
			Leaf::Rollback(_) => SectionId::Rollback,
		}
	}

	/// What it adds to its section's sums.
	pub fn sums(&self) -> Sums {
		match self {
			Leaf::Static(leaf) => Sums::of_regressions(u32::from(!leaf.holds)),
			Leaf::Enactment(leaf) => leaf.sums(),
			Leaf::State(leaf) => leaf.sums(),
			Leaf::Block(leaf) => leaf.sums(),
			Leaf::Continuous(leaf) => leaf.sums(),
			Leaf::Stress(leaf) => leaf.sums(),
			Leaf::Rollback(leaf) => leaf.sums(),
		}
	}
}

impl BlockLeaf {
	/// A block without extrinsics that the candidate leaves as `code` does, for tests.
	pub fn identical(number: u32, hash: H256, code: H256) -> Self {
		Self {
			number,
			hash,
			state_root: H256::zero(),
			extrinsics_root: H256::zero(),
			code,
			extrinsics: 0,
			control: true,
			outcomes: H256::zero(),
			candidate: Some(CandidateRun::complete(ClassCounts::default())),
		}
	}

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
				..CandidateRun::complete(counts)
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
		assert_eq!((sums.identical, sums.changed, sums.regressions), (1, 3, 10));
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
			settled: false,
			..EnactmentLeaf::uneventful(to)
		};
		let blame = |to| (leaf(to).sums().regressions, leaf(to).sums().control_broken);
		assert_eq!(blame(Blob::Candidate), (1, 0));
		assert_eq!(blame(Blob::Rollback), (1, 0));
		assert_eq!(blame(Blob::Current), (0, 1));
	}

	#[test]
	fn each_pallet_outside_the_scope_is_a_regression() {
		let mut leaf = EnactmentLeaf {
			touched: [3, 7, 200].into_iter().collect(),
			minted: 7,
			..EnactmentLeaf::uneventful(Blob::Candidate)
		};
		assert_eq!((leaf.beyond(0), leaf.beyond(5), leaf.beyond(9)), (7, 2, 0));
		let scope = [3, 4].into_iter().collect();
		assert_eq!(leaf.outside(&scope), 2);
		leaf.unowned_keys = 9;
		assert_eq!(leaf.outside(&scope), 3);
		leaf.outside_scope = 3;
		assert_eq!(leaf.sums().regressions, 3);
		assert!(leaf.works());
		(leaf.overweight, leaf.repeatable, leaf.excess) = (9, false, 2);
		assert_eq!(leaf.sums().regressions, 6);
		(leaf.lost, leaf.lasting) = (40, false);
		assert_eq!(leaf.sums().regressions, 8);
	}

	#[test]
	fn what_cannot_be_read_any_more_is_a_regression() {
		let leaf = |of| StateLeaf {
			of,
			keys: 100,
			undecodable: 3,
			orphaned: 2,
			unversioned: 1,
			items: H256::zero(),
		};
		assert_eq!(leaf(Blob::Candidate).sums().regressions, 6);
		assert_eq!(leaf(Blob::Rollback).sums().regressions, 6);
		assert_eq!(leaf(Blob::Current).sums().regressions, 0);
	}

	#[test]
	fn storage_that_differs_undeclared_is_a_regression() {
		let mut leaf = block(true, &[ExtrinsicClass::Identical], BlockResult::Complete);
		leaf.candidate = leaf.candidate.map(|run| CandidateRun {
			keys_differing: 9,
			items_undeclared: 2,
			..run
		});
		assert_eq!(leaf.sums().regressions, 2);
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
