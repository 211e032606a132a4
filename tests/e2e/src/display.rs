//! What happened and what is awaited: a live line on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
	collections::HashMap,
	io::IsTerminal,
	sync::{Mutex, PoisonError},
	time::{Duration, Instant},
};

/// After so long plain output says again what is awaited.
const REPEAT: Duration = Duration::from_secs(20);

/// Shows the course of an upgrade.
pub struct Display {
	started: Instant,
	/// The live line; `None` when standard output is not a terminal.
	bar: Option<ProgressBar>,
	/// What plain output said lately, so that it does not repeat it with each block.
	said: Mutex<HashMap<String, Instant>>,
}

impl Default for Display {
	fn default() -> Self {
		let bar = std::io::stdout().is_terminal().then(|| {
			let bar = ProgressBar::new_spinner();
			// The template is constant: should it ever be wrong, the default style does.
			if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
				bar.set_style(style);
			}
			bar.enable_steady_tick(Duration::from_millis(120));
			bar
		});
		Self {
			started: Instant::now(),
			bar,
			said: Mutex::default(),
		}
	}
}

impl Display {
	/// Seconds since the start.
	pub fn seconds(&self) -> f64 {
		self.started.elapsed().as_secs_f64()
	}

	/// A new act begins.
	pub fn act(&self, title: &str) {
		self.line(&format!("\n=== {title} ==="));
	}

	/// A new stage begins.
	pub fn stage(&self, stage: &str, block: u32) {
		self.line(&format!(
			"[{:>5.0} s] #{block:<4} ── {stage} ──",
			self.seconds()
		));
	}

	/// Somebody did something.
	pub fn did(&self, who: &str, what: &str) {
		self.line(&format!("[{:>5.0} s]       {who}: {what}", self.seconds()));
	}

	/// Something is awaited, at most `left` blocks more; `detail` says what is missing.
	pub fn awaiting(&self, what: &str, detail: &str, block: u32, left: u32) {
		let detail = if detail.is_empty() {
			String::new()
		} else {
			format!(": {detail}")
		};
		match &self.bar {
			Some(bar) => bar.set_message(format!(
				"{:.0} s  block #{block}  waiting for {what}{detail}  (at most {left} blocks more)",
				self.seconds()
			)),
			None if self.is_news(what) => self.line(&format!(
				"[{:>5.0} s] #{block:<4} waiting for {what}{detail} (at most {left} blocks more)",
				self.seconds()
			)),
			None => (),
		}
	}

	/// True if this was not said lately.
	fn is_news(&self, what: &str) -> bool {
		let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
		said.retain(|_, at| at.elapsed() < REPEAT);
		match said.contains_key(what) {
			true => false,
			false => said.insert(what.to_owned(), Instant::now()).is_none(),
		}
	}

	/// Removes the live line.
	pub fn done(&self) {
		if let Some(bar) = &self.bar {
			bar.finish_and_clear();
		}
	}

	fn line(&self, text: &str) {
		match &self.bar {
			Some(bar) => bar.suspend(|| println!("{text}")),
			None => println!("{text}"),
		}
	}
}
