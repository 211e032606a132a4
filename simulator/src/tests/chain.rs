//! Of the whole engine: real runtimes on a chain in memory, with real transactions.

use super::MemoryBackend;
use crate::{
	bench::Workbench,
	executor::{Code, Executor},
	memo::Memo,
	replay::load_from,
	replay_part, simulate,
	stage::inherent_data,
	state_at, Header, Input, Observer, Outcome,
};
use airlock_primitives::rescue::{self, Armed};
use airlock_report::{
	leaf::{Blob, BlockResult},
	SectionId, Sums, Verdict,
};
use airlock_runtime::{profiles, RuntimeCall, SignedPayload, TxExtension, UncheckedExtrinsic};
use airlock_variants::{
	with_fault, Fault, BASE, BASE_SPEC_VERSION, GOOD, GOOD_ROLLBACK, GOOD_ROLLBACK_SPEC_VERSION,
	GOOD_SPEC_VERSION, UNHEALTHY, UNHEALTHY_ROLLBACK,
};
use codec::{Decode, Encode};
use sc_chain_spec::GenesisConfigBuilderRuntimeCaller;
use sc_client_api::{Backend, BlockImportOperation, NewBlockState};
use sp_consensus_aura::AURA_ENGINE_ID;
use sp_core::{
	storage::{well_known_keys, StateVersion, Storage},
	H256,
};
use sp_crypto_hashing::blake2_256;
use sp_keyring::Sr25519Keyring::{Alice, Bob};
use sp_runtime::{generic::Era, traits::Header as _, Digest, DigestItem, OpaqueExtrinsic};
use sp_state_machine::BackendTransaction;

const SLOT_MS: u64 = 2_000;

/// What the good upgrade says of itself.
const EFFECTS: &str = r#"
schema = 1
[[effect]]
kind = "storage"
pallet = "Profiles"
name = "Names"
why = "Names say since when they stand."
"#;

/// A chain in memory, built by its own code.
struct Chain {
	backend: MemoryBackend,
	executor: Executor,
	genesis: H256,
	head: Header,
	nonce: u32,
	spec_version: u32,
	/// Slots that were lost.
	lost: u64,
}

impl Chain {
	fn new() -> Self {
		Self::from_genesis(genesis(), BASE_SPEC_VERSION)
	}

	/// A chain that begins in the block after `system.set_code(GOOD)`.
	fn upgrading() -> Self {
		let mut genesis = genesis();
		let pending = [
			(well_known_keys::PENDING_CODE.to_vec(), GOOD.to_vec()),
			(crate::bench::system_key(b"BlocksTillUpgrade"), 1u8.encode()),
		];
		genesis.top.extend(pending);
		Self::from_genesis(genesis, GOOD_SPEC_VERSION)
	}

	fn from_genesis(storage: Storage, spec_version: u32) -> Self {
		let backend = MemoryBackend::new();
		let mut operation = backend.begin_operation().unwrap();
		let root = operation
			.set_genesis_state(storage, true, StateVersion::V1)
			.unwrap();
		let zero = H256::zero();
		let head = Header::new(0, zero, root, zero, Digest::default());
		operation
			.set_block_data(
				head.clone(),
				Some(vec![]),
				None,
				None,
				NewBlockState::Final,
				true,
			)
			.unwrap();
		backend.commit_operation(operation).unwrap();
		let genesis = head.hash();
		Self {
			backend,
			executor: Executor::new(),
			genesis,
			head,
			nonce: 0,
			spec_version,
			lost: 0,
		}
	}

	/// Builds a block with these transactions.
	fn build(&mut self, transactions: Vec<OpaqueExtrinsic>) {
		self.build_and(transactions, |_| ());
	}

	/// Builds a block and tampers with its header.
	fn build_and(&mut self, transactions: Vec<OpaqueExtrinsic>, tamper: impl Fn(&mut Header)) {
		let state = state_at(&self.backend, self.head.hash()).unwrap();
		let (code, _) = load_from(&state, &self.executor).unwrap();
		self.build_on(code, &[], transactions, tamper);
	}

	/// Builds a block as nodes do whose chain's own code builds none: on the way back, with their mark.
	fn rescue(&mut self, way_back: &[u8]) {
		let code = Code {
			hash: H256(blake2_256(way_back)),
		};
		self.executor.load(code.hash, way_back).unwrap();
		self.build_on(code, &[rescue::ACTIVE], vec![], |_| ());
	}

	fn build_on(
		&mut self,
		code: Code,
		marks: &[&[u8]],
		transactions: Vec<OpaqueExtrinsic>,
		tamper: impl Fn(&mut Header),
	) {
		let state = state_at(&self.backend, self.head.hash()).unwrap();
		let slot = 1_000 + u64::from(*self.head.number()) + self.lost;
		let pre = DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode());
		let (number, zero) = (*self.head.number() + 1, H256::zero());
		let header = Header::new(
			number,
			zero,
			zero,
			self.head.hash(),
			Digest { logs: vec![pre] },
		);

		let mut bench = Workbench::new(&state, &self.executor);
		for mark in marks {
			bench.set(mark.to_vec(), Some(vec![1]));
		}
		bench.initialize(code, &header).unwrap();
		let data = inherent_data(Some(slot), Some(SLOT_MS)).unwrap().encode();
		let inherents = bench
			.ask(code, "BlockBuilder_inherent_extrinsics", &data)
			.unwrap();
		let mut body = Vec::<OpaqueExtrinsic>::decode(&mut &inherents[..]).unwrap();
		body.extend(transactions);
		for extrinsic in &body {
			let run = bench.apply(code, &extrinsic.encode(), Memo::Off).unwrap();
			assert!(run.applied.is_included(), "{run:?}");
		}
		let mut header = bench.finalize(code).unwrap();
		header
			.digest_mut()
			.push(DigestItem::Seal(AURA_ENGINE_ID, vec![1; 64]));
		tamper(&mut header);
		self.import(header, body, bench.into_transaction());
	}

	fn import(
		&mut self,
		header: Header,
		body: Vec<OpaqueExtrinsic>,
		changes: BackendTransaction<crate::Hasher>,
	) {
		let mut operation = self.backend.begin_operation().unwrap();
		self.backend
			.begin_state_operation(&mut operation, self.head.hash())
			.unwrap();
		operation.update_db_storage(changes).unwrap();
		operation
			.set_block_data(
				header.clone(),
				Some(body),
				None,
				None,
				NewBlockState::Final,
				true,
			)
			.unwrap();
		self.backend.commit_operation(operation).unwrap();
		self.head = header;
	}

	/// Builds blocks with a transfer, a transfer that fails, and a name.
	fn live(&mut self, blocks: u32) {
		for number in 0..blocks {
			let name = format!("name {number}").into_bytes().try_into().unwrap();
			let transactions = vec![
				self.signed(transfer(1_000_000_000_000)),
				self.signed(transfer(u128::MAX / 2)),
				self.signed(RuntimeCall::Profiles(profiles::Call::set_name { name })),
			];
			self.build(transactions);
		}
	}

	/// A transaction of Alice.
	fn signed(&mut self, call: RuntimeCall) -> OpaqueExtrinsic {
		let extension: TxExtension = (
			frame_system::CheckNonZeroSender::new(),
			frame_system::CheckSpecVersion::new(),
			frame_system::CheckTxVersion::new(),
			frame_system::CheckGenesis::new(),
			frame_system::CheckEra::from(Era::Immortal),
			frame_system::CheckNonce::from(self.nonce),
			frame_system::CheckWeight::new(),
			pallet_transaction_payment::ChargeTransactionPayment::from(0),
			frame_metadata_hash_extension::CheckMetadataHash::new(false),
			frame_system::WeightReclaim::new(),
		);
		self.nonce += 1;
		let implicit = (
			(),
			self.spec_version,
			1,
			self.genesis,
			self.genesis,
			(),
			(),
			(),
			None,
			(),
		);
		let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
		let signature = payload.using_encoded(|bytes| Alice.sign(bytes));
		let account = Alice.to_account_id();
		let signed =
			UncheckedExtrinsic::new_signed(call, account.into(), signature.into(), extension);
		OpaqueExtrinsic::try_from_encoded_extrinsic(&signed.encode()).unwrap()
	}

	fn simulate(&self, candidate: &[u8], rollback: Option<&[u8]>, blocks: u32) -> Outcome {
		self.simulate_with(candidate, rollback, blocks, None)
	}

	fn simulate_with(
		&self,
		candidate: &[u8],
		rollback: Option<&[u8]>,
		blocks: u32,
		threads: Option<usize>,
	) -> Outcome {
		let input = self.input(candidate, rollback, blocks, threads);
		simulate(&self.backend, &input, &()).unwrap()
	}

	fn input(
		&self,
		candidate: &[u8],
		rollback: Option<&[u8]>,
		blocks: u32,
		threads: Option<usize>,
	) -> Input {
		Input {
			candidate: candidate.to_vec(),
			rollback: rollback.map(<[u8]>::to_vec),
			anchor: Some(self.head.hash()),
			blocks,
			scope: None,
			effects: EFFECTS.into(),
			minted: 0,
			threads,
			cache: None,
		}
	}
}

/// Index of the pallet that the test upgrades change.
const PROFILES: u8 = 50;

fn transfer(value: u128) -> RuntimeCall {
	let dest = Bob.to_account_id().into();
	RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value })
}

fn genesis() -> Storage {
	assert!(!BASE.is_empty(), "the wasm of the runtime was not built");
	let caller = GenesisConfigBuilderRuntimeCaller::<()>::new(BASE);
	let preset = "development".to_string();
	let mut storage = caller.get_storage_for_named_preset(Some(&preset)).unwrap();
	storage
		.top
		.insert(well_known_keys::CODE.to_vec(), BASE.to_vec());
	storage
}

fn sums(outcome: &Outcome, id: SectionId) -> Sums {
	outcome.report.section(id).unwrap().sums
}

fn assert_passes(outcome: &Outcome) {
	let verdict = outcome.report.verdict();
	assert_eq!(verdict, Verdict::Pass, "{:#}", outcome.to_json());
}

#[test]
fn history_with_a_rescue_is_reproduced() {
	// The third block is one since the watch should be over, or since there was none for so long.
	for (until, gap, lost) in [(2, 1_000, 0), (1_000, 5, 4)] {
		assert_reproduces_a_rescue(Armed { until, gap }, lost);
	}
}

fn assert_reproduces_a_rescue(armed: Armed, lost: u64) {
	let mut genesis = genesis();
	let ready = [
		(rescue::ARMED.to_vec(), armed.encode()),
		(rescue::CODE.to_vec(), GOOD_ROLLBACK.to_vec()),
	];
	genesis.top.extend(ready);
	let mut chain = Chain::from_genesis(genesis, BASE_SPEC_VERSION);
	chain.live(2);
	chain.lost = lost;
	chain.rescue(GOOD_ROLLBACK);
	chain.spec_version = GOOD_ROLLBACK_SPEC_VERSION;
	chain.live(3);
	let outcome = chain.simulate(UNHEALTHY_ROLLBACK, None, 6);
	assert_passes(&outcome);
	let replay = sums(&outcome, SectionId::Replay);
	// Those of the code before, and the rescue block, are not compared.
	assert_eq!(
		(replay.leaves, replay.control_broken, replay.control_only),
		(6, 0, 3)
	);
}

#[test]
fn a_good_upgrade_passes_and_two_simulators_see_the_same() {
	let mut chain = Chain::new();
	chain.live(4);
	let outcome = chain.simulate(GOOD, Some(GOOD_ROLLBACK), 4);
	assert_passes(&outcome);

	let replay = sums(&outcome, SectionId::Replay);
	assert_eq!((replay.leaves, replay.extrinsics), (4, 16));
	assert_eq!(
		(
			replay.control_broken,
			replay.control_only,
			replay.regressions
		),
		(0, 0, 0)
	);
	assert_eq!(replay.identical + replay.changed, 16);
	// Three transactions a block, each signed for another version.
	let memoised = outcome
		.blocks
		.iter()
		.filter_map(|b| b.leaf.candidate)
		.map(|c| c.memoised);
	assert_eq!(memoised.sum::<u32>(), 12);

	let switches: Vec<_> = outcome.switches.iter().map(|s| s.leaf).collect();
	let to: Vec<_> = switches.iter().map(|leaf| leaf.to).collect();
	assert_eq!(to, [Blob::Current, Blob::Candidate, Blob::Rollback]);
	assert_eq!(switches[0].storage_versions_changed, 0);
	// The migration of the names, there and back.
	assert_eq!(switches[1].storage_versions_changed, 1);
	assert_eq!(switches[2].storage_versions_changed, 1);
	assert_eq!(switches[0].after, switches[1].before);
	assert_eq!(switches[1].after, switches[2].before);

	// The same blocks once more in a row.
	let went_on = sums(&outcome, SectionId::Continuous);
	assert_eq!((went_on.leaves, went_on.control_only), (4, 0));
	assert_eq!((went_on.extrinsics, went_on.identical), (16, 16));
	// Four blocks are enough for the shortest way back only.
	let ways = outcome.ways.iter().map(|way| way.leaf.run);
	let works: Vec<_> = ways.map(|run| run.map(|run| run.works())).collect();
	// The code before does not read what the migration wrote.
	let none = None;
	assert_eq!(works, [Some(true), Some(false), none, none, none, none]);
	let stress = sums(&outcome, SectionId::Stress);
	assert_eq!((stress.leaves, stress.regressions), (16, 0));
	assert!(stress.extrinsics > 900, "{stress:?}");

	let other = chain.simulate_with(GOOD, Some(GOOD_ROLLBACK), 4, Some(1));
	assert_eq!(outcome.report, other.report);
	assert_eq!(outcome.sections, other.sections);
	assert_ne!(
		outcome.report.root(),
		chain.simulate(GOOD, None, 4).report.root()
	);
}

#[test]
fn a_switch_may_touch_what_its_dossier_declares_and_nothing_else() {
	let mut chain = Chain::new();
	chain.live(2);
	let of = |scope: &[u8]| {
		let input = Input {
			candidate: GOOD.to_vec(),
			rollback: Some(GOOD_ROLLBACK.to_vec()),
			anchor: Some(chain.head.hash()),
			blocks: 2,
			scope: Some(scope.iter().copied().collect()),
			effects: EFFECTS.into(),
			minted: 0,
			threads: None,
			cache: None,
		};
		simulate(&chain.backend, &input, &()).unwrap()
	};
	let declared = of(&[PROFILES]);
	assert_passes(&declared);
	let touched: Vec<_> = declared
		.switches
		.iter()
		.map(|s| s.touched.clone())
		.collect();
	let profiles = vec![(PROFILES, "Profiles".to_string())];
	assert_eq!(touched, [vec![], profiles.clone(), profiles]);

	let other = of(&[PROFILES + 1]);
	assert_eq!(other.report.verdict(), Verdict::Fail);
	// The candidate and the way back.
	assert_eq!(sums(&other, SectionId::Enactment).regressions, 2);
	let detail = other.to_json()["findings"][0]["detail"].to_string();
	assert!(detail.contains("Profiles"), "{detail}");
}

#[test]
fn the_code_itself_is_identical_but_no_upgrade() {
	let mut chain = Chain::new();
	chain.live(2);
	let outcome = chain.simulate(BASE, None, 2);
	let replay = sums(&outcome, SectionId::Replay);
	assert_eq!((replay.identical, replay.extrinsics), (8, 8));
	for block in &outcome.blocks {
		let run = block.leaf.candidate.unwrap();
		assert_eq!(run.root, block.leaf.state_root);
		assert_eq!((run.outcomes, run.memoised), (block.leaf.outcomes, 0));
	}
	// Only its version does not rise.
	assert_eq!(sums(&outcome, SectionId::Static).regressions, 1);
	assert_eq!(sums(&outcome, SectionId::Enactment).regressions, 0);
	assert_eq!(outcome.report.verdict(), Verdict::Fail);
}

#[test]
fn blocks_of_other_code_and_of_its_migration_say_nothing_of_the_candidate() {
	let mut chain = Chain::upgrading();
	chain.live(3);
	let outcome = chain.simulate(UNHEALTHY, Some(UNHEALTHY_ROLLBACK), 3);
	let compared: Vec<_> = outcome
		.blocks
		.iter()
		.map(|block| block.leaf.candidate.is_some())
		.collect();
	assert_eq!(compared, [false, true, true], "{:#}", outcome.to_json());
	assert!(outcome.blocks.iter().all(|block| block.leaf.control));
	assert_eq!(sums(&outcome, SectionId::Replay).control_only, 1);
	// What makes it lose names is not in history.
	assert_eq!(outcome.report.verdict(), Verdict::Pass);
}

#[test]
fn a_range_before_the_switch_has_the_old_code_and_no_candidate() {
	let mut chain = Chain::new();
	chain.live(1);
	let first = chain.head.hash();
	let outcome = chain.simulate(GOOD, Some(GOOD_ROLLBACK), 1);
	assert_eq!(
		outcome.report.config.parent_code,
		outcome.blocks[0].leaf.code
	);
	assert_eq!(outcome.report.config.anchor_hash, first);
	assert_eq!(outcome.report.config.genesis, chain.genesis);
}

#[test]
fn a_block_that_cannot_be_reproduced_makes_the_report_inconclusive() {
	let mut chain = Chain::new();
	chain.live(1);
	chain.build_and(vec![], |header| {
		header.set_extrinsics_root(H256::repeat_byte(1))
	});
	let outcome = chain.simulate(GOOD, Some(GOOD_ROLLBACK), 2);
	let control: Vec<_> = outcome
		.blocks
		.iter()
		.map(|block| block.leaf.control)
		.collect();
	assert_eq!(control, [true, false]);
	assert_eq!(outcome.report.verdict(), Verdict::Inconclusive);
}

#[test]
fn a_candidate_that_is_no_runtime_fails_without_an_error() {
	let mut chain = Chain::new();
	chain.live(1);
	let outcome = chain.simulate(b"\0asm\x01\0\0\0", None, 1);
	assert_eq!(outcome.report.verdict(), Verdict::Fail);
	let run = outcome.blocks[0].leaf.candidate.unwrap();
	assert_eq!(run.result, BlockResult::InitializeTrapped);
	assert_eq!(run.regressions(), 5);
	// The switch fails, and no way back is tried from a state that nobody reaches.
	assert_eq!(outcome.switches.len(), 2);
	assert_eq!(
		outcome.switches[1].leaf.result,
		BlockResult::InitializeTrapped
	);
}

#[test]
fn a_rollback_for_another_candidate_is_a_regression() {
	let mut chain = Chain::new();
	chain.live(1);
	let outcome = chain.simulate(GOOD, Some(UNHEALTHY_ROLLBACK), 1);
	assert_eq!(sums(&outcome, SectionId::Static).regressions, 1);
	assert_eq!(outcome.report.verdict(), Verdict::Fail);
}

#[test]
fn nothing_is_written_to_the_backend() {
	let mut chain = Chain::new();
	chain.live(1);
	let root = |chain: &Chain| {
		let state = state_at(&chain.backend, chain.head.hash()).unwrap();
		sp_state_machine::Backend::storage_root(&state, std::iter::empty(), StateVersion::V1).0
	};
	let before = root(&chain);
	chain.simulate(GOOD, Some(GOOD_ROLLBACK), 1);
	assert_eq!(before, root(&chain));
	assert_eq!(before, *chain.head.state_root());
}

/// What a broken upgrade gave in each section.
fn broken(fault: Fault, chain: &Chain, blocks: u32) -> Outcome {
	let code = with_fault(fault).expect("built with wasm");
	chain.simulate(&code, Some(GOOD_ROLLBACK), blocks)
}

#[test]
fn a_migration_that_fails_is_found_though_the_runtime_gives_it_up_and_goes_on() {
	let mut chain = Chain::new();
	chain.live(1);
	let outcome = broken(Fault::MigrationFails, &chain, 1);
	let switch = &outcome.switches[1];
	assert_eq!(switch.leaf.result, BlockResult::MigrationFailed);
	let reason = switch.reason.as_deref();
	assert_eq!(reason, Some("Migrations.UpgradeFailed"));
	assert_eq!(sums(&outcome, SectionId::Enactment).regressions, 1);
	assert_eq!(outcome.report.verdict(), Verdict::Fail);
}

#[test]
fn differences_after_the_first_are_tainted_in_the_chain_and_not_in_the_replay() {
	let mut chain = Chain::new();
	chain.live(3);
	let outcome = broken(Fault::FeeOffByOne, &chain, 3);
	// Each transaction, and in each block the accounts and the issuance.
	assert_eq!(sums(&outcome, SectionId::Replay).regressions, 9 + 6);
	let went_on = sums(&outcome, SectionId::Continuous);
	assert_eq!((went_on.regressions, went_on.changed), (1, 8));
}

#[test]
fn the_stress_finds_what_history_does_not_show() {
	let mut chain = Chain::new();
	// Nobody sets a name.
	for _ in 0..2 {
		let transfer = chain.signed(transfer(1_000_000_000_000));
		chain.build(vec![transfer]);
	}
	let outcome = broken(Fault::DropsEvent, &chain, 2);
	assert_eq!(sums(&outcome, SectionId::Replay).regressions, 0);
	assert_eq!(sums(&outcome, SectionId::Continuous).regressions, 0);
	assert!(sums(&outcome, SectionId::Stress).regressions > 0);
	assert_eq!(outcome.report.verdict(), Verdict::Fail);
	let page = outcome.to_html();
	assert!(page.contains("Profiles.set_name"), "the page shows it");
}

/// Keeps everything in memory.
#[derive(Default)]
struct Kept(std::sync::Mutex<std::collections::BTreeMap<String, Vec<u8>>>);

impl Observer for Kept {
	fn keep(&self, name: &str, bytes: &[u8]) {
		let mut kept = self.0.lock().unwrap();
		assert_eq!(
			kept.insert(name.into(), bytes.into()),
			None,
			"{name}, twice"
		);
	}
	fn recall(&self, name: &str) -> Option<Vec<u8>> {
		self.0.lock().unwrap().get(name).cloned()
	}
}

#[test]
fn parts_give_the_same_root_as_one_run_and_are_not_done_twice() {
	let mut chain = Chain::new();
	chain.live(20);
	let input = chain.input(GOOD, Some(GOOD_ROLLBACK), 20, None);
	let whole = simulate(&chain.backend, &input, &()).unwrap();
	let kept = Kept::default();
	let part = |part| {
		replay_part(&chain.backend, &input, part, &kept)
			.unwrap()
			.blocks
	};
	// Eight blocks are kept together: 1 to 7, 8 to 15, and 16 to 20.
	assert_eq!((part(8..12), part(0..8), part(16..16)), (8, 7, 0));
	assert_eq!(kept.0.lock().unwrap().len(), 2);
	let merged = simulate(&chain.backend, &input, &kept).unwrap();
	assert_eq!(kept.0.lock().unwrap().len(), 3);
	assert_eq!(merged.report.root(), whole.report.root());
	assert_eq!(merged.sections, whole.sections);
	// Nothing of another candidate is taken.
	let other = chain.input(UNHEALTHY, Some(UNHEALTHY_ROLLBACK), 20, None);
	simulate(&chain.backend, &other, &kept).unwrap();
	assert_eq!(kept.0.lock().unwrap().len(), 6);
}

#[test]
fn a_database_that_fails_is_nobodys_fault() {
	use crate::{enactment, stage::Stage};
	let mut chain = Chain::new();
	chain.live(1);
	let healthy = state_at(&chain.backend, chain.head.hash()).unwrap();
	let (code, _) = load_from(&healthy, &chain.executor).unwrap();
	// The same root, of which nothing is there.
	let lost = sp_state_machine::TrieBackendBuilder::new(
		sp_trie::PrefixedMemoryDB::<crate::Hasher>::default(),
		*chain.head.state_root(),
	)
	.build();
	let mut stage = Stage::new(&lost, &chain.executor, &chain.head);
	let failed = stage.build_block(code);
	assert!(
		failed
			.as_ref()
			.is_err_and(|trap| trap.0.contains("cannot be read")),
		"{failed:?}"
	);
	let step = enactment::Step {
		to: Blob::Current,
		code,
		bytes: None,
	};
	let effects = crate::effects::Effects::read(b"").unwrap();
	let rehearsed = enactment::rehearse(&lost, &chain.executor, &chain.head, &[step], &effects);
	assert!(rehearsed.is_err());
}
