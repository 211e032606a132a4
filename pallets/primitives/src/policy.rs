//! The rules a proposal is judged by. They are copied into the proposal at registration: a later change of
//! policy does not touch proposals that are under way.

use crate::Class;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// A threshold as a fraction, compared in whole numbers.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
	Serialize,
	Deserialize,
)]
pub struct Ratio {
	/// Numerator.
	pub num: u32,
	/// Denominator, not 0.
	pub den: u32,
}

impl Ratio {
	/// `num / den`.
	pub const fn new(num: u32, den: u32) -> Self {
		Self { num, den }
	}

	/// `part >= ratio * total`, exact. False for an empty total: nobody cannot decide anything.
	pub const fn reached_by(self, part: u64, total: u64) -> bool {
		total > 0 && part as u128 * self.den as u128 >= total as u128 * self.num as u128
	}

	/// `part > ratio * total`, exact. False for an empty total.
	pub const fn exceeded_by(self, part: u64, total: u64) -> bool {
		total > 0 && part as u128 * self.den as u128 > total as u128 * self.num as u128
	}

	/// The smallest part that reaches this share of a total. 0 of nothing, which decides nothing all the same.
	pub fn least_of(self, total: u64) -> u64 {
		let least = (u128::from(total) * u128::from(self.num)).div_ceil(self.divisor());
		u64::try_from(least).unwrap_or(u64::MAX)
	}

	/// The largest part that is within this share of a total.
	pub fn most_of(self, total: u64) -> u64 {
		let most = u128::from(total) * u128::from(self.num) / self.divisor();
		u64::try_from(most).unwrap_or(u64::MAX)
	}

	/// A denominator of 0 is refused where policies come from; here nothing may trap.
	fn divisor(self) -> u128 {
		u128::from(self.den.max(1))
	}

	/// True for a fraction between 0 and 1.
	pub const fn is_valid(self) -> bool {
		self.den > 0 && self.num <= self.den
	}
}

/// More than this share of the voting power stops an upgrade before enactment, and sends it back after.
pub const ONE_THIRD: Ratio = Ratio::new(1, 3);

/// More than this share of the *current* set must still say Aye when code is written.
pub const TWO_THIRDS: Ratio = Ratio::new(2, 3);

macro_rules! policy_struct {
	($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty,)* }) => {
		$(#[$doc])*
		#[derive(
			Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
			Serialize, Deserialize,
		)]
		pub struct $name<BlockNumber> {
			$($(#[$fdoc])* pub $field: $ty,)*
		}
	};
}

policy_struct! {
	/// Rules of the stage Simulation.
	SimulationPolicy {
		/// Blocks in which simulators may commit.
		commit_window: BlockNumber,
		/// Blocks after it in which they reveal.
		reveal_window: BlockNumber,
		/// Identical passing reports needed (k).
		required: u32,
		/// Most simulators that may take part (n).
		seats: u32,
		/// Blocks of history, ending at the block before the stage opened, that must be replayed.
		replay_blocks: u32,
	}
}

policy_struct! {
	/// Rules of the stage Review.
	ReviewPolicy {
		/// Shortest review, in blocks. Nobody can shorten it.
		minimum: BlockNumber,
		/// Blocks added to it for each pallet in the declared scope.
		per_pallet: BlockNumber,
		/// Blocks after the shortest review in which missing evidence may still arrive.
		grace: BlockNumber,
		/// Approving code reviews needed, from distinct organisations.
		approvals: u32,
		/// Reproduced builds of the exact hash needed, from distinct organisations.
		builds: u32,
	}
}

policy_struct! {
	/// Rules of the stage Voting.
	BallotPolicy {
		/// Blocks in which votes are taken.
		window: BlockNumber,
		/// Blocks added when the result changes this close to the end.
		extension: BlockNumber,
		/// Most blocks that extensions can add in all.
		extension_cap: BlockNumber,
		/// Share of the whole snapshot that must say Aye.
		approval: Ratio,
		/// Organisations among the Ayes, at least.
		organisations: u32,
		/// Share of the snapshot that one organisation counts for, at most.
		organisation_cap: Ratio,
	}
}

policy_struct! {
	/// Rules of the stage Timelock.
	EnactmentPolicy {
		/// Blocks between the vote and the switch.
		timelock: BlockNumber,
		/// Share of the current set whose nodes must have signalled readiness.
		readiness: Ratio,
		/// Blocks after the due block in which the switch is tried again. In the second half of them a finding stops it
		/// only if somebody stands behind it who answers for that.
		grace: BlockNumber,
	}
}

policy_struct! {
	/// Rules of the stage Probation.
	ProbationPolicy {
		/// Blocks after the switch in which silence counts as bad news.
		critical: BlockNumber,
		/// Share of the current set that must have reported healthy when the critical window ends.
		healthy_quorum: Ratio,
		/// Blocks after the critical window in which reports are still heard.
		watch: BlockNumber,
		/// Blocks after the watch window until the proposal is closed.
		close_out: BlockNumber,
		/// Slots without a block, at least, after which nodes build on the way back ([`rescue`](crate::rescue)).
		gap: u32,
	}
}

policy_struct! {
	/// All rules for one class.
	ClassPolicy {
		/// Blocks after registration in which the bytes must arrive.
		bytes_within: BlockNumber,
		/// Stage Simulation.
		simulation: SimulationPolicy<BlockNumber>,
		/// Stage Review.
		review: ReviewPolicy<BlockNumber>,
		/// Stage Voting.
		ballot: BallotPolicy<BlockNumber>,
		/// Stage Timelock.
		enactment: EnactmentPolicy<BlockNumber>,
		/// Stage Probation.
		probation: ProbationPolicy<BlockNumber>,
	}
}

policy_struct! {
	/// The rules of a chain, set at genesis.
	Policy {
		/// Rules of [`Class::Standard`].
		standard: ClassPolicy<BlockNumber>,
		/// Rules of [`Class::Security`].
		security: ClassPolicy<BlockNumber>,
		/// Rules of [`Class::SelfChange`].
		self_change: ClassPolicy<BlockNumber>,
	}
}

impl<BlockNumber> Policy<BlockNumber> {
	/// The rules of one class.
	pub fn of(&self, class: Class) -> &ClassPolicy<BlockNumber> {
		match class {
			Class::Standard => &self.standard,
			Class::Security => &self.security,
			Class::SelfChange => &self.self_change,
		}
	}
}

impl<BlockNumber> ClassPolicy<BlockNumber> {
	/// True if every fraction is one and no count asks for more than can come.
	pub fn is_valid(&self) -> bool {
		let ratios = [
			self.ballot.approval,
			self.ballot.organisation_cap,
			self.enactment.readiness,
			self.probation.healthy_quorum,
		];
		ratios.iter().all(|r| r.is_valid()) && self.simulation.required <= self.simulation.seats
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Every share that a policy of ours, or a rule, has.
	const SHARES: [Ratio; 10] = [
		ONE_THIRD,
		TWO_THIRDS,
		Ratio::new(1, 2),
		Ratio::new(3, 4),
		Ratio::new(67, 100),
		Ratio::new(80, 100),
		Ratio::new(85, 100),
		Ratio::new(9, 10),
		Ratio::new(0, 1),
		Ratio::new(1, 1),
	];

	/// A share of a total by counting, as one deals out cards: of every `den` of the total, `num` are in it. Says how many
	/// whole ones there are, and whether some part of one is left over. Nothing is multiplied or divided.
	fn counted(share: Ratio, total: u64) -> (u64, bool) {
		let (mut whole, mut rest) = (0, 0);
		for _ in 0..total {
			rest += share.num;
			if rest >= share.den {
				rest -= share.den;
				whole += 1;
			}
		}
		(whole, rest > 0)
	}

	#[test]
	fn thresholds_are_exact_for_every_set_up_to_200() {
		for share in SHARES {
			for total in 1u64..=200 {
				let (whole, more) = counted(share, total);
				let least = whole + u64::from(more);
				for part in 0..=total {
					let what = (part, total, share);
					assert_eq!(share.reached_by(part, total), part >= least, "{what:?}");
					assert_eq!(share.exceeded_by(part, total), part > whole, "{what:?}");
				}
				assert_eq!(share.least_of(total), least, "{share:?} of {total}");
				assert_eq!(share.most_of(total), whole, "{share:?} of {total}");
			}
		}
	}

	/// By hand, so that a mistake of the counting is found as well.
	#[test]
	fn thresholds_are_those_of_the_table() {
		let cases = [
			// Share, total, the least that reaches it, the least that exceeds it.
			(Ratio::new(3, 4), 4, 3, 4),
			(Ratio::new(3, 4), 7, 6, 6),
			(Ratio::new(85, 100), 4, 4, 4),
			(Ratio::new(85, 100), 20, 17, 18),
			(Ratio::new(80, 100), 4, 4, 4),
			(Ratio::new(80, 100), 5, 4, 5),
			(Ratio::new(67, 100), 3, 3, 3),
			(Ratio::new(67, 100), 100, 67, 68),
			(Ratio::new(9, 10), 9, 9, 9),
			(Ratio::new(9, 10), 10, 9, 10),
			(ONE_THIRD, 3, 1, 2),
			(ONE_THIRD, 4, 2, 2),
			(TWO_THIRDS, 3, 2, 3),
			(TWO_THIRDS, 100, 67, 67),
		];
		for (share, total, reaches, exceeds) in cases {
			let parts = || 0..=total;
			let least = parts().find(|part| share.reached_by(*part, total));
			let more = parts().find(|part| share.exceeded_by(*part, total));
			assert_eq!(
				(least, more),
				(Some(reaches), Some(exceeds)),
				"{share:?} of {total}"
			);
		}
	}

	#[test]
	fn nobody_decides_nothing() {
		assert!(!Ratio::new(0, 1).reached_by(0, 0));
		assert!(!Ratio::new(0, 1).exceeded_by(0, 0));
	}

	#[test]
	fn thresholds_do_not_overflow() {
		assert!(Ratio::new(u32::MAX, u32::MAX).reached_by(u64::MAX, u64::MAX));
		assert!(!Ratio::new(u32::MAX, u32::MAX).exceeded_by(u64::MAX, u64::MAX));
		assert_eq!(Ratio::new(u32::MAX, u32::MAX).least_of(u64::MAX), u64::MAX);
		assert_eq!(Ratio::new(u32::MAX, 1).least_of(u64::MAX), u64::MAX);
		assert_eq!(Ratio::new(u32::MAX, 1).most_of(u64::MAX), u64::MAX);
		assert_eq!(Ratio::new(1, 0).most_of(1), 1, "nothing traps");
	}
}
