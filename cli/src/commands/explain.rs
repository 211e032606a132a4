//! `airlock explain`

use crate::{
	app::{Answer, Context},
	failure::input,
};
use anyhow::Result;
use serde_json::json;
use subxt::Metadata;

/// Say what an error of the chain means, and what to do
///
/// Errors are named 'Pallet::Error', 'Error', or 'INDEX.ERROR' as in {"Module":{"index":60,"error":10}}.
#[derive(Debug, clap::Args)]
pub struct Explain {
	/// The error
	error: String,
}

/// An error, as the chain's metadata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
	/// Name of the pallet.
	pub pallet: String,
	/// Name of the error.
	pub name: String,
	/// Indices of the pallet and of the error.
	pub indices: (u8, u8),
	/// What it means, and what to do.
	pub docs: String,
}

/// All errors of a runtime.
pub fn errors(metadata: &Metadata) -> Vec<Known> {
	let mut all = Vec::new();
	for pallet in metadata.pallets() {
		for variant in pallet.error_variants().unwrap_or_default() {
			all.push(Known {
				pallet: pallet.name().to_owned(),
				name: variant.name.clone(),
				indices: (pallet.error_index(), variant.index),
				docs: variant.docs.join(" ").trim().to_owned(),
			});
		}
	}
	all
}

impl Explain {
	/// Explains.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let at = context.client().await?.best().await?;
		let found = named(errors(at.metadata_ref()), &self.error);
		if found.is_empty() {
			return Err(input(
				format!("the chain has no error '{}'", self.error),
				"Name it 'Pallet::Error', 'Error' or 'INDEX.ERROR'.",
			));
		}
		let line = |known: &Known| format!("{}::{}\n  {}", known.pallet, known.name, known.docs);
		let text: Vec<String> = found.iter().map(line).collect();
		let one = |known: &Known| {
			json!({
				"pallet": known.pallet,
				"name": known.name,
				"pallet_index": known.indices.0,
				"error_index": known.indices.1,
				"advice": known.docs,
			})
		};
		let data = json!({"errors": found.iter().map(one).collect::<Vec<_>>()});
		Ok(Answer::new(text.join("\n"), data))
	}
}

/// Those that somebody may mean.
fn named(errors: Vec<Known>, text: &str) -> Vec<Known> {
	let indices = text.split_once('.');
	let indices =
		indices.and_then(|(pallet, error)| Some((pallet.parse().ok()?, error.parse().ok()?)));
	let (pallet, name) = match text.split_once("::") {
		Some((pallet, name)) => (Some(pallet), name),
		None => (None, text),
	};
	let means = |known: &Known| match indices {
		Some(indices) => known.indices == indices,
		None => {
			let of_pallet = pallet.is_none_or(|pallet| known.pallet.eq_ignore_ascii_case(pallet));
			of_pallet && known.name.eq_ignore_ascii_case(name)
		}
	};
	errors.into_iter().filter(means).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	fn errors() -> Vec<Known> {
		let known = |pallet: &str, name: &str, indices| Known {
			pallet: pallet.to_owned(),
			name: name.to_owned(),
			indices,
			docs: String::new(),
		};
		vec![
			known("Audits", "Closed", (60, 1)),
			known("Proposals", "Closed", (61, 2)),
		]
	}

	#[test]
	fn an_error_is_found_by_each_of_its_names() {
		assert_eq!(named(errors(), "Audits::Closed").len(), 1);
		assert_eq!(named(errors(), "closed").len(), 2);
		assert_eq!(named(errors(), "61.2")[0].pallet, "Proposals");
		assert!(named(errors(), "Audits::Open").is_empty());
		assert!(named(errors(), "60.2").is_empty());
	}
}
