//! The command line, and what a command answers.

use crate::{
	client::Client,
	commands::Command,
	failure::{self, Failure},
	units::Currency,
};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{json, Map, Value};
use std::{
	fs::OpenOptions,
	io::Write,
	path::PathBuf,
	process::ExitCode,
	sync::atomic::{AtomicBool, Ordering},
	time::Duration,
};
use tokio::sync::OnceCell;

/// Version of the JSON documents. It changes when a field that was there goes, or means something else.
pub const SCHEMA_VERSION: u32 = 2;

/// Where a node of one's own listens.
const LOCAL: &str = "ws://127.0.0.1:9944";

/// How often a line that waits is drawn.
const TICK: Duration = Duration::from_millis(120);

/// Everything that people in each role do with an Airlock chain
///
/// Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 another failure; 2 wrong input; 3 the node does
/// not answer; 4 the runtime refuses; 5 dearer than --max-fee; 6 a question, and no terminal to ask; 7 sent, but not in a
/// (final) block in time; 8 the answer is no.
#[derive(Debug, clap::Parser)]
#[command(name = "airlock", version, max_term_width = 100)]
pub struct Cli {
	/// Options of every command.
	#[command(flatten)]
	pub global: Global,

	/// What to do.
	#[command(subcommand)]
	pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
	/// Address of the node
	#[arg(long, global = true, value_name = "URL", env = "AIRLOCK_URL", default_value = LOCAL)]
	pub url: String,

	/// How the result is written
	#[arg(long, global = true, value_enum, default_value_t = Format::Text)]
	pub output: Format,

	/// Short for --output json
	#[arg(long, global = true)]
	pub json: bool,

	/// Say nothing but the result
	#[arg(short, long, global = true)]
	pub quiet: bool,

	/// Keep a record: also append each result to this file, as one line of JSON
	#[arg(long, global = true, value_name = "FILE", env = "AIRLOCK_JOURNAL")]
	pub journal: Option<PathBuf>,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
	/// For people
	Text,
	/// One JSON document
	Json,
}

/// What a command answers.
#[derive(Clone, Debug)]
pub struct Answer {
	/// For people.
	pub text: String,
	/// For programs. Amounts are strings, since they do not fit into what JSON readers take for numbers.
	pub data: Value,
	/// False if the command did its work, and found that something is not as it should be.
	pub positive: bool,
}

impl Answer {
	/// An answer that is not negative.
	pub fn new(text: impl Into<String>, data: Value) -> Self {
		Self {
			text: text.into(),
			data,
			positive: true,
		}
	}
}

/// What commands need of the outside.
pub struct Context {
	/// Options of every command.
	pub global: Global,
	client: OnceCell<Client>,
	sent: AtomicBool,
}

impl Context {
	/// Nothing is connected before it is needed.
	pub fn new(global: Global) -> Self {
		Self {
			global,
			client: OnceCell::new(),
			sent: AtomicBool::new(false),
		}
	}

	/// Something is about to be sent: from now on nobody can say that nothing was.
	pub fn sends(&self) {
		self.sent.store(true, Ordering::Relaxed);
	}

	/// True if something was sent, or may have been.
	pub fn has_sent(&self) -> bool {
		self.sent.load(Ordering::Relaxed)
	}

	/// What can be said of a step that is not sent: others may have been.
	pub fn unsent(&self) -> &'static str {
		match self.has_sent() {
			true => "This was not sent; what is said above was.",
			false => "Nothing was sent.",
		}
	}

	fn interrupted(&self) -> anyhow::Error {
		match self.has_sent() {
			true => failure::fail(
				failure::Kind::Pending,
				"interrupted after something was sent",
				"It may still get into a block: look with 'airlock status' before you send it again.",
			),
			false => anyhow::anyhow!("interrupted; nothing was sent"),
		}
	}

	/// The node.
	///
	/// # Errors
	/// If nobody listens there.
	pub async fn client(&self) -> Result<&Client> {
		let connect = || async {
			let connected = Client::connect(&self.global.url).await;
			connected.map_err(|error| {
				failure::fail(
					failure::Kind::Network,
					format!("cannot reach the node at {}: {error:#}", self.global.url),
					"Start it, or give another address with --url or AIRLOCK_URL.",
				)
			})
		};
		self.client.get_or_try_init(connect).await
	}

	/// What an error is if nobody says so: when the node does not answer any more, it is that.
	async fn explained(&self, error: anyhow::Error) -> anyhow::Error {
		let is_open = failure::of(&error).kind == failure::Kind::Other;
		match self.client.get() {
			Some(client) if is_open && client.heads().await.is_err() => failure::fail(
				failure::Kind::Network,
				format!("{error:#}"),
				"The node does not answer any more. Is it running?",
			),
			_ => error,
		}
	}

	/// The chain's currency.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn currency(&self) -> Result<Currency> {
		let none = subxt::rpcs::rpc_params![];
		let properties: Value = self
			.client()
			.await?
			.request("system_properties", none)
			.await?;
		let symbol = properties.get("tokenSymbol").and_then(Value::as_str);
		let decimals = properties.get("tokenDecimals").and_then(Value::as_u64);
		Ok(Currency {
			symbol: symbol.unwrap_or("UNIT").to_owned(),
			// Those of this chain's runtime, if the specification names none.
			decimals: decimals.unwrap_or(12) as u32,
		})
	}

	/// Time from one block to the next.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn slot(&self) -> Result<Duration> {
		let best = self.client().await?.best().await?;
		let slot: u64 = crate::client::api(&best, "AuraApi_slot_duration", ()).await?;
		Ok(Duration::from_millis(slot))
	}

	/// True if the result is to be JSON.
	pub fn is_json(&self) -> bool {
		self.global.json || self.global.output == Format::Json
	}

	/// Shows what is awaited and since when, until the result is dropped. Nothing where nobody sits.
	pub fn awaiting(&self, what: impl Into<String>) -> Awaiting {
		let bar = match self.global.quiet {
			true => ProgressBar::hidden(),
			// On stderr, and hidden if that is no terminal.
			false => ProgressBar::new_spinner(),
		};
		// The template is constant: should it ever be wrong, the default style does.
		if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})") {
			bar.set_style(style);
		}
		bar.set_message(what.into());
		bar.enable_steady_tick(TICK);
		Awaiting(bar)
	}

	/// Tells the person at the terminal something that is not the result.
	pub fn say(&self, text: impl AsRef<str>) {
		if !self.global.quiet {
			to_stderr(text.as_ref());
		}
	}
}

/// A line that says what is awaited, for as long as this lives.
pub struct Awaiting(ProgressBar);

impl Drop for Awaiting {
	fn drop(&mut self) {
		self.0.finish_and_clear();
	}
}

/// Runs a command and prints what it answers.
pub fn run(cli: Cli) -> ExitCode {
	let name = cli.command.name();
	let context = Context::new(cli.global);
	let answer = match tokio::runtime::Runtime::new() {
		Ok(runtime) => {
			let answer = runtime.block_on(async {
				tokio::select! {
					answer = cli.command.run(&context) => match answer {
						Ok(answer) => Ok(answer),
						Err(error) => Err(context.explained(error).await),
					},
					_ = tokio::signal::ctrl_c() => Err(context.interrupted()),
				}
			});
			// A question that nobody answers any more must not hold up the end.
			runtime.shutdown_background();
			answer
		}
		Err(error) => Err(error.into()),
	};
	match answer {
		Ok(answer) => {
			record(&context, &document(name, &answer));
			print(&context, name, &answer);
			ExitCode::from(match answer.positive {
				true => 0,
				false => failure::Kind::Negative.exit_code(),
			})
		}
		Err(error) => {
			let failure = failure::of(&error);
			record(&context, &document_of_failure(name, &failure));
			print_failure(&context, name, &failure);
			ExitCode::from(failure.kind.exit_code())
		}
	}
}

/// Keeps a result, where that was asked for. What was done stays done if it cannot be kept: that is said, and no failure.
pub(crate) fn record(context: &Context, document: &Value) {
	let Some(path) = &context.global.journal else {
		return;
	};
	let file = OpenOptions::new().create(true).append(true).open(path);
	// One write, so that commands that run side by side do not mix their lines.
	let written = file.and_then(|mut file| file.write_all(format!("{document}\n").as_bytes()));
	if let Err(error) = written {
		to_stderr(&format!("{} was not written: {error}", path.display()));
	}
}

/// Answers a command line that is none, or that asks for help. Programs that asked for JSON get it here as well.
pub fn not_understood(error: &clap::Error, arguments: impl Iterator<Item = String>) -> ExitCode {
	drop(error.print());
	if !error.use_stderr() {
		return ExitCode::SUCCESS;
	}
	if asks_for_json(arguments) {
		let said = error.to_string();
		let said = said.split("\n\nUsage:").next().unwrap_or_default();
		let message = said.trim_start_matches("error: ").trim();
		let advice = "'airlock help' lists the commands, and --help the options of one.";
		let failure = Failure::new(failure::Kind::Input, message, advice);
		to_stdout(&format!("{:#}", document_of_failure("", &failure)));
	}
	ExitCode::from(failure::Kind::Input.exit_code())
}

/// As far as can be told of words that are no command line.
fn asks_for_json(arguments: impl Iterator<Item = String>) -> bool {
	// What comes after that is for another program.
	let words: Vec<String> = arguments.take_while(|word| word != "--").collect();
	let long =
		|pair: &[String]| matches!(pair, [name, value] if name == "--output" && value == "json");
	words
		.iter()
		.any(|word| word == "--json" || word == "--output=json")
		|| words.windows(2).any(long)
}

fn print(context: &Context, command: &str, answer: &Answer) {
	match context.is_json() {
		true => to_stdout(&format!("{:#}", document(command, answer))),
		false if answer.text.is_empty() => (),
		false => to_stdout(answer.text.trim_end()),
	}
}

/// Where everything goes that is not the result. What cannot be said stops nothing.
pub(crate) fn to_stderr(text: &str) {
	drop(writeln!(std::io::stderr(), "{text}"));
}

/// The only place that writes to stdout. Whoever reads may have heard enough: then there is nobody to tell.
fn to_stdout(text: &str) {
	drop(writeln!(std::io::stdout(), "{text}"));
}

fn print_failure(context: &Context, command: &str, failure: &Failure) {
	if context.is_json() {
		to_stdout(&format!("{:#}", document_of_failure(command, failure)));
	}
	to_stderr(&format!("error: {}", failure.message));
	if !failure.advice.is_empty() {
		to_stderr(&format!("  {}", failure.advice));
	}
}

/// The JSON document of an answer.
pub fn document(command: &str, answer: &Answer) -> Value {
	envelope(command, answer.positive, ("data", answer.data.clone()))
}

/// The JSON document of a failure.
pub fn document_of_failure(command: &str, failure: &Failure) -> Value {
	let mut error = json!({
		"code": failure.kind.name(),
		"message": failure.message,
		"advice": failure.advice,
	});
	if let Some(name) = &failure.runtime_error {
		error["runtime_error"] = name.as_str().into();
	}
	envelope(command, false, ("error", error))
}

fn envelope(command: &str, success: bool, (field, value): (&str, Value)) -> Value {
	let mut document = Map::new();
	document.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
	document.insert("command".to_owned(), command.into());
	document.insert("success".to_owned(), success.into());
	document.insert(field.to_owned(), value);
	Value::Object(document)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::failure::Kind;
	use clap::CommandFactory;

	#[test]
	fn the_command_line_is_consistent() {
		Cli::command().debug_assert();
	}

	#[test]
	fn a_document_says_its_version_and_either_data_or_an_error() {
		let good = document("vote", &Answer::new("", json!({"block": 3})));
		assert_eq!(good["schema_version"], SCHEMA_VERSION);
		assert_eq!(
			(&good["success"], &good["data"]["block"]),
			(&json!(true), &json!(3))
		);
		let failure = Failure {
			kind: Kind::Refused,
			message: "no".into(),
			advice: "ask".into(),
			runtime_error: Some("Pallet::Error".into()),
		};
		let bad = document_of_failure("vote", &failure);
		assert_eq!(
			(&bad["success"], &bad["error"]["code"]),
			(&json!(false), &json!("REFUSED"))
		);
		assert_eq!(bad["error"]["runtime_error"], "Pallet::Error");
		assert!(bad.get("data").is_none() && good.get("error").is_none());
	}

	#[test]
	fn json_is_asked_for_in_three_ways() {
		let asks = |words: &[&str]| asks_for_json(words.iter().map(|word| (*word).to_owned()));
		assert!(asks(&["airlock", "--json", "vote"]));
		assert!(asks(&["airlock", "vote", "--output", "json"]));
		assert!(asks(&["airlock", "vote", "--output=json"]));
		assert!(!asks(&["airlock", "vote", "json", "--output", "text"]));
		assert!(!asks(&["airlock", "simulate", "--", "--json"]));
	}

	#[test]
	fn every_command_and_option_says_what_it_is() {
		fn check(command: &clap::Command) {
			assert!(command.get_about().is_some(), "{}", command.get_name());
			for argument in command.get_arguments() {
				let name = argument.get_id();
				assert!(
					argument.get_help().is_some(),
					"{} {name}",
					command.get_name()
				);
			}
			command.get_subcommands().for_each(check);
		}
		check(&Cli::command());
	}
}
