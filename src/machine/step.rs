//! What may start now.

use jiff::Timestamp;

use super::event::Event;
use crate::{
    backlog::ticket::TicketId,
    repo::id::{CommitId, TreeId},
};

/// The one thing to do next.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "one step lives at a time, and is taken apart at once"
)]
pub enum Step {
    /// A decision that needs no effect: journal it.
    Record(Event),
    /// An effect: perform it, journal what happened.
    Do(Effect),
    /// Nothing before this moment, unless something is asked for or the backlog changes.
    Wait {
        /// Until when.
        until: Timestamp,
        /// What for, as a sentence without a full stop.
        because: String,
    },
    /// Nothing: the run is over.
    Rest,
}

/// Something outside the machine to be done. One variant is one method of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the contract about a ticket; ends in [`Event::Judged`].
    Judge {
        /// Which.
        ticket: TicketId,
    },
    /// Furnish the bench; ends in [`Event::Claimed`].
    Claim {
        /// For which ticket.
        ticket: TicketId,
        /// Its attempt.
        attempt: u32,
        /// At which commit.
        from: CommitId,
        /// The harness that is to work.
        harness: String,
    },
    /// Run the checks on the snapshot; ends in [`Event::BaselineTaken`].
    Baseline {
        /// Of which ticket.
        ticket: TicketId,
        /// Its attempt.
        attempt: u32,
        /// The snapshot.
        from: CommitId,
        /// Its tree.
        tree: TreeId,
    },
    /// Run the agent; ends in [`Event::Ended`].
    Work {
        /// On which ticket.
        ticket: TicketId,
        /// Its attempt.
        attempt: u32,
    },
    /// Keep the bench's files under the attempt's ref; ends in [`Event::WorkKept`].
    Keep {
        /// Of which ticket.
        ticket: TicketId,
        /// Its attempt.
        attempt: u32,
        /// The snapshot that the bench stood at.
        from: CommitId,
        /// Its tree.
        from_tree: TreeId,
    },
    /// Run the checks on the candidate; ends in [`Event::Gated`].
    Gate {
        /// Of which ticket.
        ticket: TicketId,
        /// Its attempt.
        attempt: u32,
        /// The candidate.
        tree: TreeId,
    },
    /// Move the night branch; ends in [`Event::Landed`].
    Land {
        /// For which ticket.
        ticket: TicketId,
        /// Its attempt.
        attempt: u32,
        /// The tree that passed.
        tree: TreeId,
        /// The tip to stand on.
        parent: CommitId,
    },
}

impl Effect {
    /// Returns the ticket that it is about.
    pub fn ticket(&self) -> &TicketId {
        match self {
            Self::Judge { ticket }
            | Self::Claim { ticket, .. }
            | Self::Baseline { ticket, .. }
            | Self::Work { ticket, .. }
            | Self::Keep { ticket, .. }
            | Self::Gate { ticket, .. }
            | Self::Land { ticket, .. } => ticket,
        }
    }
}
