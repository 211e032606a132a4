//! Benchmarks: snapshots of up to 1 000 validators.

use super::*;
use airlock_primitives::benchmarking::{self as common, BenchmarkHelper, ID};
use alloc::vec::Vec;
use frame_benchmarking::{account, v2::*};
use frame_system::RawOrigin;

fn validator<T: Config>(n: u32) -> T::AccountId {
	account("validator", n, 0)
}

fn set_voters<T: Config>(count: u32) {
	T::BenchmarkHelper::set_voters(common::voters(count, validator::<T>));
}

/// The open proposal, with a ballot of so many electors. Returns the dossier's hash.
fn open<T: Config>(electors: u32) -> H256 {
	let proposer: T::AccountId = account("proposer", 0, 0);
	let dossier = common::dossier(H256::zero(), 2);
	set_voters::<T>(electors);
	T::BenchmarkHelper::open(&proposer, &dossier, Stage::Voting);
	let about = common::about(&proposer, &dossier);
	let now = frame_system::Pallet::<T>::block_number();
	let opened = <Pallet<T> as StageGate<_, _>>::open(ID, &about, &common::policy(), now);
	assert!(opened.is_ok());
	dossier.hash()
}

/// What an elector said before.
fn say<T: Config>(who: &T::AccountId, vote: Vote) {
	Electors::<T>::mutate(ID, who, |elector| {
		if let Some(elector) = elector {
			elector.vote = Some(vote);
		}
	});
}

/// So many validators call for a stop already.
fn call_for_stop<T: Config>(dossier_hash: H256, count: u32) {
	let mut validators: Vec<_> = (0..count).map(validator::<T>).collect();
	validators.sort();
	let validators = BoundedVec::truncate_from(validators);
	Stops::<T>::insert(
		ID,
		StopCalls {
			dossier_hash,
			validators,
		},
	);
}

/// A ballot in which everybody said Aye, and a stop for which almost a third called: all that this pallet keeps about a
/// proposal. For the benchmarks of other pallets.
pub fn fill<T: Config>() {
	let most = T::MaxVoters::get();
	let dossier_hash = open::<T>(most);
	for n in 0..most {
		say::<T>(&validator::<T>(n), Vote::Aye);
	}
	Ballots::<T>::mutate_extant(ID, |ballot| ballot.ayes = ballot.total);
	call_for_stop::<T>(dossier_hash, most / 3);
}

/// After [`fill`]: there is time left. For the benchmarks of other pallets.
pub fn wait<T: Config>() {
	let now = frame_system::Pallet::<T>::block_number();
	Ballots::<T>::mutate_extant(ID, |ballot| ballot.closes = now.saturating_add(One::one()));
}

#[benchmarks]
mod benchmarks {
	use super::*;

	/// A vote that replaces an earlier one, with time left to answer it.
	#[benchmark]
	fn vote(v: Linear<4, 1_000>) {
		let dossier_hash = open::<T>(v);
		let who = validator::<T>(0);
		say::<T>(&who, Vote::Nay);
		Ballots::<T>::mutate_extant(ID, |ballot| {
			ballot.nays = 1;
			ballot.policy.extension = Zero::zero();
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(who), ID, dossier_hash, Vote::Aye);

		assert!(Ballots::<T>::get(ID).is_some_and(|ballot| ballot.ayes == 1));
	}

	/// The vote without which an organisation is missing, shortly before the end: the Ayes suffice before and after it.
	#[benchmark]
	fn vote_late(v: Linear<4, 1_000>) {
		let dossier_hash = open::<T>(v);
		let who = validator::<T>(0);
		for n in 1..v {
			say::<T>(&validator::<T>(n), Vote::Aye);
		}
		Ballots::<T>::mutate_extant(ID, |ballot| {
			ballot.ayes = ballot.total.saturating_sub(1);
			ballot.policy.organisations = v;
		});
		let closes = Ballots::<T>::get(ID).map(|ballot| ballot.closes);

		#[extrinsic_call]
		vote(RawOrigin::Signed(who), ID, dossier_hash, Vote::Aye);

		assert!(Ballots::<T>::get(ID).map(|ballot| ballot.closes) > closes);
	}

	/// A call that is not enough yet.
	#[benchmark]
	fn stop(v: Linear<4, 1_000>) {
		let dossier_hash = open::<T>(v);
		call_for_stop::<T>(dossier_hash, (v / 3).saturating_sub(1));

		#[extrinsic_call]
		_(RawOrigin::Signed(validator::<T>(v - 1)), ID, dossier_hash);

		assert!(T::Lifecycle::stage(ID).is_some());
	}

	/// The call that ends a proposal on which everything is full.
	#[benchmark]
	fn stop_that_ends() {
		let most = T::MaxVoters::get();
		T::BenchmarkHelper::fill();
		let dossier_hash = T::Lifecycle::dossier_hash(ID).unwrap_or_default();
		call_for_stop::<T>(dossier_hash, most / 3);
		let who = validator::<T>(most - 1);

		#[extrinsic_call]
		stop(RawOrigin::Signed(who), ID, dossier_hash);

		assert!(T::Lifecycle::stage(ID).is_none());
	}

	#[benchmark]
	fn retract_stop(v: Linear<4, 1_000>) {
		let dossier_hash = open::<T>(v);
		call_for_stop::<T>(dossier_hash, v);

		#[extrinsic_call]
		_(RawOrigin::Signed(validator::<T>(0)), ID);

		assert!(Stops::<T>::get(ID).is_some_and(|stops| stops.validators.len() < v as usize));
	}
}
