//! Tests decide.
//!
//! [`run`] runs one check (the gate or a ticket's acceptance check) on one tree and says what it
//! means: not only red or green, but whose fault, told by [`classify`] from facts. Green verdicts
//! are remembered by tree and command ([`Memory`]), files that judge the work are guarded
//! ([`Protected`]).

mod classify;
mod environment;
mod kept;
mod memory;
mod protect;
mod run;
mod signature;
pub mod verdict;

pub use classify::{Outcome, classify, judge};
pub use environment::environment;
pub use memory::{Memory, command_hash};
pub use protect::{GlobError, Protected};
pub use run::{GateRun, Judged, run};
pub use signature::{signature, telling_line};
