//! Weights of `pallet_airlock_enactment` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_enactment`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_enactment::WeightInfo for WeightInfo<T> {
	fn signal_readiness(v: u32) -> Weight {
		// At least 14_795 ns. Reads 2, writes 1.
		Weight::from_parts(17_217_520, 45487)
			.saturating_add(Weight::from_parts(46_438, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn retract_readiness(v: u32) -> Weight {
		// At least 11_175 ns. Reads 1, writes 1.
		Weight::from_parts(14_643_650, 35634)
			.saturating_add(Weight::from_parts(22_413, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn report_health(v: u32) -> Weight {
		// At least 15_486 ns. Reads 3, writes 1.
		Weight::from_parts(18_273_082, 45487)
			.saturating_add(Weight::from_parts(48_649, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn prove_broken_invariant() -> Weight {
		// At least 18_559 ns. Reads 3, writes 1.
		Weight::from_parts(23_516_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn count_block(e: u32) -> Weight {
		// At least 6_855 ns. Reads 2, writes 1.
		Weight::from_parts(7_410_000, 1509)
			.saturating_add(Weight::from_parts(287_140, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn unlock() -> Weight {
		// At least 8_416 ns. Reads 1, writes 2.
		Weight::from_parts(11_231_000, 1486)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
