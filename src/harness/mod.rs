//! The boundary to the agent: a request goes in, normalized events and a report come out.
//!
//! [`run`] is one session in the bench, from the command line filled in (`command`) or the story
//! played (`script`, `player`) to the end of the whole process tree. [`compose`] makes the prompt,
//! [`ready`] says before a night whether a harness can run, [`known`] holds command lines of agent
//! CLIs as they were observed to work.

mod capability;
mod command;
mod environment;
pub mod event;
pub mod known;
mod last_message;
mod lines;
mod live;
mod player;
mod prepare;
mod prompt;
mod ready;
mod record;
mod request;
mod script;
mod session;
mod story;
#[cfg(test)]
mod tests;

pub use capability::{Capabilities, Proof};
pub use player::play;
pub use prompt::{Earlier, Landed, PROMPT_TEMPLATE, PromptError, PromptInput, Told, compose};
pub use ready::{Readiness, ready};
pub use request::Request;
pub use session::{HarnessReport, Reaction, Session, run};
pub use story::rehearsal as rehearsal_story;
