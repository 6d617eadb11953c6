//! What a session begins with: the files in the attempt's folder, and the child to be.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    command::{Filling, fill},
    environment::{self, Place},
    kit, known,
    record::printable,
    request::{Identity, Instruction, Lifecycle, PromptFile, Provider, Request, Workspace},
    script,
    session::Session,
};
use crate::{
    clock,
    config::HarnessKind,
    layout::{self, PathContext, PathError},
    process::Spec,
    say::standing,
};

/// How long an agent has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(3);

/// Files that the child is told of.
pub(super) struct Desk {
    pub(super) prompt: PathBuf,
    pub(super) say: PathBuf,
}

/// Lays out the attempt's folder, anew: what an earlier session left there under these names goes.
///
/// # Errors
/// A file cannot be written.
pub(super) fn lay_out(session: &Session<'_>) -> Result<Desk, PathError> {
    let desk = Desk {
        prompt: session.folder.join("prompt.md"),
        say: session.folder.join("say.jsonl"),
    };
    fs::create_dir_all(session.folder).at("create the folder", session.folder)?;
    layout::write(&desk.prompt, session.prompt.as_bytes())?;
    layout::write(&desk.say, b"")?;
    standing::store(&desk.say, &session.answers)?;
    environment::furnish(session.tools, session.program)?;
    let path = session.folder.join("request.json");
    let request = serde_json::to_vec_pretty(&request(session))
        .map_err(io::Error::from)
        .at("write", &path)?;
    layout::write(&path, &request)?;
    Ok(desk)
}

fn request(session: &Session<'_>) -> Request {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Request {
        version: Request::VERSION,
        workspace: Workspace {
            bench: session.bench.to_owned(),
            base: session.base.clone(),
        },
        identity: Identity {
            night: session.night.to_owned(),
            ticket: session.ticket.id().clone(),
            attempt: session.attempt,
            harness: session.harness.to_owned(),
        },
        instruction: Instruction {
            title: printable(session.redactor, &session.ticket.facts.title),
            body: session.redactor.redact(&session.ticket.body).into_owned(),
        },
        attachments: Vec::new(),
        model: session.model.map(str::to_owned),
        provider: Provider {
            env: session.config.env.keys().cloned().collect(),
        },
        prompt: PromptFile::of(session.prompt),
        skills: Vec::new(),
        mcp_servers: Vec::new(),
        configuration: session.configuration.to_owned(),
        lifecycle: Lifecycle {
            created_at: clock::now().at,
            timeout_ms: ms(session.timeout),
            silence_ms: Some(ms(session.silence)),
            mark: session.mark.clone(),
        },
    }
}

/// Returns the child to be, and whether it was equipped to ask before it uses a tool.
///
/// # Errors
/// One line on why the command cannot take its prompt.
pub(super) fn spec(session: &Session<'_>, desk: &Desk) -> Result<(Spec, bool), String> {
    let ticket = session.ticket.id();
    let (mut argv, stdin) = match &session.config.kind {
        HarnessKind::Command { command, prompt } => {
            let resume = match session.resume {
                Some(_) if session.config.resume.is_empty() => {
                    return Err(format!(
                        "a session cannot be continued: `[harness.{}]` has no `resume`",
                        session.harness
                    ));
                }
                Some(name) => continued(&session.config.resume, name),
                None => Vec::new(),
            };
            let filling = Filling {
                prompt_file: &desk.prompt,
                bench: session.bench,
                model: session.model,
                ticket: ticket.as_str(),
                resume: &resume,
            };
            let filled = fill(command, *prompt, session.prompt, &filling)
                .map_err(|error| error.to_string())?;
            let mut argv = filled.argv;
            // A path to a program is the checkout's, as every path in the configuration: the
            // bench holds what an agent made of it.
            if let Some(program) = argv.first_mut()
                && program.as_encoded_bytes().contains(&b'/')
            {
                *program = session.root.join(Path::new(program)).into();
            }
            (argv, filled.stdin)
        }
        HarnessKind::Script { stories } => {
            let story = script::story(session.root, stories, ticket);
            (script::argv(session.program, &story, session.attempt), None)
        }
    };
    let place = Place {
        say: &desk.say,
        ticket: ticket.as_str(),
        attempt: session.attempt,
        bench: session.bench,
        tools: session.tools,
    };
    let mut env = environment::environment(
        session.environment,
        &session.config.env,
        session.variables,
        session.home,
        &place,
    );
    let mut fence = session.fence.clone();
    let known = argv
        .first()
        .and_then(|program| known::of_program(program.to_str()?));
    let kit = match known {
        Some(agent) => {
            let voice = place.voice();
            let kit_place = kit::Place {
                user: &fence.cell.home,
                home: &fence.cell.private_home,
                inside: if fence.engine.moves_home() {
                    &fence.cell.home
                } else {
                    &fence.cell.private_home
                },
                bench: session.bench,
                program: session.program,
                socket: session.socket,
                voice: &voice,
            };
            let equipped = kit::equip(agent, &kit_place);
            equipped.map_err(|error| format!("its private configuration: {error}"))?
        }
        None => None,
    };
    let asks = kit.is_some();
    if let Some(kit) = kit {
        argv.extend(kit.args.into_iter().map(OsString::from));
        // The session's own, not the configuration's: they close the gate.
        for (name, value) in kit.env {
            env.retain(|(known, _)| known != name);
            env.push((name.into(), value.into()));
        }
        fence.cell.hidden.extend(kit.hidden);
    }
    fence.cell.writable.push(desk.say.clone());
    let shown = [
        desk.prompt.clone(),
        session.tools.to_owned(),
        session.socket.to_owned(),
    ];
    fence.cell.shown.extend(shown);
    fence.cell.shown.push(standing::beside(&desk.say));
    if let HarnessKind::Script { stories } = &session.config.kind {
        fence.cell.shown.push(session.root.join(stories));
    }
    let wrapped = fence.wrap(argv, session.bench, &env);
    let spec = Spec {
        argv: wrapped.argv,
        folder: session.bench.to_owned(),
        env,
        stdin,
        mark: session.mark.clone(),
        timeout: session.timeout,
        silence: Some(session.silence),
        grace: GRACE,
        progress: session.progress.clone(),
        supervised: wrapped.supervised,
    };
    Ok((spec, asks))
}

/// Returns the arguments that continue a session of this name.
fn continued(words: &[String], name: &str) -> Vec<String> {
    let words = words.iter();
    words.map(|word| word.replace("{session}", name)).collect()
}
