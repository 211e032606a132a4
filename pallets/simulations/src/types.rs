//! What the pallet stores.

use crate::Config;
use airlock_primitives::OrganisationId;
use airlock_report::{PalletSet, Verdict};
use frame_support::{pallet_prelude::*, traits::fungible::Inspect};
use sp_core::H256;

/// Balance of the configured currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// Whether a simulator takes part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Standing {
	/// It may take seats.
	#[codec(index = 0)]
	Serving,
	/// The council removed it. It takes no seat any more, and its bond is returned when the last proposal ends
	/// on which it has one.
	#[codec(index = 1)]
	Leaving,
	/// It revealed a report that was proven false: its bond is gone. It stays known until the last proposal ends
	/// on which it has a seat.
	#[codec(index = 2)]
	Expelled,
}

/// A registered simulator.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Simulator<Balance> {
	/// The organisation behind it. One organisation has one seat on a proposal.
	pub organisation: OrganisationId,
	/// Held of it.
	pub bond: Balance,
	/// Whether it takes part.
	pub standing: Standing,
	/// Seats that it has on open proposals. The bond stays as long as there is one.
	pub active: u32,
}

/// What must be simulated, and when.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Round<BlockNumber> {
	/// Round of the proposal.
	pub round: u32,
	/// Attempt within the round: 0, or 1 after the extension.
	pub attempt: u8,
	/// Hash of the dossier.
	pub dossier_hash: H256,
	/// blake2-256 of the candidate.
	pub candidate: H256,
	/// blake2-256 of the code it replaces.
	pub parent_code: H256,
	/// blake2-256 of the dedicated rollback code.
	pub rollback: Option<H256>,
	/// The last block to replay.
	pub anchor: BlockNumber,
	/// Hash of that block.
	pub anchor_hash: H256,
	/// Blocks to replay.
	pub blocks: u32,
	/// Pallets that the dossier says the upgrade touches.
	pub scope: PalletSet,
	/// blake2-256 of the manifest of expected effects.
	pub effects: H256,
	/// Units of the currency that the dossier says the switch makes.
	pub minted: u128,
	/// Length of a commit window, in blocks.
	pub commit_window: BlockNumber,
	/// Length of a reveal window, in blocks.
	pub reveal_window: BlockNumber,
	/// The first block in which no commitment is taken.
	pub commit_until: BlockNumber,
	/// The first block in which no report is taken.
	pub reveal_until: BlockNumber,
	/// What the samples are drawn with. Set once no commitment of this attempt is taken any more.
	pub seed: Option<H256>,
	/// Identical reports needed.
	pub required: u32,
	/// Most simulators.
	pub seats: u32,
	/// True when the stage is over: nothing is taken any more.
	pub closed: bool,
}

/// What has come of a commitment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Answer {
	/// Nothing yet.
	#[codec(index = 0)]
	Sealed,
	/// The report was shown. Only such reports count.
	#[codec(index = 1)]
	Revealed {
		/// Root of the report.
		root: H256,
		/// What it says.
		verdict: Verdict,
	},
	/// The reveal window ended without a report.
	#[codec(index = 2)]
	NotRevealed,
	/// The report was shown and proven false.
	#[codec(index = 3)]
	False {
		/// Root of the report.
		root: H256,
	},
}

/// What one simulator has handed in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Submission<AccountId> {
	/// The simulator.
	pub simulator: AccountId,
	/// Its organisation when it committed.
	pub organisation: OrganisationId,
	/// Its sealed report.
	pub commitment: H256,
	/// What has come of it.
	pub answer: Answer,
}

impl<AccountId> Submission<AccountId> {
	/// Root and verdict of a report that counts.
	pub fn report(&self) -> Option<(H256, Verdict)> {
		match self.answer {
			Answer::Revealed { root, verdict } => Some((root, verdict)),
			Answer::Sealed | Answer::NotRevealed | Answer::False { .. } => None,
		}
	}
}

/// How far a round is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
	/// Simulators that committed.
	pub commits: u32,
	/// Simulators whose report was revealed and counts.
	pub reveals: u32,
	/// Identical reports needed.
	pub required: u32,
	/// Most simulators.
	pub seats: u32,
}
