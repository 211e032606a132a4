//! Signing on a machine without a network: one machine prepares, the other signs, the first one submits.
//!
//! The bundle carries everything that a signature covers, and the metadata to read it with, so that nobody signs a hash
//! blindly. The metadata is what the preparing machine says it is.

use crate::{
	app::Answer,
	client::{Block, Client, Config, MORTAL},
	failure::input,
	transaction::{in_words, Intent},
};
use anyhow::{Context as _, Result};
use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sp_core::H256;
use std::path::Path;
use subxt::{
	client::OfflineClient,
	config::{substrate::SpecVersionForRange, DefaultExtrinsicParamsBuilder, SubstrateConfig},
	ext::frame_metadata::RuntimeMetadataPrefixed,
	transactions::Payload,
	utils::AccountId32,
	Metadata,
};
use subxt_signer::sr25519::Keypair;

/// Version of the file.
const VERSION: u32 = 2;

/// What is to be signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bundle {
	/// Version of the file.
	version: u32,
	/// What comes of it, in words.
	effect: String,
	/// What it costs, in words.
	costs: String,
	/// Bytes of the call.
	call: String,
	/// Who must sign.
	account: String,
	/// How many transactions that account has sent.
	nonce: u64,
	/// Hash of block 0.
	genesis_hash: H256,
	/// The block from which on it is valid, for [`MORTAL`] blocks.
	from_block: u64,
	/// Its hash.
	from_block_hash: H256,
	/// Version of the runtime that it is for.
	spec_version: u32,
	/// Version of its transactions.
	transaction_version: u32,
	/// The runtime's metadata.
	metadata: String,
}

/// A transaction that was signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedBundle {
	/// Version of the file.
	version: u32,
	/// Name of the call.
	pub name: String,
	/// Hash of block 0 of the chain that it is for.
	pub genesis_hash: H256,
	/// The extrinsic.
	extrinsic: String,
}

fn decode_hex(text: &str, what: &str) -> Result<Vec<u8>> {
	let digits = text.strip_prefix("0x").unwrap_or(text);
	hex::decode(digits).map_err(|error| {
		input(
			format!("{what} is no hex: {error}"),
			"The file is damaged: prepare it again.",
		)
	})
}

fn read<T: serde::de::DeserializeOwned>(path: &Path, what: &str) -> Result<T> {
	let text = std::fs::read_to_string(path);
	let text = text.with_context(|| format!("cannot read {}", path.display()))?;
	serde_json::from_str(&text)
		.map_err(|error| input(format!("{} is no {what}: {error}", path.display()), ""))
}

impl Bundle {
	/// What somebody intends, as it is to be signed after a block.
	///
	/// # Errors
	/// If the node does not answer, or the runtime has no such call.
	pub async fn of<C: Payload>(
		client: &Client,
		best: &Block,
		intent: &Intent<C>,
		account: &AccountId32,
		costs: &str,
	) -> Result<Self> {
		let finalized = client.finalized().await?;
		let metadata: Option<Vec<u8>> =
			crate::client::api(best, "Metadata_metadata_at_version", 15u32).await?;
		let metadata = metadata.context("the runtime has no metadata of version 15")?;
		let transactions = best.transactions();
		Ok(Self {
			version: VERSION,
			effect: intent.effect.clone(),
			costs: costs.to_owned(),
			call: hex::encode(transactions.call_data(&intent.call)?),
			account: account.to_string(),
			nonce: transactions.account_nonce(account).await?,
			genesis_hash: client.genesis(),
			from_block: finalized.block_number(),
			from_block_hash: finalized.block_hash(),
			spec_version: best.spec_version(),
			transaction_version: best.transaction_version(),
			metadata: hex::encode(metadata),
		})
	}

	/// Writes it.
	///
	/// # Errors
	/// If that cannot be done.
	pub fn write(&self, path: &Path) -> Result<Answer> {
		let text = serde_json::to_string_pretty(self)?;
		std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
		let last = self.from_block.saturating_add(MORTAL);
		let path = path.display();
		Ok(Answer::new(
			format!(
				"{path} is to be signed by {} with 'airlock sign', and is valid until #{last}; {}",
				self.account, self.costs
			),
			json!({"file": path.to_string(), "account": self.account, "valid_until": last}),
		))
	}

	/// Reads it.
	///
	/// # Errors
	/// If it is none, or of another version.
	pub fn read(path: &Path) -> Result<Self> {
		let bundle: Self = read(path, "prepared transaction")?;
		if bundle.version != VERSION {
			return Err(input(
				format!(
					"{} has version {}, not {VERSION}",
					path.display(),
					bundle.version
				),
				"Prepare it with this version of airlock.",
			));
		}
		Ok(bundle)
	}

	/// The call in words, as the metadata of the bundle reads its bytes; and it signed by `key`, if that is the account.
	///
	/// # Errors
	/// If the bundle is damaged, or is another account's.
	pub fn sign(&self, key: &Keypair) -> Result<(String, SignedBundle)> {
		let account = key.public_key().to_account_id();
		if account.to_string() != self.account {
			return Err(input(
				format!(
					"this is {}'s to sign, and the key is {account}'s",
					self.account
				),
				"Use that account's key, or prepare it again for this one.",
			));
		}
		let metadata = decode_hex(&self.metadata, "the metadata")?;
		let metadata =
			RuntimeMetadataPrefixed::decode(&mut &metadata[..]).context("the metadata")?;
		let all = SpecVersionForRange {
			block_range: 0..u64::MAX,
			spec_version: self.spec_version,
			transaction_version: self.transaction_version,
		};
		let config = SubstrateConfig::builder()
			.set_genesis_hash(self.genesis_hash)
			.set_spec_version_for_block_ranges([all])
			.set_metadata_for_spec_versions([(
				self.spec_version,
				Metadata::try_from(metadata)?.into(),
			)])
			.build();
		let at = OfflineClient::<Config>::new_with_config(config).at_block(self.from_block)?;
		let transactions = at.transactions();
		let call = transactions.from_call_data_bytes(&decode_hex(&self.call, "the call")?)?;
		let params = DefaultExtrinsicParamsBuilder::<Config>::new()
			.nonce(self.nonce)
			.mortal_from_unchecked(MORTAL, self.from_block, self.from_block_hash)
			.build();
		let signed = transactions
			.create_signable_offline(&call, params)?
			.sign(key)?;
		let name = format!("{}.{}", call.pallet_name(), call.call_name());
		// Its text is whatever the preparing machine wrote: on one line, and nothing that moves a cursor.
		let said = format!(
			"the preparing machine says: {}; {}",
			self.effect.escape_debug(),
			self.costs.escape_debug()
		);
		let words = in_words(&said, &call, at.metadata_ref());
		let words = format!(
			"{words}\n  chain: {:?}\n  from: {account}, its transaction {}",
			self.genesis_hash, self.nonce
		);
		let signed = SignedBundle {
			version: VERSION,
			name,
			genesis_hash: self.genesis_hash,
			extrinsic: hex::encode(signed.encoded()),
		};
		Ok((words, signed))
	}
}

impl SignedBundle {
	/// Writes it.
	///
	/// # Errors
	/// If that cannot be done.
	pub fn write(&self, path: &Path) -> Result<()> {
		let text = serde_json::to_string_pretty(self)?;
		std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
	}

	/// Reads it.
	///
	/// # Errors
	/// If it is none.
	pub fn read(path: &Path) -> Result<Self> {
		read(path, "signed transaction")
	}

	/// The extrinsic's bytes.
	///
	/// # Errors
	/// If the file is damaged.
	pub fn extrinsic(&self) -> Result<Vec<u8>> {
		let bytes = decode_hex(&self.extrinsic, "the extrinsic")?;
		// Its length comes first.
		let inner = Vec::<u8>::decode(&mut &bytes[..]);
		match inner {
			Ok(inner) if inner.encode() == bytes => Ok(bytes),
			_ => Err(input("the extrinsic is damaged", "Sign it again.")),
		}
	}
}
