//! What is kept of a session's output: `events.jsonl` and `raw.log`, redacted and in bounded size.
//!
//! `raw.log` holds the first [`RAW_HEAD`] bytes and the last [`RAW_TAIL`], and says how much is
//! missing between them; the end waits in memory and is written when the session is over. Whoever
//! looks on meanwhile finds it in `raw.live.log` (`live.rs`), which is gone after the session.
//! `events.jsonl` stops at [`EVENTS`] bytes with a note, after which only the terminal event
//! follows. Beyond both limits a line is only kept as bytes, so that a gigabyte of output costs
//! little more than its reading.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    event::HarnessEvent,
    lines::{LONGEST_LINE, Lines, Tail},
    live::Live,
    watch::Watch,
};
use crate::{
    clock,
    layout::{PathContext, PathError},
    process::Stream,
    sandbox::{LineRedactor, Redactor, clean, torn_key},
};

/// Bytes of `raw.log` before the gap.
const RAW_HEAD: usize = 1024 * 1024;

/// Bytes of `raw.log` after the gap.
const RAW_TAIL: usize = 4 * 1024 * 1024;

/// Bytes of `events.jsonl` before its final note.
const EVENTS: usize = 8 * 1024 * 1024;

/// Bytes of standard output in which the agent's last message is looked for.
const MESSAGE: usize = 256 * 1024;

/// The two files, and what is waiting to be written to them.
pub(super) struct Record<'a> {
    redactor: &'a Redactor,
    events: Output,
    raw: Output,
    live: Live,
    out: Source<'a>,
    err: Source<'a>,
    raw_tail: Tail,
    message: Tail,
    watch: Watch,
    /// Whether the note at the end of the events has been written.
    events_full: bool,
    /// The first file that could not be written.
    problem: Option<PathError>,
}

/// One stream of the agent.
struct Source<'a> {
    lines: Lines,
    redactor: LineRedactor<'a>,
}

impl<'a> Source<'a> {
    fn new(redactor: &'a Redactor) -> Self {
        Self {
            lines: Lines::default(),
            redactor: redactor.lines(),
        }
    }
}

struct Output {
    path: PathBuf,
    file: File,
    written: usize,
}

impl Output {
    /// Makes the file anew: the attempt's folder belongs to this session.
    fn create(path: PathBuf) -> Result<Self, PathError> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .at("open", &path)?;
        Ok(Self {
            path,
            file,
            written: 0,
        })
    }

    fn line(&mut self, text: &str) -> Result<(), PathError> {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(b'\n');
        self.written += bytes.len();
        self.file.write_all(&bytes).at("write", &self.path)
    }
}

impl<'a> Record<'a> {
    /// Begins both files in the attempt's folder.
    pub(super) fn begin(
        folder: &Path,
        redactor: &'a Redactor,
        watch: Watch,
    ) -> Result<Self, PathError> {
        Ok(Self {
            redactor,
            events: Output::create(folder.join("events.jsonl"))?,
            raw: Output::create(folder.join("raw.log"))?,
            live: Live::new(folder),
            out: Source::new(redactor),
            err: Source::new(redactor),
            raw_tail: Tail::new(RAW_TAIL),
            message: Tail::new(MESSAGE),
            watch,
            events_full: false,
            problem: None,
        })
    }

    /// Returns whether a file could not be written: there is no use in going on.
    pub(super) fn is_broken(&self) -> bool {
        self.problem.is_some()
    }

    /// What the output says so far.
    pub(super) fn watch(&mut self) -> &mut Watch {
        &mut self.watch
    }

    /// Records one event.
    pub(super) fn event(&mut self, event: &HarnessEvent) {
        let written = serde_json::to_string(event)
            .map_err(io::Error::from)
            .at("write", &self.events.path)
            .and_then(|line| self.events.line(&line));
        self.note(written);
    }

    /// Takes a piece of the agent's output.
    pub(super) fn output(&mut self, stream: Stream, bytes: &[u8]) {
        let mut lines = std::mem::take(&mut self.source(stream).lines);
        lines.push(bytes, |line| self.line(stream, line));
        self.source(stream).lines = lines;
    }

    /// Takes what is left of both streams, and writes the end of `raw.log`. Returns the end of the
    /// agent's standard output, as bytes that are neither redacted nor cleaned.
    ///
    /// # Errors
    /// The first file that could not be written, now or earlier.
    pub(super) fn finish_output(&mut self) -> Result<Vec<u8>, PathError> {
        for stream in [Stream::Out, Stream::Err] {
            let mut lines = std::mem::take(&mut self.source(stream).lines);
            lines.finish(|line| self.line(stream, line));
        }
        self.live.close();
        let tail = std::mem::replace(&mut self.raw_tail, Tail::new(0));
        let (gone, kept) = tail.into_lines();
        if gone > 0 {
            let note = format!("[nightshift: {gone} bytes are left out here]");
            let written = self.raw.line(&note);
            self.note(written);
        }
        let mut redactor = self.redactor.lines();
        let kept = String::from_utf8_lossy(&kept);
        // The gap may have swallowed the first lines of a private key.
        let from = if gone > 0 { torn_key(&kept) } else { 0 };
        for line in kept.get(from..).unwrap_or_default().lines() {
            let line = line.trim_ascii_end().as_bytes();
            if let Some(text) = printable_line(&mut redactor, line) {
                let written = self.raw.line(&text);
                self.note(written);
            }
        }
        let message = std::mem::replace(&mut self.message, Tail::new(0));
        match self.problem.take() {
            Some(problem) => Err(problem),
            None => Ok(message.into_lines().1),
        }
    }

    /// Ends the record, after the terminal event.
    ///
    /// # Errors
    /// The first file that could not be written.
    pub(super) fn finish(self) -> Result<(), PathError> {
        self.problem.map_or(Ok(()), Err)
    }

    fn source(&mut self, stream: Stream) -> &mut Source<'a> {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }

    fn line(&mut self, stream: Stream, line: &[u8]) {
        // Whole and as it is: a cut or a redaction might take the sense.
        self.watch.line(stream, line, clock::now().at);
        if stream == Stream::Out {
            self.message.push(line);
        }
        let raw_full = self.raw.written >= RAW_HEAD;
        if raw_full {
            self.raw_tail.push(line);
        }
        let is_shown = raw_full && self.live.has_room();
        // The redactor must see where keys begin and end.
        if raw_full && self.events_full && !is_shown && !has_dashes(line) {
            self.live.skip(line.len());
            return;
        }
        let Some(text) = printable_line(&mut self.source(stream).redactor, line) else {
            return;
        };
        if !raw_full {
            let written = self.raw.line(&text);
            self.note(written);
        } else if is_shown {
            self.live.line(&text);
        } else {
            self.live.skip(line.len());
        }
        if !self.events_full {
            self.events_full = self.events.written >= EVENTS;
            let known = match stream {
                Stream::Out if !self.events_full => self.watch.normal(&text),
                Stream::Out | Stream::Err => None,
            };
            if let Some(events) = known {
                for event in events {
                    self.event(&event);
                }
                return;
            }
            let text = if self.events_full {
                "[nightshift: the rest of the output is in raw.log only]".to_owned()
            } else {
                text
            };
            self.event(&HarnessEvent::OutputDelta { text });
        }
    }

    fn note(&mut self, result: Result<(), PathError>) {
        if let Err(problem) = result {
            self.problem.get_or_insert(problem);
        }
    }
}

/// Returns a text of the agent as it may be kept and shown: cleaned before it is redacted, so that
/// no secret hides behind an escape sequence, and cut last, so that none is torn.
pub(super) fn printable(redactor: &Redactor, text: &str) -> String {
    cut(redactor.redact(&clean(text)).into_owned())
}

/// The same for the next line of a stream; `None` when it is the inside of a private key.
fn printable_line(redactor: &mut LineRedactor<'_>, line: &[u8]) -> Option<String> {
    let cleaned = clean(&String::from_utf8_lossy(line));
    let Some(head) = line
        .get(..LONGEST_LINE)
        .filter(|head| head.len() < line.len())
    else {
        return redactor.line(&cleaned).map(|text| cut(text.into_owned()));
    };
    // What is behind the cut helps to know a secret that begins before it, and may itself end in
    // half a secret, so none of it is kept.
    let most = clean(&String::from_utf8_lossy(head)).len();
    let text = redactor.line_up_to(&cleaned, most)?;
    Some(cut(text.into_owned() + CUT))
}

fn has_dashes(line: &[u8]) -> bool {
    let mut dashes = 0;
    line.iter().any(|byte| {
        dashes = if *byte == b'-' { dashes + 1 } else { 0 };
        dashes == 5
    })
}

/// Stands where a text was cut.
const CUT: &str = " [nightshift: cut]";

fn cut(mut text: String) -> String {
    if text.len() > LONGEST_LINE + CUT.len() {
        let end = (0..=LONGEST_LINE)
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0);
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        config::{HarnessConfig, HarnessKind},
        harness::Allowance,
    };

    struct Seen {
        raw: String,
        lines: Vec<HarnessEvent>,
        message: Vec<u8>,
    }

    fn config() -> HarnessConfig {
        HarnessConfig::new(HarnessKind::Script {
            stories: "stories".into(),
        })
    }

    fn recorded(feed: impl FnOnce(&mut dyn FnMut(Stream, &[u8]))) -> Seen {
        let folder = tempfile::tempdir().unwrap();
        let redactor = Redactor::default();
        let watch = Watch::new(&config(), &Allowance::default(), TimeZone::UTC);
        let mut record = Record::begin(folder.path(), &redactor, watch).unwrap();
        feed(&mut |stream, bytes| record.output(stream, bytes));
        let message = record.finish_output().unwrap();
        record.finish().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let lines = read("events.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Seen {
            raw: read("raw.log"),
            lines,
            message,
        }
    }

    fn delta(text: &str) -> HarnessEvent {
        HarnessEvent::OutputDelta { text: text.into() }
    }

    #[test]
    fn lines_of_both_streams_become_events_and_stay_apart() {
        let seen = recorded(|feed| {
            feed(Stream::Out, b"one\ntw");
            feed(Stream::Err, b"oh\x1b[31m no\n");
            feed(Stream::Out, b"o\nlast");
        });
        assert_eq!(seen.lines.len(), 4);
        assert_eq!(seen.lines[0], delta("one"));
        assert_eq!(seen.lines[2], delta("two"));
        assert_eq!(seen.lines[3], delta("last"));
        assert!(!seen.raw.contains('\x1b'));
        assert_eq!(seen.message, b"one\ntwo\nlast\n");
    }

    #[test]
    fn a_private_key_is_not_kept_though_its_lines_say_nothing() {
        let inside = "MIIEpAIBAAKCAQEAx0Hq";
        let seen = recorded(|feed| {
            feed(Stream::Out, b"look:\n-----BEGIN RSA PRIVATE KEY-----\n");
            feed(Stream::Out, format!("{inside}\n{inside}\n").as_bytes());
            feed(Stream::Out, b"-----END RSA PRIVATE KEY-----\nafter\n");
        });
        assert!(!seen.raw.contains(inside), "{}", seen.raw);
        assert!(!format!("{:?}", seen.lines).contains(inside));
        assert_eq!(seen.lines.last(), Some(&delta("after")));
    }

    #[test]
    fn a_key_is_not_kept_with_line_numbers_or_another_stream_between() {
        let inside = "MIIEpAIBAAKCAQEAx0HqMIIEpAIBAAKCAQEAx0HqMIIEpAIBAAKCAQEAx0Hq";
        let seen = recorded(|feed| {
            feed(Stream::Out, b"   1\t-----BEGIN EC PRIVATE KEY-----\n");
            for number in 2..5 {
                feed(Stream::Out, format!("   {number}\t{inside}\n").as_bytes());
                feed(Stream::Err, b"a warning of something else\n");
            }
            feed(Stream::Out, b"{\"progress\": 3}\n");
            feed(Stream::Out, format!("{inside}\n").as_bytes());
            feed(Stream::Out, b"-----END EC PRIVATE KEY-----\nafter\n");
        });
        assert!(!seen.raw.contains("MIIEpAIBAAKC"), "{}", seen.raw);
        assert!(seen.raw.contains("something else") && seen.raw.contains("progress"));
        assert!(seen.raw.ends_with("\nafter\n"));
    }

    #[test]
    fn no_piece_of_a_secret_is_left_where_something_is_cut() {
        let inside = "MIIEpAIBAAKCAQEAx0HqMIIEpAIBAAKCAQEAx0Hq";
        let token = format!("gh{}_{}", "p", "aB3dE6gH9jK2".repeat(3));
        for shift in (0..80).step_by(27) {
            // The end of what is read of a line, and of what is kept of it.
            let many = format!("{token} ").repeat(2 * LONGEST_LINE / token.len());
            let line = format!("{}{many}\n", "x ".repeat(shift));
            let seen = recorded(|feed| feed(Stream::Out, line.as_bytes()));
            assert!(!seen.raw.contains("aB3dE6"), "{shift}: {}", seen.raw);
            assert!(seen.raw.ends_with("[nightshift: cut]\n"));
            assert!(seen.raw.len() < LONGEST_LINE);
        }
        // The gap in the middle of a key.
        let line = format!("{}\n", "x".repeat(1023));
        let seen = recorded(|feed| {
            for _ in 0..=RAW_HEAD / 1024 {
                feed(Stream::Out, line.as_bytes());
            }
            feed(Stream::Out, b"-----BEGIN EC PRIVATE KEY-----\n");
            for _ in 0..8 {
                feed(Stream::Out, format!("{inside}\n").as_bytes());
            }
            feed(Stream::Out, b"-----END EC PRIVATE KEY-----\n");
            for _ in 1..RAW_TAIL / 1024 {
                feed(Stream::Out, line.as_bytes());
            }
            feed(Stream::Out, "y".repeat(1023 - 120).as_bytes());
        });
        assert!(seen.raw.contains("are left out here]"));
        assert!(!seen.raw.contains("MIIEpAIBAAKC"));
    }

    #[test]
    fn a_flood_keeps_its_beginning_and_its_end() {
        let line = format!("{}\n", "x".repeat(999)).repeat(64);
        let seen = recorded(|feed| {
            feed(Stream::Out, b"first\n");
            for _ in 0..256 {
                feed(Stream::Out, line.as_bytes());
            }
            feed(Stream::Out, b"last\n");
        });
        assert!(seen.raw.starts_with("first\n"));
        assert!(seen.raw.ends_with("\nlast\n"));
        assert!(seen.raw.contains("bytes are left out here]"));
        assert!(seen.raw.len() < RAW_HEAD + RAW_TAIL + 2000);
        let Some(HarnessEvent::OutputDelta { text }) = seen.lines.last() else {
            panic!("{:?}", seen.lines.last());
        };
        assert!(text.contains("raw.log only"), "{text}");
        assert!(seen.lines.len() * 1000 < EVENTS + 2000);
    }

    #[test]
    fn whoever_looks_on_sees_what_is_still_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let redactor = Redactor::default();
        let watch = Watch::new(&config(), &Allowance::default(), TimeZone::UTC);
        let mut record = Record::begin(folder.path(), &redactor, watch).unwrap();
        let live = folder.path().join("raw.live.log");
        let line = format!("{}\n", "x".repeat(1023));
        for _ in 0..=RAW_HEAD / 1024 {
            record.output(Stream::Out, line.as_bytes());
        }
        record.output(Stream::Out, b"\x1b[1mseen at once\n");
        let shown = std::fs::read_to_string(&live).unwrap();
        assert!(shown.ends_with("\nseen at once\n"), "{shown:.200}");
        for _ in 0..20 * 1024 {
            record.output(Stream::Out, line.as_bytes());
        }
        let length = live.metadata().unwrap().len();
        assert!(length < 1024 * 1024, "a flood is left out: {length}");
        record.finish_output().unwrap();
        assert!(!live.exists());
        let raw = std::fs::read_to_string(folder.path().join("raw.log")).unwrap();
        assert!(raw.ends_with(&line));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let text = printable(&Redactor::default(), &"ä€".repeat(LONGEST_LINE));
        assert!(text.len() < LONGEST_LINE + 40);
        assert!(text.ends_with("[nightshift: cut]"));
    }
}
