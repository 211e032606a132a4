//! Types and traits shared by the pallets of Airlock.
//!
//! No pallet of Airlock depends on another pallet's crate: what crosses from one to another is either a
//! type of this crate or a trait of it. There is no storage here.
//!
//! - [`dossier`]: what is judged, and the hash everything else binds to.
//! - [`policy`]: the windows, counts and thresholds that are frozen into a proposal at registration.
//! - [`gate`]: how the stage machine asks a stage for its verdict.
//! - [`rescue`]: what nodes do when code can build no block.
//! - [`traits`]: everything else that one pallet needs of another.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod api;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod dossier;
pub mod gate;
pub mod hash;
pub mod policy;
pub mod rescue;
pub mod traits;

pub use dossier::{Class, CodeRef, Document, Dossier, Rollback, Scope};
pub use gate::{DossierRef, Failure, GateStatus, Outcome, Precondition, Stage, StageGate};
pub use hash::{domain_hash, Domain};
pub use policy::{
	BallotPolicy, ClassPolicy, EnactmentPolicy, Policy, ProbationPolicy, Ratio, ReviewPolicy,
	SimulationPolicy,
};
pub use traits::{
	host_functions_hash, CodeHistory, CurrentMajority, Electorate, Invariants, Lifecycle,
	Migrations, NodeSupport, OpenFindings, OrganisationId, Organisations, Party, Power, Rewards,
	Role, Roles, StoredCalls, Vitals, Voter,
};

/// Number of a proposal, given at registration, never used twice.
pub type ProposalId = u32;
