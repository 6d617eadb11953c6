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
    acp::{self, Outcome, Talk},
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
    process::{self, Exit, Progress, Stream},
    repo::id::CommitId,
    sandbox::{Fence, Redactor},
    say::{Listener, StandingAnswer, utterance::Utterance},
};

/// How often an agent's words are looked for.
const LISTEN: Duration = Duration::from_millis(200);
/// How long an agent that parked may take to finish by itself.
const FAREWELL: Duration = Duration::from_secs(30);
/// How long an agent may take to end by itself when its conversation is over.
const GOODBYE: Duration = Duration::from_secs(5);
/// How long what an agent said before it died is looked through.
const LAST_WORD: Duration = Duration::from_secs(1);

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
    let prepared = match prepare::prepare(&session, &desk) {
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
    // A plain command line is not talked with.
    let talk = prepared.opening.map(|opening| {
        record.speak_protocol();
        acp::open(opening, hooks.door())
    });
    let is_talk = talk.is_some();
    let (line, words, hang_up, mut talking) = match talk {
        Some(talk) => {
            let Talk {
                line,
                words,
                hang_up,
                talking,
            } = talk;
            (Some(line), Some(words), Some(hang_up), Some(talking))
        }
        None => (None, None, None, None),
    };
    let mut outcome = None;
    // Shared by the child's output and this loop, which take turns in one task.
    let shared = RefCell::new(record);
    let line = RefCell::new(line);
    let processes = Cell::new(0);
    let pid = Cell::new(0);
    let mut announced = false;
    let finished = {
        let (end, mut ended) = watch::channel(false);
        // One that is talked with is told to stop before it is ended.
        let leave = || match &hang_up {
            Some(hang_up) => hang_up.send_replace(true),
            None => end.send_replace(true),
        };
        let on_start = |process: process::ProcessId| {
            pid.set(process.pid);
            started(&mut shared.borrow_mut(), process.pid, None);
        };
        let sink = |stream: Stream, bytes: &[u8]| {
            let mut record = shared.borrow_mut();
            record.output(stream, bytes);
            if stream == Stream::Out
                && let Some(line) = line.borrow_mut().as_mut()
            {
                line.output(bytes, &mut record);
            }
        };
        let on_count = |count| processes.set(count);
        let running = async {
            let spec = &prepared.spec;
            match words {
                Some(words) => {
                    process::converse(spec, words, &mut ended, on_start, sink, on_count).await
                }
                None => process::run_counted(spec, &mut ended, on_start, sink, on_count).await,
            }
        };
        tokio::pin!(running);
        let mut ticks = time::interval(LISTEN);
        let mut leave_at: Option<time::Instant> = None;
        let mut end_at: Option<time::Instant> = None;
        let mut may_be_stopped = true;
        loop {
            tokio::select! {
                finished = &mut running => break finished,
                said = acp::outcome(&mut talking) => {
                    // Its input is over with the conversation; most end by themselves then.
                    let grace = if said == Outcome::Cancelled { Duration::ZERO } else { GOODBYE };
                    end_at = Some(time::Instant::now() + grace);
                    outcome = Some(said);
                    talking = None;
                }
                _ = ticks.tick() => {}
                asked = hooks.next() => {
                    match ear.judge(asked) {
                        Reaction::Continue => {}
                        // Its work is kept as it is; what it would do next is not wanted.
                        Reaction::End | Reaction::Halt => {
                            ending.get_or_insert(Ending::Halted);
                            leave();
                        }
                    }
                }
                stopped = stop.wait_for(|stop| *stop), if may_be_stopped => {
                    // It says so once; an error means that nobody is left who could.
                    may_be_stopped = false;
                    if stopped.is_ok() {
                        ending.get_or_insert(Ending::Stopped);
                        leave();
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
                        leave();
                    }
                }
            }
            if leave_at.is_some_and(|at| time::Instant::now() >= at) {
                ending.get_or_insert(Ending::Halted);
                leave();
            }
            let is_over = end_at.is_some_and(|at| time::Instant::now() >= at);
            if is_over || ending.is_some() && talking.is_none() {
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
                leave();
            }
            // A process that merely waits for its model uses a little CPU all the time.
            let quiet = line.borrow().as_ref().map(acp::Line::quiet);
            if talking.is_some() && quiet.is_some_and(|quiet| quiet >= session.silence) {
                ending.get_or_insert_with(|| silent(session.silence));
                leave();
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
    if let Some(line) = line.borrow_mut().as_mut() {
        line.close(&mut shared.borrow_mut());
    }
    if let Some(talking) = talking {
        // Its end is an answer, too, and what it said at last may be one.
        let said = time::timeout(LAST_WORD, talking).await.ok();
        outcome = Some(died(said, &finished.exit));
    }
    let mut record = shared.into_inner();
    let last = record.finish_output()?;
    let mut late = listener.finish()?;
    let last = if is_talk {
        record.watch().message()
    } else {
        String::from_utf8_lossy(&last).into_owned()
    };
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
    let name = name.or_else(|| session.resume.filter(|_| is_talk).map(str::to_owned));
    if !announced && name.is_some() {
        started(&mut record, pid.get(), name.clone());
    }
    let ending = ending.unwrap_or_else(|| {
        // Weather explains a bad end, and an end that only looks good; a park explains both.
        // Of one that is talked with, its turn counts, and not how its process ended.
        let exit = match (&outcome, &finished.exit) {
            (Some(Outcome::Done), _) => Exit::Code(0),
            (Some(Outcome::Failed(_)), Exit::Code(_) | Exit::Stopped) => Exit::Code(1),
            (_, exit) => exit.clone(),
        };
        let weather = (!ear.is_settled)
            .then(|| record.watch().weather(&exit, clock::now().at))
            .flatten();
        match (weather, outcome) {
            (Some(weather), _) => Ending::Weather(weather),
            (None, Some(Outcome::Failed(reason))) if own_end(&exit) => Ending::Failed { reason },
            (None, _) => ending::of(&exit, session.timeout, session.silence),
        }
    });
    // An exit code alone is never success.
    let objection = (ending == Ending::Exited && !ear.is_settled)
        .then(|| record.watch().objection())
        .flatten();
    let ending = objection.map_or(ending, |reason| Ending::Failed { reason });
    let tools = record.watch().tools();
    let ending = if prepared.asks && ear.judged == 0 && tools > 0 && ending == Ending::Exited {
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

/// What became of a conversation whose process has ended before it.
fn died(said: Option<Outcome>, exit: &Exit) -> Outcome {
    match (said, exit) {
        (Some(outcome @ (Outcome::Done | Outcome::Cancelled)), _) => outcome,
        (_, Exit::Code(code)) => Outcome::Failed(format!(
            "it ended in the middle of its turn, with exit code {code}"
        )),
        (_, Exit::Signal(signal)) => Outcome::Failed(format!(
            "signal {signal} ended it in the middle of its turn"
        )),
        (Some(outcome), _) => outcome,
        (None, _) => Outcome::Cancelled,
    }
}

/// Whether a process ended by itself, or because its conversation was over.
fn own_end(exit: &Exit) -> bool {
    matches!(exit, Exit::Code(_) | Exit::Signal(_))
}

fn silent(limit: Duration) -> Ending {
    let after_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    Ending::Silent { after_ms }
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
