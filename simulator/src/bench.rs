//! A workbench: a state that is only read, changes on top of it, and runtimes that work on both.
//!
//! Blocks of history are built the way an author builds them (initialize, apply, finalize in one overlay) and never by
//! `Core_execute_block`, whose last checks compare with a header that other code wrote.

use crate::{
	executor::{self, Code, Executor},
	memo::{Memo, MemoExt, SharedMemo},
	Block, Hasher, Header,
};
use airlock_report::leaf::BlockResult;
use codec::{Compact, Decode, Encode};
use sp_core::{
	traits::{CallContext, ReadRuntimeVersionExt},
	H256,
};
use sp_crypto_hashing::{blake2_256, twox_128};
use sp_externalities::Extensions;
use sp_runtime::{
	transaction_validity::TransactionSource, ExtrinsicInclusionMode, OpaqueExtrinsic,
};
use sp_state_machine::{Backend, OverlayedChanges, StateMachine};
use std::collections::BTreeMap;

/// Longest reason kept for humans, in characters.
const REASON: usize = 400;

/// Why a runtime stopped. Never part of a leaf: it has addresses in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trap(pub(crate) String);

impl Trap {
	fn new(reason: impl ToString) -> Self {
		Self(reason.to_string().chars().take(REASON).collect())
	}

	/// How a block ended that trapped where it otherwise ends as `other`.
	pub(crate) fn or_endless(&self, other: BlockResult) -> BlockResult {
		if executor::is_exhausted(&self.0) {
			BlockResult::Endless
		} else {
			other
		}
	}
}

/// What applying an extrinsic gave.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub(crate) enum Applied {
	/// In the block; its call succeeded.
	Succeeded,
	/// In the block; its call failed with this encoded error.
	Failed(Vec<u8>),
	/// Not in the block, for this encoded reason.
	Refused(Vec<u8>),
	/// The runtime trapped.
	Trapped,
	/// Not tried: the runtime takes inherents only.
	Deferred,
	/// Not tried: the block could not be started.
	NotRun,
}

impl Applied {
	/// Reads an `ApplyExtrinsicResult` without knowing the runtime's errors.
	fn decode(bytes: &[u8]) -> Self {
		match bytes {
			[0, 0] => Self::Succeeded,
			[0, 1, error @ ..] => Self::Failed(error.to_vec()),
			[1, reason @ ..] => Self::Refused(reason.to_vec()),
			_ => Self::Trapped,
		}
	}

	/// True if the block has it.
	pub(crate) fn is_included(&self) -> bool {
		matches!(self, Self::Succeeded | Self::Failed(_))
	}
}

/// What one extrinsic did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExtrinsicRun {
	pub(crate) applied: Applied,
	/// Hash over the events it deposited, phases and topics included.
	pub(crate) events: H256,
	/// These events, encoded one after the other.
	pub(crate) deposited: Vec<u8>,
	/// What became of the memo.
	pub(crate) memo: Memo,
	/// Why it trapped.
	pub(crate) reason: Option<String>,
}

impl ExtrinsicRun {
	/// An extrinsic that was not tried.
	pub(crate) fn skipped(applied: Applied) -> Self {
		Self {
			applied,
			events: H256::zero(),
			deposited: Vec::new(),
			memo: Memo::Off,
			reason: None,
		}
	}
}

/// Where a block ended early, and why.
pub(crate) type Stop = (BlockResult, Trap);

/// `System`'s storage value of that name.
pub(crate) fn system_key(name: &[u8]) -> Vec<u8> {
	[twox_128(b"System"), twox_128(name)].concat()
}

/// A state, and what was done to it.
pub(crate) struct Workbench<'a, S> {
	state: &'a S,
	executor: &'a Executor,
	overlay: OverlayedChanges<Hasher>,
	extensions: Extensions,
	memo: SharedMemo,
	events_key: Vec<u8>,
	/// Why the state could not be read, if it could not.
	broken: Option<Trap>,
	/// True if calls get the heap of an import; authors have half of it.
	pub(crate) imports: bool,
	/// Bytes of this block's events that earlier extrinsics deposited.
	events_seen: usize,
	/// Events that the hooks at the beginning of this block deposited.
	pub(crate) hooks: Vec<u8>,
	/// What these were at each [`Self::start`] that is not undone.
	marks: Vec<usize>,
}

impl<'a, S: Backend<Hasher>> Workbench<'a, S> {
	/// Nothing is done to `state` yet, and nothing will ever be written to it.
	pub(crate) fn new(state: &'a S, executor: &'a Executor) -> Self {
		let memo = SharedMemo::default();
		let mut extensions = Extensions::new();
		extensions.register(MemoExt(memo.clone()));
		extensions.register(ReadRuntimeVersionExt::new(executor.clone()));
		Self {
			state,
			executor,
			overlay: Default::default(),
			extensions,
			memo,
			events_key: system_key(b"Events"),
			broken: None,
			imports: true,
			events_seen: 0,
			hooks: Vec::new(),
			marks: Vec::new(),
		}
	}

	/// Fails if the database failed in some call: whatever the calls gave is nobody's doing then.
	pub(crate) fn intact(&self) -> Result<(), Trap> {
		self.broken.clone().map_or(Ok(()), Err)
	}

	/// Calls a runtime function. Whether the database failed is asked of [`Self::intact`].
	pub(crate) fn call(&mut self, code: Code, method: &str, data: &[u8]) -> Result<Vec<u8>, Trap> {
		let answer = self.machine_call(code, method, data);
		let broken = answer.as_ref().err();
		self.broken = self
			.broken
			.take()
			.or(broken.filter(|trap| executor::is_broken(&trap.0)).cloned());
		answer
	}

	fn machine_call(&mut self, code: Code, method: &str, data: &[u8]) -> Result<Vec<u8>, Trap> {
		StateMachine::new(
			self.state,
			&mut self.overlay,
			self.executor,
			method,
			data,
			&mut self.extensions,
			&code.runtime_code(),
			CallContext::Onchain {
				import: self.imports,
			},
		)
		.execute()
		.map_err(Trap::new)
	}

	/// Calls a runtime function and drops what it changed.
	pub(crate) fn ask(&mut self, code: Code, method: &str, data: &[u8]) -> Result<Vec<u8>, Trap> {
		self.start();
		let answer = self.call(code, method, data);
		self.undo()?;
		answer
	}

	/// The state underneath.
	pub(crate) fn state(&self) -> &'a S {
		self.state
	}

	/// From here on all can be undone.
	pub(crate) fn start(&mut self) {
		self.marks.push(self.events_seen);
		self.overlay.start_transaction();
	}

	/// Undoes what was done since the last [`Self::start`].
	pub(crate) fn undo(&mut self) -> Result<(), Trap> {
		self.events_seen = self.marks.pop().unwrap_or_default();
		let undone = self.overlay.rollback_transaction();
		undone.map_err(|_| Trap::new("transactions unbalanced"))
	}

	/// The value of a key.
	pub(crate) fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Trap> {
		match self.overlay.storage(key) {
			Some(value) => Ok(value.map(<[u8]>::to_vec)),
			None => self.stored(key),
		}
	}

	/// The value of a key before anything was done.
	pub(crate) fn stored(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trap> {
		self.state.storage(key).map_err(Trap::new)
	}

	/// Sets a key.
	pub(crate) fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
		self.overlay.set_storage(key, value);
	}

	/// Every key of the main storage that was written, with its value now.
	pub(crate) fn written(&mut self) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
		self.overlay
			.changes_mut()
			.map(|(key, entry)| (key.clone(), entry.value().cloned()))
			.collect()
	}

	/// Everything that was written, for a test's own chain.
	#[cfg(test)]
	pub(crate) fn into_transaction(mut self) -> sp_state_machine::BackendTransaction<Hasher> {
		self.overlay
			.drain_storage_changes(self.state, sp_core::storage::StateVersion::V1)
			.expect("the state is in memory; qed")
			.transaction
	}

	/// Starts a block; hooks and migrations run.
	pub(crate) fn initialize(
		&mut self,
		code: Code,
		header: &Header,
	) -> Result<ExtrinsicInclusionMode, Stop> {
		let stop = |trap: Trap| (trap.or_endless(BlockResult::InitializeTrapped), trap);
		let answer = self
			.call(code, "Core_initialize_block", &header.encode())
			.map_err(stop)?;
		self.events_seen = 0;
		self.hooks = self.take_events();
		// Runtimes before version 5 of `Core` answer nothing.
		Ok(ExtrinsicInclusionMode::decode(&mut &answer[..]).unwrap_or_default())
	}

	/// Applies an encoded extrinsic; what it did is dropped unless the block has it.
	pub(crate) fn apply(
		&mut self,
		code: Code,
		extrinsic: &[u8],
		memo: Memo,
	) -> Result<ExtrinsicRun, Trap> {
		self.memo.replace(memo);
		self.overlay.start_transaction();
		let answer = self.call(code, "BlockBuilder_apply_extrinsic", extrinsic);
		let memo = self.memo.replace(Memo::Off);
		let (applied, reason) = match answer {
			Ok(bytes) => (Applied::decode(&bytes), None),
			Err(Trap(reason)) => (Applied::Trapped, Some(reason)),
		};
		let closed = match applied.is_included() {
			true => self.overlay.commit_transaction(),
			false => self.overlay.rollback_transaction(),
		};
		closed.map_err(|_| Trap::new("transactions unbalanced"))?;
		let deposited = self.take_events();
		Ok(ExtrinsicRun {
			applied,
			events: H256(blake2_256(&deposited)),
			deposited,
			memo,
			reason,
		})
	}

	/// Applies an encoded extrinsic, and undoes it.
	pub(crate) fn try_out(
		&mut self,
		code: Code,
		extrinsic: &[u8],
		memo: Memo,
	) -> Result<ExtrinsicRun, Trap> {
		self.start();
		let run = self.apply(code, extrinsic, memo);
		self.undo()?;
		run
	}

	/// What the transaction pool is told of an encoded extrinsic: refused, or, as in a failure, with these bytes.
	pub(crate) fn validate(
		&mut self,
		code: Code,
		extrinsic: &[u8],
		memo: Memo,
	) -> Result<ExtrinsicRun, Trap> {
		let mut question = TransactionSource::External.encode();
		question.extend_from_slice(extrinsic);
		H256::zero().encode_to(&mut question);
		self.memo.replace(memo);
		let answer = self.ask(
			code,
			"TaggedTransactionQueue_validate_transaction",
			&question,
		);
		self.memo.replace(Memo::Off);
		let (applied, reason) = match answer.as_deref() {
			// Behind the priority, which follows from the weight: what it needs, what it gives, how long and how far.
			Ok([0, rest @ ..]) => {
				let rest = rest.get(8..).unwrap_or_default();
				(Applied::Failed(rest.to_vec()), None)
			}
			Ok([1, reason @ ..]) => (Applied::Refused(reason.to_vec()), None),
			Ok(_) => (Applied::Trapped, None),
			Err(Trap(reason)) => (Applied::Trapped, Some(reason.clone())),
		};
		Ok(ExtrinsicRun {
			reason,
			..ExtrinsicRun::skipped(applied)
		})
	}

	/// Executes a whole block; what it did stays if it ended.
	pub(crate) fn execute(&mut self, code: Code, block: &Block) -> Result<(), Trap> {
		self.overlay.start_transaction();
		let done = self.call(code, "Core_execute_block", &block.encode());
		let closed = match done {
			Ok(_) => self.overlay.commit_transaction(),
			Err(_) => self.overlay.rollback_transaction(),
		};
		closed.map_err(|_| Trap::new("transactions unbalanced"))?;
		done.map(drop)
	}

	/// Ends a block.
	pub(crate) fn finalize(&mut self, code: Code) -> Result<Header, Stop> {
		let stop = |trap: Trap| (trap.or_endless(BlockResult::FinalizeTrapped), trap);
		let answer = self
			.call(code, "BlockBuilder_finalize_block", &[])
			.map_err(stop)?;
		Header::decode(&mut &answer[..]).map_err(|e| stop(Trap::new(e)))
	}

	/// All events of this block so far.
	pub(crate) fn events(&mut self) -> Vec<u8> {
		let encoded = self.overlay.storage(&self.events_key).flatten();
		strip_length(encoded.unwrap_or_default()).to_vec()
	}

	/// The events since the last time it was asked. `System.Events` is a vector that only grows
	/// within a block, so that its tail is what is new, whatever the type of an event is.
	fn take_events(&mut self) -> Vec<u8> {
		let encoded = self
			.overlay
			.storage(&self.events_key)
			.flatten()
			.unwrap_or_default();
		let events = strip_length(encoded);
		let new = events.get(self.events_seen..).unwrap_or_default().to_vec();
		self.events_seen = events.len();
		new
	}
}

/// The items of an encoded vector.
fn strip_length(mut encoded: &[u8]) -> &[u8] {
	match Compact::<u32>::decode(&mut encoded) {
		Ok(_) => encoded,
		Err(_) => &[],
	}
}

/// True for an extrinsic that nobody signed. The leading ones of a block are its inherents: no runtime says
/// which ones are.
pub(crate) fn is_bare(extrinsic: &OpaqueExtrinsic) -> bool {
	extrinsic
		.inner()
		.first()
		.is_some_and(|version| version & 0b1100_0000 == 0)
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::{
		transaction_validity::{InvalidTransaction, TransactionValidityError},
		ApplyExtrinsicResult, DispatchError, ModuleError,
	};
	use sp_state_machine::InMemoryBackend;

	#[test]
	fn results_are_read_as_the_runtime_encodes_them() {
		let decode = |result: ApplyExtrinsicResult| Applied::decode(&result.encode());
		let error = DispatchError::Module(ModuleError {
			index: 3,
			error: [1, 0, 0, 0],
			message: None,
		});
		let stale = TransactionValidityError::Invalid(InvalidTransaction::Stale);
		assert_eq!(decode(Ok(Ok(()))), Applied::Succeeded);
		assert_eq!(decode(Ok(Err(error))), Applied::Failed(error.encode()));
		assert_eq!(decode(Err(stale)), Applied::Refused(stale.encode()));
		assert_eq!(Applied::decode(&[]), Applied::Trapped);
	}

	#[test]
	fn events_are_split_at_what_was_seen() {
		let (state, executor) = (InMemoryBackend::<Hasher>::default(), Executor::new());
		let mut bench = Workbench::new(&state, &executor);
		let key = system_key(b"Events");
		let mut events: Vec<u64> = vec![1];
		bench.set(key.clone(), Some(events.encode()));
		assert_eq!(bench.take_events(), 1u64.encode());
		assert_eq!(bench.take_events(), Vec::<u8>::new());
		// From 64 items on the length takes two bytes.
		events.extend(2..70);
		bench.set(key, Some(events.encode()));
		let new: Vec<u8> = (2u64..70).flat_map(|n| n.encode()).collect();
		assert_eq!(bench.take_events(), new);
	}

	#[test]
	fn a_question_leaves_no_change() {
		let (state, executor) = (InMemoryBackend::<Hasher>::default(), Executor::new());
		let mut bench = Workbench::new(&state, &executor);
		bench.set(b"key".to_vec(), Some(b"value".to_vec()));
		let unknown = Code { hash: H256::zero() };
		assert!(bench.ask(unknown, "Core_version", &[]).is_err());
		assert_eq!(bench.get(b"key"), Ok(Some(b"value".to_vec())));
		assert_eq!(bench.stored(b"key"), Ok(None));
		assert_eq!(bench.written().len(), 1);
	}

	#[test]
	fn signed_and_general_extrinsics_are_not_bare() {
		let bare = |version: u8| is_bare(&OpaqueExtrinsic::from_blob(vec![version, 0]));
		assert!(bare(0x04) && bare(0x05));
		assert!(!bare(0x84) && !bare(0x45));
		assert!(!is_bare(&OpaqueExtrinsic::from_blob(vec![])));
	}
}
