//! The watchdog: a small process that starts the runner, sees that it gets on, and starts it again
//! when it died or stalled.
//!
//! It opens no repository and reads no backlog; all it looks at is the heartbeat and the runner's
//! end. A runner that ends with an exit code of its own has the last word, whichever it is. One
//! that a signal ended, that panicked or that no longer moves is ended with all that it started,
//! and begins anew, later each time; when it dies again and again without settling a ticket, it is
//! left down. Nothing is decided here that the journal does not know better: a restarted runner
//! goes on as after any death.

use std::{io, time::Duration};

use serde::{Deserialize, Serialize};

use super::{beat::Heartbeat, names, stall::Stall};
use crate::{
    clock,
    layout::{Layout, Lock},
    process::{self, Asked, Died, Doing, ProcessId, Runner, Signals},
};

/// How often the heartbeat is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// The longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often the runner is started again with no ticket settled in between.
const RESTARTS: u32 = 5;
/// How long a killed runner may take to be gone.
const LAST_BREATH: Duration = Duration::from_secs(30);
/// The exit code of a panic.
const PANIC: i32 = 101;
/// SIGHUP, SIGINT and SIGTERM, before the runner could take them: somebody wished its end.
const WISHES: [i32; 3] = [1, 2, 15];
/// At this Ctrl-C the runner is ended, whatever it does: the first two are asked of it.
const ENOUGH: usize = 3;

/// What a runner is told of who watches over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The watchdog's process.
    pub watchdog: ProcessId,
    /// Why it was started again; `None` for the first runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<Restarted>,
}

/// The receipt of a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restarted {
    /// What had become of the runner before, as a clause.
    pub because: String,
    /// From its end, or its last progress, to the start of this one, in milliseconds.
    pub after_ms: u64,
    /// Processes that it had left and that the watchdog ended.
    pub swept: u32,
    /// The night that an earlier runner of this watchdog had taken, with the order's options:
    /// those are in its journal then, and a new night was begun if one was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub night: Option<String>,
}

/// How the watch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Last {
    /// The runner ended by itself; its exit code.
    Code(i32),
    /// Somebody ended the runner by this signal before it took the night.
    Signal(i32),
    /// It was asked to end, and the runner did not end the night before its own end.
    Cut {
        /// What became of the runner, as a clause.
        because: String,
    },
    /// The runner died too often.
    GivenUp {
        /// How often, with nothing settled in between.
        times: u32,
        /// What became of the last one, as a clause.
        because: String,
        /// What it was doing; `None` when for no ticket.
        doing: Option<Doing>,
    },
}

/// Why the watch could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Signals cannot be taken.
    #[error("signals cannot be waited for")]
    Signals(#[source] io::Error),
    /// This process is not in `/proc`.
    #[error("this process cannot be found in /proc")]
    Unknown,
    /// The runner cannot be started.
    #[error("the runner cannot be started")]
    Start(#[source] io::Error),
    /// It cannot be asked how it ended.
    #[error("the runner cannot be waited for")]
    Wait(#[source] io::Error),
    /// It does not go away.
    #[error("the runner, process {pid}, cannot be killed")]
    Unending {
        /// Its process id.
        pid: u32,
    },
}

/// What is watched, and how.
pub struct Watch<'a> {
    /// Where the heartbeat is.
    pub layout: &'a Layout,
    /// For how long nothing may move; `None` leaves it to the runner, which knows its silence limit.
    pub limit: Option<Duration>,
    /// The pause before the first restart; it doubles with each.
    pub pause: Duration,
    /// Whether a terminal that goes away is no reason to end.
    pub survives_hangup: bool,
    /// Starts a runner.
    pub start: &'a mut dyn FnMut(&Watched) -> io::Result<Runner>,
    /// Hears what is worth a line.
    pub tell: &'a mut dyn FnMut(&str),
}

/// How one runner ended.
enum End {
    Final(Last),
    Lost { because: String, since_ms: u64 },
}

/// Starts the runner and watches over it until it has ended for good.
///
/// # Errors
/// The machine is in the way. A runner that was started is then left as it is.
pub fn watch(watch: &mut Watch<'_>) -> Result<Last, WatchError> {
    let mut signals = Signals::take().map_err(WatchError::Signals)?;
    let me = process::identify(std::process::id()).ok_or(WatchError::Unknown)?;
    let mut heard = Heard::default();
    let mut restarts = 0;
    let mut night = None;
    let mut restarted = None;
    loop {
        let watched = Watched {
            watchdog: me.clone(),
            restarted,
        };
        let mut runner = (watch.start)(&watched).map_err(WatchError::Start)?;
        let (because, since_ms) = match watch.until_end(&mut runner, &mut signals, &mut heard)? {
            End::Final(last) => return Ok(last),
            End::Lost { because, since_ms } => (because, since_ms),
        };
        let swept = watch.sweep();
        let beat = watch.beat_of(&runner);
        if heard.wants_end(watch.survives_hangup) {
            return Ok(Last::Cut { because });
        }
        if beat.as_ref().is_some_and(|beat| beat.settled > 0) {
            restarts = 0;
        }
        if restarts == RESTARTS {
            return Ok(Last::GivenUp {
                times: restarts + 1,
                because,
                doing: beat.and_then(|beat| beat.doing),
            });
        }
        if let Some(beat) = beat.filter(|beat| !beat.night.is_empty() && !beat.finishing) {
            night = Some(beat.night);
        }
        let pause = (watch.pause * 2_u32.pow(restarts)).min(LONGEST_PAUSE);
        (watch.tell)(&format!(
            "the runner is gone: {because}; it is started again in {} s",
            pause.as_secs_f32()
        ));
        if !heard.rest(&mut signals, pause, watch.survives_hangup) {
            return Ok(Last::Cut { because });
        }
        restarts += 1;
        restarted = Some(Restarted {
            because,
            after_ms: clock::now().boot.ms.saturating_sub(since_ms),
            swept,
            night: night.clone(),
        });
    }
}

impl Watch<'_> {
    fn until_end(
        &self,
        runner: &mut Runner,
        signals: &mut Signals,
        heard: &mut Heard,
    ) -> Result<End, WatchError> {
        let every = self.limit.map_or(EVERY, |limit| {
            (limit / 4).clamp(Duration::from_millis(10), EVERY)
        });
        let mut stall = Stall::new(every, self.limit, clock::now().boot.ms);
        loop {
            let asked = heard.wait(signals, every);
            if asked.terminations > 0 || (asked.hangups > 0 && !self.survives_hangup) {
                runner.ask_to_end();
            }
            if let Some(died) = runner.ended().map_err(WatchError::Wait)? {
                return Ok(judged(died, || end_of(died)));
            }
            let because = if heard.interrupts >= ENOUGH {
                Some((
                    format!("it was ended at the {ENOUGH}rd Ctrl-C"),
                    Duration::ZERO,
                ))
            } else {
                stall
                    .look(self.beat_of(runner).as_ref(), clock::now().boot.ms)
                    .map(|still| (format!("nothing had moved for {}", spoken(still)), still))
            };
            if let Some((because, still)) = because {
                runner.kill();
                let died = killed(runner, signals, heard)?;
                let mut end = judged(died, || because);
                if let End::Lost { since_ms, .. } = &mut end {
                    let still = u64::try_from(still.as_millis()).unwrap_or(u64::MAX);
                    *since_ms = since_ms.saturating_sub(still);
                }
                return Ok(end);
            }
        }
    }

    fn beat_of(&self, runner: &Runner) -> Option<Heartbeat> {
        Heartbeat::read(&self.layout.heartbeat()).filter(|beat| beat.runner == *runner.id())
    }

    /// Ends what a dead runner left; returns how many processes. When somebody else has the lock,
    /// what carries the mark is theirs.
    fn sweep(&self) -> u32 {
        let holder = Lock::holder(&self.layout.lock());
        let is_free = holder.is_ok_and(|holder| {
            // A child that was forked and not yet started holds it for a moment longer.
            holder.is_none_or(|holder| {
                process::identify(holder.pid).is_none_or(|id| !process::is_alive(&id))
            })
        });
        if !is_free {
            return 0;
        }
        let ended = process::sweep(&[], &names::mark_prefix(self.layout), self.layout.rooms());
        u32::try_from(ended.len()).unwrap_or(u32::MAX)
    }
}

/// Waits for a runner that was killed.
fn killed(
    runner: &mut Runner,
    signals: &mut Signals,
    heard: &mut Heard,
) -> Result<Died, WatchError> {
    let began = clock::now().boot.ms;
    loop {
        if let Some(died) = runner.ended().map_err(WatchError::Wait)? {
            return Ok(died);
        }
        if u128::from(clock::now().boot.ms.saturating_sub(began)) > LAST_BREATH.as_millis() {
            return Err(WatchError::Unending {
                pid: runner.id().pid,
            });
        }
        heard.wait(signals, EVERY);
    }
}

/// An exit code is the runner's own word, but for a panic's.
fn judged(died: Died, because: impl FnOnce() -> String) -> End {
    match died {
        Died::Code(code) if code != PANIC => End::Final(Last::Code(code)),
        Died::Signal(signal) if WISHES.contains(&signal) => End::Final(Last::Signal(signal)),
        Died::Code(_) | Died::Signal(_) => End::Lost {
            because: because(),
            since_ms: clock::now().boot.ms,
        },
    }
}

fn end_of(died: Died) -> String {
    match died {
        Died::Code(PANIC) => "it panicked".to_owned(),
        Died::Code(code) => format!("it ended with exit code {code}"),
        Died::Signal(signal) => format!("signal {signal} ended it"),
    }
}

fn spoken(span: Duration) -> String {
    match span.as_secs() {
        0..120 => format!("{} s", span.as_secs()),
        seconds => format!("{} min", seconds / 60),
    }
}

/// What was asked of the watchdog so far.
#[derive(Debug, Default)]
struct Heard {
    interrupts: usize,
    terminations: usize,
    hangups: usize,
}

impl Heard {
    fn wait(&mut self, signals: &mut Signals, within: Duration) -> Asked {
        let asked = signals.wait(within);
        self.interrupts += asked.interrupts;
        self.terminations += asked.terminations;
        self.hangups += asked.hangups;
        asked
    }

    /// A Ctrl-C or two are asked of the runner, which journals them.
    fn wants_end(&self, survives_hangup: bool) -> bool {
        self.terminations > 0 || self.interrupts >= ENOUGH || (self.hangups > 0 && !survives_hangup)
    }

    /// Waits, with no runner there; returns whether nobody asked to end meanwhile.
    fn rest(&mut self, signals: &mut Signals, pause: Duration, survives_hangup: bool) -> bool {
        let end = clock::now().boot.ms + u64::try_from(pause.as_millis()).unwrap_or(0);
        loop {
            let left = end.saturating_sub(clock::now().boot.ms);
            if left == 0 {
                return true;
            }
            let asked = self.wait(signals, Duration::from_millis(left));
            if asked.interrupts > 0 || self.wants_end(survives_hangup) {
                return false;
            }
        }
    }
}
