//! Reading the journal from another terminal, also while the runner writes to it.
//!
//! Nothing here writes, locks or mends. An unfinished last line is what the runner is just writing,
//! or what it will set aside when it starts again; it is reported and skipped.

use std::{
    error::Error,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    fold::{self, LONGEST_LINE, OpenError},
    medium::{Access, Disk, Medium},
    record::Record,
    segment,
};
use crate::layout::{PathContext, PathError};

/// Which segment to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// The newest.
    Newest,
    /// The newest that begins with this night.
    Night(&'a str),
    /// The one with this number, from 1.
    Number(u32),
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadSummary {
    /// The segment.
    pub segment: u32,
    /// How many records were handed over.
    pub records: u64,
    /// The number of the last of them; of the record before the segment when it has none.
    pub last_seq: u64,
    /// Whether something unfinished follows the last record.
    pub tail_incomplete: bool,
}

/// A segment, as it can be known without reading it through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number, from 1.
    pub number: u32,
    /// Its file.
    pub path: PathBuf,
    /// The night that its first record names, unverified; `None` when it has no readable record.
    pub first_night: Option<String>,
}

/// Hands every record of one segment to `each`, in order, verifying the chain.
///
/// A newest segment without one whole record does not count: its predecessor is read instead, as the
/// writer will do, and the tail is reported as incomplete.
///
/// # Errors
/// [`OpenError::Missing`] when there is no such segment; damage before the tail, with its place; a
/// record that a newer version wrote or that `each` refused.
pub fn read<E, X>(
    folder: &Path,
    which: Which<'_>,
    mut each: impl FnMut(Record<E>) -> Result<(), X>,
) -> Result<ReadSummary, OpenError>
where
    E: DeserializeOwned,
    X: Into<Box<dyn Error + Send + Sync>>,
{
    let newest = newest(folder)?;
    let missing = |what: String| OpenError::Missing {
        folder: folder.to_owned(),
        what,
    };
    match which {
        Which::Newest if newest == 0 => Err(missing("any night".to_owned())),
        Which::Newest => {
            let summary = read_segment(folder, newest, &mut each)?;
            if summary.records > 0 || newest == 1 {
                return Ok(summary);
            }
            let before = read_segment(folder, newest - 1, each)?;
            Ok(ReadSummary {
                tail_incomplete: true,
                ..before
            })
        }
        Which::Number(number) if (1..=newest).contains(&number) => {
            read_segment(folder, number, each)
        }
        Which::Number(number) => Err(missing(format!("segment {number}"))),
        Which::Night(night) => {
            for number in (1..=newest).rev() {
                if first_night(&segment::path(folder, number))?.as_deref() == Some(night) {
                    return read_segment(folder, number, each);
                }
            }
            Err(missing(format!("the night `{night}`")))
        }
    }
}

/// Returns all segments, oldest first.
///
/// # Errors
/// The folder or a segment cannot be read, or a segment is missing.
pub fn segments(folder: &Path) -> Result<Vec<SegmentInfo>, OpenError> {
    (1..=newest(folder)?)
        .map(|number| {
            let path = segment::path(folder, number);
            let first_night = first_night(&path)?;
            Ok(SegmentInfo {
                number,
                path,
                first_night,
            })
        })
        .collect()
}

/// Returns the newest segment's number, 0 when nothing was ever journaled.
fn newest(folder: &Path) -> Result<u32, OpenError> {
    match segment::newest(&Disk, folder) {
        Err(OpenError::Io(error)) if error.source.kind() == std::io::ErrorKind::NotFound => Ok(0),
        other => other,
    }
}

fn read_segment<E, X>(
    folder: &Path,
    number: u32,
    each: impl FnMut(Record<E>) -> Result<(), X>,
) -> Result<ReadSummary, OpenError>
where
    E: DeserializeOwned,
    X: Into<Box<dyn Error + Send + Sync>>,
{
    let path = segment::path(folder, number);
    let origin = segment::origin(&Disk, folder, number)?;
    let file = Disk.open(&path, Access::Read).at("open", &path)?;
    let folded = fold::fold(file, &path, origin, each)?;
    Ok(ReadSummary {
        segment: number,
        records: folded.records,
        last_seq: folded.tip.seq,
        tail_incomplete: folded.tail.is_some() || folded.records == 0,
    })
}

fn first_night(path: &Path) -> Result<Option<String>, PathError> {
    #[derive(Deserialize)]
    struct Line {
        night: String,
    }
    let file = Disk.open(path, Access::Read).at("open", path)?;
    let mut line = Vec::new();
    BufReader::new(file)
        .take(LONGEST_LINE + 1)
        .read_until(b'\n', &mut line)
        .at("read", path)?;
    Ok(serde_json::from_slice::<Line>(&line)
        .ok()
        .map(|line| line.night))
}
