//! A hint that something in the backlog has changed.
//!
//! The system's change events are a hint and nothing more: they do not come from network file
//! systems, they overflow, and there are limits on how many folders may be watched. So
//! [`Watcher::changed`] also says yes when the last look was [`INTERVAL`] ago, and without events
//! it still works.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use crate::clock::{self, BootTime};

/// How long nobody need look when no event comes.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// A watch over one folder and what is below it.
#[derive(Debug)]
pub struct Watcher {
    /// Kept for its thread; `None` when the system gives no events.
    _events: Option<RecommendedWatcher>,
    changed: Arc<AtomicBool>,
    looked: BootTime,
}

impl Watcher {
    /// Starts watching.
    ///
    /// # Errors
    /// The system gives no events for this folder; [`Watcher::without_events`] still works.
    pub fn start(folder: &Path) -> Result<Self, notify::Error> {
        let changed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&changed);
        let mut events = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error may have swallowed a change.
            if event.map_or(true, |event| is_change(&event)) {
                flag.store(true, Ordering::Release);
            }
        })?;
        events.watch(folder, RecursiveMode::Recursive)?;
        Ok(Self {
            _events: Some(events),
            changed,
            looked: clock::now().boot,
        })
    }

    /// Returns a watcher that only counts the time.
    pub fn without_events() -> Self {
        Self {
            _events: None,
            changed: Arc::default(),
            looked: clock::now().boot,
        }
    }

    /// Returns whether something may have changed since this was last asked. Never blocks.
    pub fn changed(&mut self) -> bool {
        let now = clock::now().boot;
        let long_ago = now
            .since(&self.looked)
            .is_none_or(|since| since >= INTERVAL);
        let changed = self.changed.swap(false, Ordering::AcqRel) || long_ago;
        if changed {
            self.looked = now;
        }
        changed
    }

    /// Makes the next [`Watcher::changed`] say yes: what was to be looked at was not.
    pub fn again(&self) {
        self.changed.store(true, Ordering::Release);
    }
}

/// Looking at a folder makes events too; they must not make us look again.
fn is_change(event: &Event) -> bool {
    let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
    event.kind == written || !event.kind.is_access() || event.need_rescan()
}
