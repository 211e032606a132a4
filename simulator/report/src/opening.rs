//! Sampled openings: leaves that the chain draws after all reports are sealed, so that nobody can reveal a
//! report whose leaves it does not have.
//!
//! Also what shows that a leaf is a lie ([`Opening::contradiction`]). An honest simulator cannot write such a
//! leaf, whatever the candidate does, so whoever revealed a report with one of them is to blame.

use crate::{
	leaf::{stress_of, Blob, StaticCheck, Way, CHECKS},
	tree::{verify, ProofError},
	BlockLeaf, Leaf, Leaves, Proof, Report, RollbackLeaf, SectionId, SimConfig, StaticLeaf, Tree,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32, H256};
use sp_crypto_hashing::blake2_128;

/// How many leaves of each section are drawn. A section with fewer leaves is opened whole.
pub const SAMPLED: [(SectionId, u32); 7] = [
	(SectionId::Static, 1),
	(SectionId::Enactment, 1),
	(SectionId::State, 1),
	(SectionId::Replay, 2),
	(SectionId::Continuous, 1),
	(SectionId::Stress, 1),
	(SectionId::Rollback, 1),
];

/// Most leaves that are drawn for one simulator: the sum over [`SAMPLED`].
pub const MAX_SAMPLES: u32 = 8;

/// What a draw is hashed with. No prefix of another hash of Airlock begins with it, nor it with one of them.
const DOMAIN: &[u8] = b"airlock/samples/v1";

/// A leaf with the proof that it is in a report.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Opening {
	/// The section whose tree it is in.
	pub section: SectionId,
	/// Its index there.
	pub index: u32,
	/// The leaf.
	pub leaf: Leaf,
	/// The siblings up to the section's root.
	pub proof: Proof,
}

/// What a simulator reveals next to its report, in the order of [`samples`].
pub type Openings = BoundedVec<Opening, ConstU32<MAX_SAMPLES>>;

/// Why an opening does not belong to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningError {
	/// The report has no such section.
	NoSection,
	/// The leaf is not at this index of the section.
	Proof(ProofError),
}

/// Why no honest simulator can have written a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
	/// It belongs to another section than the one whose tree it is in.
	OtherSection,
	/// It is about another block than the one of its index.
	OtherBlock,
	/// Its block has another hash on this chain.
	OtherHash,
	/// It contradicts the report's own subject: a check of another blob, a switch, state, batch or way back out of order, pallets outside
	/// the scope or coins beyond the declared ones that are not counted, or a candidate run on a block on which the engine never runs it.
	Impossible,
}

/// The leaves that a simulator must open, in the order in which it must show them: by section as in
/// [`SAMPLED`], then by index, each at most once. Sections that the report lacks are left out.
///
/// `seed` is what the chain drew when no commitment was taken any more, `simulator` the SCALE encoding of its
/// account. Each simulator draws other leaves; the remainder's bias is below 2^-95.
pub fn samples(seed: &H256, simulator: &[u8], report: &Report) -> Vec<(SectionId, u32)> {
	let root = report.root();
	let mut drawn = Vec::new();
	for (id, wanted) in SAMPLED {
		let count = report.section(id).map_or(0, |section| section.count);
		let draw = |nth: u32| draw(seed, simulator, &root, id, nth);
		drawn.extend(distinct(count, wanted, draw).into_iter().map(|at| (id, at)));
	}
	drawn
}

fn draw(seed: &H256, simulator: &[u8], root: &H256, section: SectionId, nth: u32) -> u128 {
	let mut bytes = DOMAIN.to_vec();
	(seed, simulator, root, section, nth).encode_to(&mut bytes);
	u128::from_le_bytes(blake2_128(&bytes))
}

/// At most `wanted` different numbers below `count`, sorted.
fn distinct(count: u32, wanted: u32, draw: impl Fn(u32) -> u128) -> Vec<u32> {
	let mut chosen: Vec<u32> = Vec::new();
	for nth in 0..wanted.min(count) {
		// Not zero: `nth < count`. The remainder is a rank among the numbers that are not chosen yet.
		let left = u128::from(count - nth);
		let mut index = (draw(nth) % left) as u32;
		for taken in &chosen {
			index += u32::from(index >= *taken);
		}
		let at = chosen.partition_point(|taken| *taken < index);
		chosen.insert(at, index);
	}
	chosen
}

/// The openings of these leaves, in this order: what a simulator reveals for its [`samples`]. `None` if a leaf is
/// not there, or more than [`MAX_SAMPLES`] are asked for.
pub fn openings(leaves: &Leaves, drawn: &[(SectionId, u32)]) -> Option<Openings> {
	let all: Option<Vec<_>> = drawn
		.iter()
		.map(|(section, index)| Opening::of(leaves, *section, *index))
		.collect();
	all?.try_into().ok()
}

impl Opening {
	/// Opens one leaf; `None` if there is none of that index. Hashes the whole section.
	pub fn of(leaves: &Leaves, section: SectionId, index: u32) -> Option<Self> {
		let (_, leaves) = leaves.iter().find(|(id, _)| *id == section)?;
		let leaf = leaves.get(usize::try_from(index).ok()?)?;
		Some(Self {
			section,
			index,
			leaf: *leaf,
			proof: Tree::new(leaves).proof(index)?,
		})
	}

	/// Checks that the leaf is in the report.
	///
	/// # Errors
	/// [`OpeningError`].
	pub fn verify(&self, report: &Report) -> Result<(), OpeningError> {
		let section = report
			.section(self.section)
			.ok_or(OpeningError::NoSection)?;
		verify(
			section.root,
			&section.sums,
			section.count,
			self.index,
			&self.leaf,
			&self.proof,
		)
		.map_err(OpeningError::Proof)
	}

	/// Why no honest simulator can have written this leaf into a report on `config`; `None` if one can.
	///
	/// `known` gives the hash of a block of this chain as far as it is known. Says nothing of the proof: see
	/// [`Opening::verify`].
	pub fn contradiction(
		&self,
		config: &SimConfig,
		known: impl Fn(u32) -> Option<H256>,
	) -> Option<Contradiction> {
		if self.leaf.section() != self.section {
			return Some(Contradiction::OtherSection);
		}
		let possible = match &self.leaf {
			Leaf::Static(leaf) => is_check(leaf, config, self.index),
			Leaf::Enactment(leaf) => {
				switch_of(config, self.index) == Some(leaf.to)
					&& leaf.outside_scope == leaf.outside(&config.scope)
					&& leaf.excess == leaf.beyond(config.minted)
			}
			Leaf::State(leaf) => switch_of(config, self.index) == Some(leaf.of),
			Leaf::Block(leaf) => {
				if config.block_of(self.index) != Some(leaf.number) {
					return Some(Contradiction::OtherBlock);
				}
				if known(leaf.number).is_some_and(|hash| hash != leaf.hash) {
					return Some(Contradiction::OtherHash);
				}
				is_possible(leaf, config)
			}
			Leaf::Continuous(leaf) => {
				if config.continuous_block_of(self.index) != Some(leaf.number) {
					return Some(Contradiction::OtherBlock);
				}
				true
			}
			Leaf::Stress(leaf) => leaf.batch == self.index && leaf.of == stress_of(leaf.batch),
			Leaf::Rollback(leaf) => is_way(leaf, config, self.index),
		};
		(!possible).then_some(Contradiction::Impossible)
	}
}

/// Whether a static leaf is the check whose turn it is.
fn is_check(leaf: &StaticLeaf, config: &SimConfig, index: u32) -> bool {
	let checks = CHECKS as u32;
	let blob = match index / checks {
		0 => Some(Blob::Candidate),
		1 => config.rollback.map(|_| Blob::Rollback),
		_ => None,
	};
	let check = StaticCheck::ALL.get((index % checks) as usize);
	blob == Some(leaf.blob) && check == Some(&leaf.check)
}

/// The switch whose turn it is: a block of the current code as control, then the candidate, then the way back.
fn switch_of(config: &SimConfig, index: u32) -> Option<Blob> {
	match index {
		0 => Some(Blob::Current),
		1 => Some(Blob::Candidate),
		2 => config.rollback.map(|_| Blob::Rollback),
		_ => None,
	}
}

/// Whether a leaf of section Rollback is the way whose turn it is; what does not exist cannot be gone.
fn is_way(leaf: &RollbackLeaf, config: &SimConfig, index: u32) -> bool {
	let exists = leaf.way == Way::Previous || config.rollback.is_some();
	RollbackLeaf::not_run(index) == Some(RollbackLeaf { run: None, ..*leaf })
		&& (leaf.run.is_none() || exists)
}

/// The engine runs the candidate only on blocks that the code it replaces built and that the harness reproduced,
/// and then on every extrinsic of them.
fn is_possible(leaf: &BlockLeaf, config: &SimConfig) -> bool {
	leaf.candidate.is_none_or(|run| {
		leaf.control
			&& leaf.code == config.parent_code
			&& run.classes.sum(|_| true) == leaf.extrinsics
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		leaf::{BlockResult, CandidateRun, ClassCounts, RollbackRun, Stress, BATCHES, ROLLBACKS},
		uneventful, ContinuousLeaf, EnactmentLeaf, ExtrinsicClass, PalletSet, StateLeaf,
		StressLeaf, SCHEMA,
	};

	const BLOCKS: u32 = 10;
	const ANCHOR: u32 = 19;

	fn config() -> SimConfig {
		SimConfig {
			schema: SCHEMA,
			genesis: H256::repeat_byte(1),
			parent_code: H256::repeat_byte(2),
			candidate: H256::repeat_byte(3),
			rollback: Some(H256::repeat_byte(4)),
			anchor: ANCHOR,
			anchor_hash: hash(ANCHOR),
			blocks: BLOCKS,
			scope: PalletSet::default(),
			effects: H256::repeat_byte(6),
			minted: 5,
			engine: H256::repeat_byte(5),
		}
	}

	fn hash(number: u32) -> H256 {
		H256::repeat_byte(100 + number as u8)
	}

	fn switch(to: Blob) -> Leaf {
		Leaf::Enactment(EnactmentLeaf::uneventful(to))
	}

	fn state(of: Blob) -> Leaf {
		Leaf::State(StateLeaf::empty(of))
	}

	fn block(number: u32) -> BlockLeaf {
		let mut classes = ClassCounts::default();
		classes.add(ExtrinsicClass::Identical);
		BlockLeaf {
			number,
			hash: hash(number),
			state_root: H256::zero(),
			extrinsics_root: H256::zero(),
			code: config().parent_code,
			extrinsics: 1,
			control: true,
			outcomes: H256::zero(),
			candidate: Some(CandidateRun::complete(classes)),
		}
	}

	fn check(blob: Blob, check: StaticCheck) -> Leaf {
		let holds = true;
		Leaf::Static(StaticLeaf { blob, check, holds })
	}

	fn leaves() -> Vec<(SectionId, Vec<Leaf>)> {
		uneventful(&config(), block)
	}

	fn report() -> Report {
		Report::of(config(), &leaves()).unwrap()
	}

	fn seed(n: u32) -> H256 {
		H256::from_low_u64_be(n.into())
	}

	#[test]
	fn samples_are_what_the_constants_say() {
		let most: u32 = SAMPLED.iter().map(|(_, wanted)| wanted).sum();
		assert_eq!(most, MAX_SAMPLES);
		for n in 0..100 {
			let drawn = samples(&seed(n), &[1], &report());
			let sections: Vec<_> = drawn.iter().map(|(id, _)| *id).collect();
			assert_eq!(
				sections,
				[
					SectionId::Static,
					SectionId::Enactment,
					SectionId::State,
					SectionId::Replay,
					SectionId::Replay,
					SectionId::Continuous,
					SectionId::Stress,
					SectionId::Rollback
				]
			);
			assert!(drawn[3].1 < drawn[4].1, "two different blocks, sorted");
			for (id, index) in drawn {
				assert!(index < report().section(id).unwrap().count);
			}
		}
	}

	#[test]
	fn samples_depend_on_seed_simulator_and_report_and_on_nothing_else() {
		let of = |n: u32, who: &[u8], report: &Report| -> Vec<_> {
			(0..8)
				.flat_map(|k| samples(&seed(n + k), who, report))
				.collect()
		};
		let base = of(0, &[1], &report());
		assert_eq!(base, of(0, &[1], &report()));
		assert_ne!(base, of(50, &[1], &report()));
		assert_ne!(base, of(0, &[2], &report()));
		let mut other = report();
		other.config.engine = H256::zero();
		assert_ne!(base, of(0, &[1], &other));
	}

	#[test]
	fn samples_of_a_small_section_are_all_its_leaves() {
		let all = leaves();
		let mut config = config();
		for blocks in 0..3 {
			config.blocks = blocks;
			let replay = all[3].1[..blocks as usize].to_vec();
			let report = Report::of(config.clone(), &[(SectionId::Replay, replay)]).unwrap();
			let expected: Vec<_> = (0..blocks).map(|n| (SectionId::Replay, n)).collect();
			assert_eq!(samples(&seed(3), &[1], &report), expected);
		}
	}

	#[test]
	fn every_pair_of_leaves_is_drawn_equally_often() {
		// 5 leaves have 10 pairs; 4 000 draws give each about 400.
		let mut times = alloc::collections::BTreeMap::<Vec<u32>, u32>::new();
		for n in 0..4_000 {
			let draw = |nth| draw(&seed(n), &[1], &H256::zero(), SectionId::Replay, nth);
			*times.entry(distinct(5, 2, draw)).or_default() += 1;
		}
		assert_eq!(times.len(), 10);
		assert!(times.values().all(|n| (320..480).contains(n)), "{times:?}");
	}

	#[test]
	fn openings_of_the_samples_verify_and_contradict_nothing() {
		let (report, leaves) = (report(), leaves());
		for n in 0..50 {
			let drawn = samples(&seed(n), &[1], &report);
			let opened = openings(&leaves, &drawn).unwrap();
			assert_eq!(opened.len(), 8);
			for (opening, (id, index)) in opened.iter().zip(drawn) {
				assert_eq!((opening.section, opening.index), (id, index));
				assert_eq!(opening.verify(&report), Ok(()));
				let known = |number| Some(hash(number));
				assert_eq!(opening.contradiction(&report.config, known), None);
			}
		}
		assert_eq!(openings(&leaves, &[(SectionId::Replay, BLOCKS)]), None);
		assert_eq!(openings(&leaves, &[(SectionId::Replay, 0); 9]), None);
	}

	#[test]
	fn verify_should_fail_when_the_opening_is_of_another_place() {
		let (report, leaves) = (report(), leaves());
		let mut opening = Opening::of(&leaves, SectionId::Replay, 3).unwrap();
		opening.index = 4;
		assert_eq!(
			opening.verify(&report),
			Err(OpeningError::Proof(ProofError::RootMismatch))
		);
		opening.index = BLOCKS;
		assert_eq!(
			opening.verify(&report),
			Err(OpeningError::Proof(ProofError::IndexOutOfRange))
		);
		let two = Report::of(config(), &leaves[..2]).unwrap();
		assert_eq!(opening.verify(&two), Err(OpeningError::NoSection));
	}

	#[test]
	fn a_block_leaf_should_contradict_when_no_engine_can_write_it() {
		let wrong: [(fn(&mut BlockLeaf), Contradiction); 6] = [
			(|l| l.number += 1, Contradiction::OtherBlock),
			(|l| l.hash = H256::zero(), Contradiction::OtherHash),
			(|l| l.control = false, Contradiction::Impossible),
			(|l| l.code = H256::zero(), Contradiction::Impossible),
			(|l| l.extrinsics += 1, Contradiction::Impossible),
			(|l| l.extrinsics = 0, Contradiction::Impossible),
		];
		for (change, why) in wrong {
			let mut opening = Opening::of(&leaves(), SectionId::Replay, 3).unwrap();
			let mut leaf = block(13);
			change(&mut leaf);
			opening.leaf = Leaf::Block(leaf);
			let known = |number| Some(hash(number));
			assert_eq!(opening.contradiction(&config(), known), Some(why));
		}
	}

	#[test]
	fn a_block_leaf_should_not_contradict_when_nothing_is_known_against_it() {
		let right: [fn(&mut BlockLeaf); 3] = [
			// The chain has forgotten the block's hash.
			|l| l.hash = H256::zero(),
			// Older code built it.
			|l| (l.code, l.candidate) = (H256::zero(), None),
			// The harness could not reproduce it.
			|l| (l.control, l.candidate) = (false, None),
		];
		for change in right {
			let mut opening = Opening::of(&leaves(), SectionId::Replay, 3).unwrap();
			let mut leaf = block(13);
			change(&mut leaf);
			opening.leaf = Leaf::Block(leaf);
			assert_eq!(opening.contradiction(&config(), |_| None), None);
		}
	}

	#[test]
	fn a_leaf_of_another_section_blob_or_check_should_contradict() {
		let contradiction = |section, index, leaf, rollback: Option<H256>| {
			let mut opening = Opening::of(&leaves(), section, 0).unwrap();
			(opening.index, opening.leaf) = (index, leaf);
			let mut config = config();
			config.rollback = rollback;
			opening.contradiction(&config, |_| None)
		};
		let back = config().rollback;
		let first = StaticCheck::Decompresses;
		let (other, impossible) = (
			Some(Contradiction::OtherSection),
			Some(Contradiction::Impossible),
		);
		let cases = [
			(SectionId::Replay, 0, switch(Blob::Current), back, other),
			(
				SectionId::Static,
				0,
				check(Blob::Candidate, first),
				back,
				None,
			),
			(
				SectionId::Static,
				7,
				check(Blob::Rollback, first),
				back,
				None,
			),
			(
				SectionId::Static,
				7,
				check(Blob::Rollback, first),
				None,
				impossible,
			),
			(
				SectionId::Static,
				1,
				check(Blob::Candidate, first),
				back,
				impossible,
			),
			(
				SectionId::Static,
				0,
				check(Blob::Current, first),
				back,
				impossible,
			),
			(
				SectionId::Static,
				14,
				check(Blob::Rollback, first),
				back,
				impossible,
			),
			(SectionId::Enactment, 2, switch(Blob::Rollback), back, None),
			(SectionId::State, 2, state(Blob::Rollback), back, None),
			(SectionId::State, 1, state(Blob::Rollback), back, impossible),
			(SectionId::State, 2, state(Blob::Rollback), None, impossible),
			(
				SectionId::Enactment,
				2,
				switch(Blob::Rollback),
				None,
				impossible,
			),
			(
				SectionId::Enactment,
				1,
				switch(Blob::Current),
				back,
				impossible,
			),
			(
				SectionId::Enactment,
				3,
				switch(Blob::Rollback),
				back,
				impossible,
			),
		];
		for (section, index, leaf, rollback, expected) in cases {
			assert_eq!(
				contradiction(section, index, leaf, rollback),
				expected,
				"{leaf:?} at {index}"
			);
		}
	}

	#[test]
	fn a_leaf_of_what_was_run_should_contradict_when_it_is_not_its_turn() {
		let contradiction = |section, index, leaf| {
			let mut opening = Opening::of(&leaves(), section, 0).unwrap();
			(opening.index, opening.leaf) = (index, leaf);
			opening.contradiction(&config(), |_| None)
		};
		let impossible = Some(Contradiction::Impossible);
		let goes_on = |number| Leaf::Continuous(ContinuousLeaf { number, run: None });
		let of = |leaf| contradiction(SectionId::Continuous, 3, leaf);
		assert_eq!(of(goes_on(13)), None);
		assert_eq!(of(goes_on(14)), Some(Contradiction::OtherBlock));

		let stress = |batch, of| {
			let leaf = Leaf::Stress(StressLeaf {
				of,
				..StressLeaf::empty(batch)
			});
			contradiction(SectionId::Stress, 9, leaf)
		};
		assert_eq!(stress(9, Stress::Pool), None);
		assert_eq!(stress(9, Stress::Calls), impossible);
		assert_eq!(stress(10, Stress::Filling), impossible);

		let run = RollbackRun {
			result: BlockResult::Complete,
			settled: true,
			root: H256::zero(),
			undecodable: 0,
			orphaned: 0,
		};
		let back = |index, way, after, run, config: &SimConfig| {
			let mut opening = Opening::of(&leaves(), SectionId::Rollback, 0).unwrap();
			(opening.index, opening.leaf) =
				(index, Leaf::Rollback(RollbackLeaf { way, after, run }));
			opening.contradiction(config, |_| None)
		};
		let (with, run) = (config(), Some(run));
		let without = SimConfig {
			rollback: None,
			..config()
		};
		assert_eq!(back(2, Way::Dedicated, 8, run, &with), None);
		assert_eq!(back(2, Way::Dedicated, 8, None, &without), None);
		assert_eq!(back(2, Way::Dedicated, 8, run, &without), impossible);
		assert_eq!(back(3, Way::Previous, 8, run, &without), None);
		assert_eq!(back(2, Way::Previous, 8, run, &with), impossible);
		assert_eq!(back(2, Way::Dedicated, 1, run, &with), impossible);
		assert_eq!(back(ROLLBACKS, Way::Dedicated, 1, None, &with), impossible);
		assert_eq!(BATCHES % 8, 0, "as many batches of each kind");
	}

	#[test]
	fn a_report_is_whole_when_no_leaf_of_its_subject_is_left_out() {
		let whole = |change: fn(&mut Vec<(SectionId, Vec<Leaf>)>)| {
			let mut leaves = leaves();
			change(&mut leaves);
			Report::of(config(), &leaves).unwrap().is_whole()
		};
		assert!(whole(|_| ()));
		assert!(!whole(|l| l[0].1.truncate(13)));
		assert!(
			!whole(|l| l[1].1.truncate(2)),
			"passes without the way back"
		);
		assert!(!whole(|l| l[2].1.truncate(2)));
		assert!(!whole(|l| l[3].1.truncate(9)));
		assert!(!whole(|l| l[3].1.push(Leaf::Block(block(20)))));
		assert!(!whole(|l| l[4].1.truncate(9)));
		assert!(!whole(|l| l[5].1.truncate(15)));
		assert!(!whole(|l| l[6].1.truncate(5)));
		assert!(!whole(|l| {
			l.remove(0);
		}));
		// A rehearsal that failed ends there.
		let failed = |l: &mut Vec<(SectionId, Vec<Leaf>)>| {
			l[1].1.truncate(2);
			l[2].1.truncate(2);
			if let Leaf::Enactment(leaf) = &mut l[1].1[1] {
				leaf.settled = false;
			}
		};
		assert!(whole(failed));
	}

	#[test]
	fn a_leaf_is_about_the_block_of_its_index() {
		let config = config();
		assert_eq!(config.block_of(0), Some(10));
		assert_eq!(config.block_of(9), Some(19));
		assert_eq!(config.block_of(10), None);
		let wrong = SimConfig {
			blocks: 21,
			..config
		};
		assert_eq!(wrong.block_of(0), None);
	}
}
