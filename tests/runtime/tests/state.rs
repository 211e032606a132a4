//! Promise `state_returns`: what is full becomes empty again, and to fill it has its price.

use airlock_primitives::{Document, Lifecycle, ProposalId, Stage};
use airlock_runtime::{
	AccountId, Balance, Balances, Proposals, Runtime, EXISTENTIAL_DEPOSIT, UNIT,
};
use airlock_runtime_tests::*;
use frame_support::traits::{
	fungible::{InspectHold, Mutate},
	Get,
};
use pallet_airlock_audits::Severity;
use pallet_airlock_supermajority::Vote;
use sp_io::hashing::{blake2_256, twox_128};
use sp_runtime::{DispatchError, DispatchResult};
use std::collections::BTreeMap;

/// Price of a byte of a proposal.
fn byte_deposit() -> Balance {
	<Runtime as pallet_airlock_proposals::Config>::ByteDeposit::get()
}
type ProposalsError = pallet_airlock_proposals::Error<Runtime>;
type AuditsError = pallet_airlock_audits::Error<Runtime>;

/// What a block leaves behind whatever is in it, and the two records that proposals leave: a number, and a line in a
/// list of fixed length.
fn is_bookkeeping(key: &[u8]) -> bool {
	let item = |pallet: &str, name: &str| {
		[twox_128(pallet.as_bytes()), twox_128(name.as_bytes())].concat()
	};
	let of_a_block =
		key.starts_with(&twox_128(b"System")) && !key.starts_with(&item("System", "Account"));
	let records = [item("Proposals", "History"), item("Proposals", "NextId")];
	of_a_block || records.iter().any(|record| key.starts_with(record))
}

/// All of the state but bookkeeping: the length of each value.
fn state() -> BTreeMap<Vec<u8>, usize> {
	let mut state = BTreeMap::new();
	let mut key = Vec::new();
	while let Some(next) = sp_io::storage::next_key(&key) {
		if !is_bookkeeping(&next) {
			let value = sp_io::storage::get(&next).expect("the key was just met");
			state.insert(next.clone(), value.len());
		}
		key = next;
	}
	state
}

fn bytes_of(state: &BTreeMap<Vec<u8>, usize>) -> usize {
	state.iter().map(|(key, len)| key.len() + len).sum()
}

fn held() -> Balance {
	frame_system::Account::<Runtime>::iter_keys()
		.map(|who| Balances::total_balance_on_hold(&who))
		.sum()
}

/// An account that owns `amount` beside what keeps it alive.
fn account(kind: &str, number: usize, amount: Balance) -> AccountId {
	let who = AccountId::from(blake2_256(format!("{kind} {number}").as_bytes()));
	Balances::mint_into(&who, amount + EXISTENTIAL_DEPOSIT).expect("minted");
	who
}

/// Calls until it is refused for the expected reason; says how often it was not.
fn until(why: impl Into<DispatchError>, mut call: impl FnMut(usize) -> DispatchResult) -> usize {
	let why = why.into();
	(0..1_000)
		.find(|done| match call(*done) {
			Ok(()) => false,
			Err(error) => {
				assert_eq!(error, why);
				true
			}
		})
		.expect("there is a cap")
}

fn find(who: &AccountId, id: ProposalId) -> DispatchResult {
	let call = pallet_airlock_audits::Call::report_finding {
		id,
		severity: Severity::Low,
		report: Document::of(b"x"),
	};
	signed(who, call)
}

/// Many people, each as poor as can be.
struct Crowd {
	developers: Vec<AccountId>,
	finders: Vec<AccountId>,
	funders: Vec<AccountId>,
}

impl Crowd {
	fn gather() -> Self {
		let open = <Runtime as pallet_airlock_proposals::Config>::MaxOpen::get();
		let finding: Balance = <Runtime as pallet_airlock_audits::Config>::FindingDeposit::get();
		let part: Balance = <Runtime as pallet_airlock_audits::Config>::MinBountyPart::get();
		let proposal = {
			let blobs: u32 = good_dossier().blobs().map(|blob| blob.len).sum();
			100 * UNIT + byte_deposit() * Balance::from(blobs + 1_000)
		};
		let people = |kind, count: u32, amount| -> Vec<_> {
			(0..count as usize)
				.map(|n| account(kind, n, amount))
				.collect()
		};
		Self {
			developers: people("developer", open, proposal),
			finders: people("finder", open, 64 * finding),
			funders: people("funder", 16, part * Balance::from(open)),
		}
	}

	/// Registers one dossier after the other until no slot is left, the last ones by validators.
	fn take_all_slots(&self) -> Vec<ProposalId> {
		let first = pallet_airlock_proposals::NextId::<Runtime>::get();
		let register = |who: &AccountId, n: usize| {
			let mut dossier = good_dossier();
			dossier.rationale = Document::of(&n.to_le_bytes());
			signed(who, pallet_airlock_proposals::Call::register { dossier })
		};
		let public = until(ProposalsError::TooManyOpen, |n| {
			register(&self.developers[n], n)
		});
		for (n, validator) in validators().iter().enumerate() {
			register(validator, public + n).expect("slots are reserved for validators");
		}
		let next = pallet_airlock_proposals::NextId::<Runtime>::get();
		assert_eq!((next - first) as usize, public + validators().len());
		(first..next).collect()
	}

	/// All that others may put on an open proposal.
	fn fill(&self, id: ProposalId) {
		let finder = &self.finders[id as usize];
		until(AuditsError::TooManyFindings, |_| find(finder, id));
		for auditor in auditors() {
			until(AuditsError::TooManyFindingsOfYours, |_| find(&auditor, id));
		}
		let amount: Balance = <Runtime as pallet_airlock_audits::Config>::MinBountyPart::get();
		until(AuditsError::TooManyFunders, |n| {
			let call = pallet_airlock_audits::Call::fund_bounty { id, amount };
			signed(&self.funders[n], call)
		});
		let dossier_hash = Proposals::dossier_hash(id).expect("open");
		let stop = pallet_airlock_supermajority::Call::stop { id, dossier_hash };
		signed(&validators()[0], stop).expect("a quarter stops nothing");
	}
}

/// Every finding of a proposal has a validator behind its waiver.
fn waive_all(id: ProposalId) {
	let dossier_hash = Proposals::dossier_hash(id).expect("open");
	for finding in 0..pallet_airlock_audits::FindingSlots::<Runtime>::get(id).taken {
		let call = pallet_airlock_audits::Call::waive {
			id,
			finding,
			dossier_hash,
		};
		signed(&validators()[0], call).expect("a quarter waives nothing");
	}
}

/// All simulators commit, and none will reveal.
fn commit(id: ProposalId) {
	for who in simulators() {
		signed(&who, commit_to(id, &who, &report(id), [1; 32])).expect("committed");
	}
}

fn bonds() -> Balance {
	pallet_airlock_simulations::Simulators::<Runtime>::iter_values()
		.map(|simulator| simulator.bond)
		.sum()
}

#[test]
fn state_returns() {
	on_local_chain(|| {
		let crowd = Crowd::gather();
		// The first session change leaves records of its own.
		run(60);
		let (before, held_before) = (state(), held());
		let (issued, bonded) = (Balances::total_issuance(), bonds());

		// One proposal as far as evidence goes; all other slots wait in Simulation.
		let voted = good_upgrade_in(Stage::Voting);
		crowd.fill(voted);
		waive_all(voted);
		vote(voted, &validators(), Vote::Nay);
		let others = crowd.take_all_slots();
		for (n, id) in others.iter().enumerate() {
			advance(*id).expect("the bytes are there");
			// A bond pays ten fines. Three of these rounds end with one.
			if n < 24 {
				commit(*id);
			}
			crowd.fill(*id);
		}
		check_state();

		let (full, held_full) = (state(), held() - held_before);
		let grown = bytes_of(&full) - bytes_of(&before);
		let price = held_full / grown as Balance;
		println!(
			"{} proposals: {} keys and {grown} bytes more, {} UNIT held for them, {} UNIT a KiB",
			others.len() + 1,
			full.len() - before.len(),
			held_full / UNIT,
			price * 1_024 / UNIT,
		);
		assert!(price >= byte_deposit(), "state is cheaper than its price");

		// Some are taken back, one is stopped, most expire.
		for id in others.iter().take(20) {
			let proposer = pallet_airlock_proposals::Proposals::<Runtime>::get(id)
				.expect("open")
				.proposer;
			signed(
				&proposer,
				pallet_airlock_proposals::Call::withdraw { id: *id },
			)
			.expect("ended");
		}
		let dossier_hash = Proposals::dossier_hash(others[20]).expect("open");
		let stop = pallet_airlock_supermajority::Call::stop {
			id: others[20],
			dossier_hash,
		};
		signed(&validators()[1], stop).expect("two quarters stop it");
		run(200);

		let open = pallet_airlock_proposals::Proposals::<Runtime>::iter_keys().count();
		assert_eq!(open, 0, "not all have ended");
		assert_eq!(held() + (bonded - bonds()), held_before);
		// Simulators that committed and did not reveal were fined; nothing else is gone.
		assert_eq!(issued - Balances::total_issuance(), bonded - bonds());
		assert!(bonds() < bonded);
		let after = state();
		let differs = |a: &BTreeMap<Vec<u8>, usize>, b: &BTreeMap<Vec<u8>, usize>| -> Vec<String> {
			a.iter()
				.filter(|(key, len)| b.get(*key) != Some(len))
				.map(|(key, len)| format!("{}: {len}", sp_core::hexdisplay::HexDisplay::from(key)))
				.collect()
		};
		assert_eq!(differs(&after, &before), Vec::<String>::new(), "left over");
		assert_eq!(differs(&before, &after), Vec::<String>::new(), "lost");
	});
}
