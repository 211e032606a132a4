//! `airlock finding`

use super::unit;
use crate::{
	app::{Answer, Context},
	dossier::document_at,
	failure::input,
	keys::write_secret,
	transaction::{send, Intent, Sending},
	view,
};
use airlock_primitives::{Document, ProposalId};
use anyhow::{Context as _, Result};
use codec::{Decode, Encode};
use sp_core::H256;
use std::path::{Path, PathBuf};
use subxt::{
	dynamic::{self, Value},
	utils::Static,
};

/// Report, seal, open, judge and waive findings
#[derive(Debug, clap::Args)]
pub struct Finding {
	/// What to do.
	#[command(subcommand)]
	what: What,
}

/// What is done with a finding.
#[derive(Debug, clap::Subcommand)]
enum What {
	/// Report a finding that everybody may read
	Report(Report),
	/// Report a finding without its text: for a hole in code that runs
	///
	/// What opens it is kept in a file that only you can read. Without that file nobody can open it: back it up.
	Seal(Seal),
	/// Publish the text of a sealed finding of yours
	Open(Open),
	/// Judge a finding, as an auditor
	Triage(Triage),
	/// Say, as an auditor, that a confirmed finding is gone in the dossier that stands now
	Resolve(Named),
	/// Say, as a validator, that you take the upgrade with this finding: 90 % of the power waive it
	Waive(Waive),
}

#[derive(Debug, clap::Args)]
struct Report {
	/// Number of the proposal
	id: ProposalId,
	/// How bad it is: high and critical ones block
	#[arg(long, value_enum)]
	severity: Severity,
	/// The text: its hash goes on chain
	#[arg(long, value_name = "FILE")]
	text: PathBuf,
	/// Where the text can be read
	#[arg(long, value_name = "URI", default_value = "")]
	uri: String,
	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

#[derive(Debug, clap::Args)]
struct Seal {
	/// Number of the proposal
	id: ProposalId,
	/// How bad it is: high and critical ones block
	#[arg(long, value_enum)]
	severity: Severity,
	/// The text: nothing of it goes on chain yet
	#[arg(long, value_name = "FILE")]
	text: PathBuf,
	/// New file for what opens it
	#[arg(long, value_name = "FILE")]
	secret: PathBuf,
	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

#[derive(Debug, clap::Args)]
struct Open {
	/// Number of the proposal
	id: ProposalId,
	/// Number of the finding
	finding: u32,
	/// What 'finding seal' wrote
	#[arg(long, value_name = "FILE")]
	secret: PathBuf,
	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

#[derive(Debug, clap::Args)]
struct Triage {
	/// Number of the proposal
	id: ProposalId,
	/// Number of the finding
	finding: u32,
	/// What you say
	#[arg(value_enum)]
	decision: Decision,
	/// For confirm-as: how bad it is
	#[arg(long, value_enum, required_if_eq("decision", "confirm-as"))]
	severity: Option<Severity>,
	/// For duplicate: number of the earlier finding
	#[arg(long, value_name = "FINDING", required_if_eq("decision", "duplicate"))]
	of: Option<u32>,
	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

#[derive(Debug, clap::Args)]
struct Named {
	/// Number of the proposal
	id: ProposalId,
	/// Number of the finding
	finding: u32,
	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

#[derive(Debug, clap::Args)]
struct Waive {
	/// Which one.
	#[command(flatten)]
	named: Named,
	/// Take the waiver back
	#[arg(long)]
	retract: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Severity {
	/// Worth knowing
	Low,
	/// Should be mended
	Medium,
	/// Must be mended: blocks
	High,
	/// The upgrade would do harm: blocks
	Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Decision {
	/// True, and as bad as reported
	Confirm,
	/// True, and less bad (--severity)
	ConfirmAs,
	/// Wrong, in good faith
	Dismiss,
	/// An earlier finding again (--of)
	Duplicate,
	/// Written to cost others time: its deposit is burnt
	Spam,
}

/// What a sealed finding hides, in the order of the chain's own type.
#[derive(Encode, Decode)]
struct Sealed {
	genesis: H256,
	id: ProposalId,
	reporter: [u8; 32],
	report: Document,
	salt: [u8; 32],
}

async fn deposit(context: &Context) -> Result<u128> {
	let at = context.client().await?.best().await?;
	let deposit = dynamic::constant::<u128>("Audits", "FindingDeposit");
	Ok(at.constants().entry(deposit)?)
}

impl Finding {
	/// Does it.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		match self.what {
			What::Report(report) => report.run(context).await,
			What::Seal(seal) => seal.run(context).await,
			What::Open(open) => open.run(context).await,
			What::Triage(triage) => triage.run(context).await,
			What::Resolve(named) => named.resolve(context).await,
			What::Waive(waive) => waive.run(context).await,
		}
	}
}

impl Report {
	async fn run(self, context: &Context) -> Result<Answer> {
		let (id, severity) = (self.id, self.severity);
		let text = document_at(&self.text, self.uri)?;
		let effect = format!(
			"You report a {severity:?} finding on proposal {id}: text {:?}.",
			text.hash
		);
		let call = dynamic::tx(
			"Audits",
			"report_finding",
			(id, unit(format!("{severity:?}")), Static(text)),
		);
		let intent = Intent::new(call, effect).holding(deposit(context).await?);
		send(context, &self.sending, intent).await
	}
}

impl Seal {
	async fn run(self, context: &Context) -> Result<Answer> {
		let (id, severity) = (self.id, self.severity);
		let held = deposit(context).await?;
		let sealed = Sealed {
			genesis: context.client().await?.genesis(),
			id,
			reporter: self.sending.account()?.0,
			report: document_at(&self.text, String::new())?,
			salt: super::salt()?,
		};
		// Before it is on chain: what was sent can be opened, whatever happens in between.
		let mut unsent = None;
		if !self.sending.dry_run {
			write_secret(&self.secret, &hex::encode(sealed.encode()))?;
			unsent = Some(Unsent {
				secret: &self.secret,
				context,
			});
			context.say(format!(
				"{} opens the finding, and nothing else does: back it up, and keep the text as it is.",
				self.secret.display()
			));
		}
		let commitment =
			airlock_primitives::domain_hash(airlock_primitives::Domain::Finding, &sealed);
		let call = dynamic::tx(
			"Audits",
			"seal_finding",
			(id, unit(format!("{severity:?}")), Static(commitment)),
		);
		let effect = format!(
			"You report a {severity:?} finding on proposal {id}, and keep its text to yourself."
		);
		let intent = Intent::new(call, effect).holding(held);
		let answer = send(context, &self.sending, intent).await?;
		// Prepared, it is for another command to send.
		std::mem::forget(unsent);
		Ok(answer)
	}
}

/// Removes a secret of which nothing was sent: it opens nothing, and the next try could not write it.
struct Unsent<'a> {
	secret: &'a Path,
	context: &'a Context,
}

impl Drop for Unsent<'_> {
	fn drop(&mut self) {
		if !self.context.has_sent() {
			drop(std::fs::remove_file(self.secret));
		}
	}
}

impl Open {
	async fn run(self, context: &Context) -> Result<Answer> {
		let (id, finding) = (self.id, self.finding);
		let text = std::fs::read_to_string(&self.secret);
		let text = text.with_context(|| format!("cannot read {}", self.secret.display()))?;
		let bytes = hex::decode(text.trim()).ok();
		let sealed = bytes.and_then(|bytes| Sealed::decode(&mut &bytes[..]).ok());
		let sealed = sealed.ok_or_else(|| {
			input(
				format!("{} opens no finding", self.secret.display()),
				"It is what 'finding seal' wrote.",
			)
		})?;
		if sealed.id != id {
			return Err(input(
				format!("this opens a finding on proposal {}", sealed.id),
				"",
			));
		}
		let arguments = (id, finding, Static(sealed.report), Static(sealed.salt));
		let call = dynamic::tx("Audits", "open_finding", arguments);
		let effect = format!("The text of finding {finding} on proposal {id} can be held against the chain from now on.");
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}

impl Triage {
	async fn run(self, context: &Context) -> Result<Answer> {
		let (id, finding) = (self.id, self.finding);
		let decision = match (self.decision, self.severity, self.of) {
			(Decision::ConfirmAs, Some(severity), _) => {
				Value::unnamed_variant("ConfirmAs", [unit(format!("{severity:?}"))])
			}
			(Decision::Duplicate, _, Some(earlier)) => {
				Value::unnamed_variant("Duplicate", [Value::u128(earlier.into())])
			}
			(decision, ..) => unit(format!("{decision:?}")),
		};
		let call = dynamic::tx("Audits", "triage", (id, finding, decision));
		let effect = format!(
			"You say of finding {finding} on proposal {id}: {:?}.",
			self.decision
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}

impl Named {
	async fn resolve(self, context: &Context) -> Result<Answer> {
		let (id, finding) = (self.id, self.finding);
		let at = context.client().await?.best().await?;
		let seen = view::proposal(&at, id).await?;
		let call = dynamic::tx(
			"Audits",
			"resolve",
			(id, finding, Static(seen.dossier_hash)),
		);
		let effect = format!(
			"You say that finding {finding} on proposal {id} is gone in the dossier {:?}.",
			seen.dossier_hash
		);
		send(context, &self.sending, Intent::new(call, effect)).await
	}
}

impl Waive {
	async fn run(self, context: &Context) -> Result<Answer> {
		let (id, finding) = (self.named.id, self.named.finding);
		if self.retract {
			let call = dynamic::tx("Audits", "retract_waiver", (id, finding));
			let effect = format!("You no longer waive finding {finding} on proposal {id}.");
			return send(context, &self.named.sending, Intent::new(call, effect)).await;
		}
		let at = context.client().await?.best().await?;
		let seen = view::proposal(&at, id).await?;
		let call = dynamic::tx("Audits", "waive", (id, finding, Static(seen.dossier_hash)));
		let effect = format!("You take proposal {id} with its finding {finding}.");
		send(context, &self.named.sending, Intent::new(call, effect)).await
	}
}
