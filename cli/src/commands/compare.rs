//! `airlock compare`

use crate::{
	app::{Answer, Context},
	client::{self, Block},
	failure::input,
};
use anyhow::{Context as _, Result};
use codec::Decode;
use scale_info::{form::PortableForm, Field, TypeDef, Variant};
use serde_json::json;
use sp_maybe_compressed_blob::CODE_BLOB_BOMB_LIMIT;
use std::{
	collections::{BTreeMap, BTreeSet},
	fmt,
	path::{Path, PathBuf},
};
use subxt::{ext::frame_metadata::RuntimeMetadataPrefixed, metadata::PalletMetadata, Metadata};

/// Say what a runtime changes for those who use the chain: what breaks them first
#[derive(Debug, clap::Args)]
pub struct Compare {
	/// The new runtime blob
	new: PathBuf,

	/// The old one [default: the code that the chain runs]
	old: Option<PathBuf>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
	/// True if what worked may not work any more. These sort first.
	breaking: std::cmp::Reverse<bool>,
	/// What it is about.
	subject: String,
	/// What became of it.
	change: &'static str,
}

impl Difference {
	/// The pallet that it is about, if it is about one: subjects are "pallet NAME", or what is of it as "call NAME.item".
	fn pallet(&self) -> Option<&str> {
		let (what, name) = self.subject.split_once(' ')?;
		let is_of_one = [PALLET, CALL, STORAGE, CONSTANT, EVENT, ERROR].contains(&what);
		is_of_one.then(|| name.split('.').next())?
	}
}

impl fmt::Display for Difference {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let mark = if self.breaking.0 { "!" } else { " " };
		write!(f, "{mark} {} {}", self.subject, self.change)
	}
}

impl Compare {
	/// Compares.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let comparison = match &self.old {
			Some(path) => Comparison::of(&read(path)?, &read(&self.new)?),
			None => with_chain(context, &self.new).await?,
		};
		let Comparison {
			old, new, found, ..
		} = &comparison;
		let one = |difference: &Difference| json!({"breaking": difference.breaking.0, "subject": difference.subject, "change": difference.change});
		let data = json!({
			"old_version": old,
			"new_version": new,
			"breaking": comparison.breaking(),
			"differences": found.iter().map(one).collect::<Vec<_>>(),
		});
		Ok(Answer::new(comparison.to_string(), data))
	}
}

/// What a runtime changes.
pub(super) struct Comparison {
	/// Version of the old one.
	old: u32,
	/// Version of the new one.
	pub(super) new: u32,
	/// The pallets that are not as they were, as far as metadata shows: by name, or by index if the old one has none of that name.
	pub(super) touched: BTreeSet<String>,
	found: Vec<Difference>,
}

impl Comparison {
	fn of(old: &(u32, Metadata), new: &(u32, Metadata)) -> Self {
		let found = differences(&old.1, &new.1);
		let name = |pallet: &str| match new.1.pallet_by_name(pallet) {
			Some(new) if old.1.pallet_by_name(pallet).is_none() => new.call_index().to_string(),
			_ => pallet.to_owned(),
		};
		Self {
			old: old.0,
			new: new.0,
			touched: found
				.iter()
				.filter_map(Difference::pallet)
				.map(name)
				.collect(),
			found,
		}
	}

	fn breaking(&self) -> usize {
		let breaking = self.found.iter().filter(|difference| difference.breaking.0);
		breaking.count()
	}
}

impl fmt::Display for Comparison {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self {
			old, new, found, ..
		} = self;
		let breaking = self.breaking();
		write!(
			f,
			"version {old} -> {new}: {} differences, {breaking} of them breaking",
			found.len()
		)?;
		found
			.iter()
			.try_for_each(|difference| write!(f, "\n{difference}"))
	}
}

/// What a blob changes of the code that the chain runs.
///
/// # Errors
/// If it is no runtime blob, or the node does not answer.
pub(super) async fn with_chain(context: &Context, path: &Path) -> Result<Comparison> {
	let new = read(path)?;
	let at = context.client().await?.best().await?;
	with_block(&at, &new).await
}

/// What code of this version and with this metadata changes of the code that a block's state has.
///
/// # Errors
/// If it is no metadata, or the node does not answer.
pub(super) async fn of_candidate(at: &Block, version: u32, metadata: &[u8]) -> Result<Comparison> {
	with_block(at, &(version, parse(metadata)?)).await
}

async fn with_block(at: &Block, new: &(u32, Metadata)) -> Result<Comparison> {
	let found: Option<Vec<u8>> = client::api(at, "Metadata_metadata_at_version", 15u32).await?;
	let old = (at.spec_version(), parse(&found.unwrap_or_default())?);
	Ok(Comparison::of(&old, new))
}

/// Version and metadata of a blob.
fn read(path: &Path) -> Result<(u32, Metadata)> {
	let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
	metadata(&bytes, &path.display().to_string())
}

fn parse(bytes: &[u8]) -> Result<Metadata> {
	let metadata = RuntimeMetadataPrefixed::decode(&mut &bytes[..]).context("the metadata")?;
	Ok(Metadata::try_from(metadata)?)
}

fn metadata(blob: &[u8], name: &str) -> Result<(u32, Metadata)> {
	let wrong = |what: String| input(format!("{name}: {what}"), "Give a runtime blob.");
	let looked = airlock_simulator::look_at(blob, CODE_BLOB_BOMB_LIMIT).map_err(wrong)?;
	let found = looked
		.metadata
		.ok_or_else(|| wrong("it gives no metadata".to_owned()))?;
	Ok((looked.version.spec_version, parse(&found)?))
}

/// What differs, breaking changes first.
pub fn differences(old: &Metadata, new: &Metadata) -> Vec<Difference> {
	let mut found = Vec::new();
	let names = |metadata: &Metadata| -> BTreeSet<String> {
		metadata
			.pallets()
			.map(|pallet| pallet.name().to_owned())
			.collect()
	};
	for name in names(old).union(&names(new)) {
		match (old.pallet_by_name(name), new.pallet_by_name(name)) {
			(Some(before), Some(after)) => pallet((old, &before), (new, &after), &mut found),
			(Some(_), None) => found.push(difference(true, format!("{PALLET} {name}"), "is gone")),
			_ => found.push(difference(false, format!("{PALLET} {name}"), "is new")),
		}
	}
	let apis = |metadata: &Metadata| -> BTreeSet<String> {
		metadata
			.runtime_api_traits()
			.map(|api| api.name().to_owned())
			.collect()
	};
	added_and_gone("runtime API ", &apis(old), &apis(new), &mut found);
	let extensions = |metadata: &Metadata| -> Vec<String> {
		let all = metadata
			.extrinsic()
			.transaction_extensions_to_use_for_encoding();
		all.map(|extension| extension.identifier().to_owned())
			.collect()
	};
	if extensions(old) != extensions(new) {
		found.push(difference(
			true,
			"transaction extensions".to_owned(),
			"changed",
		));
	}
	found.sort();
	found
}

fn difference(breaking: bool, subject: String, change: &'static str) -> Difference {
	Difference {
		breaking: std::cmp::Reverse(breaking),
		subject,
		change,
	}
}

/// What one has and the other has not. To lose something breaks.
fn added_and_gone(
	what: &str,
	old: &BTreeSet<String>,
	new: &BTreeSet<String>,
	found: &mut Vec<Difference>,
) {
	let gone = old
		.difference(new)
		.map(|name| difference(true, format!("{what}{name}"), "is gone"));
	found.extend(gone);
	let added = new
		.difference(old)
		.map(|name| difference(false, format!("{what}{name}"), "is new"));
	found.extend(added);
}

/// A whole pallet, and the kinds of what it shows.
const PALLET: &str = "pallet";
const CALL: &str = "call";
const STORAGE: &str = "storage";
const CONSTANT: &str = "constant";
const EVENT: &str = "event";
const ERROR: &str = "error";

fn pallet(
	(old, before): (&Metadata, &PalletMetadata),
	(new, after): (&Metadata, &PalletMetadata),
	found: &mut Vec<Difference>,
) {
	let name = before.name();
	if before.call_index() != after.call_index() {
		let subject = format!("{PALLET} {name}");
		found.push(difference(true, subject, "has another index"));
	}
	for what in [CALL, STORAGE, CONSTANT, EVENT, ERROR] {
		let (old, new) = (items(old, before, what), items(new, after, what));
		let names = |of: &BTreeMap<String, String>| of.keys().cloned().collect();
		added_and_gone(
			&format!("{what} {name}."),
			&names(&old),
			&names(&new),
			found,
		);
		for (item, shape) in &old {
			if new.get(item).is_some_and(|other| other != shape) {
				// A constant is read anew by everybody who asks; the rest is what clients were written for.
				let subject = format!("{what} {name}.{item}");
				found.push(difference(what != CONSTANT, subject, "changed"));
			}
		}
	}
}

/// What a pallet shows of one kind, by name, each with all that a client must know to use it.
fn items(metadata: &Metadata, pallet: &PalletMetadata, what: &str) -> BTreeMap<String, String> {
	let shapes = Shapes { metadata };
	let variants = |all: Option<&[Variant<PortableForm>]>| {
		let all = all.unwrap_or_default().iter();
		let one = |variant: &Variant<PortableForm>| {
			let shape = shapes.fields(&variant.fields, &mut Vec::new());
			(variant.name.clone(), format!("{} {shape}", variant.index))
		};
		all.map(one).collect()
	};
	match what {
		CALL => variants(pallet.call_variants()),
		EVENT => variants(pallet.event_variants()),
		ERROR => variants(pallet.error_variants()),
		CONSTANT => pallet
			.constants()
			.map(|constant| {
				let shape = shapes.of(constant.ty(), &mut Vec::new());
				(
					constant.name().to_owned(),
					format!("{shape} {:?}", constant.value()),
				)
			})
			.collect(),
		_ => {
			let entries = pallet.storage().map(|storage| storage.entries());
			entries
				.unwrap_or_default()
				.iter()
				.map(|entry| {
					let keys = entry.keys().map(|key| {
						format!(
							"{:?} {}",
							key.hasher,
							shapes.of(key.key_id, &mut Vec::new())
						)
					});
					let keys: Vec<String> = keys.collect();
					let value = shapes.of(entry.value_ty(), &mut Vec::new());
					(entry.name().to_owned(), format!("{keys:?} {value}"))
				})
				.collect()
		}
	}
}

/// Types in words, by what their values are written like.
struct Shapes<'a> {
	metadata: &'a Metadata,
}

impl Shapes<'_> {
	/// A type. `above` are the types that it is in, so that one that has itself in it ends.
	fn of(&self, id: u32, above: &mut Vec<u32>) -> String {
		let outer = self.metadata.outer_enums();
		// All calls, events and errors of all pallets: what changes in them is said where it is.
		for (all, name) in [
			(outer.call_enum_ty(), "call"),
			(outer.event_enum_ty(), "event"),
			(outer.error_enum_ty(), "error"),
		] {
			if id == all {
				return name.to_owned();
			}
		}
		if let Some(depth) = above.iter().position(|known| *known == id) {
			return format!("^{depth}");
		}
		let Some(found) = self.metadata.types().resolve(id) else {
			return "?".to_owned();
		};
		above.push(id);
		let shape = match &found.type_def {
			TypeDef::Composite(of) => self.fields(&of.fields, above),
			TypeDef::Variant(of) => {
				let one = |variant: &Variant<PortableForm>| {
					let fields = self.fields(&variant.fields, above);
					format!("{} {} {fields}", variant.index, variant.name)
				};
				let all: Vec<String> = of.variants.iter().map(one).collect();
				format!("enum {all:?}")
			}
			TypeDef::Sequence(of) => format!("[{}]", self.of(of.type_param.id, above)),
			TypeDef::Array(of) => format!("[{}; {}]", self.of(of.type_param.id, above), of.len),
			TypeDef::Tuple(of) => {
				let parts = of.fields.iter().map(|part| self.of(part.id, above));
				format!("{:?}", parts.collect::<Vec<_>>())
			}
			TypeDef::Compact(of) => format!("compact {}", self.of(of.type_param.id, above)),
			TypeDef::Primitive(of) => format!("{of:?}"),
			TypeDef::BitSequence(_) => "bits".to_owned(),
		};
		above.pop();
		shape
	}

	fn fields(&self, fields: &[Field<PortableForm>], above: &mut Vec<u32>) -> String {
		let one = |field: &Field<PortableForm>| {
			let name = field.name.as_deref().unwrap_or_default();
			format!("{name}: {}", self.of(field.ty.id, above))
		};
		let all: Vec<String> = fields.iter().map(one).collect();
		format!("{all:?}")
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_difference_knows_its_pallet() {
		let of = |subject: &str| difference(true, subject.to_owned(), "changed");
		assert_eq!(of("call Profiles.set_name").pallet(), Some("Profiles"));
		assert_eq!(of("pallet Balances").pallet(), Some("Balances"));
		assert_eq!(of("runtime API Core").pallet(), None);
		assert_eq!(of("transaction extensions").pallet(), None);
	}
}
