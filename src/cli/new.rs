//! `nightshift new`: a ticket from its title.

use std::{path::Path, process::ExitCode};

use super::{
    args,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{backlog, config::Environment, layout, shift::Site};

/// How many tickets may have the same title.
const MOST_NAMES: u32 = 10_000;

pub(super) fn run(args: &args::New, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let folder = site.found.root.join(&site.config.backlog);
    let ticket = backlog::NewTicket {
        title: &args.title,
        priority: args.priority.as_deref(),
        depends_on: &args.depends_on,
    };
    let draft = backlog::new_ticket(&ticket).map_err(|error| Failure::of(Kind::Usage, &error))?;
    let (name, path) = (1..=MOST_NAMES)
        .map(|number| draft.file_name(number))
        .map(|name| (name.clone(), folder.join(name)))
        .find(|(_, path)| path.symlink_metadata().is_err())
        .ok_or_else(|| Failure::environment("no free file name was found"))?;
    let id = name.trim_end_matches(".md").to_owned();
    layout::write(&path, draft.text().as_bytes())
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let shown = format!("{}/{name}", site.config.backlog);
    if ui.json {
        ui.json(&serde_json::json!({ "version": 1, "id": id, "file": shown }));
    } else {
        ui.out(&shown);
        ui.note("Next: say in it what is wanted and how it is checked, then `nightshift check`.");
    }
    Ok(ExitCode::SUCCESS)
}
