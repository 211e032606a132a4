//! A good upgrade is watched for a long time under load: nothing may send the chain back.

use super::{
	course::{Candidate, Course, Machine},
	rules,
};
use crate::{
	client::Client,
	network::{Network, Options as Start},
	roles::{self, Actor, Cast},
};
use airlock_primitives::{Outcome, ProposalId};
use anyhow::{ensure, Result};
use serde::Serialize;
use std::{
	path::PathBuf,
	sync::atomic::{AtomicUsize, Ordering},
	time::{Duration, Instant},
};
use subxt::dynamic::{self, Value};

/// Slots are as long as in production: what four validators do on one machine must fit into them.
const SLOT_MS: u64 = 6_000;
/// Share of what transactions may take of a block that the load aims at, in percent.
const FULL: u128 = 80;
/// Most weight of all transactions in a block, in picoseconds: three quarters of two seconds.
const MOST: u128 = 1_500_000_000_000;
/// Transfers in a batch at first.
pub(super) const FIRST: usize = 50;
/// What each user gets, in the smallest unit: a hundred thousand of the currency.
const ALLOWANCE: u128 = 100_000_000_000_000_000;
/// Blocks between two reports of each validator.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// What was seen.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Soak {
	/// Blocks in which the upgrade was watched.
	pub blocks: u32,
	/// How long that took, in seconds.
	pub seconds: u64,
	/// How full blocks were, on average, in percent of what transactions may take.
	pub percent_full: u128,
	/// Slots without a block.
	pub lost_slots: u64,
	/// The most blocks that finality was behind.
	pub finality_lag: u32,
	/// How it ended.
	pub outcome: String,
}

/// Watches a good upgrade for so many minutes.
///
/// # Errors
/// If the upgrade is not kept, or a node ends.
pub async fn run(binary: PathBuf, minutes: u32) -> Result<Soak> {
	let blocks = minutes.saturating_mul(60_000) / SLOT_MS as u32;
	let mut genesis = rules(2, blocks / 2, blocks.div_ceil(2), 2);
	genesis["chain"]["slotDurationMs"] = SLOT_MS.into();
	let network = Network::start(&Start {
		binary,
		genesis,
		..Start::default()
	})
	.await?;
	let cast = Cast::new(crate::network::VALIDATORS.len())?;
	let machine = Machine::default();
	let course = Course::new(&network, &cast, &machine).slower(SLOT_MS as u32 / 2_000);
	let client = network.observer()?.client().await?;
	futures::try_join!(course.settle(), fund(&client, &cast))?;
	let candidate = Candidate::good();
	let (id, dossier) = course.propose(&candidate).await?;
	course.wave_through(id, &dossier).await?;
	let batch = AtomicUsize::new(FIRST);
	let load = futures::future::join_all(
		cast.users
			.iter()
			.map(|user| keep_busy(&client, user, &cast.patron, &batch)),
	);
	let reports = futures::future::join_all(
		cast.validators
			.iter()
			.map(|validator| keep_reporting(&client, validator, id)),
	);
	let soak = tokio::select! {
		soak = observe(&client, id, &batch) => soak?,
		_ = load => Soak::default(),
		_ = reports => Soak::default(),
	};
	ensure!(network.restarted() == 0, "a node ended");
	ensure!(
		soak.outcome == format!("{:?}", Outcome::Finalized),
		"a good upgrade went back: {soak:?}"
	);
	Ok(soak)
}

/// Gives users what their transactions cost.
///
/// # Errors
/// If a transfer does not get into a block.
pub(super) async fn fund(client: &Client, cast: &Cast) -> Result<()> {
	for user in &cast.users {
		roles::transfer(client, &cast.patron, user, ALLOWANCE).await?;
	}
	Ok(())
}

/// Sends one batch of transfers after the other.
pub(super) async fn keep_busy(client: &Client, user: &Actor, payee: &Actor, batch: &AtomicUsize) {
	let to = Value::unnamed_variant("Id", [Value::from_bytes(payee.account())]);
	let pay = Value::named_variant(
		"transfer_allow_death",
		[("dest", to), ("value", Value::u128(1))],
	);
	let pay = Value::unnamed_variant("Balances", [pay]);
	loop {
		let calls = vec![pay.clone(); batch.load(Ordering::Relaxed)];
		let call = dynamic::tx("Utility", "batch", vec![Value::unnamed_composite(calls)]);
		// One that got lost is not missed.
		if let Err(error) = client.submit(&user.key, &call).await {
			eprintln!("{}: {error:#}", user.name);
			tokio::time::sleep(Duration::from_secs(1)).await;
		}
	}
}

/// Says again and again that all is well.
async fn keep_reporting(client: &Client, validator: &Actor, id: ProposalId) {
	loop {
		if let Err(error) = roles::report_health(client, validator, id, true).await {
			eprintln!("{}: {error:#}", validator.name);
		}
		tokio::time::sleep(REPORT_EVERY).await;
	}
}

/// Watches until it is decided, and makes the batches as large as they must be.
async fn observe(client: &Client, id: ProposalId, batch: &AtomicUsize) -> Result<Soak> {
	let started = Instant::now();
	let (mut seen, _) = client.heads().await?;
	let first = seen;
	let (mut sum, mut soak) = (0, Soak::default());
	let slot_at = async |number| -> Result<u64> {
		match client.hash_of(number).await? {
			Some(hash) => client.slot(hash).await,
			None => Ok(0),
		}
	};
	let first_slot = slot_at(first).await?;
	loop {
		tokio::time::sleep(Duration::from_secs(2)).await;
		let (best, finalized) = client.heads().await?;
		soak.finality_lag = soak.finality_lag.max(best.saturating_sub(finalized));
		while seen < best {
			seen += 1;
			let Some(hash) = client.hash_of(seen).await? else {
				continue;
			};
			let used = u128::from(client.normal_weight(hash).await?) * 100 / MOST;
			sum += used;
			adapt(batch, used);
			if seen % 50 == 0 {
				println!(
					"#{seen}: {used} % full, {} transfers in a batch",
					batch.load(Ordering::Relaxed)
				);
			}
		}
		let view = roles::view(&client.best().await?, id).await?;
		if let Some(outcome) = view.outcome {
			soak.outcome = format!("{outcome:?}");
			soak.blocks = seen - first;
			soak.seconds = started.elapsed().as_secs();
			soak.percent_full = sum / u128::from(soak.blocks.max(1));
			let slots = slot_at(seen).await?.saturating_sub(first_slot);
			soak.lost_slots = slots.saturating_sub(soak.blocks.into());
			return Ok(soak);
		}
	}
}

/// More transfers in a batch after an empty block, fewer after a full one.
fn adapt(batch: &AtomicUsize, used: u128) {
	let now = batch.load(Ordering::Relaxed);
	let next = match used {
		0..=1 => now,
		used if used < FULL => now + now.div_ceil(20),
		used if used > FULL + 8 => now - now / 20,
		_ => now,
	};
	batch.store(next.clamp(10, 2_000), Ordering::Relaxed);
}
