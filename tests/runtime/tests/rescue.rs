//! The rescue in the whole runtime: what a rescue block, run by the way back, leaves behind.

use airlock_primitives::{rescue, CodeHistory, Failure, Outcome, Rollback, Stage};
use airlock_runtime::{Enactment, Executive, Runtime, System};
use airlock_runtime_tests::*;
use codec::Decode;

fn stored(key: &[u8]) -> Option<Vec<u8>> {
	sp_io::storage::get(key).map(|value| value.to_vec())
}

#[test]
fn bad_code_goes_back_when_it_builds_no_block() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		let proposal = pallet_airlock_proposals::Proposals::<Runtime>::get(id).expect("open");
		let Rollback::Dedicated(back) = proposal.dossier.rollback else {
			panic!("it has a way back of its own");
		};
		let armed = stored(rescue::ARMED).expect("armed");
		let armed = rescue::Armed::decode(&mut &armed[..]).expect("well-formed");
		let critical = proposal.policy.probation.critical;
		assert!(armed.until <= u64::from(System::block_number() + critical));
		Executive::finalize_block();
		// The node marks the block, and runs the way back in it.
		sp_io::storage::set(rescue::ACTIVE, &[1]);
		begin_block();
		run(1);
		for key in [rescue::ARMED, rescue::CODE, rescue::ACTIVE] {
			assert_eq!(stored(key), None);
		}
		assert_eq!(Enactment::current(), back.hash);
		let code = stored(b":code").map(|code| sp_io::hashing::blake2_256(&code));
		assert_eq!(code, Some(back.hash.0));
		let ended = pallet_airlock_proposals::History::<Runtime>::iter_values()
			.find(|ended| ended.id == id);
		assert_eq!(
			ended.map(|ended| ended.outcome),
			Some(Outcome::RolledBack(Failure::Rescued))
		);
		check_state();
	});
}

#[test]
fn a_transaction_cannot_reach_the_keys_of_the_rescue() {
	on_local_chain(|| {
		good_upgrade_in(Stage::Probation);
		let before = [rescue::ARMED, rescue::CODE, rescue::ACTIVE].map(stored);
		let key = rescue::ACTIVE.to_vec();
		let items = vec![(key.clone(), vec![1])];
		let calls: [airlock_runtime::RuntimeCall; 3] = [
			frame_system::Call::set_storage { items }.into(),
			frame_system::Call::kill_storage {
				keys: vec![rescue::ARMED.to_vec(), rescue::CODE.to_vec()],
			}
			.into(),
			frame_system::Call::kill_prefix {
				prefix: b":rescue:".to_vec(),
				subkeys: 9,
			}
			.into(),
		];
		for call in calls {
			assert!(signed(&validators()[0], call).is_err());
		}
		assert_eq!(
			[rescue::ARMED, rescue::CODE, rescue::ACTIVE].map(stored),
			before
		);
	});
}
