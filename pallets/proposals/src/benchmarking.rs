//! Benchmarks: as many proposals as the chain takes, dossiers of the largest size, and for each thing that the hook can do to
//! a proposal the case in which every pallet has most to do.
//!
//! A benchmark for each thing that a [`Branch`] of the hook can mean. A block that writes code counts as full ([`Pallet::poll_due`]), so
//! what the switch takes is for the case that its last check refuses it.

use super::*;
use airlock_primitives::benchmarking::{self as common, BenchmarkHelper, ID};
use frame_benchmarking::{account, v2::*};
use frame_support::traits::{fungible::Mutate, Hooks};
use frame_system::RawOrigin;
use sp_core::storage::well_known_keys::CODE;

/// As many as there can be in a set.
const MOST_VOTERS: u32 = 1_000;

fn proposer<T: Config>() -> T::AccountId
where
	T::Currency: Mutate<T::AccountId>,
{
	let who = account("proposer", 0, 0);
	let amount = Pallet::<T>::deposit_for(&dossier::<T>());
	let minted = T::Currency::mint_into(&who, amount.saturating_mul(100u32.into()));
	assert!(minted.is_ok());
	who
}

/// A dossier that can be registered now.
fn dossier<T: Config>() -> Dossier {
	let version = T::Code::highest_spec_version().saturating_add(1);
	common::dossier(T::Code::current(), version)
}

/// Takes all public slots but one by proposals that are due at a block.
fn crowd<T: Config>(due: BlockNumberFor<T>) {
	let public = T::MaxOpen::get().saturating_sub(T::ReservedSlots::get());
	let taken: Vec<_> = (1..public).map(|n| (due, ID.saturating_add(n))).collect();
	NextDeadline::<T>::put(due);
	Agenda::<T>::put(BoundedVec::truncate_from(taken));
}

/// Makes a dossier the open proposal, or puts it there in another stage. For the benchmarks of other pallets.
pub fn open<T: Config>(who: &T::AccountId, dossier: &Dossier, stage: Stage)
where
	T::Currency: Mutate<T::AccountId>,
{
	let due = Pallet::<T>::now().saturating_add(One::one());
	if !Proposals::<T>::contains_key(ID) {
		crowd::<T>(due);
		proposer::<T>();
		let deposit = Pallet::<T>::deposit_for(dossier);
		assert!(T::Currency::mint_into(who, deposit.saturating_mul(2u32.into())).is_ok());
		assert!(T::Currency::hold(&HoldReason::Proposal.into(), who, deposit).is_ok());
		assert!(Pallet::<T>::schedule(ID, None, due).is_ok());
		OpenBy::<T>::insert(who, 1);
		let role = Pallet::<T>::claim_role(ID, Party::Account(who.clone()), Role::Proposer);
		assert!(role.is_ok());
	}
	let proposal = Proposal {
		proposer: who.clone(),
		deposit: Pallet::<T>::deposit_for(dossier),
		round: 0,
		stage,
		due,
		dossier_hash: dossier.hash(),
		dossier: dossier.clone(),
		policy: common::policy(),
	};
	Proposals::<T>::insert(ID, proposal);
}

/// Long enough for every window to be over.
fn after_a_month<T: Config>() {
	let month = BlockNumberFor::<T>::from(30u32.saturating_mul(14_400));
	frame_system::Pallet::<T>::set_block_number(Pallet::<T>::now().saturating_add(month));
}

/// The proposal, moved to a stage by force.
fn moved_to<T: Config>(stage: Stage, parent: H256) -> ProposalOf<T> {
	Proposals::<T>::mutate_extant(ID, |proposal| {
		proposal.stage = stage;
		proposal.dossier.parent_code_hash = parent;
	});
	Proposals::<T>::get(ID).unwrap_or_else(|| unreachable!("it is open"))
}

/// A full proposal in a stage whose windows are over, with all that it needs to pass.
fn filled_in<T: Config>(stage: Stage, parent: H256) -> ProposalOf<T> {
	T::BenchmarkHelper::fill();
	after_a_month::<T>();
	moved_to::<T>(stage, parent)
}

/// A full proposal in a stage that asks for all it can ask for, and has to wait.
fn waiting_in<T: Config>(stage: Stage, parent: H256) -> ProposalOf<T> {
	T::BenchmarkHelper::fill();
	after_a_month::<T>();
	T::BenchmarkHelper::wait(stage, parent);
	moved_to::<T>(stage, parent)
}

/// Another set, as large as can be: nobody in it has voted.
fn replace_voters<T: Config>() {
	let voters = common::voters(MOST_VOTERS, |n| account("newcomer", n, 0));
	T::BenchmarkHelper::set_voters(voters);
}

#[benchmarks(where T::Currency: Mutate<T::AccountId>)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() {
		crowd::<T>(Pallet::<T>::now().saturating_add(One::one()));
		let who = proposer::<T>();
		let dossier = dossier::<T>();

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), dossier);

		assert_eq!(OpenBy::<T>::get(&who), 1);
	}

	#[benchmark]
	fn revise() {
		T::BenchmarkHelper::fill();
		let who = proposer::<T>();
		open::<T>(&who, &dossier::<T>(), Stage::Review);
		let mut other = dossier::<T>();
		other.code.hash = H256::repeat_byte(8);
		other.code.len = 2_000_000;
		let response = other.rationale.clone();

		#[extrinsic_call]
		_(RawOrigin::Signed(who), ID, other, response);

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Registered));
	}

	#[benchmark]
	fn withdraw() {
		let proposal = filled_in::<T>(Stage::Voting, T::Code::current());

		#[extrinsic_call]
		_(RawOrigin::Signed(proposal.proposer), ID);

		assert_eq!(Pallet::<T>::stage(ID), None);
	}

	/// So many blobs like the one that runs: real code, compressed, of at least [`PREFLIGHT_UNIT`] bytes.
	#[benchmark]
	fn preflight(b: Linear<1, 2>) {
		let bytes = frame_support::storage::unhashed::get_raw(CODE).unwrap_or_default();
		assert!(bytes.len() as u32 >= PREFLIGHT_UNIT);
		let code = CodeRef {
			hash: H256(sp_crypto_hashing::blake2_256(&bytes)),
			len: bytes.len() as u32,
			spec_version: <T as frame_system::Config>::Version::get().spec_version,
		};
		let mut dossier = dossier::<T>();
		dossier.code = code;
		dossier.rollback = match b {
			1 => Rollback::PreviousCode,
			_ => Rollback::Dedicated(code),
		};
		open::<T>(&proposer::<T>(), &dossier, Stage::Registered);
		T::BenchmarkHelper::upload(bytes);

		#[extrinsic_call]
		advance(RawOrigin::Signed(account("anyone", 0, 0)), ID);

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Simulation));
	}

	/// Every seat has sealed a report.
	#[benchmark]
	fn poll_draws_seed() {
		let proposal = waiting_in::<T>(Stage::Simulation, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Simulation));
	}

	/// Every seat has sealed a report, and none was shown.
	#[benchmark]
	fn poll_extends_simulation() {
		let proposal = waiting_in::<T>(Stage::Simulation, T::Code::current());
		Pallet::<T>::step_or_end(ID, proposal.clone());
		after_a_month::<T>();

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Simulation));
	}

	#[benchmark]
	fn poll_opens_review() {
		let proposal = filled_in::<T>(Stage::Simulation, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Review));
	}

	#[benchmark]
	fn poll_waits_review() {
		let proposal = waiting_in::<T>(Stage::Review, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Review));
	}

	#[benchmark]
	fn poll_waits_ballot() {
		let proposal = waiting_in::<T>(Stage::Voting, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Voting));
	}

	/// Of the largest snapshot everybody has left the set, which is as large again.
	#[benchmark]
	fn poll_restarts_ballot() {
		let proposal = filled_in::<T>(Stage::Voting, T::Code::current());
		replace_voters::<T>();

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Voting));
	}

	/// Everything holds, no auditor stands behind any of the findings, and the bytes of candidate and way back are there: those of the code that runs. Only with benchmarks does `system` take a
	/// version that is no higher.
	#[benchmark]
	fn poll_switches() {
		let bytes = frame_support::storage::unhashed::get_raw(CODE).unwrap_or_default();
		let back = CodeRef {
			hash: H256(sp_crypto_hashing::blake2_256(&bytes)),
			len: bytes.len() as u32,
			spec_version: 0,
		};
		T::BenchmarkHelper::upload(bytes);
		let mut proposal = waiting_in::<T>(Stage::Timelock, T::Code::current());
		proposal.dossier.rollback = Rollback::Dedicated(back);

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Probation));
	}

	/// As many validators as there can be have reported, in the block in which the critical window ends.
	#[benchmark]
	fn poll_watches() {
		let proposal = waiting_in::<T>(Stage::Probation, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Probation));
	}

	/// The probation of a proposal on which everything is full is over.
	#[benchmark]
	fn poll_finalizes() {
		let proposal = waiting_in::<T>(Stage::Probation, T::Code::current());
		Pallet::<T>::step_or_end(ID, proposal.clone());
		after_a_month::<T>();

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), None);
	}

	/// The hook counts the largest vote, which does not pass, and ends a proposal on which everything is full.
	#[benchmark]
	fn poll_ends() {
		let proposal = filled_in::<T>(Stage::Voting, T::Code::current());
		// On the second snapshot nobody votes.
		replace_voters::<T>();
		Pallet::<T>::step_or_end(ID, proposal);
		after_a_month::<T>();
		let proposal = moved_to::<T>(Stage::Voting, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), None);
	}

	/// The hook passes a full review, and opens a vote of as many validators as there can be.
	#[benchmark]
	fn poll_opens_ballot() {
		let proposal = filled_in::<T>(Stage::Review, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Voting));
	}

	/// The hook counts the vote of as many validators as there can be.
	#[benchmark]
	fn poll_opens_timelock() {
		let proposal = filled_in::<T>(Stage::Voting, T::Code::current());

		#[block]
		{
			Pallet::<T>::step_or_end(ID, proposal);
		}

		assert_eq!(Pallet::<T>::stage(ID), Some(Stage::Timelock));
	}

	/// Nothing is due.
	#[benchmark]
	fn on_initialize_idle() {
		let now = Pallet::<T>::now();
		crowd::<T>(now.saturating_add(One::one()));

		#[block]
		{
			Pallet::<T>::on_initialize(now);
		}
	}

	/// Everything is due, and nothing has to be done for any of it.
	#[benchmark]
	fn on_initialize_due() {
		// Who asks first pays for hashing the code of the genesis.
		T::Code::current();
		let now = Pallet::<T>::now();
		crowd::<T>(now);

		#[block]
		{
			Pallet::<T>::on_initialize(now);
		}
	}
}
