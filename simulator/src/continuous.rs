//! Sections Continuous and Rollback: the newest blocks of history one after the other under the candidate, on the state that
//! its own blocks left, and the ways back from there.
//!
//! The control is a switch to the current code with another hash: whatever a switch does to history, it does there too.
//!
//! What a migration holds up is run as soon as transactions are taken again; in another block it may have another result. After
//! the first extrinsic with another outcome or fee the two histories part, so later differences are tainted: they may be no doing
//! of their own.

use crate::{
	bench::{is_bare, system_key, Applied, ExtrinsicRun, Stop, Trap, Workbench},
	executor::{Code, Executor},
	memo::Memo,
	metadata::Metadata,
	replay::{
		self, consensus_logs, header_of, item_to_compare, memo_of, unbuilt, undeclared_items,
		ExtrinsicLine, Planned, DIGEST,
	},
	scope::Item,
	stage::Stage,
	state::{version_of, Scan},
	state_at,
	traffic::Judge,
	Block, Error, Header,
};
use airlock_report::{
	leaf::{
		Blob, BlockResult, ClassCounts, ContinuousRun, RollbackRun, Way, BACK_AFTER, ROLLBACKS,
	},
	ContinuousLeaf, ExtrinsicClass, RollbackLeaf, CONTINUOUS,
};
use codec::Encode;
use sc_client_api::Backend;
use sp_core::{storage::well_known_keys, H256};
use sp_crypto_hashing::blake2_256;
use sp_maybe_compressed_blob::CODE_BLOB_BOMB_LIMIT;
use sp_runtime::{traits::Header as _, ExtrinsicInclusionMode, OpaqueExtrinsic};
use sp_state_machine::Backend as StateBackend;
use std::collections::BTreeSet;

/// A block of the chain that goes on.
#[derive(Clone, Debug)]
pub struct Continued {
	/// What is committed to.
	pub leaf: ContinuousLeaf,
	/// Its extrinsics with another result.
	pub lines: Vec<ExtrinsicLine>,
	/// What differs from the control's, and nobody declared: the digest of its header, and after the last block storage items.
	pub undeclared: Vec<String>,
	/// Why it stopped early. Differs from machine to machine.
	pub reason: Option<String>,
}

/// A way back that was rehearsed.
#[derive(Clone, Debug)]
pub struct WentBack {
	/// What is committed to.
	pub leaf: RollbackLeaf,
	/// What of the state cannot be read any more.
	pub remarks: Vec<String>,
	/// Why it stopped early. Differs from machine to machine.
	pub reason: Option<String>,
}

/// The codes of a simulation.
pub(crate) struct Codes<'a> {
	pub(crate) current: Code,
	pub(crate) candidate: (Code, &'a [u8]),
	pub(crate) rollback: Option<(Code, &'a [u8])>,
}

/// Runs the newest of the planned blocks. `candidate_ends` is false for a candidate that is not to be run at all.
pub(crate) fn go_on<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	planned: &[Planned],
	codes: &Codes,
	judge: &Judge,
	candidate_ends: bool,
) -> Result<(Vec<Continued>, Vec<WentBack>), Error> {
	let skipped = planned.len().saturating_sub(CONTINUOUS as usize);
	let blocks = planned.get(skipped..).unwrap_or_default();
	// A block that other code built, or that migrates, is not this switch's history, and nothing before it is.
	let first = blocks.iter().rposition(|block| !block.compare);
	let first = first.map_or(0, |at| at.saturating_add(1));
	let ways = (0..ROLLBACKS).filter_map(RollbackLeaf::not_run);
	let mut chain = Continuation {
		blocks: blocks.iter().map(not_run).collect(),
		ways: ways.map(not_gone).collect(),
		..Default::default()
	};
	if let Some(block) = blocks.get(first).filter(|_| candidate_ends) {
		let parent = header_of(backend, *block.header.parent_hash())?;
		let state = state_at(backend, parent.hash())?;
		let mut stage = Stage::new(&state, executor, &parent);
		stage.code = Some(codes.current);
		let before = Scan::of(&mut stage.bench, judge.before).map_err(broken)?;
		stage.write_code(codes.candidate.1);
		let twin = twin_of(&stage.stored_code().map_err(broken)?)?;
		executor.load(twin.0.hash, &twin.1).map_err(Error::Code)?;
		let mut control = Stage::new(&state, executor, &parent);
		control.code = Some(codes.current);
		control.write_code(&twin.1);
		for (at, block) in blocks.iter().enumerate().skip(first) {
			let is_last = at.saturating_add(1) == blocks.len();
			let extrinsics = replay::body_of(backend, block.hash)?;
			let past = control_block(&mut control.bench, twin.0, &block.header, extrinsics);
			// Of what the current code does not do in a row either, nothing is known.
			let Some(past) = past.map_err(broken)? else {
				break;
			};
			if !chain.block(&mut stage, (codes, judge), past, (at, block))? {
				break;
			}
			if is_last {
				chain.finish(&mut control, &mut stage, judge, at)?;
			}
			let after = at.saturating_sub(first).saturating_add(1) as u32;
			// In the middle of a migration the rehearsal has shown the way back already.
			if chain.settled && BACK_AFTER.contains(&after) {
				chain.go_back(&mut stage, codes, (&before, judge.before), after)?;
			}
		}
	}
	Ok((chain.blocks, chain.ways))
}

fn not_run(block: &Planned) -> Continued {
	Continued {
		leaf: ContinuousLeaf {
			number: *block.header.number(),
			run: None,
		},
		lines: Vec::new(),
		undeclared: Vec::new(),
		reason: None,
	}
}

fn not_gone(leaf: RollbackLeaf) -> WentBack {
	WentBack {
		leaf,
		remarks: Vec::new(),
		reason: None,
	}
}

fn broken(trap: Trap) -> Error {
	Error::Backend(trap.0)
}

/// The current code with another hash: a switch to it shows what any switch does to history, and what is nobody's doing.
fn twin_of(bytes: &[u8]) -> Result<(Code, Vec<u8>), Error> {
	const NAME: &[u8] = b"airlock-twin";
	let wasm = sp_maybe_compressed_blob::decompress(bytes, CODE_BLOB_BOMB_LIMIT);
	let mut twin = wasm.map_err(|e| Error::Code(e.to_string()))?.to_vec();
	// A custom section with nothing but a name, at the end.
	let len = NAME.len() as u8;
	twin.extend([0, len.saturating_add(1), len]);
	twin.extend_from_slice(NAME);
	let hash = H256(blake2_256(&twin));
	Ok((Code { hash }, twin))
}

/// What a block of history did under the control.
struct ControlBlock {
	past: Vec<Past>,
	/// `System.BlockWeight` when it was initialized.
	weight: Option<Vec<u8>>,
	header: Header,
}

/// Builds a block of history on the control's own state. `None` if it does not end.
fn control_block<S: StateBackend<crate::Hasher>>(
	bench: &mut Workbench<S>,
	code: Code,
	header: &Header,
	extrinsics: Vec<OpaqueExtrinsic>,
) -> Result<Option<ControlBlock>, Trap> {
	let started = bench.initialize(code, &unbuilt(header));
	bench.intact()?;
	if started.is_err() {
		return Ok(None);
	}
	let weight = bench.get(&system_key(b"BlockWeight"))?;
	let mut past = Vec::new();
	for (index, extrinsic) in (0u32..).zip(extrinsics) {
		let run = bench.apply(code, &extrinsic.encode(), Memo::Record(None))?;
		past.push(Past {
			extrinsic,
			index,
			run,
			late: false,
		});
	}
	let end = bench.finalize(code);
	bench.intact()?;
	Ok(end.ok().map(|header| ControlBlock {
		past,
		weight,
		header,
	}))
}

/// An extrinsic of history with what it did under the control.
struct Past {
	extrinsic: OpaqueExtrinsic,
	/// Its index in its own block.
	index: u32,
	run: ExtrinsicRun,
	/// True if a migration held it up, so that it runs in another block than in history.
	late: bool,
}

/// What was found so far.
#[derive(Default)]
struct Continuation {
	blocks: Vec<Continued>,
	ways: Vec<WentBack>,
	/// True once the candidate has taken transactions.
	settled: bool,
	/// Extrinsics that a migration holds up.
	held: Vec<Past>,
	/// True if there were some.
	was_held: bool,
	/// True after the first extrinsic with another result.
	tainted: bool,
}

impl Continuation {
	/// Runs one block under the candidate. False if it did not end.
	fn block<S: StateBackend<crate::Hasher>>(
		&mut self,
		stage: &mut Stage<S>,
		(codes, judge): (&Codes, &Judge),
		control: ControlBlock,
		(at, block): (usize, &Planned),
	) -> Result<bool, Error> {
		let ControlBlock {
			past,
			weight,
			header: expected,
		} = control;
		let (header, code) = (unbuilt(&block.header), codes.candidate.0);
		let (done, end) = self
			.attempt(&mut stage.bench, code, &header, weight, past)
			.map_err(broken)?;
		let mut classes = ClassCounts::default();
		let mut lines = Vec::new();
		for (past, run) in &done {
			let judged = judge.judge(&past.extrinsic.encode(), &past.run, run);
			let excused = self.tainted || past.late;
			let class = match excused && judged.class.is_regression() {
				true => ExtrinsicClass::Tainted,
				false => judged.class,
			};
			// Only what leaves other traces taints.
			let parts = past.run.applied != run.applied || judged.fee;
			self.tainted |= class.is_regression() || parts;
			classes.add(class);
			if class != ExtrinsicClass::Identical {
				lines.push(ExtrinsicLine::of(
					past.index,
					class,
					&past.run,
					run,
					judged.detail,
				));
			}
		}
		let mut undeclared = Vec::new();
		let (result, root, reason) = match end {
			Ok(header) => {
				if !self.tainted && consensus_logs(&header) != consensus_logs(&expected) {
					undeclared.push(DIGEST.to_owned());
				}
				(BlockResult::Complete, *header.state_root(), None)
			}
			Err((result, Trap(reason))) => (result, H256::zero(), Some(reason)),
		};
		stage.head = block.header.clone();
		stage.slot = crate::stage::slot_after(&block.header);
		stage.code = Some(code);
		let runs: Vec<ExtrinsicRun> = done.into_iter().map(|(_, run)| run).collect();
		let complete = result == BlockResult::Complete;
		// A block in which a migration takes no transactions says nothing of them.
		let says = self.settled || !complete;
		if let Some(entry) = self.blocks.get_mut(at).filter(|_| says) {
			entry.leaf.run = Some(ContinuousRun {
				result,
				root,
				classes,
				outcomes: replay::outcomes(&runs),
				items_undeclared: undeclared.len() as u32,
			});
			(entry.lines, entry.reason) = (lines, reason);
			entry.undeclared = undeclared;
		}
		Ok(complete)
	}

	/// Builds a block of history. What does not fit in front of a migration is held.
	fn attempt<S: StateBackend<crate::Hasher>>(
		&mut self,
		bench: &mut Workbench<S>,
		code: Code,
		header: &Header,
		weight: Option<Vec<u8>>,
		own: Vec<Past>,
	) -> Result<(Vec<(Past, ExtrinsicRun)>, Result<Header, Stop>), Trap> {
		let mode = match bench.initialize(code, header) {
			Ok(mode) => mode,
			Err(stop) => {
				bench.intact()?;
				return Ok((Vec::new(), Err(stop)));
			}
		};
		// History's blocks had no migration in them: what it takes is given back.
		bench.set(system_key(b"BlockWeight"), weight);
		let inherents = own.iter().take_while(|past| is_bare(&past.extrinsic));
		let inherents = inherents.count();
		let mut now: Vec<Past> = own;
		let rest = now.split_off(inherents);
		let mut refused = Vec::new();
		match mode {
			ExtrinsicInclusionMode::AllExtrinsics => {
				self.settled = true;
				now.append(&mut self.held);
				now.extend(rest);
			}
			// Once it took transactions there is no migration that could hold them up.
			ExtrinsicInclusionMode::OnlyInherents if self.settled => refused = rest,
			ExtrinsicInclusionMode::OnlyInherents => {
				self.was_held |= !rest.is_empty();
				let late = rest.into_iter().map(|past| Past { late: true, ..past });
				self.held.extend(late);
			}
		}
		let mut done = Vec::new();
		for past in now {
			let memo = memo_of(&past.run);
			let run = bench.apply(code, &past.extrinsic.encode(), memo)?;
			done.push((past, run));
		}
		let not_run = |past| (past, ExtrinsicRun::skipped(Applied::NotRun));
		done.extend(refused.into_iter().map(not_run));
		let end = bench.finalize(code);
		bench.intact()?;
		Ok((done, end))
	}

	/// After the last block: what a migration still holds up, and what of the state differs from the control's.
	fn finish<S: StateBackend<crate::Hasher>>(
		&mut self,
		control: &mut Stage<S>,
		stage: &mut Stage<S>,
		judge: &Judge,
		at: usize,
	) -> Result<(), Error> {
		let held = self.held.len();
		let differing = match self.tainted || self.was_held {
			true => Vec::new(),
			false => differing(control, stage, judge).map_err(broken)?,
		};
		let entry = self.blocks.get_mut(at);
		if let Some((entry, run)) = entry.and_then(|e| e.leaf.run.map(|run| (e, run))) {
			let mut run = run;
			for _ in 0..held {
				run.classes.add(ExtrinsicClass::Deferred);
			}
			entry.undeclared.extend(differing);
			run.items_undeclared = entry.undeclared.len() as u32;
			entry.leaf.run = Some(run);
		}
		Ok(())
	}

	/// Tries each way back, and undoes it.
	fn go_back<S: StateBackend<crate::Hasher>>(
		&mut self,
		stage: &mut Stage<S>,
		codes: &Codes,
		before: (&Scan, Option<&Metadata>),
		after: u32,
	) -> Result<(), Error> {
		let previous = stage.stored_code().map_err(broken)?;
		let turn = self.ways.iter_mut().filter(|way| way.leaf.after == after);
		for way in turn {
			let to = match way.leaf.way {
				Way::Dedicated => codes.rollback,
				Way::Previous => Some((codes.current, &previous[..])),
			};
			if let Some((code, bytes)) = to {
				let done = try_way(stage, code, bytes, before).map_err(broken)?;
				let (run, remarks, reason) = done;
				way.leaf.run = Some(run);
				(way.remarks, way.reason) = (remarks, reason);
			}
		}
		Ok(())
	}
}

/// Storage items that two forks leave otherwise, and nobody declared.
fn differing<S: StateBackend<crate::Hasher>>(
	control: &mut Stage<S>,
	stage: &mut Stage<S>,
	judge: &Judge,
) -> Result<Vec<String>, Trap> {
	let mut keys: BTreeSet<Vec<u8>> = control.bench.written().into_keys().collect();
	keys.extend(stage.bench.written().into_keys());
	let mut items = BTreeSet::<Item>::new();
	for key in keys {
		let item = item_to_compare(&key).filter(|_| version_of(&key).is_none());
		if let Some(item) = item {
			if control.bench.get(&key)? != stage.bench.get(&key)? {
				items.insert(item);
			}
		}
	}
	Ok(undeclared_items(items.iter(), judge, false))
}

fn try_way<S: StateBackend<crate::Hasher>>(
	stage: &mut Stage<S>,
	code: Code,
	bytes: &[u8],
	before: (&Scan, Option<&Metadata>),
) -> Result<(RollbackRun, Vec<String>, Option<String>), Trap> {
	let now = (stage.head.clone(), stage.slot, stage.code);
	stage.bench.start();
	let metadata = stage.metadata(code);
	stage.write_code(bytes);
	let settled = stage.settle_and_go_on(code, metadata.as_ref())?;
	let (result, reason) = match settled.stop {
		Some((result, Trap(reason))) => (result, Some(reason)),
		None => (BlockResult::Complete, None),
	};
	let works = settled.settled && result == BlockResult::Complete;
	let mut run = RollbackRun {
		result,
		settled: settled.settled,
		root: H256::zero(),
		undecodable: 0,
		orphaned: 0,
	};
	let mut remarks = Vec::new();
	if works {
		let scan = Scan::of(&mut stage.bench, metadata.as_ref())?;
		let (leaf, named) = scan.leaf(Blob::Rollback, metadata.as_ref(), Some(before));
		run.root = *stage.head.state_root();
		(run.undecodable, run.orphaned) = (leaf.undecodable, leaf.orphaned);
		remarks = named;
	}
	stage.bench.undo()?;
	(stage.head, stage.slot, stage.code) = now;
	Ok((run, remarks, reason))
}

impl<S: StateBackend<crate::Hasher>> Stage<'_, S> {
	/// The code that was there before anything was done.
	fn stored_code(&self) -> Result<Vec<u8>, Trap> {
		let code = self.bench.stored(well_known_keys::CODE)?;
		Ok(code.unwrap_or_default())
	}
}
