//! `stop`, `pause`, `resume` and `skip`: what binds the running night from another terminal.
//!
//! They act through `control.json`, which the runner looks at several times a second, and bind the
//! runner, not the agent's goodwill. Without a running night they write nothing: what nobody reads
//! must not hold up a later night.

use std::{path::Path, process::ExitCode};

use super::{
    args,
    ask::request,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    config::Environment,
    journal::Which,
    layout::{Layout, Lock},
    machine::{RequestKind, State},
    morning,
    shift::{self, Site, control},
};

pub(super) fn stop(args: &args::Stop, start: &Path, environment: Environment, ui: Ui) -> Done {
    let said = if args.now {
        "Asked to stop at once: the agent is ended, its work is kept."
    } else {
        "Asked to stop at the next safe boundary. `nightshift stop --now` does not wait."
    };
    let kind = |_: Option<&State>| Ok(morning::stop(args.now));
    tell(kind, args.reason.as_ref(), said, start, environment, ui)
}

pub(super) fn pause(args: &args::Pause, start: &Path, environment: Environment, ui: Ui) -> Done {
    let said = "Asked to pause: what is at work goes on to its end, and nothing starts after it. \
                `nightshift resume` lets it go on.";
    let kind = |_: Option<&State>| Ok(RequestKind::Pause);
    tell(kind, args.reason.as_ref(), said, start, environment, ui)
}

pub(super) fn resume(args: &args::Pause, start: &Path, environment: Environment, ui: Ui) -> Done {
    let said = "Asked to go on: no pause holds it, and no provider is waited for any longer.";
    let kind = |_: Option<&State>| Ok(RequestKind::Resume);
    tell(kind, args.reason.as_ref(), said, start, environment, ui)
}

pub(super) fn skip(args: &args::Skip, start: &Path, environment: Environment, ui: Ui) -> Done {
    let said = format!("Asked to leave `{}` for tonight.", args.ticket);
    let kind = |state: Option<&State>| {
        let none = State::default();
        let state = state.unwrap_or(&none);
        morning::skip(state, &args.ticket).map_err(|error| Failure::of(Kind::Usage, &error))
    };
    tell(kind, args.reason.as_ref(), &said, start, environment, ui)
}

/// Leaves a request to the running night.
fn tell(
    kind: impl FnOnce(Option<&State>) -> Result<RequestKind, Failure>,
    reason: Option<&String>,
    said: &str,
    start: &Path,
    environment: Environment,
    ui: Ui,
) -> Done {
    let by = environment.user.clone();
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let layout = site.layout;
    let holder = Lock::holder(&layout.lock()).map_err(|e| Failure::of(Kind::Environment, &e))?;
    let Some(holder) = holder else {
        return nobody(&layout, ui);
    };
    let state = shift::read(&layout.journal(), Which::Newest)
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let request = request(kind(state.as_ref())?, by, reason.cloned());
    control::add(&layout.control(), request).map_err(|e| Failure::of(Kind::Environment, &e))?;
    if ui.json {
        ui.json(&serde_json::json!({ "version": 1, "running": true, "pid": holder.pid }));
    } else {
        ui.out(said);
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that no night is running, and what a dead one is still bound by.
fn nobody(layout: &Layout, ui: Ui) -> Done {
    let state = shift::read(&layout.journal(), Which::Newest)
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let paused = state
        .as_ref()
        .and_then(State::night)
        .is_some_and(|night| night.ended.is_none() && night.pause.is_some());
    if ui.json {
        ui.json(&serde_json::json!({ "version": 1, "running": false, "paused": paused }));
    } else if paused {
        ui.out(
            "No night is running: the runner of a paused one died. `nightshift run` takes it up, \
             paused; `nightshift resume` then lets it go on.",
        );
    } else {
        ui.out("No night is running.");
    }
    Ok(ExitCode::SUCCESS)
}
