//! One call as rules see it: its canonical text, its paths, and why it may not be judged.

use std::ops::Range;

use super::{paths, scope::Field};

/// Why a call cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::policy) enum Opaque {
    /// `$CMD push`
    #[error("what is called stands in a variable or a substitution")]
    Name,
    /// `git $VERB`
    #[error("what it is told to do stands in a variable or a substitution")]
    Verb,
    /// `eval "$X"`, `sh -c "$X"`
    #[error("it runs a text that is put together elsewhere")]
    Text,
    /// `curl … | sh`
    #[error("it runs what another command writes")]
    Input,
    /// No shell would take it.
    #[error("the command line cannot be read")]
    Syntax,
    /// Scripts in scripts in scripts.
    #[error("the command line is too long or too deeply nested")]
    TooDeep,
}

/// One call of a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::policy) struct Call {
    /// Name and arguments, or `NAME=value` for an assignment, or `> file` for a file that is
    /// written; always one line.
    pub(in crate::policy) text: String,
    /// Where in `text` the words stand that had to be quoted: data, not commands.
    pub(in crate::policy) data: Vec<Range<usize>>,
    /// Its arguments that may be paths.
    pub(in crate::policy) paths: Vec<String>,
    /// Why it cannot be judged, if so.
    pub(in crate::policy) opaque: Option<Opaque>,
    /// Whether it is `nightshift say`, by which an agent speaks.
    pub(in crate::policy) speaks: bool,
}

impl Call {
    /// Returns the call of these words.
    pub(super) fn new(words: &[Field]) -> Self {
        let mut call = Self {
            paths: paths::arguments(words),
            speaks: words.len() > 1
                && words
                    .iter()
                    .map(|word| word.text.as_str())
                    .take(2)
                    .eq(["nightshift", "say"]),
            ..Self::default()
        };
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                call.text.push(' ');
            }
            call.push(word, at == 0);
        }
        call
    }

    /// Returns the call that stands for a text which is not judged further.
    pub(super) fn opaque(text: &str, reason: Opaque) -> Self {
        Self {
            text: one_line(text),
            opaque: Some(reason),
            ..Self::default()
        }
    }

    fn push(&mut self, word: &Field, bare: bool) {
        let text = one_line(&word.text);
        let plain = |c: char| !c.is_whitespace() && !"'\"\\;&|<>()`#".contains(c);
        if bare || !word.known() || (!text.is_empty() && text.chars().all(plain)) {
            self.text.push_str(&text);
            return;
        }
        let start = self.text.len();
        self.text.push('\'');
        self.text.push_str(&text.replace('\'', r"'\''"));
        self.text.push('\'');
        if !word.code {
            self.data.push(start..self.text.len());
        }
    }
}

fn one_line(text: &str) -> String {
    text.trim_end().replace(['\n', '\r'], " ")
}
