//! A runtime with a stage machine, a role book and an electorate that the tests set.

use crate as pallet_audits;
use crate::{Auditors, HoldReason};
use airlock_primitives::*;
use frame_support::{
	assert_ok, derive_impl, parameter_types, storage_alias,
	traits::{
		fungible::{InspectHold, Mutate},
		ConstU128, ConstU32,
	},
	Blake2_128Concat, Identity,
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
	/// Hash of the dossier of the open proposals, [`ID`] and [`OTHER`].
	pub static Current: Option<H256> = None;
	/// Validators and their power.
	pub static Set: Vec<(u64, Power)> = Vec::new();
	/// What findings that were spam burnt.
	pub static Burnt: u128 = 0;
}

/// Who plays which role. In storage, so that a call that fails leaves no trace.
#[storage_alias]
type RoleBook = StorageDoubleMap<
	Tests,
	Identity,
	ProposalId,
	Blake2_128Concat,
	Party<u64>,
	Role,
	frame_support::pallet_prelude::OptionQuery,
>;

impl Lifecycle for Test {
	fn stage(_: ProposalId) -> Option<Stage> {
		Current::get().map(|_| Stage::Review)
	}
	fn dossier_hash(id: ProposalId) -> Option<H256> {
		Current::get().filter(|_| id == ID || id == OTHER)
	}
	fn stop(_: ProposalId, _: Failure) -> DispatchResult {
		Ok(())
	}
}

impl Electorate<u64> for Test {
	fn voters() -> Vec<Voter<u64>> {
		let voter = |(account, power)| Voter {
			account,
			organisation: account as u32,
			power,
		};
		Set::get().into_iter().map(voter).collect()
	}
}

impl Roles<u64> for Test {
	fn claim(
		id: ProposalId,
		who: &u64,
		organisation: Option<OrganisationId>,
		role: Role,
	) -> DispatchResult {
		let account = Some(Party::Account(*who));
		let parties = account
			.into_iter()
			.chain(organisation.map(Party::Organisation));
		for party in parties {
			match RoleBook::get(id, &party) {
				Some(other) if other != role => return Err(DispatchError::Other("other role")),
				_ => RoleBook::insert(id, party, role),
			}
		}
		Ok(())
	}
}

/// What the role book says to whoever acts in another role.
pub const OTHER_ROLE: DispatchError = DispatchError::Other("other role");

/// Makes an account play a role on [`ID`].
pub fn act_as(who: u64, role: Role) {
	assert_ok!(<Test as Roles<u64>>::claim(ID, &who, None, role));
}

impl pallet_audits::Config for Test {
	type AdmitOrigin = frame_system::EnsureRoot<u64>;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Bond = ConstU128<BOND>;
	type FindingDeposit = ConstU128<DEPOSIT>;
	type MinBounty = ConstU128<MIN_BOUNTY>;
	type MinBountyPart = ConstU128<MIN_PART>;
	type MaxFunders = ConstU32<3>;
	type Electorate = Test;
	type MaxValidators = ConstU32<20>;
	type Lifecycle = Test;
	type Roles = Test;
	type MaxAttestations = ConstU32<8>;
	type MaxFindings = ConstU32<16>;
	type CoolingPeriod = ConstU32<50>;
	type WeightInfo = ();
}

pub const ID: ProposalId = 3;
pub const OTHER: ProposalId = 5;
/// Proposes [`ID`] and [`OTHER`].
pub const PROPOSER: u64 = 99;
pub const BOND: u128 = 20;
pub const DEPOSIT: u128 = 10;
pub const MIN_BOUNTY: u128 = 160;
pub const MIN_PART: u128 = 16;
pub const ACCOUNTS: std::ops::RangeInclusive<u64> = 1..=PROPOSER;
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
		minted: 0,
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
			gap: 10,
		},
	}
}

/// Opens the review of a round now.
pub fn open(round: u8) {
	open_on(ID, round);
}

/// Opens the review of a round of a proposal now.
pub fn open_on(id: ProposalId, round: u8) {
	let dossier = dossier(round);
	Current::set(Some(dossier.hash()));
	let about = DossierRef {
		proposer: &PROPOSER,
		round: round.into(),
		hash: dossier.hash(),
		dossier: &dossier,
	};
	<Audits as StageGate<u64, u32>>::open(id, &about, &policy(), System::block_number()).unwrap();
}

pub fn close() {
	<Audits as StageGate<u64, u32>>::close(ID);
}

pub fn clear(id: ProposalId) {
	<Audits as StageGate<u64, u32>>::clear(id);
}

pub fn poll() -> GateStatus<u32> {
	<Audits as StageGate<u64, u32>>::poll(ID, System::block_number())
}

pub fn to(block: u32) {
	System::set_block_number(block);
}

pub fn held_for(reason: HoldReason, who: u64) -> u128 {
	Balances::balance_on_hold(&reason.into(), &who)
}

/// All that an account owns.
pub fn total(who: u64) -> u128 {
	use frame_support::traits::fungible::Inspect;
	Balances::total_balance(&who)
}

/// What is held of everybody, for whatever reason.
pub fn all_holds() -> u128 {
	ACCOUNTS
		.map(|who| Balances::total_balance_on_hold(&who))
		.sum()
}

/// Auditors 1 to 4 of organisations 1, 2, 3 and 3; a review is open since block 1, and the proposer funded it.
/// Validators are 20 to 29, a power of 1 each. Everybody owns 100 that is not held.
pub fn build_and_execute(test: impl FnOnce()) {
	build_and_execute_unfunded(|| {
		Balances::mint_into(&PROPOSER, MIN_BOUNTY).unwrap();
		assert_ok!(Audits::fund_bounty(
			RuntimeOrigin::signed(PROPOSER),
			ID,
			MIN_BOUNTY
		));
		test();
	});
}

/// The same, without a bounty.
pub fn build_and_execute_unfunded(test: impl FnOnce()) {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	let bond_of = |who| if who <= 4 { BOND } else { 0 };
	let accounts = (1..=9).chain(20..=29).chain([PROPOSER]);
	pallet_balances::GenesisConfig::<Test> {
		balances: accounts.map(|who| (who, 100 + bond_of(who))).collect(),
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
		Set::set((20..=29).map(|who| (who, 1)).collect());
		Burnt::set(0);
		to(1);
		act_as(PROPOSER, Role::Proposer);
		open(0);
		test();
		Audits::do_try_state().unwrap();
		check_that_nothing_is_left();
	});
}

/// When all proposals have ended only auditors and their bonds are left, and nothing was made or lost.
fn check_that_nothing_is_left() {
	let owned = || ACCOUNTS.map(total).sum::<u128>();
	let (before, issued) = (owned(), Balances::total_issuance());
	clear(ID);
	clear(OTHER);
	Audits::do_try_state().unwrap();
	assert_eq!((owned(), Balances::total_issuance()), (before, issued));
	assert_eq!(before, issued);
	let bonds = Auditors::<Test>::iter_values()
		.map(|a| a.bond)
		.sum::<u128>();
	assert_eq!(all_holds(), bonds);
	let genesis = 20 * 100 + 4 * BOND;
	let minted = issued + Burnt::get() - genesis;
	assert!(minted == 0 || minted == MIN_BOUNTY, "{minted}");
	assert_eq!(crate::Findings::<Test>::iter().count(), 0);
	assert_eq!(crate::FindingSlots::<Test>::iter().count(), 0);
	assert_eq!(crate::Blocking::<Test>::iter().count(), 0);
	assert_eq!(crate::Attestations::<Test>::iter().count(), 0);
	assert_eq!(crate::Reviews::<Test>::iter().count(), 0);
	assert_eq!(crate::Bounties::<Test>::iter().count(), 0);
	assert_eq!(crate::Waivers::<Test>::iter().count(), 0);
	assert!(Auditors::<Test>::iter_values().all(|a| a.active == 0 && !a.leaving));
}
