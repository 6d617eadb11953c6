//! `nightshift.toml`: read, validated, with a default for every key.
//!
//! [`Config`] is the validated form; an empty file is a valid one. [`Environment`] reads the few
//! environment variables that mean something, once.

mod environment;
mod model;
mod parse;

pub use environment::Environment;
pub use model::{
    Agent, Config, Engine, Gate, GatePlace, HarnessConfig, HarnessKind, Network, Night, PromptBy,
    Rooms, Sandbox,
};
pub use parse::{duration, parse};
