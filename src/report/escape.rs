//! Making foreign text harmless: titles, questions and notes come from agents and strangers.
//!
//! In prose nothing of Markdown or HTML survives; control characters are gone; what cannot be seen
//! or turns the direction of text is shown as an escape.

/// Returns a text for prose, on one line. Code spans of harmless characters stay code spans.
pub(super) fn prose(text: &str) -> String {
    let text = one_line(text);
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some(span) = harmless_span(rest) {
            safe.push_str(span);
            rest = rest.get(span.len()..).unwrap_or_default();
            continue;
        }
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            '&' => safe.push_str("&amp;"),
            _ => safe.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    // Some readers turn plain addresses into links.
    safe.replace("://", ":\\//")
}

/// Returns the code span that a text begins with, if nothing in it could end it or a table's cell.
fn harmless_span(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('`')?;
    let end = inside.find('`')?;
    let word = inside.get(..end)?;
    let harmless = |c: char| c.is_ascii_alphanumeric() || " :-_./=[](){},;'\"$+@%?*".contains(c);
    let after = inside.get(end + 1..)?;
    (!word.trim().is_empty() && word.chars().all(harmless) && !after.starts_with('`'))
        .then(|| text.get(..end + 2))?
}

/// Returns a text as a code span, on one line.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text).replace('|', "¦");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns a text as a fenced block that nothing inside of it can close.
pub(super) fn block(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}", text.trim_end())
}

/// Returns a text with what a reader cannot see shown, its line breaks kept.
pub(super) fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => safe.push(c),
            c if c.is_control() => {}
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{061c}' => safe.push_str(&c.escape_unicode().to_string()),
            '\u{2028}' | '\u{2029}' => safe.push('\n'),
            c => safe.push(c),
        }
    }
    safe
}

fn one_line(text: &str) -> String {
    visible(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_stranger_writes_becomes_markup() {
        for (attack, safe) in [
            ("# heading", "\\# heading"),
            ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
            ("<img src=x onerror=y>", "\\<img src=x onerror=y\\>"),
            ("a | b", "a \\| b"),
            ("two\nlines", "two lines"),
            ("\u{1b}[31mred\u{7}", "\\[31mred"),
            ("a\u{202e}b", "a\\\\u{202e}b"),
            ("https://evil.example", "https:\\//evil.example"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
            ("run `make test` now", "run `make test` now"),
            ("`<b>` and ``x`", "\\`\\<b\\>\\` and \\``x`"),
        ] {
            assert_eq!(prose(attack), safe, "{attack:?}");
        }
        assert_eq!(code("a`b"), "``a`b``");
        assert!(block("```\nescape").starts_with("````"));
    }
}
