//! What a script says: turns, the calls in them, and faults.

use std::time::Duration;

use serde_json::Value;

/// What the model does when it is asked for the next time.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// Says this, and ends its turn.
    Say(String),
    /// Says this (nothing, when it is empty) and calls tools.
    Call(String, Vec<Call>),
    /// Fails, once.
    Fault(Fault),
    /// Fails whenever it is asked, for ever.
    Always(Fault),
}

impl Turn {
    /// Says this, and ends its turn.
    pub(crate) fn say(text: &str) -> Self {
        Self::Say(text.to_owned())
    }

    /// Runs a shell command.
    pub(crate) fn shell(command: &str) -> Self {
        Self::Call(String::new(), vec![Call::Shell(command.to_owned())])
    }

    /// Writes a file, whose path is relative to where the agent works.
    pub(crate) fn write(path: &str, text: &str) -> Self {
        let (path, text) = (path.to_owned(), text.to_owned());
        Self::Call("I write it.".to_owned(), vec![Call::Write { path, text }])
    }
}

/// A tool call by its meaning.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// Run this in a shell.
    Shell(String),
    /// Write a file; by the shell where no tool takes a path relative to the working folder.
    Write { path: String, text: String },
    /// The tool of an MCP server whose name ends in this.
    Mcp { tool: String, args: Value },
    /// The tool of exactly this name.
    Raw { name: String, args: Value },
}

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A status with the provider's own words for it, and the seconds of its `retry-after`.
    Status(u16, Option<u64>),
    /// The provider has too much to do: 529 of Anthropic, 503 of the others.
    Overloaded,
    /// A plan's limit is reached, which is over after this time.
    UsageLimit(Duration),
    /// No answer, not even a status.
    Hang,
    /// The answer breaks off.
    Truncate,
    /// The key is no good.
    Refuse,
}
