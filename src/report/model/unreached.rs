//! What this night did not get to: blocked, held and skipped tickets, grouped by what is in the way.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{check::CheckLine, failed::red, names::Names, view::View};
use crate::{
    backlog::ticket::{Status, TicketId},
    machine::{NightEnd, Outcome, OutcomeKind, Phase},
};

/// So many held tickets get a line each; more are grouped.
const LINES: usize = 10;

/// Tickets that the same thing blocks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockedGroup {
    /// What is in the way, as a sentence without a full stop.
    pub because: String,
    /// What to do, as a sentence without a full stop.
    pub remedy: String,
    /// Which tickets.
    pub tickets: Names,
    /// The first ticket's title.
    pub title: String,
    /// The red check of the first one; `None` when it is none of theirs.
    pub check: Option<CheckLine>,
}

/// What is held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// How many tickets.
    pub count: usize,
    /// Each of them, when they are few; else empty.
    pub lines: Vec<HeldLine>,
    /// By what all of them wait for in the end, when they are many; else empty.
    pub groups: Vec<HeldGroup>,
}

/// A held ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// What it waits for.
    pub by: Vec<TicketId>,
    /// Why, as a sentence without a full stop.
    pub because: String,
}

/// Tickets that wait for the same one, directly or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldGroup {
    /// What they wait for.
    pub by: TicketId,
    /// Its title; `None` when it is no ticket of the backlog.
    pub title: Option<String>,
    /// Where that one stands.
    pub is: String,
    /// Who waits.
    pub tickets: Names,
}

/// Tickets that were skipped for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedGroup {
    /// Why, as a sentence without a full stop.
    pub because: String,
    /// Which.
    pub tickets: Names,
}

/// Returns what is blocked, the cause of most first.
pub(super) fn blocked(view: View<'_>) -> Vec<BlockedGroup> {
    let mut groups: BTreeMap<(&str, &str), BlockedGroup> = BTreeMap::new();
    for (id, ticket) in view.all(OutcomeKind::Blocked) {
        let Some(Outcome::Blocked(block)) = ticket.outcome() else {
            continue;
        };
        let group = groups
            .entry((&block.because, &block.remedy))
            .or_insert_with(|| BlockedGroup {
                because: block.because.clone(),
                remedy: block.remedy.clone(),
                tickets: Names::default(),
                title: ticket.facts.title.clone(),
                check: ticket
                    .tried
                    .last()
                    .and_then(|attempt| red(&attempt.verdicts).or_else(|| red(&attempt.baseline)))
                    .map(|verdict| CheckLine::with_output(verdict, view.evidence)),
            });
        group.tickets.add(id);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.tickets.count));
    groups
}

/// Returns what is held.
pub(super) fn held(view: View<'_>) -> Held {
    let count = view.all(OutcomeKind::Held).count();
    if count > LINES {
        return Held {
            count,
            lines: Vec::new(),
            groups: held_groups(view),
        };
    }
    let lines = view.all(OutcomeKind::Held).filter_map(|(id, ticket)| {
        let Some(Outcome::Held { by, because }) = ticket.outcome() else {
            return None;
        };
        Some(HeldLine {
            id: id.clone(),
            title: ticket.facts.title.clone(),
            by: by.clone(),
            because: because.clone(),
        })
    });
    Held {
        count,
        lines: lines.collect(),
        groups: Vec::new(),
    }
}

fn held_groups(view: View<'_>) -> Vec<HeldGroup> {
    let mut ends: HashMap<&TicketId, &TicketId> = HashMap::new();
    let mut groups: BTreeMap<&TicketId, Names> = BTreeMap::new();
    for (id, _) in view.all(OutcomeKind::Held) {
        let end = end_of(view, id, &mut ends);
        groups.entry(end).or_default().add(id);
    }
    let mut groups: Vec<HeldGroup> = groups
        .into_iter()
        .map(|(by, tickets)| {
            let ticket = view.state.ticket(by);
            HeldGroup {
                by: by.clone(),
                title: ticket.map(|ticket| ticket.facts.title.clone()),
                is: ticket
                    .map_or("not in the backlog", |ticket| match &ticket.phase {
                        Phase::Queued { .. } => "queued",
                        Phase::Active(_) => "in flight",
                        Phase::Settled(outcome) => outcome.kind().as_str(),
                    })
                    .to_owned(),
                tickets,
            }
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.tickets.count));
    groups
}

/// Follows the first of what holds a ticket to the end: what is not held itself. Each ticket is
/// passed once over all calls.
fn end_of<'a>(
    view: View<'a>,
    id: &'a TicketId,
    ends: &mut HashMap<&'a TicketId, &'a TicketId>,
) -> &'a TicketId {
    let mut way = Vec::new();
    let mut at = id;
    let end = loop {
        if let Some(end) = ends.get(at) {
            break *end;
        }
        // Until its end is found, a ticket ends in itself: so a circle ends, too.
        ends.insert(at, at);
        let Some(Outcome::Held { by, .. }) = view.state.ticket(at).and_then(|t| t.outcome()) else {
            break at;
        };
        way.push(at);
        match by.first() {
            Some(next) => at = next,
            None => break at,
        }
    };
    for passed in way {
        ends.insert(passed, end);
    }
    end
}

/// Returns what the night did not reach and what is no work for it, the most frequent reason first.
pub(super) fn skipped(view: View<'_>) -> Vec<SkippedGroup> {
    let mut groups: BTreeMap<&str, Names> = BTreeMap::new();
    for (id, ticket) in view.all(OutcomeKind::Skipped) {
        // Finished by a person: nothing was skipped, and an old backlog is full of them.
        if ticket.facts.status == Status::Done {
            continue;
        }
        if let Some(Outcome::Skipped { because }) = ticket.outcome() {
            groups.entry(because).or_default().add(id);
        }
    }
    let mut groups: Vec<_> = groups
        .into_iter()
        .map(|(because, tickets)| SkippedGroup {
            because: why(because),
            tickets,
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.tickets.count));
    groups
}

/// Says who "it" is where the end of the night is the reason.
fn why(because: &str) -> String {
    let ends = [NightEnd::Halted, NightEnd::Stopped].map(|end| end.to_string());
    match because.strip_prefix("it ") {
        Some(rest) if ends.iter().any(|end| end == because) => format!("the night {rest}"),
        Some(_) | None => because.to_owned(),
    }
}
