//! The electorate of this chain: a list in storage, with unequal powers. Sessions, stake or a membership pallet would do
//! as well.

#![allow(missing_docs)] // What the macro makes has none.

pub use pallet::*;

#[frame_support::pallet]
pub mod pallet {
	use airlock_primitives::{Electorate, OrganisationId, Power, Voter};
	use frame_support::pallet_prelude::*;

	/// Account, organisation, power.
	pub type Seat<T> = (
		<T as frame_system::Config>::AccountId,
		OrganisationId,
		Power,
	);

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Most seats.
		type MaxSeats: Get<u32>;
	}

	/// Who votes.
	#[pallet::storage]
	pub type Seats<T: Config> = StorageValue<_, BoundedVec<Seat<T>, T::MaxSeats>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Who votes first.
		pub seats: Vec<Seat<T>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let seats = BoundedVec::try_from(self.seats.clone());
			Seats::<T>::put(seats.expect("the genesis has no more seats than the chain"));
		}
	}

	impl<T: Config> Electorate<T::AccountId> for Pallet<T> {
		fn voters() -> Vec<Voter<T::AccountId>> {
			let voter = |(account, organisation, power)| Voter {
				account,
				organisation,
				power,
			};
			Seats::<T>::get().into_iter().map(voter).collect()
		}
	}
}
