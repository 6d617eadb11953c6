//! Blind spots: every guarantee that was off, and every tear that was mended.

use serde::Serialize;

use super::{names::Names, view::View};
use crate::machine::{OutcomeKind, Repair, Session, Setback, TicketState};

/// A file of the backlog that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// The file, relative to the backlog folder.
    pub file: String,
    /// Each problem in one line.
    pub problems: Vec<String>,
}

/// Returns the files of the backlog that could not be used.
pub(super) fn refused(view: View<'_>) -> Vec<RefusedLine> {
    let files = view.state.refused().iter();
    files
        .map(|file| RefusedLine {
            file: file.file.clone(),
            problems: file.problems.clone(),
        })
        .collect()
}

/// Returns the blind spot that the report's first line must name: agents were not confined. The
/// night's terms say it in a sentence with `not confined` or `unconfined` in it.
pub(super) fn unconfined(view: View<'_>) -> Option<String> {
    let says = |spot: &&String| {
        let spot = spot.to_lowercase();
        spot.contains("not confined") || spot.contains("unconfined")
    };
    view.night.terms.blind_spots.iter().find(says).cloned()
}

/// Returns every guarantee that was off, as sentences.
pub(super) fn blind_spots(view: View<'_>) -> Vec<String> {
    let mut spots = view.night.terms.blind_spots.clone();
    let night = view.night;
    match night.deaths {
        0 => {}
        1 => spots.push("The runner died once and the night was resumed.".to_owned()),
        deaths => spots.push(format!(
            "The runner died {deaths} times and the night was resumed."
        )),
    }
    spots.extend(night.repairs.iter().map(repair));
    spots.extend(lost_sessions(view));
    spots.extend(survivors(view));
    spots.extend(adopted(view));
    spots
}

fn repair(repair: &Repair) -> String {
    match repair {
        Repair::TornRecord {
            offset,
            bytes,
            kept_at,
        } => format!(
            "The journal's last record was torn: {bytes} bytes at offset {offset} were set aside in `{kept_at}`."
        ),
        Repair::ProcessesEnded { count: 1 } => {
            "1 process that a dead runner left behind was ended.".to_owned()
        }
        Repair::ProcessesEnded { count } => {
            format!("{count} processes that a dead runner left behind were ended.")
        }
        Repair::StaleLocks { paths } => format!(
            "Locks that a dead runner left on its own refs were removed: {}.",
            paths.join(", ")
        ),
        Repair::Slept { ms } => format!(
            "The machine slept for {} min: timeouts stood still, the night's length did not.",
            ms.div_ceil(60_000)
        ),
        Repair::Restarted { because, after_ms } => format!(
            "The watchdog started the runner again, {}.{} s after the one before: {because}.",
            after_ms / 1000,
            after_ms % 1000 / 100
        ),
    }
}

fn lost_sessions(view: View<'_>) -> Option<String> {
    let lost = |ticket: &TicketState| {
        let mut tried = ticket.tried.iter();
        tried.any(|attempt| attempt.setback == Some(Setback::RunnerDied))
    };
    let tickets = view.state.tickets().iter();
    let names = Names::of(tickets.filter(|(_, ticket)| lost(ticket)).map(|(id, _)| id));
    (names.count > 0).then(|| {
        format!(
            "The runner died while an agent worked on {names}: what it said and cost is not known."
        )
    })
}

fn survivors(view: View<'_>) -> Option<String> {
    let mut count = 0;
    let mut names = Names::default();
    for (id, ticket) in view.state.tickets() {
        let sessions = ticket
            .tried
            .iter()
            .filter_map(|tried| tried.session.as_ref());
        let of_ticket: u64 = sessions
            .map(|session: &Session| u64::from(session.survivors))
            .sum();
        if of_ticket > 0 {
            names.add(id);
        }
        count += of_ticket;
    }
    match count {
        0 => None,
        1 => Some(format!(
            "1 process outlived its agent and was ended ({names})."
        )),
        _ => Some(format!(
            "{count} processes outlived their agents and were ended ({names})."
        )),
    }
}

fn adopted(view: View<'_>) -> Option<String> {
    let adopted = |ticket: &TicketState| {
        let mut landed = ticket
            .tried
            .iter()
            .filter_map(|tried| tried.landed.as_ref());
        landed.any(|landed| landed.adopted)
    };
    let landed = view
        .all(OutcomeKind::Done)
        .chain(view.all(OutcomeKind::LowConfidence));
    let names = Names::of(landed.filter(|(_, t)| adopted(t)).map(|(id, _)| id));
    (names.count > 0).then(|| {
        format!("The runner died while {names} landed; the commit was found on the branch and taken over.")
    })
}
