//! Weights of `pallet_airlock_enactment` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_enactment`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_enactment::WeightInfo for WeightInfo<T> {
	fn signal_readiness(v: u32) -> Weight {
		// At least 18_720 ns. Reads 2, writes 1.
		Weight::from_parts(19_183_930, 45487)
			.saturating_add(Weight::from_parts(61_484, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn retract_readiness(v: u32) -> Weight {
		// At least 14_306 ns. Reads 1, writes 1.
		Weight::from_parts(15_560_610, 35634)
			.saturating_add(Weight::from_parts(30_405, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn report_health(v: u32) -> Weight {
		// At least 19_058 ns. Reads 3, writes 1.
		Weight::from_parts(18_554_940, 45487)
			.saturating_add(Weight::from_parts(64_279, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn unlock() -> Weight {
		// At least 11_025 ns. Reads 1, writes 2.
		Weight::from_parts(13_189_000, 1486)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn prove_broken_invariant() -> Weight {
		Weight::from_parts(60_000_000, 40_000)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn count_block(e: u32) -> Weight {
		Weight::from_parts(20_000_000, 2_000)
			.saturating_add(Weight::from_parts(2_000_000, 0).saturating_mul(e.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
