//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call and of each thing the hook may do.
pub trait WeightInfo {
	/// `register`, with a dossier of the largest size.
	fn register() -> Weight;
	/// `revise`.
	fn revise() -> Weight;
	/// `withdraw`, of a proposal on which everything is full.
	fn withdraw() -> Weight;
	/// `advance` out of `Registered`: reads so many times [`PREFLIGHT_UNIT`](crate::PREFLIGHT_UNIT) bytes of code.
	fn preflight(units: u32) -> Weight;
	/// The hook ends a proposal on which everything is full.
	fn poll_ends() -> Weight;
	/// The hook passes a full review and opens the largest vote.
	fn poll_opens_ballot() -> Weight;
	/// The hook passes the largest vote.
	fn poll_opens_timelock() -> Weight;
	/// The hook when nothing is due.
	fn on_initialize_idle() -> Weight;
	/// The hook's own cost when something is due.
	fn on_initialize_due() -> Weight;

	/// The most that asking a stage can cost, but for writing code.
	fn poll() -> Weight {
		Self::poll_ends()
			.max(Self::poll_opens_ballot())
			.max(Self::poll_opens_timelock())
	}
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
	fn preflight(units: u32) -> Weight {
		// Decompressing and walking the sections: 100 ns for each compressed byte.
		Weight::from_parts(100_000, 1)
			.saturating_mul(crate::PREFLIGHT_UNIT.into())
			.saturating_mul(units.into())
			.saturating_add(Weight::from_parts(100_000_000, 24_000))
			.saturating_add(RocksDbWeight::get().reads_writes(10, 8))
	}
	fn poll_ends() -> Weight {
		// For each of 64 attestations an auditor, for each of 64 findings a deposit and a waiver, 16 funders, 16
		// simulators with report and bond, 1 000 electors.
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(1_420, 1_420)
	}
	fn poll_opens_ballot() -> Weight {
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(10, 1_010)
	}
	fn poll_opens_timelock() -> Weight {
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(1_010, 10)
	}
	fn on_initialize_idle() -> Weight {
		Weight::from_parts(1_000_000, 1_500) + RocksDbWeight::get().reads(1)
	}
	fn on_initialize_due() -> Weight {
		Weight::from_parts(5_000_000, 4_000) + RocksDbWeight::get().reads_writes(3, 2)
	}
}
