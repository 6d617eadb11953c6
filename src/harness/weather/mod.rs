//! What a provider said instead of working, recognised in the output of any agent.
//!
//! A [`Recogniser`] is fed with every line and asked at the end, and when nothing has been said for
//! a while. `table` has the words, `until` reads the times; both are data and pure functions.

mod recognise;
mod table;
#[cfg(test)]
mod tests;
mod until;

pub(super) use recognise::{Recogniser, endless};
pub(super) use table::Table;
