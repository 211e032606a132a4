//! A round that ends without a result.

use super::*;
use crate::{Answer, EXTENSIONS};

const SECOND: u32 = REVEAL_ENDS;
const SECOND_COMMIT_ENDS: u32 = SECOND + COMMIT;
const SECOND_REVEAL_ENDS: u32 = SECOND_COMMIT_ENDS + REVEAL;

fn other(byte: u8) -> Report {
	let mut other = report(0);
	other.config.engine = H256::repeat_byte(byte);
	other
}

fn inconclusive() -> Sim {
	Sim::with_block(12, |leaf| (leaf.control, leaf.candidate) = (false, None))
}

/// Reports, and why they come to nothing.
fn cases() -> Vec<(Vec<(u64, Sim)>, Failure)> {
	let sim = |report: Report, sim: Sim| Sim { report, ..sim };
	let honest = || Sim::with(|_| ());
	let failing = || {
		Sim::with(|leaves| {
			let Leaf::Static(leaf) = &mut leaves[0].1[0] else {
				unreachable!()
			};
			leaf.holds = false;
		})
	};
	vec![
		(vec![(1, honest())], Failure::TooFewReports),
		(
			vec![(1, honest()), (2, failing())],
			Failure::ReportsDisagree,
		),
		(
			vec![
				(1, honest()),
				(2, sim(other(1), honest())),
				(3, sim(other(2), honest())),
			],
			Failure::ReportsDisagree,
		),
		(
			vec![(1, inconclusive()), (2, inconclusive())],
			Failure::SimulationFailed,
		),
	]
}

/// One attempt in which all commit and reveal. It begins at `from`.
fn attempt(from: u32, reports: &[(u64, Sim)]) -> GateStatus<u32> {
	for (who, sim) in reports {
		assert_ok!(commit(*who, &sim.report));
	}
	to_due(from + COMMIT);
	for (who, sim) in reports {
		assert_ok!(reveal_sim(*who, sim));
	}
	let ends = from + COMMIT + REVEAL;
	// Whoever revealed can be challenged until the end of the window.
	assert_eq!(to_due(ends - 1), GateStatus::Pending { until: ends });
	to_due(ends)
}

#[test]
fn poll_should_extend_once_and_then_fail_with_the_reason() {
	assert_eq!(EXTENSIONS, 1);
	for (reports, why) in cases() {
		build_and_execute(|| {
			let until = SECOND_COMMIT_ENDS;
			assert_eq!(attempt(OPENED, &reports), GateStatus::Pending { until });
			let (id, attempt_now) = (ID, 1);
			assert!(has_event(Event::Extended {
				id,
				attempt: attempt_now,
				why
			}));
			assert_eq!(attempt(SECOND, &reports), GateStatus::Failed(why));
		});
	}
}

#[test]
fn an_extension_should_drop_what_was_handed_in_and_keep_what_is_simulated() {
	build_and_execute(|| {
		let before = Rounds::<Test>::get(ID).unwrap();
		attempt(OPENED, &cases()[1].0);
		let after = Rounds::<Test>::get(ID).unwrap();
		assert_eq!(
			after,
			crate::Round {
				attempt: 1,
				commit_until: SECOND_COMMIT_ENDS,
				reveal_until: SECOND_REVEAL_ENDS,
				seed: None,
				..before
			}
		);
		assert_eq!(Submissions::<Test>::get(ID).len(), 0);
		assert_eq!(Reports::<Test>::iter().count(), 0);
		assert_eq!(Simulators::<Test>::get(1).unwrap().active, 0);
		assert_eq!(bond(1), BOND, "whoever revealed has paid nothing");
	});
}

#[test]
fn the_stage_should_pass_when_the_second_attempt_agrees() {
	build_and_execute(|| {
		attempt(OPENED, &cases()[1].0);
		for who in 1..=2 {
			assert_ok!(commit(who, &report(0)));
		}
		to_due(SECOND_COMMIT_ENDS);
		for who in 1..=2 {
			assert_ok!(reveal(who, &report(0)));
		}
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn poll_should_extend_at_once_when_nobody_committed() {
	build_and_execute(|| {
		let pending = |until| GateStatus::Pending { until };
		assert_eq!(to_due(COMMIT_ENDS - 1), pending(COMMIT_ENDS));
		let second = COMMIT_ENDS + COMMIT;
		assert_eq!(to_due(COMMIT_ENDS), pending(second));
		assert_eq!(to_due(second - 1), pending(second));
		assert_eq!(
			to_due(second),
			GateStatus::Failed(Failure::TooFewReports),
			"simulators were down twice"
		);
	});
}

#[test]
fn poll_should_extend_when_nobody_revealed() {
	build_and_execute(|| {
		for who in 1..=3 {
			assert_ok!(commit(who, &report(0)));
		}
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
		let pending = |until| GateStatus::Pending { until };
		assert_eq!(to_due(REVEAL_ENDS - 1), pending(REVEAL_ENDS));
		assert_eq!(to_due(REVEAL_ENDS), pending(SECOND_COMMIT_ENDS));
	});
}

#[test]
fn the_stage_should_fail_without_an_extension_when_enough_agree_that_the_candidate_fails() {
	build_and_execute(|| {
		hand_in(&[(1, report(1)), (2, report(1)), (3, report(0))]);
		// Not before the window ends: a false accusation must be open to a challenge.
		assert_eq!(poll(), GateStatus::Pending { until: REVEAL_ENDS });
		let failed = GateStatus::Failed(Failure::SimulationFailed);
		assert_eq!(to_due(REVEAL_ENDS), failed);
	});
}

#[test]
fn commit_should_be_taken_again_at_the_edges_of_the_second_window() {
	build_and_execute(|| {
		hand_in(&[(1, report(0))]);
		to(REVEAL_ENDS);
		assert_noop!(commit(2, &report(0)), Error::<Test>::CommitOver);
		poll();
		assert_ok!(commit(1, &report(0)));
		assert_noop!(reveal(1, &report(0)), Error::<Test>::StillCommitting);
		to(SECOND_COMMIT_ENDS - 1);
		assert_ok!(commit(2, &report(0)));
		assert_noop!(reveal(1, &report(0)), Error::<Test>::StillCommitting);
		to(SECOND_COMMIT_ENDS);
		assert_noop!(commit(3, &report(0)), Error::<Test>::CommitOver);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::SeedNotDrawn);
		poll();
		assert_ok!(reveal(1, &report(0)));
		to(SECOND_REVEAL_ENDS - 1);
		assert_ok!(reveal(2, &report(0)));
		to(SECOND_REVEAL_ENDS);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

/// It waited in the transaction pool until nobody could open it any more.
#[test]
fn commit_should_fail_and_cost_nothing_when_it_is_for_the_attempt_before_the_extension() {
	build_and_execute(|| {
		let commit_to = |who, attempt| {
			let sealed = seal_of(who, 0, attempt, &report(0));
			Simulations::commit(signed(who), ID, 0, attempt, sealed)
		};
		assert_noop!(commit_to(1, 1), Error::<Test>::OtherAttempt);
		to(COMMIT_ENDS);
		assert_noop!(commit_to(1, 0), Error::<Test>::CommitOver);
		// Whatever it names.
		assert_noop!(commit_to(1, 1), Error::<Test>::CommitOver);
		poll();
		for who in 1..=2 {
			assert_noop!(commit_to(who, 0), Error::<Test>::OtherAttempt);
		}
		// The seat is still free, also for who comes again.
		assert_ok!(commit_to(1, 1));
		assert_noop!(commit_to(1, 0), Error::<Test>::OtherAttempt);
		assert_noop!(commit_to(1, 1), Error::<Test>::AlreadyCommitted);
		let commit_ends = COMMIT_ENDS + COMMIT;
		to_due(commit_ends);
		assert_ok!(reveal(1, &report(0)));
		let failed = GateStatus::Failed(Failure::TooFewReports);
		assert_eq!(to_due(commit_ends + REVEAL), failed);
		assert_eq!((bond(1), bond(2)), (BOND, BOND));
	});
}

#[test]
fn reveal_should_fail_when_a_seal_of_the_first_attempt_is_replayed() {
	build_and_execute(|| {
		let old = seal_of(1, 0, 0, &report(0));
		hand_in(&[(1, report(0))]);
		to_due(REVEAL_ENDS);
		assert_ok!(commit_seal(1, old));
		assert_ok!(commit(2, &report(0)));
		to_due(SECOND_COMMIT_ENDS);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::CommitmentMismatch);
		assert_ok!(reveal(2, &report(0)));
	});
}

#[test]
fn reveal_should_fail_when_the_openings_are_those_of_the_first_attempt() {
	build_and_execute(|| {
		let sim = Sim::with(|_| ());
		assert_ok!(commit(1, &sim.report));
		to_due(COMMIT_ENDS);
		let old = sim.openings(1);
		assert_ok!(reveal_sim(1, &sim));
		to_due(REVEAL_ENDS);
		assert_ok!(commit(1, &sim.report));
		to_due(SECOND_COMMIT_ENDS);
		assert_noop!(
			reveal_with(1, &sim.report, old),
			Error::<Test>::OpeningNotDrawn
		);
		assert_ok!(reveal_sim(1, &sim));
	});
}

#[test]
fn two_agreements_should_be_a_disagreement() {
	build_and_execute(|| {
		let sealed = |simulator, report: &Report| crate::Submission {
			simulator,
			organisation: simulator as u32,
			commitment: H256::zero(),
			answer: Answer::Revealed {
				root: report.root(),
				verdict: report.verdict(),
			},
		};
		let (pass, fail) = (report(0), report(1));
		let all = [
			sealed(1, &pass),
			sealed(2, &fail),
			sealed(3, &pass),
			sealed(4, &fail),
		];
		let round = Rounds::<Test>::get(ID).unwrap();
		assert_eq!(
			Simulations::agreement(&round, &all),
			crate::round::Agreement::Inconclusive(Failure::ReportsDisagree)
		);
		assert_eq!(
			Simulations::agreement(&round, &all[..3]),
			crate::round::Agreement::Pass
		);
	});
}
