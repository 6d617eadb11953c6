//! One record: its line, its hash, and what it says.
//!
//! A line is one JSON object: `seq`, `at`, `boot`, `night`, `event`, `prev`, `hash`, in this order,
//! without a space outside of strings. `hash` is BLAKE3 over the 64 hexadecimal characters of the
//! previous record's hash followed by this line's bytes up to, not including, `,"hash":"`. It is
//! checked on the raw bytes, before anything is parsed, so that no flipped bit goes unnoticed:
//!
//! `printf '%s%s' "$prev" "${line%,\"hash\":*}" | b3sum`

use blake3::Hash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{BootTime, Now};

/// One event with its place in the journal. Members that this version does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<E> {
    /// Its number: from 1, consecutive over all segments.
    pub seq: u64,
    /// When it was written, by the wall clock.
    pub at: Timestamp,
    /// When it was written, by the boot clock.
    pub boot: BootTime,
    /// The night it belongs to.
    pub night: String,
    /// What happened.
    pub event: E,
    /// Its own hash, which the next record carries as `prev`.
    pub hash: Hash,
}

impl<E> Record<E> {
    /// Returns when it was written, by both clocks.
    pub fn now(&self) -> Now {
        Now {
            at: self.at,
            boot: self.boot.clone(),
        }
    }
}

/// The end of the chain: the last record's number and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl Tip {
    /// What stands before the first record ever: number 0, and a hash of 64 zeros.
    pub(super) const ORIGIN: Self = Self {
        seq: 0,
        hash: Hash::from_bytes([0; 32]),
    };
}

/// Why a line is not the record that should stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Its bytes and its hash disagree, or it has none: a torn write, or damage.
    Bytes,
    /// It is whole, but was written after another record than the one that stands before it.
    Order,
}

const HASH_OPENS: &[u8] = b",\"hash\":\"";
const HASH_CLOSES: &[u8] = b"\"}";
const HASH_MEMBER: usize = HASH_OPENS.len() + 64 + HASH_CLOSES.len();

/// Appends the event's line, line break included, to `buffer`, and returns the new end of the
/// chain. On an error `buffer` may hold half a line.
pub(super) fn encode<E: Serialize>(
    buffer: &mut Vec<u8>,
    tip: Tip,
    night: &str,
    event: &E,
    now: &Now,
) -> Result<Tip, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a, E> {
        seq: u64,
        at: Timestamp,
        boot: &'a BootTime,
        night: &'a str,
        event: &'a E,
        prev: &'a str,
    }
    let start = buffer.len();
    let seq = tip.seq + 1;
    let line = Line {
        seq,
        at: now.at,
        boot: &now.boot,
        night,
        event,
        prev: &tip.hash.to_hex(),
    };
    serde_json::to_writer(&mut *buffer, &line)?;
    // The object is opened again: its closing brace comes after the hash.
    buffer.pop();
    let hash = digest(&tip.hash, buffer.get(start..).unwrap_or_default());
    buffer.extend_from_slice(HASH_OPENS);
    buffer.extend_from_slice(hash.to_hex().as_bytes());
    buffer.extend_from_slice(HASH_CLOSES);
    buffer.push(b'\n');
    Ok(Tip { seq, hash })
}

/// Returns the hash of a raw line (without its line break) that follows the record with the hash
/// `previous`, when it does.
pub(super) fn verify(line: &[u8], previous: &Hash) -> Result<Hash, Broken> {
    let (body, written) = split(line).ok_or(Broken::Bytes)?;
    let hash = digest(previous, body);
    if hash.to_hex().as_bytes() == written {
        return Ok(hash);
    }
    match verify_alone(line) {
        Some(_) => Err(Broken::Order),
        None => Err(Broken::Bytes),
    }
}

/// Returns the end of the chain that a line makes by its own account of what stands before it,
/// when the line is whole.
pub(super) fn verify_alone(line: &[u8]) -> Option<Tip> {
    #[derive(Deserialize)]
    struct Claim<'a> {
        seq: u64,
        prev: &'a str,
    }
    let (body, written) = split(line)?;
    let claim: Claim<'_> = serde_json::from_slice(line).ok()?;
    let hash = digest(&Hash::from_hex(claim.prev).ok()?, body);
    (hash.to_hex().as_bytes() == written).then_some(Tip {
        seq: claim.seq,
        hash,
    })
}

/// Returns whether a whole record stands at the end of a line, after other bytes: the line break
/// before it was damaged, for no write leaves that.
pub(super) fn ends_in_a_record(line: &[u8]) -> bool {
    const OPENS: &[u8] = b"{\"seq\":";
    /// How many places are tried, from the end on: an event may hold such an object itself, and a
    /// line of nothing else must not cost its length squared.
    const MOST: usize = 32;
    let starts = line.windows(OPENS.len()).enumerate().skip(1).rev();
    starts
        .filter(|(_, window)| *window == OPENS)
        .take(MOST)
        .any(|(start, _)| {
            line.get(start..)
                .is_some_and(|end| verify_alone(end).is_some())
        })
}

/// Returns what a verified line says.
pub(super) fn decode<'a, E: Deserialize<'a>>(
    line: &'a [u8],
    hash: Hash,
) -> Result<Record<E>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Line<E> {
        seq: u64,
        at: Timestamp,
        boot: BootTime,
        night: String,
        event: E,
    }
    let line: Line<E> = serde_json::from_slice(line)?;
    Ok(Record {
        seq: line.seq,
        at: line.at,
        boot: line.boot,
        night: line.night,
        event: line.event,
        hash,
    })
}

fn digest(previous: &Hash, body: &[u8]) -> Hash {
    blake3::Hasher::new()
        .update(previous.to_hex().as_bytes())
        .update(body)
        .finalize()
}

/// Splits a line into what is hashed and the hexadecimal hash.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, member) = line.split_last_chunk::<HASH_MEMBER>()?;
    let written = member.strip_prefix(HASH_OPENS)?.strip_suffix(HASH_CLOSES)?;
    Some((body, written))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        Broken, HASH_CLOSES, HASH_OPENS, Record, Tip, decode, encode, ends_in_a_record, verify,
        verify_alone,
    };
    use crate::clock::{BootTime, Now};

    fn now() -> Now {
        Now {
            at: "2026-11-20T22:00:00.25Z".parse().unwrap(),
            boot: BootTime {
                id: "boot".to_owned(),
                ms: 7,
            },
        }
    }

    fn line(tip: Tip, event: &str) -> (Vec<u8>, Tip) {
        let mut buffer = Vec::new();
        let tip = encode(&mut buffer, tip, "n1", &event, &now()).unwrap();
        assert_eq!(buffer.pop(), Some(b'\n'));
        (buffer, tip)
    }

    /// The format is on people's disks: this line must verify and read for ever, and be written
    /// the same for as long as the version does not change.
    #[test]
    fn the_line_is_the_documented_one() {
        let (line, _) = line(Tip::ORIGIN, "slept");
        let zeros = "0".repeat(64);
        let body = format!(
            r#"{{"seq":1,"at":"2026-11-20T22:00:00.25Z","boot":{{"id":"boot","ms":7}},"night":"n1","event":"slept","prev":"{zeros}""#
        );
        let hash = blake3::hash(format!("{zeros}{body}").as_bytes());
        assert_eq!(
            String::from_utf8(line).unwrap(),
            format!(r#"{body},"hash":"{hash}"}}"#)
        );
    }

    #[test]
    fn a_record_is_told_from_a_broken_and_from_a_misplaced_one() {
        let (first, tip) = line(Tip::ORIGIN, "one");
        let (second, end) = line(tip, "two");
        assert_eq!(verify(&first, &Tip::ORIGIN.hash), Ok(tip.hash));
        assert_eq!(verify(&second, &tip.hash), Ok(end.hash));
        assert_eq!(verify(&second, &Tip::ORIGIN.hash), Err(Broken::Order));
        assert_eq!(verify_alone(&second), Some(end));
        let upper = String::from_utf8(first)
            .unwrap()
            .replace("\"hash\":\"", "\"Hash\":\"");
        assert_eq!(
            verify(upper.as_bytes(), &Tip::ORIGIN.hash),
            Err(Broken::Bytes)
        );
        assert_eq!(verify(b"", &Tip::ORIGIN.hash), Err(Broken::Bytes));
    }

    #[test]
    fn a_record_behind_other_bytes_is_found() {
        let (first, tip) = line(Tip::ORIGIN, "one");
        let (second, _) = line(tip, "{\"seq\":7");
        for between in ["", "\0", "torn", "{\"seq\":9"] {
            let glued = [&first, between.as_bytes(), &second].concat();
            assert!(ends_in_a_record(&glued), "{between:?}");
        }
        assert!(!ends_in_a_record(&second));
        assert!(!ends_in_a_record(&[&second[..], b"}"].concat()));
    }

    /// Each of these places could begin a record that takes all of the line to be read.
    #[test]
    fn a_line_of_beginnings_is_given_up_soon() {
        let mut line = b"{\"seq\":1,\"a\":[".repeat(100_000);
        line.extend_from_slice(HASH_OPENS);
        line.extend_from_slice(&[b'0'; 64]);
        line.extend_from_slice(HASH_CLOSES);
        assert!(!ends_in_a_record(&line));
    }

    #[test]
    fn a_newer_writers_members_are_ignored() {
        let (line, tip) = line(Tip::ORIGIN, "one");
        let newer = String::from_utf8(line)
            .unwrap()
            .replace("\"night\"", "\"lane\":{\"n\":[1]},\"night\"");
        let record: Record<String> = decode(newer.as_bytes(), tip.hash).unwrap();
        assert_eq!(record.event, "one");
    }

    proptest! {
        #[test]
        fn odd_texts_come_back_as_they_were(
            event in prop_oneof![any::<String>(), "[\n\r\0\"\\\\\u{2028}\u{2029}\u{85}\u{feff}\u{1f600}a]{0,40}"],
            night in "[\n\"\u{2028}a-z0-9-]{0,12}",
            at_bit in any::<prop::sample::Index>(),
        ) {
            let mut buffer = Vec::new();
            let tip = encode(&mut buffer, Tip::ORIGIN, &night, &event, &now()).unwrap();
            prop_assert_eq!(buffer.pop(), Some(b'\n'));
            prop_assert!(!buffer.contains(&b'\n'));
            prop_assert_eq!(verify(&buffer, &Tip::ORIGIN.hash), Ok(tip.hash));
            let record: Record<String> = decode(&buffer, tip.hash).unwrap();
            prop_assert_eq!((record.event, record.night, record.seq), (event, night, 1));

            let bit = at_bit.index(buffer.len() * 8);
            buffer[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(verify(&buffer, &Tip::ORIGIN.hash), Err(Broken::Bytes));
        }
    }
}
