//! Reading a runtime blob without running it.
//!
//! The host's own `runtime_version` *runs* code that carries no version section, and there is no fuel: a
//! blob that loops would halt the chain. So the pre-flight reads the bytes here, strictly, and refuses
//! whatever the host would have to run.

use alloc::{vec, vec::Vec};
use codec::Decode;
use ruzstd::{decoding::StreamingDecoder, io::Read};
use sp_version::RuntimeVersion;

/// Marks a compressed runtime (`sp-maybe-compressed-blob`).
const COMPRESSED: [u8; 8] = [82, 188, 83, 118, 70, 219, 142, 5];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const WASM_HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";
const CUSTOM_SECTION: u8 = 0;
/// Bytes decompressed at a time.
const CHUNK: usize = 64 * 1024;

/// Why a blob cannot be read.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum BlobError {
	/// Not a WebAssembly module, damaged, or with trailing bytes.
	Malformed,
	/// Larger than the limit when decompressed.
	TooLarge,
	/// No version section, or more than one.
	NoVersion,
}

/// Reads the version embedded in `blob`, API list included. Decompresses at most `max_len` bytes.
pub fn embedded_version(blob: &[u8], max_len: usize) -> Result<RuntimeVersion, BlobError> {
	match blob.strip_prefix(&COMPRESSED) {
		Some(body) => version_of(&decompress(body, max_len)?),
		None if blob.len() > max_len => Err(BlobError::TooLarge),
		None => version_of(blob),
	}
}

fn decompress(body: &[u8], max_len: usize) -> Result<Vec<u8>, BlobError> {
	let frame = narrow_window(body, max_len)?;
	let mut rest = frame.as_slice();
	let mut out = Vec::new();
	let mut chunk = vec![0u8; CHUNK];
	{
		let mut decoder = StreamingDecoder::new(&mut rest).map_err(|_| BlobError::Malformed)?;
		loop {
			let read = decoder.read(&mut chunk).map_err(|_| BlobError::Malformed)?;
			if read == 0 {
				break;
			}
			if out.len().saturating_add(read) > max_len {
				return Err(BlobError::TooLarge);
			}
			out.extend(chunk.iter().take(read));
		}
	}
	// A second frame would be seen by the host and not by us.
	if rest.is_empty() {
		Ok(out)
	} else {
		Err(BlobError::Malformed)
	}
}

/// Copies a zstd frame so that it asks for no larger window than content of `max_len` bytes can use.
///
/// The decoder reserves the whole window before it reads a byte, and the SDK's encoder asks for 128 MiB
/// whatever the content is: more than a runtime can allocate. No match can reach further back than the
/// content is long, so the narrower window decodes the same bytes, up to `max_len` of them.
/// Frame header: RFC 8878, 3.1.1.1.
fn narrow_window(frame: &[u8], max_len: usize) -> Result<Vec<u8>, BlobError> {
	let rest = frame
		.strip_prefix(&ZSTD_MAGIC)
		.ok_or(BlobError::Malformed)?;
	let (descriptor, rest) = rest.split_first().ok_or(BlobError::Malformed)?;
	let single_segment = descriptor & 0b10_0000 != 0;
	if single_segment {
		let size = content_size(*descriptor, rest).ok_or(BlobError::Malformed)?;
		return if size > max_len as u64 {
			Err(BlobError::TooLarge)
		} else {
			Ok(frame.to_vec())
		};
	}
	let (window, rest) = rest.split_first().ok_or(BlobError::Malformed)?;
	let widest = max_len
		.next_power_of_two()
		.ilog2()
		.max(10)
		.saturating_sub(10) as u8;
	let window = if window >> 3 >= widest {
		widest << 3
	} else {
		*window
	};
	Ok([&ZSTD_MAGIC[..], &[*descriptor, window], rest].concat())
}

/// The content size that a single-segment frame declares; it is its window, too.
fn content_size(descriptor: u8, rest: &[u8]) -> Option<u64> {
	let dictionary = [0usize, 1, 2, 4]
		.get(usize::from(descriptor & 0b11))
		.copied()?;
	let size_len = [1usize, 2, 4, 8]
		.get(usize::from(descriptor >> 6))
		.copied()?;
	let field = rest.get(dictionary..dictionary.checked_add(size_len)?)?;
	let size = field
		.iter()
		.rev()
		.fold(0u64, |acc, byte| (acc << 8) | u64::from(*byte));
	Some(if size_len == 2 {
		size.saturating_add(256)
	} else {
		size
	})
}

fn version_of(module: &[u8]) -> Result<RuntimeVersion, BlobError> {
	let mut version = None;
	let mut apis = None;
	let mut rest = module
		.strip_prefix(&WASM_HEADER)
		.ok_or(BlobError::Malformed)?;
	while !rest.is_empty() {
		let (id, body, after) = section(rest).ok_or(BlobError::Malformed)?;
		rest = after;
		if id != CUSTOM_SECTION {
			continue;
		}
		let (name, payload) = custom(body).ok_or(BlobError::Malformed)?;
		let slot = match name {
			b"runtime_version" => &mut version,
			b"runtime_apis" => &mut apis,
			_ => continue,
		};
		if slot.replace(payload).is_some() {
			return Err(BlobError::NoVersion);
		}
	}
	let (mut version, apis) = version.zip(apis).ok_or(BlobError::NoVersion)?;
	let apis = decode_apis(apis).ok_or(BlobError::NoVersion)?;
	let core = sp_version::core_version_from_apis(&apis.clone().into());
	let mut decoded = RuntimeVersion::decode_with_version_hint(&mut version, core)
		.map_err(|_| BlobError::NoVersion)?;
	decoded.apis = apis.into();
	Ok(decoded)
}

/// The section builds on 12 bytes for each API: its id and its version.
fn decode_apis(bytes: &[u8]) -> Option<Vec<([u8; 8], u32)>> {
	if bytes.len() % 12 != 0 {
		return None;
	}
	bytes
		.chunks(12)
		.map(|mut api| <([u8; 8], u32)>::decode(&mut api).ok())
		.collect()
}

/// Splits one section off: id, body, the rest.
fn section(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
	let (id, rest) = bytes.split_first()?;
	let (len, rest) = leb128(rest)?;
	(len <= rest.len())
		.then(|| rest.split_at(len))
		.map(|(body, rest)| (*id, body, rest))
}

/// Splits a custom section into name and payload.
fn custom(body: &[u8]) -> Option<(&[u8], &[u8])> {
	let (len, rest) = leb128(body)?;
	(len <= rest.len()).then(|| rest.split_at(len))
}

/// An unsigned 32-bit LEB128 number.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
	let mut value = 0u64;
	for (i, byte) in bytes.iter().take(5).enumerate() {
		value |= u64::from(byte & 0x7f) << (7 * i as u32);
		if byte & 0x80 == 0 {
			let value = u32::try_from(value).ok()?;
			return Some((value as usize, bytes.get(i.saturating_add(1)..)?));
		}
	}
	None
}
