//! What the benchmarks of one pallet need of the others, and the largest of what they judge. Only with the feature
//! `runtime-benchmarks`.

use crate::{
	dossier::MAX_URI_LEN, BallotPolicy, Class, ClassPolicy, CodeRef, Document, Dossier, DossierRef,
	EnactmentPolicy, ProbationPolicy, ProposalId, Ratio, ReviewPolicy, Rollback, SimulationPolicy,
	Stage, Voter,
};
use alloc::{collections::BTreeSet, vec, vec::Vec};
use sp_core::H256;

/// The proposal of all benchmarks: a number that the chain has not given out.
pub const ID: ProposalId = 1_000_000;

/// The runtime around a pallet that is measured.
pub trait BenchmarkHelper<AccountId> {
	/// Makes a dossier the open proposal [`ID`], in a stage.
	fn open(proposer: &AccountId, dossier: &Dossier, stage: Stage);
	/// Puts on [`ID`] all that every pallet takes about a proposal.
	fn fill();
	/// After [`fill`](Self::fill): has a stage wait for something, once it has asked for all it can ask. `current` is the
	/// code that runs.
	fn wait(stage: Stage, current: H256);
	/// Makes these the validators of the running session.
	fn set_voters(voters: Vec<Voter<AccountId>>);
	/// Puts bytes where uploads go.
	fn upload(bytes: Vec<u8>);
}

/// A dossier that is as long as one can be, for code that follows `parent`.
pub fn dossier(parent: H256, spec_version: u32) -> Dossier {
	let document = Document {
		hash: H256::repeat_byte(3),
		len: u32::MAX,
		uri: vec![b'u'; MAX_URI_LEN as usize]
			.try_into()
			.unwrap_or_default(),
	};
	let code = |byte, spec_version| CodeRef {
		hash: H256::repeat_byte(byte),
		len: 1_000_000,
		spec_version,
	};
	let scope: BTreeSet<u8> = (0..u8::MAX).collect();
	Dossier {
		code: code(1, spec_version),
		parent_code_hash: parent,
		rollback: Rollback::Dedicated(code(2, spec_version.saturating_add(1))),
		specification: document.clone(),
		rationale: document.clone(),
		rollback_plan: document.clone(),
		expected_effects: document,
		minted: 0,
		scope: scope.try_into().unwrap_or_default(),
		class: Class::SelfChange,
	}
}

/// What a stage is told of it.
pub fn about<'a, AccountId>(
	proposer: &'a AccountId,
	dossier: &'a Dossier,
) -> DossierRef<'a, AccountId> {
	DossierRef {
		proposer,
		round: 0,
		hash: dossier.hash(),
		dossier,
	}
}

/// Long windows, and extensions that come with every swing.
pub fn policy<BlockNumber: From<u32>>() -> ClassPolicy<BlockNumber> {
	let days = |days: u32| BlockNumber::from(days.saturating_mul(14_400));
	ClassPolicy {
		bytes_within: days(3),
		simulation: SimulationPolicy {
			commit_window: days(7),
			reveal_window: days(1),
			required: 3,
			seats: u32::MAX,
			replay_blocks: 1_000,
		},
		review: ReviewPolicy {
			minimum: days(14),
			per_pallet: days(0),
			grace: days(14),
			approvals: 2,
			builds: 2,
		},
		ballot: BallotPolicy {
			window: days(7),
			extension: days(8),
			extension_cap: days(8),
			approval: Ratio::new(3, 4),
			organisations: 3,
			organisation_cap: Ratio::new(1, 3),
		},
		enactment: EnactmentPolicy {
			timelock: days(5),
			readiness: Ratio::new(4, 5),
			grace: days(7),
		},
		probation: ProbationPolicy {
			critical: days(1),
			healthy_quorum: Ratio::new(2, 3),
			watch: days(1),
			close_out: days(7),
			gap: 50,
		},
	}
}

/// So many voters of so many organisations, with a power of 1.
pub fn voters<AccountId>(count: u32, account: impl Fn(u32) -> AccountId) -> Vec<Voter<AccountId>> {
	(0..count)
		.map(|n| Voter {
			account: account(n),
			organisation: n,
			power: 1,
		})
		.collect()
}
