//! The commands that the report advises, ready to be copied into a shell.
//!
//! Names of refs and branches go in as one shell word each, so that a hostile name stays a name.

use crate::{backlog::ticket::TicketId, repo::id::CommitId};

/// Returns a text as one word of a POSIX shell.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+,%".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Looks at kept work.
pub(super) fn diff(from: &CommitId, reference: &str) -> String {
    format!("git diff {} {}", word(from.short()), word(reference))
}

/// Looks at a landed commit.
pub(super) fn show(commit: &CommitId) -> String {
    format!("git show {}", word(commit.short()))
}

/// Answers a parked ticket.
pub(super) fn answer(id: &TicketId) -> String {
    format!("nightshift answer {} \"…\"", word(id.as_str()))
}

/// Tries a settled ticket again.
pub(super) fn requeue(id: &TicketId) -> String {
    format!("nightshift requeue {}", word(id.as_str()))
}

/// Lists what is kept of a ticket's attempts in a night.
pub(super) fn attempts(night: &str, id: &TicketId) -> String {
    let refs = format!("refs/nightshift/attempts/{night}/{id}");
    format!("git for-each-ref {}", word(&refs))
}

/// Lists what landed.
pub(super) fn log(base: &CommitId, branch: &str) -> String {
    format!("git log --oneline {}..{}", word(base.short()), word(branch))
}

/// Takes what landed into the branch that is checked out.
pub(super) fn merge(branch: &str) -> String {
    format!("git merge --no-ff {}", word(branch))
}

/// Checks out the user's branch.
pub(super) fn switch(branch: &str) -> String {
    format!("git switch {}", word(branch))
}

/// Throws the night branch away.
pub(super) fn delete(branch: &str) -> String {
    format!("git branch -D {}", word(branch))
}

/// Lists what is kept of all attempts of a night.
pub(super) fn kept(night: &str) -> String {
    let refs = format!("refs/nightshift/attempts/{night}");
    format!("git for-each-ref {}", word(&refs))
}

/// Throws what is kept of all attempts of a night away.
pub(super) fn drop_kept(night: &str) -> String {
    let refs = format!("refs/nightshift/attempts/{night}");
    format!(
        "git for-each-ref --format='delete %(refname)' {} | git update-ref --stdin",
        word(&refs)
    )
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_name_stays_one_word() {
        for (name, expected) in [
            ("nightshift/2026-11-20", "nightshift/2026-11-20"),
            ("it's", r"'it'\''s'"),
            ("$(rm -rf .)", "'$(rm -rf .)'"),
            ("-D", "'-D'"),
            ("", "''"),
        ] {
            assert_eq!(word(name), expected);
        }
    }
}
