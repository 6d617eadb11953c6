//! What is in force over a night: stops, pauses, skips, waits, harnesses that are closed.

use jiff::Timestamp;
use serde::Serialize;

use super::render::line;
use crate::machine::{Night, Request, State};

/// One thing that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// Which kind, in a word.
    pub kind: &'static str,
    /// Since when; `None` where that is not known.
    pub since: Option<Timestamp>,
    /// Until when at the latest; `None` when somebody must end it.
    pub until: Option<Timestamp>,
    /// What it means, by whom and why, in one line that is safe for a terminal.
    pub what: String,
}

/// Returns what is in force; nothing when the run has ended.
pub(super) fn in_force(night: &Night) -> Vec<InForce> {
    if night.ended.is_some() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut add = |kind, since, until, what: String| {
        all.push(InForce {
            kind,
            since,
            until,
            what: line(&what),
        });
    };
    if let Some(stop) = &night.stop {
        let when = if stop.now {
            "at once"
        } else {
            "at the next safe boundary"
        };
        let who = whose(stop.by.as_ref(), stop.reason.as_ref());
        add("stop", Some(stop.since), None, format!("{when}{who}"));
    }
    if let Some(pause) = &night.pause {
        let who = whose(pause.by.as_ref(), pause.reason.as_ref());
        let what = format!("nothing starts until `nightshift resume`{who}");
        add("pause", Some(pause.since), None, what);
    }
    for (ticket, because) in &night.skips {
        add("skip", None, None, format!("{ticket}: {because}"));
    }
    for (account, waits) in &night.waits {
        let what = waits.because(account);
        add("wait", Some(waits.since.at), Some(waits.until), what);
    }
    for (harness, closed) in &night.closed {
        let what = format!("{harness}: {}; {}", closed.because, closed.remedy);
        add("closed", Some(closed.since), None, what);
    }
    all
}

/// Returns what was asked for and not taken up yet, each in one line.
pub(super) fn asked(state: &State, requests: &[Request]) -> Vec<String> {
    requests
        .iter()
        .filter(|request| !state.knows_request(&request.id))
        .map(|request| {
            let who = whose(request.by.as_ref(), request.reason.as_ref());
            line(&format!("{}{who} (at the next boundary)", request.kind))
        })
        .collect()
}

fn whose(by: Option<&String>, reason: Option<&String>) -> String {
    let by = by.map(|by| format!(", asked for by {by}"));
    let why = reason.map(|why| format!(": {why}"));
    format!("{}{}", by.unwrap_or_default(), why.unwrap_or_default())
}
