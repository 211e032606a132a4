//! What the rescue costs where nothing goes wrong: the same blocks imported by a node with it and by one without.

use super::{
	course, rules,
	soak::{self, FIRST},
};
use crate::{
	network::{self, Network, Node, Options as Start},
	roles::Cast,
};
use anyhow::{ensure, Result};
use serde::Serialize;
use std::{
	path::{Path, PathBuf},
	sync::atomic::AtomicUsize,
	time::{Duration, Instant},
};

/// Slots as short as four validators on one machine can keep up with.
const SLOT_MS: u64 = 1_000;
/// Blocks with transfers, and as many without anything.
const HALF: u32 = 150;
/// How many times as long as they should blocks may take.
const PATIENCE: u32 = 5;
/// Imports by each node.
const PAIRS: usize = 7;
/// How long a node may take to have the chain.
const SYNC: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
	/// Blocks that were imported each time.
	pub blocks: u32,
	/// How long each import took with the rescue, in seconds.
	pub with: Vec<f64>,
	/// And without, each after the one with it.
	pub without: Vec<f64>,
	/// The median with it by the median without.
	pub ratio: f64,
}

/// Makes a chain, and imports it again and again by two nodes in turn.
///
/// # Errors
/// If the chain cannot be made, or a node does not import it.
pub async fn run(with: PathBuf, without: &Path) -> Result<Cost> {
	let mut genesis = rules(1, 12, 2, 2);
	genesis["chain"]["slotDurationMs"] = SLOT_MS.into();
	let network = Network::start(&Start {
		binary: with.clone(),
		genesis,
		late: 1,
		..Start::default()
	})
	.await?;
	let (node, blocks) = grow(&network).await?;
	let file = network.path().join("blocks");
	let export = options("export-blocks", node.spec(), node.base_path(), &file);
	succeed(&with, export, network.path()).await?;
	// They would take the time that is measured.
	for node in network.nodes() {
		node.stop().await?;
	}
	let mut times = [Vec::new(), Vec::new()];
	for pair in 0..PAIRS {
		// Who is first takes turns as well.
		let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
		for which in order {
			let binary = if which == 0 { &*with } else { without };
			let data = tempfile::tempdir_in(network.path())?;
			let import = options("import-blocks", node.spec(), data.path(), &file);
			let since = Instant::now();
			succeed(binary, import, network.path()).await?;
			times[which].push(since.elapsed().as_secs_f64());
		}
		println!("{} of {PAIRS} pairs", pair + 1);
	}
	let [with, without] = times;
	let ratio = median(&with) / median(&without);
	Ok(Cost {
		blocks,
		with,
		without,
		ratio,
	})
}

/// Blocks full of transfers, then empty ones. Returns a node that has them all, stopped, and how many it has.
async fn grow(network: &Network) -> Result<(&Node, u32)> {
	let cast = Cast::new(network::VALIDATORS.len())?;
	let client = network.observer()?.client().await?;
	soak::fund(&client, &cast).await?;
	let batch = AtomicUsize::new(FIRST);
	let load = futures::future::join_all(
		cast.users
			.iter()
			.map(|user| soak::keep_busy(&client, user, &cast.patron, &batch)),
	);
	let reach = async |number: u32| {
		let limit = Duration::from_millis(SLOT_MS) * number * PATIENCE;
		course::until("blocks", limit, async || {
			Ok((client.heads().await?.0 >= number).then_some(()))
		})
		.await
	};
	tokio::select! {
		reached = reach(HALF) => reached?,
		_ = load => (),
	}
	reach(2 * HALF).await?;
	let node = network.join()?;
	let own = node.client().await?;
	course::until("the node that syncs", SYNC, async || {
		Ok((own.heads().await?.0 >= 2 * HALF).then_some(()))
	})
	.await?;
	let blocks = own.heads().await?.0;
	node.stop().await?;
	Ok((node, blocks))
}

fn options(command: &str, spec: &Path, data: &Path, file: &Path) -> Vec<String> {
	vec![
		command.into(),
		format!("--chain={}", spec.display()),
		format!("--base-path={}", data.display()),
		"--binary".into(),
		file.display().to_string(),
	]
}

async fn succeed(binary: &Path, options: Vec<String>, dir: &Path) -> Result<()> {
	let log = dir.join("blocks.log");
	let status = network::run(binary, &options, &log).await?;
	let command = options.first().cloned().unwrap_or_default();
	ensure!(status.success(), "{command}: {}", network::tail(&log));
	Ok(())
}

/// The one in the middle.
fn median(times: &[f64]) -> f64 {
	let mut sorted = times.to_vec();
	sorted.sort_by(f64::total_cmp);
	sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
