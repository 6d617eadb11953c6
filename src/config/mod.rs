//! `nightshift.toml`: read, validated, with a default for every key.
//!
//! [`Config`] is the validated form; an empty file is a valid one. [`environment`] reads the few
//! environment variables that mean something, once.

mod model;

pub use model::{
    Agent, Config, Engine, Gate, GatePlace, HarnessConfig, HarnessKind, Network, Night, PromptBy,
    Rooms, Sandbox,
};
