//! The chain, its people, and the code that is proposed.

use airlock_primitives::{Class, CodeHistory, CodeRef, Document, Dossier, ProposalId, Rollback};
use airlock_runtime::{AccountId, Proposals, Runtime, System, VERSION};
use airlock_runtime_tests as whole;
use codec::Encode;
use sp_core::{traits::ReadRuntimeVersionExt, H256};
use sp_io::hashing::blake2_256;
use sp_keyring::Sr25519Keyring;
use std::collections::BTreeSet;

/// Longest decompressed blob here.
const MAX_BLOB: usize = 100_000;

/// A chain of the local preset, with some blocks to replay.
pub fn chain() -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::default();
	ext.register_extension(ReadRuntimeVersionExt::new(ReadVersion));
	ext.execute_with(|| {
		whole::build_genesis("local_testnet", &blob(VERSION.spec_version, 0));
		whole::begin_block();
		whole::run(5);
	});
	ext
}

/// Ends this block and begins the next one.
pub fn next_block() {
	whole::run(1);
}

/// Blocks until shortly before, at, or after the next deadline of a proposal; at least one.
pub fn until_the_next_edge(from: i32) -> u32 {
	let due = pallet_airlock_proposals::NextDeadline::<Runtime>::get();
	let left = due.map_or(1, |due| due.saturating_sub(System::block_number()));
	left.saturating_add_signed(from).clamp(1, 40)
}

/// Reads the version of a blob, as the host does, but without running it.
struct ReadVersion;
impl sp_core::traits::ReadRuntimeVersion for ReadVersion {
	fn read_runtime_version(
		&self,
		code: &[u8],
		_: &mut dyn sp_externalities::Externalities,
	) -> Result<Vec<u8>, String> {
		pallet_airlock_proposals::blob::embedded_version(code, MAX_BLOB)
			.map(|version| version.encode())
			.map_err(|error| format!("{error:?}"))
	}
}

/// A module that says of itself that it is this chain's runtime in another version, and does nothing. Two of one version
/// differ in their flavour.
pub fn blob(spec_version: u32, flavour: u8) -> Vec<u8> {
	let section = |name: &str, payload: Vec<u8>| {
		let body = [&[name.len() as u8], name.as_bytes(), &payload].concat();
		// LEB128 of a length below 2^14.
		let len = [body.len() as u8 & 0x7f | 0x80, (body.len() >> 7) as u8];
		[&[0][..], &len, &body].concat()
	};
	let mut version = VERSION;
	version.spec_version = spec_version;
	let apis: Vec<u8> = version.apis.iter().flat_map(|api| api.encode()).collect();
	version.apis = Default::default();
	[
		b"\0asm\x01\0\0\0".to_vec(),
		section("runtime_version", version.encode()),
		section("runtime_apis", apis),
		section("flavour", vec![flavour]),
	]
	.concat()
}

/// What a dossier says of a blob.
pub fn code_ref(spec_version: u32, flavour: u8) -> CodeRef {
	let bytes = blob(spec_version, flavour);
	CodeRef {
		hash: blake2_256(&bytes).into(),
		len: bytes.len() as u32,
		spec_version,
	}
}

/// The bytes behind what a dossier asks for, if they are of here.
pub fn bytes_of(code: &CodeRef) -> Option<Vec<u8>> {
	let flavours = (0..4).map(|flavour| blob(code.spec_version, flavour));
	flavours
		.into_iter()
		.find(|bytes| H256(blake2_256(bytes)) == code.hash)
}

/// A sound dossier for what runs now.
pub fn dossier(flavour: u8, scope: u8, class: Class) -> Dossier {
	let next = airlock_runtime::Enactment::highest_spec_version() + 1;
	Dossier {
		code: code_ref(next, flavour),
		parent_code_hash: airlock_runtime::Enactment::current(),
		rollback: match flavour % 4 {
			2 => Rollback::PreviousCode,
			3 => Rollback::Irreversible,
			_ => Rollback::Dedicated(code_ref(next + 1, flavour)),
		},
		specification: Document::of(b"specification"),
		rationale: Document::of(b"rationale"),
		rollback_plan: Document::of(b"plan"),
		expected_effects: Document::of(b"effects"),
		minted: 0,
		scope: BTreeSet::from([scope]).try_into().expect("one"),
		class,
	}
}

/// Everybody who acts.
pub fn people() -> Vec<AccountId> {
	let others = [whole::proposer(), whole::anyone(), newcomer()];
	[
		whole::validators(),
		whole::simulators(),
		whole::auditors(),
		others.to_vec(),
	]
	.concat()
}

/// Somebody who owns coins and has no role yet.
pub fn newcomer() -> AccountId {
	Sr25519Keyring::One.to_account_id()
}

/// The open proposals, the furthest first.
pub fn open() -> Vec<ProposalId> {
	let mut open: Vec<_> = pallet_airlock_proposals::Proposals::<Runtime>::iter()
		.map(|(id, proposal)| (proposal.stage, id))
		.collect();
	open.sort_by(|a, b| b.cmp(a));
	open.into_iter().map(|(_, id)| id).collect()
}

/// The hash of the dossier that is judged.
pub fn dossier_hash(id: ProposalId) -> H256 {
	use airlock_primitives::Lifecycle;
	Proposals::dossier_hash(id).unwrap_or_default()
}
