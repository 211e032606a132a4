//! From bytes to calls: mostly ones that mean something here, with values that nobody would choose among them.

use crate::{
	honest::SALT,
	world::{self, dossier_hash, people},
};
use airlock_primitives::{Class, Document, ProposalId};
use airlock_report::{openings, samples, BlockLeaf, Leaf, Opening, Report, SectionId};
use airlock_runtime::{
	configs::lifecycle::Witness, AccountId, Header, Runtime, RuntimeCall, RuntimeOrigin, System,
	UNIT,
};
use airlock_runtime_tests as whole;
use arbitrary::{Result, Unstructured};
use codec::{DecodeLimit, Encode};
use pallet_airlock_audits::{Decision, Kind, Opinion, SealedFinding, Severity};
use pallet_airlock_simulations::{Evidence, Round};
use pallet_airlock_supermajority::Vote;
use sp_core::H256;

/// How deep a call from raw bytes may nest, as the runtime's own extrinsics may.
const DEPTH: u32 = 8;

/// A call, with an origin that it was thought for.
type Meant = (RuntimeCall, RuntimeOrigin);

/// Any call by anybody: mostly by whom it was thought for, else by another, or by enough of the council.
///
/// # Errors
/// If the input is at its end.
pub fn any(input: &mut Unstructured) -> Result<(RuntimeOrigin, RuntimeCall)> {
	let (call, meant) = call(input, 2)?;
	let origin = match input.arbitrary::<u8>()? {
		0..4 => council_of(3),
		4..8 => council_of(2),
		8..48 => by_somebody(input)?,
		_ => meant,
	};
	Ok((origin, call))
}

/// One call; one that wraps others does so at most `depth` times.
fn call(input: &mut Unstructured, depth: u8) -> Result<Meant> {
	let kind = input.int_in_range(0..=15u8)?;
	let call = match kind {
		0 | 1 => (proposals(input)?, by(whole::proposer())),
		2 | 3 => simulations(input)?,
		4..=7 => audits(input)?,
		8 => supermajority(input)?,
		9 => enactment(input)?,
		10 => registries(input)?,
		11 => (system(input)?, by_somebody(input)?),
		12 => (others(input)?, by_somebody(input)?),
		13 | 14 if depth > 0 => wrapped(input, depth - 1)?,
		_ => (raw(input)?, by_somebody(input)?),
	};
	Ok(call)
}

fn by(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

fn by_somebody(input: &mut Unstructured) -> Result<RuntimeOrigin> {
	Ok(by(somebody(input)?))
}

fn by_one_of(input: &mut Unstructured, role: &[AccountId]) -> Result<RuntimeOrigin> {
	Ok(by(input.choose(role)?.clone()))
}

/// So many of the four councillors.
fn council_of(ayes: u32) -> RuntimeOrigin {
	pallet_collective::RawOrigin::Members(ayes, 4).into()
}

fn somebody(input: &mut Unstructured) -> Result<AccountId> {
	Ok(input.choose(&people())?.clone())
}

/// Mostly the number of an open proposal.
fn id(input: &mut Unstructured) -> Result<ProposalId> {
	let open = world::open();
	match open.is_empty() || input.ratio(1, 16)? {
		true => input.int_in_range(0..=3),
		false => Ok(*input.choose(&open)?),
	}
}

/// Mostly the hash of the dossier that is judged.
fn its_dossier(input: &mut Unstructured, id: ProposalId) -> Result<H256> {
	match input.ratio(1, 16)? {
		true => Ok(H256::repeat_byte(input.arbitrary()?)),
		false => Ok(dossier_hash(id)),
	}
}

fn dossier(input: &mut Unstructured) -> Result<airlock_primitives::Dossier> {
	let classes = [Class::Standard, Class::Security, Class::SelfChange];
	let scope = *input.choose(&[50, 50, 50, 11, 1, 255])?;
	let class = *input.choose(&classes)?;
	let mut dossier = world::dossier(input.int_in_range(0..=3)?, scope, class);
	match input.arbitrary::<u8>()? {
		0 => dossier.code.len = input.arbitrary()?,
		1 => dossier.code.hash = H256::repeat_byte(input.arbitrary()?),
		2 => dossier.code.spec_version = input.arbitrary()?,
		3 => dossier.parent_code_hash = H256::zero(),
		4 => dossier.scope = Default::default(),
		_ => (),
	}
	Ok(dossier)
}

fn proposals(input: &mut Unstructured) -> Result<RuntimeCall> {
	use pallet_airlock_proposals::Call;
	let id = id(input)?;
	let call = match input.int_in_range(0..=5u8)? {
		0 | 1 => Call::register {
			dossier: dossier(input)?,
		},
		2 => Call::revise {
			id,
			dossier: dossier(input)?,
			response: Document::of(b"answer"),
		},
		3 if input.ratio(1, 4)? => Call::withdraw { id },
		_ => Call::advance { id },
	};
	Ok(call.into())
}

type Leaves = Vec<(SectionId, Vec<Leaf>)>;

/// Reports that simulators here make: by one of two engines, honest, or with one of two lies about the first block.
pub(crate) fn reports(id: ProposalId) -> Vec<(Report, Leaves)> {
	let lies: [fn(&mut BlockLeaf); 3] = [
		|_| (),
		|leaf| leaf.state_root = H256::zero(),
		|leaf| leaf.hash = H256::zero(),
	];
	let mut all = Vec::new();
	for lie in lies {
		let (mut config, mut leaves) = (whole::report(id).config, whole::leaves(id));
		if let Some(Leaf::Block(leaf)) = leaves[3].1.first_mut() {
			lie(leaf);
		}
		for engine in [1, 2] {
			config.engine = H256::repeat_byte(engine);
			let report = Report::of(config.clone(), &leaves);
			all.extend(report.map(|report| (report, leaves.clone())));
		}
	}
	all
}

fn simulations(input: &mut Unstructured) -> Result<Meant> {
	use pallet_airlock_simulations::{Call, Rounds, Submissions};
	let id = id(input)?;
	let simulators = whole::simulators();
	let kind = input.int_in_range(0..=5u8)?;
	let Some(round) = Rounds::<Runtime>::get(id).filter(|_| kind > 0) else {
		return Ok((Call::top_up {}.into(), by_one_of(input, &simulators)?));
	};
	let reports = reports(id);
	let (mut report, mut leaves) = input.choose(&reports)?.clone();
	let mut who = input.choose(&simulators)?.clone();
	let submissions = Submissions::<Runtime>::get(id);
	if kind < 3 {
		let (round, attempt) = named(input, &round);
		let call = Call::commit {
			id,
			round,
			attempt,
			commitment: whole::seal(id, &who, &report, SALT),
		};
		return Ok((call.into(), by(who)));
	}
	// Mostly what was sealed, and by whom.
	if !submissions.is_empty() && !input.ratio(1, 8)? {
		let sealed = input.choose(&submissions)?;
		who = sealed.simulator.clone();
		let is_it =
			|(report, _): &&(Report, _)| whole::seal(id, &who, report, SALT) == sealed.commitment;
		if let Some(its) = reports.iter().find(is_it) {
			(report, leaves) = its.clone();
		}
	}
	if kind < 5 {
		let drawn = samples(&round.seed.unwrap_or_default(), &who.encode(), &report);
		let openings = openings(&leaves, &drawn).unwrap_or_default();
		let salt = SALT;
		let call = Call::reveal {
			id,
			report,
			salt,
			openings,
		};
		return Ok((call.into(), by(who)));
	}
	Ok(match evidence(&leaves) {
		Some(evidence) => {
			let report_root = report.root();
			let call = Call::challenge {
				id,
				report_root,
				evidence,
			};
			(call.into(), by_somebody(input)?)
		}
		None => (Call::top_up {}.into(), by(who)),
	})
}

/// Mostly the round and the attempt that run. What comes next decides and is not consumed: kept inputs are read as they
/// were before commitments named an attempt.
fn named(input: &Unstructured, open: &Round<u32>) -> (u32, u8) {
	match input.peek_bytes(1) {
		Some([253]) => (open.round, open.attempt ^ 1),
		Some([254]) => (open.round.wrapping_sub(1), open.attempt),
		_ => (open.round, open.attempt),
	}
}

/// What would prove a lie about the first block: of the hash by the next block, of a root by its own header.
pub(crate) fn evidence(leaves: &Leaves) -> Option<Evidence<Header>> {
	let block = Box::new(Opening::of(leaves, SectionId::Replay, 0)?);
	let Leaf::Block(leaf) = block.leaf else {
		return None;
	};
	let own = whole::header(leaf.number);
	if own.hash() == leaf.hash {
		let header = Box::new(own);
		return Some(Evidence::Header { block, header });
	}
	let child = Box::new(Opening::of(leaves, SectionId::Replay, 1)?);
	let header = Box::new(whole::header(leaf.number + 1));
	Some(Evidence::Parent {
		block,
		child,
		header,
	})
}

fn severity(input: &mut Unstructured) -> Result<Severity> {
	let all = [
		Severity::Low,
		Severity::Medium,
		Severity::High,
		Severity::Critical,
	];
	Ok(*input.choose(&all)?)
}

fn audits(input: &mut Unstructured) -> Result<Meant> {
	let id = id(input)?;
	match input.int_in_range(0..=7u8)? {
		0 | 1 => attestations(input, id),
		2..=4 => findings(input, id),
		5 => waivers(input, id),
		6 => {
			let amount = UNIT * u128::from(input.arbitrary::<u16>()?);
			let call = pallet_airlock_audits::Call::fund_bounty { id, amount };
			Ok((call.into(), by_somebody(input)?))
		}
		_ => {
			let call = pallet_airlock_audits::Call::declare_conflict { id };
			Ok((call.into(), by_one_of(input, &whole::auditors())?))
		}
	}
}

fn attestations(input: &mut Unstructured, id: ProposalId) -> Result<Meant> {
	use pallet_airlock_audits::{Attestations, Call};
	let said = Attestations::<Runtime>::get(id);
	if !said.is_empty() && input.ratio(1, 4)? {
		let one = input.choose(&said)?;
		let call = Call::retract { id, kind: one.kind };
		return Ok((call.into(), by(one.auditor.clone())));
	}
	let kinds = [Kind::CodeReview, Kind::ReproducedBuild, Kind::Specification];
	let call = Call::attest {
		id,
		dossier_hash: its_dossier(input, id)?,
		kind: *input.choose(&kinds)?,
		opinion: *input.choose(&[Opinion::Approve, Opinion::Reject])?,
		report: H256::zero(),
	};
	Ok((call.into(), by_one_of(input, &whole::auditors())?))
}

fn findings(input: &mut Unstructured, id: ProposalId) -> Result<Meant> {
	use pallet_airlock_audits::{Call, Findings};
	let text = Document::of(&[input.int_in_range(0..=1u8)?]);
	let known: Vec<_> = Findings::<Runtime>::iter_prefix(id).collect();
	if known.is_empty() || input.ratio(1, 4)? {
		let (who, severity) = (somebody(input)?, severity(input)?);
		let sealed = SealedFinding {
			genesis: System::block_hash(0),
			id,
			reporter: who.clone(),
			report: text.clone(),
			salt: SALT,
		};
		let call = match input.arbitrary::<bool>()? {
			true => Call::report_finding {
				id,
				severity,
				report: text,
			},
			false => Call::seal_finding {
				id,
				severity,
				commitment: sealed.commitment(),
			},
		};
		return Ok((call.into(), by(who)));
	}
	let (finding, its) = input.choose(&known)?.clone();
	let auditor = by_one_of(input, &whole::auditors())?;
	Ok(match input.int_in_range(0..=5u8)? {
		0 => {
			let call = Call::open_finding {
				id,
				finding,
				document: text,
				salt: SALT,
			};
			(call.into(), by(its.reporter))
		}
		1 => {
			let dossier_hash = its_dossier(input, id)?;
			let call = Call::resolve {
				id,
				finding,
				dossier_hash,
			};
			(call.into(), auditor)
		}
		_ => {
			let decisions = [
				Decision::Confirm,
				Decision::Dismiss,
				Decision::Spam,
				Decision::Duplicate(0),
				Decision::ConfirmAs(severity(input)?),
			];
			let decision = *input.choose(&decisions)?;
			let call = Call::triage {
				id,
				finding,
				decision,
			};
			(call.into(), auditor)
		}
	})
}

fn waivers(input: &mut Unstructured, id: ProposalId) -> Result<Meant> {
	use pallet_airlock_audits::{Call, FindingSlots, Waivers};
	let given: Vec<_> = Waivers::<Runtime>::iter_prefix(id).collect();
	if !given.is_empty() && input.arbitrary()? {
		let (finding, waiver) = input.choose(&given)?.clone();
		let call = Call::retract_waiver { id, finding };
		return Ok((call.into(), by_one_of(input, &waiver.validators)?));
	}
	let call = Call::waive {
		id,
		finding: input.int_in_range(0..=FindingSlots::<Runtime>::get(id).taken)?,
		dossier_hash: its_dossier(input, id)?,
	};
	Ok((call.into(), by_one_of(input, &whole::validators())?))
}

fn supermajority(input: &mut Unstructured) -> Result<Meant> {
	use pallet_airlock_supermajority::{Call, Stops};
	let id = id(input)?;
	let dossier_hash = its_dossier(input, id)?;
	if let (Some(stops), true) = (Stops::<Runtime>::get(id), input.arbitrary()?) {
		let call = Call::retract_stop { id };
		return Ok((call.into(), by_one_of(input, &stops.validators)?));
	}
	let call = match input.int_in_range(0..=5u8)? {
		0..=3 => Call::vote {
			id,
			dossier_hash,
			vote: *input.choose(&[Vote::Aye, Vote::Nay, Vote::Abstain])?,
		},
		4 => Call::stop { id, dossier_hash },
		_ => Call::retract_stop { id },
	};
	Ok((call.into(), by_one_of(input, &whole::validators())?))
}

fn enactment(input: &mut Unstructured) -> Result<Meant> {
	use pallet_airlock_enactment::Call;
	let id = id(input)?;
	let call = match input.int_in_range(0..=5u8)? {
		0 | 1 => Call::signal_readiness {
			id,
			dossier_hash: its_dossier(input, id)?,
			node: Default::default(),
		},
		2 => Call::retract_readiness { id },
		3 | 4 => Call::report_health {
			id,
			healthy: input.arbitrary()?,
		},
		_ if input.ratio(1, 2)? => {
			let who = somebody(input)?;
			let witness = match input.arbitrary()? {
				true => Witness::Account(who),
				false => Witness::Name(who),
			};
			let call = Call::prove_broken_invariant { id, witness };
			return Ok((call.into(), by_somebody(input)?));
		}
		_ => return Ok((Call::unlock {}.into(), council_of(3))),
	};
	Ok((call.into(), by_one_of(input, &whole::validators())?))
}

/// Who simulates, audits and validates.
fn registries(input: &mut Unstructured) -> Result<Meant> {
	let (who, organisation) = (somebody(input)?, input.int_in_range(1..=210)?);
	let member = input.choose(&whole::validators())?.clone();
	let call = match input.int_in_range(0..=5u8)? {
		0 => pallet_airlock_simulations::Call::admit {
			simulator: who,
			organisation,
		}
		.into(),
		1 => pallet_airlock_simulations::Call::remove { simulator: who }.into(),
		2 => pallet_airlock_audits::Call::admit {
			auditor: who,
			organisation,
		}
		.into(),
		3 => pallet_airlock_audits::Call::remove { auditor: who }.into(),
		4 => pallet_airlock_validators::Call::admit {
			validator: who,
			organisation,
		}
		.into(),
		_ => pallet_airlock_validators::Call::remove { validator: member }.into(),
	};
	Ok((call, council_of(3)))
}

/// All of `System` that takes arguments which matter.
fn system(input: &mut Unstructured) -> Result<RuntimeCall> {
	use frame_system::Call;
	let code = world::blob(input.int_in_range(1..=6)?, 0);
	let code_hash = H256(sp_io::hashing::blake2_256(&code));
	let key = b":code".to_vec();
	let call = match input.int_in_range(0..=10u8)? {
		0 => Call::set_code { code },
		1 => Call::set_code_without_checks { code },
		2 => Call::authorize_upgrade { code_hash },
		3 => Call::authorize_upgrade_without_checks { code_hash },
		4 => Call::apply_authorized_upgrade { code },
		5 => Call::set_storage {
			items: vec![(key, code)],
		},
		6 => Call::kill_storage { keys: vec![key] },
		7 => Call::kill_prefix {
			prefix: key,
			subkeys: 9,
		},
		8 => Call::set_heap_pages { pages: 1 },
		9 => Call::remark_with_event { remark: key },
		_ => Call::remark { remark: key },
	};
	Ok(call.into())
}

/// What moves coins, bytes and keys.
fn others(input: &mut Unstructured) -> Result<RuntimeCall> {
	let who = somebody(input)?;
	let value = UNIT * u128::from(input.arbitrary::<u32>()?);
	let bytes = world::blob(input.int_in_range(1..=6)?, input.int_in_range(0..=3)?);
	let hash = H256(sp_io::hashing::blake2_256(&bytes));
	Ok(match input.int_in_range(0..=7u8)? {
		0 => pallet_balances::Call::transfer_allow_death {
			dest: who.into(),
			value,
		}
		.into(),
		1 => pallet_balances::Call::transfer_all {
			dest: who.into(),
			keep_alive: input.arbitrary()?,
		}
		.into(),
		2 => pallet_balances::Call::burn {
			value,
			keep_alive: input.arbitrary()?,
		}
		.into(),
		3 | 4 => pallet_preimage::Call::note_preimage { bytes }.into(),
		5 => pallet_preimage::Call::unnote_preimage { hash }.into(),
		6 => pallet_preimage::Call::unrequest_preimage { hash }.into(),
		_ => pallet_session::Call::purge_keys {}.into(),
	})
}

/// A call in another one.
fn wrapped(input: &mut Unstructured, depth: u8) -> Result<Meant> {
	let (inner, meant) = call(input, depth)?;
	let who = somebody(input)?;
	let call = match input.int_in_range(0..=6u8)? {
		0 => pallet_utility::Call::batch {
			calls: vec![inner, call(input, depth)?.0],
		}
		.into(),
		1 => pallet_utility::Call::force_batch {
			calls: vec![inner, call(input, depth)?.0],
		}
		.into(),
		2 => pallet_utility::Call::as_derivative {
			index: 0,
			call: Box::new(inner),
		}
		.into(),
		3 => pallet_proxy::Call::proxy {
			real: who.into(),
			force_proxy_type: None,
			call: Box::new(inner),
		}
		.into(),
		4 => pallet_multisig::Call::as_multi_threshold_1 {
			other_signatories: vec![who],
			call: Box::new(inner),
		}
		.into(),
		5 => council(input, inner)?,
		_ => pallet_proxy::Call::add_proxy {
			delegate: who.into(),
			proxy_type: Default::default(),
			delay: 0,
		}
		.into(),
	};
	Ok((call, meant))
}

/// A motion: brought, voted on, closed.
fn council(input: &mut Unstructured, inner: RuntimeCall) -> Result<RuntimeCall> {
	use pallet_collective::{Call, Instance1, Proposals};
	let motions = Proposals::<Runtime, Instance1>::get();
	if motions.is_empty() || input.ratio(1, 2)? {
		let call = Call::<Runtime, Instance1>::propose {
			threshold: input.int_in_range(1..=4)?,
			length_bound: inner.encoded_size() as u32,
			proposal: Box::new(inner),
		};
		return Ok(call.into());
	}
	let proposal = *input.choose(&motions)?;
	let index = input.int_in_range(0..=3)?;
	let call = match input.arbitrary::<bool>()? {
		true => Call::<Runtime, Instance1>::vote {
			proposal,
			index,
			approve: true,
		},
		false => Call::close {
			proposal_hash: proposal,
			index,
			proposal_weight_bound: frame_support::weights::Weight::MAX,
			length_bound: 10_000,
		},
	};
	Ok(call.into())
}

/// Whatever the bytes say, if they say anything.
fn raw(input: &mut Unstructured) -> Result<RuntimeCall> {
	let length = input.arbitrary::<u8>()?;
	let bytes = input.bytes(usize::from(length).min(input.len()))?;
	let call = RuntimeCall::decode_with_depth_limit(DEPTH, &mut &bytes[..]);
	let nothing = || frame_system::Call::remark { remark: vec![] }.into();
	Ok(call.unwrap_or_else(|_| nothing()))
}
