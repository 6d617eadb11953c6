//! The backlog kept up to date while a night runs.
//!
//! Notifications are a hint: some file systems send none, and editors rename. So the folder is
//! also looked through every few seconds. A file that changed within the last half second is left
//! as it was: it may still be being saved.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::load::{self, Backlog, LoadError, Page};
use crate::clock::{self, BootTime};

/// How long a file must be quiet before it is read.
const QUIET: Duration = Duration::from_millis(500);
/// How often the folder is looked through without a notification.
const RESCAN: Duration = Duration::from_secs(5);

/// The files of a backlog as they were last read.
pub struct Shelf {
    root: PathBuf,
    folder: String,
    pages: HashMap<String, Page>,
    touched: Arc<AtomicBool>,
    /// Held for its life; `None` where the system gives none, and rescans are all there is.
    _watcher: Option<RecommendedWatcher>,
    scanned: BootTime,
    /// Whether a file was too fresh to be read: the next look must not wait for a notification.
    unsettled: bool,
}

impl Shelf {
    /// Reads a backlog and begins to watch it.
    ///
    /// # Errors
    /// See [`super::load`].
    pub fn open(root: &Path, folder: &str) -> Result<(Self, Backlog), LoadError> {
        let touched = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&touched);
        let noted = move |event: notify::Result<notify::Event>| {
            // Our own looking through the folder is an event, too; only changes count.
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            flag.store(true, Ordering::Relaxed);
        };
        let watcher = notify::recommended_watcher(noted)
            .and_then(|mut watcher| {
                watcher.watch(&root.join(folder), RecursiveMode::Recursive)?;
                Ok(watcher)
            })
            .ok();
        let mut shelf = Self {
            root: root.to_owned(),
            folder: folder.to_owned(),
            pages: HashMap::new(),
            touched,
            _watcher: watcher,
            scanned: clock::now().boot,
            unsettled: false,
        };
        let (entries, strange) = load::list(root, folder)?;
        // At the start there is no older version to fall back on: everything is read.
        let pages: Vec<_> = entries
            .into_iter()
            .map(|entry| load::read(folder, entry))
            .collect();
        let backlog = load::assemble(folder, &pages, &strange);
        shelf.pages = pages
            .into_iter()
            .map(|page| (page.entry.file.clone(), page))
            .collect();
        Ok((shelf, backlog))
    }

    /// Returns the backlog anew when something in it has changed and has settled; `None` when it
    /// is as it was. Cheap when nothing happened: it is asked between all tickets.
    ///
    /// # Errors
    /// The folder is gone.
    pub fn refresh(&mut self) -> Result<Option<Arc<Backlog>>, LoadError> {
        let now = clock::now().boot;
        let due = now.since(&self.scanned).is_none_or(|since| since >= RESCAN);
        if !self.touched.swap(false, Ordering::Relaxed) && !due && !self.unsettled {
            return Ok(None);
        }
        self.scanned = now;
        self.unsettled = false;
        let (entries, strange) = load::list(&self.root, &self.folder)?;
        let mut changed = false;
        let mut pages = HashMap::with_capacity(entries.len());
        let mut before = std::mem::take(&mut self.pages);
        for entry in entries {
            let old = before.remove(&entry.file);
            let page = match old {
                Some(old) if old.entry.stamp == entry.stamp => old,
                old if is_fresh(entry.stamp.modified) => {
                    self.unsettled = true;
                    match old {
                        Some(old) => old,
                        None => continue,
                    }
                }
                _ => {
                    changed = true;
                    load::read(&self.folder, entry)
                }
            };
            pages.insert(page.entry.file.clone(), page);
        }
        changed |= !before.is_empty();
        self.pages = pages;
        if !changed {
            return Ok(None);
        }
        let mut ordered: Vec<_> = self.pages.values().cloned().collect();
        ordered.sort_by(|a, b| a.entry.file.cmp(&b.entry.file));
        Ok(Some(Arc::new(load::assemble(
            &self.folder,
            &ordered,
            &strange,
        ))))
    }
}

fn is_fresh(modified: Option<SystemTime>) -> bool {
    // A time in the future is a wrong clock, not a file being saved.
    modified
        .and_then(|modified| modified.elapsed().ok())
        .is_some_and(|age| age < QUIET)
}
