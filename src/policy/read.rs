//! Typed reading of a TOML table, every problem kept with its place.
//!
//! A [`Reader`] hands out what a key holds and notes what is missing, mistyped or unknown; it never
//! stops at the first problem. What the values mean is `parse`'s business.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::diagnostic::{Diagnostic, Severity, Source, nearest};

/// A value with its place in the file.
pub(super) type Placed<T> = (T, Range<usize>);

/// Reads tables of one file and gathers what is wrong in them.
pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    pub(super) problems: Vec<Diagnostic>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            problems: Vec::new(),
        }
    }

    /// Returns how many errors (not warnings) were noted so far.
    pub(super) fn errors(&self) -> usize {
        let error = |problem: &&Diagnostic| problem.severity == Severity::Error;
        self.problems.iter().filter(error).count()
    }

    /// Notes an error.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems
            .push(Diagnostic::error(code, message, self.source, span, help));
    }

    /// Notes every key of `table` that is not `known`.
    pub(super) fn only(&mut self, table: &DeTable<'_>, what: &str, known: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let help = match nearest(name, known.iter().copied()) {
                Some(meant) => format!("Did you mean `{meant}`?"),
                None => format!("Known here: {}.", known.join(", ")),
            };
            self.error(
                "unknown-key",
                key.span(),
                format!("expected a key of {what}, found `{name}`"),
                help,
            );
        }
    }

    /// Notes that a key is missing.
    pub(super) fn missing(&mut self, span: Range<usize>, what: &str, key: &str, help: &str) {
        let message = format!("expected `{key}` in {what}, found none");
        self.error("missing-key", span, message, help);
    }

    fn mistyped(&mut self, value: &Spanned<DeValue<'_>>, key: &str, expected: &str, help: &str) {
        let found = value.get_ref().type_str();
        let message = format!("expected {expected} for `{key}`, found {}", article(found));
        self.error("wrong-type", value.span(), message, help);
    }

    /// Returns the string under `key`.
    pub(super) fn string<'t>(
        &mut self,
        table: &'t DeTable<'_>,
        key: &str,
    ) -> Option<Placed<&'t str>> {
        let value = table.get(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.mistyped(value, key, "a string", "Write it in quotes.");
        }
        Some((text?, value.span()))
    }

    /// Returns the strings of the list under `key`, and where the list stands; items of another
    /// type are noted and left out.
    pub(super) fn strings<'t>(
        &mut self,
        table: &'t DeTable<'_>,
        key: &str,
    ) -> Vec<Placed<&'t str>> {
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            let help = format!("Write it in brackets: `{key} = [\"…\"]`.");
            self.mistyped(value, key, "a list of strings", &help);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text, item.span())),
                None => self.mistyped(item, key, "a string", "Write it in quotes."),
            }
        }
        texts
    }

    /// Returns whether `key` is true; it is false when it is not there.
    pub(super) fn flag(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        let Some(value) = table.get(key) else {
            return false;
        };
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.mistyped(value, key, "true or false", "Write it without quotes.");
        }
        flag.unwrap_or_default()
    }

    /// Returns the number under `key`.
    pub(super) fn number(&mut self, table: &DeTable<'_>, key: &str) -> Option<Placed<f64>> {
        let value = table.get(key)?;
        let text = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => {
                self.mistyped(value, key, "a number", "Write it without quotes.");
                return None;
            }
        };
        Some((text.parse().ok()?, value.span()))
    }

    /// Returns the whole number from 1 to 4294967295 under `key`.
    pub(super) fn count(&mut self, table: &DeTable<'_>, key: &str) -> Option<std::num::NonZeroU32> {
        let value = table.get(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.mistyped(value, key, "a whole number", "Write it without quotes.");
            return None;
        };
        let count = u32::from_str_radix(number.as_str(), number.radix())
            .ok()
            .and_then(std::num::NonZeroU32::new);
        if count.is_none() {
            self.error(
                "bad-value",
                value.span(),
                format!("expected a number from 1 for `{key}`, found {number}"),
                "To keep it from ever mattering, write a large number.",
            );
        }
        count
    }

    /// Returns the tables of `[[key]]`.
    pub(super) fn tables<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        key: &str,
    ) -> Vec<Placed<&'t DeTable<'i>>> {
        let help = format!("Write `[[{key}]]` above each.");
        let Some(value) = table.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(value, key, "a list of tables", &help);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span())),
                None => self.mistyped(item, key, "a table", &help),
            }
        }
        tables
    }

    /// Returns the table of `[key]`.
    pub(super) fn table<'t, 'i>(
        &mut self,
        table: &'t DeTable<'i>,
        key: &str,
    ) -> Option<Placed<&'t DeTable<'i>>> {
        let value = table.get(key)?;
        let inner = value.get_ref().as_table();
        if inner.is_none() {
            self.mistyped(value, key, "a table", &format!("Write `[{key}]` above it."));
        }
        Some((inner?, value.span()))
    }

    /// Returns the value that `word` names, out of `known`.
    pub(super) fn word<T: Copy>(
        &mut self,
        (word, span): &Placed<&str>,
        key: &str,
        known: &[(&str, T)],
    ) -> Option<T> {
        let found = known.iter().find(|(name, _)| name == word);
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let help = match nearest(word, names.iter().copied()) {
            Some(meant) => format!("Did you mean `{meant}`?"),
            None => format!("Known: {}.", names.join(", ")),
        };
        let message = format!(
            "expected one of {} for `{key}`, found `{word}`",
            names.join(", ")
        );
        self.error("unknown-value", span.clone(), message, help);
        None
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
