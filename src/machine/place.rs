//! Where a ticket now belongs in the queue, after whatever has changed around it.

use super::{
    decide::Dependency,
    outcome::Outcome,
    queue::Standing,
    state::State,
    ticket::{Phase, TicketState},
};
use crate::{backlog::ticket::TicketId, policy::decision::Scope};

impl State {
    /// A ticket is no longer in the way: what was held by it is queued, and all is placed anew.
    /// `wide`: it held tickets that do not name it in `depends_on`.
    pub(super) fn freed(&mut self, id: &TicketId, wide: bool) {
        self.place(id);
        let mut open = vec![id.clone()];
        let mut strangers = wide;
        while let Some(next) = open.pop() {
            let candidates: Vec<_> = if std::mem::take(&mut strangers) {
                self.tickets.keys().cloned().collect()
            } else {
                self.queue.dependants(&next).cloned().collect()
            };
            for id in candidates {
                let Some(ticket) = self.tickets.get_mut(&id) else {
                    continue;
                };
                match &ticket.phase {
                    Phase::Settled(Outcome::Held { by, .. }) if by.contains(&next) => {
                        ticket.requeue();
                        self.place(&id);
                        open.push(id);
                    }
                    Phase::Settled(_) | Phase::Queued { .. } | Phase::Active(_) => {}
                }
            }
            self.place_dependants(&next);
        }
    }

    pub(super) fn place_dependants(&mut self, id: &TicketId) {
        let dependants: Vec<_> = self.queue.dependants(id).cloned().collect();
        for dependant in dependants {
            self.place(&dependant);
        }
    }

    /// Puts a ticket into the set of the queue where it now belongs.
    pub(super) fn place(&mut self, id: &TicketId) {
        let Some(ticket) = self.tickets.get(id) else {
            return;
        };
        let standing = if !matches!(ticket.phase, Phase::Queued { .. }) || !self.chosen(id) {
            Standing::Absent
        } else if self.due_outcome(id).is_some() {
            Standing::Due
        } else if ticket
            .facts
            .depends_on
            .iter()
            .all(|id| self.dependency(id) == Dependency::Good)
        {
            Standing::Ready
        } else {
            Standing::Waiting
        };
        let facts = ticket.facts.clone();
        self.queue.set(&facts, standing);
    }
}

/// Returns whether a parked ticket holds more than what depends on it.
pub(super) fn is_wide(ticket: &TicketState) -> bool {
    match ticket.outcome() {
        Some(Outcome::Parked(park)) => matches!(park.scope, Scope::Paths | Scope::Repo),
        Some(_) | None => false,
    }
}
