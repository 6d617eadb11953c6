//! What has changed between two tickets: the backlog's files, and the room on the disk.

use std::collections::BTreeSet;

use crate::{
    backlog::Backlog,
    diagnostic::Diagnostic,
    machine::{Event, RefusedFile, State},
};

/// Returns the facts that bring the state's tickets up to what the backlog says now.
pub fn differences(state: &State, backlog: &Backlog) -> Vec<Event> {
    let mut events = Vec::new();
    let mut there = BTreeSet::new();
    for ticket in &backlog.tickets {
        there.insert(ticket.id());
        let known = state.ticket(ticket.id());
        if known.is_none_or(|known| known.facts != ticket.facts || !known.present) {
            events.push(Event::TicketSeen(ticket.facts.clone()));
        }
    }
    for (id, ticket) in state.tickets() {
        if ticket.present && !there.contains(id) {
            events.push(Event::TicketGone { ticket: id.clone() });
        }
    }
    let refused = refused(backlog);
    if refused != state.refused() {
        events.push(Event::BacklogRead { refused });
    }
    events
}

/// Returns the files that cannot be used, as the journal keeps them.
pub(super) fn refused(backlog: &Backlog) -> Vec<RefusedFile> {
    backlog
        .refused
        .iter()
        .map(|refused| RefusedFile {
            file: refused.file.clone(),
            problems: refused
                .diagnostics
                .iter()
                .map(Diagnostic::one_line)
                .collect(),
        })
        .collect()
}
