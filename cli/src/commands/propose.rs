//! `airlock propose`

use super::{compare, draft, guide, upload};
use crate::{
	app::{Answer, Context},
	client::{self, Block},
	dossier::{self, Chain, Package},
	failure::{self, input, Kind},
	transaction::{carry_out, Done, Intent, Sending},
	view,
};
use airlock_primitives::{CodeRef, Dossier, ProposalId};
use anyhow::{anyhow, Result};
use codec::Encode;
use serde_json::json;
use std::path::PathBuf;
use subxt::{
	dynamic::{self, At},
	utils::Static,
};

/// Propose an upgrade: check, register, and upload its bytes
///
/// What the chain would refuse is refused here, before anything is paid. Killed in between, 'airlock upload' sends what is
/// missing.
#[derive(Debug, clap::Args)]
pub struct Propose {
	/// The upgrade, as 'airlock draft' begins it. Without it you are asked for everything
	#[arg(value_name = "UPGRADE.TOML")]
	manifest: Option<PathBuf>,

	/// Check everything that can be checked without a key, say what it is, and sign nothing. Whether the scope needs the
	/// class self-change is for the chain to say: --dry-run asks it
	#[arg(long)]
	check: bool,

	/// Register only: others, or 'airlock upload', send the bytes
	#[arg(long)]
	no_upload: bool,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

impl Propose {
	/// Proposes.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let manifest = match &self.manifest {
			Some(path) => path.clone(),
			None => guide::write(context).await?,
		};
		// Somebody who answers takes a while: the chain as it is now.
		let at = context.client().await?.best().await?;
		let chain = chain(context, &at).await?;
		let package = dossier::read(&manifest, &chain)?;
		let dossier = &package.dossier;
		context.say(summary(dossier, &chain));
		if let Some(metadata) = &package.metadata {
			let version = dossier.code.spec_version;
			let comparison = compare::of_candidate(&at, version, metadata).await?;
			context.say(comparison.to_string());
			for pallet in comparison.touched {
				let touched = dossier::scope(std::slice::from_ref(&pallet), &chain.metadata)?;
				if !touched.is_subset(&dossier.scope) {
					context.say(format!(
						"{pallet} changes and is not in the scope: simulations will fail"
					));
				}
			}
		}
		for name in draft::unwritten(dossier) {
			context.say(format!("{name} says nothing yet: who is to judge by it?"));
		}
		if self.check {
			let text = format!("the chain would take it: dossier {:?}", dossier.hash());
			return Ok(Answer::new(text, to_json(dossier)));
		}
		let call = dynamic::tx("Proposals", "register", (Static(dossier.clone()),));
		let effect = format!(
			"A proposal is registered, and everybody judges the dossier {:?}.",
			dossier.hash()
		);
		let intent = Intent::new(call, effect).holding(deposit(&at, dossier).await?);
		let sending = match self.no_upload {
			true => self.sending.clone(),
			// What follows is in the same chain of blocks.
			false => self.sending.followed(),
		};
		let (answer, done) = carry_out(context, &sending, intent).await?;
		let Done::Included(included) = done else {
			return Ok(answer);
		};
		let event = included
			.events
			.iter()
			.find(|event| event.name == "Registered");
		let id = event.and_then(|event| event.fields.at("id")?.as_u128());
		let id = id.ok_or_else(|| anyhow!("the block says nothing of a proposal"))?;
		let mut text = format!("proposal {id}: {}", answer.text);
		let mut data = json!({"id": id, "dossier": to_json(dossier), "registration": answer.data});
		if !self.no_upload {
			let sent = upload::send_all(context, &self.sending, id as u32, blobs(package)).await;
			let sent = sent.map_err(|error| begun(error, "registered", id as u32))?;
			text = format!("{text}\n{}", sent.text);
			data["upload"] = sent.data;
		}
		let text = format!("{text}\nnext: airlock status {id} --watch");
		Ok(Answer::new(text, data))
	}
}

/// What failed after the first step, with what there is to go on with. Nothing goes on if the proposal has ended.
pub(super) fn begun(error: anyhow::Error, what: &str, id: ProposalId) -> anyhow::Error {
	match failure::of(&error).kind {
		Kind::Negative => error,
		_ => error.context(format!(
			"proposal {id} is {what}; go on with: airlock upload {id} FILES"
		)),
	}
}

/// The blobs of a dossier with their bytes.
pub(super) fn blobs(package: Package) -> Vec<(CodeRef, Vec<u8>)> {
	package.dossier.blobs().zip(package.blobs).collect()
}

/// What of the chain a dossier must fit to.
///
/// # Errors
/// If the node does not answer.
pub(super) async fn chain(context: &Context, at: &Block) -> Result<Chain> {
	let (code_hash, highest_version) = client::api(at, "AirlockApi_code", ()).await?;
	let version: sp_version::RuntimeVersion = client::api(at, "Core_version", ()).await?;
	let constant = |name| {
		at.constants()
			.entry(dynamic::constant::<u32>("Proposals", name))
	};
	Ok(Chain {
		code_hash,
		highest_version,
		spec_name: version.spec_name.to_string(),
		system_version: version.system_version,
		apis: airlock_simulator::required_apis(&version),
		max_code_len: constant("MaxCodeLen")?,
		max_decompressed_len: constant("MaxDecompressedLen")?,
		metadata: at.metadata(),
		currency: context.currency().await?,
	})
}

/// What is held of whoever proposes it, by the chain's own constants.
pub(super) async fn deposit(at: &Block, dossier: &Dossier) -> Result<u128> {
	let constant = |name| {
		at.constants()
			.entry(dynamic::constant::<u128>("Proposals", name))
	};
	let bytes = dossier
		.blobs()
		.fold(dossier.encoded_size() as u128, |sum, code| {
			sum.saturating_add(code.len.into())
		});
	let base = constant("BaseDeposit")?.saturating_mul(dossier.class.deposit_factor().into());
	Ok(base.saturating_add(constant("ByteDeposit")?.saturating_mul(bytes)))
}

/// A dossier for programs.
pub(super) fn to_json(dossier: &Dossier) -> serde_json::Value {
	let code = |code: &CodeRef| json!({"hash": code.hash, "len": code.len, "spec_version": code.spec_version});
	json!({
		"hash": dossier.hash(),
		"class": format!("{:?}", dossier.class),
		"parent_code_hash": dossier.parent_code_hash,
		"blobs": dossier.blobs().map(|blob| code(&blob)).collect::<Vec<_>>(),
		"scope": dossier.scope.iter().collect::<Vec<_>>(),
		"minted": dossier.minted.to_string(),
		"documents": {
			"specification": dossier.specification.hash,
			"rationale": dossier.rationale.hash,
			"rollback_plan": dossier.rollback_plan.hash,
			"expected_effects": dossier.expected_effects.hash,
		},
	})
}

fn summary(dossier: &Dossier, chain: &Chain) -> String {
	let mut lines = vec![format!(
		"dossier   {:?}, {:?}\nreplaces  {:?}",
		dossier.hash(),
		dossier.class,
		dossier.parent_code_hash
	)];
	for (what, code) in ["candidate", "way back"].iter().zip(dossier.blobs()) {
		lines.push(format!(
			"{what} version {}, {} bytes\n          blake2-256 {:?}",
			code.spec_version, code.len, code.hash
		));
	}
	if dossier.blobs().count() == 1 {
		lines.push(format!("way back  {:?}", dossier.rollback));
	}
	let names: Vec<String> = dossier
		.scope
		.iter()
		.map(|index| match chain.metadata.pallet_by_call_index(*index) {
			Some(pallet) => pallet.name().to_owned(),
			None => format!("a new pallet ({index})"),
		})
		.collect();
	lines.push(format!("touches   {}", names.join(", ")));
	if dossier.minted > 0 {
		lines.push(format!(
			"makes     at most {}",
			chain.currency.show(dossier.minted)
		));
	}
	lines.join("\n")
}

/// The proposal that a revision is of.
///
/// # Errors
/// If it has ended.
pub(super) async fn ensure_open(at: &Block, id: ProposalId) -> Result<()> {
	match view::proposal(at, id).await?.outcome {
		None => Ok(()),
		Some(outcome) => Err(input(
			format!("proposal {id} has ended: {outcome:?}"),
			"Propose it anew: 'airlock propose'.",
		)),
	}
}
