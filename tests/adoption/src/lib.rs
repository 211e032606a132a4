//! A runtime that has nothing of ours but the pallets: accounts of 20 bytes, a balance and a block number of 64 bits, an
//! electorate that is a list in storage, no session, no council, three of the five gates (vote, timelock, probation), and
//! a setter of code of its own behind the gate of enactment. `docs/adopting.md` quotes it.

#![allow(missing_docs)] // What `construct_runtime` makes has none.

pub mod authorities;
pub mod blob;

use airlock_primitives::{
	BallotPolicy, ClassPolicy, Electorate, EnactmentPolicy, Policy, ProbationPolicy, Ratio,
	ReviewPolicy, SimulationPolicy,
};
use frame_support::{
	derive_impl, parameter_types, storage_alias,
	traits::{ConstU32, ConstU64, Contains, PalletInfoAccess, SortedMembers},
};
use frame_system::{EnsureSignedBy, SetCode};
use sp_core::{H160, H256};
use sp_runtime::{traits::IdentityLookup, DispatchResult};
use sp_version::RuntimeVersion;

/// An account, as chains with Ethereum's keys have it.
pub type AccountId = H160;
/// An amount.
pub type Balance = u64;
/// A block's number.
pub type BlockNumber = u64;

// What `docs/adopting.md` calls the composition.
frame_support::construct_runtime!(
	pub enum Runtime {
		System: frame_system,
		// First of all hooks: what new code may have broken must not run before the way back.
		Proposals: pallet_airlock_proposals,
		Enactment: pallet_airlock_enactment,
		Balances: pallet_balances,
		Preimage: pallet_preimage,
		Authorities: authorities,
		Supermajority: pallet_airlock_supermajority,
	}
);

parameter_types! {
	/// The version of the code that runs. A real runtime has a constant.
	pub static Running: u32 = 1;
	pub Version: RuntimeVersion = blob::version(Running::get());
	pub RequiredApis: Vec<pallet_airlock_proposals::RequiredApi> = vec![blob::REQUIRED_API];
}

/// Who reopens the lane on this chain: one account, say a multisig.
pub struct Operators;
impl Operators {
	/// The account.
	pub const ACCOUNT: AccountId = H160::repeat_byte(0xAD);
}
impl SortedMembers<AccountId> for Operators {
	fn sorted_members() -> Vec<AccountId> {
		vec![Self::ACCOUNT]
	}
}

/// Nobody but the lifecycle's own dispatch writes code or raw storage. What is requested is uploaded once.
pub struct Doors;
impl Contains<RuntimeCall> for Doors {
	fn contains(call: &RuntimeCall) -> bool {
		use frame_support::traits::QueryPreimage;
		use frame_system::Call::*;
		match call {
			RuntimeCall::Preimage(pallet_preimage::Call::note_preimage { bytes }) => {
				let hash = H256(sp_crypto_hashing::blake2_256(bytes));
				Preimage::len(&hash).is_none() && Proposals::takes(&hash, bytes.len() as u32)
			}
			RuntimeCall::System(
				set_code { .. }
				| set_code_without_checks { .. }
				| set_storage { .. }
				| kill_storage { .. }
				| kill_prefix { .. }
				| authorize_upgrade { .. }
				| authorize_upgrade_without_checks { .. }
				| apply_authorized_upgrade { .. },
			) => false,
			_ => true,
		}
	}
}

/// Every code that came through the gate.
#[storage_alias]
pub type Written = StorageValue<Authorities, Vec<H256>, frame_support::pallet_prelude::ValueQuery>;

/// Sets code as this chain does it: here it also keeps a list.
pub struct Recorder;
impl SetCode<Runtime> for Recorder {
	fn set_code(code: Vec<u8>) -> DispatchResult {
		Written::append(H256(sp_crypto_hashing::blake2_256(&code)));
		<() as SetCode<Runtime>>::set_code(code)
	}
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Runtime {
	type BaseCallFilter = Doors;
	type Block = frame_system::mocking::MockBlock<Runtime>;
	type AccountId = AccountId;
	type Lookup = IdentityLookup<AccountId>;
	type AccountData = pallet_balances::AccountData<Balance>;
	type Version = Version;
	type OnSetCode = pallet_airlock_enactment::Gate<Runtime, Recorder>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU64<1>;
}

impl pallet_preimage::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type Currency = Balances;
	type ManagerOrigin = frame_system::EnsureNever<AccountId>;
	type Consideration = ();
}

impl authorities::Config for Runtime {
	type MaxSeats = ConstU32<32>;
}

/// The pallets that are the lifecycle: touching one of them is a SelfChange.
pub struct LifecyclePallets;
impl Contains<u8> for LifecyclePallets {
	fn contains(index: &u8) -> bool {
		[
			Proposals::index(),
			Enactment::index(),
			Authorities::index(),
			Supermajority::index(),
		]
		.contains(&usize::from(*index))
	}
}

/// The electorate as a set.
pub struct Electors;
impl Contains<AccountId> for Electors {
	fn contains(who: &AccountId) -> bool {
		Authorities::power_of(who).is_some()
	}
}

impl pallet_airlock_proposals::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Preimages = Preimage;
	type Code = Enactment;
	// Left out: whoever has no simulators and no auditors starts with the vote.
	type Simulation = ();
	type Review = ();
	type Ballot = Supermajority;
	type Timelock = pallet_airlock_enactment::Timelock<Runtime>;
	type Probation = pallet_airlock_enactment::Probation<Runtime>;
	type RequiredApis = RequiredApis;
	type Organisations = ();
	type LifecyclePallets = LifecyclePallets;
	type BaseDeposit = ConstU64<100>;
	type ByteDeposit = ConstU64<1>;
	type MaxCodeLen = ConstU32<{ 1024 * 1024 }>;
	type MaxDecompressedLen = ConstU32<{ 4 * 1024 * 1024 }>;
	type MaxOpen = ConstU32<8>;
	type ReservedSlots = ConstU32<2>;
	type ReservedFor = Electors;
	type MaxOpenPerProposer = ConstU32<2>;
	type MaxRounds = ConstU32<4>;
	type MaxDuePerBlock = ConstU32<2>;
	type HistoryLen = ConstU32<16>;
	type WeightInfo = ();
}

impl pallet_airlock_enactment::Config for Runtime {
	type RuntimeCall = RuntimeCall;
	type Electorate = Authorities;
	type CurrentMajority = Supermajority;
	// Nobody keeps findings here: more than a third of the electorate stops what it does not want.
	type Findings = ();
	type Preimages = Preimage;
	// This chain has no multi-block migrations, and its authorities do not change by themselves.
	type Migrations = ();
	type Rewards = ();
	type Invariants = ();
	type Vitals = ();
	type StoredCalls = ();
	type AuthorityChangePending = frame_support::traits::ConstBool<false>;
	type UnlockOrigin = EnsureSignedBy<Operators, AccountId>;
	type MaxValidators = ConstU32<32>;
	type WeightInfo = ();
}

impl pallet_airlock_supermajority::Config for Runtime {
	type Electorate = Authorities;
	type Lifecycle = Proposals;
	type MaxVoters = ConstU32<32>;
	type WeightInfo = ();
}

/// One set of rules for all classes but the threshold. A real chain has days where this one has blocks.
pub fn policy() -> Policy<BlockNumber> {
	let standard = ClassPolicy {
		bytes_within: 10,
		// Not asked: the stage is left out.
		simulation: SimulationPolicy {
			commit_window: 0,
			reveal_window: 0,
			required: 0,
			seats: 0,
			replay_blocks: 0,
		},
		// Nor is this one.
		review: ReviewPolicy {
			minimum: 0,
			per_pallet: 0,
			grace: 0,
			approvals: 0,
			builds: 0,
		},
		ballot: BallotPolicy {
			window: 5,
			extension: 2,
			extension_cap: 4,
			approval: Ratio::new(3, 4),
			organisations: 3,
			organisation_cap: Ratio::new(1, 2),
		},
		enactment: EnactmentPolicy {
			timelock: 5,
			readiness: Ratio::new(2, 3),
			grace: 5,
		},
		probation: ProbationPolicy {
			critical: 5,
			healthy_quorum: Ratio::new(2, 3),
			watch: 5,
			close_out: 5,
			gap: 10,
		},
	};
	let mut strict = standard.clone();
	strict.ballot.approval = Ratio::new(85, 100);
	Policy {
		standard,
		security: strict.clone(),
		self_change: strict,
	}
}
