//! Findings: triage by one and two organisations, seals, slots, waivers.

use crate::{
	mock::*, tests::*, Blocking, Decision, Error, Event, FindingSlots, Findings, Kind, Opinion,
	Report, SealedFinding, Severity, Slots, Status, Verdict, Waivers, MAX_JUDGEMENTS,
};
use airlock_primitives::*;
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;
use sp_runtime::DispatchResult;

fn waive(who: u64, finding: u32) -> DispatchResult {
	Audits::waive(signed(who), ID, finding, Current::get().unwrap())
}

fn sealed_by(reporter: u64, salt: u8) -> SealedFinding<u64> {
	SealedFinding {
		genesis: System::block_hash(0),
		id: ID,
		reporter,
		report: Document::of(b"a hole"),
		salt: [salt; 32],
	}
}

fn seal(who: u64, severity: Severity) -> DispatchResult {
	Audits::seal_finding(signed(who), ID, severity, sealed_by(who, 7).commitment())
}

fn open_seal(who: u64, finding: u32, text: &[u8], salt: u8) -> DispatchResult {
	Audits::open_finding(signed(who), ID, finding, Document::of(text), [salt; 32])
}

// Triage.

#[test]
fn triage_should_need_a_second_organisation_when_it_frees_burns_or_pays() {
	let cases = [
		(Severity::Low, Decision::Dismiss, false),
		(Severity::Medium, Decision::Dismiss, false),
		(Severity::High, Decision::Dismiss, true),
		(Severity::Critical, Decision::Dismiss, true),
		(Severity::Low, Decision::Spam, true),
		(Severity::Medium, Decision::Duplicate(0), false),
		(Severity::High, Decision::Duplicate(0), true),
		(
			Severity::Critical,
			Decision::ConfirmAs(Severity::High),
			true,
		),
		(Severity::Medium, Decision::ConfirmAs(Severity::Low), true),
		(Severity::Low, Decision::Confirm, true),
		(Severity::Critical, Decision::Confirm, true),
	];
	for (severity, decision, two) in cases {
		build_and_execute(|| {
			assert_ok!(find(8, Severity::Critical));
			assert_ok!(find(9, severity));
			let before = Blocking::<Test>::get(ID);
			assert_ok!(triage(3, 1, decision));
			assert_eq!(status(1) == Status::Open, two, "{severity:?} {decision:?}");
			if two {
				assert_eq!(Blocking::<Test>::get(ID), before);
				let pending = Event::JudgementPending {
					id: ID,
					finding: 1,
					organisation: 3,
					verdict: Verdict::Triage(decision),
				};
				assert_eq!(last_event(), pending);
				// The same organisation again is no second one, by whichever account.
				for who in [3, 4] {
					assert_noop!(
						triage(who, 1, decision),
						Error::<Test>::SecondOrganisationNeeded
					);
				}
				assert_ok!(triage(1, 1, decision));
			}
			let burnt = if decision == Decision::Spam {
				DEPOSIT
			} else {
				0
			};
			Burnt::set(burnt);
			assert_eq!(held(9), DEPOSIT - burnt);
			let entry = Findings::<Test>::get(ID, 1).unwrap();
			assert!(entry.status != Status::Open && entry.judgements.is_empty());
			assert_eq!(
				Blocking::<Test>::get(ID),
				1 + u32::from(entry.blocks()),
				"{severity:?} {decision:?}"
			);
		});
	}
}

#[test]
fn triage_should_replace_what_an_organisation_said_before() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(triage(1, 0, Decision::Dismiss));
		assert_ok!(triage(1, 0, Decision::Spam));
		// What 1 took back is not there to agree with.
		assert_ok!(triage(2, 0, Decision::Dismiss));
		assert_eq!(status(0), Status::Open);
		// A third opinion does not wipe out the two that stand.
		assert_ok!(triage(3, 0, Decision::ConfirmAs(Severity::Low)));
		assert_eq!(Findings::<Test>::get(ID, 0).unwrap().judgements.len(), 3);
		assert_ok!(triage(1, 0, Decision::Dismiss));
		assert_eq!(status(0), Status::Dismissed);
		assert_eq!(held(9), DEPOSIT);
	});
}

#[test]
fn triage_should_drop_the_oldest_judgement_when_nobody_agrees() {
	build_and_execute(|| {
		for who in 5..=8u64 {
			assert_ok!(Audits::admit(RuntimeOrigin::root(), who, who as u32));
		}
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 20, 20));
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 21, 21));
		for _ in 0..3 {
			assert_ok!(find(9, Severity::Critical));
		}
		to(51);
		let mut decisions = vec![
			Decision::Dismiss,
			Decision::Spam,
			Decision::Duplicate(0),
			Decision::Duplicate(1),
			Decision::ConfirmAs(Severity::Low),
			Decision::ConfirmAs(Severity::Medium),
		];
		// Auditor 3's first word, then six others, one more that is nobody's, and the first one's again.
		for who in [1, 2, 3, 5, 6, 7] {
			assert_ok!(triage(who, 2, decisions.remove(0)));
		}
		let count = || Findings::<Test>::get(ID, 2).unwrap().judgements.len() as u32;
		assert_eq!(count(), 6);
		assert!(count() <= MAX_JUDGEMENTS);
		assert_ok!(triage(8, 2, Decision::Dismiss));
		assert_eq!(status(2), Status::Dismissed);
		// No more than so many are kept, whatever organisations say.
		let mut entry = Findings::<Test>::get(ID, 1).unwrap();
		for n in 0..MAX_JUDGEMENTS {
			let judgement = crate::Judgement {
				organisation: 100 + n,
				dossier_hash: Current::get().unwrap(),
				verdict: Verdict::Triage(Decision::Duplicate(50 + n)),
			};
			entry.judgements.try_push(judgement).unwrap();
		}
		Findings::<Test>::insert(ID, 1, entry);
		assert_ok!(triage(20, 1, Decision::Dismiss));
		let judges = Findings::<Test>::get(ID, 1).unwrap().judgements;
		assert_eq!(judges.len() as u32, MAX_JUDGEMENTS);
		assert_eq!(judges.first().unwrap().organisation, 101);
		assert_ok!(triage(21, 1, Decision::Dismiss));
		assert_eq!(status(1), Status::Dismissed);
	});
}

#[test]
fn triage_should_not_count_what_was_said_of_another_dossier() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(triage(1, 0, Decision::Dismiss));
		close();
		open(1);
		assert_ok!(triage(2, 0, Decision::Dismiss));
		assert_eq!(status(0), Status::Open);
		assert_ok!(triage(1, 0, Decision::Dismiss));
		assert_eq!(status(0), Status::Dismissed);
	});
}

#[test]
fn triage_should_fail_when_the_finding_is_ones_own() {
	build_and_execute(|| {
		assert_ok!(find(3, Severity::High));
		assert_ok!(find(9, Severity::High));
		for who in [3, 4] {
			assert_noop!(triage(who, 0, Decision::Confirm), Error::<Test>::OwnFinding);
			assert_noop!(resolve(who, 0), Error::<Test>::OwnFinding);
		}
		// Leaving the register does not launder a report.
		assert_ok!(Audits::remove(RuntimeOrigin::root(), 3));
		assert_noop!(triage(4, 0, Decision::Confirm), Error::<Test>::OwnFinding);
		// Nor does joining it later.
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 9, 2));
		assert_noop!(triage(2, 1, Decision::Confirm), Error::<Test>::OwnFinding);
		assert_ok!(triage(1, 1, Decision::Confirm));
	});
}

#[test]
fn triage_should_fail_when_the_auditor_may_not() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_noop!(triage(8, 0, Decision::Dismiss), Error::<Test>::NotAuditor);
		assert_noop!(triage(2, 1, Decision::Dismiss), Error::<Test>::NoFinding);
		act_as(2, Role::Simulator);
		assert_noop!(triage(2, 0, Decision::Dismiss), OTHER_ROLE);
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		to(50);
		assert_noop!(
			triage(5, 0, Decision::Dismiss),
			Error::<Test>::CoolingPeriod
		);
		to(51);
		assert_ok!(triage(5, 0, Decision::Dismiss));
	});
}

#[test]
fn triage_should_fail_when_no_review_has_begun() {
	build_and_execute(|| {
		let report = Document::of(b"early");
		assert_ok!(Audits::report_finding(
			signed(9),
			OTHER,
			Severity::High,
			report
		));
		let judged = || Audits::triage(signed(1), OTHER, 0, Decision::Confirm);
		assert_noop!(judged(), Error::<Test>::NotReviewedYet);
		assert!(<Audits as OpenFindings>::blocking(OTHER));
		open_on(OTHER, 0);
		assert_ok!(judged());
	});
}

#[test]
fn triage_should_fail_when_the_decision_makes_no_sense() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(find(9, Severity::Critical));
		assert_ok!(find(8, Severity::High));
		let duplicate = |finding, of| triage(1, finding, Decision::Duplicate(of));
		assert_noop!(duplicate(1, 0), Error::<Test>::NotOriginal);
		assert_noop!(duplicate(1, 1), Error::<Test>::NotOriginal);
		assert_noop!(duplicate(0, 1), Error::<Test>::NotOriginal);
		assert_noop!(duplicate(0, 7), Error::<Test>::NoFinding);
		for severity in [Severity::High, Severity::Critical] {
			assert_noop!(
				triage(1, 0, Decision::ConfirmAs(severity)),
				Error::<Test>::NotLower
			);
		}
		// Of what is wrong, nothing is a duplicate. The second organisation's word is checked like the first one's.
		assert_ok!(duplicate(2, 0));
		agree(0, Decision::Dismiss);
		assert_noop!(
			triage(2, 2, Decision::Duplicate(0)),
			Error::<Test>::NotOriginal
		);
	});
}

#[test]
fn the_review_should_pass_in_grace_when_the_last_blocking_finding_is_dismissed() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(find(9, Severity::High));
		assert_ok!(find(8, Severity::Critical));
		to(LATEST - 1);
		agree(0, Decision::Dismiss);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		assert_ok!(triage(1, 1, Decision::Dismiss));
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		assert_ok!(triage(2, 1, Decision::Dismiss));
		assert_eq!(poll(), GateStatus::Passed);
	});
}

// Resolving.

#[test]
fn resolve_should_need_a_later_dossier_and_two_organisations() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_noop!(resolve(2, 0), Error::<Test>::NotConfirmed);
		agree(0, Decision::Confirm);
		assert_noop!(resolve(2, 0), Error::<Test>::SameDossier);
		let old = Current::get().unwrap();
		close();
		open(1);
		assert!(<Audits as OpenFindings>::blocking(ID));
		assert_noop!(resolve(9, 0), Error::<Test>::NotAuditor);
		assert_noop!(resolve(2, 5), Error::<Test>::NoFinding);
		assert_noop!(
			Audits::resolve(signed(2), ID, 0, old),
			Error::<Test>::OtherDossier
		);
		assert_ok!(resolve(3, 0));
		assert_noop!(resolve(4, 0), Error::<Test>::SecondOrganisationNeeded);
		assert!(<Audits as OpenFindings>::blocking(ID));
		assert_ok!(resolve(2, 0));
		assert!(!<Audits as OpenFindings>::blocking(ID));
		assert_eq!(status(0), Status::Resolved);
		assert_noop!(resolve(1, 0), Error::<Test>::NotConfirmed);
		assert_noop!(triage(3, 0, Decision::Spam), Error::<Test>::AlreadyTriaged);
	});
}

#[test]
fn resolve_should_need_one_organisation_when_nothing_is_blocked() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::Medium));
		agree(0, Decision::Confirm);
		close();
		open(1);
		assert_ok!(resolve(2, 0));
		assert_eq!(status(0), Status::Resolved);
	});
}

#[test]
fn resolve_should_fail_when_the_auditor_may_not() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		for who in [1, 3] {
			assert_ok!(triage(who, 0, Decision::Confirm));
		}
		open(1);
		act_as(2, Role::Simulator);
		assert_noop!(resolve(2, 0), OTHER_ROLE);
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		assert_noop!(resolve(5, 0), Error::<Test>::CoolingPeriod);
		let hash = Current::take().unwrap();
		assert_noop!(
			Audits::resolve(signed(3), ID, 0, hash),
			Error::<Test>::NotOpen
		);
		Current::set(Some(hash));
		assert_ok!(resolve(3, 0));
	});
}

/// Nothing carries over silently: what was gone in one dossier may be back in the next.
#[test]
fn a_resolution_should_be_void_when_another_dossier_is_reviewed() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		agree(0, Decision::Confirm);
		close();
		open(1);
		assert_ok!(resolve(1, 0));
		assert_ok!(resolve(2, 0));
		// The same dossier again (bytes that came late, say): it is still gone.
		close();
		open(1);
		assert_eq!(status(0), Status::Resolved);
		close();
		open(2);
		assert_eq!(status(0), Status::Confirmed);
		assert!(<Audits as OpenFindings>::blocking(ID));
		assert_ok!(resolve(1, 0));
		assert_ok!(resolve(3, 0));
		assert!(!<Audits as OpenFindings>::blocking(ID));
	});
}

// Seals.

#[test]
fn a_sealed_finding_should_block_like_an_open_one() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(seal(9, Severity::High));
		let reported = Event::FindingSealed {
			id: ID,
			finding: 0,
			severity: Severity::High,
		};
		assert_eq!(last_event(), reported);
		assert_eq!(held(9), DEPOSIT);
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		// Auditors judge it by the text they were given.
		agree(0, Decision::Dismiss);
		assert_eq!(poll(), GateStatus::Passed);
		assert_noop!(
			Audits::seal_finding(signed(9), ID + 1, Severity::Low, H256::zero()),
			Error::<Test>::NotOpen
		);
	});
}

#[test]
fn open_finding_should_publish_the_text_when_the_reporter_opens_it() {
	build_and_execute(|| {
		assert_ok!(seal(9, Severity::High));
		assert_noop!(open_seal(9, 1, b"a hole", 7), Error::<Test>::NoFinding);
		assert_noop!(open_seal(8, 0, b"a hole", 7), Error::<Test>::NotReporter);
		for (text, salt) in [(&b"a hole"[..], 8), (b"b hole", 7)] {
			assert_noop!(
				open_seal(9, 0, text, salt),
				Error::<Test>::CommitmentMismatch
			);
		}
		// The stage does not matter.
		close();
		assert_ok!(open_seal(9, 0, b"a hole", 7));
		let report = Findings::<Test>::get(ID, 0).unwrap().report;
		assert_eq!(report, Report::Open(Document::of(b"a hole")));
		assert_noop!(open_seal(9, 0, b"a hole", 7), Error::<Test>::NotSealed);
		assert_ok!(find(9, Severity::Low));
		assert_noop!(open_seal(9, 1, b"a hole", 7), Error::<Test>::NotSealed);
	});
}

#[test]
fn open_finding_should_fail_when_the_seal_was_copied() {
	build_and_execute(|| {
		assert_ok!(seal(9, Severity::High));
		let copied = sealed_by(9, 7).commitment();
		assert_ok!(Audits::seal_finding(signed(8), ID, Severity::High, copied));
		assert_ok!(open_seal(9, 0, b"a hole", 7));
		// Now everybody knows text and salt.
		assert_noop!(
			open_seal(8, 1, b"a hole", 7),
			Error::<Test>::CommitmentMismatch
		);
	});
}

#[test]
fn a_seal_should_bind_to_chain_proposal_reporter_text_and_salt() {
	build_and_execute(|| {
		let seal = sealed_by(9, 7);
		let changes: [fn(&mut SealedFinding<u64>); 5] = [
			|s| s.genesis = H256::repeat_byte(1),
			|s| s.id += 1,
			|s| s.reporter += 1,
			|s| s.report.len += 1,
			|s| s.salt[31] ^= 1,
		];
		for change in changes {
			let mut other = seal.clone();
			change(&mut other);
			assert_ne!(other.commitment(), seal.commitment());
		}
	});
}

// Slots.

#[test]
fn report_finding_should_keep_the_shares_of_the_slots_apart() {
	build_and_execute(|| {
		// A quarter of 16 for others' severe findings, sealed or not, a quarter for their minor ones.
		for _ in 0..3 {
			assert_ok!(find(9, Severity::Critical));
		}
		assert_ok!(seal(8, Severity::High));
		assert_noop!(find(8, Severity::High), Error::<Test>::TooManyFindings);
		assert_noop!(seal(8, Severity::High), Error::<Test>::TooManyFindings);
		for _ in 0..4 {
			assert_ok!(find(9, Severity::Medium));
		}
		assert_noop!(find(8, Severity::Low), Error::<Test>::TooManyFindings);
		// A new auditor is none yet.
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		assert_noop!(find(5, Severity::Low), Error::<Test>::TooManyFindings);
		// An eighth for each organisation: 3 and 4 are one.
		for who in [1, 1, 2, 2, 3, 4] {
			assert_ok!(find(who, Severity::Low));
		}
		for who in 1..=4 {
			assert_noop!(
				find(who, Severity::Critical),
				Error::<Test>::TooManyFindingsOfYours
			);
		}
		let slots = Slots {
			taken: 14,
			public_severe: 4,
			public_minor: 4,
		};
		assert_eq!(FindingSlots::<Test>::get(ID), slots);
		to(51);
		for _ in 0..2 {
			assert_ok!(find(5, Severity::Critical));
		}
		assert_eq!(FindingSlots::<Test>::get(ID).taken, 16);
	});
}

#[test]
fn report_finding_should_fail_when_auditors_would_take_the_share_of_others() {
	build_and_execute(|| {
		for who in 5..=7u64 {
			assert_ok!(Audits::admit(RuntimeOrigin::root(), who, who as u32));
		}
		to(51);
		// Half of 16 for auditors: of six organisations each may take two, and four of them find room.
		for who in [1, 2, 3, 5] {
			for _ in 0..2 {
				assert_ok!(find(who, Severity::Critical));
			}
		}
		for severity in [Severity::Low, Severity::Critical] {
			assert_noop!(find(6, severity), Error::<Test>::TooManyFindings);
			assert_noop!(seal(7, severity), Error::<Test>::TooManyFindings);
		}
		assert_noop!(
			find(5, Severity::Low),
			Error::<Test>::TooManyFindingsOfYours
		);
		// The other half is there to the last slot.
		for _ in 0..4 {
			assert_ok!(find(9, Severity::High));
			assert_ok!(find(8, Severity::Low));
		}
		assert_noop!(find(8, Severity::High), Error::<Test>::TooManyFindings);
		assert_noop!(find(9, Severity::Low), Error::<Test>::TooManyFindings);
		let slots = Slots {
			taken: 16,
			public_severe: 4,
			public_minor: 4,
		};
		assert_eq!(FindingSlots::<Test>::get(ID), slots);
	});
}

#[test]
fn the_shares_should_be_all_slots_whatever_their_number() {
	for most in 8..=200 {
		let (public, auditors) = (Slots::for_public(most), Slots::for_auditors(most));
		assert_eq!(2 * public + auditors, most);
		assert!(auditors >= 2 * public && public >= 2);
	}
}

// Who stands behind a finding.

fn backed() -> bool {
	<Audits as OpenFindings>::backed(ID)
}

#[test]
fn a_finding_should_be_backed_when_one_auditor_says_that_it_is_true() {
	let cases = [
		(Decision::Confirm, true),
		(Decision::ConfirmAs(Severity::High), true),
		(Decision::ConfirmAs(Severity::Medium), false),
		(Decision::Dismiss, false),
		(Decision::Spam, false),
		(Decision::Duplicate(0), false),
	];
	for (decision, backs) in cases {
		build_and_execute(|| {
			assert_ok!(find(9, Severity::Critical));
			assert_ok!(seal(8, Severity::Critical));
			assert!(!backed(), "strangers");
			assert_ok!(triage(1, 1, decision));
			assert_eq!(status(1), Status::Open);
			assert_eq!(backed(), backs, "{decision:?}");
			// What was taken back backs nothing.
			assert_ok!(triage(1, 1, Decision::ConfirmAs(Severity::Low)));
			assert!(!backed());
			assert!(<Audits as OpenFindings>::blocking(ID));
		});
	}
}

#[test]
fn a_finding_should_be_backed_when_it_was_confirmed_and_still_blocks() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::Critical));
		agree(0, Decision::Confirm);
		assert!(backed());
		for who in 20..29 {
			assert_ok!(waive(who, 0));
		}
		assert!(!backed(), "waived");
		close();
		open(1);
		assert!(backed(), "of another dossier nobody waived it");
		for who in [1, 2] {
			assert_ok!(resolve(who, 0));
		}
		assert!(!backed(), "resolved");
		assert_ok!(find(9, Severity::Critical));
		agree(1, Decision::ConfirmAs(Severity::Medium));
		assert!(!backed(), "true and not severe");
	});
}

#[test]
fn a_finding_should_be_backed_when_an_auditor_reported_it() {
	build_and_execute(|| {
		assert_ok!(find(1, Severity::Medium));
		assert!(!backed(), "not severe");
		// A new auditor, and one that leaves, report as the public does.
		assert_ok!(Audits::admit(RuntimeOrigin::root(), 5, 5));
		to(50);
		assert_ok!(find(5, Severity::Critical));
		assert_ok!(attest(4, Kind::CodeReview, Opinion::Approve));
		assert_ok!(Audits::remove(RuntimeOrigin::root(), 4));
		assert_ok!(find(4, Severity::Critical));
		assert!(!backed());
		to(51);
		assert_ok!(find(5, Severity::High));
		assert!(backed());
		agree(3, Decision::Dismiss);
		assert!(!backed());
	});
}

#[test]
fn a_judgement_should_back_nothing_when_another_dossier_is_reviewed() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(triage(1, 0, Decision::Confirm));
		assert!(backed());
		close();
		open(1);
		assert!(!backed());
		assert!(<Audits as OpenFindings>::blocking(ID));
		clear(ID);
		assert!(!backed());
	});
}

// Waivers.

#[test]
fn waive_should_free_the_block_when_nine_of_ten_stand_behind_it() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(find(9, Severity::Critical));
		agree(0, Decision::Confirm);
		assert_noop!(waive(1, 0), Error::<Test>::NotValidator);
		assert_noop!(waive(20, 1), Error::<Test>::NoFinding);
		assert_noop!(
			Audits::waive(signed(20), ID, 0, H256::zero()),
			Error::<Test>::OtherDossier
		);
		for who in 20..28 {
			assert_ok!(waive(who, 0));
			assert_noop!(waive(who, 0), Error::<Test>::AlreadyWaived);
		}
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		assert_ok!(waive(28, 0));
		assert_eq!(last_event(), Event::FindingWaived { id: ID, finding: 0 });
		assert_eq!(status(0), Status::Waived);
		assert_eq!(poll(), GateStatus::Passed);
		assert_eq!(Waivers::<Test>::iter().count(), 0);
		assert_noop!(waive(29, 0), Error::<Test>::NotStanding);
		assert_noop!(
			Audits::retract_waiver(signed(20), ID, 0),
			Error::<Test>::NotWaiving
		);
	});
}

/// Auditors that do not answer block nobody. What was waived unjudged is open again for another dossier, and earns
/// nothing by having been waived.
#[test]
fn waive_should_free_the_block_of_a_finding_that_nobody_judged() {
	build_and_execute(|| {
		assert_ok!(seal(9, Severity::High));
		for who in 20..29 {
			assert_ok!(waive(who, 0));
		}
		assert_eq!(status(0), Status::Waived);
		assert!(!<Audits as OpenFindings>::blocking(ID));
		assert_ok!(open_seal(9, 0, b"a hole", 7));
		assert_eq!(total(9), 100);
		close();
		open(1);
		assert_eq!(status(0), Status::Open);
		assert!(<Audits as OpenFindings>::blocking(ID));
		agree(0, Decision::Confirm);
		assert_eq!(total(9), 140);
	});
}

#[test]
fn triage_should_drop_the_waiver_when_the_finding_stands_no_more() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(waive(20, 0));
		agree(0, Decision::Dismiss);
		assert_eq!(Waivers::<Test>::iter().count(), 0);
	});
}

#[test]
fn waive_should_count_power_and_not_heads() {
	build_and_execute(|| {
		Set::set(vec![(20, 89), (21, 1), (22, 10)]);
		assert_ok!(find(9, Severity::High));
		agree(0, Decision::Confirm);
		assert_ok!(waive(20, 0));
		assert_eq!(status(0), Status::Confirmed);
		assert_ok!(waive(21, 0));
		assert_eq!(status(0), Status::Waived);
	});
}

#[test]
fn waive_should_not_count_validators_that_left() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		agree(0, Decision::Confirm);
		for who in 20..28 {
			assert_ok!(waive(who, 0));
		}
		// 20 is replaced: the ninth voice is the eighth again.
		Set::set((21..=30).map(|who| (who, 1)).collect());
		assert_ok!(waive(28, 0));
		assert_eq!(status(0), Status::Confirmed);
		assert_eq!(Waivers::<Test>::get(ID, 0).unwrap().validators.len(), 8);
		assert_noop!(waive(20, 0), Error::<Test>::NotValidator);
		// 29 and 30 leave: 8 of 8 now, which a voice that is there already may say.
		Set::set((21..=28).map(|who| (who, 1)).collect());
		assert_ok!(waive(21, 0));
		assert_eq!(status(0), Status::Waived);
	});
}

#[test]
fn retract_waiver_should_take_a_voice_back() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		agree(0, Decision::Confirm);
		let retract = |who| Audits::retract_waiver(signed(who), ID, 0);
		assert_noop!(retract(20), Error::<Test>::NotWaiving);
		for who in 20..28 {
			assert_ok!(waive(who, 0));
		}
		assert_noop!(retract(29), Error::<Test>::NotWaiving);
		assert_ok!(retract(20));
		assert_ok!(waive(28, 0));
		assert_eq!(status(0), Status::Confirmed);
		for who in 21..29 {
			assert_ok!(retract(who));
		}
		assert_eq!(Waivers::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_waiver_should_be_void_when_the_dossier_is_revised() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(find(8, Severity::High));
		for finding in 0..2 {
			agree(finding, Decision::Confirm);
		}
		for who in 20..29 {
			assert_ok!(waive(who, 0));
		}
		for who in 20..28 {
			assert_ok!(waive(who, 1));
		}
		let old = Current::get().unwrap();
		// Between the revision and its review, old voices count for nothing already.
		Current::set(Some(dossier(1).hash()));
		assert_noop!(
			Audits::waive(signed(28), ID, 1, old),
			Error::<Test>::OtherDossier
		);
		assert_ok!(waive(28, 1));
		assert_eq!(Waivers::<Test>::get(ID, 1).unwrap().validators.len(), 1);
		close();
		open(1);
		assert_eq!(status(0), Status::Confirmed);
		assert_eq!(
			last_event(),
			Event::ReviewOpened {
				id: ID,
				earliest: EARLIEST,
				latest: LATEST
			}
		);
		// What names the new dossier stays.
		assert_eq!(Waivers::<Test>::get(ID, 1).unwrap().validators.len(), 1);
		close();
		open(2);
		assert_eq!(Waivers::<Test>::iter().count(), 0);
		assert_eq!(Blocking::<Test>::get(ID), 2);
	});
}

#[test]
fn waive_should_fail_when_the_proposal_ended_or_the_set_is_too_large() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		agree(0, Decision::Confirm);
		let hash = Current::take().unwrap();
		assert_noop!(
			Audits::waive(signed(20), ID, 0, hash),
			Error::<Test>::NotOpen
		);
		Current::set(Some(hash));
		Set::set((20..220).map(|who| (who, 1)).collect());
		for who in 20..40 {
			assert_ok!(waive(who, 0));
		}
		assert_noop!(waive(40, 0), Error::<Test>::TooManyWaivers);
	});
}

#[test]
fn resolve_should_drop_the_waiver_of_the_finding() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::Low));
		agree(0, Decision::Confirm);
		close();
		open(1);
		assert_ok!(waive(20, 0));
		assert_ok!(resolve(1, 0));
		assert_eq!(Waivers::<Test>::iter().count(), 0);
	});
}
