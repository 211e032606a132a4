//! `airlock completion` and `airlock man`

use crate::app::{Answer, Cli, Context};
use anyhow::Result;
use clap::CommandFactory;
use serde_json::json;
use std::path::PathBuf;

/// Write what a shell needs to complete commands and options
#[derive(Debug, clap::Args)]
pub struct Completion {
	/// The shell
	#[arg(value_enum)]
	shell: clap_complete::Shell,
}

impl Completion {
	/// Writes it.
	///
	/// # Errors
	/// None.
	pub async fn run(self, _: &Context) -> Result<Answer> {
		let mut text = Vec::new();
		clap_complete::generate(self.shell, &mut Cli::command(), "airlock", &mut text);
		let text = String::from_utf8(text)?;
		let data = json!({"shell": self.shell.to_string(), "script": text});
		Ok(Answer::new(text, data))
	}
}

/// Write the manual pages: one for each command
#[derive(Debug, clap::Args)]
pub struct Man {
	/// Folder for them
	folder: PathBuf,
}

impl Man {
	/// Writes them.
	///
	/// # Errors
	/// If the folder cannot be written to.
	pub async fn run(self, _: &Context) -> Result<Answer> {
		std::fs::create_dir_all(&self.folder)?;
		clap_mangen::generate_to(Cli::command(), &self.folder)?;
		let folder = self.folder.display().to_string();
		Ok(Answer::new(
			format!("the pages are in {folder}"),
			json!({"folder": folder}),
		))
	}
}
