//! Reads one segment record by record, in bounded memory, verifying the chain as it goes.
//!
//! The writer, recovery and readers all come through [`fold`], so that they agree on what is a
//! record, what is a torn tail and what is damage.

use std::{
    convert::Infallible,
    error::Error,
    io::{BufRead, BufReader, Read},
    mem,
    path::{Path, PathBuf},
};

use serde::de::{DeserializeOwned, IgnoredAny};

use super::record::{self, Broken, Record, Tip};
use crate::layout::{PathContext, PathError};

/// The longest line in bytes, without its line break. Real records have some hundred bytes.
pub(super) const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// Why a journal cannot be opened, for writing or for reading. Nothing was rewritten.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Bytes before the tail are not what was written.
    #[error("`{}` is damaged at byte {offset}{}: {reason}", path.display(), line.map(|line| format!(" (line {line})")).unwrap_or_default())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the damaged line begins, in bytes.
        offset: u64,
        /// Its number, from 1; `None` when the segment was read from its end.
        line: Option<u64>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A record is as it was written, but does not say anything that this version understands.
    #[error("`{}`, line {line}: the record is intact but unknown here; a newer nightshift wrote it", path.display())]
    Unreadable {
        /// The segment.
        path: PathBuf,
        /// The record's line, from 1.
        line: u64,
        /// What was not understood.
        #[source]
        reason: serde_json::Error,
    },
    /// The caller did not accept a record.
    #[error("`{}`, line {line}: record {seq} is refused", path.display())]
    Refused {
        /// The segment.
        path: PathBuf,
        /// The record's line, from 1.
        line: u64,
        /// The record's number.
        seq: u64,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A link, folder or other thing stands in place of a segment.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// A segment is missing before a newer one.
    #[error("`{}` is missing, though newer segments are there", path.display())]
    Gap {
        /// The missing one.
        path: PathBuf,
    },
    /// There is no segment like the one asked for.
    #[error("`{}` has no record of {what}", folder.display())]
    Missing {
        /// The journal's folder.
        folder: PathBuf,
        /// What was asked for, such as "the night `2026-11-20`".
        what: String,
    },
    /// A file or folder cannot be used.
    #[error(transparent)]
    Io(#[from] PathError),
}

/// What a segment held.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded {
    /// How many records, each of which was handed over.
    pub(super) records: u64,
    /// Bytes up to the end of the last of them.
    pub(super) end: u64,
    /// The end of the chain.
    pub(super) tip: Tip,
    /// What stands after the last record: a line without its line break, or a last line whose hash
    /// does not match.
    pub(super) tail: Option<Vec<u8>>,
}

/// Hands every record of a segment that continues the chain at `tip` to `each`.
///
/// A bad line is a tail only if nothing follows it and it was not written whole; everything else
/// is damage.
pub(super) fn fold<E, X>(
    input: impl Read,
    path: &Path,
    tip: Tip,
    mut each: impl FnMut(Record<E>) -> Result<(), X>,
) -> Result<Folded, OpenError>
where
    E: DeserializeOwned,
    X: Into<Box<dyn Error + Send + Sync>>,
{
    let mut input = BufReader::with_capacity(256 * 1024, input);
    let mut buffer = Vec::new();
    let mut folded = Folded {
        records: 0,
        end: 0,
        tip,
        tail: None,
    };
    loop {
        buffer.clear();
        let length = input
            .by_ref()
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut buffer)
            .at("read", path)?;
        if length == 0 {
            return Ok(folded);
        }
        let line = folded.records + 1;
        let damaged = |reason| OpenError::Damaged {
            path: path.to_owned(),
            offset: folded.end,
            line: Some(line),
            reason,
        };
        let Some(raw) = buffer.strip_suffix(b"\n") else {
            if buffer.len() as u64 > LONGEST_LINE {
                return Err(damaged("the line is longer than any record"));
            }
            folded.tail = Some(mem::take(&mut buffer));
            return Ok(folded);
        };
        let hash = match record::verify(raw, &folded.tip.hash) {
            Ok(hash) => hash,
            Err(Broken::Order) => {
                return Err(damaged("the record does not follow the one before it"));
            }
            Err(Broken::Bytes) => {
                let last = input.fill_buf().at("read", path)?.is_empty();
                if !last || record::ends_in_a_record(raw) {
                    return Err(damaged("the record does not match its hash"));
                }
                folded.tail = Some(mem::take(&mut buffer));
                return Ok(folded);
            }
        };
        let record: Record<E> =
            record::decode(raw, hash).map_err(|reason| OpenError::Unreadable {
                path: path.to_owned(),
                line,
                reason,
            })?;
        let seq = record.seq;
        if folded.tip.seq.checked_add(1) != Some(seq) {
            return Err(damaged(
                "the record's number does not follow the one before it",
            ));
        }
        each(record).map_err(|source| OpenError::Refused {
            path: path.to_owned(),
            line,
            seq,
            source: source.into(),
        })?;
        folded.records = line;
        folded.end += length as u64;
        folded.tip = Tip { seq, hash };
    }
}

/// Verifies a segment without looking at its events.
pub(super) fn verify(input: impl Read, path: &Path, tip: Tip) -> Result<Folded, OpenError> {
    fold(input, path, tip, |_: Record<IgnoredAny>| {
        Ok::<(), Infallible>(())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{OpenError, Tip, verify};
    use crate::{
        clock,
        journal::record::{self, verify_alone},
    };

    /// Only a writer with a mistake does this: the chain holds, the numbers do not.
    #[test]
    fn a_skipped_number_is_damage() {
        let mut bytes = Vec::new();
        record::encode(&mut bytes, Tip::ORIGIN, "n", &1, &clock::now()).unwrap();
        let end = verify_alone(bytes.strip_suffix(b"\n").unwrap()).unwrap();
        let skipped = Tip { seq: 2, ..end };
        record::encode(&mut bytes, skipped, "n", &2, &clock::now()).unwrap();
        let error = verify(&*bytes, Path::new("segment"), Tip::ORIGIN).unwrap_err();
        assert!(
            matches!(error, OpenError::Damaged { line: Some(2), reason, .. } if reason.contains("number")),
            "{error}"
        );
    }
}
