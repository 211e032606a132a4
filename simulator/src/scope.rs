//! Measured scope: which pallets an upgrade touches, as far as their interface and the switch itself show it.
//!
//! A pallet is touched if its calls, events, errors, storage, or constants differ from those of the code before, or if
//! the blocks of the switch change one of its storage items that the same blocks leave alone under the code that runs
//! now. What code does later and without another interface shows in the replay, not here.

use airlock_report::PalletSet;
use codec::Encode;
use frame_metadata::v14::{PalletMetadata, RuntimeMetadataV14, StorageEntryType};
use scale_info::{form::PortableForm, PortableRegistry, TypeDef};
use sp_core::H256;
use sp_crypto_hashing::{blake2_128, blake2_256, twox_128};
use std::collections::{BTreeMap, BTreeSet};

/// A storage item: the first half of the key names the pallet, the second one the item.
pub(crate) type Item = [u8; 32];

/// What a runtime shows of its pallets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surface {
	pallets: BTreeMap<String, Shape>,
	/// Pallets by the first half of their keys.
	prefixes: BTreeMap<[u8; 16], u8>,
}

/// One pallet.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
	index: u8,
	hash: H256,
}

impl Surface {
	/// Of what a runtime says of itself.
	///
	/// # Errors
	/// If it is larger than any honest runtime's.
	pub(crate) fn of(metadata: &RuntimeMetadataV14) -> Result<Self, String> {
		let mut surface = Self::default();
		let mut shapes = Shapes::new(&metadata.types);
		for pallet in &metadata.pallets {
			let shape = Shape {
				index: pallet.index,
				hash: hash_of(pallet, &mut shapes),
			};
			surface.pallets.insert(pallet.name.clone(), shape);
			let prefix = pallet.storage.as_ref().map_or(&pallet.name, |s| &s.prefix);
			let prefix = twox_128(prefix.as_bytes());
			surface.prefixes.insert(prefix, pallet.index);
		}
		match shapes.left {
			0 => Err("its types cannot be described".into()),
			_ => Ok(surface),
		}
	}

	/// The pallet whose keys begin so.
	pub(crate) fn name_of(&self, prefix: &[u8; 16]) -> Option<String> {
		let index = self.prefixes.get(prefix)?;
		let mut all = self.pallets.iter();
		all.find(|(_, shape)| shape.index == *index)
			.map(|(name, _)| name.clone())
	}

	/// Pallets that come, go, or look different.
	fn differing(&self, newer: &Self) -> PalletSet {
		let names: BTreeSet<&String> = self.pallets.keys().chain(newer.pallets.keys()).collect();
		let of = |name: &String| (self.pallets.get(name), newer.pallets.get(name));
		let differing = names
			.into_iter()
			.map(of)
			.filter(|(before, after)| before != after);
		differing
			.flat_map(|(before, after)| before.into_iter().chain(after))
			.map(|shape| shape.index)
			.collect()
	}

	/// Names of pallets, of which some may only have been there before.
	pub(crate) fn names(&self, before: &Self, of: &PalletSet) -> Vec<(u8, String)> {
		let all = before.pallets.iter().chain(&self.pallets);
		let all: BTreeMap<u8, &String> = all.map(|(name, shape)| (shape.index, name)).collect();
		let named = all.into_iter().filter(|(index, _)| of.contains(*index));
		named.map(|(index, name)| (index, name.clone())).collect()
	}

	fn owner(&self, item: &Item) -> Option<u8> {
		let (prefix, _) = item.split_at(16);
		self.prefixes.get(prefix).copied()
	}
}

/// What a switch touches: its pallets, and how many items belong to none.
pub(crate) fn touched(
	before: &Surface,
	after: &Surface,
	changed: &BTreeSet<Item>,
	anyway: &BTreeSet<Item>,
) -> (PalletSet, u32) {
	let mut pallets = before.differing(after);
	let mut unowned = 0u32;
	for item in changed.difference(anyway).filter(|item| !is_routine(item)) {
		match after.owner(item).or_else(|| before.owner(item)) {
			Some(index) => pallets.insert(index),
			None => unowned = unowned.saturating_add(1),
		}
	}
	(pallets, unowned)
}

/// What keys of the node begin with: the code that runs and its successor, its heap, child tries, and the rescue.
const NODES: [&[u8]; 6] = [
	b":code",
	b":pending_code",
	b":heappages",
	b":extrinsic_index",
	b":child_storage:",
	b":rescue:",
];

/// The storage item of a key; `None` for what belongs to the node.
pub(crate) fn item_of(key: &[u8]) -> Option<Item> {
	let mut item = [0; 32];
	let length = key.len().min(32);
	item.get_mut(..length)?.copy_from_slice(key.get(..length)?);
	let is_nodes = NODES.iter().any(|own| key.starts_with(own));
	(!is_nodes).then_some(item)
}

/// Items of `System` that hold more than a block's own bookkeeping and an upgrade's.
const SYSTEMS_OWN: [&str; 3] = ["Account", "AuthorizedUpgrade", "BlockHash"];

/// What every upgrade changes in `System`: its events and weights, and which code runs.
pub(crate) fn is_routine(item: &Item) -> bool {
	let (pallet, name) = item.split_at(16);
	let own = SYSTEMS_OWN
		.iter()
		.any(|own| name == twox_128(own.as_bytes()));
	pallet == twox_128(b"System") && !own
}

/// Hash over everything that others see of a pallet. Documentation and numbers of types are left out: they differ
/// without meaning anything. So does `System.Version`, in every upgrade.
fn hash_of(pallet: &PalletMetadata<PortableForm>, shapes: &mut Shapes) -> H256 {
	let mut text = vec![format!("{} {}", pallet.name, pallet.index)];
	let enums = [
		("calls", pallet.calls.as_ref().map(|calls| calls.ty.id)),
		("events", pallet.event.as_ref().map(|events| events.ty.id)),
		("errors", pallet.error.as_ref().map(|errors| errors.ty.id)),
	];
	for (what, id) in enums.into_iter().filter_map(|(what, id)| Some((what, id?))) {
		text.push(format!("{what} {}", shapes.of(id)));
	}
	for entry in pallet.storage.iter().flat_map(|storage| &storage.entries) {
		let shape = shapes.layout(&entry.ty);
		let (name, modifier, default) = (&entry.name, &entry.modifier, &entry.default);
		text.push(format!("item {name} {modifier:?} {shape} {default:?}"));
	}
	let is_version = |name: &str| pallet.name == "System" && name == "Version";
	let constants = pallet.constants.iter().filter(|c| !is_version(&c.name));
	for constant in constants {
		let (name, value) = (&constant.name, &constant.value);
		text.push(format!(
			"constant {name} {} {value:?}",
			shapes.of(constant.ty.id)
		));
	}
	H256(text.using_encoded(blake2_256))
}

/// Most types that are described in one runtime's metadata, each as often as it is met.
const MOST_SHAPES: u32 = 1 << 20;
/// Most types inside of one another.
const DEEPEST: usize = 256;

/// Types as short texts, whatever their numbers are.
struct Shapes<'a> {
	types: &'a PortableRegistry,
	/// Those that are being described, from the outermost on: a type may contain itself.
	open: Vec<u32>,
	/// Those whose text does not depend on where they are met.
	known: BTreeMap<u32, String>,
	/// The place in `open` of the outermost type that the last text refers to.
	refers_to: usize,
	/// How many types may still be described. With none left, texts mean nothing.
	left: u32,
}

impl<'a> Shapes<'a> {
	fn new(types: &'a PortableRegistry) -> Self {
		Self {
			types,
			open: Vec::new(),
			known: BTreeMap::new(),
			refers_to: usize::MAX,
			left: MOST_SHAPES,
		}
	}

	fn of(&mut self, id: u32) -> String {
		if let Some(known) = self.known.get(&id) {
			return known.clone();
		}
		self.left = self.left.saturating_sub(1);
		let Some(ty) = self.types.resolve(id).filter(|_| self.left > 0) else {
			return "?".into();
		};
		if self.open.len() > DEEPEST {
			self.left = 0;
			return "?".into();
		}
		let path = ty.path.segments.join("::");
		// These list what all pallets have: they say nothing of the one that uses them.
		let last = ty.path.segments.last().map(String::as_str);
		if last.is_some_and(|name| name.starts_with("Runtime") || name == "OriginCaller") {
			return path;
		}
		if let Some(at) = self.open.iter().position(|open| *open == id) {
			self.refers_to = self.refers_to.min(at);
			return format!("{path}^{}", self.open.len() - at);
		}
		let outer = std::mem::replace(&mut self.refers_to, usize::MAX);
		let own = self.open.len();
		self.open.push(id);
		let inner = self.definition(&ty.type_def);
		self.open.pop();
		let text = format!("{path}:{}", hex::encode(blake2_128(inner.as_bytes())));
		if self.refers_to >= own {
			self.known.insert(id, text.clone());
			self.refers_to = usize::MAX;
		}
		self.refers_to = self.refers_to.min(outer);
		text
	}

	fn layout(&mut self, of: &StorageEntryType<PortableForm>) -> String {
		match of {
			StorageEntryType::Plain(value) => self.of(value.id),
			StorageEntryType::Map {
				hashers,
				key,
				value,
			} => format!("{hashers:?} {} {}", self.of(key.id), self.of(value.id)),
		}
	}

	fn definition(&mut self, of: &TypeDef<PortableForm>) -> String {
		match of {
			TypeDef::Composite(composite) => self.fields(&composite.fields),
			TypeDef::Variant(variants) => {
				let one = |variant: &scale_info::Variant<PortableForm>| {
					let fields = self.fields(&variant.fields);
					format!("{} {}{fields}", variant.index, variant.name)
				};
				format!(
					"<{}>",
					variants
						.variants
						.iter()
						.map(one)
						.collect::<Vec<_>>()
						.join(" | ")
				)
			}
			TypeDef::Sequence(items) => format!("[{}]", self.of(items.type_param.id)),
			TypeDef::Array(items) => format!("[{}; {}]", self.of(items.type_param.id), items.len),
			TypeDef::Tuple(parts) => {
				let parts = parts.fields.iter().map(|part| self.of(part.id));
				format!("({})", parts.collect::<Vec<_>>().join(", "))
			}
			TypeDef::Primitive(primitive) => format!("{primitive:?}"),
			TypeDef::Compact(inner) => format!("compact {}", self.of(inner.type_param.id)),
			TypeDef::BitSequence(_) => "bits".into(),
		}
	}

	fn fields(&mut self, fields: &[scale_info::Field<PortableForm>]) -> String {
		let one = |field: &scale_info::Field<PortableForm>| {
			let name = field.name.as_deref().unwrap_or_default();
			format!("{name}: {}", self.of(field.ty.id))
		};
		format!(
			"{{{}}}",
			fields.iter().map(one).collect::<Vec<_>>().join(", ")
		)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use scale_info::{meta_type, Registry, TypeInfo};

	fn surface(pallets: &[(&str, u8, u8)]) -> Surface {
		let mut surface = Surface::default();
		for (name, index, hash) in pallets {
			let shape = Shape {
				index: *index,
				hash: H256::repeat_byte(*hash),
			};
			surface.pallets.insert(name.to_string(), shape);
			surface.prefixes.insert(twox_128(name.as_bytes()), *index);
		}
		surface
	}

	fn item(pallet: &str, name: &str) -> Item {
		let key = [twox_128(pallet.as_bytes()), twox_128(name.as_bytes())].concat();
		item_of(&[key, b"rest".to_vec()].concat()).unwrap()
	}

	#[test]
	fn pallets_that_come_go_move_or_change_are_touched() {
		let before = surface(&[
			("Same", 1, 1),
			("Other", 2, 2),
			("Gone", 3, 3),
			("Moved", 4, 4),
		]);
		let after = surface(&[
			("Same", 1, 1),
			("Other", 2, 9),
			("New", 5, 5),
			("Moved", 6, 4),
		]);
		let none = BTreeSet::new();
		let (pallets, unowned) = touched(&before, &after, &none, &none);
		assert!(pallets.iter().eq([2, 3, 4, 5, 6]));
		assert_eq!(unowned, 0);
	}

	#[test]
	fn items_that_change_anyway_are_nobodys_doing() {
		let surface = surface(&[("System", 0, 0), ("Names", 7, 7)]);
		let anyway = BTreeSet::from([item("System", "Number")]);
		let changed = BTreeSet::from([
			item("System", "Number"),
			item("System", "LastRuntimeUpgrade"),
			item("System", "Events"),
			item("Names", "NameOf"),
			item("Nobody", "Key"),
		]);
		let (pallets, unowned) = touched(&surface, &surface, &changed, &anyway);
		assert!(pallets.iter().eq([7]));
		assert_eq!(unowned, 1);
		assert_eq!(item_of(b":code"), None);
		assert_eq!(touched(&surface, &surface, &anyway, &anyway).0.count(), 0);
		let accounts = BTreeSet::from([item("System", "Account")]);
		let (pallets, _) = touched(&surface, &surface, &accounts, &anyway);
		assert!(pallets.iter().eq([0]));
	}

	#[test]
	fn a_shape_follows_types_but_not_their_numbers() {
		#[derive(TypeInfo)]
		#[allow(dead_code)]
		struct Inner {
			field: u32,
		}
		#[derive(TypeInfo)]
		#[allow(dead_code)]
		enum Outer {
			One(Inner),
			Itself(Box<Outer>),
		}
		let shape = |first: Option<scale_info::MetaType>| {
			let mut registry = Registry::new();
			first.map(|ty| registry.register_type(&ty));
			let id = registry.register_type(&meta_type::<Outer>()).id;
			let types: PortableRegistry = registry.into();
			Shapes::new(&types).of(id)
		};
		let plain = shape(None);
		assert_eq!(plain, shape(Some(meta_type::<(u8, u16)>())));
	}
}
