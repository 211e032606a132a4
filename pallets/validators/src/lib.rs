//! # Validators
//!
//! The validator set, the organisations behind it, and its council.
//!
//! The council admits and removes validators; a change becomes active two sessions later, as pallet-session
//! queues sets. One organisation holds one seat. The council's members follow the active set.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use airlock_primitives::{Electorate, OrganisationId, Power, Voter};
use alloc::vec::Vec;
use frame_support::{pallet_prelude::*, traits::ChangeMembers};
use frame_system::pallet_prelude::*;
use sp_staking::SessionIndex;

/// Every seat has the same power.
const POWER_OF_A_SEAT: Power = 1;

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>>
		+ pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
	{
		/// Who admits and removes validators.
		type AdmitOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// The council: its members are the active set.
		type Council: ChangeMembers<Self::AccountId>;
		/// Most validators.
		#[pallet::constant]
		type MaxValidators: Get<u32>;
		/// Weights.
		type WeightInfo: WeightInfo;
	}

	/// The wanted set, sorted by account. Sessions take it over when it changes.
	#[pallet::storage]
	pub type Registered<T: Config> =
		StorageValue<_, BoundedVec<(T::AccountId, OrganisationId), T::MaxValidators>, ValueQuery>;

	/// Set when [`Registered`] changed since the last session was planned.
	#[pallet::storage]
	pub type Changed<T> = StorageValue<_, bool, ValueQuery>;

	/// The validators of the running session, in its order.
	#[pallet::storage]
	pub type Active<T: Config> =
		StorageValue<_, BoundedVec<Voter<T::AccountId>, T::MaxValidators>, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The first validators and their organisations. Their session keys belong to pallet-session.
		pub validators: Vec<(T::AccountId, OrganisationId)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, organisation) in &self.validators {
				assert!(
					Pallet::<T>::do_admit(who.clone(), *organisation).is_ok(),
					"validators of the genesis have a seat and an organisation of their own"
				);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A validator will join, two sessions from now, if its session keys are set.
		Admitted {
			/// The validator.
			validator: T::AccountId,
			/// Its organisation.
			organisation: OrganisationId,
		},
		/// A validator will leave, two sessions from now.
		Removed {
			/// The validator.
			validator: T::AccountId,
		},
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// The account is a validator already. Nothing is to be done.
		AlreadyAdmitted,
		/// The organisation holds a seat already. One organisation holds one seat.
		OrganisationHasSeat,
		/// The set is as large as the chain takes. Remove a validator first.
		TooManyValidators,
		/// The account is no validator. Look at the list of validators.
		NotAdmitted,
		/// The last validator cannot be removed: the chain would stop. Admit another one first.
		LastValidator,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Admits a validator.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Details
		/// It becomes active two sessions later, if its session keys are set by then.
		///
		/// ## Errors
		/// [`Error::AlreadyAdmitted`], [`Error::OrganisationHasSeat`], [`Error::TooManyValidators`].
		///
		/// ## Events
		/// [`Event::Admitted`].
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::admit())]
		pub fn admit(
			origin: OriginFor<T>,
			validator: T::AccountId,
			organisation: OrganisationId,
		) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			Self::do_admit(validator.clone(), organisation)?;
			Self::deposit_event(Event::Admitted {
				validator,
				organisation,
			});
			Ok(())
		}

		/// Removes a validator.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Details
		/// It stays active until two sessions later.
		///
		/// ## Errors
		/// [`Error::NotAdmitted`], [`Error::LastValidator`].
		///
		/// ## Events
		/// [`Event::Removed`].
		#[pallet::call_index(1)]
		#[pallet::weight(<T as Config>::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, validator: T::AccountId) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			Registered::<T>::try_mutate(|registered| {
				let at = registered
					.binary_search_by(|(who, _)| who.cmp(&validator))
					.map_err(|_| Error::<T>::NotAdmitted)?;
				ensure!(registered.len() > 1, Error::<T>::LastValidator);
				registered.remove(at);
				Ok::<_, DispatchError>(())
			})?;
			Changed::<T>::put(true);
			Self::deposit_event(Event::Removed { validator });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	fn do_admit(validator: T::AccountId, organisation: OrganisationId) -> DispatchResult {
		Registered::<T>::try_mutate(|registered| {
			let free = registered.iter().all(|(_, other)| *other != organisation);
			match registered.binary_search_by(|(who, _)| who.cmp(&validator)) {
				Ok(_) => Err(Error::<T>::AlreadyAdmitted),
				Err(_) if !free => Err(Error::<T>::OrganisationHasSeat),
				Err(at) => registered
					.try_insert(at, (validator, organisation))
					.map_err(|_| Error::<T>::TooManyValidators),
			}
		})?;
		Changed::<T>::put(true);
		Ok(())
	}

	/// Takes over the set of the session that starts, with the organisations known of it.
	fn activate(validators: Vec<T::AccountId>) {
		let registered = Registered::<T>::get();
		let before = Active::<T>::get();
		// A validator that was removed while its set was queued keeps the organisation it had.
		let organisation = |who: &T::AccountId| {
			let now = registered
				.iter()
				.find(|(known, _)| known == who)
				.map(|(_, org)| *org);
			now.or_else(|| {
				before
					.iter()
					.find(|v| &v.account == who)
					.map(|v| v.organisation)
			})
		};
		let active: Vec<_> = validators
			.iter()
			.map(|account| Voter {
				account: account.clone(),
				// Never met: every validator was registered. Were it met, all strangers count as one.
				organisation: organisation(account).unwrap_or(OrganisationId::MAX),
				power: POWER_OF_A_SEAT,
			})
			.collect();
		let mut members = validators;
		members.sort();
		let mut old: Vec<_> = before.iter().map(|voter| voter.account.clone()).collect();
		old.sort();
		if members != old {
			T::Council::set_members_sorted(&members, &old);
		}
		Active::<T>::put(BoundedVec::truncate_from(active));
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let active: Vec<_> = Active::<T>::get()
			.into_iter()
			.map(|voter| voter.account)
			.collect();
		// The electorate is the set that works.
		ensure!(
			active == pallet_session::Validators::<T>::get(),
			"active set differs from the session's"
		);
		// Sorted, so that nobody is in twice; one seat for each organisation.
		let registered = Registered::<T>::get();
		ensure!(
			registered
				.windows(2)
				.all(|w| matches!(w, [a, b] if a.0 < b.0)),
			"registered set is not sorted"
		);
		let mut organisations: Vec<_> = registered.iter().map(|(_, org)| *org).collect();
		organisations.sort();
		organisations.dedup();
		ensure!(
			organisations.len() == registered.len(),
			"an organisation has two seats"
		);
		Ok(())
	}
}

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
	fn new_session_genesis(_: SessionIndex) -> Option<Vec<T::AccountId>> {
		Changed::<T>::kill();
		Some(
			Registered::<T>::get()
				.into_iter()
				.map(|(who, _)| who)
				.collect(),
		)
	}

	fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
		Changed::<T>::take().then(|| {
			Registered::<T>::get()
				.into_iter()
				.map(|(who, _)| who)
				.collect()
		})
	}

	fn start_session(_: SessionIndex) {
		Self::activate(pallet_session::Validators::<T>::get());
	}

	fn end_session(_: SessionIndex) {}
}

impl<T: Config> Electorate<T::AccountId> for Pallet<T> {
	fn voters() -> Vec<Voter<T::AccountId>> {
		Active::<T>::get().into_inner()
	}
}
