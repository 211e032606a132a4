//! Bonds that cannot flee, and what withholding costs.

use super::*;
use crate::{Answer, Standing};

fn standing(who: u64) -> Option<(Standing, u32)> {
	Simulators::<Test>::get(who).map(|entry| (entry.standing, entry.active))
}

fn root() -> RuntimeOrigin {
	RuntimeOrigin::root()
}

/// A round in which all of these commit and none reveals.
fn withhold(simulators: &[u64]) {
	for who in simulators {
		assert_ok!(commit(*who, &report(0)));
	}
	let round = Rounds::<Test>::get(ID).unwrap();
	to_due(round.commit_until);
	to_due(round.reveal_until);
}

#[test]
fn remove_should_keep_the_bond_when_the_simulator_has_a_seat() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		assert_eq!(standing(1), Some((Standing::Serving, 1)));
		assert_ok!(Simulations::remove(root(), 1));
		assert_eq!((standing(1), bond(1)), (Some((Standing::Leaving, 1)), BOND));
		System::assert_last_event(Event::Leaving { simulator: 1 }.into());
		assert_noop!(Simulations::remove(root(), 1), Error::<Test>::Leaving);
		assert_noop!(Simulations::admit(root(), 1, 1), Error::<Test>::Leaving);
		assert_noop!(Simulations::top_up(signed(1)), Error::<Test>::Leaving);
		clear();
		open(1);
		assert_eq!((standing(1), bond(1)), (None, 0));
		assert!(has_event(Event::Removed { simulator: 1 }));
		assert_ok!(Simulations::admit(root(), 1, 1));
	});
}

#[test]
fn remove_should_keep_what_was_committed() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		assert_ok!(Simulations::remove(root(), 1));
		assert_ok!(Simulations::remove(root(), 2));
		assert_noop!(commit(2, &report(0)), Error::<Test>::NotSimulator);
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
	});
}

#[test]
fn a_leaving_simulator_should_take_no_seat_and_leave_with_its_last_one() {
	build_and_execute(|| {
		let dossier = dossier();
		let about = DossierRef {
			proposer: &99,
			round: 0,
			hash: dossier.hash(),
			dossier: &dossier,
		};
		let other = ID + 1;
		assert_ok!(<Simulations as StageGate<u64, u32>>::open(
			other,
			&about,
			&policy(),
			OPENED
		));
		assert_ok!(commit(1, &report(0)));
		assert_ok!(Simulations::commit(signed(1), other, 0, 0, H256::zero()));
		assert_eq!(standing(1), Some((Standing::Serving, 2)));
		assert_ok!(Simulations::remove(root(), 1));
		clear();
		assert_eq!((standing(1), bond(1)), (Some((Standing::Leaving, 1)), BOND));
		open(0);
		assert_noop!(commit(1, &report(0)), Error::<Test>::Leaving);
		<Simulations as StageGate<u64, u32>>::clear(other);
		assert_eq!((standing(1), bond(1)), (None, 0));
	});
}

#[test]
fn a_bond_should_stay_until_the_proposal_is_cleared_and_not_only_closed() {
	build_and_execute(|| {
		hand_in(&[(1, report(0)), (2, report(0))]);
		assert_ok!(Simulations::remove(root(), 1));
		pass_to(Stage::Probation);
		assert_eq!(bond(1), BOND);
		clear();
		assert_eq!(bond(1), 0);
		assert_eq!(standing(2), Some((Standing::Serving, 0)));
	});
}

#[test]
fn withholding_should_cost_a_fine_when_the_window_ends() {
	build_and_execute(|| {
		for who in 1..=3 {
			assert_ok!(commit(who, &report(0)));
		}
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
		assert_ok!(reveal(2, &report(0)));
		let issued = Balances::total_issuance();
		to_due(REVEAL_ENDS - 1);
		assert_eq!(bond(3), BOND, "it may still come");
		assert_eq!(to_due(REVEAL_ENDS), GateStatus::Passed);
		assert_eq!(bond(3), BOND - FINE);
		assert_eq!(Balances::total_issuance(), issued - FINE, "burnt");
		assert!(has_event(Event::NotRevealed {
			id: ID,
			simulator: 3,
			fined: FINE
		}));
		assert_eq!((bond(1), bond(2)), (BOND, BOND));
		let answers = Submissions::<Test>::get(ID);
		assert_eq!(answers[2].answer, Answer::NotRevealed);
		// Nobody pays twice.
		poll();
		assert_eq!(bond(3), BOND - FINE);
	});
}

#[test]
fn the_last_revealer_should_not_be_able_to_follow_the_others() {
	build_and_execute(|| {
		// It sealed a failing report, sees that the others pass, and would like to be with them.
		assert_ok!(commit(1, &report(0)));
		assert_ok!(commit(2, &report(0)));
		assert_ok!(commit(3, &report(1)));
		to_due(COMMIT_ENDS);
		assert_ok!(reveal(1, &report(0)));
		assert_ok!(reveal(2, &report(0)));
		assert_noop!(reveal(3, &report(0)), Error::<Test>::CommitmentMismatch);
		assert_noop!(commit(3, &report(0)), Error::<Test>::CommitOver);
		assert_eq!(to_due(REVEAL_ENDS), GateStatus::Passed);
		assert_eq!(bond(3), BOND - FINE);
	});
}

#[test]
fn a_round_that_is_closed_should_fine_nobody() {
	build_and_execute(|| {
		// The proposer revises: there was no time to reveal.
		assert_ok!(commit(1, &report(0)));
		to_due(COMMIT_ENDS);
		<Simulations as StageGate<u64, u32>>::close(ID);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::RevealOver);
		clear();
		assert_eq!(bond(1), BOND);
	});
}

#[test]
fn commit_should_need_half_of_the_bond() {
	build_and_execute(|| {
		withhold(&[1, 2]);
		assert_eq!(bond(1), BOND - FINE);
		// More than half is left.
		withhold(&[1]);
		assert_eq!(bond(1), BOND - 2 * FINE);
		clear();
		open(0);
		assert_noop!(commit(1, &report(0)), Error::<Test>::BondTooLow);
		let free = Balances::free_balance(1);
		assert_ok!(Simulations::top_up(signed(1)));
		let added = 2 * FINE;
		System::assert_last_event(
			Event::ToppedUp {
				simulator: 1,
				added,
			}
			.into(),
		);
		assert_eq!((bond(1), Balances::free_balance(1)), (BOND, free - added));
		assert_ok!(commit(1, &report(0)));
	});
}

#[test]
fn commit_should_need_exactly_half_of_the_bond() {
	for (left, enough) in [(249u128, false), (250, true), (251, true)] {
		build_and_execute(|| {
			let burnt = BOND - left;
			// As a runtime with another fine would have left it.
			use frame_support::traits::{
				fungible::MutateHold,
				tokens::{Fortitude, Precision},
			};
			let reason = HoldReason::SimulatorBond.into();
			assert_ok!(<Balances as MutateHold<u64>>::burn_held(
				&reason,
				&1,
				burnt,
				Precision::Exact,
				Fortitude::Force
			));
			Simulators::<Test>::mutate_extant(1, |entry| entry.bond = left);
			if enough {
				assert_ok!(commit(1, &report(0)));
			} else {
				assert_noop!(commit(1, &report(0)), Error::<Test>::BondTooLow);
			}
		});
	}
}

#[test]
fn a_fine_should_take_what_is_left_when_the_bond_is_smaller() {
	build_and_execute(|| {
		// Seats on three proposals at once, all withheld: 500 is less than three fines.
		let dossier = dossier();
		let about = DossierRef {
			proposer: &99,
			round: 0,
			hash: dossier.hash(),
			dossier: &dossier,
		};
		type Gate = Simulations;
		let others = [ID + 1, ID + 2];
		for id in others {
			assert_ok!(<Gate as StageGate<u64, u32>>::open(
				id,
				&about,
				&policy(),
				OPENED
			));
			assert_ok!(Simulations::commit(signed(1), id, 0, 0, H256::zero()));
		}
		assert_ok!(commit(1, &report(0)));
		for at in [COMMIT_ENDS, REVEAL_ENDS] {
			to_due(at);
			for id in others {
				<Gate as StageGate<u64, u32>>::poll(id, at);
			}
		}
		assert_eq!(bond(1), 0);
		let last = BOND - 2 * FINE;
		assert!(has_event(Event::NotRevealed {
			id: ID + 2,
			simulator: 1,
			fined: last
		}));
	});
}

#[test]
fn top_up_should_fail_when_it_may_not() {
	build_and_execute(|| {
		assert_noop!(Simulations::top_up(signed(1)), Error::<Test>::BondFull);
		assert_noop!(Simulations::top_up(signed(5)), Error::<Test>::NotSimulator);
		assert_noop!(
			Simulations::top_up(RuntimeOrigin::none()),
			DispatchError::BadOrigin
		);
		withhold(&[1]);
		// It owns less than what is missing.
		assert_ok!(Balances::transfer_allow_death(signed(1), 6, 400));
		assert_noop!(
			Simulations::top_up(signed(1)),
			sp_runtime::TokenError::FundsUnavailable
		);
	});
}

#[test]
fn an_organisation_should_not_take_all_seats() {
	build_and_execute(|| {
		// Two accounts of organisation 3, before and after one of them is removed.
		assert_ok!(commit(3, &report(0)));
		assert_noop!(commit(4, &report(0)), Error::<Test>::OrganisationHasSeat);
		assert_ok!(Simulations::remove(root(), 3));
		assert_noop!(commit(4, &report(0)), Error::<Test>::OrganisationHasSeat);
		assert_ok!(commit(1, &report(0)));
		assert_ok!(commit(2, &report(0)));
	});
}
