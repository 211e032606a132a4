//! What the programs of this crate share: which node they start, how they are interrupted, and how they end.

use anyhow::{bail, Result};
use std::{future::Future, path::PathBuf, process::ExitCode};

/// The node that was named, or the one beside this program.
///
/// # Errors
/// If nobody knows where this program is.
pub fn node(named: Option<PathBuf>) -> Result<PathBuf> {
	match named {
		Some(path) => Ok(path),
		None => Ok(std::env::current_exe()?.with_file_name("airlock-node")),
	}
}

/// Runs until it is done or somebody interrupts it. Dropping the run ends the processes.
///
/// # Errors
/// The run's own, or that it was interrupted.
pub async fn unless_interrupted(run: impl Future<Output = Result<bool>>) -> Result<bool> {
	tokio::select! {
		done = run => done,
		_ = tokio::signal::ctrl_c() => bail!("interrupted"),
	}
}

/// Success only if all was as it must be. An error is said.
pub fn exit_code(done: Result<bool>) -> ExitCode {
	match done {
		Ok(true) => ExitCode::SUCCESS,
		Ok(false) => ExitCode::FAILURE,
		Err(error) => {
			eprintln!("{error:#}");
			ExitCode::FAILURE
		}
	}
}
