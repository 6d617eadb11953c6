//! How far the work of this process has come, counted where it happens.
//!
//! Whoever moves something (a byte of an agent, CPU time of a child's tree, a journaled fact) adds
//! it to one [`Progress`]; whoever must know that the runner gets on, and does not merely live,
//! compares two readings of it. A deliberate wait is said beforehand, with its end: nothing has to
//! move until then. Cheap enough for every piece of output: one atomic addition.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock;

/// The counter, shared by its clones. A new one belongs to nobody and is read by nobody.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    moved: AtomicU64,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    doing: Option<Doing>,
    pauses: Vec<(u64, Pause)>,
    next: u64,
}

#[derive(Debug)]
struct Pause {
    because: Option<String>,
    until_ms: u64,
}

/// What is being done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// On which ticket.
    pub ticket: String,
    /// Which attempt of it; `None` before there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What, such as `working`.
    pub stage: String,
    /// Since when, in milliseconds of the boot clock.
    pub since_ms: u64,
}

/// A deliberate wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// For what, as in "waiting for …".
    pub because: String,
    /// Until when at the latest, in milliseconds of the boot clock.
    pub until_ms: u64,
}

/// One reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What has moved so far: bytes, ticks and facts in one sum, that only grows.
    pub moved: u64,
    /// What is being done; `None` between two tickets.
    pub doing: Option<Doing>,
    /// The deliberate wait that ends last; `None` when there is none.
    pub waiting: Option<Waiting>,
    /// Until when nothing has to move, in milliseconds of the boot clock; 0 when something has to.
    pub patience_ms: u64,
}

/// A time in which nothing has to move; over when it is dropped.
#[derive(Debug)]
#[must_use = "the wait is over when this is dropped"]
pub struct Patience {
    progress: Progress,
    number: u64,
}

impl Progress {
    /// Adds what has moved.
    pub fn add(&self, moved: u64) {
        self.0.moved.fetch_add(moved, Ordering::Relaxed);
    }

    /// Says what is being done from now on.
    pub fn doing(&self, ticket: &str, attempt: Option<u32>, stage: &str) {
        self.said().doing = Some(Doing {
            ticket: ticket.to_owned(),
            attempt,
            stage: stage.to_owned(),
            since_ms: clock::now().boot.ms,
        });
    }

    /// Says that nothing is being done for any ticket.
    pub fn idle(&self) {
        self.said().doing = None;
    }

    /// Says that the work waits on purpose, as in "waiting for `because`", for this long at most.
    pub fn waiting(&self, because: impl Into<String>, longest: Duration) -> Patience {
        self.pause(Some(because.into()), longest)
    }

    /// Says that what runs now may be still for this long, because somebody else bounds it.
    pub fn patient(&self, longest: Duration) -> Patience {
        self.pause(None, longest)
    }

    /// Returns how things stand.
    pub fn read(&self) -> Reading {
        let said = self.said();
        let pauses = || said.pauses.iter().map(|(_, pause)| pause);
        let waiting = pauses()
            .filter_map(|pause| {
                let because = pause.because.clone()?;
                let until_ms = pause.until_ms;
                Some(Waiting { because, until_ms })
            })
            .max_by_key(|waiting| waiting.until_ms);
        Reading {
            moved: self.0.moved.load(Ordering::Relaxed),
            doing: said.doing.clone(),
            waiting,
            patience_ms: pauses().map(|pause| pause.until_ms).max().unwrap_or(0),
        }
    }

    fn pause(&self, because: Option<String>, longest: Duration) -> Patience {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let until_ms = clock::now().boot.ms.saturating_add(longest);
        let mut said = self.said();
        let number = said.next;
        said.next += 1;
        said.pauses.push((number, Pause { because, until_ms }));
        Patience {
            progress: self.clone(),
            number,
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        let number = self.number;
        self.progress
            .said()
            .pauses
            .retain(|(other, _)| *other != number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_count_together_and_a_wait_lasts_until_it_is_dropped() {
        let progress = Progress::default();
        let other = progress.clone();
        progress.add(2);
        other.add(3);
        progress.doing("a", Some(1), "working");
        let gate = other.patient(Duration::from_secs(1000));
        let wait = other.waiting("the weather", Duration::from_secs(10));
        let seen = progress.read();
        assert_eq!(seen.moved, 5);
        assert_eq!(
            seen.doing.map(|doing| doing.stage).as_deref(),
            Some("working")
        );
        let until = seen.waiting.unwrap();
        assert_eq!(until.because, "the weather");
        assert!(seen.patience_ms > until.until_ms);
        drop(gate);
        assert_eq!(progress.read().patience_ms, until.until_ms);
        drop(wait);
        progress.idle();
        let seen = progress.read();
        assert_eq!(
            (seen.waiting, seen.patience_ms, seen.doing),
            (None, 0, None)
        );
    }
}
