//! What the night answers to an agent while it works: to its words, and to its tool calls before
//! they happen.

use serde::{Deserialize, Serialize};

use crate::say::utterance::Utterance;

/// What follows from something that an agent said or wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// It goes on.
    Continue,
    /// It may finish by itself, and is ended after a moment.
    End,
    /// It is ended at once.
    Halt,
}

/// A tool call that has not happened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool, as its agent calls it.
    pub tool: String,
    /// Its input, as JSON; or a bare command line.
    pub input: String,
}

/// The answer to a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolAnswer {
    /// Whether it may happen.
    pub allow: bool,
    /// Why not, for the model; empty when it may.
    pub reason: String,
    /// What becomes of the session.
    pub reaction: Reaction,
}

impl ToolAnswer {
    /// It may happen.
    pub fn allow() -> Self {
        Self {
            allow: true,
            reason: String::new(),
            reaction: Reaction::Continue,
        }
    }
}

/// Who answers.
pub trait Judge {
    /// Hears each utterance once, redacted, in order; after the agent's end the answer changes
    /// nothing.
    fn said(&mut self, said: &Utterance) -> Reaction;
    /// Is asked about each tool call that the agent's adapter brings before it happens.
    fn tool(&mut self, call: &ToolCall) -> ToolAnswer;
}
