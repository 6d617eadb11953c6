//! Diagnostics as people read them, drawn by rustc's renderer for a terminal of 80 columns.
//!
//! The renderer cuts long source lines around the offending text. What it does not do is done here:
//! messages and helps are broken between words, and control characters in them become pictures. Without
//! a text (a file that could not be read) or with a giant line only the place is shown.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::{
    Diagnostic, Severity,
    plain::{picture, plain},
};

/// Columns of the narrowest terminal that is served well.
const COLUMNS: usize = 80;

/// How many bytes of a line are given to the renderer: a 10 MB line must not cost seconds.
const LONGEST_LINE: usize = 16 * 1024;

/// Returns the diagnostic as lines of text, coloured or plain, without a final line break.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let (level, word) = match diagnostic.severity {
        Severity::Error => (Level::ERROR, "error"),
        Severity::Warning => (Level::WARNING, "warning"),
    };
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(COLUMNS);
    let indent = word.len() + diagnostic.code.len() + "[]: ".len();
    let title = level
        .primary_title(wrap(&diagnostic.message, COLUMNS.saturating_sub(indent)))
        .id(diagnostic.code);
    let mut groups = vec![Group::with_title(title).element(place(diagnostic))];
    if !diagnostic.help.is_empty() {
        let help = wrap(&diagnostic.help, COLUMNS - "help: ".len());
        groups.push(Group::with_title(Level::HELP.secondary_title(help)));
    }
    // The renderer shows control characters of ASCII and some marks; its own escapes are ASCII.
    let drawn = renderer.render(&groups);
    drawn
        .chars()
        .map(|c| if c.is_ascii() { c } else { picture(c) })
        .collect()
}

/// Returns the offending text in its lines, or only its place when the lines cannot be shown.
fn place(diagnostic: &Diagnostic) -> Element<'_> {
    let path = plain(&diagnostic.source.path.to_string_lossy());
    let text = &*diagnostic.source.text;
    if text.is_empty() {
        return Origin::path(path).into();
    }
    if text.lines().any(|line| line.len() > LONGEST_LINE) {
        let (line, column) = diagnostic.position();
        return Origin::path(path).line(line).char_column(column).into();
    }
    let clamp = |offset: usize| {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let span = |range: &Range<usize>| {
        let start = clamp(range.start);
        start..clamp(range.end).max(start)
    };
    let label = |text: &str| (!text.is_empty()).then(|| plain(text));
    let secondary = diagnostic.secondary.iter().map(|place| {
        AnnotationKind::Context
            .span(span(&place.span))
            .label(label(&place.text))
    });
    Snippet::source(text)
        .path(path)
        .annotation(
            AnnotationKind::Primary
                .span(span(&diagnostic.primary.span))
                .label(label(&diagnostic.primary.text)),
        )
        .annotations(secondary)
        .into()
}

/// Breaks a sentence between words so that no line is wider than `columns`; a longer word has a
/// line of its own. Line breaks of the text are kept.
fn wrap(text: &str, columns: usize) -> String {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let paragraph = plain(paragraph);
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let width = line.chars().count() + 1 + word.chars().count();
            if !line.is_empty() && width > columns {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{super::Source, *};

    fn unknown() -> Diagnostic {
        let text = "---\nid: login\ndepends_on: [ledgr, sessions]\n---\n\n# Fix the login\n";
        Diagnostic::error(
            "unknown-dependency",
            "`login` depends on `ledgr`, and no ticket in `backlog` has this id",
            &Source::new("backlog/login.md", text),
            27..32,
            "did you mean `ledger`? Otherwise write the ticket that is waited for, or take \
             the name out of `depends_on`",
        )
        .labelled("no such ticket")
    }

    #[test]
    fn a_message_and_its_help_are_broken_between_words() {
        insta::assert_snapshot!(render(&unknown(), false), @r#"
        error[unknown-dependency]: `login` depends on `ledgr`, and no ticket in
                                   `backlog` has this id
         --> backlog/login.md:3:14
          |
        3 | depends_on: [ledgr, sessions]
          |              ^^^^^ no such ticket
          |
        help: did you mean `ledger`? Otherwise write the ticket that is waited for, or
              take the name out of `depends_on`
        "#);
    }

    #[test]
    fn two_places_and_a_warning() {
        let text = "id: a\npriority: 1\nlabels: [x]\nid: b\n";
        let diagnostic = Diagnostic::warning(
            "duplicate-key",
            "`id` is written twice",
            &Source::new("a.md", text),
            30..32,
            "",
        )
        .labelled("again here")
        .with(0..2, "first here");
        insta::assert_snapshot!(render(&diagnostic, false), @r#"
        warning[duplicate-key]: `id` is written twice
         --> a.md:4:1
          |
        1 | id: a
          | -- first here
        ...
        4 | id: b
          | ^^ again here
        "#);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place_and_escapes_are_shown() {
        let text = format!(
            "{}\u{1b}[31mBAD {}",
            "before ".repeat(40),
            "after ".repeat(40)
        );
        let start = text.find("BAD").unwrap();
        let diagnostic = Diagnostic::error(
            "odd",
            "an escape \u{1b}[2J in the message",
            &Source::new("a\u{1b}[2J\n.md", text),
            start..start + 3,
            "an escape \u{1b}[2J in the help",
        );
        insta::assert_snapshot!(render(&diagnostic, false), @r#"
        error[odd]: an escape ␛[2J in the message
         --> a␛[2J␊.md:1:286
          |
        1 | ...before before before before ␛[31mBAD after after after after after aft...
          |                                     ^^^
          |
        help: an escape ␛[2J in the help
        "#);
    }

    #[test]
    fn no_control_character_of_a_file_reaches_the_terminal() {
        let text = "title: \u{9b}2J\u{85}\u{200f}\u{202e}x\u{7f}\n";
        let diagnostic = Diagnostic::error("odd", "odd", &Source::new("a.md", text), 0..5, "");
        for colour in [false, true] {
            let drawn = render(&diagnostic, colour);
            assert!(
                !drawn.contains(|c: char| !c.is_ascii() && plain(&c.to_string()) != c.to_string())
            );
            assert!(
                colour || !drawn.contains(|c: char| c.is_control() && c != '\n'),
                "{drawn:?}"
            );
        }
    }

    #[test]
    fn without_a_text_or_with_a_giant_line_only_the_place_is_shown() {
        let mut diagnostic = unknown();
        diagnostic.source = Source::new("backlog/login.md", "");
        diagnostic.help.clear();
        insta::assert_snapshot!(render(&diagnostic, false), @r#"
        error[unknown-dependency]: `login` depends on `ledgr`, and no ticket in
                                   `backlog` has this id
        --> backlog/login.md
        "#);
        diagnostic.source = Source::new("backlog/login.md", "x".repeat(100_000));
        insta::assert_snapshot!(render(&diagnostic, false), @r#"
        error[unknown-dependency]: `login` depends on `ledgr`, and no ticket in
                                   `backlog` has this id
        --> backlog/login.md:1:28
        "#);
    }

    #[test]
    fn no_line_is_wider_than_80_columns_and_colour_changes_no_letter() {
        let plain = render(&unknown(), false);
        assert!(plain.lines().all(|line| line.chars().count() <= 80));
        let coloured = render(&unknown(), true);
        assert_ne!(plain, coloured);
        assert_eq!(plain, anstream::adapter::strip_str(&coloured).to_string());
    }

    #[test]
    fn spans_outside_the_text_or_inside_a_letter_do_no_harm() {
        let mut diagnostic = unknown();
        diagnostic.source = Source::new("a.md", "é");
        for span in [1..1, 1..2, 0..99, 50..60] {
            diagnostic.primary.span = span;
            assert!(render(&diagnostic, false).contains("a.md:1"));
        }
    }
}
