//! One ticket's trail through the journal.

use crate::{
    backlog::ticket::{Status, TicketFacts, TicketId},
    machine::{Outcome, OutcomeKind, Spending},
    policy::decision::Scope,
};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Queued,
    Flying,
    Settled(OutcomeKind),
}

/// What the journal says of a ticket.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    pub(super) facts: TicketFacts,
    pub(super) standing: Standing,
    pub(super) present: bool,
    /// The last attempt's number.
    pub(super) attempts: u32,
    /// Attempts that count, since a human last queued it.
    pub(super) spent: u32,
    /// What its sessions used up, since a human last queued it.
    pub(super) used: Spending,
    /// Attempts of this night that are over, of whatever kind.
    pub(super) tried: u32,
    /// For an objective: iterations in a row without a commit.
    pub(super) idle: u32,
    /// For an objective: iterations since a human last queued it.
    pub(super) counted: u32,
    /// Whether its landed work may be built on.
    pub(super) within: bool,
    /// Whether it was parked for itself alone.
    pub(super) parked_alone: bool,
    /// What it waits for, when it is held.
    pub(super) held_by: Vec<TicketId>,
    /// Whether another landing may remove what blocks it.
    pub(super) may_clear: bool,
    /// Whether one has done so already.
    pub(super) unblocked: bool,
}

impl Trail {
    pub(super) fn new(facts: TicketFacts) -> Self {
        let standing = first(facts.status);
        Self {
            facts,
            standing,
            present: true,
            attempts: 0,
            spent: 0,
            used: Spending::default(),
            tried: 0,
            idle: 0,
            counted: 0,
            within: false,
            parked_alone: false,
            held_by: Vec::new(),
            may_clear: false,
            unblocked: false,
        }
    }

    /// A human wants it tried: what it has been through no longer counts against it.
    pub(super) fn requeue(&mut self) {
        if matches!(self.standing, Standing::Settled(_)) {
            self.standing = first(self.facts.status);
            self.spent = 0;
            self.idle = 0;
            self.counted = 0;
            self.used = Spending::default();
        }
    }
}

/// Returns where a ticket stands that nothing has happened to.
pub(super) fn first(status: Status) -> Standing {
    match status {
        Status::Ready => Standing::Queued,
        Status::Draft | Status::Done => Standing::Settled(OutcomeKind::Skipped),
    }
}

/// Returns what an outcome waits for.
pub(super) fn holders(outcome: &Outcome) -> Vec<TicketId> {
    match outcome {
        Outcome::Held { by, .. } => by.clone(),
        _ => Vec::new(),
    }
}

/// Returns whether a park holds nothing else.
pub(super) fn is_alone(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Parked(park) if park.scope == Scope::Ticket)
}
