//! Everything outside the machine, behind one trait: [`World`].
//!
//! Git, processes, files, clock and journal are reached only through it, so that a simulated world
//! can run whole nights with faults injected. One [`crate::machine::Effect`] is one method.

use jiff::Timestamp;

use super::ground::Ground;
use crate::{
    backlog::ticket::TicketId,
    clock::Now,
    machine::{Event, State},
    repo::id::{CommitId, TreeId},
};

/// An effect or a write that could not be done: the night is halted, its states are kept.
#[derive(Debug, thiserror::Error)]
#[error("{because}")]
pub struct Trouble {
    /// What could not be done, and why, in one line without a full stop.
    pub because: String,
    /// What to do about it, without a full stop.
    pub remedy: String,
}

impl Trouble {
    /// Returns a trouble with this reason and remedy.
    pub fn new(because: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            because: because.into(),
            remedy: remedy.into(),
        }
    }

    /// Returns the trouble of an error, with all its causes in one line.
    pub fn of(error: &dyn std::error::Error, remedy: impl Into<String>) -> Self {
        let mut because = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !because.ends_with(&text) {
                because = format!("{because}: {text}");
            }
            source = cause.source();
        }
        Self {
            because,
            remedy: remedy.into(),
        }
    }
}

/// What an attempt is about, for the effects that need it.
#[derive(Debug, Clone)]
pub struct AttemptAt<'a> {
    /// The ticket.
    pub ticket: &'a TicketId,
    /// Which attempt, counted over nights.
    pub number: u32,
    /// The snapshot.
    pub from: &'a CommitId,
    /// Its tree.
    pub from_tree: &'a TreeId,
}

/// Everything outside the machine. Methods return what happened, to be journaled by the caller;
/// an empty list means that a stop came first and nothing happened.
#[expect(
    async_fn_in_trait,
    reason = "used by one single-threaded loop, never as an object"
)]
pub trait World: Ground {
    /// Reads both clocks.
    fn now(&self) -> Now;

    /// Journals facts that happened at `now`: when this returns they survive power loss.
    ///
    /// # Errors
    /// They could not be made durable; nothing more may be done.
    fn append(&mut self, now: &Now, events: &[Event]) -> Result<(), Trouble>;

    /// Returns what humans have asked for since the last call. Called before every step.
    ///
    /// # Errors
    /// The requests cannot be read.
    fn requests(&mut self, state: &State) -> Result<Vec<Event>, Trouble>;

    /// Forgets requests that are journaled now.
    ///
    /// # Errors
    /// The requests cannot be taken away; they are harmless, as each counts once.
    fn requests_done(&mut self, state: &State) -> Result<(), Trouble>;

    /// Returns what has changed at a boundary between tickets: the backlog, the disk.
    ///
    /// # Errors
    /// The backlog cannot be read at all, or the disk is nearly full.
    async fn boundary(&mut self, state: &State) -> Result<Vec<Event>, Trouble>;

    /// Asks the contract about a ticket.
    ///
    /// # Errors
    /// See [`Trouble`]; the same for every effect below.
    async fn judge(&mut self, state: &State, ticket: &TicketId) -> Result<Vec<Event>, Trouble>;

    /// Waits until this moment, or until something is asked for or the backlog changes.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn wait(&mut self, state: &State, until: Timestamp, because: &str)
    -> Result<(), Trouble>;

    /// Furnishes the bench at a commit, for this harness.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn claim(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        from: &CommitId,
        harness: &str,
    ) -> Result<Vec<Event>, Trouble>;

    /// Runs the checks on the snapshot.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn baseline(&mut self, state: &State, at: AttemptAt<'_>) -> Result<Vec<Event>, Trouble>;

    /// Runs the agent.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn work(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
    ) -> Result<Vec<Event>, Trouble>;

    /// Keeps the bench's files under the attempt's ref.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn keep(&mut self, state: &State, at: AttemptAt<'_>) -> Result<Vec<Event>, Trouble>;

    /// Runs the checks on the candidate.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn gate(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        tree: &TreeId,
    ) -> Result<Vec<Event>, Trouble>;

    /// Moves the night branch from `parent` to a new commit with this tree.
    ///
    /// # Errors
    /// See [`Trouble`].
    async fn land(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        tree: &TreeId,
        parent: &CommitId,
    ) -> Result<Vec<Event>, Trouble>;
}
