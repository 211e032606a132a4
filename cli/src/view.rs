//! What a chain says, decoded by the metadata of the block that is read: no type of a runtime is known here but those
//! that everybody judges by.

use crate::client::{self, Block};
use airlock_primitives::{
	api::{Actor, Progress, ProposalView},
	CodeRef, Dossier, ProposalId, Stage,
};
use anyhow::Result;
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef, TypeDefPrimitive};
use serde_json::{Map, Value as Json};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use subxt::{
	dynamic::{self, Value},
	ext::{
		scale_decode::DecodeAsType,
		scale_value::{Composite, Primitive, ValueDef},
	},
	utils::Static,
};

/// A proposal, as the chain shows it.
pub type View = ProposalView<[u8; 32], u32>;

/// All proposals that the chain remembers.
///
/// # Errors
/// If the node does not answer; so below.
pub async fn proposals(at: &Block) -> Result<Vec<View>> {
	client::api(at, "AirlockApi_proposals", ()).await
}

/// One proposal.
///
/// # Errors
/// Also if there is none of that number.
pub async fn proposal(at: &Block, id: ProposalId) -> Result<View> {
	let view: Option<View> = client::api(at, "AirlockApi_proposal", id).await?;
	view.ok_or_else(|| {
		crate::failure::input(
			format!("the chain does not know proposal {id}"),
			"'airlock history' lists those that it knows.",
		)
	})
}

/// The dossier of a proposal that has not ended.
///
/// # Errors
/// Also if it has ended.
pub async fn dossier(at: &Block, id: ProposalId) -> Result<Dossier> {
	#[derive(DecodeAsType)]
	#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
	struct Stored {
		dossier: Static<Dossier>,
	}
	let found: Option<Stored> = client::value_of(at, "Proposals", "Proposals", id).await?;
	match found {
		Some(found) => Ok(found.dossier.0),
		None => {
			let ended = proposal(at, id).await?;
			let how = ended.outcome.map(|outcome| format!("{outcome:?}"));
			Err(crate::failure::input(
				format!("proposal {id} has ended: {}", how.unwrap_or_default()),
				"Its dossier is in the block that registered it: 'airlock show' says what is kept.",
			))
		}
	}
}

/// The bytes of a code as they are on chain, held against hash and length.
///
/// # Errors
/// Also if they are missing, or differ.
pub async fn bytes_of_code(at: &Block, code: &CodeRef) -> Result<Vec<u8>> {
	let bytes = client::preimage(at, code.hash, code.len).await?;
	let bytes = bytes.ok_or_else(|| {
		crate::failure::input(
			format!(
				"the bytes of version {} are not on chain",
				code.spec_version
			),
			"Upload them with 'airlock upload', or wait until its block is final.",
		)
	})?;
	anyhow::ensure!(
		blake2_256(&bytes) == code.hash.0 && bytes.len() == code.len as usize,
		"the node sent bytes with another hash than the dossier's: do not trust it"
	);
	Ok(bytes)
}

/// True if a proposal that has not ended is for another code than the chain has: it ends when it is looked at next.
///
/// # Errors
/// If the node does not answer.
pub async fn is_void(at: &Block, view: &View) -> Result<bool> {
	if view.outcome.is_some() || view.stage >= Stage::Probation {
		return Ok(false);
	}
	let (code, _): (H256, u32) = client::api(at, "AirlockApi_code", ()).await?;
	Ok(dossier(at, view.id).await?.parent_code_hash != code)
}

/// Who must act on a proposal, and how much there is.
///
/// # Errors
/// See [`proposals`].
pub async fn awaited(at: &Block, id: ProposalId) -> Result<Vec<Progress>> {
	client::api(at, "AirlockApi_awaited", id).await
}

/// A storage item, as JSON.
///
/// # Errors
/// Also if the runtime has no such item.
pub async fn stored(
	at: &Block,
	pallet: &str,
	item: &str,
	keys: Vec<Value>,
) -> Result<Option<Json>> {
	let address = dynamic::storage::<Vec<Value>, Value>(pallet, item);
	let found = at.storage().try_fetch(address, keys).await?;
	let value = found.map(|value| value.decode()).transpose()?;
	let (ty, types) = (type_of(at, pallet, item)?, at.metadata_ref().types());
	Ok(value.map(|value| to_json(&value, ty, types)))
}

/// All values of a storage map whose keys begin with these, as JSON; with each its key's last 32 bytes, which is the
/// account if the map ends with one.
///
/// # Errors
/// Also if the runtime has no such item.
pub async fn entries(
	at: &Block,
	pallet: &str,
	item: &str,
	keys: Vec<Value>,
) -> Result<Vec<(Vec<u8>, Json)>> {
	let address = dynamic::storage::<Vec<Value>, Value>(pallet, item);
	let mut found = at.storage().iter(address, keys).await?;
	let (ty, types) = (type_of(at, pallet, item)?, at.metadata_ref().types());
	let mut entries = Vec::new();
	while let Some(entry) = found.next().await {
		let entry = entry?;
		let key = entry.key_bytes();
		let last = key.get(key.len().saturating_sub(32)..).unwrap_or_default();
		let value: Value = entry.value().decode()?;
		entries.push((last.to_vec(), to_json(&value, ty, types)));
	}
	Ok(entries)
}

/// The key of a proposal in storage.
pub fn key_of(id: ProposalId) -> Value {
	Value::u128(id.into())
}

/// The key of an account in storage.
pub fn key_of_account(account: &[u8; 32]) -> Value {
	Value::from_bytes(account)
}

/// What a value of a type is, for programs: names become objects, bytes become hex, a type around one value is that value,
/// and numbers that JSON readers would round become strings.
pub fn to_json<T>(value: &Value<T>, ty: u32, types: &PortableRegistry) -> Json {
	let Some(shape) = types.resolve(ty).map(|found| &found.type_def) else {
		return Json::Null;
	};
	match (&value.value, shape) {
		(_, TypeDef::Compact(compact)) => to_json(value, compact.type_param.id, types),
		(ValueDef::Composite(values), TypeDef::Composite(of)) => fields(values, &of.fields, types),
		(ValueDef::Composite(values), TypeDef::Sequence(of)) => {
			list(values, of.type_param.id, types)
		}
		(ValueDef::Composite(values), TypeDef::Array(of)) => list(values, of.type_param.id, types),
		(ValueDef::Composite(values), TypeDef::Tuple(of)) => {
			let parts = values.values().zip(&of.fields);
			parts
				.map(|(value, ty)| to_json(value, ty.id, types))
				.collect()
		}
		(ValueDef::Variant(variant), TypeDef::Variant(of)) => {
			let known = of.variants.iter().find(|known| known.name == variant.name);
			let known = known
				.map(|known| known.fields.as_slice())
				.unwrap_or_default();
			match (variant.name.as_str(), known) {
				(name, []) => name.into(),
				("Some", known) => fields(&variant.values, known, types),
				(name, known) => {
					let inner = fields(&variant.values, known, types);
					Json::Object(Map::from_iter([(name.to_owned(), inner)]))
				}
			}
		}
		// Amounts: a reader must not find a string only where there is much.
		(
			ValueDef::Primitive(Primitive::U128(amount)),
			TypeDef::Primitive(TypeDefPrimitive::U128),
		) => amount.to_string().into(),
		(ValueDef::Primitive(primitive), _) => match primitive {
			Primitive::Bool(value) => (*value).into(),
			Primitive::Char(value) => value.to_string().into(),
			Primitive::String(value) => value.clone().into(),
			Primitive::U128(value) => number(*value),
			Primitive::I128(value) => value.to_string().into(),
			Primitive::U256(bytes) | Primitive::I256(bytes) => hexed(bytes),
		},
		(ValueDef::BitSequence(bits), _) => {
			let bits = bits.iter().map(|bit| if bit { '1' } else { '0' });
			bits.collect::<String>().into()
		}
		_ => Json::Null,
	}
}

/// The fields of a struct, a variant, an event or a call.
pub fn fields<T>(
	values: &Composite<T>,
	known: &[Field<PortableForm>],
	types: &PortableRegistry,
) -> Json {
	let mut parts = values
		.values()
		.zip(known)
		.map(|(value, field)| to_json(value, field.ty.id, types));
	match known {
		[Field { name: None, .. }] => parts.next().unwrap_or_default(),
		[Field { name: None, .. }, ..] => parts.collect(),
		_ => {
			let names = known
				.iter()
				.map(|field| field.name.clone().unwrap_or_default());
			Json::Object(names.zip(parts).collect())
		}
	}
}

fn list<T>(values: &Composite<T>, ty: u32, types: &PortableRegistry) -> Json {
	let of = types.resolve(ty).map(|found| &found.type_def);
	if matches!(of, Some(TypeDef::Primitive(TypeDefPrimitive::U8))) {
		let byte = |value: &Value<T>| match value.value {
			ValueDef::Primitive(Primitive::U128(byte)) => byte as u8,
			_ => 0,
		};
		return hexed(&values.values().map(byte).collect::<Vec<_>>());
	}
	values
		.values()
		.map(|value| to_json(value, ty, types))
		.collect()
}

/// A number that [`to_json`] wrote; 0 if it is none.
pub fn amount(value: &Json) -> u128 {
	match value {
		Json::String(text) => text.parse().unwrap_or_default(),
		number => number.as_u64().unwrap_or_default().into(),
	}
}

fn number(value: u128) -> Json {
	// The largest that a double holds exactly.
	const EXACT: u128 = 1 << 53;
	match u64::try_from(value) {
		Ok(small) if value <= EXACT => small.into(),
		_ => value.to_string().into(),
	}
}

fn hexed(bytes: &[u8]) -> Json {
	format!("0x{}", hex::encode(bytes)).into()
}

/// Type of the values of a storage item.
fn type_of(at: &Block, pallet: &str, item: &str) -> Result<u32> {
	let found = at.metadata_ref().pallet_by_name(pallet);
	let entry = found.and_then(|pallet| pallet.storage()?.entry_by_name(item));
	let entry = entry.ok_or_else(|| anyhow::anyhow!("this runtime has no {pallet}.{item}"))?;
	Ok(entry.value_ty())
}

/// JSON as indented lines for people. Long bytes are cut.
pub fn to_text(value: &Json, indent: usize) -> String {
	let pad = " ".repeat(indent);
	match value {
		Json::Object(fields) => fields
			.iter()
			.map(|(name, value)| match value {
				Json::Object(inner) if !inner.is_empty() => {
					format!("{pad}{name}:\n{}", to_text(value, indent.saturating_add(2)))
				}
				Json::Array(inner) if inner.iter().any(is_deep) => {
					format!("{pad}{name}:\n{}", to_text(value, indent.saturating_add(2)))
				}
				_ => format!("{pad}{name}: {}\n", leaf(value)),
			})
			.collect(),
		Json::Array(values) if values.iter().any(is_deep) => values
			.iter()
			.map(|value| {
				let text = to_text(value, indent.saturating_add(2));
				format!("{pad}- {}", text.trim_start())
			})
			.collect(),
		_ => format!("{pad}{}\n", leaf(value)),
	}
}

fn is_deep(value: &Json) -> bool {
	matches!(value, Json::Object(_) | Json::Array(_))
}

fn leaf(value: &Json) -> String {
	const LONGEST: usize = 140;
	match value {
		Json::String(text) if text.len() > LONGEST && text.starts_with("0x") => {
			let bytes = text.len().saturating_sub(2) / 2;
			format!("{}... ({bytes} bytes)", text.get(..34).unwrap_or(text))
		}
		Json::String(text) => text.clone(),
		Json::Array(values) if values.is_empty() => "none".to_owned(),
		Json::Array(values) => values.iter().map(leaf).collect::<Vec<_>>().join(", "),
		Json::Null => "none".to_owned(),
		other => other.to_string(),
	}
}

/// All stages, in their order.
pub const STAGES: [Stage; 6] = [
	Stage::Registered,
	Stage::Simulation,
	Stage::Review,
	Stage::Voting,
	Stage::Timelock,
	Stage::Probation,
];

/// Who a stage waits for, what is counted, and the command with which it is done.
pub fn duty(actor: Actor) -> (&'static str, &'static str, &'static str) {
	match actor {
		Actor::Uploader => ("anyone with the bytes", "blobs", "upload"),
		Actor::SimulatorCommit => ("simulators", "commitments", "commit"),
		Actor::SimulatorReveal => ("simulators", "revealed reports", "reveal"),
		Actor::Auditor => ("auditors", "approvals", "attest --kind code-review"),
		Actor::Builder => (
			"builders",
			"reproduced builds",
			"attest --kind reproduced-build",
		),
		Actor::ValidatorVote => ("validators", "power for it", "vote"),
		Actor::ValidatorReadiness => ("validators", "power ready", "ready"),
		Actor::ValidatorHealth => ("validators", "power that says healthy", "health"),
		Actor::Funder => ("anyone", "units of bounty", "fund"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;
	use scale_info::{MetaType, TypeInfo};
	use serde_json::json;
	use subxt::ext::scale_value::scale::decode_as_type;

	/// A value as the chain would send it, read by its type.
	fn read<T: TypeInfo + Encode + 'static>(value: T) -> Json {
		let mut registry = scale_info::Registry::new();
		let id = registry.register_type(&MetaType::new::<T>()).id;
		let types = PortableRegistry::from(registry);
		let bytes = value.encode();
		let value = decode_as_type(&mut &bytes[..], id, &types).unwrap();
		to_json(&value, id, &types)
	}

	#[derive(Encode, TypeInfo)]
	struct Named {
		id: u32,
		names: Vec<Vec<u8>>,
	}

	#[derive(Encode, TypeInfo)]
	struct Around(Vec<u32>);

	#[derive(Encode, TypeInfo)]
	enum Said {
		Aye,
		Swing(u64),
	}

	#[test]
	fn to_json_should_keep_what_a_reader_would_round() {
		assert_eq!(read(1u64 << 53), json!(9007199254740992u64));
		assert_eq!(read((1u64 << 53) + 1), json!("9007199254740993"));
	}

	#[test]
	fn to_json_should_write_each_amount_as_a_string() {
		assert_eq!(read(7u128), json!("7"));
		assert_eq!(read(u128::MAX), json!(u128::MAX.to_string()));
	}

	#[test]
	fn to_json_should_keep_a_list_a_list_when_it_has_one_value() {
		assert_eq!(read(vec![7000u32]), json!([7000]));
		assert_eq!(read(vec![[9u8; 2]]), json!(["0x0909"]));
		assert_eq!(read(Around(vec![1])), json!([1]));
		assert_eq!(read(Vec::<u8>::new()), json!("0x"));
	}

	#[test]
	fn to_json_should_name_fields_and_variants() {
		let named = Named {
			id: 3,
			names: vec![b"ab".to_vec()],
		};
		assert_eq!(read(named), json!({"id": 3, "names": ["0x6162"]}));
		assert_eq!(read(Some(Said::Aye)), json!("Aye"));
		assert_eq!(read(None::<Said>), json!("None"));
		assert_eq!(read((Said::Swing(1), true)), json!([{"Swing": 1}, true]));
	}

	#[test]
	fn to_text_should_cut_long_bytes_and_nest_the_rest() {
		let value =
			json!({"id": 3, "dossier": {"code": format!("0x{}", "ab".repeat(100))}, "none": []});
		let text = to_text(&value, 0);
		assert!(text.contains("id: 3\n") && text.contains("none: none\n"));
		assert!(text.contains("\n  code: 0xabab") || text.starts_with("dossier:\n  code: 0xabab"));
		assert!(text.contains("... (100 bytes)"));
	}
}
