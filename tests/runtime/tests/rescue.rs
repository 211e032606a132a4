//! The rescue in the whole runtime: what a rescue block, run by the way back, leaves behind.

use airlock_primitives::{rescue, CodeHistory, Failure, Outcome, ProposalId, Rollback, Stage};
use airlock_runtime::{Enactment, Executive, Hash, Runtime, System};
use airlock_runtime_tests::*;
use codec::Decode;

fn stored(key: &[u8]) -> Option<Vec<u8>> {
	sp_io::storage::get(key).map(|value| value.to_vec())
}

#[test]
fn bad_code_goes_back_when_it_builds_no_block() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		let back = way_back(id);
		let proposal = pallet_airlock_proposals::Proposals::<Runtime>::get(id).expect("open");
		let armed = stored(rescue::ARMED).expect("armed");
		let armed = rescue::Armed::decode(&mut &armed[..]).expect("well-formed");
		let critical = proposal.policy.probation.critical;
		assert!(armed.until <= u64::from(System::block_number() + critical));
		rescue();
		for key in [rescue::ARMED, rescue::CODE, rescue::ACTIVE] {
			assert_eq!(stored(key), None);
		}
		assert_eq!(Enactment::current(), back);
		let code = stored(b":code").map(|code| sp_io::hashing::blake2_256(&code));
		assert_eq!(code, Some(back.0));
		assert_eq!(outcome(id), Some(Outcome::RolledBack(Failure::Rescued)));
		check_state();
	});
}

/// The block of the rescue, which the node marks, run by the way back, and the one after it.
fn rescue() {
	Executive::finalize_block();
	sp_io::storage::set(rescue::ACTIVE, &[1]);
	begin_block();
	run(1);
}

/// What the code of the way back is.
fn way_back(id: ProposalId) -> Hash {
	let proposal = pallet_airlock_proposals::Proposals::<Runtime>::get(id).expect("open");
	let Rollback::Dedicated(back) = proposal.dossier.rollback else {
		panic!("it has a way back of its own");
	};
	back.hash
}

#[test]
fn bad_code_goes_back_when_it_forgot_when_proposals_are_asked_for() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		let back = way_back(id);
		pallet_airlock_proposals::Agenda::<Runtime>::kill();
		pallet_airlock_proposals::NextDeadline::<Runtime>::kill();
		rescue();
		assert_eq!(
			outcome(id),
			Some(Outcome::RolledBack(Failure::Rescued)),
			"nobody asked for it"
		);
		assert_eq!(Enactment::current(), back);
		assert!(pallet_airlock_proposals::Lane::<Runtime>::get().is_none());
	});
}

#[test]
fn bad_code_goes_back_when_it_forgot_that_it_is_watched() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		let back = way_back(id);
		pallet_airlock_enactment::OnProbation::<Runtime>::kill();
		rescue();
		assert_eq!(Enactment::current(), back);
		assert_eq!(
			pallet_airlock_enactment::RollbacksInARow::<Runtime>::get(),
			1
		);
		// Its proposal ends when it is asked for next, and the lane is free.
		run_out_of(Stage::Probation, id, 100);
		assert!(outcome(id).is_some());
		assert!(pallet_airlock_proposals::Lane::<Runtime>::get().is_none());
	});
}

#[test]
fn migrations_run_after_code_that_lied_about_its_version() {
	on_local_chain(|| {
		good_upgrade_in(Stage::Probation);
		let lie = frame_system::LastRuntimeUpgradeInfo {
			spec_version: u32::MAX.into(),
			spec_name: airlock_runtime::VERSION.spec_name,
		};
		frame_system::LastRuntimeUpgrade::<Runtime>::put(lie);
		rescue();
		let last = frame_system::LastRuntimeUpgrade::<Runtime>::get().expect("there was one");
		assert_eq!(last.spec_version.0, airlock_runtime::VERSION.spec_version);
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
