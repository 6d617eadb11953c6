//! `nightshift policy`: the contract, checked and explained.

use std::{path::Path, process::ExitCode};

use super::{
    args::{PointName, PolicyVerb},
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    backlog,
    config::Environment,
    diagnostic::{Diagnostic, Severity},
    policy::decision::Point,
    shift::Site,
};

pub(super) fn run(verb: PolicyVerb, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    match verb {
        PolicyVerb::Check => Ok(check(&site, ui)),
        PolicyVerb::Explain { what, on } => {
            explain(&site, &what, on, ui);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(site: &Site, ui: Ui) -> ExitCode {
    let name = Path::new(&site.config.policy);
    let of_policy: Vec<_> = site
        .diagnostics
        .iter()
        .filter(|d| d.source.path == name)
        .cloned()
        .collect();
    let errors = of_policy
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count();
    if ui.json {
        ui.json(&serde_json::json!({
            "version": 1,
            "file": site.config.policy,
            "present": site.contracted,
            "rules": site.policy.rule_ids().count(),
            "diagnostics": of_policy.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
        }));
    } else {
        ui.diagnostics(&of_policy);
        let rules = site.policy.rule_ids().count();
        let from = if site.contracted {
            site.config.policy.clone()
        } else {
            format!("the default contract (there is no {})", site.config.policy)
        };
        let errors = match errors {
            0 => "no errors".to_owned(),
            1 => "1 error".to_owned(),
            many => format!("{many} errors"),
        };
        ui.out(&format!("{from}: {rules} rules, {errors}."));
    }
    if errors > 0 {
        Kind::Usage.into()
    } else {
        ExitCode::SUCCESS
    }
}

fn explain(site: &Site, what: &str, on: PointName, ui: Ui) {
    let point = match on {
        PointName::Ticket => Point::Ticket,
        PointName::Ask => Point::Ask,
        PointName::Tool => Point::Tool,
        PointName::Diff => Point::Diff,
    };
    let backlog = backlog::load(&site.found.root, &site.config.backlog).ok();
    let ticket = backlog
        .as_ref()
        .filter(|_| point == Point::Ticket)
        .and_then(|backlog| {
            backlog
                .tickets
                .iter()
                .find(|ticket| ticket.id().as_str() == what)
        });
    let explanation = match ticket {
        Some(ticket) => site.policy.explain_ticket(ticket),
        None => site.policy.explain_text(what, point),
    };
    if ui.json {
        ui.json(&explanation);
    } else {
        if ticket.is_none() && point == Point::Ticket && !what.contains(' ') {
            ui.note(&format!(
                "`{what}` is no ticket of the backlog; it is taken as a text."
            ));
        }
        ui.out(&explanation.render());
    }
}
