//! What one pallet needs of another, apart from [`StageGate`](crate::StageGate).

use crate::{Failure, ProposalId, Stage};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::dispatch::DispatchResult;
use scale_info::TypeInfo;
use sp_core::H256;

/// Voting power, in seats or any other unit; only shares of a total matter.
pub type Power = u64;

/// Number of an organisation. Accounts of one organisation count once where independence matters.
pub type OrganisationId = u32;

/// One member of the electorate.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Voter<AccountId> {
	/// Identity of the validator (not a session key).
	pub account: AccountId,
	/// Its organisation.
	pub organisation: OrganisationId,
	/// Its power.
	pub power: Power,
}

/// Who may vote now.
pub trait Electorate<AccountId: PartialEq> {
	/// The active set with its powers. Bounded by the set's own bound.
	fn voters() -> Vec<Voter<AccountId>>;

	/// Power of an account in the active set; `None` if it is not in it.
	fn power_of(who: &AccountId) -> Option<Power> {
		Self::voters()
			.into_iter()
			.find(|v| &v.account == who)
			.map(|v| v.power)
	}

	/// Power of the whole active set.
	fn total() -> Power {
		Self::voters().iter().map(|v| v.power).sum()
	}

	/// Makes an account a validator, for benchmarks and tests.
	#[cfg(feature = "std")]
	fn set(_voters: Vec<Voter<AccountId>>) {}
}

impl<AccountId: PartialEq> Electorate<AccountId> for () {
	fn voters() -> Vec<Voter<AccountId>> {
		Vec::new()
	}
}

/// Blocking findings of a proposal.
pub trait OpenFindings {
	/// True if a finding is open that must stop the upgrade (High or Critical, not dismissed, not resolved).
	fn blocking(id: ProposalId) -> bool;
}

impl OpenFindings for () {
	fn blocking(_: ProposalId) -> bool {
		false
	}
}

/// The vote as the current set would see it.
pub trait CurrentMajority {
	/// Power of the current set that said Aye, and the power of the whole current set.
	fn aye_of_current_set(id: ProposalId) -> (Power, Power);
}

/// The multi-block migrations of the running code.
pub trait Migrations {
	/// True while one runs, or is stuck. Until it is over the chain takes inherents only.
	fn ongoing() -> bool;
	/// Gives up whatever runs, so that other code can be written. What it did to the state so far stays.
	fn abandon();
}

impl Migrations for () {
	fn ongoing() -> bool {
		false
	}
	fn abandon() {}
}

/// The code of the chain, present and past.
pub trait CodeHistory {
	/// blake2-256 of the newest code written (it may still be `:pending_code`).
	fn current() -> H256;
	/// The highest `spec_version` ever installed.
	fn highest_spec_version() -> u32;
	/// The proposal that is between the switch and its end, if any.
	fn on_probation() -> Option<ProposalId>;
}

impl CodeHistory for () {
	fn current() -> H256 {
		H256::zero()
	}
	fn highest_spec_version() -> u32 {
		0
	}
	fn on_probation() -> Option<ProposalId> {
		None
	}
}

/// What stages may ask of, and tell, the stage machine.
pub trait Lifecycle {
	/// The stage of a live proposal.
	fn stage(id: ProposalId) -> Option<Stage>;
	/// The dossier hash of a live proposal.
	fn dossier_hash(id: ProposalId) -> Option<H256>;
	/// Ends a live proposal that has not written code. No effect on others.
	///
	/// # Errors
	/// If the proposal is not live or is in probation.
	fn stop(id: ProposalId, why: Failure) -> DispatchResult;
}

/// The organisations behind accounts.
pub trait Organisations<AccountId> {
	/// Those that `who` is registered for, in whatever role.
	fn of(who: &AccountId) -> Vec<OrganisationId>;
}

impl<AccountId> Organisations<AccountId> for () {
	fn of(_: &AccountId) -> Vec<OrganisationId> {
		Vec::new()
	}
}

/// A part that must be played by different people.
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
pub enum Role {
	/// Wrote the proposal.
	#[codec(index = 0)]
	Proposer,
	/// Simulates it.
	#[codec(index = 1)]
	Simulator,
	/// Reviews or rebuilds it.
	#[codec(index = 2)]
	Auditor,
	/// Declared an interest in it: acts as nothing else.
	#[codec(index = 3)]
	Conflicted,
}

/// Who plays a part: the account, and the organisation behind it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Party<AccountId> {
	/// An account.
	#[codec(index = 0)]
	Account(AccountId),
	/// An organisation.
	#[codec(index = 1)]
	Organisation(OrganisationId),
}

/// One account or organisation acts in at most one role on one proposal.
pub trait Roles<AccountId> {
	/// Records that `who` of `organisation` acts as `role`.
	///
	/// # Errors
	/// If either acts in another role on this proposal.
	fn claim(
		id: ProposalId,
		who: &AccountId,
		organisation: Option<OrganisationId>,
		role: Role,
	) -> DispatchResult;
}

impl<AccountId> Roles<AccountId> for () {
	fn claim(_: ProposalId, _: &AccountId, _: Option<OrganisationId>, _: Role) -> DispatchResult {
		Ok(())
	}
}
