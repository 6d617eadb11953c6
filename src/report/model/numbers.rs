//! The night in numbers. What is not known is absent, never zero.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{landed::landing, view::View};
use crate::{
    backlog::ticket::Status,
    gate::verdict::Check,
    harness::event::Usage,
    machine::{Attempt, OutcomeKind, Session, Setback, TicketState},
};

/// See the file's header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbers {
    /// When it began.
    pub began: Timestamp,
    /// When its last run ended; `None` when that one goes on or died.
    pub ended: Option<Timestamp>,
    /// From its begin to its end, or to the last moment that the journal knows of; suspend is
    /// counted.
    pub length_ms: u64,
    /// How many runs it had.
    pub runs: u32,
    /// How many of their runners died.
    pub deaths: u32,
    /// How many of this night's tickets have each outcome; those of none are left out.
    pub outcomes: Vec<OutcomeCount>,
    /// Tickets of the backlog that a person finished.
    pub done_by_hand: usize,
    /// Attempts.
    pub attempts: usize,
    /// Awake time of all agents.
    pub agent_ms: u64,
    /// Attempts whose agent's time is not known, because the runner died with it.
    pub agents_lost: usize,
    /// Awake time of all checks.
    pub gate_ms: u64,
    /// Checks that ran.
    pub checks_run: usize,
    /// Checks that were remembered instead.
    pub checks_remembered: usize,
    /// Tickets that landed with an acceptance check of their own, beside the gate.
    pub accepted: usize,
    /// Tickets that landed.
    pub landed: usize,
    /// Sessions of agents.
    pub sessions: usize,
    /// Tokens read, as far as agents say; `None` when none did.
    pub input_tokens: Option<u64>,
    /// Tokens written, as far as agents say; `None` when none did.
    pub output_tokens: Option<u64>,
    /// Sessions that did not say how many tokens they took.
    pub tokens_unknown: usize,
    /// Money in US dollars, as far as agents say; `None` when none did.
    pub cost_usd: Option<f64>,
    /// Sessions that did not say what they cost.
    pub cost_unknown: usize,
    /// What providers said instead of working, each kind of each harness once.
    pub weather: Vec<WeatherLine>,
    /// The version of nightshift.
    pub version: String,
}

/// One kind of a harness's weather.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeatherLine {
    /// The harness.
    pub harness: String,
    /// The kind, in words.
    pub kind: &'static str,
    /// How many sessions it ended; none of them counts against a ticket.
    pub count: usize,
}

/// How many tickets have an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutcomeCount {
    /// The outcome.
    pub outcome: OutcomeKind,
    /// How many.
    pub count: usize,
}

pub(super) fn numbers(view: View<'_>) -> Numbers {
    let night = view.night;
    let tickets = || view.state.tickets().values();
    let attempts: Vec<&Attempt> = tickets().flat_map(|ticket| &ticket.tried).collect();
    let sessions: Vec<&Session> = attempts.iter().filter_map(|a| a.session.as_ref()).collect();
    let verdicts = || {
        attempts
            .iter()
            .flat_map(|a| a.baseline.iter().chain(&a.verdicts))
    };
    let usages = || sessions.iter().filter_map(|session| session.usage.as_ref());
    let landed: Vec<&TicketState> = [OutcomeKind::Done, OutcomeKind::LowConfidence]
        .into_iter()
        .flat_map(|kind| view.all(kind))
        .map(|(_, ticket)| ticket)
        .filter(|ticket| view.tonight(ticket))
        .collect();
    let accepted = |ticket: &TicketState| {
        landing(ticket).is_some_and(|a| a.verdicts.iter().any(|v| v.check == Check::Accept))
    };
    let end = night.ended_at.as_ref();
    let says_tokens = |usage: &&Usage| usage.input_tokens.or(usage.output_tokens).is_some();
    Numbers {
        began: night.began.at,
        ended: end.map(|end| end.at),
        length_ms: ms(end.unwrap_or(&night.last).since(&night.began).as_millis()),
        runs: night.runs,
        deaths: night.deaths,
        outcomes: outcomes(view),
        done_by_hand: tickets().filter(|ticket| is_done_by_hand(ticket)).count(),
        attempts: attempts.len(),
        agent_ms: sum(sessions.iter().map(|session| Some(session.took_ms))).unwrap_or(0),
        agents_lost: attempts.iter().filter(|attempt| is_lost(attempt)).count(),
        gate_ms: sum(verdicts().map(|verdict| Some(verdict.took_ms))).unwrap_or(0),
        checks_run: verdicts().filter(|verdict| !verdict.remembered).count(),
        checks_remembered: verdicts().filter(|verdict| verdict.remembered).count(),
        accepted: landed.iter().filter(|ticket| accepted(ticket)).count(),
        landed: landed.len(),
        sessions: sessions.len(),
        input_tokens: sum(usages().map(|usage| usage.input_tokens)),
        output_tokens: sum(usages().map(|usage| usage.output_tokens)),
        tokens_unknown: sessions.len() - usages().filter(says_tokens).count(),
        cost_usd: usages()
            .filter_map(|usage| usage.cost_usd)
            .reduce(|a, b| a + b),
        cost_unknown: sessions.len() - usages().filter(|usage| usage.cost_usd.is_some()).count(),
        weather: weather(&attempts),
        version: night.terms.version.clone(),
    }
}

fn outcomes(view: View<'_>) -> Vec<OutcomeCount> {
    OutcomeKind::ALL
        .into_iter()
        .map(|outcome| OutcomeCount {
            outcome,
            count: view
                .all(outcome)
                .filter(|(_, ticket)| view.tonight(ticket))
                .count(),
        })
        .filter(|outcome| outcome.count > 0)
        .collect()
}

fn weather(attempts: &[&Attempt]) -> Vec<WeatherLine> {
    let mut counts: BTreeMap<(&str, &'static str), usize> = BTreeMap::new();
    for attempt in attempts {
        if let Some(Setback::Weather {
            harness, weather, ..
        }) = &attempt.setback
        {
            *counts.entry((harness, weather.kind.as_str())).or_insert(0) += 1;
        }
    }
    let line = |((harness, kind), count): ((&str, &'static str), usize)| WeatherLine {
        harness: harness.to_owned(),
        kind,
        count,
    };
    counts.into_iter().map(line).collect()
}

fn is_done_by_hand(ticket: &TicketState) -> bool {
    let landed = ticket
        .outcome()
        .is_some_and(|outcome| outcome.kind().landed());
    ticket.facts.status == Status::Done && !landed
}

fn is_lost(attempt: &Attempt) -> bool {
    attempt.setback == Some(Setback::RunnerDied)
}

fn sum(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers.flatten().reduce(u64::saturating_add)
}

fn ms(ms: u128) -> u64 {
    u64::try_from(ms).unwrap_or(u64::MAX)
}
