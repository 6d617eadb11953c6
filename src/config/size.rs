//! Sizes as people write them.

/// Returns the bytes of a size as people write it: `1 GiB`, `500MB`, `1.5 TB`, `4096`. Units with
/// an `i` are powers of 1024, those without are powers of 1000. `None` when it is no size.
pub fn parse_size(text: &str) -> Option<u64> {
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
