//! What can go wrong in this room, one type per kind of operation.
//!
//! [`GitError`] is what reading and writing objects and refs can fail with. Snapshots and landings
//! have failures of their own that the night treats differently, so they have their own types.

use std::path::PathBuf;

use super::id::CommitId;
use crate::layout::PathError;

/// Why no repository was found.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// No folder from here up has a `.git`.
    #[error(
        "`{}` is not in a git repository; run `git init` in the project's folder and commit its files", start.display()
    )]
    NotThere {
        /// Where the search began.
        start: PathBuf,
    },
    /// A repository without a checkout.
    #[error(
        "`{}` is a bare repository, which has no files to work on; run from a clone or a worktree of it", path.display()
    )]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// The search began inside a git directory.
    #[error("`{}` is inside a git directory; run from the project's folder", start.display())]
    Inside {
        /// Where the search began.
        start: PathBuf,
    },
    /// A `.git` that names no git directory.
    #[error(
        "`{}` does not lead to a git directory; repair it (`git worktree repair`) or clone again", path.display()
    )]
    Broken {
        /// The `.git` file.
        path: PathBuf,
    },
    /// A file or folder on the way cannot be read.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Why a repository that was found cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// libgit2 cannot open it.
    #[error("cannot open the repository `{}`; `nightshift doctor` says why", path.display())]
    Git {
        /// The git directory.
        path: PathBuf,
        /// What libgit2 said.
        #[source]
        source: git2::Error,
    },
    /// Its path cannot be written into a room's `alternates` file.
    #[error("the path of the repository has a line break in it: {path:?}; move the repository")]
    LineBreak {
        /// The git directory.
        path: PathBuf,
    },
    /// libgit2 refused to sync what it writes.
    #[error("cannot make libgit2 sync its writes (code {code})")]
    Sync {
        /// What libgit2 returned.
        code: i32,
    },
    /// No thread could be started.
    #[error("cannot start the git thread")]
    Thread(#[source] std::io::Error),
}

/// Why an operation on objects, refs or rooms failed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git said no.
    #[error("cannot {action}")]
    Git {
        /// What was tried, as in "cannot …".
        action: String,
        /// What libgit2 said.
        #[source]
        source: git2::Error,
    },
    /// A lock file that is not ours to remove.
    #[error(
        "`{}` is in the way: another git command is running, or one has died and left it", path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A ref outside `refs/heads/nightshift/` and `refs/nightshift/`.
    #[error("`{name}` is not one of nightshift's own refs")]
    NotOurs {
        /// The ref.
        name: String,
    },
    /// A ref that already names something else.
    #[error("`{name}` already names another commit, {found}")]
    Exists {
        /// The ref.
        name: String,
        /// What it names.
        found: CommitId,
    },
    /// A range whose end does not come from its beginning.
    #[error("`{name}` does not descend from {base}")]
    Unrelated {
        /// The ref at the range's end.
        name: String,
        /// The range's beginning.
        base: CommitId,
    },
    /// A file of a room or of the git directory.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The git thread has ended; nothing more can be done in this process.
    #[error("the git thread has ended")]
    Gone,
}

/// Why a room's files could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Repositories inside the room: what is in them could not be stored.
    #[error("the room has repositories inside: {}", paths.join(", "))]
    Nested {
        /// Paths inside the room: the nested `.git`, or the folder of a submodule that is not
        /// empty.
        paths: Vec<String>,
    },
    /// A file or folder that cannot be read.
    #[error("the room has something unreadable")]
    Unreadable(#[source] PathError),
    /// A name that git does not store, such as `git~1`.
    #[error("git does not store `{path}`")]
    Unfit {
        /// Path inside the room.
        path: String,
        /// What libgit2 said.
        #[source]
        source: git2::Error,
    },
    /// Anything else.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Why a tree did not land.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// The branch is not where it was expected: somebody else moved it.
    #[error(
        "the night branch has moved: it is at {}",
        found.as_ref().map_or("no commit", |id| id.0.as_str())
    )]
    Moved {
        /// Where it is; `None` when it is gone.
        found: Option<CommitId>,
    },
    /// A lock file on the branch.
    #[error(
        "`{}` is in the way: another git command is running, or one has died and left it", path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Anything else.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Says what was tried, on libgit2's errors.
pub(super) trait Doing<T> {
    /// Names the action, as in "cannot …".
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, GitError>;
}

impl<T> Doing<T> for Result<T, git2::Error> {
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, GitError> {
        self.map_err(|source| GitError::Git {
            action: action(),
            source,
        })
    }
}
