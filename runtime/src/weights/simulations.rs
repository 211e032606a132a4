//! Weights of `pallet_airlock_simulations` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_simulations`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_simulations::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 67_273 ns. Reads 3, writes 3.
		Weight::from_parts(106_475_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn remove() -> Weight {
		// At least 61_260 ns. Reads 3, writes 3.
		Weight::from_parts(115_684_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn commit() -> Weight {
		// At least 76_519 ns. Reads 6, writes 4.
		Weight::from_parts(121_213_000, 6048)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn reveal(d: u32) -> Weight {
		// At least 122_219 ns. Reads 5, writes 2.
		Weight::from_parts(162_247_350, 5875)
			.saturating_add(Weight::from_parts(5_299_429, 0).saturating_mul(d.into()))
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(2))
			.saturating_add(Weight::from_parts(0, 269).saturating_mul(d.into()))
	}
	fn challenge(s: u32) -> Weight {
		// At least 13_672_404 ns. Reads 1537, writes 1531.
		Weight::from_parts(14_459_707_099, 2544531)
			.saturating_add(Weight::from_parts(65_919_809, 0).saturating_mul(s.into()))
			.saturating_add(T::DbWeight::get().reads(1537))
			.saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(s.into())))
			.saturating_add(T::DbWeight::get().writes(1531))
			.saturating_add(T::DbWeight::get().writes((3_u64).saturating_mul(s.into())))
			.saturating_add(Weight::from_parts(0, 2686).saturating_mul(s.into()))
	}
	fn top_up() -> Weight {
		// At least 69_336 ns. Reads 3, writes 3.
		Weight::from_parts(76_502_000, 3676)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
}
