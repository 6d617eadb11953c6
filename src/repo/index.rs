//! A room's private index: outside the room, where no agent can set its flags, and kept warm.
//!
//! The index remembers each file's times, inode and size, so that an unchanged file need not be
//! read again. It always begins as exactly the base tree: what an earlier snapshot had added is
//! forgotten, and only what is remembered of unchanged files stays.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

use git2::{Delta, DiffOptions, FileMode, Index, IndexTime, Repository, Tree};

use super::error::{Doing, GitError};
use crate::layout::PathContext;

/// Opens the private index with the entries of `tree` and makes it `repo`'s. A damaged index is
/// made anew.
pub(super) fn open(repo: &Repository, path: &Path, tree: &Tree<'_>) -> Result<Index, GitError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).at("create the folder", folder)?;
    }
    // Left by a runner that was killed; nobody else writes here.
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    forget(Path::new(&lock))?;

    let written = fs::metadata(path)
        .ok()
        .map(|meta| (meta.mtime(), meta.mtime_nsec()));
    let doing = || format!("open the private index `{}`", path.display());
    let mut index = if let Ok(index) = Index::open(path) {
        index
    } else {
        forget(path)?;
        Index::open(path).doing(doing)?
    };
    repo.set_index(&mut index).doing(doing)?;
    index.read_tree(tree).doing(doing)?;
    if let Some(written) = written {
        forget_racy(&mut index, written).doing(doing)?;
    }
    Ok(index)
}

/// Forgets what is remembered of files that were changed in the very tick of the clock in which
/// the index was written, or later: such a file may have been changed again in the same tick, with
/// the same size. libgit2 has this rule too, but `read_tree` makes it forget when the index was
/// written.
fn forget_racy(index: &mut Index, written: (i64, i64)) -> Result<(), git2::Error> {
    let at = |time: &IndexTime| (i64::from(time.seconds()), i64::from(time.nanoseconds()));
    let racy: Vec<_> = index
        .iter()
        .filter(|entry| entry.mode != u32::from(FileMode::Commit))
        .filter(|entry| at(&entry.mtime) >= written || at(&entry.ctime) >= written)
        .collect();
    for mut entry in racy {
        entry.mtime = IndexTime::new(0, 0);
        entry.file_size = 0;
        index.add(&entry)?;
    }
    Ok(())
}

/// How a tracked file differs from the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// Path relative to the room.
    pub(super) path: PathBuf,
    /// Whether it is gone (or something is there that git does not store).
    pub(super) gone: bool,
}

/// Returns the tracked files that differ in the room. Submodules do not: their folders are empty.
pub(super) fn differences(
    repo: &Repository,
    index: &Index,
) -> Result<Vec<Difference>, git2::Error> {
    let mut options = DiffOptions::new();
    options
        .include_typechange(true)
        .ignore_submodules(true)
        .update_index(true);
    let diff = repo.diff_index_to_workdir(Some(index), Some(&mut options))?;
    Ok(diff
        .deltas()
        .filter_map(|delta| {
            let path = delta.old_file().path_bytes()?.to_vec();
            Some(Difference {
                path: PathBuf::from(std::ffi::OsString::from_vec(path)),
                gone: matches!(delta.status(), Delta::Deleted),
            })
        })
        .collect())
}

/// Takes the index off the disk while its entries stay in memory, to be written again.
///
/// A checkout compares with the tree at the user's HEAD when the index is on the disk, and then
/// passes over a missing file that is a link there, or the other way round. Without one it writes
/// what it is asked to.
pub(super) fn forget_on_disk(index: &mut Index) -> Result<(), GitError> {
    if let Some(path) = index.path().map(Path::to_owned) {
        forget(&path)?;
    }
    index
        .read(false)
        .doing(|| "begin a private index anew".to_owned())
}

/// Shows a path as [`Change::path`](super::id::Change::path) does.
pub(super) fn shown(path: &Path) -> String {
    let bytes: &OsStr = path.as_os_str();
    String::from_utf8_lossy(bytes.as_bytes()).into_owned()
}

fn forget(path: &Path) -> Result<(), GitError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Ok(Err(error).at("remove", path)?),
        _ => Ok(()),
    }
}
