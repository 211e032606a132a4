//! What the command line says of errors and upgrades, by the metadata of real runtimes.

use airlock_cli::commands::{compare::differences, explain::errors};
use codec::Decode;
use subxt::{ext::frame_metadata::RuntimeMetadataPrefixed, Metadata};

/// The pallets of this project.
const OURS: [&str; 6] = [
	"Proposals",
	"Simulations",
	"Audits",
	"Supermajority",
	"Enactment",
	"Validators",
];

fn metadata(blob: &[u8]) -> Metadata {
	let looked = airlock_simulator::look_at(blob, 1 << 26).expect("a runtime");
	let bytes = looked.metadata.expect("metadata");
	let read = RuntimeMetadataPrefixed::decode(&mut &bytes[..]).expect("metadata");
	Metadata::try_from(read).expect("metadata")
}

#[test]
fn every_error_of_ours_should_say_what_to_do() {
	let all = errors(&metadata(airlock_variants::BASE));
	let ours: Vec<_> = all
		.iter()
		.filter(|known| OURS.contains(&known.pallet.as_str()))
		.collect();
	// What it is, and what to do: two sentences.
	let mute: Vec<_> = ours
		.iter()
		.filter(|known| known.docs.trim_end_matches('.').split(". ").count() < 2)
		.map(|known| format!("{}::{}: {}", known.pallet, known.name, known.docs))
		.collect();
	assert!(ours.len() > 100, "only {} errors were found", ours.len());
	assert!(mute.is_empty(), "no advice: {mute:#?}");
}

#[test]
fn compare_should_find_what_the_good_upgrade_changes() {
	let found = differences(
		&metadata(airlock_variants::BASE),
		&metadata(airlock_variants::GOOD),
	);
	let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
	for expected in [
		"  call Profiles.clear_name is new",
		"! storage Profiles.Names changed",
	] {
		assert!(
			lines.iter().any(|line| line == expected),
			"no '{expected}' in {lines:#?}"
		);
	}
	let breaking = lines.iter().take_while(|line| line.starts_with('!'));
	let rest = lines.iter().skip(breaking.count());
	assert!(
		rest.into_iter().all(|line| line.starts_with(' ')),
		"breaking ones come first: {lines:#?}"
	);
}

#[test]
fn compare_should_find_nothing_when_it_is_the_same() {
	let same = metadata(airlock_variants::BASE);
	assert!(differences(&same, &same).is_empty());
}
