//! The contract in plain words, for an agent that is to keep it.

use super::{
    decision::{Action, Point},
    rule::Policy,
};

impl Policy {
    /// Returns what an agent must leave to a human, each with the reason, without repetition.
    pub fn in_plain_words(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for rule in &self.rules {
            let asks = rule.on.contains(&Point::Ask) || rule.on.contains(&Point::Diff);
            if !asks || !matches!(rule.action, Action::Park | Action::Halt) {
                continue;
            }
            let name = if rule.category.is_empty() {
                &rule.id
            } else {
                &rule.category
            };
            let name = name.replace('_', " ");
            let line = if rule.because.is_empty() {
                name.clone()
            } else {
                format!("{name}: {}", rule.because)
            };
            let known = |other: &String| other.split(':').next() == Some(name.as_str());
            if !lines.iter().any(known) {
                lines.push(line);
            }
        }
        lines
    }

    /// Returns every standing answer: the pattern of its questions, and what it says.
    pub fn standing(&self) -> impl Iterator<Item = (&str, &str)> {
        self.answers
            .iter()
            .map(|answer| (answer.ask.regex.as_str(), answer.say.as_str()))
    }
}
