//! `upgrade.toml`: what a proposer writes, and the dossier that it describes.
//!
//! Files are named, never hashes: these are computed here.

use crate::{failure::input, units::Currency};
use airlock_primitives::{Class, CodeRef, Document, Dossier, Rollback, Scope};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::path::{Path, PathBuf};
use subxt::{metadata::ArcMetadata, Metadata};

/// Everything that a proposer says, as it is written in TOML. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
	/// Runtime blob to enact, as it is written to `:code`.
	pub code: PathBuf,
	/// The way back: a runtime blob, or `"previous"`, or `"irreversible"`.
	pub rollback: String,
	/// `"standard"`, `"security"` or `"self-change"`.
	#[serde(default)]
	pub class: ManifestClass,
	/// Names of the pallets that the upgrade touches.
	pub scope: Vec<String>,
	/// Most units of the currency by which all coins may grow because of the upgrade.
	#[serde(default)]
	pub minted: String,
	/// What the upgrade is meant to do.
	pub specification: PathBuf,
	/// Why it is wanted.
	pub rationale: PathBuf,
	/// How the way back works, and what it cannot undo.
	pub rollback_plan: PathBuf,
	/// Manifest of the declared changes: see `docs/effects.md`.
	pub expected_effects: PathBuf,
	/// Where the four documents can be read. They are found by their names below it.
	#[serde(default)]
	pub uri: String,
}

/// Which policy applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestClass {
	/// Everything that is not one of the others.
	#[default]
	Standard,
	/// A fix that cannot wait.
	Security,
	/// A change of the lifecycle itself.
	SelfChange,
}

impl From<ManifestClass> for Class {
	fn from(class: ManifestClass) -> Self {
		match class {
			ManifestClass::Standard => Class::Standard,
			ManifestClass::Security => Class::Security,
			ManifestClass::SelfChange => Class::SelfChange,
		}
	}
}

/// A dossier with the bytes that it binds.
#[derive(Clone, Debug)]
pub struct Package {
	/// What everybody judges.
	pub dossier: Dossier,
	/// Bytes of its blobs, in the order of [`Dossier::blobs`].
	pub blobs: Vec<Vec<u8>>,
	/// Metadata of the candidate, as it gives it; `None` if it gives none.
	pub metadata: Option<Vec<u8>>,
}

/// What of the running chain a dossier must fit to.
pub struct Chain {
	/// Hash of the code that runs.
	pub code_hash: H256,
	/// Highest version that was ever installed.
	pub highest_version: u32,
	/// Name of the runtime.
	pub spec_name: String,
	/// How its state and its extrinsics' root are made: code that differs in it cannot follow.
	pub system_version: u8,
	/// The runtime APIs that it needs, with their versions.
	pub apis: Apis,
	/// Most bytes of a blob.
	pub max_code_len: u32,
	/// Most bytes of a blob, decompressed.
	pub max_decompressed_len: u32,
	/// Its metadata: the names of its pallets.
	pub metadata: ArcMetadata,
	/// Its currency.
	pub currency: Currency,
}

/// Reads a manifest and all that it names, and holds it against the chain: whatever the chain would refuse is refused
/// here, before anything is paid.
///
/// # Errors
/// If a file cannot be read, or the chain would refuse the dossier.
pub fn read(path: &Path, chain: &Chain) -> Result<Package> {
	let text = std::fs::read_to_string(path);
	let text = text.with_context(|| format!("cannot read {}", path.display()))?;
	let manifest: Manifest = toml::from_str(&text).map_err(|error| {
		input(
			format!("{} cannot be read:\n{error}", path.display()),
			"'airlock draft' writes one to begin with.",
		)
	})?;
	manifest.package(path.parent().unwrap_or(Path::new(".")), chain)
}

impl Manifest {
	fn package(&self, folder: &Path, chain: &Chain) -> Result<Package> {
		let candidate = blob(&folder.join(&self.code), chain, Follows::Chain)?;
		let mut blobs = vec![candidate.bytes];
		let rollback = match self.rollback.as_str() {
			"previous" => {
				ensure_same_apis("the code that runs", &candidate.apis, &chain.apis)?;
				Rollback::PreviousCode
			}
			"irreversible" => Rollback::Irreversible,
			path => {
				let path = folder.join(path);
				let follows = Follows::Candidate(candidate.code.spec_version);
				let back = blob(&path, chain, follows)?;
				ensure_same_apis(path.display(), &candidate.apis, &back.apis)?;
				blobs.push(back.bytes);
				Rollback::Dedicated(back.code)
			}
		};
		let effects = folder.join(&self.expected_effects);
		let declared = std::fs::read(&effects);
		let declared = declared.with_context(|| format!("cannot read {}", effects.display()))?;
		airlock_simulator::check_effects(&declared).map_err(|error| {
			input(
				format!("{}: {error}", effects.display()),
				"docs/effects.md says how it is written.",
			)
		})?;
		let document = |path: &Path| document(&folder.join(path), &self.uri);
		let dossier = Dossier {
			code: candidate.code,
			parent_code_hash: chain.code_hash,
			rollback,
			specification: document(&self.specification)?,
			rationale: document(&self.rationale)?,
			rollback_plan: document(&self.rollback_plan)?,
			expected_effects: document(&self.expected_effects)?,
			minted: match self.minted.is_empty() {
				true => 0,
				false => chain.currency.read(&self.minted)?,
			},
			scope: scope(&self.scope, &chain.metadata)?,
			class: self.class.into(),
		};
		Ok(Package {
			dossier,
			blobs,
			metadata: candidate.metadata,
		})
	}
}

/// Version of a candidate that the chain's own pre-flight would let pass.
///
/// # Errors
/// If it would not.
pub fn candidate_version(path: &Path, chain: &Chain) -> Result<u32> {
	Ok(blob(path, chain, Follows::Chain)?.code.spec_version)
}

/// As [`candidate_version`], for the way back from the candidate of that version.
///
/// # Errors
/// If the chain would refuse it.
pub fn check_way_back(path: &Path, chain: &Chain, candidate: u32) -> Result<()> {
	blob(path, chain, Follows::Candidate(candidate)).map(|_| ())
}

/// What a blob follows: its version must fit.
#[derive(Clone, Copy)]
enum Follows {
	Chain,
	Candidate(u32),
}

/// A blob that the chain's own pre-flight would let pass.
struct Passed {
	code: CodeRef,
	bytes: Vec<u8>,
	apis: Apis,
	metadata: Option<Vec<u8>>,
}

/// Required runtime APIs, with the versions in which a runtime has them.
pub type Apis = Vec<(&'static str, Option<u32>)>;

/// Nodes that came with the candidate must run the way back as well.
fn ensure_same_apis(
	which: impl std::fmt::Display,
	candidate: &[(&str, Option<u32>)],
	back: &[(&str, Option<u32>)],
) -> Result<()> {
	let differing = candidate.iter().zip(back).find(|(one, other)| one != other);
	match differing {
		None => Ok(()),
		Some(((name, one), (_, other))) => Err(input(
			format!(
				"{which} is the way back and has version {} of the runtime API {name}, and the candidate {}",
				other.unwrap_or_default(),
				one.unwrap_or_default()
			),
			"Way back and candidate must implement the required APIs in the same versions.",
		)),
	}
}

/// A blob's bytes and what the chain's own pre-flight would say of them.
fn blob(path: &Path, chain: &Chain, follows: Follows) -> Result<Passed> {
	let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
	let wrong = |what: String, advice: &str| input(format!("{}: {what}", path.display()), advice);
	if bytes.len() > chain.max_code_len as usize {
		let what = format!(
			"{} bytes, and the chain takes {}",
			bytes.len(),
			chain.max_code_len
		);
		return Err(wrong(
			what,
			"Build it with the profile for production, compressed.",
		));
	}
	let most = chain.max_decompressed_len as usize;
	let looked = airlock_simulator::look_at(&bytes, most).map_err(|error| {
		wrong(error, "Nodes of this version cannot run it. Is it the compressed blob, of the same SDK as the node?")
	})?;
	let version = &looked.version;
	if version.spec_name != *chain.spec_name {
		let what = format!(
			"it is of '{}', and the chain is '{}'",
			version.spec_name, chain.spec_name
		);
		return Err(wrong(
			what,
			"Give the runtime of this chain, or another --url.",
		));
	}
	if version.system_version != chain.system_version {
		let what = format!(
			"it has system_version {}, and the chain {}",
			version.system_version, chain.system_version
		);
		return Err(wrong(what, "Leave system_version as it is."));
	}
	let spec_version = version.spec_version;
	match follows {
		Follows::Chain if spec_version <= chain.highest_version => {
			let what = format!(
				"it is version {spec_version}, and the chain has had version {}",
				chain.highest_version
			);
			return Err(wrong(
				what,
				"Raise spec_version above that and build it again.",
			));
		}
		Follows::Candidate(candidate) if Some(spec_version) != candidate.checked_add(1) => {
			let what = format!("it is version {spec_version}, and the candidate {candidate}");
			return Err(wrong(
				what,
				"The way back has the candidate's spec_version and one more.",
			));
		}
		_ => (),
	}
	if !looked.missing_apis.is_empty() {
		return Err(wrong(
			format!(
				"it lacks the runtime APIs {}",
				looked.missing_apis.join(", ")
			),
			"A node of this chain needs them: implement them.",
		));
	}
	let code = CodeRef {
		hash: H256(blake2_256(&bytes)),
		len: bytes.len() as u32,
		spec_version,
	};
	let apis = airlock_simulator::required_apis(version);
	let mut pairs = apis.iter().zip(&chain.apis);
	if let Some(((name, has), (_, least))) = pairs.find(|((_, has), (_, least))| has < least) {
		let (has, least) = (has.unwrap_or_default(), least.unwrap_or_default());
		let what = format!("it has version {has} of the runtime API {name}, and the chain {least}");
		return Err(wrong(what, "The chain takes no older one."));
	}
	Ok(Passed {
		code,
		bytes,
		apis,
		metadata: looked.metadata,
	})
}

/// A document of a dossier: it lies by its name below an address, if there is one.
///
/// # Errors
/// See [`document_at`].
pub fn document(path: &Path, below: &str) -> Result<Document> {
	let name = path.file_name().unwrap_or_default().to_string_lossy();
	match below.is_empty() {
		true => document_at(path, String::new()),
		false => document_at(path, format!("{}/{name}", below.trim_end_matches('/'))),
	}
}

/// A document by its path, with the address at which it can be read; may be empty.
///
/// # Errors
/// If it cannot be read, or its address is too long for the chain.
pub fn document_at(path: &Path, uri: String) -> Result<Document> {
	let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
	let uri = uri.into_bytes().try_into().map_err(|_| {
		input(
			format!("the address of {} is too long", path.display()),
			"The chain takes 128 bytes.",
		)
	})?;
	Ok(Document {
		uri,
		..Document::of(&bytes)
	})
}

/// Indices of pallets by their names.
///
/// # Errors
/// If there is no such pallet, or there are none or too many.
pub fn scope(names: &[String], metadata: &Metadata) -> Result<Scope> {
	let mut scope = Scope::new();
	if names.is_empty() {
		return Err(input(
			"the scope names no pallet",
			"Name those that the upgrade touches: 'airlock compare' shows them.",
		));
	}
	for name in names {
		let pallet = metadata.pallet_by_name(name).ok_or_else(|| {
			let known: Vec<_> = metadata
				.pallets()
				.map(|pallet| pallet.name().to_owned())
				.collect();
			input(
				format!("the chain has no pallet '{name}'"),
				format!(
					"It has {}. A new pallet is named by its index.",
					known.join(", ")
				),
			)
		});
		let index = match pallet {
			Ok(pallet) => pallet.call_index(),
			Err(error) => name.parse().map_err(|_| error)?,
		};
		let fits = scope.try_insert(index);
		fits.map_err(|_| input("the scope has too many pallets", ""))?;
	}
	Ok(scope)
}

#[cfg(test)]
mod tests {
	use super::*;

	const MANIFEST: &str = r#"
		code = "new.wasm"
		rollback = "previous"
		scope = ["Profiles"]
		specification = "spec.md"
		rationale = "why.md"
		rollback_plan = "back.md"
		expected_effects = "effects.toml"
	"#;

	#[test]
	fn a_manifest_needs_no_more_than_files() {
		let manifest: Manifest = toml::from_str(MANIFEST).unwrap();
		assert_eq!(Class::from(manifest.class), Class::Standard);
		assert_eq!(manifest.code, Path::new("new.wasm"));
		assert!(manifest.minted.is_empty() && manifest.uri.is_empty());
	}

	#[test]
	fn a_manifest_with_a_misspelt_field_is_refused() {
		let wrong = MANIFEST.replace("rationale", "rational");
		let error = toml::from_str::<Manifest>(&wrong).unwrap_err();
		assert!(error.to_string().contains("rational"), "{error}");
		assert!(toml::from_str::<Manifest>(&format!("{MANIFEST}\nclass = \"urgent\"")).is_err());
	}

	#[test]
	fn a_way_back_with_an_older_api_is_refused_by_name() {
		let (path, candidate) = ("back.wasm", [("Core", Some(5)), ("AuraApi", None)]);
		assert!(ensure_same_apis(path, &candidate, &candidate).is_ok());
		let back = [("Core", Some(4)), ("AuraApi", None)];
		let error = ensure_same_apis(path, &candidate, &back).unwrap_err();
		assert!(
			error
				.to_string()
				.contains("version 4 of the runtime API Core"),
			"{error}"
		);
	}

	#[test]
	fn document_should_name_the_file_when_there_is_an_address() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("why.md");
		std::fs::write(&path, "because").unwrap();
		let with = document(&path, "https://example.org/3/").unwrap();
		assert_eq!(with.uri.to_vec(), b"https://example.org/3/why.md");
		assert_eq!(with.hash, Document::of(b"because").hash);
		assert!(document(&path, &"x".repeat(200)).is_err());
		assert!(document(&folder.path().join("none"), "").is_err());
	}
}
