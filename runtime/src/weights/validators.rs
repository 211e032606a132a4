//! Weights of `pallet_airlock_validators` in this runtime. Made by `scripts/bench weights`, 5 steps, at least ten seconds for each call; not
//! to be edited.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_airlock_validators`.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_airlock_validators::WeightInfo for WeightInfo<T> {
	fn admit() -> Weight {
		// At least 30_843 ns. Reads 1, writes 2.
		Weight::from_parts(37_834_000, 37487)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
	fn remove() -> Weight {
		// At least 28_807 ns. Reads 1, writes 2.
		Weight::from_parts(34_876_000, 37487)
			.saturating_add(T::DbWeight::get().reads(1))
			.saturating_add(T::DbWeight::get().writes(2))
	}
}
