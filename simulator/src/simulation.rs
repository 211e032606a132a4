//! One simulation, step by step.

use crate::{
	blob::{self, Inspected, Replaced},
	continuous::{self, Codes},
	effects::Effects,
	enactment::{self, Rehearsed, Step},
	executor::{engine_hash, Code, Executor},
	metadata::Metadata,
	outcome::{Found, Outcome, Timings},
	replay::{header_of, load_from, plan, replay_block, Planned, Replayed},
	state_at, stress,
	traffic::Judge,
	Block, Error, Header, Input, Observer, Part,
};
use airlock_report::{
	leaf::{Blob, BlockResult},
	PalletSet, SimConfig, SCHEMA,
};
use codec::{DecodeAll, Encode};
use rayon::prelude::*;
use sc_client_api::Backend;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_crypto_hashing::{blake2_128, blake2_256};
use sp_runtime::traits::Header as _;
use std::{
	ops::Range,
	time::{Duration, Instant},
};

/// Blocks that are kept together.
const KEPT: u32 = 8;

/// All that is known before anything new is run: every code is compiled, so that threads only look them up.
pub(crate) struct Simulation<'a, B> {
	backend: &'a B,
	input: &'a Input,
	observer: &'a dyn Observer,
	effects: Effects,
	executor: Executor,
	genesis: H256,
	anchor: Header,
	current: Code,
	/// What the current code says of itself.
	replaced: Replaced,
	/// What the candidate says of itself.
	candidate_says: Option<Metadata>,
	/// The candidate, then the rollback if there is one.
	blobs: Vec<Inspected>,
	/// The range, oldest block first.
	planned: Vec<Planned>,
	took: Duration,
}

impl<'a, B: Backend<Block>> Simulation<'a, B> {
	pub(crate) fn prepare(
		backend: &'a B,
		input: &'a Input,
		observer: &'a dyn Observer,
	) -> Result<Self, Error> {
		let started = Instant::now();
		observer.begin("compiling", 1);
		let effects = Effects::read(&input.effects).map_err(Error::Effects)?;
		let executor = Executor::with_cache(input.cache.clone());
		let info = backend.blockchain().info();
		let anchor_hash = input.anchor.unwrap_or(info.finalized_hash);
		let anchor = header_of(backend, anchor_hash)?;
		let (current, version) = load_from(&state_at(backend, anchor_hash)?, &executor)?;
		let metadata = blob::describe(&executor, current);
		let replaced = Replaced { version, metadata };
		let blobs = inspect_blobs(&executor, input, &replaced);
		let planned = plan(backend, &executor, &anchor, input.blocks, current.hash)?;
		observer.step();
		let candidate = Code {
			hash: H256(blake2_256(&input.candidate)),
			..current
		};
		Ok(Self {
			backend,
			input,
			observer,
			effects,
			genesis: info.genesis_hash,
			anchor,
			current,
			replaced,
			candidate_says: blob::describe(&executor, candidate),
			executor,
			blobs,
			planned,
			took: started.elapsed(),
		})
	}

	/// Does it all.
	pub(crate) fn run(self) -> Result<Outcome, Error> {
		let started = Instant::now();
		let (switches, scope) = self.rehearse()?;
		let rehearsal = started.elapsed();
		let judge = self.judge();
		let ends = Self::admits(&switches);
		let mut leaves = switches.iter().map(|done| &done.leaf);
		let works = leaves.any(|leaf| leaf.to == Blob::Candidate && leaf.works());
		let (codes, executor) = (self.codes(), &self.executor);
		let go_on =
			|| continuous::go_on(self.backend, executor, &self.planned, &codes, &judge, ends);
		let range = (&self.anchor, &self.planned[..]);
		let stress = || stress::stress(self.backend, executor, range, &codes, &judge, works);
		let replay = || self.replay(self.chunks().collect(), ends, &judge);
		let (blocks, (went_on, stress)) = rayon::join(replay, || rayon::join(go_on, stress));
		let (continued, ways) = went_on?;
		let timings = Timings {
			prepare: self.took,
			rehearsal,
			replay: started.elapsed().saturating_sub(rehearsal),
		};
		let (config, stress, blocks) = (self.config(scope), stress?, blocks?);
		let found = Found {
			blobs: self.blobs,
			switches,
			blocks,
			continued,
			ways,
			stress,
		};
		Ok(Outcome::new(config, self.replaced.version, found, timings))
	}

	/// Replays what begins in a part of the range.
	pub(crate) fn run_part(&self, part: Range<u32>) -> Result<Part, Error> {
		let (switches, _) = self.rehearse()?;
		let ends = Self::admits(&switches);
		let begins = |chunk: &&[Planned]| {
			let first = chunk.first().map(|block| *block.header.number());
			first.is_some_and(|number| part.contains(&number))
		};
		let chunks = self.chunks().filter(begins).collect();
		let started = Instant::now();
		let replayed = self.replay(chunks, ends, &self.judge())?;
		Ok(Part {
			blocks: replayed.len() as u32,
			took: started.elapsed(),
			control: replayed.iter().map(|block| block.control_time).sum(),
			candidate: replayed.iter().map(|block| block.candidate_time).sum(),
		})
	}

	fn judge(&self) -> Judge<'_> {
		Judge {
			before: self.replaced.metadata.as_ref(),
			after: self.candidate_says.as_ref(),
			effects: &self.effects,
		}
	}

	/// The candidate, with the heap of the current code.
	fn candidate(&self) -> Code {
		Code {
			hash: H256(blake2_256(&self.input.candidate)),
			..self.current
		}
	}

	fn codes(&self) -> Codes<'_> {
		let rollback = self.blobs.get(1).map(|blob| Code {
			hash: blob.hash,
			..self.current
		});
		Codes {
			current: self.current,
			candidate: (self.candidate(), &self.input.candidate),
			rollback: rollback.zip(self.input.rollback.as_deref()),
		}
	}

	/// The switches up to the first that fails, held against the dossier, and the declared scope.
	fn rehearse(&self) -> Result<(Vec<Rehearsed>, PalletSet), Error> {
		self.observer.begin("rehearsing", 1);
		let mut steps = vec![Step {
			to: Blob::Current,
			code: self.current,
			bytes: None,
		}];
		let codes = self.codes();
		let (candidate, bytes) = codes.candidate;
		let blobs = [
			(Blob::Candidate, Some((candidate, bytes))),
			(Blob::Rollback, codes.rollback),
		];
		steps.extend(blobs.into_iter().filter_map(|(to, code)| {
			let (code, bytes) = code?;
			Some(Step {
				to,
				code,
				bytes: Some(bytes),
			})
		}));
		let state = state_at(self.backend, self.anchor.hash())?;
		let rehearsed =
			enactment::rehearse(&state, &self.executor, &self.anchor, &steps, &self.effects);
		let mut rehearsed = rehearsed.map_err(|trap| Error::Backend(trap.0))?;
		let scope = hold_against_dossier(&mut rehearsed, self.input);
		self.observer.step();
		Ok((rehearsed, scope))
	}

	/// True if the candidate is to be run on history: each call of an endless one would take seconds.
	fn admits(switches: &[Rehearsed]) -> bool {
		switches
			.iter()
			.any(|done| done.leaf.to == Blob::Candidate && done.leaf.result != BlockResult::Endless)
	}

	/// The range in parts that every simulator cuts alike.
	fn chunks(&self) -> impl Iterator<Item = &[Planned]> {
		let part_of = |block: &Planned| block.header.number() / KEPT;
		self.planned
			.chunk_by(move |block, next| part_of(block) == part_of(next))
	}

	fn replay(
		&self,
		chunks: Vec<&[Planned]>,
		ends: bool,
		judge: &Judge,
	) -> Result<Vec<Replayed>, Error> {
		let blocks = chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
		self.observer.begin("replaying", blocks as u32);
		let chunks = chunks.into_par_iter();
		let replayed = chunks.map(|chunk| self.replay_chunk(chunk, ends, judge));
		let replayed: Vec<Vec<Replayed>> = replayed.collect::<Result<_, _>>()?;
		Ok(replayed.into_iter().flatten().collect())
	}

	fn replay_chunk(
		&self,
		chunk: &[Planned],
		ends: bool,
		judge: &Judge,
	) -> Result<Vec<Replayed>, Error> {
		let name = self.name_of(chunk, ends);
		let kept = self.observer.recall(&name);
		if let Some(kept) = kept.and_then(|bytes| Vec::decode_all(&mut &bytes[..]).ok()) {
			chunk.iter().for_each(|_| self.observer.step());
			return Ok(kept);
		}
		let candidate = ends.then(|| self.candidate().hash);
		let replayed = chunk.par_iter().map(|block| {
			let replayed = replay_block(self.backend, &self.executor, block, candidate, judge);
			self.observer.step();
			replayed
		});
		let replayed: Vec<Replayed> = replayed.collect::<Result<_, _>>()?;
		self.observer.keep(&name, &replayed.encode());
		Ok(replayed)
	}

	/// Names a part of the range by all that its leaves depend on.
	fn name_of(&self, chunk: &[Planned], ends: bool) -> String {
		let blocks: Vec<H256> = chunk.iter().map(|block| block.hash).collect();
		let number = chunk.first().map_or(0, |block| *block.header.number());
		let codes = (self.current.hash, self.candidate().hash, ends);
		let all = (
			engine_hash(),
			self.genesis,
			codes,
			self.effects.hash,
			blocks,
		);
		format!("{number:08}-{}", hex::encode(all.using_encoded(blake2_128)))
	}

	fn config(&self, scope: PalletSet) -> SimConfig {
		SimConfig {
			schema: SCHEMA,
			genesis: self.genesis,
			parent_code: self.current.hash,
			candidate: self.candidate().hash,
			rollback: self.blobs.get(1).map(|blob| blob.hash),
			anchor: *self.anchor.number(),
			anchor_hash: self.anchor.hash(),
			blocks: self.input.blocks,
			scope,
			effects: self.effects.hash,
			minted: self.input.minted,
			engine: engine_hash(),
		}
	}
}

/// The candidate, then the rollback if there is one.
fn inspect_blobs(executor: &Executor, input: &Input, current: &Replaced) -> Vec<Inspected> {
	let candidate = blob::inspect(executor, Blob::Candidate, &input.candidate, Some(current));
	let code = Code {
		hash: candidate.hash,
	};
	let replaced = candidate.version.clone().map(|version| Replaced {
		version,
		metadata: blob::describe(executor, code),
	});
	let rollback = input
		.rollback
		.as_ref()
		.map(|bytes| blob::inspect(executor, Blob::Rollback, bytes, replaced.as_ref()));
	std::iter::once(candidate).chain(rollback).collect()
}

/// Counts what lies outside of the declared scope and the declared issuance, and returns the scope. Without a declared one
/// everything is inside.
fn hold_against_dossier(rehearsed: &mut [Rehearsed], input: &Input) -> PalletSet {
	let found = rehearsed.iter().flat_map(|done| done.leaf.touched.iter());
	let scope = input.scope.unwrap_or_else(|| found.collect());
	for done in rehearsed {
		done.leaf.outside_scope = done.leaf.outside(&scope);
		done.leaf.excess = done.leaf.beyond(input.minted);
	}
	scope
}
