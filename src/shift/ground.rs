//! What a run finds when it opens a night: the branches, what a dead runner left, the terms.
//!
//! [`Ground`] is the part of the outside world that opening needs, so that recovery, too, runs in a
//! simulated world. What is decided there stands in `open` and `whole`.

use jiff::Timestamp;

use super::world::Trouble;
use crate::{
    backlog::Backlog,
    clock::Now,
    machine::{Event, NightStarted, Repair},
    repo::{Head, LandedCommit, id::CommitId},
};

/// The terms of a new night that do not depend on the night.
pub type Terms = NightStarted;

/// What opening a night asks of the world, and does to it.
#[expect(
    async_fn_in_trait,
    reason = "used by one single-threaded loop, never as an object"
)]
pub trait Ground {
    /// Ends what a dead runner left running, and removes the locks it left on its own refs.
    ///
    /// # Errors
    /// See [`Trouble`]; the same for all below.
    async fn repair(&mut self) -> Result<Vec<Repair>, Trouble>;

    /// Returns what the user has checked out.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn head(&self) -> Result<Head, Trouble>;

    /// Returns where a branch is; `None` when there is no such branch.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn tip(&self, branch: &str) -> Result<Option<CommitId>, Trouble>;

    /// Returns the commits of a branch after `base`, oldest first.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn landed(&self, branch: &str, base: &CommitId) -> Result<Vec<LandedCommit>, Trouble>;

    /// Makes a branch.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn create_branch(&mut self, branch: &str, at: &CommitId) -> Result<(), Trouble>;

    /// Returns whether a commit is in another one's history, itself included.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn is_ancestor(&self, commit: &CommitId, of: &CommitId) -> Result<bool, Trouble>;

    /// Returns the backlog as it was last read.
    fn backlog(&self) -> &Backlog;

    /// Returns the terms of a night that begins at `at` from `head`, with a name that is free.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn terms(&self, at: Timestamp, head: &Head) -> Result<Terms, Trouble>;

    /// Says which night is worked on from now on.
    fn enter(&mut self, night: &str);

    /// Begins a night's segment of the journal; when this returns it survives power loss.
    ///
    /// # Errors
    /// It could not be made durable; nothing more may be done.
    fn begin(&mut self, now: &Now, events: &[Event]) -> Result<(), Trouble>;
}
