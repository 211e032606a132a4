//! Benchmarks of the lifecycle's pallets, in this runtime. `scripts/bench weights` runs them.

use crate::*;
use airlock_primitives::{
	benchmarking::{BenchmarkHelper, ID},
	Dossier, Stage, Voter,
};
use frame_support::{traits::StorePreimage, BoundedVec};

frame_benchmarking::define_benchmarks!(
	[pallet_airlock_proposals, Proposals]
	[pallet_airlock_simulations, Simulations]
	[pallet_airlock_audits, Audits]
	[pallet_airlock_supermajority, Supermajority]
	[pallet_airlock_enactment, Enactment]
	[pallet_airlock_validators, Validators]
);

/// What one pallet's benchmark needs of the others.
pub struct Helper;

impl BenchmarkHelper<AccountId> for Helper {
	fn open(proposer: &AccountId, dossier: &Dossier, stage: Stage) {
		pallet_airlock_proposals::benchmarking::open::<Runtime>(proposer, dossier, stage);
	}

	fn fill() {
		pallet_airlock_simulations::benchmarking::fill::<Runtime>();
		pallet_airlock_audits::benchmarking::fill::<Runtime>();
		pallet_airlock_supermajority::benchmarking::fill::<Runtime>();
		// Roles: everybody who has a seat, as account and as organisation.
		use airlock_primitives::{Role, Roles};
		for n in 0..80u32 {
			let who: AccountId = frame_benchmarking::account("role", n, 0);
			let claimed = Proposals::claim(ID, &who, Some(n), Role::Auditor);
			assert!(claimed.is_ok());
		}
	}

	fn wait(stage: Stage, current: sp_core::H256) {
		match stage {
			Stage::Registered => (),
			Stage::Simulation => pallet_airlock_simulations::benchmarking::wait::<Runtime>(),
			Stage::Review => pallet_airlock_audits::benchmarking::wait::<Runtime>(),
			Stage::Voting => pallet_airlock_supermajority::benchmarking::wait::<Runtime>(),
			Stage::Timelock => {
				pallet_airlock_audits::benchmarking::doubt::<Runtime>();
				pallet_airlock_enactment::benchmarking::defer::<Runtime>(current)
			}
			Stage::Probation => pallet_airlock_enactment::benchmarking::watch::<Runtime>(),
		}
	}

	fn set_voters(voters: Vec<Voter<AccountId>>) {
		pallet_airlock_validators::Active::<Runtime>::put(BoundedVec::truncate_from(voters));
	}

	fn upload(bytes: Vec<u8>) {
		assert!(Preimage::note(bytes.into()).is_ok());
	}
}
