//! `nightshift run --objective`: the words of an objective become a ticket of the backlog.
//!
//! The file is the objective: it is there before the night begins, so that a runner that is
//! started again, and the same words tomorrow, find it and go on.

use std::{path::Path, sync::Arc};

use super::{
    args,
    failure::{Failure, Kind},
    night::refuse,
    ui::Ui,
};
use crate::{
    backlog::{self, Backlog, NewObjective, objective_of, parse_ticket, ticket::Ticket},
    config::Environment,
    layout, process,
    shift::{self, Site},
};

/// How many objectives may begin with the same words.
const MOST_NAMES: u32 = 1000;

/// Returns the ticket that is the objective of this run, writing its file when it is new; `None`
/// when the run has no objective. With `--dry-run` nothing is written.
pub(super) fn prepare(
    args: &args::Run,
    hidden: &args::Hidden,
    start: &Path,
    environment: &Environment,
    ui: Ui,
) -> Result<Option<Arc<Ticket>>, Failure> {
    let Some(text) = &args.objective else {
        return Ok(None);
    };
    let site = open(start, environment)?;
    let backlog = backlog::load(&site.found.root, &site.config.backlog)
        .map_err(|error| Failure::of(Kind::Usage, &error).hint(error.hint()))?;
    if let Some(known) = objective_of(&backlog, text) {
        fits(known, args, &site)?;
        if hidden.watched.is_none() && !hidden.away {
            ui.note(&format!("objective: {} goes on", shown(known, &site)));
        }
        return Ok(Some(Arc::clone(known)));
    }
    let new = NewObjective {
        text: text.clone(),
        accept: condition(args, &site)?,
        iterations: args.max_iterations,
    };
    new.check()
        .map_err(|error| Failure::of(Kind::Usage, &error))?;
    let ticket = name(&new, &site, &backlog)?;
    if !args.dry_run {
        refuse(&site, &site.preflight(false), ui)?;
        if args.until_passes.is_none() {
            is_red(start, environment)?;
        }
        let path = site.found.root.join(&site.config.backlog);
        layout::replace(&path.join(&ticket.facts.file), new.file_text().as_bytes())
            .map_err(|error| Failure::of(Kind::Environment, &error))?;
        ui.note(&format!("objective: wrote {}", shown(&ticket, &site)));
    }
    Ok(Some(ticket))
}

fn open(start: &Path, environment: &Environment) -> Result<Site, Failure> {
    Site::open(start, environment.clone()).map_err(|error| Failure::from(&error))
}

fn shown(ticket: &Ticket, site: &Site) -> String {
    format!("{}/{}", site.config.backlog, ticket.facts.file)
}

/// Refuses other terms for an objective that has its own already: its file may have been edited.
fn fits(known: &Ticket, args: &args::Run, site: &Site) -> Result<(), Failure> {
    let accept = args.until_passes.as_deref().map(str::trim);
    let same_accept = accept.is_none_or(|accept| known.accept.as_deref() == Some(accept));
    let same_most = args
        .max_iterations
        .is_none_or(|most| known.facts.iterations == Some(most));
    if same_accept && same_most {
        return Ok(());
    }
    let file = shown(known, site);
    let most = known.facts.iterations.unwrap_or_default();
    Err(Failure::usage(format!(
        "this objective is in `{file}` already, with `accept: {}` and `iterations: {most}`",
        known.accept.as_deref().unwrap_or_default()
    ))
    .hint(format!(
        "edit `{file}`, then give `--objective` alone: it goes on with what stands there"
    )))
}

/// Returns what says when a new objective is reached.
fn condition(args: &args::Run, site: &Site) -> Result<String, Failure> {
    let gate = || site.config.gate.run.clone();
    args.until_passes.clone().or_else(gate).ok_or_else(|| {
        Failure::usage("an objective needs a condition: how would it ever be done?").hint(
            "give `--until-passes` a command that is red now and green when it is reached, or set \
             `run` under `[gate]`",
        )
    })
}

/// Refuses an objective that is to make a gate green which is so already.
fn is_red(start: &Path, environment: &Environment) -> Result<(), Failure> {
    let site = open(start, environment)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    let proofs = runtime
        .block_on(shift::prove(site, &[]))
        .map_err(|error| Failure::from(&error));
    // This process may yet be the watchdog, which adopts nobody.
    process::resign_as_subreaper().map_err(|error| Failure::of(Kind::Environment, &error))?;
    match proofs?.proofs.first() {
        Some(proof) if !proof.verdict.class.is_green() => Ok(()),
        Some(proof) => Err(Failure::usage(format!(
            "the gate `{}` is green already, so it cannot say when the objective is reached",
            proof.command.trim()
        ))
        .hint("give `--until-passes` a command that is red now and green when it is reached")),
        None => Err(Failure::environment("the gate was stopped")),
    }
}

/// Returns the ticket under the first name that is free.
fn name(new: &NewObjective, site: &Site, backlog: &Backlog) -> Result<Arc<Ticket>, Failure> {
    let folder = site.found.root.join(&site.config.backlog);
    let text = new.file_text();
    for number in 1..=MOST_NAMES {
        let file = new.file_name(number);
        let (ticket, problems) = parse_ticket(&file, text.as_bytes());
        let Some(ticket) = ticket else {
            let problem = problems.first();
            let problem = problem.map(|problem| format!("{}; {}", problem.message, problem.help));
            return Err(Failure::usage(format!(
                "these words cannot be an objective: {}",
                problem.unwrap_or_default()
            )));
        };
        let is_free = folder.join(&file).symlink_metadata().is_err();
        if is_free && backlog.find(ticket.id()).is_none() {
            return Ok(Arc::new(ticket));
        }
    }
    Err(Failure::environment("no free file name was found"))
}
