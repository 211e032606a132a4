//! Weights of `pallet_airlock_proposals` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_proposals`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_proposals::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 147_994 ns. Reads 17, writes 10.
		Weight::from_parts(172_199_000, 45487)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn revise() -> Weight {
		// At least 257_547 ns. Reads 14, writes 8.
		Weight::from_parts(289_511_000, 8688)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	fn withdraw() -> Weight {
		// At least 10_570_018 ns. Reads 1582, writes 1577.
		Weight::from_parts(11_176_711_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1582))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn preflight(b: u32) -> Weight {
		// At least 19_781_512 ns. Reads 9, writes 4.
		Weight::from_parts(906_608_474, 4197809)
			.saturating_add(Weight::from_parts(20_731_932_087, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_draws_seed() -> Weight {
		// At least 174_942 ns. Reads 21, writes 4.
		Weight::from_parts(203_071_000, 41758)
			.saturating_add(T::DbWeight::get().reads(21))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_extends_simulation() -> Weight {
		// At least 1_143_719 ns. Reads 54, writes 54.
		Weight::from_parts(1_297_848_000, 43966)
			.saturating_add(T::DbWeight::get().reads(54))
			.saturating_add(T::DbWeight::get().writes(54))
	}
	fn poll_opens_review() -> Weight {
		// At least 1_855_457 ns. Reads 216, writes 71.
		Weight::from_parts(2_082_376_000, 2244595)
			.saturating_add(T::DbWeight::get().reads(216))
			.saturating_add(T::DbWeight::get().writes(71))
	}
	fn poll_waits_review() -> Weight {
		// At least 109_106 ns. Reads 6, writes 3.
		Weight::from_parts(128_860_000, 7951)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn poll_waits_ballot() -> Weight {
		// At least 74_802 ns. Reads 3, writes 3.
		Weight::from_parts(85_240_000, 3575)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn poll_restarts_ballot() -> Weight {
		// At least 9_304_820 ns. Reads 1005, writes 2004.
		Weight::from_parts(9_803_668_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1005))
			.saturating_add(T::DbWeight::get().writes(2004))
	}
	fn poll_switches() -> Weight {
		// At least 63_223_423 ns. Reads 1102, writes 14.
		Weight::from_parts(65_918_381_000, 4197809)
			.saturating_add(T::DbWeight::get().reads(1102))
			.saturating_add(T::DbWeight::get().writes(14))
	}
	fn poll_watches() -> Weight {
		// At least 364_428 ns. Reads 30, writes 4.
		Weight::from_parts(405_682_000, 83136)
			.saturating_add(T::DbWeight::get().reads(30))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_finalizes() -> Weight {
		// At least 11_019_057 ns. Reads 1585, writes 1583.
		Weight::from_parts(11_975_421_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1585))
			.saturating_add(T::DbWeight::get().writes(1583))
	}
	fn poll_ends() -> Weight {
		// At least 14_845_313 ns. Reads 1583, writes 1577.
		Weight::from_parts(16_020_639_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1583))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn poll_opens_ballot() -> Weight {
		// At least 2_226_796 ns. Reads 7, writes 1005.
		Weight::from_parts(2_497_965_000, 45487)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(1005))
	}
	fn poll_opens_timelock() -> Weight {
		// At least 4_807_553 ns. Reads 1008, writes 7.
		Weight::from_parts(5_360_619_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1008))
			.saturating_add(T::DbWeight::get().writes(7))
	}
	fn on_initialize_idle() -> Weight {
		// At least 2_923 ns. Reads 1, writes 0.
		Weight::from_parts(3_659_000, 1489).saturating_add(T::DbWeight::get().reads(1))
	}
	fn on_initialize_due() -> Weight {
		// At least 20_632 ns. Reads 8, writes 0.
		Weight::from_parts(26_314_000, 15930).saturating_add(T::DbWeight::get().reads(8))
	}
}
