//! Chain specifications: the embedded runtime with one of its own presets.

use airlock_runtime::{genesis_config_presets::PRODUCTION_PRESET, WASM_BINARY};
use sc_service::{ChainType, GenericChainSpec};

/// A chain specification without extensions.
pub type ChainSpec = GenericChainSpec;

fn spec(id: &str, name: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
	let wasm = WASM_BINARY.ok_or("this node was built without a runtime: build it again")?;
	let properties = serde_json::json!({
		"tokenSymbol": "LOCK",
		"tokenDecimals": 12,
		"ss58Format": 42,
	});
	Ok(ChainSpec::builder(wasm, None)
		.with_id(id)
		.with_name(name)
		.with_chain_type(chain_type)
		.with_protocol_id("airlock")
		.with_properties(properties.as_object().cloned().unwrap_or_default())
		.with_genesis_config_preset_name(preset)
		.build())
}

/// The specification of that name, or the one in that file.
pub fn load(id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
	let spec = match id {
		"dev" => spec(
			"airlock_dev",
			"Airlock Development",
			ChainType::Development,
			sp_genesis_builder::DEV_RUNTIME_PRESET,
		)?,
		"" | "local" => spec(
			"airlock_local",
			"Airlock Local Network",
			ChainType::Local,
			sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET,
		)?,
		// To be completed by its founders: validators, simulators, auditors, balances.
		"production" => spec("airlock", "Airlock", ChainType::Live, PRODUCTION_PRESET)?,
		path => ChainSpec::from_json_file(std::path::PathBuf::from(path))?,
	};
	Ok(Box::new(spec))
}
