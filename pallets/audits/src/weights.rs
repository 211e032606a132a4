//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

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
	/// `report_finding` and `seal_finding`.
	fn report_finding() -> Weight;
	/// `triage`, which pays out of the parts of `funders`.
	fn triage(funders: u32) -> Weight;
	/// `resolve`.
	fn resolve() -> Weight;
	/// `open_finding`, which pays out of the parts of `funders`.
	fn open_finding(funders: u32) -> Weight;
	/// `fund_bounty`, with so many `funders` in the list.
	fn fund_bounty(funders: u32) -> Weight;
	/// `waive`, in a set of so many `validators`.
	fn waive(validators: u32) -> Weight;
	/// `retract_waiver`, from a list of so many `validators`.
	fn retract_waiver(validators: u32) -> Weight;
	/// `declare_conflict`.
	fn declare_conflict() -> Weight;
}

/// A payment: account and holds of the funder, and the reporter's account.
fn pay(funders: u32) -> Weight {
	let each = Weight::from_parts(20_000_000, 4_000) + RocksDbWeight::get().reads_writes(2, 2);
	each.saturating_mul(funders.into())
		.saturating_add(RocksDbWeight::get().reads_writes(4, 2))
}

/// A list that is read and searched.
fn list(entries: u32) -> Weight {
	Weight::from_parts(1_000_000, 64).saturating_mul(entries.into())
}

impl WeightInfo for () {
	fn admit() -> Weight {
		Weight::from_parts(50_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
	fn remove() -> Weight {
		Weight::from_parts(50_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
	fn attest() -> Weight {
		Weight::from_parts(60_000_000, 16_000) + RocksDbWeight::get().reads_writes(7, 4)
	}
	fn retract() -> Weight {
		Weight::from_parts(60_000_000, 16_000) + RocksDbWeight::get().reads_writes(5, 4)
	}
	fn report_finding() -> Weight {
		Weight::from_parts(60_000_000, 12_000) + RocksDbWeight::get().reads_writes(6, 5)
	}
	fn triage(funders: u32) -> Weight {
		Weight::from_parts(80_000_000, 24_000)
			+ RocksDbWeight::get().reads_writes(11, 7)
			+ pay(funders)
	}
	fn resolve() -> Weight {
		Weight::from_parts(60_000_000, 24_000) + RocksDbWeight::get().reads_writes(10, 5)
	}
	fn open_finding(funders: u32) -> Weight {
		Weight::from_parts(60_000_000, 12_000)
			+ RocksDbWeight::get().reads_writes(2, 1)
			+ pay(funders)
	}
	fn fund_bounty(funders: u32) -> Weight {
		Weight::from_parts(50_000_000, 12_000)
			+ RocksDbWeight::get().reads_writes(5, 3)
			+ list(funders)
	}
	fn waive(validators: u32) -> Weight {
		Weight::from_parts(60_000_000, 12_000)
			+ RocksDbWeight::get().reads_writes(4, 3)
			+ list(validators.saturating_mul(2))
	}
	fn retract_waiver(validators: u32) -> Weight {
		Weight::from_parts(30_000_000, 8_000)
			+ RocksDbWeight::get().reads_writes(1, 1)
			+ list(validators)
	}
	fn declare_conflict() -> Weight {
		Weight::from_parts(40_000_000, 12_000) + RocksDbWeight::get().reads_writes(5, 2)
	}
}
