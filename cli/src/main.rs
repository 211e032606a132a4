//! The program: everything is in the library.

use clap::Parser;

fn main() -> std::process::ExitCode {
	airlock_cli::app::run(airlock_cli::app::Cli::parse())
}
