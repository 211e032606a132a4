//! Weights of `pallet_airlock_proposals` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_proposals`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_proposals::WeightInfo for WeightInfo<T> {
	fn register() -> Weight {
		// At least 180_532 ns. Reads 17, writes 10.
		Weight::from_parts(201_171_000, 45487)
			.saturating_add(T::DbWeight::get().reads(17))
			.saturating_add(T::DbWeight::get().writes(10))
	}
	fn revise() -> Weight {
		// At least 261_454 ns. Reads 14, writes 8.
		Weight::from_parts(285_509_000, 8688)
			.saturating_add(T::DbWeight::get().reads(14))
			.saturating_add(T::DbWeight::get().writes(8))
	}
	fn withdraw() -> Weight {
		// At least 13_843_529 ns. Reads 1581, writes 1577.
		Weight::from_parts(15_561_405_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1581))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn preflight(b: u32) -> Weight {
		// At least 24_281_376 ns. Reads 9, writes 4.
		Weight::from_parts(25_198_236_000, 4197809)
			.saturating_add(Weight::from_parts(7_732_777_018, 0).saturating_mul(b.into()))
			.saturating_add(T::DbWeight::get().reads(9))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_draws_seed() -> Weight {
		// At least 194_361 ns. Reads 21, writes 4.
		Weight::from_parts(211_994_000, 41758)
			.saturating_add(T::DbWeight::get().reads(21))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_extends_simulation() -> Weight {
		// At least 1_475_940 ns. Reads 54, writes 54.
		Weight::from_parts(1_570_988_000, 43966)
			.saturating_add(T::DbWeight::get().reads(54))
			.saturating_add(T::DbWeight::get().writes(54))
	}
	fn poll_opens_review() -> Weight {
		// At least 2_424_418 ns. Reads 216, writes 71.
		Weight::from_parts(2_748_060_000, 2244595)
			.saturating_add(T::DbWeight::get().reads(216))
			.saturating_add(T::DbWeight::get().writes(71))
	}
	fn poll_waits_review() -> Weight {
		// At least 124_673 ns. Reads 6, writes 3.
		Weight::from_parts(141_650_000, 7951)
			.saturating_add(T::DbWeight::get().reads(6))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn poll_waits_ballot() -> Weight {
		// At least 77_035 ns. Reads 3, writes 3.
		Weight::from_parts(86_497_000, 3574)
			.saturating_add(T::DbWeight::get().reads(3))
			.saturating_add(T::DbWeight::get().writes(3))
	}
	fn poll_restarts_ballot() -> Weight {
		// Not measured yet: the reads and writes are counted, the time is that of `poll_opens_timelock`, `poll_opens_ballot` and `poll_ends`.
		Weight::from_parts(24_500_000_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1010))
			.saturating_add(T::DbWeight::get().writes(2010))
	}
	fn poll_switches() -> Weight {
		// Not measured since findings are read as well: 64 more reads and that of the dossier are counted, the time is that of `report_finding` more.
		Weight::from_parts(94_008_000_000, 4197809)
			.saturating_add(T::DbWeight::get().reads(1075))
			.saturating_add(T::DbWeight::get().writes(13))
	}
	fn poll_watches() -> Weight {
		// At least 312_800 ns. Reads 7, writes 4.
		Weight::from_parts(380_082_000, 82028)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(4))
	}
	fn poll_finalizes() -> Weight {
		// At least 13_933_238 ns. Reads 1583, writes 1582.
		Weight::from_parts(16_263_745_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1583))
			.saturating_add(T::DbWeight::get().writes(1582))
	}
	fn poll_ends() -> Weight {
		// Not measured since a vote that fails counts its snapshot: by as much more as `poll_opens_timelock` takes.
		Weight::from_parts(21_339_000_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1582))
			.saturating_add(T::DbWeight::get().writes(1577))
	}
	fn poll_opens_ballot() -> Weight {
		// At least 2_791_313 ns. Reads 7, writes 1005.
		Weight::from_parts(3_141_928_000, 45487)
			.saturating_add(T::DbWeight::get().reads(7))
			.saturating_add(T::DbWeight::get().writes(1005))
	}
	fn poll_opens_timelock() -> Weight {
		// Not measured since the current set is asked as well: its read is counted, the time is that of `poll_watches` more.
		Weight::from_parts(6_319_000_000, 2544531)
			.saturating_add(T::DbWeight::get().reads(1006))
			.saturating_add(T::DbWeight::get().writes(6))
	}
	fn on_initialize_idle() -> Weight {
		// At least 3_877 ns. Reads 1, writes 0.
		Weight::from_parts(4_683_000, 1489).saturating_add(T::DbWeight::get().reads(1))
	}
	fn on_initialize_due() -> Weight {
		// At least 25_057 ns. Reads 8, writes 0.
		Weight::from_parts(29_685_000, 15866).saturating_add(T::DbWeight::get().reads(8))
	}
}
