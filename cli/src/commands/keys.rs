//! `airlock keys`

use crate::{
	app::{Answer, Context},
	failure::input,
	keys::{write_secret, KeyOptions},
	view::{self, key_of_account},
};
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;
use subxt::utils::AccountId32;

/// Make a key, or say whose a key is
#[derive(Debug, clap::Args)]
pub struct Keys {
	/// Make a new key and write it into this file, for you alone to read
	#[arg(long, value_name = "FILE")]
	generate: Option<PathBuf>,

	/// Which key.
	#[command(flatten)]
	key: KeyOptions,
}

impl Keys {
	/// Does it.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		if let Some(path) = &self.generate {
			// A seed, not words: whoever copies it copies a file.
			write_secret(path, &format!("0x{}\n", hex::encode(super::salt()?)))?;
			let from = path.display().to_string();
			let key = KeyOptions::named(&from).load()?;
			let account = key.public_key().to_account_id();
			let text =
				format!("{account}\nits key is in {from}: back it up, nobody can restore it");
			return Ok(Answer::new(
				text,
				json!({"account": account.to_string(), "file": from}),
			));
		}
		if self.key.from.is_none() {
			return Err(input(
				"which key?",
				"Name one with --from, or make one with --generate.",
			));
		}
		let account = self.key.load()?.public_key().to_account_id();
		let public = format!("0x{}", hex::encode(account.0));
		// Whose a key is can be told without a network.
		let free = free(context, &account).await;
		let has = match &free {
			Ok((_, shown)) => format!("has {shown}"),
			Err(error) => format!("what it has is not known: {error:#}"),
		};
		let data = json!({
			"account": account.to_string(),
			"public_key": public,
			"free": free.ok().map(|(free, _)| free.to_string()),
		});
		Ok(Answer::new(format!("{account}\n{public}\n{has}"), data))
	}
}

/// What an account can spend, also as it is shown.
async fn free(context: &Context, account: &AccountId32) -> Result<(u128, String)> {
	let at = context.client().await?.best().await?;
	let found = view::stored(&at, "System", "Account", vec![key_of_account(&account.0)]).await?;
	let free = found
		.as_ref()
		.and_then(|found| found.get("data")?.get("free"));
	let free = free.map_or(0, view::amount);
	Ok((free, context.currency().await?.show(free)))
}
