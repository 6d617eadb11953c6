//! One session of an agent in the bench, from its request to the end of its whole process tree.
//!
//! What it leaves in the attempt's folder: `request.json` (what it was given), `prompt.md`,
//! `events.jsonl` (exactly one terminal event), `raw.log`, `say.jsonl`. An agent that parks has a
//! moment to finish by itself and is then ended, so that no tokens are burnt on a settled ticket.

use std::{ffi::OsString, fs, path::Path, time::Duration};

use tokio::{sync::watch, time};

use super::{
    command::{Filling, fill},
    environment::{self, Place},
    event::{Ending, HarnessEvent, Usage},
    last_message,
    record::{Record, printable},
    request::{Identity, Instruction, Lifecycle, PromptFile, Provider, Request, Workspace},
    script,
};
use crate::{
    backlog::ticket::Ticket,
    clock,
    config::{HarnessConfig, HarnessKind},
    layout::{self, PathContext, PathError},
    process::{self, Exit, Spec},
    repo::id::CommitId,
    sandbox::Redactor,
    say::{
        Listener, StandingAnswer, standing,
        utterance::{Question, Utterance},
    },
};

/// How often an agent's words are looked for.
const LISTEN: Duration = Duration::from_millis(200);
/// How long an agent that parked may take to finish by itself.
const FAREWELL: Duration = Duration::from_secs(30);
/// How long it has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(3);

/// Everything that a session needs.
pub struct Session<'a> {
    /// The night.
    pub night: &'a str,
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Which attempt.
    pub attempt: u32,
    /// The harness's name.
    pub harness: &'a str,
    /// What it runs.
    pub config: &'a HarnessConfig,
    /// Where it works.
    pub bench: &'a Path,
    /// The snapshot.
    pub base: &'a CommitId,
    /// Where its evidence goes.
    pub folder: &'a Path,
    /// What it is told.
    pub prompt: &'a str,
    /// The repository's root, for a folder of stories.
    pub root: &'a Path,
    /// The environment that it inherits from.
    pub environment: &'a [(OsString, OsString)],
    /// This program, for `nightshift say` and the scripted agent.
    pub program: &'a Path,
    /// A folder for its PATH, with `nightshift` in it.
    pub tools: &'a Path,
    /// Takes secrets out of everything that is written.
    pub redactor: &'a Redactor,
    /// What all its processes carry.
    pub mark: String,
    /// Awake time that it has.
    pub timeout: Duration,
    /// How long it may do nothing.
    pub silence: Duration,
    /// The model to ask for.
    pub model: Option<&'a str>,
    /// BLAKE3 of the configuration.
    pub configuration: &'a str,
    /// Questions that are answered in advance.
    pub answers: Vec<StandingAnswer>,
}

/// What follows from something that an agent said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// It goes on.
    Continue,
    /// It may finish by itself, and is ended after a moment.
    End,
    /// It is ended at once.
    Halt,
}

/// What is known of a session after its end.
#[derive(Debug, Clone, PartialEq)]
pub struct HarnessReport {
    /// How it ended.
    pub ending: Ending,
    /// Awake time that it took.
    pub took: Duration,
    /// What the agent said, redacted and bounded.
    pub said: Vec<Utterance>,
    /// Lines in its `say.jsonl` that were no utterances.
    pub bad_says: u32,
    /// What it cost; `None` where the agent does not say.
    pub usage: Option<Usage>,
    /// Bytes that it printed.
    pub output_bytes: u64,
    /// Processes of its tree that were still alive after it and were ended.
    pub survivors: u32,
}

/// Runs a session. `stop` ends it at once; `on_say` decides what follows from each utterance.
///
/// # Errors
/// One of the attempt's files cannot be written.
pub async fn run(
    session: Session<'_>,
    stop: &mut watch::Receiver<bool>,
    mut on_say: impl FnMut(&Utterance) -> Reaction,
) -> Result<HarnessReport, PathError> {
    let say = session.folder.join("say.jsonl");
    let prompt_file = session.folder.join("prompt.md");
    fs::create_dir_all(session.folder).at("create the folder", session.folder)?;
    layout::write(&prompt_file, session.prompt.as_bytes())?;
    layout::write(&say, b"")?;
    standing::store(&say, &session.answers)?;
    environment::furnish(session.tools, session.program)?;
    let request = serde_json::to_vec_pretty(&request(&session)).unwrap_or_default();
    layout::write(&session.folder.join("request.json"), &request)?;

    let mut record = Record::begin(session.folder, session.redactor, |_: &HarnessEvent| {})?;
    record.event(&HarnessEvent::RunClaimed {
        ticket: session.ticket.id().to_string(),
        attempt: session.attempt,
        harness: session.harness.to_owned(),
    });
    let spec = match spec(&session, &prompt_file, &say) {
        Ok(spec) => spec,
        Err(reason) => {
            record.event(&HarnessEvent::RunFailed {
                reason: reason.clone(),
                usage: None,
            });
            record.finish()?;
            return Ok(nothing(Ending::NotStarted { reason }));
        }
    };

    let mut said = Vec::new();
    let mut listener = Listener::new(&say);
    let mut ending = None;
    let (end, mut ended) = watch::channel(false);
    let started = std::cell::Cell::new(None);
    let finished = {
        let sink = |stream, bytes: &[u8]| record.output(stream, bytes);
        let running = process::run(
            &spec,
            &mut ended,
            |process| started.set(Some(process.pid)),
            sink,
        );
        tokio::pin!(running);
        let mut ticks = time::interval(LISTEN);
        let mut farewell = None;
        loop {
            tokio::select! {
                finished = &mut running => break finished,
                _ = ticks.tick() => {}
                stopped = stop.wait_for(|stop| *stop), if ending.is_none() => {
                    if stopped.is_ok() {
                        ending = Some(Ending::Stopped);
                        end.send_replace(true);
                    }
                }
            }
            for utterance in listener.poll()? {
                let utterance = redact(utterance, session.redactor);
                match on_say(&utterance) {
                    Reaction::Continue => {}
                    Reaction::End => {
                        farewell.get_or_insert_with(|| time::Instant::now() + FAREWELL);
                    }
                    Reaction::Halt => {
                        ending.get_or_insert(Ending::Halted);
                        end.send_replace(true);
                    }
                }
                said.push(utterance);
            }
            if farewell.is_some_and(|at| time::Instant::now() >= at) {
                ending.get_or_insert(Ending::Halted);
                end.send_replace(true);
            }
        }
    };
    if let Some(pid) = started.get() {
        record.event(&HarnessEvent::RunStarted { pid, session: None });
    }
    let last = record.finish()?;
    for utterance in listener.finish()? {
        let utterance = redact(utterance, session.redactor);
        on_say(&utterance);
        said.push(utterance);
    }
    let last = String::from_utf8_lossy(&last);
    if let Some(Ok(utterance)) = last_message::utterance(&last, session.prompt) {
        let utterance = redact(crate::say::tidy(utterance), session.redactor);
        if !said.contains(&utterance) {
            on_say(&utterance);
            said.push(utterance);
        }
    }
    let ending = ending.unwrap_or_else(|| self::ending(&finished.exit, &session));
    record.event(&match &ending {
        Ending::Exited => HarnessEvent::RunCompleted { usage: None },
        Ending::Failed { .. }
        | Ending::TimedOut { .. }
        | Ending::Silent { .. }
        | Ending::Stopped
        | Ending::Halted
        | Ending::NotStarted { .. } => HarnessEvent::RunFailed {
            reason: word(&ending),
            usage: None,
        },
    });
    Ok(HarnessReport {
        ending,
        took: finished.took,
        said,
        bad_says: listener.bad(),
        usage: None,
        output_bytes: finished.output_bytes,
        survivors: finished.survivors,
    })
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

fn spec(session: &Session<'_>, prompt_file: &Path, say: &Path) -> Result<Spec, String> {
    let ticket = session.ticket.id();
    let (argv, stdin) = match &session.config.kind {
        HarnessKind::Command { command, prompt } => {
            let filling = Filling {
                prompt_file,
                bench: session.bench,
                model: session.model,
                ticket: ticket.as_str(),
            };
            let filled = fill(command, *prompt, session.prompt, &filling)
                .map_err(|error| error.to_string())?;
            (filled.argv, filled.stdin)
        }
        HarnessKind::Script { stories } => {
            let story = script::story(session.root, stories, ticket);
            (script::argv(session.program, &story, session.attempt), None)
        }
    };
    let place = Place {
        say,
        ticket: ticket.as_str(),
        attempt: session.attempt,
        bench: session.bench,
        tools: session.tools,
    };
    Ok(Spec {
        argv,
        folder: session.bench.to_owned(),
        env: environment::environment(session.environment, &session.config.env, &place),
        stdin,
        mark: session.mark.clone(),
        timeout: session.timeout,
        silence: Some(session.silence),
        grace: GRACE,
    })
}

fn ending(exit: &Exit, session: &Session<'_>) -> Ending {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match exit {
        Exit::Code(0) => Ending::Exited,
        Exit::Code(code) => Ending::Failed {
            reason: format!("it ended with exit code {code}"),
        },
        Exit::Signal(signal) => Ending::Failed {
            reason: format!("signal {signal} ended it"),
        },
        Exit::TimedOut => Ending::TimedOut {
            after_ms: ms(session.timeout),
        },
        Exit::Silent => Ending::Silent {
            after_ms: ms(session.silence),
        },
        Exit::Stopped => Ending::Stopped,
        Exit::NotStarted { reason, .. } => Ending::NotStarted {
            reason: reason.clone(),
        },
    }
}

fn word(ending: &Ending) -> String {
    match ending {
        Ending::Exited => "it ended".to_owned(),
        Ending::Failed { reason } | Ending::NotStarted { reason } => reason.clone(),
        Ending::TimedOut { after_ms } => format!("timeout after {after_ms} ms"),
        Ending::Silent { after_ms } => format!("silent for {after_ms} ms"),
        Ending::Stopped => "the night was stopped".to_owned(),
        Ending::Halted => "it was ended after what it said".to_owned(),
    }
}

fn nothing(ending: Ending) -> HarnessReport {
    HarnessReport {
        ending,
        took: Duration::ZERO,
        said: Vec::new(),
        bad_says: 0,
        usage: None,
        output_bytes: 0,
        survivors: 0,
    }
}

/// Takes secrets and escape sequences out of what the agent said, before anyone keeps it.
fn redact(utterance: Utterance, redactor: &Redactor) -> Utterance {
    let safe = |text: String| printable(redactor, &text);
    match utterance {
        Utterance::Note { text } => Utterance::Note { text: safe(text) },
        Utterance::Assume { text, because } => Utterance::Assume {
            text: safe(text),
            because: because.map(safe),
        },
        Utterance::Park(question) => Utterance::Park(Question {
            question: safe(question.question),
            options: question.options.into_iter().map(safe).collect(),
            recommend: question.recommend.map(safe),
            because: question.because.map(safe),
        }),
        Utterance::Halt { text } => Utterance::Halt { text: safe(text) },
        Utterance::Done { text } => Utterance::Done { text: safe(text) },
    }
}
