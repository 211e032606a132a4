//! Findings: reported or sealed, judged, opened, resolved.

use super::*;

impl<T: Config> Pallet<T> {
	/// Records a finding and holds its deposit. Returns its number.
	pub(crate) fn do_report(
		id: ProposalId,
		reporter: T::AccountId,
		severity: Severity,
		report: Report,
	) -> Result<u32, DispatchError> {
		let dossier_hash = T::Lifecycle::dossier_hash(id).ok_or(Error::<T>::NotOpen)?;
		let auditor = Self::ensure_auditor(&reporter).ok();
		let number = Self::take_slot(id, auditor, severity)?;
		let deposit = T::FindingDeposit::get();
		T::Currency::hold(&HoldReason::Finding.into(), &reporter, deposit)?;
		let finding = Finding {
			organisation: Self::organisation_of(&reporter),
			public: auditor.is_none(),
			reporter,
			deposit,
			severity,
			report,
			found_in: dossier_hash,
			status: Status::Open,
			confirmed: false,
			judged_in: dossier_hash,
			judgements: Default::default(),
		};
		Self::note_blocking(id, false, finding.blocks());
		Findings::<T>::insert(id, number, finding);
		Ok(number)
	}

	/// The number of a new finding, if its share has a slot left ([`Slots`]). Of the auditors' half no organisation takes
	/// more than a quarter.
	fn take_slot(
		id: ProposalId,
		auditor: Option<OrganisationId>,
		severity: Severity,
	) -> Result<u32, DispatchError> {
		let most = T::MaxFindings::get();
		if let Some(organisation) = auditor {
			let own = Findings::<T>::iter_prefix_values(id)
				.filter(|finding| finding.organisation == Some(organisation))
				.count();
			ensure!(
				own < (most / 8) as usize,
				Error::<T>::TooManyFindingsOfYours
			);
		}
		FindingSlots::<T>::try_mutate(id, |slots| {
			let has_room = match auditor {
				Some(_) => slots.of_auditors() < Slots::for_auditors(most),
				None => *slots.public(severity) < Slots::for_public(most),
			};
			ensure!(has_room, Error::<T>::TooManyFindings);
			if auditor.is_none() {
				slots.public(severity).saturating_inc();
			}
			let number = slots.taken;
			slots.taken.saturating_inc();
			Ok(number)
		})
	}

	/// Shows the text of a sealed finding, and pays for it if it was confirmed.
	pub(crate) fn do_open(
		id: ProposalId,
		number: u32,
		reporter: T::AccountId,
		report: Document,
		salt: [u8; 32],
	) -> DispatchResult {
		let mut finding = Self::finding(id, number)?;
		ensure!(finding.reporter == reporter, Error::<T>::NotReporter);
		let Report::Sealed(commitment) = finding.report else {
			return Err(Error::<T>::NotSealed.into());
		};
		let sealed = SealedFinding {
			genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
			id,
			reporter,
			report,
			salt,
		};
		ensure!(
			sealed.commitment() == commitment,
			Error::<T>::CommitmentMismatch
		);
		finding.report = Report::Open(sealed.report);
		Self::deposit_event(Event::FindingOpened {
			id,
			finding: number,
		});
		if finding.confirmed {
			Self::pay(id, number, &finding)?;
		}
		Findings::<T>::insert(id, number, finding);
		Ok(())
	}

	/// Judges an open finding, or notes what the first of two organisations says.
	pub(crate) fn do_triage(
		id: ProposalId,
		number: u32,
		auditor: T::AccountId,
		decision: Decision,
	) -> DispatchResult {
		let organisation = Self::ensure_auditor(&auditor)?;
		let mut finding = Self::finding(id, number)?;
		Self::ensure_not_own(id, &auditor, organisation, &finding)?;
		ensure!(finding.status == Status::Open, Error::<T>::AlreadyTriaged);
		Self::ensure_sensible(id, number, &finding, decision)?;
		T::Roles::claim(id, &auditor, Some(organisation), Role::Auditor)?;
		let current = T::Lifecycle::dossier_hash(id).ok_or(Error::<T>::NotOpen)?;
		let judgement = Judgement {
			organisation,
			dossier_hash: current,
			verdict: Verdict::Triage(decision),
		};
		if decision.needs_two(finding.severity)
			&& !Self::is_second(id, number, &mut finding, judgement)?
		{
			Findings::<T>::insert(id, number, finding);
			return Ok(());
		}
		Self::settle(id, number, finding, decision, current)
	}

	/// Says that a confirmed finding is gone in the current dossier.
	pub(crate) fn do_resolve(
		id: ProposalId,
		number: u32,
		auditor: T::AccountId,
		dossier_hash: H256,
	) -> DispatchResult {
		let organisation = Self::ensure_auditor(&auditor)?;
		let mut finding = Self::finding(id, number)?;
		Self::ensure_not_own(id, &auditor, organisation, &finding)?;
		Self::ensure_current(id, dossier_hash)?;
		ensure!(
			finding.status == Status::Confirmed,
			Error::<T>::NotConfirmed
		);
		ensure!(dossier_hash != finding.found_in, Error::<T>::SameDossier);
		T::Roles::claim(id, &auditor, Some(organisation), Role::Auditor)?;
		let judgement = Judgement {
			organisation,
			dossier_hash,
			verdict: Verdict::Gone,
		};
		// One auditor must not unblock by `resolve` what it could not unblock by `triage`.
		if finding.severity.blocks() && !Self::is_second(id, number, &mut finding, judgement)? {
			Findings::<T>::insert(id, number, finding);
			return Ok(());
		}
		let blocked = finding.blocks();
		finding.become_status(Status::Resolved, dossier_hash);
		Self::note_blocking(id, blocked, finding.blocks());
		Findings::<T>::insert(id, number, finding);
		Waivers::<T>::remove(id, number);
		Self::deposit_event(Event::FindingResolved {
			id,
			finding: number,
		});
		Ok(())
	}

	pub(crate) fn finding(id: ProposalId, number: u32) -> Result<FindingOf<T>, DispatchError> {
		Ok(Findings::<T>::get(id, number).ok_or(Error::<T>::NoFinding)?)
	}

	/// Nobody judges what is their own: as the reporter, or as the proposer. A whole organisation is one.
	fn ensure_not_own(
		id: ProposalId,
		auditor: &T::AccountId,
		organisation: OrganisationId,
		finding: &FindingOf<T>,
	) -> DispatchResult {
		let review = Reviews::<T>::get(id).ok_or(Error::<T>::NotReviewedYet)?;
		let own = Some(organisation);
		ensure!(
			!Self::is_proposer(&review.proposer, auditor, own),
			Error::<T>::OwnProposal
		);
		// The organisation at the time of the report, or the one that the reporter joined later.
		let reported = &finding.reporter == auditor
			|| finding.organisation == own
			|| Self::organisation_of(&finding.reporter) == own;
		ensure!(!reported, Error::<T>::OwnFinding);
		Ok(())
	}

	/// A duplicate is of an earlier finding that is none itself and no less severe; a correction lowers.
	fn ensure_sensible(
		id: ProposalId,
		number: u32,
		finding: &FindingOf<T>,
		decision: Decision,
	) -> DispatchResult {
		match decision {
			Decision::Duplicate(of) => {
				let original = Self::finding(id, of)?;
				let wrong = matches!(original.status, Status::Dismissed | Status::Duplicate);
				ensure!(
					of < number && !wrong && original.severity >= finding.severity,
					Error::<T>::NotOriginal
				);
			}
			Decision::ConfirmAs(severity) => {
				ensure!(severity < finding.severity, Error::<T>::NotLower);
			}
			Decision::Confirm | Decision::Dismiss | Decision::Spam => (),
		}
		Ok(())
	}

	/// True if another organisation said the same of the same dossier. If not, notes what this one says, in place
	/// of what it said before.
	fn is_second(
		id: ProposalId,
		number: u32,
		finding: &mut FindingOf<T>,
		judgement: Judgement,
	) -> Result<bool, DispatchError> {
		let Judgement {
			organisation,
			dossier_hash,
			verdict,
		} = judgement;
		let judgements = &mut finding.judgements;
		judgements.retain(|j| j.dossier_hash == dossier_hash);
		let others_agree = judgements
			.iter()
			.any(|j| j.verdict == verdict && j.organisation != organisation);
		if others_agree {
			return Ok(true);
		}
		// Whoever said so is this organisation.
		ensure!(
			judgements.iter().all(|j| j.verdict != verdict),
			Error::<T>::SecondOrganisationNeeded
		);
		judgements.retain(|j| j.organisation != organisation);
		if judgements.is_full() {
			judgements.remove(0);
		}
		// Cannot fail: there is room.
		if judgements.try_push(judgement).is_ok() {
			Self::deposit_event(Event::JudgementPending {
				id,
				finding: number,
				organisation,
				verdict,
			});
		}
		Ok(false)
	}

	/// Does what was decided about an open finding.
	fn settle(
		id: ProposalId,
		number: u32,
		mut finding: FindingOf<T>,
		decision: Decision,
		dossier_hash: H256,
	) -> DispatchResult {
		let blocked = finding.blocks();
		let status = match decision {
			Decision::Confirm | Decision::ConfirmAs(_) => Status::Confirmed,
			Decision::Dismiss | Decision::Spam => Status::Dismissed,
			Decision::Duplicate(_) => Status::Duplicate,
		};
		finding.become_status(status, dossier_hash);
		finding.confirmed = status == Status::Confirmed;
		if !status.stands() {
			Waivers::<T>::remove(id, number);
		}
		if let Decision::ConfirmAs(severity) = decision {
			finding.severity = severity;
		}
		if decision == Decision::Spam {
			T::Currency::burn_held(
				&HoldReason::Finding.into(),
				&finding.reporter,
				finding.deposit,
				Precision::BestEffort,
				Fortitude::Force,
			)?;
			finding.deposit = Zero::zero();
		}
		Self::note_blocking(id, blocked, finding.blocks());
		Self::deposit_event(Event::FindingTriaged {
			id,
			finding: number,
			decision,
		});
		if finding.confirmed && matches!(finding.report, Report::Open(_)) {
			Self::pay(id, number, &finding)?;
		}
		Findings::<T>::insert(id, number, finding);
		Ok(())
	}

	/// A dossier is reviewed: what was resolved or waived in another one has to be shown again. At most
	/// `MaxFindings`.
	pub(crate) fn reopen_settled(id: ProposalId, dossier_hash: H256) {
		let settled: Vec<_> = Findings::<T>::iter_prefix(id)
			.filter(|(_, f)| matches!(f.status, Status::Resolved | Status::Waived))
			.filter(|(_, f)| f.judged_in != dossier_hash)
			.collect();
		for (number, mut finding) in settled {
			let before = if finding.confirmed {
				Status::Confirmed
			} else {
				Status::Open
			};
			finding.become_status(before, dossier_hash);
			Self::note_blocking(id, false, finding.blocks());
			Findings::<T>::insert(id, number, finding);
			Self::deposit_event(Event::FindingReopened {
				id,
				finding: number,
			});
		}
	}

	/// Keeps the count of blocking findings when one changes.
	pub(crate) fn note_blocking(id: ProposalId, before: bool, after: bool) {
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

	/// Removes all findings and returns their deposits. At most `MaxFindings`.
	pub(crate) fn remove_findings(id: ProposalId) {
		Blocking::<T>::remove(id);
		// They have the numbers below that. Code that failed may have written more: they stay.
		let taken = FindingSlots::<T>::take(id).taken;
		let numbers = 0..taken.min(T::MaxFindings::get());
		for finding in numbers.filter_map(|number| Findings::<T>::take(id, number)) {
			Self::give_back(HoldReason::Finding, &finding.reporter, finding.deposit);
		}
	}
}
