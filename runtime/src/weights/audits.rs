//! Weights of `pallet_airlock_audits` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_audits`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_audits::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 58_529 ns. Reads 3, writes 3.
		Weight::from_parts(65_416_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn remove() -> Weight {
		// At least 52_838 ns. Reads 3, writes 3.
		Weight::from_parts(58_555_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn attest() -> Weight {
		// At least 73_314 ns. Reads 7, writes 4.
		Weight::from_parts(79_867_000, 7951)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn retract() -> Weight {
		// At least 99_671 ns. Reads 5, writes 4.
		Weight::from_parts(107_142_000, 7951)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn report_finding() -> Weight {
		// At least 364_240 ns. Reads 70, writes 5.
		Weight::from_parts(378_642_000, 199838)
			.saturating_add(T::DbWeight::get().reads(70))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn triage(f: u32) -> Weight {
		// At least 142_154 ns. Reads 11, writes 6.
		Weight::from_parts(111_462_901, 8646)
			.saturating_add(Weight::from_parts(42_328_749, 0).saturating_mul(f.into()))
			.saturating_add(T::DbWeight::get().reads(11))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(f.into())))
			.saturating_add(T::DbWeight::get().writes(6))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(f.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(f.into()))
	}
	fn resolve() -> Weight {
		// At least 76_545 ns. Reads 9, writes 5.
		Weight::from_parts(83_126_000, 8646)
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(5))
	}
	fn open_finding(f: u32) -> Weight {
		// At least 99_098 ns. Reads 5, writes 3.
		Weight::from_parts(71_480_067, 4494)
			.saturating_add(Weight::from_parts(41_160_235, 0).saturating_mul(f.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(f.into())))
			.saturating_add(T::DbWeight::get().writes(3))
			.saturating_add(T::DbWeight::get().writes((2_u64).saturating_mul(f.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(f.into()))
	}
	fn fund_bounty(_f: u32) -> Weight {
		// At least 88_732 ns. Reads 5, writes 3.
		Weight::from_parts(99_615_845, 4705)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn waive(v: u32) -> Weight {
		// At least 60_312 ns. Reads 5, writes 3.
		Weight::from_parts(65_583_945, 45487)
			.saturating_add(Weight::from_parts(233_853, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn retract_waiver(v: u32) -> Weight {
		// At least 19_146 ns. Reads 1, writes 1.
		Weight::from_parts(22_978_219, 35507)
			.saturating_add(Weight::from_parts(26_585, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn declare_conflict() -> Weight {
		// At least 48_101 ns. Reads 4, writes 2.
		Weight::from_parts(56_632_000, 6048)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
