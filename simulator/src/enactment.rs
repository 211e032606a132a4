//! Section Enactment: the switch to the candidate and the way back, rehearsed on the anchor's state.
//!
//! One block of the current code comes first, as a control: if the simulator cannot build blocks on this
//! state at all, nobody else is blamed. Then each code is written the way `system.set_code` leaves it and
//! builds blocks until it takes transactions again.

use crate::{
	bench::{system_key, Applied, Stop, Trap, Workbench},
	executor::{Code, Executor},
	memo::Memo,
	scope::{item_of, touched, Item, Surface},
	Hasher, Header,
};
use airlock_report::{
	leaf::{Blob, BlockResult},
	EnactmentLeaf, PalletSet,
};
use codec::{Decode, Encode};
use sp_consensus_aura::AURA_ENGINE_ID;
use sp_core::{storage::well_known_keys, H256};
use sp_crypto_hashing::{blake2_256, twox_128};
use sp_inherents::InherentData;
use sp_runtime::{
	traits::Header as _, Digest, DigestItem, ExtrinsicInclusionMode, OpaqueExtrinsic,
};
use sp_state_machine::Backend as StateBackend;
use std::collections::{BTreeMap, BTreeSet};

/// Most blocks built until a multi-block migration must be over.
const MAX_BLOCKS: u32 = 256;

/// Slots between the anchor and the first block. With one, its time could be too close to the anchor's.
const FIRST_SLOT: u64 = 2;

/// One switch.
#[derive(Clone, Debug)]
pub struct Rehearsed {
	/// What is committed to.
	pub leaf: EnactmentLeaf,
	/// Why it stopped. Differs from machine to machine.
	pub reason: Option<String>,
	/// Names of the pallets that it touches, with their indices.
	pub touched: Vec<(u8, String)>,
}

/// A code to switch to, loaded before.
pub(crate) struct Step<'a> {
	pub(crate) to: Blob,
	pub(crate) code: Code,
	/// The bytes to write; `None` for the code that is there.
	pub(crate) bytes: Option<&'a [u8]>,
}

/// Runs the steps one after the other, until one fails.
pub(crate) fn rehearse<S: StateBackend<Hasher>>(
	state: &S,
	executor: &Executor,
	anchor: &Header,
	steps: &[Step],
) -> Result<Vec<Rehearsed>, Trap> {
	let mut stage = Stage::new(state, executor, anchor);
	let mut rehearsed = Vec::new();
	let mut changed = Vec::new();
	for step in steps {
		let (done, items) = stage.step(step)?;
		let works = done.leaf.works();
		rehearsed.push(done);
		changed.push(items);
		if !works {
			break;
		}
	}
	measure_scope(state, executor, anchor, steps, &mut rehearsed, &changed)?;
	Ok(rehearsed)
}

/// Notes what each switch touches. For that the same blocks are built once more under the code that runs now: what they
/// change is nobody's doing.
fn measure_scope<S: StateBackend<Hasher>>(
	state: &S,
	executor: &Executor,
	anchor: &Header,
	steps: &[Step],
	rehearsed: &mut [Rehearsed],
	changed: &[BTreeSet<Item>],
) -> Result<(), Trap> {
	let Some(control) = steps.first().map(|step| step.code) else {
		return Ok(());
	};
	let mut unchanged = Stage::new(state, executor, anchor);
	let mut before: Option<Surface> = None;
	for ((step, done), changed) in steps.iter().zip(rehearsed).zip(changed) {
		// A code that shows no pallets has none: all that were there before are gone.
		let shown = unchanged.surface(step.code).unwrap_or_default();
		let values = unchanged.bench.written();
		for _ in 0..done.leaf.blocks {
			if unchanged.build_block(control)?.is_err() {
				break;
			}
		}
		let anyway = unchanged.changes_since(&values)?.items;
		if let Some(before) = &before {
			let (pallets, unowned) = touched(before, &shown, changed, &anyway);
			done.leaf.touched = pallets;
			done.leaf.unowned_keys = unowned;
			done.touched = shown.names(before, &pallets);
		}
		before = Some(shown);
	}
	Ok(())
}

type Values = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A fork of the chain that grows in memory.
struct Stage<'a, S> {
	bench: Workbench<'a, S>,
	executor: &'a Executor,
	head: Header,
	/// Slot of the next block.
	slot: Option<u64>,
	/// The code that built the head.
	code: Option<Code>,
}

impl<'a, S: StateBackend<Hasher>> Stage<'a, S> {
	fn new(state: &'a S, executor: &'a Executor, anchor: &Header) -> Self {
		let slot = slot_of(anchor).map(|slot| slot.saturating_add(FIRST_SLOT));
		let bench = Workbench::new(state, executor);
		Self {
			bench,
			executor,
			head: anchor.clone(),
			slot,
			code: None,
		}
	}

	/// Switches, and says what became of it and which storage items changed.
	fn step(&mut self, step: &Step) -> Result<(Rehearsed, BTreeSet<Item>), Trap> {
		let before = *self.head.state_root();
		let values_before = self.bench.written();
		if let Some(bytes) = step.bytes {
			self.write_code(bytes);
		}
		let (mut blocks, mut settled) = (0, false);
		let mut stop = None;
		while !settled && blocks < MAX_BLOCKS {
			match self.build_block(step.code)? {
				Ok(mode) => settled = mode == ExtrinsicInclusionMode::AllExtrinsics,
				Err(at) => {
					stop = Some(at);
					break;
				}
			}
			blocks += 1;
		}
		self.code = Some(step.code);
		let (result, reason) = match stop {
			Some((result, Trap(reason))) => (result, Some(reason)),
			None => (BlockResult::Complete, None),
		};
		let complete = result == BlockResult::Complete;
		let changes = self.changes_since(&values_before)?;
		let leaf = EnactmentLeaf {
			to: step.to,
			result,
			before,
			after: if complete {
				*self.head.state_root()
			} else {
				H256::zero()
			},
			blocks,
			settled,
			// What a block that stopped had written is nobody's business.
			keys_changed: if complete { changes.keys } else { 0 },
			storage_versions_changed: if complete {
				changes.storage_versions
			} else {
				0
			},
			changes: if complete { changes.hash } else { H256::zero() },
			touched: PalletSet::default(),
			unowned_keys: 0,
			outside_scope: 0,
		};
		let rehearsed = Rehearsed {
			leaf,
			reason,
			touched: Vec::new(),
		};
		let items = if complete {
			changes.items
		} else {
			BTreeSet::new()
		};
		Ok((rehearsed, items))
	}

	/// What a code shows of its pallets.
	fn surface(&mut self, code: Code) -> Option<Surface> {
		let answer = self.bench.ask(code, "Metadata_metadata", &[]).ok()?;
		Surface::read(&answer).ok()
	}

	/// Leaves the state as the block with `system.set_code` leaves it: with `system_version` 3 the new code
	/// waits in `:pending_code`, builds the next block, and moves to `:code` at its end.
	fn write_code(&mut self, bytes: &[u8]) {
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
	fn build_block(&mut self, code: Code) -> Result<Result<ExtrinsicInclusionMode, Stop>, Trap> {
		let slot_duration = self.slot_duration(code);
		let logs = self
			.slot
			.map(|slot| DigestItem::PreRuntime(AURA_ENGINE_ID, slot.encode()));
		let header = Header::new(
			self.head.number().saturating_add(1),
			Default::default(),
			Default::default(),
			self.head.hash(),
			Digest {
				logs: logs.into_iter().collect(),
			},
		);
		let mode = match self.bench.initialize(code, &header) {
			Ok(mode) => mode,
			Err(stop) => return Ok(Err(stop)),
		};
		if let Err(trap) = self.apply_inherents(code, slot_duration) {
			return Ok(Err((BlockResult::InherentsRefused, trap)));
		}
		match self.bench.finalize(code) {
			Ok(built) => self.head = built,
			Err(stop) => return Ok(Err(stop)),
		}
		self.slot = self.slot.map(|slot| slot.saturating_add(1));
		Ok(Ok(mode))
	}

	fn slot_duration(&mut self, code: Code) -> Option<u64> {
		let answer = self.bench.ask(code, "AuraApi_slot_duration", &[]).ok()?;
		u64::decode(&mut &answer[..]).ok()
	}

	fn apply_inherents(&mut self, code: Code, slot_duration: Option<u64>) -> Result<(), Trap> {
		let data = inherent_data(self.slot, slot_duration)?;
		let answer = self
			.bench
			.ask(code, "BlockBuilder_inherent_extrinsics", &data.encode())?;
		let inherents =
			Vec::<OpaqueExtrinsic>::decode(&mut &answer[..]).map_err(|e| Trap(e.to_string()))?;
		for inherent in inherents {
			let run = self.bench.apply(code, &inherent, Memo::Off)?;
			if run.applied != Applied::Succeeded {
				return Err(Trap(run.reason.unwrap_or(format!("{:?}", run.applied))));
			}
		}
		Ok(())
	}

	fn changes_since(&mut self, before: &Values) -> Result<Changes, Trap> {
		let mut changes = Changes::default();
		let mut hashed = Vec::new();
		for (key, value) in self.bench.written() {
			let old = match before.get(&key) {
				Some(old) => old.clone(),
				None => self.bench.stored(&key)?,
			};
			if old == value {
				continue;
			}
			changes.keys = changes.keys.saturating_add(1);
			changes.items.extend(item_of(&key));
			if is_storage_version(&key) {
				changes.storage_versions = changes.storage_versions.saturating_add(1);
			}
			(key, value.as_deref().map(blake2_256)).encode_to(&mut hashed);
		}
		changes.hash = H256(blake2_256(&hashed));
		Ok(changes)
	}
}

#[derive(Default)]
struct Changes {
	keys: u32,
	storage_versions: u32,
	hash: H256,
	/// Which storage items changed.
	items: BTreeSet<Item>,
}

/// The key of a pallet's `StorageVersion`.
fn is_storage_version(key: &[u8]) -> bool {
	key.len() == 32 && key.ends_with(&twox_128(b":__STORAGE_VERSION__:"))
}

/// The slot in which a block was built.
fn slot_of(header: &Header) -> Option<u64> {
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
	use sp_state_machine::InMemoryBackend;

	fn anchor(logs: Vec<DigestItem>) -> Header {
		let root = H256::repeat_byte(1);
		Header::new(9, root, root, root, Digest { logs })
	}

	fn with_stage(test: impl FnOnce(Stage<'_, InMemoryBackend<Hasher>>)) {
		let storage = BTreeMap::from([(b"old".to_vec(), b"1".to_vec())]);
		let storage = sp_core::storage::Storage {
			top: storage,
			children_default: Default::default(),
		};
		let state = InMemoryBackend::<Hasher>::from((storage, sp_core::storage::StateVersion::V1));
		let executor = Executor::new();
		test(Stage::new(&state, &executor, &anchor(vec![])));
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

	#[test]
	fn only_values_that_differ_are_changes() {
		with_stage(|mut stage| {
			stage.bench.set(b"old".to_vec(), Some(b"1".to_vec()));
			assert_eq!(stage.changes_since(&Values::new()).unwrap().keys, 0);
			stage.bench.set(b"old".to_vec(), Some(b"2".to_vec()));
			stage.bench.set(b"gone".to_vec(), None);
			let changes = stage.changes_since(&Values::new()).unwrap();
			assert_eq!((changes.keys, changes.storage_versions), (1, 0));
			// Since now nothing changed, and then one pallet's version does.
			let now = stage.bench.written();
			assert_eq!(stage.changes_since(&now).unwrap().keys, 0);
			let version = [twox_128(b"Pallet"), twox_128(b":__STORAGE_VERSION__:")].concat();
			stage.bench.set(version, Some(2u16.encode()));
			let later = stage.changes_since(&now).unwrap();
			assert_eq!((later.keys, later.storage_versions), (1, 1));
			assert_ne!(later.hash, changes.hash);
		});
	}

	#[test]
	fn rehearse_should_stop_at_the_control_when_no_block_can_be_built() {
		let state = InMemoryBackend::<Hasher>::default();
		let code = Code {
			hash: H256::zero(),
			heap_pages: None,
		};
		let steps = [
			Step {
				to: Blob::Current,
				code,
				bytes: None,
			},
			Step {
				to: Blob::Candidate,
				code,
				bytes: Some(b"code"),
			},
		];
		let done = rehearse(&state, &Executor::new(), &anchor(vec![]), &steps).unwrap();
		assert_eq!(done.len(), 1);
		assert_eq!(done[0].leaf.result, BlockResult::InitializeTrapped);
		assert_eq!((done[0].leaf.blocks, done[0].leaf.settled), (0, false));
		assert!(done[0].reason.is_some());
	}
}
