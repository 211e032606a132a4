//! What is stored between approval and the end of a probation.

use airlock_primitives::{
	CodeRef, EnactmentPolicy, Failure, Precondition, ProbationPolicy, ProposalId, Ratio, Rollback,
};
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
	pallet_prelude::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_core::H256;

/// An approved upgrade whose code is not written yet.
#[derive(
	CloneNoBound, PartialEqNoBound, EqNoBound, DebugNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[scale_info(skip_type_params(MaxValidators))]
pub struct Approved<AccountId, BlockNumber, MaxValidators>
where
	AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
	BlockNumber: Clone + PartialEq + Eq + core::fmt::Debug,
	MaxValidators: Get<u32>,
{
	/// Hash of the dossier.
	pub dossier_hash: H256,
	/// What will be written.
	pub code: CodeRef,
	/// The way back.
	pub rollback: Rollback,
	/// The code it replaces.
	pub parent: H256,
	/// The block of the switch.
	pub due: BlockNumber,
	/// The last block in which it is tried.
	pub expires: BlockNumber,
	/// Share of the current set that must be ready.
	pub readiness: Ratio,
	/// Who is ready, sorted.
	pub ready: BoundedVec<AccountId, MaxValidators>,
	/// What failed last, so that an event says it once.
	pub failed: Option<Precondition>,
}

impl<AccountId, BlockNumber, MaxValidators> Approved<AccountId, BlockNumber, MaxValidators>
where
	AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
	BlockNumber: Clone + PartialEq + Eq + core::fmt::Debug + sp_runtime::Saturating + Copy,
	MaxValidators: Get<u32>,
{
	/// An upgrade that was approved now.
	pub fn new(
		dossier_hash: H256,
		dossier: &airlock_primitives::Dossier,
		policy: &EnactmentPolicy<BlockNumber>,
		now: BlockNumber,
	) -> Self {
		let due = now.saturating_add(policy.timelock);
		Self {
			dossier_hash,
			code: dossier.code,
			rollback: dossier.rollback.clone(),
			parent: dossier.parent_code_hash,
			due,
			expires: due.saturating_add(policy.grace),
			readiness: policy.readiness,
			ready: Default::default(),
			failed: None,
		}
	}
}

/// An upgrade whose code runs and is watched.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Trial<BlockNumber> {
	/// Number of the proposal.
	pub id: ProposalId,
	/// The code that ran before.
	pub parent: H256,
	/// The way back.
	pub rollback: Rollback,
	/// The rules.
	pub policy: ProbationPolicy<BlockNumber>,
	/// The block of the switch.
	pub since: BlockNumber,
	/// Set when the critical window has ended with enough healthy reports.
	pub survived_critical: bool,
	/// Set when the chain must go back: why.
	pub failed: Option<Failure>,
}

impl<BlockNumber: sp_runtime::Saturating + Copy> Trial<BlockNumber> {
	/// The block in which silence is judged.
	pub fn critical_ends(&self) -> BlockNumber {
		self.since.saturating_add(self.policy.critical)
	}

	/// The first block in which no report is heard.
	pub fn watch_ends(&self) -> BlockNumber {
		self.critical_ends().saturating_add(self.policy.watch)
	}

	/// The block in which the probation ends well.
	pub fn closes(&self) -> BlockNumber {
		self.watch_ends().saturating_add(self.policy.close_out)
	}
}
