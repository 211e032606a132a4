//! What the tests on real nodes share. Each uses a part of it.
#![allow(dead_code)]

use airlock_e2e::{
	demo::{self, Acts, Options},
	display::Display,
	network::{self, Network},
	report::Report,
};
use std::path::PathBuf;

/// The node under test: `AIRLOCK_NODE`, or the one in the same target directory.
pub fn node() -> PathBuf {
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

/// Plays acts with some validators down. Every claim must hold.
///
/// # Panics
/// If one does not.
pub async fn play(acts: Acts, validators_down: usize) -> (Report, Option<Network>) {
	let network = network::Options {
		binary: node(),
		validators_down,
		simulators: network::SIMULATORS,
		..Default::default()
	};
	let options = Options {
		network,
		acts,
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
	(report, network)
}
