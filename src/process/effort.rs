//! Whether a tree works, or merely idles: the floor below which its CPU time and I/O are no sign.
//!
//! An agent that waits for its model does a little all the time: timers, garbage collection, polls.
//! Measured on two cores while an answer never came: claude 2.1.197 0.5 % of a core, codex 0.169.0
//! 1 % and 10 kB/s, opencode 1.18.33 1.3 % with bursts of 88 kB. While an answer streamed in: claude
//! 15 %, opencode 45 %, codex 2 %, which is below the floor.

use std::time::Duration;

/// How much of one core is work, in percent.
const CORE: u64 = 3;
/// Linux counts CPU time for programs in hundredths of a second, whatever the kernel's own clock.
const TICKS_PER_SECOND: u64 = 100;
/// How many bytes in a second are work.
const BYTES: u64 = 64 * 1024;
/// The longest stretch that is looked at as a whole.
const STRETCH: Duration = Duration::from_secs(30);

/// What a tree used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// Clock ticks of CPU time.
    pub(super) ticks: u64,
    /// Bytes read and written.
    pub(super) bytes: u64,
}

/// What a tree used in the current stretch of time. Bursts of an idle process are evened out over
/// it; whoever works is known by it before it is over.
#[derive(Debug)]
pub(super) struct Effort {
    stretch: Duration,
    /// How much of the stretch is over.
    passed: Duration,
    used: Used,
}

impl Effort {
    /// Begins, for a child that may be silent for this long.
    pub(super) fn new(silence: Option<Duration>) -> Self {
        Self {
            stretch: silence.map_or(STRETCH, |limit| STRETCH.min(limit / 2)),
            passed: Duration::ZERO,
            used: Used::default(),
        }
    }

    /// Adds what was used in the time since this was last called; returns whether it is work.
    pub(super) fn is_work(&mut self, used: Used, passed: Duration) -> bool {
        self.passed = self.passed.saturating_add(passed);
        self.used.ticks = self.used.ticks.saturating_add(used.ticks);
        self.used.bytes = self.used.bytes.saturating_add(used.bytes);
        let is_work = self.is_enough();
        if is_work || self.passed >= self.stretch {
            self.passed = Duration::ZERO;
            self.used = Used::default();
        }
        is_work
    }

    fn is_enough(&self) -> bool {
        let stretch_ms = self.stretch.as_millis();
        // In ticks times a hundred thousand, so that nothing is rounded.
        let ticks = u128::from(self.used.ticks) * 100_000;
        let least_ticks = u128::from(TICKS_PER_SECOND) * stretch_ms * u128::from(CORE);
        let bytes = u128::from(self.used.bytes) * 1000;
        let least_bytes = u128::from(BYTES) * stretch_ms;
        ticks > least_ticks || bytes > least_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays one second after the other, again and again, and counts the seconds that were work.
    fn seconds_of_work(silence: u64, seconds: &[(u64, u64)]) -> usize {
        let mut effort = Effort::new(Some(Duration::from_secs(silence)));
        let seconds = seconds.iter().cycle().take(silence.try_into().unwrap());
        seconds
            .filter(|(ticks, bytes)| {
                let used = Used {
                    ticks: *ticks,
                    bytes: *bytes,
                };
                effort.is_work(used, Duration::from_secs(1))
            })
            .count()
    }

    #[test]
    fn agents_that_wait_for_an_answer_idle() {
        // Ticks of 10 ms and bytes, as sampled second by second.
        let claude = [(0, 104), (1, 96), (0, 96), (2, 384), (0, 200)];
        let codex = [(1, 11_164), (1, 8_688), (0, 9_984), (2, 9_200), (1, 8_744)];
        let opencode = [(1, 49), (6, 88_593), (1, 57), (1, 49), (0, 49), (1, 204)];
        for silence in [10, 60, 600] {
            assert_eq!(seconds_of_work(silence, &claude), 0, "{silence}");
            assert_eq!(seconds_of_work(silence, &codex), 0, "{silence}");
        }
        for silence in [60, 600] {
            assert_eq!(seconds_of_work(silence, &opencode), 0, "{silence}");
        }
    }

    #[test]
    fn a_compiler_a_copy_and_an_answer_that_streams_are_work() {
        for silence in [1, 10, 600] {
            assert!(seconds_of_work(silence, &[(100, 0)]) > 0, "{silence}");
            assert!(seconds_of_work(silence, &[(0, 1 << 20)]) > 0, "{silence}");
            assert!(seconds_of_work(silence, &[(15, 3_872)]) > 0, "{silence}");
        }
        // Half a minute's share at once is known at once.
        assert_eq!(seconds_of_work(600, &[(100, 0)]), 600);
    }

    #[test]
    fn nothing_is_no_work_however_short_the_stretch() {
        let mut effort = Effort::new(Some(Duration::ZERO));
        assert!(!effort.is_work(Used::default(), Duration::ZERO));
    }
}
