//! How the stage machine asks a stage for its verdict.

use crate::{ClassPolicy, Dossier, ProposalId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::dispatch::DispatchResult;
use scale_info::TypeInfo;
use sp_core::H256;

/// The stages of a proposal, in their only order.
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
)]
pub enum Stage {
	/// Bytes must arrive and pass the pre-flight checks.
	#[codec(index = 0)]
	Registered,
	/// Simulators commit and reveal.
	#[codec(index = 1)]
	Simulation,
	/// Auditors attest; findings block.
	#[codec(index = 2)]
	Review,
	/// Validators vote.
	#[codec(index = 3)]
	Voting,
	/// Approved; nodes get ready; a third can still stop it.
	#[codec(index = 4)]
	Timelock,
	/// The new code runs and is watched.
	#[codec(index = 5)]
	Probation,
}

/// How a proposal ended.
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
pub enum Outcome {
	/// The proposer took it back.
	#[codec(index = 0)]
	Withdrawn,
	/// A stage did not get what it needs in time.
	#[codec(index = 1)]
	Expired(Failure),
	/// A stage said no.
	#[codec(index = 2)]
	Rejected(Failure),
	/// Stopped after approval, before any code was written.
	#[codec(index = 3)]
	Aborted(Failure),
	/// Enacted, failed in probation; the chain runs the rollback code.
	#[codec(index = 4)]
	RolledBack(Failure),
	/// Enacted and kept.
	#[codec(index = 5)]
	Finalized,
	/// Enacted, failed in probation, and its dossier named no way back: the chain still runs it.
	#[codec(index = 6)]
	Stuck(Failure),
}

/// Why a stage did not pass.
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
pub enum Failure {
	/// The bytes did not arrive within the window, or are not a runtime this chain can take.
	#[codec(index = 0)]
	BytesMissing,
	/// Another upgrade replaced the code that this one was written for.
	#[codec(index = 1)]
	ParentReplaced,
	/// Too few simulators revealed.
	#[codec(index = 2)]
	TooFewReports,
	/// Simulators saw different results.
	#[codec(index = 3)]
	ReportsDisagree,
	/// Simulators agree that the candidate fails.
	#[codec(index = 4)]
	SimulationFailed,
	/// Too few auditors or builders attested.
	#[codec(index = 5)]
	TooFewAttestations,
	/// A High or Critical finding is open.
	#[codec(index = 6)]
	OpenFinding,
	/// The vote did not reach its threshold.
	#[codec(index = 7)]
	NotApproved,
	/// More than a third of the voting power stopped it.
	#[codec(index = 8)]
	StoppedByValidators,
	/// A condition of the switch did not hold until the grace window ended.
	#[codec(index = 9)]
	Precondition(Precondition),
	/// More than a third of the voting power reported the new code unhealthy.
	#[codec(index = 10)]
	ReportedUnhealthy,
	/// The critical window ended without a quorum of healthy reports.
	#[codec(index = 11)]
	Silence,
	/// A migration failed, got stuck or went over its budget.
	#[codec(index = 12)]
	Migration,
	/// The stage could not be opened.
	#[codec(index = 13)]
	StageNotOpened,
	/// A report that the proposal passed on was proven false, and too few are left without it.
	#[codec(index = 14)]
	FalseReport,
	/// The bounty for findings did not reach its minimum.
	#[codec(index = 15)]
	BountyMissing,
	/// The new code built no block, or did not end its own watch: nodes went back without it.
	#[codec(index = 16)]
	Rescued,
	/// On probation, more coins or other storage versions than the dossier declares.
	#[codec(index = 17)]
	OverBudget,
	/// On probation, somebody showed that something does not hold that must.
	#[codec(index = 18)]
	InvariantBroken,
	/// On probation, many more slots without a block and many more failing transactions than before the switch.
	#[codec(index = 19)]
	Sick,
}

/// What must hold in the block that writes new code.
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
pub enum Precondition {
	/// The parent code is still the active one, and no other upgrade has used up the version.
	#[codec(index = 0)]
	ParentCode,
	/// Enough validators' nodes are ready.
	#[codec(index = 1)]
	Readiness,
	/// More than two thirds of the current set say Aye.
	#[codec(index = 2)]
	CurrentMajority,
	/// No High or Critical finding is open.
	#[codec(index = 3)]
	NoOpenFinding,
	/// No multi-block migration runs.
	#[codec(index = 4)]
	NoMigration,
	/// No authority change is pending.
	#[codec(index = 5)]
	NoAuthorityChange,
	/// No other upgrade is in probation, and the lane is not locked.
	#[codec(index = 6)]
	LaneFree,
	/// The bytes are there and hash to what was voted on.
	#[codec(index = 7)]
	Bytes,
	/// `system.set_code` accepts the blob.
	#[codec(index = 8)]
	SetCode,
}

/// What a stage is told about a proposal when it opens.
pub struct DossierRef<'a, AccountId> {
	/// Who proposed it.
	pub proposer: &'a AccountId,
	/// How often it was revised.
	pub round: u32,
	/// Hash of `dossier`.
	pub hash: H256,
	/// What is judged.
	pub dossier: &'a Dossier,
}

/// What a stage says when asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateStatus<BlockNumber> {
	/// Not decided. Ask again at this block, or earlier if somebody says it is due.
	Pending {
		/// The block at which the stage wants to be asked.
		until: BlockNumber,
	},
	/// The proposal may go on.
	Passed,
	/// The proposal ends.
	Failed(Failure),
}

/// One stage between registration and the end.
///
/// The stage machine calls `open` once per round, then `poll` when due or asked, then `close` once. A gate
/// knows nothing of the stages before and after it.
pub trait StageGate<AccountId, BlockNumber> {
	/// Opens the stage. An error leaves no trace of it.
	fn open(
		id: ProposalId,
		dossier: &DossierRef<AccountId>,
		policy: &ClassPolicy<BlockNumber>,
		now: BlockNumber,
	) -> DispatchResult;

	/// Asks for the verdict. May act (the switch happens here), must be bounded.
	fn poll(id: ProposalId, now: BlockNumber) -> GateStatus<BlockNumber>;

	/// The stage is over. Evidence that later stages need may stay until [`StageGate::clear`].
	fn close(id: ProposalId);

	/// The proposal ended: removes what is left of it, and settles deposits.
	fn clear(id: ProposalId);
}

/// A stage that is left out.
impl<AccountId, BlockNumber> StageGate<AccountId, BlockNumber> for () {
	fn open(
		_: ProposalId,
		_: &DossierRef<AccountId>,
		_: &ClassPolicy<BlockNumber>,
		_: BlockNumber,
	) -> DispatchResult {
		Ok(())
	}
	fn poll(_: ProposalId, _: BlockNumber) -> GateStatus<BlockNumber> {
		GateStatus::Passed
	}
	fn close(_: ProposalId) {}
	fn clear(_: ProposalId) {}
}
