//! The journal's facts, read one by one, each asked whether it may follow.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::{
    flight::Flight,
    trail::{Standing, Trail, first, holders, is_alone},
    violation::{Invariant, Violation},
};
use crate::{
    backlog::ticket::{TicketFacts, TicketId},
    clock::Now,
    machine::{Carried, Event, NightStarted, OutcomeKind, Request, RequestKind, Spending},
    repo::id::{CommitId, TreeId},
};

/// A landing, as the journal has it.
#[derive(Debug, Clone)]
pub(super) struct Landing {
    pub(super) ticket: TicketId,
    pub(super) commit: CommitId,
    pub(super) tree: TreeId,
    pub(super) parent: CommitId,
}

/// Kept work, as the journal has it.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) ticket: TicketId,
    pub(super) reference: String,
    pub(super) commit: CommitId,
}

/// An account that rests.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    pub(super) since: Now,
    pub(super) until: Timestamp,
}

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) terms: Option<NightStarted>,
    pub(super) trails: BTreeMap<TicketId, Trail>,
    /// Queued tickets whose files are gone.
    pub(super) gone: BTreeMap<TicketId, Trail>,
    pub(super) flight: Option<Flight>,
    pub(super) landed: Vec<Landing>,
    pub(super) kept: Vec<Kept>,
    pub(super) tip: Option<CommitId>,
    pub(super) used: Spending,
    pub(super) found: Vec<Violation>,
    /// Whether a run goes on, or died.
    pub(super) running: bool,
    pub(super) requests: HashSet<String>,
    pub(super) paused: bool,
    pub(super) stopping: bool,
    pub(super) halted: bool,
    pub(super) closed: BTreeSet<String>,
    pub(super) rests: BTreeMap<String, Rest>,
    pub(super) only: Vec<TicketId>,
    /// Whether a human queued something after the run's end: it waits for the next one.
    pub(super) morning: bool,
    /// When the last fact happened.
    last: Option<Now>,
    /// Whether the wall clock was changed since: what was decided by it cannot be told.
    pub(super) jumped: bool,
}

impl Walk {
    pub(super) fn bad(&mut self, invariant: Invariant, evidence: String) {
        self.found.push(Violation::new(invariant, evidence));
    }

    /// Reads one fact.
    pub(super) fn read(&mut self, now: &Now, event: &Event) {
        self.jumped = self.last.as_ref().is_some_and(|last| {
            let by_wall = now.at.duration_since(last.at).as_millis();
            let by_boot = i128::try_from(now.since(last).as_millis()).unwrap_or(i128::MAX);
            (by_wall - by_boot).abs() > 1_000
        });
        self.last = Some(now.clone());
        match event {
            Event::Checkpoint(checkpoint) => checkpoint.tickets.iter().for_each(|t| self.carry(t)),
            Event::NightStarted(terms) => {
                self.tip = Some(terms.base.clone());
                self.terms = Some((**terms).clone());
            }
            Event::RunnerStarted {
                options, restarted, ..
            } => self.start(&options.only, *restarted),
            Event::Recovered(_) | Event::BacklogRead { .. } => {}
            Event::TicketSeen(facts) => self.see(facts),
            Event::TicketGone { ticket } => {
                if let Some(mut trail) = self.trails.remove(ticket) {
                    trail.present = false;
                    let queued = trail.standing == Standing::Queued;
                    let to = if queued {
                        &mut self.gone
                    } else {
                        &mut self.trails
                    };
                    to.insert(ticket.clone(), trail);
                }
            }
            Event::Judged { ticket, .. } => {
                self.must_stand(ticket, Standing::Queued, "judged");
            }
            Event::Claimed {
                ticket,
                attempt,
                from,
                harness,
                ..
            } => self.claim(now, ticket, *attempt, from, harness),
            Event::BaselineTaken { ticket, verdicts } => {
                if let Some(flight) = self.flying(ticket, "a baseline") {
                    flight.baseline = Some(verdicts.clone());
                }
            }
            Event::Started { ticket } => self.begin_work(ticket),
            Event::Ended { ticket, session } => self.end_work(ticket, session),
            Event::WorkKept { ticket, taken } => self.keep(ticket, taken),
            Event::Gated { ticket, verdicts } => self.gate(ticket, verdicts),
            Event::Landing {
                ticket,
                tree,
                parent,
                ..
            } => self.begin_landing(ticket, tree, parent),
            Event::Landed { ticket, commit, .. } => self.land(ticket, commit),
            Event::Returned { ticket, setback } => self.give_back(now, ticket, setback),
            Event::Settled { ticket, outcome } => self.settle(ticket, outcome),
            Event::HarnessClosed { harness, .. } => {
                self.closed.insert(harness.clone());
            }
            Event::Asked(request) => self.ask(request),
            Event::Halted { .. } => self.halted = true,
            Event::NightEnded { .. } => self.end(),
        }
    }

    fn carry(&mut self, carried: &Carried) {
        let mut trail = Trail::new(carried.facts.clone());
        trail.attempts = carried.attempts;
        trail.idle = carried.progress.idle;
        trail.counted = carried.progress.counted;
        if let Some(outcome) = &carried.outcome {
            trail.standing = Standing::Settled(outcome.kind());
            trail.parked_alone = is_alone(outcome);
            trail.held_by = holders(outcome);
        }
        trail.within = carried.in_base;
        self.trails.insert(carried.facts.id.clone(), trail);
    }

    fn start(&mut self, only: &[TicketId], restarted: bool) {
        let died = self.running;
        self.running = true;
        self.morning = false;
        self.only = only.to_vec();
        if !died {
            self.halted = false;
            self.paused = false;
            self.rests.clear();
            for trail in self.trails.values_mut() {
                let again = matches!(
                    trail.standing,
                    Standing::Settled(
                        OutcomeKind::Held | OutcomeKind::Blocked | OutcomeKind::Skipped
                    )
                );
                if again {
                    trail.standing = first(trail.facts.status);
                    trail.unblocked = false;
                }
            }
        }
        if !(died && restarted) {
            self.stopping = false;
        }
        self.closed.clear();
        if let Some(flight) = &mut self.flight
            && flight.started
            && !flight.ended
        {
            flight.orphaned = true;
        }
    }

    fn see(&mut self, facts: &TicketFacts) {
        if let Some(trail) = self.gone.remove(&facts.id) {
            self.trails.insert(facts.id.clone(), trail);
        }
        let Some(trail) = self.trails.get_mut(&facts.id) else {
            let trail = Trail::new(facts.clone());
            self.trails.insert(facts.id.clone(), trail);
            self.free(&facts.id);
            return;
        };
        let edited = trail.facts.hash != facts.hash;
        trail.facts = facts.clone();
        trail.present = true;
        match trail.standing {
            Standing::Settled(kind) if edited && !kind.landed() => trail.requeue(),
            Standing::Queued => trail.standing = first(facts.status),
            Standing::Settled(_) | Standing::Flying => {}
        }
        self.free(&facts.id);
    }

    /// What was held by a ticket is queued again, and what was held by that.
    pub(super) fn free(&mut self, id: &TicketId) {
        let mut open = vec![id.clone()];
        while let Some(next) = open.pop() {
            for (id, trail) in &mut self.trails {
                let is_held = trail.standing == Standing::Settled(OutcomeKind::Held);
                if is_held && trail.held_by.contains(&next) {
                    trail.standing = first(trail.facts.status);
                    open.push(id.clone());
                }
            }
        }
    }

    pub(super) fn must_stand(&mut self, id: &TicketId, standing: Standing, what: &str) {
        let found = self.trails.get(id).map(|trail| trail.standing);
        if found != Some(standing) {
            let evidence = format!("`{id}` was {what}, but it is {found:?}");
            self.bad(Invariant::OneOutcome, evidence);
        }
    }

    /// Returns the attempt in flight, which must be this ticket's.
    pub(super) fn flying(&mut self, id: &TicketId, what: &str) -> Option<&mut Flight> {
        if self
            .flight
            .as_ref()
            .is_none_or(|flight| flight.ticket != *id)
        {
            let evidence = format!("{what} of `{id}`, which has no attempt in flight");
            self.bad(Invariant::Order, evidence);
            return None;
        }
        self.flight.as_mut()
    }

    fn ask(&mut self, request: &Request) {
        if !self.requests.insert(request.id.clone()) {
            let evidence = format!("the request {} counted twice", request.id);
            self.bad(Invariant::Order, evidence);
        }
        match &request.kind {
            RequestKind::Stop { .. } => self.stopping = true,
            RequestKind::Pause => self.paused = true,
            RequestKind::Resume => {
                self.paused = false;
                self.rests.clear();
            }
            RequestKind::Skip { ticket } => {
                if let Some(trail) = self.trails.get_mut(ticket)
                    && trail.standing == Standing::Queued
                {
                    trail.standing = Standing::Settled(OutcomeKind::Skipped);
                }
            }
            RequestKind::Answer { ticket, .. } | RequestKind::Requeue { ticket } => {
                self.morning |= !self.running;
                if let Some(trail) = self.trails.get_mut(ticket) {
                    trail.requeue();
                }
                self.free(ticket);
            }
        }
    }

    fn end(&mut self) {
        if !self.running {
            self.bad(Invariant::OneOutcome, "the run ended twice".to_owned());
        }
        self.running = false;
        for trail in self.trails.values_mut() {
            if trail.standing == Standing::Queued {
                trail.standing = Standing::Settled(OutcomeKind::Skipped);
            }
        }
        let unkept = self
            .flight
            .as_ref()
            .filter(|f| f.started && f.taken.is_none());
        if let Some(flight) = unkept.filter(|_| !self.halted) {
            let id = flight.ticket.clone();
            let evidence = format!("the run ended while the agent on `{id}` was at work");
            self.bad(Invariant::WorkKept, evidence);
        }
    }
}
