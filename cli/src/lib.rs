//! `airlock`: what people in each role do with the chain, one command each.
//!
//! - [`app`]: the command line, and what a command answers.
//! - [`commands`]: one file for each command. They talk to the chain by what is below, and never print.
//! - [`client`]: one node; survives runtime upgrades.
//! - [`transaction`]: from a call to a finalized extrinsic, with everything that is asked and shown before.
//! - [`offline`]: the same in three steps, of which one needs no network.
//! - [`keys`]: who signs.
//! - [`dossier`]: `upgrade.toml`, and the dossier that it describes.
//! - [`view`]: what a chain says of proposals, decoded.
//! - [`units`]: amounts, accounts, blocks as times.
//! - [`failure`]: why a command fails, its exit code, and what to do.
//!
//! Boundary: nothing is sent anywhere but to the node that is named. Results go to stdout, everything else to stderr.

pub mod app;
pub mod client;
pub mod commands;
pub mod dossier;
pub mod failure;
pub mod keys;
pub mod offline;
pub mod transaction;
pub mod units;
pub mod view;
