//! One ticket file: bytes in, facts and diagnostics out.
//!
//! The bytes are hostile until shown otherwise: too many of them, no text, escapes in the title.
//! What is wrong with the front matter as a whole ends the reading; everything else is found in
//! one go. Whether the ids that a ticket names exist is `graph.rs`'s business.

use std::{ops::Range, path::Path, sync::Arc};

use super::{
    body::{self, Body, Section},
    front, keys,
    new_ticket::slug,
    ticket::{Status, Ticket, TicketFacts, TicketId},
};
use crate::diagnostic::{Diagnostic, Severity, Source};

/// The largest ticket that is read.
pub const LARGEST_TICKET: u64 = 1024 * 1024;

/// The most characters of a title that are kept.
const LONGEST_TITLE: usize = 200;

/// A file after reading, with the places that a diagnostic about its neighbours needs.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    /// The file, relative to the backlog folder.
    pub(super) file: String,
    /// The ticket; `None` when the file cannot be used.
    pub(super) ticket: Option<Arc<Ticket>>,
    /// The id, as far as one can be told; also of a file that cannot be used.
    pub(super) id: Option<TicketId>,
    /// BLAKE3 of the bytes; `None` when they were not read.
    pub(super) hash: Option<String>,
    /// The path to show, and the text down to the end of the front matter: all places below are in
    /// it, and ten thousand bodies are not kept for it.
    pub(super) head: Source,
    /// Where the id is written; the file's first line when it is not.
    pub(super) id_place: Range<usize>,
    /// Where each of the ticket's dependencies is written, in their order.
    pub(super) dependency_places: Vec<Range<usize>>,
    /// What is wrong with the file.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Returns a file that could not be read, with the one diagnostic that says why.
    pub(super) fn unread(file: &str, diagnostic: Diagnostic) -> Self {
        Self {
            file: file.to_owned(),
            ticket: None,
            id: stem(file).parse().ok(),
            hash: None,
            head: diagnostic.source.clone(),
            id_place: 0..0,
            dependency_places: Vec::new(),
            diagnostics: vec![diagnostic],
        }
    }
}

/// Reads one ticket. `file` is its path as it should be shown and kept; the ticket's id is the
/// file's stem unless the file says otherwise. There is no ticket when a diagnostic is an error.
pub fn parse_ticket(file: &str, bytes: &[u8]) -> (Option<Ticket>, Vec<Diagnostic>) {
    let parsed = parse(file, file, bytes);
    (parsed.ticket.map(Arc::unwrap_or_clone), parsed.diagnostics)
}

/// Returns the diagnostic of a file that is too large to be read.
pub(super) fn too_large(shown: &str, length: u64) -> Diagnostic {
    Diagnostic::error(
        "too-large",
        format!(
            "the ticket has {} KiB, and more than 1024 are not read",
            length.div_ceil(1024)
        ),
        &Source::new(shown, ""),
        0..0,
        "keep long material in files of the repository and name them in the ticket",
    )
}

/// Reads one ticket: `shown` is the path for people, `file` the one relative to the backlog.
pub(super) fn parse(shown: &str, file: &str, bytes: &[u8]) -> Parsed {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length > LARGEST_TICKET {
        return Parsed::unread(file, too_large(shown, length));
    }
    let hash = blake3::hash(bytes).to_hex().to_string();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let refused = |diagnostic: Diagnostic| Parsed {
        hash: Some(hash.clone()),
        ..Parsed::unread(file, diagnostic)
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return refused(not_utf8(shown, bytes, error.valid_up_to())),
    };
    let source = Source::new(shown, text);
    if let Some(at) = text.find('\0') {
        return refused(Diagnostic::error(
            "nul-byte",
            "the ticket contains a NUL byte",
            &source,
            at..at + 1,
            "save the file as plain text",
        ));
    }
    let front = match front::split(&source) {
        Ok(front) => front,
        Err(diagnostic) => return refused(*diagnostic),
    };
    let body_text = text.get(front.body..).unwrap_or_default();
    let mut found = Vec::new();
    let body = body::read(body_text);
    let id_field = front.fields.iter().find(|field| field.name == "id");
    let id_place = id_field.map_or(0..first_line(text), |field| field.place(text));
    let said_id = id_field.is_some_and(|field| field.value != front::Value::Nothing);
    let mut keys = keys::read(&source, front.fields, &mut found);
    let id = match (&keys.id, said_id) {
        (Some(id), _) => Some(id.clone()),
        (None, true) => None,
        (None, false) => id_of_file(&source, file, &mut found),
    };
    let check = |name: &str, key: Option<(String, Range<usize>)>, section, found: &mut Vec<_>| {
        choose_check(&source, front.body, name, key, section, found)
    };
    let accept = check("accept", keys.accept.take(), &body.acceptance, &mut found);
    let gate = check("gate", keys.gate.take(), &body.gate, &mut found);
    let iterations = keys.objective(&source, accept.is_some(), &mut found);
    let title = title(
        &source,
        keys.status,
        keys.title.as_deref(),
        &body,
        &mut found,
    );
    let (depends_on, dependency_places) = keys.depends_on.into_iter().unzip();
    found.sort_by_key(|diagnostic| diagnostic.primary.span.start);
    let usable = found.iter().all(|found| found.severity != Severity::Error);
    let ticket = id.clone().filter(|_| usable).map(|id| {
        Arc::new(Ticket {
            facts: TicketFacts {
                title: title.unwrap_or_else(|| id.to_string()),
                id,
                file: file.to_owned(),
                hash: hash.clone(),
                priority: keys.priority,
                ordinal: keys.ordinal,
                depends_on,
                labels: keys.labels,
                paths: keys.paths,
                attempts: keys.attempts,
                status: keys.status,
                harness: keys.harness,
                iterations,
            },
            body: body_text.trim().to_owned(),
            gate,
            accept,
            requires: keys.requires,
            model: keys.model,
            timeout: keys.timeout,
            extra: keys.extra,
        })
    });
    Parsed {
        file: file.to_owned(),
        ticket,
        id: id.or_else(|| stem(file).parse().ok()),
        hash: Some(hash),
        head: Source::new(
            shown,
            text.get(..front.body.max(id_place.end)).unwrap_or_default(),
        ),
        id_place,
        dependency_places,
        diagnostics: found,
    }
}

fn not_utf8(shown: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let source = Source::new(shown, String::from_utf8_lossy(bytes));
    let byte = bytes.get(at).copied().unwrap_or_default();
    let message = format!("the ticket is not UTF-8 text: byte 0x{byte:02x}");
    let help = "save the file as UTF-8";
    // The text before the byte is the same in the lossy copy.
    let place = at..at + '\u{fffd}'.len_utf8();
    Diagnostic::error("not-utf8", message, &source, place, help)
}

fn first_line(text: &str) -> usize {
    text.lines().next().unwrap_or_default().len()
}

fn stem(file: &str) -> &str {
    Path::new(file)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default()
}

fn id_of_file(source: &Source, file: &str, found: &mut Vec<Diagnostic>) -> Option<TicketId> {
    let stem = stem(file);
    let error = match stem.parse() {
        Ok(id) => return Some(id),
        Err(error) => error,
    };
    found.push(Diagnostic::error(
        "bad-id",
        format!("the file's name cannot serve as the ticket's id: {error}"),
        source,
        0..first_line(&source.text),
        format!(
            "add `id: {}` to the front matter, or rename the file",
            slug(stem)
        ),
    ));
    None
}

/// Returns the check that counts: the key's, else the first shell block of its section.
fn choose_check(
    source: &Source,
    offset: usize,
    name: &str,
    key: Option<(String, Range<usize>)>,
    section: &Section,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let moved = |place: &Range<usize>| place.start + offset..place.end + offset;
    let mut warn = |code, message: String, place, help: &str| {
        found.push(Diagnostic::warning(code, message, source, place, help));
    };
    let heading = section.heading.clone().unwrap_or_default();
    let heading =
        moved(&(heading.start..heading.start + first_line(tail(source, offset, &heading))));
    if let (None, Some(block)) = (section.shell.first(), section.unmarked.first()) {
        warn(
            "unmarked-check",
            format!("this block is not marked as `sh`, so it is not the ticket's `{name}`"),
            moved(&block.place),
            "write ```sh above it, or ```text when it is not to be run",
        );
    }
    let in_section = section
        .shell
        .iter()
        .find(|block| !block.command.trim().is_empty());
    if in_section.is_none() && !section.shell.is_empty() {
        let message =
            format!("this section's block is empty, so the ticket has no `{name}` from it");
        warn(
            "empty-value",
            message,
            heading.clone(),
            "write a command, or take the section out",
        );
    }
    if let Some(block) = section.shell.get(1) {
        warn(
            "two-checks",
            format!("there are several `sh` blocks, and only the first is the ticket's `{name}`"),
            moved(&block.place),
            "join them into one block",
        );
    }
    if let (Some((_, place)), Some(_)) = (&key, in_section) {
        found.push(
            Diagnostic::warning(
                "two-checks",
                format!("`{name}` is written twice, and the front matter's counts"),
                source,
                heading,
                "take one of the two out",
            )
            .labelled("not used")
            .with(place.clone(), "used"),
        );
    }
    key.map(|(command, _)| command)
        .or_else(|| in_section.map(|block| block.command.clone()))
}

fn tail<'s>(source: &'s Source, offset: usize, place: &Range<usize>) -> &'s str {
    source.text.get(offset + place.start..).unwrap_or_default()
}

/// Returns the title, in one clean line; notes a ticket that does not say what to do.
fn title(
    source: &Source,
    status: Status,
    key: Option<&str>,
    body: &Body,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let written = [key, body.heading.as_deref()];
    let title = written
        .into_iter()
        .flatten()
        .map(one_line)
        .find(|title| !title.is_empty());
    // What is not to be worked yet, or no more, need not say what to do.
    if status == Status::Ready && !body.has_text {
        let (code, message) = if title.is_some() {
            (
                "empty-body",
                "a ticket needs a sentence that says what to do, and this has only a title",
            )
        } else {
            ("empty-ticket", "the ticket is empty")
        };
        let end = source.text.trim_end().len();
        let start = source
            .text
            .get(..end)
            .and_then(|text| text.rfind('\n'))
            .map_or(0, |at| at + 1);
        let help = "write below the front matter what is wanted, and how one sees that it is done";
        found.push(Diagnostic::error(code, message, source, start..end, help));
    }
    title.or_else(|| {
        body.opening
            .as_deref()
            .map(one_line)
            .filter(|title| !title.is_empty())
    })
}

/// Returns the text as one line of at most [`LONGEST_TITLE`] characters, without control
/// characters and marks that reorder text.
fn one_line(text: &str) -> String {
    let visible = |c: &char| {
        c.is_whitespace()
            || !(c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    let clean: String = text.chars().filter(visible).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.chars().count() <= LONGEST_TITLE {
        return joined;
    }
    let cut: String = joined.chars().take(LONGEST_TITLE - 1).collect();
    cut.trim_end().to_owned() + "…"
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
