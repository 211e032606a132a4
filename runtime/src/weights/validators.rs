//! Weights of `pallet_airlock_validators` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_validators`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_validators::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 41_943 ns. Reads 1, writes 2.
		Weight::from_parts(62_857_000, 37487)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn remove() -> Weight {
		// At least 38_931 ns. Reads 1, writes 2.
		Weight::from_parts(52_231_000, 37487)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
