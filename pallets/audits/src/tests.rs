//! Each call, each error, each edge.

use crate::{
	mock::*, Auditors, Decision, Error, Event, Findings, HoldReason, Kind, Opinion, ReviewProgress,
	Reviews, Severity, Status,
};
use airlock_primitives::*;
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;
use sp_runtime::{DispatchError, DispatchResult};

pub const EARLIEST: u32 = 1 + MINIMUM + 2 * PER_PALLET;
pub const LATEST: u32 = EARLIEST + GRACE;

pub fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

pub fn attest(who: u64, kind: Kind, opinion: Opinion) -> DispatchResult {
	let hash = Current::get().unwrap();
	Audits::attest(signed(who), ID, hash, kind, opinion, H256::zero())
}

/// Two reviews and one build, as the policy asks for.
pub fn attest_all() {
	assert_ok!(attest(1, Kind::CodeReview, Opinion::Approve));
	assert_ok!(attest(2, Kind::CodeReview, Opinion::Approve));
	assert_ok!(attest(3, Kind::ReproducedBuild, Opinion::Approve));
}

pub fn find(who: u64, severity: Severity) -> DispatchResult {
	Audits::report_finding(signed(who), ID, severity, Document::of(b"finding"))
}

pub fn held(who: u64) -> u128 {
	held_for(HoldReason::Finding, who)
}

pub fn triage(who: u64, finding: u32, decision: Decision) -> DispatchResult {
	Audits::triage(signed(who), ID, finding, decision)
}

/// Two organisations say the same.
pub fn agree(finding: u32, decision: Decision) {
	assert_ok!(triage(1, finding, decision));
	assert_ok!(triage(2, finding, decision));
}

pub fn resolve(who: u64, finding: u32) -> DispatchResult {
	Audits::resolve(signed(who), ID, finding, Current::get().unwrap_or_default())
}

pub fn status(finding: u32) -> Status {
	Findings::<Test>::get(ID, finding).unwrap().status
}

/// Approvals and builds.
fn evidence() -> ((u32, u32), (u32, u32)) {
	let progress = Audits::progress(ID).unwrap();
	(progress.approvals, progress.builds)
}

/// The last event of the pallet.
pub fn last_event() -> Event<Test> {
	let ours = System::events()
		.into_iter()
		.rev()
		.find_map(|r| match r.event {
			RuntimeEvent::Audits(event) => Some(event),
			_ => None,
		});
	ours.expect("an event")
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
		assert_eq!(evidence(), ((1, 2), (1, 1)));
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
		act_as(1, Role::Simulator);
		assert_noop!(attest(1, Kind::CodeReview, Opinion::Approve), OTHER_ROLE);
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
		close();
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
		assert_ok!(Audits::retract(signed(5), ID, Kind::CodeReview));
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
		for _ in 0..4 {
			assert_ok!(find(9, Severity::Low));
		}
		assert_noop!(find(9, Severity::Low), Error::<Test>::TooManyFindings);
	});
}

/// What a new dossier asks for again: the same words about the old one are refused.
#[test]
fn attest_should_fail_when_the_dossier_was_revised() {
	build_and_execute(|| {
		let old = Current::get().unwrap();
		attest_all();
		close();
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
		assert_eq!(evidence(), ((0, 2), (0, 1)));
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
		assert_eq!(evidence(), ((1, 2), (1, 1)));
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
fn report_finding_should_block_when_the_review_is_over() {
	build_and_execute(|| {
		attest_all();
		close();
		assert!(!<Audits as OpenFindings>::blocking(ID));
		assert_ok!(find(9, Severity::Critical));
		assert!(<Audits as OpenFindings>::blocking(ID));
		assert!(!<Audits as OpenFindings>::blocking(ID + 1));
		agree(0, Decision::Dismiss);
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
		assert_noop!(Audits::resolve(none(), ID, 0, hash), bad);
		assert_noop!(Audits::seal_finding(none(), ID, Severity::Low, hash), bad);
		let opened = Audits::open_finding(none(), ID, 0, Document::of(b"x"), [0; 32]);
		assert_noop!(opened, bad);
		assert_noop!(Audits::fund_bounty(none(), ID, MIN_PART), bad);
		assert_noop!(Audits::waive(none(), ID, 0, hash), bad);
		assert_noop!(Audits::retract_waiver(none(), ID, 0), bad);
		assert_noop!(Audits::declare_conflict(none(), ID), bad);
	});
}

#[test]
fn a_specification_should_be_counted_and_not_required() {
	build_and_execute(|| {
		assert_ok!(attest(1, Kind::Specification, Opinion::Approve));
		assert_ok!(attest(2, Kind::Specification, Opinion::Reject));
		assert_ok!(attest(3, Kind::Specification, Opinion::Approve));
		let expected = ReviewProgress {
			approvals: (0, 2),
			builds: (0, 1),
			specifications: 2,
			bounty: (MIN_BOUNTY, MIN_BOUNTY),
			blocking: 0,
		};
		assert_eq!(Audits::progress(ID), Some(expected));
		attest_all();
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn attest_should_fail_when_the_proposer_is_of_the_same_organisation() {
	build_and_execute(|| {
		// The proposer is an auditor too, and auditor 3 a colleague. The role book knows only accounts of proposers.
		assert_ok!(Audits::admit(RuntimeOrigin::root(), PROPOSER, 3));
		to(51);
		open(0);
		for who in [3, 4, PROPOSER] {
			assert_noop!(
				attest(who, Kind::CodeReview, Opinion::Approve),
				Error::<Test>::OwnProposal
			);
		}
		assert_ok!(find(9, Severity::Low));
		for who in [3, PROPOSER] {
			assert_noop!(
				triage(who, 0, Decision::Dismiss),
				Error::<Test>::OwnProposal
			);
		}
	});
}

#[test]
fn declare_conflict_should_keep_the_organisation_out() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(Audits::declare_conflict(signed(3), ID));
		let declared = Event::ConflictDeclared {
			id: ID,
			auditor: 3,
			organisation: 3,
		};
		assert_eq!(last_event(), declared);
		for who in [3, 4] {
			assert_noop!(attest(who, Kind::CodeReview, Opinion::Approve), OTHER_ROLE);
			assert_noop!(triage(who, 0, Decision::Confirm), OTHER_ROLE);
		}
		// Anyone may report.
		assert_ok!(find(3, Severity::High));
		// Another proposal is another matter.
		open_on(OTHER, 0);
		let hash = Current::get().unwrap();
		assert_ok!(Audits::attest(
			signed(4),
			OTHER,
			hash,
			Kind::CodeReview,
			Opinion::Approve,
			hash
		));
	});
}

#[test]
fn declare_conflict_should_fail_when_it_comes_too_late() {
	build_and_execute(|| {
		assert_noop!(
			Audits::declare_conflict(signed(9), ID),
			Error::<Test>::NotAuditor
		);
		assert_noop!(
			Audits::declare_conflict(signed(1), ID + 1),
			Error::<Test>::NotOpen
		);
		assert_ok!(attest(3, Kind::CodeReview, Opinion::Approve));
		assert_noop!(Audits::declare_conflict(signed(3), ID), OTHER_ROLE);
		// Its organisation has acted.
		assert_noop!(Audits::declare_conflict(signed(4), ID), OTHER_ROLE);
		assert_ok!(find(9, Severity::High));
		assert_ok!(triage(1, 0, Decision::Dismiss));
		assert_noop!(Audits::declare_conflict(signed(1), ID), OTHER_ROLE);
		// A new auditor need not wait to declare one.
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		assert_ok!(Audits::declare_conflict(signed(5), ID));
	});
}

#[test]
fn the_proposer_should_not_declare_a_conflict() {
	build_and_execute(|| {
		assert_ok!(Audits::admit(RuntimeOrigin::root(), PROPOSER, 9));
		assert_noop!(Audits::declare_conflict(signed(PROPOSER), ID), OTHER_ROLE);
		assert_eq!(Auditors::<Test>::get(PROPOSER).unwrap().active, 0);
	});
}
