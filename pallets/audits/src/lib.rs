//! # Audits
//!
//! Auditors attest to a dossier; findings block it; a bounty pays for them.
//!
//! ## Overview
//!
//! The stage Review is never shorter than the policy says, and longer for a wide scope. It passes when enough
//! auditors approved the code and enough builders reproduced its exact bytes, each from an organisation of its
//! own, the bounty reached its minimum, and no High or Critical finding is open. Everybody may report findings,
//! at any stage until the proposal ends; a blocking one also stops the switch.
//!
//! ## A finding's way
//!
//! ```text
//! Open -> Confirmed -> Resolved     by a revision, and re-checked
//!      |           `-> Waived       by 90 % of the voting power
//!      |-> Dismissed, Duplicate
//! ```
//!
//! Auditors judge from the first review of a proposal on. One organisation confirms; what frees a blocked
//! upgrade (dismissing, calling it a duplicate, lowering, resolving) and what burns a deposit (`Spam`) takes two.
//! An auditor that holds a finding true and less severe than reported says so by [`Decision::ConfirmAs`].
//!
//! ## Implementation details
//!
//! - Everything said names a dossier's hash. A revision voids attestations, waivers and judgements, and keeps
//!   all findings: what was resolved or waived in one dossier stands again when another one is reviewed.
//! - An open finding blocks before anybody has judged it: better to wait than to be wrong. Its deposit, and an
//!   auditor's `Spam`, keep this from being free. A sealed one blocks alike.
//! - The word of somebody who answers for nothing must not block for ever. So [`OpenFindings::backed`] tells the findings
//!   apart behind which an auditor stands: late in the grace of a switch only these stop it.
//! - A finding that is worth a bounty is worth copying. Report it sealed and open it later: nobody can copy a seal,
//!   and the seal has the lower number.
//! - The pot of a bounty is the sum of the funders' holds; see `bounty.rs` for who pays what. The minimum is held
//!   against what was put in, so that a payment does not make a review fail.
//! - Attestations of [`Kind::Specification`] are counted and shown, and never required.
//! - The bond of an auditor is kept while it has an attestation on an open proposal.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod auditors;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod bounty;
mod findings;
mod gate;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_findings;
#[cfg(test)]
mod tests_money;
#[cfg(any(feature = "std", test))]
mod try_state;
pub mod types;
mod waivers;
pub mod weights;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use airlock_primitives::{
	ClassPolicy, Document, DossierRef, Electorate, Failure, GateStatus, Lifecycle, OpenFindings,
	OrganisationId, Power, ProposalId, Rewards, Role, Roles, StageGate,
};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use frame_support::{
	pallet_prelude::*,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision, Restriction},
	},
};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{CheckedDiv, One, Saturating, Zero};

/// Balance of the configured currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;
type FindingOf<T> = Finding<<T as frame_system::Config>::AccountId, BalanceOf<T>>;
type ReviewOf<T> = Review<<T as frame_system::Config>::AccountId, BlockNumberFor<T>, BalanceOf<T>>;
type WaiverOf<T> = Waiver<<T as frame_system::Config>::AccountId, <T as Config>::MaxValidators>;

#[frame_support::pallet]
pub mod pallet {
	use super::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = H256> {
		/// Who admits and removes auditors.
		type AdmitOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// Holds bonds, deposits and bounties.
		type Currency: MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;
		/// Bond of an auditor.
		#[pallet::constant]
		type Bond: Get<BalanceOf<Self>>;
		/// Deposit of a finding.
		#[pallet::constant]
		type FindingDeposit: Get<BalanceOf<Self>>;
		/// What must have been put into a bounty before a review passes. Frozen when the review opens.
		#[pallet::constant]
		type MinBounty: Get<BalanceOf<Self>>;
		/// The least that is put into a bounty at a time, so that slots of funders have a price.
		#[pallet::constant]
		type MinBountyPart: Get<BalanceOf<Self>>;
		/// Most funders of one bounty. The last slot is the proposer's.
		#[pallet::constant]
		type MaxFunders: Get<u32>;
		/// The validators of the running session, who may waive findings.
		type Electorate: Electorate<Self::AccountId>;
		/// Most validators of a session.
		#[pallet::constant]
		type MaxValidators: Get<u32>;
		/// The stage machine.
		type Lifecycle: Lifecycle;
		/// Keeps roles apart.
		type Roles: Roles<Self::AccountId>;
		/// Most attestations on one proposal.
		#[pallet::constant]
		type MaxAttestations: Get<u32>;
		/// Most findings on one proposal, at least 8. How they are shared out: [`Slots`].
		#[pallet::constant]
		type MaxFindings: Get<u32>;
		/// Blocks between admission and the first act, so that nobody is admitted for one review.
		#[pallet::constant]
		type CoolingPeriod: Get<BlockNumberFor<Self>>;
		/// Weights.
		type WeightInfo: WeightInfo;
		/// The runtime around this pallet, for benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: airlock_primitives::benchmarking::BenchmarkHelper<Self::AccountId>;
	}

	/// Why an amount is held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Deposit of a finding.
		#[codec(index = 0)]
		Finding,
		/// Bond of an auditor.
		#[codec(index = 1)]
		AuditorBond,
		/// Part of a bounty.
		#[codec(index = 2)]
		Bounty,
	}

	/// Registered auditors and builders. Each was admitted and pays a bond.
	#[pallet::storage]
	pub type Auditors<T: Config> = StorageMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Auditor<BlockNumberFor<T>, BalanceOf<T>>,
		OptionQuery,
	>;

	/// The reviews of open proposals.
	// `Identity`: the key is a number that the chain gives out.
	#[pallet::storage]
	pub type Reviews<T: Config> = StorageMap<_, Identity, ProposalId, ReviewOf<T>, OptionQuery>;

	/// Attestations on the current dossier of each proposal.
	#[pallet::storage]
	pub type Attestations<T: Config> = StorageMap<
		_,
		Identity,
		ProposalId,
		BoundedVec<Attestation<T::AccountId>, T::MaxAttestations>,
		ValueQuery,
	>;

	/// Findings, by proposal and number. At most [`Config::MaxFindings`] each, paid for by deposits.
	#[pallet::storage]
	pub type Findings<T: Config> =
		StorageDoubleMap<_, Identity, ProposalId, Identity, u32, FindingOf<T>, OptionQuery>;

	/// How many findings a proposal has had.
	#[pallet::storage]
	pub type FindingSlots<T> = StorageMap<_, Identity, ProposalId, Slots, ValueQuery>;

	/// How many findings block each proposal.
	#[pallet::storage]
	pub type Blocking<T> = StorageMap<_, Identity, ProposalId, u32, ValueQuery>;

	/// The bounty of each proposal.
	#[pallet::storage]
	pub type Bounties<T: Config> = StorageMap<
		_,
		Identity,
		ProposalId,
		BoundedVec<Part<T::AccountId, BalanceOf<T>>, T::MaxFunders>,
		ValueQuery,
	>;

	/// Validators behind the waiver of a finding that stands, until they are enough. At most one for each finding.
	#[pallet::storage]
	pub type Waivers<T: Config> =
		StorageDoubleMap<_, Identity, ProposalId, Identity, u32, WaiverOf<T>, OptionQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The first auditors and their organisations. They may act at once; their accounts must own the bond.
		pub auditors: Vec<(T::AccountId, OrganisationId)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, organisation) in &self.auditors {
				assert!(
					Pallet::<T>::do_admit(who, *organisation, Zero::zero()).is_ok(),
					"auditors of the genesis are admitted once and own the bond"
				);
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An auditor was admitted.
		Admitted {
			/// The auditor.
			auditor: T::AccountId,
			/// Its organisation.
			organisation: OrganisationId,
		},
		/// An auditor was removed; its bond is back.
		Removed {
			/// The auditor.
			auditor: T::AccountId,
		},
		/// An auditor acts no more. It is removed with its last attestation.
		Leaving {
			/// The auditor.
			auditor: T::AccountId,
		},
		/// An auditor has an interest in a proposal: it and its organisation do not judge it.
		ConflictDeclared {
			/// Number of the proposal.
			id: ProposalId,
			/// The auditor.
			auditor: T::AccountId,
			/// Its organisation.
			organisation: OrganisationId,
		},
		/// A review began.
		ReviewOpened {
			/// Number of the proposal.
			id: ProposalId,
			/// The first block in which it can pass.
			earliest: BlockNumberFor<T>,
			/// The block in which it fails if it did not pass.
			latest: BlockNumberFor<T>,
		},
		/// An auditor attested.
		Attested {
			/// Number of the proposal.
			id: ProposalId,
			/// The auditor.
			auditor: T::AccountId,
			/// What about.
			kind: Kind,
			/// What it says.
			opinion: Opinion,
		},
		/// An auditor took an attestation back.
		Retracted {
			/// Number of the proposal.
			id: ProposalId,
			/// The auditor.
			auditor: T::AccountId,
			/// What it was about.
			kind: Kind,
		},
		/// A finding was reported.
		FindingReported {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
			/// How bad it is.
			severity: Severity,
		},
		/// A finding was sealed: its text comes later.
		FindingSealed {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
			/// How bad it is.
			severity: Severity,
		},
		/// The text of a sealed finding is there.
		FindingOpened {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
		},
		/// An organisation judged a finding; another one has to agree.
		JudgementPending {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
			/// The organisation.
			organisation: OrganisationId,
			/// What it says.
			verdict: Verdict,
		},
		/// A finding was judged.
		FindingTriaged {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
			/// What was decided.
			decision: Decision,
		},
		/// A finding is gone in the current dossier.
		FindingResolved {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
		},
		/// A finding that was resolved or waived stands again: another dossier is reviewed.
		FindingReopened {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
		},
		/// A validator would take the upgrade with a finding.
		WaiverAdded {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
			/// The validator.
			validator: T::AccountId,
		},
		/// A validator took its waiver back.
		WaiverRetracted {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
			/// The validator.
			validator: T::AccountId,
		},
		/// The validators take the upgrade with a finding.
		FindingWaived {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the finding.
			finding: u32,
		},
		/// Somebody put an amount into a bounty.
		BountyFunded {
			/// Number of the proposal.
			id: ProposalId,
			/// Who.
			funder: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// Who found a fault was paid.
		BountyPaid {
			/// Number of the proposal.
			id: ProposalId,
			/// Number of the confirmed finding. None: it was shown on probation that an invariant is broken.
			finding: Option<u32>,
			/// The reporter.
			reporter: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// The account is no registered auditor. The council admits auditors.
		NotAuditor,
		/// The account is an auditor already. Nothing is to be done.
		AlreadyAdmitted,
		/// The auditor was admitted too short a time ago. Act after the cooling period.
		CoolingPeriod,
		/// The proposal is not under review. Ask for its stage.
		NotInReview,
		/// The proposal has another dossier. Read it, and attest to its hash.
		OtherDossier,
		/// Your organisation has attested to this already. Retract first, to say something else.
		OrganisationAlreadyAttested,
		/// As many attestations as the chain takes. Wait until one is retracted.
		TooManyAttestations,
		/// You have not attested to this. Look at the attestations that there are.
		NotAttested,
		/// The proposal is not open. Look at its outcome; what was to be said of it comes too late.
		NotOpen,
		/// The share of the slots that such findings of such accounts have is full. Report to an auditor directly: half
		/// of all slots are for auditors. When theirs are full, withhold the approval, or ask validators to stop.
		TooManyFindings,
		/// The proposal has no finding of this number. Look at the proposal's list of findings.
		NoFinding,
		/// Nobody judges a finding of their own, or of their own organisation. Leave it to another organisation.
		OwnFinding,
		/// The finding has been judged already. A revision opens it again, if it is not gone.
		AlreadyTriaged,
		/// Only a confirmed finding can be resolved. Triage it first.
		NotConfirmed,
		/// The dossier is still the one in which the finding was found. Only a revision resolves it.
		SameDossier,
		/// The auditor is leaving, and acts no more. The council can admit it again when its last proposal has ended.
		Leaving,
		/// Nobody judges a proposal of their own, or of their own organisation. Leave it to another organisation.
		OwnProposal,
		/// No review of the proposal has begun. Findings are judged from then on.
		NotReviewedYet,
		/// Your organisation has said this already. An auditor of another organisation has to agree.
		SecondOrganisationNeeded,
		/// A duplicate is of an earlier finding that is at least as severe and neither wrong nor a duplicate. Name that
		/// one, or dismiss the finding.
		NotOriginal,
		/// A finding is confirmed as less severe than it was reported, or by `Confirm`. Name a lower severity, or confirm
		/// it as it is.
		NotLower,
		/// Only the reporter opens a sealed finding. Sign with the account that sealed it.
		NotReporter,
		/// The finding is not sealed. Its text is open already.
		NotSealed,
		/// Document and salt do not open the seal. Use those you sealed with, under your account.
		CommitmentMismatch,
		/// The amount is less than [`Config::MinBountyPart`]. Put in at least that.
		BountyPartTooSmall,
		/// As many funders as the chain takes. Let one of them put in more.
		TooManyFunders,
		/// The account is no validator of the running session. Sign with a validator's account, or wait for the session in
		/// which it has a seat.
		NotValidator,
		/// You stand behind the waiver already. Others are missing.
		AlreadyWaived,
		/// You do not stand behind a waiver of this finding. There is nothing to take back.
		NotWaiving,
		/// More validators than [`Config::MaxValidators`]. This is a fault of the runtime: report it.
		TooManyWaivers,
		/// Only a finding that is open or confirmed can be waived. This one blocks nothing.
		NotStanding,
		/// Your organisation has as many findings on this proposal as one may have. Put more into one report.
		TooManyFindingsOfYours,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(
				T::MaxFindings::get() >= 8,
				"each share of the slots needs one"
			);
			assert!(T::MaxFunders::get() >= 1, "the proposer needs a slot");
			// A deposit also keeps the reporter's account alive, so that it can be paid.
			assert!(
				!T::FindingDeposit::get().is_zero(),
				"findings that block must not be free"
			);
			assert!(
				!T::MinBountyPart::get().is_zero(),
				"slots of funders must not be free"
			);
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Admits an auditor and holds its bond.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Details
		/// It may act after [`Config::CoolingPeriod`].
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
			auditor: T::AccountId,
			organisation: OrganisationId,
		) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			let acts_from = Self::now().saturating_add(T::CoolingPeriod::get());
			Self::do_admit(&auditor, organisation, acts_from)?;
			Self::deposit_event(Event::Admitted {
				auditor,
				organisation,
			});
			Ok(())
		}

		/// Removes an auditor and returns its bond. Its attestations stay.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Details
		/// An auditor with an attestation on an open proposal acts no more from now on, and is removed when it has
		/// none left: when the proposals are cleared or revised, or when it takes the attestations back.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::Leaving`] if it was removed before.
		///
		/// ## Events
		/// [`Event::Removed`] or [`Event::Leaving`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, auditor: T::AccountId) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			Self::do_remove(auditor)
		}

		/// Attests to a dossier.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, past its cooling period.
		///
		/// ## Details
		/// Names the dossier, so that an attestation counts for nothing else. One attestation of each kind for
		/// each organisation. Its bond is kept until the proposal ends, or the attestation is void.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::Leaving`], [`Error::CoolingPeriod`], [`Error::NotInReview`],
		/// [`Error::OtherDossier`], [`Error::OwnProposal`], [`Error::OrganisationAlreadyAttested`],
		/// [`Error::TooManyAttestations`], or if the account or its organisation acts in another role.
		///
		/// ## Events
		/// [`Event::Attested`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::attest())]
		pub fn attest(
			origin: OriginFor<T>,
			id: ProposalId,
			dossier_hash: H256,
			kind: Kind,
			opinion: Opinion,
			report: H256,
		) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			let organisation = Self::ensure_auditor(&auditor)?;
			let review = Reviews::<T>::get(id).ok_or(Error::<T>::NotInReview)?;
			ensure!(!review.closed, Error::<T>::NotInReview);
			ensure!(
				review.dossier_hash == dossier_hash,
				Error::<T>::OtherDossier
			);
			ensure!(
				!Self::is_proposer(&review.proposer, &auditor, Some(organisation)),
				Error::<T>::OwnProposal
			);
			T::Roles::claim(id, &auditor, Some(organisation), Role::Auditor)?;
			let attestation = Attestation {
				auditor: auditor.clone(),
				organisation,
				kind,
				opinion,
				report,
			};
			Self::do_attest(id, attestation)?;
			Self::deposit_event(Event::Attested {
				id,
				auditor,
				kind,
				opinion,
			});
			Ok(())
		}

		/// Takes an attestation back.
		///
		/// ## Dispatch Origin
		/// Signed: whoever attested.
		///
		/// ## Errors
		/// [`Error::NotInReview`], [`Error::NotAttested`].
		///
		/// ## Events
		/// [`Event::Retracted`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::retract())]
		pub fn retract(origin: OriginFor<T>, id: ProposalId, kind: Kind) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			let review = Reviews::<T>::get(id).ok_or(Error::<T>::NotInReview)?;
			ensure!(!review.closed, Error::<T>::NotInReview);
			Self::do_retract(id, &auditor, kind)?;
			Self::deposit_event(Event::Retracted { id, auditor, kind });
			Ok(())
		}

		/// Reports a finding.
		///
		/// ## Dispatch Origin
		/// Signed: anyone.
		///
		/// ## Details
		/// Possible until the proposal ends. Holds a deposit, which is returned when the proposal ends, unless
		/// auditors call the finding spam. High and Critical findings block from now on; late in the grace of a switch
		/// only if an auditor reported them, or says that they are true. Half of the slots are for auditors
		/// ([`Slots`]). A confirmed finding is paid out of the bounty, by severity.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::TooManyFindings`], [`Error::TooManyFindingsOfYours`], or the currency's.
		///
		/// ## Events
		/// [`Event::FindingReported`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::report_finding())]
		pub fn report_finding(
			origin: OriginFor<T>,
			id: ProposalId,
			severity: Severity,
			report: Document,
		) -> DispatchResult {
			let reporter = ensure_signed(origin)?;
			let finding = Self::do_report(id, reporter, severity, Report::Open(report))?;
			Self::deposit_event(Event::FindingReported {
				id,
				finding,
				severity,
			});
			Ok(())
		}

		/// Judges an open finding.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, of another organisation than the reporter and the proposer.
		///
		/// ## Details
		/// Possible from the first review of the proposal on, until it ends. What frees a blocked upgrade, burns a
		/// deposit or pays needs two organisations that say the same of the same dossier: the first one's word
		/// is noted, and replaced when it says something else. `Confirm` pays the reporter, unless the finding is
		/// sealed. A sealed finding is judged by the text that its reporter gave in private.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::Leaving`], [`Error::CoolingPeriod`], [`Error::NoFinding`],
		/// [`Error::NotReviewedYet`], [`Error::OwnProposal`], [`Error::OwnFinding`], [`Error::AlreadyTriaged`],
		/// [`Error::NotOriginal`], [`Error::NotLower`], [`Error::SecondOrganisationNeeded`], or if the account or
		/// its organisation acts in another role.
		///
		/// ## Events
		/// [`Event::JudgementPending`], or [`Event::FindingTriaged`] and [`Event::BountyPaid`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::triage(T::MaxFunders::get()))]
		pub fn triage(
			origin: OriginFor<T>,
			id: ProposalId,
			finding: u32,
			decision: Decision,
		) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			Self::do_triage(id, finding, auditor, decision)
		}

		/// Says that a confirmed finding is gone in the current dossier.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, of another organisation than the reporter and the proposer.
		///
		/// ## Details
		/// Names the dossier, so that it counts for nothing else: when another one is reviewed, the finding stands
		/// again. A blocking finding needs two organisations that say so.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::Leaving`], [`Error::CoolingPeriod`], [`Error::NoFinding`],
		/// [`Error::NotReviewedYet`], [`Error::OwnProposal`], [`Error::OwnFinding`], [`Error::NotOpen`],
		/// [`Error::OtherDossier`], [`Error::NotConfirmed`], [`Error::SameDossier`],
		/// [`Error::SecondOrganisationNeeded`], or if the account or its organisation acts in another role.
		///
		/// ## Events
		/// [`Event::JudgementPending`] or [`Event::FindingResolved`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::resolve())]
		pub fn resolve(
			origin: OriginFor<T>,
			id: ProposalId,
			finding: u32,
			dossier_hash: H256,
		) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			Self::do_resolve(id, finding, auditor, dossier_hash)
		}

		/// Reports a finding without its text.
		///
		/// ## Dispatch Origin
		/// Signed: anyone.
		///
		/// ## Details
		/// As [`report_finding`](Pallet::report_finding). The commitment is [`SealedFinding::commitment`]: keep
		/// document and salt, both are needed to open it. Give the text to auditors in private: a finding that they
		/// cannot read will be dismissed.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::TooManyFindings`], [`Error::TooManyFindingsOfYours`], or the currency's.
		///
		/// ## Events
		/// [`Event::FindingSealed`].
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::report_finding())]
		pub fn seal_finding(
			origin: OriginFor<T>,
			id: ProposalId,
			severity: Severity,
			commitment: H256,
		) -> DispatchResult {
			let reporter = ensure_signed(origin)?;
			let finding = Self::do_report(id, reporter, severity, Report::Sealed(commitment))?;
			Self::deposit_event(Event::FindingSealed {
				id,
				finding,
				severity,
			});
			Ok(())
		}

		/// Publishes the text of a sealed finding.
		///
		/// ## Dispatch Origin
		/// Signed: its reporter.
		///
		/// ## Details
		/// At any time until the proposal ends. If the finding was confirmed, its reporter is paid now.
		///
		/// ## Errors
		/// [`Error::NoFinding`], [`Error::NotReporter`], [`Error::NotSealed`], [`Error::CommitmentMismatch`].
		///
		/// ## Events
		/// [`Event::FindingOpened`], [`Event::BountyPaid`].
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::open_finding(T::MaxFunders::get()))]
		pub fn open_finding(
			origin: OriginFor<T>,
			id: ProposalId,
			finding: u32,
			document: Document,
			salt: [u8; 32],
		) -> DispatchResult {
			let reporter = ensure_signed(origin)?;
			Self::do_open(id, finding, reporter, document, salt)
		}

		/// Puts an amount into the bounty of a proposal.
		///
		/// ## Dispatch Origin
		/// Signed: anyone.
		///
		/// ## Details
		/// Possible until the proposal ends. Holds the amount. Confirmed findings are paid of it; what is left is
		/// returned when the proposal ends. One slot is kept for the proposer.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::BountyPartTooSmall`], [`Error::TooManyFunders`], or the currency's.
		///
		/// ## Events
		/// [`Event::BountyFunded`].
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::fund_bounty(T::MaxFunders::get()))]
		pub fn fund_bounty(
			origin: OriginFor<T>,
			id: ProposalId,
			#[pallet::compact] amount: BalanceOf<T>,
		) -> DispatchResult {
			let funder = ensure_signed(origin)?;
			Self::do_fund(id, funder, amount)
		}

		/// Stands behind taking the upgrade with a finding.
		///
		/// ## Dispatch Origin
		/// Signed: a validator of the running session.
		///
		/// ## Details
		/// Names the dossier, so that it counts for nothing else. With [`WAIVER`] of the voting power of the
		/// running session the finding blocks no more, until another dossier is reviewed. Validators that left
		/// do not count.
		///
		/// ## Errors
		/// [`Error::NotValidator`], [`Error::NoFinding`], [`Error::NotOpen`], [`Error::OtherDossier`],
		/// [`Error::NotStanding`], [`Error::AlreadyWaived`], [`Error::TooManyWaivers`].
		///
		/// ## Events
		/// [`Event::WaiverAdded`], and [`Event::FindingWaived`] if it is enough.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::waive(T::MaxValidators::get()))]
		pub fn waive(
			origin: OriginFor<T>,
			id: ProposalId,
			finding: u32,
			dossier_hash: H256,
		) -> DispatchResult {
			let validator = ensure_signed(origin)?;
			Self::do_waive(id, finding, validator, dossier_hash)
		}

		/// Takes a waiver back that was not enough yet.
		///
		/// ## Dispatch Origin
		/// Signed: whoever waived.
		///
		/// ## Errors
		/// [`Error::NotWaiving`].
		///
		/// ## Events
		/// [`Event::WaiverRetracted`].
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::retract_waiver(T::MaxValidators::get()))]
		pub fn retract_waiver(
			origin: OriginFor<T>,
			id: ProposalId,
			finding: u32,
		) -> DispatchResult {
			let validator = ensure_signed(origin)?;
			Self::do_retract_waiver(id, finding, validator)
		}

		/// Declares an interest in a proposal.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, also during its cooling period.
		///
		/// ## Details
		/// Neither the auditor nor its organisation judges this proposal then, and it cannot be taken back. They
		/// may still report findings.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::NotOpen`], or if the account or its organisation acts in another role
		/// on this proposal already.
		///
		/// ## Events
		/// [`Event::ConflictDeclared`].
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::declare_conflict())]
		pub fn declare_conflict(origin: OriginFor<T>, id: ProposalId) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			let organisation = Self::organisation_of(&auditor).ok_or(Error::<T>::NotAuditor)?;
			ensure!(
				T::Lifecycle::dossier_hash(id).is_some(),
				Error::<T>::NotOpen
			);
			T::Roles::claim(id, &auditor, Some(organisation), Role::Conflicted)?;
			Self::deposit_event(Event::ConflictDeclared {
				id,
				auditor,
				organisation,
			});
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	/// A proposal is open and has this dossier.
	fn ensure_current(id: ProposalId, dossier_hash: H256) -> DispatchResult {
		let current = T::Lifecycle::dossier_hash(id).ok_or(Error::<T>::NotOpen)?;
		ensure!(current == dossier_hash, Error::<T>::OtherDossier);
		Ok(())
	}
}
