//! Sets of pallets: what an upgrade touches, and what its dossier says that it touches.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Pallets by their index in the runtime, one bit each.
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
pub struct PalletSet([u8; 32]);

impl PalletSet {
	/// Adds a pallet.
	pub fn insert(&mut self, index: u8) {
		if let Some(byte) = self.0.get_mut(usize::from(index / 8)) {
			*byte |= 1 << (index % 8);
		}
	}

	/// True if a pallet is in it.
	pub fn contains(&self, index: u8) -> bool {
		let byte = self.0.get(usize::from(index / 8)).copied();
		byte.unwrap_or_default() & (1 << (index % 8)) != 0
	}

	/// The pallets, by rising index.
	pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
		(0..=u8::MAX).filter(|index| self.contains(*index))
	}

	/// Those that are not in another set.
	pub fn without(&self, other: &Self) -> Self {
		self.iter()
			.filter(|index| !other.contains(*index))
			.collect()
	}

	/// How many there are.
	pub fn count(&self) -> u32 {
		self.0.iter().map(|byte| byte.count_ones()).sum()
	}
}

impl FromIterator<u8> for PalletSet {
	fn from_iter<I: IntoIterator<Item = u8>>(indices: I) -> Self {
		let mut set = Self::default();
		indices.into_iter().for_each(|index| set.insert(index));
		set
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn every_index_has_a_bit_of_its_own() {
		let all: PalletSet = (0..=u8::MAX).collect();
		assert_eq!(all.count(), 256);
		for index in 0..=u8::MAX {
			let one: PalletSet = [index].into_iter().collect();
			assert!(one.iter().eq([index]));
			assert_eq!(all.without(&one).count(), 255);
			assert_eq!(one.without(&all), PalletSet::default());
		}
	}
}
