//! Weights, counted from the code: database reads and writes plus an allowance for computing. They are not
//! measured; benchmarks replace them.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call. What the gate does in a hook is part of the stage machine's weights.
pub trait WeightInfo {
	/// `vote`: flat in the number of validators.
	fn vote() -> Weight;
	/// `stop`.
	fn stop() -> Weight;
	/// `retract_stop`.
	fn retract_stop() -> Weight;
}

impl WeightInfo for () {
	fn vote() -> Weight {
		Weight::from_parts(40_000_000, 5_500) + RocksDbWeight::get().reads_writes(2, 2)
	}
	fn stop() -> Weight {
		// With the end of a proposal, when it tips.
		// What the stage machine counts for that, and the snapshot.
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(1_420, 1_420)
	}
	fn retract_stop() -> Weight {
		Weight::from_parts(40_000_000, 40_000) + RocksDbWeight::get().reads_writes(1, 1)
	}
}
