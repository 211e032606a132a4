//! Section State: everything that is stored, read as the metadata of the code after a switch says it is written.
//!
//! Bounds are no part of metadata: what became too long for its type shows in the stress, not here.

use crate::{
	bench::{Trap, Workbench},
	metadata::Metadata,
	scope::{is_routine, item_of, Item},
	Hasher,
};
use airlock_report::{leaf::Blob, StateLeaf};
use codec::Encode;
use sp_core::H256;
use sp_crypto_hashing::{blake2_256, twox_128};
use sp_state_machine::{backend::IterArgs, Backend as StateBackend};
use std::collections::{BTreeMap, BTreeSet};

/// Most storage items that are named to humans.
const NAMED: usize = 8;

/// What was found in a state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
	keys: u64,
	/// Keys of each item.
	items: BTreeMap<Item, u64>,
	/// Keys of each item that cannot be read.
	undecodable: BTreeMap<Item, u32>,
	/// Keys of each item that no pallet has.
	orphaned: BTreeMap<Item, u32>,
	/// Storage versions of pallets, by the first half of their keys.
	versions: BTreeMap<[u8; 16], Vec<u8>>,
}

impl Scan {
	/// Reads every key of the main storage. Needs memory for what the switch wrote, not for the state.
	pub(crate) fn of<S: StateBackend<Hasher>>(
		bench: &mut Workbench<S>,
		metadata: Option<&Metadata>,
	) -> Result<Self, Trap> {
		let mut scan = Self::default();
		let written = bench.written();
		for pair in bench.all_stored()? {
			let (key, value) = pair.map_err(|e| Trap(e.to_string()))?;
			if !written.contains_key(&key) {
				scan.see(metadata, &key, &value);
			}
		}
		for (key, value) in written {
			if let Some(value) = value {
				scan.see(metadata, &key, &value);
			}
		}
		Ok(scan)
	}

	fn see(&mut self, metadata: Option<&Metadata>, key: &[u8], value: &[u8]) {
		let count = |counts: &mut BTreeMap<Item, u32>, item| {
			let of = counts.entry(item).or_default();
			*of = of.saturating_add(1);
		};
		self.keys = self.keys.saturating_add(1);
		let Some(item) = item_of(key) else {
			return;
		};
		*self.items.entry(item).or_default() += 1;
		if let Some(pallet) = version_of(key) {
			self.versions.insert(pallet, value.to_vec());
			return;
		}
		match metadata.and_then(|metadata| metadata.reads(key, value)) {
			Some(true) => (),
			Some(false) => count(&mut self.undecodable, item),
			None => count(&mut self.orphaned, item),
		}
	}

	/// What is committed to, and which storage items it is about. `before` is what the code before saw before the switch;
	/// nothing for the control, of which all counts.
	pub(crate) fn leaf(
		&self,
		of: Blob,
		metadata: Option<&Metadata>,
		before: Option<(&Scan, Option<&Metadata>)>,
	) -> (StateLeaf, Vec<String>) {
		let none = BTreeMap::new();
		let (broken, lost) = before.map_or((&none, &none), |(scan, _)| {
			(&scan.undecodable, &scan.orphaned)
		});
		let new = |counts: &BTreeMap<Item, u32>, old: &BTreeMap<Item, u32>| {
			let more = counts.iter().map(|(item, count)| {
				let before = old.get(item).copied().unwrap_or_default();
				(*item, count.saturating_sub(before))
			});
			more.filter(|(_, count)| *count > 0)
				.collect::<Vec<(Item, u32)>>()
		};
		let undecodable = new(&self.undecodable, broken);
		let orphaned = new(&self.orphaned, lost);
		let unversioned = self.unversioned(metadata, before);
		let sum = |of: &[(Item, u32)]| of.iter().fold(0u32, |sum, (_, n)| sum.saturating_add(*n));
		let leaf = StateLeaf {
			of,
			keys: self.keys,
			undecodable: sum(&undecodable),
			orphaned: sum(&orphaned),
			unversioned: unversioned.len() as u32,
			items: H256(self.items.using_encoded(blake2_256)),
		};
		let name = |item: &Item| {
			let known = |metadata: Option<&Metadata>| metadata?.item(item).cloned();
			let old = before.and_then(|(_, metadata)| known(metadata));
			match known(metadata).or(old) {
				Some((pallet, name)) => format!("{pallet}.{name}"),
				None => format!("0x{}", hex::encode(item)),
			}
		};
		let mut named: BTreeSet<String> = undecodable
			.iter()
			.map(|(item, count)| format!("{count} of {} cannot be read", name(item)))
			.collect();
		named.extend(
			orphaned
				.iter()
				.map(|(item, count)| format!("{count} of {} belong to nobody", name(item))),
		);
		named.extend(unversioned.iter().map(|pallet| {
			let known = metadata.and_then(|metadata| metadata.surface.name_of(pallet));
			let name = known.unwrap_or_default();
			format!("{name} has another layout and the same storage version")
		}));
		(leaf, named.into_iter().take(NAMED).collect())
	}

	/// Pallets with data whose layout differs and whose storage version does not.
	fn unversioned(
		&self,
		metadata: Option<&Metadata>,
		before: Option<(&Scan, Option<&Metadata>)>,
	) -> Vec<[u8; 16]> {
		let Some((old, Some(shown))) = before else {
			return Vec::new();
		};
		let Some(metadata) = metadata else {
			return Vec::new();
		};
		// What nobody wrote cannot be read wrongly.
		let others = old
			.items
			.keys()
			// A block's own bookkeeping does not outlive it.
			.filter(|item| !is_routine(item) && metadata.lays_out_otherwise(shown, item));
		let pallets: BTreeSet<[u8; 16]> = others
			.filter_map(|item| item.first_chunk().copied())
			.collect();
		let same = |pallet: &[u8; 16]| self.versions.get(pallet) == old.versions.get(pallet);
		pallets.into_iter().filter(same).collect()
	}
}

/// The pallet whose `StorageVersion` a key holds.
pub(crate) fn version_of(key: &[u8]) -> Option<[u8; 16]> {
	let (pallet, name) = key.split_at_checked(16)?;
	let is_version = name == twox_128(b":__STORAGE_VERSION__:");
	pallet.try_into().ok().filter(|_| is_version)
}

impl<S: StateBackend<Hasher>> Workbench<'_, S> {
	/// All that is stored, without what was done since.
	#[allow(clippy::type_complexity)]
	pub(crate) fn all_stored(
		&self,
	) -> Result<impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), S::Error>> + '_, Trap> {
		self.state()
			.pairs(IterArgs::default())
			.map_err(|e| Trap(e.to_string()))
	}
}
