//! Weights, counted from the code: database reads and writes plus an allowance for computing. They are not
//! measured; benchmarks replace them.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call. What the gate does in a hook is part of the stage machine's weights.
pub trait WeightInfo {
	/// `admit`.
	fn admit() -> Weight;
	/// `remove`.
	fn remove() -> Weight;
	/// `attest`.
	fn attest() -> Weight;
	/// `retract`.
	fn retract() -> Weight;
	/// `report_finding`.
	fn report_finding() -> Weight;
	/// `triage`.
	fn triage() -> Weight;
	/// `resolve`.
	fn resolve() -> Weight;
}

impl WeightInfo for () {
	fn admit() -> Weight {
		Weight::from_parts(30_000_000, 4_000) + RocksDbWeight::get().reads_writes(1, 1)
	}
	fn remove() -> Weight {
		Weight::from_parts(30_000_000, 4_000) + RocksDbWeight::get().reads_writes(1, 1)
	}
	fn attest() -> Weight {
		Weight::from_parts(60_000_000, 16_000) + RocksDbWeight::get().reads_writes(6, 3)
	}
	fn retract() -> Weight {
		Weight::from_parts(40_000_000, 12_000) + RocksDbWeight::get().reads_writes(2, 1)
	}
	fn report_finding() -> Weight {
		Weight::from_parts(60_000_000, 12_000) + RocksDbWeight::get().reads_writes(5, 4)
	}
	fn triage() -> Weight {
		Weight::from_parts(60_000_000, 16_000) + RocksDbWeight::get().reads_writes(6, 5)
	}
	fn resolve() -> Weight {
		Weight::from_parts(60_000_000, 16_000) + RocksDbWeight::get().reads_writes(5, 2)
	}
}
