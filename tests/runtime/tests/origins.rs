//! Every call with every kind of origin, and every way somebody could try to write code.
//!
//! `origin-matrix.txt` is the reviewed result: a change of it is a change of who may do what. Write it anew with
//! `UPDATE=1 cargo test --release --workspace every_call_with_every_origin`.

use airlock_primitives::{Lifecycle, Stage};
use airlock_runtime::{Balances, Council, Proposals, Runtime, RuntimeCall, RuntimeOrigin, System};
use airlock_runtime_tests::*;
use codec::Decode;
use frame_support::{
	dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
	traits::GetCallMetadata,
};
use sp_core::storage::well_known_keys;
use sp_runtime::{traits::Dispatchable, DispatchError, MultiAddress};
use std::{collections::BTreeSet, fmt::Write, panic::AssertUnwindSafe};

type Origin = (&'static str, fn() -> RuntimeOrigin);

/// Kinds of origin that a transaction, an inherent or a motion can have, and Root, which nothing can.
const ORIGINS: [Origin; 6] = [
	("none", RuntimeOrigin::none),
	("anyone", || RuntimeOrigin::signed(anyone())),
	("validator", || {
		RuntimeOrigin::signed(validators()[0].clone())
	}),
	("council 2/4", || {
		pallet_collective::RawOrigin::Members(2, 4).into()
	}),
	("council 3/4", || {
		pallet_collective::RawOrigin::Members(3, 4).into()
	}),
	("ROOT", RuntimeOrigin::root),
];

/// Every call of the runtime, with arguments that decode from zeros.
fn every_call() -> Vec<RuntimeCall> {
	let zeros = vec![0u8; 4096];
	(0..=u8::MAX)
		.flat_map(|pallet| (0..=u8::MAX).map(move |call| (pallet, call)))
		.filter_map(|(pallet, call)| {
			let bytes = [&[pallet, call], &zeros[..]].concat();
			RuntimeCall::decode(&mut &bytes[..]).ok()
		})
		.collect()
}

fn name(call: &RuntimeCall) -> String {
	let metadata = call.get_call_metadata();
	format!("{}.{}", metadata.pallet_name, metadata.function_name)
}

/// What the origin's check says: `-` refused, `x` let through (whatever the arguments then lead to).
fn passes(call: RuntimeCall, origin: RuntimeOrigin) -> bool {
	let outcome = frame_support::storage::with_transaction(|| {
		let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| call.dispatch(origin)));
		frame_support::storage::TransactionOutcome::Rollback(Ok::<_, DispatchError>(outcome))
	})
	.expect("rolled back");
	let refused = |outcome: &DispatchResultWithPostInfo| {
		let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
		matches!(outcome, Err(e) if e.error == DispatchError::BadOrigin || e.error == filtered)
	};
	// A panic on senseless arguments comes after the origin was accepted.
	!outcome.as_ref().is_ok_and(refused)
}

#[test]
fn every_call_of_the_runtime_is_enumerated() {
	let enumerated: BTreeSet<String> = every_call().iter().map(name).collect();
	let in_metadata = RuntimeCall::get_module_names().iter().flat_map(|pallet| {
		RuntimeCall::get_call_names(pallet)
			.iter()
			.map(move |call| format!("{pallet}.{call}"))
	});
	let missing: Vec<String> = in_metadata
		.filter(|name| !enumerated.contains(name))
		.collect();
	// These take a key owner proof, and the runtime's type of it has no value: nobody can make such a call.
	assert_eq!(
		missing,
		[
			"Grandpa.report_equivocation",
			"Grandpa.report_equivocation_unsigned"
		]
	);
}

#[test]
fn every_call_with_every_origin() {
	let mut table = format!("{:<50}", "call");
	for (origin, _) in ORIGINS {
		write!(table, " | {origin}").unwrap();
	}
	table.push('\n');
	on_local_chain(|| {
		for call in every_call() {
			write!(table, "{:<50}", name(&call)).unwrap();
			for (origin, make) in ORIGINS {
				let mark = if passes(call.clone(), make()) {
					"x"
				} else {
					"-"
				};
				write!(table, " | {mark:<width$}", width = origin.len()).unwrap();
			}
			table = table.trim_end().to_owned();
			table.push('\n');
		}
	});
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/origin-matrix.txt");
	if std::env::var_os("UPDATE").is_some() {
		std::fs::write(path, &table).unwrap();
	}
	let reviewed = std::fs::read_to_string(path).unwrap_or_default();
	assert_eq!(
		reviewed, table,
		"who may do what has changed: review, then UPDATE=1"
	);
}

/// Calls of `System` that write code or any storage.
fn doors() -> Vec<RuntimeCall> {
	use frame_system::Call::*;
	let code = airlock_variants::GOOD.to_vec();
	let code_hash = sp_io::hashing::blake2_256(&code).into();
	let key = well_known_keys::CODE.to_vec();
	vec![
		set_code { code: code.clone() },
		set_code_without_checks { code: code.clone() },
		authorize_upgrade { code_hash },
		authorize_upgrade_without_checks { code_hash },
		apply_authorized_upgrade { code },
		set_storage {
			items: vec![(key.clone(), vec![1])],
		},
		kill_storage {
			keys: vec![key.clone()],
		},
		kill_prefix {
			prefix: key,
			subkeys: 1,
		},
		set_heap_pages { pages: 1 },
	]
	.into_iter()
	.map(RuntimeCall::System)
	.collect()
}

/// A call in everything that dispatches a call for somebody.
fn wrapped(call: &RuntimeCall) -> Vec<RuntimeCall> {
	let boxed = || Box::new(call.clone());
	let me = MultiAddress::Id(validators()[0].clone());
	let weight = call.get_dispatch_info().call_weight;
	vec![
		call.clone(),
		pallet_utility::Call::batch {
			calls: vec![call.clone()],
		}
		.into(),
		pallet_utility::Call::batch_all {
			calls: vec![call.clone()],
		}
		.into(),
		pallet_utility::Call::force_batch {
			calls: vec![call.clone()],
		}
		.into(),
		pallet_utility::Call::as_derivative {
			index: 0,
			call: boxed(),
		}
		.into(),
		pallet_utility::Call::dispatch_as {
			as_origin: Box::new(frame_system::RawOrigin::Root.into()),
			call: boxed(),
		}
		.into(),
		pallet_utility::Call::dispatch_as_fallible {
			as_origin: Box::new(frame_system::RawOrigin::Root.into()),
			call: boxed(),
		}
		.into(),
		pallet_utility::Call::with_weight {
			call: boxed(),
			weight,
		}
		.into(),
		pallet_utility::Call::if_else {
			main: boxed(),
			fallback: boxed(),
		}
		.into(),
		pallet_proxy::Call::proxy {
			real: me,
			force_proxy_type: None,
			call: boxed(),
		}
		.into(),
		pallet_multisig::Call::as_multi_threshold_1 {
			other_signatories: vec![anyone()],
			call: boxed(),
		}
		.into(),
		RuntimeCall::Council(pallet_collective::Call::execute {
			proposal: boxed(),
			length_bound: 10_000_000,
		}),
	]
}

/// All in storage that decides which code runs, now and next.
#[derive(PartialEq)]
struct Code([Option<Vec<u8>>; 5]);

impl Code {
	fn read() -> Self {
		use airlock_primitives::rescue;
		let keys = [
			well_known_keys::CODE,
			well_known_keys::PENDING_CODE,
			well_known_keys::HEAP_PAGES,
			rescue::ARMED,
			rescue::CODE,
		];
		Self(keys.map(|key| sp_io::storage::get(key).map(|value| value.to_vec())))
	}

	fn assert_untouched(&self, what: &str) {
		assert!(*self == Self::read(), "{what}");
		assert!(System::authorized_upgrade().is_none(), "{what}");
	}
}

/// Before there is an upgrade, and at each stage of a good one.
fn at_each_stage(test: impl Fn(&Code, &str)) {
	use Stage::*;
	on_local_chain(|| test(&Code::read(), "at first"));
	for stage in [Registered, Simulation, Review, Voting, Timelock, Probation] {
		on_local_chain(|| {
			let id = good_upgrade_in(stage);
			assert_eq!(Proposals::stage(id), Some(stage));
			test(&Code::read(), &format!("in {stage:?}"));
		});
	}
}

#[test]
fn no_reachable_origin_writes_code_through_any_wrapper() {
	at_each_stage(|before, stage| {
		let mut tried = 0;
		for door in doors() {
			for wrapper in wrapped(&door) {
				for (origin, make) in ORIGINS.into_iter().filter(|(name, _)| *name != "ROOT") {
					let what = format!("{} in {} by {origin} {stage}", name(&door), name(&wrapper));
					if let Err(error) = dispatch(make(), wrapper.clone()) {
						assert_ne!(error.error, DispatchError::Other("unreachable"), "{what}");
					}
					before.assert_untouched(&what);
					tried += 1;
				}
			}
		}
		assert_eq!(tried, 9 * 12 * 5);
	});
}

#[test]
fn no_motion_of_the_council_writes_code() {
	at_each_stage(|before, stage| {
		for (index, door) in doors().into_iter().enumerate() {
			use sp_runtime::traits::Hash;
			let hash = airlock_runtime::opaque::Hash::from(sp_io::hashing::blake2_256(
				&codec::Encode::encode(&door),
			));
			assert_eq!(hash, sp_runtime::traits::BlakeTwo256::hash_of(&door));
			let index = index as u32;
			let council = |call: pallet_collective::Call<Runtime, pallet_collective::Instance1>| {
				RuntimeCall::Council(call)
			};
			signed(
				&validators()[0],
				council(pallet_collective::Call::propose {
					threshold: 4,
					proposal: Box::new(door.clone()),
					length_bound: 10_000_000,
				}),
			)
			.unwrap();
			for validator in validators() {
				let vote = pallet_collective::Call::vote {
					proposal: hash,
					index,
					approve: true,
				};
				signed(&validator, council(vote)).unwrap();
			}
			let close = pallet_collective::Call::close {
				proposal_hash: hash,
				index,
				proposal_weight_bound: door.get_dispatch_info().call_weight,
				length_bound: 10_000_000,
			};
			// Closing succeeds or not; what counts is what it did.
			if signed(&anyone(), council(close)).is_ok() {
				assert!(
					pallet_collective::ProposalOf::<Runtime, pallet_collective::Instance1>::get(
						hash
					)
					.is_none()
				);
			}
			before.assert_untouched(&format!("{} {stage}", name(&door)));
			// A member has one motion at a time.
			let release = pallet_collective::Call::release_proposal_cost {
				proposal_hash: hash,
			};
			signed(&anyone(), council(release)).unwrap();
		}
		assert_eq!(
			pallet_collective::Members::<Runtime, pallet_collective::Instance1>::get().len(),
			4
		);
		assert!(Council::is_member(&validators()[0]));
	});
}

/// Even Root, which nobody has, does not pass the gate: only the lifecycle's own dispatch does.
#[test]
fn the_gate_refuses_root_itself() {
	at_each_stage(|before, stage| {
		use frame_system::Call::*;
		let bytes = airlock_variants::GOOD.to_vec();
		for call in [
			set_code {
				code: bytes.clone(),
			},
			set_code_without_checks { code: bytes },
		] {
			assert_eq!(
				dispatch_unfiltered(RuntimeOrigin::root(), RuntimeCall::System(call)),
				Err(pallet_airlock_enactment::Error::<Runtime>::NotThisCodesTurn.into()),
				"{stage}"
			);
		}
		before.assert_untouched(stage);
		assert!(Balances::total_issuance() > 0);
	});
}
