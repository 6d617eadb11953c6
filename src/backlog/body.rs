//! What a ticket's Markdown says: a title, some text, the checks.
//!
//! Only a section titled `Acceptance` or `Gate` with a fenced `sh` block is a check. Backlog.md's
//! `## Acceptance Criteria` with its boxes is prose, and goes to the agent as it stands.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

/// How many bytes of the first paragraph are kept: enough to serve as a title.
const LONGEST_OPENING: usize = 1024;

/// A fenced block of a check's section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Its lines, without the final line break.
    pub(super) command: String,
    /// Where it stands, from fence to fence, in the body.
    pub(super) place: Range<usize>,
}

/// The section of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Section {
    /// Where its heading stands in the body; `None` when there is no such section.
    pub(super) heading: Option<Range<usize>>,
    /// Its blocks marked as shell.
    pub(super) shell: Vec<Block>,
    /// Its blocks not marked at all: probably meant as shell.
    pub(super) unmarked: Vec<Block>,
}

/// What was found in the body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// The first heading, as text.
    pub(super) heading: Option<String>,
    /// The beginning of the first paragraph, as text.
    pub(super) opening: Option<String>,
    /// Whether anything but headings, comments and checks is there.
    pub(super) has_text: bool,
    /// `## Acceptance`.
    pub(super) acceptance: Section,
    /// `## Gate`.
    pub(super) gate: Section,
}

/// Which check's section the reading is in, and how deep its heading was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Acceptance(HeadingLevel),
    Gate(HeadingLevel),
}

/// Reads the body.
pub(super) fn read(text: &str) -> Body {
    let mut body = Body::default();
    let mut check: Option<Check> = None;
    let mut heading: Option<(HeadingLevel, String)> = None;
    let mut block: Option<(bool, Block)> = None;
    let mut opened = false;
    for (event, place) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, title)) = heading.take() {
                    check = enter(&mut body, check, level, title.trim(), &place);
                    body.heading.get_or_insert(title);
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if check.is_some() => {
                let language = info.split_whitespace().next().unwrap_or_default();
                let shell = ["sh", "bash", "shell"].contains(&language);
                if shell || language.is_empty() {
                    let command = String::new();
                    block = Some((shell, Block { command, place }));
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let (Some((shell, mut block)), Some(check)) = (block.take(), check) {
                    let length = block.command.trim_end().len();
                    block.command.truncate(length);
                    let section = section(&mut body, check);
                    let list = if shell {
                        &mut section.shell
                    } else {
                        &mut section.unmarked
                    };
                    list.push(block);
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, title)) = &mut heading {
                    title.push_str(&text);
                } else if let Some((_, block)) = &mut block {
                    block.command.push_str(&text);
                } else if !text.trim().is_empty() {
                    body.has_text = true;
                    let opening = body.opening.get_or_insert_default();
                    if !opened && opening.len() < LONGEST_OPENING {
                        opening.push_str(&text);
                    }
                }
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => {
                opened |= body.opening.is_some();
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some((_, title)) = &mut heading {
                    title.push(' ');
                } else if let Some(opening) = body.opening.as_mut().filter(|_| !opened) {
                    opening.push(' ');
                }
            }
            _ => {}
        }
    }
    body
}

/// Returns which check's section follows this heading.
fn enter(
    body: &mut Body,
    before: Option<Check>,
    level: HeadingLevel,
    title: &str,
    place: &Range<usize>,
) -> Option<Check> {
    let check = match title {
        "Acceptance" => Check::Acceptance(level),
        "Gate" => Check::Gate(level),
        // A deeper heading is still within the section.
        _ => {
            return before.filter(|check| match check {
                Check::Acceptance(own) | Check::Gate(own) => level > *own,
            });
        }
    };
    section(body, check).heading.get_or_insert(place.clone());
    Some(check)
}

fn section(body: &mut Body, check: Check) -> &mut Section {
    match check {
        Check::Acceptance(_) => &mut body.acceptance,
        Check::Gate(_) => &mut body.gate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> (Vec<String>, Vec<String>) {
        let body = read(text);
        let list = |section: Section| {
            section
                .shell
                .into_iter()
                .map(|block| block.command)
                .collect()
        };
        (list(body.acceptance), list(body.gate))
    }

    #[test]
    fn only_a_shell_block_in_a_section_of_this_very_name_is_a_check() {
        for (text, accept, gate) in [
            (
                "## Acceptance\n\n```sh\ncargo test a\n```\n",
                &["cargo test a"][..],
                &[][..],
            ),
            ("# Acceptance\n~~~ bash title\na\nb\n~~~\n", &["a\nb"], &[]),
            (
                "## Acceptance\r\n```shell\r\na\r\nb\r\n```\r\n",
                &["a\nb"],
                &[],
            ),
            ("## Gate\n### How\n```sh\nmake\n```\n", &[], &["make"]),
            ("## Acceptance\n## Notes\n```sh\nrm x\n```\n", &[], &[]),
            ("## Acceptance Criteria\n```sh\na\n```\n", &[], &[]),
            ("## acceptance\n```sh\na\n```\n", &[], &[]),
            ("## Acceptance\n```rust\na\n```\n    indented\n", &[], &[]),
            ("text\n```sh\na\n```\n", &[], &[]),
            (
                "## Gate\n```sh\na\n```\n## Acceptance\n```sh\nb\n```\n```sh\nc\n```",
                &["b", "c"],
                &["a"],
            ),
        ] {
            let (got_accept, got_gate) = commands(text);
            assert_eq!(got_accept, accept, "{text:?}");
            assert_eq!(got_gate, gate, "{text:?}");
        }
    }

    #[test]
    fn a_body_has_text_when_it_says_something() {
        for (text, expected) in [
            ("", false),
            ("# Only a title\n", false),
            (
                "# T\n\n## Description\n<!-- SECTION:DESCRIPTION:BEGIN -->\n",
                false,
            ),
            ("# T\n\n## Acceptance\n```sh\na\n```\n", false),
            ("# T\n\nDo it.", true),
            ("# T\n\n- [ ] do it\n", true),
            ("```rust\nfn main() {}\n```\n", true),
            ("## Acceptance\nAll is well.\n", true),
        ] {
            assert_eq!(read(text).has_text, expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_heading_and_the_first_paragraph_are_read_as_text() {
        let body = read("Fix *the*\n`login`.\n\nSetext\nheading\n===\n\nMore.\n");
        assert_eq!(body.heading.as_deref(), Some("Setext heading"));
        assert_eq!(body.opening.as_deref(), Some("Fix the login."));
    }
}
