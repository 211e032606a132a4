//! A runtime with gates whose verdicts the tests set.

use crate as pallet_proposals;
use airlock_primitives::*;
use codec::Encode;
use core::cell::RefCell;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU128, ConstU32, Contains, StorePreimage},
};
use sp_core::H256;
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchResult};
use sp_version::RuntimeVersion;
use std::{
	borrow::Cow,
	collections::{BTreeMap, BTreeSet},
};

pub type Block = frame_system::mocking::MockBlockU32<Test>;
pub type AccountId = u64;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Proposals: pallet_proposals,
		Balances: pallet_balances,
		Preimage: pallet_preimage,
	}
);

pub const REQUIRED_API: ([u8; 8], u32) = (*b"required", 3);
pub const CORE_API: ([u8; 8], u32) = ([0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b], 5);

pub fn version(spec_version: u32) -> RuntimeVersion {
	RuntimeVersion {
		spec_name: Cow::Borrowed("test"),
		impl_name: Cow::Borrowed("test"),
		authoring_version: 1,
		spec_version,
		impl_version: 1,
		apis: Default::default(),
		transaction_version: 1,
		system_version: 3,
	}
}

parameter_types! {
	pub Version: RuntimeVersion = version(1);
	pub static CurrentCode: H256 = H256::repeat_byte(1);
	pub static HighestVersion: u32 = 1;
	pub static OnProbation: Option<ProposalId> = None;
	pub RequiredApis: Vec<([u8; 8], u32)> = vec![REQUIRED_API];
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<u128>;
	type Version = Version;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = u128;
	type ExistentialDeposit = ConstU128<1>;
}

impl pallet_preimage::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type Currency = Balances;
	type ManagerOrigin = frame_system::EnsureRoot<AccountId>;
	type Consideration = ();
}

impl CodeHistory for Test {
	fn current() -> H256 {
		CurrentCode::get()
	}
	fn highest_spec_version() -> u32 {
		HighestVersion::get()
	}
	fn on_probation() -> Option<ProposalId> {
		OnProbation::get()
	}
}

thread_local! {
	static VERDICTS: RefCell<BTreeMap<(u8, ProposalId), GateStatus<u32>>> = Default::default();
	static CALLS: RefCell<Vec<(u8, &'static str, ProposalId)>> = Default::default();
}

/// The gate of one stage. Pending for ever, until [`decide`] says otherwise.
pub struct MockGate<const STAGE: u8>;

impl<const STAGE: u8> MockGate<STAGE> {
	fn note(what: &'static str, id: ProposalId) {
		CALLS.with(|calls| calls.borrow_mut().push((STAGE, what, id)));
	}
}

impl<const STAGE: u8> StageGate<AccountId, u32> for MockGate<STAGE> {
	fn open(
		id: ProposalId,
		_: &DossierRef<AccountId>,
		_: &ClassPolicy<u32>,
		_: u32,
	) -> DispatchResult {
		Self::note("open", id);
		Ok(())
	}
	fn poll(id: ProposalId, now: u32) -> GateStatus<u32> {
		Self::note("poll", id);
		VERDICTS
			.with(|v| v.borrow().get(&(STAGE, id)).copied())
			.unwrap_or(GateStatus::Pending { until: now + 1_000 })
	}
	fn close(id: ProposalId) {
		Self::note("close", id);
	}
	fn clear(id: ProposalId) {
		Self::note("clear", id);
	}
}

/// Sets what a stage says from now on.
pub fn decide(stage: Stage, id: ProposalId, status: GateStatus<u32>) {
	VERDICTS.with(|v| v.borrow_mut().insert((stage as u8, id), status));
}

/// Calls of the gates since the last time, of one kind.
pub fn calls(what: &'static str) -> Vec<(u8, ProposalId)> {
	CALLS.with(|c| {
		c.borrow()
			.iter()
			.filter(|(_, w, _)| *w == what)
			.map(|(s, _, id)| (*s, *id))
			.collect()
	})
}

/// The lifecycle is the pallet of index 1.
pub struct LifecyclePallets;
impl Contains<u8> for LifecyclePallets {
	fn contains(index: &u8) -> bool {
		*index == 1
	}
}

/// Slots are reserved for 8 and 9.
impl Contains<AccountId> for Test {
	fn contains(who: &AccountId) -> bool {
		[8, 9].contains(who)
	}
}

/// 6 and 7 are of organisation 67.
impl Organisations<AccountId> for Test {
	fn of(who: &AccountId) -> Vec<OrganisationId> {
		[6, 7].contains(who).then_some(67).into_iter().collect()
	}
}

impl pallet_proposals::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Preimages = Preimage;
	type Code = Test;
	type Simulation = MockGate<1>;
	type Review = MockGate<2>;
	type Ballot = MockGate<3>;
	type Timelock = MockGate<4>;
	type Probation = MockGate<5>;
	type RequiredApis = RequiredApis;
	type Organisations = Test;
	type LifecyclePallets = LifecyclePallets;
	type BaseDeposit = ConstU128<100>;
	type ByteDeposit = ConstU128<1>;
	type MaxCodeLen = ConstU32<100_000>;
	type MaxDecompressedLen = ConstU32<200_000>;
	type MaxOpen = ConstU32<5>;
	type ReservedSlots = ConstU32<1>;
	type ReservedFor = Test;
	type MaxOpenPerProposer = ConstU32<3>;
	type MaxRounds = ConstU32<3>;
	type MaxDuePerBlock = ConstU32<2>;
	type HistoryLen = ConstU32<8>;
	type WeightInfo = ();
}

pub const BYTES_WITHIN: u32 = 10;

pub fn class_policy() -> ClassPolicy<u32> {
	ClassPolicy {
		bytes_within: BYTES_WITHIN,
		simulation: SimulationPolicy {
			commit_window: 5,
			reveal_window: 5,
			required: 1,
			seats: 3,
			replay_blocks: 10,
		},
		review: ReviewPolicy {
			minimum: 5,
			per_pallet: 1,
			grace: 5,
			approvals: 1,
			builds: 1,
		},
		ballot: BallotPolicy {
			window: 5,
			extension: 1,
			extension_cap: 2,
			approval: Ratio::new(3, 4),
			organisations: 1,
			organisation_cap: Ratio::new(1, 1),
		},
		enactment: EnactmentPolicy {
			timelock: 5,
			readiness: Ratio::new(3, 4),
			grace: 5,
		},
		probation: ProbationPolicy {
			critical: 5,
			healthy_quorum: Ratio::new(2, 3),
			watch: 5,
			close_out: 5,
			gap: 10,
		},
	}
}

/// Appends a wasm section with a length of any size.
fn section(module: &mut Vec<u8>, name: &str, payload: &[u8]) {
	let leb = |mut n: usize| {
		let mut out = vec![];
		loop {
			let byte = (n & 0x7f) as u8;
			n >>= 7;
			out.push(if n == 0 { byte } else { byte | 0x80 });
			if n == 0 {
				return out;
			}
		}
	};
	let body = [leb(name.len()), name.as_bytes().to_vec(), payload.to_vec()].concat();
	module.push(0);
	module.extend(leb(body.len()));
	module.extend(body);
}

/// A module with the sections of a runtime, and `padding` bytes more.
pub fn blob_with(version: &RuntimeVersion, apis: &[([u8; 8], u32)], padding: usize) -> Vec<u8> {
	let mut module = b"\0asm\x01\0\0\0".to_vec();
	section(&mut module, "runtime_version", &version.encode());
	section(
		&mut module,
		"runtime_apis",
		&apis.iter().flat_map(|a| a.encode()).collect::<Vec<_>>(),
	);
	section(&mut module, "padding", &vec![7; padding]);
	module
}

pub fn blob(spec_version: u32) -> Vec<u8> {
	blob_with(&version(spec_version), &[CORE_API, REQUIRED_API], 10)
}

pub fn code_ref(bytes: &[u8], spec_version: u32) -> CodeRef {
	CodeRef {
		hash: H256(sp_crypto_hashing::blake2_256(bytes)),
		len: bytes.len() as u32,
		spec_version,
	}
}

/// A dossier for these bytes as candidate, with a dedicated rollback.
pub fn scope_of(pallets: &[u8]) -> Scope {
	let pallets: BTreeSet<u8> = pallets.iter().copied().collect();
	pallets.try_into().unwrap()
}

pub fn dossier_for(candidate: &[u8], spec_version: u32) -> Dossier {
	let document = Document::of(b"text");
	Dossier {
		code: code_ref(candidate, spec_version),
		parent_code_hash: CurrentCode::get(),
		rollback: Rollback::Dedicated(code_ref(&blob(spec_version + 1), spec_version + 1)),
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		minted: 0,
		scope: scope_of(&[5]),
		class: Class::Standard,
	}
}

pub fn dossier(spec_version: u32) -> Dossier {
	dossier_for(&blob(spec_version), spec_version)
}

/// Puts bytes on chain, as an upload does.
pub fn upload(bytes: Vec<u8>) {
	Preimage::note(Cow::Owned(bytes)).unwrap();
}

/// Registers with account 1 and uploads candidate and rollback.
pub fn registered(spec_version: u32) -> ProposalId {
	let id = crate::NextId::<Test>::get();
	Proposals::register(RuntimeOrigin::signed(1), dossier(spec_version)).unwrap();
	upload(blob(spec_version));
	upload(blob(spec_version + 1));
	id
}

/// A proposal in a stage.
pub fn in_stage(stage: Stage) -> ProposalId {
	let id = registered(2);
	Proposals::advance(RuntimeOrigin::signed(9), id).unwrap();
	for at in [
		Stage::Simulation,
		Stage::Review,
		Stage::Voting,
		Stage::Timelock,
	] {
		if at == stage {
			return id;
		}
		decide(at, id, GateStatus::Passed);
		run(1);
	}
	id
}

pub fn stage(id: ProposalId) -> Option<Stage> {
	crate::Proposals::<Test>::get(id).map(|p| p.stage)
}

pub fn outcome(id: ProposalId) -> Option<Outcome> {
	crate::History::<Test>::get(id % 8)
		.filter(|e| e.id == id)
		.map(|e| e.outcome)
}

/// Goes on by some blocks.
pub fn run(blocks: u32) {
	use frame_support::traits::Hooks;
	for _ in 0..blocks {
		let now = System::block_number() + 1;
		System::set_block_number(now);
		Proposals::on_initialize(now);
	}
}

pub fn build_and_execute(test: impl FnOnce()) {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=9).map(|account| (account, 1_000_000)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let class = class_policy();
	let mut strict = class.clone();
	strict.ballot.approval = Ratio::new(85, 100);
	pallet_proposals::GenesisConfig::<Test> {
		policy: Some(Policy {
			standard: class.clone(),
			security: class,
			self_change: strict,
		}),
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	VERDICTS.with(|v| v.borrow_mut().clear());
	CALLS.with(|c| c.borrow_mut().clear());
	CurrentCode::set(H256::repeat_byte(1));
	HighestVersion::set(1);
	OnProbation::set(None);
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Proposals::do_try_state().unwrap();
	});
}
