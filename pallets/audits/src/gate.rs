//! The stage Review, as the stage machine and clients see it.

use super::*;

impl<T: Config> Pallet<T> {
	/// Organisations that approve of one kind.
	fn approving(id: ProposalId, kind: Kind) -> u32 {
		let attestations = Attestations::<T>::get(id);
		let organisations: BTreeSet<_> = attestations
			.iter()
			.filter(|a| a.kind == kind && a.opinion == Opinion::Approve)
			.map(|a| a.organisation)
			.collect();
		organisations.len() as u32
	}

	/// What a review has, and what it needs.
	pub fn progress(id: ProposalId) -> Option<ReviewProgress<BalanceOf<T>>> {
		Reviews::<T>::get(id).map(|review| Self::progress_of(id, &review))
	}

	fn progress_of(id: ProposalId, review: &ReviewOf<T>) -> ReviewProgress<BalanceOf<T>> {
		ReviewProgress {
			approvals: (Self::approving(id, Kind::CodeReview), review.approvals),
			builds: (Self::approving(id, Kind::ReproducedBuild), review.builds),
			specifications: Self::approving(id, Kind::Specification),
			bounty: (Self::funded(id), review.bounty),
			blocking: Blocking::<T>::get(id),
		}
	}
}

impl<Balance: PartialOrd> ReviewProgress<Balance> {
	/// True if every piece of evidence that the policy asks for is there.
	pub fn is_complete(&self) -> bool {
		self.is_attested() && self.bounty.0 >= self.bounty.1
	}

	fn is_attested(&self) -> bool {
		self.approvals.0 >= self.approvals.1 && self.builds.0 >= self.builds.1
	}
}

impl<T: Config> OpenFindings for Pallet<T> {
	fn blocking(id: ProposalId) -> bool {
		Blocking::<T>::get(id) > 0
	}

	fn backed(id: ProposalId) -> bool {
		let Some(dossier_hash) = T::Lifecycle::dossier_hash(id) else {
			return false;
		};
		// Reads at most `MaxFindings`, and none while nothing blocks.
		Self::blocking(id)
			&& Findings::<T>::iter_prefix_values(id)
				.any(|finding| finding.blocks() && finding.is_backed(dossier_hash))
	}
}

impl<T: Config> StageGate<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
	fn open(
		id: ProposalId,
		about: &DossierRef<T::AccountId>,
		policy: &ClassPolicy<BlockNumberFor<T>>,
		now: BlockNumberFor<T>,
	) -> DispatchResult {
		// Attestations and waivers of an earlier round are about another dossier. Findings stay, and what was
		// resolved there may be back.
		Self::void_attestations(id);
		Self::void_waivers(id, about.hash);
		Self::reopen_settled(id, about.hash);
		let policy = &policy.review;
		let wide = policy
			.per_pallet
			.saturating_mul((about.dossier.scope.len() as u32).into());
		let earliest = now.saturating_add(policy.minimum).saturating_add(wide);
		let latest = earliest.saturating_add(policy.grace);
		let review = Review {
			proposer: about.proposer.clone(),
			dossier_hash: about.hash,
			earliest,
			latest,
			approvals: policy.approvals,
			builds: policy.builds,
			bounty: T::MinBounty::get(),
			closed: false,
		};
		Reviews::<T>::insert(id, review);
		Self::deposit_event(Event::ReviewOpened {
			id,
			earliest,
			latest,
		});
		Ok(())
	}

	fn poll(id: ProposalId, now: BlockNumberFor<T>) -> GateStatus<BlockNumberFor<T>> {
		let Some(review) = Reviews::<T>::get(id) else {
			return GateStatus::Failed(Failure::StageNotOpened);
		};
		if now < review.earliest {
			return GateStatus::Pending {
				until: review.earliest,
			};
		}
		let progress = Self::progress_of(id, &review);
		let blocked = progress.blocking > 0;
		if progress.is_complete() && !blocked {
			GateStatus::Passed
		} else if now < review.latest {
			GateStatus::Pending {
				until: review.latest.max(now.saturating_add(One::one())),
			}
		} else if blocked {
			GateStatus::Failed(Failure::OpenFinding)
		} else if progress.is_attested() {
			GateStatus::Failed(Failure::BountyMissing)
		} else {
			GateStatus::Failed(Failure::TooFewAttestations)
		}
	}

	fn close(id: ProposalId) {
		Reviews::<T>::mutate_extant(id, |review| review.closed = true);
	}

	fn clear(id: ProposalId) {
		Reviews::<T>::remove(id);
		Self::void_attestations(id);
		Self::remove_waivers(id);
		Self::return_bounty(id);
		Self::remove_findings(id);
	}
}
