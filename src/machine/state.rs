//! The state of a night: a fold of its events, and nothing else.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    event::{NightEnd, NightStarted, RefusedFile, Repair, Request, RunOptions},
    outcome::{Outcome, OutcomeKind, Park},
    queue::Queue,
    spending::Spending,
    ticket::{Active, Phase, TicketState},
};
use crate::{
    backlog::ticket::TicketId,
    clock::Now,
    harness::event::Weather,
    mutant::{Mutant, forgets},
    policy::decision::Decision,
    process::id::ProcessId,
    repo::id::CommitId,
};

/// The state of one night, with every ticket.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) night: Option<Night>,
    pub(super) tickets: BTreeMap<TicketId, TicketState>,
    /// Queued tickets whose files cannot be read or are gone: what they have been through counts
    /// again when they come back.
    pub(super) gone: BTreeMap<TicketId, TicketState>,
    pub(super) queue: Queue,
    pub(super) active: Option<TicketId>,
    pub(super) refused: Vec<RefusedFile>,
    pub(super) seen_requests: HashSet<String>,
    /// Parked tickets whose scope is wider than what depends on them.
    pub(super) wide_parks: Vec<TicketId>,
    /// Blocked tickets whose cause another landing may remove.
    pub(super) clearable: Vec<TicketId>,
}

/// The night as such.
#[derive(Debug, Clone, PartialEq)]
pub struct Night {
    /// Its terms.
    pub terms: NightStarted,
    /// When it began.
    pub began: Now,
    /// The last moment that the journal knows of.
    pub last: Now,
    /// The night branch's tip.
    pub tip: CommitId,
    /// The runner, from its start on.
    pub runner: Option<Runner>,
    /// How the last run ended; `None` while one goes on, or when it died.
    pub ended: Option<NightEnd>,
    /// When the last run ended; `None` while `ended` is. Requests of the morning come later.
    pub ended_at: Option<Now>,
    /// Why nothing may start any more; `None` when it may.
    pub halt: Option<Halt>,
    /// Who asked for a stop; `None` when nobody did.
    pub stop: Option<StopAsked>,
    /// How many runners there have been, and how many of them died.
    pub runs: u32,
    /// How many of them died.
    pub deaths: u32,
    /// What was put right.
    pub repairs: Vec<Repair>,
    /// What humans asked for.
    pub requests: Vec<Request>,
    /// Decisions in which a rule fired, oldest first, with the ticket.
    pub fired: Vec<(TicketId, Decision)>,
    /// Tickets landed tonight, oldest first.
    pub landed: Vec<TicketId>,
    /// Tickets claimed by this run.
    pub claimed: u32,
    /// Tickets failed in a row by this run.
    pub failed_in_a_row: u32,
    /// Tickets settled by this run that an agent worked on, and how many of them badly.
    pub worked: u32,
    /// See `worked`.
    pub worked_badly: u32,
    /// Who asked for a pause; `None` when none is in force.
    pub pause: Option<PauseAsked>,
    /// Tickets that a human wants to be left for tonight, with who and why.
    pub skips: BTreeMap<TicketId, String>,
    /// Accounts that rest, with what for.
    pub waits: BTreeMap<String, Waits>,
    /// Harnesses that cannot work in this run.
    pub closed: BTreeMap<String, Closed>,
    /// What all sessions of the night have used up.
    pub used: Spending,
}

/// A pause that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseAsked {
    /// Since when.
    pub since: Timestamp,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// An account that rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// What for.
    pub weather: Weather,
    /// Since when.
    pub since: Now,
    /// Until when.
    pub until: Timestamp,
    /// How often in a row.
    pub tries: u32,
}

/// A harness that cannot work in this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// Why, as a sentence without a full stop.
    pub because: String,
    /// What to do, as a sentence without a full stop.
    pub remedy: String,
    /// Since when.
    pub since: Timestamp,
}

/// A runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    /// Its process.
    pub process: ProcessId,
    /// What it was asked for.
    pub options: RunOptions,
}

/// Why nothing may start any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// Why, as a sentence without a full stop.
    pub because: String,
    /// What to do, as a sentence without a full stop.
    pub remedy: String,
    /// The rule or breaker.
    pub rule: Option<String>,
    /// The ticket in whose attempt it was.
    pub ticket: Option<TicketId>,
}

/// A stop that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StopAsked {
    /// Since when.
    pub since: Timestamp,
    /// At once rather than at the next boundary.
    pub now: bool,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl State {
    /// Returns the night; `None` before [`super::Event::NightStarted`].
    pub fn night(&self) -> Option<&Night> {
        self.night.as_ref()
    }

    /// Returns all tickets by id.
    pub fn tickets(&self) -> &BTreeMap<TicketId, TicketState> {
        &self.tickets
    }

    /// Returns the queued tickets whose files cannot be read or are gone, by id.
    pub fn gone(&self) -> &BTreeMap<TicketId, TicketState> {
        &self.gone
    }

    /// Returns one ticket.
    pub fn ticket(&self, id: &TicketId) -> Option<&TicketState> {
        self.tickets.get(id)
    }

    /// Returns the ticket that has the bench, with its attempt.
    pub fn active(&self) -> Option<(&TicketState, &Active)> {
        let ticket = self.tickets.get(self.active.as_ref()?)?;
        match &ticket.phase {
            Phase::Active(active) => Some((ticket, active)),
            Phase::Queued { .. } | Phase::Settled(_) => None,
        }
    }

    /// Returns the files of the backlog that cannot be used.
    pub fn refused(&self) -> &[RefusedFile] {
        &self.refused
    }

    /// Returns whether a request was journaled already.
    pub fn knows_request(&self, id: &str) -> bool {
        self.seen_requests.contains(id) && !forgets(Mutant::RequestCountedAgain)
    }

    /// Returns how many tickets have each outcome.
    pub fn counts(&self) -> BTreeMap<OutcomeKind, usize> {
        let mut counts = BTreeMap::new();
        for outcome in self.tickets.values().filter_map(TicketState::outcome) {
            *counts.entry(outcome.kind()).or_insert(0) += 1;
        }
        counts
    }

    /// Returns the park of a ticket, while it is parked.
    pub fn park(&self, id: &TicketId) -> Option<&Park> {
        match self.tickets.get(id)?.outcome()? {
            Outcome::Parked(park) => Some(park),
            Outcome::Done { .. }
            | Outcome::LowConfidence { .. }
            | Outcome::Held { .. }
            | Outcome::Blocked(_)
            | Outcome::Failed { .. }
            | Outcome::Skipped { .. } => None,
        }
    }
}
