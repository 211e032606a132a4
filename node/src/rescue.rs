//! The nodes' side of the rescue: which code runs a block while an upgrade is watched.
//!
//! The rule is consensus, and `docs/rescue.md` is its specification. It depends on a block's header and its parent's state
//! and on nothing else: not on what failed on this machine, nor on when the block was met. So authors, importers and nodes
//! that sync years later do the same.
//!
//! - [`RescueExecutor`] runs all calls of the client. Where no rescue is armed it is the executor within.
//! - [`SelfCheck`] has an author execute its own block like everybody else, while a rescue is armed.

use airlock_primitives::rescue::{Armed, ACTIVE, ARMED, CODE};
use airlock_runtime::opaque::{Block, Header};
use codec::Decode;
use sc_client_api::{Backend, StorageProvider};
use sc_consensus::{
	BlockCheckParams, BlockImport, BlockImportParams, ImportResult, StateAction, StorageChanges,
};
use sc_executor::{error::Error, RuntimeVersion, RuntimeVersionOf};
use sp_core::{
	storage::{
		well_known_keys::{CODE as INSTALLED, PENDING_CODE},
		StorageKey,
	},
	traits::{CallContext, CodeExecutor, ReadRuntimeVersion, RuntimeCode, WrappedRuntimeCode},
};
use sp_externalities::Externalities;
use sp_runtime::{traits::Header as _, DigestItem};
use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, Mutex,
	},
	time::{Duration, Instant},
};
use substrate_prometheus_endpoint::{register, Counter, PrometheusError, Registry, U64};

/// So long code that could not be loaded is not loaded again: each try compiles it. Saves time, decides nothing.
const RELOAD_AFTER: Duration = Duration::from_secs(60);
/// An author whose attempt takes so long does not begin another on the same parent: it may never end.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// What must be known, and must not change, while an upgrade is watched: who authors, when, and who finalizes.
const LASTING: [&str; 3] = [
	"AuraApi_authorities",
	"AuraApi_slot_duration",
	"GrandpaApi_grandpa_authorities",
];

const BROKEN: &str = "the chain's code could not be loaded";

type Result<T> = std::result::Result<T, Error>;

/// What this node has seen of rescues. For its operator: nothing is decided by it.
#[derive(Clone, Default)]
pub struct Seen(Arc<Counts>);

#[derive(Default)]
struct Counts {
	blocks: AtomicU64,
	metric: Option<Counter<U64>>,
}

impl Seen {
	/// Counts from zero, and for Prometheus as `airlock_rescue_blocks_total`.
	///
	/// # Errors
	/// If the registry has such a metric already.
	pub fn new(registry: Option<&Registry>) -> std::result::Result<Self, PrometheusError> {
		let name = "airlock_rescue_blocks_total";
		let help = "Blocks that this node ran with the code of the way back, since it was started";
		let counter = |registry| register(Counter::new(name, help)?, registry);
		let metric = registry.map(counter).transpose()?;
		let blocks = AtomicU64::new(0);
		Ok(Self(Arc::new(Counts { blocks, metric })))
	}

	/// How many blocks this node ran with the code of the way back since it was started. A block that it built counts
	/// twice: built, and checked.
	pub fn blocks(&self) -> u64 {
		self.0.blocks.load(Ordering::Relaxed)
	}

	fn one_more(&self, header: &Header) {
		log::warn!(
			target: "rescue",
			"Block {} on {}: the chain's code failed; running the way back",
			header.number(),
			header.parent_hash()
		);
		self.0.blocks.fetch_add(1, Ordering::Relaxed);
		if let Some(metric) = &self.0.metric {
			metric.inc();
		}
	}
}

/// An executor that goes back to the code that the chain's state holds ready, by the rule of `docs/rescue.md`.
#[derive(Clone)]
pub struct RescueExecutor<E> {
	inner: E,
	seen: Seen,
	/// Codes that could not be loaded, by their hash, and when.
	broken: Arc<Mutex<HashMap<Vec<u8>, Instant>>>,
	/// When this node began to author on a parent with the code that is watched, as long as it has not ended.
	attempts: Arc<Mutex<HashMap<sp_core::H256, Instant>>>,
}

impl<E> RescueExecutor<E> {
	/// Runs calls by `inner`.
	pub fn new(inner: E, seen: Seen) -> Self {
		Self {
			inner,
			seen,
			broken: Default::default(),
			attempts: Default::default(),
		}
	}

	/// True if this code could not be loaded a short while ago.
	fn is_broken(&self, hash: &[u8]) -> bool {
		self.broken.lock().is_ok_and(|broken| {
			let since = broken.get(hash);
			since.is_some_and(|since| since.elapsed() < RELOAD_AFTER)
		})
	}

	fn note_broken(&self, hash: &[u8]) {
		if let Ok(mut broken) = self.broken.lock() {
			broken.retain(|_, since| since.elapsed() < RELOAD_AFTER);
			broken.entry(hash.to_vec()).or_insert_with(Instant::now);
		}
	}
}

/// The rescue as the state has it: armed, and with a way back.
struct Ready {
	armed: Armed,
	code: Vec<u8>,
	hash: Vec<u8>,
}

impl Ready {
	fn read(ext: &mut dyn Externalities) -> Option<Self> {
		let armed = ext.storage(ARMED)?;
		let armed = Armed::decode(&mut &armed[..]).ok()?;
		let code = ext.storage(CODE)?;
		let hash = ext.storage_hash(CODE)?;
		Some(Self { armed, code, hash })
	}

	/// True if this header is a rescue block's, on the state that is asked.
	fn fires(&self, ext: &mut dyn Externalities, header: &Header) -> bool {
		let (Some(slot), Some(parent_slot)) = (slot_of(header), current_slot(ext)) else {
			return false;
		};
		self.armed
			.fires((*header.number()).into(), slot, parent_slot)
	}

	/// True if this way back is what the next block runs, without a rescue: the chain went it by itself.
	fn is_installed(&self, ext: &mut dyn Externalities) -> bool {
		let newest = ext.storage(PENDING_CODE).or_else(|| ext.storage(INSTALLED));
		newest.is_some_and(|newest| newest == self.code)
	}
}

/// The slot of the newest block, where pallet-aura keeps it.
fn current_slot(ext: &mut dyn Externalities) -> Option<u64> {
	let key = [b"Aura".as_slice(), b"CurrentSlot"].map(sp_io::hashing::twox_128);
	let slot = ext.storage(&key.concat())?;
	u64::decode(&mut &slot[..]).ok()
}

fn slot_of(header: &Header) -> Option<u64> {
	use sp_consensus_aura::sr25519::AuthoritySignature;
	let slot = sc_consensus_aura::find_pre_digest::<Block, AuthoritySignature>(header);
	slot.ok().map(Into::into)
}

/// Undoes all that a call did. A trap leaves transactions open that the runtime had begun in it.
fn undo(ext: &mut dyn Externalities) {
	while ext.storage_rollback_transaction().is_ok() {}
}

impl<E: CodeExecutor<Error = Error>> RescueExecutor<E> {
	/// Runs a call by one code, unless that was found not to load a short while ago.
	fn by(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		if self.is_broken(&code.hash) {
			return (Err(Error::Other(BROKEN.into())), false);
		}
		let answer = self.inner.call(ext, code, method, data, context);
		if let Err(Error::RuntimeConstruction(_)) = &answer.0 {
			self.note_broken(&code.hash);
		}
		answer
	}

	/// Runs a call by the way back.
	fn back(
		&self,
		ext: &mut dyn Externalities,
		ready: &Ready,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		with_code(ready, |code| {
			self.inner.call(ext, code, method, data, context)
		})
	}

	/// What a code answers, without leaving a trace in the state.
	fn ask(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		context: CallContext,
	) -> Result<Vec<u8>> {
		ext.storage_start_transaction();
		let (answer, _) = self.by(ext, code, method, &[], context);
		undo(ext);
		answer
	}

	/// What the way back says of what must not change.
	fn lasting(
		&self,
		ext: &mut dyn Externalities,
		ready: &Ready,
		context: CallContext,
	) -> Result<Vec<Vec<u8>>> {
		let mut ask = |method| with_code(ready, |code| self.ask(ext, code, method, context));
		LASTING.into_iter().map(|method| ask(method)).collect()
	}

	/// Refuses code that would build blocks only as long as the rescue answers for it. What both codes say.
	fn probe(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		ready: &Ready,
		context: CallContext,
	) -> Result<Vec<Vec<u8>>> {
		let back = self.lasting(ext, ready, context)?;
		for (method, back) in LASTING.into_iter().zip(&back) {
			if self.ask(ext, code, method, context)? != *back {
				let why = format!("{method} differs between the chain's code and its way back");
				return Err(Error::Other(why));
			}
		}
		Ok(back)
	}

	/// Refuses a block of the chain's code after which the rescue would not find what it found before.
	fn keeps(
		&self,
		ext: &mut dyn Externalities,
		before: &Ready,
		lasting: &[Vec<u8>],
		header: &Header,
		context: CallContext,
	) -> Result<()> {
		let refuse = |why: &str| {
			Err(Error::Other(format!(
				"while it is watched, the block {why}"
			)))
		};
		let after = Ready::read(ext);
		let number = u64::from(*header.number());
		if number < before.armed.until {
			let untouched = after
				.as_ref()
				.is_some_and(|after| after.armed == before.armed && after.hash == before.hash);
			if !untouched && !before.is_installed(ext) {
				return refuse("takes the rescue away");
			}
		} else if after.is_none() {
			// The watch is over, and well.
			return Ok(());
		}
		if current_slot(ext) != slot_of(header) {
			return refuse("has another slot in its state");
		}
		let is_for_nodes = |log: &DigestItem| matches!(log, DigestItem::Consensus(..));
		if header.digest().logs().iter().any(is_for_nodes) {
			return refuse("changes who authors or finalizes");
		}
		if self.lasting(ext, before, context)? != lasting {
			return refuse("changes who authors or finalizes, or when");
		}
		Ok(())
	}

	/// A whole block, or its beginning.
	fn block(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		ready: &Ready,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		let Ok(header) = Header::decode(&mut &data[..]) else {
			return self.by(ext, code, method, data, context);
		};
		if ready.fires(ext, &header) {
			self.seen.one_more(&header);
			ext.place_storage(ACTIVE.to_vec(), Some(vec![1]));
			return self.back(ext, ready, method, data, context);
		}
		let _attempt = match context {
			CallContext::Onchain { import: false } => match self.attempt(*header.parent_hash()) {
				Ok(attempt) => attempt,
				Err(error) => return (Err(error), false),
			},
			_ => None,
		};
		let lasting = match self.probe(ext, code, ready, context) {
			Ok(lasting) => lasting,
			Err(error) => return (Err(error), false),
		};
		let answer = self.by(ext, code, method, data, context);
		// Whoever authors a block executes it before anybody else sees it: `SelfCheck`.
		if answer.0.is_ok() && method == "Core_execute_block" {
			if let Err(error) = self.keeps(ext, ready, &lasting, &header, context) {
				return (Err(error), false);
			}
		}
		answer
	}

	/// Notes that this node begins to author on a parent. `None` if another attempt on it is noted.
	fn attempt(&self, parent: sp_core::H256) -> Result<Option<Attempt>> {
		let now = Instant::now();
		let poisoned = |_| Error::Other("an attempt to author has panicked".into());
		let mut attempts = self.attempts.lock().map_err(poisoned)?;
		match attempts.get(&parent) {
			Some(since) if now.duration_since(*since) > STUCK_AFTER => {
				let why = "an attempt with this code on this parent has not ended yet";
				Err(Error::Other(why.into()))
			}
			Some(_) => Ok(None),
			None => {
				attempts.insert(parent, now);
				let attempts = self.attempts.clone();
				Ok(Some(Attempt { attempts, parent }))
			}
		}
	}

	/// Anything but a block: the chain's code, and if that fails the way back.
	fn either(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		ext.storage_start_transaction();
		let answer = self.by(ext, code, method, data, context);
		if answer.0.is_ok() && ext.storage_commit_transaction().is_ok() {
			return answer;
		}
		undo(ext);
		if let Err(error) = &answer.0 {
			log::debug!(target: "rescue", "{method}: {error}; asking the way back");
		}
		match Ready::read(ext) {
			Some(ready) => self.back(ext, &ready, method, data, context),
			None => answer,
		}
	}
}

/// Gives the way back as a code that an executor runs.
fn with_code<R>(ready: &Ready, run: impl FnOnce(&RuntimeCode) -> R) -> R {
	let fetcher = WrappedRuntimeCode(ready.code.as_slice().into());
	run(&RuntimeCode {
		code_fetcher: &fetcher,
		heap_pages: None,
		hash: ready.hash.clone(),
	})
}

/// An attempt to author that has not ended.
struct Attempt {
	attempts: Arc<Mutex<HashMap<sp_core::H256, Instant>>>,
	parent: sp_core::H256,
}

impl Drop for Attempt {
	fn drop(&mut self) {
		if let Ok(mut attempts) = self.attempts.lock() {
			attempts.remove(&self.parent);
		}
	}
}

impl<E: CodeExecutor<Error = Error>> CodeExecutor for RescueExecutor<E> {
	type Error = Error;

	fn call(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		if !is_armed(ext) {
			return self.inner.call(ext, code, method, data, context);
		}
		if !is_about_a_block(method) {
			return self.either(ext, code, method, data, context);
		}
		let Some(ready) = Ready::read(ext) else {
			return self.inner.call(ext, code, method, data, context);
		};
		match method {
			"Core_initialize_block" | "Core_execute_block" => {
				self.block(ext, code, &ready, method, data, context)
			}
			"BlockBuilder_check_inherents" => {
				let header = Header::decode(&mut &data[..]);
				if header.is_ok_and(|header| ready.fires(ext, &header)) {
					self.back(ext, &ready, method, data, context)
				} else {
					self.by(ext, code, method, data, context)
				}
			}
			// Who may author, and when, must be known for a block that the chain's code has no part in.
			"AuraApi_authorities" | "AuraApi_slot_duration" => {
				self.back(ext, &ready, method, data, context)
			}
			// The rest of a block that was begun.
			_ if ext.storage(ACTIVE).is_some() => self.back(ext, &ready, method, data, context),
			_ => self.by(ext, code, method, data, context),
		}
	}
}

/// All that the rescue costs while nothing is watched. A node without it exists only to measure that.
fn is_armed(ext: &mut dyn Externalities) -> bool {
	!cfg!(feature = "without-rescue") && ext.storage(ARMED).is_some()
}

/// True for the calls by which blocks are built and executed: an answer of the wrong code would be a wrong block.
fn is_about_a_block(method: &str) -> bool {
	matches!(method, "Core_initialize_block" | "Core_execute_block")
		|| method.starts_with("BlockBuilder_")
		|| method.starts_with("AuraApi_")
}

impl<E: RuntimeVersionOf> RuntimeVersionOf for RescueExecutor<E> {
	fn runtime_version(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
	) -> Result<RuntimeVersion> {
		if !is_armed(ext) {
			return self.inner.runtime_version(ext, code);
		}
		let version = match self.is_broken(&code.hash) {
			true => Err(Error::Other(BROKEN.into())),
			false => self.inner.runtime_version(ext, code),
		};
		if version.is_err() {
			self.note_broken(&code.hash);
		}
		match (&version, Ready::read(ext)) {
			(Err(_), Some(ready)) => {
				with_code(&ready, |code| self.inner.runtime_version(ext, code))
			}
			_ => version,
		}
	}
}

impl<E: ReadRuntimeVersion> ReadRuntimeVersion for RescueExecutor<E> {
	fn read_runtime_version(
		&self,
		code: &[u8],
		ext: &mut dyn Externalities,
	) -> std::result::Result<Vec<u8>, String> {
		self.inner.read_runtime_version(code, ext)
	}
}

/// Executes what this node authored before it is announced, while a rescue is armed. Otherwise authors take their own
/// blocks as built, and code that builds what it cannot execute would put each of them on a fork of its own.
pub struct SelfCheck<I, C, B> {
	inner: I,
	client: Arc<C>,
	_backend: std::marker::PhantomData<B>,
}

impl<I, C, B> SelfCheck<I, C, B> {
	/// Imports by `inner`, and looks at the state of `client`.
	pub fn new(inner: I, client: Arc<C>) -> Self {
		let _backend = std::marker::PhantomData;
		Self {
			inner,
			client,
			_backend,
		}
	}
}

#[async_trait::async_trait]
impl<I, C, B> BlockImport<Block> for SelfCheck<I, C, B>
where
	I: BlockImport<Block> + Send + Sync,
	C: StorageProvider<Block, B> + Send + Sync,
	B: Backend<Block> + 'static,
{
	type Error = I::Error;

	async fn check_block(
		&self,
		block: BlockCheckParams<Block>,
	) -> std::result::Result<ImportResult, Self::Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(
		&self,
		mut block: BlockImportParams<Block>,
	) -> std::result::Result<ImportResult, Self::Error> {
		let parent = *block.header.parent_hash();
		let armed = self.client.storage(parent, &StorageKey(ARMED.to_vec()));
		let built = matches!(
			block.state_action,
			StateAction::ApplyChanges(StorageChanges::Changes(_))
		);
		if built && armed.is_ok_and(|armed| armed.is_some()) {
			block.state_action = StateAction::Execute;
		}
		self.inner.import_block(block).await
	}
}

#[cfg(test)]
mod tests;
