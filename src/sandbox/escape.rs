//! Text inside of strings of JSON or of a program, read as what it says: line breaks and quotes
//! that are written with backslashes, at any depth.

use std::borrow::Cow;

/// Returns the text with escaped line breaks, tabs and quotes, and those characters that some
/// writers of JSON write as `\\u00…`, as they are; spaces fill the rest, so that every other byte
/// stays where it was. What else is escaped stays as it is.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, slashes) = rest.split_at(at);
        let after = slashes.trim_start_matches('\\');
        let depth = slashes.len() - after.len();
        plain.push_str(before);
        let (said, length) = escape(after);
        match said {
            Some(said) => {
                // A quote or a line break stands last, and what belongs to a word first.
                let is_part = matches!(said, '=' | '+' | '&');
                let blanks = depth + length - 1;
                plain.extend(is_part.then_some(said));
                plain.extend(std::iter::repeat_n(' ', blanks));
                plain.extend((!is_part).then_some(said));
            }
            None => {
                plain.push_str(slashes.get(..depth).unwrap_or_default());
                plain.push_str(after.get(..length).unwrap_or_default());
            }
        }
        rest = after.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Returns what stands behind a backslash says, and how many bytes of it.
fn escape(after: &str) -> (Option<char>, usize) {
    match after.as_bytes() {
        [b'n', ..] => (Some('\n'), 1),
        [b'r' | b't', ..] => (Some(' '), 1),
        [quote @ (b'"' | b'\'' | b'`'), ..] => (Some(char::from(*quote)), 1),
        [b'u', b'0', b'0', digits @ ..] => {
            let said = match digits {
                [b'2', b'6', ..] => Some('&'),
                [b'2', b'b' | b'B', ..] => Some('+'),
                [b'2', b'2', ..] => Some('"'),
                [b'2', b'7', ..] => Some('\''),
                [b'3', b'c' | b'C', ..] => Some('<'),
                [b'3', b'd' | b'D', ..] => Some('='),
                [b'3', b'e' | b'E', ..] => Some('>'),
                _ => None,
            };
            (said, if said.is_some() { 5 } else { 0 })
        }
        _ => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_byte_stays_where_it_was() {
        let cases = [
            (r"plain ü", "plain ü"),
            (r#"{\"a\": \"b\"}"#, r#"{ "a ":  "b "}"#),
            (r"one\ntwo\\nthree\r\n", "one \ntwo  \nthree   \n"),
            (r"a\tb C:\dir\", r"a  b C:\dir\"),
            (r"x\u003dy\u0026z \u00e4", r"x=     y&     z \u00e4"),
        ];
        for (text, expected) in cases {
            assert_eq!(unescaped(text), expected, "{text}");
            assert_eq!(expected.len(), text.len());
        }
    }
}
