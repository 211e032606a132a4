//! What a chain and its nodes agree on for code that cannot build a block.
//!
//! While an upgrade is watched, the chain's state holds an [`Armed`] rescue and the code of the way back. When no block
//! follows for [`Armed::gap`] slots, or the watch should be over and is not, nodes build and import the next block with
//! that code: the *rescue block*. Only its header and its parent's state decide, so all nodes decide alike, whenever they
//! come by it.
//!
//! - Under [`ARMED`] and [`CODE`] the runtime writes, and nodes read.
//! - Under [`ACTIVE`] the node writes, into the rescue block's changes alone, and the code of the way back reads: it
//!   knows by it why it runs, makes itself the chain's code, and removes all three before the block ends.

use codec::{Decode, Encode};

/// Key of [`Armed`]. It is there as long as the rescue is armed.
pub const ARMED: &[u8] = b":rescue:armed";
/// Key of the bytes of the way back.
pub const CODE: &[u8] = b":rescue:code";
/// Key of the mark of a rescue block. It is in no state between two blocks.
pub const ACTIVE: &[u8] = b":rescue:active";

/// Slots without a block that each validator of a set adds to the least gap: so many turns of everybody must have been
/// lost before it is the code's fault.
pub const TURNS: u64 = 3;

/// When nodes build on the way back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Armed {
	/// The last block in which the code that is watched may run without another decision about it.
	pub until: u64,
	/// Slots between a block and its parent from which on it is the code that is at fault.
	pub gap: u64,
}

impl Armed {
	/// True if the block of this number and slot is a rescue block, on a parent of that slot.
	pub fn fires(&self, number: u64, slot: u64, parent_slot: u64) -> bool {
		number > self.until || slot >= parent_slot.saturating_add(self.gap)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_rescue_fires_exactly_from_the_gap_on() {
		let armed = Armed {
			until: 100,
			gap: 10,
		};
		for parent_slot in [0, 7, 1_000] {
			assert!(!armed.fires(50, parent_slot + 1, parent_slot));
			assert!(!armed.fires(50, parent_slot + 9, parent_slot));
			assert!(armed.fires(50, parent_slot + 10, parent_slot));
			assert!(armed.fires(50, u64::MAX, parent_slot));
		}
		// A slot before the parent's is no gap, and a last slot does not wrap around.
		assert!(!armed.fires(50, 3, 7));
		assert!(!armed.fires(50, u64::MAX - 1, u64::MAX - 5));
	}

	#[test]
	fn a_rescue_fires_exactly_after_the_watch_should_be_over() {
		let armed = Armed {
			until: 100,
			gap: 10,
		};
		assert!(!armed.fires(100, 1, 0));
		assert!(armed.fires(101, 1, 0));
	}
}
