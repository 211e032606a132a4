//! Benchmarks: all seats taken, reports over up to 2^12 blocks. A proof grows by one hash each time the number of leaves
//! doubles, so the weights are linear in that.

use super::*;
use crate::types::{Answer, Round, Standing, Submission};
use airlock_primitives::{
	benchmarking::{self as common, BenchmarkHelper, ID},
	Dossier, Rollback, Stage,
};
use airlock_report::{
	openings, samples, uneventful, BlockLeaf, Leaf, Opening, SectionId, SimConfig, SCHEMA,
};
use alloc::{boxed::Box, vec, vec::Vec};
use codec::Encode;
use frame_benchmarking::{account, v2::*, BenchmarkError};
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;
use sp_runtime::{
	traits::{Header as _, UniqueSaturatedInto},
	Digest, DigestItem,
};

type Leaves = Vec<(SectionId, Vec<Leaf>)>;

/// An account that can pay a bond.
fn rich<T: Config>(n: u32) -> T::AccountId
where
	T::Currency: Mutate<T::AccountId>,
{
	let who = account("simulator", n, 0);
	let minted = T::Currency::mint_into(&who, T::Bond::get().saturating_mul(10u32.into()));
	assert!(minted.is_ok());
	who
}

/// A simulator, of an organisation of its own.
fn simulator<T: Config>(n: u32) -> T::AccountId
where
	T::Currency: Mutate<T::AccountId>,
{
	let who = rich::<T>(n);
	assert!(Pallet::<T>::do_admit(&who, n).is_ok());
	who
}

fn dossier() -> Dossier {
	common::dossier(H256::zero(), 2)
}

/// A round over so many blocks, of which the chain knows no hash but the anchor's. Returns it.
fn open<T: Config>(blocks: u32, stage: Stage) -> Round<BlockNumberFor<T>> {
	let (proposer, dossier) = (account("proposer", 0, 0), dossier());
	T::BenchmarkHelper::open(&proposer, &dossier, stage);
	let now = frame_system::Pallet::<T>::block_number();
	let policy = common::policy::<BlockNumberFor<T>>().simulation;
	let rollback = match &dossier.rollback {
		Rollback::Dedicated(code) => Some(code.hash),
		Rollback::PreviousCode | Rollback::Irreversible => None,
	};
	let round = Round {
		round: 0,
		attempt: 0,
		dossier_hash: dossier.hash(),
		candidate: dossier.code.hash,
		parent_code: dossier.parent_code_hash,
		rollback,
		anchor: blocks.into(),
		anchor_hash: H256::repeat_byte(9),
		blocks,
		scope: dossier.scope.iter().copied().collect(),
		effects: dossier.expected_effects.hash,
		minted: dossier.minted,
		commit_window: policy.commit_window,
		reveal_window: policy.reveal_window,
		commit_until: now.saturating_add(policy.commit_window),
		reveal_until: now
			.saturating_add(policy.commit_window)
			.saturating_add(policy.reveal_window),
		seed: None,
		required: 3,
		seats: T::MaxSeats::get(),
		closed: false,
	};
	Rounds::<T>::insert(ID, &round);
	round
}

fn config_of<T: Config>(round: &Round<BlockNumberFor<T>>) -> SimConfig {
	SimConfig {
		schema: SCHEMA,
		genesis: Pallet::<T>::genesis(),
		parent_code: round.parent_code,
		candidate: round.candidate,
		rollback: round.rollback,
		anchor: round.anchor.unique_saturated_into(),
		anchor_hash: round.anchor_hash,
		blocks: round.blocks,
		scope: round.scope,
		effects: round.effects,
		minted: round.minted,
		engine: H256::zero(),
	}
}

/// All leaves of an honest and passing report on a round.
fn leaves<T: Config>(round: &Round<BlockNumberFor<T>>) -> Leaves {
	let hash = H256::repeat_byte(9);
	uneventful(&config_of::<T>(round), |number| {
		BlockLeaf::identical(number, hash, round.parent_code)
	})
}

fn report_over<T: Config>(round: &Round<BlockNumberFor<T>>, leaves: &Leaves) -> Report {
	let report = Report::of(config_of::<T>(round), leaves);
	report.unwrap_or_else(|| unreachable!("seven sections"))
}

/// A header that may just be shown, of no block.
fn longest_header<T: Config>() -> HeaderFor<T> {
	let header = |len: usize| {
		let logs = vec![DigestItem::Other(vec![0; len])];
		let none = H256::zero();
		HeaderFor::<T>::new(2u32.into(), none, none, none, Digest { logs })
	};
	// The length itself is written with four bytes in both.
	let half = MAX_HEADER_LEN as usize / 2;
	let bare = header(half).encoded_size().saturating_sub(half);
	header((MAX_HEADER_LEN as usize).saturating_sub(bare))
}

/// Seats for simulators of the numbers up to `count`, with one answer.
fn seat<T: Config>(count: u32, answer: Answer)
where
	T::Currency: Mutate<T::AccountId>,
{
	let submission = |n| {
		let simulator = simulator::<T>(n);
		Simulators::<T>::mutate_extant(&simulator, |entry| entry.active = 1);
		Submission {
			simulator,
			organisation: n,
			commitment: H256::zero(),
			answer: answer.clone(),
		}
	};
	let submissions: Vec<_> = (0..count).map(submission).collect();
	Submissions::<T>::insert(ID, BoundedVec::truncate_from(submissions));
}

/// Every seat has revealed the same report, and leaves with the proposal: all that this pallet keeps about one. For the
/// benchmarks of other pallets.
pub fn fill<T: Config>()
where
	T::Currency: Mutate<T::AccountId>,
{
	let round = open::<T>(16, Stage::Simulation);
	let report = report_over::<T>(&round, &leaves::<T>(&round));
	let (root, verdict) = (report.root(), report.verdict());
	seat::<T>(T::MaxSeats::get(), Answer::Revealed { root, verdict });
	for n in 0..T::MaxSeats::get() {
		let who: T::AccountId = account("simulator", n, 0);
		Simulators::<T>::mutate_extant(&who, |entry| entry.standing = Standing::Leaving);
	}
	Reports::<T>::insert(ID, root, report);
}

/// After [`fill`]: every seat has sealed a report, and showed none. For the benchmarks of other pallets.
pub fn wait<T: Config>()
where
	T::Currency: Mutate<T::AccountId>,
{
	let now = frame_system::Pallet::<T>::block_number();
	Rounds::<T>::mutate_extant(ID, |round| round.commit_until = now);
	Submissions::<T>::mutate(ID, |submissions| {
		for submission in submissions.iter_mut() {
			submission.answer = Answer::Sealed;
		}
	});
}

#[benchmarks(where T::Currency: Mutate<T::AccountId>)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn admit() -> Result<(), BenchmarkError> {
		let origin =
			T::AdmitOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let who = rich::<T>(0);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, who.clone(), 0);

		assert!(Simulators::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn remove() -> Result<(), BenchmarkError> {
		let origin =
			T::AdmitOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let who = simulator::<T>(0);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, who.clone());

		assert!(!Simulators::<T>::contains_key(&who));
		Ok(())
	}

	/// The last seat.
	#[benchmark]
	fn commit() {
		let round = open::<T>(16, Stage::Simulation);
		let last = T::MaxSeats::get().saturating_sub(1);
		seat::<T>(last, Answer::Sealed);
		let who = simulator::<T>(last);

		#[extrinsic_call]
		_(
			RawOrigin::Signed(who),
			ID,
			round.round,
			round.attempt,
			H256::zero(),
		);

		assert!(Submissions::<T>::get(ID).is_full());
	}

	/// A report over 2^d blocks.
	#[benchmark]
	fn reveal(d: Linear<1, 12>) {
		let mut round = open::<T>(1 << d, Stage::Simulation);
		let seed = H256::repeat_byte(7);
		round.seed = Some(seed);
		round.commit_until = Zero::zero();
		Rounds::<T>::insert(ID, &round);
		let leaves = leaves::<T>(&round);
		let report = report_over::<T>(&round, &leaves);
		let last = T::MaxSeats::get().saturating_sub(1);
		seat::<T>(T::MaxSeats::get(), Answer::Sealed);
		let who: T::AccountId = account("simulator", last, 0);
		let sealed = SealedReport {
			genesis: Pallet::<T>::genesis(),
			dossier_hash: round.dossier_hash,
			simulator: who.clone(),
			round: 0,
			attempt: 0,
			report_root: report.root(),
			salt: [1; 32],
		};
		Submissions::<T>::mutate(ID, |submissions| {
			if let Some(own) = submissions.iter_mut().last() {
				own.commitment = domain_hash(Domain::Simulation, &sealed);
			}
		});
		let drawn = who.using_encoded(|bytes| samples(&seed, bytes, &report));
		let openings = openings(&leaves, &drawn).unwrap_or_default();

		#[extrinsic_call]
		_(
			RawOrigin::Signed(who),
			ID,
			report.clone(),
			[1; 32],
			openings,
		);

		assert!(Reports::<T>::contains_key(ID, report.root()));
	}

	/// A block that is not the parent of the next one, whose header is as long as one may be, in a report of so many
	/// seats, on which a proposal has passed that is full: it ends.
	#[benchmark]
	fn challenge(s: Linear<1, 16>) {
		T::BenchmarkHelper::fill();
		let round = open::<T>(1 << 12, Stage::Review);
		let mut lies = leaves::<T>(&round);
		let header = Box::new(longest_header::<T>());
		let mut blocks = lies.iter_mut().filter(|(id, _)| *id == SectionId::Replay);
		if let Some(Leaf::Block(child)) = blocks.next().and_then(|(_, blocks)| blocks.get_mut(1)) {
			child.hash = header.hash();
		}
		let report = report_over::<T>(&round, &lies);
		let (root, verdict) = (report.root(), report.verdict());
		Simulators::<T>::drain().for_each(drop);
		seat::<T>(s, Answer::Revealed { root, verdict });
		Reports::<T>::insert(ID, root, report);
		let opening = |index| {
			let opening = Opening::of(&lies, SectionId::Replay, index);
			Box::new(opening.unwrap_or_else(|| unreachable!("it is there")))
		};
		let evidence = Evidence::Parent {
			block: opening(0),
			child: opening(1),
			header,
		};
		let challenger: T::AccountId = account("challenger", 0, 0);
		assert!(T::Currency::mint_into(&challenger, T::Bond::get()).is_ok());

		#[extrinsic_call]
		_(RawOrigin::Signed(challenger), ID, root, evidence);

		assert!(!Reports::<T>::contains_key(ID, root));
		assert!(T::Lifecycle::stage(ID).is_none());
	}

	#[benchmark]
	fn top_up() {
		let who = simulator::<T>(0);
		Pallet::<T>::fine(&who);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));

		assert!(Simulators::<T>::get(&who).is_some_and(|entry| entry.bond == T::Bond::get()));
	}
}
