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
