//! The demo's third act alone, on a fresh chain.

mod common;

use airlock_e2e::demo::Acts;

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_survives_code_that_cannot_run() {
	let (report, network) = common::play(Acts::Panicking, 0).await;
	// Four validators and three full nodes ran the rescue block, each by itself.
	let claim = "each node ran the block after the switch on the code before";
	let found = report.claims.iter().find(|c| c.claim == claim);
	assert_eq!(found.map(|c| c.nodes.len()), Some(7));
	let end = report.timeline.last().map(|m| m.what.as_str());
	assert_eq!(end, Some("RolledBack(Rescued)"));
	drop(network);
}
