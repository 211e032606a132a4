//! The bounty of a proposal: who put what in, and who is paid.
//!
//! There is no account of its own for it: each part stays with its funder, on hold. A payment takes the same
//! fraction of every part (of the reporter's own none), rounded down, so no amount is made or lost on the way
//! and the order of the parts does not matter.

use super::*;

impl<T: Config> Pallet<T> {
	pub(crate) fn do_fund(
		id: ProposalId,
		funder: T::AccountId,
		amount: BalanceOf<T>,
	) -> DispatchResult {
		ensure!(
			T::Lifecycle::dossier_hash(id).is_some(),
			Error::<T>::NotOpen
		);
		ensure!(
			amount >= T::MinBountyPart::get(),
			Error::<T>::BountyPartTooSmall
		);
		Bounties::<T>::try_mutate(id, |parts| {
			if let Some(part) = parts.iter_mut().find(|part| part.funder == funder) {
				part.funded = part.funded.saturating_add(amount);
				part.left = part.left.saturating_add(amount);
				return Ok(());
			}
			ensure!(
				(parts.len() as u32) < Self::funders_allowed(id, &funder, parts),
				Error::<T>::TooManyFunders
			);
			let part = Part {
				funder: funder.clone(),
				funded: amount,
				left: amount,
			};
			parts.try_push(part).map_err(|_| Error::<T>::TooManyFunders)
		})?;
		T::Currency::hold(&HoldReason::Bounty.into(), &funder, amount)?;
		Self::deposit_event(Event::BountyFunded { id, funder, amount });
		Ok(())
	}

	/// How many funders there may be before this one. The last slot is the proposer's until it has one, so that
	/// nobody can keep a proposal from reaching its bounty. Who proposed is known from the first review on.
	fn funders_allowed(
		id: ProposalId,
		funder: &T::AccountId,
		parts: &[Part<T::AccountId, BalanceOf<T>>],
	) -> u32 {
		let proposer = Reviews::<T>::get(id).map(|review| review.proposer);
		let slot_used = proposer
			.as_ref()
			.is_some_and(|p| p == funder || parts.iter().any(|part| &part.funder == p));
		T::MaxFunders::get().saturating_sub(u32::from(!slot_used))
	}

	/// All that was put into the bounty. What was paid out counts: a payment must not make a review fail.
	pub(crate) fn funded(id: ProposalId) -> BalanceOf<T> {
		let parts = Bounties::<T>::get(id);
		parts
			.iter()
			.fold(Zero::zero(), |sum, part| part.funded.saturating_add(sum))
	}

	/// Pays the reporter of a confirmed finding that everybody can read.
	pub(crate) fn pay(id: ProposalId, number: u32, finding: &FindingOf<T>) -> DispatchResult {
		let (reporter, severity) = (&finding.reporter, finding.severity);
		Self::pay_share(id, Some(number), reporter, finding.organisation, severity)
	}

	/// Nothing for the proposer's own, nor for a colleague of it, and nothing out of the reporter's own part.
	fn pay_share(
		id: ProposalId,
		finding: Option<u32>,
		reporter: &T::AccountId,
		organisation: Option<OrganisationId>,
		severity: Severity,
	) -> DispatchResult {
		let Some(review) = Reviews::<T>::get(id) else {
			return Ok(());
		};
		if Self::is_proposer(&review.proposer, reporter, organisation) {
			return Ok(());
		}
		let divisor = severity.bounty_divisor().into();
		let mut paid = BalanceOf::<T>::zero();
		Bounties::<T>::try_mutate_exists(id, |parts| {
			let others = parts.iter_mut().flatten();
			for part in others.filter(|part| &part.funder != reporter) {
				let share = part.left.checked_div(&divisor).unwrap_or_default();
				if share.is_zero() {
					continue;
				}
				T::Currency::transfer_on_hold(
					&HoldReason::Bounty.into(),
					&part.funder,
					reporter,
					share,
					Precision::Exact,
					Restriction::Free,
					Fortitude::Force,
				)?;
				part.left = part.left.saturating_sub(share);
				paid = paid.saturating_add(share);
			}
			Ok::<_, DispatchError>(())
		})?;
		if !paid.is_zero() {
			Self::deposit_event(Event::BountyPaid {
				id,
				finding,
				reporter: reporter.clone(),
				amount: paid,
			});
		}
		Ok(())
	}

	/// Returns what is left to the funders. At most `MaxFunders`.
	pub(crate) fn return_bounty(id: ProposalId) {
		for part in Bounties::<T>::take(id) {
			Self::give_back(HoldReason::Bounty, &part.funder, part.left);
		}
	}
}

impl<T: Config> Rewards<T::AccountId> for Pallet<T> {
	fn pay_critical(id: ProposalId, finder: &T::AccountId) -> DispatchResult {
		let organisation = Self::organisation_of(finder);
		Self::pay_share(id, None, finder, organisation, Severity::Critical)
	}

	fn weight() -> Weight {
		T::WeightInfo::open_finding(T::MaxFunders::get())
	}
}
