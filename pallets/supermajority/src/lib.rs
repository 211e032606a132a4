//! # Supermajority
//!
//! Validators vote on an upgrade by a snapshot and an integer supermajority; a third of them can stop it.
//!
//! ## Overview
//!
//! When the stage Voting opens, the active set is copied: who may vote, for which organisation, with which
//! power. The threshold is a share of that whole snapshot, so not voting counts as not agreeing. Votes can be
//! changed until the end. When Nays make the threshold unreachable, anybody can end the vote by `advance`; an Aye
//! never ends it, so that everybody has the whole window to object.
//!
//! ## When the set changes during a vote
//!
//! The snapshot stays: who joined later does not vote on it. Once the window is over and the vote is judged, the set of
//! that block is asked as well:
//!
//! - If more than a third of the snapshot's power has left, the vote begins once more: a new snapshot, no ballots, the
//!   whole window. This happens once for a proposal, so that changing the set again and again cannot keep it from its end.
//! - The Aye of somebody who has left counts for nothing, neither as power nor for its organisation, and the threshold
//!   is still a share of the whole snapshot. A Nay stands. So a set that changes can only make it harder to pass.
//!
//! Power is what an elector counts for, after the cap of its organisation.
//!
//! [`stop`](Pallet::stop) works at any stage before the switch and looks at the current set: more than a
//! third of its power ends the proposal.
//!
//! ## Implementation details
//!
//! - A vote reads and writes two items, [`Electors`] and [`Ballots`], however many validators there are. Only one that
//!   may turn the result in the last part counts the snapshot, as the close does: whether the vote *would pass now* decides
//!   on an extension, not its power alone. The last organisation that was missing is a swing too.
//! - What needs the whole snapshot (who has left, diversity of organisations, the current set's opinion) is computed when
//!   the stage machine asks at the close.

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

use airlock_primitives::{
	policy::ONE_THIRD, BallotPolicy, ClassPolicy, CurrentMajority, DossierRef, Electorate, Failure,
	GateStatus, Lifecycle, OrganisationId, Power, ProposalId, Ratio, Stage, StageGate,
};
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{pallet_prelude::*, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{One, Saturating, Zero};

/// What a validator says.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	Debug,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Vote {
	/// For the upgrade.
	#[codec(index = 0)]
	Aye,
	/// Against it.
	#[codec(index = 1)]
	Nay,
	/// Seen, and no opinion. Counts as not agreeing.
	#[codec(index = 2)]
	Abstain,
}

/// One member of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Elector {
	/// Its organisation.
	pub organisation: OrganisationId,
	/// What its vote counts, after the cap of its organisation.
	pub power: Power,
	/// What it said last.
	pub vote: Option<Vote>,
}

/// One vote, from its opening to its end.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ballot<BlockNumber> {
	/// What is voted on.
	pub dossier_hash: H256,
	/// The rules.
	pub policy: BallotPolicy<BlockNumber>,
	/// The first block in which no vote is taken.
	pub closes: BlockNumber,
	/// Blocks by which late swings have moved `closes`.
	pub extended: BlockNumber,
	/// Power of the whole snapshot, before caps.
	pub total: Power,
	/// Power of the Ayes.
	pub ayes: Power,
	/// Power of the Nays.
	pub nays: Power,
	/// Power of the abstentions.
	pub abstains: Power,
	/// Set when the stage is over; kept for the current set's opinion at the switch.
	pub closed: bool,
	/// Set when this is the second snapshot: more than a third of the first one had left.
	pub restarted: bool,
}

/// Calls for a stop.
#[derive(
	CloneNoBound, PartialEqNoBound, EqNoBound, DebugNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[scale_info(skip_type_params(MaxVoters))]
pub struct StopCalls<AccountId, MaxVoters>
where
	AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
	MaxVoters: Get<u32>,
{
	/// What they would stop. A call counts for no other dossier.
	pub dossier_hash: H256,
	/// Who called, sorted.
	pub validators: BoundedVec<AccountId, MaxVoters>,
}

impl<BlockNumber> Ballot<BlockNumber> {
	fn side(&mut self, vote: Vote) -> &mut Power {
		match vote {
			Vote::Aye => &mut self.ayes,
			Vote::Nay => &mut self.nays,
			Vote::Abstain => &mut self.abstains,
		}
	}

	fn approved(&self) -> bool {
		self.policy.approval.reached_by(self.ayes, self.total)
	}

	/// Blocks by which the end moves if the result changes now: none while there is time to answer, and none once
	/// extensions have added all that they can.
	fn owes(&self, now: BlockNumber) -> BlockNumber
	where
		BlockNumber: Saturating + Ord + Copy,
	{
		let wanted = now
			.saturating_add(self.policy.extension)
			.saturating_sub(self.closes);
		let left = self.policy.extension_cap.saturating_sub(self.extended);
		wanted.min(left)
	}

	/// False once the Nays leave too little for the threshold.
	fn can_pass(&self) -> bool {
		self.policy
			.approval
			.reached_by(self.total.saturating_sub(self.nays), self.total)
	}
}

/// What a snapshot says, now that a part of it may have left the set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Tally {
	/// Power of all electors, after caps.
	counted: Power,
	/// Power of those who have left the set.
	left: Power,
	/// Power of the Ayes of those who have not.
	ayes: Power,
	/// Organisations behind these Ayes.
	organisations: u32,
	/// How many electors were counted.
	electors: u32,
}

impl Tally {
	fn has_turned_over(&self) -> bool {
		ONE_THIRD.exceeded_by(self.left, self.counted)
	}

	/// The result: enough power of enough organisations.
	fn passes<BlockNumber>(&self, ballot: &Ballot<BlockNumber>) -> bool {
		let rules = &ballot.policy;
		rules.approval.reached_by(self.ayes, ballot.total)
			&& self.organisations >= rules.organisations
	}
}

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Who may vote now.
		type Electorate: Electorate<Self::AccountId>;
		/// The stage machine.
		type Lifecycle: Lifecycle;
		/// Most validators of a snapshot.
		#[pallet::constant]
		type MaxVoters: Get<u32>;
		/// Weights.
		type WeightInfo: WeightInfo;
		/// The runtime around this pallet, for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: airlock_primitives::benchmarking::BenchmarkHelper<Self::AccountId>;
	}

	/// The snapshot of each vote. At most [`Config::MaxVoters`] for each open proposal.
	// `Identity`: the first key is given out by the chain. `Blake2_128Concat`: accounts are chosen by users.
	#[pallet::storage]
	pub type Electors<T: Config> = StorageDoubleMap<
		_,
		Identity,
		ProposalId,
		Blake2_128Concat,
		T::AccountId,
		Elector,
		OptionQuery,
	>;

	/// The votes.
	#[pallet::storage]
	pub type Ballots<T: Config> =
		StorageMap<_, Identity, ProposalId, Ballot<BlockNumberFor<T>>, OptionQuery>;

	/// Who wants to stop a proposal.
	#[pallet::storage]
	pub type Stops<T: Config> =
		StorageMap<_, Identity, ProposalId, StopCalls<T::AccountId, T::MaxVoters>, OptionQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A vote began on a snapshot.
		Opened {
			/// Number of the proposal.
			id: ProposalId,
			/// Power of the snapshot.
			total: Power,
			/// The first block in which no vote is taken.
			closes: BlockNumberFor<T>,
		},
		/// A validator voted.
		Voted {
			/// Number of the proposal.
			id: ProposalId,
			/// The validator.
			validator: T::AccountId,
			/// What it said.
			vote: Vote,
		},
		/// The result changed shortly before the end: the vote goes on.
		Extended {
			/// Number of the proposal.
			id: ProposalId,
			/// The first block in which no vote is taken.
			closes: BlockNumberFor<T>,
		},
		/// A validator wants to stop a proposal.
		StopCalled {
			/// Number of the proposal.
			id: ProposalId,
			/// The validator.
			validator: T::AccountId,
		},
		/// A validator does not want to stop it any more.
		StopRetracted {
			/// Number of the proposal.
			id: ProposalId,
			/// The validator.
			validator: T::AccountId,
		},
		/// More than a third of the snapshot had left the set when the vote ended: it begins once more.
		Restarted {
			/// Number of the proposal.
			id: ProposalId,
			/// Power of those who had left.
			left: Power,
		},
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// No vote is open on this proposal. Ask for its stage.
		NoBallot,
		/// The account is not in the snapshot of this vote. Only validators of the session in which it began can
		/// vote.
		NotElector,
		/// The vote is on another dossier. Read it, and vote on its hash.
		OtherDossier,
		/// The vote has ended. Look at its result.
		BallotClosed,
		/// Only validators of the running session may stop a proposal. Sign with a validator's account, or report a
		/// finding.
		NotValidator,
		/// You have called for a stop already. Nothing is to be done.
		AlreadyCalled,
		/// You have not called for a stop. There is nothing to take back.
		NotCalled,
		/// The proposal is not open, or its code is written already. After the switch report it unhealthy instead.
		CannotStop,
		/// The active set is larger than a snapshot can be. This is a fault of the runtime: report it.
		TooManyVoters,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Votes on an upgrade, or changes one's vote.
		///
		/// ## Dispatch Origin
		/// Signed: a validator of the snapshot.
		///
		/// ## Details
		/// Names the dossier, so that a vote counts for nothing else. Whether it turns the result is looked at only when
		/// that would move the end and the Ayes suffice before or after it; it is charged for that only then.
		///
		/// ## Errors
		/// [`Error::NoBallot`], [`Error::BallotClosed`], [`Error::OtherDossier`], [`Error::NotElector`].
		///
		/// ## Events
		/// [`Event::Voted`], and [`Event::Extended`] if the result changed late.
		#[pallet::call_index(0)]
		#[pallet::weight(
			T::WeightInfo::vote(T::MaxVoters::get()).max(T::WeightInfo::vote_late(T::MaxVoters::get()))
		)]
		pub fn vote(
			origin: OriginFor<T>,
			id: ProposalId,
			dossier_hash: H256,
			vote: Vote,
		) -> DispatchResultWithPostInfo {
			let validator = ensure_signed(origin)?;
			let now = frame_system::Pallet::<T>::block_number();
			let ballot = Ballots::<T>::get(id).ok_or(Error::<T>::NoBallot)?;
			ensure!(
				!ballot.closed && now < ballot.closes,
				Error::<T>::BallotClosed
			);
			ensure!(
				ballot.dossier_hash == dossier_hash,
				Error::<T>::OtherDossier
			);
			let elector = Electors::<T>::get(id, &validator).ok_or(Error::<T>::NotElector)?;
			let asked = Self::do_vote(id, ballot, validator, elector, vote, now);
			let weight = match asked {
				Some(electors) => T::WeightInfo::vote_late(electors),
				None => T::WeightInfo::vote(T::MaxVoters::get()),
			};
			Ok(Some(weight).into())
		}

		/// Calls for a stop of an upgrade. More than a third of the current set's power ends it.
		///
		/// ## Dispatch Origin
		/// Signed: a validator of the running session.
		///
		/// ## Details
		/// Possible at every stage before the switch, also before and after the vote. Names the dossier, so that a
		/// call counts for nothing else: a revision voids it.
		///
		/// ## Errors
		/// [`Error::NotValidator`], [`Error::CannotStop`], [`Error::OtherDossier`], [`Error::AlreadyCalled`].
		///
		/// ## Events
		/// [`Event::StopCalled`].
		#[pallet::call_index(1)]
		// Operational: it must get through when blocks are full.
		#[pallet::weight((
			T::WeightInfo::stop_that_ends().max(T::WeightInfo::stop(T::MaxVoters::get())),
			DispatchClass::Operational
		))]
		pub fn stop(
			origin: OriginFor<T>,
			id: ProposalId,
			dossier_hash: H256,
		) -> DispatchResultWithPostInfo {
			let validator = ensure_signed(origin)?;
			let voters: BTreeMap<_, _> = T::Electorate::voters()
				.into_iter()
				.map(|voter| (voter.account, voter.power))
				.collect();
			ensure!(voters.contains_key(&validator), Error::<T>::NotValidator);
			let stage = T::Lifecycle::stage(id).ok_or(Error::<T>::CannotStop)?;
			ensure!(stage < Stage::Probation, Error::<T>::CannotStop);
			ensure!(
				T::Lifecycle::dossier_hash(id) == Some(dossier_hash),
				Error::<T>::OtherDossier
			);
			let mut stops = Stops::<T>::get(id)
				.filter(|stops| stops.dossier_hash == dossier_hash)
				.unwrap_or(StopCalls {
					dossier_hash,
					validators: Default::default(),
				});
			// Whoever left the set makes room.
			stops.validators.retain(|who| voters.contains_key(who));
			match stops.validators.binary_search(&validator) {
				Ok(_) => return Err(Error::<T>::AlreadyCalled.into()),
				Err(at) => stops
					.validators
					.try_insert(at, validator.clone())
					.map_err(|_| Error::<T>::TooManyVoters)?,
			}
			let power_of = |who| voters.get(who).copied().unwrap_or_default();
			let sum = |power: Power, more: Power| power.saturating_add(more);
			let against = stops.validators.iter().map(power_of).fold(0, sum);
			let total = voters.values().copied().fold(0, sum);
			Stops::<T>::insert(id, stops);
			Self::deposit_event(Event::StopCalled { id, validator });
			if ONE_THIRD.exceeded_by(against, total) {
				T::Lifecycle::stop(id, Failure::StoppedByValidators)?;
				return Ok(().into());
			}
			Ok(Some(T::WeightInfo::stop(voters.len() as u32)).into())
		}

		/// Takes one's call for a stop back.
		///
		/// ## Dispatch Origin
		/// Signed: whoever called for it.
		///
		/// ## Errors
		/// [`Error::NotCalled`].
		///
		/// ## Events
		/// [`Event::StopRetracted`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::retract_stop(T::MaxVoters::get()))]
		pub fn retract_stop(origin: OriginFor<T>, id: ProposalId) -> DispatchResult {
			let validator = ensure_signed(origin)?;
			Stops::<T>::try_mutate_exists(id, |slot| {
				let stops = &mut slot.as_mut().ok_or(Error::<T>::NotCalled)?.validators;
				let at = stops
					.binary_search(&validator)
					.map_err(|_| Error::<T>::NotCalled)?;
				stops.remove(at);
				if stops.is_empty() {
					*slot = None;
				}
				Ok::<_, DispatchError>(())
			})?;
			Self::deposit_event(Event::StopRetracted { id, validator });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Counts a vote, and moves the end if it changes the result so late that others could not answer. Says how many
	/// electors were asked for that, if any.
	fn do_vote(
		id: ProposalId,
		mut ballot: Ballot<BlockNumberFor<T>>,
		validator: T::AccountId,
		mut elector: Elector,
		vote: Vote,
		now: BlockNumberFor<T>,
	) -> Option<u32> {
		let by = ballot.owes(now);
		let result = |ballot: &_| (!by.is_zero()).then(|| Self::result(id, ballot)).flatten();
		let before = result(&ballot);
		if let Some(old) = elector.vote.replace(vote) {
			let side = ballot.side(old);
			*side = side.saturating_sub(elector.power);
		}
		let side = ballot.side(vote);
		*side = side.saturating_add(elector.power);
		Electors::<T>::insert(id, &validator, elector);
		Self::deposit_event(Event::Voted {
			id,
			validator,
			vote,
		});
		let after = result(&ballot);
		let passes = |tally: Option<Tally>| tally.is_some_and(|tally| tally.passes(&ballot));
		if passes(before) != passes(after) {
			ballot.closes = ballot.closes.saturating_add(by);
			ballot.extended = ballot.extended.saturating_add(by);
			let closes = ballot.closes;
			Self::deposit_event(Event::Extended { id, closes });
		}
		Ballots::<T>::insert(id, ballot);
		before.or(after).map(|tally| tally.electors)
	}

	/// What would be judged now. Nobody is asked while the Ayes do not suffice, whoever has left.
	fn result(id: ProposalId, ballot: &Ballot<BlockNumberFor<T>>) -> Option<Tally> {
		ballot.approved().then(|| Self::tally(id))
	}

	/// Counts a snapshot, of at most [`Config::MaxVoters`], against the current set.
	fn tally(id: ProposalId) -> Tally {
		let current: BTreeSet<_> = T::Electorate::voters()
			.into_iter()
			.map(|voter| voter.account)
			.collect();
		let mut tally = Tally::default();
		let mut organisations = BTreeSet::new();
		for (who, elector) in Electors::<T>::iter_prefix(id) {
			tally.electors = tally.electors.saturating_add(1);
			tally.counted = tally.counted.saturating_add(elector.power);
			if !current.contains(&who) {
				tally.left = tally.left.saturating_add(elector.power);
			} else if elector.vote == Some(Vote::Aye) {
				tally.ayes = tally.ayes.saturating_add(elector.power);
				organisations.insert(elector.organisation);
			}
		}
		tally.organisations = organisations.len() as u32;
		tally
	}

	/// Copies the current set and begins a vote on it.
	fn begin(
		id: ProposalId,
		dossier_hash: H256,
		policy: BallotPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
		restarted: bool,
	) -> DispatchResult {
		let total = Self::take_snapshot(id, policy.organisation_cap)?;
		let closes = now.saturating_add(policy.window);
		Ballots::<T>::insert(
			id,
			Ballot {
				dossier_hash,
				policy,
				closes,
				extended: Zero::zero(),
				total,
				ayes: 0,
				nays: 0,
				abstains: 0,
				closed: false,
				restarted,
			},
		);
		Self::deposit_event(Event::Opened { id, total, closes });
		Ok(())
	}

	/// Gives everybody in the current set a vote. Returns the set's power, before caps.
	fn take_snapshot(id: ProposalId, share: Ratio) -> Result<Power, DispatchError> {
		let voters = T::Electorate::voters();
		ensure!(
			voters.len() <= T::MaxVoters::get() as usize,
			Error::<T>::TooManyVoters
		);
		let total = voters
			.iter()
			.fold(0, |sum: Power, voter| sum.saturating_add(voter.power));
		let cap = share.most_of(total);
		let mut counted = BTreeMap::<OrganisationId, Power>::new();
		for voter in voters {
			let used = counted.entry(voter.organisation).or_default();
			let power = voter.power.min(cap.saturating_sub(*used));
			*used = used.saturating_add(power);
			let elector = Elector {
				organisation: voter.organisation,
				power,
				vote: None,
			};
			Electors::<T>::insert(id, voter.account, elector);
		}
		Ok(total)
	}

	/// Begins the vote once more, on the set as it is now.
	fn restart(
		id: ProposalId,
		ballot: Ballot<BlockNumberFor<T>>,
		left: Power,
		now: BlockNumberFor<T>,
	) -> GateStatus<BlockNumberFor<T>> {
		// As many as the snapshot had. Code that failed may have written more: they stay.
		let _ = Electors::<T>::clear_prefix(id, T::MaxVoters::get(), None);
		Self::deposit_event(Event::Restarted { id, left });
		let until = now.saturating_add(ballot.policy.window);
		match Self::begin(id, ballot.dossier_hash, ballot.policy, now, true) {
			Ok(()) => GateStatus::Pending { until },
			// The set has become larger than a snapshot can be. Nobody is there to be told but by the end.
			Err(_) => GateStatus::Failed(Failure::StageNotOpened),
		}
	}

	/// Power of the Ayes, and the least that reaches the threshold.
	pub fn progress(id: ProposalId) -> Option<(Power, Power)> {
		let ballot = Ballots::<T>::get(id)?;
		Some((ballot.ayes, ballot.policy.approval.least_of(ballot.total)))
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		for (id, mut ballot) in Ballots::<T>::iter() {
			// Each side is the sum of its electors.
			for vote in [Vote::Aye, Vote::Nay, Vote::Abstain] {
				let sum = Electors::<T>::iter_prefix_values(id)
					.filter(|elector| elector.vote == Some(vote))
					.fold(0u64, |sum, elector| sum.saturating_add(elector.power));
				ensure!(
					*ballot.side(vote) == sum,
					"a side is not the sum of its electors"
				);
			}
			// Caps only take away.
			let power = Electors::<T>::iter_prefix_values(id)
				.fold(0u64, |sum, elector| sum.saturating_add(elector.power));
			ensure!(
				power <= ballot.total,
				"electors have more power than the snapshot"
			);
			ensure!(
				ballot.extended <= ballot.policy.extension_cap,
				"extended above the cap"
			);
		}
		// No elector without a vote to take part in.
		ensure!(
			Electors::<T>::iter_keys().all(|(id, _)| Ballots::<T>::contains_key(id)),
			"elector of no ballot"
		);
		Ok(())
	}
}

impl<T: Config> StageGate<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
	fn open(
		id: ProposalId,
		about: &DossierRef<T::AccountId>,
		policy: &ClassPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
	) -> DispatchResult {
		Self::begin(id, about.hash, policy.ballot.clone(), now, false)
	}

	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(ballot) = Ballots::<T>::get(id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if !ballot.can_pass() {
			return GateStatus::Failed(Failure::NotApproved);
		}
		if now < ballot.closes {
			return GateStatus::Pending {
				until: ballot.closes.max(now.saturating_add(One::one())),
			};
		}
		let tally = Self::tally(id);
		if tally.has_turned_over() && !ballot.restarted {
			return Self::restart(id, ballot, tally.left, now);
		}
		if tally.passes(&ballot) {
			GateStatus::Passed
		} else {
			GateStatus::Failed(Failure::NotApproved)
		}
	}

	fn close(id: ProposalId) {
		Ballots::<T>::mutate_extant(id, |ballot| ballot.closed = true);
	}

	fn clear(id: ProposalId) {
		Ballots::<T>::remove(id);
		Stops::<T>::remove(id);
		// As many as the snapshot had, which is bounded.
		Electors::<T>::drain_prefix(id).for_each(drop);
	}
}

impl<T: Config> CurrentMajority for Pallet<T> {
	fn aye_of_current_set(id: ProposalId) -> (Power, Power) {
		let voters = T::Electorate::voters();
		let sum = |power: Power, more: Power| power.saturating_add(more);
		let total = voters.iter().map(|voter| voter.power).fold(0, sum);
		let ayes = voters
			.into_iter()
			.filter(|voter| {
				Electors::<T>::get(id, &voter.account)
					.is_some_and(|elector| elector.vote == Some(Vote::Aye))
			})
			.map(|voter| voter.power)
			.fold(0, sum);
		(ayes, total)
	}
}
