//! A runtime with a role book that the tests can break.

use crate as pallet_simulations;
use airlock_primitives::*;
use airlock_report::{Report, SealedReport, Section, SectionId, SimConfig, Sums, SCHEMA};
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
		Simulations: pallet_simulations,
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
	/// An account that acts in another role.
	pub static Conflicted: Option<u64> = None;
}

impl Roles<u64> for Test {
	fn claim(_: ProposalId, who: &u64, _: Option<OrganisationId>, _: Role) -> DispatchResult {
		if Conflicted::get() == Some(*who) {
			return Err(DispatchError::Other("other role"));
		}
		Ok(())
	}
}

impl pallet_simulations::Config for Test {
	type AdmitOrigin = frame_system::EnsureRoot<u64>;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU128<500>;
	type Roles = Test;
	type MaxSeats = ConstU32<4>;
	type WeightInfo = ();
}

pub const ID: ProposalId = 3;
pub const OPENED: u32 = 20;
pub const COMMIT: u32 = 10;
pub const REVEAL: u32 = 5;
pub const SALT: [u8; 32] = [9; 32];

pub fn dossier() -> Dossier {
	let document = Document::of(b"text");
	let code = |byte, spec_version| CodeRef {
		hash: H256::repeat_byte(byte),
		len: 1,
		spec_version,
	};
	Dossier {
		code: code(2, 2),
		parent_code_hash: H256::repeat_byte(1),
		rollback: Rollback::Dedicated(code(3, 3)),
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		scope: Default::default(),
		class: Class::Standard,
	}
}

pub fn policy() -> ClassPolicy<u32> {
	ClassPolicy {
		bytes_within: 1,
		simulation: SimulationPolicy {
			commit_window: COMMIT,
			reveal_window: REVEAL,
			required: 2,
			seats: 3,
			replay_blocks: 10,
		},
		review: ReviewPolicy {
			minimum: 1,
			per_pallet: 0,
			grace: 1,
			approvals: 1,
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

/// Opens a round of a proposal now.
pub fn open(round: u32) {
	let dossier = dossier();
	let about = DossierRef {
		proposer: &99,
		round,
		hash: dossier.hash(),
		dossier: &dossier,
	};
	<Simulations as StageGate<u64, u32>>::open(ID, &about, &policy(), System::block_number())
		.unwrap();
}

pub fn poll() -> GateStatus<u32> {
	<Simulations as StageGate<u64, u32>>::poll(ID, System::block_number())
}

/// The hash that FRAME's test genesis gives block 0.
const GENESIS: H256 = H256::repeat_byte(69);

/// A report on the round; `regressions` more than 0 makes it a failing one.
pub fn report(regressions: u32) -> Report {
	let section = |id| Section {
		id,
		count: 1,
		root: H256::repeat_byte(7),
		sums: Sums {
			leaves: 1,
			regressions,
			..Default::default()
		},
	};
	Report {
		config: SimConfig {
			schema: SCHEMA,
			genesis: GENESIS,
			parent_code: H256::repeat_byte(1),
			candidate: H256::repeat_byte(2),
			rollback: Some(H256::repeat_byte(3)),
			anchor: OPENED - 1,
			anchor_hash: H256::repeat_byte(19),
			blocks: 10,
			engine: H256::repeat_byte(8),
		},
		sections: vec![
			section(SectionId::Static),
			section(SectionId::Enactment),
			section(SectionId::Replay),
		]
		.try_into()
		.unwrap(),
	}
}

pub fn seal(simulator: u64, round: u32, report: &Report) -> H256 {
	domain_hash(
		Domain::Simulation,
		&SealedReport {
			genesis: GENESIS,
			dossier_hash: dossier().hash(),
			simulator,
			round,
			report_root: report.root(),
			salt: SALT,
		},
	)
}

pub fn commit(who: u64, report: &Report) -> DispatchResult {
	Simulations::commit(RuntimeOrigin::signed(who), ID, seal(who, 0, report))
}

pub fn reveal(who: u64, report: &Report) -> DispatchResult {
	Simulations::reveal(RuntimeOrigin::signed(who), ID, report.clone(), SALT)
}

pub fn to(block: u32) {
	System::set_block_number(block);
}

/// Simulators 1 to 4 of organisations 1, 2, 3 and 3; a round is open.
pub fn build_and_execute(test: impl FnOnce()) {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: (1..=6).map(|account| (account, 1_000)).collect(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	pallet_simulations::GenesisConfig::<Test> {
		simulators: vec![(1, 1), (2, 2), (3, 3), (4, 3)],
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		Conflicted::set(None);
		let parent = H256::repeat_byte(19);
		System::set_block_number(OPENED - 1);
		System::initialize(&OPENED, &parent, &Default::default());
		open(0);
		test();
		Simulations::do_try_state().unwrap();
	});
}
