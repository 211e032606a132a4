//! The dossier: what everybody judges.

use crate::hash::{domain_hash, Domain};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::ConstU32, BoundedBTreeSet, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// Longest URI of a document, in bytes. A URI is a hint where to look, never evidence.
pub const MAX_URI_LEN: u32 = 128;

/// Most pallets a scope can name: one for each possible pallet index.
pub const MAX_SCOPE: u32 = 255;

/// Pallet indices that an upgrade touches.
pub type Scope = BoundedBTreeSet<u8, ConstU32<MAX_SCOPE>>;

/// How an upgrade is judged: each class has its own [`ClassPolicy`](crate::ClassPolicy).
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub enum Class {
	/// Everything that is not one of the others.
	#[codec(index = 0)]
	Standard,
	/// A fix that cannot wait: shorter windows, higher threshold.
	#[codec(index = 1)]
	Security,
	/// A change of the lifecycle itself: longest windows, highest threshold.
	#[codec(index = 2)]
	SelfChange,
}

impl Class {
	/// How many times the base deposit a proposal of this class pays. The numbers are ours: the shorter the notice
	/// that everybody gets, and the wider what is touched, the more a proposer has at stake.
	pub const fn deposit_factor(self) -> u32 {
		match self {
			Class::Standard => 1,
			Class::SelfChange => 2,
			Class::Security => 4,
		}
	}
}

/// A document outside the chain.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Document {
	/// blake2-256 of the document's bytes.
	pub hash: H256,
	/// Length of the document in bytes.
	pub len: u32,
	/// Where it may be found. Never trusted; may be empty.
	pub uri: BoundedVec<u8, ConstU32<MAX_URI_LEN>>,
}

impl Document {
	/// A document without a URI.
	pub fn of(bytes: &[u8]) -> Self {
		Self {
			hash: H256(sp_crypto_hashing::blake2_256(bytes)),
			len: bytes.len() as u32,
			uri: Default::default(),
		}
	}
}

/// The exact bytes of a runtime blob, as written to `:code` (compressed or not).
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct CodeRef {
	/// blake2-256 of the bytes.
	pub hash: H256,
	/// Number of bytes.
	pub len: u32,
	/// `spec_version` of the blob's embedded version.
	pub spec_version: u32,
}

/// The way back from an upgrade.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Rollback {
	/// The old logic rebuilt with `spec_version = candidate + 1` and the reverse migration.
	#[codec(index = 0)]
	Dedicated(CodeRef),
	/// The bytes that the upgrade replaces. Only when no migration runs.
	#[codec(index = 1)]
	PreviousCode,
	/// There is no way back. Needs the threshold of [`Class::SelfChange`].
	#[codec(index = 2)]
	Irreversible,
}

/// What everybody judges. Evidence and votes refer to [`Dossier::hash`]: one changed byte makes another
/// dossier.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Dossier {
	/// The bytes that would be written to `:code`.
	pub code: CodeRef,
	/// blake2-256 of the code this replaces.
	pub parent_code_hash: H256,
	/// The way back.
	pub rollback: Rollback,
	/// What the upgrade is meant to do.
	pub specification: Document,
	/// Why it is wanted.
	pub rationale: Document,
	/// How the way back works, and what it cannot undo.
	pub rollback_plan: Document,
	/// Manifest of the declared changes that the simulators hold results against.
	pub expected_effects: Document,
	/// Most coins, in the smallest unit, by which their sum may grow because of the upgrade. While it is watched, one more
	/// sends the chain back.
	pub minted: u128,
	/// Pallets touched. Not empty; one of the lifecycle's own asks for [`Class::SelfChange`]. While the upgrade is watched,
	/// another storage version of any other pallet sends the chain back.
	pub scope: Scope,
	/// Which policy applies.
	pub class: Class,
}

impl Dossier {
	/// `blake2_256("airlock/dossier/v1" ++ SCALE(self))`.
	pub fn hash(&self) -> H256 {
		domain_hash(Domain::Dossier, self)
	}

	/// All blobs whose bytes must be on chain before anybody simulates.
	pub fn blobs(&self) -> impl Iterator<Item = CodeRef> {
		let rollback = match self.rollback {
			Rollback::Dedicated(code) => Some(code),
			Rollback::PreviousCode | Rollback::Irreversible => None,
		};
		core::iter::once(self.code).chain(rollback)
	}
}
