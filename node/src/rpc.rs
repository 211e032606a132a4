//! JSON-RPC methods beyond those that every node has (system, author, chain, state, and the new
//! `chainHead`, `chainSpec`, `transaction` and `archive`): nonces, fees, finality, and the rescue.

use std::sync::Arc;

use crate::{
	rescue::Seen,
	service::{FullBackend, FullClient, FullPool},
};
use airlock_primitives::rescue;
use airlock_runtime::opaque::Block;
use codec::Decode;
use jsonrpsee::{
	core::RpcResult,
	types::{ErrorCode, ErrorObjectOwned},
	RpcModule,
};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_client_api::{HeaderBackend, StorageProvider};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use serde::Serialize;
use sp_core::{storage::StorageKey, traits::SpawnNamed, H256};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the methods work on.
#[derive(Clone)]
pub struct Deps {
	/// The chain.
	pub client: Arc<FullClient>,
	/// Transactions that wait.
	pub pool: Arc<FullPool>,
	/// What this node has seen of rescues.
	pub rescues: Seen,
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
		rescues,
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
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(grandpa.into_rpc())?;
	module.register_method("airlock_rescue", move |_, _, _| current(&client, &rescues))?;
	Ok(module)
}

/// `airlock_rescue`: if a rescue is armed in the state of the best block, and how many rescue blocks this node ran.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rescue {
	/// What is armed; `null` if nothing is.
	armed: Option<Armed>,
	/// Rescue blocks that this node ran since it was started.
	blocks: u64,
}

/// [`airlock_primitives::rescue::Armed`], as JSON.
#[derive(Clone, Serialize)]
struct Armed {
	/// The last block in which the code may run undecided.
	until: u64,
	/// Slots without a block after which nodes go back.
	gap: u64,
}

fn current(client: &FullClient, seen: &Seen) -> RpcResult<Rescue> {
	let best = client.info().best_hash;
	let failed = |error: sp_blockchain::Error| {
		ErrorObjectOwned::owned(
			ErrorCode::InternalError.code(),
			error.to_string(),
			None::<()>,
		)
	};
	let bytes = client
		.storage(best, &StorageKey(rescue::ARMED.to_vec()))
		.map_err(failed)?;
	let armed = bytes.and_then(|bytes| rescue::Armed::decode(&mut &bytes.0[..]).ok());
	Ok(Rescue {
		armed: armed.map(|rescue::Armed { until, gap }| Armed { until, gap }),
		blocks: seen.blocks(),
	})
}
