//! Runs the benchmarks that wasm runtimes carry: the SDK's own command, without a node around it, and a comparison of two
//! runtimes with it.

mod compare;
mod report;

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sp_runtime::traits::BlakeTwo256;

/// `airlock-bench pallet --runtime FILE ...`, `airlock-bench compare ...`: see `--help` of each.
#[derive(Parser)]
enum Cli {
	/// The SDK's `benchmark pallet`
	Pallet(Box<PalletCmd>),
	/// Measures what Airlock does beside what other chains decide upgrades with
	Compare(compare::Compare),
}

fn main() -> sc_cli::Result<()> {
	match Cli::parse() {
		Cli::Pallet(command) => {
			sc_cli::LoggerBuilder::new("warn,frame=info").init().ok();
			// No host functions beyond the SDK's: the runtimes import no others.
			command.run_with_spec::<BlakeTwo256, ()>(None)
		}
		Cli::Compare(command) => command.run().map_err(sc_cli::Error::Input),
	}
}
