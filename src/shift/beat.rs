//! The heartbeat: one small file that says how far the runner has come, for the watchdog and for
//! `nightshift status`.
//!
//! It beats with progress: the file is written when something has moved, at most every two seconds,
//! and at once when a ticket is settled. In place and without a sync, as it is worth nothing after
//! a crash of the machine; a reader that catches half of it looks again. Healthy beats leave
//! nothing in the journal.

use std::{
    cell::{Cell, RefCell},
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
    rc::Rc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{self, MissedTickBehavior};

use super::{observe::Observer, open::Course};
use crate::{
    clock,
    layout::{Layout, PathContext, PathError},
    machine::{Effect, Event, State},
    process::{Doing, Patience, ProcessId, Progress, Reading, Waiting},
};

/// How often the file is written at most, but for settled tickets.
const EVERY: Duration = Duration::from_secs(2);
/// How much longer than the silence limit of agents nothing may move: the runner ends a silent
/// agent by itself.
const BEYOND_SILENCE: Duration = Duration::from_secs(2 * 60);
/// How long the first step after a deliberate wait may take.
const AFTER_A_WAIT: Duration = Duration::from_secs(30);
/// Bytes of the file, filled up with spaces, so that a shorter text covers a longer one.
const SIZE: usize = 1024;
/// The most that is read of it.
const MOST: usize = 64 * 1024;

/// What the file says. Times are milliseconds of the boot clock, of the boot in `runner`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The format: 1.
    pub version: u32,
    /// Who works.
    pub runner: ProcessId,
    /// Who watches over it; `None` when nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watchdog: Option<ProcessId>,
    /// The night that it has taken; empty while it opens it.
    pub night: String,
    /// Whether it only brings to its end what was in flight in an earlier night.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finishing: bool,
    /// When something last moved.
    pub at_ms: u64,
    /// What has moved so far, in a sum that only grows.
    pub moved: u64,
    /// Tickets settled by this runner.
    pub settled: u64,
    /// What it is doing; `None` between two tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doing: Option<Doing>,
    /// What it waits for on purpose; `None` when for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Until when nothing has to move; 0 when something has to.
    pub patience_ms: u64,
    /// For how long nothing may move.
    pub stall_ms: u64,
}

impl Heartbeat {
    /// Reads the file; `None` when there is none, or it is being written.
    pub fn read(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut bytes = vec![0; SIZE];
        let mut length = 0;
        loop {
            let room = bytes.get_mut(length..)?;
            let read = file.read_at(room, length as u64).ok()?;
            length += read;
            if read == 0 || length >= MOST {
                break;
            }
            bytes.resize(length + SIZE, 0);
        }
        serde_json::from_slice(bytes.get(..length)?).ok()
    }

    /// Returns whether nothing has to move now.
    pub fn may_be_still(&self, now_ms: u64) -> bool {
        self.patience_ms > now_ms
    }
}

/// The one writer of the file; its clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Beat(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    progress: Progress,
    every: Duration,
    last: RefCell<Heartbeat>,
    written: Cell<usize>,
}

impl Beat {
    /// Begins to beat for this process.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn begin(
        layout: &Layout,
        runner: &ProcessId,
        watchdog: Option<&ProcessId>,
        silence: Duration,
        limit: Option<Duration>,
    ) -> Result<Self, PathError> {
        let path = layout.heartbeat();
        std::fs::create_dir_all(layout.state()).at("create the folder", layout.state())?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .at("open", &path)?;
        let limit = limit.unwrap_or(silence + BEYOND_SILENCE);
        let last = Heartbeat {
            version: 1,
            runner: runner.clone(),
            watchdog: watchdog.cloned(),
            night: String::new(),
            finishing: false,
            at_ms: 0,
            moved: 0,
            settled: 0,
            doing: None,
            waiting: None,
            patience_ms: 0,
            stall_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        let beat = Self(Rc::new(Inner {
            file,
            progress: Progress::default(),
            every: EVERY.min(limit / 4).max(Duration::from_millis(10)),
            last: RefCell::new(last),
            written: Cell::new(0),
        }));
        beat.write().at("write", &path)?;
        Ok(beat)
    }

    /// Returns the counter that it beats with.
    pub(super) fn progress(&self) -> Progress {
        self.0.progress.clone()
    }

    /// Says whether the runner only finishes an earlier night from here on.
    fn finishes(&self, earlier: bool) {
        self.0.last.borrow_mut().finishing = earlier;
    }

    /// Beats until it is aborted.
    pub(super) async fn keep(self) {
        let mut ticks = time::interval(self.0.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let reading = self.0.progress.read();
            if self.0.last.borrow().says(&reading) {
                continue;
            }
            // A disk that is full is the night's to notice. The file has its bytes already.
            drop(self.write());
        }
    }

    fn write(&self) -> io::Result<()> {
        let mut last = self.0.last.borrow_mut();
        let reading = self.0.progress.read();
        last.at_ms = clock::now().boot.ms;
        last.moved = reading.moved;
        last.doing = reading.doing;
        last.waiting = reading.waiting;
        last.patience_ms = reading.patience_ms;
        let mut bytes = serde_json::to_vec(&*last)?;
        let length = bytes.len().max(SIZE).max(self.0.written.get());
        bytes.resize(length, b' ');
        self.0.file.write_all_at(&bytes, 0)?;
        self.0.written.set(length);
        Ok(())
    }

    fn sees(&self, state: &State, event: &Event) {
        self.0.progress.add(1);
        let is_settled = matches!(event, Event::Landed { .. } | Event::Settled { .. });
        if is_settled {
            self.0.progress.idle();
            self.0.last.borrow_mut().settled += 1;
        }
        let has_taken = matches!(event, Event::RunnerStarted { .. });
        if let Some(night) = state.night().filter(|_| has_taken) {
            self.0
                .last
                .borrow_mut()
                .night
                .clone_from(&night.terms.night);
        }
        if is_settled || has_taken {
            // As above.
            drop(self.write());
        }
    }
}

impl Heartbeat {
    fn says(&self, reading: &Reading) -> bool {
        self.moved == reading.moved
            && self.doing == reading.doing
            && self.waiting == reading.waiting
            && self.patience_ms == reading.patience_ms
    }
}

/// Counts what is journaled as progress, on its way to whoever else looks on.
pub(super) struct Beating<'a> {
    pub(super) beat: Beat,
    pub(super) inner: &'a mut dyn Observer,
    /// What the night waits for on purpose.
    waits: Option<((Timestamp, String), Patience)>,
}

impl<'a> Beating<'a> {
    pub(super) fn new(beat: Beat, inner: &'a mut dyn Observer) -> Self {
        Self {
            beat,
            inner,
            waits: None,
        }
    }
}

impl Observer for Beating<'_> {
    fn opens(&mut self, course: Course) {
        self.beat.finishes(course == Course::Finish);
        self.inner.opens(course);
    }

    fn waits(&mut self, state: &State, until: Timestamp, because: &str) {
        let said = (until, because.to_owned());
        if self.waits.as_ref().is_none_or(|(known, _)| *known != said) {
            let longest = clock::now().at.duration_until(until);
            let longest = Duration::try_from(longest).unwrap_or_default() + AFTER_A_WAIT;
            let patience = self.beat.0.progress.waiting(because, longest);
            self.waits = Some((said, patience));
        }
        self.inner.waits(state, until, because);
    }

    fn begins(&mut self, state: &State, effect: &Effect) {
        self.waits = None;
        let (stage, attempt) = match effect {
            Effect::Judge { .. } => ("judging", None),
            Effect::Claim { attempt, .. } => ("claiming", Some(*attempt)),
            Effect::Baseline { attempt, .. } => ("gating the snapshot of", Some(*attempt)),
            Effect::Work { attempt, .. } => ("working on", Some(*attempt)),
            Effect::Keep { attempt, .. } => ("keeping the work on", Some(*attempt)),
            Effect::Gate { attempt, .. } => ("gating", Some(*attempt)),
            Effect::Land { attempt, .. } => ("landing", Some(*attempt)),
        };
        let ticket = effect.ticket().as_str();
        self.beat.0.progress.doing(ticket, attempt, stage);
        self.inner.begins(state, effect);
    }

    fn sees(&mut self, state: &State, event: &Event) {
        self.waits = None;
        self.beat.sees(state, event);
        self.inner.sees(state, event);
    }
}
