//! Simulation and review: what others say of the dossier.

use super::*;
use airlock_report::Verdict;
use pallet_airlock_audits::{Decision, Kind, Opinion, Severity, Status as Standing};

/// What a simulator seals: opened only by exactly the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
	/// Whose seal it is.
	pub by: Account,
	/// The dossier.
	pub dossier: Dossier,
	/// Round of the proposal.
	pub round: u32,
	/// Distinguishes reports.
	pub report: Report,
	/// Hides it.
	pub salt: u8,
}

/// A report, as far as the chain looks into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Report {
	/// Who saw the same has the same.
	pub facts: u8,
	/// What follows from it.
	pub verdict: Verdicts,
	/// True if it is about other blocks than the round asks for.
	pub off: bool,
	/// True if a section is missing.
	pub incomplete: bool,
}

/// A verdict that can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdicts {
	/// Nothing undeclared went wrong.
	Pass,
	/// A regression.
	Fail,
	/// The harness says nothing.
	Inconclusive,
}

impl From<Verdicts> for Verdict {
	fn from(verdict: Verdicts) -> Self {
		match verdict {
			Verdicts::Pass => Verdict::Pass,
			Verdicts::Fail => Verdict::Fail,
			Verdicts::Inconclusive => Verdict::Inconclusive,
		}
	}
}

/// One simulator's part of a round.
#[derive(Clone, Debug)]
pub struct Submission {
	/// Who.
	pub by: Account,
	/// Of which organisation.
	pub organisation: u32,
	/// Sealed.
	pub seal: Seal,
	/// Shown.
	pub revealed: Option<Report>,
}

/// A round of simulation.
#[derive(Clone, Debug)]
pub struct Round {
	/// The dossier.
	pub dossier: Dossier,
	/// Round of the proposal.
	pub round: u32,
	/// The first block in which no commitment is taken.
	pub commit_until: Block,
	/// The first block in which no report is taken.
	pub reveal_until: Block,
	/// In the order of their commitments.
	pub submissions: Vec<Submission>,
}

/// An attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
	/// Who.
	pub by: Account,
	/// Of which organisation.
	pub organisation: u32,
	/// What about.
	pub kind: Kind,
	/// What it says.
	pub opinion: Opinion,
}

/// A review.
#[derive(Clone, Debug)]
pub struct Review {
	/// The dossier.
	pub dossier: Dossier,
	/// The first block in which it can pass.
	pub earliest: Block,
	/// The block in which it fails.
	pub latest: Block,
	/// The stage is over.
	pub closed: bool,
	/// In the order in which they came.
	pub attestations: Vec<Attestation>,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding {
	/// Who reported it.
	pub reporter: Account,
	/// What is held for it.
	pub deposit: u64,
	/// How bad it is.
	pub severity: Severity,
	/// The dossier in which it was found.
	pub found_in: Dossier,
	/// Where it stands.
	pub standing: Standing,
}

impl Finding {
	/// True if it stops an upgrade.
	pub fn blocks(&self) -> bool {
		let bad = matches!(self.severity, Severity::High | Severity::Critical);
		bad && matches!(self.standing, Standing::Open | Standing::Confirmed)
	}
}

impl Spec {
	// --- Simulation -----------------------------------------------------------------------------------------

	pub(super) fn open_simulation(&mut self, id: Id) {
		let now = self.now;
		let proposal = self.live(id);
		let rules = &proposal.policy.simulation;
		let commit_until = now + rules.commit_window;
		proposal.simulation = Some(Round {
			dossier: proposal.dossier,
			round: proposal.round,
			commit_until,
			reveal_until: commit_until + rules.reveal_window,
			submissions: Vec::new(),
		});
	}

	/// Seals a report.
	pub fn commit(&mut self, who: Account, id: Id, seal: Seal) -> Answer {
		let organisation = *self.simulators.get(&who).ok_or("NotSimulator")?;
		let now = self.now;
		let proposal = self.open.get(&id).ok_or("NoRound")?;
		let round = proposal.simulation.as_ref().ok_or("NoRound")?;
		check(now < round.commit_until, "CommitOver")?;
		for other in &round.submissions {
			check(other.by != who, "AlreadyCommitted")?;
			check(other.organisation != organisation, "OrganisationHasSeat")?;
		}
		let seats = proposal.policy.simulation.seats as usize;
		check(round.submissions.len() < seats, "NoSeatLeft")?;
		self.claim(id, who, organisation, Role::Simulator)?;
		let submission = Submission {
			by: who,
			organisation,
			seal,
			revealed: None,
		};
		if let Some(round) = &mut self.live(id).simulation {
			round.submissions.push(submission);
		}
		Ok(())
	}

	/// Shows a sealed report.
	pub fn reveal(&mut self, who: Account, id: Id, report: Report, salt: u8) -> Answer {
		let now = self.now;
		let proposal = self.open.get_mut(&id).ok_or("NoRound")?;
		let round = proposal.simulation.as_mut().ok_or("NoRound")?;
		check(now >= round.commit_until, "StillCommitting")?;
		check(now < round.reveal_until, "RevealOver")?;
		let mut submissions = round.submissions.iter_mut();
		let mine = submissions.find(|s| s.by == who).ok_or("NotCommitted")?;
		check(mine.revealed.is_none(), "AlreadyRevealed")?;
		let opened = Seal {
			by: who,
			dossier: round.dossier,
			round: round.round,
			report,
			salt,
		};
		check(mine.seal == opened, "CommitmentMismatch")?;
		check(!report.off, "OtherSubject")?;
		check(!report.incomplete, "SectionMissing")?;
		mine.revealed = Some(report);
		Ok(())
	}

	pub(super) fn ask_simulation(&self, id: Id) -> Status {
		let proposal = &self.open[&id];
		let Some(round) = &proposal.simulation else {
			return Status::Failed(Failure::StageNotOpened);
		};
		let all = round.submissions.iter().all(|s| s.revealed.is_some());
		if self.now < round.commit_until {
			return Status::Pending(round.commit_until);
		}
		if self.now < round.reveal_until && !all {
			return Status::Pending(round.reveal_until);
		}
		let mut same = BTreeMap::<Report, u32>::new();
		for report in round.submissions.iter().filter_map(|s| s.revealed) {
			*same.entry(report).or_default() += 1;
		}
		let required = proposal.policy.simulation.required;
		match same.iter().find(|(_, count)| **count >= required) {
			Some((report, _)) if report.verdict == Verdicts::Pass => Status::Passed,
			Some(_) => Status::Failed(Failure::SimulationFailed),
			None if same.len() > 1 => Status::Failed(Failure::ReportsDisagree),
			None => Status::Failed(Failure::TooFewReports),
		}
	}

	// --- Review ---------------------------------------------------------------------------------------------

	pub(super) fn open_review(&mut self, id: Id) {
		let now = self.now;
		let proposal = self.live(id);
		let rules = &proposal.policy.review;
		let earliest = now + rules.minimum + rules.per_pallet * proposal.dossier.scope;
		proposal.review = Some(Review {
			dossier: proposal.dossier,
			earliest,
			latest: earliest + rules.grace,
			closed: false,
			attestations: Vec::new(),
		});
	}

	fn running_review(&mut self, id: Id) -> Result<&mut Review, Refusal> {
		let proposal = self.open.get_mut(&id).ok_or("NotInReview")?;
		let review = proposal.review.as_mut().ok_or("NotInReview")?;
		check(!review.closed, "NotInReview")?;
		Ok(review)
	}

	/// Attests to a dossier.
	pub fn attest(
		&mut self,
		by: Account,
		id: Id,
		dossier: &Dossier,
		kind: Kind,
		opinion: Opinion,
	) -> Answer {
		let organisation = *self.auditors.get(&by).ok_or("NotAuditor")?;
		let review = self.running_review(id)?;
		check(review.dossier == *dossier, "OtherDossier")?;
		let mut said = review.attestations.iter();
		check(
			!said.any(|a| a.organisation == organisation && a.kind == kind),
			"OrganisationAlreadyAttested",
		)?;
		self.claim(id, by, organisation, Role::Auditor)?;
		self.running_review(id)?.attestations.push(Attestation {
			by,
			organisation,
			kind,
			opinion,
		});
		Ok(())
	}

	/// Takes an attestation back.
	pub fn retract(&mut self, by: Account, id: Id, kind: Kind) -> Answer {
		let review = self.running_review(id)?;
		let before = review.attestations.len();
		review.attestations.retain(|a| a.by != by || a.kind != kind);
		check(review.attestations.len() < before, "NotAttested")
	}

	/// Reports a finding.
	pub fn report_finding(&mut self, reporter: Account, id: Id, severity: Severity) -> Answer {
		let proposal = self.open.get(&id).ok_or("NotOpen")?;
		check(proposal.findings.len() < MAX_FINDINGS, "TooManyFindings")?;
		self.check_funds(reporter, FINDING_DEPOSIT)?;
		self.hold(reporter, FINDING_DEPOSIT);
		let proposal = self.live(id);
		proposal.findings.push(Finding {
			reporter,
			deposit: FINDING_DEPOSIT,
			severity,
			found_in: proposal.dossier,
			standing: Standing::Open,
		});
		Ok(())
	}

	fn finding(&self, id: Id, number: usize) -> Result<&Finding, Refusal> {
		let proposal = self.open.get(&id).ok_or("NoFinding")?;
		proposal.findings.get(number).ok_or("NoFinding")
	}

	/// Judges a finding.
	pub fn triage(&mut self, by: Account, id: Id, number: usize, decision: Decision) -> Answer {
		let organisation = *self.auditors.get(&by).ok_or("NotAuditor")?;
		let finding = self.finding(id, number)?;
		check(finding.reporter != by, "OwnFinding")?;
		check(finding.standing == Standing::Open, "AlreadyTriaged")?;
		let (reporter, deposit) = (finding.reporter, finding.deposit);
		self.claim(id, by, organisation, Role::Auditor)?;
		let finding = &mut self.live(id).findings[number];
		finding.standing = match decision {
			Decision::Confirm => Standing::Confirmed,
			Decision::Dismiss | Decision::Spam => Standing::Dismissed,
		};
		if decision == Decision::Spam {
			finding.deposit = 0;
			self.burn(reporter, deposit);
		}
		Ok(())
	}

	/// Says that a finding is gone in the current dossier.
	pub fn resolve(&mut self, by: Account, id: Id, number: usize) -> Answer {
		let organisation = *self.auditors.get(&by).ok_or("NotAuditor")?;
		let finding = self.finding(id, number)?;
		check(finding.reporter != by, "OwnFinding")?;
		let stands = matches!(finding.standing, Standing::Open | Standing::Confirmed);
		check(stands, "NotStanding")?;
		check(finding.found_in != self.open[&id].dossier, "SameDossier")?;
		self.claim(id, by, organisation, Role::Auditor)?;
		self.live(id).findings[number].standing = Standing::Resolved;
		Ok(())
	}

	pub(super) fn blocked(&self, id: Id) -> bool {
		self.open[&id].findings.iter().any(Finding::blocks)
	}

	pub(super) fn ask_review(&self, id: Id) -> Status {
		let proposal = &self.open[&id];
		let Some(review) = &proposal.review else {
			return Status::Failed(Failure::StageNotOpened);
		};
		let approving = |kind| {
			let those = review.attestations.iter();
			those
				.filter(|a| a.kind == kind && a.opinion == Opinion::Approve)
				.map(|a| a.organisation)
				.collect::<BTreeSet<_>>()
				.len()
		};
		let rules = &proposal.policy.review;
		let attested = approving(Kind::CodeReview) >= rules.approvals as usize
			&& approving(Kind::ReproducedBuild) >= rules.builds as usize;
		let blocked = self.blocked(id);
		if self.now < review.earliest {
			Status::Pending(review.earliest)
		} else if attested && !blocked {
			Status::Passed
		} else if self.now < review.latest {
			Status::Pending(review.latest)
		} else if blocked {
			Status::Failed(Failure::OpenFinding)
		} else {
			Status::Failed(Failure::TooFewAttestations)
		}
	}
}
