//! Compiles code ahead of its switch, so that the first block after it does not wait for a compiler.
//!
//! The executor compiles under the lock that every call of a runtime takes: a node that compiles builds and imports nothing.
//! On a slow machine that takes longer than the rescue waits for a block, and a good upgrade goes back. So code is
//! compiled by a second executor, in a thread of its own, while it is voted on and waits; the first one finds it on disk. Whoever
//! needs it before that waits for it ([`Patient`]), and does not compile it a second time.

use crate::{readiness, readiness::Plain, service::FullClient};
use airlock_primitives::{api::AirlockApi, Stage};
use airlock_runtime::{AccountId, Balance, BlockNumber, Runtime};
use codec::Decode;
use futures::StreamExt;
use pallet_airlock_proposals::{Agenda, Proposal, Proposals};
use sc_client_api::{BlockchainEvents, StorageKey, StorageProvider};
use sc_executor::{error::Error, RuntimeVersion, RuntimeVersionOf};
use sc_service::{error::Error as ServiceError, Configuration, TaskManager};
use sp_api::ProvideRuntimeApi;
use sp_core::{
	traits::{CallContext, CodeExecutor, ReadRuntimeVersion, RuntimeCode},
	H256,
};
use sp_externalities::Externalities;
use sp_panic_handler::AbortGuard;
use std::{
	collections::BTreeSet,
	panic::{catch_unwind, AssertUnwindSafe},
	path::PathBuf,
	sync::{
		mpsc::{sync_channel, Receiver},
		Arc, Condvar, Mutex, PoisonError, Weak,
	},
	thread,
	time::{Duration, Instant},
};

const LOG: &str = "airlock::ahead";

/// So long whoever needs a code waits for its compiler. Code may be made to compile for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is being compiled ahead, if anything.
#[derive(Clone, Default)]
pub struct Compiling(Arc<(Mutex<Option<(H256, Instant)>>, Condvar)>);

impl Compiling {
	/// Says what is compiled now.
	fn set(&self, code: Option<H256>) {
		let (now, changed) = &*self.0;
		let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
		*now = code.map(|code| (code, Instant::now()));
		changed.notify_all();
	}

	/// Waits until this code is not being compiled any more, or has been for too long.
	fn wait_for(&self, code: &[u8]) {
		let (now, changed) = &*self.0;
		let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
		while let Some((compiling, since)) = *now {
			let left = PATIENCE.saturating_sub(since.elapsed());
			if compiling.as_bytes() != code || left.is_zero() {
				return;
			}
			let woken = changed.wait_timeout(now, left);
			now = woken.unwrap_or_else(PoisonError::into_inner).0;
		}
	}
}

/// An executor that does not compile what is being compiled ahead: twice at a time takes both of them twice as long, and holds up
/// every other call.
#[derive(Clone)]
pub struct Patient<E> {
	inner: E,
	compiling: Compiling,
}

impl<E> Patient<E> {
	/// Runs calls by `inner`.
	pub fn new(inner: E, compiling: Compiling) -> Self {
		Self { inner, compiling }
	}
}

impl<E: CodeExecutor> CodeExecutor for Patient<E> {
	type Error = E::Error;

	fn call(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>, E::Error>, bool) {
		self.compiling.wait_for(&code.hash);
		self.inner.call(ext, code, method, data, context)
	}
}

impl<E: RuntimeVersionOf> RuntimeVersionOf for Patient<E> {
	fn runtime_version(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
	) -> Result<RuntimeVersion, Error> {
		self.compiling.wait_for(&code.hash);
		self.inner.runtime_version(ext, code)
	}
}

impl<E: ReadRuntimeVersion> ReadRuntimeVersion for Patient<E> {
	fn read_runtime_version(
		&self,
		code: &[u8],
		ext: &mut dyn Externalities,
	) -> Result<Vec<u8>, String> {
		self.inner.read_runtime_version(code, ext)
	}
}

/// Folder of compiled code, among the files of the chain. What is in it is believed, as the database is.
pub fn cache(config: &Configuration) -> PathBuf {
	let chain = config.base_path.config_dir(config.chain_spec.id());
	let folder = chain.join("compiled");
	// The compiler's cache takes no other path.
	std::path::absolute(&folder).unwrap_or(folder)
}

/// Follows the chain and compiles what is voted on or waits in the timelock.
///
/// # Errors
/// If there is no thread for it.
pub fn spawn(
	client: &Arc<FullClient>,
	executor: Plain,
	compiling: Compiling,
	tasks: &TaskManager,
) -> Result<(), ServiceError> {
	let (sender, receiver) = sync_channel(1);
	// A thread that never ends must not keep the database open.
	let chain = Arc::downgrade(client);
	thread::Builder::new()
		.name("compile-ahead".into())
		.spawn(move || compile(&chain, &executor, &compiling, &receiver))
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
fn compile(
	client: &Weak<FullClient>,
	executor: &Plain,
	compiling: &Compiling,
	blocks: &Receiver<H256>,
) {
	let mut tried = BTreeSet::new();
	while let Ok(block) = blocks.recv() {
		let fetched = client.upgrade().map(|client| fetch(&client, block, &tried));
		for (hash, code) in fetched.unwrap_or_default() {
			tried.insert(hash);
			// A panic of the compiler must not end the node, whose panic hook else would.
			let guard = AbortGuard::force_unwind();
			compiling.set(Some(hash));
			let done = catch_unwind(AssertUnwindSafe(|| readiness::try_codes(executor, &[code])));
			compiling.set(None);
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
		let waits =
			proposal.filter(|proposal| matches!(proposal.stage, Stage::Voting | Stage::Timelock));
		let blobs = waits
			.into_iter()
			.flat_map(|proposal| proposal.dossier.blobs().collect::<Vec<_>>());
		codes.extend(blobs.map(|code| (code.hash, code.len)));
	}
	codes
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn whoever_needs_a_code_should_wait_while_it_is_compiled_and_for_no_other() {
		let compiling = Compiling::default();
		let code = H256::repeat_byte(1);
		compiling.wait_for(code.as_bytes());
		compiling.set(Some(code));
		compiling.wait_for(H256::repeat_byte(2).as_bytes());
		let others = compiling.clone();
		let waits = thread::spawn(move || others.wait_for(code.as_bytes()));
		thread::sleep(Duration::from_millis(100));
		assert!(!waits.is_finished());
		compiling.set(None);
		waits.join().expect("it waits, and no more");
	}

	#[test]
	fn nobody_should_wait_for_a_compiler_that_does_not_end() {
		let compiling = Compiling::default();
		let code = H256::repeat_byte(1);
		let long_ago = Instant::now().checked_sub(PATIENCE);
		*compiling.0 .0.lock().expect("nobody panics") = long_ago.map(|since| (code, since));
		compiling.wait_for(code.as_bytes());
	}
}
