//! What holds for every diagnostic: its places are in its text, and nothing of it hurts a terminal.

use nightshift::diagnostic::{Diagnostic, Severity, render};

/// How many of a file's diagnostics are looked at in full: drawing thousands takes its time.
const DRAWN: usize = 20;

/// Checks the diagnostics of one file, and returns whether one of them is an error.
pub(super) fn check(found: &[Diagnostic]) -> bool {
    for diagnostic in found {
        let text = &diagnostic.source.text;
        let labels = diagnostic.secondary.iter().chain([&diagnostic.primary]);
        for label in labels {
            assert!(
                text.get(label.span.clone()).is_some(),
                "{:?} is no place in a text of {} bytes: {diagnostic:?}",
                label.span,
                text.len()
            );
        }
        assert!(!diagnostic.message.is_empty() && !diagnostic.help.is_empty());
        assert!(
            diagnostic
                .code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{} is no name",
            diagnostic.code
        );
    }
    for diagnostic in found.iter().take(DRAWN) {
        let (line, column) = diagnostic.position();
        let lines = diagnostic.source.text.matches('\n').count() + 1;
        assert!((1..=lines).contains(&line) && column >= 1);
        let one_line = diagnostic.one_line();
        assert!(!one_line.contains(is_harmful), "{one_line:?}");
        let drawn = render(diagnostic, false);
        assert!(!drawn.contains(|c| c != '\n' && is_harmful(c)), "{drawn:?}");
        let json = diagnostic.to_json();
        assert_eq!(json["line"], line);
    }
    found
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Controls, escapes and what reorders text.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
