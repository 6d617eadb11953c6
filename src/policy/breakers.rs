//! The `night` point: when the night stops by itself, whatever single tickets do.
//!
//! `[breakers]` in `policy.toml`; every key has a default. The night's length and the number of
//! attempts stand in `nightshift.toml`.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use super::read::Reader;

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
            if let Some(bytes) = parse_size(size) {
                breakers.free_disk_bytes = bytes;
            } else {
                let message = format!("expected a size for `free_disk`, found `{size}`");
                reader.error("bad-value", span, message, "Write it as in `1 GiB`.");
            }
        }
        breakers
    }
}

/// Returns the bytes of a size as people write it: `1 GiB`, `500MB`, `1.5 TB`, `4096`. Units with
/// an `i` are powers of 1024, those without are powers of 1000. `None` when it is no size.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let unit: u128 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    };
    let whole: u128 = whole.parse().ok()?;
    let mut bytes = whole.checked_mul(unit)?;
    if !fraction.is_empty() {
        let digits = u32::try_from(fraction.len()).ok()?;
        let fraction: u128 = fraction.parse().ok()?;
        bytes += fraction.checked_mul(unit)? / 10u128.checked_pow(digits)?;
    }
    u64::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("1 GiB", Some(1 << 30)),
            ("1GiB", Some(1 << 30)),
            ("1.5 gib", Some(3 << 29)),
            ("500 MB", Some(500_000_000)),
            ("4096", Some(4096)),
            ("0", Some(0)),
            ("", None),
            ("GiB", None),
            ("-1 GiB", None),
            ("1.2.3 GB", None),
            ("1 parsec", None),
            ("99999999999 TiB", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text:?}");
        }
    }
}
