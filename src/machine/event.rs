//! What happened: the journal's vocabulary, in the past tense.
//!
//! An event is a fact, never a wish. Effects are bracketed: [`Event::Started`] before the agent
//! runs and [`Event::Ended`] after, [`Event::Landing`] before the branch moves and
//! [`Event::Landed`] after; recovery looks only at which of the two is there, and asks git. Agent
//! output never goes in: files and hashes do, and the bounded, redacted words of `say`.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, Reason};
use crate::{
    backlog::ticket::{TicketFacts, TicketId},
    config::budget::Budgets,
    gate::verdict::Verdict,
    harness::event::{Ending, Usage, Weather},
    mutant::{Mutant, forgets},
    policy::decision::{Action, Decision},
    process::id::ProcessId,
    repo::id::{CommitId, TreeId, Unfit, Work},
    say::utterance::Utterance,
};

/// One journaled fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// First of every segment: all tickets as the nights before left them.
    Checkpoint(Checkpoint),
    /// Second of every segment: the night and its terms.
    NightStarted(Box<NightStarted>),
    /// A runner has taken the night: the first one, or one that resumes it. When the runner before
    /// it did not end the night, it has died.
    RunnerStarted {
        /// The runner's process.
        process: ProcessId,
        /// What this run was asked for.
        options: RunOptions,
        /// Whether a supervisor started it in place of one that died: what was asked of that one
        /// still holds.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restarted: bool,
    },
    /// Something that an interruption left was put right.
    Recovered(Repair),
    /// A ticket's file is new or has changed.
    TicketSeen(TicketFacts),
    /// A ticket's file is gone.
    TicketGone {
        /// Which.
        ticket: TicketId,
    },
    /// These files of the backlog cannot be used now; replaces the list before.
    BacklogRead {
        /// Which, and why.
        refused: Vec<RefusedFile>,
    },
    /// The contract was asked before any work on a ticket.
    Judged {
        /// Which.
        ticket: TicketId,
        /// What it decided.
        decision: Decision,
    },
    /// A ticket has the bench, which stands at `from`.
    Claimed {
        /// Which.
        ticket: TicketId,
        /// Which attempt of the ticket, from 1, counted over nights.
        attempt: u32,
        /// The snapshot: the night branch's tip.
        from: CommitId,
        /// Its tree.
        from_tree: TreeId,
        /// The harness that will work.
        harness: String,
    },
    /// Gate and acceptance check were run on the snapshot's tree.
    BaselineTaken {
        /// Which ticket.
        ticket: TicketId,
        /// The verdicts; without one of the gate, the ticket has none.
        verdicts: Vec<Verdict>,
    },
    /// The agent is about to be started.
    Started {
        /// Which ticket.
        ticket: TicketId,
    },
    /// The agent has ended, with its whole process tree.
    Ended {
        /// Which ticket.
        ticket: TicketId,
        /// What is known of the session.
        session: Session,
    },
    /// The bench's files are kept under the attempt's ref.
    WorkKept {
        /// Which ticket.
        ticket: TicketId,
        /// What was taken.
        taken: Box<Taken>,
    },
    /// Gate and acceptance check were run on the candidate's tree.
    Gated {
        /// Which ticket.
        ticket: TicketId,
        /// The verdicts; the acceptance check is only run after a green gate.
        verdicts: Vec<Verdict>,
    },
    /// The night branch is about to move.
    Landing {
        /// Which ticket.
        ticket: TicketId,
        /// The tree that passed.
        tree: TreeId,
        /// The tip that the commit will stand on.
        parent: CommitId,
        /// Why to look at it; empty for an outcome of `done`.
        reasons: Vec<Reason>,
    },
    /// The night branch has moved: the ticket is settled.
    Landed {
        /// Which ticket.
        ticket: TicketId,
        /// The new tip.
        commit: CommitId,
        /// Whether a restarted runner found it there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        adopted: bool,
    },
    /// An attempt is over without landing; its work, if any, is kept, and the ticket is queued.
    Returned {
        /// Which ticket.
        ticket: TicketId,
        /// Why.
        setback: Setback,
    },
    /// A ticket's night is over without landing.
    Settled {
        /// Which.
        ticket: TicketId,
        /// How.
        outcome: Outcome,
    },
    /// A harness cannot work in this run.
    HarnessClosed {
        /// Its name.
        harness: String,
        /// Why, as a sentence without a full stop.
        because: String,
        /// What to do, as a sentence without a full stop.
        remedy: String,
    },
    /// A human asked for something, from another terminal or in the morning.
    Asked(Request),
    /// Going on could do harm: nothing starts any more.
    Halted {
        /// Why, as a sentence without a full stop.
        because: String,
        /// What to do, as a sentence without a full stop.
        remedy: String,
        /// The rule or breaker that halted it; `None` for trouble of the runner's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// The ticket in whose attempt it was, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<TicketId>,
    },
    /// The run is over; what is queued is skipped. A later run may resume the night.
    NightEnded {
        /// Why.
        because: NightEnd,
    },
}

/// All tickets as the nights before left them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The tickets, in no particular order.
    pub tickets: Vec<Carried>,
}

/// A ticket as the nights before left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// The ticket.
    pub facts: TicketFacts,
    /// How it was settled; `None` when it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
    /// The night that settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub night: Option<String>,
    /// How many attempts it has had in all.
    #[serde(default)]
    pub attempts: u32,
    /// What humans have answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<super::ticket::Answer>,
    /// For a landed one: whether the base of the new night holds its work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_base: bool,
    /// For an objective: what its iterations came to.
    #[serde(default, skip_serializing_if = "super::Progress::is_none")]
    pub progress: super::Progress,
}

/// The night and its terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NightStarted {
    /// Its id, such as `2026-11-20`.
    pub night: String,
    /// The user's HEAD when it began.
    pub base: CommitId,
    /// Its tree.
    pub base_tree: TreeId,
    /// The full ref of the night branch.
    pub branch: String,
    /// The user's branch, for the advice on merging; `None` when HEAD was detached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onto: Option<String>,
    /// What bounds it.
    pub limits: Limits,
    /// The harnesses for tickets that name none, in order of preference.
    #[serde(default)]
    pub harnesses: Vec<String>,
    /// The accounts of harnesses that share one, or that are not called like it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, String>,
    /// BLAKE3 of `nightshift.toml`, hexadecimal.
    pub config: String,
    /// BLAKE3 of the contract, hexadecimal.
    pub policy: String,
    /// Every guarantee that is off, as sentences.
    pub blind_spots: Vec<String>,
    /// The version of nightshift.
    pub version: String,
}

/// What bounds a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// How long it may last, suspend included, in milliseconds.
    pub length_ms: u64,
    /// Attempts per ticket that names no number.
    pub attempts: u32,
    /// This many failed tickets in a row halt it.
    pub consecutive_failures: u32,
    /// From this many tickets worked on, the yield is looked at.
    pub yield_after: u32,
    /// This share of them bad halts it, 0 to 1.
    pub yield_bad: f64,
    /// Lines of a diff from which a landing is low-confidence.
    pub large_diff: u32,
    /// Whether gates run in the bench.
    #[serde(default)]
    pub gate_in_bench: bool,
    /// What agents may use up.
    #[serde(default)]
    pub budgets: Budgets,
}

/// What one run was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Only these tickets; empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<TicketId>,
    /// At most this many tickets are claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tickets: Option<u32>,
    /// Nothing is claimed from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What an interruption left and a new runner put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// The journal's last record was torn; it was set aside.
    TornRecord {
        /// Byte offset in its segment.
        offset: u64,
        /// How many bytes.
        bytes: u64,
        /// Where they are kept, relative to the journal's folder.
        kept_at: String,
    },
    /// Processes of a dead runner's attempts were ended.
    ProcessesEnded {
        /// How many.
        count: u32,
    },
    /// Locks of a dead runner on its own refs were removed.
    StaleLocks {
        /// Which.
        paths: Vec<String>,
    },
    /// The machine slept; timeouts count awake time, the night's length does not.
    Slept {
        /// For how long, in milliseconds.
        ms: u64,
    },
    /// The watchdog started the runner again.
    Restarted {
        /// What had become of the one before, as a clause such as `signal 9 ended it`.
        because: String,
        /// From its end, or its last progress, to the start of this one, in milliseconds.
        after_ms: u64,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TornRecord {
                offset,
                bytes,
                kept_at,
            } => write!(
                f,
                "the journal's last record was torn ({bytes} bytes at offset {offset}, kept in {kept_at})"
            ),
            Self::ProcessesEnded { count } => {
                write!(f, "processes left by a dead runner were ended: {count}")
            }
            Self::StaleLocks { paths } => {
                write!(
                    f,
                    "stale locks of a dead runner were removed: {}",
                    paths.join(", ")
                )
            }
            Self::Slept { ms } => write!(f, "the machine slept for {} min", ms.div_ceil(60_000)),
            Self::Restarted { because, after_ms } => write!(
                f,
                "the watchdog started the runner again after {}.{} s: {because}",
                after_ms / 1000,
                after_ms % 1000 / 100
            ),
        }
    }
}

/// A file of the backlog that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    /// Relative to the backlog folder.
    pub file: String,
    /// Each problem in one line: `file:line:column: message`.
    pub problems: Vec<String>,
}

/// What is known of a session after its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// How it ended.
    pub ending: Ending,
    /// Awake time it took, in milliseconds.
    pub took_ms: u64,
    /// How long after its begin the agent told its first event, in milliseconds; `None` where it
    /// tells none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sign_ms: Option<u64>,
    /// What the agent said, redacted and bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Utterance>,
    /// What the contract decided on its question or halt; `None` when it raised none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// What the contract decided on its tool calls, each distinct decision once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolTally>,
    /// What it asked for over the network; empty where nobody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Host>,
    /// What it cost; `None` where the agent does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Bytes that it printed.
    #[serde(default)]
    pub output_bytes: u64,
    /// Processes of its tree that were still alive after it and were ended.
    #[serde(default)]
    pub survivors: u32,
    /// The most processes that its tree was seen to have at once; `None` when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
}

/// How often the contract decided the same on calls of the same tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolTally {
    /// The tool, as its agent calls it; redacted, bounded.
    pub tool: String,
    /// What was decided.
    pub action: Action,
    /// The rule that said so; `None` when none matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How often.
    pub count: u32,
    /// The first such call, unless it was allowed; redacted, bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// What a session's processes asked for of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The host as it was asked for, with its port; it may be something that is no host at all.
    pub host: String,
    /// Connections that were made.
    pub connections: u64,
    /// Requests that were refused.
    #[serde(default)]
    pub refused: u64,
    /// Bytes to it.
    #[serde(default)]
    pub sent: u64,
    /// Bytes from it.
    #[serde(default)]
    pub received: u64,
}

/// The bench's files, taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The attempt's ref.
    pub reference: String,
    /// Its commit and size.
    pub work: Work,
    /// The tree to gate and to land: the work's, with protected files as they were.
    pub candidate: TreeId,
    /// A commit of that tree, for the gate room.
    pub candidate_commit: CommitId,
    /// What the contract decided on the diff.
    pub decision: Decision,
    /// Existing tests that were changed or deleted (the first few).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests_changed: Vec<String>,
    /// What may not land by itself (the first few).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<Unfit>,
}

/// Why an attempt is over without landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setback {
    /// The agent's session failed.
    Agent {
        /// How, one line.
        because: String,
    },
    /// The agent ended well and changed nothing.
    NoChange,
    /// A check was red.
    Red {
        /// What it said, one line.
        because: String,
        /// The failure's signature.
        signature: Option<String>,
    },
    /// The runner died while the agent worked.
    RunnerDied,
    /// A human stopped the night.
    Stopped,
    /// The night's budget was used up while the agent worked.
    NightBudget {
        /// Which, with both numbers.
        what: String,
    },
    /// The provider did not let the agent work.
    Weather {
        /// The harness that it befell.
        harness: String,
        /// What was said.
        weather: Weather,
        /// Until when all harnesses of its account rest; `None` when it will not pass by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
}

impl Setback {
    /// Returns whether it spends one of the ticket's attempts.
    pub fn counts(&self) -> bool {
        match self {
            Self::Agent { .. } | Self::NoChange | Self::Red { .. } => true,
            Self::Weather { .. } => forgets(Mutant::WeatherCounted),
            Self::RunnerDied | Self::Stopped | Self::NightBudget { .. } => false,
        }
    }

    /// Returns what names the failure, for telling whether two are the same.
    pub fn signature(&self) -> Option<&str> {
        match self {
            Self::Red { signature, .. } => signature.as_deref(),
            Self::NoChange => Some("no-change"),
            Self::Agent { .. }
            | Self::RunnerDied
            | Self::Stopped
            | Self::NightBudget { .. }
            | Self::Weather { .. } => None,
        }
    }
}

impl fmt::Display for Setback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent { because } | Self::Red { because, .. } => f.write_str(because),
            Self::NoChange => f.write_str("the agent ended without changing a file"),
            Self::RunnerDied => f.write_str("the runner died while the agent worked"),
            Self::Stopped => f.write_str("the night was stopped while the agent worked"),
            Self::NightBudget { what } => {
                write!(
                    f,
                    "the night's budget was used up while the agent worked: {what}"
                )
            }
            Self::Weather {
                harness, weather, ..
            } => write!(
                f,
                "{} of `{harness}`: {}",
                weather.kind.as_str(),
                weather.said
            ),
        }
    }
}

/// Something that a human asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Unique, so that a request read twice after a crash counts once.
    pub id: String,
    /// What.
    pub kind: RequestKind,
    /// Who asked: a user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, in the human's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a human may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// End the run at the next safe boundary, or at once.
    Stop {
        /// At once: the agent is killed, its work kept.
        now: bool,
    },
    /// Start nothing more until it is resumed; what runs goes on to its end.
    Pause,
    /// Go on after a pause, and wait for no provider any longer.
    Resume,
    /// Leave a ticket for tonight; an attempt on it is ended, its work kept.
    Skip {
        /// Which.
        ticket: TicketId,
    },
    /// The answer to a parked question: the ticket is queued again with it.
    Answer {
        /// Which ticket.
        ticket: TicketId,
        /// The answer.
        answer: String,
    },
    /// Try a settled ticket again.
    Requeue {
        /// Which.
        ticket: TicketId,
    },
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop { now: false } => f.write_str("stop at the next safe boundary"),
            Self::Stop { now: true } => f.write_str("stop at once"),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Skip { ticket } => write!(f, "{ticket} is to be skipped tonight"),
            Self::Answer { ticket, .. } => write!(f, "{ticket} was answered"),
            Self::Requeue { ticket } => write!(f, "{ticket} is to be tried again"),
        }
    }
}

/// Why a run is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NightEnd {
    /// Nothing is left that may start.
    Drained,
    /// The night's length is used up.
    LengthUsed,
    /// The hour that the run was given has come.
    Until,
    /// The number of tickets that the run was given is reached.
    MaxTickets,
    /// A human stopped it.
    Stopped,
    /// It was halted.
    Halted,
    /// The night's budget is used up.
    Budget {
        /// Which, with both numbers.
        what: String,
    },
    /// No provider will let an agent work before the night's length is used up.
    Weather {
        /// What was waited for, as a sentence without a full stop.
        because: String,
    },
}

impl fmt::Display for NightEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Budget { what } => return write!(f, "the night's budget was used up: {what}"),
            Self::Weather { because } => {
                return write!(f, "no agent could work before the night's end: {because}");
            }
            Self::Drained => "the backlog was drained",
            Self::LengthUsed => "the night's length was used up",
            Self::Until => "the hour set by `--until` came",
            Self::MaxTickets => "the number set by `--max-tickets` was reached",
            Self::Stopped => "it was stopped",
            Self::Halted => "it was halted",
        };
        f.write_str(text)
    }
}
