//! What time it is: the wall clock for people, the boot clock for budgets.
//!
//! [`BootTime`] counts suspend and cannot jump (`CLOCK_BOOTTIME`), so that a night's length and an
//! attempt's timeout hold across a closed lid and a corrected clock. Wall time is for names and
//! reports only. Tests and the demo may fix the wall clock with `NIGHTSHIFT_NOW`.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment of the machine's boot clock, in milliseconds since boot, with the boot it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootTime {
    /// The kernel's id of this boot; times of different boots cannot be compared.
    pub id: String,
    /// Milliseconds since that boot, suspend included.
    pub ms: u64,
}

impl BootTime {
    /// Returns how long ago `earlier` was, or `None` when it belongs to another boot.
    pub fn since(&self, earlier: &Self) -> Option<Duration> {
        (self.id == earlier.id).then(|| Duration::from_millis(self.ms.saturating_sub(earlier.ms)))
    }
}

/// One reading of both clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// The wall clock, UTC.
    pub at: Timestamp,
    /// The boot clock.
    pub boot: BootTime,
}

impl Now {
    /// Returns how long ago `earlier` was: by the boot clock within one boot, else by the wall
    /// clock (never negative).
    pub fn since(&self, earlier: &Self) -> Duration {
        self.boot.since(&earlier.boot).unwrap_or_else(|| {
            Duration::try_from(self.at.duration_since(earlier.at)).unwrap_or_default()
        })
    }
}

/// Reads both clocks.
pub fn now() -> Now {
    Now {
        at: wall(),
        boot: boot(),
    }
}

fn wall() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the clock owns reading the time")]
    fixed().unwrap_or_else(Timestamp::now)
}

fn fixed() -> Option<Timestamp> {
    use std::sync::OnceLock;
    static FIXED: OnceLock<Option<Timestamp>> = OnceLock::new();
    *FIXED.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the clock owns this one variable"
        )]
        std::env::var("NIGHTSHIFT_NOW").ok()?.parse().ok()
    })
}

#[cfg(target_os = "linux")]
fn boot() -> BootTime {
    use std::sync::OnceLock;
    static ID: OnceLock<String> = OnceLock::new();
    let id = ID.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
    });
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let ms = u64::try_from(time.tv_sec).unwrap_or(0) * 1000
        + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000;
    BootTime { id: id.clone(), ms }
}

#[cfg(not(target_os = "linux"))]
fn boot() -> BootTime {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let ms = u64::try_from(time.tv_sec).unwrap_or(0) * 1000
        + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000;
    BootTime {
        id: "monotonic".to_owned(),
        ms,
    }
}

/// One reading of two clocks of which one stands still while the machine sleeps, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwakeTime {
    /// Since boot, sleep included.
    pub boot_ms: u64,
    /// Since boot, sleep not included: what timers and timeouts go by.
    pub awake_ms: u64,
}

/// Reads them.
pub fn awake() -> AwakeTime {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let awake_ms = u64::try_from(time.tv_sec).unwrap_or(0) * 1000
        + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000;
    AwakeTime {
        boot_ms: boot().ms,
        awake_ms,
    }
}

/// Notices that the machine has slept.
#[derive(Debug, Clone)]
pub struct Sleep {
    last: AwakeTime,
}

impl Sleep {
    /// What is no sleep worth a word, in milliseconds.
    const LEAST: u64 = 30_000;

    /// Begins to look.
    pub fn new(now: &AwakeTime) -> Self {
        Self { last: *now }
    }

    /// Returns for how many milliseconds the machine slept since the last look; `None` when for no
    /// time that matters.
    pub fn look(&mut self, now: &AwakeTime) -> Option<u64> {
        let by_boot = now.boot_ms.saturating_sub(self.last.boot_ms);
        let awake = now.awake_ms.saturating_sub(self.last.awake_ms);
        self.last = *now;
        Some(by_boot.saturating_sub(awake)).filter(|slept| *slept >= Self::LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_what_one_clock_shows_and_the_other_does_not() {
        let at = |boot_ms, awake_ms| AwakeTime { boot_ms, awake_ms };
        let mut sleep = Sleep::new(&at(1_000, 1_000));
        assert_eq!(sleep.look(&at(100_000, 100_000)), None, "a long attempt");
        assert_eq!(sleep.look(&at(130_000, 101_000)), None, "a nap");
        assert_eq!(sleep.look(&at(7_330_000, 102_000)), Some(7_199_000));
        assert_eq!(sleep.look(&at(7_331_000, 103_000)), None, "told once");
        let now = awake();
        assert_eq!(Sleep::new(&now).look(&awake()), None);
    }
}
