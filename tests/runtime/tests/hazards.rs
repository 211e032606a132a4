//! Bug classes of `docs/hazards.md` that only the whole runtime shows, and that the list names no test which is not there.

use airlock_primitives::{
	ClassPolicy, Document, DossierRef, Lifecycle, ProposalId, Rollback, Stage, StageGate,
};
use airlock_report::{openings, samples, Leaf, Opening, Report, SectionId};
use airlock_runtime::{
	AccountId, Balances, Executive, Preimage, Proposals, Runtime, RuntimeCall, Simulations, System,
	UncheckedExtrinsic, UNIT,
};
use airlock_runtime_tests::*;
use codec::Encode;
use frame_support::traits::{fungible::Mutate, Get, GetCallIndex, GetCallMetadata, QueryPreimage};
use pallet_airlock_audits::{Kind, Opinion, Severity};
use pallet_airlock_supermajority::Vote;
use sp_core::H256;
use sp_io::hashing::{blake2_256, twox_128};
use sp_runtime::transaction_validity::TransactionSource;
use std::{fs, path::Path};

const OURS: [&str; 6] = [
	"Proposals",
	"Enactment",
	"Validators",
	"Simulations",
	"Audits",
	"Supermajority",
];

/// All keys of our pallets.
fn keys_of_ours() -> Vec<Vec<u8>> {
	let mut keys = Vec::new();
	for pallet in OURS {
		let prefix = twox_128(pallet.as_bytes()).to_vec();
		let mut key = prefix.clone();
		while let Some(next) = sp_io::storage::next_key(&key).filter(|k| k.starts_with(&prefix)) {
			keys.push(next.clone());
			key = next;
		}
	}
	keys
}

/// A round of simulation on a proposal whose blobs nobody built, with these windows.
fn open_round(policy: &ClassPolicy<u32>) -> ProposalId {
	let mut dossier = good_dossier();
	dossier.code.len = 1;
	dossier.code.hash = H256::repeat_byte(1);
	dossier.rollback = Rollback::PreviousCode;
	let id = pallet_airlock_proposals::NextId::<Runtime>::get();
	let register = pallet_airlock_proposals::Call::register {
		dossier: dossier.clone(),
	};
	signed(&proposer(), register).expect("registered");
	let about = DossierRef {
		proposer: &proposer(),
		round: 0,
		hash: dossier.hash(),
		dossier: &dossier,
	};
	Simulations::open(id, &about, policy, System::block_number()).expect("there are blocks");
	id
}

/// Class 13. In production the chain forgets the hashes of the replayed blocks long before a report is shown; a simulator
/// that invented one pays all the same.
#[test]
fn a_lie_is_proven_when_the_chain_has_forgotten_the_block() {
	use pallet_airlock_simulations::{Call, Evidence, Rounds, Simulators, Standing};
	let windows = airlock_runtime::policies::production();
	let remembered = <Runtime as frame_system::Config>::BlockHashCount::get();
	for class in [&windows.standard, &windows.security, &windows.self_change] {
		assert!(class.simulation.commit_window > remembered);
	}
	chain("local_testnet").execute_with(|| {
		begin_block();
		run(5);
		let (id, now) = (open_round(&windows.standard), System::block_number());
		let (mut leaves, mut report) = (leaves(id), report(id));
		if let Some(Leaf::Block(block)) = leaves[3].1.first_mut() {
			block.hash = H256::zero();
		}
		report = Report::of(report.config, &leaves).unwrap();
		let (report_root, who, salt) = (report.root(), &simulators()[0], [1; 32]);
		signed(who, commit_to(id, who, &report, salt)).unwrap();
		// Days pass.
		(1..now).for_each(frame_system::BlockHash::<Runtime>::remove);
		System::set_block_number(now + windows.standard.simulation.commit_window);
		<Simulations as StageGate<AccountId, u32>>::poll(id, System::block_number());
		let seed = Rounds::<Runtime>::get(id).unwrap().seed.unwrap();
		let openings = openings(&leaves, &samples(&seed, &who.encode(), &report)).unwrap();
		let reveal = Call::reveal {
			id,
			report,
			salt,
			openings,
		};
		signed(who, reveal).unwrap();
		let opening = |index| Box::new(Opening::of(&leaves, SectionId::Replay, index).unwrap());
		let evidence = Evidence::Parent {
			block: opening(0),
			child: opening(1),
			header: Box::new(header(2)),
		};
		let challenge = Call::challenge {
			id,
			report_root,
			evidence,
		};
		signed(&anyone(), challenge).unwrap();
		let standing = Simulators::<Runtime>::get(who).map(|entry| entry.standing);
		assert_eq!(standing, Some(Standing::Expelled));
	});
}

/// Class 3. Each value of ours in turn is cut, replaced, or made longer; then blocks pass.
#[test]
fn hooks_do_not_panic_when_storage_is_damaged() {
	let damages: [fn(&[u8]) -> Vec<u8>; 4] = [
		|_| vec![],
		|value| value[..value.len() / 2].to_vec(),
		|value| value.iter().map(|byte| !byte).collect(),
		|value| [value, &[0xff; 40]].concat(),
	];
	for stage in [
		Stage::Registered,
		Stage::Simulation,
		Stage::Review,
		Stage::Voting,
		Stage::Timelock,
		Stage::Probation,
	] {
		chain("local_testnet").execute_with(|| {
			begin_block();
			run(5);
			good_upgrade_in(stage);
			let keys = keys_of_ours();
			assert!(keys.len() > 10, "there is something to damage");
			for key in keys {
				for damage in damages {
					damaged(&key, damage);
				}
			}
		});
	}
}

/// Damages one value, lets the lifecycle's hook run as far as its deadlines go, and mends it.
fn damaged(key: &[u8], damage: fn(&[u8]) -> Vec<u8>) {
	use frame_support::{
		storage::{with_transaction, TransactionOutcome},
		traits::Hooks,
	};
	let value = sp_io::storage::get(key).expect("it was just met");
	let tried = with_transaction(|| {
		sp_io::storage::set(key, &damage(&value));
		let now = System::block_number();
		for block in now + 1..now + 40 {
			System::set_block_number(block);
			Proposals::on_initialize(block);
		}
		TransactionOutcome::Rollback(Ok::<(), sp_runtime::DispatchError>(()))
	});
	tried.expect("rolled back");
}

/// Class 4. Nobody gets anything for free: what is not signed is not taken.
#[test]
fn no_bare_extrinsic_is_taken() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Review);
		let calls: [RuntimeCall; 4] = [
			pallet_airlock_proposals::Call::advance { id }.into(),
			pallet_airlock_simulations::Call::top_up {}.into(),
			pallet_airlock_enactment::Call::unlock {}.into(),
			frame_system::Call::remark { remark: vec![] }.into(),
		];
		for call in calls {
			let extrinsic = UncheckedExtrinsic::new_bare(call.clone());
			let block = System::block_hash(0);
			let validity = Executive::validate_transaction(
				TransactionSource::External,
				extrinsic.clone(),
				block,
			);
			assert!(validity.is_err(), "{call:?} got into the pool");
			// An author who puts it into a block on its own achieves nothing.
			let applied = Executive::apply_extrinsic(extrinsic);
			assert!(!matches!(applied, Ok(Ok(()))), "{call:?} was taken");
		}
	});
}

fn rich(number: u32) -> AccountId {
	let who = AccountId::from(blake2_256(format!("rich {number}").as_bytes()));
	Balances::mint_into(&who, 10_000 * UNIT).expect("minted");
	who
}

/// Class 15. Who fills every slot that is open to all delays no validator by a block.
#[test]
fn a_validator_gets_a_slot_when_all_others_are_taken() {
	use pallet_airlock_proposals::{Call, Config, Error};
	on_local_chain(|| {
		let dossier = good_dossier();
		let register = |who: &AccountId| {
			let dossier = dossier.clone();
			signed(who, Call::register { dossier })
		};
		let (open, reserved): (u32, u32) = (
			<Runtime as Config>::MaxOpen::get(),
			<Runtime as Config>::ReservedSlots::get(),
		);
		for number in 0..(open - reserved) / 2 {
			let attacker = rich(number);
			register(&attacker).expect("there is a slot");
			register(&attacker).expect("there is a second one");
		}
		let late = rich(1_000);
		assert_eq!(register(&late), Err(Error::<Runtime>::TooManyOpen.into()));
		let block = System::block_number();
		for validator in validators() {
			register(&validator).expect("a slot is kept");
		}
		assert_eq!(System::block_number(), block);
	});
}

/// Class 23. Bytes that a proposal asks for stay until it ends, whoever brought them.
#[test]
fn nobody_takes_the_bytes_away_that_a_proposal_asks_for() {
	on_local_chain(|| {
		// Somebody had brought them before, and owns them.
		let owner = rich(1);
		let bytes = airlock_variants::GOOD.to_vec();
		let hash = blake2_256(&bytes).into();
		let note = pallet_preimage::Call::note_preimage { bytes };
		signed(&owner, note).expect("noted");
		let dossier = good_dossier();
		let call = pallet_airlock_proposals::Call::register { dossier };
		signed(&proposer(), call).expect("registered");
		let unnote = || pallet_preimage::Call::unnote_preimage { hash };
		let unrequest = || pallet_preimage::Call::unrequest_preimage { hash };
		signed(&owner, unnote()).ok();
		for who in [&owner, &anyone(), &proposer()] {
			signed(who, unnote()).ok();
			signed(who, unrequest()).expect_err("only the lifecycle asks");
		}
		assert!(Preimage::len(&hash).is_some(), "the bytes are gone");
	});
}

/// Class 29. An index that was given stays with its call: what was signed yesterday means the same tomorrow.
#[test]
fn calls_keep_their_indices() {
	let mut known = String::new();
	for pallet in OURS {
		let of = RuntimeCall::get_module_names()
			.iter()
			.position(|name| *name == pallet)
			.expect("it is there");
		let calls: Vec<String> = indices(pallet)
			.into_iter()
			.map(|(index, name)| format!("{index} {name}"))
			.collect();
		known.push_str(&format!("{pallet} ({of}): {}\n", calls.join(", ")));
	}
	let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/call-indices.txt");
	if std::env::var_os("AIRLOCK_BLESS").is_some() {
		fs::write(&file, &known).expect("written");
	}
	assert_eq!(known, fs::read_to_string(file).expect("the list is there"));
}

/// Calls of a pallet by their indices.
fn indices(pallet: &str) -> Vec<(u8, &'static str)> {
	fn of<C: GetCallIndex + frame_support::traits::GetCallName>() -> Vec<(u8, &'static str)> {
		let names = C::get_call_names().iter().copied();
		C::get_call_indices().iter().copied().zip(names).collect()
	}
	match pallet {
		"Proposals" => of::<pallet_airlock_proposals::Call<Runtime>>(),
		"Enactment" => of::<pallet_airlock_enactment::Call<Runtime>>(),
		"Validators" => of::<pallet_airlock_validators::Call<Runtime>>(),
		"Simulations" => of::<pallet_airlock_simulations::Call<Runtime>>(),
		"Audits" => of::<pallet_airlock_audits::Call<Runtime>>(),
		_ => of::<pallet_airlock_supermajority::Call<Runtime>>(),
	}
}

/// Class 32. A proposal that has ended takes nothing, and its number is not given again.
#[test]
fn nothing_is_taken_for_a_proposal_that_has_ended() {
	on_local_chain(|| {
		let id = good_upgrade_in(Stage::Review);
		let dossier_hash = Proposals::dossier_hash(id).expect("open");
		let (report, leaves) = (report(id), leaves(id));
		let withdraw = pallet_airlock_proposals::Call::withdraw { id };
		signed(&proposer(), withdraw).expect("withdrawn");
		let (validator, simulator, auditor) = (
			validators()[0].clone(),
			simulators()[0].clone(),
			auditors()[0].clone(),
		);
		let late: Vec<(AccountId, RuntimeCall)> = vec![
			(
				proposer(),
				pallet_airlock_proposals::Call::withdraw { id }.into(),
			),
			(
				anyone(),
				pallet_airlock_proposals::Call::advance { id }.into(),
			),
			(
				proposer(),
				pallet_airlock_proposals::Call::revise {
					id,
					dossier: good_dossier(),
					response: Document::of(b"late"),
				}
				.into(),
			),
			(
				simulator.clone(),
				pallet_airlock_simulations::Call::commit {
					id,
					round: 0,
					attempt: 0,
					commitment: Default::default(),
				}
				.into(),
			),
			(
				simulator,
				pallet_airlock_simulations::Call::reveal {
					id,
					report: report.clone(),
					salt: [1; 32],
					openings: Default::default(),
				}
				.into(),
			),
			(
				anyone(),
				pallet_airlock_simulations::Call::challenge {
					id,
					report_root: report.root(),
					evidence: pallet_airlock_simulations::Evidence::Leaf(Box::new(
						Opening::of(&leaves, SectionId::Replay, 0).expect("a block was replayed"),
					)),
				}
				.into(),
			),
			(
				auditor.clone(),
				pallet_airlock_audits::Call::attest {
					id,
					dossier_hash,
					kind: Kind::CodeReview,
					opinion: Opinion::Approve,
					report: Default::default(),
				}
				.into(),
			),
			(
				anyone(),
				pallet_airlock_audits::Call::report_finding {
					id,
					severity: Severity::Low,
					report: Document::of(b"late"),
				}
				.into(),
			),
			(
				anyone(),
				pallet_airlock_audits::Call::fund_bounty {
					id,
					amount: 100 * UNIT,
				}
				.into(),
			),
			(
				auditor,
				pallet_airlock_audits::Call::declare_conflict { id }.into(),
			),
			(
				validator.clone(),
				pallet_airlock_supermajority::Call::vote {
					id,
					dossier_hash,
					vote: Vote::Aye,
				}
				.into(),
			),
			(
				validator.clone(),
				pallet_airlock_supermajority::Call::stop { id, dossier_hash }.into(),
			),
			(
				validator.clone(),
				pallet_airlock_enactment::Call::signal_readiness {
					id,
					dossier_hash,
					node: Default::default(),
				}
				.into(),
			),
			(
				validator,
				pallet_airlock_enactment::Call::report_health { id, healthy: true }.into(),
			),
			(
				anyone(),
				pallet_airlock_enactment::Call::prove_broken_invariant {
					id,
					witness: airlock_runtime::configs::lifecycle::Witness::Name(anyone()),
				}
				.into(),
			),
		];
		for (who, call) in late {
			let name = call.get_call_metadata();
			let before = sp_io::storage::root(sp_core::storage::StateVersion::V1);
			assert!(signed(&who, call).is_err(), "{name:?} was taken");
			let after = sp_io::storage::root(sp_core::storage::StateVersion::V1);
			assert_eq!(before, after, "{name:?} left something");
		}
		assert_eq!(register(&good_dossier()), id + 1);
	});
}

/// Where the tests of a crate are.
fn sources(krate: &str) -> Option<&'static str> {
	Some(match krate {
		"primitives" => "pallets/primitives",
		"proposals" => "pallets/proposals",
		"simulations" => "pallets/simulations",
		"audits" => "pallets/audits",
		"supermajority" => "pallets/supermajority",
		"enactment" => "pallets/enactment",
		"validators" => "pallets/validators",
		"runtime" => "tests/runtime",
		"model" => "tests/model",
		"adoption" => "tests/adoption",
		"fuzz" => "tests/fuzz",
		"e2e" => "tests/e2e",
		"simulator" => "simulator/src",
		"report" => "simulator/report",
		_ => return None,
	})
}

/// True if a folder has a test of that name.
fn has_test(folder: &Path, name: &str) -> bool {
	let entries = fs::read_dir(folder).into_iter().flatten().flatten();
	entries.map(|entry| entry.path()).any(|path| {
		if path.is_dir() {
			return has_test(&path, name);
		}
		let is_source = path.extension().is_some_and(|extension| extension == "rs");
		let text = fs::read_to_string(&path).ok().filter(|_| is_source);
		text.is_some_and(|text| {
			let head = text
				.split(&format!("fn {name}()"))
				.next()
				.unwrap_or_default();
			let last = head.rsplit('}').next().unwrap_or_default();
			head.len() < text.len() && (last.contains("#[test]") || last.contains("#[tokio::test"))
		})
	})
}

/// What a list names and is not there.
fn missing(list: &str) -> Vec<String> {
	let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
	let named = list.split('`').skip(1).step_by(2);
	let named = named.filter_map(|text| text.split_once("::").filter(|_| !text.contains('/')));
	named
		.filter(|(krate, name)| !sources(krate).is_some_and(|s| has_test(&root.join(s), name)))
		.map(|(krate, name)| format!("{krate}::{name}"))
		.collect()
}

#[test]
fn every_class_is_listed_with_tests_that_exist() {
	let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hazards.md");
	let list = fs::read_to_string(list).expect("the list is there");
	for class in 1..=32 {
		assert!(
			list.contains(&format!("\n**{class}. ")),
			"class {class} is not listed"
		);
	}
	// The first paragraph says `x` of some crates.
	let (_, classes) = list.split_once("## Classes").expect("the classes");
	assert_eq!(missing(classes), Vec::<String>::new());
}

#[test]
fn a_test_that_does_not_exist_is_found() {
	let list = "`runtime::hooks_are_flat`, `runtime::hooks_are_fat`, `nobody::hooks_are_flat`, `model::play_all`";
	assert_eq!(
		missing(list),
		[
			"runtime::hooks_are_fat",
			"nobody::hooks_are_flat",
			"model::play_all"
		]
	);
}
