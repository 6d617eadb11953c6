//! Agents that attack what is around them, each in a night of its own: the real binary, the default
//! confinement, a shell script as the agent.
//!
//! An [`attack::Attack`] is a row of a table, one table per theme. What holds for every one of them
//! (`scene.rs`) is looked at from outside: nothing of the user's has changed, no planted secret is
//! anywhere it could be read, nobody was reached, no process is left, the journal is sound. A row
//! adds what is its own. `open.rs` holds what is not prevented, as `docs/security.md` says.
//!
//! Every script is harmless if it succeeds: it touches what the test has made, and nothing else.

mod attack;
mod disk;
mod escape;
mod files;
mod gates;
mod git;
mod network;
mod numbers;
mod open;
mod scene;
mod secrets;
mod talk;
