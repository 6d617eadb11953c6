//! Names of git objects, as plain facts: no handle, no I/O.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The full hexadecimal id of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommitId(pub String);

/// The full hexadecimal id of a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TreeId(pub String);

impl CommitId {
    /// Returns the first ten characters, as people quote it.
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How one file differs between two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// New.
    Added,
    /// Other bytes, mode or type.
    Modified,
    /// Gone.
    Deleted,
}

/// One changed file. Renames are a deletion and an addition: a rule on either path must see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Path inside the repository, `/` between parts; bytes that are not UTF-8 are shown lossily.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Lines added; 0 for a binary file.
    pub added: u32,
    /// Lines removed; 0 for a binary file.
    pub removed: u32,
}

/// What an attempt left: the commit under its ref, its tree, and what differs from its snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The commit that the attempt's ref names.
    pub commit: CommitId,
    /// Its tree: the files of the bench.
    pub tree: TreeId,
    /// How many files changed.
    pub files: u32,
    /// Lines added in all.
    pub added: u32,
    /// Lines removed in all.
    pub removed: u32,
}

/// Something that an attempt left in the bench and that may not land by itself. Paths and targets
/// are as in [`Change::path`]; whoever records one cleans them first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// A git repository of its own, or a submodule's folder with something in it. Its files are
    /// kept, its history is not.
    Nested {
        /// The `.git`, or the folder.
        path: String,
    },
    /// A new submodule, or another commit of one.
    Submodule {
        /// Its folder.
        path: String,
    },
    /// A `.gitattributes` or `.gitmodules` that is new, changed or gone: git acts on it.
    Rules {
        /// The file.
        path: String,
    },
    /// A symbolic link out of the tree, or into `.git`.
    Link {
        /// The link.
        path: String,
        /// Where it points, as written in it.
        target: String,
    },
    /// A file over the size cap: it is not in the attempt's commit.
    Large {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
        /// The cap, in bytes.
        most: u64,
        /// Where its content is kept; `None` when it could not be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<String>,
    },
    /// A file or folder that could not be read or stored as it was: locked, a pipe in the place of
    /// rules, a name that git does not take. It was unlocked, or it is not in the commit.
    Unreadable {
        /// Where it was.
        path: String,
    },
    /// A new name that differs from another one only in case: where case does not count, one of the
    /// two overwrites the other.
    Case {
        /// The new name.
        path: String,
        /// The other one.
        other: String,
    },
}
