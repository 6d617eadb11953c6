//! What a supervisor tells about the program that it holds, over a pipe that only it has.
//!
//! A wrapper around a sandbox ends with codes of its own: "the program was killed by signal 9" and
//! "the sandbox could not be made" look alike. So the supervisor inside writes lines of JSON:
//! `{"began":true}`, then `{"code":0,"left":0}` or `{"signal":9,"left":2}`, or
//! `{"failed":"why"}` when the program never ran.

use std::{
    io::{self, PipeReader, PipeWriter, Read},
    os::fd::AsRawFd,
};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::{spec::Exit, unix};

/// The variable in which the supervisor finds the number of its end of the pipe.
pub(super) const REPORT: &str = "NIGHTSHIFT_REPORT";
/// More than a supervisor ever writes.
const MOST: u64 = 16 * 1024;

/// One line of a supervisor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The doors are closed, and the program is about to be started.
    Began(bool),
    /// It has ended.
    Ended {
        /// Its code, when it ended by itself.
        code: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
        /// How many processes it left behind.
        left: u32,
    },
    /// It never ran: why, one line.
    Failed(String),
}

/// The reading end, held until the child has ended.
#[derive(Debug)]
pub(super) struct Report {
    reader: PipeReader,
    /// Closed with this value, once the child has its own copy.
    _writer: PipeWriter,
}

/// What was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    began: bool,
    end: Option<Exit>,
    /// Processes that the program left behind.
    pub(super) left: u32,
}

impl Report {
    /// Gives a child that is about to be started a pipe to tell on.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn begin(command: &mut Command) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let flags = rustix::fs::fcntl_getfl(&reader)?;
        rustix::fs::fcntl_setfl(&reader, flags | OFlags::NONBLOCK)?;
        unix::pass(command, writer.as_raw_fd());
        command.env(REPORT, writer.as_raw_fd().to_string());
        Ok(Self {
            reader,
            _writer: writer,
        })
    }

    /// Reads what was told. The child has ended: whatever is not there now never comes.
    pub(super) fn read(self) -> Told {
        let mut bytes = Vec::new();
        // The end of the pipe and "nothing more now" are the same here.
        self.reader.take(MOST).read_to_end(&mut bytes).ok();
        Told::of(&bytes)
    }
}

impl Told {
    fn of(bytes: &[u8]) -> Self {
        let mut told = Self::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Line::Began(began)) => told.began = began,
                Ok(Line::Failed(reason)) => {
                    let missing = false;
                    told.end = Some(Exit::NotStarted { missing, reason });
                }
                Ok(Line::Ended { code, signal, left }) => {
                    told.left = left;
                    told.end = code.map(Exit::Code).or(signal.map(Exit::Signal));
                }
                // The empty rest, or half a line of a supervisor that was killed.
                Err(_) => {}
            }
        }
        told
    }

    /// Returns how the program ended, where the wrapper ended like this.
    pub(super) fn exit(&self, wrapper: Exit) -> Exit {
        match &self.end {
            Some(exit) => exit.clone(),
            // The supervisor was killed together with the program.
            None if self.began => wrapper,
            None => Exit::NotStarted {
                missing: false,
                reason: format!(
                    "the sandbox could not be entered ({}); what it said is in the log",
                    match wrapper {
                        Exit::Code(code) => format!("exit code {code}"),
                        Exit::Signal(signal) => format!("signal {signal}"),
                        _ => "ended".to_owned(),
                    }
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_program_is_told_and_not_that_of_its_wrapper() {
        let told = |text: &str| Told::of(text.as_bytes());
        let line = |line: Line| serde_json::to_string(&line).unwrap();
        let began = line(Line::Began(true));
        let ended = line(Line::Ended {
            code: None,
            signal: Some(9),
            left: 2,
        });
        let killed = told(&format!("{began}\n{ended}\n"));
        assert_eq!(killed.exit(Exit::Code(137)), Exit::Signal(9));
        assert_eq!(killed.left, 2);
        let failed = line(Line::Failed("no such program".to_owned()));
        let exit = told(&failed).exit(Exit::Code(0));
        assert!(matches!(exit, Exit::NotStarted { reason, .. } if reason == "no such program"));
        // A wrapper that fails by itself has not run the program, whatever its code.
        let exit = told("").exit(Exit::Code(0));
        assert!(matches!(exit, Exit::NotStarted { .. }));
        assert_eq!(told(&began).exit(Exit::Signal(9)), Exit::Signal(9));
        let torn = told(&format!("{began}\n{}", ended.get(..5).unwrap()));
        assert_eq!(torn.exit(Exit::Code(3)), Exit::Code(3));
    }
}
