//! Names of refs, marks and messages of a night.

use jiff::{Timestamp, tz::TimeZone};

use crate::{audit::BranchCommit, backlog::ticket::TicketId, layout::Layout, repo::LandedCommit};

/// Returns the id of a night that begins at `at`: the local date, with a number when that night is
/// taken already.
pub(super) fn night_id(at: Timestamp, taken: impl Fn(&str) -> bool) -> String {
    let date = at.to_zoned(TimeZone::system()).date().to_string();
    if !taken(&date) {
        return date;
    }
    let mut number = 2_u32;
    loop {
        let id = format!("{date}-{number}");
        if !taken(&id) {
            return id;
        }
        number += 1;
    }
}

/// Returns the full ref of a night's branch.
pub(super) fn branch(night: &str) -> String {
    format!("refs/heads/nightshift/{night}")
}

/// Returns the ref under which an attempt's work is kept.
pub(super) fn attempt_ref(night: &str, ticket: &TicketId, attempt: u32) -> String {
    format!("refs/nightshift/attempts/{night}/{ticket}/{attempt}")
}

/// Trailers of a landed commit. Ticket and tree make it the idempotency key of a landing.
pub(super) const NIGHT: &str = "Nightshift-Night";
/// See [`NIGHT`].
pub(super) const TICKET: &str = "Nightshift-Ticket";
/// See [`NIGHT`].
pub(super) const ATTEMPT: &str = "Nightshift-Attempt";
/// See [`NIGHT`].
pub(super) const HARNESS: &str = "Nightshift-Harness";
/// One per assumption that the agent made.
pub(super) const ASSUMED: &str = "Assumed";

/// Returns the trailers by which a landed commit is known.
pub fn trailers(night: &str, ticket: &TicketId) -> Vec<(String, String)> {
    vec![
        (NIGHT.to_owned(), night.to_owned()),
        (TICKET.to_owned(), ticket.to_string()),
    ]
}

/// Returns a commit of a night branch as an audit sees it.
pub fn branch_commit(commit: &LandedCommit) -> BranchCommit {
    let trailer = |name: &str| {
        let mut all = commit.trailers.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    BranchCommit {
        commit: commit.commit.clone(),
        parent: commit.parent.clone(),
        tree: commit.tree.clone(),
        ticket: trailer(TICKET),
        night: trailer(NIGHT),
    }
}

/// Returns what the marks of all attempts of a repository begin with.
pub(super) fn mark_prefix(layout: &Layout) -> String {
    let key = layout
        .rooms()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    format!("nightshift/{key}")
}
