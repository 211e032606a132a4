//! The same state, seen in storage and in the specification.

use crate::{
	chain::{self, hash_of, Balances, Chain},
	spec::{Ballot, Id, Proposal, Spec},
};
use airlock_primitives::{Outcome, Party};
use frame_support::traits::fungible::InspectHold;
use pallet_airlock_supermajority::Vote;
use std::collections::{BTreeMap, BTreeSet};

/// Compares everything the two have in common.
///
/// # Panics
/// If anything differs.
pub fn assert_same(spec: &Spec) {
	assert_eq!(chain::System::block_number(), spec.now, "block");
	lane_and_code(spec);
	let stored: BTreeSet<Id> = pallet_airlock_proposals::Proposals::<Chain>::iter_keys().collect();
	assert_eq!(
		stored,
		spec.open.keys().copied().collect(),
		"open proposals"
	);
	for (id, proposal) in &spec.open {
		one_proposal(*id, proposal);
		ballot(*id, proposal.ballot.as_ref());
		timelock(*id, proposal);
	}
	endings(spec);
	money(spec);
}

fn lane_and_code(spec: &Spec) {
	use pallet_airlock_enactment as enactment;
	use pallet_airlock_proposals as proposals;
	assert_eq!(proposals::Lane::<Chain>::get(), spec.lane, "lane");
	let next = spec.open.values().map(|p| p.due).min();
	assert_eq!(
		proposals::NextDeadline::<Chain>::get(),
		next,
		"next deadline"
	);
	// Unset until somebody asks.
	if let Some(code) = enactment::CurrentCode::<Chain>::get() {
		assert_eq!(code, hash_of(spec.code), "code");
	}
	let highest = enactment::HighestSpecVersion::<Chain>::get();
	assert_eq!(highest, spec.highest, "highest version");
	assert_eq!(enactment::Locked::<Chain>::get(), spec.locked, "locked");
	// Going back to the previous code installs no new version.
	let mut brought = BTreeMap::new();
	for (id, code) in &spec.writes {
		brought.entry(code.version).or_insert((*id, hash_of(*code)));
	}
	brought.remove(&chain::GENESIS.version);
	let installed: BTreeMap<_, _> = enactment::Installed::<Chain>::iter().collect();
	assert_eq!(installed, brought, "record of codes");
	let in_a_row = enactment::RollbacksInARow::<Chain>::get();
	assert_eq!(in_a_row, spec.in_a_row, "rollbacks in a row");
	let trial = enactment::OnProbation::<Chain>::get();
	assert_eq!(trial.is_some(), spec.trial.is_some(), "probation");
	if let (Some(trial), Some(expected)) = (trial, &spec.trial) {
		assert_eq!(trial.id, expected.id, "on probation");
		assert_eq!(
			trial.parent,
			hash_of(expected.parent),
			"parent on probation"
		);
		assert_eq!(trial.since, expected.since, "switch");
		assert_eq!(chain::Migrating::get(), spec.migrating, "a migration runs");
		assert_eq!(
			trial.survived_critical, expected.survived,
			"critical window"
		);
		let reports = enactment::Reports::<Chain>::get().into_inner();
		let said: Vec<_> = expected
			.reports
			.iter()
			.map(|(who, how)| (*who, *how))
			.collect();
		assert_eq!(reports, said, "health");
	}
}

fn one_proposal(id: Id, expected: &Proposal) {
	let stored = pallet_airlock_proposals::Proposals::<Chain>::get(id).expect("it is open");
	assert_eq!(stored.proposer, expected.proposer, "proposer of {id}");
	assert_eq!(stored.stage, expected.stage, "stage of {id}");
	assert_eq!(stored.due, expected.due, "{id} is due");
	assert_eq!(stored.round, expected.round, "round of {id}");
	assert_eq!(stored.deposit, expected.deposit, "deposit of {id}");
	assert_eq!(stored.policy, expected.policy, "policy of {id}");
	let dossier = chain::dossier(&expected.dossier);
	assert_eq!(stored.dossier, dossier, "dossier of {id}");
	let roles = pallet_airlock_proposals::RoleOf::<Chain>::iter_key_prefix(id);
	let expected = [Party::Account(expected.proposer)];
	assert_eq!(roles.collect::<Vec<_>>(), expected, "roles on {id}");
}

fn ballot(id: Id, expected: Option<&Ballot>) {
	let stored = pallet_airlock_supermajority::Ballots::<Chain>::get(id);
	assert_eq!(stored.is_some(), expected.is_some(), "ballot of {id}");
	let (Some(stored), Some(expected)) = (stored, expected) else {
		return;
	};
	assert_eq!(stored.closes, expected.closes, "end of the vote on {id}");
	assert_eq!(stored.extended, expected.extended, "extension of {id}");
	assert_eq!(stored.total, expected.total, "snapshot of {id}");
	assert_eq!(stored.closed, expected.closed, "vote on {id} is over");
	assert_eq!(stored.ayes, expected.side(Vote::Aye), "ayes on {id}");
	assert_eq!(stored.nays, expected.side(Vote::Nay), "nays on {id}");
	assert_eq!(
		stored.abstains,
		expected.side(Vote::Abstain),
		"abstentions on {id}"
	);
}

fn timelock(id: Id, proposal: &Proposal) {
	let stops = pallet_airlock_supermajority::Stops::<Chain>::get(id)
		.map(|calls| (calls.dossier_hash, calls.validators.into_inner()));
	let called = proposal.stops.as_ref().map(|(dossier, who)| {
		let who: Vec<_> = who.iter().copied().collect();
		(chain::dossier(dossier).hash(), who)
	});
	assert_eq!(stops, called, "calls for a stop of {id}");
	let stored = pallet_airlock_enactment::InTimelock::<Chain>::get(id);
	assert_eq!(
		stored.is_some(),
		proposal.timelock.is_some(),
		"timelock of {id}"
	);
	let (Some(stored), Some(expected)) = (stored, &proposal.timelock) else {
		return;
	};
	assert_eq!(stored.due, expected.due, "switch of {id}");
	assert_eq!(stored.expires, expected.expires, "last try of {id}");
	let ready: Vec<_> = expected.ready.iter().copied().collect();
	assert_eq!(stored.ready.into_inner(), ready, "readiness for {id}");
}

fn endings(spec: &Spec) {
	// Only what is remembered, and all of that.
	for ended in pallet_airlock_proposals::History::<Chain>::iter_values() {
		let expected: Option<&Outcome> = spec.ended.get(&ended.id);
		assert_eq!(Some(&ended.outcome), expected, "end of {}", ended.id);
	}
	let remembered = pallet_airlock_proposals::History::<Chain>::iter_keys().count();
	assert_eq!(remembered, spec.ended.len(), "endings");
}

fn money(spec: &Spec) {
	for (who, owned) in &spec.owned {
		let held = spec.held.get(who).copied().unwrap_or_default();
		assert_eq!(Balances::total_balance_on_hold(who), held, "held of {who}");
		let total = <Balances as frame_support::traits::fungible::Inspect<_>>::total_balance(who);
		assert_eq!(total, *owned, "owned by {who}");
	}
}
