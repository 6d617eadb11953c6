//! Removes what an agent may have left, without following a link and whatever its modes are.
//!
//! `fs::remove_dir_all` stops at a folder that may not be listed and runs out of file descriptors
//! in a tree nested deep enough. So a folder is flattened instead: its subfolders are renamed into
//! a bin beside the room and emptied there one by one, which needs neither recursion nor long
//! paths.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::layout::{PathContext, PathError};

/// A folder of ours, on the room's file system, in which folders are taken apart.
pub(super) struct Bin {
    folder: PathBuf,
}

impl Bin {
    /// The bin of a room, beside it. What an earlier process left in it is removed.
    pub(super) fn beside(room: &Path) -> Result<Self, PathError> {
        let mut name = std::ffi::OsString::from(".discard-");
        name.push(room.file_name().unwrap_or_default());
        let bin = Self {
            folder: room.with_file_name(name),
        };
        if bin.folder.symlink_metadata().is_ok() {
            bin.empty()?;
        }
        Ok(bin)
    }

    /// Removes a file, a link or a whole folder; nothing there is fine.
    pub(super) fn remove(&self, path: &Path) -> Result<(), PathError> {
        let meta = match path.symlink_metadata() {
            Ok(meta) => meta,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error).at("look at", path),
        };
        if !meta.is_dir() {
            return unlink(path);
        }
        // Most folders to be removed are empty ones.
        if fs::remove_dir(path).is_ok() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder).at("create the folder", &self.folder)?;
        self.take(path, 0)?;
        self.empty()
    }

    /// Moves a folder into the bin, under a free number from `from` on.
    fn take(&self, folder: &Path, from: u64) -> Result<u64, PathError> {
        // Renaming a folder rewrites its `..`, for which it must be writable.
        unlock(folder)?;
        let mut number = from;
        while self
            .folder
            .join(number.to_string())
            .symlink_metadata()
            .is_ok()
        {
            number += 1;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "moves what is being deleted; there is nothing that must survive a crash"
        )]
        fs::rename(folder, self.folder.join(number.to_string())).at("discard", folder)?;
        Ok(number + 1)
    }

    fn empty(&self) -> Result<(), PathError> {
        let mut next = 0;
        loop {
            let mut folders = Vec::new();
            for entry in fs::read_dir(&self.folder).at("list", &self.folder)? {
                folders.push(entry.at("list", &self.folder)?.path());
            }
            if folders.is_empty() {
                break;
            }
            for folder in folders {
                unlock(&folder)?;
                for entry in fs::read_dir(&folder).at("list", &folder)? {
                    let entry = entry.at("list", &folder)?;
                    let path = entry.path();
                    if entry.file_type().at("look at", &path)?.is_dir() {
                        next = self.take(&path, next)?;
                    } else {
                        fs::remove_file(&path).at("remove", &path)?;
                    }
                }
                fs::remove_dir(&folder).at("remove", &folder)?;
            }
        }
        fs::remove_dir(&self.folder).at("remove", &self.folder)
    }
}

fn unlink(path: &Path) -> Result<(), PathError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            if let Some(folder) = path.parent() {
                unlock(folder)?;
            }
            fs::remove_file(path).at("remove", path)
        }
        done => done.at("remove", path),
    }
}

/// Makes a folder of ours listable and writable for us. Must not be given a link.
pub(super) fn unlock(folder: &Path) -> Result<(), PathError> {
    let mode = folder
        .symlink_metadata()
        .at("look at", folder)?
        .permissions()
        .mode();
    if mode & 0o700 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o700))
        .at("change the mode of", folder)
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
