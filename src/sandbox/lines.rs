//! Redacts text that comes line by line.

use std::borrow::Cow;

use super::{keys, redact::Redactor};

/// Redacts line by line, and remembers that it is inside a private key, whose lines look like
/// nothing by themselves.
#[derive(Debug)]
pub struct LineRedactor<'a> {
    redactor: &'a Redactor,
    is_in_key: bool,
}

impl<'a> LineRedactor<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self {
            redactor,
            is_in_key: false,
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
        if self.is_in_key {
            if may_mark && keys::closes(line) {
                self.is_in_key = false;
                return None;
            }
            if keys::is_of_key(line) {
                return None;
            }
            self.is_in_key = false;
        }
        let Some(mark) = may_mark.then(|| keys::opens(line)).flatten() else {
            return Some(self.redactor.redact_up_to(line, most));
        };
        self.is_in_key = true;
        let before = line.get(..mark.start.min(most)).unwrap_or_default();
        let mut text = self.redactor.redact(before).into_owned();
        if mark.start < most {
            text.push_str("[redacted:private-key]");
        }
        text.push_str(line.get(mark.end..most.max(mark.end)).unwrap_or_default());
        Some(Cow::Owned(text))
    }
}
