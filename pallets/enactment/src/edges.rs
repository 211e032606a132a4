//! The corners: exact shares, sets that change, bytes that others hold, code that is still pending.

use crate::{
	mock::*, Error, Event, InTimelock, Installed, Locked, Measured, OnProbation, Reports,
	RollbacksInARow, Turn,
};
use airlock_primitives::*;
use frame_support::{assert_err, assert_noop, assert_ok, traits::QueryPreimage};
use frame_system::{RawOrigin, SetCode};
use sp_core::{storage::well_known_keys, H256};
use sp_runtime::{DispatchError, DispatchResult};
use std::borrow::Cow;

const DUE: u32 = 1 + TIMELOCK;

fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn now() -> u32 {
	System::block_number()
}

fn set_of(validators: impl IntoIterator<Item = u64>) {
	Set::set(validators.into_iter().map(|who| (who, 1)).collect());
	Ayes::set(<Test as Electorate<u64>>::total());
}

fn note(bytes: Vec<u8>) {
	<Preimage as frame_support::traits::StorePreimage>::note(Cow::Owned(bytes)).unwrap();
}

/// The end of a block and the begin of the next one, which the newest code executes.
fn next_block() {
	System::maybe_apply_pending_code_upgrade();
	to(now() + 1);
	Running::set(u32::from_le_bytes(written()[4..8].try_into().unwrap()));
}

fn stored(key: &[u8]) -> Option<Vec<u8>> {
	sp_io::storage::get(key).map(|bytes| bytes.to_vec())
}

fn pending(until: u32) -> GateStatus<u32> {
	GateStatus::Pending { until }
}

fn deferred_by(precondition: Precondition) {
	assert_eq!(poll_timelock(), pending(now() + 1));
	System::assert_last_event(
		Event::EnactmentDeferred {
			id: ID,
			precondition,
		}
		.into(),
	);
}

fn tell_unhealthy(validators: impl IntoIterator<Item = u64>) {
	validators.into_iter().for_each(|who| report(who, false));
}

/// Enacts `candidate` and reports it unhealthy; what became of it.
fn enact_and_fail(candidate: u32, rollback: Rollback) -> GateStatus<u32> {
	for code in [candidate, candidate + 1].map(code_ref) {
		if Preimage::len(&code.hash).is_none() {
			note(blob(code.spec_version));
		}
	}
	enacted(&Dossier {
		code: code_ref(candidate),
		rollback,
		..dossier()
	});
	next_block();
	tell_unhealthy([1, 2]);
	let status = poll_probation();
	end();
	next_block();
	status
}

mod gate {
	use super::*;

	/// Tries every call of `system` that writes code, as root, with every blob there is.
	fn assert_closed(versions: &[u32]) {
		for version in versions {
			let code = blob(*version);
			let root = || RuntimeOrigin::from(RawOrigin::Root);
			let before = (
				stored(well_known_keys::CODE),
				stored(well_known_keys::PENDING_CODE),
			);
			System::do_authorize_upgrade(hash(&code), false);
			let refused = Error::<Test>::NotThisCodesTurn;
			if *version > Running::get() {
				assert_noop!(System::set_code(root(), code.clone()), refused);
			}
			let refused = Error::<Test>::NotThisCodesTurn;
			assert_noop!(
				System::set_code_without_checks(root(), code.clone()),
				refused
			);
			let refused = Error::<Test>::NotThisCodesTurn;
			assert_noop!(System::apply_authorized_upgrade(root(), code), refused);
			let after = (
				stored(well_known_keys::CODE),
				stored(well_known_keys::PENDING_CODE),
			);
			assert_eq!(before, after);
		}
	}

	#[test]
	fn the_gate_should_be_closed_when_the_switch_was_deferred_or_refused() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			to(DUE);
			deferred_by(Precondition::Readiness);
			assert_closed(&[1, 2, 3, 9]);
			ready(1..=3, &dossier);
			// The turn is given and taken back with the refusal of `system`.
			SystemMigrating::set(true);
			deferred_by(Precondition::SetCode);
			SystemMigrating::set(false);
			assert_closed(&[1, 2, 3, 9]);
		});
	}

	#[test]
	fn the_gate_should_be_closed_when_a_rollback_failed_and_when_it_is_done() {
		build_and_execute(|| {
			enacted(&dossier());
			assert_closed(&[1, 2, 3]);
			next_block();
			tell_unhealthy([1, 2]);
			SystemMigrating::set(true);
			assert_eq!(poll_probation(), pending(now() + 1));
			SystemMigrating::set(false);
			assert_closed(&[1, 2, 3]);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_closed(&[1, 2, 3, 9]);
			end();
			next_block();
			assert_closed(&[1, 2, 3, 9]);
		});
	}

	#[test]
	fn the_gate_should_hand_the_code_on_only_when_it_is_its_turn() {
		struct Inner;
		impl SetCode<Test> for Inner {
			fn set_code(code: Vec<u8>) -> DispatchResult {
				sp_io::storage::set(b"inner", &code);
				Err(DispatchError::Other("inner"))
			}
		}
		type Wrapped = crate::Gate<Test, Inner>;
		build_and_execute(|| {
			assert_err!(Wrapped::set_code(blob(2)), Error::<Test>::NotThisCodesTurn);
			Turn::<Test>::put(hash(&blob(3)));
			assert_err!(Wrapped::set_code(blob(2)), Error::<Test>::NotThisCodesTurn);
			assert_eq!(stored(b"inner"), None);
			Turn::<Test>::put(hash(&blob(2)));
			assert_err!(Wrapped::set_code(blob(2)), DispatchError::Other("inner"));
			assert_eq!(stored(b"inner"), Some(blob(2)));
		});
	}
}

mod timelock {
	use super::*;

	#[test]
	fn poll_should_enact_when_the_last_block_of_grace_mends_it() {
		for late in [false, true] {
			build_and_execute(|| {
				let dossier = dossier();
				approve(&dossier);
				to(DUE + GRACE - 1);
				deferred_by(Precondition::Readiness);
				to(DUE + GRACE);
				let want = if late {
					GateStatus::Failed(Failure::Precondition(Precondition::Readiness))
				} else {
					ready(1..=3, &dossier);
					GateStatus::Passed
				};
				assert_eq!(poll_timelock(), want);
				assert_eq!(written(), blob(if late { 1 } else { 2 }));
			});
		}
	}

	/// Blocks in which a finding that no auditor stands behind stops the switch: half of the grace, rounded up.
	const DOUBT: u32 = 3;

	#[test]
	fn poll_should_not_heed_a_stranger_when_half_of_the_grace_is_over() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=3, &dossier);
			Blocked::set(true);
			for block in DUE..DUE + DOUBT {
				to(block);
				deferred_by(Precondition::NoOpenFinding);
			}
			to(DUE + DOUBT);
			assert_eq!(poll_timelock(), GateStatus::Passed);
			assert_eq!(written(), blob(2));
		});
	}

	#[test]
	fn poll_should_heed_an_auditor_until_the_grace_is_over() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=3, &dossier);
			Blocked::set(true);
			Backed::set(true);
			for block in DUE..DUE + GRACE {
				to(block);
				deferred_by(Precondition::NoOpenFinding);
			}
			to(DUE + GRACE);
			let why = Failure::Precondition(Precondition::NoOpenFinding);
			assert_eq!(poll_timelock(), GateStatus::Failed(why));
			assert_eq!(written(), blob(1));
		});
	}

	/// The word of a stranger counts again as soon as an auditor takes it up.
	#[test]
	fn poll_should_heed_a_stranger_when_an_auditor_takes_the_word_up() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			Blocked::set(true);
			to(DUE + DOUBT);
			deferred_by(Precondition::Readiness);
			ready(1..=3, &dossier);
			Backed::set(true);
			deferred_by(Precondition::NoOpenFinding);
			Backed::set(false);
			assert_eq!(poll_timelock(), GateStatus::Passed);
		});
	}

	#[test]
	fn doubt_should_last_for_half_of_the_grace_whatever_it_is() {
		for (grace, lasts) in [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (100, 50)] {
			build_and_execute(|| {
				let mut rules = policy().enactment;
				rules.grace = grace;
				let approved = crate::Approved::<u64, u32, frame_support::traits::ConstU32<8>>::new(
					dossier().hash(),
					&dossier(),
					&rules,
					1,
				);
				assert_eq!(approved.doubt_ends(), DUE + lasts, "{grace}");
			});
		}
	}

	#[test]
	fn poll_should_name_each_new_precondition_when_one_follows_another() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			to(DUE);
			deferred_by(Precondition::Readiness);
			ready(1..=3, &dossier);
			Migrating::set(true);
			to(DUE + 1);
			deferred_by(Precondition::NoMigration);
			Migrating::set(false);
			SystemMigrating::set(true);
			to(DUE + 2);
			deferred_by(Precondition::SetCode);
			SystemMigrating::set(false);
			to(DUE + 3);
			assert_eq!(poll_timelock(), GateStatus::Passed);
			System::assert_last_event(
				Event::Enacted {
					id: ID,
					code_hash: dossier.code.hash,
					spec_version: 2,
				}
				.into(),
			);
		});
	}

	#[test]
	fn poll_should_defer_when_the_bytes_are_not_what_was_voted_on() {
		build_and_execute(|| {
			let dossier = dossier();
			let CodeRef { hash, len, .. } = dossier.code;
			approve(&dossier);
			ready(1..=3, &dossier);
			let key = (hash, len);
			let mut other = blob(2);
			other[20] ^= 1;
			pallet_preimage::PreimageFor::<Test>::insert(key, BoundedBytes::truncate_from(other));
			to(DUE);
			deferred_by(Precondition::Bytes);
			assert_eq!(written(), blob(1));
			pallet_preimage::PreimageFor::<Test>::insert(key, BoundedBytes::truncate_from(blob(2)));
			to(DUE + 1);
			assert_eq!(poll_timelock(), GateStatus::Passed);
		});
	}

	type BoundedBytes = frame_support::BoundedVec<u8, frame_support::traits::ConstU32<4194304>>;

	#[test]
	fn poll_should_need_more_than_two_thirds_of_the_current_set_and_exactly_the_readiness() {
		for (validators, ayes, ready_ones, unmet) in [
			(6, 4, 6, Some(Precondition::CurrentMajority)),
			(6, 5, 6, None),
			(8, 8, 5, Some(Precondition::Readiness)),
			(8, 8, 6, None),
		] {
			build_and_execute(|| {
				let dossier = dossier();
				set_of(1..=validators);
				Ayes::set(ayes);
				approve(&dossier);
				ready(1..=ready_ones, &dossier);
				to(DUE);
				match unmet {
					Some(unmet) => deferred_by(unmet),
					None => assert_eq!(poll_timelock(), GateStatus::Passed),
				}
			});
		}
	}

	/// What is shown as needed is what the switch asks for, for every share and every set.
	#[test]
	fn readiness_should_show_the_least_that_is_enough() {
		for share in [
			Ratio::new(80, 100),
			Ratio::new(67, 100),
			Ratio::new(3, 4),
			Ratio::new(2, 3),
		] {
			build_and_execute(|| {
				approve(&dossier());
				InTimelock::<Test>::mutate_extant(ID, |approved| approved.readiness = share);
				for total in 1..=200 {
					Set::set(vec![(1, total)]);
					let least = (0..=total).find(|part| share.reached_by(*part, total));
					let needed = Enactment::readiness(ID).map(|(_, needed)| needed);
					assert_eq!(needed, least, "{share:?} of {total}");
				}
				Set::set(vec![]);
				assert_eq!(Enactment::readiness(ID), Some((0, 0)));
			});
		}
	}

	#[test]
	fn readiness_should_count_the_current_set_when_the_set_changed() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=3, &dossier);
			assert_eq!(Enactment::readiness(ID), Some((3, 3)));
			Set::set(vec![(2, 5), (3, 1), (7, 6)]);
			assert_eq!(Enactment::readiness(ID), Some((6, 9)));
			assert_eq!(Enactment::readiness(ID + 1), None);
		});
	}

	#[test]
	fn signal_readiness_should_be_heard_when_the_list_is_full_of_those_who_left() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			set_of(1..=8);
			ready(1..=8, &dossier);
			assert_noop!(signal(1, ID, dossier.hash()), Error::<Test>::AlreadyReady);
			set_of(8..=15);
			ready([9], &dossier);
			assert_eq!(
				InTimelock::<Test>::get(ID).unwrap().ready.into_inner(),
				vec![8, 9]
			);
		});
	}

	#[test]
	fn nothing_should_be_written_when_it_was_stopped_before_it_was_due() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			ready(1..=4, &dossier);
			to(DUE - 1);
			assert_eq!(poll_timelock(), pending(DUE));
			end();
			for block in DUE - 1..=DUE + GRACE + 1 {
				to(block);
				assert_eq!(poll_timelock(), GateStatus::Failed(Failure::StageNotOpened));
			}
			assert_eq!(written(), blob(1));
			assert_noop!(signal(1, ID, dossier.hash()), Error::<Test>::NotInTimelock);
		});
	}

	#[test]
	fn poll_should_fail_at_once_when_another_upgrade_replaced_the_parent() {
		build_and_execute(|| {
			let late = dossier();
			let about = DossierRef {
				proposer: &99,
				round: 0,
				hash: late.hash(),
				dossier: &late,
			};
			assert_ok!(crate::Timelock::<Test>::open(
				ID + 1,
				&about,
				&policy(),
				now()
			));
			note(blob(8));
			enacted(&Dossier {
				code: code_ref(8),
				..dossier()
			});
			let poll = || crate::Timelock::<Test>::poll(ID + 1, now());
			let replaced = Failure::Precondition(Precondition::ParentCode);
			assert_eq!(poll(), GateStatus::Failed(replaced));
			assert_eq!(written(), blob(8));
			crate::Timelock::<Test>::clear(ID + 1);
			assert_eq!(InTimelock::<Test>::iter().count(), 0);
		});
	}

	/// Going back to the previous code makes the parent of others the current one again. A version is never used twice.
	#[test]
	fn poll_should_fail_at_once_when_another_upgrade_used_up_the_version() {
		for (version, used_up) in [(2, true), (3, false)] {
			build_and_execute(|| {
				enact_and_fail(2, Rollback::PreviousCode);
				assert_eq!(written(), blob(1));
				let dossier = Dossier {
					code: code_ref(version),
					rollback: Rollback::PreviousCode,
					..dossier()
				};
				if Preimage::len(&code_ref(version).hash).is_none() {
					note(blob(version));
				}
				approve(&dossier);
				ready(1..=3, &dossier);
				to(now() + TIMELOCK);
				let why = Failure::Precondition(Precondition::ParentCode);
				let want = if used_up {
					GateStatus::Failed(why)
				} else {
					GateStatus::Passed
				};
				assert_eq!(poll_timelock(), want);
				assert_eq!(written(), blob(if used_up { 1 } else { version }));
			});
		}
	}

	#[test]
	fn poll_should_defer_when_another_upgrade_is_on_probation() {
		build_and_execute(|| {
			note(blob(8));
			enacted(&Dossier {
				code: code_ref(8),
				..dossier()
			});
			// Written for the code on probation, so that only the lane is in its way.
			let next = Dossier {
				code: code_ref(9),
				..dossier()
			};
			note(blob(9));
			let about = DossierRef {
				proposer: &99,
				round: 0,
				hash: next.hash(),
				dossier: &next,
			};
			assert_ok!(crate::Timelock::<Test>::open(
				ID + 1,
				&about,
				&policy(),
				now()
			));
			for who in 1..=3 {
				assert_ok!(signal(who, ID + 1, next.hash()));
			}
			to(now() + TIMELOCK);
			let poll = || crate::Timelock::<Test>::poll(ID + 1, now());
			assert_eq!(poll(), pending(now() + 1));
			let precondition = Precondition::LaneFree;
			System::assert_last_event(
				Event::EnactmentDeferred {
					id: ID + 1,
					precondition,
				}
				.into(),
			);
			end();
			assert_eq!(poll(), GateStatus::Passed);
			crate::Timelock::<Test>::clear(ID + 1);
		});
	}

	#[test]
	fn calls_should_need_a_signature() {
		build_and_execute(|| {
			let dossier = dossier();
			approve(&dossier);
			for origin in [RawOrigin::Root, RawOrigin::None].map(RuntimeOrigin::from) {
				assert_noop!(
					Enactment::signal_readiness(
						origin.clone(),
						ID,
						dossier.hash(),
						NodeSupport::default()
					),
					DispatchError::BadOrigin
				);
				assert_noop!(
					Enactment::report_health(origin, ID, true),
					DispatchError::BadOrigin
				);
			}
		});
	}
}

mod probation {
	use super::*;

	#[test]
	fn poll_should_go_back_exactly_when_more_than_a_third_is_unhealthy() {
		for validators in 1..=8 {
			for unhealthy in 0..=validators {
				build_and_execute(|| {
					enacted(&dossier());
					set_of(1..=validators);
					tell_unhealthy(1..=unhealthy);
					next_block();
					let status = poll_probation();
					if unhealthy * 3 > validators {
						assert_eq!(status, GateStatus::Failed(Failure::ReportedUnhealthy));
						assert_eq!(written(), blob(3));
					} else {
						assert_eq!(status, pending(now() + 1), "{unhealthy} of {validators}");
						assert_eq!(written(), blob(2));
					}
				});
			}
		}
	}

	#[test]
	fn poll_should_go_back_exactly_when_the_quorum_is_missing() {
		for validators in 1..=8 {
			for healthy in 0..=validators {
				build_and_execute(|| {
					enacted(&dossier());
					set_of(1..=validators);
					(1..=healthy).for_each(|who| report(who, true));
					to(now() + CRITICAL);
					let status = poll_probation();
					if healthy * 3 >= validators * 2 {
						assert_eq!(status, pending(now() + 1), "{healthy} of {validators}");
					} else {
						assert_eq!(status, GateStatus::Failed(Failure::Silence));
					}
				});
			}
		}
	}

	#[test]
	fn poll_should_count_power_and_not_heads() {
		build_and_execute(|| {
			enacted(&dossier());
			Set::set(vec![(1, 10), (2, 20), (3, 31)]);
			tell_unhealthy([2]);
			assert!(
				matches!(poll_probation(), GateStatus::Pending { .. }),
				"20 of 61"
			);
			report(2, true);
			tell_unhealthy([3]);
			assert_eq!(Enactment::health(), Some((ID, 20, 41, 31)));
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
		});
	}

	#[test]
	fn reports_should_count_no_more_when_their_validators_left() {
		build_and_execute(|| {
			enacted(&dossier());
			tell_unhealthy([1, 2]);
			set_of(2..=5);
			assert_eq!(Enactment::health(), Some((ID, 0, 3, 1)));
			assert!(matches!(poll_probation(), GateStatus::Pending { .. }));
			set_of(1..=4);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
		});
	}

	#[test]
	fn report_health_should_be_heard_when_the_list_is_full_of_those_who_left() {
		build_and_execute(|| {
			enacted(&dossier());
			set_of(1..=8);
			(1..=8).for_each(|who| report(who, true));
			// A full list takes another report of one who is in it.
			report(8, false);
			set_of(8..=15);
			report(9, true);
			assert_eq!(
				Reports::<Test>::get().into_inner(),
				vec![(8, false), (9, true)]
			);
		});
	}

	#[test]
	fn poll_should_keep_when_the_quorum_goes_silent_after_the_critical_window() {
		build_and_execute(|| {
			enacted(&dossier());
			let since = now();
			(1..=3).for_each(|who| report(who, true));
			to(since + CRITICAL);
			assert_eq!(poll_probation(), pending(now() + 1));
			// Half of the set is new and has said nothing.
			set_of(3..=6);
			for block in since + CRITICAL + 1..since + CRITICAL + WATCH {
				to(block);
				assert_eq!(poll_probation(), pending(block + 1));
			}
			let closes = since + CRITICAL + WATCH + CLOSE_OUT;
			to(since + CRITICAL + WATCH);
			// A migration that still runs can still fail.
			Migrating::set(true);
			assert_eq!(poll_probation(), pending(now() + 1));
			Migrating::set(false);
			assert_eq!(poll_probation(), pending(closes));
			to(closes);
			assert_eq!(poll_probation(), GateStatus::Passed);
			System::assert_last_event(Event::Kept { id: ID }.into());
		});
	}

	#[test]
	fn poll_should_hear_nothing_when_the_watch_window_is_over() {
		for (after, heard) in [(0, true), (1, false)] {
			build_and_execute(|| {
				enacted(&dossier());
				let since = now();
				(1..=3).for_each(|who| report(who, true));
				to(since + CRITICAL);
				assert_eq!(poll_probation(), pending(now() + 1));
				tell_unhealthy([4]);
				// The one who complained becomes half of the set.
				set_of([3, 4]);
				to(since + CRITICAL + WATCH + after);
				let kept = !matches!(poll_probation(), GateStatus::Failed(_));
				assert_eq!(kept, !heard);
			});
		}
	}

	#[test]
	fn a_rollback_should_be_tried_again_when_system_refuses_it() {
		build_and_execute(|| {
			enacted(&dossier());
			next_block();
			tell_unhealthy([1, 2]);
			SystemMigrating::set(true);
			let refused =
				DispatchError::from(frame_system::Error::<Test>::MultiBlockMigrationsOngoing);
			for _ in 0..CRITICAL + WATCH + CLOSE_OUT + 1 {
				assert_eq!(poll_probation(), pending(now() + 1));
				System::assert_last_event(
					Event::RollbackFailed {
						id: ID,
						error: refused,
					}
					.into(),
				);
				next_block();
				System::reset_events();
			}
			assert_eq!(RollbacksInARow::<Test>::get(), 0);
			SystemMigrating::set(false);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_eq!(RollbacksInARow::<Test>::get(), 1);
			System::assert_last_event(
				Event::RolledBack {
					id: ID,
					code_hash: code_ref(3).hash,
					why: Failure::ReportedUnhealthy,
				}
				.into(),
			);
		});
	}

	#[test]
	fn an_upgrade_should_be_rolled_back_once() {
		build_and_execute(|| {
			let status = enact_and_fail(2, Rollback::Dedicated(code_ref(3)));
			assert_eq!(status, GateStatus::Failed(Failure::ReportedUnhealthy));
			let events = System::events().len();
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::StageNotOpened)
			);
			assert_eq!(System::events().len(), events);
			assert_noop!(
				Enactment::report_health(signed(1), ID, false),
				Error::<Test>::NotOnProbation
			);
			assert_eq!(written(), blob(3));
		});
	}

	#[test]
	fn clear_should_leave_the_probation_of_another_proposal_alone() {
		build_and_execute(|| {
			enacted(&dossier());
			report(1, true);
			crate::Probation::<Test>::clear(ID + 1);
			assert_eq!(Enactment::on_probation(), Some(ID));
			assert_eq!(Reports::<Test>::get().len(), 1);
			let poll = crate::Probation::<Test>::poll(ID + 1, now());
			assert_eq!(poll, GateStatus::Failed(Failure::StageNotOpened));
		});
	}
}

mod pending_code {
	use super::*;

	#[test]
	fn the_switch_should_reach_code_at_the_end_of_the_next_block() {
		build_and_execute(|| {
			enacted(&dossier());
			assert_eq!(stored(well_known_keys::CODE), Some(blob(1)));
			assert_eq!(stored(well_known_keys::PENDING_CODE), Some(blob(2)));
			next_block();
			assert_eq!(stored(well_known_keys::CODE), Some(blob(1)));
			assert_ok!(Enactment::do_try_state());
			next_block();
			assert_eq!(stored(well_known_keys::CODE), Some(blob(2)));
			assert_eq!(stored(well_known_keys::PENDING_CODE), None);
			assert_eq!(Enactment::current(), code_ref(2).hash);
		});
	}

	#[test]
	fn a_rollback_should_win_when_the_candidate_is_still_pending() {
		build_and_execute(|| {
			enacted(&dossier());
			tell_unhealthy([1, 2]);
			next_block();
			assert_eq!(
				stored(well_known_keys::CODE),
				Some(blob(1)),
				"not yet moved"
			);
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			assert_eq!(stored(well_known_keys::PENDING_CODE), Some(blob(3)));
			end();
			next_block();
			next_block();
			assert_eq!(stored(well_known_keys::CODE), Some(blob(3)));
			assert_eq!(stored(well_known_keys::PENDING_CODE), None);
		});
	}

	#[test]
	fn the_previous_code_should_come_back_when_the_candidate_is_still_pending() {
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			});
			tell_unhealthy([1, 2]);
			next_block();
			assert_eq!(
				poll_probation(),
				GateStatus::Failed(Failure::ReportedUnhealthy)
			);
			end();
			next_block();
			next_block();
			assert_eq!(stored(well_known_keys::CODE), Some(blob(1)));
			assert_eq!(Enactment::current(), code_ref(1).hash);
			assert_eq!(Enactment::highest_spec_version(), 2);
		});
	}
}

mod kept_bytes {
	use super::*;

	#[test]
	fn bytes_of_others_should_stay_when_a_probation_drops_its_own() {
		for noted_before in [false, true] {
			build_and_execute(|| {
				let parent = code_ref(1).hash;
				// Another proposal waits for the same bytes, with or without having them.
				Preimage::request(&parent);
				if noted_before {
					note(blob(1));
				}
				let status = enact_and_fail(2, Rollback::PreviousCode);
				assert_eq!(status, GateStatus::Failed(Failure::ReportedUnhealthy));
				assert_eq!(written(), blob(1));
				assert!(Preimage::is_requested(&parent));
				assert!(Preimage::len(&parent).is_some());
				Preimage::unrequest(&parent);
				assert!(Preimage::len(&parent).is_none());
			});
		}
	}

	#[test]
	fn bytes_of_a_user_should_stay_theirs_when_a_probation_needs_them() {
		build_and_execute(|| {
			let parent = code_ref(1).hash;
			assert_ok!(Preimage::note_preimage(signed(50), blob(1)));
			enacted(&Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			});
			// Its owner gives up the bytes; they are pinned.
			assert_ok!(Preimage::unnote_preimage(signed(50), parent));
			assert!(Preimage::len(&parent).is_some());
			end();
			assert!(Preimage::len(&parent).is_none());
		});
	}

	#[test]
	fn nothing_should_be_kept_when_the_switch_was_refused() {
		build_and_execute(|| {
			let dossier = Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			};
			approve(&dossier);
			ready(1..=3, &dossier);
			to(DUE);
			SystemMigrating::set(true);
			assert_eq!(poll_timelock(), pending(DUE + 1));
			assert!(Preimage::len(&code_ref(1).hash).is_none());
			assert!(!Preimage::is_requested(&code_ref(1).hash));
		});
	}

	#[test]
	fn the_previous_code_should_be_dropped_when_the_upgrade_is_kept() {
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			});
			(1..=3).for_each(|who| report(who, true));
			to(now() + CRITICAL);
			assert_eq!(poll_probation(), pending(now() + 1));
			to(now() + WATCH + CLOSE_OUT);
			assert_eq!(poll_probation(), GateStatus::Passed);
			end();
			assert!(Preimage::len(&code_ref(1).hash).is_none());
			assert_eq!(written(), blob(2));
		});
	}
}

mod lane {
	use super::*;

	#[test]
	fn a_locked_lane_should_defer_the_next_upgrade_until_it_is_unlocked() {
		build_and_execute(|| {
			enact_and_fail(2, Rollback::Dedicated(code_ref(3)));
			assert_eq!(RollbacksInARow::<Test>::get(), 1);
			assert!(!Locked::<Test>::get());
			// Another way back counts as well.
			enact_and_fail(4, Rollback::PreviousCode);
			assert!(Locked::<Test>::get());
			let locked = |record: &frame_system::EventRecord<RuntimeEvent, H256>| {
				record.event == RuntimeEvent::Enactment(Event::LaneLocked)
			};
			assert_eq!(
				System::events()
					.iter()
					.filter(|record| locked(record))
					.count(),
				1
			);

			note(blob(6));
			let dossier = Dossier {
				code: code_ref(6),
				..dossier()
			};
			approve(&dossier);
			ready(1..=3, &dossier);
			to(now() + TIMELOCK);
			deferred_by(Precondition::LaneFree);
			assert_ok!(Enactment::unlock(RuntimeOrigin::root()));
			System::assert_last_event(Event::LaneUnlocked.into());
			assert_eq!(poll_timelock(), GateStatus::Passed);
		});
	}

	#[test]
	fn an_upgrade_that_is_kept_should_reset_the_count() {
		build_and_execute(|| {
			enact_and_fail(2, Rollback::Dedicated(code_ref(3)));
			note(blob(4));
			enacted(&Dossier {
				code: code_ref(4),
				..dossier()
			});
			(1..=3).for_each(|who| report(who, true));
			to(now() + CRITICAL);
			assert_eq!(poll_probation(), pending(now() + 1));
			assert_eq!(RollbacksInARow::<Test>::get(), 1);
			to(now() + WATCH + CLOSE_OUT);
			assert_eq!(poll_probation(), GateStatus::Passed);
			assert_eq!(RollbacksInARow::<Test>::get(), 0);
			end();
			next_block();
			enact_and_fail(5, Rollback::Dedicated(code_ref(6)));
			assert!(!Locked::<Test>::get());
		});
	}

	#[test]
	fn an_upgrade_without_a_way_back_should_count_towards_the_lock_when_it_fails() {
		build_and_execute(|| {
			let status = enact_and_fail(2, Rollback::Irreversible);
			assert_eq!(status, GateStatus::Failed(Failure::ReportedUnhealthy));
			assert_eq!(RollbacksInARow::<Test>::get(), 1);
			assert_eq!(written(), blob(2));
		});
	}
}

#[test]
fn the_highest_version_should_not_depend_on_the_code_that_asks() {
	build_and_execute(|| {
		// A simulator runs a candidate over the state of the chain.
		Running::set(9);
		assert_eq!(Enactment::highest_spec_version(), 1);
		Running::set(1);
		enact_and_fail(2, Rollback::Dedicated(code_ref(3)));
		assert_eq!(Enactment::highest_spec_version(), 3);
		// Both are on record, and stay there.
		for version in [2, 3] {
			let recorded = Installed::<Test>::get(version);
			assert_eq!(recorded, Some((ID, code_ref(version).hash)));
		}
	});
}

#[test]
fn do_try_state_should_find_what_is_broken() {
	let broken = |break_it: fn(), mend_it: fn()| {
		build_and_execute(|| {
			enacted(&dossier());
			assert_ok!(Enactment::do_try_state());
			break_it();
			assert!(Enactment::do_try_state().is_err());
			mend_it();
		});
	};
	broken(|| Turn::<Test>::put(H256::zero()), Turn::<Test>::kill);
	broken(
		|| sp_io::storage::set(well_known_keys::PENDING_CODE, b"smuggled"),
		|| sp_io::storage::set(well_known_keys::PENDING_CODE, &blob(2)),
	);
	broken(|| Locked::<Test>::put(true), Locked::<Test>::kill);
	broken(
		|| {
			Reports::<Test>::put(frame_support::BoundedVec::truncate_from(vec![
				(2, true),
				(1, true),
			]))
		},
		Reports::<Test>::kill,
	);
	broken(
		|| {
			report(1, true);
			OnProbation::<Test>::kill();
			Measured::<Test>::kill();
		},
		Reports::<Test>::kill,
	);
	broken(Measured::<Test>::kill, || {
		Measured::<Test>::put(crate::Pulse::default())
	});
	broken(
		|| {
			approve(&dossier());
			InTimelock::<Test>::mutate(ID, |approved| {
				let approved = approved.as_mut().unwrap();
				approved.due = approved.expires + 1;
			});
		},
		|| InTimelock::<Test>::remove(ID),
	);
}

mod migrations {
	use super::*;
	use crate::CompletedBefore;
	use frame_support::migrations::{FailedMigrationHandler, FailedMigrationHandling};

	fn migrating() {
		Migrating::set(true);
		SystemMigrating::set(true);
	}

	fn assert_went_back(status: GateStatus<u32>, why: Failure) {
		assert_eq!(status, GateStatus::Failed(why));
		assert_eq!(written(), blob(3));
		assert!(!Migrating::get(), "it was given up");
		System::assert_has_event(Event::MigrationAbandoned { id: ID }.into());
	}

	#[test]
	fn a_failed_migration_should_send_the_chain_back_in_the_next_block() {
		build_and_execute(|| {
			enacted(&dossier());
			next_block();
			migrating();
			// Until then nothing but inherents.
			assert!(matches!(
				Enactment::failed(Some(0)),
				FailedMigrationHandling::KeepStuck
			));
			next_block();
			assert_went_back(poll_probation(), Failure::Migration);
		});
	}

	#[test]
	fn a_running_migration_should_not_hold_up_a_rollback() {
		build_and_execute(|| {
			enacted(&dossier());
			next_block();
			tell_unhealthy([1, 2]);
			migrating();
			assert_went_back(poll_probation(), Failure::ReportedUnhealthy);
		});
	}

	#[test]
	fn a_migration_should_be_over_when_the_critical_window_ends() {
		build_and_execute(|| {
			enacted(&dossier());
			migrating();
			to(now() + CRITICAL - 1);
			assert_eq!(poll_probation(), pending(now() + 1));
			next_block();
			assert_went_back(poll_probation(), Failure::Migration);
		});
		build_and_execute(|| {
			enacted(&dossier());
			migrating();
			to(now() + CRITICAL - 1);
			(1..=3).for_each(|who| report(who, true));
			Migrating::set(false);
			next_block();
			assert_eq!(poll_probation(), pending(now() + 1));
			assert!(OnProbation::<Test>::get().unwrap().survived_critical);
		});
	}

	#[test]
	fn what_the_candidate_completed_should_run_again_when_a_way_back_undoes_it() {
		let names = |all: &[&str]| all.iter().map(|name| name.as_bytes().to_vec()).collect();
		let passes = |dossier: &Dossier| {
			Completed::set(names(&["before"]));
			enacted(dossier);
			next_block();
			Completed::set(names(&["before", "candidate's"]));
			tell_unhealthy([1, 2]);
			let status = poll_probation();
			assert_eq!(status, GateStatus::Failed(Failure::ReportedUnhealthy));
			end();
			assert!(!CompletedBefore::<Test>::exists());
			Completed::get()
		};
		build_and_execute(|| assert_eq!(passes(&dossier()), names(&["before"])));
		build_and_execute(|| {
			let previous = Dossier {
				rollback: Rollback::PreviousCode,
				..dossier()
			};
			assert_eq!(passes(&previous), names(&["before", "candidate's"]));
		});
	}

	#[test]
	fn a_rollback_should_not_look_at_more_migrations_than_there_can_be() {
		build_and_execute(|| {
			enacted(&dossier());
			next_block();
			let many: Vec<_> = (0..=2 * crate::MAX_REMEMBERED)
				.map(|n| n.to_le_bytes().to_vec())
				.collect();
			Completed::set(many.clone());
			tell_unhealthy([1, 2]);
			let status = poll_probation();
			assert_eq!(status, GateStatus::Failed(Failure::ReportedUnhealthy));
			assert_eq!((written(), Completed::get()), (blob(3), many));
		});
	}

	#[test]
	fn a_migration_should_be_left_alone_when_there_is_no_way_back() {
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::Irreversible,
				..dossier()
			});
			migrating();
			to(now() + CRITICAL);
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Migration));
			assert!(Migrating::get());
			end();
		});
	}

	#[test]
	fn a_failed_migration_should_not_freeze_the_chain_when_nothing_would_end_it() {
		let unstuck = || {
			matches!(
				Enactment::failed(None),
				FailedMigrationHandling::ForceUnstuck
			)
		};
		build_and_execute(|| assert!(unstuck()));
		build_and_execute(|| {
			enacted(&Dossier {
				rollback: Rollback::Irreversible,
				..dossier()
			});
			assert!(unstuck());
			next_block();
			assert_eq!(poll_probation(), GateStatus::Failed(Failure::Migration));
			end();
		});
	}
}
