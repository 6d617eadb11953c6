//! Private keys that go over several lines: PEM (PKCS, OpenSSL, OpenSSH, PGP), SSH2 and `PuTTY`.
//!
//! Their lines look like nothing by themselves, so a block is known by its first and its last line.
//! A block that lost one of them still goes as far as its lines look like a key's; a mention of
//! such a line without a key is left alone.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

/// What stands for a block.
pub(super) const KIND: &str = "private-key";

/// One of these, in any case, stands in every text that holds a block.
pub(super) const MARKS: [&str; 3] = ["private key", "private-lines", "private-mac"];

/// How long a block may be, in bytes.
const LONGEST: usize = 64 * 1024;

/// The first line of a block, or its last one (`end`).
static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        ----- (?: BEGIN | (?<end>END) ) \  [A-Z0-9\ ]{0,40} PRIVATE\ KEY (?:\ BLOCK)? -----
        | ----\  (?: BEGIN | (?<end2>END) ) \ SSH2\ [A-Z\ ]{0,20} PRIVATE\ KEY\ ----
        | Private-Lines:\ \d{1,4}
        | (?<end3> Private-MAC:\ [0-9a-f]{40,64} )
        ",
    )
    .ok()
});

/// Returns where blocks are, in order.
pub(super) fn blocks(text: &str) -> Vec<Range<usize>> {
    let marks = marks(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut rest = marks.iter().peekable();
    while let Some(mark) = rest.next() {
        let floor = found.last().map_or(0, |last| last.end);
        if mark.is_end {
            let start = backward(text, floor, mark.at.start);
            if start < mark.at.start {
                found.push(start..mark.at.end);
            }
            continue;
        }
        let inside = |end: &&&Mark| {
            let body = text.get(mark.at.end..end.at.start).unwrap_or_default();
            end.is_end && body.len() <= LONGEST && has_body(body)
        };
        if let Some(end) = rest.peek().filter(inside) {
            found.push(mark.at.start..end.at.end);
            rest.next();
            continue;
        }
        let next = rest.peek().map_or(text.len(), |next| next.at.start);
        let end = forward(text, mark.at.end, next);
        if end > mark.at.end {
            found.push(mark.at.start..end);
        }
    }
    found
}

/// Returns how many bytes of a text are, from its beginning, the rest of a private key whose first
/// lines are gone.
pub fn torn_key(text: &str) -> usize {
    let first = blocks(text).into_iter().next();
    first
        .filter(|block| {
            let before = text.get(..block.start).unwrap_or_default();
            let starts = marks(text).first().is_some_and(|mark| !mark.is_end);
            before.trim().is_empty() && !starts
        })
        .map_or(0, |block| block.end)
}

/// Returns where a line opens a block whose key comes on the lines below.
pub(super) fn opens(line: &str) -> Option<Range<usize>> {
    let last = marks(line).pop().filter(|mark| !mark.is_end)?;
    let after = line.get(last.at.end..)?.trim_matches(is_wrapping);
    // Of a line break in a string, `\n`, a letter is left.
    matches!(after, "" | "n" | "r" | "r\\n").then_some(last.at)
}

/// Whether a line ends a block.
pub(super) fn closes(line: &str) -> bool {
    marks(line).last().is_some_and(|mark| mark.is_end)
}

/// Whether a line can be inside of a block: a key that has no end must not hide what follows. Takes
/// a line number, a time stamp or quotes around the key's own line.
pub(super) fn is_of_key(line: &str) -> bool {
    const HEADERS: [&str; 6] = [
        "Proc-Type:",
        "DEK-Info:",
        "Version:",
        "Comment:",
        "Hash:",
        "Charset:",
    ];
    let line = line.trim_matches(is_wrapping);
    if line.is_empty() || HEADERS.iter().any(|header| line.starts_with(header)) {
        return true;
    }
    let run = longest_run(line);
    let others = line
        .chars()
        .filter(|c| !c.is_whitespace())
        .count()
        .saturating_sub(run.len());
    run.len() == line.len() || run.len() >= 16 && others <= 26
}

/// Whether a line is plainly the inside of a block: nothing but base64, and much of it.
pub(super) fn is_all_key(line: &str) -> bool {
    let line = line.trim_matches(is_wrapping);
    line.len() >= 40 && longest_run(line).len() == line.len()
}

struct Mark {
    at: Range<usize>,
    is_end: bool,
}

fn marks(text: &str) -> Vec<Mark> {
    let Some(regex) = MARK.as_ref() else {
        return Vec::new();
    };
    regex
        .captures_iter(text)
        .filter_map(|found| {
            let is_end = ["end", "end2", "end3"]
                .iter()
                .any(|name| found.name(name).is_some());
            let at = found.get(0)?.range();
            Some(Mark { at, is_end })
        })
        .collect()
}

/// Returns the end of the key that begins here, as far as its lines look like one.
fn forward(text: &str, from: usize, to: usize) -> usize {
    let mut end = from;
    let mut at = from;
    for line in text.get(from..to).unwrap_or_default().split('\n') {
        if at > from + LONGEST || !is_of_key(line) {
            break;
        }
        let run = longest_run(line);
        if !run.is_empty() && (end > from || run.len() >= 16) {
            end = at + run.end;
        }
        at += line.len() + 1;
    }
    end
}

/// Returns the beginning of the key that ends here.
fn backward(text: &str, floor: usize, to: usize) -> usize {
    let mut floor = floor.max(to.saturating_sub(LONGEST));
    while !text.is_char_boundary(floor) {
        floor += 1;
    }
    let mut start = to;
    let mut end = to;
    for line in text.get(floor..to).unwrap_or_default().rsplit('\n') {
        let at = end - line.len();
        end = at.saturating_sub(1);
        let run = longest_run(line);
        if line.is_empty() && start == to {
            continue;
        }
        // The last line of a key may be short; a word above the others is none of it.
        let is_part = run.len() >= 16 || start == to && !run.is_empty();
        if !is_of_key(line) || !is_part {
            break;
        }
        start = at + run.start;
    }
    start
}

fn has_body(text: &str) -> bool {
    text.split('\n').any(|line| longest_run(line).len() >= 16)
}

/// Returns the longest run of characters of base64.
fn longest_run(line: &str) -> Range<usize> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut longest = 0..0;
    let mut start = 0;
    for (at, character) in line.char_indices().chain([(line.len(), '\0')]) {
        if !is_base64(character) {
            if at - start > longest.len() {
                longest = start..at;
            }
            start = at + character.len_utf8();
        }
    }
    longest
}

fn is_wrapping(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '"' | '\'' | '\\' | ',' | ';' | '|' | '>' | '`' | '+' | '-' | '*' | '#' | '(' | ')'
        )
}
