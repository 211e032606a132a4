//! The client of the command line, and what only the demo's chain has: names.

pub use airlock_cli::client::*;

use anyhow::{anyhow, Result};
use std::collections::BTreeMap;
use subxt::{
	dynamic::{self, At, Value},
	ext::scale_value::{Primitive, ValueDef},
};

/// A name that an account has given itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
	/// The name.
	pub text: Vec<u8>,
	/// True if the entry says since when it stands, as the new code writes it.
	pub dated: bool,
}

/// All names.
pub type Names = BTreeMap<Account, Name>;

/// All names that accounts have given themselves, as the runtime of that block reads them.
///
/// # Errors
/// If the node does not answer, or an entry cannot be decoded.
pub async fn names(at: &Block) -> Result<Names> {
	let address = dynamic::storage::<(Account,), Value>("Profiles", "Names");
	let mut entries = at.storage().iter(address, ()).await?;
	let mut names = Names::new();
	while let Some(entry) = entries.next().await {
		let entry = entry?;
		// The hasher keeps the account at the end of the key.
		let account = entry
			.key_bytes()
			.last_chunk::<32>()
			.ok_or_else(|| anyhow!("a key of Profiles.Names is too short"))?;
		let value = entry.value().decode()?;
		let name = Name {
			text: bytes_in(value.at("name").unwrap_or(&value)),
			dated: value.at("since").is_some(),
		};
		names.insert(*account, name);
	}
	Ok(names)
}

/// The bytes of a value, however many types are wrapped around them.
pub fn bytes_in(value: &Value) -> Vec<u8> {
	match &value.value {
		ValueDef::Primitive(Primitive::U128(byte)) => u8::try_from(*byte).into_iter().collect(),
		ValueDef::Composite(composite) => composite.values().flat_map(bytes_in).collect(),
		_ => Vec::new(),
	}
}
