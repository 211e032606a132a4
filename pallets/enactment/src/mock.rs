//! A runtime whose preconditions the tests set, and whose blobs carry a version the mock host can read.

use crate as pallet_enactment;
use airlock_primitives::*;
use codec::Encode;
use frame_support::{
	derive_impl, ensure,
	migrations::MultiStepMigrator,
	parameter_types,
	traits::{ConstU128, ConstU32, StorePreimage},
	weights::Weight,
};
use sp_core::{storage::well_known_keys, traits::ReadRuntimeVersionExt, H256};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchResult, TokenError};
use sp_version::RuntimeVersion;
use std::borrow::Cow;

pub type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Preimage: pallet_preimage,
		Enactment: pallet_enactment,
	}
);

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
	/// `spec_version` of the code that runs.
	pub static Running: u32 = 1;
	pub Version: RuntimeVersion = version(Running::get());
	/// What `system` knows of migrations, apart from what the pallet is told.
	pub static SystemMigrating: bool = false;
	/// Account and power.
	pub static Set: Vec<(u64, Power)> = Vec::new();
	pub static Ayes: Power = 0;
	/// A finding is open.
	pub static Blocked: bool = false;
	/// An auditor stands behind it.
	pub static Backed: bool = false;
	pub static Migrating: bool = false;
	/// Names of migrations that were completed.
	pub static Completed: Vec<Vec<u8>> = Vec::new();
	pub static ChangingAuthorities: bool = false;
	/// What the chain counts of itself.
	pub static Coins: u128 = 1_000;
	pub static Versions: Vec<(u8, u16)> = vec![(0, 0), (5, 2), (9, 1)];
	/// Who was paid, and whether money cannot be moved.
	pub static Paid: Vec<(ProposalId, u64)> = Vec::new();
	pub static PaymentFails: bool = false;
	/// Which invariant does not hold.
	pub static Broken: Option<u8> = None;
	/// What the chain measures of itself.
	pub static Slot: u64 = 0;
	pub static Transactions: (u32, u32) = (0, 0);
	/// How often calls that wait were dropped.
	pub static Voided: u32 = 0;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type Lookup = IdentityLookup<u64>;
	type AccountData = pallet_balances::AccountData<u128>;
	type Version = Version;
	type OnSetCode = pallet_enactment::Gate<Test>;
	type MultiBlockMigrator = Migrator;
}

pub struct Migrator;

impl MultiStepMigrator for Migrator {
	fn ongoing() -> bool {
		SystemMigrating::get()
	}
	fn step() -> Weight {
		Weight::zero()
	}
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
	type ManagerOrigin = frame_system::EnsureRoot<u64>;
	type Consideration = ();
}

impl Electorate<u64> for Test {
	fn voters() -> Vec<Voter<u64>> {
		let voter = |(account, power)| Voter {
			account,
			organisation: account as u32,
			power,
		};
		Set::get().into_iter().map(voter).collect()
	}
}

impl CurrentMajority for Test {
	fn aye_of_current_set(_: ProposalId) -> (Power, Power) {
		(Ayes::get(), <Test as Electorate<u64>>::total())
	}
}

impl OpenFindings for Test {
	fn blocking(_: ProposalId) -> bool {
		Blocked::get()
	}
	fn backed(_: ProposalId) -> bool {
		Blocked::get() && Backed::get()
	}
}

impl Rewards<u64> for Test {
	fn pay_critical(id: ProposalId, finder: &u64) -> DispatchResult {
		ensure!(!PaymentFails::get(), TokenError::Frozen);
		Paid::mutate(|paid| paid.push((id, *finder)));
		Ok(())
	}
	fn weight() -> Weight {
		Weight::zero()
	}
}

impl Migrations for Test {
	fn ongoing() -> bool {
		Migrating::get()
	}
	fn abandon() {
		Migrating::set(false);
		SystemMigrating::set(false);
	}
	fn completed(most: u32) -> Option<Vec<Vec<u8>>> {
		let all = Completed::get();
		(all.len() <= most as usize).then_some(all)
	}
	fn forget(name: &[u8]) {
		Completed::mutate(|all| all.retain(|known| known != name));
	}
}

impl Invariants for Test {
	/// The invariants have numbers here.
	type Witness = u8;

	fn issuance() -> u128 {
		Coins::get()
	}
	fn storage_versions() -> Vec<(u8, u16)> {
		Versions::get()
	}
	fn is_broken(witness: &u8) -> bool {
		Broken::get() == Some(*witness)
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn break_something() -> u8 {
		Broken::set(Some(1));
		1
	}
}

impl Vitals for Test {
	fn slot() -> u64 {
		Slot::get()
	}
	fn transactions() -> (u32, u32) {
		Transactions::get()
	}
}

impl StoredCalls for Test {
	fn void() {
		Voided::mutate(|count| *count += 1);
	}
}

impl pallet_enactment::Config for Test {
	type RuntimeCall = RuntimeCall;
	type Electorate = Test;
	type CurrentMajority = Test;
	type Findings = Test;
	type Preimages = Preimage;
	type Migrations = Test;
	type Rewards = Test;
	type Invariants = Test;
	type Vitals = Test;
	type StoredCalls = Test;
	type AuthorityChangePending = ChangingAuthorities;
	type UnlockOrigin = frame_system::EnsureRoot<u64>;
	type MaxValidators = ConstU32<8>;
	type WeightInfo = ();
}

/// Reads the version that [`blob`] puts into its bytes.
struct ReadVersion;

impl sp_core::traits::ReadRuntimeVersion for ReadVersion {
	fn read_runtime_version(
		&self,
		wasm_code: &[u8],
		_: &mut dyn sp_externalities::Externalities,
	) -> Result<Vec<u8>, String> {
		let number = wasm_code.strip_prefix(b"code").ok_or("no version")?;
		let number: [u8; 4] = number
			.get(..4)
			.and_then(|n| n.try_into().ok())
			.ok_or("short")?;
		Ok(version(u32::from_le_bytes(number)).encode())
	}
}

pub const ID: ProposalId = 5;
pub const TIMELOCK: u32 = 10;
pub const GRACE: u32 = 5;
pub const CRITICAL: u32 = 10;
pub const WATCH: u32 = 6;
pub const CLOSE_OUT: u32 = 4;

/// Bytes that the mock host reads this version from.
pub fn blob(spec_version: u32) -> Vec<u8> {
	[
		b"code".to_vec(),
		spec_version.to_le_bytes().to_vec(),
		vec![7; 20],
	]
	.concat()
}

pub fn hash(bytes: &[u8]) -> H256 {
	H256(sp_crypto_hashing::blake2_256(bytes))
}

pub fn code_ref(spec_version: u32) -> CodeRef {
	let bytes = blob(spec_version);
	CodeRef {
		hash: hash(&bytes),
		len: bytes.len() as u32,
		spec_version,
	}
}

/// Candidate of version 2 on the code that is written now, with a dedicated rollback of version 3.
pub fn dossier() -> Dossier {
	let document = Document::of(b"text");
	Dossier {
		code: code_ref(2),
		parent_code_hash: Enactment::current(),
		rollback: Rollback::Dedicated(code_ref(3)),
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		minted: 0,
		scope: Default::default(),
		class: Class::Standard,
	}
}

pub fn policy() -> ClassPolicy<u32> {
	ClassPolicy {
		bytes_within: 1,
		simulation: SimulationPolicy {
			commit_window: 1,
			reveal_window: 1,
			required: 1,
			seats: 1,
			replay_blocks: 1,
		},
		review: ReviewPolicy {
			minimum: 1,
			per_pallet: 0,
			grace: 1,
			approvals: 1,
			builds: 1,
		},
		ballot: BallotPolicy {
			window: 1,
			extension: 0,
			extension_cap: 0,
			approval: Ratio::new(3, 4),
			organisations: 1,
			organisation_cap: Ratio::new(1, 1),
		},
		enactment: EnactmentPolicy {
			timelock: TIMELOCK,
			readiness: Ratio::new(3, 4),
			grace: GRACE,
		},
		probation: ProbationPolicy {
			critical: CRITICAL,
			healthy_quorum: Ratio::new(2, 3),
			watch: WATCH,
			close_out: CLOSE_OUT,
			gap: 10,
		},
	}
}

/// Opens the timelock of an approved dossier now.
pub fn approve(dossier: &Dossier) {
	let about = DossierRef {
		proposer: &99,
		round: 0,
		hash: dossier.hash(),
		dossier,
	};
	crate::Timelock::<Test>::open(ID, &about, &policy(), System::block_number()).unwrap();
}

/// What the stage machine does when the timelock has passed.
pub fn begin_probation(dossier: &Dossier) {
	let about = DossierRef {
		proposer: &99,
		round: 0,
		hash: dossier.hash(),
		dossier,
	};
	crate::Timelock::<Test>::close(ID);
	crate::Probation::<Test>::open(ID, &about, &policy(), System::block_number()).unwrap();
}

pub fn poll_timelock() -> GateStatus<u32> {
	crate::Timelock::<Test>::poll(ID, System::block_number())
}

pub fn poll_probation() -> GateStatus<u32> {
	crate::Probation::<Test>::poll(ID, System::block_number())
}

/// What the stage machine does when a proposal ends.
pub fn end() {
	crate::Timelock::<Test>::clear(ID);
	crate::Probation::<Test>::clear(ID);
}

pub fn ready(who: impl IntoIterator<Item = u64>, dossier: &Dossier) {
	for validator in who {
		signal(validator, ID, dossier.hash()).unwrap();
	}
}

/// A validator says that its node is ready.
pub fn signal(who: u64, id: ProposalId, dossier_hash: H256) -> DispatchResult {
	let node = NodeSupport::default();
	Enactment::signal_readiness(RuntimeOrigin::signed(who), id, dossier_hash, node)
}

/// The newest code in storage.
pub fn written() -> Vec<u8> {
	sp_io::storage::get(well_known_keys::PENDING_CODE)
		.or_else(|| sp_io::storage::get(well_known_keys::CODE))
		.unwrap()
		.to_vec()
}

/// An upgrade that was enacted at the end of its timelock and is on probation.
pub fn enacted(dossier: &Dossier) {
	approve(dossier);
	ready(1..=3, dossier);
	to(System::block_number() + TIMELOCK);
	assert_eq!(poll_timelock(), GateStatus::Passed);
	begin_probation(dossier);
}

pub fn report(who: u64, healthy: bool) {
	Enactment::report_health(RuntimeOrigin::signed(who), ID, healthy).unwrap();
}

pub fn to(block: u32) {
	System::set_block_number(block);
}

/// Four validators with one seat each who all said Aye; code of version 1 runs; blobs 2 and 3 are uploaded.
pub fn build_and_execute(test: impl FnOnce()) {
	Running::set(1);
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	pallet_enactment::GenesisConfig::<Test>::default()
		.assimilate_storage(&mut storage)
		.unwrap();
	// Not by the storage's own `:code`: that is overwritten by the code given here.
	let mut ext = sp_io::TestExternalities::new_with_code(&blob(1), storage);
	ext.register_extension(ReadRuntimeVersionExt::new(ReadVersion));
	ext.execute_with(|| {
		Set::set((1..=4).map(|n| (n, 1)).collect());
		Ayes::set(4);
		Coins::set(1_000);
		Versions::set(vec![(0, 0), (5, 2), (9, 1)]);
		Broken::set(None);
		Slot::set(0);
		Transactions::set((0, 0));
		Voided::set(0);
		SystemMigrating::set(false);
		Blocked::set(false);
		Backed::set(false);
		Migrating::set(false);
		Completed::set(Vec::new());
		ChangingAuthorities::set(false);
		to(1);
		for spec_version in [2, 3] {
			Preimage::note(Cow::Owned(blob(spec_version))).unwrap();
		}
		test();
		Enactment::do_try_state().unwrap();
	});
}
