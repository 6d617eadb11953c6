//! A session with an agent that speaks the Agent Client Protocol (<https://agentclientprotocol.com>).
//!
//! `wire` cuts the agent's output into lines, `reader` says what each of them means, `calls` keeps
//! its tool calls, so that a permission request can be judged with all that is known of its call,
//! `answer` picks an option, and `client`, the only file that knows the official crate, makes the
//! session and drives its prompt to an end. What the agent updates is read from the raw lines,
//! because the crate drops what it does not know.

mod answer;
mod calls;
mod client;
mod reader;
mod wire;

#[cfg(test)]
mod tests;

pub(super) use client::{Opening, Outcome, Talk, open, outcome};
pub(super) use reader::Told;
pub(super) use wire::Line;
