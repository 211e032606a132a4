//! The gate, each precondition, each end of a probation, each edge.

use crate::{
	mock::*, Error, Event, InTimelock, Locked, OnProbation, Reports, RollbacksInARow, Turn,
};
use airlock_primitives::*;
use frame_support::{
	assert_noop, assert_ok,
	traits::{QueryPreimage, StorePreimage, UnfilteredDispatchable},
};
use sp_core::{storage::well_known_keys, H256};
use sp_runtime::DispatchError;

fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn code_updates() -> usize {
	let updated = |record: &frame_system::EventRecord<RuntimeEvent, H256>| {
		matches!(
			record.event,
			RuntimeEvent::System(frame_system::Event::CodeUpdated { .. })
		)
	};
	System::events()
		.iter()
		.filter(|record| updated(record))
		.count()
}

mod gate {
	use super::*;

	/// Every call of `System` that ends in `OnSetCode`.
	fn doors(code: Vec<u8>) -> Vec<RuntimeCall> {
		vec![
			frame_system::Call::set_code { code: code.clone() }.into(),
			frame_system::Call::set_code_without_checks { code: code.clone() }.into(),
			frame_system::Call::apply_authorized_upgrade { code }.into(),
		]
	}

	fn assert_closed(code: Vec<u8>) {
		let before = written();
		for call in doors(code.clone()) {
			System::do_authorize_upgrade(hash(&code), false);
			let refused = call
				.dispatch_bypass_filter(RuntimeOrigin::root())
				.unwrap_err()
				.error;
			assert_eq!(refused, Error::<Test>::NotThisCodesTurn.into());
			assert_eq!(written(), before);
		}
	}

	#[test]
	fn the_gate_should_be_closed_for_root_at_every_stage() {
		build_and_execute(|| {
			let dossier = dossier();
			assert_closed(blob(2));
			approve(&dossier);
			assert_closed(blob(2));
			ready(1..=3, &dossier);
			to(1 + TIMELOCK);
			// Due, and still only the pallet's own dispatch passes.
			assert_closed(blob(2));
			assert_eq!(poll_timelock(), GateStatus::Passed);
			begin_probation(&dossier);
			assert_closed(blob(2));
			assert_closed(blob(3));
			assert_closed(blob(9));
		});
	}

	#[test]
	fn the_gate_should_refuse_other_bytes_than_those_whose_turn_it_is() {
		build_and_execute(|| {
			use frame_system::SetCode;
			Turn::<Test>::put(hash(&blob(2)));
			frame_support::assert_err!(
				crate::Gate::<Test>::set_code(blob(3)),
				Error::<Test>::NotThisCodesTurn
			);
			Turn::<Test>::put(hash(&blob(2)));
			assert_ok!(crate::Gate::<Test>::set_code(blob(2)));
			frame_support::assert_err!(
				crate::Gate::<Test>::set_code(blob(2)),
				Error::<Test>::NotThisCodesTurn
			);
		});
	}
}

mod timelock {
	use super::*;

	#[test]
	fn the_switch_should_happen_once_at_its_due_block() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=3, &dossier);
			to(TIMELOCK);
			assert_eq!(
				poll_timelock(),
				GateStatus::Pending {
					until: 1 + TIMELOCK
				}
			);
			assert_eq!(written(), blob(1));
			to(1 + TIMELOCK);
			assert_eq!(poll_timelock(), GateStatus::Passed);
			assert_eq!(written(), blob(2));
			assert_eq!(Enactment::current(), hash(&blob(2)));
			assert_eq!(Enactment::highest_spec_version(), 2);
			begin_probation(&dossier);
			for _ in 0..CRITICAL - 1 {
				to(System::block_number() + 1);
				assert_eq!(
					poll_probation(),
					GateStatus::Pending {
						until: System::block_number() + 1
					}
				);
			}
			assert_eq!(code_updates(), 1);
		});
	}

	/// Breaks one condition; the switch is deferred, and happens when it holds again.
	fn deferred_by(precondition: Precondition, break_it: fn(), mend_it: fn()) {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=3, &dossier);
			break_it();
			to(1 + TIMELOCK);
			assert_eq!(
				poll_timelock(),
				GateStatus::Pending {
					until: 2 + TIMELOCK
				}
			);
			System::assert_last_event(
				Event::EnactmentDeferred {
					id: ID,
					precondition,
				}
				.into(),
			);
			let events = System::events().len();
			to(2 + TIMELOCK);
			assert_eq!(
				poll_timelock(),
				GateStatus::Pending {
					until: 3 + TIMELOCK
				}
			);
			assert_eq!(System::events().len(), events, "said once");
			assert_eq!(written(), blob(1));
			mend_it();
			assert_eq!(poll_timelock(), GateStatus::Passed);
			assert_eq!(written(), blob(2));
			begin_probation(&dossier);
		});
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=3, &dossier);
			break_it();
			to(TIMELOCK + GRACE);
			assert_eq!(
				poll_timelock(),
				GateStatus::Pending {
					until: 1 + TIMELOCK + GRACE
				}
			);
			to(1 + TIMELOCK + GRACE);
			assert_eq!(
				poll_timelock(),
				GateStatus::Failed(Failure::Precondition(precondition)),
				"the grace window has ended"
			);
			assert_eq!(written(), blob(1));
			mend_it();
		});
	}

	#[test]
	fn each_precondition_should_defer_the_switch_and_then_end_it_by_name() {
		use Precondition::*;
		deferred_by(
			Readiness,
			|| Set::set((1..=5).map(|n| (n, 1)).collect()),
			|| Set::set((1..=4).map(|n| (n, 1)).collect()),
		);
		deferred_by(CurrentMajority, || Ayes::set(2), || Ayes::set(3));
		deferred_by(
			NoOpenFinding,
			|| {
				Blocked::set(true);
				Backed::set(true);
			},
			|| Blocked::set(false),
		);
		deferred_by(
			NoMigration,
			|| Migrating::set(true),
			|| Migrating::set(false),
		);
		deferred_by(
			NoAuthorityChange,
			|| ChangingAuthorities::set(true),
			|| ChangingAuthorities::set(false),
		);
		deferred_by(
			LaneFree,
			|| {
				Locked::<Test>::put(true);
				RollbacksInARow::<Test>::put(2);
			},
			|| {
				assert_ok!(Enactment::unlock(RuntimeOrigin::root()));
			},
		);
		deferred_by(
			Bytes,
			|| Preimage::unrequest(&hash(&blob(2))),
			|| {
				Preimage::note(blob(2).into()).unwrap();
			},
		);
	}

	#[test]
	fn the_switch_should_be_refused_when_set_code_refuses_the_version() {
		build_and_execute(|| {
			// Version 1 again, which is not above the running one.
			let old = [b"code".to_vec(), 1u32.to_le_bytes().to_vec(), vec![8; 20]].concat();
			Preimage::note(old.clone().into()).unwrap();
			let mut dossier = dossier();
			dossier.code.hash = hash(&old);
			approve(&dossier);
			ready(1..=3, &dossier);
			to(1 + TIMELOCK);
			assert_eq!(
				poll_timelock(),
				GateStatus::Pending {
					until: 2 + TIMELOCK
				}
			);
			to(1 + TIMELOCK + GRACE);
			assert_eq!(
				poll_timelock(),
				GateStatus::Failed(Failure::Precondition(Precondition::SetCode))
			);
			assert_eq!(written(), blob(1));
		});
	}

	#[test]
	fn another_parent_should_be_final_at_once() {
		build_and_execute(|| {
			let mut dossier = dossier();
			dossier.parent_code_hash = H256::repeat_byte(9);
			approve(&dossier);
			to(1 + TIMELOCK);
			assert_eq!(
				poll_timelock(),
				GateStatus::Failed(Failure::Precondition(Precondition::ParentCode))
			);
		});
	}

	#[test]
	fn retract_readiness_should_take_it_back() {
		build_and_execute(|| {
			let dossier = dossier();
			let retract = |who| Enactment::retract_readiness(signed(who), ID);
			assert_noop!(retract(1), Error::<Test>::NotInTimelock);
			approve(&dossier);
			assert_noop!(retract(1), Error::<Test>::NotReady);
			assert_ok!(signal(1, ID, dossier.hash()));
			assert_noop!(retract(2), Error::<Test>::NotReady);
			assert_ok!(retract(1));
			assert_eq!(Enactment::readiness(ID).map(|(have, _)| have), Some(0));
			assert_ok!(signal(1, ID, dossier.hash()));
		});
	}

	#[test]
	fn calls_that_wait_should_be_void_when_code_is_written_and_not_before() {
		build_and_execute(|| {
			approve(&dossier());
			ready(1..=3, &dossier());
			to(1 + TIMELOCK - 1);
			poll_timelock();
			assert_eq!(Voided::get(), 0);
			to(1 + TIMELOCK);
			assert_eq!(poll_timelock(), GateStatus::Passed);
			assert_eq!(Voided::get(), 1);
			begin_probation(&dossier());
			report(1, false);
			report(2, false);
			to(System::block_number() + 1);
			poll_probation();
			assert_eq!(Voided::get(), 2);
		});
	}

	#[test]
	fn signal_readiness_should_tell_what_the_node_is() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			let node = NodeSupport::largest();
			let origin = RuntimeOrigin::signed(1);
			let hash = dossier.hash();
			assert_ok!(Enactment::signal_readiness(origin, ID, hash, node.clone()));
			let told = Event::ReadinessSignalled {
				id: ID,
				validator: 1,
				node,
			};
			System::assert_last_event(told.into());
		});
	}

	#[test]
	fn signal_readiness_should_fail_when_it_is_not_ones_own() {
		build_and_execute(|| {
			let dossier = dossier();
			let signal = |who, hash| signal(who, ID, hash);
			assert_noop!(signal(1, dossier.hash()), Error::<Test>::NotInTimelock);
			approve(&dossier);
			assert_noop!(signal(9, dossier.hash()), Error::<Test>::NotValidator);
			assert_noop!(signal(1, H256::zero()), Error::<Test>::OtherDossier);
			assert_ok!(signal(1, dossier.hash()));
			assert_noop!(signal(1, dossier.hash()), Error::<Test>::AlreadyReady);
			assert_eq!(Enactment::readiness(ID), Some((1, 3)));
			end();
			assert!(!InTimelock::<Test>::contains_key(ID));
		});
	}
}

mod probation {
	use super::*;

	#[test]
	fn an_upgrade_should_be_kept_when_a_quorum_is_healthy() {
		build_and_execute(|| {
			enacted(&dossier());
			let since = System::block_number();
			(1..=3).for_each(|who| report(who, true));
			for block in since + 1..since + CRITICAL + WATCH {
				to(block);
				assert_eq!(poll_probation(), GateStatus::Pending { until: block + 1 });
			}
			// Nothing is heard any more, so nothing is asked.
			let until = since + CRITICAL + WATCH + CLOSE_OUT;
			to(since + CRITICAL + WATCH);
			assert_eq!(poll_probation(), GateStatus::Pending { until });
			to(until);
			assert_eq!(poll_probation(), GateStatus::Passed);
			assert_eq!(written(), blob(2));
			end();
			assert!(!OnProbation::<Test>::exists());
			assert_eq!(Reports::<Test>::get().len(), 0);
		});
	}

	#[test]
	fn bad_code_goes_back() {
		build_and_execute(|| {
			Set::set((1..=3).map(|n| (n, 1)).collect());
			Ayes::set(3);
			enacted(&dossier());
			report(1, false);
			to(System::block_number() + 1);
			assert!(
				matches!(poll_probation(), GateStatus::Pending { .. }),
				"exactly a third"
			);
			report(2, false);
			to(System::block_number() + 1);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_eq!(written(), blob(3));
			assert_eq!(Enactment::current(), hash(&blob(3)));
			assert_eq!(Enactment::highest_spec_version(), 3);
			end();
		});
	}

	#[test]
	fn a_validator_should_be_able_to_change_its_report() {
		build_and_execute(|| {
			enacted(&dossier());
			report(1, false);
			report(2, false);
			report(2, true);
			to(System::block_number() + 1);
			assert!(matches!(poll_probation(), GateStatus::Pending { .. }));
			assert_eq!(Enactment::health(), Some((ID, 1, 3, 1)));
		});
	}

	#[test]
	fn silence_should_go_back_exactly_at_the_end_of_the_critical_window() {
		build_and_execute(|| {
			enacted(&dossier());
			let since = System::block_number();
			(1..=2).for_each(|who| report(who, true));
			to(since + CRITICAL - 1);
			assert!(matches!(poll_probation(), GateStatus::Pending { .. }));
			to(since + CRITICAL);
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Silence));
			assert_eq!(written(), blob(3));
			end();
		});
	}

	#[test]
	fn a_late_poll_should_still_judge_silence() {
		build_and_execute(|| {
			enacted(&dossier());
			to(System::block_number() + CRITICAL + 3);
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Silence));
			end();
		});
	}

	#[test]
	fn reports_should_be_heard_until_the_watch_window_ends() {
		build_and_execute(|| {
			enacted(&dossier());
			let since = System::block_number();
			(1..=3).for_each(|who| report(who, true));
			to(since + CRITICAL);
			assert!(matches!(poll_probation(), GateStatus::Pending { .. }));
			let say = |who| Enactment::report_health(signed(who), ID, false);
			to(since + CRITICAL + WATCH - 1);
			assert_ok!(say(1));
			assert_ok!(say(2));
			to(since + CRITICAL + WATCH);
			assert_noop!(say(3), Error::<Test>::WatchIsOver);
			// What was said in the last block of the window counts in the next.
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			end();
		});
	}

	#[test]
	fn report_health_should_fail_when_it_is_not_ones_own() {
		build_and_execute(|| {
			let say = |who, id| Enactment::report_health(signed(who), id, true);
			assert_noop!(say(1, ID), Error::<Test>::NotOnProbation);
			enacted(&dossier());
			assert_noop!(say(9, ID), Error::<Test>::NotValidator);
			assert_noop!(say(1, ID + 1), Error::<Test>::NotOnProbation);
		});
	}

	#[test]
	fn a_rollback_without_bytes_should_be_tried_until_they_are_there() {
		build_and_execute(|| {
			enacted(&dossier());
			Preimage::unrequest(&hash(&blob(3)));
			report(1, false);
			report(2, false);
			to(System::block_number() + 1);
			assert!(matches!(poll_probation(), GateStatus::Pending { .. }));
			System::assert_last_event(
				Event::RollbackFailed {
					id: ID,
					error: Error::<Test>::BytesMissing.into(),
				}
				.into(),
			);
			// The reason stands, even if reports change meanwhile.
			report(1, true);
			Preimage::note(blob(3).into()).unwrap();
			to(System::block_number() + 1);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_eq!(written(), blob(3));
			end();
		});
	}

	#[test]
	fn previous_code_should_be_kept_and_put_back_although_its_version_is_lower() {
		build_and_execute(|| {
			let previous = Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			};
			enacted(&previous);
			assert!(Preimage::len(&hash(&blob(1))).is_some());
			report(1, false);
			report(2, false);
			to(System::block_number() + 1);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_eq!(written(), blob(1));
			assert_eq!(
				Enactment::highest_spec_version(),
				2,
				"the version stays used"
			);
			end();
			assert!(
				Preimage::len(&hash(&blob(1))).is_none(),
				"nothing is left behind"
			);
		});
	}

	#[test]
	fn an_irreversible_upgrade_should_stay_and_say_so() {
		build_and_execute(|| {
			let irreversible = Dossier {
				rollback: Rollback::Irreversible,
				..dossier()
			};
			enacted(&irreversible);
			report(1, false);
			report(2, false);
			to(System::block_number() + 1);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_eq!(written(), blob(2));
			System::assert_last_event(
				Event::NoWayBack {
					id: ID,
					why: Failure::ReportedUnhealthy,
				}
				.into(),
			);
			end();
		});
	}

	#[test]
	fn two_rollbacks_in_a_row_should_lock_the_lane_until_it_is_unlocked() {
		build_and_execute(|| {
			assert_noop!(
				Enactment::unlock(RuntimeOrigin::root()),
				Error::<Test>::NotLocked
			);
			for (candidate, rollback) in [(2, 3), (4, 5)] {
				assert!(!Locked::<Test>::get());
				for version in [candidate, rollback] {
					if Preimage::len(&hash(&blob(version))).is_none() {
						Preimage::note(blob(version).into()).unwrap();
					}
				}
				let next = Dossier {
					code: code_ref(candidate),
					rollback: Rollback::Dedicated(code_ref(rollback)),
					..dossier()
				};
				enacted(&next);
				report(1, false);
				report(2, false);
				to(System::block_number() + 1);
				assert_eq!(
					poll_probation(),
					GateStatus::Failed(Failure::ReportedUnhealthy)
				);
				end();
			}
			assert!(Locked::<Test>::get());
			assert_noop!(Enactment::unlock(signed(1)), DispatchError::BadOrigin);
			assert_ok!(Enactment::unlock(RuntimeOrigin::root()));
			assert_eq!(RollbacksInARow::<Test>::get(), 0);
		});
	}

	#[test]
	fn a_second_probation_should_be_refused() {
		build_and_execute(|| {
			let dossier = dossier();
			enacted(&dossier);
			let about = DossierRef {
				proposer: &99,
				round: 0,
				hash: dossier.hash(),
				dossier: &dossier,
			};
			assert_noop!(
				crate::Probation::<Test>::open(ID + 1, &about, &policy(), 20),
				Error::<Test>::LaneBusy
			);
			assert_eq!(Enactment::on_probation(), Some(ID));
		});
	}
}

#[test]
fn the_code_of_the_genesis_should_be_known_without_being_told() {
	build_and_execute(|| {
		assert_eq!(Enactment::current(), hash(&blob(1)));
		assert_eq!(Enactment::highest_spec_version(), 1);
		sp_io::storage::set(well_known_keys::PENDING_CODE, &blob(1));
		sp_io::storage::clear(well_known_keys::PENDING_CODE);
	});
}
