//! Weights of `pallet_airlock_supermajority` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_supermajority`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_supermajority::WeightInfo for WeightInfo<T> {
	fn vote(v: u32) -> Weight {
		// At least 30_368 ns. Reads 2, writes 2.
		Weight::from_parts(37_657_886, 3574)
			.saturating_add(Weight::from_parts(12_853, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(2))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn vote_late(v: u32) -> Weight {
		// Not measured yet: `vote`, and twice what `poll_opens_timelock` of the proposals takes for 1 000.
		Weight::from_parts(50_510_886, 3574)
			.saturating_add(Weight::from_parts(12_640_000, 2545).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(v.into())))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn stop(v: u32) -> Weight {
		// At least 50_285 ns. Reads 3, writes 1.
		Weight::from_parts(60_705_847, 45487)
			.saturating_add(Weight::from_parts(177_638, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(1))
	}
	fn stop_that_ends() -> Weight {
		// At least 11_274_051 ns. Reads 1583, writes 1577.
		Weight::from_parts(11_890_938_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1583))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn retract_stop(v: u32) -> Weight {
		// At least 19_958 ns. Reads 1, writes 1.
		Weight::from_parts(25_995_767, 35503)
			.saturating_add(Weight::from_parts(37_236, 0).saturating_mul(v.into()))
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(1))
	}
}
