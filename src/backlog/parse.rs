//! One ticket out of one file's bytes.

use std::{collections::BTreeMap, ops::Range};

use globset::Glob;
use serde_yaml::Value;

use super::{
    body::{self, Body},
    front::Front,
    ticket::{Priority, Status, Ticket, TicketFacts, TicketId},
};
use crate::{
    config::duration,
    diagnostic::{Diagnostic, Source},
};

/// How long a title may be, in characters.
const TITLE: usize = 200;
/// How often a ticket may be tried.
const ATTEMPTS: u64 = 20;

/// Reads a ticket; `file` is its path relative to the backlog folder, `shown` as diagnostics name
/// it. Without a ticket there is at least one error.
pub fn parse_ticket(file: &str, shown: &str, bytes: &[u8]) -> (Option<Ticket>, Vec<Diagnostic>) {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = String::from_utf8_lossy(valid).into_owned();
            let at = text.len();
            let source = Source::new(shown, text);
            let message = "expected UTF-8, found a byte that is not";
            let help = "Save the file as UTF-8.";
            return (
                None,
                vec![Diagnostic::error(
                    "not-utf-8",
                    message,
                    &source,
                    at..at,
                    help,
                )],
            );
        }
    };
    let source = Source::new(shown, text);
    if let Some(at) = text.find('\0') {
        let help = "Remove it; a ticket is text.";
        let message = "expected text, found a NUL byte";
        return (
            None,
            vec![Diagnostic::error(
                "nul-byte",
                message,
                &source,
                at..at + 1,
                help,
            )],
        );
    }
    let front = match Front::read(&source) {
        Ok(front) => front,
        Err(problem) => return (None, vec![problem]),
    };
    let body_text = text.get(front.body..).unwrap_or_default();
    let mut reading = Reading {
        source: &source,
        front: &front,
        problems: Vec::new(),
    };
    let ticket = reading.ticket(file, bytes, body_text);
    let problems = reading.problems;
    let sound = problems
        .iter()
        .all(|p| p.severity != crate::diagnostic::Severity::Error);
    (ticket.filter(|_| sound), problems)
}

struct Reading<'a> {
    source: &'a Source,
    front: &'a Front,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn ticket(&mut self, file: &str, bytes: &[u8], body_text: &str) -> Option<Ticket> {
        let body = body::read(body_text);
        let id = self.id(file);
        let title = self.title(&body, file);
        if body_text.trim().is_empty() {
            let end = self.source.text.len();
            let message = "expected a sentence that says what to do, found an empty body";
            let help = "Write below the front matter what is wanted, and how it is checked.";
            self.error("empty-body", message, end..end, help);
        }
        let accept = self.command("accept", body.accept);
        let gate = self.command("gate", body.gate);
        let depends_on = self.ids();
        let facts = TicketFacts {
            id: id?,
            title,
            file: file.to_owned(),
            hash: blake3::hash(bytes).to_hex().to_string(),
            priority: self.priority(),
            ordinal: self.ordinal(),
            depends_on,
            labels: self.words("labels"),
            paths: self.globs(),
            attempts: self.attempts(),
            status: self.status(),
        };
        Some(Ticket {
            facts,
            body: body_text.trim().to_owned(),
            gate,
            accept,
            harness: self.string("harness"),
            model: self.string("model"),
            timeout: self.timeout(),
            extra: self.extra(),
        })
    }

    fn error(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        at: Range<usize>,
        help: &str,
    ) {
        self.problems
            .push(Diagnostic::error(code, message, self.source, at, help));
    }

    fn id(&mut self, file: &str) -> Option<TicketId> {
        let stem = file
            .rsplit('/')
            .next()
            .unwrap_or(file)
            .trim_end_matches(".md");
        let (text, at) = match self.front.get("id") {
            Some(_) => (
                self.string("id")?,
                self.front.value_place(self.source, "id"),
            ),
            None => (stem.to_owned(), 0..0),
        };
        match text.parse::<TicketId>() {
            Ok(id) => Some(id),
            Err(error) => {
                let help = "Give it an `id:` of letters, digits, `.`, `_` and `-`.";
                self.error("bad-id", error.to_string(), at, help);
                None
            }
        }
    }

    fn title(&mut self, body: &Body, file: &str) -> String {
        let title = self.string("title").or_else(|| body.heading.clone());
        let title = title.unwrap_or_else(|| file.trim_end_matches(".md").to_owned());
        let plain: String = title
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(TITLE)
            .collect();
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Returns the text of a key that holds a scalar.
    fn string(&mut self, key: &str) -> Option<String> {
        match self.front.get(key)? {
            Value::Null => None,
            Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => {
                let at = self.front.place(self.source, key);
                let message = format!("expected a text for `{key}`, found something else");
                self.error(
                    "wrong-type",
                    message,
                    at,
                    "Write it on one line, in quotes if need be.",
                );
                None
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                self.front.text(self.source, key)
            }
        }
    }

    fn command(&mut self, key: &str, section: Option<String>) -> Option<String> {
        let own = self
            .string(key)
            .filter(|command| !command.trim().is_empty());
        if own.is_some() && section.is_some() {
            let at = self.front.place(self.source, key);
            let message = format!("`{key}` is given twice: here, and by its section in the body");
            let help = "The one of the front matter is used; remove the other.";
            self.problems.push(Diagnostic::warning(
                "given-twice",
                message,
                self.source,
                at,
                help,
            ));
        }
        own.or(section)
    }

    /// Returns the words of a key that holds a list, or one text with commas.
    fn words(&mut self, key: &str) -> Vec<String> {
        let wrong = |reading: &mut Self| {
            let at = reading.front.place(reading.source, key);
            let message = format!("expected a list of words for `{key}`, found something else");
            reading.error(
                "wrong-type",
                message,
                at,
                &format!("Write it like `{key}: [a, b]`."),
            );
        };
        match self.front.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => text
                .split(',')
                .map(str::trim)
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
                .collect(),
            Some(Value::Number(number)) => vec![number.to_string()],
            Some(Value::Sequence(items)) => {
                let mut words = Vec::new();
                for item in items {
                    match item {
                        Value::String(text) => words.push(text.trim().to_owned()),
                        Value::Number(number) => words.push(number.to_string()),
                        Value::Null
                        | Value::Bool(_)
                        | Value::Sequence(_)
                        | Value::Mapping(_)
                        | Value::Tagged(_) => {
                            wrong(self);
                            return words;
                        }
                    }
                }
                words
            }
            Some(Value::Bool(_) | Value::Mapping(_) | Value::Tagged(_)) => {
                wrong(self);
                Vec::new()
            }
        }
    }

    fn ids(&mut self) -> Vec<TicketId> {
        let key = if self.front.get("depends_on").is_some() {
            "depends_on"
        } else {
            "dependencies"
        };
        let mut ids: Vec<TicketId> = Vec::new();
        for word in self.words(key) {
            match word.parse() {
                Ok(id) if !ids.contains(&id) => ids.push(id),
                Ok(_) => {}
                Err(error) => {
                    let error: super::ticket::BadTicketId = error;
                    let at = self.word_place(key, &word);
                    self.error(
                        "bad-id",
                        error.to_string(),
                        at,
                        "Name the ticket by its id.",
                    );
                }
            }
        }
        ids
    }

    /// Returns where a word of a list stands: looked for from its key on.
    fn word_place(&self, key: &str, word: &str) -> Range<usize> {
        let at = self.front.place(self.source, key);
        let rest = self
            .source
            .text
            .get(at.end..self.front.body)
            .unwrap_or_default();
        rest.find(word).map_or(at.clone(), |found| {
            at.end + found..at.end + found + word.len()
        })
    }

    fn globs(&mut self) -> Vec<String> {
        let paths = self.words("paths");
        for path in &paths {
            if let Err(error) = Glob::new(path) {
                let at = self.word_place("paths", path);
                let message = format!("expected a glob, but {}", error.kind());
                self.error(
                    "bad-glob",
                    message,
                    at,
                    "Write it like `src/**` or `docs/*.md`.",
                );
            }
        }
        paths
    }

    fn priority(&mut self) -> Priority {
        let Some(text) = self.string("priority") else {
            return Priority::default();
        };
        match text.to_ascii_lowercase().as_str() {
            "" => Priority::default(),
            "1" | "critical" => Priority(1),
            "2" | "high" => Priority(2),
            "3" | "medium" => Priority(3),
            "4" | "low" => Priority(4),
            "5" => Priority(5),
            _ => {
                let at = self.front.value_place(self.source, "priority");
                let message = format!("expected a priority, found `{text}`");
                let help = "Write 1 to 5, or critical, high, medium, low.";
                self.error("bad-priority", message, at, help);
                Priority::default()
            }
        }
    }

    fn ordinal(&mut self) -> Option<i64> {
        let value = self.front.get("ordinal")?;
        let number = value.as_i64();
        // Backlog.md writes large steps, sometimes as a float.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a place in line; the order is kept"
        )]
        let number = number.or_else(|| value.as_f64().map(|float| float as i64));
        if number.is_none() && !value.is_null() {
            let at = self.front.value_place(self.source, "ordinal");
            self.error(
                "wrong-type",
                "expected a number for `ordinal`",
                at,
                "Write a number.",
            );
        }
        number
    }

    fn attempts(&mut self) -> Option<u32> {
        let value = self.front.get("attempts")?;
        match value.as_u64() {
            Some(count @ 1..=ATTEMPTS) => u32::try_from(count).ok(),
            Some(_) | None => {
                let at = self.front.value_place(self.source, "attempts");
                let message = format!("expected 1 to {ATTEMPTS} for `attempts`");
                self.error("bad-value", message, at, "Three attempts are usual.");
                None
            }
        }
    }

    fn status(&mut self) -> Status {
        match self
            .string("status")
            .map(|text| text.to_ascii_lowercase())
            .as_deref()
        {
            Some("draft") => Status::Draft,
            Some("done") => Status::Done,
            Some(_) | None => Status::Ready,
        }
    }

    fn timeout(&mut self) -> Option<std::time::Duration> {
        let text = self.string("timeout")?;
        match duration(&text) {
            Ok(found) => Some(found),
            Err(message) => {
                let at = self.front.value_place(self.source, "timeout");
                let message = format!("{message} for `timeout`");
                self.error(
                    "bad-duration",
                    message,
                    at,
                    "Write it like `45m`, `1h 30m` or `90s`.",
                );
                None
            }
        }
    }

    /// Returns the keys that mean nothing here, as their author wrote them.
    fn extra(&self) -> BTreeMap<String, String> {
        const KNOWN: [&str; 15] = [
            "id",
            "title",
            "priority",
            "depends_on",
            "dependencies",
            "labels",
            "paths",
            "gate",
            "accept",
            "harness",
            "model",
            "timeout",
            "attempts",
            "status",
            "ordinal",
        ];
        self.front
            .iter()
            .filter(|(key, _)| !KNOWN.contains(key))
            .map(|(key, value)| {
                let text = self.front.text(self.source, key);
                let text = text
                    .or_else(|| serde_json::to_string(value).ok())
                    .unwrap_or_default();
                (key.to_owned(), text)
            })
            .collect()
    }
}
