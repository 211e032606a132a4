//! Weights of `pallet_airlock_proposals` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_proposals`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_proposals::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 156_116 ns. Reads 17, writes 10.
		Weight::from_parts(179_914_000, 45487)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn revise() -> Weight {
		// At least 189_702 ns. Reads 14, writes 8.
		Weight::from_parts(208_270_000, 8688)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	fn withdraw() -> Weight {
		// At least 10_687_079 ns. Reads 1581, writes 1577.
		Weight::from_parts(10_815_876_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1581))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn preflight(b: u32) -> Weight {
		// At least 19_001_725 ns. Reads 9, writes 4.
		Weight::from_parts(1_634_341_200, 4197809)
			.saturating_add(Weight::from_parts(19_198_619_475, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_ends() -> Weight {
		// At least 10_725_667 ns. Reads 1581, writes 1577.
		Weight::from_parts(10_924_107_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1581))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn poll_opens_ballot() -> Weight {
		// At least 2_243_858 ns. Reads 7, writes 1005.
		Weight::from_parts(2_347_811_000, 45487)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(1005))
	}
	fn poll_opens_timelock() -> Weight {
		// At least 4_302_882 ns. Reads 1005, writes 6.
		Weight::from_parts(4_459_231_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1005))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn on_initialize_idle() -> Weight {
		// At least 3_493 ns. Reads 1, writes 0.
		Weight::from_parts(5_333_000, 1489).saturating_add(T::DbWeight::get().reads(1))
	}
	fn on_initialize_due() -> Weight {
		// At least 21_598 ns. Reads 8, writes 0.
		Weight::from_parts(26_281_000, 15850).saturating_add(T::DbWeight::get().reads(8))
	}
	fn poll_draws_seed() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_draws_seed()
	}
	fn poll_extends_simulation() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_extends_simulation()
	}
	fn poll_opens_review() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_opens_review()
	}
	fn poll_waits_review() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_waits_review()
	}
	fn poll_waits_ballot() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_waits_ballot()
	}
	fn poll_defers() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_defers()
	}
	fn poll_watches() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_watches()
	}
	fn poll_finalizes() -> Weight {
		<() as pallet_airlock_proposals::WeightInfo>::poll_finalizes()
	}
}
