//! # Simulations
//!
//! Independent simulators run the exact candidate over real history and say on chain what they saw.
//!
//! ## Overview
//!
//! When the stage opens, the chain fixes what must be simulated: the candidate, the rollback code, and the
//! blocks that end at the *anchor*, the block before the stage opened. Simulators first seal their report
//! ([`commit`](Pallet::commit)). When no seal is taken any more, the hash of a block draws leaves for each of them,
//! which it opens when it shows its report ([`reveal`](Pallet::reveal)). The stage passes when enough of them show
//! the identical report and it says [`Verdict::Pass`]. A round that ends without a result is tried once more.
//!
//! A report with a leaf that contradicts the chain costs everybody who revealed it the bond, for as long as the
//! proposal is open ([`challenge`](Pallet::challenge)).
//!
//! ## Implementation details
//!
//! - The seal binds the report's root to chain, dossier, account, round and attempt, and hides it behind a salt: a
//!   copied commitment cannot be opened by whoever copied it, and an old one is worth nothing.
//! - The call names round and attempt as well: a commitment that comes too late is refused. The next attempt would take
//!   what nobody can open in it, and fine an honest simulator.
//! - The dossier's scope is part of the subject: a switch that touches another pallet makes a report fail.
//! - A report carries its own subject ([`SimConfig`](airlock_report::SimConfig)); one about anything else than the
//!   round is refused. So is one that leaves out a block, a check, or, if it passes, a switch.
//! - The verdict is no claim of the simulator but follows from the report's sums.
//! - The seed is the hash of a block, so its author has some influence on it: it may give up its block. It cannot
//!   choose leaves, and the reports are sealed by then.
//! - Only a pass ends a round before its windows do: whatever else ends it drops the reports, and with them what
//!   a challenge could prove.
//! - What is proven with a header asks for no hash of an old block: between replay and reveal lie days, and
//!   `frame_system` forgets. The report has to be a chain of its own that ends in the anchor, whose hash the round
//!   keeps; where it breaks, two leaves and one header show it ([`Evidence`]).
//! - Whoever challenges needs the leaves. Those that the chain drew are in the reveals, the others only with who
//!   simulated. The draw does not ask for the leaf of the next block as well: of a chain that breaks once, it would
//!   nearly never hit the break.
//! - A challenge can be copied from the transaction pool, and with it the reward. Liars pay the same, and an honest
//!   simulator whose proof was copied loses a fee at most; so no second seal protects the proof.
//! - The hook of the stage machine polls a round at the edges of its windows only. Each poll is bounded by
//!   [`Config::MaxSeats`].
//!
//! The crate is split by concern: `types` what is stored, `round` windows and agreement, `evidence` what is
//! checked of reports, `bonds` who pays.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod bonds;
mod evidence;
#[cfg(test)]
mod mock;
mod round;
#[cfg(test)]
mod tests;
pub mod types;
pub mod weights;

pub use evidence::{Evidence, MAX_HEADER_LEN, REQUIRED_SECTIONS};
pub use pallet::*;
pub use round::EXTENSIONS;
pub use types::{Answer, BalanceOf, Progress, Round, Simulator, Standing, Submission};
pub use weights::WeightInfo;

use airlock_primitives::{
	domain_hash, Domain, Failure, Lifecycle, OrganisationId, ProposalId, Role, Roles,
};
use airlock_report::{Openings, Report, SealedReport, Verdict};
use alloc::vec::Vec;
use frame_support::{dispatch::Pays, pallet_prelude::*, traits::fungible::MutateHold};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{Saturating, Zero};

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
		/// What a simulator pays that committed and did not reveal in time. Burnt; at most [`Config::Bond`].
		#[pallet::constant]
		type NoShowFine: Get<BalanceOf<Self>>;
		/// Keeps roles apart.
		type Roles: Roles<Self::AccountId>;
		/// Stops a proposal that passed on a false report.
		type Lifecycle: Lifecycle;
		/// Most simulators on one proposal.
		#[pallet::constant]
		type MaxSeats: Get<u32>;
		/// Weights.
		type WeightInfo: WeightInfo;
		/// The runtime around this pallet, for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: airlock_primitives::benchmarking::BenchmarkHelper<Self::AccountId>;
	}

	/// Why an amount is held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Bond of a simulator.
		#[codec(index = 0)]
		SimulatorBond,
	}

	/// Registered simulators, and former ones that still have a seat on an open proposal. Each was admitted and
	/// paid a bond.
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

	/// The reports that count, by their root: equal ones are stored once.
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
		/// A simulator is registered no more; what was left of its bond is back.
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
		/// A simulator was removed while it has seats. It takes no other, and its bond is back when the last of
		/// these proposals ends.
		Leaving {
			/// The simulator.
			simulator: T::AccountId,
		},
		/// A simulator's bond is whole again.
		ToppedUp {
			/// The simulator.
			simulator: T::AccountId,
			/// What was added.
			added: BalanceOf<T>,
		},
		/// No commitment is taken any more. Each simulator now knows which leaves it must open.
		SeedDrawn {
			/// Number of the proposal.
			id: ProposalId,
			/// What the leaves are drawn with.
			seed: H256,
			/// The first block in which no report is taken.
			reveal_until: BlockNumberFor<T>,
		},
		/// A round ended without a result and starts again. What was handed in is void.
		Extended {
			/// Number of the proposal.
			id: ProposalId,
			/// The attempt that begins.
			attempt: u8,
			/// Why the last one had no result.
			why: Failure,
		},
		/// A simulator committed and did not reveal in time.
		NotRevealed {
			/// Number of the proposal.
			id: ProposalId,
			/// The simulator.
			simulator: T::AccountId,
			/// What was burnt of its bond.
			fined: BalanceOf<T>,
		},
		/// A report was proven false. It counts no more.
		FalseReportProven {
			/// Number of the proposal.
			id: ProposalId,
			/// Root of the report.
			report_root: H256,
			/// Who proved it.
			challenger: T::AccountId,
		},
		/// A simulator that revealed a false report was expelled and lost its bond.
		Slashed {
			/// Number of the proposal.
			id: ProposalId,
			/// The simulator.
			simulator: T::AccountId,
			/// What went to the challenger.
			rewarded: BalanceOf<T>,
			/// What was burnt.
			burnt: BalanceOf<T>,
		},
		/// The proposal passed on a report that was proven false, and could not be stopped any more: its code
		/// is written.
		TooLateToStop {
			/// Number of the proposal.
			id: ProposalId,
		},
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// The account is no registered simulator. The council admits simulators.
		NotSimulator,
		/// The account is a simulator already. Nothing is to be done.
		AlreadyAdmitted,
		/// The proposal is not being simulated. Ask for its stage.
		NoRound,
		/// Commitments are not taken any more. Commit earlier in the next round.
		CommitOver,
		/// Reports are taken when the commit window has ended. Wait for it.
		StillCommitting,
		/// Reports are not taken any more. Reveal earlier in the next round.
		RevealOver,
		/// You have committed in this round already. Reveal that report when commitments are over.
		AlreadyCommitted,
		/// Your organisation has committed in this round already. One account acts for an organisation: leave it to that
		/// one.
		OrganisationHasSeat,
		/// All seats of this proposal are taken. Commit earlier in another proposal's simulation.
		NoSeatLeft,
		/// You have not committed in this round. Only what was committed is revealed: commit in the next round.
		NotCommitted,
		/// You have revealed your report already. Nothing is to be done.
		AlreadyRevealed,
		/// Report and salt do not open your commitment. Use those you committed with, under your account.
		CommitmentMismatch,
		/// The report is about another chain, candidate, anchor, scope or number of blocks than this round. Simulate what
		/// the round asks for.
		OtherSubject,
		/// The report lacks a section that the chain requires, or its sections are not sorted. Use an engine of the version
		/// that the chain asks for.
		SectionMissing,
		/// The report leaves out a check, a block, or a switch. Simulate the whole subject of the round.
		LeavesMissing,
		/// The council has removed this simulator. It can be admitted again when the proposals have ended on which
		/// it has a seat.
		Leaving,
		/// This simulator revealed a false report. It can be admitted again when the proposals have ended on which
		/// it has a seat.
		Expelled,
		/// Less than half of the bond is left. Top it up.
		BondTooLow,
		/// The bond is whole. There is nothing to add.
		BondFull,
		/// The chain has not drawn yet which leaves you must open. Wait one block.
		SeedNotDrawn,
		/// Leaves were drawn that are not opened. Open all of `samples`, in its order.
		TooFewOpenings,
		/// More leaves are opened than were drawn. Open those of `samples`, in its order.
		TooManyOpenings,
		/// A leaf is opened that was not drawn for you. Open those of `samples`, in its order.
		OpeningNotDrawn,
		/// The opening is of a section that the report does not have. Open the leaves that were drawn.
		OpeningWithoutSection,
		/// The section has no leaf of this index. Open the leaves that were drawn.
		OpeningOutOfRange,
		/// The proof has another length than one for this index in a section of this size. Make it from the leaves of this
		/// report.
		ProofLengthWrong,
		/// The proof does not lead to the section's root. Prove the leaf at this index from the same leaves.
		ProofRootWrong,
		/// The section's sums or count are not those of its tree. Make the report and its openings from the same leaves.
		ProofSumsWrong,
		/// The leaf belongs to another section. Open the leaves that were drawn.
		LeafOfOtherSection,
		/// The leaf is about another block than the one of its index. Simulate the blocks that the round asks for.
		LeafOfOtherBlock,
		/// The leaf's block has another hash on this chain. Replay the blocks of this chain.
		LeafOfOtherHash,
		/// The leaf contradicts the report's own subject; no engine writes it. Use an engine that was not altered.
		LeafImpossible,
		/// No report that counts has this root. It may have been proven false already.
		NoReport,
		/// The evidence contradicts nothing. If a root is wrong, show the block's header; if a hash is wrong, the leaf
		/// and the header of the next block.
		NothingProven,
		/// The header is longer than [`MAX_HEADER_LEN`] bytes. No header of this chain is that long: take it from a node.
		HeaderTooLong,
		/// The header has another hash than the leaf. Show the header of the block that the leaf names by its hash; if
		/// there is none, the first wrong hash is in a leaf of a later block.
		HeaderNotOfLeaf,
		/// The same report was revealed by another simulator and proven false. It cannot be revealed again.
		ProvenFalse,
		/// The second leaf is not that of the block after the first one's. Open two neighbours, the older one first.
		LeavesNotAdjacent,
		/// Another attempt, or another round, is open than the one you commit to. Commit again to what is asked for now:
		/// another attempt takes the same report, another round a new simulation.
		OtherAttempt,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MaxSeats::get() > 0, "nobody could simulate");
			assert!(
				T::NoShowFine::get() <= T::Bond::get(),
				"the fine is paid from the bond"
			);
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Admits a simulator and holds its bond.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Errors
		/// [`Error::AlreadyAdmitted`], [`Error::Leaving`] or [`Error::Expelled`] if it still has seats from before,
		/// or the currency's, if the account does not own the bond.
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

		/// Removes a simulator. What it handed in stays.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Details
		/// Returns the bond at once if the simulator has no seat on an open proposal. Otherwise it takes no other
		/// seat, may still reveal, and the bond is back when the last of these proposals ends: nobody takes it out
		/// of reach of a challenge.
		///
		/// ## Errors
		/// [`Error::NotSimulator`]; [`Error::Leaving`], [`Error::Expelled`] if it is on its way out already.
		///
		/// ## Events
		/// [`Event::Removed`] or [`Event::Leaving`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, simulator: T::AccountId) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			let mut entry = Simulators::<T>::get(&simulator).ok_or(Error::<T>::NotSimulator)?;
			if entry.active.is_zero() {
				return Self::dismiss(&simulator, &entry);
			}
			Self::ensure_serving(&entry)?;
			entry.standing = Standing::Leaving;
			Simulators::<T>::insert(&simulator, entry);
			Self::deposit_event(Event::Leaving { simulator });
			Ok(())
		}

		/// Seals a report for one attempt.
		///
		/// ## Dispatch Origin
		/// Signed: a registered simulator with at least half of its bond.
		///
		/// ## Details
		/// The commitment is `domain_hash(Domain::Simulation, SealedReport)`, with the same `round` and `attempt`: those
		/// of [`Rounds`]. One that comes too late is not taken for the attempt after it. Keep report, salt and all
		/// leaves: they are needed to reveal. Who commits and does not reveal pays [`Config::NoShowFine`].
		///
		/// ## Errors
		/// In this order:
		/// - Not you: [`Error::NotSimulator`], [`Error::Leaving`], [`Error::Expelled`], [`Error::BondTooLow`].
		/// - Not now: [`Error::NoRound`], [`Error::CommitOver`] whatever attempt is named, then
		///   [`Error::OtherAttempt`].
		/// - No seat: [`Error::AlreadyCommitted`], [`Error::OrganisationHasSeat`], [`Error::NoSeatLeft`], or if the
		///   account acts in another role.
		///
		/// ## Events
		/// [`Event::Committed`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(
			origin: OriginFor<T>,
			id: ProposalId,
			round: u32,
			attempt: u8,
			commitment: H256,
		) -> DispatchResult {
			let simulator = ensure_signed(origin)?;
			let mut entry = Simulators::<T>::get(&simulator).ok_or(Error::<T>::NotSimulator)?;
			Self::ensure_serving(&entry)?;
			Self::ensure_bonded(&entry)?;
			let open = Rounds::<T>::get(id).ok_or(Error::<T>::NoRound)?;
			let now = frame_system::Pallet::<T>::block_number();
			let taken = !open.closed && now < open.commit_until;
			ensure!(taken, Error::<T>::CommitOver);
			let is_open = (round, attempt) == (open.round, open.attempt);
			ensure!(is_open, Error::<T>::OtherAttempt);
			let organisation = entry.organisation;
			Self::take_seat(id, open.seats, &simulator, organisation, commitment)?;
			T::Roles::claim(id, &simulator, Some(organisation), Role::Simulator)?;
			entry.active.saturating_inc();
			Simulators::<T>::insert(&simulator, entry);
			Self::deposit_event(Event::Committed { id, simulator });
			Ok(())
		}

		/// Shows a sealed report, and the leaves that were drawn for this simulator.
		///
		/// ## Dispatch Origin
		/// Signed: a simulator that committed in this attempt.
		///
		/// ## Details
		/// `openings` are `airlock_report::openings(leaves, samples(seed, SCALE(account), report))`, where `seed` is
		/// that of [`Rounds`].
		///
		/// ## Errors
		/// - Too early or too late: [`Error::NoRound`], [`Error::StillCommitting`], [`Error::SeedNotDrawn`],
		///   [`Error::RevealOver`].
		/// - Not yours to reveal: [`Error::NotCommitted`], [`Error::AlreadyRevealed`], [`Error::Expelled`],
		///   [`Error::CommitmentMismatch`], [`Error::ProvenFalse`].
		/// - Not what was asked for: [`Error::OtherSubject`], [`Error::SectionMissing`], [`Error::LeavesMissing`].
		/// - Not the drawn leaves: [`Error::TooFewOpenings`], [`Error::TooManyOpenings`],
		///   [`Error::OpeningNotDrawn`].
		/// - Not in the report: [`Error::ProofLengthWrong`], [`Error::ProofRootWrong`],
		///   [`Error::ProofSumsWrong`].
		/// - A lie: [`Error::LeafOfOtherSection`], [`Error::LeafOfOtherBlock`], [`Error::LeafOfOtherHash`],
		///   [`Error::LeafImpossible`].
		///
		/// ## Events
		/// [`Event::Revealed`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::reveal(airlock_report::tree::MAX_PROOF))]
		pub fn reveal(
			origin: OriginFor<T>,
			id: ProposalId,
			report: Report,
			salt: [u8; 32],
			openings: Openings,
		) -> DispatchResult {
			let simulator = ensure_signed(origin)?;
			let round = Rounds::<T>::get(id).ok_or(Error::<T>::NoRound)?;
			let seed = Self::ensure_revealing(&round)?;
			let (report_root, verdict) = (report.root(), report.verdict());
			let sealed = SealedReport {
				genesis: Self::genesis(),
				dossier_hash: round.dossier_hash,
				simulator: simulator.clone(),
				round: round.round,
				attempt: round.attempt,
				report_root,
				salt,
			};
			let revealed = Answer::Revealed {
				root: report_root,
				verdict,
			};
			Self::answer(id, &sealed, revealed)?;
			Self::ensure_admissible(&report, &round)?;
			Self::ensure_opened(&seed, &simulator, &round, &report, &openings)?;
			Reports::<T>::insert(id, report_root, report);
			Self::deposit_event(Event::Revealed {
				id,
				simulator,
				report_root,
				verdict,
			});
			Ok(())
		}

		/// Proves that a revealed report is false.
		///
		/// ## Dispatch Origin
		/// Signed: anyone. Free if it proves something.
		///
		/// ## Details
		/// `evidence` shows what no honest simulator can have written:
		/// - [`Evidence::Leaf`]: a leaf of another section, about another block than the one of its index, with another
		///   hash than that block has on this chain as far as it is known, or in contradiction to the report's subject.
		/// - [`Evidence::Header`]: a block with another number, state root or extrinsics root than the header with its
		///   hash.
		/// - [`Evidence::Parent`]: a block whose hash is not the parent of the next one.
		///
		/// No header needs a hash that this chain knows. To find the evidence, go down from the anchor: the first leaf
		/// with another hash than the block's is proven by the leaf above it and that one's header.
		///
		/// Everybody who revealed the report is expelled and loses the bond: half of it, rounded down, to the
		/// challenger, the rest is burnt. If the challenger or its organisation is one of them, all is burnt. The
		/// report counts no more; if the stage has passed and too few identical passing reports are left, the
		/// proposal is stopped, unless its code is written.
		///
		/// ## Errors
		/// [`Error::NoRound`], [`Error::NoReport`], [`Error::NothingProven`], [`Error::HeaderTooLong`],
		/// [`Error::HeaderNotOfLeaf`], [`Error::LeavesNotAdjacent`]; if a leaf is not in the report
		/// [`Error::OpeningWithoutSection`], [`Error::OpeningOutOfRange`], [`Error::ProofLengthWrong`],
		/// [`Error::ProofRootWrong`], [`Error::ProofSumsWrong`].
		///
		/// ## Events
		/// [`Event::FalseReportProven`], an [`Event::Slashed`] for each liar, and [`Event::TooLateToStop`] if the
		/// proposal should have been stopped and could not.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::challenge(T::MaxSeats::get()))]
		pub fn challenge(
			origin: OriginFor<T>,
			id: ProposalId,
			report_root: H256,
			evidence: Evidence<HeaderFor<T>>,
		) -> DispatchResultWithPostInfo {
			let challenger = ensure_signed(origin)?;
			let round = Rounds::<T>::get(id).ok_or(Error::<T>::NoRound)?;
			let report = Reports::<T>::get(id, report_root).ok_or(Error::<T>::NoReport)?;
			Self::ensure_false(&round, &report, &evidence)?;
			Self::punish(id, report_root, &challenger)?;
			Self::deposit_event(Event::FalseReportProven {
				id,
				report_root,
				challenger,
			});
			// Last: it may end the proposal, and with it everything that is stored of the round.
			Self::stop_if_unsupported(id, &round);
			Ok(Pays::No.into())
		}

		/// Fills a bond up to [`Config::Bond`].
		///
		/// ## Dispatch Origin
		/// Signed: a registered simulator.
		///
		/// ## Errors
		/// [`Error::NotSimulator`], [`Error::Leaving`], [`Error::Expelled`], [`Error::BondFull`], or the currency's,
		/// if the account does not own what is missing.
		///
		/// ## Events
		/// [`Event::ToppedUp`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::top_up())]
		pub fn top_up(origin: OriginFor<T>) -> DispatchResult {
			let simulator = ensure_signed(origin)?;
			let mut entry = Simulators::<T>::get(&simulator).ok_or(Error::<T>::NotSimulator)?;
			Self::ensure_serving(&entry)?;
			let added = T::Bond::get().saturating_sub(entry.bond);
			ensure!(!added.is_zero(), Error::<T>::BondFull);
			T::Currency::hold(&HoldReason::SimulatorBond.into(), &simulator, added)?;
			entry.bond.saturating_accrue(added);
			Simulators::<T>::insert(&simulator, entry);
			Self::deposit_event(Event::ToppedUp { simulator, added });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The seed of a round in which reports are taken now.
	fn ensure_revealing(round: &Round<BlockNumberFor<T>>) -> Result<H256, Error<T>> {
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(!round.closed, Error::<T>::RevealOver);
		ensure!(now >= round.commit_until, Error::<T>::StillCommitting);
		let seed = round.seed.ok_or(Error::<T>::SeedNotDrawn)?;
		ensure!(now < round.reveal_until, Error::<T>::RevealOver);
		Ok(seed)
	}

	/// Puts the answer to a commitment that this opens.
	fn answer(
		id: ProposalId,
		sealed: &SealedReport<T::AccountId>,
		answer: Answer,
	) -> DispatchResult {
		Submissions::<T>::try_mutate(id, |submissions| {
			let root = sealed.report_root;
			let known_lie = submissions
				.iter()
				.any(|s| s.answer == Answer::False { root });
			let submission = submissions
				.iter_mut()
				.find(|s| s.simulator == sealed.simulator)
				.ok_or(Error::<T>::NotCommitted)?;
			ensure!(
				submission.answer == Answer::Sealed,
				Error::<T>::AlreadyRevealed
			);
			// Without a bond there is nothing to lose.
			let expelled = Simulators::<T>::get(&sealed.simulator)
				.is_none_or(|entry| entry.standing == Standing::Expelled);
			ensure!(!expelled, Error::<T>::Expelled);
			ensure!(
				submission.commitment == domain_hash(Domain::Simulation, sealed),
				Error::<T>::CommitmentMismatch
			);
			// Who has sealed it as well shows nothing then, and pays for that.
			ensure!(!known_lie, Error::<T>::ProvenFalse);
			submission.answer = answer;
			Ok(())
		})
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		let mut seats = alloc::collections::BTreeMap::<T::AccountId, u32>::new();
		for (id, submissions) in Submissions::<T>::iter() {
			let round = Rounds::<T>::get(id).ok_or("submissions of no round")?;
			Self::try_submissions(id, &round, &submissions)?;
			for submission in submissions {
				seats
					.entry(submission.simulator)
					.or_default()
					.saturating_inc();
			}
		}
		for (id, root) in Reports::<T>::iter_keys() {
			// Nobody's report is stored: it was dropped with the last simulator that revealed it.
			let counts = Submissions::<T>::get(id)
				.iter()
				.any(|s| s.report().is_some_and(|(of, _)| of == root));
			ensure!(counts, "report of nobody");
		}
		for round in Rounds::<T>::iter_values() {
			ensure!(round.attempt <= EXTENSIONS, "more extensions than allowed");
			ensure!(
				round.commit_until <= round.reveal_until,
				"reports before commitments"
			);
		}
		Self::try_simulators(&seats)
	}

	#[cfg(any(feature = "std", test))]
	fn try_submissions(
		id: ProposalId,
		round: &Round<BlockNumberFor<T>>,
		submissions: &[Submission<T::AccountId>],
	) -> Result<(), sp_runtime::TryRuntimeError> {
		use alloc::collections::BTreeSet;
		ensure!(
			submissions.len() as u32 <= round.seats,
			"more submissions than seats"
		);
		// One seat for each account and each organisation.
		let accounts: BTreeSet<_> = submissions.iter().map(|s| &s.simulator).collect();
		let organisations: BTreeSet<_> = submissions.iter().map(|s| s.organisation).collect();
		ensure!(
			accounts.len() == submissions.len(),
			"an account has two seats"
		);
		ensure!(
			organisations.len() == submissions.len(),
			"an organisation has two seats"
		);
		for submission in submissions {
			// Nothing is revealed before it is known which leaves must be opened.
			ensure!(
				submission.answer == Answer::Sealed || round.seed.is_some(),
				"an answer before the draw"
			);
			// What counts is there to read.
			if let Some((root, verdict)) = submission.report() {
				let report = Reports::<T>::get(id, root).ok_or("revealed report is gone")?;
				ensure!(
					report.root() == root && report.verdict() == verdict,
					"report is not its root"
				);
			}
			// What is proven false is gone, and so is the bond of whoever revealed it.
			if let Answer::False { root } = submission.answer {
				ensure!(
					!Reports::<T>::contains_key(id, root),
					"false report is stored"
				);
				let expelled = Simulators::<T>::get(&submission.simulator)
					.is_some_and(|entry| entry.standing == Standing::Expelled);
				ensure!(expelled, "who revealed a false report is not expelled");
			}
		}
		Ok(())
	}

	#[cfg(any(feature = "std", test))]
	fn try_simulators(
		seats: &alloc::collections::BTreeMap<T::AccountId, u32>,
	) -> Result<(), sp_runtime::TryRuntimeError> {
		use frame_support::traits::fungible::InspectHold;
		ensure!(
			seats.keys().all(Simulators::<T>::contains_key),
			"a seat of an account that is no simulator"
		);
		for (who, entry) in Simulators::<T>::iter() {
			let taken = seats.get(&who).copied().unwrap_or_default();
			ensure!(entry.active == taken, "seats do not add up");
			// Who is on the way out stays for its seats only.
			ensure!(
				entry.standing == Standing::Serving || entry.active > 0,
				"a former simulator without a seat"
			);
			ensure!(
				entry.standing != Standing::Expelled || entry.bond.is_zero(),
				"an expelled simulator has a bond"
			);
			let held = T::Currency::balance_on_hold(&HoldReason::SimulatorBond.into(), &who);
			ensure!(held == entry.bond, "the bond is not what is held");
		}
		Ok(())
	}
}
