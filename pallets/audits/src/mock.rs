//! A runtime with a stage machine and a role book that the tests set.

use crate as pallet_audits;
use airlock_primitives::*;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU128, ConstU32},
};
use sp_core::H256;
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, DispatchResult};

pub type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Audits: pallet_audits,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type Lookup = IdentityLookup<u64>;
	type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = u128;
	type ExistentialDeposit = ConstU128<1>;
}

parameter_types! {
	/// Hash of the dossier of the only open proposal.
	pub static Current: Option<H256> = None;
	/// An account that acts in another role.
	pub static Conflicted: Option<u64> = None;
}

impl Lifecycle for Test {
	fn stage(_: ProposalId) -> Option<Stage> {
		Current::get().map(|_| Stage::Review)
	}
	fn dossier_hash(id: ProposalId) -> Option<H256> {
		Current::get().filter(|_| id == ID)
	}
	fn stop(_: ProposalId, _: Failure) -> DispatchResult {
		Ok(())
	}
}

impl Roles<u64> for Test {
	fn claim(_: ProposalId, who: &u64, _: Option<OrganisationId>, _: Role) -> DispatchResult {
		if Conflicted::get() == Some(*who) {
			return Err(DispatchError::Other("other role"));
		}
		Ok(())
	}
}

impl pallet_audits::Config for Test {
	type AdmitOrigin = frame_system::EnsureRoot<u64>;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type FindingDeposit = ConstU128<10>;
	type Lifecycle = Test;
	type Roles = Test;
	type MaxAttestations = ConstU32<8>;
	type MaxFindings = ConstU32<3>;
	type CoolingPeriod = ConstU32<50>;
	type WeightInfo = ();
}

pub const ID: ProposalId = 3;
pub const MINIMUM: u32 = 10;
pub const PER_PALLET: u32 = 2;
pub const GRACE: u32 = 5;

pub fn dossier(round: u8) -> Dossier {
	let document = Document::of(&[round]);
	Dossier {
		code: CodeRef {
			hash: H256::repeat_byte(round),
			len: 1,
			spec_version: 2,
		},
		parent_code_hash: H256::repeat_byte(1),
		rollback: Rollback::PreviousCode,
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		scope: [4u8, 9]
			.into_iter()
			.collect::<std::collections::BTreeSet<_>>()
			.try_into()
			.unwrap(),
		class: Class::Standard,
	}
}

pub fn policy() -> ClassPolicy<u32> {
	ClassPolicy {
		bytes_within: 1,
		simulation: SimulationPolicy {
			commit_window: 1,
			reveal_window: 1,
			required: 1,
			seats: 1,
			replay_blocks: 1,
		},
		review: ReviewPolicy {
			minimum: MINIMUM,
			per_pallet: PER_PALLET,
			grace: GRACE,
			approvals: 2,
			builds: 1,
		},
		ballot: BallotPolicy {
			window: 1,
			extension: 0,
			extension_cap: 0,
			approval: Ratio::new(3, 4),
			organisations: 1,
			organisation_cap: Ratio::new(1, 1),
		},
		enactment: EnactmentPolicy {
			timelock: 1,
			readiness: Ratio::new(3, 4),
			grace: 1,
		},
		probation: ProbationPolicy {
			critical: 1,
			healthy_quorum: Ratio::new(2, 3),
			watch: 1,
			close_out: 1,
		},
	}
}

/// Opens the review of a round now.
pub fn open(round: u8) {
	let dossier = dossier(round);
	Current::set(Some(dossier.hash()));
	let about = DossierRef {
		proposer: &99,
		round: round.into(),
		hash: dossier.hash(),
		dossier: &dossier,
	};
	<Audits as StageGate<u64, u32>>::open(ID, &about, &policy(), System::block_number()).unwrap();
}

pub fn poll() -> GateStatus<u32> {
	<Audits as StageGate<u64, u32>>::poll(ID, System::block_number())
}

pub fn to(block: u32) {
	System::set_block_number(block);
}

/// Auditors 1 to 4 of organisations 1, 2, 3 and 3; a review is open since block 1.
pub fn build_and_execute(test: impl FnOnce()) {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=9).map(|account| (account, 100)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_audits::GenesisConfig::<Test> {
		auditors: vec![(1, 1), (2, 2), (3, 3), (4, 3)],
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		Conflicted::set(None);
		to(1);
		open(0);
		test();
		Audits::do_try_state().unwrap();
	});
}
