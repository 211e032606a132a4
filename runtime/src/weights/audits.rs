//! Weights of `pallet_airlock_audits` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_audits`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_audits::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 48_189 ns. Reads 3, writes 3.
		Weight::from_parts(55_271_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn remove() -> Weight {
		// At least 42_707 ns. Reads 3, writes 3.
		Weight::from_parts(51_860_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn attest() -> Weight {
		// At least 72_250 ns. Reads 7, writes 4.
		Weight::from_parts(83_156_000, 7951)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn retract() -> Weight {
		// At least 92_300 ns. Reads 5, writes 4.
		Weight::from_parts(107_030_000, 7951)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn report_finding() -> Weight {
		// At least 330_675 ns. Reads 70, writes 5.
		Weight::from_parts(377_110_000, 199902)
			.saturating_add(T::DbWeight::get().reads(70))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn triage(f: u32) -> Weight {
		// At least 124_471 ns. Reads 11, writes 6.
		Weight::from_parts(105_557_278, 8646)
			.saturating_add(Weight::from_parts(39_662_290, 0).saturating_mul(f.into()))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(f.into())))
			.saturating_add(T::DbWeight::get().writes(6))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(f.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(f.into()))
	}
	fn resolve() -> Weight {
		// At least 73_427 ns. Reads 9, writes 5.
		Weight::from_parts(87_922_000, 8646)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn open_finding(f: u32) -> Weight {
		// At least 89_706 ns. Reads 5, writes 3.
		Weight::from_parts(68_155_222, 4494)
			.saturating_add(Weight::from_parts(40_086_268, 0).saturating_mul(f.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(f.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(f.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(f.into()))
	}
	fn fund_bounty(_f: u32) -> Weight {
		// At least 79_583 ns. Reads 5, writes 3.
		Weight::from_parts(102_565_949, 4725)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn waive(v: u32) -> Weight {
		// At least 60_726 ns. Reads 5, writes 3.
		Weight::from_parts(70_095_555, 45487)
			.saturating_add(Weight::from_parts(216_890, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn retract_waiver(v: u32) -> Weight {
		// At least 23_094 ns. Reads 1, writes 1.
		Weight::from_parts(25_867_859, 35507)
			.saturating_add(Weight::from_parts(21_555, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn declare_conflict() -> Weight {
		// At least 45_683 ns. Reads 4, writes 2.
		Weight::from_parts(56_112_000, 6048)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
