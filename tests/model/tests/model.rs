//! The pallets and the specification, driven together by random actors.
//!
//! `AIRLOCK_MODEL_STEPS` sets how many steps (20 000), `AIRLOCK_MODEL_SEED` which (a number). Failures are made
//! small, printed, and kept in `proptest-regressions/`, which is tried first the next time.

use airlock_model::{
	chain,
	draw::{self, Draw},
	play::{self, Action},
	spec::{Spec, Way, BOND},
};
use airlock_primitives::{Failure, Outcome, Stage};
use pallet_airlock_audits::{Kind, Opinion};
use pallet_airlock_supermajority::Vote;
use proptest::{
	collection::vec,
	prelude::any,
	test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner},
};
use std::{cell::RefCell, collections::BTreeMap};

/// Steps of one run.
const LENGTH: usize = 200;

fn number(name: &str, otherwise: u64) -> u64 {
	let value = std::env::var(name).ok();
	value.map_or(otherwise, |v| v.parse().expect("a number"))
}

/// Plays random runs, and at the end of each does something with it. Says what was played.
fn play_all(name: &str, at_the_end: impl Fn(&mut Spec)) {
	let steps = number("AIRLOCK_MODEL_STEPS", 20_000);
	let seed = number("AIRLOCK_MODEL_SEED", 2_609);
	let mut bytes = [0u8; 32];
	bytes[..8].copy_from_slice(&seed.to_le_bytes());
	// Each test walks other ways.
	for (byte, of) in bytes[8..].iter_mut().zip(name.bytes()) {
		*byte = of;
	}
	let config = Config {
		cases: (steps as usize).div_ceil(LENGTH) as u32,
		max_shrink_iters: 500,
		failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
			"proptest-regressions/model.txt",
		))),
		..Config::default()
	};
	let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
	let seen = RefCell::new(BTreeMap::<String, u64>::new());
	let count = |what: String| *seen.borrow_mut().entry(what).or_default() += 1;
	let played = TestRunner::new_with_rng(config, rng).run(&vec(any::<Draw>(), LENGTH), |draws| {
		let mut spec = draw::genesis();
		chain::on_chain(&spec.clone(), || {
			for draw in draws {
				let action = draw::action(&spec, draw);
				let blocks = if let Action::Blocks(n) = action { n } else { 1 };
				let action = if blocks > 1 {
					Action::Blocks(1)
				} else {
					action
				};
				let shown = format!("{action:?}");
				let kind = shown.split(['(', ' ']).next().unwrap_or_default();
				for _ in 0..blocks {
					let before = begun_again(&spec);
					match step(&mut spec, &action) {
						Ok(()) => count(format!("accepted {kind}")),
						Err(refusal) => count(format!("refused {refusal}")),
					}
					if begun_again(&spec) > before {
						count("votes that began again".into());
					}
				}
			}
			at_the_end(&mut spec);
			for outcome in spec.ended.values() {
				count(format!("ended {outcome:?}"));
			}
			count(format!("codes written: {}", spec.writes.len()));
		});
		Ok(())
	});
	println!("{name}: seed {seed}, {steps} steps, {:#?}", seen.borrow());
	if let Err(error) = played {
		panic!("{error}");
	}
}

/// Open proposals whose vote began a second time.
fn begun_again(spec: &Spec) -> usize {
	let ballots = spec.open.values().filter_map(|p| p.ballot.as_ref());
	ballots.filter(|ballot| ballot.again).count()
}

/// One step on both sides. Whatever it was, no proposal may move by more than one stage, or back except to the
/// beginning, and code is written out of Timelock and Probation only.
fn step(spec: &mut Spec, action: &Action) -> Result<(), &'static str> {
	let (before, written) = (chain::stages(), spec.writes.len());
	let answer = play::both(spec, action);
	for (id, stage) in chain::stages() {
		let allowed = match before.get(&id) {
			None => stage == Stage::Registered,
			Some(was) => {
				stage == *was || stage as u8 == *was as u8 + 1 || stage == Stage::Registered
			}
		};
		assert!(allowed, "{id} went from {:?} to {stage:?}", before.get(&id));
	}
	for (id, code) in &spec.writes[written..] {
		let from = before.get(id);
		assert!(
			matches!(from, Some(Stage::Timelock | Stage::Probation)),
			"{code:?} was written for {id} in {from:?}"
		);
	}
	answer
}

/// Blocks pass until nothing is open.
fn let_all_end(spec: &mut Spec) {
	for _ in 0..400 {
		if spec.open.is_empty() {
			return;
		}
		step(spec, &Action::Blocks(1)).expect("blocks pass");
	}
	panic!("still open: {:?}", spec.open);
}

#[test]
fn the_pallets_do_what_the_specification_says() {
	play_all("the_pallets_do_what_the_specification_says", |_| ());
}

/// Promise 1: each code ever written was voted on after every stage, or is the way back of such a one.
#[test]
fn no_stage_is_skipped() {
	play_all("no_stage_is_skipped", |spec| {
		let_all_end(spec);
		for (id, _) in &spec.writes {
			let outcome = spec.ended[id];
			assert!(
				matches!(
					outcome,
					Outcome::Finalized | Outcome::RolledBack(_) | Outcome::Stuck(_)
				),
				"code of {id} was written, and it ended {outcome:?}"
			);
		}
	});
}

/// Promise 2: whatever names another dossier than the one that is judged is refused, and changes nothing.
#[test]
fn votes_bind_to_bytes() {
	play_all("votes_bind_to_bytes", |spec| {
		for (id, proposal) in spec.open.clone() {
			let mut other = proposal.dossier;
			other.code.flavour = other.code.flavour.wrapping_add(1);
			let seats = spec.set.iter().map(|seat| seat.account);
			for who in seats
				.chain(spec.auditors.keys().copied())
				.collect::<Vec<_>>()
			{
				let mut acts = vec![
					Action::Vote(who, id, other, Vote::Aye),
					Action::Stop(who, id, other),
					Action::Ready(who, id, other),
					Action::Attest(who, id, other, Kind::CodeReview, Opinion::Approve),
				];
				for number in 0..proposal.findings.len() as u32 {
					acts.push(Action::Waive(who, id, number, other));
					acts.push(Action::Resolve(who, id, number, other));
				}
				for act in acts {
					assert!(play::both(spec, &act).is_err(), "{act:?} was taken");
				}
			}
			let judged = [
				(Stage::Simulation, proposal.simulation.map(|of| of.dossier)),
				(Stage::Review, proposal.review.map(|of| of.dossier)),
				(Stage::Voting, proposal.ballot.map(|of| of.dossier)),
			];
			for (stage, of) in judged {
				let counts = proposal.stage >= stage;
				assert!(!counts || of == Some(proposal.dossier), "{id} in {stage:?}");
			}
		}
	});
}

/// Promise 3: whoever passed the vote ends with its code written once, or with an outcome that says why not.
#[test]
fn approved_is_applied_once_or_visibly_fails() {
	play_all("approved_is_applied_once_or_visibly_fails", |spec| {
		let_all_end(spec);
		let mut writes = BTreeMap::<u32, Vec<_>>::new();
		for (id, code) in &spec.writes {
			writes.entry(*id).or_default().push(*code);
		}
		for (id, outcome) in &spec.ended {
			let written = writes.get(id).map_or(0, Vec::len);
			match outcome {
				Outcome::Finalized | Outcome::Stuck(_) => assert_eq!(written, 1, "{id}"),
				// Candidate and way back.
				Outcome::RolledBack(_) => assert_eq!(written, 2, "{id}"),
				_ => assert_eq!(written, 0, "{id} ended {outcome:?}"),
			}
		}
	});
}

/// Promise 4: more than a third of the power stops whatever has not been written.
#[test]
fn a_third_can_stop() {
	play_all("a_third_can_stop", |spec| {
		let open: Vec<_> = spec
			.open
			.iter()
			.map(|(id, p)| (*id, p.stage, p.dossier))
			.collect();
		for (id, stage, dossier) in open.into_iter().filter(|(_, s, _)| *s < Stage::Probation) {
			let total: u64 = spec.set.iter().map(|seat| seat.power).sum();
			let mut against = 0;
			for seat in spec.set.clone() {
				if against * 3 > total {
					break;
				}
				against += seat.power;
				// Who has called already counts already.
				match play::both(spec, &Action::Stop(seat.account, id, dossier)) {
					Ok(()) | Err("AlreadyCalled") => (),
					Err("CannotStop") if spec.ended.contains_key(&id) => break,
					Err(other) => panic!("{other}"),
				}
			}
			let outcome = spec.ended.get(&id);
			assert!(
				matches!(outcome, Some(Outcome::Aborted(_))),
				"{id} in {stage:?} ended {outcome:?}"
			);
		}
	});
}

/// Promise 5: what more than a third calls unhealthy goes back in the next block.
#[test]
fn bad_code_goes_back() {
	play_all("bad_code_goes_back", |spec| {
		let Some(trial) = spec.trial.clone().filter(|t| spec.now < t.watch_ends) else {
			return;
		};
		for seat in spec.set.clone() {
			play::both(spec, &Action::Health(seat.account, trial.id, false)).expect("heard");
		}
		let candidate = spec.code;
		play::both(spec, &Action::Blocks(1)).expect("blocks pass");
		let why = Failure::ReportedUnhealthy;
		let (code, outcome) = match trial.way {
			Way::Dedicated(back) => (back, Outcome::RolledBack(why)),
			Way::Previous => (trial.parent, Outcome::RolledBack(why)),
			Way::None => (candidate, Outcome::Stuck(why)),
		};
		assert_eq!((spec.code, spec.ended[&trial.id]), (code, outcome));
	});
}

/// Promise 8: when all have ended nothing of them is left but a line of history.
#[test]
fn state_returns() {
	play_all("state_returns", |spec| {
		let_all_end(spec);
		let bonds = spec.simulators.values().map(|s| s.bond).sum::<u64>();
		let bonds = bonds + BOND * spec.auditors.len() as u64;
		let held = spec.held.values().sum::<u64>();
		assert_eq!(held, bonds, "somebody's deposit is still held");
		let left = chain::keys_of_ours();
		assert!(left.is_empty(), "left in storage: {left:?}");
		assert!(spec.wanted.is_empty(), "somebody still wants bytes");
	});
}
