//! A runtime with a role book and a stage machine that the tests can break, and a chain of headers.

use crate as pallet_simulations;
use airlock_primitives::*;
use airlock_report::{
	leaf::{CandidateRun, ClassCounts},
	openings, samples, uneventful, BlockLeaf, ExtrinsicClass, Leaf, Openings, Report, SealedReport,
	SectionId, SimConfig, SCHEMA,
};
use codec::Encode;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU128, ConstU32},
};
use sp_core::H256;
use sp_runtime::{
	generic,
	traits::{BlakeTwo256, Header as _, IdentityLookup},
	BuildStorage, DispatchError, DispatchResult,
};

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
	/// Where the only proposal is.
	pub static CurrentStage: Option<Stage> = None;
	/// What was stopped, and why.
	pub static Stopped: Vec<(ProposalId, Failure)> = vec![];
}

impl Lifecycle for Test {
	fn stage(id: ProposalId) -> Option<Stage> {
		CurrentStage::get().filter(|_| id == ID)
	}
	fn dossier_hash(_: ProposalId) -> Option<H256> {
		None
	}
	fn stop(id: ProposalId, why: Failure) -> DispatchResult {
		if Self::stage(id).is_none_or(|stage| stage >= Stage::Probation) {
			return Err(DispatchError::Other("too late"));
		}
		Stopped::mutate(|stopped| stopped.push((id, why)));
		CurrentStage::set(None);
		clear();
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

impl pallet_simulations::Config for Test {
	type AdmitOrigin = frame_system::EnsureRoot<u64>;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU128<BOND>;
	type NoShowFine = ConstU128<FINE>;
	type Roles = Test;
	type Lifecycle = Test;
	type MaxSeats = ConstU32<4>;
	type WeightInfo = ();
}

pub const ID: ProposalId = 3;
/// The only pallet of the dossier's scope.
pub const SCOPE: u8 = 7;
pub const OPENED: u32 = 20;
pub const COMMIT: u32 = 10;
pub const REVEAL: u32 = 5;
pub const SALT: [u8; 32] = [9; 32];
pub const BLOCKS: u32 = 10;
pub const ANCHOR: u32 = OPENED - 1;
/// The oldest block that is replayed.
pub const FIRST: u32 = OPENED - BLOCKS;
/// The oldest block whose hash the chain knows.
pub const KNOWN: u32 = 15;
pub const BOND: u128 = 500;
/// More than half of the bond is left after one, and less after two.
pub const FINE: u128 = 201;

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
		minted: 0,
		scope: std::collections::BTreeSet::from([SCOPE])
			.try_into()
			.unwrap(),
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
			replay_blocks: BLOCKS,
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
			gap: 10,
		},
	}
}

pub type Header = generic::Header<u32, BlakeTwo256>;

/// The header of a block of this chain. That of block 0 has no parent.
pub fn header(number: u32) -> Header {
	let root = |salt: u8| H256::repeat_byte(salt.wrapping_add(number as u8));
	let parent = number.checked_sub(1).map(hash).unwrap_or_default();
	Header::new(number, root(60), root(120), parent, Default::default())
}

/// Its hash.
pub fn hash(number: u32) -> H256 {
	header(number).hash()
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
	CurrentStage::set(Some(Stage::Simulation));
}

pub fn poll() -> GateStatus<u32> {
	<Simulations as StageGate<u64, u32>>::poll(ID, System::block_number())
}

/// The stage machine moves the proposal to a later stage.
pub fn pass_to(stage: Stage) {
	assert_eq!(poll(), GateStatus::Passed);
	<Simulations as StageGate<u64, u32>>::close(ID);
	CurrentStage::set(Some(stage));
}

/// The proposal ends.
pub fn clear() {
	<Simulations as StageGate<u64, u32>>::clear(ID);
}

/// The hash that FRAME's test genesis gives block 0.
const GENESIS: H256 = H256::repeat_byte(69);

/// A report and what it is made of.
#[derive(Clone)]
pub struct Sim {
	pub report: Report,
	pub leaves: Vec<(SectionId, Vec<Leaf>)>,
}

impl Sim {
	/// An honest and passing one, changed before it is hashed.
	pub fn with(change: impl FnOnce(&mut Vec<(SectionId, Vec<Leaf>)>)) -> Self {
		let mut leaves = leaves(0);
		change(&mut leaves);
		let report = Report::of(config(), &leaves).unwrap();
		Self { report, leaves }
	}

	/// With one other block.
	pub fn with_block(number: u32, change: impl FnOnce(&mut BlockLeaf)) -> Self {
		Self::with(|leaves| {
			let mut leaf = block(number);
			change(&mut leaf);
			leaves[3].1[index_of(number) as usize] = Leaf::Block(leaf);
		})
	}

	/// What the chain asks this simulator for. Nothing before the draw.
	pub fn openings(&self, who: u64) -> Openings {
		let seed = crate::Rounds::<Test>::get(ID).and_then(|round| round.seed);
		let drawn = seed.map(|seed| samples(&seed, &who.encode(), &self.report));
		drawn
			.and_then(|drawn| openings(&self.leaves, &drawn))
			.unwrap_or_default()
	}
}

/// The index of a block in section Replay.
pub fn index_of(number: u32) -> u32 {
	number + BLOCKS - ANCHOR - 1
}

fn config() -> SimConfig {
	SimConfig {
		schema: SCHEMA,
		genesis: GENESIS,
		parent_code: H256::repeat_byte(1),
		candidate: H256::repeat_byte(2),
		rollback: Some(H256::repeat_byte(3)),
		anchor: ANCHOR,
		anchor_hash: hash(ANCHOR),
		blocks: BLOCKS,
		scope: [SCOPE].into_iter().collect(),
		effects: dossier().expected_effects.hash,
		minted: dossier().minted,
		engine: H256::repeat_byte(8),
	}
}

/// What an honest simulator writes of a block.
pub fn block(number: u32) -> BlockLeaf {
	let mut classes = ClassCounts::default();
	classes.add(ExtrinsicClass::Identical);
	BlockLeaf {
		number,
		hash: hash(number),
		state_root: *header(number).state_root(),
		extrinsics_root: *header(number).extrinsics_root(),
		code: config().parent_code,
		extrinsics: 1,
		control: true,
		outcomes: H256::repeat_byte(4),
		candidate: Some(CandidateRun::complete(classes)),
	}
}

/// All leaves; so many static checks do not hold.
fn leaves(regressions: u32) -> Vec<(SectionId, Vec<Leaf>)> {
	let mut leaves = uneventful(&config(), block);
	for leaf in leaves[0].1.iter_mut().take(regressions as usize) {
		if let Leaf::Static(leaf) = leaf {
			leaf.holds = false;
		}
	}
	leaves
}

/// A report on the round; `regressions` more than 0 makes it a failing one.
pub fn report(regressions: u32) -> Report {
	Report::of(config(), &leaves(regressions)).unwrap()
}

pub fn seal_of(simulator: u64, round: u32, attempt: u8, report: &Report) -> H256 {
	domain_hash(
		Domain::Simulation,
		&SealedReport {
			genesis: GENESIS,
			dossier_hash: dossier().hash(),
			simulator,
			round,
			attempt,
			report_root: report.root(),
			salt: SALT,
		},
	)
}

pub fn seal(simulator: u64, round: u32, report: &Report) -> H256 {
	seal_of(simulator, round, 0, report)
}

/// Commits in the attempt that runs.
pub fn commit(who: u64, report: &Report) -> DispatchResult {
	let (round, attempt) = running();
	commit_seal(who, seal_of(who, round, attempt, report))
}

/// Commits in the attempt that runs, whatever is sealed.
pub fn commit_seal(who: u64, commitment: H256) -> DispatchResult {
	let (round, attempt) = running();
	Simulations::commit(RuntimeOrigin::signed(who), ID, round, attempt, commitment)
}

/// The round and the attempt that run; the first ones if none does.
fn running() -> (u32, u8) {
	let round = crate::Rounds::<Test>::get(ID);
	round.map_or((0, 0), |round| (round.round, round.attempt))
}

/// Reveals one of the reports that [`report`] makes, whatever its subject, with the leaves that were drawn.
pub fn reveal(who: u64, report: &Report) -> DispatchResult {
	let regressions = report
		.section(SectionId::Static)
		.map_or(0, |section| section.sums.regressions);
	let sim = Sim {
		report: report.clone(),
		leaves: leaves(regressions),
	};
	reveal_sim(who, &sim)
}

/// Reveals a report with the leaves that were drawn.
pub fn reveal_sim(who: u64, sim: &Sim) -> DispatchResult {
	reveal_with(who, &sim.report, sim.openings(who))
}

/// Reveals a report with these leaves.
pub fn reveal_with(who: u64, report: &Report, openings: Openings) -> DispatchResult {
	let origin = RuntimeOrigin::signed(who);
	Simulations::reveal(origin, ID, report.clone(), SALT, openings)
}

/// Goes to a block, without the hook.
pub fn to(block: u32) {
	System::set_block_number(block);
	System::set_parent_hash(hash(block - 1));
}

/// Goes to a block in which the stage is due.
pub fn to_due(block: u32) -> GateStatus<u32> {
	to(block);
	poll()
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
		Stopped::set(vec![]);
		System::set_block_number(ANCHOR);
		System::initialize(&OPENED, &hash(ANCHOR), &Default::default());
		for number in KNOWN..ANCHOR {
			frame_system::BlockHash::<Test>::insert(number, hash(number));
		}
		open(0);
		test();
		Simulations::do_try_state().unwrap();
	});
}
