//! The lifecycle as an executable specification, and the pallets driven together with it.
//!
//! - [`spec`]: the rules in plain Rust, without FRAME and without storage: maps, numbers and one function for each
//!   thing that somebody can do. It is written to be read beside `lifecycle.md`.
//! - [`chain`]: the pallets composed in a small runtime, with the same things to do.
//! - [`play`]: turns arbitrary numbers into what actors do, does it on both, and compares: the same answer, the same
//!   state, after each step.
//!
//! What the specification does not cover: evidence, that is simulations and audits (the gates are left out here; the
//! pallets have tests of their own), bytes of blobs and how they are read (unit tests of
//! `pallet-airlock-proposals`), fees and weights, sessions (`pallet-airlock-validators`).

pub mod chain;
mod compare;
pub mod play;
pub mod spec;
