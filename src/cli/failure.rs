//! Errors at the door: one type with a kind, a message, its causes and hints.
//!
//! The kind is the exit code. Every error of a room becomes a [`Failure`] here or at the call that
//! knows what to do next.

use std::{error::Error, fmt, process::ExitCode};

use crate::{
    layout::LockError,
    shift::{NightError, SiteError},
};

/// What kind of failure it is; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something needs a human: parks, failures, tickets with errors.
    NeedsHuman = 1,
    /// Usage or configuration.
    Usage = 2,
    /// The night was halted.
    Halted = 3,
    /// It could not run here.
    Environment = 4,
    /// Another night holds the lock.
    Locked = 5,
}

/// A verb that could not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) message: String,
    pub(super) causes: Vec<String>,
    pub(super) hints: Vec<String>,
}

impl Failure {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(super) fn environment(message: impl Into<String>) -> Self {
        Self::new(Kind::Environment, message)
    }

    /// Returns the failure of an error with its chain of causes.
    pub(super) fn of(kind: Kind, error: &dyn Error) -> Self {
        let mut failure = Self::new(kind, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if failure.causes.last() != Some(&text) && failure.message != text {
                failure.causes.push(text);
            }
            source = cause.source();
        }
        failure
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": self.message,
            "causes": self.causes,
            "hints": self.hints,
            "exit_code": self.kind as u8,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for (number, cause) in self.causes.iter().enumerate() {
            write!(f, "\n  {}: {cause}", number + 1)?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        Self::from(kind as u8)
    }
}

/// What a verb returns: success, or something that a human must look at, or a failure.
pub(super) type Done = Result<ExitCode, Failure>;

impl From<&SiteError> for Failure {
    fn from(error: &SiteError) -> Self {
        Self::of(Kind::Environment, error)
    }
}

impl From<&NightError> for Failure {
    fn from(error: &NightError) -> Self {
        match error {
            NightError::Lock(lock @ LockError::Held { .. }) => Self::of(Kind::Locked, lock)
                .hint("`nightshift status` shows it, `nightshift stop` ends it"),
            NightError::Backlog(error) => Self::of(Kind::Usage, error).hint(error.hint()),
            NightError::Trouble(trouble) => {
                Self::environment(trouble.because.clone()).hint(trouble.remedy.clone())
            }
            NightError::Journal(_) | NightError::Illegal { .. } => {
                Self::of(Kind::Environment, error).hint(
                    "nothing was rewritten; move `.nightshift/journal` away to begin anew: the branches and kept attempts stay",
                )
            }
            NightError::Lock(LockError::Io(_)) | NightError::Broken(_) | NightError::Io(_) => {
                Self::of(Kind::Environment, error)
            }
        }
    }
}
