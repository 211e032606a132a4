//! Admission of auditors, and how long their bond is kept.

use super::*;

impl<T: Config> Pallet<T> {
	/// Registers an auditor that may act from a block on, and holds its bond.
	pub(crate) fn do_admit(
		who: &T::AccountId,
		organisation: OrganisationId,
		acts_from: BlockNumberFor<T>,
	) -> DispatchResult {
		ensure!(
			!Auditors::<T>::contains_key(who),
			Error::<T>::AlreadyAdmitted
		);
		let bond = T::Bond::get();
		T::Currency::hold(&HoldReason::AuditorBond.into(), who, bond)?;
		let auditor = Auditor {
			organisation,
			acts_from,
			bond,
			active: 0,
			leaving: false,
		};
		Auditors::<T>::insert(who, auditor);
		Ok(())
	}

	/// Removes an auditor now, or marks it to go with its last attestation.
	pub(crate) fn do_remove(who: T::AccountId) -> DispatchResult {
		let mut auditor = Auditors::<T>::get(&who).ok_or(Error::<T>::NotAuditor)?;
		ensure!(!auditor.leaving, Error::<T>::Leaving);
		if auditor.active > 0 {
			auditor.leaving = true;
			Auditors::<T>::insert(&who, auditor);
			Self::deposit_event(Event::Leaving { auditor: who });
		} else {
			Self::forget(who, auditor.bond);
		}
		Ok(())
	}

	/// The organisation of an auditor that may act.
	pub(crate) fn ensure_auditor(who: &T::AccountId) -> Result<OrganisationId, DispatchError> {
		let auditor = Auditors::<T>::get(who).ok_or(Error::<T>::NotAuditor)?;
		ensure!(!auditor.leaving, Error::<T>::Leaving);
		ensure!(Self::now() >= auditor.acts_from, Error::<T>::CoolingPeriod);
		Ok(auditor.organisation)
	}

	/// The organisation behind an account, as far as this pallet knows it.
	pub(crate) fn organisation_of(who: &T::AccountId) -> Option<OrganisationId> {
		Auditors::<T>::get(who).map(|auditor| auditor.organisation)
	}

	/// True if an account, or its organisation, proposed what is reviewed. The stage machine knows proposers by
	/// account only.
	pub(crate) fn is_proposer(
		proposer: &T::AccountId,
		who: &T::AccountId,
		organisation: Option<OrganisationId>,
	) -> bool {
		proposer == who
			|| (organisation.is_some() && organisation == Self::organisation_of(proposer))
	}

	/// Adds an attestation. The first one on a proposal keeps the auditor's bond.
	pub(crate) fn do_attest(
		id: ProposalId,
		attestation: Attestation<T::AccountId>,
	) -> DispatchResult {
		let (auditor, organisation) = (attestation.auditor.clone(), attestation.organisation);
		Attestations::<T>::try_mutate(id, |attestations| {
			let taken = attestations
				.iter()
				.any(|a| a.organisation == organisation && a.kind == attestation.kind);
			ensure!(!taken, Error::<T>::OrganisationAlreadyAttested);
			if attestations.iter().all(|a| a.auditor != auditor) {
				Auditors::<T>::mutate_extant(&auditor, |a| a.active.saturating_inc());
			}
			attestations
				.try_push(attestation)
				.map_err(|_| Error::<T>::TooManyAttestations.into())
		})
	}

	/// Drops an attestation. The last one on a proposal frees the auditor's bond.
	pub(crate) fn do_retract(id: ProposalId, auditor: &T::AccountId, kind: Kind) -> DispatchResult {
		let last = Attestations::<T>::try_mutate(id, |attestations| {
			let before = attestations.len();
			attestations.retain(|a| &a.auditor != auditor || a.kind != kind);
			ensure!(attestations.len() < before, Error::<T>::NotAttested);
			Ok::<_, DispatchError>(attestations.iter().all(|a| &a.auditor != auditor))
		})?;
		if last {
			Self::disengage(auditor.clone());
		}
		Ok(())
	}

	/// An auditor has its last attestation on a proposal no more.
	fn disengage(who: T::AccountId) {
		let Some(mut auditor) = Auditors::<T>::get(&who) else {
			return;
		};
		auditor.active = auditor.active.saturating_sub(1);
		if auditor.leaving && auditor.active == 0 {
			Self::forget(who, auditor.bond);
		} else {
			Auditors::<T>::insert(&who, auditor);
		}
	}

	/// Drops all attestations on a proposal. At most `MaxAttestations`.
	pub(crate) fn void_attestations(id: ProposalId) {
		let auditors: BTreeSet<_> = Attestations::<T>::take(id)
			.into_iter()
			.map(|attestation| attestation.auditor)
			.collect();
		auditors.into_iter().for_each(Self::disengage);
	}

	fn forget(who: T::AccountId, bond: BalanceOf<T>) {
		Auditors::<T>::remove(&who);
		Self::give_back(HoldReason::AuditorBond, &who, bond);
		Self::deposit_event(Event::Removed { auditor: who });
	}

	/// Releases what is recorded as held. Used where no caller could mend an error: it is logged.
	pub(crate) fn give_back(reason: HoldReason, who: &T::AccountId, amount: BalanceOf<T>) {
		let released = T::Currency::release(&reason.into(), who, amount, Precision::BestEffort);
		if let Err(error) = released {
			log::error!(target: "airlock", "audits: a hold was not released: {error:?}");
		}
	}
}
