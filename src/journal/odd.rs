//! What neither a crash nor a full disk brings about, but a person, a backup or a mistake may.

use std::{
    convert::Infallible,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    Which, ballast,
    fold::{LONGEST_LINE, OpenError},
    medium::{Access, Disk, Medium},
    memory::{FOLDER, Fault, Memory},
    reader,
    writer::{AppendError, Journal},
};
use crate::clock;

fn opened(disk: &Memory) -> Journal<String> {
    Journal::open_on(Box::new(disk.clone()), Path::new(FOLDER), |_| {
        Ok::<(), Infallible>(())
    })
    .unwrap()
    .0
}

fn begun(disk: &Memory) -> Journal<String> {
    let mut journal = opened(disk);
    let events = ["one".to_owned(), "two".to_owned()];
    journal.begin_segment("n", &events, &clock::now()).unwrap();
    journal
}

fn segment() -> PathBuf {
    Path::new(FOLDER).join("000001.jsonl")
}

/// Lets the next operation fail.
fn fail_next(disk: &Memory) {
    let mut state = disk.state();
    let step = state.steps + 1;
    state.faults.push_back(Fault {
        step,
        written: 0,
        error: Some(ErrorKind::StorageFull),
    });
}

#[test]
fn a_sound_journal_has_nothing_to_recover() {
    let disk = Memory::default();
    let mut journal = opened(&disk);
    let found = journal.recover_after_failure().unwrap();
    assert_eq!((found.segment, found.recovered), (None, None));
    let mut journal = begun(&disk);
    let steps = disk.state().steps;
    let found = journal.recover_after_failure().unwrap();
    assert_eq!((found.records, found.recovered), (2, None));
    assert_eq!(disk.state().steps, steps, "it was not even looked at");
}

/// While the disk was full, somebody cut or exchanged the segment.
#[test]
fn synced_records_that_are_gone_are_damage_and_the_journal_stays_poisoned() {
    type Spoil = fn(&[u8]) -> Vec<u8>;
    let spoils: [Spoil; 4] = [
        |_| Vec::new(),
        |whole| whole[..whole.len() - 1].to_vec(),
        |whole| {
            let end = whole.iter().position(|byte| *byte == b'\n').unwrap();
            whole[..=end].to_vec()
        },
        |whole| {
            whole
                .iter()
                .map(|byte| byte ^ u8::from(*byte == b'n'))
                .collect()
        },
    ];
    for (number, spoil) in spoils.into_iter().enumerate() {
        let disk = Memory::default();
        let mut journal = begun(&disk);
        fail_next(&disk);
        let now = clock::now();
        let error = journal.append("n", &"three".to_owned(), &now).unwrap_err();
        assert!(matches!(error, AppendError::NoSpace(_)), "{error}");
        let spoilt = spoil(&disk.bytes(&segment()).unwrap());
        disk.put(&segment(), &spoilt);
        let error = journal.recover_after_failure().unwrap_err();
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "{number}: {error}"
        );
        assert_eq!(disk.bytes(&segment()).unwrap(), spoilt);
        let error = journal.append("n", &"three".to_owned(), &now).unwrap_err();
        assert!(matches!(error, AppendError::Poisoned), "{number}: {error}");
        let error = journal
            .begin_segment("m", &["four".to_owned()], &now)
            .unwrap_err();
        assert!(matches!(error, AppendError::Poisoned), "{number}: {error}");
    }
}

#[test]
fn a_record_that_could_not_be_read_back_is_not_written() {
    let disk = Memory::default();
    let mut journal = begun(&disk);
    let before = disk.bytes(&segment());
    let long = "x".repeat(usize::try_from(LONGEST_LINE).unwrap());
    let error = journal.append("n", &long, &clock::now()).unwrap_err();
    assert!(
        matches!(error, AppendError::TooLong { bytes } if bytes > LONGEST_LINE),
        "{error}"
    );
    assert_eq!(disk.bytes(&segment()), before);
    let next = journal.append("n", &"three".to_owned(), &clock::now());
    assert_eq!(next.unwrap(), 3, "it goes on");
}

#[test]
fn a_segment_that_grew_after_the_next_was_begun_is_damage() {
    let disk = Memory::default();
    let mut journal = begun(&disk);
    journal
        .begin_segment("m", &["three".to_owned()], &clock::now())
        .unwrap();
    let mut grown = disk.bytes(&segment()).unwrap();
    let whole = grown.len() as u64;
    grown.resize(grown.len() + 2 * usize::try_from(LONGEST_LINE).unwrap(), 0);
    disk.put(&segment(), &grown);
    let error = Journal::<String>::open_on(Box::new(disk), Path::new(FOLDER), |_| {
        Ok::<(), Infallible>(())
    })
    .unwrap_err();
    assert!(
        matches!(&error, OpenError::Damaged { path, offset, line: None, .. }
            if *path == segment() && *offset >= whole),
        "{error}"
    );
}

/// What is exchanged between the listing and the opening is looked at once more.
#[test]
fn nothing_but_a_regular_file_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("none"), &link).unwrap();
    for path in [folder.path(), &pipe, &link, &folder.path().join("none")] {
        for access in [Access::Read, Access::Append] {
            assert!(Disk.open(path, access).is_err(), "{}", path.display());
        }
    }
}

#[test]
fn a_first_segment_without_a_record_reads_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(folder.path().join("000001.jsonl")).unwrap();
    let summary = reader::read(folder.path(), Which::Newest, |_: super::Record<String>| {
        Ok::<(), Infallible>(())
    })
    .unwrap();
    assert_eq!((summary.segment, summary.records), (1, 0));
    assert!(summary.tail_incomplete);
}

#[test]
fn a_file_in_place_of_the_folder_is_an_error_and_not_an_empty_journal() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("journal");
    fs::File::create(&folder).unwrap();
    for error in [
        reader::segments(&folder).unwrap_err(),
        reader::read(&folder, Which::Newest, |_: super::Record<String>| {
            Ok::<(), Infallible>(())
        })
        .unwrap_err(),
        Journal::<String>::open(&folder, |_| Ok::<(), Infallible>(())).unwrap_err(),
    ] {
        assert!(matches!(error, OpenError::Io(_)), "{error}");
    }
    let below = folder.join("ballast");
    assert!(ballast::reserve(&below, 1).is_err());
    assert!(ballast::release(&below).is_err());
}

#[test]
fn a_ballast_of_nothing_is_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ballast");
    ballast::reserve(&path, 0).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    assert!(ballast::release(&path).unwrap());
}
