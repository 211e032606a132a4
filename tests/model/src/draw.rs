//! Arbitrary numbers become what actors do.

use crate::{chain, play::Action, spec::*};
use airlock_primitives::{Role, Stage};
use airlock_report::Verdict;
use pallet_airlock_audits::{Decision, Kind, Opinion, Severity};
use pallet_airlock_simulations::Standing;
use pallet_airlock_supermajority::Vote;
use std::collections::BTreeMap;

/// What is drawn for one step: which kind of thing, and details of it.
pub type Draw = (u8, u8, u8, u8);

/// Accounts by what they are.
const PROPOSERS: [Account; 3] = [1, 2, 3];
/// Owns too little for a second proposal.
const POOR: Account = 3;
/// Is nothing.
pub const STRANGER: Account = 50;
/// The first simulators, and who may become one. Two are of one organisation; one audits too.
const SIMULATORS: [(Account, u32); 5] = [(10, 110), (11, 111), (12, 112), (13, 112), (30, 130)];
const MORE_SIMULATORS: [(Account, u32); 3] = [(14, 113), (40, 1), (20, 120)];
/// The first auditors, and who may become one. Two are of one organisation; one simulates too, one proposes too.
const AUDITORS: [(Account, u32); 6] = [
	(20, 120),
	(21, 121),
	(22, 122),
	(23, 122),
	(30, 130),
	(1, 140),
];
const MORE_AUDITORS: [(Account, u32); 3] = [(24, 123), (2, 120), (10, 110)];

/// Sets of validators: account, organisation, power.
fn sets() -> [Vec<Seat>; 4] {
	let seats = |list: &[(Account, u32, u64)]| {
		let seat = |(account, organisation, power): &(Account, u32, u64)| Seat {
			account: *account,
			organisation: *organisation,
			power: *power,
		};
		list.iter().map(seat).collect()
	};
	[
		seats(&[(40, 1, 1), (41, 2, 1), (42, 3, 1), (43, 4, 1)]),
		// One organisation has more than its cap.
		seats(&[
			(40, 1, 30),
			(41, 1, 30),
			(42, 3, 25),
			(43, 4, 15),
			(44, 5, 7),
		]),
		seats(&[(41, 2, 1), (42, 3, 1), (44, 5, 1)]),
		seats(&[(44, 5, 100)]),
	]
}

/// The beginning.
pub fn genesis() -> Spec {
	let everybody = PROPOSERS.into_iter().chain(10..=14).chain(20..=24);
	let everybody = everybody.chain([30]).chain(40..=44).chain([STRANGER]);
	let owns = |who| {
		if who == POOR {
			chain::POOR
		} else {
			chain::ENDOWMENT
		}
	};
	let [set, ..] = sets();
	let mut held = BTreeMap::new();
	for (who, _) in SIMULATORS.into_iter().chain(AUDITORS) {
		*held.entry(who).or_default() += BOND;
	}
	Spec {
		now: 1,
		policy: chain::policy(),
		open: BTreeMap::new(),
		ended: BTreeMap::new(),
		next: 0,
		lane: None,
		code: chain::GENESIS,
		highest: chain::GENESIS.version,
		trial: None,
		in_a_row: 0,
		locked: false,
		wanted: BTreeMap::new(),
		bytes: Default::default(),
		set,
		simulators: SIMULATORS.map(|(who, of)| (who, simulator(of))).into(),
		auditors: AUDITORS.map(|(who, of)| (who, auditor(of))).into(),
		migrating: false,
		changing: false,
		owned: everybody.map(|who| (who, owns(who))).collect(),
		held,
		writes: Vec::new(),
	}
}

fn simulator(organisation: u32) -> Simulator {
	Simulator {
		organisation,
		bond: BOND,
		standing: Standing::Serving,
		active: 0,
	}
}

fn auditor(organisation: u32) -> Auditor {
	Auditor {
		organisation,
		acts_from: 0,
		active: 0,
		leaving: false,
	}
}

fn one_of<T: Copy>(list: &[T], by: u8) -> T {
	list[usize::from(by) % list.len()]
}

fn anyone(by: u8) -> Account {
	one_of(&[1, 2, 3, 10, 12, 20, 22, 30, 40, 41, 44, STRANGER], by)
}

/// A proposal: mostly an open one.
fn some_id(spec: &Spec, by: u8) -> Id {
	let open: Vec<Id> = spec.open.keys().copied().collect();
	match open.is_empty() || by % 16 == 15 {
		true => u32::from(by / 16) % (spec.next + 2),
		false => one_of(&open, by),
	}
}

/// Mostly a sound dossier, sometimes one with a fault.
fn draw_dossier(spec: &Spec, a: u8, b: u8) -> Dossier {
	let version = spec.highest + u32::from(a % 8 != 7);
	let flavour = match b % 16 {
		12 => Code::NO_WASM,
		13 => Code::OTHER_CHAIN,
		14 => Code::LACKS_API,
		other => other % 3,
	};
	let code = Code { version, flavour };
	let back = Code {
		version: version + 1 + u32::from(b == 200),
		flavour: flavour % 3,
	};
	let stale = Code {
		version: 1,
		flavour: 9,
	};
	let mut dossier = Dossier {
		code,
		parent: if a % 32 == 31 { stale } else { spec.code },
		way: match (a / 8) % 8 {
			0..=4 => Way::Dedicated(if b == 201 { code } else { back }),
			5 | 6 => Way::Previous,
			_ => Way::None,
		},
		class: chain::class((a / 64).into()),
		scope: (1 + b % 3 - u8::from(b == 203)).into(),
		edition: b % 4,
		empty: b == 202,
		bytes: 0,
	};
	dossier.bytes = chain::bytes_of(&dossier);
	dossier
}

/// The right dossier, or mostly.
pub(crate) fn its_dossier(spec: &Spec, id: Id, by: u8) -> Dossier {
	let right = spec.open.get(&id).map(|p| p.dossier);
	let mut dossier = right.unwrap_or_else(|| draw_dossier(spec, 0, 0));
	if by % 16 == 15 {
		dossier.edition = dossier.edition.wrapping_add(1);
	}
	dossier
}

/// Mostly a sound report that passes.
fn draw_report(a: u8, b: u8) -> Report {
	let faults = [
		Fault::OtherSubject,
		Fault::SectionMissing,
		Fault::LeavesMissing,
	];
	Report {
		facts: u8::from(b % 8 == 7),
		verdict: match a % 16 {
			13 => Verdict::Fail,
			14 => Verdict::Inconclusive,
			_ => Verdict::Pass,
		},
		lie: match a % 8 {
			3 => Some(Lie::StateRoot),
			7 => Some(Lie::Hash),
			_ => None,
		},
		fault: (b % 16 == 6).then(|| one_of(&faults, a)),
	}
}

/// One's own seal, or sometimes another simulator's, copied.
fn draw_seal(spec: &Spec, by: Account, id: Id, report: Report, salt: u8) -> Seal {
	let proposal = spec.open.get(&id);
	let round = proposal.and_then(|p| p.simulation.as_ref());
	let copied = round.and_then(|r| r.submissions.first()).map(|s| s.seal);
	match copied {
		Some(seal) if salt % 16 == 9 => seal,
		_ => Seal {
			by,
			dossier: its_dossier(spec, id, salt),
			round: proposal.map_or(0, |p| p.round),
			attempt: round.map_or(0, |r| r.attempt),
			report,
			salt,
		},
	}
}

/// The round and the attempt that a seal is for, or mostly.
fn draw_named(seal: &Seal, by: u8) -> (u32, u8) {
	let (round, attempt) = (seal.round, seal.attempt);
	match by % 16 {
		11 => (round, attempt ^ 1),
		12 => (round.wrapping_sub(1), attempt),
		13 => (round.wrapping_add(1), attempt ^ 1),
		_ => (round, attempt),
	}
}

/// What was sealed, or mostly.
fn draw_reveal(spec: &Spec, who: Account, id: Id, b: u8, c: u8) -> Action {
	let round = spec.open.get(&id).and_then(|p| p.simulation.as_ref());
	let sealed = round.and_then(|r| r.submissions.iter().find(|s| s.by == who));
	match sealed.filter(|_| c % 8 != 7) {
		Some(s) => Action::Reveal(who, id, s.seal.report, s.seal.salt, c % 8 != 6),
		None => Action::Reveal(who, id, draw_report(b, c), c, true),
	}
}

/// Against what was shown, or mostly.
fn draw_challenge(spec: &Spec, who: Account, id: Id, b: u8, c: u8) -> Action {
	let round = spec.open.get(&id).and_then(|p| p.simulation.as_ref());
	let shown = round.into_iter().flat_map(|r| &r.submissions);
	let shown: Vec<Report> = shown
		.filter_map(|s| match s.shown {
			Shown::Report(report) => Some(report),
			_ => None,
		})
		.collect();
	let report = match shown.is_empty() {
		true => draw_report(b, c),
		false => one_of(&shown, b),
	};
	// Mostly what proves it, if anything does.
	let proof = match (report.lie, c % 4) {
		(_, 1) => Proof::Header,
		(_, 2) => Proof::Parent,
		(_, 3) => Proof::Leaf,
		(Some(Lie::Hash), _) => Proof::Parent,
		_ => Proof::Header,
	};
	Action::Challenge(who, id, report, proof)
}

fn draw_severity(by: u8) -> Severity {
	use Severity::*;
	one_of(&[Low, Medium, High, Critical], by)
}

/// A finding that there is, or mostly.
fn some_finding(spec: &Spec, id: Id, by: u8) -> u32 {
	let findings = spec.open.get(&id).map_or(0, |p| p.findings.len());
	u32::from(by) % (findings as u32 + u32::from(by % 16 == 15)).max(1)
}

fn draw_triage(spec: &Spec, id: Id, b: u8, c: u8) -> Action {
	let (auditor, _) = one_of(&AUDITORS, b);
	let decision = match c % 8 {
		0 | 1 => Decision::Confirm,
		2 | 3 => Decision::Dismiss,
		4 => Decision::Spam,
		5 => Decision::Duplicate(u32::from(c / 8) % 4),
		_ => Decision::ConfirmAs(draw_severity(c / 8)),
	};
	Action::Triage(auditor, id, some_finding(spec, id, b / 8), decision)
}

/// Mostly a finding that can be resolved.
fn draw_resolve(spec: &Spec, id: Id, b: u8, c: u8) -> Action {
	let dossier = its_dossier(spec, id, c);
	let findings = spec.open.get(&id).into_iter().flat_map(|p| &p.findings);
	let confirmed = findings
		.zip(0..)
		.filter(|(f, _)| f.confirmed && f.found_in != dossier);
	let confirmed: Vec<u32> = confirmed.map(|(_, number)| number).collect();
	let finding = match confirmed.is_empty() || c % 8 == 7 {
		true => some_finding(spec, id, b / 8),
		false => one_of(&confirmed, b / 8),
	};
	Action::Resolve(one_of(&AUDITORS, b).0, id, finding, dossier)
}

fn draw_attest(spec: &Spec, id: Id, by: Account, c: u8) -> Action {
	let kinds = [Kind::CodeReview, Kind::ReproducedBuild, Kind::Specification];
	let opinion = if c % 8 == 6 {
		Opinion::Reject
	} else {
		Opinion::Approve
	};
	let dossier = its_dossier(spec, id, c / 2);
	Action::Attest(by, id, dossier, one_of(&kinds, c), opinion)
}

/// The council, or somebody who may not, changes who simulates and audits.
fn draw_admission(b: u8, c: u8) -> Action {
	let allowed = c % 16 != 15;
	let simulators = [&SIMULATORS[..], &MORE_SIMULATORS[..]].concat();
	let auditors = [&AUDITORS[..], &MORE_AUDITORS[..]].concat();
	let (simulator, auditor) = (one_of(&simulators, b), one_of(&auditors, b));
	match c % 8 {
		0..=2 => Action::AdmitSimulator(allowed, simulator.0, simulator.1),
		3 => Action::RemoveSimulator(allowed, simulator.0),
		4..=6 => Action::AdmitAuditor(allowed, auditor.0, auditor.1),
		_ => Action::RemoveAuditor(allowed, auditor.0),
	}
}

/// One thing that an honest actor would do now for a proposal; if nothing is left to do, time passes.
fn help(spec: &Spec, id: Id, b: u8, c: u8) -> Action {
	let Some(proposal) = spec.open.get(&id) else {
		return Action::Blocks(1);
	};
	if spec.locked && c % 4 == 3 {
		return Action::Unlock(true);
	}
	let dossier = proposal.dossier;
	let seat = |said: &dyn Fn(Account) -> bool| {
		let silent: Vec<Account> = spec
			.set
			.iter()
			.map(|s| s.account)
			.filter(|w| !said(*w))
			.collect();
		(!silent.is_empty()).then(|| one_of(&silent, b))
	};
	let next = match proposal.stage {
		Stage::Registered => {
			let back = match dossier.way {
				Way::Dedicated(back) => back,
				Way::Previous | Way::None => dossier.code,
			};
			let missing = [dossier.code, back]
				.into_iter()
				.find(|code| !spec.bytes.contains(code));
			Some(missing.map_or(Action::Advance(id), Action::Upload))
		}
		Stage::Simulation => help_simulation(spec, id, b, c),
		Stage::Review => help_review(spec, id, b, c),
		Stage::Voting => seat(&|who| {
			let elector = proposal.ballot.as_ref().and_then(|b| b.electors.get(&who));
			elector.is_none_or(|e| e.vote == Some(Vote::Aye))
		})
		.map(|who| Action::Vote(who, id, dossier, Vote::Aye)),
		Stage::Timelock => seat(&|who| {
			proposal
				.timelock
				.as_ref()
				.is_some_and(|t| t.ready.contains(&who))
		})
		.map(|who| Action::Ready(who, id, dossier)),
		Stage::Probation => seat(&|who| {
			spec.trial
				.as_ref()
				.is_some_and(|t| t.reports.contains_key(&who))
		})
		.map(|who| Action::Health(who, id, c % 4 != 0)),
	};
	next.unwrap_or(Action::Blocks(1))
}

fn help_simulation(spec: &Spec, id: Id, b: u8, c: u8) -> Option<Action> {
	let round = spec.open.get(&id)?.simulation.as_ref()?;
	let pick = |those: Vec<Account>| (!those.is_empty()).then(|| one_of(&those, b));
	if spec.now >= round.commit_until {
		let silent = round
			.submissions
			.iter()
			.filter(|s| s.shown == Shown::Sealed);
		let who = pick(silent.map(|s| s.by).collect());
		let next = who.map(|who| draw_reveal(spec, who, id, b, 0));
		return Some(next.unwrap_or(Action::Advance(id)));
	}
	let free = |who: &Account| {
		let known = &spec.simulators[who];
		let seated = round.submissions.iter();
		let mut seated = seated.filter(|s| s.organisation == known.organisation || s.by == *who);
		let allowed = spec.check_claim(id, *who, known.organisation, Role::Simulator);
		seated.next().is_none() && allowed.is_ok() && known.standing == Standing::Serving
	};
	let full = round.submissions.len() >= round.rules.seats as usize;
	let who = pick(spec.simulators.keys().copied().filter(free).collect()).filter(|_| !full)?;
	if spec.simulators[&who].bond * 2 < BOND {
		return Some(Action::TopUp(who));
	}
	// Some see something else, and some lie, all alike.
	let report = Report {
		facts: u8::from(c % 32 == 0),
		verdict: Verdict::Pass,
		lie: match c % 8 {
			1 => Some(Lie::StateRoot),
			5 => Some(Lie::Hash),
			_ => None,
		},
		fault: None,
	};
	let seal = draw_seal(spec, who, id, report, 1);
	Some(Action::Commit(who, id, draw_named(&seal, 1), seal))
}

fn help_review(spec: &Spec, id: Id, b: u8, c: u8) -> Option<Action> {
	let proposal = spec.open.get(&id)?;
	let review = proposal.review.as_ref()?;
	let funded: u64 = proposal.bounty.iter().map(|part| part.funded).sum();
	if funded < MIN_BOUNTY {
		return Some(Action::Fund(proposal.proposer, id, MIN_BOUNTY));
	}
	let may = |who: &Account| {
		let known = &spec.auditors[who];
		let allowed = spec.check_claim(id, *who, known.organisation, Role::Auditor);
		allowed.is_ok() && !known.leaving && known.acts_from <= spec.now
	};
	let auditors: Vec<Account> = spec.auditors.keys().copied().filter(may).collect();
	if auditors.is_empty() || spec.now >= review.earliest {
		return Some(Action::Advance(id));
	}
	let who = one_of(&auditors, b);
	if let Some(number) = proposal.findings.iter().position(|f| f.blocks()) {
		return Some(help_finding(spec, id, number, who, c));
	}
	let kinds = [Kind::CodeReview, Kind::ReproducedBuild];
	let said = |kind: &Kind| {
		let organisation = spec.auditors[&who].organisation;
		let mut attestations = proposal.attestations.iter();
		attestations.any(|a| a.organisation == organisation && a.kind == *kind)
	};
	let kind = kinds.into_iter().find(|kind| !said(kind))?;
	Some(Action::Attest(
		who,
		id,
		proposal.dossier,
		kind,
		Opinion::Approve,
	))
}

/// What somebody does about a finding that blocks: judges it, mends the code, or says that it is mended.
fn help_finding(spec: &Spec, id: Id, number: usize, who: Account, c: u8) -> Action {
	let proposal = &spec.open[&id];
	let (finding, dossier) = (&proposal.findings[number], proposal.dossier);
	let number = number as u32;
	if !finding.confirmed {
		let decision = one_of(&[Decision::Dismiss, Decision::Confirm], number as u8);
		return Action::Triage(who, id, number, decision);
	}
	if finding.found_in != dossier {
		return Action::Resolve(who, id, number, dossier);
	}
	let mut mended = dossier;
	mended.edition = mended.edition.wrapping_add(1 + c % 2);
	Action::Revise(proposal.proposer, id, mended)
}

/// Mostly a proposal in a stage.
fn in_stage(spec: &Spec, stage: Stage, by: u8) -> Id {
	let there = spec.open.iter().filter(|(_, p)| p.stage == stage);
	let there: Vec<Id> = there.map(|(id, _)| *id).collect();
	match there.is_empty() || by % 8 == 7 {
		true => some_id(spec, by),
		false => one_of(&there, by),
	}
}

/// Mostly the proposal that has come furthest, so that long roads are walked to their ends.
fn furthest(spec: &Spec, by: u8) -> Id {
	let mut open: Vec<(Stage, Id)> = spec.open.iter().map(|(id, p)| (p.stage, *id)).collect();
	open.sort();
	match open.last() {
		Some((_, id)) if by % 4 != 0 => *id,
		_ => some_id(spec, by / 4),
	}
}

/// What a draw means in this state.
pub fn action(spec: &Spec, (kind, a, b, c): Draw) -> Action {
	let who = anyone(b);
	let id = match kind {
		84..=87 => in_stage(spec, Stage::Simulation, a),
		88..=102 => in_stage(spec, Stage::Review, a),
		104..=109 => in_stage(spec, Stage::Voting, a),
		_ => some_id(spec, a),
	};
	match kind {
		0..=34 => Action::Blocks(1),
		35 | 36 => Action::Blocks(2 + a % 8),
		37..=39 => draw_triage(spec, in_stage(spec, Stage::Review, a), b, c),
		40 | 41 => Action::Finding(
			who,
			in_stage(spec, Stage::Review, a),
			draw_severity(c),
			None,
		),
		42 => draw_challenge(spec, who, some_id(spec, a), b, c),
		43 | 44 => draw_resolve(spec, in_stage(spec, Stage::Review, a), b, c),
		45..=47 => {
			let id = in_stage(spec, Stage::Review, a);
			let finding = some_finding(spec, id, b / 8);
			Action::Waive(40 + u64::from(b % 6), id, finding, its_dossier(spec, id, c))
		}
		48..=74 if spec.open.len() < 3 || b % 16 == 0 => {
			let proposer = if c % 8 == 7 {
				who
			} else {
				one_of(&PROPOSERS, c)
			};
			Action::Register(proposer, draw_dossier(spec, a, b))
		}
		75..=78 => {
			let proposer = spec.open.get(&id).map_or(who, |p| p.proposer);
			let by = if c % 8 == 7 { who } else { proposer };
			Action::Revise(by, id, draw_dossier(spec, b, c))
		}
		79 => {
			let proposer = spec.open.get(&id).map_or(who, |p| p.proposer);
			Action::Withdraw(if c % 2 == 0 { proposer } else { who }, id)
		}
		80..=83 => Action::Advance(id),
		84 | 85 => {
			let simulator = if c % 16 == 15 {
				who
			} else {
				one_of(&SIMULATORS, b).0
			};
			let seal = draw_seal(spec, simulator, id, draw_report(b, c), c);
			Action::Commit(simulator, id, draw_named(&seal, c), seal)
		}
		86 => draw_reveal(spec, one_of(&SIMULATORS, b).0, id, b, c),
		87 => draw_challenge(spec, who, id, b, c),
		88 if c % 4 == 0 => Action::TopUp(one_of(&SIMULATORS, b).0),
		88 => draw_admission(b, c / 4),
		89 => draw_attest(spec, id, one_of(&AUDITORS, b).0, c),
		90 => draw_attest(
			spec,
			id,
			if c % 8 == 7 {
				who
			} else {
				one_of(&AUDITORS, b).0
			},
			c,
		),
		91 if c % 4 == 0 => Action::Conflict(one_of(&AUDITORS, b).0, id),
		91 => Action::Retract(one_of(&AUDITORS, b).0, id, Kind::CodeReview),
		92 => Action::Finding(who, id, draw_severity(c), None),
		93 => Action::Finding(who, id, draw_severity(c), Some((b, c / 4))),
		94 | 95 => draw_triage(spec, id, b, c),
		96 => draw_resolve(spec, id, b, c),
		97 => {
			let number = some_finding(spec, id, b);
			let findings = spec.open.get(&id).map(|p| &p.findings);
			let finding = findings.and_then(|f| f.get(number as usize));
			let opens = finding.and_then(|f| f.seal).unwrap_or((b, c));
			let reporter = finding.map_or(who, |f| f.reporter);
			match c % 8 {
				6 => Action::OpenFinding(who, id, number, opens),
				7 => Action::OpenFinding(reporter, id, number, (opens.0, c)),
				_ => Action::OpenFinding(reporter, id, number, opens),
			}
		}
		98 | 99 => Action::Fund(who, id, u64::from(c % 64) + 5),
		100 => {
			let finding = some_finding(spec, id, b / 8);
			Action::Waive(40 + u64::from(b % 6), id, finding, its_dossier(spec, id, c))
		}
		101 => {
			let finding = some_finding(spec, id, b / 8);
			Action::RetractWaiver(40 + u64::from(b % 6), id, finding)
		}
		102 => draw_admission(b, c),
		104..=109 => {
			let vote = one_of(&[Vote::Aye, Vote::Aye, Vote::Nay, Vote::Abstain], c);
			Action::Vote(
				40 + u64::from(b % 6),
				id,
				its_dossier(spec, id, c / 4),
				vote,
			)
		}
		110 => Action::Stop(40 + u64::from(b % 6), id, its_dossier(spec, id, c)),
		111 => Action::RetractStop(40 + u64::from(b % 6), id),
		103 => Action::Unready(40 + u64::from(b % 6), id),
		112 | 113 => Action::Ready(40 + u64::from(b % 6), id, its_dossier(spec, id, c)),
		114..=117 => Action::Health(40 + u64::from(b % 6), id, c % 3 != 0),
		118 => Action::Unlock(c % 2 == 0),
		119 => Action::Set(sets()[usize::from(c) % 4].clone()),
		120 if c % 16 == 15 => Action::MigrationFails,
		120 => Action::Migrating(c % 4 == 0),
		121 => Action::Changing(c % 4 == 0),
		122 | 123 => Action::WriteCode(Code {
			version: spec.highest + 1,
			flavour: c % 3,
		}),
		_ => help(spec, furthest(spec, a), b, c),
	}
}
