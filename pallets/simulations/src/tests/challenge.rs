//! False reports and who pays for them.

use super::*;
use crate::{Answer, Evidence, Standing};
use airlock_report::{samples, BlockLeaf, Opening, SectionId};
use codec::Encode;
use sp_runtime::{Digest, DigestItem};

const CHALLENGER: u64 = 6;

/// These commit to the lie and reveal it, and the others an honest report; the seed does not draw the lie.
fn reveal_lie(lie: &Sim, at: u32, liars: &[u64], honest: &[u64]) {
	for who in liars {
		assert_ok!(commit(*who, &lie.report));
	}
	for who in honest {
		assert_ok!(commit(*who, &report(0)));
	}
	to(COMMIT_ENDS);
	let leaf = (SectionId::Replay, at);
	let unlucky =
		|seed: &H256, who: &u64| samples(seed, &who.encode(), &lie.report).contains(&leaf);
	let seed = (0..1_000)
		.map(H256::from_low_u64_be)
		.find(|seed| !liars.iter().any(|who| unlucky(seed, who)))
		.unwrap();
	System::set_parent_hash(seed);
	poll();
	for who in liars {
		assert_ok!(reveal_sim(*who, lie));
	}
	for who in honest {
		assert_ok!(reveal(*who, &report(0)));
	}
}

type Proof = Evidence<Header>;

/// A leaf of section Replay, with its proof.
fn opened(sim: &Sim, index: u32) -> Box<Opening> {
	Box::new(Opening::of(&sim.leaves, SectionId::Replay, index).unwrap())
}

/// A block's leaf and this header, or none.
fn about(sim: &Sim, index: u32, header: Option<Header>) -> Proof {
	let block = opened(sim, index);
	match header.map(Box::new) {
		Some(header) => Evidence::Header { block, header },
		None => Evidence::Leaf(block),
	}
}

/// The leaves of two blocks, and this header as the second one's.
fn parent(sim: &Sim, (block, child): (u32, u32), header: Header) -> Proof {
	let (block, child) = (opened(sim, block), opened(sim, child));
	let header = Box::new(header);
	Evidence::Parent {
		block,
		child,
		header,
	}
}

type Challenged = sp_runtime::DispatchResultWithInfo<frame_support::dispatch::PostDispatchInfo>;

fn challenge(who: u64, sim: &Sim, proof: Proof) -> Challenged {
	Simulations::challenge(signed(who), ID, sim.report.root(), proof)
}

fn challenge_by(who: u64, sim: &Sim, index: u32, header: Option<Header>) -> Challenged {
	challenge(who, sim, about(sim, index, header))
}

/// The chain forgets all hashes but the genesis block's, as it does in the days between replay and reveal. The round
/// keeps the anchor's.
fn forget() {
	for number in 1..=System::block_number() {
		frame_system::BlockHash::<Test>::remove(number);
	}
}

/// A report with another state root of a block whose hash the chain knows.
fn lie() -> Sim {
	Sim::with_block(KNOWN, |leaf| leaf.state_root = H256::zero())
}

fn prove() {
	let proof = challenge_by(CHALLENGER, &lie(), index_of(KNOWN), Some(header(KNOWN)));
	assert_eq!(proof.unwrap().pays_fee, frame_support::dispatch::Pays::No);
}

fn free(who: u64) -> u128 {
	Balances::free_balance(who)
}

#[test]
fn challenge_should_expel_everybody_who_revealed_the_report() {
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1, 2], &[3]);
		let issued = Balances::total_issuance();
		prove();
		let report_root = lie().report.root();
		for simulator in [1, 2] {
			let entry = Simulators::<Test>::get(simulator).unwrap();
			assert_eq!((entry.bond, entry.standing), (0, Standing::Expelled));
			assert_eq!((bond(simulator), free(simulator)), (0, 500));
			assert!(has_event(Event::Slashed {
				id: ID,
				simulator,
				rewarded: 250,
				burnt: 250
			}));
		}
		assert_eq!(free(CHALLENGER), 1_000 + 2 * 250);
		assert_eq!(Balances::total_issuance(), issued - 2 * 250);
		assert_eq!(bond(3), BOND, "the honest keep theirs");
		System::assert_last_event(
			Event::FalseReportProven {
				id: ID,
				report_root,
				challenger: CHALLENGER,
			}
			.into(),
		);
		assert!(!Reports::<Test>::contains_key(ID, report_root));
		let answers: Vec<_> = Submissions::<Test>::get(ID)
			.into_iter()
			.map(|s| s.answer)
			.collect();
		let struck = Answer::False { root: report_root };
		assert_eq!(answers[..2], [struck, struck]);
		// The same proof pays once.
		assert_noop!(
			challenge_by(CHALLENGER, &lie(), index_of(KNOWN), Some(header(KNOWN))),
			Error::<Test>::NoReport
		);
	});
}

#[test]
fn challenge_should_round_the_reward_down() {
	build_and_execute(|| {
		// An odd bond: a fine was paid before.
		assert_ok!(commit(1, &report(0)));
		assert_ok!(commit(2, &report(0)));
		to_due(COMMIT_ENDS);
		to_due(REVEAL_ENDS);
		assert_eq!(bond(1), BOND - FINE);
		clear();
		to(OPENED);
		open(0);
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[]);
		prove();
		assert!(has_event(Event::Slashed {
			id: ID,
			simulator: 1,
			rewarded: 149,
			burnt: 150
		}));
		assert_eq!(free(CHALLENGER), 1_149);
	});
}

#[test]
fn challenge_should_prove_every_kind_of_lie() {
	let changed = |number: u32, change: fn(&mut airlock_report::BlockLeaf)| {
		(Sim::with_block(number, change), index_of(number))
	};
	// Without a header.
	let plain = [
		changed(12, |l| l.number += 1),
		changed(KNOWN, |l| l.hash = H256::zero()),
		changed(ANCHOR, |l| l.hash = H256::zero()),
		changed(12, |l| l.control = false),
		changed(12, |l| l.extrinsics = 7),
		(Sim::with(|l| l[3].1[2] = l[0].1[0]), 2),
	];
	for (sim, index) in plain {
		build_and_execute(|| {
			reveal_lie(&sim, index, &[1], &[]);
			assert_ok!(challenge_by(CHALLENGER, &sim, index, None));
			assert_eq!(bond(1), 0);
		});
	}
	// With one: the newest, the oldest known, and the anchor.
	let with_header = [
		changed(KNOWN, |l| l.state_root = H256::zero()),
		changed(KNOWN, |l| l.extrinsics_root = H256::zero()),
		changed(ANCHOR - 1, |l| l.state_root = H256::zero()),
		changed(ANCHOR, |l| l.extrinsics_root = H256::zero()),
	];
	for (sim, index) in with_header {
		build_and_execute(|| {
			reveal_lie(&sim, index, &[1], &[]);
			assert_noop!(
				challenge_by(CHALLENGER, &sim, index, None),
				Error::<Test>::NothingProven
			);
			let header = header(index + ANCHOR + 1 - BLOCKS);
			assert_ok!(challenge_by(CHALLENGER, &sim, index, Some(header)));
			assert_eq!(bond(1), 0);
		});
	}
}

#[test]
fn challenge_should_prove_nothing_when_the_report_is_honest() {
	build_and_execute(|| {
		hand_in(&[(1, report(0)), (2, report(0))]);
		let honest = Sim::with(|_| ());
		for number in KNOWN..=ANCHOR {
			for header in [None, Some(header(number))] {
				assert_noop!(
					challenge_by(CHALLENGER, &honest, index_of(number), header),
					Error::<Test>::NothingProven
				);
			}
		}
		// Leaves that are no blocks prove nothing with a header.
		let opening = Opening::of(&honest.leaves, SectionId::Static, 3).unwrap();
		let proof = Evidence::Header {
			block: Box::new(opening),
			header: Box::new(header(KNOWN)),
		};
		assert_noop!(
			challenge(CHALLENGER, &honest, proof),
			Error::<Test>::NothingProven
		);
	});
}

#[test]
fn challenge_should_fail_when_the_header_is_not_that_of_the_leaf() {
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[]);
		let forged = Header {
			state_root: H256::zero(),
			..header(KNOWN)
		};
		// Of a block that is on the chain, but not the leaf's.
		let other = header(KNOWN + 1);
		for wrong in [forged, other] {
			assert_noop!(
				challenge_by(CHALLENGER, &lie(), index_of(KNOWN), Some(wrong)),
				Error::<Test>::HeaderNotOfLeaf
			);
		}
	});
}

/// Simulator 1 reveals a lie about a block, and the chain forgets. Each of these proofs is refused, and then one is not.
fn prove_when_forgotten(sim: &Sim, number: u32, refused: Vec<(Proof, Error<Test>)>, proof: Proof) {
	build_and_execute(|| {
		forget();
		reveal_lie(sim, index_of(number), &[1], &[]);
		for (proof, error) in refused {
			assert_noop!(challenge(CHALLENGER, sim, proof), error);
		}
		assert_ok!(challenge(CHALLENGER, sim, proof));
		assert_eq!(bond(1), 0);
	});
}

#[test]
fn challenge_should_prove_a_wrong_root_when_the_chain_has_forgotten_the_block() {
	let changes: [fn(&mut BlockLeaf); 2] = [
		|leaf| leaf.state_root = H256::zero(),
		|leaf| leaf.extrinsics_root = H256::zero(),
	];
	for number in FIRST..=ANCHOR {
		for change in changes {
			let (sim, index) = (Sim::with_block(number, change), index_of(number));
			let plain = (about(&sim, index, None), Error::<Test>::NothingProven);
			let proof = about(&sim, index, Some(header(number)));
			prove_when_forgotten(&sim, number, vec![plain], proof);
		}
	}
}

#[test]
fn challenge_should_prove_a_wrong_hash_when_the_chain_has_forgotten_the_block() {
	for number in FIRST..ANCHOR {
		let sim = Sim::with_block(number, |leaf| leaf.hash = H256::zero());
		let index = index_of(number);
		let refused = vec![
			(about(&sim, index, None), Error::NothingProven),
			(
				about(&sim, index, Some(header(number))),
				Error::HeaderNotOfLeaf,
			),
		];
		let proof = parent(&sim, (index, index + 1), header(number + 1));
		prove_when_forgotten(&sim, number, refused, proof);
	}
	// The anchor has no next block; its hash is never forgotten.
	let sim = Sim::with_block(ANCHOR, |leaf| leaf.hash = H256::zero());
	let proof = about(&sim, index_of(ANCHOR), None);
	prove_when_forgotten(&sim, ANCHOR, vec![], proof);
}

#[test]
fn challenge_should_prove_another_number_when_the_header_has_the_hash_of_the_leaf() {
	// The leaf is that of the block before, but for its number.
	let sim = Sim::with_block(12, |leaf| {
		*leaf = block(11);
		leaf.number = 12;
	});
	let proof = about(&sim, index_of(12), Some(header(11)));
	prove_when_forgotten(&sim, 12, vec![], proof);
}

/// A header of a chain that never was: below `top` it is consistent in itself.
fn invented(number: u32) -> Header {
	let parent = number.checked_sub(1).map(|below| invented(below).hash());
	Header {
		parent_hash: parent.unwrap_or_default(),
		state_root: H256::repeat_byte(77),
		..header(number)
	}
}

#[test]
fn challenge_should_find_the_break_when_all_blocks_below_it_are_invented() {
	for top in FIRST..ANCHOR {
		let sim = Sim::with(|leaves| {
			for number in FIRST..=top {
				let mut leaf = block(number);
				leaf.hash = invented(number).hash();
				leaf.state_root = invented(number).state_root;
				leaves[3].1[index_of(number) as usize] = Leaf::Block(leaf);
			}
		});
		let mut refused = Vec::new();
		for number in FIRST..top {
			// Below the break everything agrees, for whoever has the invented headers. Nobody else has any.
			let (index, next) = (index_of(number), number + 1);
			let pair = (index, index + 1);
			refused.extend([
				(
					about(&sim, index, Some(invented(number))),
					Error::<Test>::NothingProven,
				),
				(parent(&sim, pair, invented(next)), Error::NothingProven),
				(parent(&sim, pair, header(next)), Error::HeaderNotOfLeaf),
			]);
		}
		let at = index_of(top);
		let proof = parent(&sim, (at, at + 1), header(top + 1));
		build_and_execute(|| {
			// Whichever leaves are drawn: the chain cannot see this lie by itself.
			assert_ok!(commit(1, &sim.report));
			to_due(COMMIT_ENDS);
			forget();
			assert_ok!(reveal_sim(1, &sim));
			for (proof, error) in refused {
				assert_noop!(challenge(CHALLENGER, &sim, proof), error);
			}
			assert_ok!(challenge(CHALLENGER, &sim, proof));
		});
	}
}

#[test]
fn challenge_should_prove_nothing_with_any_leaves_and_header_when_the_report_is_honest() {
	build_and_execute(|| {
		forget();
		hand_in(&[(1, report(0))]);
		let sim = Sim::with(|_| ());
		let headers = || (FIRST - 1..=ANCHOR + 1).flat_map(|n| [header(n), invented(n)]);
		for block in 0..BLOCKS {
			for header in headers() {
				let error = match header.hash() == hash(block + FIRST) {
					true => Error::<Test>::NothingProven,
					false => Error::<Test>::HeaderNotOfLeaf,
				};
				let proof = about(&sim, block, Some(header));
				assert_noop!(challenge(CHALLENGER, &sim, proof), error);
			}
			for (child, header) in (0..BLOCKS).flat_map(|n| headers().map(move |h| (n, h))) {
				let error = if child != block + 1 {
					Error::<Test>::LeavesNotAdjacent
				} else if header.hash() != hash(child + FIRST) {
					Error::<Test>::HeaderNotOfLeaf
				} else {
					Error::<Test>::NothingProven
				};
				let proof = parent(&sim, (block, child), header);
				assert_noop!(challenge(CHALLENGER, &sim, proof), error);
			}
		}
	});
}

#[test]
fn challenge_should_fail_when_one_of_two_leaves_is_of_another_report_or_no_block() {
	build_and_execute(|| {
		hand_in(&[(1, report(0))]);
		let honest = Sim::with(|_| ());
		let other = Sim::with_block(12, |leaf| leaf.hash = H256::zero());
		let (block, child) = (index_of(12), index_of(13));
		let check = |opening: u32| {
			let opening = Opening::of(&honest.leaves, SectionId::Static, opening);
			Box::new(opening.unwrap())
		};
		let cases = [
			// The other report is false, but it is not the one that was revealed.
			(
				opened(&other, block),
				opened(&honest, child),
				Error::<Test>::ProofRootWrong,
			),
			(
				opened(&honest, block),
				opened(&other, child),
				Error::<Test>::ProofRootWrong,
			),
			(check(0), opened(&honest, child), Error::NothingProven),
			(opened(&honest, block), check(1), Error::NothingProven),
			(check(0), check(1), Error::NothingProven),
		];
		for (block, child, error) in cases {
			let header = Box::new(header(13));
			let proof = Evidence::Parent {
				block,
				child,
				header,
			};
			assert_noop!(challenge(CHALLENGER, &honest, proof), error);
		}
		// The block after the anchor is no part of the report.
		let mut beyond = opened(&honest, BLOCKS - 1);
		beyond.index = BLOCKS;
		let proof = Evidence::Parent {
			block: opened(&honest, BLOCKS - 1),
			child: beyond,
			header: Box::new(header(ANCHOR + 1)),
		};
		assert_noop!(
			challenge(CHALLENGER, &honest, proof),
			Error::<Test>::OpeningOutOfRange
		);
	});
}

#[test]
fn challenge_should_prove_a_lie_by_the_second_leaf_when_it_contradicts_by_itself() {
	// The anchor's hash is known, so it cannot be invented to hide the break below it.
	let sim = Sim::with(|leaves| {
		for number in [ANCHOR - 1, ANCHOR] {
			let mut leaf = block(number);
			leaf.hash = invented(number).hash();
			leaves[3].1[index_of(number) as usize] = Leaf::Block(leaf);
		}
	});
	let at = index_of(ANCHOR - 1);
	let proof = parent(&sim, (at, at + 1), invented(ANCHOR));
	prove_when_forgotten(&sim, ANCHOR, vec![], proof);
}

#[test]
fn challenge_should_bound_the_header() {
	build_and_execute(|| {
		let long = |len: usize| Header {
			digest: Digest {
				logs: vec![DigestItem::Other(vec![0; len])],
			},
			..header(KNOWN)
		};
		let bare = long(20_000).encoded_size() - 20_000;
		let most = crate::MAX_HEADER_LEN as usize - bare;
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[]);
		let at = index_of(KNOWN);
		for (len, error) in [
			(most, Error::<Test>::HeaderNotOfLeaf),
			(most + 1, Error::<Test>::HeaderTooLong),
		] {
			let error = DispatchError::from(error);
			let pair = parent(&lie(), (at - 1, at), long(len));
			for proof in [about(&lie(), at, Some(long(len))), pair] {
				assert_noop!(challenge(CHALLENGER, &lie(), proof), error);
			}
		}
	});
}

#[test]
fn challenge_should_fail_when_the_leaf_is_not_in_the_report() {
	build_and_execute(|| {
		hand_in(&[(1, report(0))]);
		// The lie is in another report.
		let root = report(0).root();
		let opening = opened(&lie(), index_of(KNOWN));
		let shown = |opening: &Opening| Evidence::Leaf(Box::new(opening.clone()));
		let challenge = |origin, id, root, proof| Simulations::challenge(origin, id, root, proof);
		let fails = |opening: &Opening, error: Error<Test>| {
			assert_noop!(
				challenge(signed(CHALLENGER), ID, root, shown(opening)),
				error
			);
		};
		fails(&opening, Error::ProofRootWrong);
		let mut long = opening.clone();
		long.proof.0.try_push(Default::default()).unwrap();
		fails(&long, Error::ProofLengthWrong);
		let mut outside = opening.clone();
		outside.index = BLOCKS;
		fails(&outside, Error::OpeningOutOfRange);
		assert_noop!(
			challenge(RuntimeOrigin::none(), ID, root, shown(&opening)),
			DispatchError::BadOrigin
		);
		assert_noop!(
			challenge(signed(1), ID + 1, root, shown(&opening)),
			Error::<Test>::NoRound
		);
		assert_noop!(
			challenge(signed(1), ID, lie().report.root(), shown(&opening)),
			Error::<Test>::NoReport
		);
	});
}

#[test]
fn challenge_should_reward_nobody_when_the_challenger_is_a_liar_or_of_its_organisation() {
	// 4 is of the same organisation as 3.
	for (liars, challenger) in [(vec![1, 2], 1), (vec![1, 2], 2), (vec![1, 3], 4)] {
		build_and_execute(|| {
			reveal_lie(&lie(), index_of(KNOWN), &liars, &[]);
			let (before, issued) = (free(challenger), Balances::total_issuance());
			assert_ok!(challenge_by(
				challenger,
				&lie(),
				index_of(KNOWN),
				Some(header(KNOWN))
			));
			assert_eq!(free(challenger), before);
			assert_eq!(Balances::total_issuance(), issued - 2 * BOND);
			for simulator in liars {
				assert!(has_event(Event::Slashed {
					id: ID,
					simulator,
					rewarded: 0,
					burnt: BOND
				}));
			}
		});
	}
	// An honest simulator is rewarded like anybody.
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[2]);
		let header = Some(header(KNOWN));
		assert_ok!(challenge_by(2, &lie(), index_of(KNOWN), header));
		assert_eq!(free(2), 500 + 250);
	});
}

#[test]
fn a_report_that_was_proven_false_should_not_be_revealed_again() {
	build_and_execute(|| {
		// Two have sealed the lie; one of them shows it.
		assert_ok!(commit(2, &lie().report));
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[3]);
		prove();
		assert_noop!(reveal_sim(2, &lie()), Error::<Test>::ProvenFalse);
		// The other one cannot hide it either: it has shown nothing.
		to_due(REVEAL_ENDS);
		let entry = crate::Simulators::<Test>::get(2).unwrap();
		assert_eq!(entry.bond, BOND - FINE);
	});
}

#[test]
fn a_false_report_should_not_count() {
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1, 2], &[3]);
		prove();
		// Two agreed before; one report is left.
		assert_eq!(Simulations::progress(ID).unwrap().reveals, 1);
		assert_eq!(poll(), GateStatus::Pending { until: REVEAL_ENDS });
		let until = REVEAL_ENDS + COMMIT;
		assert_eq!(to_due(REVEAL_ENDS), GateStatus::Pending { until });
		// Who lied is gone; its organisation too, as far as its account goes.
		assert_noop!(commit(1, &report(0)), Error::<Test>::NotSimulator);
	});
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[2, 3]);
		prove();
		assert_eq!(poll(), GateStatus::Passed, "enough are left");
	});
}

#[test]
fn an_expelled_simulator_should_take_no_part() {
	build_and_execute(|| {
		// On another proposal it has sealed a report.
		let dossier = dossier();
		let about = DossierRef {
			proposer: &99,
			round: 0,
			hash: dossier.hash(),
			dossier: &dossier,
		};
		let other = ID + 1;
		assert_ok!(<Simulations as StageGate<u64, u32>>::open(
			other,
			&about,
			&policy(),
			OPENED
		));
		assert_ok!(Simulations::commit(
			signed(1),
			other,
			0,
			0,
			seal(1, 0, &report(0))
		));
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[]);
		<Simulations as StageGate<u64, u32>>::poll(other, COMMIT_ENDS);
		prove();
		let shown = Default::default();
		assert_noop!(
			Simulations::reveal(signed(1), other, report(0), SALT, shown),
			Error::<Test>::Expelled
		);
		assert_noop!(commit(1, &report(0)), Error::<Test>::Expelled);
		assert_noop!(Simulations::top_up(signed(1)), Error::<Test>::Expelled);
		for call in [
			Simulations::admit(RuntimeOrigin::root(), 1, 1),
			Simulations::remove(RuntimeOrigin::root(), 1),
		] {
			assert_eq!(call, Err(Error::<Test>::Expelled.into()));
		}
		// Its entry stays as long as a seat does, and no longer.
		clear();
		assert_eq!(Simulators::<Test>::get(1).unwrap().active, 1);
		<Simulations as StageGate<u64, u32>>::clear(other);
		assert_eq!(Simulators::<Test>::get(1), None);
		assert!(has_event(Event::Removed { simulator: 1 }));
		assert_eq!((free(1), bond(1)), (500, 0));
		assert_ok!(Balances::transfer_allow_death(signed(5), 1, 100));
		assert_ok!(Simulations::admit(RuntimeOrigin::root(), 1, 1));
	});
}

#[test]
fn challenge_should_stop_the_proposal_when_too_few_reports_are_left() {
	for stage in [Stage::Review, Stage::Voting, Stage::Timelock] {
		build_and_execute(|| {
			reveal_lie(&lie(), index_of(KNOWN), &[1, 2], &[3]);
			pass_to(stage);
			to(REVEAL_ENDS + 100);
			prove();
			assert_eq!(Stopped::get(), [(ID, Failure::FalseReport)]);
			// It is cleared with the proposal.
			assert_eq!(Rounds::<Test>::iter().count(), 0);
			assert_eq!(Simulators::<Test>::get(1), None);
			assert_eq!(Simulators::<Test>::get(3).unwrap().active, 0);
		});
	}
}

#[test]
fn challenge_should_not_stop_the_proposal_when_enough_reports_are_left() {
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[2, 3]);
		pass_to(Stage::Voting);
		prove();
		assert_eq!(Stopped::get(), []);
		assert_eq!(bond(1), 0);
	});
}

#[test]
fn challenge_should_only_slash_when_the_code_is_written_or_the_stage_has_not_passed() {
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1, 2], &[]);
		pass_to(Stage::Probation);
		prove();
		assert_eq!(Stopped::get(), []);
		assert!(has_event(Event::TooLateToStop { id: ID }));
		assert_eq!((bond(1), bond(2)), (0, 0));
	});
	// Registered: the proposer has revised the dossier, and the new round has not begun.
	for stage in [Stage::Registered, Stage::Simulation] {
		build_and_execute(|| {
			reveal_lie(&lie(), index_of(KNOWN), &[1, 2], &[]);
			CurrentStage::set(Some(stage));
			prove();
			assert_eq!(Stopped::get(), []);
			assert_eq!((bond(1), bond(2)), (0, 0));
		});
	}
}

#[test]
fn challenge_should_be_possible_until_the_proposal_is_cleared() {
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[]);
		clear();
		assert_noop!(
			challenge_by(CHALLENGER, &lie(), index_of(KNOWN), Some(header(KNOWN))),
			Error::<Test>::NoRound
		);
	});
}

#[test]
fn challenge_should_drop_the_report_when_no_bond_is_left() {
	use frame_support::traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision},
	};
	build_and_execute(|| {
		reveal_lie(&lie(), index_of(KNOWN), &[1], &[]);
		// Fines or another false report took it.
		let reason = HoldReason::SimulatorBond.into();
		let (precision, force) = (Precision::Exact, Fortitude::Force);
		assert_ok!(<Balances as MutateHold<u64>>::burn_all_held(
			&reason, &1, precision, force
		));
		Simulators::<Test>::mutate_extant(1, |entry| entry.bond = 0);
		prove();
		assert!(has_event(Event::Slashed {
			id: ID,
			simulator: 1,
			rewarded: 0,
			burnt: 0
		}));
		assert_eq!(Reports::<Test>::iter().count(), 0);
	});
}
