//! `airlock doctor`

use crate::{
	app::{Answer, Context},
	client::{self, Client},
	units::account,
	view::{self, key_of_account},
};
use anyhow::Result;
use codec::{Compact, Decode};
use serde_json::{json, Value as Json};
use std::{
	path::PathBuf,
	time::{Duration, SystemTime},
};
use subxt::rpcs::rpc_params;

/// Most blocks that finality may be behind. It is 2 or 3 on a healthy chain.
const MOST_LAG: u32 = 10;

/// Least free space of a disk, in bytes: some days of blocks, and a database that compacts itself.
const LEAST_FREE: u64 = 5 << 30;

/// Examine a node: is it fit to validate, and for the upgrades that are under way?
#[derive(Debug, clap::Args)]
pub struct Doctor {
	/// The validator whose keys the node should have
	#[arg(long, value_name = "ACCOUNT")]
	validator: Option<String>,

	/// The node's folder, if it is on this machine: its disk is looked at
	#[arg(long, value_name = "FOLDER")]
	base_path: Option<PathBuf>,
}

/// One thing that was looked at.
pub(super) struct Check {
	pub(super) name: &'static str,
	/// `None` if it could not be told.
	pub(super) well: Option<bool>,
	pub(super) found: String,
	/// What to do if it is not well.
	advice: &'static str,
}

impl Doctor {
	/// Examines.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let client = context.client().await?;
		let slot = context.slot().await?;
		let mut checks = vec![
			version(client).await?,
			synced(client).await?,
			peers(client).await?,
			finality(client).await?,
			clock(client, slot).await?,
			rescues(client).await?,
			shadow(client).await,
		];
		checks.extend(upgrades(client).await?);
		if let Some(text) = &self.validator {
			checks.extend(keys(client, &account(text)?.0).await?);
		}
		if let Some(path) = &self.base_path {
			checks.push(disk(path));
		}
		let well = checks.iter().all(|check| check.well != Some(false));
		let lines: Vec<String> = checks.iter().map(Check::text).collect();
		let data =
			json!({"well": well, "checks": checks.iter().map(Check::json).collect::<Vec<_>>()});
		Ok(Answer {
			positive: well,
			..Answer::new(lines.join("\n"), data)
		})
	}
}

impl Check {
	fn new(name: &'static str, well: bool, found: impl Into<String>, advice: &'static str) -> Self {
		Self {
			name,
			well: Some(well),
			found: found.into(),
			advice,
		}
	}

	fn unknown(name: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
		Self {
			name,
			well: None,
			found: found.into(),
			advice,
		}
	}

	fn text(&self) -> String {
		let mark = match self.well {
			Some(true) => "ok  ",
			Some(false) => "FAIL",
			None => "?   ",
		};
		let advice = match self.well {
			Some(true) => String::new(),
			_ => format!("\n       {}", self.advice),
		};
		format!("{mark}  {:12} {}{advice}", self.name, self.found)
	}

	fn json(&self) -> Json {
		let advice = if self.well == Some(true) {
			""
		} else {
			self.advice
		};
		json!({"name": self.name, "well": self.well, "found": self.found, "advice": advice})
	}
}

async fn version(client: &Client) -> Result<Check> {
	let version: String = client.request("system_version", rpc_params![]).await?;
	let at = client.best().await?;
	let found = format!("{version}, runtime version {}", at.spec_version());
	Ok(Check::new("version", true, found, ""))
}

pub(super) async fn synced(client: &Client) -> Result<Check> {
	let health: Json = client.request("system_health", rpc_params![]).await?;
	let syncing = health
		.get("isSyncing")
		.and_then(Json::as_bool)
		.unwrap_or(true);
	let (best, _) = client.heads().await?;
	let found = if syncing { "still syncing" } else { "synced" };
	Ok(Check::new(
		"sync",
		!syncing,
		format!("{found}, #{best}"),
		"Wait; until then it decides nothing.",
	))
}

pub(super) async fn peers(client: &Client) -> Result<Check> {
	let health: Json = client.request("system_health", rpc_params![]).await?;
	let should = health
		.get("shouldHavePeers")
		.and_then(Json::as_bool)
		.unwrap_or(true);
	let peers = client.peers().await?;
	Ok(Check::new(
		"peers",
		peers > 0 || !should,
		peers.to_string(),
		"Check the network, the bootnodes and the port for peers (30333).",
	))
}

pub(super) async fn finality(client: &Client) -> Result<Check> {
	let (best, finalized) = client.heads().await?;
	let lag = best.saturating_sub(finalized);
	let found = format!("{lag} blocks behind (#{finalized})");
	Ok(Check::new(
		"finality",
		lag <= MOST_LAG,
		found,
		"Are more than a third of the validators away? See docs/runbook.md.",
	))
}

/// The chain's own time against that of this machine: authors write it from their clocks.
async fn clock(client: &Client, slot: Duration) -> Result<Check> {
	const ADVICE: &str = "Is the chain making blocks? If it is, set this machine's clock: systemctl status systemd-timesyncd.";
	let at = client.best().await?;
	let now = view::stored(&at, "Timestamp", "Now", vec![]).await?;
	let millis = now
		.as_ref()
		.and_then(Json::as_u64)
		.filter(|millis| *millis > 0);
	let Some(millis) = millis else {
		return Ok(Check::unknown(
			"clock",
			"no block tells the time yet",
			ADVICE,
		));
	};
	let here = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
	let there = Duration::from_millis(millis);
	let (ahead, behind) = (there.saturating_sub(here), here.saturating_sub(there));
	// Ahead by less than a slot is what an author may be; behind by some is a slot without a block.
	let well = ahead <= slot && behind <= slot.saturating_mul(5);
	let found = format!(
		"the last block is {} s old",
		behind.as_secs_f32() - ahead.as_secs_f32()
	);
	Ok(Check::new("clock", well, found, ADVICE))
}

async fn rescues(client: &Client) -> Result<Check> {
	const ADVICE: &str = "The chain left code that could not build blocks. See docs/runbook.md.";
	let blocks = match client.rescue_blocks().await {
		Ok(blocks) => blocks,
		Err(error) => return Ok(Check::unknown("rescue", format!("{error:#}"), ADVICE)),
	};
	Ok(Check::new(
		"rescue",
		blocks == 0,
		format!("{blocks} rescue blocks since the node was started"),
		ADVICE,
	))
}

async fn shadow(client: &Client) -> Check {
	const ADVICE: &str =
		"Start the node with --shadow to have it execute each block under the candidate as well.";
	match client.shadow().await {
		Ok(Json::Null) | Err(_) => Check::unknown("shadow", "off", ADVICE),
		Ok(seen) => Check::new("shadow", true, seen.to_string(), ADVICE),
	}
}

/// Can the node run what waits to be enacted?
async fn upgrades(client: &Client) -> Result<Vec<Check>> {
	const ADVICE: &str =
		"Update the node before the switch, or say that it must not be enacted: 'airlock abort'.";
	let at = client.best().await?;
	let mut checks = Vec::new();
	for proposal in view::proposals(&at).await? {
		// The node runs what it loads: only what was voted on.
		let waits = proposal.stage >= airlock_primitives::Stage::Timelock;
		if proposal.outcome.is_some() || !waits {
			continue;
		}
		let dossier = view::dossier(&at, proposal.id).await?;
		let found = match client.try_codes(dossier.blobs()).await {
			Ok(tried) => match tried.error() {
				None => Check::new(
					"upgrade",
					true,
					format!("can run the codes of proposal {}", proposal.id),
					ADVICE,
				),
				Some(error) => Check::new(
					"upgrade",
					false,
					format!("proposal {}: {error}", proposal.id),
					ADVICE,
				),
			},
			Err(error) => Check::unknown(
				"upgrade",
				format!("proposal {}: {error:#}", proposal.id),
				ADVICE,
			),
		};
		checks.push(found);
	}
	Ok(checks)
}

/// Is the account a validator, and are its keys of this session in the node?
async fn keys(client: &Client, account: &[u8; 32]) -> Result<Vec<Check>> {
	const SEAT: &str =
		"The council admits validators. A new one acts from the session after the next.";
	const KEYS: &str =
		"Put the session's keys into the node: airlock-node key insert, or restore the keystore.";
	let at = client.best().await?;
	let hex = format!("0x{}", hex::encode(account));
	let active = view::stored(&at, "Validators", "Active", vec![]).await?;
	let seated = active.is_some_and(|active| active.to_string().contains(&hex));
	let seat = if seated {
		"in the session's set"
	} else {
		"not in the session's set"
	};
	let mut checks = vec![Check::new("seat", seated, seat, SEAT)];
	let address = subxt::dynamic::storage::<Vec<subxt::dynamic::Value>, subxt::dynamic::Value>(
		"Session", "NextKeys",
	);
	let stored = at
		.storage()
		.try_fetch(address, vec![key_of_account(account)])
		.await?;
	let Some(stored) = stored else {
		checks.push(Check::new("keys", false, "the account has set none", KEYS));
		return Ok(checks);
	};
	checks.push(has_keys(client, "keys", stored.bytes(), KEYS).await);
	// Keys that were changed act from the session after the next: until then the node needs the old ones as well.
	let queued = client::raw(&at, client::storage_prefix("Session", "QueuedKeys")).await?;
	let acting = queued
		.as_deref()
		.and_then(|queued| keys_of(queued, account));
	if let Some(acting) = acting.filter(|acting| acting != stored.bytes()) {
		checks.push(has_keys(client, "acting keys", &acting, KEYS).await);
	}
	Ok(checks)
}

/// The keys of an account in a list of accounts with their keys, whatever these are made of.
fn keys_of(list: &[u8], account: &[u8; 32]) -> Option<Vec<u8>> {
	let mut rest = list;
	let count = Compact::<u32>::decode(&mut rest).ok()?.0 as usize;
	let size = rest.len().checked_div(count)?.max(1);
	let mut entries = rest.chunks_exact(size);
	let entry = entries.find(|entry| entry.starts_with(account))?;
	entry.get(account.len()..).map(<[u8]>::to_vec)
}

/// Has the node the secrets of these keys?
async fn has_keys(client: &Client, name: &'static str, keys: &[u8], advice: &'static str) -> Check {
	let bytes = format!("0x{}", hex::encode(keys));
	// An unsafe method: only a node that is asked from its own machine answers.
	let asked: Result<bool> = client
		.request("author_hasSessionKeys", rpc_params![bytes])
		.await;
	match asked {
		Ok(true) => Check::new(name, true, "in the node", advice),
		Ok(false) => Check::new(name, false, "not in the node", advice),
		Err(error) => Check::unknown(
			name,
			format!("the node does not say: {error:#}"),
			"Ask it from its own machine, with --rpc-methods unsafe.",
		),
	}
}

fn disk(path: &std::path::Path) -> Check {
	const ADVICE: &str = "Make room before it is full: a node that cannot write ends.";
	match fs4::available_space(path) {
		Ok(free) => {
			let found = format!("{:.1} GiB free", free as f64 / f64::from(1 << 30));
			Check::new("disk", free >= LEAST_FREE, found, ADVICE)
		}
		Err(error) => Check::unknown("disk", format!("{}: {error}", path.display()), ADVICE),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::Encode;

	#[test]
	fn keys_of_should_find_those_of_the_account() {
		let list = vec![([1u8; 32], [3u8; 64]), ([2; 32], [4; 64])].encode();
		assert_eq!(keys_of(&list, &[2; 32]), Some(vec![4; 64]));
		assert_eq!(keys_of(&list, &[9; 32]), None);
		assert_eq!(keys_of(&Vec::<u8>::new().encode(), &[1; 32]), None);
		assert_eq!(keys_of(&[], &[1; 32]), None);
	}
}
