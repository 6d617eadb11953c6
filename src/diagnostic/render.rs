//! Diagnostics as people read them, drawn by rustc's renderer.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Severity};

/// How many bytes of a line are shown at most: a 10 MB line must not fill the terminal.
const LONGEST: usize = 16 * 1024;

/// Returns the diagnostic as lines of text, coloured or plain, without a final line break.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let path = diagnostic.source.path.to_string_lossy().into_owned();
    let text = &*diagnostic.source.text;
    let longest_line = text.lines().map(str::len).max().unwrap_or(0);
    let title = level
        .primary_title(&*diagnostic.message)
        .id(diagnostic.code);
    let mut groups = Vec::new();
    if text.is_empty() || longest_line > LONGEST {
        let (line, column) = diagnostic.position();
        let place = format!("{path}:{line}:{column}");
        groups.push(Group::with_title(title).element(Level::NOTE.message(format!("in {place}"))));
        groups.push(Group::with_title(
            Level::HELP.secondary_title(&*diagnostic.help),
        ));
        return renderer.render(&groups);
    }
    let clamp = |offset: usize| {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    };
    let span =
        |range: &std::ops::Range<usize>| clamp(range.start)..clamp(range.end.max(range.start));
    let mut snippet = Snippet::source(text).path(path).annotation(
        AnnotationKind::Primary
            .span(span(&diagnostic.primary.span))
            .label(&*diagnostic.primary.text),
    );
    for label in &diagnostic.secondary {
        snippet = snippet.annotation(
            AnnotationKind::Context
                .span(span(&label.span))
                .label(&*label.text),
        );
    }
    groups.push(Group::with_title(title).element(snippet));
    if !diagnostic.help.is_empty() {
        groups.push(Group::with_title(
            Level::HELP.secondary_title(&*diagnostic.help),
        ));
    }
    renderer.render(&groups)
}
