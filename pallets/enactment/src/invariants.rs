//! Tests of what the chain counts and what anybody can show, while an upgrade is watched.

use crate::{mock::*, Error, Event, OnProbation};
use airlock_primitives::*;
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use sp_runtime::DispatchError;
use std::collections::BTreeSet;

fn now() -> u32 {
	System::block_number()
}

fn next() -> GateStatus<u32> {
	to(now() + 1);
	poll_probation()
}

fn over_budget() -> GateStatus<u32> {
	GateStatus::Failed(Failure::OverBudget)
}

fn watched_on() -> GateStatus<u32> {
	GateStatus::Pending { until: now() + 1 }
}

/// A dossier that declares pallet 5 and so many coins.
fn declares(minted: u128) -> Dossier {
	Dossier {
		minted,
		scope: BTreeSet::from([5]).try_into().unwrap(),
		..dossier()
	}
}

/// Somebody shows that an invariant does not hold.
fn show(who: u64, witness: u8) -> Result<Pays, DispatchError> {
	let origin = RuntimeOrigin::signed(who);
	let shown = Enactment::prove_broken_invariant(origin, ID, witness);
	shown.map(|info| info.pays_fee).map_err(|e| e.error)
}

#[test]
fn coins_beyond_the_declared_ones_should_send_the_chain_back() {
	build_and_execute(|| {
		enacted(&declares(10));
		Coins::set(1_010);
		assert_eq!(next(), watched_on());
		Coins::set(1_011);
		assert_eq!(next(), over_budget());
	});
}

#[test]
fn coins_that_vanish_should_be_nobodys_fault() {
	build_and_execute(|| {
		// Fees are burnt.
		enacted(&declares(0));
		Coins::set(1);
		assert_eq!(next(), watched_on());
	});
}

#[test]
fn the_budget_should_begin_at_the_switch_when_coins_were_made_before() {
	build_and_execute(|| {
		approve(&declares(0));
		Coins::set(5_000);
		ready(1..=3, &declares(0));
		to(now() + TIMELOCK);
		assert_eq!(poll_timelock(), GateStatus::Passed);
		begin_probation(&declares(0));
		assert_eq!(next(), watched_on());
	});
}

#[test]
fn only_declared_pallets_may_change_their_storage_version() {
	for (versions, expected) in [
		(vec![(0, 0), (5, 7), (9, 1)], None),
		(vec![(0, 0), (5, 2), (9, 2)], Some(over_budget())),
		// A pallet that is gone has no version any more; one that is new has none yet.
		(vec![(0, 0), (5, 2)], Some(over_budget())),
		(vec![(0, 0), (5, 2), (9, 1), (11, 4)], None),
	] {
		build_and_execute(|| {
			Versions::set(vec![(0, 0), (5, 2), (9, 1)]);
			enacted(&declares(0));
			Versions::set(versions);
			assert_eq!(next(), expected.unwrap_or_else(watched_on));
		});
	}
}

#[test]
fn the_budget_should_hold_until_the_watch_ends_and_no_longer() {
	for (before_the_end, goes_back) in [(1, true), (0, false)] {
		build_and_execute(|| {
			enacted(&declares(0));
			(1..=3).for_each(|who| report(who, true));
			let ends = now() + CRITICAL + WATCH;
			to(now() + CRITICAL);
			assert_eq!(poll_probation(), watched_on());
			Coins::set(9_999);
			to(ends - before_the_end);
			assert_eq!(poll_probation() == over_budget(), goes_back);
		});
	}
}

#[test]
fn anybody_should_send_the_chain_back_for_free_when_an_invariant_is_broken() {
	build_and_execute(|| {
		enacted(&dossier());
		Broken::set(Some(3));
		assert_eq!(show(77, 3), Ok(Pays::No));
		System::assert_last_event(
			Event::InvariantBroken {
				id: ID,
				witness: 3,
				who: 77,
			}
			.into(),
		);
		assert_eq!(Paid::get(), [(ID, 77)]);
		// Whatever becomes of it: it was broken.
		Broken::set(None);
		assert_eq!(next(), GateStatus::Failed(Failure::InvariantBroken));
	});
}

#[test]
fn the_chain_should_go_back_when_who_showed_it_cannot_be_paid() {
	build_and_execute(|| {
		enacted(&dossier());
		Broken::set(Some(3));
		PaymentFails::set(true);
		assert_eq!(show(77, 3), Ok(Pays::No));
		let error = sp_runtime::TokenError::Frozen.into();
		System::assert_last_event(Event::FinderNotPaid { id: ID, error }.into());
		assert_eq!(next(), GateStatus::Failed(Failure::InvariantBroken));
	});
}

#[test]
fn an_invariant_that_holds_should_be_no_proof() {
	build_and_execute(|| {
		enacted(&dossier());
		Broken::set(Some(3));
		assert_noop!(show(77, 4), Error::<Test>::InvariantHolds);
		assert_eq!(Paid::get(), []);
		assert_eq!(next(), watched_on());
	});
}

#[test]
fn a_proof_should_be_heard_about_the_watched_upgrade_only() {
	build_and_execute(|| {
		Broken::set(Some(3));
		assert_noop!(show(77, 3), Error::<Test>::NotOnProbation);
		enacted(&dossier());
		let origin = RuntimeOrigin::signed(77);
		let other = Enactment::prove_broken_invariant(origin, ID + 1, 3);
		assert_eq!(
			other.map_err(|e| e.error),
			Err(Error::<Test>::NotOnProbation.into())
		);
		let none = Enactment::prove_broken_invariant(RuntimeOrigin::none(), ID, 3);
		assert_eq!(none.map_err(|e| e.error), Err(DispatchError::BadOrigin));
		assert_ok!(show(77, 3));
		assert_noop!(show(78, 3), Error::<Test>::GoesBackAlready);
	});
}

#[test]
fn a_proof_should_come_too_late_from_the_end_of_the_watch_on() {
	build_and_execute(|| {
		enacted(&dossier());
		Broken::set(Some(3));
		let ends = now() + CRITICAL + WATCH;
		to(ends);
		assert_noop!(show(77, 3), Error::<Test>::WatchIsOver);
		to(ends - 1);
		assert_ok!(show(77, 3));
		assert!(OnProbation::<Test>::get().is_some_and(|trial| trial.failed.is_some()));
	});
}
