//! A real Airlock network on loopback, and everybody who plays a part in an upgrade of it.
//!
//! - [`network`]: starts, stops and removes `airlock-node` processes.
//! - [`client`]: talks to one node; survives runtime upgrades.
//! - [`roles`]: one function for each thing that an actor does.
//! - [`lifecycle`]: drives one upgrade through all stages.
//! - [`display`]: shows what happened and what is awaited.
//! - [`report`]: what was claimed, and the evidence.
//! - [`demo`]: both acts, as the binary and the end-to-end test run them.

pub mod client;
pub mod demo;
pub mod display;
pub mod lifecycle;
pub mod network;
pub mod report;
pub mod roles;
