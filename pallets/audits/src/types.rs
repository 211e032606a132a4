//! What is stored of auditors, attestations, findings, bounties and waivers.

use airlock_primitives::{domain_hash, Document, Domain, OrganisationId, ProposalId, Ratio};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	pallet_prelude::*, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use sp_core::H256;

/// Share of the voting power that waives a confirmed finding, at least.
pub const WAIVER: Ratio = Ratio::new(9, 10);

/// Organisations whose judgement of one finding is remembered until two agree; the oldest makes room. Two are
/// enough when they agree, and more than eight different opinions of one finding are noise.
pub const MAX_JUDGEMENTS: u32 = 8;

macro_rules! stored_enum {
	($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $(($inner:ty))? = $index:literal,)* }) => {
		$(#[$doc])*
		#[derive(
			Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode, DecodeWithMemTracking,
			MaxEncodedLen, TypeInfo,
		)]
		pub enum $name {
			$($(#[$vdoc])* #[codec(index = $index)] $variant $(($inner))?,)*
		}
	};
}

stored_enum! {
	/// What an attestation is about.
	Kind {
		/// The auditor read the code.
		CodeReview = 0,
		/// The builder built the source and got the exact bytes.
		ReproducedBuild = 1,
		/// The auditor holds the specification to be what the code does. Shown, and not required: a code review
		/// that approves says as much of the code, and no policy asks for more.
		Specification = 2,
	}
}

stored_enum! {
	/// What an attestation says.
	Opinion {
		/// For the upgrade.
		Approve = 0,
		/// Against it. Counts as a missing approval, and is on record.
		Reject = 1,
	}
}

stored_enum! {
	/// How bad a finding is.
	Severity {
		/// Worth knowing.
		Low = 0,
		/// Should be mended.
		Medium = 1,
		/// Must be mended: blocks.
		High = 2,
		/// The upgrade would do harm: blocks.
		Critical = 3,
	}
}

impl Severity {
	/// True if an open finding of this severity stops an upgrade.
	pub fn blocks(self) -> bool {
		self >= Severity::High
	}

	/// A confirmed finding is paid one part in so many of what is left of the bounty. The numbers are ours:
	/// halves, so that however many findings are confirmed the pot is never empty.
	pub fn bounty_divisor(self) -> u32 {
		match self {
			Severity::Critical => 2,
			Severity::High => 4,
			Severity::Medium => 8,
			Severity::Low => 16,
		}
	}
}

stored_enum! {
	/// Where a finding stands.
	Status {
		/// Reported, and not judged yet. Blocks, if severe.
		Open = 0,
		/// Auditors reproduced it. Blocks, if severe.
		Confirmed = 1,
		/// Auditors hold it to be wrong.
		Dismissed = 2,
		/// Auditors found it gone in a later dossier. Another dossier reopens it.
		Resolved = 3,
		/// Validators take the upgrade with it. Another dossier reopens it.
		Waived = 4,
		/// Auditors hold it to be an earlier finding again.
		Duplicate = 5,
	}
}

impl Status {
	/// True while the finding stands: nothing was decided that frees an upgrade of it.
	pub fn stands(self) -> bool {
		matches!(self, Status::Open | Status::Confirmed)
	}
}

stored_enum! {
	/// What an auditor says of an open finding.
	Decision {
		/// It is true, and as severe as reported.
		Confirm = 0,
		/// It is wrong, in good faith.
		Dismiss = 1,
		/// It was written to cost others time. The deposit is burnt.
		Spam = 2,
		/// It is the earlier finding of this number again. Not paid.
		Duplicate(u32) = 3,
		/// It is true, and less severe than reported.
		ConfirmAs(Severity) = 4,
	}
}

impl Decision {
	/// True if a second organisation must agree: what pays out of a bounty, burns a deposit or stops blocking is not
	/// left to one auditor.
	pub fn needs_two(self, reported: Severity) -> bool {
		match self {
			Decision::Confirm | Decision::ConfirmAs(_) | Decision::Spam => true,
			Decision::Dismiss | Decision::Duplicate(_) => reported.blocks(),
		}
	}
}

stored_enum! {
	/// What a second organisation has to agree with.
	Verdict {
		/// A decision about an open finding.
		Triage(Decision) = 0,
		/// A confirmed finding is gone.
		Gone = 1,
	}
}

/// What one organisation says of a finding, until a second one agrees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Judgement {
	/// Who judges.
	pub organisation: OrganisationId,
	/// The dossier that it looked at. A judgement counts for no other one.
	pub dossier_hash: H256,
	/// What it says.
	pub verdict: Verdict,
}

/// A registered auditor.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Auditor<BlockNumber, Balance> {
	/// The organisation behind it.
	pub organisation: OrganisationId,
	/// The first block in which it may act.
	pub acts_from: BlockNumber,
	/// Held of it.
	pub bond: Balance,
	/// Proposals on which it has an attestation. They keep the bond.
	pub active: u32,
	/// Set when it was removed while `active`: it acts no more, and goes with its last attestation.
	pub leaving: bool,
}

/// One attestation.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Attestation<AccountId> {
	/// Who attests.
	pub auditor: AccountId,
	/// Its organisation at that time.
	pub organisation: OrganisationId,
	/// What about.
	pub kind: Kind,
	/// What it says.
	pub opinion: Opinion,
	/// blake2-256 of the report.
	pub report: H256,
}

/// The text of a finding.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Report {
	/// Anyone may read it.
	#[codec(index = 0)]
	Open(Document),
	/// Only the commitment of [`SealedFinding`] is known.
	#[codec(index = 1)]
	Sealed(H256),
}

/// What is sealed, so that a hole in live code is not published and nobody can copy another one's finding.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SealedFinding<AccountId> {
	/// Hash of the chain's genesis block.
	pub genesis: H256,
	/// Number of the proposal.
	pub id: ProposalId,
	/// Who reports, and alone can open.
	pub reporter: AccountId,
	/// The text.
	pub report: Document,
	/// Random bytes, so that nobody can try texts.
	pub salt: [u8; 32],
}

impl<AccountId: Encode> SealedFinding<AccountId> {
	/// What goes on chain first.
	pub fn commitment(&self) -> H256 {
		domain_hash(Domain::Finding, self)
	}
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Finding<AccountId, Balance> {
	/// Who reported it.
	pub reporter: AccountId,
	/// The reporter's organisation, if it was an auditor then.
	pub organisation: Option<OrganisationId>,
	/// True if it took a slot of the public: its reporter was no auditor that may act.
	pub public: bool,
	/// Held of the reporter.
	pub deposit: Balance,
	/// How bad it is.
	pub severity: Severity,
	/// The report.
	pub report: Report,
	/// The dossier in which it was found.
	pub found_in: H256,
	/// Where it stands.
	pub status: Status,
	/// True once auditors said that it is true: its reporter has earned a share of the bounty.
	pub confirmed: bool,
	/// The dossier for which `status` was decided.
	pub judged_in: H256,
	/// What organisations say that no second one agrees with yet. One each.
	pub judgements: BoundedVec<Judgement, ConstU32<MAX_JUDGEMENTS>>,
}

impl<AccountId, Balance> Finding<AccountId, Balance> {
	/// True if it stops an upgrade.
	pub fn blocks(&self) -> bool {
		self.severity.blocks() && self.status.stands()
	}

	/// True if an auditor stands behind it: reported it, or says of this dossier that it is true and must be mended.
	pub fn is_backed(&self, dossier_hash: H256) -> bool {
		let agrees = |judgement: &Judgement| {
			judgement.dossier_hash == dossier_hash
				&& match judgement.verdict {
					Verdict::Triage(Decision::Confirm) => true,
					Verdict::Triage(Decision::ConfirmAs(severity)) => severity.blocks(),
					_ => false,
				}
		};
		!self.public || self.status == Status::Confirmed || self.judgements.iter().any(agrees)
	}

	/// It stands differently now: what was said of it before is settled.
	pub(crate) fn become_status(&mut self, status: Status, judged_in: H256) {
		self.status = status;
		self.judged_in = judged_in;
		self.judgements = Default::default();
	}
}

/// How many findings a proposal has had. Of all slots, half are for auditors, a quarter for severe findings of others,
/// a quarter for what others report as less: none of the three can keep the others out.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Slots {
	/// All of them: the number of the next one.
	pub taken: u32,
	/// Findings that block, of accounts that were no auditors.
	pub public_severe: u32,
	/// Findings that do not block, of accounts that were no auditors.
	pub public_minor: u32,
}

impl Slots {
	/// How many slots the severe findings of others than auditors have, and how many the others of these.
	pub fn for_public(most: u32) -> u32 {
		most / 4
	}

	/// How many slots auditors have: all the rest.
	pub fn for_auditors(most: u32) -> u32 {
		most.saturating_sub(Self::for_public(most).saturating_mul(2))
	}

	/// Findings of auditors.
	pub fn of_auditors(&self) -> u32 {
		let public = self.public_severe.saturating_add(self.public_minor);
		self.taken.saturating_sub(public)
	}

	/// The share of others than auditors that findings of a severity take from.
	pub(crate) fn public(&mut self, severity: Severity) -> &mut u32 {
		if severity.blocks() {
			&mut self.public_severe
		} else {
			&mut self.public_minor
		}
	}
}

/// The review of a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Review<AccountId, BlockNumber, Balance> {
	/// Who proposed what is reviewed.
	pub proposer: AccountId,
	/// What is reviewed.
	pub dossier_hash: H256,
	/// The first block in which it can pass.
	pub earliest: BlockNumber,
	/// The block in which it fails if it did not pass.
	pub latest: BlockNumber,
	/// Approvals needed.
	pub approvals: u32,
	/// Reproduced builds needed.
	pub builds: u32,
	/// What must have been put into the bounty.
	pub bounty: Balance,
	/// Set when the stage is over.
	pub closed: bool,
}

/// What one account put into a bounty.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Part<AccountId, Balance> {
	/// Who.
	pub funder: AccountId,
	/// All it put in.
	pub funded: Balance,
	/// What is left of it: held of the funder.
	pub left: Balance,
}

/// Validators that would take an upgrade with a finding.
#[derive(
	CloneNoBound, PartialEqNoBound, EqNoBound, DebugNoBound, Encode, Decode, MaxEncodedLen, TypeInfo,
)]
#[scale_info(skip_type_params(MaxValidators))]
pub struct Waiver<AccountId, MaxValidators>
where
	AccountId: Clone + PartialEq + Eq + core::fmt::Debug,
	MaxValidators: Get<u32>,
{
	/// The dossier that they would take. A waiver counts for no other one.
	pub dossier_hash: H256,
	/// Who they are.
	pub validators: BoundedVec<AccountId, MaxValidators>,
}

/// What a review has, and what it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReviewProgress<Balance> {
	/// Organisations that approved the code: there are, needed.
	pub approvals: (u32, u32),
	/// Organisations that reproduced the bytes: there are, needed.
	pub builds: (u32, u32),
	/// Organisations that approved of the specification. None is needed.
	pub specifications: u32,
	/// What was put into the bounty, and what is needed.
	pub bounty: (Balance, Balance),
	/// Findings that block. None may be left.
	pub blocking: u32,
}
