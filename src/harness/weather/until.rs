//! When a limit is over, from the words that say so: `resets 8pm (America/New_York)`.
//!
//! A pure function of the words, the moment they were said and the machine's zone. A time of day
//! that has just passed means that the limit is over; one that passed longer ago means tomorrow.
//! Whatever is more than eight days away is no reset of any limit known, so nothing was said.

use std::sync::LazyLock;

use jiff::{
    SignedDuration, Span, Timestamp, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};
use regex::{Captures, Regex};

use crate::harness::fault::Until;

/// No limit lasts longer than a week, give or take.
const FARTHEST: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How long ago a time may be and still mean today: a limit that is over by now.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(15);

/// When a limit is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reset {
    /// The moment; a few minutes ago when it is over.
    pub(super) at: Timestamp,
    /// A zone that was named and is not known: the machine's was taken.
    pub(super) unknown_zone: Option<String>,
}

/// How a time is written, each with the words before it; the first that fits is taken.
static WRITTEN: LazyLock<Vec<(How, Regex)>> = LazyLock::new(|| {
    let after = r"(?:resets?|reset at|try again|retry|retrying|available|wait|until|expires?|back)\b[^.\n]{0,24}?";
    let part = r"\d+(?:\.\d+)?\s*(?:milliseconds?|ms|minutes?|mins?|seconds?|secs?|hours?|hrs?|days?|d|h|m|s)";
    let span = format!(r"(?<span>{part}(?:[\s,]*(?:and\s+)?{part})*)\b");
    let clock = r"(?<hour>\d{1,2})(?::(?<minute>\d\d))?(?::\d\d)?\s*(?:(?<half>[ap])\.?m\b\.?)?";
    let zone = r"(?:\s*\(\s*(?<zone>[A-Za-z][A-Za-z0-9_+\-/: ]*?)\s*\)|\s+(?<bare>UTC|GMT)\b)?";
    let month = r"(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?<year>20\d\d))?,?\s+(?:at\s+)?";
    [
        (
            How::Moment,
            r"(?<iso>20\d\d-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))"
                .to_owned(),
        ),
        (
            How::Epoch,
            r"(?:resets?(?:[ _]?at)?|reached)\W{1,4}(?<epoch>1\d{9}(?:\d{3})?)\b".to_owned(),
        ),
        (How::Span, format!("{after}{span}")),
        (
            How::Seconds,
            r"retry[-_ ]after\W{1,4}(?<seconds>\d{1,7}(?:\.\d+)?)\b".to_owned(),
        ),
        (How::Clock, format!("{after}{month}{clock}{zone}")),
        (How::Clock, format!("{after}{clock}{zone}")),
    ]
    .into_iter()
    .filter_map(|(how, pattern)| Some((how, Regex::new(&format!("(?i){pattern}")).ok()?)))
    .collect()
});

#[derive(Debug, Clone, Copy)]
enum How {
    Moment,
    Epoch,
    Span,
    Seconds,
    Clock,
}

/// Returns when it is over, as far as the words say so.
pub(super) fn until(words: &str, now: Timestamp, local: &TimeZone) -> Option<Reset> {
    WRITTEN.iter().find_map(|(how, pattern)| {
        // The same word may stand before a time and before another thing.
        pattern
            .captures_iter(words)
            .find_map(|found| read(*how, &found, now, local))
            .and_then(|reset| Some((bounded(reset.at, now)?, reset.unknown_zone)))
            .map(|(at, unknown_zone)| Reset { at, unknown_zone })
    })
}

/// Returns the time that was written where a pattern says that there is one, without words before.
pub(super) fn exactly(text: &str, now: Timestamp, local: &TimeZone) -> Option<Reset> {
    if let Ok(number) = text.trim().parse::<i64>() {
        let until = if number < 1_000_000_000 {
            Until::In(number.saturating_mul(1000))
        } else {
            Until::Epoch(number)
        };
        let at = until.at(now)?;
        return bounded(at, now).map(|at| Reset {
            at,
            unknown_zone: None,
        });
    }
    until(&format!("until {text}"), now, local)
}

/// Returns a moment, if it can be the end of a limit.
pub(super) fn bounded(at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let away = at.duration_since(now);
    (-JUST_NOW..=FARTHEST).contains(&away).then_some(at)
}

fn read(how: How, found: &Captures<'_>, now: Timestamp, local: &TimeZone) -> Option<Reset> {
    let name = |name: &str| found.name(name).map(|part| part.as_str());
    let known = |at| Reset {
        at,
        unknown_zone: None,
    };
    match how {
        How::Moment => name("iso")?.parse().ok().map(known),
        How::Epoch => {
            let number = name("epoch")?.parse().ok()?;
            Until::Epoch(number).at(now).map(known)
        }
        How::Span => {
            let span: SignedDuration = length(name("span")?)?;
            now.checked_add(span).ok().map(known)
        }
        How::Seconds => {
            let seconds: f64 = name("seconds")?.parse().ok()?;
            let span = SignedDuration::try_from_secs_f64(seconds).ok()?;
            now.checked_add(span).ok().map(known)
        }
        How::Clock => clock(found, now, local),
    }
}

/// Reads `2 days 17 hours 14 minutes`. A day has 24 hours.
fn length(text: &str) -> Option<SignedDuration> {
    static PART: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)(\d+(?:\.\d+)?)\s*([a-z]+)").ok());
    let mut sum = SignedDuration::ZERO;
    for part in PART.as_ref()?.captures_iter(text) {
        let (_, [number, unit]) = part.extract();
        let unit = match unit.to_ascii_lowercase().as_str() {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            unit if unit.starts_with('d') => 86_400.0,
            unit if unit.starts_with('h') => 3600.0,
            unit if unit.starts_with('m') => 60.0,
            _ => 1.0,
        };
        let seconds = number.parse::<f64>().ok()? * unit;
        sum = sum.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?)?;
    }
    Some(sum)
}

fn clock(found: &Captures<'_>, now: Timestamp, local: &TimeZone) -> Option<Reset> {
    let name = |name: &str| found.name(name).map(|part| part.as_str());
    let number = |part: &str| name(part)?.parse::<i8>().ok();
    // A bare number is no time of day: `try again 3 times`.
    if name("half").is_none() && name("minute").is_none() {
        return None;
    }
    let hour = number("hour")?;
    let hour = match name("half").map(str::to_ascii_lowercase).as_deref() {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("a") => hour % 12,
        Some(_) => hour % 12 + 12,
    };
    let time = Time::new(hour, number("minute").unwrap_or(0), 0, 0).ok()?;
    let (zone, unknown_zone) = match name("zone").or(name("bare")) {
        None => (local.clone(), None),
        Some(named) => match TimeZone::get(named) {
            Ok(zone) => (zone, None),
            Err(_) => (local.clone(), Some(named.to_owned())),
        },
    };
    let here = now.to_zoned(zone.clone());
    let at = |date: Date| -> Option<Timestamp> {
        // In a gap of the clock the time after it, in a fold the first of the two.
        let zoned: Zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
        Some(zoned.timestamp())
    };
    let days = match name("month").and_then(month) {
        Some(month) => {
            let years = match name("year").and_then(|year| year.parse().ok()) {
                Some(year) => year..=year,
                None => here.year() - 1..=here.year() + 1,
            };
            let day = number("day")?;
            years
                .filter_map(|year| Date::new(year, month, day).ok())
                .collect::<Vec<_>>()
        }
        None => [-1, 0, 1]
            .into_iter()
            .filter_map(|days: i64| here.date().checked_add(Span::new().days(days)).ok())
            .collect(),
    };
    // Yesterday's counts when it is just past midnight.
    let first = days
        .into_iter()
        .filter_map(at)
        .find(|at| at.duration_since(now) >= -JUST_NOW)?;
    Some(Reset {
        at: first,
        unknown_zone,
    })
}

fn month(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let name = name.to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| *month == name)?;
    i8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YORK: &str = "America/New_York";

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn every_way_to_write_a_time_is_read() {
        let table = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/weather/times.tsv");
        let table = std::fs::read_to_string(table).unwrap();
        for row in table.lines().filter(|row| !row.starts_with('#')) {
            let [words, now, local, expected] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{row}");
            };
            let reset = until(words, now.parse().unwrap(), &zone(local));
            let at = reset.as_ref().map(|reset| reset.at.to_string());
            assert_eq!(at.unwrap_or("-".to_owned()), expected, "{words} at {now}");
            assert!(reset.is_none_or(|reset| reset.unknown_zone.is_none()));
        }
    }

    #[test]
    fn an_unknown_zone_is_taken_as_the_machines_and_said() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for named in ["TZ", "Mars/Olympus", "PT"] {
            let reset = until(&format!("resets 2pm ({named})"), now, &zone(NEW_YORK)).unwrap();
            assert_eq!(reset.at.to_string(), "2026-11-20T19:00:00Z");
            assert_eq!(reset.unknown_zone.as_deref(), Some(named));
        }
    }

    #[test]
    fn a_time_alone_is_read_where_a_pattern_says_that_it_is_one() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("3600", "2026-11-20T13:00:00Z"),
            ("1795222457", "2026-11-21T00:54:17Z"),
            ("1795222457000", "2026-11-21T00:54:17Z"),
            ("8pm", "2026-11-20T20:00:00Z"),
            ("Nov 21, 2am (UTC)", "2026-11-21T02:00:00Z"),
            ("2 hours", "2026-11-20T14:00:00Z"),
            ("2026-11-20T18:00:00Z", "2026-11-20T18:00:00Z"),
            ("soon", ""),
            ("-99999999999999", ""),
        ] {
            let reset = exactly(text, now, &TimeZone::UTC);
            let at = reset.map(|reset| reset.at.to_string());
            assert_eq!(at.unwrap_or_default(), expected, "{text}");
        }
    }
}
