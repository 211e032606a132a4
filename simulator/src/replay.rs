//! Section Replay: every block of a range from its canonical parent's state, under the code that built it and
//! under the candidate.

use crate::{
	bench::{is_bare, system_key, Applied, ExtrinsicRun, Stop, Trap, Workbench},
	effects::Kind,
	executor::{Code, Executor},
	memo::Memo,
	scope::{is_routine, item_of, Item},
	stage::slot_of,
	state::version_of,
	state_at,
	traffic::{Judge, Judged},
	Block, Error, Hasher, Header,
};
use airlock_primitives::rescue::{self, Armed};
use airlock_report::{
	leaf::{BlockResult, CandidateRun, ClassCounts},
	BlockLeaf, ExtrinsicClass,
};
use codec::{Compact, Decode, Encode};
use sc_client_api::Backend;
use sp_blockchain::{Backend as _, HeaderBackend};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_runtime::{
	traits::Header as _, Digest, DigestItem, ExtrinsicInclusionMode, OpaqueExtrinsic,
};
use sp_state_machine::{
	backend::{BackendRuntimeCode, TryPendingCode},
	Backend as StateBackend,
};
use sp_version::RuntimeVersion;
use std::{
	collections::{BTreeMap, BTreeSet},
	time::{Duration, Instant},
};

/// One block to replay.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
	pub(crate) header: Header,
	pub(crate) hash: H256,
	/// The code that built it.
	pub(crate) code: Code,
	/// True if nodes built it on the way back, because the chain's own code did not build it (`docs/rescue.md`).
	pub(crate) rescue: bool,
	/// Whether the candidate is run on it.
	pub(crate) compare: bool,
}

/// One extrinsic with another result, for humans.
#[derive(Clone, Debug, Encode, Decode)]
pub struct ExtrinsicLine {
	/// Its index in the block.
	pub index: u32,
	/// How the results relate.
	pub class: ExtrinsicClass,
	/// What it gave under the code that built the block.
	pub before: String,
	/// What it gave under the candidate.
	pub after: String,
	/// What differs.
	pub detail: String,
	/// Why the runtime trapped. Differs from machine to machine.
	pub reason: Option<String>,
}

impl ExtrinsicLine {
	pub(crate) fn of(
		index: u32,
		class: ExtrinsicClass,
		old: &ExtrinsicRun,
		new: &ExtrinsicRun,
		detail: String,
	) -> Self {
		Self {
			index,
			class,
			before: describe(&old.applied),
			after: describe(&new.applied),
			detail,
			reason: new.reason.clone(),
		}
	}
}

/// A replayed block.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Replayed {
	/// What is committed to.
	pub leaf: BlockLeaf,
	/// Its extrinsics with another result.
	pub lines: Vec<ExtrinsicLine>,
	/// Storage items that it leaves otherwise under the candidate, its digest and the events of its hooks, if nobody declared that.
	pub undeclared: Vec<String>,
	/// Why a run stopped early. Differs from machine to machine.
	pub reason: Option<String>,
	/// Time under the code that built it. Advisory.
	pub control_time: Duration,
	/// Time under the candidate. Advisory.
	pub candidate_time: Duration,
}

/// A block under one code.
pub(crate) struct BlockRun {
	result: BlockResult,
	header: Option<Header>,
	pub(crate) extrinsics: Vec<ExtrinsicRun>,
	/// `System.BlockWeight` when the block was initialized.
	pub(crate) weight: Option<Vec<u8>>,
	/// What it wrote.
	pub(crate) written: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
	/// True if only inherents were taken.
	only_inherents: bool,
	/// Events of the hooks at its beginning, and of those at its end.
	hooks: (Vec<u8>, Vec<u8>),
	/// True if at its end its events were others than those that were deposited.
	forged: bool,
	reason: Option<String>,
	time: Duration,
}

/// Lists the blocks `anchor + 1 - blocks ..= anchor`, oldest first, and loads their codes.
///
/// The candidate is compared on blocks that `current` built in its normal course. A block of an older code,
/// or one in which `current` ran its own migration, would start from a state that the candidate never sees.
pub(crate) fn plan<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	anchor: &Header,
	blocks: u32,
	current: H256,
) -> Result<Vec<Planned>, Error> {
	if blocks == 0 || blocks > *anchor.number() {
		return Err(Error::Range {
			anchor: *anchor.number(),
			blocks,
		});
	}
	let mut planned = Vec::new();
	let mut header = anchor.clone();
	for _ in 0..blocks {
		let parent = header_of(backend, *header.parent_hash())?;
		planned.push(plan_block(backend, executor, header, &parent, current)?);
		header = parent;
	}
	planned.reverse();
	Ok(planned)
}

pub(crate) fn plan_block<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	header: Header,
	parent: &Header,
	current: H256,
) -> Result<Planned, Error> {
	let state = state_at(backend, *header.parent_hash())?;
	let way_back = rescue_code(&state, parent, &header)?;
	let rescue = way_back.is_some();
	let (code, version) = match way_back {
		Some(bytes) => load_way_back(&bytes, executor)?,
		None => load_from(&state, executor)?,
	};
	let compare = !rescue && code.hash == current && !migrates(&state, &version)?;
	Ok(Planned {
		hash: header.hash(),
		header,
		code,
		rescue,
		compare,
	})
}

/// The code by which nodes built this block, if they left the chain's for it: by the rule that they have.
fn rescue_code<S: StateBackend<Hasher>>(
	state: &S,
	parent: &Header,
	header: &Header,
) -> Result<Option<Vec<u8>>, Error> {
	let armed = read(state, rescue::ARMED)?;
	let armed = armed.and_then(|armed| Armed::decode(&mut &armed[..]).ok());
	let (Some(armed), Some(slot), Some(parent)) = (armed, slot_of(header), slot_of(parent)) else {
		return Ok(None);
	};
	match armed.fires((*header.number()).into(), slot, parent) {
		true => read(state, rescue::CODE),
		false => Ok(None),
	}
}

/// Loads the code of a rescue block.
fn load_way_back(bytes: &[u8], executor: &Executor) -> Result<(Code, RuntimeVersion), Error> {
	let hash = H256(blake2_256(bytes));
	let version = executor.load(hash, bytes).map_err(Error::Code)?.version;
	let code = Code { hash };
	Ok((code, version))
}

fn read<S: StateBackend<Hasher>>(state: &S, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
	state
		.storage(key)
		.map_err(|e| Error::Backend(e.to_string()))
}

/// Loads the code that builds the next block on a state.
pub(crate) fn load_from<S: StateBackend<Hasher>>(
	state: &S,
	executor: &Executor,
) -> Result<(Code, RuntimeVersion), Error> {
	let source = BackendRuntimeCode::new(state, TryPendingCode::Yes);
	let runtime_code = source.runtime_code().map_err(|e| Error::Code(e.into()))?;
	let code = Code::of(&runtime_code).ok_or(Error::Code("not hashed by blake2-256".into()))?;
	let loaded = match executor.get(&runtime_code.hash) {
		Some(known) => known,
		None => {
			let bytes = sp_core::traits::FetchRuntimeCode::fetch_runtime_code(&runtime_code)
				.ok_or(Error::Code("no bytes in the state".into()))?;
			executor.load(code.hash, &bytes)
		}
	};
	Ok((code, loaded.map_err(Error::Code)?.version))
}

/// Whether a runtime of this version runs its migrations in the next block on a state. The same rule as
/// `LastRuntimeUpgradeInfo::was_upgraded` in `frame-system`.
fn migrates<S: StateBackend<Hasher>>(state: &S, version: &RuntimeVersion) -> Result<bool, Error> {
	let last = read(state, &system_key(b"LastRuntimeUpgrade"))?;
	Ok(was_upgraded(last.as_deref(), version))
}

fn was_upgraded(last: Option<&[u8]>, version: &RuntimeVersion) -> bool {
	let last = last.and_then(|mut bytes| <(Compact<u32>, String)>::decode(&mut bytes).ok());
	last.is_none_or(|(spec_version, spec_name)| {
		version.spec_version > spec_version.0 || version.spec_name != spec_name
	})
}

/// Reads a header.
pub(crate) fn header_of<B: Backend<Block>>(backend: &B, hash: H256) -> Result<Header, Error> {
	backend
		.blockchain()
		.header(hash)
		.map_err(|e| Error::Backend(e.to_string()))?
		.ok_or(Error::MissingBlock(hash))
}

/// Replays one block.
pub(crate) fn replay_block<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	planned: &Planned,
	candidate: Option<H256>,
	judge: &Judge,
) -> Result<Replayed, Error> {
	let state = state_at(backend, *planned.header.parent_hash())?;
	let extrinsics = body_of(backend, planned.hash)?;
	let header = unbuilt(&planned.header);
	let input = BlockInput {
		header: &header,
		extrinsics: &extrinsics,
		rescue: planned.rescue,
	};

	let control = run(&state, executor, planned.code, &input, None)?;
	let reproduced = control
		.header
		.as_ref()
		.is_some_and(|h| reproduces(&planned.header, h));
	let compared = match candidate.filter(|_| planned.compare && reproduced) {
		Some(hash) => {
			let code = Code { hash };
			let run = run(&state, executor, code, &input, Some(&control))?;
			// A multi-block migration is not over after the block that begins it: section Continuous has what follows.
			match run.only_inherents && run.result == BlockResult::Complete {
				true => None,
				false => Some(Compared::of(&state, judge, &extrinsics, &control, run)?),
			}
		}
		None => None,
	};
	let (lines, undeclared) = match &compared {
		Some(compared) => (compared.lines(&control), compared.undeclared(judge)),
		None => Default::default(),
	};
	let reason = control
		.reason
		.clone()
		.or(compared.as_ref().and_then(|c| c.run.reason.clone()));
	Ok(Replayed {
		leaf: BlockLeaf {
			number: *planned.header.number(),
			hash: planned.hash,
			state_root: *planned.header.state_root(),
			extrinsics_root: *planned.header.extrinsics_root(),
			code: planned.code.hash,
			extrinsics: extrinsics.len() as u32,
			control: reproduced,
			outcomes: outcomes(&control.extrinsics),
			candidate: compared.as_ref().map(|compared| compared.leaf(judge)),
		},
		lines,
		undeclared,
		reason,
		control_time: control.time,
		candidate_time: compared.map(|c| c.run.time).unwrap_or_default(),
	})
}

/// The extrinsics of a block, and what they did under the code that built it.
pub(crate) fn control<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	planned: &Planned,
) -> Result<(Vec<OpaqueExtrinsic>, BlockRun), Error> {
	let state = state_at(backend, *planned.header.parent_hash())?;
	let extrinsics = body_of(backend, planned.hash)?;
	let input = BlockInput {
		header: &unbuilt(&planned.header),
		extrinsics: &extrinsics,
		rescue: planned.rescue,
	};
	let control = run(&state, executor, planned.code, &input, None)?;
	Ok((extrinsics, control))
}

/// Reads the extrinsics of a block.
pub(crate) fn body_of<B: Backend<Block>>(
	backend: &B,
	hash: H256,
) -> Result<Vec<OpaqueExtrinsic>, Error> {
	backend
		.blockchain()
		.body(hash)
		.map_err(|e| Error::Backend(e.to_string()))?
		.ok_or(Error::MissingBlock(hash))
}

struct BlockInput<'a> {
	header: &'a Header,
	extrinsics: &'a [OpaqueExtrinsic],
	/// True if nodes mark it as a rescue block.
	rescue: bool,
}

/// Runs a block. With a `control` its envelope signatures are accepted, and the weight that the migration
/// took is given back: it runs in each replayed block, but only once on a chain.
fn run<S: StateBackend<Hasher>>(
	state: &S,
	executor: &Executor,
	code: Code,
	input: &BlockInput,
	control: Option<&BlockRun>,
) -> Result<BlockRun, Error> {
	let started = Instant::now();
	let mut bench = Workbench::new(state, executor);
	if input.rescue {
		bench.set(rescue::ACTIVE.to_vec(), Some(vec![1]));
	}
	let mut run = BlockRun {
		result: BlockResult::Complete,
		header: None,
		extrinsics: Vec::new(),
		weight: None,
		written: BTreeMap::new(),
		only_inherents: false,
		hooks: Default::default(),
		forged: false,
		reason: None,
		time: Duration::ZERO,
	};
	let attempted = attempt(&mut bench, code, input, control, &mut run);
	let attempted = bench.intact().and(attempted);
	match attempted.map_err(|trap| Error::Backend(trap.0))? {
		Ok(header) => run.header = Some(header),
		Err((result, Trap(reason))) => {
			run.result = result;
			run.reason = Some(reason);
		}
	}
	// A block that could not be started ran none of its extrinsics.
	run.extrinsics.resize_with(input.extrinsics.len(), || {
		ExtrinsicRun::skipped(Applied::NotRun)
	});
	// What a block that stopped had written is nobody's business.
	if run.result == BlockResult::Complete {
		run.written = bench.written();
	}
	run.time = started.elapsed();
	Ok(run)
}

fn attempt<S: StateBackend<Hasher>>(
	bench: &mut Workbench<S>,
	code: Code,
	input: &BlockInput,
	control: Option<&BlockRun>,
	run: &mut BlockRun,
) -> Result<Result<Header, Stop>, Trap> {
	let mode = match bench.initialize(code, input.header) {
		Ok(mode) => mode,
		Err(stop) => return Ok(Err(stop)),
	};
	let weight_key = system_key(b"BlockWeight");
	run.weight = bench.get(&weight_key)?;
	if let Some(control) = control {
		bench.set(weight_key, control.weight.clone());
	}
	run.only_inherents = mode == ExtrinsicInclusionMode::OnlyInherents;
	let inherents = input.extrinsics.iter().take_while(|xt| is_bare(xt)).count();
	for (index, extrinsic) in input.extrinsics.iter().enumerate() {
		if run.only_inherents && index >= inherents {
			run.extrinsics
				.push(ExtrinsicRun::skipped(Applied::Deferred));
			continue;
		}
		let memo = memo_for(control, index);
		run.extrinsics
			.push(bench.apply(code, &extrinsic.encode(), memo)?);
	}
	let end = bench.finalize(code);
	if end.is_ok() {
		let whole = bench.events();
		let deposited = run.extrinsics.iter().flat_map(|xt| &xt.deposited);
		let seen: Vec<u8> = bench.hooks.iter().chain(deposited).copied().collect();
		run.forged = !whole.starts_with(&seen);
		let after = whole.get(seen.len()..).unwrap_or_default().to_vec();
		run.hooks = (bench.hooks.clone(), after);
	}
	Ok(end)
}

/// Records under the current code; accepts under the candidate what was recorded for this extrinsic.
fn memo_for(control: Option<&BlockRun>, index: usize) -> Memo {
	let Some(control) = control else {
		return Memo::Record(None);
	};
	control.extrinsics.get(index).map_or(Memo::Off, memo_of)
}

/// Accepts under the candidate what was recorded of an extrinsic.
pub(crate) fn memo_of(control: &ExtrinsicRun) -> Memo {
	match &control.memo {
		Memo::Record(Some(envelope)) => Memo::Accept(envelope.clone()),
		_ => Memo::Off,
	}
}

/// The header as an author starts with it: the rest of the digest is the runtime's to write.
pub(crate) fn unbuilt(header: &Header) -> Header {
	let logs = header
		.digest()
		.logs()
		.iter()
		.filter(|item| item.as_pre_runtime().is_some());
	Header::new(
		*header.number(),
		Default::default(),
		Default::default(),
		*header.parent_hash(),
		Digest {
			logs: logs.cloned().collect(),
		},
	)
}

/// Whether a built header is the canonical one without its seals.
fn reproduces(canonical: &Header, built: &Header) -> bool {
	let unsealed = canonical
		.digest()
		.logs()
		.iter()
		.filter(|item| !is_seal(item));
	canonical.state_root() == built.state_root()
		&& canonical.extrinsics_root() == built.extrinsics_root()
		&& unsealed.eq(built.digest().logs())
}

/// What is said of a digest that differs.
pub(crate) const DIGEST: &str = "the digest";

/// What a block's header tells consensus. That other code runs from now on is no news in a switch.
pub(crate) fn consensus_logs(header: &Header) -> Vec<&DigestItem> {
	let logs = header.digest().logs().iter();
	let is_news =
		|item: &&DigestItem| !is_seal(item) && **item != DigestItem::RuntimeEnvironmentUpdated;
	logs.filter(is_news).collect()
}

fn is_seal(item: &DigestItem) -> bool {
	matches!(item, DigestItem::Seal(..))
}

/// What fees pay with and where they go: these differ wherever a fee does.
const FEE_ITEMS: [(&str, &str); 4] = [
	("Balances", "Account"),
	("Balances", "TotalIssuance"),
	("System", "Account"),
	("TransactionPayment", "NextFeeMultiplier"),
];

/// Stands for what says which code runs.
const CODE_ITEM: Item = [b':'; 32];

fn is_code(key: &[u8]) -> bool {
	key.starts_with(b":code") || key.starts_with(b":pending_code") || key.starts_with(b":heappages")
}

/// The storage item of a key, unless it is a block's own bookkeeping or belongs to no pallet.
pub(crate) fn item_to_compare(key: &[u8]) -> Option<Item> {
	item_of(key).filter(|item| !is_routine(item))
}

/// Names of the items whose other values nobody declared. `fee` excuses what fees pay with.
pub(crate) fn undeclared_items<'a>(
	items: impl Iterator<Item = &'a Item>,
	judge: &Judge,
	fee: bool,
) -> Vec<String> {
	let mut undeclared = Vec::new();
	for item in items {
		let known = [judge.after, judge.before].into_iter().flatten();
		let name = known.flat_map(|metadata| metadata.item(item)).next();
		let is_fees = |(pallet, item): &(String, String)| {
			FEE_ITEMS.contains(&(pallet.as_str(), item.as_str()))
		};
		let excused = name.is_some_and(|name| {
			judge.effects.declares(Kind::Storage, name) || fee && is_fees(name)
		});
		if !excused {
			undeclared.push(match name {
				Some((pallet, name)) => format!("{pallet}.{name}"),
				None => format!("0x{}", hex::encode(item)),
			});
		}
	}
	undeclared
}

/// A block under both codes.
struct Compared {
	run: BlockRun,
	judged: Vec<Judged>,
	/// Storage items of which some key has another value, with how many.
	items: BTreeMap<Item, u32>,
	differences: H256,
	/// What else of the block differs and is not declared: its digest, and the events of its hooks.
	others: Vec<String>,
}

impl Compared {
	fn of<S: StateBackend<Hasher>>(
		state: &S,
		judge: &Judge,
		extrinsics: &[OpaqueExtrinsic],
		control: &BlockRun,
		run: BlockRun,
	) -> Result<Self, Error> {
		let runs = control.extrinsics.iter().zip(&run.extrinsics);
		let judged = extrinsics.iter().zip(runs);
		let judged = judged.map(|(bytes, (old, new))| judge.judge(&bytes.encode(), old, new));
		let judged: Vec<Judged> = judged.collect();
		let mut compared = Self {
			judged,
			items: BTreeMap::new(),
			differences: H256::zero(),
			others: Vec::new(),
			run,
		};
		if compared.run.result == BlockResult::Complete {
			compared.compare_storage(state, control)?;
			compared.compare_block(control, judge);
		}
		Ok(compared)
	}

	fn compare_block(&mut self, control: &BlockRun, judge: &Judge) {
		let (old, new) = (control.header.as_ref(), self.run.header.as_ref());
		if old.map(consensus_logs) != new.map(consensus_logs) {
			self.others.push(DIGEST.into());
		}
		let (old, new) = (&control.hooks, &self.run.hooks);
		for (old, new) in [(&old.0, &new.0), (&old.1, &new.1)] {
			let unread = || vec!["events of hooks, which cannot be read".into()];
			let events = judge.undeclared_events(old, new);
			self.others.extend(events.unwrap_or_else(unread));
		}
		if self.run.forged {
			self.others.push("events that were deposited".into());
		}
	}

	/// Each block's bookkeeping differs: events carry weights, and versions are noted.
	fn compare_storage<S: StateBackend<Hasher>>(
		&mut self,
		state: &S,
		control: &BlockRun,
	) -> Result<(), Error> {
		let keys: BTreeSet<&Vec<u8>> = control
			.written
			.keys()
			.chain(self.run.written.keys())
			.collect();
		let stored = |key: &[u8]| {
			state
				.storage(key)
				.map_err(|e| Error::Backend(e.to_string()))
		};
		let mut hashed = Vec::new();
		for key in keys {
			// Which code runs is no bookkeeping.
			let code = is_code(key).then_some(CODE_ITEM);
			let Some(item) = item_to_compare(key).or(code) else {
				continue;
			};
			let of = |written: &BTreeMap<Vec<u8>, Option<Vec<u8>>>| match written.get(key) {
				Some(value) => Ok(value.clone()),
				None => stored(key),
			};
			let (old, new) = (of(&control.written)?, of(&self.run.written)?);
			if old != new && version_of(key).is_none() {
				let count = self.items.entry(item).or_default();
				*count = count.saturating_add(1);
				let hash = |value: Option<Vec<u8>>| value.map(|value| blake2_256(&value));
				(key, hash(old), hash(new)).encode_to(&mut hashed);
			}
		}
		self.differences = H256(blake2_256(&hashed));
		Ok(())
	}

	/// Items that nobody declared.
	fn undeclared(&self, judge: &Judge) -> Vec<String> {
		let fee = judge.effects.declares_fee() && self.judged.iter().any(|judged| judged.fee);
		let mut all = undeclared_items(self.items.keys(), judge, fee);
		all.extend(self.others.iter().cloned());
		all
	}

	fn leaf(&self, judge: &Judge) -> CandidateRun {
		let run = &self.run;
		let mut counts = ClassCounts::default();
		self.judged
			.iter()
			.for_each(|judged| counts.add(judged.class));
		let faked = run
			.extrinsics
			.iter()
			.filter(|xt| xt.memo == Memo::Spent { faked: true });
		let root = run.header.as_ref().map(|h| *h.state_root());
		CandidateRun {
			result: run.result,
			root: root.unwrap_or_default(),
			classes: counts,
			memoised: faked.count() as u32,
			outcomes: outcomes(&run.extrinsics),
			keys_differing: self.items.values().fold(0, |sum, n| sum.saturating_add(*n)),
			items_undeclared: self.undeclared(judge).len() as u32,
			differences: self.differences,
		}
	}

	fn lines(&self, control: &BlockRun) -> Vec<ExtrinsicLine> {
		let runs = control.extrinsics.iter().zip(&self.run.extrinsics);
		(0u32..)
			.zip(runs.zip(&self.judged))
			.filter(|(_, (_, judged))| judged.class != ExtrinsicClass::Identical)
			.map(|(index, ((old, new), judged))| {
				ExtrinsicLine::of(index, judged.class, old, new, judged.detail.clone())
			})
			.collect()
	}
}

/// Hash over what each extrinsic gave, in order.
pub(crate) fn outcomes(extrinsics: &[ExtrinsicRun]) -> H256 {
	let all: Vec<_> = extrinsics
		.iter()
		.map(|run| (&run.applied, run.events))
		.collect();
	H256(blake2_256(&all.encode()))
}

fn describe(applied: &Applied) -> String {
	match applied {
		Applied::Succeeded => "succeeded".into(),
		Applied::Failed(error) => format!("failed 0x{}", hex::encode(error)),
		Applied::Refused(reason) => format!("refused 0x{}", hex::encode(reason)),
		Applied::Trapped => "trapped".into(),
		Applied::Deferred => "deferred".into(),
		Applied::NotRun => "not run".into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_consensus_aura::AURA_ENGINE_ID;

	fn ran(applied: Applied, events: u8) -> ExtrinsicRun {
		ExtrinsicRun {
			events: H256::repeat_byte(events),
			..ExtrinsicRun::skipped(applied)
		}
	}

	#[test]
	fn outcomes_depend_on_results_events_and_order_and_on_nothing_else() {
		let (a, b) = (ran(Applied::Succeeded, 1), ran(Applied::Trapped, 2));
		let told = ExtrinsicRun {
			reason: Some("at 0x7f00".into()),
			..b.clone()
		};
		assert_eq!(
			outcomes(&[a.clone(), b.clone()]),
			outcomes(&[a.clone(), told])
		);
		assert_ne!(outcomes(&[a.clone(), b.clone()]), outcomes(&[b, a.clone()]));
		assert_ne!(outcomes(&[a]), outcomes(&[ran(Applied::Succeeded, 2)]));
	}

	fn header(logs: Vec<DigestItem>) -> Header {
		let root = H256::repeat_byte(1);
		Header::new(7, root, root, H256::repeat_byte(2), Digest { logs })
	}

	#[test]
	fn a_block_is_reproduced_when_all_but_the_seal_is_the_same() {
		let pre = DigestItem::PreRuntime(AURA_ENGINE_ID, vec![1]);
		let consensus = DigestItem::Consensus(*b"FRNK", vec![2]);
		let seal = DigestItem::Seal(AURA_ENGINE_ID, vec![3]);
		let canonical = header(vec![pre.clone(), consensus.clone(), seal]);
		let built = header(vec![pre.clone(), consensus]);
		assert!(reproduces(&canonical, &built));
		assert!(!reproduces(&canonical, &header(vec![pre.clone()])));
		let other = Header {
			state_root: H256::zero(),
			..built.clone()
		};
		assert!(!reproduces(&canonical, &other));
		let other = Header {
			extrinsics_root: H256::zero(),
			..built
		};
		assert!(!reproduces(&canonical, &other));
		assert_eq!(unbuilt(&canonical).digest().logs(), [pre]);
	}

	#[test]
	fn a_migration_runs_when_the_version_rises_or_the_name_changes() {
		let version = |spec_name: &'static str, spec_version| RuntimeVersion {
			spec_name: spec_name.into(),
			spec_version,
			..Default::default()
		};
		let last = (Compact(7u32), "airlock".to_string()).encode();
		let migrates = |version| was_upgraded(Some(&last), &version);
		assert!(!migrates(version("airlock", 7)));
		assert!(!migrates(version("airlock", 6)));
		assert!(migrates(version("airlock", 8)));
		assert!(migrates(version("other", 7)));
		assert!(was_upgraded(None, &version("airlock", 7)));
	}

	#[test]
	fn the_memo_of_an_extrinsic_is_that_of_the_same_index() {
		assert_eq!(memo_for(None, 0), Memo::Record(None));
		let control = BlockRun {
			result: BlockResult::Complete,
			header: None,
			extrinsics: vec![ran(Applied::Succeeded, 1)],
			weight: None,
			written: BTreeMap::new(),
			only_inherents: false,
			hooks: Default::default(),
			forged: false,
			reason: None,
			time: Duration::ZERO,
		};
		assert_eq!(memo_for(Some(&control), 0), Memo::Off);
		assert_eq!(memo_for(Some(&control), 1), Memo::Off);
	}
}
