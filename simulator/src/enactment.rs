//! Section Enactment: the switch to the candidate and the way back, rehearsed on the anchor's state.
//!
//! One block of the current code comes first, as a control: if the simulator cannot build blocks on this
//! state at all, nobody else is blamed. Then each code is written the way `system.set_code` leaves it and
//! builds blocks until it takes transactions again.

use crate::{
	bench::{system_key, Trap},
	effects::{Effects, Kind},
	executor::{Code, Executor},
	metadata::{place, Metadata, Name},
	scope::{is_routine, item_of, touched, Item, Surface},
	stage::{Settled, Stage, AFTER},
	state::{version_of, Scan},
	Hasher, Header,
};
use airlock_report::{
	leaf::{Blob, BlockResult},
	EnactmentLeaf, PalletSet, StateLeaf,
};
use codec::{Decode, Encode};
use sp_core::{storage::well_known_keys, H256};
use sp_crypto_hashing::blake2_256;
use sp_runtime::traits::Header as _;
use sp_state_machine::Backend as StateBackend;
use std::collections::{BTreeMap, BTreeSet};

/// What must be known, and must not change with a switch: who authors, when, and who finalizes.
const LASTING: [&str; 3] = [
	"AuraApi_authorities",
	"AuraApi_slot_duration",
	"GrandpaApi_grandpa_authorities",
];

/// Keys that only the chain's own way to new code may write.
const CODE_KEYS: [&[u8]; 3] = [
	well_known_keys::CODE,
	well_known_keys::PENDING_CODE,
	well_known_keys::HEAP_PAGES,
];

/// One switch.
#[derive(Clone, Debug)]
pub struct Rehearsed {
	/// What is committed to.
	pub leaf: EnactmentLeaf,
	/// Why it stopped. Differs from machine to machine.
	pub reason: Option<String>,
	/// Names of the pallets that it touches, with their indices.
	pub touched: Vec<(u8, String)>,
	/// The whole state after it. Nothing of it is read if the switch does not work.
	pub state: StateLeaf,
	/// What of the state cannot be read any more.
	pub remarks: Vec<String>,
	/// Storage items that lost keys, and nobody declared it.
	pub lost: Vec<String>,
	/// What the code says of who authors, when, and who finalizes.
	pub(crate) lasting: Vec<Option<Vec<u8>>>,
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
	effects: &Effects,
) -> Result<Vec<Rehearsed>, Trap> {
	let mut stage = Stage::new(state, executor, anchor);
	let mut rehearsed = Vec::new();
	let mut changed = Vec::new();
	let mut before: Option<(Scan, Option<Metadata>)> = None;
	let name = |metadata: Option<&Metadata>, key: &[u8]| metadata?.item(key).cloned();
	for step in steps {
		let metadata = stage.metadata(step.code);
		let (mut done, mut changes) = stage.step(step, metadata.as_ref())?;
		let works = done.leaf.works();
		let old = before.as_ref().and_then(|(_, metadata)| metadata.as_ref());
		changes.removed.retain(|key, item| {
			*item = name(old, key).or_else(|| name(metadata.as_ref(), key));
			let declares = |name| effects.declares(Kind::Removal, name);
			!item.as_ref().is_some_and(declares)
		});
		if works {
			let scan = Scan::of(&mut stage.bench, metadata.as_ref())?;
			let seen = before
				.as_ref()
				.map(|(scan, metadata)| (scan, metadata.as_ref()));
			(done.state, done.remarks) = scan.leaf(step.to, metadata.as_ref(), seen);
			before = Some((scan, metadata));
		}
		rehearsed.push(done);
		changed.push(changes);
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
	changed: &[Changes],
) -> Result<(), Trap> {
	let Some(control) = steps.first().map(|step| step.code) else {
		return Ok(());
	};
	let mut unchanged = Stage::new(state, executor, anchor);
	let mut before: Option<Surface> = None;
	for ((step, done), changed) in steps.iter().zip(rehearsed).zip(changed) {
		// A code that shows no pallets has none: all that were there before are gone.
		let shown = unchanged
			.metadata(step.code)
			.map(|metadata| metadata.surface);
		let shown = shown.unwrap_or_default();
		let values = unchanged.bench.written();
		let issuance = unchanged.issuance()?;
		for _ in 0..done.leaf.blocks.saturating_add(AFTER) {
			if unchanged.build_block(control)?.is_err() {
				break;
			}
		}
		let anyway = unchanged.changes_since(&values)?;
		let lost = changed.removed.iter();
		let lost = lost.filter(|(key, _)| !anyway.removed.contains_key(*key));
		let lost: Vec<_> = lost.map(|(key, name)| (key, name)).collect();
		let lasting = unchanged.lasting(control);
		done.leaf.lasting = done.lasting == lasting || !done.leaf.works();
		if step.bytes.is_some() {
			done.leaf.lost = lost.len() as u32;
			done.lost = lost_items(&lost);
		}
		let made_anyway = unchanged.issuance()?.saturating_sub(issuance);
		done.leaf.minted = done.leaf.minted.saturating_sub(made_anyway);
		if let Some(before) = &before {
			let (pallets, unowned) = touched(before, &shown, &changed.items, &anyway.items);
			done.leaf.touched = pallets;
			done.leaf.unowned_keys = unowned.saturating_add(changed.code_keys);
			done.touched = shown.names(before, &pallets);
		}
		before = Some(shown);
	}
	Ok(())
}

/// How many keys of which items, for humans.
fn lost_items(lost: &[(&Vec<u8>, &Option<Name>)]) -> Vec<String> {
	let mut counts = BTreeMap::<String, u32>::new();
	for (key, name) in lost {
		let name = match name {
			Some((pallet, name)) => format!("{pallet}.{name}"),
			None => format!("0x{}", hex::encode(key)),
		};
		*counts.entry(name).or_default() += 1;
	}
	let line = |(name, count)| format!("{count} of {name}");
	counts.into_iter().map(line).collect()
}

type Values = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

impl<S: StateBackend<Hasher>> Stage<'_, S> {
	/// Switches, and says what became of it and which storage items changed. Of the growth of the issuance it counts all.
	fn step(
		&mut self,
		step: &Step,
		metadata: Option<&Metadata>,
	) -> Result<(Rehearsed, Changes), Trap> {
		let before = *self.head.state_root();
		let values_before = self.bench.written();
		let issuance = self.issuance()?;
		let last_upgrade = self.bench.get(&system_key(b"LastRuntimeUpgrade"))?;
		if let Some(bytes) = step.bytes {
			self.write_code(bytes);
		}
		let Settled {
			blocks,
			settled,
			overweight,
			stop,
		} = self.settle_and_go_on(step.code, metadata)?;
		self.code = Some(step.code);
		let (result, reason) = match stop {
			Some((result, Trap(reason))) => (result, Some(reason)),
			None => (BlockResult::Complete, None),
		};
		let complete = result == BlockResult::Complete;
		let mut changes = self.changes_since(&values_before)?;
		changes.code_keys = self.code_keys_written(&values_before, step.bytes)?;
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
			overweight,
			// What does not work once need not work twice.
			repeatable: !(complete && settled) || self.is_repeatable(step.code, last_upgrade)?,
			minted: if complete {
				self.issuance()?.saturating_sub(issuance)
			} else {
				0
			},
			excess: 0,
			lost: 0,
			lasting: true,
		};
		let rehearsed = Rehearsed {
			leaf,
			reason,
			touched: Vec::new(),
			state: StateLeaf::empty(step.to),
			remarks: Vec::new(),
			lost: Vec::new(),
			lasting: self.lasting(step.code),
		};
		let changes = if complete {
			changes
		} else {
			Changes::default()
		};
		Ok((rehearsed, changes))
	}

	/// What a code answers of what must last.
	fn lasting(&mut self, code: Code) -> Vec<Option<Vec<u8>>> {
		let answers = LASTING
			.iter()
			.map(|method| self.bench.ask(code, method, &[]).ok());
		answers.collect()
	}

	/// How many of the keys that say which code runs have other values than the switch gave them.
	fn code_keys_written(&mut self, before: &Values, bytes: Option<&[u8]>) -> Result<u32, Trap> {
		let mut written = 0;
		for key in CODE_KEYS {
			let old = match before.get(key) {
				Some(old) => old.clone(),
				None => self.bench.stored(key)?,
			};
			let expected = match (key, bytes) {
				(well_known_keys::CODE, Some(bytes)) => Some(bytes.to_vec()),
				_ => old,
			};
			written += u32::from(self.bench.get(key)? != expected);
		}
		Ok(written)
	}

	/// Units of the currency that there are, where the pallet has its usual name.
	fn issuance(&mut self) -> Result<u128, Trap> {
		let stored = self.bench.get(&place("Balances", "TotalIssuance"))?;
		let amount = stored.and_then(|bytes| u128::decode(&mut &bytes[..]).ok());
		Ok(amount.unwrap_or_default())
	}

	/// True if the migrations that just ran change nothing when they run once more. What the same blocks change without
	/// migrations is nobody's doing.
	fn is_repeatable(&mut self, code: Code, last_upgrade: Option<Vec<u8>>) -> Result<bool, Trap> {
		let (head, slot, before) = (self.head.clone(), self.slot, self.bench.written());
		let mut blocks = 0;
		let mut results = Vec::new();
		for again in [true, false] {
			self.bench.start();
			let works = if again {
				let key = system_key(b"LastRuntimeUpgrade");
				self.bench.set(key, last_upgrade.clone());
				let done = self.settle(code, None)?;
				blocks = done.blocks;
				done.settled
			} else {
				let mut works = true;
				for _ in 0..blocks {
					works = works && self.build_block(code)?.is_ok();
				}
				works
			};
			let written = self.bench.written().into_iter();
			// The hash of a block covers its events, and these differ with a migration.
			let hashes = place("System", "BlockHash");
			let own =
				|key: &[u8]| item_of(key).is_some_and(|item| !is_routine(&item) && item != hashes);
			let changed: Values = written
				.filter(|(key, value)| own(key) && before.get(key) != Some(value))
				.collect();
			results.push((works, changed));
			self.bench.undo()?;
			(self.head, self.slot) = (head.clone(), slot);
		}
		// A key may be written with the value that it has.
		let mut values = |which: usize, key: &[u8]| -> Result<Option<Vec<u8>>, Trap> {
			let written = results.get(which).and_then(|(_, changed)| changed.get(key));
			written.cloned().map_or_else(|| self.bench.get(key), Ok)
		};
		let keys: BTreeSet<Vec<u8>> = results
			.iter()
			.flat_map(|(_, changed)| changed.keys().cloned())
			.collect();
		for key in keys {
			if values(0, &key)? != values(1, &key)? {
				return Ok(false);
			}
		}
		Ok(results.iter().all(|(works, _)| *works))
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
			let item = item_of(&key);
			changes.items.extend(item);
			if value.is_none() && item.is_some_and(|item| !is_routine(&item)) {
				changes.removed.insert(key.clone(), None);
			}
			if version_of(&key).is_some() {
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
	/// Keys that say which code runs, and that the code wrote itself.
	code_keys: u32,
	/// Keys that are gone, and the items that they belong to as far as that was asked.
	removed: BTreeMap<Vec<u8>, Option<Name>>,
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_crypto_hashing::twox_128;
	use sp_state_machine::InMemoryBackend;

	fn anchor() -> Header {
		let root = H256::repeat_byte(1);
		Header::new(9, root, root, root, Default::default())
	}

	fn with_stage(test: impl FnOnce(Stage<'_, InMemoryBackend<Hasher>>)) {
		let storage = BTreeMap::from([(b"old".to_vec(), b"1".to_vec())]);
		let storage = sp_core::storage::Storage {
			top: storage,
			children_default: Default::default(),
		};
		let state = InMemoryBackend::<Hasher>::from((storage, sp_core::storage::StateVersion::V1));
		let executor = Executor::new();
		test(Stage::new(&state, &executor, &anchor()));
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
		let code = Code { hash: H256::zero() };
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
		let effects = Effects::read(b"").unwrap();
		let done = rehearse(&state, &Executor::new(), &anchor(), &steps, &effects).unwrap();
		assert_eq!(done.len(), 1);
		assert_eq!(done[0].leaf.result, BlockResult::InitializeTrapped);
		assert_eq!((done[0].leaf.blocks, done[0].leaf.settled), (0, false));
		assert!(done[0].reason.is_some());
	}
}
