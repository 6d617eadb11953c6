//! Secrets as findings: of what kind they are and where they stand, never what they are.

use super::redact::Redactor;

/// A secret that a text holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind, as it stands in `[redacted:KIND]`.
    pub kind: &'static str,
    /// The 1-based line in which it begins; 0 in a file's name.
    pub line: usize,
}

/// A secret that came into a file. Its value goes nowhere but into a redactor.
pub struct Added {
    /// What may be told of it.
    pub finding: Finding,
    value: String,
}

impl Added {
    /// The same, found in a file's name.
    #[must_use]
    pub fn in_name(mut self) -> Self {
        self.finding.line = 0;
        self
    }

    /// Whether this text holds the same secret.
    pub fn is_in(&self, text: &str) -> bool {
        if text.contains(&self.value) {
            return true;
        }
        // A key may have been moved into or out of a string, line by line.
        let mut lines = self.parts().peekable();
        lines.peek().is_some() && lines.all(|line| text.contains(line))
    }

    /// The lines of a secret of several lines, without what only frames them.
    fn parts(&self) -> impl Iterator<Item = &str> {
        let lines = self
            .value
            .split(['\n', '\r'])
            .flat_map(|line| line.split("\\n"));
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
        lines
            .map(move |line| line.trim_matches(|c| !is_base64(c)))
            .filter(|line| line.len() >= 16 && line.len() < self.value.len())
            .filter(|line| !line.contains("PRIVATE KEY"))
    }
}

impl Redactor {
    /// Returns the secrets in a text, in order.
    pub fn findings(&self, text: &str) -> Vec<Finding> {
        let added = self.added("", text);
        added.into_iter().map(|added| added.finding).collect()
    }

    /// Returns the secrets in a file's text that were not in it before, wherever they stood. One
    /// that stands there twice is told once.
    pub fn added(&self, before: &str, after: &str) -> Vec<Added> {
        let mut found: Vec<Added> = Vec::new();
        let (mut line, mut at) = (1, 0);
        for (range, kind) in self.find(after) {
            let skipped = after.get(at..range.start).unwrap_or_default();
            line += skipped.matches('\n').count();
            at = range.start;
            let secret = Added {
                finding: Finding { kind, line },
                value: after.get(range).unwrap_or_default().to_owned(),
            };
            let is_known = found.iter().any(|other| other.value == secret.value);
            if !is_known && (before.is_empty() || !secret.is_in(before)) {
                found.push(secret);
            }
        }
        found
    }

    /// Returns a redactor that also knows these secrets by their values, in all their forms: they
    /// are found where nothing beside them says what they are. Values under eight characters are
    /// not, as they are part of too many words.
    #[must_use]
    pub fn knowing<'a>(&self, added: impl Iterator<Item = &'a Added>) -> Self {
        self.with(added.flat_map(|secret| {
            let parts = secret.parts().map(str::to_owned);
            parts.chain([secret.value.clone()]).collect::<Vec<_>>()
        }))
    }
}
