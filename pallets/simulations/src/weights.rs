//! Weights, counted from the code: database reads and writes plus an allowance for computing. They are not
//! measured; benchmarks replace them.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call. What the gate does in a hook is part of the stage machine's weights.
pub trait WeightInfo {
	/// `admit`.
	fn admit() -> Weight;
	/// `remove`.
	fn remove() -> Weight;
	/// `commit`.
	fn commit() -> Weight;
	/// `reveal`.
	fn reveal() -> Weight;
}

impl WeightInfo for () {
	fn admit() -> Weight {
		Weight::from_parts(60_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
	fn remove() -> Weight {
		Weight::from_parts(60_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
	fn commit() -> Weight {
		Weight::from_parts(60_000_000, 12_000) + RocksDbWeight::get().reads_writes(6, 3)
	}
	fn reveal() -> Weight {
		Weight::from_parts(80_000_000, 16_000) + RocksDbWeight::get().reads_writes(3, 2)
	}
}
