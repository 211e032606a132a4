//! The leaves of an upgrade that changes nothing: what tests and benchmarks of those who read reports begin with.

use crate::{
	leaf::{Blob, BlockResult, ClassCounts, ContinuousRun, StaticCheck, BATCHES, ROLLBACKS},
	BlockLeaf, ContinuousLeaf, EnactmentLeaf, Leaf, RollbackLeaf, SectionId, SimConfig, StateLeaf,
	StaticLeaf, StressLeaf,
};
use alloc::vec::Vec;
use sp_core::H256;

/// All leaves that a whole report on `config` has; `block` makes that of each block of history.
pub fn uneventful(
	config: &SimConfig,
	block: impl Fn(u32) -> BlockLeaf,
) -> Vec<(SectionId, Vec<Leaf>)> {
	let rollback = config.rollback.map(|_| Blob::Rollback);
	let blobs = || core::iter::once(Blob::Candidate).chain(rollback);
	let switches = || core::iter::once(Blob::Current).chain(blobs());
	let checks = blobs().flat_map(|blob| {
		let holds = true;
		StaticCheck::ALL.map(|check| Leaf::Static(StaticLeaf { blob, check, holds }))
	});
	let enactment = switches().map(|to| Leaf::Enactment(EnactmentLeaf::uneventful(to)));
	let states = switches().map(|of| Leaf::State(StateLeaf::empty(of)));
	let blocks = (0..config.blocks).filter_map(|index| config.block_of(index));
	let continuous = (0..config.continuous()).filter_map(|index| config.continuous_block_of(index));
	let goes_on = |number| {
		Leaf::Continuous(ContinuousLeaf {
			number,
			run: Some(ContinuousRun {
				result: BlockResult::Complete,
				root: H256::zero(),
				classes: ClassCounts::default(),
				outcomes: H256::zero(),
				items_undeclared: 0,
			}),
		})
	};
	let stress = (0..BATCHES).map(|batch| Leaf::Stress(StressLeaf::empty(batch)));
	let back = (0..ROLLBACKS).filter_map(RollbackLeaf::not_run);
	alloc::vec![
		(SectionId::Static, checks.collect()),
		(SectionId::Enactment, enactment.collect()),
		(SectionId::State, states.collect()),
		(
			SectionId::Replay,
			blocks.map(|number| Leaf::Block(block(number))).collect()
		),
		(SectionId::Continuous, continuous.map(goes_on).collect()),
		(SectionId::Stress, stress.collect()),
		(SectionId::Rollback, back.map(Leaf::Rollback).collect()),
	]
}
