//! The program `airlock` in the hands of the cast. Each thing that somebody does is one command, which is shown as a person
//! would type it.

use crate::{client::Refused, display::Display, network::Group, roles::Actor};
use anyhow::{anyhow, bail, ensure, Context, Result};
use serde_json::Value;
use std::{
	path::{Path, PathBuf},
	process::Stdio,
};
use tokio::process::{Child, Command};

/// What a command does beyond what is shown: nobody is asked, and one block is enough, since each node is watched anyway.
const SIGNING: [&str; 3] = ["--yes", "--wait", "in-block"];

/// The program, run in a folder.
pub struct Hand<'a> {
	program: PathBuf,
	folder: PathBuf,
	display: &'a Display,
}

impl<'a> Hand<'a> {
	/// The program that lies beside a node's. Paths in commands are relative to `folder`.
	///
	/// # Errors
	/// If it is not there.
	pub fn new(node: &Path, folder: &Path, display: &'a Display) -> Result<Self> {
		// Commands run in another folder.
		let program = std::path::absolute(node.with_file_name("airlock"))?;
		ensure!(
			program.is_file(),
			"there is no program at {}; build it with `cargo build --release --workspace`",
			program.display()
		);
		Ok(Self {
			program,
			folder: folder.to_owned(),
			display,
		})
	}

	/// Has somebody sign and send something through the node at `url`, and says what the answer says of it.
	///
	/// # Errors
	/// [`Refused`] if the runtime refuses; else what the program says.
	pub async fn sign(&self, who: &Actor, url: &str, arguments: &[&str]) -> Result<Value> {
		let uri = who.uri();
		let arguments = [arguments, &["--from", &uri]].concat();
		let begun = self.begin(url, &arguments, &SIGNING)?;
		self.end(who, begun).await
	}

	/// Has somebody run a command that needs no key.
	///
	/// # Errors
	/// What the program says; so if the answer is no.
	pub async fn run(&self, who: &Actor, url: &str, arguments: &[&str]) -> Result<Value> {
		let begun = self.begin(url, arguments, &[])?;
		self.end(who, begun).await
	}

	/// Starts a command that goes on beside others. `unsaid` is not shown.
	///
	/// # Errors
	/// If the program does not start.
	pub fn begin(&self, url: &str, arguments: &[&str], unsaid: &[&str]) -> Result<Begun> {
		// Before the arguments: some end with those of another program.
		let [command, rest @ ..] = arguments else {
			bail!("no command");
		};
		let child = Command::new(&self.program)
			.arg(command)
			.args(["--json", "--url", url])
			.args(unsaid)
			.args(rest)
			.current_dir(&self.folder)
			.env_remove("AIRLOCK_URL")
			.env_remove("AIRLOCK_KEY")
			.env_remove("AIRLOCK_JOURNAL")
			.stdin(Stdio::null())
			.stdout(Stdio::piped())
			.stderr(Stdio::piped())
			// A group of its own, so that what it starts ends with it.
			.process_group(0)
			.spawn()
			.with_context(|| format!("{} does not start", self.program.display()))?;
		let typed = format!("$ airlock {}", arguments.join(" "));
		let group = Group::of(&child);
		Ok(Begun {
			typed,
			child,
			group,
		})
	}

	/// Waits for the end of a command, shows it, and returns what it answers.
	///
	/// # Errors
	/// As those who began it say.
	pub async fn end(&self, who: &Actor, begun: Begun) -> Result<Value> {
		let Begun {
			typed,
			child,
			group,
		} = begun;
		let done = child.wait_with_output().await?;
		group.ended();
		let said = String::from_utf8_lossy(&done.stderr);
		let answer = serde_json::from_slice(&done.stdout);
		let answer = answer.with_context(|| format!("{typed}: {}: {said}", done.status))?;
		let data = match read(&typed, answer) {
			Err(error) if !error.is::<Refused>() => Err(error.context(said.into_owned())),
			data => data,
		}?;
		self.display
			.did(&who.name, &format!("{typed}{}", told(&data)));
		Ok(data)
	}
}

/// A command that was started. Dropped, it is ended.
pub struct Begun {
	typed: String,
	child: Child,
	/// A simulation that is left would keep a database locked.
	group: Group,
}

/// The data of an answer.
fn read(typed: &str, mut answer: Value) -> Result<Value> {
	if answer["success"] == true {
		return Ok(answer["data"].take());
	}
	let text = |field: &str| answer["error"][field].as_str().map(str::to_owned);
	let Some(message) = text("message") else {
		bail!("{typed}: the answer is no: {}", answer["data"]);
	};
	let advice = text("advice").unwrap_or_default();
	match answer["error"]["code"] == "REFUSED" {
		true => Err(Refused {
			call: typed.to_owned(),
			error: text("runtime_error").unwrap_or(message),
			docs: advice,
		}
		.into()),
		false => bail!("{typed}: {message}. {advice}"),
	}
}

/// In which block it is, if it is in one.
fn told(data: &Value) -> String {
	match block(data) {
		Ok(block) => format!("  -> #{block}"),
		Err(_) => String::new(),
	}
}

/// The block that an answer names: that of a transaction, or of the last of several.
///
/// # Errors
/// If there is none.
pub fn block(data: &Value) -> Result<u32> {
	let places = ["/block", "/advance/block", "/registration/block"];
	let found = places
		.iter()
		.find_map(|place| data.pointer(place)?.as_u64());
	let found = found.ok_or_else(|| anyhow!("no block is named: {data}"))?;
	Ok(found.try_into()?)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::client::is_refusal;
	use serde_json::json;

	#[test]
	fn a_refusal_is_known_by_the_name_that_the_runtime_gives_it() {
		let error = json!({"code": "REFUSED", "message": "no", "advice": "wait", "runtime_error": "Audits::Closed"});
		let answer = json!({"success": false, "error": error});
		let error = read("$ airlock attest 1", answer).unwrap_err();
		assert!(is_refusal(&error, "Audits::Closed"));
		let error = json!({"code": "INVALID_INPUT", "message": "no file", "advice": ""});
		let error = read("$ airlock x", json!({"success": false, "error": error})).unwrap_err();
		assert!(!error.is::<Refused>() && error.to_string().contains("no file"));
	}

	#[test]
	fn an_answer_that_is_no_is_an_error() {
		let answer = json!({"success": false, "data": {"verdict": "Fail"}});
		let error = read("$ airlock simulate 1", answer).unwrap_err();
		assert!(error.to_string().contains("Fail"), "{error}");
	}

	#[test]
	fn the_block_of_an_answer_is_that_of_its_last_transaction() {
		let all = json!({"advance": {"block": 7}, "blobs": []});
		assert_eq!(block(&all).unwrap(), 7);
		assert_eq!(block(&json!({"block": 3})).unwrap(), 3);
		assert_eq!(told(&json!({"folder": "report"})), "");
	}
}
