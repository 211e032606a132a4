//! `airlock challenge`

use crate::{
	app::{Answer, Context},
	client::Client,
	failure::{fail, input, Kind},
	transaction::{send, Intent, Sending},
};
use airlock_primitives::ProposalId;
use airlock_report::{BlockLeaf, Leaf, Opening, Proof, Report, SectionId};
use anyhow::{anyhow, ensure, Context as _, Result};
use codec::{DecodeAll, Encode};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::path::{Path, PathBuf};
use subxt::{dynamic, utils::Static};

/// Prove that a revealed report is false, with a leaf that the chain contradicts
///
/// Every leaf is held against the report's own subject, and those of blocks against the blocks of your node. Whoever revealed
/// the report loses the bond, and you get a share.
#[derive(Debug, clap::Args)]
pub struct Challenge {
	/// Number of the proposal
	id: ProposalId,

	/// The report as it was revealed
	#[arg(long, value_name = "FILE")]
	report: PathBuf,

	/// All its leaves, as its simulator published them
	#[arg(long, value_name = "FILE")]
	leaves: PathBuf,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

/// What the call takes, in the order of the chain's own type. A header is bytes that are encoded already.
#[derive(Encode)]
enum Evidence {
	#[codec(index = 0)]
	Leaf(Box<Opening>),
	#[codec(index = 1)]
	Header(Box<Opening>, Header),
	#[codec(index = 2)]
	Parent(Box<Opening>, Box<Opening>, Header),
}

/// A header as the chain encodes it.
struct Header(Vec<u8>);

impl Encode for Header {
	fn using_encoded<R, F: FnOnce(&[u8]) -> R>(&self, using: F) -> R {
		using(&self.0)
	}
}

pub(super) type Leaves = Vec<(SectionId, Vec<Leaf>)>;

impl Challenge {
	/// Looks for a lie, and proves it.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		let report = std::fs::read(&self.report);
		let report = report.with_context(|| format!("cannot read {}", self.report.display()))?;
		let report = Report::decode_all(&mut &report[..]).context("the report")?;
		let leaves = leaves_of(&report, &self.leaves)?;
		let client = context.client().await?;
		let found = search(client, &report, &leaves).await?;
		let (evidence, why) = found.ok_or_else(|| {
			fail(
				Kind::Negative,
				"no leaf of this report is contradicted by the chain",
				"What the chain does not know, a simulation of your own tells: 'airlock simulate'.",
			)
		})?;
		let root = report.root();
		let effect =
			format!("You prove that the report {root:?} on proposal {id} is false: {why}.");
		let call = dynamic::tx(
			"Simulations",
			"challenge",
			(id, Static(root), Static(evidence)),
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}

/// The leaves of a report, from their file.
///
/// # Errors
/// If they are of another one: nothing would be proven by them, and nothing could be opened.
pub(super) fn leaves_of(report: &Report, path: &Path) -> Result<Leaves> {
	let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
	let leaves = Leaves::decode_all(&mut &bytes[..]).context("the leaves")?;
	let root = Report::of(report.config.clone(), &leaves).map(|other| other.root());
	match root == Some(report.root()) {
		true => Ok(leaves),
		false => Err(input(
			"the leaves are not those of the report",
			"Take report.scale and report.leaves of the same simulation.",
		)),
	}
}

/// The first lie that the chain can see.
async fn search(
	client: &Client,
	report: &Report,
	leaves: &Leaves,
) -> Result<Option<(Evidence, String)>> {
	for (section, list) in leaves {
		for (index, leaf) in (0u32..).zip(list) {
			// To prove it hashes the whole section: only for the one that is wrong.
			let unproven = Opening {
				section: *section,
				index,
				leaf: *leaf,
				proof: Proof(Default::default()),
			};
			if unproven.contradiction(&report.config, |_| None).is_some() {
				let why =
					format!("leaf {index} of section {section:?} contradicts what was simulated");
				let opening = open(leaves, *section, index)?;
				return Ok(Some((Evidence::Leaf(Box::new(opening)), why)));
			}
		}
	}
	let Some((section, blocks)) = leaves
		.iter()
		.find(|(_, list)| matches!(list.first(), Some(Leaf::Block(_))))
	else {
		return Ok(None);
	};
	// From the newest on: the first wrong hash has a right one above it.
	let mut above: Option<(u32, Header)> = None;
	for index in (0..blocks.len() as u32).rev() {
		let Some(Leaf::Block(leaf)) = blocks.get(index as usize) else {
			continue;
		};
		let (hash, header) = header_of(client, leaf.number).await?;
		let opening = || open(leaves, *section, index).map(Box::new);
		if hash == leaf.hash {
			if roots_differ(leaf, &header)? {
				let why = format!("block #{} has other roots", leaf.number);
				return Ok(Some((Evidence::Header(opening()?, header), why)));
			}
			above = Some((index, header));
			continue;
		}
		let why = format!(
			"block #{} has the hash {hash:?}, not {:?}",
			leaf.number, leaf.hash
		);
		let evidence = match above {
			Some((child, header)) => {
				Evidence::Parent(opening()?, Box::new(open(leaves, *section, child)?), header)
			}
			None => Evidence::Leaf(opening()?),
		};
		return Ok(Some((evidence, why)));
	}
	Ok(None)
}

fn open(leaves: &Leaves, section: SectionId, index: u32) -> Result<Opening> {
	let opening = Opening::of(leaves, section, index);
	opening.ok_or_else(|| anyhow!("the leaves have no {section:?} {index}"))
}

async fn header_of(client: &Client, number: u32) -> Result<(H256, Header)> {
	let hash = client.hash_of(number).await?;
	let hash = hash.with_context(|| format!("the node has no block #{number}"))?;
	let header = client.header(hash).await?.encode();
	ensure!(
		blake2_256(&header) == hash.0,
		"the node sent another header than that of #{number}"
	);
	Ok((hash, Header(header)))
}

fn roots_differ(leaf: &BlockLeaf, header: &Header) -> Result<bool> {
	let header: subxt::config::substrate::SubstrateHeader<H256> =
		codec::Decode::decode(&mut &header.0[..])?;
	Ok(header.state_root != leaf.state_root || header.extrinsics_root != leaf.extrinsics_root)
}
