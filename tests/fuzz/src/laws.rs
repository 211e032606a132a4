//! What must hold whatever anybody does.

use airlock_primitives::CodeHistory;
use airlock_runtime::{Balances, Enactment, Runtime, RuntimeCall, RuntimeEvent, System};
use airlock_runtime_tests as whole;
use frame_support::{
	dispatch::{DispatchInfo, DispatchResultWithPostInfo},
	traits::fungible::Inspect,
};
use pallet_airlock_enactment::Event;
use sp_core::H256;
use sp_io::hashing::blake2_256;

/// Nobody makes coins, and code changes in hooks only.
///
/// # Panics
/// If a call does.
pub fn around_a_call<R>(call: &RuntimeCall, run: impl FnOnce() -> R) -> R {
	let (coins, code) = (issuance(), newest_code());
	let result = run();
	assert!(issuance() <= coins, "{call:?} made coins");
	assert_eq!(newest_code(), code, "{call:?} wrote code");
	result
}

/// What a call used is no more than what it was charged for.
///
/// # Panics
/// If it is.
pub fn weight(call: &RuntimeCall, info: &DispatchInfo, result: &DispatchResultWithPostInfo) {
	let post = match result {
		Ok(post) => post,
		Err(error) => &error.post_info,
	};
	if let Some(used) = post.actual_weight {
		let charged = info.call_weight;
		assert!(
			used.all_lte(charged),
			"{call:?} used {used}, charged {charged}"
		);
	}
}

/// A block ends and the next one begins: its hooks fit into it, and they write code only as the lifecycle's events say.
///
/// # Panics
/// If not.
pub fn around_a_block(run: impl FnOnce()) {
	everything_adds_up();
	let (coins, code) = (issuance(), newest_code());
	run();
	assert!(issuance() <= coins, "a hook made coins");
	let written: Vec<H256> = System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Enactment(Event::Enacted { code_hash, .. })
			| RuntimeEvent::Enactment(Event::RolledBack { code_hash, .. }) => Some(code_hash),
			_ => None,
		})
		.collect();
	if newest_code() == code {
		assert!(written.is_empty(), "an event of code that is not there");
		hooks_fit();
	} else {
		// Such a block counts as full by the code alone.
		assert_eq!(written, [newest_code()], "code without its event");
	}
}

/// What the hooks of this block were charged fits into one.
///
/// A block in which the session changes is left out: `pallet_session` charges a whole one for it.
fn hooks_fit() {
	let session_changed = System::events().into_iter().any(|record| {
		matches!(
			record.event,
			RuntimeEvent::Session(pallet_session::Event::NewSession { .. })
		)
	});
	let limit = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
	let used = System::block_weight().total();
	assert!(
		session_changed || used.all_lte(limit),
		"the hooks of block {} used {used} of {limit}",
		System::block_number()
	);
}

/// The end of a run.
///
/// # Panics
/// If what is stored does not add up.
pub fn at_the_end() {
	everything_adds_up();
}

/// Every pallet's own invariants, and the currency's.
fn everything_adds_up() {
	whole::check_state();
	let accounts = frame_system::Account::<Runtime>::iter_values();
	let owned: u128 = accounts.map(|a| a.data.free + a.data.reserved).sum();
	assert_eq!(owned, issuance(), "balances and issuance differ");
	for (who, holds) in pallet_balances::Holds::<Runtime>::iter() {
		let held: u128 = holds.iter().map(|hold| hold.amount).sum();
		let reserved = frame_system::Account::<Runtime>::get(&who).data.reserved;
		assert!(
			held <= reserved,
			"{who:?} has more on hold than it has reserved"
		);
	}
	let highest = Enactment::highest_spec_version();
	let known = pallet_airlock_enactment::Installed::<Runtime>::iter_keys().max();
	assert!(known.is_none_or(|version| version <= highest));
}

fn issuance() -> u128 {
	<Balances as Inspect<_>>::total_issuance()
}

fn newest_code() -> H256 {
	H256(blake2_256(&whole::code()))
}
