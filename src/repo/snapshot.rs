//! Takes a room's files as a tree in the user's objects.
//!
//! Untracked files go in, ignored ones do not. The index is the room's private one, so flags that
//! an agent set in its own index (`assume-unchanged`, `skip-worktree`) hide nothing. Links are
//! stored as links. A file over the size cap stays out, as it was in the base or not at all, and is
//! named. Nothing in the room is changed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use git2::{ErrorClass, ErrorCode, Index, ObjectType, Oid, Repository};

use super::{
    error::{Doing, GitError, SnapshotError},
    id::{CommitId, TreeId},
    index::{self, Difference, shown},
    store::{Store, tree_id},
    walk::{Purpose, Stray, Tracked, WalkError, walk},
};
use crate::layout::{PathContext, PathError};

/// A room's files, taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Their tree.
    pub tree: TreeId,
    /// The changed files that are not in it because of their size.
    pub large: Vec<TooLarge>,
}

/// A changed file over the size cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLarge {
    /// Path relative to the room. No folder on its way is a link.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

impl Store {
    pub(super) fn snapshot(
        &self,
        room: &Path,
        index: &Path,
        base: &CommitId,
        largest: u64,
    ) -> Result<Snapshot, SnapshotError> {
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
        let strays = strays.into_iter().filter_map(|stray| match stray {
            Stray::File(path) => Some(path),
            Stray::Special(_) | Stray::Nested(_) | Stray::Folder(_) => None,
        });
        let mut large = Vec::new();
        for path in changed.into_iter().map(|one| one.path).chain(strays) {
            match over(&repo, &index, room, &path, largest)? {
                Some(bytes) => large.push(TooLarge { path, bytes }),
                None => add(&mut index, room, &path)?,
            }
        }
        let doing = || format!("write the snapshot of `{}`", room.display());
        index.write().doing(doing)?;
        let tree = index.write_tree_to(&repo).doing(doing)?;
        Ok(Snapshot {
            tree: tree_id(tree),
            large,
        })
    }
}

/// Returns the size of a file that is over the cap. One of which only the mode has changed is not.
fn over(
    repo: &Repository,
    index: &Index,
    room: &Path,
    path: &Path,
    largest: u64,
) -> Result<Option<u64>, SnapshotError> {
    let file = room.join(path);
    let bytes = match file.symlink_metadata() {
        Ok(meta) if meta.is_file() && meta.len() > largest => meta.len(),
        Ok(_) => return Ok(None),
        Err(error) => {
            return Err(error)
                .at("look at", &file)
                .map_err(SnapshotError::Unreadable);
        }
    };
    let Some(before) = index.get_path(path, 0) else {
        return Ok(Some(bytes));
    };
    let is_same = || {
        let (size, kind) = repo.odb()?.read_header(before.id)?;
        let is_as_long = kind == ObjectType::Blob && u64::try_from(size) == Ok(bytes);
        Ok(is_as_long && Oid::hash_file(ObjectType::Blob, &file)? == before.id)
    };
    let is_same = is_same().doing(|| format!("compare `{}`", shown(path)))?;
    Ok((!is_same).then_some(bytes))
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
