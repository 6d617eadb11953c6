//! A ticket as plain facts: what its file says, checked.
//!
//! [`Ticket`] is what the rest of the program works with; [`TicketFacts`] is the part of it that
//! the journal keeps and the machine orders by (the body stays in the file).

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use super::requirement::Requirement;

/// The id of a ticket: safe as a file name, as a part of a git ref and as a shell word.
///
/// 1 to 64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit, without `..`, not ending in
/// `.` or `.lock`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketId(String);

/// Why a text is not a ticket's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a usable ticket id: {reason}")]
pub struct BadTicketId {
    /// The text as given (cut at 80 characters).
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl TicketId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TicketId {
    type Err = BadTicketId;

    fn from_str(text: &str) -> Result<Self, BadTicketId> {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let reason = if text.is_empty() {
            "it is empty"
        } else if text.len() > 64 {
            "it is longer than 64 characters"
        } else if !text.chars().all(safe) {
            "only letters, digits, `.`, `_` and `-` are safe in file names and git refs"
        } else if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            "it must begin with a letter or a digit"
        } else if text.contains("..") || text.ends_with('.') {
            "git refuses `..` and a final `.` in a ref"
        } else if text.to_ascii_lowercase().ends_with(".lock") {
            "git refuses names that end in `.lock`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(BadTicketId {
            text: text.chars().take(80).collect(),
            reason,
        })
    }
}

impl TryFrom<String> for TicketId {
    type Error = BadTicketId;

    fn try_from(text: String) -> Result<Self, BadTicketId> {
        text.parse()
    }
}

impl From<TicketId> for String {
    fn from(id: TicketId) -> Self {
        id.0
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How urgent a ticket is: 1 (critical) to 5 (whenever). Smaller goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(pub u8);

impl Default for Priority {
    fn default() -> Self {
        Self(3)
    }
}

/// What the file says of the ticket's own standing; anything but these two words is `Ready`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To be worked.
    #[default]
    Ready,
    /// Still being written: skipped.
    Draft,
    /// Finished by a person: skipped, and good enough for what depends on it.
    Done,
}

/// What the journal keeps of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketFacts {
    /// Its id.
    pub id: TicketId,
    /// Its title, one line.
    pub title: String,
    /// Its file, relative to the backlog folder.
    pub file: String,
    /// BLAKE3 of the file's bytes, hexadecimal: an edit is a new hash.
    pub hash: String,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Priority,
    /// Backlog.md's manual order, ascending, after the priority; `None` sorts last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<i64>,
    /// What must be settled well before it may start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TicketId>,
    /// Free words of its author.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Where it may write, as globs; empty means anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// How often an agent may try; `None` means the configured number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// What its file says of its standing.
    #[serde(default)]
    pub status: Status,
    /// Its harness, in place of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness: Option<String>,
    /// For an objective: how many iterations it may take; `None` for an ordinary ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
}

/// A ticket as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What the journal keeps.
    pub facts: TicketFacts,
    /// The Markdown below the front matter.
    pub body: String,
    /// Its own regression gate, in place of the configured one.
    pub gate: Option<String>,
    /// Its acceptance check: red before the work, green after.
    pub accept: Option<String>,
    /// What must be there before it is worked on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Its model, in place of the configured one.
    pub model: Option<String>,
    /// Its attempt timeout, in place of the configured one.
    pub timeout: Option<Duration>,
    /// Keys that mean nothing to nightshift, as their author wrote them.
    pub extra: BTreeMap<String, String>,
}

impl Ticket {
    /// Returns its id.
    pub fn id(&self) -> &TicketId {
        &self.facts.id
    }
}

#[cfg(test)]
mod tests {
    use super::TicketId;

    #[test]
    fn ids_that_could_leave_their_folder_or_break_a_ref_are_refused() {
        for bad in [
            "",
            "../../../x",
            "a/b",
            "a..b",
            "x.lock",
            "-rf",
            ".git",
            "a b",
            "a\n",
            "a.",
        ] {
            assert!(bad.parse::<TicketId>().is_err(), "{bad:?} was taken");
        }
        for good in ["T-7", "ledger", "task-12 ".trim(), "0.1", "a_b-c.d"] {
            assert!(good.parse::<TicketId>().is_ok(), "{good:?} was refused");
        }
    }
}
