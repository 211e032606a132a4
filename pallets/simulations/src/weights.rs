//! What calls and hooks cost. A runtime measures its own (`scripts/bench weights`); the weights of `()` are counted from the
//! code, database reads and writes plus an allowance for computing, and are for tests.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// One hash of a node of a tree, with the decoding of its bytes.
const HASH: u64 = 2_000_000;

/// Most hashes of one opening: a leaf, and a node for each of `airlock_report::tree::MAX_PROOF` siblings.
const PROOF_HASHES: u64 = airlock_report::tree::MAX_PROOF as u64 + 1;

/// Weight of each call. What the gate does in a hook is part of the stage machine's weights: for each seat, a
/// simulator, its account, its holds and a report, once at the end of each attempt and once when it is cleared.
pub trait WeightInfo {
	/// `admit`.
	fn admit() -> Weight;
	/// `remove`.
	fn remove() -> Weight;
	/// `commit`.
	fn commit() -> Weight;
	/// `reveal` of a report over 2^`depth` blocks.
	fn reveal(depth: u32) -> Weight;
	/// `challenge`, when simulators on so many seats lied, and with the end of the proposal.
	fn challenge(seats: u32) -> Weight;
	/// `top_up`.
	fn top_up() -> Weight;
}

impl WeightInfo for () {
	fn admit() -> Weight {
		Weight::from_parts(60_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
	fn remove() -> Weight {
		Weight::from_parts(60_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
	fn commit() -> Weight {
		Weight::from_parts(60_000_000, 12_000) + RocksDbWeight::get().reads_writes(6, 4)
	}
	fn reveal(_: u32) -> Weight {
		// Round, submissions, simulator, genesis, and the hashes of two blocks. The root and the draws are a few
		// hashes more.
		let hashes = HASH * (PROOF_HASHES * airlock_report::MAX_SAMPLES as u64 + 8);
		Weight::from_parts(80_000_000 + hashes, 24_000) + RocksDbWeight::get().reads_writes(6, 2)
	}
	fn challenge(seats: u32) -> Weight {
		// Round, report, submissions, the hashes of two blocks and the challenger; the header is hashed like 500 nodes.
		let checks = Weight::from_parts(80_000_000 + HASH * (2 * PROOF_HASHES + 500), 24_000)
			+ RocksDbWeight::get().reads_writes(7, 3);
		// Simulator, account and holds, slashed and then dismissed.
		let liar = Weight::from_parts(60_000_000, 6_000) + RocksDbWeight::get().reads_writes(3, 3);
		let end =
			Weight::from_parts(200_000_000, 80_000) + RocksDbWeight::get().reads_writes(24, 22);
		checks + liar.saturating_mul(seats.into()) + end
	}
	fn top_up() -> Weight {
		Weight::from_parts(60_000_000, 8_000) + RocksDbWeight::get().reads_writes(3, 3)
	}
}
