//! The runtime built as test upgrades: real upgrades from the same source, good ones and broken ones.
//!
//! | blob | version | what it is |
//! |---|---|---|
//! | [`BASE`] | 1 | the runtime a chain begins with |
//! | [`GOOD`] | 2 | adds a field to every name by a migration, and the call `clear_name` |
//! | [`GOOD_ROLLBACK`] | 3 | version 1's logic with the reverse migration |
//! | [`UNHEALTHY`] | 4 | as version 2, but some blocks after the switch it begins to lose names |
//! | [`UNHEALTHY_ROLLBACK`] | 5 | version 2's logic |
//! | [`PANICKING`] | 6 | passes every rehearsal, and builds no block on the chain |

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
