//! `airlock status`

use crate::{
	app::{Answer, Context},
	client::{Block, Client},
	units::when,
	view::{self, duty, key_of, View, STAGES},
};
use airlock_primitives::{api::Progress, ProposalId, Stage};
use anyhow::Result;
use serde_json::{json, Value as Json};
use std::time::Duration;

/// How often a watched chain is asked for a new block.
const POLL: Duration = Duration::from_millis(500);

/// How long a node may be gone before a watch gives up.
const GONE: Duration = Duration::from_secs(120);

/// Say where a proposal is: evidence so far, the next deadline, and who must act
///
/// Without a number: all that are open.
#[derive(Debug, clap::Args)]
pub struct Status {
	/// Number of the proposal
	id: Option<ProposalId>,

	/// Say it again whenever it changes, until the proposal has ended
	#[arg(long, requires = "id")]
	watch: bool,
}

impl Status {
	/// Says it.
	///
	/// # Errors
	/// See [`crate::failure::Kind`].
	pub async fn run(self, context: &Context) -> Result<Answer> {
		let client = context.client().await?;
		let slot = context.slot().await?;
		if let (Some(id), true) = (self.id, self.watch) {
			return watch(context, client, id, slot).await;
		}
		let at = client.best().await?;
		let mut screens = Vec::new();
		match self.id {
			Some(id) => screens.push(look(client, id, slot).await?),
			None => {
				let all = view::proposals(&at).await?.into_iter();
				for view in all.filter(|view| view.outcome.is_none()) {
					screens.push(Screen::of(&at, view.id, slot).await?);
				}
			}
		}
		let chain = chain(client, &at).await?;
		let text: Vec<String> = screens.iter().map(Screen::text).collect();
		let text = match text.is_empty() {
			true => "no proposal is open".to_owned(),
			false => text.join("\n\n"),
		};
		let data: Vec<Json> = screens.iter().map(Screen::json).collect();
		Ok(Answer::new(
			format!("{}\n\n{text}", chain_text(&chain)),
			json!({"chain": chain, "proposals": data}),
		))
	}
}

async fn chain(client: &Client, at: &Block) -> Result<Json> {
	let (best, finalized) = client.heads().await?;
	Ok(json!({
		"best": best,
		"finalized": finalized,
		"spec_version": at.spec_version(),
		"code_hash": crate::client::code_hash(at).await?,
	}))
}

fn chain_text(chain: &Json) -> String {
	format!(
		"chain: #{}, finalized #{}, version {}, code {}",
		chain["best"],
		chain["finalized"],
		chain["spec_version"],
		chain["code_hash"].as_str().unwrap_or_default()
	)
}

/// Follows a proposal to its end. A node that goes away for a while, and new code under the chain, change nothing: each
/// block is read with its own runtime.
async fn watch(
	context: &Context,
	client: &Client,
	id: ProposalId,
	slot: Duration,
) -> Result<Answer> {
	let mut last = None;
	let mut heard = tokio::time::Instant::now();
	loop {
		match look(client, id, slot).await {
			Ok(screen) => {
				heard = tokio::time::Instant::now();
				let shown = screen.what_changes();
				if last.as_ref() != Some(&shown) {
					context.say(format!("{}\n", screen.text()));
					last = Some(shown);
				}
				if screen.view.outcome.is_some() && screen.finalized {
					return Ok(Answer::new(screen.text(), screen.json()));
				}
			}
			// A wrong number does not become right; a node may come back.
			Err(error) if crate::failure::of(&error).kind == crate::failure::Kind::Input => {
				return Err(error)
			}
			Err(error) if heard.elapsed() >= GONE => return Err(error),
			Err(_) => drop(client.connect_again().await),
		}
		tokio::time::sleep(POLL).await;
	}
}

/// The proposal in the best block, until it has ended there; then in the finalized one, so that the last word is one that
/// no fork takes back.
async fn look(client: &Client, id: ProposalId, slot: Duration) -> Result<Screen> {
	let screen = Screen::of(&client.best().await?, id, slot).await?;
	if screen.view.outcome.is_none() {
		return Ok(screen);
	}
	let finalized = Screen::of(&client.finalized().await?, id, slot).await?;
	let ended = finalized.view.outcome.is_some();
	Ok(Screen {
		finalized: ended,
		..if ended { finalized } else { screen }
	})
}

/// What holds a proposal up, beside evidence that is not there yet.
///
/// # Errors
/// If the node does not answer.
async fn held_up(at: &Block, view: &View) -> Result<Vec<String>> {
	let stored = async |pallet, item| view::stored(at, pallet, item, vec![key_of(view.id)]).await;
	let number = |value: &Json| value.as_u64().unwrap_or_default();
	let mut held_up = Vec::new();
	if view.outcome.is_some() || view.stage < Stage::Review || view.stage > Stage::Timelock {
		return Ok(held_up);
	}
	let blocking = stored("Audits", "Blocking").await?.unwrap_or_default();
	if number(&blocking) > 0 {
		let what = format!("{blocking} findings block: airlock show {}", view.id);
		held_up.push(what);
	}
	let stops = stored("Supermajority", "Stops").await?.unwrap_or_default();
	let stops = stops["validators"].as_array().map_or(0, Vec::len);
	if stops > 0 {
		held_up.push(format!(
			"{stops} validators want to stop it (airlock abort)"
		));
	}
	if view.stage == Stage::Review {
		let review = stored("Audits", "Reviews").await?.unwrap_or_default();
		let earliest = number(&review["earliest"]);
		if earliest > at.block_number() {
			held_up.push(format!("it is reviewed at least until #{earliest}"));
		}
	}
	if view.stage == Stage::Timelock {
		let waits = stored("Enactment", "InTimelock").await?.unwrap_or_default();
		let failed = &waits["failed"];
		if !failed.is_null() && failed != "None" {
			let expires = number(&waits["expires"]);
			let failed = failed.as_str().map_or(failed.to_string(), str::to_owned);
			held_up.push(format!(
				"not enacted yet: {failed}; it expires after #{expires}"
			));
		}
	}
	Ok(held_up)
}

/// What is said of one proposal.
struct Screen {
	view: View,
	awaited: Vec<Progress>,
	/// What holds it up beside that.
	held_up: Vec<String>,
	/// True if the code that it would replace is gone: it ends when it is looked at next.
	void: bool,
	best: u32,
	slot: Duration,
	/// True if no fork can take it back.
	finalized: bool,
}

impl Screen {
	async fn of(at: &Block, id: ProposalId, slot: Duration) -> Result<Self> {
		let view = view::proposal(at, id).await?;
		Ok(Self {
			void: view::is_void(at, &view).await?,
			held_up: held_up(at, &view).await?,
			view,
			awaited: view::awaited(at, id).await?,
			best: at.block_number() as u32,
			slot,
			finalized: false,
		})
	}

	/// All but the time that is left. What is tried in each block is always due in the next one.
	fn what_changes(&self) -> (View, Vec<Progress>, Vec<String>, bool) {
		let mut view = self.view.clone();
		if view.stage == Stage::Timelock && view.due <= self.best.saturating_add(1) {
			view.due = 0;
		}
		let (awaited, held_up) = (self.awaited.clone(), self.held_up.clone());
		(view, awaited, held_up, self.void)
	}

	fn text(&self) -> String {
		let view = &self.view;
		let mut lines = vec![
			format!(
				"proposal {}: {:?}, version {}, dossier {:?}",
				view.id, view.class, view.spec_version, view.dossier_hash
			),
			format!("  code      {:?}", view.code_hash),
			format!("  stages    {}", self.stages()),
		];
		if let Some(outcome) = view.outcome {
			lines.push(format!(
				"  ended     {outcome:?}, {}",
				when(view.due, self.best, self.slot)
			));
			return lines.join("\n");
		}
		lines.push(format!(
			"  deadline  {}",
			when(view.due, self.best, self.slot)
		));
		if self.void {
			lines.push(format!(
				"  void      the code that it would replace is gone: it ends at its deadline, or by airlock advance {}",
				view.id
			));
			return lines.join("\n");
		}
		for progress in &self.awaited {
			let (who, what, command) = duty(progress.actor);
			let mark = if progress.have >= progress.needed {
				"+"
			} else {
				"-"
			};
			lines.push(format!(
				"  {mark} {} of {} {what}: {who} (airlock {command} {})",
				progress.have, progress.needed, view.id
			));
		}
		for what in &self.held_up {
			lines.push(format!("  ! {what}"));
		}
		let complete = |progress: &Progress| progress.have >= progress.needed;
		let is_complete = self.awaited.iter().all(complete) && self.held_up.is_empty();
		// These go on before their deadline when somebody asks.
		let next = match view.stage {
			Stage::Registered | Stage::Review => "anyone",
			Stage::Simulation => "anyone, if the reports agree",
			_ => "",
		};
		if is_complete && !next.is_empty() {
			lines.push(format!("  next      {next}: airlock advance {}", view.id));
		}
		lines.join("\n")
	}

	/// The stages, with the one it is in.
	fn stages(&self) -> String {
		let name = |stage: &Stage| match *stage == self.view.stage {
			true => format!("[{stage:?}]"),
			false => format!("{stage:?}"),
		};
		STAGES.iter().map(name).collect::<Vec<_>>().join(" > ")
	}

	fn json(&self) -> Json {
		let mut json = super::history::to_json(&self.view);
		// Nobody can do anything for it any more.
		let awaited = self.awaited.iter().filter(|_| !self.void).map(|progress| {
			let (who, what, command) = duty(progress.actor);
			json!({
				"who": who,
				"what": what,
				"command": format!("airlock {command} {}", self.view.id),
				"have": progress.have,
				"needed": progress.needed,
			})
		});
		json["void"] = self.void.into();
		json["held_up"] = self.held_up.clone().into();
		json["awaited"] = awaited.collect::<Vec<_>>().into();
		json["block"] = self.best.into();
		json["finalized"] = self.finalized.into();
		let time = crate::units::time_of(self.view.due, self.best, self.slot);
		json["due_time"] = humantime::format_rfc3339_seconds(time).to_string().into();
		json
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use airlock_primitives::{api::Actor, Class, Outcome};
	use sp_core::H256;

	fn screen(outcome: Option<Outcome>) -> Screen {
		Screen {
			view: View {
				id: 3,
				proposer: [1; 32],
				class: Class::Standard,
				dossier_hash: H256::repeat_byte(1),
				code_hash: H256::repeat_byte(2),
				spec_version: 4,
				round: 0,
				stage: Stage::Review,
				due: 120,
				outcome,
			},
			awaited: vec![
				Progress {
					actor: Actor::Auditor,
					have: 1,
					needed: 2,
				},
				Progress {
					actor: Actor::Builder,
					have: 2,
					needed: 2,
				},
			],
			held_up: Vec::new(),
			void: false,
			best: 80,
			slot: Duration::from_secs(2),
			finalized: false,
		}
	}

	#[test]
	fn the_screen_says_where_it_is_until_when_and_who_must_act() {
		let text = screen(None).text();
		for part in [
			"Simulation > [Review] > Voting",
			"deadline  #120 (in 40 blocks, 1m 20s",
			"- 1 of 2 approvals: auditors (airlock attest --kind code-review 3)",
			"+ 2 of 2 reproduced builds",
		] {
			assert!(text.contains(part), "{part} is not in\n{text}");
		}
	}

	#[test]
	fn the_screen_of_a_proposal_for_other_code_asks_nobody() {
		let void = Screen {
			void: true,
			..screen(None)
		};
		let text = void.text();
		assert!(
			text.contains("void      the code that it would replace is gone"),
			"{text}"
		);
		assert!(!text.contains("approvals"), "{text}");
		let json = void.json();
		assert_eq!(
			(&json["void"], &json["awaited"]),
			(&json!(true), &json!([]))
		);
	}

	#[test]
	fn the_screen_of_an_ended_proposal_asks_nobody() {
		let text = screen(Some(Outcome::Withdrawn)).text();
		assert!(text.contains("ended     Withdrawn"), "{text}");
		assert!(
			!text.contains("deadline") && !text.contains("approvals"),
			"{text}"
		);
	}

	#[test]
	fn the_document_has_what_the_screen_has() {
		let json = screen(None).json();
		assert_eq!(
			(&json["stage"], &json["due"]),
			(&json!("Review"), &json!(120))
		);
		assert_eq!(
			json["awaited"][0]["command"],
			"airlock attest --kind code-review 3"
		);
		assert_eq!(json["outcome"], Json::Null);
	}
}
