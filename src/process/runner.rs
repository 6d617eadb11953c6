//! This very program, started once more as a child that may outlive us.
//!
//! Unlike what `run.rs` starts, a runner is no stranger: it inherits terminal and environment, has
//! no limits of ours, and lives on when we die. It is started from `/proc/self/exe`, so that a
//! binary that was replaced meanwhile does not put another version in charge of a running night.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::Signal;

use super::{id::ProcessId, identity::identify, unix};

/// How it is started.
#[derive(Debug)]
pub enum Start {
    /// On this process's terminal or files, in its process group.
    Here,
    /// In a session of its own, reading nothing, printing into a file.
    Away(File),
}

/// How a runner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Died {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A runner that was started. Dropping it leaves it alone.
#[derive(Debug)]
pub struct Runner {
    child: Child,
    id: ProcessId,
}

impl Runner {
    /// Starts this program with these arguments.
    ///
    /// # Errors
    /// The system refuses.
    pub fn start(arguments: &[OsString], how: Start) -> io::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this program itself, which must not be ended with us"
        )]
        let mut command = Command::new("/proc/self/exe");
        command.args(arguments);
        if let Some(name) = std::env::args_os().next() {
            command.arg0(name);
        }
        if let Start::Away(log) = how {
            unix::own_session(&mut command);
            command
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log);
        }
        let child = command.spawn()?;
        // Not waited for yet: it is there, if only as a zombie.
        let id = identify(child.id())
            .ok_or_else(|| io::Error::other("the new process cannot be found in /proc"))?;
        Ok(Self { child, id })
    }

    /// Returns which process it is.
    pub fn id(&self) -> &ProcessId {
        &self.id
    }

    /// Returns how it ended; `None` while it lives.
    ///
    /// # Errors
    /// It cannot be asked about.
    pub fn ended(&mut self) -> io::Result<Option<Died>> {
        Ok(self.child.try_wait()?.map(died))
    }

    /// Asks it to end (SIGTERM).
    pub fn ask_to_end(&self) {
        unix::signal_child(self.id.pid, Signal::TERM);
    }

    /// Kills it. When this returns it may still be on its way out.
    pub fn kill(&self) {
        unix::signal_child(self.id.pid, Signal::KILL);
    }
}

fn died(status: ExitStatus) -> Died {
    match (status.code(), status.signal()) {
        (Some(code), _) => Died::Code(code),
        (None, signal) => Died::Signal(signal.unwrap_or_default()),
    }
}
