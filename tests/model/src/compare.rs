//! The same state, seen in storage and in the specification.

use crate::{
	chain::{self, hash_of, Balances, Chain},
	spec::{
		Attestation, Auditor, Ballot, Elector, Id, Part, Proposal, Round, Shown, Simulator, Spec,
	},
};
use airlock_primitives::Outcome;
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
		simulation(*id, proposal.simulation.as_ref());
		review(*id, proposal);
		findings(*id, proposal);
		ballot(*id, proposal.ballot.as_ref());
		timelock(*id, proposal);
	}
	registries(spec);
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
	let roles: Vec<_> = pallet_airlock_proposals::RoleOf::<Chain>::iter_prefix(id).collect();
	assert_eq!(roles.len(), expected.roles.len(), "roles on {id}");
	for role in roles {
		assert!(expected.roles.contains(&role), "{role:?} on {id}");
	}
}

/// Everybody who may give evidence.
fn registries(spec: &Spec) {
	let simulators: BTreeMap<_, _> = pallet_airlock_simulations::Simulators::<Chain>::iter()
		.map(|(who, s)| {
			let simulator = Simulator {
				organisation: s.organisation,
				bond: s.bond,
				standing: s.standing,
				active: s.active,
			};
			(who, simulator)
		})
		.collect();
	assert_eq!(simulators, spec.simulators, "simulators");
	let auditors: BTreeMap<_, _> = pallet_airlock_audits::Auditors::<Chain>::iter()
		.map(|(who, a)| {
			let auditor = Auditor {
				organisation: a.organisation,
				acts_from: a.acts_from,
				active: a.active,
				leaving: a.leaving,
			};
			(who, auditor)
		})
		.collect();
	assert_eq!(auditors, spec.auditors, "auditors");
}

fn simulation(id: Id, expected: Option<&Round>) {
	use pallet_airlock_simulations::{Answer, Reports, Rounds, Submissions};
	let stored = Rounds::<Chain>::get(id);
	assert_eq!(stored.is_some(), expected.is_some(), "round of {id}");
	let (Some(stored), Some(expected)) = (stored, expected) else {
		return;
	};
	let dossier = chain::dossier(&expected.dossier).hash();
	assert_eq!(stored.dossier_hash, dossier, "dossier of {id}'s round");
	assert_eq!(stored.round, expected.round, "round of {id}");
	assert_eq!(stored.attempt, expected.attempt, "attempt of {id}");
	assert_eq!(stored.blocks, expected.blocks, "blocks to replay for {id}");
	let until = (stored.commit_until, stored.reveal_until);
	assert_eq!(
		until,
		(expected.commit_until, expected.reveal_until),
		"windows of {id}"
	);
	assert_eq!(
		stored.seed.is_some(),
		expected.drawn,
		"leaves drawn for {id}"
	);
	assert_eq!(stored.closed, expected.closed, "round of {id} is over");
	let stored = Submissions::<Chain>::get(id);
	assert_eq!(stored.len(), expected.submissions.len(), "seats on {id}");
	let mut reports = BTreeSet::new();
	for (stored, expected) in stored.iter().zip(&expected.submissions) {
		assert_eq!(stored.simulator, expected.by, "seat on {id}");
		assert_eq!(stored.organisation, expected.organisation, "seat on {id}");
		let same = match (stored.answer, expected.shown) {
			(Answer::Revealed { root, verdict }, Shown::Report(report)) => {
				reports.insert(root);
				verdict == report.verdict
			}
			(Answer::Sealed, Shown::Sealed) | (Answer::NotRevealed, Shown::Nothing) => true,
			(Answer::False { .. }, Shown::Lie) => true,
			_ => false,
		};
		assert!(
			same,
			"{:?} on {id}, not {:?}",
			stored.answer, expected.shown
		);
	}
	let stored: BTreeSet<_> = Reports::<Chain>::iter_key_prefix(id).collect();
	assert_eq!(stored, reports, "reports on {id}");
}

fn review(id: Id, expected: &Proposal) {
	use pallet_airlock_audits::{Attestations, Bounties, Reviews};
	let stored = Reviews::<Chain>::get(id);
	assert_eq!(
		stored.is_some(),
		expected.review.is_some(),
		"review of {id}"
	);
	if let (Some(stored), Some(expected)) = (stored, &expected.review) {
		let dossier = chain::dossier(&expected.dossier).hash();
		assert_eq!(stored.dossier_hash, dossier, "dossier of {id}'s review");
		let window = (stored.earliest, stored.latest);
		assert_eq!(
			window,
			(expected.earliest, expected.latest),
			"review of {id}"
		);
		assert_eq!(stored.closed, expected.closed, "review of {id} is over");
	}
	let stored = Attestations::<Chain>::get(id)
		.into_iter()
		.map(|a| Attestation {
			by: a.auditor,
			organisation: a.organisation,
			kind: a.kind,
			opinion: a.opinion,
		});
	assert_eq!(
		stored.collect::<Vec<_>>(),
		expected.attestations,
		"attestations on {id}"
	);
	let stored = Bounties::<Chain>::get(id).into_iter().map(|p| Part {
		funder: p.funder,
		funded: p.funded,
		left: p.left,
	});
	assert_eq!(
		stored.collect::<Vec<_>>(),
		expected.bounty,
		"bounty of {id}"
	);
}

fn findings(id: Id, expected: &Proposal) {
	use pallet_airlock_audits::{Blocking, FindingSlots, Findings, Report, Waivers};
	let hash = |dossier| chain::dossier(dossier).hash();
	let slots = FindingSlots::<Chain>::get(id);
	assert_eq!(
		slots.taken as usize,
		expected.findings.len(),
		"findings on {id}"
	);
	let public = [slots.public_minor as usize, slots.public_severe as usize];
	assert_eq!(public, expected.public_findings, "public findings on {id}");
	let blocking = expected.findings.iter().filter(|f| f.blocks()).count();
	assert_eq!(
		Blocking::<Chain>::get(id) as usize,
		blocking,
		"{id} is blocked"
	);
	assert_eq!(
		Findings::<Chain>::iter_prefix(id).count(),
		expected.findings.len()
	);
	for (number, expected) in (0..).zip(&expected.findings) {
		let stored = Findings::<Chain>::get(id, number).expect("numbers have no gaps");
		let what = format!("finding {number} on {id}");
		assert_eq!(stored.reporter, expected.reporter, "{what}");
		assert_eq!(stored.organisation, expected.organisation, "{what}");
		assert_eq!(stored.public, expected.public, "share of {what}");
		assert_eq!(stored.deposit, expected.deposit, "deposit of {what}");
		assert_eq!(stored.severity, expected.severity, "severity of {what}");
		assert_eq!(stored.status, expected.standing, "standing of {what}");
		assert_eq!(stored.confirmed, expected.confirmed, "truth of {what}");
		assert_eq!(
			stored.found_in,
			hash(&expected.found_in),
			"dossier of {what}"
		);
		assert_eq!(
			stored.judged_in,
			hash(&expected.judged_in),
			"dossier of {what}"
		);
		let sealed = matches!(stored.report, Report::Sealed(_));
		assert_eq!(sealed, expected.seal.is_some(), "seal of {what}");
		let said = stored
			.judgements
			.iter()
			.map(|j| (j.organisation, j.dossier_hash, j.verdict));
		let judgements = expected
			.judgements
			.iter()
			.map(|(who, of, what)| (*who, hash(of), *what));
		assert!(said.eq(judgements), "judgements of {what}");
	}
	let stored: BTreeMap<_, _> = Waivers::<Chain>::iter_prefix(id)
		.map(|(number, w)| (number, (w.dossier_hash, w.validators.into_inner())))
		.collect();
	let waivers = expected.waivers.iter();
	let waivers = waivers.map(|(number, (of, who))| (*number, (hash(of), who.clone())));
	assert_eq!(stored, waivers.collect(), "waivers on {id}");
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
	assert_eq!(stored.restarted, expected.again, "vote on {id} began again");
	let electors: BTreeMap<_, _> = pallet_airlock_supermajority::Electors::<Chain>::iter_prefix(id)
		.map(|(who, e)| {
			let elector = Elector {
				organisation: e.organisation,
				power: e.power,
				vote: e.vote,
			};
			(who, elector)
		})
		.collect();
	assert_eq!(electors, expected.electors, "snapshot of {id}");
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
