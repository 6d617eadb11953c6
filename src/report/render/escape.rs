//! Making foreign text harmless: titles, questions, notes and paths come from agents and strangers.
//!
//! Control characters go; what cannot be seen, or turns the direction of text, is shown as an
//! escape. In prose nothing of a text becomes a link, an image, HTML, a heading, a list or a table
//! (`CommonMark` and GitHub's extensions); only code spans stay what they are, because sentences of
//! our own are full of them and nothing inside of one is markup. An address or a name with `@`
//! becomes a code span, which no reader turns into a link.

/// Returns whether a character is invisible or changes the direction of what follows.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0d}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Returns a text with its line breaks kept, what cannot be seen shown, and controls gone.
pub(super) fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => safe.push(c),
            c if c.is_control() => {}
            c if is_hidden(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// Returns a text on one line, safe for a terminal.
pub(in crate::report) fn line(text: &str) -> String {
    let text = visible(text);
    let mut words = text.split_whitespace();
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        joined.push(' ');
        joined.push_str(word);
    }
    joined
}

/// Returns a text on one line of at most `most` characters, safe for a terminal.
pub(in crate::report) fn short(text: &str, most: usize) -> String {
    let text = line(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// Returns a text for prose, on one line.
pub(super) fn prose(text: &str) -> String {
    of_pieces(&line(text), |_| true)
}

/// Returns a text for a cell of a table.
pub(super) fn cell(text: &str) -> String {
    // Readers split a row at a `|` before they look for code spans, each in its own way.
    of_pieces(&line(text), |code| !code.contains('|'))
}

/// Returns a text for a cell of a table, as a code span where one can hold it.
pub(super) fn code_cell(text: &str) -> String {
    let text = line(text);
    if text.contains('|') {
        of_pieces(&text, |_| false)
    } else {
        span(&text)
    }
}

/// Returns a text as a code span, on one line.
pub(super) fn code(text: &str) -> String {
    span(&line(text))
}

/// Returns a text as a fenced block that nothing inside of it can close.
pub(super) fn block(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

fn span(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

enum Piece<'a> {
    Text(&'a str),
    /// A code span with its fences.
    Code(&'a str),
}

/// Splits a line at its closed code spans, as `CommonMark` finds them.
fn pieces(text: &str, keep: impl Fn(&str) -> bool) -> Vec<Piece<'_>> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            Some(_) | None => runs.push((at, 1)),
        }
    }
    let mut pieces = Vec::new();
    let mut done = 0;
    let mut rest = runs.as_slice();
    while let Some(((start, length), after)) = rest.split_first() {
        rest = after;
        let Some(close) = after.iter().position(|(_, other)| other == length) else {
            continue;
        };
        let end = after.get(close).map_or(*start, |(at, _)| at + length);
        let Some(code) = text.get(*start..end).filter(|code| keep(code)) else {
            continue;
        };
        pieces.push(Piece::Text(text.get(done..*start).unwrap_or_default()));
        pieces.push(Piece::Code(code));
        done = end;
        rest = after.get(close + 1..).unwrap_or_default();
    }
    pieces.push(Piece::Text(text.get(done..).unwrap_or_default()));
    pieces
}

fn of_pieces(text: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut out = Prose::default();
    for piece in pieces(text, &keep) {
        match piece {
            Piece::Code(code) => out.code(code),
            Piece::Text(text) => {
                for (at, word) in text.split(' ').enumerate() {
                    if at > 0 {
                        out.space();
                    }
                    out.shown(word, &keep);
                }
            }
        }
    }
    out.text
}

/// Returns whether some reader would turn a word into a link or a mention.
fn is_address(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains("://") || lower.contains("www.") || lower.contains('@')
}

#[derive(Default)]
struct Prose {
    text: String,
    /// Whether the last thing written was a code span, whose fence must not grow.
    code: bool,
}

impl Prose {
    fn code(&mut self, span: &str) {
        if self.code {
            self.text.push(' ');
        }
        self.text.push_str(span);
        self.code = true;
    }

    /// Adds a word: an address as a code span, so that nothing makes a link of it. Where that span
    /// may not stand, in a table, each part between its bars for itself.
    fn shown(&mut self, word: &str, keep: impl Fn(&str) -> bool) {
        if !is_address(word) {
            if !word.is_empty() {
                self.word(word);
            }
            return;
        }
        if keep(&span(word)) {
            self.code(&span(word));
            return;
        }
        for (at, part) in word.split('|').enumerate() {
            if at > 0 {
                self.word("|");
            }
            if is_address(part) {
                self.code(&span(part));
            } else if !part.is_empty() {
                self.word(part);
            }
        }
    }

    fn space(&mut self) {
        self.text.push(' ');
        self.code = false;
    }

    fn word(&mut self, word: &str) {
        if self.text.is_empty() {
            self.first_word(word);
        } else {
            self.escaped(word);
        }
        self.code = false;
    }

    /// What begins a line may begin a block: a list, a quote, a heading, a rule.
    fn first_word(&mut self, word: &str) {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = word.split_at(digits);
        if digits > 0 && matches!(rest, "." | ")") {
            self.text.push_str(number);
            self.text.push('\\');
            self.text.push_str(rest);
            return;
        }
        if word.starts_with(['#', '>', '-', '+', '=']) {
            self.text.push('\\');
        }
        self.escaped(word);
    }

    fn escaped(&mut self, word: &str) {
        let mut before = None;
        let mut letters = word.chars().peekable();
        while let Some(c) = letters.next() {
            let after = letters.peek().copied();
            let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let escape = match c {
                '`' | '*' | '[' | '<' | '|' | '~' | '$' => true,
                '_' => !(inside(before) && inside(after)),
                '&' => inside(after) || after == Some('#'),
                '\\' => after.is_none_or(|after| after.is_ascii_punctuation()),
                _ => false,
            };
            if escape {
                self.text.push('\\');
            }
            self.text.push(c);
            before = Some(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;

    #[test]
    fn nothing_that_a_stranger_writes_becomes_markup() {
        for (attack, safe) in [
            ("# heading", r"\# heading"),
            ("> quote", r"\> quote"),
            ("- item", r"\- item"),
            ("* item", r"\* item"),
            ("1. item", r"1\. item"),
            ("2) item", r"2\) item"),
            ("2026. was", r"2026\. was"),
            ("===", r"\==="),
            ("---", r"\---"),
            ("~~~ fence", r"\~\~\~ fence"),
            ("``` fence", r"\`\`\` fence"),
            ("[x](javascript:alert(1))", r"\[x](javascript:alert(1))"),
            ("![x](evil.png)", r"!\[x](evil.png)"),
            ("[x]: /evil", r"\[x]: /evil"),
            ("<img src=x onerror=y>", r"\<img src=x onerror=y>"),
            ("<!-- hidden -->", r"\<!-- hidden -->"),
            ("a | b", r"a \| b"),
            ("a\\| b", r"a\\\| b"),
            (
                "**bold** _slant_ snake_case",
                r"\*\*bold\*\* \_slant\_ snake_case",
            ),
            ("a `code span` b", "a `code span` b"),
            ("a `<b>` b", "a `<b>` b"),
            ("an open ` tick", r"an open \` tick"),
            ("``a`b", r"\`\`a\`b"),
            ("two\nlines\r\n\r\nthree", "two lines three"),
            ("# one\n# two", r"\# one # two"),
            ("\u{1b}[31mred\u{7}", r"\[31mred"),
            (
                "\u{1b}]8;;https://evil.example\u{7}x",
                "`]8;;https://evil.examplex`",
            ),
            ("\u{9b}31m", "31m"),
            ("gpj.\u{202e}exe", r"gpj.\u{202e}exe"),
            ("a\u{200b}b\u{feff}c", r"a\u{200b}b\u{feff}c"),
            ("x\u{e0041}", r"x\u{e0041}"),
            ("a\u{2028}# b", r"a\u{2028}# b"),
            (
                "see https://evil.example/x?y=1_2 now",
                "see `https://evil.example/x?y=1_2` now",
            ),
            ("www.evil.example", "`www.evil.example`"),
            (
                "ask @torvalds or a@b.example",
                "ask `@torvalds` or `a@b.example`",
            ),
            ("http://a`b`", r"`http://a` `b`"),
            ("&lt;b&gt; &#60; a & b", r"\&lt;b\&gt; \&#60; a & b"),
            (r"C:\new \# \", r"C:\new \\# \\"),
            ("costs $5 and $6", r"costs \$5 and \$6"),
            ("", ""),
            (" \t\n ", ""),
        ] {
            assert_eq!(prose(attack), safe, "{attack:?}");
        }
    }

    #[test]
    fn code_spans_and_blocks_cannot_be_closed_from_inside() {
        for (attack, safe) in [
            ("plain", "`plain`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``x", "``` ``x ```"),
            ("two\nlines", "`two lines`"),
            ("<b> | [x](y)", "`<b> | [x](y)`"),
            ("", ""),
        ] {
            assert_eq!(code(attack), safe, "{attack:?}");
        }
        for (attack, safe) in [
            ("|[](://)", r"\|`[](://)`"),
            ("a|http://x|b", r"a\|`http://x`\|b"),
            ("http://x|", r"`http://x`\|"),
            ("see http://x now", "see `http://x` now"),
        ] {
            assert_eq!(cell(attack), safe, "{attack:?}");
        }
        assert_eq!(code_cell("a|www.b"), r"a\|`www.b`");
        assert_eq!(code_cell("a|b"), r"a\|b");
        assert_eq!(code_cell("a`b"), "``a`b``");
        assert_eq!(cell("a `b|c` d"), r"a \`b\|c\` d");
        assert_eq!(block("```\n# out\n```"), "````text\n```\n# out\n```\n````");
        assert_eq!(block("a\u{1b}[2Jb\tc\n\n"), "```text\na[2Jb\tc\n```");
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(short("Ünïcödé", 7), "Ünïcödé");
        assert_eq!(short("Ünïcödé wörds", 8), "Ünïcödé…");
    }

    /// Returns the text of a Markdown paragraph, or what else was found in it.
    fn read(markdown: &str) -> Result<String, String> {
        let mut text = String::new();
        for event in Parser::new_ext(markdown, Options::all()) {
            match event {
                Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
                Event::Text(piece) | Event::Code(piece) => text.push_str(&piece),
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(text)
    }

    proptest! {
        #[test]
        fn prose_is_one_paragraph_that_says_what_was_said(
            text in r"([-#>*+=_~|`\\\[\]()!<>&;:$@./ a1\n]|\u{202e}|https://|www\.|<b>|&lt;){0,40}"
        ) {
            let ticks = |text: &str| text.replace(['`', ' '], "");
            let said = ticks(&line(&text));
            let read = read(&prose(&text)).map(|read| ticks(&read));
            prop_assert_eq!(read, Ok(said), "{:?}", prose(&text));
        }

        #[test]
        fn a_cell_stays_a_cell(text in r"[-|`\\a\n \[\]<>*]{0,30}") {
            let table = format!("| a | b |\n|---|---|\n| {} | {} |\n", cell(&text), code_cell(&text));
            let mut cells = 0;
            for event in Parser::new_ext(&table, Options::ENABLE_TABLES) {
                match event {
                    Event::Start(Tag::TableCell) => cells += 1,
                    Event::Text(_)
                    | Event::Code(_)
                    | Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow)
                    | Event::End(
                        TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell,
                    ) => {}
                    other => prop_assert!(false, "{other:?} in {table}"),
                }
            }
            prop_assert_eq!(cells, 4, "{}", table);
        }
    }
}
