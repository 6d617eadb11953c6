//! Whose turn it is, kept up with every event so that no step looks at every ticket.
//!
//! A queued ticket is `ready` (all it depends on is settled well), `due` (its night can be settled
//! without work: held, or its attempts are used up) or neither (it waits for one that is still to
//! come). The cost of a step does not grow with the number of tickets.

use std::collections::{BTreeSet, HashMap};

use crate::backlog::ticket::{Priority, TicketFacts, TicketId};

/// Where a ticket stands in line: priority, then manual order, then file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    priority: Priority,
    unordered: bool,
    ordinal: i64,
    file: String,
    pub(super) id: TicketId,
}

impl Place {
    pub(super) fn of(facts: &TicketFacts) -> Self {
        Self {
            priority: facts.priority,
            unordered: facts.ordinal.is_none(),
            ordinal: facts.ordinal.unwrap_or_default(),
            file: facts.file.clone(),
            id: facts.id.clone(),
        }
    }
}

/// What a queued ticket is to the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Ready,
    Due,
    Waiting,
    Absent,
}

/// The sets, and who depends on whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    ready: BTreeSet<Place>,
    due: BTreeSet<Place>,
    places: HashMap<TicketId, Place>,
    dependants: HashMap<TicketId, BTreeSet<TicketId>>,
}

impl Queue {
    /// Notes a ticket's new facts; `before` are the ones they replace.
    pub(super) fn relate(&mut self, before: Option<&TicketFacts>, after: Option<&TicketFacts>) {
        if let Some(before) = before {
            self.remove(&before.id);
            for dependency in &before.depends_on {
                if let Some(set) = self.dependants.get_mut(dependency) {
                    set.remove(&before.id);
                }
            }
        }
        if let Some(after) = after {
            for dependency in &after.depends_on {
                self.dependants
                    .entry(dependency.clone())
                    .or_default()
                    .insert(after.id.clone());
            }
        }
    }

    /// Returns the tickets that name this one in `depends_on`.
    pub(super) fn dependants(&self, id: &TicketId) -> impl Iterator<Item = &TicketId> {
        self.dependants.get(id).into_iter().flatten()
    }

    /// Puts a ticket where it now belongs.
    pub(super) fn set(&mut self, facts: &TicketFacts, standing: Standing) {
        self.remove(&facts.id);
        let set = match standing {
            Standing::Ready => &mut self.ready,
            Standing::Due => &mut self.due,
            Standing::Waiting | Standing::Absent => return,
        };
        let place = Place::of(facts);
        set.insert(place.clone());
        self.places.insert(facts.id.clone(), place);
    }

    fn remove(&mut self, id: &TicketId) {
        if let Some(place) = self.places.remove(id) {
            self.ready.remove(&place);
            self.due.remove(&place);
        }
    }

    /// Returns the first ticket whose night can be settled without work.
    pub(super) fn first_due(&self) -> Option<&TicketId> {
        self.due.first().map(|place| &place.id)
    }

    /// Returns the tickets that may be worked, the first one first.
    pub(super) fn ready(&self) -> impl Iterator<Item = &TicketId> {
        self.ready.iter().map(|place| &place.id)
    }
}
