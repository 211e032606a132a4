//! What is stored of a proposal.

use airlock_primitives::{Class, ClassPolicy, Dossier, Outcome, ProposalId, Stage};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;

/// A proposal that has not ended.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Proposal<AccountId, Balance, BlockNumber> {
	/// Who proposed it, and holds the deposit.
	pub proposer: AccountId,
	/// Held of the proposer.
	pub deposit: Balance,
	/// How often it was revised.
	pub round: u32,
	/// Where it is.
	pub stage: Stage,
	/// The block at which the stage is asked next.
	pub due: BlockNumber,
	/// Hash of `dossier`.
	pub dossier_hash: H256,
	/// What is judged.
	pub dossier: Dossier,
	/// The rules, as they were at registration.
	pub policy: ClassPolicy<BlockNumber>,
}

/// What is remembered of a proposal that has ended.
#[derive(
	Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Ended<AccountId, BlockNumber> {
	/// Its number.
	pub id: ProposalId,
	/// Who proposed it.
	pub proposer: AccountId,
	/// Which policy applied.
	pub class: Class,
	/// Hash of its last dossier.
	pub dossier_hash: H256,
	/// Hash of its last candidate.
	pub code_hash: H256,
	/// Version of its last candidate.
	pub spec_version: u32,
	/// How often it was revised.
	pub round: u32,
	/// The stage it was in.
	pub stage: Stage,
	/// How it ended.
	pub outcome: Outcome,
	/// When it ended.
	pub at: BlockNumber,
}
