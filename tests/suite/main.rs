//! The tests that stand outside of the rooms, in one binary, one module per subject.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed; clippy spares test functions only, not what they call"
)]

mod bed;
mod house;
mod known;
