//! Configuration of the pallets: the SDK's here, the lifecycle's in [`lifecycle`].

pub mod lifecycle;

use crate::*;
use frame_support::{
	derive_impl, ensure, parameter_types,
	traits::{
		fungible::{HoldConsideration, InspectHold, MutateHold},
		tokens::Precision,
		Consideration, ConstBool, ConstU128, ConstU32, ConstU64, Contains, InstanceFilter,
		LinearStoragePrice, MaybeConsideration, NeverEnsureOrigin, VariantCountOf,
	},
	weights::{
		constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND},
		ConstantMultiplier, Weight,
	},
};
use frame_system::limits::{BlockLength, BlockWeights};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_runtime::{
	traits::{BlakeTwo256, Zero},
	DispatchError, FixedPointNumber, Perbill, Perquintill,
};

const NORMAL_SHARE: Perbill = Perbill::from_percent(75);

parameter_types! {
	pub const BlockHashCount: BlockNumber = 4096;
	pub const Version: RuntimeVersion = VERSION;
	// Two seconds of computing, the SDK's usual bound.
	pub RuntimeBlockWeights: BlockWeights = BlockWeights::with_sensible_defaults(
		Weight::from_parts(2 * WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
		NORMAL_SHARE,
	);
	pub RuntimeBlockLength: BlockLength =
		BlockLength::builder().max_length(6 * 1024 * 1024).modify_max_length_for_class(
			frame_support::dispatch::DispatchClass::Normal,
			|max| *max = NORMAL_SHARE * (6 * 1024 * 1024u32),
		).build();
	pub const SS58Prefix: u16 = 42;
}

/// Calls that write code, or any storage, are closed to everybody who is not the lifecycle's own dispatch.
/// They need Root, which nobody has; this is the second lock.
pub struct NoCodeDoors;
impl Contains<RuntimeCall> for NoCodeDoors {
	fn contains(call: &RuntimeCall) -> bool {
		use frame_system::Call::*;
		// Requested bytes are taken for free. Once, and as long as their dossier says and has paid for: who sends
		// them again, or sends more, would fill blocks or state for nothing.
		if let RuntimeCall::Preimage(pallet_preimage::Call::note_preimage { bytes }) = call {
			use frame_support::traits::QueryPreimage;
			use sp_runtime::traits::Hash as _;
			let hash = BlakeTwo256::hash(bytes);
			let wanted =
				|| !Preimage::is_requested(&hash) || Proposals::takes(&hash, bytes.len() as u32);
			return Preimage::len(&hash).is_none() && wanted();
		}
		!matches!(
			call,
			RuntimeCall::System(
				set_heap_pages { .. }
					| set_code { .. }
					| set_code_without_checks { .. }
					| set_storage { .. }
					| kill_storage { .. }
					| kill_prefix { .. }
					| authorize_upgrade { .. }
					| authorize_upgrade_without_checks { .. }
					| apply_authorized_upgrade { .. }
			)
		)
	}
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	#[cfg(not(feature = "faulty"))]
	type BaseCallFilter = NoCodeDoors;
	#[cfg(feature = "faulty")]
	type BaseCallFilter = frame_support::traits::InsideBoth<NoCodeDoors, crate::faults::Doors>;
	type Block = Block;
	type BlockWeights = RuntimeBlockWeights;
	type BlockLength = RuntimeBlockLength;
	type BlockHashCount = BlockHashCount;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
	type AccountId = AccountId;
	type Lookup = sp_runtime::traits::AccountIdLookup<AccountId, ()>;
	type Nonce = Nonce;
	type Hash = Hash;
	type Hashing = BlakeTwo256;
	type DbWeight = RocksDbWeight;
	type Version = Version;
	type AccountData = pallet_balances::AccountData<Balance>;
	type SS58Prefix = SS58Prefix;
	type MaxConsumers = ConstU32<16>;
	type OnSetCode = pallet_airlock_enactment::Gate<Runtime>;
	type SingleBlockMigrations = profiles::migrations::All;
	type MultiBlockMigrator = Migrations;
}

impl chain::Config for Runtime {}

impl profiles::Config for Runtime {
	type MaxNames = ConstU32<1_000>;
}

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Aura;
	type MinimumPeriod = chain::MinimumPeriod<Runtime>;
	type WeightInfo = ();
}

impl pallet_aura::Config for Runtime {
	type AuthorityId = AuraId;
	type DisabledValidators = ();
	type MaxAuthorities = MaxValidators;
	type AllowMultipleBlocksPerSlot = ConstBool<false>;
	type SlotDuration = chain::SlotDuration<Runtime>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = MaxValidators;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<0>;
	type KeyOwnerProof = sp_core::Void;
	type EquivocationReportSystem = ();
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Aura>;
	type EventHandler = ();
}

parameter_types! {
	pub const MaxValidators: u32 = 1_000;
	pub const SessionOffset: BlockNumber = 0;
}

/// Sessions end when they are due, but not while an upgrade is watched or waits to be installed: nodes refuse blocks of
/// code on probation that change who authors or who finalizes. One that was due then ends with the next.
pub struct SessionsOutsideOfWatch;
impl pallet_session::ShouldEndSession<BlockNumber> for SessionsOutsideOfWatch {
	fn should_end_session(now: BlockNumber) -> bool {
		use frame_support::storage::unhashed::exists;
		use sp_core::storage::well_known_keys::PENDING_CODE;
		pallet_session::PeriodicSessions::<chain::SessionPeriod<Runtime>, SessionOffset>::should_end_session(now)
			&& !exists(airlock_primitives::rescue::ARMED)
			&& !exists(PENDING_CODE)
	}
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = sp_runtime::traits::ConvertInto;
	type ShouldEndSession = SessionsOutsideOfWatch;
	type NextSessionRotation =
		pallet_session::PeriodicSessions<chain::SessionPeriod<Runtime>, SessionOffset>;
	type SessionManager = Validators;
	type SessionHandler = <SessionKeys as sp_runtime::traits::OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = ();
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = ConstU128<{ 10 * UNIT }>;
}

impl pallet_balances::Config for Runtime {
	type MaxLocks = ConstU32<50>;
	type MaxReserves = ConstU32<50>;
	type ReserveIdentifier = [u8; 8];
	type Balance = Balance;
	type RuntimeEvent = RuntimeEvent;
	type DustRemoval = ();
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type AccountStore = System;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type DoneSlashHandler = ();
}

parameter_types! {
	pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(1, 100_000);
	pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
	pub MaximumMultiplier: Multiplier = Multiplier::saturating_from_integer(100);
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, ()>;
	type OperationalFeeMultiplier = frame_support::traits::ConstU8<5>;
	#[cfg(not(feature = "faulty"))]
	type WeightToFee = frame_support::weights::IdentityFee<Balance>;
	#[cfg(feature = "faulty")]
	type WeightToFee = crate::faults::BaseFee;
	type LengthToFee = ConstantMultiplier<Balance, ConstU128<{ MILLI_UNIT / 1_000 }>>;
	type FeeMultiplierUpdate = TargetedFeeAdjustment<
		Self,
		TargetFullness,
		AdjustmentVariable,
		MinimumMultiplier,
		MaximumMultiplier,
	>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
	pub const PreimageBaseDeposit: Balance = UNIT;
	pub const PreimageByteDeposit: Balance = MILLI_UNIT / 10;
	pub const PreimageHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
}

impl pallet_preimage::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	// Nobody: the lifecycle requests bytes by itself.
	type ManagerOrigin = NeverEnsureOrigin<AccountId>;
	type Consideration = HoldConsideration<
		AccountId,
		Balances,
		PreimageHoldReason,
		LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
	>;
}

parameter_types! {
	pub const CouncilMotionDuration: BlockNumber = 7 * policies::DAYS;
	pub MaxCollectiveProposalWeight: Weight =
		Perbill::from_percent(50) * RuntimeBlockWeights::get().max_block;
}

/// What a member of the council holds for its motion: each has one at a time, so that none can take all places, and gets
/// this back when it is over (`council.release_proposal_cost`, by anybody).
#[derive(
	Clone,
	PartialEq,
	Eq,
	Debug,
	codec::Encode,
	codec::Decode,
	codec::MaxEncodedLen,
	scale_info::TypeInfo,
)]
pub struct OneMotionEach;

impl OneMotionEach {
	const DEPOSIT: Balance = 100 * UNIT;
	const REASON: RuntimeHoldReason =
		RuntimeHoldReason::Council(pallet_collective::HoldReason::ProposalSubmission);
}

impl Consideration<AccountId, u32> for OneMotionEach {
	fn new(who: &AccountId, _: u32) -> Result<Self, DispatchError> {
		let has_one = !Balances::balance_on_hold(&Self::REASON, who).is_zero();
		ensure!(!has_one, DispatchError::Exhausted);
		Balances::hold(&Self::REASON, who, Self::DEPOSIT)?;
		Ok(Self)
	}

	fn update(self, _: &AccountId, _: u32) -> Result<Self, DispatchError> {
		Ok(self)
	}

	fn drop(self, who: &AccountId) -> Result<(), DispatchError> {
		Balances::release(&Self::REASON, who, Self::DEPOSIT, Precision::BestEffort).map(|_| ())
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn ensure_successful(who: &AccountId, _: u32) {
		use frame_support::traits::fungible::Mutate;
		Balances::set_balance(who, 2 * Self::DEPOSIT);
	}
}

impl MaybeConsideration<AccountId, u32> for OneMotionEach {
	fn is_none(&self) -> bool {
		false
	}
}

/// The validators of the running session, as a body that can admit and remove.
pub type CouncilCollective = pallet_collective::Instance1;

impl pallet_collective::Config<CouncilCollective> for Runtime {
	type RuntimeOrigin = RuntimeOrigin;
	type Proposal = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type MotionDuration = CouncilMotionDuration;
	type MaxProposals = ConstU32<100>;
	type MaxMembers = MaxValidators;
	// Who is silent says no: there is no prime.
	type DefaultVote = pallet_collective::PrimeDefaultVote;
	type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
	// Its members follow the session.
	type SetMembersOrigin = NeverEnsureOrigin<()>;
	type MaxProposalWeight = MaxCollectiveProposalWeight;
	type DisapproveOrigin = NeverEnsureOrigin<()>;
	type KillOrigin = NeverEnsureOrigin<()>;
	type Consideration = OneMotionEach;
}

parameter_types! {
	pub MaxMigrationWeight: Weight = Perbill::from_percent(60) * RuntimeBlockWeights::get().max_block;
}

impl pallet_migrations::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	#[cfg(not(feature = "faulty"))]
	type Migrations = ();
	#[cfg(feature = "faulty")]
	type Migrations = crate::faults::Steps;
	type CursorMaxLen = ConstU32<65_536>;
	type IdentifierMaxLen = ConstU32<256>;
	type MigrationStatusHandler = ();
	type FailedMigrationHandler = Enactment;
	type MaxServiceWeight = MaxMigrationWeight;
	type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}

impl pallet_utility::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_multisig::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type DepositBase = ConstU128<UNIT>;
	type DepositFactor = ConstU128<{ UNIT / 10 }>;
	type MaxSignatories = ConstU32<100>;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
	type BlockNumberProvider = System;
}

/// What a proxy may do for its principal.
#[derive(
	Copy,
	Clone,
	Eq,
	PartialEq,
	Ord,
	PartialOrd,
	codec::Encode,
	codec::Decode,
	codec::DecodeWithMemTracking,
	Debug,
	codec::MaxEncodedLen,
	scale_info::TypeInfo,
	Default,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	#[codec(index = 0)]
	Any,
	/// The calls of the lifecycle: what proposers, simulators, auditors and validators do often.
	#[codec(index = 1)]
	Lifecycle,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			ProxyType::Any => true,
			ProxyType::Lifecycle => matches!(
				call,
				RuntimeCall::Proposals(..)
					| RuntimeCall::Simulations(..)
					| RuntimeCall::Audits(..)
					| RuntimeCall::Supermajority(..)
					| RuntimeCall::Enactment(..)
			),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		self == &ProxyType::Any || self == other
	}
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyType;
	type ProxyDepositBase = ConstU128<UNIT>;
	type ProxyDepositFactor = ConstU128<{ UNIT / 10 }>;
	type MaxProxies = ConstU32<32>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
	type MaxPending = ConstU32<32>;
	type CallHasher = BlakeTwo256;
	type AnnouncementDepositBase = ConstU128<UNIT>;
	type AnnouncementDepositFactor = ConstU128<{ UNIT / 10 }>;
	type BlockNumberProvider = System;
}
