//! What differs between two trees, and trees made out of two.
//!
//! The user's and the agent's attributes have no say here: a `-diff` in `.gitattributes` must not
//! keep text from the rules that read it. Whether a file is text is decided by its bytes.

use std::collections::BTreeSet;

use git2::{
    Blob, Delta, Diff, DiffDelta, DiffFile, DiffFormat, DiffOptions, FileMode, Index, IndexEntry,
    IndexTime, Patch,
};

use super::{
    error::{Doing, GitError},
    id::{Change, ChangeKind, TreeId},
    store::{Store, tree_id},
};

/// How much of a file's added text is kept, in bytes.
const ADDED_CAP: usize = 256 << 10;

/// Above this size, in bytes, a file is not compared line by line.
const SIZE_CAP: usize = 32 << 20;

/// One changed file with the text that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// What happened to it.
    pub change: Change,
    /// The lines added, each with its line break; empty for a binary file.
    pub added_text: String,
    /// Whether there is more added text than this: it is cut at 256 KiB, and a file above 32 MiB is
    /// not compared at all.
    pub capped: bool,
    /// Whether the file is binary by its bytes (a NUL in the first 8000).
    pub binary: bool,
}

/// What a changed file is on one side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side<'a> {
    /// Whether it is there at all, as a file or a link.
    pub is_there: bool,
    /// Its content.
    pub bytes: &'a [u8],
}

impl Store {
    pub(super) fn compare<T>(
        &self,
        from: &TreeId,
        to: &TreeId,
        mut look: impl FnMut(&str, Side<'_>, Side<'_>) -> T,
    ) -> Result<Vec<T>, GitError> {
        let mut options = DiffOptions::new();
        options.include_typechange(true);
        let diff = self.diff(from, to, &mut options)?;
        let mut seen = Vec::new();
        let mut all = || {
            for delta in diff.deltas() {
                let (old, new) = (delta.old_file(), delta.new_file());
                if self.is_large(&old)? || self.is_large(&new)? {
                    continue;
                }
                let (old, new) = (self.content(&old)?, self.content(&new)?);
                seen.push(look(
                    &path_of(&delta),
                    side(old.as_ref()),
                    side(new.as_ref()),
                ));
            }
            Ok(())
        };
        let done: Result<(), git2::Error> = all();
        done.doing(|| format!("compare {from} with {to}"))?;
        Ok(seen)
    }

    /// Whether a side of a change is too large to be read.
    fn is_large(&self, side: &DiffFile<'_>) -> Result<bool, git2::Error> {
        Ok(is_content(side) && self.repo.odb()?.read_header(side.id())?.0 > SIZE_CAP)
    }

    pub(super) fn changes(&self, from: &TreeId, to: &TreeId) -> Result<Vec<FileDiff>, GitError> {
        let mut options = DiffOptions::new();
        // One entry for a file that became a link, not a deletion and an addition.
        options.include_typechange(true);
        let diff = self.diff(from, to, &mut options)?;
        let files: Result<_, _> = diff.deltas().map(|delta| self.file_diff(&delta)).collect();
        files.doing(|| format!("compare {from} with {to}"))
    }

    fn file_diff(&self, delta: &DiffDelta<'_>) -> Result<FileDiff, git2::Error> {
        let mut file = FileDiff {
            change: Change {
                path: path_of(delta),
                kind: match delta.status() {
                    Delta::Added => ChangeKind::Added,
                    Delta::Deleted => ChangeKind::Deleted,
                    _ => ChangeKind::Modified,
                },
                added: 0,
                removed: 0,
            },
            added_text: String::new(),
            capped: false,
            binary: false,
        };
        let (old, new) = (delta.old_file(), delta.new_file());
        for side in [&old, &new] {
            if self.is_large(side)? {
                file.capped = true;
                return Ok(file);
            }
        }
        let (old, new) = (self.content(&old)?, self.content(&new)?);
        file.binary = [&old, &new]
            .into_iter()
            .any(|blob| blob.as_ref().is_some_and(Blob::is_binary));
        if file.binary {
            return Ok(file);
        }
        let mut options = DiffOptions::new();
        options.context_lines(0).force_text(true);
        let bytes = |blob| Option::map_or(blob, [].as_slice(), Blob::content);
        let (old, new) = (bytes(old.as_ref()), bytes(new.as_ref()));
        let patch = Patch::from_buffers(old, None, new, None, Some(&mut options))?;
        let (_, added, removed) = patch.line_stats()?;
        file.change.added = u32::try_from(added).unwrap_or(u32::MAX);
        file.change.removed = u32::try_from(removed).unwrap_or(u32::MAX);
        let (text, capped) = added_text(&patch)?;
        (file.added_text, file.capped) = (text, capped);
        Ok(file)
    }

    /// Reads one side of a change; `None` when there is nothing, or a submodule.
    fn content(&self, side: &DiffFile<'_>) -> Result<Option<Blob<'_>>, git2::Error> {
        is_content(side)
            .then(|| self.repo.find_blob(side.id()))
            .transpose()
    }

    pub(super) fn patch(
        &self,
        from: &TreeId,
        to: &TreeId,
        cap_bytes: usize,
    ) -> Result<(String, bool), GitError> {
        let mut options = DiffOptions::new();
        options.max_size(i64::try_from(SIZE_CAP).unwrap_or(i64::MAX));
        let diff = self.diff(from, to, &mut options)?;
        let mut text = Vec::new();
        let mut cut = false;
        let printed = diff.print(DiffFormat::Patch, |_, _, line| {
            if matches!(line.origin(), '+' | '-' | ' ') {
                text.push(u8::try_from(line.origin()).unwrap_or(b' '));
            }
            text.extend_from_slice(line.content());
            cut = text.len() > cap_bytes;
            !cut
        });
        // Stopping on purpose is reported as an error.
        if !cut {
            printed.doing(|| format!("compare {from} with {to}"))?;
        }
        text.truncate(cap_bytes);
        Ok((String::from_utf8_lossy(&text).into_owned(), cut))
    }

    pub(super) fn restore(
        &self,
        tree: &TreeId,
        from: &TreeId,
        paths: &[String],
    ) -> Result<TreeId, GitError> {
        let wanted: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
        let diff = self.diff(tree, from, &mut DiffOptions::new())?;
        let base = self.tree(tree)?;
        let write = || {
            let mut index = Index::new()?;
            index.read_tree(&base)?;
            let chosen: Vec<_> = diff
                .deltas()
                .filter(|delta| wanted.contains(path_of(delta).as_str()))
                .collect();
            // A folder may stand where a file was: what goes, goes first.
            for delta in &chosen {
                if let (Delta::Deleted, Some(path)) = (delta.status(), delta.old_file().path()) {
                    index.remove(path, 0)?;
                }
            }
            for delta in &chosen {
                let new = delta.new_file();
                if let (false, Some(path)) = (delta.status() == Delta::Deleted, new.path_bytes()) {
                    index.add(&entry(path, new.id(), new.mode()))?;
                }
            }
            index.write_tree_to(&self.repo)
        };
        write()
            .map(tree_id)
            .doing(|| format!("restore files of {from} in {tree}"))
    }

    pub(super) fn diff(
        &self,
        from: &TreeId,
        to: &TreeId,
        options: &mut DiffOptions,
    ) -> Result<Diff<'_>, GitError> {
        let (old, new) = (self.tree(from)?, self.tree(to)?);
        self.repo
            .diff_tree_to_tree(Some(&old), Some(&new), Some(options))
            .doing(|| format!("compare {from} with {to}"))
    }
}

/// Whether a side of a change has content: a submodule's commit is not in this repository.
fn is_content(side: &DiffFile<'_>) -> bool {
    !side.id().is_zero() && side.mode() != FileMode::Commit
}

fn side<'a>(blob: Option<&'a Blob<'_>>) -> Side<'a> {
    Side {
        is_there: blob.is_some(),
        bytes: blob.map_or(&[], Blob::content),
    }
}

/// Returns the added lines of a patch, and whether there are more than the cap allows.
fn added_text(patch: &Patch<'_>) -> Result<(String, bool), git2::Error> {
    let mut text = Vec::new();
    for hunk in 0..patch.num_hunks() {
        for line in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, line)?;
            if line.origin() != '+' {
                continue;
            }
            text.extend_from_slice(line.content());
            if text.len() > ADDED_CAP {
                text.truncate(ADDED_CAP);
                return Ok((String::from_utf8_lossy(&text).into_owned(), true));
            }
        }
    }
    Ok((String::from_utf8_lossy(&text).into_owned(), false))
}

fn path_of(delta: &DiffDelta<'_>) -> String {
    let path = delta
        .new_file()
        .path_bytes()
        .or_else(|| delta.old_file().path_bytes());
    String::from_utf8_lossy(path.unwrap_or_default()).into_owned()
}

fn entry(path: &[u8], id: git2::Oid, mode: FileMode) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: mode.into(),
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.to_owned(),
    }
}
