//! The night in numbers. What is not known is absent, never zero.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::machine::{OutcomeKind, State};

/// See the file's header.
#[derive(Debug, Clone, Serialize)]
pub struct Numbers {
    /// When it began, RFC 3339, UTC.
    pub began: String,
    /// The last moment that its journal knows of.
    pub last: String,
    /// Between the two, in seconds.
    pub seconds: u64,
    /// Runs, and how many runners died.
    pub runs: u32,
    /// How many runners died.
    pub deaths: u32,
    /// Tickets per outcome.
    pub outcomes: BTreeMap<OutcomeKind, usize>,
    /// Attempts.
    pub attempts: usize,
    /// Time that agents took, in seconds.
    pub agent_seconds: u64,
    /// Time that checks took, in seconds.
    pub gate_seconds: u64,
    /// Checks that were remembered instead of run.
    pub remembered: usize,
    /// Tokens read; `None` when no agent said.
    pub input_tokens: Option<u64>,
    /// Tokens written; `None` when no agent said.
    pub output_tokens: Option<u64>,
    /// Money in US dollars; `None` when no agent said.
    pub cost_usd: Option<f64>,
    /// Sessions whose cost is not known.
    pub unknown_usage: usize,
}

pub(super) fn numbers(state: &State) -> Numbers {
    let attempts: Vec<_> = state
        .tickets()
        .values()
        .flat_map(|ticket| &ticket.tried)
        .collect();
    let sessions: Vec<_> = attempts
        .iter()
        .filter_map(|attempt| attempt.session.as_ref())
        .collect();
    let verdicts: Vec<_> = attempts
        .iter()
        .flat_map(|attempt| attempt.baseline.iter().chain(&attempt.verdicts))
        .collect();
    let usages: Vec<_> = sessions
        .iter()
        .filter_map(|session| session.usage.as_ref())
        .collect();
    let night = state.night();
    let seconds = |ms: u64| ms.div_ceil(1000);
    Numbers {
        began: night
            .map(|night| night.began.at.strftime("%Y-%m-%d %H:%M UTC").to_string())
            .unwrap_or_default(),
        last: night
            .map(|night| night.last.at.strftime("%Y-%m-%d %H:%M UTC").to_string())
            .unwrap_or_default(),
        seconds: night.map_or(0, |night| night.last.since(&night.began).as_secs()),
        runs: night.map_or(0, |night| night.runs),
        deaths: night.map_or(0, |night| night.deaths),
        outcomes: state.counts(),
        attempts: attempts.len(),
        agent_seconds: seconds(sessions.iter().map(|session| session.took_ms).sum()),
        gate_seconds: seconds(verdicts.iter().map(|verdict| verdict.took_ms).sum()),
        remembered: verdicts.iter().filter(|verdict| verdict.remembered).count(),
        input_tokens: sum(usages.iter().map(|usage| usage.input_tokens)),
        output_tokens: sum(usages.iter().map(|usage| usage.output_tokens)),
        cost_usd: usages
            .iter()
            .filter_map(|usage| usage.cost_usd)
            .reduce(|a, b| a + b),
        unknown_usage: sessions.len() - usages.len(),
    }
}

fn sum(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers.flatten().reduce(u64::saturating_add)
}
