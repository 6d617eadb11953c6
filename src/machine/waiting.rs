//! Who waits for whom, gathered once so that a projection may ask it of every ticket.

use std::collections::{BTreeSet, HashMap};

use super::{
    decide::Dependency,
    outcome::Outcome,
    state::State,
    ticket::{Phase, TicketState},
};
use crate::backlog::ticket::TicketId;

/// Who waits for whom, as the state stands.
#[derive(Debug, Clone)]
pub struct Waiting<'a> {
    /// All tickets by id; the other fields speak of their places in it.
    ids: Vec<&'a TicketId>,
    places: HashMap<&'a TicketId, usize>,
    /// The tickets that wait directly, per ticket.
    behind: Vec<Vec<usize>>,
}

impl State {
    /// Returns who waits for whom: a ticket that is queued or held waits for what it depends on
    /// and is not settled well, and a held one for what holds it.
    pub fn waiting(&self) -> Waiting<'_> {
        let ids: Vec<&TicketId> = self.tickets.keys().collect();
        let places: HashMap<_, _> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut behind = vec![Vec::new(); ids.len()];
        for (waiter, ticket) in self.tickets.values().enumerate() {
            let Some(by) = held_by(ticket) else {
                continue;
            };
            let open = ticket
                .facts
                .depends_on
                .iter()
                .filter(|id| self.dependency(id) != Dependency::Good);
            for id in open.chain(by) {
                if let Some(waiters) = places.get(id).and_then(|at| behind.get_mut(*at)) {
                    waiters.push(waiter);
                }
            }
        }
        Waiting {
            ids,
            places,
            behind,
        }
    }
}

impl<'a> Waiting<'a> {
    /// Returns the tickets that wait for this one, directly or not, by id.
    pub fn on(&self, id: &TicketId) -> Vec<&'a TicketId> {
        let mut found = BTreeSet::new();
        let start = self.places.get(id).copied();
        let mut open: Vec<usize> = start.into_iter().collect();
        while let Some(next) = open.pop() {
            for waiter in self.behind.get(next).into_iter().flatten() {
                if Some(*waiter) != start && found.insert(*waiter) {
                    open.push(*waiter);
                }
            }
        }
        found
            .into_iter()
            .filter_map(|at| self.ids.get(at).copied())
            .collect()
    }
}

/// Returns what a ticket is held by; `None` when it does not wait at all.
fn held_by(ticket: &TicketState) -> Option<&[TicketId]> {
    match &ticket.phase {
        Phase::Queued { .. } => Some(&[]),
        Phase::Settled(Outcome::Held { by, .. }) => Some(by),
        Phase::Settled(_) | Phase::Active(_) => None,
    }
}
