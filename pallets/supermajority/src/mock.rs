//! A runtime with an electorate and a stage machine that the tests set.

use crate as pallet_supermajority;
use airlock_primitives::*;
use frame_support::{derive_impl, parameter_types, traits::ConstU32};
use sp_core::H256;
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, DispatchResult};

pub type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Supermajority: pallet_supermajority,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type Lookup = IdentityLookup<u64>;
}

parameter_types! {
	/// Account, organisation, power.
	pub static Set: Vec<(u64, OrganisationId, Power)> = Vec::new();
	pub static StageNow: Option<Stage> = Some(Stage::Voting);
	pub static CurrentDossier: Option<H256> = None;
	pub static Stopped: Vec<(ProposalId, Failure)> = Vec::new();
}

impl Electorate<u64> for Test {
	fn voters() -> Vec<Voter<u64>> {
		let voter = |(account, organisation, power)| Voter {
			account,
			organisation,
			power,
		};
		Set::get().into_iter().map(voter).collect()
	}
}

impl Lifecycle for Test {
	fn stage(_: ProposalId) -> Option<Stage> {
		StageNow::get()
	}
	fn dossier_hash(_: ProposalId) -> Option<H256> {
		CurrentDossier::get().or_else(|| Some(dossier().hash()))
	}
	fn stop(id: ProposalId, why: Failure) -> DispatchResult {
		if StageNow::get().is_none() {
			return Err(DispatchError::Other("not open"));
		}
		Stopped::mutate(|stopped| stopped.push((id, why)));
		Ok(())
	}
}

impl pallet_supermajority::Config for Test {
	type Electorate = Test;
	type Lifecycle = Test;
	type MaxVoters = ConstU32<8>;
	type WeightInfo = ();
}

pub const ID: ProposalId = 7;
pub const WINDOW: u32 = 10;
pub const EXTENSION: u32 = 3;
pub const EXTENSION_CAP: u32 = 5;

pub fn dossier() -> Dossier {
	let document = Document::of(b"text");
	Dossier {
		code: CodeRef {
			hash: H256::repeat_byte(2),
			len: 1,
			spec_version: 2,
		},
		parent_code_hash: H256::repeat_byte(1),
		rollback: Rollback::PreviousCode,
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		minted: 0,
		scope: Default::default(),
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
			minimum: 1,
			per_pallet: 0,
			grace: 1,
			approvals: 1,
			builds: 1,
		},
		ballot: BallotPolicy {
			window: WINDOW,
			extension: EXTENSION,
			extension_cap: EXTENSION_CAP,
			approval: Ratio::new(3, 4),
			organisations: 2,
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
			gap: 10,
		},
	}
}

/// Opens a vote now, under these rules.
pub fn open_with(policy: ClassPolicy<u32>) -> DispatchResult {
	let dossier = dossier();
	let about = DossierRef {
		proposer: &99,
		round: 0,
		hash: dossier.hash(),
		dossier: &dossier,
	};
	<Supermajority as StageGate<u64, u32>>::open(ID, &about, &policy, System::block_number())
}

pub fn poll() -> GateStatus<u32> {
	<Supermajority as StageGate<u64, u32>>::poll(ID, System::block_number())
}

pub fn to(block: u32) {
	System::set_block_number(block);
}

/// Four validators of four organisations with one seat each; a vote is open since block 1.
pub fn build_and_execute(test: impl FnOnce()) {
	let storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		Set::set((1..=4).map(|n| (n, n as u32, 1)).collect());
		StageNow::set(Some(Stage::Voting));
		Stopped::set(Vec::new());
		to(1);
		open_with(policy()).unwrap();
		test();
		Supermajority::do_try_state().unwrap();
	});
}
