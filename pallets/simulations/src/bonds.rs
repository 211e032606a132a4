//! Bonds: what a simulator loses when it lies or withholds, and why it cannot take the bond and run.
//!
//! A simulator with a seat on an open proposal keeps its entry in [`Simulators`], whatever happens to it, and its
//! bond with it. The entry goes when its last seat does.

use crate::{
	pallet::*,
	types::{BalanceOf, Simulator, Standing},
};
use airlock_primitives::OrganisationId;
use frame_support::{
	pallet_prelude::*,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use sp_runtime::traits::{CheckedDiv, Saturating, Zero};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_admit(who: &T::AccountId, organisation: OrganisationId) -> DispatchResult {
		if let Some(known) = Simulators::<T>::get(who) {
			Self::ensure_serving(&known)?;
			return Err(Error::<T>::AlreadyAdmitted.into());
		}
		let bond = T::Bond::get();
		T::Currency::hold(&HoldReason::SimulatorBond.into(), who, bond)?;
		Simulators::<T>::insert(
			who,
			Simulator {
				organisation,
				bond,
				standing: Standing::Serving,
				active: 0,
			},
		);
		Ok(())
	}

	/// An error that says why a simulator does not take part.
	pub(crate) fn ensure_serving(entry: &Simulator<BalanceOf<T>>) -> DispatchResult {
		match entry.standing {
			Standing::Serving => Ok(()),
			Standing::Leaving => Err(Error::<T>::Leaving.into()),
			Standing::Expelled => Err(Error::<T>::Expelled.into()),
		}
	}

	/// Half of a bond, for new seats: less would make a lie cheap.
	pub(crate) fn ensure_bonded(entry: &Simulator<BalanceOf<T>>) -> DispatchResult {
		let enough = entry.bond.saturating_mul(2u32.into()) >= T::Bond::get();
		ensure!(enough, Error::<T>::BondTooLow);
		Ok(())
	}

	/// Ends a registration without seats: the bond is back.
	pub(crate) fn dismiss(who: &T::AccountId, entry: &Simulator<BalanceOf<T>>) -> DispatchResult {
		let reason = HoldReason::SimulatorBond.into();
		T::Currency::release(&reason, who, entry.bond, Precision::BestEffort)?;
		Simulators::<T>::remove(who);
		Self::deposit_event(Event::Removed {
			simulator: who.clone(),
		});
		Ok(())
	}

	/// Takes a seat back from a simulator.
	pub(crate) fn leave_seat(who: &T::AccountId) {
		// There is an entry: it stays as long as there is a seat.
		let Some(mut entry) = Simulators::<T>::get(who) else {
			return;
		};
		entry.active = entry.active.saturating_sub(1);
		let ends = entry.active.is_zero() && entry.standing != Standing::Serving;
		// If the currency refused the release, the entry would stay and `remove` could try it again.
		let gone = ends && Self::dismiss(who, &entry).is_ok();
		if !gone {
			Simulators::<T>::insert(who, entry);
		}
	}

	/// Burns the fine for a withheld report, or what is left of the bond. Returns what was burnt.
	pub(crate) fn fine(who: &T::AccountId) -> BalanceOf<T> {
		let Some(mut entry) = Simulators::<T>::get(who) else {
			return Zero::zero();
		};
		let burnt = Self::burn(who, T::NoShowFine::get().min(entry.bond));
		entry.bond = entry.bond.saturating_sub(burnt);
		Simulators::<T>::insert(who, entry);
		burnt
	}

	/// Expels a simulator that revealed a false report. Half of its bond, rounded down, goes to `challenger` if
	/// there is one to reward; the rest is burnt. Returns what went where.
	///
	/// # Errors
	/// The currency's, if the challenger's account cannot take the reward.
	pub(crate) fn slash(
		who: &T::AccountId,
		challenger: Option<&T::AccountId>,
	) -> Result<(BalanceOf<T>, BalanceOf<T>), DispatchError> {
		let Some(mut entry) = Simulators::<T>::get(who) else {
			return Ok((Zero::zero(), Zero::zero()));
		};
		let half = entry.bond.checked_div(&2u32.into()).unwrap_or_default();
		let reward = match challenger {
			Some(challenger) => T::Currency::transfer_on_hold(
				&HoldReason::SimulatorBond.into(),
				who,
				challenger,
				half,
				Precision::BestEffort,
				Restriction::Free,
				Fortitude::Force,
			)?,
			None => Zero::zero(),
		};
		let burnt = Self::burn(who, entry.bond.saturating_sub(reward));
		entry.bond = entry.bond.saturating_sub(reward).saturating_sub(burnt);
		entry.standing = Standing::Expelled;
		Simulators::<T>::insert(who, entry);
		Ok((reward, burnt))
	}

	fn burn(who: &T::AccountId, amount: BalanceOf<T>) -> BalanceOf<T> {
		// With best effort and force the currency burns what is held, at most `amount`: an error would mean that
		// nothing was burnt, which is what the caller books then.
		T::Currency::burn_held(
			&HoldReason::SimulatorBond.into(),
			who,
			amount,
			Precision::BestEffort,
			Fortitude::Force,
		)
		.unwrap_or_default()
	}
}
