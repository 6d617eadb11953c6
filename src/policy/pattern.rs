//! One regular expression of the contract, with its place in the file.
//!
//! A pattern that cannot be used is reported at the very character where it breaks: the offset
//! inside the pattern is translated through the TOML string that it is written in.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::{ast, hir};

use crate::diagnostic::{Diagnostic, Source};

/// How many bytes a compiled pattern may take: enough for long lists of words, too little for
/// `a{1000}{1000}`.
const SIZE_LIMIT: usize = 4 << 20;

/// How deep groups may be nested.
const NEST_LIMIT: u32 = 50;

/// A pattern that compiles.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// The compiled pattern, exactly as written: no flag is added.
    pub(super) regex: Regex,
    /// Where it stands in the file, quotes included.
    pub(super) span: Range<usize>,
    /// Whether every text matches, the empty one included.
    pub(super) matches_everything: bool,
}

impl Pattern {
    /// Compiles the string `text`, which stands at `span` of `source`.
    pub(super) fn new(
        text: &str,
        span: Range<usize>,
        source: &Source,
    ) -> Result<Self, Box<Diagnostic>> {
        let parsed = regex_syntax::ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .build()
            .parse(text)
            .map_err(|error| Box::new(broken(&error, &span, source)))?;
        let regex = RegexBuilder::new(text)
            .size_limit(SIZE_LIMIT)
            .nest_limit(NEST_LIMIT)
            .build()
            .map_err(|error| {
                let reason = match error {
                    regex::Error::CompiledTooBig(_) => "it grows too big".to_owned(),
                    other => other.to_string(),
                };
                Box::new(Diagnostic::error(
                    "bad-regex",
                    format!("expected a regular expression that can be used, but {reason}"),
                    source,
                    span.clone(),
                    "Write fewer or smaller repetitions, or several patterns in place of one.",
                ))
            })?;
        let properties = parsed.properties();
        Ok(Self {
            regex,
            span,
            matches_everything: properties.minimum_len() == Some(0)
                && properties.look_set().is_empty(),
        })
    }
}

fn broken(error: &regex_syntax::Error, span: &Range<usize>, source: &Source) -> Diagnostic {
    let (at, reason, help) = match error {
        regex_syntax::Error::Parse(error) => {
            let help = match error.kind() {
                ast::ErrorKind::UnsupportedLookAround => {
                    "Look-around is not supported: take the words out with `unless`."
                }
                ast::ErrorKind::UnsupportedBackreference => {
                    "Back-references are not supported: write the alternatives out."
                }
                _ => "The syntax is that of the Rust `regex` crate; `\\` escapes a character.",
            };
            (error.span(), error.kind().to_string(), help)
        }
        regex_syntax::Error::Translate(error) => {
            let help = match error.kind() {
                hir::ErrorKind::InvalidUtf8 => "Patterns match text: leave out `(?-u)`.",
                _ => "The syntax is that of the Rust `regex` crate.",
            };
            (error.span(), error.kind().to_string(), help)
        }
        other => {
            return Diagnostic::error(
                "bad-regex",
                format!("expected a regular expression, but {other}"),
                source,
                span.clone(),
                "The syntax is that of the Rust `regex` crate.",
            );
        }
    };
    let written = source.text.get(span.clone()).unwrap_or_default();
    let start = span.start + place_in_string(written, at.start.offset);
    let end = span.start + place_in_string(written, at.end.offset);
    let mut end = end.max(start + 1).min(span.end.max(start));
    // A place of no width is shown by the character there, which may be of several bytes.
    while !source.text.is_char_boundary(end) {
        end += 1;
    }
    Diagnostic::error(
        "bad-regex",
        format!("expected a regular expression, but {reason}"),
        source,
        start..end,
        help,
    )
    .labelled("here")
}

/// Returns where the byte `offset` of a string's value stands in the string as written in TOML
/// (quotes and escapes included). What cannot be found is the string's end.
fn place_in_string(written: &str, offset: usize) -> usize {
    let quote = if written.starts_with('"') { '"' } else { '\'' };
    let long = written.starts_with("\"\"\"") || written.starts_with("'''");
    let mut at = if long { 3 } else { 1 };
    let rest = written.get(at..).unwrap_or_default();
    if long && rest.starts_with("\r\n") {
        at += 2;
    } else if long && rest.starts_with('\n') {
        at += 1;
    }
    if quote == '\'' {
        return (at + offset).min(written.len());
    }
    let mut value = 0;
    loop {
        let rest = written.get(at..).unwrap_or_default();
        let escaped = rest.strip_prefix('\\');
        let next = escaped.and_then(|rest| rest.chars().next());
        if let (Some(after), Some(true)) = (escaped, next.map(char::is_whitespace)) {
            // A line that ends in a backslash goes on at the next word.
            at += 1 + (after.len() - after.trim_start().len());
            continue;
        }
        if value >= offset {
            break;
        }
        let digits = match next {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some(_) => {
                at += 2;
                value += 1;
                continue;
            }
            None => {
                let Some(plain) = rest.chars().next() else {
                    break;
                };
                at += plain.len_utf8();
                value += plain.len_utf8();
                continue;
            }
        };
        let code = rest.get(2..2 + digits).unwrap_or_default();
        let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        at += 2 + digits;
        value += character.map_or(1, char::len_utf8);
    }
    at.min(written.len())
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::diagnostic::Source;

    /// Compiles the one string in `file` and returns the text that the diagnostic points at.
    fn pointed_at(file: &str) -> String {
        let start = file.find(['\'', '"']).unwrap();
        let end = file.rfind(['\'', '"']).unwrap() + 1;
        let table: toml::Table = file.parse().unwrap();
        let value = table.values().next().unwrap().as_str().unwrap();
        let source = Source::new("policy.toml", file);
        let problem = Pattern::new(value, start..end, &source).unwrap_err();
        file.get(problem.primary.span).unwrap().to_owned()
    }

    #[test]
    fn a_broken_pattern_is_pointed_at_where_it_breaks() {
        for (file, expected) in [
            (r"a = 'ab(cd'", "("),
            (r"a = 'ü*[z-a]'", "z-a"),
            (r#"a = "\\bdrop\\b(x""#, "("),
            (r#"a = "\u00fc\t(x""#, "("),
            ("a = '''\nab(c'''", "("),
            ("a = \"\"\"\nab \\\n   (c\"\"\"", "("),
            (r"a = 'x(?=y)'", "(?="),
            (r"a = '(a)\1'", r"\1"),
            (r"a = '\p{Nope}'", r"\p{Nope}"),
        ] {
            assert_eq!(pointed_at(file), expected, "{file}");
        }
    }

    #[test]
    fn a_huge_pattern_is_refused() {
        let source = Source::new("policy.toml", "a = 'x'");
        for huge in [r"a{1000}{1000}", r"(\w{900}){900}"] {
            assert!(Pattern::new(huge, 4..7, &source).is_err(), "{huge}");
        }
        let deep = "(".repeat(10_000) + &")".repeat(10_000);
        assert!(Pattern::new(&deep, 4..7, &source).is_err());
    }

    #[test]
    fn patterns_that_match_everything_are_known() {
        let source = Source::new("policy.toml", "a = 'x'");
        for (pattern, expected) in [
            ("", true),
            (".*", true),
            ("(a|)", true),
            ("a?", true),
            ("^$", false),
            ("a+", false),
            (r"\b", false),
        ] {
            let pattern = Pattern::new(pattern, 4..7, &source).unwrap();
            assert_eq!(pattern.matches_everything, expected, "{:?}", pattern.regex);
        }
    }
}
