//! Redacts text that comes line by line.

use std::borrow::Cow;

use super::{keys, redact::Redactor};

/// Redacts line by line, and remembers that it is inside a private key, whose lines look like
/// nothing by themselves.
#[derive(Debug)]
pub struct LineRedactor<'a> {
    redactor: &'a Redactor,
    key: Key,
}

/// Where a stream is as to private keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Outside,
    Inside,
    /// Inside until so many lines ago that were none of a key: the end of the key was lost, or
    /// another stream talks in between.
    Astray(u8),
}

/// After so many lines that are none of a key it is over.
const ASTRAY: u8 = 20;

impl<'a> LineRedactor<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self {
            redactor,
            key: Key::Outside,
        }
    }

    /// Returns the next line redacted; `None` when it is the inside of a private key.
    pub fn line<'t>(&mut self, line: &'t str) -> Option<Cow<'t, str>> {
        self.line_up_to(line, line.len())
    }

    /// The same for a line that is too long to be kept: of its first so many bytes. A secret that
    /// begins before them and ends after them is replaced as a whole, so whoever cuts a line gives
    /// more of it than is kept.
    pub fn line_up_to<'t>(&mut self, line: &'t str, most: usize) -> Option<Cow<'t, str>> {
        let may_mark = line.contains("----") || line.contains("Private-");
        if self.key != Key::Outside && may_mark && keys::closes(line) {
            self.key = Key::Outside;
            return None;
        }
        match self.key {
            Key::Outside => {}
            Key::Inside if keys::is_of_key(line) => return None,
            Key::Inside => self.key = Key::Astray(0),
            Key::Astray(_) if keys::is_all_key(line) => return None,
            Key::Astray(ASTRAY) => self.key = Key::Outside,
            Key::Astray(lines) => self.key = Key::Astray(lines + 1),
        }
        let Some(mark) = may_mark.then(|| keys::opens(line)).flatten() else {
            return Some(self.redactor.redact_up_to(line, most));
        };
        self.key = Key::Inside;
        let before = line.get(..mark.start.min(most)).unwrap_or_default();
        let mut text = self.redactor.redact(before).into_owned();
        if mark.start < most {
            text.push_str("[redacted:private-key]");
        }
        text.push_str(line.get(mark.end..most.max(mark.end)).unwrap_or_default());
        Some(Cow::Owned(text))
    }
}
