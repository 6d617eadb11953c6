//! Which files of a folder are tickets, and what they look like from outside.
//!
//! Every `*.md` in the folder and its subfolders is a ticket, except: hidden files and folders,
//! `README.md`, and the folders `archive`, `completed` and `drafts`. Beside a folder `tasks` (the
//! layout of Backlog.md) `docs`, `decisions` and `milestones` are left out too. Links to files
//! inside the folder are followed, links to folders and out of the folder are not. Nothing is
//! opened here: a pipe would never end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirEntry, Metadata},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Component, Path, PathBuf},
};

use crate::{
    diagnostic::nearest,
    layout::{PathContext, PathError},
};

/// Why a backlog cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such folder.
    #[error("there is no backlog folder `{}`", path.display())]
    Missing {
        /// The folder that was looked for.
        path: PathBuf,
        /// A folder with a similar name, relative to the repository's root.
        near: Option<String>,
    },
    /// Something else has its name.
    #[error("the backlog `{}` is not a folder", path.display())]
    NotAFolder {
        /// What was looked at.
        path: PathBuf,
    },
    /// It is there and cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
}

impl LoadError {
    /// Returns what to do next, as a sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing {
                near: Some(near), ..
            } => {
                format!("Did you mean `{near}`? Write `backlog = \"{near}\"` in `nightshift.toml`.")
            }
            Self::Missing { path, near: None } => format!(
                "Make it with `mkdir -p {}`, or name the right folder with `backlog = \"…\"` in \
                 `nightshift.toml`.",
                path.display()
            ),
            Self::NotAFolder { .. } => {
                "Name the folder of the tickets with `backlog = \"…\"` in `nightshift.toml`."
                    .to_owned()
            }
            Self::Io(_) => "Check who may read this folder.".to_owned(),
        }
    }
}

/// A file from outside: when it is the same, so are its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Modification, in nanoseconds since 1970.
    pub(super) modified_ns: i128,
    /// Change of the inode, in nanoseconds since 1970: a restored modification time moves it.
    changed_ns: i128,
    pub(super) length: u64,
    pub(super) inode: (u64, u64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let ns = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Self {
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            length: metadata.len(),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}

/// Something with a ticket's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// A file that may be opened.
    File(Stamp),
    /// Something that may not, with the code, message and help of its diagnostic.
    Odd(&'static str, String, &'static str),
}

/// A folder, looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// By path relative to the folder, `/` between parts.
    pub(super) files: BTreeMap<String, Seen>,
    /// The lower-case ids that the file names in `completed` folders begin with.
    pub(super) finished: BTreeSet<String>,
}

/// Looks whether there is a backlog folder, without looking into it.
///
/// # Errors
/// There is none, or it cannot be looked at.
pub fn find_folder(root: &Path, folder: &str) -> Result<(), LoadError> {
    let path = root.join(folder);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        // The full look says what is wrong in its own words.
        Ok(_) | Err(_) => scan(root, folder).map(drop),
    }
}

/// Looks through `<root>/<folder>`.
pub(super) fn scan(root: &Path, folder: &str) -> Result<Scan, LoadError> {
    let top = root.join(folder);
    match fs::metadata(&top) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(LoadError::NotAFolder { path: top }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let near = similar(root, folder);
            return Err(LoadError::Missing { path: top, near });
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(LoadError::NotAFolder { path: top });
        }
        Err(error) => Err(error).at("look at the backlog", &top)?,
    }
    let real = fs::canonicalize(&top).at("look at the backlog", &top)?;
    let mut found = Scan::default();
    let mut open = vec![(top.clone(), String::new())];
    while let Some((path, prefix)) = open.pop() {
        let entries = match entries(&path) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => Err(error).at("read the backlog", &top)?,
            Err(error) => {
                let message = format!("this folder cannot be read: {error}");
                let odd = Seen::Odd("unreadable", message, "check who may read it");
                found
                    .files
                    .insert(prefix.trim_end_matches('/').to_owned(), odd);
                continue;
            }
        };
        let backlog_md =
            prefix.is_empty() && entries.iter().any(|entry| entry.file_name() == "tasks");
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let file = format!("{prefix}{name}");
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                // Gone since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    found.files.insert(file, unreadable(&error));
                    continue;
                }
            };
            if kind.is_dir() {
                match &*name {
                    "completed" => finished(&entry.path(), &mut found.finished),
                    "archive" | "drafts" => {}
                    "docs" | "decisions" | "milestones" if backlog_md => {}
                    _ => open.push((entry.path(), format!("{file}/"))),
                }
                continue;
            }
            if entry.file_name().to_str().is_none() {
                let message = "the name of this file is not UTF-8".to_owned();
                found
                    .files
                    .insert(file, Seen::Odd("bad-name", message, "rename the file"));
                continue;
            }
            let extension = Path::new(&name).extension();
            let markdown = extension.is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
                && !name.eq_ignore_ascii_case("readme.md");
            let seen = if kind.is_symlink() {
                link(&entry.path(), &real, markdown)
            } else if markdown {
                look(fs::symlink_metadata(entry.path()))
            } else {
                None
            };
            if let Some(seen) = seen {
                found.files.insert(file, seen);
            }
        }
    }
    Ok(found)
}

fn entries(path: &Path) -> io::Result<Vec<DirEntry>> {
    fs::read_dir(path)?.collect()
}

fn unreadable(error: &io::Error) -> Seen {
    let message = format!("the ticket cannot be read: {error}");
    Seen::Odd("unreadable", message, "check who may read it")
}

/// Returns what is there; nothing when it has gone meanwhile.
fn look(metadata: io::Result<Metadata>) -> Option<Seen> {
    let metadata = match metadata {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(unreadable(&error)),
    };
    if metadata.is_file() {
        return Some(Seen::File(Stamp::of(&metadata)));
    }
    let kind = metadata.file_type();
    let what = if metadata.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    let message = format!("this is {what}, not a file, and was not opened");
    Some(Seen::Odd(
        "not-a-file",
        message,
        "take it out of the backlog",
    ))
}

/// Returns what a link leads to. Links to folders are noted, whatever their name: tickets might be
/// expected behind them.
fn link(path: &Path, real: &Path, markdown: bool) -> Option<Seen> {
    let help = "copy the file into the backlog";
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(_) if !markdown => return None,
        Err(error) => {
            let message = format!("this link leads nowhere: {error}");
            return Some(Seen::Odd(
                "dangling-link",
                message,
                "repair the link, or remove it",
            ));
        }
    };
    let metadata = fs::metadata(&target);
    if metadata.as_ref().is_ok_and(Metadata::is_dir) {
        let message = "this link leads to a folder, and is not followed".to_owned();
        return Some(Seen::Odd(
            "folder-link",
            message,
            "move the folder here, or remove the link",
        ));
    }
    if !markdown {
        return None;
    }
    if !target.starts_with(real) {
        let message = format!(
            "this link leads out of the backlog, to `{}`",
            target.display()
        );
        return Some(Seen::Odd("outside-link", message, help));
    }
    look(metadata)
}

/// Notes the ids of tickets that were put away: a file there is named after its id, alone or
/// followed by ` - ` and its title.
fn finished(path: &Path, ids: &mut BTreeSet<String>) {
    // A folder of finished tickets that cannot be read leaves their ids unknown, and every ticket
    // that depends on one of them says so.
    for entry in entries(path).unwrap_or_default() {
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if let Some(stem) = name.strip_suffix(".md") {
            let id = stem.split(" - ").next().unwrap_or(stem);
            ids.insert(id.to_owned());
        }
    }
}

/// Returns the folder whose name is most like the one that is missing.
fn similar(root: &Path, folder: &str) -> Option<String> {
    let mut prefix = PathBuf::new();
    for part in Path::new(folder).components() {
        let Component::Normal(name) = part else {
            continue;
        };
        if root.join(&prefix).join(name).is_dir() {
            prefix.push(name);
            continue;
        }
        let names: Vec<String> = entries(&root.join(&prefix))
            .ok()?
            .iter()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        let near = nearest(name.to_str()?, names.iter().map(String::as_str))?;
        return Some(prefix.join(near).to_string_lossy().into_owned());
    }
    None
}
