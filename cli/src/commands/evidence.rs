//! `airlock evidence`

use crate::{
	app::{Answer, Context},
	client::{Block, Client},
	failure::{fail, input, Kind},
	view::{self, amount, to_json},
};
use airlock_primitives::{CodeRef, Dossier, ProposalId};
use anyhow::{anyhow, ensure, Context as _, Result};
use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value as Json};
use sp_core::H256;
use sp_crypto_hashing::{blake2_256, twox_128, twox_64};
use sp_maybe_compressed_blob::CODE_BLOB_BOMB_LIMIT;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{read_proof_check, StorageProof};
use std::{
	collections::{BTreeMap, BTreeSet},
	path::{Path, PathBuf},
};
use subxt::{
	config::substrate::SubstrateHeader,
	ext::{frame_metadata::RuntimeMetadataPrefixed, scale_value::scale::decode_as_type},
	rpcs::rpc_params,
	Metadata,
};

/// Export all that a proposal was decided on, with proofs; or check such an export without a network
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Evidence {
	/// Number of the proposal
	#[arg(required = true)]
	id: Option<ProposalId>,

	/// New folder for the export
	#[arg(long, value_name = "FOLDER", required = true)]
	out: Option<PathBuf>,

	/// Block whose state is exported [default: the last finalized one; for a proposal that has ended, the one before its end]
	#[arg(long, value_name = "NUMBER")]
	at: Option<u32>,

	/// What else.
	#[command(subcommand)]
	what: Option<What>,
}

/// What else is done with evidence.
#[derive(Debug, clap::Subcommand)]
enum What {
	/// Check an export: its proofs against its header, its bytes against its dossier, its text against what is proven
	Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
	/// The folder
	folder: PathBuf,
}

/// Storage items that belong to one proposal: the number is the first key, as it is.
const OF_PROPOSAL: [(&str, &str); 15] = [
	("Proposals", "Proposals"),
	("Proposals", "RoleOf"),
	("Simulations", "Rounds"),
	("Simulations", "Submissions"),
	("Simulations", "Reports"),
	("Audits", "Reviews"),
	("Audits", "Attestations"),
	("Audits", "Findings"),
	("Audits", "FindingSlots"),
	("Audits", "Bounties"),
	("Audits", "Waivers"),
	("Supermajority", "Ballots"),
	("Supermajority", "Electors"),
	("Supermajority", "Stops"),
	("Enactment", "InTimelock"),
];

/// Storage items that say what the chain was at that time.
const OF_CHAIN: [(&str, &str); 5] = [
	("Enactment", "CurrentCode"),
	("Enactment", "HighestSpecVersion"),
	("Enactment", "OnProbation"),
	("Enactment", "Reports"),
	("Validators", "Active"),
];

/// The code that wrote the state: it alone says what the values mean.
const CODE: &[u8] = b":code";

/// Largest proposal as it is stored, in bytes: a dossier with all its addresses has less than one.
const MOST_OF_PROPOSAL: usize = 4096;

/// What proves the text: everything in it is checked without a network.
#[derive(Serialize, Deserialize)]
struct Proof {
	/// Number of the proposal.
	id: ProposalId,
	/// Hash of block 0: which chain.
	genesis_hash: H256,
	/// Hash of the block.
	block_hash: H256,
	/// Its header, as its hash covers it.
	header: String,
	/// Nodes of the state's trie.
	nodes: Vec<String>,
	/// The keys that are proven, with the storage items that they are of.
	keys: Vec<Key>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Key {
	pallet: String,
	item: String,
	key: String,
}

impl Evidence {
	/// Exports or verifies.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		if let Some(What::Verify(verify)) = self.what {
			return verify.run();
		}
		let (Some(id), Some(out)) = (self.id, self.out) else {
			return Err(input(
				"what is exported, and to where?",
				"Give a proposal and --out.",
			));
		};
		if out.exists() {
			return Err(input(
				format!("there is {} already", out.display()),
				"Name a new folder. Nothing was written.",
			));
		}
		let client = context.client().await?;
		let at = block(client, id, self.at).await?;
		let proof = Proof::of(client, &at, id).await?;
		let (text, dossier) = proof.check()?;
		std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
		write(&out.join("proof.json"), &serde_json::to_vec_pretty(&proof)?)?;
		write(
			&out.join("evidence.json"),
			&serde_json::to_vec_pretty(&text)?,
		)?;
		let mut missing = Vec::new();
		for (name, code) in blobs(&dossier) {
			match view::bytes_of_code(&at, &code).await {
				Ok(bytes) => write(&out.join(name), &bytes)?,
				Err(error) => {
					context.say(format!("{name} is not part of it: {error:#}"));
					missing.push(name);
				}
			}
		}
		let folder = out.display();
		let said = format!(
			"{} items of proposal {id} in #{}, {:?}, proven in {folder}\nnext: airlock evidence verify {folder}",
			proof.keys.len(),
			at.block_number(),
			at.block_hash()
		);
		let data = json!({
			"id": id,
			"block": at.block_number(),
			"block_hash": at.block_hash(),
			"items": proof.keys.len(),
			"missing": missing,
			"folder": folder.to_string(),
		});
		Ok(Answer::new(said, data))
	}
}

/// The block whose state is exported.
async fn block(client: &Client, id: ProposalId, wanted: Option<u32>) -> Result<Block> {
	let finalized = client.finalized().await?;
	let number = match wanted {
		Some(number) => number,
		None => match view::proposal(&finalized, id).await? {
			ended if ended.outcome.is_some() => ended.due.saturating_sub(1),
			_ => return Ok(finalized),
		},
	};
	ensure!(
		u64::from(number) <= finalized.block_number(),
		"block #{number} is not final: the last finalized one is #{}",
		finalized.block_number()
	);
	let hash = client.hash_of(number).await?;
	client
		.at(hash.ok_or_else(|| anyhow!("the node has no block #{number}"))?)
		.await
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
	std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn blobs(dossier: &Dossier) -> impl Iterator<Item = (&'static str, CodeRef)> {
	["candidate.wasm", "rollback.wasm"]
		.into_iter()
		.zip(dossier.blobs().collect::<Vec<_>>())
}

fn hexed(bytes: impl AsRef<[u8]>) -> String {
	format!("0x{}", hex::encode(bytes))
}

fn unhexed(text: &str) -> Result<Vec<u8>> {
	Ok(hex::decode(text.strip_prefix("0x").unwrap_or(text))?)
}

fn prefix((pallet, item): (&str, &str)) -> Vec<u8> {
	[twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat()
}

/// Key of the hash of block 0, which every state has.
fn genesis_key() -> Vec<u8> {
	let number = 0u32.to_le_bytes();
	[
		&prefix(("System", "BlockHash"))[..],
		&twox_64(&number)[..],
		&number[..],
	]
	.concat()
}

/// Everything that belongs to the evidence of a proposal: items, and what their keys begin with.
fn parts(id: ProposalId) -> impl Iterator<Item = ((&'static str, &'static str), Vec<u8>)> {
	let own = OF_PROPOSAL.into_iter();
	let own = own.map(move |name| (name, [&prefix(name)[..], &id.to_le_bytes()[..]].concat()));
	own.chain(OF_CHAIN.into_iter().map(|name| (name, prefix(name))))
}

impl Proof {
	async fn of(client: &Client, at: &Block, id: ProposalId) -> Result<Self> {
		const PAGE: u32 = 512;
		let hash = at.block_hash();
		let mut keys = Vec::new();
		for (name, prefix) in parts(id) {
			let mut last: Option<String> = None;
			loop {
				let params = rpc_params![hexed(&prefix), PAGE, last.clone(), hash];
				let page: Vec<String> = client.request("state_getKeysPaged", params).await?;
				let full = page.len() == PAGE as usize;
				last = page.last().cloned();
				keys.extend(page.into_iter().map(|key| Key {
					pallet: name.0.to_owned(),
					item: name.1.to_owned(),
					key,
				}));
				if !full {
					break;
				}
			}
		}
		ensure!(
			!keys.is_empty(),
			"nothing of proposal {id} is in the state of #{}",
			at.block_number()
		);
		let own = keys.iter().map(|key| key.key.clone());
		let names: Vec<String> = own.chain([hexed(CODE), hexed(genesis_key())]).collect();
		let read: Json = client
			.request("state_getReadProof", rpc_params![names, hash])
			.await?;
		let nodes = read
			.get("proof")
			.and_then(Json::as_array)
			.cloned()
			.unwrap_or_default();
		Ok(Self {
			id,
			genesis_hash: client.genesis(),
			block_hash: hash,
			header: hexed(client.header(hash).await?.encode()),
			nodes: nodes
				.iter()
				.filter_map(Json::as_str)
				.map(str::to_owned)
				.collect(),
			keys,
		})
	}

	/// What is proven, as text, and the dossier in it.
	fn check(&self) -> Result<(Json, Dossier)> {
		let header = unhexed(&self.header)?;
		ensure!(
			blake2_256(&header) == self.block_hash.0,
			"the header has another hash than the block"
		);
		let header = SubstrateHeader::<H256>::decode(&mut &header[..]).context("the header")?;
		let nodes: Result<Vec<Vec<u8>>> = self.nodes.iter().map(|node| unhexed(node)).collect();
		let own: Result<BTreeSet<Vec<u8>>> =
			self.keys.iter().map(|key| unhexed(&key.key)).collect();
		let own = own?;
		ensure!(own.len() == self.keys.len(), "a key is named twice");
		let keys = own.into_iter().chain([CODE.to_vec(), genesis_key()]);
		let proven =
			read_proof_check::<BlakeTwo256, _>(header.state_root, StorageProof::new(nodes?), keys)
				.map_err(|error| anyhow!("the proof does not fit to the header: {error}"))?;
		let value = |key: &[u8]| {
			let found = proven.get(key).cloned().flatten();
			found.ok_or_else(|| anyhow!("{} has no value in this state", hexed(key)))
		};
		ensure!(
			value(&genesis_key())? == self.genesis_hash.as_bytes(),
			"the block is of another chain than is said"
		);
		// Not what somebody says that the values mean, but what the code says that wrote them.
		let code = airlock_simulator::look_at(&value(CODE)?, CODE_BLOB_BOMB_LIMIT);
		let code =
			code.map_err(|error| anyhow!("the code of that block cannot be run: {error}"))?;
		let metadata = code
			.metadata
			.context("the code of that block has no metadata of version 15")?;
		let metadata =
			RuntimeMetadataPrefixed::decode(&mut &metadata[..]).context("the metadata")?;
		let metadata = Metadata::try_from(metadata)?;
		let mut items = BTreeMap::<String, Vec<Json>>::new();
		let mut dossier = None;
		for key in &self.keys {
			let raw = unhexed(&key.key)?;
			let named = (key.pallet.as_str(), key.item.as_str());
			let is_own = |(name, prefix): &((&str, &str), Vec<u8>)| {
				*name == named && raw.starts_with(prefix)
			};
			ensure!(
				parts(self.id).any(|part| is_own(&part)),
				"{} is no key of {}.{} of proposal {}",
				key.key,
				key.pallet,
				key.item,
				self.id
			);
			let value = value(&raw)?;
			let name = format!("{}.{}", key.pallet, key.item);
			let found = read(&metadata, key, &value).with_context(|| format!("value of {name}"))?;
			if name == "Proposals.Proposals" {
				dossier = Some(dossier_in(&value, &found)?);
			}
			items
				.entry(name)
				.or_default()
				.push(json!({"key": key.key, "value": found}));
		}
		let dossier = dossier.ok_or_else(|| anyhow!("the proposal itself is not proven"))?;
		ensure_all_findings(&items)?;
		ensure_all_votes(&items)?;
		let text = json!({
			"id": self.id,
			"genesis_hash": self.genesis_hash,
			"block": header.number,
			"block_hash": self.block_hash,
			"state_root": header.state_root,
			"items": items,
		});
		Ok((text, dossier))
	}
}

/// A proof shows what is there, not that nothing was left out. Of findings the chain keeps the number.
fn ensure_all_findings(items: &BTreeMap<String, Vec<Json>>) -> Result<()> {
	let slots = items
		.get("Audits.FindingSlots")
		.and_then(|slots| slots.first());
	let taken = slots
		.and_then(|slots| slots["value"]["taken"].as_u64())
		.unwrap_or_default();
	let shown = items
		.get("Audits.Findings")
		.map_or(0, |findings| findings.len() as u64);
	ensure!(
		shown == taken,
		"{shown} findings are shown, and the proposal has {taken}"
	);
	Ok(())
}

/// Nor are votes left out: those of each kind must have the power that the ballot has of it.
fn ensure_all_votes(items: &BTreeMap<String, Vec<Json>>) -> Result<()> {
	let values = |name: &str| items.get(name).into_iter().flatten();
	let Some(ballot) = values("Supermajority.Ballots").next() else {
		return Ok(());
	};
	for (vote, field) in [("Aye", "ayes"), ("Nay", "nays"), ("Abstain", "abstains")] {
		let voters =
			values("Supermajority.Electors").filter(|elector| elector["value"]["vote"] == vote);
		let shown: u128 = voters
			.map(|elector| amount(&elector["value"]["power"]))
			.sum();
		let counted = amount(&ballot["value"][field]);
		ensure!(
			shown == counted,
			"votes {vote} of the power {shown} are shown, and the ballot counted {counted}"
		);
	}
	Ok(())
}

/// A value as the runtime's metadata reads it.
fn read(metadata: &Metadata, key: &Key, bytes: &[u8]) -> Result<Json> {
	let pallet = metadata.pallet_by_name(&key.pallet);
	let entry = pallet.and_then(|pallet| pallet.storage()?.entry_by_name(&key.item).cloned());
	let entry = entry.ok_or_else(|| anyhow!("the metadata has no such item"))?;
	let mut rest = bytes;
	let value = decode_as_type(&mut rest, entry.value_ty(), metadata.types())?;
	ensure!(rest.is_empty(), "{} bytes are left", rest.len());
	Ok(to_json(&value, entry.value_ty(), metadata.types()))
}

/// The dossier in a stored proposal: found by its hash, which the proposal has as well, so that it does not matter what
/// else a runtime stores around it.
fn dossier_in(bytes: &[u8], proposal: &Json) -> Result<Dossier> {
	let hash = proposal
		.get("dossier_hash")
		.and_then(Json::as_str)
		.unwrap_or_default();
	let hash = unhexed(hash)?;
	ensure!(
		bytes.len() <= MOST_OF_PROPOSAL,
		"the stored proposal has {} bytes",
		bytes.len()
	);
	for start in 0..bytes.len() {
		let found = Dossier::decode(&mut &bytes[start..]).ok();
		if let Some(dossier) = found.filter(|dossier| dossier.hash().as_bytes() == hash) {
			return Ok(dossier);
		}
	}
	Err(anyhow!(
		"the stored proposal has no dossier with its dossier's hash"
	))
}

impl Verify {
	fn run(self) -> Result<Answer> {
		let file = |name: &str| self.folder.join(name);
		let bytes = |name: &str| {
			let path = file(name);
			std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
		};
		let wrong = |what: String| {
			fail(
				Kind::Negative,
				what,
				"This is no evidence. Export it anew from a node that you trust.",
			)
		};
		let proof: Proof = serde_json::from_slice(&bytes("proof.json")?).context("proof.json")?;
		let (text, dossier) = proof.check().map_err(|error| wrong(format!("{error:#}")))?;
		let said: Json =
			serde_json::from_slice(&bytes("evidence.json")?).context("evidence.json")?;
		if said != text {
			return Err(wrong(
				"evidence.json says other things than what is proven".to_owned(),
			));
		}
		let mut lines = vec![
			format!(
				"{} items are proven against the header of {:?}",
				proof.keys.len(),
				proof.block_hash
			),
			format!("dossier {:?}", dossier.hash()),
		];
		let mut missing = Vec::new();
		for (name, code) in blobs(&dossier) {
			if !file(name).exists() {
				missing.push(name);
				lines.push(format!("{name} is not part of the export"));
				continue;
			}
			if blake2_256(&bytes(name)?) != code.hash.0 {
				return Err(wrong(format!(
					"{name} has another hash than the dossier says"
				)));
			}
			lines.push(format!(
				"{name} has the hash that the dossier binds, {:?}",
				code.hash
			));
		}
		lines.push(
			"that this block is final is for a node to say: ask one that you trust for its hash"
				.to_owned(),
		);
		let data = json!({"id": proof.id, "block_hash": proof.block_hash, "items": proof.keys.len(), "missing": missing, "dossier_hash": dossier.hash()});
		Ok(Answer::new(lines.join("\n"), data))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn items(ayes: u64, votes: &[(&str, u64)]) -> BTreeMap<String, Vec<Json>> {
		let ballot = json!({"value": {"ayes": ayes, "nays": 0, "abstains": 0}});
		let elector =
			|(vote, power): &(&str, u64)| json!({"value": {"vote": vote, "power": power}});
		BTreeMap::from([
			("Supermajority.Ballots".to_owned(), vec![ballot]),
			(
				"Supermajority.Electors".to_owned(),
				votes.iter().map(elector).collect(),
			),
		])
	}

	#[test]
	fn a_vote_that_is_left_out_or_made_up_is_missed() {
		assert!(ensure_all_votes(&items(5, &[("Aye", 2), ("Aye", 3), ("None", 9)])).is_ok());
		let missed = ensure_all_votes(&items(5, &[("Aye", 2)])).unwrap_err();
		assert!(missed.to_string().contains("power 2"), "{missed}");
		assert!(ensure_all_votes(&items(5, &[("Aye", 5), ("Nay", 1)])).is_err());
		assert!(ensure_all_votes(&BTreeMap::new()).is_ok());
	}
}
