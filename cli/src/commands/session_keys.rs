//! `airlock session-keys`

use crate::{
	app::{Answer, Context},
	failure::{fail, Kind},
	transaction::{send, Intent, Sending},
	view::{self, key_of_account},
};
use anyhow::{Context as _, Result};
use codec::{Encode, Output};
use serde::Deserialize;
use subxt::{dynamic, rpcs::rpc_params, utils::Static};

/// Make new session keys in your validator's node, and put them on chain
///
/// Ask your own validator's node (--url), from the machine that it runs on: it keeps the secrets. The new keys act from the session
/// after the next; the old ones stay in the node until then.
#[derive(Debug, clap::Args)]
pub struct SessionKeys {
	/// Signing and sending.
	#[command(flatten)]
	sending: Sending,
}

/// What the node made: public keys, and the proof that it has the secrets.
#[derive(Deserialize)]
struct Made {
	keys: String,
	proof: String,
}

/// Bytes that are encoded already.
struct Encoded(Vec<u8>);

impl Encode for Encoded {
	fn encode_to<T: Output + ?Sized>(&self, out: &mut T) {
		out.write(&self.0);
	}
}

impl SessionKeys {
	/// Makes and sends them.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let client = context.client().await?;
		let account = self.sending.account()?.0;
		let owner = format!("0x{}", hex::encode(account));
		let made = client.request("author_rotateKeysWithOwner", rpc_params![owner]);
		let made: Made = made.await.map_err(|error| {
			fail(
				Kind::Network,
				format!("the node makes no keys: {error:#}"),
				"It does so only for who asks on its own machine: is --url its local address?",
			)
		})?;
		let bytes = |text: &str| hex::decode(text.trim_start_matches("0x"));
		let keys = bytes(&made.keys).context("the node's keys")?;
		let proof = bytes(&made.proof).context("the node's proof")?;
		let effect = format!("Your validator's session keys become {}.", made.keys);
		let call = dynamic::tx("Session", "set_keys", (Static(Encoded(keys)), proof));
		let at = client.best().await?;
		let old = view::stored(&at, "Session", "NextKeys", vec![key_of_account(&account)]);
		let deposit = match old.await? {
			// Held already.
			Some(_) => 0,
			None => {
				let deposit = dynamic::constant::<u128>("Session", "KeyDeposit");
				at.constants().entry(deposit)?
			}
		};
		let intent = Intent::new(call, effect).holding(deposit);
		send(context, &self.sending, intent).await
	}
}
