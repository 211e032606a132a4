//! Lets old signed extrinsics through a candidate with another `spec_version`.
//!
//! The version is part of what a transaction signs, so a transaction of yesterday is not valid under the code
//! of tomorrow. Faking every signature would hide real changes, so a fake is narrow: while an extrinsic is
//! applied under the candidate, the one signature that opened this very extrinsic under the current code is
//! accepted once. Every other check is the real one.

use sp_externalities::decl_extension;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which verification a runtime asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
	Ed25519,
	Sr25519,
	Ecdsa,
	EcdsaRecover,
}

/// The signature that opened an extrinsic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
	scheme: Scheme,
	signature: Vec<u8>,
	key: Vec<u8>,
}

/// What to do with verifications while one extrinsic is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Memo {
	/// Nothing: only the real verification counts.
	#[default]
	Off,
	/// Remember the first one that holds: the envelope is checked before anything else is.
	Record(Option<Envelope>),
	/// Accept this one, once.
	Accept(Envelope),
	/// It was used; `faked` if the real verification failed.
	Spent { faked: bool },
}

impl Memo {
	/// Judges a verification whose real result is `valid`.
	fn verified(&mut self, scheme: Scheme, signature: &[u8], key: &[u8], valid: bool) -> bool {
		match self {
			Memo::Record(first @ None) if valid => {
				*first = Some(Envelope {
					scheme,
					signature: signature.into(),
					key: key.into(),
				});
				true
			}
			Memo::Accept(e) if e.scheme == scheme && e.signature == signature && e.key == key => {
				*self = Memo::Spent { faked: !valid };
				true
			}
			_ => valid,
		}
	}

	/// Judges a recovery. A signature over other bytes does not fail here, it yields another key.
	fn recovered<E>(&mut self, signature: &[u8], real: Result<[u8; 33], E>) -> Result<[u8; 33], E> {
		let scheme = Scheme::EcdsaRecover;
		match self {
			Memo::Record(first @ None) => {
				*first = real.as_ref().ok().map(|key| Envelope {
					scheme,
					signature: signature.into(),
					key: key.to_vec(),
				});
				real
			}
			Memo::Accept(e) if e.scheme == scheme && e.signature == signature => {
				let Ok(key) = <[u8; 33]>::try_from(&e.key[..]) else {
					return real;
				};
				let faked = !matches!(&real, Ok(other) if *other == key);
				*self = Memo::Spent { faked };
				Ok(key)
			}
			_ => real,
		}
	}
}

/// A memo that the engine and the host functions share.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedMemo(Arc<Mutex<Memo>>);

impl SharedMemo {
	/// Sets what holds for the next extrinsic, and returns what became of the last one.
	pub(crate) fn replace(&self, memo: Memo) -> Memo {
		std::mem::replace(&mut self.lock(), memo)
	}

	/// See [`Memo::verified`].
	pub(crate) fn verified(&self, scheme: Scheme, sig: &[u8], key: &[u8], valid: bool) -> bool {
		self.lock().verified(scheme, sig, key, valid)
	}

	/// See [`Memo::recovered`].
	pub(crate) fn recovered<E>(
		&self,
		sig: &[u8],
		real: Result<[u8; 33], E>,
	) -> Result<[u8; 33], E> {
		self.lock().recovered(sig, real)
	}

	fn lock(&self) -> MutexGuard<'_, Memo> {
		// A memo is replaced before each use, so that a panic elsewhere leaves nothing half done in it.
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}
}

decl_extension! {
	/// The memo of the extrinsic that is being applied.
	pub(crate) struct MemoExt(SharedMemo);
}

#[cfg(test)]
mod tests {
	use super::*;
	use Scheme::*;

	fn recorded() -> Envelope {
		let mut memo = Memo::Record(None);
		assert!(!memo.verified(Sr25519, b"bad", b"key", false));
		assert!(memo.verified(Sr25519, b"sig", b"key", true));
		assert!(memo.verified(Ed25519, b"later", b"other", true));
		match memo {
			Memo::Record(Some(envelope)) => envelope,
			other => panic!("{other:?}"),
		}
	}

	#[test]
	fn the_first_valid_signature_is_the_envelope() {
		let envelope = Envelope {
			scheme: Sr25519,
			signature: b"sig".to_vec(),
			key: b"key".to_vec(),
		};
		assert_eq!(recorded(), envelope);
	}

	#[test]
	fn the_envelope_is_accepted_once() {
		let mut memo = Memo::Accept(recorded());
		assert!(memo.verified(Sr25519, b"sig", b"key", false));
		assert_eq!(memo, Memo::Spent { faked: true });
		assert!(!memo.verified(Sr25519, b"sig", b"key", false));
	}

	#[test]
	fn a_signature_that_is_really_valid_spends_the_memo_without_a_fake() {
		let mut memo = Memo::Accept(recorded());
		assert!(memo.verified(Sr25519, b"sig", b"key", true));
		assert_eq!(memo, Memo::Spent { faked: false });
		assert!(!memo.verified(Sr25519, b"sig", b"key", false));
	}

	#[test]
	fn nothing_but_the_exact_envelope_is_accepted() {
		let mut memo = Memo::Accept(recorded());
		assert!(!memo.verified(Ed25519, b"sig", b"key", false));
		assert!(!memo.verified(Sr25519, b"sig2", b"key", false));
		assert!(!memo.verified(Sr25519, b"sig", b"key2", false));
		assert_eq!(memo, Memo::Accept(recorded()));
		let mut off = Memo::Off;
		assert!(!off.verified(Sr25519, b"sig", b"key", false));
	}

	#[test]
	fn a_recovery_yields_the_recorded_key_once() {
		let (old, new) = ([1u8; 33], [2u8; 33]);
		let mut memo = Memo::Record(None);
		assert_eq!(memo.recovered::<()>(b"sig", Ok(old)), Ok(old));
		let Memo::Record(Some(envelope)) = memo else {
			panic!("nothing recorded")
		};
		let mut memo = Memo::Accept(envelope);
		assert_eq!(memo.recovered::<()>(b"other", Ok(new)), Ok(new));
		assert_eq!(memo.recovered::<()>(b"sig", Ok(new)), Ok(old));
		assert_eq!(memo, Memo::Spent { faked: true });
		assert_eq!(memo.recovered::<()>(b"sig", Ok(new)), Ok(new));
	}
}
