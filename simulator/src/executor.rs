//! Runs wasm in the same way on every machine.
//!
//! The node's own executor leaves the depth of the stack and the bits of a NaN to the machine. Reports are
//! compared by their hash, so both are fixed here, as they are for parachain validation.

use crate::host::{crypto, logging, wasm_tracing};
use codec::{Decode, Encode};
use sc_executor::{
	error::Error as ExecutorError, read_embedded_version, with_externalities_safe,
	HeapAllocStrategy, DEFAULT_HEAP_ALLOC_PAGES,
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
	path::PathBuf,
	sync::{Arc, PoisonError, RwLock},
};
use wasm_instrument::{
	gas_metering,
	parity_wasm::{
		self, deserialize_buffer,
		elements::{BlockType, ImportCountType, InitExpr, Instruction, Instructions, Module},
	},
};
use wasmparser::{Validator, WasmFeatures};

/// What a runtime may call: what the node offers, with verifications that know the memo.
pub(crate) type Hosts = ExtendedHostFunctions<
	ExtendedHostFunctions<sp_io::SubstrateHostFunctions, crypto::HostFunctions>,
	(logging::HostFunctions, wasm_tracing::HostFunctions),
>;

/// Deepest stack of a runtime, in values.
const LOGICAL_STACK: u32 = 65_536;

/// Native stack that this depth never exceeds, in bytes. Threads that call a runtime have more.
const NATIVE_STACK: u32 = 256 * 1024 * 1024;

/// Stack of a thread that calls a runtime, in bytes.
pub const THREAD_STACK: usize = NATIVE_STACK as usize + 16 * 1024 * 1024;

/// Most instructions of one call of a code that is metered: more than any machine computes in the two seconds that a block
/// may take, and little enough to be waited for.
const METER: i64 = 5_000_000_000;

/// What a call of the host counts: about what hashing some bytes takes, in instructions.
const HOST_CALL: u32 = 1_000;

/// How wasm ends a call whose instructions are used up. Compilers check before they divide, so nothing else ends so.
const DIVIDED: &str = "wasm trap: integer divide by zero";

/// How such a call is told from others.
const EXHAUSTED: &str = "the instructions of this call are used up";

/// How the host panics when it cannot read the state.
const NOT_READ: &str = "host code panicked while being called by the runtime: \
	Externalities not allowed to fail within runtime";

/// How such a call is told from others.
const BROKEN: &str = "the state cannot be read";

/// What a node's wasm may have in it.
const FEATURES: WasmFeatures = WasmFeatures::WASM1
	.union(WasmFeatures::SIGN_EXTENSION)
	.union(WasmFeatures::SATURATING_FLOAT_TO_INT);

/// Crates whose version can change what a runtime does. A test holds them against `Cargo.lock`.
const COMPONENTS: [(&str, &str); 12] = [
	("frame-metadata", "23.0.1"),
	("scale-decode", "0.16.2"),
	("scale-info", "2.11.6"),
	("scale-value", "0.18.2"),
	("rand_chacha", "0.3.1"),
	("sc-executor-common", "0.47.0"),
	("sc-executor-wasmtime", "0.47.0"),
	("sp-io", "49.0.0"),
	("sp-state-machine", "0.54.0"),
	("sp-trie", "47.0.0"),
	("wasm-instrument", "0.4.0"),
	("wasmtime", "36.0.20"),
];

/// Version of the rules by which the engine judges. Each change of a rule that a report can show raises it.
const RULES: u32 = 5;

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
			RULES,
			COMPONENTS.to_vec(),
		),
		(LOGICAL_STACK, NATIVE_STACK, DEFAULT_HEAP_ALLOC_PAGES, METER),
		hosts,
	);
	H256(blake2_256(&engine.encode()))
}

/// Names a code that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
	/// blake2-256 of the bytes, compressed or not.
	pub(crate) hash: H256,
}

impl Code {
	/// The name of a code that a state holds.
	pub(crate) fn of(code: &RuntimeCode) -> Option<Self> {
		let hash = <[u8; 32]>::try_from(&code.hash[..]).ok()?;
		Some(Self { hash: H256(hash) })
	}

	/// For the state machine; the bytes were loaded before.
	pub(crate) fn runtime_code(&self) -> RuntimeCode<'static> {
		RuntimeCode {
			code_fetcher: &NoneFetchRuntimeCode,
			heap_pages: None,
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
#[derive(Clone, Default)]
pub(crate) struct Executor {
	modules: Arc<RwLock<Modules>>,
	/// Where what was compiled is kept for later runs.
	cache: Option<PathBuf>,
}

impl Executor {
	#[cfg(test)]
	pub(crate) fn new() -> Self {
		Self::default()
	}

	/// One that keeps what it compiles in a folder, which is believed.
	pub(crate) fn with_cache(cache: Option<PathBuf>) -> Self {
		Self {
			cache,
			..Self::default()
		}
	}

	/// Compiles a code of the chain unless that was done, and asks it for its version. It built blocks, so it ends.
	///
	/// # Errors
	/// The text of the reason, for humans.
	pub(crate) fn load(&self, hash: H256, bytes: &[u8]) -> Result<Loaded, String> {
		self.load_as(hash, bytes, false)
	}

	/// The same of a new code, of which nobody knows whether it ends: it is stopped after [`METER`] instructions of a call.
	///
	/// # Errors
	/// As [`Self::load`].
	pub(crate) fn load_metered(&self, hash: H256, bytes: &[u8]) -> Result<Loaded, String> {
		self.load_as(hash, bytes, true)
	}

	fn load_as(&self, hash: H256, bytes: &[u8], meters: bool) -> Result<Loaded, String> {
		if let Some(known) = self.get(hash.as_bytes()) {
			return known;
		}
		let loaded = self.compile(hash, bytes, meters);
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

	fn compile(&self, hash: H256, bytes: &[u8], meters: bool) -> Result<Loaded, String> {
		log::info!(target: crate::LOG, "compiling {hash:?}, {} bytes", bytes.len());
		let mut blob = RuntimeBlob::uncompress_if_needed(bytes).map_err(|e| e.to_string())?;
		if blob.as_polkavm_blob().is_some() {
			return Err("the code is not wasm".into());
		}
		// What is put into the code below could make invalid code valid, and nodes put nothing into it.
		let plain = blob.clone().serialize();
		Validator::new_with_features(FEATURES)
			.validate_all(&plain)
			.map_err(|e| e.to_string())?;
		if meters {
			blob = metered(&plain)?;
		}
		let embedded = read_embedded_version(&blob).map_err(|e| e.to_string())?;
		let module =
			create_runtime::<Hosts>(blob, config(self.cache.clone())).map_err(|e| e.to_string())?;
		let version = call_version(&module).map_err(|e| e.to_string())?;
		Ok(Loaded {
			module: Arc::new(module),
			version,
			embedded,
		})
	}
}

/// A code that counts its instructions. A counter of its own is cheaper than the host's.
fn metered(wasm: &[u8]) -> Result<RuntimeBlob, String> {
	let module: Module =
		deserialize_buffer(wasm).map_err(|e: parity_wasm::elements::Error| e.to_string())?;
	let counter = module.globals_space() as u32;
	let prices = Prices {
		imports: module.import_count(ImportCountType::Function) as u32,
	};
	let counted = gas_metering::inject(module, Counter, &prices);
	let mut module = counted.map_err(|_| "its instructions cannot be counted".to_string())?;
	let own = counter.checked_sub(module.import_count(ImportCountType::Global) as u32);
	let globals = module
		.global_section_mut()
		.map(|section| section.entries_mut());
	let entry = globals
		.zip(own)
		.and_then(|(all, own)| all.get_mut(own as usize));
	let entry = entry.ok_or("it has no counter")?;
	*entry.init_expr_mut() = InitExpr::new(vec![Instruction::I64Const(METER), Instruction::End]);
	let bytes = module.into_bytes().map_err(|e| e.to_string())?;
	RuntimeBlob::new(&bytes).map_err(|e| e.to_string())
}

/// What instructions count: one, and those that call the host as much as the host may compute for them.
struct Prices {
	/// Functions of the host: the first ones.
	imports: u32,
}

impl gas_metering::Rules for Prices {
	fn instruction_cost(&self, instruction: &Instruction) -> Option<u32> {
		Some(match instruction {
			Instruction::Call(function) if *function < self.imports => HOST_CALL,
			_ => 1,
		})
	}

	fn memory_grow_cost(&self) -> gas_metering::MemoryGrowCost {
		gas_metering::MemoryGrowCost::Free
	}

	fn call_per_local_cost(&self) -> u32 {
		0
	}
}

/// Counts down to zero, and then divides by it.
struct Counter;

impl gas_metering::Backend for Counter {
	fn gas_meter<R: gas_metering::Rules>(self, module: &Module, _: &R) -> gas_metering::GasMeter {
		let left = module.globals_space() as u32;
		let body = vec![
			Instruction::GetGlobal(left),
			Instruction::GetLocal(0),
			Instruction::I64LtU,
			Instruction::If(BlockType::NoResult),
			Instruction::I32Const(1),
			Instruction::I32Const(0),
			Instruction::I32DivU,
			Instruction::Drop,
			Instruction::End,
			Instruction::GetGlobal(left),
			Instruction::GetLocal(0),
			Instruction::I64Sub,
			Instruction::SetGlobal(left),
			Instruction::End,
		];
		gas_metering::GasMeter::Internal {
			global: "airlock_instructions_left",
			func_instructions: Instructions::new(body),
			cost: 0,
		}
	}
}

/// True if a call ended since its instructions were used up.
pub(crate) fn is_exhausted(reason: &str) -> bool {
	reason == ExecutorError::Other(EXHAUSTED.into()).to_string()
}

/// True if a call ended since the database failed: then nothing is known of the code.
pub(crate) fn is_broken(reason: &str) -> bool {
	reason.starts_with(&ExecutorError::Other(BROKEN.into()).to_string())
}

fn config(cache_path: Option<PathBuf>) -> Config {
	Config {
		allow_missing_func_imports: false,
		cache_path,
		semantics: Semantics {
			instantiation_strategy: InstantiationStrategy::PoolingCopyOnWrite,
			deterministic_stack_limit: Some(DeterministicStackLimit {
				logical_max: LOGICAL_STACK,
				native_stack_max: NATIVE_STACK,
			}),
			canonicalize_nans: true,
			parallel_compilation: true,
			heap_alloc_strategy: heap(CallContext::Onchain { import: true }),
			wasm_multi_value: false,
			wasm_bulk_memory: false,
			wasm_reference_types: false,
			wasm_simd: false,
		},
	}
}

/// The heap that nodes give, whatever the state asks for.
fn heap(context: CallContext) -> HeapAllocStrategy {
	let strategy = HeapAllocStrategy::Static {
		extra_pages: DEFAULT_HEAP_ALLOC_PAGES,
	};
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
	let called = with_externalities_safe(ext, move || instance.call_export(method, data));
	called
		.and_then(|result| result)
		.map_err(|error| match error {
			ExecutorError::AbortedDueToTrap(trap) if trap.message == DIVIDED => {
				ExecutorError::Other(EXHAUSTED.into())
			}
			// A panic of the code is another error than a trap, so that no code can say this.
			ExecutorError::AbortedDueToTrap(trap) if trap.message.starts_with(NOT_READ) => {
				ExecutorError::Other(format!("{BROKEN}: {}", trap.message))
			}
			other => other,
		})
}

fn call_version(module: &dyn WasmModule) -> Result<RuntimeVersion, ExecutorError> {
	let heap = heap(CallContext::Offchain);
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
			Some(Ok(loaded)) => call(&*loaded.module, ext, heap(context), method, data),
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
		_: &mut dyn Externalities,
	) -> Result<Vec<u8>, String> {
		// Nodes read the section as well, and only without one run the code. It is not known here whether that ends.
		let blob = RuntimeBlob::uncompress_if_needed(code).map_err(|e| e.to_string())?;
		let version = read_embedded_version(&blob).map_err(|e| e.to_string())?;
		version
			.map(|version| version.encode())
			.ok_or("no version is embedded".into())
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
			heap(import),
			HeapAllocStrategy::Static { extra_pages: 4096 }
		);
		assert_eq!(
			heap(CallContext::Offchain),
			HeapAllocStrategy::Static { extra_pages: 2048 }
		);
	}
}
