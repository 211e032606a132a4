//! What users do on the new code while it is watched. That names are not lost is looked at by [`crate::roles::Baseline`].

use crate::{
	client::{self, Client},
	roles::{self, Actor},
};
use anyhow::{ensure, Context, Result};
use std::time::Duration;

/// How long an everyday transaction may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does what users do every day, and looks if it was done.
///
/// # Errors
/// What did not work.
pub async fn everyday(client: &Client, user: &Actor, payee: &Actor) -> Result<()> {
	let name = "every day";
	let set = tokio::time::timeout(PATIENCE, roles::set_name(client, user, name)).await;
	let set = set.context("a name could not be set in time")??;
	let names = client::names(&client.at(set.hash).await?).await?;
	let entry = names.get(&user.account());
	let text = entry.map(|entry| entry.text.clone());
	ensure!(
		text.as_deref() == Some(name.as_bytes()),
		"the name that was set is not there"
	);
	let pay = roles::transfer(client, user, payee, 1_000_000_000);
	let paid = tokio::time::timeout(PATIENCE, pay).await;
	paid.context("nothing could be paid in time")??;
	Ok(())
}
