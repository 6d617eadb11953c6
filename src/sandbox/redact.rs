//! Takes secrets out of text before it is written anywhere.
//!
//! A [`Redactor`] knows secrets of a known shape (`shapes.rs`) and the exact values of variables
//! whose names say that they are secret. It sees one text at a time: a secret that is split over
//! two texts is in neither, so callers give it whole lines, and a [`LineRedactor`] for text that
//! comes line by line.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{LazyLock, OnceLock},
};

use regex::{Regex, RegexSet};

use super::shapes::{SHAPES, is_random};

/// Finds and replaces secrets. The default one knows shapes only.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a value that contains another is replaced as a whole.
    values: Vec<String>,
}

/// One pass tells which shapes are there at all; mostly none is.
static ANY: LazyLock<RegexSet> = LazyLock::new(|| {
    // The patterns are constants, and a test compiles them all.
    RegexSet::new(SHAPES.iter().map(|shape| shape.pattern)).unwrap_or_default()
});

static EACH: [OnceLock<Option<Regex>>; SHAPES.len()] = [const { OnceLock::new() }; SHAPES.len()];

/// What stands for a value that came from the environment.
const ENVIRONMENT: &str = "environment";

impl Redactor {
    /// Returns a redactor that also knows the values of those of these variables whose names say
    /// that they are secret (`…KEY…`, `…TOKEN…`, `…SECRET…` and the like) and whose values are
    /// not obviously harmless: under eight characters, a path, an address without a password, a
    /// word.
    pub fn new(environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut values: Vec<String> = environment
            .filter(|(name, value)| is_secret(name, value.trim()))
            .map(|(_, value)| value.trim().to_owned())
            .collect();
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// Returns where secrets are and of what kind, in order and without overlap.
    pub fn find(&self, text: &str) -> Vec<(Range<usize>, &'static str)> {
        let mut found: Vec<(Range<usize>, &'static str)> = Vec::new();
        for value in &self.values {
            found.extend(
                text.match_indices(value)
                    .map(|(at, _)| (at..at + value.len(), ENVIRONMENT)),
            );
        }
        for index in ANY.matches(text) {
            let (Some(shape), Some(cell)) = (SHAPES.get(index), EACH.get(index)) else {
                continue;
            };
            let Some(regex) = cell.get_or_init(|| Regex::new(shape.pattern).ok()) else {
                continue;
            };
            for captures in regex.captures_iter(text) {
                let secret = captures.get(1).or_else(|| captures.get(0));
                if let Some(secret) = secret.filter(|found| (shape.accept)(found.as_str())) {
                    found.push((secret.range(), shape.kind));
                }
            }
        }
        // Stable: at one place the more telling kind came first.
        found.sort_by_key(|(range, _)| range.start);
        let mut merged: Vec<(Range<usize>, &'static str)> = Vec::new();
        for (range, kind) in found {
            match merged.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push((range, kind)),
            }
        }
        merged
    }

    /// Returns the text with each secret replaced by `[redacted:KIND]`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut redacted = String::with_capacity(text.len());
        let mut at = 0;
        for (range, kind) in found {
            redacted.push_str(text.get(at..range.start).unwrap_or_default());
            redacted.push_str("[redacted:");
            redacted.push_str(kind);
            redacted.push(']');
            at = range.end;
        }
        redacted.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(redacted)
    }

    /// The same for output as it came: bytes that are not UTF-8 become `U+FFFD`.
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        self.redact(&text).into_owned().into_bytes()
    }

    /// Returns a redactor of text that comes line by line.
    pub fn lines(&self) -> LineRedactor<'_> {
        LineRedactor {
            redactor: self,
            is_in_key: false,
        }
    }
}

/// Redacts line by line, and remembers that it is inside a private key, whose lines look like
/// nothing by themselves.
#[derive(Debug)]
pub struct LineRedactor<'a> {
    redactor: &'a Redactor,
    is_in_key: bool,
}

impl LineRedactor<'_> {
    /// Returns the next line redacted; `None` when it is the inside of a private key.
    pub fn line<'a>(&mut self, line: &'a str) -> Option<Cow<'a, str>> {
        let begins = line.rfind("PRIVATE KEY-----").is_some() && line.contains("-----BEGIN ");
        let ends = line.contains("-----END ");
        let was_in_key = self.is_in_key;
        self.is_in_key = (begins || was_in_key) && !ends;
        if was_in_key && !begins && !is_of_key(line.trim()) {
            self.is_in_key = false;
            return Some(self.redactor.redact(line));
        }
        (!was_in_key).then(|| self.redactor.redact(line))
    }
}

/// Whether a line can be inside a key block: a key that has no end must not hide what follows.
fn is_of_key(line: &str) -> bool {
    const HEADERS: [&str; 5] = ["Proc-Type:", "DEK-Info:", "Version:", "Comment:", "-----"];
    line.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
        || HEADERS.iter().any(|header| line.starts_with(header))
}

fn is_secret(name: &str, value: &str) -> bool {
    const PASSWORDS: [&str; 4] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET"];
    const KEYS: [&str; 6] = ["KEY", "TOKEN", "CREDENTIAL", "AUTH", "PRIVATE", "COOKIE"];
    let name = name.to_ascii_uppercase();
    let is_named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is_path = value.starts_with(['/', '~', '.']);
    let is_address = value.contains("://") && !value.contains('@');
    let is_number = value.chars().all(|c| c.is_ascii_digit()) && value.len() < 16;
    if value.chars().count() < 8 || is_path || is_address || is_number {
        return false;
    }
    // What is called a password is one, whatever it looks like. A "key" or "token" may be a
    // setting (`KEY_ORDER=alphabetical`), whose word must not vanish from every log.
    is_named(&PASSWORDS)
        || (is_named(&KEYS) && (is_random(value) || value.len() >= 20 && !value.contains(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters and digits as if drawn at random.
    fn noise(length: usize) -> String {
        let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
        (0..length)
            .map(|i| alphabet[(i * 37 + i * i * 11 + 53) % 62])
            .collect()
    }

    fn hex(length: usize) -> String {
        (0..length)
            .map(|i| char::from(b"0123456789abcdef"[(i * 7 + i * i * 3 + 5) % 16]))
            .collect()
    }

    #[test]
    fn all_patterns_compile() {
        assert_eq!(ANY.len(), SHAPES.len());
        for shape in SHAPES {
            Regex::new(shape.pattern).unwrap();
        }
    }

    #[test]
    fn known_shapes_are_found_wherever_they_stand() {
        let upper = noise(16).to_uppercase();
        // Put together here, so that nobody's scanner takes this file for a leak.
        let secrets = [
            ("aws-key", format!("AK{}{upper}", "IA")),
            ("github-token", format!("gh{}_{}", "p", noise(36))),
            ("github-token", format!("github{}_{}", "_pat", noise(60))),
            ("gitlab-token", format!("gl{}-{}", "pat", noise(20))),
            ("slack-token", format!("xox{}-{}", "b", noise(30))),
            ("stripe-key", format!("sk{}_{}", "_live", noise(24))),
            ("ai-key", format!("sk{}-{}", "-ant-api03", noise(93))),
            ("ai-key", format!("sk{}-{}", "-proj", noise(48))),
            ("ai-key", format!("s{}-{}", "k", noise(48))),
            ("google-key", format!("AI{}{}", "za", noise(35))),
            ("npm-token", format!("np{}_{}", "m", noise(36))),
            ("pypi-token", format!("py{}-AgEI{}", "pi", noise(60))),
            ("jwt", format!("ey{0}{1}.ey{0}{1}.{1}", "J", noise(20))),
        ];
        let redactor = Redactor::default();
        for (kind, secret) in secrets {
            for place in [
                "{}",
                "x = \"{}\";",
                "{\"a\":\"{}\"}",
                "error: {}, again",
                "--token={}",
                "ü{} ",
            ] {
                let text = place.replace("{}", &secret);
                let expected = place.replace("{}", &format!("[redacted:{kind}]"));
                assert_eq!(redactor.redact(&text), expected);
            }
        }
    }

    #[test]
    fn secrets_by_what_stands_beside_them() {
        let value = noise(20);
        let cases = [
            ("authorization", "Authorization: Bearer {}", value.clone()),
            (
                "authorization",
                "curl -H 'authorization: token {}'",
                value.clone(),
            ),
            (
                "authorization",
                "\"Authorization\": \"Basic {}\"",
                "dXNlcjpwdw==".into(),
            ),
            ("authorization", "sent bearer {} to host", value.clone()),
            ("url-password", "postgres://app:{}@db/x", "hunter".into()),
            ("url-password", "https://:{}@example.org", "pw".into()),
            ("credential", "password={}", "tr0ub4dor3x".into()),
            ("credential", "DB_PASSWORD: '{}'", value.clone()),
            ("credential", "{\\\"api_key\\\": \\\"{}\\\"}", value.clone()),
            (
                "credential",
                "aws_secret_access_key = {}",
                format!("{}/+{}", noise(18), noise(20)),
            ),
            ("credential", "?access_token={}&x=1", hex(32)),
            ("credential", "clientSecret => \"{}\"", value),
        ];
        let redactor = Redactor::default();
        for (kind, place, secret) in cases {
            let text = place.replace("{}", &secret);
            let expected = place.replace("{}", &format!("[redacted:{kind}]"));
            assert_eq!(redactor.redact(&text), expected);
            assert_eq!(redactor.redact(&expected), expected, "twice is once");
        }
    }

    #[test]
    fn look_alikes_are_left_alone() {
        let image = noise(300);
        let harmless = [
            "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
            "id 550e8400-e29b-41d4-a716-446655440000",
            "token = next_token()",
            "let token = self.tokens.next_token2;",
            "password: String, secret: Option<Vec<u8>>",
            "token: crate::lexer::Token2",
            "if token == other_token1 {",
            "secret = ${{ secrets.DEPLOY_2 }}",
            "password=$DB_PASSWORD1 token=<your-token-1>",
            "token_url = https://example.org/oauth2/token3",
            "tokenizer = cl100k_base_x9y8z7",
            "max_tokens: 1000000000",
            "scikit-learn task-specific-0123456789abcdef-names",
            "sk-learn-contrib-and-friends-0-24",
            "https://example.org:8080/@scope/package",
            "git@github.com:owner/repository.git",
            "Authorization: Bearer $TOKEN_OF_DEPLOY",
            "the bearer of responsibilities",
            "AKIA is a prefix",
            "-----BEGIN PUBLIC KEY-----",
            "cache key: sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ];
        let redactor = Redactor::default();
        for text in harmless {
            assert_eq!(redactor.find(text), [], "{text}");
        }
        let prose = format!("![logo](data:image/png;base64,{image})");
        assert_eq!(redactor.find(&prose), []);
    }

    #[test]
    fn private_keys_go_as_a_whole() {
        let redactor = Redactor::default();
        let (begin, end) = (
            format!("-----BEGIN RSA {} KEY-----", "PRIVATE"),
            format!("-----END RSA {} KEY-----", "PRIVATE"),
        );
        let body = format!("{}\n{}", noise(64), noise(20));
        let whole = format!("a\n{begin}\n{body}\n{end}\nb");
        assert_eq!(redactor.redact(&whole), "a\n[redacted:private-key]\nb");
        let in_json = whole.replace('\n', "\\n");
        assert_eq!(redactor.redact(&in_json), "a\\n[redacted:private-key]\\nb");
        let cut_after = format!("a\n{begin}\n{body}");
        assert_eq!(redactor.redact(&cut_after), "a\n[redacted:private-key]");
        let cut_before = format!("{body}\n{end}\nb");
        assert_eq!(redactor.redact(&cut_before), "[redacted:private-key]\nb");

        let mut lines = redactor.lines();
        let kept: Vec<_> = whole.lines().filter_map(|line| lines.line(line)).collect();
        assert_eq!(kept, ["a", "[redacted:private-key]", "b"]);
        let mut lines = redactor.lines();
        let unended = format!("{begin}\n{body}\nno end\nb");
        let kept: Vec<_> = unended
            .lines()
            .filter_map(|line| lines.line(line))
            .collect();
        assert_eq!(kept, ["[redacted:private-key]", "no end", "b"]);
    }

    #[test]
    fn values_of_secret_variables_are_known() {
        let long = format!("zz{}", noise(14));
        let longer = format!("{long}-and-more");
        let variables = [
            ("MY_SERVICE_TOKEN", long.as_str()),
            ("OTHER_API_KEY", &longer),
            ("DB_PASSWORD", "correct horse battery"),
            ("SSH_AUTH_SOCK", "/tmp/ssh-agent/socket"),
            ("SHORT_KEY", "abc123"),
            ("KEY_ORDER", "alphabetical"),
            ("TOKEN_LIMIT", "100000000"),
            ("KEYSERVER", "https://keys.example.org"),
            ("LANG", "en_US.UTF-8"),
        ];
        let redactor = Redactor::new(variables.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        let text = format!("<{longer}> <{long}> <correct horse battery>");
        let gone = "[redacted:environment]";
        assert_eq!(
            redactor.redact(&text),
            format!("<{gone}> <{gone}> <{gone}>")
        );
        for (_, value) in &variables[3..] {
            assert_eq!(redactor.redact(value), *value);
        }
        assert_eq!(redactor.redact_bytes(b"\xff ok"), "\u{fffd} ok".as_bytes());
    }
}
