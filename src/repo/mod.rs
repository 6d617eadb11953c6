//! git as storage: where the repository is, whether a night can run on it, rooms and their
//! snapshots, attempt refs and the night branch.
//!
//! One thread owns every git handle ([`Git`]); everything else sends it requests. The user's
//! checkout, `HEAD`, index, branches, stash, hooks and configuration are never written: only
//! objects, refs under `refs/heads/nightshift/` and `refs/nightshift/` (with their reflogs, where the
//! user keeps them), and one line of `.git/info/exclude`.

mod contents;
mod error;
mod examine;
mod example;
mod furnish;
mod git;
pub mod id;
mod index;
mod land;
mod locate;
mod message;
mod refs;
mod remove;
mod scan;
mod snapshot;
mod store;
mod tree;
mod walk;

#[cfg(test)]
mod tests;

pub use error::{GitError, LandError, LocateError, OpenError, SnapshotError};
pub use examine::{Finding, Fit, examine};
pub use example::{ExampleError, found_example};
pub use furnish::Keep;
pub use git::{Git, Reply};
pub use land::LandedCommit;
pub use locate::{Found, locate};
pub use message::{message, trailers};
pub use snapshot::{Snapshot, TooLarge};
pub use store::{Author, Head};
pub use tree::{FileDiff, Side};
