//! What actors do: both sides do it, and both must agree.

use crate::{
	chain::{self, Chain, RuntimeCall, RuntimeOrigin, System},
	draw::{its_dossier, STRANGER},
	spec::*,
};
use airlock_primitives::Document;
use pallet_airlock_audits::{Decision, Kind, Opinion, Severity};
use pallet_airlock_supermajority::Vote;
use sp_core::H256;

/// Everything that somebody can do, or that happens to the chain.
#[derive(Clone, Debug)]
pub enum Action {
	/// Some blocks pass.
	Blocks(u8),
	/// Another set becomes active.
	Set(Vec<Seat>),
	/// A multi-block migration runs, or has ended.
	Migrating(bool),
	/// A migration of the new code fails.
	MigrationFails,
	/// An authority change is announced, or done.
	Changing(bool),
	/// See the function of this name in [`Spec`]. So are the others.
	Register(Account, Dossier),
	/// By its proposer or not.
	Revise(Account, Id, Dossier),
	/// By its proposer or not.
	Withdraw(Account, Id),
	/// Bytes come.
	Upload(Code),
	/// By anyone.
	Advance(Id),
	/// A simulator comes, by the council or by somebody who may not.
	AdmitSimulator(bool, Account, u32),
	/// A simulator goes.
	RemoveSimulator(bool, Account),
	/// Makes the bond whole.
	TopUp(Account),
	/// For a round and an attempt, those that are open or others; a seal of one's own, or a copied one.
	Commit(Account, Id, (u32, u8), Seal),
	/// With all leaves that were drawn, or one less.
	Reveal(Account, Id, Report, u8, bool),
	/// With one header or none.
	Challenge(Account, Id, Report, Proof),
	/// An auditor comes, by the council or by somebody who may not.
	AdmitAuditor(bool, Account, u32),
	/// An auditor goes.
	RemoveAuditor(bool, Account),
	/// To a dossier, the right one or another.
	Attest(Account, Id, Dossier, Kind, Opinion),
	/// Takes it back.
	Retract(Account, Id, Kind),
	/// An interest in a proposal.
	Conflict(Account, Id),
	/// By anyone, openly or sealed with a text and a salt.
	Finding(Account, Id, Severity, Option<(u8, u8)>),
	/// Shows the text.
	OpenFinding(Account, Id, u32, (u8, u8)),
	/// Judges one.
	Triage(Account, Id, u32, Decision),
	/// It is gone in a dossier, the right one or another.
	Resolve(Account, Id, u32, Dossier),
	/// Puts something into the bounty.
	Fund(Account, Id, u64),
	/// For a dossier, the right one or another.
	Waive(Account, Id, u32, Dossier),
	/// Takes it back.
	RetractWaiver(Account, Id, u32),
	/// On a dossier, the right one or another.
	Vote(Account, Id, Dossier, Vote),
	/// Calls for a stop of a dossier, the right one or another.
	Stop(Account, Id, Dossier),
	/// Takes the call back.
	RetractStop(Account, Id),
	/// For a dossier, the right one or another.
	Ready(Account, Id, Dossier),
	/// Takes the signal back.
	Unready(Account, Id),
	/// How it does.
	Health(Account, Id, bool),
	/// By Root, or by somebody who may not.
	Unlock(bool),
	/// Root itself writes code, past the lifecycle.
	WriteCode(Code),
}

/// The specification does it.
pub fn on_spec(spec: &mut Spec, action: &Action) -> Answer {
	match action.clone() {
		Action::Blocks(n) => {
			(0..n).for_each(|_| spec.next_block());
			Ok(())
		}
		Action::Set(set) => {
			spec.set = set;
			Ok(())
		}
		Action::Migrating(is) => {
			spec.migrating = is;
			Ok(())
		}
		Action::MigrationFails => {
			spec.fail_migration();
			Ok(())
		}
		Action::Changing(is) => {
			spec.changing = is;
			Ok(())
		}
		Action::Upload(code) => {
			spec.upload(code);
			Ok(())
		}
		Action::Register(who, dossier) => spec.register(who, dossier),
		Action::Revise(who, id, dossier) => spec.revise(who, id, dossier),
		Action::Withdraw(who, id) => spec.withdraw(who, id),
		Action::Advance(id) => spec.advance(id),
		Action::AdmitSimulator(by, who, of) => spec.admit_simulator(by, who, of),
		Action::RemoveSimulator(by, who) => spec.remove_simulator(by, who),
		Action::TopUp(who) => spec.top_up(who),
		Action::Commit(who, id, named, seal) => spec.commit(who, id, named, seal),
		Action::Reveal(who, id, report, salt, all) => spec.reveal(who, id, report, salt, all),
		Action::Challenge(who, id, report, proof) => spec.challenge(who, id, report, proof),
		Action::AdmitAuditor(by, who, of) => spec.admit_auditor(by, who, of),
		Action::RemoveAuditor(by, who) => spec.remove_auditor(by, who),
		Action::Attest(who, id, dossier, kind, opinion) => {
			spec.attest(who, id, &dossier, kind, opinion)
		}
		Action::Retract(who, id, kind) => spec.retract(who, id, kind),
		Action::Conflict(who, id) => spec.declare_conflict(who, id),
		Action::Finding(who, id, severity, seal) => spec.report_finding(who, id, severity, seal),
		Action::OpenFinding(who, id, n, opens) => spec.open_finding(who, id, n, opens),
		Action::Triage(who, id, n, decision) => spec.triage(who, id, n, decision),
		Action::Resolve(who, id, n, dossier) => spec.resolve(who, id, n, &dossier),
		Action::Fund(who, id, amount) => spec.fund_bounty(who, id, amount),
		Action::Waive(who, id, n, dossier) => spec.waive(who, id, n, &dossier),
		Action::RetractWaiver(who, id, n) => spec.retract_waiver(who, id, n),
		Action::Vote(who, id, dossier, vote) => spec.vote(who, id, &dossier, vote),
		Action::Stop(who, id, dossier) => spec.stop(who, id, &dossier),
		Action::RetractStop(who, id) => spec.retract_stop(who, id),
		Action::Ready(who, id, dossier) => spec.signal_readiness(who, id, &dossier),
		Action::Unready(who, id) => spec.retract_readiness(who, id),
		Action::Health(who, id, healthy) => spec.report_health(who, id, healthy),
		Action::Unlock(root) => spec.unlock(root),
		Action::WriteCode(_) => Err("NotThisCodesTurn"),
	}
}

/// The pallets do it. `before` is the specification's state before it did.
pub fn on_chain(before: &Spec, action: &Action) -> Answer {
	use pallet_airlock_enactment::Call as Enactment;
	use pallet_airlock_proposals::Call as Proposals;
	use pallet_airlock_supermajority::Call as Supermajority;
	let hash = |dossier: &Dossier| chain::dossier(dossier).hash();
	match action.clone() {
		Action::Blocks(n) => {
			for _ in 0..n {
				chain::begin_block(System::block_number() + 1);
			}
			Ok(())
		}
		Action::Set(set) => {
			chain::Set::set(set);
			Ok(())
		}
		Action::Migrating(is) => {
			chain::Migrating::set(is);
			Ok(())
		}
		Action::MigrationFails => {
			use frame_support::migrations::FailedMigrationHandler;
			chain::Enactment::failed(None);
			Ok(())
		}
		Action::Changing(is) => {
			chain::Changing::set(is);
			Ok(())
		}
		Action::Upload(code) => {
			if before.wanted.contains_key(&code) && !before.bytes.contains(&code) {
				let bytes = chain::blob(code);
				by(STRANGER, pallet_preimage::Call::note_preimage { bytes })?;
			}
			Ok(())
		}
		Action::Register(who, dossier) => {
			let dossier = chain::dossier(&dossier);
			by(who, Proposals::register { dossier })
		}
		Action::Revise(who, id, dossier) => {
			let (dossier, response) = (chain::dossier(&dossier), Document::of(b"answer"));
			let call = Proposals::revise {
				id,
				dossier,
				response,
			};
			by(who, call)
		}
		Action::Withdraw(who, id) => by(who, Proposals::withdraw { id }),
		Action::Advance(id) => by(STRANGER, Proposals::advance { id }),
		Action::Vote(who, id, dossier, vote) => {
			let dossier_hash = hash(&dossier);
			let call = Supermajority::vote {
				id,
				dossier_hash,
				vote,
			};
			by(who, call)
		}
		Action::Stop(who, id, dossier) => {
			let dossier_hash = hash(&dossier);
			by(who, Supermajority::stop { id, dossier_hash })
		}
		Action::RetractStop(who, id) => by(who, Supermajority::retract_stop { id }),
		Action::Ready(who, id, dossier) => {
			let dossier_hash = hash(&dossier);
			let node = Default::default();
			by(
				who,
				Enactment::signal_readiness {
					id,
					dossier_hash,
					node,
				},
			)
		}
		Action::Unready(who, id) => by(who, Enactment::retract_readiness { id }),
		Action::Health(who, id, healthy) => by(who, Enactment::report_health { id, healthy }),
		Action::Unlock(true) => chain::call(RuntimeOrigin::root(), Enactment::unlock {}),
		Action::Unlock(false) => by(STRANGER, Enactment::unlock {}),
		Action::WriteCode(code) => {
			let code = chain::blob(code);
			chain::call(
				RuntimeOrigin::root(),
				frame_system::Call::<Chain>::set_code { code },
			)
		}
		Action::AdmitSimulator(..) | Action::RemoveSimulator(..) | Action::TopUp(_) => {
			simulations(before, action)
		}
		Action::Commit(..) | Action::Reveal(..) | Action::Challenge(..) => {
			simulations(before, action)
		}
		_ => audits(action),
	}
}

fn by(who: Account, call: impl Into<RuntimeCall>) -> Answer {
	chain::call(RuntimeOrigin::signed(who), call)
}

/// The council is root here; somebody who may not is a stranger.
fn council(allowed: bool, call: impl Into<RuntimeCall>) -> Answer {
	match allowed {
		true => chain::call(RuntimeOrigin::root(), call),
		false => by(STRANGER, call),
	}
}

fn simulations(before: &Spec, action: &Action) -> Answer {
	use pallet_airlock_simulations::Call;
	// What a round is about stays so when the proposal is revised.
	let dossier = |id: Id| {
		let round = before.open.get(&id).and_then(|p| p.simulation.as_ref());
		round.map_or_else(|| its_dossier(before, id, 0), |round| round.dossier)
	};
	match action.clone() {
		Action::AdmitSimulator(allowed, simulator, organisation) => {
			let call = Call::admit {
				simulator,
				organisation,
			};
			council(allowed, call)
		}
		Action::RemoveSimulator(allowed, simulator) => council(allowed, Call::remove { simulator }),
		Action::TopUp(who) => by(who, Call::top_up {}),
		Action::Commit(who, id, (round, attempt), seal) => {
			let call = Call::commit {
				id,
				round,
				attempt,
				commitment: chain::seal(&seal, id),
			};
			by(who, call)
		}
		Action::Reveal(who, id, report, salt, all) => by(
			who,
			chain::reveal(who, id, &report, &dossier(id), salt, all),
		),
		Action::Challenge(who, id, report, proof) => {
			by(who, chain::challenge(id, &report, &dossier(id), proof))
		}
		other => unreachable!("no business of simulators: {other:?}"),
	}
}

fn audits(action: &Action) -> Answer {
	use pallet_airlock_audits::Call;
	let hash = |dossier: &Dossier| chain::dossier(dossier).hash();
	match action.clone() {
		Action::AdmitAuditor(allowed, auditor, organisation) => {
			let call = Call::admit {
				auditor,
				organisation,
			};
			council(allowed, call)
		}
		Action::RemoveAuditor(allowed, auditor) => council(allowed, Call::remove { auditor }),
		Action::Attest(who, id, dossier, kind, opinion) => {
			let call = Call::attest {
				id,
				dossier_hash: hash(&dossier),
				kind,
				opinion,
				report: H256::zero(),
			};
			by(who, call)
		}
		Action::Retract(who, id, kind) => by(who, Call::retract { id, kind }),
		Action::Conflict(who, id) => by(who, Call::declare_conflict { id }),
		Action::Finding(who, id, severity, None) => {
			let report = Document::of(b"finding");
			let call = Call::report_finding {
				id,
				severity,
				report,
			};
			by(who, call)
		}
		Action::Finding(who, id, severity, Some(seal)) => {
			let call = Call::seal_finding {
				id,
				severity,
				commitment: chain::finding_seal(who, id, seal),
			};
			by(who, call)
		}
		Action::OpenFinding(who, id, finding, (text, salt)) => {
			let call = Call::open_finding {
				id,
				finding,
				document: Document::of(&[text]),
				salt: [salt; 32],
			};
			by(who, call)
		}
		Action::Triage(who, id, finding, decision) => {
			let call = Call::triage {
				id,
				finding,
				decision,
			};
			by(who, call)
		}
		Action::Resolve(who, id, finding, dossier) => {
			let call = Call::resolve {
				id,
				finding,
				dossier_hash: hash(&dossier),
			};
			by(who, call)
		}
		Action::Fund(who, id, amount) => by(who, Call::fund_bounty { id, amount }),
		Action::Waive(who, id, finding, dossier) => {
			let call = Call::waive {
				id,
				finding,
				dossier_hash: hash(&dossier),
			};
			by(who, call)
		}
		Action::RetractWaiver(who, id, finding) => by(who, Call::retract_waiver { id, finding }),
		other => unreachable!("no business of auditors: {other:?}"),
	}
}

/// Both do it, answer the same, and are in the same state.
///
/// # Panics
/// If they are not.
pub fn both(spec: &mut Spec, action: &Action) -> Answer {
	let answer = on_chain(spec, action);
	let expected = on_spec(spec, action);
	assert_eq!(
		answer, expected,
		"the pallets answered, the specification: {action:?}"
	);
	crate::compare::assert_same(spec);
	chain::try_state();
	answer
}
