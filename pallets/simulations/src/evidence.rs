//! Reports: what the chain itself can check of them, and what happens to whoever revealed a lie.

use crate::{
	pallet::*,
	types::{Answer, Round, Submission},
};
use airlock_primitives::{Failure, Lifecycle, ProposalId, Stage};
use airlock_report::{
	samples, tree::ProofError, BlockLeaf, Contradiction, Leaf, Opening, OpeningError, Report,
	SectionId, SimConfig, SCHEMA,
};
use alloc::{boxed::Box, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{pallet_prelude::*, storage::with_storage_layer};
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{Header as _, UniqueSaturatedInto, Zero};

/// Sections that every report must have.
pub const REQUIRED_SECTIONS: [SectionId; 7] = [
	SectionId::Static,
	SectionId::Enactment,
	SectionId::State,
	SectionId::Replay,
	SectionId::Continuous,
	SectionId::Stress,
	SectionId::Rollback,
];

/// Most bytes of a header in a challenge. One that hands over to a thousand authorities is not longer.
pub const MAX_HEADER_LEN: u32 = 64 * 1024;

/// What shows that a report is false.
///
/// A header is never held against the chain but against the hash that a leaf claims, so it does not matter how old the
/// block is. The chain knows the anchor's hash as long as the round is open. If a block below it has a wrong hash in the
/// report, then there is a highest such block, the leaf above it has the true hash, and [`Evidence::Parent`] proves it.
/// If all hashes are true, [`Evidence::Header`] proves each wrong root.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Evidence<Header> {
	/// A leaf that contradicts the report's subject, or a hash that the chain knows.
	#[codec(index = 0)]
	Leaf(Box<Opening>),
	/// A block's leaf, and the header with that leaf's hash: its number or one of its roots is another.
	#[codec(index = 1)]
	Header {
		/// The block.
		block: Box<Opening>,
		/// Its header.
		header: Box<Header>,
	},
	/// The leaves of a block and of the next one, and the header with the next one's hash: its parent is another.
	#[codec(index = 2)]
	Parent {
		/// The block.
		block: Box<Opening>,
		/// The next block.
		child: Box<Opening>,
		/// The header of the next block.
		header: Box<Header>,
	},
}

impl<Header> Evidence<Header> {
	/// The leaves that it shows.
	fn openings(&self) -> impl Iterator<Item = &Opening> {
		let (first, second) = match self {
			Evidence::Leaf(block) | Evidence::Header { block, .. } => (block, None),
			Evidence::Parent { block, child, .. } => (block, Some(child)),
		};
		core::iter::once(first)
			.chain(second)
			.map(|opening| &**opening)
	}
}

impl<T: Config> Pallet<T> {
	pub(crate) fn genesis() -> H256 {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}

	/// The hash of a block, as far as this chain still knows it.
	fn known_hash(round: &Round<BlockNumberFor<T>>, number: u32) -> Option<H256> {
		if number == UniqueSaturatedInto::<u32>::unique_saturated_into(round.anchor) {
			return Some(round.anchor_hash);
		}
		let hash = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(number));
		Some(hash).filter(|hash| !hash.is_zero())
	}

	/// A report that may be revealed in this round, whoever reveals it.
	pub(crate) fn ensure_admissible(
		report: &Report,
		round: &Round<BlockNumberFor<T>>,
	) -> DispatchResult {
		ensure!(
			Self::is_about(&report.config, round),
			Error::<T>::OtherSubject
		);
		ensure!(
			report.is_complete(&REQUIRED_SECTIONS),
			Error::<T>::SectionMissing
		);
		ensure!(report.is_whole(), Error::<T>::LeavesMissing);
		Ok(())
	}

	/// True if a report says of itself that it is about this round. The engine's version is left to
	/// agreement: different engines make different roots.
	fn is_about(config: &SimConfig, round: &Round<BlockNumberFor<T>>) -> bool {
		config.schema == SCHEMA
			&& config.genesis == Self::genesis()
			&& config.parent_code == round.parent_code
			&& config.candidate == round.candidate
			&& config.rollback == round.rollback
			&& config.anchor == UniqueSaturatedInto::<u32>::unique_saturated_into(round.anchor)
			&& config.anchor_hash == round.anchor_hash
			&& config.blocks == round.blocks
			&& config.scope == round.scope
			&& config.effects == round.effects
			&& config.minted == round.minted
	}

	/// Checks that exactly the drawn leaves are opened, and that none of them is a lie.
	pub(crate) fn ensure_opened(
		seed: &H256,
		simulator: &T::AccountId,
		round: &Round<BlockNumberFor<T>>,
		report: &Report,
		openings: &[Opening],
	) -> DispatchResult {
		let drawn = simulator.using_encoded(|bytes| samples(seed, bytes, report));
		ensure!(openings.len() >= drawn.len(), Error::<T>::TooFewOpenings);
		ensure!(openings.len() <= drawn.len(), Error::<T>::TooManyOpenings);
		for (opening, wanted) in openings.iter().zip(drawn) {
			let shown = (opening.section, opening.index);
			ensure!(shown == wanted, Error::<T>::OpeningNotDrawn);
			opening.verify(report).map_err(Error::<T>::from)?;
			let known = |number| Self::known_hash(round, number);
			if let Some(why) = opening.contradiction(&report.config, known) {
				return Err(Error::<T>::from(why).into());
			}
		}
		Ok(())
	}

	/// Checks that leaves are in a report and that no honest simulator can have written them.
	pub(crate) fn ensure_false(
		round: &Round<BlockNumberFor<T>>,
		report: &Report,
		evidence: &Evidence<HeaderFor<T>>,
	) -> DispatchResult {
		for opening in evidence.openings() {
			opening.verify(report).map_err(Error::<T>::from)?;
			let known = |number| Self::known_hash(round, number);
			if opening.contradiction(&report.config, known).is_some() {
				return Ok(());
			}
		}
		let honest = match evidence {
			Evidence::Leaf(_) => true,
			Evidence::Header { block, header } => Self::agrees(block, header)?,
			Evidence::Parent {
				block,
				child,
				header,
			} => Self::is_parent(block, child, header)?,
		};
		ensure!(!honest, Error::<T>::NothingProven);
		Ok(())
	}

	/// Whether a block's leaf says what is in the header whose hash it has.
	fn agrees(block: &Opening, header: &HeaderFor<T>) -> Result<bool, Error<T>> {
		let leaf = Self::block_leaf(block)?;
		Self::ensure_claimed(leaf, header)?;
		Ok(*header.number() == BlockNumberFor::<T>::from(leaf.number)
			&& *header.state_root() == leaf.state_root
			&& *header.extrinsics_root() == leaf.extrinsics_root)
	}

	/// Whether a block is the parent of the next one, whose header this is.
	fn is_parent(
		block: &Opening,
		child: &Opening,
		header: &HeaderFor<T>,
	) -> Result<bool, Error<T>> {
		let (leaf, next) = (Self::block_leaf(block)?, Self::block_leaf(child)?);
		// Both are about the number that their index asks for, or they would have contradicted it. Of an honest report
		// only neighbours are parent and child, so nothing else may be compared.
		ensure!(
			leaf.number.checked_add(1) == Some(next.number),
			Error::<T>::LeavesNotAdjacent
		);
		Self::ensure_claimed(next, header)?;
		Ok(*header.parent_hash() == leaf.hash)
	}

	/// The block that a leaf is about. A leaf about another thing has no header.
	fn block_leaf(opening: &Opening) -> Result<&BlockLeaf, Error<T>> {
		match &opening.leaf {
			Leaf::Block(leaf) => Ok(leaf),
			_ => Err(Error::NothingProven),
		}
	}

	/// Checks that a header is the one that a leaf names by its hash: there is no other with this hash.
	fn ensure_claimed(leaf: &BlockLeaf, header: &HeaderFor<T>) -> Result<(), Error<T>> {
		ensure!(
			header.encoded_size() <= MAX_HEADER_LEN as usize,
			Error::<T>::HeaderTooLong
		);
		ensure!(header.hash() == leaf.hash, Error::<T>::HeaderNotOfLeaf);
		Ok(())
	}

	/// Drops a false report and expels everybody who revealed it. Bounded by [`Config::MaxSeats`].
	pub(crate) fn punish(
		id: ProposalId,
		report_root: H256,
		challenger: &T::AccountId,
	) -> DispatchResult {
		let mut submissions = Submissions::<T>::get(id);
		let mut liars: Vec<_> = submissions
			.iter_mut()
			.filter(|s| s.report().is_some_and(|(root, _)| root == report_root))
			.collect();
		// Nobody gets a part of the own bond back, and no accomplice's for having betrayed him in time.
		let rewarded = (!Self::is_one_of(challenger, &liars)).then_some(challenger);
		for liar in &mut liars {
			liar.answer = Answer::False { root: report_root };
			let (rewarded, burnt) = Self::slash(&liar.simulator, rewarded)?;
			Self::deposit_event(Event::Slashed {
				id,
				simulator: liar.simulator.clone(),
				rewarded,
				burnt,
			});
		}
		Submissions::<T>::insert(id, submissions);
		Reports::<T>::remove(id, report_root);
		Ok(())
	}

	/// True if an account or its organisation is among these.
	fn is_one_of(who: &T::AccountId, liars: &[&mut Submission<T::AccountId>]) -> bool {
		let organisation = Simulators::<T>::get(who).map(|entry| entry.organisation);
		liars
			.iter()
			.any(|liar| liar.simulator == *who || Some(liar.organisation) == organisation)
	}

	/// Stops a proposal that has passed the stage on reports of which too few are left.
	pub(crate) fn stop_if_unsupported(id: ProposalId, round: &Round<BlockNumberFor<T>>) {
		let passed = T::Lifecycle::stage(id).is_some_and(|stage| stage > Stage::Simulation);
		let agreement = Self::agreement(round, &Submissions::<T>::get(id));
		if !passed || agreement == crate::round::Agreement::Pass {
			return;
		}
		// What was done to the liars stands also if the code is written already: probation judges it then.
		let stopped = with_storage_layer(|| T::Lifecycle::stop(id, Failure::FalseReport));
		if stopped.is_err() {
			Self::deposit_event(Event::TooLateToStop { id });
		}
	}
}

impl<T> From<OpeningError> for Error<T> {
	fn from(error: OpeningError) -> Self {
		match error {
			OpeningError::NoSection => Error::OpeningWithoutSection,
			OpeningError::Proof(ProofError::IndexOutOfRange) => Error::OpeningOutOfRange,
			OpeningError::Proof(ProofError::WrongLength) => Error::ProofLengthWrong,
			OpeningError::Proof(ProofError::RootMismatch) => Error::ProofRootWrong,
			OpeningError::Proof(ProofError::SumsMismatch) => Error::ProofSumsWrong,
		}
	}
}

impl<T> From<Contradiction> for Error<T> {
	fn from(why: Contradiction) -> Self {
		match why {
			Contradiction::OtherSection => Error::LeafOfOtherSection,
			Contradiction::OtherBlock => Error::LeafOfOtherBlock,
			Contradiction::OtherHash => Error::LeafOfOtherHash,
			Contradiction::Impossible => Error::LeafImpossible,
		}
	}
}
