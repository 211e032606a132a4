//! The Airlock node.

mod ahead;
mod chain_spec;
mod cli;
mod command;
mod readiness;
mod rescue;
mod rpc;
mod service;
mod shadow;
mod simulate;

use std::process::ExitCode;

/// Exit code of every error, also of a wrong command line: 1 and 2 are verdicts of `simulate`.
const ERROR: u8 = 3;

fn main() -> ExitCode {
	match command::run() {
		Ok(code) => code,
		Err(sc_cli::Error::Cli(answer)) => {
			// `--help` and `--version` come as errors, too.
			let failed = answer.print().is_err() || answer.use_stderr();
			ExitCode::from(if failed { ERROR } else { 0 })
		}
		Err(error) => {
			eprintln!("Error: {error}");
			ExitCode::from(ERROR)
		}
	}
}
