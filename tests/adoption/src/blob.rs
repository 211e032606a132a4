//! Blobs that carry a version and do nothing: what is tested is the way to `:code`, not what runs then.

use codec::Encode;
use pallet_airlock_proposals::RequiredApi;
use sp_version::RuntimeVersion;

/// The API that this chain's lifecycle needs of every candidate.
pub const REQUIRED_API: RequiredApi = (*b"required", 1);
/// `blake2_64("Core")`, by which the host knows how to read the rest.
const CORE_API: RequiredApi = ([0xdf, 0x6a, 0xcb, 0x68, 0x99, 0x07, 0x60, 0x9b], 5);

/// What a blob says of itself.
pub fn version(spec_version: u32) -> RuntimeVersion {
	RuntimeVersion {
		spec_name: "adopter".into(),
		impl_name: "adopter".into(),
		authoring_version: 1,
		spec_version,
		impl_version: 1,
		apis: Default::default(),
		transaction_version: 1,
		system_version: 3,
	}
}

/// A module with the two sections that say who it is.
pub fn of(spec_version: u32) -> Vec<u8> {
	let section = |name: &str, payload: Vec<u8>| {
		let body = [&[name.len() as u8], name.as_bytes(), &payload].concat();
		// LEB128 of a length below 2^14.
		let len = [body.len() as u8 & 0x7f | 0x80, (body.len() >> 7) as u8];
		[&[0][..], &len, &body].concat()
	};
	[
		b"\0asm\x01\0\0\0".to_vec(),
		section("runtime_version", version(spec_version).encode()),
		section("runtime_apis", (CORE_API, REQUIRED_API).encode()),
	]
	.concat()
}

/// Reads the version of a blob, as the host does.
pub struct ReadVersion;
impl sp_core::traits::ReadRuntimeVersion for ReadVersion {
	fn read_runtime_version(
		&self,
		code: &[u8],
		_: &mut dyn sp_externalities::Externalities,
	) -> Result<Vec<u8>, String> {
		pallet_airlock_proposals::blob::embedded_version(code, 100_000)
			.map(|version| version.encode())
			.map_err(|error| format!("{error:?}"))
	}
}
