//! The pallets, composed in a small runtime.

#![allow(missing_docs)] // What `construct_runtime` makes has none.

use crate::spec::{self, Account, Block, Code, Id, Refusal, Seat, Way};
use airlock_primitives::{
	BallotPolicy, EnactmentPolicy, Policy, ProbationPolicy, Ratio, ReviewPolicy, SimulationPolicy,
};
use airlock_primitives::{
	Class, ClassPolicy, CodeRef, Document, Dossier, Electorate, Migrations, OpenFindings, Power,
	Rollback, Stage, Voter,
};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU64, Contains, OnInitialize},
};
use sp_core::{traits::ReadRuntimeVersionExt, H256};
use sp_runtime::{
	traits::{Dispatchable, IdentityLookup},
	BuildStorage, DispatchError,
};
use sp_version::RuntimeVersion;
use std::{
	borrow::Cow,
	collections::{BTreeMap, BTreeSet},
};

frame_support::construct_runtime!(
	pub enum Chain {
		System: frame_system,
		// Before ours: bonds of the genesis are held of balances of the genesis.
		Balances: pallet_balances,
		Preimage: pallet_preimage,
		Proposals: pallet_airlock_proposals,
		Enactment: pallet_airlock_enactment,
		Supermajority: pallet_airlock_supermajority,
	}
);

/// What every account has at the beginning.
pub const ENDOWMENT: u64 = 100_000;
/// What the poor one has: enough for one small proposal.
pub const POOR: u64 = 900;

/// The first code.
pub const GENESIS: Code = Code {
	version: 1,
	flavour: 0,
};

const REQUIRED_API: ([u8; 8], u32) = (*b"required", 1);
/// `blake2_64("Core")`, by which the host knows how to read the rest.
const CORE_API: ([u8; 8], u32) = ([0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b], 5);

fn version(spec_name: &'static str, spec_version: u32) -> RuntimeVersion {
	RuntimeVersion {
		spec_name: Cow::Borrowed(spec_name),
		impl_name: Cow::Borrowed("model"),
		authoring_version: 1,
		spec_version,
		impl_version: 1,
		apis: Default::default(),
		transaction_version: 1,
		system_version: 3,
	}
}

parameter_types! {
	pub static Running: u32 = 1;
	pub Version: RuntimeVersion = version("model", Running::get());
	pub static Set: Vec<Seat> = Vec::new();
	pub static Blocked: bool = false;
	pub static Migrating: bool = false;
	pub static Changing: bool = false;
	pub RequiredApis: Vec<([u8; 8], u32)> = vec![REQUIRED_API];
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Chain {
	type Block = frame_system::mocking::MockBlockU32<Chain>;
	type AccountId = Account;
	type Lookup = IdentityLookup<Account>;
	type AccountData = pallet_balances::AccountData<u64>;
	type Version = Version;
	type OnSetCode = pallet_airlock_enactment::Gate<Chain>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Chain {
	type AccountStore = System;
	type Balance = u64;
	type ExistentialDeposit = ConstU64<{ spec::EXISTENTIAL_DEPOSIT }>;
}

impl pallet_preimage::Config for Chain {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type Currency = Balances;
	type ManagerOrigin = frame_system::EnsureRoot<Account>;
	type Consideration = ();
}

impl Electorate<Account> for Chain {
	fn voters() -> Vec<Voter<Account>> {
		let voter = |seat: Seat| Voter {
			account: seat.account,
			organisation: seat.organisation,
			power: seat.power as Power,
		};
		Set::get().into_iter().map(voter).collect()
	}
}

/// The lifecycle is the pallet of this index.
pub struct LifecyclePallets;
impl Contains<u8> for LifecyclePallets {
	fn contains(index: &u8) -> bool {
		*index == spec::LIFECYCLE_PALLET
	}
}

/// Slots are reserved for the validators.
impl Contains<Account> for Chain {
	fn contains(who: &Account) -> bool {
		Self::power_of(who).is_some()
	}
}

impl pallet_airlock_proposals::Config for Chain {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Preimages = Preimage;
	type Code = Enactment;
	// Evidence is judged by pallets of their own, with tests of their own.
	type Simulation = ();
	type Review = ();
	type Ballot = Supermajority;
	type Timelock = pallet_airlock_enactment::Timelock<Chain>;
	type Probation = pallet_airlock_enactment::Probation<Chain>;
	type RequiredApis = RequiredApis;
	type Organisations = ();
	type LifecyclePallets = LifecyclePallets;
	type BaseDeposit = ConstU64<{ spec::BASE_DEPOSIT }>;
	type ByteDeposit = ConstU64<1>;
	type MaxCodeLen = ConstU32<1_000>;
	type MaxDecompressedLen = ConstU32<2_000>;
	type MaxOpen = ConstU32<{ spec::MAX_OPEN as u32 }>;
	type ReservedSlots = ConstU32<{ spec::RESERVED as u32 }>;
	type ReservedFor = Chain;
	type MaxRounds = ConstU32<{ spec::MAX_ROUNDS }>;
	type MaxOpenPerProposer = ConstU32<{ spec::MAX_OPEN_BY_ONE as u32 }>;
	type MaxDuePerBlock = ConstU32<{ spec::MAX_DUE as u32 }>;
	type HistoryLen = ConstU32<1_024>;
	type WeightInfo = ();
}

impl Migrations for Chain {
	fn ongoing() -> bool {
		Migrating::get()
	}
	fn abandon() {
		Migrating::set(false);
	}
}

impl pallet_airlock_enactment::Config for Chain {
	type RuntimeCall = RuntimeCall;
	type Electorate = Chain;
	type CurrentMajority = Supermajority;
	type Findings = Chain;
	type Preimages = Preimage;
	type Migrations = Chain;
	type AuthorityChangePending = Changing;
	type UnlockOrigin = frame_system::EnsureRoot<Account>;
	type MaxValidators = ConstU32<8>;
	type WeightInfo = ();
}

impl OpenFindings for Chain {
	fn blocking(_: Id) -> bool {
		Blocked::get()
	}
}

impl pallet_airlock_supermajority::Config for Chain {
	type Electorate = Chain;
	type Lifecycle = Proposals;
	type MaxVoters = ConstU32<8>;
	type WeightInfo = ();
}

/// Reads the version that [`blob`] embeds, as the host does without running anything.
struct ReadVersion;

impl sp_core::traits::ReadRuntimeVersion for ReadVersion {
	fn read_runtime_version(
		&self,
		code: &[u8],
		_: &mut dyn sp_externalities::Externalities,
	) -> Result<Vec<u8>, String> {
		pallet_airlock_proposals::blob::embedded_version(code, 2_000)
			.map(|version| version.encode())
			.map_err(|error| format!("{error:?}"))
	}
}

/// Short windows, and thresholds that differ between classes.
pub fn policy() -> Policy<Block> {
	let standard = ClassPolicy {
		bytes_within: 6,
		simulation: SimulationPolicy {
			commit_window: 4,
			reveal_window: 3,
			required: 2,
			seats: 3,
			replay_blocks: 10,
		},
		review: ReviewPolicy {
			minimum: 3,
			per_pallet: 1,
			grace: 5,
			approvals: 1,
			builds: 1,
		},
		ballot: BallotPolicy {
			window: 4,
			extension: 2,
			extension_cap: 3,
			approval: Ratio::new(3, 4),
			organisations: 2,
			organisation_cap: Ratio::new(1, 2),
		},
		enactment: EnactmentPolicy {
			timelock: 3,
			readiness: Ratio::new(3, 4),
			grace: 4,
		},
		probation: ProbationPolicy {
			critical: 4,
			healthy_quorum: Ratio::new(2, 3),
			watch: 2,
			close_out: 3,
		},
	};
	let mut security = standard.clone();
	security.simulation.commit_window = 2;
	security.review.minimum = 1;
	security.ballot.approval = Ratio::new(85, 100);
	let mut self_change = standard.clone();
	self_change.review.approvals = 2;
	self_change.ballot.window = 6;
	self_change.ballot.approval = Ratio::new(85, 100);
	self_change.enactment.timelock = 5;
	Policy {
		standard,
		security,
		self_change,
	}
}

/// Runs something on a fresh chain.
pub fn on_chain<R>(spec: &spec::Spec, run: impl FnOnce() -> R) -> R {
	Running::set(GENESIS.version);
	Set::set(spec.set.clone());
	Blocked::set(false);
	Migrating::set(false);
	Changing::set(false);
	let genesis = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: spec.owned.iter().map(|(who, owns)| (*who, *owns)).collect(),
			..Default::default()
		},
		proposals: pallet_airlock_proposals::GenesisConfig {
			policy: Some(policy()),
		},
		..Default::default()
	};
	let storage = genesis.build_storage().expect("the genesis is sound");
	let mut ext = sp_io::TestExternalities::new_with_code(&blob(GENESIS), storage);
	ext.register_extension(ReadRuntimeVersionExt::new(ReadVersion));
	ext.execute_with(|| {
		begin_block(1);
		run()
	})
}

/// Begins a block, as the executive does.
pub fn begin_block(number: Block) {
	if number > 1 {
		System::finalize();
	}
	let newest = pallet_airlock_enactment::CurrentCode::<Chain>::get();
	if newest.is_some() {
		Running::set(running_version());
	}
	System::initialize(
		&number,
		&H256::from_low_u64_be(number.into()),
		&Default::default(),
	);
	AllPalletsWithSystem::on_initialize(number);
}

/// Version of the newest code, which runs from the block after it was written on.
fn running_version() -> u32 {
	use sp_core::storage::well_known_keys::{CODE, PENDING_CODE};
	let code = sp_io::storage::get(PENDING_CODE).or_else(|| sp_io::storage::get(CODE));
	let code = code.expect("a chain has code");
	pallet_airlock_proposals::blob::embedded_version(&code, 2_000)
		.expect("only runtimes are written")
		.spec_version
}

/// Appends a custom section to a wasm module.
fn section(module: &mut Vec<u8>, name: &str, payload: &[u8]) {
	let body = [&[name.len() as u8], name.as_bytes(), payload].concat();
	module.push(0);
	// LEB128 of a length below 2^14.
	module.extend([body.len() as u8 & 0x7f | 0x80, (body.len() >> 7) as u8]);
	module.extend(body);
}

/// The bytes of a blob.
pub fn blob(code: Code) -> Vec<u8> {
	if code.flavour == Code::NO_WASM {
		return [&b"no wasm"[..], &code.version.to_le_bytes()].concat();
	}
	let name = match code.flavour {
		Code::OTHER_CHAIN => "other",
		_ => "model",
	};
	let mut apis = CORE_API.encode();
	if code.flavour != Code::LACKS_API {
		apis.extend(REQUIRED_API.encode());
	}
	let mut module = b"\0asm\x01\0\0\0".to_vec();
	section(
		&mut module,
		"runtime_version",
		&version(name, code.version).encode(),
	);
	section(&mut module, "runtime_apis", &apis);
	section(&mut module, "flavour", &[code.flavour]);
	module
}

/// Hash of a blob.
pub fn hash_of(code: Code) -> H256 {
	H256(sp_crypto_hashing::blake2_256(&blob(code)))
}

fn code_ref(code: Code) -> CodeRef {
	CodeRef {
		hash: hash_of(code),
		len: blob(code).len() as u32,
		spec_version: code.version,
	}
}

/// A dossier as the pallets know it.
pub fn dossier(of: &spec::Dossier) -> Dossier {
	let mut code = code_ref(of.code);
	if of.empty {
		code.len = 0;
	}
	let document = Document::of(&[of.edition]);
	let scope: BTreeSet<u8> = (0..of.scope as u8).collect();
	Dossier {
		code,
		parent_code_hash: hash_of(of.parent),
		rollback: match of.way {
			Way::Dedicated(back) => Rollback::Dedicated(code_ref(back)),
			Way::Previous => Rollback::PreviousCode,
			Way::None => Rollback::Irreversible,
		},
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		scope: scope.try_into().expect("small"),
		class: of.class,
	}
}

/// What a dossier's deposit is for, in bytes.
pub fn bytes_of(of: &spec::Dossier) -> u64 {
	let dossier = dossier(of);
	let code: u64 = dossier.blobs().map(|blob| u64::from(blob.len)).sum();
	code + dossier.encoded_size() as u64
}

/// Dispatches a call, as an extrinsic does.
pub fn call(origin: RuntimeOrigin, call: impl Into<RuntimeCall>) -> Result<(), Refusal> {
	let call = call.into();
	let result = frame_support::storage::with_storage_layer(|| call.dispatch(origin));
	result.map(|_| ()).map_err(|error| name(error.error))
}

/// The name of an error.
fn name(error: DispatchError) -> Refusal {
	match error {
		DispatchError::Module(module) => module.message.unwrap_or("unnamed"),
		DispatchError::Token(sp_runtime::TokenError::FundsUnavailable) => "FundsUnavailable",
		DispatchError::BadOrigin => "BadOrigin",
		_ => "another error",
	}
}

/// The stage of each open proposal.
pub fn stages() -> BTreeMap<Id, Stage> {
	pallet_airlock_proposals::Proposals::<Chain>::iter()
		.map(|(id, proposal)| (id, proposal.stage))
		.collect()
}

/// Every pallet's own invariants.
pub fn try_state() {
	Proposals::do_try_state().expect("proposals");
	Enactment::do_try_state().expect("enactment");
	Supermajority::do_try_state().expect("supermajority");
}

/// A class by number.
pub fn class(number: u32) -> Class {
	match number % 4 {
		0 => Class::Security,
		1 => Class::SelfChange,
		_ => Class::Standard,
	}
}

/// Keys of our pallets' storage that hold something of a proposal: all but what outlives each of them.
pub fn keys_of_ours() -> Vec<String> {
	use frame_support::storage::generator::StorageValue as _;
	use frame_support::{traits::PalletInfoAccess, StoragePrefixedMap};
	let outlive = [
		pallet_airlock_proposals::ChainPolicy::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_proposals::NextId::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_proposals::History::<Chain>::final_prefix().to_vec(),
		pallet_airlock_enactment::Installed::<Chain>::final_prefix().to_vec(),
		pallet_airlock_enactment::CurrentCode::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_enactment::HighestSpecVersion::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_enactment::RollbacksInARow::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_enactment::Locked::<Chain>::storage_value_final_key().to_vec(),
	];
	let ours = [Proposals::name(), Enactment::name(), Supermajority::name()];
	let mut left = Vec::new();
	for pallet in ours {
		let prefix = sp_crypto_hashing::twox_128(pallet.as_bytes());
		let mut key = prefix.to_vec();
		while let Some(next) = sp_io::storage::next_key(&key).filter(|k| k.starts_with(&prefix)) {
			let known = outlive.iter().any(|known| next.starts_with(known));
			if !known && !next.ends_with(&sp_crypto_hashing::twox_128(b":__STORAGE_VERSION__:")) {
				left.push(format!(
					"{pallet}: {}",
					sp_core::hexdisplay::HexDisplay::from(&next)
				));
			}
			key = next;
		}
	}
	left
}
