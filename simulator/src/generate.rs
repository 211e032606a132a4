//! Calls for the section Stress, made of nothing but a runtime's types, real accounts and a seed: boundary values, deep
//! nestings, and malformed bytes. The same inputs make the same bytes on every machine, and whatever types a hostile candidate
//! has, that takes bounded time and memory.

use codec::{Compact, CompactLen, Encode};
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha20Rng,
};
use scale_info::{
	form::PortableForm, Field, PortableRegistry, Type, TypeDef, TypeDefPrimitive, TypeDefVariant,
};

/// Most bytes of one value.
const LARGEST: u32 = 1 << 24;
/// Most types inside of one another in most values: about eight calls in one another.
const SHALLOW: u32 = 20;
/// The same of the deepest values: about 64 calls. A runtime decodes some more.
const DEEPEST: u32 = 128;
/// Most bytes that are added to malformed ones.
const ADDED: usize = 4096;
/// How often an account is among the kinds of an address, the others of which are mostly refused before anything is tried.
const ACCOUNTS: usize = 12;

/// What a value of a type is written as.
enum Shape {
	/// One of these rows. Without any there is no value.
	Rows(Vec<Row>),
	/// A count, and so many values of a type.
	Sequence(u32),
	/// Values of a type, so many.
	Array(u32, u32),
	/// So many bytes that are, in so many percent, an account if one is that long.
	Bytes(u32, u32),
	Char,
	Text,
	/// A number of so many bits.
	Number(u32),
	/// The same in as few bytes as it needs.
	Compact(u32),
	/// Bits in words of so many.
	Bits(u32),
}

/// Values of types one after the other, maybe after the number of a variant.
struct Row {
	index: Option<u8>,
	ids: Vec<u32>,
	least: Least,
}

/// The shallowest value.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Least {
	/// Types inside of one another.
	levels: u32,
	/// None only if all values are empty: a choice takes a byte.
	bytes: u32,
}

/// The types of a runtime, by number.
struct Plan {
	shapes: Vec<Shape>,
	/// `None` if no value is shallow enough.
	least: Vec<Option<Least>>,
	/// True of types with values as deep as any may be.
	deep: Vec<bool>,
}

/// Makes calls of one runtime, the same ones from the same seed.
pub(crate) struct Generator<'a> {
	plan: Plan,
	accounts: &'a [Vec<u8>],
	random: Random,
}

impl<'a> Generator<'a> {
	/// `accounts` are encoded identifiers that exist on the chain. They and their order are part of the inputs.
	pub(crate) fn new(types: &PortableRegistry, accounts: &'a [Vec<u8>], seed: [u8; 32]) -> Self {
		Self {
			plan: Plan::of(types),
			accounts,
			random: Random(ChaCha20Rng::from_seed(seed)),
		}
	}

	/// The encoded arguments of a call with these fields, at most `most` bytes. `None` if no values are that small, or none
	/// are shallow enough.
	pub(crate) fn arguments(
		&mut self,
		fields: &[Field<PortableForm>],
		most: usize,
	) -> Option<Vec<u8>> {
		let ids = ids(fields);
		let dive = self.random.one_in(8);
		let deepest = if dive { DEEPEST } else { SHALLOW };
		let levels = self.random.between(SHALLOW, deepest);
		let least = together(&self.plan.least, &ids)?;
		let mut writer = Writer {
			plan: &self.plan,
			accounts: self.accounts,
			random: &mut self.random,
			out: Vec::new(),
		};
		let space = Space {
			end: length(most).min(LARGEST),
			levels: levels.max(least.levels),
			dive,
		};
		writer.row(&ids, space)?;
		Some(writer.out)
	}

	/// One of these.
	pub(crate) fn pick<'b, T>(&mut self, from: &'b [T]) -> Option<&'b T> {
		self.random.pick(from)
	}

	/// A malformed relative of these bytes, at most 4096 longer.
	pub(crate) fn malformed(&mut self, bytes: &[u8]) -> Vec<u8> {
		let random = &mut self.random;
		// What comes first decides how the rest is read.
		let end = length(bytes.len());
		let end = if random.one_in(2) { end.min(8) } else { end };
		let at = random.below(end) as usize;
		let (before, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
		let (byte, after) = rest.split_first().unwrap_or((&0, &[]));
		let mut other = match random.below(8) {
			0 => before.to_vec(),
			1 => [bytes, &random.some_bytes(64)].concat(),
			2 => [before, &[byte ^ (1 << random.below(8))], after].concat(),
			3 => [&random.some_bytes(1), bytes.get(1..).unwrap_or(&[])].concat(),
			4 => [before, &random.stretched(*byte), after].concat(),
			5 => [before, random.claim(), after].concat(),
			6 => random.nested(bytes),
			_ => Vec::new(),
		};
		if other == bytes {
			other.push(0);
		}
		other
	}
}

/// Where a value may go.
#[derive(Clone, Copy)]
struct Space {
	/// Where its bytes end at the latest.
	end: u32,
	levels: u32,
	/// Go as deep as possible.
	dive: bool,
}

struct Writer<'a> {
	plan: &'a Plan,
	accounts: &'a [Vec<u8>],
	random: &'a mut Random,
	out: Vec<u8>,
}

impl Writer<'_> {
	/// Writes values of these types, one after the other.
	fn row(&mut self, ids: &[u32], space: Space) -> Option<()> {
		let mut rest = together(&self.plan.least, ids)?.bytes;
		let spare = self.room(space).checked_sub(rest)?;
		let deep = ids
			.iter()
			.enumerate()
			.filter(|(_, id)| space.dive && self.plan.is_deep(**id));
		let deep: Vec<usize> = deep.map(|(place, _)| place).collect();
		let path = self.random.pick(&deep);
		for (place, id) in ids.iter().enumerate() {
			let least = self.plan.least(*id)?;
			rest = rest.checked_sub(least.bytes)?;
			let (mut end, mut levels) = (space.end.checked_sub(rest)?, space.levels);
			let dive = path == Some(&place);
			if !dive {
				levels = levels.min(SHALLOW.max(least.levels));
			}
			if path.is_some() && !dive {
				// What is beside the path leaves the room to it.
				let most = least.bytes.saturating_add(spare / 64);
				end = end.min(length(self.out.len()).saturating_add(most));
			}
			self.value(*id, Space { end, levels, dive })?;
		}
		Some(())
	}

	/// Writes a value. There must be space for the least one of its type.
	fn value(&mut self, id: u32, mut space: Space) -> Option<()> {
		let plan = self.plan;
		if plan.least(id)?.bytes == 0 {
			return Some(());
		}
		space.levels = space.levels.checked_sub(1)?;
		match plan.shapes.get(id as usize)? {
			Shape::Rows(rows) => self.one_of(rows, space)?,
			Shape::Sequence(item) => self.sequence(*item, space)?,
			Shape::Array(item, count) => self.items(*item, *count, space)?,
			Shape::Bytes(count, accounts) => self.identifier(*count, *accounts),
			Shape::Char => u32::from(self.random.character()).encode_to(&mut self.out),
			Shape::Text => self.text(space),
			Shape::Number(bits) => {
				let number = self.random.number(*bits).to_le_bytes();
				self.out.extend(number.iter().take((bits / 8) as usize));
			}
			Shape::Compact(bits) => self.compact(*bits, space),
			Shape::Bits(word) => self.bits(*word, space),
		}
		Some(())
	}

	/// Writes one of the rows that there is space for.
	fn one_of(&mut self, rows: &[Row], space: Space) -> Option<()> {
		let (room, plan) = (self.room(space), self.plan);
		let mut fitting: Vec<&Row> = rows.iter().collect();
		fitting.retain(|row| row.least.levels <= space.levels && row.least.bytes <= room);
		if space.dive && fitting.iter().any(|row| row.is_deep(&plan.deep)) {
			fitting.retain(|row| row.is_deep(&plan.deep));
		}
		let row = self.random.pick(&fitting)?;
		self.out.extend(row.index);
		self.row(&row.ids, space)
	}

	fn sequence(&mut self, id: u32, space: Space) -> Option<()> {
		let item = self.plan.least(id);
		let item = item.filter(|item| item.levels <= space.levels);
		let most = item.map_or(0, |item| most_items(self.room(space), item.bytes));
		let count = if space.dive && self.plan.is_deep(id) {
			most.min(1)
		} else {
			self.random.count(most)
		};
		Compact(count).encode_to(&mut self.out);
		if let Some(Shape::Number(8)) = self.plan.shapes.get(id as usize) {
			self.identifier(count, 0);
			return Some(());
		}
		self.items(id, count, space)
	}

	fn items(&mut self, id: u32, count: u32, space: Space) -> Option<()> {
		let least = self.plan.least(id).unwrap_or_default().bytes;
		if least == 0 {
			return Some(());
		}
		let mut rest = least.checked_mul(count)?;
		for _ in 0..count {
			rest = rest.checked_sub(least)?;
			let end = space.end.checked_sub(rest)?;
			self.value(id, Space { end, ..space })?;
		}
		Some(())
	}

	/// Writes bytes that may name an account, or be a hash.
	fn identifier(&mut self, count: u32, accounts: u32) {
		let is_account = self.random.below(100) < accounts;
		let account = self.random.pick(self.accounts);
		match account.filter(|account| is_account && length(account.len()) == count) {
			Some(account) => self.out.extend(account),
			None => self.out.extend(self.random.bytes(count)),
		}
	}

	fn compact(&mut self, bits: u32, space: Space) {
		let mut number = self.random.number(bits);
		if length(Compact::compact_len(&number)) > self.room(space) {
			// These take one byte.
			number &= 63;
		}
		Compact(number).encode_to(&mut self.out);
	}

	fn text(&mut self, space: Space) {
		let most = self.random.count(most_items(self.room(space), 1));
		let character = self.random.character();
		let times = (most as usize).checked_div(character.len_utf8());
		let text = character.to_string().repeat(times.unwrap_or(0));
		text.encode_to(&mut self.out);
	}

	fn bits(&mut self, word: u32, space: Space) {
		let room = self.room(space).saturating_sub(4);
		let most = room.checked_div(word / 8).unwrap_or(0);
		let words = self.random.count(most);
		// Of the last one, some are not used.
		let unused = self.random.below(word);
		let count = words.saturating_mul(word).saturating_sub(unused);
		Compact(count).encode_to(&mut self.out);
		let bytes = self.random.bytes(words.saturating_mul(word / 8));
		self.out.extend(bytes);
	}

	fn room(&self, space: Space) -> u32 {
		space.end.saturating_sub(length(self.out.len()))
	}
}

impl Plan {
	fn of(types: &PortableRegistry) -> Self {
		let all = types.types.iter();
		let mut shapes: Vec<Shape> = all.map(|ty| shape(types, &ty.ty)).collect();
		let least = settle(&shapes, None, least_of);
		for shape in &mut shapes {
			if let Shape::Rows(rows) = shape {
				rows.retain_mut(|row| row.settle(&least));
			}
		}
		let deep = settle(&shapes, true, |shape, deep| match shape {
			Shape::Rows(rows) => rows.iter().any(|row| row.is_deep(deep)),
			Shape::Sequence(item) => at(deep, *item),
			_ => false,
		});
		Self {
			shapes,
			least,
			deep,
		}
	}

	fn least(&self, id: u32) -> Option<Least> {
		at(&self.least, id)
	}

	fn is_deep(&self, id: u32) -> bool {
		at(&self.deep, id)
	}
}

impl Row {
	fn of(index: Option<u8>, ids: Vec<u32>) -> Self {
		let least = Least::default();
		Self { index, ids, least }
	}

	/// The least values, as far as those of the types in it are known.
	fn least(&self, known: &[Option<Least>]) -> Option<Least> {
		let mut least = together(known, &self.ids)?;
		least.bytes = least.bytes.saturating_add(self.index.map_or(0, |_| 1));
		Some(least)
	}

	/// False if there are no such values.
	fn settle(&mut self, known: &[Option<Least>]) -> bool {
		let least = self.least(known);
		self.least = least.unwrap_or_default();
		// Nothing is written of the others, and there may be many of them.
		let is_written = |id| at(known, id).is_some_and(|least: Least| least.bytes > 0);
		self.ids.retain(|id| is_written(*id));
		least.is_some()
	}

	fn is_deep(&self, deep: &[bool]) -> bool {
		self.ids.iter().any(|id| at(deep, *id))
	}
}

/// What holds of each type by what holds of those in it: for the innermost ones first, then for those around them, and so on.
fn settle<T: Clone + PartialEq>(
	shapes: &[Shape],
	before: T,
	of: impl Fn(&Shape, &[T]) -> T,
) -> Vec<T> {
	let mut all = vec![before; shapes.len()];
	for _ in 0..DEEPEST {
		let next: Vec<T> = shapes.iter().map(|shape| of(shape, &all)).collect();
		if next == all {
			break;
		}
		all = next;
	}
	all
}

fn least_of(shape: &Shape, known: &[Option<Least>]) -> Option<Least> {
	let leaf = |bytes| Least { levels: 0, bytes };
	let inner = match shape {
		Shape::Rows(rows) => rows.iter().filter_map(|row| row.least(known)).min()?,
		Shape::Array(_, 0) => leaf(0),
		Shape::Array(item, count) => {
			let mut all = at(known, *item)?;
			all.bytes = all.bytes.saturating_mul(*count);
			all
		}
		Shape::Bytes(count, _) => leaf(*count),
		Shape::Sequence(_) | Shape::Text | Shape::Bits(_) => leaf(1),
		Shape::Char => leaf(4),
		Shape::Number(bits) => leaf(bits / 8),
		Shape::Compact(bits) => leaf((*bits).min(1)),
	};
	Some(Least {
		levels: inner.levels.saturating_add(1),
		..inner
	})
}

fn together(known: &[Option<Least>], ids: &[u32]) -> Option<Least> {
	ids.iter().try_fold(Least::default(), |sum, id| {
		let one = at(known, *id)?;
		Some(Least {
			levels: sum.levels.max(one.levels),
			bytes: sum.bytes.saturating_add(one.bytes),
		})
	})
}

fn shape(types: &PortableRegistry, ty: &Type<PortableForm>) -> Shape {
	let item_bits = |id| number_bits(&types.resolve(id)?.type_def);
	let row = |ids| Shape::Rows(vec![Row::of(None, ids)]);
	match &ty.type_def {
		TypeDef::Composite(composite) => match account(types, ty) {
			Some(count) => Shape::Bytes(count, 80),
			None => row(ids(&composite.fields)),
		},
		TypeDef::Tuple(parts) => row(parts.fields.iter().map(|part| part.id).collect()),
		TypeDef::Variant(variants) => Shape::Rows(rows(types, ty, variants)),
		TypeDef::Sequence(items) => Shape::Sequence(items.type_param.id),
		TypeDef::Array(items) => match item_bits(items.type_param.id) {
			Some(8) => Shape::Bytes(items.len, 25),
			_ => Shape::Array(items.type_param.id, items.len),
		},
		TypeDef::Primitive(TypeDefPrimitive::Char) => Shape::Char,
		TypeDef::Primitive(TypeDefPrimitive::Str) => Shape::Text,
		TypeDef::Primitive(TypeDefPrimitive::Bool) => {
			Shape::Rows(vec![Row::of(Some(0), vec![]), Row::of(Some(1), vec![])])
		}
		number @ TypeDef::Primitive(_) => {
			number_bits(number).map_or(Shape::Bytes(32, 0), Shape::Number)
		}
		TypeDef::Compact(inner) => {
			let bits = compact_bits(types, inner.type_param.id);
			bits.map_or(Shape::Rows(vec![]), Shape::Compact)
		}
		TypeDef::BitSequence(bits) => {
			let word = item_bits(bits.bit_store_type.id).filter(|bits| *bits <= 64);
			word.map_or(Shape::Rows(vec![]), Shape::Bits)
		}
	}
}

fn rows(
	types: &PortableRegistry,
	ty: &Type<PortableForm>,
	variants: &TypeDefVariant<PortableForm>,
) -> Vec<Row> {
	let mut seen = [false; 256];
	let mut rows = Vec::new();
	for variant in &variants.variants {
		// An earlier variant hides one of the same number.
		match seen.get_mut(usize::from(variant.index)) {
			Some(seen) if !*seen => *seen = true,
			_ => continue,
		}
		let account = match &variant.fields[..] {
			[one] => types.resolve(one.ty.id).and_then(|ty| account(types, ty)),
			_ => None,
		};
		let preferred = account.is_some() && is_named(ty, "MultiAddress");
		for _ in 0..if preferred { ACCOUNTS } else { 1 } {
			rows.push(Row::of(Some(variant.index), ids(&variant.fields)));
		}
	}
	rows
}

/// Bits of a number that may be written compactly; zero of nothing, which takes no bytes.
fn compact_bits(types: &PortableRegistry, id: u32) -> Option<u32> {
	match unwrapped(types, types.resolve(id)?)? {
		TypeDef::Composite(nothing) if nothing.fields.is_empty() => Some(0),
		TypeDef::Tuple(nothing) if nothing.fields.is_empty() => Some(0),
		number => number_bits(number),
	}
}

fn number_bits(ty: &TypeDef<PortableForm>) -> Option<u32> {
	use TypeDefPrimitive::*;
	match ty {
		TypeDef::Primitive(U8 | I8) => Some(8),
		TypeDef::Primitive(U16 | I16) => Some(16),
		TypeDef::Primitive(U32 | I32) => Some(32),
		TypeDef::Primitive(U64 | I64) => Some(64),
		TypeDef::Primitive(U128 | I128) => Some(128),
		_ => None,
	}
}

/// How many bytes an account's identifier has, if this type is one.
fn account(types: &PortableRegistry, ty: &Type<PortableForm>) -> Option<u32> {
	let TypeDef::Array(bytes) = unwrapped(types, ty).filter(|_| is_named(ty, "AccountId"))? else {
		return None;
	};
	let byte = &types.resolve(bytes.type_param.id)?.type_def;
	(number_bits(byte) == Some(8)).then_some(bytes.len)
}

/// What is in types of one field.
fn unwrapped<'a>(
	types: &'a PortableRegistry,
	ty: &'a Type<PortableForm>,
) -> Option<&'a TypeDef<PortableForm>> {
	let mut ty = &ty.type_def;
	for _ in 0..DEEPEST {
		let id = match ty {
			TypeDef::Composite(one) if one.fields.len() == 1 => one.fields.first()?.ty.id,
			TypeDef::Tuple(one) if one.fields.len() == 1 => one.fields.first()?.id,
			_ => return Some(ty),
		};
		ty = &types.resolve(id)?.type_def;
	}
	None
}

fn is_named(ty: &Type<PortableForm>, start: &str) -> bool {
	let name = ty.path.segments.last();
	name.is_some_and(|name| name.starts_with(start))
}

fn ids(fields: &[Field<PortableForm>]) -> Vec<u32> {
	fields.iter().map(|field| field.ty.id).collect()
}

/// What is there of a type; nothing if there is no such type.
fn at<T: Copy + Default>(all: &[T], id: u32) -> T {
	all.get(id as usize).copied().unwrap_or_default()
}

/// A length as the same number on every machine.
fn length(count: usize) -> u32 {
	u32::try_from(count).unwrap_or(u32::MAX)
}

/// How many items of so many bytes fit in a sequence, after their count.
fn most_items(room: u32, bytes: u32) -> u32 {
	// Those that take no bytes are counted as if they did.
	let fit = |room: u32| room.checked_div(bytes.max(1)).unwrap_or(0);
	let (few, many) = (fit(room.saturating_sub(1)), fit(room.saturating_sub(4)));
	few.min(63).max(many)
}

/// Draws that depend on nothing but the stream, not on how a library makes numbers of it.
struct Random(ChaCha20Rng);

impl Random {
	/// A number below another one; zero below zero.
	fn below(&mut self, end: u32) -> u32 {
		let wide = u64::from(self.0.next_u32()).saturating_mul(end.into());
		(wide >> 32) as u32
	}

	fn between(&mut self, from: u32, to: u32) -> u32 {
		let count = to.saturating_sub(from).saturating_add(1);
		from.saturating_add(self.below(count))
	}

	fn one_in(&mut self, count: u32) -> bool {
		self.below(count) == 0
	}

	fn pick<'b, T>(&mut self, from: &'b [T]) -> Option<&'b T> {
		from.get(self.below(length(from.len())) as usize)
	}

	/// How many items there are where so many would fit.
	fn count(&mut self, most: u32) -> u32 {
		let wanted = match self.below(8) {
			0 | 1 => 0,
			2 | 3 => 1,
			4..=6 => self.between(2, 8),
			_ => self.between(1, most),
		};
		wanted.min(most)
	}

	/// A number of so many bits, mostly one where something begins or ends.
	fn number(&mut self, bits: u32) -> u128 {
		let unused = 128_u32.saturating_sub(bits);
		let most = u128::MAX.checked_shr(unused).unwrap_or(0);
		let any = u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64());
		let power = 1_u128.checked_shl(self.below(bits)).unwrap_or(1);
		let below = power.saturating_sub(1);
		let number = match self.below(10) {
			0 => 0,
			1 => 1,
			2 => most,
			3 => most.saturating_sub(1),
			4 => power,
			5 => below,
			6 => power.saturating_add(1),
			7 => any & 0xff,
			8 => any & below,
			_ => any,
		};
		number & most
	}

	fn character(&mut self) -> char {
		let any = char::from_u32(self.below(0x11_0000)).unwrap_or('\u{d7ff}');
		let known = ['a', 'a', 'a', '\0', '\u{e000}', char::MAX, any];
		self.pick(&known).copied().unwrap_or(any)
	}

	fn bytes(&mut self, count: u32) -> Vec<u8> {
		let mut bytes = vec![0; count as usize];
		match self.below(4) {
			0 => (),
			1 => bytes.fill(0xff),
			_ => self.0.fill_bytes(&mut bytes),
		}
		bytes
	}

	fn some_bytes(&mut self, most: u32) -> Vec<u8> {
		let count = self.between(1, most);
		self.bytes(count)
	}

	/// The number of a compact byte in more bytes than it needs.
	fn stretched(&mut self, byte: u8) -> Vec<u8> {
		let number = byte & !3;
		match self.below(3) {
			0 => vec![number | 1, 0],
			1 => vec![number | 2, 0, 0, 0],
			_ => vec![3, number >> 2, 0, 0, 0],
		}
	}

	/// A compact number of more items than there are.
	fn claim(&mut self) -> &'static [u8] {
		match self.below(3) {
			0 => &[0xfe, 0xff, 0xff, 0xff],
			1 => &[3, 0xff, 0xff, 0xff, 0xff],
			_ => &[0xff; 68],
		}
	}

	/// The beginning again and again: that of a call which takes another one opens call after call.
	fn nested(&mut self, bytes: &[u8]) -> Vec<u8> {
		let longest = if self.one_in(2) { 4 } else { 64 };
		let count = self.between(1, longest) as usize;
		let opening = bytes.get(..count).unwrap_or(bytes);
		let times = ADDED.checked_div(opening.len()).unwrap_or(0);
		[&opening.repeat(times), bytes].concat()
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::types;
	use codec::Decode;
	use scale_info::{
		meta_type, Path, PortableType, Registry, TypeDefArray, TypeDefBitSequence, TypeDefSequence,
		TypeDefTuple, TypeInfo,
	};

	#[derive(Decode, TypeInfo)]
	#[allow(dead_code)]
	struct AccountId32([u8; 32]);

	#[derive(Decode, TypeInfo)]
	#[allow(dead_code)]
	enum MultiAddress {
		Id(AccountId32),
		Index(u32),
		Raw(Vec<u8>),
	}

	#[derive(Decode, TypeInfo)]
	#[allow(dead_code)]
	enum Call {
		Batch(Vec<Call>),
		#[codec(index = 7)]
		As(u16, Box<Call>, Vec<u8>),
		Pay {
			to: MultiAddress,
			#[codec(compact)]
			amount: u128,
		},
		Nothing,
	}

	#[derive(Decode, TypeInfo)]
	#[allow(dead_code)]
	struct Everything {
		flag: bool,
		text: String,
		numbers: (u8, i16, u32, i64, u128, i128),
		#[codec(compact)]
		small: u8,
		#[codec(compact)]
		large: u64,
		pairs: Vec<(u16, [u64; 2])>,
		hash: [u8; 32],
		bytes: Vec<u8>,
		nothing: (Vec<()>, [(); 3]),
		maybe: Option<Result<u8, String>>,
		call: Call,
	}

	#[derive(TypeInfo)]
	enum Never {}

	/// The types, and a field of this one.
	fn types<T: TypeInfo + 'static>() -> (PortableRegistry, Vec<Field<PortableForm>>) {
		let mut registry = Registry::new();
		let id = registry.register_type(&meta_type::<(T,)>()).id;
		let types: PortableRegistry = registry.into();
		let TypeDef::Tuple(one) = &types.resolve(id).unwrap().type_def else {
			panic!("it is a tuple");
		};
		let fields = vec![field(one.fields[0].id)];
		(types, fields)
	}

	fn field(id: u32) -> Field<PortableForm> {
		Field::new(None, id.into(), None, vec![])
	}

	/// Types of these definitions; each may name those before it, from zero on.
	fn made(definitions: Vec<TypeDef<PortableForm>>) -> PortableRegistry {
		let types = definitions.into_iter().zip(0..).map(|(definition, id)| {
			let ty = Type::new(Path::default(), vec![], definition, vec![]);
			PortableType { id, ty }
		});
		PortableRegistry {
			types: types.collect(),
		}
	}

	fn draw<T: TypeInfo + 'static>(seed: u8, most: usize, times: usize) -> Vec<Option<Vec<u8>>> {
		let (types, fields) = types::<T>();
		let mut generator = Generator::new(&types, &[], [seed; 32]);
		let draw = |_| generator.arguments(&fields, most);
		(0..times).map(draw).collect()
	}

	/// True if the bytes are one value of each field, and nothing more.
	fn reads(types: &PortableRegistry, fields: &[Field<PortableForm>], mut bytes: &[u8]) -> bool {
		let mut fields = fields.iter();
		let all = fields.try_for_each(|field| types::skip(types, field.ty.id, &mut bytes));
		all.is_some() && bytes.is_empty()
	}

	/// How many calls are in one another, where each has at most one.
	fn depth(mut bytes: &[u8]) -> usize {
		let mut depth = 0;
		loop {
			bytes = match bytes {
				[0, 4, rest @ ..] | [7, _, _, rest @ ..] => rest,
				_ => return depth,
			};
			depth += 1;
		}
	}

	#[test]
	fn a_seed_always_makes_the_same_bytes() {
		let drawn = draw::<Everything>(1, 1000, 300);
		assert_eq!(drawn, draw::<Everything>(1, 1000, 300));
		assert_ne!(drawn, draw::<Everything>(2, 1000, 300));
		let bytes: Vec<u8> = drawn.into_iter().flatten().flatten().collect();
		let sum = bytes.iter().fold(0_u64, |sum, byte| {
			sum.wrapping_mul(31).wrapping_add((*byte).into())
		});
		// All simulators must agree on it: it changes only with the protocol.
		assert_eq!((bytes.len(), sum), (114_539, 14_567_612_283_164_351_083));
	}

	#[test]
	fn every_value_is_read_to_its_end_and_no_larger_than_it_may_be() {
		let (types, fields) = types::<(Everything, char)>();
		let mut generator = Generator::new(&types, &[], [0; 32]);
		let least = together(&generator.plan.least, &ids(&fields))
			.unwrap()
			.bytes as usize;
		for most in [least, least + 1, least + 70, 1000, 4_000] {
			for _ in 0..300 {
				let bytes = generator.arguments(&fields, most).unwrap();
				assert!(bytes.len() <= most, "{} of {most}", bytes.len());
				assert!(reads(&types, &fields, &bytes), "{bytes:?}");
				// The library agrees, but for the letter: it has none.
				let mut rest = &bytes[..];
				assert!(Everything::decode(&mut rest).is_ok() && rest.len() == 4);
			}
		}
		assert_eq!(generator.arguments(&fields, least - 1), None);
	}

	#[test]
	fn bits_are_read_to_their_end() {
		for store in [TypeDefPrimitive::U8, TypeDefPrimitive::U64] {
			let bits = TypeDefBitSequence {
				bit_store_type: 0.into(),
				bit_order_type: 0.into(),
			};
			let types = made(vec![store.into(), bits.into()]);
			let mut generator = Generator::new(&types, &[], [0; 32]);
			for most in (1..300).chain([5000]) {
				let bytes = generator.arguments(&[field(1)], most).unwrap();
				assert!(bytes.len() <= most && reads(&types, &[field(1)], &bytes));
			}
		}
	}

	#[test]
	fn calls_in_calls_end_and_a_few_go_deep() {
		let calls = draw::<Call>(0, 5000, 1000);
		let depths: Vec<usize> = calls.iter().flatten().map(|call| depth(call)).collect();
		assert_eq!(depths.len(), 1000);
		let deepest = depths.iter().max().copied().unwrap();
		assert!((50..=DEEPEST as usize).contains(&deepest), "{deepest}");
		let deep = depths.iter().filter(|depth| **depth > 20).count();
		assert!((50..200).contains(&deep), "{deep}");
	}

	#[test]
	fn what_has_no_value_has_none() {
		assert_eq!(draw::<Never>(0, 100, 1), [None]);
		assert_eq!(draw::<(u8, Never)>(0, 100, 1), [None]);
		assert_eq!(draw::<[Never; 2]>(0, 100, 1), [None]);
		assert_eq!(draw::<Vec<Never>>(0, 100, 20), vec![Some(vec![0]); 20]);
		assert_eq!(draw::<Option<Never>>(0, 100, 20), vec![Some(vec![0]); 20]);
		assert_eq!(draw::<[Never; 0]>(0, 100, 1), [Some(vec![])]);
		// A length of nothing is nothing.
		assert_eq!(draw::<Compact<()>>(0, 0, 1), [Some(vec![])]);
		assert_eq!(draw::<u32>(0, 3, 1), [None]);
	}

	#[test]
	fn boundaries_are_drawn() {
		let drawn = draw::<u32>(0, 100, 200);
		let compact = draw::<Compact<u32>>(0, 100, 200);
		for number in [0, 1, u32::MAX, u32::MAX - 1] {
			assert!(drawn.contains(&Some(number.encode())), "{number}");
			assert!(
				compact.contains(&Some(Compact(number).encode())),
				"{number}"
			);
		}
		for hash in [[0; 32], [0xff; 32]] {
			assert!(draw::<[u8; 32]>(0, 100, 50).contains(&Some(hash.to_vec())));
		}
	}

	#[test]
	fn accounts_that_exist_are_used() {
		let accounts = [vec![1; 32], vec![2; 32], vec![3; 20]];
		let used = |(types, fields): (PortableRegistry, Vec<_>), from: usize| {
			let mut generator = Generator::new(&types, &accounts, [0; 32]);
			let draw = |_| generator.arguments(&fields, 100).unwrap();
			let drawn: Vec<_> = (0..1000).map(draw).collect();
			let used = |account: &Vec<u8>| {
				let here = drawn
					.iter()
					.filter(|drawn| drawn.get(from..) == Some(account));
				here.count()
			};
			accounts.iter().map(used).collect::<Vec<_>>()
		};
		let named = used(types::<AccountId32>(), 0);
		assert!(
			named[0] > 200 && named[1] > 200 && named[2] == 0,
			"{named:?}"
		);
		let addressed = used(types::<MultiAddress>(), 1);
		assert!(addressed[0] > 150 && addressed[1] > 150, "{addressed:?}");
		let hashes = used(types::<[u8; 20]>(), 0);
		assert!(hashes[2] > 50 && hashes[2] < 150, "{hashes:?}");
	}

	#[test]
	fn types_that_would_never_end_take_no_time() {
		let array = |item: u32, len| TypeDefArray::new(len, item.into()).into();
		let pair = |id: u32| TypeDefTuple::new_portable(vec![id.into(); 2]).into();
		// Nothing, twice of it, and so on; the same of bytes; many of nothing, in one another; any number of nothing.
		let mut all: Vec<TypeDef<PortableForm>> = vec![TypeDefTuple::new_portable(vec![]).into()];
		all.extend((0..60).map(pair));
		all.push(TypeDefPrimitive::U8.into());
		all.extend((61..121).map(pair));
		all.extend([array(0, 1 << 20), array(122, 1 << 20)]);
		all.extend([array(61, 1 << 20), array(124, 1 << 20)]);
		all.push(TypeDefSequence::new(60.into()).into());
		let types = made(all);
		let mut generator = Generator::new(&types, &[], [0; 32]);
		let mut draw = |id| generator.arguments(&[field(id)], 1 << 21);
		assert_eq!((draw(60), draw(123)), (Some(vec![]), Some(vec![])));
		assert_eq!((draw(121), draw(125)), (None, None));
		assert_eq!(draw(124).map(|bytes| bytes.len()), Some(1 << 20));
		assert!((0..100).all(|_| draw(126).is_some_and(|bytes| bytes.len() <= 4)));
	}

	#[test]
	fn an_earlier_variant_hides_a_later_one_of_its_number() {
		let (mut types, fields) = types::<Option<u8>>();
		for ty in &mut types.types {
			if let TypeDef::Variant(variants) = &mut ty.ty.type_def {
				variants.variants[1].index = 0;
			}
		}
		let mut generator = Generator::new(&types, &[], [0; 32]);
		assert!((0..50).all(|_| generator.arguments(&fields, 100) == Some(vec![0])));
	}

	#[test]
	fn malformed_bytes_differ_and_are_not_much_longer() {
		let (types, _) = types::<u8>();
		let mut generator = Generator::new(&types, &[], [0; 32]);
		let mut all = std::collections::BTreeSet::new();
		for bytes in [&[][..], &[0], &[3, 1, 4, 1, 5], &[0xff; 1000]] {
			for _ in 0..1000 {
				let other = generator.malformed(bytes);
				assert!(other != bytes && other.len() <= bytes.len() + ADDED);
				all.insert(other);
			}
		}
		assert!(all.contains(&vec![]) && all.len() > 1000);
	}
}
