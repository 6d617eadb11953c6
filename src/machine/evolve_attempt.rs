//! What the facts about attempts and settlements do to the state.

use jiff::Timestamp;

use super::{
    event::{Session, Setback},
    evolve::{Evolved, IllegalEvent, illegal, not_in},
    outcome::{Outcome, OutcomeKind},
    place::is_wide,
    queue::Standing,
    state::{Closed, Night, State, Waits},
    ticket::{Attempt, Landed, Phase, Stage, TicketState},
    weather::remedy,
};
use crate::{
    backlog::ticket::TicketId,
    clock::Now,
    gate::verdict::{Check, Verdict},
    harness::event::{Ending, Weather},
    mutant::{Mutant, forgets},
};

impl State {
    pub(super) fn land(&mut self, now: &Now, id: &TicketId, landed: Landed) -> Evolved {
        let attempt = self.finish_attempt("landed", now, id, None, Some(landed.clone()))?;
        let Stage::Landing {
            reasons, verdicts, ..
        } = attempt
        else {
            let state = format!("it is {}", attempt.as_str());
            return Err(illegal("landed", Some(id), state));
        };
        let night = self.night_mut("landed")?;
        night.tip = landed.commit.clone();
        let name = night.terms.night.clone();
        let ticket = self.ticket_mut("landed", id)?;
        let mut reasons = reasons;
        if ticket.facts.iterations.is_some() {
            ticket.count_iteration(&name, &reasons);
            if !is_reached(&verdicts) {
                // The objective is not reached: the next iteration begins where this one stands.
                ticket.phase = Phase::Queued { judged: None };
                ticket.deaths = 0;
                self.place(id);
                self.unblock();
                return Ok(());
            }
            reasons.clone_from(&ticket.progress.look);
        }
        let night = self.night_mut("landed")?;
        night.landed.push(id.clone());
        night.failed_in_a_row = 0;
        night.worked += 1;
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
    pub(super) fn unblock(&mut self) {
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

    pub(super) fn give_back(&mut self, now: &Now, id: &TicketId, setback: &Setback) -> Evolved {
        self.finish_attempt("returned", now, id, Some(setback.clone()), None)?;
        let name = self.night_mut("returned")?.terms.night.clone();
        let ticket = self.ticket_mut("returned", id)?;
        if ticket.facts.iterations.is_some() {
            ticket.count_iteration(&name, &[]);
        } else {
            ticket.spent += u32::from(setback.counts() && !forgets(Mutant::AttemptNotCounted));
        }
        ticket.phase = Phase::Queued { judged: None };
        if setback.counts() {
            ticket.deaths = 0;
        }
        if let Setback::Weather {
            harness,
            weather,
            until,
        } = setback
        {
            self.night_mut("returned")?
                .weathered(now, harness, weather, *until);
        }
        self.place(id);
        Ok(())
    }

    /// Counts what a session used up, and opens the gate of its account when it was let work.
    pub(super) fn account_for(&mut self, id: &TicketId, session: &Session) -> Evolved {
        let ticket = self.ticket_mut("ended", id)?;
        ticket.used.add(session);
        let harness = match &ticket.phase {
            Phase::Active(active) => active.harness.clone(),
            Phase::Queued { .. } | Phase::Settled(_) => String::new(),
        };
        let night = self.night_mut("ended")?;
        night.used.add(session);
        // A session that was ended from outside says nothing about the provider.
        let was_let = !matches!(
            session.ending,
            Ending::Weather(_) | Ending::Stopped | Ending::NotStarted { .. }
        );
        if was_let {
            let account = night.terms.account(&harness).to_owned();
            night.waits.remove(&account);
        }
        Ok(())
    }

    pub(super) fn settle(&mut self, now: &Now, id: &TicketId, outcome: &Outcome) -> Evolved {
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
    pub(super) fn finish_attempt(
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
            iteration: None,
        });
        self.active = None;
        Ok(active.stage)
    }
}

impl Night {
    fn weathered(&mut self, now: &Now, harness: &str, weather: &Weather, until: Option<Timestamp>) {
        let Some(until) = until else {
            let closed = Closed {
                because: format!("{} of `{harness}`: {}", weather.kind.as_str(), weather.said),
                remedy: remedy(harness, weather.kind),
                since: now.at,
            };
            self.closed.insert(harness.to_owned(), closed);
            return;
        };
        let account = self.terms.account(harness).to_owned();
        let tries = self.waits.get(&account).map_or(0, |waits| waits.tries) + 1;
        let waits = Waits {
            weather: weather.clone(),
            since: now.clone(),
            until,
            tries,
        };
        self.waits.insert(account, waits);
    }
}

/// Returns whether an objective's own check is green: its agent's word is not asked.
fn is_reached(verdicts: &[Verdict]) -> bool {
    verdicts
        .iter()
        .any(|verdict| verdict.check == Check::Accept && verdict.class.is_green())
}

type Found = (
    Option<Session>,
    Option<Box<super::event::Taken>>,
    Vec<Verdict>,
    Vec<Verdict>,
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

fn may_clear(ticket: &TicketState) -> bool {
    match ticket.outcome() {
        Some(Outcome::Blocked(block)) => block.may_clear,
        Some(_) | None => false,
    }
}
