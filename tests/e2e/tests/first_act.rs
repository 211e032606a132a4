//! The demo's first act, with one of the four validators down: everything must still pass.

mod common;

use airlock_e2e::demo::Acts;

#[tokio::test(flavor = "multi_thread")]
async fn first_act_should_pass_when_one_validator_is_down() {
	let (report, network) = common::play(Acts::Good, 1).await;

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
