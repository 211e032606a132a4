//! The stage: windows, agreement, and the one extension.

use crate::{
	pallet::*,
	types::{Answer, Progress, Round, Standing, Submission},
};
use airlock_primitives::{
	ClassPolicy, DossierRef, Failure, GateStatus, OrganisationId, ProposalId, Rollback, StageGate,
};
use airlock_report::Verdict;
use alloc::collections::BTreeMap;
use frame_support::pallet_prelude::*;
use frame_system::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::{
	traits::{One, Saturating},
	SaturatedConversion,
};

/// How often a round that ended without a result is tried again.
pub const EXTENSIONS: u8 = 1;

/// What enough simulators agree on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Agreement {
	/// The candidate passes.
	Pass,
	/// The candidate fails.
	Fail,
	/// Nothing that a proposal can go on, or end, with.
	Inconclusive(Failure),
}

impl<T: Config> Pallet<T> {
	/// What the reports that count agree on.
	pub(crate) fn agreement(
		round: &Round<BlockNumberFor<T>>,
		submissions: &[Submission<T::AccountId>],
	) -> Agreement {
		let mut agreeing = BTreeMap::<H256, (u32, Verdict)>::new();
		// Who lied about one proposal is believed about no other.
		let believed = submissions
			.iter()
			.filter(|s| Self::is_believed(&s.simulator));
		for (root, verdict) in believed.filter_map(Submission::report) {
			let (count, _) = agreeing.entry(root).or_insert((0, verdict));
			*count = count.saturating_add(1);
		}
		let mut enough = agreeing
			.values()
			.filter(|(count, _)| *count >= round.required);
		match (enough.next(), enough.next()) {
			(Some((_, Verdict::Pass)), None) => Agreement::Pass,
			(Some((_, Verdict::Fail)), None) => Agreement::Fail,
			// All harnesses break alike: no fault of the candidate, but no evidence for it either.
			(Some((_, Verdict::Inconclusive)), None) => {
				Agreement::Inconclusive(Failure::SimulationFailed)
			}
			// A policy that needs less than a majority of the seats can see two agreements.
			(Some(_), Some(_)) => Agreement::Inconclusive(Failure::ReportsDisagree),
			(None, _) if agreeing.len() > 1 => Agreement::Inconclusive(Failure::ReportsDisagree),
			(None, _) => Agreement::Inconclusive(Failure::TooFewReports),
		}
	}

	fn is_believed(simulator: &T::AccountId) -> bool {
		Simulators::<T>::get(simulator).is_some_and(|entry| entry.standing != Standing::Expelled)
	}

	/// Gives a simulator a seat.
	pub(crate) fn take_seat(
		id: ProposalId,
		seats: u32,
		simulator: &T::AccountId,
		organisation: OrganisationId,
		commitment: H256,
	) -> DispatchResult {
		Submissions::<T>::try_mutate(id, |submissions| {
			for other in submissions.iter() {
				ensure!(other.simulator != *simulator, Error::<T>::AlreadyCommitted);
				ensure!(
					other.organisation != organisation,
					Error::<T>::OrganisationHasSeat
				);
			}
			ensure!((submissions.len() as u32) < seats, Error::<T>::NoSeatLeft);
			submissions
				.try_push(Submission {
					simulator: simulator.clone(),
					organisation,
					commitment,
					answer: Answer::Sealed,
				})
				.map_err(|_| Error::<T>::NoSeatLeft.into())
		})
	}

	/// Draws the seed: the hash of the parent, which is at the earliest the last block with a commitment in it.
	///
	/// The reveal window begins here. If the hook is late, since too much was due, nobody loses a block of it.
	fn draw_seed(id: ProposalId, round: &mut Round<BlockNumberFor<T>>, now: BlockNumberFor<T>) {
		let seed = frame_system::Pallet::<T>::parent_hash();
		round.seed = Some(seed);
		round.reveal_until = now.saturating_add(round.reveal_window);
		Rounds::<T>::insert(id, &*round);
		Self::deposit_event(Event::SeedDrawn {
			id,
			seed,
			reveal_until: round.reveal_until,
		});
	}

	/// Fines who committed and revealed nothing.
	fn settle_no_shows<'a>(
		id: ProposalId,
		submissions: impl Iterator<Item = &'a mut Submission<T::AccountId>>,
	) {
		for submission in submissions.filter(|s| s.answer == Answer::Sealed) {
			submission.answer = Answer::NotRevealed;
			let fined = Self::fine(&submission.simulator);
			Self::deposit_event(Event::NotRevealed {
				id,
				simulator: submission.simulator.clone(),
				fined,
			});
		}
	}

	/// A round that ended without a result: once it starts again, then it fails.
	fn extend_or_fail(
		id: ProposalId,
		mut round: Round<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
		why: Failure,
	) -> GateStatus<BlockNumberFor<T>> {
		if round.attempt >= EXTENSIONS {
			return GateStatus::Failed(why);
		}
		Self::drop_evidence(id);
		round.attempt = round.attempt.saturating_add(1);
		round.seed = None;
		round.commit_until = now.saturating_add(round.commit_window);
		round.reveal_until = round.commit_until.saturating_add(round.reveal_window);
		let (attempt, until) = (round.attempt, round.commit_until);
		Rounds::<T>::insert(id, round);
		Self::deposit_event(Event::Extended { id, attempt, why });
		GateStatus::Pending { until }
	}

	/// Drops what was handed in, and gives the seats back. Bounded by [`Config::MaxSeats`].
	fn drop_evidence(id: ProposalId) {
		for submission in Submissions::<T>::take(id) {
			Self::leave_seat(&submission.simulator);
		}
		// At most one for each seat. Code that failed may have written more: they stay.
		let _ = Reports::<T>::clear_prefix(id, T::MaxSeats::get(), None);
	}

	/// How far the round of a proposal is.
	pub fn progress(id: ProposalId) -> Option<Progress> {
		let round = Rounds::<T>::get(id)?;
		let submissions = Submissions::<T>::get(id);
		let reveals = submissions.iter().filter(|s| s.report().is_some()).count();
		Some(Progress {
			commits: submissions.len() as u32,
			reveals: reveals as u32,
			required: round.required,
			seats: round.seats,
		})
	}
}

impl<T: Config> StageGate<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
	fn open(
		id: ProposalId,
		about: &DossierRef<T::AccountId>,
		policy: &ClassPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
	) -> DispatchResult {
		// Evidence of an earlier round is about another dossier.
		Self::clear(id);
		let policy = &policy.simulation;
		let anchor = now.saturating_sub(One::one());
		let rollback = match &about.dossier.rollback {
			Rollback::Dedicated(code) => Some(code.hash),
			Rollback::PreviousCode | Rollback::Irreversible => None,
		};
		let commit_until = now.saturating_add(policy.commit_window);
		Rounds::<T>::insert(
			id,
			Round {
				round: about.round,
				attempt: 0,
				dossier_hash: about.hash,
				candidate: about.dossier.code.hash,
				parent_code: about.dossier.parent_code_hash,
				rollback,
				anchor,
				anchor_hash: frame_system::Pallet::<T>::parent_hash(),
				blocks: policy.replay_blocks.min(anchor.saturated_into()),
				scope: about.dossier.scope.iter().copied().collect(),
				effects: about.dossier.expected_effects.hash,
				minted: about.dossier.minted,
				commit_window: policy.commit_window,
				reveal_window: policy.reveal_window,
				commit_until,
				reveal_until: commit_until.saturating_add(policy.reveal_window),
				seed: None,
				required: policy.required,
				seats: policy.seats.min(T::MaxSeats::get()),
				closed: false,
			},
		);
		Self::deposit_event(Event::RoundOpened {
			id,
			round: about.round,
			anchor,
		});
		Ok(())
	}

	/// Bounded by [`Config::MaxSeats`]; each attempt draws one seed and settles once.
	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(mut round) = Rounds::<T>::get(id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if now < round.commit_until {
			return GateStatus::Pending {
				until: round.commit_until,
			};
		}
		let mut submissions = Submissions::<T>::get(id);
		if submissions.is_empty() {
			// There is nothing to wait for.
			return Self::extend_or_fail(id, round, now, Failure::TooFewReports);
		}
		if round.seed.is_none() {
			Self::draw_seed(id, &mut round, now);
		}
		let agreement = Self::agreement(&round, &submissions);
		let all_answered = submissions.iter().all(|s| s.answer != Answer::Sealed);
		// Only a pass comes early, since its reports can be challenged until the proposal ends. Everything else
		// drops them, so liars would be gone before anybody could look.
		let early = all_answered && agreement == Agreement::Pass;
		if now < round.reveal_until && !early {
			return GateStatus::Pending {
				until: round.reveal_until,
			};
		}
		Self::settle_no_shows(id, submissions.iter_mut());
		Submissions::<T>::insert(id, submissions);
		match agreement {
			Agreement::Pass => GateStatus::Passed,
			Agreement::Fail => GateStatus::Failed(Failure::SimulationFailed),
			Agreement::Inconclusive(why) => Self::extend_or_fail(id, round, now, why),
		}
	}

	fn close(id: ProposalId) {
		// Evidence stays readable, and can be challenged, until the proposal ends; only the windows are over.
		Rounds::<T>::mutate_extant(id, |round| round.closed = true);
	}

	fn clear(id: ProposalId) {
		Rounds::<T>::remove(id);
		Self::drop_evidence(id);
	}
}
