//! What may start now: [`State::next`], total over every state, and pure.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    event::{Event, NightEnd, Setback},
    judge::{
        Judgement, after_work, breaker, halt_by_budget, halt_by_rule, parked_by_halt,
        parked_by_rule, reasons, red_baseline, verdict,
    },
    outcome::{Block, Outcome},
    spending::over_budget,
    state::{Night, PauseAsked, State},
    step::{Effect, Step},
    ticket::{Active, Phase, Stage, TicketState},
    weather::Choice,
};
use crate::{
    backlog::{
        overlap::overlap,
        ticket::{Status, TicketId},
    },
    clock::Now,
    config::budget::NightBreach,
    mutant::{Mutant, forgets},
    policy::decision::{Action, Scope},
};

/// This many deaths of the runner in a row with the same ticket in flight block the ticket.
const DEATHS: u32 = 3;

impl State {
    /// Returns the one thing to do next.
    pub fn next(&self, now: &Now) -> Step {
        let Some(night) = &self.night else {
            return Step::Rest;
        };
        if night.ended.is_some() {
            return Step::Rest;
        }
        match self.active() {
            Some((ticket, active)) => next_in_flight(night, ticket, active, now),
            None => self.next_at_boundary(night, now),
        }
    }

    fn next_at_boundary(&self, night: &Night, now: &Now) -> Step {
        if let Some(halt) = &night.halt {
            return match halt.ticket.as_ref().and_then(|id| self.tickets.get(id)) {
                Some(ticket) if matches!(ticket.phase, Phase::Queued { .. }) => {
                    settle(&ticket.facts.id, parked_by_halt(halt))
                }
                Some(_) | None => end(NightEnd::Halted),
            };
        }
        if night.stop.is_some() {
            return end(NightEnd::Stopped);
        }
        if let Some(halted) = breaker(night) {
            return Step::Record(halted);
        }
        if let Some(id) = self.queue.first_due() {
            return match self.due_outcome(id) {
                Some(outcome) => settle(id, outcome),
                None => Step::Rest,
            };
        }
        if night.is_over(now) {
            return end(NightEnd::LengthUsed);
        }
        if let Some(what) = night.used.breach(&night.terms.limits.budgets.night) {
            return match night.terms.limits.budgets.on_night {
                NightBreach::End => end(NightEnd::Budget { what }),
                NightBreach::Halt => Step::Record(halt_by_budget(&what)),
            };
        }
        let options = night.runner.as_ref().map(|runner| &runner.options);
        if options
            .and_then(|options| options.until)
            .is_some_and(|until| now.at >= until)
        {
            return end(NightEnd::Until);
        }
        let mut waits: Option<(Timestamp, String)> = None;
        for id in self.queue.ready() {
            let Some(ticket) = self.tickets.get(id) else {
                continue;
            };
            match self.next_of_ready(night, ticket, now) {
                Step::Wait { until, because } => {
                    if waits.as_ref().is_none_or(|(first, _)| until < *first) {
                        waits = Some((until, because));
                    }
                }
                step @ (Step::Record(_) | Step::Do(_) | Step::Rest) => return step,
            }
        }
        match waits {
            None => end(NightEnd::Drained),
            // A pause is no weather: whoever asked for it may take it back in time.
            Some((until, because)) if until >= night.ends_at(now) && night.pause.is_none() => {
                end(NightEnd::Weather { because })
            }
            Some((until, because)) => Step::Wait { until, because },
        }
    }

    fn next_of_ready(&self, night: &Night, ticket: &TicketState, now: &Now) -> Step {
        let id = &ticket.facts.id;
        if let Some(outcome) = self.held_by_scope(ticket) {
            return settle(id, outcome);
        }
        let Phase::Queued { judged } = &ticket.phase else {
            return Step::Rest;
        };
        let Some(decision) = judged else {
            return Step::Do(Effect::Judge { ticket: id.clone() });
        };
        match decision.action {
            Action::Park => return settle(id, parked_by_rule(decision)),
            Action::Halt => return Step::Record(halt_by_rule(id, decision)),
            Action::Proceed | Action::Deny => {}
        }
        let options = night.runner.as_ref().map(|runner| &runner.options);
        let most = options.and_then(|options| options.max_tickets);
        if most.is_some_and(|most| night.claimed >= most) && ticket.tried.is_empty() {
            return end(NightEnd::MaxTickets);
        }
        if let Some(pause) = &night.pause
            && !forgets(Mutant::PauseIgnored)
        {
            return Step::Wait {
                until: night.ends_at(now),
                because: pause.because(),
            };
        }
        match Self::choose(night, ticket, now) {
            Choice::Use(harness) => Step::Do(Effect::Claim {
                ticket: id.clone(),
                attempt: ticket.attempts + 1,
                from: night.tip.clone(),
                harness,
            }),
            Choice::Wait { until, because } => Step::Wait { until, because },
            Choice::Nothing(block) => settle(id, Outcome::Blocked(block)),
        }
    }

    /// Returns the outcome of a queued ticket that needs no work; `None` when it is not due.
    pub(super) fn due_outcome(&self, id: &TicketId) -> Option<Outcome> {
        let night = self.night.as_ref()?;
        let ticket = self.tickets.get(id)?;
        if let Some(outcome) = used_up(night, ticket) {
            return Some(outcome);
        }
        let mut by = Vec::new();
        let mut reasons = Vec::new();
        for dependency in &ticket.facts.depends_on {
            if let Dependency::Bad(reason) = self.dependency(dependency) {
                by.push(dependency.clone());
                reasons.push(reason);
            }
        }
        (!by.is_empty()).then(|| Outcome::Held {
            by,
            because: reasons.join("; "),
        })
    }

    /// Returns what one ticket's dependency on another means now.
    pub(super) fn dependency(&self, id: &TicketId) -> Dependency {
        let Some(ticket) = self.tickets.get(id) else {
            return Dependency::Bad(format!("`{id}` is not in the backlog"));
        };
        if ticket.facts.status == Status::Done || forgets(Mutant::OrderIgnored) {
            return Dependency::Good;
        }
        match &ticket.phase {
            Phase::Active(_) => Dependency::Open,
            Phase::Queued { .. } if self.chosen(id) => Dependency::Open,
            Phase::Queued { .. } => {
                Dependency::Bad(format!("`{id}` is not part of this run (`--only`)"))
            }
            Phase::Settled(outcome) => match outcome {
                Outcome::Done { .. } | Outcome::LowConfidence { .. } if ticket.within => {
                    Dependency::Good
                }
                Outcome::Done { .. } | Outcome::LowConfidence { .. } => Dependency::Bad(format!(
                    "`{id}` landed on nightshift/{}, which is not merged into this night's base",
                    ticket.settled_in.as_deref().unwrap_or("an earlier night")
                )),
                Outcome::Parked(park) if park.scope == Scope::Ticket => Dependency::Good,
                Outcome::Skipped { .. } if ticket.facts.status == Status::Draft => {
                    Dependency::Bad(format!("`{id}` is a draft"))
                }
                Outcome::Parked(_)
                | Outcome::Held { .. }
                | Outcome::Blocked(_)
                | Outcome::Failed { .. }
                | Outcome::Skipped { .. } => {
                    Dependency::Bad(format!("`{id}` is {}", outcome.kind()))
                }
            },
        }
    }

    /// Returns whether this run works on a ticket at all.
    pub(super) fn chosen(&self, id: &TicketId) -> bool {
        self.night
            .as_ref()
            .and_then(|night| night.runner.as_ref())
            .is_none_or(|runner| runner.options.only.is_empty() || runner.options.only.contains(id))
    }

    /// Returns why a ready ticket waits for a parked one that it does not depend on.
    fn held_by_scope(&self, ticket: &TicketState) -> Option<Outcome> {
        self.wide_parks.iter().find_map(|id| {
            let park = self.park(id)?;
            let parked = &self.tickets.get(id)?.facts;
            let because = match park.scope {
                Scope::Repo => format!("`{id}` is parked, and its rule holds everything"),
                Scope::Paths if overlap(&parked.paths, &ticket.facts.paths) => {
                    format!("its paths overlap those of `{id}`, which is parked")
                }
                Scope::Paths | Scope::Dependents | Scope::Ticket => return None,
            };
            Some(Outcome::Held {
                by: vec![id.clone()],
                because,
            })
        })
    }
}

/// What a dependency means to the ticket that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dependency {
    Good,
    Open,
    Bad(String),
}

pub(super) fn settle(ticket: &TicketId, outcome: Outcome) -> Step {
    Step::Record(Event::Settled {
        ticket: ticket.clone(),
        outcome,
    })
}

fn end(because: NightEnd) -> Step {
    Step::Record(Event::NightEnded { because })
}

/// Returns the outcome of a ticket whose attempts, iterations or budget are over.
fn used_up(night: &Night, ticket: &TicketState) -> Option<Outcome> {
    let budgets = &night.terms.limits.budgets;
    if let Some(what) = ticket.used.breach(&budgets.ticket)
        && !ticket.tried.is_empty()
    {
        return Some(over_budget(budgets.on_ticket, &what));
    }
    if let Some(most) = ticket.facts.iterations {
        return ticket.progress.over(most);
    }
    let mut counted = ticket
        .tried
        .iter()
        .rev()
        .filter_map(|a| a.setback.as_ref())
        .filter(|s| s.counts());
    let cap = ticket.facts.attempts.unwrap_or(night.terms.limits.attempts);
    if ticket.spent == 0 {
        return None;
    }
    let last = counted.next()?;
    if ticket.spent >= cap {
        let times = if ticket.spent == 1 {
            "1 attempt".to_owned()
        } else {
            format!("{} attempts", ticket.spent)
        };
        return Some(Outcome::Failed {
            because: format!("{times} used up; the last: {last}"),
        });
    }
    let before = (ticket.spent > 1).then(|| counted.next()).flatten()?;
    let same = last.signature().is_some() && last.signature() == before.signature();
    same.then(|| Outcome::Failed {
        because: format!("the same failure twice: {last}"),
    })
}

fn next_in_flight(night: &Night, ticket: &TicketState, active: &Active, now: &Now) -> Step {
    let id = &ticket.facts.id;
    let attempt = active.attempt;
    // What an agent did is kept first, however often the runner dies.
    let is_kept = !matches!(
        active.stage,
        Stage::Working { orphaned: true, .. } | Stage::Worked { .. }
    );
    if ticket.deaths >= DEATHS && is_kept {
        let block = Block {
            because: format!(
                "the runner died {} times in a row with it in flight",
                ticket.deaths
            ),
            remedy: format!("look at its attempts, then `nightshift requeue {id}`"),
            may_clear: false,
        };
        return settle(id, Outcome::Blocked(block));
    }
    if let (Some(halt), Stage::Kept { .. }) = (&night.halt, &active.stage)
        && halt.ticket.as_ref() == Some(id)
    {
        return settle(id, parked_by_halt(halt));
    }
    // A branch that is about to move moves: what is behind it was decided before.
    let may_leave = matches!(
        active.stage,
        Stage::Claimed | Stage::Baselined { .. } | Stage::Kept { .. } | Stage::Gated { .. }
    );
    if let (Some(because), true) = (night.skips.get(id), may_leave) {
        let because = because.clone();
        return settle(id, Outcome::Skipped { because });
    }
    let is_objective = ticket.facts.iterations.is_some();
    let paused = night.pause.is_some();
    let stopping = night.halt.is_some()
        || night.stop.as_ref().is_some_and(|stop| stop.now || paused)
        || (paused && night.is_over(now));
    if let (Some(pause), false) = (&night.pause, stopping)
        && starts_something(&active.stage)
    {
        return Step::Wait {
            until: night.ends_at(now),
            because: pause.because(),
        };
    }
    match &active.stage {
        Stage::Working { orphaned: true, .. } if forgets(Mutant::OrphanThrownAway) => {
            returned(id, Setback::RunnerDied)
        }
        Stage::Claimed | Stage::Baselined { .. } if stopping => returned(id, Setback::Stopped),
        Stage::Kept {
            session: Some(session),
            taken,
            ..
        } if stopping && after_work(night, ticket, active, session, taken, now).is_none() => {
            // Kept and not yet gated: it stays in flight, and a resumed night gates it.
            end(if night.halt.is_some() {
                NightEnd::Halted
            } else if night.stop.is_some() {
                NightEnd::Stopped
            } else {
                NightEnd::LengthUsed
            })
        }
        Stage::Claimed => Step::Do(Effect::Baseline {
            ticket: id.clone(),
            attempt,
            from: active.from.clone(),
            tree: active.from_tree.clone(),
        }),
        Stage::Baselined { baseline } => match red_baseline(baseline, is_objective) {
            Some(block) => settle(id, Outcome::Blocked(block)),
            None => Step::Record(Event::Started { ticket: id.clone() }),
        },
        Stage::Working {
            orphaned: false, ..
        } => Step::Do(Effect::Work {
            ticket: id.clone(),
            attempt,
        }),
        Stage::Working { orphaned: true, .. } | Stage::Worked { .. } => Step::Do(Effect::Keep {
            ticket: id.clone(),
            attempt,
            from: active.from.clone(),
            from_tree: active.from_tree.clone(),
        }),
        Stage::Kept { session: None, .. } => returned(id, Setback::RunnerDied),
        Stage::Kept {
            session: Some(session),
            taken,
            ..
        } => after_work(night, ticket, active, session, taken, now).unwrap_or_else(|| {
            Step::Do(Effect::Gate {
                ticket: id.clone(),
                attempt,
                tree: taken.candidate.clone(),
            })
        }),
        Stage::Gated {
            baseline,
            taken,
            verdicts,
            ..
        } => {
            let protected = &taken.decision;
            if protected.action == Action::Park {
                return settle(id, parked_by_rule(protected));
            }
            match verdict(baseline, verdicts, is_objective) {
                Judgement::Green => Step::Record(Event::Landing {
                    ticket: id.clone(),
                    tree: taken.candidate.clone(),
                    parent: active.from.clone(),
                    reasons: reasons(night, baseline, verdicts, taken),
                }),
                Judgement::Red(setback) => returned(id, setback),
                Judgement::Blocked(block) => settle(id, Outcome::Blocked(block)),
            }
        }
        Stage::Landing { taken, parent, .. } => Step::Do(Effect::Land {
            ticket: id.clone(),
            attempt,
            tree: taken.candidate.clone(),
            parent: parent.clone(),
        }),
    }
}

/// Returns whether the next step of this stage starts a command of somebody's.
fn starts_something(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::Claimed | Stage::Baselined { .. } | Stage::Kept { .. }
    )
}

impl Night {
    /// Returns whether its length is used up, by the boot clock.
    pub fn is_over(&self, now: &Now) -> bool {
        now.since(&self.began).as_millis() >= u128::from(self.terms.limits.length_ms)
    }

    /// Returns the moment at which its length will be used up, as the wall clock goes now.
    pub fn ends_at(&self, now: &Now) -> Timestamp {
        let length = Duration::from_millis(self.terms.limits.length_ms);
        let left = length.saturating_sub(now.since(&self.began));
        now.at.checked_add(left).unwrap_or(Timestamp::MAX)
    }
}

impl PauseAsked {
    fn because(&self) -> String {
        let who = self.by.as_deref().unwrap_or("somebody");
        match &self.reason {
            Some(reason) => format!("{who} paused it: {reason} (`nightshift resume` goes on)"),
            None => format!("{who} paused it (`nightshift resume` goes on)"),
        }
    }
}

pub(super) fn returned(ticket: &TicketId, setback: Setback) -> Step {
    Step::Record(Event::Returned {
        ticket: ticket.clone(),
        setback,
    })
}
