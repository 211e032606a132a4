//! `airlock history`

use crate::{
	app::{Answer, Context},
	view::{self, View},
};
use anyhow::Result;
use serde_json::json;
use subxt::utils::AccountId32;

/// List all proposals that the chain remembers, open ones first
#[derive(Debug, clap::Args)]
pub struct History {}

/// A proposal for programs.
pub(super) fn to_json(view: &View) -> serde_json::Value {
	json!({
		"id": view.id,
		"proposer": AccountId32(view.proposer).to_string(),
		"class": format!("{:?}", view.class),
		"dossier_hash": view.dossier_hash,
		"code_hash": view.code_hash,
		"spec_version": view.spec_version,
		"round": view.round,
		"stage": format!("{:?}", view.stage),
		"due": view.due,
		"outcome": view.outcome.map(|outcome| format!("{outcome:?}")),
	})
}

impl History {
	/// Lists.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let at = context.client().await?.best().await?;
		let mut all = view::proposals(&at).await?;
		all.sort_by_key(|view| (view.outcome.is_some(), std::cmp::Reverse(view.id)));
		let mut table = comfy_table::Table::new();
		table.load_preset(comfy_table::presets::NOTHING);
		table.set_header([
			"id", "class", "version", "stage", "block", "outcome", "code",
		]);
		for view in &all {
			table.add_row([
				view.id.to_string(),
				format!("{:?}", view.class),
				view.spec_version.to_string(),
				format!("{:?}", view.stage),
				format!("#{}", view.due),
				view.outcome
					.map_or("open".to_owned(), |outcome| format!("{outcome:?}")),
				format!("{:?}", view.code_hash),
			]);
		}
		let text = match all.is_empty() {
			true => "no proposal was ever registered".to_owned(),
			false => table.to_string(),
		};
		Ok(Answer::new(
			text,
			json!({"proposals": all.iter().map(to_json).collect::<Vec<_>>()}),
		))
	}
}
