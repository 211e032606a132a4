//! Whether this node can run code that is not the chain's yet: what a validator should know before it signals readiness.
//!
//! The chain reads only the version that a blob carries in a section of its own. Whether a node has the host functions that the
//! blob asks for, and whether its code starts at all, only a node can see. What is compiled here is kept on disk (see `ahead`), so
//! that the first block after the switch does not wait for the compiler.

use airlock_primitives::host_functions_hash;
use codec::Decode;
use sc_executor::{RuntimeVersion, WasmExecutor};
use serde::Serialize;
use sp_core::{
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	H256,
};
use sp_io::{hashing::blake2_256, SubstrateHostFunctions};
use sp_maybe_compressed_blob::{decompress, CODE_BLOB_BOMB_LIMIT};
use sp_state_machine::BasicExternalities;
use std::collections::BTreeSet;
use wasmparser::{Parser, Payload, TypeRef};

/// What runs code in this node, without a way back.
pub type Plain = WasmExecutor<SubstrateHostFunctions>;

/// What this node says of some codes. The first two are what a validator signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
	/// Name and version of this node.
	pub client: String,
	/// [`host_functions_hash`] of what the codes import.
	pub host_functions: H256,
	/// Each of the codes, in their order.
	pub codes: Vec<TriedCode>,
}

/// What this node says of one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TriedCode {
	/// blake2-256 of the bytes that were loaded.
	pub code_hash: H256,
	/// What the code says of itself when it is asked; `null` if it does not.
	pub spec_version: Option<u32>,
	/// Why this node cannot run it; `null` if it can.
	pub error: Option<String>,
}

/// Loads and compiles each code, has it say its version, and notes which host functions it asks for.
pub fn try_codes(executor: &Plain, codes: &[Vec<u8>]) -> Tried {
	let mut imports = BTreeSet::new();
	let codes = codes.iter().map(|code| {
		let version = host_functions(code).and_then(|names| {
			imports.extend(names);
			version_of(executor, code)
		});
		TriedCode {
			code_hash: H256(blake2_256(code)),
			spec_version: version.as_ref().ok().map(|version| version.spec_version),
			error: version.err(),
		}
	});
	let codes = codes.collect();
	Tried {
		client: concat!("airlock-node/", env!("CARGO_PKG_VERSION")).into(),
		host_functions: host_functions_hash(imports.iter().map(String::as_str)),
		codes,
	}
}

/// The functions that a blob imports.
fn host_functions(blob: &[u8]) -> Result<BTreeSet<String>, String> {
	let wasm = decompress(blob, CODE_BLOB_BOMB_LIMIT).map_err(|error| error.to_string())?;
	let mut names = BTreeSet::new();
	for payload in Parser::new(0).parse_all(&wasm) {
		let Payload::ImportSection(imports) = payload.map_err(|error| error.to_string())? else {
			continue;
		};
		for import in imports {
			let import = import.map_err(|error| error.to_string())?;
			if matches!(import.ty, TypeRef::Func(_)) {
				names.insert(import.name.to_owned());
			}
		}
	}
	Ok(names)
}

/// What the code itself says, not a section beside it.
fn version_of(executor: &Plain, blob: &[u8]) -> Result<RuntimeVersion, String> {
	let fetcher = WrappedRuntimeCode(blob.into());
	let code = RuntimeCode {
		code_fetcher: &fetcher,
		heap_pages: None,
		// What the state's hash of `:code` will be, by which the executor keeps what it compiled.
		hash: blake2_256(blob).to_vec(),
	};
	let mut nothing = BasicExternalities::default();
	let (answer, _) = executor.call(
		&mut nothing,
		&code,
		"Core_version",
		&[],
		CallContext::Offchain,
	);
	let answer = answer.map_err(|error| error.to_string())?;
	RuntimeVersion::decode(&mut &answer[..]).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
	use super::*;

	fn tried(code: &[u8]) -> Tried {
		try_codes(&Plain::builder().build(), &[code.to_vec()])
	}

	#[test]
	fn what_is_no_code_should_be_an_error_with_a_reason() {
		for code in [&b""[..], b"text", b"\0asm\x01\0\0\0"] {
			let tried = tried(code);
			assert_eq!(tried.codes.len(), 1);
			let error = tried.codes.first().and_then(|code| code.error.clone());
			assert!(error.is_some_and(|error| !error.is_empty()), "{code:?}");
		}
	}

	#[test]
	fn host_functions_should_be_told_when_a_blob_asks_for_some() {
		// A module that imports `env.f`, of no arguments.
		let types = [1, 4, 1, 0x60, 0, 0];
		let import = [2, 9, 1, 3, b'e', b'n', b'v', 1, b'f', 0, 0];
		let module = [b"\0asm\x01\0\0\0", &types[..], &import].concat();
		assert_eq!(host_functions(&module), Ok(BTreeSet::from(["f".into()])));
		assert_eq!(tried(&module).host_functions, host_functions_hash(["f"]));
	}
}
