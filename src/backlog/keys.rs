//! What the keys of a ticket's front matter mean.
//!
//! Backlog.md's task files are read as they are: `dependencies`, `ordinal`, its words for priority
//! and status; its other keys are kept in [`Keys::extra`]. A value of the wrong type is an error,
//! because a misread dependency or check would be worse than a ticket left out.

mod mode;
mod requires;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    time::Duration,
};

use self::mode::Mode;
pub(super) use self::mode::{ITERATIONS, MOST_ITERATIONS};
use super::{
    front::{Field, Value, find},
    requirement::Requirement,
    ticket::{Priority, Status, TicketId},
};
use crate::{
    config::{check_glob, parse_duration},
    diagnostic::{Diagnostic, Source, nearest},
};

/// Every key that means something.
pub(super) const KNOWN: [&str; 18] = [
    "id",
    "title",
    "priority",
    "ordinal",
    "depends_on",
    "dependencies",
    "labels",
    "paths",
    "gate",
    "accept",
    "requires",
    "harness",
    "model",
    "timeout",
    "attempts",
    "mode",
    "iterations",
    "status",
];

/// What the front matter says.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) id: Option<TicketId>,
    pub(super) title: Option<String>,
    pub(super) priority: Priority,
    pub(super) ordinal: Option<i64>,
    /// Each with its place.
    pub(super) depends_on: Vec<(TicketId, Range<usize>)>,
    pub(super) labels: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) gate: Option<(String, Range<usize>)>,
    pub(super) accept: Option<(String, Range<usize>)>,
    pub(super) requires: Vec<Requirement>,
    pub(super) harness: Option<String>,
    pub(super) model: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) attempts: Option<u32>,
    /// With its place.
    mode: Option<(Mode, Range<usize>)>,
    /// With its place.
    iterations: Option<(u32, Range<usize>)>,
    pub(super) status: Status,
    pub(super) extra: BTreeMap<String, String>,
}

/// Reads the fields; notes what is wrong with them in `found`.
pub(super) fn read(source: &Source, fields: Vec<Field>, found: &mut Vec<Diagnostic>) -> Keys {
    let mut keys = Keys::default();
    let mut seen: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for field in fields {
        if let Some(first) = seen.get(&field.name) {
            let message = format!("`{}` is written twice", field.name);
            let help = "take one of the two out";
            found.push(
                Diagnostic::error("duplicate-key", message, source, field.key, help)
                    .labelled("again here")
                    .with(first.clone(), "first here"),
            );
            continue;
        }
        seen.insert(field.name.clone(), field.key.clone());
        let mut one = One {
            source,
            field: &field,
            found,
        };
        match &*field.name {
            "id" => {
                keys.id = one.scalar("fix-login").and_then(|text| {
                    let place = one.place_of(&text);
                    one.id(&text, place)
                });
            }
            "title" => keys.title = one.scalar("Fix the login timeout"),
            "priority" => keys.priority = one.priority().unwrap_or_default(),
            "ordinal" => keys.ordinal = one.ordinal(),
            "depends_on" | "dependencies" => keys.depends_on.extend(one.ids()),
            "labels" => keys.labels = one.labels(),
            "paths" => keys.paths = one.paths(),
            "gate" => keys.gate = one.command("cargo test"),
            "accept" => keys.accept = one.command("cargo test login"),
            "requires" => keys.requires = one.requires(),
            "harness" => keys.harness = one.command("claude").map(|(name, _)| name),
            "model" => keys.model = one.command("opus").map(|(name, _)| name),
            "timeout" => keys.timeout = one.timeout(),
            "attempts" => keys.attempts = one.attempts(),
            "mode" => keys.mode = one.mode(),
            "iterations" => keys.iterations = one.iterations(),
            "status" => keys.status = one.status(),
            _ => {
                one.maybe_misspelt();
                keys.extra.insert(field.name.clone(), as_text(&field.value));
            }
        }
    }
    keys.depends_on.sort_by_key(|(_, place)| place.start);
    let mut known = BTreeSet::new();
    keys.depends_on.retain(|(id, _)| known.insert(id.clone()));
    keys
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Nothing => String::new(),
        Value::Text(text) | Value::Plain(text) => text.clone(),
        Value::List(_) | Value::Map(_) => value.to_json().to_string(),
    }
}

/// One field and where its problems go.
struct One<'a> {
    source: &'a Source,
    field: &'a Field,
    found: &'a mut Vec<Diagnostic>,
}

impl One<'_> {
    fn error(
        &mut self,
        code: &'static str,
        place: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let error = Diagnostic::error(code, message, self.source, place, help);
        self.found.push(error);
    }

    fn place(&self) -> Range<usize> {
        self.field.place(&self.source.text)
    }

    fn place_of(&self, item: &str) -> Range<usize> {
        self.field.place_of(&self.source.text, item)
    }

    fn wrong_type(&mut self, wanted: &str, example: &str) {
        let name = &self.field.name;
        let found = match self.field.value {
            Value::Nothing => "nothing",
            Value::Text(_) | Value::Plain(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a set of keys",
        };
        let message = format!("`{name}` must be {wanted}, and this is {found}");
        let help = format!("write it as in `{name}: {example}`");
        self.error("wrong-type", self.place(), message, help);
    }

    /// Returns a single value as text; `None` when there is none, or when it is not a single one.
    fn scalar(&mut self, example: &str) -> Option<String> {
        match &self.field.value {
            Value::Nothing => None,
            Value::Text(text) | Value::Plain(text) => Some(text.trim().to_owned()),
            Value::List(_) | Value::Map(_) => {
                self.wrong_type("a single value", example);
                None
            }
        }
    }

    /// Returns a list of texts; `None` in it never: what is not a text is noted.
    fn list(&mut self, example: &str) -> Vec<String> {
        let items = match &self.field.value {
            Value::Nothing => return Vec::new(),
            Value::Text(text) | Value::Plain(text) => return vec![text.clone()],
            Value::List(items) => items,
            Value::Map(_) => {
                self.wrong_type("a list", example);
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for item in items {
            match item {
                Value::Text(text) | Value::Plain(text) => texts.push(text.clone()),
                Value::Nothing | Value::List(_) | Value::Map(_) => {
                    self.wrong_type("a list of single values", example);
                    return Vec::new();
                }
            }
        }
        texts
    }

    fn id(&mut self, text: &str, place: Range<usize>) -> Option<TicketId> {
        let error = match text.parse::<TicketId>() {
            Ok(id) => return Some(id),
            Err(error) => error,
        };
        let help = "use letters, digits, `-` and `_`, such as `fix-login`";
        self.error("bad-id", place, error.to_string(), help);
        None
    }

    fn ids(&mut self) -> Vec<(TicketId, Range<usize>)> {
        let texts = self.list("[ledger, sessions]");
        let words = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        // Each is looked for behind the one before it, for there may be thousands. What is not
        // found as it is written ends the search: the rest get the place of all.
        let mut rest = self.field.region.clone();
        let mut ids = Vec::new();
        for word in words.filter(|word| !word.is_empty()) {
            let found = find(&self.source.text, word, rest.clone());
            rest.start = found.as_ref().map_or(rest.end, |place| place.end);
            let place = found.unwrap_or_else(|| self.place());
            if let Some(id) = self.id(word, place.clone()) {
                ids.push((id, place));
            }
        }
        ids
    }

    fn labels(&mut self) -> Vec<String> {
        let before = self.found.len();
        let texts = self.list("[backend, auth]");
        for problem in self.found.iter_mut().skip(before) {
            // A ticket can be worked without its labels.
            problem.severity = crate::diagnostic::Severity::Warning;
        }
        let words = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn paths(&mut self) -> Vec<String> {
        let mut paths = self.list("[\"src/**\"]");
        paths.retain(|path| {
            let Err(reason) = check_glob(path) else {
                return true;
            };
            let message = format!("`{path}` is not a usable pattern: {reason}");
            let help = "write it as in \"src/auth/**\" or \"**/*.sql\"";
            self.error("bad-glob", self.place_of(path), message, help);
            false
        });
        paths
    }

    /// Returns a text that is not empty, and the key's place.
    fn command(&mut self, example: &str) -> Option<(String, Range<usize>)> {
        let text = self.scalar(example)?;
        let name = &self.field.name;
        if text.is_empty() {
            let message = format!("`{name}` is empty");
            let help = format!("write it as in `{name}: {example}`, or take the line out");
            self.error("empty-value", self.place(), message, help);
            return None;
        }
        if text.contains('\0') {
            let message = format!("`{name}` contains a NUL byte");
            self.error("bad-value", self.place(), message, "take it out");
            return None;
        }
        Some((text, self.field.key.clone()))
    }

    fn priority(&mut self) -> Option<Priority> {
        let text = self.scalar("2")?;
        match &*text.to_ascii_lowercase() {
            "1" | "critical" => Some(Priority(1)),
            "2" | "high" => Some(Priority(2)),
            "3" | "medium" => Some(Priority(3)),
            "4" | "low" => Some(Priority(4)),
            "5" => Some(Priority(5)),
            "" => None,
            _ => {
                let message = format!("`{text}` is not a priority");
                let help = "write 1 (critical), 2 (high), 3 (medium), 4 (low) or 5 (whenever)";
                self.error("bad-value", self.place(), message, help);
                None
            }
        }
    }

    /// Backlog.md halves the gap between two tasks when one is moved between them, so an ordinal
    /// may have a fraction; only its whole part counts.
    fn ordinal(&mut self) -> Option<i64> {
        let text = self.scalar("1000")?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` takes the nearest whole number"
        )]
        let whole = text
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|number| number as i64);
        if whole.is_none() {
            self.found.push(Diagnostic::warning(
                "bad-value",
                format!("`{text}` is not a number, so the ticket has no ordinal"),
                self.source,
                self.place(),
                "write a number such as 1000, or take the line out",
            ));
        }
        whole
    }

    fn timeout(&mut self) -> Option<Duration> {
        let text = self.scalar("45m")?;
        match parse_duration(&text) {
            Ok(length) => Some(length),
            Err(error) => {
                let message = format!("`timeout` is not usable: {error}");
                let help = "write it as in \"45m\", \"1h 30m\" or \"90s\"";
                self.error("bad-duration", self.place(), message, help);
                None
            }
        }
    }

    fn attempts(&mut self) -> Option<u32> {
        let text = self.scalar("3")?;
        let number = text.parse().ok().filter(|number| (1..=20).contains(number));
        if number.is_none() {
            let help = "choose a number in this range";
            self.error(
                "bad-value",
                self.place(),
                "`attempts` must be between 1 and 20",
                help,
            );
        }
        number
    }

    fn status(&mut self) -> Status {
        let text = self.scalar("draft").unwrap_or_default();
        match &*text.to_ascii_lowercase() {
            "draft" => Status::Draft,
            "done" => Status::Done,
            _ => Status::Ready,
        }
    }

    /// Warns of a key that is one slip away from one that means something.
    fn maybe_misspelt(&mut self) {
        let name = &self.field.name;
        let bare = |name: &str| name.to_ascii_lowercase().replace(['-', '_', ' '], "");
        let near = KNOWN
            .into_iter()
            .find(|known| bare(known) == bare(name))
            .or_else(|| {
                let near = nearest(name, KNOWN)?;
                let slip = name.len() > 3 && strsim::osa_distance(name, near) == 1;
                (slip && name.chars().next() == near.chars().next()).then_some(near)
            });
        if let Some(near) = near {
            self.found.push(Diagnostic::warning(
                "maybe-misspelt",
                format!("`{name}` means nothing to nightshift"),
                self.source,
                self.field.key.clone(),
                format!("did you mean `{near}`?"),
            ));
        }
    }
}
