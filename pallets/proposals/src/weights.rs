//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

use airlock_primitives::Stage;
use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weight of each call and of each thing the hook may do.
pub trait WeightInfo {
	/// `register`, with a dossier of the largest size.
	fn register() -> Weight;
	/// `revise`.
	fn revise() -> Weight;
	/// `withdraw`, of a proposal on which everything is full.
	fn withdraw() -> Weight;
	/// `advance` out of `Registered`: reads so many times [`PREFLIGHT_UNIT`](crate::PREFLIGHT_UNIT) bytes of code.
	fn preflight(units: u32) -> Weight;
	/// The hook draws the seed of a simulation in which every seat is taken.
	fn poll_draws_seed() -> Weight;
	/// The hook fines everybody who sealed a report and showed none, and begins the extension.
	fn poll_extends_simulation() -> Weight;
	/// The hook passes a simulation of as many reports as there can be.
	fn poll_opens_review() -> Weight;
	/// The hook finds that a full review has to wait.
	fn poll_waits_review() -> Weight;
	/// The hook finds that a vote goes on.
	fn poll_waits_ballot() -> Weight;
	/// The hook drops the largest snapshot, of which nobody is left, and begins the vote once more.
	fn poll_restarts_ballot() -> Weight;
	/// The hook switches to a candidate of the size of the code that runs.
	fn poll_switches() -> Weight;
	/// The hook counts the reports about code on probation.
	fn poll_watches() -> Weight;
	/// The hook ends a proposal on which everything is full.
	fn poll_ends() -> Weight;
	/// The hook ends a probation, of a proposal on which everything is full.
	fn poll_finalizes() -> Weight;
	/// The hook passes a full review and opens the largest vote.
	fn poll_opens_ballot() -> Weight;
	/// The hook passes the largest vote.
	fn poll_opens_timelock() -> Weight;
	/// The hook when nothing is due.
	fn on_initialize_idle() -> Weight;
	/// The hook's own cost when something is due.
	fn on_initialize_due() -> Weight;

	/// The most that asking a stage can cost, but for writing code.
	fn poll() -> Weight
	where
		Self: Sized,
	{
		Branch::all()
			.map(|branch| branch.weight::<Self>())
			.fold(Weight::zero(), |most, weight| most.max(weight))
	}
}

/// What the hook did to a due proposal. Each has a weight of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Branch {
	/// It waits in its stage.
	Waits(Stage),
	/// It enters this stage, or would but for another proposal in the lane.
	Enters(Stage),
	/// It ends.
	Ends,
	/// Its step out of this stage failed and left nothing; it ends.
	Fails(Stage),
}

/// What `system` does with the bytes is charged as the pre-flight of so many units: a MiB, more than a runtime has.
const UNITS_READ_AGAIN: u32 = 2;

impl Branch {
	const STAGES: [Stage; 6] = [
		Stage::Registered,
		Stage::Simulation,
		Stage::Review,
		Stage::Voting,
		Stage::Timelock,
		Stage::Probation,
	];

	/// All that there are.
	pub fn all() -> impl Iterator<Item = Self> {
		let each = |stage| [Self::Waits(stage), Self::Enters(stage), Self::Fails(stage)];
		let stages = Self::STAGES.into_iter().flat_map(each);
		stages.chain([Self::Ends])
	}

	/// What it costs, but for writing code: the block that does counts as full.
	pub fn weight<W: WeightInfo>(self) -> Weight {
		match self {
			// Its deadline is read, and no more.
			Self::Waits(Stage::Registered) => W::poll_waits_ballot(),
			Self::Waits(Stage::Voting) => W::poll_waits_ballot().max(W::poll_restarts_ballot()),
			Self::Waits(Stage::Simulation) => {
				W::poll_draws_seed().max(W::poll_extends_simulation())
			}
			Self::Waits(Stage::Review) => W::poll_waits_review(),
			// As far as the last check, which is `system`'s: it reads the version out of the bytes once more.
			Self::Waits(Stage::Timelock) => {
				W::poll_switches().saturating_add(W::preflight(UNITS_READ_AGAIN))
			}
			Self::Waits(Stage::Probation) => W::poll_watches(),
			// Bytes are judged by `advance` alone, which has a weight for that; and a switch fills its block.
			Self::Enters(Stage::Registered | Stage::Simulation | Stage::Probation) => {
				Weight::zero()
			}
			Self::Enters(Stage::Review) => W::poll_opens_review(),
			Self::Enters(Stage::Voting) => W::poll_opens_ballot(),
			Self::Enters(Stage::Timelock) => W::poll_opens_timelock(),
			Self::Ends => W::poll_ends().max(W::poll_finalizes()),
			Self::Fails(stage) => {
				let later = Self::STAGES.into_iter().find(|next| *next > stage);
				let tried = later.map_or(Weight::zero(), |next| Self::Enters(next).weight::<W>());
				let tried = tried.max(Self::Waits(stage).weight::<W>());
				tried.saturating_add(Self::Ends.weight::<W>())
			}
		}
	}
}

impl WeightInfo for () {
	fn register() -> Weight {
		Weight::from_parts(80_000_000, 16_000) + RocksDbWeight::get().reads_writes(10, 9)
	}
	fn revise() -> Weight {
		Weight::from_parts(120_000_000, 24_000) + RocksDbWeight::get().reads_writes(14, 12)
	}
	fn withdraw() -> Weight {
		Self::poll()
	}
	fn preflight(units: u32) -> Weight {
		// Decompressing and walking the sections: 100 ns for each compressed byte.
		Weight::from_parts(100_000, 1)
			.saturating_mul(crate::PREFLIGHT_UNIT.into())
			.saturating_mul(units.into())
			.saturating_add(Weight::from_parts(100_000_000, 24_000))
			.saturating_add(RocksDbWeight::get().reads_writes(10, 8))
	}
	fn poll_draws_seed() -> Weight {
		Weight::from_parts(50_000_000, 20_000) + RocksDbWeight::get().reads_writes(8, 6)
	}
	fn poll_extends_simulation() -> Weight {
		Weight::from_parts(500_000_000, 100_000) + RocksDbWeight::get().reads_writes(50, 50)
	}
	fn poll_opens_review() -> Weight {
		Weight::from_parts(100_000_000, 40_000) + RocksDbWeight::get().reads_writes(10, 10)
	}
	fn poll_waits_review() -> Weight {
		Weight::from_parts(100_000_000, 40_000) + RocksDbWeight::get().reads_writes(10, 4)
	}
	fn poll_waits_ballot() -> Weight {
		Weight::from_parts(20_000_000, 20_000) + RocksDbWeight::get().reads_writes(4, 4)
	}
	fn poll_restarts_ballot() -> Weight {
		Weight::from_parts(2_000_000_000, 800_000) + RocksDbWeight::get().reads_writes(1_010, 2_010)
	}
	fn poll_switches() -> Weight {
		Weight::from_parts(50_000_000_000, 8_000_000) + RocksDbWeight::get().reads_writes(1_090, 10)
	}
	fn poll_watches() -> Weight {
		Weight::from_parts(1_000_000_000, 100_000) + RocksDbWeight::get().reads_writes(10, 5)
	}
	fn poll_finalizes() -> Weight {
		Self::poll_ends() + RocksDbWeight::get().reads_writes(4, 4)
	}
	fn poll_ends() -> Weight {
		// For each of 64 attestations an auditor, for each of 64 findings a deposit and a waiver, 16 funders, 16
		// simulators with report and bond, 1 000 electors.
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(1_420, 1_420)
	}
	fn poll_opens_ballot() -> Weight {
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(10, 1_010)
	}
	fn poll_opens_timelock() -> Weight {
		Weight::from_parts(1_000_000_000, 400_000) + RocksDbWeight::get().reads_writes(1_010, 10)
	}
	fn on_initialize_idle() -> Weight {
		Weight::from_parts(1_000_000, 1_500) + RocksDbWeight::get().reads(1)
	}
	fn on_initialize_due() -> Weight {
		Weight::from_parts(5_000_000, 4_000) + RocksDbWeight::get().reads_writes(3, 2)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nothing_that_the_hook_does_should_cost_more_than_the_most() {
		let most = <() as WeightInfo>::poll();
		for branch in Branch::all() {
			assert!(branch.weight::<()>().all_lte(most), "{branch:?}");
		}
	}

	#[test]
	fn a_step_that_fails_should_cost_what_was_tried_and_the_end() {
		let failed = Branch::Fails(Stage::Review).weight::<()>();
		let tried = Branch::Enters(Stage::Voting).weight::<()>();
		assert_eq!(failed, tried + Branch::Ends.weight::<()>());
	}
}
