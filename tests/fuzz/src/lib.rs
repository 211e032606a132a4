//! Fuzzing of the whole runtime: arbitrary bytes become what hostile and honest users do to it, and laws that hold
//! whatever they do are checked after each step.
//!
//! - [`world`]: the chain, its people, the code that is proposed.
//! - [`calls`]: from bytes to calls: all of ours, all of `System`, and the pallets that wrap or hold calls.
//! - [`honest`]: what an honest user would do next, so that long roads are walked to their ends.
//! - [`laws`]: what must hold.
//!
//! `scripts/fuzz` runs it under libFuzzer; `tests/corpus.rs` runs what was kept.

pub mod calls;
pub mod honest;
pub mod laws;
pub mod world;

use airlock_runtime::{Runtime, RuntimeCall, RuntimeOrigin};
use arbitrary::Unstructured;
use frame_support::{
	dispatch::GetDispatchInfo,
	traits::{Contains, GetCallMetadata},
};
use sp_runtime::traits::Dispatchable;
use std::collections::BTreeMap;

/// Most steps of one input.
pub const STEPS: usize = 160;
/// Kind of a step in which an honest user acts. A row of these walks a lifecycle.
pub const HONEST: u8 = 0;
/// Kind of a step in which a block passes.
pub const BLOCK: u8 = 120;
/// Most blocks of one input.
const BLOCKS: u32 = 240;

/// What one input did.
#[derive(Clone, Debug, Default)]
pub struct Report {
	/// Calls by pallet and name: how many were dispatched, how many succeeded.
	pub calls: BTreeMap<(String, String), (u32, u32)>,
	/// Blocks that passed.
	pub blocks: u32,
	/// Calls that the filter did not let through.
	pub filtered: u32,
}

impl Report {
	/// Adds what another input did.
	pub fn add(&mut self, other: Self) {
		for (call, (tried, done)) in other.calls {
			let entry = self.calls.entry(call).or_default();
			entry.0 += tried;
			entry.1 += done;
		}
		self.blocks += other.blocks;
		self.filtered += other.filtered;
	}
}

/// Runs an input on a fresh chain.
///
/// # Panics
/// If a law is broken: that is a finding.
pub fn run(data: &[u8]) -> Report {
	world::chain().execute_with(|| {
		let mut report = Report::default();
		let mut input = Unstructured::new(data);
		for _ in 0..STEPS {
			if input.is_empty() {
				break;
			}
			// An input that ends in the middle of a step ends there.
			let Ok(step) = step(&mut input) else { break };
			take(step, &mut report);
		}
		laws::at_the_end();
		report
	})
}

/// One thing that happens.
enum Step {
	/// So many blocks pass.
	Blocks(u32),
	/// Somebody sends a call, signed or by a motion of the council.
	Call(RuntimeOrigin, Box<RuntimeCall>),
}

fn step(input: &mut Unstructured) -> arbitrary::Result<Step> {
	Ok(match input.arbitrary::<u8>()? {
		HONEST..BLOCK => match honest::next(input)? {
			Some((who, call)) => Step::Call(RuntimeOrigin::signed(who), Box::new(call)),
			None => Step::Blocks(1),
		},
		BLOCK..150 => Step::Blocks(1),
		150..160 => Step::Blocks(world::until_the_next_edge(input.int_in_range(-1..=1)?)),
		_ => {
			let (origin, call) = calls::any(input)?;
			Step::Call(origin, Box::new(call))
		}
	})
}

fn take(step: Step, report: &mut Report) {
	match step {
		Step::Blocks(count) => {
			for _ in 0..count.min(BLOCKS.saturating_sub(report.blocks)) {
				laws::around_a_block(world::next_block);
				report.blocks += 1;
			}
		}
		Step::Call(origin, call) => dispatch(origin, *call, report),
	}
}

/// Dispatches a call as the runtime does with an extrinsic, without its fee.
fn dispatch(origin: RuntimeOrigin, call: RuntimeCall, report: &mut Report) {
	if !<Runtime as frame_system::Config>::BaseCallFilter::contains(&call) {
		report.filtered += 1;
	}
	let name = call.get_call_metadata();
	let info = call.get_dispatch_info();
	let shown = call.clone();
	let result = laws::around_a_call(&shown, || {
		frame_support::storage::with_storage_layer(|| call.dispatch(origin))
	});
	laws::weight(&shown, &info, &result);
	let key = (name.pallet_name.to_owned(), name.function_name.to_owned());
	let entry = report.calls.entry(key).or_default();
	entry.0 += 1;
	entry.1 += u32::from(result.is_ok());
}
