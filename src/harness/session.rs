//! One session of an agent in the bench, from its request to the end of its whole process tree.
//!
//! What it leaves in the attempt's folder: `request.json` (what it was given), `prompt.md`,
//! `events.jsonl` (exactly one terminal event), `raw.log`, `say.jsonl`. An agent that parks has a
//! moment to finish by itself and is then ended, so that no tokens are burnt on a settled ticket.

use std::{
    cell::{Cell, RefCell},
    ffi::OsString,
    path::Path,
    time::Duration,
};

use jiff::tz::TimeZone;
use tokio::{sync::watch, time};

use super::{
    allowance::Allowance,
    desk::{Asked, Desk},
    ending,
    event::{Ending, HarnessEvent, Usage},
    judge::{Judge, Reaction},
    last_message,
    premature::premature,
    prepare,
    record::{Record, printable},
    watch::Watch,
};
use crate::{
    backlog::ticket::Ticket,
    clock,
    config::HarnessConfig,
    layout::PathError,
    process::{self, Exit, Progress},
    repo::id::CommitId,
    sandbox::{Fence, Redactor},
    say::{Listener, StandingAnswer, utterance::Utterance},
};

/// How often an agent's words are looked for.
const LISTEN: Duration = Duration::from_millis(200);
/// How long an agent that parked may take to finish by itself.
const FAREWELL: Duration = Duration::from_secs(30);

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
    /// What it may reach.
    pub fence: &'a Fence<'a>,
    /// Variables that say where its home is, if it is not where the environment says.
    pub home: &'a [(OsString, OsString)],
    /// Names of further variables that it gets.
    pub variables: &'a [String],
    /// Takes secrets out of everything that is written.
    pub redactor: &'a Redactor,
    /// What all its processes carry.
    pub mark: String,
    /// Awake time that it has.
    pub timeout: Duration,
    /// How long it may do nothing.
    pub silence: Duration,
    /// What it does is counted here.
    pub progress: &'a Progress,
    /// The model to ask for.
    pub model: Option<&'a str>,
    /// BLAKE3 of the configuration.
    pub configuration: &'a str,
    /// Questions that are answered in advance.
    pub answers: Vec<StandingAnswer>,
    /// Where the hooks of its tools ask; a socket is made there.
    pub socket: &'a Path,
    /// What it may use up.
    pub allowance: Allowance,
    /// The agent's own name of an earlier session, which is to be continued.
    pub resume: Option<&'a str>,
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
    /// How long after its begin it told the first event.
    pub first_sign: Option<Duration>,
    /// How many tool calls were judged before they happened.
    pub judged: u32,
    /// Lines in its `say.jsonl` that were no utterances.
    pub bad_says: u32,
    /// What it cost; `None` where the agent does not say.
    pub usage: Option<Usage>,
    /// Bytes that it printed.
    pub output_bytes: u64,
    /// Processes of its tree that were still alive after it and were ended.
    pub survivors: u32,
    /// The most processes that its tree was seen to have at once; `None` when it never ran.
    pub processes: Option<u32>,
    /// The agent's own name for the session, by which it can be continued.
    pub session: Option<String>,
    /// Why its turn seems to have ended too soon, judged by its last message; one line.
    pub premature: Option<String>,
}

/// Runs a session. `stop` ends it at once; `judge` decides what follows from each utterance, and on
/// each tool call that is asked about.
///
/// # Errors
/// One of the attempt's files cannot be written; the agent has then been ended.
pub async fn run(
    session: Session<'_>,
    stop: &mut watch::Receiver<bool>,
    judge: &mut dyn Judge,
) -> Result<HarnessReport, PathError> {
    run_with(session, stop, judge, FAREWELL).await
}

/// [`run`] with another time to finish after a park.
pub(super) async fn run_with(
    session: Session<'_>,
    stop: &mut watch::Receiver<bool>,
    judge: &mut dyn Judge,
    farewell: Duration,
) -> Result<HarnessReport, PathError> {
    let desk = prepare::lay_out(&session)?;
    let mut hooks = Desk::open(session.socket)?;
    let watch = Watch::new(session.config, &session.allowance, TimeZone::system());
    let mut record = Record::begin(session.folder, session.redactor, watch)?;
    record.event(&HarnessEvent::RunClaimed {
        ticket: session.ticket.id().to_string(),
        attempt: session.attempt,
        harness: session.harness.to_owned(),
    });
    let (spec, asks) = match prepare::spec(&session, &desk) {
        Ok(prepared) => prepared,
        Err(reason) => {
            record.event(&HarnessEvent::RunFailed {
                reason: reason.clone(),
                usage: None,
            });
            record.finish()?;
            return Ok(HarnessReport::nothing(Ending::NotStarted { reason }));
        }
    };

    let mut ear = Ear {
        judge,
        redactor: session.redactor,
        said: Vec::new(),
        is_settled: false,
        judged: 0,
    };
    let mut listener = Listener::new(&desk.say);
    let mut ending = None;
    // Shared by the child's output and this loop, which take turns in one task.
    let shared = RefCell::new(record);
    let processes = Cell::new(0);
    let pid = Cell::new(0);
    let mut announced = false;
    let finished = {
        let (end, mut ended) = watch::channel(false);
        let running = process::run_counted(
            &spec,
            &mut ended,
            |process| {
                pid.set(process.pid);
                started(&mut shared.borrow_mut(), process.pid, None);
            },
            |stream, bytes| shared.borrow_mut().output(stream, bytes),
            |count| processes.set(count),
        );
        tokio::pin!(running);
        let mut ticks = time::interval(LISTEN);
        let mut leave_at: Option<time::Instant> = None;
        let mut may_be_stopped = true;
        loop {
            tokio::select! {
                finished = &mut running => break finished,
                _ = ticks.tick() => {}
                asked = hooks.next() => {
                    match ear.judge(asked) {
                        Reaction::Continue => {}
                        // Its work is kept as it is; what it would do next is not wanted.
                        Reaction::End | Reaction::Halt => {
                            ending.get_or_insert(Ending::Halted);
                            end.send_replace(true);
                        }
                    }
                }
                stopped = stop.wait_for(|stop| *stop), if may_be_stopped => {
                    // It says so once; an error means that nobody is left who could.
                    may_be_stopped = false;
                    if stopped.is_ok() {
                        ending.get_or_insert(Ending::Stopped);
                        end.send_replace(true);
                    }
                }
            }
            for utterance in listener.poll()? {
                match ear.hear(utterance) {
                    Reaction::Continue => {}
                    Reaction::End => {
                        leave_at.get_or_insert_with(|| time::Instant::now() + farewell);
                    }
                    Reaction::Halt => {
                        ending.get_or_insert(Ending::Halted);
                        end.send_replace(true);
                    }
                }
            }
            if leave_at.is_some_and(|at| time::Instant::now() >= at) {
                ending.get_or_insert(Ending::Halted);
                end.send_replace(true);
            }
            let mut record = shared.borrow_mut();
            if !announced && let Some(name) = record.watch().session().map(str::to_owned) {
                announced = true;
                started(&mut record, pid.get(), Some(name));
            }
            // One that parked is on its way out.
            if leave_at.is_none()
                && let Some(verdict) = record.watch().verdict(processes.get(), clock::now().at)
            {
                ending.get_or_insert(verdict);
                end.send_replace(true);
            }
            if record.is_broken() {
                // Work that leaves no evidence is not worth its tokens: `finish` says why.
                end.send_replace(true);
            }
        }
    };
    let mut finished = finished;
    if let Exit::Code(code) = finished.exit
        && session.config.exit.contains(&code)
    {
        finished.exit = Exit::Code(0);
    }
    let mut record = shared.into_inner();
    let last = record.finish_output()?;
    let mut late = listener.finish()?;
    let last = String::from_utf8_lossy(&last);
    match last_message::utterance(&last, session.prompt) {
        // It may have said the same by the command, too.
        Some(Ok(utterance)) => {
            let shown = ending::redact(utterance.clone(), session.redactor);
            if !ear.said.contains(&shown) && !late.contains(&utterance) {
                late.push(utterance);
            }
        }
        Some(Err(problem)) => {
            // It wanted to say something, perhaps to park: that must not go unseen.
            let text = format!("nightshift could not read the agent's last words: {problem}");
            late.push(Utterance::Note { text });
        }
        None => {}
    }
    for utterance in late {
        ear.hear(utterance);
    }
    let name = record.watch().session().map(str::to_owned);
    if !announced && name.is_some() {
        started(&mut record, pid.get(), name.clone());
    }
    let ending = ending.unwrap_or_else(|| {
        // Weather explains a bad end, and an end that only looks good; a park explains both.
        let weather = (!ear.is_settled)
            .then(|| record.watch().weather(&finished.exit, clock::now().at))
            .flatten();
        weather.map_or_else(
            || ending::of(&finished.exit, session.timeout, session.silence),
            Ending::Weather,
        )
    });
    let ending = match ending {
        // An exit code alone is never success.
        Ending::Exited if !ear.is_settled && record.watch().lacks_its_end() => Ending::Failed {
            reason: "its stream ended without its last event".to_owned(),
        },
        ending => ending,
    };
    let tools = record.watch().tools();
    let ending = if asks && ear.judged == 0 && tools > 0 && ending == Ending::Exited {
        Ending::Failed {
            reason: format!(
                "its hook was never asked, though it used tools ({tools} events): its permission gate is open"
            ),
        }
    } else {
        ending
    };
    let ending = ending::printable(ending, session.redactor);
    let usage = record.watch().usage();
    let first_sign = record.watch().first_sign();
    let premature = (ending == Ending::Exited && !ear.is_settled)
        .then(|| premature(&record.watch().message(), finished.survivors, None))
        .flatten()
        .map(|reason| printable(session.redactor, &reason));
    record.event(&ending::terminal(&ending, usage.clone()));
    record.finish()?;
    Ok(HarnessReport {
        ending,
        took: finished.took,
        said: ear.said,
        judged: ear.judged,
        first_sign,
        bad_says: listener.bad(),
        usage,
        output_bytes: finished.output_bytes,
        survivors: finished.survivors,
        processes: (finished.processes > 0).then_some(finished.processes),
        session: name,
        premature,
    })
}

/// What is heard of an agent, and who answers.
struct Ear<'a> {
    judge: &'a mut dyn Judge,
    redactor: &'a Redactor,
    said: Vec<Utterance>,
    /// Whether a word or a call of the agent decides how the session ends.
    is_settled: bool,
    judged: u32,
}

impl Ear<'_> {
    fn hear(&mut self, utterance: Utterance) -> Reaction {
        let utterance = ending::redact(utterance, self.redactor);
        let reaction = self.judge.said(&utterance);
        self.is_settled |= reaction != Reaction::Continue;
        self.said.push(utterance);
        reaction
    }

    fn judge(&mut self, asked: Asked) -> Reaction {
        let answer = self.judge.tool(&asked.call);
        asked.answer(&answer);
        self.judged = self.judged.saturating_add(1);
        self.is_settled |= answer.reaction != Reaction::Continue;
        answer.reaction
    }
}

/// Records that the agent runs; once more when its own name for the session is known.
fn started(record: &mut Record<'_>, pid: u32, session: Option<String>) {
    record.event(&HarnessEvent::RunStarted { pid, session });
}

impl HarnessReport {
    /// The report of a session that never ran.
    fn nothing(ending: Ending) -> Self {
        Self {
            ending,
            took: Duration::ZERO,
            said: Vec::new(),
            judged: 0,
            first_sign: None,
            bad_says: 0,
            usage: None,
            output_bytes: 0,
            survivors: 0,
            processes: None,
            session: None,
            premature: None,
        }
    }
}
