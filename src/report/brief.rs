//! The short form of a night, for `nightshift status`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{escape::visible, model::headline};
use crate::machine::{OutcomeKind, Phase, State};

/// Whether the night's runner lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// It does.
    Alive,
    /// It died without ending the night: `run` resumes it.
    Dead,
    /// The night has ended.
    NotRunning,
}

/// How a night stands.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The format.
    pub version: u32,
    /// The night.
    pub night: String,
    /// Its branch's full ref.
    pub branch: String,
    /// Whether its runner lives.
    pub runner: Liveness,
    /// One sentence.
    pub headline: String,
    /// What is being worked on.
    pub active: Option<ActiveTicket>,
    /// A stop that is in force.
    pub stop: Option<String>,
    /// A halt that is in force.
    pub halt: Option<String>,
    /// Tickets per outcome.
    pub outcomes: BTreeMap<OutcomeKind, usize>,
    /// Tickets that wait for their turn.
    pub queued: usize,
    /// Every ticket with its outcome, or `queued` or the stage that it is in.
    pub tickets: Vec<TicketLine>,
}

/// What is being worked on.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveTicket {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Which attempt.
    pub attempt: u32,
    /// How far it is.
    pub stage: &'static str,
    /// Since when, RFC 3339.
    pub since: String,
}

/// One ticket, in a word.
#[derive(Debug, Clone, Serialize)]
pub struct TicketLine {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its outcome, or where it stands.
    pub outcome: &'static str,
}

/// Returns how a night stands.
pub fn status(state: &State, runner: Liveness) -> Status {
    let night = state.night();
    let active = state.active().map(|(ticket, active)| ActiveTicket {
        id: ticket.facts.id.to_string(),
        title: visible(&ticket.facts.title),
        attempt: active.attempt,
        stage: active.stage.as_str(),
        since: active.since.to_string(),
    });
    let tickets: Vec<_> = state
        .tickets()
        .iter()
        .map(|(id, ticket)| TicketLine {
            id: id.to_string(),
            title: visible(&ticket.facts.title),
            outcome: match &ticket.phase {
                Phase::Queued { .. } => "queued",
                Phase::Active(active) => active.stage.as_str(),
                Phase::Settled(outcome) => outcome.kind().as_str(),
            },
        })
        .collect();
    Status {
        version: 1,
        night: night
            .map(|night| night.terms.night.clone())
            .unwrap_or_default(),
        branch: night
            .map(|night| night.terms.branch.clone())
            .unwrap_or_default(),
        runner,
        headline: headline(state),
        active,
        stop: night
            .and_then(|night| night.stop.as_ref())
            .filter(|_| runner == Liveness::Alive)
            .map(|stop| {
                let when = if stop.now {
                    "at once"
                } else {
                    "at the next boundary"
                };
                format!(
                    "stop {when}, asked by {}",
                    stop.by.as_deref().unwrap_or("somebody")
                )
            }),
        halt: night
            .and_then(|night| night.halt.as_ref())
            .map(|halt| visible(&halt.because)),
        outcomes: state.counts(),
        queued: tickets
            .iter()
            .filter(|ticket| ticket.outcome == "queued")
            .count(),
        tickets,
    }
}

impl Status {
    /// Returns the status as a person reads it.
    pub fn render(&self) -> String {
        let runner = match self.runner {
            Liveness::Alive => "running",
            Liveness::Dead => "its runner died: `nightshift run` resumes it",
            Liveness::NotRunning => "ended",
        };
        let mut text = format!("Night {} ({runner})\n{}\n", self.night, self.headline);
        if let Some(active) = &self.active {
            let attempt = active.attempt;
            text.push_str(&format!(
                "{:>14} {} {} (attempt {attempt}, since {})\n",
                active.stage, active.id, active.title, active.since
            ));
        }
        for (name, line) in [("stop", &self.stop), ("halt", &self.halt)] {
            if let Some(line) = line {
                text.push_str(&format!("{name:>14} {line}\n"));
            }
        }
        for (kind, count) in &self.outcomes {
            text.push_str(&format!("{kind:>14} {count}\n"));
        }
        if self.queued > 0 {
            text.push_str(&format!("{:>14} {}\n", "queued", self.queued));
        }
        text
    }
}
