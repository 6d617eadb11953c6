//! Signals as something to wait for, without a runtime.
//!
//! The process that watches over the runner has nothing else to do than to wait, and should weigh
//! nothing. A handler stays a handler until exec: what this process starts has the default again.

use std::{io::Read, os::unix::net::UnixStream, time::Duration};

use signal_hook::{
    consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM},
    low_level::pipe,
};

use super::unix;

/// The signals that this process takes from now on.
#[derive(Debug)]
pub struct Signals {
    child: UnixStream,
    interrupt: UnixStream,
    terminate: UnixStream,
    /// `None` when it is ignored.
    hangup: Option<UnixStream>,
}

/// Which signals have come since they were last asked for, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// SIGINT, such as Ctrl-C.
    pub interrupts: usize,
    /// SIGTERM.
    pub terminations: usize,
    /// SIGHUP: the terminal has gone.
    pub hangups: usize,
}

impl Asked {
    /// Returns whether any of these asks this process to end.
    pub fn to_end(self) -> bool {
        self.interrupts + self.terminations + self.hangups > 0
    }
}

impl Signals {
    /// Takes SIGINT, SIGTERM, SIGCHLD and, unless it is ignored, SIGHUP.
    ///
    /// # Errors
    /// The system refuses a pipe or a handler.
    pub fn take() -> std::io::Result<Self> {
        Ok(Self {
            child: taken(SIGCHLD)?,
            interrupt: taken(SIGINT)?,
            terminate: taken(SIGTERM)?,
            hangup: (!unix::ignores_hangup())
                .then(|| taken(SIGHUP))
                .transpose()?,
        })
    }

    /// Waits until a signal has come, a child's end included, or the time is over.
    pub fn wait(&mut self, within: Duration) -> Asked {
        let always = [&self.child, &self.interrupt, &self.terminate];
        let pipes: Vec<_> = always.into_iter().chain(&self.hangup).collect();
        unix::wait_to_read(&pipes, within);
        count(&mut self.child);
        Asked {
            interrupts: count(&mut self.interrupt),
            terminations: count(&mut self.terminate),
            hangups: self.hangup.as_mut().map_or(0, count),
        }
    }
}

fn taken(signal: i32) -> std::io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    pipe::register(signal, write)?;
    Ok(read)
}

/// Each delivery is a byte.
fn count(pipe: &mut UnixStream) -> usize {
    let mut buffer = [0; 64];
    // Nothing to read is the usual case.
    pipe.read(&mut buffer).unwrap_or(0)
}
