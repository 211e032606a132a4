//! The rule: which code runs which call, and which blocks are refused. The codes are stand-ins; real ones are in
//! `tests/runtime` and on the networks of `tests/e2e`.

use super::*;
use sc_executor::error::WasmError;
use sp_state_machine::BasicExternalities;

const PARENT_SLOT: u64 = 100;
const GAP: u64 = 10;
const UNTIL: u64 = 50;
const CHAIN: &[u8] = b"the chain's code";
const BACK: &[u8] = b"the way back";
const IMPORT: CallContext = CallContext::Onchain { import: true };
const BUILD: CallContext = CallContext::Onchain { import: false };

/// What a stand-in for the chain's code does: with the state, a method and its arguments.
type Does = fn(&mut dyn Externalities, &str, &[u8]) -> Result<Vec<u8>>;

/// Runs the chain's code as a test says, and the way back well.
#[derive(Clone)]
struct Fake {
	chain: Does,
	/// What was run, by which code.
	calls: Arc<Mutex<Vec<(&'static str, String)>>>,
}

impl CodeExecutor for Fake {
	type Error = Error;

	fn call(
		&self,
		ext: &mut dyn Externalities,
		code: &RuntimeCode,
		method: &str,
		data: &[u8],
		_: CallContext,
	) -> (Result<Vec<u8>>, bool) {
		let is_chain = code.hash == sp_io::hashing::blake2_256(CHAIN);
		let name = if is_chain { "chain" } else { "back" };
		self.calls.lock().unwrap().push((name, method.into()));
		let answer = match is_chain {
			true => (self.chain)(ext, method, data),
			false => back(ext, method),
		};
		(answer, false)
	}
}

impl RuntimeVersionOf for Fake {
	fn runtime_version(
		&self,
		_: &mut dyn Externalities,
		_: &RuntimeCode,
	) -> Result<RuntimeVersion> {
		unreachable!("nobody asks for a version here")
	}
}

impl ReadRuntimeVersion for Fake {
	fn read_runtime_version(
		&self,
		_: &[u8],
		_: &mut dyn Externalities,
	) -> std::result::Result<Vec<u8>, String> {
		unreachable!("nobody asks for a version here")
	}
}

/// The way back: it can build a block if the time is not far ahead.
fn back(ext: &mut dyn Externalities, method: &str) -> Result<Vec<u8>> {
	match method {
		"BlockBuilder_inherent_extrinsics" => Ok(vec![inherent()].encode()),
		"BlockBuilder_apply_extrinsic" if ext.storage(AHEAD).is_some() => {
			Err(Error::Other("the time is far ahead".into()))
		}
		"BlockBuilder_apply_extrinsic" => Ok(vec![0, 0]),
		_ if LASTING.contains(&method) => Ok(lasting(method)),
		_ => Ok(b"back".to_vec()),
	}
}

fn inherent() -> OpaqueExtrinsic {
	OpaqueExtrinsic::try_from_encoded_extrinsic(&vec![1u8].encode()).unwrap()
}

/// What both codes say of what must not change.
fn lasting(method: &str) -> Vec<u8> {
	match method {
		"AuraApi_slot_duration" => 2_000u64.encode(),
		_ => b"lasting".to_vec(),
	}
}

/// Where a stand-in for the chain's code says that the time is far ahead.
const AHEAD: &[u8] = b"ahead";

/// As it should be: it answers what the way back does, and writes the slot of a block that it executes.
fn good(ext: &mut dyn Externalities, method: &str, data: &[u8]) -> Result<Vec<u8>> {
	if method == "Core_execute_block" {
		let header = Header::decode(&mut &data[..]).unwrap();
		ext.place_storage(slot_key(), slot_of(&header).map(|slot| slot.encode()));
	}
	Ok(if LASTING.contains(&method) {
		lasting(method)
	} else {
		b"chain".to_vec()
	})
}

fn traps(_: &mut dyn Externalities, method: &str, _: &[u8]) -> Result<Vec<u8>> {
	Err(Error::Other(format!("{method} traps")))
}

fn slot_key() -> Vec<u8> {
	[b"Aura".as_slice(), b"CurrentSlot"]
		.map(sp_io::hashing::twox_128)
		.concat()
}

/// The state after the block before, in which an upgrade is watched.
fn watched() -> BasicExternalities {
	let mut ext = BasicExternalities::new_empty();
	let armed = Armed {
		until: UNTIL,
		gap: GAP,
	};
	ext.insert(ARMED.to_vec(), armed.encode());
	ext.insert(CODE.to_vec(), BACK.to_vec());
	ext.insert(INSTALLED.to_vec(), CHAIN.to_vec());
	ext.insert(slot_key(), PARENT_SLOT.encode());
	ext
}

/// A header of this number, in a slot so many after its parent's.
fn header(number: u64, after: u64) -> Header {
	let slot = DigestItem::PreRuntime(AURA_ENGINE_ID, (PARENT_SLOT + after).encode());
	Header::new(
		number.try_into().unwrap(),
		Default::default(),
		Default::default(),
		Default::default(),
		Digest { logs: vec![slot] },
	)
}

struct Run {
	executor: RescueExecutor<Fake>,
	ext: BasicExternalities,
}

impl Run {
	fn of(chain: Does) -> Self {
		let calls = Arc::default();
		Self {
			executor: RescueExecutor::new(Fake { chain, calls }, Seen::default()),
			ext: watched(),
		}
	}

	fn call(&mut self, method: &str, data: &[u8], context: CallContext) -> Result<Vec<u8>> {
		let fetcher = WrappedRuntimeCode(CHAIN.into());
		let code = RuntimeCode {
			code_fetcher: &fetcher,
			heap_pages: None,
			hash: sp_io::hashing::blake2_256(CHAIN).to_vec(),
		};
		self.executor
			.call(&mut self.ext, &code, method, data, context)
			.0
	}

	fn execute(&mut self, header: &Header) -> Result<Vec<u8>> {
		self.call("Core_execute_block", &header.encode(), IMPORT)
	}

	/// How often a code ran a method.
	fn count(&self, code: &str, method: &str) -> usize {
		let calls = self.executor.inner.calls.lock().unwrap();
		calls
			.iter()
			.filter(|(by, what)| (*by, what.as_str()) == (code, method))
			.count()
	}

	fn is_marked(&mut self) -> bool {
		self.ext.storage(ACTIVE).is_some()
	}

	fn set(&mut self, key: &[u8], value: &[u8]) {
		self.ext.insert(key.to_vec(), value.to_vec());
	}
}

#[test]
fn nothing_should_be_asked_when_no_rescue_is_armed() {
	let mut run = Run::of(traps);
	run.ext.place_storage(ARMED.to_vec(), None);
	assert!(run.execute(&header(UNTIL + 9, GAP + 9)).is_err());
	assert!(run
		.call("Metadata_metadata", &[], CallContext::Offchain)
		.is_err());
	assert_eq!(run.executor.inner.calls.lock().unwrap().len(), 2);
	assert!(!run.is_marked());
}

#[test]
fn the_way_back_should_run_a_block_exactly_from_the_gap_on() {
	let mut run = Run::of(good);
	assert_eq!(run.execute(&header(7, GAP - 1)).unwrap(), b"chain");
	assert!(!run.is_marked() && run.executor.seen.blocks() == 0);
	let mut run = Run::of(good);
	assert_eq!(run.execute(&header(7, GAP)).unwrap(), b"back");
	assert!(run.is_marked() && run.executor.seen.blocks() == 1);
	assert_eq!(run.count("chain", "Core_execute_block"), 0);
}

#[test]
fn the_way_back_should_run_the_block_after_a_watch_that_is_not_over() {
	let mut run = Run::of(good);
	assert_eq!(run.execute(&header(UNTIL + 1, 1)).unwrap(), b"back");
	assert!(run.is_marked());
}

#[test]
fn a_block_that_fails_should_not_be_rescued_before_its_time() {
	// That it failed is what this machine saw; another one may not have.
	let mut run = Run::of(|ext, method, data| match method {
		"Core_execute_block" => traps(ext, method, data),
		_ => good(ext, method, data),
	});
	assert!(run.execute(&header(7, GAP - 1)).is_err());
	assert_eq!(run.count("back", "Core_execute_block"), 0);
	assert!(!run.is_marked());
}

#[test]
fn a_header_without_a_slot_should_fire_nothing() {
	// Nobody's consensus takes such a block.
	let mut run = Run::of(good);
	let mut header = header(UNTIL + 1, GAP);
	header.digest.logs.clear();
	assert_eq!(run.execute(&header).unwrap(), b"chain");
	assert_eq!(run.count("back", "Core_execute_block"), 0);
	assert!(!run.is_marked());
}

#[test]
fn inherents_should_be_checked_by_the_code_that_runs_their_block() {
	let mut run = Run::of(good);
	for (after, by) in [(GAP - 1, b"chain".as_slice()), (GAP, b"back")] {
		let block = header(7, after).encode();
		let checked = run.call("BlockBuilder_check_inherents", &block, IMPORT);
		assert_eq!(checked.unwrap(), by);
	}
	assert!(!run.is_marked());
}

#[test]
fn the_rest_of_a_block_should_be_run_by_the_code_that_began_it() {
	let rest = [
		"BlockBuilder_apply_extrinsic",
		"BlockBuilder_finalize_block",
	];
	let mut run = Run::of(good);
	run.call("Core_initialize_block", &header(7, GAP).encode(), BUILD)
		.unwrap();
	for method in rest {
		run.call(method, &[], BUILD).unwrap();
		assert_eq!(
			(run.count("back", method), run.count("chain", method)),
			(1, 0)
		);
	}
	let mut run = Run::of(good);
	run.call("Core_initialize_block", &header(7, 1).encode(), BUILD)
		.unwrap();
	for method in rest {
		run.call(method, &[], BUILD).unwrap();
		assert_eq!(
			(run.count("back", method), run.count("chain", method)),
			(0, 1)
		);
	}
}

#[test]
fn who_may_author_should_be_what_the_way_back_says() {
	let mut run = Run::of(traps);
	for method in ["AuraApi_authorities", "AuraApi_slot_duration"] {
		assert_eq!(run.call(method, &[], BUILD).unwrap(), lasting(method));
	}
	assert!(run
		.executor
		.inner
		.calls
		.lock()
		.unwrap()
		.iter()
		.all(|(by, _)| *by == "back"));
}

#[test]
fn other_calls_should_go_to_the_way_back_when_the_chains_code_fails() {
	let mut run = Run::of(|ext, method, data| {
		ext.place_storage(b"half".to_vec(), Some(vec![1]));
		// A trap leaves transactions of the runtime open.
		ext.storage_start_transaction();
		ext.place_storage(b"done".to_vec(), Some(vec![1]));
		traps(ext, method, data)
	});
	let answer = run.call("Metadata_metadata", &[], CallContext::Offchain);
	assert_eq!(answer.unwrap(), b"back");
	assert!(run.ext.storage(b"half").is_none() && run.ext.storage(b"done").is_none());
}

#[test]
fn what_other_calls_write_should_stay_when_the_chains_code_answers() {
	let mut run = Run::of(|ext, _, _| {
		ext.place_storage(b"done".to_vec(), Some(vec![1]));
		Ok(b"chain".to_vec())
	});
	let answer = run.call("Metadata_metadata", &[], CallContext::Offchain);
	assert_eq!(answer.unwrap(), b"chain");
	assert!(run.ext.storage(b"done").is_some());
}

#[test]
fn code_should_build_nothing_when_it_names_other_authorities() {
	let chain: [Does; 2] = [
		|ext, method, data| match method {
			"GrandpaApi_grandpa_authorities" => Ok(b"others".to_vec()),
			_ => good(ext, method, data),
		},
		|ext, method, data| match method {
			"AuraApi_authorities" => traps(ext, method, data),
			_ => good(ext, method, data),
		},
	];
	for chain in chain {
		let mut run = Run::of(chain);
		let begun = run.call("Core_initialize_block", &header(7, 1).encode(), BUILD);
		assert!(begun.is_err() && run.execute(&header(7, 1)).is_err());
		for method in ["Core_initialize_block", "Core_execute_block"] {
			assert_eq!(run.count("chain", method), 0);
		}
	}
}

#[test]
fn a_block_should_be_refused_when_the_rescue_would_not_be_there_after_it() {
	let chain: [Does; 6] = [
		|ext, method, data| {
			let answer = good(ext, method, data);
			if method == "Core_execute_block" {
				ext.place_storage(ARMED.to_vec(), None);
			}
			answer
		},
		// Who authors is known, and nobody could build.
		|ext, method, data| {
			let answer = good(ext, method, data);
			if method == "Core_execute_block" {
				ext.place_storage(AHEAD.to_vec(), Some(vec![1]));
			}
			answer
		},
		|ext, method, data| {
			let answer = good(ext, method, data);
			if method == "Core_execute_block" {
				let later = Armed {
					until: UNTIL + 1,
					gap: GAP,
				};
				ext.place_storage(ARMED.to_vec(), Some(later.encode()));
			}
			answer
		},
		|ext, method, data| {
			let answer = good(ext, method, data);
			if method == "Core_execute_block" {
				ext.place_storage(CODE.to_vec(), Some(b"other code".to_vec()));
			}
			answer
		},
		// A slot that never comes keeps the gap from ever being there.
		|ext, method, data| {
			let answer = good(ext, method, data);
			if method == "Core_execute_block" {
				ext.place_storage(slot_key(), Some(u64::MAX.encode()));
			}
			answer
		},
		// So does the parent's slot, for whoever asks the state.
		|ext, method, data| match method {
			"Core_execute_block" => Ok(b"chain".to_vec()),
			_ => good(ext, method, data),
		},
	];
	for (at, chain) in chain.into_iter().enumerate() {
		let mut run = Run::of(chain);
		assert!(run.execute(&header(7, 1)).is_err(), "case {at}");
		assert_eq!(run.count("chain", "Core_execute_block"), 1, "case {at}");
	}
}

#[test]
fn a_block_should_be_refused_when_it_tells_nodes_of_other_authorities() {
	let mut header = header(7, 1);
	header
		.digest
		.logs
		.push(DigestItem::Consensus(*b"FRNK", vec![1]));
	assert!(Run::of(good).execute(&header).is_err());
}

#[test]
fn the_rescue_may_go_in_the_last_block_of_the_watch_and_with_the_way_back() {
	let ends: Does = |ext, method, data| {
		let answer = good(ext, method, data);
		if method == "Core_execute_block" {
			ext.place_storage(ARMED.to_vec(), None);
			ext.place_storage(CODE.to_vec(), None);
		}
		answer
	};
	assert_eq!(Run::of(ends).execute(&header(UNTIL, 1)).unwrap(), b"chain");
	assert!(Run::of(ends).execute(&header(UNTIL - 1, 1)).is_err());
	// The chain went back by itself: there is nothing to be rescued from.
	let mut run = Run::of(ends);
	run.set(PENDING_CODE, BACK);
	assert_eq!(run.execute(&header(UNTIL - 1, 1)).unwrap(), b"chain");
}

#[test]
fn code_that_could_not_be_loaded_should_not_be_loaded_again_at_once() {
	let mut run = Run::of(|_, _, _| {
		let why = WasmError::Instantiation("no memory".into());
		Err(Error::RuntimeConstruction(why))
	});
	for _ in 0..3 {
		let answer = run.call("Metadata_metadata", &[], CallContext::Offchain);
		assert_eq!(answer.unwrap(), b"back");
	}
	assert_eq!(run.count("chain", "Metadata_metadata"), 1);
	assert_eq!(run.count("back", "Metadata_metadata"), 3);
}

/// Its first block leaves a state on which nobody can build.
fn sets_the_time(ext: &mut dyn Externalities, method: &str, data: &[u8]) -> Result<Vec<u8>> {
	let answer = good(ext, method, data);
	if method == "Core_execute_block" {
		ext.place_storage(AHEAD.to_vec(), Some(vec![1]));
	}
	answer
}

#[test]
fn a_block_should_not_be_refused_for_a_way_back_that_could_not_build_before_it() {
	let mut run = Run::of(sets_the_time);
	assert!(run.execute(&header(7, 1)).is_err());
	let mut run = Run::of(good);
	run.set(AHEAD, &[1]);
	assert_eq!(run.execute(&header(7, 1)).unwrap(), b"chain");
}

#[test]
fn what_is_known_of_a_state_should_be_of_that_state_whatever_a_header_claims() {
	let mut run = Run::of(sets_the_time);
	let claimed = run.ext.storage_root(StateVersion::V1);
	let mut lying = header(7, 1);
	lying.state_root = sp_core::H256::from_slice(&claimed);
	assert!(run.execute(&lying).is_err());
	let known = run.executor.could_build.lock().unwrap();
	assert_eq!(known.get(&claimed), Some(&true));
	assert!(known.values().any(|could| !could));
}

#[test]
fn a_way_back_that_is_installed_should_be_able_to_build_as_well() {
	let chain: Does = |ext, method, data| {
		let answer = sets_the_time(ext, method, data);
		if method == "Core_execute_block" {
			ext.place_storage(ARMED.to_vec(), None);
			ext.place_storage(PENDING_CODE.to_vec(), Some(BACK.to_vec()));
		}
		answer
	};
	for number in [7, UNTIL] {
		assert!(Run::of(chain).execute(&header(number, 1)).is_err());
	}
}

#[test]
fn what_the_code_leaves_open_should_hide_nothing() {
	let mut run = Run::of(|ext, method, data| {
		let answer = good(ext, method, data);
		if method == "Core_execute_block" {
			let armed = ext.storage(ARMED);
			ext.place_storage(ARMED.to_vec(), None);
			ext.storage_start_transaction();
			ext.place_storage(ARMED.to_vec(), armed);
		}
		answer
	});
	assert!(run.execute(&header(7, 1)).is_err());
}

#[test]
fn inherents_of_others_should_be_checked_by_code_that_could_not_be_loaded() {
	let mut run = Run::of(good);
	run.executor.note_broken(&sp_io::hashing::blake2_256(CHAIN));
	let block = header(7, 1).encode();
	let checked = run.call(
		"BlockBuilder_check_inherents",
		&block,
		CallContext::Offchain,
	);
	assert_eq!(checked.unwrap(), b"chain");
}

#[test]
fn what_the_way_back_builds_to_see_if_it_can_should_leave_no_trace() {
	let mut run = Run::of(good);
	assert_eq!(run.execute(&header(7, 1)).unwrap(), b"chain");
	// Before the block, of which nothing is known yet, and after it.
	assert_eq!(run.count("back", "BlockBuilder_finalize_block"), 2);
	assert!(!run.is_marked() && run.executor.seen.blocks() == 0);
}

#[test]
fn code_that_could_not_be_loaded_should_be_tried_for_a_block_of_others() {
	let mut run = Run::of(good);
	run.executor.note_broken(&sp_io::hashing::blake2_256(CHAIN));
	assert!(run
		.call("Core_initialize_block", &header(7, 1).encode(), BUILD)
		.is_err());
	assert_eq!(run.execute(&header(7, 1)).unwrap(), b"chain");
}

#[test]
fn workers_of_code_that_is_watched_should_not_run() {
	let mut run = Run::of(good);
	let answer = run.call(
		"OffchainWorkerApi_offchain_worker",
		&[],
		CallContext::Offchain,
	);
	assert!(answer.unwrap().is_empty());
	assert!(run.executor.inner.calls.lock().unwrap().is_empty());
}

#[test]
fn an_author_should_not_begin_again_while_a_call_does_not_end() {
	let mut run = Run::of(good);
	let header = header(7, 1);
	let begin = |run: &mut Run| run.call("Core_initialize_block", &header.encode(), BUILD);
	begin(&mut run).unwrap();
	assert!(
		run.executor.building.lock().unwrap().is_empty(),
		"it has ended"
	);
	let stuck = Instant::now()
		.checked_sub(STUCK_AFTER + STUCK_AFTER)
		.unwrap();
	let building = run.executor.building.clone();
	let call = |code: &[u8]| (sp_io::hashing::blake2_256(code).to_vec(), stuck);
	building
		.lock()
		.unwrap()
		.insert(u64::MAX, call(b"code of long ago"));
	begin(&mut run).unwrap();
	building.lock().unwrap().insert(u64::MAX, call(CHAIN));
	assert!(begin(&mut run).is_err());
	// Whoever imports is not held up by it.
	run.execute(&header).unwrap();
}
