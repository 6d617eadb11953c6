//! Secrets that are known by their value: those of the environment, and those that a diff brought
//! to light. Found as they are and in the forms in which programs write them down.

use std::{collections::BTreeMap, fmt::Write as _, ops::Range};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::chance::{is_blank, is_random, is_word};

/// The shortest value that is looked for, in characters.
const SHORTEST: usize = 8;

/// What `encodeURIComponent` leaves as it is; RFC 3986 leaves four characters.
const COMPONENT: AsciiSet = UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What `encodeURI` leaves as it is.
const ADDRESS: AsciiSet = COMPONENT
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');

/// Values to be found in a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    /// The values themselves, longest first.
    known: Vec<String>,
    automaton: Option<AhoCorasick>,
    /// For each pattern of the automaton, what of its surroundings belongs to it.
    edges: Vec<Edge>,
}

/// In base64 a value's first and last bits may share a character with its neighbours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    before: bool,
    after: bool,
    padding: bool,
}

impl Values {
    /// Those of these variables that are secret.
    pub(super) fn of_environment(variables: impl Iterator<Item = (String, String)>) -> Self {
        let mut known = Vec::new();
        for (name, value) in variables {
            let value = value.trim();
            if is_secret(&name, value) {
                known.push(value.to_owned());
                // No line of a log holds all of a value of several lines.
                if value.contains('\n') {
                    let parts = value.lines().map(str::trim).filter(|line| line.len() >= 16);
                    known.extend(parts.filter(|line| is_random(line)).map(str::to_owned));
                }
            }
            known.extend(password_of_address(value));
        }
        Self::new(known)
    }

    /// Exactly these, whatever they look like, but for those that are too short.
    pub(super) fn new(mut known: Vec<String>) -> Self {
        known.retain(|value| value.chars().count() >= SHORTEST);
        known.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.dedup();
        let mut patterns = BTreeMap::new();
        for value in &known {
            forms(value, &mut patterns);
        }
        let (words, edges): (Vec<String>, Vec<Edge>) = patterns.into_iter().unzip();
        let automaton = (!words.is_empty())
            .then(|| {
                // Of two that begin at one place the longer one: it holds the other.
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(&words)
                    .ok()
            })
            .flatten();
        Self {
            known,
            automaton,
            edges,
        }
    }

    /// These and more.
    pub(super) fn with(&self, more: impl Iterator<Item = String>) -> Self {
        Self::new(self.known.iter().cloned().chain(more).collect())
    }

    /// Returns where one of them is, in any order and with overlap.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let mut places = Vec::new();
        let mut from = 0;
        while let Some(found) = automaton.find(Input::new(text).span(from..text.len())) {
            let edge = self.edges.get(found.pattern().as_usize());
            places.push(widened(
                text,
                found.range(),
                edge.copied().unwrap_or_default(),
            ));
            // Another one may begin within it.
            from = found.start() + 1;
        }
        places
    }
}

/// Whether a variable holds a secret. What is called a password is one, unless it is a word; a
/// "key" or "token" may be a setting (`KEY_ORDER=alphabetical`), whose word must not vanish from
/// every log.
fn is_secret(name: &str, value: &str) -> bool {
    const PASSWORDS: [&str; 4] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET"];
    const KEYS: [&str; 8] = [
        "KEY",
        "TOKEN",
        "CREDENTIAL",
        "AUTH",
        "PRIVATE",
        "COOKIE",
        "SESSION",
        "WEBHOOK",
    ];
    const PARTS: [&str; 5] = ["PASS", "PWD", "PW", "SALT", "DSN"];
    const PLACES: [&str; 7] = ["FILE", "PATH", "DIR", "SOCK", "HOME", "ASKPASS", "FOLDER"];
    let name = name.to_ascii_uppercase();
    let is_named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let mut parts = name.split('_');
    let is_password = is_named(&PASSWORDS) || parts.any(|part| PARTS.contains(&part));
    let last = name.rsplit('_').next().unwrap_or_default();
    let is_path = PLACES.contains(&last)
        || value.starts_with("~/")
        || value.starts_with('.')
        || value.starts_with('/') && value.matches('/').count() > 1 && !value.contains(['+', '=']);
    let is_address = value.contains("://") && !value.contains('@');
    let is_number = value.chars().all(|c| c.is_ascii_digit()) && value.len() < 16;
    if value.chars().count() < SHORTEST || is_path || is_address || is_blank(value) {
        return false;
    }
    is_password && !is_word(value)
        || is_named(&KEYS)
            && !is_number
            && (is_random(value) || value.len() >= 20 && !value.contains(' '))
}

/// Returns the password inside of an address (`postgres://ann:…@db`), as it is written and as it
/// is meant.
fn password_of_address(value: &str) -> Vec<String> {
    let login = value
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next()?.rsplit_once('@'))
        .and_then(|(login, _)| login.split_once(':'));
    let Some((_, password)) = login.filter(|(_, password)| !is_word(password)) else {
        return Vec::new();
    };
    let meant = percent_decode_str(password).decode_utf8_lossy();
    vec![password.to_owned(), meant.into_owned()]
}

/// Adds what a value looks like as it is, in JSON once and twice, in an address, in hexadecimal
/// and in base64.
fn forms(value: &str, patterns: &mut BTreeMap<String, Edge>) {
    let mut add = |form: String, edge| {
        patterns.entry(form).or_insert(edge);
    };
    let plain = Edge::default();
    for form in json(value) {
        add(form, plain);
    }
    let mut digits = String::new();
    for byte in value.bytes() {
        // Writing to a string cannot fail.
        write!(digits, "{byte:02x}").unwrap_or_default();
    }
    add(digits.to_ascii_uppercase(), plain);
    add(digits, plain);
    let mut in_address = |text: &str, edge| {
        for set in [NON_ALPHANUMERIC, &UNRESERVED, &COMPONENT, &ADDRESS] {
            let encoded = percent_encode(text.as_bytes(), set).to_string();
            add(encoded.replace("%20", "+"), edge);
            add(small_digits(&encoded), edge);
            add(encoded, edge);
        }
    };
    in_address(value, plain);
    for before in 0..3 {
        let bytes = [vec![0; before], value.as_bytes().to_vec()].concat();
        // What lies wholly within the value: six bits a character, eight a byte.
        let from = (before * 8).div_ceil(6);
        let to = bytes.len() * 8 / 6;
        let edge = Edge {
            before: before > 0,
            after: bytes.len() % 3 > 0,
            padding: true,
        };
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            if let Some(core) = engine.encode(&bytes).get(from..to) {
                in_address(core, edge);
            }
        }
    }
    // Last, so that the value itself is never taken for a form with edges.
    patterns.insert(value.to_owned(), plain);
}

/// As a string of JSON, also with what some writers escape without need, and inside of a string.
fn json(value: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let json = serde_json::Value::from(text).to_string();
        let inner = json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        inner.unwrap_or(text).to_owned()
    };
    let ascii = |text: &str| {
        let mut escaped = String::new();
        for character in text.chars() {
            if character.is_ascii() {
                escaped.push(character);
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").unwrap_or_default();
            }
        }
        escaped
    };
    let once = quoted(value);
    let html = once
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    let slashes = once.replace('/', "\\/");
    let all = [ascii(&once), once, html, slashes];
    let twice: Vec<String> = all.iter().map(|form| quoted(form)).collect();
    all.into_iter().chain(twice).collect()
}

/// With small hexadecimal digits after each `%`.
fn small_digits(encoded: &str) -> String {
    let mut small = String::with_capacity(encoded.len());
    let mut left = 0;
    for character in encoded.chars() {
        small.push(if left > 0 {
            character.to_ascii_lowercase()
        } else {
            character
        });
        left = if character == '%' { 2 } else { left.max(1) - 1 };
    }
    small
}

/// Returns the range with the characters at its edges that hold bits of the value, and the padding.
fn widened(text: &str, range: Range<usize>, edge: Edge) -> Range<usize> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let (mut start, mut end) = (range.start, range.end);
    let head = text.get(..start).unwrap_or_default();
    if edge.before && head.ends_with(is_base64) {
        start -= 1;
    }
    let tail = text.get(end..).unwrap_or_default();
    if edge.after && tail.starts_with(is_base64) {
        end += 1;
    }
    let tail = text.get(end..).unwrap_or_default();
    if edge.padding {
        end += tail.len() - tail.trim_start_matches('=').len();
    }
    start..end
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    fn hexadecimal(text: &str) -> String {
        text.bytes().fold(String::new(), |mut digits, byte| {
            write!(digits, "{byte:02x}").unwrap();
            digits
        })
    }

    /// What is left of a text when the values are gone.
    fn without(values: &Values, text: &str) -> String {
        let mut left = text.to_owned();
        let mut places = values.find(text);
        places.sort_by_key(|range| std::cmp::Reverse((range.start, range.end)));
        let mut floor = text.len();
        for range in places {
            left.replace_range(range.start..range.end.min(floor).max(range.start), "");
            floor = range.start;
        }
        left
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        for value in [
            "zq8Xv92kLm3nB7wQ1",
            "p@ss/w0rd+&=?#%\"\\<x>",
            "sch\u{f6}n & g\u{fc}tig 7",
            ">>>???~~~\u{1f511}12",
        ] {
            let values = Values::new(vec![value.to_owned()]);
            let json = serde_json::to_string(value).unwrap();
            let twice = serde_json::to_string(&json).unwrap();
            let forms = [
                value.to_owned(),
                json.trim_matches('"').to_owned(),
                twice.trim_matches('"').trim_matches(['"', '\\']).to_owned(),
                json.trim_matches('"').replace('/', "\\/"),
                percent_encode(value.as_bytes(), NON_ALPHANUMERIC).to_string(),
                percent_encode(value.as_bytes(), &COMPONENT).to_string(),
                percent_encode(value.as_bytes(), NON_ALPHANUMERIC)
                    .to_string()
                    .replace("%20", "+"),
                small_digits(&percent_encode(value.as_bytes(), NON_ALPHANUMERIC).to_string()),
                hexadecimal(value),
                hexadecimal(value).to_uppercase(),
            ];
            for form in forms {
                assert_eq!(without(&values, &format!("<{form}>")), "<>", "{form}");
            }
            for (before, after) in [
                ("", ""),
                ("a", ""),
                ("ab", "c"),
                ("abc", "de"),
                ("user:", ":x"),
            ] {
                let text = format!("{before}{value}{after}");
                for encoded in [
                    STANDARD.encode(&text),
                    STANDARD_NO_PAD.encode(&text),
                    URL_SAFE.encode(&text),
                    URL_SAFE_NO_PAD.encode(&text),
                    percent_encode(STANDARD.encode(&text).as_bytes(), NON_ALPHANUMERIC).to_string(),
                ] {
                    let left = without(&values, &encoded).replace("%3D", "");
                    // A few characters of what stands around it, and nothing of it.
                    let around = (before.len() + after.len()) * 4 / 3 + 3;
                    assert!(left.len() <= around, "{left} of {encoded} ({text})");
                    let rest = URL_SAFE_NO_PAD.decode(left.trim_end_matches('='));
                    let rest = String::from_utf8_lossy(&rest.unwrap_or_default()).into_owned();
                    assert!(!value.contains(rest.as_str()) || rest.len() < 3, "{rest}");
                }
            }
        }
    }

    #[test]
    fn values_that_overlap_go_together() {
        let values = ["abcdefgh12", "gh12345678", "fgh12345"].map(str::to_owned);
        let values = Values::new(values.to_vec());
        assert_eq!(without(&values, "<abcdefgh12345678>"), "<>");
    }

    #[test]
    fn what_a_variable_holds_is_judged_by_its_name_and_its_look() {
        for (name, value, is) in [
            ("DB_PASSWORD", "correct horse", true),
            ("PGPASSWORD", "12345678", false),
            ("PGPASSWORD", "82640175", true),
            ("SMTP_PASS", "/x9!kd7Qs", true),
            ("MYSQL_PWD", "s0mething!", true),
            ("DB_PASSWORD", "postgres", false),
            ("DB_PASSWORD", "development", false),
            ("APP_SECRET", "application", false),
            ("APP_SECRET", "short1!", false),
            ("API_KEY", "9fceb02d0ae598e9", true),
            (
                "AWS_SECRET_ACCESS_KEY",
                "/wJalrX3tnFEM1+K7MDENG/bPxRfiCY2h4kf8sQz",
                true,
            ),
            ("GITHUB_TOKEN", "$(gh auth token)", false),
            ("KEY_ORDER", "alphabetical", false),
            ("TOKEN_LIMIT", "100000000", false),
            ("SSH_AUTH_SOCK", "/tmp/ssh-agent/socket", false),
            (
                "GOOGLE_APPLICATION_CREDENTIALS",
                "/home/ann/keys/a1.json",
                false,
            ),
            ("TOKEN_FILE", "token-a8f7e6d5c4b3.txt", false),
            ("KEYSERVER", "https://keys.example.org/v2", false),
            ("LANG", "en_US.UTF-8", false),
        ] {
            assert_eq!(is_secret(name, value), is, "{name}={value}");
        }
        let variables = [(
            "DATABASE_URL".to_owned(),
            "postgres://ann:s3cr%40t-7x@db/x".to_owned(),
        )];
        let values = Values::of_environment(variables.into_iter());
        for password in ["s3cr%40t-7x", "s3cr@t-7x"] {
            assert_eq!(without(&values, &format!("<{password}>")), "<>");
        }
    }
}
