//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call. What the gates do in a hook is part of the stage machine's weights.
pub trait WeightInfo {
	/// `signal_readiness`, in a set of so many `validators`.
	fn signal_readiness(validators: u32) -> Weight;
	/// `retract_readiness`, in a set of so many `validators`.
	fn retract_readiness(validators: u32) -> Weight;
	/// `report_health`, in a set of so many `validators`.
	fn report_health(validators: u32) -> Weight;
	/// `unlock`.
	fn unlock() -> Weight;
	/// `prove_broken_invariant`.
	fn prove_broken_invariant() -> Weight;
	/// Counting a block with so many `events`.
	fn count_block(events: u32) -> Weight;
}

impl WeightInfo for () {
	fn signal_readiness(_: u32) -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(2, 1)
	}
	fn retract_readiness(_: u32) -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(1, 1)
	}
	fn report_health(_: u32) -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(3, 1)
	}
	fn unlock() -> Weight {
		Weight::from_parts(10_000_000, 2_000) + RocksDbWeight::get().reads_writes(1, 2)
	}
	fn prove_broken_invariant() -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(4, 1)
	}
	fn count_block(_: u32) -> Weight {
		Weight::from_parts(20_000_000, 2_000) + RocksDbWeight::get().reads_writes(3, 1)
	}
}
