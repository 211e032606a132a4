//! The verifications of `sp_io::Crypto` that consult the memo.

// Only wasm calls them.
#![allow(dead_code)]

use crate::memo::{MemoExt, Scheme};
use sp_core::{ecdsa, ed25519, sr25519, LogLevelFilter, Pair, RuntimeInterfaceLogLevel};
use sp_externalities::{Externalities, ExternalitiesExt};
use sp_io::EcdsaVerifyError;
use sp_runtime_interface::{
	pass_by::{
		AllocateAndReturnByCodec, PassAs, PassFatPointerAndRead, PassPointerAndRead, ReturnAs,
	},
	runtime_interface,
};

fn judge(
	mut ext: &mut dyn Externalities,
	scheme: Scheme,
	signature: &[u8],
	key: &[u8],
	valid: bool,
) -> bool {
	match ext.extension::<MemoExt>() {
		Some(memo) => memo.verified(scheme, signature, key, valid),
		None => valid,
	}
}

fn judge_recovery(
	mut ext: &mut dyn Externalities,
	signature: &[u8; 65],
	message: &[u8; 32],
) -> Result<[u8; 33], EcdsaVerifyError> {
	let real = sp_io::crypto::secp256k1_ecdsa_recover_compressed(signature, message);
	match ext.extension::<MemoExt>() {
		Some(memo) => memo.recovered(signature, real),
		None => real,
	}
}

/// The verifications of `sp_io::Crypto`, by the same names and versions.
#[runtime_interface]
pub trait Crypto {
	/// Verifies an `ed25519` signature.
	fn ed25519_verify(
		&mut self,
		sig: PassPointerAndRead<&ed25519::Signature, 64>,
		msg: PassFatPointerAndRead<&[u8]>,
		pub_key: PassPointerAndRead<&ed25519::Public, 32>,
	) -> bool {
		let valid = ed25519::Pair::verify(sig, msg, pub_key);
		judge(
			*self,
			Scheme::Ed25519,
			sig.as_ref(),
			pub_key.as_ref(),
			valid,
		)
	}

	/// Verifies an `sr25519` signature of any age.
	fn sr25519_verify(
		&mut self,
		sig: PassPointerAndRead<&sr25519::Signature, 64>,
		msg: PassFatPointerAndRead<&[u8]>,
		pubkey: PassPointerAndRead<&sr25519::Public, 32>,
	) -> bool {
		let valid = sr25519::Pair::verify_deprecated(sig, msg, pubkey);
		judge(*self, Scheme::Sr25519, sig.as_ref(), pubkey.as_ref(), valid)
	}

	/// Verifies an `sr25519` signature.
	#[version(2)]
	fn sr25519_verify(
		&mut self,
		sig: PassPointerAndRead<&sr25519::Signature, 64>,
		msg: PassFatPointerAndRead<&[u8]>,
		pub_key: PassPointerAndRead<&sr25519::Public, 32>,
	) -> bool {
		let valid = sr25519::Pair::verify(sig, msg, pub_key);
		judge(
			*self,
			Scheme::Sr25519,
			sig.as_ref(),
			pub_key.as_ref(),
			valid,
		)
	}

	/// Verifies an `ecdsa` signature that may overflow.
	fn ecdsa_verify(
		&mut self,
		sig: PassPointerAndRead<&ecdsa::Signature, 65>,
		msg: PassFatPointerAndRead<&[u8]>,
		pub_key: PassPointerAndRead<&ecdsa::Public, 33>,
	) -> bool {
		#[allow(deprecated)]
		let valid = ecdsa::Pair::verify_deprecated(sig, msg, pub_key);
		judge(*self, Scheme::Ecdsa, sig.as_ref(), pub_key.as_ref(), valid)
	}

	/// Verifies an `ecdsa` signature.
	#[version(2)]
	fn ecdsa_verify(
		&mut self,
		sig: PassPointerAndRead<&ecdsa::Signature, 65>,
		msg: PassFatPointerAndRead<&[u8]>,
		pub_key: PassPointerAndRead<&ecdsa::Public, 33>,
	) -> bool {
		let valid = ecdsa::Pair::verify(sig, msg, pub_key);
		judge(*self, Scheme::Ecdsa, sig.as_ref(), pub_key.as_ref(), valid)
	}

	/// Recovers the key of a SECP256k1 signature. Unlike the node's, this version refuses signatures that
	/// overflow; a chain whose history has one fails its control.
	fn secp256k1_ecdsa_recover_compressed(
		&mut self,
		sig: PassPointerAndRead<&[u8; 65], 65>,
		msg: PassPointerAndRead<&[u8; 32], 32>,
	) -> AllocateAndReturnByCodec<Result<[u8; 33], EcdsaVerifyError>> {
		judge_recovery(*self, sig, msg)
	}

	/// Recovers the key of a SECP256k1 signature.
	#[version(2)]
	fn secp256k1_ecdsa_recover_compressed(
		&mut self,
		sig: PassPointerAndRead<&[u8; 65], 65>,
		msg: PassPointerAndRead<&[u8; 32], 32>,
	) -> AllocateAndReturnByCodec<Result<[u8; 33], EcdsaVerifyError>> {
		judge_recovery(*self, sig, msg)
	}
}

/// What runtimes say is not heard, and what they ask of the node's logs is answered alike on every machine.
#[runtime_interface]
pub trait Logging {
	/// Drops a message.
	fn log(
		_level: PassAs<RuntimeInterfaceLogLevel, u8>,
		_target: PassFatPointerAndRead<&str>,
		_message: PassFatPointerAndRead<&[u8]>,
	) {
	}

	/// Nothing is logged.
	fn max_level() -> ReturnAs<LogLevelFilter, u8> {
		LogLevelFilter::Off
	}
}

/// Nothing is traced.
#[runtime_interface(wasm_only, no_tracing)]
pub trait WasmTracing {
	/// Nothing is.
	fn enabled(&mut self, _metadata: PassFatPointerAndRead<&[u8]>) -> bool {
		false
	}

	/// No span.
	fn enter_span(&mut self, _span: PassFatPointerAndRead<&[u8]>) -> u64 {
		0
	}

	/// Drops an event.
	fn event(&mut self, _event: PassFatPointerAndRead<&[u8]>) {}

	/// There is no span.
	fn exit(&mut self, _span: u64) {}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::memo::{Memo, SharedMemo};

	#[test]
	fn host_functions_replace_those_of_the_node_by_name() {
		use sp_wasm_interface::HostFunctions;
		let names = |functions: Vec<&'static dyn sp_wasm_interface::Function>| {
			functions
				.iter()
				.map(|f| f.name().to_string())
				.collect::<Vec<_>>()
		};
		let base = names(sp_io::SubstrateHostFunctions::host_functions());
		let ours = names(crypto::HostFunctions::host_functions());
		assert_eq!(ours.len(), 7);
		assert!(ours.iter().all(|name| base.contains(name)), "{ours:?}");
	}

	#[test]
	fn host_functions_consult_the_memo() {
		use sp_state_machine::BasicExternalities;
		let pair = sr25519::Pair::from_seed(&[7; 32]);
		let (key, signature) = (pair.public(), pair.sign(b"old payload"));
		let shared = SharedMemo::default();
		let mut ext = BasicExternalities::new_empty();
		ext.register_extension(MemoExt(shared.clone()));
		let mut verify =
			|message: &[u8]| ext.execute_with(|| crypto::sr25519_verify(&signature, message, &key));

		assert!(!verify(b"new payload"));
		shared.replace(Memo::Record(None));
		assert!(verify(b"old payload"));
		let Memo::Record(Some(envelope)) = shared.replace(Memo::Off) else {
			panic!("no record")
		};
		shared.replace(Memo::Accept(envelope));
		assert!(verify(b"new payload"));
		assert!(!verify(b"new payload"));
		assert_eq!(shared.replace(Memo::Off), Memo::Spent { faked: true });
	}
}
