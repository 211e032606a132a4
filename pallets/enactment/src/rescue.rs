//! The runtime's side of the rescue: what nodes need to go back without the code that fails, and what the code of the way
//! back does when they have. See [`airlock_primitives::rescue`] for what both agree on.

use super::*;
use airlock_primitives::rescue::{Armed, ACTIVE, ARMED, CODE, TURNS};
use frame_support::{
	storage::{storage_prefix, unhashed},
	traits::PalletInfoAccess,
};
use sp_core::storage::well_known_keys;
use sp_runtime::{traits::UniqueSaturatedInto, DigestItem};

/// What the mark of a rescue block becomes. Nodes only look whether it is there.
const UPGRADED: &[u8] = &[2];

impl<T: Config> Pallet<T> {
	/// True in a rescue block: this code runs because the chain's own does not.
	pub(super) fn in_rescue() -> bool {
		unhashed::exists(ACTIVE)
	}

	/// The upgrade to the way back was seen in this rescue block: what the candidate left is given up, and the way back's own
	/// migrations begin.
	pub(super) fn note_upgrade_in_rescue() {
		unhashed::put_raw(ACTIVE, UPGRADED);
	}

	/// True if it was.
	pub(super) fn has_upgraded_in_rescue() -> bool {
		unhashed::get_raw(ACTIVE).as_deref() == Some(UPGRADED)
	}

	/// The bytes of a way back by which a rescue block is run.
	pub(super) fn ready_in_rescue(hash: H256) -> Option<Vec<u8>> {
		let bytes = unhashed::get_raw(CODE).filter(|_| Self::in_rescue())?;
		(hash_of(&bytes) == hash).then_some(bytes)
	}

	/// Gives nodes the code of the way back. Without a way back there is nothing to give.
	pub(super) fn arm(trial: &Trial<BlockNumberFor<T>>) -> DispatchResult {
		if let Some(back) = Self::way_back(trial)? {
			unhashed::put_raw(CODE, &back.bytes);
			Self::watch_until(trial, trial.critical_ends());
		}
		Ok(())
	}

	/// Tells nodes until when the code may run as it is decided now.
	pub(super) fn watch_until(trial: &Trial<BlockNumberFor<T>>, until: BlockNumberFor<T>) {
		if unhashed::exists(CODE) {
			let validators = T::Electorate::voters().len() as u64;
			let armed = Armed {
				until: until.unique_saturated_into(),
				gap: validators
					.saturating_mul(TURNS)
					.max(trial.policy.gap.into()),
			};
			unhashed::put(ARMED, &armed);
		}
	}

	/// The watch is over. A rescue block goes on to need what is there until its end.
	pub(super) fn disarm() {
		if !Self::in_rescue() {
			unhashed::kill(ARMED);
			unhashed::kill(CODE);
		}
	}

	/// Writes code as what runs from the next block on, without waiting in `:pending_code`: there is the code that fails.
	pub(super) fn take_over(code: &[u8]) {
		unhashed::put_raw(well_known_keys::CODE, code);
		unhashed::kill(well_known_keys::PENDING_CODE);
		// Else `system` installs what was pending at the end of this block.
		let system = <frame_system::Pallet<T> as PalletInfoAccess>::name();
		unhashed::kill(&storage_prefix(system.as_bytes(), b"BlocksTillUpgrade"));
		frame_system::Pallet::<T>::deposit_log(DigestItem::RuntimeEnvironmentUpdated);
		CurrentCode::<T>::put(hash_of(code));
		Self::mend_last_upgrade();
	}

	/// Code that lied about its version must not keep this one, or those that come later, from running their migrations: they
	/// run if the version is above the one that ran last.
	fn mend_last_upgrade() {
		let Some(last) = frame_system::LastRuntimeUpgrade::<T>::get() else {
			return;
		};
		let own = <T as frame_system::Config>::Version::get();
		// A dedicated way back comes with migrations, unless they were begun in this block; the code before does not.
		let is_dedicated = own.spec_version > HighestSpecVersion::<T>::get();
		let is_due = is_dedicated && !Self::has_upgraded_in_rescue();
		let most = own.spec_version.saturating_sub(is_due.into());
		if last.spec_version.0 > most {
			frame_system::LastRuntimeUpgrade::<T>::put(frame_system::LastRuntimeUpgradeInfo {
				spec_version: most.into(),
				spec_name: own.spec_name,
			});
		}
	}

	/// Goes back without a proposal that could end by it: code that failed has damaged what is stored of it. What is left of
	/// the trial goes as well, so that the lane is free.
	fn take_over_alone(code: &[u8]) {
		log::error!(target: "airlock", "a rescue without a probation: its code stays");
		if !Self::has_upgraded_in_rescue() && T::Migrations::ongoing() {
			Self::abandon_migration();
		}
		let own = <T as frame_system::Config>::Version::get().spec_version;
		// The code before brings nothing that undoes them.
		if own > HighestSpecVersion::<T>::get() {
			Self::forget_migrations();
		}
		Self::take_over(code);
		T::StoredCalls::void();
		HighestSpecVersion::<T>::mutate(|highest| *highest = own.max(*highest));
		OnProbation::<T>::kill();
		Reports::<T>::kill();
		Self::count_rollback();
	}

	/// The end of a rescue block: whatever the lifecycle's state said, the code that ran it is the chain's.
	pub(super) fn end_rescue() {
		if !Self::in_rescue() {
			return;
		}
		if let Some(code) = unhashed::get_raw(CODE) {
			if unhashed::get_raw(well_known_keys::CODE).as_ref() != Some(&code) {
				Self::take_over_alone(&code);
			}
		}
		unhashed::kill(ACTIVE);
		CompletedBefore::<T>::kill();
		Self::disarm();
		Self::end_pulse();
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use airlock_primitives::Dossier;
	use codec::Decode;
	use frame_support::traits::Hooks;
	use sp_core::storage::well_known_keys::PENDING_CODE;

	fn stored(key: &[u8]) -> Option<Vec<u8>> {
		sp_io::storage::get(key).map(|value| value.to_vec())
	}

	fn armed() -> Option<Armed> {
		stored(ARMED).map(|bytes| Armed::decode(&mut &bytes[..]).unwrap())
	}

	/// The block after this one is a rescue block, on the code that the state holds ready.
	fn rescue() {
		to(System::block_number() + 1);
		sp_io::storage::set(ACTIVE, &[1]);
	}

	fn end_block() {
		<Enactment as Hooks<u32>>::on_finalize(System::block_number());
	}

	fn nothing_is_left() {
		for key in [ARMED, CODE, ACTIVE] {
			assert_eq!(stored(key), None);
		}
	}

	#[test]
	fn a_switch_should_arm_the_rescue_with_the_way_back() {
		build_and_execute(|| {
			nothing_is_left();
			enacted(&dossier());
			let policy = policy().probation;
			let until = u64::from(System::block_number() + policy.critical);
			// Three turns of four validators are more than the policy's ten slots.
			assert_eq!(armed(), Some(Armed { until, gap: 12 }));
			assert_eq!(stored(CODE), Some(blob(3)));
		});
	}

	#[test]
	fn the_gap_should_be_the_policys_when_validators_are_few() {
		build_and_execute(|| {
			Set::set(vec![(1, 1), (2, 1), (3, 1)]);
			Ayes::set(3);
			enacted(&dossier());
			assert_eq!(armed().map(|armed| armed.gap), Some(10));
		});
	}

	#[test]
	fn a_switch_without_a_way_back_should_arm_nothing() {
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::Irreversible,
				..dossier()
			});
			nothing_is_left();
		});
	}

	#[test]
	fn a_rescue_block_should_make_the_way_back_the_chains_code() {
		build_and_execute(|| {
			enacted(&dossier());
			assert_eq!(stored(PENDING_CODE), Some(blob(2)));
			rescue();
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Rescued));
			// At once, so that this very block ends with it; what was pending never comes.
			assert_eq!(stored(well_known_keys::CODE), Some(blob(3)));
			assert_eq!(stored(PENDING_CODE), None);
			System::maybe_apply_pending_code_upgrade();
			assert_eq!(stored(well_known_keys::CODE), Some(blob(3)));
			assert_eq!(Enactment::current(), hash(&blob(3)));
			assert_eq!(crate::HighestSpecVersion::<Test>::get(), 3);
			System::assert_last_event(
				Event::RolledBack {
					id: ID,
					code_hash: hash(&blob(3)),
					why: Failure::Rescued,
				}
				.into(),
			);
			// The node asks for it in each call of this block.
			end();
			assert_eq!(stored(CODE), Some(blob(3)));
			end_block();
			nothing_is_left();
		});
	}

	#[test]
	fn a_rescue_should_go_back_to_the_previous_code_when_the_dossier_says_so() {
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			});
			assert_eq!(stored(CODE), Some(blob(1)));
			rescue();
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Rescued));
			assert_eq!(stored(well_known_keys::CODE), Some(blob(1)));
			assert_eq!(Enactment::current(), hash(&blob(1)));
			// Versions never repeat: the next upgrade must be above the one that failed.
			assert_eq!(crate::HighestSpecVersion::<Test>::get(), 2);
			end();
			end_block();
			nothing_is_left();
		});
	}

	fn begin_block_of_new_code() {
		<Enactment as Hooks<u32>>::on_runtime_upgrade();
	}

	#[test]
	fn a_rescue_should_give_up_what_the_candidate_left_and_keep_the_migrations_of_the_way_back() {
		build_and_execute(|| {
			enacted(&dossier());
			Migrating::set(true);
			rescue();
			begin_block_of_new_code();
			assert!(!Migrating::get());
			System::assert_has_event(Event::MigrationAbandoned { id: ID }.into());
			// Now begin those of the way back.
			Migrating::set(true);
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Rescued));
			assert!(Migrating::get());
			assert_eq!(stored(well_known_keys::CODE), Some(blob(3)));
			end();
			end_block();
		});
	}

	#[test]
	fn new_code_should_keep_a_migration_that_runs_when_there_is_no_rescue() {
		build_and_execute(|| {
			enacted(&dossier());
			Migrating::set(true);
			begin_block_of_new_code();
			assert!(Migrating::get());
		});
	}

	#[test]
	fn a_rescue_should_give_up_a_migration_when_its_code_was_no_upgrade() {
		build_and_execute(|| {
			enacted(&dossier());
			Migrating::set(true);
			rescue();
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Rescued));
			assert!(!Migrating::get());
			end();
			end_block();
			nothing_is_left();
		});
	}

	#[test]
	fn a_rescue_should_not_need_the_uploaded_bytes() {
		build_and_execute(|| {
			enacted(&dossier());
			let key = (hash(&blob(3)), blob(3).len() as u32);
			pallet_preimage::PreimageFor::<Test>::remove(key);
			assert!(Enactment::bytes(key.0, Some(key.1)).is_none());
			rescue();
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Rescued));
			assert_eq!(stored(well_known_keys::CODE), Some(blob(3)));
		});
	}

	#[test]
	fn a_rescue_to_the_previous_code_should_give_up_a_migration_that_runs() {
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			});
			// Its version is lower: it is no upgrade of what was there.
			Migrating::set(true);
			rescue();
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Rescued));
			assert!(!Migrating::get());
			assert_eq!(stored(well_known_keys::CODE), Some(blob(1)));
			end();
			end_block();
		});
	}

	#[test]
	fn the_code_of_a_rescue_block_should_stay_when_the_lifecycle_has_forgotten_its_upgrade() {
		build_and_execute(|| {
			enacted(&dossier());
			crate::OnProbation::<Test>::kill();
			rescue();
			end_block();
			assert_eq!(stored(well_known_keys::CODE), Some(blob(3)));
			assert_eq!(stored(PENDING_CODE), None);
			nothing_is_left();
		});
	}

	#[test]
	fn the_rescue_should_be_armed_until_the_watch_is_over() {
		build_and_execute(|| {
			enacted(&dossier());
			let trial = crate::OnProbation::<Test>::get().unwrap();
			(1..=3).for_each(|who| report(who, true));
			to(trial.critical_ends());
			assert_eq!(
				poll_probation(),
				GateStatus::Pending {
					until: System::block_number() + 1
				}
			);
			let until = || armed().map(|armed| armed.until);
			assert_eq!(until(), Some(trial.watch_ends().into()));
			to(trial.watch_ends() - 1);
			poll_probation();
			assert_eq!(until(), Some(trial.watch_ends().into()));
			// In the block that was named, and not before: nodes would refuse it.
			to(trial.watch_ends());
			poll_probation();
			nothing_is_left();
			end();
		});
	}

	#[test]
	fn the_rescue_should_stay_armed_block_by_block_while_a_migration_runs() {
		build_and_execute(|| {
			enacted(&dossier());
			let trial = crate::OnProbation::<Test>::get().unwrap();
			(1..=3).for_each(|who| report(who, true));
			to(trial.critical_ends());
			poll_probation();
			Migrating::set(true);
			to(trial.watch_ends());
			poll_probation();
			assert_eq!(
				armed().map(|armed| armed.until),
				Some(u64::from(trial.watch_ends() + 1))
			);
			Migrating::set(false);
			to(trial.watch_ends() + 1);
			poll_probation();
			nothing_is_left();
			end();
		});
	}

	#[test]
	fn a_rollback_of_its_own_should_disarm_the_rescue() {
		build_and_execute(|| {
			enacted(&dossier());
			report(1, false);
			report(2, false);
			to(System::block_number() + 1);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			end();
			nothing_is_left();
			// An ordinary block ends as it would without all this.
			end_block();
			assert_eq!(written(), blob(3));
		});
	}
}
