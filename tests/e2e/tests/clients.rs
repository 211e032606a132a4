//! A client that was made for any Substrate chain, `polkadot-api` as its registry has it, reads this one and drives it: it
//! knows nothing but the node's metadata.

mod common;

use airlock_e2e::network::{self, Network};
use std::{path::Path, time::Duration};
use tokio::process::Command;

/// How long the client may take: it waits for finality three times, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a program in a folder, and returns what it printed.
async fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
	let mut command = Command::new(program);
	command
		.args(arguments)
		.current_dir(folder)
		.kill_on_drop(true);
	let done = tokio::time::timeout(PATIENCE, command.output()).await;
	let done = done.unwrap_or_else(|_| panic!("{program} does not end"));
	let done = done.unwrap_or_else(|error| panic!("{program}: {error}; scripts/setup installs it"));
	let said = String::from_utf8_lossy(&done.stderr);
	assert!(done.status.success(), "{program} {arguments:?}: {said}");
	String::from_utf8(done.stdout).expect("it prints text")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_polkadot_api_should_read_and_drive_the_chain() {
	let options = network::Options {
		binary: common::node(),
		..Default::default()
	};
	let network = Network::start(&options).await.unwrap();
	let folder = network.path();
	let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients");
	for name in ["package.json", "package-lock.json", "drive.mjs"] {
		std::fs::copy(source.join(name), folder.join(name)).unwrap();
	}
	let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
	run(folder, "npm", &install).await;
	let url = network.observer().unwrap().url();
	let found = run(folder, "node", &["drive.mjs", &url]).await;
	let found: serde_json::Value = serde_json::from_str(&found).unwrap();
	let fee = found["fee"].as_str().and_then(|fee| fee.parse().ok());
	assert!(fee.is_some_and(|fee: u128| fee > 0), "{found}");
	assert_eq!(found["version"], 1);
	assert_eq!(
		(&found["id"], &found["stage"]),
		(&0.into(), &"Registered".into())
	);
	assert_eq!(found["refusal"], "Proposals::BytesMissing");
	assert_eq!(found["outcome"], "Withdrawn");
}
