//! Landing: one commit on the night branch, by compare-and-swap, and what has landed so far.
//!
//! The commit is written first and means nothing until the branch names it. Recovery reads the
//! whole range from the night's base to the tip and finds landed tickets by their trailers.

use git2::{ErrorCode, Oid, Signature, Time};

use super::{
    error::{Doing, GitError, LandError},
    id::{CommitId, TreeId},
    message::trailers,
    refs::ours,
    store::{Author, Store, commit_id, tree_id},
};
use crate::clock;

/// One commit of a night branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedCommit {
    /// The commit.
    pub commit: CommitId,
    /// Its first parent.
    pub parent: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// Its trailers, in order.
    pub trailers: Vec<(String, String)>,
}

impl Store {
    pub(super) fn land(
        &self,
        branch_ref: &str,
        expected: &CommitId,
        tree: &TreeId,
        message: &str,
        author: &Author,
    ) -> Result<CommitId, LandError> {
        ours(branch_ref)?;
        let parent = self.commit(expected)?.id();
        let commit = self.write_commit(tree, expected, message, author)?;
        let moved =
            self.repo
                .reference_matching(branch_ref, commit, true, parent, "nightshift: land");
        match moved {
            Ok(_) => Ok(commit_id(commit)),
            // libgit2 reports an absent branch as not found, and one at another commit as modified.
            Err(error) if matches!(error.code(), ErrorCode::Modified | ErrorCode::NotFound) => {
                Err(LandError::Moved {
                    found: self.tip(branch_ref)?,
                })
            }
            Err(error) => Err(match self.ref_failure(branch_ref, error, "move") {
                GitError::Locked { path } => LandError::Locked { path },
                other => other.into(),
            }),
        }
    }

    pub(super) fn landed(
        &self,
        branch_ref: &str,
        base: &CommitId,
    ) -> Result<Vec<LandedCommit>, GitError> {
        let unrelated = || GitError::Unrelated {
            name: branch_ref.to_owned(),
            base: base.clone(),
        };
        let mut at = self.tip(branch_ref)?.ok_or_else(unrelated)?;
        let mut landed = Vec::new();
        while at != *base {
            let commit = self.commit(&at)?;
            let parent = commit_id(commit.parent_id(0).map_err(|_root| unrelated())?);
            landed.push(LandedCommit {
                commit: at,
                parent: parent.clone(),
                tree: tree_id(commit.tree_id()),
                trailers: trailers(&String::from_utf8_lossy(commit.message_bytes())),
            });
            at = parent;
        }
        landed.reverse();
        Ok(landed)
    }

    /// Writes a commit that no ref names yet.
    pub(super) fn write_commit(
        &self,
        tree: &TreeId,
        parent: &CommitId,
        message: &str,
        author: &Author,
    ) -> Result<Oid, GitError> {
        let (tree, parent) = (self.tree(tree)?, self.commit(parent)?);
        let time = Time::new(clock::now().at.as_second(), 0);
        let write = || {
            let author = Signature::new(&author.name, &author.email, &time)?;
            let runner = Self::runner();
            let committer = Signature::new(&runner.name, &runner.email, &time)?;
            self.repo
                .commit(None, &author, &committer, message, &tree, &[&parent])
        };
        write().doing(|| "write a commit".to_owned())
    }

    /// Who commits, and who keeps attempts: the runner itself.
    pub(super) fn runner() -> Author {
        Author {
            name: "nightshift".to_owned(),
            email: "nightshift@localhost".to_owned(),
            fallback: true,
        }
    }
}
