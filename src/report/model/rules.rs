//! Rules of the contract that fired in this night.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{names::Names, view::View};
use crate::{backlog::ticket::TicketId, machine::ToolTally, policy::decision::Action};

/// A rule that fired, per action that it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleLine {
    /// Its id.
    pub rule: String,
    /// Its line in the contract; `None` for a built-in one.
    pub line: Option<usize>,
    /// Its category; empty when it names none.
    pub category: String,
    /// What it did.
    pub action: Action,
    /// How often.
    pub times: usize,
    /// For which tickets.
    pub tickets: Names,
}

/// Returns the rules that fired, the most frequent first.
pub(super) fn rules(view: View<'_>) -> Vec<RuleLine> {
    let mut found: BTreeMap<(&str, &str), (RuleLine, BTreeSet<&TicketId>)> = BTreeMap::new();
    for (id, decision) in &view.night.fired {
        let Some(rule) = &decision.rule else { continue };
        let (line, tickets) = found
            .entry((rule, word(decision.action)))
            .or_insert_with(|| {
                let line = RuleLine {
                    rule: rule.clone(),
                    line: decision.line,
                    category: decision.category.clone(),
                    action: decision.action,
                    times: 0,
                    tickets: Names::default(),
                };
                (line, BTreeSet::new())
            });
        line.times += 1;
        tickets.insert(id);
    }
    // A park or a halt of a tool call is among the above, with its line and category.
    for (id, tally) in tallies(view) {
        let Some(rule) = &tally.rule else { continue };
        let (line, tickets) = found.entry((rule, word(tally.action))).or_insert_with(|| {
            let line = RuleLine {
                rule: rule.clone(),
                line: None,
                category: String::new(),
                action: tally.action,
                times: 0,
                tickets: Names::default(),
            };
            (line, BTreeSet::new())
        });
        line.times += usize::try_from(tally.count).unwrap_or(usize::MAX);
        tickets.insert(id);
    }
    let mut lines: Vec<RuleLine> = found
        .into_values()
        .map(|(line, tickets)| RuleLine {
            tickets: Names::of(tickets),
            ..line
        })
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.times));
    lines
}

/// Returns what was refused or expressly allowed to tools, each with its ticket.
fn tallies(view: View<'_>) -> impl Iterator<Item = (&TicketId, &ToolTally)> {
    let tickets = view.state.tickets().iter();
    tickets
        .flat_map(|(id, ticket)| ticket.tried.iter().map(move |attempt| (id, attempt)))
        .flat_map(|(id, attempt)| attempt.session.iter().map(move |session| (id, session)))
        .flat_map(|(id, session)| session.tools.iter().map(move |tally| (id, tally)))
        .filter(|(_, tally)| matches!(tally.action, Action::Proceed | Action::Deny))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Proceed => "proceed",
        Action::Deny => "deny",
        Action::Park => "park",
        Action::Halt => "halt",
    }
}
