//! A backlog that stays open through the night: what was edited is read again.
//!
//! [`Shelf::refresh`] is asked between all tickets, so it is cheap when nothing happened. A file
//! that was written less than [`QUIET`] ago may be half saved: it stays as it was until it has
//! been quiet, and so does a file that has just vanished, as some editors remove a file before
//! they write it anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    graph::{Backlog, assemble},
    load::read,
    parse::Parsed,
    scan::{LoadError, Scan, Seen, Stamp, scan},
    watch::Watcher,
};
use crate::clock::{self, Now};

/// How long a file must have been left alone before it is read again.
pub const QUIET: Duration = Duration::from_millis(500);

/// An open backlog.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    folder: String,
    files: BTreeMap<String, Entry>,
    finished: BTreeSet<String>,
    /// Files that differ from `files` and have not been quiet long enough: how they look (`None`
    /// is gone) and since when.
    waiting: BTreeMap<String, (Option<Seen>, Now)>,
    watcher: Watcher,
    current: Arc<Backlog>,
}

#[derive(Debug)]
struct Entry {
    seen: Seen,
    parsed: Parsed,
}

impl Shelf {
    /// Reads the tickets in `<root>/<folder>` and watches them. Every file is read as it is: there
    /// is no older state to keep, and one that is half saved now is read again when it changes.
    ///
    /// # Errors
    /// The folder is missing, is not a folder, or cannot be read.
    pub fn open(root: &Path, folder: &str) -> Result<(Self, Arc<Backlog>), LoadError> {
        // Before the first look, so that no change falls between the two.
        let watcher = Watcher::start(&root.join(folder));
        let found = scan(root, folder)?;
        let mut shelf = Self {
            root: root.to_owned(),
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            finished: found.finished,
            waiting: BTreeMap::new(),
            watcher: watcher.unwrap_or_else(|_| Watcher::without_events()),
            current: Arc::default(),
        };
        for (file, seen) in found.files {
            if let Some((seen, parsed)) = read(root, folder, &file, &seen) {
                shelf.files.insert(file, Entry { seen, parsed });
            }
        }
        let backlog = shelf.assemble();
        Ok((shelf, backlog))
    }

    /// Returns the backlog as it was last read.
    pub fn current(&self) -> &Arc<Backlog> {
        &self.current
    }

    /// Returns whether a changed file is being left alone until it has been quiet: a later
    /// [`Shelf::refresh`] will bring something new.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Looks for changes; returns the new backlog, or `None` when what the tickets say has not
    /// changed.
    ///
    /// # Errors
    /// The folder has gone or cannot be read now; the last backlog stays.
    pub fn refresh(&mut self) -> Result<Option<Arc<Backlog>>, LoadError> {
        if self.waiting.is_empty() && !self.watcher.changed() {
            return Ok(None);
        }
        let now = clock::now();
        let found = scan(&self.root, &self.folder).inspect_err(|_| self.watcher.again())?;
        if !self.take(found, &now) {
            return Ok(None);
        }
        Ok(Some(self.assemble()))
    }

    /// Takes over what has changed and is quiet; returns whether the tickets say something else.
    fn take(&mut self, found: Scan, now: &Now) -> bool {
        let mut changed = found.finished != self.finished;
        let stamps: BTreeSet<(u64, u64)> = found.files.values().filter_map(inode).collect();
        let known: Vec<String> = self.files.keys().cloned().collect();
        for file in known
            .into_iter()
            .filter(|file| !found.files.contains_key(file))
        {
            let entry = self.files.get(&file).and_then(|entry| inode(&entry.seen));
            let renamed = entry.is_some_and(|inode| stamps.contains(&inode));
            if renamed || self.is_quiet(&file, None, now) {
                self.waiting.remove(&file);
                self.files.remove(&file);
                changed = true;
            }
        }
        self.waiting
            .retain(|file, _| found.files.contains_key(file) || self.files.contains_key(file));
        for (file, seen) in found.files {
            if self
                .files
                .get(&file)
                .is_some_and(|entry| entry.seen == seen)
            {
                self.waiting.remove(&file);
                continue;
            }
            if !self.is_quiet(&file, Some(&seen), now) {
                continue;
            }
            match read(&self.root, &self.folder, &file, &seen) {
                // It was written while it was read.
                Some((after, _)) if after != seen => {
                    self.waiting.insert(file, (Some(after), now.clone()));
                }
                Some((seen, parsed)) => {
                    self.waiting.remove(&file);
                    let before = self.files.insert(
                        file,
                        Entry {
                            seen,
                            parsed: parsed.clone(),
                        },
                    );
                    changed |= before.is_none_or(|before| {
                        before.parsed.hash.is_none() || before.parsed.hash != parsed.hash
                    });
                }
                // It has gone; the next look will say so.
                None => {
                    self.waiting.insert(file, (None, now.clone()));
                }
            }
        }
        self.finished = found.finished;
        changed
    }

    /// Returns whether a file that looks like this has been left alone long enough; notes when it
    /// was first seen like this.
    fn is_quiet(&mut self, file: &str, seen: Option<&Seen>, now: &Now) -> bool {
        if let Some(Seen::File(stamp)) = seen {
            // A time in the future says nothing: then only what was seen counts.
            let age = now.at.as_nanosecond() - stamp.modified_ns;
            if u128::try_from(age).is_ok_and(|age| age >= QUIET.as_nanos()) {
                return true;
            }
        }
        match self.waiting.get(file) {
            Some((before, since)) if before.as_ref() == seen => now.since(since) >= QUIET,
            _ => {
                self.waiting
                    .insert(file.to_owned(), (seen.cloned(), now.clone()));
                false
            }
        }
    }

    fn assemble(&mut self) -> Arc<Backlog> {
        let files: Vec<&Parsed> = self.files.values().map(|entry| &entry.parsed).collect();
        self.current = Arc::new(assemble(&files, &self.finished));
        Arc::clone(&self.current)
    }
}

fn inode(seen: &Seen) -> Option<(u64, u64)> {
    match seen {
        Seen::File(Stamp { inode, .. }) => Some(*inode),
        Seen::Odd(..) => None,
    }
}

#[cfg(test)]
mod tests;
