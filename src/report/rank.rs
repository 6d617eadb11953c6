//! How much a human's attention is worth at a place.
//!
//! ```text
//! score = severity + 3·min(waits, 20) + blast + min(age, 10)
//! ```
//!
//! * severity: by what kind of decision it is, 0 to 60 (see [`severity`]);
//! * waits: tickets that wait on it, directly or not;
//! * blast: how much work is at stake: min(10, log2(1 + changed lines + 10·files));
//! * age: full days since it was settled, by the journal's own clock.
//!
//! Ties go by id, so the order is total.

use serde::Serialize;

use crate::{
    machine::{Outcome, Park, Raised},
    policy::decision::{Action, Point},
};

/// A score with its parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The sum.
    pub total: u32,
    /// By what kind of decision it is.
    pub severity: u32,
    /// By what waits on it.
    pub waits: u32,
    /// By the work at stake.
    pub blast: u32,
    /// By age.
    pub age: u32,
}

/// Returns the score of a place.
pub(super) fn score(severity: u32, waiting: usize, files: u32, lines: u32, days: u64) -> Score {
    let waits = 3 * u32::try_from(waiting.min(20)).unwrap_or(20);
    let at_stake = 1 + u64::from(lines) + 10 * u64::from(files);
    let blast = at_stake.ilog2().min(10);
    let age = u32::try_from(days.min(10)).unwrap_or(10);
    Score {
        total: severity + waits + blast + age,
        severity,
        waits,
        blast,
        age,
    }
}

/// Returns how grave an outcome is, before anything else is looked at.
pub(super) fn severity(outcome: &Outcome) -> u32 {
    match outcome {
        Outcome::Parked(park) => park_severity(park),
        Outcome::Blocked(_) => 20,
        Outcome::Failed { .. } => 15,
        Outcome::LowConfidence { .. } => 10,
        Outcome::Held { .. } => 5,
        Outcome::Done { .. } | Outcome::Skipped { .. } => 0,
    }
}

fn park_severity(park: &Park) -> u32 {
    if park.raised == Raised::Rule(Point::Night) {
        return 60;
    }
    let Some(decision) = &park.decision else {
        return 30;
    };
    let by_category = match decision.category.as_str() {
        "data_loss" => 50,
        "outward" => 48,
        "security" => 46,
        "gate" => 44,
        "money" => 42,
        "legal" => 40,
        "schema" => 36,
        "public_api" => 34,
        _ => 30,
    };
    if decision.action == Action::Halt {
        60
    } else {
        by_category
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::score;

    proptest! {
        #[test]
        fn more_of_anything_is_never_worth_less(
            a in (0_u32..60, 0_usize..40, 0_u32..100, 0_u32..5000, 0_u64..30),
            more in (0_u32..9, 0_usize..9, 0_u32..9, 0_u32..900, 0_u64..9),
        ) {
            let low = score(a.0, a.1, a.2, a.3, a.4);
            let high = score(a.0 + more.0, a.1 + more.1, a.2 + more.2, a.3 + more.3, a.4 + more.4);
            prop_assert!(high.total >= low.total);
        }
    }
}
