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

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        fs::{self, File, OpenOptions},
        io::Write,
        path::Path,
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::{ReadSummary, Which, read, segments};
    use crate::{
        clock,
        journal::{Journal, OpenError},
    };

    fn collect(folder: &Path, which: Which<'_>) -> Result<(ReadSummary, Vec<u32>), OpenError> {
        let mut events = Vec::new();
        let summary = read(folder, which, |record| {
            events.push(record.event);
            Ok::<(), Infallible>(())
        })?;
        Ok((summary, events))
    }

    fn journal(folder: &Path) -> Journal<u32> {
        Journal::open(folder, |_| Ok::<(), Infallible>(()))
            .unwrap()
            .0
    }

    fn three_nights() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = journal(folder.path());
        for (night, event) in [("n1", 1), ("n2", 2), ("n3", 3)] {
            let now = clock::now();
            journal.begin_segment(night, &[event], &now).unwrap();
            journal.append(night, &(event * 10), &now).unwrap();
        }
        folder
    }

    #[test]
    fn nights_are_found_by_place_name_and_number() {
        let folder = three_nights();
        for (which, segment, events) in [
            (Which::Newest, 3, [3, 30]),
            (Which::Night("n1"), 1, [1, 10]),
            (Which::Number(2), 2, [2, 20]),
        ] {
            let expected = ReadSummary {
                segment,
                records: 2,
                last_seq: u64::from(segment) * 2,
                tail_incomplete: false,
            };
            let found = collect(folder.path(), which).unwrap();
            assert_eq!(found, (expected, events.to_vec()));
        }
        for which in [Which::Night("n4"), Which::Number(4), Which::Number(0)] {
            let error = collect(folder.path(), which).unwrap_err();
            assert!(matches!(error, OpenError::Missing { .. }), "{error}");
        }
        let nights: Vec<_> = segments(folder.path())
            .unwrap()
            .into_iter()
            .map(|info| (info.number, info.first_night.unwrap()))
            .collect();
        let expected = [(1, "n1"), (2, "n2"), (3, "n3")];
        assert_eq!(nights, expected.map(|(n, night)| (n, night.to_owned())));
    }

    #[test]
    fn before_the_first_night_there_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for folder in [folder.path(), &folder.path().join("none")] {
            assert_eq!(segments(folder).unwrap(), []);
            let error = collect(folder, Which::Newest).unwrap_err();
            assert!(matches!(error, OpenError::Missing { .. }), "{error}");
        }
    }

    #[test]
    fn an_unfinished_tail_is_reported_and_left_alone() {
        for tail in [&b"{\"seq\":7"[..], b"\0\0\n"] {
            let folder = three_nights();
            let path = folder.path().join("000003.jsonl");
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(tail).unwrap();
            let bytes = fs::read(&path).unwrap();
            let (summary, events) = collect(folder.path(), Which::Newest).unwrap();
            assert_eq!((summary.tail_incomplete, events), (true, vec![3, 30]));
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn a_newest_segment_without_a_record_does_not_count() {
        let folder = three_nights();
        File::create(folder.path().join("000004.jsonl")).unwrap();
        let (summary, events) = collect(folder.path(), Which::Newest).unwrap();
        assert_eq!((summary.segment, events), (3, vec![3, 30]));
        assert!(summary.tail_incomplete);
    }

    #[test]
    fn damage_is_an_error_with_its_place() {
        let folder = three_nights();
        let path = folder.path().join("000002.jsonl");
        let damaged = fs::read_to_string(&path).unwrap().replacen("n2", "n9", 1);
        File::create(&path)
            .unwrap()
            .write_all(damaged.as_bytes())
            .unwrap();
        assert!(collect(folder.path(), Which::Newest).is_ok());
        let error = collect(folder.path(), Which::Number(2)).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::Damaged {
                    offset: 0,
                    line: Some(1),
                    ..
                }
            ),
            "{error}"
        );
    }

    /// Another terminal may look at any moment: it sees a beginning of the night, never nonsense.
    #[test]
    fn reading_while_the_runner_writes_sees_a_prefix() {
        let folder = three_nights();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut journal = journal(folder.path());
                let events: Vec<u32> = (31..131).collect();
                for events in events.chunks(3) {
                    journal.append_all("n3", events, &clock::now()).unwrap();
                }
                done.store(true, Ordering::Release);
            });
            let mut seen = 0;
            while seen < 102 {
                let over = done.load(Ordering::Acquire);
                let (_, events) = collect(folder.path(), Which::Newest).unwrap();
                assert!(events.len() >= seen);
                seen = events.len();
                assert!(seen == 102 || !over, "only {seen} records after the end");
                assert!(
                    events
                        .iter()
                        .skip(1)
                        .copied()
                        .eq(30..29 + u32::try_from(seen).unwrap())
                );
            }
        });
    }
}
