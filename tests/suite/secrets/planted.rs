//! The corpus of planted secrets (`fixtures/secrets`): every one of them is found, in a file, line
//! by line, and inside of a string of JSON.
#![expect(
    clippy::string_slice,
    reason = "the places are those of the test's own texts"
)]

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nightshift::sandbox::Redactor;

use super::root;

/// How to make secrets, by name.
pub(crate) struct Shapes(BTreeMap<String, (String, String)>);

/// Numbers that look random and are the same everywhere.
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(number: u64) -> Self {
        Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn below(&mut self, most: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % most
    }
}

impl Shapes {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(root().join("fixtures/secrets/shapes.txt")).unwrap();
        let shapes = text.lines().filter(|line| !line.starts_with('#'));
        let shapes = shapes.filter_map(|line| {
            let mut columns = line.splitn(3, '\t').map(str::to_owned);
            Some((columns.next()?, (columns.next()?, columns.next()?)))
        });
        Self(shapes.collect())
    }

    /// Makes a secret.
    #[track_caller]
    pub(crate) fn make(&self, name: &str, seed: &mut Seed) -> String {
        let (_, how) = self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("no shape `{name}`"));
        make(how, seed)
    }
}

fn make(how: &str, seed: &mut Seed) -> String {
    if let Some(inner) = how.strip_prefix("b64:") {
        return base64(make(inner, seed).as_bytes());
    }
    if let Some(rest) = how.strip_prefix("pem:") {
        let (label, lines) = rest.rsplit_once(':').unwrap();
        let mut text = format!("-----BEGIN {label}-----\n");
        if label.starts_with("ENCRYPTED") || label.starts_with("DSA") {
            text.push_str("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,");
            text.push_str(&make("[0-9A-F]{32}\n\n", seed));
        }
        for _ in 1..lines.parse().unwrap() {
            text.push_str(&make("[A-Za-z0-9+/]{64}\n", seed));
        }
        text.push_str(&make("[A-Za-z0-9+/]{26}==\n", seed));
        return format!("{text}-----END {label}-----");
    }
    if how == "putty" {
        let body = make(
            "[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{30}==\n",
            seed,
        );
        let mac = make("[0-9a-f]{40}", seed);
        return format!("Private-Lines: 3\n{body}Private-MAC: {mac}");
    }
    if how == "jwt" {
        let header = base64(br#"{"alg":"HS256","typ":"JWT"}"#);
        let body = base64(format!("{{\"sub\":\"{}\"}}", make("[0-9]{12}", seed)).as_bytes());
        let signature = make("[A-Za-z0-9_-]{43}", seed);
        let bare = |part: &str| part.trim_end_matches('=').to_owned();
        return format!("{}.{}.{signature}", bare(&header), bare(&body));
    }
    let mut made = String::new();
    let mut rest = how;
    while let Some((before, after)) = rest.split_once('[') {
        let (class, after) = after.split_once(']').unwrap();
        let (count, after) = match after.strip_prefix('{') {
            Some(after) => {
                let (count, after) = after.split_once('}').unwrap();
                (count.parse().unwrap(), after)
            }
            None => (1, after),
        };
        let alphabet = alphabet(class);
        made.push_str(before);
        made.extend((0..count).map(|_| alphabet[seed.below(alphabet.len())]));
        rest = after;
    }
    made + rest
}

fn alphabet(class: &str) -> Vec<char> {
    let letters: Vec<char> = class.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&first) = letters.get(at) {
        match letters.get(at + 1..at + 3) {
            Some(&['-', last]) => {
                all.extend(first..=last);
                at += 3;
            }
            _ => {
                all.push(first);
                at += 1;
            }
        }
    }
    all
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A text with secrets in it.
pub(crate) struct Planted {
    pub(crate) text: String,
    /// Their names and where they are.
    secrets: Vec<(String, Range<usize>)>,
}

/// Puts secrets into a text, at `«name»` and `«json|name»`.
fn plant(template: &str, shapes: &Shapes, seed: &mut Seed) -> Planted {
    let mut planted = Planted {
        text: String::new(),
        secrets: Vec::new(),
    };
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('«') {
        let (what, after) = after.split_once('»').unwrap();
        planted.text.push_str(before);
        let (name, depth) = (
            what.trim_start_matches("json|"),
            what.matches("json|").count(),
        );
        let mut value = shapes.make(name, seed);
        for _ in 0..depth {
            value = in_json(&value);
        }
        let start = planted.text.len();
        planted.text.push_str(&value);
        planted
            .secrets
            .push((what.to_owned(), start..planted.text.len()));
        rest = after;
    }
    planted.text.push_str(rest);
    planted
}

/// Every text of the corpus, filled.
pub(crate) fn corpus(number: u64) -> Vec<(String, Planted)> {
    let shapes = Shapes::read();
    let mut files: Vec<_> = fs::read_dir(root().join("fixtures/secrets/planted"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut seed = Seed::new(number);
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files
        .iter()
        .map(|path| {
            let template = fs::read_to_string(path).unwrap();
            (name(path), plant(&template, &shapes, &mut seed))
        })
        .collect()
}

/// Returns whether a secret, or a piece of it that would be of use, is still to be read.
fn is_left(secret: &str, redacted: &str) -> bool {
    let pieces: Vec<&str> = secret
        .split('\n')
        .flat_map(|line| line.split("\\n"))
        .collect();
    if pieces.len() > 1 {
        let inner = pieces.iter().filter(|piece| piece.len() >= 16);
        return inner
            .filter(|piece| !piece.contains("-----") && !piece.contains("Private-Lines"))
            .any(|piece| redacted.contains(piece));
    }
    redacted.contains(secret) || redacted.contains(&secret[secret.len().saturating_sub(6)..])
}

/// Whether the name of what stands here is on the line above: nobody finds that line by line.
fn is_below(before: &str) -> bool {
    let start = before.trim_start();
    before.len() > start.len()
        && ["value: ", "default = ", "password "]
            .iter()
            .any(|key| start.trim_end_matches('"') == *key)
}

#[test]
fn every_planted_secret_is_found() {
    let redactor = Redactor::default();
    let mut missed = Vec::new();
    let mut planted = 0;
    for number in 1..=3 {
        for (file, text) in corpus(number) {
            planted += text.secrets.len();
            let found = redactor.find(&text.text);
            let whole = redactor.redact(&text.text);
            let mut lines = redactor.lines();
            let by_line: Vec<_> = text
                .text
                .lines()
                .filter_map(|line| lines.line(line))
                .collect();
            let by_line = by_line.join("\n");
            let json = in_json(&text.text);
            let json = redactor.redact(&json);
            for (name, range) in &text.secrets {
                let secret = &text.text[range.clone()];
                let before = text.text[..range.start].rsplit('\n').next().unwrap();
                let mut miss = |mode: &str| {
                    missed.push(format!(
                        "{mode:6} {file}: {name} after `{before}` (seed {number}): {secret}"
                    ));
                };
                let covered = found
                    .iter()
                    .any(|(at, _)| at.start <= range.start && range.end <= at.end);
                if !covered && is_left(secret, &whole) {
                    miss("whole");
                }
                if !is_below(before) && is_left(secret, &by_line) {
                    miss("lines");
                }
                if is_left(&in_json(secret), &json) {
                    miss("json");
                }
            }
        }
    }
    assert!(planted / 3 >= 150, "{planted}");
    let count = missed.len();
    assert!(
        missed.is_empty(),
        "{count} of {planted} missed:\n{}",
        missed.join("\n")
    );
}

/// A token by itself is of the kind of its issuer, and no shape is without a secret.
#[test]
fn every_issued_token_is_known_by_its_own_look() {
    let shapes = Shapes::read();
    let redactor = Redactor::default();
    let mut wrong = Vec::new();
    for number in 1..=10 {
        let mut seed = Seed::new(number);
        for (name, (kind, how)) in &shapes.0 {
            let secret = make(how, &mut seed);
            let text = match name.as_str() {
                "slack-hook" => format!("hooks.slack.com/services/{secret}"),
                "discord-hook" => format!("/api/webhooks/112233445566778899/{secret}"),
                _ => format!("it says {secret} here"),
            };
            let found = redactor.find(&text);
            let kinds: Vec<_> = found.iter().map(|(_, kind)| *kind).collect();
            if kind != "-" && kinds != [kind.as_str()] {
                wrong.push(format!("{name}: {kinds:?} for {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
