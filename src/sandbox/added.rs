//! Secrets as findings: of what kind they are and where they stand, never what they are.

use std::collections::HashSet;

use super::redact::Redactor;

/// How many secrets of one text are told. More of them is a dump, and one would do to stop it.
const MOST: usize = 200;

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
    /// Returns the secrets in a text, in order: the first 200 of them.
    pub fn findings(&self, text: &str) -> Vec<Finding> {
        let added = self.added("", text);
        added.into_iter().map(|added| added.finding).collect()
    }

    /// Returns the secrets in a file's text that were not in it before, wherever they stood: the
    /// first 200 of them. One that stands there twice is told once.
    pub fn added(&self, before: &str, after: &str) -> Vec<Added> {
        let mut found: Vec<Added> = Vec::new();
        let mut seen = HashSet::new();
        let (mut line, mut at) = (1, 0);
        for (range, kind) in self.find(after) {
            if found.len() == MOST {
                break;
            }
            let skipped = after.get(at..range.start).unwrap_or_default();
            line += skipped.matches('\n').count();
            at = range.start;
            let value = after.get(range).unwrap_or_default();
            if !seen.insert(value) {
                continue;
            }
            let secret = Added {
                finding: Finding { kind, line },
                value: value.to_owned(),
            };
            if before.is_empty() || !secret.is_in(before) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn token(seed: usize) -> String {
        let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let noise: String = (0..36)
            .map(|i| char::from(alphabet[(i * 37 + i * i * 11 + seed * 53) % 62]))
            .collect();
        format!("gh{}_{noise}", "p")
    }

    fn told(before: &str, after: &str) -> Vec<(&'static str, usize)> {
        let added = Redactor::default().added(before, after);
        let finding = |added: Added| (added.finding.kind, added.finding.line);
        added.into_iter().map(finding).collect()
    }

    #[test]
    fn what_was_there_before_is_not_added() {
        let (old, new) = (token(1), token(2));
        let before = format!("a = 1\ntoken = \"{old}\"\n");
        assert_eq!(told(&before, &before), []);
        let moved = format!("b = 2\n\nif c {{\n    token = \"{old}\" // moved\n}}\n");
        assert_eq!(told(&before, &moved), []);
        let more = format!("{before}{new}\nagain {new}\n");
        assert_eq!(told(&before, &more), [("github-token", 3)]);
        assert_eq!(told("", &more), [("github-token", 2), ("github-token", 3)]);
    }

    #[test]
    fn blanks_and_examples_are_no_findings() {
        for text in [
            "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "password = \"changeme\"; password = \"<password>\"; PASSWORD=$PASSWORD",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        ] {
            assert_eq!(told("", text), [], "{text}");
        }
    }

    #[test]
    fn a_key_is_the_same_with_other_indentation_and_as_a_string() {
        let lines: Vec<String> = (1..5).map(|seed| token(seed).replace('_', "+")).collect();
        let (begin, end) = ("-----BEGIN EC PRIV", "-----END EC PRIV");
        let block = |between: &str| {
            let rest = "ATE KEY-----";
            let body = lines.join(between);
            format!("{begin}{rest}{between}{body}{between}{end}{rest}")
        };
        let before = block("\n");
        assert_eq!(told("", &before), [("private-key", 1)]);
        assert_eq!(told(&before, &format!("key = |\n  {}", block("\n  "))), []);
        assert_eq!(told(&before, &format!("\"{}\"", block("\\n"))), []);
    }

    #[test]
    fn what_came_in_is_known_where_nothing_gives_it_away() {
        let redactor = Redactor::default();
        let text = "DB_PASSWORD=Xq9!vTz4pL\n";
        let added = redactor.added("", text);
        assert_eq!(redactor.redact("it is Xq9!vTz4pL"), "it is Xq9!vTz4pL");
        let knowing = redactor.knowing(added.iter());
        assert_eq!(knowing.redact("it is Xq9!vTz4pL"), "it is [redacted:added]");
        assert_eq!(knowing.redact(text), "DB_PASSWORD=[redacted:password]\n");
    }
}
