//! A runtime with sessions that the tests rotate.

use crate as pallet_validators;
use frame_support::{
	derive_impl, parameter_types,
	traits::{ChangeMembers, ConstU128, ConstU32},
};
use sp_core::{crypto::key_types::DUMMY, ConstU64};
use sp_runtime::{
	impl_opaque_keys,
	testing::UintAuthorityId,
	traits::{ConvertInto, IdentityLookup, OpaqueKeys},
	BuildStorage, KeyTypeId,
};

pub type Block = frame_system::mocking::MockBlock<Test>;

impl_opaque_keys! {
	pub struct MockKeys {
		pub dummy: UintAuthorityId,
	}
}

impl From<UintAuthorityId> for MockKeys {
	fn from(dummy: UintAuthorityId) -> Self {
		Self { dummy }
	}
}

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Validators: pallet_validators,
		Session: pallet_session,
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

pub struct Handler;
impl pallet_session::SessionHandler<u64> for Handler {
	const KEY_TYPE_IDS: &'static [KeyTypeId] = &[DUMMY];
	fn on_genesis_session<T: OpaqueKeys>(_: &[(u64, T)]) {}
	fn on_new_session<T: OpaqueKeys>(_: bool, _: &[(u64, T)], _: &[(u64, T)]) {}
	fn on_disabled(_: u32) {}
}

impl pallet_session::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = u64;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = pallet_session::PeriodicSessions<ConstU64<10>, ConstU64<0>>;
	type NextSessionRotation = pallet_session::PeriodicSessions<ConstU64<10>, ConstU64<0>>;
	type SessionManager = Validators;
	type SessionHandler = Handler;
	type Keys = MockKeys;
	type DisablingStrategy = ();
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = ConstU128<1>;
}

parameter_types! {
	pub static CouncilMembers: Vec<u64> = Vec::new();
}

pub struct Council;
impl ChangeMembers<u64> for Council {
	fn change_members_sorted(_: &[u64], _: &[u64], new: &[u64]) {
		assert!(new.windows(2).all(|w| w[0] < w[1]), "sorted and unique");
		CouncilMembers::set(new.to_vec());
	}
}

impl pallet_validators::Config for Test {
	type AdmitOrigin = frame_system::EnsureRoot<u64>;
	type Council = Council;
	type MaxValidators = ConstU32<4>;
	type WeightInfo = ();
}

pub fn session() {
	Session::rotate_session();
}

/// Validators 1 and 2 of organisations 10 and 20; accounts 1 to 5 have session keys.
pub fn build_and_execute(test: impl FnOnce()) {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	CouncilMembers::set(Vec::new());
	pallet_validators::GenesisConfig::<Test> {
		validators: vec![(2, 20), (1, 10)],
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let keys = |who: u64| (who, who, UintAuthorityId(who).into());
	pallet_session::GenesisConfig::<Test> {
		keys: vec![keys(1), keys(2)],
		non_authority_keys: (3..=5).map(keys).collect(),
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		test();
		Validators::do_try_state().unwrap();
	});
}
