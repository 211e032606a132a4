//! Each call, each error, each edge.

use crate::{mock::*, Error, HoldReason, Reports, Rounds, Simulators, Submissions};
use airlock_primitives::*;
use airlock_report::Report;
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_core::H256;
use sp_runtime::DispatchError;

fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn bond(who: u64) -> u128 {
	Balances::balance_on_hold(&HoldReason::SimulatorBond.into(), &who)
}

const COMMIT_ENDS: u32 = OPENED + COMMIT;
const REVEAL_ENDS: u32 = COMMIT_ENDS + REVEAL;

/// These simulators commit to and reveal these reports.
fn hand_in(reports: &[(u64, Report)]) {
	for (who, report) in reports {
		assert_ok!(commit(*who, report));
	}
	to(COMMIT_ENDS);
	for (who, report) in reports {
		assert_ok!(reveal(*who, report));
	}
}

#[test]
fn admit_should_hold_a_bond_and_remove_return_it() {
	build_and_execute(|| {
		assert_eq!(bond(1), 500, "genesis simulators pay too");
		assert_noop!(
			Simulations::admit(signed(1), 5, 5),
			DispatchError::BadOrigin
		);
		assert_ok!(Simulations::admit(RuntimeOrigin::root(), 5, 5));
		assert_eq!(bond(5), 500);
		assert_noop!(
			Simulations::admit(RuntimeOrigin::root(), 5, 6),
			Error::<Test>::AlreadyAdmitted
		);
		assert_noop!(
			Simulations::admit(RuntimeOrigin::root(), 77, 7),
			sp_runtime::TokenError::FundsUnavailable
		);
		assert_noop!(Simulations::remove(signed(5), 5), DispatchError::BadOrigin);
		assert_ok!(Simulations::remove(RuntimeOrigin::root(), 5));
		assert_eq!((bond(5), Simulators::<Test>::get(5)), (0, None));
		assert_noop!(
			Simulations::remove(RuntimeOrigin::root(), 5),
			Error::<Test>::NotSimulator
		);
	});
}

#[test]
fn open_should_fix_what_is_simulated() {
	build_and_execute(|| {
		let round = Rounds::<Test>::get(ID).unwrap();
		assert_eq!(
			(round.anchor, round.anchor_hash),
			(OPENED - 1, H256::repeat_byte(19))
		);
		assert_eq!(
			(round.commit_until, round.reveal_until),
			(COMMIT_ENDS, REVEAL_ENDS)
		);
		assert_eq!(round.blocks, 10);
		// A young chain has fewer blocks; block 0 is never replayed.
		to(4);
		open(0);
		assert_eq!(Rounds::<Test>::get(ID).unwrap().blocks, 3);
	});
}

#[test]
fn the_stage_should_pass_when_enough_identical_reports_pass() {
	build_and_execute(|| {
		assert_eq!(poll(), GateStatus::Pending { until: COMMIT_ENDS });
		hand_in(&[(1, report(0)), (2, report(0))]);
		assert_eq!(poll(), GateStatus::Passed);
		assert_eq!(
			Reports::<Test>::iter().count(),
			1,
			"equal reports are stored once"
		);
	});
}

#[test]
fn the_stage_should_wait_for_reveals_until_their_window_ends() {
	build_and_execute(|| {
		for who in 1..=3 {
			assert_ok!(commit(who, &report(0)));
		}
		to(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
		assert_ok!(reveal(2, &report(0)));
		assert_eq!(poll(), GateStatus::Pending { until: REVEAL_ENDS });
		to(REVEAL_ENDS - 1);
		assert_eq!(poll(), GateStatus::Pending { until: REVEAL_ENDS });
		to(REVEAL_ENDS);
		// The one who withholds does not stop the others.
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn the_stage_should_fail_with_the_reason() {
	let other = |byte| {
		let mut other = report(0);
		other.config.engine = H256::repeat_byte(byte);
		other
	};
	let cases = [
		(vec![], Failure::TooFewReports),
		(vec![(1, report(0))], Failure::TooFewReports),
		(
			vec![(1, report(1)), (2, report(1))],
			Failure::SimulationFailed,
		),
		(
			vec![(1, report(0)), (2, report(1))],
			Failure::ReportsDisagree,
		),
		(
			vec![(1, report(0)), (2, other(1)), (3, other(2))],
			Failure::ReportsDisagree,
		),
	];
	for (reports, why) in cases {
		build_and_execute(|| {
			hand_in(&reports);
			to(REVEAL_ENDS);
			assert_eq!(poll(), GateStatus::Failed(why));
		});
	}
}

#[test]
fn a_majority_should_win_over_a_dissenter() {
	build_and_execute(|| {
		hand_in(&[(1, report(0)), (2, report(1)), (3, report(0))]);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn commit_should_be_taken_until_the_block_before_its_window_ends() {
	build_and_execute(|| {
		to(COMMIT_ENDS - 1);
		assert_ok!(commit(1, &report(0)));
		to(COMMIT_ENDS);
		assert_noop!(commit(2, &report(0)), Error::<Test>::CommitOver);
	});
}

#[test]
fn commit_should_fail_when_the_simulator_may_not() {
	build_and_execute(|| {
		assert_noop!(commit(5, &report(0)), Error::<Test>::NotSimulator);
		assert_noop!(
			Simulations::commit(signed(1), ID + 1, H256::zero()),
			Error::<Test>::NoRound
		);
		Conflicted::set(Some(1));
		assert_noop!(commit(1, &report(0)), DispatchError::Other("other role"));
		assert_ok!(commit(3, &report(0)));
		assert_noop!(commit(3, &report(0)), Error::<Test>::AlreadyCommitted);
		assert_noop!(commit(4, &report(0)), Error::<Test>::OrganisationHasSeat);
	});
}

#[test]
fn commit_should_fail_when_all_seats_are_taken() {
	build_and_execute(|| {
		for who in 1..=3 {
			assert_ok!(commit(who, &report(0)));
		}
		assert_ok!(Simulations::admit(RuntimeOrigin::root(), 5, 5));
		assert_noop!(commit(5, &report(0)), Error::<Test>::NoSeatLeft);
	});
}

#[test]
fn reveal_should_be_taken_only_within_its_window() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		to(COMMIT_ENDS - 1);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::StillCommitting);
		to(REVEAL_ENDS);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::RevealOver);
		to(REVEAL_ENDS - 1);
		assert_ok!(reveal(1, &report(0)));
		assert_noop!(reveal(1, &report(0)), Error::<Test>::AlreadyRevealed);
		assert_noop!(reveal(2, &report(0)), Error::<Test>::NotCommitted);
	});
}

#[test]
fn reveal_should_fail_when_the_commitment_was_copied() {
	build_and_execute(|| {
		let copied = seal(1, 0, &report(0));
		assert_ok!(Simulations::commit(signed(1), ID, copied));
		assert_ok!(Simulations::commit(signed(2), ID, copied));
		to(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
		assert_noop!(reveal(2, &report(0)), Error::<Test>::CommitmentMismatch);
	});
}

#[test]
fn reveal_should_fail_when_report_salt_or_round_differ() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		// A commitment of an earlier round, replayed.
		assert_ok!(Simulations::commit(signed(2), ID, seal(2, 7, &report(0))));
		to(COMMIT_ENDS);
		assert_noop!(reveal(1, &report(1)), Error::<Test>::CommitmentMismatch);
		assert_noop!(
			Simulations::reveal(signed(1), ID, report(0), [0; 32]),
			Error::<Test>::CommitmentMismatch
		);
		assert_noop!(reveal(2, &report(0)), Error::<Test>::CommitmentMismatch);
	});
}

#[test]
fn reveal_should_fail_when_the_report_is_about_something_else() {
	let wrong: [fn(&mut Report); 8] = [
		|r| r.config.schema += 1,
		|r| r.config.genesis = H256::repeat_byte(77),
		|r| r.config.parent_code = H256::repeat_byte(77),
		|r| r.config.candidate = H256::repeat_byte(77),
		|r| r.config.rollback = None,
		|r| r.config.anchor += 1,
		|r| r.config.anchor_hash = H256::repeat_byte(77),
		|r| r.config.blocks -= 1,
	];
	for change in wrong {
		build_and_execute(|| {
			let mut other = report(0);
			change(&mut other);
			assert_ok!(commit(1, &other));
			to(COMMIT_ENDS);
			assert_noop!(reveal(1, &other), Error::<Test>::OtherSubject);
		});
	}
}

#[test]
fn reveal_should_fail_when_a_section_is_missing_empty_or_out_of_order() {
	let wrong: [fn(&mut Report); 3] = [
		|r| {
			r.sections.pop();
		},
		|r| r.sections[0].count = 0,
		|r| r.sections.swap(0, 1),
	];
	for change in wrong {
		build_and_execute(|| {
			let mut other = report(0);
			change(&mut other);
			assert_ok!(commit(1, &other));
			to(COMMIT_ENDS);
			assert_noop!(reveal(1, &other), Error::<Test>::SectionMissing);
		});
	}
}

#[test]
fn a_new_round_should_void_the_old_one() {
	build_and_execute(|| {
		hand_in(&[(1, report(0)), (2, report(0))]);
		<Simulations as StageGate<u64, u32>>::close(ID);
		open(1);
		assert_eq!(Submissions::<Test>::get(ID).len(), 0);
		assert_eq!(Reports::<Test>::iter().count(), 0);
		assert_ok!(Simulations::commit(signed(1), ID, seal(1, 1, &report(0))));
	});
}

#[test]
fn close_should_end_the_windows_and_clear_leave_nothing() {
	build_and_execute(|| {
		hand_in(&[(1, report(0)), (2, report(0))]);
		<Simulations as StageGate<u64, u32>>::close(ID);
		assert_noop!(commit(3, &report(0)), Error::<Test>::CommitOver);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::RevealOver);
		<Simulations as StageGate<u64, u32>>::clear(ID);
		assert_eq!(Rounds::<Test>::iter().count(), 0);
		assert_eq!(Submissions::<Test>::iter().count(), 0);
		assert_eq!(Reports::<Test>::iter().count(), 0);
	});
}
