//! The whole report, and the function that makes it from a state.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    blind::{self, RefusedLine},
    branch::{self, Branch},
    decision::{self, DecisionLine},
    failed::{self, FailedLine},
    headline::headline,
    hosts,
    landed::{self, LandedLine, LookLine},
    names::Names,
    numbers::{self, Numbers},
    rules::{self, RuleLine},
    said::{self, SaidLine},
    unreached::{self, BlockedGroup, Held, SkippedGroup},
    view::{Evidence, View},
};
use crate::{
    backlog::ticket::TicketId,
    machine::{Host, NightEnd, Phase, State},
    report::objective::{ObjectiveLine, objectives},
};

/// A night's report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Model {
    /// The format: 1. Fields may be added under the same number, never renamed or removed.
    pub version: u32,
    /// The night; empty when none has begun.
    pub night: String,
    /// The night in one sentence.
    pub headline: String,
    /// That agents were not confined, as a sentence; `None` when they were.
    pub unconfined: Option<String>,
    /// How the night ended; `None` when it goes on or its runner died.
    pub ended: Option<NightEnd>,
    /// Why the night was halted; `None` when it was not.
    pub halt: Option<HaltLine>,
    /// Who stopped the night; `None` when nobody did.
    pub stop: Option<StopLine>,
    /// The ticket in flight; `None` when there is none.
    pub active: Option<ActiveLine>,
    /// Tickets that wait for their turn.
    pub queued: Names,
    /// Decisions to make, the most pressing first.
    pub decisions: Vec<DecisionLine>,
    /// Landed, but look; the most pressing first.
    pub look: Vec<LookLine>,
    /// Failed, the most pressing first.
    pub failed: Vec<FailedLine>,
    /// Failed in earlier nights and not tried again.
    pub failed_before: Names,
    /// Blocked, by what is in the way.
    pub blocked: Vec<BlockedGroup>,
    /// Held.
    pub held: Held,
    /// All that landed in this night, in the order of the branch.
    pub landed: Vec<LandedLine>,
    /// Objectives that this night has worked on, or is to.
    pub objectives: Vec<ObjectiveLine>,
    /// Skipped, by why.
    pub skipped: Vec<SkippedGroup>,
    /// What agents assumed.
    pub assumptions: Vec<SaidLine>,
    /// What agents noted.
    pub notes: Vec<SaidLine>,
    /// Every guarantee that was off, as sentences.
    pub blind_spots: Vec<String>,
    /// Files of the backlog that could not be used.
    pub refused: Vec<RefusedLine>,
    /// Rules that fired, the most frequent first.
    pub rules: Vec<RuleLine>,
    /// Hosts that agents asked the proxy for.
    pub hosts: Vec<Host>,
    /// The night in numbers; `None` when none has begun.
    pub numbers: Option<Numbers>,
    /// The branch; `None` when no night has begun.
    pub branch: Option<Branch>,
}

/// Why a night was halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HaltLine {
    /// Why, as a sentence without a full stop.
    pub because: String,
    /// What to do, as a sentence without a full stop.
    pub remedy: String,
    /// The rule or breaker; `None` for trouble of the runner's own.
    pub rule: Option<String>,
    /// The ticket in whose attempt it was; `None` when in none.
    pub ticket: Option<TicketId>,
}

/// Who stopped a night.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StopLine {
    /// At once, rather than at the next safe boundary.
    pub at_once: bool,
    /// Who; `None` when that is not known.
    pub by: Option<String>,
    /// Why; `None` when they did not say.
    pub reason: Option<String>,
}

/// The ticket in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Which attempt.
    pub attempt: u32,
    /// The harness.
    pub harness: String,
    /// How far it is.
    pub stage: &'static str,
    /// Since when.
    pub since: Timestamp,
}

/// Returns the report of a night.
///
/// Pure: same state and same evidence, same report. `evidence` is asked for the logs that are
/// quoted and no others.
pub fn model(state: &State, evidence: Evidence<'_>) -> Model {
    let mut model = Model::empty(headline(state));
    let Some(night) = state.night() else {
        return model;
    };
    let waiting = state.waiting();
    let view = View {
        state,
        night,
        waiting: &waiting,
        evidence,
    };
    model.night.clone_from(&night.terms.night);
    model.unconfined = blind::unconfined(view);
    model.ended.clone_from(&night.ended);
    model.halt = night.halt.as_ref().map(|halt| HaltLine {
        because: halt.because.clone(),
        remedy: halt.remedy.clone(),
        rule: halt.rule.clone(),
        ticket: halt.ticket.clone(),
    });
    model.stop = night.stop.as_ref().map(|stop| StopLine {
        at_once: stop.now,
        by: stop.by.clone(),
        reason: stop.reason.clone(),
    });
    model.active = active(state);
    model.queued = queued(state);
    model.decisions = decision::decisions(view);
    model.look = landed::look(view);
    model.failed = failed::failed(view);
    model.failed_before = failed::failed_before(view);
    model.blocked = unreached::blocked(view);
    model.held = unreached::held(view);
    model.landed = landed::landed(view);
    model.objectives = objectives(state);
    model.skipped = unreached::skipped(view);
    (model.assumptions, model.notes) = said::said(view);
    model.blind_spots = blind::blind_spots(view);
    model.refused = blind::refused(view);
    model.rules = rules::rules(view);
    model.hosts = hosts::hosts(view);
    model.numbers = Some(numbers::numbers(view));
    model.branch = Some(branch::branch(view));
    model
}

impl Model {
    fn empty(headline: String) -> Self {
        Self {
            version: 1,
            night: String::new(),
            headline,
            unconfined: None,
            ended: None,
            halt: None,
            stop: None,
            active: None,
            queued: Names::default(),
            decisions: Vec::new(),
            look: Vec::new(),
            failed: Vec::new(),
            failed_before: Names::default(),
            blocked: Vec::new(),
            held: Held::default(),
            landed: Vec::new(),
            objectives: Vec::new(),
            skipped: Vec::new(),
            assumptions: Vec::new(),
            notes: Vec::new(),
            blind_spots: Vec::new(),
            refused: Vec::new(),
            rules: Vec::new(),
            hosts: Vec::new(),
            numbers: None,
            branch: None,
        }
    }
}

fn active(state: &State) -> Option<ActiveLine> {
    let (ticket, active) = state.active()?;
    Some(ActiveLine {
        id: ticket.facts.id.clone(),
        title: ticket.facts.title.clone(),
        attempt: active.attempt,
        harness: active.harness.clone(),
        stage: active.stage.as_str(),
        since: active.since,
    })
}

fn queued(state: &State) -> Names {
    let tickets = state.tickets().iter();
    Names::of(
        tickets
            .filter(|(_, ticket)| matches!(ticket.phase, Phase::Queued { .. }))
            .map(|(id, _)| id),
    )
}
