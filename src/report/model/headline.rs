//! The night in one sentence. It counts only what is not zero.

use std::collections::BTreeMap;

use super::{
    branch::{commits, short_name},
    view::tonight,
};
use crate::machine::{Night, NightEnd, OutcomeKind, Phase, State};

/// How many tickets stand where.
#[derive(Debug, Default)]
struct Tally {
    /// Those of this night, and all that wait for an answer.
    outcomes: BTreeMap<OutcomeKind, usize>,
    in_flight: usize,
    queued: usize,
}

/// Returns the night in one sentence, safe for a terminal: no text of a stranger is in it.
pub(in crate::report) fn headline(state: &State) -> String {
    let Some(night) = state.night() else {
        return "No night has begun.".to_owned();
    };
    match how_it_ended(night) {
        Some(how) => format!("{how}: {}.", counts(state, night)),
        None => capital(&format!("{}.", counts(state, night))),
    }
}

/// Returns the sentence for somebody who knows that the night goes on, or that its runner died.
pub(in crate::report) fn headline_so_far(state: &State) -> String {
    match state.night() {
        Some(night) if night.ended.is_none() => capital(&format!("{}.", counts(state, night))),
        Some(_) | None => headline(state),
    }
}

fn counts(state: &State, night: &Night) -> String {
    let tally = Tally::of_night(state, night);
    let ended = night.ended.is_some();
    let parts = parts(state, &tally, ended);
    if parts.is_empty() {
        return match (ended, state.tickets().is_empty()) {
            (false, _) => "nothing has happened yet".to_owned(),
            (true, true) => "nothing happened: the backlog has no tickets".to_owned(),
            (true, false) => "nothing happened: no ticket was ready to be worked on".to_owned(),
        };
    }
    let counts = parts.join(", ");
    let branch = short_name(&night.terms.branch);
    match (ended, tally.landed()) {
        (true, 0) if commits(state) > 0 => {
            let commits = commits(state);
            let s = if commits == 1 { "" } else { "s" };
            format!(
                "{counts}; the branch `{branch}` holds {commits} commit{s} of objectives that are not reached"
            )
        }
        (true, 0) => format!("{counts}; nothing landed"),
        (false, 0) => counts,
        (true, _) => format!("{counts}; the branch `{branch}` is ready to merge"),
        (false, _) => format!("{counts}; the branch `{branch}` holds what landed so far"),
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next();
    first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}

/// Returns how the night ended, when it did not simply drain the backlog.
fn how_it_ended(night: &Night) -> Option<String> {
    match &night.ended {
        Some(NightEnd::Drained) => None,
        Some(NightEnd::Halted) => Some("The night was halted".to_owned()),
        Some(NightEnd::Stopped) => Some("The night was stopped".to_owned()),
        Some(
            end @ (NightEnd::LengthUsed
            | NightEnd::Until
            | NightEnd::MaxTickets
            | NightEnd::Budget { .. }
            | NightEnd::Weather { .. }),
        ) => Some(format!("The night ended early, because {end}")),
        // The journal cannot tell these two apart: a runner that died has not said so.
        None => Some("The night is not over, or its runner died".to_owned()),
    }
}

fn parts(state: &State, tally: &Tally, ended: bool) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = |count: usize, one: &str, many: &str| {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    let landed = match tally.of(OutcomeKind::LowConfidence) {
        0 => "landed".to_owned(),
        look => format!("landed ({look} to look at)"),
    };
    part(tally.landed(), &landed, &landed);
    part(
        tally.of(OutcomeKind::Parked),
        "decision waits for you",
        "decisions wait for you",
    );
    for kind in [
        OutcomeKind::Failed,
        OutcomeKind::Blocked,
        OutcomeKind::Held,
        OutcomeKind::Skipped,
    ] {
        part(tally.of(kind), kind.as_str(), kind.as_str());
    }
    part(tally.in_flight, "in flight", "in flight");
    let queued = if ended {
        "queued for the next run"
    } else {
        "queued"
    };
    part(tally.queued, queued, queued);
    part(
        state.refused().len(),
        "file of the backlog refused",
        "files of the backlog refused",
    );
    parts
}

/// Returns how many tickets of this night have each outcome; the parked ones are all that wait for
/// an answer, whichever night parked them.
pub(in crate::report) fn outcomes(state: &State) -> BTreeMap<OutcomeKind, usize> {
    state
        .night()
        .map(|night| Tally::of_night(state, night).outcomes)
        .unwrap_or_default()
}

impl Tally {
    fn of_night(state: &State, night: &Night) -> Self {
        let mut tally = Self::default();
        for ticket in state.tickets().values() {
            match &ticket.phase {
                Phase::Queued { .. } => tally.queued += 1,
                Phase::Active(_) => tally.in_flight += 1,
                Phase::Settled(outcome) => {
                    let kind = outcome.kind();
                    if kind == OutcomeKind::Parked || tonight(night, ticket) {
                        *tally.outcomes.entry(kind).or_default() += 1;
                    }
                }
            }
        }
        tally
    }

    fn of(&self, kind: OutcomeKind) -> usize {
        self.outcomes.get(&kind).copied().unwrap_or(0)
    }

    fn landed(&self) -> usize {
        self.of(OutcomeKind::Done) + self.of(OutcomeKind::LowConfidence)
    }
}
