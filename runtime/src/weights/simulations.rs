//! Weights of `pallet_airlock_simulations` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_simulations`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_simulations::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 49_140 ns. Reads 3, writes 3.
		Weight::from_parts(56_843_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn remove() -> Weight {
		// At least 44_138 ns. Reads 3, writes 3.
		Weight::from_parts(51_179_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit() -> Weight {
		// At least 52_647 ns. Reads 6, writes 4.
		Weight::from_parts(62_885_000, 6048)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn reveal(d: u32) -> Weight {
		// At least 89_547 ns. Reads 5, writes 2.
		Weight::from_parts(81_712_332, 5875)
			.saturating_add(Weight::from_parts(7_851_656, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(Weight::from_parts(0, 269).saturating_mul(d.into()))
	}
	fn challenge(s: u32) -> Weight {
		// At least 11_104_186 ns. Reads 1540, writes 1531.
		Weight::from_parts(11_441_829_192, 2544531)
			.saturating_add(Weight::from_parts(155_997_586, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1540))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(1531))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(s.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(s.into()))
	}
	fn top_up() -> Weight {
		// At least 51_254 ns. Reads 3, writes 3.
		Weight::from_parts(60_477_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
