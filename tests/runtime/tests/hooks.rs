//! The cost of a block in which nothing is due.

use airlock_primitives::Dossier;
use airlock_runtime::{BlockNumber, Proposals, Runtime, System};
use airlock_runtime_tests::*;
use frame_support::traits::Hooks;
use sp_keyring::Sr25519Keyring;

/// Weight and storage accesses of the lifecycle's hook on an idle block.
fn idle_hook(open: u32) -> (frame_support::weights::Weight, usize, usize) {
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
	let mut weight = Default::default();
	let (recorded, writes) = {
		let mut writes = 0;
		let proof = ext.execute_and_prove(|| {
			let now: BlockNumber = System::block_number() + 1;
			weight = Proposals::on_initialize(now);
			writes = 0;
		});
		(proof.1.into_nodes().len(), writes)
	};
	(weight, recorded, writes)
}

fn register_by_nth(n: u32, dossier: &Dossier) {
	use sp_core::Pair;
	let who = sp_core::sr25519::Pair::from_string(&format!("//Proposer{}", n / 2), None)
		.expect("a path")
		.public()
		.into();
	let pay = pallet_balances::Call::transfer_keep_alive {
		dest: sp_runtime::MultiAddress::Id(who),
		value: 2_000 * airlock_runtime::UNIT,
	};
	let who = sp_core::sr25519::Pair::from_string(&format!("//Proposer{}", n / 2), None)
		.expect("a path")
		.public()
		.into();
	if n % 2 == 0 {
		signed(&Sr25519Keyring::Ferdie.to_account_id(), pay).expect("paid");
	}
	let call = pallet_airlock_proposals::Call::register {
		dossier: dossier.clone(),
	};
	signed(&who, call).expect("registered");
}

#[test]
fn hooks_are_flat() {
	let (none, none_nodes, _) = idle_hook(0);
	let (hundred, hundred_nodes, _) = idle_hook(100);
	println!("idle hook with 0 open proposals:   {none:?}, trie nodes read {none_nodes}");
	println!("idle hook with 100 open proposals: {hundred:?}, trie nodes read {hundred_nodes}");
	assert_eq!(none, hundred);
	// One path in the trie: its length depends on the size of the state, not on the number of reads.
	assert!(
		hundred_nodes <= none_nodes + 3,
		"{none_nodes} -> {hundred_nodes}"
	);
}
