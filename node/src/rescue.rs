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
use codec::{Decode, Encode};
use sc_client_api::{Backend, StorageProvider};
use sc_consensus::{
	BlockCheckParams, BlockImport, BlockImportParams, ImportResult, StateAction, StorageChanges,
};
use sc_executor::{error::Error, RuntimeVersion, RuntimeVersionOf};
use sp_consensus_aura::AURA_ENGINE_ID;
use sp_core::{
	storage::{
		well_known_keys::{CODE as INSTALLED, PENDING_CODE},
		StateVersion, StorageKey,
	},
	traits::{CallContext, CodeExecutor, ReadRuntimeVersion, RuntimeCode, WrappedRuntimeCode},
};
use sp_externalities::Externalities;
use sp_inherents::InherentData;
use sp_runtime::{traits::Header as _, Digest, DigestItem, OpaqueExtrinsic};
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
/// An author of whose calls one takes so long begins no other block with that code: it may never end.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// What must be known, and must not change, while an upgrade is watched: who authors, when, and who finalizes.
const LASTING: [&str; 3] = [
	"AuraApi_authorities",
	"AuraApi_slot_duration",
	"GrandpaApi_grandpa_authorities",
];

/// Most states of which is known whether the way back could build on them.
const MOST_KNOWN: usize = 1_024;

const BROKEN: &str = "the chain's code could not be loaded";

type Result<T> = std::result::Result<T, Error>;

/// Calls that have not ended, by a number: of which code, and since when.
type Calls = Arc<Mutex<HashMap<u64, (Vec<u8>, Instant)>>>;

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
	/// With which this node builds by the chain's code.
	building: Calls,
	/// On which states, by their roots, the way back that they hold could build. All nodes come to the same; it saves time.
	could_build: Arc<Mutex<HashMap<Vec<u8>, bool>>>,
}

impl<E> RescueExecutor<E> {
	/// Runs calls by `inner`.
	pub fn new(inner: E, seen: Seen) -> Self {
		Self {
			inner,
			seen,
			broken: Default::default(),
			building: Default::default(),
			could_build: Default::default(),
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

/// What was there before a block, and must be there after it.
struct Watched {
	ready: Ready,
	/// What the way back says of [`LASTING`].
	lasting: Vec<Vec<u8>>,
	/// See [`RescueExecutor::could_build`].
	could_build: bool,
}

/// A block that the way back could have to build.
struct Next<'a> {
	ready: &'a Ready,
	number: u32,
	slot: u64,
	/// True for the block of a rescue. Else the way back is the chain's code by then.
	is_rescue: bool,
}

impl<'a> Next<'a> {
	/// The rescue block after a block of this slot.
	fn rescue(ready: &'a Ready, number: u32, slot: u64) -> Self {
		Self {
			ready,
			number,
			slot: slot.saturating_add(ready.armed.gap),
			is_rescue: true,
		}
	}

	/// The first block of a way back that the lifecycle has gone by itself.
	fn of_way_back(ready: &'a Ready, number: u32, slot: u64) -> Self {
		Self {
			ready,
			number,
			slot: slot.saturating_add(1),
			is_rescue: false,
		}
	}
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

/// True for the calls by which this node builds a block of its own.
fn is_building(context: CallContext) -> bool {
	matches!(context, CallContext::Onchain { import: false })
}

/// Does something, and undoes it.
fn undone<R>(ext: &mut dyn Externalities, run: impl FnOnce(&mut dyn Externalities) -> R) -> R {
	ext.storage_start_transaction();
	let done = run(ext);
	undo(ext);
	done
}

impl<E: CodeExecutor<Error = Error>> RescueExecutor<E> {
	/// Runs a call by the chain's code, unless that was found not to load a short while ago. Blocks of others are checked and
	/// tried in any case: what failed on this machine decides nothing about them.
	fn by(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		let is_import = matches!(context, CallContext::Onchain { import: true });
		let is_of_others = is_import || method == "BlockBuilder_check_inherents";
		if !is_of_others && self.is_broken(&code.hash) {
			return (Err(Error::Other(BROKEN.into())), false);
		}
		let _building = is_building(context).then(|| Building::begin(&self.building, &code.hash));
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

	/// What the way back says of what must not change, without leaving a trace in the state.
	fn lasting(
		&self,
		ext: &mut dyn Externalities,
		ready: &Ready,
		context: CallContext,
	) -> Result<Vec<Vec<u8>>> {
		let mut ask = |method| undone(ext, |ext| self.back(ext, ready, method, &[], context).0);
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
			let chain = undone(ext, |ext| self.by(ext, code, method, &[], context).0);
			if chain? != *back {
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
		before: &Watched,
		header: &Header,
		context: CallContext,
	) -> Result<()> {
		// What the code began and did not end is no part of the block.
		undo(ext);
		// Not what the header claims: code that does not check it could have one state taken for another.
		let root = ext.storage_root(StateVersion::V1);
		let Watched {
			ready,
			lasting,
			could_build,
		} = before;
		let refuse = |why: &str| {
			Err(Error::Other(format!(
				"while it is watched, the block {why}"
			)))
		};
		let after = Ready::read(ext);
		let number = u64::from(*header.number());
		let is_installed = ready.is_installed(ext);
		if number < ready.armed.until && !is_installed {
			let untouched = after
				.as_ref()
				.is_some_and(|after| after.armed == ready.armed && after.hash == ready.hash);
			if !untouched {
				return refuse("takes the rescue away");
			}
		} else if after.is_none() && !is_installed {
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
		if self.lasting(ext, ready, context)? != *lasting {
			return refuse("changes who authors or finalizes, or when");
		}
		let number = header.number().saturating_add(1);
		let slot = slot_of(header).unwrap_or_default();
		let next = match (&after, is_installed) {
			(Some(after), false) => Next::rescue(after, number, slot),
			_ => Next::of_way_back(ready, number, slot),
		};
		let built = self.build(ext, &next, lasting);
		if next.is_rescue {
			self.note_could_build(&root, built.is_ok());
		}
		match built {
			Err(error) if *could_build => {
				let why = format!("leaves a state on which the way back cannot build: {error}");
				refuse(&why)
			}
			_ => Ok(()),
		}
	}

	/// Builds a block in which there is nothing but what each must have, and undoes it. The state that a block leaves can be such
	/// that nobody can build on it, whatever the nodes know of authorities: a time that is far ahead is enough.
	fn build(&self, ext: &mut dyn Externalities, next: &Next, lasting: &[Vec<u8>]) -> Result<()> {
		undone(ext, |ext| self.build_for_good(ext, next, lasting))
	}

	fn build_for_good(
		&self,
		ext: &mut dyn Externalities,
		next: &Next,
		lasting: &[Vec<u8>],
	) -> Result<()> {
		let wrong = |what: &str| Error::Other(what.into());
		let duration = lasting.get(1).map(Vec::as_slice).unwrap_or_default();
		let duration = u64::decode(&mut &duration[..]).map_err(|_| wrong("no slot duration"))?;
		// The hash of the parent is left out: the answer must be the same whoever asks, before its seal and after.
		let header = Header::new(
			next.number,
			Default::default(),
			Default::default(),
			Default::default(),
			Digest {
				logs: vec![DigestItem::PreRuntime(AURA_ENGINE_ID, next.slot.encode())],
			},
		);
		let inherents = inherents_of(next.slot, duration);
		let inherents = inherents.map_err(|error| wrong(&error.to_string()))?;
		if next.is_rescue {
			ext.place_storage(ACTIVE.to_vec(), Some(vec![1]));
		}
		// As an author: whoever imports has more heap.
		let context = CallContext::Onchain { import: false };
		let mut run =
			|method: &str, data: &[u8]| self.back(ext, next.ready, method, data, context).0;
		run("Core_initialize_block", &header.encode())?;
		let made = run("BlockBuilder_inherent_extrinsics", &inherents.encode())?;
		let made = Vec::<OpaqueExtrinsic>::decode(&mut &made[..]);
		for inherent in made.map_err(|error| wrong(&error.to_string()))? {
			let applied = run("BlockBuilder_apply_extrinsic", &inherent.encode())?;
			// A `Result` in a `Result`: it is valid, and did what it should.
			if !applied.starts_with(&[0, 0]) {
				return Err(wrong("an inherent is refused"));
			}
		}
		run("BlockBuilder_finalize_block", &[]).map(|_| ())
	}

	/// True if a rescue block could be built on the state in which a block begins: else that the block leaves none on which one could
	/// is not its doing. Known of the block before, unless this is the first one that is watched, or that this node sees.
	fn could_build(
		&self,
		ext: &mut dyn Externalities,
		ready: &Ready,
		header: &Header,
		lasting: &[Vec<u8>],
	) -> bool {
		let root = ext.storage_root(StateVersion::V1);
		let known = self
			.could_build
			.lock()
			.ok()
			.and_then(|known| known.get(&root).copied());
		known.unwrap_or_else(|| {
			let slot = current_slot(ext).unwrap_or_default();
			let could = self.build(ext, &Next::rescue(ready, *header.number(), slot), lasting);
			if let Err(error) = &could {
				log::warn!(target: "rescue", "The way back could not build block {}: {error}", header.number());
			}
			self.note_could_build(&root, could.is_ok());
			could.is_ok()
		})
	}

	fn note_could_build(&self, root: &[u8], could: bool) {
		if let Ok(mut known) = self.could_build.lock() {
			if known.len() >= MOST_KNOWN {
				known.clear();
			}
			known.insert(root.to_vec(), could);
		}
	}

	/// A whole block, or its beginning.
	fn block(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		ready: Ready,
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
			return self.back(ext, &ready, method, data, context);
		}
		if is_building(context) && self.is_stuck(&code.hash) {
			let why = "a call with this code has not ended yet";
			return (Err(Error::Other(why.into())), false);
		}
		let lasting = match self.probe(ext, code, &ready, context) {
			Ok(lasting) => lasting,
			Err(error) => return (Err(error), false),
		};
		// Whoever authors a block executes it before anybody else sees it: `SelfCheck`.
		if method != "Core_execute_block" {
			return self.by(ext, code, method, data, context);
		}
		let could_build = self.could_build(ext, &ready, &header, &lasting);
		let before = Watched {
			ready,
			lasting,
			could_build,
		};
		let answer = self.by(ext, code, method, data, context);
		if answer.0.is_ok() {
			if let Err(error) = self.keeps(ext, &before, &header, context) {
				return (Err(error), false);
			}
		}
		answer
	}

	/// True if a call of this code has been building a block for so long that it may never end.
	fn is_stuck(&self, hash: &[u8]) -> bool {
		self.building.lock().is_ok_and(|building| {
			let mut calls = building.values();
			calls.any(|(code, since)| code == hash && since.elapsed() > STUCK_AFTER)
		})
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

/// A call that builds a block and has not ended.
struct Building {
	calls: Calls,
	number: u64,
}

impl Building {
	fn begin(calls: &Calls, code: &[u8]) -> Self {
		static NEXT: AtomicU64 = AtomicU64::new(0);
		let number = NEXT.fetch_add(1, Ordering::Relaxed);
		if let Ok(mut calls) = calls.lock() {
			calls.insert(number, (code.to_vec(), Instant::now()));
		}
		let calls = calls.clone();
		Self { calls, number }
	}
}

impl Drop for Building {
	fn drop(&mut self) {
		if let Ok(mut calls) = self.calls.lock() {
			calls.remove(&self.number);
		}
	}
}

/// What authors put into a block of this slot.
fn inherents_of(
	slot: u64,
	duration: u64,
) -> std::result::Result<InherentData, sp_inherents::Error> {
	let mut data = InherentData::new();
	let time = sp_timestamp::Timestamp::new(slot.saturating_mul(duration));
	data.put_data(sp_timestamp::INHERENT_IDENTIFIER, &time)?;
	let slot = sp_consensus_aura::Slot::from(slot);
	data.put_data(sp_consensus_aura::inherents::INHERENT_IDENTIFIER, &slot)?;
	Ok(data)
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
		// Each would keep a thread of this node, for ever if the code never ends, and no pallet of ours has one.
		if method == "OffchainWorkerApi_offchain_worker" {
			return (Ok(Vec::new()), false);
		}
		if !is_about_a_block(method) {
			return self.either(ext, code, method, data, context);
		}
		// The rest of a block that was begun. The way back is large: it is read only where it may be needed.
		let is_rest =
			method.starts_with("BlockBuilder_") && method != "BlockBuilder_check_inherents";
		if is_rest && ext.storage(ACTIVE).is_none() {
			return self.by(ext, code, method, data, context);
		}
		let Some(ready) = Ready::read(ext) else {
			return self.inner.call(ext, code, method, data, context);
		};
		match method {
			"Core_initialize_block" | "Core_execute_block" => {
				self.block(ext, code, ready, method, data, context)
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
			_ => self.back(ext, &ready, method, data, context),
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
