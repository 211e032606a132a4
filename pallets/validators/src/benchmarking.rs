//! Benchmarks: the list is as long as it can be.

use super::*;
use frame_benchmarking::{account, v2::*, BenchmarkError};
use frame_support::traits::EnsureOrigin;

/// Registers so many validators.
fn register<T: Config>(count: u32) {
	let mut registered: Vec<(T::AccountId, OrganisationId)> = (0..count)
		.map(|n| (account("validator", n, 0), n))
		.collect();
	registered.sort();
	Registered::<T>::put(BoundedVec::truncate_from(registered));
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn admit() -> Result<(), BenchmarkError> {
		let origin =
			T::AdmitOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let most = <T as Config>::MaxValidators::get();
		register::<T>(most.saturating_sub(1));

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, account("new", 0, 0), most);

		assert_eq!(Registered::<T>::decode_len(), Some(most as usize));
		Ok(())
	}

	#[benchmark]
	fn remove() -> Result<(), BenchmarkError> {
		let origin =
			T::AdmitOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let most = <T as Config>::MaxValidators::get();
		register::<T>(most);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, account("validator", 0, 0));

		assert!(Registered::<T>::decode_len().is_some_and(|len| len < most as usize));
		Ok(())
	}
}
