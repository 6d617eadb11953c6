//! The facts about one attempt, from its claim to its landing or return.

use super::{
    flight::Flight,
    trail::{Standing, first, holders, is_alone},
    violation::{Invariant, Violation},
    walk::{Kept, Landing, Rest, Walk},
};
use crate::{
    backlog::ticket::{Status, TicketId},
    clock::Now,
    config::budget::Budget,
    gate::verdict::{Check, Verdict},
    harness::event::Ending,
    machine::{Outcome, OutcomeKind, Session, Setback, Taken},
    policy::decision::Action,
    repo::id::{CommitId, TreeId},
    say::utterance::Utterance,
};

impl Walk {
    pub(super) fn claim(
        &mut self,
        now: &Now,
        id: &TicketId,
        attempt: u32,
        from: &CommitId,
        harness: &str,
    ) {
        self.must_stand(id, Standing::Queued, "claimed");
        for why in self.may_not_start(now, id, harness) {
            self.bad(Invariant::Order, format!("`{id}` was claimed {why}"));
        }
        self.check_caps(id);
        if self.tip.as_ref() != Some(from) {
            let evidence = format!("`{id}` was claimed at {from}, which is not the branch's tip");
            self.bad(Invariant::Branch, evidence);
        }
        if let Some(trail) = self.trails.get_mut(id) {
            if attempt <= trail.attempts {
                let evidence = format!("attempt {attempt} of `{id}` was begun twice");
                self.found
                    .push(Violation::new(Invariant::WorkKept, evidence));
            }
            trail.attempts = attempt;
            trail.standing = Standing::Flying;
            trail.used.attempts += 1;
        }
        self.used.attempts += 1;
        self.flight = Some(Flight::new(id, attempt, harness, from));
    }

    pub(super) fn may_not_start(&self, now: &Now, id: &TicketId, harness: &str) -> Vec<String> {
        let mut why = Vec::new();
        let mut no = |is: bool, text: &str| {
            if is {
                why.push(text.to_owned());
            }
        };
        no(!self.running, "after the run's end");
        no(self.halted, "though the night was halted");
        no(self.paused, "in a pause");
        no(self.stopping, "though a stop was asked for");
        no(
            self.closed.contains(harness),
            "for a harness that is closed",
        );
        no(
            !self.only.is_empty() && !self.only.contains(id),
            "though it is not part of the run",
        );
        if let Some(flight) = &self.flight {
            why.push(format!("while `{}` has the bench", flight.ticket));
        }
        if let Some(terms) = &self.terms
            && !self.jumped
            && let Some(rest) = self.rests.get(terms.account(harness))
        {
            let length = rest.until.duration_since(rest.since.at);
            let passed = i128::try_from(now.since(&rest.since).as_millis()).unwrap_or(i128::MAX);
            if now.at < rest.until && passed < length.as_millis() {
                why.push(format!("though `{harness}` rests until {}", rest.until));
            }
        }
        let depends_on = self.trails.get(id).map(|trail| &trail.facts.depends_on);
        for dependency in depends_on.into_iter().flatten() {
            let is_good = self.trails.get(dependency).is_some_and(|trail| {
                trail.facts.status == Status::Done
                    || match trail.standing {
                        Standing::Settled(kind) if kind.landed() => trail.within,
                        Standing::Settled(OutcomeKind::Parked) => trail.parked_alone,
                        Standing::Settled(_) | Standing::Queued | Standing::Flying => false,
                    }
            });
            if !is_good {
                why.push(format!("before `{dependency}`, on which it depends"));
            }
        }
        why
    }

    pub(super) fn check_caps(&mut self, id: &TicketId) {
        let (Some(terms), Some(trail)) = (&self.terms, self.trails.get(id)) else {
            return;
        };
        let cap = trail.facts.attempts.unwrap_or(terms.limits.attempts);
        let budgets = &terms.limits.budgets;
        let mut over = Vec::new();
        if trail.facts.iterations.is_none() && trail.spent >= cap {
            over.push(format!("{} of {cap} attempts", trail.spent));
        }
        if trail
            .facts
            .iterations
            .is_some_and(|most| trail.counted >= most || trail.idle >= 3)
        {
            let (idle, counted) = (trail.idle, trail.counted);
            over.push(format!(
                "{counted} iterations, {idle} of them in a row without a commit,"
            ));
        }
        if trail.tried > 0 {
            over.extend(trail.used.breach(&budgets.ticket));
        }
        over.extend(self.used.breach(&budgets.night));
        for what in over {
            let evidence = format!("`{id}` was claimed, with {what} used up");
            self.bad(Invariant::Budgets, evidence);
        }
    }

    pub(super) fn begin_work(&mut self, id: &TicketId) {
        let paused = self.paused;
        let Some(flight) = self.flying(id, "the start") else {
            return;
        };
        let again = flight.started;
        flight.started = true;
        if again {
            self.bad(
                Invariant::Order,
                format!("the agent on `{id}` was started twice"),
            );
        }
        if paused {
            self.bad(
                Invariant::Order,
                format!("the agent on `{id}` was started in a pause"),
            );
        }
    }

    pub(super) fn end_work(&mut self, id: &TicketId, session: &Session) {
        let asked = session.decision.as_ref().map(|decision| decision.action);
        let parks = |said: &Utterance| matches!(said, Utterance::Park(_));
        let halts = |said: &Utterance| matches!(said, Utterance::Halt { .. });
        let asks = (session.said.iter().any(parks) && asked != Some(Action::Proceed))
            || session.said.iter().any(halts);
        let Some(flight) = self.flying(id, "the end") else {
            return;
        };
        let in_order = flight.started && !flight.ended && !flight.orphaned;
        flight.ended = true;
        flight.asked = asks;
        let account = flight.harness.clone();
        if !in_order {
            let evidence = format!("the agent on `{id}` ended, but it was not known to run");
            self.bad(Invariant::Order, evidence);
        }
        if let Some(trail) = self.trails.get_mut(id) {
            trail.used.add(session);
        }
        self.used.add(session);
        let let_work = !matches!(
            session.ending,
            Ending::Weather(_) | Ending::Stopped | Ending::NotStarted { .. }
        );
        if let (true, Some(terms)) = (let_work, &self.terms) {
            self.rests.remove(terms.account(&account));
        }
    }

    pub(super) fn keep(&mut self, id: &TicketId, taken: &Taken) {
        let Some(flight) = self.flying(id, "kept work") else {
            return;
        };
        let in_order = (flight.ended || flight.orphaned) && flight.taken.is_none();
        flight.taken = Some(taken.clone());
        if !in_order {
            let evidence = format!("the work on `{id}` was kept before it ended, or twice");
            self.bad(Invariant::Order, evidence);
        }
        if self
            .kept
            .iter()
            .any(|kept| kept.reference == taken.reference)
        {
            let evidence = format!("`{}` was written twice", taken.reference);
            self.bad(Invariant::WorkKept, evidence);
        }
        self.kept.push(Kept {
            ticket: id.clone(),
            reference: taken.reference.clone(),
            commit: taken.work.commit.clone(),
        });
    }

    pub(super) fn gate(&mut self, id: &TicketId, verdicts: &[Verdict]) {
        if let Some(flight) = self.flying(id, "a gate") {
            flight.verdicts = Some(verdicts.to_vec());
        }
    }

    pub(super) fn begin_landing(&mut self, id: &TicketId, tree: &TreeId, parent: &CommitId) {
        let tip = self.tip.clone();
        let Some(flight) = self.flying(id, "a landing") else {
            return;
        };
        flight.landing = Some((tree.clone(), parent.clone()));
        let red = flight.may_not_land(tree);
        let asked = flight.asked;
        let held = flight
            .taken
            .as_ref()
            .is_some_and(|taken| matches!(taken.decision.action, Action::Park | Action::Halt));
        let from = flight.from.clone();
        if let Some(why) = red {
            self.bad(Invariant::Gated, format!("`{id}` lands, and {why}"));
        }
        if asked {
            let evidence = format!("`{id}` lands, though its agent asked what nobody answered");
            self.bad(Invariant::NoQuestion, evidence);
        }
        if held {
            let evidence = format!("`{id}` lands, though the contract parked its work");
            self.bad(Invariant::Gated, evidence);
        }
        if tip.as_ref() != Some(parent) || from != *parent {
            let evidence = format!("`{id}` lands on {parent}, which is not the branch's tip");
            self.bad(Invariant::Branch, evidence);
        }
    }

    pub(super) fn land(&mut self, id: &TicketId, commit: &CommitId) {
        let Some(flight) = self.flying(id, "a landing") else {
            return;
        };
        let landing = flight.landing.clone();
        let reached = flight
            .verdicts
            .iter()
            .flatten()
            .any(|verdict| verdict.check == Check::Accept && verdict.class.is_green());
        self.flight = None;
        match landing {
            None => {
                let evidence = format!("`{id}` landed before its landing was journaled");
                self.bad(Invariant::Order, evidence);
            }
            Some((tree, parent)) => self.landed.push(Landing {
                ticket: id.clone(),
                commit: commit.clone(),
                tree,
                parent,
            }),
        }
        self.tip = Some(commit.clone());
        if let Some(trail) = self.trails.get_mut(id) {
            trail.tried += 1;
            trail.idle = 0;
            trail.counted += 1;
            let goes_on = trail.facts.iterations.is_some() && !reached;
            trail.standing = if goes_on {
                Standing::Queued
            } else {
                trail.within = true;
                Standing::Settled(OutcomeKind::Done)
            };
        }
        let mut unblocked = Vec::new();
        for (id, trail) in &mut self.trails {
            let is_blocked = trail.standing == Standing::Settled(OutcomeKind::Blocked);
            if is_blocked && trail.may_clear && !trail.unblocked {
                trail.standing = first(trail.facts.status);
                trail.unblocked = true;
                unblocked.push(id.clone());
            }
        }
        for id in unblocked {
            self.free(&id);
        }
    }

    /// Takes the attempt off the bench: what its agent did must have been kept.
    pub(super) fn leave(&mut self, id: &TicketId, what: &str) {
        let Some(flight) = self.flying(id, what) else {
            return;
        };
        let lost = flight.started && flight.taken.is_none();
        let attempt = flight.attempt;
        self.flight = None;
        if lost {
            let evidence = format!("the work of attempt {attempt} on `{id}` was never kept");
            self.bad(Invariant::WorkKept, evidence);
        }
        if let Some(trail) = self.trails.get_mut(id) {
            trail.tried += 1;
        }
    }

    pub(super) fn give_back(&mut self, now: &Now, id: &TicketId, setback: &Setback) {
        self.leave(id, "the return");
        if let (Setback::Weather { harness, until, .. }, Some(terms)) = (setback, &self.terms) {
            match until {
                None => drop(self.closed.insert(harness.clone())),
                Some(until) => {
                    let rest = Rest {
                        since: now.clone(),
                        until: *until,
                    };
                    self.rests.insert(terms.account(harness).to_owned(), rest);
                }
            }
        }
        // By its kind, not by what the machine says of it.
        let counts = matches!(
            setback,
            Setback::Agent { .. } | Setback::NoChange | Setback::Red { .. }
        );
        if let Some(trail) = self.trails.get_mut(id) {
            trail.standing = Standing::Queued;
            if trail.facts.iterations.is_some() {
                trail.idle += u32::from(counts);
                trail.counted += u32::from(counts);
            } else {
                trail.spent += u32::from(counts);
            }
        }
    }

    pub(super) fn settle(&mut self, id: &TicketId, outcome: &Outcome) {
        let standing = self.trails.get(id).map(|trail| trail.standing);
        match standing {
            Some(Standing::Flying) => self.leave(id, "an outcome"),
            Some(Standing::Queued) => {}
            Some(Standing::Settled(_)) | None => {
                let evidence = format!("`{id}` was settled twice, or never seen");
                self.bad(Invariant::OneOutcome, evidence);
            }
        }
        let Some(trail) = self.trails.get_mut(id) else {
            return;
        };
        trail.standing = Standing::Settled(outcome.kind());
        trail.parked_alone = is_alone(outcome);
        trail.held_by = holders(outcome);
        trail.may_clear = matches!(outcome, Outcome::Blocked(block) if block.may_clear);
        let budgets = self.terms.as_ref().map(|terms| &terms.limits.budgets);
        let has_budget = budgets.is_some_and(|budgets| budgets.ticket != Budget::default());
        let is_failed = outcome.kind() == OutcomeKind::Failed;
        if is_failed && trail.spent == 0 && trail.facts.iterations.is_none() && !has_budget {
            let evidence = format!("`{id}` failed, and no attempt counts against it");
            self.found
                .push(Violation::new(Invariant::Budgets, evidence));
        }
    }
}
