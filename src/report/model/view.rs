//! What the sections are made from: the state, who waits for whom, and the kept logs.

use crate::{
    backlog::ticket::TicketId,
    gate::verdict::Verdict,
    machine::{Night, OutcomeKind, State, TicketState, Waiting},
};

/// Hands out the kept log of a check, whole; `None` when it is not there any more.
///
/// The bytes are compared with the hash in the journal, and only their end is quoted.
pub type Evidence<'a> = &'a dyn Fn(&Verdict) -> Option<Vec<u8>>;

/// A night that is looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) night: &'a Night,
    pub(super) waiting: &'a Waiting<'a>,
    pub(super) evidence: Evidence<'a>,
}

impl<'a> View<'a> {
    /// Returns the tickets with this outcome, of whatever night, by id.
    pub(super) fn all(
        self,
        kind: OutcomeKind,
    ) -> impl Iterator<Item = (&'a TicketId, &'a TicketState)> {
        self.state.tickets().iter().filter(move |(_, ticket)| {
            ticket
                .outcome()
                .is_some_and(|outcome| outcome.kind() == kind)
        })
    }

    /// Returns whether a ticket was settled in this night.
    pub(super) fn tonight(self, ticket: &TicketState) -> bool {
        tonight(self.night, ticket)
    }

    /// Returns full hours from a ticket's settling to the last moment of the journal.
    pub(super) fn hours(self, ticket: &TicketState) -> u64 {
        let Some(settled) = ticket.settled_at else {
            return 0;
        };
        let hours = self.night.last.at.duration_since(settled).as_hours();
        u64::try_from(hours).unwrap_or(0)
    }
}

/// Returns whether a ticket was settled in a night.
pub(super) fn tonight(night: &Night, ticket: &TicketState) -> bool {
    ticket.settled_in.as_deref() == Some(night.terms.night.as_str())
}
