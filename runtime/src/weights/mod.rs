//! Weights of the lifecycle's pallets in this runtime. `scripts/bench weights` makes the files anew.

pub mod audits;
pub mod enactment;
pub mod proposals;
pub mod simulations;
pub mod supermajority;
pub mod validators;
