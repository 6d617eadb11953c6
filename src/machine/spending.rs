//! What was used up, and what that leaves: budgets, counted from the journal alone, so that they
//! hold across restarts.
//!
//! What an agent did not say is unknown and never counted as zero: a sum names how many sessions
//! it knows nothing of.

use serde::Serialize;

use super::{
    event::Session,
    outcome::{Outcome, Park, Raised},
    state::State,
};
use crate::{
    backlog::ticket::TicketId,
    config::budget::{Budget, TicketBreach, dollars},
    policy::decision::{Point, Scope},
    say::utterance::Question,
};

/// A sum over sessions, some of which may not have said anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// What is known of.
    pub known: u64,
    /// Sessions that did not say.
    pub unknown: u32,
}

impl Sum {
    fn add(&mut self, said: Option<u64>) {
        match said {
            Some(said) => self.known = self.known.saturating_add(said),
            None => self.unknown = self.unknown.saturating_add(1),
        }
    }
}

/// What sessions have used up together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spending {
    /// Turns.
    pub turns: Sum,
    /// Tokens read.
    pub input_tokens: Sum,
    /// Tokens written.
    pub output_tokens: Sum,
    /// Money, in millionths of a US dollar.
    pub cost_micros: Sum,
    /// Awake time, in milliseconds.
    pub work_ms: u64,
    /// Attempts begun.
    pub attempts: u64,
}

impl Spending {
    /// Adds what a session used up.
    pub fn add(&mut self, session: &Session) {
        let usage = session.usage.as_ref();
        self.turns.add(usage.and_then(|u| u.turns).map(u64::from));
        self.input_tokens.add(usage.and_then(|u| u.input_tokens));
        self.output_tokens.add(usage.and_then(|u| u.output_tokens));
        self.cost_micros
            .add(usage.and_then(|u| u.cost_usd).map(micros));
        self.work_ms = self.work_ms.saturating_add(session.took_ms);
    }

    /// Returns the first budget that is used up, with both numbers.
    pub fn breach(&self, budget: &Budget) -> Option<String> {
        let plain = |name: &str, used: u64, most: Option<u64>| {
            let most = most?;
            (used >= most).then(|| format!("{used} of {most} {name}"))
        };
        plain("turns", self.turns.known, budget.turns)
            .or_else(|| plain("input tokens", self.input_tokens.known, budget.input_tokens))
            .or_else(|| {
                let used = self.output_tokens.known;
                plain("output tokens", used, budget.output_tokens)
            })
            .or_else(|| {
                let most = budget.cost_micros?;
                let used = self.cost_micros.known;
                (used >= most).then(|| format!("{} of {}", dollars(used), dollars(most)))
            })
            .or_else(|| {
                let most = budget.work_ms?;
                let minutes = |ms: u64| ms.div_ceil(60_000);
                (self.work_ms >= most).then(|| {
                    format!(
                        "{} of {} minutes of work",
                        minutes(self.work_ms),
                        minutes(most)
                    )
                })
            })
            .or_else(|| plain("attempts", self.attempts, budget.attempts))
    }

    /// Returns what is left of a budget.
    fn left(&self, budget: &Budget) -> Budget {
        let minus = |most: Option<u64>, used: u64| most.map(|most| most.saturating_sub(used));
        Budget {
            turns: minus(budget.turns, self.turns.known),
            input_tokens: minus(budget.input_tokens, self.input_tokens.known),
            output_tokens: minus(budget.output_tokens, self.output_tokens.known),
            cost_micros: minus(budget.cost_micros, self.cost_micros.known),
            work_ms: minus(budget.work_ms, self.work_ms),
            attempts: minus(budget.attempts, self.attempts),
            processes: budget.processes,
            files: budget.files,
            lines: budget.lines,
        }
    }
}

impl State {
    /// Returns the most that the next session on a ticket may use: what is left of the ticket's
    /// budget and of the night's, whichever is less.
    pub fn allowance(&self, id: &TicketId) -> Budget {
        let (Some(night), Some(ticket)) = (&self.night, self.tickets.get(id)) else {
            return Budget::default();
        };
        let budgets = &night.terms.limits.budgets;
        let (ours, all) = (
            ticket.used.left(&budgets.ticket),
            night.used.left(&budgets.night),
        );
        Budget {
            turns: less(ours.turns, all.turns),
            input_tokens: less(ours.input_tokens, all.input_tokens),
            output_tokens: less(ours.output_tokens, all.output_tokens),
            cost_micros: less(ours.cost_micros, all.cost_micros),
            work_ms: less(ours.work_ms, all.work_ms),
            attempts: less(ours.attempts, all.attempts),
            processes: less(ours.processes, all.processes),
            files: less(ours.files, all.files),
            lines: less(ours.lines, all.lines),
        }
    }
}

fn less<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Returns how a ticket ends that used up its budget.
pub(super) fn over_budget(on: TicketBreach, what: &str) -> Outcome {
    match on {
        TicketBreach::Fail => Outcome::Failed {
            because: format!("its budget is used up: {what}"),
        },
        TicketBreach::Park => Outcome::Parked(Box::new(Park {
            raised: Raised::Rule(Point::Night),
            question: Question {
                question: format!("Its budget is used up: {what}. Is it worth more?"),
                options: vec![
                    "raise the budget under `[budget.ticket]` and requeue it".to_owned(),
                    "make the ticket smaller".to_owned(),
                ],
                recommend: None,
                because: None,
            },
            scope: Scope::Dependents,
            decision: None,
        })),
    }
}

/// Returns US dollars in millionths, rounded up; what is not a number costs nothing that is known.
fn micros(dollars: f64) -> u64 {
    let micros = (dollars * 1_000_000.0).ceil();
    if micros.is_finite() && micros > 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above; a cast from float saturates"
        )]
        return micros as u64;
    }
    0
}
