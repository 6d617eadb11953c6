//! The words by which weather is known: one table of codes, one of sentences.
//!
//! Three steps, the surest first: a code for machines that has one meaning, then sentences, then
//! codes and statuses that have several (`rate_limit` is an overload unless the words name a usage
//! limit). Sentences marked [`Place::Alone`] are an agent's own and are known even as a plain line,
//! from its beginning; all others count in the error of a JSON line only. A configuration adds its
//! own, which are tried first.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{Timestamp, tz::TimeZone};
use regex::{Regex, RegexBuilder};

use super::until::{self, Reset};
use crate::harness::{event::WeatherKind, fault::Fault};

use Place::{Alone, InError};
use WeatherKind::{Billing, Limit, Login, Model, Network, Overload};

/// Where a sentence is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Also at the beginning of a plain line.
    Alone,
    /// In an error only.
    InError,
}

/// Codes with one meaning.
const SURE: &[(&str, WeatherKind)] = &[
    ("usage_limit_reached", Limit),
    ("usage_not_included", Billing),
    ("insufficient_quota", Billing),
    ("billing_error", Billing),
    ("billing_hard_limit_reached", Billing),
    ("payment_required", Billing),
    ("authentication_failed", Login),
    ("authentication_error", Login),
    ("oauth_org_not_allowed", Login),
    ("invalid_api_key", Login),
    ("unauthenticated", Login),
    ("model_not_found", Model),
    ("overloaded", Overload),
    ("overloaded_error", Overload),
    ("econnrefused", Network),
    ("econnreset", Network),
    ("enotfound", Network),
    ("etimedout", Network),
    ("eai_again", Network),
];

/// Codes that say little: tried when the words say nothing.
const VAGUE: &[(&str, WeatherKind)] = &[
    ("rate_limit", Overload),
    ("rate_limit_error", Overload),
    ("rate_limit_exceeded", Overload),
    ("resource_exhausted", Overload),
    ("unavailable", Overload),
    ("server_error", Overload),
    ("api_error", Overload),
    ("permission_error", Login),
    ("permission_denied", Login),
];

/// Sentences; the first that is found counts. `until`, where it is named, holds the time; else it
/// is looked for in the whole message.
const SENTENCES: &[(WeatherKind, Place, &str)] = &[
    (
        Overload,
        Alone,
        r"server is temporarily limiting requests|[^.\n]{0,60}\(not your usage limit\)",
    ),
    (
        Overload,
        Alone,
        r"(?:request rejected \(429\)\W+)?this request would exceed your (?:account['’]s |organization['’]s )?rate limit",
    ),
    (
        Overload,
        Alone,
        r"(?:you(?:['’]ve| have)? (?:hit|reached|exceeded) your )rate limit",
    ),
    (
        Limit,
        Alone,
        r"(?:request rejected \(429\)\W+)?you(?:['’]ve| have)? (?:hit|reached|exceeded) your (?:[\w-]+ ){0,3}limit\b",
    ),
    (
        Limit,
        Alone,
        r"(?:claude(?: ai| code)? |codex )?(?:usage|session|weekly|daily|monthly|opus|sonnet|\d+-hour|\w+ weekly) limit (?:reached|exceeded)",
    ),
    (
        Limit,
        InError,
        r"\blimit reached\W{1,4}resets\b|your limit will reset|usage[_ ]limit",
    ),
    (Limit, Alone, r"you(?:['’]re| are) out of (?:extra )?usage"),
    (
        Limit,
        Alone,
        r"you have exhausted your (?:daily quota|quota|capacity) on this model",
    ),
    (
        Limit,
        InError,
        r"exhausted your [\w ]*(?:quota|capacity)|quota will reset",
    ),
    (
        Limit,
        InError,
        r"(?s)quota.*\bretry in (?<until>\d[\d.hms ]*)",
    ),
    (
        Billing,
        Alone,
        r"quota exceeded\. check your plan|you exceeded your current quota",
    ),
    (Billing, Alone, r"(?:your )?credit balance (?:is )?too low"),
    (
        Billing,
        InError,
        r"credit balance|insufficient (?:credit|fund|balance|quota)|payment required|billing|out of credits|requires more credits|no credits",
    ),
    (
        Login,
        Alone,
        r"(?:invalid|incorrect) (?:x-)?api[- ]key|not logged in\b|please run /login|oauth token (?:has expired|revoked)",
    ),
    (
        Login,
        InError,
        r"\b(?:invalid|incorrect|missing|no) (?:x-)?api[- ]key|api[- ]key (?:not (?:valid|found)|is (?:missing|invalid|required)|expired)|/login\b|log ?in again|logged out|not logged in|token (?:has |is )?(?:expired|revoked|invalid)|unauthori[sz]ed|unauthenticated|authentication|invalid credentials",
    ),
    (Model, Alone, r"there['’]s an issue with the selected model"),
    (
        Model,
        InError,
        r"\bmodel[_ ]not[_ ](?:found|supported|exist)|\b(?:unknown|invalid|unsupported|unrecognized) model\b|\bmodel\b[^.\n]{0,80}\b(?:does not exist|doesn['’]t exist|not found|not supported|is not available|may not exist|not have access)|issue with the selected model",
    ),
    (
        Network,
        Alone,
        r"connection to the api was lost|unable to connect to (?:the )?api|waiting for network",
    ),
    (
        Network,
        Alone,
        r"(?:connect |getaddrinfo )?(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b",
    ),
    (
        Network,
        InError,
        r"\b(?:ECONN(?:REFUSED|RESET|ABORTED)|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+)\b|socket hang up|fetch failed|network|connection (?:error|failed|refused|reset|lost|closed|aborted|timed out|was lost)|error sending request|stream (?:disconnected|closed)|getaddrinfo|name resolution|unable to connect|could not (?:connect|resolve)|certificate|\btls\b|\bssl\b|socket connection was closed|request timed out|timed? ?out waiting",
    ),
    (Login, Alone, r"unexpected status 40[13]\b"),
    (
        Overload,
        Alone,
        r"repeated 529 overloaded|unexpected status (?:429|5\d\d)\b|exceeded retry limit, last status: (?:429|5\d\d)\b|(?:429|5\d\d)[\s:,]+(?:too many requests|overloaded|internal server error|bad gateway|service unavailable|gateway time-?out|\{)",
    ),
    (
        Overload,
        Alone,
        r"(?:rate limit reached|overloaded_error|overloaded)\s*(?:$|[·.,:;(])",
    ),
    (
        Overload,
        InError,
        r"overloaded|at capacity|high demand|\b(?:429|5[0-3]\d)\b|too many requests|rate[- _]?limit|resource[_ ]exhausted|internal server error|bad gateway|service unavailable|temporarily unavailable|server (?:is )?busy",
    ),
];

/// What may decorate a plain line; quotation marks and signs of code would make it another's words.
const DECORATION: &str = r"[\s\[(!•●⎿✖✗×⚠∙]{0,6}";

/// What may stand before a sentence on a plain line.
const BEFORE: &str = r"(?i)^(?:[\s\[(!•●⎿✖✗×⚠∙]{0,6}(?:api error|error|fatal|fatal error|codex|claude|gemini|litellm\.\w+|(?:api|apistatus|apiconnection|ratelimit|authentication|overloaded|connection|internalserver|serviceunavailable)error|\w{2,20}exception|api call failed after \d+ retries|stream error|request failed|http(?: status)?(?: (?<status>[45]\d\d))?)\s*(?:[:,\]-]+|\s-)\s*)+";

struct Sentence {
    kind: WeatherKind,
    /// In an error, anywhere.
    inside: Regex,
    /// On a plain line, at its beginning.
    alone: Option<Regex>,
}

static TABLE: LazyLock<Vec<Sentence>> = LazyLock::new(|| {
    SENTENCES
        .iter()
        .filter_map(|(kind, place, pattern)| {
            let alone = format!("^{DECORATION}(?:{pattern})");
            Some(Sentence {
                kind: *kind,
                inside: compiled(pattern)?,
                alone: match place {
                    Alone => Some(compiled(&alone)?),
                    InError => None,
                },
            })
        })
        .collect()
});

static BEFORE_IT: LazyLock<Option<Regex>> = LazyLock::new(|| compiled(BEFORE));

fn compiled(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .build()
        .ok()
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: WeatherKind,
    /// When it is over.
    pub(super) reset: Option<Reset>,
}

/// The table with what a configuration adds to it.
#[derive(Debug)]
pub(in crate::harness) struct Table {
    own: Vec<(WeatherKind, Regex)>,
    zone: TimeZone,
}

impl Table {
    /// Adds these patterns; one that is no pattern, which the configuration has refused, is left
    /// out.
    pub(in crate::harness) fn new(
        own: &BTreeMap<WeatherKind, Vec<String>>,
        zone: TimeZone,
    ) -> Self {
        let own = own
            .iter()
            .flat_map(|(kind, patterns)| patterns.iter().map(|pattern| (*kind, pattern)))
            .filter_map(|(kind, pattern)| Some((kind, Regex::new(pattern).ok()?)))
            .collect();
        Self { own, zone }
    }

    /// Returns what an error means; `None` when it is no weather.
    pub(super) fn of_fault(&self, fault: &Fault, now: Timestamp) -> Option<Found> {
        let text = one_line(&fault.text);
        let found = self
            .own(&text, now)
            .or_else(|| Some(self.found(by_code(fault, SURE)?, &text, now)))
            .or_else(|| {
                let (kind, time) = TABLE.iter().find_map(|sentence| {
                    let captures = sentence.inside.captures(&text)?;
                    let time = captures.name("until").map(|time| time.as_str().to_owned());
                    Some((sentence.kind, time))
                })?;
                let written = time.and_then(|time| until::exactly(&time, now, &self.zone));
                let found = self.found(kind, &text, now);
                Some(Found {
                    reset: written.or(found.reset),
                    ..found
                })
            })
            .or_else(|| Some(self.found(by_code(fault, VAGUE)?, &text, now)))
            .or_else(|| Some(self.found(by_status(fault.status?)?, &text, now)))?;
        // A machine's time is surer than words, unless it makes no sense.
        let machine = fault.until.and_then(|until| until.at(now));
        let machine = machine
            .and_then(|at| until::bounded(at, now))
            .map(|at| Reset {
                at,
                unknown_zone: None,
            });
        Some(Found {
            reset: machine.or(found.reset),
            ..found
        })
    }

    /// Returns what a plain line (with what follows it) means as an error.
    pub(super) fn of_line(&self, line: &str, now: Timestamp) -> Option<Found> {
        let text = one_line(line);
        if let Some(found) = self.own(&text, now) {
            return Some(found);
        }
        let before = BEFORE_IT.as_ref()?.captures(&text);
        let status = before
            .as_ref()
            .and_then(|before| before.name("status")?.as_str().parse().ok());
        let rest = before
            .and_then(|before| text.get(before.get(0)?.end()..))
            .unwrap_or(&text);
        let kind = TABLE
            .iter()
            .find(|sentence| {
                sentence
                    .alone
                    .as_ref()
                    .is_some_and(|alone| alone.is_match(rest))
            })
            .map(|sentence| sentence.kind)
            .or_else(|| by_status(status?))?;
        Some(self.found(kind, rest, now))
    }

    /// Returns what the configuration's own patterns find.
    pub(super) fn own(&self, text: &str, now: Timestamp) -> Option<Found> {
        self.own.iter().find_map(|(kind, pattern)| {
            let captures = pattern.captures(text)?;
            let found = self.found(*kind, text, now);
            Some(match captures.name("until") {
                Some(time) => Found {
                    reset: until::exactly(time.as_str(), now, &self.zone),
                    ..found
                },
                None => found,
            })
        })
    }

    fn found(&self, kind: WeatherKind, text: &str, now: Timestamp) -> Found {
        Found {
            kind,
            reset: until::until(text, now, &self.zone),
        }
    }
}

fn by_code(fault: &Fault, codes: &[(&str, WeatherKind)]) -> Option<WeatherKind> {
    let mut table = codes.iter();
    let (_, kind) = table.find(|(code, _)| {
        let mut said = fault.codes.iter();
        said.any(|said| said.eq_ignore_ascii_case(code))
    })?;
    Some(*kind)
}

fn by_status(status: u16) -> Option<WeatherKind> {
    match status {
        401 | 403 => Some(Login),
        402 => Some(Billing),
        404 => Some(Model),
        408 | 429 | 500..=599 => Some(Overload),
        _ => None,
    }
}

/// Returns a text with every run of white space as one space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
