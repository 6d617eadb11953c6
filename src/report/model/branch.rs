//! The night branch: how to take what landed, and how to throw it away.

use serde::Serialize;

use super::view::View;
use crate::{machine::State, repo::id::CommitId, report::command};

/// The night branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// Its short name.
    pub name: String,
    /// The user's branch when the night began; `None` when HEAD was detached.
    pub onto: Option<String>,
    /// Where it began.
    pub base: CommitId,
    /// Its tip.
    pub tip: CommitId,
    /// How many tickets landed on it in this night.
    pub commits: usize,
    /// What can be done with it.
    pub commands: BranchCommands,
}

/// Commands to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BranchCommands {
    /// Lists what landed.
    pub log: String,
    /// Checks out the user's branch; `None` when HEAD was detached.
    pub switch: Option<String>,
    /// Takes what landed.
    pub merge: String,
    /// Takes one ticket out again, once merged.
    pub revert: String,
    /// Throws the branch away.
    pub delete: String,
    /// Lists the kept work of all attempts.
    pub kept: String,
    /// Throws that away.
    pub drop_kept: String,
}

pub(super) fn branch(view: View<'_>) -> Branch {
    let terms = &view.night.terms;
    let name = short_name(&terms.branch);
    Branch {
        name: name.to_owned(),
        onto: terms.onto.clone(),
        base: terms.base.clone(),
        tip: view.night.tip.clone(),
        commits: commits(view.state),
        commands: BranchCommands {
            log: command::log(&terms.base, name),
            switch: terms.onto.as_deref().map(command::switch),
            merge: command::merge(name),
            revert: "git revert COMMIT".to_owned(),
            delete: command::delete(name),
            kept: command::kept(&terms.night),
            drop_kept: command::drop_kept(&terms.night),
        },
    }
}

/// Returns a branch's ref as people name it.
/// Counts the commits on it: of an objective, one for each iteration that landed.
pub(super) fn commits(state: &State) -> usize {
    let tickets = state.tickets().values().chain(state.gone().values());
    let attempts = tickets.flat_map(|ticket| &ticket.tried);
    attempts.filter(|attempt| attempt.landed.is_some()).count()
}

pub(super) fn short_name(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}
