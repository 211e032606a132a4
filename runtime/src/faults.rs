//! What can be wrong with an upgrade: one blob that goes wrong as a byte in it says.
//!
//! The feature `faulty` makes the upgrade `good` with these faults in it; none is on until somebody writes the number of a
//! [`Fault`] behind the [`MARKER`] in the blob. So one build gives as many broken candidates as there are faults
//! (`scripts/gauntlet`). No other build has any of this but the list.

/// A way in which an upgrade goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Fault {
	/// Nothing is wrong: a good upgrade.
	None = 0,
	/// Each block's first hook panics.
	PanicInInitialize = 1,
	/// Each block's last hook panics.
	PanicInFinalize = 2,
	/// Blocks panic from the fourth one on.
	PanicLater = 3,
	/// The first hook never ends.
	EndlessLoop = 4,
	/// Each block asks for a gigabyte at once.
	TooMuchMemory = 5,
	/// Blocks can be built, and their execution panics.
	CannotExecute = 6,
	/// A multi-block migration fails in its second step.
	MigrationFails = 7,
	/// A multi-block migration always has one step more to do.
	MigrationNeverEnds = 8,
	/// A migration computes longer than any block may take.
	MigrationEatsBlock = 9,
	/// Each block computes longer than a slot.
	SlowBlocks = 10,
	/// Names may have four bytes from now on; nobody shortened those that have more.
	ShrunkBound = 11,
	/// The calls of a pallet are gone.
	DropsPallet = 12,
	/// A call does what another one did.
	MovedCalls = 13,
	/// The lifecycle neither runs nor takes calls any more.
	DropsLifecycle = 14,
	/// A migration gives the right to author to somebody else.
	ChangesAuthorities = 15,
	/// A migration takes the right to author from everybody.
	EmptiesAuthorities = 16,
	/// A migration hands finality to somebody else.
	ChangesFinality = 17,
	/// A migration makes slots longer.
	ChangesSlots = 18,
	/// Each block sets the clock of slots far ahead.
	ChangesClock = 19,
	/// A migration makes coins.
	Mints = 20,
	/// No transaction is taken any more.
	TakesNoCalls = 21,
	/// A migration removes what nodes need for the rescue; then blocks panic.
	DisarmsRescue = 22,
	/// A migration replaces what nodes would go back to; then blocks panic.
	SpoilsRescue = 23,
	/// The hook that runs when a block has time left never ends.
	EndlessIdle = 24,
	/// A migration changes the storage version of a pallet that the dossier does not name.
	ChangesVersions = 25,
	/// Each transaction costs one unit more.
	FeeOffByOne = 26,
	/// A call does what it did, and says nothing of it.
	DropsEvent = 27,
	/// A migration changes how names are stored, and leaves their storage version as it is.
	Unversioned = 28,
	/// A migration panics.
	MigrationTraps = 29,
	/// A migration does its work again each time it runs.
	NotRepeatable = 30,
	/// A migration says that it weighs twice as much as a block may.
	Overweight = 31,
	/// Names with a digit in them are not taken any more.
	Stricter = 32,
	/// Each block makes a coin.
	DripsCoins = 33,
	/// A call fails with another error than it did.
	OtherError = 34,
	/// A call weighs more than it did.
	OtherWeight = 35,
	/// Each block sets the time far ahead: no later block could say when it is.
	SetsTheTime = 36,
	/// A migration removes what says when proposals are looked at: nobody ever asks for the one that is watched.
	DropsAgenda = 37,
}

/// Comes before the number of the fault, once in the blob.
pub const MARKER: [u8; 16] = *b"airlock-fault-is";

#[cfg(feature = "faulty")]
pub use acts::*;

#[cfg(feature = "faulty")]
mod acts {
	use super::{Fault, MARKER};
	use crate::*;
	use airlock_primitives::{ClassPolicy, DossierRef, GateStatus, ProposalId, StageGate};
	use alloc::vec;
	use codec::Encode;
	use frame_support::{
		dispatch::DispatchResult,
		migrations::{
			MultiStepMigrator, SteppedMigration, SteppedMigrationError, SteppedMigrations,
		},
		storage::{storage_prefix, unhashed},
		traits::{Contains, Get, OnRuntimeUpgrade},
		weights::{Weight, WeightMeter},
	};

	const fn marked() -> [u8; 17] {
		let mut bytes = [0; 17];
		let mut at = 0;
		while at < MARKER.len() {
			bytes[at] = MARKER[at];
			at += 1;
		}
		bytes
	}

	static FAULT: [u8; 17] = marked();

	/// True if this is the fault of this blob.
	pub fn is(fault: Fault) -> bool {
		// What a compiler knows of the static is not what the blob has in it.
		core::hint::black_box(&FAULT)[16] == fault as u8
	}

	/// Faults that wait for later blocks.
	const LATER: [Fault; 3] = [Fault::PanicLater, Fault::DisarmsRescue, Fault::SpoilsRescue];

	/// Where a migration notes the first block of this code.
	const SINCE: &[u8] = b":fault:since";

	/// Computes for about so many seconds.
	fn burn(seconds: u64) {
		// A hash of 32 bytes takes about half a microsecond in wasm's host.
		let mut hash = [0; 32];
		for _ in 0..seconds * 2_000_000 {
			hash = sp_io::hashing::blake2_256(&hash);
		}
		core::hint::black_box(hash);
	}

	fn forever() {
		let mut turns = 0u64;
		while core::hint::black_box(turns) < u64::MAX {
			turns = turns.wrapping_add(2);
		}
	}

	/// What goes wrong at the beginning of a block.
	#[allow(clippy::panic)]
	pub fn on_initialize(now: BlockNumber) {
		let since = unhashed::get_or(SINCE, now);
		let later = is(Fault::PanicLater) && now >= since + 3;
		let disarmed = now > since && (is(Fault::DisarmsRescue) || is(Fault::SpoilsRescue));
		if is(Fault::PanicInInitialize) || later || disarmed {
			panic!("this upgrade cannot build a block");
		}
		if is(Fault::EndlessLoop) {
			forever();
		}
		if is(Fault::TooMuchMemory) {
			core::hint::black_box(Vec::<u8>::with_capacity(1 << 30));
		}
		if is(Fault::SlowBlocks) {
			burn(4);
		}
		if is(Fault::DripsCoins) {
			mint(UNIT);
		}
	}

	/// Makes so many units, for a stranger.
	fn mint(units: Balance) {
		use frame_support::traits::fungible::Mutate;
		let _ = Balances::mint_into(&[7; 32].into(), units);
	}

	/// What each transaction costs for itself.
	pub struct BaseFee;
	impl frame_support::weights::WeightToFee for BaseFee {
		type Balance = Balance;

		fn weight_to_fee(weight: &Weight) -> Balance {
			let fee = frame_support::weights::IdentityFee::<Balance>::weight_to_fee(weight);
			fee.saturating_add(is(Fault::FeeOffByOne).into())
		}
	}

	/// What goes wrong when a block has time left.
	pub fn on_idle() {
		if is(Fault::EndlessIdle) {
			forever();
		}
	}

	/// What goes wrong at the end of a block.
	#[allow(clippy::panic)]
	pub fn on_finalize() {
		if is(Fault::PanicInFinalize) {
			panic!("this upgrade cannot end a block");
		}
		// Not in a migration: Aura mends its clock when a block begins.
		if is(Fault::ChangesClock) {
			put("Aura", "CurrentSlot", &(u64::MAX / 2).encode());
		}
		if is(Fault::SetsTheTime) {
			put("Timestamp", "Now", &(u64::MAX / 4).encode());
		}
	}

	fn put(pallet: &str, item: &str, value: &[u8]) {
		unhashed::put_raw(&storage_prefix(pallet.as_bytes(), item.as_bytes()), value);
	}

	/// What goes wrong when a whole block is executed.
	#[allow(clippy::panic)]
	pub fn on_execute() {
		if is(Fault::CannotExecute) {
			panic!("this upgrade cannot execute a block");
		}
	}

	/// What goes wrong with the migrations of one block.
	pub struct Sabotage;
	impl OnRuntimeUpgrade for Sabotage {
		#[allow(clippy::panic)]
		fn on_runtime_upgrade() -> Weight {
			let now = System::block_number();
			if LATER.iter().any(|fault| is(*fault)) {
				unhashed::put(SINCE, &now);
			}
			let stranger = [7; 32];
			if is(Fault::ChangesAuthorities) {
				put("Aura", "Authorities", &(&[stranger][..]).encode());
			}
			if is(Fault::EmptiesAuthorities) {
				put("Aura", "Authorities", &[0]);
			}
			if is(Fault::ChangesFinality) {
				let stranger = sp_core::ed25519::Public::from_raw(stranger).into();
				// Migrations run before the block has its number: one block later is this one.
				let _ = Grandpa::schedule_change(vec![(stranger, 1)], 1, None);
			}
			if is(Fault::ChangesSlots) {
				chain::SlotDurationMs::<Runtime>::mutate(|ms| *ms *= 2);
			}
			if is(Fault::Mints) {
				mint(1_000_000 * UNIT);
			}
			if is(Fault::DisarmsRescue) {
				unhashed::kill(airlock_primitives::rescue::ARMED);
				unhashed::kill(airlock_primitives::rescue::CODE);
			}
			if is(Fault::SpoilsRescue) {
				unhashed::put_raw(airlock_primitives::rescue::CODE, b"nothing that runs");
			}
			if is(Fault::ChangesVersions) {
				put("Balances", ":__STORAGE_VERSION__:", &9u16.encode());
			}
			if is(Fault::DropsAgenda) {
				unhashed::kill(&storage_prefix(b"Proposals", b"Agenda"));
				unhashed::kill(&storage_prefix(b"Proposals", b"NextDeadline"));
			}
			if is(Fault::MigrationEatsBlock) {
				burn(30);
			}
			if is(Fault::MigrationTraps) {
				panic!("this migration cannot run");
			}
			if is(Fault::Unversioned) {
				put("Profiles", ":__STORAGE_VERSION__:", &0u16.encode());
			}
			if is(Fault::NotRepeatable) {
				profiles::Names::<Runtime>::translate_values::<profiles::Profile<Runtime>, _>(
					|mut profile| {
						profile.since += 1;
						Some(profile)
					},
				);
			}
			if is(Fault::Overweight) {
				return <Runtime as frame_system::Config>::BlockWeights::get()
					.max_block
					.saturating_mul(2);
			}
			Weight::zero()
		}
	}

	/// The multi-block migration, in those builds that have one.
	pub struct Steps;
	type Only = (Stepped,);
	impl SteppedMigrations for Steps {
		fn len() -> u32 {
			u32::from(is(Fault::MigrationFails) || is(Fault::MigrationNeverEnds))
		}
		fn nth_id(n: u32) -> Option<Vec<u8>> {
			Only::nth_id(n)
		}
		fn nth_max_steps(n: u32) -> Option<Option<u32>> {
			Only::nth_max_steps(n)
		}
		fn nth_step(
			n: u32,
			cursor: Option<Vec<u8>>,
			meter: &mut WeightMeter,
		) -> Option<Result<Option<Vec<u8>>, SteppedMigrationError>> {
			Only::nth_step(n, cursor, meter)
		}
		fn nth_transactional_step(
			n: u32,
			cursor: Option<Vec<u8>>,
			meter: &mut WeightMeter,
		) -> Option<Result<Option<Vec<u8>>, SteppedMigrationError>> {
			Only::nth_transactional_step(n, cursor, meter)
		}
		fn nth_migrating_prefixes(n: u32) -> Option<Option<Vec<Vec<u8>>>> {
			Only::nth_migrating_prefixes(n)
		}
		fn cursor_max_encoded_len() -> usize {
			Only::cursor_max_encoded_len()
		}
		fn identifier_max_encoded_len() -> usize {
			Only::identifier_max_encoded_len()
		}
	}

	/// What goes wrong in more than one block.
	pub struct Stepped;
	impl SteppedMigration for Stepped {
		type Cursor = u32;
		type Identifier = [u8; 5];

		fn id() -> Self::Identifier {
			*b"fault"
		}

		fn step(
			cursor: Option<u32>,
			meter: &mut WeightMeter,
		) -> Result<Option<u32>, SteppedMigrationError> {
			let step = cursor.unwrap_or_default();
			// One step a block.
			meter.consume(meter.remaining());
			if is(Fault::MigrationFails) && step > 0 {
				return Err(SteppedMigrationError::Failed);
			}
			Ok(Some(step + 1))
		}
	}

	fn has_digit(call: &RuntimeCall) -> bool {
		use profiles::Call::set_name;
		matches!(call, RuntimeCall::Profiles(set_name { name }) if name.iter().any(u8::is_ascii_digit))
	}

	/// Calls that are gone.
	pub struct Doors;
	impl Contains<RuntimeCall> for Doors {
		fn contains(call: &RuntimeCall) -> bool {
			let lifecycle = configs::ProxyType::Lifecycle;
			let is_ours = || frame_support::traits::InstanceFilter::filter(&lifecycle, call);
			let inherent = matches!(call, RuntimeCall::Timestamp(_));
			let gone = (is(Fault::DropsPallet) && matches!(call, RuntimeCall::Balances(_)))
				|| (is(Fault::DropsLifecycle) && is_ours())
				|| (is(Fault::TakesNoCalls) && !inherent && !Migrations::ongoing())
				|| (is(Fault::Stricter) && has_digit(call));
			!gone
		}
	}

	/// The stage Probation; if the lifecycle is gone, nothing is ever decided.
	pub struct Probation;
	type Real = pallet_airlock_enactment::Probation<Runtime>;
	impl StageGate<AccountId, BlockNumber> for Probation {
		fn open(
			id: ProposalId,
			about: &DossierRef<AccountId>,
			policy: &ClassPolicy<BlockNumber>,
			now: BlockNumber,
		) -> DispatchResult {
			Real::open(id, about, policy, now)
		}
		fn poll(id: ProposalId, now: BlockNumber) -> GateStatus<BlockNumber> {
			if is(Fault::DropsLifecycle) {
				return GateStatus::Pending { until: now + 1 };
			}
			Real::poll(id, now)
		}
		fn close(id: ProposalId) {
			Real::close(id)
		}
		fn clear(id: ProposalId) {
			Real::clear(id)
		}
	}

	/// Longest name.
	pub struct MaxNameLen;
	impl Get<u32> for MaxNameLen {
		fn get() -> u32 {
			if is(Fault::ShrunkBound) {
				4
			} else {
				profiles::MAX_NAME_LEN
			}
		}
	}
}
