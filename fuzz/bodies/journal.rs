//! The journal: whatever stands in a segment, no record is believed whose hash does not match,
//! nothing is lost, and looking changes nothing.
//!
//! The chain is computed here a second time, from its description alone.

use std::{convert::Infallible, fs, path::Path, sync::OnceLock};

use nightshift::{
    journal::{Journal, OpenError, Record, Which, read, segments},
    machine::State,
    shift,
};
use serde_json::Value;

use super::{
    limits::in_time,
    night::{self, TEXTS},
    report,
};

const SEGMENT: &str = "000001.jsonl";
const HASH: &str = ",\"hash\":\"";
const NIGHT: &str = "2026-11-20";

/// A record as it was believed: its number, its hash and its event.
type Believed = (u64, blake3::Hash, Value);

/// Returns a folder in memory where the system has one: thousands are made in a second.
pub(super) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// The bytes of a first segment.
pub(crate) fn segment(data: &[u8]) {
    believed(data);
}

/// Changes to the journal of a whole night, two bytes and more each. When the first byte is odd, the
/// chain is made whole again afterwards, as nobody but a newer or a broken nightshift would.
pub(crate) fn edited(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let written = written();
    let mut lines: Vec<Vec<u8>> = written
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let sealed = first % 2 == 1;
    for change in data.chunks(4).take(16) {
        let [what, at, with, more] = std::array::from_fn(|n| change.get(n).copied().unwrap_or(0));
        if sealed {
            alter(&mut lines, what, at, with, more);
        } else {
            damage(&mut lines, what, at, with, more);
        }
    }
    if sealed {
        seal(&mut lines);
    }
    let bytes = lines.concat();
    let found = believed(&bytes);
    if !sealed {
        let original: Vec<Believed> = chain(written);
        let same = found.iter().zip(&original).all(|(a, b)| a == b);
        assert!(
            same && found.len() <= original.len(),
            "a record was believed that was never written"
        );
    }
    let folder = folder();
    fs::write(folder.path().join(SEGMENT), &bytes).unwrap();
    let state = in_time("the fold of a journal", bytes.len(), || {
        shift::read(folder.path(), Which::Newest)
    });
    if let Ok(Some(state)) = state {
        shown(&state, bytes.len());
    }
}

/// Whatever facts were taken, there is a next step and everything can be shown.
fn shown(state: &State, bytes: usize) {
    let texts: [String; TEXTS] = Default::default();
    in_time("a report", 8 * bytes, || report::drawn(state, &texts));
    let minutes = [0, 60, 24 * 60];
    for minute in minutes {
        let _step = state.next(&night::at(minute));
    }
}

/// Returns the journal of the night, as the writer writes it.
fn written() -> &'static [u8] {
    static WRITTEN: OnceLock<Vec<u8>> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let folder = folder();
        let (mut journal, _) =
            Journal::<Value>::open(folder.path(), |_| Ok::<(), Infallible>(())).unwrap();
        let texts = ["one", "two", "three", "four", "five"].map(str::to_owned);
        let events: Vec<Value> = night::events(&texts).collect();
        let (opening, rest) = events.split_at(2);
        journal
            .begin_segment(NIGHT, opening, &night::at(0))
            .unwrap();
        for (minute, event) in (1..).zip(rest) {
            journal.append(NIGHT, event, &night::at(minute)).unwrap();
        }
        fs::read(folder.path().join(SEGMENT)).unwrap()
    })
}

/// Reads a first segment in every way and returns the records that are believed.
fn believed(bytes: &[u8]) -> Vec<Believed> {
    let expected = chain(bytes);
    let folder = folder();
    let path = folder.path().join(SEGMENT);
    fs::write(&path, bytes).unwrap();
    let mut found: Vec<Believed> = Vec::new();
    let take = |found: &mut Vec<Believed>, record: Record<Value>| {
        found.push((record.seq, record.hash, record.event));
        Ok::<(), Infallible>(())
    };
    let summary = in_time("a segment", bytes.len(), || {
        read(folder.path(), Which::Newest, |record| {
            take(&mut found, record)
        })
    });
    assert!(found.len() <= expected.len());
    assert!(
        found.iter().zip(&expected).all(|(a, b)| a == b),
        "a record is not what stands there"
    );
    let end: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(found.len())
        .map(<[u8]>::len)
        .sum();
    match &summary {
        Ok(summary) => {
            assert_eq!(found.len(), expected.len(), "a whole record was left out");
            assert_eq!(summary.records, found.len() as u64);
            assert_eq!(summary.last_seq, summary.records);
            assert_eq!(
                summary.tail_incomplete,
                end < bytes.len() || found.is_empty()
            );
        }
        Err(OpenError::Damaged { offset, .. }) => assert_eq!(*offset, end as u64),
        Err(OpenError::Unreadable { line, .. }) => assert_eq!(*line, found.len() as u64 + 1),
        Err(other) => panic!("{other:?} is no answer to bytes"),
    }
    assert_eq!(fs::read(&path).unwrap(), bytes, "reading has written");
    assert_eq!(segments(folder.path()).unwrap().len(), 1);

    let mut again = Vec::new();
    let opened = in_time("an opening", bytes.len(), || {
        Journal::<Value>::open(folder.path(), |record| take(&mut again, record))
    });
    let Ok((mut journal, opened)) = opened else {
        assert!(summary.is_err(), "the writer refuses what a reader takes");
        assert_eq!(fs::read(&path).unwrap(), bytes, "a refusal has written");
        return found;
    };
    assert!(summary.is_ok(), "the writer takes what a reader refuses");
    assert_eq!(again, found);
    let tail = bytes.get(end..).unwrap_or_default();
    assert_eq!(
        opened.recovered.is_some(),
        !tail.is_empty() || found.is_empty()
    );
    if let Some(torn) = &opened.recovered {
        assert_eq!(fs::read(&torn.kept_at).unwrap(), tail, "bytes are lost");
        assert_eq!(torn.bytes, tail.len() as u64);
    }
    let event = Value::from("goes on");
    let now = night::at(600);
    if opened.segment.is_some() {
        journal.append(NIGHT, &event, &now).unwrap();
    } else {
        journal
            .begin_segment(NIGHT, std::slice::from_ref(&event), &now)
            .unwrap();
    }
    drop(journal);
    let mut after = Vec::new();
    let summary = read(folder.path(), Which::Newest, |record| {
        take(&mut after, record)
    })
    .unwrap();
    assert!(!summary.tail_incomplete);
    assert_eq!(after.pop().map(|(_, _, event)| event), Some(event));
    assert_eq!(after, found);
    found
}

/// Returns the records that a segment's bytes begin with, computed from the format's description.
fn chain(bytes: &[u8]) -> Vec<Believed> {
    let mut records = Vec::new();
    let mut previous = "0".repeat(64);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some((body, hash)) = line
            .strip_suffix(b"\"}\n")
            .and_then(|line| line.split_last_chunk::<64>())
        else {
            break;
        };
        let Some(body) = body.strip_suffix(HASH.as_bytes()) else {
            break;
        };
        let expected = sum(&previous, body);
        if expected.to_hex().as_bytes() != hash {
            break;
        }
        let Ok(record) = serde_json::from_slice::<Value>(line) else {
            break;
        };
        let seq = record["seq"].as_u64().unwrap_or_default();
        if seq != records.len() as u64 + 1 {
            break;
        }
        previous = expected.to_hex().to_string();
        records.push((seq, expected, record["event"].clone()));
    }
    records
}

fn sum(previous: &str, body: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous.as_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// Damages bytes, as disks and people do.
fn damage(lines: &mut Vec<Vec<u8>>, what: u8, at: u8, with: u8, more: u8) {
    if lines.is_empty() {
        return;
    }
    let at = usize::from(at) % lines.len();
    let other = usize::from(with) % lines.len();
    match what % 8 {
        0 => lines.swap(at, other),
        1 => drop(lines.remove(at)),
        2 => lines.insert(other, lines[at].clone()),
        3 => lines.truncate(at + 1),
        kind => {
            let line = &mut lines[at];
            if line.is_empty() {
                return;
            }
            let place = usize::from(more) * 7 % line.len();
            match kind {
                4 => line[place] ^= 1 << (with % 8),
                5 => line.truncate(place),
                6 => line.insert(place, with),
                _ => drop(line.splice(place..(place + usize::from(with)).min(line.len()), [])),
            }
        }
    }
}

/// Changes what an event says, for something that another event says, or something odd.
fn alter(lines: &mut Vec<Vec<u8>>, what: u8, at: u8, with: u8, more: u8) {
    if lines.is_empty() {
        return;
    }
    let at = usize::from(at) % lines.len();
    let other = usize::from(with) % lines.len();
    match what % 8 {
        0 => return lines.swap(at, other),
        1 => return drop(lines.remove(at)),
        2 => return lines.insert(other, lines[at].clone()),
        _ => {}
    }
    let (Ok(mut record), Ok(from)) = (
        serde_json::from_slice::<Value>(&lines[at]),
        serde_json::from_slice::<Value>(&lines[other]),
    ) else {
        return;
    };
    let odd = [
        Value::Null,
        Value::from(""),
        Value::from(u64::MAX),
        Value::from(-1),
        Value::from(f64::MAX),
        Value::from("\u{1b}[2J\u{202e}"),
        Value::from(Vec::<Value>::new()),
        Value::from("9999-12-30T22:00:00Z"),
    ];
    let replacement = if what.is_multiple_of(2) {
        odd[usize::from(with) % odd.len()].clone()
    } else {
        let places = places(&from);
        let place = &places[usize::from(what / 8) % places.len()];
        from.pointer(place).cloned().unwrap_or_default()
    };
    let places = places(&record);
    let place = &places[usize::from(more) % places.len()];
    if let Some(value) = record.pointer_mut(place) {
        *value = replacement;
    }
    lines[at] = record.to_string().into_bytes();
    lines[at].push(b'\n');
}

/// Returns the JSON pointers of all values in a value, itself first.
fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, here: &str, found: &mut Vec<String>) {
        found.push(here.to_owned());
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    walk(item, &format!("{here}/{at}"), found);
                }
            }
            Value::Object(fields) => {
                for (name, item) in fields {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    walk(item, &format!("{here}/{name}"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// Gives every line that is an object the number, the predecessor and the hash that it needs.
fn seal(lines: &mut [Vec<u8>]) {
    let mut previous = "0".repeat(64);
    let mut seq = 0_u64;
    for line in lines {
        let Ok(Value::Object(mut record)) = serde_json::from_slice::<Value>(line) else {
            continue;
        };
        seq += 1;
        record.insert("seq".to_owned(), Value::from(seq));
        record.insert("prev".to_owned(), Value::from(previous.as_str()));
        record.remove("hash");
        let mut body = Value::Object(record).to_string();
        body.pop();
        let hash = sum(&previous, body.as_bytes()).to_hex();
        *line = format!("{body}{HASH}{hash}\"}}\n").into_bytes();
        previous = hash.to_string();
    }
}
