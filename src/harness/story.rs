//! The stories of the embedded scripted agent: what it does, attempt by attempt.
//!
//! A story is a YAML file, `<stories>/<ticket>.yaml` or else `<stories>/default.yaml`:
//!
//! ```yaml
//! attempts:                  # the last one repeats
//!   - - write: {path: src/x.py, text: "x = 1\n"}
//!     - say: {verb: park, question: Which?, options: [a, b]}
//!     - exit: 3
//! ```
//!
//! Stories serve tests, demonstrations and rehearsals; [`super::player`] performs them.

mod tree;

use std::{path::PathBuf, str::FromStr, time::Duration};

use serde::Deserialize;

use crate::{backlog::ticket::TicketId, say::utterance::Utterance};

/// How many bytes a story may have.
pub(super) const LONGEST_STORY: u64 = 1024 * 1024;

/// How many values a story may have once its aliases are unfolded; far more than any story needs.
const MOST_VALUES: usize = 100_000;

/// How many brackets may be open: the time of the YAML parser grows with their square.
const DEEPEST: usize = 256;

/// What the scripted agent does in each attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Story {
    attempts: Vec<Vec<Step>>,
}

/// One thing that it does. Paths are relative to its working folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Writes a file, with the folders above it.
    Write(Text),
    /// Appends to a file, which need not be there.
    Append(Text),
    /// Replaces every occurrence of a text; there must be one.
    Replace(Replace),
    /// Deletes a file, or a folder with all that is in it.
    Delete(PathBuf),
    /// Renames a file.
    Rename(Rename),
    /// Says something through the say file, as `nightshift say` does.
    Say(Utterance),
    /// Prints a line.
    Print(String),
    /// Runs a shell command, which must exit 0.
    Sh(String),
    /// Waits.
    Sleep(Span),
    /// Waits for ever, if true.
    Hang(bool),
    /// Computes without a word.
    Busy(Span),
    /// Prints so many bytes.
    Flood(Size),
    /// Leaves a process behind that lives so long, in a session of its own.
    Daemon(Span),
    /// Ignores SIGTERM from here on, if true.
    IgnoreSigterm(bool),
    /// Ends with this code.
    Exit(u8),
}

/// A file and a text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// The file.
    pub(super) path: PathBuf,
    /// The text.
    pub(super) text: String,
}

/// A file and what is replaced in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// The file.
    pub(super) path: PathBuf,
    /// What must be in it.
    pub(super) find: String,
    /// What comes in its place.
    pub(super) with: String,
}

/// A file's old name and its new one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// The old name.
    pub(super) from: PathBuf,
    /// The new name.
    pub(super) to: PathBuf,
}

/// A duration as people write it, such as `200ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(pub(super) Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        jiff::SignedDuration::from_str(&text)
            .ok()
            .and_then(|span| Duration::try_from(span).ok())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no duration such as `200ms` or `5m`"))
    }
}

/// A number of bytes as people write it, such as `10 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Size(pub(super) u64);

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.chars().take_while(char::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
        let factor: Option<u64> = match unit.trim() {
            "B" | "" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        number
            .parse::<u64>()
            .ok()
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no size such as `10 MiB`"))
    }
}

/// Why a text is no story.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoryError {
    /// It is not YAML.
    #[error("the story is not YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// It has more open brackets than any story needs.
    #[error("the story is nested more than {DEEPEST} deep")]
    Deep,
    /// It is not a list of attempts.
    #[error("the story must have `attempts`, a list that holds a list of steps for each attempt")]
    Shape,
    /// A step is unknown or incomplete.
    #[error("attempt {attempt}, step {step}: {reason}")]
    Step {
        /// Which attempt, from 1.
        attempt: usize,
        /// Which step, from 1.
        step: usize,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
}

impl FromStr for Story {
    type Err = StoryError;

    fn from_str(text: &str) -> Result<Self, StoryError> {
        if is_deep(text) {
            return Err(StoryError::Deep);
        }
        // Through JSON, because YAML enums would have to be written as tags (`!write`).
        let story = tree::read(text, MOST_VALUES)?;
        let fields = story.as_object().ok_or(StoryError::Shape)?;
        let lists = fields
            .get("attempts")
            .filter(|_| fields.len() == 1)
            .and_then(serde_json::Value::as_array)
            .filter(|lists| !lists.is_empty())
            .ok_or(StoryError::Shape)?;
        let mut attempts = Vec::with_capacity(lists.len());
        for (attempt, list) in (1..).zip(lists) {
            let list = list.as_array().ok_or(StoryError::Shape)?;
            let steps: Result<Vec<Step>, StoryError> = (1..)
                .zip(list)
                .map(|(step, value)| {
                    Step::deserialize(value).map_err(|reason| StoryError::Step {
                        attempt,
                        step,
                        reason,
                    })
                })
                .collect();
            attempts.push(steps?);
        }
        Ok(Self { attempts })
    }
}

/// Returns whether more brackets are open somewhere than there may be, those of texts included.
fn is_deep(text: &str) -> bool {
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > DEEPEST
    })
}

impl Story {
    /// Returns the steps of an attempt, counted from 1; the last attempt told repeats.
    pub(super) fn steps(&self, attempt: u32) -> &[Step] {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        self.attempts
            .get(index)
            .or(self.attempts.last())
            .map_or(&[], Vec::as_slice)
    }
}

/// Returns how many attempts a story tells, 1 or more.
///
/// # Errors
/// What is wrong with it, as text.
pub fn check(text: &str) -> Result<usize, String> {
    text.parse::<Story>()
        .map(|story| story.attempts.len())
        .map_err(|error| error.to_string())
}

/// Returns the text of the story that every ticket of a rehearsal gets: one file that says that
/// nothing was worked on.
pub fn rehearsal(ticket: &TicketId) -> String {
    let text = format!("This was a rehearsal of {ticket}: no agent worked on it.\n");
    let steps = serde_json::json!([
        {"write": {"path": format!("NIGHTSHIFT-REHEARSAL-{ticket}.md"), "text": text}},
        {"say": {"verb": "note", "text": "a rehearsal: no agent was started"}},
        {"say": {"verb": "done", "text": "rehearsed"}},
    ]);
    // JSON is YAML.
    serde_json::json!({"attempts": [steps]}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read() {
        let story: Story = r#"
attempts:
  - - write: {path: src/x.py, text: "x"}
    - append: {path: a, text: b}
    - replace: {path: a, find: "b", with: "c"}
    - delete: a
    - rename: {from: a, to: b}
    - say: {verb: park, question: Which?, options: [a, b], recommend: a}
    - print: "text"
    - sh: "true"
    - sleep: 200ms
    - hang: true
    - busy: 2s
    - flood: 10 MiB
    - daemon: 300s
    - ignore_sigterm: true
    - exit: 3
  - - print: again
"#
        .parse()
        .unwrap();
        assert_eq!(story.steps(1).len(), 15);
        assert_eq!(
            story.steps(1)[8],
            Step::Sleep(Span(Duration::from_millis(200)))
        );
        assert_eq!(story.steps(1)[11], Step::Flood(Size(10 << 20)));
        assert_eq!(story.steps(2), [Step::Print("again".into())]);
        assert_eq!(story.steps(9), story.steps(2));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, expected) in [
            (
                "attempts: [[{wirte: {}}]]",
                "attempt 1, step 1: unknown variant `wirte`",
            ),
            (
                "attempts: [[], [{print: a}, {write: {path: a}}]]",
                "attempt 2, step 2: missing field `text`",
            ),
            (
                "attempts: [[{write: {path: a, txt: b}}]]",
                "attempt 1, step 1: unknown field `txt`",
            ),
            (
                "attempts: [[{sleep: soon}]]",
                "`soon` is no duration such as",
            ),
            ("attempts: [[{flood: 10 MB}]]", "`10 MB` is no size such as"),
            (
                "attempts: [[{say: {verb: sing}}]]",
                "unknown variant `sing`",
            ),
            ("attempts: [[{a: 1, b: 2}]]", "attempt 1, step 1:"),
            ("attempts: []", "the story must have `attempts`"),
            ("attempts: [{print: a}]", "the story must have `attempts`"),
            ("steps: []", "the story must have `attempts`"),
            ("attempts: [[]]\nmore: 1", "the story must have `attempts`"),
            ("", "the story must have `attempts`"),
            ("{", "the story is not YAML"),
            (&"[".repeat(1000), "nested more than 256 deep"),
        ] {
            let error = text.parse::<Story>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_rehearsal_is_a_story() {
        let story: Story = rehearsal(&"T-1".parse().unwrap()).parse().unwrap();
        assert_eq!(story.steps(3).len(), 3);
    }
}
