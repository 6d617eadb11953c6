//! An objective on disk: `nights/<night>/objectives/<ticket>/`, for whoever wants to read along,
//! and what its next iteration is told.
//!
//! Everything here is a projection of the state and of the attempts' evidence, written again
//! whenever it has changed; nothing is ever read back from it.

use std::{borrow::Cow, collections::HashMap, path::PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{hands::Room, real::Real, world::Trouble};
use crate::{
    backlog::ticket::{Ticket, TicketId},
    gate::verdict::Check,
    harness::Objective,
    layout::{self, PathError},
    machine::{Attempt, Night, Phase, State, TicketState},
    repo::id::CommitId,
    report::{self, ObjectiveLine},
};

/// What was written last, so that what has not changed is left alone.
#[derive(Debug, Default)]
pub(super) struct Written(HashMap<TicketId, Vec<u8>>);

/// `run-summary.json`.
#[derive(Serialize)]
struct RunSummary<'a> {
    version: u32,
    night: &'a str,
    /// The full ref on which its iterations land.
    branch: &'a str,
    /// The branch's tip.
    tip: &'a CommitId,
    /// The bench, in which its agents work.
    worktree: PathBuf,
    /// The command that is green when it is reached; `None` when its file is gone.
    accept: Option<Cow<'a, str>>,
    /// What it waits for before the next iteration.
    backoff: Option<Backoff<'a>>,
    #[serde(flatten)]
    line: ObjectiveLine,
}

/// Why the next iteration does not begin yet.
#[derive(Serialize)]
struct Backoff<'a> {
    until: Timestamp,
    because: &'a str,
    /// How often in a row.
    tries: u32,
}

/// `iteration-0001.json`.
#[derive(Serialize)]
struct OneIteration<'a> {
    version: u32,
    night: &'a str,
    ticket: &'a TicketId,
    /// Which, counted over nights.
    iteration: u32,
    /// Whether it is a commit; otherwise it was reverted, its work kept.
    landed: bool,
    /// Whether the objective's own check was green on it.
    reached: bool,
    /// The folder of its evidence, relative to the night's.
    folder: String,
    /// All that is known of it.
    attempt: &'a Attempt,
}

impl Real {
    /// Writes what has changed of tonight's objectives.
    pub(super) fn write_objectives(&mut self, state: &State) -> Result<(), Trouble> {
        let Some(night) = state.night() else {
            return Ok(());
        };
        for (id, known) in state.tickets() {
            let is_active = matches!(known.phase, Phase::Active(_));
            let Some(line) =
                ObjectiveLine::of(known).filter(|_| is_active || !known.tried.is_empty())
            else {
                continue;
            };
            let summary = RunSummary {
                version: 1,
                night: &night.terms.night,
                branch: &night.terms.branch,
                tip: &night.tip,
                worktree: self.hands.room(Room::Bench),
                accept: self
                    .ticket(id)
                    .and_then(|ticket| ticket.accept.as_deref())
                    .map(|accept| self.hands.redactor.redact(accept)),
                backoff: backoff(night, known),
                line,
            };
            let summary = serde_json::to_vec_pretty(&summary).unwrap_or_default();
            if self.written.0.get(id) == Some(&summary) {
                continue;
            }
            self.write_objective(id, known, &summary)
                .map_err(|error| Trouble::of(&error, "look at the disk, then `nightshift run`"))?;
            self.written.0.insert(id.clone(), summary);
        }
        Ok(())
    }

    fn write_objective(
        &self,
        id: &TicketId,
        known: &TicketState,
        summary: &[u8],
    ) -> Result<(), PathError> {
        let folder = self.hands.layout.objective(&self.night, id.as_str());
        if let Some(ticket) = self.ticket(id) {
            let text = objective(ticket);
            let text = self.hands.redactor.redact(&text);
            layout::replace(&folder.join("objective.md"), text.as_bytes())?;
        }
        for attempt in &known.tried {
            let Some(number) = attempt.iteration else {
                continue;
            };
            let path = folder.join(format!("iteration-{number:04}.json"));
            // It is over: its file never changes.
            if path.exists() {
                continue;
            }
            let attempts = self.desk(id, attempt.number);
            let events = attempts.folder.join("events.jsonl");
            if events.exists() {
                let log = folder.join(format!("iteration-{number:04}.log.jsonl"));
                let target = PathBuf::from("../..")
                    .join(&attempts.name)
                    .join("events.jsonl");
                layout::link(&target, &log)?;
            }
            let one = OneIteration {
                version: 1,
                night: &self.night,
                ticket: id,
                iteration: number,
                landed: attempt.landed.is_some(),
                reached: attempt.landed.is_some() && is_reached(attempt),
                folder: attempts.name,
                attempt,
            };
            let one = serde_json::to_vec_pretty(&one).unwrap_or_default();
            layout::replace(&path, &one)?;
        }
        let progress = report::progress(known);
        layout::replace(&folder.join("progress.md"), progress.as_bytes())?;
        layout::replace(&folder.join("run-summary.json"), summary)
    }
}

/// Returns what an iteration is told beside; `None` when the ticket is no objective.
pub(super) fn told(
    known: &TicketState,
    ticket: &Ticket,
    gate: Option<&String>,
) -> Option<Objective> {
    let most = known.facts.iterations?;
    let progress = &known.progress;
    Some(Objective {
        iteration: progress.counted + 1,
        most,
        is_gate: ticket.accept.is_some() && ticket.accept.as_ref() == gate,
        progress: (progress.total > 0).then(|| report::progress(known)),
    })
}

/// Returns the attempts that the next one is told of at length: all of a ticket; of an objective
/// the last one, unless it landed, because its progress tells of the others.
pub(super) fn of_interest(known: &TicketState) -> &[Attempt] {
    let tried = known.tried.as_slice();
    match (known.facts.iterations, tried) {
        (None, _) => tried,
        (Some(_), [.., last]) if last.landed.is_none() => std::slice::from_ref(last),
        (Some(_), _) => &[],
    }
}

fn backoff<'a>(night: &'a Night, known: &TicketState) -> Option<Backoff<'a>> {
    if !matches!(known.phase, Phase::Queued { .. }) {
        return None;
    }
    let harness = &known.tried.last()?.harness;
    let waits = night.waits.get(night.terms.account(harness))?;
    Some(Backoff {
        until: waits.until,
        because: &waits.weather.said,
        tries: waits.tries,
    })
}

fn is_reached(attempt: &Attempt) -> bool {
    let mut verdicts = attempt.verdicts.iter();
    verdicts.any(|verdict| verdict.check == Check::Accept && verdict.class.is_green())
}

/// Returns `objective.md`: what is wanted, and when it is reached.
fn objective(ticket: &Ticket) -> String {
    let accept = ticket.accept.as_deref().unwrap_or_default();
    let accept = accept.trim().replace('\n', "\n    ");
    let most = ticket.facts.iterations.unwrap_or_default();
    format!(
        "# {}\n\n{}\n\n# When it is reached\n\nWhen this is green, and never because an agent says so:\n\n    {accept}\n\nIt has failed after {most} iterations, or after three in a row without a commit.\n",
        ticket.facts.title,
        ticket.body.trim(),
    )
}
