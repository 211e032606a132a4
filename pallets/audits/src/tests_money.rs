//! Bonds, deposits and bounties: who holds what, and that nothing is made or lost.

use crate::{
	mock::*, tests::*, Attestations, Auditors, Bounties, Decision, Error, Event, HoldReason, Kind,
	Opinion, SealedFinding, Severity, Status,
};
use airlock_primitives::*;
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;
use sp_runtime::{DispatchResult, TokenError};

fn root() -> RuntimeOrigin {
	RuntimeOrigin::root()
}

fn bond(who: u64) -> u128 {
	held_for(HoldReason::AuditorBond, who)
}

fn pot(who: u64) -> u128 {
	held_for(HoldReason::Bounty, who)
}

fn fund(who: u64, amount: u128) -> DispatchResult {
	Audits::fund_bounty(signed(who), ID, amount)
}

// Bonds.

#[test]
fn admit_should_hold_the_bond() {
	build_and_execute(|| {
		assert_eq!((1..=5).map(bond).collect::<Vec<_>>(), [20, 20, 20, 20, 0]);
		assert_ok!(Audits::admit(root(), 5, 5));
		assert_eq!(bond(5), BOND);
		assert_noop!(Audits::admit(root(), 77, 5), TokenError::FundsUnavailable);
		assert_ok!(Audits::remove(root(), 5));
		assert_eq!((bond(5), total(5)), (0, 100));
		assert_eq!(last_event(), Event::Removed { auditor: 5 });
	});
}

#[test]
fn remove_should_keep_the_bond_until_the_proposal_is_cleared() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(attest(1, Kind::Specification, Opinion::Approve));
		assert_eq!(Auditors::<Test>::get(1).unwrap().active, 1);
		assert_ok!(find(9, Severity::Low));
		assert_ok!(Audits::remove(root(), 1));
		assert_eq!(last_event(), Event::Leaving { auditor: 1 });
		assert_eq!(bond(1), BOND);
		// What it said counts; it says no more.
		assert_eq!(Audits::progress(ID).unwrap().approvals, (2, 2));
		assert_noop!(
			attest(1, Kind::ReproducedBuild, Opinion::Approve),
			Error::<Test>::Leaving
		);
		assert_noop!(triage(1, 0, Decision::Confirm), Error::<Test>::Leaving);
		assert_noop!(resolve(1, 0), Error::<Test>::Leaving);
		assert_noop!(Audits::remove(root(), 1), Error::<Test>::Leaving);
		assert_noop!(Audits::admit(root(), 1, 1), Error::<Test>::AlreadyAdmitted);
		close();
		assert_eq!(bond(1), BOND);
		clear(ID);
		assert_eq!((bond(1), total(1)), (0, 120));
		assert_eq!(Auditors::<Test>::get(1), None);
		assert_eq!(Auditors::<Test>::get(2).unwrap().active, 0);
	});
}

#[test]
fn remove_should_wait_for_every_proposal() {
	build_and_execute(|| {
		assert_ok!(attest(1, Kind::CodeReview, Opinion::Approve));
		open_on(OTHER, 0);
		let hash = Current::get().unwrap();
		let kind = Kind::CodeReview;
		assert_ok!(Audits::attest(
			signed(1),
			OTHER,
			hash,
			kind,
			Opinion::Reject,
			hash
		));
		assert_eq!(Auditors::<Test>::get(1).unwrap().active, 2);
		assert_ok!(Audits::remove(root(), 1));
		clear(ID);
		assert_eq!(bond(1), BOND);
		clear(OTHER);
		assert_eq!(bond(1), 0);
	});
}

#[test]
fn retract_should_free_the_bond_when_it_was_the_last_attestation() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(attest(1, Kind::Specification, Opinion::Approve));
		assert_ok!(Audits::remove(root(), 1));
		// Another account of an organisation takes nothing back.
		assert_noop!(
			Audits::retract(signed(4), ID, Kind::ReproducedBuild),
			Error::<Test>::NotAttested
		);
		assert_ok!(Audits::retract(signed(1), ID, Kind::Specification));
		assert_eq!(bond(1), BOND);
		assert_ok!(Audits::retract(signed(1), ID, Kind::CodeReview));
		assert_eq!(bond(1), 0);
		assert_eq!(Auditors::<Test>::get(1), None);
	});
}

#[test]
fn a_revision_should_free_the_bonds_when_it_voids_the_attestations() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(Audits::remove(root(), 1));
		close();
		// Void only when the new dossier is reviewed: until then the old words are on record.
		assert_eq!(bond(1), BOND);
		assert_noop!(
			Audits::retract(signed(1), ID, Kind::CodeReview),
			Error::<Test>::NotInReview
		);
		open(1);
		assert_eq!(bond(1), 0);
		assert_eq!(Auditors::<Test>::get(2).unwrap().active, 0);
		assert_eq!(Attestations::<Test>::get(ID).len(), 0);
	});
}

// Bounties.

#[test]
fn the_review_should_wait_for_the_bounty() {
	build_and_execute_unfunded(|| {
		attest_all();
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		assert_ok!(fund(8, 80));
		assert_ok!(fund(9, 79));
		assert_eq!(Audits::progress(ID).unwrap().bounty, (159, MIN_BOUNTY));
		assert_eq!(poll(), GateStatus::Pending { until: LATEST });
		to(LATEST);
		assert_eq!(poll(), GateStatus::Failed(Failure::BountyMissing));
		to(LATEST - 1);
		assert_ok!(fund(8, MIN_PART));
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn fund_bounty_should_hold_the_amount_and_return_it_at_the_end() {
	build_and_execute_unfunded(|| {
		assert_ok!(fund(9, 50));
		assert_ok!(fund(9, 16));
		assert_eq!(pot(9), 66);
		assert_eq!(Bounties::<Test>::get(ID).len(), 1);
		clear(ID);
		assert_eq!((pot(9), total(9)), (0, 100));
	});
}

#[test]
fn fund_bounty_should_fail_when_it_cannot_be_taken() {
	build_and_execute_unfunded(|| {
		assert_noop!(fund(9, MIN_PART - 1), Error::<Test>::BountyPartTooSmall);
		assert_noop!(fund(9, 100), TokenError::FundsUnavailable);
		let elsewhere = Audits::fund_bounty(signed(9), ID + 1, MIN_PART);
		assert_noop!(elsewhere, Error::<Test>::NotOpen);
		assert_ok!(fund(9, MIN_PART));
	});
}

#[test]
fn fund_bounty_should_keep_a_slot_for_the_proposer() {
	build_and_execute_unfunded(|| {
		assert_ok!(fund(7, MIN_PART));
		assert_ok!(fund(8, MIN_PART));
		assert_noop!(fund(9, MIN_PART), Error::<Test>::TooManyFunders);
		// Who has a slot may put in more.
		assert_ok!(fund(7, MIN_PART));
		assert_ok!(fund(PROPOSER, MIN_PART));
		assert_noop!(fund(9, MIN_PART), Error::<Test>::TooManyFunders);
	});
	build_and_execute_unfunded(|| {
		// The proposer came first: the last slot is anybody's.
		assert_ok!(fund(PROPOSER, MIN_PART));
		assert_ok!(fund(7, MIN_PART));
		assert_ok!(fund(8, MIN_PART));
		assert_noop!(fund(9, MIN_PART), Error::<Test>::TooManyFunders);
	});
	build_and_execute_unfunded(|| {
		// Before the first review nobody knows the proposer, and nobody gets the last slot.
		let early = |who| Audits::fund_bounty(signed(who), OTHER, MIN_PART);
		assert_ok!(early(7));
		assert_ok!(early(8));
		assert_noop!(early(9), Error::<Test>::TooManyFunders);
		open_on(OTHER, 0);
		assert_noop!(early(9), Error::<Test>::TooManyFunders);
		assert_ok!(early(PROPOSER));
	});
}

#[test]
fn confirm_should_pay_a_share_by_severity() {
	for (severity, share) in [
		(Severity::Critical, 80),
		(Severity::High, 40),
		(Severity::Medium, 20),
		(Severity::Low, 10),
	] {
		build_and_execute(|| {
			assert_ok!(find(9, severity));
			agree(0, Decision::Confirm);
			assert_eq!(total(9), 100 + share);
			assert_eq!(held(9), DEPOSIT);
			assert_eq!(pot(PROPOSER), MIN_BOUNTY - share);
			let paid = Event::BountyPaid {
				id: ID,
				finding: Some(0),
				reporter: 9,
				amount: share,
			};
			assert_eq!(last_event(), paid);
			// The next one has a share of what is left.
			assert_ok!(find(8, severity));
			agree(1, Decision::Confirm);
			let left = MIN_BOUNTY - share;
			let divisor = u128::from(severity.bounty_divisor());
			assert_eq!(total(8), 100 + left / divisor);
		});
	}
}

#[test]
fn pay_critical_should_pay_half_of_what_is_left_to_who_shows_that_an_invariant_is_broken() {
	build_and_execute(|| {
		attest_all();
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Passed);
		close();
		assert_ok!(Audits::pay_critical(ID, &9));
		let paid = Event::BountyPaid {
			id: ID,
			finding: None,
			reporter: 9,
			amount: MIN_BOUNTY / 2,
		};
		assert_eq!(last_event(), paid);
		assert_eq!((total(9), pot(PROPOSER)), (180, MIN_BOUNTY / 2));
		// Nothing is paid to who proposed it, nor for a proposal that is over.
		assert_ok!(Audits::pay_critical(ID, &PROPOSER));
		assert_ok!(Audits::pay_critical(OTHER, &9));
		assert_eq!((total(9), pot(PROPOSER)), (180, MIN_BOUNTY / 2));
	});
}

/// A payment must not make a review fail that had its bounty.
#[test]
fn a_payment_should_not_ask_for_more_money() {
	build_and_execute(|| {
		attest_all();
		assert_ok!(find(9, Severity::Medium));
		agree(0, Decision::Confirm);
		let progress = Audits::progress(ID).unwrap();
		assert_eq!(progress.bounty, (MIN_BOUNTY, MIN_BOUNTY));
		to(EARLIEST);
		assert_eq!(poll(), GateStatus::Passed);
	});
}

#[test]
fn confirm_should_take_the_same_fraction_of_every_part_but_the_reporters_own() {
	build_and_execute_unfunded(|| {
		assert_ok!(fund(7, 33));
		assert_ok!(fund(9, 40));
		assert_ok!(fund(PROPOSER, 64));
		assert_ok!(find(9, Severity::High));
		agree(0, Decision::Confirm);
		// 33 / 4 is 8, and the rest stays where it is.
		assert_eq!((pot(7), pot(9), pot(PROPOSER)), (25, 40, 48));
		assert_eq!(total(9), 100 + 8 + 16);
		assert_eq!((total(7), total(PROPOSER)), (92, 84));
	});
}

#[test]
fn confirm_should_pay_nothing_when_there_is_nothing_to_pay_of() {
	build_and_execute_unfunded(|| {
		assert_ok!(find(9, Severity::Critical));
		agree(0, Decision::Confirm);
		assert_eq!((total(9), status(0)), (100, Status::Confirmed));
		// Only the reporter put something in.
		assert_ok!(fund(9, 20));
		assert_ok!(find(9, Severity::Critical));
		agree(1, Decision::Confirm);
		assert_eq!((total(9), pot(9)), (100, 20));
	});
}

#[test]
fn confirm_should_not_pay_the_proposer_nor_its_organisation() {
	build_and_execute(|| {
		assert_ok!(fund(7, 32));
		assert_ok!(Audits::admit(root(), PROPOSER, 3));
		for reporter in [PROPOSER, 3] {
			assert_ok!(find(reporter, Severity::Critical));
		}
		for finding in 0..2 {
			agree(finding, Decision::Confirm);
		}
		assert_eq!((pot(7), pot(PROPOSER)), (32, MIN_BOUNTY));
		assert_eq!(total(3), 120);
	});
}

#[test]
fn a_reporter_should_be_paid_once_and_by_the_severity_that_was_confirmed() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::Critical));
		agree(0, Decision::ConfirmAs(Severity::Low));
		assert_eq!(total(9), 110);
		assert_eq!(status(0), Status::Confirmed);
		assert!(!<Audits as OpenFindings>::blocking(ID));
		// Gone, and back: confirmed again, and not paid again.
		close();
		open(1);
		assert_ok!(resolve(1, 0));
		close();
		open(2);
		assert_eq!(status(0), Status::Confirmed);
		assert_ok!(resolve(2, 0));
		assert_eq!(total(9), 110);
	});
}

#[test]
fn a_duplicate_should_cost_nothing_and_earn_nothing() {
	build_and_execute(|| {
		assert_ok!(find(9, Severity::High));
		assert_ok!(find(8, Severity::High));
		agree(0, Decision::Confirm);
		agree(1, Decision::Duplicate(0));
		assert_eq!(status(1), Status::Duplicate);
		assert_eq!((total(9), total(8), held(8)), (140, 100, DEPOSIT));
		clear(ID);
		assert_eq!((total(8), held(8)), (100, 0));
	});
}

fn seal(who: u64, severity: Severity) {
	let sealed = SealedFinding {
		genesis: System::block_hash(0),
		id: ID,
		reporter: who,
		report: Document::of(b"a hole"),
		salt: [7; 32],
	};
	assert_ok!(Audits::seal_finding(
		signed(who),
		ID,
		severity,
		sealed.commitment()
	));
}

fn open_seal(who: u64, finding: u32) -> DispatchResult {
	Audits::open_finding(signed(who), ID, finding, Document::of(b"a hole"), [7; 32])
}

#[test]
fn a_sealed_finding_should_be_paid_when_it_is_opened() {
	build_and_execute(|| {
		seal(9, Severity::High);
		agree(0, Decision::Confirm);
		assert_eq!(total(9), 100);
		// Also when it was settled in between.
		close();
		open(1);
		assert_ok!(resolve(1, 0));
		assert_ok!(resolve(2, 0));
		assert_ok!(open_seal(9, 0));
		assert_eq!(total(9), 140);
		assert_noop!(open_seal(9, 0), Error::<Test>::NotSealed);
		close();
		open(2);
		assert_eq!(total(9), 140);
	});
}

#[test]
fn a_sealed_finding_should_be_paid_when_it_is_opened_first_and_confirmed_then() {
	build_and_execute(|| {
		seal(9, Severity::High);
		assert_ok!(open_seal(9, 0));
		assert_eq!(total(9), 100);
		agree(0, Decision::Confirm);
		assert_eq!(total(9), 140);
	});
}

#[test]
fn a_sealed_finding_should_not_be_paid_when_it_was_dismissed_or_never_opened() {
	build_and_execute(|| {
		seal(9, Severity::High);
		seal(8, Severity::High);
		agree(0, Decision::Dismiss);
		assert_ok!(open_seal(9, 0));
		agree(1, Decision::Confirm);
		clear(ID);
		assert_eq!((total(9), total(8)), (100, 100));
		assert_eq!(total(PROPOSER), 100 + MIN_BOUNTY);
		assert_noop!(open_seal(8, 1), Error::<Test>::NoFinding);
	});
}

// All together.

#[test]
fn clear_should_not_return_a_burnt_deposit() {
	build_and_execute(|| {
		let issued = Balances::total_issuance();
		assert_ok!(find(8, Severity::Low));
		assert_ok!(find(8, Severity::Critical));
		assert_ok!(find(9, Severity::High));
		agree(1, Decision::Spam);
		Burnt::set(DEPOSIT);
		clear(ID);
		assert_eq!((held(8), held(9)), (0, 0));
		assert_eq!((total(8), total(9)), (90, 100));
		assert_eq!(Balances::total_issuance(), issued - DEPOSIT);
		assert!(!<Audits as OpenFindings>::blocking(ID));
	});
}

/// Every path that money takes, on two proposals at once: after each step the holds are what is recorded (here
/// summed by hand), and the issuance changes by what is burnt only.
#[test]
fn holds_should_add_up_when_everything_happens() {
	build_and_execute(|| {
		let issued = Balances::total_issuance();
		let expect = |holds: u128, burnt: u128| {
			Audits::do_try_state().unwrap();
			assert_eq!(all_holds(), holds);
			assert_eq!(Balances::total_issuance(), issued - burnt);
		};
		let bonds = 4 * BOND;
		expect(bonds + MIN_BOUNTY, 0);
		open_on(OTHER, 0);
		assert_ok!(Audits::fund_bounty(signed(7), OTHER, 50));
		assert_ok!(fund(7, 32));
		expect(bonds + MIN_BOUNTY + 82, 0);
		attest_all();
		assert_ok!(find(8, Severity::High));
		assert_ok!(find(8, Severity::Medium));
		seal(9, Severity::Critical);
		assert_ok!(Audits::report_finding(
			signed(9),
			OTHER,
			Severity::Low,
			Document::of(b"x")
		));
		let deposits = 4 * DEPOSIT;
		expect(bonds + MIN_BOUNTY + 82 + deposits, 0);
		agree(1, Decision::Spam);
		Burnt::set(DEPOSIT);
		expect(bonds + MIN_BOUNTY + 82 + deposits - DEPOSIT, DEPOSIT);
		// A quarter of 160 and of 32.
		agree(0, Decision::Confirm);
		let left = MIN_BOUNTY + 82 + deposits - DEPOSIT - 48;
		expect(bonds + left, DEPOSIT);
		agree(2, Decision::Confirm);
		expect(bonds + left, DEPOSIT);
		// Half of 120 and of 24.
		assert_ok!(open_seal(9, 2));
		expect(bonds + left - 72, DEPOSIT);
		assert_ok!(Audits::remove(root(), 3));
		assert_ok!(Audits::remove(root(), 4));
		expect(bonds - BOND + left - 72, DEPOSIT);
		clear(ID);
		expect(bonds - 2 * BOND + 50 + DEPOSIT, DEPOSIT);
		clear(OTHER);
		expect(bonds - 2 * BOND, DEPOSIT);
	});
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
	fn roll(&mut self, sides: u64) -> u64 {
		self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
		self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
		(self.0 >> 33) % sides
	}
}

/// One call that somebody might send, sensible or not.
fn any_call(dice: &mut Dice, round: &mut u8) -> DispatchResult {
	let id = [ID, OTHER][dice.roll(2) as usize];
	let (who, number) = (signed(1 + dice.roll(9)), dice.roll(6) as u32);
	let hash = Current::get().unwrap();
	let severities = [
		Severity::Low,
		Severity::Medium,
		Severity::High,
		Severity::Critical,
	];
	let severity = severities[dice.roll(4) as usize];
	let kinds = [Kind::CodeReview, Kind::ReproducedBuild, Kind::Specification];
	let kind = kinds[dice.roll(3) as usize];
	let decision = match dice.roll(7) {
		0..=2 => Decision::Confirm,
		3 => Decision::Dismiss,
		4 => Decision::Spam,
		5 => Decision::Duplicate(dice.roll(6) as u32),
		_ => Decision::ConfirmAs(severity),
	};
	match dice.roll(14) {
		0..=1 => Audits::report_finding(who, id, severity, Document::of(b"x")),
		2..=5 => Audits::triage(who, id, number, decision),
		6 => Audits::resolve(who, id, number, hash),
		7 => Audits::attest(who, id, hash, kind, Opinion::Approve, hash),
		8 => Audits::retract(who, id, kind),
		9..=10 => Audits::fund_bounty(who, id, 10 + u128::from(dice.roll(30))),
		11 => Audits::waive(signed(20 + dice.roll(10)), id, number, hash),
		12 if dice.roll(4) == 0 => Audits::remove(root(), 1 + dice.roll(5)),
		12 => Audits::admit(root(), 1 + dice.roll(5), 1 + dice.roll(3) as u32),
		_ if dice.roll(8) > 0 => Ok(()),
		_ => {
			clear([ID, OTHER][dice.roll(2) as usize]);
			*round += 1;
			open(*round);
			open_on(OTHER, *round);
			Ok(())
		}
	}
}

#[test]
fn holds_should_be_what_is_recorded_when_calls_come_in_any_order() {
	let mut done = 0;
	for seed in 0..20 {
		build_and_execute(|| {
			let issued = Balances::total_issuance();
			let (mut dice, mut round) = (Dice(seed), 0);
			open_on(OTHER, 0);
			for block in 2..400 {
				to(block);
				System::reset_events();
				let call =
					frame_support::storage::with_storage_layer(|| any_call(&mut dice, &mut round));
				done += u32::from(call.is_ok());
				let spam = System::events().iter().any(|r| {
					matches!(
						r.event,
						RuntimeEvent::Audits(Event::FindingTriaged {
							decision: Decision::Spam,
							..
						})
					)
				});
				Burnt::mutate(|burnt| *burnt += u128::from(spam) * DEPOSIT);
				assert_eq!(Balances::total_issuance(), issued - Burnt::get());
				assert_ok!(Audits::do_try_state());
			}
		});
	}
	assert!(done > 1_500, "only {done} calls did something");
}

#[test]
fn the_genesis_should_be_refused_when_an_auditor_does_not_own_the_bond() {
	use sp_runtime::BuildStorage;
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	let config = crate::GenesisConfig::<Test> {
		auditors: vec![(1, 1)],
	};
	let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
		config.assimilate_storage(&mut storage)
	}));
	assert!(built.is_err());
}

#[test]
fn do_try_state_should_fail_when_records_are_wrong() {
	use crate::{FindingSlots, Findings, Waiver, Waivers};
	let corruptions: [fn(); 6] = [
		|| {
			let mut finding = Findings::<Test>::get(ID, 0).unwrap();
			finding.deposit += 1;
			Findings::<Test>::insert(ID, 0, finding);
		},
		|| Bounties::<Test>::mutate(ID, |parts| parts[0].left -= 1),
		|| Auditors::<Test>::mutate_extant(1, |a| a.bond += 1),
		|| Auditors::<Test>::mutate_extant(1, |a| a.active += 1),
		|| FindingSlots::<Test>::mutate(ID, |slots| slots.taken += 1),
		|| {
			let waiver = Waiver {
				dossier_hash: H256::zero(),
				validators: vec![20].try_into().unwrap(),
			};
			Waivers::<Test>::insert(ID, 9, waiver);
		},
	];
	for corrupt in corruptions {
		build_and_execute(|| {
			attest_all();
			assert_ok!(find(9, Severity::Low));
			assert_ok!(Audits::do_try_state());
			let result = frame_support::storage::with_transaction(|| {
				corrupt();
				sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(
					Audits::do_try_state().is_err(),
				))
			});
			assert_eq!(result, Ok(true));
		});
	}
}
