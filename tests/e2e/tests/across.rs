//! People use `airlock` while an upgrade is written, and while it goes back.

mod common;

#[tokio::test(flavor = "multi_thread")]
async fn what_airlock_answers_across_an_upgrade_and_a_rollback_should_be_so() {
	let held = airlock_e2e::gauntlet::across::run(common::node()).await;
	held.unwrap_or_else(|error| panic!("{error:#}"));
}
