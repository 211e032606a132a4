//! The demo's first act, with one of the four validators down: everything must still pass.

use airlock_e2e::{
	demo::{self, Options},
	display::Display,
	network,
};
use std::path::PathBuf;

/// The node under test: `AIRLOCK_NODE`, or the one in the same target directory.
fn node() -> PathBuf {
	if let Some(path) = std::env::var_os("AIRLOCK_NODE") {
		return path.into();
	}
	let test = std::env::current_exe().expect("a test is a program");
	let profile = test
		.parent()
		.and_then(|deps| deps.parent())
		.expect("tests are in <profile>/deps");
	profile.join("airlock-node")
}

#[tokio::test(flavor = "multi_thread")]
async fn first_act_should_pass_when_one_validator_is_down() {
	let network = network::Options {
		binary: node(),
		validators_down: 1,
		outlives: false,
	};
	let options = Options {
		network,
		both_acts: false,
		built: None,
	};
	let (report, network) = demo::run(&options, &Display::default()).await;
	println!("{}", report.table());
	assert_eq!(report.error, None);
	let failed: Vec<_> = report
		.claims
		.iter()
		.filter(|c| !c.ok)
		.map(|c| &c.claim)
		.collect();
	assert!(failed.is_empty(), "{failed:?}");
	assert!(report.ok);

	// Each claim about nodes was checked on every node that runs: three validators, three full nodes.
	let asked: Vec<usize> = report
		.claims
		.iter()
		.map(|c| c.nodes.len())
		.filter(|asked| *asked > 0)
		.collect();
	assert!(
		asked.len() >= 6 && asked.iter().all(|asked| *asked == 6),
		"{asked:?}"
	);
	// No stage was skipped.
	let stages: Vec<&str> = report.timeline.iter().map(|m| m.what.as_str()).collect();
	let expected = ["Registered", "Simulation", "Review", "Voting", "Timelock"];
	assert!(stages.starts_with(&expected), "{stages:?}");
	assert_eq!(stages.last(), Some(&"Finalized"));
	drop(network);
}
