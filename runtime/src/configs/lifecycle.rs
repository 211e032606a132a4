//! Configuration of the lifecycle: which pallet is which gate.

use crate::*;
use airlock_primitives::{Electorate, OrganisationId, Organisations};
use alloc::vec::Vec;
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	storage::{storage_prefix, unhashed, StoragePrefixedMap},
	traits::{ConstU128, ConstU32, Contains, Get},
};
use pallet_airlock_proposals::RequiredApi;
use pallet_balances::AccountData;
use scale_info::TypeInfo;

use super::{CouncilCollective, MaxValidators};

/// Two thirds of the validators of the running session, by a motion of the council.
pub type TwoThirdsOfCouncil =
	pallet_collective::EnsureProportionAtLeast<AccountId, CouncilCollective, 2, 3>;

/// What nodes and the lifecycle call: a candidate without one of these cannot be enacted, watched or rolled
/// back. The versions are those of this build.
pub struct RequiredApis;
impl Get<Vec<RequiredApi>> for RequiredApis {
	fn get() -> Vec<RequiredApi> {
		macro_rules! apis {
			($($declaration:path),* $(,)?) => {{
				alloc::vec![$({
					use $declaration as api;
					(api::ID, api::VERSION)
				}),*]
			}};
		}
		apis![
			sp_api::runtime_decl_for_core,
			sp_api::runtime_decl_for_metadata,
			sp_block_builder::runtime_decl_for_block_builder,
			sp_transaction_pool::runtime_api::runtime_decl_for_tagged_transaction_queue,
			sp_consensus_aura::runtime_decl_for_aura_api,
			sp_consensus_grandpa::runtime_decl_for_grandpa_api,
			sp_session::runtime_decl_for_session_keys,
			airlock_primitives::api::runtime_decl_for_airlock_api,
		]
	}
}

impl pallet_airlock_proposals::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Preimages = Preimage;
	type Code = Enactment;
	type Simulation = Simulations;
	type Review = Audits;
	type Ballot = Supermajority;
	type Timelock = pallet_airlock_enactment::Timelock<Runtime>;
	#[cfg(not(feature = "faulty"))]
	type Probation = pallet_airlock_enactment::Probation<Runtime>;
	#[cfg(feature = "faulty")]
	type Probation = crate::faults::Probation;
	type RequiredApis = RequiredApis;
	type Organisations = KnownOrganisations;
	type LifecyclePallets = LifecyclePallets;
	type BaseDeposit = ConstU128<{ 100 * UNIT }>;
	type ByteDeposit = ConstU128<{ MILLI_UNIT / 10 }>;
	type MaxCodeLen = ConstU32<{ 4 * 1024 * 1024 }>;
	// The decoder needs twice as much in one piece, and a runtime can allocate 32 MiB.
	type MaxDecompressedLen = ConstU32<{ 8 * 1024 * 1024 }>;
	type MaxOpen = ConstU32<160>;
	// The public ones are 128. Who would hold these as well needs 32 validators.
	type ReservedSlots = ConstU32<32>;
	type ReservedFor = ActiveValidators;
	type MaxOpenPerProposer = ConstU32<2>;
	type MaxRounds = ConstU32<8>;
	type MaxDuePerBlock = ConstU32<4>;
	type HistoryLen = ConstU32<256>;
	type WeightInfo = weights::proposals::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Helper;
}

/// The pallets that are the lifecycle, or on which it stands: its stages, its electorate and the council that admits people to
/// it; `System`, where code is written and calls are filtered; who authors and finalizes; where bytes and migrations are. And every
/// index that this runtime does not use: a pallet that is new may be anything.
pub struct LifecyclePallets;
impl Contains<u8> for LifecyclePallets {
	fn contains(index: &u8) -> bool {
		use frame_support::traits::{PalletInfoAccess, PalletsInfoAccess};
		let index = usize::from(*index);
		let is_new = !AllPalletsWithSystem::infos()
			.iter()
			.any(|pallet| pallet.index == index);
		let is_ours = [
			<System as PalletInfoAccess>::index(),
			<Chain as PalletInfoAccess>::index(),
			<Session as PalletInfoAccess>::index(),
			<Aura as PalletInfoAccess>::index(),
			<Grandpa as PalletInfoAccess>::index(),
			<Preimage as PalletInfoAccess>::index(),
			<Migrations as PalletInfoAccess>::index(),
			<Proposals as PalletInfoAccess>::index(),
			<Enactment as PalletInfoAccess>::index(),
			<Simulations as PalletInfoAccess>::index(),
			<Audits as PalletInfoAccess>::index(),
			<Supermajority as PalletInfoAccess>::index(),
			<Validators as PalletInfoAccess>::index(),
			<Council as PalletInfoAccess>::index(),
		]
		.contains(&index);
		is_new || is_ours
	}
}

/// The validators of the running session.
pub struct ActiveValidators;
impl Contains<AccountId> for ActiveValidators {
	fn contains(who: &AccountId) -> bool {
		Validators::power_of(who).is_some()
	}
}

/// What the registries of simulators, auditors and validators say of an account.
pub struct KnownOrganisations;
impl Organisations<AccountId> for KnownOrganisations {
	fn of(who: &AccountId) -> Vec<OrganisationId> {
		let simulator = pallet_airlock_simulations::Simulators::<Runtime>::get(who)
			.map(|simulator| simulator.organisation);
		let auditor = pallet_airlock_audits::Auditors::<Runtime>::get(who)
			.map(|auditor| auditor.organisation);
		let validator = Validators::voters()
			.into_iter()
			.find(|voter| &voter.account == who)
			.map(|voter| voter.organisation);
		[simulator, auditor, validator]
			.into_iter()
			.flatten()
			.collect()
	}
}

/// The migrations of the SDK's pallet: one runs, or is stuck, while there is a cursor.
pub struct SdkMigrations;
impl airlock_primitives::Migrations for SdkMigrations {
	fn ongoing() -> bool {
		use frame_support::migrations::MultiStepMigrator;
		Migrations::ongoing()
	}
	fn abandon() {
		pallet_migrations::Cursor::<Runtime>::kill();
	}
	// By their keys, which may be anything: code on probation can write what is no name.
	fn completed(most: u32) -> Option<Vec<Vec<u8>>> {
		let prefix = pallet_migrations::Historic::<Runtime>::final_prefix();
		let mut names = Vec::new();
		let mut last = prefix.to_vec();
		while let Some(key) = sp_io::storage::next_key(&last) {
			let Some(name) = key.strip_prefix(&prefix[..]) else {
				break;
			};
			if names.len() >= most as usize {
				return None;
			}
			names.push(name.to_vec());
			last = key;
		}
		Some(names)
	}
	fn forget(name: &[u8]) {
		let prefix = pallet_migrations::Historic::<Runtime>::final_prefix();
		unhashed::kill(&[&prefix[..], name].concat());
	}
}

/// True while GRANDPA has a change of authorities to apply. Not for the whole session in which one is queued: then
/// a single validator could hold up every switch by rotating its keys.
pub struct AuthorityChangePending;
impl Get<bool> for AuthorityChangePending {
	fn get() -> bool {
		Grandpa::pending_change().is_some()
	}
}

/// Something that holds in every block of this chain.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Witness {
	/// This account can be read, and its balance covers what is held of it.
	#[codec(index = 0)]
	Account(AccountId),
	/// The name of this account, if it has one, can be read.
	#[codec(index = 1)]
	Name(AccountId),
}

/// What this chain can say of its own state.
pub struct Invariants;
impl airlock_primitives::Invariants for Invariants {
	type Witness = Witness;

	fn issuance() -> u128 {
		Balances::total_issuance()
	}

	fn storage_versions() -> Vec<(u8, u16)> {
		use frame_support::traits::{PalletsInfoAccess, STORAGE_VERSION_STORAGE_KEY_POSTFIX};
		let pallets = AllPalletsWithSystem::infos().into_iter();
		let version = |name: &str| {
			let key = storage_prefix(name.as_bytes(), STORAGE_VERSION_STORAGE_KEY_POSTFIX);
			unhashed::get_or_default::<u16>(&key)
		};
		pallets
			.map(|pallet| (pallet.index as u8, version(pallet.name)))
			.collect()
	}

	fn is_broken(witness: &Witness) -> bool {
		match witness {
			Witness::Account(who) => {
				let key = frame_system::Account::<Runtime>::hashed_key_for(who);
				let Some(bytes) = unhashed::get_raw(&key) else {
					return false;
				};
				let holds = pallet_balances::Holds::<Runtime>::get(who);
				let held = holds
					.iter()
					.fold(0u128, |sum, hold| sum.saturating_add(hold.amount));
				type Account = frame_system::AccountInfo<Nonce, AccountData<Balance>>;
				let account = Account::decode_all(&mut &bytes[..]);
				!account.is_ok_and(|account| account.data.reserved >= held)
			}
			Witness::Name(who) => {
				let key = crate::profiles::Names::<Runtime>::hashed_key_for(who);
				let names = crate::profiles::Names::<Runtime>::get(who);
				unhashed::exists(&key) && names.is_none()
			}
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn break_something() -> Witness {
		let who: AccountId = frame_benchmarking::account("broken", 0, 0);
		unhashed::put_raw(&frame_system::Account::<Runtime>::hashed_key_for(&who), &[]);
		Witness::Account(who)
	}
}

/// What this chain can measure of its own health.
pub struct Vitals;
impl airlock_primitives::Vitals for Vitals {
	fn slot() -> u64 {
		pallet_aura::CurrentSlot::<Runtime>::get().into()
	}

	fn transactions() -> (u32, u32) {
		use frame_support::dispatch::DispatchClass::Mandatory;
		use frame_system::Event::{ExtrinsicFailed, ExtrinsicSuccess};
		let mut counts = (0u32, 0u32);
		// One by one: all of them need not fit into memory. They are in the state of a chain of its own.
		for record in System::read_events_no_consensus() {
			let failed = match record.event {
				RuntimeEvent::System(ExtrinsicSuccess { dispatch_info })
					if dispatch_info.class != Mandatory =>
				{
					0
				}
				RuntimeEvent::System(ExtrinsicFailed { dispatch_info, .. })
					if dispatch_info.class != Mandatory =>
				{
					1
				}
				_ => continue,
			};
			counts = (counts.0.saturating_add(1), counts.1.saturating_add(failed));
		}
		counts
	}
}

/// The council's motions: the only calls that this chain keeps as bytes. Multisigs and proxies keep hashes; who executes such a
/// call sends its bytes again, in a transaction that is signed for the code that runs.
pub struct StoredCalls;
impl airlock_primitives::StoredCalls for StoredCalls {
	fn void() {
		for motion in pallet_collective::Proposals::<Runtime, CouncilCollective>::get() {
			Council::do_disapprove_proposal(motion);
		}
	}
}

impl pallet_airlock_enactment::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type Electorate = Validators;
	type CurrentMajority = Supermajority;
	type Findings = Audits;
	type Preimages = Preimage;
	type Migrations = SdkMigrations;
	type Rewards = Audits;
	type Invariants = Invariants;
	type Vitals = Vitals;
	type StoredCalls = StoredCalls;
	type AuthorityChangePending = AuthorityChangePending;
	type UnlockOrigin = TwoThirdsOfCouncil;
	type MaxValidators = MaxValidators;
	type WeightInfo = weights::enactment::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Helper;
}

impl pallet_airlock_simulations::Config for Runtime {
	type AdmitOrigin = TwoThirdsOfCouncil;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU128<{ 1_000 * UNIT }>;
	type NoShowFine = ConstU128<{ 100 * UNIT }>;
	type Roles = Proposals;
	type Lifecycle = Proposals;
	type MaxSeats = ConstU32<16>;
	type WeightInfo = weights::simulations::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Helper;
}

parameter_types! {
	/// A day: nobody is admitted for one review.
	pub const CoolingPeriod: BlockNumber = policies::DAYS;
}

impl pallet_airlock_audits::Config for Runtime {
	type AdmitOrigin = TwoThirdsOfCouncil;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU128<{ 1_000 * UNIT }>;
	type FindingDeposit = ConstU128<{ 10 * UNIT }>;
	type MinBounty = ConstU128<{ 500 * UNIT }>;
	type MinBountyPart = ConstU128<{ 50 * UNIT }>;
	type MaxFunders = ConstU32<16>;
	type Electorate = Validators;
	type MaxValidators = MaxValidators;
	type Lifecycle = Proposals;
	type Roles = Proposals;
	type MaxAttestations = ConstU32<64>;
	type MaxFindings = ConstU32<64>;
	type CoolingPeriod = CoolingPeriod;
	type WeightInfo = weights::audits::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Helper;
}

impl pallet_airlock_supermajority::Config for Runtime {
	type Electorate = Validators;
	type Lifecycle = Proposals;
	type MaxVoters = MaxValidators;
	type WeightInfo = weights::supermajority::WeightInfo<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::Helper;
}

impl pallet_airlock_validators::Config for Runtime {
	type AdmitOrigin = TwoThirdsOfCouncil;
	type Council = Council;
	type MaxValidators = MaxValidators;
	type WeightInfo = weights::validators::WeightInfo<Runtime>;
}
