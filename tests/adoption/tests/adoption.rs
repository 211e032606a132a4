//! The lifecycle on a chain that is not ours.

use airlock_adoption::{authorities, blob, *};
use airlock_primitives::{
	Class, CodeHistory, CodeRef, Document, Dossier, Failure, Lifecycle, Outcome, ProposalId,
	Rollback, Stage,
};
use frame_support::{assert_noop, assert_ok, traits::OnInitialize};
use frame_system::SetCode;
use pallet_airlock_supermajority::Vote;
use sp_core::{storage::well_known_keys, traits::ReadRuntimeVersionExt, H160, H256};
use sp_runtime::{traits::Dispatchable, BuildStorage, DispatchError, DispatchResult};

const DEVELOPER: AccountId = H160::repeat_byte(1);
const STRANGER: AccountId = H160::repeat_byte(9);

/// Power 4, 3, 2 and 1: three quarters need the first two and one more.
fn seats() -> Vec<(AccountId, u32, u64)> {
	(0..4u8)
		.map(|n| (H160::repeat_byte(0x10 + n), u32::from(n), 4 - u64::from(n)))
		.collect()
}

fn seat(n: usize) -> AccountId {
	seats()[n].0
}

fn on_chain(test: impl FnOnce()) {
	let people = [DEVELOPER, STRANGER];
	let genesis = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: people.map(|who| (who, 10_000)).to_vec(),
			..Default::default()
		},
		proposals: pallet_airlock_proposals::GenesisConfig {
			policy: Some(policy()),
		},
		authorities: authorities::GenesisConfig { seats: seats() },
		..Default::default()
	};
	let storage = genesis.build_storage().expect("the genesis is sound");
	let mut ext = sp_io::TestExternalities::new_with_code(&blob::of(1), storage);
	ext.register_extension(ReadRuntimeVersionExt::new(blob::ReadVersion));
	ext.execute_with(|| {
		Running::set(1);
		run(1);
		test();
		check();
	});
}

/// The invariants of every pallet.
fn check() {
	Proposals::do_try_state().expect("proposals");
	Enactment::do_try_state().expect("enactment");
	Supermajority::do_try_state().expect("supermajority");
}

fn call(who: AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
	let result = call.into().dispatch(RuntimeOrigin::signed(who));
	result.map(|_| ()).map_err(|error| error.error)
}

fn newest_code() -> Vec<u8> {
	let code = sp_io::storage::get(well_known_keys::PENDING_CODE)
		.or_else(|| sp_io::storage::get(well_known_keys::CODE));
	code.expect("a chain has code").to_vec()
}

/// Some blocks pass.
fn run(blocks: u64) {
	for _ in 0..blocks {
		let number = System::block_number() + 1;
		if number > 1 {
			System::finalize();
			let running = pallet_airlock_proposals::blob::embedded_version(&newest_code(), 100_000);
			Running::set(running.expect("a runtime").spec_version);
		}
		System::initialize(&number, &H256::from_low_u64_be(number), &Default::default());
		AllPalletsWithSystem::on_initialize(number);
	}
}

/// Runs until a proposal leaves a stage.
fn run_out_of(stage: Stage, id: ProposalId) {
	for _ in 0..20 {
		if Proposals::stage(id) != Some(stage) {
			return;
		}
		run(1);
	}
	panic!("still in {stage:?}");
}

fn code_ref(spec_version: u32) -> CodeRef {
	let bytes = blob::of(spec_version);
	CodeRef {
		hash: H256(sp_crypto_hashing::blake2_256(&bytes)),
		len: bytes.len() as u32,
		spec_version,
	}
}

fn dossier(spec_version: u32) -> Dossier {
	let document = Document::of(b"text");
	Dossier {
		code: code_ref(spec_version),
		parent_code_hash: Enactment::current(),
		rollback: Rollback::Dedicated(code_ref(spec_version + 1)),
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		minted: 0,
		scope: std::collections::BTreeSet::from([3])
			.try_into()
			.expect("one"),
		class: Class::Standard,
	}
}

/// Registers an upgrade and uploads its bytes.
fn register(spec_version: u32) -> ProposalId {
	let id = pallet_airlock_proposals::NextId::<Runtime>::get();
	let dossier = dossier(spec_version);
	call(
		DEVELOPER,
		pallet_airlock_proposals::Call::register { dossier },
	)
	.expect("registered");
	for version in [spec_version, spec_version + 1] {
		let bytes = blob::of(version);
		call(STRANGER, pallet_preimage::Call::note_preimage { bytes }).expect("uploaded");
	}
	id
}

/// Takes an upgrade as far as a stage.
fn upgrade_in(stage: Stage, spec_version: u32) -> ProposalId {
	let id = register(spec_version);
	let dossier_hash = Proposals::dossier_hash(id).expect("open");
	call(STRANGER, pallet_airlock_proposals::Call::advance { id }).expect("good bytes");
	// The two stages that are left out pass at the next blocks.
	run(2);
	for at in [Stage::Voting, Stage::Timelock] {
		assert_eq!(Proposals::stage(id), Some(at));
		if at == stage {
			return id;
		}
		match at {
			Stage::Voting => vote(id, dossier_hash),
			_ => ready(id, dossier_hash),
		}
		run_out_of(at, id);
	}
	id
}

fn vote(id: ProposalId, dossier_hash: H256) {
	for n in 0..3 {
		let vote = Vote::Aye;
		let aye = pallet_airlock_supermajority::Call::vote {
			id,
			dossier_hash,
			vote,
		};
		call(seat(n), aye).expect("voted");
	}
}

fn ready(id: ProposalId, dossier_hash: H256) {
	for n in 0..2 {
		let signal = pallet_airlock_enactment::Call::signal_readiness {
			id,
			dossier_hash,
			node: Default::default(),
		};
		call(seat(n), signal).expect("ready");
	}
}

fn health(id: ProposalId, n: usize, healthy: bool) {
	let report = pallet_airlock_enactment::Call::report_health { id, healthy };
	call(seat(n), report).expect("heard");
}

fn outcome(id: ProposalId) -> Option<Outcome> {
	let views = Proposals::views();
	views.into_iter().find(|view| view.id == id)?.outcome
}

fn written() -> Vec<H256> {
	Written::get()
}

#[test]
fn an_upgrade_should_pass_every_stage_that_this_chain_has() {
	on_chain(|| {
		let id = upgrade_in(Stage::Probation, 2);
		assert_eq!(written(), [code_ref(2).hash], "by the chain's own setter");
		(0..2).for_each(|n| health(id, n, true));
		run(20);
		assert_eq!(outcome(id), Some(Outcome::Finalized));
		assert_eq!(newest_code(), blob::of(2));
		assert_eq!(pallet_balances::Holds::<Runtime>::get(DEVELOPER).len(), 0);
		// And the next one is built on it.
		let next = upgrade_in(Stage::Probation, 3);
		assert_eq!(Proposals::stage(next), Some(Stage::Probation));
	});
}

#[test]
fn power_should_decide_and_not_heads() {
	on_chain(|| {
		let id = upgrade_in(Stage::Voting, 2);
		let dossier_hash = Proposals::dossier_hash(id).expect("open");
		// Three of four heads, and 6 of 10.
		for n in 1..4 {
			let vote = Vote::Aye;
			let aye = pallet_airlock_supermajority::Call::vote {
				id,
				dossier_hash,
				vote,
			};
			call(seat(n), aye).expect("voted");
		}
		run(10);
		assert_eq!(outcome(id), Some(Outcome::Rejected(Failure::NotApproved)));
	});
}

#[test]
fn a_third_can_stop() {
	for stage in [Stage::Voting, Stage::Timelock] {
		on_chain(|| {
			let id = upgrade_in(stage, 2);
			let dossier_hash = Proposals::dossier_hash(id).expect("open");
			let stop = || pallet_airlock_supermajority::Call::stop { id, dossier_hash };
			call(seat(1), stop()).expect("3 of 10");
			assert_eq!(Proposals::stage(id), Some(stage));
			call(seat(3), stop()).expect("4 of 10");
			let aborted = Outcome::Aborted(Failure::StoppedByValidators);
			assert_eq!(outcome(id), Some(aborted));
			assert_eq!(written(), []);
		});
	}
}

#[test]
fn bad_code_goes_back() {
	on_chain(|| {
		let id = upgrade_in(Stage::Probation, 2);
		health(id, 0, false);
		run(1);
		let why = Failure::ReportedUnhealthy;
		assert_eq!(outcome(id), Some(Outcome::RolledBack(why)));
		assert_eq!(newest_code(), blob::of(3));
		assert_eq!(written(), [code_ref(2).hash, code_ref(3).hash]);
	});
}

#[test]
fn silence_goes_back() {
	on_chain(|| {
		let id = upgrade_in(Stage::Probation, 2);
		run(6);
		assert_eq!(outcome(id), Some(Outcome::RolledBack(Failure::Silence)));
	});
}

#[test]
fn no_other_way_should_lead_to_the_code() {
	on_chain(|| {
		let code = blob::of(2);
		let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
		let write = frame_system::Call::set_code { code: code.clone() };
		assert_eq!(call(STRANGER, write), Err(filtered));
		// Not by Root, which passes the filter, nor by a pallet that calls the setter.
		assert_noop!(
			System::set_code(RuntimeOrigin::root(), code.clone()).map_err(|e| e.error),
			pallet_airlock_enactment::Error::<Runtime>::NotThisCodesTurn
		);
		type OnSetCode = <Runtime as frame_system::Config>::OnSetCode;
		assert_noop!(
			<OnSetCode as SetCode<Runtime>>::set_code(code),
			pallet_airlock_enactment::Error::<Runtime>::NotThisCodesTurn
		);
		assert_eq!(written(), []);
	});
}

/// Two candidates in a row that nobody reports healthy lock the lane, and this chain's operators reopen it.
#[test]
fn the_lane_should_be_reopened_by_this_chains_operators_only() {
	on_chain(|| {
		let unlock = || pallet_airlock_enactment::Call::unlock {};
		for version in [2, 4] {
			let id = upgrade_in(Stage::Probation, version);
			run(6);
			assert_eq!(outcome(id), Some(Outcome::RolledBack(Failure::Silence)));
		}
		assert!(pallet_airlock_enactment::Locked::<Runtime>::get());
		for nobody in [STRANGER, seat(0)] {
			assert_eq!(call(nobody, unlock()), Err(DispatchError::BadOrigin));
		}
		assert_ok!(call(Operators::ACCOUNT, unlock()));
	});
}

/// What is left out passes by itself, one block for each stage, and asks nobody.
#[test]
fn stages_that_are_left_out_should_pass_by_themselves() {
	on_chain(|| {
		let id = register(2);
		call(STRANGER, pallet_airlock_proposals::Call::advance { id }).expect("good bytes");
		for stage in [Stage::Simulation, Stage::Review, Stage::Voting] {
			assert_eq!(Proposals::stage(id), Some(stage));
			run(1);
		}
		assert_eq!(Proposals::stage(id), Some(Stage::Voting), "this one waits");
	});
}

/// Every block of code in the guide is a piece of this runtime: it cannot say what does not compile.
#[test]
fn the_guide_should_quote_this_runtime() {
	let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
	let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).expect(path);
	let guide = read("docs/adopting.md");
	let runtime = read("tests/adoption/src/lib.rs");
	let blocks: Vec<&str> = guide
		.split("```rust\n")
		.skip(1)
		.filter_map(|rest| rest.split("```").next())
		.collect();
	assert!(blocks.len() >= 5, "the guide shows how");
	for block in blocks {
		assert!(runtime.contains(block), "not in the runtime:\n{block}");
	}
}
