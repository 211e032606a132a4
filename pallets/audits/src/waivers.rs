//! Waivers: the validators take an upgrade with a finding, judged or not: auditors that do not answer block nobody
//! whom nine tenths of the power want to go on.

use super::*;

impl<T: Config> Pallet<T> {
	/// Adds a validator to a waiver, and waives if enough of the current power stands behind it.
	pub(crate) fn do_waive(
		id: ProposalId,
		number: u32,
		who: T::AccountId,
		dossier_hash: H256,
	) -> DispatchResult {
		let voters: BTreeMap<_, _> = T::Electorate::voters()
			.into_iter()
			.map(|voter| (voter.account, voter.power))
			.collect();
		ensure!(voters.contains_key(&who), Error::<T>::NotValidator);
		let finding = Self::finding(id, number)?;
		Self::ensure_current(id, dossier_hash)?;
		ensure!(finding.status.stands(), Error::<T>::NotStanding);
		let mut waiver = Self::waiver(id, number, dossier_hash);
		// Whoever left the set is no voice any more. This also keeps the list as short as the set.
		waiver.validators.retain(|v| voters.contains_key(v));
		let first_time = !waiver.validators.contains(&who);
		if first_time {
			let pushed = waiver.validators.try_push(who.clone());
			ensure!(pushed.is_ok(), Error::<T>::TooManyWaivers);
		}
		let total: Power = voters.values().sum();
		let behind: Power = waiver.validators.iter().filter_map(|v| voters.get(v)).sum();
		let waived = WAIVER.reached_by(behind, total);
		// Who waived already may ask again: others may have left, so that it is enough now.
		ensure!(first_time || waived, Error::<T>::AlreadyWaived);
		if first_time {
			Self::deposit_event(Event::WaiverAdded {
				id,
				finding: number,
				validator: who,
			});
		}
		if waived {
			Self::settle_waiver(id, number, finding, dossier_hash);
		} else {
			Waivers::<T>::insert(id, number, waiver);
		}
		Ok(())
	}

	pub(crate) fn do_retract_waiver(
		id: ProposalId,
		number: u32,
		who: T::AccountId,
	) -> DispatchResult {
		Waivers::<T>::try_mutate_exists(id, number, |slot| {
			let waiver = slot.as_mut().ok_or(Error::<T>::NotWaiving)?;
			let at = waiver.validators.iter().position(|v| v == &who);
			waiver.validators.remove(at.ok_or(Error::<T>::NotWaiving)?);
			if waiver.validators.is_empty() {
				*slot = None;
			}
			Ok::<_, DispatchError>(())
		})?;
		Self::deposit_event(Event::WaiverRetracted {
			id,
			finding: number,
			validator: who,
		});
		Ok(())
	}

	/// The waiver of a finding for a dossier: an empty one if there is none, or one for another dossier.
	fn waiver(id: ProposalId, number: u32, dossier_hash: H256) -> WaiverOf<T> {
		Waivers::<T>::get(id, number)
			.filter(|waiver| waiver.dossier_hash == dossier_hash)
			.unwrap_or(Waiver {
				dossier_hash,
				validators: Default::default(),
			})
	}

	fn settle_waiver(id: ProposalId, number: u32, mut finding: FindingOf<T>, dossier_hash: H256) {
		let blocked = finding.blocks();
		finding.become_status(Status::Waived, dossier_hash);
		Self::note_blocking(id, blocked, finding.blocks());
		Findings::<T>::insert(id, number, finding);
		Waivers::<T>::remove(id, number);
		Self::deposit_event(Event::FindingWaived {
			id,
			finding: number,
		});
	}

	/// Drops the waivers of all dossiers but one. At most `MaxFindings`.
	pub(crate) fn void_waivers(id: ProposalId, but: H256) {
		let stale: Vec<_> = Waivers::<T>::iter_prefix(id)
			.filter(|(_, waiver)| waiver.dossier_hash != but)
			.map(|(number, _)| number)
			.collect();
		for number in stale {
			Waivers::<T>::remove(id, number);
		}
	}

	/// Drops all waivers, without reading them: together they can be long. At most `MaxFindings`.
	pub(crate) fn remove_waivers(id: ProposalId) {
		let numbers: Vec<_> = Waivers::<T>::iter_key_prefix(id).collect();
		for number in numbers {
			Waivers::<T>::remove(id, number);
		}
	}
}
