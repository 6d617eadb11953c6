//! What may start now: [`State::next`], total over every state, and pure.

use super::{
    event::{Event, NightEnd, Setback},
    outcome::{Block, Outcome, Park, Raised, Reason},
    state::{Halt, Night, State},
    step::{Effect, Step},
    ticket::{Active, Phase, Stage, TicketState},
};
use crate::{
    backlog::{
        overlap::overlap,
        ticket::{Status, TicketId},
    },
    clock::Now,
    gate::verdict::{Check, Class, Verdict},
    harness::event::Ending,
    policy::decision::{Action, Decision, Point, Scope},
    say::utterance::{Question, Utterance},
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
            Some((ticket, active)) => next_in_flight(night, ticket, active),
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
        let options = night.runner.as_ref().map(|runner| &runner.options);
        if now.since(&night.began).as_millis() >= u128::from(night.terms.limits.length_ms) {
            return end(NightEnd::LengthUsed);
        }
        if options
            .and_then(|options| options.until)
            .is_some_and(|until| now.at >= until)
        {
            return end(NightEnd::Until);
        }
        let Some((id, ticket)) = self
            .queue
            .first_ready()
            .and_then(|id| self.tickets.get(id).map(|ticket| (id, ticket)))
        else {
            return end(NightEnd::Drained);
        };
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
            Action::Park => settle(id, parked_by_rule(decision)),
            Action::Halt => Step::Record(halt_by_rule(id, decision)),
            Action::Proceed | Action::Deny => {
                if options
                    .and_then(|o| o.max_tickets)
                    .is_some_and(|max| night.claimed >= max)
                    && ticket.tried.is_empty()
                {
                    return end(NightEnd::MaxTickets);
                }
                Step::Do(Effect::Claim {
                    ticket: id.clone(),
                    attempt: ticket.attempts + 1,
                    from: night.tip.clone(),
                })
            }
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
        if ticket.facts.status == Status::Done {
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

fn settle(ticket: &TicketId, outcome: Outcome) -> Step {
    Step::Record(Event::Settled {
        ticket: ticket.clone(),
        outcome,
    })
}

fn end(because: NightEnd) -> Step {
    Step::Record(Event::NightEnded { because })
}

/// Returns the failure of a ticket whose attempts are over.
fn used_up(night: &Night, ticket: &TicketState) -> Option<Outcome> {
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

fn next_in_flight(night: &Night, ticket: &TicketState, active: &Active) -> Step {
    let id = &ticket.facts.id;
    let attempt = active.attempt;
    let orphaned = matches!(active.stage, Stage::Working { orphaned: true, .. });
    if ticket.deaths >= DEATHS && !orphaned {
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
    let stopping = night.stop.as_ref().is_some_and(|stop| stop.now) || night.halt.is_some();
    match &active.stage {
        Stage::Claimed if stopping => returned(id, Setback::Stopped),
        Stage::Baselined { .. } if stopping => returned(id, Setback::Stopped),
        Stage::Kept {
            session: Some(session),
            taken,
            ..
        } if stopping && after_work(id, session, taken).is_none() => {
            // Kept and not yet gated: it stays in flight, and a resumed night gates it.
            end(if night.halt.is_some() {
                NightEnd::Halted
            } else {
                NightEnd::Stopped
            })
        }
        Stage::Claimed => Step::Do(Effect::Baseline {
            ticket: id.clone(),
            attempt,
            from: active.from.clone(),
            tree: active.from_tree.clone(),
        }),
        Stage::Baselined { baseline } => match red_baseline(baseline) {
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
        } => after_work(id, session, taken).unwrap_or_else(|| {
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
            match verdict(verdicts) {
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

fn returned(ticket: &TicketId, setback: Setback) -> Step {
    Step::Record(Event::Returned {
        ticket: ticket.clone(),
        setback,
    })
}

/// Returns what follows from the session and the diff alone; `None` when the gate is to decide.
fn after_work(
    id: &TicketId,
    session: &super::event::Session,
    taken: &super::event::Taken,
) -> Option<Step> {
    match &session.ending {
        Ending::Stopped => return Some(returned(id, Setback::Stopped)),
        Ending::NotStarted { reason } => {
            let block = Block {
                because: reason.clone(),
                remedy: "install the agent, or name another harness in nightshift.toml".to_owned(),
                may_clear: false,
            };
            return Some(settle(id, Outcome::Blocked(block)));
        }
        Ending::Halted | Ending::Exited | Ending::Failed { .. } => {}
        Ending::TimedOut { after_ms } => {
            let because = format!("the agent ran into its timeout of {}", human_ms(*after_ms));
            return Some(
                raised(id, session).unwrap_or_else(|| returned(id, Setback::Agent { because })),
            );
        }
        Ending::Silent { after_ms } => {
            let because = format!("the agent did nothing for {}", human_ms(*after_ms));
            return Some(
                raised(id, session).unwrap_or_else(|| returned(id, Setback::Agent { because })),
            );
        }
    }
    if let Some(step) = raised(id, session) {
        return Some(step);
    }
    if let Ending::Failed { reason } = &session.ending {
        return Some(returned(
            id,
            Setback::Agent {
                because: format!("the agent failed: {reason}"),
            },
        ));
    }
    if let Some(first) = taken.nested.first() {
        let question = Question {
            question: format!(
                "The work holds a git repository of its own at `{first}`, whose files a commit cannot hold. What shall become of it?"
            ),
            options: vec![
                "requeue the ticket: the next attempt is told to leave no repository inside"
                    .to_owned(),
                "take the files out of the kept bench by hand".to_owned(),
            ],
            recommend: None,
            because: None,
        };
        let park = Park {
            raised: Raised::Snapshot,
            question,
            scope: Scope::Dependents,
            decision: None,
        };
        return Some(settle(id, Outcome::Parked(Box::new(park))));
    }
    if taken.work.files == 0 {
        return Some(returned(id, Setback::NoChange));
    }
    match taken.decision.action {
        Action::Halt => Some(Step::Record(halt_by_rule(id, &taken.decision))),
        // The gate still runs on the tree with the protected files as they were: the human who
        // decides wants to know what it says.
        Action::Park if taken.decision.category == "gate" => None,
        Action::Park => Some(settle(id, parked_by_rule(&taken.decision))),
        Action::Proceed | Action::Deny => None,
    }
}

/// Returns what follows from what the agent raised itself; `None` when it raised nothing.
fn raised(id: &TicketId, session: &super::event::Session) -> Option<Step> {
    let mut question = None;
    for said in &session.said {
        match said {
            Utterance::Halt { text } => {
                return Some(Step::Record(Event::Halted {
                    because: format!(
                        "the agent on `{id}` said that going on could do harm: {text}"
                    ),
                    remedy: format!(
                        "look at it, then `nightshift requeue {id}` and `nightshift run` to go on"
                    ),
                    rule: None,
                    ticket: Some(id.clone()),
                }));
            }
            Utterance::Park(asked) => question = Some(asked),
            Utterance::Note { .. } | Utterance::Assume { .. } | Utterance::Done { .. } => {}
        }
    }
    let question = question?;
    let decision = session.decision.clone();
    match decision.as_ref().map(|decision| decision.action) {
        Some(Action::Halt) => Some(Step::Record(halt_by_rule(id, decision.as_ref()?))),
        Some(Action::Proceed) => None,
        Some(Action::Park | Action::Deny) | None => {
            let park = Park {
                raised: Raised::Agent,
                question: question.clone(),
                scope: decision
                    .as_ref()
                    .map_or(Scope::Dependents, |decision| decision.scope),
                decision,
            };
            Some(settle(id, Outcome::Parked(Box::new(park))))
        }
    }
}

fn parked_by_rule(decision: &Decision) -> Outcome {
    let rule = decision.rule.as_deref().unwrap_or("built-in");
    let matched = decision
        .matched
        .first()
        .map(|word| format!(" (`{word}`)"))
        .unwrap_or_default();
    let question = match decision.point {
        Point::Diff => format!("The work was stopped by rule `{rule}`{matched}. May it land?"),
        Point::Ticket | Point::Ask | Point::Tool | Point::Night => {
            format!(
                "Rule `{rule}` wants a human to decide this first{matched}. How shall it be done?"
            )
        }
    };
    let because = (!decision.because.is_empty()).then(|| decision.because.clone());
    Outcome::Parked(Box::new(Park {
        raised: Raised::Rule(decision.point),
        question: Question {
            question,
            options: Vec::new(),
            recommend: None,
            because,
        },
        scope: decision.scope,
        decision: Some(decision.clone()),
    }))
}

fn parked_by_halt(halt: &Halt) -> Outcome {
    Outcome::Parked(Box::new(Park {
        raised: if halt.rule.is_some() {
            Raised::Rule(Point::Night)
        } else {
            Raised::Agent
        },
        question: Question {
            question: format!("It halted the night: {}. How shall it go on?", halt.because),
            options: Vec::new(),
            recommend: None,
            because: None,
        },
        scope: Scope::Dependents,
        decision: None,
    }))
}

fn halt_by_rule(id: &TicketId, decision: &Decision) -> Event {
    let rule = decision.rule.as_deref().unwrap_or("built-in");
    let matched = decision
        .matched
        .first()
        .map(|word| format!(": `{word}`"))
        .unwrap_or_default();
    let why = if decision.because.is_empty() {
        String::new()
    } else {
        format!(". {}", decision.because)
    };
    Event::Halted {
        because: format!("rule `{rule}` halted the night at `{id}`{matched}{why}"),
        remedy: format!("look at `{id}`, change it or the rule, then `nightshift run`"),
        rule: decision.rule.clone(),
        ticket: Some(id.clone()),
    }
}

fn breaker(night: &Night) -> Option<Event> {
    let limits = &night.terms.limits;
    if limits.consecutive_failures > 0 && night.failed_in_a_row >= limits.consecutive_failures {
        return Some(Event::Halted {
            because: format!("{} tickets failed in a row", night.failed_in_a_row),
            remedy: "look at what they have in common, then `nightshift run`".to_owned(),
            rule: Some("consecutive_failures".to_owned()),
            ticket: None,
        });
    }
    let bad = f64::from(night.worked_badly) >= f64::from(night.worked) * limits.yield_bad;
    if limits.yield_after > 0 && night.worked >= limits.yield_after && bad {
        return Some(Event::Halted {
            because: format!(
                "{} of {} tickets that an agent worked on did not land",
                night.worked_badly, night.worked
            ),
            remedy: "look at why, then `nightshift run`".to_owned(),
            rule: Some("yield".to_owned()),
            ticket: None,
        });
    }
    None
}

fn of(check: Check, verdicts: &[Verdict]) -> Option<&Verdict> {
    verdicts.iter().find(|verdict| verdict.check == check)
}

fn red_baseline(baseline: &[Verdict]) -> Option<Block> {
    let Some(gate) = of(Check::Gate, baseline) else {
        return Some(Block {
            because: "it has no gate, and nothing lands without one".to_owned(),
            remedy: "set `run` under `[gate]` in nightshift.toml, or `gate:` in the ticket"
                .to_owned(),
            may_clear: false,
        });
    };
    let remedy = match gate.class {
        Class::Passed | Class::Flaky => return None,
        Class::Environment => "make its command work here, then `nightshift run`",
        Class::Timeout => {
            "make it quicker or raise `timeout` under `[gate]`, then `nightshift run`"
        }
        Class::Introduced | Class::PreExisting => "make it green, then `nightshift run`",
    };
    Some(Block {
        because: format!("the gate is not green before any work: {}", gate.reason),
        remedy: remedy.to_owned(),
        may_clear: true,
    })
}

enum Judgement {
    Green,
    Red(Setback),
    Blocked(Block),
}

fn verdict(verdicts: &[Verdict]) -> Judgement {
    let Some(gate) = of(Check::Gate, verdicts) else {
        return Judgement::Blocked(Block {
            because: "the gate did not run".to_owned(),
            remedy: "set `run` under `[gate]` in nightshift.toml".to_owned(),
            may_clear: false,
        });
    };
    for (name, verdict) in [
        ("gate", Some(gate)),
        ("acceptance check", of(Check::Accept, verdicts)),
    ] {
        let Some(verdict) = verdict else { continue };
        match verdict.class {
            Class::Passed | Class::Flaky => {}
            Class::Introduced | Class::Timeout => {
                return Judgement::Red(Setback::Red {
                    because: format!("the {name} is red: {}", verdict.reason),
                    signature: verdict.signature.clone(),
                });
            }
            // Of an acceptance check, red before and red after is the work's failure.
            Class::PreExisting | Class::Environment if verdict.check == Check::Accept => {
                return Judgement::Red(Setback::Red {
                    because: format!("the {name} is still red: {}", verdict.reason),
                    signature: verdict.signature.clone(),
                });
            }
            Class::PreExisting => {
                return Judgement::Blocked(Block {
                    because: format!(
                        "the {name} fails as it did before the work: {}",
                        verdict.reason
                    ),
                    remedy: "make it green without the work first".to_owned(),
                    may_clear: true,
                });
            }
            Class::Environment => {
                return Judgement::Blocked(Block {
                    because: format!("the {name} could not judge: {}", verdict.reason),
                    remedy: "make its command work here, then `nightshift run`".to_owned(),
                    may_clear: false,
                });
            }
        }
    }
    Judgement::Green
}

fn reasons(
    night: &Night,
    baseline: &[Verdict],
    verdicts: &[Verdict],
    taken: &super::event::Taken,
) -> Vec<Reason> {
    let is = |verdicts: &[Verdict], check, class| {
        of(check, verdicts).is_some_and(|verdict| verdict.class == class)
    };
    let mut reasons = Vec::new();
    if is(verdicts, Check::Gate, Class::Flaky) || is(verdicts, Check::Accept, Class::Flaky) {
        reasons.push(Reason::FlakyGate);
    }
    if is(baseline, Check::Gate, Class::Flaky) {
        reasons.push(Reason::FlakyBaseline);
    }
    if of(Check::Accept, baseline).is_some_and(|verdict| verdict.class.is_green()) {
        reasons.push(Reason::VacuousAcceptance);
    }
    if !taken.tests_changed.is_empty() {
        reasons.push(Reason::TestsChanged {
            files: taken.tests_changed.clone(),
        });
    }
    let lines = taken.work.added.saturating_add(taken.work.removed);
    if lines > night.terms.limits.large_diff {
        reasons.push(Reason::LargeDiff { lines });
    }
    if night.terms.limits.gate_in_bench {
        reasons.push(Reason::GateInBench);
    }
    reasons
}

fn human_ms(ms: u64) -> String {
    if ms.is_multiple_of(60_000) {
        format!("{} min", ms / 60_000)
    } else if ms.is_multiple_of(1000) {
        format!("{} s", ms / 1000)
    } else {
        format!("{ms} ms")
    }
}
