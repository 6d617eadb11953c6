//! What a gate said about one tree, as plain facts with the evidence's place.

use serde::{Deserialize, Serialize};

use crate::repo::id::TreeId;

/// What one run of a gate on one tree means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It exited 0.
    Passed,
    /// Red on this tree, green on the tree the work began from.
    Introduced,
    /// Red on this tree with the very failure that the tree the work began from has.
    PreExisting,
    /// Red, then green, on the same tree.
    Flaky,
    /// It did not end in time and was killed.
    Timeout,
    /// It could not judge: command not found, no disk, killed from outside.
    Environment,
}

impl Class {
    /// Returns whether the tree may land on it.
    pub fn is_green(self) -> bool {
        matches!(self, Self::Passed | Self::Flaky)
    }
}

/// Which of the two commands a verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The regression gate: green before and after.
    Gate,
    /// The ticket's acceptance check: red before, green after.
    Accept,
}

/// The verdict of one check on one tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which check.
    pub check: Check,
    /// What it means.
    pub class: Class,
    /// The tree it judged.
    pub tree: TreeId,
    /// BLAKE3 of the command's text, hexadecimal.
    pub command: String,
    /// The exit code of the last run; `None` when it was killed or never started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// How long the runs took together, in milliseconds; 0 when remembered.
    pub took_ms: u64,
    /// The failure with what changes from run to run (times, ids, paths, addresses) taken out,
    /// hashed; `None` when green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// One line on why, such as `exit code 101` or ``command not found: `pytset` ``.
    pub reason: String,
    /// Where the redacted tail of its output is kept, relative to the night's folder; `None` when
    /// remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// BLAKE3 of that file, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_hash: Option<String>,
    /// Whether an earlier run on the same tree with the same command was taken instead of a run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
}
