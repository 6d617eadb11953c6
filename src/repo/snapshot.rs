//! Takes a room's files as a tree in the user's objects.
//!
//! Untracked files go in, ignored ones do not. The index is the room's private one, so flags that
//! an agent set in its own index (`assume-unchanged`, `skip-worktree`) hide nothing. Links are
//! stored as links. Nothing in the room is changed.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use git2::{ErrorClass, ErrorCode, Index};

use super::{
    error::{Doing, GitError, SnapshotError},
    id::{CommitId, TreeId},
    index::{self, Difference, shown},
    store::{Store, tree_id},
    walk::{Purpose, Stray, Tracked, WalkError, walk},
};
use crate::layout::{PathContext, PathError};

impl Store {
    pub(super) fn snapshot(
        &self,
        room: &Path,
        index: &Path,
        base: &CommitId,
    ) -> Result<TreeId, SnapshotError> {
        fs::read_dir(room)
            .at("list", room)
            .map_err(SnapshotError::Unreadable)?;
        let repo = self.in_room(room, index.parent().unwrap_or(Path::new(".")))?;
        let tree = self.commit(base)?.tree_id();
        let tree = repo
            .find_tree(tree)
            .doing(|| format!("read the tree of {base}"))?;
        let mut index = index::open(&repo, index, &tree)?;
        let tracked = Tracked::of(&index);
        let strays = walk(&repo, room, &tracked, Purpose::Snapshot)?.found;
        let nested: Vec<_> = strays
            .iter()
            .filter_map(|stray| match stray {
                Stray::Nested(path) => Some(shown(path)),
                _ => None,
            })
            .collect();
        if !nested.is_empty() {
            return Err(SnapshotError::Nested { paths: nested });
        }
        let differ = index::differences(&repo, &index)
            .map_err(|error| first_unreadable(room, &tracked, error))?;

        // What is gone first: a folder may stand where a file was, and a file where a folder was.
        let (gone, changed): (Vec<_>, Vec<_>) = differ.into_iter().partition(|one| one.gone);
        for Difference { path, .. } in gone {
            is_gone(room, &path).map_err(SnapshotError::Unreadable)?;
            index
                .remove(&path, 0)
                .doing(|| format!("take `{}` out of the snapshot", shown(&path)))?;
        }
        for Difference { path, .. } in changed {
            add(&mut index, room, &path)?;
        }
        for stray in strays {
            if let Stray::File(path) = stray {
                add(&mut index, room, &path)?;
            }
        }
        let doing = || format!("write the snapshot of `{}`", room.display());
        index.write().doing(doing)?;
        let tree = index.write_tree_to(&repo).doing(doing)?;
        Ok(tree_id(tree))
    }
}

/// Makes sure that nothing that git stores is at this path: libgit2 takes a folder that it could not
/// list for one that is not there, and its files must not land as deleted.
fn is_gone(room: &Path, path: &Path) -> Result<(), PathError> {
    let mut at = room.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        let meta = match at.symlink_metadata() {
            Ok(meta) => meta,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error).at("look at", &at),
        };
        let is_last = parts.peek().is_none();
        if is_last && (meta.is_file() || meta.is_symlink()) {
            return Err(io::Error::other("its folder could not be listed")).at("compare", &at);
        }
        if !meta.is_dir() {
            break;
        }
    }
    Ok(())
}

fn add(index: &mut Index, room: &Path, path: &Path) -> Result<(), SnapshotError> {
    let Err(error) = index.add_path(path) else {
        return Ok(());
    };
    if let Some(error) = unreadable(room, path) {
        return Err(SnapshotError::Unreadable(error));
    }
    let about_the_name =
        error.code() == ErrorCode::InvalidSpec || error.class() == ErrorClass::Index;
    Err(if about_the_name {
        SnapshotError::Unfit {
            path: shown(path),
            source: error,
        }
    } else {
        SnapshotError::Git(GitError::Git {
            action: format!("take `{}` into the snapshot", shown(path)),
            source: error,
        })
    })
}

/// Finds the file that made a comparison fail: libgit2 names it only in prose.
fn first_unreadable(room: &Path, tracked: &Tracked, error: git2::Error) -> SnapshotError {
    tracked
        .files()
        .find_map(|path| unreadable(room, path))
        .map_or_else(
            || {
                SnapshotError::Git(GitError::Git {
                    action: format!("compare the room `{}`", room.display()),
                    source: error,
                })
            },
            SnapshotError::Unreadable,
        )
}

fn unreadable(room: &Path, path: &Path) -> Option<PathError> {
    let path = room.join(path);
    let meta = path.symlink_metadata().ok()?;
    if !meta.is_file() {
        return None;
    }
    File::open(&path).at("read", &path).err()
}

impl From<WalkError> for SnapshotError {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Path(error) => Self::Unreadable(error),
            WalkError::Git(error) => Self::Git(error),
        }
    }
}
