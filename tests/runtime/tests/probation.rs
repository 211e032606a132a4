//! What sends code on probation back, as the whole runtime counts and looks.

use airlock_primitives::{Failure, Outcome, ProposalId, Stage};
use airlock_runtime::{
	configs::lifecycle::Witness, AccountId, Balance, Balances, Runtime, RuntimeEvent, System,
};
use airlock_runtime_tests::*;
use frame_support::{
	storage::unhashed,
	traits::fungible::Mutate,
	traits::{Get, PalletInfoAccess, StorageVersion},
};
use pallet_airlock_enactment::{Call, Error, Measured};
use sp_runtime::{DispatchError, DispatchResult};

/// An upgrade that goes back in the next block, after what is done here.
fn goes_back_for(why: Failure, after: impl FnOnce(ProposalId)) {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		run(1);
		assert_eq!(outcome(id), None);
		after(id);
		run(1);
		assert_eq!(outcome(id), Some(Outcome::RolledBack(why)));
	});
}

fn show(id: ProposalId, witness: Witness) -> DispatchResult {
	signed(&anyone(), Call::prove_broken_invariant { id, witness })
}

/// Gives somebody a name, and breaks its entry.
fn broken_name() -> AccountId {
	let who = anyone();
	let name = b"a name".to_vec();
	let set = airlock_runtime::profiles::Call::set_name { name };
	signed(&who, set).unwrap();
	let key = airlock_runtime::profiles::Names::<Runtime>::hashed_key_for(&who);
	unhashed::put_raw(&key, &[0xff, 0xff]);
	who
}

#[test]
fn minted_coins_should_send_the_chain_back() {
	goes_back_for(Failure::OverBudget, |_| {
		Balances::mint_into(&anyone(), 1).unwrap();
	});
}

#[test]
fn another_storage_version_of_an_undeclared_pallet_should_send_the_chain_back() {
	goes_back_for(Failure::OverBudget, |_| {
		StorageVersion::new(9).put::<Balances>();
	});
	// Of the pallet that the dossier names, any.
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		assert_eq!(airlock_runtime::Profiles::index(), 50);
		StorageVersion::new(9).put::<airlock_runtime::Profiles>();
		run(2);
		assert_eq!(outcome(id), None);
	});
}

#[test]
fn prove_broken_invariant_should_send_the_chain_back_when_a_name_cannot_be_read() {
	goes_back_for(Failure::InvariantBroken, |id| {
		let who = broken_name();
		let before = Balances::free_balance(anyone());
		show(id, Witness::Name(who)).unwrap();
		// As for a critical finding: half of the bounty.
		let bounty: Balance = <Runtime as pallet_airlock_audits::Config>::MinBounty::get();
		assert_eq!(Balances::free_balance(anyone()) - before, bounty / 2);
	});
}

#[test]
fn prove_broken_invariant_should_send_the_chain_back_when_more_is_held_than_there_is() {
	goes_back_for(Failure::InvariantBroken, |id| {
		frame_system::Account::<Runtime>::mutate(proposer(), |account| account.data.reserved = 1);
		show(id, Witness::Account(proposer())).unwrap();
	});
}

#[test]
fn prove_broken_invariant_should_fail_when_all_is_well_or_nothing_is_there() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		let holds: DispatchError = Error::<Runtime>::InvariantHolds.into();
		let stranger = AccountId::from([9; 32]);
		let everybody = validators()
			.into_iter()
			.chain([proposer(), anyone(), stranger]);
		for who in everybody {
			assert_eq!(show(id, Witness::Account(who.clone())), Err(holds));
			assert_eq!(show(id, Witness::Name(who)), Err(holds));
		}
	});
}

#[test]
fn transactions_should_be_counted_without_what_a_block_must_have() {
	on_local_chain(|| {
		good_upgrade_in(Stage::Probation);
		let counted = || Measured::<Runtime>::get().map(|pulse| (pulse.transactions, pulse.failed));
		run(1);
		let before = counted().unwrap();
		let failed = frame_system::Event::ExtrinsicFailed {
			dispatch_error: DispatchError::BadOrigin,
			dispatch_info: Default::default(),
		};
		let succeeded = frame_system::Event::ExtrinsicSuccess {
			dispatch_info: Default::default(),
		};
		for event in [failed, succeeded.clone(), succeeded] {
			System::deposit_event(RuntimeEvent::System(event));
		}
		run(1);
		assert_eq!(counted(), Some((before.0 + 3, before.1 + 1)));
		// The timestamp alone is none.
		run(1);
		assert_eq!(counted(), Some((before.0 + 3, before.1 + 1)));
		let pulse = Measured::<Runtime>::get().unwrap();
		assert_eq!(pulse.slots, pulse.blocks);
	});
}
