//! Reads values out of a parsed TOML table and notes every one that is not what it should be.
//!
//! [`Walk`] knows kinds of values (a text, a length of time, a path), not keys; which keys there
//! are is `parse.rs`'s business. Each method returns `None` when it has noted a problem, so that
//! the default stays and the walk goes on.

use std::{ops::Range, path::Component, path::Path, time::Duration};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{BadDuration, check_glob, parse_duration};
use crate::diagnostic::{Diagnostic, Source, nearest};

/// A key as it stands in the file.
pub(super) type Key<'i> = Spanned<DeString<'i>>;
/// A value as it stands in the file.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// The walk over one file.
pub(super) struct Walk<'s> {
    source: &'s Source,
    /// What was found so far.
    pub(super) found: Vec<Diagnostic>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            found: Vec::new(),
        }
    }

    /// Notes an error.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let error = Diagnostic::error(code, message, self.source, span, help);
        self.found.push(error);
    }

    /// Notes a key that means nothing, with the nearest one that does.
    pub(super) fn unknown(&mut self, key: &Key<'_>, table: &str, known: &[&str]) {
        let name: &str = key.get_ref();
        let place = if table.is_empty() {
            "at the top of the file".to_owned()
        } else {
            format!("in `[{table}]`")
        };
        let help = nearest(name, known.iter().copied()).map_or_else(
            || format!("known {place}: {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("`{name}` is not a key {place}");
        self.error("unknown-key", key.span(), message, help);
    }

    /// Notes a value of the wrong type.
    pub(super) fn wrong(&mut self, key: &Key<'_>, value: &Value<'_>, wanted: &str, example: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let name = key.get_ref();
        self.error(
            "wrong-type",
            value.span(),
            format!("`{name}` must be {wanted}, and this is {found}"),
            format!("write {example}"),
        );
    }

    /// Returns the table under a key.
    pub(super) fn table<'v, 'i>(
        &mut self,
        key: &Key<'_>,
        value: &'v Value<'i>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let header = format!("`[{}]` on a line of its own", key.get_ref());
            self.wrong(key, value, "a table", &header);
        }
        table
    }

    /// Returns a text that is not empty; `example` is how it might look.
    pub(super) fn text(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        example: &str,
    ) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            let example = format!("`{} = \"{example}\"`", key.get_ref());
            self.wrong(key, value, "a text in quotes", &example);
            return None;
        };
        self.filled(key, value, text, example)
    }

    fn filled(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        text: &str,
        example: &str,
    ) -> Option<String> {
        let name = key.get_ref();
        if text.trim().is_empty() {
            self.error(
                "empty-value",
                value.span(),
                format!("`{name}` is empty"),
                format!("write something like \"{example}\", or take the line out"),
            );
            return None;
        }
        if text.contains('\0') {
            self.error(
                "bad-value",
                value.span(),
                format!("`{name}` contains a NUL byte"),
                "no command and no file name can contain one: take it out",
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// Returns a list of texts; with `one`, a single text is a list of one.
    pub(super) fn texts(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        example: &str,
        one: bool,
    ) -> Option<Vec<(String, Range<usize>)>> {
        let name = key.get_ref();
        let (wanted, how) = if one {
            (
                "a text or a list of texts",
                format!("`{name} = \"{example}\"`"),
            )
        } else {
            ("a list of texts", format!("`{name} = [\"{example}\"]`"))
        };
        match value.get_ref() {
            DeValue::String(text) if one => {
                let text = self.filled(key, value, text, example)?;
                Some(vec![(text, value.span())])
            }
            DeValue::Array(list) => Some(
                list.iter()
                    .filter_map(|item| Some((self.text(key, item, example)?, item.span())))
                    .collect(),
            ),
            _ => {
                self.wrong(key, value, wanted, &how);
                None
            }
        }
    }

    /// Returns a length of time; `example` is how it might look.
    pub(super) fn duration(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        example: &str,
    ) -> Option<Duration> {
        let name = key.get_ref();
        let (number, parsed) = match value.get_ref() {
            DeValue::String(text) => (text.trim(), parse_duration(text)),
            DeValue::Integer(number) => (number.as_str(), Err(BadDuration::NoUnit)),
            DeValue::Float(number) => (number.as_str(), Err(BadDuration::NoUnit)),
            _ => {
                let how = format!("`{name} = \"{example}\"`");
                self.wrong(key, value, "a length of time in quotes", &how);
                return None;
            }
        };
        let error = match parsed {
            Ok(length) => return Some(length),
            Err(error) => error,
        };
        let help = match error {
            BadDuration::NoUnit => {
                format!("write the unit: \"{number}s\", \"{number}m\" or \"{number}h\"")
            }
            BadDuration::NotPositive | BadDuration::TooLong | BadDuration::Unreadable => {
                format!("write it as in \"{example}\", \"1h 30m\" or \"90s\"")
            }
        };
        let message = format!("`{name}` is not usable: {error}");
        self.error("bad-duration", value.span(), message, help);
        None
    }

    /// Returns a whole number between `least` and `most`.
    pub(super) fn number(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        (least, most): (u32, u32),
    ) -> Option<u32> {
        let name = key.get_ref();
        let Some(number) = value.get_ref().as_integer() else {
            let how = format!("`{name} = {least}`");
            self.wrong(key, value, "a whole number", &how);
            return None;
        };
        let parsed = u32::from_str_radix(number.as_str(), number.radix()).ok();
        let in_range = parsed.filter(|number| (least..=most).contains(number));
        if in_range.is_none() {
            self.error(
                "bad-value",
                value.span(),
                format!("`{name}` must be between {least} and {most}"),
                "choose a number in this range",
            );
        }
        in_range
    }

    /// Returns an amount of US dollars, in millionths.
    pub(super) fn dollars(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<u64> {
        let amount = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok(),
            _ => {
                let how = format!("`{} = 3.00`", key.get_ref());
                self.wrong(key, value, "an amount of US dollars", &how);
                return None;
            }
        };
        let usable = amount.filter(|amount| (0.0..=1e6).contains(amount));
        if usable.is_none() {
            self.error(
                "bad-value",
                value.span(),
                format!("`{}` must be between 0 and 1000000 dollars", key.get_ref()),
                "write it as in 3.00",
            );
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 10^12, as was just checked"
        )]
        usable.map(|amount| (amount * 1e6).round() as u64)
    }

    /// Returns `true` or `false`.
    pub(super) fn boolean(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<bool> {
        if let DeValue::Boolean(truth) = value.get_ref() {
            return Some(*truth);
        }
        self.wrong(
            key,
            value,
            "true or false",
            &format!("{} = true", key.get_ref()),
        );
        None
    }

    /// Returns the choice that the text names.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &Key<'_>,
        value: &Value<'_>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let text = self.text(key, value, names.first().unwrap_or(&""))?;
        let choice = choices.iter().find(|(name, _)| *name == text);
        if choice.is_none() {
            let all = names.join("\", \"");
            self.error(
                "bad-value",
                value.span(),
                format!("`{}` cannot be `{text}`", key.get_ref()),
                nearest(&text, names.iter().copied()).map_or_else(
                    || format!("choose one of \"{all}\""),
                    |near| format!("did you mean \"{near}\"?"),
                ),
            );
        }
        choice.map(|(_, choice)| *choice)
    }

    /// Returns a path that stays inside the repository, without `.` parts and a final `/`.
    pub(super) fn inside(&mut self, text: &str, span: Range<usize>) -> Option<String> {
        let mut parts = Vec::new();
        let mut reason = None;
        for part in Path::new(text).components() {
            match part {
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                Component::CurDir => {}
                Component::ParentDir => reason = Some("it contains `..`"),
                Component::RootDir | Component::Prefix(_) => reason = Some("it is absolute"),
            }
        }
        match parts.first().map(String::as_str) {
            Some(".git" | ".nightshift") => reason = Some("it is git's or nightshift's own"),
            Some(_) => {}
            None => reason = reason.or(Some("it names the repository itself")),
        }
        let Some(reason) = reason else {
            return Some(parts.join("/"));
        };
        self.error(
            "bad-path",
            span,
            format!("`{text}` must be a path inside the repository: {reason}"),
            "write it relative to the repository's root, such as \"backlog\"",
        );
        None
    }

    /// Returns a list of globs.
    pub(super) fn globs(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<Vec<String>> {
        let texts = self.texts(key, value, "tests/**", false)?;
        let mut globs = Vec::new();
        for (text, span) in texts {
            match check_glob(&text) {
                Ok(()) => globs.push(text),
                Err(reason) => self.error(
                    "bad-glob",
                    span,
                    format!("`{text}` is not a usable pattern: {reason}"),
                    "write it as in \"tests/**\" or \"**/*.snap\"",
                ),
            }
        }
        Some(globs)
    }
}
