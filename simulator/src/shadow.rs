//! Shadow mode: the blocks of a running node under a candidate, one by one.

use crate::{
	blob::describe,
	effects::Effects,
	executor::{Code, Executor},
	metadata::Metadata,
	replay::{header_of, load_from, plan_block, replay_block, Replayed},
	state_at,
	traffic::Judge,
	Block, Error,
};
use sc_client_api::Backend;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use sp_runtime::traits::Header as _;

/// Compares a candidate with the code that builds the blocks. It has its own executor, and only reads the backend; the
/// candidate is stopped if it does not end.
pub struct Shadow {
	effects: Effects,
	executor: Executor,
	candidate: H256,
	after: Option<Metadata>,
	/// The code of the last block, and what it says of itself.
	current: Option<(Code, Option<Metadata>)>,
}

impl Shadow {
	/// Compiles the candidate, as it would be written to `:code`. `effects` is the manifest of expected effects.
	///
	/// # Errors
	/// [`Error::Effects`], [`Error::Candidate`].
	pub fn new(candidate: &[u8], effects: &[u8]) -> Result<Self, Error> {
		let effects = Effects::read(effects).map_err(Error::Effects)?;
		let executor = Executor::default();
		let hash = H256(blake2_256(candidate));
		let loaded = executor.load_metered(hash, candidate);
		loaded.map_err(Error::Candidate)?;
		let code = Code { hash };
		Ok(Self {
			after: describe(&executor, code),
			effects,
			executor,
			candidate: hash,
			current: None,
		})
	}

	/// blake2-256 of the candidate.
	pub fn candidate(&self) -> H256 {
		self.candidate
	}

	/// Executes a block that the node has under both codes. Needs a thread with [`crate::THREAD_STACK`] bytes of stack.
	///
	/// # Errors
	/// [`Error`] if the database lacks something. Whatever the candidate does is in the answer.
	pub fn block<B: Backend<Block>>(&mut self, backend: &B, hash: H256) -> Result<Replayed, Error> {
		let header = header_of(backend, hash)?;
		let parent = header_of(backend, *header.parent_hash())?;
		let state = state_at(backend, *header.parent_hash())?;
		let (current, _) = load_from(&state, &self.executor)?;
		let known = self.current.take().filter(|(code, _)| *code == current);
		let known = known.unwrap_or_else(|| (current, describe(&self.executor, current)));
		let (_, before) = self.current.insert(known);
		let judge = Judge {
			before: before.as_ref(),
			after: self.after.as_ref(),
			effects: &self.effects,
		};
		let planned = plan_block(backend, &self.executor, header, &parent, current.hash)?;
		replay_block(
			backend,
			&self.executor,
			&planned,
			Some(self.candidate),
			&judge,
		)
	}
}
