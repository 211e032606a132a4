//! Runs wasm in the same way on every machine.
//!
//! The node's own executor leaves the depth of the stack and the bits of a NaN to the machine. Reports are
//! compared by their hash, so both are fixed here, as they are for parachain validation.

use crate::host::crypto;
use codec::{Decode, Encode};
use sc_executor::{
	error::Error as ExecutorError, read_embedded_version, with_externalities_safe,
	HeapAllocStrategy, WasmExecutor, DEFAULT_HEAP_ALLOC_PAGES,
};
use sc_executor_common::{runtime_blob::RuntimeBlob, wasm_runtime::WasmModule};
use sc_executor_wasmtime::{
	create_runtime, Config, DeterministicStackLimit, InstantiationStrategy, Semantics,
};
use sp_core::{
	traits::{
		CallContext, CodeExecutor, Externalities, NoneFetchRuntimeCode, ReadRuntimeVersion,
		RuntimeCode,
	},
	H256,
};
use sp_crypto_hashing::blake2_256;
use sp_state_machine::BasicExternalities;
use sp_version::RuntimeVersion;
use sp_wasm_interface::{ExtendedHostFunctions, HostFunctions};
use std::{
	collections::HashMap,
	panic::AssertUnwindSafe,
	sync::{Arc, PoisonError, RwLock},
};

/// What a runtime may call: what the node offers, with verifications that know the memo.
pub(crate) type Hosts = ExtendedHostFunctions<sp_io::SubstrateHostFunctions, crypto::HostFunctions>;

/// Deepest stack of a runtime, in values.
const LOGICAL_STACK: u32 = 65_536;

/// Native stack that this depth never exceeds, in bytes. Threads that call a runtime have more.
const NATIVE_STACK: u32 = 256 * 1024 * 1024;

/// Stack of a thread that calls a runtime, in bytes.
pub(crate) const THREAD_STACK: usize = NATIVE_STACK as usize + 16 * 1024 * 1024;

/// Crates whose version can change what a runtime does. A test holds them against `Cargo.lock`.
const COMPONENTS: [(&str, &str); 7] = [
	("sc-executor-common", "0.47.0"),
	("sc-executor-wasmtime", "0.47.0"),
	("sp-io", "49.0.0"),
	("sp-state-machine", "0.54.0"),
	("sp-trie", "47.0.0"),
	("wasm-instrument", "0.4.0"),
	("wasmtime", "36.0.20"),
];

/// Identity of this engine: two simulators with the same one see the same facts.
pub(crate) fn engine_hash() -> H256 {
	let mut hosts: Vec<String> = Hosts::host_functions()
		.iter()
		.map(|f| f.name().to_string())
		.collect();
	hosts.sort();
	hosts.dedup();
	let engine = (
		(
			"airlock-simulator",
			env!("CARGO_PKG_VERSION"),
			COMPONENTS.to_vec(),
		),
		(LOGICAL_STACK, NATIVE_STACK, DEFAULT_HEAP_ALLOC_PAGES),
		hosts,
	);
	H256(blake2_256(&engine.encode()))
}

/// Names a code that was loaded, and the heap it runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
	/// blake2-256 of the bytes, compressed or not.
	pub(crate) hash: H256,
	/// Pages of heap that the state asks for.
	pub(crate) heap_pages: Option<u64>,
}

impl Code {
	/// The name of a code that a state holds.
	pub(crate) fn of(code: &RuntimeCode) -> Option<Self> {
		let hash = <[u8; 32]>::try_from(&code.hash[..]).ok()?;
		Some(Self {
			hash: H256(hash),
			heap_pages: code.heap_pages,
		})
	}

	/// For the state machine; the bytes were loaded before.
	pub(crate) fn runtime_code(&self) -> RuntimeCode<'static> {
		RuntimeCode {
			code_fetcher: &NoneFetchRuntimeCode,
			heap_pages: self.heap_pages,
			hash: self.hash.as_bytes().to_vec(),
		}
	}
}

/// A code that can be called.
#[derive(Clone)]
pub(crate) struct Loaded {
	module: Arc<dyn WasmModule>,
	/// What `Core_version` says.
	pub(crate) version: RuntimeVersion,
	/// What the blob's custom sections say.
	pub(crate) embedded: Option<RuntimeVersion>,
}

type Modules = HashMap<Vec<u8>, Result<Loaded, String>>;

/// Compiles each code once. Clones share what was compiled.
#[derive(Clone)]
pub(crate) struct Executor {
	modules: Arc<RwLock<Modules>>,
	/// Reads versions for runtimes that ask for them, exactly as the node does.
	versions: WasmExecutor<Hosts>,
}

impl Executor {
	pub(crate) fn new() -> Self {
		Self {
			modules: Default::default(),
			versions: WasmExecutor::builder().build(),
		}
	}

	/// Compiles a code unless that was done, and asks it for its version.
	///
	/// # Errors
	/// The text of the reason, for humans.
	pub(crate) fn load(&self, hash: H256, bytes: &[u8]) -> Result<Loaded, String> {
		if let Some(known) = self.get(hash.as_bytes()) {
			return known;
		}
		let loaded = self.compile(hash, bytes);
		self.modules
			.write()
			.unwrap_or_else(PoisonError::into_inner)
			.insert(hash.as_bytes().to_vec(), loaded.clone());
		loaded
	}

	/// A code that was loaded.
	pub(crate) fn get(&self, hash: &[u8]) -> Option<Result<Loaded, String>> {
		self.modules
			.read()
			.unwrap_or_else(PoisonError::into_inner)
			.get(hash)
			.cloned()
	}

	fn compile(&self, hash: H256, bytes: &[u8]) -> Result<Loaded, String> {
		log::info!(target: crate::LOG, "compiling {hash:?}, {} bytes", bytes.len());
		let blob = RuntimeBlob::uncompress_if_needed(bytes).map_err(|e| e.to_string())?;
		if blob.as_polkavm_blob().is_some() {
			return Err("the code is not wasm".into());
		}
		let embedded = read_embedded_version(&blob).map_err(|e| e.to_string())?;
		let module = create_runtime::<Hosts>(blob, config()).map_err(|e| e.to_string())?;
		let version = call_version(&module).map_err(|e| e.to_string())?;
		Ok(Loaded {
			module: Arc::new(module),
			version,
			embedded,
		})
	}
}

fn config() -> Config {
	Config {
		allow_missing_func_imports: false,
		cache_path: None,
		semantics: Semantics {
			instantiation_strategy: InstantiationStrategy::PoolingCopyOnWrite,
			deterministic_stack_limit: Some(DeterministicStackLimit {
				logical_max: LOGICAL_STACK,
				native_stack_max: NATIVE_STACK,
			}),
			canonicalize_nans: true,
			parallel_compilation: true,
			heap_alloc_strategy: heap(None, CallContext::Onchain { import: true }),
			wasm_multi_value: false,
			wasm_bulk_memory: false,
			wasm_reference_types: false,
			wasm_simd: false,
		},
	}
}

/// The heap that the node would give.
fn heap(pages: Option<u64>, context: CallContext) -> HeapAllocStrategy {
	let extra_pages = pages.map_or(DEFAULT_HEAP_ALLOC_PAGES, |p| {
		p.try_into().unwrap_or(u32::MAX)
	});
	let strategy = HeapAllocStrategy::Static { extra_pages };
	match context {
		CallContext::Onchain { import: true } => strategy.double(),
		CallContext::Onchain { import: false } | CallContext::Offchain => strategy,
	}
}

fn call(
	module: &dyn WasmModule,
	ext: &mut dyn Externalities,
	heap: HeapAllocStrategy,
	method: &str,
	data: &[u8],
) -> Result<Vec<u8>, ExecutorError> {
	let mut instance = AssertUnwindSafe(module.new_instance(heap)?);
	with_externalities_safe(ext, move || instance.call_export(method, data)).and_then(|r| r)
}

fn call_version(module: &dyn WasmModule) -> Result<RuntimeVersion, ExecutorError> {
	let heap = heap(None, CallContext::Offchain);
	let bytes = call(
		module,
		&mut BasicExternalities::new_empty(),
		heap,
		"Core_version",
		&[],
	)?;
	RuntimeVersion::decode(&mut &bytes[..]).map_err(|_| ExecutorError::VersionInvalid)
}

impl CodeExecutor for Executor {
	type Error = ExecutorError;

	fn call(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>, ExecutorError>, bool) {
		let result = match self.get(&code.hash) {
			Some(Ok(loaded)) => call(
				&*loaded.module,
				ext,
				heap(code.heap_pages, context),
				method,
				data,
			),
			Some(Err(reason)) => Err(ExecutorError::Other(reason)),
			None => Err(ExecutorError::Other("the code was not loaded".into())),
		};
		(result, false)
	}
}

impl ReadRuntimeVersion for Executor {
	fn read_runtime_version(
		&self,
		code: &[u8],
		ext: &mut dyn Externalities,
	) -> Result<Vec<u8>, String> {
		self.versions.read_runtime_version(code, ext)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_engine_names_the_versions_it_was_built_with() {
		let lock = include_str!("../../Cargo.lock");
		for (name, version) in COMPONENTS {
			let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
			assert!(
				lock.contains(&entry),
				"{name} {version} is not the one in Cargo.lock"
			);
		}
	}

	#[test]
	fn the_engine_hash_does_not_change_within_a_build() {
		assert_eq!(engine_hash(), engine_hash());
		assert_ne!(engine_hash(), H256::zero());
	}

	#[test]
	fn load_should_fail_when_the_bytes_are_no_runtime() {
		let executor = Executor::new();
		let empty_module = b"\0asm\x01\0\0\0";
		for bytes in [&b""[..], b"text", empty_module] {
			let hash = H256(blake2_256(bytes));
			assert!(executor.load(hash, bytes).is_err(), "{bytes:?}");
			assert!(executor
				.get(hash.as_bytes())
				.is_some_and(|known| known.is_err()));
		}
	}

	#[test]
	fn call_should_fail_when_the_code_was_not_loaded() {
		let code = Code {
			hash: H256::repeat_byte(1),
			heap_pages: None,
		};
		let (result, _) = Executor::new().call(
			&mut BasicExternalities::new_empty(),
			&code.runtime_code(),
			"Core_version",
			&[],
			CallContext::Offchain,
		);
		assert!(result.is_err());
	}

	#[test]
	fn the_heap_is_that_of_an_import() {
		let import = CallContext::Onchain { import: true };
		assert_eq!(
			heap(Some(7), import),
			HeapAllocStrategy::Static { extra_pages: 14 }
		);
		assert_eq!(
			heap(None, import),
			HeapAllocStrategy::Static { extra_pages: 4096 }
		);
		assert_eq!(
			heap(Some(7), CallContext::Offchain),
			HeapAllocStrategy::Static { extra_pages: 7 }
		);
	}
}
