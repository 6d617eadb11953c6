//! The boundary to the agent: a request goes in, normalized events and a report come out.
//!
//! [`run`] is one session in the bench, from the command line filled in (`command`) or the story
//! played (`script`, `player`) to the end of the whole process tree. [`compose`] makes the prompt,
//! [`ready`] says before a night whether a harness can run, [`known`] holds command lines of agent
//! CLIs as they were observed to work. While a session runs, `watch` reads every line of its output:
//! `reading` says what a line means, `weather` what troubles it, `usage` what it costs.
//!
//! Before a tool is used, the agent's hook ([`Platform`]) asks at the session's `desk`, and a [`Judge`]
//! answers.

mod allowance;
mod capability;
mod command;
mod declared;
mod desk;
mod ending;
mod environment;
pub mod event;
mod fault;
mod hook;
mod judge;
mod kit;
pub mod known;
mod last_message;
mod lines;
mod live;
mod normal;
mod output;
mod player;
mod premature;
mod prepare;
mod prompt;
mod reading;
mod ready;
mod record;
mod request;
mod script;
mod session;
mod story;
#[cfg(test)]
mod tests;
mod usage;
mod watch;
mod weather;

pub use allowance::Allowance;
pub use capability::{Capabilities, Proof};
pub use ending::redact;
pub use hook::{PLATFORMS, Platform, Spoken};
pub use judge::{Judge, Reaction, ToolAnswer, ToolCall};
pub use known::hosts;
pub use output::keep_output;
pub use player::play;
pub use premature::{go_on, premature};
pub use prompt::{
    Earlier, Landed, Objective, PROMPT_TEMPLATE, PromptError, PromptInput, Told, compose,
};
pub use ready::{Readiness, capabilities, login, ready};
pub use request::Request;
pub use session::{HarnessReport, Session, run};
pub use story::{check as check_story, rehearsal as rehearsal_story};
