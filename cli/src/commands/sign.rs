//! `airlock sign`

use crate::{
	app::{to_stderr, Answer, Context},
	keys::KeyOptions,
	offline::Bundle,
	transaction::confirm,
};
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;

/// Sign what another machine prepared; needs no network
///
/// The call is shown as the metadata in the file reads it. Then 'airlock submit' sends it.
#[derive(Debug, clap::Args)]
pub struct Sign {
	/// What was written with --prepare
	file: PathBuf,

	/// File for the signed transaction
	#[arg(long, value_name = "FILE")]
	out: PathBuf,

	/// Do not ask before signing
	#[arg(short, long)]
	yes: bool,

	/// Who signs.
	#[command(flatten)]
	key: KeyOptions,
}

impl Sign {
	/// Signs.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let (words, signed) = Bundle::read(&self.file)?.sign(&self.key.load()?)?;
		// It is signed in memory; nobody has it before somebody says yes.
		match self.yes {
			true => context.say(words),
			false => to_stderr(&words),
		}
		confirm(context, self.yes).await?;
		signed.write(&self.out)?;
		let out = self.out.display().to_string();
		let text = format!(
			"{} is signed: {out}\nnext: airlock submit {out}",
			signed.name
		);
		let data = json!({"call": signed.name, "file": out, "genesis_hash": signed.genesis_hash});
		Ok(Answer::new(text, data))
	}
}
