//! nightshift runs a coding agent over a directory of tickets through the night, and reports in
//! the morning. `docs/architecture.md` is the map of these rooms; a room imports only what stands
//! below it.

pub mod audit;
pub mod backlog;
pub mod clock;
pub mod config;
pub mod diagnostic;
pub mod gate;
pub mod harness;
pub mod journal;
pub mod layout;
pub mod machine;
pub mod morning;
mod mutant;
pub mod policy;
pub mod process;
pub mod repo;
pub mod report;
pub mod sandbox;
pub mod say;
pub mod shift;
pub mod sim;

pub mod cli;
