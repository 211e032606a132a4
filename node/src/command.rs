//! What each subcommand does.

use crate::{
	chain_spec,
	cli::{Cli, Subcommand},
	service,
	simulate::SimulateCmd,
};
use sc_cli::{DatabasePruningMode, SubstrateCli};
use sc_network::config::NetworkBackendType;
use std::process::ExitCode;

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Airlock Node".into()
	}

	fn impl_version() -> String {
		env!("CARGO_PKG_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		"The Airlock developers".into()
	}

	fn support_url() -> String {
		"the repository's issues".into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
		chain_spec::load(id)
	}
}

/// A simulator replays history, so that new databases keep it unless told otherwise.
fn keep_history(cli: &mut Cli) {
	let params = match &mut cli.subcommand {
		None => &mut cli.run.import_params,
		Some(Subcommand::ImportBlocks(cmd)) => &mut cmd.import_params,
		// The others open a database that says itself how it is pruned.
		Some(_) => return,
	};
	params
		.pruning_params
		.state_pruning
		.get_or_insert(DatabasePruningMode::ArchiveCanonical);
}

macro_rules! with_parts {
	($cli:expr, $cmd:expr, |$config:ident, $parts:ident| $task:expr) => {{
		let runner = $cli.create_runner($cmd)?;
		runner.async_run(|$config| {
			let $parts = service::new_partial(&$config)?;
			let task = $task;
			Ok((task, $parts.task_manager))
		})
	}};
}

/// Parses the command line and does what it says. Only `simulate` has other exit codes than success.
///
/// # Errors
/// Whatever the subcommand fails with; `Error::Cli` if there is nothing to run (also `--help`).
pub fn run() -> sc_cli::Result<ExitCode> {
	let mut cli = Cli::try_from_iter(std::env::args_os())?;
	keep_history(&mut cli);
	let cli = &cli;
	match &cli.subcommand {
		Some(Subcommand::Key(cmd)) => cmd.run(cli),
		Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(cli.load_spec(&cmd.chain)?),
		#[allow(deprecated)]
		Some(Subcommand::BuildSpec(cmd)) => {
			let runner = cli.create_runner(cmd)?;
			runner.sync_run(|config| cmd.run(config.chain_spec, config.network))
		}
		Some(Subcommand::CheckBlock(cmd)) => {
			with_parts!(cli, cmd, |config, parts| cmd
				.run(parts.client, parts.import_queue))
		}
		Some(Subcommand::ExportBlocks(cmd)) => {
			with_parts!(cli, cmd, |config, parts| cmd
				.run(parts.client, config.database))
		}
		Some(Subcommand::ExportState(cmd)) => {
			with_parts!(cli, cmd, |config, parts| cmd
				.run(parts.client, config.chain_spec))
		}
		Some(Subcommand::ImportBlocks(cmd)) => {
			with_parts!(cli, cmd, |config, parts| cmd
				.run(parts.client, parts.import_queue))
		}
		Some(Subcommand::Revert(cmd)) => {
			with_parts!(cli, cmd, |config, parts| {
				let revert_finality = Box::new(|client, _, blocks| {
					sc_consensus_grandpa::revert(client, blocks)?;
					Ok(())
				});
				cmd.run(parts.client, parts.backend, Some(revert_finality))
			})
		}
		Some(Subcommand::PurgeChain(cmd)) => {
			let runner = cli.create_runner(cmd)?;
			runner.sync_run(|config| cmd.run(config.database))
		}
		Some(Subcommand::ChainInfo(cmd)) => {
			let runner = cli.create_runner(cmd)?;
			runner.sync_run(|config| cmd.run::<airlock_runtime::opaque::Block>(&config))
		}
		Some(Subcommand::Simulate(cmd)) => return simulate(cli, cmd),
		None => run_node(cli),
	}?;
	Ok(ExitCode::SUCCESS)
}

fn simulate(cli: &Cli, cmd: &SimulateCmd) -> sc_cli::Result<ExitCode> {
	let mut code = 0;
	cli.create_runner(cmd)?.sync_run(|config| {
		code = cmd.run(&config)?;
		Ok::<_, sc_cli::Error>(())
	})?;
	Ok(ExitCode::from(code))
}

fn run_node(cli: &Cli) -> sc_cli::Result<()> {
	let shadow = cli.shadow.clone();
	cli.create_runner(&cli.run)?
		.run_node_until_exit(|mut config| async move {
			let cache = &mut config.executor.runtime_cache_size;
			*cache = (*cache).max(service::RUNTIME_CACHE_SIZE);
			match config.network.network_backend {
				NetworkBackendType::Libp2p => {
					service::new_full::<sc_network::NetworkWorker<_, _>>(config, &shadow)
				}
				NetworkBackendType::Litep2p => {
					service::new_full::<sc_network::Litep2pNetworkBackend>(config, &shadow)
				}
			}
			.map_err(sc_cli::Error::Service)
		})
}
