//! Every name under `.nightshift/`, and the only ways to write there: atomically, or under a lock.
//!
//! A [`Layout`] knows where things are; it never reads what is in them. Rooms (bench and gate
//! room) live outside the repository, under the user's state folder, because tools that look up
//! the directory tree must not find the user's checkout above them.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// An I/O error with the path that it is about.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct PathError {
    /// What was tried, as in "cannot … `path`".
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// Adds the path to an I/O error.
pub trait PathContext<T> {
    /// Names what was tried on which path.
    ///
    /// # Errors
    /// The same error, with action and path.
    fn at(self, action: &'static str, path: &Path) -> Result<T, PathError>;
}

impl<T> PathContext<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, PathError> {
        self.map_err(|source| PathError {
            action,
            path: path.to_owned(),
            source,
        })
    }
}

/// Where the state of one repository lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    state: PathBuf,
    rooms: PathBuf,
}

impl Layout {
    /// Returns the layout whose state folder is `<root>/.nightshift` and whose rooms are below
    /// `rooms_home` (the user's state folder), in a folder named after the state folder's path.
    pub fn new(root: &Path, rooms_home: &Path) -> Self {
        Self::at(root.join(".nightshift"), rooms_home)
    }

    /// Returns the layout of rehearsals: a state folder inside the real one, with its own rooms.
    #[must_use]
    pub fn rehearsal(&self) -> Self {
        let home = self
            .rooms
            .parent()
            .and_then(Path::parent)
            .unwrap_or(&self.rooms);
        Self::at(self.state.join("rehearsal"), home)
    }

    fn at(state: PathBuf, rooms_home: &Path) -> Self {
        let digest = blake3::hash(state.as_os_str().as_encoded_bytes()).to_hex();
        let key: String = digest.chars().take(16).collect();
        let rooms = rooms_home.join("rooms").join(key);
        Self { state, rooms }
    }

    /// `.nightshift/`.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The folder of this repository's rooms.
    pub fn rooms(&self) -> &Path {
        &self.rooms
    }

    /// The bench, where agents work.
    pub fn bench(&self) -> PathBuf {
        self.rooms.join("bench")
    }

    /// The gate room, where no agent ever was.
    pub fn gate_room(&self) -> PathBuf {
        self.rooms.join("gate")
    }

    /// The folder in which children of one kind (`agent`, `gate`) have their home and their
    /// temporary files.
    pub fn private(&self, kind: &str) -> PathBuf {
        self.rooms.join("private").join(kind)
    }

    /// Where the content of an attempt's files over the size cap is kept.
    pub fn large(&self, night: &str, ticket: &str, attempt: u32) -> PathBuf {
        let name = format!("{ticket}-{attempt}");
        self.rooms.join("large").join(night).join(name)
    }

    /// What the user trusts of this checkout; out of reach of agents, as the rooms' own folder is.
    pub fn trust(&self) -> PathBuf {
        let home = self.rooms.parent().and_then(Path::parent);
        let mut name = self.rooms.file_name().unwrap_or_default().to_owned();
        name.push(".json");
        home.unwrap_or(&self.rooms).join("trust").join(name)
    }

    /// The folder of the runner's private indexes, out of any room.
    pub fn indexes(&self) -> PathBuf {
        self.rooms.join("index")
    }

    /// The folder of journal segments.
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal")
    }

    /// The folder of one night.
    pub fn night(&self, night: &str) -> PathBuf {
        self.state.join("nights").join(night)
    }

    /// The folder of one attempt.
    pub fn attempt(&self, night: &str, ticket: &str, attempt: u32) -> PathBuf {
        self.night(night)
            .join(ticket)
            .join(format!("attempt-{attempt}"))
    }

    /// The folder of one objective's files for whoever reads along.
    pub fn objective(&self, night: &str, ticket: &str) -> PathBuf {
        self.night(night).join("objectives").join(ticket)
    }

    /// The file of requests from other terminals.
    pub fn control(&self) -> PathBuf {
        self.state.join("control.json")
    }

    /// The lock of the one running night.
    pub fn lock(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// How far the runner has come, overwritten while it works.
    pub fn heartbeat(&self) -> PathBuf {
        self.state.join("heartbeat")
    }

    /// What a night without a terminal prints.
    pub fn run_log(&self) -> PathBuf {
        self.state.join("run.log")
    }

    /// The reserved file that is freed on the first "no space".
    pub fn ballast(&self) -> PathBuf {
        self.state.join("ballast")
    }

    /// Remembered gate verdicts, by tree and command.
    pub fn verdicts(&self) -> PathBuf {
        self.state.join("verdicts.jsonl")
    }
}

/// Replaces a file atomically: after a crash it holds the old bytes or the new ones, and once this
/// returns, the new ones survive power loss.
///
/// # Errors
/// The step that failed, with its path; the old file is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), PathError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).at("create the folder", folder)?;
    let mut temporary = tempfile::Builder::new()
        .prefix(".new-")
        .tempfile_in(folder)
        .at("write in", folder)?;
    temporary.write_all(bytes).at("write", path)?;
    temporary.as_file().sync_all().at("sync", path)?;
    temporary
        .persist(path)
        .map_err(|error| error.error)
        .at("replace", path)?;
    sync_folder(folder)
}

/// Makes the names in a folder survive power loss.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> Result<(), PathError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .at("sync the folder", folder)
}

/// Writes a file that may be lost in a crash (a projection, a log).
///
/// # Errors
/// The folder cannot be made or the file not written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), PathError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).at("create the folder", folder)?;
    }
    #[expect(clippy::disallowed_methods, reason = "layout owns writing files")]
    fs::write(path, bytes).at("write", path)
}

/// Writes a file below a folder in which others could lay out links: none is followed, and what is in
/// the way goes. Nobody may be at work in there any more.
///
/// # Errors
/// A folder or the file cannot be made, or `name` is no plain relative path.
pub fn write_within(root: &Path, name: &Path, bytes: &[u8]) -> Result<(), PathError> {
    let mut at = root.to_owned();
    let mut parts = name.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(part) = part else {
            return Err(io::ErrorKind::InvalidInput.into()).at("write", &root.join(name));
        };
        at.push(part);
        let is_folder = match at.symlink_metadata() {
            Ok(meta) if meta.is_dir() => true,
            Ok(_) => {
                fs::remove_file(&at).at("remove", &at)?;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error).at("look at", &at),
        };
        let is_last = parts.peek().is_none();
        if is_last && is_folder {
            fs::remove_dir_all(&at).at("remove", &at)?;
        } else if !is_last && !is_folder {
            fs::create_dir(&at).at("create the folder", &at)?;
        }
    }
    File::create_new(&at)
        .and_then(|mut file| file.write_all(bytes))
        .at("write", &at)
}

/// Makes `path` a link to `target`, relative to the link's folder; one that is there is replaced.
///
/// # Errors
/// The folder cannot be made or the link not be put there.
pub fn link(target: &Path, path: &Path) -> Result<(), PathError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).at("create the folder", folder)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).at("replace", path);
        }
        Ok(()) | Err(_) => {}
    }
    std::os::unix::fs::symlink(target, path).at("write", path)
}

/// Gives a file or folder another name on the same file system.
///
/// # Errors
/// It cannot be renamed.
pub fn rename(from: &Path, to: &Path) -> Result<(), PathError> {
    #[expect(clippy::disallowed_methods, reason = "layout owns renaming")]
    fs::rename(from, to).at("rename", from)
}

/// Who holds the night's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id of the runner.
    pub pid: u32,
    /// When it took the lock, RFC 3339.
    pub since: String,
    /// What it is doing, such as `night 2026-11-20`.
    pub what: String,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it; `None` when it has not yet said who it is.
    #[error("another nightshift holds the lock{}", holder.as_ref().map(|h| format!(": process {}, {}, since {}", h.pid, h.what, h.since)).unwrap_or_default())]
    Held {
        /// Who.
        holder: Option<Holder>,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    Io(#[from] PathError),
}

/// The lock of the one night per repository. It dies with its process: the kernel releases it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock at `path`, writing who holds it.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it.
    pub fn take(path: &Path, holder: &Holder) -> Result<Self, LockError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).at("create the folder", folder)?;
        }
        // Descriptors are close-on-exec in std: a child cannot keep the lock after the runner dies.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .at("open the lock", path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).at("read the lock", path)?;
                return Err(LockError::Held {
                    holder: serde_json::from_str(&text).ok(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(LockError::Io(PathError {
                    action: "lock",
                    path: path.to_owned(),
                    source,
                }));
            }
        }
        file.set_len(0).at("write the lock", path)?;
        file.rewind().at("write the lock", path)?;
        let text = serde_json::to_string(holder).unwrap_or_default();
        file.write_all(text.as_bytes()).at("write the lock", path)?;
        Ok(Self { _file: file })
    }

    /// Returns who holds the lock at `path` now, without taking it; `None` when nobody does.
    ///
    /// # Errors
    /// The lock file exists and cannot be opened.
    pub fn holder(path: &Path) -> Result<Option<Holder>, PathError> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at("open the lock", path),
        };
        // A shared lock fails while somebody holds the exclusive one, and disturbs nobody for long.
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(_) => {
                let mut text = String::new();
                file.read_to_string(&mut text).at("read the lock", path)?;
                Ok(Some(serde_json::from_str(&text).unwrap_or(Holder {
                    pid: 0,
                    since: String::new(),
                    what: "starting".to_owned(),
                })))
            }
        }
    }
}
