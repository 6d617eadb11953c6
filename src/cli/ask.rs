//! `answer` and `requeue`: requests, to the running night or straight into the journal.

use std::{path::Path, process::ExitCode};

use super::{
    args,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    clock,
    config::Environment,
    journal::Which,
    layout::{Holder, Layout, Lock, LockError},
    machine::{Request, RequestKind, State},
    morning,
    shift::{self, Site, control},
};

pub(super) fn answer(args: &args::Answer, start: &Path, environment: Environment, ui: Ui) -> Done {
    let (layout, by, state) = open(start, environment)?;
    let kind = morning::answer(&state, &args.ticket, &args.answer)
        .map_err(|error| Failure::of(Kind::Usage, &error))?;
    ask(
        &layout,
        vec![request(kind, by, None)],
        ui,
        &format!("`{}` is queued again, with the answer.", args.ticket),
    )
}

pub(super) fn requeue(
    args: &args::Requeue,
    start: &Path,
    environment: Environment,
    ui: Ui,
) -> Done {
    let (layout, by, state) = open(start, environment)?;
    let mut requests = Vec::new();
    for ticket in &args.tickets {
        let kind =
            morning::requeue(&state, ticket).map_err(|error| Failure::of(Kind::Usage, &error))?;
        requests.push(request(kind, by.clone(), args.reason.clone()));
    }
    let names: Vec<_> = args
        .tickets
        .iter()
        .map(|ticket| format!("`{ticket}`"))
        .collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    ask(
        &layout,
        requests,
        ui,
        &format!("{} {verb} queued again.", names.join(", ")),
    )
}

fn open(
    start: &Path,
    environment: Environment,
) -> Result<(Layout, Option<String>, State), Failure> {
    let by = environment.user.clone();
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let state = shift::read(&site.layout.journal(), Which::Newest)
        .map_err(|error| Failure::of(Kind::Environment, &error))?
        .ok_or_else(|| {
            Failure::usage("no night has been run here yet, so there is nothing to answer")
                .hint("`nightshift run` runs one")
        })?;
    Ok((site.layout, by, state))
}

pub(super) fn request(kind: RequestKind, by: Option<String>, reason: Option<String>) -> Request {
    let now = clock::now();
    let what = blake3::hash(format!("{kind:?}").as_bytes()).to_hex();
    let what: String = what.chars().take(8).collect();
    let id = format!("{}-{}-{what}", std::process::id(), now.boot.ms);
    Request {
        id,
        kind,
        by,
        reason,
    }
}

/// Journals requests, or leaves them to the running night.
fn ask(layout: &Layout, requests: Vec<Request>, ui: Ui, done: &str) -> Done {
    let holder = Holder {
        pid: std::process::id(),
        since: clock::now().at.to_string(),
        what: "an answer".to_owned(),
    };
    let running = match Lock::take(&layout.lock(), &holder) {
        Ok(_lock) => {
            morning::record(&layout.journal(), &requests)
                .map_err(|error| Failure::of(Kind::Environment, &error))?;
            false
        }
        Err(LockError::Held { .. }) => {
            for request in requests {
                control::add(&layout.control(), request)
                    .map_err(|error| Failure::of(Kind::Environment, &error))?;
            }
            true
        }
        Err(error @ LockError::Io(_)) => return Err(Failure::of(Kind::Environment, &error)),
    };
    if ui.json {
        ui.json(&serde_json::json!({ "version": 1, "running": running }));
    } else {
        let when = if running {
            "The running night takes it up at its next boundary."
        } else {
            "The next `nightshift run` takes it up."
        };
        ui.out(&format!("{done} {when}"));
    }
    Ok(ExitCode::SUCCESS)
}
