//! What follows from what was found: from the session, from the diff, from the checks, from the
//! night's counts. Pure, each question a function.

use super::{
    decide::{returned, settle},
    event::{Event, Session, Setback, Taken},
    outcome::{Block, Outcome, Park, Raised, Reason},
    spending::over_budget,
    state::{Halt, Night},
    step::Step,
    ticket::{Active, TicketState},
    unfit::parked_as_unfit,
    weather::rest_until,
};
use crate::{
    backlog::ticket::TicketId,
    clock::Now,
    config::budget::Budget,
    gate::verdict::{Check, Class, Verdict},
    harness::event::Ending,
    mutant::{Mutant, forgets},
    policy::decision::{Action, Decision, Point, Scope},
    say::utterance::{Question, Utterance},
};

/// Returns what follows from the session and the diff alone; `None` when the gate is to decide.
pub(super) fn after_work(
    night: &Night,
    ticket: &TicketState,
    active: &Active,
    session: &Session,
    taken: &Taken,
    now: &Now,
) -> Option<Step> {
    let id = &ticket.facts.id;
    let budgets = &night.terms.limits.budgets;
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
        Ending::Weather(weather) => {
            let harness = &active.harness;
            let account = night.terms.account(harness);
            let setback = Setback::Weather {
                harness: harness.clone(),
                weather: weather.clone(),
                until: rest_until(night, account, weather, now),
            };
            return Some(raised(id, session).unwrap_or_else(|| returned(id, setback)));
        }
        Ending::OverBudget { what } => {
            // Whose budget it was decides what becomes of the ticket.
            let step = match night.used.breach(&budgets.night) {
                Some(what) => returned(id, Setback::NightBudget { what }),
                None => settle(id, over_budget(budgets.on_ticket, what)),
            };
            return Some(raised(id, session).unwrap_or(step));
        }
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
    if let Some(outcome) = parked_as_unfit(&taken.unfit) {
        return Some(settle(id, outcome));
    }
    if taken.work.files == 0 {
        return Some(returned(id, Setback::NoChange));
    }
    if let Some(what) = too_much(&budgets.ticket, taken) {
        return Some(settle(id, over_budget(budgets.on_ticket, &what)));
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

/// Returns which bound of one attempt's changes is passed.
fn too_much(budget: &Budget, taken: &Taken) -> Option<String> {
    let lines = taken.work.added.saturating_add(taken.work.removed);
    let passed = |name: &str, found: u32, most: Option<u32>| {
        most.filter(|most| found > *most)
            .map(|most| format!("{found} {name} changed, {most} allowed"))
    };
    passed("files", taken.work.files, budget.files).or_else(|| passed("lines", lines, budget.lines))
}

/// Returns what follows from what the agent raised itself; `None` when it raised nothing.
fn raised(id: &TicketId, session: &Session) -> Option<Step> {
    if forgets(Mutant::QuestionOverlooked) {
        return None;
    }
    if let Some(decision) = &session.decision
        && decision.point == Point::Tool
    {
        match decision.action {
            Action::Halt => return Some(Step::Record(halt_by_rule(id, decision))),
            Action::Park => return Some(settle(id, parked_by_rule(decision))),
            Action::Proceed | Action::Deny => {}
        }
    }
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

pub(super) fn parked_by_rule(decision: &Decision) -> Outcome {
    let rule = decision.rule.as_deref().unwrap_or("built-in");
    let matched = decision
        .matched
        .first()
        .map(|word| format!(" (`{word}`)"))
        .unwrap_or_default();
    let question = match decision.point {
        Point::Diff => format!("The work was stopped by rule `{rule}`{matched}. May it land?"),
        Point::Tool => format!(
            "The agent wanted to do what rule `{rule}` leaves to a human{matched}. How shall it go on?"
        ),
        Point::Ticket | Point::Ask | Point::Night => {
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

pub(super) fn parked_by_halt(halt: &Halt) -> Outcome {
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

pub(super) fn halt_by_rule(id: &TicketId, decision: &Decision) -> Event {
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

pub(super) fn halt_by_budget(what: &str) -> Event {
    Event::Halted {
        because: format!("the night's budget is used up: {what}"),
        remedy: "look at what it was spent on; raise it under `[budget.night]`, then \
                 `nightshift run`"
            .to_owned(),
        rule: Some("budget".to_owned()),
        ticket: None,
    }
}

pub(super) fn breaker(night: &Night) -> Option<Event> {
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

/// Returns whether an objective is to make the very gate green.
fn is_for_the_gate(baseline: &[Verdict]) -> bool {
    let command = |check| of(check, baseline).map(|verdict| &verdict.command);
    command(Check::Accept).is_some_and(|accept| command(Check::Gate) == Some(accept))
}

pub(super) fn red_baseline(baseline: &[Verdict], iteration: bool) -> Option<Block> {
    if iteration && of(Check::Accept, baseline).is_some_and(|accept| accept.class.is_green()) {
        return Some(Block {
            because: "the objective's check is green before any work: nothing is left to do"
                .to_owned(),
            remedy: "write `status: done` into its file, or a check that is red".to_owned(),
            may_clear: false,
        });
    }
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
        Class::Introduced | Class::PreExisting if iteration && is_for_the_gate(baseline) => {
            return None;
        }
        Class::Introduced | Class::PreExisting => "make it green, then `nightshift run`",
    };
    Some(Block {
        because: format!("the gate is not green before any work: {}", gate.reason),
        remedy: remedy.to_owned(),
        may_clear: true,
    })
}

pub(super) enum Judgement {
    Green,
    Red(Setback),
    Blocked(Block),
}

/// Of an iteration only the gate is asked: its objective's own check is green at the end alone.
pub(super) fn verdict(baseline: &[Verdict], verdicts: &[Verdict], iteration: bool) -> Judgement {
    let Some(gate) = of(Check::Gate, verdicts) else {
        return Judgement::Blocked(Block {
            because: "the gate did not run".to_owned(),
            remedy: "set `run` under `[gate]` in nightshift.toml".to_owned(),
            may_clear: false,
        });
    };
    for (name, verdict) in [
        ("gate", Some(gate)),
        (
            "acceptance check",
            of(Check::Accept, verdicts).filter(|_| !iteration),
        ),
    ] {
        let Some(verdict) = verdict.filter(|_| !forgets(Mutant::RedLands)) else {
            continue;
        };
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
            Class::PreExisting if iteration && is_for_the_gate(baseline) => {
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

pub(super) fn reasons(
    night: &Night,
    baseline: &[Verdict],
    verdicts: &[Verdict],
    taken: &Taken,
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
