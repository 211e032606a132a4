//! What is compared, and how it is measured: each row by the SDK's command in a process of its own, all of them in turn,
//! some times over.

use crate::report::{self, Cost};
use clap::Args;
use serde::Deserialize;
use std::{
	collections::BTreeMap,
	fs,
	path::{Path, PathBuf},
	process::{Command, Stdio},
};

/// Bytes of a candidate here: about those of this chain's own runtime.
const CODE: u32 = 700_000;

/// Measures both runtimes and writes the tables.
#[derive(Args)]
pub struct Compare {
	/// Airlock's runtime, with its benchmarks
	#[arg(long, value_name = "FILE")]
	ours: PathBuf,

	/// The runtime of the others, with theirs
	#[arg(long, value_name = "FILE")]
	theirs: PathBuf,

	/// The page whose tables are written, between its markers
	#[arg(long, value_name = "FILE")]
	page: PathBuf,

	/// How often everything is measured
	#[arg(long, default_value_t = 3)]
	rounds: u32,

	/// How often each benchmark is repeated in a round
	#[arg(long, default_value_t = 20)]
	repeat: u32,

	/// For how many seconds at least, in each round
	#[arg(long, default_value_t = 1)]
	seconds: u64,
}

/// Whose runtime a benchmark is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
	Ours,
	Theirs,
}

/// One benchmark, with the value of its component if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bench {
	side: Side,
	pallet: &'static str,
	name: &'static str,
	component: Option<u32>,
}

const fn ours(pallet: &'static str, name: &'static str, component: Option<u32>) -> Bench {
	let side = Side::Ours;
	Bench {
		side,
		pallet,
		name,
		component,
	}
}

const fn theirs(pallet: &'static str, name: &'static str, component: Option<u32>) -> Bench {
	let side = Side::Theirs;
	Bench {
		side,
		pallet,
		name,
		component,
	}
}

const VOTE: &str = "pallet_airlock_supermajority";
const STAGES: &str = "pallet_airlock_proposals";
const SIMULATIONS: &str = "pallet_airlock_simulations";
const AUDITS: &str = "pallet_airlock_audits";
const ENACTMENT: &str = "pallet_airlock_enactment";

/// One vote. Ratios are to the second row.
const VOTES: [(&str, Bench); 9] = [
	("Airlock, 4 validators", ours(VOTE, "vote", Some(4))),
	("Airlock, 100 validators", ours(VOTE, "vote", Some(100))),
	("Airlock, 1000 validators", ours(VOTE, "vote", Some(1_000))),
	(
		"collective, 100 members",
		theirs("pallet_collective", "vote", Some(100)),
	),
	(
		"collective, 1000 members",
		theirs("pallet_collective", "vote", Some(1_000)),
	),
	(
		"democracy, new vote",
		theirs("pallet_democracy", "vote_new", None),
	),
	(
		"democracy, changed vote",
		theirs("pallet_democracy", "vote_existing", None),
	),
	(
		"conviction voting, new vote",
		theirs("pallet_conviction_voting", "vote_new", None),
	),
	(
		"conviction voting, changed vote",
		theirs("pallet_conviction_voting", "vote_existing", None),
	),
];

/// The hook of a block in which nothing is due. Ratios are to the first row.
const HOOKS: [(&str, Bench); 4] = [
	(
		"Airlock, whatever is open",
		ours(STAGES, "on_initialize_idle", None),
	),
	(
		"democracy, 0 referenda",
		theirs("pallet_democracy", "on_initialize_base", Some(0)),
	),
	(
		"democracy, 10 referenda",
		theirs("pallet_democracy", "on_initialize_base", Some(10)),
	),
	(
		"democracy, 100 referenda",
		theirs("pallet_democracy", "on_initialize_base", Some(100)),
	),
];

/// How many of a lifecycle's calls there are: so many, and so many for each voter.
type Count = (u32, u32);

/// What one upgrade needs here, by the standard policy: three simulators, two auditors, two builders.
const OUR_WAY: [(Count, Bench); 16] = [
	((1, 0), ours(STAGES, "register", None)),
	// Both blobs.
	(
		(2, 0),
		theirs("pallet_preimage", "note_requested_preimage", Some(CODE)),
	),
	((1, 0), ours(STAGES, "preflight", Some(2))),
	((3, 0), ours(SIMULATIONS, "commit", None)),
	((3, 0), ours(SIMULATIONS, "reveal", Some(12))),
	((1, 0), ours(AUDITS, "fund_bounty", None)),
	((4, 0), ours(AUDITS, "attest", None)),
	((0, 1), ours(VOTE, "vote", Some(1_000))),
	((0, 1), ours(ENACTMENT, "signal_readiness", Some(1_000))),
	((0, 1), ours(ENACTMENT, "report_health", Some(1_000))),
	// The hook: the seed, the stages, and the end. Writing the code is left out, here and there.
	((6, 0), ours(STAGES, "on_initialize_due", None)),
	((1, 0), ours(STAGES, "poll_draws_seed", None)),
	((1, 0), ours(STAGES, "poll_opens_review", None)),
	((1, 0), ours(STAGES, "poll_opens_ballot", None)),
	((1, 0), ours(STAGES, "poll_opens_timelock", None)),
	((1, 0), ours(STAGES, "poll_finalizes", None)),
];

/// What one code needs on a chain with referenda, preimages and the scheduler.
const THEIR_WAY: [(Count, Bench); 9] = [
	(
		(1, 0),
		theirs("pallet_preimage", "note_preimage", Some(CODE)),
	),
	((1, 0), theirs("pallet_referenda", "submit", None)),
	(
		(1, 0),
		theirs("pallet_referenda", "place_decision_deposit_preparing", None),
	),
	(
		(1, 0),
		theirs(
			"pallet_referenda",
			"nudge_referendum_begin_deciding_passing",
			None,
		),
	),
	((0, 1), theirs("pallet_conviction_voting", "vote_new", None)),
	(
		(1, 0),
		theirs("pallet_referenda", "nudge_referendum_approved", None),
	),
	(
		(1, 0),
		theirs("pallet_referenda", "refund_decision_deposit", None),
	),
	// The alarms of the referendum, and the call itself.
	(
		(3, 0),
		theirs("pallet_scheduler", "service_task_base", None),
	),
	(
		(1, 0),
		theirs("pallet_scheduler", "service_task_fetched", Some(CODE)),
	),
];

/// How many voters a lifecycle is counted for.
const VOTERS: [u32; 3] = [4, 100, 1_000];

impl Compare {
	/// Measures everything, and writes the tables.
	///
	/// # Errors
	/// If a benchmark does not run, or the page has no place for a table.
	pub fn run(&self) -> Result<(), String> {
		let mut wanted: Vec<Bench> = VOTES
			.iter()
			.chain(&HOOKS)
			.map(|(_, bench)| *bench)
			.collect();
		wanted.extend(OUR_WAY.iter().chain(&THEIR_WAY).map(|(_, bench)| *bench));
		wanted.sort();
		wanted.dedup();
		let mut seen = BTreeMap::<Bench, Vec<Cost>>::new();
		for round in 1..=self.rounds {
			for bench in &wanted {
				eprintln!("round {round}: {bench:?}");
				seen.entry(*bench).or_default().extend(self.measure(bench)?);
			}
		}
		let costs: BTreeMap<Bench, Cost> = seen
			.into_iter()
			.map(|(bench, costs)| (bench, Cost::median(&costs)))
			.collect();
		self.write(&costs)
	}

	fn write(&self, costs: &BTreeMap<Bench, Cost>) -> Result<(), String> {
		let rows = |of: &[(&str, Bench)]| -> Vec<(String, Cost)> {
			of.iter()
				.map(|(what, bench)| (what.to_string(), costs[bench]))
				.collect()
		};
		let sum = |way: &[(Count, Bench)], voters: u32| {
			let costs = way
				.iter()
				.map(|((once, each), bench)| costs[bench].times(once + each * voters));
			costs.fold(Cost::default(), Cost::plus)
		};
		let ways = VOTERS.iter().flat_map(|voters| {
			[
				(format!("Airlock, {voters} voters"), sum(&OUR_WAY, *voters)),
				(
					format!("referenda, {voters} voters"),
					sum(&THEIR_WAY, *voters),
				),
			]
		});
		let page = fs::read_to_string(&self.page).map_err(|e| e.to_string())?;
		let page = report::replace(&page, "votes", &report::table(&rows(&VOTES), 1))?;
		let page = report::replace(&page, "hooks", &report::table(&rows(&HOOKS), 0))?;
		let ways: Vec<_> = ways.collect();
		let page = report::replace(&page, "lifecycles", &report::table(&ways, 0))?;
		fs::write(&self.page, page).map_err(|e| e.to_string())
	}

	/// Runs one benchmark.
	fn measure(&self, bench: &Bench) -> Result<Vec<Cost>, String> {
		let runtime = match bench.side {
			Side::Ours => &self.ours,
			Side::Theirs => &self.theirs,
		};
		let json = std::env::temp_dir().join(format!("airlock-bench-{}.json", std::process::id()));
		let mut command = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
		command
			.args(["pallet", "--genesis-builder", "runtime"])
			.args([
				"--genesis-builder-preset",
				"development",
				"--heap-pages",
				"4096",
			])
			.args(["--steps", "2", "--repeat", &self.repeat.to_string()])
			.args(["--min-duration", &self.seconds.to_string()])
			.args(["--pallet", bench.pallet, "--extrinsic", bench.name])
			.args([
				Path::new("--runtime"),
				runtime,
				Path::new("--json-file"),
				&json,
			])
			.stdout(Stdio::null());
		if let Some(value) = bench.component {
			let value = value.to_string();
			command.args(["--low", &value, "--high", &value]);
		}
		let status = command.status().map_err(|e| e.to_string())?;
		let text = fs::read_to_string(&json).map_err(|e| format!("{bench:?}: {status}, {e}"))?;
		fs::remove_file(&json).ok();
		let batches: Vec<Batch> = serde_json::from_str(&text).map_err(|e| e.to_string())?;
		let batch = batches.first().ok_or(format!("{bench:?} does not exist"))?;
		batch.costs().ok_or(format!("{bench:?} measured nothing"))
	}
}

/// What the SDK's command writes of one benchmark.
#[derive(Deserialize)]
struct Batch {
	time_results: Vec<Measured>,
	db_results: Vec<Measured>,
}

#[derive(Deserialize)]
struct Measured {
	extrinsic_time: u128,
	reads: u32,
	writes: u32,
	proof_size: u32,
}

impl Batch {
	/// Each time with the database's part, of which the most counts.
	fn costs(&self) -> Option<Vec<Cost>> {
		let database = &self.db_results;
		let cost = |time: &Measured| {
			Some(Cost {
				nanoseconds: u64::try_from(time.extrinsic_time).ok()?,
				reads: database.iter().map(|m| m.reads).max()?.into(),
				writes: database.iter().map(|m| m.writes).max()?.into(),
				proof: database.iter().map(|m| m.proof_size).max()?.into(),
			})
		};
		let costs: Option<Vec<_>> = self.time_results.iter().map(cost).collect();
		costs.filter(|costs| !costs.is_empty())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn output_of_the_command_is_read() {
		let one =
			r#"{"extrinsic_time": 9, "reads": 1, "writes": 2, "proof_size": 3, "components": []}"#;
		let two =
			r#"{"extrinsic_time": 1, "reads": 4, "writes": 0, "proof_size": 1, "components": []}"#;
		let text = format!(r#"[{{"time_results": [{one}], "db_results": [{one}, {two}]}}]"#);
		let batches: Vec<Batch> = serde_json::from_str(&text).unwrap();
		let costs = batches[0].costs().unwrap();
		assert_eq!(
			(
				costs[0].nanoseconds,
				costs[0].reads,
				costs[0].writes,
				costs[0].proof
			),
			(9, 4, 2, 3)
		);
	}
}
