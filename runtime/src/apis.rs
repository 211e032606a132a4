//! The runtime APIs: what nodes and clients may ask.

use crate::*;
use airlock_primitives::{
	api::{Actor, Progress, ProposalView},
	CodeHistory, Lifecycle, ProposalId, Stage,
};
use alloc::{vec, vec::Vec};
use frame_support::genesis_builder_helper::{build_state, get_preset};
use sp_api::impl_runtime_apis;
use sp_consensus_aura::sr25519::AuthorityId as AuraId;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_runtime::{
	traits::{Block as BlockT, NumberFor},
	transaction_validity::{TransactionSource, TransactionValidity},
	ApplyExtrinsicResult, SaturatedConversion,
};

/// Who must act on a proposal, and how much of it there is.
fn awaited(id: ProposalId) -> Vec<Progress> {
	let one = |actor, (have, needed): (u64, u64)| {
		vec![Progress {
			actor,
			have,
			needed,
		}]
	};
	let two = |a, b| [a, b].concat();
	let waits = match Proposals::stage(id) {
		Some(Stage::Registered) => Proposals::uploaded(id).map(|p| one(Actor::Uploader, p)),
		Some(Stage::Simulation) => Simulations::progress(id).map(|p| {
			let needed = p.required.into();
			two(
				one(Actor::SimulatorCommit, (p.commits.into(), needed)),
				one(Actor::SimulatorReveal, (p.reveals.into(), needed)),
			)
		}),
		Some(Stage::Review) => Audits::progress(id).map(|p| {
			let wide = |(have, needed): (u32, u32)| (have.into(), needed.into());
			let (have, needed) = p.bounty;
			let evidence = two(
				one(Actor::Auditor, wide(p.approvals)),
				one(Actor::Builder, wide(p.builds)),
			);
			// In whole units; what is missing is never rounded away.
			let units = |amount: Balance| (amount / UNIT).saturated_into::<u64>();
			let needed = needed.div_ceil(UNIT).saturated_into();
			two(evidence, one(Actor::Funder, (units(have), needed)))
		}),
		Some(Stage::Voting) => Supermajority::progress(id).map(|p| one(Actor::ValidatorVote, p)),
		Some(Stage::Timelock) => {
			Enactment::readiness(id).map(|p| one(Actor::ValidatorReadiness, p))
		}
		Some(Stage::Probation) => Enactment::health()
			.map(|(_, healthy, needed, _)| one(Actor::ValidatorHealth, (healthy, needed))),
		None => None,
	};
	waits.unwrap_or_default()
}

impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: <Block as BlockT>::LazyBlock) {
			#[cfg(feature = "faulty")]
			crate::faults::on_execute();
			Executive::execute_block(block);
		}

		fn initialize_block(
			header: &<Block as BlockT>::Header,
		) -> sp_runtime::ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
		fn execute_view_function(
			id: frame_support::view_functions::ViewFunctionId,
			input: Vec<u8>,
		) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
			Runtime::execute_view_function(id, input)
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> <Block as BlockT>::Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(
			data: sp_inherents::InherentData,
		) -> Vec<<Block as BlockT>::Extrinsic> {
			data.create_extrinsics()
		}

		fn check_inherents(
			block: <Block as BlockT>::LazyBlock,
			data: sp_inherents::InherentData,
		) -> sp_inherents::CheckInherentsResult {
			data.check_extrinsics(&block)
		}
	}

	impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			tx: <Block as BlockT>::Extrinsic,
			block_hash: <Block as BlockT>::Hash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, tx, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &<Block as BlockT>::Header) {
			Executive::offchain_worker(header)
		}
	}

	impl sp_consensus_aura::AuraApi<Block, AuraId> for Runtime {
		fn slot_duration() -> sp_consensus_aura::SlotDuration {
			sp_consensus_aura::SlotDuration::from_millis(Aura::slot_duration())
		}

		fn authorities() -> Vec<AuraId> {
			pallet_aura::Authorities::<Runtime>::get().into_inner()
		}
	}

	impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> sp_consensus_grandpa::SetId {
			pallet_grandpa::CurrentSetId::<Runtime>::get()
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			_proof: sp_consensus_grandpa::EquivocationProof<
				<Block as BlockT>::Hash,
				NumberFor<Block>,
			>,
			_owner: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			// Seats are given and taken by the council; there is no stake to slash.
			None
		}

		fn generate_key_ownership_proof(
			_set_id: sp_consensus_grandpa::SetId,
			_authority: sp_consensus_grandpa::AuthorityId,
		) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
			None
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(
			owner: Vec<u8>,
			seed: Option<Vec<u8>>,
		) -> sp_session::OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
		for Runtime
	{
		fn query_info(
			xt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(xt, len)
		}

		fn query_fee_details(
			xt: <Block as BlockT>::Extrinsic,
			len: u32,
		) -> pallet_transaction_payment::FeeDetails<Balance> {
			TransactionPayment::query_fee_details(xt, len)
		}

		fn query_weight_to_fee(weight: frame_support::weights::Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, genesis_config_presets::get_preset)
		}

		fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
			genesis_config_presets::preset_names()
		}
	}

	impl airlock_primitives::api::AirlockApi<Block, AccountId, BlockNumber> for Runtime {
		fn proposals() -> Vec<ProposalView<AccountId, BlockNumber>> {
			Proposals::views()
		}

		fn proposal(id: ProposalId) -> Option<ProposalView<AccountId, BlockNumber>> {
			Proposals::views().into_iter().find(|view| view.id == id)
		}

		fn awaited(id: ProposalId) -> Vec<Progress> {
			awaited(id)
		}

		fn code() -> (Hash, u32) {
			(Enactment::current(), Enactment::highest_spec_version())
		}

		fn uploaded(hash: Hash, len: u32) -> Option<Vec<u8>> {
			use frame_support::traits::QueryPreimage;
			Preimage::fetch(&hash, Some(len)).ok().map(|bytes| bytes.into_owned())
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (
			Vec<frame_benchmarking::BenchmarkList>,
			Vec<frame_support::traits::StorageInfo>,
		) {
			use frame_benchmarking::BenchmarkList;
			use frame_support::traits::StorageInfoTrait;
			let mut list = Vec::<BenchmarkList>::new();
			list_benchmarks!(list, extra);
			(list, AllPalletsWithSystem::storage_info())
		}

		fn dispatch_benchmark(
			config: frame_benchmarking::BenchmarkConfig,
		) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
			use frame_benchmarking::BenchmarkBatch;
			use frame_support::traits::WhitelistedStorageKeys;
			let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
			let mut batches = Vec::<BenchmarkBatch>::new();
			let params = (&config, &whitelist);
			add_benchmarks!(params, batches);
			Ok(batches)
		}
	}
}
