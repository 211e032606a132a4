//! The Airlock runtime: a chain on which new code reaches `:code` by one way only.
//!
//! Composition only; what the pallets do is in their crates.
//!
//! - [`configs`]: one file per concern, from the SDK's pallets to the lifecycle.
//! - [`apis`]: the runtime APIs.
//! - [`genesis_config_presets`]: `development`, `local_testnet` and `production`.
//! - [`policies`]: the windows and thresholds of each preset.
//! - [`chain`]: what differs from chain to chain and is set at genesis.
//! - [`weights`]: what the lifecycle's calls and hooks cost here, measured.
//! - [`profiles`]: a small application pallet, so that upgrades have data to migrate.
//! - `faults`: what can be wrong with an upgrade; in test upgrades only.
//!
//! Invariant: no call of this runtime reaches Root, and only the lifecycle's own dispatch writes code.

#![cfg_attr(not(feature = "std"), no_std)]
// `construct_runtime!` and `impl_runtime_apis!` expand to large types and undocumented items.
#![recursion_limit = "512"]
#![allow(missing_docs)]

extern crate alloc;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

#[cfg(feature = "runtime-benchmarks")]
#[macro_use]
mod benchmarks;
pub mod apis;
pub mod chain;
pub mod configs;
#[cfg(any(feature = "std", feature = "faulty"))]
pub mod faults;
pub mod genesis_config_presets;
pub mod policies;
pub mod profiles;
pub mod weights;

use alloc::vec::Vec;
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

#[cfg(feature = "std")]
pub use apis::{api, RuntimeApi};

/// Types of which the node does not look inside: an upgrade may change extrinsics without a new node.
pub mod opaque {
	use super::*;

	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

	/// Header of a block.
	pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
	/// Block with opaque extrinsics.
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
	/// Number or hash of a block.
	pub type BlockId = generic::BlockId<Block>;
	/// Hash of a block.
	pub type Hash = <BlakeTwo256 as sp_runtime::traits::Hash>::Output;
}

impl_opaque_keys! {
	/// The keys with which a validator's node works.
	pub struct SessionKeys {
		/// Authors blocks.
		pub aura: Aura,
		/// Finalizes blocks.
		pub grandpa: Grandpa,
	}
}

/// The version of this build. The wasm builder reads it from the source, so the number is a literal.
macro_rules! version {
	($spec_version:tt) => {
		#[sp_version::runtime_version]
		pub const VERSION: RuntimeVersion = RuntimeVersion {
			spec_name: alloc::borrow::Cow::Borrowed("airlock"),
			impl_name: alloc::borrow::Cow::Borrowed("airlock"),
			authoring_version: 1,
			spec_version: $spec_version,
			impl_version: 1,
			apis: apis::RUNTIME_API_VERSIONS,
			transaction_version: 1,
			// 3: new code waits in `:pending_code` for one block, so that no offchain call meets state that
			// is not migrated yet.
			system_version: 3,
		};
	};
}

// Test upgrades are this source with a feature and a higher number; each rollback has its candidate's
// number plus one (see `runtime/variants`).
#[cfg(not(any(
	feature = "good",
	feature = "faulty",
	feature = "good-rollback",
	feature = "unhealthy",
	feature = "unhealthy-rollback",
	feature = "panicking"
)))]
version!(1);
#[cfg(any(feature = "good", feature = "faulty"))]
version!(2);
#[cfg(feature = "good-rollback")]
version!(3);
#[cfg(feature = "unhealthy")]
version!(4);
#[cfg(feature = "unhealthy-rollback")]
version!(5);
#[cfg(feature = "panicking")]
version!(6);

/// One coin, in its smallest unit.
pub const UNIT: Balance = 1_000_000_000_000;
/// A thousandth of a coin.
pub const MILLI_UNIT: Balance = UNIT / 1_000;
/// Least balance of an account.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_UNIT;

/// Signature of a transaction.
pub type Signature = MultiSignature;
/// Account: the hash or key behind a [`Signature`].
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// Amount of the currency.
pub type Balance = u128;
/// Count of an account's transactions.
pub type Nonce = u32;
/// Hash of a block, a code, a dossier.
pub type Hash = sp_core::H256;
/// Number of a block.
pub type BlockNumber = u32;
/// How callers name an account.
pub type Address = MultiAddress<AccountId, ()>;
/// Header of a block.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Block with extrinsics of this runtime.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// Checks around each transaction, in their order.
pub type TxExtension = (
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);
/// An extrinsic of this runtime.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What is signed.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Runs blocks.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	// The lifecycle comes first: its hook must run before anything that new code may have broken.
	#[runtime::pallet_index(1)]
	pub type Proposals = pallet_airlock_proposals;
	#[runtime::pallet_index(2)]
	pub type Enactment = pallet_airlock_enactment;
	#[runtime::pallet_index(3)]
	pub type Chain = crate::chain;

	#[runtime::pallet_index(10)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(11)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(12)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(13)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(14)]
	pub type Council = pallet_collective<Instance1>;
	#[runtime::pallet_index(15)]
	pub type Validators = pallet_airlock_validators;
	#[runtime::pallet_index(16)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(17)]
	pub type Aura = pallet_aura;
	#[runtime::pallet_index(18)]
	pub type Grandpa = pallet_grandpa;

	#[runtime::pallet_index(20)]
	pub type Preimage = pallet_preimage;
	#[runtime::pallet_index(21)]
	pub type Migrations = pallet_migrations;
	#[runtime::pallet_index(22)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(23)]
	pub type Multisig = pallet_multisig;
	#[runtime::pallet_index(24)]
	pub type Proxy = pallet_proxy;

	#[runtime::pallet_index(30)]
	pub type Simulations = pallet_airlock_simulations;
	#[runtime::pallet_index(31)]
	pub type Audits = pallet_airlock_audits;
	#[runtime::pallet_index(32)]
	pub type Supermajority = pallet_airlock_supermajority;

	#[runtime::pallet_index(50)]
	pub type Profiles = crate::profiles;
}
