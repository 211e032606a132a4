//! The pallets, composed in a small runtime.

#![allow(missing_docs)] // What `construct_runtime` makes has none.

use crate::spec::{self, Account, Block, Code, Id, Refusal, Seat, Way};
use airlock_primitives::{
	domain_hash, Class, ClassPolicy, CodeRef, Document, Domain, Dossier, Electorate, Migrations,
	OrganisationId, Organisations, Power, Rollback, Stage, Voter,
};
use airlock_primitives::{
	BallotPolicy, EnactmentPolicy, Policy, ProbationPolicy, Ratio, ReviewPolicy, SimulationPolicy,
};
use airlock_report::{
	leaf::{Blob, BlockResult},
	openings, samples, uneventful, BlockLeaf, Leaf, Opening, Report, SealedReport, SectionId,
	SimConfig, Verdict, SCHEMA,
};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU64, Contains, OnInitialize},
};
use frame_system::pallet_prelude::HeaderFor;
use pallet_airlock_simulations::Evidence;
use sp_core::{traits::ReadRuntimeVersionExt, H256};
use sp_runtime::{
	traits::{Dispatchable, Header as _, IdentityLookup},
	BuildStorage, DispatchError,
};
use sp_version::RuntimeVersion;
use std::{
	borrow::Cow,
	cell::RefCell,
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
		Simulations: pallet_airlock_simulations,
		Audits: pallet_airlock_audits,
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
		apis: vec![REQUIRED_API].into(),
		transaction_version: 1,
		system_version: 3,
	}
}

parameter_types! {
	pub static Running: u32 = 1;
	pub Version: RuntimeVersion = version("model", Running::get());
	pub static Set: Vec<Seat> = Vec::new();
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
	// When reports are shown, only the anchor's hash is still known: as in production.
	type BlockHashCount = ConstU32<2>;
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
	type Simulation = Simulations;
	type Review = Audits;
	type Ballot = Supermajority;
	type Timelock = pallet_airlock_enactment::Timelock<Chain>;
	type Probation = pallet_airlock_enactment::Probation<Chain>;
	type RequiredApis = RequiredApis;
	type Organisations = Chain;
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
	// Which they were is not in the specification.
	fn completed(_: u32) -> Option<Vec<Vec<u8>>> {
		Some(Vec::new())
	}
	fn forget(_: &[u8]) {}
}

impl pallet_airlock_enactment::Config for Chain {
	type RuntimeCall = RuntimeCall;
	type Electorate = Chain;
	type CurrentMajority = Supermajority;
	type Findings = Audits;
	type Preimages = Preimage;
	type Migrations = Chain;
	type Rewards = Audits;
	// What the chain counts of itself is not in the specification.
	type Invariants = ();
	type Vitals = ();
	type StoredCalls = ();
	type AuthorityChangePending = Changing;
	type UnlockOrigin = frame_system::EnsureRoot<Account>;
	type MaxValidators = ConstU32<8>;
	type WeightInfo = ();
}

/// What the registries of simulators and auditors say of an account.
impl Organisations<Account> for Chain {
	fn of(who: &Account) -> Vec<OrganisationId> {
		let simulates = pallet_airlock_simulations::Simulators::<Chain>::get(who);
		let audits = pallet_airlock_audits::Auditors::<Chain>::get(who);
		let simulates = simulates.map(|simulator| simulator.organisation);
		let audits = audits.map(|auditor| auditor.organisation);
		simulates.into_iter().chain(audits).collect()
	}
}

impl pallet_airlock_simulations::Config for Chain {
	type AdmitOrigin = frame_system::EnsureRoot<Account>;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU64<{ spec::BOND }>;
	type NoShowFine = ConstU64<{ spec::FINE }>;
	type Roles = Proposals;
	type Lifecycle = Proposals;
	type MaxSeats = ConstU32<3>;
	type WeightInfo = ();
}

impl pallet_airlock_audits::Config for Chain {
	type AdmitOrigin = frame_system::EnsureRoot<Account>;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU64<{ spec::BOND }>;
	type FindingDeposit = ConstU64<{ spec::FINDING_DEPOSIT }>;
	type MinBounty = ConstU64<{ spec::MIN_BOUNTY }>;
	type MinBountyPart = ConstU64<{ spec::BOUNTY_PART }>;
	type MaxFunders = ConstU32<{ spec::MAX_FUNDERS as u32 }>;
	type Electorate = Chain;
	type MaxValidators = ConstU32<8>;
	type Lifecycle = Proposals;
	type Roles = Proposals;
	type MaxAttestations = ConstU32<{ spec::MAX_ATTESTATIONS as u32 }>;
	type MaxFindings = ConstU32<{ spec::MAX_FINDINGS as u32 }>;
	type CoolingPeriod = ConstU32<{ spec::COOLING }>;
	type WeightInfo = ();
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
			gap: 10,
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
		simulations: pallet_airlock_simulations::GenesisConfig {
			simulators: organisations(spec.simulators.iter().map(|(w, s)| (w, s.organisation))),
		},
		audits: pallet_airlock_audits::GenesisConfig {
			auditors: organisations(spec.auditors.iter().map(|(w, a)| (w, a.organisation))),
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

fn organisations<'a>(
	of: impl Iterator<Item = (&'a Account, u32)>,
) -> Vec<(Account, OrganisationId)> {
	of.map(|(who, organisation)| (*who, organisation)).collect()
}

/// The header of a block of this chain. Its roots may say anything, but always the same.
pub fn header(number: Block) -> HeaderFor<Chain> {
	let root = |salt: u64| H256::from_low_u64_be(salt << 32 | u64::from(number));
	let parent = number.checked_sub(1).map(header_hash).unwrap_or_default();
	HeaderFor::<Chain>::new(number, root(1), root(2), parent, Default::default())
}

/// Its hash. It is the same in all runs, so it is made once.
fn header_hash(number: Block) -> H256 {
	thread_local! {
		static HASHES: RefCell<BTreeMap<Block, H256>> = RefCell::default();
	}
	let known = HASHES.with_borrow(|hashes| hashes.get(&number).copied());
	known.unwrap_or_else(|| {
		let hash = header(number).hash();
		HASHES.with_borrow_mut(|hashes| hashes.insert(number, hash));
		hash
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
	System::initialize(&number, &header_hash(number - 1), &Default::default());
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
		minted: 0,
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

/// All leaves of a report on a round.
fn leaves(of: &spec::Report, config: &SimConfig) -> Vec<(SectionId, Vec<Leaf>)> {
	let first = config.block_of(0);
	let lie = |number| of.lie.filter(|_| first == Some(number));
	let mut sections = uneventful(config, |number| block(number, config, lie(number)));
	for leaf in sections.iter_mut().flat_map(|(_, leaves)| leaves) {
		match leaf {
			Leaf::Static(leaf) => leaf.holds = of.verdict != Verdict::Fail,
			Leaf::Enactment(leaf) if leaf.to == Blob::Current => {
				if of.verdict == Verdict::Inconclusive {
					leaf.result = BlockResult::InitializeTrapped;
				}
			}
			_ => (),
		}
	}
	if of.fault == Some(spec::Fault::LeavesMissing) {
		sections[0].1.remove(0);
	}
	if of.fault == Some(spec::Fault::SectionMissing) {
		sections.pop();
	}
	sections
}

fn block(number: Block, config: &SimConfig, lie: Option<spec::Lie>) -> BlockLeaf {
	let header = header(number);
	let unless = |what, truth| match lie == Some(what) {
		true => H256::zero(),
		false => truth,
	};
	let hash = unless(spec::Lie::Hash, header_hash(number));
	BlockLeaf {
		state_root: unless(spec::Lie::StateRoot, header.state_root),
		extrinsics_root: header.extrinsics_root,
		..BlockLeaf::identical(number, hash, config.parent_code)
	}
}

/// A report on a proposal's round, as the chain would see it, and its leaves.
fn report(
	of: &spec::Report,
	dossier: &spec::Dossier,
	id: Id,
) -> (Report, Vec<(SectionId, Vec<Leaf>)>) {
	let round = pallet_airlock_simulations::Rounds::<Chain>::get(id);
	let (anchor, anchor_hash, blocks) = round.map_or((0, H256::zero(), 0), |r| {
		(r.anchor, r.anchor_hash, r.blocks)
	});
	let rollback = match dossier.way {
		Way::Dedicated(back) => Some(hash_of(back)),
		Way::Previous | Way::None => None,
	};
	let other = of.fault == Some(spec::Fault::OtherSubject);
	let config = SimConfig {
		schema: SCHEMA,
		genesis: System::block_hash(0),
		parent_code: hash_of(dossier.parent),
		candidate: hash_of(dossier.code),
		rollback,
		anchor: anchor + u32::from(other),
		anchor_hash,
		blocks,
		scope: (0..dossier.scope as u8).collect(),
		effects: self::dossier(dossier).expected_effects.hash,
		minted: 0,
		// Nothing of the chain says which engine is right.
		engine: H256::repeat_byte(of.facts),
	};
	let leaves = leaves(of, &config);
	let report = Report::of(config, &leaves).expect("seven sections");
	(report, leaves)
}

/// What a simulator sends as its seal.
pub fn seal(of: &spec::Seal, id: Id) -> H256 {
	let sealed = SealedReport {
		genesis: System::block_hash(0),
		dossier_hash: dossier(&of.dossier).hash(),
		simulator: of.by,
		round: of.round,
		attempt: of.attempt,
		report_root: report(&of.report, &of.dossier, id).0.root(),
		salt: [of.salt; 32],
	};
	domain_hash(Domain::Simulation, &sealed)
}

/// What a simulator sends to show its report: with the leaves that were drawn for it, or with one less.
pub fn reveal(
	who: Account,
	id: Id,
	of: &spec::Report,
	dossier: &spec::Dossier,
	salt: u8,
	opened: bool,
) -> RuntimeCall {
	let (report, leaves) = report(of, dossier, id);
	let seed = pallet_airlock_simulations::Rounds::<Chain>::get(id).and_then(|round| round.seed);
	let drawn = seed.map(|seed| samples(&seed, &who.encode(), &report));
	let openings = drawn.and_then(|drawn| openings(&leaves, &drawn));
	let mut openings = openings.unwrap_or_default();
	if !opened {
		openings.pop();
	}
	let salt = [salt; 32];
	let call = pallet_airlock_simulations::Call::reveal {
		id,
		report,
		salt,
		openings,
	};
	call.into()
}

/// What a challenger sends about the first block.
pub fn challenge(
	id: Id,
	of: &spec::Report,
	dossier: &spec::Dossier,
	proof: spec::Proof,
) -> RuntimeCall {
	let (report, leaves) = report(of, dossier, id);
	// Of a report without blocks anything is as good.
	let block = Opening::of(&leaves, SectionId::Replay, 0)
		.or_else(|| Opening::of(&leaves, SectionId::Enactment, 0))
		.expect("there is a switch");
	// Where there is no next one, the same.
	let child = Opening::of(&leaves, SectionId::Replay, 1).unwrap_or_else(|| block.clone());
	let number = report.config.block_of(0).unwrap_or_default();
	let (block, child) = (Box::new(block), Box::new(child));
	let header = |number| Box::new(header(number));
	let evidence = match proof {
		spec::Proof::Leaf => Evidence::Leaf(block),
		spec::Proof::Header => Evidence::Header {
			block,
			header: header(number),
		},
		spec::Proof::Parent => Evidence::Parent {
			block,
			child,
			header: header(number + 1),
		},
	};
	let call = pallet_airlock_simulations::Call::challenge {
		id,
		report_root: report.root(),
		evidence,
	};
	call.into()
}

/// The seal of a finding.
pub fn finding_seal(reporter: Account, id: Id, (text, salt): (u8, u8)) -> H256 {
	let sealed = pallet_airlock_audits::SealedFinding {
		genesis: System::block_hash(0),
		id,
		reporter,
		report: Document::of(&[text]),
		salt: [salt; 32],
	};
	sealed.commitment()
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
	Simulations::do_try_state().expect("simulations");
	Audits::do_try_state().expect("audits");
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
		pallet_airlock_simulations::Simulators::<Chain>::final_prefix().to_vec(),
		pallet_airlock_audits::Auditors::<Chain>::final_prefix().to_vec(),
		pallet_airlock_enactment::Installed::<Chain>::final_prefix().to_vec(),
		pallet_airlock_enactment::CurrentCode::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_enactment::HighestSpecVersion::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_enactment::RollbacksInARow::<Chain>::storage_value_final_key().to_vec(),
		pallet_airlock_enactment::Locked::<Chain>::storage_value_final_key().to_vec(),
	];
	let ours = [
		Proposals::name(),
		Enactment::name(),
		Simulations::name(),
		Audits::name(),
		Supermajority::name(),
	];
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
