//! The `night` point: when the night stops by itself, whatever single tickets do.
//!
//! `[breakers]` in `policy.toml`; every key has a default. The night's length and the number of
//! attempts stand in `nightshift.toml`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use super::read::Reader;
use crate::config;

/// When a night halts because going on is not worth it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Breakers {
    /// So many tickets that fail in a row halt the night. Default: 5.
    pub consecutive_failures: NonZeroU32,
    /// The yield is looked at once an agent worked on so many tickets. Default: 8.
    pub yield_after: NonZeroU32,
    /// The share of tickets worked on, above 0 up to 1, that end badly at which the night halts.
    /// Default: 0.75.
    pub yield_bad: f64,
    /// The night halts when fewer bytes are free on the disk. Default: 1 GiB.
    pub free_disk_bytes: u64,
}

impl Default for Breakers {
    fn default() -> Self {
        let count = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            consecutive_failures: count(5),
            yield_after: count(8),
            yield_bad: 0.75,
            free_disk_bytes: 1 << 30,
        }
    }
}

impl Breakers {
    /// Reads `[breakers]`; a value that cannot be used is noted and its default taken.
    pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Self {
        let known = [
            "consecutive_failures",
            "yield_after",
            "yield_bad",
            "free_disk",
        ];
        reader.only(table, "`[breakers]`", &known);
        let mut breakers = Self::default();
        if let Some(count) = reader.count(table, "consecutive_failures") {
            breakers.consecutive_failures = count;
        }
        if let Some(count) = reader.count(table, "yield_after") {
            breakers.yield_after = count;
        }
        if let Some((share, span)) = reader.number(table, "yield_bad") {
            if share > 0.0 && share <= 1.0 {
                breakers.yield_bad = share;
            } else {
                let message =
                    format!("expected a share above 0 up to 1 for `yield_bad`, found {share}");
                reader.error("bad-value", span, message, "Write 0.75 for three in four.");
            }
        }
        if let Some((size, span)) = reader.string(table, "free_disk") {
            if let Some(bytes) = config::parse_size(size) {
                breakers.free_disk_bytes = bytes;
            } else {
                let message = format!("expected a size for `free_disk`, found `{size}`");
                reader.error("bad-value", span, message, "Write it as in `1 GiB`.");
            }
        }
        breakers
    }
}
