//! Talks to one node. Every read is at a block, with the metadata of that block's runtime, so that an
//! upgrade in between changes nothing here.

use airlock_primitives::CodeRef;
use anyhow::{anyhow, bail, Context, Result};
use codec::{Compact, Decode, DecodeAll, Encode};
use serde::Deserialize;
use sp_core::H256;
use std::{
	fmt,
	sync::{Arc, PoisonError, RwLock},
	time::Duration,
};
use subxt::{
	backend::LegacyBackend,
	client::{OnlineClientAtBlock, OnlineClientAtBlockImpl},
	config::{substrate::DigestItem, DefaultExtrinsicParamsBuilder, RpcConfigFor, SubstrateConfig},
	dynamic::{self, At, Value},
	error::DispatchError,
	events::Phase,
	ext::scale_decode::DecodeAsType,
	rpcs::{methods::legacy::LegacyRpcMethods, rpc_params, RpcClient},
	transactions::{Payload, SubmittableTransaction, TransactionStatus},
	OnlineClient,
};
use subxt_signer::sr25519::Keypair;

/// The chain's types.
pub type Config = SubstrateConfig;
/// A block to read at.
pub type Block = OnlineClientAtBlock<Config>;
/// An account.
pub type Account = [u8; 32];

/// A transaction that is signed and can be sent.
pub type Signed = SubmittableTransaction<Config, OnlineClientAtBlockImpl<Config>>;

/// How often a transaction is signed anew when the pool or an upgrade makes it void.
const ATTEMPTS: usize = 6;
/// How long one transaction may take to get into a block.
pub const INCLUSION: Duration = Duration::from_secs(60);
/// Blocks for which a transaction is valid.
pub const MORTAL: u64 = 64;
/// How often a node is asked whether a block is final.
const POLL: Duration = Duration::from_millis(500);

/// An event, with its fields.
#[derive(Clone, Debug)]
pub struct Event {
	/// Name of the pallet.
	pub pallet: String,
	/// Name of the event.
	pub name: String,
	/// Its fields.
	pub fields: Value<u32>,
	/// Whether a transaction or a hook deposited it.
	pub phase: Phase,
	bytes: Vec<u8>,
}

/// A transaction that is in a block and did what it should.
#[derive(Clone, Debug)]
pub struct Included {
	/// Number of the block.
	pub block: u32,
	/// Hash of the block.
	pub hash: H256,
	/// Its events.
	pub events: Vec<Event>,
	/// The transaction.
	pub encoded: Vec<u8>,
}

/// A call that the runtime refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
	/// The call.
	pub call: String,
	/// `Pallet::Error`, or what else the runtime says.
	pub error: String,
	/// What the pallet's documentation says to do.
	pub docs: String,
}

impl Refused {
	/// True if it is an error of a pallet.
	pub fn is_named(&self) -> bool {
		self.error.contains("::")
	}
}

impl fmt::Display for Refused {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			f,
			"{} was refused: {}. {}",
			self.call, self.error, self.docs
		)
	}
}

impl std::error::Error for Refused {}

/// True if `error` is the runtime's refusal `Pallet::Error`.
pub fn is_refusal(error: &anyhow::Error, name: &str) -> bool {
	error
		.downcast_ref::<Refused>()
		.is_some_and(|refused| refused.error == name)
}

/// What a node says of codes that it tried to load.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
	/// Name and version of the node.
	pub client: String,
	/// Hash of the names of the host functions that the codes need.
	pub host_functions: H256,
	/// What it says of each code.
	pub codes: Vec<TriedCode>,
}

/// What a node says of one code.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedCode {
	/// The version that the code gives when it is asked.
	pub spec_version: Option<u32>,
	/// Why the node cannot run it.
	pub error: Option<String>,
}

impl Tried {
	/// Why one of the codes cannot be run; `None` if all can.
	pub fn error(&self) -> Option<&str> {
		self.codes.iter().find_map(|code| code.error.as_deref())
	}
}

/// Talks to one node. Clones share the connection, which is made anew by [`Client::connect_again`].
#[derive(Clone)]
pub struct Client {
	url: Arc<str>,
	connection: Arc<RwLock<Connection>>,
}

#[derive(Clone)]
struct Connection {
	api: OnlineClient<Config>,
	rpc: LegacyRpcMethods<RpcConfigFor<Config>>,
	raw: RpcClient,
}

impl Connection {
	async fn to(url: &str) -> Result<Self> {
		let raw = RpcClient::from_insecure_url(url).await?;
		// The legacy methods read at any block by its hash: no pinning, nothing to lose on a fork.
		let backend = LegacyBackend::<Config>::builder().build(raw.clone());
		let api = OnlineClient::from_backend(Arc::new(backend)).await?;
		let rpc = LegacyRpcMethods::new(raw.clone());
		Ok(Self { api, rpc, raw })
	}
}

impl Client {
	/// Connects.
	///
	/// # Errors
	/// If nobody listens there.
	pub async fn connect(url: &str) -> Result<Self> {
		let connection = Connection::to(url).await?;
		Ok(Self {
			url: url.into(),
			connection: Arc::new(RwLock::new(connection)),
		})
	}

	/// Makes the connection anew, for all clones: one that was lost stays lost.
	///
	/// # Errors
	/// If nobody listens there now.
	pub async fn connect_again(&self) -> Result<()> {
		let connection = Connection::to(&self.url).await?;
		*self
			.connection
			.write()
			.unwrap_or_else(PoisonError::into_inner) = connection;
		Ok(())
	}

	fn now(&self) -> Connection {
		let connection = self.connection.read();
		connection.unwrap_or_else(PoisonError::into_inner).clone()
	}

	/// Calls a method of the node's JSON-RPC.
	///
	/// # Errors
	/// If the node does not answer, or answers something else; so below.
	pub async fn request<R: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: subxt::rpcs::client::RpcParams,
	) -> Result<R> {
		Ok(self.now().raw.request(method, params).await?)
	}

	/// Hash of block 0.
	pub fn genesis(&self) -> H256 {
		self.now().api.genesis_hash()
	}

	/// The best block.
	///
	/// # Errors
	/// If the node does not answer; so below.
	pub async fn best(&self) -> Result<Block> {
		let hash = self.now().rpc.chain_get_block_hash(None).await?;
		self.at(hash.ok_or_else(|| anyhow!("the node has no block"))?)
			.await
	}

	/// The last finalized block.
	pub async fn finalized(&self) -> Result<Block> {
		self.at(self.now().rpc.chain_get_finalized_head().await?)
			.await
	}

	/// A block by its hash.
	pub async fn at(&self, hash: H256) -> Result<Block> {
		Ok(self.now().api.at_block(hash).await?)
	}

	/// Hash of the block of that number on the best chain; `None` if there is none yet.
	pub async fn hash_of(&self, number: u32) -> Result<Option<H256>> {
		Ok(self
			.now()
			.rpc
			.chain_get_block_hash(Some(number.into()))
			.await?)
	}

	/// Number of peers.
	pub async fn peers(&self) -> Result<usize> {
		Ok(self.now().rpc.system_health().await?.peers)
	}

	/// How many rescue blocks the node has run since it was started.
	pub async fn rescue_blocks(&self) -> Result<u64> {
		let answer: serde_json::Value = self
			.now()
			.raw
			.request("airlock_rescue", rpc_params![])
			.await?;
		let blocks = answer.get("blocks").and_then(|blocks| blocks.as_u64());
		blocks.ok_or_else(|| anyhow!("airlock_rescue says {answer}"))
	}

	/// What the node has seen of the candidate that it executes each block under as well.
	pub async fn shadow(&self) -> Result<serde_json::Value> {
		Ok(self
			.now()
			.raw
			.request("airlock_shadow", rpc_params![])
			.await?)
	}

	/// What this node says when it loads codes that were uploaded, and asks each for its version.
	pub async fn try_codes(&self, codes: impl IntoIterator<Item = CodeRef>) -> Result<Tried> {
		let codes: Vec<(H256, u32)> = codes
			.into_iter()
			.map(|code| (code.hash, code.len))
			.collect();
		let asked = codes.len();
		let tried: Tried = self
			.now()
			.raw
			.request("airlock_tryCodes", rpc_params![codes])
			.await?;
		let answered = tried.codes.len();
		anyhow::ensure!(
			answered == asked,
			"the node says something of {answered} of {asked} codes"
		);
		Ok(tried)
	}

	/// The header of a block.
	pub async fn header(&self, hash: H256) -> Result<<Config as subxt::Config>::Header> {
		let header = self.now().rpc.chain_get_header(Some(hash)).await?;
		header.ok_or_else(|| anyhow!("there is no block {hash:?}"))
	}

	/// The root of the state after a block.
	pub async fn state_root(&self, hash: H256) -> Result<H256> {
		Ok(self.header(hash).await?.state_root)
	}

	/// The slot of a block.
	pub async fn slot(&self, hash: H256) -> Result<u64> {
		let header = self.header(hash).await?;
		let slot = header.digest.logs.iter().find_map(|log| match log {
			DigestItem::PreRuntime(engine, slot) if engine == b"aura" => {
				u64::decode(&mut &slot[..]).ok()
			}
			_ => None,
		});
		slot.ok_or_else(|| anyhow!("block {hash:?} has no slot"))
	}

	/// What the transactions of a block took of it, in picoseconds.
	pub async fn normal_weight(&self, hash: H256) -> Result<u64> {
		let key = storage_prefix("System", "BlockWeight");
		let bytes = raw(&self.at(hash).await?, key).await?.unwrap_or_default();
		// The first class is that of ordinary transactions, and its first number the time.
		Ok(Compact::<u64>::decode(&mut &bytes[..])?.0)
	}

	/// Number of the best and of the last finalized block.
	pub async fn heads(&self) -> Result<(u32, u32)> {
		let best = self.now().rpc.chain_get_header(None).await?;
		let finalized = self.now().rpc.chain_get_finalized_head().await?;
		let finalized = self.now().rpc.chain_get_header(Some(finalized)).await?;
		let number = |header: Option<subxt::config::substrate::SubstrateHeader<H256>>| {
			header.map_or(0, |h| h.number as u32)
		};
		Ok((number(best), number(finalized)))
	}

	/// Events of a block.
	///
	/// The block's own metadata describes them: the block after a switch is built by the new code, and it is the
	/// first whose state has that code in `:code`.
	pub async fn events_at(&self, hash: H256) -> Result<Vec<Event>> {
		let block = self.at(hash).await?;
		let key = storage_prefix("System", "Events");
		let bytes = raw(&block, key).await?.unwrap_or_default();
		let events = block.events().from_bytes(bytes);
		events
			.iter()
			.map(|event| {
				let event = event?;
				Ok(Event {
					pallet: event.pallet_name().to_owned(),
					name: event.event_name().to_owned(),
					fields: event
						.decode_fields_unchecked_as::<Value>()?
						.map_context(|_| 0),
					phase: event.phase(),
					bytes: event.field_bytes().to_vec(),
				})
			})
			.collect()
	}

	/// Signs a call, submits it and waits until it is in a best block.
	///
	/// A transaction that the pool refuses or drops, as happens to those signed just before an upgrade, is
	/// signed again.
	///
	/// # Errors
	/// [`Refused`] if the runtime refused it; others if it did not get into a block in time.
	pub async fn submit<C: Payload>(&self, who: &Keypair, call: &C) -> Result<Included> {
		self.submit_tipped(who, call, 0).await
	}

	/// As [`Self::submit`], with a tip in the smallest unit: of what competes for a block, what pays more comes first.
	///
	/// # Errors
	/// As [`Self::submit`].
	pub async fn submit_tipped<C: Payload>(
		&self,
		who: &Keypair,
		call: &C,
		tip: u128,
	) -> Result<Included> {
		let name = format!("{}.{}", call.pallet_name(), call.call_name());
		let mut last = anyhow!("{name} was not tried");
		// Always the same: of all that is signed here at most one can get into a chain.
		let nonce = self.nonce(who).await?;
		let mut sent = Vec::new();
		for _ in 0..ATTEMPTS {
			let tried = self.submit_once(who, call, (&name, nonce, tip), &mut sent);
			match tokio::time::timeout(INCLUSION, tried).await {
				Ok(Ok(included)) => return Ok(included),
				Ok(Err(error)) if error.is::<Refused>() => return Err(error),
				Ok(Err(error)) => last = error,
				Err(_) => last = anyhow!("not in a block within {} s", INCLUSION.as_secs()),
			}
			tokio::time::sleep(Duration::from_secs(1)).await;
			// It may be in a block although nobody said so.
			for encoded in &sent {
				if let Some(hash) = self.find(encoded).await? {
					return self.outcome(hash, encoded, &name).await;
				}
			}
			if self.nonce(who).await? > nonce {
				return Err(last.context(format!(
					"another transaction of this account took the place of {name}"
				)));
			}
		}
		Err(last.context(format!("{name} did not get into a block")))
	}

	/// How many transactions an account has in the best chain.
	async fn nonce(&self, who: &Keypair) -> Result<u64> {
		let account = who.public_key().to_account_id();
		Ok(self
			.best()
			.await?
			.transactions()
			.account_nonce(&account)
			.await?)
	}

	/// A call with nonce and versions of the best block, signed, and valid for [`MORTAL`] blocks.
	///
	/// # Errors
	/// If the node does not answer, or the runtime has no such call.
	pub async fn sign<C: Payload>(&self, who: &Keypair, call: &C, tip: u128) -> Result<Signed> {
		let nonce = self.nonce(who).await?;
		self.sign_as(who, call, (nonce, tip)).await
	}

	async fn sign_as<C: Payload>(
		&self,
		who: &Keypair,
		call: &C,
		(nonce, tip): (u64, u128),
	) -> Result<Signed> {
		let finalized = self.finalized().await?;
		// Mortality from a block that no fork can take away.
		let params = DefaultExtrinsicParamsBuilder::<Config>::new()
			.mortal_from_unchecked(MORTAL, finalized.block_number(), finalized.block_hash())
			.nonce(nonce)
			.tip(tip)
			.build();
		let best = self.best().await?;
		Ok(best.transactions().create_signed(call, who, params).await?)
	}

	async fn submit_once<C: Payload>(
		&self,
		who: &Keypair,
		call: &C,
		(name, nonce, tip): (&str, u64, u128),
		sent: &mut Vec<Vec<u8>>,
	) -> Result<Included> {
		let signed = self.sign_as(who, call, (nonce, tip)).await?;
		sent.push(signed.encoded().to_vec());
		self.watch(&signed, name).await
	}

	/// Sends a signed transaction and waits until it is in a best block.
	///
	/// # Errors
	/// [`Refused`] if the runtime refused it there; others if the pool takes it no more.
	pub async fn watch(&self, signed: &Signed, name: &str) -> Result<Included> {
		let mut progress = signed.submit_and_watch().await?;
		while let Some(status) = progress.next().await {
			match status? {
				TransactionStatus::InBestBlock(at) | TransactionStatus::InFinalizedBlock(at) => {
					return self.outcome(at.block_hash(), signed.encoded(), name).await
				}
				TransactionStatus::Error { message }
				| TransactionStatus::Invalid { message }
				| TransactionStatus::Dropped { message } => bail!("{name}: {message}"),
				TransactionStatus::Validated
				| TransactionStatus::Broadcasted
				| TransactionStatus::NoLongerInBestBlock => (),
			}
		}
		bail!("{name}: the node stopped reporting")
	}

	/// What the runtime would say of a signed transaction now. `None` if that cannot be told: the last block was full.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn dry_run(&self, name: &str, encoded: &[u8]) -> Result<Option<Result<(), Refused>>> {
		let best = self.best().await?;
		let apis = best.runtime_apis();
		let answer = apis
			.call_raw("BlockBuilder_apply_extrinsic", Some(encoded))
			.await?;
		// A `Result` in a `Result`: of validity, and of what the call did.
		match answer.as_slice() {
			[0, 0, ..] => Ok(Some(Ok(()))),
			[0, 1, error @ ..] => {
				let error = DispatchError::decode_from(error, best.metadata())?;
				Ok(Some(Err(refused(name, error))))
			}
			[1, error @ ..] => Ok(invalid(error).map(|(why, advice)| {
				Err(Refused {
					call: name.to_owned(),
					error: why.to_owned(),
					docs: advice.to_owned(),
				})
			})),
			_ => bail!("the runtime says 0x{} of {name}", hex::encode(answer)),
		}
	}

	/// Waits until a transaction is in a finalized block. A fork may move it to another one.
	///
	/// # Errors
	/// If it is in no block any more, was refused in the other block, or is not final after `patience`.
	pub async fn until_final(
		&self,
		mut included: Included,
		name: &str,
		patience: Duration,
	) -> Result<Included> {
		let deadline = tokio::time::Instant::now() + patience;
		loop {
			let missing = match self.is_final(&mut included, name).await {
				Ok(true) => return Ok(included),
				Ok(false) => None,
				Err(error) => match self.heads().await {
					Ok(_) => return Err(error),
					// A node may be started again meanwhile.
					Err(gone) => self.connect_again().await.err().and(Some(gone)),
				},
			};
			if tokio::time::Instant::now() >= deadline {
				let why = missing.map_or_else(String::new, |gone| format!(": {gone:#}"));
				bail!(
					"{name} is in block #{}, which is not final after {} s{why}",
					included.block,
					patience.as_secs()
				);
			}
			tokio::time::sleep(POLL).await;
		}
	}

	/// True if the block of a transaction is final. Follows the transaction to where a fork has put it.
	async fn is_final(&self, included: &mut Included, name: &str) -> Result<bool> {
		let (_, finalized) = self.heads().await?;
		if finalized < included.block {
			return Ok(false);
		}
		if self.hash_of(included.block).await? == Some(included.hash) {
			return Ok(true);
		}
		let found = self.find(&included.encoded).await?;
		let found = found
			.ok_or_else(|| anyhow!("{name} was in block #{}, which is no more", included.block))?;
		*included = self.outcome(found, &included.encoded, name).await?;
		Ok(false)
	}

	/// The block of the best chain that has a transaction, as far back as it may live.
	pub async fn find(&self, encoded: &[u8]) -> Result<Option<H256>> {
		let (best, _) = self.heads().await?;
		for number in (best.saturating_sub(MORTAL as u32)..=best).rev() {
			let Some(hash) = self.hash_of(number).await? else {
				continue;
			};
			let block = self.now().rpc.chain_get_block(Some(hash)).await?;
			let extrinsics = block.map(|details| details.block.extrinsics);
			let mut all = extrinsics.into_iter().flatten();
			if all.any(|extrinsic| extrinsic.0 == encoded) {
				return Ok(Some(hash));
			}
		}
		Ok(None)
	}

	/// What became of a transaction in a block.
	///
	/// # Errors
	/// [`Refused`] if the runtime refused it; others if the block has no such transaction.
	pub async fn outcome(&self, hash: H256, encoded: &[u8], name: &str) -> Result<Included> {
		let block = self.now().rpc.chain_get_block(Some(hash)).await?;
		let block = block
			.ok_or_else(|| anyhow!("block {hash:?} is gone"))?
			.block;
		let index = block
			.extrinsics
			.iter()
			.position(|extrinsic| extrinsic.0 == encoded)
			.ok_or_else(|| anyhow!("{name} is not in the block that should have it"))?;
		let mut events = self.events_at(hash).await?;
		events.retain(|event| event.phase == Phase::ApplyExtrinsic(index as u32));
		let failed = |e: &&Event| e.pallet == "System" && e.name == "ExtrinsicFailed";
		if let Some(event) = events.iter().find(failed) {
			let at = self.at(hash).await?;
			let error = DispatchError::decode_from(event.bytes.as_slice(), at.metadata())?;
			bail!(refused(name, error));
		}
		Ok(Included {
			block: block.header.number as u32,
			hash,
			events,
			encoded: encoded.to_vec(),
		})
	}
}

/// Why a transaction is not valid, by the order of `TransactionValidityError`'s variants, and what to do. `None` if another block
/// may say otherwise: it did not fit.
fn invalid(error: &[u8]) -> Option<(&'static str, &'static str)> {
	Some(match error {
		[0, 0, ..] => (
			"the call is not allowed now",
			"Some calls are closed while an upgrade is under way: 'airlock status' says where it is.",
		),
		[0, 1, ..] => (
			"the account cannot pay the fee",
			"Send coins to it, or sign with another account: 'airlock keys' says what it has.",
		),
		[0, 2, ..] => (
			"the nonce is too high",
			"A transaction of this account is missing before it: send that, or prepare this one anew.",
		),
		[0, 3, ..] => (
			"the nonce is used already",
			"Another transaction of this account took its place. If it was not this one, prepare it anew.",
		),
		[0, 4, ..] => (
			"the signature is wrong, or another chain or version is meant",
			"Is --url a node of the chain that it was signed for? Prepare and sign it again.",
		),
		[0, 5, ..] => (
			"it is too old: sign it again",
			"It was valid for a few minutes. Prepare it anew, and submit it sooner.",
		),
		[0, 6, ..] => return None,
		_ => (
			"it is not valid",
			"Try again. If that does not help, 'airlock doctor' examines the node.",
		),
	})
}

/// Gives a dispatch error its name and the advice of its documentation.
fn refused(call: &str, error: DispatchError) -> Refused {
	let call = call.to_owned();
	match error {
		DispatchError::Module(module) => {
			let docs = module
				.details()
				.map(|d| d.variant.docs.join(" "))
				.unwrap_or_default();
			Refused {
				call,
				error: module.details_string(),
				docs: docs.trim().to_owned(),
			}
		}
		other => Refused {
			call,
			docs: match &other {
				DispatchError::BadOrigin => "It is for another role: 'airlock duties' says what is yours.",
				DispatchError::Token(_) | DispatchError::Arithmetic(_) => {
					"Has the account enough, beside what is held of it? 'airlock keys' says what it has."
				}
				_ => "It is nobody's error but the chain's: try again, and tell those who run it.",
			}
			.to_owned(),
			error: other.to_string(),
		},
	}
}

/// The 32 bytes with which all keys of a storage item begin.
pub(crate) fn storage_prefix(pallet: &str, item: &str) -> Vec<u8> {
	let halves = [pallet, item].map(|part| sp_crypto_hashing::twox_128(part.as_bytes()));
	halves.concat()
}

/// The bytes under a key.
///
/// # Errors
/// If the node does not answer.
pub async fn raw(at: &Block, key: Vec<u8>) -> Result<Option<Vec<u8>>> {
	match at.storage().fetch_raw(key).await {
		Ok(bytes) => Ok(Some(bytes)),
		Err(subxt::error::StorageError::NoValueFound) => Ok(None),
		Err(error) => Err(error.into()),
	}
}

/// A field of an event.
///
/// # Errors
/// If it has none of that name.
pub fn field(fields: &Value<u32>, name: &str) -> Result<Value> {
	let field = fields.at(name);
	let field = field.ok_or_else(|| anyhow!("the event has no {name}"))?;
	Ok(field.clone().map_context(|_| ()))
}

/// blake2-256 of the code of the chain.
///
/// # Errors
/// If the node does not answer.
pub async fn code_hash(at: &Block) -> Result<H256> {
	Ok(H256(sp_crypto_hashing::blake2_256(
		&at.storage().runtime_wasm_code().await?,
	)))
}

/// A value of a storage map with one key, decoded by the names of its fields.
///
/// # Errors
/// If the node does not answer, or the value has another shape.
pub async fn value_of<T: DecodeAsType>(
	at: &Block,
	pallet: &str,
	map: &str,
	key: u32,
) -> Result<Option<T>> {
	let address = dynamic::storage::<(u32,), T>(pallet, map);
	let value = at.storage().try_fetch(address, (key,)).await?;
	value
		.map(|value| value.decode())
		.transpose()
		.with_context(|| format!("{pallet}.{map} has another shape"))
}

/// Bytes that were uploaded, by hash and length.
///
/// # Errors
/// If the node does not answer.
pub async fn preimage(at: &Block, hash: H256, len: u32) -> Result<Option<Vec<u8>>> {
	api(at, "AirlockApi_uploaded", (hash, len)).await
}

/// Calls a runtime API whose types are known here.
///
/// # Errors
/// If the node does not answer, or answers something else.
pub async fn api<R: Decode>(at: &Block, function: &str, arguments: impl Encode) -> Result<R> {
	let bytes = at
		.runtime_apis()
		.call_raw(function, Some(&arguments.encode()))
		.await?;
	R::decode_all(&mut &bytes[..]).with_context(|| format!("answer of {function}"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn is_refusal_should_see_the_name_when_context_was_added() {
		let refused = Refused {
			call: "A.b".into(),
			error: "A::B".into(),
			docs: "".into(),
		};
		let error = anyhow::Error::from(refused).context("while trying");
		assert!(is_refusal(&error, "A::B"));
		assert!(!is_refusal(&error, "A::C"));
	}

	#[test]
	fn storage_prefix_should_be_the_known_one_when_asked_for_events() {
		let known = "26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7";
		assert_eq!(hex::encode(storage_prefix("System", "Events")), known);
	}
}
