//! Simulates upgrades with one thing wrong each, and says what finds it.

use airlock_e2e::{
	matrix::{self, Row},
	measure, program,
};
use anyhow::{ensure, Context, Result};
use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Simulates upgrades with one thing wrong each, and good ones, on the database of a chain that people used. Exits with 0
/// only if all of the first are caught and none of the others.
#[derive(Parser)]
#[command(version)]
struct Cli {
	/// Only these, by their names.
	#[arg(long, value_name = "NAME", value_delimiter = ',')]
	only: Vec<String>,
	/// Says what there is.
	#[arg(long)]
	list: bool,
	/// Instead: how long a simulation takes, beside an import of the same blocks.
	#[arg(long)]
	measure: bool,
	/// Also write the rows as JSON.
	#[arg(long, value_name = "FILE")]
	json: Option<PathBuf>,
	/// The node whose simulator is tried [default: airlock-node beside this program].
	#[arg(long, value_name = "PATH")]
	node: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
	program::exit_code(program::unless_interrupted(run(Cli::parse())).await)
}

async fn run(cli: Cli) -> Result<bool> {
	let mut mutants = matrix::all()?;
	if cli.list {
		mutants
			.iter()
			.for_each(|mutant| println!("{}", mutant.name));
		return Ok(true);
	}
	for name in &cli.only {
		let known = mutants.iter().any(|mutant| mutant.name == name);
		ensure!(known, "there is no '{name}': see --list");
	}
	if !cli.only.is_empty() {
		mutants.retain(|mutant| cli.only.iter().any(|name| name == mutant.name));
	}
	let binary = program::node(cli.node)?;
	if cli.measure {
		println!("{}", measure::run(binary).await?);
		return Ok(true);
	}
	let rows = matrix::run(binary, &mutants, |row| {
		println!("{}: {}; {}", row.mutant, row.verdict, row.first);
	})
	.await?;
	println!("\n{}", matrix::table(&rows));
	if let Some(path) = &cli.json {
		let json = serde_json::to_vec_pretty(&rows)?;
		std::fs::write(path, json).with_context(|| path.display().to_string())?;
	}
	Ok(rows.iter().all(Row::is_right))
}
