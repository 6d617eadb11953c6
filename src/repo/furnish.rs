//! Furnishes a room: the files of one commit, in a throwaway repository of the room's own.
//!
//! The order is what makes it safe. First the strays go, so that no link stands where the tree has
//! a folder. Then every tracked file that differs is removed, then libgit2 writes what is missing:
//! it never has to overwrite. Whether a file differs is decided with the private index, change time
//! included. At last `.git` is written anew with plain file operations; one in which an agent did
//! anything is removed, one that is as it was furnished is used again.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use git2::{Index, Repository, build::CheckoutBuilder};

use super::{
    error::{Doing, GitError},
    id::CommitId,
    index::{self, Difference},
    remove::{Bin, is_absent},
    store::Store,
    walk::{Purpose, Stray, Tracked, WalkError, walk},
};
use crate::layout::{self, PathContext, PathError};

/// The folders of a room's `.git`.
const FOLDERS: [&str; 5] = ["", "objects/info", "refs/heads", "hooks", "info"];
/// How many folders these are, the ones on the way included, the git directory itself not.
const FOLDER_COUNT: usize = 6;
/// The branch that a room is on.
const WORK: &str = "refs/heads/work";

/// What furnishing does with files that the ignore rules of the commit ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// They stay, so that build caches are warm.
    Keep,
    /// They go: the room holds the commit's files and nothing else.
    Remove,
}

/// Why a room could not be put in order.
enum Disorder {
    /// Something in the room resists; a new room would not have it.
    Room(PathError),
    /// Anything else.
    Git(GitError),
}

impl From<GitError> for Disorder {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl From<WalkError> for Disorder {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Path(error) => Self::Room(error),
            WalkError::Git(error) => Self::Git(error),
        }
    }
}

impl From<Disorder> for GitError {
    fn from(disorder: Disorder) -> Self {
        match disorder {
            Disorder::Room(error) => error.into(),
            Disorder::Git(error) => error,
        }
    }
}

/// How often the ignore rules may come to light anew before ignored files are removed as well.
const ROUNDS: usize = 4;

/// The settings that decide how git writes a file; a room needs the user's, or everything in it
/// would look changed.
const SHARED: [&str; 5] = [
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
];

impl Store {
    pub(super) fn furnish(
        &self,
        room: &Path,
        index: &Path,
        commit: &CommitId,
        ignored: Keep,
    ) -> Result<(), GitError> {
        let fittings = self.fittings()?;
        let aside = set_aside(room, &fittings)?;
        let bin = make_room(room)?;
        match self.put_in_order(room, index, commit, ignored, &bin) {
            Ok(()) => {}
            // Folders nested too deep to be listed, for one. A room can always be made anew.
            Err(Disorder::Room(_)) => {
                bin.remove(room)?;
                let bin = make_room(room)?;
                self.put_in_order(room, index, commit, ignored, &bin)?;
            }
            Err(Disorder::Git(error)) => return Err(error),
        }
        if let Some(aside) = aside {
            let dot_git = room.join(".git");
            layout::rename(&aside, &dot_git)?;
        }
        Self::endow(room, index, commit, &fittings)
    }

    fn put_in_order(
        &self,
        room: &Path,
        index: &Path,
        commit: &CommitId,
        ignored: Keep,
        bin: &Bin,
    ) -> Result<(), Disorder> {
        let tree = self.commit(commit)?.tree_id();
        for round in 0..=ROUNDS {
            let purpose = match ignored {
                Keep::Keep if round < ROUNDS => Purpose::Keep,
                Keep::Keep | Keep::Remove => Purpose::Remove,
            };
            // A new handle each time: it has read none of the room's ignore rules yet.
            let repo = self.in_room(room, index.parent().unwrap_or(Path::new(".")))?;
            let tree = repo
                .find_tree(tree)
                .doing(|| format!("read the tree of {commit}"))?;
            let mut index = index::open(&repo, index, &tree)?;
            if !tidy(&repo, &mut index, room, purpose, bin)? {
                break;
            }
        }
        Ok(())
    }

    /// Returns the files of a room's `.git` that stay from furnishing to furnishing.
    fn fittings(&self) -> Result<Vec<(&'static str, Vec<u8>)>, GitError> {
        let mut alternates = self.objects().into_os_string().into_encoded_bytes();
        alternates.push(b'\n');
        let mut fittings = vec![
            ("config", self.room_config()?.into_bytes()),
            ("objects/info/alternates", alternates),
        ];
        // Without these the room would read history and ignore rules otherwise than we do.
        for name in ["shallow", "info/exclude"] {
            let from = self.found.common_dir.join(name);
            match fs::read(&from) {
                Ok(bytes) => fittings.push((name, bytes)),
                Err(error) if is_absent(&error) => {}
                Err(error) => Err(error).at("read", &from)?,
            }
        }
        // Last, because a git directory without it is none.
        fittings.push(("HEAD", b"ref: refs/heads/work\n".to_vec()));
        Ok(fittings)
    }

    /// Writes the room's own `.git`, or what differs in the one that was left as it was.
    fn endow(
        room: &Path,
        index: &Path,
        commit: &CommitId,
        fittings: &[(&str, Vec<u8>)],
    ) -> Result<(), GitError> {
        let dot_git = room.join(".git");
        let is_new = dot_git.symlink_metadata().is_err();
        if is_new {
            for folder in FOLDERS {
                let folder = dot_git.join(folder);
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o755)
                    .create(&folder)
                    .at("create the folder", &folder)?;
            }
        }
        let work = dot_git.join(WORK);
        layout::write(&work, format!("{commit}\n").as_bytes())?;
        let copy = dot_git.join("index");
        fs::copy(index, &copy).at("copy the index to", &copy)?;
        if is_new {
            for (name, bytes) in fittings {
                layout::write(&dot_git.join(name), bytes)?;
            }
        }
        Ok(())
    }

    fn room_config(&self) -> Result<String, GitError> {
        let config = self
            .repo
            .config()
            .and_then(|mut config| config.snapshot())
            .doing(|| "read git's configuration".to_owned())?;
        let mut text = String::from(
            "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tlogallrefupdates = false\n",
        );
        for key in SHARED {
            // Only plain words: a value of the user's must not become a line of its own.
            if let Some(value) = config
                .get_string(key)
                .ok()
                .filter(|value| value.chars().all(|c| c.is_ascii_alphanumeric()))
            {
                let name = key.trim_start_matches("core.");
                text.extend(["\t", name, " = ", &value, "\n"]);
            }
        }
        let author = self.identity()?;
        let (name, email) = (quoted(&author.name), quoted(&author.email));
        text.extend([
            "[user]
	name = ",
            &name,
            "
	email = ",
            &email,
            "
",
        ]);
        Ok(text)
    }
}

/// Moves a `.git` that is just as it was furnished out of the way, to be used again: making and
/// removing a dozen small files for each ticket costs more than all the rest of furnishing.
/// Anything that an agent did in it (a commit, a hook, a link) makes it not worth keeping.
fn set_aside(room: &Path, fittings: &[(&str, Vec<u8>)]) -> Result<Option<PathBuf>, PathError> {
    let dot_git = room.join(".git");
    let (Some(home), Some(name)) = (room.parent(), room.file_name()) else {
        return Ok(None);
    };
    if !is_as_furnished(&dot_git, fittings) {
        return Ok(None);
    }
    let mut aside = std::ffi::OsString::from(".git-of-");
    aside.push(name);
    let aside = home.join(aside);
    Bin::beside(room)?.remove(&aside)?;
    layout::rename(&dot_git, &aside)?;
    Ok(Some(aside))
}

/// Returns whether a git directory holds what we put there and nothing else.
fn is_as_furnished(dot_git: &Path, fittings: &[(&str, Vec<u8>)]) -> bool {
    let mut files: BTreeSet<&str> = fittings.iter().map(|(name, _)| *name).collect();
    files.extend([WORK, "index"]);
    let mut open = vec![String::new()];
    let mut folders = 0;
    while let Some(prefix) = open.pop() {
        let folder = dot_git.join(&prefix);
        let is_folder = folder.symlink_metadata().is_ok_and(|meta| meta.is_dir());
        let Some(entries) = is_folder.then(|| fs::read_dir(&folder).ok()).flatten() else {
            return false;
        };
        for entry in entries {
            let Some((name, kind)) = entry.ok().and_then(|entry| {
                let name = entry.file_name().into_string().ok()?;
                Some((format!("{prefix}{name}"), entry.metadata().ok()?))
            }) else {
                return false;
            };
            // A second link to a file would have us write elsewhere.
            let is_plain = kind.is_file() && kind.nlink() == 1;
            if kind.is_dir() && FOLDERS.iter().any(|known| is_within(known, &name)) {
                folders += 1;
                open.push(format!("{name}/"));
            } else if !(is_plain && files.remove(name.as_str())) {
                return false;
            }
        }
    }
    let same = |(name, bytes): &(&str, Vec<u8>)| {
        fs::read(dot_git.join(name)).is_ok_and(|found| found == *bytes)
    };
    files.is_empty() && folders == FOLDER_COUNT && fittings.iter().all(same)
}

/// Returns whether a folder is this one or on the way to it.
fn is_within(known: &str, name: &str) -> bool {
    known == name || known.starts_with(&format!("{name}/"))
}

/// Makes sure that the room is a folder, and that it has no `.git`.
fn make_room(room: &Path) -> Result<Bin, PathError> {
    let home = room.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(home).at("create the folder", home)?;
    let bin = Bin::beside(room)?;
    match room.symlink_metadata() {
        Ok(meta) if meta.is_dir() => super::remove::unlock(room)?,
        Ok(_) => bin.remove(room)?,
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error).at("look at", room),
    }
    fs::create_dir_all(room).at("create the folder", room)?;
    bin.remove(&room.join(".git"))?;
    Ok(bin)
}

/// Removes strays and writes what differs. Returns whether ignore rules changed under files that
/// were kept because of the old ones, so that it must be done again.
fn tidy(
    repo: &Repository,
    index: &mut Index,
    room: &Path,
    purpose: Purpose,
    bin: &Bin,
) -> Result<bool, Disorder> {
    let tracked = Tracked::of(index);
    let strays = walk(repo, room, &tracked, purpose)?;
    let mut rules_changed = false;
    for stray in &strays.found {
        let (Stray::File(path) | Stray::Special(path) | Stray::Nested(path) | Stray::Folder(path)) =
            stray;
        rules_changed |= is_rules(path);
        bin.remove(&room.join(path)).map_err(Disorder::Room)?;
    }
    for submodule in tracked.submodules() {
        let folder = room.join(submodule);
        if !folder.is_dir() {
            bin.remove(&folder).map_err(Disorder::Room)?;
            fs::create_dir_all(&folder)
                .at("create the folder", &folder)
                .map_err(Disorder::Room)?;
        }
    }
    // A file that may not be read cannot be compared; it is ours, so it can be made readable.
    let differ = index::differences(repo, index).or_else(|_| {
        make_readable(room, &tracked).map_err(Disorder::Room)?;
        Ok::<_, Disorder>(
            index::differences(repo, index)
                .doing(|| format!("compare the room `{}`", room.display()))?,
        )
    })?;
    for Difference { path, .. } in &differ {
        rules_changed |= is_rules(path);
        bin.remove(&room.join(path)).map_err(Disorder::Room)?;
    }
    let doing = || format!("write the files of the room `{}`", room.display());
    if differ.is_empty() {
        index.write().doing(doing)?;
    } else {
        let mut checkout = CheckoutBuilder::new();
        checkout.force().disable_pathspec_match(true);
        for Difference { path, .. } in &differ {
            checkout.path(path.as_path());
        }
        index::forget_on_disk(index)?;
        // This writes the index, too.
        repo.checkout_index(Some(index), Some(&mut checkout))
            .doing(doing)?;
        for Difference { path, .. } in &differ {
            let path = room.join(path);
            path.symlink_metadata()
                .at("find what was written to", &path)
                .map_err(Disorder::Room)?;
        }
    }
    Ok(rules_changed && strays.left_ignored)
}

fn make_readable(room: &Path, tracked: &Tracked) -> Result<(), PathError> {
    for path in tracked.files() {
        let path = room.join(path);
        let meta = match path.symlink_metadata() {
            Ok(meta) => meta,
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(error).at("look at", &path),
        };
        let mode = meta.permissions().mode();
        if meta.is_file() && mode & 0o600 != 0o600 {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o600))
                .at("change the mode of", &path)?;
        }
    }
    Ok(())
}

fn is_rules(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".gitignore")
}

/// Writes a value as git's configuration quotes it.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}
