//! placeholder
use sc_cli::{CliConfiguration, SharedParams};
#[derive(Debug, clap::Parser)]
pub struct SimulateCmd {
	#[clap(flatten)]
	shared_params: SharedParams,
}
impl SimulateCmd { pub fn run(&self, _c: &sc_service::Configuration) -> sc_cli::Result<i32> { Ok(2) } }
impl CliConfiguration for SimulateCmd {
	fn shared_params(&self) -> &SharedParams { &self.shared_params }
}
