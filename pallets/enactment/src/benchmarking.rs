//! Benchmarks: sets of up to 1 000 validators who have all signalled or reported, but one. What the gates do in a hook is
//! part of the stage machine's benchmarks.

use super::*;
use airlock_primitives::{
	benchmarking::{self as common, BenchmarkHelper, ID},
	Dossier,
};
use frame_benchmarking::{account, v2::*, BenchmarkError};
use frame_system::RawOrigin;

fn validator<T: Config>(n: u32) -> T::AccountId {
	account("validator", n, 0)
}

fn dossier() -> Dossier {
	common::dossier(H256::zero(), 2)
}

/// Accounts of validators from one on, sorted.
fn from<T: Config>(first: u32, count: u32) -> Vec<T::AccountId> {
	let mut accounts: Vec<_> = (first..count).map(validator::<T>).collect();
	accounts.sort();
	accounts
}

/// An approved upgrade in a set of so many, for which all but the first `silent` are ready.
pub fn approve<T: Config>(dossier: &Dossier, count: u32, silent: u32) {
	T::BenchmarkHelper::set_voters(common::voters(count, validator::<T>));
	let now = frame_system::Pallet::<T>::block_number();
	let policy = common::policy::<BlockNumberFor<T>>().enactment;
	let mut approved = Approved::new(dossier.hash(), dossier, &policy, now);
	approved.ready = BoundedVec::truncate_from(from::<T>(silent, count));
	InTimelock::<T>::insert(ID, approved);
	Measured::<T>::put(Pulse::default());
}

/// An upgrade on probation in a set of so many, whose state all but the first `silent` have reported.
pub fn try_out<T: Config>(dossier: &Dossier, count: u32, silent: u32, healthy: bool) {
	T::BenchmarkHelper::set_voters(common::voters(count, validator::<T>));
	OnProbation::<T>::put(Trial {
		id: ID,
		parent: dossier.parent_code_hash,
		rollback: dossier.rollback.clone(),
		policy: common::policy::<BlockNumberFor<T>>().probation,
		since: frame_system::Pallet::<T>::block_number(),
		survived_critical: false,
		failed: None,
		budget: Budget::of::<T::Invariants>(dossier),
		before: Pulse::default(),
	});
	Measured::<T>::put(Pulse::default());
	let reports = from::<T>(silent, count).into_iter();
	let reports = reports.map(|who| (who, healthy)).collect();
	Reports::<T>::put(BoundedVec::truncate_from(reports));
}

/// A switch that is in the last block of its grace, so that it depends on who stands behind findings, in a set of as many
/// as there can be, all ready, to the code that runs.
/// For the benchmarks of other pallets.
pub fn defer<T: Config>(current: H256) {
	let mut dossier = dossier();
	dossier.parent_code_hash = current;
	dossier.code = CodeRef {
		hash: current,
		len: current_bytes().len() as u32,
		spec_version: HighestSpecVersion::<T>::get().saturating_add(1),
	};
	// Its bytes must be there as well.
	dossier.rollback = Rollback::Dedicated(dossier.code);
	approve::<T>(&dossier, T::MaxValidators::get(), 0);
	let now = frame_system::Pallet::<T>::block_number();
	InTimelock::<T>::mutate_extant(ID, |approved| {
		approved.due = now;
		approved.expires = now;
	});
}

/// Code on probation in a set of as many as there can be, who all reported it healthy; its critical window ends in this
/// block. For the benchmarks of other pallets.
pub fn watch<T: Config>() {
	try_out::<T>(&dossier(), T::MaxValidators::get(), 0, true);
	let now = frame_system::Pallet::<T>::block_number();
	OnProbation::<T>::mutate(|trial| {
		if let Some(trial) = trial {
			trial.since = now.saturating_sub(trial.policy.critical);
		}
	});
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn signal_readiness(v: Linear<4, 1_000>) {
		approve::<T>(&dossier(), v, 1);

		#[extrinsic_call]
		_(
			RawOrigin::Signed(validator::<T>(0)),
			ID,
			dossier().hash(),
			NodeSupport::largest(),
		);

		assert_eq!(
			Pallet::<T>::readiness(ID).map(|(have, _)| have),
			Some(v.into())
		);
	}

	#[benchmark]
	fn retract_readiness(v: Linear<4, 1_000>) {
		approve::<T>(&dossier(), v, 0);

		#[extrinsic_call]
		_(RawOrigin::Signed(validator::<T>(0)), ID);

		assert!(InTimelock::<T>::get(ID).is_some_and(|a| a.ready.len() < v as usize));
	}

	#[benchmark]
	fn report_health(v: Linear<4, 1_000>) {
		try_out::<T>(&dossier(), v, 1, true);

		#[extrinsic_call]
		_(RawOrigin::Signed(validator::<T>(0)), ID, true);

		assert_eq!(Reports::<T>::decode_len(), Some(v as usize));
	}

	#[benchmark]
	fn prove_broken_invariant() {
		try_out::<T>(&dossier(), 4, 1, true);
		let witness = T::Invariants::break_something();

		#[extrinsic_call]
		_(RawOrigin::Signed(validator::<T>(0)), ID, witness);

		let trial = OnProbation::<T>::get();
		assert_eq!(
			trial.and_then(|trial| trial.failed),
			Some(Failure::InvariantBroken)
		);
	}

	#[benchmark]
	fn count_block(e: Linear<0, { vitals::MAX_EVENTS }>) {
		Measured::<T>::put(Pulse::default());
		// Genesis has no events.
		frame_system::Pallet::<T>::set_block_number(One::one());
		for _ in 0..e {
			let dispatch_info = Default::default();
			frame_system::Pallet::<T>::deposit_event(frame_system::Event::<T>::ExtrinsicSuccess {
				dispatch_info,
			});
		}

		#[block]
		{
			Pallet::<T>::count_block();
		}

		assert_eq!(
			Measured::<T>::get().map(|pulse| pulse.transactions),
			Some(e)
		);
	}

	#[benchmark]
	fn unlock() -> Result<(), BenchmarkError> {
		let origin =
			T::UnlockOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		Locked::<T>::put(true);
		RollbacksInARow::<T>::put(ROLLBACKS_THAT_LOCK);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin);

		assert!(!Locked::<T>::get());
		Ok(())
	}
}
