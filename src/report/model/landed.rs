//! What landed in this night, and what of it deserves a look.

use std::collections::BTreeMap;

use serde::Serialize;

use super::view::View;
use crate::{
    backlog::ticket::TicketId,
    gate::verdict::Check,
    machine::{Attempt, Outcome, OutcomeKind, TicketState},
    repo::id::CommitId,
    report::{
        command,
        rank::{Parts, Score, order, severity},
    },
    say::utterance::Utterance,
};

/// A landed ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandedLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// The commit on the night branch.
    pub commit: CommitId,
    /// Its first ten characters.
    pub short: String,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// How long the gate took on it, in milliseconds.
    pub gate_ms: u64,
    /// Whether its gate was remembered from the same tree instead of run.
    pub gate_remembered: bool,
    /// Attempts of this night.
    pub attempts: usize,
    /// Whether there are reasons to look at it.
    pub look: bool,
    /// Whether a restarted runner found it on the branch.
    pub adopted: bool,
}

/// A landed ticket with reasons to look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// Why to look.
    pub reasons: Vec<String>,
    /// What the agent said that it did; `None` when it said nothing.
    pub said: Option<String>,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// The command that shows it.
    pub show: String,
}

/// Returns what landed tonight, in the order in which it stands on the branch.
pub(super) fn landed(view: View<'_>) -> Vec<LandedLine> {
    let places: BTreeMap<&TicketId, usize> = view
        .night
        .landed
        .iter()
        .enumerate()
        .map(|(at, id)| (id, at))
        .collect();
    let mut lines: Vec<LandedLine> = Vec::new();
    for kind in [OutcomeKind::Done, OutcomeKind::LowConfidence] {
        for (_, ticket) in view.all(kind).filter(|(_, ticket)| view.tonight(ticket)) {
            lines.extend(line(ticket));
        }
    }
    lines.sort_by(|a, b| {
        let place = |line: &LandedLine| places.get(&line.id).copied().unwrap_or(usize::MAX);
        place(a).cmp(&place(b)).then_with(|| a.id.cmp(&b.id))
    });
    lines
}

/// Returns what landed tonight with reasons to look, the most pressing first.
pub(super) fn look(view: View<'_>) -> Vec<LookLine> {
    let mut lines: Vec<LookLine> = view
        .all(OutcomeKind::LowConfidence)
        .filter(|(_, ticket)| view.tonight(ticket))
        .filter_map(|(_, ticket)| look_line(view, ticket))
        .collect();
    lines.sort_by(|a, b| order((&a.score, &a.id), (&b.score, &b.id)));
    lines
}

fn line(ticket: &TicketState) -> Option<LandedLine> {
    let (commit, look) = match ticket.outcome()? {
        Outcome::Done { commit } => (commit, false),
        Outcome::LowConfidence { commit, .. } => (commit, true),
        Outcome::Parked(_)
        | Outcome::Held { .. }
        | Outcome::Blocked(_)
        | Outcome::Failed { .. }
        | Outcome::Skipped { .. } => return None,
    };
    let attempt = landing(ticket);
    let work = attempt.and_then(|attempt| Some(&attempt.taken.as_ref()?.work));
    let gate = attempt.and_then(|attempt| {
        let mut verdicts = attempt.verdicts.iter();
        verdicts.find(|verdict| verdict.check == Check::Gate)
    });
    Some(LandedLine {
        id: ticket.facts.id.clone(),
        title: ticket.facts.title.clone(),
        commit: commit.clone(),
        short: commit.short().to_owned(),
        files: work.map_or(0, |work| work.files),
        added: work.map_or(0, |work| work.added),
        removed: work.map_or(0, |work| work.removed),
        gate_ms: gate.map_or(0, |gate| gate.took_ms),
        gate_remembered: gate.is_some_and(|gate| gate.remembered),
        attempts: ticket.tried.len(),
        look,
        adopted: attempt
            .and_then(|attempt| attempt.landed.as_ref())
            .is_some_and(|landed| landed.adopted),
    })
}

fn look_line(view: View<'_>, ticket: &TicketState) -> Option<LookLine> {
    let outcome = ticket.outcome()?;
    let Outcome::LowConfidence { commit, reasons } = outcome else {
        return None;
    };
    let line = line(ticket)?;
    let parts = Parts {
        severity: severity(outcome),
        waiting: 0,
        files: line.files,
        lines: line.added.saturating_add(line.removed),
        hours: view.hours(ticket),
    };
    Some(LookLine {
        score: Score::of(parts),
        reasons: reasons.iter().map(ToString::to_string).collect(),
        said: landing(ticket).and_then(last_word),
        files: line.files,
        added: line.added,
        removed: line.removed,
        show: command::show(commit),
        id: line.id,
        title: line.title,
    })
}

/// Returns the attempt that landed.
pub(super) fn landing(ticket: &TicketState) -> Option<&Attempt> {
    let mut latest_first = ticket.tried.iter().rev();
    latest_first.find(|attempt| attempt.landed.is_some())
}

/// Returns what the agent said last of its own work.
pub(super) fn last_word(attempt: &Attempt) -> Option<String> {
    let said = &attempt.session.as_ref()?.said;
    said.iter().rev().find_map(|said| match said {
        Utterance::Done { text } | Utterance::Note { text } => Some(text.clone()),
        Utterance::Assume { .. } | Utterance::Park(_) | Utterance::Halt { .. } => None,
    })
}
