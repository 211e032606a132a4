//! Section Static: what a blob says of itself.

use crate::{
	bench::Workbench,
	executor::{Code, Executor, THREAD_STACK},
	metadata::Metadata,
	Hasher,
};
use airlock_report::{
	leaf::{Blob, StaticCheck},
	StaticLeaf,
};
use codec::{Decode, Encode};
use sp_core::H256;
use sp_crypto_hashing::{blake2_256, blake2_64};
use sp_maybe_compressed_blob::{decompress, CODE_BLOB_BOMB_LIMIT};
use sp_state_machine::InMemoryBackend;
use sp_version::RuntimeVersion;

/// The metadata that clients read.
const METADATA_VERSION: u32 = 15;

/// Runtime APIs without which a node of this chain stops.
const REQUIRED_APIS: [&str; 8] = [
	"AirlockApi",
	"AuraApi",
	"BlockBuilder",
	"Core",
	"GrandpaApi",
	"Metadata",
	"SessionKeys",
	"TaggedTransactionQueue",
];

/// A blob, and what was found in it.
#[derive(Clone, Debug)]
pub struct Inspected {
	/// blake2-256 of the bytes.
	pub hash: H256,
	/// Number of bytes as they are.
	pub len: usize,
	/// Number of bytes of the wasm; 0 if it does not decompress.
	pub wasm_len: usize,
	/// What its `Core_version` says.
	pub version: Option<RuntimeVersion>,
	/// Why it can not be instantiated. Differs from machine to machine.
	pub reason: Option<String>,
	/// Names of required runtime APIs that it does not have.
	pub missing_apis: Vec<&'static str>,
	/// What is committed to.
	pub leaves: Vec<StaticLeaf>,
}

/// What a code that was loaded says of itself, without any state.
pub(crate) fn describe(executor: &Executor, code: Code) -> Option<Metadata> {
	let nothing = InMemoryBackend::<Hasher>::default();
	let answer = Workbench::new(&nothing, executor).ask(code, "Metadata_metadata", &[]);
	Metadata::read(&answer.ok()?).ok()
}

/// A blob on its own: what can be said of it without a chain.
#[derive(Clone, Debug)]
pub struct Looked {
	/// What its `Core_version` says, and the version that is embedded in it.
	pub version: RuntimeVersion,
	/// Names of required runtime APIs that it does not have.
	pub missing_apis: Vec<&'static str>,
	/// Its metadata of version 15, as the runtime gives it; `None` if it gives none.
	pub metadata: Option<Vec<u8>>,
}

/// The runtime APIs that a chain of ours needs, with the versions in which a runtime has them.
pub fn required_apis(version: &RuntimeVersion) -> Vec<(&'static str, Option<u32>)> {
	let of = |name: &'static str| (name, version.api_version(&blake2_64(name.as_bytes())));
	REQUIRED_APIS.into_iter().map(of).collect()
}

/// Looks at a blob as a node would: decompresses it to at most `most` bytes, and instantiates it against the node's host
/// functions.
///
/// # Errors
/// Why it is no code that a node can run, or says of itself what it is not.
pub fn look_at(bytes: &[u8], most: usize) -> Result<Looked, String> {
	std::thread::scope(|scope| {
		// Code that nobody knows may go as deep as the engine lets it.
		let thread = std::thread::Builder::new().stack_size(THREAD_STACK);
		let looking = thread
			.spawn_scoped(scope, || look(bytes, most))
			.map_err(|e| e.to_string())?;
		looking
			.join()
			.unwrap_or_else(|_| Err("it makes the engine panic".to_owned()))
	})
}

fn look(bytes: &[u8], most: usize) -> Result<Looked, String> {
	let wasm =
		decompress(bytes, most).map_err(|error| format!("it does not decompress: {error}"))?;
	if wasm.len() > most {
		return Err(format!("it has {} bytes, and {most} are taken", wasm.len()));
	}
	let executor = Executor::default();
	let hash = H256(blake2_256(bytes));
	let loaded = executor.load_metered(hash, bytes)?;
	let embedded = loaded.embedded.ok_or("no version is embedded in it")?;
	if !agrees(&embedded, &loaded.version) {
		return Err(format!(
			"the version that is embedded in it is {}, and it says that it is {}",
			embedded.spec_version, loaded.version.spec_version
		));
	}
	let code = Code { hash };
	let nothing = InMemoryBackend::<Hasher>::default();
	let mut bench = Workbench::new(&nothing, &executor);
	let answer = bench.ask(
		code,
		"Metadata_metadata_at_version",
		&METADATA_VERSION.encode(),
	);
	let metadata = answer
		.ok()
		.and_then(|answer| Decode::decode(&mut &answer[..]).ok());
	Ok(Looked {
		missing_apis: missing_apis(&loaded.version),
		version: loaded.version,
		metadata: metadata.flatten(),
	})
}

/// What a blob follows.
pub(crate) struct Replaced {
	/// What its `Core_version` says.
	pub(crate) version: RuntimeVersion,
	/// What it says of itself; `None` if nothing that can be read.
	pub(crate) metadata: Option<Metadata>,
}

/// Runs every check. `replaced` is what the blob follows.
pub(crate) fn inspect(
	executor: &Executor,
	blob: Blob,
	bytes: &[u8],
	replaced: Option<&Replaced>,
) -> Inspected {
	let hash = H256(blake2_256(bytes));
	let wasm = decompress(bytes, CODE_BLOB_BOMB_LIMIT).ok();
	let loaded = executor.load_metered(hash, bytes);
	let (version, embedded, reason) = match loaded {
		Ok(loaded) => (Some(loaded.version), loaded.embedded, None),
		Err(reason) => (None, None, Some(reason)),
	};
	let code = Code { hash };
	let metadata = describe(executor, code);
	let missing_apis = version
		.as_ref()
		.map(missing_apis)
		.unwrap_or(REQUIRED_APIS.to_vec());
	let old_version = replaced.map(|old| &old.version);
	let holds = |check| match check {
		StaticCheck::Decompresses => wasm.is_some(),
		StaticCheck::Instantiates => reason.is_none(),
		StaticCheck::VersionEmbedded => {
			matches!((&embedded, &version), (Some(said), Some(is)) if agrees(said, is))
		}
		StaticCheck::SameSpecName => follows(&version, old_version, |new, old| {
			new.spec_name == old.spec_name
		}),
		StaticCheck::HigherSpecVersion => {
			follows(&version, old_version, |new, old| is_higher(blob, new, old))
		}
		StaticCheck::RuntimeApis => missing_apis.is_empty(),
		StaticCheck::TransactionVersion => replaced.is_some_and(|old| {
			let raised = version
				.as_ref()
				.is_some_and(|new| new.transaction_version > old.version.transaction_version);
			let speaks = |old: &Metadata| metadata.as_ref().is_some_and(|new| new.speaks_as(old));
			raised || old.metadata.as_ref().is_some_and(speaks)
		}),
	};
	let leaves = StaticCheck::ALL
		.map(|check| StaticLeaf {
			blob,
			check,
			holds: holds(check),
		})
		.to_vec();
	let wasm_len = wasm.map_or(0, |wasm| wasm.len());
	Inspected {
		hash,
		len: bytes.len(),
		wasm_len,
		version,
		reason,
		missing_apis,
		leaves,
	}
}

fn follows(
	new: &Option<RuntimeVersion>,
	old: Option<&RuntimeVersion>,
	holds: impl Fn(&RuntimeVersion, &RuntimeVersion) -> bool,
) -> bool {
	matches!((new, old), (Some(new), Some(old)) if holds(new, old))
}

/// A rollback is written for one candidate, so it has the very next version.
fn is_higher(blob: Blob, new: &RuntimeVersion, old: &RuntimeVersion) -> bool {
	match blob {
		Blob::Rollback => Some(new.spec_version) == old.spec_version.checked_add(1),
		Blob::Candidate | Blob::Current => new.spec_version > old.spec_version,
	}
}

fn agrees(said: &RuntimeVersion, is: &RuntimeVersion) -> bool {
	said.spec_name == is.spec_name
		&& said.spec_version == is.spec_version
		&& said.transaction_version == is.transaction_version
		&& said.system_version == is.system_version
}

fn missing_apis(version: &RuntimeVersion) -> Vec<&'static str> {
	let apis = required_apis(version).into_iter();
	let missing = apis.filter(|(_, version)| version.is_none());
	missing.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	fn version(spec_version: u32) -> RuntimeVersion {
		RuntimeVersion {
			spec_version,
			..Default::default()
		}
	}

	#[test]
	fn a_candidate_is_above_and_a_rollback_one_above() {
		let higher = |blob, new, old| is_higher(blob, &version(new), &version(old));
		assert!(higher(Blob::Candidate, 2, 1) && higher(Blob::Candidate, 9, 1));
		assert!(!higher(Blob::Candidate, 1, 1) && !higher(Blob::Candidate, 0, 1));
		assert!(higher(Blob::Rollback, 2, 1));
		assert!(!higher(Blob::Rollback, 1, 1) && !higher(Blob::Rollback, 3, 1));
		assert!(!higher(Blob::Rollback, 0, u32::MAX));
	}

	#[test]
	fn apis_are_found_by_the_hash_of_their_name() {
		let core = (blake2_64(b"Core"), 5);
		let version = RuntimeVersion {
			apis: vec![core].into(),
			..version(1)
		};
		let missing = missing_apis(&version);
		assert!(!missing.contains(&"Core"));
		assert_eq!(missing.len(), REQUIRED_APIS.len() - 1);
		// The identifier that `decl_runtime_apis!` gives `Core`.
		assert_eq!(core.0, [0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b]);
	}

	#[test]
	fn inspect_should_fail_every_check_but_the_first_when_the_bytes_are_no_runtime() {
		let found = inspect(
			&Executor::new(),
			Blob::Candidate,
			b"text",
			Some(&Replaced {
				version: version(1),
				metadata: None,
			}),
		);
		let held: Vec<_> = found
			.leaves
			.iter()
			.filter(|l| l.holds)
			.map(|l| l.check)
			.collect();
		assert_eq!(held, [StaticCheck::Decompresses]);
		assert_eq!((found.leaves.len(), found.version), (7, None));
		assert!(found.reason.is_some());
	}
}
