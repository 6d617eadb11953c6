//! The tests that stand outside of the rooms, in one binary, one module per subject.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on has failed; clippy spares test functions only, not what they call"
)]

mod bed;
mod house;
mod kill;
mod known;
mod real_crate;
mod verbs;
mod watchdog;
