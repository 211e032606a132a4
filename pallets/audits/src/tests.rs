//! Each call, each error, each edge.

use crate::{
	mock::*, Attestations, Blocking, Decision, Error, FindingCount, Findings, HoldReason, Kind,
	Opinion, Reviews, Severity, Status,
};
use airlock_primitives::*;
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_core::H256;
use sp_runtime::{DispatchError, DispatchResult};

const EARLIEST: u32 = 1 + MINIMUM + 2 * PER_PALLET;
const LATEST: u32 = EARLIEST + GRACE;

fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn attest(who: u64, kind: Kind, opinion: Opinion) -> DispatchResult {
	let hash = Current::get().unwrap();
	Audits::attest(signed(who), ID, hash, kind, opinion, H256::zero())
}

/// Two reviews and one build, as the policy asks for.
fn attest_all() {
	assert_ok!(attest(1, Kind::CodeReview, Opinion::Approve));
	assert_ok!(attest(2, Kind::CodeReview, Opinion::Approve));
	assert_ok!(attest(3, Kind::ReproducedBuild, Opinion::Approve));
}

fn find(who: u64, severity: Severity) -> DispatchResult {
	Audits::report_finding(signed(who), ID, severity, Document::of(b"finding"))
}

fn held(who: u64) -> u128 {
	Balances::balance_on_hold(&HoldReason::Finding.into(), &who)
}

#[test]
fn the_review_should_pass_with_all_evidence_and_never_before_its_minimum() {
	build_and_execute(|| {
		attest_all();
		assert_eq!(poll(), GateStatus::Pending { until: EARLIEST });
		to(EARLIEST - 1);
		assert_eq!(poll(), GateStatus::Pending { until: EARLIEST });
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn a_wider_scope_should_make_the_review_longer() {
	build_and_execute(|| {
		let review = Reviews::<Test>::get(ID).unwrap();
		assert_eq!((review.earliest, review.latest), (EARLIEST, LATEST));
	});
}

#[test]
fn the_review_should_fail_when_evidence_does_not_come_in_the_grace_window() {
	build_and_execute(|| {
		assert_ok!(attest(1, Kind::CodeReview, Opinion::Approve));
		assert_ok!(attest(3, Kind::ReproducedBuild, Opinion::Approve));
		to(LATEST - 1);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		to(LATEST);
		assert_eq!(poll(), GateStatus::Failed(Failure::TooFewAttestations));
	});
}

#[test]
fn a_rejection_should_not_count_as_an_approval() {
	build_and_execute(|| {
		assert_ok!(attest(1, Kind::CodeReview, Opinion::Approve));
		assert_ok!(attest(2, Kind::CodeReview, Opinion::Reject));
		assert_ok!(attest(3, Kind::ReproducedBuild, Opinion::Approve));
		assert_eq!(Audits::progress(ID), Some(((1, 2), (1, 1))));
		to(LATEST);
		assert_eq!(poll(), GateStatus::Failed(Failure::TooFewAttestations));
	});
}

#[test]
fn attest_should_fail_when_the_auditor_may_not() {
	build_and_execute(|| {
		assert_noop!(
			attest(9, Kind::CodeReview, Opinion::Approve),
			Error::<Test>::NotAuditor
		);
		Conflicted::set(Some(1));
		assert_noop!(
			attest(1, Kind::CodeReview, Opinion::Approve),
			DispatchError::Other("other role")
		);
		assert_ok!(attest(3, Kind::CodeReview, Opinion::Approve));
		assert_noop!(
			attest(3, Kind::CodeReview, Opinion::Reject),
			Error::<Test>::OrganisationAlreadyAttested
		);
		assert_noop!(
			attest(4, Kind::CodeReview, Opinion::Approve),
			Error::<Test>::OrganisationAlreadyAttested
		);
		assert_ok!(attest(4, Kind::ReproducedBuild, Opinion::Approve));
	});
}

#[test]
fn attest_should_fail_when_it_is_for_another_dossier_or_stage() {
	build_and_execute(|| {
		let try_with = |id, hash| {
			Audits::attest(
				signed(1),
				id,
				hash,
				Kind::CodeReview,
				Opinion::Approve,
				H256::zero(),
			)
		};
		assert_noop!(
			try_with(ID, H256::repeat_byte(5)),
			Error::<Test>::OtherDossier
		);
		assert_noop!(
			try_with(ID + 1, Current::get().unwrap()),
			Error::<Test>::NotInReview
		);
		<Audits as StageGate<u64, u32>>::close(ID);
		assert_noop!(
			try_with(ID, Current::get().unwrap()),
			Error::<Test>::NotInReview
		);
		assert_noop!(
			Audits::retract(signed(1), ID, Kind::CodeReview),
			Error::<Test>::NotInReview
		);
	});
}

#[test]
fn admit_should_start_a_cooling_period() {
	build_and_execute(|| {
		assert_noop!(Audits::admit(signed(1), 5, 5), DispatchError::BadOrigin);
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		assert_noop!(
			Audits::admit(RuntimeOrigin::root(), 5, 6),
			Error::<Test>::AlreadyAdmitted
		);
		to(50);
		assert_noop!(
			attest(5, Kind::CodeReview, Opinion::Approve),
			Error::<Test>::CoolingPeriod
		);
		to(51);
		assert_ok!(attest(5, Kind::CodeReview, Opinion::Approve));
		assert_noop!(Audits::remove(signed(1), 5), DispatchError::BadOrigin);
		assert_ok!(Audits::remove(RuntimeOrigin::root(), 5));
		assert_noop!(
			Audits::remove(RuntimeOrigin::root(), 5),
			Error::<Test>::NotAuditor
		);
		assert_noop!(
			attest(5, Kind::Specification, Opinion::Approve),
			Error::<Test>::NotAuditor
		);
	});
}

#[test]
fn retract_should_take_an_attestation_back() {
	build_and_execute(|| {
		attest_all();
		assert_noop!(
			Audits::retract(signed(1), ID, Kind::ReproducedBuild),
			Error::<Test>::NotAttested
		);
		assert_ok!(Audits::retract(signed(1), ID, Kind::CodeReview));
		assert_noop!(
			Audits::retract(signed(1), ID, Kind::CodeReview),
			Error::<Test>::NotAttested
		);
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		assert_ok!(attest(1, Kind::CodeReview, Opinion::Approve));
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn an_open_high_or_critical_finding_should_block() {
	for (severity, blocks) in [
		(Severity::Low, false),
		(Severity::Medium, false),
		(Severity::High, true),
		(Severity::Critical, true),
	] {
		build_and_execute(|| {
			attest_all();
			assert_ok!(find(9, severity));
			assert_eq!(<Audits as OpenFindings>::blocking(ID), blocks);
			to(EARLIEST);
			assert_eq!(poll() == GateStatus::Passed, !blocks);
			to(LATEST);
			let end = if blocks {
				GateStatus::Failed(Failure::OpenFinding)
			} else {
				GateStatus::Passed
			};
			assert_eq!(poll(), end);
		});
	}
}

#[test]
fn triage_should_free_or_keep_the_block() {
	build_and_execute(|| {
		for _ in 0..3 {
			assert_ok!(find(9, Severity::Critical));
		}
		assert_eq!(Blocking::<Test>::get(ID), 3);
		assert_ok!(Audits::triage(signed(1), ID, 0, Decision::Confirm));
		assert_ok!(Audits::triage(signed(1), ID, 1, Decision::Dismiss));
		assert_eq!(Blocking::<Test>::get(ID), 2);
		assert_eq!(held(9), 30);
		assert_ok!(Audits::triage(signed(1), ID, 2, Decision::Spam));
		assert_eq!(Blocking::<Test>::get(ID), 1);
		assert_eq!((held(9), Balances::total_issuance()), (20, 890));
		assert_noop!(
			Audits::triage(signed(2), ID, 0, Decision::Dismiss),
			Error::<Test>::AlreadyTriaged
		);
	});
}

#[test]
fn triage_should_fail_when_the_auditor_may_not() {
	build_and_execute(|| {
		assert_ok!(find(1, Severity::High));
		let triage = |who| Audits::triage(signed(who), ID, 0, Decision::Dismiss);
		assert_noop!(triage(1), Error::<Test>::OwnFinding);
		assert_noop!(triage(9), Error::<Test>::NotAuditor);
		assert_noop!(
			Audits::triage(signed(2), ID, 1, Decision::Dismiss),
			Error::<Test>::NoFinding
		);
		Conflicted::set(Some(2));
		assert_noop!(triage(2), DispatchError::Other("other role"));
	});
}

#[test]
fn resolve_should_need_a_later_dossier() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(Audits::triage(signed(1), ID, 0, Decision::Confirm));
		assert_noop!(
			Audits::resolve(signed(2), ID, 0),
			Error::<Test>::SameDossier
		);
		// A revision voids attestations and keeps findings.
		attest_all();
		open(1);
		assert_eq!(Attestations::<Test>::get(ID).len(), 0);
		assert!(<Audits as OpenFindings>::blocking(ID));
		assert_noop!(Audits::resolve(signed(9), ID, 0), Error::<Test>::NotAuditor);
		assert_noop!(Audits::resolve(signed(2), ID, 5), Error::<Test>::NoFinding);
		assert_ok!(Audits::resolve(signed(2), ID, 0));
		assert!(!<Audits as OpenFindings>::blocking(ID));
		assert_noop!(
			Audits::resolve(signed(2), ID, 0),
			Error::<Test>::NotStanding
		);
		assert_eq!(
			Findings::<Test>::get(ID, 0).unwrap().status,
			Status::Resolved
		);
	});
}

#[test]
fn report_finding_should_fail_when_it_cannot_be_taken() {
	build_and_execute(|| {
		assert_noop!(
			Audits::report_finding(signed(9), ID + 1, Severity::Low, Document::of(b"x")),
			Error::<Test>::NotOpen
		);
		assert_noop!(
			find(77, Severity::Low),
			sp_runtime::TokenError::FundsUnavailable
		);
		for _ in 0..3 {
			assert_ok!(find(9, Severity::Low));
		}
		assert_noop!(find(9, Severity::Low), Error::<Test>::TooManyFindings);
	});
}

#[test]
fn clear_should_return_deposits_and_leave_nothing() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(find(8, Severity::Low));
		assert_ok!(find(9, Severity::Critical));
		<Audits as StageGate<u64, u32>>::clear(ID);
		assert_eq!((held(8), held(9)), (0, 0));
		assert_eq!(Findings::<Test>::iter().count(), 0);
		assert_eq!(FindingCount::<Test>::iter().count(), 0);
		assert_eq!(Blocking::<Test>::iter().count(), 0);
		assert_eq!(Attestations::<Test>::iter().count(), 0);
		assert_eq!(Reviews::<Test>::iter().count(), 0);
	});
}

/// What a new dossier asks for again: the same words about the old one are refused.
#[test]
fn attest_should_fail_when_the_dossier_was_revised() {
	build_and_execute(|| {
		let old = Current::get().unwrap();
		attest_all();
		<Audits as StageGate<u64, u32>>::close(ID);
		open(1);
		let stale = Audits::attest(
			signed(1),
			ID,
			old,
			Kind::CodeReview,
			Opinion::Approve,
			H256::zero(),
		);
		assert_noop!(stale, Error::<Test>::OtherDossier);
		assert_eq!(Audits::progress(ID), Some(((0, 2), (0, 1))));
		attest_all();
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn attest_should_fail_when_the_list_is_full() {
	build_and_execute(|| {
		let kinds = [Kind::CodeReview, Kind::ReproducedBuild, Kind::Specification];
		let all = (1..=3).flat_map(|who| kinds.map(|kind| (who, kind)));
		for (who, kind) in all.take(8) {
			assert_ok!(attest(who, kind, Opinion::Approve));
		}
		assert_noop!(
			attest(3, Kind::Specification, Opinion::Approve),
			Error::<Test>::TooManyAttestations
		);
		assert_ok!(Audits::retract(signed(1), ID, Kind::Specification));
		assert_ok!(attest(3, Kind::Specification, Opinion::Approve));
	});
}

#[test]
fn an_approval_of_the_specification_should_not_stand_in_for_a_code_review() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(Audits::retract(signed(2), ID, Kind::CodeReview));
		assert_ok!(attest(2, Kind::Specification, Opinion::Approve));
		assert_eq!(Audits::progress(ID), Some(((1, 2), (1, 1))));
		to(LATEST);
		assert_eq!(poll(), GateStatus::Failed(Failure::TooFewAttestations));
	});
}

#[test]
fn the_review_should_fail_when_only_the_build_is_missing() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(Audits::retract(signed(3), ID, Kind::ReproducedBuild));
		assert_ok!(attest(3, Kind::ReproducedBuild, Opinion::Reject));
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		to(LATEST);
		assert_eq!(poll(), GateStatus::Failed(Failure::TooFewAttestations));
	});
}

#[test]
fn poll_should_fail_when_no_review_was_opened() {
	build_and_execute(|| {
		assert_eq!(
			<Audits as StageGate<u64, u32>>::poll(ID + 1, LATEST),
			GateStatus::Failed(Failure::StageNotOpened)
		);
		assert_eq!(Audits::progress(ID + 1), None);
	});
}

#[test]
fn retract_should_work_when_the_auditor_was_removed_and_only_for_its_own() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(Audits::remove(RuntimeOrigin::root(), 1));
		// What it said stays until it takes it back.
		assert_eq!(Audits::progress(ID), Some(((2, 2), (1, 1))));
		// Another account of the same organisation takes nothing back.
		assert_noop!(
			Audits::retract(signed(4), ID, Kind::ReproducedBuild),
			Error::<Test>::NotAttested
		);
		assert_ok!(Audits::retract(signed(1), ID, Kind::CodeReview));
		assert_eq!(Audits::progress(ID), Some(((1, 2), (1, 1))));
	});
}

#[test]
fn report_finding_should_block_when_the_review_is_over() {
	build_and_execute(|| {
		attest_all();
		<Audits as StageGate<u64, u32>>::close(ID);
		assert!(!<Audits as OpenFindings>::blocking(ID));
		assert_ok!(find(9, Severity::Critical));
		assert!(<Audits as OpenFindings>::blocking(ID));
		assert!(!<Audits as OpenFindings>::blocking(ID + 1));
		assert_ok!(Audits::triage(signed(1), ID, 0, Decision::Dismiss));
		assert!(!<Audits as OpenFindings>::blocking(ID));
		Current::set(None);
		assert_noop!(find(9, Severity::Critical), Error::<Test>::NotOpen);
	});
}

#[test]
fn report_finding_should_hold_exactly_the_deposit_when_the_reporter_can_pay_it() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::Low));
		let finding = Findings::<Test>::get(ID, 0).unwrap();
		assert_eq!((held(9), finding.deposit), (10, 10));
		assert_eq!(finding.found_in, Current::get().unwrap());
		assert_eq!(finding.status, Status::Open);
	});
}

#[test]
fn the_review_should_pass_in_grace_when_the_last_blocking_finding_is_dismissed() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(find(9, Severity::High));
		assert_ok!(find(8, Severity::Critical));
		to(LATEST - 1);
		assert_ok!(Audits::triage(signed(1), ID, 0, Decision::Dismiss));
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		assert_ok!(Audits::triage(signed(1), ID, 1, Decision::Spam));
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn triage_and_resolve_should_fail_when_the_auditor_is_new() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		open(1);
		to(50);
		assert_noop!(
			Audits::triage(signed(5), ID, 0, Decision::Dismiss),
			Error::<Test>::CoolingPeriod
		);
		assert_noop!(
			Audits::resolve(signed(5), ID, 0),
			Error::<Test>::CoolingPeriod
		);
		to(51);
		assert_ok!(Audits::triage(signed(5), ID, 0, Decision::Confirm));
		assert_ok!(Audits::resolve(signed(5), ID, 0));
	});
}

#[test]
fn resolve_should_fail_when_the_auditor_may_not_or_nothing_stands() {
	build_and_execute(|| {
		assert_ok!(find(1, Severity::High));
		assert_ok!(find(9, Severity::High));
		assert_ok!(Audits::triage(signed(2), ID, 1, Decision::Dismiss));
		open(1);
		assert_noop!(Audits::resolve(signed(1), ID, 0), Error::<Test>::OwnFinding);
		assert_noop!(
			Audits::resolve(signed(2), ID, 1),
			Error::<Test>::NotStanding
		);
		Conflicted::set(Some(2));
		assert_noop!(
			Audits::resolve(signed(2), ID, 0),
			DispatchError::Other("other role")
		);
		let current = Current::take();
		assert_noop!(Audits::resolve(signed(3), ID, 0), Error::<Test>::NotOpen);
		Current::set(current);
		assert_ok!(Audits::resolve(signed(3), ID, 0));
		assert_noop!(
			Audits::triage(signed(3), ID, 0, Decision::Spam),
			Error::<Test>::AlreadyTriaged
		);
	});
}

#[test]
fn clear_should_not_return_a_burnt_deposit() {
	build_and_execute(|| {
		assert_ok!(find(8, Severity::Low));
		assert_ok!(find(8, Severity::Critical));
		assert_ok!(find(9, Severity::High));
		assert_ok!(Audits::triage(signed(1), ID, 1, Decision::Spam));
		<Audits as StageGate<u64, u32>>::clear(ID);
		assert_eq!((held(8), held(9)), (0, 0));
		assert_eq!(
			(Balances::free_balance(8), Balances::free_balance(9)),
			(90, 100)
		);
		assert_eq!(Balances::total_issuance(), 890);
		assert!(!<Audits as OpenFindings>::blocking(ID));
	});
}

#[test]
fn calls_should_fail_when_nobody_signed() {
	build_and_execute(|| {
		let none = RuntimeOrigin::none;
		let (hash, bad) = (H256::zero(), DispatchError::BadOrigin);
		let attested = Audits::attest(none(), ID, hash, Kind::CodeReview, Opinion::Approve, hash);
		assert_noop!(attested, bad);
		assert_noop!(Audits::retract(none(), ID, Kind::CodeReview), bad);
		let reported = Audits::report_finding(none(), ID, Severity::Low, Document::of(b"x"));
		assert_noop!(reported, bad);
		assert_noop!(Audits::triage(none(), ID, 0, Decision::Spam), bad);
		assert_noop!(Audits::resolve(none(), ID, 0), bad);
	});
}
