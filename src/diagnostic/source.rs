//! The data of a diagnostic: which file, which bytes, what is wrong, what to do next.

use std::{ops::Range, path::PathBuf, sync::Arc};

use serde::Serialize;

use super::plain::plain;

/// A file that a person wrote, with its text as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it should be shown: relative to the repository where it can be.
    pub path: PathBuf,
    /// The whole text; empty when it could not be read as text.
    pub text: Arc<str>,
}

impl Source {
    /// Returns a source with this path and text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Returns the 1-based line and column (in characters) of a byte offset; an offset past the
    /// end is the end.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = self.text.get(..end).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is used, but something in it deserves a look.
    Warning,
    /// What the diagnostic is about (a ticket, a rule, a file) is not used.
    Error,
}

/// A place in a source with a word about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the source's text.
    pub span: Range<usize>,
    /// What is to be seen there; may be empty.
    pub text: String,
}

/// One thing that is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable kebab-case name of this kind of problem, such as `unknown-dependency`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One plain sentence without a full stop: what was expected, what was found.
    pub message: String,
    /// Where.
    pub source: Source,
    /// The offending text.
    pub primary: Label,
    /// What it clashes with, in the same file.
    pub secondary: Vec<Label>,
    /// What to do next.
    pub help: String,
}

impl Diagnostic {
    /// Returns an error at `span` of `source`.
    pub fn error(
        code: &'static str,
        message: impl Into<String>,
        source: &Source,
        span: Range<usize>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            source: source.clone(),
            primary: Label {
                span,
                text: String::new(),
            },
            secondary: Vec::new(),
            help: help.into(),
        }
    }

    /// Returns a warning at `span` of `source`.
    pub fn warning(
        code: &'static str,
        message: impl Into<String>,
        source: &Source,
        span: Range<usize>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, source, span, help)
        }
    }

    /// Adds a word at the offending text.
    #[must_use]
    pub fn labelled(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds a second place in the same file.
    #[must_use]
    pub fn with(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Returns the 1-based line and column of the offending text.
    pub fn position(&self) -> (usize, usize) {
        self.source.position(self.primary.span.start)
    }

    /// Returns the diagnostic in one line: `file:line:column: message`.
    pub fn one_line(&self) -> String {
        let (line, column) = self.position();
        plain(&format!(
            "{}:{line}:{column}: {}",
            self.source.path.display(),
            self.message
        ))
    }

    /// Returns the diagnostic as a program reads it.
    pub fn to_json(&self) -> serde_json::Value {
        let (line, column) = self.position();
        serde_json::json!({
            "code": self.code,
            "severity": self.severity,
            "file": self.source.path.to_string_lossy(),
            "line": line,
            "column": column,
            "message": self.message,
            "help": self.help,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source::new("a.md", "é1\r\nzwei\n");
        for (offset, expected) in [
            (0, (1, 1)),
            (1, (1, 1)),
            (2, (1, 2)),
            (5, (2, 1)),
            (9, (2, 5)),
            (10, (3, 1)),
            (99, (3, 1)),
        ] {
            assert_eq!(source.position(offset), expected, "at {offset}");
        }
    }

    #[test]
    fn one_line_is_one_line() {
        let source = Source::new("a.md", "x: 1\ny: 2\n");
        let diagnostic = Diagnostic::error("odd", "a\nb\u{1b}", &source, 5..6, "");
        assert_eq!(diagnostic.one_line(), "a.md:2:1: a␊b␛");
        assert_eq!(diagnostic.to_json()["line"], 2);
        assert_eq!(diagnostic.to_json()["severity"], "error");
    }
}
