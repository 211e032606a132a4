//! Weights of `pallet_airlock_simulations` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_simulations`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_simulations::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 57_073 ns. Reads 3, writes 3.
		Weight::from_parts(62_358_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn remove() -> Weight {
		// At least 51_887 ns. Reads 3, writes 3.
		Weight::from_parts(58_814_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit() -> Weight {
		// At least 62_135 ns. Reads 6, writes 4.
		Weight::from_parts(71_448_000, 6048)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn reveal(d: u32) -> Weight {
		// At least 98_734 ns. Reads 5, writes 2.
		Weight::from_parts(97_357_186, 7013)
			.saturating_add(Weight::from_parts(3_711_277, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(Weight::from_parts(0, 166).saturating_mul(d.into()))
	}
	fn challenge(s: u32) -> Weight {
		// At least 10_577_628 ns. Reads 1537, writes 1531.
		Weight::from_parts(10_687_538_745, 2544531)
			.saturating_add(Weight::from_parts(91_945_242, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1537))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(1531))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(s.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(s.into()))
	}
	fn top_up() -> Weight {
		// At least 60_434 ns. Reads 3, writes 3.
		Weight::from_parts(66_160_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
