//! How much a human's attention is worth at a place.
//!
//! ```text
//! total    = severity + waiting + blast + age
//! severity = 0 to 100, by the outcome and the category of what was decided (see `severity`)
//! waiting  = 4 for each ticket that waits on it, directly or not, up to 60
//! blast    = log2(1 + changed lines + 10 × changed files), rounded down, up to 15
//! age      = 1 for every 12 hours since it was settled, by the journal's times, up to 20
//! ```
//!
//! A larger total stands first, equal ones stand by ticket id: a total order. No part of it falls
//! when what it measures grows.

use std::cmp::Ordering;

use serde::Serialize;

use crate::{
    backlog::ticket::TicketId,
    machine::{Outcome, Park, Raised, Reason},
    policy::decision::{Action, Decision, Point},
};

/// A score with its parts; the file's header has the formula.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The sum of the others.
    pub total: u32,
    /// By what kind of decision it is.
    pub severity: u32,
    /// By what waits on it.
    pub waiting: u32,
    /// By the work at stake.
    pub blast: u32,
    /// By how long ago it was settled.
    pub age: u32,
}

/// What a score is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// How grave it is, 0 to 100.
    pub(super) severity: u32,
    /// How many tickets wait on it, directly or not.
    pub(super) waiting: usize,
    /// Changed files.
    pub(super) files: u32,
    /// Changed lines.
    pub(super) lines: u32,
    /// Full hours since it was settled.
    pub(super) hours: u64,
}

impl Score {
    /// Returns the score of these parts.
    pub(super) fn of(parts: Parts) -> Self {
        let capped = |number: u64, most: u32| u32::try_from(number).map_or(most, |n| n.min(most));
        let severity = parts.severity.min(100);
        let waiting = 4 * capped(u64::try_from(parts.waiting).unwrap_or(u64::MAX), 15);
        let at_stake = 1 + u64::from(parts.lines) + 10 * u64::from(parts.files);
        let blast = at_stake.ilog2().min(15);
        let age = capped(parts.hours / 12, 20);
        Self {
            total: severity + waiting + blast + age,
            severity,
            waiting,
            blast,
            age,
        }
    }
}

/// Orders two places: the larger score first, then by id.
pub(super) fn order(a: (&Score, &TicketId), b: (&Score, &TicketId)) -> Ordering {
    b.0.total.cmp(&a.0.total).then_with(|| a.1.cmp(b.1))
}

/// Returns how grave an outcome is, before anything else is looked at.
pub(super) fn severity(outcome: &Outcome) -> u32 {
    match outcome {
        Outcome::Parked(park) => of_park(park),
        Outcome::Failed { .. } => 35,
        Outcome::Blocked(_) => 30,
        Outcome::LowConfidence { reasons, .. } => reasons.iter().map(of_reason).max().unwrap_or(20),
        Outcome::Held { .. } => 10,
        Outcome::Skipped { .. } => 5,
        Outcome::Done { .. } => 0,
    }
}

fn of_park(park: &Park) -> u32 {
    match (&park.decision, park.raised) {
        (None, Raised::Rule(Point::Night)) => 100,
        (None, Raised::Agent | Raised::Rule(_)) => 50,
        (None, Raised::Snapshot) => 40,
        (Some(decision), _) => of_decision(decision),
    }
}

fn of_decision(decision: &Decision) -> u32 {
    if decision.action == Action::Halt {
        return 100;
    }
    match decision.category.as_str() {
        "data_loss" => 90,
        "outward" => 85,
        "security" => 80,
        "money" => 75,
        "legal" => 70,
        // Work that touched what judges it.
        "gate" => 65,
        "schema" => 60,
        "public_api" => 58,
        _ => 55,
    }
}

fn of_reason(reason: &Reason) -> u32 {
    match reason {
        Reason::TestsChanged { .. } => 28,
        Reason::VacuousAcceptance => 26,
        Reason::GateInBench | Reason::FlakyGate => 24,
        Reason::FlakyBaseline => 22,
        Reason::LargeDiff { .. } => 20,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{policy::decision::Scope, say::utterance::Question};

    fn parts() -> impl Strategy<Value = Parts> {
        (
            0_u32..120,
            0_usize..40,
            0_u32..9000,
            any::<u32>(),
            0_u64..400,
        )
            .prop_map(|(severity, waiting, files, lines, hours)| Parts {
                severity,
                waiting,
                files,
                lines,
                hours,
            })
    }

    proptest! {
        #[test]
        fn more_of_one_part_never_ranks_lower(low in parts(), more in parts()) {
            let grown = [
                Parts { severity: low.severity.saturating_add(more.severity), ..low },
                Parts { waiting: low.waiting.saturating_add(more.waiting), ..low },
                Parts { files: low.files.saturating_add(more.files), ..low },
                Parts { lines: low.lines.saturating_add(more.lines), ..low },
                Parts { hours: low.hours.saturating_add(more.hours), ..low },
            ];
            for high in grown {
                prop_assert!(Score::of(high).total >= Score::of(low).total, "{high:?} {low:?}");
            }
        }

        #[test]
        fn the_total_is_the_sum_of_what_is_shown(parts in parts()) {
            let score = Score::of(parts);
            prop_assert_eq!(
                score.total,
                score.severity + score.waiting + score.blast + score.age
            );
        }

        #[test]
        fn the_order_is_total(all in proptest::collection::vec(parts(), 3)) {
            let places: Vec<(Score, TicketId)> = all
                .iter()
                .enumerate()
                .map(|(at, parts)| (Score::of(*parts), format!("T-{at}").parse().unwrap()))
                .collect();
            for a in &places {
                for b in &places {
                    let (there, back) = (order((&a.0, &a.1), (&b.0, &b.1)), order((&b.0, &b.1), (&a.0, &a.1)));
                    prop_assert_eq!(there, back.reverse());
                    prop_assert_eq!(there == Ordering::Equal, a.1 == b.1);
                    for c in &places {
                        let onward = order((&b.0, &b.1), (&c.0, &c.1));
                        if there != Ordering::Greater && onward != Ordering::Greater {
                            prop_assert_ne!(order((&a.0, &a.1), (&c.0, &c.1)), Ordering::Greater);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn lost_data_stands_before_any_other_park_and_parks_before_failures() {
        let by = |category: &str| {
            let mut decision = Decision::unmatched(Point::Diff);
            decision.action = Action::Park;
            category.clone_into(&mut decision.category);
            severity(&Outcome::Parked(Box::new(Park {
                raised: Raised::Rule(Point::Diff),
                question: Question {
                    question: String::new(),
                    options: Vec::new(),
                    recommend: None,
                    because: None,
                },
                scope: Scope::Ticket,
                decision: Some(decision),
            })))
        };
        let ranked = [
            "data_loss",
            "outward",
            "security",
            "money",
            "legal",
            "gate",
            "schema",
            "public_api",
            "of_my_own",
        ]
        .map(by);
        assert!(ranked.is_sorted_by(|a, b| a > b), "{ranked:?}");
        let failed = severity(&Outcome::Failed {
            because: String::new(),
        });
        assert!(ranked.iter().all(|park| *park > failed));
    }
}
