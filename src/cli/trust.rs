//! `nightshift trust`, and the question before whatever runs commands of the repository's files.

use std::{
    io::{self, IsTerminal as _},
    path::Path,
    process::ExitCode,
};

use super::{
    args,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    config::Environment,
    layout::PathError,
    shift::{Site, Standing, Trust},
};

pub(super) fn run(args: &args::Trust, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    if site.errors().next().is_some() {
        ui.diagnostics(&site.diagnostics);
        return Err(Failure::usage("what these files would run cannot be told")
            .hint("mend them first; `nightshift check --no-gate` shows each problem"));
    }
    let trust = site.trust().map_err(unreadable)?;
    let mut standing = trust.standing.clone();
    if !ui.json {
        ui.out(&shown(&site, &trust));
    }
    if !standing.is_trusted() {
        if !args.yes && !is_attended(ui) {
            return Err(Failure::usage("nobody is there to be asked")
                .hint("run `nightshift trust` on a terminal, or `nightshift trust --yes`"));
        }
        if !args.yes && !ui.confirm("Trust these files?") {
            return Err(Failure::usage("nothing was trusted"));
        }
        site.trust_all(&trust).map_err(unreadable)?;
        standing = site.trust().map_err(unreadable)?.standing;
    }
    if ui.json {
        ui.json(&serde_json::json!({
            "version": 1,
            "repository": site.found.root,
            "trusted": standing.is_trusted(),
            "before": trust.standing.to_string(),
            "files": trust.files,
            "effects": trust.effects,
            "changes": trust.changes,
        }));
    } else {
        ui.out(&sentence(&standing));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets nothing go on that would run commands of files that are not trusted: asks where a person
/// is there, and refuses elsewhere. A site that cannot be opened, or whose files have errors, is
/// refused by whoever comes next.
pub(super) fn ask_first(start: &Path, environment: &Environment, ui: Ui) -> Result<(), Failure> {
    match Site::open(start, environment.clone()) {
        Ok(site) if site.errors().next().is_none() => of_site(&site, ui),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// See [`ask_first`].
pub(super) fn of_site(site: &Site, ui: Ui) -> Result<(), Failure> {
    let trust = site.trust().map_err(unreadable)?;
    if trust.standing.is_trusted() {
        return Ok(());
    }
    if !is_attended(ui) {
        return Err(Failure::usage(trust.standing.to_string()).hint(
            "`nightshift trust` shows what they would run, and records that you trust them",
        ));
    }
    ui.err(&shown(site, &trust));
    if !ui.confirm("Trust these files, and go on?") {
        return Err(Failure::usage(
            "nothing was trusted, and nothing was started",
        ));
    }
    site.trust_all(&trust).map_err(unreadable)
}

fn is_attended(ui: Ui) -> bool {
    !ui.json && io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn shown(site: &Site, trust: &Trust) -> String {
    let root = crate::sandbox::clean(&site.found.root.display().to_string());
    let mut text = format!("What the files of {root} would run, and with what rights:\n\n");
    for effect in &trust.effects {
        text.push_str(effect);
        text.push('\n');
    }
    if let Standing::Changed { files, .. } = &trust.standing {
        text.push_str(&format!("\nNew or changed: {}\n", files.join(", ")));
        for change in &trust.changes {
            text.push_str(change);
            text.push('\n');
        }
        if trust.changes.is_empty() {
            text.push_str("None of the above is new; other lines of these files are.\n");
        }
    }
    text
}

fn sentence(standing: &Standing) -> String {
    let text = standing.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unreadable(error: PathError) -> Failure {
    Failure::of(Kind::Environment, &error)
}
