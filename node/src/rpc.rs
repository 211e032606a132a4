//! JSON-RPC methods beyond those that every node has (system, author, chain, state, and the new
//! `chainHead`, `chainSpec`, `transaction` and `archive`): nonces, fees and finality.

use std::sync::Arc;

use crate::service::{FullBackend, FullClient, FullPool};
use airlock_runtime::opaque::Block;
use jsonrpsee::RpcModule;
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sp_core::{traits::SpawnNamed, H256};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods work on.
#[derive(Clone)]
pub struct Deps {
	/// The chain.
	pub client: Arc<FullClient>,
	/// Transactions that wait.
	pub pool: Arc<FullPool>,
	/// Finality.
	pub grandpa: GrandpaDeps,
}

/// What the methods of finality work on.
#[derive(Clone)]
pub struct GrandpaDeps {
	/// Where the voter stands.
	pub voter_state: SharedVoterState,
	/// Who votes.
	pub authorities: SharedAuthoritySet<H256, u32>,
	/// New justifications.
	pub justifications: GrandpaJustificationStream<Block>,
	/// Old ones.
	pub proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// All methods of this node. Subscriptions run on `executor`.
///
/// # Errors
/// If two methods have the same name.
pub fn create(
	deps: Deps,
	executor: Arc<dyn SpawnNamed>,
) -> Result<RpcModule<()>, Box<dyn std::error::Error + Send + Sync>> {
	let Deps {
		client,
		pool,
		grandpa,
	} = deps;
	let grandpa = Grandpa::new(
		executor,
		grandpa.authorities,
		grandpa.voter_state,
		grandpa.justifications,
		grandpa.proofs,
	);
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client).into_rpc())?;
	module.merge(grandpa.into_rpc())?;
	Ok(module)
}
