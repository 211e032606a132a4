//! The invariants of the storage.

use super::*;
use frame_support::traits::fungible::InspectHold;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks the invariants of the storage.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_findings()?;
		Self::check_attestations()?;
		Self::check_waivers()?;
		Self::check_bounties()?;
		Self::check_holds()
	}

	/// The counts of findings are true, and the one of those that block is missing when there are none.
	fn check_findings() -> Result<(), TryRuntimeError> {
		let mut blocking = BTreeMap::<ProposalId, u32>::new();
		let mut all = BTreeMap::<ProposalId, u32>::new();
		for (id, number, finding) in Findings::<T>::iter() {
			let slots = FindingSlots::<T>::get(id);
			ensure!(number < slots.taken, "finding above the count");
			all.entry(id).or_default().saturating_inc();
			if finding.blocks() {
				blocking.entry(id).or_default().saturating_inc();
			}
			let judges: BTreeSet<_> = finding.judgements.iter().map(|j| j.organisation).collect();
			ensure!(
				judges.len() == finding.judgements.len(),
				"an organisation judges a finding twice"
			);
			ensure!(
				finding.status.stands() || judges.is_empty(),
				"a settled finding is being judged"
			);
			ensure!(
				finding.confirmed
					|| !matches!(finding.status, Status::Confirmed | Status::Resolved),
				"a finding stands for true that nobody confirmed"
			);
		}
		ensure!(
			Blocking::<T>::iter().collect::<BTreeMap<_, _>>() == blocking,
			"count of blocking findings is wrong"
		);
		for (id, slots) in FindingSlots::<T>::iter() {
			ensure!(all.get(&id) == Some(&slots.taken), "a finding is missing");
			let most = T::MaxFindings::get();
			ensure!(
				slots.public_severe <= Slots::for_public(most)
					&& slots.public_minor <= Slots::for_public(most)
					&& slots.of_auditors() <= Slots::for_auditors(most)
					&& slots.public_severe.saturating_add(slots.public_minor) <= slots.taken,
				"more findings than slots"
			);
		}
		Ok(())
	}

	/// One attestation of each kind for each organisation, on a review, by an auditor that cannot go.
	fn check_attestations() -> Result<(), TryRuntimeError> {
		let mut active = BTreeMap::<T::AccountId, u32>::new();
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
			let auditors: BTreeSet<_> = attestations.into_iter().map(|a| a.auditor).collect();
			for auditor in auditors {
				active.entry(auditor).or_default().saturating_inc();
			}
		}
		for (who, auditor) in Auditors::<T>::iter() {
			let attested = active.remove(&who).unwrap_or_default();
			ensure!(
				auditor.active == attested,
				"count of an auditor's proposals is wrong"
			);
			ensure!(
				!auditor.leaving || auditor.active > 0,
				"an auditor left and is still there"
			);
		}
		ensure!(active.is_empty(), "who attested is no auditor");
		for review in Reviews::<T>::iter_values() {
			ensure!(
				review.earliest <= review.latest,
				"review ends before it can pass"
			);
		}
		Ok(())
	}

	/// Waivers are of findings that stand, and nobody is in one twice.
	fn check_waivers() -> Result<(), TryRuntimeError> {
		for (id, number, waiver) in Waivers::<T>::iter() {
			let status = Findings::<T>::get(id, number).map(|f| f.status);
			ensure!(
				status.is_some_and(Status::stands),
				"waiver of a finding that does not stand"
			);
			let distinct: BTreeSet<_> = waiver.validators.iter().collect();
			ensure!(
				!distinct.is_empty() && distinct.len() == waiver.validators.len(),
				"a waiver is empty, or names somebody twice"
			);
		}
		Ok(())
	}

	/// Each funder has one part, and not more is left of it than it put in.
	fn check_bounties() -> Result<(), TryRuntimeError> {
		for parts in Bounties::<T>::iter_values() {
			let funders: BTreeSet<_> = parts.iter().map(|part| &part.funder).collect();
			ensure!(funders.len() == parts.len(), "a funder has two parts");
			let sound = |part: &Part<_, _>| part.left <= part.funded;
			ensure!(
				!parts.is_empty() && parts.iter().all(sound),
				"more is left of a part than was put in"
			);
		}
		Ok(())
	}

	/// What is held of everybody in these records is what the records say.
	fn check_holds() -> Result<(), TryRuntimeError> {
		let mut records = BTreeMap::<T::AccountId, [BalanceOf<T>; 3]>::new();
		let mut add = |who, at: usize, amount| {
			if let Some(sum) = records.entry(who).or_default().get_mut(at) {
				*sum = sum.saturating_add(amount);
			}
		};
		for (who, auditor) in Auditors::<T>::iter() {
			add(who, 0, auditor.bond);
		}
		for finding in Findings::<T>::iter_values() {
			add(finding.reporter, 1, finding.deposit);
		}
		for part in Bounties::<T>::iter_values().flatten() {
			add(part.funder, 2, part.left);
		}
		for (who, recorded) in records {
			let held = [
				HoldReason::AuditorBond,
				HoldReason::Finding,
				HoldReason::Bounty,
			]
			.map(|reason| T::Currency::balance_on_hold(&reason.into(), &who));
			ensure!(held == recorded, "holds differ from the records");
		}
		Ok(())
	}
}
