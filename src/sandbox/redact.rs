//! Takes secrets out of text before it is written anywhere.
//!
//! A [`Redactor`] knows secrets of a known shape (`shapes.rs`), private keys (`keys.rs`) and exact
//! values (`values.rs`). It sees one text at a time: a secret that is split over two texts is in
//! neither, so callers give it whole lines, and a [`LineRedactor`] for text that comes line by
//! line.

use std::{borrow::Cow, ops::Range};

use super::{escape::unescaped, keys, lines::LineRedactor, shapes::Hints, values::Values};

/// Finds and replaces secrets. The default one knows shapes only.
///
/// Not redacted, because it cannot be told from other text:
/// * a secret without a known shape, that is in no variable and beside no word that names it;
/// * a variable's value under eight characters, a single word that can be said, a path, an address
///   without a password, and under a name that says "key" or "token" a short number or a setting;
/// * a value that is cut into pieces (a line break inside of base64), reversed, compressed,
///   encrypted, or encoded twice;
/// * what is plainly a blank: `AKIAIOSFODNN7EXAMPLE`, `<your-token>`, `$DB_PASSWORD`, `xxxxxxxx`.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Of the environment.
    values: Values,
    /// Those that came to light since.
    learned: Values,
}

/// What stands for a value of the environment.
const ENVIRONMENT: &str = "environment";
/// What stands for a value that came to light since.
const LEARNED: &str = "added";

impl Redactor {
    /// Returns a redactor that also knows the values of those of these variables whose names say
    /// that they are secret (`…KEY…`, `…TOKEN…`, `…PASSWORD…` and the like), and the passwords in
    /// addresses: as they are, escaped as in JSON, percent-encoded, in hexadecimal and in base64,
    /// wherever in a longer encoded text they stand.
    pub fn new(environment: impl Iterator<Item = (String, String)>) -> Self {
        Self {
            values: Values::of_environment(environment),
            learned: Values::default(),
        }
    }

    /// Returns a redactor that knows these values, too.
    #[must_use]
    pub(super) fn with(&self, values: impl Iterator<Item = String>) -> Self {
        Self {
            values: self.values.clone(),
            learned: self.learned.with(values),
        }
    }

    /// Returns where secrets are and of what kind, in order and without overlap.
    pub fn find(&self, text: &str) -> Vec<(Range<usize>, &'static str)> {
        let mut found: Vec<(Range<usize>, &'static str)> = Vec::new();
        let values = self.values.find(text);
        found.extend(values.into_iter().map(|range| (range, ENVIRONMENT)));
        let plain = unescaped(text);
        let hints = Hints::of(&plain);
        if hints.keys {
            found.extend(
                keys::blocks(&plain)
                    .into_iter()
                    .map(|range| (range, keys::KIND)),
            );
        }
        for (shape, regex) in hints.shapes() {
            for captures in regex.captures_iter(&plain) {
                let secret = captures
                    .iter()
                    .skip(1)
                    .flatten()
                    .next()
                    .or_else(|| captures.get(0));
                if let Some(secret) = secret.filter(|found| (shape.accept)(found.as_str())) {
                    found.push((secret.range(), shape.kind));
                }
            }
        }
        let learned = self.learned.find(text);
        found.extend(learned.into_iter().map(|range| (range, LEARNED)));
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
        self.redact_up_to(text, text.len())
    }

    /// The same for the first so many bytes of a text; a secret that goes beyond them is replaced
    /// as a whole.
    pub(super) fn redact_up_to<'a>(&self, text: &'a str, most: usize) -> Cow<'a, str> {
        let mut most = most.min(text.len());
        while !text.is_char_boundary(most) {
            most -= 1;
        }
        let found = self.find(text);
        if found.iter().all(|(range, _)| range.start >= most) {
            return Cow::Borrowed(text.get(..most).unwrap_or(text));
        }
        let mut redacted = String::with_capacity(most);
        let mut at = 0;
        for (range, kind) in found {
            if range.start >= most {
                break;
            }
            redacted.push_str(text.get(at..range.start).unwrap_or_default());
            redacted.push_str("[redacted:");
            redacted.push_str(kind);
            redacted.push(']');
            at = range.end;
        }
        redacted.push_str(text.get(at..most).unwrap_or_default());
        Cow::Owned(redacted)
    }

    /// The same for output as it came: bytes that are not UTF-8 become `U+FFFD`.
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        self.redact(&text).into_owned().into_bytes()
    }

    /// Returns a redactor of text that comes line by line.
    pub fn lines(&self) -> LineRedactor<'_> {
        LineRedactor::new(self)
    }
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
            ("anthropic-key", format!("sk{}-{}", "-ant-api03", noise(93))),
            ("openai-key", format!("sk{}-{}", "-proj", noise(48))),
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
            ("url-password", "https://:{}@example.org", "pw7x".into()),
            ("password", "password={}", "tr0ub4dor3x".into()),
            ("password", "DB_PASSWORD: '{}'", value.clone()),
            ("credential", "{\\\"api_key\\\": \\\"{}\\\"}", value.clone()),
            (
                "aws-secret",
                "aws_secret_access_key = {}",
                format!("{}/+{}", noise(18), noise(20)),
            ),
            ("credential", "?access_token={}&x=1", hex(32)),
            ("password", "clientSecret => \"{}\"", value),
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
