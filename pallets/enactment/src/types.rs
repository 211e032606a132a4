//! What is stored between approval and the end of a probation.

use crate::Pulse;
use airlock_primitives::{
	CodeRef, EnactmentPolicy, Failure, Invariants, Precondition, ProbationPolicy, ProposalId,
	Ratio, Rollback,
};
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
	pallet_prelude::{ConstU32, Get},
	BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::traits::{AtLeast32BitUnsigned, Zero};

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
	BlockNumber: AtLeast32BitUnsigned + core::fmt::Debug + Copy,
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

	/// The first block in which a finding stops the switch only if an auditor stands behind it: half of the grace is
	/// over, rounded up.
	pub fn doubt_ends(&self) -> BlockNumber {
		let grace = self.expires.saturating_sub(self.due);
		let half = grace.checked_div(&2u32.into()).unwrap_or_else(Zero::zero);
		self.expires.saturating_sub(half)
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
	/// What the new code may change of what the chain counts, frozen at the switch.
	pub budget: Budget,
	/// What was counted of the chain's health between approval and switch.
	pub before: Pulse,
}

/// Most pallets that a runtime can have: an index is a byte.
pub const MAX_PALLETS: u32 = 256;

/// What an upgrade may change, as counted by the code before it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Budget {
	/// The largest sum of all coins, in the smallest unit: what there was, and what the dossier declares.
	pub issuance: u128,
	/// Storage versions of the pallets, by index, that are not in the dossier's scope: they stay.
	pub versions: BoundedVec<(u8, u16), ConstU32<MAX_PALLETS>>,
}

impl Budget {
	/// What a dossier may change from here on.
	pub fn of<I: Invariants>(dossier: &airlock_primitives::Dossier) -> Self {
		let others = |(pallet, _): &(u8, u16)| !dossier.scope.contains(pallet);
		let versions = I::storage_versions().into_iter().filter(others);
		Self {
			issuance: I::issuance().saturating_add(dossier.minted),
			versions: BoundedVec::truncate_from(versions.collect()),
		}
	}

	/// True if there is more, or something else, now.
	pub fn is_exceeded<I: Invariants>(&self) -> bool {
		if I::issuance() > self.issuance {
			return true;
		}
		let now = I::storage_versions();
		!self.versions.iter().all(|version| now.contains(version))
	}
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
