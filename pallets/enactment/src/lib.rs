//! # Enactment
//!
//! The only way to `:code`, and the way back.
//!
//! ## Overview
//!
//! An approved upgrade waits in the [`Timelock`] while nodes get ready. At its due block, when every
//! [`Precondition`] holds, the pallet dispatches `system.set_code`, and its [`Gate`] lets exactly that blob
//! pass. Then the [`Probation`] watches: more than a third of the voting power reporting unhealthy, or too
//! few healthy reports by the end of the critical window, and the rollback code is written the same way.
//!
//! ## Implementation details
//!
//! - [`Gate`] is the `OnSetCode` of the runtime. It asks one question: does this blob hash to [`Turn`]? The
//!   turn is set around the pallet's own dispatch and never survives it.
//! - A High or Critical finding stops the switch. In the second half of the grace only one does behind which an auditor
//!   stands: others can delay an approved upgrade by half of its grace, however many they report, and no longer.
//! - Silence is bad news: code that can take no transaction can take no complaint. So the critical window
//!   ends well only with a quorum of healthy reports.
//! - A rollback goes forward: the dedicated rollback code has a higher version than the candidate, so that
//!   its migrations run and versions never repeat.
//! - Rolling back happens when the stage machine polls, in a hook: it works in blocks that take no
//!   transactions, also while a migration of the new code runs or is stuck: it is given up then.
//! - While an upgrade is watched, nodes have its way back as well, and go it without the new code if that builds no block
//!   (`rescue`).
//! - What the chain can count (coins, storage versions) must stay within what the dossier declares, and what must hold
//!   ([`Config::Invariants`]) can be shown not to, by anybody.
//! - Slots without a block and transactions that fail are counted before and after the switch: if both grow by far, the chain
//!   goes back ([`vitals`]).
//! - Calls that wait in state to be executed are void when code is written: under other code they would be other calls.
//! - A migration that fails, or is not over when the critical window ends, counts as the new code's failure. The pallet
//!   is the runtime's `FailedMigrationHandler`.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod mock;
mod rescue;
#[cfg(test)]
mod tests;
pub mod types;
pub mod vitals;
pub mod weights;

pub use pallet::*;
pub use types::{Approved, Budget, Trial};
pub use vitals::Pulse;
pub use weights::WeightInfo;

use airlock_primitives::{
	policy::{ONE_THIRD, TWO_THIRDS},
	ClassPolicy, CodeHistory, CodeRef, CurrentMajority, DossierRef, Electorate, Failure,
	GateStatus, Invariants, Migrations, NodeSupport, OpenFindings, Power, Precondition, ProposalId,
	Ratio, Rewards, Rollback, StageGate, StoredCalls, Vitals,
};
use alloc::{borrow::Cow, collections::BTreeSet, vec::Vec};
use codec::{Decode, Encode};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	migrations::{FailedMigrationHandler, FailedMigrationHandling},
	pallet_prelude::*,
	storage::with_storage_layer,
	traits::{QueryPreimage, StorePreimage, UnfilteredDispatchable},
};
use frame_system::{pallet_prelude::*, RawOrigin, SetCode};
use sp_core::H256;
use sp_runtime::traits::{One, Saturating};

/// Where something is broken.
pub type WitnessOf<T> = <<T as Config>::Invariants as Invariants>::Witness;

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = H256> {
		/// The runtime's calls, to dispatch `system.set_code`.
		type RuntimeCall: From<frame_system::Call<Self>>
			+ UnfilteredDispatchable<RuntimeOrigin = Self::RuntimeOrigin>;
		/// Who may vote now.
		type Electorate: Electorate<Self::AccountId>;
		/// The vote as the current set sees it.
		type CurrentMajority: CurrentMajority;
		/// Findings that stop an upgrade.
		type Findings: OpenFindings;
		/// Where the bytes are, by their blake2-256 hash.
		type Preimages: QueryPreimage<H = Self::Hashing> + StorePreimage;
		/// The multi-block migrations.
		type Migrations: Migrations;
		/// Pays who shows that something is broken.
		type Rewards: Rewards<Self::AccountId>;
		/// What the chain can say of its own state.
		type Invariants: Invariants;
		/// What the chain can measure of its own health.
		type Vitals: Vitals;
		/// Calls that wait in state, and would be others under other code.
		type StoredCalls: StoredCalls;
		/// True while a change of authorities is under way.
		type AuthorityChangePending: Get<bool>;
		/// Who may unlock the lane after two rollbacks in a row.
		type UnlockOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// Most validators.
		type MaxValidators: Get<u32>;
		/// Weights.
		type WeightInfo: WeightInfo;
		/// The runtime around this pallet, for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: airlock_primitives::benchmarking::BenchmarkHelper<Self::AccountId>;
	}

	/// Hash of the only code that may be written now. Set around our own dispatch only.
	#[pallet::storage]
	pub type Turn<T> = StorageValue<_, H256, OptionQuery>;

	/// blake2-256 of the newest code written. It may still be in `:pending_code`. Unset until somebody asks:
	/// the code of a genesis is not known while its state is built.
	#[pallet::storage]
	pub type CurrentCode<T> = StorageValue<_, H256, OptionQuery>;

	/// The highest `spec_version` ever installed. Stored, not read from the running code: a simulator runs a
	/// candidate over blocks in which that candidate was registered.
	#[pallet::storage]
	pub type HighestSpecVersion<T> = StorageValue<_, u32, ValueQuery>;

	/// Which proposal brought which code, by the code's `spec_version`. Grows by one line with each switch, which takes a
	/// whole lifecycle: the record outlives the proposals.
	// `Identity`: the key is a version that was voted on.
	#[pallet::storage]
	pub type Installed<T> = StorageMap<_, Identity, u32, (ProposalId, H256), OptionQuery>;

	/// Approved upgrades. The stage machine has one at a time.
	// `Identity`: the key is a number that the chain gives out.
	#[pallet::storage]
	pub type InTimelock<T: Config> = StorageMap<
		_,
		Identity,
		ProposalId,
		Approved<T::AccountId, BlockNumberFor<T>, T::MaxValidators>,
		OptionQuery,
	>;

	/// The upgrade that is watched.
	#[pallet::storage]
	pub type OnProbation<T: Config> = StorageValue<_, Trial<BlockNumberFor<T>>, OptionQuery>;

	/// Multi-block migrations that were completed before the upgrade on probation was written, by the hashes of their names. If
	/// there were more than fit, there are none here, and those that the candidate completes are not run again.
	#[pallet::storage]
	pub type CompletedBefore<T: Config> =
		StorageValue<_, BoundedBTreeSet<H256, ConstU32<MAX_REMEMBERED>>, OptionQuery>;

	/// The last report of each validator on the upgrade that is watched.
	#[pallet::storage]
	pub type Reports<T: Config> =
		StorageValue<_, BoundedVec<(T::AccountId, bool), T::MaxValidators>, ValueQuery>;

	/// What is counted of the chain's health; only while an upgrade is approved or watched.
	#[pallet::storage]
	pub type Measured<T> = StorageValue<_, Pulse, OptionQuery>;

	/// How many of the last upgrades failed in probation without one that was kept.
	#[pallet::storage]
	pub type RollbacksInARow<T> = StorageValue<_, u8, ValueQuery>;

	/// Set after [`ROLLBACKS_THAT_LOCK`] failures: nothing is enacted until somebody unlocks.
	#[pallet::storage]
	pub type Locked<T> = StorageValue<_, bool, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Nothing: the version is that of the code that builds the genesis.
		#[serde(skip)]
		pub _config: core::marker::PhantomData<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			HighestSpecVersion::<T>::put(T::Version::get().spec_version);
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A validator's node is ready for an upgrade.
		ReadinessSignalled {
			/// Number of the proposal.
			id: ProposalId,
			/// The validator.
			validator: T::AccountId,
			/// What its node can do.
			node: NodeSupport,
		},
		/// A validator's node is not ready any more.
		ReadinessRetracted {
			/// Number of the proposal.
			id: ProposalId,
			/// The validator.
			validator: T::AccountId,
		},
		/// The switch is due but cannot happen yet. It is tried again each block.
		EnactmentDeferred {
			/// Number of the proposal.
			id: ProposalId,
			/// What does not hold.
			precondition: Precondition,
		},
		/// New code was written. It runs from the next block on.
		Enacted {
			/// Number of the proposal.
			id: ProposalId,
			/// blake2-256 of the code.
			code_hash: H256,
			/// Its version.
			spec_version: u32,
		},
		/// A validator reported how the new code does.
		HealthReported {
			/// Number of the proposal.
			id: ProposalId,
			/// The validator.
			validator: T::AccountId,
			/// What it says.
			healthy: bool,
		},
		/// Somebody showed that something does not hold that must: the chain goes back in the next block.
		InvariantBroken {
			/// Number of the proposal.
			id: ProposalId,
			/// Where it is broken.
			witness: WitnessOf<T>,
			/// Who showed it.
			who: T::AccountId,
		},
		/// Who showed it got nothing: the money could not be moved.
		FinderNotPaid {
			/// Number of the proposal.
			id: ProposalId,
			/// Why not.
			error: DispatchError,
		},
		/// The rollback code was written. It runs from the next block on.
		RolledBack {
			/// Number of the proposal.
			id: ProposalId,
			/// blake2-256 of the rollback code.
			code_hash: H256,
			/// Why.
			why: Failure,
		},
		/// A migration of the code that failed was given up, so that the rollback code could be written.
		MigrationAbandoned {
			/// Number of the proposal.
			id: ProposalId,
		},
		/// The rollback code could not be written. It is tried again each block.
		RollbackFailed {
			/// Number of the proposal.
			id: ProposalId,
			/// Why not.
			error: DispatchError,
		},
		/// The upgrade failed, but its dossier says that there is no way back.
		NoWayBack {
			/// Number of the proposal.
			id: ProposalId,
			/// Why it failed.
			why: Failure,
		},
		/// The upgrade passed its probation.
		Kept {
			/// Number of the proposal.
			id: ProposalId,
		},
		/// Two failures in a row: nothing is enacted until the lane is unlocked.
		LaneLocked,
		/// Upgrades can be enacted again.
		LaneUnlocked,
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// Code is written by the lifecycle only: register a proposal. Nobody can write it otherwise.
		NotThisCodesTurn,
		/// Only validators of the running session may do this. Sign with the validator's account.
		NotValidator,
		/// The proposal is not in its timelock. Ask for its stage.
		NotInTimelock,
		/// The proposal has another dossier. Read it, and sign for its hash.
		OtherDossier,
		/// You have signalled readiness already. Nothing else is needed.
		AlreadyReady,
		/// You have not signalled readiness. There is nothing to take back.
		NotReady,
		/// The proposal is not on probation. Ask for its stage.
		NotOnProbation,
		/// Reports are heard until the watch window ends. It has ended.
		WatchIsOver,
		/// More validators than the chain takes. Raise `MaxValidators` to the bound of the set.
		TooManyValidators,
		/// Another upgrade is on probation. Wait until that one has ended.
		LaneBusy,
		/// The lane is not locked. There is nothing to do.
		NotLocked,
		/// The rollback code's bytes are not on chain. Upload them: anybody may.
		BytesMissing,
		/// What you point at is as it must be. Look again at the newest block.
		InvariantHolds,
		/// The chain goes back already. Nothing else is needed.
		GoesBackAlready,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		// Before the migrations of the way back begin in a rescue block: this pallet comes before theirs.
		fn on_runtime_upgrade() -> Weight {
			if !Self::in_rescue() {
				return T::DbWeight::get().reads(1);
			}
			Self::note_upgrade_in_rescue();
			if T::Migrations::ongoing() {
				Self::abandon_migration();
			}
			T::DbWeight::get().reads_writes(3, 2)
		}

		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			// For `on_finalize`, which looks for the mark of a rescue block (such a block counts as full), and for what
			// is counted.
			let looks = T::DbWeight::get().reads(2);
			match Measured::<T>::exists() {
				true => {
					looks.saturating_add(<T as Config>::WeightInfo::count_block(vitals::MAX_EVENTS))
				}
				false => looks,
			}
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			Self::end_rescue();
			Self::count_block();
		}

		// By what it does, not by its type's name: a gate that wraps another setter is one as well.
		#[cfg(feature = "std")]
		fn integrity_test() {
			sp_io::TestExternalities::default().execute_with(|| {
				assert_eq!(
					T::OnSetCode::set_code(b"code whose turn it is not".to_vec()),
					Err(Error::<T>::NotThisCodesTurn.into()),
					"frame_system::Config::OnSetCode must be this pallet's Gate"
				);
			});
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Says that the caller's node can run an approved upgrade.
		///
		/// ## Dispatch Origin
		/// Signed: a validator of the running session.
		///
		/// ## Details
		/// The node loaded and compiled the candidate and its rollback code: it says so for their hash, which is the
		/// dossier's, and what it is and has for them.
		///
		/// ## Errors
		/// [`Error::NotValidator`], [`Error::NotInTimelock`], [`Error::OtherDossier`],
		/// [`Error::AlreadyReady`], [`Error::TooManyValidators`].
		///
		/// ## Events
		/// [`Event::ReadinessSignalled`].
		#[pallet::call_index(0)]
		#[pallet::weight(<T as Config>::WeightInfo::signal_readiness(T::MaxValidators::get()))]
		pub fn signal_readiness(
			origin: OriginFor<T>,
			id: ProposalId,
			dossier_hash: H256,
			node: NodeSupport,
		) -> DispatchResult {
			let validator = Self::ensure_validator(origin)?;
			InTimelock::<T>::try_mutate(id, |approved| {
				let approved = approved.as_mut().ok_or(Error::<T>::NotInTimelock)?;
				ensure!(
					approved.dossier_hash == dossier_hash,
					Error::<T>::OtherDossier
				);
				Self::make_room(&mut approved.ready, |who| who);
				match approved.ready.binary_search(&validator) {
					Ok(_) => Err(Error::<T>::AlreadyReady),
					Err(at) => approved
						.ready
						.try_insert(at, validator.clone())
						.map_err(|_| Error::<T>::TooManyValidators),
				}
			})?;
			Self::deposit_event(Event::ReadinessSignalled {
				id,
				validator,
				node,
			});
			Ok(())
		}

		/// Reports how the code on probation does. A later report replaces an earlier one.
		///
		/// ## Dispatch Origin
		/// Signed: a validator of the running session.
		///
		/// ## Details
		/// More than a third of the voting power reporting unhealthy sends the chain back in the next block. A
		/// quorum of healthy reports is needed when the critical window ends.
		///
		/// ## Errors
		/// [`Error::NotValidator`], [`Error::NotOnProbation`], [`Error::WatchIsOver`],
		/// [`Error::TooManyValidators`].
		///
		/// ## Events
		/// [`Event::HealthReported`].
		#[pallet::call_index(1)]
		// Operational: bad news must get through when blocks are full.
		#[pallet::weight((<T as Config>::WeightInfo::report_health(T::MaxValidators::get()), DispatchClass::Operational))]
		pub fn report_health(
			origin: OriginFor<T>,
			id: ProposalId,
			healthy: bool,
		) -> DispatchResult {
			let validator = Self::ensure_validator(origin)?;
			Self::watched(id)?;
			Reports::<T>::try_mutate(|reports| {
				Self::make_room(reports, |(who, _)| who);
				match reports.binary_search_by(|(who, _)| who.cmp(&validator)) {
					Ok(at) => {
						if let Some(report) = reports.get_mut(at) {
							report.1 = healthy;
						}
						Ok(())
					}
					Err(at) => reports
						.try_insert(at, (validator.clone(), healthy))
						.map_err(|_| Error::<T>::TooManyValidators),
				}
			})?;
			Self::deposit_event(Event::HealthReported {
				id,
				validator,
				healthy,
			});
			Ok(())
		}

		/// Allows enactments again after two rollbacks in a row.
		///
		/// ## Dispatch Origin
		/// [`Config::UnlockOrigin`].
		///
		/// ## Errors
		/// [`Error::NotLocked`].
		///
		/// ## Events
		/// [`Event::LaneUnlocked`].
		#[pallet::call_index(2)]
		#[pallet::weight(<T as Config>::WeightInfo::unlock())]
		pub fn unlock(origin: OriginFor<T>) -> DispatchResult {
			T::UnlockOrigin::ensure_origin(origin)?;
			ensure!(Locked::<T>::take(), Error::<T>::NotLocked);
			RollbacksInARow::<T>::kill();
			Self::deposit_event(Event::LaneUnlocked);
			Ok(())
		}

		/// Takes a signal of readiness back: the caller's node saw the candidate go wrong after all.
		///
		/// ## Dispatch Origin
		/// Signed: whoever signalled.
		///
		/// ## Errors
		/// [`Error::NotInTimelock`], [`Error::NotReady`].
		///
		/// ## Events
		/// [`Event::ReadinessRetracted`].
		#[pallet::call_index(3)]
		// Operational: it must get through before the switch when blocks are full.
		#[pallet::weight((<T as Config>::WeightInfo::retract_readiness(T::MaxValidators::get()), DispatchClass::Operational))]
		pub fn retract_readiness(origin: OriginFor<T>, id: ProposalId) -> DispatchResult {
			let validator = ensure_signed(origin)?;
			InTimelock::<T>::try_mutate(id, |approved| {
				let approved = approved.as_mut().ok_or(Error::<T>::NotInTimelock)?;
				let at = approved.ready.binary_search(&validator);
				approved.ready.remove(at.map_err(|_| Error::<T>::NotReady)?);
				Ok::<_, DispatchError>(())
			})?;
			Self::deposit_event(Event::ReadinessRetracted { id, validator });
			Ok(())
		}

		/// Shows that the code on probation broke something. The chain goes back in the next block.
		///
		/// ## Dispatch Origin
		/// Signed: anybody.
		///
		/// ## Details
		/// The chain looks for itself. Who is right pays no fee, and gets from the bounty what a critical finding gets. What was
		/// broken before the switch counts as well, so a runtime chooses only what always holds.
		///
		/// ## Errors
		/// [`Error::NotOnProbation`], [`Error::WatchIsOver`], [`Error::GoesBackAlready`], [`Error::InvariantHolds`].
		///
		/// ## Events
		/// [`Event::InvariantBroken`], and [`Event::FinderNotPaid`] if the state is so damaged that money cannot be moved.
		#[pallet::call_index(4)]
		// Operational: bad news must get through when blocks are full.
		#[pallet::weight((
			<T as Config>::WeightInfo::prove_broken_invariant().saturating_add(T::Rewards::weight()),
			DispatchClass::Operational,
		))]
		pub fn prove_broken_invariant(
			origin: OriginFor<T>,
			id: ProposalId,
			witness: WitnessOf<T>,
		) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			let mut trial = Self::watched(id)?;
			ensure!(trial.failed.is_none(), Error::<T>::GoesBackAlready);
			ensure!(
				T::Invariants::is_broken(&witness),
				Error::<T>::InvariantHolds
			);
			trial.failed = Some(Failure::InvariantBroken);
			OnProbation::<T>::put(trial);
			let paid = with_storage_layer(|| T::Rewards::pay_critical(id, &who));
			Self::deposit_event(Event::InvariantBroken { id, witness, who });
			if let Err(error) = paid {
				Self::deposit_event(Event::FinderNotPaid { id, error });
			}
			Ok(Pays::No.into())
		}
	}
}

/// The only way to `:code`: lets a blob pass if it hashes to [`Turn`], then hands it to `Inner`.
///
/// `Inner` writes it: `()` on a chain of its own, the parachain system's setter on a parachain.
pub struct Gate<T, Inner = ()>(core::marker::PhantomData<(T, Inner)>);

impl<T: Config, Inner: SetCode<T>> SetCode<T> for Gate<T, Inner> {
	fn set_code(code: Vec<u8>) -> DispatchResult {
		let turn = Turn::<T>::take().ok_or(Error::<T>::NotThisCodesTurn)?;
		ensure!(turn == hash_of(&code), Error::<T>::NotThisCodesTurn);
		Inner::set_code(code)
	}
}

fn hash_of(code: &[u8]) -> H256 {
	H256(sp_crypto_hashing::blake2_256(code))
}

/// The code of a way back.
struct WayBack {
	/// blake2-256 of the bytes.
	hash: H256,
	bytes: Vec<u8>,
	version: Version,
}

/// How a blob's version is judged by `system`.
enum Version {
	/// It must be above the running one.
	Rising,
	/// It is the previous code, which has a lower one.
	Any,
}

impl<T: Config> Pallet<T> {
	fn ensure_validator(origin: OriginFor<T>) -> Result<T::AccountId, DispatchError> {
		let who = ensure_signed(origin)?;
		ensure!(
			T::Electorate::power_of(&who).is_some(),
			Error::<T>::NotValidator
		);
		Ok(who)
	}

	/// Drops from a full list who has left the set and counts no more, so that newcomers are heard.
	fn make_room<E>(list: &mut BoundedVec<E, T::MaxValidators>, who: impl Fn(&E) -> &T::AccountId) {
		if list.is_full() {
			let set: BTreeSet<_> = T::Electorate::voters()
				.into_iter()
				.map(|voter| voter.account)
				.collect();
			list.retain(|entry| set.contains(who(entry)));
		}
	}

	/// The upgrade on probation, if it is this one and is still watched.
	fn watched(id: ProposalId) -> Result<Trial<BlockNumberFor<T>>, Error<T>> {
		let trial = OnProbation::<T>::get().ok_or(Error::<T>::NotOnProbation)?;
		ensure!(trial.id == id, Error::<T>::NotOnProbation);
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(now < trial.watch_ends(), Error::<T>::WatchIsOver);
		Ok(trial)
	}

	/// Writes code through `system`, with the gate open for these bytes and nothing else.
	fn write_code(code: Vec<u8>, version: Version) -> DispatchResult {
		let hash = hash_of(&code);
		Turn::<T>::put(hash);
		let call = match version {
			Version::Rising => frame_system::Call::<T>::set_code { code },
			Version::Any => frame_system::Call::<T>::set_code_without_checks { code },
		};
		let result =
			<T as Config>::RuntimeCall::from(call).dispatch_bypass_filter(RawOrigin::Root.into());
		Turn::<T>::kill();
		result.map_err(|error| error.error)?;
		CurrentCode::<T>::put(hash);
		T::StoredCalls::void();
		Ok(())
	}

	/// The bytes of a blob, hashed again.
	fn bytes(hash: H256, len: Option<u32>) -> Option<Vec<u8>> {
		let bytes = T::Preimages::fetch(&hash, len).ok()?;
		(hash_of(&bytes) == hash).then(|| bytes.into_owned())
	}

	/// Power of the current set that signalled readiness for an upgrade, and what is needed.
	fn readiness_of(ready: &[T::AccountId], needed: Ratio) -> (Power, Power) {
		let have = Self::power_of(|who| ready.binary_search(who).is_ok());
		(have, needed.least_of(T::Electorate::total()))
	}

	fn power_of(which: impl Fn(&T::AccountId) -> bool) -> Power {
		T::Electorate::voters()
			.into_iter()
			.filter(|voter| which(&voter.account))
			.fold(0, |sum, voter| sum.saturating_add(voter.power))
	}

	/// The first condition of the switch that does not hold.
	fn unmet(
		id: ProposalId,
		approved: &Approved<T::AccountId, BlockNumberFor<T>, T::MaxValidators>,
	) -> Option<Precondition> {
		let total = T::Electorate::total();
		let ready = || Self::readiness_of(&approved.ready, approved.readiness).0;
		let majority = || {
			let (aye, total) = T::CurrentMajority::aye_of_current_set(id);
			TWO_THIRDS.exceeded_by(aye, total)
		};
		// A parent that was replaced and came back is the same code, and leaves a version behind that is used up.
		let used_up = || approved.code.spec_version <= HighestSpecVersion::<T>::get();
		if Self::current() != approved.parent || used_up() {
			Some(Precondition::ParentCode)
		} else if OnProbation::<T>::exists() || Locked::<T>::get() {
			Some(Precondition::LaneFree)
		} else if Self::is_doubted(id, approved) {
			Some(Precondition::NoOpenFinding)
		} else if !approved.readiness.reached_by(ready(), total) {
			Some(Precondition::Readiness)
		} else if !majority() {
			Some(Precondition::CurrentMajority)
		} else if T::Migrations::ongoing() {
			Some(Precondition::NoMigration)
		} else if T::AuthorityChangePending::get() {
			Some(Precondition::NoAuthorityChange)
		} else {
			None
		}
	}

	/// Whether a finding stops the switch: at first whoever reported it, for a finding that nobody has judged may be
	/// true. A word that no auditor takes up must not use up the whole grace, nor make an approved upgrade expire.
	fn is_doubted(
		id: ProposalId,
		approved: &Approved<T::AccountId, BlockNumberFor<T>, T::MaxValidators>,
	) -> bool {
		if frame_system::Pallet::<T>::block_number() < approved.doubt_ends() {
			T::Findings::blocking(id)
		} else {
			T::Findings::backed(id)
		}
	}

	/// Writes the candidate if everything holds.
	fn enact(
		id: ProposalId,
		approved: &Approved<T::AccountId, BlockNumberFor<T>, T::MaxValidators>,
	) -> Result<(), Precondition> {
		if let Some(unmet) = Self::unmet(id, approved) {
			return Err(unmet);
		}
		let code =
			Self::bytes(approved.code.hash, Some(approved.code.len)).ok_or(Precondition::Bytes)?;
		if let Rollback::Dedicated(back) = &approved.rollback {
			Self::bytes(back.hash, Some(back.len)).ok_or(Precondition::Bytes)?;
		}
		let keep = approved.rollback == Rollback::PreviousCode;
		if keep {
			Self::keep_current(&approved.parent)?;
		}
		if let Err(error) = Self::write_code(code, Version::Rising) {
			log::warn!(target: "airlock", "proposal {id}: set_code refused: {error:?}");
			if keep {
				T::Preimages::unrequest(&approved.parent);
			}
			return Err(Precondition::SetCode);
		}
		Self::note_installed(id, &approved.code);
		Self::deposit_event(Event::Enacted {
			id,
			code_hash: approved.code.hash,
			spec_version: approved.code.spec_version,
		});
		Ok(())
	}

	fn note_installed(id: ProposalId, code: &CodeRef) {
		HighestSpecVersion::<T>::put(code.spec_version);
		Installed::<T>::insert(code.spec_version, (id, code.hash));
	}

	/// Keeps the running code's bytes beside the new code, so that going back to them needs nobody.
	fn keep_current(hash: &H256) -> Result<(), Precondition> {
		// Always a request of our own: noting alone counts as none if others wait for the same bytes, and
		// dropping it later would take theirs.
		T::Preimages::request(hash);
		if T::Preimages::len(hash).is_some() {
			return Ok(());
		}
		T::Preimages::note(Cow::Owned(current_bytes()))
			.map(|_| ())
			.map_err(|error| {
				log::warn!(target: "airlock", "the running code cannot be kept: {error:?}");
				T::Preimages::unrequest(hash);
				Precondition::Bytes
			})
	}

	/// The code of the way back, if the dossier names one.
	fn way_back(trial: &Trial<BlockNumberFor<T>>) -> Result<Option<WayBack>, DispatchError> {
		let (hash, len, version) = match &trial.rollback {
			Rollback::Dedicated(code) => (code.hash, Some(code.len), Version::Rising),
			Rollback::PreviousCode => (trial.parent, None, Version::Any),
			Rollback::Irreversible => return Ok(None),
		};
		// A rescue block has them in any case, whatever became of the uploads.
		let bytes = Self::ready_in_rescue(hash).or_else(|| Self::bytes(hash, len));
		let bytes = bytes.ok_or(Error::<T>::BytesMissing)?;
		Ok(Some(WayBack {
			hash,
			bytes,
			version,
		}))
	}

	/// Gives up the migration that the candidate left.
	fn abandon_migration() {
		T::Migrations::abandon();
		if let Some(trial) = OnProbation::<T>::get() {
			Self::deposit_event(Event::MigrationAbandoned { id: trial.id });
		}
	}

	/// Notes which migrations are done before the candidate does any.
	fn remember_migrations() {
		let done = T::Migrations::completed(MAX_REMEMBERED);
		let done = done.and_then(|names| {
			let hashes: BTreeSet<H256> = names.iter().map(|name| hash_of(name)).collect();
			BoundedBTreeSet::try_from(hashes).ok()
		});
		if done.is_none() {
			log::warn!(target: "airlock", "too many migrations to remember them");
		}
		CompletedBefore::<T>::set(done);
	}

	/// Has those that the candidate completed run when they come again: the way back undoes them, and the next upgrade may
	/// bring the same ones. A candidate that has written more than one can have completed is none whose word counts.
	fn forget_migrations() {
		let Some(before) = CompletedBefore::<T>::take() else {
			return;
		};
		let most = MAX_REMEMBERED.saturating_mul(2);
		for name in T::Migrations::completed(most).unwrap_or_default() {
			if !before.contains(&hash_of(&name)) {
				T::Migrations::forget(&name);
			}
		}
	}

	/// Writes the rollback code of the upgrade on probation, if its dossier names one.
	fn roll_back(trial: &Trial<BlockNumberFor<T>>, why: Failure) -> DispatchResult {
		let id = trial.id;
		let back = Self::way_back(trial)?;
		let is_dedicated = matches!(trial.rollback, Rollback::Dedicated(_));
		// What runs in a rescue block by now is the dedicated way back's own, if its upgrade was seen.
		let is_its_own = is_dedicated && Self::has_upgraded_in_rescue();
		// `system` takes no code while a migration runs. Without a way back it is left alone: it may still end.
		if trial.rollback != Rollback::Irreversible && !is_its_own && T::Migrations::ongoing() {
			Self::abandon_migration();
		}
		// The code before brings nothing that undoes them.
		if is_dedicated {
			Self::forget_migrations();
		}
		let written = back.as_ref().map(|back| back.hash);
		if let Some(back) = back {
			let dedicated = match &trial.rollback {
				Rollback::Dedicated(code) => Some(code),
				Rollback::PreviousCode | Rollback::Irreversible => None,
			};
			if Self::in_rescue() {
				Self::take_over(&back.bytes);
				T::StoredCalls::void();
			} else {
				Self::write_code(back.bytes, back.version)?;
			}
			if let Some(code) = dedicated {
				Self::note_installed(id, code);
			}
		}
		Self::deposit_event(match written {
			Some(code_hash) => Event::RolledBack { id, code_hash, why },
			None => Event::NoWayBack { id, why },
		});
		Self::count_rollback();
		Ok(())
	}

	/// One more upgrade failed in probation.
	fn count_rollback() {
		let in_a_row = RollbacksInARow::<T>::mutate(|count| {
			*count = count.saturating_add(1);
			*count
		});
		if in_a_row >= ROLLBACKS_THAT_LOCK {
			Locked::<T>::put(true);
			Self::deposit_event(Event::LaneLocked);
		}
	}

	/// Why the upgrade must go back, if it must.
	fn must_go_back(trial: &Trial<BlockNumberFor<T>>, now: BlockNumberFor<T>) -> Option<Failure> {
		if Self::in_rescue() {
			return Some(Failure::Rescued);
		}
		if let Some(why) = trial.failed {
			return Some(why);
		}
		if now < trial.watch_ends() && trial.budget.is_exceeded::<T::Invariants>() {
			return Some(Failure::OverBudget);
		}
		if now < trial.watch_ends()
			&& Measured::<T>::get().is_some_and(|pulse| {
				let validators = T::Electorate::voters().len() as u32;
				pulse.is_sick(&trial.before, validators)
			}) {
			return Some(Failure::Sick);
		}
		let total = T::Electorate::total();
		let reports = Reports::<T>::get();
		let power = |healthy: bool| {
			Self::power_of(|who| {
				let at = reports.binary_search_by(|(validator, _)| validator.cmp(who));
				at.ok()
					.and_then(|at| reports.get(at))
					.is_some_and(|(_, said)| *said == healthy)
			})
		};
		if now < trial.watch_ends().saturating_add(One::one())
			&& ONE_THIRD.exceeded_by(power(false), total)
		{
			Some(Failure::ReportedUnhealthy)
		} else if trial.survived_critical || now < trial.critical_ends() {
			None
		} else if T::Migrations::ongoing() {
			// Nobody could report: it took all the time there was.
			Some(Failure::Migration)
		} else if !trial.policy.healthy_quorum.reached_by(power(true), total) {
			Some(Failure::Silence)
		} else {
			None
		}
	}

	/// Power of the current set that is ready for an upgrade in its timelock, and what the policy needs.
	pub fn readiness(id: ProposalId) -> Option<(Power, Power)> {
		let approved = InTimelock::<T>::get(id)?;
		Some(Self::readiness_of(&approved.ready, approved.readiness))
	}

	/// The upgrade on probation: power that reported healthy, what the critical window needs, and power that
	/// reported unhealthy.
	pub fn health() -> Option<(ProposalId, Power, Power, Power)> {
		let trial = OnProbation::<T>::get()?;
		let reports = Reports::<T>::get();
		let power = |healthy| {
			Self::power_of(|who| {
				reports
					.iter()
					.any(|(by, said)| by == who && *said == healthy)
			})
		};
		let needed = trial.policy.healthy_quorum.least_of(T::Electorate::total());
		Some((trial.id, power(true), needed, power(false)))
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		// A turn lives only within one dispatch.
		ensure!(!Turn::<T>::exists(), "a turn outlived its dispatch");
		// The newest code is the one in `:pending_code`, or else in `:code`.
		if let Some(current) = CurrentCode::<T>::get() {
			ensure!(
				current == hash_of(&current_bytes()),
				"current code is not what is stored"
			);
		}
		// Reports exist only during a probation, sorted, one for each validator.
		let reports = Reports::<T>::get();
		ensure!(
			reports.is_empty() || OnProbation::<T>::exists(),
			"reports on nothing"
		);
		ensure!(
			reports.windows(2).all(|w| matches!(w, [a, b] if a.0 < b.0)),
			"reports unsorted"
		);
		for approved in InTimelock::<T>::iter_values() {
			ensure!(
				approved
					.ready
					.windows(2)
					.all(|w| matches!(w, [a, b] if a < b)),
				"readiness unsorted"
			);
			ensure!(approved.due <= approved.expires, "expires before it is due");
		}
		// A code that was written has the highest version so far, and is on record.
		for (version, _) in Installed::<T>::iter() {
			ensure!(
				version <= HighestSpecVersion::<T>::get(),
				"a code on record is above the highest version"
			);
		}
		// The pulse is taken as long as somebody waits for it.
		ensure!(
			Measured::<T>::exists() == Self::is_pulse_awaited(),
			"the pulse is taken for nobody, or not taken"
		);
		// The lane is locked by failures only.
		ensure!(
			!Locked::<T>::get() || RollbacksInARow::<T>::get() >= ROLLBACKS_THAT_LOCK,
			"locked without rollbacks"
		);
		Ok(())
	}
}

/// The bytes of the newest code.
fn current_bytes() -> Vec<u8> {
	use frame_support::storage::unhashed::get_raw;
	use sp_core::storage::well_known_keys::{CODE, PENDING_CODE};
	get_raw(PENDING_CODE)
		.or_else(|| get_raw(CODE))
		.unwrap_or_default()
}

/// Most migrations that are remembered: one for each upgrade of many years.
pub const MAX_REMEMBERED: u32 = 1_024;

/// So many rollbacks in a row lock the lane.
pub const ROLLBACKS_THAT_LOCK: u8 = 2;

impl<T: Config> CodeHistory for Pallet<T> {
	fn current() -> H256 {
		CurrentCode::<T>::get().unwrap_or_else(|| {
			let hash = hash_of(&current_bytes());
			CurrentCode::<T>::put(hash);
			hash
		})
	}

	fn highest_spec_version() -> u32 {
		HighestSpecVersion::<T>::get()
	}

	fn on_probation() -> Option<ProposalId> {
		OnProbation::<T>::get().map(|trial| trial.id)
	}
}

/// A migration that fails on probation sends the chain back in the next block; until then it takes inherents only. One
/// from which no way leads back is given up at once.
impl<T: Config> FailedMigrationHandler for Pallet<T> {
	fn failed(_: Option<u32>) -> FailedMigrationHandling {
		let goes_back = OnProbation::<T>::mutate(|slot| {
			slot.as_mut().is_some_and(|trial| {
				trial.failed.get_or_insert(Failure::Migration);
				trial.rollback != Rollback::Irreversible
			})
		});
		if goes_back {
			FailedMigrationHandling::KeepStuck
		} else {
			// Nothing would ever end it.
			FailedMigrationHandling::ForceUnstuck
		}
	}
}

/// The stage Timelock: passes in the block in which it writes the code.
pub struct Timelock<T>(core::marker::PhantomData<T>);

impl<T: Config> StageGate<T::AccountId, BlockNumberFor<T>> for Timelock<T> {
	fn open(
		id: ProposalId,
		about: &DossierRef<T::AccountId>,
		policy: &ClassPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
	) -> DispatchResult {
		let approved = Approved::new(about.hash, about.dossier, &policy.enactment, now);
		InTimelock::<T>::insert(id, approved);
		if !Measured::<T>::exists() {
			Pallet::<T>::begin_pulse();
		}
		Ok(())
	}

	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(mut approved) = InTimelock::<T>::get(id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if now < approved.due {
			return GateStatus::Pending {
				until: approved.due,
			};
		}
		let Err(unmet) = Pallet::<T>::enact(id, &approved) else {
			return GateStatus::Passed;
		};
		if unmet == Precondition::ParentCode || now >= approved.expires {
			return GateStatus::Failed(Failure::Precondition(unmet));
		}
		if approved.failed != Some(unmet) {
			Pallet::<T>::deposit_event(Event::EnactmentDeferred {
				id,
				precondition: unmet,
			});
			approved.failed = Some(unmet);
			InTimelock::<T>::insert(id, approved);
		}
		GateStatus::Pending {
			until: now.saturating_add(One::one()),
		}
	}

	fn close(id: ProposalId) {
		InTimelock::<T>::remove(id);
	}

	fn clear(id: ProposalId) {
		InTimelock::<T>::remove(id);
		Pallet::<T>::end_pulse();
	}
}

/// The stage Probation: fails in the block in which it writes the rollback code.
pub struct Probation<T>(core::marker::PhantomData<T>);

impl<T: Config> StageGate<T::AccountId, BlockNumberFor<T>> for Probation<T> {
	fn open(
		id: ProposalId,
		about: &DossierRef<T::AccountId>,
		policy: &ClassPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
	) -> DispatchResult {
		ensure!(!OnProbation::<T>::exists(), Error::<T>::LaneBusy);
		let trial = Trial {
			id,
			parent: about.dossier.parent_code_hash,
			rollback: about.dossier.rollback.clone(),
			policy: policy.probation.clone(),
			since: now,
			survived_critical: false,
			failed: None,
			budget: Budget::of::<T::Invariants>(about.dossier),
			before: Pallet::<T>::begin_pulse(),
		};
		Pallet::<T>::arm(&trial)?;
		Pallet::<T>::remember_migrations();
		OnProbation::<T>::put(trial);
		Ok(())
	}

	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(mut trial) = OnProbation::<T>::get().filter(|trial| trial.id == id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if let Some(why) = Pallet::<T>::must_go_back(&trial, now) {
			let rolled_back = with_storage_layer(|| Pallet::<T>::roll_back(&trial, why));
			let Err(error) = rolled_back else {
				return GateStatus::Failed(why);
			};
			if trial.failed.is_none() {
				trial.failed = Some(why);
				OnProbation::<T>::put(trial);
			}
			Pallet::<T>::deposit_event(Event::RollbackFailed { id, error });
		} else if !trial.survived_critical && now >= trial.critical_ends() {
			trial.survived_critical = true;
			Pallet::<T>::watch_until(&trial, trial.watch_ends());
			OnProbation::<T>::put(trial);
		} else if now >= trial.closes() {
			RollbacksInARow::<T>::kill();
			Pallet::<T>::deposit_event(Event::Kept { id });
			return GateStatus::Passed;
		} else if trial.survived_critical && now >= trial.watch_ends() {
			if !T::Migrations::ongoing() {
				// Nothing is heard any more, and no migration can begin: there is nothing to ask before the end.
				Pallet::<T>::disarm();
				return GateStatus::Pending {
					until: trial.closes(),
				};
			}
			// Nodes stand by as long as a migration can fail. They take no change before the block named last.
			Pallet::<T>::watch_until(&trial, now.saturating_add(One::one()));
		}
		GateStatus::Pending {
			until: now.saturating_add(One::one()),
		}
	}

	fn close(_: ProposalId) {}

	fn clear(id: ProposalId) {
		let Some(trial) = OnProbation::<T>::get().filter(|trial| trial.id == id) else {
			return;
		};
		if trial.rollback == Rollback::PreviousCode {
			T::Preimages::unrequest(&trial.parent);
		}
		OnProbation::<T>::kill();
		CompletedBefore::<T>::kill();
		Reports::<T>::kill();
		Pallet::<T>::end_pulse();
		Pallet::<T>::disarm();
	}
}
