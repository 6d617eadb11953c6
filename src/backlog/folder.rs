//! The files of a backlog folder: found, looked at before they are opened, read in bounded size.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    diagnostic::{Diagnostic, Source},
    layout::{PathContext, PathError},
};

/// How large a ticket may be; a larger file is not read.
const LARGEST: u64 = 1024 * 1024;
/// Folders whose tickets are not for tonight.
const SKIPPED: [&str; 3] = ["archive", "completed", "drafts"];

/// A file that may be a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Relative to the backlog folder, `/` between parts.
    pub(super) file: String,
    /// Absolute.
    pub(super) path: PathBuf,
    /// What says that it is the same file with the same bytes.
    pub(super) stamp: Stamp,
}

/// What says that a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) modified: Option<SystemTime>,
    pub(super) size: u64,
    pub(super) inode: u64,
}

/// Returns the files of a backlog folder, by name, and what cannot be looked at.
pub(super) fn list(folder: &Path) -> Result<(Vec<Entry>, Vec<(String, String)>), PathError> {
    let whole = folder
        .canonicalize()
        .at("find the backlog folder", folder)?;
    let mut found = Vec::new();
    let mut strange = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((at, prefix)) = open.pop() {
        for entry in fs::read_dir(&at).at("read the folder", &at)? {
            let entry = entry.at("read the folder", &at)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let file = format!("{prefix}{name}");
            let path = entry.path();
            let kind = entry.file_type().at("look at", &path)?;
            if kind.is_dir() {
                if !SKIPPED.contains(&name.to_ascii_lowercase().as_str()) {
                    open.push((path, format!("{file}/")));
                }
                continue;
            }
            if !is_ticket(&name) {
                continue;
            }
            match look(&whole, &path, kind.is_symlink()) {
                Ok(stamp) => found.push(Entry { file, path, stamp }),
                Err(reason) => strange.push((file, reason)),
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    strange.sort();
    Ok((found, strange))
}

fn is_ticket(name: &str) -> bool {
    let markdown = Path::new(name)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("md"));
    markdown && !name.eq_ignore_ascii_case("README.md")
}

fn look(whole: &Path, path: &Path, link: bool) -> Result<Stamp, String> {
    use std::os::unix::fs::MetadataExt as _;
    if link {
        let target = path
            .canonicalize()
            .map_err(|error| format!("a link that leads nowhere: {error}"))?;
        if !target.starts_with(whole) {
            return Err("a link that leaves the backlog".to_owned());
        }
    }
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a regular file".to_owned());
    }
    Ok(Stamp {
        modified: metadata.modified().ok(),
        size: metadata.len(),
        inode: metadata.ino(),
    })
}

/// Reads a file, or says why it is not a ticket.
pub(super) fn read(entry: &Entry, shown: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    let refuse = |code, message: String, help: &str| {
        Box::new(Diagnostic::error(
            code,
            message,
            &Source::new(shown, ""),
            0..0,
            help,
        ))
    };
    if entry.stamp.size > LARGEST {
        let message = format!(
            "expected a ticket of at most 1 MiB, found a file of {} MiB",
            entry.stamp.size.div_ceil(1024 * 1024)
        );
        return Err(refuse(
            "too-large",
            message,
            "Move what it holds into files of the repository, and name them.",
        ));
    }
    fs::read(&entry.path).map_err(|error: io::Error| {
        refuse(
            "unreadable",
            format!("the file cannot be read: {error}"),
            "Look at its permissions.",
        )
    })
}

/// Returns the diagnostic of a file that was not even opened.
pub(super) fn strange(shown: &str, reason: &str) -> Diagnostic {
    let message = format!("expected a file of the backlog, found {reason}");
    let help = "Put the ticket itself into the backlog folder.";
    Diagnostic::error("not-a-ticket", message, &Source::new(shown, ""), 0..0, help)
}
