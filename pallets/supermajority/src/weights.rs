//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call. What the gate does in a hook is part of the stage machine's weights.
pub trait WeightInfo {
	/// `vote` on which nothing turns, in a snapshot of so many `validators`.
	fn vote(validators: u32) -> Weight;
	/// `vote` for which so many `validators` of the snapshot are counted before and after it.
	fn vote_late(validators: u32) -> Weight;
	/// `stop` that is not enough yet, in a set of so many `validators`.
	fn stop(validators: u32) -> Weight;
	/// `stop` that ends a proposal on which everything is full.
	fn stop_that_ends() -> Weight;
	/// `retract_stop`, from a list of so many `validators`.
	fn retract_stop(validators: u32) -> Weight;
}

/// A list of validators that is read and searched.
fn list(entries: u32) -> Weight {
	Weight::from_parts(200_000, 64).saturating_mul(entries.into())
}

impl WeightInfo for () {
	fn vote(_: u32) -> Weight {
		Weight::from_parts(40_000_000, 5_500) + RocksDbWeight::get().reads_writes(2, 2)
	}
	fn vote_late(validators: u32) -> Weight {
		let each = Weight::from_parts(2_000_000, 100) + RocksDbWeight::get().reads(1);
		Self::vote(validators)
			+ RocksDbWeight::get().reads(1)
			+ each.saturating_mul(validators.into())
	}
	fn stop(validators: u32) -> Weight {
		Weight::from_parts(60_000_000, 16_000)
			+ RocksDbWeight::get().reads_writes(3, 1)
			+ list(validators.saturating_mul(2))
	}
	fn stop_that_ends() -> Weight {
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(1_420, 1_420)
	}
	fn retract_stop(validators: u32) -> Weight {
		Weight::from_parts(40_000_000, 4_000)
			+ RocksDbWeight::get().reads_writes(1, 1)
			+ list(validators)
	}
}
