//! `nightshift check` and `run --dry-run`: everything that can be known before a night.

use std::{collections::HashMap, path::Path, process::ExitCode, sync::Arc};

use serde_json::json;

use super::{
    args,
    failure::{Done, Failure, Kind},
    night::outlook,
    trust,
    ui::Ui,
};
use crate::{
    backlog::{
        self, Backlog,
        ticket::{Status, Ticket, TicketId},
    },
    config::Environment,
    diagnostic::{Diagnostic, Severity},
    gate::verdict::Check,
    layout::{Lock, LockError},
    policy::decision::{Action, Decision},
    shift::{self, NightError, Order, Preflight, Proof, Proved, Site},
};

/// How much of a command is printed for a person, in characters.
const LONGEST: usize = 72;
/// How many tickets of the plan are printed for a person.
const MOST: usize = 200;

pub(super) fn run(args: &args::Check, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let backlog = load(&site)?;
    if !args.no_gate && site.errors().next().is_none() {
        trust::of_site(&site, ui)?;
    }
    let preflight = site.preflight(false);
    let plan = Plan::of(&site, &backlog);
    let repository_fits = preflight
        .refusals
        .iter()
        .all(|refusal| refusal.configuration);
    let prove = !args.no_gate && repository_fits && site.errors().next().is_none();
    let mut problems = plan.problems(&site, &preflight);
    if ui.json {
        let Proved { proofs, missing } = if prove {
            proved(site, &backlog, ui)?
        } else {
            Proved::default()
        };
        problems += proofs.iter().filter(|proof| !proof.holds()).count() + missing.len();
        ui.json(&json!({
            "version": 1,
            "diagnostics": plan.diagnostics,
            "refusals": preflight.refusals.iter().map(|r| json!({"what": r.what, "remedy": r.remedy})).collect::<Vec<_>>(),
            "blind_spots": preflight.blind_spots,
            "tickets": plan.to_json(),
            "gates": proofs.iter().map(|proof| json!({
                "check": proof.verdict.check,
                "command": proof.command,
                "tickets": proof.tickets,
                "class": proof.verdict.class,
                "reason": proof.verdict.reason,
                "holds": proof.holds(),
                "remembered": proof.verdict.remembered,
            })).collect::<Vec<_>>(),
            "missing": missing.iter().map(|absent| json!({
                "requirement": absent.requirement,
                "found": absent.found,
                "tickets": absent.tickets,
            })).collect::<Vec<_>>(),
        }));
        return Ok(code(problems));
    }
    ui.diagnostics(&site.diagnostics);
    ui.diagnostics(&backlog.diagnostics);
    for refusal in &preflight.refusals {
        ui.err(&format!(
            "error: {}\nhint: {}",
            refusal.what, refusal.remedy
        ));
    }
    plan.print(ui);
    for (name, readiness) in &preflight.harnesses {
        let word = if readiness.ok { "ready" } else { "not ready" };
        ui.out(&format!("{:>9} {name}: {}", word, readiness.what));
        for note in &readiness.notes {
            ui.note(&format!("          {note}"));
        }
    }
    for spot in &preflight.blind_spots {
        ui.note(&format!("blind spot: {spot}"));
    }
    ui.note(&outlook(&preflight));
    if prove {
        let Proved { proofs, missing } = proved(site, &backlog, ui)?;
        for proof in &proofs {
            print_proof(proof, ui);
        }
        for absent in &missing {
            let (what, found) = (&absent.requirement, &absent.found);
            let of = of(&absent.tickets);
            let text = format!("`{what}`{of}: {found}; blocked until it is there");
            ui.out(&format!("{:>9} {text}", "missing"));
        }
        problems += proofs.iter().filter(|proof| !proof.holds()).count() + missing.len();
    }
    match problems {
        0 => ui.out("All is well: `nightshift run` can start."),
        1 => ui.out("1 problem. What it is about waits; the rest of the night can go on."),
        many => ui.out(&format!("{many} problems. What they are about waits.")),
    }
    Ok(code(problems))
}

/// Prints what a night would do, and starts nothing.
pub(super) fn plan(site: &Site, order: &Order, objective: Option<Arc<Ticket>>, ui: Ui) -> Done {
    let mut backlog = load(site)?;
    let is_new = |objective: &Arc<Ticket>| backlog.find(objective.id()).is_none();
    backlog.tickets.extend(objective.filter(is_new));
    let mut plan = Plan::of(site, &backlog);
    if !order.options.only.is_empty() {
        plan.lines
            .retain(|line| order.options.only.contains(line.ticket.id()));
    }
    if ui.json {
        ui.json(&json!({ "version": 1, "tickets": plan.to_json() }));
    } else {
        ui.diagnostics(&site.diagnostics);
        ui.diagnostics(&backlog.diagnostics);
        plan.print(ui);
    }
    Ok(ExitCode::SUCCESS)
}

fn code(problems: usize) -> ExitCode {
    if problems == 0 {
        ExitCode::SUCCESS
    } else {
        Kind::NeedsHuman.into()
    }
}

fn load(site: &Site) -> Result<Backlog, Failure> {
    backlog::load(&site.found.root, &site.config.backlog)
        .map_err(|error| Failure::of(Kind::Usage, &error).hint(error.hint()))
}

fn proved(site: Site, backlog: &Backlog, ui: Ui) -> Result<Proved, Failure> {
    let held = matches!(Lock::holder(&site.layout.lock()), Ok(Some(_)));
    if held {
        ui.note("A night is running and has the rooms: the gates are not proved now.");
        return Ok(Proved::default());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    match runtime.block_on(shift::prove(site, &backlog.tickets)) {
        Ok(proved) => Ok(proved),
        Err(NightError::Lock(LockError::Held { .. })) => Ok(Proved::default()),
        Err(error) => Err(Failure::from(&error)),
    }
}

fn of(tickets: &[TicketId]) -> String {
    match tickets {
        [] => String::new(),
        [one] => format!(" of {one}"),
        many => format!(" of {} tickets", many.len()),
    }
}

fn print_proof(proof: &Proof, ui: Ui) {
    let verdict = &proof.verdict;
    let what = match (verdict.check, proof.holds()) {
        (Check::Gate, true) => "green, as it must be",
        (Check::Gate, false) => "not green: its tickets would be blocked",
        (Check::Accept, true) => "red, as it must be before the work",
        (Check::Accept, false) => "green before any work: it proves nothing",
    };
    let name = match verdict.check {
        Check::Gate => "gate",
        Check::Accept => "accept",
    };
    let of = of(&proof.tickets);
    let lines: Vec<_> = proof.command.lines().map(str::trim).collect();
    let command: String = lines.join("; ").chars().take(LONGEST).collect();
    ui.out(&format!(
        "{name:>9} `{command}`{of}: {what} ({})",
        verdict.reason
    ));
}

/// The backlog in night order, with what the contract says of each ticket.
struct Plan<'a> {
    lines: Vec<Line<'a>>,
    diagnostics: Vec<serde_json::Value>,
    errors: usize,
}

struct Line<'a> {
    ticket: &'a Ticket,
    decision: Decision,
    waits_for: Vec<TicketId>,
}

impl<'a> Plan<'a> {
    fn of(site: &Site, backlog: &'a Backlog) -> Self {
        let there: HashMap<_, _> = backlog.tickets.iter().map(|t| (t.id(), t)).collect();
        let lines = backlog
            .tickets
            .iter()
            .map(|ticket| Line {
                ticket,
                decision: site.policy.at_ticket(ticket),
                waits_for: ticket
                    .facts
                    .depends_on
                    .iter()
                    .filter(|id| there.get(id).is_none_or(|t| t.facts.status != Status::Done))
                    .cloned()
                    .collect(),
            })
            .collect();
        let all = site.diagnostics.iter().chain(&backlog.diagnostics);
        Self {
            lines,
            diagnostics: all.map(Diagnostic::to_json).collect(),
            errors: backlog
                .diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.severity == Severity::Error)
                .count(),
        }
    }

    fn problems(&self, site: &Site, preflight: &Preflight) -> usize {
        self.errors + site.errors().count() + preflight.refusals.len()
    }

    fn print(&self, ui: Ui) {
        if self.lines.is_empty() {
            ui.out("The backlog has no tickets. `nightshift new \"…\"` writes one.");
        }
        for line in self.lines.iter().take(MOST) {
            let facts = &line.ticket.facts;
            let what = match (facts.status, line.decision.action) {
                (Status::Draft, _) => "draft",
                (Status::Done, _) => "done",
                (Status::Ready, Action::Park) => "park",
                (Status::Ready, Action::Halt) => "halt",
                (Status::Ready, Action::Proceed | Action::Deny) => "work",
            };
            let mut text = format!("{what:>9} {} {}", facts.id, facts.title);
            if !line.waits_for.is_empty() {
                let names: Vec<_> = line.waits_for.iter().map(TicketId::as_str).collect();
                text.push_str(&format!(" (after {})", names.join(", ")));
            }
            if let Some(most) = facts.iterations {
                text.push_str(&format!(" (an objective, at most {most} iterations)"));
            }
            ui.out(&text);
            if matches!(line.decision.action, Action::Park | Action::Halt) {
                let rule = line.decision.rule.as_deref().unwrap_or("built-in");
                ui.out(&format!(
                    "          rule `{rule}`: {}",
                    line.decision.matched.join(", ")
                ));
            }
            for (key, value) in &line.ticket.extra {
                ui.note(&format!(
                    "          {key}: {value} (kept, means nothing here)"
                ));
            }
        }
        if self.lines.len() > MOST {
            ui.out(&format!(
                "          … and {} more (`--json` has all)",
                self.lines.len() - MOST
            ));
        }
    }

    fn to_json(&self) -> Vec<serde_json::Value> {
        self.lines
            .iter()
            .map(|line| {
                json!({
                    "id": line.ticket.facts.id,
                    "title": line.ticket.facts.title,
                    "file": line.ticket.facts.file,
                    "priority": line.ticket.facts.priority,
                    "status": line.ticket.facts.status,
                    "depends_on": line.ticket.facts.depends_on,
                    "waits_for": line.waits_for,
                    "mode": if line.ticket.facts.iterations.is_some() { "loop" } else { "once" },
                    "iterations": line.ticket.facts.iterations,
                    "gate": line.ticket.gate,
                    "accept": line.ticket.accept,
                    "requires": line.ticket.requires,
                    "decision": line.decision,
                    "extra": line.ticket.extra,
                })
            })
            .collect()
    }
}
