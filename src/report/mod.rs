//! What a person reads of a night, out of its state and nothing else.
//!
//! Three pure functions: [`model()`] (state → sections), the ranking ([`Score`]), and the renderers
//! [`markdown`] and [`json`]. [`status`] is the short form for the terminal. Same state and same
//! evidence, same bytes: there is no clock and no environment in this room. `docs/report.md` says
//! what each section means.

mod brief;
mod command;
mod in_force;
mod model;
mod objective;
mod rank;
mod render;
#[cfg(test)]
mod tests;

pub use brief::{ActiveTicket, Liveness, Pulse, SettledTicket, Status, TicketLine, status};
pub use in_force::InForce;
pub use model::{
    ActiveLine, BlockedGroup, Branch, BranchCommands, CheckLine, DecisionLine, Evidence,
    FailedLine, HaltLine, Held, HeldGroup, HeldLine, LandedLine, LookLine, Model, Names, Numbers,
    OutcomeCount, Output, RedCheck, RefusedLine, RuleLine, RuleRef, SaidLine, SkippedGroup,
    StopLine, Tried, WeatherLine, WorkLine, model,
};
pub use objective::{IterationLine, ObjectiveLine, progress};
pub use rank::Score;
pub use render::{TemplateError, json, markdown};
