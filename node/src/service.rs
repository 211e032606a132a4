//! The parts of a running node, put together: client, import queue, network, authoring, finality.

use crate::{
	ahead::{Compiling, Patient},
	readiness::Plain,
	rescue::{RescueExecutor, Seen, SelfCheck},
};
use airlock_runtime::{opaque::Block, RuntimeApi};
use futures::FutureExt;
use sc_client_api::{Backend, BlockBackend};
use sc_consensus_aura::{ImportQueueParams, SlotProportion, StartAuraParams};
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaBlockImport, LinkHalf, SharedVoterState};
use sc_executor::{HeapAllocStrategy, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_network::config::{FullNetworkConfiguration, Role};
use sc_network::{service::traits::NetworkService, NetworkBackend, NotificationService};
use sc_network_sync::SyncingService;
use sc_service::{
	error::Error as ServiceError, Configuration, KeystoreContainer, TaskManager, WarpSyncConfig,
};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_aura::sr25519::AuthorityPair as AuraPair;
use sp_runtime::traits::Block as BlockT;
use std::{sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// Runs runtimes: the host functions are the SDK's, no more. Goes back by itself from code that fails.
pub type Executor = RescueExecutor<Patient<Plain>>;
/// The chain as this node knows it.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, Executor>;
/// Where it is stored.
pub type FullBackend = sc_service::TFullBackend<Block>;
type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
type FullBlockImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
/// Transactions that wait for a block.
pub type FullPool = TransactionPoolHandle<Block, FullClient>;
type GrandpaLink = LinkHalf<Block, FullClient, FullSelectChain>;

/// Blocks between two justifications that are kept for nodes that sync by warp.
const JUSTIFICATION_PERIOD: u32 = 512;
/// Runtimes kept compiled: the current one, a candidate, its rollback code, and one to spare.
pub const RUNTIME_CACHE_SIZE: u8 = 4;

/// What every task of the node needs, whether it runs or only looks at its database.
pub type PartialComponents = sc_service::PartialComponents<
	FullClient,
	FullBackend,
	FullSelectChain,
	sc_consensus::DefaultImportQueue<Block>,
	FullPool,
	Other,
>;

/// What only a running node needs.
pub struct Other {
	block_import: FullBlockImport,
	grandpa_link: GrandpaLink,
	telemetry: Option<Telemetry>,
	rescues: Seen,
	/// Compiles without holding up the executor that runs the chain.
	compiler: Plain,
	/// What it compiles ahead.
	compiling: Compiling,
}

fn inherents_at(
	slot_duration: sp_consensus_aura::SlotDuration,
) -> (
	sp_consensus_aura::inherents::InherentDataProvider,
	sp_timestamp::InherentDataProvider,
) {
	let timestamp = sp_timestamp::InherentDataProvider::from_system_time();
	let slot = sp_consensus_aura::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
		*timestamp,
		slot_duration,
	);
	(slot, timestamp)
}

/// What `sc_service::new_wasm_executor` makes, with a folder for what it compiles.
fn new_executor(config: &Configuration) -> Plain {
	let options = &config.executor;
	let strategy = options
		.default_heap_pages
		.map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| {
			HeapAllocStrategy::Static {
				extra_pages: pages as _,
			}
		});
	Plain::builder()
		.with_execution_method(options.wasm_method)
		.with_onchain_heap_alloc_strategy(strategy)
		.with_offchain_heap_alloc_strategy(strategy)
		// A size that failed code has left in the state must not keep the way back from running.
		.with_ignore_onchain_heap_pages(true)
		.with_max_runtime_instances(options.max_runtime_instances)
		.with_runtime_cache_size(options.runtime_cache_size)
		.with_cache_path(crate::ahead::cache(config))
		.build()
}

/// Opens the database and builds what works on it.
pub fn new_partial(config: &Configuration) -> Result<PartialComponents, ServiceError> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;
	let seen = Seen::new(config.prometheus_registry())?;
	let compiling = Compiling::default();
	let executor = Patient::new(new_executor(config), compiling.clone());
	let executor = RescueExecutor::new(executor, seen.clone());
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts::<Block, RuntimeApi, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			executor.clone(),
			Default::default(),
		)?;
	let client = Arc::new(client);
	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager
			.spawn_handle()
			.spawn("telemetry", None, worker.run());
		telemetry
	});
	let select_chain = sc_consensus::LongestChain::new(backend.clone());
	let transaction_pool = Arc::from(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);
	let (block_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry.as_ref().map(|telemetry| telemetry.handle()),
	)?;
	let slot_of = client.clone();
	let import_queue =
		sc_consensus_aura::import_queue::<AuraPair, _, _, _, _, _>(ImportQueueParams {
			block_import: block_import.clone(),
			justification_import: Some(Box::new(block_import.clone())),
			client: client.clone(),
			create_inherent_data_providers: move |parent, _| {
				let duration = sc_consensus_aura::standalone::slot_duration_at(&*slot_of, parent);
				async move { Ok(inherents_at(duration?)) }
			},
			spawner: &task_manager.spawn_essential_handle(),
			registry: config.prometheus_registry(),
			check_for_equivocation: Default::default(),
			telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
			compatibility_mode: Default::default(),
		})?;
	Ok(sc_service::PartialComponents {
		client,
		backend,
		task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: Other {
			block_import,
			grandpa_link,
			telemetry,
			rescues: seen,
			compiler: new_executor(config),
			compiling,
		},
	})
}

/// What finality needs of the network.
struct GrandpaNetwork {
	protocol_name: sc_network::ProtocolName,
	notifications: Box<dyn NotificationService>,
}

/// Starts a full node, or a validator if the configuration says so.
pub fn new_full<N: NetworkBackend<Block, <Block as BlockT>::Hash>>(
	config: Configuration,
	shadow: &crate::shadow::Options,
) -> Result<TaskManager, ServiceError> {
	let sc_service::PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other:
			Other {
				block_import,
				grandpa_link,
				mut telemetry,
				rescues,
				compiler,
				compiling,
			},
	} = new_partial(&config)?;

	let mut net_config = FullNetworkConfiguration::<Block, <Block as BlockT>::Hash, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let metrics = N::register_notification_metrics(config.prometheus_registry());
	let genesis = client
		.block_hash(0)?
		.ok_or(ServiceError::Other("no genesis block".into()))?;
	let protocol_name = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
	let (protocol_config, notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
		protocol_name.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
	net_config.add_notification_protocol(protocol_config);
	let grandpa_network = GrandpaNetwork {
		protocol_name,
		notifications,
	};
	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::default(),
	));

	let (network, system_rpc_tx, tx_handler_controller, sync, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		spawn_offchain_workers(
			&config,
			&task_manager,
			&client,
			&backend,
			&keystore_container,
			&transaction_pool,
			&network,
		)?;
	}

	let registry = config.prometheus_registry().cloned();
	let shadow = crate::shadow::spawn(shadow, &client, &backend, &task_manager, registry.as_ref())?;
	crate::ahead::spawn(&client, compiler.clone(), compiling, &task_manager)?;
	let voter_state = SharedVoterState::empty();
	let rpc = crate::rpc::Deps {
		client: client.clone(),
		pool: transaction_pool.clone(),
		rescues,
		compiler,
		shadow,
		grandpa: crate::rpc::GrandpaDeps {
			voter_state: voter_state.clone(),
			authorities: grandpa_link.shared_authority_set().clone(),
			justifications: grandpa_link.justification_stream(),
			proofs: FinalityProofProvider::new_for_service(
				backend.clone(),
				Some(grandpa_link.shared_authority_set().clone()),
			),
		},
	};
	let role = config.role;
	let name = config.network.node_name.clone();
	let force_authoring = config.force_authoring;
	let finality = !config.disable_grandpa;
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		network: Arc::new(network.clone()),
		client: client.clone(),
		keystore: keystore_container.keystore(),
		task_manager: &mut task_manager,
		transaction_pool: transaction_pool.clone(),
		rpc_builder: Box::new(move |executor| {
			crate::rpc::create(rpc.clone(), executor).map_err(Into::into)
		}),
		backend,
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync.clone(),
		config,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	let consensus = Consensus {
		client,
		pool: transaction_pool,
		keystore: keystore_container,
		sync,
		registry,
		telemetry: telemetry.as_ref().map(|telemetry| telemetry.handle()),
	};
	if role.is_authority() {
		consensus.spawn_authoring(&task_manager, select_chain, block_import, force_authoring)?;
	}
	if finality {
		let voter = Voter {
			role,
			name,
			link: grandpa_link,
			state: voter_state,
		};
		consensus.spawn_finality(&task_manager, voter, network, grandpa_network)?;
	}
	Ok(task_manager)
}

/// What authoring and finality share.
struct Consensus {
	client: Arc<FullClient>,
	pool: Arc<FullPool>,
	keystore: KeystoreContainer,
	sync: Arc<SyncingService<Block>>,
	registry: Option<Registry>,
	telemetry: Option<TelemetryHandle>,
}

/// What only finality needs.
struct Voter {
	role: Role,
	name: String,
	link: GrandpaLink,
	state: SharedVoterState,
}

impl Consensus {
	/// Authors blocks with Aura. The node ends if this does.
	fn spawn_authoring(
		&self,
		tasks: &TaskManager,
		select_chain: FullSelectChain,
		block_import: FullBlockImport,
		force_authoring: bool,
	) -> Result<(), ServiceError> {
		let proposer_factory = sc_basic_authorship::ProposerFactory::new(
			tasks.spawn_handle(),
			self.client.clone(),
			self.pool.clone(),
			self.registry.as_ref(),
			self.telemetry.clone(),
		);
		let slot_duration = sc_consensus_aura::slot_duration(&*self.client)?;
		let aura = sc_consensus_aura::start_aura::<AuraPair, _, _, _, _, _, _, _, _, _, _>(
			StartAuraParams {
				slot_duration,
				client: self.client.clone(),
				select_chain,
				block_import: SelfCheck::<_, _, FullBackend>::new(
					block_import,
					self.client.clone(),
				),
				proposer_factory,
				create_inherent_data_providers: move |_, ()| async move {
					Ok(inherents_at(slot_duration))
				},
				force_authoring,
				backoff_authoring_blocks: None::<()>,
				keystore: self.keystore.keystore(),
				sync_oracle: self.sync.clone(),
				justification_sync_link: self.sync.clone(),
				block_proposal_slot_portion: SlotProportion::new(2f32 / 3f32),
				max_block_proposal_slot_portion: None,
				telemetry: self.telemetry.clone(),
				compatibility_mode: Default::default(),
			},
		)?;
		tasks
			.spawn_essential_handle()
			.spawn_blocking("aura", Some("block-authoring"), aura);
		Ok(())
	}

	/// Votes with GRANDPA, or follows the votes if this node has no authority. The node ends if this does.
	fn spawn_finality(
		self,
		tasks: &TaskManager,
		voter: Voter,
		network: Arc<dyn NetworkService>,
		grandpa_network: GrandpaNetwork,
	) -> Result<(), ServiceError> {
		let task = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: Duration::from_millis(333),
				justification_generation_period: JUSTIFICATION_PERIOD,
				name: Some(voter.name),
				observer_enabled: false,
				keystore: voter.role.is_authority().then(|| self.keystore.keystore()),
				local_role: voter.role,
				telemetry: self.telemetry.clone(),
				protocol_name: grandpa_network.protocol_name,
			},
			link: voter.link,
			network,
			sync: self.sync,
			notification_service: grandpa_network.notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry: self.registry,
			shared_voter_state: voter.state,
			telemetry: self.telemetry,
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(self.pool),
		})?;
		tasks
			.spawn_essential_handle()
			.spawn_blocking("grandpa-voter", None, task);
		Ok(())
	}
}

fn spawn_offchain_workers(
	config: &Configuration,
	task_manager: &TaskManager,
	client: &Arc<FullClient>,
	backend: &Arc<FullBackend>,
	keystore: &KeystoreContainer,
	pool: &Arc<FullPool>,
	network: &Arc<dyn NetworkService>,
) -> Result<(), ServiceError> {
	let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
		runtime_api_provider: client.clone(),
		is_validator: config.role.is_authority(),
		keystore: Some(keystore.keystore()),
		offchain_db: backend.offchain_storage(),
		transaction_pool: Some(OffchainTransactionPoolFactory::new(pool.clone())),
		network_provider: Arc::new(network.clone()),
		enable_http_requests: false,
		custom_extensions: |_| vec![],
	})?;
	task_manager.spawn_handle().spawn(
		"offchain-workers-runner",
		"offchain-worker",
		workers
			.run(client.clone(), task_manager.spawn_handle())
			.boxed(),
	);
	Ok(())
}
