//! The command line.

use sc_cli::RunCmd;

/// Airlock: a chain whose upgrades go through every door.
#[derive(Debug, clap::Parser)]
pub struct Cli {
	/// What to do; without it the node runs.
	#[command(subcommand)]
	pub subcommand: Option<Subcommand>,

	/// Options of a running node.
	#[clap(flatten)]
	pub run: RunCmd,

	/// Options of shadow mode.
	#[clap(flatten)]
	pub shadow: crate::shadow::Options,
}

/// What the node can do besides running.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
	/// Generate, inspect and insert keys
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Export a chain specification
	ExportChainSpec(sc_cli::ExportChainSpecCmd),

	/// Build a chain specification (older name of export-chain-spec)
	#[allow(deprecated)]
	BuildSpec(sc_cli::BuildSpecCmd),

	/// Validate blocks
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Export blocks
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Export the state of a block as a chain specification
	ExportState(sc_cli::ExportStateCmd),

	/// Import blocks
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Remove the whole chain
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Revert the chain to an earlier state
	Revert(sc_cli::RevertCmd),

	/// Show what the database holds
	ChainInfo(sc_cli::ChainInfoCmd),

	/// Replay this node's blocks under a candidate runtime and report what changes
	///
	/// Works on the database of a stopped node. Exits with 0 if the report says pass, 1 if it says
	/// fail, 2 if the harness could not reproduce the chain, and 3 on an error.
	Simulate(crate::simulate::SimulateCmd),
}
