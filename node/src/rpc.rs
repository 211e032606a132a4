//! JSON-RPC methods beyond those that every node has (system, author, chain, state, and the new
//! `chainHead`, `chainSpec`, `transaction` and `archive`): nonces, fees, finality, readiness, shadow mode, and the rescue.

use std::sync::Arc;

use crate::{
	readiness::{self, Plain, Tried},
	rescue::Seen,
	service::{FullBackend, FullClient, FullPool},
	shadow,
};
use airlock_primitives::{api::AirlockApi, rescue};
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
use sp_api::ProvideRuntimeApi;
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
	/// Runs code that is not the chain's yet.
	pub compiler: Plain,
	/// What a candidate does with each block, if this node is to look.
	pub shadow: Option<shadow::Seen>,
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
		compiler,
		shadow,
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
	let chain = client.clone();
	// It compiles, which takes seconds: so it is for the node's operator alone.
	module.register_blocking_method("airlock_tryCodes", move |params, _, ext| {
		sc_rpc_api::check_if_safe(&ext)?;
		try_codes(&chain, &compiler, params.one()?)
	})?;
	// What differs may be many lines, and `null` says that nobody looks.
	module.register_method("airlock_shadow", move |_, _, _| {
		RpcResult::Ok(shadow.as_ref().map(shadow::Seen::view))
	})?;
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

/// Most codes that are tried at once: a candidate, and its way back.
const MAX_TRIED: usize = 2;

/// `airlock_tryCodes`: whether this node can run codes that were uploaded, by blake2-256 and length of each, as a dossier names it.
/// At most [`MAX_TRIED`], and only what is on chain, so that nobody has a node compile what he likes.
fn try_codes(client: &FullClient, executor: &Plain, codes: Vec<(H256, u32)>) -> RpcResult<Tried> {
	if codes.len() > MAX_TRIED {
		return Err(error(
			ErrorCode::InvalidParams,
			"at most two codes are tried at once",
		));
	}
	let best = client.info().best_hash;
	let bytes = codes.into_iter().map(|(hash, len)| {
		let uploaded = client.runtime_api().uploaded(best, hash, len);
		let bytes = uploaded.map_err(|e| error(ErrorCode::InternalError, e))?;
		let missing = || {
			error(
				ErrorCode::InvalidParams,
				format!("{hash:?} is not on chain"),
			)
		};
		bytes.ok_or_else(missing)
	});
	let bytes = bytes.collect::<RpcResult<Vec<_>>>()?;
	Ok(readiness::try_codes(executor, &bytes))
}

fn error(code: ErrorCode, message: impl ToString) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(code.code(), message.to_string(), None::<()>)
}

fn current(client: &FullClient, seen: &Seen) -> RpcResult<Rescue> {
	let best = client.info().best_hash;
	let failed = |e: sp_blockchain::Error| error(ErrorCode::InternalError, e);
	let bytes = client
		.storage(best, &StorageKey(rescue::ARMED.to_vec()))
		.map_err(failed)?;
	let armed = bytes.and_then(|bytes| rescue::Armed::decode(&mut &bytes.0[..]).ok());
	Ok(Rescue {
		armed: armed.map(|rescue::Armed { until, gap }| Armed { until, gap }),
		blocks: seen.blocks(),
	})
}
