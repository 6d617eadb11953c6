//! A YAML block as keys with values and places.
//!
//! `serde_yaml` gives values without places and turns scalars into numbers. So the places come
//! from the lines of the block (a top-level key begins a line), and where a scalar is not written
//! as it would be printed (`1.10`, `0x1F`), a second reading asks for its letters. Hostile blocks
//! are refused before they cost time (nesting) or memory (aliases).

use std::ops::Range;

use super::front::{Field, Value};
use crate::diagnostic::{Diagnostic, Source};

mod values;

/// The deepest nesting that is given to the parser, whose time grows with its square.
const DEEPEST: usize = 64;

/// Returns the top-level keys of the block, a repeated one twice.
pub(super) fn fields(source: &Source, block: Range<usize>) -> Result<Vec<Field>, Box<Diagnostic>> {
    let text = source.text.get(block.clone()).unwrap_or_default();
    let fail = |span: Range<usize>, message: String, help: &str| {
        let span = span.start + block.start..span.end + block.start;
        Box::new(Diagnostic::error(
            "yaml-syntax",
            message,
            source,
            span,
            help,
        ))
    };
    let first_line = 0..text.lines().next().unwrap_or_default().len();
    if let Some(at) = too_deep(text) {
        return Err(fail(
            at..at + 1,
            format!("the front matter is nested more than {DEEPEST} deep"),
            "write plain `key: value` lines",
        ));
    }
    let root = values::read(text).map_err(|error| {
        let at = error
            .location()
            .map_or(0, |location| location.index())
            .min(text.len());
        let full = error.to_string();
        let short = full.split(" at line ").next().unwrap_or(&full);
        fail(
            at..at,
            format!("the front matter is not YAML: {short}"),
            advice(&full),
        )
    })?;
    let mut root = match root {
        Value::Nothing => return Ok(Vec::new()),
        Value::Map(entries) => entries,
        Value::Text(_) | Value::Plain(_) | Value::List(_) => {
            return Err(fail(
                first_line,
                "the front matter is not a set of keys".to_owned(),
                "write `key: value` lines, such as `priority: 2`",
            ));
        }
    };
    let mut places = places(text);
    let as_printed = |(name, value): &(String, Value)| match value {
        Value::Plain(printed) => places
            .iter()
            .find(|place| place.name == *name)
            .and_then(|place| text.get(place.value.clone()))
            .is_some_and(|written| written.split('#').next().unwrap_or_default().trim() == printed),
        value => !values::has_plain(value),
    };
    if !root.iter().all(as_printed) {
        let written = values::as_written(text, Value::Map(std::mem::take(&mut root)));
        match written {
            Ok(Value::Map(entries)) => root = entries,
            Ok(_) => {}
            Err(error) => {
                let message = format!("the front matter is not YAML: {error}");
                return Err(fail(first_line, message, advice("")));
            }
        }
    }
    let moved = |span: &Range<usize>| span.start + block.start..span.end + block.start;
    Ok(root
        .into_iter()
        .map(|(name, value)| {
            let found = places.iter().position(|place| place.name == name);
            // Taken out, so that the second of two equal keys gets the second place.
            let place = found.map(|index| places.remove(index));
            let (key, region) = place.map_or_else(
                || (moved(&first_line), moved(&(0..text.len()))),
                |place| (moved(&place.key), moved(&place.value)),
            );
            Field {
                name,
                value,
                key,
                region,
            }
        })
        .collect())
}

fn advice(message: &str) -> &'static str {
    if message.contains("mapping values are not allowed") {
        "a text that contains `: ` must stand in quotes"
    } else if message.contains("tab character") {
        "indent with spaces"
    } else if message.contains("cannot start any token") {
        "a text that begins with a special character must stand in quotes"
    } else if message.contains("anchor") || message.contains("alias") {
        "a text that begins with `*` or `&` must stand in quotes"
    } else {
        "write `key: value` lines, and put texts with special characters in quotes"
    }
}

/// Returns where the block is nested too deeply, by counting brackets and, in a line, list items
/// within list items (`- - -`). Deeper nesting by indentation alone needs more than a block holds.
fn too_deep(text: &str) -> Option<usize> {
    let mut brackets = 0_usize;
    let mut items = 0_usize;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let spaced = bytes
            .peek()
            .is_none_or(|(_, next)| next.is_ascii_whitespace());
        match byte {
            b'[' | b'{' => brackets += 1,
            b']' | b'}' => brackets = brackets.saturating_sub(1),
            b'-' | b'?' | b':' if spaced => items += 1,
            b'\n' => items = 0,
            _ => {}
        }
        if brackets > DEEPEST || items > DEEPEST {
            return Some(at);
        }
    }
    None
}

/// Where a top-level key and its value stand in the block.
struct Place {
    name: String,
    key: Range<usize>,
    value: Range<usize>,
}

/// Finds the top-level keys by their lines: they begin at the block's own indentation, and what
/// belongs to them is indented further or is a list item.
fn places(text: &str) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut own_indent = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let key = (*own_indent.get_or_insert(indent) == indent)
            .then(|| key_length(content))
            .flatten();
        if let Some(length) = key {
            let written = content.get(..length).unwrap_or_default();
            let key = start + indent..start + indent + length;
            let rest = text.get(key.end..offset).unwrap_or_default();
            // The colon, and the spaces around it.
            let skip = rest.len() - rest.trim_start_matches([' ', '\t', ':']).len();
            places.push(Place {
                name: written.trim_matches(['"', '\'']).to_owned(),
                value: key.end + skip..start + indent + content.len().max(length + skip),
                key,
            });
        } else if let Some(place) = places.last_mut() {
            if text
                .get(place.value.clone())
                .unwrap_or_default()
                .trim()
                .is_empty()
            {
                place.value.start = start + indent;
            }
            place.value.end = start + indent + content.len();
        }
    }
    places
}

/// Returns how long the key is that this line begins with, without its colon.
fn key_length(content: &str) -> Option<usize> {
    if content.starts_with("- ") || content == "-" {
        return None;
    }
    let colon = content.match_indices(':').map(|(at, _)| at).find(|at| {
        let after = content.as_bytes().get(at + 1);
        after.is_none_or(u8::is_ascii_whitespace)
    })?;
    Some(content.get(..colon)?.trim_end().len())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    fn read(block: &str) -> Result<Vec<(String, Value)>, String> {
        let source = Source::new("t.md", block);
        fields(&source, 0..block.len())
            .map(|fields| {
                fields
                    .into_iter()
                    .map(|field| (field.name, field.value))
                    .collect()
            })
            .map_err(|found| found.one_line())
    }

    fn one(block: &str) -> Value {
        read(block).unwrap().remove(0).1
    }

    #[test]
    fn scalars_keep_the_letters_of_the_file() {
        for (written, expected) in [
            ("012", "012"),
            ("1.10", "1.10"),
            ("0x1F", "0x1F"),
            ("12 # comment", "12"),
            ("1e3", "1e3"),
            ("True", "True"),
            ("no", "no"),
            ("'012'", "012"),
            ("2025-01-05", "2025-01-05"),
            ("+3", "+3"),
        ] {
            let text = match one(&format!("id: {written}\n")) {
                Value::Text(text) | Value::Plain(text) => text,
                other => panic!("{other:?}"),
            };
            assert_eq!(text, expected, "{written}");
            let list = one(&format!(
                "ids: [a, {written}\n ]\nx: !tag {{y: [~, b, 2]}}\n"
            ));
            let Value::List(items) = list else {
                panic!("{list:?}")
            };
            assert!(
                matches!(&items[1], Value::Text(text) | Value::Plain(text) if text == expected),
                "{items:?}"
            );
        }
        assert_eq!(one("id: ~"), Value::Nothing);
        assert_eq!(one("id:"), Value::Nothing);
        assert_eq!(one("id: !x 0x10"), Value::Plain("0x10".to_owned()));
    }

    #[test]
    fn places_are_those_of_the_file() {
        let block =
            "# c\n\"id\": a\ndepends_on:\n  - b\n  - c\nlabels:\n- x\nempty:\nnote: |\n  id: no\n";
        let source = Source::new("t.md", block);
        let shown: Vec<_> = fields(&source, 0..block.len())
            .unwrap()
            .iter()
            .map(|field| {
                (
                    block.get(field.key.clone()).unwrap(),
                    block.get(field.region.clone()).unwrap(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("\"id\"", "a"),
                ("depends_on", "- b\n  - c"),
                ("labels", "- x"),
                ("empty", ""),
                ("note", "|\n  id: no"),
            ]
        );
    }

    #[test]
    fn hostile_blocks_are_refused_quickly() {
        let bomb = format!(
            "a: &a [{}]\n{}",
            "xxxxxxxxxx,".repeat(1000),
            "z:\n".to_owned() + &"- *a\n".repeat(500)
        );
        let mut laughs = "a: &a [x,x]\n".to_owned();
        for (last, name) in ('a'..'l').zip('b'..'m') {
            let nine = format!("*{last},").repeat(9);
            writeln!(laughs, "{name}: &{name} [{nine}]").unwrap();
        }
        for (block, expected) in [
            (
                format!("a: {}", "[".repeat(20_000)),
                "nested more than 64 deep",
            ),
            (
                format!("a: {}", "{a: ".repeat(9_000)),
                "nested more than 64 deep",
            ),
            (
                format!("a:\n  {}x", "- ".repeat(20_000)),
                "nested more than 64 deep",
            ),
            (
                format!("{}x", "? ".repeat(20_000)),
                "nested more than 64 deep",
            ),
            (bomb, "unfold to too much"),
            (laughs, "the front matter is not YAML"),
        ] {
            let begin = crate::clock::now();
            let error = read(&block).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(crate::clock::now().since(&begin).as_millis() < 500);
        }
    }
}
