//! Vote, timelock and probation: what validators decide.

use super::*;
use pallet_airlock_supermajority::Vote;

/// One vote in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elector {
	/// Of which organisation.
	pub organisation: u32,
	/// What the vote weighs, after the cap.
	pub power: u64,
	/// What it says.
	pub vote: Option<Vote>,
}

/// A vote.
#[derive(Clone, Debug)]
pub struct Ballot {
	/// The dossier.
	pub dossier: Dossier,
	/// The first block in which no vote is taken.
	pub closes: Block,
	/// By how much it was extended.
	pub extended: Block,
	/// Power of the whole snapshot, before caps.
	pub total: u64,
	/// The snapshot.
	pub electors: BTreeMap<Account, Elector>,
	/// The stage is over.
	pub closed: bool,
	/// It is the second vote of the proposal: too many of the first snapshot had left.
	pub again: bool,
}

impl Ballot {
	/// Power behind an opinion.
	pub fn side(&self, vote: Vote) -> u64 {
		self.power(|_, elector| elector.vote == Some(vote))
	}

	fn power(&self, which: impl Fn(Account, &Elector) -> bool) -> u64 {
		let those = self.electors.iter().filter(|(who, e)| which(**who, e));
		those.map(|(_, e)| e.power).sum()
	}
}

/// An approved upgrade.
#[derive(Clone, Debug)]
pub struct Timelock {
	/// The block of the switch.
	pub due: Block,
	/// The last block in which it is tried.
	pub expires: Block,
	/// Who is ready.
	pub ready: BTreeSet<Account>,
}

/// An upgrade on probation.
#[derive(Clone, Debug)]
pub struct Trial {
	/// Whose.
	pub id: Id,
	/// The code it replaced.
	pub parent: Code,
	/// The way back.
	pub way: Way,
	/// The block of the switch.
	pub since: Block,
	/// Silence is judged here.
	pub critical_ends: Block,
	/// Reports are heard until here.
	pub watch_ends: Block,
	/// It ends well here.
	pub closes: Block,
	/// The critical window ended well.
	pub survived: bool,
	/// A migration of the new code failed.
	pub migration_failed: bool,
	/// The last report of each validator.
	pub reports: BTreeMap<Account, bool>,
}

impl Spec {
	// --- The vote -------------------------------------------------------------------------------------------

	/// Everybody in the set gets a vote; no organisation counts above its cap.
	pub(super) fn open_ballot(&mut self, id: Id) {
		let again = self.open[&id].ballot.is_some();
		let rules = self.open[&id].policy.ballot.clone();
		let total = self.total();
		let share = rules.organisation_cap;
		let cap = total * u64::from(share.num) / u64::from(share.den);
		let mut used = BTreeMap::<u32, u64>::new();
		let mut electors = BTreeMap::new();
		for seat in &self.set {
			let counted = used.entry(seat.organisation).or_default();
			let power = seat.power.min(cap.saturating_sub(*counted));
			*counted += power;
			let elector = Elector {
				organisation: seat.organisation,
				power,
				vote: None,
			};
			electors.insert(seat.account, elector);
		}
		let closes = self.now + rules.window;
		let proposal = self.live(id);
		proposal.ballot = Some(Ballot {
			dossier: proposal.dossier,
			closes,
			extended: 0,
			total,
			electors,
			closed: false,
			again,
		});
	}

	/// Votes, or votes anew.
	pub fn vote(&mut self, who: Account, id: Id, dossier: &Dossier, vote: Vote) -> Answer {
		let now = self.now;
		let proposal = self.open.get(&id).ok_or("NoBallot")?;
		let rules = &proposal.policy.ballot;
		let ballot = proposal.ballot.as_ref().ok_or("NoBallot")?;
		check(!ballot.closed && now < ballot.closes, "BallotClosed")?;
		check(ballot.dossier == *dossier, "OtherDossier")?;
		check(ballot.electors.contains_key(&who), "NotElector")?;
		let wanted = (now + rules.extension).saturating_sub(ballot.closes);
		let by = wanted.min(rules.extension_cap - ballot.extended);
		let before = self.would_pass(id);
		if let Some(elector) = self.ballot_mut(id).electors.get_mut(&who) {
			elector.vote = Some(vote);
		}
		if self.would_pass(id) != before {
			// A late swing gives the others time to answer.
			let ballot = self.ballot_mut(id);
			ballot.closes += by;
			ballot.extended += by;
		}
		Ok(())
	}

	fn ballot_mut(&mut self, id: Id) -> &mut Ballot {
		self.live(id).ballot.as_mut().expect("it has a vote")
	}

	pub(super) fn ask_ballot(&mut self, id: Id) -> Status {
		let proposal = &self.open[&id];
		let Some(ballot) = &proposal.ballot else {
			return Status::Failed(Failure::StageNotOpened);
		};
		let approval = proposal.policy.ballot.approval;
		let (all, nays) = (ballot.total, ballot.side(Vote::Nay));
		let reachable =
			(all - nays) * u64::from(approval.den) >= all * u64::from(approval.num) && all > 0;
		if !reachable {
			return Status::Failed(Failure::NotApproved);
		}
		if self.now < ballot.closes {
			return Status::Pending(ballot.closes);
		}
		let left = ballot.power(|who, _| self.seat(who).is_none());
		if left * 3 > ballot.power(|_, _| true) && !ballot.again {
			// Once more, on the set as it is now.
			let until = self.now + proposal.policy.ballot.window;
			self.open_ballot(id);
			return Status::Pending(until);
		}
		match self.would_pass(id) {
			true => Status::Passed,
			false => Status::Failed(Failure::NotApproved),
		}
	}

	/// Enough Ayes of the whole snapshot, by those who are still in the set, of enough organisations.
	fn would_pass(&self, id: Id) -> bool {
		let proposal = &self.open[&id];
		let Some(ballot) = &proposal.ballot else {
			return false;
		};
		let rules = &proposal.policy.ballot;
		let aye = |who, e: &Elector| e.vote == Some(Vote::Aye) && self.seat(who).is_some();
		let ayes = ballot.power(aye);
		let those = ballot.electors.iter().filter(|(who, e)| aye(**who, e));
		let organisations: BTreeSet<u32> = those.map(|(_, e)| e.organisation).collect();
		ballot.total > 0
			&& ayes * u64::from(rules.approval.den) >= ballot.total * u64::from(rules.approval.num)
			&& organisations.len() >= rules.organisations as usize
	}

	// --- The stop -------------------------------------------------------------------------------------------

	/// Calls for a stop of a dossier: more than a third of the current power ends it at once.
	pub fn stop(&mut self, who: Account, id: Id, dossier: &Dossier) -> Answer {
		self.seat(who).ok_or("NotValidator")?;
		let proposal = self.open.get(&id).ok_or("CannotStop")?;
		check(proposal.stage < Stage::Probation, "CannotStop")?;
		check(proposal.dossier == *dossier, "OtherDossier")?;
		let calls = proposal.stops.clone().filter(|(of, _)| of == dossier);
		let mut stops = calls.map(|(_, who)| who).unwrap_or_default();
		check(!stops.contains(&who), "AlreadyCalled")?;
		stops.retain(|who| self.seat(*who).is_some());
		stops.insert(who);
		let against = self.power_of(|who| stops.contains(&who));
		self.live(id).stops = Some((*dossier, stops));
		if against * 3 > self.total() {
			self.end_failed(id, Failure::StoppedByValidators);
		}
		Ok(())
	}

	/// Takes one's call for a stop back.
	pub fn retract_stop(&mut self, who: Account, id: Id) -> Answer {
		let proposal = self.open.get_mut(&id).ok_or("NotCalled")?;
		let (_, stops) = proposal.stops.as_mut().ok_or("NotCalled")?;
		check(stops.remove(&who), "NotCalled")?;
		if stops.is_empty() {
			proposal.stops = None;
		}
		Ok(())
	}

	// --- The switch -----------------------------------------------------------------------------------------

	pub(super) fn open_timelock(&mut self, id: Id) {
		let now = self.now;
		let proposal = self.live(id);
		let rules = &proposal.policy.enactment;
		let due = now + rules.timelock;
		proposal.timelock = Some(Timelock {
			due,
			expires: due + rules.grace,
			ready: BTreeSet::new(),
		});
	}

	/// Says that one's node can run an approved upgrade.
	pub fn signal_readiness(&mut self, who: Account, id: Id, dossier: &Dossier) -> Answer {
		self.seat(who).ok_or("NotValidator")?;
		let proposal = self.open.get_mut(&id).ok_or("NotInTimelock")?;
		let same = proposal.dossier == *dossier;
		let timelock = proposal.timelock.as_mut().ok_or("NotInTimelock")?;
		check(same, "OtherDossier")?;
		check(timelock.ready.insert(who), "AlreadyReady")
	}

	/// Takes a signal of readiness back.
	pub fn retract_readiness(&mut self, who: Account, id: Id) -> Answer {
		let proposal = self.open.get_mut(&id).ok_or("NotInTimelock")?;
		let timelock = proposal.timelock.as_mut().ok_or("NotInTimelock")?;
		check(timelock.ready.remove(&who), "NotReady")
	}

	pub(super) fn ask_timelock(&mut self, id: Id) -> Status {
		let Some(timelock) = &self.open[&id].timelock else {
			return Status::Failed(Failure::StageNotOpened);
		};
		if self.now < timelock.due {
			return Status::Pending(timelock.due);
		}
		let expired = self.now >= timelock.expires;
		match self.unmet(id) {
			None => {
				self.switch(id);
				Status::Passed
			}
			Some(unmet) if expired || unmet == Precondition::ParentCode => {
				Status::Failed(Failure::Precondition(unmet))
			}
			Some(_) => Status::Pending(self.now + 1),
		}
	}

	/// The first condition of the switch that does not hold.
	fn unmet(&self, id: Id) -> Option<Precondition> {
		let proposal = &self.open[&id];
		let total = self.total();
		let ready = self.power_of(|who| {
			let timelock = proposal.timelock.as_ref();
			timelock.is_some_and(|t| t.ready.contains(&who))
		});
		let ayes = self.power_of(|who| {
			let elector = proposal.ballot.as_ref().and_then(|b| b.electors.get(&who));
			elector.is_some_and(|e| e.vote == Some(Vote::Aye))
		});
		let share = proposal.policy.enactment.readiness;
		let enough = ready * u64::from(share.den) >= total * u64::from(share.num) && total > 0;
		// Whoever reported it, for the first half of the grace.
		let doubted = match &proposal.timelock {
			Some(lock) if (self.now - lock.due) * 2 < lock.expires - lock.due => self.blocked(id),
			_ => self.doubted(id),
		};
		let conditions = [
			// Another upgrade took the version, and the chain went back to this one's parent.
			(
				proposal.dossier.code.version > self.highest,
				Precondition::ParentCode,
			),
			(self.trial.is_none() && !self.locked, Precondition::LaneFree),
			(!doubted, Precondition::NoOpenFinding),
			(enough, Precondition::Readiness),
			(ayes * 3 > total * 2, Precondition::CurrentMajority),
			(!self.migrating, Precondition::NoMigration),
			(!self.changing, Precondition::NoAuthorityChange),
			(
				self.bytes.contains(&proposal.dossier.code),
				Precondition::Bytes,
			),
		];
		let unmet = conditions.into_iter().find(|(holds, _)| !holds);
		unmet.map(|(_, condition)| condition)
	}

	fn switch(&mut self, id: Id) {
		let dossier = self.open[&id].dossier;
		if dossier.way == Way::Previous {
			// The running code stays on chain beside the new one.
			self.want(&[self.code]);
			self.bytes.insert(self.code);
		}
		self.write(id, dossier.code);
		self.highest = dossier.code.version;
	}

	fn write(&mut self, id: Id, code: Code) {
		self.code = code;
		self.writes.push((id, code));
	}

	// --- Probation ------------------------------------------------------------------------------------------

	pub(super) fn open_probation(&mut self, id: Id) {
		let proposal = &self.open[&id];
		let rules = &proposal.policy.probation;
		let critical_ends = self.now + rules.critical;
		let watch_ends = critical_ends + rules.watch;
		self.trial = Some(Trial {
			id,
			parent: proposal.dossier.parent,
			way: proposal.dossier.way,
			since: self.now,
			critical_ends,
			watch_ends,
			closes: watch_ends + rules.close_out,
			survived: false,
			migration_failed: false,
			reports: BTreeMap::new(),
		});
	}

	/// Reports how the new code does.
	pub fn report_health(&mut self, who: Account, id: Id, healthy: bool) -> Answer {
		self.seat(who).ok_or("NotValidator")?;
		let now = self.now;
		let trial = self.trial.as_mut().ok_or("NotOnProbation")?;
		check(trial.id == id, "NotOnProbation")?;
		check(now < trial.watch_ends, "WatchIsOver")?;
		trial.reports.insert(who, healthy);
		Ok(())
	}

	/// A migration of the new code fails.
	pub fn fail_migration(&mut self) {
		if let Some(trial) = &mut self.trial {
			trial.migration_failed = true;
		}
	}

	pub(super) fn ask_probation(&mut self, id: Id) -> Status {
		let now = self.now;
		let Some(trial) = self.trial.as_ref().filter(|trial| trial.id == id) else {
			return Status::Failed(Failure::StageNotOpened);
		};
		let said = |what| self.power_of(|who| trial.reports.get(&who) == Some(&what));
		let total = self.total();
		let quorum = self.open[&id].policy.probation.healthy_quorum;
		let enough =
			total > 0 && said(true) * u64::from(quorum.den) >= total * u64::from(quorum.num);
		let judged = now >= trial.critical_ends && !trial.survived;
		let (watched, closes) = (now <= trial.watch_ends, trial.closes);
		let quiet = trial.survived && now >= trial.watch_ends && !self.migrating;
		if self
			.trial
			.as_ref()
			.is_some_and(|trial| trial.migration_failed)
		{
			return self.go_back(id, Failure::Migration);
		}
		if watched && said(false) * 3 > total {
			return self.go_back(id, Failure::ReportedUnhealthy);
		}
		if judged && self.migrating {
			return self.go_back(id, Failure::Migration);
		}
		if judged && !enough {
			return self.go_back(id, Failure::Silence);
		}
		if judged {
			if let Some(trial) = &mut self.trial {
				trial.survived = true;
			}
		} else if now >= closes {
			self.in_a_row = 0;
			return Status::Passed;
		} else if quiet {
			// Nothing is heard any more.
			return Status::Pending(closes);
		}
		Status::Pending(now + 1)
	}

	/// Forward to the rollback code, if there is one.
	fn go_back(&mut self, id: Id, why: Failure) -> Status {
		let dossier = self.open[&id].dossier;
		// No code is written while a migration runs, so it is given up.
		self.migrating &= dossier.way == Way::None;
		match dossier.way {
			Way::Dedicated(code) => {
				self.write(id, code);
				self.highest = code.version;
			}
			Way::Previous => self.write(id, dossier.parent),
			Way::None => (),
		}
		self.in_a_row += 1;
		self.locked |= self.in_a_row >= LOCKING;
		Status::Failed(why)
	}

	/// Allows enactments again.
	pub fn unlock(&mut self, allowed: bool) -> Answer {
		check(allowed, "BadOrigin")?;
		check(self.locked, "NotLocked")?;
		self.locked = false;
		self.in_a_row = 0;
		Ok(())
	}
}
