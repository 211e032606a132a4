//! A fork of the chain that grows in memory: blocks with the runtime's own inherents and nothing else, as authors build and
//! others execute them, and switches of code as `system.set_code` leaves them.

use crate::{
	bench::{system_key, Applied, Stop, Trap, Workbench},
	executor::{Code, Executor},
	memo::Memo,
	metadata::{Metadata, Weight},
	Block, Hasher, Header,
};
use airlock_report::leaf::BlockResult;
use codec::{Decode, Encode};
use sp_consensus_aura::AURA_ENGINE_ID;
use sp_core::storage::well_known_keys;
use sp_inherents::InherentData;
use sp_runtime::{
	traits::Header as _, Digest, DigestItem, ExtrinsicInclusionMode, OpaqueExtrinsic,
};
use sp_state_machine::Backend as StateBackend;

/// Most blocks built until a multi-block migration must be over.
const MAX_BLOCKS: u32 = 256;

/// Blocks built after a switch that has settled: some faults show only then.
pub(crate) const AFTER: u32 = 4;

/// Most inherents of a block. Each may take as long as a call may.
const MOST_INHERENTS: usize = 32;

/// What `pallet-migrations` deposits when a multi-block migration fails, whatever the runtime calls the pallet and does next.
const MIGRATION_FAILED: &str = "UpgradeFailed";

/// Slots between the anchor and the first block. With one, its time could be too close to the anchor's.
const FIRST_SLOT: u64 = 2;

/// The fork.
pub(crate) struct Stage<'a, S> {
	pub(crate) bench: Workbench<'a, S>,
	executor: &'a Executor,
	pub(crate) head: Header,
	/// Slot of the next block.
	pub(crate) slot: Option<u64>,
	/// The code that built the head.
	pub(crate) code: Option<Code>,
}

impl<'a, S: StateBackend<Hasher>> Stage<'a, S> {
	pub(crate) fn new(state: &'a S, executor: &'a Executor, anchor: &Header) -> Self {
		let bench = Workbench::new(state, executor);
		Self {
			bench,
			executor,
			head: anchor.clone(),
			slot: slot_after(anchor),
			code: None,
		}
	}

	/// Builds blocks until the runtime takes transactions again.
	pub(crate) fn settle(
		&mut self,
		code: Code,
		metadata: Option<&Metadata>,
	) -> Result<Settled, Trap> {
		let mut done = Settled::default();
		let most = metadata.and_then(most_weight);
		while !done.settled && done.blocks < MAX_BLOCKS {
			match self.build_block(code)? {
				Ok(mode) => done.settled = mode == ExtrinsicInclusionMode::AllExtrinsics,
				Err(at) => {
					done.stop = Some(at);
					break;
				}
			}
			if let Some(stop) = metadata.and_then(|metadata| self.failed_migration(metadata)) {
				done.stop = Some(stop);
				break;
			}
			done.blocks += 1;
			done.overweight += u32::from(most.is_some_and(|most| self.weighs_more(most)));
		}
		Ok(done)
	}

	/// Set if a migration failed in the block that was built last. The runtime may have given it up and gone on, as one does
	/// that knows of no way back.
	fn failed_migration(&mut self, metadata: &Metadata) -> Option<Stop> {
		let events = metadata.events(&self.bench.events())?;
		let failed = events
			.iter()
			.find(|event| event.name.1 == MIGRATION_FAILED)?;
		let reason = format!("{}.{MIGRATION_FAILED}", failed.name.0);
		Some((BlockResult::MigrationFailed, Trap(reason)))
	}

	/// Builds some blocks more when the runtime takes transactions again.
	pub(crate) fn settle_and_go_on(
		&mut self,
		code: Code,
		metadata: Option<&Metadata>,
	) -> Result<Settled, Trap> {
		let mut done = self.settle(code, metadata)?;
		for _ in 0..AFTER {
			if done.settled && done.stop.is_none() {
				match self.build_block(code)? {
					// Not again: nobody rehearses how long that takes.
					Ok(mode) => done.settled = mode == ExtrinsicInclusionMode::AllExtrinsics,
					Err(stop) => done.stop = Some(stop),
				}
			}
		}
		Ok(done)
	}

	/// True if the block that was built last weighs more than a block may.
	fn weighs_more(&mut self, (time, proof): (u64, u64)) -> bool {
		let consumed = self.bench.get(&system_key(b"BlockWeight"));
		// By class: normal, operational, mandatory.
		let consumed = consumed.ok().flatten();
		let consumed = consumed.and_then(|bytes| <[Weight; 3]>::decode(&mut &bytes[..]).ok());
		let sum = |of: fn(&Weight) -> u64| {
			let all = consumed.iter().flatten();
			all.fold(0u64, |sum, weight| sum.saturating_add(of(weight)))
		};
		sum(|weight| weight.0 .0) > time || sum(|weight| weight.1 .0) > proof
	}

	/// What a code says of itself.
	pub(crate) fn metadata(&mut self, code: Code) -> Option<Metadata> {
		let answer = self.bench.ask(code, "Metadata_metadata", &[]).ok()?;
		Metadata::read(&answer).ok()
	}

	/// Leaves the state as the block with `system.set_code` leaves it: with `system_version` 3 the new code
	/// waits in `:pending_code`, builds the next block, and moves to `:code` at its end.
	pub(crate) fn write_code(&mut self, bytes: &[u8]) {
		let loaded = self
			.code
			.and_then(|code| self.executor.get(code.hash.as_bytes()));
		let deferred = matches!(loaded, Some(Ok(current)) if current.version.system_version >= 3);
		if deferred {
			self.bench
				.set(well_known_keys::PENDING_CODE.to_vec(), Some(bytes.to_vec()));
			self.bench
				.set(system_key(b"BlocksTillUpgrade"), Some(1u8.encode()));
		} else {
			self.bench
				.set(well_known_keys::CODE.to_vec(), Some(bytes.to_vec()));
		}
	}

	/// Builds the next block, with the runtime's own inherents and nothing else.
	pub(crate) fn build_block(
		&mut self,
		code: Code,
	) -> Result<Result<ExtrinsicInclusionMode, Stop>, Trap> {
		let slot_duration = self.slot_duration(code);
		let header = self.next_header();
		// As an author first; then what was built is undone, and executed as by everybody else.
		self.bench.start();
		self.bench.imports = false;
		let built = self.build_on(code, &header, slot_duration);
		self.bench.imports = true;
		self.bench.undo()?;
		self.bench.intact()?;
		let (mode, header, inherents) = match built {
			Ok(built) => built,
			Err(stop) => return Ok(Err(stop)),
		};
		let block = Block {
			header: header.clone(),
			extrinsics: inherents,
		};
		if let Err(trap) = self.check_inherents(code, &block, slot_duration) {
			return Ok(Err((trap.or_endless(BlockResult::InherentsRefused), trap)));
		}
		let executed = self.bench.execute(code, &block);
		self.bench.intact()?;
		if let Err(trap) = executed {
			return Ok(Err((trap.or_endless(BlockResult::NotExecuted), trap)));
		}
		self.head = header;
		self.slot = self.slot.map(|slot| slot.saturating_add(1));
		Ok(Ok(mode))
	}

	/// Starts the next block: hooks and inherents run, and transactions can be applied.
	pub(crate) fn open_block(&mut self, code: Code) -> Result<(), Stop> {
		let slot_duration = self.slot_duration(code);
		let header = self.next_header();
		self.start_block(code, &header, slot_duration).map(drop)
	}

	fn next_header(&self) -> Header {
		let logs = self
			.slot
			.map(|slot| DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode()));
		Header::new(
			self.head.number().saturating_add(1),
			Default::default(),
			Default::default(),
			self.head.hash(),
			Digest {
				logs: logs.into_iter().collect(),
			},
		)
	}

	fn start_block(
		&mut self,
		code: Code,
		header: &Header,
		slot_duration: Option<u64>,
	) -> Result<(ExtrinsicInclusionMode, Vec<OpaqueExtrinsic>), Stop> {
		let mode = self.bench.initialize(code, header)?;
		let inherents = self.apply_inherents(code, slot_duration);
		let inherents =
			inherents.map_err(|trap| (trap.or_endless(BlockResult::InherentsRefused), trap))?;
		Ok((mode, inherents))
	}

	fn build_on(
		&mut self,
		code: Code,
		header: &Header,
		slot_duration: Option<u64>,
	) -> Result<(ExtrinsicInclusionMode, Header, Vec<OpaqueExtrinsic>), Stop> {
		let (mode, inherents) = self.start_block(code, header, slot_duration)?;
		Ok((mode, self.bench.finalize(code)?, inherents))
	}

	fn slot_duration(&mut self, code: Code) -> Option<u64> {
		let answer = self.bench.ask(code, "AuraApi_slot_duration", &[]).ok()?;
		u64::decode(&mut &answer[..]).ok()
	}

	fn apply_inherents(
		&mut self,
		code: Code,
		slot_duration: Option<u64>,
	) -> Result<Vec<OpaqueExtrinsic>, Trap> {
		let data = inherent_data(self.slot, slot_duration)?;
		let answer = self
			.bench
			.ask(code, "BlockBuilder_inherent_extrinsics", &data.encode())?;
		let inherents =
			Vec::<OpaqueExtrinsic>::decode(&mut &answer[..]).map_err(|e| Trap(e.to_string()))?;
		if inherents.len() > MOST_INHERENTS {
			return Err(Trap(format!("{} inherents", inherents.len())));
		}
		for inherent in &inherents {
			let run = self.bench.apply(code, &inherent.encode(), Memo::Off)?;
			if run.applied != Applied::Succeeded {
				return Err(Trap(run.reason.unwrap_or(format!("{:?}", run.applied))));
			}
		}
		Ok(inherents)
	}

	/// What importers ask before they execute a block, and authors do not.
	fn check_inherents(
		&mut self,
		code: Code,
		block: &Block,
		slot_duration: Option<u64>,
	) -> Result<(), Trap> {
		let data = inherent_data(self.slot, slot_duration)?;
		let question = (block, data).encode();
		let answer = self
			.bench
			.ask(code, "BlockBuilder_check_inherents", &question)?;
		// The first field says if all is well.
		match answer.first() {
			Some(1) => Ok(()),
			_ => Err(Trap("the runtime refuses its own inherents".into())),
		}
	}
}

/// Blocks until a runtime takes transactions.
#[derive(Default)]
pub(crate) struct Settled {
	pub(crate) blocks: u32,
	pub(crate) settled: bool,
	/// Blocks that weigh more than one may.
	pub(crate) overweight: u32,
	/// Where and why one could not be built.
	pub(crate) stop: Option<Stop>,
}

/// The most that a block may weigh, in picoseconds and bytes of proof: the second field of `System.BlockWeights`.
fn most_weight(metadata: &Metadata) -> Option<(u64, u64)> {
	let mut limits = metadata.constant("System", "BlockWeights")?;
	let (_, most) = <(Weight, Weight)>::decode(&mut limits).ok()?;
	Some((most.0 .0, most.1 .0))
}

/// The slot of a block that follows one.
pub(crate) fn slot_after(header: &Header) -> Option<u64> {
	slot_of(header).map(|slot| slot.saturating_add(FIRST_SLOT))
}

/// The slot in which a block was built.
pub(crate) fn slot_of(header: &Header) -> Option<u64> {
	header.digest().logs().iter().find_map(|item| match item {
		DigestItem::PreRuntime(AURA_ENGINE_ID, slot) => u64::decode(&mut &slot[..]).ok(),
		_ => None,
	})
}

/// What an author tells the runtime: the slot, and its first millisecond.
pub(crate) fn inherent_data(
	slot: Option<u64>,
	slot_duration: Option<u64>,
) -> Result<InherentData, Trap> {
	let mut data = InherentData::new();
	let failed = |e: sp_inherents::Error| Trap(e.to_string());
	if let (Some(slot), Some(duration)) = (slot, slot_duration) {
		let now = slot.saturating_mul(duration);
		data.put_data(sp_timestamp::INHERENT_IDENTIFIER, &now)
			.map_err(failed)?;
		data.put_data(sp_consensus_aura::inherents::INHERENT_IDENTIFIER, &slot)
			.map_err(failed)?;
	}
	Ok(data)
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::H256;

	fn anchor(logs: Vec<DigestItem>) -> Header {
		let root = H256::repeat_byte(1);
		Header::new(9, root, root, root, Digest { logs })
	}

	#[test]
	fn the_slot_is_read_from_the_digest() {
		let other = DigestItem::PreRuntime(*b"BABE", 3u64.encode());
		let aura = DigestItem::PreRuntime(AURA_ENGINE_ID, 5u64.encode());
		assert_eq!(slot_of(&anchor(vec![other.clone(), aura])), Some(5));
		assert_eq!(slot_of(&anchor(vec![other])), None);
	}

	#[test]
	fn the_time_of_a_block_is_the_start_of_its_slot() {
		let data = inherent_data(Some(5), Some(2_000)).unwrap();
		let now = data.get_data::<u64>(&sp_timestamp::INHERENT_IDENTIFIER);
		assert_eq!(now.unwrap(), Some(10_000));
		assert_eq!(inherent_data(None, Some(2_000)).unwrap().len(), 0);
	}
}
