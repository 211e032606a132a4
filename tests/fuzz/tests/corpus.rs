//! What the fuzzer kept, played again; and that the laws can be broken.

use airlock_fuzz::{laws, run, world, Report, HONEST, STEPS};
use airlock_runtime::{Balances, RuntimeCall};
use airlock_runtime_tests as whole;
use frame_support::{
	dispatch::{DispatchInfo, PostDispatchInfo},
	traits::fungible::Mutate,
	weights::Weight,
};
use std::{fs, panic, path::Path};

/// Inputs that were kept, in the order of their names.
fn corpus() -> Vec<Vec<u8>> {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
	let mut files: Vec<_> = fs::read_dir(folder)
		.expect("there is a corpus")
		.map(|file| file.expect("a file").path())
		.collect();
	files.sort();
	let read = |file| fs::read(file).expect("readable");
	files.into_iter().map(read).collect()
}

/// Calls of ours, and those that only wrap or hold others: some need an actor who cannot be among people in a short
/// run, and say so here.
const OUT_OF_REACH: [(&str, &str); 2] = [
	// Needs two rollbacks in a row.
	("Enactment", "unlock"),
	// Needs code that breaks something.
	("Enactment", "prove_broken_invariant"),
];

#[test]
fn the_corpus_reaches_every_call_of_ours() {
	let mut all = Report::default();
	for input in corpus() {
		all.add(run(&input));
	}
	assert!(all.blocks > 1_000, "{} blocks", all.blocks);
	let ours = [
		"Proposals",
		"Simulations",
		"Audits",
		"Supermajority",
		"Enactment",
		"Validators",
	];
	let mut missing = Vec::new();
	for pallet in ours {
		for call in names(pallet) {
			let done = all
				.calls
				.get(&(pallet.to_string(), call.to_string()))
				.is_some_and(|(_, done)| *done > 0);
			if !done && !OUT_OF_REACH.contains(&(pallet, call)) {
				missing.push((pallet, call));
			}
		}
	}
	assert!(
		missing.is_empty(),
		"never succeeded: {missing:?} of {:#?}",
		all.calls
	);
}

fn names(pallet: &str) -> &'static [&'static str] {
	use frame_support::traits::GetCallMetadata;
	RuntimeCall::get_call_names(pallet)
}

#[test]
fn honest_users_alone_bring_an_upgrade_to_its_end() {
	let report = run(&[HONEST, 0].repeat(STEPS));
	let health = ("Enactment".to_string(), "report_health".to_string());
	assert!(report.calls[&health].1 > 0, "{:#?}", report.calls);
	assert!(report.calls.values().all(|(tried, done)| tried == done));
}

#[test]
fn what_makes_coins_is_found() {
	let made = broken(|| {
		world::chain().execute_with(|| {
			let call = frame_system::Call::remark { remark: vec![] }.into();
			laws::around_a_call(&call, || Balances::mint_into(&whole::anyone(), 1))
		})
	});
	assert!(made.contains("made coins"), "{made}");
}

#[test]
fn what_writes_code_is_found() {
	let write = || sp_io::storage::set(b":code", b"code");
	let call = || {
		let call = frame_system::Call::remark { remark: vec![] }.into();
		world::chain().execute_with(|| laws::around_a_call(&call, write));
	};
	assert!(broken(call).contains("wrote code"));
	let hook = || world::chain().execute_with(|| laws::around_a_block(write));
	// The lifecycle's own invariants would find it at the end of the next block.
	assert!(broken(hook).contains("code without its event"));
}

#[test]
fn what_uses_more_than_it_is_charged_is_found() {
	let call = frame_system::Call::remark { remark: vec![] }.into();
	let info = DispatchInfo::default();
	let post = PostDispatchInfo {
		actual_weight: Some(Weight::from_parts(1, 0)),
		..Default::default()
	};
	assert!(broken(|| laws::weight(&call, &info, &Ok(post))).contains("charged"));
}

/// What a panic says.
///
/// # Panics
/// If there is none.
fn broken<R>(run: impl FnOnce() -> R) -> String {
	let said = panic::catch_unwind(panic::AssertUnwindSafe(run)).map(|_| ());
	let said = said.expect_err("a law was broken");
	let text = said.downcast_ref::<String>().cloned();
	text.or_else(|| said.downcast_ref::<&str>().map(|s| s.to_string()))
		.unwrap_or_default()
}
