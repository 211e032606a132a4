//! # Audits
//!
//! Auditors attest to a dossier; findings block it.
//!
//! ## Overview
//!
//! The stage Review is never shorter than the policy says, and longer for a wide scope. It passes when enough
//! auditors approved the code and enough builders reproduced its exact bytes, each from an organisation of its
//! own, and no High or Critical finding is open. Everybody may report findings, at any stage until the proposal
//! ends; a blocking one also stops the switch.
//!
//! ## Implementation details
//!
//! - An attestation names the dossier's hash. A revision voids all attestations and keeps all findings: a
//!   finding is resolved when an auditor confirms it gone in a *later* dossier.
//! - An open finding blocks before anybody has judged it: better to wait than to be wrong. Its deposit, and an
//!   auditor's `Spam`, keep this from being free.

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
	ClassPolicy, Document, DossierRef, Failure, GateStatus, Lifecycle, OpenFindings,
	OrganisationId, ProposalId, Role, Roles, StageGate,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	pallet_prelude::*,
	traits::{
		fungible::{Inspect, MutateHold},
		tokens::{Fortitude, Precision},
	},
};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{One, Saturating, Zero};

/// Balance of the configured currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

macro_rules! stored_enum {
	($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $index:literal,)* }) => {
		$(#[$doc])*
		#[derive(
			Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode, DecodeWithMemTracking,
			MaxEncodedLen, TypeInfo,
		)]
		pub enum $name {
			$($(#[$vdoc])* #[codec(index = $index)] $variant,)*
		}
	};
}

stored_enum! {
	/// What an attestation is about.
	Kind {
		/// The auditor read the code.
		CodeReview = 0,
		/// The builder built the source and got the exact bytes.
		ReproducedBuild = 1,
		/// The auditor holds the specification to be what the code does.
		Specification = 2,
	}
}

stored_enum! {
	/// What an attestation says.
	Opinion {
		/// For the upgrade.
		Approve = 0,
		/// Against it. Counts as a missing approval, and is on record.
		Reject = 1,
	}
}

stored_enum! {
	/// How bad a finding is.
	Severity {
		/// Worth knowing.
		Low = 0,
		/// Should be mended.
		Medium = 1,
		/// Must be mended: blocks.
		High = 2,
		/// The upgrade would do harm: blocks.
		Critical = 3,
	}
}

stored_enum! {
	/// Where a finding stands.
	Status {
		/// Reported, and not judged yet. Blocks, if severe.
		Open = 0,
		/// An auditor reproduced it. Blocks, if severe.
		Confirmed = 1,
		/// An auditor holds it to be wrong.
		Dismissed = 2,
		/// An auditor found it gone in a later dossier.
		Resolved = 3,
	}
}

stored_enum! {
	/// What an auditor says of a finding.
	Decision {
		/// It is true.
		Confirm = 0,
		/// It is wrong, in good faith.
		Dismiss = 1,
		/// It was written to cost others time. The deposit is burnt.
		Spam = 2,
	}
}

impl Severity {
	/// True if an open finding of this severity stops an upgrade.
	pub fn blocks(self) -> bool {
		self >= Severity::High
	}
}

/// A registered auditor.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Auditor<BlockNumber> {
	/// The organisation behind it.
	pub organisation: OrganisationId,
	/// The first block in which it may act.
	pub acts_from: BlockNumber,
}

/// One attestation.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Attestation<AccountId> {
	/// Who attests.
	pub auditor: AccountId,
	/// Its organisation at that time.
	pub organisation: OrganisationId,
	/// What about.
	pub kind: Kind,
	/// What it says.
	pub opinion: Opinion,
	/// blake2-256 of the report.
	pub report: H256,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Finding<AccountId, Balance> {
	/// Who reported it.
	pub reporter: AccountId,
	/// Held of the reporter.
	pub deposit: Balance,
	/// How bad it is.
	pub severity: Severity,
	/// The report.
	pub report: Document,
	/// The dossier in which it was found, or in which it was seen last.
	pub found_in: H256,
	/// Where it stands.
	pub status: Status,
}

impl<AccountId, Balance> Finding<AccountId, Balance> {
	/// True if it stops an upgrade.
	pub fn blocks(&self) -> bool {
		self.severity.blocks() && matches!(self.status, Status::Open | Status::Confirmed)
	}
}

/// The review of a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Review<BlockNumber> {
	/// What is reviewed.
	pub dossier_hash: H256,
	/// The first block in which it can pass.
	pub earliest: BlockNumber,
	/// The block in which it fails if it did not pass.
	pub latest: BlockNumber,
	/// Approvals needed.
	pub approvals: u32,
	/// Reproduced builds needed.
	pub builds: u32,
	/// Set when the stage is over.
	pub closed: bool,
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
		/// Who admits and removes auditors.
		type AdmitOrigin: EnsureOrigin<Self::RuntimeOrigin>;
		/// Holds deposits.
		type Currency: MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;
		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;
		/// Deposit of a finding.
		#[pallet::constant]
		type FindingDeposit: Get<BalanceOf<Self>>;
		/// The stage machine.
		type Lifecycle: Lifecycle;
		/// Keeps roles apart.
		type Roles: Roles<Self::AccountId>;
		/// Most attestations on one proposal.
		#[pallet::constant]
		type MaxAttestations: Get<u32>;
		/// Most findings on one proposal.
		#[pallet::constant]
		type MaxFindings: Get<u32>;
		/// Blocks between admission and the first act, so that nobody is admitted for one review.
		#[pallet::constant]
		type CoolingPeriod: Get<BlockNumberFor<Self>>;
		/// Weights.
		type WeightInfo: WeightInfo;
	}

	/// Why an amount is held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Deposit of a finding.
		#[codec(index = 0)]
		Finding,
	}

	/// Registered auditors and builders. Each was admitted.
	#[pallet::storage]
	pub type Auditors<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, Auditor<BlockNumberFor<T>>, OptionQuery>;

	/// The reviews of open proposals.
	// `Identity`: the key is a number that the chain gives out.
	#[pallet::storage]
	pub type Reviews<T: Config> =
		StorageMap<_, Identity, ProposalId, Review<BlockNumberFor<T>>, OptionQuery>;

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
	pub type Findings<T: Config> = StorageDoubleMap<
		_,
		Identity,
		ProposalId,
		Identity,
		u32,
		Finding<T::AccountId, BalanceOf<T>>,
		OptionQuery,
	>;

	/// How many findings a proposal has had: the number of the next one.
	#[pallet::storage]
	pub type FindingCount<T> = StorageMap<_, Identity, ProposalId, u32, ValueQuery>;

	/// How many findings block each proposal.
	#[pallet::storage]
	pub type Blocking<T> = StorageMap<_, Identity, ProposalId, u32, ValueQuery>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The first auditors and their organisations. They may act at once.
		pub auditors: Vec<(T::AccountId, OrganisationId)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (who, organisation) in &self.auditors {
				let entry = Auditor {
					organisation: *organisation,
					acts_from: Zero::zero(),
				};
				Auditors::<T>::insert(who, entry);
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
		/// An auditor was removed.
		Removed {
			/// The auditor.
			auditor: T::AccountId,
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
	}

	#[pallet::error]
	#[derive(PartialEq)]
	pub enum Error<T> {
		/// The account is no registered auditor. The council admits auditors.
		NotAuditor,
		/// The account is an auditor already.
		AlreadyAdmitted,
		/// The auditor was admitted too short a time ago. Act after the cooling period.
		CoolingPeriod,
		/// The proposal is not under review. Ask for its stage.
		NotInReview,
		/// The proposal has another dossier. Read it, and attest to its hash.
		OtherDossier,
		/// Your organisation has attested to this already. Retract first, to say something else.
		OrganisationAlreadyAttested,
		/// As many attestations as the chain takes.
		TooManyAttestations,
		/// You have not attested to this.
		NotAttested,
		/// The proposal is not open.
		NotOpen,
		/// As many findings as the chain takes on one proposal. Report to an auditor directly.
		TooManyFindings,
		/// The proposal has no finding of this number.
		NoFinding,
		/// Nobody judges a finding of their own.
		OwnFinding,
		/// The finding has been judged already.
		AlreadyTriaged,
		/// The finding does not stand: there is nothing to resolve.
		NotStanding,
		/// The dossier is still the one in which the finding was found. Only a revision resolves it.
		SameDossier,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Admits an auditor.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Details
		/// It may act after [`Config::CoolingPeriod`].
		///
		/// ## Errors
		/// [`Error::AlreadyAdmitted`].
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
			ensure!(
				!Auditors::<T>::contains_key(&auditor),
				Error::<T>::AlreadyAdmitted
			);
			let acts_from = Self::now().saturating_add(T::CoolingPeriod::get());
			Auditors::<T>::insert(
				&auditor,
				Auditor {
					organisation,
					acts_from,
				},
			);
			Self::deposit_event(Event::Admitted {
				auditor,
				organisation,
			});
			Ok(())
		}

		/// Removes an auditor. Its attestations stay.
		///
		/// ## Dispatch Origin
		/// [`Config::AdmitOrigin`].
		///
		/// ## Errors
		/// [`Error::NotAuditor`].
		///
		/// ## Events
		/// [`Event::Removed`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove())]
		pub fn remove(origin: OriginFor<T>, auditor: T::AccountId) -> DispatchResult {
			T::AdmitOrigin::ensure_origin(origin)?;
			Auditors::<T>::take(&auditor).ok_or(Error::<T>::NotAuditor)?;
			Self::deposit_event(Event::Removed { auditor });
			Ok(())
		}

		/// Attests to a dossier.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, past its cooling period.
		///
		/// ## Details
		/// Names the dossier, so that an attestation counts for nothing else. One attestation of each kind for
		/// each organisation.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::CoolingPeriod`], [`Error::NotInReview`], [`Error::OtherDossier`],
		/// [`Error::OrganisationAlreadyAttested`], [`Error::TooManyAttestations`], or if the account acts in
		/// another role.
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
			Attestations::<T>::try_mutate(id, |attestations| {
				let taken = attestations
					.iter()
					.any(|a| a.organisation == organisation && a.kind == kind);
				ensure!(!taken, Error::<T>::OrganisationAlreadyAttested);
				let attestation = Attestation {
					auditor: auditor.clone(),
					organisation,
					kind,
					opinion,
					report,
				};
				attestations
					.try_push(attestation)
					.map_err(|_| Error::<T>::TooManyAttestations)
			})?;
			T::Roles::claim(id, &auditor, Some(organisation), Role::Auditor)?;
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
			Attestations::<T>::try_mutate(id, |attestations| {
				let before = attestations.len();
				attestations.retain(|a| a.auditor != auditor || a.kind != kind);
				ensure!(attestations.len() < before, Error::<T>::NotAttested);
				Ok::<_, DispatchError>(())
			})?;
			Self::deposit_event(Event::Retracted { id, auditor, kind });
			Ok(())
		}

		/// Reports a finding.
		///
		/// ## Dispatch Origin
		/// Signed: anyone.
		///
		/// ## Details
		/// Possible until the proposal ends. Holds a deposit, which is returned when the proposal ends, unless an
		/// auditor calls the finding spam. High and Critical findings block from now on.
		///
		/// ## Errors
		/// [`Error::NotOpen`], [`Error::TooManyFindings`].
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
			let found_in = T::Lifecycle::dossier_hash(id).ok_or(Error::<T>::NotOpen)?;
			let number = FindingCount::<T>::get(id);
			ensure!(number < T::MaxFindings::get(), Error::<T>::TooManyFindings);
			let deposit = T::FindingDeposit::get();
			T::Currency::hold(&HoldReason::Finding.into(), &reporter, deposit)?;
			let finding = Finding {
				reporter,
				deposit,
				severity,
				report,
				found_in,
				status: Status::Open,
			};
			Self::note_blocking(id, false, finding.blocks());
			Findings::<T>::insert(id, number, finding);
			FindingCount::<T>::insert(id, number.saturating_add(1));
			Self::deposit_event(Event::FindingReported {
				id,
				finding: number,
				severity,
			});
			Ok(())
		}

		/// Judges a finding.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, not the reporter.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::CoolingPeriod`], [`Error::NoFinding`], [`Error::OwnFinding`],
		/// [`Error::AlreadyTriaged`], or if the account acts in another role.
		///
		/// ## Events
		/// [`Event::FindingTriaged`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::triage())]
		pub fn triage(
			origin: OriginFor<T>,
			id: ProposalId,
			finding: u32,
			decision: Decision,
		) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			let organisation = Self::ensure_auditor(&auditor)?;
			let mut entry = Findings::<T>::get(id, finding).ok_or(Error::<T>::NoFinding)?;
			ensure!(entry.reporter != auditor, Error::<T>::OwnFinding);
			ensure!(entry.status == Status::Open, Error::<T>::AlreadyTriaged);
			T::Roles::claim(id, &auditor, Some(organisation), Role::Auditor)?;
			let blocked = entry.blocks();
			entry.status = match decision {
				Decision::Confirm => Status::Confirmed,
				Decision::Dismiss | Decision::Spam => Status::Dismissed,
			};
			if decision == Decision::Spam {
				T::Currency::burn_held(
					&HoldReason::Finding.into(),
					&entry.reporter,
					entry.deposit,
					Precision::BestEffort,
					Fortitude::Force,
				)?;
				entry.deposit = Zero::zero();
			}
			Self::note_blocking(id, blocked, entry.blocks());
			Findings::<T>::insert(id, finding, entry);
			Self::deposit_event(Event::FindingTriaged {
				id,
				finding,
				decision,
			});
			Ok(())
		}

		/// Says that a finding is gone in the current dossier.
		///
		/// ## Dispatch Origin
		/// Signed: a registered auditor, not the reporter.
		///
		/// ## Errors
		/// [`Error::NotAuditor`], [`Error::CoolingPeriod`], [`Error::NoFinding`], [`Error::OwnFinding`],
		/// [`Error::NotStanding`], [`Error::NotOpen`], [`Error::SameDossier`], or if the account acts in another
		/// role.
		///
		/// ## Events
		/// [`Event::FindingResolved`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::resolve())]
		pub fn resolve(origin: OriginFor<T>, id: ProposalId, finding: u32) -> DispatchResult {
			let auditor = ensure_signed(origin)?;
			let organisation = Self::ensure_auditor(&auditor)?;
			let mut entry = Findings::<T>::get(id, finding).ok_or(Error::<T>::NoFinding)?;
			ensure!(entry.reporter != auditor, Error::<T>::OwnFinding);
			ensure!(
				matches!(entry.status, Status::Open | Status::Confirmed),
				Error::<T>::NotStanding
			);
			let current = T::Lifecycle::dossier_hash(id).ok_or(Error::<T>::NotOpen)?;
			ensure!(current != entry.found_in, Error::<T>::SameDossier);
			T::Roles::claim(id, &auditor, Some(organisation), Role::Auditor)?;
			let blocked = entry.blocks();
			entry.status = Status::Resolved;
			Self::note_blocking(id, blocked, false);
			Findings::<T>::insert(id, finding, entry);
			Self::deposit_event(Event::FindingResolved { id, finding });
			Ok(())
		}
	}
}

impl<T: Config> Pallet<T> {
	fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	fn ensure_auditor(who: &T::AccountId) -> Result<OrganisationId, DispatchError> {
		let auditor = Auditors::<T>::get(who).ok_or(Error::<T>::NotAuditor)?;
		ensure!(Self::now() >= auditor.acts_from, Error::<T>::CoolingPeriod);
		Ok(auditor.organisation)
	}

	/// Keeps the count of blocking findings when one changes.
	fn note_blocking(id: ProposalId, before: bool, after: bool) {
		Blocking::<T>::mutate_exists(id, |count| {
			let old = count.unwrap_or_default();
			let new = match (before, after) {
				(false, true) => old.saturating_add(1),
				(true, false) => old.saturating_sub(1),
				_ => old,
			};
			*count = (new > 0).then_some(new);
		});
	}

	/// Organisations that approve of one kind.
	fn approving(id: ProposalId, kind: Kind) -> u32 {
		let attestations = Attestations::<T>::get(id);
		let organisations: BTreeSet<_> = attestations
			.iter()
			.filter(|a| a.kind == kind && a.opinion == Opinion::Approve)
			.map(|a| a.organisation)
			.collect();
		organisations.len() as u32
	}

	/// Approvals and reproduced builds of a review: what there is, and what is needed.
	pub fn progress(id: ProposalId) -> Option<((u32, u32), (u32, u32))> {
		let review = Reviews::<T>::get(id)?;
		let of = |kind| Self::approving(id, kind);
		Some((
			(of(Kind::CodeReview), review.approvals),
			(of(Kind::ReproducedBuild), review.builds),
		))
	}

	/// Checks the invariants of the storage.
	#[cfg(any(feature = "std", test))]
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		// The count of blocking findings is true, and missing when there are none.
		let mut blocking = alloc::collections::BTreeMap::<ProposalId, u32>::new();
		for (id, number, finding) in Findings::<T>::iter() {
			ensure!(
				number < FindingCount::<T>::get(id),
				"finding above the count"
			);
			if finding.blocks() {
				let count = blocking.entry(id).or_default();
				*count = count.saturating_add(1);
			}
		}
		ensure!(
			Blocking::<T>::iter().collect::<alloc::collections::BTreeMap<_, _>>() == blocking,
			"count of blocking findings is wrong"
		);
		// One attestation of each kind for each organisation, on a review.
		for (id, attestations) in Attestations::<T>::iter() {
			ensure!(Reviews::<T>::contains_key(id), "attestations on no review");
			let distinct: BTreeSet<_> = attestations
				.iter()
				.map(|a| (a.organisation, a.kind))
				.collect();
			ensure!(
				distinct.len() == attestations.len(),
				"an organisation attested twice"
			);
		}
		for review in Reviews::<T>::iter_values() {
			ensure!(
				review.earliest <= review.latest,
				"review ends before it can pass"
			);
		}
		Ok(())
	}
}

impl<T: Config> OpenFindings for Pallet<T> {
	fn blocking(id: ProposalId) -> bool {
		Blocking::<T>::get(id) > 0
	}
}

impl<T: Config> StageGate<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
	fn open(
		id: ProposalId,
		about: &DossierRef<T::AccountId>,
		policy: &ClassPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
	) -> DispatchResult {
		// Attestations of an earlier round are about another dossier. Findings stay.
		Attestations::<T>::remove(id);
		let policy = &policy.review;
		let wide = policy
			.per_pallet
			.saturating_mul((about.dossier.scope.len() as u32).into());
		let earliest = now.saturating_add(policy.minimum).saturating_add(wide);
		let latest = earliest.saturating_add(policy.grace);
		Reviews::<T>::insert(
			id,
			Review {
				dossier_hash: about.hash,
				earliest,
				latest,
				approvals: policy.approvals,
				builds: policy.builds,
				closed: false,
			},
		);
		Self::deposit_event(Event::ReviewOpened {
			id,
			earliest,
			latest,
		});
		Ok(())
	}

	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(review) = Reviews::<T>::get(id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if now < review.earliest {
			return GateStatus::Pending {
				until: review.earliest,
			};
		}
		let attested = Self::approving(id, Kind::CodeReview) >= review.approvals
			&& Self::approving(id, Kind::ReproducedBuild) >= review.builds;
		let blocked = Self::blocking(id);
		if attested && !blocked {
			GateStatus::Passed
		} else if now < review.latest {
			GateStatus::Pending {
				until: review.latest.max(now.saturating_add(One::one())),
			}
		} else if blocked {
			GateStatus::Failed(Failure::OpenFinding)
		} else {
			GateStatus::Failed(Failure::TooFewAttestations)
		}
	}

	fn close(id: ProposalId) {
		Reviews::<T>::mutate_extant(id, |review| review.closed = true);
	}

	fn clear(id: ProposalId) {
		Reviews::<T>::remove(id);
		Attestations::<T>::remove(id);
		Blocking::<T>::remove(id);
		FindingCount::<T>::remove(id);
		// At most `MaxFindings`.
		for (_, finding) in Findings::<T>::drain_prefix(id) {
			let reason = HoldReason::Finding.into();
			let back = finding.deposit;
			let released =
				T::Currency::release(&reason, &finding.reporter, back, Precision::BestEffort);
			if let Err(error) = released {
				log::error!(target: "airlock", "deposit of a finding not released: {error:?}");
			}
		}
	}
}
