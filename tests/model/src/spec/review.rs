//! Review: attestations, findings, the bounty, waivers.

use super::*;
use pallet_airlock_audits::{Decision, Kind, Opinion, Severity, Status as Standing, Verdict};

/// A registered auditor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auditor {
	/// Of which organisation.
	pub organisation: u32,
	/// The first block in which it acts.
	pub acts_from: Block,
	/// Proposals with an attestation of it.
	pub active: u32,
	/// It goes with its last attestation.
	pub leaving: bool,
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
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding {
	/// Who reported it.
	pub reporter: Account,
	/// Of which organisation then.
	pub organisation: Option<u32>,
	/// Its reporter was no auditor that may act.
	pub public: bool,
	/// What is held for it.
	pub deposit: u64,
	/// How bad it is.
	pub severity: Severity,
	/// What opens it, as long as it is sealed: text and salt.
	pub seal: Option<(u8, u8)>,
	/// The dossier in which it was found.
	pub found_in: Dossier,
	/// Where it stands.
	pub standing: Standing,
	/// It was found to be true.
	pub confirmed: bool,
	/// The dossier for which it stands so.
	pub judged_in: Dossier,
	/// What one organisation says and no second one, yet.
	pub judgements: Vec<(u32, Dossier, Verdict)>,
}

impl Finding {
	/// True if it stops an upgrade.
	pub fn blocks(&self) -> bool {
		let stands = matches!(self.standing, Standing::Open | Standing::Confirmed);
		severe(self.severity) && stands
	}

	/// True if an auditor reported it, or says of this dossier that it is true and severe.
	fn is_backed(&self, dossier: &Dossier) -> bool {
		let agrees = |verdict: &Verdict| match verdict {
			Verdict::Triage(Decision::Confirm) => true,
			Verdict::Triage(Decision::ConfirmAs(lower)) => severe(*lower),
			_ => false,
		};
		let said = self.judgements.iter();
		let mut said = said.filter(|(_, of, _)| of == dossier);
		!self.public || self.confirmed || said.any(|(.., verdict)| agrees(verdict))
	}

	fn become_standing(&mut self, standing: Standing, dossier: Dossier) {
		self.standing = standing;
		self.judged_in = dossier;
		self.judgements.clear();
	}
}

/// What somebody put into a bounty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
	/// Who.
	pub funder: Account,
	/// All of it.
	pub funded: u64,
	/// What is left.
	pub left: u64,
}

fn severe(severity: Severity) -> bool {
	matches!(severity, Severity::High | Severity::Critical)
}

impl Spec {
	// --- The registry ---------------------------------------------------------------------------------------

	/// The council admits an auditor.
	pub fn admit_auditor(&mut self, allowed: bool, who: Account, organisation: u32) -> Answer {
		check(allowed, "BadOrigin")?;
		check(!self.auditors.contains_key(&who), "AlreadyAdmitted")?;
		self.check_funds(who, BOND)?;
		self.hold(who, BOND);
		let auditor = Auditor {
			organisation,
			acts_from: self.now + COOLING,
			active: 0,
			leaving: false,
		};
		self.auditors.insert(who, auditor);
		Ok(())
	}

	/// The council removes an auditor.
	pub fn remove_auditor(&mut self, allowed: bool, who: Account) -> Answer {
		check(allowed, "BadOrigin")?;
		let auditor = self.auditors.get_mut(&who).ok_or("NotAuditor")?;
		check(!auditor.leaving, "Leaving")?;
		auditor.leaving = true;
		self.disengage(who, 0);
		Ok(())
	}

	/// Some attestations of an auditor are gone; who leaves goes with the last one.
	fn disengage(&mut self, who: Account, times: u32) {
		let Some(auditor) = self.auditors.get_mut(&who) else {
			return;
		};
		auditor.active -= times;
		if auditor.leaving && auditor.active == 0 {
			self.auditors.remove(&who);
			self.release(who, BOND);
		}
	}

	/// The organisation of an auditor that may act.
	fn acting(&self, who: Account) -> Result<u32, Refusal> {
		let auditor = self.auditors.get(&who).ok_or("NotAuditor")?;
		check(!auditor.leaving, "Leaving")?;
		check(self.now >= auditor.acts_from, "CoolingPeriod")?;
		Ok(auditor.organisation)
	}

	fn audits_for(&self, who: Account) -> Option<u32> {
		self.auditors.get(&who).map(|a| a.organisation)
	}

	/// The proposer, or a colleague.
	fn proposed(&self, id: Id, who: Account, organisation: Option<u32>) -> bool {
		let proposer = self.open[&id].proposer;
		let colleague = organisation.is_some() && organisation == self.audits_for(proposer);
		proposer == who || colleague
	}

	// --- Attestations ---------------------------------------------------------------------------------------

	pub(super) fn open_review(&mut self, id: Id) {
		self.drop_attestations(id);
		let now = self.now;
		let proposal = self.live(id);
		let dossier = proposal.dossier;
		proposal.waivers.retain(|_, (of, _)| *of == dossier);
		for finding in &mut proposal.findings {
			let settled = matches!(finding.standing, Standing::Resolved | Standing::Waived);
			if settled && finding.judged_in != dossier {
				let before = if finding.confirmed {
					Standing::Confirmed
				} else {
					Standing::Open
				};
				finding.become_standing(before, dossier);
			}
		}
		let rules = &proposal.policy.review;
		let earliest = now + rules.minimum + rules.per_pallet * dossier.scope;
		proposal.review = Some(Review {
			dossier,
			earliest,
			latest: earliest + rules.grace,
			closed: false,
		});
	}

	pub(super) fn drop_attestations(&mut self, id: Id) {
		let dropped = std::mem::take(&mut self.live(id).attestations);
		let auditors: BTreeSet<Account> = dropped.into_iter().map(|a| a.by).collect();
		for who in auditors {
			self.disengage(who, 1);
		}
	}

	fn running_review(&self, id: Id) -> Result<&Review, Refusal> {
		let review = self.open.get(&id).and_then(|p| p.review.as_ref());
		review.filter(|r| !r.closed).ok_or("NotInReview")
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
		let organisation = self.acting(by)?;
		let review = self.running_review(id)?;
		check(review.dossier == *dossier, "OtherDossier")?;
		let own = self.proposed(id, by, Some(organisation));
		check(!own, "OwnProposal")?;
		let said = self.open[&id].attestations.clone();
		self.check_claim(id, by, organisation, Role::Auditor)?;
		let again = |a: &Attestation| a.organisation == organisation && a.kind == kind;
		check(!said.iter().any(again), "OrganisationAlreadyAttested")?;
		check(said.len() < MAX_ATTESTATIONS, "TooManyAttestations")?;
		self.claim(id, by, organisation, Role::Auditor)?;
		if let Some(auditor) = self.auditors.get_mut(&by) {
			auditor.active += u32::from(said.iter().all(|a| a.by != by));
		}
		self.live(id).attestations.push(Attestation {
			by,
			organisation,
			kind,
			opinion,
		});
		Ok(())
	}

	/// Takes an attestation back.
	pub fn retract(&mut self, by: Account, id: Id, kind: Kind) -> Answer {
		self.running_review(id)?;
		let said = &mut self.live(id).attestations;
		let before = said.len();
		said.retain(|a| a.by != by || a.kind != kind);
		check(said.len() < before, "NotAttested")?;
		if said.iter().all(|a| a.by != by) {
			self.disengage(by, 1);
		}
		Ok(())
	}

	/// Declares an interest: neither the auditor nor its organisation judges it.
	pub fn declare_conflict(&mut self, who: Account, id: Id) -> Answer {
		let organisation = self.audits_for(who).ok_or("NotAuditor")?;
		self.claim(id, who, organisation, Role::Conflicted)
	}

	pub(super) fn ask_review(&self, id: Id) -> Status {
		let proposal = &self.open[&id];
		let Some(review) = &proposal.review else {
			return Status::Failed(Failure::StageNotOpened);
		};
		let approving = |kind| {
			let those = proposal.attestations.iter();
			let those = those.filter(|a| a.kind == kind && a.opinion == Opinion::Approve);
			let organisations: BTreeSet<u32> = those.map(|a| a.organisation).collect();
			organisations.len() as u32
		};
		let rules = &proposal.policy.review;
		let attested = approving(Kind::CodeReview) >= rules.approvals
			&& approving(Kind::ReproducedBuild) >= rules.builds;
		let funded: u64 = proposal.bounty.iter().map(|part| part.funded).sum();
		let (paid, blocked) = (funded >= MIN_BOUNTY, self.blocked(id));
		if self.now < review.earliest {
			Status::Pending(review.earliest)
		} else if attested && paid && !blocked {
			Status::Passed
		} else if self.now < review.latest {
			Status::Pending(review.latest)
		} else if blocked {
			Status::Failed(Failure::OpenFinding)
		} else if attested {
			Status::Failed(Failure::BountyMissing)
		} else {
			Status::Failed(Failure::TooFewAttestations)
		}
	}

	// --- Findings -------------------------------------------------------------------------------------------

	/// True while a finding stops a proposal.
	pub fn blocked(&self, id: Id) -> bool {
		self.open[&id].findings.iter().any(Finding::blocks)
	}

	/// True while one does behind which an auditor stands.
	pub fn doubted(&self, id: Id) -> bool {
		let proposal = &self.open[&id];
		let mut findings = proposal.findings.iter();
		findings.any(|f| f.blocks() && f.is_backed(&proposal.dossier))
	}

	/// Reports a finding, openly or sealed.
	pub fn report_finding(
		&mut self,
		reporter: Account,
		id: Id,
		severity: Severity,
		seal: Option<(u8, u8)>,
	) -> Answer {
		let auditor = self.acting(reporter).ok();
		let proposal = self.open.get(&id).ok_or("NotOpen")?;
		let findings = &proposal.findings;
		if let Some(own) = auditor {
			let own = findings.iter().filter(|f| f.organisation == Some(own));
			check(own.count() < MAX_FINDINGS / 8, "TooManyFindingsOfYours")?;
		}
		let public = proposal.public_findings;
		let free = match auditor {
			Some(_) => findings.len() - public[0] - public[1] < MAX_FINDINGS / 2,
			None => public[usize::from(severe(severity))] < MAX_FINDINGS / 4,
		};
		check(free, "TooManyFindings")?;
		self.check_funds(reporter, FINDING_DEPOSIT)?;
		self.hold(reporter, FINDING_DEPOSIT);
		let organisation = self.audits_for(reporter);
		let proposal = self.live(id);
		let taken = usize::from(auditor.is_none());
		proposal.public_findings[usize::from(severe(severity))] += taken;
		proposal.findings.push(Finding {
			reporter,
			organisation,
			public: auditor.is_none(),
			deposit: FINDING_DEPOSIT,
			severity,
			seal,
			found_in: proposal.dossier,
			standing: Standing::Open,
			confirmed: false,
			judged_in: proposal.dossier,
			judgements: Vec::new(),
		});
		Ok(())
	}

	/// Shows what was sealed.
	pub fn open_finding(&mut self, who: Account, id: Id, number: u32, opens: (u8, u8)) -> Answer {
		let finding = self.finding(id, number)?;
		check(finding.reporter == who, "NotReporter")?;
		let seal = finding.seal.ok_or("NotSealed")?;
		check(seal == opens, "CommitmentMismatch")?;
		let confirmed = finding.confirmed;
		self.finding_mut(id, number).seal = None;
		if confirmed {
			self.pay_finding(id, number);
		}
		Ok(())
	}

	fn finding(&self, id: Id, number: u32) -> Result<&Finding, Refusal> {
		let proposal = self.open.get(&id).ok_or("NoFinding")?;
		proposal.findings.get(number as usize).ok_or("NoFinding")
	}

	fn finding_mut(&mut self, id: Id, number: u32) -> &mut Finding {
		&mut self.live(id).findings[number as usize]
	}

	/// Nobody judges what is their own.
	fn check_not_own(&self, id: Id, by: Account, organisation: u32, number: u32) -> Answer {
		let finding = self.finding(id, number)?;
		check(self.open[&id].review.is_some(), "NotReviewedYet")?;
		let own = Some(organisation);
		check(!self.proposed(id, by, own), "OwnProposal")?;
		let reported = finding.reporter == by
			|| finding.organisation == own
			|| self.audits_for(finding.reporter) == own;
		check(!reported, "OwnFinding")
	}

	/// Judges an open finding.
	pub fn triage(&mut self, by: Account, id: Id, number: u32, decision: Decision) -> Answer {
		let organisation = self.acting(by)?;
		self.check_not_own(id, by, organisation, number)?;
		let finding = self.finding(id, number)?;
		check(finding.standing == Standing::Open, "AlreadyTriaged")?;
		let severity = finding.severity;
		match decision {
			Decision::Duplicate(of) => {
				let original = self.finding(id, of)?;
				let wrong = matches!(original.standing, Standing::Dismissed | Standing::Duplicate);
				let sound = of < number && !wrong && original.severity >= severity;
				check(sound, "NotOriginal")?;
			}
			Decision::ConfirmAs(lower) => check(lower < severity, "NotLower")?,
			Decision::Confirm | Decision::Dismiss | Decision::Spam => (),
		}
		self.check_claim(id, by, organisation, Role::Auditor)?;
		let harmless = matches!(decision, Decision::Dismiss | Decision::Duplicate(_));
		if severe(severity) || !harmless {
			let verdict = Verdict::Triage(decision);
			if !self.seconded(id, number, organisation, verdict)? {
				return self.claim(id, by, organisation, Role::Auditor);
			}
		}
		self.claim(id, by, organisation, Role::Auditor)?;
		self.settle(id, number, decision);
		Ok(())
	}

	/// True if another organisation said so of this dossier. If not, it is noted what this one says.
	fn seconded(
		&mut self,
		id: Id,
		number: u32,
		organisation: u32,
		verdict: Verdict,
	) -> Result<bool, Refusal> {
		let dossier = self.open[&id].dossier;
		let said = &mut self.finding_mut(id, number).judgements;
		let same = |(_, of, what): &&(u32, Dossier, Verdict)| *of == dossier && *what == verdict;
		match said.iter().find(same) {
			Some((other, ..)) if *other == organisation => Err("SecondOrganisationNeeded"),
			Some(_) => Ok(true),
			None => {
				said.retain(|(who, of, _)| *of == dossier && *who != organisation);
				said.push((organisation, dossier, verdict));
				Ok(false)
			}
		}
	}

	fn settle(&mut self, id: Id, number: u32, decision: Decision) {
		let dossier = self.open[&id].dossier;
		let standing = match decision {
			Decision::Confirm | Decision::ConfirmAs(_) => Standing::Confirmed,
			Decision::Dismiss | Decision::Spam => Standing::Dismissed,
			Decision::Duplicate(_) => Standing::Duplicate,
		};
		if standing != Standing::Confirmed {
			self.live(id).waivers.remove(&number);
		}
		let finding = self.finding_mut(id, number);
		finding.become_standing(standing, dossier);
		finding.confirmed = standing == Standing::Confirmed;
		if let Decision::ConfirmAs(severity) = decision {
			finding.severity = severity;
		}
		let pays = finding.confirmed && finding.seal.is_none();
		if decision == Decision::Spam {
			let (who, amount) = (finding.reporter, std::mem::take(&mut finding.deposit));
			self.burn_held(who, amount);
		}
		if pays {
			self.pay_finding(id, number);
		}
	}

	/// Says that a finding is gone in the current dossier.
	pub fn resolve(&mut self, by: Account, id: Id, number: u32, dossier: &Dossier) -> Answer {
		let organisation = self.acting(by)?;
		self.check_not_own(id, by, organisation, number)?;
		check(self.open[&id].dossier == *dossier, "OtherDossier")?;
		let finding = self.finding(id, number)?;
		check(finding.standing == Standing::Confirmed, "NotConfirmed")?;
		check(finding.found_in != *dossier, "SameDossier")?;
		let bad = severe(finding.severity);
		self.check_claim(id, by, organisation, Role::Auditor)?;
		let gone = !bad || self.seconded(id, number, organisation, Verdict::Gone)?;
		self.claim(id, by, organisation, Role::Auditor)?;
		if gone {
			self.finding_mut(id, number)
				.become_standing(Standing::Resolved, *dossier);
			self.live(id).waivers.remove(&number);
		}
		Ok(())
	}

	// --- The bounty -----------------------------------------------------------------------------------------

	/// Puts something into the bounty.
	pub fn fund_bounty(&mut self, funder: Account, id: Id, amount: u64) -> Answer {
		let proposal = self.open.get(&id).ok_or("NotOpen")?;
		check(amount >= BOUNTY_PART, "BountyPartTooSmall")?;
		let parts = &proposal.bounty;
		let (mine, proposer) = (|p: &Part| p.funder == funder, proposal.proposer);
		// Who proposed is known from the first review on; until it has a slot the last one is kept.
		let known = proposal.review.is_some();
		let used = known && (proposer == funder || parts.iter().any(|p| p.funder == proposer));
		let slots = MAX_FUNDERS - usize::from(!used);
		let room = parts.iter().any(mine) || parts.len() < slots;
		check(room, "TooManyFunders")?;
		self.check_funds(funder, amount)?;
		self.hold(funder, amount);
		let parts = &mut self.live(id).bounty;
		match parts.iter_mut().find(|p| p.funder == funder) {
			Some(part) => {
				part.funded += amount;
				part.left += amount;
			}
			None => parts.push(Part {
				funder,
				funded: amount,
				left: amount,
			}),
		}
		Ok(())
	}

	/// The same fraction of each part but the reporter's own; nothing for the proposer's side.
	fn pay_finding(&mut self, id: Id, number: u32) {
		let finding = self.open[&id].findings[number as usize].clone();
		if self.proposed(id, finding.reporter, finding.organisation) {
			return;
		}
		let share = match finding.severity {
			Severity::Critical => 2,
			Severity::High => 4,
			Severity::Medium => 8,
			Severity::Low => 16,
		};
		let mut parts = std::mem::take(&mut self.live(id).bounty);
		for part in parts.iter_mut().filter(|p| p.funder != finding.reporter) {
			let amount = part.left / share;
			part.left -= amount;
			self.pay_held(part.funder, finding.reporter, amount);
		}
		self.live(id).bounty = parts;
	}

	/// Deposits of findings and what is left of the bounty go back.
	pub(super) fn settle_review(&mut self, id: Id) {
		self.drop_attestations(id);
		let (parts, findings) = {
			let proposal = self.live(id);
			(proposal.bounty.clone(), proposal.findings.clone())
		};
		for part in parts {
			self.release(part.funder, part.left);
		}
		for finding in findings {
			self.release(finding.reporter, finding.deposit);
		}
	}

	// --- Waivers --------------------------------------------------------------------------------------------

	/// Stands behind taking the upgrade with a finding: nine tenths of the power waive it.
	pub fn waive(&mut self, who: Account, id: Id, number: u32, dossier: &Dossier) -> Answer {
		self.seat(who).ok_or("NotValidator")?;
		let finding = self.finding(id, number)?;
		check(self.open[&id].dossier == *dossier, "OtherDossier")?;
		let stands = matches!(finding.standing, Standing::Open | Standing::Confirmed);
		check(stands, "NotStanding")?;
		let waiver = self.open[&id].waivers.get(&number).cloned();
		let waiver = waiver.filter(|(of, _)| of == dossier);
		let mut behind = waiver.map_or_else(Vec::new, |(_, who)| who);
		behind.retain(|who| self.seat(*who).is_some());
		let anew = !behind.contains(&who);
		if anew {
			behind.push(who);
		}
		let waived = self.power_of(|who| behind.contains(&who)) * 10 >= self.total() * 9;
		check(anew || waived, "AlreadyWaived")?;
		if waived {
			self.finding_mut(id, number)
				.become_standing(Standing::Waived, *dossier);
			self.live(id).waivers.remove(&number);
		} else {
			self.live(id).waivers.insert(number, (*dossier, behind));
		}
		Ok(())
	}

	/// Takes a waiver back that was not enough.
	pub fn retract_waiver(&mut self, who: Account, id: Id, number: u32) -> Answer {
		let proposal = self.open.get_mut(&id).ok_or("NotWaiving")?;
		let (_, behind) = proposal.waivers.get_mut(&number).ok_or("NotWaiving")?;
		let at = behind.iter().position(|other| *other == who);
		behind.remove(at.ok_or("NotWaiving")?);
		if behind.is_empty() {
			proposal.waivers.remove(&number);
		}
		Ok(())
	}
}
