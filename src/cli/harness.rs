//! `nightshift harness`: which agents there are, what is known of them, and whether one really works.

mod check;
mod proof;

use std::{ffi::OsString, path::Path, process::ExitCode, time::Duration};

use serde_json::json;

use self::proof::Shown;
use super::{
    args::HarnessVerb,
    failure::{Done, Failure},
    ui::Ui,
};
use crate::{
    config::{Environment, HarnessConfig, HarnessKind},
    harness::{self, known},
    process::{self, Progress, Spec, find_program},
    shift::Site,
};

/// How long a program may take to say its version.
const HASTE: Duration = Duration::from_secs(10);

/// One agent, as far as it is known.
struct Line {
    name: String,
    /// Whether `nightshift.toml` has a table for it.
    configured: bool,
    ready: bool,
    what: String,
    version: Option<String>,
    login: String,
    shown: Shown,
    notes: Vec<String>,
}

pub(super) fn run(verb: HarnessVerb, start: &Path, environment: &Environment, ui: Ui) -> Done {
    match verb {
        HarnessVerb::List => list(start, environment, ui),
        HarnessVerb::Check { name } => check::run(&name, start, environment, ui),
    }
}

fn list(start: &Path, environment: &Environment, ui: Ui) -> Done {
    // Without a repository the known agents are listed all the same.
    let site = Site::open(start, environment.clone()).ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    let mut lines = Vec::new();
    for (name, config) in site.iter().flat_map(|site| &site.config.harness) {
        let root = site.as_ref().map_or(start, |site| &site.found.root);
        lines.push(runtime.block_on(line(name, config, true, root, environment)));
    }
    for agent in known::all() {
        let is_there = find_program(agent.program.as_ref(), &environment.path).is_some();
        if is_there && !lines.iter().any(|line| line.name == agent.name) {
            let config = agent.config();
            lines.push(runtime.block_on(line(agent.name, &config, false, start, environment)));
        }
    }
    if ui.json {
        let all: Vec<_> = lines.iter().map(Line::json).collect();
        ui.json(&json!({"version": 1, "harnesses": all}));
        return Ok(ExitCode::SUCCESS);
    }
    for line in &lines {
        line.print(ui);
    }
    let missing: Vec<_> = known::all()
        .iter()
        .map(|agent| agent.name)
        .filter(|name| !lines.iter().any(|line| line.name == *name))
        .collect();
    if !missing.is_empty() {
        ui.out(&format!(
            "Known and not found on PATH: {}.",
            missing.join(", ")
        ));
    }
    ui.note("`nightshift harness check NAME` tries one on a trivial ticket, and so proves what it can do here.");
    Ok(ExitCode::SUCCESS)
}

async fn line(
    name: &str,
    config: &HarnessConfig,
    configured: bool,
    root: &Path,
    environment: &Environment,
) -> Line {
    let ready = harness::ready(name, config, &environment.path, root);
    let version = match (&config.kind, ready.ok) {
        (HarnessKind::Command { .. }, true) => version(&ready.what, environment).await,
        _ => None,
    };
    let login = environment.home.as_deref().map_or_else(
        || "unknown, because there is no home".to_owned(),
        |home| harness::login(config, home, &environment.all),
    );
    Line {
        name: name.to_owned(),
        configured,
        ready: ready.ok,
        what: ready.what,
        shown: Shown::of(name, config, version.as_deref(), environment),
        version,
        login,
        notes: ready.notes,
    }
}

/// Asks a program for its version: the first number with a dot that it prints.
pub(super) async fn version(program: &str, environment: &Environment) -> Option<String> {
    let spec = Spec {
        argv: [program, "--version"].map(OsString::from).to_vec(),
        folder: std::env::temp_dir(),
        env: environment.all.clone(),
        stdin: None,
        mark: format!("version/{}", std::process::id()),
        timeout: HASTE,
        silence: None,
        grace: Duration::from_secs(1),
        progress: Progress::default(),
        supervised: false,
    };
    let (_, said) = process::capture(&spec).await;
    let said = String::from_utf8_lossy(&said);
    let words = said.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'));
    words
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .map(|word| word.chars().take(40).collect())
}

impl Line {
    fn json(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "configured": self.configured,
            "ready": self.ready,
            "what": self.what,
            "version": self.version,
            "login": self.login,
            "capabilities": self.shown.capabilities,
            "ground": self.shown.ground,
            "notes": self.notes,
        })
    }

    fn print(&self, ui: Ui) {
        let version = self.version.as_deref().unwrap_or("");
        let place = if self.configured {
            "in nightshift.toml"
        } else {
            "on PATH, not in nightshift.toml"
        };
        ui.out(&format!("{} {version} ({place})", self.name));
        let word = if self.ready { "ready" } else { "not ready" };
        ui.out(&format!("  {word}: {}", self.what));
        ui.out(&format!("  login: {}", self.login));
        ui.out(&format!("  can: {}", self.shown.capabilities_in_words()));
        ui.out(&format!("  known by: {}", self.shown.ground));
        for note in &self.notes {
            ui.out(&format!("  note: {note}"));
        }
    }
}
