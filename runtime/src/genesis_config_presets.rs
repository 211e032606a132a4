//! The chains this runtime can begin as.

use crate::{
	chain, policies, AccountId, AuditsConfig, Balance, BalancesConfig, ProposalsConfig,
	RuntimeGenesisConfig, SessionConfig, SessionKeys, SimulationsConfig, ValidatorsConfig, UNIT,
};
use airlock_primitives::{OrganisationId, Policy};
use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use hex_literal::hex;
use serde_json::Value;
use sp_genesis_builder::PresetId;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Preset of a chain of value: policy and times. Validators, simulators, auditors and balances are for its
/// founders to add.
pub const PRODUCTION_PRESET: &str = "production";

/// A slot of the test presets.
const FAST_SLOT_MS: u64 = 2_000;
/// A session of the test presets.
const FAST_SESSION_BLOCKS: u32 = 30;
/// What each account of the test presets owns.
const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// Public keys of the simulators of the test presets: `//Simulator1` to `//Simulator3`.
pub const SIMULATORS: [[u8; 32]; 3] = [
	hex!("22dba0b15c07bdda4051deb999b8df86a37f3e3ffe3a9ac13805e050d036c00f"),
	hex!("e67f18b22510f44b1fcad44e2decfd2e6cabf88460289471315b2d50425ae163"),
	hex!("b2cbb4fbc1026c626f87f54994355b4b06d670aa32d0e0237fdad22f0d2fbd29"),
];
/// Public keys of the auditors of the test presets: `//Auditor1`, `//Auditor2`, then the builders `//Builder1`, `//Builder2`.
pub const AUDITORS: [[u8; 32]; 4] = [
	hex!("083f7446a72b0b061055dd415542863ba68d55782bea86768870cedf45178a18"),
	hex!("3827032eaebbc1ca123cc53e4427684225ab36d0aadac9d97901fc7b99ff4813"),
	hex!("a0fcbdd166d8da68b1c1f310cc29c601fc01cc45c6d0afd8a1364225fbd0f05b"),
	hex!("a6875acf1b49f5fcadb3c63a537997ec7bb831e335456e09265ff01795b9033f"),
];

/// Organisations of the test presets: 1.. for validators, 101.. for simulators, 201.. for auditors.
fn numbered(accounts: Vec<AccountId>, first: OrganisationId) -> Vec<(AccountId, OrganisationId)> {
	accounts.into_iter().zip(first..).collect()
}

fn accounts(keys: &[[u8; 32]]) -> Vec<AccountId> {
	keys.iter().copied().map(AccountId::from).collect()
}

fn testnet(validators: Vec<Sr25519Keyring>, policy: Policy<u32>) -> Value {
	let simulators = accounts(&SIMULATORS);
	let auditors = accounts(&AUDITORS);
	let keys = |validator: &Sr25519Keyring| {
		let account = validator.to_account_id();
		let grandpa = Ed25519Keyring::iter()
			.find(|key| <&str>::from(*key) == <&str>::from(*validator))
			.unwrap_or(Ed25519Keyring::Alice);
		let keys = SessionKeys {
			aura: validator.public().into(),
			grandpa: grandpa.public().into(),
		};
		(account.clone(), account, keys)
	};
	let endowed = Sr25519Keyring::well_known()
		.map(|key| key.to_account_id())
		.chain(simulators.clone())
		.chain(auditors.clone());
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig {
			balances: endowed
				.map(|account| (account, ENDOWMENT))
				.collect::<Vec<_>>(),
		},
		chain: chain::GenesisConfig {
			slot_duration_ms: FAST_SLOT_MS,
			session_blocks: FAST_SESSION_BLOCKS,
		},
		proposals: ProposalsConfig {
			policy: Some(policy)
		},
		validators: ValidatorsConfig {
			validators: numbered(validators.iter().map(|v| v.to_account_id()).collect(), 1),
		},
		session: SessionConfig {
			keys: validators.iter().map(keys).collect::<Vec<_>>()
		},
		simulations: SimulationsConfig {
			simulators: numbered(simulators, 101)
		},
		audits: AuditsConfig {
			auditors: numbered(auditors, 201)
		},
	})
}

fn production() -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		proposals: ProposalsConfig {
			policy: Some(policies::production())
		},
	})
}

/// The preset of that name, as a patch of the default genesis.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	use Sr25519Keyring::{Alice, Bob, Charlie, Dave};
	let patch = match id.as_ref() {
		sp_genesis_builder::DEV_RUNTIME_PRESET => testnet(vec![Alice], policies::development()),
		sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET => {
			testnet(vec![Alice, Bob, Charlie, Dave], policies::local())
		}
		PRODUCTION_PRESET => production(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// All presets.
pub fn preset_names() -> Vec<PresetId> {
	vec![
		PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET),
		PresetId::from(sp_genesis_builder::LOCAL_TESTNET_RUNTIME_PRESET),
		PresetId::from(PRODUCTION_PRESET),
	]
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_core::Pair;

	#[test]
	fn keys_are_those_of_their_names() {
		let derived = |names: &[&str]| -> Vec<AccountId> {
			names
				.iter()
				.map(|name| {
					sp_core::sr25519::Pair::from_string(name, None)
						.unwrap()
						.public()
						.into()
				})
				.collect()
		};
		assert_eq!(
			accounts(&SIMULATORS),
			derived(&["//Simulator1", "//Simulator2", "//Simulator3"])
		);
		assert_eq!(
			accounts(&AUDITORS),
			derived(&["//Auditor1", "//Auditor2", "//Builder1", "//Builder2"])
		);
	}
}
