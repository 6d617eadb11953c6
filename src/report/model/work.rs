//! What an attempt left, and how to look at it.

use serde::Serialize;

use crate::{
    machine::Attempt,
    report::{command, rank::Parts},
};

/// Kept work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkLine {
    /// The ref that names it.
    pub reference: String,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// The command that shows it.
    pub look: String,
}

impl WorkLine {
    /// Returns what an attempt left; `None` when it changed nothing.
    pub(super) fn of(attempt: &Attempt) -> Option<Self> {
        let taken = attempt.taken.as_ref()?;
        let work = &taken.work;
        (work.files > 0).then(|| Self {
            reference: taken.reference.clone(),
            files: work.files,
            added: work.added,
            removed: work.removed,
            look: command::diff(&attempt.from, &taken.reference),
        })
    }

    /// Adds the size of the work to what is ranked.
    pub(super) fn weigh(work: Option<&Self>, parts: Parts) -> Parts {
        Parts {
            files: work.map_or(0, |work| work.files),
            lines: work.map_or(0, |work| work.added.saturating_add(work.removed)),
            ..parts
        }
    }
}
