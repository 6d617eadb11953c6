//! The one writer: stdout is what was asked for, stderr is everything else.
//!
//! A reader that has gone away is a quiet end, not an error. Colour goes by the terminal and
//! `NO_COLOR`, and nothing needs it to be understood.

use std::io::{self, BufRead as _, IsTerminal, Write};

use crate::diagnostic::{self, Diagnostic};

/// How this run of the program speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ui {
    /// Machine-readable output.
    pub(super) json: bool,
    /// Only what was asked for.
    pub(super) quiet: bool,
    no_color: bool,
}

#[expect(clippy::unused_self, reason = "whoever prints holds the one writer")]
impl Ui {
    pub(super) fn new(json: bool, quiet: bool, no_color: bool) -> Self {
        Self {
            json,
            quiet,
            no_color,
        }
    }

    /// Returns whether live lines may be drawn on stderr.
    pub(super) fn live(self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }

    pub(super) fn colour_err(self) -> bool {
        !self.no_color && io::stderr().is_terminal()
    }

    /// Prints what was asked for, with a line break.
    pub(super) fn out(self, text: &str) {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        // A closed pipe has no one to tell.
        self.flow(&format!("{text}{end}"));
    }

    /// Prints a piece of what was asked for; returns whether somebody still reads it.
    pub(super) fn flow(self, text: &str) -> bool {
        let mut stdout = io::stdout().lock();
        write!(stdout, "{text}")
            .and_then(|()| stdout.flush())
            .is_ok()
    }

    /// Prints one JSON value on a line of its own.
    pub(super) fn json(self, value: &impl serde::Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.out(&text),
            Err(error) => self.err(&format!(
                "error: the answer cannot be written as JSON: {error}"
            )),
        }
    }

    /// Prints a remark, unless `--quiet`.
    pub(super) fn note(self, text: &str) {
        if !self.quiet {
            self.err(text);
        }
    }

    /// Prints something that must be seen.
    pub(super) fn err(self, text: &str) {
        let mut stderr = io::stderr().lock();
        drop(writeln!(stderr, "{text}"));
    }

    /// Asks a question on the terminal; returns whether the answer was yes.
    pub(super) fn confirm(self, question: &str) -> bool {
        let mut stderr = io::stderr().lock();
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let heard = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        heard.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    /// Prints diagnostics as people read them.
    pub(super) fn diagnostics(self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            self.err(&diagnostic::render(diagnostic, self.colour_err()));
            self.err("");
        }
    }
}
