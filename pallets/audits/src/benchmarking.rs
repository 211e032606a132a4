//! Benchmarks: every list about the proposal is full, everybody has money.

use super::*;
use airlock_primitives::{
	benchmarking::{self as common, BenchmarkHelper, ID},
	Stage,
};
use frame_benchmarking::{account, v2::*, BenchmarkError};
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;

/// An account that can pay for everything.
fn rich<T: Config>(kind: &'static str, n: u32) -> T::AccountId
where
	T::Currency: Mutate<T::AccountId>,
{
	let who = account(kind, n, 0);
	let amount = T::Bond::get().saturating_add(T::MinBounty::get());
	let minted = T::Currency::mint_into(&who, amount.saturating_mul(100u32.into()));
	assert!(minted.is_ok());
	who
}

/// An auditor, of an organisation of its own, that may act.
fn auditor<T: Config>(n: u32) -> T::AccountId
where
	T::Currency: Mutate<T::AccountId>,
{
	let who = rich::<T>("auditor", n);
	assert!(Pallet::<T>::do_admit(&who, n, Zero::zero()).is_ok());
	who
}

fn proposer<T: Config>() -> T::AccountId {
	account("proposer", 0, 0)
}

/// The review of the open proposal. Returns the dossier's hash.
fn open<T: Config>() -> H256 {
	let (proposer, dossier) = (proposer::<T>(), common::dossier(H256::zero(), 2));
	T::BenchmarkHelper::open(&proposer, &dossier, Stage::Review);
	let about = common::about(&proposer, &dossier);
	let now = frame_system::Pallet::<T>::block_number();
	let opened = <Pallet<T> as StageGate<_, _>>::open(ID, &about, &common::policy(), now);
	assert!(opened.is_ok());
	dossier.hash()
}

/// So many attestations, by auditors of the numbers from 1 on: code reviews and builds in turn.
fn attest_all<T: Config>(count: u32)
where
	T::Currency: Mutate<T::AccountId>,
{
	for n in 1..=count {
		let kind = if n % 2 == 0 {
			Kind::CodeReview
		} else {
			Kind::ReproducedBuild
		};
		let attestation = Attestation {
			auditor: auditor::<T>(n),
			organisation: n,
			kind,
			opinion: Opinion::Approve,
			report: H256::zero(),
		};
		assert!(Pallet::<T>::do_attest(ID, attestation).is_ok());
	}
}

/// Open findings of people who are no auditors, each with as many opinions as are kept.
fn find<T: Config>(count: u32, severity: Severity, dossier_hash: H256)
where
	T::Currency: Mutate<T::AccountId>,
{
	for n in 0..count {
		let reporter = rich::<T>("finder", n);
		let deposit = T::FindingDeposit::get();
		let held = T::Currency::hold(&HoldReason::Finding.into(), &reporter, deposit);
		assert!(held.is_ok());
		let opinions = (0..MAX_JUDGEMENTS).map(|n| Judgement {
			organisation: 1_000 + n,
			dossier_hash,
			verdict: Verdict::Triage(Decision::Duplicate(1_000 + n)),
		});
		let opinions: Vec<_> = opinions.collect();
		let finding = Finding {
			reporter,
			organisation: None,
			public: true,
			deposit,
			severity,
			report: Report::Open(document()),
			found_in: dossier_hash,
			status: Status::Open,
			confirmed: false,
			judged_in: dossier_hash,
			judgements: BoundedVec::truncate_from(opinions),
		};
		Pallet::<T>::note_blocking(ID, false, finding.blocks());
		Findings::<T>::insert(ID, n, finding);
	}
	// Those of others than auditors first, so that an auditor finds the last slot free.
	let share = Slots::for_public(T::MaxFindings::get());
	FindingSlots::<T>::insert(
		ID,
		Slots {
			taken: count,
			public_severe: count.min(share),
			public_minor: count.saturating_sub(share).min(share),
		},
	);
}

/// The longest one.
fn document() -> Document {
	common::dossier(H256::zero(), 2).specification
}

/// So many funders, each with the least part.
fn fund<T: Config>(count: u32)
where
	T::Currency: Mutate<T::AccountId>,
{
	for n in 0..count {
		let funder = rich::<T>("funder", n);
		assert!(Pallet::<T>::do_fund(ID, funder, T::MinBounty::get()).is_ok());
	}
}

fn validator<T: Config>(n: u32) -> T::AccountId {
	account("validator", n, 0)
}

/// So many validators stand behind the waiver of a finding.
fn back<T: Config>(finding: u32, count: u32, dossier_hash: H256) {
	let validators: Vec<_> = (0..count).map(validator::<T>).collect();
	let validators = BoundedVec::truncate_from(validators);
	Waivers::<T>::insert(
		ID,
		finding,
		Waiver {
			dossier_hash,
			validators,
		},
	);
}

/// Changes the first finding.
fn change<T: Config>(how: impl FnOnce(&mut FindingOf<T>)) {
	Findings::<T>::mutate(ID, 0, |finding| finding.as_mut().map(how));
}

/// Changes what an organisation of the number 1 000 says of the first finding.
fn say<T: Config>(verdict: Verdict) {
	change::<T>(|finding| {
		if let Some(first) = finding.judgements.iter_mut().next() {
			first.verdict = verdict;
		}
	});
}

/// A review that passes, with all that this pallet keeps about a proposal. For the benchmarks of other pallets.
pub fn fill<T: Config>()
where
	T::Currency: Mutate<T::AccountId>,
{
	let dossier_hash = open::<T>();
	attest_all::<T>(T::MaxAttestations::get());
	find::<T>(T::MaxFindings::get(), Severity::Low, dossier_hash);
	for finding in 0..T::MaxFindings::get() {
		back::<T>(finding, T::MaxValidators::get(), dossier_hash);
	}
	fund::<T>(T::MaxFunders::get().saturating_sub(1));
}

/// After [`fill`]: a finding blocks, and there is time left. For the benchmarks of other pallets.
pub fn wait<T: Config>() {
	let now = frame_system::Pallet::<T>::block_number();
	Blocking::<T>::insert(ID, 1);
	Reviews::<T>::mutate_extant(ID, |review| {
		review.earliest = now;
		review.latest = now.saturating_add(One::one());
	});
}

/// After [`fill`]: each finding is severe, and no auditor stands behind one, so that all are read in vain. For the
/// benchmarks of other pallets.
pub fn doubt<T: Config>() {
	let most = T::MaxFindings::get();
	for number in 0..most {
		Findings::<T>::mutate(ID, number, |finding| {
			if let Some(finding) = finding {
				finding.severity = Severity::Critical;
			}
		});
	}
	Blocking::<T>::insert(ID, most);
}

#[benchmarks(where T::Currency: Mutate<T::AccountId>)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn admit() -> Result<(), BenchmarkError> {
		let origin =
			T::AdmitOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let who = rich::<T>("auditor", 0);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, who.clone(), 0);

		assert!(Auditors::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn remove() -> Result<(), BenchmarkError> {
		let origin =
			T::AdmitOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let who = auditor::<T>(0);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, who.clone());

		assert!(!Auditors::<T>::contains_key(&who));
		Ok(())
	}

	#[benchmark]
	fn attest() {
		let dossier_hash = open::<T>();
		attest_all::<T>(T::MaxAttestations::get().saturating_sub(1));
		let who = auditor::<T>(0);

		#[extrinsic_call]
		_(
			RawOrigin::Signed(who),
			ID,
			dossier_hash,
			Kind::CodeReview,
			Opinion::Approve,
			H256::zero(),
		);

		assert!(Attestations::<T>::get(ID).is_full());
	}

	/// The last attestation of an auditor that leaves with it.
	#[benchmark]
	fn retract() {
		open::<T>();
		attest_all::<T>(T::MaxAttestations::get());
		let who: T::AccountId = account("auditor", 2, 0);
		Auditors::<T>::mutate_extant(&who, |auditor| auditor.leaving = true);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), ID, Kind::CodeReview);

		assert!(!Auditors::<T>::contains_key(&who));
	}

	/// By an auditor, for whom all findings are counted.
	#[benchmark]
	fn report_finding() {
		let dossier_hash = open::<T>();
		let most = T::MaxFindings::get();
		find::<T>(most.saturating_sub(1), Severity::Low, dossier_hash);
		let who = auditor::<T>(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), ID, Severity::Critical, document());

		assert_eq!(FindingSlots::<T>::get(ID).taken, most);
	}

	/// The word of the second organisation, which pays so many parts of the bounty.
	#[benchmark]
	fn triage(f: Linear<1, 15>) {
		let dossier_hash = open::<T>();
		find::<T>(1, Severity::Critical, dossier_hash);
		fund::<T>(f);
		say::<T>(Verdict::Triage(Decision::Confirm));
		let who = auditor::<T>(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), ID, 0, Decision::Confirm);

		assert!(Findings::<T>::get(ID, 0).is_some_and(|finding| finding.confirmed));
	}

	/// The word of the second organisation, which also drops a waiver.
	#[benchmark]
	fn resolve() {
		let dossier_hash = open::<T>();
		find::<T>(1, Severity::Critical, dossier_hash);
		say::<T>(Verdict::Gone);
		change::<T>(|finding| {
			finding.status = Status::Confirmed;
			finding.confirmed = true;
			finding.found_in = H256::zero();
		});
		back::<T>(0, T::MaxValidators::get(), dossier_hash);
		let who = auditor::<T>(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), ID, 0, dossier_hash);

		assert_eq!(Blocking::<T>::get(ID), 0);
	}

	/// A confirmed one, which pays so many parts of the bounty.
	#[benchmark]
	fn open_finding(f: Linear<1, 15>) {
		let dossier_hash = open::<T>();
		find::<T>(1, Severity::Critical, dossier_hash);
		fund::<T>(f);
		let reporter: T::AccountId = account("finder", 0, 0);
		let sealed = SealedFinding {
			genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
			id: ID,
			reporter: reporter.clone(),
			report: document(),
			salt: [1; 32],
		};
		change::<T>(|finding| {
			finding.report = Report::Sealed(sealed.commitment());
			finding.status = Status::Confirmed;
			finding.confirmed = true;
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(reporter), ID, 0, document(), [1; 32]);

		let opened = |finding: FindingOf<T>| matches!(finding.report, Report::Open(_));
		assert!(Findings::<T>::get(ID, 0).is_some_and(opened));
	}

	/// The last of so many funders.
	#[benchmark]
	fn fund_bounty(f: Linear<1, 15>) {
		open::<T>();
		fund::<T>(f.saturating_sub(1));
		let who = rich::<T>("funder", f);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), ID, T::MinBountyPart::get());

		assert_eq!(Bounties::<T>::decode_len(ID), Some(f as usize));
	}

	/// The voice that is enough.
	#[benchmark]
	fn waive(v: Linear<4, 1_000>) {
		T::BenchmarkHelper::set_voters(common::voters(v, validator::<T>));
		let dossier_hash = open::<T>();
		find::<T>(1, Severity::Critical, dossier_hash);
		let behind = v.saturating_mul(9).div_ceil(10).saturating_sub(1);
		back::<T>(0, behind, dossier_hash);

		#[extrinsic_call]
		_(
			RawOrigin::Signed(validator::<T>(v - 1)),
			ID,
			0,
			dossier_hash,
		);

		assert_eq!(Blocking::<T>::get(ID), 0);
	}

	#[benchmark]
	fn retract_waiver(v: Linear<4, 1_000>) {
		let dossier_hash = open::<T>();
		back::<T>(0, v, dossier_hash);

		#[extrinsic_call]
		_(RawOrigin::Signed(validator::<T>(v - 1)), ID, 0);

		assert!(Waivers::<T>::get(ID, 0).is_some_and(|w| w.validators.len() < v as usize));
	}

	#[benchmark]
	fn declare_conflict() {
		open::<T>();
		let who = auditor::<T>(0);

		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), ID);

		// It plays no other role from now on.
		assert!(T::Roles::claim(ID, &who, None, Role::Auditor).is_err());
	}
}
