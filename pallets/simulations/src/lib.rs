//! # Simulations
//!
//! Independent simulators run the exact candidate over real history and say on chain what they saw.
//!
//! ## Overview
//!
//! When the stage opens, the chain fixes what must be simulated: the candidate, the rollback code, and the
//! blocks that end at the *anchor*, the block before the stage opened. Simulators first seal their report
//! ([`commit`](Pallet::commit)), then show it ([`reveal`](Pallet::reveal)). The stage passes when enough of them
//! show the identical report and it says [`Verdict::Pass`].
//!
//! ## Implementation details
//!
//! - The seal binds the report's root to chain, dossier, account and round, and hides it behind a salt: a
//!   copied commitment cannot be opened by whoever copied it.
//! - A report carries its own subject ([`SimConfig`]); one about anything else than the round is refused.
//! - The verdict is no claim of the simulator but follows from the report's sums.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use airlock_primitives::{
	domain_hash, ClassPolicy, Domain, DossierRef, Failure, GateStatus, OrganisationId, ProposalId,
	Role, Roles, Rollback, StageGate,
};
use airlock_report::{Report, SealedReport, SectionId, SimConfig, Verdict, SCHEMA};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
	pallet_prelude::*,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::Precision,
	},
};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::{
	traits::{One, Saturating, UniqueSaturatedInto, Zero},
	SaturatedConversion,
};

/// Balance of the configured currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// Sections that every report must have.
pub const REQUIRED_SECTIONS: [SectionId; 3] =
	[SectionId::Static, SectionId::Enactment, SectionId::Replay];

/// A registered simulator.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Simulator<Balance> {
	/// The organisation behind it. One organisation has one seat on a proposal.
	pub organisation: OrganisationId,
	/// Held of it.
	pub bond: Balance,
}

/// What must be simulated, and when.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Round<BlockNumber> {
	/// Round of the proposal.
	pub round: u32,
	/// Hash of the dossier.
	pub dossier_hash: H256,
	/// blake2-256 of the candidate.
	pub candidate: H256,
	/// blake2-256 of the code it replaces.
	pub parent_code: H256,
	/// blake2-256 of the dedicated rollback code.
	pub rollback: Option<H256>,
	/// The last block to replay.
	pub anchor: BlockNumber,
	/// Hash of that block.
	pub anchor_hash: H256,
	/// Blocks to replay.
	pub blocks: u32,
	/// The first block in which no commitment is taken.
	pub commit_until: BlockNumber,
	/// The first block in which no report is taken.
	pub reveal_until: BlockNumber,
	/// Identical reports needed.
	pub required: u32,
	/// Most simulators.
	pub seats: u32,
}

/// What one simulator has handed in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Submission<AccountId> {
	/// The simulator.
	pub simulator: AccountId,
	/// Its organisation when it committed.
	pub organisation: OrganisationId,
	/// Its sealed report.
	pub commitment: H256,
	/// Root and verdict of its report, once revealed.
	pub revealed: Option<(H256, Verdict)>,
}

/// How far a round is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
	/// Simulators that committed.
	pub commits: u32,
	/// Simulators that revealed.
	pub reveals: u32,
	/// Identical reports needed.
	pub required: u32,
	/// Most simulators.
	pub seats: u32,
}

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = H256> {
		/// Who admits and removes simulators.
		type AdmitOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// Holds bonds.
		type Currency: MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;
		/// Bond of a simulator.
		#[pallet::constant]
		type Bond: Get<BalanceOf<Self>>;
		/// Keeps roles apart.
		type Roles: Roles<Self::AccountId>;
		/// Most simulators on one proposal.
		#[pallet::constant]
		type MaxSeats: Get<u32>;
		/// Weights.
		type WeightInfo: WeightInfo;
	}

	/// Why an amount is held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Bond of a simulator.
		#[codec(index = 0)]
		SimulatorBond,
	}

	/// Registered simulators. Each was admitted and pays a bond.
	#[pallet::storage]
	pub type Simulators<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Simulator<BalanceOf<T>>, OptionQuery>;

	/// What must be simulated, for each proposal in the stage or past it.
	// `Identity`: the key is a number that the chain gives out.
	#[pallet::storage]
	pub type Rounds<T: Config> =
		StorageMap<_, Identity, ProposalId, Round<BlockNumberFor<T>>, OptionQuery>;

	/// What the simulators handed in, in the order of their commitments.
	#[pallet::storage]
	pub type Submissions<T: Config> = StorageMap<
		_,
		Identity,
		ProposalId,
		BoundedVec<Submission<T::AccountId>, T::MaxSeats>,
		ValueQuery,
	>;

	/// The report that each simulator revealed last, by its root: equal reports are stored once.
	#[pallet::storage]
	pub type Reports<T: Config> =
		StorageDoubleMap<_, Identity, ProposalId, Identity, H256, Report, OptionQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The first simulators and their organisations. Their accounts must own the bond.
		pub simulators: Vec<(T::AccountId, OrganisationId)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, organisation) in &self.simulators {
				assert!(
					Pallet::<T>::do_admit(who, *organisation).is_ok(),
					"simulators of the genesis are admitted once and own the bond"
				);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A simulator was admitted.
		Admitted {
			/// The simulator.
			simulator: T::AccountId,
			/// Its organisation.
			organisation: OrganisationId,
		},
		/// A simulator was removed; its bond is back.
		Removed {
			/// The simulator.
			simulator: T::AccountId,
		},
		/// A round began: what must be simulated is fixed.
		RoundOpened {
			/// Number of the proposal.
			id: ProposalId,
			/// Round of the proposal.
			round: u32,
			/// The last block to replay.
			anchor: BlockNumberFor<T>,
		},
		/// A simulator sealed its report.
		Committed {
			/// Number of the proposal.
			id: ProposalId,
			/// The simulator.
			simulator: T::AccountId,
		},
		/// A simulator showed its report.
		Revealed {
			/// Number of the proposal.
			id: ProposalId,
			/// The simulator.
			simulator: T::AccountId,
			/// Root of the report.
			report_root: H256,
			/// What it says.
			verdict: Verdict,
		},
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// The account is no registered simulator. The council admits simulators.
		NotSimulator,
		/// The account is a simulator already.
		AlreadyAdmitted,
		/// The proposal is not being simulated. Ask for its stage.
		NoRound,
		/// Commitments are not taken any more. Commit earlier in the next round.
		CommitOver,
		/// Reports are taken when the commit window has ended. Wait for it.
		StillCommitting,
		/// Reports are not taken any more.
		RevealOver,
		/// You have committed in this round already.
		AlreadyCommitted,
		/// Your organisation has committed in this round already.
		OrganisationHasSeat,
		/// All seats of this proposal are taken.
		NoSeatLeft,
		/// You have not committed in this round.
		NotCommitted,
		/// You have revealed your report already.
		AlreadyRevealed,
		/// Report and salt do not open your commitment. Use those you committed with, under your account.
		CommitmentMismatch,
		/// The report is about another chain, candidate, anchor or number of blocks than this round.
		OtherSubject,
		/// The report lacks a section that the chain requires, or its sections are not sorted.
		SectionMissing,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Admits a simulator and holds its bond.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Errors
		/// [`Error::AlreadyAdmitted`], or the currency's, if the account does not own the bond.
		///
		/// ## Events
		/// [`Event::Admitted`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::admit())]
		pub fn admit(
			origin: OriginFor<T>,
			simulator: T::AccountId,
			organisation: OrganisationId,
		) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			Self::do_admit(&simulator, organisation)?;
			Self::deposit_event(Event::Admitted {
				simulator,
				organisation,
			});
			Ok(())
		}

		/// Removes a simulator and returns its bond. What it handed in stays.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Errors
		/// [`Error::NotSimulator`].
		///
		/// ## Events
		/// [`Event::Removed`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, simulator: T::AccountId) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			let entry = Simulators::<T>::take(&simulator).ok_or(Error::<T>::NotSimulator)?;
			let reason = HoldReason::SimulatorBond.into();
			T::Currency::release(&reason, &simulator, entry.bond, Precision::BestEffort)?;
			Self::deposit_event(Event::Removed { simulator });
			Ok(())
		}

		/// Seals a report.
		///
		/// ## Dispatch Origin
		/// Signed: a registered simulator.
		///
		/// ## Details
		/// The commitment is `domain_hash(Domain::Simulation, SealedReport)`. Keep report and salt: both are
		/// needed to reveal.
		///
		/// ## Errors
		/// [`Error::NotSimulator`], [`Error::NoRound`], [`Error::CommitOver`], [`Error::AlreadyCommitted`],
		/// [`Error::OrganisationHasSeat`], [`Error::NoSeatLeft`], or if the account acts in another role.
		///
		/// ## Events
		/// [`Event::Committed`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(origin: OriginFor<T>, id: ProposalId, commitment: H256) -> DispatchResult {
			let simulator = ensure_signed(origin)?;
			let organisation = Simulators::<T>::get(&simulator)
				.ok_or(Error::<T>::NotSimulator)?
				.organisation;
			let round = Rounds::<T>::get(id).ok_or(Error::<T>::NoRound)?;
			let now = frame_system::Pallet::<T>::block_number();
			ensure!(now < round.commit_until, Error::<T>::CommitOver);
			Submissions::<T>::try_mutate(id, |submissions| {
				for other in submissions.iter() {
					ensure!(other.simulator != simulator, Error::<T>::AlreadyCommitted);
					ensure!(
						other.organisation != organisation,
						Error::<T>::OrganisationHasSeat
					);
				}
				ensure!(
					(submissions.len() as u32) < round.seats,
					Error::<T>::NoSeatLeft
				);
				submissions
					.try_push(Submission {
						simulator: simulator.clone(),
						organisation,
						commitment,
						revealed: None,
					})
					.map_err(|_| Error::<T>::NoSeatLeft)
			})?;
			T::Roles::claim(id, &simulator, Some(organisation), Role::Simulator)?;
			Self::deposit_event(Event::Committed { id, simulator });
			Ok(())
		}

		/// Shows a sealed report.
		///
		/// ## Dispatch Origin
		/// Signed: a simulator that committed in this round.
		///
		/// ## Errors
		/// [`Error::NoRound`], [`Error::StillCommitting`], [`Error::RevealOver`], [`Error::NotCommitted`],
		/// [`Error::AlreadyRevealed`], [`Error::CommitmentMismatch`], [`Error::OtherSubject`],
		/// [`Error::SectionMissing`].
		///
		/// ## Events
		/// [`Event::Revealed`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::reveal())]
		pub fn reveal(
			origin: OriginFor<T>,
			id: ProposalId,
			report: Report,
			salt: [u8; 32],
		) -> DispatchResult {
			let simulator = ensure_signed(origin)?;
			let round = Rounds::<T>::get(id).ok_or(Error::<T>::NoRound)?;
			let now = frame_system::Pallet::<T>::block_number();
			ensure!(now >= round.commit_until, Error::<T>::StillCommitting);
			ensure!(now < round.reveal_until, Error::<T>::RevealOver);
			let report_root = report.root();
			let verdict = report.verdict();
			Submissions::<T>::try_mutate(id, |submissions| {
				let submission = submissions
					.iter_mut()
					.find(|s| s.simulator == simulator)
					.ok_or(Error::<T>::NotCommitted)?;
				ensure!(submission.revealed.is_none(), Error::<T>::AlreadyRevealed);
				let sealed = SealedReport {
					genesis: Self::genesis(),
					dossier_hash: round.dossier_hash,
					simulator: simulator.clone(),
					round: round.round,
					report_root,
					salt,
				};
				ensure!(
					submission.commitment == domain_hash(Domain::Simulation, &sealed),
					Error::<T>::CommitmentMismatch
				);
				submission.revealed = Some((report_root, verdict));
				Ok::<_, DispatchError>(())
			})?;
			ensure!(
				Self::is_about(&report.config, &round),
				Error::<T>::OtherSubject
			);
			ensure!(
				report.is_complete(&REQUIRED_SECTIONS),
				Error::<T>::SectionMissing
			);
			Reports::<T>::insert(id, report_root, report);
			Self::deposit_event(Event::Revealed {
				id,
				simulator,
				report_root,
				verdict,
			});
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	fn do_admit(who: &T::AccountId, organisation: OrganisationId) -> DispatchResult {
		ensure!(
			!Simulators::<T>::contains_key(who),
			Error::<T>::AlreadyAdmitted
		);
		let bond = T::Bond::get();
		T::Currency::hold(&HoldReason::SimulatorBond.into(), who, bond)?;
		Simulators::<T>::insert(who, Simulator { organisation, bond });
		Ok(())
	}

	fn genesis() -> H256 {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}

	/// True if a report says of itself that it is about this round. The engine's version is left to
	/// agreement: different engines make different roots.
	fn is_about(config: &SimConfig, round: &Round<BlockNumberFor<T>>) -> bool {
		config.schema == SCHEMA
			&& config.genesis == Self::genesis()
			&& config.parent_code == round.parent_code
			&& config.candidate == round.candidate
			&& config.rollback == round.rollback
			&& config.anchor == UniqueSaturatedInto::<u32>::unique_saturated_into(round.anchor)
			&& config.anchor_hash == round.anchor_hash
			&& config.blocks == round.blocks
	}

	/// The verdict of a round in which nothing more will come.
	fn decide(
		round: &Round<BlockNumberFor<T>>,
		submissions: &[Submission<T::AccountId>],
	) -> GateStatus<BlockNumberFor<T>> {
		let mut agreeing = BTreeMap::<(H256, bool), u32>::new();
		for (root, verdict) in submissions.iter().filter_map(|s| s.revealed) {
			let count = agreeing
				.entry((root, verdict == Verdict::Pass))
				.or_default();
			*count = count.saturating_add(1);
		}
		let enough = agreeing.iter().find(|(_, count)| **count >= round.required);
		match enough {
			Some(((_, true), _)) => GateStatus::Passed,
			Some(((_, false), _)) => GateStatus::Failed(Failure::SimulationFailed),
			None if agreeing.len() > 1 => GateStatus::Failed(Failure::ReportsDisagree),
			None => GateStatus::Failed(Failure::TooFewReports),
		}
	}

	/// How far the round of a proposal is.
	pub fn progress(id: ProposalId) -> Option<Progress> {
		let round = Rounds::<T>::get(id)?;
		let submissions = Submissions::<T>::get(id);
		let reveals = submissions.iter().filter(|s| s.revealed.is_some()).count();
		Some(Progress {
			commits: submissions.len() as u32,
			reveals: reveals as u32,
			required: round.required,
			seats: round.seats,
		})
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		for (id, submissions) in Submissions::<T>::iter() {
			let round = Rounds::<T>::get(id).ok_or("submissions of no round")?;
			ensure!(
				submissions.len() as u32 <= round.seats,
				"more submissions than seats"
			);
			// One seat for each account and each organisation.
			let mut accounts: Vec<_> = submissions.iter().map(|s| s.simulator.clone()).collect();
			let mut organisations: Vec<_> = submissions.iter().map(|s| s.organisation).collect();
			accounts.sort();
			accounts.dedup();
			organisations.sort();
			organisations.dedup();
			ensure!(
				accounts.len() == submissions.len(),
				"an account has two seats"
			);
			ensure!(
				organisations.len() == submissions.len(),
				"an organisation has two seats"
			);
			// What was revealed is there to read.
			for (root, verdict) in submissions.iter().filter_map(|s| s.revealed) {
				let report = Reports::<T>::get(id, root).ok_or("revealed report is gone")?;
				ensure!(
					report.root() == root && report.verdict() == verdict,
					"report is not its root"
				);
			}
		}
		for (id, _) in Reports::<T>::iter_keys() {
			ensure!(Rounds::<T>::contains_key(id), "report of no round");
		}
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
		// Evidence of an earlier round is about another dossier.
		Self::clear(id);
		let policy = &policy.simulation;
		let anchor = now.saturating_sub(One::one());
		let rollback = match &about.dossier.rollback {
			Rollback::Dedicated(code) => Some(code.hash),
			Rollback::PreviousCode | Rollback::Irreversible => None,
		};
		let commit_until = now.saturating_add(policy.commit_window);
		Rounds::<T>::insert(
			id,
			Round {
				round: about.round,
				dossier_hash: about.hash,
				candidate: about.dossier.code.hash,
				parent_code: about.dossier.parent_code_hash,
				rollback,
				anchor,
				anchor_hash: frame_system::Pallet::<T>::parent_hash(),
				blocks: policy.replay_blocks.min(anchor.saturated_into()),
				commit_until,
				reveal_until: commit_until.saturating_add(policy.reveal_window),
				required: policy.required,
				seats: policy.seats.min(T::MaxSeats::get()),
			},
		);
		Self::deposit_event(Event::RoundOpened {
			id,
			round: about.round,
			anchor,
		});
		Ok(())
	}

	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(round) = Rounds::<T>::get(id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if now < round.commit_until {
			return GateStatus::Pending {
				until: round.commit_until,
			};
		}
		let submissions = Submissions::<T>::get(id);
		let all_revealed = submissions.iter().all(|s| s.revealed.is_some());
		if now < round.reveal_until && !all_revealed {
			return GateStatus::Pending {
				until: round.reveal_until,
			};
		}
		Self::decide(&round, &submissions)
	}

	fn close(id: ProposalId) {
		// Evidence stays readable until the proposal ends; only the windows are over.
		let now = frame_system::Pallet::<T>::block_number();
		Rounds::<T>::mutate_extant(id, |round| {
			round.commit_until = round.commit_until.min(now);
			round.reveal_until = round.reveal_until.min(now);
		});
	}

	fn clear(id: ProposalId) {
		Rounds::<T>::remove(id);
		Submissions::<T>::remove(id);
		// At most one for each seat.
		Reports::<T>::drain_prefix(id).for_each(drop);
	}
}
