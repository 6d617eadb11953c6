//! How long a reading may take: 100 ms for each 64 KiB begun, in a release build.
//!
//! What is measured is the CPU time of this thread, so that a busy machine breaks no test.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

const BLOCK: usize = 64 * 1024;
const EACH_BLOCK: Duration = Duration::from_millis(100);

/// How much slower this build may be than a release build.
const SLOWER: u32 = if cfg!(fuzzing) {
    4
} else if cfg!(debug_assertions) {
    20
} else {
    1
};

/// Returns what `work` returns, on an input of so many bytes.
pub(super) fn in_time<T>(what: &str, bytes: usize, work: impl FnOnce() -> T) -> T {
    let began = cpu_time();
    let done = work();
    let took = cpu_time().saturating_sub(began);
    let blocks = u32::try_from(bytes / BLOCK + 1).unwrap_or(u32::MAX);
    let most = EACH_BLOCK.saturating_mul(blocks).saturating_mul(SLOWER);
    assert!(
        took <= most,
        "{what} took {took:?} for {bytes} bytes, and {most:?} is the limit"
    );
    done
}

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
