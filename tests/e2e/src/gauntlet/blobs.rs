//! The bad blobs: what each is, and where it must stop.

use airlock_primitives::Failure;
use airlock_variants::{compressed, decompressed, with_fault, Fault};
use anyhow::{anyhow, Context, Result};
use std::fmt;

/// A candidate with which something is wrong.
pub struct Blob {
	/// What it is called, for `--only`.
	pub name: &'static str,
	/// Its bytes.
	pub code: Vec<u8>,
	/// The version that its dossier says it has.
	pub version: u32,
	/// The way back.
	pub back: Back,
	/// Where it must stop.
	pub stop: Stop,
	/// True if it keeps all cores of the machine busy: while it is watched, no other chain's code is written.
	pub is_busy: bool,
}

/// The way back of a dossier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Back {
	/// Code made for it.
	Dedicated,
	/// The code before.
	Previous,
}

/// Where an upgrade stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stop {
	/// Nothing of it is ever written: the chain refuses it with this error.
	Refused(&'static str),
	/// The chain goes back from it for this reason, or this other one if people were faster.
	BackFor(Failure, Option<Failure>),
}

impl fmt::Display for Stop {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Stop::Refused(error) => write!(f, "refused: {error}"),
			Stop::BackFor(why, None) => write!(f, "written, and left: {why:?}"),
			Stop::BackFor(why, Some(other)) => {
				write!(f, "written, and left: {why:?} or {other:?}")
			}
		}
	}
}

/// Version of the chain's first code, and of the good and the faulty upgrade of it.
const BASE: u32 = airlock_variants::BASE_SPEC_VERSION;
const NEXT: u32 = airlock_variants::FAULTY_SPEC_VERSION;

/// How much a node would decompress.
const NODES_LIMIT: usize = 50 * 1024 * 1024;

/// All of them.
///
/// # Errors
/// If this program was built without wasm.
pub fn all() -> Result<Vec<Blob>> {
	let mut all = refused()?;
	all.extend(unloadable()?);
	all.extend(faulty()?);
	Ok(all)
}

/// One of them.
///
/// # Errors
/// Also if there is none of that name.
pub fn named(name: &str) -> Result<Blob> {
	let found = all()?.into_iter().find(|blob| blob.name == name);
	found.with_context(|| format!("there is no blob '{name}'"))
}

fn blob(name: &'static str, code: Vec<u8>, stop: Stop) -> Blob {
	Blob {
		name,
		code,
		version: NEXT,
		back: Back::Dedicated,
		stop,
		is_busy: false,
	}
}

fn no_wasm() -> anyhow::Error {
	anyhow!("the test upgrades were built without wasm; unset SKIP_WASM_BUILD")
}

fn good() -> Result<Vec<u8>> {
	decompressed(airlock_variants::GOOD).ok_or_else(no_wasm)
}

fn pack(code: &[u8]) -> Result<Vec<u8>> {
	compressed(code).context("a blob is too large to be compressed")
}

/// What the chain itself refuses before anybody simulates, reads or votes.
fn refused() -> Result<Vec<Blob>> {
	let refused = |name, code, error| blob(name, code, Stop::Refused(error));
	let whole = airlock_variants::GOOD.to_vec();
	let mut random = vec![0; 64 * 1024];
	fill(&mut random);
	let trailing = [&good()?[..], b"and more"].concat();
	let cut = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
	let malformed = "Proposals::BlobMalformed";
	let low = "Proposals::VersionNotAboveHighest";
	let at = |version, blob: Blob| Blob { version, ..blob };
	Ok(vec![
		refused("empty", Vec::new(), "Proposals::CodeLengthWrong"),
		at(BASE, refused("same-version", versioned(BASE)?, low)),
		at(0, refused("lower-version", versioned(0)?, low)),
		refused("random-bytes", random, malformed),
		refused("not-wasm", b"#!/bin/sh\nexit 1\n".repeat(100), malformed),
		refused("truncated-zstd", cut, malformed),
		refused("compressed-twice", pack(&whole)?, malformed),
		refused("trailing-bytes", pack(&trailing)?, malformed),
		refused(
			"no-version",
			module(&[], &[]),
			"Proposals::BlobWithoutVersion",
		),
		refused("other-chain", renamed()?, "Proposals::SpecNameDiffers"),
		refused(
			"other-version",
			versioned(NEXT + 40)?,
			"Proposals::SpecVersionDiffers",
		),
		refused(
			"too-large",
			bomb(NODES_LIMIT + 1),
			"Proposals::BlobTooLarge",
		),
		refused("zip-bomb", bomb(4 << 30), "Proposals::BlobTooLarge"),
	])
}

/// What carries the right version, and cannot be loaded by a node: the chain cannot see it, a node that tries can.
fn unloadable() -> Result<Vec<Blob>> {
	let rescued = Stop::BackFor(Failure::Rescued, None);
	let sections = version_sections(&good()?)?;
	let nothing = [b"\0asm\x01\0\0\0".to_vec(), sections.clone()].concat();
	let lifeless = module(&[], &sections);
	let import = b"ext_hashing_blake2_256_version_1";
	let unknown = patched(&good()?, import, b"ext_hashing_blake2_256_version_9")?;
	Ok(vec![
		blob("no-code", nothing, rescued),
		blob("no-exports", lifeless, rescued),
		blob("start-traps", module(&START, &sections), rescued),
		blob("unknown-import", pack(&unknown)?, rescued),
		// Its version section says what the dossier says, and its code is the chain's own. So clients sign for a version that
		// it does not take.
		blob(
			"version-lies",
			versioned_base()?,
			Stop::BackFor(Failure::Silence, Some(Failure::ReportedUnhealthy)),
		),
		// And its code says that it is a later version than the way back, which the chain then takes by no ordinary call.
		blob(
			"version-lies-upwards",
			with_version(
				decompressed(airlock_variants::UNHEALTHY).ok_or_else(no_wasm)?,
				NEXT,
			)?,
			Stop::BackFor(Failure::Rescued, Some(Failure::ReportedUnhealthy)),
		),
	])
}

/// What runs, and goes wrong.
fn faulty() -> Result<Vec<Blob>> {
	use Failure::*;
	let of = |name, fault, why| -> Result<Blob> {
		let code = with_fault(fault).ok_or_else(no_wasm)?;
		Ok(blob(name, code, Stop::BackFor(why, None)))
	};
	let told = |blob: Blob| match blob.stop {
		Stop::BackFor(why, _) => Blob {
			stop: Stop::BackFor(why, Some(ReportedUnhealthy)),
			..blob
		},
		Stop::Refused(_) => blob,
	};
	let busy = |blob: Blob| Blob {
		is_busy: true,
		..told(blob)
	};
	let previous = |blob: Blob| Blob {
		back: Back::Previous,
		..blob
	};
	Ok(vec![
		of("panics-at-once", Fault::PanicInInitialize, Rescued)?,
		previous(of("panics-in-finalize", Fault::PanicInFinalize, Rescued)?),
		of("panics-later", Fault::PanicLater, Rescued)?,
		of("too-much-memory", Fault::TooMuchMemory, Rescued)?,
		of("cannot-execute", Fault::CannotExecute, Rescued)?,
		of("migration-fails", Fault::MigrationFails, Migration)?,
		of("migration-never-ends", Fault::MigrationNeverEnds, Migration)?,
		of("shrinks-a-bound", Fault::ShrunkBound, ReportedUnhealthy)?,
		of("drops-a-pallet", Fault::DropsPallet, ReportedUnhealthy)?,
		of("moves-a-call", Fault::MovedCalls, ReportedUnhealthy)?,
		of("drops-the-lifecycle", Fault::DropsLifecycle, Rescued)?,
		of("changes-authorities", Fault::ChangesAuthorities, Rescued)?,
		previous(of(
			"empties-authorities",
			Fault::EmptiesAuthorities,
			Rescued,
		)?),
		of("changes-finality", Fault::ChangesFinality, Rescued)?,
		of("changes-slots", Fault::ChangesSlots, Rescued)?,
		of("changes-the-clock", Fault::ChangesClock, Rescued)?,
		of("sets-the-time", Fault::SetsTheTime, Rescued)?,
		of("drops-the-agenda", Fault::DropsAgenda, Rescued)?,
		of("mints", Fault::Mints, OverBudget)?,
		of("changes-versions", Fault::ChangesVersions, OverBudget)?,
		of("takes-no-calls", Fault::TakesNoCalls, Silence)?,
		of("disarms-the-rescue", Fault::DisarmsRescue, Rescued)?,
		of("spoils-the-rescue", Fault::SpoilsRescue, Rescued)?,
		busy(of(
			"migration-eats-the-block",
			Fault::MigrationEatsBlock,
			Rescued,
		)?),
		busy(of("slow-blocks", Fault::SlowBlocks, Rescued)?),
		busy(of("endless-loop", Fault::EndlessLoop, Rescued)?),
		busy(of("endless-idle", Fault::EndlessIdle, Rescued)?),
	])
}

/// Bytes without any structure, the same in each run.
fn fill(bytes: &mut [u8]) {
	let mut state = [0; 32];
	for chunk in bytes.chunks_mut(32) {
		state = sp_crypto_hashing::blake2_256(&state);
		let len = chunk.len();
		chunk.copy_from_slice(state.get(..len).unwrap_or_default());
	}
}

/// A number as wasm writes it.
fn leb128(mut number: usize) -> Vec<u8> {
	let mut bytes = Vec::new();
	loop {
		let low = (number & 0x7f) as u8;
		number >>= 7;
		if number == 0 {
			bytes.push(low);
			return bytes;
		}
		bytes.push(low | 0x80);
	}
}

/// A section that has the first function run when the module is instantiated.
const START: [u8; 3] = [8, 1, 0];

/// A module of one function, which traps, with other sections before and behind its code.
fn module(before: &[u8], behind: &[u8]) -> Vec<u8> {
	let header = b"\0asm\x01\0\0\0";
	let types = [1, 4, 1, 0x60, 0, 0];
	let memory = b"\x02\x0f\x01\x03env\x06memory\x02\x00\x10";
	let functions = [3, 2, 1, 0];
	// One body of three bytes: no locals, `unreachable`, the end.
	let code = [10, 5, 1, 3, 0, 0, 0x0b];
	[
		header,
		&types[..],
		memory,
		&functions,
		before,
		&code,
		behind,
	]
	.concat()
}

/// The sections of a module in which the SDK keeps its version, as they are.
fn version_sections(code: &[u8]) -> Result<Vec<u8>> {
	let mut all = Vec::new();
	for name in ["runtime_version", "runtime_apis"] {
		let (from, to) = custom_section(code, name)?;
		let payload = code.get(from..to).context("a section is cut")?;
		let body = [&leb128(name.len())[..], name.as_bytes(), payload].concat();
		all.push(0);
		all.extend(leb128(body.len()));
		all.extend(body);
	}
	Ok(all)
}

/// Where the payload of a custom section begins and ends.
fn custom_section(code: &[u8], name: &str) -> Result<(usize, usize)> {
	let mut at = 8;
	while let Some(id) = code.get(at) {
		at += 1;
		let len = number(code, &mut at)?;
		let end = at + len;
		if *id == 0 {
			let mut inner = at;
			let name_len = number(code, &mut inner)?;
			let payload = inner + name_len;
			if code.get(inner..payload) == Some(name.as_bytes()) {
				return Ok((payload, end));
			}
		}
		at = end;
	}
	Err(anyhow!("the blob has no section {name}"))
}

fn number(code: &[u8], at: &mut usize) -> Result<usize> {
	let (mut value, mut shift) = (0, 0);
	loop {
		let byte = code.get(*at).context("the blob is cut")?;
		*at += 1;
		value |= usize::from(byte & 0x7f) << shift;
		shift += 7;
		if byte & 0x80 == 0 {
			return Ok(value);
		}
	}
}

/// Where the version section of a blob has its `spec_version`: after two names, each with its length, and the authoring
/// version.
fn spec_version_at(code: &[u8]) -> Result<usize> {
	let (payload, _) = custom_section(code, "runtime_version")?;
	Ok(payload + 2 * (1 + "airlock".len()) + 4)
}

fn with_version(mut code: Vec<u8>, version: u32) -> Result<Vec<u8>> {
	let at = spec_version_at(&code)?;
	let field = code.get_mut(at..at + 4).context("the version is cut")?;
	field.copy_from_slice(&version.to_le_bytes());
	pack(&code)
}

/// The good upgrade, whose version section says another version.
fn versioned(version: u32) -> Result<Vec<u8>> {
	with_version(good()?, version)
}

/// The chain's own code, whose version section says that it is the upgrade.
fn versioned_base() -> Result<Vec<u8>> {
	with_version(
		decompressed(airlock_variants::BASE).ok_or_else(no_wasm)?,
		NEXT,
	)
}

/// The chain's own code as a way back from the good upgrade: it knows nothing of what that one stores.
///
/// # Errors
/// If this program was built without wasm; so below.
pub fn forgetful_back() -> Result<Vec<u8>> {
	let base = decompressed(airlock_variants::BASE).ok_or_else(no_wasm)?;
	with_version(base, NEXT + 1)
}

/// The good upgrade, with a pallet of another name: it finds nothing of what is stored.
///
/// # Errors
/// If the name is not in it.
pub fn with_moved_storage() -> Result<Vec<u8>> {
	let old = "Profiles";
	let mut code = good()?;
	// A compiler writes the hash of a name as two numbers, and another one must not take more bytes.
	let lengths = |name: &str| halves(name).map(|half| half.len());
	let letters = || 'a'..='z';
	let new = letters().flat_map(|one| letters().map(move |two| format!("Profil{one}{two}")));
	let mut new = new.filter(|new| new != old && lengths(new) == lengths(old));
	let new = new.next().context("each other name is longer")?;
	let names = [(old.as_bytes().to_vec(), new.as_bytes().to_vec())];
	let numbers = halves(old).into_iter().zip(halves(&new));
	for (old, new) in names.into_iter().chain(numbers) {
		code = patched(&code, &old, &new)?;
		while let Ok(more) = patched(&code, &old, &new) {
			code = more;
		}
	}
	pack(&code)
}

/// The hash of a pallet's name as the numbers in its code: signed, seven bits to a byte, the lowest first.
fn halves(name: &str) -> [Vec<u8>; 2] {
	let hash = u128::from_le_bytes(sp_crypto_hashing::twox_128(name.as_bytes()));
	[hash as i64, (hash >> 64) as i64].map(|mut number| {
		let mut bytes = Vec::new();
		loop {
			let low = (number & 0x7f) as u8;
			number >>= 7;
			let is_last = matches!((number, low & 0x40), (0, 0) | (-1, 0x40));
			bytes.push(if is_last { low } else { low | 0x80 });
			if is_last {
				return bytes;
			}
		}
	})
}

/// The good upgrade, for a chain of another name.
fn renamed() -> Result<Vec<u8>> {
	let mut code = good()?;
	let (payload, _) = custom_section(&code, "runtime_version")?;
	let name = payload + 1..payload + 1 + "airlock".len();
	let name = code.get_mut(name).context("the name is cut")?;
	name.copy_from_slice(b"airlift");
	pack(&code)
}

/// A blob in which each of some bytes is another one.
fn patched(code: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
	let mut found = code.windows(old.len()).enumerate();
	let at = found.find(|(_, bytes)| *bytes == old);
	let at = at
		.context("the blob does not have what is to be replaced")?
		.0;
	let mut code = code.to_vec();
	let place = code
		.get_mut(at..at + new.len())
		.context("a patch is too long")?;
	place.copy_from_slice(new);
	Ok(code)
}

/// So many zeros, compressed by hand: blocks that say "this byte, so many times".
fn bomb(len: usize) -> Vec<u8> {
	const BLOCK: usize = 128 * 1024;
	// What compressed blobs begin with.
	let mut bytes = airlock_variants::GOOD
		.iter()
		.take(8)
		.copied()
		.collect::<Vec<_>>();
	// Magic number of zstd; a frame without a size, checksum or dictionary; a window of 128 KiB.
	bytes.extend([0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3]);
	let mut left = len;
	while left > 0 {
		let size = left.min(BLOCK);
		left -= size;
		let header = (size as u32) << 3 | 1 << 1 | u32::from(left == 0);
		bytes.extend(header.to_le_bytes().into_iter().take(3));
		bytes.push(0);
	}
	bytes
}

#[cfg(test)]
mod tests {
	use super::*;
	use sc_executor_common::runtime_blob::RuntimeBlob;
	use std::collections::BTreeSet;

	#[test]
	fn there_should_be_enough_blobs_and_no_two_alike() {
		let all = all().unwrap();
		let names: BTreeSet<_> = all.iter().map(|blob| blob.name).collect();
		let codes: BTreeSet<_> = all.iter().map(|blob| &blob.code).collect();
		assert_eq!(names.len(), all.len());
		assert_eq!(codes.len(), all.len());
		assert!(all.len() >= 29, "{} blobs", all.len());
	}

	#[test]
	fn a_patched_version_should_be_what_nodes_read() {
		let version = |blob: &[u8]| {
			let blob = RuntimeBlob::uncompress_if_needed(blob).unwrap();
			let version = sc_executor::read_embedded_version(&blob).unwrap();
			version.unwrap().spec_version
		};
		assert_eq!(version(&versioned(77).unwrap()), 77);
		assert_eq!(version(&versioned_base().unwrap()), NEXT);
		assert_eq!(version(&with_fault(Fault::Mints).unwrap()), NEXT);
	}

	#[test]
	fn a_fault_should_change_one_byte_only() {
		let of = |fault| decompressed(&with_fault(fault).unwrap()).unwrap();
		let (none, some) = (of(Fault::None), of(Fault::Mints));
		let differing = none.iter().zip(&some).filter(|(a, b)| a != b).count();
		assert_eq!((none.len(), differing), (some.len(), 1));
	}
}
