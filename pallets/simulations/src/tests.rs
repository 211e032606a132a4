//! Each call, each error, each edge.

mod bonds;
mod challenge;
mod extension;
mod openings;

use crate::{
	mock::*, Error, Event, HoldReason, Progress, Reports, Rounds, Simulators, Submissions,
};
use airlock_primitives::*;
use airlock_report::{Leaf, Report, SealedReport, Verdict};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_core::H256;
use sp_runtime::{BuildStorage, DispatchError};

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
	to_due(COMMIT_ENDS);
	for (who, report) in reports {
		assert_ok!(reveal(*who, report));
	}
}

fn has_event(event: Event<Test>) -> bool {
	System::events()
		.iter()
		.any(|record| record.event == RuntimeEvent::Simulations(event.clone()))
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
			(OPENED - 1, hash(ANCHOR))
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

/// Whoever was proven a liar on another proposal is believed about none.
#[test]
fn the_stage_should_not_count_reports_of_those_who_were_expelled_elsewhere() {
	build_and_execute(|| {
		hand_in(&[(1, report(0)), (2, report(0))]);
		Simulations::slash(&2, None).unwrap();
		assert_eq!(poll(), GateStatus::Pending { until: REVEAL_ENDS });
		// 1 alone is too few, so the round is tried again.
		to(REVEAL_ENDS);
		let until = REVEAL_ENDS + COMMIT;
		assert_eq!(poll(), GateStatus::Pending { until });
		assert_eq!(Rounds::<Test>::get(ID).unwrap().attempt, 1);
	});
}

#[test]
fn the_stage_should_wait_for_reveals_until_their_window_ends() {
	build_and_execute(|| {
		for who in 1..=3 {
			assert_ok!(commit(who, &report(0)));
		}
		to_due(COMMIT_ENDS);
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
			Simulations::commit(signed(1), ID + 1, 0, 0, H256::zero()),
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

/// The next round asks for another report, so it would take what nobody can open in it.
#[test]
fn commit_should_fail_and_cost_nothing_when_it_is_for_the_round_before_a_revision() {
	build_and_execute(|| {
		let late = seal(1, 0, &report(0));
		let commit_to =
			|who, round, attempt| Simulations::commit(signed(who), ID, round, attempt, late);
		<Simulations as StageGate<u64, u32>>::close(ID);
		open(1);
		for (round, attempt) in [(0, 0), (0, 1), (1, 1), (2, 0)] {
			assert_noop!(commit_to(1, round, attempt), Error::<Test>::OtherAttempt);
		}
		assert_noop!(commit_to(5, 0, 0), Error::<Test>::NotSimulator);
		// The seat is still free, and what is sealed for this round can be opened.
		assert_ok!(commit(1, &report(0)));
		assert_noop!(commit_to(1, 0, 0), Error::<Test>::OtherAttempt);
		to_due(COMMIT_ENDS);
		assert_noop!(commit_to(2, 0, 0), Error::<Test>::CommitOver);
		assert_ok!(reveal(1, &report(0)));
		to_due(REVEAL_ENDS);
		assert_eq!((bond(1), bond(2)), (BOND, BOND));
	});
}

#[test]
fn reveal_should_be_taken_only_within_its_window() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		assert_ok!(commit(3, &report(0)));
		to(COMMIT_ENDS - 1);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::StillCommitting);
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(3, &report(0)));
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
		assert_ok!(commit_seal(1, copied));
		assert_ok!(commit_seal(2, copied));
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
		assert_noop!(reveal(2, &report(0)), Error::<Test>::CommitmentMismatch);
	});
}

#[test]
fn reveal_should_fail_when_report_salt_or_round_differ() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		// Sealed for another round than the one that is named.
		assert_ok!(commit_seal(2, seal(2, 7, &report(0))));
		to_due(COMMIT_ENDS);
		assert_noop!(reveal(1, &report(1)), Error::<Test>::CommitmentMismatch);
		assert_noop!(
			Simulations::reveal(signed(1), ID, report(0), [0; 32], Default::default()),
			Error::<Test>::CommitmentMismatch
		);
		assert_noop!(reveal(2, &report(0)), Error::<Test>::CommitmentMismatch);
	});
}

#[test]
fn reveal_should_fail_when_the_report_is_about_something_else() {
	let wrong: [fn(&mut Report); 9] = [
		|r| r.config.schema += 1,
		|r| r.config.genesis = H256::repeat_byte(77),
		|r| r.config.parent_code = H256::repeat_byte(77),
		|r| r.config.candidate = H256::repeat_byte(77),
		|r| r.config.rollback = None,
		|r| r.config.anchor += 1,
		|r| r.config.anchor_hash = H256::repeat_byte(77),
		|r| r.config.blocks -= 1,
		|r| r.config.scope.insert(SCOPE + 1),
	];
	for change in wrong {
		build_and_execute(|| {
			let mut other = report(0);
			change(&mut other);
			assert_ok!(commit(1, &other));
			to_due(COMMIT_ENDS);
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
		|r| {
			let first = r.sections.remove(0);
			r.sections.try_push(first).unwrap();
		},
	];
	for change in wrong {
		build_and_execute(|| {
			let mut other = report(0);
			change(&mut other);
			assert_ok!(commit(1, &other));
			to_due(COMMIT_ENDS);
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
		assert_ok!(commit_seal(1, seal(1, 1, &report(0))));
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

#[test]
fn a_round_should_fix_what_is_simulated() {
	build_and_execute(|| {
		let round = Rounds::<Test>::get(ID).unwrap();
		assert_eq!((round.anchor, round.blocks), (OPENED - 1, 10));
		assert_eq!(round.anchor_hash, hash(ANCHOR));
		assert_eq!(
			(round.commit_until, round.reveal_until),
			(COMMIT_ENDS, REVEAL_ENDS)
		);
		assert_eq!((round.candidate, round.parent_code, round.rollback), {
			let subject = report(0).config;
			(subject.candidate, subject.parent_code, subject.rollback)
		});
	});
}

#[test]
fn a_round_should_never_replay_block_0_when_the_chain_is_young() {
	for (now, blocks) in [(5, 4), (11, 10), (12, 10)] {
		build_and_execute(|| {
			to(now);
			open(1);
			let round = Rounds::<Test>::get(ID).unwrap();
			assert_eq!((round.anchor, round.blocks), (now - 1, blocks));
			assert!(round.anchor + 1 - round.blocks >= 1, "first block replayed");
		});
	}
}

#[test]
fn poll_should_fail_when_no_round_was_opened() {
	build_and_execute(|| {
		assert_eq!(
			<Simulations as StageGate<u64, u32>>::poll(ID + 1, COMMIT_ENDS),
			GateStatus::Failed(Failure::StageNotOpened)
		);
		assert_eq!(Simulations::progress(ID + 1), None);
	});
}

#[test]
fn progress_should_count_commits_and_reveals() {
	build_and_execute(|| {
		let progress = |commits, reveals| {
			Some(Progress {
				commits,
				reveals,
				required: 2,
				seats: 3,
			})
		};
		assert_eq!(Simulations::progress(ID), progress(0, 0));
		assert_ok!(commit(1, &report(0)));
		assert_ok!(commit(2, &report(0)));
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(2, &report(0)));
		assert_eq!(Simulations::progress(ID), progress(2, 1));
	});
}

#[test]
fn reveal_should_fail_when_the_seal_is_for_another_chain_or_dossier() {
	let sealed = |change: fn(&mut SealedReport<u64>)| {
		let mut sealed = SealedReport {
			genesis: System::block_hash(0),
			dossier_hash: dossier().hash(),
			simulator: 1,
			round: 0,
			attempt: 0,
			report_root: report(0).root(),
			salt: SALT,
		};
		change(&mut sealed);
		domain_hash(Domain::Simulation, &sealed)
	};
	let wrong: [fn(&mut SealedReport<u64>); 3] = [
		|s| s.attempt = 1,
		|s| s.genesis = H256::repeat_byte(77),
		|s| s.dossier_hash = H256::repeat_byte(77),
	];
	for change in wrong {
		build_and_execute(|| {
			assert_ok!(commit_seal(1, sealed(change)));
			to_due(COMMIT_ENDS);
			assert_noop!(reveal(1, &report(0)), Error::<Test>::CommitmentMismatch);
		});
	}
	// The same bytes without a change open: the cases above fail for their one difference.
	build_and_execute(|| {
		assert_ok!(commit_seal(1, sealed(|_| ())));
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
	});
}

#[test]
fn reveal_should_fail_when_a_commitment_of_the_last_round_is_replayed() {
	build_and_execute(|| {
		hand_in(&[(1, report(0))]);
		<Simulations as StageGate<u64, u32>>::close(ID);
		to(OPENED);
		open(1);
		assert_ok!(commit_seal(1, seal(1, 0, &report(0))));
		assert_ok!(commit_seal(2, seal(2, 1, &report(0))));
		to_due(COMMIT_ENDS);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::CommitmentMismatch);
		assert_ok!(reveal(2, &report(0)));
	});
}

#[test]
fn reveal_should_fail_when_there_is_no_round_or_nobody_signed() {
	build_and_execute(|| {
		to_due(COMMIT_ENDS);
		assert_noop!(
			Simulations::reveal(signed(1), ID + 1, report(0), SALT, Default::default()),
			Error::<Test>::NoRound
		);
		let bad = DispatchError::BadOrigin;
		assert_noop!(
			Simulations::reveal(
				RuntimeOrigin::none(),
				ID,
				report(0),
				SALT,
				Default::default()
			),
			bad
		);
		assert_noop!(
			Simulations::commit(RuntimeOrigin::none(), ID, 0, 0, H256::zero()),
			bad
		);
	});
}

#[test]
fn seats_should_be_capped_by_the_chain() {
	build_and_execute(|| {
		let dossier = dossier();
		let about = DossierRef {
			proposer: &99,
			round: 0,
			hash: dossier.hash(),
			dossier: &dossier,
		};
		let mut wide = policy();
		wide.simulation.seats = 100;
		assert_ok!(<Simulations as StageGate<u64, u32>>::open(
			ID, &about, &wide, OPENED
		));
		assert_eq!(Rounds::<Test>::get(ID).unwrap().seats, 4);
	});
}

fn genesis_with(simulators: Vec<(u64, u32)>) {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![(1, 1_000)],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	crate::GenesisConfig::<Test> { simulators }
		.assimilate_storage(&mut storage)
		.unwrap();
}

#[test]
#[should_panic(expected = "simulators of the genesis are admitted once and own the bond")]
fn genesis_should_fail_when_a_simulator_does_not_own_the_bond() {
	genesis_with(vec![(1, 1), (2, 2)]);
}

#[test]
#[should_panic(expected = "simulators of the genesis are admitted once and own the bond")]
fn genesis_should_fail_when_a_simulator_is_named_twice() {
	genesis_with(vec![(1, 1), (1, 2)]);
}
