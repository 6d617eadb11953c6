//! `nightshift status`: how the night stands, from another terminal or after it.

use std::{path::Path, process::ExitCode};

use super::{
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    config::Environment,
    journal::Which,
    layout::Lock,
    process,
    report::{self, Liveness},
    shift::{self, Site},
};

pub(super) fn run(start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let state = shift::read(&site.layout.journal(), Which::Newest)
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let Some(state) = state else {
        if ui.json {
            ui.json(&serde_json::json!({ "version": 1, "night": null }));
        } else {
            ui.out("No night has been run here yet. `nightshift run` runs one.");
        }
        return Ok(ExitCode::SUCCESS);
    };
    let holder = Lock::holder(&site.layout.lock())
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let runner = state.night().and_then(|night| night.runner.as_ref());
    let alive = runner.is_some_and(|runner| process::is_alive(&runner.process));
    let ended = state.night().is_some_and(|night| night.ended.is_some());
    let liveness = match (ended, alive && holder.is_some()) {
        (true, _) => Liveness::NotRunning,
        (false, true) => Liveness::Alive,
        (false, false) => Liveness::Dead,
    };
    let status = report::status(&state, liveness);
    if ui.json {
        ui.json(&status);
    } else {
        ui.out(&status.render());
    }
    Ok(ExitCode::SUCCESS)
}
