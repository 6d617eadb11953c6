//! Why the contract decides as it does: the deciding rule, its words, and what else would have
//! matched.

use std::{borrow::Cow, fmt::Write, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    decide::{borrowed, subject, ticket_text},
    decision::{Action, Decision, Point},
    matching::Subject,
    rule::{Answer, Policy},
    shell::Call,
    tool,
};
use crate::{backlog::ticket::Ticket, sandbox::Redactor};

/// A decision with all that speaks for and against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The contract's file.
    pub policy: PathBuf,
    /// What is decided. At `ask` a standing answer reads as `proceed`.
    pub decision: Decision,
    /// The standing answer that is given, at `ask`; no rule is asked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Every rule that matched, or would have but for its `unless`, in the order of the file; of
    /// several calls, for the one that decided.
    pub considered: Vec<Considered>,
    /// At `tool`, the calls that the command line is read as.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Judged>,
}

/// One call of a command line, and what the contract says to it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The call in the form in which rules see it.
    pub call: String,
    /// What follows for this call.
    pub action: Action,
    /// The rule that decided; `None` when none matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why it cannot be judged, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opaque: Option<String>,
}

/// One rule that had something to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The rule's id.
    pub rule: String,
    /// The 1-based line of the rule.
    pub line: usize,
    /// What it says.
    pub action: Action,
    /// The words, paths and labels that matched; empty for a rule without a condition.
    pub matched: Vec<String>,
    /// Words that its `unless` excused.
    pub excused: Vec<String>,
    /// Whether it matched at all.
    pub matches: bool,
    /// Whether it decided.
    pub decided: bool,
}

impl Policy {
    /// Explains the decision on a ticket before any work.
    pub fn explain_ticket(&self, ticket: &Ticket) -> Explanation {
        let text = ticket_text(ticket);
        let paths = borrowed(&ticket.facts.paths);
        self.explain(&subject(Point::Ticket, &ticket.facts, &text, &paths))
    }

    /// Explains the decision on a text that belongs to no ticket. At `tool` it is a command line,
    /// or a tool's input as JSON. At `diff` its first line is taken for the path as well when it
    /// is a single word.
    pub fn explain_text(&self, text: &str, point: Point) -> Explanation {
        if point == Point::Tool {
            return self.explain_calls(&tool::read("", text));
        }
        let word = text.lines().next().unwrap_or_default().trim();
        let has_path = point == Point::Diff;
        let path = [Cow::Borrowed(word)];
        let single = has_path && !word.is_empty() && !word.contains(char::is_whitespace);
        self.explain(&Subject {
            point,
            text,
            paths: if single { &path } else { &[] },
            labels: &[],
            has_secret: point == Point::Diff && !Redactor::default().findings(text).is_empty(),
            ticket: None,
            data: &[],
            opaque: None,
        })
    }

    /// Explains the decision on the calls of one line, by the call that decides.
    fn explain_calls(&self, calls: &[Call]) -> Explanation {
        let mut judged = Vec::new();
        let mut deciding: Option<(Decision, &Call)> = None;
        for call in calls {
            let paths = borrowed(&call.paths);
            let decision = self.on_call(call, &tool::of_call(call, &paths));
            judged.push(Judged {
                call: call.text.clone(),
                action: decision.action,
                rule: decision.rule.clone(),
                opaque: call.opaque.map(|reason| reason.to_string()),
            });
            if deciding
                .as_ref()
                .is_none_or(|(kept, _)| decision.action > kept.action)
            {
                deciding = Some((decision, call));
            }
        }
        let unmatched = Call::default();
        let (decision, call) =
            deciding.unwrap_or_else(|| (Decision::unmatched(Point::Tool), &unmatched));
        let paths = borrowed(&call.paths);
        let mut explanation = self.explain_as(&tool::of_call(call, &paths), decision);
        explanation.calls = judged;
        explanation
    }

    fn explain(&self, subject: &Subject<'_>) -> Explanation {
        self.explain_as(subject, self.first(subject))
    }

    fn explain_as(&self, subject: &Subject<'_>, mut decision: Decision) -> Explanation {
        let mut answer = None;
        if subject.point == Point::Ask {
            answer = self.answer_to_text(subject.text);
        }
        if let Some(answer) = &answer {
            decision = Decision {
                line: Some(answer.line),
                because: answer.say.clone(),
                ..Decision::unmatched(Point::Ask)
            };
        }
        let considered = self.rules.iter().filter_map(|rule| {
            let hit = rule.matches(subject);
            let excused = rule.excused(subject);
            let considered = Considered {
                rule: rule.id.clone(),
                line: rule.line,
                action: rule.action,
                decided: decision.rule.as_ref() == Some(&rule.id),
                matches: hit.is_some(),
                matched: hit.map(super::matching::Hit::words).unwrap_or_default(),
                excused,
            };
            (considered.matches || !considered.excused.is_empty()).then_some(considered)
        });
        Explanation {
            policy: self.path.clone(),
            considered: considered.collect(),
            calls: Vec::new(),
            decision,
            answer,
        }
    }
}

impl Explanation {
    /// Returns the explanation as plain text, at most 80 columns wide where words allow.
    pub fn render(&self) -> String {
        let mut lines = vec![self.headline()];
        if !self.decision.because.is_empty() {
            lines.extend(wrapped("because", &self.decision.because));
        }
        if !self.decision.matched.is_empty() {
            lines.extend(wrapped("matched", &quoted(&self.decision.matched)));
        }
        for (index, judged) in self.calls.iter().enumerate() {
            if index == 0 {
                lines.push("read as:".to_owned());
            }
            lines.push(judged.line());
        }
        let others = |matches: bool| {
            let other = move |c: &&Considered| c.matches == matches && !c.decided;
            self.considered.iter().filter(other)
        };
        for (index, other) in others(true).enumerate() {
            if index == 0 {
                lines.push("also matched, not asked any more:".to_owned());
            }
            let name = format!(
                "{} `{}` (line {})",
                verb(other.action),
                other.rule,
                other.line
            );
            lines.extend(wrapped(&name, &quoted(&other.matched)));
        }
        let excused = self.considered.iter().filter(|c| !c.excused.is_empty());
        for (index, rule) in excused.enumerate() {
            if index == 0 {
                lines.push("excused by `unless`:".to_owned());
            }
            let name = format!("`{}` (line {})", rule.rule, rule.line);
            lines.extend(wrapped(&name, &quoted(&rule.excused)));
        }
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    fn headline(&self) -> String {
        let decision = &self.decision;
        let file = self.policy.display();
        if let Some(answer) = &self.answer {
            return format!("answered by the standing answer at {file}:{}", answer.line);
        }
        let mut line = verb(decision.action).to_owned();
        match (&decision.rule, decision.line) {
            (Some(rule), Some(at)) => _ = write!(line, ": rule `{rule}` at {file}:{at}"),
            _ => line.push_str(": no rule matches"),
        }
        if !decision.category.is_empty() {
            _ = write!(line, ", category {}", decision.category);
        }
        line
    }
}

impl Judged {
    /// Returns the call on one line, never broken: it is what a pattern is written for.
    fn line(&self) -> String {
        let mut line = format!("  {}", verb(self.action));
        if let Some(rule) = &self.rule {
            _ = write!(line, " `{rule}`");
        }
        if let Some(reason) = &self.opaque {
            _ = write!(line, " ({reason})");
        }
        format!("{line}: {}", self.call)
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Proceed => "proceed",
        Action::Deny => "deny",
        Action::Park => "park",
        Action::Halt => "halt",
    }
}

fn quoted(words: &[String]) -> String {
    if words.is_empty() {
        return "everything".to_owned();
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

/// Returns `name: text` in lines of at most 80 columns, indented, broken between words.
fn wrapped(name: &str, text: &str) -> Vec<String> {
    const WIDTH: usize = 80;
    let mut lines = Vec::new();
    let mut line = format!("  {name}:");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, "     ".to_owned()));
        }
        line.push(' ');
        line.push_str(word);
    }
    lines.push(line);
    lines
}
