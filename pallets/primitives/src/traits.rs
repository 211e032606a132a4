//! What one pallet needs of another, apart from [`StageGate`](crate::StageGate).

use crate::{Failure, ProposalId, Stage};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	dispatch::DispatchResult, pallet_prelude::ConstU32, weights::Weight, BoundedVec,
};
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

	/// True if one of them is more than the word of somebody: somebody stands behind it who answers for what it says.
	fn backed(id: ProposalId) -> bool;
}

impl OpenFindings for () {
	fn blocking(_: ProposalId) -> bool {
		false
	}
	fn backed(_: ProposalId) -> bool {
		false
	}
}

/// What was put up for whoever finds a fault in a proposal.
pub trait Rewards<AccountId> {
	/// Pays `finder` as for a fault of the gravest kind; nothing if nothing is there.
	///
	/// # Errors
	/// If money cannot be moved. Parts may have been: the caller undoes them.
	fn pay_critical(id: ProposalId, finder: &AccountId) -> DispatchResult;

	/// The most that a payment weighs.
	fn weight() -> Weight;
}

impl<AccountId> Rewards<AccountId> for () {
	fn pay_critical(_: ProposalId, _: &AccountId) -> DispatchResult {
		Ok(())
	}
	fn weight() -> Weight {
		Weight::zero()
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
	/// Names of all that were ever completed: one that comes again is skipped. `None` if there are more than `most`: whatever code
	/// has written there, this looks at no more.
	fn completed(most: u32) -> Option<Vec<Vec<u8>>>;
	/// Has the one of this name run when it comes again.
	fn forget(name: &[u8]);
}

impl Migrations for () {
	fn ongoing() -> bool {
		false
	}
	fn abandon() {}
	fn completed(_: u32) -> Option<Vec<Vec<u8>>> {
		Some(Vec::new())
	}
	fn forget(_: &[u8]) {}
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

/// What a chain can say of its own state, so that an upgrade is held against what its dossier declares.
pub trait Invariants {
	/// Where to look for something that must hold. Whoever says that it does not, names it.
	type Witness: frame_support::Parameter + MaxEncodedLen;

	/// The sum of all coins, in the smallest unit.
	fn issuance() -> u128;
	/// The storage version of each pallet, by the pallet's index.
	fn storage_versions() -> Vec<(u8, u16)>;
	/// True if what must hold there does not. Reads and decodes a bounded number of entries.
	fn is_broken(witness: &Self::Witness) -> bool;
	/// Breaks something, and says where.
	#[cfg(feature = "runtime-benchmarks")]
	fn break_something() -> Self::Witness;
}

/// Nothing is counted, and nothing is ever broken.
impl Invariants for () {
	type Witness = ();

	fn issuance() -> u128 {
		0
	}
	fn storage_versions() -> Vec<(u8, u16)> {
		Vec::new()
	}
	fn is_broken(_: &()) -> bool {
		false
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn break_something() {}
}

/// What a chain can measure of its own health.
pub trait Vitals {
	/// The slot of this block. Only differences matter.
	fn slot() -> u64;
	/// Transactions of this block so far, and how many of them failed. What a block must have is not counted.
	fn transactions() -> (u32, u32);
}

/// Nothing is measured.
impl Vitals for () {
	fn slot() -> u64 {
		0
	}
	fn transactions() -> (u32, u32) {
		(0, 0)
	}
}

/// Calls that the chain keeps to execute later.
pub trait StoredCalls {
	/// Drops all that are kept as bytes and would be executed without anybody looking again. Bounded.
	fn void();
}

/// None are kept.
impl StoredCalls for () {
	fn void() {}
}

/// Longest name of a client, in bytes.
pub const MAX_CLIENT_LEN: u32 = 64;

/// What a validator's node is, and has for the codes of a dossier. The validator signs it with its readiness: the chain
/// cannot check it, others can.
#[derive(
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct NodeSupport {
	/// Name and version of the client, as text.
	pub client: BoundedVec<u8, ConstU32<MAX_CLIENT_LEN>>,
	/// [`host_functions_hash`] of what the codes import, all of which the node has.
	pub host_functions: H256,
}

impl NodeSupport {
	/// What takes the most bytes.
	#[cfg(any(feature = "std", feature = "runtime-benchmarks"))]
	pub fn largest() -> Self {
		Self {
			client: BoundedVec::truncate_from(alloc::vec![b'x'; MAX_CLIENT_LEN as usize]),
			host_functions: H256::repeat_byte(1),
		}
	}
}

/// blake2-256 of the names of host functions, sorted, each once, with a line feed behind each.
pub fn host_functions_hash<'a>(names: impl IntoIterator<Item = &'a str>) -> H256 {
	let sorted: BTreeSet<&str> = names.into_iter().collect();
	let lines = sorted.into_iter().flat_map(|name| [name, "\n"]);
	H256(sp_crypto_hashing::blake2_256(
		&lines.collect::<alloc::string::String>().into_bytes(),
	))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn host_functions_are_hashed_as_a_set_of_whole_names() {
		let hash = |names: &[&str]| host_functions_hash(names.iter().copied());
		assert_eq!(hash(&["b", "a", "b"]), hash(&["a", "b"]));
		assert_ne!(hash(&["ab"]), hash(&["a", "b"]));
		assert_ne!(hash(&[]), hash(&[""]));
	}
}
