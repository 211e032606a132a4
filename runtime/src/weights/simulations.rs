//! Weights of `pallet_airlock_simulations` in this runtime. Made by `scripts/bench weights`, 50 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_simulations`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_simulations::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 47_973 ns. Reads 3, writes 3.
		Weight::from_parts(53_998_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn remove() -> Weight {
		// At least 44_044 ns. Reads 3, writes 3.
		Weight::from_parts(49_635_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit() -> Weight {
		// At least 55_838 ns. Reads 6, writes 4.
		Weight::from_parts(66_190_000, 6048)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn reveal(d: u32) -> Weight {
		// At least 112_250 ns. Reads 6, writes 2.
		Weight::from_parts(102_089_856, 7514)
			.saturating_add(Weight::from_parts(7_791_521, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(Weight::from_parts(0, 126).saturating_mul(d.into()))
	}
	fn challenge(s: u32) -> Weight {
		// At least 10_867_081 ns. Reads 1540, writes 1531.
		Weight::from_parts(11_279_141_618, 2544531)
			.saturating_add(Weight::from_parts(113_226_686, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1540))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(1531))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(s.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(s.into()))
	}
	fn top_up() -> Weight {
		// At least 51_060 ns. Reads 3, writes 3.
		Weight::from_parts(56_846_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
