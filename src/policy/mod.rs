//! The contract: what an agent may decide alone.
//!
//! [`parse`] reads `policy.toml` into a [`Policy`], with every problem of the file in one go. The
//! policy is then asked at four points (`ticket`, `ask`, `tool`, `diff`) and answers with a
//! [`Decision`]; it does nothing itself. The first matching rule decides, so an exception is a rule
//! placed above. How a rule matches is told in `matching`, what follows in `decide` and `diff`,
//! and why in [`Explanation`]. The contract for those who write none is `templates/policy.toml`.
#![warn(clippy::indexing_slicing)]

mod breakers;
mod decide;
pub mod decision;
mod diff;
mod explain;
mod glob;
mod lint;
mod matching;
mod parse;
mod pattern;
mod read;
mod rule;
mod shell;
#[cfg(test)]
mod tests;
mod tool;
mod words;

pub use breakers::Breakers;
pub use decide::AskDecision;
pub use decision::{Action, Decision, Point, Scope};
pub use diff::ChangedFile;
pub use explain::{Considered, Explanation, Judged};
pub use glob::BadGlob;
pub use parse::{parse, parse_for};
pub use rule::{Answer, Policy};
