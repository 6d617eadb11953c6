//! A ticket's body: its first heading, and the commands of its `Acceptance` and `Gate` sections.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What the body says beside its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// The first heading, as plain text.
    pub(super) heading: Option<String>,
    /// The first fenced shell block of the section `Acceptance`.
    pub(super) accept: Option<String>,
    /// The first fenced shell block of the section `Gate`.
    pub(super) gate: Option<String>,
}

/// Reads a Markdown text.
pub(super) fn read(text: &str) -> Body {
    let mut body = Body::default();
    let mut section = Section::Other;
    let mut heading: Option<(HeadingLevel, String)> = None;
    let mut code: Option<String> = None;
    for event in Parser::new_ext(text, Options::empty()) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                let Some((level, text)) = heading.take() else {
                    continue;
                };
                let text = text.trim().to_owned();
                if level >= HeadingLevel::H2 {
                    section = Section::of(&text);
                } else {
                    section = Section::Other;
                }
                if body.heading.is_none() && !text.is_empty() && section == Section::Other {
                    body.heading = Some(text);
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                let word = language.split_whitespace().next().unwrap_or_default();
                if section != Section::Other && matches!(word, "sh" | "bash" | "shell") {
                    code = Some(String::new());
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let Some(command) = code.take().map(|code| code.trim_end().to_owned()) else {
                    continue;
                };
                let slot = match section {
                    Section::Accept => &mut body.accept,
                    Section::Gate => &mut body.gate,
                    Section::Other => continue,
                };
                if slot.is_none() && !command.trim().is_empty() {
                    *slot = Some(command);
                }
            }
            Event::Text(piece) | Event::Code(piece) => {
                if let Some(code) = &mut code {
                    code.push_str(&piece);
                } else if let Some((_, text)) = &mut heading {
                    text.push_str(&piece);
                }
            }
            _ => {}
        }
    }
    body
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Accept,
    Gate,
    Other,
}

impl Section {
    /// Only these very titles count: Backlog.md's `Acceptance Criteria` is prose.
    fn of(title: &str) -> Self {
        match title.to_ascii_lowercase().as_str() {
            "acceptance" => Self::Accept,
            "gate" => Self::Gate,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shell_blocks_of_the_two_sections_are_commands() {
        let body = read(
            "# Fix `it`\n\n```sh\nno\n```\n\n## Acceptance\n\ntext\n\n```\nno\n```\n\n```sh\ntest -f a\ntest -f b\n```\n\n```sh\nsecond\n```\n\n## Gate\n~~~bash\nmake x\n~~~\n\n## Acceptance Criteria\n```sh\nno\n```\n",
        );
        assert_eq!(body.heading.as_deref(), Some("Fix it"));
        assert_eq!(body.accept.as_deref(), Some("test -f a\ntest -f b"));
        assert_eq!(body.gate.as_deref(), Some("make x"));
    }
}
