//! Foreign text made harmless for a terminal.
//!
//! Titles, file names and messages of parsers are written by others. Whatever shows them to people
//! passes them through [`plain`]; what is kept on disk stays as it was.

/// Returns the text as one line in which control characters and the marks that reorder text are
/// visible pictures, so that a file name or a title can neither move the cursor nor hide a word.
pub fn plain(text: &str) -> String {
    text.chars().map(picture).collect()
}

/// Returns the character, or what is shown in its place.
pub(super) fn picture(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_moves_the_cursor_becomes_a_picture() {
        assert_eq!(plain("a\u{1b}[2J\n\u{7f}b"), "a␛[2J␊␡b");
        assert_eq!(plain("\u{9b}x\u{202e}y"), "\u{fffd}x\u{fffd}y");
        assert_eq!(plain("größer 🦀"), "größer 🦀");
    }
}
