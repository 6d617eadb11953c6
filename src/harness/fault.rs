//! What is wrong, as an error of a JSON line says it: words, codes, a status, a time.
//!
//! Errors come wrapped: a header table in an object, a provider's JSON as text in a text. All of it
//! is looked through, because the time of a limit is often only in the innermost.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How deep an error is unwrapped.
const DEEPEST: usize = 8;
/// How many bytes of words are kept.
const LONGEST: usize = 4 * 1024;

/// An error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its words, the outermost first; may be empty.
    pub(super) text: String,
    /// Words for machines, such as `rate_limit`.
    pub(super) codes: Vec<String>,
    /// The status of HTTP.
    pub(super) status: Option<u16>,
    /// When it is said to be over.
    pub(super) until: Option<Until>,
}

/// A time, as a machine writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A moment: seconds since 1970, or milliseconds.
    Epoch(i64),
    /// Milliseconds from now.
    In(i64),
}

impl Until {
    /// Returns the moment.
    pub(super) fn at(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            // No second of this age has so many digits.
            Self::Epoch(number) if number.abs() >= 100_000_000_000 => {
                Timestamp::from_millisecond(number).ok()
            }
            Self::Epoch(number) => Timestamp::from_second(number).ok(),
            Self::In(ms) => now.checked_add(SignedDuration::from_millis(ms)).ok(),
        }
    }
}

impl Fault {
    /// Returns what an event (or an error in it) says.
    pub(super) fn of(value: &Value) -> Self {
        let mut fault = Self::default();
        match value {
            Value::String(text) => fault.say(text, DEEPEST),
            _ => fault.look(value, DEEPEST),
        }
        fault
    }

    fn look(&mut self, value: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let Value::Object(fields) = value else {
            if let Value::Array(items) = value {
                for item in items {
                    self.look(item, depth);
                }
            }
            return;
        };
        for (name, field) in fields {
            self.field(name, field, depth);
        }
    }

    fn field(&mut self, name: &str, field: &Value, depth: usize) {
        match (name, field) {
            (
                "message" | "errorMessage" | "finalError" | "result" | "responseBody" | "details"
                | "additionalDetails",
                Value::String(text),
            ) => self.say(text, depth),
            // claude's `error` is a code, others' is a sentence.
            ("error", Value::String(text)) if text.contains(' ') => self.say(text, depth),
            (
                "error" | "code" | "errorCode" | "errorType" | "type" | "status" | "reason"
                | "subtype" | "quotaId" | "errorKind" | "errorName" | "codexErrorInfo",
                Value::String(code),
            ) => self.codes.push(code.clone()),
            (
                "statusCode" | "api_error_status" | "error_status" | "status" | "code"
                | "http_status" | "httpStatusCode",
                Value::Number(number),
            ) => {
                let status = number
                    .as_u64()
                    .and_then(|number| u16::try_from(number).ok());
                let status = status.filter(|status| (400..600).contains(status));
                self.status = self.status.or(status);
            }
            _ => {
                if let Some(until) = until(name, field) {
                    self.until = Some(match self.until {
                        // A moment is more than a delay: it does not depend on when it was read.
                        Some(earlier @ Until::Epoch(_)) => earlier,
                        Some(_) | None => until,
                    });
                } else if matches!(field, Value::Object(_) | Value::Array(_))
                    && !matches!(
                        name,
                        "usage" | "stats" | "modelUsage" | "permission_denials"
                    )
                {
                    self.look(field, depth);
                }
            }
        }
    }

    /// Takes a text, which may be or hold JSON.
    fn say(&mut self, text: &str, depth: usize) {
        let inner = text.find('{').zip(text.rfind('}')).and_then(|(from, to)| {
            let value = serde_json::from_str::<Value>(text.get(from..=to)?).ok()?;
            Some((text.get(..from)?, value))
        });
        self.keep(inner.as_ref().map_or(text, |(before, _)| before));
        if let Some((_, value)) = &inner {
            self.look(value, depth);
        }
    }

    fn keep(&mut self, words: &str) {
        let words = words.trim();
        if words.is_empty() || self.text.contains(words) {
            return;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let room = LONGEST.saturating_sub(self.text.len());
        let mut ends = (0..=room.min(words.len())).rev();
        let end = ends.find(|end| words.is_char_boundary(*end));
        let kept = words.get(..end.unwrap_or(0));
        self.text.push_str(kept.unwrap_or_default());
    }
}

/// Returns the time that a field holds, if it is a field for times.
fn until(name: &str, field: &Value) -> Option<Until> {
    let name = name.to_ascii_lowercase();
    let number = match field {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim_end_matches('s').parse().ok(),
        _ => None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number too large for a time is clamped, and refused as a moment"
    )]
    let whole = |number: f64| number as i64;
    match name.as_str() {
        "resetsat"
        | "resets_at"
        | "reset_at"
        | "x-codex-primary-reset-at"
        | "anthropic-ratelimit-unified-reset" => match (number, field) {
            (Some(number), _) => Some(Until::Epoch(whole(number))),
            (None, Value::String(text)) => {
                let moment: Timestamp = text.parse().ok()?;
                Some(Until::Epoch(moment.as_millisecond()))
            }
            _ => None,
        },
        "resets_in_seconds"
        | "retry-after"
        | "retry_after"
        | "retry_after_seconds"
        | "retrydelay" => Some(Until::In(whole(number? * 1000.0))),
        "retry-after-ms" | "retry_delay_ms" | "delayms" => Some(Until::In(whole(number?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_is_unwrapped_to_its_innermost() {
        let inner = json!({"error": {"message": "You have hit it.", "type": "usage_limit_reached",
            "resets_at": 1_893_474_052, "resets_in_seconds": 18000}});
        let fault = Fault::of(
            &json!({"type": "error", "error": {"name": "APIError", "data": {
            "message": "You have hit it.", "statusCode": 429,
            "responseHeaders": {"retry-after": "1"},
            "responseBody": inner.to_string()}}}),
        );
        assert_eq!(fault.text, "You have hit it.");
        assert!(fault.codes.contains(&"usage_limit_reached".to_owned()));
        assert_eq!(fault.status, Some(429));
        assert_eq!(fault.until, Some(Until::Epoch(1_893_474_052)));
        let fault = Fault::of(&json!({"message": format!("[API Error: {inner}]")}));
        assert_eq!(fault.text, "[API Error: You have hit it.");
        assert_eq!(fault.until, Some(Until::Epoch(1_893_474_052)));
    }

    #[test]
    fn times_are_taken_in_seconds_and_milliseconds() {
        let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        let later: Timestamp = "2030-01-01T01:00:00Z".parse().unwrap();
        for event in [
            json!({"resetsAt": 1_893_459_600}),
            json!({"resetsAt": 1_893_459_600_000_i64}),
            json!({"resets_at": "2030-01-01T01:00:00Z"}),
            json!({"resets_in_seconds": 3600}),
            json!({"headers": {"Retry-After": "3600"}}),
            json!({"retryDelay": "3600s"}),
            json!({"retry_delay_ms": 3_600_000.5}),
        ] {
            let until = Fault::of(&event).until.unwrap();
            assert_eq!(until.at(now), Some(later), "{event}");
        }
        let absurd = Fault::of(&json!({"resetsAt": 1e300})).until.unwrap();
        assert_eq!(absurd.at(now), None);
    }
}
