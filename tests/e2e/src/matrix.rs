//! The mutation matrix: upgrades with one thing wrong each, simulated on the database of a chain that people used, and what
//! the simulator finds.

use crate::{
	client::{Client, Refused},
	gauntlet::blobs::{self, Back},
	network::{self, Network, Node, Options as Start},
	roles::{self, Actor, Cast},
};
use airlock_variants::{with_fault, Fault};
use anyhow::{ensure, Context, Result};
use serde::Serialize;
use std::{
	collections::BTreeSet,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

/// Rounds of transactions, each of some blocks.
const ROUNDS: usize = 6;
/// Blocks that are replayed.
const BLOCKS: u32 = 24;
/// How long the simulator's node may take to have the chain.
const SYNC: Duration = Duration::from_secs(60);
/// What the good upgrade declares.
const EFFECTS: &str = crate::demo::EFFECTS;
/// Index of the pallet that it touches.
const SCOPE: u8 = 50;

/// An upgrade, and the way back from it.
pub struct Mutant {
	/// What it is called.
	pub name: &'static str,
	code: Vec<u8>,
	back: Option<Vec<u8>>,
	/// True if nothing is wrong with it.
	is_good: bool,
}

/// What the simulator said of an upgrade.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
	/// The upgrade.
	pub mutant: String,
	/// True if nothing is wrong with it.
	pub is_good: bool,
	/// `pass`, `fail` or `inconclusive`.
	pub verdict: String,
	/// Sections with a regression.
	pub sections: BTreeSet<String>,
	/// The first regression.
	pub first: String,
	/// How long it took, in seconds.
	pub seconds: f64,
}

impl Row {
	/// True if the verdict is the right one.
	pub fn is_right(&self) -> bool {
		self.verdict == if self.is_good { "pass" } else { "fail" }
	}
}

/// All of them: the good ones first.
///
/// # Errors
/// If this program was built without wasm.
pub fn all() -> Result<Vec<Mutant>> {
	let back = || Some(airlock_variants::GOOD_ROLLBACK.to_vec());
	let good = |name, code: &[u8], back| Mutant {
		name,
		code: code.to_vec(),
		back,
		is_good: true,
	};
	let of = |fault| with_fault(fault).context("this program was built without wasm");
	let bad = |name, code| Mutant {
		name,
		code,
		back: back(),
		is_good: false,
	};
	let mut all = vec![
		good("good", airlock_variants::GOOD, back()),
		good("good-without-way-back", airlock_variants::GOOD, None),
		good("faulty-without-fault", &of(Fault::None)?, back()),
		good("later-version", airlock_variants::UNHEALTHY_ROLLBACK, None),
	];
	for (name, fault) in [
		("fee-off-by-one", Fault::FeeOffByOne),
		("drops-an-event", Fault::DropsEvent),
		("keeps-the-storage-version", Fault::Unversioned),
		("migration-traps", Fault::MigrationTraps),
		("migration-not-repeatable", Fault::NotRepeatable),
		("migration-overweight", Fault::Overweight),
		("stricter", Fault::Stricter),
		("drips-coins", Fault::DripsCoins),
		("other-error", Fault::OtherError),
		("other-weight", Fault::OtherWeight),
	] {
		all.push(bad(name, of(fault)?));
	}
	all.push(bad("moves-the-storage", blobs::with_moved_storage()?));
	all.push(Mutant {
		back: Some(blobs::forgetful_back()?),
		..bad("way-back-forgets", airlock_variants::GOOD.to_vec())
	});
	for blob in blobs::all()? {
		let mutant = bad(blob.name, blob.code);
		all.push(match blob.back {
			Back::Dedicated => mutant,
			Back::Previous => Mutant {
				back: None,
				..mutant
			},
		});
	}
	Ok(all)
}

/// Has a chain used, and simulates all of these on it. Tells each row as soon as it is known.
///
/// # Errors
/// If the chain cannot be made, or a simulation ends without a verdict.
pub async fn run(binary: PathBuf, mutants: &[Mutant], tell: impl Fn(&Row)) -> Result<Vec<Row>> {
	let network = Network::start(&Start {
		binary,
		simulators: 1,
		..Start::default()
	})
	.await?;
	let (node, anchor) = live(&network, ROUNDS).await?;
	let mut rows = Vec::new();
	for mutant in mutants {
		let row = simulate(&network, node, anchor, mutant).await;
		let row = row.with_context(|| mutant.name)?;
		tell(&row);
		rows.push(row);
	}
	Ok(rows)
}

/// People use the chain. Returns the simulator's node, stopped, and the last block it has.
pub(crate) async fn live(network: &Network, rounds: usize) -> Result<(&Node, u32)> {
	let cast = Cast::new(network::VALIDATORS.len())?;
	let client = network.observer()?.client().await?;
	let people: Vec<&Actor> = cast.auditors.iter().chain(&cast.builders).collect();
	for round in 0..rounds {
		let day = people
			.iter()
			.map(|who| day(&client, who, &cast.patron, round));
		futures::future::try_join_all(day).await?;
	}
	let (anchor, _) = client.heads().await?;
	let node = network
		.simulators()
		.first()
		.context("there is no simulator")?;
	let own = node.client().await?;
	let until = Instant::now() + SYNC;
	while own.heads().await?.1 < anchor {
		ensure!(Instant::now() < until, "{} does not sync", node.name);
		tokio::time::sleep(Duration::from_millis(300)).await;
	}
	node.stop().await?;
	for validator in network.validators() {
		validator.stop().await?;
	}
	Ok((node, anchor))
}

/// What somebody does: a payment, one that is not covered, a name, and one that is too long.
async fn day(client: &Client, who: &Actor, payee: &Actor, round: usize) -> Result<()> {
	roles::transfer(client, who, payee, 1_000_000_000).await?;
	let refused = roles::transfer(client, who, payee, u128::MAX / 2).await;
	ensure!(
		refused.is_err_and(|error| error.is::<Refused>()),
		"it had so much"
	);
	roles::set_name(client, who, &format!("{} {round}", who.name)).await?;
	let refused = roles::set_name(client, who, &"long".repeat(20)).await;
	ensure!(
		refused.is_err_and(|error| error.is::<Refused>()),
		"that was too long"
	);
	Ok(())
}

async fn simulate(network: &Network, node: &Node, anchor: u32, mutant: &Mutant) -> Result<Row> {
	let dir = network.path();
	let write = |name: &str, bytes: &[u8]| -> Result<PathBuf> {
		let path = dir.join(name);
		std::fs::write(&path, bytes)?;
		Ok(path)
	};
	let code = write("candidate.wasm", &mutant.code)?;
	let back = mutant.back.as_ref();
	let back = back.map(|back| write("rollback.wasm", back)).transpose()?;
	let manifest = write("effects.toml", EFFECTS.as_bytes())?;
	let json = dir.join("report.json");
	let mut args = vec![
		"simulate".to_owned(),
		format!("--base-path={}", node.base_path().display()),
		format!("--chain={}", node.spec().display()),
		format!("--candidate={}", code.display()),
		format!("--anchor={anchor}"),
		format!("--blocks={}", BLOCKS.min(anchor)),
		format!("--scope={SCOPE}"),
		format!("--effects={}", manifest.display()),
		format!("--json={}", json.display()),
	];
	args.extend(back.map(|back| format!("--rollback={}", back.display())));
	let log = dir.join("simulate.log");
	let since = Instant::now();
	network::run(node.binary(), &args, &log).await?;
	let seconds = since.elapsed().as_secs_f64();
	let read = read(&json).with_context(|| network::tail(&log));
	let (verdict, sections, first) = read?;
	std::fs::remove_file(&json)?;
	Ok(Row {
		mutant: mutant.name.to_owned(),
		is_good: mutant.is_good,
		verdict,
		sections,
		first,
		seconds,
	})
}

/// Verdict, sections with regressions, and the first of them.
fn read(json: &Path) -> Result<(String, BTreeSet<String>, String)> {
	let report: serde_json::Value = serde_json::from_slice(&std::fs::read(json)?)?;
	let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
	let findings = report["findings"].as_array().cloned().unwrap_or_default();
	let regressions = findings.iter().filter(|f| f["kind"] == "regression");
	let sections = regressions.clone().map(|f| text(&f["section"])).collect();
	let first = regressions.clone().next().map(|f| text(&f["what"]));
	Ok((
		text(&report["verdict"]),
		sections,
		first.unwrap_or_default(),
	))
}

/// All rows as a table (of Markdown), and the sum.
pub fn table(rows: &[Row]) -> String {
	let mut table = comfy_table::Table::new();
	table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
	table.set_header(["upgrade", "verdict", "found in", "first finding", "seconds"]);
	for row in rows {
		let sections: Vec<&str> = row.sections.iter().map(String::as_str).collect();
		table.add_row([
			row.mutant.clone(),
			row.verdict.clone(),
			sections.join(", "),
			row.first.clone(),
			format!("{:.0}", row.seconds),
		]);
	}
	let (good, bad): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.is_good);
	let caught = bad.iter().filter(|row| row.is_right()).count();
	let alarms = good.iter().filter(|row| !row.is_right()).count();
	let of = bad.len();
	format!("{table}\n{caught} of {of} caught, {alarms} false alarms")
}
