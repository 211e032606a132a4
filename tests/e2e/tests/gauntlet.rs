//! A part of the gauntlet: what the chain refuses, and one upgrade for each way in which written code goes back.
//! `scripts/gauntlet` runs all of it.

mod common;

use airlock_e2e::gauntlet::{
	self,
	blobs::{self, Stop},
	Options,
};

/// One of each: code that cannot be loaded, that runs and then does not, that is wrong and says nothing, that is seen by people,
/// and by the chain itself; and one that would leave a state on which nobody can build.
const WRITTEN: [&str; 5] = [
	"unknown-import",
	"migration-fails",
	"mints",
	"disarms-the-rescue",
	"sets-the-time",
];

#[tokio::test(flavor = "multi_thread")]
async fn bad_code_goes_back() {
	let mut some = blobs::all().expect("built with wasm");
	some.retain(|blob| matches!(blob.stop, Stop::Refused(_)) || WRITTEN.contains(&blob.name));
	assert!(some.len() >= 8 + WRITTEN.len(), "{}", some.len());
	let options = Options {
		binary: common::node(),
		at_once: 2,
		times: 1,
	};
	let rows = gauntlet::run(&options, some, |row| println!("{row:?}")).await;
	let table = gauntlet::table(&rows);
	assert!(rows.iter().all(gauntlet::Row::is_survived), "\n{table}");
}
