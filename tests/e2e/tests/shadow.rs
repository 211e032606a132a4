//! Shadow mode on a real node: what a candidate does with live traffic, while the node goes on.

mod common;

use airlock_e2e::{
	demo::EFFECTS,
	network::{self, Network, Node},
	roles::{self, Cast},
};
use airlock_variants::{with_fault, Fault, GOOD};
use std::time::{Duration, Instant};

/// How long it may take until so much was seen, on a machine on which other nodes run.
const PATIENCE: Duration = Duration::from_secs(120);

/// Restarts a node with a candidate, has people use the chain, and says what it saw of at least six of their transactions.
async fn watch(network: &Network, cast: &Cast, node: &Node, code: &[u8]) -> serde_json::Value {
	let file = |name: &str, bytes: &[u8]| {
		let path = network.path().join(name);
		std::fs::write(&path, bytes).expect("it is a temporary folder");
		path.display().to_string()
	};
	node.stop().await.expect("it runs");
	let options = [
		format!("--shadow={}", file("shadow.wasm", code)),
		format!(
			"--shadow-effects={}",
			file("effects.toml", EFFECTS.as_bytes())
		),
	];
	node.start_as(&options).expect("it starts again");
	let client = network.observer().unwrap().client().await.unwrap();
	let own = node
		.client()
		.await
		.expect("it is no worse a node than before");
	let until = Instant::now() + PATIENCE;
	loop {
		for (who, to) in cast.auditors.iter().zip(&cast.builders) {
			roles::transfer(&client, who, to, 1_000_000_000)
				.await
				.unwrap();
			roles::set_name(&client, who, &who.name).await.unwrap();
		}
		let seen = own.shadow().await.unwrap();
		let (best, _) = client.heads().await.unwrap();
		let (known, _) = own.heads().await.unwrap();
		assert!(
			known + 3 >= best,
			"the node is at #{known}, the chain at #{best}"
		);
		// The chain's own inherent is in each block.
		let blocks = seen["same"].as_u64().unwrap() + seen["differing"].as_u64().unwrap();
		if seen["extrinsics"].as_u64().unwrap() >= blocks + 6 {
			return seen;
		}
		assert!(Instant::now() < until, "{seen}");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_sees_live_what_a_candidate_changes_and_goes_on() {
	let options = network::Options {
		binary: common::node(),
		simulators: 1,
		..Default::default()
	};
	let network = Network::start(&options).await.unwrap();
	let cast = Cast::new(network::VALIDATORS.len()).unwrap();
	let node = network.simulators().first().expect("there is one");
	assert_eq!(
		node.client().await.unwrap().shadow().await.unwrap(),
		serde_json::Value::Null
	);

	let good = watch(&network, &cast, node, GOOD).await;
	assert_eq!(
		(&good["differing"], &good["findings"]),
		(&0.into(), &serde_json::json!([])),
		"{good}"
	);

	let bad = with_fault(Fault::FeeOffByOne).expect("built with wasm");
	let bad = watch(&network, &cast, node, &bad).await;
	assert!(bad["differing"].as_u64().unwrap() > 0, "{bad}");
	// What a fee is burnt with is an event too.
	let found =
		"EventsChanged: succeeded before, succeeded under the candidate Balances.BurnedDebt, fee";
	assert!(bad["findings"].to_string().contains(found), "{bad}");

	// A candidate that is none is an error of the operator, not a silent node.
	node.stop().await.unwrap();
	let nothing = network.path().join("nothing.wasm");
	std::fs::write(&nothing, b"nothing").unwrap();
	node.start_as(&[format!("--shadow={}", nothing.display())])
		.unwrap();
	let refused = node
		.client()
		.await
		.map(drop)
		.expect_err("it does not start");
	assert!(
		format!("{refused:#}").contains("the candidate cannot be run"),
		"{refused:#}"
	);
}
