//! `nightshift report`: the report of a night, rendered from its journal.

use std::{path::Path, process::ExitCode};

use super::{
    args,
    failure::{Done, Failure, Kind},
    publish,
    ui::Ui,
};
use crate::{
    config::Environment,
    journal::Which,
    shift::{self, Site},
};

pub(super) fn run(args: &args::Report, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let which = args.night.as_deref().map_or(Which::Newest, Which::Night);
    let state = shift::read(&site.layout.journal(), which)
        .map_err(|error| Failure::of(Kind::Environment, &error))?
        .ok_or_else(|| match &args.night {
            Some(night) => Failure::usage(format!("there is no night `{night}` in the journal")),
            None => {
                Failure::usage("no night has been run here yet").hint("`nightshift run` runs one")
            }
        })?;
    publish::write(&state, &site.layout, &site.found.root)?;
    let (markdown, json) = publish::render(&state, &site.layout, &site.found.root)?;
    ui.out(if ui.json { &json } else { &markdown });
    Ok(ExitCode::SUCCESS)
}
