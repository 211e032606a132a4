//! The rules, without FRAME.

mod review;
mod simulation;
mod stages;

pub use review::{Attestation, Auditor, Finding, Part, Review};
pub use simulation::{Fault, Lie, Proof, Report, Round, Seal, Shown, Simulator, Submission};
pub use stages::{Ballot, Elector, Timelock, Trial};

use airlock_primitives::{
	Class, ClassPolicy, Failure, Outcome, Party, Policy, Precondition, Role, SimulationPolicy,
	Stage,
};
use std::collections::{BTreeMap, BTreeSet};

/// An account.
pub type Account = u64;
/// Number of a proposal.
pub type Id = u32;
/// A block's number.
pub type Block = u32;
/// The name of an error, as the pallets' metadata has it.
pub type Refusal = &'static str;
/// What a call answers.
pub type Answer = Result<(), Refusal>;

/// Deposit of a proposal, before its bytes.
pub const BASE_DEPOSIT: u64 = 100;
/// What every account must keep free.
pub const EXISTENTIAL_DEPOSIT: u64 = 1;
/// Most open proposals.
pub const MAX_OPEN: usize = 5;
/// How many of them are for validators, one each, when the others are taken.
pub const RESERVED: usize = 2;
/// Most dossiers of one proposal.
pub const MAX_ROUNDS: u32 = 3;
/// Who ends a proposal before its bytes have passed loses one part in so many of the deposit.
pub const FORFEIT: u64 = 10;
/// A scope with this pallet touches the lifecycle itself.
pub const LIFECYCLE_PALLET: u8 = 2;
/// Most open proposals of one account.
pub const MAX_OPEN_BY_ONE: usize = 2;
/// Most proposals that move by themselves in one block.
pub const MAX_DUE: usize = 2;
/// Bond of a simulator, and of an auditor.
pub const BOND: u64 = 200;
/// What a simulator pays that shows nothing of what it sealed.
pub const FINE: u64 = 60;
/// Blocks between an auditor's admission and its first act.
pub const COOLING: Block = 3;
/// Most attestations on one proposal.
pub const MAX_ATTESTATIONS: usize = 6;
/// Most findings on one proposal: a quarter for severe ones of others than auditors, a quarter for their other ones, and
/// the other half for auditors, of which each organisation has a quarter.
pub const MAX_FINDINGS: usize = 16;
/// Deposit of a finding.
pub const FINDING_DEPOSIT: u64 = 20;
/// What must be put into a bounty.
pub const MIN_BOUNTY: u64 = 40;
/// The least that is put into it at a time.
pub const BOUNTY_PART: u64 = 10;
/// Most funders of a bounty, the proposer among them.
pub const MAX_FUNDERS: usize = 3;
/// Rollbacks in a row that lock the lane.
pub const LOCKING: u8 = 2;

/// A blob: its version, and what else distinguishes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
	/// `spec_version`.
	pub version: u32,
	/// Two blobs of one version differ in this. Some flavours are no runtimes of this chain.
	pub flavour: u8,
}

impl Code {
	/// The flavour of bytes that are no WebAssembly.
	pub const NO_WASM: u8 = 250;
	/// The flavour of a runtime with another chain's name.
	pub const OTHER_CHAIN: u8 = 251;
	/// The flavour of a runtime that lacks a required API.
	pub const LACKS_API: u8 = 252;

	fn preflight(self) -> Answer {
		match self.flavour {
			Self::NO_WASM => Err("BlobMalformed"),
			Self::OTHER_CHAIN => Err("SpecNameDiffers"),
			Self::LACKS_API => Err("MissingRuntimeApi"),
			_ => Ok(()),
		}
	}
}

/// The way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
	/// To code made for it.
	Dedicated(Code),
	/// To the code that was replaced.
	Previous,
	/// There is none.
	None,
}

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dossier {
	/// The candidate.
	pub code: Code,
	/// The code it replaces.
	pub parent: Code,
	/// The way back.
	pub way: Way,
	/// Which rules apply.
	pub class: Class,
	/// Pallets touched: those of the first so many indices.
	pub scope: u32,
	/// Distinguishes dossiers that say the same of the code.
	pub edition: u8,
	/// True if a length is 0, which no blob has.
	pub empty: bool,
	/// Bytes of its blobs and of its own encoding: what the deposit is for.
	pub bytes: u64,
}

impl Dossier {
	fn blobs(&self) -> Vec<Code> {
		match self.way {
			Way::Dedicated(back) => vec![self.code, back],
			Way::Previous | Way::None => vec![self.code],
		}
	}

	/// The less notice everybody gets, and the wider what is touched, the more is at stake.
	fn deposit(&self) -> u64 {
		let times = match self.class {
			Class::Standard => 1,
			Class::SelfChange => 2,
			Class::Security => 4,
		};
		BASE_DEPOSIT * times + self.bytes
	}
}

/// A seat in the electorate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
	/// Whose.
	pub account: Account,
	/// Of which organisation.
	pub organisation: u32,
	/// What it weighs.
	pub power: u64,
}

/// An open proposal with all that was said of it.
#[derive(Clone, Debug)]
pub struct Proposal {
	/// Who proposed it.
	pub proposer: Account,
	/// What is held for it.
	pub deposit: u64,
	/// How often it was revised.
	pub round: u32,
	/// Where it is.
	pub stage: Stage,
	/// When it is asked next.
	pub due: Block,
	/// What is judged.
	pub dossier: Dossier,
	/// The rules, frozen.
	pub policy: ClassPolicy<Block>,
	/// Who acts as what on it.
	pub roles: Vec<(Party<Account>, Role)>,
	/// What simulators say of it.
	pub simulation: Option<Round>,
	/// Its review.
	pub review: Option<Review>,
	/// What auditors say of it, in the order in which it came.
	pub attestations: Vec<Attestation>,
	/// What is wrong with it, by number.
	pub findings: Vec<Finding>,
	/// How many of them are of others than auditors: such as do not block, such as do.
	pub public_findings: [usize; 2],
	/// What findings are paid of.
	pub bounty: Vec<Part>,
	/// Who would take which dossier with which finding.
	pub waivers: BTreeMap<u32, (Dossier, Vec<Account>)>,
	/// Its vote.
	pub ballot: Option<Ballot>,
	/// Who calls for a stop of which dossier.
	pub stops: Option<(Dossier, BTreeSet<Account>)>,
	/// Its wait for the switch.
	pub timelock: Option<Timelock>,
}

/// What a stage says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
	Pending(Block),
	Passed,
	Failed(Failure),
}

/// Why a call or a step did not happen.
enum Halt {
	Refused(Refusal),
}

impl From<Refusal> for Halt {
	fn from(refusal: Refusal) -> Self {
		Halt::Refused(refusal)
	}
}

/// The whole state of the lifecycle.
#[derive(Clone, Debug)]
pub struct Spec {
	/// This block.
	pub now: Block,
	/// The rules for new proposals.
	pub policy: Policy<Block>,
	/// Proposals that have not ended.
	pub open: BTreeMap<Id, Proposal>,
	/// How the others ended.
	pub ended: BTreeMap<Id, Outcome>,
	/// The next number.
	pub next: Id,
	/// Who is between approval and end.
	pub lane: Option<Id>,
	/// The newest code written.
	pub code: Code,
	/// The highest version ever.
	pub highest: u32,
	/// What is on probation.
	pub trial: Option<Trial>,
	/// Rollbacks since an upgrade was kept.
	pub in_a_row: u8,
	/// Nothing is enacted.
	pub locked: bool,
	/// How many ask the chain to keep which bytes.
	pub wanted: BTreeMap<Code, u32>,
	/// Bytes that are on chain.
	pub bytes: BTreeSet<Code>,
	/// Who may vote now.
	pub set: Vec<Seat>,
	/// Who may simulate.
	pub simulators: BTreeMap<Account, Simulator>,
	/// Who may audit.
	pub auditors: BTreeMap<Account, Auditor>,
	/// A multi-block migration runs.
	pub migrating: bool,
	/// The authorities are about to change.
	pub changing: bool,
	/// What each account owns, held or not.
	pub owned: BTreeMap<Account, u64>,
	/// What is held of it.
	pub held: BTreeMap<Account, u64>,
	/// Every code ever written, and for which proposal.
	pub writes: Vec<(Id, Code)>,
}

fn check(holds: bool, otherwise: Refusal) -> Answer {
	holds.then_some(()).ok_or(otherwise)
}

impl Spec {
	// --- What actors do -------------------------------------------------------------------------------------

	/// Registers a dossier.
	pub fn register(&mut self, who: Account, dossier: Dossier) -> Answer {
		let approved = self.lane.and_then(|id| self.open.get(&id));
		check(
			approved.is_none_or(|p| p.stage != Stage::Timelock),
			"LaneBusy",
		)?;
		self.check_dossier(&dossier)?;
		self.check_slot(who)?;
		self.check_funds(who, dossier.deposit())?;

		let policy = self.policy_for(&dossier);
		let id = self.next;
		self.next += 1;
		self.hold(who, dossier.deposit());
		self.want(&dossier.blobs());
		let proposal = Proposal {
			proposer: who,
			deposit: dossier.deposit(),
			round: 0,
			stage: Stage::Registered,
			due: self.now + policy.bytes_within,
			dossier,
			policy,
			roles: self.proposing(who),
			simulation: None,
			review: None,
			attestations: Vec::new(),
			findings: Vec::new(),
			public_findings: [0; 2],
			bounty: Vec::new(),
			waivers: BTreeMap::new(),
			ballot: None,
			stops: None,
			timelock: None,
		};
		self.open.insert(id, proposal);
		Ok(())
	}

	/// Puts another dossier in the place of the current one.
	pub fn revise(&mut self, who: Account, id: Id, dossier: Dossier) -> Answer {
		let proposal = self.own(who, id)?;
		check(proposal.stage <= Stage::Review, "TooLate")?;
		check(proposal.round + 1 < MAX_ROUNDS, "TooManyRounds")?;
		let old = proposal.dossier;
		let more = dossier.deposit().saturating_sub(proposal.deposit);
		self.check_dossier(&dossier)?;
		self.check_funds(who, more)?;

		self.close_stage(id);
		self.release(who, old.deposit());
		self.hold(who, dossier.deposit());
		self.want(&dossier.blobs());
		self.drop_want(&old.blobs());
		let policy = self.policy_for(&dossier);
		let due = self.now + policy.bytes_within;
		let proposal = self.live(id);
		proposal.deposit = dossier.deposit();
		proposal.dossier = dossier;
		proposal.policy = policy;
		proposal.round += 1;
		proposal.stage = Stage::Registered;
		proposal.due = due;
		Ok(())
	}

	/// Takes a proposal back.
	pub fn withdraw(&mut self, who: Account, id: Id) -> Answer {
		let stage = self.own(who, id)?.stage;
		check(stage < Stage::Timelock, "TooLate")?;
		self.end(id, Outcome::Withdrawn);
		Ok(())
	}

	/// Uploads bytes. Only what somebody wants: all else is no business of the lifecycle.
	pub fn upload(&mut self, code: Code) {
		if self.wanted.contains_key(&code) {
			self.bytes.insert(code);
		}
	}

	/// Moves a proposal on that is ready before its deadline. Refused, it changes nothing.
	pub fn advance(&mut self, id: Id) -> Answer {
		let stage = self.open.get(&id).ok_or("NotOpen")?.stage;
		check(stage < Stage::Timelock, "NothingDue")?;
		let before = self.clone();
		let moved = self.step(id, true).map(|()| {
			self.open
				.get(&id)
				.is_none_or(|proposal| proposal.stage != stage)
		});
		let refusal = match moved {
			Ok(true) => return Ok(()),
			Ok(false) => "NothingDue",
			Err(Halt::Refused(refusal)) => refusal,
		};
		*self = before;
		Err(refusal)
	}

	// --- What happens by itself -----------------------------------------------------------------------------

	/// The next block begins: what is due moves, the proposal on probation first.
	pub fn next_block(&mut self) {
		self.now += 1;
		let watched = self.trial.as_ref().map(|trial| trial.id);
		let mut due: Vec<(bool, Block, Id)> = self
			.open
			.iter()
			.filter(|(_, p)| p.due <= self.now)
			.map(|(id, p)| (Some(*id) != watched, p.due, *id))
			.collect();
		due.sort();
		for (_, _, id) in due.into_iter().take(MAX_DUE) {
			if self.step(id, false).is_err() {
				unreachable!("no step of a hook is refused");
			}
		}
	}

	/// Asks the stage of a proposal and does what it says.
	fn step(&mut self, id: Id, by_somebody: bool) -> Result<(), Halt> {
		let proposal = self.live(id);
		let (stage, parent) = (proposal.stage, proposal.dossier.parent);
		if stage < Stage::Probation && parent != self.code {
			self.end_failed(id, Failure::ParentReplaced);
			return Ok(());
		}
		let tomorrow = self.now + 1;
		match (self.ask(id, by_somebody)?, stage) {
			(Status::Pending(until), _) => self.live(id).due = until.max(tomorrow),
			(Status::Failed(why), _) => self.end_failed(id, why),
			(Status::Passed, Stage::Probation) => self.end(id, Outcome::Finalized),
			(Status::Passed, Stage::Voting) if self.lane.is_some() => {
				check(!by_somebody, "LaneBusy")?;
				self.live(id).due = tomorrow;
			}
			(Status::Passed, _) => self.enter_next(id),
		}
		Ok(())
	}

	fn ask(&mut self, id: Id, by_somebody: bool) -> Result<Status, Halt> {
		let proposal = &self.open[&id];
		Ok(match proposal.stage {
			Stage::Registered if by_somebody => {
				for blob in proposal.dossier.blobs() {
					check(self.bytes.contains(&blob), "BytesMissing")?;
					blob.preflight()?;
				}
				Status::Passed
			}
			Stage::Registered if self.now < proposal.due => Status::Pending(proposal.due),
			Stage::Registered => Status::Failed(Failure::BytesMissing),
			Stage::Simulation => self.ask_simulation(id),
			Stage::Review => self.ask_review(id),
			Stage::Voting => self.ask_ballot(id),
			Stage::Timelock => self.ask_timelock(id),
			Stage::Probation => self.ask_probation(id),
		})
	}

	fn enter_next(&mut self, id: Id) {
		self.close_stage(id);
		let next = match self.open[&id].stage {
			Stage::Registered => {
				self.open_simulation(id);
				Stage::Simulation
			}
			Stage::Simulation => {
				self.open_review(id);
				Stage::Review
			}
			Stage::Review => {
				self.open_ballot(id);
				Stage::Voting
			}
			Stage::Voting => {
				self.lane = Some(id);
				self.open_timelock(id);
				Stage::Timelock
			}
			Stage::Timelock | Stage::Probation => {
				self.open_probation(id);
				Stage::Probation
			}
		};
		let due = self.now + 1;
		let proposal = self.live(id);
		proposal.stage = next;
		proposal.due = due;
	}

	fn close_stage(&mut self, id: Id) {
		let proposal = self.live(id);
		match proposal.stage {
			Stage::Simulation => {
				if let Some(round) = &mut proposal.simulation {
					round.closed = true;
				}
			}
			Stage::Review => {
				if let Some(review) = &mut proposal.review {
					review.closed = true;
				}
			}
			Stage::Voting => {
				if let Some(ballot) = &mut proposal.ballot {
					ballot.closed = true;
				}
			}
			Stage::Timelock => proposal.timelock = None,
			Stage::Registered | Stage::Probation => (),
		}
	}

	// --- How it ends ----------------------------------------------------------------------------------------

	fn end_failed(&mut self, id: Id, why: Failure) {
		let outcome = match (self.open[&id].stage, why) {
			(Stage::Probation, _) if self.open[&id].dossier.way == Way::None => Outcome::Stuck(why),
			(Stage::Probation, _) => Outcome::RolledBack(why),
			(_, Failure::StoppedByValidators) => Outcome::Aborted(why),
			(Stage::Timelock, Failure::FalseReport) => Outcome::Aborted(why),
			(_, Failure::Precondition(Precondition::ParentCode)) => {
				Outcome::Expired(Failure::ParentReplaced)
			}
			(_, Failure::Precondition(_) | Failure::BytesMissing | Failure::ParentReplaced)
			| (_, Failure::TooFewReports | Failure::TooFewAttestations | Failure::BountyMissing) => {
				Outcome::Expired(why)
			}
			_ => Outcome::Rejected(why),
		};
		self.end(id, outcome);
	}

	/// Everything of a proposal goes, and deposits are settled.
	fn end(&mut self, id: Id, outcome: Outcome) {
		self.drop_submissions(id);
		self.settle_review(id);
		let Some(proposal) = self.open.remove(&id) else {
			return;
		};
		if let Some(trial) = self.trial.take_if(|trial| trial.id == id) {
			if trial.way == Way::Previous {
				self.drop_want(&[trial.parent]);
			}
		}
		self.drop_want(&proposal.dossier.blobs());
		self.release(proposal.proposer, proposal.deposit);
		let own_doing = matches!(
			outcome,
			Outcome::Withdrawn | Outcome::Expired(Failure::BytesMissing)
		);
		if own_doing && proposal.stage == Stage::Registered {
			*self.owned.entry(proposal.proposer).or_default() -= proposal.deposit / FORFEIT;
		}
		self.lane.take_if(|holder| *holder == id);
		self.ended.insert(id, outcome);
	}

	// --- Rules that several of them share -------------------------------------------------------------------

	fn live(&mut self, id: Id) -> &mut Proposal {
		self.open.get_mut(&id).expect("only asked for live ones")
	}

	fn own(&self, who: Account, id: Id) -> Result<&Proposal, Refusal> {
		let proposal = self.open.get(&id).ok_or("NotOpen")?;
		check(proposal.proposer == who, "NotProposer")?;
		Ok(proposal)
	}

	fn check_dossier(&self, dossier: &Dossier) -> Answer {
		check(
			dossier.code.version > self.highest,
			"VersionNotAboveHighest",
		)?;
		check(dossier.parent == self.code, "ParentNotCurrent")?;
		if let Way::Dedicated(back) = dossier.way {
			check(
				back.version == dossier.code.version + 1,
				"RollbackVersionWrong",
			)?;
			check(back != dossier.code, "RollbackIsCandidate")?;
		}
		check(!dossier.empty, "CodeLengthWrong")?;
		check(dossier.scope > 0, "ScopeEmpty")?;
		let self_change = dossier.scope > LIFECYCLE_PALLET.into();
		check(
			!self_change || dossier.class == Class::SelfChange,
			"NeedsSelfChange",
		)
	}

	/// When the public slots are taken, a validator still gets one.
	fn check_slot(&self, who: Account) -> Answer {
		let mine = self.open.values().filter(|p| p.proposer == who).count();
		let public = self.open.len() < MAX_OPEN - RESERVED;
		let reserved = self.open.len() < MAX_OPEN && mine == 0 && self.seat(who).is_some();
		check(public || reserved, "TooManyOpen")?;
		check(mine < MAX_OPEN_BY_ONE, "TooManyOpenByYou")
	}

	/// Without a rehearsed way back it needs the strictest vote.
	fn policy_for(&self, dossier: &Dossier) -> ClassPolicy<Block> {
		let mut policy = self.policy.of(dossier.class).clone();
		if !matches!(dossier.way, Way::Dedicated(_)) {
			policy.ballot = self.policy.of(Class::SelfChange).ballot.clone();
		}
		policy
	}

	fn want(&mut self, blobs: &[Code]) {
		for blob in blobs {
			*self.wanted.entry(*blob).or_default() += 1;
		}
	}

	/// Bytes that nobody wants any more are gone.
	fn drop_want(&mut self, blobs: &[Code]) {
		for blob in blobs {
			let count = self.wanted.entry(*blob).or_default();
			*count = count.saturating_sub(1);
			if *count == 0 {
				self.wanted.remove(blob);
				self.bytes.remove(blob);
			}
		}
	}

	fn check_funds(&self, who: Account, amount: u64) -> Answer {
		let owned = self.owned.get(&who).copied().unwrap_or_default();
		let held = self.held.get(&who).copied().unwrap_or_default();
		let free = owned
			.saturating_sub(held)
			.saturating_sub(EXISTENTIAL_DEPOSIT);
		check(amount <= free, "FundsUnavailable")
	}

	fn hold(&mut self, who: Account, amount: u64) {
		*self.held.entry(who).or_default() += amount;
	}

	fn release(&mut self, who: Account, amount: u64) {
		*self.held.entry(who).or_default() -= amount;
	}

	/// From hold to hold's end: it is nobody's.
	fn burn_held(&mut self, who: Account, amount: u64) {
		self.release(who, amount);
		*self.owned.entry(who).or_default() -= amount;
	}

	/// What was held of one becomes another's.
	fn pay_held(&mut self, from: Account, to: Account, amount: u64) {
		self.burn_held(from, amount);
		*self.owned.entry(to).or_default() += amount;
	}

	// --- Roles ----------------------------------------------------------------------------------------------

	/// A proposer stands for all organisations that it is registered for.
	fn proposing(&self, who: Account) -> Vec<(Party<Account>, Role)> {
		let simulates = self.simulators.get(&who).map(|s| s.organisation);
		let audits = self.auditors.get(&who).map(|a| a.organisation);
		let mut roles = vec![(Party::Account(who), Role::Proposer)];
		for organisation in simulates.into_iter().chain(audits) {
			let party = (Party::Organisation(organisation), Role::Proposer);
			if !roles.contains(&party) {
				roles.push(party);
			}
		}
		roles
	}

	/// One account or organisation acts in at most one role on one proposal.
	pub fn check_claim(&self, id: Id, who: Account, organisation: u32, role: Role) -> Answer {
		let roles = &self.open.get(&id).ok_or("NotOpen")?.roles;
		let mine = [Party::Account(who), Party::Organisation(organisation)];
		let other = roles
			.iter()
			.any(|(of, is)| mine.contains(of) && *is != role);
		check(!other, "OtherRole")
	}

	fn claim(&mut self, id: Id, who: Account, organisation: u32, role: Role) -> Answer {
		self.check_claim(id, who, organisation, role)?;
		let roles = &mut self.live(id).roles;
		for party in [Party::Account(who), Party::Organisation(organisation)] {
			if !roles.contains(&(party.clone(), role)) {
				roles.push((party, role));
			}
		}
		Ok(())
	}

	// --- The electorate -------------------------------------------------------------------------------------

	fn seat(&self, who: Account) -> Option<&Seat> {
		self.set.iter().find(|seat| seat.account == who)
	}

	fn total(&self) -> u64 {
		self.set.iter().map(|seat| seat.power).sum()
	}

	fn power_of(&self, which: impl Fn(Account) -> bool) -> u64 {
		let those = self.set.iter().filter(|seat| which(seat.account));
		those.map(|seat| seat.power).sum()
	}
}
