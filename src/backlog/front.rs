//! The front matter of a ticket: where it stands, and its keys with their places.
//!
//! The block between `---` lines (YAML) or `+++` lines (TOML) is found by looking at lines, so
//! that only the block reaches a parser. All places are byte offsets into the ticket's text. What
//! the keys mean is `keys.rs`'s business.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::yaml;
use crate::diagnostic::{Diagnostic, Source};

/// The most bytes of front matter that are parsed: parsers get slow on hostile input.
const LONGEST_BLOCK: usize = 64 * 1024;

/// A value of the front matter; texts and numbers as their author wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// No value, as in `title:` or `title: null`.
    Nothing,
    /// A text.
    Text(String),
    /// A number, true or false, or a date, in the letters of the file: `012` stays `012`.
    Plain(String),
    /// A list.
    List(Vec<Self>),
    /// Keys and values.
    Map(Vec<(String, Self)>),
}

impl Value {
    /// Returns the value as compact JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Nothing => Json::Null,
            Self::Text(text) => Json::String(text.clone()),
            Self::Plain(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone()))
            }
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// One key of the front matter.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// What it says.
    pub(super) value: Value,
    /// Where the name stands.
    pub(super) key: Range<usize>,
    /// Where the value stands, to its last byte.
    pub(super) region: Range<usize>,
}

impl Field {
    /// Returns where the value begins to its line's end, or the key when there is no value.
    pub(super) fn place(&self, text: &str) -> Range<usize> {
        let value = text.get(self.region.clone()).unwrap_or_default();
        match value.lines().next().map(str::trim_end) {
            Some(line) if !line.is_empty() => self.region.start..self.region.start + line.len(),
            _ => self.key.clone(),
        }
    }

    /// Returns where `item`, a part of the value, stands; the whole value when it is not found.
    pub(super) fn place_of(&self, text: &str, item: &str) -> Range<usize> {
        find(text, item, self.region.clone()).unwrap_or_else(|| self.place(text))
    }
}

/// Returns where `item` stands alone in a part of the text; `None` when it is not found.
pub(super) fn find(text: &str, item: &str, part: Range<usize>) -> Option<Range<usize>> {
    let value = text.get(part.clone()).unwrap_or_default();
    let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let alone = |at: usize| {
        let before = value
            .get(..at)
            .and_then(|before| before.chars().next_back());
        let after = value
            .get(at + item.len()..)
            .and_then(|after| after.chars().next());
        !before.is_some_and(word) && !after.is_some_and(word)
    };
    let mut found = value.match_indices(item).map(|(at, _)| at);
    let at = found.find(|&at| !item.is_empty() && alone(at))?;
    Some(part.start + at..part.start + at + item.len())
}

/// A ticket's text, taken apart.
#[derive(Debug)]
pub(super) struct Front {
    /// The keys, in the order of the file; a name may come twice.
    pub(super) fields: Vec<Field>,
    /// Where the body begins.
    pub(super) body: usize,
}

/// Takes the front matter off a ticket's text. The diagnostic says why it cannot be used at all.
pub(super) fn split(source: &Source) -> Result<Front, Box<Diagnostic>> {
    let text = &*source.text;
    let first = text.lines().next().unwrap_or_default();
    let fence = first.trim_end();
    if fence != "---" && fence != "+++" {
        return Ok(Front {
            fields: Vec::new(),
            body: 0,
        });
    }
    let mut offset = 0;
    let mut block = None;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 && line.trim_end() == fence {
            block = Some((first_line_end(text)..offset, offset + line.len()));
            break;
        }
        offset += line.len();
    }
    let Some((block, body)) = block else {
        return Err(Box::new(Diagnostic::error(
            "unclosed-front-matter",
            format!("the front matter begins with `{fence}` and does not end"),
            source,
            0..fence.len(),
            format!("add a line `{fence}` after its last key"),
        )));
    };
    if block.len() > LONGEST_BLOCK {
        return Err(Box::new(Diagnostic::error(
            "too-large",
            "the front matter is longer than 64 KiB",
            source,
            0..fence.len(),
            "put long texts below the front matter",
        )));
    }
    let fields = if fence == "---" {
        yaml::fields(source, block)
    } else {
        toml_fields(source, block)
    }?;
    Ok(Front { fields, body })
}

fn first_line_end(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |at| at + 1)
}

fn toml_fields(source: &Source, block: Range<usize>) -> Result<Vec<Field>, Box<Diagnostic>> {
    let text = source.text.get(block.clone()).unwrap_or_default();
    let moved = |span: Range<usize>| span.start + block.start..span.end + block.start;
    let table = DeTable::parse(text).map_err(|error| {
        Box::new(Diagnostic::error(
            "toml-syntax",
            format!("the front matter is not TOML: {}", error.message()),
            source,
            moved(error.span().unwrap_or(0..0)),
            "a line is `key = value`, and texts stand in quotes",
        ))
    })?;
    let mut fields: Vec<Field> = table
        .get_ref()
        .iter()
        .map(|(key, value)| Field {
            name: key.get_ref().to_string(),
            value: from_toml(value.get_ref()),
            key: moved(key.span()),
            region: moved(value.span()),
        })
        .collect();
    fields.sort_by_key(|field| field.key.start);
    Ok(fields)
}

fn from_toml(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Plain(number.to_string()),
        DeValue::Float(number) => Value::Plain(number.to_string()),
        DeValue::Boolean(truth) => Value::Plain(truth.to_string()),
        DeValue::Datetime(date) => Value::Plain(date.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| from_toml(item.get_ref())).collect())
        }
        DeValue::Table(table) => Value::Map(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), from_toml(value.get_ref())))
                .collect(),
        ),
    }
}
