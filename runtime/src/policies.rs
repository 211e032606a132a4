//! The windows and thresholds of each preset. Windows are in blocks.

use crate::BlockNumber;
use airlock_primitives::{
	BallotPolicy, ClassPolicy, EnactmentPolicy, Policy, ProbationPolicy, Ratio, ReviewPolicy,
	SimulationPolicy,
};

/// Blocks of a day, at 6 s.
pub const DAYS: BlockNumber = 14_400;
/// Blocks of an hour, at 6 s.
pub const HOURS: BlockNumber = DAYS / 24;

const THREE_QUARTERS: Ratio = Ratio::new(3, 4);
const TWO_THIRDS: Ratio = Ratio::new(2, 3);
const PERCENT_67: Ratio = Ratio::new(67, 100);
const PERCENT_80: Ratio = Ratio::new(80, 100);
const PERCENT_85: Ratio = Ratio::new(85, 100);
/// No organisation counts for more than a third.
const ONE_THIRD: Ratio = Ratio::new(1, 3);

/// The table of the design, for a chain of value.
pub fn production() -> Policy<BlockNumber> {
	let standard = ClassPolicy {
		bytes_within: 3 * DAYS,
		simulation: SimulationPolicy {
			commit_window: 6 * DAYS,
			reveal_window: DAYS,
			required: 3,
			seats: 5,
			replay_blocks: 100_000,
		},
		review: ReviewPolicy {
			minimum: 14 * DAYS,
			per_pallet: DAYS / 2,
			grace: 14 * DAYS,
			approvals: 2,
			builds: 2,
		},
		ballot: BallotPolicy {
			window: 7 * DAYS,
			extension: 2 * DAYS,
			extension_cap: 7 * DAYS,
			approval: THREE_QUARTERS,
			organisations: 3,
			organisation_cap: ONE_THIRD,
		},
		enactment: EnactmentPolicy {
			timelock: 5 * DAYS,
			readiness: PERCENT_80,
			grace: 7 * DAYS,
		},
		probation: ProbationPolicy {
			critical: 600,
			healthy_quorum: TWO_THIRDS,
			watch: DAYS,
			close_out: 7 * DAYS,
			gap: 50,
		},
	};
	let mut security = standard.clone();
	security.bytes_within = DAYS;
	security.simulation.commit_window = 42 * HOURS;
	security.simulation.reveal_window = 6 * HOURS;
	security.simulation.required = 3;
	security.simulation.seats = 3;
	security.simulation.replay_blocks = 10_000;
	security.review.minimum = 2 * DAYS;
	security.review.per_pallet = 0;
	security.review.grace = DAYS;
	security.ballot.window = DAYS;
	security.ballot.extension = 6 * HOURS;
	security.ballot.extension_cap = DAYS;
	security.ballot.approval = PERCENT_85;
	security.enactment = EnactmentPolicy {
		timelock: HOURS,
		readiness: PERCENT_67,
		grace: DAYS,
	};

	let mut self_change = standard.clone();
	self_change.simulation.commit_window = 12 * DAYS;
	self_change.simulation.reveal_window = 2 * DAYS;
	self_change.simulation.required = 5;
	self_change.simulation.seats = 7;
	self_change.simulation.replay_blocks = 200_000;
	self_change.review.minimum = 21 * DAYS;
	self_change.review.approvals = 3;
	self_change.review.builds = 3;
	self_change.ballot.window = 14 * DAYS;
	self_change.ballot.approval = PERCENT_85;
	self_change.enactment.timelock = 14 * DAYS;
	self_change.probation.close_out = 14 * DAYS;
	Policy {
		standard,
		security,
		self_change,
	}
}

/// Every rule, with windows of some blocks, for four validators of which one may be down: shares that four
/// seats cannot express at 80 % are 3 of 4.
pub fn local() -> Policy<BlockNumber> {
	let shrink = |class: &ClassPolicy<BlockNumber>| ClassPolicy {
		bytes_within: 30,
		simulation: SimulationPolicy {
			commit_window: 25,
			// Ends as soon as enough have revealed the same passing report.
			reveal_window: 16,
			required: 3,
			seats: class.simulation.seats,
			replay_blocks: 20,
		},
		review: ReviewPolicy {
			minimum: 6,
			per_pallet: 1,
			grace: 20,
			approvals: 2,
			builds: 2,
		},
		ballot: BallotPolicy {
			window: 8,
			extension: 3,
			extension_cap: 6,
			approval: THREE_QUARTERS,
			organisations: 3,
			organisation_cap: ONE_THIRD,
		},
		enactment: EnactmentPolicy {
			timelock: 6,
			readiness: THREE_QUARTERS,
			grace: 20,
		},
		probation: ProbationPolicy {
			critical: 10,
			healthy_quorum: TWO_THIRDS,
			watch: 3,
			close_out: 3,
			gap: 10,
		},
	};
	let of = production();
	Policy {
		standard: shrink(&of.standard),
		security: shrink(&of.security),
		self_change: shrink(&of.self_change),
	}
}

/// As [`local`], for one validator who is every organisation. Windows in which somebody must act are longer: whoever tries
/// the chain by hand needs half a minute for a command, and a minute and a half for a simulation.
pub fn development() -> Policy<BlockNumber> {
	let mut policy = local();
	for class in [
		&mut policy.standard,
		&mut policy.security,
		&mut policy.self_change,
	] {
		class.simulation.commit_window = 45;
		class.simulation.required = 1;
		class.simulation.reveal_window = 45;
		class.ballot.window = 25;
		class.enactment.timelock = 20;
		class.review.grace = 90;
		class.probation.critical = 25;
		class.review.approvals = 1;
		class.review.builds = 1;
		class.ballot.organisations = 1;
		class.ballot.organisation_cap = Ratio::new(1, 1);
	}
	policy
}
