//! What to run and how it ended, as plain data.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use super::progress::Progress;

/// A child to be.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Program and arguments; the program is looked up on the `PATH` of `env`.
    pub argv: Vec<OsString>,
    /// Its working directory.
    pub folder: PathBuf,
    /// Its whole environment: nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
    /// What it reads on standard input before end of file; `None` is `/dev/null`.
    pub stdin: Option<Vec<u8>>,
    /// A name that it and all its descendants carry in their environment (`NIGHTSHIFT_MARK`), by
    /// which they are found when the runner has died. Of all runs on this machine one at a time may
    /// carry it: whatever else carries it is ended with this run.
    pub mark: String,
    /// Awake time after which it is ended.
    pub timeout: Duration,
    /// How long its tree may print nothing and use no CPU; `None` is no limit.
    pub silence: Option<Duration>,
    /// How long it has between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// What it prints, computes and moves is counted here.
    pub progress: Progress,
    /// Whether a supervisor ([`super::supervise`]) is somewhere in `argv`, which tells what the
    /// wrapper around it cannot: whether the program began, how it ended, what it left.
    pub supervised: bool,
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that we did not send.
    Signal(i32),
    /// We ended it: the timeout.
    TimedOut,
    /// We ended it: the silence limit.
    Silent,
    /// We ended it: asked to stop.
    Stopped,
    /// It never ran.
    NotStarted {
        /// Whether the program was not found (or is not executable).
        missing: bool,
        /// Why, one line.
        reason: String,
    },
}

/// Which stream a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What is known of a child whose whole tree has ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub exit: Exit,
    /// Awake time it took.
    pub took: Duration,
    /// Bytes it printed.
    pub output_bytes: u64,
    /// How many of its descendants did not end with it and were killed.
    pub survivors: u32,
    /// The most living processes that its tree was seen to have at once, itself included; looked
    /// for every few seconds. 0 when it never ran.
    pub processes: u32,
    /// How many processes of its tree could not be ended, itself included: with more than 0 the
    /// room is not safe to use again.
    pub unended: u32,
}
