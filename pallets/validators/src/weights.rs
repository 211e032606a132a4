//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call.
pub trait WeightInfo {
	/// `admit`.
	fn admit() -> Weight;
	/// `remove`.
	fn remove() -> Weight;
}

impl WeightInfo for () {
	fn admit() -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(1, 2)
	}
	fn remove() -> Weight {
		Weight::from_parts(60_000_000, 40_000) + RocksDbWeight::get().reads_writes(1, 2)
	}
}
