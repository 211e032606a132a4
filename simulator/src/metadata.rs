//! What a runtime says of itself: how its storage, its events, its errors and its transactions are to be read.

use crate::{
	scope::{item_of, Item, Surface},
	types::{self, Comparison},
};
use codec::{Compact, Decode};
use frame_metadata::{
	v14::{RuntimeMetadataV14, StorageEntryType, StorageHasher},
	RuntimeMetadata, RuntimeMetadataPrefixed,
};
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef};
use scale_value::{Composite, Value, ValueDef};
use sp_crypto_hashing::twox_128;
use std::collections::BTreeMap;

/// One pallet's name, and the name of something in it.
pub(crate) type Name = (String, String);

/// A storage item.
#[derive(Clone, Debug)]
struct Stored {
	name: Name,
	/// Of a map: how each part of the key is hashed, and the type of the key.
	key: Option<(Vec<StorageHasher>, u32)>,
	value: u32,
}

/// An event that a block deposited.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
	pub(crate) name: Name,
	pub(crate) fields: Composite<()>,
	/// Its topics. Its place in the block moves if one before it is refused.
	pub(crate) around: Vec<Value<()>>,
}

/// Bits of an extrinsic's version: it has an address and a signature, or its extensions say who sent it.
const SIGNED: u8 = 0b1000_0000;
const GENERAL: u8 = 0b0100_0000;

/// Longest metadata that is read, in bytes. That of the largest known runtimes has a tenth.
const LONGEST: usize = 8 * 1024 * 1024;

/// An extrinsic's parts.
struct Parsed<'a, 'b> {
	/// All before the extensions.
	head: &'b [u8],
	address: Option<&'b [u8]>,
	extensions: Vec<(&'a str, &'b [u8])>,
	call: Name,
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
	let (taken, rest) = bytes.split_at_checked(count)?;
	*bytes = rest;
	Some(taken)
}

/// A signed extrinsic, taken apart.
pub(crate) struct Signed {
	/// Its version, who sent it, and the signature.
	pub(crate) head: Vec<u8>,
	/// Who sent it, as an account.
	pub(crate) account: Vec<u8>,
	/// Its extensions by their names.
	pub(crate) extensions: Vec<(String, Vec<u8>)>,
}

/// A call, with the numbers of its pallet and its own.
pub(crate) struct Callable<'a> {
	pub(crate) at: (u8, u8),
	pub(crate) name: Name,
	pub(crate) fields: &'a [Field<PortableForm>],
}

/// A runtime's metadata, in order.
pub(crate) struct Metadata {
	raw: RuntimeMetadataV14,
	items: BTreeMap<Item, Stored>,
	/// The type of one item of `System.Events`.
	record: Option<u32>,
	/// Which pallets there are, and what each looks like.
	pub(crate) surface: Surface,
}

impl Metadata {
	/// Reads what `Metadata_metadata` answers.
	///
	/// # Errors
	/// If it is not the metadata that every node understands, version 14.
	pub(crate) fn read(mut answer: &[u8]) -> Result<Self, String> {
		if answer.len() > LONGEST {
			return Err(format!("metadata of {} bytes", answer.len()));
		}
		let opaque = Vec::<u8>::decode(&mut answer).map_err(|e| e.to_string())?;
		let prefixed =
			RuntimeMetadataPrefixed::decode(&mut &opaque[..]).map_err(|e| e.to_string())?;
		let RuntimeMetadata::V14(raw) = prefixed.1 else {
			return Err(format!("metadata of version {}", prefixed.1.version()));
		};
		types::check(&raw.types)?;
		let items = items(&raw);
		let events = items.get(&place("System", "Events"));
		let record = events.and_then(|events| match &raw.types.resolve(events.value)?.type_def {
			TypeDef::Sequence(records) => Some(records.type_param.id),
			_ => None,
		});
		Ok(Self {
			surface: Surface::of(&raw)?,
			record,
			items,
			raw,
		})
	}

	/// The storage item of a key.
	pub(crate) fn item(&self, key: &[u8]) -> Option<&Name> {
		Some(&self.items.get(&item_of(key)?)?.name)
	}

	/// True if a key and its value are what the metadata says of their item; `None` if they belong to none.
	pub(crate) fn reads(&self, key: &[u8], value: &[u8]) -> Option<bool> {
		let stored = self.items.get(&item_of(key)?)?;
		let rest = key.get(32..)?;
		let key_reads = match &stored.key {
			None => rest.is_empty(),
			Some((hashers, ty)) => self.reads_key(rest, hashers, *ty),
		};
		Some(key_reads && self.reads_all(value, stored.value))
	}

	/// True if the bytes are one value of a type, and nothing more.
	fn reads_all(&self, mut bytes: &[u8], ty: u32) -> bool {
		self.skip(&mut bytes, ty) && bytes.is_empty()
	}

	fn skip(&self, bytes: &mut &[u8], ty: u32) -> bool {
		types::skip(&self.raw.types, ty, bytes).is_some()
	}

	fn reads_key(&self, mut rest: &[u8], hashers: &[StorageHasher], ty: u32) -> bool {
		let types = match (hashers, self.raw.types.resolve(ty).map(|ty| &ty.type_def)) {
			([_], _) => vec![ty],
			(_, Some(TypeDef::Tuple(parts))) => parts.fields.iter().map(|part| part.id).collect(),
			_ => return false,
		};
		let all = hashers.len() == types.len();
		all && hashers.iter().zip(types).all(|(hasher, ty)| {
			let (hash, is_followed) = hash_of(hasher);
			let Some(after) = rest.get(hash..) else {
				return false;
			};
			rest = after;
			!is_followed || self.skip(&mut rest, ty)
		}) && rest.is_empty()
	}

	/// The events in a tail of `System.Events`.
	pub(crate) fn events(&self, mut bytes: &[u8]) -> Option<Vec<Event>> {
		let record = self.record?;
		let mut events = Vec::new();
		while !bytes.is_empty() {
			let types = &self.raw.types;
			// The library's reader has no limit of its own.
			types::skip(types, record, &mut &bytes[..])?;
			let value = scale_value::scale::decode_as_type(&mut bytes, record, types).ok()?;
			events.push(event(value.remove_context())?);
		}
		Some(events)
	}

	/// The call of an extrinsic. `None` if its bytes mean nothing to this runtime.
	pub(crate) fn call(&self, extrinsic: &[u8]) -> Option<Name> {
		Some(self.parse(extrinsic)?.call)
	}

	/// A signed extrinsic, taken apart. `None` for others, and for what means nothing to this runtime.
	pub(crate) fn signed(&self, extrinsic: &[u8]) -> Option<Signed> {
		let parsed = self.parse(extrinsic)?;
		let account = match parsed.address? {
			// `MultiAddress::Id`.
			[0, account @ ..] if account.len() == 32 => account,
			other => other,
		};
		let named = |(name, bytes): &(&str, &[u8])| ((*name).to_owned(), bytes.to_vec());
		Some(Signed {
			head: parsed.head.to_vec(),
			account: account.to_vec(),
			extensions: parsed.extensions.iter().map(named).collect(),
		})
	}

	/// Takes an encoded extrinsic apart.
	fn parse<'b>(&self, mut bytes: &'b [u8]) -> Option<Parsed<'_, 'b>> {
		let len = Compact::<u32>::decode(&mut bytes).ok()?.0;
		let all = bytes;
		if len as usize != all.len() {
			return None;
		}
		let version = take(&mut bytes, 1)?.first()?;
		let is_signed = version & SIGNED != 0;
		let address = match is_signed {
			true => Some(self.take_typed(&mut bytes, self.parameter("Address")?)?),
			false => None,
		};
		if is_signed {
			self.take_typed(&mut bytes, self.parameter("Signature")?)?;
		}
		let head = all.get(..all.len().checked_sub(bytes.len())?)?;
		if version & GENERAL != 0 {
			// The version of the extensions.
			take(&mut bytes, 1)?;
		}
		let mut extensions = Vec::new();
		if version & (SIGNED | GENERAL) != 0 {
			for extension in &self.raw.extrinsic.signed_extensions {
				let value = self.take_typed(&mut bytes, extension.ty.id)?;
				extensions.push((extension.identifier.as_str(), value));
			}
		}
		let [pallet, call] = take(&mut bytes, 2)? else {
			return None;
		};
		let mut calls = self.callable().into_iter();
		let call = calls.find(|known| known.at == (*pallet, *call))?;
		for field in call.fields {
			self.take_typed(&mut bytes, field.ty.id)?;
		}
		bytes.is_empty().then_some(Parsed {
			head,
			address,
			extensions,
			call: call.name,
		})
	}

	/// The bytes of one value of a type.
	fn take_typed<'b>(&self, bytes: &mut &'b [u8], ty: u32) -> Option<&'b [u8]> {
		let all = *bytes;
		types::skip(&self.raw.types, ty, bytes)?;
		all.get(..all.len().checked_sub(bytes.len())?)
	}

	/// A part of extrinsics that every runtime chooses for itself.
	fn parameter(&self, name: &str) -> Option<u32> {
		let extrinsic = self.raw.types.resolve(self.raw.extrinsic.ty.id)?;
		let parameter = extrinsic.type_params.iter().find(|p| p.name == name)?;
		Some(parameter.ty?.id)
	}

	/// All calls, by their numbers.
	pub(crate) fn callable(&self) -> Vec<Callable<'_>> {
		let mut all = Vec::new();
		for pallet in &self.raw.pallets {
			let calls = pallet.calls.as_ref();
			let calls = calls.and_then(|calls| self.raw.types.resolve(calls.ty.id));
			if let Some(TypeDef::Variant(calls)) = calls.map(|calls| &calls.type_def) {
				all.extend(calls.variants.iter().map(|call| Callable {
					at: (pallet.index, call.index),
					name: (pallet.name.clone(), call.name.clone()),
					fields: &call.fields,
				}));
			}
		}
		all.sort_by_key(|call| call.at);
		all
	}

	/// The types that all is made of.
	pub(crate) fn types(&self) -> &PortableRegistry {
		&self.raw.types
	}

	/// The name of a pallet's error in an encoded `DispatchError`. `None` for the other errors, which are the same in all
	/// runtimes.
	pub(crate) fn error(&self, encoded: &[u8]) -> Option<Name> {
		let [3, pallet, error, ..] = encoded else {
			return None;
		};
		let pallet = self.raw.pallets.iter().find(|p| p.index == *pallet)?;
		let errors = self.raw.types.resolve(pallet.error.as_ref()?.ty.id)?;
		let TypeDef::Variant(errors) = &errors.type_def else {
			return None;
		};
		let error = errors.variants.iter().find(|e| e.index == *error)?;
		Some((pallet.name.clone(), error.name.clone()))
	}

	/// The encoded value of a constant.
	pub(crate) fn constant(&self, pallet: &str, name: &str) -> Option<&[u8]> {
		let pallet = self.raw.pallets.iter().find(|p| p.name == pallet)?;
		let constant = pallet.constants.iter().find(|c| c.name == name)?;
		Some(&constant.value)
	}

	/// True if everything that could be signed for `before` means the same here: every call has its numbers and takes what it
	/// took, and transactions have the same extensions. A call that is gone is refused by name; one that moved is taken for
	/// another.
	pub(crate) fn speaks_as(&self, before: &Self) -> bool {
		let mut types = Comparison::of_messages(&before.raw.types, &self.raw.types);
		let (old, new) = (&before.raw.extrinsic, &self.raw.extrinsic);
		let (old, new) = (&old.signed_extensions, &new.signed_extensions);
		let same = old.len() == new.len()
			&& old.iter().zip(new).all(|(old, new)| {
				old.identifier == new.identifier
					&& types.reads(old.ty.id, new.ty.id)
					&& types.reads(old.additional_signed.id, new.additional_signed.id)
			});
		let now = self.calls();
		same && before.calls().into_iter().all(|(at, (name, takes))| {
			now.get(&at)
				.is_none_or(|(own, own_takes)| *own == name && types.all_read(&takes, own_takes))
		})
	}

	/// The calls by the numbers of their pallet and their own: their names, and the types of what they take.
	fn calls(&self) -> BTreeMap<(u8, u8), (Name, Vec<u32>)> {
		let calls = self.callable().into_iter();
		let calls = calls.map(|call| (call.at, (call.name, types::ids(call.fields))));
		calls.collect()
	}

	/// True if what was written for `before` under a storage item reads otherwise here.
	pub(crate) fn lays_out_otherwise(&self, before: &Self, item: &Item) -> bool {
		let (Some(old), Some(new)) = (before.items.get(item), self.items.get(item)) else {
			return false;
		};
		let mut types = Comparison::of(&before.raw.types, &self.raw.types);
		let keys = match (&old.key, &new.key) {
			(Some((old_hashers, old)), Some((hashers, new))) => {
				old_hashers == hashers && types.reads(*old, *new)
			}
			(None, None) => true,
			_ => false,
		};
		!keys || !types.reads(old.value, new.value)
	}
}

/// The first 32 bytes of the keys of a storage item.
pub(crate) fn place(prefix: &str, name: &str) -> Item {
	let mut item = [0; 32];
	let (pallet, own) = item.split_at_mut(16);
	pallet.copy_from_slice(&twox_128(prefix.as_bytes()));
	own.copy_from_slice(&twox_128(name.as_bytes()));
	item
}

fn items(raw: &RuntimeMetadataV14) -> BTreeMap<Item, Stored> {
	let mut items = BTreeMap::new();
	for pallet in &raw.pallets {
		for (prefix, entry) in pallet
			.storage
			.iter()
			.flat_map(|s| s.entries.iter().map(|e| (&s.prefix, e)))
		{
			let (key, value) = match &entry.ty {
				StorageEntryType::Plain(value) => (None, value.id),
				StorageEntryType::Map {
					hashers,
					key,
					value,
				} => (Some((hashers.clone(), key.id)), value.id),
			};
			let name = (pallet.name.clone(), entry.name.clone());
			items.insert(place(prefix, &entry.name), Stored { name, key, value });
		}
	}
	items
}

/// Bytes of a hash, and whether what was hashed follows it.
fn hash_of(hasher: &StorageHasher) -> (usize, bool) {
	match hasher {
		StorageHasher::Blake2_128 | StorageHasher::Twox128 => (16, false),
		StorageHasher::Blake2_256 | StorageHasher::Twox256 => (32, false),
		StorageHasher::Blake2_128Concat => (16, true),
		StorageHasher::Twox64Concat => (8, true),
		StorageHasher::Identity => (0, true),
	}
}

/// Takes a record apart: the pallet's variant, in it the event's, and what is around.
fn event(record: Value<()>) -> Option<Event> {
	let ValueDef::Composite(Composite::Named(fields)) = record.value else {
		return None;
	};
	let (mut around, mut found) = (Vec::new(), None);
	for (name, value) in fields {
		match name.as_str() {
			"event" => found = Some(value),
			"phase" => (),
			_ => around.push(value),
		}
	}
	let ValueDef::Variant(pallet) = found?.value else {
		return None;
	};
	let ValueDef::Variant(event) = pallet.values.into_values().next()?.value else {
		return None;
	};
	Some(Event {
		name: (pallet.name, event.name),
		fields: event.values,
		around,
	})
}

/// Weight as runtimes encode it: time in picoseconds, then bytes of proof.
pub(crate) type Weight = (Compact<u64>, Compact<u64>);
