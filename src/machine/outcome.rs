//! How a ticket ends a night: exactly one outcome, with what a human needs to know of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    backlog::ticket::TicketId,
    policy::decision::{Decision, Point, Scope},
    repo::id::CommitId,
    say::utterance::Question,
};

/// The end of a ticket's night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Gate green, landed.
    Done {
        /// The commit on the night branch.
        commit: CommitId,
    },
    /// Landed, with named reasons to look.
    LowConfidence {
        /// The commit on the night branch.
        commit: CommitId,
        /// Why to look; never empty.
        reasons: Vec<Reason>,
    },
    /// A decision for a human.
    Parked(Box<Park>),
    /// Waits for other tickets.
    Held {
        /// Which.
        by: Vec<TicketId>,
        /// Why, as a sentence without a full stop.
        because: String,
    },
    /// The environment is in the way.
    Blocked(Block),
    /// Attempts used up (or the same failure twice), all reverted and kept.
    Failed {
        /// Why, as a sentence without a full stop.
        because: String,
    },
    /// The night ended first.
    Skipped {
        /// Why, as a sentence without a full stop.
        because: String,
    },
}

/// An outcome's name alone, for counting and for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// See [`Outcome::Done`].
    Done,
    /// See [`Outcome::LowConfidence`].
    LowConfidence,
    /// See [`Outcome::Parked`].
    Parked,
    /// See [`Outcome::Held`].
    Held,
    /// See [`Outcome::Blocked`].
    Blocked,
    /// See [`Outcome::Failed`].
    Failed,
    /// See [`Outcome::Skipped`].
    Skipped,
}

impl Outcome {
    /// Returns why it ended so; `None` where the outcome says it all, or a question does.
    pub fn because(&self) -> Option<&str> {
        match self {
            Self::Held { because, .. }
            | Self::Failed { because }
            | Self::Skipped { because }
            | Self::Blocked(Block { because, .. }) => Some(because),
            Self::Done { .. } | Self::LowConfidence { .. } | Self::Parked(_) => None,
        }
    }

    /// Returns the name alone.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Done { .. } => OutcomeKind::Done,
            Self::LowConfidence { .. } => OutcomeKind::LowConfidence,
            Self::Parked(_) => OutcomeKind::Parked,
            Self::Held { .. } => OutcomeKind::Held,
            Self::Blocked(_) => OutcomeKind::Blocked,
            Self::Failed { .. } => OutcomeKind::Failed,
            Self::Skipped { .. } => OutcomeKind::Skipped,
        }
    }
}

impl OutcomeKind {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::LowConfidence,
        Self::Parked,
        Self::Held,
        Self::Blocked,
        Self::Failed,
        Self::Skipped,
    ];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::LowConfidence => "low-confidence",
            Self::Parked => "parked",
            Self::Held => "held",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Returns whether work of the ticket is on the night branch.
    pub fn landed(self) -> bool {
        matches!(self, Self::Done | Self::LowConfidence)
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A named reason to look at landed work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The gate was red and then green on the same tree.
    FlakyGate,
    /// The gate was flaky before the work already.
    FlakyBaseline,
    /// The acceptance check was green before any work: it proves nothing.
    VacuousAcceptance,
    /// Existing tests were changed or deleted.
    TestsChanged {
        /// Which (the first few).
        files: Vec<String>,
    },
    /// More lines than a person reads at a glance.
    LargeDiff {
        /// Lines added and removed.
        lines: u32,
    },
    /// The gate ran in the bench, after the agent.
    GateInBench,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FlakyGate => f.write_str("flaky gate: red, then green, on the same tree"),
            Self::FlakyBaseline => f.write_str("the gate was flaky before the work already"),
            Self::VacuousAcceptance => {
                f.write_str("vacuous acceptance: the check was green before any work")
            }
            Self::TestsChanged { files } => {
                write!(f, "existing tests changed: {}", files.join(", "))
            }
            Self::LargeDiff { lines } => write!(f, "large diff: {lines} lines"),
            Self::GateInBench => f.write_str("the gate ran in the agent's own bench"),
        }
    }
}

/// What a human has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Park {
    /// Who raised it.
    pub raised: Raised,
    /// The question, with options and a recommendation where there are any.
    pub question: Question,
    /// What waits with it.
    pub scope: Scope,
    /// The contract's decision, when a rule took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// Who raised a park.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raised {
    /// The agent asked.
    Agent,
    /// A rule of the contract, at this point.
    Rule(Point),
    /// The snapshot: the work holds something that cannot be landed as files.
    Snapshot,
}

/// What of the environment is in the way, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What is in the way, as a sentence without a full stop.
    pub because: String,
    /// What to do about it, as a sentence without a full stop.
    pub remedy: String,
    /// Whether another landing tonight may have removed the cause, so that it is tried once more.
    pub may_clear: bool,
}
