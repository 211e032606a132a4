//! Compiles code ahead of its switch, so that the first block after it does not wait for a compiler.
//!
//! The executor compiles under the lock that every call of a runtime takes: a node that compiles builds and imports nothing.
//! On a slow machine that takes longer than the rescue waits for a block, and a good upgrade goes back. So code is
//! compiled by a second executor, in a thread of its own, while it waits in the timelock; the first one finds it on disk.

use crate::{readiness, readiness::Plain, service::FullClient};
use airlock_primitives::{api::AirlockApi, Stage};
use airlock_runtime::{AccountId, Balance, BlockNumber, Runtime};
use codec::Decode;
use futures::StreamExt;
use pallet_airlock_proposals::{Agenda, Proposal, Proposals};
use sc_client_api::{BlockchainEvents, StorageKey, StorageProvider};
use sc_service::{error::Error as ServiceError, Configuration, TaskManager};
use sp_api::ProvideRuntimeApi;
use sp_core::H256;
use sp_panic_handler::AbortGuard;
use std::{
	collections::BTreeSet,
	panic::{catch_unwind, AssertUnwindSafe},
	path::PathBuf,
	sync::{
		mpsc::{sync_channel, Receiver},
		Arc, Weak,
	},
	thread,
};

const LOG: &str = "airlock::ahead";

/// Folder of compiled code, among the files of the chain. What is in it is believed, as the database is.
pub fn cache(config: &Configuration) -> PathBuf {
	let chain = config.base_path.config_dir(config.chain_spec.id());
	let folder = chain.join("compiled");
	// The compiler's cache takes no other path.
	std::path::absolute(&folder).unwrap_or(folder)
}

/// Follows the chain and compiles what waits in the timelock. Nothing of the node waits for it.
///
/// # Errors
/// If there is no thread for it.
pub fn spawn(
	client: &Arc<FullClient>,
	executor: Plain,
	tasks: &TaskManager,
) -> Result<(), ServiceError> {
	let (sender, receiver) = sync_channel(1);
	// A thread that never ends must not keep the database open.
	let chain = Arc::downgrade(client);
	thread::Builder::new()
		.name("compile-ahead".into())
		.spawn(move || compile(&chain, &executor, &receiver))
		.map_err(|error| ServiceError::Other(error.to_string()))?;
	let mut imported = client.import_notification_stream();
	tasks
		.spawn_handle()
		.spawn("compile-ahead", None, async move {
			while let Some(block) = imported.next().await {
				// One that is not taken now comes again with the next block.
				if block.is_new_best && sender.try_send(block.hash).is_err() {
					log::trace!(target: LOG, "still compiling at {:?}", block.hash);
				}
			}
		});
	Ok(())
}

/// Until the node ends.
fn compile(client: &Weak<FullClient>, executor: &Plain, blocks: &Receiver<H256>) {
	let mut tried = BTreeSet::new();
	while let Ok(block) = blocks.recv() {
		let fetched = client.upgrade().map(|client| fetch(&client, block, &tried));
		for (hash, code) in fetched.unwrap_or_default() {
			tried.insert(hash);
			// A panic of the compiler must not end the node, whose panic hook else would.
			let guard = AbortGuard::force_unwind();
			let done = catch_unwind(AssertUnwindSafe(|| readiness::try_codes(executor, &[code])));
			drop(guard);
			let error = match &done {
				Ok(done) => done.codes.first().and_then(|code| code.error.as_deref()),
				Err(_) => Some("the compiler panicked"),
			};
			match error {
				None => log::info!(target: LOG, "Compiled {hash:?}, which waits to be enacted"),
				Some(error) => {
					log::warn!(target: LOG, "{hash:?} waits to be enacted, and this node cannot run it: {error}")
				}
			}
		}
	}
}

/// The bytes of what waits and was not tried before. What cannot be read now is asked for again after the next block.
fn fetch(client: &FullClient, block: H256, tried: &BTreeSet<H256>) -> Vec<(H256, Vec<u8>)> {
	let new = waiting(client, block)
		.into_iter()
		.filter(|(hash, _)| !tried.contains(hash));
	let bytes = new.filter_map(|(hash, len)| {
		let uploaded = client.runtime_api().uploaded(block, hash, len);
		Some((hash, uploaded.ok()??))
	});
	bytes.collect()
}

/// The codes that may be enacted next, and their ways back. Read from storage as this node's own runtime writes it; if the
/// chain's runtime writes it otherwise, nothing is found, and the switch waits for the compiler.
fn waiting(client: &FullClient, block: H256) -> Vec<(H256, u32)> {
	fn read<T: Decode>(client: &FullClient, block: H256, key: Vec<u8>) -> Option<T> {
		let found = client.storage(block, &StorageKey(key)).ok()??;
		T::decode(&mut &found.0[..]).ok()
	}
	type Due = Vec<(u32, airlock_primitives::ProposalId)>;
	let agenda: Due =
		read(client, block, Agenda::<Runtime>::hashed_key().to_vec()).unwrap_or_default();
	let mut codes = Vec::new();
	for (_, id) in agenda {
		let key = Proposals::<Runtime>::hashed_key_for(id);
		let proposal: Option<Proposal<AccountId, Balance, BlockNumber>> = read(client, block, key);
		let waits = proposal.filter(|proposal| proposal.stage == Stage::Timelock);
		let blobs = waits
			.into_iter()
			.flat_map(|proposal| proposal.dossier.blobs().collect::<Vec<_>>());
		codes.extend(blobs.map(|code| (code.hash, code.len)));
	}
	codes
}
