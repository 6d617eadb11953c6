//! The report as JSON.

use std::fmt::Write as _;

use super::escape::is_hidden;
use crate::report::model::Model;

/// Returns the report as indented JSON; texts are as they were said, and what a terminal would
/// obey or hide is written as `\u` escapes, which mean the same.
pub fn json(model: &Model) -> String {
    // Plain data with text keys: serializing it to a string cannot fail.
    let plain = serde_json::to_string_pretty(model).unwrap_or_default();
    if !plain.chars().any(must_escape) {
        return plain;
    }
    // Outside of strings JSON is ASCII, so whatever is escaped stands inside of one.
    let mut safe = String::with_capacity(plain.len());
    for c in plain.chars() {
        if must_escape(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

fn must_escape(c: char) -> bool {
    is_hidden(c) || (c.is_control() && c != '\n')
}
