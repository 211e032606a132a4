//! Weights of `pallet_airlock_proposals` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_proposals`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_proposals::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 179_145 ns. Reads 17, writes 10.
		Weight::from_parts(194_637_000, 45487)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn revise() -> Weight {
		// At least 264_013 ns. Reads 14, writes 8.
		Weight::from_parts(285_996_000, 8688)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	fn withdraw() -> Weight {
		// At least 13_380_561 ns. Reads 1581, writes 1577.
		Weight::from_parts(13_949_957_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1581))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn preflight(b: u32) -> Weight {
		// At least 24_426_698 ns. Reads 9, writes 4.
		Weight::from_parts(24_995_039_000, 4197809)
			.saturating_add(Weight::from_parts(6_817_586_720, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_draws_seed() -> Weight {
		// At least 195_689 ns. Reads 21, writes 4.
		Weight::from_parts(209_060_000, 41758)
			.saturating_add(T::DbWeight::get().reads(21))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_extends_simulation() -> Weight {
		// At least 1_516_625 ns. Reads 54, writes 54.
		Weight::from_parts(1_631_195_000, 43966)
			.saturating_add(T::DbWeight::get().reads(54))
			.saturating_add(T::DbWeight::get().writes(54))
	}
	fn poll_opens_review() -> Weight {
		// At least 2_578_184 ns. Reads 216, writes 71.
		Weight::from_parts(2_821_248_000, 2244595)
			.saturating_add(T::DbWeight::get().reads(216))
			.saturating_add(T::DbWeight::get().writes(71))
	}
	fn poll_waits_review() -> Weight {
		// At least 126_310 ns. Reads 6, writes 3.
		Weight::from_parts(137_528_000, 7951)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn poll_waits_ballot() -> Weight {
		// At least 78_182 ns. Reads 3, writes 3.
		Weight::from_parts(84_964_000, 3574)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn poll_switches() -> Weight {
		// At least 68_494_031 ns. Reads 1010, writes 11.
		Weight::from_parts(70_802_668_000, 4197809)
			.saturating_add(T::DbWeight::get().reads(1010))
			.saturating_add(T::DbWeight::get().writes(11))
	}
	fn poll_watches() -> Weight {
		// At least 333_934 ns. Reads 5, writes 4.
		Weight::from_parts(346_630_000, 67035)
			.saturating_add(T::DbWeight::get().reads(5))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_finalizes() -> Weight {
		// At least 13_883_394 ns. Reads 1582, writes 1580.
		Weight::from_parts(14_376_947_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1582))
			.saturating_add(T::DbWeight::get().writes(1580))
	}
	fn poll_ends() -> Weight {
		// At least 13_719_527 ns. Reads 1581, writes 1577.
		Weight::from_parts(14_219_430_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1581))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn poll_opens_ballot() -> Weight {
		// At least 2_791_619 ns. Reads 7, writes 1005.
		Weight::from_parts(2_904_720_000, 45487)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(1005))
	}
	fn poll_opens_timelock() -> Weight {
		// At least 5_560_006 ns. Reads 1005, writes 6.
		Weight::from_parts(5_896_074_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1005))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn on_initialize_idle() -> Weight {
		// At least 4_055 ns. Reads 1, writes 0.
		Weight::from_parts(4_722_000, 1489).saturating_add(T::DbWeight::get().reads(1))
	}
	fn on_initialize_due() -> Weight {
		// At least 25_289 ns. Reads 8, writes 0.
		Weight::from_parts(30_862_000, 15850).saturating_add(T::DbWeight::get().reads(8))
	}
}
