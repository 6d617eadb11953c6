//! The contract at `ticket`, `ask` and `tool`: which text is asked about, and what follows.
//!
//! Every method is pure. The first rule that matches decides; when none does, a ticket and a tool
//! call proceed, and a question parks, because nobody is there to answer it.

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

    /// Decides on a tool call. `input` is the command line, or the tool's input as JSON: then its
    /// command is asked about where it has one, else all of its texts, one a line. Rules' `paths`
    /// are asked about every path argument.
    pub fn at_tool(&self, facts: &TicketFacts, tool: &str, input: &str) -> Decision {
        let call = ToolCall::read(input);
        let paths: Vec<Cow<'_, str>> = call.paths.iter().map(Cow::from).collect();
        let mut decision = self.first(&subject(Point::Tool, facts, &call.text, &paths));
        if decision.rule.is_some() && decision.matched.is_empty() {
            decision.matched.push(tool.to_owned());
        }
        decision
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

/// A tool's input, as far as rules can look into it.
struct ToolCall {
    text: String,
    paths: Vec<String>,
}

impl ToolCall {
    fn read(input: &str) -> Self {
        match serde_json::from_str(input) {
            Ok(serde_json::Value::Object(fields)) => Self::from_fields(&fields),
            _ => Self {
                text: input.to_owned(),
                paths: words_like_paths(input),
            },
        }
    }

    fn from_fields(fields: &serde_json::Map<String, serde_json::Value>) -> Self {
        for name in ["command", "cmd", "script"] {
            if let Some(command) = fields.get(name) {
                let text = texts(command).join(" ");
                let paths = words_like_paths(&text);
                return Self { text, paths };
            }
        }
        let named = |name: &str| name.contains("path") || name.contains("file");
        Self {
            text: fields
                .values()
                .flat_map(texts)
                .collect::<Vec<_>>()
                .join("\n"),
            paths: fields
                .iter()
                .filter(|(name, _)| named(&name.to_lowercase()))
                .flat_map(|(_, value)| texts(value))
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// Returns every text in a value, at any depth.
fn texts(value: &serde_json::Value) -> Vec<&str> {
    match value {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(texts).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Returns the words of a command line that may be paths: whatever is neither an option nor bare
/// punctuation. A word that is none does no harm, because a glob must match it.
fn words_like_paths(command: &str) -> Vec<String> {
    command
        .split(|c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    '"' | '\'' | ';' | '|' | '&' | '=' | '>' | '<' | '(' | ')'
                )
        })
        .filter(|word| !word.is_empty() && !word.starts_with('-'))
        .map(str::to_owned)
        .collect()
}
