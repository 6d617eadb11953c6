//! Puts right what keeps a bench from being taken: pipes where git's rules are read, files and
//! folders that nobody may open, names that git does not store, folders too deep to be named.
//!
//! An agent can make any of these, on purpose or not; it costs its ticket, and not the night. What
//! is a fault of the disk is none of these, and stays an error.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    layout::{self, PathContext as _, PathError},
    repo::{SnapshotError, id::Unfit},
};

/// Files that git acts on while it looks at a folder.
const RULES: [&str; 3] = [".gitignore", ".gitattributes", ".gitmodules"];
/// Rules beyond this many bytes are not read.
const LONGEST_RULES: u64 = 16 << 20;
/// Folders with longer paths are put aside: `PATH_MAX` (4096) is near.
const LONGEST_PATH: usize = 3500;

/// Changes what has to be changed so that the bench can be taken, and returns what that was; nothing
/// when the error is of another kind. What cannot stay is moved to `aside`.
///
/// # Errors
/// Something cannot be changed.
pub(super) fn put_right(
    bench: &Path,
    aside: &Path,
    error: &SnapshotError,
) -> Result<Vec<Unfit>, PathError> {
    let changed = match error {
        SnapshotError::Unreadable(_) => open_up(bench, aside)?,
        SnapshotError::Unfit { path, .. } => {
            let path = PathBuf::from(path);
            if bench.join(&path).symlink_metadata().is_err() {
                return Ok(Vec::new());
            }
            put_aside(bench, aside, &path)?;
            vec![path]
        }
        SnapshotError::Nested { .. } | SnapshotError::Git(_) => Vec::new(),
    };
    let found = |path: PathBuf| Unfit::Unreadable {
        path: path.to_string_lossy().into_owned(),
    };
    Ok(changed.into_iter().map(found).collect())
}

fn open_up(bench: &Path, aside: &Path) -> Result<Vec<PathBuf>, PathError> {
    let mut changed = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        let folder = bench.join(&inside);
        if folder.as_os_str().len() > LONGEST_PATH {
            let top: PathBuf = inside.iter().take(1).collect();
            put_aside(bench, aside, &top)?;
            folders.retain(|other| !other.starts_with(&top));
            changed.push(top);
            continue;
        }
        if unlock(&folder, 0o500, 0o700)? {
            changed.push(inside.clone());
        }
        for entry in fs::read_dir(&folder).at("list", &folder)? {
            let entry = entry.at("list", &folder)?;
            let (name, path) = (inside.join(entry.file_name()), entry.path());
            let kind = entry.file_type().at("look at", &path)?;
            if name == Path::new(".git") {
                continue;
            }
            if kind.is_dir() {
                folders.push(name);
            } else if is_no_rules(&entry.file_name(), &path, kind) {
                put_aside(bench, aside, &name)?;
                changed.push(name);
            } else if kind.is_file() && unlock(&path, 0o400, 0o600)? {
                changed.push(name);
            }
        }
    }
    Ok(changed)
}

/// Gives a file or folder these rights where it lacks some of those that are needed.
fn unlock(path: &Path, needed: u32, given: u32) -> Result<bool, PathError> {
    let meta = path.symlink_metadata().at("look at", path)?;
    let mode = meta.permissions().mode();
    if mode & needed == needed {
        return Ok(false);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode | given))
        .at("change the mode of", path)?;
    Ok(true)
}

/// Whether it stands where git reads rules, and is not what git should read.
fn is_no_rules(name: &std::ffi::OsStr, path: &Path, kind: fs::FileType) -> bool {
    let is_odd = match fs::metadata(path) {
        Ok(meta) if meta.is_file() => meta.len() > LONGEST_RULES,
        Ok(meta) => !meta.is_dir(),
        Err(_) => !kind.is_symlink() && !kind.is_file(),
    };
    is_odd && RULES.iter().any(|rules| name == *rules)
}

/// Moves something out of the bench to a place that outlives it.
///
/// # Errors
/// It cannot be moved.
pub(super) fn put_aside(bench: &Path, aside: &Path, name: &Path) -> Result<(), PathError> {
    let (from, to) = (bench.join(name), aside.join(name));
    let folder = to.parent().unwrap_or(aside);
    fs::create_dir_all(folder).at("create the folder", folder)?;
    // What an earlier look put there, before a death of the runner.
    match to.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(&to).at("remove", &to)?,
        Ok(_) => fs::remove_file(&to).at("remove", &to)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).at("look at", &to),
    }
    layout::rename(&from, &to)
}
