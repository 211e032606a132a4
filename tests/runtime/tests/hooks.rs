//! The cost of a block in which nothing is due.

use airlock_primitives::Dossier;
use airlock_runtime::{AccountId, Enactment, Proposals, Runtime, System};
use airlock_runtime_tests::*;
use frame_support::{traits::Hooks, weights::Weight};
use sp_core::{sr25519, storage::StateVersion, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::MultiAddress;

/// Weight of the lifecycle's hooks on an idle block, and how many trie nodes they read.
fn idle_hook(open: u32) -> (Weight, usize) {
	let mut ext = chain("local_testnet");
	ext.execute_with(|| {
		begin_block();
		let dossier = good_dossier();
		for n in 0..open {
			register_by_nth(n, &dossier);
		}
		assert_eq!(
			pallet_airlock_proposals::Proposals::<Runtime>::iter().count() as u32,
			open
		);
	});
	ext.commit_all().expect("the state is written");
	let mut weight = Weight::zero();
	let (_, proof) = ext.execute_and_prove(|| {
		let version = StateVersion::V1;
		let before = sp_io::storage::root(version);
		let now = System::block_number() + 1;
		weight = Proposals::on_initialize(now) + Enactment::on_initialize(now);
		Enactment::on_finalize(now);
		assert_eq!(sp_io::storage::root(version), before, "an idle hook writes");
	});
	(weight, proof.into_nodes().len())
}

/// Registers a dossier by an account that has two proposals at most.
fn register_by_nth(n: u32, dossier: &Dossier) {
	let pair = sr25519::Pair::from_string(&format!("//Proposer{}", n / 2), None).expect("a path");
	let who = AccountId::from(pair.public());
	if n.is_multiple_of(2) {
		let pay = pallet_balances::Call::transfer_keep_alive {
			dest: MultiAddress::Id(who.clone()),
			value: 2_000 * airlock_runtime::UNIT,
		};
		signed(&Sr25519Keyring::Ferdie.to_account_id(), pay).expect("paid");
	}
	let dossier = dossier.clone();
	let call = pallet_airlock_proposals::Call::register { dossier };
	signed(&who, call).expect("registered");
}

#[test]
fn hooks_are_flat() {
	let (none, none_nodes) = idle_hook(0);
	let (hundred, hundred_nodes) = idle_hook(100);
	println!("idle hook with 0 open proposals:   {none:?}, trie nodes read {none_nodes}");
	println!("idle hook with 100 open proposals: {hundred:?}, trie nodes read {hundred_nodes}");
	assert_eq!(none, hundred);
	// Three keys, two of which are not there. How long their paths in the trie are depends on the size of the state, not on the number of reads.
	assert!(
		hundred_nodes <= none_nodes + 3,
		"{none_nodes} -> {hundred_nodes}"
	);
}
