//! What the facts about the night, the backlog and human requests do to the state.

use std::collections::BTreeMap;

use super::{
    event::{Carried, NightEnd, NightStarted, Request, RequestKind},
    evolve::{Evolved, illegal},
    objective::Progress,
    outcome::{Outcome, OutcomeKind},
    place::is_wide,
    queue::Standing,
    spending::Spending,
    state::{Night, PauseAsked, Runner, State, StopAsked},
    ticket::{Answer, Phase, Stage, TicketState},
};
use crate::{
    backlog::ticket::{Status, TicketFacts, TicketId},
    clock::Now,
    mutant::{Mutant, forgets},
};

impl State {
    pub(super) fn carry(&mut self, carried: &Carried) {
        let phase = match &carried.outcome {
            Some(outcome) => Phase::Settled(outcome.clone()),
            None => first_phase(carried.facts.status),
        };
        let state = TicketState {
            phase,
            attempts: carried.attempts,
            answers: carried.answers.clone(),
            settled_at: carried.settled_at,
            settled_in: carried.night.clone(),
            within: carried.in_base,
            progress: carried.progress.clone(),
            ..TicketState::new(carried.facts.clone())
        };
        self.queue.relate(None, Some(&carried.facts));
        self.tickets.insert(carried.facts.id.clone(), state);
    }

    pub(super) fn start_night(&mut self, now: &Now, terms: &NightStarted) -> Evolved {
        if self.night.is_some() {
            return Err(illegal("night_started", None, "a night has begun already"));
        }
        self.night = Some(Night {
            terms: terms.clone(),
            began: now.clone(),
            last: now.clone(),
            tip: terms.base.clone(),
            runner: None,
            ended: None,
            ended_at: None,
            halt: None,
            stop: None,
            runs: 0,
            deaths: 0,
            repairs: Vec::new(),
            requests: Vec::new(),
            fired: Vec::new(),
            landed: Vec::new(),
            claimed: 0,
            failed_in_a_row: 0,
            worked: 0,
            worked_badly: 0,
            pause: None,
            skips: BTreeMap::new(),
            waits: BTreeMap::new(),
            closed: BTreeMap::new(),
            used: Spending::default(),
        });
        Ok(())
    }

    /// A runner takes the night. What was asked of one that died still holds when a supervisor put
    /// this one in its place; a halt holds in any case, because nobody has seen it yet. A human who
    /// runs a night that had ended takes back all that was in force.
    pub(super) fn start_runner(&mut self, runner: Runner, restarted: bool) -> Evolved {
        let night = self.night_mut("runner_started")?;
        let died = night.runner.is_some() && night.ended.is_none();
        night.runner = Some(runner);
        night.runs += 1;
        night.deaths += u32::from(died);
        night.ended = None;
        night.ended_at = None;
        if !died {
            night.halt = None;
            night.pause = None;
            night.skips.clear();
            night.waits.clear();
        }
        if !(died && restarted) {
            night.stop = None;
        }
        night.closed.clear();
        night.claimed = 0;
        night.failed_in_a_row = 0;
        night.worked = 0;
        night.worked_badly = 0;
        if forgets(Mutant::WaitForgotten) {
            night.waits.clear();
        }
        if forgets(Mutant::BudgetForgotten) {
            night.used = Spending::default();
        }
        for (id, ticket) in &mut self.tickets {
            if forgets(Mutant::AttemptsForgotten) {
                ticket.spent = 0;
            }
            match &mut ticket.phase {
                Phase::Active(active) => {
                    ticket.deaths = if died { ticket.deaths + 1 } else { 0 };
                    if let Stage::Working { orphaned, .. } = &mut active.stage {
                        *orphaned = !forgets(Mutant::OrphanTrusted);
                    }
                    self.active = Some(id.clone());
                }
                // The contract or the backlog may have changed since: judged anew, held anew.
                Phase::Settled(outcome) => {
                    let again = matches!(
                        outcome.kind(),
                        OutcomeKind::Held | OutcomeKind::Blocked | OutcomeKind::Skipped
                    );
                    if !died && again {
                        ticket.requeue();
                        ticket.unblocked = false;
                    }
                    ticket.deaths = 0;
                }
                Phase::Queued { judged } => {
                    *judged = None;
                    ticket.deaths = 0;
                }
            }
        }
        self.wide_parks = self
            .tickets
            .iter()
            .filter(|(_, t)| is_wide(t))
            .map(|(id, _)| id.clone())
            .collect();
        let all: Vec<_> = self.tickets.keys().cloned().collect();
        for id in all {
            self.place(&id);
        }
        Ok(())
    }

    pub(super) fn see(&mut self, facts: &TicketFacts) {
        let id = &facts.id;
        let before = self.tickets.get(id).map(|ticket| ticket.facts.clone());
        self.queue.relate(before.as_ref(), Some(facts));
        let gone = self.gone.remove(id);
        let ticket = self
            .tickets
            .entry(id.clone())
            .or_insert_with(|| gone.unwrap_or_else(|| TicketState::new(facts.clone())));
        let edited = before.is_some_and(|before| before.hash != facts.hash);
        ticket.facts = facts.clone();
        ticket.present = true;
        match &mut ticket.phase {
            Phase::Queued { judged } => *judged = None,
            Phase::Settled(outcome) if edited && !outcome.kind().landed() => ticket.begin_anew(),
            Phase::Settled(_) | Phase::Active(_) => {}
        }
        if matches!(ticket.phase, Phase::Queued { .. }) {
            ticket.phase = first_phase(facts.status);
        }
        let was_wide = self.drop_wide(id);
        if self.tickets.get(id).is_some_and(is_wide) {
            self.wide_parks.push(id.clone());
        }
        self.freed(id, was_wide);
    }

    pub(super) fn lose(&mut self, id: &TicketId) {
        let Some(ticket) = self.tickets.get_mut(id) else {
            return;
        };
        ticket.present = false;
        if matches!(ticket.phase, Phase::Queued { .. }) {
            let facts = ticket.facts.clone();
            self.queue.relate(Some(&facts), None);
            self.gone.extend(self.tickets.remove_entry(id));
        }
        self.place_dependants(id);
    }

    pub(super) fn ask(&mut self, now: &Now, request: &Request) -> Evolved {
        let is_new = self.seen_requests.insert(request.id.clone());
        if !is_new && !forgets(Mutant::RequestCountedAgain) {
            return Err(illegal("asked", None, "this request was journaled already"));
        }
        match &request.kind {
            RequestKind::Stop { now: at_once } => {
                let night = self.night_mut("asked")?;
                // A stop at once is not taken back by a milder one.
                let at_once = *at_once || night.stop.as_ref().is_some_and(|stop| stop.now);
                night.stop = Some(StopAsked {
                    since: now.at,
                    now: at_once,
                    by: request.by.clone(),
                    reason: request.reason.clone(),
                });
            }
            RequestKind::Pause => {
                let night = self.night_mut("asked")?;
                night.pause.get_or_insert_with(|| PauseAsked {
                    since: now.at,
                    by: request.by.clone(),
                    reason: request.reason.clone(),
                });
            }
            RequestKind::Resume => {
                let night = self.night_mut("asked")?;
                night.pause = None;
                night.waits.clear();
            }
            RequestKind::Skip { ticket } => self.skip(now, ticket, request)?,
            RequestKind::Answer { ticket, answer } => {
                let question = self.park(ticket).map(|park| park.question.question.clone());
                // Its file may have gone since it was asked for.
                let known = self.tickets.get_mut(ticket);
                if let Some(state) = known.or_else(|| self.gone.get_mut(ticket)) {
                    state.answers.push(Answer {
                        question,
                        answer: answer.clone(),
                        at: now.at,
                    });
                }
                self.requeue(ticket);
            }
            RequestKind::Requeue { ticket } => self.requeue(ticket),
        }
        if let Some(night) = &mut self.night {
            night.requests.push(request.clone());
        }
        Ok(())
    }

    /// A queued ticket is settled now; one in flight when its attempt has been ended.
    fn skip(&mut self, now: &Now, id: &TicketId, request: &Request) -> Evolved {
        let because = skipped_by(request.by.as_deref(), request.reason.as_deref());
        let night = self.night_mut("asked")?;
        night.skips.insert(id.clone(), because.clone());
        let name = night.terms.night.clone();
        if let Some(ticket) = self.tickets.get_mut(id)
            && matches!(ticket.phase, Phase::Queued { .. })
        {
            ticket.phase = Phase::Settled(Outcome::Skipped { because });
            ticket.settled_at = Some(now.at);
            ticket.settled_in = Some(name);
            let facts = ticket.facts.clone();
            self.queue.set(&facts, Standing::Absent);
            self.place_dependants(id);
        }
        Ok(())
    }

    pub(super) fn requeue(&mut self, id: &TicketId) {
        if let Some(night) = &mut self.night {
            night.skips.remove(id);
        }
        if let Some(ticket) = self.tickets.get_mut(id)
            && matches!(ticket.phase, Phase::Settled(_))
        {
            ticket.begin_anew();
        }
        let was_wide = self.drop_wide(id);
        self.freed(id, was_wide);
    }

    pub(super) fn drop_wide(&mut self, id: &TicketId) -> bool {
        let before = self.wide_parks.len();
        self.wide_parks.retain(|parked| parked != id);
        self.wide_parks.len() < before
    }

    pub(super) fn end(&mut self, now: &Now, because: &NightEnd) -> Evolved {
        let why = because.to_string();
        let name = self.night.as_ref().map(|night| night.terms.night.clone());
        let night = self.night_mut("night_ended")?;
        if night.ended.is_some() {
            return Err(illegal("night_ended", None, "it has ended already"));
        }
        night.ended = Some(because.clone());
        night.ended_at = Some(now.clone());
        let mut skipped = Vec::new();
        for (id, ticket) in &mut self.tickets {
            if matches!(ticket.phase, Phase::Queued { .. }) {
                let because = if self.night.as_ref().is_some_and(|night| chosen(night, id)) {
                    why.clone()
                } else {
                    "it was not part of the run (`--only`)".to_owned()
                };
                ticket.phase = Phase::Settled(Outcome::Skipped { because });
                ticket.settled_at = Some(now.at);
                ticket.settled_in.clone_from(&name);
                skipped.push(ticket.facts.clone());
            }
        }
        for facts in &skipped {
            self.queue.set(facts, Standing::Absent);
        }
        Ok(())
    }
}

impl TicketState {
    pub(super) fn new(facts: TicketFacts) -> Self {
        Self {
            facts,
            phase: Phase::Queued { judged: None },
            attempts: 0,
            spent: 0,
            progress: Progress::default(),
            used: Spending::default(),
            deaths: 0,
            tried: Vec::new(),
            answers: Vec::new(),
            settled_at: None,
            settled_in: None,
            within: false,
            unblocked: false,
            present: true,
        }
    }

    /// A human queues it again: what counted against it counts no more.
    fn begin_anew(&mut self) {
        self.requeue();
        self.spent = 0;
        self.used = Spending::default();
        self.progress.begin_anew();
    }

    pub(super) fn requeue(&mut self) {
        self.settled_at = None;
        self.settled_in = None;
        self.deaths = 0;
        self.phase = first_phase(self.facts.status);
    }
}

/// Returns why a ticket was skipped that a human asked to skip.
fn skipped_by(by: Option<&str>, reason: Option<&str>) -> String {
    let who = by.unwrap_or("somebody");
    reason.map_or_else(
        || format!("{who} asked to skip it"),
        |reason| format!("{who} asked to skip it: {reason}"),
    )
}

fn chosen(night: &Night, id: &TicketId) -> bool {
    night
        .runner
        .as_ref()
        .is_none_or(|runner| runner.options.only.is_empty() || runner.options.only.contains(id))
}

/// Returns where a ticket stands that nothing has happened to: drafts and finished ones are no work.
fn first_phase(status: Status) -> Phase {
    let because = match status {
        Status::Ready => return Phase::Queued { judged: None },
        Status::Draft => "its file says `status: draft`",
        Status::Done => "its file says `status: done`",
    };
    Phase::Settled(Outcome::Skipped {
        because: because.to_owned(),
    })
}
