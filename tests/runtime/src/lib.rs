//! The whole runtime on a chain in memory: genesis from a preset, blocks with real inherents, and every actor
//! of the lifecycle as a function.
//!
//! The runtime runs natively, so it stays what it is when other code is written: what is tested here is the
//! lifecycle up to the bytes in storage. That the bytes then run is tested on real nodes (`tests/e2e`).

use airlock_primitives::{
	domain_hash, Class, CodeHistory, CodeRef, Document, Domain, Dossier, Lifecycle, Outcome,
	ProposalId, Rollback, Stage,
};
use airlock_report::{
	openings, samples, uneventful, BlockLeaf, Leaf, Report, SealedReport, SectionId, SimConfig,
	SCHEMA,
};
use airlock_runtime::{
	genesis_config_presets::{AUDITORS, SIMULATORS},
	AccountId, Executive, Hash, Header, Proposals, Runtime, RuntimeCall, RuntimeOrigin, System,
	UncheckedExtrinsic,
};
use codec::Encode;
use frame_support::{
	dispatch::DispatchResultWithPostInfo,
	traits::{Get, UnfilteredDispatchable},
};
use pallet_airlock_audits::{Kind, Opinion};
use pallet_airlock_supermajority::Vote;
use sp_core::{storage::well_known_keys, traits::ReadRuntimeVersionExt};
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
	traits::{Dispatchable, Header as _},
	Digest, DigestItem, DispatchError, DispatchResult,
};

/// Milliseconds between two blocks of the test presets.
const SLOT_MS: u64 = 2_000;

/// A chain that begins as the preset says, with the base runtime's blob as its code.
pub fn chain(preset: &str) -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::default();
	let executor = sc_executor::WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
	ext.register_extension(ReadRuntimeVersionExt::new(executor));
	ext.execute_with(|| build_genesis(preset, airlock_variants::BASE));
	ext
}

/// Writes the genesis of a preset, with this code, into empty storage.
pub fn build_genesis(preset: &str, code: &[u8]) {
	sp_io::storage::set(well_known_keys::CODE, code);
	let config = genesis_json(preset);
	frame_support::genesis_builder_helper::build_state::<airlock_runtime::RuntimeGenesisConfig>(
		config.to_string().into_bytes(),
	)
	.expect("the preset is a genesis");
}

/// The default genesis with a preset's patch over it.
fn genesis_json(preset: &str) -> serde_json::Value {
	use airlock_runtime::{genesis_config_presets, RuntimeGenesisConfig};
	let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("plain data");
	let patch = genesis_config_presets::get_preset(&preset.into()).expect("a preset of ours");
	merge(
		&mut config,
		serde_json::from_slice(&patch).expect("presets are JSON"),
	);
	config
}

fn merge(into: &mut serde_json::Value, patch: serde_json::Value) {
	match (into, patch) {
		(serde_json::Value::Object(into), serde_json::Value::Object(patch)) => {
			for (key, value) in patch {
				merge(into.entry(key).or_insert(serde_json::Value::Null), value);
			}
		}
		(into, patch) => *into = patch,
	}
}

/// Runs a test on a chain of the local preset that has some blocks to replay, and checks every invariant at its end.
pub fn on_local_chain(test: impl FnOnce()) {
	chain("local_testnet").execute_with(|| {
		begin_block();
		run(5);
		test();
		check_state();
	});
}

/// Every pallet's invariants.
pub fn check_state() {
	Proposals::do_try_state().expect("proposals");
	airlock_runtime::Enactment::do_try_state().expect("enactment");
	airlock_runtime::Simulations::do_try_state().expect("simulations");
	airlock_runtime::Audits::do_try_state().expect("audits");
	airlock_runtime::Supermajority::do_try_state().expect("supermajority");
	airlock_runtime::Validators::do_try_state().expect("validators");
}

/// The roots of each block, as later blocks and simulators know them: what is executed here makes none.
const STATE_ROOT: Hash = Hash::repeat_byte(4);
const EXTRINSICS_ROOT: Hash = Hash::repeat_byte(5);

/// The header of a block, as later blocks know it.
pub fn header(number: u32) -> Header {
	let above = |parent: Hash, number| {
		let digest = Digest::default();
		Header::new(number, EXTRINSICS_ROOT, STATE_ROOT, parent, digest)
	};
	(1..=number).fold(above(Hash::default(), 0), |parent, number| {
		above(parent.hash(), number)
	})
}

/// Begins the next block, with its slot and its timestamp.
pub fn begin_block() {
	let number = System::block_number() + 1;
	let slot = sp_consensus_aura::Slot::from(u64::from(number) + 1_000);
	let pre_runtime = DigestItem::PreRuntime(sp_consensus_aura::AURA_ENGINE_ID, slot.encode());
	let parent = header(number - 1).hash();
	let header = Header::new(
		number,
		Hash::default(),
		Hash::default(),
		parent,
		Digest {
			logs: vec![pre_runtime],
		},
	);
	Executive::initialize_block(&header);
	let now = (u64::from(number) + 1_000) * SLOT_MS;
	let set = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
	Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(set))
		.expect("the inherent is valid")
		.expect("the timestamp is good");
}

/// Ends this block and begins the next one, some times.
pub fn run(blocks: u32) {
	for _ in 0..blocks {
		Executive::finalize_block();
		begin_block();
	}
}

/// Runs until the proposal leaves a stage, at most `limit` blocks.
pub fn run_out_of(stage: Stage, id: ProposalId, limit: u32) {
	for _ in 0..limit {
		if Proposals::stage(id) != Some(stage) {
			return;
		}
		run(1);
	}
	assert_ne!(
		Proposals::stage(id),
		Some(stage),
		"still in {stage:?} after {limit} blocks"
	);
}

/// The validators of the local preset.
pub fn validators() -> Vec<AccountId> {
	[
		Sr25519Keyring::Alice,
		Sr25519Keyring::Bob,
		Sr25519Keyring::Charlie,
		Sr25519Keyring::Dave,
	]
	.map(|key| key.to_account_id())
	.to_vec()
}

/// Somebody without any role who owns coins.
pub fn anyone() -> AccountId {
	Sr25519Keyring::Ferdie.to_account_id()
}

/// The proposer of the tests.
pub fn proposer() -> AccountId {
	Sr25519Keyring::Eve.to_account_id()
}

/// Dispatches a call as the runtime does with a signed transaction: through the call filter.
pub fn signed(who: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
	dispatch(RuntimeOrigin::signed(who.clone()), call.into())
		.map(|_| ())
		.map_err(|e| e.error)
}

/// Dispatches a call with any origin.
pub fn dispatch(origin: RuntimeOrigin, call: RuntimeCall) -> DispatchResultWithPostInfo {
	frame_support::storage::with_storage_layer(|| call.dispatch(origin))
}

/// Dispatches a call past the filter, as a hook could.
pub fn dispatch_unfiltered(origin: RuntimeOrigin, call: RuntimeCall) -> Result<(), DispatchError> {
	frame_support::storage::with_storage_layer(|| {
		call.dispatch_bypass_filter(origin)
			.map(|_| ())
			.map_err(|e| e.error)
	})
}

fn code_ref(bytes: &[u8], spec_version: u32) -> CodeRef {
	CodeRef {
		hash: blake2_256(bytes).into(),
		len: bytes.len() as u32,
		spec_version,
	}
}

/// The dossier of the good upgrade, for the code that runs now.
pub fn good_dossier() -> Dossier {
	use airlock_variants::*;
	Dossier {
		code: code_ref(GOOD, GOOD_SPEC_VERSION),
		parent_code_hash: airlock_runtime::Enactment::current(),
		rollback: Rollback::Dedicated(code_ref(GOOD_ROLLBACK, GOOD_ROLLBACK_SPEC_VERSION)),
		specification: Document::of(b"names say since when"),
		rationale: Document::of(b"asked for"),
		rollback_plan: Document::of(b"the field is dropped"),
		expected_effects: Document::of(b"schema = 1"),
		minted: 0,
		scope: [50u8]
			.into_iter()
			.collect::<std::collections::BTreeSet<_>>()
			.try_into()
			.expect("one"),
		class: Class::Standard,
	}
}

/// Registers a dossier and uploads both blobs.
pub fn register(dossier: &Dossier) -> ProposalId {
	let id = pallet_airlock_proposals::NextId::<Runtime>::get();
	let call = pallet_airlock_proposals::Call::register {
		dossier: dossier.clone(),
	};
	signed(&proposer(), call).expect("registered");
	for bytes in [airlock_variants::GOOD, airlock_variants::GOOD_ROLLBACK] {
		let call = pallet_preimage::Call::note_preimage {
			bytes: bytes.to_vec(),
		};
		signed(&anyone(), call).expect("uploaded");
	}
	id
}

/// Anyone moves a proposal on.
pub fn advance(id: ProposalId) -> DispatchResult {
	signed(&anyone(), pallet_airlock_proposals::Call::advance { id })
}

fn config(id: ProposalId) -> SimConfig {
	let round = pallet_airlock_simulations::Rounds::<Runtime>::get(id).expect("a round is open");
	SimConfig {
		schema: SCHEMA,
		genesis: System::block_hash(0),
		parent_code: round.parent_code,
		candidate: round.candidate,
		rollback: round.rollback,
		anchor: round.anchor,
		anchor_hash: round.anchor_hash,
		blocks: round.blocks,
		scope: round.scope,
		effects: round.effects,
		minted: round.minted,
		engine: Hash::repeat_byte(1),
	}
}

/// All leaves of an honest and passing simulation of the current round.
pub fn leaves(id: ProposalId) -> Vec<(SectionId, Vec<Leaf>)> {
	let config = config(id);
	uneventful(&config, |number| BlockLeaf {
		state_root: STATE_ROOT,
		extrinsics_root: EXTRINSICS_ROOT,
		..BlockLeaf::identical(number, System::block_hash(number), config.parent_code)
	})
}

/// A passing report on the current round of a proposal.
pub fn report(id: ProposalId) -> Report {
	Report::of(config(id), &leaves(id)).expect("seven sections")
}

/// What a simulator commits to.
pub fn seal(id: ProposalId, simulator: &AccountId, report: &Report, salt: [u8; 32]) -> Hash {
	let round = pallet_airlock_simulations::Rounds::<Runtime>::get(id).expect("a round is open");
	let sealed = SealedReport {
		genesis: System::block_hash(0),
		dossier_hash: round.dossier_hash,
		simulator: simulator.clone(),
		round: round.round,
		attempt: round.attempt,
		report_root: report.root(),
		salt,
	};
	domain_hash(Domain::Simulation, &sealed)
}

/// A simulator commits to a report in the attempt that runs.
pub fn commit_to(
	id: ProposalId,
	simulator: &AccountId,
	report: &Report,
	salt: [u8; 32],
) -> pallet_airlock_simulations::Call<Runtime> {
	let round = pallet_airlock_simulations::Rounds::<Runtime>::get(id).expect("a round is open");
	pallet_airlock_simulations::Call::commit {
		id,
		round: round.round,
		attempt: round.attempt,
		commitment: seal(id, simulator, report, salt),
	}
}

/// The simulators of the local preset.
pub fn simulators() -> Vec<AccountId> {
	SIMULATORS.map(AccountId::from).to_vec()
}

/// The auditors of the local preset, then its builders.
pub fn auditors() -> Vec<AccountId> {
	AUDITORS.map(AccountId::from).to_vec()
}

/// All simulators commit, wait, and reveal the same passing report.
pub fn simulate(id: ProposalId) {
	use pallet_airlock_simulations::Call;
	let (report, leaves) = (report(id), leaves(id));
	for who in simulators() {
		signed(&who, commit_to(id, &who, &report, [1; 32])).expect("committed");
	}
	let until = pallet_airlock_simulations::Rounds::<Runtime>::get(id)
		.expect("open")
		.commit_until;
	run(until - System::block_number());
	let seed = pallet_airlock_simulations::Rounds::<Runtime>::get(id)
		.and_then(|round| round.seed)
		.expect("drawn");
	for who in simulators() {
		let drawn = samples(&seed, &who.encode(), &report);
		let call = Call::reveal {
			id,
			report: report.clone(),
			salt: [1; 32],
			openings: openings(&leaves, &drawn).expect("all are there"),
		};
		signed(&who, call).expect("revealed");
	}
	advance(id).expect("all have revealed");
}

/// The proposer puts up the bounty; auditors and builders attest to the current dossier.
pub fn attest(id: ProposalId) {
	let amount = <Runtime as pallet_airlock_audits::Config>::MinBounty::get();
	let fund = pallet_airlock_audits::Call::fund_bounty { id, amount };
	signed(&proposer(), fund).expect("funded");
	let dossier_hash = Proposals::dossier_hash(id).expect("open");
	for (auditor, kind) in auditors().iter().zip([
		Kind::CodeReview,
		Kind::CodeReview,
		Kind::ReproducedBuild,
		Kind::ReproducedBuild,
	]) {
		let call = pallet_airlock_audits::Call::attest {
			id,
			dossier_hash,
			kind,
			opinion: Opinion::Approve,
			report: Hash::repeat_byte(2),
		};
		signed(auditor, call).expect("attested");
	}
}

/// Some validators vote.
pub fn vote(id: ProposalId, who: &[AccountId], vote: Vote) {
	let dossier_hash = Proposals::dossier_hash(id).expect("open");
	for validator in who {
		let call = pallet_airlock_supermajority::Call::vote {
			id,
			dossier_hash,
			vote,
		};
		signed(validator, call).expect("voted");
	}
}

/// Some validators' nodes are ready.
pub fn ready(id: ProposalId, who: &[AccountId]) {
	let dossier_hash = Proposals::dossier_hash(id).expect("open");
	for validator in who {
		let call = pallet_airlock_enactment::Call::signal_readiness {
			id,
			dossier_hash,
			node: Default::default(),
		};
		signed(validator, call).expect("ready");
	}
}

/// Some validators report how the new code does.
pub fn health(id: ProposalId, who: &[AccountId], healthy: bool) {
	for validator in who {
		let call = pallet_airlock_enactment::Call::report_health { id, healthy };
		signed(validator, call).expect("reported");
	}
}

/// Takes the good upgrade to a stage, by the first three validators only.
pub fn good_upgrade_in(stage: Stage) -> ProposalId {
	let id = register(&good_dossier());
	let three = validators()[..3].to_vec();
	if stage == Stage::Registered {
		return id;
	}
	advance(id).expect("the bytes are good");
	if stage == Stage::Simulation {
		return id;
	}
	simulate(id);
	if stage == Stage::Review {
		return id;
	}
	attest(id);
	run_out_of(Stage::Review, id, 100);
	if stage == Stage::Voting {
		return id;
	}
	vote(id, &three, Vote::Aye);
	run_out_of(Stage::Voting, id, 100);
	if stage == Stage::Timelock {
		return id;
	}
	ready(id, &three);
	run_out_of(Stage::Timelock, id, 100);
	id
}

/// How a proposal ended.
pub fn outcome(id: ProposalId) -> Option<Outcome> {
	Proposals::views()
		.into_iter()
		.find(|view| view.id == id)?
		.outcome
}

/// The newest code in storage.
pub fn code() -> Vec<u8> {
	sp_io::storage::get(well_known_keys::PENDING_CODE)
		.or_else(|| sp_io::storage::get(well_known_keys::CODE))
		.map(|bytes| bytes.to_vec())
		.unwrap_or_default()
}
