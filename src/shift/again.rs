//! What a runner takes over from the one before it when the watchdog started it again.
//!
//! For the user it is one run: its options were counted from its beginning, a new night is begun
//! once, and a stop that was asked for is still asked for ([`crate::machine::Event::RunnerStarted`]
//! says so).

use super::watchdog::Restarted;
use crate::machine::{Repair, RunOptions, State};

/// What goes on from the runner before; empty for the first one.
#[derive(Debug, Clone, Default)]
pub struct Again {
    /// The receipt.
    pub repairs: Vec<Repair>,
    /// Whether the night in the journal is this run's: no other one is begun after it.
    pub same: bool,
    /// Whether that night has ended: nothing is left to do.
    pub done: bool,
    /// What is left of the run's options; `None` when they are still as they were given.
    pub options: Option<RunOptions>,
}

impl Again {
    /// Takes over, when there is something to take over from.
    pub fn new(restarted: Option<&Restarted>, state: Option<&State>) -> Self {
        let Some(restarted) = restarted else {
            return Self::default();
        };
        let mut again = Self {
            repairs: vec![Repair::Restarted {
                because: restarted.because.clone(),
                after_ms: restarted.after_ms,
            }],
            ..Self::default()
        };
        if restarted.swept > 0 {
            let count = restarted.swept;
            again.repairs.push(Repair::ProcessesEnded { count });
        }
        let night = state.and_then(State::night);
        let Some(night) =
            night.filter(|night| restarted.night.as_ref() == Some(&night.terms.night))
        else {
            return again;
        };
        again.same = true;
        again.done = night.ended.is_some();
        again.options = night.runner.as_ref().map(|runner| {
            let given = runner.options.clone();
            RunOptions {
                max_tickets: given
                    .max_tickets
                    .map(|most| most.saturating_sub(night.claimed)),
                ..given
            }
        });
        again
    }
}
