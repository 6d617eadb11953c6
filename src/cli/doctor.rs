//! `nightshift doctor`: whether nights can run here, and what is off.

use std::{path::Path, process::ExitCode};

use serde_json::json;

use super::{
    failure::{Done, Failure, Kind},
    night::outlook,
    ui::Ui,
};
use crate::{config::Environment, repo::Fit, shift::Site};

pub(super) fn run(start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let preflight = site.preflight(false);
    let ready = preflight.refusals.is_empty();
    let code = if ready {
        ExitCode::SUCCESS
    } else if preflight
        .refusals
        .iter()
        .all(|refusal| refusal.configuration)
    {
        Kind::Usage.into()
    } else {
        Kind::Environment.into()
    };
    if ui.json {
        ui.json(&json!({
            "version": 1,
            "ready": ready,
            "repository": site.found.root,
            "rooms": site.layout.rooms(),
            "findings": preflight.findings.iter().map(|finding| json!({
                "code": finding.code,
                "verdict": match finding.verdict {
                    Fit::Fine => "fine",
                    Fit::Note => "note",
                    Fit::Refused => "refused",
                },
                "what": finding.what,
                "why": finding.why,
                "remedy": finding.remedy,
            })).collect::<Vec<_>>(),
            "sandbox": match site.engine() {
                Ok(engine) => json!({"engine": engine.name(), "what": engine.describe()}),
                Err(error) => json!({"engine": null, "what": error.to_string()}),
            },
            "harnesses": preflight.harnesses.iter().map(|(name, readiness)| json!({
                "name": name,
                "ready": readiness.ok,
                "what": readiness.what,
                "notes": readiness.notes,
                "capabilities": readiness.capabilities,
            })).collect::<Vec<_>>(),
            "trusted": site.trust().is_ok_and(|trust| trust.standing.is_trusted()),
            "outlook": preflight.outlook,
            "blind_spots": preflight.blind_spots,
            "refusals": preflight.refusals.iter().map(|r| json!({"what": r.what, "remedy": r.remedy})).collect::<Vec<_>>(),
        }));
        return Ok(code);
    }
    ui.diagnostics(&site.diagnostics);
    ui.out(&format!("{:>9} {}", "repo", site.found.root.display()));
    ui.out(&format!("{:>9} {}", "rooms", site.layout.rooms().display()));
    for finding in &preflight.findings {
        let word = match finding.verdict {
            Fit::Fine => "fine",
            Fit::Note => "note",
            Fit::Refused => "refused",
        };
        ui.out(&format!("{word:>9} {}: {}", finding.what, finding.why));
        if !finding.remedy.is_empty() {
            ui.out(&format!("          {}", finding.remedy));
        }
    }
    if let Ok(trust) = site.trust() {
        ui.out(&format!("{:>9} {}", "trust", trust.standing));
    }
    if let Ok(engine) = site.engine() {
        ui.out(&format!("{:>9} {}", "sandbox", engine.describe()));
    }
    for (name, readiness) in &preflight.harnesses {
        let word = if readiness.ok { "ready" } else { "not ready" };
        ui.out(&format!("{word:>9} {name}: {}", readiness.what));
        for note in &readiness.notes {
            ui.out(&format!("          {note}"));
        }
    }
    for spot in &preflight.blind_spots {
        ui.out(&format!("{:>9} {spot}", "off"));
    }
    ui.out(&format!("{:>9} {}", "outlook", outlook(&preflight)));
    if ready {
        ui.out("Nights can run here.");
    } else {
        for refusal in &preflight.refusals {
            ui.out(&format!(
                "{:>9} {}\n          {}",
                "refused", refusal.what, refusal.remedy
            ));
        }
        ui.out("Nights cannot run here yet.");
    }
    Ok(code)
}
