//! Of the parts that need no runtime: a chain without code, and an outcome made by hand.

mod chain;

use super::*;
use crate::{
	executor::{engine_hash, Executor},
	outcome::Found,
	replay::plan,
};
use airlock_report::{
	leaf::{Blob, CandidateRun, ClassCounts, StaticCheck},
	tree::Sums,
	BlockLeaf, EnactmentLeaf, ExtrinsicClass, Opening, PalletSet, SectionId, SimConfig, StateLeaf,
	StaticLeaf, Verdict, SCHEMA,
};
use sp_runtime::{traits::Header as _, Digest};
use sp_version::RuntimeVersion;
use std::time::Duration;

type MemoryBackend = sc_client_api::in_mem::Backend<Block>;

fn input(blocks: u32) -> Input {
	Input {
		candidate: b"candidate".to_vec(),
		rollback: None,
		anchor: None,
		blocks,
		scope: None,
		effects: Vec::new(),
		minted: 0,
		threads: Some(1),
		cache: None,
	}
}

#[test]
fn simulate_should_fail_when_the_anchor_is_unknown() {
	let anchor = H256::repeat_byte(1);
	let input = Input {
		anchor: Some(anchor),
		..input(1)
	};
	let error = simulate(&MemoryBackend::new(), &input, &()).map(|_| ());
	assert_eq!(error, Err(Error::MissingBlock(anchor)));
}

#[test]
fn plan_should_fail_when_the_range_is_empty_or_reaches_block_0() {
	let zero = H256::zero();
	let anchor = Header::new(5, zero, zero, zero, Digest::default());
	let plan = |blocks| {
		plan(
			&MemoryBackend::new(),
			&Executor::new(),
			&anchor,
			blocks,
			zero,
		)
		.map(|_| ())
	};
	assert_eq!(
		plan(0),
		Err(Error::Range {
			anchor: 5,
			blocks: 0
		})
	);
	assert_eq!(
		plan(6),
		Err(Error::Range {
			anchor: 5,
			blocks: 6
		})
	);
	// The whole chain is a range; its blocks are not there.
	assert_eq!(plan(5), Err(Error::MissingBlock(zero)));
}

#[test]
fn errors_say_what_to_do() {
	let pruned = Error::MissingState(H256::zero(), "State already discarded".into());
	assert!(pruned.to_string().contains("--state-pruning archive"));
	assert!(Error::Range {
		anchor: 5,
		blocks: 6
	}
	.to_string()
	.contains("1 to 5"));
}

fn block(number: u32, control: bool, class: Option<ExtrinsicClass>) -> Replayed {
	let mut classes = ClassCounts::default();
	class.iter().for_each(|class| classes.add(*class));
	let run = CandidateRun {
		memoised: 1,
		..CandidateRun::complete(classes)
	};
	let changed = class.filter(|class| *class != ExtrinsicClass::Identical);
	Replayed {
		leaf: BlockLeaf {
			number,
			hash: H256::from_low_u64_be(u64::from(number)),
			state_root: H256::zero(),
			extrinsics_root: H256::zero(),
			code: H256::zero(),
			extrinsics: 1,
			control,
			outcomes: H256::zero(),
			candidate: class.map(|_| run),
		},
		lines: changed
			.map(|class| ExtrinsicLine {
				index: 0,
				class,
				before: "succeeded".into(),
				after: "trapped".into(),
				detail: String::new(),
				reason: Some("at 0x7f00".into()),
			})
			.into_iter()
			.collect(),
		undeclared: Vec::new(),
		reason: None,
		control_time: Duration::from_millis(number.into()),
		candidate_time: Duration::ZERO,
	}
}

fn outcome(holds: bool, blocks: Vec<Replayed>) -> Outcome {
	let config = SimConfig {
		schema: SCHEMA,
		genesis: H256::zero(),
		parent_code: H256::zero(),
		candidate: H256::zero(),
		rollback: None,
		anchor: 3,
		anchor_hash: H256::zero(),
		blocks: blocks.len() as u32,
		scope: PalletSet::default(),
		effects: H256::zero(),
		minted: 0,
		engine: engine_hash(),
	};
	let blob = Inspected {
		hash: H256::zero(),
		len: 1,
		wasm_len: 1,
		version: None,
		reason: None,
		missing_apis: vec!["Core"],
		leaves: vec![StaticLeaf {
			blob: Blob::Candidate,
			check: StaticCheck::RuntimeApis,
			holds,
		}],
	};
	let switch = Rehearsed {
		leaf: EnactmentLeaf::uneventful(Blob::Candidate),
		reason: None,
		touched: Vec::new(),
		state: StateLeaf::empty(Blob::Candidate),
		remarks: Vec::new(),
		lost: Vec::new(),
		lasting: Vec::new(),
	};
	let version = RuntimeVersion::default();
	let found = Found {
		blobs: vec![blob],
		switches: vec![switch],
		blocks,
		continued: Vec::new(),
		ways: Vec::new(),
		stress: Vec::new(),
	};
	Outcome::new(config, version, found, Timings::default())
}

#[test]
fn the_verdict_follows_from_the_leaves() {
	let verdict = |holds, blocks| outcome(holds, blocks).report.verdict();
	let identical = || block(1, true, Some(ExtrinsicClass::Identical));
	assert_eq!(verdict(true, vec![identical()]), Verdict::Pass);
	assert_eq!(verdict(false, vec![identical()]), Verdict::Fail);
	let declared = block(2, true, Some(ExtrinsicClass::Declared));
	assert_eq!(verdict(true, vec![identical(), declared]), Verdict::Pass);
	let changed = block(2, true, Some(ExtrinsicClass::EventsChanged));
	assert_eq!(verdict(true, vec![identical(), changed]), Verdict::Fail);
	let lost = block(2, true, Some(ExtrinsicClass::ValidityLost));
	assert_eq!(verdict(true, vec![identical(), lost]), Verdict::Fail);
	let broken = block(2, false, None);
	assert_eq!(
		verdict(false, vec![identical(), broken]),
		Verdict::Inconclusive
	);
}

#[test]
fn a_report_has_every_required_section() {
	let report = outcome(true, vec![block(1, true, None)]).report;
	let required = [
		SectionId::Static,
		SectionId::Enactment,
		SectionId::State,
		SectionId::Replay,
	];
	assert!(report.is_complete(&required));
	assert!(!outcome(true, vec![]).report.is_complete(&required));
	let expected = Sums {
		leaves: 1,
		control_only: 1,
		extrinsics: 1,
		..Default::default()
	};
	assert_eq!(
		report.section(SectionId::Replay).map(|s| s.sums),
		Some(expected)
	);
}

#[test]
fn the_root_ignores_times_and_reasons_and_nothing_else() {
	let blocks = || vec![block(1, true, Some(ExtrinsicClass::Trapped))];
	let root = |blocks| outcome(true, blocks).report.root();
	let mut slower = blocks();
	slower[0].control_time = Duration::from_secs(9);
	slower[0].lines[0].reason = Some("at 0x7fff".into());
	assert_eq!(root(blocks()), root(slower));
	let mut other = blocks();
	other[0].leaf.hash = H256::repeat_byte(7);
	assert_ne!(root(blocks()), root(other));
}

#[test]
fn every_leaf_can_be_proved() {
	let outcome = outcome(true, (1..6).map(|n| block(n, true, None)).collect());
	for section in &outcome.report.sections {
		for index in 0..section.count {
			let opening = Opening::of(&outcome.sections, section.id, index).unwrap();
			assert_eq!(opening.verify(&outcome.report), Ok(()));
		}
		assert!(Opening::of(&outcome.sections, section.id, section.count).is_none());
	}
}

#[test]
fn json_names_the_worst_first_and_only_blocks_that_differ() {
	let blocks = vec![
		block(1, true, Some(ExtrinsicClass::Identical)),
		block(2, true, Some(ExtrinsicClass::Trapped)),
		block(3, false, None),
	];
	let outcome = outcome(false, blocks);
	let json = outcome.to_json();
	assert_eq!(json["root"], format!("{:?}", outcome.report.root()));
	assert_eq!(json["verdict"], "inconclusive");
	let kinds: Vec<_> = json["findings"]
		.as_array()
		.unwrap()
		.iter()
		.map(|f| f["kind"].as_str())
		.collect();
	let expected = ["control", "regression", "regression", "note"].map(Some);
	assert_eq!(kinds, expected);
	assert_eq!(json["findings"][1]["detail"], "Core");
	let numbers: Vec<_> = json["blocks"]
		.as_array()
		.unwrap()
		.iter()
		.map(|b| b["number"].as_u64())
		.collect();
	assert_eq!(numbers, [Some(2), Some(3)]);
	assert_eq!(json["sections"].as_array().unwrap().len(), 7);
}
