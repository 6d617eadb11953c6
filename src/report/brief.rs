//! The short form of a night, for `nightshift status`: as data, and as text for 80 columns.
//!
//! Whether the runner lives is no fact of the journal; the caller looks and hands it in.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    in_force::{InForce, asked, in_force},
    model::{headline_so_far, outcomes},
    objective::{self, ObjectiveLine},
    render::{line, short},
};
use crate::{
    backlog::ticket::TicketId,
    machine::{Night, OutcomeKind, Phase, Request, State, TicketState},
};

/// How wide the text is.
const COLUMNS: usize = 80;
/// How many settled tickets are named.
const LAST: usize = 10;

/// Whether the night goes on: which kind of first line a status has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// The runner lives and gets on.
    Alive,
    /// It lives, and nothing has moved for longer than may be.
    Stalled,
    /// It waits on purpose.
    Waiting,
    /// Somebody paused it: nothing starts.
    Paused,
    /// It is gone, and its watchdog starts it again.
    Restarting,
    /// It is gone without having ended the night: `run` resumes it.
    Dead,
    /// The night has ended.
    NotRunning,
}

/// What the runner last said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pulse {
    /// The runner's process id.
    pub pid: u32,
    /// The process id of the watchdog that lives; `None` when none does.
    pub watchdog: Option<u32>,
    /// What it does, such as `working on T-7`; `None` between two tickets.
    pub doing: Option<String>,
    /// Since when it does that.
    pub since: Option<Timestamp>,
    /// For how long nothing has moved, in milliseconds.
    pub still_ms: u64,
    /// What it waits for on purpose; `None` when for nothing.
    pub waiting_for: Option<String>,
    /// Until when at the latest.
    pub waiting_until: Option<Timestamp>,
}

/// How a night stands. Texts are safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The format: 1.
    pub version: u32,
    /// The night; empty when none has begun.
    pub night: String,
    /// Its branch's full ref; empty when none has begun.
    pub branch: String,
    /// Whether its runner lives.
    pub runner: Liveness,
    /// What it last said of itself; `None` when it never did, or the night has ended.
    pub pulse: Option<Pulse>,
    /// The night in one sentence.
    pub headline: String,
    /// What is in flight; `None` when nothing is.
    pub active: Option<ActiveTicket>,
    /// What is in force: stops, pauses, skips, waits, harnesses that are closed.
    pub in_force: Vec<InForce>,
    /// What was asked for and not taken up yet: an agent at work is not interrupted for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// A halt that is in force: why; `None` when there is none.
    pub halt: Option<String>,
    /// What to do about that halt.
    pub remedy: Option<String>,
    /// This night's tickets per outcome; the parked ones are all that wait for an answer,
    /// whichever night parked them.
    pub outcomes: BTreeMap<OutcomeKind, usize>,
    /// Objectives that this night has worked on, or is to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveLine>,
    /// Tickets that wait for their turn.
    pub queued: usize,
    /// The tickets settled last in this night, at most 10, the newest first.
    pub last: Vec<SettledTicket>,
    /// Every ticket, by id.
    pub tickets: Vec<TicketLine>,
}

/// What is in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveTicket {
    /// Its id.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Which attempt.
    pub attempt: u32,
    /// The harness.
    pub harness: String,
    /// How far it is.
    pub stage: &'static str,
    /// Since when.
    pub since: Timestamp,
}

/// A settled ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettledTicket {
    /// Its id.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// How it was settled.
    pub outcome: OutcomeKind,
    /// When.
    pub at: Timestamp,
}

/// A ticket, in a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketLine {
    /// Its id.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Its outcome, or `queued`, or how far it is.
    pub outcome: &'static str,
}

/// Returns how a night stands.
pub fn status(
    state: &State,
    runner: Liveness,
    pulse: Option<Pulse>,
    requests: &[Request],
) -> Status {
    let night = state.night();
    let halt = night.and_then(|night| night.halt.as_ref());
    let tickets: Vec<_> = state.tickets().values().map(ticket_line).collect();
    Status {
        version: 1,
        night: night.map_or_else(String::new, |night| line(&night.terms.night)),
        branch: night.map_or_else(String::new, |night| line(&night.terms.branch)),
        runner,
        pulse,
        headline: line(&headline_so_far(state)),
        active: state.active().map(|(ticket, active)| ActiveTicket {
            id: ticket.facts.id.clone(),
            title: line(&ticket.facts.title),
            attempt: active.attempt,
            harness: line(&active.harness),
            stage: active.stage.as_str(),
            since: active.since,
        }),
        in_force: night.map(in_force).unwrap_or_default(),
        asked: asked(state, requests),
        halt: halt.map(|halt| line(&halt.because)),
        remedy: halt.map(|halt| line(&halt.remedy)),
        outcomes: outcomes(state),
        objectives: objective::objectives(state),
        queued: state.tickets().values().filter(|t| is_queued(t)).count(),
        last: night.map(|night| last(state, night)).unwrap_or_default(),
        tickets,
    }
}

fn is_queued(ticket: &TicketState) -> bool {
    matches!(ticket.phase, Phase::Queued { .. })
}

fn ticket_line(ticket: &TicketState) -> TicketLine {
    TicketLine {
        id: ticket.facts.id.clone(),
        title: line(&ticket.facts.title),
        outcome: match &ticket.phase {
            Phase::Queued { .. } => "queued",
            Phase::Active(active) => active.stage.as_str(),
            Phase::Settled(outcome) => outcome.kind().as_str(),
        },
    }
}

/// What the end of a run skipped is left out: all of it was settled in the same moment, by nothing
/// that happened to it.
fn last(state: &State, night: &Night) -> Vec<SettledTicket> {
    let mut settled: Vec<(Timestamp, &TicketState, OutcomeKind)> = state
        .tickets()
        .values()
        .filter(|ticket| ticket.settled_in.as_deref() == Some(night.terms.night.as_str()))
        .filter_map(|ticket| Some((ticket.settled_at?, ticket, ticket.outcome()?.kind())))
        .filter(|(_, _, outcome)| *outcome != OutcomeKind::Skipped)
        .collect();
    settled.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.facts.id.cmp(&b.1.facts.id)));
    settled
        .into_iter()
        .take(LAST)
        .map(|(at, ticket, outcome)| SettledTicket {
            id: ticket.facts.id.clone(),
            title: line(&ticket.facts.title),
            outcome,
            at,
        })
        .collect()
}

impl Status {
    /// Returns the status as a person reads it, in lines of at most 80 columns (an id, a name or a
    /// path that is longer is not broken).
    pub fn render(&self) -> String {
        let mut text = String::new();
        if self.night.is_empty() {
            wrap(&mut text, "", &self.headline);
            return text;
        }
        wrap(&mut text, "", &self.first_line());
        wrap(&mut text, "", &self.headline);
        let mut block = Vec::new();
        if let Some(active) = &self.active {
            let of = format!(
                "attempt {} by {}, since {}",
                active.attempt,
                active.harness,
                clock(active.since)
            );
            block.push((active.stage, format!("{} {}", active.id, active.title)));
            block.push(("", of));
        }
        for one in &self.in_force {
            let since = one.since.map(|since| format!("since {}", clock(since)));
            let until = one.until.map(|until| format!("until {}", clock(until)));
            let when: Vec<_> = since.into_iter().chain(until).collect();
            let when = if when.is_empty() {
                String::new()
            } else {
                format!(" ({})", when.join(", "))
            };
            block.push((one.kind, format!("{}{when}", one.what)));
        }
        block.extend(self.asked.iter().map(|asked| ("asked", asked.clone())));
        let said = [("halt", &self.halt), ("to do", &self.remedy)];
        for (name, what) in said {
            if let Some(what) = what {
                block.push((name, what.clone()));
            }
        }
        section(&mut text, &block);
        let mut counts: Vec<(&str, String)> = OutcomeKind::ALL
            .iter()
            .filter_map(|kind| Some((kind.as_str(), self.outcomes.get(kind)?.to_string())))
            .collect();
        if self.queued > 0 {
            counts.push(("queued", self.queued.to_string()));
        }
        section(&mut text, &counts);
        for objective in &self.objectives {
            let of = format!("{}: {}", objective.id, objective.counters());
            let mut lines = vec![("objective", of)];
            if let Some(last) = &objective.last {
                let what = match &last.commit {
                    Some(_) => "landed; its check",
                    None => "reverted",
                };
                lines.push(("", format!("the last {what}: {}", last.because)));
            }
            if let (Some(because), "failed") = (&objective.because, objective.state) {
                lines.push(("", because.clone()));
            }
            section(&mut text, &lines);
        }
        let last: Vec<(&str, String)> = self
            .last
            .iter()
            .map(|ticket| {
                let what = format!("{} {} {}", clock(ticket.at), ticket.id, ticket.title);
                (ticket.outcome.as_str(), what)
            })
            .collect();
        section(&mut text, &last);
        text
    }
}

impl Status {
    /// Whether the night goes on, and what to do if it does not.
    fn first_line(&self) -> String {
        let pulse = self.pulse.as_ref();
        let night = &self.night;
        match self.runner {
            Liveness::Alive => {
                let doing = pulse.and_then(|pulse| pulse.doing.as_deref());
                let since = pulse.and_then(|pulse| pulse.since);
                let doing = doing.map(|doing| format!(", {}", line(doing)));
                let since = since.map(|since| format!(" since {}", clock(since)));
                format!(
                    "Night {night} is alive{}{}.",
                    doing.unwrap_or_default(),
                    since.unwrap_or_default()
                )
            }
            Liveness::Stalled => {
                let minutes = pulse.map_or(0, |pulse| pulse.still_ms / 60_000);
                let to_do = match pulse {
                    Some(Pulse {
                        watchdog: None,
                        pid,
                        ..
                    }) => {
                        format!("`kill -9 {pid}`, then `nightshift run` resumes it")
                    }
                    Some(_) | None => "its watchdog starts it again".to_owned(),
                };
                format!("Night {night} has stalled: nothing has moved for {minutes} min; {to_do}.")
            }
            Liveness::Waiting => {
                let because = pulse.and_then(|pulse| pulse.waiting_for.as_deref());
                let until = pulse.and_then(|pulse| pulse.waiting_until);
                let until = until.map(|until| format!(", until {}", clock(until)));
                format!(
                    "Night {night} is waiting for {}{}.",
                    line(because.unwrap_or("something")),
                    until.unwrap_or_default()
                )
            }
            Liveness::Paused => {
                format!("Night {night} is paused: `nightshift resume` lets it go on.")
            }
            Liveness::Restarting => {
                format!("Night {night}: its runner is gone; its watchdog starts it again.")
            }
            Liveness::Dead => {
                format!("Night {night} is dead: its runner is gone; `nightshift run` resumes it.")
            }
            Liveness::NotRunning => format!("No night is running; night {night} has ended."),
        }
    }
}

/// Adds lines of a right-aligned word and what belongs to it, after an empty line.
fn section(text: &mut String, lines: &[(&str, String)]) {
    const WORD: usize = 14;
    if lines.is_empty() {
        return;
    }
    text.push('\n');
    for (word, what) in lines {
        let head = format!("{word:>WORD$} ");
        match *word {
            "stop" | "asked" | "pause" | "skip" | "wait" | "closed" | "halt" | "to do" => {
                wrap(text, &head, what);
            }
            _ => {
                // Writing to a string cannot fail.
                _ = writeln!(text, "{head}{}", short(what, COLUMNS - head.len()));
            }
        }
    }
}

/// Adds a text in lines of at most 80 columns, the first behind `head`, the others as far in.
fn wrap(text: &mut String, head: &str, what: &str) {
    let mut row = head.to_owned();
    let mut width = head.chars().count();
    let indent = width;
    for word in what.split(' ') {
        let length = word.chars().count();
        if width > indent && width + 1 + length > COLUMNS {
            text.push_str(&row);
            text.push('\n');
            row = " ".repeat(indent);
            width = indent;
        }
        if width > indent {
            row.push(' ');
            width += 1;
        }
        row.push_str(word);
        width += length;
    }
    text.push_str(&row);
    text.push('\n');
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}
