//! Each call, each error, and the set from session to session.

use crate::{mock::*, Active, Error, Registered};
use airlock_primitives::Electorate;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn root() -> RuntimeOrigin {
	RuntimeOrigin::root()
}

fn active() -> Vec<(u64, u32)> {
	Active::<Test>::get()
		.into_iter()
		.map(|v| (v.account, v.organisation))
		.collect()
}

#[test]
fn the_genesis_set_should_be_active_and_be_the_council() {
	build_and_execute(|| {
		assert_eq!(active(), vec![(1, 10), (2, 20)]);
		assert_eq!(CouncilMembers::get(), vec![1, 2]);
		assert_eq!(Validators::total(), 2);
		assert_eq!(Validators::power_of(&1), Some(1));
		assert_eq!(Validators::power_of(&3), None);
	});
}

#[test]
fn admit_should_take_effect_two_sessions_later() {
	build_and_execute(|| {
		assert_ok!(Validators::admit(root(), 3, 30));
		session();
		assert_eq!(active().len(), 2);
		session();
		assert_eq!(active(), vec![(1, 10), (2, 20), (3, 30)]);
		assert_eq!(CouncilMembers::get(), vec![1, 2, 3]);
	});
}

#[test]
fn admit_should_fail_when_it_may_not() {
	build_and_execute(|| {
		assert_noop!(
			Validators::admit(RuntimeOrigin::signed(1), 3, 30),
			DispatchError::BadOrigin
		);
		assert_noop!(
			Validators::admit(root(), 1, 30),
			Error::<Test>::AlreadyAdmitted
		);
		assert_noop!(
			Validators::admit(root(), 3, 20),
			Error::<Test>::OrganisationHasSeat
		);
		assert_ok!(Validators::admit(root(), 3, 30));
		assert_ok!(Validators::admit(root(), 4, 40));
		assert_noop!(
			Validators::admit(root(), 5, 50),
			Error::<Test>::TooManyValidators
		);
	});
}

#[test]
fn remove_should_keep_the_seat_until_the_session_changes() {
	build_and_execute(|| {
		assert_noop!(
			Validators::remove(RuntimeOrigin::signed(1), 1),
			DispatchError::BadOrigin
		);
		assert_noop!(Validators::remove(root(), 3), Error::<Test>::NotAdmitted);
		assert_ok!(Validators::remove(root(), 1));
		assert_noop!(Validators::remove(root(), 2), Error::<Test>::LastValidator);
		session();
		// Removed, but still active and still of its organisation.
		assert_eq!(active(), vec![(1, 10), (2, 20)]);
		session();
		assert_eq!(active(), vec![(2, 20)]);
		assert_eq!(CouncilMembers::get(), vec![2]);
	});
}

#[test]
fn a_validator_without_session_keys_should_not_become_active() {
	build_and_execute(|| {
		assert_ok!(Validators::admit(root(), 9, 90));
		session();
		session();
		assert_eq!(active(), vec![(1, 10), (2, 20)]);
		assert_eq!(Registered::<Test>::get().len(), 3);
	});
}

#[test]
fn sessions_without_a_change_should_leave_everything() {
	build_and_execute(|| {
		CouncilMembers::set(vec![]);
		session();
		session();
		assert_eq!(active(), vec![(1, 10), (2, 20)]);
		assert_eq!(
			CouncilMembers::get(),
			Vec::<u64>::new(),
			"the council was not set again"
		);
	});
}
