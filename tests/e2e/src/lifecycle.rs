//! Drives one upgrade through all stages, as its actors would.

use crate::{
	client::{self, is_refusal, Block, Client, Names, Refused},
	display::Display,
	hand::{self, Begun, Hand},
	network::{Network, Node},
	report::{Moment, Report, Witness},
	roles::{self, Actor, Baseline, Cast, Round, View},
};
use airlock_cli::view as chain;
use airlock_primitives::{
	api::{Actor as Awaited, Progress},
	ClassPolicy, CodeRef, Dossier, Outcome, ProposalId, Stage,
};
use anyhow::{anyhow, bail, ensure, Context, Result};
use futures::future::{try_join, try_join_all};
use serde_json::Value;
use std::{
	cell::RefCell,
	collections::BTreeSet,
	path::Path,
	time::{Duration, Instant},
};
use subxt::{events::Phase, ext::scale_decode::DecodeAsType, utils::Static};

/// Blocks that a step may take beyond what the chain's policy says: to get into a block, and forks.
const SLACK: u32 = 12;
/// Wall time that a step may take beyond its blocks.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a node is asked for a new block.
const POLL: Duration = Duration::from_millis(250);

/// An upgrade: candidate, way back, and what to say of it.
pub struct Upgrade<'a> {
	/// The act it belongs to.
	pub act: &'static str,
	/// The candidate.
	pub code: &'a [u8],
	/// The way back: code made for it, or the code before.
	pub rollback: Option<&'a [u8]>,
	/// The candidate as the builders built it.
	pub built: &'a [u8],
	/// What it is meant to do.
	pub specification: &'static str,
	/// Why it is wanted.
	pub rationale: &'static str,
	/// What changes.
	pub effects: &'static str,
}

/// An upgrade whose code has just been written.
pub struct Passage {
	/// Number of the proposal.
	pub id: ProposalId,
	/// What was judged.
	pub dossier: Dossier,
	/// The rules.
	pub policy: ClassPolicy<u32>,
	/// The block that wrote the code. The next one is the first built by the new code.
	pub switched_at: u32,
	/// What monitors hold the new code against.
	pub baseline: Baseline,
	/// `airlock status --watch`, begun long before the switch: it must say how it ends.
	pub watching: Begun,
}

/// What a probe saw.
pub enum Seen<T> {
	/// What it was looking for.
	Yes(T),
	/// Not yet; what is missing.
	NotYet(String),
}

/// Which block a probe looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Head {
	/// The best one.
	Best,
	/// The last finalized one.
	Finalized,
}

/// Until when to wait.
#[derive(Clone, Copy)]
pub struct Limit {
	/// Last block.
	pub block: u32,
	/// Wall time.
	pub wall: Duration,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct StoredProposal {
	policy: Static<ClassPolicy<u32>>,
}

/// Directs the cast on a network.
pub struct Director<'a> {
	/// The nodes.
	pub network: &'a Network,
	/// Who acts.
	pub cast: &'a Cast,
	/// Shows the course.
	pub display: &'a Display,
	/// Where results go.
	pub report: RefCell<Report>,
	hand: Hand<'a>,
	slot: Duration,
}

impl<'a> Director<'a> {
	/// A director for a running network.
	///
	/// # Errors
	/// If no node answers, or there is no program beside its own.
	pub async fn new(network: &'a Network, cast: &'a Cast, display: &'a Display) -> Result<Self> {
		let observer = network.observer()?;
		let hand = Hand::new(observer.binary(), network.path(), display)?;
		let at = observer.client().await?.best().await?;
		let slot: u64 = client::api(&at, "AuraApi_slot_duration", ()).await?;
		let slot = Duration::from_millis(slot);
		Ok(Self {
			network,
			cast,
			display,
			report: RefCell::default(),
			hand,
			slot,
		})
	}

	/// The client through which the course is watched.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn observer(&self) -> Result<Client> {
		self.network.observer()?.client().await
	}

	/// Until `blocks` after `from`, with some slack. A slot may pass without a block: a validator may be down.
	pub fn limit(&self, from: u32, blocks: u32) -> Limit {
		let blocks = blocks.saturating_add(SLACK);
		let wall = self
			.slot
			.saturating_mul(blocks)
			.saturating_mul(2)
			.saturating_add(PATIENCE);
		Limit {
			block: from.saturating_add(blocks),
			wall,
		}
	}

	/// Asks at each new block until the probe has seen what it looks for.
	///
	/// # Errors
	/// What the probe says; or that the limit was reached, and what was awaited.
	pub async fn wait<T>(
		&self,
		client: &Client,
		head: Head,
		what: &str,
		limit: Limit,
		mut probe: impl AsyncFnMut(&Block) -> Result<Seen<T>>,
	) -> Result<T> {
		let started = Instant::now();
		let mut asked = None;
		let mut missing = String::new();
		loop {
			let at = match head {
				Head::Best => client.best().await?,
				Head::Finalized => client.finalized().await?,
			};
			let number = at.block_number() as u32;
			if asked != Some(at.block_hash()) {
				asked = Some(at.block_hash());
				match probe(&at)
					.await
					.with_context(|| format!("waiting for {what}"))?
				{
					Seen::Yes(found) => return Ok(found),
					Seen::NotYet(detail) => missing = detail,
				}
				let left = limit.block.saturating_sub(number);
				self.display.awaiting(what, &missing, number, left);
			}
			if number >= limit.block || started.elapsed() >= limit.wall {
				bail!(
					"gave up waiting for {what} at block #{number} (limit #{}) after {} s \
					 (limit {} s): {missing}",
					limit.block,
					started.elapsed().as_secs(),
					limit.wall.as_secs()
				);
			}
			tokio::time::sleep(POLL).await;
		}
	}

	/// Remembers and shows that something happened.
	pub fn moment(&self, act: &str, what: &str, block: u32) {
		self.display.stage(what, block);
		let (act, what) = (act.to_owned(), what.to_owned());
		let seconds = self.display.seconds();
		self.report.borrow_mut().timeline.push(Moment {
			act,
			what,
			block,
			seconds,
		});
	}

	/// Asks every running node, at its own finalized head, and records the claim.
	///
	/// # Errors
	/// None: a node that does not agree in time is in the report.
	pub async fn claim_everywhere(
		&self,
		act: &str,
		claim: &str,
		limit: Limit,
		mut probe: impl AsyncFnMut(&Client, &Block) -> Result<Seen<String>>,
	) -> Result<()> {
		let mut witnesses = Vec::new();
		for node in self.network.nodes() {
			let what = format!("\"{claim}\" on {}", node.name);
			let seen = async {
				let client = node.client().await?;
				let ask = async |at: &Block| probe(&client, at).await;
				self.wait(&client, Head::Finalized, &what, limit, ask).await
			};
			let (ok, evidence) = match seen.await {
				Ok(evidence) => (true, evidence),
				Err(error) => (false, format!("{error:#}")),
			};
			witnesses.push(Witness {
				node: node.name.clone(),
				ok,
				evidence,
			});
		}
		let good = witnesses.iter().filter(|w| w.ok).count();
		self.display.did(
			"check",
			&format!("{claim}: {good} of {} nodes", witnesses.len()),
		);
		self.report
			.borrow_mut()
			.claim_on_nodes(act, claim, witnesses);
		Ok(())
	}

	/// Claims that an event is in a block on every node, once that block is final there: `in_hook` if nobody's
	/// transaction may have caused it.
	///
	/// # Errors
	/// None: see [`Director::claim_everywhere`].
	pub async fn claim_event(
		&self,
		act: &str,
		claim: &str,
		block: u32,
		event: (&str, &str),
		in_hook: bool,
	) -> Result<()> {
		let (pallet, name) = event;
		let limit = self.limit(block, SLACK);
		self.claim_everywhere(act, claim, limit, async |client, at| {
			if at.block_number() < block.into() {
				return Ok(Seen::NotYet(format!("finalized #{}", at.block_number())));
			}
			let hash = client.hash_of(block).await?;
			let hash = hash.ok_or_else(|| anyhow!("block #{block} is gone"))?;
			let events = client.events_at(hash).await?;
			let found = events
				.iter()
				.find(|e| e.pallet == pallet && e.name == name)
				.ok_or_else(|| anyhow!("no {pallet}.{name} in #{block}"))?;
			let by_itself = found.phase == Phase::Initialization;
			ensure!(
				by_itself || !in_hook,
				"{pallet}.{name} in #{block} came by a transaction"
			);
			let how = if by_itself {
				"by no transaction"
			} else {
				"by a transaction"
			};
			Ok(Seen::Yes(format!("{pallet}.{name} in #{block}, {how}")))
		})
		.await
	}

	/// Claims that finality moves on every node.
	///
	/// # Errors
	/// None: see [`Director::claim_everywhere`].
	pub async fn claim_finality(&self, act: &str) -> Result<()> {
		const MORE: u32 = 3;
		let (best, from) = self.observer().await?.heads().await?;
		self.claim_everywhere(
			act,
			"finality moves",
			self.limit(best, MORE),
			async |_, at| {
				let now = at.block_number() as u32;
				Ok(match now >= from.saturating_add(MORE) {
					true => Seen::Yes(format!("finalized #{from}, then #{now}")),
					false => Seen::NotYet(format!("finalized #{now}")),
				})
			},
		)
		.await
	}

	/// Claims that every node runs a code in a block, once that block is finalized there: its version, and
	/// the hash of `:code`.
	///
	/// # Errors
	/// None: see [`Director::claim_everywhere`].
	pub async fn claim_code(&self, act: &str, code: &CodeRef, block: u32) -> Result<()> {
		let version = code.spec_version;
		let claim = format!("spec_version {version} runs, and :code is what was voted on");
		self.claim_everywhere(act, &claim, self.limit(block, SLACK), async |client, at| {
			if at.block_number() < block.into() {
				return Ok(Seen::NotYet(format!("finalized #{}", at.block_number())));
			}
			let hash = client.hash_of(block).await?;
			let at = client
				.at(hash.ok_or_else(|| anyhow!("block #{block} is gone"))?)
				.await?;
			let (runs, written) = (at.spec_version(), client::code_hash(&at).await?);
			ensure!(runs == version, "version {runs} runs in #{block}");
			ensure!(written == code.hash, ":code is {written:?} in #{block}");
			Ok(Seen::Yes(format!("#{block}, {written:?}")))
		})
		.await
	}

	/// Drives an upgrade from its dossier to the block that writes the code.
	///
	/// # Errors
	/// If anybody is refused, a stage is not reached in time, or the proposal ends early.
	pub async fn drive(&self, upgrade: &Upgrade<'_>) -> Result<Passage> {
		let client = self.observer().await?;
		let files = Files::write(self.network.path(), upgrade)?;
		let (id, policy) = self.register(&client, upgrade, &files).await?;
		let url = self.network.observer()?.url();
		let status = ["status", &id.to_string(), "--watch"];
		let watching = self.hand.begin(&url, &status, &[])?;
		self.upload(&client, upgrade, &files, id, &policy).await?;
		self.simulation(&client, upgrade, &files, id, &policy)
			.await?;
		let dossier = chain::dossier(&client.best().await?, id).await?;
		self.review(&client, upgrade, &files, id, &dossier, &policy)
			.await?;
		self.voting(&client, upgrade, id, &policy).await?;
		let (switched_at, baseline) = self
			.timelock(&client, upgrade, id, &dossier, &policy)
			.await?;
		Ok(Passage {
			id,
			dossier,
			policy,
			switched_at,
			baseline,
			watching,
		})
	}

	async fn register(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		files: &Files,
	) -> Result<(ProposalId, ClassPolicy<u32>)> {
		let proposer = &self.cast.proposer;
		let url = self.network.observer()?.url();
		let (folder, code) = (files.folder.as_str(), files.code.as_str());
		let mut draft = vec!["draft", folder, "--scope", "Profiles", "--code", code];
		if let Some(back) = &files.rollback {
			draft.extend(["--rollback", back]);
		}
		self.hand.run(proposer, &url, &draft).await?;
		files.fill_in(self.network.path(), upgrade)?;
		let manifest = format!("{folder}/upgrade.toml");
		let propose = ["propose", &manifest, "--no-upload"];
		let done = self.hand.sign(proposer, &url, &propose).await?;
		let id = done["id"]
			.as_u64()
			.context("the answer names no proposal")?;
		let (id, block) = (ProposalId::try_from(id)?, hand::block(&done)?);
		self.moment(upgrade.act, "Registered", block);
		let claim = format!("proposal {id} is registered");
		let event = ("Proposals", "Registered");
		self.claim_event(upgrade.act, &claim, block, event, false)
			.await?;
		let stored: Option<StoredProposal> =
			client::value_of(&client.best().await?, "Proposals", "Proposals", id).await?;
		let policy = stored
			.ok_or_else(|| anyhow!("proposal {id} is not stored"))?
			.policy
			.0;
		Ok((id, policy))
	}

	/// Anybody may upload what a dossier names, and move on what is complete.
	async fn upload(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		files: &Files,
		id: ProposalId,
		policy: &ClassPolicy<u32>,
	) -> Result<()> {
		let (patron, number) = (&self.cast.patron, id.to_string());
		let url = self.network.observer()?.url();
		let mut upload = vec!["upload", number.as_str(), files.code.as_str()];
		upload.extend(files.rollback.as_deref());
		let done = self.hand.sign(patron, &url, &upload).await?;
		let limit = self.limit(hand::block(&done)?, policy.bytes_within);
		self.reach(client, upgrade, id, Stage::Simulation, limit)
			.await
	}

	async fn simulation(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		files: &Files,
		id: ProposalId,
		policy: &ClassPolicy<u32>,
	) -> Result<()> {
		let opened = client.heads().await?.0;
		let round = self.final_round(client, id, opened).await?;
		let (cast, nodes) = (&self.cast.simulators, self.network.simulators());
		let pairs: Vec<(&Actor, &Node)> = cast.iter().zip(nodes).collect();
		let sealed = try_join_all(pairs.iter().map(async |(actor, node)| {
			let sealed = self
				.simulate_and_commit(actor, node, files, id, &round)
				.await;
			sealed.with_context(|| node.name.clone())
		}))
		.await?;

		let roots: BTreeSet<&String> = sealed.iter().collect();
		let listed: Vec<&str> = roots.iter().map(|root| root.as_str()).collect();
		let evidence = format!("{} simulations: {}", sealed.len(), listed.join(", "));
		let equal = roots.len() == 1 && sealed.len() == cast.len();
		let claim = "independent simulations reach the identical root";
		let mut report = self.report.borrow_mut();
		report.claim(upgrade.act, claim, equal, evidence);
		drop(report);

		self.until_drawn(client, id, &round, opened).await?;
		try_join_all(pairs.iter().map(async |(actor, node)| {
			self.back_on_chain(node).await?;
			let (number, folder) = (id.to_string(), files.report(actor));
			let reveal = ["reveal", &number, "--report", &folder];
			self.hand.sign(actor, &node.url(), &reveal).await
		}))
		.await?;
		// All have revealed: nobody needs to wait for the end of the window, if anybody says so.
		self.advance(id).await?;
		let windows = policy.simulation.commit_window + policy.simulation.reveal_window;
		let limit = self.limit(opened, windows);
		self.reach(client, upgrade, id, Stage::Review, limit).await
	}

	/// Has a simulator's own node stand still, replays the chain on its data, and commits to the report. Returns its root.
	async fn simulate_and_commit(
		&self,
		actor: &Actor,
		node: &Node,
		files: &Files,
		id: ProposalId,
		round: &Round,
	) -> Result<String> {
		let own = node.client().await?;
		let what = "the simulators' nodes to see it";
		let limit = self.limit(round.anchor, 2 * SLACK);
		self.wait(&own, Head::Finalized, what, limit, async |at| {
			let number = at.block_number() as u32;
			Ok(match number >= round.anchor {
				true => Seen::Yes(()),
				false => Seen::NotYet(format!("final is #{number}")),
			})
		})
		.await?;
		drop(own);
		// The own node must catch up afterwards, and the window does not wait for it.
		let url = self.network.observer()?.url();
		let (number, folder) = (id.to_string(), files.report(actor));
		let effects = format!("{}/effects.toml", files.folder);
		let chain = format!("--chain={}", relative(node.spec(), self.network.path()));
		let database = relative(node.base_path(), self.network.path());
		let database = format!("--base-path={database}");
		let simulate = ["simulate", &number, "--out", &folder, "--effects", &effects];
		let simulate = [&simulate[..], &["--", &chain, &database]].concat();
		node.stop().await?;
		let simulated = self.hand.run(actor, &url, &simulate).await;
		// The node comes back whatever the simulation says.
		node.start()?;
		let root = simulated?["root"].as_str().context("no root")?.to_owned();
		let commit = ["commit", &number, "--report", &folder];
		self.hand.sign(actor, &url, &commit).await?;
		Ok(root)
	}

	/// Asks the chain to look at a proposal, which may have gone on by itself.
	async fn advance(&self, id: ProposalId) -> Result<()> {
		let url = self.network.observer()?.url();
		let advance = ["advance", &id.to_string()];
		match self.hand.sign(&self.cast.patron, &url, &advance).await {
			Err(error) if !is_refusal(&error, "Proposals::NothingDue") => Err(error),
			_ => Ok(()),
		}
	}

	/// What must be simulated, once the block that says so is final: a fork could have another anchor.
	async fn final_round(&self, client: &Client, id: ProposalId, opened: u32) -> Result<Round> {
		let limit = self.limit(opened, SLACK);
		let what = "the simulation's task to be final";
		self.wait(client, Head::Finalized, what, limit, async |at| {
			let number = at.block_number();
			Ok(match live(at, id).await?.stage >= Stage::Simulation {
				true => Seen::Yes(roles::round(at, id).await?),
				false => Seen::NotYet(format!("final is #{number}")),
			})
		})
		.await
	}

	/// Waits until the commit window has ended and the chain has drawn what must be opened, and that is final.
	async fn until_drawn(
		&self,
		client: &Client,
		id: ProposalId,
		round: &Round,
		opened: u32,
	) -> Result<()> {
		let limit = self.limit(opened, round.commit_until.saturating_sub(opened) + SLACK);
		let what = "the end of the commit window";
		self.wait(client, Head::Finalized, what, limit, async |at| {
			let left = u64::from(round.commit_until).saturating_sub(at.block_number());
			if left > 0 {
				return Ok(Seen::NotYet(format!("{left} blocks until it is final")));
			}
			Ok(match roles::round(at, id).await?.seed {
				Some(_) => Seen::Yes(()),
				None => Seen::NotYet("nothing is drawn yet".into()),
			})
		})
		.await
	}

	/// Waits until a node that was started again has peers to tell transactions to.
	async fn back_on_chain(&self, node: &Node) -> Result<()> {
		let own = node.client().await?;
		let (best, _) = self.observer().await?.heads().await?;
		let until = Instant::now() + PATIENCE;
		while own.peers().await? == 0 || own.heads().await?.0 < best {
			if Instant::now() > until {
				bail!(
					"{} did not catch up with block #{best} after its simulation",
					node.name
				);
			}
			tokio::time::sleep(POLL).await;
		}
		Ok(())
	}

	async fn review(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		files: &Files,
		id: ProposalId,
		dossier: &Dossier,
		policy: &ClassPolicy<u32>,
	) -> Result<()> {
		let opened = client.heads().await?.0;
		let (url, number) = (self.network.observer()?.url(), id.to_string());
		let fund = ["fund", &number];
		self.hand.sign(&self.cast.proposer, &url, &fund).await?;
		let (report, built) = (files.review(), files.built.as_str());
		let attest = ["attest", &number, "--report", &report, "--kind"];
		let review = [&attest[..], &["code-review"]].concat();
		let rebuild = [&attest[..], &["reproduced-build", "--built", built]].concat();
		let read = self.cast.auditors.iter().map(|who| (who, &review));
		let built = self.cast.builders.iter().map(|who| (who, &rebuild));
		let all = read.chain(built);
		try_join_all(all.map(|(who, attest)| self.hand.sign(who, &url, attest))).await?;
		let rules = &policy.review;
		let scope = rules.per_pallet.saturating_mul(dossier.scope.len() as u32);
		let longest = rules
			.minimum
			.saturating_add(scope)
			.saturating_add(rules.grace);
		self.reach(
			client,
			upgrade,
			id,
			Stage::Voting,
			self.limit(opened, longest),
		)
		.await
	}

	async fn voting(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		id: ProposalId,
		policy: &ClassPolicy<u32>,
	) -> Result<()> {
		let opened = client.heads().await?.0;
		let number = id.to_string();
		try_join_all(self.validators().map(async |(validator, node)| {
			let vote = ["vote", &number, "aye"];
			self.hand.sign(validator, &node.url(), &vote).await
		}))
		.await?;
		let longest = policy
			.ballot
			.window
			.saturating_add(policy.ballot.extension_cap);
		self.reach(
			client,
			upgrade,
			id,
			Stage::Timelock,
			self.limit(opened, longest),
		)
		.await
	}

	async fn timelock(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		id: ProposalId,
		dossier: &Dossier,
		policy: &ClassPolicy<u32>,
	) -> Result<(u32, Baseline)> {
		let opened = client.heads().await?.0;
		let number = id.to_string();
		try_join_all(self.validators().map(async |(validator, node)| {
			let ready = ["ready", &number];
			match self.hand.sign(validator, &node.url(), &ready).await {
				// The others were enough.
				Err(error) if is_refusal(&error, "Enactment::NotInTimelock") => {
					let told = "was not needed any more for the switch";
					self.display.did(&validator.name, told);
					Ok(Value::Null)
				}
				done => done,
			}
		}))
		.await?;
		// The state at the last block before the switch is what monitors compare with.
		let mut before = Names::new();
		let longest = policy
			.enactment
			.timelock
			.saturating_add(policy.enactment.grace);
		let limit = self.limit(opened, longest);
		let seen_in = self
			.wait(client, Head::Best, "the switch", limit, async |at| {
				let view = live(at, id).await?;
				if view.stage > Stage::Timelock {
					return Ok(Seen::Yes(at.block_number() as u32));
				}
				before = client::names(at).await?;
				let due = u64::from(view.due).saturating_sub(at.block_number());
				Ok(Seen::NotYet(format!("due in {due} blocks")))
			})
			.await?;
		let switched_at = self.enacted(client, id, opened, seen_in).await?;
		self.moment(upgrade.act, "Probation: the code was written", switched_at);
		let version = dossier.code.spec_version;
		let baseline = Baseline {
			spec_version: version,
			names: before,
		};
		Ok((switched_at, baseline))
	}

	/// The block with the event that the code of a proposal was written.
	async fn enacted(&self, client: &Client, id: ProposalId, from: u32, to: u32) -> Result<u32> {
		for number in (from..=to).rev() {
			let Some(hash) = client.hash_of(number).await? else {
				continue;
			};
			let events = client.events_at(hash).await?;
			let written = |e: &client::Event| e.pallet == "Enactment" && e.name == "Enacted";
			if events.iter().any(written) {
				return Ok(number);
			}
		}
		bail!("proposal {id} is in probation, but no block says that its code was written")
	}

	/// Validators watch the new code on their own nodes and report, until the proposal ends.
	///
	/// # Errors
	/// If it does not end in time, or a report is refused while it is open.
	pub async fn watch(&self, passage: &Passage) -> Result<(Outcome, u32)> {
		let client = self.observer().await?;
		let rules = &passage.policy.probation;
		let longest = rules
			.critical
			.saturating_add(rules.watch)
			.saturating_add(rules.close_out);
		let limit = self.limit(passage.switched_at, longest);
		let monitors = try_join_all(
			self.validators()
				.map(|(validator, node)| self.monitor(passage, validator, node, limit)),
		);
		let end = self.wait(
			&client,
			Head::Best,
			"the end of probation",
			limit,
			async |at| {
				let view = roles::view(at, passage.id).await?;
				let awaited = awaited(at, passage.id).await?;
				Ok(match view.outcome {
					Some(outcome) => Seen::Yes((outcome, view.due)),
					None => Seen::NotYet(awaited),
				})
			},
		);
		Ok(try_join(monitors, end).await?.1)
	}

	/// Claims that who began to watch long before the switch was told how the proposal ended, in a block that is final.
	///
	/// # Errors
	/// If that is not said in time.
	pub async fn claim_watched(
		&self,
		act: &str,
		watching: Begun,
		(outcome, ended): (Outcome, u32),
	) -> Result<()> {
		let within = self.limit(ended, SLACK).wall;
		let told = tokio::time::timeout(within, self.hand.end(&self.cast.patron, watching)).await;
		let told = told.context("the watch does not end")??;
		let ok = told["outcome"] == format!("{outcome:?}") && told["due"] == ended;
		let evidence = format!("{} in #{}", told["outcome"], told["due"]);
		let claim = "airlock status --watch, begun before the switch, said how it ended";
		self.report.borrow_mut().claim(act, claim, ok, evidence);
		Ok(())
	}

	async fn monitor(
		&self,
		passage: &Passage,
		validator: &Actor,
		node: &Node,
		limit: Limit,
	) -> Result<()> {
		let own = node.client().await?;
		// Good news can wait until much of the critical window has been seen, bad news cannot.
		let content_from = passage.switched_at + passage.policy.probation.critical / 2;
		// The block after the switch is the first that the new code builds.
		let runs_from = passage.switched_at + 1;
		let mut told = None;
		self.wait(
			&own,
			Head::Best,
			"the validators' watch to end",
			limit,
			async |at| {
				let number = at.block_number() as u32;
				if roles::view(at, passage.id).await?.outcome.is_some() {
					return Ok(Seen::Yes(()));
				}
				if number < runs_from {
					return Ok(Seen::NotYet("the new code has built no block yet".into()));
				}
				let fault = passage.baseline.fault(at).await?;
				let healthy = fault.is_none();
				if told == Some(healthy) || (healthy && number < content_from) {
					return Ok(Seen::NotYet(String::new()));
				}
				let saw = fault.unwrap_or_else(|| "all names are there".into());
				let seen = format!("{saw} at #{number}");
				self.display.did(&validator.name, &seen);
				let state = if healthy { "healthy" } else { "unhealthy" };
				let health = ["health", &passage.id.to_string(), state];
				match self.hand.sign(validator, &node.url(), &health).await {
					Ok(_) => (),
					// Others were faster.
					Err(error) if error.is::<Refused>() => {
						let ended = roles::view(&own.best().await?, passage.id).await?.outcome;
						if ended.is_none() {
							return Err(error);
						}
					}
					Err(error) => return Err(error),
				}
				told = Some(healthy);
				Ok(Seen::NotYet(String::new()))
			},
		)
		.await
		.with_context(|| validator.name.clone())
	}

	/// Validators whose nodes run, with their nodes.
	fn validators(&self) -> impl Iterator<Item = (&Actor, &Node)> {
		self.cast.validators.iter().zip(self.network.validators())
	}

	/// Waits until a proposal is in a stage, or past it.
	async fn reach(
		&self,
		client: &Client,
		upgrade: &Upgrade<'_>,
		id: ProposalId,
		stage: Stage,
		limit: Limit,
	) -> Result<()> {
		let name = format!("stage {stage:?}");
		let block = self
			.wait(client, Head::Best, &name, limit, async |at| {
				let view = live(at, id).await?;
				if view.stage >= stage {
					return Ok(Seen::Yes(at.block_number() as u32));
				}
				let due = u64::from(view.due).saturating_sub(at.block_number());
				let due = format!("asked again in {due} blocks");
				let missing = awaited(at, id).await?;
				Ok(Seen::NotYet(if missing.is_empty() {
					due
				} else {
					format!("{missing}; {due}")
				}))
			})
			.await?;
		self.moment(upgrade.act, &format!("{stage:?}"), block);
		Ok(())
	}
}

/// A proposal that has not ended.
async fn live(at: &Block, id: ProposalId) -> Result<View> {
	let view = roles::view(at, id).await?;
	match view.outcome {
		None => Ok(view),
		Some(outcome) => bail!("proposal {id} ended in {:?}: {outcome:?}", view.stage),
	}
}

/// Who must act, as `reviews 1/2, builds 0/2`; empty if nobody.
async fn awaited(at: &Block, id: ProposalId) -> Result<String> {
	let progress: Vec<Progress> = client::api(at, "AirlockApi_awaited", id).await?;
	let each = |p: &Progress| format!("{} {}/{}", actor(p.actor), p.have, p.needed);
	Ok(progress.iter().map(each).collect::<Vec<_>>().join(", "))
}

fn actor(awaited: Awaited) -> &'static str {
	match awaited {
		Awaited::Uploader => "blobs",
		Awaited::SimulatorCommit => "commits",
		Awaited::SimulatorReveal => "reveals",
		Awaited::Auditor => "reviews",
		Awaited::Builder => "builds",
		Awaited::ValidatorVote => "ayes",
		Awaited::ValidatorReadiness => "ready",
		Awaited::ValidatorHealth => "healthy",
		Awaited::Funder => "bounty",
	}
}

/// What the cast has on its disks. Paths are relative to the network's folder, in which commands run.
struct Files {
	folder: String,
	code: String,
	rollback: Option<String>,
	built: String,
}

impl Files {
	/// Writes the blobs of an upgrade.
	fn write(root: &Path, upgrade: &Upgrade<'_>) -> Result<Self> {
		ensure!(
			!upgrade.code.is_empty(),
			"the test upgrades were built without wasm; unset SKIP_WASM_BUILD"
		);
		let folder = upgrade.act.replace(' ', "-");
		std::fs::create_dir_all(root.join(&folder))?;
		let write = |name: &str, bytes: &[u8]| {
			let path = format!("{folder}/{name}");
			std::fs::write(root.join(&path), bytes).with_context(|| path.clone())?;
			Ok::<_, anyhow::Error>(path)
		};
		let rollback = upgrade.rollback;
		Ok(Self {
			code: write("candidate.wasm", upgrade.code)?,
			rollback: rollback
				.map(|bytes| write("rollback.wasm", bytes))
				.transpose()?,
			built: write("built.wasm", upgrade.built)?,
			folder,
		})
	}

	/// The documents that a draft begins, as the proposer fills them in, and what the auditors write.
	fn fill_in(&self, root: &Path, upgrade: &Upgrade<'_>) -> Result<()> {
		let plan = match upgrade.rollback {
			Some(_) => "Dedicated code with the reverse migration.",
			None => "The code before: its state stays readable.",
		};
		let documents = [
			("specification.md", upgrade.specification),
			("rationale.md", upgrade.rationale),
			("rollback-plan.md", plan),
			("effects.toml", upgrade.effects),
			("review.md", "Read, and held against the specification."),
		];
		for (name, text) in documents {
			std::fs::write(root.join(&self.folder).join(name), text)?;
		}
		Ok(())
	}

	fn review(&self) -> String {
		format!("{}/review.md", self.folder)
	}

	/// A simulator's folder for report and salt.
	fn report(&self, actor: &Actor) -> String {
		format!("{}/{}", self.folder, actor.name)
	}
}

/// A path as it is typed in a folder.
fn relative<'p>(path: &'p Path, folder: &Path) -> std::path::Display<'p> {
	path.strip_prefix(folder).unwrap_or(path).display()
}
