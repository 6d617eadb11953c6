//! What an agent prints: whatever it is, what is kept of it is plain, whole JSON lines without a
//! planted secret, and its last words are within their bounds.

use std::fs;

use nightshift::{
    harness::{self, check_story, event::HarnessEvent},
    process::Stream,
    sandbox::{Redactor, clean},
};

use super::{journal::folder, limits::in_time, say::within_bounds};

/// Stands for the value of a variable that the agent inherits.
const SECRET: &str = "qZ8w-L0rem-7yGk2PfT5vXu1";
/// What the agent was told, with an example of how to speak.
const PROMPT: &str =
    "Say it so:\n\n```nightshift\nverb: note\ntext: an example of the prompt's\n```\n";
/// Bytes of each of the two files at most, with room for their last line and notes.
const KEPT: usize = 9 * 1024 * 1024;

/// An output. The secret is planted somewhere in it, and it is cut into pieces of both streams;
/// where and how is a hash of the bytes.
pub(crate) fn output(data: &[u8]) {
    let dice = blake3::hash(data);
    let [low, high, size, split, ..] = *dice.as_bytes();
    let at = usize::from(u16::from_le_bytes([low, high])) % (data.len() + 1);
    let mut output = data.to_vec();
    output.splice(at..at, SECRET.bytes());
    // Every piece of standard error is a whole line, for the streams are lines of their own.
    let mut pieces = Vec::new();
    for (number, line) in output.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let stream = if number % 256 < usize::from(split) / 4 {
            Stream::Err
        } else {
            Stream::Out
        };
        let piece = usize::from(size) * 16 + 1;
        pieces.extend(line.chunks(piece).map(|bytes| (stream, bytes)));
    }

    let variables = [("THE_TOKEN".to_owned(), SECRET.to_owned())];
    let redactor = Redactor::new(variables.into_iter());
    let folder = folder();
    let last = in_time("an output", output.len(), || {
        harness::keep_output(folder.path(), &redactor, PROMPT, pieces).unwrap()
    });
    match last {
        Some(Ok(utterance)) => within_bounds(&utterance),
        Some(Err(problem)) => assert!(!problem.is_empty()),
        None => {}
    }

    let events = fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    for line in events.lines() {
        let event: HarnessEvent = serde_json::from_str(line).unwrap();
        let HarnessEvent::OutputDelta { text } = event else {
            panic!("{event:?} is no output");
        };
        plain(&text);
    }
    let raw = fs::read_to_string(folder.path().join("raw.log")).unwrap();
    plain(&raw);
    assert!(raw.len() <= KEPT && events.len() <= KEPT);
    assert!(!raw.contains('\r') && events.lines().count() <= raw.lines().count());
}

/// A story of the scripted agent.
pub(crate) fn story(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match in_time("a story", data.len(), || check_story(&text)) {
        Ok(attempts) => assert!(attempts > 0),
        Err(problem) => assert!(!problem.is_empty()),
    }
}

fn plain(text: &str) {
    assert!(!text.contains(SECRET), "{text:?} has the secret");
    assert_eq!(clean(text), text, "{text:?} is not plain");
}
