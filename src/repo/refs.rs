//! Refs: ours are written, all may be read.
//!
//! Ours are those under `refs/heads/nightshift/` (landed work) and `refs/nightshift/` (attempts).
//! A lock file that a killed runner left on one of them would stop every later night, so those are
//! cleared; a lock on anything else is the user's and only named.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use git2::{ErrorCode, Oid};

use super::{
    error::{Doing, GitError},
    id::{CommitId, TreeId},
    store::{Store, commit_id},
};
use crate::layout::{PathContext, PathError};

/// Where our refs are.
const OURS: [&str; 2] = ["refs/heads/nightshift/", "refs/nightshift/"];

impl Store {
    pub(super) fn tip(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        match self.repo.find_reference(name) {
            Ok(reference) => reference
                .peel_to_commit()
                .map(|commit| Some(commit_id(commit.id())))
                .doing(|| format!("read what `{name}` names")),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error).doing(|| format!("read `{name}`")),
        }
    }

    pub(super) fn list_refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let list = || {
            let mut refs = Vec::new();
            for reference in self.repo.references()? {
                let reference = reference?;
                let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
                if name.starts_with(prefix) {
                    refs.push((name, commit_id(reference.peel_to_commit()?.id())));
                }
            }
            refs.sort();
            Ok(refs)
        };
        list().doing(|| format!("list the refs under `{prefix}`"))
    }

    pub(super) fn is_ancestor(
        &self,
        ancestor: &CommitId,
        commit: &CommitId,
    ) -> Result<bool, GitError> {
        let (ancestor, commit) = (self.commit(ancestor)?.id(), self.commit(commit)?.id());
        if ancestor == commit {
            return Ok(true);
        }
        self.repo
            .graph_descendant_of(commit, ancestor)
            .doing(|| format!("compare {ancestor} with {commit}"))
    }

    pub(super) fn keep(
        &self,
        reference: &str,
        tree: &TreeId,
        parent: &CommitId,
        message: &str,
    ) -> Result<CommitId, GitError> {
        ours(reference)?;
        if let Some(kept) = self.tip(reference)? {
            let commit = self.commit(&kept)?;
            let same = commit.tree_id().to_string() == tree.0
                && commit.parent_count() == 1
                && commit
                    .parent_id(0)
                    .is_ok_and(|id| id.to_string() == parent.0);
            return if same {
                Ok(kept)
            } else {
                Err(GitError::Exists {
                    name: reference.to_owned(),
                    found: kept,
                })
            };
        }
        let runner = Self::runner();
        let commit = self.write_commit(tree, parent, message, &runner)?;
        self.create_ref(reference, commit)?;
        Ok(commit_id(commit))
    }

    pub(super) fn create_branch(&self, name: &str, at: &CommitId) -> Result<(), GitError> {
        ours(name)?;
        match self.tip(name)? {
            Some(tip) if tip == *at => Ok(()),
            Some(found) => Err(GitError::Exists {
                name: name.to_owned(),
                found,
            }),
            None => self.create_ref(name, self.commit(at)?.id()),
        }
    }

    fn create_ref(&self, name: &str, at: Oid) -> Result<(), GitError> {
        match self.repo.reference(name, at, false, "nightshift: create") {
            Ok(_) => Ok(()),
            Err(error) => Err(self.ref_failure(name, error, "create")),
        }
    }

    pub(super) fn delete_ref(&self, name: &str) -> Result<(), GitError> {
        ours(name)?;
        let mut reference = match self.repo.find_reference(name) {
            Ok(reference) => reference,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(()),
            Err(error) => return Err(error).doing(|| format!("read `{name}`")),
        };
        reference
            .delete()
            .map_err(|error| self.ref_failure(name, error, "delete"))
    }

    /// Names the lock file, when a lock is why a ref could not be written.
    pub(super) fn ref_failure(&self, name: &str, error: git2::Error, verb: &str) -> GitError {
        if error.code() == ErrorCode::Locked {
            let own = self.found.common_dir.join(format!("{name}.lock"));
            let packed = self.found.common_dir.join("packed-refs.lock");
            return GitError::Locked {
                path: if packed.exists() && !own.exists() {
                    packed
                } else {
                    own
                },
            };
        }
        GitError::Git {
            action: format!("{verb} `{name}`"),
            source: error,
        }
    }

    pub(super) fn clear_stale_locks(&self) -> Result<Vec<PathBuf>, GitError> {
        let mut cleared = Vec::new();
        for prefix in OURS {
            clear_locks(&self.found.common_dir.join(prefix), &mut cleared)?;
        }
        Ok(cleared)
    }
}

fn clear_locks(folder: &Path, cleared: &mut Vec<PathBuf>) -> Result<(), PathError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).at("list", folder),
    };
    for entry in entries {
        let entry = entry.at("list", folder)?;
        let path = entry.path();
        let kind = entry.file_type().at("look at", &path)?;
        if kind.is_dir() {
            clear_locks(&path, cleared)?;
        } else if path.extension().is_some_and(|end| end == "lock") {
            fs::remove_file(&path).at("remove the stale lock", &path)?;
            cleared.push(path);
        }
    }
    Ok(())
}

/// Refuses every ref that is not ours to write.
pub(super) fn ours(name: &str) -> Result<(), GitError> {
    if OURS.iter().any(|prefix| name.starts_with(prefix)) {
        Ok(())
    } else {
        Err(GitError::NotOurs {
            name: name.to_owned(),
        })
    }
}
