//! A real Airlock network on loopback, and everybody who plays a part in an upgrade of it.
//!
//! - [`network`]: starts, stops and removes `airlock-node` processes.
//! - [`client`]: talks to one node; survives runtime upgrades.
//! - [`hand`]: the program `airlock`, with which the cast of the demo does everything of the lifecycle.
//! - [`answers`]: what programs read of what it answers.
//! - [`roles`]: the same by transactions of one's own, for those who do what the program would not.
//! - [`lifecycle`]: drives one upgrade through all stages.
//! - [`display`]: shows what happened and what is awaited.
//! - [`report`]: what was claimed, and the evidence.
//! - [`demo`]: the acts, as the binary and the end-to-end tests run them.
//! - [`gauntlet`]: bad upgrades, pushed as far as the chain lets them; and faults of nodes while a good one passes.
//! - [`matrix`]: upgrades with one thing wrong each, simulated; [`measure`]: what a simulation costs.
//! - [`wires`]: what connects nodes, and can be cut.
//! - [`program`]: what the binaries share.

pub mod answers;
pub mod client;
pub mod demo;
pub mod display;
pub mod gauntlet;
pub mod hand;
pub mod lifecycle;
pub mod matrix;
pub mod measure;
pub mod network;
pub mod program;
pub mod report;
pub mod roles;
pub mod wires;
