//! What `airlock` answers while code is written under those who use it: a vote that is sent in the blocks around a switch, an
//! upload that begins before it, a watch that began long ago. Whatever it says must be what the chain has.

use super::{
	course::{until, Candidate, Course, Turns},
	rules,
};
use crate::{
	client::{self, Client},
	display::Display,
	hand::{self, Begun, Hand},
	network::{Network, Options as Start},
	roles::{self, Actor, Cast},
};
use airlock_primitives::{ProposalId, Stage};
use airlock_variants::{PANICKING, UNHEALTHY, UNHEALTHY_ROLLBACK, UNHEALTHY_SPEC_VERSION};
use anyhow::{ensure, Context, Result};
use futures::future::join_all;
use serde_json::Value;
use std::{path::PathBuf, time::Duration};

/// Blocks in which the code is watched: enough for another proposal to get as far as its vote.
const CRITICAL: u32 = 150;
/// Blocks before a switch in which a vote opens, and people begin to act.
const BEFORE: u32 = 5;
/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(300);
/// Nobody sits there.
const YES: [&str; 1] = ["--yes"];

/// A chain, and who uses it.
struct Place<'a> {
	network: &'a Network,
	cast: &'a Cast,
	course: Course<'a>,
	hand: Hand<'a>,
	client: Client,
}

/// A switch and a switch back, with people at work across both.
///
/// # Errors
/// If something that was answered is not so.
pub async fn run(binary: PathBuf) -> Result<()> {
	let network = Network::start(&Start {
		binary: binary.clone(),
		genesis: rules(8, CRITICAL, 2, 2),
		..Start::default()
	})
	.await?;
	let cast = Cast::new(crate::network::VALIDATORS.len())?;
	let (turns, display) = (Turns::default(), Display::default());
	let place = Place {
		network: &network,
		cast: &cast,
		course: Course::new(&network, &cast, &turns),
		hand: Hand::new(&binary, network.path(), &display)?,
		client: network.observer()?.client().await?,
	};
	place.course.settle().await?;
	let (id, dossier) = place.course.propose(&Candidate::good()).await?;
	let watched = place.watch(id)?;
	place.course.to_review(id, &dossier).await?;
	let other = place.other().await?;
	place.course.to_voting(id).await?;
	place.course.vote(id, &dossier).await?;
	place.across_the_switch(id, other).await?;
	let other = place.other().await?;
	place.across_the_way_back(id, other).await?;
	let end = place.hand.end(&cast.proposer, watched).await?;
	ensure!(end["outcome"] == "RolledBack(ReportedUnhealthy)", "{end}");
	Ok(())
}

impl Place<'_> {
	/// The address that everybody uses.
	fn url(&self) -> Result<String> {
		Ok(self.network.observer()?.url())
	}

	/// `airlock status ID --watch`.
	fn watch(&self, id: ProposalId) -> Result<Begun> {
		let id = id.to_string();
		let words = ["status", &id, "--watch", "--quiet"];
		self.hand.begin(&self.url()?, &words, &[])
	}

	/// Another proposal that has passed its review: what replaces the code ends it.
	async fn other(&self) -> Result<ProposalId> {
		let candidate = Candidate {
			code: UNHEALTHY,
			version: UNHEALTHY_SPEC_VERSION,
			back: super::blobs::Back::Previous,
		};
		let (id, dossier) = self.course.propose(&candidate).await?;
		self.course.to_review(id, &dossier).await?;
		Ok(id)
	}

	async fn reach(&self, block: u32) -> Result<()> {
		until("blocks", LIMIT, async || {
			Ok((self.client.heads().await?.0 >= block).then_some(()))
		})
		.await
	}

	/// Validators vote on `other` around the block in which `id` is written, each one block later than the one before.
	async fn across_the_switch(&self, id: ProposalId, other: ProposalId) -> Result<()> {
		let due = until("the timelock", LIMIT, async || {
			let view = roles::view(&self.client.best().await?, id).await?;
			Ok((view.stage >= Stage::Timelock).then_some(view.due))
		})
		.await?;
		let folder = self.draft("before", UNHEALTHY_ROLLBACK).await?;
		self.reach(due - BEFORE).await?;
		let since = self.client.heads().await?.0;
		let watched = self.watch(other)?;
		self.course.to_voting(other).await?;
		let votes = async {
			let mut votes = Vec::new();
			for (validator, block) in self.cast.validators.iter().zip(due - 2..) {
				self.reach(block).await?;
				votes.push((validator, self.vote(validator, other)?));
			}
			self.hold_votes(other, votes, since).await
		};
		let proposal = async {
			self.reach(due - 2).await?;
			let begun = self.propose(&folder)?;
			self.hold_proposal(begun).await
		};
		futures::try_join!(votes, proposal)?;
		self.ends_replaced(other, watched).await
	}

	/// Validators send the chain back, and vote on `other` in the same blocks.
	async fn across_the_way_back(&self, id: ProposalId, other: ProposalId) -> Result<()> {
		let folder = self.draft("behind", PANICKING).await?;
		let watched = self.watch(other)?;
		self.course.to_voting(other).await?;
		let since = self.client.heads().await?.0;
		let [first, reporters @ ..] = &self.cast.validators[..] else {
			anyhow::bail!("there are no validators");
		};
		let id = id.to_string();
		let voted = self.vote(first, other)?;
		let begun = self.propose(&folder)?;
		let proposal = self.hold_proposal(begun);
		let votes = async {
			let reports = reporters.iter().map(async |who| {
				let words = ["health", &id, "unhealthy"];
				self.hand.sign(who, &self.url()?, &words).await
			});
			// Who is third may be too late: it is decided already.
			let said = join_all(reports).await;
			let heard = said.iter().filter(|said| said.is_ok()).count();
			ensure!(heard >= 2, "{said:?}");
			let mut votes = vec![(first, voted)];
			for who in reporters {
				votes.push((who, self.vote(who, other)?));
			}
			self.hold_votes(other, votes, since).await
		};
		futures::try_join!(votes, proposal)?;
		self.ends_replaced(other, watched).await
	}

	fn vote(&self, who: &Actor, id: ProposalId) -> Result<Begun> {
		let (id, uri) = (id.to_string(), who.uri());
		let words = ["vote", &id, "aye", "--from", &uri];
		self.hand.begin(&self.url()?, &words, &YES)
	}

	/// A vote that was answered with a block is in that block; one that was answered with an error is in none.
	async fn hold_votes(
		&self,
		id: ProposalId,
		votes: Vec<(&Actor, Begun)>,
		since: u32,
	) -> Result<()> {
		let ends = votes.into_iter().map(async |(who, begun)| {
			let said = self.hand.end(who, begun).await;
			if let Err(error) = &said {
				println!("{}: {error:#}", who.name);
			}
			(who, said)
		});
		let ends = join_all(ends).await;
		for (who, said) in ends {
			let found = self.voted_in(id, who, since).await?;
			let claimed = said.as_ref().ok().map(hand::block).transpose()?;
			ensure!(
				claimed == found,
				"{} was told {said:?}, and the vote is in block {found:?}",
				who.name
			);
		}
		Ok(())
	}

	/// The block that counted somebody's vote.
	async fn voted_in(&self, id: ProposalId, who: &Actor, since: u32) -> Result<Option<u32>> {
		for number in since..=self.client.heads().await?.0 {
			let hash = self
				.client
				.hash_of(number)
				.await?
				.context("a block is gone")?;
			let events = self.client.events_at(hash).await?;
			let is_it = |event: &client::Event| {
				let of = client::field(&event.fields, "id").ok();
				let by = client::field(&event.fields, "validator").ok();
				event.name == "Voted"
					&& of.and_then(|of| of.as_u128()) == Some(id.into())
					&& by.is_some_and(|by| client::bytes_in(&by) == who.account())
			};
			if events.iter().any(is_it) {
				return Ok(Some(number));
			}
		}
		Ok(None)
	}

	/// An upgrade as people begin one.
	async fn draft(&self, folder: &str, code: &[u8]) -> Result<String> {
		let path = format!("{folder}.wasm");
		std::fs::write(self.network.path().join(&path), code)?;
		let words = ["draft", folder, "--code", &path, "--scope", "Profiles"];
		self.hand
			.run(&self.cast.patron, &self.url()?, &words)
			.await?;
		Ok(folder.to_owned())
	}

	fn propose(&self, folder: &str) -> Result<Begun> {
		let (manifest, uri) = (format!("{folder}/upgrade.toml"), self.cast.patron.uri());
		let words = ["propose", &manifest, "--from", &uri];
		self.hand.begin(&self.url()?, &words, &YES)
	}

	/// A proposal that was answered with a number is registered, and its bytes are there if that was said; one that was
	/// answered with an error is not registered, or the error says how it ended.
	async fn hold_proposal(&self, begun: Begun) -> Result<()> {
		let patron = &self.cast.patron;
		let said = self.hand.end(patron, begun).await;
		let at = self.client.best().await?;
		let all: Vec<roles::View> = client::api(&at, "AirlockApi_proposals", ()).await?;
		let newest = all.iter().filter(|view| view.proposer == patron.account());
		let newest = newest.max_by_key(|view| view.id);
		match (said, newest) {
			(Err(error), None) => println!("{}: {error:#}", patron.name),
			(Err(error), Some(view)) => {
				println!("{}: {error:#}", patron.name);
				let said = format!("{error:#}");
				let ended = view.outcome.map(|outcome| format!("{outcome:?}"));
				let told = ended.is_some_and(|ended| said.contains(&ended));
				ensure!(
					told && said.contains(&format!("proposal {}", view.id)),
					"told '{said}', and it is {view:?}"
				);
			}
			(Ok(said), newest) => {
				let view = newest.with_context(|| format!("told {said}, and there is none"))?;
				ensure!(said["id"] == view.id, "told {said}, and it is {view:?}");
				let block = said
					.pointer("/upload/advance/block")
					.and_then(Value::as_u64);
				let block = block.with_context(|| format!("nothing was uploaded: {said}"))?;
				let then = self.client.hash_of(block as u32).await?;
				let then = self.client.at(then.context("the block is gone")?).await?;
				let then = roles::view(&then, view.id).await?;
				ensure!(
					then.stage == Stage::Simulation,
					"told {said}, and it was {then:?}"
				);
			}
		}
		Ok(())
	}

	/// A watch says that other code took the place of the one that the proposal was for.
	async fn ends_replaced(&self, id: ProposalId, watched: Begun) -> Result<()> {
		let said = self.hand.end(&self.cast.proposer, watched).await?;
		let view = roles::view(&self.client.finalized().await?, id).await?;
		let ended = view.outcome.context("it has not ended")?;
		ensure!(said["outcome"] == format!("{ended:?}"), "told {said}");
		let replaced = format!("{:?}", airlock_primitives::Failure::ParentReplaced);
		ensure!(
			format!("{ended:?}").contains(&replaced),
			"it ended {ended:?}"
		);
		Ok(())
	}
}
