//! An objective for whoever reads along: its counters, and `progress.md`, the notes that the next
//! iteration begins with.

use serde::Serialize;

use super::render::{line, short};
use crate::{
    backlog::ticket::TicketId,
    machine::{Iteration, Phase, State, TicketState},
};

/// How many bytes `progress.md` may have; the oldest iterations are left out.
const LONGEST: usize = 8 * 1024;
/// How many characters of a reason are shown where there is one line for it.
const REASON: usize = 300;

/// How an objective stands. Texts are safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectiveLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Its outcome, or `queued`, or how far it is.
    pub state: &'static str,
    /// Why, when it ended without being reached.
    pub because: Option<String>,
    /// The most iterations.
    pub most: u32,
    /// How many of these are over.
    pub iterations: u32,
    /// Iterations in all, over nights and requeues.
    pub total: u32,
    /// Of all, how many are a commit.
    pub landed: u32,
    /// Of all, how many were reverted.
    pub reverted: u32,
    /// Iterations in a row that ended without a commit.
    pub idle: u32,
    /// Tonight's attempts that were no iterations: interrupted, or kept from working.
    pub interrupted: usize,
    /// The newest iteration; `None` before the first one is over.
    pub last: Option<IterationLine>,
}

/// One iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IterationLine {
    /// Which, counted over nights.
    pub number: u32,
    /// The attempt that it was.
    pub attempt: u32,
    /// Its commit; `None` when it was reverted.
    pub commit: Option<String>,
    /// Why it was reverted, or what the objective's own check said of the commit.
    pub because: String,
}

impl ObjectiveLine {
    /// Returns how a ticket stands as an objective; `None` when it is none.
    pub fn of(ticket: &TicketState) -> Option<Self> {
        let most = ticket.facts.iterations?;
        let progress = &ticket.progress;
        let (state, because) = match &ticket.phase {
            Phase::Queued { .. } => ("queued", None),
            Phase::Active(active) => (active.stage.as_str(), None),
            Phase::Settled(outcome) => (outcome.kind().as_str(), outcome.because()),
        };
        Some(Self {
            id: ticket.facts.id.clone(),
            title: line(&ticket.facts.title),
            state,
            because: because.map(line),
            most,
            iterations: progress.counted,
            total: progress.total,
            landed: progress.landed,
            reverted: progress.total.saturating_sub(progress.landed),
            idle: progress.idle,
            interrupted: ticket.interrupted(),
            last: progress.iterations.last().map(|last| IterationLine {
                number: last.number,
                attempt: last.attempt,
                commit: last.commit.as_ref().map(ToString::to_string),
                because: short(&last.because, REASON),
            }),
        })
    }

    /// Returns its counters in a line.
    pub(super) fn counters(&self) -> String {
        let mut text = format!(
            "{} of {} iterations, {} landed, {} reverted",
            self.iterations, self.most, self.landed, self.reverted
        );
        if self.interrupted > 0 {
            text.push_str(&format!(", {} interrupted", self.interrupted));
        }
        text
    }
}

/// Returns the objectives that this night has worked on, or is to.
pub(super) fn objectives(state: &State) -> Vec<ObjectiveLine> {
    let tickets = state.tickets().values();
    tickets
        .filter(|ticket| !ticket.tried.is_empty() || ticket.outcome().is_none())
        .filter_map(ObjectiveLine::of)
        .collect()
}

/// Returns `progress.md`: what the iterations so far came to and what their agents said, the
/// newest last, within 8 KiB.
pub fn progress(ticket: &TicketState) -> String {
    let most = ticket.facts.iterations.unwrap_or_default();
    let progress = &ticket.progress;
    let mut head = format!(
        "# Progress: {}\n\n{} of at most {most} iterations are over; {} of {} in all are commits.\n",
        line(&ticket.facts.title),
        progress.counted,
        progress.landed,
        progress.total,
    );
    let mut room = LONGEST.saturating_sub(head.len() + 80);
    let mut shown = Vec::new();
    for iteration in progress.iterations.iter().rev() {
        let text = section(iteration);
        if text.len() > room {
            if shown.is_empty() {
                shown.push(cut(&text, room).to_owned() + "…\n");
            }
            break;
        }
        room -= text.len();
        shown.push(text);
    }
    let known = u32::try_from(shown.len()).unwrap_or(u32::MAX);
    let dropped = progress.total.saturating_sub(known);
    if dropped > 0 {
        let s = if dropped == 1 { "" } else { "s" };
        head.push_str(&format!(
            "\n({dropped} older iteration{s} left out here.)\n"
        ));
    }
    for text in shown.iter().rev() {
        head.push_str(text);
    }
    head
}

fn section(iteration: &Iteration) -> String {
    let Iteration { number, night, .. } = iteration;
    let mut text = match &iteration.commit {
        Some(commit) => {
            let commit = commit.short();
            format!("\n## Iteration {number}: landed as {commit} in night {night}\n\n")
        }
        None => format!("\n## Iteration {number}: reverted\n\n"),
    };
    if !iteration.because.is_empty() {
        let who = match &iteration.commit {
            Some(_) => "the objective's check then said",
            None => "because",
        };
        text.push_str(&format!("- {who}: {}\n", short(&iteration.because, REASON)));
    }
    for said in &iteration.said {
        text.push_str(&format!("- it said: {}\n", line(said)));
    }
    text
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
