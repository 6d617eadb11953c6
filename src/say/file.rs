//! `say.jsonl`: appended by the agent's side, read by the runner's.
//!
//! One line is one [`Utterance`] as JSON. The file lies where the agent can write, so the reader
//! believes nothing of it: a torn, foreign or binary line is counted and passed over, a file that
//! is no file is not followed, and no more than [`MOST_BYTES`] and [`MOST_UTTERANCES`] are taken.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::{tidy, utterance::Utterance};
use crate::layout::{PathContext, PathError};

/// The longest line that is written or believed, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// How many bytes of one attempt's file are read.
const MOST_BYTES: u64 = 1024 * 1024;

/// How many utterances of one attempt are taken.
const MOST_UTTERANCES: usize = 1000;

/// Why an utterance was not written.
#[derive(Debug, thiserror::Error)]
pub enum SayError {
    /// It has more bytes than a line may have.
    #[error(
        "what you say is {bytes} bytes long; at most {LONGEST_LINE} are taken, so say it shorter"
    )]
    TooLong {
        /// Its length as a line of JSON.
        bytes: usize,
    },
    /// It cannot be written as JSON.
    #[error("cannot write this as JSON")]
    Json(#[from] serde_json::Error),
    /// The file cannot be written.
    #[error(transparent)]
    Io(#[from] PathError),
}

/// Appends one utterance, tidied, to `path` in one write. It is not synced: after a power cut the
/// attempt is made again anyway.
///
/// # Errors
/// [`SayError::TooLong`] when its line has more than 64 KiB; else the file's error.
pub fn append(path: &Path, utterance: &Utterance) -> Result<(), SayError> {
    let mut line = serde_json::to_vec(&tidy(utterance.clone()))?;
    line.push(b'\n');
    if line.len() > LONGEST_LINE {
        return Err(SayError::TooLong { bytes: line.len() });
    }
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .custom_flags(flags())
        .open(path)
        .at("open", path)?;
    // A line that somebody left without its end would swallow this one.
    if ends_without_newline(&mut file).at("read", path)? {
        line.insert(0, b'\n');
    }
    file.write_all(&line).at("write", path)?;
    Ok(())
}

fn ends_without_newline(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// No link is followed out of the attempt's folder, and opening a named pipe does not wait.
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()
}

/// What was found in a `say.jsonl`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// What was said, tidied, in order.
    pub utterances: Vec<Utterance>,
    /// How many lines were not an utterance, or were beyond the limits.
    pub bad: u32,
}

/// Reads a whole `say.jsonl`; a missing file says nothing.
///
/// # Errors
/// The file is there and cannot be read.
pub fn read(path: &Path) -> Result<Said, PathError> {
    let mut listener = Listener::new(path);
    let utterances = listener.finish()?;
    Ok(Said {
        utterances,
        bad: listener.bad(),
    })
}

/// Reads a `say.jsonl` while it grows.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    /// Where in the file the next read begins.
    offset: u64,
    /// Bytes read of this attempt, over all its files.
    heard: u64,
    /// A line whose end has not been written yet.
    partial: Vec<u8>,
    taken: usize,
    bad: u32,
    /// Whether a limit was passed: the rest is not read.
    full: bool,
}

impl Listener {
    /// Returns a listener at the beginning of `path`, which need not be there yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            offset: 0,
            heard: 0,
            partial: Vec::new(),
            taken: 0,
            bad: 0,
            full: false,
        }
    }

    /// Returns how many lines were not an utterance, or were beyond the limits, so far.
    pub fn bad(&self) -> u32 {
        self.bad
    }

    /// Returns what was said since the last time, tidied.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn poll(&mut self) -> Result<Vec<Utterance>, PathError> {
        let mut utterances = Vec::new();
        let bytes = self.fresh()?;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.partial);
                utterances.extend(self.line(&line));
            }
        }
        Ok(utterances)
    }

    /// Returns what was said since the last time, taking a last line without an end for a line:
    /// nobody writes any more.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn finish(&mut self) -> Result<Vec<Utterance>, PathError> {
        let mut utterances = self.poll()?;
        let line = std::mem::take(&mut self.partial);
        utterances.extend(self.line(&line));
        Ok(utterances)
    }

    fn fresh(&mut self) -> Result<Vec<u8>, PathError> {
        let mut bytes = Vec::new();
        if self.full {
            return Ok(bytes);
        }
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags())
            .open(&self.path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(bytes),
            Err(_) if self.path.is_symlink() => {
                self.stop_listening();
                return Ok(bytes);
            }
            Err(error) => return Err(error).at("open", &self.path),
        };
        let about = file.metadata().at("read", &self.path)?;
        if !about.is_file() {
            self.stop_listening();
            return Ok(bytes);
        }
        if about.len() < self.offset {
            // Written anew: what was heard stays heard, and the new text is heard from its start.
            self.offset = 0;
            self.partial.clear();
        }
        file.seek(SeekFrom::Start(self.offset))
            .at("read", &self.path)?;
        let allowed = MOST_BYTES - self.heard;
        let read = file
            .take(allowed + 1)
            .read_to_end(&mut bytes)
            .at("read", &self.path)? as u64;
        self.offset += read;
        self.heard += read.min(allowed);
        if read > allowed {
            bytes.truncate(usize::try_from(allowed).unwrap_or(usize::MAX));
            // What is cut off here is counted as one bad line by the parser, or right now.
            self.full = true;
            if bytes.ends_with(b"\n") || bytes.is_empty() {
                self.bad += 1;
            }
        }
        Ok(bytes)
    }

    fn stop_listening(&mut self) {
        self.full = true;
        self.bad += 1;
    }

    fn line(&mut self, line: &[u8]) -> Option<Utterance> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        let utterance = (line.len() <= LONGEST_LINE && self.taken < MOST_UTTERANCES)
            .then(|| serde_json::from_slice(line).ok())
            .flatten()
            .map(tidy);
        match utterance {
            Some(_) => self.taken += 1,
            None => self.bad = self.bad.saturating_add(1),
        }
        utterance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Utterance {
        Utterance::Note { text: text.into() }
    }

    fn written(bytes: &[u8]) -> Said {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        crate::layout::write(&path, bytes).unwrap();
        read(&path).unwrap()
    }

    #[test]
    fn what_is_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        append(&path, &note("one\ntwo \u{2028} \u{0}")).unwrap();
        append(&path, &note("three")).unwrap();
        let said = read(&path).unwrap();
        assert_eq!(said.utterances.len(), 2);
        assert_eq!(said.utterances[1], note("three"));
        assert_eq!(said.bad, 0);
    }

    #[test]
    fn a_torn_line_before_it_does_not_swallow_an_utterance() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        crate::layout::write(&path, br#"{"verb":"no"#).unwrap();
        append(&path, &note("heard")).unwrap();
        let said = read(&path).unwrap();
        assert_eq!(said.utterances, [note("heard")]);
        assert_eq!(said.bad, 1);
    }

    #[test]
    fn bad_lines_are_counted_and_passed_over() {
        let good = br#"{"verb":"note","text":"x"}"#;
        let cases: [(&[u8], u32); 8] = [
            (b"", 0),
            (b"\n\n  \n", 0),
            (b"hello\n", 1),
            (b"\xff\xfe\x00\n", 1),
            (br#"{"verb":"shout","text":"x"}"#, 1),
            (br#"{"verb":"note"}"#, 1),
            (br#"["verb"]"#, 1),
            (br#"{"verb":"note","text":"x""#, 1),
        ];
        for (bad, count) in cases {
            let mut bytes = good.to_vec();
            bytes.push(b'\n');
            bytes.extend_from_slice(bad);
            let said = written(&bytes);
            assert_eq!(said.utterances, [note("x")], "{}", bad.escape_ascii());
            assert_eq!(said.bad, count, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn no_more_than_the_limits_is_taken() {
        let line = "{\"verb\":\"note\",\"text\":\"x\"}\n";
        let said = written(line.repeat(MOST_UTTERANCES + 5).as_bytes());
        assert_eq!(said.utterances.len(), MOST_UTTERANCES);
        assert_eq!(said.bad, 5);

        let fat = format!(
            "{{\"verb\":\"note\",\"text\":\"{}\"}}\n",
            "y".repeat(60_000)
        );
        let said = written(fat.repeat(30).as_bytes());
        assert_eq!(said.utterances.len(), 17);
        assert_eq!(said.bad, 1);

        let endless = written("z".repeat(3 * 1024 * 1024).as_bytes());
        assert_eq!((endless.utterances.len(), endless.bad), (0, 1));
    }

    #[test]
    fn a_listener_hears_each_line_once_and_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        let mut listener = Listener::new(&path);
        assert_eq!(listener.poll().unwrap(), []);
        append(&path, &note("one")).unwrap();
        assert_eq!(listener.poll().unwrap(), [note("one")]);
        assert_eq!(listener.poll().unwrap(), []);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"verb":"note","#).unwrap();
        assert_eq!(listener.poll().unwrap(), []);
        file.write_all(br#""text":"two"}"#).unwrap();
        assert_eq!(listener.poll().unwrap(), []);
        assert_eq!(listener.finish().unwrap(), [note("two")]);
        assert_eq!(listener.bad(), 0);
    }

    #[test]
    fn a_file_that_is_written_anew_is_heard_from_its_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        let mut listener = Listener::new(&path);
        append(&path, &note("a rather long first line")).unwrap();
        listener.poll().unwrap();
        crate::layout::write(&path, b"{\"verb\":\"note\",\"text\":\"b\"}\n").unwrap();
        assert_eq!(listener.poll().unwrap(), [note("b")]);
    }

    #[test]
    fn a_link_or_a_folder_in_its_place_is_bad_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(read(&path).unwrap().bad, 1);
        assert!(append(&path, &note("x")).is_err());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(read(&path).unwrap().bad, 1);
    }

    #[test]
    fn what_is_too_long_for_a_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("say.jsonl");
        let fat = Utterance::Park(super::super::utterance::Question {
            question: "😀".repeat(5000),
            options: vec!["😀".repeat(5000); 8],
            recommend: None,
            because: None,
        });
        assert!(matches!(
            append(&path, &fat),
            Err(SayError::TooLong { bytes }) if bytes > LONGEST_LINE
        ));
        assert!(!path.exists());
    }
}
