//! The lifecycle as an executable specification, and the pallets driven together with it.
//!
//! - [`spec`]: the rules in plain Rust, without FRAME and without storage: maps, numbers and one function for each
//!   thing that somebody can do. It is written to be read beside `lifecycle.md`.
//! - [`chain`]: the pallets composed in a small runtime, with the same things to do.
//! - [`draw`]: turns arbitrary numbers into what actors do.
//! - [`play`]: does it on both, and compares: the same answer, the same state, after each step.
//!
//! What the specification does not cover: bytes of blobs and how they are read (unit tests of
//! `pallet-airlock-proposals`), which leaves are drawn and what is wrong with each (a report lies here in one field of
//! one block or in none; unit tests of `pallet-airlock-simulations`), fees and weights, sessions (`pallet-airlock-validators`).

pub mod chain;
mod compare;
pub mod draw;
pub mod play;
pub mod spec;
