//! Weights of `pallet_airlock_supermajority` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_supermajority`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_supermajority::WeightInfo for WeightInfo<T> {
	fn vote(v: u32) -> Weight {
		// At least 25_737 ns. Reads 2, writes 2.
		Weight::from_parts(32_753_698, 3575)
			.saturating_add(Weight::from_parts(24_129, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn vote_late(v: u32) -> Weight {
		// At least 68_990 ns. Reads 3, writes 2.
		Weight::from_parts(72_076_000, 45487)
			.saturating_add(Weight::from_parts(6_351_539, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(Weight::from_parts(0, 2541).saturating_mul(v.into()))
	}
	fn stop(v: u32) -> Weight {
		// At least 48_086 ns. Reads 3, writes 1.
		Weight::from_parts(54_062_101, 45487)
			.saturating_add(Weight::from_parts(187_667, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn stop_that_ends() -> Weight {
		// At least 11_040_152 ns. Reads 1584, writes 1577.
		Weight::from_parts(11_775_996_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1584))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn retract_stop(v: u32) -> Weight {
		// At least 18_687 ns. Reads 1, writes 1.
		Weight::from_parts(25_030_265, 35503)
			.saturating_add(Weight::from_parts(43_148, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
