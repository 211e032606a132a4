//! What `airlock` answers while code is written under those who use it: a vote that is sent in the blocks around a switch, an
//! upload that begins before it, a watch that began long ago. Whatever it says must be what the chain has.

use super::{
	blobs::Back,
	course::{until, Candidate, Course, Machine},
	rules,
};
use crate::{
	client::{self, Client, Refused},
	display::Display,
	hand::{self, Begun, Hand},
	network::{Network, Options as Start, VALIDATORS},
	roles::{self, Actor, Cast},
};
use airlock_primitives::{Failure, Outcome, ProposalId, Stage};
use airlock_variants::{PANICKING, UNHEALTHY, UNHEALTHY_ROLLBACK, UNHEALTHY_SPEC_VERSION};
use anyhow::{bail, ensure, Context, Result};
use futures::future::join_all;
use std::{path::PathBuf, time::Duration};

/// Blocks in which the code is watched: enough for another proposal to get as far as its vote.
const CRITICAL: u32 = 150;
/// Blocks before a switch in which the vote on another proposal is made to open: it is open before and behind the switch.
const BEFORE: u32 = 6;
/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(900);
/// Nobody sits there.
const YES: [&str; 1] = ["--yes"];
/// How a proposal ends whose code was to replace other code than there is.
const REPLACED: Outcome = Outcome::Expired(Failure::ParentReplaced);

/// A chain, and who uses it.
struct Place<'a> {
	network: &'a Network,
	cast: &'a Cast,
	course: Course<'a>,
	hand: Hand<'a>,
	client: Client,
}

/// A proposal that somebody else's switch will end, with those who work on it.
struct Other {
	/// One that has passed its review.
	voted: ProposalId,
	/// `airlock status --watch` of it.
	watched: Begun,
	/// One that waits for its bytes, and the file that they are in.
	waiting: ProposalId,
	code: String,
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
	let cast = Cast::new(VALIDATORS.len())?;
	let (machine, display) = (Machine::default(), Display::default());
	let place = Place {
		network: &network,
		cast: &cast,
		course: Course::new(&network, &cast, &machine),
		hand: Hand::new(&binary, network.path(), &display)?,
		client: network.observer()?.client().await?,
	};
	let crossed = tokio::time::timeout(LIMIT, place.cross()).await;
	crossed.with_context(|| format!("it did not end within {} s", LIMIT.as_secs()))?
}

impl Place<'_> {
	async fn cross(&self) -> Result<()> {
		let course = &self.course;
		course.settle().await?;
		let (id, dossier) = course.propose(&Candidate::good()).await?;
		let watched = self.watch(id)?;
		course.to_review(id, &dossier).await?;
		let other = self.other("before", UNHEALTHY_ROLLBACK).await?;
		course.to_voting(id).await?;
		course.vote(id, &dossier).await?;
		self.across_the_switch(id, other).await?;
		let other = self.other("behind", PANICKING).await?;
		self.across_the_way_back(id, other).await?;
		let end = self.hand.end(&self.cast.proposer, watched).await?;
		let back = Outcome::RolledBack(Failure::ReportedUnhealthy);
		ensure!(end["outcome"] == format!("{back:?}"), "told {end}");
		Ok(())
	}

	/// The address that everybody uses.
	fn url(&self) -> Result<String> {
		Ok(self.network.observer()?.url())
	}

	/// `airlock status ID --watch`.
	fn watch(&self, id: ProposalId) -> Result<Begun> {
		let id = id.to_string();
		self.hand
			.begin(&self.url()?, &["status", &id, "--watch"], &[])
	}

	/// Two more proposals: one up to its vote, and one, in that folder, without its bytes.
	async fn other(&self, folder: &str, code: &[u8]) -> Result<Other> {
		let candidate = Candidate {
			code: UNHEALTHY,
			version: UNHEALTHY_SPEC_VERSION,
			back: Back::Previous,
		};
		let (voted, dossier) = self.course.propose(&candidate).await?;
		self.course.to_review(voted, &dossier).await?;
		let file = format!("{folder}.wasm");
		std::fs::write(self.network.path().join(&file), code)?;
		let (url, patron) = (self.url()?, &self.cast.patron);
		let draft = ["draft", folder, "--code", &file, "--scope", "Profiles"];
		self.hand.run(patron, &url, &draft).await?;
		let manifest = format!("{folder}/upgrade.toml");
		let propose = ["propose", &manifest, "--no-upload"];
		let said = self.hand.sign(patron, &url, &propose).await?;
		let waiting = said["id"].as_u64().context("no number")?;
		Ok(Other {
			voted,
			watched: self.watch(voted)?,
			waiting: waiting.try_into()?,
			code: file,
		})
	}

	async fn reach(&self, block: u32) -> Result<()> {
		until("blocks", LIMIT, async || {
			Ok((self.client.heads().await?.0 >= block).then_some(()))
		})
		.await
	}

	/// The block in which a proposal in its timelock will be written.
	async fn due(&self, id: ProposalId) -> Result<u32> {
		until("the timelock", LIMIT, async || {
			let at = self.client.best().await?;
			let view = roles::view(&at, id).await?;
			// In a stage's first block the chain only says when it looks at it next.
			let is_known = u64::from(view.due) > at.block_number() + 1;
			Ok((view.stage >= Stage::Timelock && is_known).then_some(view.due))
		})
		.await
	}

	/// Validators vote around the block in which `id` is written, each one block later than the one before.
	async fn across_the_switch(&self, id: ProposalId, other: Other) -> Result<()> {
		let due = self.due(id).await?;
		self.reach(due - BEFORE).await?;
		let since = self.client.heads().await?.0;
		self.course.to_voting(other.voted).await?;
		let votes = async {
			let mut votes = Vec::new();
			for (validator, block) in self.cast.validators.iter().zip(due - 2..) {
				self.reach(block).await?;
				votes.push((validator, self.vote(validator, other.voted)?));
			}
			self.hold_votes(other.voted, votes, since, due).await
		};
		let upload = async {
			self.reach(due - 1).await?;
			self.hold_upload(&other, self.upload(&other)?).await
		};
		futures::try_join!(votes, upload)?;
		self.ends_replaced(other).await
	}

	/// Two validators send the chain back, and all vote on another proposal in the same blocks.
	async fn across_the_way_back(&self, id: ProposalId, other: Other) -> Result<()> {
		let [first, second, third, fourth] = &self.cast.validators[..] else {
			bail!("there are four validators");
		};
		self.course.to_voting(other.voted).await?;
		let since = self.client.heads().await?.0;
		let mut votes = vec![(third, self.vote(third, other.voted)?)];
		for who in [first, second] {
			let id = id.to_string();
			let words = ["health", &id, "unhealthy"];
			self.hand.sign(who, &self.url()?, &words).await?;
		}
		// More than a third has said it: the next block writes the way back.
		votes.push((fourth, self.vote(fourth, other.voted)?));
		let upload = self.upload(&other)?;
		votes.push((first, self.vote(first, other.voted)?));
		let back = until("the way back", LIMIT, async || {
			let view = roles::view(&self.client.best().await?, id).await?;
			Ok(view.outcome.map(|_| view.due))
		})
		.await?;
		let votes = self.hold_votes(other.voted, votes, since, back);
		futures::try_join!(votes, self.hold_upload(&other, upload))?;
		self.ends_replaced(other).await
	}

	fn vote(&self, who: &Actor, id: ProposalId) -> Result<Begun> {
		let (id, uri) = (id.to_string(), who.uri());
		let words = ["vote", &id, "aye", "--from", &uri];
		self.hand.begin(&self.url()?, &words, &YES)
	}

	fn upload(&self, other: &Other) -> Result<Begun> {
		let (id, uri) = (other.waiting.to_string(), self.cast.patron.uri());
		let words = ["upload", &id, &other.code, "--from", &uri];
		self.hand.begin(&self.url()?, &words, &YES)
	}

	/// A vote that was answered with a block is in that block; one that was refused is in none. Some are before the switch and
	/// some behind it.
	async fn hold_votes(
		&self,
		id: ProposalId,
		votes: Vec<(&Actor, Begun)>,
		since: u32,
		switch: u32,
	) -> Result<()> {
		let ends = votes
			.into_iter()
			.map(async |(who, begun)| (who, self.hand.end(who, begun).await));
		let ends = join_all(ends).await;
		let mut blocks = Vec::new();
		for (who, said) in ends {
			let found = self.voted_in(id, who, since).await?;
			let is_so = match &said {
				Ok(said) => found == Some(hand::block(said)?),
				Err(error) if error.is::<Refused>() => found.is_none(),
				// That is no word on what became of it.
				Err(error) => format!("{error:#}").contains("It may still get into a block"),
			};
			ensure!(
				is_so,
				"{} was told {said:?}, and the vote is in block {found:?}",
				who.name
			);
			blocks.extend(found);
		}
		let is_across = blocks.iter().any(|block| *block < switch)
			&& blocks.iter().any(|block| *block > switch);
		ensure!(
			is_across,
			"the switch is in #{switch}, the votes in {blocks:?}"
		);
		Ok(())
	}

	/// The block that counted somebody's vote.
	async fn voted_in(&self, id: ProposalId, who: &Actor, since: u32) -> Result<Option<u32>> {
		for number in since..=self.client.heads().await?.0 {
			let hash = self.client.hash_of(number).await?;
			let events = self
				.client
				.events_at(hash.context("a block is gone")?)
				.await?;
			let is_it = |event: &client::Event| {
				let of = client::field(&event.fields, "id").ok();
				let by = client::field(&event.fields, "validator").ok();
				(event.pallet.as_str(), event.name.as_str()) == ("Supermajority", "Voted")
					&& of.and_then(|of| of.as_u128()) == Some(id.into())
					&& by.is_some_and(|by| client::bytes_in(&by) == who.account())
			};
			if events.iter().any(is_it) {
				return Ok(Some(number));
			}
		}
		Ok(None)
	}

	/// Bytes that arrive for nobody any more are no success, and the answer says how the proposal ended.
	async fn hold_upload(&self, other: &Other, begun: Begun) -> Result<()> {
		let said = self.hand.end(&self.cast.patron, begun).await;
		let id = other.waiting;
		let outcome = roles::view(&self.client.best().await?, id).await?.outcome;
		ensure!(
			outcome == Some(REPLACED),
			"told {said:?}, and it is {outcome:?}"
		);
		let ended = format!("proposal {id} has ended: {REPLACED:?}");
		let is_told = said
			.as_ref()
			.is_err_and(|error| format!("{error:#}").contains(&ended));
		ensure!(is_told, "told {said:?}");
		Ok(())
	}

	/// A watch says that other code took the place of the one that the proposal was for.
	async fn ends_replaced(&self, other: Other) -> Result<()> {
		let said = self.hand.end(&self.cast.proposer, other.watched).await?;
		let view = roles::view(&self.client.finalized().await?, other.voted).await?;
		ensure!(
			view.outcome == Some(REPLACED),
			"it ended {:?}",
			view.outcome
		);
		ensure!(said["outcome"] == format!("{REPLACED:?}"), "told {said}");
		Ok(())
	}
}
