//! What does not hold, and what shows it.

use std::fmt;

use serde::Serialize;

/// What must hold of every night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Invariant {
    /// Every ticket of a night has exactly one outcome.
    OneOutcome,
    /// Every commit on the night branch is named by exactly one landing, and the other way round.
    Branch,
    /// The user's branch, index, checkout and stash are what the user made them.
    Users,
    /// Every attempt's work is reachable from its ref.
    WorkKept,
    /// No process of an attempt outlives it.
    NoProcess,
    /// Nothing landed without a passed gate on that very tree.
    Gated,
    /// No question was waited on.
    NoQuestion,
    /// The journal's chain holds, and folding it gives the state that is shown.
    Journal,
    /// Budgets and attempt caps hold across restarts.
    Budgets,
    /// Nothing starts that may not: after an end, in a pause, out of order, or twice.
    Order,
}

impl Invariant {
    /// All of them, in the order in which they are numbered from 1.
    pub const ALL: [Self; 10] = [
        Self::OneOutcome,
        Self::Branch,
        Self::Users,
        Self::WorkKept,
        Self::NoProcess,
        Self::Gated,
        Self::NoQuestion,
        Self::Journal,
        Self::Budgets,
        Self::Order,
    ];

    /// Returns what it says.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneOutcome => "every ticket of a night has exactly one outcome",
            Self::Branch => {
                "each commit on the night branch is one landing, and each landing one commit"
            }
            Self::Users => "the user's branch, index, checkout and stash are as the user made them",
            Self::WorkKept => "every attempt's work is reachable from its ref",
            Self::NoProcess => "no process of an attempt outlives it",
            Self::Gated => "nothing landed without a passed gate on that very tree",
            Self::NoQuestion => "no question was waited on",
            Self::Journal => "the journal's chain holds, and its fold is the state that is shown",
            Self::Budgets => "budgets and attempt caps hold across restarts",
            Self::Order => "nothing starts that may not, or twice",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which invariant.
    pub invariant: Invariant,
    /// What shows it, as a sentence without a full stop.
    pub evidence: String,
}

impl Violation {
    /// Returns a violation with this evidence.
    pub fn new(invariant: Invariant, evidence: impl Into<String>) -> Self {
        Self {
            invariant,
            evidence: evidence.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (it must hold that {})",
            self.evidence, self.invariant
        )
    }
}
