//! `nightshift.toml`: read, validated, with a default for every key.
//!
//! [`Config`] is the validated form; an empty file is a valid one, and [`parse()`] finds all
//! problems of a file in one go. [`Environment`] reads the few environment variables that mean
//! something, once. [`parse_duration`] and [`check_glob`] read what tickets and policies also say.

pub mod budget;
mod duration;
mod environment;
mod glob;
mod model;
mod parse;
mod size;
mod walk;

pub use duration::{BadDuration, parse_duration};
pub use environment::{Environment, NoStateFolder};
pub use glob::check_glob;
pub use model::{
    Agent, Config, Engine, EventLine, Events, Gate, GatePlace, HarnessConfig, HarnessKind, Network,
    Night, Prices, PromptBy, Rooms, Sandbox,
};
pub use parse::parse;
pub use size::parse_size;
