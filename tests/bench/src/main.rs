//! Runs the benchmarks that a wasm runtime carries: the SDK's own command, without a node around it.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sp_runtime::traits::BlakeTwo256;

/// `airlock-bench --runtime FILE --pallet NAME ...`: see `--help`.
#[derive(Parser)]
struct Cli {
	#[clap(flatten)]
	pallet: PalletCmd,
}

fn main() -> sc_cli::Result<()> {
	sc_cli::LoggerBuilder::new("warn,frame=info").init().ok();
	// No host functions beyond the SDK's: the runtime imports no others.
	Cli::parse()
		.pallet
		.run_with_spec::<BlakeTwo256, ()>(None)
}
