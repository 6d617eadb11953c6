//! `nightshift harness check NAME`: a real round trip. A night of one trivial ticket on a repository
//! of its own, with the agent, the login and the confinement of the user's configuration.

use std::{path::Path, process::ExitCode};

use serde_json::json;

use super::{
    super::{
        failure::{Done, Failure, Kind},
        night,
        ui::Ui,
    },
    proof::Checked,
    version,
};
use crate::{
    backlog::ticket::TicketId,
    clock,
    config::{Environment, HarnessConfig, HarnessKind},
    harness::{self, known},
    layout::{self, PathContext as _, PathError},
    machine::{OutcomeKind, Session},
    policy::decision::Action,
    repo,
    shift::{Order, Site},
};

/// The ticket. It is also what proves that a call is refused: the model is asked for one.
const TICKET: &str = r"---
attempts: 1
accept: grep -qx 'nightshift works' proof.txt
---

# Prove that the night works

This is a check of the set-up, on a repository made for it. Do exactly three things:

1. Write the file `proof.txt` with one line: `nightshift works`.
2. Run the shell command `git push origin HEAD` once. It will be refused; that is what is checked. Do
   not look for a way around.
3. End.
";
const ID: &str = "prove-the-night";

pub(super) fn run(name: &str, start: &Path, environment: &Environment, ui: Ui) -> Done {
    let (config, users) = configured(name, start, environment)?;
    let failed = |error: PathError| Failure::of(Kind::Environment, &error);
    let folder = tempfile::Builder::new()
        .prefix("nightshift-check-")
        .tempdir()
        .at("make a folder in", &std::env::temp_dir())
        .map_err(failed)?;
    let root = folder.path().join("repo");
    for (file, text) in [
        ("README.md", "# A repository for a check\n"),
        ("policy.toml", crate::policy::Policy::default_text()),
        (&*format!("backlog/{ID}.md"), TICKET),
    ] {
        layout::write(&root.join(file), text.as_bytes()).map_err(failed)?;
    }
    repo::found_example(&root).map_err(|error| Failure::of(Kind::Environment, &error))?;
    let there = environment
        .clone()
        .with_state_home(&folder.path().join("state"));
    let mut site = Site::open(&root, there).map_err(|error| Failure::from(&error))?;
    site.config.agent.harness = vec![name.to_owned()];
    site.config.harness = [(name.to_owned(), config.clone())].into();
    site.config.gate.run = Some("true".to_owned());
    if let Some(users) = users {
        site.config.agent.model = users.config.agent.model;
        site.config.agent.timeout = users.config.agent.timeout;
        site.config.agent.silence = users.config.agent.silence;
        site.config.sandbox = users.config.sandbox;
    }
    let ready = harness::ready(name, &config, &environment.path, &root);
    let preflight = site.preflight(false);
    night::refuse(&site, &preflight, ui)?;
    let ended = night::play(site, Order::default(), preflight.blind_spots, ui)?;

    let id: TicketId = ID
        .parse()
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
    let ticket = ended.state.ticket(&id);
    let landed = ticket
        .and_then(|ticket| ticket.outcome())
        .is_some_and(|outcome| outcome.kind() == OutcomeKind::Done);
    let session = ticket
        .and_then(|ticket| ticket.tried.last())
        .and_then(|attempt| attempt.session.as_ref());
    let evidence = ticket
        .and_then(|_| ended.state.night())
        .map(|night| ended.layout.attempt(&night.terms.night, ID, 1));
    let events = evidence.map(|folder| layout_text(&folder.join("events.jsonl")));
    let found = Found::of(landed, session, &events.unwrap_or_default());
    let program_version = match config.kind {
        HarnessKind::Command { .. } => version_of(&ready.what, environment)?,
        HarnessKind::Script { .. } => None,
    };
    let checked = Checked {
        at: clock::now().at,
        version: program_version,
        events: found.events,
        usage: found.usage.is_some(),
        hard_deny: found.refused > 0,
        session: found.named,
    };
    if landed {
        checked.save(name, environment).map_err(failed)?;
    }
    found.print(name, &checked, ui);
    if found.holds() {
        return Ok(ExitCode::SUCCESS);
    }
    // What went wrong is in there.
    let kept = folder.keep();
    ui.note(&format!(
        "The evidence is in {}; remove it when you have looked.",
        kept.display()
    ));
    Ok(ExitCode::FAILURE)
}

fn version_of(program: &str, environment: &Environment) -> Result<Option<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    Ok(runtime.block_on(version(program, environment)))
}

fn layout_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Returns the harness's configuration, the user's own before the ready one.
fn configured(
    name: &str,
    start: &Path,
    environment: &Environment,
) -> Result<(HarnessConfig, Option<Site>), Failure> {
    let site = Site::open(start, environment.clone()).ok();
    let own = site.as_ref().and_then(|site| {
        let mut config = site.config.harness.get(name)?.clone();
        // What the configuration names relative to the checkout is there, not in the check's.
        match &mut config.kind {
            HarnessKind::Command { command, .. } => {
                if let Some(program) = command.first_mut().filter(|word| word.contains('/')) {
                    *program = site
                        .found
                        .root
                        .join(&*program)
                        .to_string_lossy()
                        .into_owned();
                }
            }
            HarnessKind::Script { stories } => {
                *stories = site.found.root.join(&*stories);
            }
        }
        Some(config)
    });
    let config = own.or_else(|| known::find(name).map(known::Known::config));
    let config = config.ok_or_else(|| {
        let names: Vec<_> = known::all().iter().map(|agent| agent.name).collect();
        Failure::usage(format!("there is no harness `{name}`"))
            .hint(format!("known: {}", names.join(", ")))
            .hint("or write `[harness.NAME]` in nightshift.toml")
    })?;
    Ok((config, site))
}

/// What the night showed.
struct Found {
    landed: bool,
    ended: String,
    events: bool,
    named: bool,
    judged: u32,
    refused: u32,
    usage: Option<String>,
    took_ms: u64,
    first_sign_ms: Option<u64>,
}

impl Found {
    fn of(landed: bool, session: Option<&Session>, events: &str) -> Self {
        let tools = || session.iter().flat_map(|session| &session.tools);
        let usage = session.and_then(|session| session.usage.as_ref());
        let kind = |name: &str| events.contains(&format!("\"type\":\"{name}\""));
        Self {
            landed,
            ended: session.map_or_else(
                || "no session ran".to_owned(),
                |session| serde_json::to_string(&session.ending).unwrap_or_default(),
            ),
            events: kind("tool_call") || kind("output_delta"),
            named: events.contains("\"session\":\""),
            judged: tools().map(|tally| tally.count).sum(),
            refused: tools()
                .filter(|tally| tally.action != Action::Proceed)
                .map(|tally| tally.count)
                .sum(),
            usage: usage.map(|usage| {
                let number = |tokens: Option<u64>| {
                    tokens.map_or_else(|| "unknown".to_owned(), |tokens| tokens.to_string())
                };
                format!(
                    "{} tokens in, {} out",
                    number(usage.input_tokens),
                    number(usage.output_tokens)
                )
            }),
            took_ms: session.map_or(0, |session| session.took_ms),
            first_sign_ms: session.and_then(|session| session.first_sign_ms),
        }
    }

    /// What a night needs; the rest is good to know.
    fn holds(&self) -> bool {
        self.landed
    }

    fn print(&self, name: &str, checked: &Checked, ui: Ui) {
        if ui.json {
            ui.json(&json!({
                "version": 1,
                "name": name,
                "works": self.holds(),
                "ended": self.ended,
                "took_ms": self.took_ms,
                "first_sign_ms": self.first_sign_ms,
                "judged": self.judged,
                "refused": self.refused,
                "usage": self.usage,
                "checked": checked,
            }));
            return;
        }
        let line = |good: bool, text: &str| {
            let word = if good { "yes" } else { "no" };
            ui.out(&format!("{word:>4} {text}"));
        };
        let seconds = |ms: u64| format!("{}.{} s", ms / 1000, ms % 1000 / 100);
        let version = checked.version.as_deref().unwrap_or("of unknown version");
        ui.out(&format!("{name} {version}"));
        line(
            self.landed,
            &format!(
                "landed the ticket, in {} (its session: {})",
                seconds(self.took_ms),
                self.ended
            ),
        );
        let first = self.first_sign_ms.map_or_else(String::new, |ms| {
            format!(", the first after {}", seconds(ms))
        });
        line(self.events, &format!("told what it did as events{first}"));
        line(self.named, "named its session");
        line(
            self.refused > 0,
            &format!(
                "was refused a tool call ({} judged, {} refused)",
                self.judged, self.refused
            ),
        );
        let usage = self.usage.as_deref().unwrap_or("nothing");
        line(self.usage.is_some(), &format!("told what it used: {usage}"));
    }
}
