//! What a check said, with the end of its kept output as evidence.

use serde::Serialize;

use super::view::Evidence;
use crate::gate::verdict::{Check, Class, Verdict};

/// How many lines of an output are quoted.
const LINES: usize = 25;
/// How many characters of an output are quoted.
const CHARACTERS: usize = 2000;

/// The verdict of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    /// Which check.
    pub check: Check,
    /// What it means.
    pub class: Class,
    /// Whether work may land on it.
    pub green: bool,
    /// Why, one line.
    pub reason: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Whether an earlier run on the same tree was taken instead of a run.
    pub remembered: bool,
    /// Its kept output, relative to the folder of the report; `None` when there is none.
    pub log: Option<String>,
    /// The end of that output; `None` when it was not asked for.
    pub output: Option<Output>,
}

/// The end of a kept output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its last lines; `None` when they cannot be shown.
    pub text: Option<String>,
    /// What to know of it: why it is not shown, or what is left out; a sentence without a full
    /// stop.
    pub note: Option<String>,
}

impl CheckLine {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            check: verdict.check,
            class: verdict.class,
            green: verdict.class.is_green(),
            reason: verdict.reason.clone(),
            took_ms: verdict.took_ms,
            remembered: verdict.remembered,
            log: verdict.log.clone(),
            output: None,
        }
    }

    pub(super) fn with_output(verdict: &Verdict, evidence: Evidence<'_>) -> Self {
        Self {
            output: Some(Output::of(verdict, evidence)),
            ..Self::of(verdict)
        }
    }

    /// The same line where its output is not to be quoted.
    pub(super) fn not_quoted(verdict: &Verdict, why: &str) -> Self {
        Self {
            output: Some(Output::note(why)),
            ..Self::of(verdict)
        }
    }
}

impl Output {
    fn of(verdict: &Verdict, evidence: Evidence<'_>) -> Self {
        if verdict.log.is_none() {
            return Self::note(if verdict.remembered {
                "its output is not kept here: the verdict was remembered from an earlier run"
            } else {
                "no output was kept"
            });
        }
        let Some(bytes) = evidence(verdict) else {
            return Self::note("its log is missing");
        };
        let Some(expected) = &verdict.log_hash else {
            return Self::note("the journal holds no hash of its log, so it is not quoted");
        };
        if blake3::hash(&bytes).to_hex().as_str() != expected {
            return Self::note(
                "its log is not the one that the journal speaks of (its hash differs), so it is not quoted",
            );
        }
        Self::tail(&String::from_utf8_lossy(&bytes))
    }

    fn note(note: &str) -> Self {
        Self {
            text: None,
            note: Some(note.to_owned()),
        }
    }

    fn tail(text: &str) -> Self {
        let text = text.trim_end();
        if text.is_empty() {
            return Self::note("it printed nothing");
        }
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LINES);
        let quoted = lines.get(from..).unwrap_or_default().join("\n");
        let skip = quoted.chars().count().saturating_sub(CHARACTERS);
        let quoted: String = quoted.chars().skip(skip).collect();
        let note = (from > 0 || skip > 0).then(|| {
            let shown = quoted.lines().count();
            match lines.len() - shown {
                0 => "only its end is shown".to_owned(),
                1 => "1 line before this is left out".to_owned(),
                many => format!("{many} lines before these are left out"),
            }
        });
        Self {
            text: Some(quoted),
            note,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn only_the_end_of_an_output_is_quoted() {
        let many = (1..=30).map(|n| format!("line {n}")).collect::<Vec<_>>();
        let output = Output::tail(&many.join("\n"));
        let text = output.text.unwrap();
        assert!(text.starts_with("line 6\n") && text.ends_with("line 30"));
        assert_eq!(
            output.note.as_deref(),
            Some("5 lines before these are left out")
        );

        let long = Output::tail(&"ä".repeat(3000));
        assert_eq!(long.text.unwrap().chars().count(), 2000);
        assert_eq!(long.note.as_deref(), Some("only its end is shown"));

        assert_eq!(Output::tail("\n\n").text, None);
        assert_eq!(Output::tail("one\n").note, None);
    }
}
