//! The acts: a good upgrade that stays, a bad one that goes back, and one that cannot build a block.

use crate::{
	client::{self, is_refusal},
	display::Display,
	lifecycle::{Director, Passage, Seen, Upgrade},
	network::{self, Network},
	report::Report,
	roles::{self, Actor, Cast},
};
use airlock_primitives::{CodeRef, Failure, Outcome};
use anyhow::{ensure, Context, Result};
use futures::future::{try_join, try_join_all};
use std::path::{Path, PathBuf};
use subxt::dynamic;

/// Blocks after the switch at which the new code and its migration have run.
const SETTLED: u32 = 3;
const FIRST: &str = "1 good";
const SECOND: &str = "2 unhealthy";
const THIRD: &str = "3 panicking";
/// What makes the second act's upgrade lose names.
const CRAB: &str = "Ferris 🦀";

/// The manifest of expected effects of all three upgrades.
pub const EFFECTS: &str = r#"schema = 1

[[effect]]
kind = "storage"
pallet = "Profiles"
why = "Each name says since when it stands."
"#;

/// What to show.
#[derive(Clone, Debug)]
pub struct Options {
	/// What to start.
	pub network: network::Options,
	/// What happens.
	pub acts: Acts,
	/// The builders' own blobs, as `scripts/reproduce --out` leaves them; else those of this build.
	pub built: Option<PathBuf>,
}

/// Which acts to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
	/// The good upgrade.
	Good,
	/// The upgrade that cannot build a block.
	Panicking,
	/// All three.
	All,
}

/// What differs from the preset's rules: three simulators compile at once, on the cores that all nodes share.
fn rules() -> serde_json::Value {
	let class = serde_json::json!({ "simulation": { "commit_window": 40 } });
	let policy = serde_json::json!({ "standard": class, "security": class, "self_change": class });
	serde_json::json!({ "proposals": { "policy": policy } })
}

/// Runs the demo. The network comes back with the report, so that the caller decides when it ends.
///
/// Whatever fails is in the report.
pub async fn run(options: &Options, display: &Display) -> (Report, Option<Network>) {
	let prepared = async {
		let built = Built::new(options.built.as_deref())?;
		display.did(
			"network",
			"starts on loopback; each node compiles the runtime first",
		);
		let network = network::Options {
			genesis: rules(),
			..options.network.clone()
		};
		let network = Network::start(&network).await?;
		display.did(
			"network",
			&format!("{} nodes answer", network.nodes().len()),
		);
		Ok::<_, anyhow::Error>((built, network))
	};
	let (built, mut network) = match prepared.await {
		Ok(prepared) => prepared,
		Err(error) => {
			let mut report = Report::default();
			report.close(display.seconds(), Some(format!("{error:#}")));
			return (report, None);
		}
	};
	let (mut report, result) = play(options, &built, &network, display).await;
	display.done();
	report.nodes = network
		.nodes()
		.iter()
		.map(|n| (n.name.clone(), n.url()))
		.collect();
	if result.is_err() || report.claims.iter().any(|claim| !claim.ok) {
		network.keep_files();
	}
	let logs = network.path().display().to_string();
	let error = result
		.err()
		.map(|error| format!("{error:#}\nlogs are in {logs}"));
	report.close(display.seconds(), error);
	(report, Some(network))
}

/// Writes the test upgrades into a folder, and the manifest of expected effects that is each one's. Says what was written.
///
/// # Errors
/// If the folder cannot be written to.
pub fn write_blobs(folder: &Path) -> Result<String> {
	let files: [(&str, &[u8]); 6] = [
		("good.wasm", airlock_variants::GOOD),
		("good-rollback.wasm", airlock_variants::GOOD_ROLLBACK),
		("unhealthy.wasm", airlock_variants::UNHEALTHY),
		(
			"unhealthy-rollback.wasm",
			airlock_variants::UNHEALTHY_ROLLBACK,
		),
		("panicking.wasm", airlock_variants::PANICKING),
		("effects.toml", EFFECTS.as_bytes()),
	];
	std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
	for (name, bytes) in files {
		let path = folder.join(name);
		std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
	}
	let names = files.map(|(name, _)| name).join(", ");
	Ok(format!("wrote {names} to {}", folder.display()))
}

/// The candidates as the builders built them.
struct Built {
	good: Vec<u8>,
	unhealthy: Vec<u8>,
	panicking: Vec<u8>,
}

impl Built {
	/// From a folder that `scripts/reproduce` filled, or what this program was built with.
	fn new(folder: Option<&Path>) -> Result<Self> {
		let Some(folder) = folder else {
			return Ok(Self {
				good: airlock_variants::GOOD.to_vec(),
				unhealthy: airlock_variants::UNHEALTHY.to_vec(),
				panicking: airlock_variants::PANICKING.to_vec(),
			});
		};
		let blob = |name: &str| {
			let path = folder.join(format!("{name}.rs.compact.compressed.wasm"));
			std::fs::read(&path).with_context(|| path.display().to_string())
		};
		Ok(Self {
			good: blob("good")?,
			unhealthy: blob("unhealthy")?,
			panicking: blob("panicking")?,
		})
	}
}

async fn play(
	options: &Options,
	built: &Built,
	network: &Network,
	display: &Display,
) -> (Report, Result<()>) {
	let cast = match Cast::new(network.validators().len()) {
		Ok(cast) => cast,
		Err(error) => return (Report::default(), Err(error)),
	};
	let director = match Director::new(network, &cast, display).await {
		Ok(director) => director,
		Err(error) => return (Report::default(), Err(error)),
	};
	let result = async {
		fund_users(&director).await.context("money for users")?;
		if options.acts != Acts::Panicking {
			first_act(&director, built).await.context("first act")?;
		}
		if options.acts == Acts::All {
			second_act(&director, built).await.context("second act")?;
		}
		if options.acts != Acts::Good {
			third_act(&director, built).await.context("third act")?;
		}
		Ok(())
	}
	.await;
	(director.report.into_inner(), result)
}

async fn first_act(director: &Director<'_>, built: &Built) -> Result<()> {
	director.display.act("First act: a good upgrade");
	director.claim_finality(FIRST).await?;
	traffic(director, "first").await?;
	let upgrade = Upgrade {
		act: FIRST,
		code: airlock_variants::GOOD,
		rollback: Some(airlock_variants::GOOD_ROLLBACK),
		built: &built.good,
		specification: "Each name also says since when it stands; clear_name removes one.",
		rationale: "Names could not be removed, and nobody could tell how old they are.",
		effects: EFFECTS,
	};
	let passage = director.drive(&upgrade).await?;
	// The checks need a node at the new code, the monitors must not wait for the checks.
	let checks = checks_of_good(director, &passage);
	let ((), (outcome, ended)) = try_join(checks, director.watch(&passage)).await?;
	director.moment(FIRST, &format!("{outcome:?}"), ended);
	director
		.claim_watched(FIRST, passage.watching, (outcome, ended))
		.await?;
	ensure!(outcome == Outcome::Finalized, "it ended {outcome:?}");
	let kept = ("Enactment", "Kept");
	director
		.claim_event(
			FIRST,
			"probation ends with the upgrade kept",
			ended,
			kept,
			true,
		)
		.await?;
	director
		.claim_code(FIRST, &passage.dossier.code, ended)
		.await?;
	director.claim_finality(FIRST).await
}

async fn claim_switch(director: &Director<'_>, act: &str, passage: &Passage) -> Result<()> {
	let version = passage.dossier.code.spec_version;
	let claim = format!("the switch to version {version} happened by itself");
	let event = ("Enactment", "Enacted");
	director
		.claim_event(act, &claim, passage.switched_at, event, true)
		.await
}

async fn checks_of_good(director: &Director<'_>, passage: &Passage) -> Result<()> {
	let settled = passage.switched_at + SETTLED;
	claim_switch(director, FIRST, passage).await?;
	director
		.claim_code(FIRST, &passage.dossier.code, settled)
		.await?;
	let limit = director.limit(settled, SETTLED);
	let before = &passage.baseline.names;
	let claim = "every name was migrated and says since when it stands";
	director
		.claim_everywhere(FIRST, claim, limit, async |_, at| {
			let number = at.block_number() as u32;
			if number < settled {
				return Ok(Seen::NotYet(format!("finalized #{number}")));
			}
			let names = client::names(at).await?;
			let migrated = names.values().filter(|entry| entry.dated).count();
			ensure!(
				migrated == names.len(),
				"{migrated} of {} are migrated",
				names.len()
			);
			let same = |(who, old): &(&_, &client::Name)| {
				names.get(*who).is_some_and(|new| new.text == old.text)
			};
			let kept = before.iter().filter(same).count();
			ensure!(
				!before.is_empty() && kept == before.len(),
				"{kept} of {} kept",
				before.len()
			);
			Ok(Seen::Yes(format!(
				"#{number}, {migrated} entries, all {kept} old names kept"
			)))
		})
		.await?;
	new_call(director).await
}

/// Somebody who comes after the switch uses the call that did not exist before it.
async fn new_call(director: &Director<'_>) -> Result<()> {
	let client = director.observer().await?;
	let newcomer = &director.cast.patron;
	let set = roles::set_name(&client, newcomer, "newcomer").await?;
	let cleared = roles::clear_name(&client, newcomer).await?;
	let told = format!(
		"set a name in #{}, cleared it in #{}",
		set.block, cleared.block
	);
	director.display.did(&newcomer.name, &told);
	director
		.claim_event(
			FIRST,
			"the new call Profiles.clear_name succeeded",
			cleared.block,
			("Profiles", "NameCleared"),
			false,
		)
		.await?;
	let again = roles::clear_name(&client, newcomer).await;
	let named = again
		.as_ref()
		.is_err_and(|error| is_refusal(error, "Profiles::NoName"));
	let evidence = again
		.err()
		.map(|e| e.to_string())
		.unwrap_or_else(|| "it succeeded".into());
	director.report.borrow_mut().claim(
		FIRST,
		"clearing it again is refused with a named error",
		named,
		evidence,
	);
	let limit = director.limit(cleared.block, SETTLED);
	let claim = "the cleared name is gone";
	director
		.claim_everywhere(FIRST, claim, limit, async |_, at| {
			let number = at.block_number() as u32;
			if number < cleared.block {
				return Ok(Seen::NotYet(format!("finalized #{number}")));
			}
			let there = client::names(at).await?.contains_key(&newcomer.account());
			ensure!(!there, "it is still there at #{number}");
			Ok(Seen::Yes(format!("#{number}")))
		})
		.await
}

async fn second_act(director: &Director<'_>, built: &Built) -> Result<()> {
	director
		.display
		.act("Second act: an upgrade that goes wrong");
	traffic(director, "second").await?;
	let upgrade = Upgrade {
		act: SECOND,
		code: airlock_variants::UNHEALTHY,
		rollback: Some(airlock_variants::UNHEALTHY_ROLLBACK),
		built: &built.unhealthy,
		specification: "Tidies up names.",
		rationale: "It looks harmless, and every simulation of it passes.",
		effects: EFFECTS,
	};
	let passage = director.drive(&upgrade).await?;
	let settled = passage.switched_at + SETTLED;
	let checks = async {
		claim_switch(director, SECOND, &passage).await?;
		let code = &passage.dossier.code;
		director.claim_code(SECOND, code, settled).await?;
		// Nobody's name in history had one, so no simulator could see what it does.
		let user = &director.cast.patron;
		let set = roles::set_name(&director.observer().await?, user, CRAB).await?;
		let told = format!("set the name \"{CRAB}\" in #{}", set.block);
		director.display.did(&user.name, &told);
		Ok(())
	};
	let ((), (outcome, ended)) = try_join(checks, director.watch(&passage)).await?;
	director.moment(SECOND, &format!("{outcome:?}"), ended);
	director
		.claim_watched(SECOND, passage.watching, (outcome, ended))
		.await?;
	ensure!(
		outcome == Outcome::RolledBack(Failure::ReportedUnhealthy),
		"it ended {outcome:?}"
	);
	let back = ("Enactment", "RolledBack");
	let claim = "validators saw the damage, and the chain went back by itself";
	director
		.claim_event(SECOND, claim, ended, back, true)
		.await?;
	let rollback = roles::dedicated(&passage.dossier)?;
	director
		.claim_code(SECOND, &rollback, ended + SETTLED)
		.await?;
	still_usable(director, ended).await?;
	director.claim_finality(SECOND).await
}

async fn third_act(director: &Director<'_>, built: &Built) -> Result<()> {
	director
		.display
		.act("Third act: an upgrade that cannot build a block");
	let client = director.observer().await?;
	let before = client.best().await?;
	let (version, code) = (before.spec_version(), client::code_hash(&before).await?);
	traffic(director, "third").await?;
	let upgrade = Upgrade {
		act: THIRD,
		code: airlock_variants::PANICKING,
		rollback: None,
		built: &built.panicking,
		specification: "Names since when they stand.",
		rationale: "Every rehearsal of it passes.",
		effects: EFFECTS,
	};
	let passage = director.drive(&upgrade).await?;
	let (outcome, ended) = director.watch(&passage).await?;
	director.moment(THIRD, &format!("{outcome:?}"), ended);
	let expected = Outcome::RolledBack(Failure::Rescued);
	ensure!(outcome == expected, "it ended {outcome:?}");
	claim_rescue(director, &passage, ended).await?;
	director
		.claim_watched(THIRD, passage.watching, (outcome, ended))
		.await?;
	let back = ("Enactment", "RolledBack");
	let claim = "the chain went back without the code that panics";
	director
		.claim_event(THIRD, claim, ended, back, true)
		.await?;
	let previous = CodeRef {
		hash: code,
		spec_version: version,
		len: 0,
	};
	let settled = ended + SETTLED;
	director.claim_code(THIRD, &previous, settled).await?;
	let user = &director.cast.patron;
	let set = roles::set_name(&client, user, "after the rescue").await?;
	let event = ("Profiles", "NameSet");
	let claim = "transactions work on the code before";
	director
		.claim_event(THIRD, claim, set.block, event, false)
		.await?;
	director.claim_finality(THIRD).await
}

/// The block after the switch is the rescue block, and every node ran it as one by itself.
async fn claim_rescue(director: &Director<'_>, passage: &Passage, ended: u32) -> Result<()> {
	let claim = "each node ran the block after the switch on the code before";
	let limit = director.limit(ended, SETTLED);
	director
		.claim_everywhere(THIRD, claim, limit, async |client, at| {
			let number = at.block_number() as u32;
			if number < ended {
				return Ok(Seen::NotYet(format!("finalized #{number}")));
			}
			let blocks = client.rescue_blocks().await?;
			ensure!(blocks > 0, "it ran none");
			let first = passage.switched_at + 1;
			ensure!(ended == first, "#{ended} is not the first block, #{first}");
			Ok(Seen::Yes(format!(
				"#{ended}, after the switch in #{}",
				passage.switched_at
			)))
		})
		.await
}

/// After the way back names do not vanish any more, and people can use the chain.
async fn still_usable(director: &Director<'_>, since: u32) -> Result<()> {
	let client = director.observer().await?;
	let user = &director.cast.patron;
	let set = roles::set_name(&client, user, "still here").await?;
	let event = ("Profiles", "NameSet");
	let claim = "transactions work on the rollback code";
	director
		.claim_event(SECOND, claim, set.block, event, false)
		.await?;
	let from = set.block.max(since) + SETTLED;
	let limit = director.limit(from, SETTLED);
	director
		.claim_everywhere(SECOND, "no more names vanish", limit, async |client, at| {
			let number = at.block_number() as u32;
			if number < from {
				return Ok(Seen::NotYet(format!("finalized #{number}")));
			}
			let hash = client.hash_of(set.block).await?;
			let then = client
				.at(hash.context("the block of the name is gone")?)
				.await?;
			let (before, now) = (client::names(&then).await?, client::names(at).await?);
			let lost = before.keys().filter(|who| !now.contains_key(*who)).count();
			ensure!(
				lost == 0,
				"{lost} vanished between #{} and #{number}",
				set.block
			);
			Ok(Seen::Yes(format!(
				"{} names in #{} and in #{number}",
				now.len(),
				set.block
			)))
		})
		.await
}

/// Everybody who has money gives some to a user.
async fn fund_users(director: &Director<'_>) -> Result<()> {
	let client = director.observer().await?;
	let at = client.best().await?;
	let address = dynamic::constant::<u128>("Balances", "ExistentialDeposit");
	let amount = at.constants().entry(address)?.saturating_mul(10_000);
	let cast = director.cast;
	let givers: Vec<&Actor> = cast
		.simulators
		.iter()
		.chain(&cast.auditors)
		.chain(&cast.builders)
		.collect();
	let givers = givers.into_iter().chain([&cast.patron]);
	try_join_all(
		givers
			.zip(&cast.users)
			.map(|(from, to)| roles::transfer(&client, from, to, amount)),
	)
	.await?;
	Ok(())
}

/// Users set names and pay each other over some blocks, each through another node.
async fn traffic(director: &Director<'_>, tag: &str) -> Result<()> {
	let users = &director.cast.users;
	let nodes = director.network.nodes();
	let payees = users.iter().cycle().skip(1);
	let done = try_join_all(users.iter().zip(payees).zip(nodes.iter().cycle()).map(
		async |((user, payee), node)| {
			let client = node.client().await?;
			let first = roles::set_name(&client, user, &format!("{} {tag}", user.name)).await?;
			roles::transfer(&client, user, payee, 1_000_000_000).await?;
			roles::set_name(&client, user, &format!("{} of {tag}", user.name)).await?;
			let last = roles::transfer(&client, user, payee, 2_000_000_000).await?;
			Ok::<_, anyhow::Error>((first.block, last.block))
		},
	))
	.await?;
	let from = done
		.iter()
		.map(|(first, _)| *first)
		.min()
		.unwrap_or_default();
	let to = done.iter().map(|(_, last)| *last).max().unwrap_or_default();
	let told = format!("{} transactions in #{from} to #{to}", done.len() * 4);
	director.display.did("users", &told);
	Ok(())
}
