//! The handles behind the git thread: the user's repository, opened by its absolute git directory.
//!
//! [`Store::repo`] is the long-lived handle for objects and refs. It has no working folder and an
//! empty index in memory, so that nothing it does can read the user's index. Every operation on a
//! room opens a handle of its own ([`Store::in_room`]): a handle caches ignore rules and
//! attributes, and those of one room or moment must not speak for another.

use std::{
    fs,
    path::{Path, PathBuf},
};

use git2::{Commit, ConfigLevel, Index, Oid, Repository, Tree};

use super::{
    error::{Doing, GitError, OpenError},
    id::{CommitId, TreeId},
    locate::Found,
};
use crate::layout::{self, PathContext};

/// What the user's checkout is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// The branch's short name; `None` when `HEAD` is detached.
    pub branch: Option<String>,
}

/// Who a landed commit is by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Whether git's configuration names nobody and nightshift stands in.
    pub fallback: bool,
}

/// All that the git thread owns.
pub(super) struct Store {
    /// Where the repository is.
    pub(super) found: Found,
    /// The handle for objects and refs.
    pub(super) repo: Repository,
}

impl Store {
    pub(super) fn open(found: &Found) -> Result<Self, OpenError> {
        if found
            .common_dir
            .as_os_str()
            .as_encoded_bytes()
            .contains(&b'\n')
        {
            return Err(OpenError::LineBreak {
                path: found.common_dir.clone(),
            });
        }
        let failed = |source| OpenError::Git {
            path: found.git_dir.clone(),
            source,
        };
        let repo = Repository::open_bare(&found.git_dir).map_err(failed)?;
        let mut nothing = Index::new().map_err(failed)?;
        repo.set_index(&mut nothing).map_err(failed)?;
        sync_what_libgit2_writes()?;
        Ok(Self {
            found: found.clone(),
            repo,
        })
    }

    /// Opens the user's repository with `room` as its working folder. Nothing that is in the room
    /// is asked where the repository is.
    ///
    /// `indexes` is a folder of ours, where one line of configuration is kept that overrides the
    /// user's: without trust in `ctime`, an agent could change a file and hide it by setting its
    /// times back.
    pub(super) fn in_room(&self, room: &Path, indexes: &Path) -> Result<Repository, GitError> {
        const OVERRIDE: &str = "[core]\n\ttrustctime = true\n";
        let config = indexes.join("config");
        if fs::read(&config).ok().as_deref() != Some(OVERRIDE.as_bytes()) {
            layout::write(&config, OVERRIDE.as_bytes())?;
        }
        let open = || {
            let repo = Repository::open_bare(&self.found.git_dir)?;
            repo.set_workdir(room, false)?;
            repo.config()?.add_file(&config, ConfigLevel::App, true)?;
            Ok(repo)
        };
        open().doing(|| format!("open the repository for the room `{}`", room.display()))
    }

    pub(super) fn head(&self) -> Result<Head, GitError> {
        let read = || {
            let head = self.repo.head()?;
            let commit = head.peel_to_commit()?;
            Ok(Head {
                commit: commit_id(commit.id()),
                tree: tree_id(commit.tree_id()),
                branch: head
                    .is_branch()
                    .then(|| String::from_utf8_lossy(head.shorthand_bytes()).into_owned()),
            })
        };
        read().doing(|| "read HEAD".to_owned())
    }

    pub(super) fn tree_of(&self, commit: &CommitId) -> Result<TreeId, GitError> {
        Ok(tree_id(self.commit(commit)?.tree_id()))
    }

    pub(super) fn identity(&self) -> Result<Author, GitError> {
        let config = self
            .repo
            .config()
            .and_then(|mut config| config.snapshot())
            .doing(|| "read git's configuration".to_owned())?;
        let read = |key: &str| {
            let value = config.get_string(key).ok()?;
            // What `git commit` itself leaves out of an identity.
            let value: String = value.chars().filter(|c| !"<>\n\0".contains(*c)).collect();
            (!value.trim().is_empty()).then(|| value.trim().to_owned())
        };
        let name = read("author.name").or_else(|| read("user.name"));
        let email = read("author.email").or_else(|| read("user.email"));
        Ok(match (name, email) {
            (Some(name), Some(email)) => Author {
                name,
                email,
                fallback: false,
            },
            _ => Author {
                name: "nightshift".to_owned(),
                email: "nightshift@localhost".to_owned(),
                fallback: true,
            },
        })
    }

    pub(super) fn commit(&self, id: &CommitId) -> Result<Commit<'_>, GitError> {
        Oid::from_str(&id.0)
            .and_then(|oid| self.repo.find_commit(oid))
            .doing(|| format!("read commit {id}"))
    }

    pub(super) fn tree(&self, id: &TreeId) -> Result<Tree<'_>, GitError> {
        Oid::from_str(&id.0)
            .and_then(|oid| self.repo.find_tree(oid))
            .doing(|| format!("read tree {id}"))
    }

    /// Keeps `.nightshift/` out of `git status`, by one line in `info/exclude`, unless it is
    /// ignored already.
    pub(super) fn exclude_state_dir(&self) -> Result<(), GitError> {
        use std::io::Write;

        let ignored = Repository::open_bare(&self.found.git_dir)
            .and_then(|repo| {
                repo.set_workdir(&self.found.root, false)?;
                repo.is_path_ignored(".nightshift/")
            })
            .doing(|| "read the ignore rules".to_owned())?;
        if ignored {
            return Ok(());
        }
        let folder = self.found.common_dir.join("info");
        fs::create_dir_all(&folder).at("create the folder", &folder)?;
        let path = folder.join("exclude");
        let old = match fs::read(&path) {
            Ok(old) => old,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Ok(Err(error).at("read", &path)?),
        };
        let line: &[u8] = if old.is_empty() || old.ends_with(b"\n") {
            b"/.nightshift/\n"
        } else {
            b"\n/.nightshift/\n"
        };
        // Appended, not replaced: the file may be a link, and its other lines are the user's.
        fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line))
            .at("add a line to", &path)?;
        Ok(())
    }

    /// The folder of loose objects and packs.
    pub(super) fn objects(&self) -> PathBuf {
        self.found.common_dir.join("objects")
    }
}

/// Makes libgit2 sync objects, refs and indexes and their folders before it calls them written.
/// It does not by default, and git2 has no wrapper for the option.
fn sync_what_libgit2_writes() -> Result<(), OpenError> {
    let option = libgit2_sys::GIT_OPT_ENABLE_FSYNC_GITDIR.cast_signed();
    let on: std::ffi::c_int = 1;
    #[expect(
        unsafe_code,
        reason = "the option takes exactly one int, and only sets a global flag that libgit2 reads"
    )]
    // SAFETY: `git_libgit2_opts` is variadic; for this option it reads exactly one `int`.
    let code = unsafe { libgit2_sys::git_libgit2_opts(option, on) };
    if code < 0 {
        return Err(OpenError::Sync { code });
    }
    Ok(())
}

pub(super) fn commit_id(oid: Oid) -> CommitId {
    CommitId(oid.to_string())
}

pub(super) fn tree_id(oid: Oid) -> TreeId {
    TreeId(oid.to_string())
}
