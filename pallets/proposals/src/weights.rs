//! Weights, counted from the code: database reads and writes of each path plus an allowance for computing.
//! They are not measured; benchmarks replace them.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call and of each thing the hook may do.
pub trait WeightInfo {
	/// `register`, with a dossier of the largest size.
	fn register() -> Weight;
	/// `revise`.
	fn revise() -> Weight;
	/// `withdraw`.
	fn withdraw() -> Weight;
	/// `advance` out of `Registered`: reads `len` bytes of code.
	fn preflight(len: u32) -> Weight;
	/// `advance` in any other stage, and one due proposal in the hook.
	fn poll() -> Weight;
	/// The hook when nothing is due.
	fn on_initialize_idle() -> Weight;
	/// The hook's own cost when something is due.
	fn on_initialize_due() -> Weight;
}

impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(80_000_000, 16_000) + RocksDbWeight::get().reads_writes(10, 9)
	}
	fn revise() -> Weight {
		Weight::from_parts(120_000_000, 24_000) + RocksDbWeight::get().reads_writes(14, 12)
	}
	fn withdraw() -> Weight {
		Self::poll()
	}
	fn preflight(len: u32) -> Weight {
		// Decompressing and walking the sections: 100 ns for each compressed byte.
		Weight::from_parts(100_000, 1)
			.saturating_mul(len.into())
			.saturating_add(Self::poll())
	}
	fn poll() -> Weight {
		// The longest path ends a proposal whose evidence fills its bounds: for each of 64 attestations an auditor,
		// for each of 64 findings a deposit and waivers, 16 funders, 16 simulators with report and bond.
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(420, 420)
	}
	fn on_initialize_idle() -> Weight {
		Weight::from_parts(1_000_000, 1_500) + RocksDbWeight::get().reads(1)
	}
	fn on_initialize_due() -> Weight {
		Weight::from_parts(5_000_000, 4_000) + RocksDbWeight::get().reads_writes(3, 2)
	}
}
