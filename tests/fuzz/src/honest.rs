//! What an honest user would do next, and a simulator that lies where the chain can see it: so that random inputs come
//! far.

use crate::{
	calls::{evidence, reports},
	world::{self, bytes_of, dossier_hash},
};
use airlock_primitives::{Class, Document, Lifecycle, ProposalId, Stage};
use airlock_report::{openings, samples, Report, SectionId};
use airlock_runtime::{AccountId, Proposals, Runtime, RuntimeCall, System};
use airlock_runtime_tests as whole;
use arbitrary::{Result, Unstructured};
use codec::Encode;
use frame_support::traits::{Get, QueryPreimage};
use pallet_airlock_audits::{Kind, Opinion};
use pallet_airlock_simulations::types::Answer;
use pallet_airlock_supermajority::Vote;

/// Hides nothing: what is tested is not the secret.
pub const SALT: [u8; 32] = [1; 32];

/// The next honest call for the proposal that has come furthest, or mostly; `None` if there is only to wait.
///
/// # Errors
/// If the input is at its end.
pub fn next(input: &mut Unstructured) -> Result<Option<(AccountId, RuntimeCall)>> {
	let open = world::open();
	let choice = input.arbitrary::<u8>()?;
	if open.is_empty() || (choice % 16 == 15 && open.len() < 4) {
		let dossier = world::dossier(choice / 64, 50, Class::Standard);
		let call = pallet_airlock_proposals::Call::register { dossier };
		return Ok(Some((whole::proposer(), call.into())));
	}
	let id = open[usize::from(choice) / 96 % open.len()];
	Ok(match Proposals::stage(id) {
		Some(Stage::Registered) => upload(id),
		Some(Stage::Simulation) => simulation(id, choice % 16 == 7),
		Some(Stage::Review) => review(id),
		Some(Stage::Voting) => vote(id),
		Some(Stage::Timelock) => ready(id),
		Some(Stage::Probation) => health(id, choice % 32 != 31),
		None => None,
	})
}

fn advance(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	let call = pallet_airlock_proposals::Call::advance { id };
	Some((whole::anyone(), call.into()))
}

fn upload(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	let dossier = pallet_airlock_proposals::Proposals::<Runtime>::get(id)?.dossier;
	let mut blobs = dossier.blobs();
	let missing = blobs.find(|blob| airlock_runtime::Preimage::len(&blob.hash).is_none());
	let Some(bytes) = missing.and_then(|blob| bytes_of(&blob)) else {
		return advance(id);
	};
	let call = pallet_preimage::Call::note_preimage { bytes };
	Some((whole::anyone(), call.into()))
}

/// Somebody proves that a report which was shown is false: it names another hash for its first block than the next
/// block's header.
fn challenge(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_simulations::{Call, Evidence, Reports};
	let is_shown = |report: &Report| Reports::<Runtime>::contains_key(id, report.root());
	let reports = reports(id).into_iter();
	let mut proofs = reports
		.filter(|(report, _)| is_shown(report))
		.filter_map(|(report, leaves)| Some((report.root(), evidence(&leaves)?)));
	let is_of_hash = |(_, evidence): &(_, _)| matches!(evidence, Evidence::Parent { .. });
	let (report_root, evidence) = proofs.find(is_of_hash)?;
	let call = Call::challenge {
		id,
		report_root,
		evidence,
	};
	Some((whole::anyone(), call.into()))
}

/// Simulators seal, and show what they sealed. One that `lies` about its first block does not show that block.
fn simulation(id: ProposalId, lies: bool) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_simulations::{Call, Rounds, Submissions};
	let round = Rounds::<Runtime>::get(id)?;
	let submissions = Submissions::<Runtime>::get(id);
	if let Some(step) = challenge(id) {
		return Some(step);
	}
	let reports = reports(id);
	if System::block_number() < round.commit_until {
		let mut simulators = whole::simulators().into_iter();
		let who = simulators.find(|who| submissions.iter().all(|s| s.simulator != *who))?;
		let (report, _) = if lies {
			reports.last()?
		} else {
			reports.first()?
		};
		let call = whole::commit_to(id, &who, report, SALT);
		return Some((who, call.into()));
	}
	let seed = round.seed?;
	let mut sealed = submissions.iter().filter(|s| s.answer == Answer::Sealed);
	let reveal = sealed.find_map(|sealed| {
		let who = sealed.simulator.clone();
		let is_it = |report| whole::seal(id, &who, report, SALT) == sealed.commitment;
		let (report, leaves) = reports.iter().find(|(report, _)| is_it(report))?;
		let drawn = samples(&seed, &who.encode(), report);
		let hides = report.root() != reports[0].0.root() && drawn.contains(&(SectionId::Replay, 0));
		let call = Call::reveal {
			id,
			openings: openings(leaves, &drawn).unwrap_or_default(),
			report: report.clone(),
			salt: SALT,
		};
		(!hides).then_some((who, call.into()))
	});
	reveal.or_else(|| advance(id))
}

/// Auditors confirm what was found, the proposer answers with another dossier, and auditors look again.
fn finding(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_audits::{Auditors, Call, Decision, Findings, Report, Status};
	let dossier_hash = dossier_hash(id);
	let mut standing = Findings::<Runtime>::iter_prefix(id)
		.filter(|(_, f)| f.status.stands() && matches!(f.report, Report::Open(_)));
	let (finding, its) = standing.next()?;
	if its.status == Status::Confirmed && its.judged_in == dossier_hash {
		let proposal = pallet_airlock_proposals::Proposals::<Runtime>::get(id)?;
		let round = proposal.round as u8;
		let call = pallet_airlock_proposals::Call::revise {
			id,
			dossier: world::dossier(round.saturating_add(1) % 4, 50, proposal.dossier.class),
			response: Document::of(b"answer"),
		};
		return Some((proposal.proposer, call.into()));
	}
	let call = match its.status {
		Status::Confirmed => Call::resolve {
			id,
			finding,
			dossier_hash,
		},
		_ => Call::triage {
			id,
			finding,
			decision: Decision::Confirm,
		},
	};
	let fresh = |who: &AccountId| {
		let organisation = Auditors::<Runtime>::get(who).map(|auditor| auditor.organisation);
		let said = |o| its.judgements.iter().any(|j| j.organisation == o);
		organisation.is_some_and(|o| !said(o) && its.organisation != Some(o))
	};
	let who = whole::auditors().into_iter().find(fresh)?;
	Some((who, call.into()))
}

fn review(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_audits::{Attestations, Bounties, Call};
	if let Some(step) = finding(id) {
		return Some(step);
	}
	if Bounties::<Runtime>::get(id).is_empty() {
		let amount = <Runtime as pallet_airlock_audits::Config>::MinBounty::get();
		return Some((whole::proposer(), Call::fund_bounty { id, amount }.into()));
	}
	let said = Attestations::<Runtime>::get(id);
	let kinds = [
		Kind::CodeReview,
		Kind::CodeReview,
		Kind::ReproducedBuild,
		Kind::ReproducedBuild,
	];
	let mut auditors = whole::auditors().into_iter().zip(kinds);
	let silent = auditors.find(|(who, _)| said.iter().all(|a| a.auditor != *who));
	let (who, kind) = silent?;
	let call = Call::attest {
		id,
		dossier_hash: dossier_hash(id),
		kind,
		opinion: Opinion::Approve,
		report: Default::default(),
	};
	Some((who, call.into()))
}

fn vote(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_supermajority::{Ballots, Call};
	let ayes = Ballots::<Runtime>::get(id)?.ayes as usize;
	let who = whole::validators().get(ayes)?.clone();
	let call = Call::vote {
		id,
		dossier_hash: dossier_hash(id),
		vote: Vote::Aye,
	};
	Some((who, call.into()))
}

fn ready(id: ProposalId) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_enactment::{Call, InTimelock};
	let ready = InTimelock::<Runtime>::get(id)?.ready;
	let mut validators = whole::validators().into_iter();
	let who = validators.find(|who| !ready.contains(who))?;
	let dossier_hash = dossier_hash(id);
	let node = Default::default();
	let call = Call::signal_readiness {
		id,
		dossier_hash,
		node,
	};
	Some((who, call.into()))
}

fn health(id: ProposalId, healthy: bool) -> Option<(AccountId, RuntimeCall)> {
	use pallet_airlock_enactment::{Call, Reports};
	let reports = Reports::<Runtime>::get();
	let mut validators = whole::validators().into_iter();
	let who = validators.find(|who| reports.iter().all(|(by, _)| by != who))?;
	Some((who, Call::report_health { id, healthy }.into()))
}
