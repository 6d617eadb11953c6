//! One ticket in the state: where it stands, and what has been tried.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    event::{Session, Setback, Taken},
    objective::Progress,
    outcome::{Outcome, Reason},
    spending::Spending,
};
use crate::{
    backlog::ticket::TicketFacts,
    gate::verdict::Verdict,
    policy::decision::Decision,
    repo::id::{CommitId, TreeId},
};

/// A ticket's place in the night.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketState {
    /// What its file says.
    pub facts: TicketFacts,
    /// Where it stands.
    pub phase: Phase,
    /// Attempts in all, over nights: names folders and refs.
    pub attempts: u32,
    /// Attempts of this night that count against the cap, since it was last queued by a human.
    pub spent: u32,
    /// For an objective: what its iterations came to, over nights.
    pub progress: Progress,
    /// What this night's sessions have used up, since it was last queued by a human.
    pub used: Spending,
    /// How often in a row the runner has died with this ticket in flight.
    pub deaths: u32,
    /// This night's attempts, oldest first.
    pub tried: Vec<Attempt>,
    /// What humans have answered, oldest first.
    pub answers: Vec<Answer>,
    /// When it was settled; `None` while it is not.
    pub settled_at: Option<Timestamp>,
    /// The night that settled it; `None` while it is not.
    pub settled_in: Option<String>,
    /// Whether its landed work is in this night's base or on this night's branch.
    pub within: bool,
    /// Whether it was blocked and tried again already tonight.
    pub unblocked: bool,
    /// Whether its file is still in the backlog.
    pub present: bool,
}

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waits for its turn.
    Queued {
        /// What the contract says of it; `None` while it was not asked.
        judged: Option<Box<Decision>>,
    },
    /// Has the bench.
    Active(Box<Active>),
    /// Its night is over.
    Settled(Outcome),
}

/// A ticket that has the bench.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Active {
    /// Which attempt.
    pub attempt: u32,
    /// The snapshot.
    pub from: CommitId,
    /// Its tree.
    pub from_tree: TreeId,
    /// The harness.
    pub harness: String,
    /// The ticket file's hash when it was claimed.
    pub hash: String,
    /// When it was claimed.
    pub since: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// How far an attempt is; each stage holds what the ones before found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The bench stands at the snapshot.
    Claimed,
    /// The checks were run on the snapshot.
    Baselined {
        /// What they said.
        baseline: Vec<Verdict>,
    },
    /// The agent works, or was working when the runner died.
    Working {
        /// What the checks said before.
        baseline: Vec<Verdict>,
        /// Whether a new runner has found it so.
        orphaned: bool,
    },
    /// The agent has ended.
    Worked {
        /// What the checks said before.
        baseline: Vec<Verdict>,
        /// What is known of the session.
        session: Session,
    },
    /// Its work is kept under its ref.
    Kept {
        /// What the checks said before.
        baseline: Vec<Verdict>,
        /// What is known of the session; `None` when the runner died with it.
        session: Option<Session>,
        /// What was taken.
        taken: Box<Taken>,
    },
    /// The checks were run on the candidate.
    Gated {
        /// What they said before.
        baseline: Vec<Verdict>,
        /// What is known of the session.
        session: Session,
        /// What was taken.
        taken: Box<Taken>,
        /// What they say now.
        verdicts: Vec<Verdict>,
    },
    /// The night branch is moving.
    Landing {
        /// What the checks said before.
        baseline: Vec<Verdict>,
        /// What is known of the session.
        session: Session,
        /// What was taken.
        taken: Box<Taken>,
        /// What they say now.
        verdicts: Vec<Verdict>,
        /// The tip to stand on.
        parent: CommitId,
        /// Why to look at it.
        reasons: Vec<Reason>,
    },
}

impl Stage {
    /// Returns the word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Baselined { .. } => "baseline",
            Self::Working { .. } => "working",
            Self::Worked { .. } => "worked",
            Self::Kept { .. } => "gating",
            Self::Gated { .. } => "gated",
            Self::Landing { .. } => "landing",
        }
    }
}

/// One attempt that is over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// Which, counted over nights.
    pub number: u32,
    /// The snapshot.
    pub from: CommitId,
    /// The harness.
    pub harness: String,
    /// When it was claimed.
    pub since: Timestamp,
    /// When it was over.
    pub until: Timestamp,
    /// What is known of the session; `None` when no agent ran or the runner died with it.
    pub session: Option<Session>,
    /// What was taken; `None` when there was nothing to keep.
    pub taken: Option<Box<Taken>>,
    /// What the checks said before.
    pub baseline: Vec<Verdict>,
    /// What the checks said after.
    pub verdicts: Vec<Verdict>,
    /// Why it did not land; `None` when it landed, or settled the ticket otherwise.
    pub setback: Option<Setback>,
    /// The commit, when it landed.
    pub landed: Option<Landed>,
    /// Which iteration of an objective it was, over nights; `None` when it was none.
    pub iteration: Option<u32>,
}

/// A landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Landed {
    /// The commit on the night branch.
    pub commit: CommitId,
    /// Whether a restarted runner found it there.
    pub adopted: bool,
}

/// A human's answer to a parked question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question, as it was parked; `None` when the ticket was not parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The answer.
    pub answer: String,
    /// When it was given.
    pub at: Timestamp,
}

impl TicketState {
    /// Returns the outcome, once settled.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Settled(outcome) => Some(outcome),
            Phase::Queued { .. } | Phase::Active(_) => None,
        }
    }
}
