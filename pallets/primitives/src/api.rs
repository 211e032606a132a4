//! The runtime API for clients: one place to read instead of storage items.

use crate::{Class, Outcome, ProposalId, Stage};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_core::H256;

/// A proposal as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ProposalView<AccountId, BlockNumber> {
	/// Its number.
	pub id: ProposalId,
	/// Who proposed it.
	pub proposer: AccountId,
	/// Which policy applies.
	pub class: Class,
	/// Hash of the dossier.
	pub dossier_hash: H256,
	/// Hash of the candidate.
	pub code_hash: H256,
	/// Version of the candidate.
	pub spec_version: u32,
	/// How often it was revised.
	pub round: u32,
	/// Where it is, or where it was when it ended.
	pub stage: Stage,
	/// The block at which the stage is asked next; for an ended proposal the block of its end.
	pub due: BlockNumber,
	/// Set when it has ended.
	pub outcome: Option<Outcome>,
}

/// A piece of evidence that a stage waits for: how much is there and how much the policy needs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Progress {
	/// Who must act.
	pub actor: Actor,
	/// What there is, in the unit of `needed`.
	pub have: u64,
	/// What the policy needs.
	pub needed: u64,
}

/// Who a stage waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Actor {
	/// Anyone who has the bytes.
	#[codec(index = 0)]
	Uploader,
	/// Simulators that have not committed.
	#[codec(index = 1)]
	SimulatorCommit,
	/// Simulators that have not revealed.
	#[codec(index = 2)]
	SimulatorReveal,
	/// Auditors.
	#[codec(index = 3)]
	Auditor,
	/// Builders.
	#[codec(index = 4)]
	Builder,
	/// Validators who vote; power.
	#[codec(index = 5)]
	ValidatorVote,
	/// Validators whose nodes get ready; power.
	#[codec(index = 6)]
	ValidatorReadiness,
	/// Validators who report health; power.
	#[codec(index = 7)]
	ValidatorHealth,
	/// Whoever pays for findings; whole units of the chain's currency.
	#[codec(index = 8)]
	Funder,
}

sp_api::decl_runtime_apis! {
	/// What clients want to know about upgrades.
	pub trait AirlockApi<AccountId: codec::Codec, BlockNumber: codec::Codec> {
		/// All proposals that are not cleaned up.
		fn proposals() -> Vec<ProposalView<AccountId, BlockNumber>>;
		/// One proposal.
		fn proposal(id: ProposalId) -> Option<ProposalView<AccountId, BlockNumber>>;
		/// Who must act on a proposal.
		fn awaited(id: ProposalId) -> Vec<Progress>;
		/// blake2-256 of the code that runs, and the highest `spec_version` ever installed.
		fn code() -> (H256, u32);
		/// The bytes of code that was uploaded for a proposal and is not dropped yet.
		fn uploaded(hash: H256, len: u32) -> Option<Vec<u8>>;
	}
}
