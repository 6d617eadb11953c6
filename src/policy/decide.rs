//! The contract at `ticket` and `ask`: which text is asked about, and what follows.
//!
//! Every method is pure. The first rule that matches decides; when none does, a ticket
//! proceeds, and a question parks, because nobody is there to answer it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    decision::{Action, Decision, Point},
    matching::Subject,
    rule::{Answer, Policy},
};
use crate::{
    backlog::ticket::{Ticket, TicketFacts},
    say::utterance::Question,
};

/// What becomes of a question. Waiting for an answer is not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "then")]
pub enum AskDecision {
    /// The contract holds the answer.
    Answer(Answer),
    /// A rule lets the agent go on: it takes its own recommendation, or else the most conservative
    /// option, and records an assumption.
    Assume {
        /// The rule that said so.
        decision: Decision,
    },
    /// The ticket is recorded for a human and the night goes on.
    Park(Decision),
    /// The night stops.
    Halt(Decision),
}

impl Policy {
    /// Decides on a ticket before any work: on its title and body as written, and its own paths.
    pub fn at_ticket(&self, ticket: &Ticket) -> Decision {
        let text = ticket_text(ticket);
        let paths = borrowed(&ticket.facts.paths);
        self.first(&subject(Point::Ticket, &ticket.facts, &text, &paths))
    }

    /// Decides on a question of the agent: on the question, its options and its reason.
    pub fn at_ask(&self, facts: &TicketFacts, question: &Question) -> AskDecision {
        if let Some(answer) = self.answer_for(question) {
            return AskDecision::Answer(answer);
        }
        let text = question_text(question);
        let decision = self.first(&subject(Point::Ask, facts, &text, &[]));
        match decision.action {
            Action::Proceed if decision.rule.is_some() => AskDecision::Assume { decision },
            Action::Halt => AskDecision::Halt(decision),
            Action::Park | Action::Deny | Action::Proceed => AskDecision::Park(decision),
        }
    }

    /// Returns the first standing answer whose pattern matches the question with its options and
    /// its reason.
    pub fn answer_for(&self, question: &Question) -> Option<Answer> {
        self.answer_to_text(&question_text(question))
    }

    pub(super) fn answer_to_text(&self, text: &str) -> Option<Answer> {
        let mut answers = self.answers.iter().enumerate();
        let (index, answer) = answers.find(|(_, answer)| answer.ask.regex.is_match(text))?;
        Some(answer.given(index))
    }

    /// Returns what the first matching rule says, or what follows when none matches.
    pub(super) fn first(&self, subject: &Subject<'_>) -> Decision {
        for rule in &self.rules {
            if let Some(hit) = rule.matches(subject) {
                return rule.decision(subject.point, hit.words());
            }
        }
        let unmatched = Decision::unmatched(subject.point);
        if subject.point != Point::Ask {
            return unmatched;
        }
        Decision {
            action: Action::Park,
            because: "No rule and no standing answer covers this question.".to_owned(),
            ..unmatched
        }
    }
}

/// Returns a subject of this ticket.
pub(super) fn subject<'a>(
    point: Point,
    facts: &'a TicketFacts,
    text: &'a str,
    paths: &'a [Cow<'a, str>],
) -> Subject<'a> {
    Subject {
        point,
        text,
        paths,
        labels: &facts.labels,
        has_secret: false,
        ticket: Some(&facts.id),
        data: &[],
        opaque: None,
    }
}

pub(super) fn borrowed(paths: &[String]) -> Vec<Cow<'_, str>> {
    paths.iter().map(Cow::from).collect()
}

pub(super) fn ticket_text(ticket: &Ticket) -> String {
    format!("{}\n\n{}", ticket.facts.title, ticket.body)
}

fn question_text(question: &Question) -> String {
    let mut text = question.question.clone();
    for more in question.options.iter().chain(&question.because) {
        text.push('\n');
        text.push_str(more);
    }
    text
}
