//! Arbitrary numbers become what actors do; both sides do it; both must agree.

use crate::{
	chain::{self, Chain, RuntimeCall, RuntimeOrigin, System},
	spec::*,
};
use airlock_primitives::{Document, Stage};
use pallet_airlock_supermajority::Vote;
use std::collections::BTreeMap;

/// What is drawn for one step: which kind of thing, and details of it.
pub type Draw = (u8, u8, u8, u8);

/// Everything that somebody can do, or that happens to the chain.
#[derive(Clone, Debug)]
pub enum Action {
	/// Some blocks pass.
	Blocks(u8),
	/// Another set becomes active.
	Set(Vec<Seat>),
	/// A multi-block migration runs, or has ended.
	Migrating(bool),
	/// A migration of the new code fails.
	MigrationFails,
	/// An authority change is announced, or done.
	Changing(bool),
	/// See the function of this name in [`Spec`]. So are the others.
	Register(Account, Dossier),
	/// By its proposer or not.
	Revise(Account, Id, Dossier),
	/// By its proposer or not.
	Withdraw(Account, Id),
	/// Bytes come.
	Upload(Code),
	/// By anyone.
	Advance(Id),
	/// A finding blocks, or none does.
	Blocked(bool),
	/// On a dossier, the right one or another.
	Vote(Account, Id, Dossier, Vote),
	/// Calls for a stop of a dossier, the right one or another.
	Stop(Account, Id, Dossier),
	/// Takes the call back.
	RetractStop(Account, Id),
	/// For a dossier, the right one or another.
	Ready(Account, Id, Dossier),
	/// Takes the signal back.
	Unready(Account, Id),
	/// How it does.
	Health(Account, Id, bool),
	/// By Root, or by somebody who may not.
	Unlock(bool),
	/// Root itself writes code, past the lifecycle.
	WriteCode(Code),
}

/// Accounts by what they are.
const PROPOSERS: [Account; 3] = [1, 2, 3];
/// Owns too little for a second proposal.
const POOR: Account = 3;
const STRANGER: Account = 50;

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
	let everybody = PROPOSERS.into_iter().chain(40..=44).chain([STRANGER]);
	let owns = |who| {
		if who == POOR {
			chain::POOR
		} else {
			chain::ENDOWMENT
		}
	};
	let [set, ..] = sets();
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
		blocked: false,
		migrating: false,
		changing: false,
		owned: everybody.map(|who| (who, owns(who))).collect(),
		held: BTreeMap::new(),
		writes: Vec::new(),
	}
}

fn one_of<T: Copy>(list: &[T], by: u8) -> T {
	list[usize::from(by) % list.len()]
}

fn anyone(by: u8) -> Account {
	one_of(&[1, 2, 3, 40, 41, 44, STRANGER], by)
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
fn its_dossier(spec: &Spec, id: Id, by: u8) -> Dossier {
	let right = spec.open.get(&id).map(|p| p.dossier);
	let mut dossier = right.unwrap_or_else(|| draw_dossier(spec, 0, 0));
	if by % 16 == 15 {
		dossier.edition = dossier.edition.wrapping_add(1);
	}
	dossier
}

/// One thing that an honest actor would do now for a proposal; if nothing is left to do, time passes.
fn help(spec: &Spec, id: Id, b: u8, c: u8) -> Action {
	let Some(proposal) = spec.open.get(&id) else {
		return Action::Blocks(1);
	};
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
		Stage::Simulation | Stage::Review => Some(Action::Advance(id)),
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
	let id = some_id(spec, a);
	let who = anyone(b);
	match kind {
		0..=34 => Action::Blocks(1),
		35..=37 => Action::Blocks(2 + a % 8),
		38..=74 if spec.open.len() < 3 || b % 16 == 0 => {
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
		84 => Action::Blocked(c % 4 == 0),
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

/// The specification does it.
pub fn on_spec(spec: &mut Spec, action: &Action) -> Answer {
	match action.clone() {
		Action::Blocks(n) => {
			(0..n).for_each(|_| spec.next_block());
			Ok(())
		}
		Action::Set(set) => {
			spec.set = set;
			Ok(())
		}
		Action::Blocked(is) => {
			spec.blocked = is;
			Ok(())
		}
		Action::Migrating(is) => {
			spec.migrating = is;
			Ok(())
		}
		Action::MigrationFails => {
			spec.fail_migration();
			Ok(())
		}
		Action::Changing(is) => {
			spec.changing = is;
			Ok(())
		}
		Action::Upload(code) => {
			spec.upload(code);
			Ok(())
		}
		Action::Register(who, dossier) => spec.register(who, dossier),
		Action::Revise(who, id, dossier) => spec.revise(who, id, dossier),
		Action::Withdraw(who, id) => spec.withdraw(who, id),
		Action::Advance(id) => spec.advance(id),
		Action::Vote(who, id, dossier, vote) => spec.vote(who, id, &dossier, vote),
		Action::Stop(who, id, dossier) => spec.stop(who, id, &dossier),
		Action::RetractStop(who, id) => spec.retract_stop(who, id),
		Action::Ready(who, id, dossier) => spec.signal_readiness(who, id, &dossier),
		Action::Unready(who, id) => spec.retract_readiness(who, id),
		Action::Health(who, id, healthy) => spec.report_health(who, id, healthy),
		Action::Unlock(root) => spec.unlock(root),
		Action::WriteCode(_) => Err("NotThisCodesTurn"),
	}
}

/// The pallets do it. `before` is the specification's state before it did.
pub fn on_chain(before: &Spec, action: &Action) -> Answer {
	use pallet_airlock_enactment::Call as Enactment;
	use pallet_airlock_proposals::Call as Proposals;
	use pallet_airlock_supermajority::Call as Supermajority;
	let by = |who: Account, call: RuntimeCall| chain::call(RuntimeOrigin::signed(who), call);
	let hash = |dossier: &Dossier| chain::dossier(dossier).hash();
	match action.clone() {
		Action::Blocks(n) => {
			for _ in 0..n {
				chain::begin_block(System::block_number() + 1);
			}
			Ok(())
		}
		Action::Set(set) => {
			chain::Set::set(set);
			Ok(())
		}
		Action::Blocked(is) => {
			chain::Blocked::set(is);
			Ok(())
		}
		Action::Migrating(is) => {
			chain::Migrating::set(is);
			Ok(())
		}
		Action::MigrationFails => {
			use frame_support::migrations::FailedMigrationHandler;
			chain::Enactment::failed(None);
			Ok(())
		}
		Action::Changing(is) => {
			chain::Changing::set(is);
			Ok(())
		}
		Action::Upload(code) => {
			if before.wanted.contains_key(&code) && !before.bytes.contains(&code) {
				let bytes = chain::blob(code);
				by(
					STRANGER,
					pallet_preimage::Call::note_preimage { bytes }.into(),
				)?;
			}
			Ok(())
		}
		Action::Register(who, dossier) => {
			let dossier = chain::dossier(&dossier);
			by(who, Proposals::register { dossier }.into())
		}
		Action::Revise(who, id, dossier) => {
			let (dossier, response) = (chain::dossier(&dossier), Document::of(b"answer"));
			let call = Proposals::revise {
				id,
				dossier,
				response,
			};
			by(who, call.into())
		}
		Action::Withdraw(who, id) => by(who, Proposals::withdraw { id }.into()),
		Action::Advance(id) => by(STRANGER, Proposals::advance { id }.into()),
		Action::Vote(who, id, dossier, vote) => {
			let dossier_hash = hash(&dossier);
			let call = Supermajority::vote {
				id,
				dossier_hash,
				vote,
			};
			by(who, call.into())
		}
		Action::Stop(who, id, dossier) => {
			let dossier_hash = hash(&dossier);
			by(who, Supermajority::stop { id, dossier_hash }.into())
		}
		Action::RetractStop(who, id) => by(who, Supermajority::retract_stop { id }.into()),
		Action::Ready(who, id, dossier) => {
			let dossier_hash = hash(&dossier);
			by(who, Enactment::signal_readiness { id, dossier_hash }.into())
		}
		Action::Unready(who, id) => by(who, Enactment::retract_readiness { id }.into()),
		Action::Health(who, id, healthy) => {
			by(who, Enactment::report_health { id, healthy }.into())
		}
		Action::Unlock(true) => chain::call(RuntimeOrigin::root(), Enactment::unlock {}),
		Action::Unlock(false) => by(STRANGER, Enactment::unlock {}.into()),
		Action::WriteCode(code) => {
			let code = chain::blob(code);
			chain::call(
				RuntimeOrigin::root(),
				frame_system::Call::<Chain>::set_code { code },
			)
		}
	}
}

/// Both do it, answer the same, and are in the same state.
///
/// # Panics
/// If they are not.
pub fn both(spec: &mut Spec, action: &Action) -> Answer {
	let answer = on_chain(spec, action);
	let expected = on_spec(spec, action);
	assert_eq!(
		answer, expected,
		"the pallets answered, the specification: {action:?}"
	);
	crate::compare::assert_same(spec);
	chain::try_state();
	answer
}
