//! The journals of real nights, cut off at every byte and with every bit flipped, before the real
//! reader and the real writer.
//!
//! A cut costs the records that it hit and no others, and what is left of one is set aside and
//! named. A flipped bit is damage with its place, and nothing is rewritten; only in the last
//! record it cannot be told from a torn write, and costs that record.

use std::{convert::Infallible, fs, path::PathBuf};

use nightshift::{
    journal::{self, Journal, OpenError, Opened, Record, Which},
    machine::Event,
};
use tempfile::TempDir;

use super::shapes::{RAM, Shape, Stage};

/// A night's journal.
pub(super) struct Pages {
    /// Segments before the newest.
    older: Vec<Vec<u8>>,
    pub(super) newest: Vec<u8>,
    /// Where each line of the newest begins; at last its length.
    pub(super) starts: Vec<usize>,
}

impl Pages {
    /// Plays a night and takes its journal.
    pub(super) fn of(shape: Shape) -> Self {
        let stage = Stage::new(shape);
        stage.bed.night();
        Self::in_folder(&stage.bed.root.join(".nightshift/journal"))
    }

    pub(super) fn in_folder(folder: &std::path::Path) -> Self {
        let mut older: Vec<Vec<u8>> = journal::segments(folder)
            .unwrap()
            .into_iter()
            .map(|segment| fs::read(segment.path).unwrap())
            .collect();
        let newest = older.pop().unwrap();
        let breaks = newest
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n');
        let starts = [0]
            .into_iter()
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self {
            older,
            newest,
            starts,
        }
    }

    fn records(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the line that holds this byte, from 0.
    fn line_of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte) - 1
    }
}

/// A folder for journals that are to be read.
struct Desk {
    folder: TempDir,
    path: PathBuf,
    newest: u32,
}

impl Desk {
    fn new(pages: &Pages) -> Self {
        let folder = tempfile::tempdir_in(&*RAM).unwrap();
        for (bytes, number) in pages.older.iter().zip(1..) {
            fs::write(folder.path().join(format!("{number:06}.jsonl")), bytes).unwrap();
        }
        let newest = u32::try_from(pages.older.len() + 1).unwrap();
        let path = folder.path().join(format!("{newest:06}.jsonl"));
        Self {
            folder,
            path,
            newest,
        }
    }

    /// Opens it as a runner does: what comes of it, and how many records of the newest segment.
    fn open(&self) -> Result<Opened, OpenError> {
        let opened = Journal::open(self.folder.path(), |_: Record<Event>| {
            Ok::<(), Infallible>(())
        });
        opened.map(|(_, opened)| opened)
    }

    /// Reads it as another terminal does: how many records, and whether a tail was left out.
    fn read(&self) -> Result<(u64, bool), OpenError> {
        let which = Which::Number(self.newest);
        let each = |_: Record<Event>| Ok::<(), Infallible>(());
        let summary = journal::read(self.folder.path(), which, each)?;
        Ok((summary.records, summary.tail_incomplete))
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }

    /// Removes what was set aside.
    fn tidy(&self) {
        for entry in fs::read_dir(self.folder.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().contains("torn") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

/// Cuts the newest segment at every `stride`-th byte; returns how often.
pub(super) fn cut(pages: &Pages, stride: usize) -> usize {
    let desk = Desk::new(pages);
    let mut points = 0;
    for length in (0..pages.newest.len()).step_by(stride) {
        points += 1;
        let text = &pages.newest[..length];
        fs::write(&desk.path, text).unwrap();
        let line = pages.line_of(length);
        let whole = pages.starts[line];
        let (records, incomplete) = desk
            .read()
            .unwrap_or_else(|error| panic!("{length}: {error}"));
        assert_eq!(records, line as u64, "cut at {length}");
        assert_eq!(incomplete, length > whole || line == 0, "cut at {length}");
        assert_eq!(fs::read(&desk.path).unwrap(), text, "reading wrote");

        let opened = desk
            .open()
            .unwrap_or_else(|error| panic!("{length}: {error}"));
        if line > 0 {
            assert_eq!(opened.records, line as u64, "cut at {length}");
            assert_eq!(fs::read(&desk.path).unwrap(), pages.newest[..whole]);
        }
        let torn = opened.recovered;
        assert_eq!(
            torn.is_some(),
            length > whole || line == 0,
            "cut at {length}"
        );
        if let Some(torn) = torn {
            let from = usize::try_from(torn.offset).unwrap();
            assert_eq!(from, whole, "cut at {length}");
            assert_eq!(
                fs::read(&torn.kept_at).unwrap(),
                text[from..],
                "cut at {length}"
            );
        }
        desk.tidy();
    }
    points
}

/// Flips every `stride`-th bit of the newest segment; returns how often.
pub(super) fn flip(pages: &Pages, stride: usize) -> usize {
    let desk = Desk::new(pages);
    let mut points = 0;
    let last = pages.records() - 1;
    for bit in (0..pages.newest.len() * 8).step_by(stride) {
        points += 1;
        let mut text = pages.newest.clone();
        text[bit / 8] ^= 1 << (bit % 8);
        fs::write(&desk.path, &text).unwrap();
        let line = pages.line_of(bit / 8);
        let files = desk.files();
        match (desk.read(), desk.open()) {
            (Ok((records, incomplete)), Ok(opened)) => {
                assert_eq!(line, last, "bit {bit} was not noticed");
                assert_eq!((records, incomplete), (last as u64, true), "bit {bit}");
                let torn = opened
                    .recovered
                    .unwrap_or_else(|| panic!("bit {bit} was not named"));
                if last > 0 {
                    assert_eq!(fs::read(&desk.path).unwrap(), text[..pages.starts[last]]);
                    assert_eq!(fs::read(torn.kept_at).unwrap(), text[pages.starts[last]..]);
                }
                desk.tidy();
            }
            (
                Err(OpenError::Damaged { offset: read, .. }),
                Err(OpenError::Damaged { offset, .. }),
            ) => {
                let place = usize::try_from(offset).unwrap();
                assert_eq!(place, pages.starts[line], "bit {bit}");
                assert_eq!(read, offset, "bit {bit}");
                assert_eq!(
                    fs::read(&desk.path).unwrap(),
                    text,
                    "bit {bit}: it was rewritten"
                );
                assert_eq!(desk.files(), files, "bit {bit}");
            }
            (read, opened) => panic!("bit {bit}: {read:?}, {opened:?}"),
        }
    }
    points
}

/// Cuts a segment before the newest at every `stride`-th byte, and flips its bits: the night that
/// it tells cannot be read, or, where that is the last record, the next one cannot go on from it.
pub(super) fn older(pages: &Pages, stride: usize) -> usize {
    let desk = Desk::new(pages);
    fs::write(&desk.path, &pages.newest).unwrap();
    let Some(whole) = pages.older.last() else {
        return 0;
    };
    let path = desk
        .folder
        .path()
        .join(format!("{:06}.jsonl", desk.newest - 1));
    let read = || {
        let each = |_: Record<Event>| Ok::<(), Infallible>(());
        journal::read(desk.folder.path(), Which::Number(desk.newest - 1), each)
    };
    let mut points = 0;
    let mut all = whole.clone();
    all.pop();
    let start_of_last = all.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    for length in (0..whole.len()).step_by(stride) {
        points += 1;
        fs::write(&path, &whole[..length]).unwrap();
        let opened = desk.open();
        assert!(
            matches!(opened, Err(OpenError::Damaged { .. })),
            "cut at {length}: {opened:?}"
        );
    }
    for bit in (0..whole.len() * 8).step_by(stride) {
        points += 1;
        let mut text = whole.clone();
        text[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &text).unwrap();
        if bit / 8 > start_of_last {
            let opened = desk.open();
            assert!(
                matches!(opened, Err(OpenError::Damaged { .. })),
                "bit {bit}: {opened:?}"
            );
        } else {
            let read = read();
            assert!(
                matches!(read, Err(OpenError::Damaged { .. })),
                "bit {bit}: {read:?}"
            );
        }
        assert_eq!(
            fs::read(&path).unwrap(),
            text,
            "bit {bit}: it was rewritten"
        );
    }
    points
}
