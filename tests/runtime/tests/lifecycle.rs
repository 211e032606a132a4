//! Whole lifecycles on the whole runtime.

use airlock_primitives::{
	Document, Electorate, Failure, Lifecycle, Outcome, Precondition, ProposalId, Stage,
};
use airlock_runtime::{Enactment, Proposals, Runtime, RuntimeEvent, System, Validators};
use airlock_runtime_tests::*;
use airlock_variants::{BASE, GOOD, GOOD_ROLLBACK};
use pallet_airlock_audits::{Decision, Severity};
use pallet_airlock_supermajority::Vote;
use sp_runtime::DispatchResult;

#[test]
fn no_stage_is_skipped() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Registered);
		let entered = |stage| {
			System::events().iter().any(|record| {
				record.event
					== airlock_runtime::RuntimeEvent::Proposals(
						pallet_airlock_proposals::Event::StageEntered { id, stage },
					)
			})
		};
		assert_eq!(Proposals::stage(id), Some(Stage::Registered));
		advance(id).unwrap();
		assert!(entered(Stage::Simulation));
		simulate(id);
		assert!(entered(Stage::Review));
		attest(id);
		run_out_of(Stage::Review, id, 50);
		assert!(entered(Stage::Voting));
		vote(id, &validators(), Vote::Aye);
		run_out_of(Stage::Voting, id, 50);
		assert!(entered(Stage::Timelock));
		assert_eq!(code(), BASE, "approved is not enacted");
		ready(id, &validators());
		run_out_of(Stage::Timelock, id, 50);
		assert!(entered(Stage::Probation));
		assert_eq!(code(), GOOD);
		health(id, &validators(), true);
		run_out_of(Stage::Probation, id, 100);
		assert_eq!(outcome(id), Some(Outcome::Finalized));
		assert_eq!(code(), GOOD);
	});
}

#[test]
fn an_upgrade_passes_with_one_of_four_validators_down() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		assert_eq!(code(), GOOD);
		health(id, &validators()[..3], true);
		run_out_of(Stage::Probation, id, 100);
		assert_eq!(outcome(id), Some(Outcome::Finalized));
	});
}

#[test]
fn votes_bind_to_bytes() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Voting);
		let mut other = good_dossier();
		other.code.len ^= 1;
		let call = pallet_airlock_supermajority::Call::vote {
			id,
			dossier_hash: other.hash(),
			vote: Vote::Aye,
		};
		assert_eq!(
			signed(&validators()[0], call),
			Err(pallet_airlock_supermajority::Error::<Runtime>::OtherDossier.into())
		);
	});
}

#[test]
fn approved_is_applied_once_or_visibly_fails() {
	on_local_chain(|| {
		// Approved, but only half of the nodes get ready.
		let id = good_upgrade_in(Stage::Timelock);
		ready(id, &validators()[..2]);
		run_out_of(Stage::Timelock, id, 100);
		let why = Failure::Precondition(Precondition::Readiness);
		assert_eq!(outcome(id), Some(Outcome::Expired(why)));
		assert_eq!(code(), BASE);
		// The same upgrade again: applied once, at its due block.
		let id = good_upgrade_in(Stage::Probation);
		assert_eq!(code(), GOOD);
		health(id, &validators(), true);
		let mut written = 0;
		for _ in 0..100 {
			let events = System::read_events_no_consensus();
			let of_it = events.filter(|record| {
				matches!(
					record.event,
					RuntimeEvent::Enactment(pallet_airlock_enactment::Event::Enacted { .. })
				)
			});
			written += of_it.count();
			assert_eq!(code(), GOOD);
			run(1);
		}
		assert_eq!(written, 1);
		assert_eq!(outcome(id), Some(Outcome::Finalized));
	});
}

#[test]
fn a_third_can_stop() {
	for stage in [
		Stage::Registered,
		Stage::Simulation,
		Stage::Review,
		Stage::Voting,
		Stage::Timelock,
	] {
		on_local_chain(|| {
			let id = good_upgrade_in(stage);
			let dossier_hash = Proposals::dossier_hash(id).unwrap();
			let stop = || pallet_airlock_supermajority::Call::stop { id, dossier_hash };
			signed(&validators()[0], stop()).unwrap();
			assert_eq!(
				Proposals::stage(id),
				Some(stage),
				"a quarter cannot stop it"
			);
			signed(&validators()[3], stop()).unwrap();
			assert_eq!(
				outcome(id),
				Some(Outcome::Aborted(Failure::StoppedByValidators))
			);
			run(60);
			assert_eq!(code(), BASE);
		});
	}
}

/// A stranger reports the worst.
fn find(id: ProposalId) -> DispatchResult {
	let report = pallet_airlock_audits::Call::report_finding {
		id,
		severity: Severity::Critical,
		report: Document::of(b"it burns"),
	};
	signed(&anyone(), report)
}

#[test]
fn an_open_critical_finding_stops_the_switch_until_it_is_dismissed() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Timelock);
		ready(id, &validators());
		find(id).unwrap();
		let due = pallet_airlock_enactment::InTimelock::<Runtime>::get(id)
			.unwrap()
			.due;
		run(due + 2 - System::block_number());
		assert_eq!(code(), BASE, "due, and not enacted");
		let dismiss = pallet_airlock_audits::Call::triage {
			id,
			finding: 0,
			decision: Decision::Dismiss,
		};
		signed(&auditors()[0], dismiss.clone()).unwrap();
		run(1);
		assert_eq!(code(), BASE, "one organisation does not free what blocks");
		signed(&auditors()[1], dismiss).unwrap();
		run(1);
		assert_eq!(code(), GOOD);
		health(id, &validators(), true);
	});
}

/// Whatever a stranger reports, and when: 16 findings in the timelock and one after the other in the grace.
#[test]
fn a_stranger_delays_an_approved_upgrade_by_half_of_its_grace() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Timelock);
		ready(id, &validators());
		for _ in 0..8 {
			find(id).expect("a slot");
		}
		let approved = pallet_airlock_enactment::InTimelock::<Runtime>::get(id).unwrap();
		let half = approved.due + (approved.expires - approved.due) / 2;
		run(approved.due - System::block_number());
		for _ in 0..8 {
			find(id).expect("a slot");
			run(1);
			assert_eq!(code(), BASE);
		}
		assert!(find(id).is_err(), "no slot is left");
		run(half - 1 - System::block_number());
		assert_eq!(code(), BASE, "half of the grace is not over");
		run(1);
		assert_eq!(code(), GOOD);
		health(id, &validators(), true);
	});
}

/// One word of an auditor makes it count until the end, and an approved upgrade expires by it.
#[test]
fn a_finding_that_an_auditor_holds_true_stops_the_switch_for_good() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Timelock);
		ready(id, &validators());
		find(id).unwrap();
		let confirm = pallet_airlock_audits::Call::triage {
			id,
			finding: 0,
			decision: Decision::Confirm,
		};
		signed(&auditors()[0], confirm).unwrap();
		run_out_of(Stage::Timelock, id, 100);
		assert_eq!(code(), BASE);
		let why = Precondition::NoOpenFinding;
		assert_eq!(
			outcome(id),
			Some(Outcome::Expired(Failure::Precondition(why)))
		);
	});
}

/// Half of the validators are replaced during a vote: it begins once more, and the new set decides.
#[test]
fn a_vote_begins_once_more_when_its_voters_are_gone() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Voting);
		vote(id, &validators()[..3], Vote::Aye);
		let closes = |id| {
			pallet_airlock_supermajority::Ballots::<Runtime>::get(id)
				.unwrap()
				.closes
		};
		let before = closes(id);
		let as_elected = pallet_airlock_validators::Active::<Runtime>::get();
		pallet_airlock_validators::Active::<Runtime>::mutate(|active| {
			for (voter, new) in active.iter_mut().zip(simulators()).take(2) {
				voter.account = new;
			}
		});
		run(before - System::block_number());
		assert_eq!(Proposals::stage(id), Some(Stage::Voting));
		assert!(closes(id) > before);
		let set: Vec<_> = Validators::voters()
			.into_iter()
			.map(|voter| voter.account)
			.collect();
		vote(id, &set[..3], Vote::Aye);
		run(closes(id) - System::block_number());
		assert_eq!(Proposals::stage(id), Some(Stage::Timelock));
		// No session began for the set that was put there: the validators' own invariants would find it.
		pallet_airlock_validators::Active::<Runtime>::put(as_elected);
	});
}

#[test]
fn bad_code_goes_back() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		health(id, &validators()[..1], false);
		run(1);
		assert_eq!(code(), GOOD, "a quarter does not send it back");
		health(id, &validators()[..2], false);
		run(1);
		assert_eq!(code(), GOOD_ROLLBACK);
		assert_eq!(
			outcome(id),
			Some(Outcome::RolledBack(Failure::ReportedUnhealthy))
		);
		use airlock_primitives::CodeHistory;
		assert_eq!(Enactment::highest_spec_version(), 3);
	});
}

#[test]
fn silence_goes_back() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		health(id, &validators()[..2], true);
		run_out_of(Stage::Probation, id, 100);
		assert_eq!(code(), GOOD_ROLLBACK);
		assert_eq!(outcome(id), Some(Outcome::RolledBack(Failure::Silence)));
	});
}

#[test]
fn the_parent_code_changing_ends_what_was_built_on_it() {
	on_local_chain(|| {
		let first = good_upgrade_in(Stage::Review);
		// A second one on the same parent, by another proposer.
		let mut dossier = good_dossier();
		dossier.code.spec_version = 7;
		dossier.rollback = airlock_primitives::Rollback::Irreversible;
		let second = pallet_airlock_proposals::NextId::<Runtime>::get();
		let call = pallet_airlock_proposals::Call::register { dossier };
		signed(&anyone(), call).unwrap();
		attest(first);
		run_out_of(Stage::Review, first, 50);
		vote(first, &validators(), Vote::Aye);
		run_out_of(Stage::Voting, first, 50);
		ready(first, &validators());
		run_out_of(Stage::Timelock, first, 50);
		run(30);
		assert!(
			matches!(outcome(second), Some(Outcome::Expired(_))),
			"{:?}",
			outcome(second)
		);
	});
}

#[test]
fn state_returns() {
	on_local_chain(|| {
		let issued = airlock_runtime::Balances::total_issuance();
		let held = || {
			use frame_support::traits::fungible::InspectHold;
			airlock_runtime::Balances::total_balance_on_hold(&proposer())
		};
		let id = good_upgrade_in(Stage::Probation);
		assert!(held() > 0);
		health(id, &validators(), true);
		run_out_of(Stage::Probation, id, 100);
		assert_eq!(held(), 0);
		assert_eq!(
			pallet_airlock_simulations::Submissions::<Runtime>::iter().count(),
			0
		);
		assert_eq!(
			pallet_airlock_audits::Attestations::<Runtime>::iter().count(),
			0
		);
		assert_eq!(
			pallet_airlock_supermajority::Electors::<Runtime>::iter().count(),
			0
		);
		assert_eq!(
			pallet_airlock_proposals::RoleOf::<Runtime>::iter().count(),
			0
		);
		assert_eq!(pallet_preimage::PreimageFor::<Runtime>::iter().count(), 0);
		assert!(airlock_runtime::Balances::total_issuance() <= issued);
	});
}

/// Promise 5: an upgrade with the same migration may come again, and must find it to be run.
#[test]
fn the_way_back_forgets_what_the_candidate_completed() {
	type Historic = pallet_migrations::Historic<Runtime>;
	let name = |text: &[u8]| text.to_vec().try_into().unwrap();
	let complete =
		|text| Historic::insert::<pallet_migrations::IdentifierOf<Runtime>, _>(name(text), ());
	on_local_chain(|| {
		complete(b"before");
		let id = good_upgrade_in(Stage::Probation);
		complete(b"candidate's");
		health(id, &validators(), false);
		run_out_of(Stage::Probation, id, 100);
		assert_eq!(
			outcome(id),
			Some(Outcome::RolledBack(Failure::ReportedUnhealthy))
		);
		let left: Vec<_> = Historic::iter_keys().collect();
		assert_eq!(left, [name(b"before")]);
	});
}

/// Promise 5, also when the new code's migration is what failed: the SDK would keep such a chain frozen.
#[test]
fn bad_code_goes_back_when_its_migration_is_stuck() {
	use frame_support::migrations::FailedMigrationHandler;
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Probation);
		// As `pallet-migrations` does it: it asks the handler, and keeps the cursor stuck.
		assert!(matches!(
			<<Runtime as pallet_migrations::Config>::FailedMigrationHandler>::failed(Some(0)),
			frame_support::migrations::FailedMigrationHandling::KeepStuck
		));
		pallet_migrations::Cursor::<Runtime>::put(pallet_migrations::MigrationCursor::Stuck);
		run(1);
		assert_eq!(outcome(id), Some(Outcome::RolledBack(Failure::Migration)));
		assert_eq!(code(), GOOD_ROLLBACK);
		assert!(!pallet_migrations::Cursor::<Runtime>::exists());
	});
}
