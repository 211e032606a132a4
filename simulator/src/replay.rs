//! Section Replay: every block of a range from its canonical parent's state, under the code that built it and
//! under the candidate.

use crate::{
	bench::{is_bare, system_key, Applied, ExtrinsicRun, Stop, Trap, Workbench},
	executor::{Code, Executor},
	memo::Memo,
	state_at, Block, Error, Hasher, Header,
};
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
use std::time::{Duration, Instant};

/// One block to replay.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
	pub(crate) header: Header,
	pub(crate) hash: H256,
	/// The code that built it.
	pub(crate) code: Code,
	/// Whether the candidate is run on it.
	pub(crate) compare: bool,
}

/// One extrinsic with another result, for humans.
#[derive(Clone, Debug)]
pub struct ExtrinsicLine {
	/// Its index in the block.
	pub index: u32,
	/// How the results relate.
	pub class: ExtrinsicClass,
	/// What it gave under the code that built the block.
	pub before: String,
	/// What it gave under the candidate.
	pub after: String,
	/// Why the runtime trapped. Differs from machine to machine.
	pub reason: Option<String>,
}

/// A replayed block.
#[derive(Clone, Debug)]
pub struct Replayed {
	/// What is committed to.
	pub leaf: BlockLeaf,
	/// Its extrinsics with another result.
	pub lines: Vec<ExtrinsicLine>,
	/// Why a run stopped early. Differs from machine to machine.
	pub reason: Option<String>,
	/// Time under the code that built it. Advisory.
	pub control_time: Duration,
	/// Time under the candidate. Advisory.
	pub candidate_time: Duration,
}

/// A block under one code.
struct BlockRun {
	result: BlockResult,
	header: Option<Header>,
	extrinsics: Vec<ExtrinsicRun>,
	/// `System.BlockWeight` when the block was initialized.
	weight: Option<Vec<u8>>,
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
		planned.push(plan_block(backend, executor, header, current)?);
		header = parent;
	}
	planned.reverse();
	Ok(planned)
}

fn plan_block<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	header: Header,
	current: H256,
) -> Result<Planned, Error> {
	let state = state_at(backend, *header.parent_hash())?;
	let (code, version) = load_from(&state, executor)?;
	let compare = code.hash == current && !migrates(&state, &version)?;
	Ok(Planned {
		hash: header.hash(),
		header,
		code,
		compare,
	})
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
	let last = state
		.storage(&system_key(b"LastRuntimeUpgrade"))
		.map_err(|e| Error::Backend(e.to_string()))?;
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
	candidate: H256,
) -> Result<Replayed, Error> {
	let state = state_at(backend, *planned.header.parent_hash())?;
	let extrinsics = backend
		.blockchain()
		.body(planned.hash)
		.map_err(|e| Error::Backend(e.to_string()))?
		.ok_or(Error::MissingBlock(planned.hash))?;
	let header = unbuilt(&planned.header);
	let input = BlockInput {
		header: &header,
		extrinsics: &extrinsics,
	};

	let control = run(&state, executor, planned.code, &input, None)?;
	let reproduced = control
		.header
		.as_ref()
		.is_some_and(|h| reproduces(&planned.header, h));
	let compared = match planned.compare && reproduced {
		true => {
			let code = Code {
				hash: candidate,
				..planned.code
			};
			Some(run(&state, executor, code, &input, Some(&control))?)
		}
		false => None,
	};
	let lines = compared
		.iter()
		.flat_map(|run| lines(&control, run))
		.collect();
	let reason = control
		.reason
		.clone()
		.or(compared.as_ref().and_then(|r| r.reason.clone()));
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
			candidate: compared.as_ref().map(|run| candidate_run(&control, run)),
		},
		lines,
		reason,
		control_time: control.time,
		candidate_time: compared.map(|run| run.time).unwrap_or_default(),
	})
}

struct BlockInput<'a> {
	header: &'a Header,
	extrinsics: &'a [OpaqueExtrinsic],
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
	let mut run = BlockRun {
		result: BlockResult::Complete,
		header: None,
		extrinsics: Vec::new(),
		weight: None,
		reason: None,
		time: Duration::ZERO,
	};
	match attempt(&mut bench, code, input, control, &mut run).map_err(|t| Error::Backend(t.0))? {
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
	let inherents = input.extrinsics.iter().take_while(|xt| is_bare(xt)).count();
	for (index, extrinsic) in input.extrinsics.iter().enumerate() {
		if mode == ExtrinsicInclusionMode::OnlyInherents && index >= inherents {
			run.extrinsics
				.push(ExtrinsicRun::skipped(Applied::Deferred));
			continue;
		}
		let memo = memo_for(control, index);
		run.extrinsics.push(bench.apply(code, extrinsic, memo)?);
	}
	Ok(bench.finalize(code))
}

/// Records under the current code; accepts under the candidate what was recorded for this extrinsic.
fn memo_for(control: Option<&BlockRun>, index: usize) -> Memo {
	let Some(control) = control else {
		return Memo::Record(None);
	};
	match control.extrinsics.get(index).map(|run| &run.memo) {
		Some(Memo::Record(Some(envelope))) => Memo::Accept(envelope.clone()),
		_ => Memo::Off,
	}
}

/// The header as an author starts with it: the rest of the digest is the runtime's to write.
fn unbuilt(header: &Header) -> Header {
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

fn is_seal(item: &DigestItem) -> bool {
	matches!(item, DigestItem::Seal(..))
}

/// How two results of one extrinsic relate.
fn classify(control: &ExtrinsicRun, candidate: &ExtrinsicRun) -> ExtrinsicClass {
	use Applied::*;
	match (&control.applied, &candidate.applied) {
		(_, Deferred) => ExtrinsicClass::Deferred,
		(_, NotRun) => ExtrinsicClass::NotRun,
		(_, Trapped) => ExtrinsicClass::Trapped,
		(_, Refused(_)) => ExtrinsicClass::ValidityLost,
		(Succeeded, Failed(_)) => ExtrinsicClass::OkToErr,
		(Failed(old), Failed(new)) if old != new => ExtrinsicClass::ErrorChanged,
		(Failed(_), Succeeded) => ExtrinsicClass::ErrToOk,
		_ if control.events != candidate.events => ExtrinsicClass::EventsChanged,
		_ => ExtrinsicClass::Identical,
	}
}

fn classes<'a>(
	control: &'a BlockRun,
	candidate: &'a BlockRun,
) -> impl Iterator<Item = (&'a ExtrinsicRun, &'a ExtrinsicRun, ExtrinsicClass)> {
	let pairs = control.extrinsics.iter().zip(&candidate.extrinsics);
	pairs.map(|(old, new)| (old, new, classify(old, new)))
}

fn candidate_run(control: &BlockRun, run: &BlockRun) -> CandidateRun {
	let mut counts = ClassCounts::default();
	classes(control, run).for_each(|(_, _, class)| counts.add(class));
	let faked = run
		.extrinsics
		.iter()
		.filter(|xt| xt.memo == Memo::Spent { faked: true });
	CandidateRun {
		result: run.result,
		root: run
			.header
			.as_ref()
			.map(|h| *h.state_root())
			.unwrap_or_default(),
		classes: counts,
		memoised: faked.count() as u32,
		outcomes: outcomes(&run.extrinsics),
	}
}

/// Hash over what each extrinsic gave, in order.
fn outcomes(extrinsics: &[ExtrinsicRun]) -> H256 {
	let all: Vec<_> = extrinsics
		.iter()
		.map(|run| (&run.applied, run.events))
		.collect();
	H256(blake2_256(&all.encode()))
}

fn lines(control: &BlockRun, run: &BlockRun) -> Vec<ExtrinsicLine> {
	(0u32..)
		.zip(classes(control, run))
		.filter(|(_, (_, _, class))| *class != ExtrinsicClass::Identical)
		.map(|(index, (old, new, class))| ExtrinsicLine {
			index,
			class,
			before: describe(&old.applied),
			after: describe(&new.applied),
			reason: new.reason.clone(),
		})
		.collect()
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
	fn each_pair_of_results_has_one_class() {
		use Applied::*;
		let class = |old, new| classify(&ran(old, 1), &ran(new, 1));
		assert_eq!(class(Succeeded, Succeeded), ExtrinsicClass::Identical);
		assert_eq!(
			class(Failed(vec![1]), Failed(vec![1])),
			ExtrinsicClass::Identical
		);
		assert_eq!(
			class(Failed(vec![1]), Failed(vec![2])),
			ExtrinsicClass::ErrorChanged
		);
		assert_eq!(class(Failed(vec![1]), Succeeded), ExtrinsicClass::ErrToOk);
		assert_eq!(class(Succeeded, Failed(vec![1])), ExtrinsicClass::OkToErr);
		assert_eq!(
			class(Succeeded, Refused(vec![1])),
			ExtrinsicClass::ValidityLost
		);
		assert_eq!(
			class(Failed(vec![1]), Refused(vec![1])),
			ExtrinsicClass::ValidityLost
		);
		assert_eq!(class(Succeeded, Trapped), ExtrinsicClass::Trapped);
		assert_eq!(class(Succeeded, Deferred), ExtrinsicClass::Deferred);
		assert_eq!(class(Succeeded, NotRun), ExtrinsicClass::NotRun);
	}

	#[test]
	fn other_events_of_the_same_result_are_a_change() {
		let class =
			|old, new| classify(&ran(Applied::Succeeded, old), &ran(Applied::Succeeded, new));
		assert_eq!(class(1, 1), ExtrinsicClass::Identical);
		assert_eq!(class(1, 2), ExtrinsicClass::EventsChanged);
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
			reason: None,
			time: Duration::ZERO,
		};
		assert_eq!(memo_for(Some(&control), 0), Memo::Off);
		assert_eq!(memo_for(Some(&control), 1), Memo::Off);
	}
}
