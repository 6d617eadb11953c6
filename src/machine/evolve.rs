//! The only way in which the state changes: [`State::evolve`], one fact at a time.
//!
//! Every event is matched by name, so that a new one fails to compile where it matters.
#![expect(
    clippy::result_large_err,
    reason = "a stage that does not fit is handed back whole; it happens once, before a halt"
)]

use super::{
    event::Event,
    queue::Standing,
    state::{Closed, Halt, Night, Runner, State},
    ticket::{Active, Landed, Phase, Stage, TicketState},
};
use crate::{backlog::ticket::TicketId, clock::Now};

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

pub(super) type Evolved = Result<(), IllegalEvent>;

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
            Event::RunnerStarted {
                process,
                options,
                restarted,
            } => {
                let runner = Runner {
                    process: process.clone(),
                    options: options.clone(),
                };
                self.start_runner(runner, *restarted)
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
                night.used.attempts += 1;
                let state = self.ticket_mut("claimed", ticket)?;
                state.used.attempts += 1;
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
                self.account_for(ticket, session)?;
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
            Event::HarnessClosed {
                harness,
                because,
                remedy,
            } => {
                let closed = Closed {
                    because: because.clone(),
                    remedy: remedy.clone(),
                    since: now.at,
                };
                let night = self.night_mut("harness_closed")?;
                night.closed.insert(harness.clone(), closed);
                Ok(())
            }
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

    pub(super) fn night_mut(&mut self, event: &'static str) -> Result<&mut Night, IllegalEvent> {
        self.night
            .as_mut()
            .ok_or_else(|| illegal(event, None, "no night has begun"))
    }

    pub(super) fn ticket_mut(
        &mut self,
        event: &'static str,
        id: &TicketId,
    ) -> Result<&mut TicketState, IllegalEvent> {
        self.tickets
            .get_mut(id)
            .ok_or_else(|| illegal(event, Some(id), "no such ticket was ever seen"))
    }

    /// Moves the ticket that has the bench one stage on.
    pub(super) fn advance(
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

    pub(super) fn fire(&mut self, id: &TicketId, decision: &crate::policy::decision::Decision) {
        if decision.rule.is_some()
            && let Some(night) = &mut self.night
        {
            night.fired.push((id.clone(), decision.clone()));
        }
    }
}

pub(super) fn illegal(
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

pub(super) fn not_in(ticket: &TicketState, event: &'static str, expected: &str) -> IllegalEvent {
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
