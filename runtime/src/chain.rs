//! What differs from chain to chain: set at genesis, changed by nothing but another runtime. So one blob
//! serves development, tests and production.

pub use pallet::*;

#[frame_support::pallet]
pub mod pallet {
	use frame_support::pallet_prelude::*;

	/// A day has 14 400 of these.
	pub const DEFAULT_SLOT_DURATION_MS: u64 = 6_000;
	/// Four hours of default slots.
	pub const DEFAULT_SESSION_BLOCKS: u32 = 2_400;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::type_value]
	pub fn DefaultSlotDuration() -> u64 {
		DEFAULT_SLOT_DURATION_MS
	}

	#[pallet::type_value]
	pub fn DefaultSessionBlocks() -> u32 {
		DEFAULT_SESSION_BLOCKS
	}

	/// Length of a slot, in milliseconds.
	#[pallet::storage]
	pub type SlotDurationMs<T> = StorageValue<_, u64, ValueQuery, DefaultSlotDuration>;

	/// Length of a session, in blocks.
	#[pallet::storage]
	pub type SessionBlocks<T> = StorageValue<_, u32, ValueQuery, DefaultSessionBlocks>;

	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Length of a slot, in milliseconds. Not 0.
		pub slot_duration_ms: u64,
		/// Length of a session, in blocks. Not 0.
		pub session_blocks: u32,
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Self {
				slot_duration_ms: DEFAULT_SLOT_DURATION_MS,
				session_blocks: DEFAULT_SESSION_BLOCKS,
				_config: Default::default(),
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(self.slot_duration_ms > 0, "a slot has a length");
			assert!(self.session_blocks > 0, "a session has a length");
			SlotDurationMs::<T>::put(self.slot_duration_ms);
			SessionBlocks::<T>::put(self.session_blocks);
		}
	}

	/// Length of a slot, in milliseconds.
	pub struct SlotDuration<T>(core::marker::PhantomData<T>);
	impl<T: Config> Get<u64> for SlotDuration<T> {
		fn get() -> u64 {
			SlotDurationMs::<T>::get()
		}
	}

	/// Least time between two blocks, in milliseconds: half a slot, as Aura asks for.
	pub struct MinimumPeriod<T>(core::marker::PhantomData<T>);
	impl<T: Config> Get<u64> for MinimumPeriod<T> {
		fn get() -> u64 {
			SlotDurationMs::<T>::get() / 2
		}
	}

	/// Length of a session, in blocks.
	pub struct SessionPeriod<T>(core::marker::PhantomData<T>);
	impl<T: Config> Get<u32> for SessionPeriod<T> {
		fn get() -> u32 {
			SessionBlocks::<T>::get()
		}
	}
}
