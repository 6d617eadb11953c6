//! `mode` and `iterations`: whether a ticket is an objective, and how long it may take.

use std::ops::Range;

use super::{Keys, One};
use crate::{
    backlog::ticket::Status,
    diagnostic::{Diagnostic, Source, nearest},
};

/// How many iterations an objective has that names no number.
pub(in crate::backlog) const ITERATIONS: u32 = 20;
/// The most that may be named.
pub(in crate::backlog) const MOST_ITERATIONS: u32 = 1000;

/// How a ticket is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backlog) enum Mode {
    /// Until its work has landed.
    Once,
    /// In iterations, until its acceptance check is green.
    Loop,
}

impl One<'_> {
    pub(super) fn mode(&mut self) -> Option<(Mode, Range<usize>)> {
        let text = self.scalar("loop")?;
        let mode = match &*text.to_ascii_lowercase() {
            "" | "once" => Mode::Once,
            "loop" => Mode::Loop,
            other => {
                let message = format!("`{text}` is not a mode");
                let help = match nearest(other, ["once", "loop"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `once`, or `loop` for an objective that is worked in iterations"
                        .to_owned(),
                };
                self.error("bad-value", self.place(), message, help);
                return None;
            }
        };
        Some((mode, self.place()))
    }

    pub(super) fn iterations(&mut self) -> Option<(u32, Range<usize>)> {
        let text = self.scalar("20")?;
        let number = text.parse().ok();
        let number = number.filter(|number| (1..=MOST_ITERATIONS).contains(number));
        if number.is_none() {
            let message = format!("`iterations` must be between 1 and {MOST_ITERATIONS}");
            let help = "choose a number in this range";
            self.error("bad-value", self.place(), message, help);
        }
        Some((number?, self.field.key.clone()))
    }
}

impl Keys {
    /// Returns how many iterations the ticket may take, when it is an objective; notes one that
    /// could never be done.
    pub(in crate::backlog) fn objective(
        &self,
        source: &Source,
        has_check: bool,
        found: &mut Vec<Diagnostic>,
    ) -> Option<u32> {
        let iterations = self.iterations.clone();
        let Some((Mode::Loop, place)) = self.mode.clone() else {
            if let Some((_, place)) = iterations {
                found.push(Diagnostic::warning(
                    "no-loop",
                    "`iterations` means nothing without `mode: loop`",
                    source,
                    place,
                    "add `mode: loop`, or take the line out",
                ));
            }
            return None;
        };
        if !has_check && self.status == Status::Ready {
            found.push(Diagnostic::error(
                "no-end",
                "`mode: loop` needs an acceptance check: how would it ever be done?",
                source,
                place,
                "add `accept:` with a command that is red now and green when the objective is \
                 reached",
            ));
        }
        Some(iterations.map_or(ITERATIONS, |(number, _)| number))
    }
}
