//! `nightshift verify`: whether everything that must hold of a night does.

use std::{path::Path, process::ExitCode};

use serde_json::json;

use super::{
    args,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{audit::Invariant, config::Environment, shift::Site};

pub(super) fn run(args: &args::Verify, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    let nights = runtime
        .block_on(site.verify(args.night.as_deref()))
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    if nights.is_empty() {
        return Err(match &args.night {
            Some(night) => Failure::usage(format!("there is no night `{night}` in the journal")),
            None => {
                Failure::usage("no night has been run here yet").hint("`nightshift run` runs one")
            }
        });
    }
    let holds = nights.iter().all(|night| night.violations.is_empty());
    if ui.json {
        ui.json(&json!({ "version": 1, "holds": holds, "nights": nights }));
    } else {
        for night in &nights {
            let name = if night.night.is_empty() {
                format!("segment {}", night.segment)
            } else {
                format!("night {}", night.night)
            };
            let running = if night.running { ", still running" } else { "" };
            let verdict = match night.violations.len() {
                0 => "all holds".to_owned(),
                1 => "1 thing does not hold".to_owned(),
                many => format!("{many} things do not hold"),
            };
            ui.out(&format!(
                "{name}: {verdict} ({} records{running})",
                night.records
            ));
            for violation in &night.violations {
                let number = Invariant::ALL
                    .iter()
                    .position(|one| *one == violation.invariant)
                    .map_or(0, |at| at + 1);
                ui.out(&format!("  violated {number}: {}", violation.invariant));
                ui.out(&format!("           {}", violation.evidence));
            }
            for note in &night.notes {
                ui.note(&format!("  not checked: {note}"));
            }
        }
    }
    if holds {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(Kind::NeedsHuman.into())
    }
}
