//! Each call, each error, each edge.

use crate::{mock::*, Ballots, Electors, Error, Event, Stops, Vote};
use airlock_primitives::*;
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;

fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn vote(who: u64, what: Vote) -> sp_runtime::DispatchResult {
	let voted = Supermajority::vote(signed(who), ID, dossier().hash(), what);
	voted.map(|_| ()).map_err(|error| error.error)
}

fn stop_it(who: u64, dossier_hash: H256) -> sp_runtime::DispatchResult {
	let stopped = Supermajority::stop(signed(who), ID, dossier_hash);
	stopped.map(|_| ()).map_err(|error| error.error)
}

fn stop(who: u64) -> sp_runtime::DispatchResult {
	stop_it(who, dossier().hash())
}

fn failed() -> GateStatus<u32> {
	GateStatus::Failed(Failure::NotApproved)
}

#[test]
fn vote_should_count_and_can_be_changed() {
	build_and_execute(|| {
		assert_ok!(vote(1, Vote::Aye));
		assert_ok!(vote(2, Vote::Nay));
		assert_ok!(vote(3, Vote::Abstain));
		let sides = || {
			let ballot = Ballots::<Test>::get(ID).unwrap();
			(ballot.ayes, ballot.nays, ballot.abstains)
		};
		assert_eq!(sides(), (1, 1, 1));
		assert_ok!(vote(2, Vote::Aye));
		assert_ok!(vote(2, Vote::Aye));
		assert_eq!(sides(), (2, 0, 1));
	});
}

#[test]
fn vote_should_fail_when_it_is_not_for_this_ballot() {
	build_and_execute(|| {
		assert_noop!(vote(5, Vote::Aye), Error::<Test>::NotElector);
		assert_noop!(
			Supermajority::vote(signed(1), ID, H256::repeat_byte(9), Vote::Aye),
			Error::<Test>::OtherDossier
		);
		assert_noop!(
			Supermajority::vote(signed(1), ID + 1, dossier().hash(), Vote::Aye),
			Error::<Test>::NoBallot
		);
	});
}

#[test]
fn vote_should_be_taken_until_the_block_before_the_close() {
	build_and_execute(|| {
		to(WINDOW);
		assert_ok!(vote(1, Vote::Aye));
		to(WINDOW + 1);
		assert_noop!(vote(2, Vote::Aye), Error::<Test>::BallotClosed);
		to(WINDOW + 2);
		assert_noop!(vote(2, Vote::Aye), Error::<Test>::BallotClosed);
	});
}

#[test]
fn vote_should_use_the_snapshot_when_the_set_changes() {
	build_and_execute(|| {
		Set::set(vec![(9, 9, 100)]);
		assert_noop!(vote(9, Vote::Aye), Error::<Test>::NotElector);
		assert_ok!(vote(1, Vote::Aye));
		assert_eq!(Ballots::<Test>::get(ID).unwrap().total, 4);
	});
}

#[test]
fn poll_should_pass_only_at_the_close_and_only_with_the_supermajority() {
	for (ayes, passes) in [(2, false), (3, true), (4, true)] {
		build_and_execute(|| {
			for who in 1..=ayes {
				assert_ok!(vote(who, Vote::Aye));
			}
			assert_eq!(poll(), GateStatus::Pending { until: WINDOW + 1 });
			to(WINDOW);
			assert_eq!(poll(), GateStatus::Pending { until: WINDOW + 1 });
			to(WINDOW + 1);
			assert_eq!(poll(), if passes { GateStatus::Passed } else { failed() });
		});
	}
}

#[test]
fn poll_should_fail_early_when_aye_cannot_reach_the_threshold() {
	build_and_execute(|| {
		assert_ok!(vote(1, Vote::Nay));
		assert_eq!(poll(), GateStatus::Pending { until: WINDOW + 1 });
		assert_ok!(vote(2, Vote::Nay));
		assert_eq!(poll(), failed());
	});
}

#[test]
fn poll_should_fail_when_too_few_organisations_agree() {
	build_and_execute(|| {
		<Supermajority as StageGate<u64, u32>>::clear(ID);
		Set::set(vec![(1, 1, 3), (2, 1, 3), (3, 2, 1)]);
		assert_ok!(open_with(policy()));
		assert_ok!(vote(1, Vote::Aye));
		assert_ok!(vote(2, Vote::Aye));
		to(WINDOW + 1);
		assert_eq!(poll(), failed());
	});
}

#[test]
fn open_should_cap_the_power_of_an_organisation() {
	build_and_execute(|| {
		<Supermajority as StageGate<u64, u32>>::clear(ID);
		Set::set(vec![(1, 1, 5), (2, 1, 5), (3, 2, 5), (4, 3, 5)]);
		let mut capped = policy();
		capped.ballot.organisation_cap = Ratio::new(1, 3);
		assert_ok!(open_with(capped));
		let power = |who| Electors::<Test>::get(ID, who).unwrap().power;
		assert_eq!((power(1), power(2), power(3), power(4)), (5, 1, 5, 5));
		assert_eq!(Ballots::<Test>::get(ID).unwrap().total, 20);
	});
}

/// No organisation counts for more than its share, and for no less than what is whole of it.
#[test]
fn open_should_cap_exactly_for_every_total_up_to_200() {
	for share in [Ratio::new(1, 3), Ratio::new(1, 2), Ratio::new(2, 5)] {
		build_and_execute(|| {
			for total in 1..=200 {
				<Supermajority as StageGate<u64, u32>>::clear(ID);
				Set::set(vec![(1, 1, total - total / 5), (2, 2, total / 5)]);
				let mut capped = policy();
				capped.ballot.organisation_cap = share;
				assert_ok!(open_with(capped));
				let power = Electors::<Test>::get(ID, 1).unwrap().power;
				assert!(!share.exceeded_by(power, total), "{power} of {total}");
				assert!(share.exceeded_by(power + 1, total), "{power} of {total}");
			}
		});
	}
}

#[test]
fn progress_should_show_the_least_that_is_enough() {
	for share in [Ratio::new(3, 4), Ratio::new(85, 100)] {
		build_and_execute(|| {
			for total in 1..=200 {
				<Supermajority as StageGate<u64, u32>>::clear(ID);
				Set::set(vec![(1, 1, total)]);
				let mut rules = policy();
				rules.ballot.approval = share;
				assert_ok!(open_with(rules));
				let least = (0..=total).find(|part| share.reached_by(*part, total));
				assert_eq!(Supermajority::progress(ID), Some((0, least.unwrap())));
			}
		});
	}
}

#[test]
fn open_should_fail_when_the_set_is_too_large() {
	build_and_execute(|| {
		Set::set((1..=9).map(|n| (n, n as u32, 1)).collect());
		frame_support::assert_err!(open_with(policy()), Error::<Test>::TooManyVoters);
	});
}

#[test]
fn vote_should_extend_when_the_result_changes_late() {
	build_and_execute(|| {
		assert_ok!(vote(1, Vote::Aye));
		assert_ok!(vote(2, Vote::Aye));
		// Early enough for an answer: no extension.
		to(WINDOW + 1 - EXTENSION);
		assert_ok!(vote(3, Vote::Aye));
		assert_eq!(Ballots::<Test>::get(ID).unwrap().closes, WINDOW + 1);
		// One block later it is late, each time the result changes, up to the cap.
		to(WINDOW + 2 - EXTENSION);
		assert_ok!(vote(3, Vote::Nay));
		assert_eq!(Ballots::<Test>::get(ID).unwrap().closes, WINDOW + 2);
		to(WINDOW + 1);
		assert_ok!(vote(3, Vote::Aye));
		assert_eq!(Ballots::<Test>::get(ID).unwrap().closes, WINDOW + 4);
		to(WINDOW + 3);
		assert_ok!(vote(3, Vote::Nay));
		assert_eq!(
			Ballots::<Test>::get(ID).unwrap().closes,
			WINDOW + 1 + EXTENSION_CAP
		);
		to(WINDOW + EXTENSION_CAP);
		assert_ok!(vote(3, Vote::Aye));
		assert_eq!(
			Ballots::<Test>::get(ID).unwrap().closes,
			WINDOW + 1 + EXTENSION_CAP
		);
	});
}

fn closes() -> u32 {
	Ballots::<Test>::get(ID).unwrap().closes
}

#[test]
fn vote_should_extend_when_an_organisation_was_missing_until_late() {
	for (at, extended) in [
		(WINDOW + 1 - EXTENSION, 0),
		(WINDOW + 2 - EXTENSION, 1),
		(WINDOW, EXTENSION - 1),
	] {
		build_and_execute(|| {
			<Supermajority as StageGate<u64, u32>>::clear(ID);
			// Enough power in one organisation; two are needed.
			Set::set(vec![(1, 1, 5), (2, 1, 4), (3, 2, 1)]);
			assert_ok!(open_with(policy()));
			for who in [1, 2] {
				assert_ok!(vote(who, Vote::Aye));
			}
			to(at);
			assert_ok!(vote(2, Vote::Aye));
			assert_eq!(closes(), WINDOW + 1, "said again, and nothing turns");
			assert_ok!(vote(3, Vote::Aye));
			assert_eq!(closes(), WINDOW + 1 + extended);
		});
	}
}

#[test]
fn vote_should_extend_when_an_organisation_is_missing_again() {
	build_and_execute(|| {
		<Supermajority as StageGate<u64, u32>>::clear(ID);
		Set::set(vec![(1, 1, 9), (2, 2, 1)]);
		assert_ok!(open_with(policy()));
		for who in [1, 2] {
			assert_ok!(vote(who, Vote::Aye));
		}
		to(WINDOW);
		assert_ok!(vote(2, Vote::Abstain));
		assert_eq!(closes(), WINDOW + EXTENSION);
	});
}

#[test]
fn vote_should_extend_when_it_makes_up_for_who_has_left() {
	build_and_execute(|| {
		// Of 8 Ayes seven were said; two of them have left. Six are needed.
		all_aye(policy(), &seats(1..=8));
		assert_ok!(vote(8, Vote::Abstain));
		Set::set(seats(3..=8));
		to(WINDOW);
		assert_ok!(vote(8, Vote::Aye));
		assert_eq!(closes(), WINDOW + EXTENSION);
	});
}

#[test]
fn vote_should_not_extend_when_the_power_turns_and_the_result_does_not() {
	build_and_execute(|| {
		<Supermajority as StageGate<u64, u32>>::clear(ID);
		Set::set(vec![(1, 1, 2), (2, 1, 1), (3, 2, 1)]);
		assert_ok!(open_with(policy()));
		assert_ok!(vote(1, Vote::Aye));
		to(WINDOW);
		// Three quarters now, and of one organisation only.
		assert_ok!(vote(2, Vote::Aye));
		assert_eq!(closes(), WINDOW + 1);
	});
}

#[test]
fn vote_should_be_charged_for_the_snapshot_when_the_result_may_turn() {
	use crate::WeightInfo;
	build_and_execute(|| {
		let used = |who| {
			let voted = Supermajority::vote(signed(who), ID, dossier().hash(), Vote::Aye);
			voted.unwrap().actual_weight.unwrap()
		};
		let plain = <()>::vote(8);
		assert_eq!([used(1), used(2), used(3)], [plain; 3], "time is left");
		for who in [2, 3] {
			assert_ok!(vote(who, Vote::Abstain));
		}
		to(WINDOW);
		assert_eq!(used(2), plain, "half of the power suffices for nothing");
		assert_eq!(used(3), <()>::vote_late(4), "three quarters");
		assert_eq!(used(4), plain, "the end has just moved");
		to(closes() - 1);
		assert_eq!(used(4), <()>::vote_late(4), "said again");
	});
}

#[test]
fn a_third_can_stop() {
	for stage in [
		Stage::Registered,
		Stage::Review,
		Stage::Voting,
		Stage::Timelock,
	] {
		build_and_execute(|| {
			StageNow::set(Some(stage));
			Set::set((1..=3).map(|n| (n, n as u32, 1)).collect());
			assert_ok!(stop(1));
			assert_eq!(Stopped::get(), vec![], "exactly a third does not stop");
			assert_ok!(stop(2));
			assert_eq!(Stopped::get(), vec![(ID, Failure::StoppedByValidators)]);
		});
	}
}

#[test]
fn stop_should_count_the_current_set_only() {
	build_and_execute(|| {
		assert_ok!(stop(1));
		// 1 leaves, and its call with it.
		Set::set((2..=5).map(|n| (n, n as u32, 1)).collect());
		assert_ok!(stop(2));
		assert_eq!(Stopped::get(), vec![]);
		assert_eq!(
			Stops::<Test>::get(ID).unwrap().validators.into_inner(),
			vec![2]
		);
	});
}

#[test]
fn stop_should_fail_when_it_is_not_ones_own_or_too_late() {
	build_and_execute(|| {
		assert_noop!(stop(9), Error::<Test>::NotValidator);
		assert_ok!(stop(1));
		assert_noop!(stop(1), Error::<Test>::AlreadyCalled);
		for stage in [None, Some(Stage::Probation)] {
			StageNow::set(stage);
			assert_noop!(stop(2), Error::<Test>::CannotStop);
		}
	});
}

#[test]
fn stop_should_count_for_the_dossier_that_it_names() {
	build_and_execute(|| {
		let other = H256::repeat_byte(9);
		assert_noop!(stop_it(1, other), Error::<Test>::OtherDossier);
		assert_ok!(stop(1));
		// Revised: the call of 1 was for another dossier.
		CurrentDossier::set(Some(other));
		assert_ok!(stop_it(2, other));
		assert_eq!(Stopped::get(), vec![]);
		assert_ok!(stop_it(1, other));
		assert_eq!(Stopped::get(), vec![(ID, Failure::StoppedByValidators)]);
	});
}

#[test]
fn retract_stop_should_take_it_back() {
	build_and_execute(|| {
		assert_noop!(
			Supermajority::retract_stop(signed(1), ID),
			Error::<Test>::NotCalled
		);
		assert_ok!(stop(1));
		assert_noop!(
			Supermajority::retract_stop(signed(2), ID),
			Error::<Test>::NotCalled
		);
		assert_ok!(Supermajority::retract_stop(signed(1), ID));
		assert!(!Stops::<Test>::contains_key(ID));
		assert_ok!(stop(2));
		assert_eq!(Stopped::get(), vec![]);
	});
}

#[test]
fn the_current_majority_should_count_snapshot_votes_with_current_power() {
	build_and_execute(|| {
		for who in 1..=3 {
			assert_ok!(vote(who, Vote::Aye));
		}
		let current = <Supermajority as CurrentMajority>::aye_of_current_set;
		assert_eq!(current(ID), (3, 4));
		<Supermajority as StageGate<u64, u32>>::close(ID);
		assert_noop!(vote(4, Vote::Aye), Error::<Test>::BallotClosed);
		// 3 left, 5 joined and never voted, 1 has more power now.
		Set::set(vec![(1, 1, 4), (2, 2, 1), (4, 4, 1), (5, 5, 1)]);
		assert_eq!(current(ID), (5, 7));
	});
}

/// A vote under these rules, of such a set, in which everybody says Aye.
fn all_aye(policy: ClassPolicy<u32>, set: &[(u64, OrganisationId, Power)]) {
	<Supermajority as StageGate<u64, u32>>::clear(ID);
	Set::set(set.to_vec());
	assert_ok!(open_with(policy));
	for (who, ..) in set {
		assert_ok!(vote(*who, Vote::Aye));
	}
}

fn seats(accounts: impl IntoIterator<Item = u64>) -> Vec<(u64, OrganisationId, Power)> {
	accounts.into_iter().map(|n| (n, n as u32, 1)).collect()
}

/// The rules of [`policy`] with another share.
fn approval(num: u32, den: u32) -> ClassPolicy<u32> {
	let mut policy = policy();
	policy.ballot.approval = Ratio::new(num, den);
	policy
}

#[test]
fn poll_should_restart_exactly_when_more_than_a_third_has_left() {
	for (leave, restarts) in [(1, false), (2, false), (3, true), (6, true)] {
		build_and_execute(|| {
			all_aye(approval(1, 2), &seats(1..=6));
			// Newcomers fill the set: they are no reason, and no votes.
			Set::set(seats(1 + leave..=6 + leave));
			to(WINDOW);
			assert_eq!(poll(), GateStatus::Pending { until: WINDOW + 1 });
			to(WINDOW + 1);
			if !restarts {
				assert_eq!(poll(), GateStatus::Passed);
				return;
			}
			let until = 2 * WINDOW + 1;
			assert_eq!(poll(), GateStatus::Pending { until });
			let restarted = Event::Restarted {
				id: ID,
				left: leave,
			};
			System::assert_has_event(restarted.into());
			let opened = Event::Opened {
				id: ID,
				total: 6,
				closes: until,
			};
			System::assert_last_event(opened.into());
			assert_eq!(poll(), GateStatus::Pending { until }, "asked again");
		});
	}
}

#[test]
fn poll_should_restart_by_power_and_not_by_heads() {
	// 1 has a third of the power exactly, or one more than that.
	for (power, restarts) in [(4, false), (5, true)] {
		build_and_execute(|| {
			all_aye(approval(1, 2), &[(1, 1, power), (2, 2, 4), (3, 3, 4)]);
			Set::set(vec![(2, 2, 4), (3, 3, 4), (4, 4, 100)]);
			to(WINDOW + 1);
			assert_eq!(poll() != GateStatus::Passed, restarts);
		});
	}
}

#[test]
fn poll_should_restart_by_power_after_caps() {
	build_and_execute(|| {
		let mut capped = approval(1, 10);
		capped.ballot.organisation_cap = Ratio::new(1, 3);
		// Of 10 the first counts for 3: less than a third of 10, more than a third of the 7 that count.
		all_aye(capped, &[(1, 1, 6), (2, 2, 2), (3, 3, 2)]);
		Set::set(vec![(2, 2, 2), (3, 3, 2)]);
		to(WINDOW + 1);
		let until = 2 * WINDOW + 1;
		assert_eq!(poll(), GateStatus::Pending { until });
	});
}

#[test]
fn a_vote_that_restarts_should_be_as_new() {
	build_and_execute(|| {
		all_aye(policy(), &seats(1..=3));
		to(WINDOW);
		// The late swing extends the first vote.
		assert_ok!(vote(3, Vote::Abstain));
		let closes = Ballots::<Test>::get(ID).unwrap().closes;
		Set::set(seats([1, 4, 5, 6]));
		to(closes);
		// Asked late: the whole window begins now.
		to(closes + 1);
		let until = closes + 1 + WINDOW;
		assert_eq!(poll(), GateStatus::Pending { until });
		let ballot = Ballots::<Test>::get(ID).unwrap();
		assert_eq!((ballot.ayes, ballot.nays, ballot.abstains), (0, 0, 0));
		assert_eq!((ballot.total, ballot.extended), (4, 0));
		assert_eq!(ballot.dossier_hash, dossier().hash());
		assert_eq!(Electors::<Test>::iter_prefix(ID).count(), 4);
		// Who left has no vote any more; who joined has one.
		assert_noop!(vote(2, Vote::Aye), Error::<Test>::NotElector);
		for who in [4, 5, 6] {
			assert_ok!(vote(who, Vote::Aye));
		}
		to(until - 1);
		assert_eq!(poll(), GateStatus::Pending { until });
		to(until);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn poll_should_judge_when_more_than_a_third_has_left_a_second_time() {
	for (num, den, passes) in [(1, 2, true), (2, 3, false)] {
		build_and_execute(|| {
			all_aye(approval(num, den), &seats(1..=6));
			Set::set(seats(4..=9));
			to(WINDOW + 1);
			let until = 2 * WINDOW + 1;
			assert_eq!(poll(), GateStatus::Pending { until });
			for who in 4..=9 {
				assert_ok!(vote(who, Vote::Aye));
			}
			Set::set(seats(7..=12));
			to(until);
			// Three Ayes of six are left.
			assert_eq!(poll(), if passes { GateStatus::Passed } else { failed() });
		});
	}
}

#[test]
fn poll_should_not_count_the_aye_of_who_has_left() {
	// Three quarters of 8 are 6. Two leave: no more than a third.
	for (abstains, passes) in [(None, true), (Some(3), false)] {
		build_and_execute(|| {
			all_aye(policy(), &seats(1..=8));
			if let Some(who) = abstains {
				assert_ok!(vote(who, Vote::Abstain));
			}
			Set::set(seats(3..=8));
			to(WINDOW + 1);
			let ballot = Ballots::<Test>::get(ID).unwrap();
			assert!(ballot.ayes >= 7 && ballot.total == 8);
			assert_eq!(poll(), if passes { GateStatus::Passed } else { failed() });
		});
	}
}

#[test]
fn poll_should_not_count_the_organisation_of_who_has_left() {
	for (leaves, passes) in [(2, true), (3, false)] {
		build_and_execute(|| {
			// Two organisations are needed: 3 is alone in the second one.
			all_aye(approval(1, 2), &[(1, 1, 4), (2, 1, 1), (3, 2, 1)]);
			Set::mutate(|set| set.retain(|(who, ..)| *who != leaves));
			to(WINDOW + 1);
			assert_eq!(poll(), if passes { GateStatus::Passed } else { failed() });
		});
	}
}

#[test]
fn poll_should_count_who_has_left_and_is_back() {
	build_and_execute(|| {
		let set = seats(1..=4);
		all_aye(policy(), &set);
		Set::set(vec![]);
		to(WINDOW);
		assert_eq!(poll(), GateStatus::Pending { until: WINDOW + 1 });
		Set::set(set);
		to(WINDOW + 1);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn poll_should_count_the_nay_of_who_has_left() {
	build_and_execute(|| {
		all_aye(policy(), &seats(1..=4));
		for who in [1, 2] {
			assert_ok!(vote(who, Vote::Nay));
		}
		Set::set(seats([3, 4]));
		assert_eq!(poll(), failed());
	});
}

#[test]
fn poll_should_fail_when_the_set_has_become_too_large_to_restart() {
	build_and_execute(|| {
		Set::set(seats(11..=19));
		to(WINDOW + 1);
		let why = Failure::StageNotOpened;
		assert_eq!(poll(), GateStatus::Failed(why));
		// As the stage machine does with it.
		<Supermajority as StageGate<u64, u32>>::clear(ID);
	});
}

#[test]
fn clear_should_leave_nothing() {
	build_and_execute(|| {
		assert_ok!(vote(1, Vote::Aye));
		assert_ok!(stop(2));
		<Supermajority as StageGate<u64, u32>>::clear(ID);
		assert_eq!(Electors::<Test>::iter().count(), 0);
		assert_eq!(Ballots::<Test>::iter().count(), 0);
		assert_eq!(Stops::<Test>::iter().count(), 0);
	});
}

#[test]
fn nobody_decides_nothing() {
	build_and_execute(|| {
		<Supermajority as StageGate<u64, u32>>::clear(ID);
		Set::set(vec![]);
		assert_ok!(open_with(policy()));
		to(WINDOW + 1);
		assert_eq!(poll(), failed());
	});
}
