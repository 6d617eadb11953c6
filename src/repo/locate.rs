//! Finds the repository, once, from the user's own folder and before any agent ran.
//!
//! This walks up by itself instead of asking libgit2, so that a repository which libgit2 cannot
//! open (SHA-256, reftable) is still found and can be explained. The layout is that of
//! `gitrepository-layout(5)`: `.git` is a folder, or a file with `gitdir: PATH`; a linked
//! worktree's git directory has a `commondir` file.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::error::LocateError;
use crate::layout::PathContext;

/// Where a repository is. All paths are absolute and without links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The top folder of the user's checkout.
    pub root: PathBuf,
    /// The git directory of this checkout (its `HEAD`).
    pub git_dir: PathBuf,
    /// The git directory that holds objects, refs and configuration; the same as `git_dir` unless
    /// this is a linked worktree.
    pub common_dir: PathBuf,
}

impl Found {
    /// Returns the folders in which objects are: the repository's own, and those that it borrows
    /// from, as `objects/info/alternates` names them (`gitrepository-layout(5)`).
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut all = vec![self.common_dir.join("objects")];
        let mut at = 0;
        // Git follows five of them in a row.
        while let Some(folder) = all.get(at).cloned().filter(|_| at < 16) {
            let text = fs::read_to_string(folder.join("info/alternates")).unwrap_or_default();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let more = folder.join(line);
                if !line.is_empty() && !all.contains(&more) {
                    all.push(more);
                }
            }
            at += 1;
        }
        all
    }
}

/// Finds the repository that `start` is in.
///
/// # Errors
/// There is none, it has no checkout, or `start` is inside the git directory itself.
pub fn locate(start: &Path) -> Result<Found, LocateError> {
    let start = fs::canonicalize(start).at("open", start)?;
    for folder in start.ancestors() {
        let dot_git = folder.join(".git");
        match fs::metadata(&dot_git) {
            Ok(meta) if meta.is_dir() && is_git_dir(&dot_git) => {
                return found(folder, &dot_git);
            }
            Ok(meta) if meta.is_file() => {
                let target = pointed_at(&dot_git)?;
                if !is_git_dir(&target) {
                    return Err(LocateError::Broken { path: dot_git });
                }
                return found(folder, &target);
            }
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => Err(error).at("read", &dot_git)?,
        }
        if is_git_dir(folder) {
            return Err(if is_bare(folder) {
                LocateError::Bare {
                    path: folder.to_owned(),
                }
            } else {
                LocateError::Inside { start }
            });
        }
    }
    Err(LocateError::NotThere { start })
}

fn found(root: &Path, git_dir: &Path) -> Result<Found, LocateError> {
    let git_dir = fs::canonicalize(git_dir).at("open", git_dir)?;
    let pointer = git_dir.join("commondir");
    let common_dir = match fs::read(&pointer) {
        Ok(text) => git_dir.join(path_of(&text)),
        Err(error) if is_absent(&error) => git_dir.clone(),
        Err(error) => return Err(error).at("read", &pointer)?,
    };
    let common_dir = fs::canonicalize(&common_dir).at("open", &common_dir)?;
    if git_dir == common_dir && is_bare(&git_dir) {
        return Err(LocateError::Bare { path: git_dir });
    }
    Ok(Found {
        root: root.to_owned(),
        git_dir,
        common_dir,
    })
}

/// Reads the path out of a `.git` file.
fn pointed_at(dot_git: &Path) -> Result<PathBuf, LocateError> {
    let text = fs::read(dot_git).at("read", dot_git)?;
    let Some(path) = text.strip_prefix(b"gitdir:") else {
        return Err(LocateError::Broken {
            path: dot_git.to_owned(),
        });
    };
    let folder = dot_git.parent().unwrap_or(dot_git);
    Ok(folder.join(path_of(path)))
}

fn path_of(text: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(text.trim_ascii()))
}

/// Whether a folder looks like a git directory, as git itself decides: a `HEAD`, and either
/// objects and refs or the way to them.
fn is_git_dir(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_dir();
    folder.join("HEAD").symlink_metadata().is_ok()
        && (folder.join("commondir").is_file() || (has("objects") && has("refs")))
}

/// Whether the configuration says that this git directory has no checkout. With
/// `extensions.worktreeConfig` the answer is in `config.worktree`.
fn is_bare(git_dir: &Path) -> bool {
    ["config.worktree", "config"]
        .into_iter()
        .map(|name| git_dir.join(name))
        .filter(|path| path.is_file())
        .find_map(|path| git2::Config::open(&path).ok()?.get_bool("core.bare").ok())
        .unwrap_or(false)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
