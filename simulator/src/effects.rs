//! The manifest of expected effects: what a proposer says that users and clients will see change.
//!
//! Only what is declared is excused. A dossier binds the manifest by its hash, and so does a report.
//!
//! ```toml
//! schema = 1
//!
//! [[effect]]
//! kind = "storage"
//! pallet = "Profiles"
//! name = "Names"
//! why = "Names say since when they stand."
//! ```

use crate::metadata::Name;
use serde::Deserialize;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;

/// The only version of the manifest's format.
const SCHEMA: u32 = 1;

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
	/// What a call weighs. `name` is the call's.
	Weight,
	/// What a transaction costs. `pallet` is not asked for: a fee is the same for all.
	Fee,
	/// An event comes, goes, or has other fields. `name` is the event's.
	Event,
	/// A storage item has other values. `name` is the item's.
	Storage,
	/// Entries of a storage item are removed by the switch. `name` is the item's.
	Removal,
	/// A call that failed succeeds.
	Success,
	/// A call that failed fails with another error.
	Error,
	/// A call that succeeded fails.
	Failure,
	/// Transactions with a call are not taken any more.
	Refusal,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Effect {
	kind: Kind,
	pallet: Option<String>,
	name: Option<String>,
	/// For those who read it.
	#[allow(dead_code)]
	why: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
	schema: Option<u32>,
	#[serde(default)]
	effect: Vec<Effect>,
}

/// What a manifest declares.
#[derive(Clone, Debug)]
pub(crate) struct Effects {
	/// blake2-256 of its bytes.
	pub(crate) hash: H256,
	declared: Vec<Effect>,
}

impl Effects {
	/// Reads a manifest. An empty one declares nothing.
	///
	/// # Errors
	/// What is wrong with it, for its author.
	pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
		let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
		let manifest: Manifest = toml::from_str(text).map_err(|e| e.message().to_owned())?;
		match manifest.schema {
			Some(SCHEMA) | None => (),
			Some(other) => return Err(format!("schema {other} is not known: use {SCHEMA}")),
		}
		for effect in &manifest.effect {
			if effect.kind != Kind::Fee && effect.pallet.is_none() {
				return Err(format!(
					"an effect of kind {:?} names no pallet",
					effect.kind
				));
			}
		}
		Ok(Self {
			hash: H256(blake2_256(bytes)),
			declared: manifest.effect,
		})
	}

	/// True if a change is declared, for itself or for its whole pallet.
	pub(crate) fn declares(&self, kind: Kind, (pallet, name): &Name) -> bool {
		let mut of_kind = self.declared.iter().filter(|effect| effect.kind == kind);
		of_kind.any(|effect| {
			effect.pallet.as_ref().is_none_or(|own| own == pallet)
				&& effect.name.as_ref().is_none_or(|own| own == name)
		})
	}

	/// True if fees may change.
	pub(crate) fn declares_fee(&self) -> bool {
		self.declared.iter().any(|effect| effect.kind == Kind::Fee)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn name(pallet: &str, name: &str) -> Name {
		(pallet.into(), name.into())
	}

	#[test]
	fn only_what_is_declared_is_excused() {
		let manifest = r#"
			schema = 1
			[[effect]]
			kind = "storage"
			pallet = "Profiles"
			name = "Names"
			why = "They have a date."
			[[effect]]
			kind = "event"
			pallet = "Balances"
			why = "All are new."
		"#;
		let effects = Effects::read(manifest.as_bytes()).unwrap();
		assert!(effects.declares(Kind::Storage, &name("Profiles", "Names")));
		assert!(!effects.declares(Kind::Storage, &name("Profiles", "Since")));
		assert!(!effects.declares(Kind::Event, &name("Profiles", "Names")));
		assert!(effects.declares(Kind::Event, &name("Balances", "Transfer")));
		assert!(!effects.declares_fee());
		assert_eq!(effects.hash, H256(blake2_256(manifest.as_bytes())));
	}

	#[test]
	fn an_empty_manifest_declares_nothing() {
		let effects = Effects::read(b"").unwrap();
		assert!(!effects.declares(Kind::Weight, &name("Balances", "burn")));
		assert_eq!(effects.hash, H256(blake2_256(b"")));
	}

	#[test]
	fn read_should_fail_when_nobody_could_know_what_is_meant() {
		for wrong in [
			"schema = 2",
			"[[effect]]\nkind = \"storage\"\nwhy = \"all\"",
			"[[effect]]\nkind = \"colour\"\npallet = \"Balances\"\nwhy = \"\"",
			"[[effect]]\nkind = \"fee\"",
			"[[effect]]\nkind = \"fee\"\nwhy = \"\"\ntypo = 1",
			"None.",
		] {
			assert!(Effects::read(wrong.as_bytes()).is_err(), "{wrong}");
		}
		assert!(Effects::read(&[0xff]).is_err());
	}
}
