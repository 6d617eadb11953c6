//! The few file operations that the writer rests on, so that tests can let each of them fail.
//!
//! [`Disk`] is the real one and adds nothing but care: a segment is opened without following a
//! link and only if it is a regular file, and a name is durable once the call returns. Its
//! counterpart in tests (`crash.rs`) forgets what was not synced.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Seek, Write},
    path::Path,
};

use rustix::fs::{Mode, OFlags};

use crate::layout::{self, PathContext, PathError};

/// What to do with a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only read it.
    Read,
    /// Read it, cut it, and write at its end.
    Append,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) name: OsString,
    /// Whether it is a regular file; a link is none, whatever it points to.
    pub(super) regular: bool,
}

/// Where segments are kept.
pub(crate) trait Medium: Send + std::fmt::Debug {
    /// Makes the folder, durably, if it is not there.
    fn make_folder(&self, folder: &Path) -> Result<(), PathError>;

    /// Returns what is in the folder, in any order.
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, PathError>;

    /// Makes the names in the folder survive power loss.
    fn sync_folder(&self, folder: &Path) -> Result<(), PathError>;

    /// Opens a regular file that is there.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn MediumFile>>;

    /// Makes a file with these bytes: after a crash it is there whole or not at all, and once this
    /// returns, it survives power loss.
    fn place(&self, path: &Path, bytes: &[u8]) -> Result<(), PathError>;

    /// Gives a file another name in the same folder, durably.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), PathError>;
}

/// An open file of a [`Medium`].
pub(crate) trait MediumFile: Read + Seek + Send + std::fmt::Debug {
    /// Writes at the end. On an error any part of the bytes may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written and the length survive power loss.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to this length.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The file system.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk;

impl Medium for Disk {
    fn make_folder(&self, folder: &Path) -> Result<(), PathError> {
        if folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(folder).at("create the folder", folder)?;
        folder.parent().map_or(Ok(()), layout::sync_folder)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>, PathError> {
        fs::read_dir(folder)
            .and_then(|entries| {
                entries
                    .map(|entry| {
                        let entry = entry?;
                        Ok(Entry {
                            name: entry.file_name(),
                            regular: entry.file_type()?.is_file(),
                        })
                    })
                    .collect()
            })
            .at("list the folder", folder)
    }

    fn sync_folder(&self, folder: &Path) -> Result<(), PathError> {
        layout::sync_folder(folder)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn MediumFile>> {
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::Append => OFlags::RDWR | OFlags::APPEND,
        };
        // NONBLOCK: opening a FIFO must fail below, not wait for somebody at its other end.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(Box::new(file))
    }

    fn place(&self, path: &Path, bytes: &[u8]) -> Result<(), PathError> {
        layout::replace(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        rustix::fs::rename(from, to)
            .map_err(io::Error::from)
            .at("rename", from)?;
        to.parent().map_or(Ok(()), layout::sync_folder)
    }
}

impl MediumFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
