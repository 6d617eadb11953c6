//! Decisions to make: what is parked, of this night or an earlier one.

use jiff::Timestamp;
use serde::Serialize;

use super::{check::CheckLine, names::Names, view::View, work::WorkLine};
use crate::{
    backlog::ticket::TicketId,
    machine::{Outcome, OutcomeKind, Park, Raised, TicketState},
    policy::decision::{Decision, Point, Scope},
    report::{
        command,
        rank::{Parts, Score, order, severity},
    },
};

/// A decision to make.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// Who raised it.
    pub raised: Raised,
    /// The question.
    pub question: String,
    /// The answers that the agent sees.
    pub options: Vec<String>,
    /// Which it would take.
    pub recommend: Option<String>,
    /// Why it is not decided already.
    pub because: Option<String>,
    /// The rule that wants a human; `None` when no rule took part.
    pub rule: Option<RuleRef>,
    /// What waits with it.
    pub scope: Scope,
    /// What it holds up.
    pub holds: Names,
    /// Its work; `None` when there is none, or an earlier night has it.
    pub work: Option<WorkLine>,
    /// What the checks say of that work; empty when they did not run.
    pub checks: Vec<CheckLine>,
    /// When it was parked.
    pub since: Option<Timestamp>,
    /// The earlier night that parked it; `None` when it was this one.
    pub night: Option<String>,
    /// The command that lists what an earlier night kept of it; `None` for this night.
    pub earlier_work: Option<String>,
    /// Whether its file is gone from the backlog.
    pub gone: bool,
    /// The command that answers it.
    pub answer: String,
}

/// A rule, and what it matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleRef {
    /// Its id.
    pub id: String,
    /// Its line in the contract; `None` for a built-in one.
    pub line: Option<usize>,
    /// Its category; empty when it names none.
    pub category: String,
    /// Where it was asked.
    pub point: Point,
    /// Its reason; empty when it names none.
    pub because: String,
    /// The words, paths or labels that matched.
    pub matched: Vec<String>,
}

/// Returns the decisions to make, the most pressing first.
pub(super) fn decisions(view: View<'_>) -> Vec<DecisionLine> {
    let mut lines: Vec<_> = view
        .all(OutcomeKind::Parked)
        .filter_map(|(id, ticket)| {
            let outcome = ticket.outcome()?;
            let park = view.state.park(id)?;
            Some(decision(view, ticket, outcome, park))
        })
        .collect();
    lines.sort_by(|a, b| order((&a.score, &a.id), (&b.score, &b.id)));
    lines
}

fn decision(view: View<'_>, ticket: &TicketState, outcome: &Outcome, park: &Park) -> DecisionLine {
    let id = &ticket.facts.id;
    let holds = Names::of(view.waiting.on(id));
    let attempt = ticket.tried.last();
    let work = attempt.and_then(WorkLine::of);
    let parts = Parts {
        severity: severity(outcome),
        waiting: holds.count,
        hours: view.hours(ticket),
        ..Parts::default()
    };
    let earlier = ticket.settled_in.clone().filter(|_| !view.tonight(ticket));
    DecisionLine {
        id: id.clone(),
        title: ticket.facts.title.clone(),
        score: Score::of(WorkLine::weigh(work.as_ref(), parts)),
        raised: park.raised,
        question: park.question.question.clone(),
        options: park.question.options.clone(),
        recommend: park.question.recommend.clone(),
        because: park.question.because.clone(),
        rule: park.decision.as_ref().and_then(RuleRef::of),
        scope: park.scope,
        holds,
        checks: attempt
            .map(|attempt| attempt.verdicts.iter().map(CheckLine::of).collect())
            .unwrap_or_default(),
        since: ticket.settled_at,
        earlier_work: earlier
            .as_ref()
            .filter(|_| work.is_none() && ticket.attempts > 0)
            .map(|night| command::attempts(night, id)),
        work,
        night: earlier,
        gone: !ticket.present,
        answer: command::answer(id),
    }
}

impl RuleRef {
    fn of(decision: &Decision) -> Option<Self> {
        Some(Self {
            id: decision.rule.clone()?,
            line: decision.line,
            category: decision.category.clone(),
            point: decision.point,
            because: decision.because.clone(),
            matched: decision.matched.clone(),
        })
    }
}
