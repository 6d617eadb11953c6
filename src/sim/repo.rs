//! A repository in memory: trees, commits and refs, as far as a night sees them.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use crate::repo::{
    LandedCommit,
    id::{CommitId, TreeId},
};

/// Files by number, with what is in them.
pub(super) type Files = BTreeMap<u32, u32>;

/// The file that no agent may touch.
pub(super) const PROTECTED: u32 = 0;
/// In a file's contents: no gate is green with it.
pub(super) const RED: u32 = 1;
/// In a file's contents: what the ticket of this file wants is there.
pub(super) const REACHED: u32 = 2;

/// Returns the file that a ticket's acceptance check looks at.
pub(super) fn file_of(ticket: usize) -> u32 {
    u32::try_from(ticket).unwrap_or(0) * 8 + 8
}

#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) tree: usize,
    pub(super) parent: Option<usize>,
    pub(super) trailers: Vec<(String, String)>,
}

/// The repository.
#[derive(Debug, Default)]
pub(super) struct Repo {
    trees: Vec<Rc<Files>>,
    known: HashMap<Rc<Files>, usize>,
    commits: Vec<Commit>,
    pub(super) refs: BTreeMap<String, usize>,
}

impl Repo {
    pub(super) fn tree(&mut self, files: Files) -> usize {
        let files = Rc::new(files);
        if let Some(known) = self.known.get(&files) {
            return *known;
        }
        let number = self.trees.len();
        self.trees.push(Rc::clone(&files));
        self.known.insert(files, number);
        number
    }

    pub(super) fn files(&self, tree: usize) -> Rc<Files> {
        self.trees.get(tree).cloned().unwrap_or_default()
    }

    pub(super) fn commit(
        &mut self,
        tree: usize,
        parent: Option<usize>,
        trailers: Vec<(String, String)>,
    ) -> usize {
        self.commits.push(Commit {
            tree,
            parent,
            trailers,
        });
        self.commits.len() - 1
    }

    pub(super) fn get(&self, commit: usize) -> Option<&Commit> {
        self.commits.get(commit)
    }

    /// Returns the commits of a branch after `base`, oldest first; `None` when `base` is not in its
    /// history.
    pub(super) fn since(&self, tip: usize, base: usize) -> Option<Vec<LandedCommit>> {
        let mut found = Vec::new();
        let mut at = tip;
        while at != base {
            let commit = self.get(at)?;
            let parent = commit.parent?;
            found.push(LandedCommit {
                commit: commit_id(at),
                parent: commit_id(parent),
                tree: tree_id(commit.tree),
                trailers: commit.trailers.clone(),
            });
            at = parent;
        }
        found.reverse();
        Some(found)
    }

    pub(super) fn is_ancestor(&self, commit: usize, of: usize) -> bool {
        let mut at = Some(of);
        while let Some(one) = at {
            if one == commit {
                return true;
            }
            at = self.get(one).and_then(|found| found.parent);
        }
        false
    }
}

/// Returns whether no gate is green on these files: what is so, whatever a verdict says.
pub(super) fn is_red(files: &Files) -> bool {
    files.values().any(|content| content & RED != 0)
}

pub(super) fn commit_id(number: usize) -> CommitId {
    CommitId(format!("c{number}"))
}

pub(super) fn tree_id(number: usize) -> TreeId {
    TreeId(format!("t{number}"))
}

/// Returns which commit this is.
pub(super) fn commit_of(id: &CommitId) -> usize {
    number(&id.0)
}

/// Returns which tree this is.
pub(super) fn tree_of(id: &TreeId) -> usize {
    number(&id.0)
}

fn number(id: &str) -> usize {
    id.get(1..)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(usize::MAX)
}
