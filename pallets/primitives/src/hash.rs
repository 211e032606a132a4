//! One place for every hash that somebody signs or votes on.

use codec::Encode;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;

/// What a hash is of. Each kind has its own prefix, and no prefix begins with another one, so that no
/// bytes can be read as two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
	/// A [`Dossier`](crate::Dossier).
	Dossier,
	/// A simulator's sealed report.
	Simulation,
	/// A sealed finding.
	Finding,
}

impl Domain {
	/// All domains.
	pub const ALL: [Domain; 3] = [Domain::Dossier, Domain::Simulation, Domain::Finding];

	/// The bytes before the encoded value.
	pub const fn prefix(self) -> &'static [u8] {
		match self {
			Domain::Dossier => b"airlock/dossier/v1",
			Domain::Simulation => b"airlock/simulation/v1",
			Domain::Finding => b"airlock/finding/v1",
		}
	}
}

/// `blake2_256(prefix ++ SCALE(value))`.
pub fn domain_hash(domain: Domain, value: &impl Encode) -> H256 {
	let mut bytes = domain.prefix().to_vec();
	value.encode_to(&mut bytes);
	H256(blake2_256(&bytes))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn no_prefix_begins_with_another() {
		for a in Domain::ALL {
			for b in Domain::ALL {
				assert!(a == b || !a.prefix().starts_with(b.prefix()), "{a:?} {b:?}");
			}
		}
	}

	#[test]
	fn equal_values_of_two_domains_differ() {
		assert_ne!(
			domain_hash(Domain::Dossier, &7u8),
			domain_hash(Domain::Simulation, &7u8)
		);
	}
}
