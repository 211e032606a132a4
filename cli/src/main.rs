//! The program: everything is in the library.

use airlock_cli::app;
use clap::Parser;

fn main() -> std::process::ExitCode {
	match app::Cli::try_parse() {
		Ok(cli) => app::run(cli),
		Err(error) => {
			let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
			app::not_understood(&error, words)
		}
	}
}
