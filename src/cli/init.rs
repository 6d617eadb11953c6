//! `nightshift init`: a configuration, a contract and a backlog folder, and what was found.

use std::{path::Path, process::ExitCode};

use super::{
    args,
    detect::{Detected, detect},
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    config::Environment,
    harness::known,
    layout,
    policy::Policy,
    process::find_program,
    repo,
    shift::{CONFIG, Site},
};

const BACKLOG_README: &str = "\
# Backlog

One Markdown file per ticket. `nightshift new \"Title\"` writes one, `nightshift check` reads them
all. This file is not a ticket.
";

pub(super) fn run(args: &args::Init, start: &Path, environment: &Environment, ui: Ui) -> Done {
    let found = repo::locate(start).map_err(|error| Failure::of(Kind::Environment, &error))?;
    let root = &found.root;
    let detected = detect(root);
    let gate = args
        .gate
        .clone()
        .or_else(|| detected.as_ref().map(|found| found.gate.clone()));
    let agents: Vec<_> = known::all()
        .iter()
        .filter(|agent| find_program(agent.program.as_ref(), &environment.path).is_some())
        .collect();
    let chosen = match &args.harness {
        Some(name) => Some(known::find(name).ok_or_else(|| {
            let names: Vec<_> = known::all().iter().map(|agent| agent.name).collect();
            Failure::usage(format!("there is no ready harness `{name}`"))
                .hint(format!("known: {}", names.join(", ")))
                .hint(
                    "any other command line can be written as `[harness.NAME]` in nightshift.toml",
                )
        })?),
        None => agents.first().copied(),
    };

    let mut lines = Vec::new();
    match (&args.gate, &detected) {
        (Some(gate), _) => lines.push(format!("gate      `{gate}`, as you said")),
        (None, Some(Detected { by, gate, .. })) => {
            lines.push(format!("gate      `{gate}`, by {by}"));
        }
        (None, None) => lines.push(
            "gate      none found: write the command that must stay green under [gate]".to_owned(),
        ),
    }
    if agents.is_empty() {
        lines
            .push("agents    none found on PATH: see [harness.mine] in nightshift.toml".to_owned());
    }
    for agent in &agents {
        let used = if Some(agent.name) == chosen.map(|chosen| chosen.name) {
            ", used"
        } else {
            ""
        };
        lines.push(format!("agent     {}{used}", agent.name));
    }

    let config = configuration(chosen, &agents, gate.as_deref(), detected.as_ref());
    let files = [
        (CONFIG.to_owned(), config.as_bytes()),
        ("policy.toml".to_owned(), Policy::default_text().as_bytes()),
        ("backlog/README.md".to_owned(), BACKLOG_README.as_bytes()),
    ];
    let mut written = Vec::new();
    let mut kept = Vec::new();
    for (name, text) in files {
        let path = root.join(&name);
        if path.symlink_metadata().is_ok() {
            kept.push(name);
            continue;
        }
        layout::write(&path, text).map_err(|error| Failure::of(Kind::Environment, &error))?;
        written.push(name);
    }
    let trusted = Site::open(start, environment.clone())
        .map_err(|error| error.to_string())
        .and_then(|site| {
            let trust = site.trust().map_err(|error| error.to_string())?;
            site.trust_some(&trust, &written)
                .map_err(|error| error.to_string())
        });
    if let Err(error) = trusted {
        ui.err(&format!(
            "warning: what was written is not trusted yet: {error}"
        ));
    }
    if ui.json {
        ui.json(&serde_json::json!({
            "version": 1,
            "written": written,
            "kept": kept,
            "gate": gate,
            "agents": agents.iter().map(|agent| agent.name).collect::<Vec<_>>(),
            "harness": chosen.map(|agent| agent.name),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    for line in lines {
        ui.out(&line);
    }
    for name in &written {
        ui.out(&format!("wrote     {name}"));
    }
    for name in &kept {
        ui.out(&format!("kept      {name}, which was there"));
    }
    if let Some(agent) = chosen {
        for caveat in agent.caveats {
            ui.note(&format!("note: {}: {caveat}", agent.name));
        }
    }
    ui.note("Next: read the three files and commit them, then `nightshift new \"…\"` and `nightshift check`.");
    Ok(ExitCode::SUCCESS)
}

fn configuration(
    chosen: Option<&known::Known>,
    agents: &[&known::Known],
    gate: Option<&str>,
    detected: Option<&Detected>,
) -> String {
    let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = String::from(
        "# nightshift's configuration. Every key has a default; `nightshift check` reads it.\n\n",
    );
    text.push_str("backlog = \"backlog\"\npolicy  = \"policy.toml\"\n\n[agent]\n");
    match chosen {
        Some(agent) => text.push_str(&format!("harness  = {}\n", quote(agent.name))),
        None => text.push_str("# harness = \"mine\"          # no agent was found on PATH\n"),
    }
    text.push_str("timeout  = \"45m\"           # per attempt, awake time\nsilence  = \"10m\"           # no output and no CPU of its processes\nattempts = 3\n\n");
    let mut named: Vec<&known::Known> = agents.to_vec();
    if let Some(chosen) = chosen
        && !named.iter().any(|agent| agent.name == chosen.name)
    {
        named.push(chosen);
    }
    for agent in named {
        text.push_str(&agent.as_toml());
        text.push('\n');
    }
    if chosen.is_none() {
        text.push_str("# [harness.mine]\n# command = [\"my-agent\", \"--file\", \"{prompt_file}\"]   # {prompt_file} {bench} {model} {ticket}\n# prompt  = \"stdin\"                                   # stdin | file | arg\n\n");
    }
    text.push_str("[gate]\n");
    match gate {
        Some(gate) => text.push_str(&format!("run     = {}\n", quote(gate))),
        None => text.push_str("# run   = \"make test\"       # must be green before and after\n"),
    }
    text.push_str("timeout = \"20m\"\n# Files that judge the work: restored before the gate, and a diff that touches them is parked.\nprotect = [\".github/**\", \".gitlab-ci.yml\", \".ci/**\"]\n\n[night]\nlength = \"8h\"\n");
    let setup = detected
        .map(|found| found.setup.as_slice())
        .unwrap_or_default();
    if !setup.is_empty() {
        let list: Vec<_> = setup.iter().map(|command| quote(command)).collect();
        text.push_str(&format!(
            "\n[rooms]\nsetup = [{}]     # in each room, when lock files change\n",
            list.join(", ")
        ));
    }
    text
}
