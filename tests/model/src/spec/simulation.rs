//! Simulation: sealed reports, agreement, bonds.

use super::*;
use airlock_report::Verdict;
use pallet_airlock_simulations::Standing;

/// A registered simulator, or a former one with a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulator {
	/// Of which organisation.
	pub organisation: u32,
	/// What is left of the bond.
	pub bond: u64,
	/// Whether it takes part.
	pub standing: Standing,
	/// Seats on open proposals.
	pub active: u32,
}

/// A report, as far as the chain looks into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
	/// Who saw the same has the same.
	pub facts: u8,
	/// What follows from it.
	pub verdict: Verdict,
	/// What it says wrongly of the first block; nothing shows it before somebody brings a header.
	pub lie: Option<Lie>,
	/// Why the chain does not take it, if so.
	pub fault: Option<Fault>,
}

/// What a report can say wrongly of a block. The chain has forgotten the block by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
	/// Another state root than the block has.
	StateRoot,
	/// Another hash.
	Hash,
}

/// What somebody shows of a report to prove it false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
	/// The leaf of the first block.
	Leaf,
	/// And this block's header.
	Header,
	/// And the leaf of the block after it, and that one's header.
	Parent,
}

/// What the chain sees by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
	/// It is about another anchor than the round.
	OtherSubject,
	/// It lacks a section.
	SectionMissing,
	/// It lacks a check.
	LeavesMissing,
}

/// What a simulator seals: opened only by exactly the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
	/// Whose seal it is.
	pub by: Account,
	/// The dossier.
	pub dossier: Dossier,
	/// Round of the proposal.
	pub round: u32,
	/// Attempt of the round.
	pub attempt: u8,
	/// What is hidden.
	pub report: Report,
	/// Hides it.
	pub salt: u8,
}

/// What has come of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
	/// Nothing yet.
	Sealed,
	/// A report that counts.
	Report(Report),
	/// The window is over.
	Nothing,
	/// A report that was proven false.
	Lie,
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
	/// What was shown.
	pub shown: Shown,
}

/// A round of simulation.
#[derive(Clone, Debug)]
pub struct Round {
	/// The dossier.
	pub dossier: Dossier,
	/// Round of the proposal.
	pub round: u32,
	/// Attempt of the round.
	pub attempt: u8,
	/// Blocks to replay.
	pub blocks: u32,
	/// The rules when it was opened.
	pub rules: SimulationPolicy<Block>,
	/// The first block in which no commitment is taken.
	pub commit_until: Block,
	/// The first block in which no report is taken.
	pub reveal_until: Block,
	/// It is drawn which leaves are shown.
	pub drawn: bool,
	/// The stage is over.
	pub closed: bool,
	/// In the order of their commitments.
	pub submissions: Vec<Submission>,
}

impl Spec {
	// --- The registry ---------------------------------------------------------------------------------------

	/// The council admits a simulator.
	pub fn admit_simulator(&mut self, allowed: bool, who: Account, organisation: u32) -> Answer {
		check(allowed, "BadOrigin")?;
		if let Some(known) = self.simulators.get(&who) {
			serving(known)?;
			return Err("AlreadyAdmitted");
		}
		self.check_funds(who, BOND)?;
		self.hold(who, BOND);
		let simulator = Simulator {
			organisation,
			bond: BOND,
			standing: Standing::Serving,
			active: 0,
		};
		self.simulators.insert(who, simulator);
		Ok(())
	}

	/// The council removes a simulator.
	pub fn remove_simulator(&mut self, allowed: bool, who: Account) -> Answer {
		check(allowed, "BadOrigin")?;
		let simulator = self.simulators.get_mut(&who).ok_or("NotSimulator")?;
		if simulator.active > 0 {
			serving(simulator)?;
			simulator.standing = Standing::Leaving;
		} else {
			self.dismiss(who);
		}
		Ok(())
	}

	/// Makes a bond whole.
	pub fn top_up(&mut self, who: Account) -> Answer {
		let simulator = self.simulators.get(&who).ok_or("NotSimulator")?;
		serving(simulator)?;
		let missing = BOND - simulator.bond;
		check(missing > 0, "BondFull")?;
		self.check_funds(who, missing)?;
		self.hold(who, missing);
		self.simulator(who).bond = BOND;
		Ok(())
	}

	fn simulator(&mut self, who: Account) -> &mut Simulator {
		self.simulators.get_mut(&who).expect("it has a seat")
	}

	fn dismiss(&mut self, who: Account) {
		if let Some(simulator) = self.simulators.remove(&who) {
			self.release(who, simulator.bond);
		}
	}

	// --- A round --------------------------------------------------------------------------------------------

	pub(super) fn open_simulation(&mut self, id: Id) {
		self.drop_submissions(id);
		let now = self.now;
		let proposal = self.live(id);
		let rules = proposal.policy.simulation.clone();
		let commit_until = now + rules.commit_window;
		proposal.simulation = Some(Round {
			dossier: proposal.dossier,
			round: proposal.round,
			attempt: 0,
			// Block 0 cannot be replayed.
			blocks: rules.replay_blocks.min(now - 1),
			commit_until,
			reveal_until: commit_until + rules.reveal_window,
			rules,
			drawn: false,
			closed: false,
			submissions: Vec::new(),
		});
	}

	/// Gives all seats back.
	pub(super) fn drop_submissions(&mut self, id: Id) {
		let round = self.live(id).simulation.as_mut();
		let seats = round.map_or_else(Vec::new, |round| std::mem::take(&mut round.submissions));
		for seat in seats {
			let simulator = self.simulator(seat.by);
			simulator.active -= 1;
			if simulator.active == 0 && simulator.standing != Standing::Serving {
				self.dismiss(seat.by);
			}
		}
	}

	/// Seals a report, and names the round and the attempt that it is for.
	pub fn commit(&mut self, who: Account, id: Id, named: (u32, u8), seal: Seal) -> Answer {
		let simulator = self.simulators.get(&who).ok_or("NotSimulator")?;
		serving(simulator)?;
		check(simulator.bond * 2 >= BOND, "BondTooLow")?;
		let organisation = simulator.organisation;
		let now = self.now;
		let round = self.open.get(&id).and_then(|p| p.simulation.as_ref());
		let round = round.ok_or("NoRound")?;
		check(!round.closed && now < round.commit_until, "CommitOver")?;
		check(named == (round.round, round.attempt), "OtherAttempt")?;
		for other in &round.submissions {
			check(other.by != who, "AlreadyCommitted")?;
			check(other.organisation != organisation, "OrganisationHasSeat")?;
		}
		let taken = round.submissions.len();
		check(taken < round.rules.seats as usize, "NoSeatLeft")?;
		self.claim(id, who, organisation, Role::Simulator)?;
		self.simulator(who).active += 1;
		if let Some(round) = &mut self.live(id).simulation {
			round.submissions.push(Submission {
				by: who,
				organisation,
				seal,
				shown: Shown::Sealed,
			});
		}
		Ok(())
	}

	/// Shows a sealed report, with all leaves that were drawn or without one of them.
	pub fn reveal(
		&mut self,
		who: Account,
		id: Id,
		report: Report,
		salt: u8,
		opened: bool,
	) -> Answer {
		let now = self.now;
		let expelled = self
			.simulators
			.get(&who)
			.is_none_or(|s| s.standing == Standing::Expelled);
		let round = self.open.get_mut(&id).and_then(|p| p.simulation.as_mut());
		let round = round.ok_or("NoRound")?;
		check(!round.closed, "RevealOver")?;
		check(now >= round.commit_until, "StillCommitting")?;
		check(round.drawn, "SeedNotDrawn")?;
		check(now < round.reveal_until, "RevealOver")?;
		let opens = Seal {
			by: who,
			dossier: round.dossier,
			round: round.round,
			attempt: round.attempt,
			report,
			salt,
		};
		let known_lie = |s: &Submission| s.shown == Shown::Lie && s.seal.report == report;
		let known_lie = round.submissions.iter().any(known_lie);
		let (blocks, mut seats) = (round.blocks, round.submissions.iter_mut());
		let mine = seats.find(|s| s.by == who).ok_or("NotCommitted")?;
		check(mine.shown == Shown::Sealed, "AlreadyRevealed")?;
		check(!expelled, "Expelled")?;
		check(mine.seal == opens, "CommitmentMismatch")?;
		check(!known_lie, "ProvenFalse")?;
		check(report.fault != Some(Fault::OtherSubject), "OtherSubject")?;
		// Without a block there is no replay.
		let complete = report.fault != Some(Fault::SectionMissing) && blocks > 0;
		check(complete, "SectionMissing")?;
		check(report.fault != Some(Fault::LeavesMissing), "LeavesMissing")?;
		check(opened, "TooFewOpenings")?;
		// The only block is the anchor. Its hash is never forgotten, and its leaf is always drawn.
		let seen = report.lie == Some(Lie::Hash) && blocks == 1;
		check(!seen, "LeafOfOtherHash")?;
		mine.shown = Shown::Report(report);
		Ok(())
	}

	/// Proves a report false: a root by the header of the block, a hash by that of the next block, which names its parent.
	pub fn challenge(&mut self, who: Account, id: Id, report: Report, proof: Proof) -> Answer {
		let round = self.open.get(&id).and_then(|p| p.simulation.as_ref());
		let round = round.ok_or("NoRound")?;
		let shown = |s: &&Submission| s.shown == Shown::Report(report);
		let liars: Vec<Submission> = round.submissions.iter().filter(shown).cloned().collect();
		check(!liars.is_empty(), "NoReport")?;
		match (report.lie, proof) {
			// There is no next one.
			(_, Proof::Parent) if round.blocks < 2 => return Err("LeavesNotAdjacent"),
			(Some(Lie::StateRoot), Proof::Header) | (Some(Lie::Hash), Proof::Parent) => (),
			// No block has this hash.
			(Some(Lie::Hash), Proof::Header) => return Err("HeaderNotOfLeaf"),
			_ => return Err("NothingProven"),
		}
		let own = self.simulators.get(&who).map(|s| s.organisation);
		let one_of_them = |s: &Submission| s.by == who || Some(s.organisation) == own;
		let rewarded = !liars.iter().any(one_of_them);
		for liar in liars {
			let bond = std::mem::take(&mut self.simulator(liar.by).bond);
			self.simulator(liar.by).standing = Standing::Expelled;
			let reward = if rewarded { bond / 2 } else { 0 };
			self.pay_held(liar.by, who, reward);
			self.burn_held(liar.by, bond - reward);
		}
		let round = self.live(id).simulation.as_mut();
		for seat in round.into_iter().flat_map(|r| &mut r.submissions) {
			if seat.shown == Shown::Report(report) {
				seat.shown = Shown::Lie;
			}
		}
		let stage = self.open[&id].stage;
		let unsupported = self.agreed(id) != Ok(Verdict::Pass);
		if unsupported && stage > Stage::Simulation && stage < Stage::Probation {
			self.end_failed(id, Failure::FalseReport);
		}
		Ok(())
	}

	/// What enough of those who are believed agree on.
	fn agreed(&self, id: Id) -> Result<Verdict, Failure> {
		let Some(round) = &self.open[&id].simulation else {
			return Err(Failure::StageNotOpened);
		};
		let believed = |who: Account| {
			let known = self.simulators.get(&who);
			known.is_some_and(|s| s.standing != Standing::Expelled)
		};
		let mut seen: Vec<(Report, u32)> = Vec::new();
		for submission in round.submissions.iter().filter(|s| believed(s.by)) {
			let Shown::Report(report) = submission.shown else {
				continue;
			};
			match seen.iter_mut().find(|(other, _)| *other == report) {
				Some((_, count)) => *count += 1,
				None => seen.push((report, 1)),
			}
		}
		let enough = |(_, count): &&(Report, u32)| *count >= round.rules.required;
		match seen.iter().filter(enough).collect::<Vec<_>>()[..] {
			[(report, _)] => Ok(report.verdict),
			[] if seen.len() < 2 => Err(Failure::TooFewReports),
			_ => Err(Failure::ReportsDisagree),
		}
	}

	pub(super) fn ask_simulation(&mut self, id: Id) -> Status {
		let (now, agreed) = (self.now, self.agreed(id));
		let Some(round) = &mut self.live(id).simulation else {
			return Status::Failed(Failure::StageNotOpened);
		};
		if now < round.commit_until {
			return Status::Pending(round.commit_until);
		}
		if round.submissions.is_empty() {
			return self.extend_or_fail(id, Failure::TooFewReports);
		}
		if !round.drawn {
			round.drawn = true;
			round.reveal_until = now + round.rules.reveal_window;
		}
		let sealed = |s: &&mut Submission| s.shown == Shown::Sealed;
		let all = round.submissions.iter_mut().find(sealed).is_none();
		if now < round.reveal_until && !(all && agreed == Ok(Verdict::Pass)) {
			return Status::Pending(round.reveal_until);
		}
		let mut silent = Vec::new();
		for submission in round.submissions.iter_mut().filter(sealed) {
			submission.shown = Shown::Nothing;
			silent.push(submission.by);
		}
		for who in silent {
			let fine = FINE.min(self.simulator(who).bond);
			self.simulator(who).bond -= fine;
			self.burn_held(who, fine);
		}
		match agreed {
			Ok(Verdict::Pass) => Status::Passed,
			Ok(Verdict::Fail) => Status::Failed(Failure::SimulationFailed),
			Ok(Verdict::Inconclusive) => self.extend_or_fail(id, Failure::SimulationFailed),
			Err(why) => self.extend_or_fail(id, why),
		}
	}

	/// Without a result it is tried once more.
	fn extend_or_fail(&mut self, id: Id, why: Failure) -> Status {
		let now = self.now;
		if self.open[&id]
			.simulation
			.as_ref()
			.is_none_or(|r| r.attempt > 0)
		{
			return Status::Failed(why);
		}
		self.drop_submissions(id);
		let Some(round) = &mut self.live(id).simulation else {
			return Status::Failed(Failure::StageNotOpened);
		};
		round.attempt += 1;
		round.drawn = false;
		round.commit_until = now + round.rules.commit_window;
		round.reveal_until = round.commit_until + round.rules.reveal_window;
		Status::Pending(round.commit_until)
	}
}

fn serving(simulator: &Simulator) -> Answer {
	match simulator.standing {
		Standing::Serving => Ok(()),
		Standing::Leaving => Err("Leaving"),
		Standing::Expelled => Err("Expelled"),
	}
}
