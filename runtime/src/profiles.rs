//! Names for accounts: a small application pallet with real data, so that test upgrades have something to
//! migrate, to use and to break.
//!
//! Features select what a test upgrade does (see `runtime/variants`):
//!
//! - `schema-2`: an entry also says since when; `clear_name` exists.
//! - `good-rollback`: schema 1 again, with the reverse migration.
//! - `unhealthy`: schema 2, and entries vanish from the block on in which somebody's name has a crab in it.
//! - `panicking`: schema 2, and its first block on a chain where it was enacted panics, in no rehearsal before.
//! - `faulty`: schema 2, and whatever a byte in the blob says (`faults`).

pub use pallet::*;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;

	/// Longest name, in bytes.
	pub const MAX_NAME_LEN: u32 = 64;
	/// A name.
	pub type Name = BoundedVec<u8, MaxNameLen>;
	#[cfg(feature = "faulty")]
	pub use crate::faults::MaxNameLen;
	#[cfg(not(feature = "faulty"))]
	type MaxNameLen = ConstU32<MAX_NAME_LEN>;

	#[cfg(feature = "schema-2")]
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);
	#[cfg(not(feature = "schema-2"))]
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	/// What is known of an account.
	#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
	#[scale_info(skip_type_params(T))]
	pub struct Profile<T: Config> {
		/// Its name.
		pub name: Name,
		/// The block in which the name was set; for older entries that of the migration.
		#[cfg(feature = "schema-2")]
		pub since: BlockNumberFor<T>,
		#[codec(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Most names that can exist: bounds the migrations.
		#[pallet::constant]
		type MaxNames: Get<u32>;
	}

	/// The names.
	#[pallet::storage]
	pub type Names<T: Config> =
		CountedStorageMap<_, Blake2_128Concat, T::AccountId, Profile<T>, OptionQuery>;

	/// True once the unhealthy variant loses entries.
	#[cfg(feature = "unhealthy")]
	#[pallet::storage]
	pub type Loses<T: Config> = StorageValue<_, bool, ValueQuery>;

	/// What no user of the chain's history wrote and no generator draws, so that only the probation can find what it does.
	#[cfg(feature = "unhealthy")]
	const CRAB: [u8; 4] = [0xf0, 0x9f, 0xa6, 0x80];

	#[pallet::event]
	#[pallet::generate_deposit(fn deposit_event)]
	pub enum Event<T: Config> {
		/// An account set its name.
		NameSet {
			/// Whose name.
			who: T::AccountId,
		},
		/// An account removed its name.
		#[cfg(feature = "schema-2")]
		NameCleared {
			/// Whose name.
			who: T::AccountId,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The name is longer than [`MAX_NAME_LEN`] bytes. Choose a shorter one.
		NameTooLong,
		/// As many names exist as the chain takes. Wait until one is removed.
		TooManyNames,
		/// The account has no name. Set one first.
		NoName,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Sets the caller's name, or replaces it.
		///
		/// ## Dispatch Origin
		/// Signed.
		///
		/// ## Errors
		/// [`Error::NameTooLong`], [`Error::TooManyNames`].
		///
		/// ## Events
		/// [`Event::NameSet`].
		#[pallet::call_index(0)]
		#[pallet::weight(set_name_weight::<T>())]
		pub fn set_name(origin: OriginFor<T>, name: alloc::vec::Vec<u8>) -> DispatchResult {
			#[cfg(feature = "faulty")]
			if crate::faults::is(crate::faults::Fault::MovedCalls) {
				return Self::clear_name(origin);
			}
			let who = ensure_signed(origin)?;
			#[cfg(feature = "faulty")]
			if crate::faults::is(crate::faults::Fault::OtherError) {
				ensure!(
					name.len() <= MAX_NAME_LEN as usize,
					Error::<T>::TooManyNames
				);
			}
			let name = Name::try_from(name).map_err(|_| Error::<T>::NameTooLong)?;
			let room = Names::<T>::count() < T::MaxNames::get() || Names::<T>::contains_key(&who);
			ensure!(room, Error::<T>::TooManyNames);
			#[cfg(feature = "unhealthy")]
			if name.windows(CRAB.len()).any(|part| part == CRAB) {
				Loses::<T>::put(true);
			}
			let profile = Profile {
				name,
				#[cfg(feature = "schema-2")]
				since: frame_system::Pallet::<T>::block_number(),
				_config: Default::default(),
			};
			Names::<T>::insert(&who, profile);
			#[cfg(feature = "faulty")]
			if crate::faults::is(crate::faults::Fault::DropsEvent) {
				return Ok(());
			}
			Self::deposit_event(Event::NameSet { who });
			Ok(())
		}

		/// Removes the caller's name.
		///
		/// ## Dispatch Origin
		/// Signed.
		///
		/// ## Errors
		/// [`Error::NoName`].
		///
		/// ## Events
		/// [`Event::NameCleared`].
		#[cfg(feature = "schema-2")]
		#[pallet::call_index(1)]
		#[pallet::weight(T::DbWeight::get().reads_writes(2, 2))]
		pub fn clear_name(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Names::<T>::take(&who).ok_or(Error::<T>::NoName)?;
			Self::deposit_event(Event::NameCleared { who });
			Ok(())
		}
	}

	/// What a name weighs.
	fn set_name_weight<T: Config>() -> Weight {
		#[cfg(feature = "faulty")]
		if crate::faults::is(crate::faults::Fault::OtherWeight) {
			return T::DbWeight::get().reads_writes(3, 3);
		}
		T::DbWeight::get().reads_writes(2, 2)
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		#[cfg(feature = "unhealthy")]
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			if Loses::<T>::get() {
				if let Some(who) = Names::<T>::iter_keys().next() {
					Names::<T>::remove(who);
				}
			}
			T::DbWeight::get().reads_writes(3, 2)
		}

		#[cfg(feature = "faulty")]
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			use sp_runtime::SaturatedConversion;
			crate::faults::on_initialize(now.saturated_into());
			T::DbWeight::get().reads(1)
		}

		#[cfg(feature = "faulty")]
		fn on_idle(_: BlockNumberFor<T>, _: Weight) -> Weight {
			crate::faults::on_idle();
			Weight::zero()
		}

		#[cfg(feature = "faulty")]
		fn on_finalize(_: BlockNumberFor<T>) {
			crate::faults::on_finalize();
		}

		// A rehearsal switches a fork, on which nothing is watched.
		#[cfg(feature = "panicking")]
		#[allow(clippy::panic)]
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			if sp_io::storage::exists(airlock_primitives::rescue::ARMED) {
				panic!("this upgrade cannot build a block");
			}
			T::DbWeight::get().reads(1)
		}
	}
}

/// Migrations of the test upgrades.
pub mod migrations {
	#[cfg(any(feature = "schema-2", feature = "good-rollback"))]
	use super::*;
	#[cfg(any(feature = "schema-2", feature = "good-rollback"))]
	use frame_support::{
		migrations::VersionedMigration, pallet_prelude::*, traits::UncheckedOnRuntimeUpgrade,
		weights::Weight,
	};

	/// What this build runs when it is switched on.
	#[cfg(all(feature = "schema-2", not(feature = "faulty")))]
	pub type All = (ToSchema2<crate::Runtime>,);
	/// What this build runs when it is switched on.
	#[cfg(feature = "faulty")]
	pub type All = (ToSchema2<crate::Runtime>, crate::faults::Sabotage);
	/// What this build runs when it is switched on.
	#[cfg(feature = "good-rollback")]
	pub type All = (ToSchema1<crate::Runtime>,);
	/// What this build runs when it is switched on.
	#[cfg(not(any(feature = "schema-2", feature = "good-rollback")))]
	pub type All = ();

	/// Adds `since` to each entry.
	#[cfg(feature = "schema-2")]
	pub type ToSchema2<T> =
		VersionedMigration<0, 1, AddSince<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;
	/// Removes `since` from each entry.
	#[cfg(feature = "good-rollback")]
	pub type ToSchema1<T> =
		VersionedMigration<1, 0, RemoveSince<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

	#[cfg(feature = "schema-2")]
	pub struct AddSince<T>(core::marker::PhantomData<T>);
	#[cfg(feature = "schema-2")]
	impl<T: Config> UncheckedOnRuntimeUpgrade for AddSince<T> {
		fn on_runtime_upgrade() -> Weight {
			let since = frame_system::Pallet::<T>::block_number();
			let mut entries = 0u64;
			Names::<T>::translate::<Name, _>(|_, name| {
				entries = entries.saturating_add(1);
				Some(Profile {
					name,
					since,
					_config: Default::default(),
				})
			});
			T::DbWeight::get().reads_writes(entries.saturating_add(1), entries)
		}
	}

	#[cfg(feature = "good-rollback")]
	pub struct RemoveSince<T>(core::marker::PhantomData<T>);
	#[cfg(feature = "good-rollback")]
	impl<T: Config> UncheckedOnRuntimeUpgrade for RemoveSince<T> {
		fn on_runtime_upgrade() -> Weight {
			let mut entries = 0u64;
			Names::<T>::translate::<(Name, frame_system::pallet_prelude::BlockNumberFor<T>), _>(
				|_, (name, _)| {
					entries = entries.saturating_add(1);
					Some(Profile {
						name,
						_config: Default::default(),
					})
				},
			);
			T::DbWeight::get().reads_writes(entries.saturating_add(1), entries)
		}
	}
}
