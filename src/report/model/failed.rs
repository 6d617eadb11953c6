//! What failed in this night: what was tried, and how the last check broke.

use serde::Serialize;

use super::{check::CheckLine, landed::last_word, names::Names, view::View, work::WorkLine};
use crate::{
    backlog::ticket::TicketId,
    gate::verdict::Verdict,
    harness::event::Ending,
    machine::{Attempt, Outcome, OutcomeKind, Setback, TicketState},
    report::{
        command,
        rank::{Parts, Score, order, severity},
    },
};

/// So many failures are shown with the output of their checks: beyond, nobody reads on.
const QUOTED: usize = 50;

/// A failed ticket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// Why, as a sentence without a full stop.
    pub because: String,
    /// What was tried, oldest first.
    pub tried: Vec<Tried>,
    /// The last check that was red; `None` when none was.
    pub red: Option<RedCheck>,
    /// What it holds up.
    pub holds: Names,
    /// The command that tries it again.
    pub requeue: String,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Which, counted over nights.
    pub number: u32,
    /// The harness.
    pub harness: String,
    /// How long the agent worked, in milliseconds; `None` when that is not known.
    pub took_ms: Option<u64>,
    /// Why it did not land, as a sentence without a full stop.
    pub because: String,
    /// What the agent said last of its work; `None` when it said nothing.
    pub said: Option<String>,
    /// Its work; `None` when it changed nothing.
    pub work: Option<WorkLine>,
}

/// A red check, and in which attempt it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedCheck {
    /// The attempt's number.
    pub attempt: u32,
    /// The check.
    pub check: CheckLine,
}

/// Returns what failed tonight, the most pressing first.
pub(super) fn failed(view: View<'_>) -> Vec<FailedLine> {
    let mut lines: Vec<(FailedLine, Option<(u32, &Verdict)>)> = view
        .all(OutcomeKind::Failed)
        .filter(|(_, ticket)| view.tonight(ticket))
        .filter_map(|(_, ticket)| Some((line(view, ticket)?, last_red(ticket))))
        .collect();
    lines.sort_by(|(a, _), (b, _)| order((&a.score, &a.id), (&b.score, &b.id)));
    let quoted = lines.into_iter().enumerate().map(|(at, (line, red))| {
        let red = red.map(|(attempt, verdict)| RedCheck {
            attempt,
            check: if at < QUOTED {
                CheckLine::with_output(verdict, view.evidence)
            } else {
                CheckLine::not_quoted(verdict, "only the first 50 failures are quoted")
            },
        });
        FailedLine { red, ..line }
    });
    quoted.collect()
}

/// Returns what failed in earlier nights and was not tried again.
pub(super) fn failed_before(view: View<'_>) -> Names {
    let before = view.all(OutcomeKind::Failed);
    Names::of(
        before
            .filter(|(_, ticket)| !view.tonight(ticket))
            .map(|(id, _)| id),
    )
}

fn line(view: View<'_>, ticket: &TicketState) -> Option<FailedLine> {
    let outcome = ticket.outcome()?;
    let Outcome::Failed { because } = outcome else {
        return None;
    };
    let id = &ticket.facts.id;
    let holds = Names::of(view.waiting.on(id));
    let tried: Vec<Tried> = ticket.tried.iter().map(attempt).collect();
    let work = tried.iter().rev().find_map(|tried| tried.work.as_ref());
    let parts = Parts {
        severity: severity(outcome),
        waiting: holds.count,
        hours: view.hours(ticket),
        ..Parts::default()
    };
    Some(FailedLine {
        id: id.clone(),
        title: ticket.facts.title.clone(),
        score: Score::of(WorkLine::weigh(work, parts)),
        because: because.clone(),
        tried,
        red: None,
        holds,
        requeue: command::requeue(id),
    })
}

fn attempt(attempt: &Attempt) -> Tried {
    let session = attempt.session.as_ref();
    let because = match (&attempt.setback, session) {
        (Some(setback), _) => setback.to_string(),
        (None, Some(session)) => ending(&session.ending),
        (None, None) => "no agent ran".to_owned(),
    };
    Tried {
        number: attempt.number,
        harness: attempt.harness.clone(),
        took_ms: session.map(|session| session.took_ms),
        because,
        said: last_word(attempt),
        work: WorkLine::of(attempt),
    }
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Exited => "the agent ended by itself".to_owned(),
        Ending::Failed { reason } => format!("the agent failed: {reason}"),
        Ending::TimedOut { .. } => "the agent ran into its timeout".to_owned(),
        Ending::Silent { .. } => "the agent did nothing for too long".to_owned(),
        Ending::Stopped => "the agent was stopped".to_owned(),
        Ending::Halted => "the agent was ended by a halt".to_owned(),
        Ending::NotStarted { reason } => format!("the agent could not start: {reason}"),
        Ending::Weather(weather) => {
            format!(
                "{} stopped the agent: {}",
                weather.kind.as_str(),
                weather.said
            )
        }
        Ending::OverBudget { what } => format!("the agent went over budget: {what}"),
    }
}

/// Returns the red check that sent the last attempt back that a check sent back.
fn last_red(ticket: &TicketState) -> Option<(u32, &Verdict)> {
    ticket
        .tried
        .iter()
        .rev()
        .filter(|attempt| matches!(attempt.setback, Some(Setback::Red { .. })))
        .find_map(|attempt| Some((attempt.number, red(&attempt.verdicts)?)))
}

/// Returns the first check that is not green.
pub(super) fn red(verdicts: &[Verdict]) -> Option<&Verdict> {
    verdicts.iter().find(|verdict| !verdict.class.is_green())
}
