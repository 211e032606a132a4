//! Each call, each error, each edge.

use crate::{mock::*, Error, HoldReason, Lane, NextDeadline, NextId, Proposals as Open, RoleOf};
use airlock_primitives::*;
use frame_support::{
	assert_noop, assert_ok,
	dispatch::Pays,
	traits::{fungible::InspectHold, Hooks, QueryPreimage, StorePreimage},
};
use sp_core::H256;

type Call = Proposals;

fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn held(who: u64) -> u128 {
	Balances::balance_on_hold(&HoldReason::Proposal.into(), &who)
}

mod register {
	use super::*;

	#[test]
	fn register_should_hold_a_deposit_by_bytes_and_request_the_blobs() {
		build_and_execute(|| {
			let dossier = dossier(2);
			assert_ok!(Call::register(signed(1), dossier.clone()));
			let code: u32 = dossier.blobs().map(|b| b.len).sum();
			let encoded = codec::Encode::encoded_size(&dossier) as u32;
			assert_eq!(held(1), 100 + u128::from(code + encoded));
			assert!(dossier.blobs().all(|b| Preimage::is_requested(&b.hash)));
			assert_eq!(stage(0), Some(Stage::Registered));
			assert_eq!(NextDeadline::<Test>::get(), Some(1 + BYTES_WITHIN));
		});
	}

	#[test]
	fn register_should_fail_when_the_version_is_not_above_the_highest_ever() {
		build_and_execute(|| {
			HighestVersion::set(7);
			assert_noop!(
				Call::register(signed(1), dossier(7)),
				Error::<Test>::VersionNotAboveHighest
			);
			assert_ok!(Call::register(signed(1), dossier(8)));
		});
	}

	#[test]
	fn register_should_fail_when_the_parent_is_another_code() {
		build_and_execute(|| {
			let mut other = dossier(2);
			other.parent_code_hash = H256::repeat_byte(9);
			assert_noop!(
				Call::register(signed(1), other),
				Error::<Test>::ParentNotCurrent
			);
		});
	}

	#[test]
	fn register_should_fail_when_the_rollback_version_is_not_the_next() {
		build_and_execute(|| {
			for wrong in [1, 2, 4] {
				let mut other = dossier(2);
				other.rollback = Rollback::Dedicated(code_ref(b"x", wrong));
				assert_noop!(
					Call::register(signed(1), other),
					Error::<Test>::RollbackVersionWrong
				);
			}
			let mut last = dossier(2);
			last.code.spec_version = u32::MAX;
			last.rollback = Rollback::Dedicated(code_ref(b"x", 0));
			assert_noop!(
				Call::register(signed(1), last),
				Error::<Test>::RollbackVersionWrong
			);
		});
	}

	#[test]
	fn register_should_fail_when_the_rollback_is_the_candidate() {
		build_and_execute(|| {
			let mut same = dossier(2);
			same.rollback = Rollback::Dedicated(CodeRef {
				spec_version: 3,
				..same.code
			});
			assert_noop!(
				Call::register(signed(1), same),
				Error::<Test>::RollbackIsCandidate
			);
		});
	}

	#[test]
	fn register_should_fail_when_a_blob_is_empty_or_too_long() {
		build_and_execute(|| {
			for wrong in [0, 100_001, u32::MAX] {
				let mut other = dossier(2);
				other.code.len = wrong;
				assert_noop!(
					Call::register(signed(1), other),
					Error::<Test>::CodeLengthWrong
				);
				let mut other = dossier(2);
				other.rollback = Rollback::Dedicated(CodeRef {
					len: wrong,
					..code_ref(b"x", 3)
				});
				assert_noop!(
					Call::register(signed(1), other),
					Error::<Test>::CodeLengthWrong
				);
			}
		});
	}

	#[test]
	fn register_should_fail_when_bytes_of_another_length_are_there() {
		build_and_execute(|| {
			let mut other = dossier(2);
			let code = b"bytes that somebody paid for".to_vec();
			<Preimage as StorePreimage>::note(std::borrow::Cow::Borrowed(&code)).unwrap();
			other.code = CodeRef {
				len: 1,
				..code_ref(&code, 2)
			};
			assert_noop!(
				Call::register(signed(1), other.clone()),
				Error::<Test>::CodeLengthWrong
			);
			other.code.len = code.len() as u32;
			assert_ok!(Call::register(signed(1), other));
		});
	}

	#[test]
	fn register_should_fail_when_caps_are_reached() {
		build_and_execute(|| {
			for version in 2..5 {
				assert_ok!(Call::register(signed(1), dossier(version)));
			}
			assert_noop!(
				Call::register(signed(1), dossier(9)),
				Error::<Test>::TooManyOpenByYou
			);
			assert_ok!(Call::register(signed(2), dossier(9)));
			assert_noop!(
				Call::register(signed(3), dossier(9)),
				Error::<Test>::TooManyOpen
			);
			assert_ok!(Call::withdraw(signed(1), 0));
			assert_ok!(Call::register(signed(3), dossier(9)));
		});
	}

	/// Whatever somebody spends on slots, those for whom some are reserved do not wait.
	#[test]
	fn reserved_slots_should_stay_when_the_others_are_taken() {
		build_and_execute(|| {
			for who in [1, 1, 1, 8] {
				assert_ok!(Call::register(signed(who), dossier(2)));
			}
			// 8 has one already; 7 is nobody special; the last one is for 9.
			for who in [8, 7] {
				assert_noop!(
					Call::register(signed(who), dossier(2)),
					Error::<Test>::TooManyOpen
				);
			}
			assert_ok!(Call::register(signed(9), dossier(2)));
			assert_ok!(Call::withdraw(signed(8), 3));
			assert_noop!(
				Call::register(signed(7), dossier(2)),
				Error::<Test>::TooManyOpen
			);
			assert_ok!(Call::register(signed(8), dossier(2)));
			assert_noop!(
				Call::register(signed(9), dossier(2)),
				Error::<Test>::TooManyOpen
			);
		});
	}

	#[test]
	fn register_should_fail_when_the_scope_is_empty_or_belongs_to_another_class() {
		build_and_execute(|| {
			let with = |scope: &[u8], class| Dossier {
				scope: scope_of(scope),
				class,
				..dossier(2)
			};
			assert_noop!(
				Call::register(signed(1), with(&[], Class::Standard)),
				Error::<Test>::ScopeEmpty
			);
			for class in [Class::Standard, Class::Security] {
				assert_noop!(
					Call::register(signed(1), with(&[0, 1], class)),
					Error::<Test>::NeedsSelfChange
				);
			}
			assert_ok!(Call::register(signed(1), with(&[0, 1], Class::SelfChange)));
			assert_ok!(Call::register(signed(1), with(&[0, 2], Class::Standard)));
		});
	}

	#[test]
	fn register_should_hold_more_for_the_other_classes() {
		build_and_execute(|| {
			let of = |class| Dossier {
				class,
				..dossier(2)
			};
			for (who, class) in [
				(1, Class::Standard),
				(2, Class::SelfChange),
				(3, Class::Security),
			] {
				assert_ok!(Call::register(signed(who), of(class)));
			}
			assert_eq!((held(2) - held(1), held(3) - held(1)), (100, 300));
		});
	}

	#[test]
	fn register_should_claim_the_role_for_the_proposers_organisations() {
		build_and_execute(|| {
			assert_ok!(Call::register(signed(6), dossier(2)));
			frame_support::assert_err!(
				<Call as Roles<u64>>::claim(0, &7, Some(67), Role::Auditor),
				Error::<Test>::OtherRole
			);
		});
	}

	#[test]
	fn register_should_fail_when_the_deposit_cannot_be_held() {
		build_and_execute(|| {
			assert_noop!(
				Call::register(signed(77), dossier(2)),
				sp_runtime::TokenError::FundsUnavailable
			);
		});
	}

	#[test]
	fn register_should_fail_when_another_upgrade_is_in_timelock() {
		build_and_execute(|| {
			let id = in_stage(Stage::Timelock);
			assert_noop!(
				Call::register(signed(2), dossier(5)),
				Error::<Test>::LaneBusy
			);
			decide(Stage::Timelock, id, GateStatus::Passed);
			run(1);
			assert_eq!(stage(id), Some(Stage::Probation));
			assert_ok!(Call::register(signed(2), dossier(5)));
		});
	}

	#[test]
	fn register_should_take_the_strictest_vote_when_there_is_no_way_back() {
		build_and_execute(|| {
			let irreversible = Dossier {
				rollback: Rollback::Irreversible,
				..dossier(2)
			};
			assert_ok!(Call::register(signed(1), irreversible));
			let approval = Open::<Test>::get(0).unwrap().policy.ballot.approval;
			assert_eq!(approval, Ratio::new(85, 100));
		});
	}
}

mod advance {
	use super::*;

	#[test]
	fn advance_should_be_free_and_open_the_simulation_when_the_bytes_are_there() {
		build_and_execute(|| {
			let id = registered(2);
			let post = Call::advance(signed(9), id).unwrap();
			assert_eq!(post.pays_fee, Pays::No);
			assert_eq!(stage(id), Some(Stage::Simulation));
			assert_eq!(calls("open"), vec![(1, id)]);
		});
	}

	#[test]
	fn advance_should_fail_when_bytes_are_missing() {
		build_and_execute(|| {
			assert_ok!(Call::register(signed(1), dossier(2)));
			assert_noop!(Call::advance(signed(9), 0), Error::<Test>::BytesMissing);
			upload(blob(2));
			assert_noop!(Call::advance(signed(9), 0), Error::<Test>::BytesMissing);
			upload(blob(3));
			assert_ok!(Call::advance(signed(9), 0));
		});
	}

	#[test]
	fn advance_should_fail_when_bytes_have_another_length_than_declared() {
		build_and_execute(|| {
			let mut wrong = dossier(2);
			wrong.code.len += 1;
			assert_ok!(Call::register(signed(1), wrong));
			upload(blob(2));
			assert_noop!(Call::advance(signed(9), 0), Error::<Test>::BytesLengthWrong);
		});
	}

	/// Registers these bytes as a candidate of version 2 and tries to advance.
	fn advance_with(bytes: Vec<u8>) -> Result<(), sp_runtime::DispatchError> {
		assert_ok!(Call::register(signed(1), dossier_for(&bytes, 2)));
		upload(bytes);
		upload(blob(3));
		Call::advance(signed(9), 0).map(|_| ()).map_err(|e| e.error)
	}

	fn assert_refused(bytes: Vec<u8>, error: Error<Test>) {
		build_and_execute(|| {
			assert_eq!(advance_with(bytes), Err(error.into()));
			assert_eq!(stage(0), Some(Stage::Registered));
		});
	}

	#[test]
	fn advance_should_refuse_bytes_that_are_no_module() {
		assert_refused(vec![0; 100], Error::BlobMalformed);
		assert_refused(b"\0asm".to_vec(), Error::BlobMalformed);
		assert_refused(b"\0asm\x02\0\0\0".to_vec(), Error::BlobMalformed);
	}

	#[test]
	fn advance_should_refuse_truncated_and_trailing_bytes() {
		let whole = blob(2);
		for cut in [1, whole.len() / 2, whole.len() - 9] {
			let bytes = whole[..whole.len() - cut].to_vec();
			build_and_execute(|| assert!(advance_with(bytes).is_err()));
		}
		assert_refused([whole, vec![0xff]].concat(), Error::BlobMalformed);
	}

	#[test]
	fn advance_should_refuse_a_module_without_version_or_with_two() {
		assert_refused(b"\0asm\x01\0\0\0".to_vec(), Error::BlobWithoutVersion);
		let twice = [blob(2), blob(2)[8..].to_vec()].concat();
		assert_refused(twice, Error::BlobWithoutVersion);
	}

	fn compressed(bytes: &[u8]) -> Vec<u8> {
		sp_maybe_compressed_blob::compress_strongly(bytes, 50_000_000).unwrap()
	}

	#[test]
	fn advance_should_read_compressed_bytes() {
		build_and_execute(|| {
			assert_ok!(advance_with(compressed(&blob(2))));
		});
	}

	#[test]
	fn advance_should_refuse_a_bomb() {
		let bomb = compressed(&blob_with(
			&version(2),
			&[CORE_API, REQUIRED_API],
			40_000_000,
		));
		assert!(bomb.len() < 100_000, "the bomb is small: {}", bomb.len());
		assert_refused(bomb, Error::BlobTooLarge);
		let plain = blob_with(&version(2), &[CORE_API, REQUIRED_API], 200_001);
		assert!(
			plain.len() > 100_000,
			"refused by its length before anything is uploaded"
		);
	}

	#[test]
	fn advance_should_not_reserve_what_a_frame_asks_for() {
		let marker = compressed(&blob(2))[..8].to_vec();
		let magic = [0x28, 0xB5, 0x2F, 0xFD];
		// Window exponent 31, then an empty last block.
		let window = [&marker[..], &magic, &[0x00, 0xFF], &[1, 0, 0]].concat();
		assert_refused(window, Error::BlobMalformed);
		// A single segment of 2^62 bytes.
		let segment = [&marker[..], &magic, &[0xE0], &[0, 0, 0, 0, 0, 0, 0, 0x40]].concat();
		assert_refused(segment, Error::BlobTooLarge);
	}

	/// One byte, then a block whose 1 000 sequences of 18 bits copy 65 539 bytes each: no encoder writes more than
	/// 128 KiB in a block, and a decoder that does not look fills all memory with this one.
	#[test]
	fn advance_should_refuse_a_block_that_copies_without_end() {
		let marker = compressed(&blob(2))[..8].to_vec();
		let header = |last: u32, kind: u32, len: u32| (last | kind << 1 | len << 3).to_le_bytes();
		// No literals; the count of sequences; each code once for all of them: no literals, offset 1, longest match.
		let count = [0x80 | (1_000u16 >> 8) as u8, (1_000u16 & 0xFF) as u8];
		let tables = [0b0101_0100, 0, 2, 52];
		let mut bits = vec![0u8; 1_000 * 18 / 8];
		bits.push(1);
		let body = [&[0u8][..], &count, &tables, &bits].concat();
		let frame = [
			&marker[..],
			&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58],
			&header(0, 0, 1)[..3],
			b"A",
			&header(1, 2, body.len() as u32)[..3],
			&body,
		];
		assert_refused(frame.concat(), Error::BlobMalformed);
	}

	#[test]
	fn advance_should_refuse_damaged_and_repeated_frames() {
		let good = compressed(&blob(2));
		assert_refused(
			[good.clone(), good[8..].to_vec()].concat(),
			Error::BlobMalformed,
		);
		build_and_execute(|| {
			assert!(advance_with(good[..good.len() - 3].to_vec()).is_err());
		});
	}

	#[test]
	fn advance_should_refuse_a_runtime_of_another_chain_or_version() {
		let apis = [CORE_API, REQUIRED_API];
		let mut other = version(2);
		other.spec_name = "other".into();
		assert_refused(blob_with(&other, &apis, 1), Error::SpecNameDiffers);
		assert_refused(blob_with(&version(3), &apis, 1), Error::SpecVersionDiffers);
		let mut other = version(2);
		other.system_version = 2;
		assert_refused(blob_with(&other, &apis, 1), Error::SystemVersionDiffers);
	}

	#[test]
	fn advance_should_refuse_a_runtime_without_a_required_api() {
		let apis = [CORE_API, (REQUIRED_API.0, REQUIRED_API.1 - 1)];
		assert_refused(blob_with(&version(2), &apis, 1), Error::MissingRuntimeApi);
		assert_refused(
			blob_with(&version(2), &[CORE_API], 1),
			Error::MissingRuntimeApi,
		);
	}

	#[test]
	fn advance_should_refuse_a_way_back_with_other_versions_of_the_required_apis() {
		let apis = [CORE_API, (REQUIRED_API.0, REQUIRED_API.1 + 1)];
		let newer = blob_with(&version(2), &apis, 1);
		// The way back is of the lower version.
		assert_refused(newer.clone(), Error::ApisOfWayBackDiffer);
		build_and_execute(|| {
			// What runs now implements it in no version at all.
			let mut dossier = dossier_for(&newer, 2);
			dossier.rollback = Rollback::PreviousCode;
			assert_ok!(Proposals::register(signed(1), dossier));
			upload(newer.clone());
			assert_noop!(
				Proposals::advance(signed(9), 0),
				Error::<Test>::MissingRuntimeApi
			);
		});
		build_and_execute(|| {
			// Nobody goes back from there.
			let mut dossier = dossier_for(&newer, 2);
			dossier.rollback = Rollback::Irreversible;
			assert_ok!(Proposals::register(signed(1), dossier));
			upload(newer.clone());
			assert_ok!(Proposals::advance(signed(9), 0));
		});
	}

	#[test]
	fn advance_should_fail_when_nothing_is_due() {
		build_and_execute(|| {
			let id = in_stage(Stage::Simulation);
			assert_noop!(Call::advance(signed(9), id), Error::<Test>::NothingDue);
			decide(Stage::Simulation, id, GateStatus::Passed);
			assert_ok!(Call::advance(signed(9), id));
			assert_eq!(stage(id), Some(Stage::Review));
			assert_noop!(Call::advance(signed(9), 99), Error::<Test>::NotOpen);
		});
	}

	#[test]
	fn advance_should_leave_the_switch_to_the_hook() {
		build_and_execute(|| {
			let id = in_stage(Stage::Timelock);
			decide(Stage::Timelock, id, GateStatus::Passed);
			assert_noop!(Call::advance(signed(9), id), Error::<Test>::NothingDue);
			assert_eq!(stage(id), Some(Stage::Timelock));
		});
	}

	#[test]
	fn advance_should_fail_when_the_lane_is_taken() {
		build_and_execute(|| {
			let first = in_stage(Stage::Timelock);
			let second = second_in_voting(first);
			decide(Stage::Voting, second, GateStatus::Passed);
			assert_noop!(Call::advance(signed(9), second), Error::<Test>::LaneBusy);
			run(3);
			assert_eq!(stage(second), Some(Stage::Voting));
			// The first one goes away without a switch: the second gets the lane.
			assert_ok!(<Call as Lifecycle>::stop(
				first,
				Failure::StoppedByValidators
			));
			run(1);
			assert_eq!(stage(second), Some(Stage::Timelock));
			assert_eq!(Lane::<Test>::get(), Some(second));
		});
	}

	/// While one holds the lane, nothing can be registered: put a second one beside it.
	fn second_in_voting(first: ProposalId) -> ProposalId {
		let mut proposal = Open::<Test>::get(first).unwrap();
		proposal.stage = Stage::Registered;
		Open::<Test>::insert(first, proposal);
		let second = registered(5);
		let mut proposal = Open::<Test>::get(first).unwrap();
		proposal.stage = Stage::Timelock;
		Open::<Test>::insert(first, proposal);
		assert_ok!(Call::advance(signed(9), second));
		for stage in [Stage::Simulation, Stage::Review] {
			decide(stage, second, GateStatus::Passed);
			assert_ok!(Call::advance(signed(9), second));
		}
		second
	}
}

mod stages {
	use super::*;

	#[test]
	fn no_stage_is_skipped() {
		build_and_execute(|| {
			let id = registered(2);
			assert_ok!(Call::advance(signed(9), id));
			let order = [
				Stage::Simulation,
				Stage::Review,
				Stage::Voting,
				Stage::Timelock,
				Stage::Probation,
			];
			for at in order {
				assert_eq!(stage(id), Some(at));
				assert_eq!(calls("open").last(), Some(&(at as u8, id)));
				run(2);
				assert_eq!(stage(id), Some(at), "a pending stage is not left");
				// The mock asks to be polled much later, so that only the deadline moves it.
				decide(at, id, GateStatus::Passed);
				run(1_000);
			}
			assert_eq!(stage(id), None);
			assert_eq!(outcome(id), Some(Outcome::Finalized));
			assert_eq!(calls("open"), (1..=5).map(|s| (s, id)).collect::<Vec<_>>());
			assert_eq!(calls("clear"), (1..=5).map(|s| (s, id)).collect::<Vec<_>>());
		});
	}

	#[test]
	fn a_failed_stage_ends_the_proposal_with_the_stages_word() {
		let cases = [
			(Stage::Simulation, Failure::SimulationFailed, "rejected"),
			(Stage::Simulation, Failure::TooFewReports, "expired"),
			(Stage::Review, Failure::OpenFinding, "rejected"),
			(Stage::Review, Failure::TooFewAttestations, "expired"),
			(Stage::Voting, Failure::NotApproved, "rejected"),
			(
				Stage::Timelock,
				Failure::Precondition(Precondition::Readiness),
				"expired",
			),
			(Stage::Probation, Failure::ReportedUnhealthy, "rolled back"),
			(Stage::Probation, Failure::Silence, "rolled back"),
		];
		for (at, why, how) in cases {
			build_and_execute(|| {
				let id = in_stage(at);
				decide(at, id, GateStatus::Failed(why));
				run(1);
				let expected = match how {
					"rejected" => Outcome::Rejected(why),
					"expired" => Outcome::Expired(why),
					_ => Outcome::RolledBack(why),
				};
				assert_eq!(outcome(id), Some(expected));
			});
		}
	}

	#[test]
	fn bytes_expire_exactly_at_the_end_of_their_window() {
		build_and_execute(|| {
			assert_ok!(Call::register(signed(1), dossier(2)));
			run(BYTES_WITHIN - 1);
			assert_eq!(stage(0), Some(Stage::Registered));
			run(1);
			assert_eq!(outcome(0), Some(Outcome::Expired(Failure::BytesMissing)));
		});
	}

	/// A slot with nothing in it has a price, unless others end the proposal.
	#[test]
	fn a_part_of_the_deposit_is_burnt_when_bytes_never_passed() {
		let burnt_by = |end: &dyn Fn()| {
			build_and_execute(|| {
				assert_ok!(Call::register(signed(1), dossier(2)));
				let (deposit, before) = (held(1), Balances::total_issuance());
				end();
				let burnt = before - Balances::total_issuance();
				assert_eq!(Open::<Test>::iter().count(), 0);
				assert_eq!((held(1), Balances::free_balance(1)), (0, 1_000_000 - burnt));
				assert!([0, deposit / 10].contains(&burnt));
				BURNT.set(burnt > 0);
			});
			BURNT.get()
		};
		assert!(burnt_by(&|| run(BYTES_WITHIN)));
		assert!(burnt_by(&|| Call::withdraw(signed(1), 0).unwrap()));
		assert!(!burnt_by(&|| {
			<Call as Lifecycle>::stop(0, Failure::StoppedByValidators).unwrap()
		}));
		assert!(!burnt_by(&|| {
			CurrentCode::set(H256::repeat_byte(5));
			run(BYTES_WITHIN);
		}));
		assert!(!burnt_by(&|| {
			upload(blob(2));
			upload(blob(3));
			Call::advance(signed(9), 0).unwrap();
			Call::withdraw(signed(1), 0).unwrap();
		}));
	}

	thread_local! {
		static BURNT: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
	}

	#[test]
	fn a_failed_upgrade_without_a_way_back_is_not_called_rolled_back() {
		build_and_execute(|| {
			let irreversible = Dossier {
				rollback: Rollback::Irreversible,
				..dossier(2)
			};
			assert_ok!(Call::register(signed(1), irreversible));
			upload(blob(2));
			assert_ok!(Call::advance(signed(9), 0));
			for at in [
				Stage::Simulation,
				Stage::Review,
				Stage::Voting,
				Stage::Timelock,
			] {
				decide(at, 0, GateStatus::Passed);
				run(1);
			}
			decide(Stage::Probation, 0, GateStatus::Failed(Failure::Silence));
			run(1);
			assert_eq!(outcome(0), Some(Outcome::Stuck(Failure::Silence)));
		});
	}

	#[test]
	fn the_hook_does_not_read_foreign_bytes() {
		// Even with good bytes the deadline ends the proposal: only an extrinsic reads them.
		build_and_execute(|| {
			let id = registered(2);
			run(BYTES_WITHIN);
			assert_eq!(outcome(id), Some(Outcome::Expired(Failure::BytesMissing)));
		});
	}

	#[test]
	fn a_replaced_parent_ends_every_stage_before_the_switch() {
		for at in [
			Stage::Simulation,
			Stage::Review,
			Stage::Voting,
			Stage::Timelock,
		] {
			build_and_execute(|| {
				let id = in_stage(at);
				CurrentCode::set(H256::repeat_byte(8));
				run(1);
				assert_eq!(
					outcome(id),
					Some(Outcome::Expired(Failure::ParentReplaced)),
					"{at:?}"
				);
			});
		}
	}

	#[test]
	fn deposits_roles_and_bytes_are_gone_when_a_proposal_ends() {
		build_and_execute(|| {
			let id = in_stage(Stage::Review);
			assert_ok!(<Call as Roles<u64>>::claim(id, &5, Some(50), Role::Auditor));
			decide(Stage::Review, id, GateStatus::Failed(Failure::OpenFinding));
			run(1);
			assert_eq!(held(1), 0);
			assert_eq!(RoleOf::<Test>::iter().count(), 0);
			assert!(!Preimage::is_requested(&dossier(2).code.hash));
			assert_eq!(NextDeadline::<Test>::get(), None);
		});
	}

	#[test]
	fn the_hook_is_bounded_and_polls_the_one_in_probation_first() {
		build_and_execute(|| {
			let watched = in_stage(Stage::Probation);
			OnProbation::set(Some(watched));
			for version in [10, 20, 30] {
				assert_ok!(Call::register(signed(2), dossier(version)));
			}
			run(BYTES_WITHIN - 1);
			let polls = |of| calls("poll").iter().filter(|c| **c == of).count();
			let before = polls((5, watched));
			// Make it due in the very block in which three others are.
			let now = System::block_number() + 1;
			let mut agenda = crate::Agenda::<Test>::get().into_inner();
			agenda.retain(|(_, id)| *id != watched);
			agenda.push((now, watched));
			agenda.sort();
			crate::Agenda::<Test>::put(frame_support::BoundedVec::truncate_from(agenda));
			Open::<Test>::mutate(watched, |p| p.as_mut().unwrap().due = now);
			NextDeadline::<Test>::put(now);
			run(1);
			assert_eq!(polls((5, watched)), before + 1);
			assert_eq!(
				Open::<Test>::iter().count(),
				3,
				"one of three others was polled"
			);
			run(1);
			assert_eq!(
				Open::<Test>::iter().count(),
				1,
				"the rest follows in the next block"
			);
		});
	}

	#[test]
	fn hooks_are_flat() {
		let idle = |open: u64| {
			let mut weight = Default::default();
			build_and_execute(|| {
				for who in 1..=open {
					assert_ok!(Call::register(signed(who), dossier(2)));
				}
				weight = Call::on_initialize(2);
			});
			weight
		};
		assert_eq!(idle(0), idle(4));
	}
}

mod revise {
	use super::*;

	fn answer() -> Document {
		Document::of(b"answer")
	}

	#[test]
	fn revise_should_start_over_in_a_new_round() {
		build_and_execute(|| {
			let id = in_stage(Stage::Review);
			let now = System::block_number();
			assert_ok!(Call::revise(signed(1), id, dossier(7), answer()));
			let proposal = Open::<Test>::get(id).unwrap();
			assert_eq!(
				(proposal.stage, proposal.round, proposal.due),
				(Stage::Registered, 1, now + BYTES_WITHIN)
			);
			assert_eq!(calls("close").last(), Some(&(2, id)));
			assert!(!Preimage::is_requested(&dossier(2).code.hash));
			assert!(Preimage::is_requested(&dossier(7).code.hash));
			upload(blob(7));
			upload(blob(8));
			assert_ok!(Call::advance(signed(9), id));
			assert_eq!(stage(id), Some(Stage::Simulation));
		});
	}

	#[test]
	fn revise_should_keep_bytes_that_both_dossiers_name() {
		build_and_execute(|| {
			let id = registered(2);
			let mut text_only = dossier(2);
			text_only.rationale = Document::of(b"better words");
			assert_ok!(Call::revise(signed(1), id, text_only, answer()));
			assert_ok!(Call::advance(signed(9), id));
		});
	}

	#[test]
	fn revise_should_adjust_the_deposit() {
		build_and_execute(|| {
			let id = registered(2);
			let before = held(1);
			let longer = blob_with(&version(2), &[CORE_API, REQUIRED_API], 510);
			let grown = longer.len() as u128 - blob(2).len() as u128;
			assert_ok!(Call::revise(
				signed(1),
				id,
				dossier_for(&longer, 2),
				answer()
			));
			assert_eq!(held(1), before + grown);
			assert_ok!(Call::revise(signed(1), id, dossier(2), answer()));
			assert_eq!(held(1), before);
		});
	}

	#[test]
	fn revise_should_fail_when_it_is_too_late_or_not_ones_own() {
		build_and_execute(|| {
			let id = in_stage(Stage::Voting);
			assert_noop!(
				Call::revise(signed(1), id, dossier(2), answer()),
				Error::<Test>::TooLate
			);
			assert_noop!(
				Call::revise(signed(2), id, dossier(2), answer()),
				Error::<Test>::NotProposer
			);
			assert_noop!(
				Call::revise(signed(2), 9, dossier(2), answer()),
				Error::<Test>::NotOpen
			);
		});
	}

	#[test]
	fn revise_should_fail_when_there_were_too_many_rounds() {
		build_and_execute(|| {
			let id = registered(2);
			for version in [3, 4] {
				assert_ok!(Call::revise(signed(1), id, dossier(version), answer()));
			}
			assert_noop!(
				Call::revise(signed(1), id, dossier(5), answer()),
				Error::<Test>::TooManyRounds
			);
		});
	}

	#[test]
	fn revise_should_check_the_new_dossier() {
		build_and_execute(|| {
			let id = registered(2);
			assert_noop!(
				Call::revise(signed(1), id, dossier(1), answer()),
				Error::<Test>::VersionNotAboveHighest
			);
		});
	}
}

mod ends {
	use super::*;

	#[test]
	fn withdraw_should_return_the_deposit_before_the_timelock_only() {
		build_and_execute(|| {
			let id = in_stage(Stage::Voting);
			assert_noop!(Call::withdraw(signed(2), id), Error::<Test>::NotProposer);
			assert_ok!(Call::withdraw(signed(1), id));
			assert_eq!((held(1), outcome(id)), (0, Some(Outcome::Withdrawn)));
			assert_noop!(Call::withdraw(signed(1), id), Error::<Test>::NotOpen);
		});
		build_and_execute(|| {
			let id = in_stage(Stage::Timelock);
			assert_noop!(Call::withdraw(signed(1), id), Error::<Test>::TooLate);
		});
	}

	#[test]
	fn stop_should_abort_before_the_switch_only() {
		for at in [
			Stage::Simulation,
			Stage::Review,
			Stage::Voting,
			Stage::Timelock,
		] {
			build_and_execute(|| {
				let id = in_stage(at);
				assert_ok!(<Call as Lifecycle>::stop(id, Failure::StoppedByValidators));
				assert_eq!(
					outcome(id),
					Some(Outcome::Aborted(Failure::StoppedByValidators))
				);
				assert_eq!(Lane::<Test>::get(), None);
			});
		}
		build_and_execute(|| {
			let id = in_stage(Stage::Probation);
			assert_noop!(
				<Call as Lifecycle>::stop(id, Failure::StoppedByValidators),
				Error::<Test>::TooLate
			);
			assert_noop!(
				<Call as Lifecycle>::stop(99, Failure::StoppedByValidators),
				Error::<Test>::NotOpen
			);
		});
	}

	#[test]
	fn claim_should_refuse_a_second_role_of_account_or_organisation() {
		build_and_execute(|| {
			let id = registered(2);
			let claim = <Call as Roles<u64>>::claim;
			assert_noop!(
				claim(id, &1, Some(4), Role::Auditor),
				Error::<Test>::OtherRole
			);
			assert_ok!(claim(id, &5, Some(50), Role::Auditor));
			assert_ok!(claim(id, &5, Some(50), Role::Auditor));
			assert_noop!(
				claim(id, &5, None, Role::Simulator),
				Error::<Test>::OtherRole
			);
			frame_support::assert_err!(
				claim(id, &6, Some(50), Role::Simulator),
				Error::<Test>::OtherRole
			);
			assert_noop!(claim(99, &6, None, Role::Simulator), Error::<Test>::NotOpen);
		});
	}

	#[test]
	fn history_should_forget_the_oldest() {
		build_and_execute(|| {
			for round in 0..9u32 {
				assert_ok!(Call::register(signed(1), dossier(2)));
				assert_ok!(Call::withdraw(signed(1), round));
			}
			assert_eq!(NextId::<Test>::get(), 9);
			assert_eq!(outcome(0), None);
			assert_eq!(outcome(8), Some(Outcome::Withdrawn));
			assert_eq!(crate::History::<Test>::iter().count(), 8);
		});
	}
}
