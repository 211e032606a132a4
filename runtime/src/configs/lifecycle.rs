//! Configuration of the lifecycle: which pallet is which gate.

use crate::*;
use airlock_primitives::{Electorate, OrganisationId, Organisations};
use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32, Contains, Get},
};
use pallet_airlock_proposals::RequiredApi;

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
	type Probation = pallet_airlock_enactment::Probation<Runtime>;
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

/// The pallets that are the lifecycle: its stages, its electorate, and the council that admits people to it.
pub struct LifecyclePallets;
impl Contains<u8> for LifecyclePallets {
	fn contains(index: &u8) -> bool {
		use frame_support::traits::PalletInfoAccess;
		[
			<Proposals as PalletInfoAccess>::index(),
			<Enactment as PalletInfoAccess>::index(),
			<Simulations as PalletInfoAccess>::index(),
			<Audits as PalletInfoAccess>::index(),
			<Supermajority as PalletInfoAccess>::index(),
			<Validators as PalletInfoAccess>::index(),
			<Council as PalletInfoAccess>::index(),
		]
		.contains(&usize::from(*index))
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
}

/// True while GRANDPA has a change of authorities to apply. Not for the whole session in which one is queued: then
/// a single validator could hold up every switch by rotating its keys.
pub struct AuthorityChangePending;
impl Get<bool> for AuthorityChangePending {
	fn get() -> bool {
		Grandpa::pending_change().is_some()
	}
}

impl pallet_airlock_enactment::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type Electorate = Validators;
	type CurrentMajority = Supermajority;
	type Findings = Audits;
	type Preimages = Preimage;
	type Migrations = SdkMigrations;
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
