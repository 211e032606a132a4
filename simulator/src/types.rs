//! Types of a runtime's metadata, which a hostile candidate may have written: what may be used of them, how values are read,
//! and whether two of them are written alike.

use codec::{Compact, Decode};
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef, TypeDefPrimitive};
use std::collections::BTreeSet;

/// Most types of a runtime. Those of the largest known have a tenth.
const MOST: usize = 20_000;
/// Most types inside of one another without a choice between them: what any value of the outermost one has.
const DEEPEST: usize = 64;
/// Most parts of a value without a choice between them: reading one takes as many steps, even if they have no bytes.
const MOST_PARTS: usize = 4_096;
/// Longest array.
const LONGEST: u32 = 1 << 20;
/// Deepest value that is read.
const DEEPEST_VALUE: usize = 256;

/// Checks that everything below ends: the reading of values, and the comparison of types.
///
/// # Errors
/// What is wrong.
pub(crate) fn check(types: &PortableRegistry) -> Result<(), String> {
	if types.types.len() > MOST {
		return Err(format!("{} types", types.types.len()));
	}
	let mut depths = vec![None; types.types.len()];
	for (place, ty) in types.types.iter().enumerate() {
		// Types are looked up by their place.
		if ty.id as usize != place {
			return Err(format!("type {} is in the place of type {place}", ty.id));
		}
		measure(types, ty.id, &mut depths, &mut Vec::new())?;
	}
	Ok(())
}

/// How many types any value of this one has inside of one another, and how many in all.
fn measure(
	types: &PortableRegistry,
	id: u32,
	known: &mut Vec<Option<(usize, usize)>>,
	open: &mut Vec<u32>,
) -> Result<(usize, usize), String> {
	let slot = id as usize;
	match known.get(slot) {
		None => return Err(format!("there is no type {id}")),
		Some(Some(measured)) => return Ok(*measured),
		Some(None) if open.contains(&id) => return Err(format!("type {id} contains itself")),
		Some(None) => (),
	}
	let ty = types.resolve(id).ok_or(format!("there is no type {id}"))?;
	let inner: Vec<u32> = match &ty.type_def {
		TypeDef::Composite(composite) => composite.fields.iter().map(|f| f.ty.id).collect(),
		TypeDef::Tuple(parts) => parts.fields.iter().map(|part| part.id).collect(),
		TypeDef::Array(array) if array.len > LONGEST => {
			return Err(format!("type {id} is an array of {}", array.len))
		}
		TypeDef::Array(array) => vec![array.type_param.id],
		TypeDef::Compact(inner) => vec![inner.type_param.id],
		// Here a value ends, or says how it goes on.
		TypeDef::Variant(_) | TypeDef::Sequence(_) => vec![],
		TypeDef::Primitive(_) | TypeDef::BitSequence(_) => vec![],
	};
	open.push(id);
	let (mut deepest, mut parts) = (0, 1usize);
	for id in inner {
		if open.len() > DEEPEST {
			return Err(format!("type {id} is too deep"));
		}
		let (depth, more) = measure(types, id, known, open)?;
		deepest = deepest.max(depth + 1);
		// Of others each has a byte, and bytes are few.
		let times = match &ty.type_def {
			TypeDef::Array(array) if is_empty(types, id) => array.len as usize,
			_ => 1,
		};
		parts = parts.saturating_add(more.saturating_mul(times));
	}
	open.pop();
	if deepest > DEEPEST || parts > MOST_PARTS {
		return Err(format!("type {id} is too deep, or has too many parts"));
	}
	if let Some(slot) = known.get_mut(slot) {
		*slot = Some((deepest, parts));
	}
	Ok((deepest, parts))
}

/// Skips one value of a type; `None` if the bytes are none.
pub(crate) fn skip(types: &PortableRegistry, id: u32, bytes: &mut &[u8]) -> Option<()> {
	skip_at(types, id, bytes, DEEPEST_VALUE)
}

fn skip_at(types: &PortableRegistry, id: u32, bytes: &mut &[u8], depth: usize) -> Option<()> {
	let depth = depth.checked_sub(1)?;
	match &types.resolve(id)?.type_def {
		TypeDef::Composite(composite) => skip_fields(types, &composite.fields, bytes, depth),
		TypeDef::Variant(variants) => {
			let (index, rest) = bytes.split_first()?;
			*bytes = rest;
			let variant = variants.variants.iter().find(|v| v.index == *index)?;
			skip_fields(types, &variant.fields, bytes, depth)
		}
		TypeDef::Sequence(items) => {
			let count = Compact::<u32>::decode(bytes).ok()?.0;
			// Items may take no bytes, and whoever decodes them takes each all the same.
			let nothing = is_empty(types, items.type_param.id);
			if nothing && count as usize > MOST_PARTS {
				return None;
			}
			let count = if nothing { 0 } else { count };
			skip_many(types, items.type_param.id, count, bytes, depth)
		}
		TypeDef::Array(items) => {
			let count = if is_empty(types, items.type_param.id) {
				0
			} else {
				items.len
			};
			skip_many(types, items.type_param.id, count, bytes, depth)
		}
		TypeDef::Tuple(parts) => {
			let mut parts = parts.fields.iter();
			parts.try_for_each(|part| skip_at(types, part.id, bytes, depth))
		}
		TypeDef::Primitive(primitive) => skip_primitive(primitive, bytes),
		// A compact nothing takes no bytes.
		TypeDef::Compact(inner) if is_empty(types, inner.type_param.id) => Some(()),
		TypeDef::Compact(_) => Compact::<u128>::decode(bytes).ok().map(drop),
		TypeDef::BitSequence(bits) => {
			let count = Compact::<u32>::decode(bytes).ok()?.0;
			let store = match &types.resolve(bits.bit_store_type.id)?.type_def {
				TypeDef::Primitive(TypeDefPrimitive::U8) => 8,
				TypeDef::Primitive(TypeDefPrimitive::U16) => 16,
				TypeDef::Primitive(TypeDefPrimitive::U32) => 32,
				TypeDef::Primitive(TypeDefPrimitive::U64) => 64,
				_ => return None,
			};
			take(bytes, count.div_ceil(store) as usize * store as usize / 8)
		}
	}
}

fn skip_fields(
	types: &PortableRegistry,
	fields: &[Field<PortableForm>],
	bytes: &mut &[u8],
	depth: usize,
) -> Option<()> {
	let mut fields = fields.iter();
	fields.try_for_each(|field| skip_at(types, field.ty.id, bytes, depth))
}

fn skip_many(
	types: &PortableRegistry,
	id: u32,
	count: u32,
	bytes: &mut &[u8],
	depth: usize,
) -> Option<()> {
	// Bytes are what most sequences are made of.
	if let TypeDef::Primitive(TypeDefPrimitive::U8) = types.resolve(id)?.type_def {
		return take(bytes, count as usize);
	}
	(0..count).try_for_each(|_| skip_at(types, id, bytes, depth))
}

/// True for a type whose values take no bytes.
fn is_empty(types: &PortableRegistry, id: u32) -> bool {
	match types.resolve(id).map(|ty| &ty.type_def) {
		Some(TypeDef::Composite(composite)) => composite
			.fields
			.iter()
			.all(|field| is_empty(types, field.ty.id)),
		Some(TypeDef::Tuple(parts)) => parts.fields.iter().all(|part| is_empty(types, part.id)),
		Some(TypeDef::Array(items)) => items.len == 0 || is_empty(types, items.type_param.id),
		Some(TypeDef::Compact(inner)) => is_empty(types, inner.type_param.id),
		_ => false,
	}
}

fn skip_primitive(primitive: &TypeDefPrimitive, bytes: &mut &[u8]) -> Option<()> {
	use TypeDefPrimitive::*;
	match primitive {
		Bool => bool::decode(bytes).ok().map(drop),
		Char => char::from_u32(u32::decode(bytes).ok()?).map(drop),
		Str => {
			let count = Compact::<u32>::decode(bytes).ok()?.0 as usize;
			let text = bytes.get(..count)?;
			std::str::from_utf8(text).ok()?;
			take(bytes, count)
		}
		U8 | I8 => take(bytes, 1),
		U16 | I16 => take(bytes, 2),
		U32 | I32 => take(bytes, 4),
		U64 | I64 => take(bytes, 8),
		U128 | I128 => take(bytes, 16),
		U256 | I256 => take(bytes, 32),
	}
}

fn take(bytes: &mut &[u8], count: usize) -> Option<()> {
	*bytes = bytes.get(count..)?;
	Some(())
}

/// A comparison of types of an older and a newer runtime.
pub(crate) struct Comparison<'a> {
	/// True if a variant that is gone matters: what is stored must be read, what is sent may be refused.
	strict: bool,
	old: &'a PortableRegistry,
	new: &'a PortableRegistry,
	/// Pairs that are alike, or are being compared: a type may contain itself.
	alike: BTreeSet<(u32, u32)>,
}

impl<'a> Comparison<'a> {
	/// Of what is stored.
	pub(crate) fn of(old: &'a PortableRegistry, new: &'a PortableRegistry) -> Self {
		Self {
			strict: true,
			old,
			new,
			alike: BTreeSet::new(),
		}
	}

	/// Of what is sent: a variant that is gone is refused, which no sender takes for something else.
	pub(crate) fn of_messages(old: &'a PortableRegistry, new: &'a PortableRegistry) -> Self {
		Self {
			strict: false,
			..Self::of(old, new)
		}
	}

	/// True if what is written as the old type reads as the same values of the new one. Names mean nothing here, and a new
	/// variant takes nothing from the others.
	pub(crate) fn reads(&mut self, old: u32, new: u32) -> bool {
		if !self.alike.insert((old, new)) {
			return true;
		}
		let (Some(before), Some(after)) = (self.unwrap(self.old, old), self.unwrap(self.new, new))
		else {
			return false;
		};
		use TypeDef::*;
		let reads = match (before, after) {
			(Variant(old), Variant(new)) => old.variants.iter().all(|old| {
				let new = new.variants.iter().find(|new| new.index == old.index);
				new.map_or(!self.strict, |new| {
					self.all_read(&ids(&old.fields), &ids(&new.fields))
				})
			}),
			(Composite(old), Composite(new)) => self.all_read(&ids(&old.fields), &ids(&new.fields)),
			(Composite(old), Tuple(new)) => self.all_read(&ids(&old.fields), &parts(new)),
			(Tuple(old), Composite(new)) => self.all_read(&parts(old), &ids(&new.fields)),
			(Tuple(old), Tuple(new)) => self.all_read(&parts(old), &parts(new)),
			(Sequence(old), Sequence(new)) => self.reads(old.type_param.id, new.type_param.id),
			(Array(old), Array(new)) => {
				old.len == new.len && self.reads(old.type_param.id, new.type_param.id)
			}
			(Compact(old), Compact(new)) => self.reads(old.type_param.id, new.type_param.id),
			(Primitive(old), Primitive(new)) => old == new,
			(BitSequence(old), BitSequence(new)) => {
				self.reads(old.bit_store_type.id, new.bit_store_type.id)
			}
			_ => false,
		};
		if !reads {
			self.alike.remove(&(old, new));
		}
		reads
	}

	pub(crate) fn all_read(&mut self, old: &[u32], new: &[u32]) -> bool {
		old.len() == new.len() && old.iter().zip(new).all(|(old, new)| self.reads(*old, *new))
	}

	/// A type of one field is written as that field.
	fn unwrap(
		&self,
		types: &'a PortableRegistry,
		mut id: u32,
	) -> Option<&'a TypeDef<PortableForm>> {
		loop {
			let ty = &types.resolve(id)?.type_def;
			id = match ty {
				TypeDef::Composite(one) if one.fields.len() == 1 => one.fields.first()?.ty.id,
				TypeDef::Tuple(one) if one.fields.len() == 1 => one.fields.first()?.id,
				_ => return Some(ty),
			};
		}
	}
}

/// The types of fields.
pub(crate) fn ids(fields: &[Field<PortableForm>]) -> Vec<u32> {
	fields.iter().map(|field| field.ty.id).collect()
}

fn parts(tuple: &scale_info::TypeDefTuple<PortableForm>) -> Vec<u32> {
	tuple.fields.iter().map(|part| part.id).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;
	use scale_info::{
		meta_type, Path, PortableType, Registry, Type, TypeDefArray, TypeDefSequence, TypeDefTuple,
		TypeInfo,
	};

	#[derive(Encode, TypeInfo)]
	#[allow(dead_code)]
	enum Tree {
		Leaf,
		Node(Box<Tree>, Vec<u8>),
	}

	#[derive(Encode, TypeInfo)]
	struct Value {
		flag: bool,
		#[codec(compact)]
		amount: u128,
		text: String,
		pairs: Vec<(u16, [u64; 2])>,
		nothing: [(); 3],
		#[codec(compact)]
		compact: (),
		tree: Tree,
	}

	fn value() -> Value {
		Value {
			flag: true,
			amount: 1 << 70,
			text: "text".into(),
			pairs: vec![(1, [2, 3]), (4, [5, 6])],
			nothing: [(); 3],
			compact: (),
			tree: Tree::Node(Box::new(Tree::Leaf), vec![1; 100]),
		}
	}

	fn types<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
		let mut registry = Registry::new();
		let id = registry.register_type(&meta_type::<T>()).id;
		(registry.into(), id)
	}

	#[test]
	fn a_value_is_skipped_to_its_end_and_nothing_less_is_one() {
		let (types, id) = types::<Value>();
		check(&types).unwrap();
		let encoded = value().encode();
		let mut bytes = &[&encoded[..], b"more"].concat()[..];
		assert_eq!(skip(&types, id, &mut bytes), Some(()));
		assert_eq!(bytes, b"more");
		for cut in 0..encoded.len() {
			assert_eq!(skip(&types, id, &mut &encoded[..cut]), None, "{cut}");
		}
		let mut wrong = encoded;
		wrong[0] = 2;
		assert_eq!(skip(&types, id, &mut &wrong[..]), None);
	}

	#[test]
	fn a_value_that_is_too_deep_is_none() {
		let (types, id) = types::<Tree>();
		let nested = |depth: usize| [vec![1; depth], vec![0], vec![0; depth]].concat();
		assert_eq!(skip(&types, id, &mut &nested(50)[..]), Some(()));
		assert_eq!(skip(&types, id, &mut &nested(1_000_000)[..]), None);
	}

	/// A registry of these types, by number.
	fn made(all: Vec<TypeDef<PortableForm>>) -> PortableRegistry {
		let number = |(id, type_def)| PortableType {
			id,
			ty: Type::new(Path::default(), vec![], type_def, vec![]),
		};
		PortableRegistry {
			types: (0..).zip(all).map(number).collect(),
		}
	}

	#[test]
	fn types_that_never_end_are_refused() {
		let itself = made(vec![TypeDefTuple::new_portable([0.into()]).into()]);
		assert_eq!(check(&itself), Err("type 0 contains itself".into()));
		let unknown = made(vec![TypeDefTuple::new_portable([1.into()]).into()]);
		assert_eq!(check(&unknown), Err("there is no type 1".into()));
	}

	#[test]
	fn types_of_too_many_parts_are_refused() {
		// Nothing, twice of it, and so on: reading it takes no bytes, and all steps.
		let pair = |id: u32| TypeDefTuple::new_portable([id.into(), id.into()]).into();
		let nothing = || TypeDefTuple::new_portable([]).into();
		let doubled = |times| {
			made(
				std::iter::once(nothing())
					.chain((0..times).map(pair))
					.collect(),
			)
		};
		assert_eq!(check(&doubled(11)), Ok(()));
		let refused = "type 12 is too deep, or has too many parts";
		assert_eq!(check(&doubled(12)), Err(refused.into()));
		let arrays = made(vec![
			nothing(),
			TypeDefArray::new(64, 0.into()).into(),
			TypeDefArray::new(64, 1.into()).into(),
		]);
		let refused = "type 2 is too deep, or has too many parts";
		assert_eq!(check(&arrays), Err(refused.into()));
		let many = made(vec![nothing(), TypeDefSequence::new(0.into()).into()]);
		assert_eq!(check(&many), Ok(()));
		assert_eq!(skip(&many, 1, &mut &Compact(100u32).encode()[..]), Some(()));
		assert_eq!(skip(&many, 1, &mut &Compact(5_000u32).encode()[..]), None);
	}

	#[test]
	fn types_out_of_place_are_refused() {
		let mut types = made(vec![
			TypeDefPrimitive::U8.into(),
			TypeDefPrimitive::U8.into(),
		]);
		types.types[1].id = 0;
		let refused = "type 0 is in the place of type 1";
		assert_eq!(check(&types), Err(refused.into()));
	}

	fn reads<Old: TypeInfo + 'static, New: TypeInfo + 'static>() -> bool {
		let ((old, from), (new, to)) = (types::<Old>(), types::<New>());
		Comparison::of(&old, &new).reads(from, to)
	}

	#[test]
	fn only_what_is_written_otherwise_is_another_type() {
		#[derive(TypeInfo)]
		#[allow(dead_code)]
		struct Renamed {
			other: u32,
			name: Vec<u8>,
		}
		#[derive(TypeInfo)]
		#[allow(dead_code)]
		enum More {
			#[codec(index = 1)]
			Node(Box<More>, Vec<u8>),
			#[codec(index = 0)]
			Nothing,
			New(u8),
		}
		assert!(reads::<(u32, Vec<u8>), Renamed>());
		assert!(reads::<Tree, More>());
		assert!(!reads::<More, Tree>(), "a variant is gone");
		let ((old, from), (new, to)) = (types::<More>(), types::<Tree>());
		assert!(Comparison::of_messages(&old, &new).reads(from, to));
		assert!(!reads::<(u32, Vec<u8>), (u32, Vec<u16>)>());
		assert!(!reads::<Renamed, (u32,)>());
		assert!(!reads::<[u8; 4], [u8; 5]>());
		assert!(reads::<Value, Value>());
	}
}
