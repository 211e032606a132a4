//! Weights, counted from the code: database reads and writes of each path plus an allowance for computing.
//! They are not measured; benchmarks replace them.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call. What the gates do in a hook is part of the stage machine's weights.
pub trait WeightInfo {
	/// `signal_readiness`.
	fn signal_readiness() -> Weight;
	/// `retract_readiness`.
	fn retract_readiness() -> Weight;
	/// `report_health`.
	fn report_health() -> Weight;
	/// `unlock`.
	fn unlock() -> Weight;
}

impl WeightInfo for () {
	fn signal_readiness() -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(2, 1)
	}
	fn retract_readiness() -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(1, 1)
	}
	fn report_health() -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(3, 1)
	}
	fn unlock() -> Weight {
		Weight::from_parts(10_000_000, 2_000) + RocksDbWeight::get().reads_writes(1, 2)
	}
}
