//! The Merkle-sum tree over a section's leaves: each node carries the sums of what is below it, so that the
//! sums of a report cannot be forged without a lie in some node that a proof through it shows.
//!
//! ```text
//! leaf = blake2_256(0x00 ++ u8 section ++ u32 index ++ SCALE(leaf))
//! node = blake2_256(0x01 ++ left.hash ++ SCALE(left.sums) ++ right.hash ++ SCALE(right.sums))
//! ```
//!
//! An odd node at the end of a level is promoted as it is. The root of no leaves is zero.

use crate::Leaf;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32, H256};
use sp_crypto_hashing::blake2_256;

const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

/// Longest proof: a tree over `u32::MAX` leaves is 32 levels high.
pub const MAX_PROOF: u32 = 32;

/// What is counted over leaves. Sums saturate, which never turns a count into zero.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Sums {
	/// Leaves.
	pub leaves: u32,
	/// Leaves that say nothing of the candidate: blocks run under the code that built them only.
	pub control_only: u32,
	/// Extrinsics in all blocks.
	pub extrinsics: u32,
	/// Extrinsics with the same outcome and events.
	pub identical: u32,
	/// Extrinsics with another result that is no regression.
	pub changed: u32,
	/// Extrinsics, blocks, checks and switches that fail under the candidate.
	pub regressions: u32,
	/// Blocks that this harness could not reproduce under the code that built them.
	pub control_broken: u32,
}

impl Sums {
	/// Sums of one leaf without extrinsics.
	pub fn of_regressions(regressions: u32) -> Self {
		Self {
			leaves: 1,
			regressions,
			..Default::default()
		}
	}

	/// Field by field.
	pub fn add(self, other: Self) -> Self {
		Self {
			leaves: self.leaves.saturating_add(other.leaves),
			control_only: self.control_only.saturating_add(other.control_only),
			extrinsics: self.extrinsics.saturating_add(other.extrinsics),
			identical: self.identical.saturating_add(other.identical),
			changed: self.changed.saturating_add(other.changed),
			regressions: self.regressions.saturating_add(other.regressions),
			control_broken: self.control_broken.saturating_add(other.control_broken),
		}
	}
}

/// A node: the hash of what is below it, and the sums over it.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Node {
	/// Hash.
	pub hash: H256,
	/// Sums.
	pub sums: Sums,
}

impl Node {
	fn of_leaf(index: u32, leaf: &Leaf) -> Self {
		let bytes = (LEAF, leaf.section(), index, leaf).encode();
		Self {
			hash: H256(blake2_256(&bytes)),
			sums: leaf.sums(),
		}
	}

	fn above(left: &Node, right: &Node) -> Self {
		let bytes = (NODE, left, right).encode();
		Self {
			hash: H256(blake2_256(&bytes)),
			sums: left.sums.add(right.sums),
		}
	}
}

/// The siblings from a leaf up to the root.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Proof(pub BoundedVec<Node, ConstU32<MAX_PROOF>>);

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
	/// There is no leaf of that index.
	IndexOutOfRange,
	/// A tree of that size has another number of siblings above that leaf.
	WrongLength,
	/// The leaf is not in the tree, or some node above it lies.
	RootMismatch,
	/// The nodes add up to other sums.
	SumsMismatch,
}

/// All levels of a tree, leaves first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
	levels: Vec<Vec<Node>>,
}

impl Tree {
	/// Builds the tree over at most `u32::MAX` leaves of one section.
	pub fn new(leaves: &[Leaf]) -> Self {
		let mut level: Vec<Node> = (0u32..)
			.zip(leaves)
			.map(|(index, leaf)| Node::of_leaf(index, leaf))
			.collect();
		let mut levels = Vec::new();
		while level.len() > 1 {
			let above = level.chunks(2).map(parent).collect();
			levels.push(core::mem::replace(&mut level, above));
		}
		levels.push(level);
		Self { levels }
	}

	/// Hash and sums of the root.
	pub fn root(&self) -> Node {
		self.levels
			.last()
			.and_then(|level| level.first())
			.copied()
			.unwrap_or_default()
	}

	/// Number of leaves.
	pub fn count(&self) -> u32 {
		self.levels.first().map_or(0, |leaves| leaves.len() as u32)
	}

	/// The proof for one leaf; `None` if there is no such leaf.
	pub fn proof(&self, index: u32) -> Option<Proof> {
		if index >= self.count() {
			return None;
		}
		let mut at = index as usize;
		let mut siblings = Vec::new();
		for level in &self.levels {
			siblings.extend(level.get(at ^ 1).copied());
			at /= 2;
		}
		BoundedVec::try_from(siblings).ok().map(Proof)
	}
}

fn parent(pair: &[Node]) -> Node {
	match pair {
		[left, right] => Node::above(left, right),
		[odd] => *odd,
		_ => Node::default(),
	}
}

/// Number of siblings above leaf `index` in a tree of `count` leaves.
pub fn proof_len(mut count: u32, mut index: u32) -> u32 {
	let mut len = 0;
	while count > 1 {
		len += u32::from(index ^ 1 < count);
		count = count.div_ceil(2);
		index /= 2;
	}
	len
}

/// Checks that `leaf` is at `index` of the tree with this root, these sums and this many leaves.
///
/// # Errors
/// [`ProofError`], at most `MAX_PROOF + 1` hashes later.
pub fn verify(
	root: H256,
	sums: &Sums,
	count: u32,
	index: u32,
	leaf: &Leaf,
	proof: &Proof,
) -> Result<(), ProofError> {
	if index >= count {
		return Err(ProofError::IndexOutOfRange);
	}
	if proof.0.len() as u32 != proof_len(count, index) {
		return Err(ProofError::WrongLength);
	}
	let (mut width, mut at) = (count, index);
	let mut siblings = proof.0.iter();
	let mut node = Node::of_leaf(index, leaf);
	while width > 1 {
		if at ^ 1 < width {
			let sibling = siblings.next().ok_or(ProofError::WrongLength)?;
			node = if at % 2 == 0 {
				Node::above(&node, sibling)
			} else {
				Node::above(sibling, &node)
			};
		}
		width = width.div_ceil(2);
		at /= 2;
	}
	if node.hash != root {
		return Err(ProofError::RootMismatch);
	}
	if node.sums != *sums || sums.leaves != count {
		return Err(ProofError::SumsMismatch);
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		leaf::{Blob, StaticCheck},
		StaticLeaf,
	};

	fn leaf(n: u32) -> Leaf {
		Leaf::Static(StaticLeaf {
			blob: if n % 2 == 0 {
				Blob::Candidate
			} else {
				Blob::Rollback
			},
			check: StaticCheck::Decompresses,
			holds: n % 3 != 0,
		})
	}

	fn leaves(count: u32) -> Vec<Leaf> {
		(0..count).map(leaf).collect()
	}

	fn sibling_mut(proof: &mut Proof, n: usize) -> &mut Node {
		proof.0.iter_mut().nth(n).unwrap()
	}

	#[test]
	fn every_leaf_of_every_small_tree_verifies() {
		for count in 1..70 {
			let tree = Tree::new(&leaves(count));
			let root = tree.root();
			assert_eq!((tree.count(), root.sums.leaves), (count, count));
			assert_eq!(root.sums.regressions, count.div_ceil(3));
			for index in 0..count {
				let proof = tree.proof(index).unwrap();
				assert_eq!(
					proof.0.len() as u32,
					proof_len(count, index),
					"{index} of {count}"
				);
				assert_eq!(
					verify(root.hash, &root.sums, count, index, &leaf(index), &proof),
					Ok(())
				);
			}
			assert_eq!(tree.proof(count), None);
		}
	}

	#[test]
	fn an_empty_tree_has_a_zero_root_and_no_proof() {
		let tree = Tree::new(&[]);
		assert_eq!(
			(tree.root(), tree.count(), tree.proof(0)),
			(Node::default(), 0, None)
		);
	}

	#[test]
	fn verify_should_fail_when_the_leaf_is_tampered() {
		let tree = Tree::new(&leaves(7));
		let Node { hash, sums } = tree.root();
		let proof = tree.proof(3).unwrap();
		assert_eq!(
			verify(hash, &sums, 7, 3, &leaf(4), &proof),
			Err(ProofError::RootMismatch)
		);
	}

	#[test]
	fn verify_should_fail_when_a_sibling_is_tampered() {
		let tree = Tree::new(&leaves(7));
		let Node { hash, sums } = tree.root();
		for n in 0..3 {
			let mut proof = tree.proof(3).unwrap();
			sibling_mut(&mut proof, n).sums.regressions += 1;
			assert_eq!(
				verify(hash, &sums, 7, 3, &leaf(3), &proof),
				Err(ProofError::RootMismatch)
			);
		}
	}

	#[test]
	fn verify_should_fail_when_the_sums_are_forged() {
		let tree = Tree::new(&leaves(7));
		let Node { hash, sums } = tree.root();
		let proof = tree.proof(3).unwrap();
		let forged = Sums {
			regressions: 0,
			..sums
		};
		assert_ne!(forged, sums);
		assert_eq!(
			verify(hash, &forged, 7, 3, &leaf(3), &proof),
			Err(ProofError::SumsMismatch)
		);
	}

	#[test]
	fn verify_should_fail_when_an_inner_node_hides_a_regression() {
		// A cheater lies about the sums of the left half and builds the root over the lie.
		let (left, right) = (Tree::new(&leaves(2)), Tree::new(&leaves(4)).levels[1][1]);
		let honest = left.root();
		let lie = Node {
			sums: Sums {
				regressions: 0,
				..honest.sums
			},
			..honest
		};
		assert_ne!(lie, honest);
		let root = Node::above(&lie, &right);
		let proof = Proof(BoundedVec::try_from(alloc::vec![left.levels[0][1], right]).unwrap());
		assert_eq!(
			verify(root.hash, &root.sums, 4, 0, &leaf(0), &proof),
			Err(ProofError::RootMismatch)
		);
	}

	#[test]
	fn verify_should_fail_when_the_index_or_the_count_is_wrong() {
		let all = leaves(8);
		let tree = Tree::new(&all);
		let Node { hash, sums } = tree.root();
		let proof = tree.proof(2).unwrap();
		let check = |count, index| verify(hash, &sums, count, index, &all[2], &proof);
		assert_eq!(check(8, 2), Ok(()));
		assert_eq!(check(8, 3), Err(ProofError::RootMismatch));
		assert_eq!(check(8, 8), Err(ProofError::IndexOutOfRange));
		assert_eq!(check(7, 2), Err(ProofError::SumsMismatch));
		assert_eq!(check(4, 2), Err(ProofError::WrongLength));
		assert_eq!(check(0, 0), Err(ProofError::IndexOutOfRange));
	}

	#[test]
	fn verify_should_fail_when_the_proof_has_another_length() {
		let tree = Tree::new(&leaves(5));
		let Node { hash, sums } = tree.root();
		let check = |proof: &Proof| verify(hash, &sums, 5, 0, &leaf(0), proof);
		let mut proof = tree.proof(0).unwrap();
		assert_eq!(check(&proof), Ok(()));
		proof.0.try_push(Node::default()).unwrap();
		assert_eq!(check(&proof), Err(ProofError::WrongLength));
		proof.0.truncate(2);
		assert_eq!(check(&proof), Err(ProofError::WrongLength));
	}

	#[test]
	fn a_node_is_never_a_leaf() {
		// The bytes of a leaf begin with 0x00 and those of a node with 0x01.
		let bytes = (LEAF, leaf(0).section(), 0u32, leaf(0)).encode();
		assert_eq!(bytes[0], LEAF);
		assert_eq!((NODE, Node::default(), Node::default()).encode()[0], NODE);
		assert_ne!(LEAF, NODE);
	}
}
