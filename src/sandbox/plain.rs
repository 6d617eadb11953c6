//! Text that only says what it shows: no control characters, no escape sequences, nothing
//! invisible.
//!
//! Escape sequences follow ECMA-48, section 5.4 (CSI) and 5.6 (OSC, DCS, APC, PM, SOS).

use std::{fmt::Write, iter::Peekable, str::Chars};

/// Returns the text without C0 and C1 controls (newline and tab stay) and without ANSI escape
/// sequences; characters that change the direction of text or have no width are shown as
/// `\u{…}`.
pub fn clean(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' | '\t' => plain.push(character),
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_csi(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            control if control.is_control() => {}
            // Writing to a string cannot fail.
            hidden if is_hidden(hidden) => {
                write!(plain, "\\u{{{:x}}}", u32::from(hidden)).unwrap_or_default();
            }
            shown => plain.push(shown),
        }
    }
    plain
}

/// Bidirectional controls, zero-width characters, line separators that are not newlines, and tags.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

fn skip_escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_csi(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            rest.next();
            skip_string(rest);
        }
        _ => {
            while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            rest.next_if(|c| matches!(c, '0'..='~'));
        }
    }
}

fn skip_csi(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    rest.next_if(|c| matches!(c, '@'..='~'));
}

/// Skips a control string up to its end. One that does not end on its line is not one: whoever
/// opens it must not hide all that follows.
fn skip_string(rest: &mut Peekable<Chars<'_>>) {
    while let Some(character) = rest.next_if(|c| *c != '\n') {
        match character {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if rest.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_seen_and_nothing_else() {
        let cases = [
            ("plain ü 漢\n\tx", "plain ü 漢\n\tx"),
            ("\u{1b}[1;31mred\u{1b}[0m \u{1b}[38:2:1:2:3mx", "red x"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "alink"),
            ("a\u{9d}0;title\u{9c}b\u{9b}31mc", "abc"),
            ("a\u{1b}]0;never ends\nseen", "a\nseen"),
            ("a\u{1b}Pq#0;1\u{1b}\\b\u{1b}(Bc\u{1b}7d\u{1b}", "abcd"),
            (
                "bell\u{7} back\u{8} nul\0 del\u{7f} nel\u{85}",
                "bell back nul del nel",
            ),
            ("one\r\ntwo", "one\ntwo"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected, "{text:?}");
            assert_eq!(clean(expected), expected, "twice is once");
        }
    }
}
