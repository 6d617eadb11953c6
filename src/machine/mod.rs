//! The pure core: one journaled fact after another makes the state, and the state says what may
//! start now.
//!
//! [`State::evolve`] folds one [`Event`]; [`State::next`] names one [`Step`]. Neither touches disk,
//! clock, process or git, and a fact that cannot follow is an error value ([`IllegalEvent`]), not a
//! panic. Everything that people see of a night is a projection of this state.

mod decide;
mod event;
mod evolve;
mod evolve_attempt;
mod evolve_night;
mod judge;
mod objective;
mod outcome;
mod place;
mod queue;
mod spending;
mod state;
mod step;
mod ticket;
mod unfit;
mod waiting;
mod weather;

pub use event::{
    Carried, Checkpoint, Event, Host, Limits, NightEnd, NightStarted, RefusedFile, Repair, Request,
    RequestKind, RunOptions, Session, Setback, Taken, ToolTally,
};
pub use evolve::IllegalEvent;
pub use objective::{Iteration, Progress};
pub use outcome::{Block, Outcome, OutcomeKind, Park, Raised, Reason};
pub use spending::{Spending, Sum};
pub use state::{Closed, Night, PauseAsked, State, StopAsked, Waits};
pub use step::{Effect, Step};
pub use ticket::{Active, Answer, Attempt, Landed, Phase, Stage, TicketState};
pub use waiting::Waiting;

#[cfg(test)]
mod mended;
#[cfg(test)]
mod tests;
