//! Whether a runner has stalled: alive, and nothing moves. No clock, no file: readings come in.
//!
//! The time in which nothing moved is added up look by look, and no look counts for much more than
//! the time between two: a machine that slept, or a watchdog that was itself stopped with its
//! runner (Ctrl-Z), must not take the gap for a stall.

use std::time::Duration;

use super::beat::Heartbeat;

/// How long a runner may take until its first beat: it reads configuration and journal meanwhile.
const OPENING: Duration = Duration::from_secs(5 * 60);

/// The readings of one runner so far.
#[derive(Debug)]
pub(super) struct Stall {
    every: Duration,
    /// Overrides what the runner says.
    fixed: Option<Duration>,
    limit: Duration,
    moved: Option<u64>,
    looked_ms: u64,
    still: Duration,
}

impl Stall {
    /// Begins at `now_ms` to look, `every` so often.
    pub(super) fn new(every: Duration, fixed: Option<Duration>, now_ms: u64) -> Self {
        Self {
            every,
            fixed,
            limit: fixed.unwrap_or(OPENING),
            moved: None,
            looked_ms: now_ms,
            still: Duration::ZERO,
        }
    }

    /// Takes a reading; returns for how long nothing has moved when that is too long. `None` is a
    /// runner that has not beaten yet, or whose beat could not be read.
    pub(super) fn look(&mut self, beat: Option<&Heartbeat>, now_ms: u64) -> Option<Duration> {
        let passed = Duration::from_millis(now_ms.saturating_sub(self.looked_ms));
        self.looked_ms = now_ms;
        self.still += passed.min(self.every * 2);
        if let Some(beat) = beat {
            let own = Duration::from_millis(beat.stall_ms);
            self.limit = self.fixed.unwrap_or(own);
            if self.moved != Some(beat.moved) || beat.may_be_still(now_ms) {
                self.still = Duration::ZERO;
            }
            self.moved = Some(beat.moved);
        }
        (self.still >= self.limit).then_some(self.still)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ProcessId;

    const EVERY: Duration = Duration::from_secs(1);

    fn beat(moved: u64, patience_ms: u64) -> Heartbeat {
        Heartbeat {
            version: 1,
            runner: ProcessId {
                pid: 1,
                start_ticks: 1,
                boot: String::new(),
            },
            watchdog: None,
            night: String::new(),
            finishing: false,
            at_ms: 0,
            moved,
            settled: 0,
            doing: None,
            waiting: None,
            patience_ms,
            stall_ms: 10_000,
        }
    }

    /// Looks every second from 0 on; returns the second in which it is called stalled.
    fn called_at(beats: impl Fn(u64) -> Option<Heartbeat>) -> Option<u64> {
        let mut stall = Stall::new(EVERY, None, 0);
        (1..1000).find(|second| stall.look(beats(*second).as_ref(), second * 1000).is_some())
    }

    #[test]
    fn only_what_moves_is_alive() {
        assert_eq!(called_at(|second| Some(beat(second, 0))), None);
        assert_eq!(called_at(|second| Some(beat(second / 9, 0))), None);
        assert_eq!(called_at(|_| Some(beat(7, 0))), Some(11));
        assert_eq!(called_at(|second| Some(beat(second.min(20), 0))), Some(30));
        assert_eq!(called_at(|_| Some(beat(7, 50_000))), Some(59));
        assert_eq!(called_at(|_| None), Some(300), "it never began to beat");
        // A beat that is being written when it is looked at says nothing.
        let torn = |second: u64| second.is_multiple_of(3).then(|| beat(7, 0));
        assert_eq!(called_at(torn), Some(13));
    }

    #[test]
    fn a_machine_that_slept_has_not_stalled() {
        let mut stall = Stall::new(EVERY, None, 0);
        assert_eq!(stall.look(Some(&beat(7, 0)), 1000), None);
        let morning = 8 * 3600 * 1000;
        assert_eq!(stall.look(Some(&beat(7, 0)), morning), None);
        assert_eq!(stall.look(Some(&beat(8, 0)), morning + 1000), None);
    }

    #[test]
    fn a_fixed_limit_holds_from_the_start() {
        let mut stall = Stall::new(EVERY, Some(EVERY), 0);
        assert_eq!(stall.look(None, 500), None);
        assert_eq!(stall.look(None, 1000), Some(EVERY));
    }
}
