//! The tests that stand outside of the rooms, in one binary, one module per subject.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed; clippy spares test functions only, not what they call"
)]

mod acp;
mod bed;
#[path = "../../fuzz/bodies/mod.rs"]
mod bodies;
mod budget;
mod control;
mod corpus;
mod declared;
// Registers and the numbers of system calls are those of this processor.
#[cfg(target_arch = "x86_64")]
mod fault;
mod hook;
mod hostile;
mod house;
mod kill;
mod known;
mod live;
mod mcp;
mod model;
mod network;
mod objective;
mod real_crate;
mod redteam;
mod requires;
mod scan;
mod secrets;
mod trust;
mod verbs;
mod verify;
mod watchdog;
mod weather;
