//! The help of every command, as people read it. A change of it is seen in review.

use airlock_cli::app::Cli;
use clap::CommandFactory;

/// The help of a command and of all below it.
fn helps(command: &mut clap::Command, path: &str, all: &mut String) {
	let path = format!("{path} {}", command.get_name());
	// No version: it would change with each release.
	let help = command.render_long_help();
	all.push_str(&format!("### {}\n\n{help}\n", path.trim()));
	for inner in command.get_subcommands_mut() {
		if inner.get_name() != "help" {
			helps(inner, &path, all);
		}
	}
}

#[test]
fn the_help_of_every_command_should_be_the_one_that_was_reviewed() {
	let mut all = String::new();
	// Narrow enough for a review, and the same on every terminal.
	let mut command = Cli::command().term_width(100);
	command.build();
	helps(&mut command, "", &mut all);
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/help.txt");
	if std::env::var_os("AIRLOCK_BLESS").is_some() {
		std::fs::write(path, &all).unwrap();
	}
	let reviewed = std::fs::read_to_string(path).unwrap_or_default();
	assert!(
		all == reviewed,
		"the help differs from tests/help.txt: look at it, and write it anew with AIRLOCK_BLESS=1"
	);
}
