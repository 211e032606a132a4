//! The council's motions: nobody takes all places, and none outlives the code under which it was made.

use airlock_primitives::{Failure, Outcome, Stage};
use airlock_runtime::{Balances, Runtime, RuntimeCall};
use airlock_runtime_tests::*;
use frame_support::traits::fungible::InspectHold;
use pallet_collective::{Call, Instance1, Proposals};
use sp_runtime::{
	traits::{BlakeTwo256, Hash as _},
	DispatchError, DispatchResult,
};

fn remark(text: &[u8]) -> RuntimeCall {
	let remark = text.to_vec();
	frame_system::Call::remark { remark }.into()
}

fn propose(member: usize, text: &[u8]) -> DispatchResult {
	let motion = Call::<Runtime, Instance1>::propose {
		threshold: 3,
		proposal: Box::new(remark(text)),
		length_bound: 1_000,
	};
	signed(&validators()[member], motion)
}

/// What anybody may do for a motion that is over.
fn release(text: &[u8]) -> DispatchResult {
	let proposal_hash = BlakeTwo256::hash_of(&remark(text));
	let call = Call::<Runtime, Instance1>::release_proposal_cost { proposal_hash };
	signed(&anyone(), call)
}

fn motions() -> usize {
	Proposals::<Runtime, Instance1>::get().len()
}

#[test]
fn propose_should_fail_when_the_member_has_a_motion_already() {
	on_local_chain(|| {
		propose(0, b"one").unwrap();
		assert_eq!(propose(0, b"two"), Err(DispatchError::Exhausted));
		propose(1, b"two").unwrap();
		assert_eq!(motions(), 2);
		assert!(Balances::total_balance_on_hold(&validators()[0]) > 0);
	});
}

#[test]
fn motions_should_be_void_when_code_is_written_and_when_it_goes_back() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Timelock);
		propose(0, b"one").unwrap();
		propose(1, b"two").unwrap();
		ready(id, &validators());
		run_out_of(Stage::Timelock, id, 100);
		assert_eq!(motions(), 0);
		// Who made one gets the deposit back, and may make another.
		let held = Balances::total_balance_on_hold(&validators()[0]);
		release(b"one").unwrap();
		assert!(Balances::total_balance_on_hold(&validators()[0]) < held);
		propose(0, b"three").unwrap();
		health(id, &validators(), false);
		run(1);
		let why = Failure::ReportedUnhealthy;
		assert_eq!(outcome(id), Some(Outcome::RolledBack(why)));
		assert_eq!(motions(), 0);
	});
}
