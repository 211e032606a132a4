//! What the chain measures of its own health, from approval on, so that code that makes it sick goes back although each single
//! sign could have another cause.
//!
//! Two signs are counted: slots without a block, and transactions that fail. Each is a share, held against the same share before
//! the switch, in whole numbers. Both together send the chain back; one alone is nothing: users can make transactions fail, and
//! validators can be late, but more slots must be lost as well than a third of the validators can lose between them, and more
//! than a third can stop an upgrade anyhow. With too few samples on either side nothing is decided: then reports decide, or silence.

use super::*;
use codec::MaxEncodedLen;
use scale_info::TypeInfo;

/// Slots that must have passed on each side of the switch before their share counts.
pub const MIN_SLOTS: u32 = 10;
/// Transactions that must have been taken on each side of the switch before their share counts.
pub const MIN_TRANSACTIONS: u32 = 10;
/// A share of lost slots that is larger by more than this is a sign: what could stop the upgrade by a vote.
pub const MORE_SLOTS_LOST: Ratio = ONE_THIRD;
/// A share of failed transactions that is larger by more than this is a sign: every second one, of those that worked before.
pub const MORE_FAILURES: Ratio = Ratio::new(1, 2);
/// Events of a block for which counting is charged. More do not fit beside the transactions that make them.
pub const MAX_EVENTS: u32 = 10_000;

/// Counts over some blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pulse {
	/// The slot before the first block.
	pub slot: u64,
	/// Slots since then.
	pub slots: u32,
	/// Blocks since then.
	pub blocks: u32,
	/// Transactions in them; what blocks must have is not counted.
	pub transactions: u32,
	/// How many of these failed.
	pub failed: u32,
}

impl Pulse {
	/// One block more. The first one begins: slots that were lost before it are nobody's here.
	fn beat(&mut self, slot: u64, (transactions, failed): (u32, u32)) {
		if self.blocks == 0 {
			self.slot = slot.saturating_sub(1);
		}
		self.slots = u32::try_from(slot.saturating_sub(self.slot)).unwrap_or(u32::MAX);
		self.blocks = self.blocks.saturating_add(1);
		self.transactions = self.transactions.saturating_add(transactions);
		self.failed = self.failed.saturating_add(failed);
	}

	/// Slots without a block, of all.
	fn lost_slots(&self) -> (u32, u32) {
		(self.slots.saturating_sub(self.blocks), self.slots)
	}

	/// Transactions that failed, of all.
	fn failures(&self) -> (u32, u32) {
		(self.failed, self.transactions)
	}

	/// True if more slots were lost than a third of so many validators can lose who take turns: of `slots` in a row they have a
	/// third, and of the turn that is not whole each has one at most.
	fn lost_more_than_a_third_can(&self, validators: u32) -> bool {
		let (lost, slots) = self.lost_slots();
		u64::from(lost) * 3 > u64::from(slots) + u64::from(validators)
	}

	/// True if both signs are there, against what was before, in a set of so many validators.
	pub fn is_sick(&self, before: &Self, validators: u32) -> bool {
		self.lost_more_than_a_third_can(validators)
			&& grew(
				before.lost_slots(),
				self.lost_slots(),
				MIN_SLOTS.max(validators),
				MORE_SLOTS_LOST,
			) && grew(
			before.failures(),
			self.failures(),
			MIN_TRANSACTIONS,
			MORE_FAILURES,
		)
	}
}

/// True if a share is larger by more than `margin` than it was. False with fewer than `least` samples on either side.
fn grew((part, of): (u32, u32), (new_part, new_of): (u32, u32), least: u32, margin: Ratio) -> bool {
	if of.min(new_of) < least {
		return false;
	}
	let [part, of, new_part, new_of] = [part, of, new_part, new_of].map(u128::from);
	let [num, den] = [margin.num, margin.den].map(u128::from);
	// new_part / new_of > part / of + num / den. Each product is below 2^96 times 2.
	new_part * of * den > (part * den + of * num) * new_of
}

impl<T: Config> Pallet<T> {
	/// Begins to count: an upgrade is approved, or was switched on. What was counted so far.
	pub(super) fn begin_pulse() -> Pulse {
		let before = Measured::<T>::get().unwrap_or_default();
		Measured::<T>::put(Pulse::default());
		before
	}

	/// Stops counting if nobody waits for the result.
	pub(super) fn end_pulse() {
		if Measured::<T>::exists() && !Self::is_pulse_awaited() {
			Measured::<T>::kill();
		}
	}

	/// True while an upgrade is approved or watched.
	pub(super) fn is_pulse_awaited() -> bool {
		OnProbation::<T>::exists() || InTimelock::<T>::iter_keys().next().is_some()
	}

	/// Counts a block at its end, while somebody waits for the result.
	pub(super) fn count_block() {
		Measured::<T>::mutate_extant(|pulse| {
			pulse.beat(T::Vitals::slot(), T::Vitals::transactions());
		});
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::mock::*;
	use frame_support::traits::Hooks;

	/// Some blocks, of each of which so many slots, transactions and failures are counted.
	fn blocks(count: u32, slots: u64, transactions: u32, failed: u32) {
		for _ in 0..count {
			to(System::block_number() + 1);
			Slot::mutate(|slot| *slot += slots);
			Transactions::set((transactions, failed));
			<Enactment as Hooks<u32>>::on_finalize(System::block_number());
		}
	}

	/// Enacts after a timelock in which all was well.
	fn enacted_after_good_times() {
		approve(&dossier());
		ready(1..=3, &dossier());
		blocks(TIMELOCK, 1, 2, 0);
		assert_eq!(poll_timelock(), GateStatus::Passed);
		begin_probation(&dossier());
	}

	fn next() -> GateStatus<u32> {
		to(System::block_number() + 1);
		poll_probation()
	}

	fn is_watched_on() {
		let until = System::block_number() + 1;
		assert_eq!(next(), GateStatus::Pending { until: until + 1 });
	}

	#[test]
	fn lost_slots_and_failures_together_should_send_the_chain_back() {
		build_and_execute(|| {
			enacted_after_good_times();
			blocks(7, 2, 2, 2);
			assert_eq!(next(), GateStatus::Failed(Failure::Sick));
		});
	}

	#[test]
	fn one_sign_alone_should_be_no_reason() {
		for (slots, failed) in [(2, 0), (1, 2)] {
			build_and_execute(|| {
				enacted_after_good_times();
				blocks(8, slots, 2, failed);
				is_watched_on();
			});
		}
	}

	#[test]
	fn too_few_samples_should_decide_nothing() {
		build_and_execute(|| {
			enacted_after_good_times();
			// Nine slots, then twelve: the first block begins.
			blocks(3, 4, 9, 9);
			is_watched_on();
			blocks(1, 3, 9, 9);
			assert_eq!(next(), GateStatus::Failed(Failure::Sick));
		});
	}

	#[test]
	fn what_was_as_bad_before_should_be_no_sign() {
		build_and_execute(|| {
			approve(&dossier());
			ready(1..=3, &dossier());
			blocks(TIMELOCK, 2, 2, 2);
			assert_eq!(poll_timelock(), GateStatus::Passed);
			begin_probation(&dossier());
			blocks(8, 2, 2, 2);
			is_watched_on();
		});
	}

	#[test]
	fn nothing_should_be_counted_when_nobody_waits() {
		build_and_execute(|| {
			blocks(3, 1, 5, 5);
			assert_eq!(Measured::<Test>::get(), None);
			approve(&dossier());
			assert!(Measured::<Test>::get().is_some());
			end();
			assert_eq!(Measured::<Test>::get(), None);
			enacted(&dossier());
			assert!(Measured::<Test>::get().is_some());
			end();
			assert_eq!(Measured::<Test>::get(), None);
		});
	}

	/// Whoever is in the set, and whenever they begin: a third of it that loses all its turns is no sign.
	#[test]
	fn a_third_of_the_validators_should_never_be_enough() {
		for validators in 1..=40u64 {
			let idle = validators / 3;
			for first in 0..validators {
				let mut pulse = Pulse::default();
				for slot in 1..=200 {
					// Neighbours, which is the worst.
					if (slot + first) % validators >= idle {
						pulse.beat(slot, (1, 1));
						assert!(
							!pulse.is_sick(&healthy(), validators as u32),
							"{idle} of {validators} from {first}: {pulse:?}"
						);
					}
				}
			}
		}
	}

	/// If all but one lose their turns it is one.
	#[test]
	fn most_of_the_validators_should_be_enough() {
		for validators in 2..=40u64 {
			let mut pulse = Pulse::default();
			for turn in 0..20 {
				pulse.beat(1 + turn * validators, (1, 1));
			}
			let is_sick = pulse.is_sick(&healthy(), validators as u32);
			assert!(is_sick, "{validators}: {pulse:?}");
		}
	}

	/// A thousand slots without a loss, and transactions that all worked.
	fn healthy() -> Pulse {
		Pulse {
			slot: 0,
			slots: 1_000,
			blocks: 1_000,
			transactions: 1_000,
			failed: 0,
		}
	}

	#[test]
	fn a_share_should_grow_by_more_than_the_margin_exactly() {
		let third = |before, now| grew(before, now, 10, ONE_THIRD);
		assert!(!third((0, 30), (10, 30)));
		assert!(third((0, 30), (11, 30)));
		assert!(!third((5, 30), (15, 30)));
		assert!(third((5, 30), (16, 30)));
		// Nine samples on either side are too few.
		assert!(!third((0, 9), (30, 30)));
		assert!(!third((0, 30), (9, 9)));
		assert!(third((0, 10), (10, 10)));
		// No overflow, and less than nothing is not lost.
		assert!(!third((u32::MAX, u32::MAX), (u32::MAX, u32::MAX)));
		assert!(third((0, u32::MAX), (u32::MAX, u32::MAX)));
		let faster = Pulse {
			slots: 3,
			blocks: 4,
			..Pulse::default()
		};
		assert_eq!(faster.lost_slots(), (0, 3));
	}
}
