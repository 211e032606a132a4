//! From a call to a finalized extrinsic: what is signed is shown, and what it costs; the runtime is asked whether it would
//! take it; then it is signed, sent and watched.

use crate::{
	app::{to_stderr, Answer, Context},
	client::{Block, Client, Event, Included, Signed},
	failure::{fail, input, Kind},
	keys::KeyOptions,
	offline::Bundle,
	units::Currency,
	view::{fields, to_text},
};
use anyhow::Result;
use serde_json::{json, Value as Json};
use std::{io::IsTerminal, path::PathBuf, str::FromStr, time::Duration};
use subxt::{
	dynamic::At,
	ext::scale_value::{Composite, ValueDef},
	transactions::{DynamicPayload, Payload},
	utils::AccountId32,
	Metadata,
};
use subxt_signer::sr25519::Keypair;

/// How long a block may take to become final: two sessions of a slow network.
const PATIENCE: Duration = Duration::from_secs(600);

/// How a transaction is signed and sent.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Signing and sending")]
pub struct Sending {
	/// Who signs.
	#[command(flatten)]
	pub key: KeyOptions,

	/// Ask the runtime whether it would take it, say what it would cost, and send nothing
	#[arg(long)]
	pub dry_run: bool,

	/// Send nothing if the fee is more than that, in units of the currency
	#[arg(long, value_name = "AMOUNT")]
	pub max_fee: Option<String>,

	/// Also pay so much to the author of the block, so that it takes this before others
	#[arg(long, value_name = "AMOUNT", conflicts_with = "prepare")]
	pub tip: Option<String>,

	/// Until when to wait
	#[arg(long, value_enum, default_value_t = Wait::Finalized)]
	pub wait: Wait,

	/// Short for --wait none
	#[arg(long, conflicts_with = "wait")]
	pub no_wait: bool,

	/// Do not ask before signing
	#[arg(short, long)]
	pub yes: bool,

	/// Write what is to be signed into this file and send nothing: 'airlock sign' needs no network. --from may be an address
	#[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "yes"])]
	pub prepare: Option<PathBuf>,
}

/// Until when a transaction is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Wait {
	/// Until no fork can take its block away
	Finalized,
	/// Until it is in a block
	InBlock,
	/// Not at all
	None,
}

impl Sending {
	/// The same for a step after which others follow: it is in a block before they are sent.
	pub fn followed(&self) -> Self {
		Self {
			wait: Wait::InBlock,
			no_wait: false,
			..self.clone()
		}
	}

	/// Refuses what would be more than one transaction in one file.
	///
	/// # Errors
	/// If `--prepare` was asked for.
	pub fn ensure_not_prepared(&self) -> Result<()> {
		match &self.prepare {
			None => Ok(()),
			Some(_) => Err(input(
				"this is more than one transaction, and --prepare writes one",
				"Prepare each by its own command.",
			)),
		}
	}

	/// Whose transaction it is. What is prepared needs no secret: then it may be an address, and never what could be a seed.
	///
	/// # Errors
	/// As [`KeyOptions::load`].
	pub fn account(&self) -> Result<AccountId32> {
		let named = self.key.from.as_deref().filter(|_| self.prepare.is_some());
		match named.and_then(|text| AccountId32::from_str(text).ok()) {
			Some(account) => Ok(account),
			None => Ok(self.key.load()?.public_key().to_account_id()),
		}
	}

	/// Until when it is watched, however that was said.
	pub fn until(&self) -> Wait {
		match self.no_wait {
			true => Wait::None,
			false => self.wait,
		}
	}
}

/// What somebody is about to do.
pub struct Intent<C> {
	/// The call.
	pub call: C,
	/// What comes of it, in words: nobody signs what only a hash tells.
	pub effect: String,
	/// What is held of the signer meanwhile.
	pub deposit: u128,
	/// True if the chain waits for this, and gives the fee back.
	pub free: bool,
}

impl<C: Payload> Intent<C> {
	/// A call that holds nothing.
	pub fn new(call: C, effect: impl Into<String>) -> Self {
		Self {
			call,
			effect: effect.into(),
			deposit: 0,
			free: false,
		}
	}

	/// The same, and the chain gives the fee back.
	pub fn free(self) -> Self {
		Self { free: true, ..self }
	}

	/// The same with a deposit, in the smallest unit.
	pub fn holding(mut self, deposit: u128) -> Self {
		self.deposit = deposit;
		self
	}
}

/// What became of an intent.
pub enum Done {
	/// It is in a block.
	Included(Box<Included>),
	/// It was sent, prepared or only tried: there is no block to look at.
	Nothing,
}

/// Does what somebody intends, as far as the options say.
///
/// # Errors
/// By their kinds: see [`Kind`].
pub async fn send<C: Payload>(
	context: &Context,
	options: &Sending,
	intent: Intent<C>,
) -> Result<Answer> {
	Ok(carry_out(context, options, intent).await?.0)
}

/// As [`send`], for those who go on with what is in the block.
///
/// # Errors
/// See [`send`].
pub async fn carry_out<C: Payload>(
	context: &Context,
	options: &Sending,
	intent: Intent<C>,
) -> Result<(Answer, Done)> {
	let client = context.client().await?;
	let name = format!("{}.{}", intent.call.pallet_name(), intent.call.call_name());
	let best = client.best().await?;
	let currency = context.currency().await?;
	if let Some(path) = &options.prepare {
		let costs = Costs::unsigned(client, &intent).await?;
		costs.check(context, options, &currency)?;
		let costs = costs.text(&currency);
		let bundle = Bundle::of(client, &best, &intent, &options.account()?, costs.trim()).await?;
		return Ok((bundle.write(path)?, Done::Nothing));
	}
	let key = options.key.load()?;
	// Whoever is asked sees what about.
	let show = |text: String| match options.yes || options.dry_run {
		true => context.say(text),
		false => to_stderr(&text),
	};
	show(describe(&best, &intent)?);
	show(format!("  from: {}", key.public_key().to_account_id()));
	let tip = options.tip.as_deref().map(|tip| currency.read(tip));
	let tip = tip.transpose()?.unwrap_or_default();
	let signed = client.sign(&key, &intent.call, tip).await?;
	let costs = Costs::of(client, &signed, &name, (&intent, tip)).await?;
	show(costs.text(&currency));
	costs.check(context, options, &currency)?;
	if options.dry_run {
		let text = format!("{name} would succeed. {}", costs.text(&currency).trim());
		return Ok((Answer::new(text, costs.json(&name)), Done::Nothing));
	}
	confirm(context, options.yes).await?;
	context.sends();
	if options.until() == Wait::None {
		let hash = signed.submit().await?;
		let data = json!({"call": name, "extrinsic_hash": format!("{hash:?}"), "finalized": false});
		let text = format!("{name} was sent: {hash:?}");
		return Ok((Answer::new(text, data), Done::Nothing));
	}
	let awaiting = context.awaiting("waiting for a block");
	// Signed anew each time: an upgrade may come between.
	let included = client.submit_tipped(&key, &intent.call, tip).await;
	let included = included.map_err(pending)?;
	drop(awaiting);
	let (answer, included) = follow(context, options.until(), included, &name, &currency).await?;
	Ok((answer, Done::Included(Box::new(included))))
}

/// Waits as long as somebody wants to, and says what became of a transaction that is in a block.
///
/// # Errors
/// If a fork takes the block away and the transaction does not come back, or finality stands still.
pub async fn follow(
	context: &Context,
	until: Wait,
	included: Included,
	name: &str,
	currency: &Currency,
) -> Result<(Answer, Included)> {
	let finalized = until == Wait::Finalized;
	let mut included = included;
	if finalized {
		context.say(format!(
			"  in #{}, waiting until that is final",
			included.block
		));
		let client = context.client().await?;
		let _awaiting = context.awaiting("waiting for finality");
		let done = client.until_final(included, name, PATIENCE).await;
		included = done.map_err(pending)?;
	}
	let fee = fee_of(&included);
	// The block after a switch is the first that the new code describes.
	let at = context.client().await?.at(included.hash).await?;
	let what = match finalized {
		true => "finalized",
		false => "in a block",
	};
	let paid = fee.map_or_else(String::new, |fee| format!("; fee {}", currency.show(fee)));
	let text = format!("{name} is {what}: #{}{paid}", included.block);
	let data = json!({
		"call": name,
		"block": included.block,
		"block_hash": format!("{:?}", included.hash),
		"extrinsic_hash": format!("0x{}", hex::encode(sp_crypto_hashing::blake2_256(&included.encoded))),
		"finalized": finalized,
		"fee": fee.map(|fee| fee.to_string()),
		"events": included.events.iter().map(|found| event(at.metadata_ref(), found)).collect::<Vec<_>>(),
	});
	Ok((Answer::new(text, data), included))
}

/// It may be in a block later, unless the runtime has said no.
pub(crate) fn pending(error: anyhow::Error) -> anyhow::Error {
	if error
		.chain()
		.any(|cause| cause.is::<crate::client::Refused>())
	{
		return error;
	}
	fail(
		Kind::Pending,
		format!("{error:#}"),
		"It may still get into a block: look with 'airlock status' before you send it again.",
	)
}

fn event(metadata: &Metadata, event: &Event) -> Json {
	let pallet = metadata.pallet_by_name(&event.pallet);
	let mut known = pallet
		.and_then(|pallet| pallet.event_variants())
		.into_iter()
		.flatten();
	let known = known.find(|known| known.name == event.name);
	let known = known
		.map(|known| known.fields.as_slice())
		.unwrap_or_default();
	let values = match &event.fields.value {
		ValueDef::Composite(values) => fields(values, known, metadata.types()),
		_ => Json::Null,
	};
	json!({"pallet": event.pallet, "name": event.name, "fields": values})
}

/// The fee that was paid in the end.
fn fee_of(included: &Included) -> Option<u128> {
	let mut events = included.events.iter();
	let paid = events.find(|event| event.name == "TransactionFeePaid")?;
	paid.fields.at("actual_fee")?.as_u128()
}

/// What comes of it, and the call as the runtime reads its bytes.
fn describe<C: Payload>(at: &Block, intent: &Intent<C>) -> Result<String> {
	let transactions = at.transactions();
	let bytes = transactions.call_data(&intent.call)?;
	let call = transactions.from_call_data_bytes(&bytes)?;
	Ok(in_words(&intent.effect, &call, at.metadata_ref()))
}

/// What comes of a call, and the call itself, argument by argument.
pub(crate) fn in_words(
	effect: &str,
	call: &DynamicPayload<Composite<()>>,
	metadata: &Metadata,
) -> String {
	let (pallet, name) = (call.pallet_name(), call.call_name());
	let known = metadata.pallet_by_name(pallet);
	let known = known.and_then(|pallet| pallet.call_variant_by_name(name));
	let known = known
		.map(|known| known.fields.as_slice())
		.unwrap_or_default();
	let arguments = to_text(&fields(call.call_data(), known, metadata.types()), 4);
	format!(
		"{effect}\n  call: {pallet}.{name}\n{}",
		arguments.trim_end()
	)
}

struct Costs {
	fee: u128,
	deposit: u128,
	free: bool,
	/// False if the last block was so full that nobody can tell.
	tried: bool,
}

impl Costs {
	async fn of<C>(
		client: &Client,
		signed: &Signed,
		name: &str,
		(intent, tip): (&Intent<C>, u128),
	) -> Result<Self> {
		// What the runtime says of a fee has no tip in it.
		let fee = signed.partial_fee_estimate().await?.saturating_add(tip);
		let tried = match client.dry_run(name, signed.encoded()).await? {
			Some(Err(refused)) => return Err(refused.into()),
			Some(Ok(())) => true,
			None => false,
		};
		Ok(Self {
			fee,
			deposit: intent.deposit,
			free: intent.free,
			tried,
		})
	}

	/// Of what is signed elsewhere. The fee is the same whoever signs, so a key signs that nobody has; nothing is tried.
	async fn unsigned<C: Payload>(client: &Client, intent: &Intent<C>) -> Result<Self> {
		let nobody = Keypair::from_secret_key(crate::commands::salt()?)?;
		let signed = client.sign(&nobody, &intent.call, 0).await?;
		Ok(Self {
			fee: signed.partial_fee_estimate().await?,
			deposit: intent.deposit,
			free: intent.free,
			tried: true,
		})
	}

	fn text(&self, currency: &Currency) -> String {
		let fee = currency.show(self.fee);
		let held = match self.deposit {
			0 => String::new(),
			deposit => format!(", and {} are held meanwhile", currency.show(deposit)),
		};
		let back = match self.free {
			true => ", which the chain gives back at once: it waits for this",
			false => "",
		};
		let untried = match self.tried {
			true => "",
			false => " (the last block was full: whether the runtime takes it is not known)",
		};
		format!("  fee: {fee}{back}{held}{untried}")
	}

	fn json(&self, name: &str) -> Json {
		json!({
			"call": name,
			"fee": self.fee.to_string(),
			"fee_given_back": self.free,
			"deposit": self.deposit.to_string(),
			"tried": self.tried,
			"sent": false,
		})
	}

	fn check(&self, context: &Context, options: &Sending, currency: &Currency) -> Result<()> {
		let Some(most) = &options.max_fee else {
			return Ok(());
		};
		let most = currency.read(most)?;
		if self.free || self.fee <= most {
			return Ok(());
		}
		Err(fail(
			Kind::TooDear,
			format!(
				"the fee is {}, --max-fee {}",
				currency.show(self.fee),
				currency.show(most)
			),
			format!(
				"{} Try again when the chain is less busy, or allow more.",
				context.unsent()
			),
		))
	}
}

/// Asks whoever sits there to sign.
///
/// # Errors
/// If nobody says yes, or nobody can be asked.
pub(crate) async fn confirm(context: &Context, yes: bool) -> Result<()> {
	if yes {
		return Ok(());
	}
	let advice = format!("{} Add --yes to sign without a question.", context.unsent());
	match ask("Sign? [y/N]", &advice).await?.trim() {
		"y" | "Y" | "yes" => Ok(()),
		_ => Err(fail(Kind::Prompt, "you did not say yes", advice)),
	}
}

/// Asks whoever sits there. Nobody is asked where there is no terminal. An answer has its end of line, unless nobody will answer
/// any more.
///
/// # Errors
/// If nobody can be asked; then with this advice.
pub(crate) async fn ask(question: &str, advice: &str) -> Result<String> {
	ensure_terminal(advice)?;
	eprint!("{question} ");
	// On a thread of its own, so that an interrupt is heard meanwhile.
	let answer = tokio::task::spawn_blocking(|| {
		let mut answer = String::new();
		std::io::stdin().read_line(&mut answer).map(|_| answer)
	});
	Ok(answer.await??)
}

/// Refuses to ask where nobody sits.
///
/// # Errors
/// If that is so; then with this advice.
pub(crate) fn ensure_terminal(advice: &str) -> Result<()> {
	if std::io::stdin().is_terminal() {
		return Ok(());
	}
	Err(fail(
		Kind::Prompt,
		"nobody can be asked: this is no terminal",
		advice,
	))
}
