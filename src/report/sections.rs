//! The report's sections as data; texts are as they were said, not yet escaped.

use serde::Serialize;

use super::{numbers::Numbers, rank::Score};
use crate::{backlog::ticket::TicketId, policy::decision::Action};

/// A night's report.
#[derive(Debug, Clone, Serialize)]
pub struct Model {
    /// The format.
    pub version: u32,
    /// The night.
    pub night: String,
    /// One sentence.
    pub headline: String,
    /// Guarantees whose absence belongs on the first page: agents ran unconfined.
    pub warning: Option<String>,
    /// Why the night was halted, and what to do.
    pub halt: Option<HaltLine>,
    /// Decisions to make, ranked.
    pub decisions: Vec<Decision>,
    /// Landed, but look.
    pub look: Vec<Look>,
    /// Failed.
    pub failed: Vec<Failed>,
    /// Blocked.
    pub blocked: Vec<Blocked>,
    /// Held, by what they wait for.
    pub held: Vec<Held>,
    /// Landed.
    pub landed: Vec<LandedLine>,
    /// Not reached, by why.
    pub skipped: Vec<Skipped>,
    /// Assumptions that agents made.
    pub assumptions: Vec<Said>,
    /// Notes that agents left.
    pub notes: Vec<Said>,
    /// Every guarantee that was off.
    pub blind_spots: Vec<String>,
    /// Rules that fired.
    pub rules: Vec<RuleLine>,
    /// Files of the backlog that could not be used.
    pub refused: Vec<RefusedLine>,
    /// The night in numbers.
    pub numbers: Numbers,
    /// The branch.
    pub branch: Branch,
}

/// Why a night was halted.
#[derive(Debug, Clone, Serialize)]
pub struct HaltLine {
    /// Why.
    pub because: String,
    /// What to do.
    pub remedy: String,
}

/// Kept work.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Its ref.
    pub reference: String,
    /// The snapshot that it stands on.
    pub from: String,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
}

/// A decision to make.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// The question.
    pub question: String,
    /// Answers that the agent saw.
    pub options: Vec<String>,
    /// Which it would take.
    pub recommend: Option<String>,
    /// Why it is not the machine's to decide.
    pub because: Option<String>,
    /// The rule.
    pub rule: Option<String>,
    /// The rule's line in the contract.
    pub line: Option<usize>,
    /// The words that matched.
    pub matched: Vec<String>,
    /// What waits for it.
    pub holds: Vec<TicketId>,
    /// The work so far.
    pub kept: Option<Kept>,
    /// What the gate said of it, in one line.
    pub gate: Option<String>,
}

/// Landed work to look at.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// The landing.
    pub landed: LandedLine,
    /// Where it stands among the others.
    pub score: Score,
    /// Why.
    pub reasons: Vec<String>,
}

/// A failed ticket.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// Why.
    pub because: String,
    /// What was tried.
    pub attempts: Vec<Tried>,
    /// How the last red check failed.
    pub output: Option<String>,
    /// What waits for it.
    pub holds: Vec<TicketId>,
}

/// One attempt of a failed ticket.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// Which.
    pub number: u32,
    /// What the agent said of it.
    pub said: Option<String>,
    /// Why it did not land.
    pub setback: String,
    /// Its work.
    pub kept: Option<Kept>,
}

/// A blocked ticket.
#[derive(Debug, Clone, Serialize)]
pub struct Blocked {
    /// What is in the way.
    pub because: String,
    /// What to do.
    pub remedy: String,
    /// Whom it blocks (the first few).
    pub tickets: Vec<TicketId>,
    /// How many in all.
    pub count: usize,
}

/// Tickets that wait for the same.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// Why.
    pub because: String,
    /// Who (the first few).
    pub tickets: Vec<TicketId>,
    /// How many in all.
    pub count: usize,
}

/// A landed ticket.
#[derive(Debug, Clone, Serialize)]
pub struct LandedLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// The commit.
    pub commit: String,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// How long its gate took, in milliseconds; 0 when it was remembered.
    pub gate_ms: u64,
    /// Attempts of this night.
    pub attempts: usize,
}

/// Tickets that the night did not reach.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// Why.
    pub because: String,
    /// Who (the first few).
    pub tickets: Vec<TicketId>,
    /// How many in all.
    pub count: usize,
}

/// Something that an agent said.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// On which ticket.
    pub id: TicketId,
    /// What.
    pub text: String,
    /// Why.
    pub because: Option<String>,
}

/// A rule that fired.
#[derive(Debug, Clone, Serialize)]
pub struct RuleLine {
    /// The rule.
    pub rule: String,
    /// Its category.
    pub category: String,
    /// What it did.
    pub action: Action,
    /// How often.
    pub count: usize,
    /// For whom (the first few).
    pub tickets: Vec<TicketId>,
}

/// A file of the backlog that could not be used.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedLine {
    /// The file.
    pub file: String,
    /// Why.
    pub problems: Vec<String>,
}

/// The night branch.
#[derive(Debug, Clone, Serialize)]
pub struct Branch {
    /// Its short name.
    pub name: String,
    /// The user's branch; `None` when HEAD was detached.
    pub onto: Option<String>,
    /// Where it began.
    pub base: String,
    /// How many commits it has.
    pub commits: usize,
}
