//! `airlock attest`

use super::unit;
use crate::{
	app::{Answer, Context},
	failure::{fail, Kind},
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::ProposalId;
use anyhow::{Context as _, Result};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::path::PathBuf;
use subxt::{dynamic, utils::Static};

/// Attest to a dossier as an auditor or builder
///
/// The bytes are fetched from the chain and held against the dossier before anything is signed.
#[derive(Debug, clap::Args)]
pub struct Attest {
	/// Number of the proposal
	id: ProposalId,

	/// What you attest
	#[arg(long, value_enum, required_unless_present = "conflict")]
	kind: Option<Kinds>,

	/// Attest against the upgrade
	#[arg(long)]
	reject: bool,

	/// Your report: its hash is part of the attestation
	#[arg(long, value_name = "FILE", required_unless_present_any = ["retract", "conflict"])]
	report: Option<PathBuf>,

	/// For a reproduced build: the blob that you built, which must have the same bytes
	#[arg(long, value_name = "FILE", required_if_eq("kind", "reproduced-build"))]
	built: Option<PathBuf>,

	/// Take the attestation of this kind back
	#[arg(long, conflicts_with_all = ["report", "reject", "built"])]
	retract: bool,

	/// Declare that you have an interest in this proposal, and will not judge it
	#[arg(long, conflicts_with_all = ["report", "reject", "built", "retract", "kind"])]
	conflict: bool,

	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

/// What an attestation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kinds {
	/// You read the code
	CodeReview,
	/// You built the source, and got the same bytes
	ReproducedBuild,
	/// The specification says what the code does
	Specification,
}

impl Attest {
	/// Attests, retracts, or declares a conflict.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let id = self.id;
		if self.conflict {
			let call = dynamic::tx("Audits", "declare_conflict", (id,));
			let effect = format!("You have an interest in proposal {id}, and do not judge it.");
			return send(context, &self.sending, Intent::new(call, effect)).await;
		}
		let kind = self.kind.unwrap_or(Kinds::CodeReview);
		if self.retract {
			let call = dynamic::tx("Audits", "retract", (id, unit(format!("{kind:?}"))));
			let effect = format!("Your attestation {kind:?} on proposal {id} is void.");
			return send(context, &self.sending, Intent::new(call, effect)).await;
		}
		let path = self.report.as_deref().context("no report")?;
		let report =
			std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
		let at = context.client().await?.finalized().await?;
		let dossier = view::dossier(&at, id).await?;
		let mut bytes = Vec::new();
		for code in dossier.blobs() {
			bytes.push(view::bytes_of_code(&at, &code).await?);
		}
		if let (Some(path), Some(candidate)) = (&self.built, bytes.first()) {
			let built =
				std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
			if &built != candidate {
				return Err(fail(
					Kind::Negative,
					format!(
						"{} has other bytes than the candidate on chain",
						path.display()
					),
					"'airlock verify-build' says where they differ. Nothing was sent.",
				));
			}
		}
		let opinion = if self.reject { "Reject" } else { "Approve" };
		let arguments = (
			id,
			Static(dossier.hash()),
			unit(format!("{kind:?}")),
			unit(opinion),
			Static(H256(blake2_256(&report))),
		);
		let call = dynamic::tx("Audits", "attest", arguments);
		let effect = format!(
			"You attest {kind:?}, {opinion}, to proposal {id}: version {}, {} bytes on chain with the hash {:?}.",
			dossier.code.spec_version, dossier.code.len, dossier.code.hash
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}
