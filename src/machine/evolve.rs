//! The only way in which the state changes: [`State::evolve`], one fact at a time.

use super::{
    event::{Carried, Event, NightEnd, NightStarted, Request, RequestKind, Setback},
    outcome::{Outcome, OutcomeKind},
    queue::Standing,
    state::{Halt, Night, Runner, State, StopAsked},
    ticket::{Active, Answer, Attempt, Landed, Phase, Stage, TicketState},
};
use crate::{
    backlog::ticket::{Status, TicketFacts, TicketId},
    clock::Now,
    policy::decision::Scope,
};

/// A fact that cannot follow from the state it is told to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` cannot follow{}: {state}", ticket.as_ref().map(|id| format!(" for ticket `{id}`")).unwrap_or_default())]
pub struct IllegalEvent {
    /// The event's name.
    pub event: &'static str,
    /// The ticket that it is about, if any.
    pub ticket: Option<TicketId>,
    /// What the state is instead.
    pub state: String,
}

type Evolved = Result<(), IllegalEvent>;

impl State {
    /// Folds one fact that happened at `now`.
    ///
    /// # Errors
    /// The fact cannot follow from this state; the state is then not to be used any further.
    pub fn evolve(&mut self, now: &Now, event: &Event) -> Evolved {
        if let Some(night) = &mut self.night {
            night.last = now.clone();
        }
        match event {
            Event::Checkpoint(checkpoint) => {
                if self.night.is_some() {
                    return Err(illegal("checkpoint", None, "a night has begun already"));
                }
                for carried in &checkpoint.tickets {
                    self.carry(carried);
                }
                Ok(())
            }
            Event::NightStarted(terms) => self.start_night(now, terms),
            Event::RunnerStarted { process, options } => {
                let runner = Runner {
                    process: process.clone(),
                    options: options.clone(),
                };
                self.start_runner(runner)
            }
            Event::Recovered(repair) => {
                self.night_mut("recovered")?.repairs.push(repair.clone());
                Ok(())
            }
            Event::TicketSeen(facts) => {
                self.see(facts);
                Ok(())
            }
            Event::TicketGone { ticket } => {
                self.lose(ticket);
                Ok(())
            }
            Event::BacklogRead { refused } => {
                self.refused.clone_from(refused);
                Ok(())
            }
            Event::Judged { ticket, decision } => {
                let state = self.ticket_mut("judged", ticket)?;
                let Phase::Queued { judged } = &mut state.phase else {
                    return Err(not_in(state, "judged", "queued"));
                };
                *judged = Some(Box::new(decision.clone()));
                self.fire(ticket, decision);
                Ok(())
            }
            Event::Claimed {
                ticket,
                attempt,
                from,
                from_tree,
                harness,
            } => {
                if let Some(busy) = &self.active {
                    let state = format!("`{busy}` has the bench");
                    return Err(illegal("claimed", Some(ticket), state));
                }
                let state = self.ticket_mut("claimed", ticket)?;
                if !matches!(state.phase, Phase::Queued { .. }) {
                    return Err(not_in(state, "claimed", "queued"));
                }
                let first = state.tried.is_empty();
                state.attempts = *attempt;
                state.phase = Phase::Active(Box::new(Active {
                    attempt: *attempt,
                    from: from.clone(),
                    from_tree: from_tree.clone(),
                    harness: harness.clone(),
                    hash: state.facts.hash.clone(),
                    since: now.at,
                    stage: Stage::Claimed,
                }));
                let facts = state.facts.clone();
                self.queue.set(&facts, Standing::Absent);
                self.active = Some(ticket.clone());
                let night = self.night_mut("claimed")?;
                night.claimed += u32::from(first);
                Ok(())
            }
            Event::BaselineTaken { ticket, verdicts } => {
                self.advance("baseline_taken", ticket, |stage| match stage {
                    Stage::Claimed => Ok(Stage::Baselined {
                        baseline: verdicts.clone(),
                    }),
                    other => Err(other),
                })
            }
            Event::Started { ticket } => self.advance("started", ticket, |stage| match stage {
                Stage::Baselined { baseline } => Ok(Stage::Working {
                    baseline,
                    orphaned: false,
                }),
                other => Err(other),
            }),
            Event::Ended { ticket, session } => {
                if let Some(decision) = &session.decision {
                    self.fire(ticket, decision);
                }
                self.advance("ended", ticket, |stage| match stage {
                    Stage::Working { baseline, .. } => Ok(Stage::Worked {
                        baseline,
                        session: session.clone(),
                    }),
                    other => Err(other),
                })
            }
            Event::WorkKept { ticket, taken } => {
                self.fire(ticket, &taken.decision);
                self.advance("work_kept", ticket, |stage| match stage {
                    Stage::Worked { baseline, session } => Ok(Stage::Kept {
                        baseline,
                        session: Some(session),
                        taken: taken.clone(),
                    }),
                    Stage::Working {
                        baseline,
                        orphaned: true,
                    } => Ok(Stage::Kept {
                        baseline,
                        session: None,
                        taken: taken.clone(),
                    }),
                    other => Err(other),
                })
            }
            Event::Gated { ticket, verdicts } => {
                self.advance("gated", ticket, |stage| match stage {
                    Stage::Kept {
                        baseline,
                        session: Some(session),
                        taken,
                    } => Ok(Stage::Gated {
                        baseline,
                        session,
                        taken,
                        verdicts: verdicts.clone(),
                    }),
                    other => Err(other),
                })
            }
            Event::Landing {
                ticket,
                tree,
                parent,
                reasons,
            } => self.advance("landing", ticket, |stage| match stage {
                Stage::Gated {
                    baseline,
                    session,
                    taken,
                    verdicts,
                } if taken.candidate == *tree => Ok(Stage::Landing {
                    baseline,
                    session,
                    taken,
                    verdicts,
                    parent: parent.clone(),
                    reasons: reasons.clone(),
                }),
                other => Err(other),
            }),
            Event::Landed {
                ticket,
                commit,
                adopted,
            } => {
                let landed = Landed {
                    commit: commit.clone(),
                    adopted: *adopted,
                };
                self.land(now, ticket, landed)
            }
            Event::Returned { ticket, setback } => self.give_back(now, ticket, setback),
            Event::Settled { ticket, outcome } => self.settle(now, ticket, outcome),
            Event::Asked(request) => self.ask(now, request),
            Event::Halted {
                because,
                remedy,
                rule,
                ticket,
            } => {
                self.night_mut("halted")?.halt = Some(Halt {
                    because: because.clone(),
                    remedy: remedy.clone(),
                    rule: rule.clone(),
                    ticket: ticket.clone(),
                });
                Ok(())
            }
            Event::NightEnded { because } => self.end(now, because),
        }
    }

    fn night_mut(&mut self, event: &'static str) -> Result<&mut Night, IllegalEvent> {
        self.night
            .as_mut()
            .ok_or_else(|| illegal(event, None, "no night has begun"))
    }

    fn ticket_mut(
        &mut self,
        event: &'static str,
        id: &TicketId,
    ) -> Result<&mut TicketState, IllegalEvent> {
        self.tickets
            .get_mut(id)
            .ok_or_else(|| illegal(event, Some(id), "no such ticket was ever seen"))
    }

    /// Moves the ticket that has the bench one stage on.
    fn advance(
        &mut self,
        event: &'static str,
        id: &TicketId,
        step: impl FnOnce(Stage) -> Result<Stage, Stage>,
    ) -> Evolved {
        let state = self.ticket_mut(event, id)?;
        let Phase::Active(active) = &mut state.phase else {
            return Err(not_in(state, event, "in flight"));
        };
        match step(std::mem::replace(&mut active.stage, Stage::Claimed)) {
            Ok(stage) => {
                active.stage = stage;
                Ok(())
            }
            Err(stage) => Err(illegal(
                event,
                Some(id),
                format!("it is {}", stage.as_str()),
            )),
        }
    }

    fn carry(&mut self, carried: &Carried) {
        let phase = match &carried.outcome {
            Some(outcome) => Phase::Settled(outcome.clone()),
            None => Phase::Queued { judged: None },
        };
        let state = TicketState {
            phase,
            attempts: carried.attempts,
            answers: carried.answers.clone(),
            settled_at: carried.settled_at,
            settled_in: carried.night.clone(),
            within: carried.in_base,
            ..TicketState::new(carried.facts.clone())
        };
        self.queue.relate(None, Some(&carried.facts));
        self.tickets.insert(carried.facts.id.clone(), state);
    }

    fn start_night(&mut self, now: &Now, terms: &NightStarted) -> Evolved {
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
        });
        Ok(())
    }

    fn start_runner(&mut self, runner: Runner) -> Evolved {
        let night = self.night_mut("runner_started")?;
        let died = night.runner.is_some() && night.ended.is_none();
        night.runner = Some(runner);
        night.runs += 1;
        night.deaths += u32::from(died);
        night.ended = None;
        night.ended_at = None;
        night.halt = None;
        night.stop = None;
        night.claimed = 0;
        night.failed_in_a_row = 0;
        night.worked = 0;
        night.worked_badly = 0;
        for (id, ticket) in &mut self.tickets {
            match &mut ticket.phase {
                Phase::Active(active) => {
                    ticket.deaths = if died { ticket.deaths + 1 } else { 0 };
                    if let Stage::Working { orphaned, .. } = &mut active.stage {
                        *orphaned = true;
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

    fn see(&mut self, facts: &TicketFacts) {
        let id = &facts.id;
        let before = self.tickets.get(id).map(|ticket| ticket.facts.clone());
        self.queue.relate(before.as_ref(), Some(facts));
        let ticket = self
            .tickets
            .entry(id.clone())
            .or_insert_with(|| TicketState::new(facts.clone()));
        let edited = before.is_some_and(|before| before.hash != facts.hash);
        ticket.facts = facts.clone();
        ticket.present = true;
        match &mut ticket.phase {
            Phase::Queued { judged } => *judged = None,
            Phase::Settled(outcome) if edited && !outcome.kind().landed() => ticket.requeue(),
            Phase::Settled(_) | Phase::Active(_) => {}
        }
        if facts.status != Status::Ready && matches!(ticket.phase, Phase::Queued { .. }) {
            ticket.phase = Phase::Settled(Outcome::Skipped {
                because: standing_of(facts.status),
            });
        }
        let was_wide = self.drop_wide(id);
        if self.tickets.get(id).is_some_and(is_wide) {
            self.wide_parks.push(id.clone());
        }
        self.freed(id, was_wide);
    }

    fn lose(&mut self, id: &TicketId) {
        let Some(ticket) = self.tickets.get_mut(id) else {
            return;
        };
        ticket.present = false;
        if matches!(ticket.phase, Phase::Queued { .. }) {
            let facts = ticket.facts.clone();
            self.queue.relate(Some(&facts), None);
            self.tickets.remove(id);
        }
        self.place_dependants(id);
    }

    fn fire(&mut self, id: &TicketId, decision: &crate::policy::decision::Decision) {
        if decision.rule.is_some()
            && let Some(night) = &mut self.night
        {
            night.fired.push((id.clone(), decision.clone()));
        }
    }

    fn land(&mut self, now: &Now, id: &TicketId, landed: Landed) -> Evolved {
        let attempt = self.finish_attempt("landed", now, id, None, Some(landed.clone()))?;
        let Stage::Landing { reasons, .. } = attempt else {
            let state = format!("it is {}", attempt.as_str());
            return Err(illegal("landed", Some(id), state));
        };
        let night = self.night_mut("landed")?;
        night.tip = landed.commit.clone();
        night.landed.push(id.clone());
        night.failed_in_a_row = 0;
        night.worked += 1;
        let name = night.terms.night.clone();
        let commit = landed.commit;
        let ticket = self.ticket_mut("landed", id)?;
        ticket.phase = Phase::Settled(if reasons.is_empty() {
            Outcome::Done { commit }
        } else {
            Outcome::LowConfidence { commit, reasons }
        });
        ticket.settled_at = Some(now.at);
        ticket.settled_in = Some(name);
        ticket.within = true;
        ticket.deaths = 0;
        self.place_dependants(id);
        self.unblock();
        Ok(())
    }

    /// A landing may have removed the cause of a block: each blocked ticket is tried once more.
    fn unblock(&mut self) {
        for id in std::mem::take(&mut self.clearable) {
            let Some(ticket) = self.tickets.get_mut(&id) else {
                continue;
            };
            if ticket.unblocked || !may_clear(ticket) {
                continue;
            }
            ticket.requeue();
            ticket.unblocked = true;
            self.freed(&id, false);
        }
    }

    fn give_back(&mut self, now: &Now, id: &TicketId, setback: &Setback) -> Evolved {
        self.finish_attempt("returned", now, id, Some(setback.clone()), None)?;
        let ticket = self.ticket_mut("returned", id)?;
        ticket.spent += u32::from(setback.counts());
        ticket.phase = Phase::Queued { judged: None };
        if setback.counts() {
            ticket.deaths = 0;
        }
        self.place(id);
        Ok(())
    }

    fn settle(&mut self, now: &Now, id: &TicketId, outcome: &Outcome) -> Evolved {
        let ticket = self.ticket_mut("settled", id)?;
        if matches!(ticket.phase, Phase::Settled(_)) {
            return Err(not_in(ticket, "settled", "queued or in flight"));
        }
        if outcome.kind().landed() {
            return Err(illegal(
                "settled",
                Some(id),
                "only `landed` settles a landing",
            ));
        }
        if matches!(ticket.phase, Phase::Active(_)) {
            self.finish_attempt("settled", now, id, None, None)?;
        }
        let name = self.night.as_ref().map(|night| night.terms.night.clone());
        let ticket = self.ticket_mut("settled", id)?;
        let worked = ticket.tried.iter().any(|attempt| attempt.session.is_some());
        ticket.phase = Phase::Settled(outcome.clone());
        ticket.settled_at = Some(now.at);
        ticket.settled_in = name;
        ticket.deaths = 0;
        let facts = ticket.facts.clone();
        if is_wide(ticket) {
            self.wide_parks.push(id.clone());
        } else if may_clear(ticket) {
            self.clearable.push(id.clone());
        }
        self.queue.set(&facts, Standing::Absent);
        let night = self.night_mut("settled")?;
        if worked {
            night.worked += 1;
            night.worked_badly += 1;
        }
        if outcome.kind() == OutcomeKind::Failed {
            night.failed_in_a_row += 1;
        }
        self.place_dependants(id);
        Ok(())
    }

    /// Takes the ticket's attempt off the bench and into its history; returns its last stage.
    fn finish_attempt(
        &mut self,
        event: &'static str,
        now: &Now,
        id: &TicketId,
        setback: Option<Setback>,
        landed: Option<Landed>,
    ) -> Result<Stage, IllegalEvent> {
        let ticket = self.ticket_mut(event, id)?;
        let queued = Phase::Queued { judged: None };
        let active = match std::mem::replace(&mut ticket.phase, queued) {
            Phase::Active(active) => active,
            other => {
                ticket.phase = other;
                return Err(not_in(ticket, event, "in flight"));
            }
        };
        let (session, taken, baseline, verdicts) = found_by(&active.stage);
        ticket.tried.push(Attempt {
            number: active.attempt,
            from: active.from,
            harness: active.harness,
            since: active.since,
            until: now.at,
            session,
            taken,
            baseline,
            verdicts,
            setback,
            landed,
        });
        self.active = None;
        Ok(active.stage)
    }

    fn ask(&mut self, now: &Now, request: &Request) -> Evolved {
        if !self.seen_requests.insert(request.id.clone()) {
            return Err(illegal("asked", None, "this request was journaled already"));
        }
        match &request.kind {
            RequestKind::Stop { now } => {
                let night = self.night_mut("asked")?;
                // A stop at once is not taken back by a milder one.
                let at_once = *now || night.stop.as_ref().is_some_and(|stop| stop.now);
                night.stop = Some(StopAsked {
                    now: at_once,
                    by: request.by.clone(),
                    reason: request.reason.clone(),
                });
            }
            RequestKind::Answer { ticket, answer } => {
                let question = self.park(ticket).map(|park| park.question.question.clone());
                let state = self.ticket_mut("asked", ticket)?;
                state.answers.push(Answer {
                    question,
                    answer: answer.clone(),
                    at: now.at,
                });
                self.requeue(ticket);
            }
            RequestKind::Requeue { ticket } => {
                self.ticket_mut("asked", ticket)?;
                self.requeue(ticket);
            }
        }
        if let Some(night) = &mut self.night {
            night.requests.push(request.clone());
        }
        Ok(())
    }

    fn requeue(&mut self, id: &TicketId) {
        if let Some(ticket) = self.tickets.get_mut(id)
            && matches!(ticket.phase, Phase::Settled(_))
        {
            ticket.requeue();
            ticket.spent = 0;
        }
        let was_wide = self.drop_wide(id);
        self.freed(id, was_wide);
    }

    fn drop_wide(&mut self, id: &TicketId) -> bool {
        let before = self.wide_parks.len();
        self.wide_parks.retain(|parked| parked != id);
        self.wide_parks.len() < before
    }

    fn end(&mut self, now: &Now, because: &NightEnd) -> Evolved {
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

    /// A ticket is no longer in the way: what was held by it is queued, and all is placed anew.
    /// `wide`: it held tickets that do not name it in `depends_on`.
    fn freed(&mut self, id: &TicketId, wide: bool) {
        self.place(id);
        let mut open = vec![id.clone()];
        let mut strangers = wide;
        while let Some(next) = open.pop() {
            let candidates: Vec<_> = if std::mem::take(&mut strangers) {
                self.tickets.keys().cloned().collect()
            } else {
                self.queue.dependants(&next).cloned().collect()
            };
            for id in candidates {
                let Some(ticket) = self.tickets.get_mut(&id) else {
                    continue;
                };
                match &ticket.phase {
                    Phase::Settled(Outcome::Held { by, .. }) if by.contains(&next) => {
                        ticket.requeue();
                        self.place(&id);
                        open.push(id);
                    }
                    Phase::Settled(_) | Phase::Queued { .. } | Phase::Active(_) => {}
                }
            }
            self.place_dependants(&next);
        }
    }

    fn place_dependants(&mut self, id: &TicketId) {
        let dependants: Vec<_> = self.queue.dependants(id).cloned().collect();
        for dependant in dependants {
            self.place(&dependant);
        }
    }

    /// Puts a ticket into the set of the queue where it now belongs.
    fn place(&mut self, id: &TicketId) {
        let Some(ticket) = self.tickets.get(id) else {
            return;
        };
        let standing = if !matches!(ticket.phase, Phase::Queued { .. }) || !self.chosen(id) {
            Standing::Absent
        } else if self.due_outcome(id).is_some() {
            Standing::Due
        } else if ticket
            .facts
            .depends_on
            .iter()
            .all(|id| self.dependency(id) == super::decide::Dependency::Good)
        {
            Standing::Ready
        } else {
            Standing::Waiting
        };
        let facts = ticket.facts.clone();
        self.queue.set(&facts, standing);
    }
}

impl TicketState {
    fn new(facts: TicketFacts) -> Self {
        Self {
            facts,
            phase: Phase::Queued { judged: None },
            attempts: 0,
            spent: 0,
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

    fn requeue(&mut self) {
        self.settled_at = None;
        self.settled_in = None;
        self.deaths = 0;
        self.phase = if self.facts.status == Status::Ready {
            Phase::Queued { judged: None }
        } else {
            Phase::Settled(Outcome::Skipped {
                because: standing_of(self.facts.status),
            })
        };
    }
}

type Found = (
    Option<super::event::Session>,
    Option<Box<super::event::Taken>>,
    Vec<crate::gate::verdict::Verdict>,
    Vec<crate::gate::verdict::Verdict>,
);

fn found_by(stage: &Stage) -> Found {
    match stage {
        Stage::Claimed => (None, None, Vec::new(), Vec::new()),
        Stage::Baselined { baseline } | Stage::Working { baseline, .. } => {
            (None, None, baseline.clone(), Vec::new())
        }
        Stage::Worked { baseline, session } => {
            (Some(session.clone()), None, baseline.clone(), Vec::new())
        }
        Stage::Kept {
            baseline,
            session,
            taken,
        } => (
            session.clone(),
            Some(taken.clone()),
            baseline.clone(),
            Vec::new(),
        ),
        Stage::Gated {
            baseline,
            session,
            taken,
            verdicts,
        }
        | Stage::Landing {
            baseline,
            session,
            taken,
            verdicts,
            ..
        } => (
            Some(session.clone()),
            Some(taken.clone()),
            baseline.clone(),
            verdicts.clone(),
        ),
    }
}

fn is_wide(ticket: &TicketState) -> bool {
    match ticket.outcome() {
        Some(Outcome::Parked(park)) => matches!(park.scope, Scope::Paths | Scope::Repo),
        Some(_) | None => false,
    }
}

fn may_clear(ticket: &TicketState) -> bool {
    match ticket.outcome() {
        Some(Outcome::Blocked(block)) => block.may_clear,
        Some(_) | None => false,
    }
}

fn chosen(night: &Night, id: &TicketId) -> bool {
    night
        .runner
        .as_ref()
        .is_none_or(|runner| runner.options.only.is_empty() || runner.options.only.contains(id))
}

fn standing_of(status: Status) -> String {
    match status {
        Status::Draft => "its file says `status: draft`".to_owned(),
        Status::Done => "its file says `status: done`".to_owned(),
        Status::Ready => String::new(),
    }
}

fn illegal(
    event: &'static str,
    ticket: Option<&TicketId>,
    state: impl Into<String>,
) -> IllegalEvent {
    IllegalEvent {
        event,
        ticket: ticket.cloned(),
        state: state.into(),
    }
}

fn not_in(ticket: &TicketState, event: &'static str, expected: &str) -> IllegalEvent {
    let is = match &ticket.phase {
        Phase::Queued { .. } => "queued".to_owned(),
        Phase::Active(active) => active.stage.as_str().to_owned(),
        Phase::Settled(outcome) => outcome.kind().to_string(),
    };
    let ticket = &ticket.facts.id;
    IllegalEvent {
        event,
        ticket: Some(ticket.clone()),
        state: format!("it is {is}, not {expected}"),
    }
}
