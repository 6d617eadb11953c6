//! `nightshift status`: how the night stands, from another terminal or after it.

use std::{path::Path, process::ExitCode};

use jiff::SignedDuration;

use super::{
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    clock::{self, Now},
    config::Environment,
    journal::Which,
    layout::Lock,
    machine::State,
    process,
    report::{self, Liveness, Pulse},
    shift::{self, Heartbeat, Site, Standing, control},
};

pub(super) fn run(start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let state = shift::read(&site.layout.journal(), Which::Newest)
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    // Where a file cannot be read, the next night says so.
    let standing = site.trust().ok().map(|trust| trust.standing);
    let trusted = standing.as_ref().is_some_and(Standing::is_trusted);
    if let Some(standing) = standing.filter(|_| !trusted && !ui.json) {
        ui.note(&format!(
            "{standing}; `nightshift trust`, or no other night begins"
        ));
    }
    let Some(state) = state else {
        if ui.json {
            ui.json(&serde_json::json!({ "version": 1, "night": null, "trusted": trusted }));
        } else {
            ui.out("No night has been run here yet. `nightshift run` runs one.");
        }
        return Ok(ExitCode::SUCCESS);
    };
    let holder = Lock::holder(&site.layout.lock())
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let beat = Heartbeat::read(&site.layout.heartbeat());
    let (liveness, pulse) = vitals(&state, holder.is_some(), beat.as_ref(), &clock::now());
    // A file that cannot be read is the runner's to complain about.
    let asked = control::read(&site.layout.control()).unwrap_or_default();
    let status = report::status(&state, liveness, pulse, &asked);
    if ui.json {
        ui.json(&Shown { status, trusted });
    } else {
        ui.out(&status.render());
    }
    Ok(ExitCode::SUCCESS)
}

/// How the night stands, and whether another may begin.
#[derive(serde::Serialize)]
struct Shown<T> {
    #[serde(flatten)]
    status: T,
    trusted: bool,
}

/// Returns whether the night goes on, by the lock, the heartbeat and the journal.
fn vitals(
    state: &State,
    is_locked: bool,
    beat: Option<&Heartbeat>,
    now: &Now,
) -> (Liveness, Option<Pulse>) {
    let Some(night) = state.night().filter(|night| night.ended.is_none()) else {
        return (Liveness::NotRunning, None);
    };
    // Of another boot it says nothing.
    let beat = beat.filter(|beat| beat.runner.boot == now.boot.id);
    let journaled = night.runner.as_ref().map(|runner| &runner.process);
    // A runner that is opening the night has not been journaled yet, and beats already.
    let beating = beat.filter(|beat| process::is_alive(&beat.runner));
    let runs = is_locked && (beating.is_some() || journaled.is_some_and(process::is_alive));
    let pulse = beat.map(|beat| pulse(beat, now));
    let is_watched = pulse.as_ref().is_some_and(|pulse| pulse.watchdog.is_some());
    let liveness = match beating {
        _ if !runs && is_watched => Liveness::Restarting,
        _ if !runs => Liveness::Dead,
        Some(beat) if beat.may_be_still(now.boot.ms) => match beat.waiting {
            Some(_) if night.pause.is_some() => Liveness::Paused,
            Some(_) => Liveness::Waiting,
            None => Liveness::Alive,
        },
        Some(beat) if now.boot.ms.saturating_sub(beat.at_ms) >= beat.stall_ms => Liveness::Stalled,
        Some(_) | None => Liveness::Alive,
    };
    (liveness, pulse)
}

fn pulse(beat: &Heartbeat, now: &Now) -> Pulse {
    let at = |ms: u64| {
        let past = SignedDuration::from_millis_i128(i128::from(ms) - i128::from(now.boot.ms));
        now.at.checked_add(past).ok()
    };
    let doing = beat.doing.as_ref();
    let waiting = beat.waiting.as_ref();
    Pulse {
        pid: beat.runner.pid,
        watchdog: (beat.watchdog.as_ref())
            .filter(|watchdog| process::is_alive(watchdog))
            .map(|watchdog| watchdog.pid),
        doing: doing.map(|doing| format!("{} {}", doing.stage, doing.ticket)),
        since: doing.and_then(|doing| at(doing.since_ms)),
        still_ms: now.boot.ms.saturating_sub(beat.at_ms),
        waiting_for: waiting.map(|waiting| waiting.because.clone()),
        waiting_until: waiting.and_then(|waiting| at(waiting.until_ms)),
    }
}
