//! # Proposals
//!
//! Dossiers and the stage machine: the spine of Airlock, and the only pallet that knows the order of the
//! stages.
//!
//! ## Overview
//!
//! A runtime upgrade begins as a [`Dossier`]. Its proposal goes through the stages of [`Stage`] in order.
//! What a stage demands is the business of another pallet, which implements
//! [`StageGate`]; here it is only asked when it is due, and moved on, or ended, as it says.
//!
//! Everybody may upload the bytes that a dossier names (the preimage store pins what is requested, and takes
//! requested bytes for free), and everybody may [`advance`](Pallet::advance) a proposal that is ready before
//! its deadline. At the deadline it moves by itself.
//!
//! ## Implementation details
//!
//! - The hook reads one number, [`NextDeadline`], and returns when nothing is due: the cost of a block does
//!   not depend on how many proposals there are.
//! - When something is due, at most [`Config::MaxDuePerBlock`] proposals are polled, and the one in
//!   probation always goes first, so that nobody can delay a rollback by filling a block with deadlines.
//! - Bytes are judged in the extrinsic `advance`, never in the hook: reading foreign bytes must not be able
//!   to stop a block.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod blob;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Ended, Proposal};
pub use weights::{Branch, WeightInfo};

use airlock_primitives::{
	api::ProposalView, rescue, Class, ClassPolicy, CodeHistory, CodeRef, Document, Dossier,
	DossierRef, Failure, GateStatus, Lifecycle, Organisations, Outcome, Party, Policy,
	Precondition, ProposalId, Role, Roles, Rollback, Stage, StageGate,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, Encode};
use frame_support::{
	dispatch::{DispatchResultWithPostInfo, Pays},
	ensure,
	pallet_prelude::*,
	storage::{unhashed, with_storage_layer, StoragePrefixedMap},
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision},
		Contains, QueryPreimage,
	},
};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{CheckedDiv, One, Saturating, Zero};
use sp_version::RuntimeVersion;

/// Balance of the configured currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
type ProposalOf<T> =
	Proposal<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;
type EndedOf<T> = Ended<<T as frame_system::Config>::AccountId, BlockNumberFor<T>>;
/// A runtime API that candidates must implement: its id and its lowest version.
pub type RequiredApi = ([u8; 8], u32);

/// Who ends a proposal before its bytes have passed the pre-flight forfeits one part in so many of the deposit:
/// holding a slot with nothing in it has a price. The number is ours; `revise` mends a mistake for free.
pub const FORFEIT_DIVISOR: u32 = 10;

/// More roles than all seats of all stages of a proposal have.
const MAX_ROLES: u32 = 4_096;

/// Bytes of a compressed blob whose reading is weighed as one: benchmarks read blobs of at least this size.
pub const PREFLIGHT_UNIT: u32 = 512 * 1024;

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = H256> {
		/// Holds deposits.
		type Currency: MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;
		/// Where bytes are uploaded to, by their blake2-256 hash.
		type Preimages: QueryPreimage<H = Self::Hashing>;
		/// The code of the chain.
		type Code: CodeHistory;
		/// Stage Simulation.
		type Simulation: StageGate<Self::AccountId, BlockNumberFor<Self>>;
		/// Stage Review.
		type Review: StageGate<Self::AccountId, BlockNumberFor<Self>>;
		/// Stage Voting.
		type Ballot: StageGate<Self::AccountId, BlockNumberFor<Self>>;
		/// Stage Timelock: passes in the block in which it writes the code.
		type Timelock: StageGate<Self::AccountId, BlockNumberFor<Self>>;
		/// Stage Probation: fails in the block in which it writes the rollback code.
		type Probation: StageGate<Self::AccountId, BlockNumberFor<Self>>;
		/// Runtime APIs that a candidate must implement.
		type RequiredApis: Get<Vec<RequiredApi>>;
		/// The organisations behind an account, so that a proposer's colleagues do not judge.
		type Organisations: Organisations<Self::AccountId>;
		/// Indices of the pallets that are the lifecycle itself: an upgrade that touches one is a
		/// [`Class::SelfChange`](airlock_primitives::Class::SelfChange).
		type LifecyclePallets: Contains<u8>;
		/// Deposit for a proposal of the class Standard, before its bytes. Others pay
		/// [`a multiple`](airlock_primitives::Class::deposit_factor).
		#[pallet::constant]
		type BaseDeposit: Get<BalanceOf<Self>>;
		/// Deposit for each byte of code and dossier.
		#[pallet::constant]
		type ByteDeposit: Get<BalanceOf<Self>>;
		/// Most bytes of one blob, as uploaded.
		#[pallet::constant]
		type MaxCodeLen: Get<u32>;
		/// Most bytes of one blob, decompressed.
		#[pallet::constant]
		type MaxDecompressedLen: Get<u32>;
		/// Most proposals that are open at one time.
		#[pallet::constant]
		type MaxOpen: Get<u32>;
		/// How many of them only [`Config::ReservedFor`] can take, one each, when the others are taken: whatever
		/// somebody spends on slots, a proposal that one of these accounts registers does not wait.
		#[pallet::constant]
		type ReservedSlots: Get<u32>;
		/// For whom slots are reserved: on most chains the validators.
		type ReservedFor: Contains<Self::AccountId>;
		/// Most proposals that one account has open at one time.
		#[pallet::constant]
		type MaxOpenPerProposer: Get<u32>;
		/// Most dossiers of one proposal, the first one included: nobody holds a slot for ever by revising.
		#[pallet::constant]
		type MaxRounds: Get<u32>;
		/// Most proposals the hook polls in one block.
		#[pallet::constant]
		type MaxDuePerBlock: Get<u32>;
		/// How many ended proposals are remembered.
		#[pallet::constant]
		type HistoryLen: Get<u32>;
		/// Weights.
		type WeightInfo: WeightInfo;
		/// The runtime around this pallet, for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: airlock_primitives::benchmarking::BenchmarkHelper<Self::AccountId>;
	}

	/// Why an amount is held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Deposit of an open proposal.
		#[codec(index = 0)]
		Proposal,
	}

	/// The rules for new proposals. Set at genesis; only another runtime can change them.
	#[pallet::storage]
	pub type ChainPolicy<T: Config> = StorageValue<_, Policy<BlockNumberFor<T>>, OptionQuery>;

	/// Number of the next proposal.
	#[pallet::storage]
	pub type NextId<T: Config> = StorageValue<_, ProposalId, ValueQuery>;

	/// Open proposals. Bounded by [`Config::MaxOpen`] and paid for by deposits.
	// `Identity`: the key is a number that the chain gives out.
	#[pallet::storage]
	pub type Proposals<T: Config> = StorageMap<_, Identity, ProposalId, ProposalOf<T>, OptionQuery>;

	/// When each open proposal is due, sorted.
	#[pallet::storage]
	pub type Agenda<T: Config> =
		StorageValue<_, BoundedVec<(BlockNumberFor<T>, ProposalId), T::MaxOpen>, ValueQuery>;

	/// The first block of [`Agenda`]: all that an idle block reads.
	#[pallet::storage]
	pub type NextDeadline<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;

	/// The proposal that holds the lane: in Timelock or Probation. One at a time.
	#[pallet::storage]
	pub type Lane<T: Config> = StorageValue<_, ProposalId, OptionQuery>;

	/// How many proposals an account has open.
	#[pallet::storage]
	pub type OpenBy<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

	/// Who acts in which role on an open proposal. Bounded by the seats of the stages.
	#[pallet::storage]
	pub type RoleOf<T: Config> = StorageDoubleMap<
		_,
		Identity,
		ProposalId,
		Blake2_128Concat,
		Party<T::AccountId>,
		Role,
		OptionQuery,
	>;

	/// The last proposals that ended, at `id % HistoryLen`.
	#[pallet::storage]
	pub type History<T: Config> = StorageMap<_, Identity, u32, EndedOf<T>, OptionQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The rules for new proposals.
		pub policy: Option<Policy<BlockNumberFor<T>>>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			if let Some(policy) = &self.policy {
				let classes = [&policy.standard, &policy.security, &policy.self_change];
				assert!(
					classes.iter().all(|c| c.is_valid()),
					"the policy asks for more than can come"
				);
				ChainPolicy::<T>::put(policy);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A dossier was registered; its bytes are awaited.
		Registered {
			/// Number of the proposal.
			id: ProposalId,
			/// Who proposed it.
			proposer: T::AccountId,
			/// Hash of the dossier.
			dossier_hash: H256,
			/// Hash of the candidate.
			code_hash: H256,
		},
		/// The proposer put another dossier in its place: it starts over.
		Revised {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the new round.
			round: u32,
			/// Hash of the new dossier.
			dossier_hash: H256,
			/// Hash of the document that answers the feedback.
			response_hash: H256,
		},
		/// A proposal entered a stage.
		StageEntered {
			/// Number of the proposal.
			id: ProposalId,
			/// The stage.
			stage: Stage,
		},
		/// A proposal ended before its bytes had passed: a part of its deposit is burnt.
		Forfeited {
			/// Number of the proposal.
			id: ProposalId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// The deposit of a proposal whose code ran could not be given back: the proposer's balance does not cover it any
		/// more. It stays held.
		DepositNotReturned {
			/// Number of the proposal.
			id: ProposalId,
			/// Why not.
			error: DispatchError,
		},
		/// A proposal ended. Its deposit is back and its storage gone.
		Ended {
			/// Number of the proposal.
			id: ProposalId,
			/// How it ended.
			outcome: Outcome,
		},
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// No open proposal has this number. Look at the list of open proposals.
		NotOpen,
		/// The chain has no policy. It must be set at genesis.
		NoPolicy,
		/// Only the proposer may do this. Sign with the account that registered the proposal.
		NotProposer,
		/// As many proposals are open as the chain takes. Wait until one ends, or ask one of those for whom slots
		/// are reserved (a validator) to register it.
		TooManyOpen,
		/// You have as many proposals open as one account may have. Withdraw one, or wait.
		TooManyOpenByYou,
		/// Another upgrade is approved and about to change the code, so a new dossier would be void. Register
		/// when it has ended.
		LaneBusy,
		/// The dossier does not name the code that runs now as its parent. Build on the current code.
		ParentNotCurrent,
		/// The candidate's version must be above every version ever installed. Raise `spec_version`.
		VersionNotAboveHighest,
		/// A dedicated rollback code must have the candidate's version plus one. Rebuild it.
		RollbackVersionWrong,
		/// A blob's length is zero, or above the chain's limit. Compress or shrink it.
		CodeLengthWrong,
		/// The rollback code must be other bytes than the candidate. Build the old logic with the next `spec_version`.
		RollbackIsCandidate,
		/// The bytes are not all on chain. Upload candidate and rollback code by `Preimage.note_preimage`.
		BytesMissing,
		/// The uploaded bytes have another length than the dossier says. Revise it to say the true one.
		BytesLengthWrong,
		/// The bytes are no WebAssembly module, are damaged, or have trailing bytes. Check what was built.
		BlobMalformed,
		/// The blob is larger than the limit when decompressed. It may be a decompression bomb.
		BlobTooLarge,
		/// The blob has no embedded version, or several. Build it with the wasm builder of the SDK.
		BlobWithoutVersion,
		/// The blob is a runtime of another chain: its `spec_name` differs. Give the runtime of this chain.
		SpecNameDiffers,
		/// The blob's embedded `spec_version` is not the one of the dossier. Read the version from the blob, and register
		/// that.
		SpecVersionDiffers,
		/// The blob's `system_version` differs from the current one. Such a change cannot be rolled back.
		SystemVersionDiffers,
		/// The blob lacks a runtime API that nodes or the lifecycle need, or has too old a version of it. Implement it, and
		/// build the blob again.
		MissingRuntimeApi,
		/// The proposal waits for its deadline or for others. Ask for what is awaited.
		NothingDue,
		/// The stage is past the one in which this can be done. Look at the stage that the proposal is in.
		TooLate,
		/// This account, or its organisation, acts in another role on this proposal. Use an independent one.
		OtherRole,
		/// The scope is empty. Name the pallets that the upgrade touches.
		ScopeEmpty,
		/// The scope names a pallet of the lifecycle itself. Such an upgrade is of class `SelfChange`.
		NeedsSelfChange,
		/// The proposal was revised as often as the chain takes. Withdraw it, and register the dossier anew.
		TooManyRounds,
		/// Candidate and way back implement a runtime API in different versions, so nodes could not go back without the
		/// candidate. Build both from the same SDK.
		ApisOfWayBackDiffer,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			if unhashed::exists(rescue::ACTIVE) {
				Self::mend_agenda(now);
			}
			match NextDeadline::<T>::get() {
				Some(due) if due <= now => Self::poll_due(now),
				_ => T::WeightInfo::on_initialize_idle(),
			}
		}

		fn integrity_test() {
			assert!(T::MaxDuePerBlock::get() > 0, "nothing would ever be polled");
			assert!(T::HistoryLen::get() > 0, "history needs a slot");
			assert!(T::MaxCodeLen::get() <= T::MaxDecompressedLen::get());
			assert!(
				T::ReservedSlots::get() < T::MaxOpen::get(),
				"nobody else could register"
			);
			assert!(T::MaxRounds::get() > 0, "a proposal has a first dossier");
			let polls = T::WeightInfo::poll().saturating_mul(T::MaxDuePerBlock::get().into());
			let most = polls.saturating_add(T::WeightInfo::on_initialize_due());
			assert!(
				most.all_lte(T::BlockWeights::get().max_block),
				"the hook can take more than a block"
			);
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers a dossier.
		///
		/// ## Dispatch Origin
		/// Signed: the proposer.
		///
		/// ## Details
		/// Holds the deposit, freezes the policy of the dossier's class, and requests the bytes of candidate
		/// and rollback code, which everybody may then upload for free within the policy's window.
		///
		/// ## Errors
		/// [`Error::LaneBusy`], [`Error::TooManyOpen`], [`Error::TooManyOpenByYou`], and each check of the
		/// dossier: [`Error::ParentNotCurrent`], [`Error::VersionNotAboveHighest`],
		/// [`Error::RollbackVersionWrong`], [`Error::RollbackIsCandidate`], [`Error::CodeLengthWrong`],
		/// [`Error::ScopeEmpty`], [`Error::NeedsSelfChange`].
		///
		/// ## Events
		/// [`Event::Registered`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register())]
		pub fn register(origin: OriginFor<T>, dossier: Dossier) -> DispatchResult {
			let proposer = ensure_signed(origin)?;
			let lane = Lane::<T>::get().and_then(Proposals::<T>::get);
			ensure!(
				lane.is_none_or(|p| p.stage != Stage::Timelock),
				Error::<T>::LaneBusy
			);
			Self::check_dossier(&dossier)?;
			let policy = Self::policy_for(&dossier)?;

			Self::take_slot(&proposer)?;
			let deposit = Self::deposit_for(&dossier);
			T::Currency::hold(&HoldReason::Proposal.into(), &proposer, deposit)?;

			let id = NextId::<T>::mutate(|next| {
				let id = *next;
				next.saturating_inc();
				id
			});
			let due = Self::now().saturating_add(policy.bytes_within);
			Self::schedule(id, None, due)?;
			Self::claim_role(id, Party::Account(proposer.clone()), Role::Proposer)?;
			for organisation in T::Organisations::of(&proposer) {
				Self::claim_role(id, Party::Organisation(organisation), Role::Proposer)?;
			}
			dossier
				.blobs()
				.for_each(|blob| T::Preimages::request(&blob.hash));

			let dossier_hash = dossier.hash();
			Self::deposit_event(Event::Registered {
				id,
				proposer: proposer.clone(),
				dossier_hash,
				code_hash: dossier.code.hash,
			});
			let proposal = Proposal {
				proposer,
				deposit,
				round: 0,
				stage: Stage::Registered,
				due,
				dossier_hash,
				dossier,
				policy,
			};
			Proposals::<T>::insert(id, proposal);
			Ok(())
		}

		/// Puts another dossier in the place of the current one, in answer to feedback.
		///
		/// ## Dispatch Origin
		/// Signed: the proposer.
		///
		/// ## Details
		/// Possible until the review ends. The proposal starts over at Registered in a new round, under the
		/// policy of the new class; evidence on the old dossier is void, findings stay. The deposit is
		/// adjusted.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::NotProposer`], [`Error::TooLate`], [`Error::TooManyRounds`], and the checks
		/// of the dossier as in [`register`](Pallet::register).
		///
		/// ## Events
		/// [`Event::Revised`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::revise())]
		pub fn revise(
			origin: OriginFor<T>,
			id: ProposalId,
			dossier: Dossier,
			response: Document,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let mut proposal = Self::open_of(id, &who)?;
			ensure!(proposal.stage <= Stage::Review, Error::<T>::TooLate);
			let next_round = proposal.round.saturating_add(1);
			ensure!(next_round < T::MaxRounds::get(), Error::<T>::TooManyRounds);
			Self::check_dossier(&dossier)?;
			let policy = Self::policy_for(&dossier)?;

			Self::close_stage(proposal.stage, id);
			let deposit = Self::deposit_for(&dossier);
			let reason = HoldReason::Proposal.into();
			if deposit > proposal.deposit {
				T::Currency::hold(&reason, &who, deposit.saturating_sub(proposal.deposit))?;
			} else {
				let back = proposal.deposit.saturating_sub(deposit);
				T::Currency::release(&reason, &who, back, Precision::Exact)?;
			}
			// Request before release: bytes that both dossiers name must not be dropped.
			dossier
				.blobs()
				.for_each(|blob| T::Preimages::request(&blob.hash));
			proposal
				.dossier
				.blobs()
				.for_each(|blob| T::Preimages::unrequest(&blob.hash));

			let due = Self::now().saturating_add(policy.bytes_within);
			Self::schedule(id, Some(proposal.due), due)?;
			proposal.dossier_hash = dossier.hash();
			proposal.round = next_round;
			proposal.dossier = dossier;
			proposal.policy = policy;
			proposal.deposit = deposit;
			proposal.stage = Stage::Registered;
			proposal.due = due;
			Self::deposit_event(Event::Revised {
				id,
				round: proposal.round,
				dossier_hash: proposal.dossier_hash,
				response_hash: response.hash,
			});
			Proposals::<T>::insert(id, proposal);
			Ok(())
		}

		/// Takes a proposal back.
		///
		/// ## Dispatch Origin
		/// Signed: the proposer.
		///
		/// ## Details
		/// Possible until the vote has passed. The deposit is returned; before the bytes have passed, one part in
		/// [`FORFEIT_DIVISOR`] of it is burnt.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::NotProposer`], [`Error::TooLate`].
		///
		/// ## Events
		/// [`Event::Ended`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::withdraw())]
		pub fn withdraw(origin: OriginFor<T>, id: ProposalId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let proposal = Self::open_of(id, &who)?;
			ensure!(proposal.stage < Stage::Timelock, Error::<T>::TooLate);
			Self::end(id, proposal, Outcome::Withdrawn)
		}

		/// Moves a proposal on that is ready before its deadline.
		///
		/// ## Dispatch Origin
		/// Signed: anyone. Free if it moves something.
		///
		/// ## Details
		/// Out of Registered it reads the uploaded bytes and checks them against the dossier and against what
		/// the chain needs of a runtime. In the other stages it asks the stage.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::NothingDue`], [`Error::LaneBusy`], and each pre-flight check:
		/// [`Error::BytesMissing`], [`Error::BytesLengthWrong`], [`Error::BlobMalformed`],
		/// [`Error::BlobTooLarge`], [`Error::BlobWithoutVersion`], [`Error::SpecNameDiffers`],
		/// [`Error::SpecVersionDiffers`], [`Error::SystemVersionDiffers`], [`Error::MissingRuntimeApi`],
		/// [`Error::ApisOfWayBackDiffer`].
		///
		/// ## Events
		/// [`Event::StageEntered`] or [`Event::Ended`].
		#[pallet::call_index(3)]
		#[pallet::weight(
			Pallet::<T>::preflight_weight(T::MaxCodeLen::get().saturating_mul(2))
				.saturating_add(T::WeightInfo::poll())
		)]
		pub fn advance(origin: OriginFor<T>, id: ProposalId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let proposal = Proposals::<T>::get(id).ok_or(Error::<T>::NotOpen)?;
			let before = proposal.stage;
			// The switch burns the rest of a block, which is the hook's to do.
			ensure!(before < Stage::Timelock, Error::<T>::NothingDue);
			let bytes = proposal.dossier.blobs().map(|blob| blob.len).sum();
			let branch = Self::step(id, proposal, true)?;
			ensure!(branch != Branch::Waits(before), Error::<T>::NothingDue);
			let moved = branch.weight::<T::WeightInfo>();
			let weight = match before {
				Stage::Registered => moved.saturating_add(Self::preflight_weight(bytes)),
				_ => moved,
			};
			Ok((Some(weight), Pays::No).into())
		}
	}
}

impl<T: Config> Pallet<T> {
	fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	fn open_of(id: ProposalId, who: &T::AccountId) -> Result<ProposalOf<T>, DispatchError> {
		let proposal = Proposals::<T>::get(id).ok_or(Error::<T>::NotOpen)?;
		ensure!(&proposal.proposer == who, Error::<T>::NotProposer);
		Ok(proposal)
	}

	/// What a dossier must say, whatever its bytes are.
	fn check_dossier(dossier: &Dossier) -> DispatchResult {
		ensure!(
			dossier.code.spec_version > T::Code::highest_spec_version(),
			Error::<T>::VersionNotAboveHighest
		);
		ensure!(
			dossier.parent_code_hash == T::Code::current(),
			Error::<T>::ParentNotCurrent
		);
		if let Rollback::Dedicated(rollback) = &dossier.rollback {
			let next = dossier.code.spec_version.checked_add(1);
			ensure!(
				Some(rollback.spec_version) == next,
				Error::<T>::RollbackVersionWrong
			);
			ensure!(
				rollback.hash != dossier.code.hash,
				Error::<T>::RollbackIsCandidate
			);
		}
		let allowed = 1..=T::MaxCodeLen::get();
		ensure!(
			dossier.blobs().all(|b| allowed.contains(&b.len)),
			Error::<T>::CodeLengthWrong
		);
		// Who says another length of bytes that are there has paid for that length only, and the request would keep them.
		let is_other = |b: CodeRef| T::Preimages::len(&b.hash).is_some_and(|len| len != b.len);
		ensure!(!dossier.blobs().any(is_other), Error::<T>::CodeLengthWrong);
		ensure!(!dossier.scope.is_empty(), Error::<T>::ScopeEmpty);
		ensure!(
			dossier.class == Class::SelfChange
				|| !dossier.scope.iter().any(T::LifecyclePallets::contains),
			Error::<T>::NeedsSelfChange
		);
		Ok(())
	}

	/// Counts one more open proposal of an account, if there is a slot for it.
	fn take_slot(proposer: &T::AccountId) -> DispatchResult {
		let taken = Agenda::<T>::decode_len().unwrap_or_default() as u32;
		let open = OpenBy::<T>::get(proposer);
		let most = T::MaxOpen::get();
		let public = taken < most.saturating_sub(T::ReservedSlots::get());
		let reserved = || taken < most && open == 0 && T::ReservedFor::contains(proposer);
		ensure!(public || reserved(), Error::<T>::TooManyOpen);
		ensure!(
			open < T::MaxOpenPerProposer::get(),
			Error::<T>::TooManyOpenByYou
		);
		OpenBy::<T>::insert(proposer, open.saturating_add(1));
		Ok(())
	}

	/// The rules for a dossier. Whatever its class, it needs the strictest vote without a way back that was rehearsed:
	/// going back to the previous code is only safe if no migration ran, and nothing proves that here.
	fn policy_for(dossier: &Dossier) -> Result<ClassPolicy<BlockNumberFor<T>>, DispatchError> {
		let chain = ChainPolicy::<T>::get().ok_or(Error::<T>::NoPolicy)?;
		let mut policy = chain.of(dossier.class).clone();
		if !matches!(dossier.rollback, Rollback::Dedicated(_)) {
			policy.ballot = chain.self_change.ballot;
		}
		Ok(policy)
	}

	fn deposit_for(dossier: &Dossier) -> BalanceOf<T> {
		let code: u32 = dossier
			.blobs()
			.fold(0, |sum, blob| sum.saturating_add(blob.len));
		let bytes = code.saturating_add(dossier.encoded_size() as u32);
		T::BaseDeposit::get()
			.saturating_mul(dossier.class.deposit_factor().into())
			.saturating_add(T::ByteDeposit::get().saturating_mul(bytes.into()))
	}

	fn preflight_weight(bytes: u32) -> Weight {
		// So many times that of one unit: a line through two measured points does not tell what sixteen cost.
		T::WeightInfo::preflight(1).saturating_mul(bytes.div_ceil(PREFLIGHT_UNIT).into())
	}

	/// Reads the blobs of a dossier and holds them against it, against the runtime that runs now, and against each other.
	fn preflight(dossier: &Dossier) -> DispatchResult {
		let candidate = Self::preflight_blob(&dossier.code)?;
		let back = match &dossier.rollback {
			Rollback::Dedicated(code) => Some(Self::preflight_blob(code)?),
			Rollback::PreviousCode => {
				let current = <T as frame_system::Config>::Version::get();
				Some(Self::versions_of_required_apis(&current)?)
			}
			Rollback::Irreversible => None,
		};
		// Nodes that go back without the candidate ask the way back, in the encoding that the candidate declares.
		ensure!(
			back.is_none_or(|back| back == candidate),
			Error::<T>::ApisOfWayBackDiffer
		);
		Ok(())
	}

	/// Reads one blob and holds it against what the dossier says of it. Returns the versions of [`Config::RequiredApis`].
	fn preflight_blob(blob: &CodeRef) -> Result<Vec<u32>, DispatchError> {
		let len = T::Preimages::len(&blob.hash).ok_or(Error::<T>::BytesMissing)?;
		ensure!(len == blob.len, Error::<T>::BytesLengthWrong);
		let bytes =
			T::Preimages::fetch(&blob.hash, Some(len)).map_err(|_| Error::<T>::BytesMissing)?;
		let max_len = T::MaxDecompressedLen::get() as usize;
		let version = blob::embedded_version(&bytes, max_len).map_err(Error::<T>::from)?;
		let current = <T as frame_system::Config>::Version::get();
		ensure!(
			version.spec_name == current.spec_name,
			Error::<T>::SpecNameDiffers
		);
		ensure!(
			version.spec_version == blob.spec_version,
			Error::<T>::SpecVersionDiffers
		);
		ensure!(
			version.system_version == current.system_version,
			Error::<T>::SystemVersionDiffers
		);
		Self::versions_of_required_apis(&version)
	}

	fn versions_of_required_apis(of: &RuntimeVersion) -> Result<Vec<u32>, DispatchError> {
		let version = |(id, least): crate::RequiredApi| {
			let found = of.apis.iter().find(|(have, _)| *have == id);
			let version = found.map(|(_, version)| *version);
			version.filter(|version| *version >= least)
		};
		let versions: Option<Vec<_>> = T::RequiredApis::get().into_iter().map(version).collect();
		versions.ok_or(Error::<T>::MissingRuntimeApi.into())
	}

	/// Makes the agenda anew of what the proposals say, in a rescue block: code that failed may have damaged it, and nobody would
	/// ever ask for what it forgot. What is watched is due now. A proposal that cannot be read any more holds no lane.
	fn mend_agenda(now: BlockNumberFor<T>) {
		let lane = Lane::<T>::get();
		let first = [T::Code::on_probation(), lane].into_iter().flatten();
		let mut ids: Vec<ProposalId> = first.chain(Self::stored_ids()).collect();
		let mut seen = BTreeSet::new();
		ids.retain(|id| seen.insert(*id));
		let open = ids.into_iter().filter_map(|id| {
			let proposal = Proposals::<T>::get(id)?;
			let is_watched = proposal.stage == Stage::Probation;
			Some((if is_watched { now } else { proposal.due }, id))
		});
		let mut agenda: Vec<_> = open.take(T::MaxOpen::get() as usize).collect();
		agenda.sort_unstable();
		if lane.is_some_and(|id| agenda.iter().all(|(_, open)| *open != id)) {
			Lane::<T>::kill();
		}
		Self::set_next_deadline(&agenda);
		Agenda::<T>::put(BoundedVec::truncate_from(agenda));
	}

	/// Numbers under which proposals are stored, of as many as there may be: code that failed may have written more, also what is no
	/// proposal.
	fn stored_ids() -> Vec<ProposalId> {
		let prefix = Proposals::<T>::final_prefix();
		let mut ids = Vec::new();
		let mut key = prefix.to_vec();
		for _ in 0..T::MaxOpen::get() {
			let next = sp_io::storage::next_key(&key).filter(|next| next.starts_with(&prefix));
			let Some(next) = next else { break };
			let id = next.get(prefix.len()..).unwrap_or_default();
			ids.extend(ProposalId::decode(&mut &id[..]));
			key = next;
		}
		ids
	}

	/// Polls what is due, the proposal in probation first, and says what that cost.
	fn poll_due(now: BlockNumberFor<T>) -> Weight {
		let agenda = Agenda::<T>::get();
		let watched = T::Code::on_probation();
		let mut due: Vec<ProposalId> = agenda
			.iter()
			.take_while(|(at, _)| *at <= now)
			.map(|(_, id)| *id)
			.collect();
		// Stable: `false` sorts first.
		due.sort_by_key(|id| Some(*id) != watched);

		let before = T::Code::current();
		let mut weight = T::WeightInfo::on_initialize_due();
		for id in due.into_iter().take(T::MaxDuePerBlock::get() as usize) {
			if let Some(proposal) = Proposals::<T>::get(id) {
				let branch = Self::step_or_end(id, proposal);
				weight.saturating_accrue(branch.weight::<T::WeightInfo>());
			}
		}
		if T::Code::current() != before {
			// As after `set_code` in an extrinsic: only what is mandatory follows in this block.
			weight = T::BlockWeights::get().max_block;
		}
		weight
	}

	/// One step in the hook, where an error has nobody to go to: the proposal ends instead.
	fn step_or_end(id: ProposalId, proposal: ProposalOf<T>) -> Branch {
		let now = Self::now();
		let stage = proposal.stage;
		let result = with_storage_layer(|| Self::step(id, proposal.clone(), false));
		result.unwrap_or_else(|error| {
			log::error!(target: "airlock", "proposal {id} ends in {stage:?}: {error:?}");
			let outcome = Self::outcome(&proposal, Failure::StageNotOpened);
			let ended = with_storage_layer(|| Self::end(id, proposal.clone(), outcome));
			if ended.is_err() {
				// Only the deposit's release can fail. Try again, but do not hold up others.
				Self::reschedule(id, proposal, now.saturating_add(One::one()));
			}
			Branch::Fails(stage)
		})
	}

	/// Asks the stage of a proposal and does what it says.
	///
	/// Each arm changes the stage at most once. `in_extrinsic` says whether foreign bytes may be read and
	/// whether the caller wants to hear why nothing moved.
	fn step(
		id: ProposalId,
		proposal: ProposalOf<T>,
		in_extrinsic: bool,
	) -> Result<Branch, DispatchError> {
		let now = Self::now();
		let stage = proposal.stage;
		if stage < Stage::Probation && proposal.dossier.parent_code_hash != T::Code::current() {
			let outcome = Self::outcome(&proposal, Failure::ParentReplaced);
			Self::end(id, proposal, outcome)?;
			return Ok(Branch::Ends);
		}
		let status = match stage {
			Stage::Registered if in_extrinsic => {
				Self::preflight(&proposal.dossier)?;
				GateStatus::Passed
			}
			Stage::Registered if now < proposal.due => GateStatus::Pending {
				until: proposal.due,
			},
			Stage::Registered => GateStatus::Failed(Failure::BytesMissing),
			Stage::Simulation => T::Simulation::poll(id, now),
			Stage::Review => T::Review::poll(id, now),
			Stage::Voting => T::Ballot::poll(id, now),
			Stage::Timelock => T::Timelock::poll(id, now),
			Stage::Probation => T::Probation::poll(id, now),
		};
		Ok(match (status, Self::next(stage)) {
			(GateStatus::Pending { until }, _) => {
				Self::reschedule(id, proposal, until.max(now.saturating_add(One::one())));
				Branch::Waits(stage)
			}
			(GateStatus::Failed(why), _) => {
				let outcome = Self::outcome(&proposal, why);
				Self::end(id, proposal, outcome)?;
				Branch::Ends
			}
			(GateStatus::Passed, None) => {
				Self::end(id, proposal, Outcome::Finalized)?;
				Branch::Ends
			}
			(GateStatus::Passed, Some(Stage::Timelock)) if Lane::<T>::exists() => {
				ensure!(!in_extrinsic, Error::<T>::LaneBusy);
				Self::reschedule(id, proposal, now.saturating_add(One::one()));
				Branch::Enters(Stage::Timelock)
			}
			(GateStatus::Passed, Some(next)) => {
				Self::enter(id, proposal, next)?;
				Branch::Enters(next)
			}
		})
	}

	fn next(stage: Stage) -> Option<Stage> {
		match stage {
			Stage::Registered => Some(Stage::Simulation),
			Stage::Simulation => Some(Stage::Review),
			Stage::Review => Some(Stage::Voting),
			Stage::Voting => Some(Stage::Timelock),
			Stage::Timelock => Some(Stage::Probation),
			Stage::Probation => None,
		}
	}

	/// How a failure in a proposal's stage is called.
	fn outcome(proposal: &ProposalOf<T>, why: Failure) -> Outcome {
		match (proposal.stage, why) {
			(Stage::Probation, _) if proposal.dossier.rollback == Rollback::Irreversible => {
				Outcome::Stuck(why)
			}
			(Stage::Probation, _) => Outcome::RolledBack(why),
			(Stage::Timelock, Failure::Precondition(Precondition::ParentCode)) => {
				Outcome::Expired(Failure::ParentReplaced)
			}
			(Stage::Timelock, Failure::Precondition(_)) => Outcome::Expired(why),
			(Stage::Timelock, Failure::FalseReport) => Outcome::Aborted(why),
			(_, Failure::StoppedByValidators) => Outcome::Aborted(why),
			(_, Failure::BytesMissing | Failure::ParentReplaced | Failure::TooFewReports)
			| (_, Failure::TooFewAttestations | Failure::BountyMissing) => Outcome::Expired(why),
			_ => Outcome::Rejected(why),
		}
	}

	fn enter(id: ProposalId, mut proposal: ProposalOf<T>, stage: Stage) -> DispatchResult {
		let now = Self::now();
		Self::close_stage(proposal.stage, id);
		let about = DossierRef {
			proposer: &proposal.proposer,
			round: proposal.round,
			hash: proposal.dossier_hash,
			dossier: &proposal.dossier,
		};
		match stage {
			Stage::Registered => (),
			Stage::Simulation => T::Simulation::open(id, &about, &proposal.policy, now)?,
			Stage::Review => T::Review::open(id, &about, &proposal.policy, now)?,
			Stage::Voting => T::Ballot::open(id, &about, &proposal.policy, now)?,
			Stage::Timelock => {
				Lane::<T>::put(id);
				T::Timelock::open(id, &about, &proposal.policy, now)?
			}
			Stage::Probation => T::Probation::open(id, &about, &proposal.policy, now)?,
		}
		proposal.stage = stage;
		Self::deposit_event(Event::StageEntered { id, stage });
		// The stage is asked in the next block when it wants to be asked again.
		Self::reschedule(id, proposal, now.saturating_add(One::one()));
		Ok(())
	}

	fn close_stage(stage: Stage, id: ProposalId) {
		match stage {
			Stage::Registered => (),
			Stage::Simulation => T::Simulation::close(id),
			Stage::Review => T::Review::close(id),
			Stage::Voting => T::Ballot::close(id),
			Stage::Timelock => T::Timelock::close(id),
			Stage::Probation => T::Probation::close(id),
		}
	}

	/// Ends a proposal: everything of it goes, but a line in [`History`].
	fn end(id: ProposalId, proposal: ProposalOf<T>, outcome: Outcome) -> DispatchResult {
		Self::close_stage(proposal.stage, id);
		T::Simulation::clear(id);
		T::Review::clear(id);
		T::Ballot::clear(id);
		T::Timelock::clear(id);
		T::Probation::clear(id);
		proposal
			.dossier
			.blobs()
			.for_each(|blob| T::Preimages::unrequest(&blob.hash));
		let settled = with_storage_layer(|| Self::settle_deposit(id, &proposal, outcome));
		if let Err(error) = settled {
			// Code on probation may have damaged the account: that must not keep the chain from going back.
			ensure!(proposal.stage == Stage::Probation, error);
			Self::deposit_event(Event::DepositNotReturned { id, error });
		}
		OpenBy::<T>::mutate_exists(&proposal.proposer, |open| {
			*open = open.map(|n| n.saturating_sub(1)).filter(|n| !n.is_zero());
		});
		// Every account of the map took a seat of a stage; code that failed may have written more than there are.
		let _ = RoleOf::<T>::clear_prefix(id, MAX_ROLES, None);
		if Lane::<T>::get() == Some(id) {
			Lane::<T>::kill();
		}
		let mut agenda = Agenda::<T>::take();
		agenda.retain(|(_, other)| *other != id);
		Self::set_next_deadline(&agenda);
		if !agenda.is_empty() {
			Agenda::<T>::put(agenda);
		}
		Proposals::<T>::remove(id);
		History::<T>::insert(
			id % T::HistoryLen::get(),
			Ended {
				id,
				proposer: proposal.proposer,
				class: proposal.dossier.class,
				dossier_hash: proposal.dossier_hash,
				code_hash: proposal.dossier.code.hash,
				spec_version: proposal.dossier.code.spec_version,
				round: proposal.round,
				stage: proposal.stage,
				outcome,
				at: Self::now(),
			},
		);
		Self::deposit_event(Event::Ended { id, outcome });
		Ok(())
	}

	/// Returns the deposit. Of a proposal that took a slot and never had its bytes checked, a part is burnt, unless
	/// it was others that ended it.
	fn settle_deposit(
		id: ProposalId,
		proposal: &ProposalOf<T>,
		outcome: Outcome,
	) -> DispatchResult {
		let reason = HoldReason::Proposal.into();
		let own_doing = matches!(
			outcome,
			Outcome::Withdrawn | Outcome::Expired(Failure::BytesMissing)
		);
		if own_doing && proposal.stage == Stage::Registered {
			let part = proposal.deposit.checked_div(&FORFEIT_DIVISOR.into());
			let amount = T::Currency::burn_held(
				&reason,
				&proposal.proposer,
				part.unwrap_or_default(),
				Precision::BestEffort,
				Fortitude::Force,
			)?;
			Self::deposit_event(Event::Forfeited { id, amount });
			let rest = proposal.deposit.saturating_sub(amount);
			T::Currency::release(&reason, &proposal.proposer, rest, Precision::BestEffort)?;
			return Ok(());
		}
		let (who, deposit) = (&proposal.proposer, proposal.deposit);
		T::Currency::release(&reason, who, deposit, Precision::BestEffort)?;
		Ok(())
	}

	/// Stores a proposal with another due block.
	fn reschedule(id: ProposalId, mut proposal: ProposalOf<T>, due: BlockNumberFor<T>) {
		// Cannot fail: the entry that is replaced makes room for the new one.
		if Self::schedule(id, Some(proposal.due), due).is_ok() {
			proposal.due = due;
		}
		Proposals::<T>::insert(id, proposal);
	}

	fn schedule(
		id: ProposalId,
		old: Option<BlockNumberFor<T>>,
		due: BlockNumberFor<T>,
	) -> DispatchResult {
		Agenda::<T>::try_mutate(|agenda| {
			if old.is_some() {
				agenda.retain(|(_, other)| *other != id);
			}
			let at = agenda.partition_point(|entry| *entry < (due, id));
			agenda
				.try_insert(at, (due, id))
				.map_err(|_| Error::<T>::TooManyOpen)?;
			Self::set_next_deadline(agenda);
			Ok(())
		})
	}

	fn set_next_deadline(agenda: &[(BlockNumberFor<T>, ProposalId)]) {
		NextDeadline::<T>::set(agenda.first().map(|(due, _)| *due));
	}

	fn claim_role(id: ProposalId, party: Party<T::AccountId>, role: Role) -> DispatchResult {
		match RoleOf::<T>::get(id, &party) {
			Some(other) => ensure!(other == role, Error::<T>::OtherRole),
			None => RoleOf::<T>::insert(id, party, role),
		}
		Ok(())
	}

	/// All open proposals and the remembered ended ones, by number. For the runtime API.
	pub fn views() -> Vec<ProposalView<T::AccountId, BlockNumberFor<T>>> {
		let mut views: Vec<_> = Proposals::<T>::iter()
			.map(|(id, p)| ProposalView {
				id,
				proposer: p.proposer,
				class: p.dossier.class,
				dossier_hash: p.dossier_hash,
				code_hash: p.dossier.code.hash,
				spec_version: p.dossier.code.spec_version,
				round: p.round,
				stage: p.stage,
				due: p.due,
				outcome: None,
			})
			.chain(History::<T>::iter_values().map(|e| ProposalView {
				id: e.id,
				proposer: e.proposer,
				class: e.class,
				dossier_hash: e.dossier_hash,
				code_hash: e.code_hash,
				spec_version: e.spec_version,
				round: e.round,
				stage: e.stage,
				due: e.at,
				outcome: Some(e.outcome),
			}))
			.collect();
		views.sort_by_key(|view| view.id);
		views
	}

	/// Which of a proposal's bytes are on chain: how many blobs, of how many. For the runtime API.
	pub fn uploaded(id: ProposalId) -> Option<(u64, u64)> {
		let dossier = Proposals::<T>::get(id)?.dossier;
		let have = dossier
			.blobs()
			.filter(|b| T::Preimages::len(&b.hash).is_some())
			.count();
		Some((have as u64, dossier.blobs().count() as u64))
	}

	/// False for bytes that open proposals ask for, but none with this length: only the stated one is paid for. For the
	/// runtime's call filter. Reads all open proposals, so ask the preimage store first whether anybody wants them.
	pub fn takes(hash: &H256, len: u32) -> bool {
		let mut asked = Proposals::<T>::iter_values()
			.flat_map(|proposal| proposal.dossier.blobs().collect::<Vec<_>>())
			.filter(|blob| blob.hash == *hash)
			.peekable();
		asked.peek().is_none() || asked.any(|blob| blob.len == len)
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let agenda = Agenda::<T>::get();
		// The agenda is sorted and its head is the next deadline.
		ensure!(
			agenda.windows(2).all(|w| matches!(w, [a, b] if a < b)),
			"agenda not sorted"
		);
		ensure!(
			NextDeadline::<T>::get() == agenda.first().map(|(due, _)| *due),
			"next deadline is not the head of the agenda"
		);
		// The agenda names each open proposal once, at its due block.
		ensure!(
			agenda.len() == Proposals::<T>::iter().count(),
			"agenda and proposals differ"
		);
		for (due, id) in agenda.iter() {
			ensure!(
				Proposals::<T>::get(id).is_some_and(|p| p.due == *due),
				"agenda names another block than the proposal"
			);
		}
		// Only the holder of the lane is in Timelock or Probation, and it is.
		for (id, proposal) in Proposals::<T>::iter() {
			let in_lane = proposal.stage >= Stage::Timelock;
			ensure!(
				in_lane == (Lane::<T>::get() == Some(id)),
				"lane does not match the stage"
			);
			ensure!(
				proposal.dossier.hash() == proposal.dossier_hash,
				"dossier hash is stale"
			);
		}
		ensure!(
			Lane::<T>::get().is_none_or(Proposals::<T>::contains_key),
			"lane of nobody"
		);
		// Open proposals per account add up.
		let open: u32 = OpenBy::<T>::iter_values().fold(0, |a, b| a.saturating_add(b));
		ensure!(
			open as usize == agenda.len(),
			"open proposals per account do not add up"
		);
		// Roles exist only for open proposals.
		ensure!(
			RoleOf::<T>::iter_keys().all(|(id, _)| Proposals::<T>::contains_key(id)),
			"role on a proposal that ended"
		);
		Ok(())
	}
}

impl<T: Config> From<blob::BlobError> for Error<T> {
	fn from(error: blob::BlobError) -> Self {
		match error {
			blob::BlobError::Malformed => Error::BlobMalformed,
			blob::BlobError::TooLarge => Error::BlobTooLarge,
			blob::BlobError::NoVersion => Error::BlobWithoutVersion,
		}
	}
}

impl<T: Config> Lifecycle for Pallet<T> {
	fn stage(id: ProposalId) -> Option<Stage> {
		Proposals::<T>::get(id).map(|p| p.stage)
	}

	fn dossier_hash(id: ProposalId) -> Option<H256> {
		Proposals::<T>::get(id).map(|p| p.dossier_hash)
	}

	fn stop(id: ProposalId, why: Failure) -> DispatchResult {
		let proposal = Proposals::<T>::get(id).ok_or(Error::<T>::NotOpen)?;
		ensure!(proposal.stage < Stage::Probation, Error::<T>::TooLate);
		let outcome = Self::outcome(&proposal, why);
		Self::end(id, proposal, outcome)
	}
}

impl<T: Config> Roles<T::AccountId> for Pallet<T> {
	fn claim(
		id: ProposalId,
		who: &T::AccountId,
		organisation: Option<u32>,
		role: Role,
	) -> DispatchResult {
		ensure!(Proposals::<T>::contains_key(id), Error::<T>::NotOpen);
		Self::claim_role(id, Party::Account(who.clone()), role)?;
		organisation.map_or(Ok(()), |org| {
			Self::claim_role(id, Party::Organisation(org), role)
		})
	}
}
