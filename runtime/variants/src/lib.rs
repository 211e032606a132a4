//! The runtime built as test upgrades: real upgrades from the same source, good ones and broken ones.
//!
//! | blob | version | what it is |
//! |---|---|---|
//! | [`BASE`] | 1 | the runtime a chain begins with |
//! | [`GOOD`] | 2 | adds a field to every name by a migration, and the call `clear_name` |
//! | [`GOOD_ROLLBACK`] | 3 | version 1's logic with the reverse migration |
//! | [`UNHEALTHY`] | 4 | as version 2, but when somebody's name has a crab in it, it begins to lose names |
//! | [`UNHEALTHY_ROLLBACK`] | 5 | version 2's logic |
//! | [`PANICKING`] | 6 | passes every rehearsal, and builds no block on the chain |
//! | [`FAULTY`] | 2 | as [`GOOD`], and wrong in any way that [`with_fault`] writes into it |

pub use airlock_runtime::faults::Fault;
use airlock_runtime::faults::MARKER;

macro_rules! variant {
	($(#[$doc:meta])* $name:ident, $version:ident = $number:literal, $file:literal) => {
		$(#[$doc])*
		pub const $name: &[u8] = {
			mod built {
				#![allow(missing_docs, dead_code)]
				include!(concat!(env!("OUT_DIR"), "/", $file));
			}
			match built::WASM_BINARY {
				Some(blob) => blob,
				None => &[],
			}
		};
		/// `spec_version` of the blob.
		pub const $version: u32 = $number;
	};
}

/// The runtime a chain begins with, compressed. Empty if wasm builds were skipped.
pub const BASE: &[u8] = match airlock_runtime::WASM_BINARY {
	Some(blob) => blob,
	None => &[],
};
/// `spec_version` of [`BASE`].
pub const BASE_SPEC_VERSION: u32 = 1;

variant!(
	/// A good upgrade of [`BASE`].
	GOOD, GOOD_SPEC_VERSION = 2, "good.rs"
);
variant!(
	/// The way back from [`GOOD`].
	GOOD_ROLLBACK, GOOD_ROLLBACK_SPEC_VERSION = 3, "good_rollback.rs"
);
variant!(
	/// An upgrade of [`GOOD`] that runs, passes every rehearsal, and then loses data.
	UNHEALTHY, UNHEALTHY_SPEC_VERSION = 4, "unhealthy.rs"
);
variant!(
	/// The way back from [`UNHEALTHY`].
	UNHEALTHY_ROLLBACK, UNHEALTHY_ROLLBACK_SPEC_VERSION = 5, "unhealthy_rollback.rs"
);
variant!(
	/// An upgrade that passes every rehearsal and panics in its first block on the chain.
	PANICKING, PANICKING_SPEC_VERSION = 6, "panicking.rs"
);
variant!(
	/// A good upgrade of [`BASE`], until [`with_fault`] makes it a bad one.
	FAULTY, FAULTY_SPEC_VERSION = 2, "faulty.rs"
);

/// The upgrade [`FAULTY`] with a fault. `None` if wasm builds were skipped.
pub fn with_fault(fault: Fault) -> Option<Vec<u8>> {
	let mut code = decompressed(FAULTY)?;
	let mut marks = code.windows(MARKER.len()).enumerate();
	let at = marks.find(|(_, bytes)| *bytes == MARKER)?.0;
	*code.get_mut(at + MARKER.len())? = fault as u8;
	compressed(&code)
}

/// A blob as chains take it. `None` if it is larger than any node would decompress.
pub fn compressed(code: &[u8]) -> Option<Vec<u8>> {
	sp_maybe_compressed_blob::compress_weakly(code, sp_maybe_compressed_blob::CODE_BLOB_BOMB_LIMIT)
}

/// A blob without its compression. `None` if there is none.
pub fn decompressed(blob: &[u8]) -> Option<Vec<u8>> {
	let limit = sp_maybe_compressed_blob::CODE_BLOB_BOMB_LIMIT;
	let code = sp_maybe_compressed_blob::decompress(blob, limit).ok()?;
	(!code.is_empty()).then(|| code.into_owned())
}
