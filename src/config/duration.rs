//! Lengths of time as people write them: `45m`, `1h 30m`, `90s`.
//!
//! jiff's friendly format, hours and smaller; a bare number is refused, because nobody can tell
//! seconds from minutes by looking at it.

use std::time::Duration;

use jiff::SignedDuration;

/// The longest length of time that makes sense here; far below what overflows a clock.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Why a text is not a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDuration {
    /// A number without a unit.
    #[error("a number needs a unit")]
    NoUnit,
    /// Zero or less.
    #[error("it must be longer than nothing")]
    NotPositive,
    /// More than a year.
    #[error("it is longer than a year")]
    TooLong,
    /// Something else.
    #[error("it is not a length of time")]
    Unreadable,
}

/// Returns the length of time that `text` says.
///
/// # Errors
/// It has no unit, is not positive, is longer than a year, or cannot be read at all.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let text = text.trim();
    if text.parse::<f64>().is_ok() {
        return Err(BadDuration::NoUnit);
    }
    let Ok(signed) = text.parse::<SignedDuration>() else {
        return Err(BadDuration::Unreadable);
    };
    match Duration::try_from(signed) {
        Ok(length) if length > LONGEST => Err(BadDuration::TooLong),
        Ok(length) if !length.is_zero() => Ok(length),
        _ => Err(BadDuration::NotPositive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("45m", 45 * 60),
            ("1h 30m", 90 * 60),
            ("1h30m", 90 * 60),
            ("90s", 90),
            (" 8h ", 8 * 3600),
            ("20 minutes", 20 * 60),
            ("2 hours", 2 * 3600),
            ("PT45M", 45 * 60),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_reason() {
        use BadDuration::{NoUnit, NotPositive, TooLong, Unreadable};
        for (text, reason) in [
            ("45", NoUnit),
            ("1.5", NoUnit),
            ("0s", NotPositive),
            ("-5m", NotPositive),
            ("5m ago", NotPositive),
            ("100000h", TooLong),
            ("9223372036854775807s", TooLong),
            ("99999999999999999999h", Unreadable),
            ("", Unreadable),
            ("soon", Unreadable),
            ("3 fortnights", Unreadable),
            ("1d", Unreadable),
        ] {
            assert_eq!(parse_duration(text), Err(reason), "{text}");
        }
    }
}
