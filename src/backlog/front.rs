//! Front matter: a block of YAML between `---` lines or of TOML between `+++` lines.
//!
//! The block is found by a scan of bytes, so that a parser of YAML only ever sees YAML, and places
//! in it can be told as places in the file.

use std::ops::Range;

use serde_yaml::{Mapping, Value};

use crate::diagnostic::{Diagnostic, Source};

/// How large a block may be: a parser's time must not depend on a stranger's file.
const LARGEST: usize = 64 * 1024;
/// How deep brackets may nest.
const DEEPEST: usize = 64;

/// A file's front matter, and where the body begins.
#[derive(Debug, Default)]
pub(super) struct Front {
    values: Mapping,
    block: Range<usize>,
    /// Byte offset of the first byte of the body.
    pub(super) body: usize,
}

impl Front {
    /// Reads the front matter of a text; a text without any is all body.
    pub(super) fn read(source: &Source) -> Result<Self, Diagnostic> {
        let text = &*source.text;
        let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let rest = text.get(start..).unwrap_or_default();
        let fence = match rest.lines().next().map(str::trim_end) {
            Some("---") => "---",
            Some("+++") => "+++",
            Some(_) | None => {
                return Ok(Self {
                    body: start,
                    ..Self::default()
                });
            }
        };
        let first = start + rest.find('\n').map_or(rest.len(), |at| at + 1);
        let mut at = first;
        let mut end = None;
        for line in text.get(first..).unwrap_or_default().split_inclusive('\n') {
            if line.trim_end() == fence {
                end = Some((at, at + line.len()));
                break;
            }
            at += line.len();
        }
        let Some((end, body)) = end else {
            return Err(Diagnostic::error(
                "unclosed-front-matter",
                format!("expected a closing `{fence}` line, found the end of the file"),
                source,
                start..start + fence.len(),
                format!("Close the front matter with a line `{fence}`."),
            ));
        };
        let block = first..end;
        let inner = text.get(block.clone()).unwrap_or_default();
        check_size(source, &block, inner)?;
        let values = if fence == "---" {
            yaml(source, &block, inner)?
        } else {
            toml(source, &block, inner)?
        };
        Ok(Self {
            values,
            block,
            body,
        })
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns all keys that are text, with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?, value)))
    }

    /// Returns where a key stands: its name, or the whole block when it cannot be found.
    pub(super) fn place(&self, source: &Source, key: &str) -> Range<usize> {
        self.line(source, key)
            .map_or(self.block.start..self.block.start, |(at, _)| {
                at..at + key.len()
            })
    }

    /// Returns where a key's value stands on the key's own line.
    pub(super) fn value_place(&self, source: &Source, key: &str) -> Range<usize> {
        let Some((at, line)) = self.line(source, key) else {
            return self.place(source, key);
        };
        let after = line.get(key.len()..).unwrap_or_default();
        let value = after.trim_start_matches([' ', '\t', ':', '=', '"', '\'']);
        let begin = at + line.len() - value.len();
        let value = value.trim_end_matches(['\n', '\r', ' ', '\t', '"', '\'']);
        if value.is_empty() {
            at..at + key.len()
        } else {
            begin..begin + value.len()
        }
    }

    /// Returns a scalar as its author wrote it: `012` stays `012`.
    pub(super) fn text(&self, source: &Source, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => {
                let written = source
                    .text
                    .get(self.value_place(source, key))
                    .unwrap_or_default();
                let written = written.split('#').next().unwrap_or_default().trim();
                let plain = written.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                Some(if plain && !written.is_empty() {
                    written.to_owned()
                } else {
                    number.to_string()
                })
            }
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => None,
        }
    }

    fn line<'s>(&self, source: &'s Source, key: &str) -> Option<(usize, &'s str)> {
        let mut at = self.block.start;
        for line in source.text.get(self.block.clone())?.split_inclusive('\n') {
            let after = line.strip_prefix(key).map(str::trim_start);
            if after.is_some_and(|rest| rest.starts_with([':', '='])) {
                return Some((at, line));
            }
            at += line.len();
        }
        None
    }
}

fn check_size(source: &Source, block: &Range<usize>, inner: &str) -> Result<(), Diagnostic> {
    let mut depth = 0_usize;
    let mut deepest = 0_usize;
    for byte in inner.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let indent = inner
        .lines()
        .map(|line| line.len() - line.trim_start().len())
        .max()
        .unwrap_or(0);
    let nested = inner
        .lines()
        .map(|line| line.matches("- ").count())
        .max()
        .unwrap_or(0);
    if inner.len() > LARGEST || deepest.max(nested) > DEEPEST || indent > 4 * DEEPEST {
        return Err(Diagnostic::error(
            "front-matter-too-large",
            "expected a few lines of front matter, found a block that is too large or too deep",
            source,
            block.start..block.start,
            "Move text into the body, below the front matter.",
        ));
    }
    Ok(())
}

fn yaml(source: &Source, block: &Range<usize>, inner: &str) -> Result<Mapping, Diagnostic> {
    let broken = |message: String, at: usize| {
        let at = block.start + at.min(inner.len());
        let help = "Mend the YAML between the `---` lines; quote values that hold `:` or `#`.";
        Diagnostic::error("broken-yaml", message, source, at..at, help)
    };
    match serde_yaml::from_str::<Value>(inner) {
        Ok(Value::Mapping(values)) => Ok(values),
        Ok(Value::Null) => Ok(Mapping::new()),
        Ok(_) => Err(broken(
            "expected `key: value` lines, found something else".to_owned(),
            0,
        )),
        Err(error) => {
            let at = error.location().map_or(0, |place| place.index());
            Err(broken(format!("expected YAML, but {error}"), at))
        }
    }
}

fn toml(source: &Source, block: &Range<usize>, inner: &str) -> Result<Mapping, Diagnostic> {
    let broken = |message: String, at: Range<usize>| {
        let at = block.start + at.start..block.start + at.end;
        let help = "Mend the TOML between the `+++` lines.";
        Diagnostic::error("broken-toml", message, source, at, help)
    };
    let table: toml::Table = inner.parse().map_err(|error: toml::de::Error| {
        broken(
            format!("expected TOML, but {}", error.message()),
            error.span().unwrap_or(0..0),
        )
    })?;
    match serde_yaml::to_value(table) {
        Ok(Value::Mapping(values)) => Ok(values),
        Ok(_) | Err(_) => Err(broken("expected `key = value` lines".to_owned(), 0..0)),
    }
}
