//! Section Stress: made-up extrinsics, each under the current code some blocks after the anchor, and under the candidate as many
//! blocks after the switch. What they are follows from the candidate and the anchor, so its author cannot choose them.
//!
//! Who sends them sent something before: the signature of then is accepted once more, as in the replay.

use crate::{
	bench::{ExtrinsicRun, Trap},
	continuous::Codes,
	executor::{Code, Executor},
	generate::Generator,
	memo::Memo,
	metadata::{Callable, Metadata, Signed},
	replay::{self, memo_of, outcomes, ExtrinsicLine, Planned},
	stage::{Stage, AFTER},
	state_at,
	traffic::Judge,
	Block, Error, Header,
};
use airlock_report::{
	leaf::{stress_of, ClassCounts, Stress, BATCHES},
	ExtrinsicClass, StressLeaf,
};
use codec::{Compact, Encode};
use sc_client_api::Backend;
use sp_crypto_hashing::blake2_256;
use sp_state_machine::Backend as StateBackend;

/// Cases of a batch.
const CASES: u32 = 64;
/// Newest blocks that are searched for senders and extrinsics.
const SEARCHED: usize = 64;
/// Most senders.
const SENDERS: usize = 8;
/// Most extrinsics of history that are broken.
const EXTRINSICS: usize = 64;
/// Longest arguments of a call, in bytes.
const LONGEST: usize = 4 * 1024;
/// Bytes of a remark that fills a block: no block takes as many as a batch has.
const REMARK: usize = 256 * 1024;
/// Most extrinsics of a batch that are shown to humans.
const SHOWN: usize = 8;
/// What seeds are hashed with. No prefix of another hash of Airlock begins with it, nor it with one of them.
const DOMAIN: &[u8] = b"airlock/stress/v1";

/// A batch of cases.
#[derive(Clone, Debug)]
pub struct Stressed {
	/// What is committed to.
	pub leaf: StressLeaf,
	/// Some of the cases with another result, with the call that they make.
	pub lines: Vec<(String, ExtrinsicLine)>,
}

/// Somebody who sent an extrinsic.
struct Sender {
	signed: Signed,
	memo: Memo,
	nonce: u32,
}

impl Sender {
	/// An extrinsic with another call.
	fn send(&self, call: &[u8], nonce: u32) -> Vec<u8> {
		let mut bytes = self.signed.head.clone();
		for (name, value) in &self.signed.extensions {
			match name.as_str() {
				// Immortal: the block that the old one was bound to may be forgotten.
				"CheckMortality" | "CheckEra" => bytes.push(0),
				"CheckNonce" => Compact(nonce).encode_to(&mut bytes),
				_ => bytes.extend_from_slice(value),
			}
		}
		bytes.extend_from_slice(call);
		bytes.encode()
	}
}

/// Where cases come from.
struct Source<'a> {
	metadata: &'a Metadata,
	calls: Vec<Callable<'a>>,
	senders: Vec<Sender>,
	accounts: Vec<Vec<u8>>,
	/// Encoded extrinsics of history, with the signatures that were accepted.
	extrinsics: Vec<(Vec<u8>, Memo)>,
}

struct Case {
	call: String,
	bytes: Vec<u8>,
	memo: Memo,
}

/// Runs all batches; `works` is false for a candidate whose switch does not work.
pub(crate) fn stress<B: Backend<Block>>(
	backend: &B,
	executor: &Executor,
	(anchor, planned): (&Header, &[Planned]),
	codes: &Codes,
	judge: &Judge,
	works: bool,
) -> Result<Vec<Stressed>, Error> {
	let none = (0..BATCHES).map(|batch| Stressed {
		leaf: StressLeaf::empty(batch),
		lines: Vec::new(),
	});
	let mut batches: Vec<Stressed> = none.collect();
	let (Some(before), Some(after)) = (judge.before, judge.after) else {
		return Ok(batches);
	};
	if !works {
		return Ok(batches);
	}
	let state = state_at(backend, anchor.hash())?;
	let mut pair = Pair::start(&state, executor, anchor, codes, after)
		.map_err(|trap| Error::Backend(trap.0))?;
	let source = Source::of(backend, executor, planned, before, pair.as_mut())?;
	if pair.is_none() {
		// The current code comes so far: the rehearsal has shown that it builds blocks.
		if let Some(first) = batches.first_mut() {
			first.leaf.classes.add(ExtrinsicClass::NotRun);
		}
	}
	if let Some(pair) = &mut pair {
		for batch in &mut batches {
			let seed = (
				DOMAIN,
				codes.candidate.0.hash,
				anchor.hash(),
				batch.leaf.batch,
			);
			let cases = source.cases(
				batch.leaf.batch,
				batch.leaf.of,
				seed.using_encoded(blake2_256),
			);
			pair.run(batch, &cases, judge)
				.map_err(|trap| Error::Backend(trap.0))?;
		}
	}
	Ok(batches)
}

/// A started block under each code.
struct Pair<'a, S> {
	old: Stage<'a, S>,
	new: Stage<'a, S>,
	current: Code,
	candidate: Code,
}

impl<'a, S: StateBackend<crate::Hasher>> Pair<'a, S> {
	/// As many blocks after the anchor under both codes. `None` if one of them does not come so far.
	fn start(
		state: &'a S,
		executor: &'a Executor,
		anchor: &Header,
		codes: &Codes,
		after: &Metadata,
	) -> Result<Option<Self>, Trap> {
		let (current, (candidate, bytes)) = (codes.current, codes.candidate);
		let mut new = Stage::new(state, executor, anchor);
		new.code = Some(current);
		new.write_code(bytes);
		let settled = new.settle_and_go_on(candidate, Some(after))?;
		let mut old = Stage::new(state, executor, anchor);
		let mut built = settled.settled && settled.stop.is_none();
		for _ in 0..settled.blocks.saturating_add(AFTER) {
			built = built && old.build_block(current)?.is_ok();
		}
		built = built && old.open_block(current).is_ok() && new.open_block(candidate).is_ok();
		old.bench.intact()?;
		new.bench.intact()?;
		Ok(built.then_some(Self {
			old,
			new,
			current,
			candidate,
		}))
	}

	fn run(&mut self, batch: &mut Stressed, cases: &[Case], judge: &Judge) -> Result<(), Trap> {
		let mut classes = ClassCounts::default();
		let (mut before, mut after) = (Vec::new(), Vec::new());
		self.old.bench.start();
		self.new.bench.start();
		for (index, case) in (0u32..).zip(cases) {
			let old = try_one(&mut self.old, self.current, batch.leaf.of, case)?;
			let new = try_one(&mut self.new, self.candidate, batch.leaf.of, case)?;
			let judged = judge.judge(&case.bytes, &old, &new);
			classes.add(judged.class);
			if judged.class != ExtrinsicClass::Identical && batch.lines.len() < SHOWN {
				let line = ExtrinsicLine::of(index, judged.class, &old, &new, judged.detail);
				batch.lines.push((case.call.clone(), line));
			}
			before.push(old);
			after.push(new);
		}
		self.old.bench.intact()?;
		self.new.bench.intact()?;
		self.old.bench.undo()?;
		self.new.bench.undo()?;
		batch.leaf.classes = classes;
		batch.leaf.before = outcomes(&before);
		batch.leaf.after = outcomes(&after);
		Ok(())
	}
}

/// One case under one code.
fn try_one<S: StateBackend<crate::Hasher>>(
	stage: &mut Stage<S>,
	code: Code,
	of: Stress,
	case: &Case,
) -> Result<ExtrinsicRun, Trap> {
	let memo = case.memo.clone();
	match of {
		Stress::Malformed | Stress::Calls => stage.bench.try_out(code, &case.bytes, memo),
		Stress::Pool => stage.bench.validate(code, &case.bytes, memo),
		Stress::Filling => stage.bench.apply(code, &case.bytes, memo),
	}
}

impl<'a> Source<'a> {
	/// Searches history, newest first.
	fn of<B: Backend<Block>>(
		backend: &B,
		executor: &Executor,
		planned: &[Planned],
		metadata: &'a Metadata,
		pair: Option<&mut Pair<B::State>>,
	) -> Result<Self, Error> {
		let mut source = Self {
			metadata,
			calls: metadata.callable(),
			senders: Vec::new(),
			accounts: Vec::new(),
			extrinsics: Vec::new(),
		};
		for block in planned.iter().rev().filter(|b| b.compare).take(SEARCHED) {
			let is_enough = source.senders.len() >= SENDERS;
			if is_enough && source.extrinsics.len() >= EXTRINSICS {
				break;
			}
			let (extrinsics, control) = replay::control(backend, executor, block)?;
			for (extrinsic, run) in extrinsics.iter().zip(&control.extrinsics) {
				source.see(extrinsic.encode(), run);
			}
		}
		if let Some(pair) = pair {
			for sender in &mut source.senders {
				sender.nonce = pair.nonce_of(&sender.signed.account);
			}
		}
		Ok(source)
	}

	fn see(&mut self, bytes: Vec<u8>, run: &ExtrinsicRun) {
		let signed = self.metadata.signed(&bytes);
		if self.extrinsics.len() < EXTRINSICS {
			self.extrinsics.push((bytes, memo_of(run)));
		}
		let Some(signed) = signed.filter(|_| self.senders.len() < SENDERS) else {
			return;
		};
		if !self.accounts.contains(&signed.account) {
			self.accounts.push(signed.account.clone());
			self.senders.push(Sender {
				signed,
				memo: memo_of(run),
				nonce: 0,
			});
		}
	}

	fn cases(&self, batch: u32, of: Stress, seed: [u8; 32]) -> Vec<Case> {
		let mut generator = Generator::new(self.metadata.types(), &self.accounts, seed);
		match of {
			Stress::Malformed => self.malformed(&mut generator),
			Stress::Calls | Stress::Pool => self.all_calls(batch, &mut generator),
			Stress::Filling => self.filling(&mut generator),
		}
	}

	fn malformed(&self, generator: &mut Generator) -> Vec<Case> {
		let broken = (0..CASES).filter_map(|_| {
			let (bytes, memo) = generator.pick(&self.extrinsics)?;
			Some(Case {
				call: "broken bytes".into(),
				bytes: generator.malformed(bytes),
				memo: memo.clone(),
			})
		});
		broken.collect()
	}

	/// One call after the other, so that none is left out by chance.
	fn all_calls(&self, batch: u32, generator: &mut Generator) -> Vec<Case> {
		let of = stress_of(batch);
		let earlier = (0..batch).filter(|earlier| stress_of(*earlier) == of);
		let from = earlier.count().saturating_mul(CASES as usize);
		let turn = self
			.calls
			.iter()
			.cycle()
			.skip(from % self.calls.len().max(1));
		let cases = turn.take(CASES as usize);
		cases
			.filter_map(|callable| self.call(callable, generator))
			.collect()
	}

	fn call(&self, callable: &Callable, generator: &mut Generator) -> Option<Case> {
		let sender = generator.pick(&self.senders)?;
		let mut call = vec![callable.at.0, callable.at.1];
		call.extend(generator.arguments(callable.fields, LONGEST)?);
		let (pallet, name) = &callable.name;
		Some(Case {
			call: format!("{pallet}.{name}"),
			bytes: sender.send(&call, sender.nonce),
			memo: sender.memo.clone(),
		})
	}

	/// Remarks of one sender.
	fn filling(&self, generator: &mut Generator) -> Vec<Case> {
		let is_remark = |call: &&Callable| call.name == ("System".into(), "remark".into());
		let remark = self.calls.iter().find(is_remark);
		let Some((sender, remark)) = generator.pick(&self.senders).zip(remark) else {
			return Vec::new();
		};
		let mut call = vec![remark.at.0, remark.at.1];
		vec![0u8; REMARK].encode_to(&mut call);
		let nonces = (sender.nonce..).take(CASES as usize);
		let cases = nonces.map(|nonce| Case {
			call: "System.remark".into(),
			bytes: sender.send(&call, nonce),
			memo: sender.memo.clone(),
		});
		cases.collect()
	}
}

impl<S: StateBackend<crate::Hasher>> Pair<'_, S> {
	/// The number that an account's next transaction must have; 0 if the chain does not say.
	fn nonce_of(&mut self, account: &[u8]) -> u32 {
		let method = "AccountNonceApi_account_nonce";
		let answer = self.old.bench.ask(self.current, method, account);
		let nonce = answer.ok().and_then(|bytes| bytes.first_chunk().copied());
		u32::from_le_bytes(nonce.unwrap_or_default())
	}
}
