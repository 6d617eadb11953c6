//! Walks a room and lists what is in it that the tree does not have.
//!
//! Links are never followed. A folder is entered only if it is a folder itself, so a path that this
//! reports, and a tracked path below the folders that it entered, lies inside the room.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs, io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use git2::{FileMode, Index, Repository};

use super::{
    error::{Doing, GitError},
    remove::unlock,
};
use crate::layout::{PathContext, PathError};

/// The files in a room that libgit2 opens of its own accord.
const RULES: [&str; 3] = [".gitignore", ".gitattributes", ".gitmodules"];

/// Above this size, in bytes, such a file is not read.
const RULES_CAP: u64 = 16 << 20;

/// What the tree has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// A file or a symbolic link.
    File,
    /// A submodule.
    Submodule,
    /// A folder with something of these in it.
    Folder,
}

/// The paths of a tree and their folders.
pub(super) struct Tracked(HashMap<Vec<u8>, Known>);

impl Tracked {
    pub(super) fn of(index: &Index) -> Self {
        let mut known = HashMap::with_capacity(index.len() + index.len() / 8);
        for entry in index.iter() {
            let mut end = entry.path.len();
            while let Some(slash) = entry.path.iter().take(end).rposition(|b| *b == b'/') {
                let folder = entry.path.get(..slash).unwrap_or_default();
                if known.contains_key(folder) {
                    break;
                }
                known.insert(folder.to_owned(), Known::Folder);
                end = slash;
            }
            let kind = if entry.mode == u32::from(FileMode::Commit) {
                Known::Submodule
            } else {
                Known::File
            };
            known.insert(entry.path, kind);
        }
        Self(known)
    }

    /// The paths of submodules.
    pub(super) fn submodules(&self) -> impl Iterator<Item = &Path> {
        self.0
            .iter()
            .filter(|(_, known)| **known == Known::Submodule)
            .map(|(path, _)| Path::new(OsStr::from_bytes(path)))
    }

    /// The paths of files and symbolic links.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0
            .iter()
            .filter(|(_, known)| **known == Known::File)
            .map(|(path, _)| Path::new(OsStr::from_bytes(path)))
    }
}

/// Something in the room that the tree does not have. Paths are relative to the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stray {
    /// A file or a symbolic link that is not ignored.
    File(PathBuf),
    /// A pipe, a socket or a device.
    Special(PathBuf),
    /// A `.git` below the top, or a submodule's folder that is not empty. Not looked into.
    Nested(PathBuf),
    /// A folder in which there is nothing else than what was listed before it.
    Folder(PathBuf),
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Strays {
    /// In an order in which they can be removed.
    pub(super) found: Vec<Stray>,
    /// Whether something was left out because it is ignored.
    pub(super) left_ignored: bool,
}

/// What ends a walk.
#[derive(Debug)]
pub(super) enum WalkError {
    /// A folder that cannot be listed.
    Path(PathError),
    /// The ignore rules could not be asked.
    Git(GitError),
}

/// What a walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To take a snapshot: ignored files are none of its business, nothing is changed.
    Snapshot,
    /// To put the room in order and keep what is ignored. Locked folders are unlocked.
    Keep,
    /// To put the room in order and remove what is ignored too. Locked folders are unlocked.
    Remove,
}

/// Lists the strays of the room that is `repo`'s working folder.
pub(super) fn walk(
    repo: &Repository,
    room: &Path,
    tracked: &Tracked,
    purpose: Purpose,
) -> Result<Strays, WalkError> {
    let mut walk = Walk {
        repo,
        room,
        tracked,
        purpose,
        strays: Strays::default(),
        rules: Vec::new(),
    };
    walk.folder(&mut Vec::new(), true)?;
    // Rules that became unreadable meanwhile were taken for none, from some point on.
    for file in &walk.rules {
        fs::read(file).at("read", file).map_err(WalkError::Path)?;
    }
    Ok(walk.strays)
}

struct Walk<'a> {
    repo: &'a Repository,
    room: &'a Path,
    tracked: &'a Tracked,
    purpose: Purpose,
    strays: Strays,
    /// The files of rules that were there, when the room may not be changed.
    rules: Vec<PathBuf>,
}

impl Walk<'_> {
    /// Walks one folder and returns whether everything in it is a stray. `path` is relative to the
    /// room and the same again on return.
    fn folder(&mut self, path: &mut Vec<u8>, tracked: bool) -> Result<bool, WalkError> {
        let mut all = true;
        for (name, kind) in self.list(path).map_err(WalkError::Path)? {
            if RULES.iter().any(|rules| name == *rules) && !kind.is_dir() {
                let file = self.room.join(OsStr::from_bytes(path)).join(&name);
                if self.cleared(&file, kind).map_err(WalkError::Path)? {
                    continue;
                }
            }
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name.as_bytes());
            all &= self.entry(path, &name, kind, tracked)?;
            path.truncate(length);
        }
        Ok(all)
    }

    /// Removes a file of rules that libgit2 must not open, or cannot, or refuses it when the room
    /// may not be changed. This comes before anything is asked about the folder: libgit2 would
    /// wait for ever at a pipe, and takes rules that it cannot read for none.
    fn cleared(&mut self, file: &Path, kind: fs::FileType) -> Result<bool, PathError> {
        let problem = match fs::metadata(file) {
            Ok(meta) if meta.is_dir() => None,
            Ok(meta) if meta.is_file() && meta.len() <= RULES_CAP => {
                if self.purpose == Purpose::Snapshot {
                    self.rules.push(file.to_owned());
                }
                fs::read(file).err()
            }
            // A link to nowhere, or one that leads where nobody may look.
            Err(_) if kind.is_symlink() || kind.is_file() => None,
            Ok(_) | Err(_) => Some(io::Error::other(
                "it is not an ordinary file of rules, or far too long",
            )),
        };
        let Some(problem) = problem else {
            return Ok(false);
        };
        if self.purpose == Purpose::Snapshot {
            return Err(problem).at("read", file);
        }
        fs::remove_file(file).at("remove", file)?;
        Ok(true)
    }

    fn entry(
        &mut self,
        path: &mut Vec<u8>,
        name: &OsStr,
        kind: fs::FileType,
        in_tracked: bool,
    ) -> Result<bool, WalkError> {
        let here = || PathBuf::from(std::ffi::OsString::from_vec(path.clone()));
        // git takes no path with `.git` in it, in whatever case, because some file systems do not
        // tell the cases apart.
        if name.eq_ignore_ascii_case(".git") {
            if path.as_slice() == b".git" {
                return Ok(false);
            }
            self.strays.found.push(Stray::Nested(here()));
            return Ok(true);
        }
        let known = self.tracked.0.get(path.as_slice()).copied();
        match known {
            Some(Known::File) if kind.is_dir() => {
                self.folder(path, false)?;
                Ok(false)
            }
            Some(Known::Submodule) if kind.is_dir() => {
                if !self.list(path).map_err(WalkError::Path)?.is_empty() {
                    self.strays.found.push(Stray::Nested(here()));
                }
                Ok(false)
            }
            // Whether it is the file of the tree is for the diff to say.
            Some(Known::File | Known::Submodule) => Ok(false),
            Some(Known::Folder) if kind.is_dir() => {
                self.folder(path, true)?;
                Ok(false)
            }
            None if kind.is_dir() => {
                if self.purpose != Purpose::Remove {
                    path.push(b'/');
                    let ignored = self.ignored(path)?;
                    path.pop();
                    if ignored {
                        self.strays.left_ignored = true;
                        return Ok(false);
                    }
                    if !self.folder(path, false)? {
                        return Ok(false);
                    }
                }
                let folder = PathBuf::from(std::ffi::OsString::from_vec(path.clone()));
                self.strays.found.push(Stray::Folder(folder));
                Ok(true)
            }
            Some(Known::Folder) | None => {
                if !kind.is_file() && !kind.is_symlink() {
                    self.strays.found.push(Stray::Special(here()));
                    return Ok(true);
                }
                // In the way of a tracked folder it cannot stay, ignored or not. Nor can rules of
                // an agent's own stay among tracked files, where they would hide later work.
                let must_go = known.is_some()
                    || (self.purpose == Purpose::Keep && in_tracked && name == ".gitignore");
                if self.purpose != Purpose::Remove && !must_go && self.ignored(path)? {
                    self.strays.left_ignored = true;
                    return Ok(false);
                }
                self.strays.found.push(Stray::File(here()));
                Ok(true)
            }
        }
    }

    /// Lists a folder by name, with its handle closed again: walks go deep.
    fn list(&self, path: &[u8]) -> Result<Vec<(std::ffi::OsString, fs::FileType)>, PathError> {
        let folder = self.room.join(OsStr::from_bytes(path));
        let entries = match fs::read_dir(&folder) {
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    && self.purpose != Purpose::Snapshot =>
            {
                unlock(&folder)?;
                fs::read_dir(&folder)
            }
            entries => entries,
        };
        let mut list = Vec::new();
        for entry in entries.at("list", &folder)? {
            let entry = entry.at("list", &folder)?;
            let kind = entry.file_type().at("look at", &entry.path())?;
            list.push((entry.file_name(), kind));
        }
        list.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(list)
    }

    fn ignored(&self, path: &[u8]) -> Result<bool, WalkError> {
        self.repo
            .is_path_ignored(Path::new(OsStr::from_bytes(path)))
            .doing(|| {
                format!(
                    "read the ignore rules for `{}`",
                    String::from_utf8_lossy(path)
                )
            })
            .map_err(WalkError::Git)
    }
}
