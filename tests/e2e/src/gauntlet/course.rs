//! Takes one upgrade through a chain on which people are bribed or asleep: all doors but the chain's own stand open.

use super::{
	blobs::{Back, Blob, Stop},
	monitor,
};
use crate::{
	client::{self, is_refusal, Client, Refused},
	network::{Network, Node, Options as Start, VALIDATORS},
	roles::{self, Actor, Baseline, Cast, Round, Simulated},
};
use airlock_primitives::{
	Class, CodeRef, Document, Dossier, Failure, Outcome, ProposalId, Rollback, Scope, Stage,
};
use airlock_report::{uneventful, BlockLeaf, Report, SimConfig, SCHEMA};
use anyhow::{anyhow, bail, ensure, Context, Result};
use futures::future::{join_all, try_join_all};
use sp_core::H256;
use sp_crypto_hashing::blake2_256;
use std::{
	collections::{BTreeMap, BTreeSet},
	sync::{Arc, OnceLock},
	time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

/// Chains of which all nodes may compile at a time.
const COMPILING: u32 = 2;
/// How often a node is asked.
const POLL: Duration = Duration::from_millis(300);
/// How long a stage may take: sixty slots of two seconds, on a machine that does much else.
const STAGE: Duration = Duration::from_secs(120);
/// How long a new node may take, on a machine on which many nodes compile.
const SYNC: Duration = Duration::from_secs(300);
/// How long it may take until all is decided after a switch: the gap of twelve slots, the critical window and the watch.
const DECISION: Duration = Duration::from_secs(240);
/// Blocks after the switch at which people begin to use the chain: a migration may take one.
const SETTLED: u32 = 3;
/// Blocks after the switch from which on a validator says that all is well.
const CONTENT: u32 = 5;

/// An upgrade to take through.
pub struct Candidate<'a> {
	/// Its bytes.
	pub code: &'a [u8],
	/// The version that its dossier says it has.
	pub version: u32,
	/// The way back.
	pub back: Back,
}

impl Candidate<'_> {
	/// The good upgrade.
	pub fn good() -> Self {
		Self {
			code: airlock_variants::GOOD,
			version: airlock_variants::GOOD_SPEC_VERSION,
			back: Back::Dedicated,
		}
	}
}

impl<'a> From<&'a Blob> for Candidate<'a> {
	fn from(blob: &'a Blob) -> Self {
		Self {
			code: &blob.code,
			version: blob.version,
			back: blob.back,
		}
	}
}

/// How an upgrade ended that was written.
#[derive(Clone, Copy, Debug)]
pub struct End {
	/// What the chain says.
	pub outcome: Outcome,
	/// The block that wrote the code.
	pub switched_at: u32,
	/// The block that decided.
	pub ended_at: u32,
	/// Slots from the one to the other.
	pub slots: u64,
	/// From the switch until the decision was final.
	pub took: Duration,
}

/// The machine that all chains of a run share.
///
/// All nodes of a chain compile what is voted on, on the same cores as those of all other chains here: without turns the block
/// after a switch comes later than a chain waits for it, as it would on no validator's own machine. And what chains of one
/// genesis begin with is compiled once.
pub struct Machine {
	turns: Semaphore,
	/// Files that chains of a genesis begin with.
	prepared: Mutex<BTreeMap<String, Arc<TempDir>>>,
}

impl Default for Machine {
	fn default() -> Self {
		Self {
			turns: Semaphore::new(COMPILING as usize),
			prepared: Mutex::default(),
		}
	}
}

impl Machine {
	/// Starts a network with what others of its genesis began with.
	///
	/// # Errors
	/// If a node does not come up.
	pub async fn start(&self, options: Start) -> Result<Network> {
		let key = genesis_of(&options);
		let known = {
			let mut prepared = self.prepared.lock().await;
			match prepared.get(&key) {
				Some(known) => known.clone(),
				None => {
					let first = Start {
						binary: options.binary.clone(),
						validators_down: VALIDATORS.len() - 1,
						wired: options.wired,
						genesis: options.genesis.clone(),
						..Start::default()
					};
					let files = files_of(&Network::start(&first).await?)?;
					prepared.insert(key, files.clone());
					files
				}
			}
		};
		let prepared = Some(known.path().to_owned());
		Network::start(&Start {
			prepared,
			..options
		})
		.await
	}

	/// Has all further networks of this genesis begin with what this one has compiled.
	///
	/// # Errors
	/// If a file is missing.
	pub async fn learn(&self, options: &Start, from: &Network) -> Result<()> {
		let mut prepared = self.prepared.lock().await;
		prepared.insert(genesis_of(options), files_of(from)?);
		Ok(())
	}
}

/// What the specification of a chain depends on.
fn genesis_of(options: &Start) -> String {
	format!("{} {}", options.wired, options.genesis)
}

fn files_of(network: &Network) -> Result<Arc<TempDir>> {
	let folder = tempfile::Builder::new().prefix("airlock-").tempdir()?;
	network.leave(folder.path())?;
	Ok(Arc::new(folder))
}

/// Code that was written.
pub struct Written<'a> {
	/// The block that wrote it.
	pub at: u32,
	turn: SemaphorePermit<'a>,
}

/// A chain, and who does what on it.
pub struct Course<'a> {
	network: &'a Network,
	cast: &'a Cast,
	machine: &'a Machine,
	/// How many turns the code takes that is voted on. One that keeps all cores busy takes all, until it is decided about.
	turns: u32,
	/// How long a stage may take.
	stage: Duration,
}

impl<'a> Course<'a> {
	/// On a network that runs.
	pub fn new(network: &'a Network, cast: &'a Cast, machine: &'a Machine) -> Self {
		Self {
			network,
			cast,
			machine,
			turns: 1,
			stage: STAGE,
		}
	}

	/// The same, with code that may keep all cores busy.
	pub fn busy(self) -> Self {
		let turns = COMPILING;
		Self { turns, ..self }
	}

	/// The same, with code that no node has to compile: see [`Machine::learn`].
	pub fn compiled(self) -> Self {
		Self { turns: 0, ..self }
	}

	/// With slots that are so many times as long.
	pub fn slower(self, times: u32) -> Self {
		let stage = self.stage * times;
		Self { stage, ..self }
	}

	async fn client(&self) -> Result<Client> {
		self.network.observer()?.client().await
	}

	/// People give themselves names, so that there is something to lose.
	///
	/// # Errors
	/// If a transaction does not get into a block; so below.
	pub async fn settle(&self) -> Result<()> {
		let client = self.client().await?;
		let named = self.cast.auditors.iter().chain(&self.cast.builders);
		let names = named.map(|who| roles::set_name(&client, who, "before the switch"));
		try_join_all(names).await?;
		Ok(())
	}

	/// Registers a dossier and uploads its bytes.
	///
	/// # Errors
	/// [`Refused`] if the chain refuses it.
	pub async fn propose(&self, candidate: &Candidate<'_>) -> Result<(ProposalId, Dossier)> {
		let client = self.client().await?;
		let dossier = self.dossier(&client, candidate).await?;
		let proposer = &self.cast.proposer;
		let (id, _) = roles::register(&client, proposer, &dossier).await?;
		let refused = |error: anyhow::Error| error.context(Registered(id));
		let backs = match candidate.back {
			Back::Dedicated => vec![airlock_variants::GOOD_ROLLBACK],
			Back::Previous => vec![],
		};
		let blobs = [candidate.code].into_iter().chain(backs);
		let uploaders = [&self.cast.patron].into_iter().chain(&self.cast.builders);
		let uploads = blobs
			.zip(uploaders)
			.map(async |(blob, who)| roles::upload(&client, who, blob).await);
		// Bytes may be there from another proposal.
		for upload in join_all(uploads).await {
			match upload {
				Err(error) if !error.is::<Refused>() => return Err(refused(error)),
				_ => (),
			}
		}
		let advanced = roles::advance(&client, &self.cast.patron, id).await;
		advanced.map_err(refused)?;
		Ok((id, dossier))
	}

	/// Gives a proposal up.
	pub async fn withdraw(&self, id: ProposalId) -> Result<()> {
		let call = subxt::dynamic::tx("Proposals", "withdraw", (id,));
		let key = &self.cast.proposer.key;
		self.client().await?.submit(key, &call).await?;
		Ok(())
	}

	async fn dossier(&self, client: &Client, candidate: &Candidate<'_>) -> Result<Dossier> {
		let at = client.best().await?;
		let (parent_code_hash, _): (H256, u32) = client::api(&at, "AirlockApi_code", ()).await?;
		let profiles = at.metadata_ref().pallet_by_name("Profiles");
		let profiles = profiles.context("the chain has no names")?.call_index();
		let scope = Scope::try_from(BTreeSet::from([profiles]));
		let reference = |code: &[u8], spec_version| CodeRef {
			hash: H256(blake2_256(code)),
			len: code.len() as u32,
			spec_version,
		};
		let back = airlock_variants::GOOD_ROLLBACK;
		Ok(Dossier {
			code: reference(candidate.code, candidate.version),
			parent_code_hash,
			rollback: match candidate.back {
				Back::Dedicated => Rollback::Dedicated(reference(back, candidate.version + 1)),
				Back::Previous => Rollback::PreviousCode,
			},
			specification: Document::of(b"Names say since when they stand."),
			rationale: Document::of(b"Trust us."),
			rollback_plan: Document::of(b"As declared."),
			expected_effects: Document::of(b"schema = 1"),
			minted: 0,
			scope: scope.map_err(|_| anyhow!("one pallet is too many"))?,
			class: Class::Standard,
		})
	}

	/// Takes a proposal whose bytes are there to the block that writes its code: a simulator lies, nobody reviews, and all
	/// validators vote for it. It waits in the review until it is its turn to be compiled.
	pub async fn wave_through(&self, id: ProposalId, dossier: &Dossier) -> Result<Written<'a>> {
		self.to_review(id, dossier).await?;
		let turn = self.machine.turns.acquire_many(self.turns).await?;
		self.to_voting(id).await?;
		self.vote(id, dossier).await?;
		let client = self.client().await?;
		self.reach(&client, id, Stage::Probation).await?;
		let at = self.newest_switch(&client).await?;
		Ok(Written { at, turn })
	}

	/// Up to the review, in which it stays until [`Self::to_voting`].
	pub async fn to_review(&self, id: ProposalId, dossier: &Dossier) -> Result<()> {
		let client = self.client().await?;
		self.reach(&client, id, Stage::Simulation).await?;
		self.lie(&client, id, dossier).await?;
		self.reach(&client, id, Stage::Review).await
	}

	/// Gives a review what it lacks.
	pub async fn to_voting(&self, id: ProposalId) -> Result<()> {
		let client = self.client().await?;
		roles::fund_bounty(&client, &self.cast.proposer, id).await?;
		self.advance(&client, id).await?;
		self.reach(&client, id, Stage::Voting).await
	}

	/// All validators are for it.
	pub async fn vote(&self, id: ProposalId, dossier: &Dossier) -> Result<()> {
		let votes = self.validators().map(async |(validator, node)| {
			let own = node.client().await?;
			roles::vote_aye(&own, validator, id, dossier).await
		});
		try_join_all(votes).await?;
		Ok(())
	}

	/// A simulator who ran nothing shows a report in which all is well.
	async fn lie(&self, client: &Client, id: ProposalId, dossier: &Dossier) -> Result<()> {
		let [liar, ..] = &self.cast.simulators[..] else {
			bail!("there is no simulator");
		};
		let round = roles::round(&client.best().await?, id).await?;
		let simulated = made_up(client, &round, dossier)?;
		let salt = roles::salt()?;
		// A fork may have taken back that it is being simulated; then it will be again.
		until("a commitment", self.stage, async || {
			let sent = roles::commit(client, liar, id, &round, &simulated.report, salt).await;
			match sent {
				Err(error) if is_refusal(&error, "Simulations::NoRound") => Ok(None),
				sent => Ok(Some(sent)),
			}
		})
		.await??;
		let seed = until("the end of the commit window", self.stage, async || {
			let at = client.best().await?;
			Ok(roles::round(&at, id).await?.seed)
		})
		.await?;
		roles::reveal(client, liar, id, &simulated, seed, salt).await?;
		self.advance(client, id).await
	}

	/// Has the chain look whether a proposal can go on, before it looks by itself.
	async fn advance(&self, client: &Client, id: ProposalId) -> Result<()> {
		match roles::advance(client, &self.cast.patron, id).await {
			Err(error) if !error.is::<Refused>() => Err(error),
			// It may have gone on by itself.
			_ => Ok(()),
		}
	}

	async fn reach(&self, client: &Client, id: ProposalId, stage: Stage) -> Result<()> {
		let what = format!("stage {stage:?}");
		let ended = until(&what, self.stage, async || {
			let view = roles::view(&client.best().await?, id).await?;
			let is_over = view.outcome.is_some() || view.stage >= stage;
			Ok(is_over.then_some(view.outcome))
		})
		.await?;
		match ended {
			Some(outcome) => bail!("it ended {outcome:?} before {what}"),
			None => Ok(()),
		}
	}

	/// How often code was written for a proposal, in all blocks of the best chain.
	///
	/// # Errors
	/// If a block is missing.
	pub async fn switches(&self, id: ProposalId) -> Result<usize> {
		let client = self.client().await?;
		let mut switches = 0;
		for number in 0..=client.heads().await?.0 {
			switches += enactments(&client, number, Some(id)).await?;
		}
		Ok(switches)
	}

	/// The newest block that wrote the code of an upgrade.
	async fn newest_switch(&self, client: &Client) -> Result<u32> {
		let (best, _) = client.heads().await?;
		for number in (0..=best).rev() {
			if enactments(client, number, None).await? > 0 {
				return Ok(number);
			}
		}
		bail!("no block wrote code")
	}

	/// What there is to lose.
	pub async fn before(&self, version: u32) -> Result<Baseline> {
		let at = self.client().await?.best().await?;
		let names = client::names(&at).await?;
		ensure!(!names.is_empty(), "nobody has a name");
		Ok(Baseline {
			spec_version: version,
			names,
		})
	}

	/// People use the new code, validators report what they see, until it is decided and that is final.
	pub async fn watch(
		&self,
		id: ProposalId,
		Written {
			at: switched_at,
			turn,
		}: Written<'_>,
		before: &Baseline,
	) -> Result<End> {
		let since = Instant::now();
		let _turn = (self.turns == COMPILING).then_some(turn);
		let client = self.client().await?;
		let used = OnceLock::new();
		let use_it = async {
			until("blocks of the new code", DECISION, async || {
				let now = client.heads().await?.0;
				Ok((now >= switched_at + SETTLED).then_some(()))
			})
			.await?;
			let [user, payee, ..] = &self.cast.auditors[..] else {
				bail!("there are no users");
			};
			let done = monitor::everyday(&client, user, payee).await;
			let _ = used.set(done.map_err(|error| format!("{error:#}")));
			Ok(())
		};
		let report =
			join_all(self.validators().map(|(validator, node)| {
				self.report(id, switched_at, before, &used, validator, node)
			}));
		let decided = async {
			let (outcome, ended_at) = until("a decision", DECISION, async || {
				let view = roles::view(&client.best().await?, id).await?;
				Ok(view.outcome.map(|outcome| (outcome, view.due)))
			})
			.await?;
			until("the decision to be final", STAGE, async || {
				Ok((client.heads().await?.1 >= ended_at).then_some(()))
			})
			.await?;
			let view = roles::view(&client.finalized().await?, id).await?;
			ensure!(view.outcome == Some(outcome), "a fork decided otherwise");
			let slot = async |number| {
				let hash = client.hash_of(number).await?;
				client.slot(hash.context("a final block is gone")?).await
			};
			Ok(End {
				slots: slot(ended_at)
					.await?
					.saturating_sub(slot(switched_at).await?),
				outcome,
				switched_at,
				ended_at,
				took: since.elapsed(),
			})
		};
		// The others have nothing to do any more when it is decided, and may wait for what never comes.
		let others = async {
			let _ = futures::future::join(use_it, report).await;
			std::future::pending().await
		};
		tokio::select! {
			end = decided => end,
			never = others => never,
		}
	}

	/// A validator reports once what it sees on its own node. Its report may get lost with the code.
	async fn report(
		&self,
		id: ProposalId,
		switched_at: u32,
		before: &Baseline,
		used: &OnceLock<Result<(), String>>,
		validator: &Actor,
		node: &Node,
	) -> Result<()> {
		let own = node.client().await?;
		let healthy = until("something to report", DECISION, async || {
			let at = own.best().await?;
			let number = at.block_number() as u32;
			if number <= switched_at {
				return Ok(None);
			}
			let unusable = used.get().is_some_and(Result::is_err);
			if unusable || before.fault(&at).await?.is_some() {
				return Ok(Some(false));
			}
			let content = used.get().is_some() && number >= switched_at + CONTENT;
			Ok(content.then_some(true))
		})
		.await?;
		roles::report_health(&own, validator, id, healthy).await?;
		Ok(())
	}

	/// Another upgrade, with nothing wrong, passes all doors and is kept.
	pub async fn upgrade_well(&self) -> Result<u32> {
		let candidate = Candidate {
			code: airlock_variants::UNHEALTHY_ROLLBACK,
			version: airlock_variants::UNHEALTHY_ROLLBACK_SPEC_VERSION,
			back: Back::Previous,
		};
		let (id, dossier) = self.propose(&candidate).await?;
		let before = self.before(candidate.version).await?;
		let written = self.wave_through(id, &dossier).await?;
		let end = self.watch(id, written, &before).await?;
		let outcome = end.outcome;
		ensure!(outcome == Outcome::Finalized, "it ended {outcome:?}");
		let names = client::names(&self.client().await?.best().await?).await?;
		let migrated = names.values().all(|name| name.dated);
		ensure!(migrated, "its migration did not run");
		Ok(end.ended_at)
	}

	/// All nodes that run have the same block at a height that is final on all of them, and finality goes on.
	pub async fn agree(&self) -> Result<u32> {
		let height = self.client().await?.heads().await?.0;
		let mut agreed = None;
		for node in self.network.nodes().iter().chain(self.network.joined()) {
			let own = node.client().await?;
			let seen = until("finality", SYNC, async || {
				// One that syncs by warp gets the blocks before its first state last, and until then may name another.
				let is_final = own.heads().await?.1 >= height;
				let Some(hash) = own.hash_of(height).await?.filter(|_| is_final) else {
					return Ok(None);
				};
				let seen = (hash, own.state_root(hash).await?);
				ensure!(
					agreed.is_none_or(|agreed| agreed == seen),
					"#{height} is {seen:?} there, and {agreed:?} on others"
				);
				Ok(Some(seen))
			})
			.await
			.with_context(|| node.name.clone())?;
			agreed = Some(seen);
		}
		Ok(height)
	}

	/// The next of the nodes that were never there gets the chain from the others, and finds the same state.
	///
	/// # Errors
	/// If it does not in time, or finds another one.
	pub async fn sync_another(&self, height: u32) -> Result<()> {
		let _turn = self.machine.turns.acquire().await?;
		let node = self.network.join()?;
		let (own, client) = (node.client().await?, self.client().await?);
		let theirs = client.hash_of(height).await?;
		// One that syncs by warp gets the blocks before its first state last, and until then may name another.
		until("the new node", SYNC, async || {
			let is_final = own.heads().await?.1 >= height;
			let ours = own.hash_of(height).await?.filter(|_| is_final);
			ensure!(
				ours.is_none() || ours == theirs,
				"#{height} is {ours:?} there, and {theirs:?} here"
			);
			Ok(ours)
		})
		.await
		.with_context(|| format!("it did not sync; end of its log:\n{}", node.log_tail()))?;
		Ok(())
	}

	/// What a validator would have learned who has the node try the code before it says that it is ready; `None` if nothing.
	pub async fn try_code(&self, code: CodeRef) -> Result<Option<String>> {
		let tried = self.client().await?.try_codes([code]).await?;
		let said = tried.codes.first().and_then(|tried| tried.spec_version);
		let lies = said.filter(|said| *said != code.spec_version);
		let lies = lies.map(|said| format!("it says that it is version {said}"));
		Ok(tried.error().map(str::to_owned).or(lies))
	}

	fn validators(&self) -> impl Iterator<Item = (&Actor, &Node)> {
		self.cast.validators.iter().zip(self.network.validators())
	}
}

/// The number of a proposal that was registered, in an error about what came after.
#[derive(Debug, Clone, Copy)]
pub struct Registered(pub ProposalId);

impl std::fmt::Display for Registered {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "proposal {}", self.0)
	}
}

/// True if an upgrade ended as it must.
pub fn is_expected(stop: Stop, outcome: Outcome) -> bool {
	let Stop::BackFor(why, other) = stop else {
		return false;
	};
	let because = |why: Failure| outcome == Outcome::RolledBack(why);
	because(why) || other.is_some_and(because)
}

/// How often a block wrote the code of an upgrade: of this one, or of any.
async fn enactments(client: &Client, number: u32, id: Option<ProposalId>) -> Result<usize> {
	let hash = client.hash_of(number).await?;
	let hash = hash.with_context(|| format!("block {number} is gone"))?;
	let is_it = |event: &client::Event| {
		let of = client::field(&event.fields, "id")
			.ok()
			.and_then(|of| of.as_u128());
		let is_its = id.is_none_or(|id| of == Some(id.into()));
		event.pallet == "Enactment" && event.name == "Enacted" && is_its
	};
	let events = client.events_at(hash).await?;
	Ok(events.iter().filter(|event| is_it(event)).count())
}

/// Asks until there is an answer.
pub(super) async fn until<T>(
	what: &str,
	limit: Duration,
	mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
	let started = Instant::now();
	let mut trouble = None;
	while started.elapsed() < limit {
		match probe().await {
			Ok(Some(found)) => return Ok(found),
			Ok(None) => trouble = None,
			// A node that is busy may not answer for a while.
			Err(error) => trouble = Some(error),
		}
		tokio::time::sleep(POLL).await;
	}
	let error = anyhow!("gave up waiting for {what} after {} s", limit.as_secs());
	Err(match trouble {
		Some(trouble) => trouble.context(error),
		None => error,
	})
}

/// A report on blocks that exist, of runs that nobody made.
fn made_up(client: &Client, round: &Round, dossier: &Dossier) -> Result<Simulated> {
	let nothing = H256::zero();
	let config = SimConfig {
		schema: SCHEMA,
		genesis: client.genesis(),
		parent_code: dossier.parent_code_hash,
		candidate: dossier.code.hash,
		rollback: match &dossier.rollback {
			Rollback::Dedicated(code) => Some(code.hash),
			Rollback::PreviousCode | Rollback::Irreversible => None,
		},
		anchor: round.anchor,
		anchor_hash: round.anchor_hash,
		blocks: round.blocks,
		scope: round.scope.0.clone(),
		effects: dossier.expected_effects.hash,
		minted: dossier.minted,
		engine: nothing,
	};
	let leaves = uneventful(&config, |number| {
		BlockLeaf::identical(number, round.anchor_hash, dossier.parent_code_hash)
	});
	let report = Report::of(config, &leaves).context("a report has too many sections")?;
	Ok(Simulated { report, leaves })
}
