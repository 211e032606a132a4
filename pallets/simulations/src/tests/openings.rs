//! The draw, and what a simulator must show.

use super::*;
use airlock_report::{
	leaf::Blob, openings, samples, ContinuousLeaf, Opening, Openings, SectionId, Sums, SAMPLED,
};
use codec::Encode;

/// Simulator 1 has committed to this report, and the seed draws these leaves, or none of those in `but`.
fn drawn(sim: &Sim, wanted: impl Fn(&[(SectionId, u32)]) -> bool) -> Vec<(SectionId, u32)> {
	assert_ok!(commit(1, &sim.report));
	to(COMMIT_ENDS);
	for n in 0..10_000 {
		let seed = H256::from_low_u64_be(n);
		let drawn = samples(&seed, &1u64.encode(), &sim.report);
		if wanted(&drawn) {
			System::set_parent_hash(seed);
			poll();
			return drawn;
		}
	}
	panic!("no seed draws that");
}

fn honest() -> Sim {
	Sim::with(|_| ())
}

#[test]
fn the_sections_that_are_sampled_should_be_those_that_are_required() {
	assert_eq!(SAMPLED.map(|(id, _)| id), crate::REQUIRED_SECTIONS);
}

#[test]
fn poll_should_draw_the_seed_when_the_commit_window_has_ended() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		let pending = |until| GateStatus::Pending { until };
		assert_eq!(to_due(COMMIT_ENDS - 1), pending(COMMIT_ENDS));
		assert_eq!(Rounds::<Test>::get(ID).unwrap().seed, None);
		assert_eq!(to_due(COMMIT_ENDS), pending(REVEAL_ENDS));
		// The hash of the last block with a commitment in it.
		let seed = hash(COMMIT_ENDS - 1);
		assert_eq!(Rounds::<Test>::get(ID).unwrap().seed, Some(seed));
		let reveal_until = REVEAL_ENDS;
		assert!(has_event(Event::SeedDrawn {
			id: ID,
			seed,
			reveal_until
		}));
		// It is drawn once.
		assert_eq!(to_due(COMMIT_ENDS + 1), pending(REVEAL_ENDS));
		assert_eq!(Rounds::<Test>::get(ID).unwrap().seed, Some(seed));
	});
}

#[test]
fn reveal_should_wait_when_the_seed_is_not_drawn() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		to(COMMIT_ENDS);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::SeedNotDrawn);
		poll();
		assert_ok!(reveal(1, &report(0)));
	});
}

#[test]
fn the_reveal_window_should_have_its_length_when_the_hook_was_late() {
	build_and_execute(|| {
		assert_ok!(commit(1, &report(0)));
		let late = REVEAL_ENDS + 2;
		to(late);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::SeedNotDrawn);
		let until = late + REVEAL;
		assert_eq!(poll(), GateStatus::Pending { until });
		to(until);
		assert_noop!(reveal(1, &report(0)), Error::<Test>::RevealOver);
		to(until - 1);
		assert_ok!(reveal(1, &report(0)));
		assert_noop!(commit(2, &report(0)), Error::<Test>::CommitOver);
	});
}

#[test]
fn reveal_should_need_exactly_the_drawn_leaves() {
	build_and_execute(|| {
		let sim = honest();
		let drawn = drawn(&sim, |_| true);
		let shown = |wanted: &[(SectionId, u32)]| openings(&sim.leaves, wanted).unwrap();
		assert_eq!(drawn.len(), 8);
		let few = shown(&drawn[1..]);
		assert_noop!(
			reveal_with(1, &sim.report, few),
			Error::<Test>::TooFewOpenings
		);
		assert_noop!(
			reveal_with(1, &sim.report, Openings::default()),
			Error::<Test>::TooFewOpenings
		);
		// Another index, the same one twice, and the right ones in another order.
		let mut other = drawn.clone();
		other[0].1 = (other[0].1 + 1) % 12;
		let (mut twice, mut order) = (drawn.clone(), drawn.clone());
		twice[4] = twice[3];
		order.swap(3, 4);
		for wrong in [&other, &twice, &order] {
			assert_noop!(
				reveal_with(1, &sim.report, shown(wrong)),
				Error::<Test>::OpeningNotDrawn
			);
		}
		assert_ok!(reveal_with(1, &sim.report, shown(&drawn)));
	});
}

#[test]
fn reveal_should_fail_when_there_are_more_openings_than_leaves() {
	build_and_execute(|| {
		// A young chain: one block is replayed, so it is drawn once.
		to(2);
		open(0);
		let sim = Sim::with(|leaves| {
			leaves[3].1.truncate(1);
			leaves[3].1[0] = Leaf::Block(block(1));
			leaves[4].1.truncate(1);
			leaves[4].1[0] = Leaf::Continuous(ContinuousLeaf {
				number: 1,
				run: None,
			});
		});
		let mut sim = sim;
		sim.report.config.anchor = 1;
		sim.report.config.anchor_hash = hash(1);
		sim.report.config.blocks = 1;
		assert_ok!(commit(1, &sim.report));
		to_due(2 + COMMIT);
		let mut shown = sim.openings(1);
		assert_eq!(shown.len(), 7);
		shown.try_push(shown[6].clone()).unwrap();
		assert_noop!(
			reveal_with(1, &sim.report, shown),
			Error::<Test>::TooManyOpenings
		);
		assert_ok!(reveal_sim(1, &sim));
	});
}

#[test]
fn reveal_should_fail_when_the_openings_are_those_of_another_simulator() {
	build_and_execute(|| {
		let sim = honest();
		for who in 1..=3 {
			assert_ok!(commit(who, &sim.report));
		}
		to_due(COMMIT_ENDS);
		let all = [1, 2, 3].map(|who| sim.openings(who));
		assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
		assert_noop!(
			reveal_with(1, &sim.report, all[1].clone()),
			Error::<Test>::OpeningNotDrawn
		);
		assert_ok!(reveal_with(1, &sim.report, all[0].clone()));
	});
}

#[test]
fn reveal_should_fail_when_an_opening_does_not_verify() {
	let wrong: [(fn(&mut Opening), Error<Test>); 4] = [
		// A copier who knows the report but not its leaves.
		(|o| o.leaf = Leaf::Block(block(1)), Error::ProofRootWrong),
		(|o| o.proof.0[0].hash = H256::zero(), Error::ProofRootWrong),
		(|o| o.proof.0[0].sums.identical += 1, Error::ProofRootWrong),
		(
			|o| {
				o.proof.0.pop();
			},
			Error::ProofLengthWrong,
		),
	];
	for (change, error) in wrong {
		build_and_execute(|| {
			let sim = honest();
			drawn(&sim, |_| true);
			let mut shown = sim.openings(1);
			change(&mut shown[3]);
			assert_noop!(reveal_with(1, &sim.report, shown), error);
			assert_ok!(reveal_sim(1, &sim));
		});
	}
}

#[test]
fn reveal_should_fail_when_the_sums_or_the_root_are_made_up() {
	// A report whose numbers were typed: it passes everything but the openings.
	let wrong: [(fn(&mut Report), Error<Test>); 3] = [
		(|r| r.sections[2].sums.identical += 5, Error::ProofSumsWrong),
		(
			|r| r.sections[0].sums = Sums::default(),
			Error::ProofSumsWrong,
		),
		(
			|r| r.sections[1].root = H256::repeat_byte(7),
			Error::ProofRootWrong,
		),
	];
	for (change, error) in wrong {
		build_and_execute(|| {
			let mut sim = honest();
			change(&mut sim.report);
			drawn(&sim, |_| true);
			assert_noop!(reveal_sim(1, &sim), error);
		});
	}
}

#[test]
fn reveal_should_fail_when_a_drawn_leaf_is_a_lie() {
	let wrong: [(Sim, u32, Error<Test>); 6] = [
		(
			Sim::with_block(12, |l| l.number += 1),
			12,
			Error::LeafOfOtherBlock,
		),
		(
			Sim::with_block(KNOWN, |l| l.hash = H256::zero()),
			KNOWN,
			Error::LeafOfOtherHash,
		),
		(
			Sim::with_block(ANCHOR, |l| l.hash = H256::zero()),
			ANCHOR,
			Error::LeafOfOtherHash,
		),
		(
			Sim::with_block(12, |l| l.control = false),
			12,
			Error::LeafImpossible,
		),
		(
			Sim::with_block(12, |l| l.code = H256::zero()),
			12,
			Error::LeafImpossible,
		),
		(
			// Static leaves in the tree of the blocks.
			Sim::with(|l| l[3].1[2] = l[0].1[0]),
			12,
			Error::LeafOfOtherSection,
		),
	];
	for (sim, at, error) in wrong {
		build_and_execute(|| {
			let leaf = (SectionId::Replay, index_of(at));
			drawn(&sim, |drawn| drawn.contains(&leaf));
			assert_noop!(reveal_sim(1, &sim), error);
		});
		// Luck with the draw: what `challenge` is for.
		build_and_execute(|| {
			let leaf = (SectionId::Replay, index_of(at));
			drawn(&sim, |drawn| !drawn.contains(&leaf));
			assert_ok!(reveal_sim(1, &sim));
		});
	}
}

#[test]
fn reveal_should_be_taken_when_the_chain_has_forgotten_the_block() {
	build_and_execute(|| {
		let sim = Sim::with_block(KNOWN - 1, |l| l.hash = H256::zero());
		let leaf = (SectionId::Replay, index_of(KNOWN - 1));
		drawn(&sim, |drawn| drawn.contains(&leaf));
		assert_ok!(reveal_sim(1, &sim));
	});
}

#[test]
fn reveal_should_fail_when_leaves_are_left_out() {
	let wrong: [Sim; 4] = [
		Sim::with(|l| l[0].1.truncate(6)),
		Sim::with(|l| l[1].1.truncate(2)),
		Sim::with(|l| l[3].1.truncate(9)),
		Sim::with(|l| l[3].1.push(Leaf::Block(block(20)))),
	];
	for sim in wrong {
		build_and_execute(|| {
			drawn(&sim, |_| true);
			assert_noop!(reveal_sim(1, &sim), Error::<Test>::LeavesMissing);
		});
	}
}

#[test]
fn reveal_should_take_a_failing_report_whose_rehearsal_ended_early() {
	build_and_execute(|| {
		let sim = Sim::with(|leaves| {
			leaves[1].1.truncate(2);
			leaves[2].1.truncate(2);
			let Leaf::Enactment(switch) = &mut leaves[1].1[1] else {
				unreachable!()
			};
			assert_eq!(switch.to, Blob::Candidate);
			switch.settled = false;
		});
		assert_eq!(sim.report.verdict(), Verdict::Fail);
		drawn(&sim, |_| true);
		assert_ok!(reveal_sim(1, &sim));
	});
}
