//! The writer against a disk that dies, fills up and forgets, at every step it takes.
//!
//! A run without faults tells how many operations there are; then each of them fails in turn, with
//! every length of a torn write, and the journal must hold every record whose append returned, and
//! of those in flight all, a beginning, or nothing.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    fold::{self, OpenError},
    memory::{FOLDER, Fault, Loss, Memory, State},
    record::{Record, Tip},
    segment,
    writer::{AppendError, Journal, Opened},
};
use crate::clock::{BootTime, Now};

/// What the script does: begin a segment, or append, with this many events.
#[derive(Debug, Clone, Copy)]
enum Act {
    Begin(u32),
    Append(u32),
}

const SCRIPT: &[Act] = &[
    Act::Begin(2),
    Act::Append(1),
    Act::Append(3),
    Act::Begin(1),
    Act::Append(1),
    Act::Append(2),
];

/// How far the script came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Progress {
    /// Events whose append returned.
    done: Vec<u32>,
    /// Events whose append was called and did not.
    in_flight: Vec<u32>,
    /// Whether those in flight begin a segment.
    beginning: bool,
}

fn now() -> Now {
    Now {
        at: "2026-11-20T22:00:00Z".parse().unwrap(),
        boot: BootTime {
            id: "b".to_owned(),
            ms: 1,
        },
    }
}

fn open(disk: &Memory) -> Result<(Journal<u32>, Opened), OpenError> {
    Journal::open_on(Box::new(disk.clone()), Path::new(FOLDER), |_| {
        Ok::<(), Infallible>(())
    })
}

fn act(journal: &mut Journal<u32>, act: Act, events: &[u32]) -> Result<(), AppendError> {
    match act {
        Act::Begin(_) => journal.begin_segment("n", events, &now())?,
        Act::Append(_) => journal.append_all("n", events, &now())?,
    };
    Ok(())
}

/// Plays the script from the start until something fails.
fn play(disk: &Memory) -> Progress {
    let mut progress = Progress::default();
    let Ok((mut journal, _)) = open(disk) else {
        return progress;
    };
    for step in SCRIPT {
        let (Act::Begin(count) | Act::Append(count)) = *step;
        let next = u32::try_from(progress.done.len()).unwrap();
        progress.in_flight = (next..next + count).collect();
        progress.beginning = matches!(step, Act::Begin(_));
        if act(&mut journal, *step, &progress.in_flight).is_err() {
            return progress;
        }
        progress.done.append(&mut progress.in_flight);
    }
    progress
}

/// Returns every event of every segment, and panics if the chain does not hold.
fn everything(disk: &Memory) -> Vec<u32> {
    let mut events = Vec::new();
    let mut tip = Tip::ORIGIN;
    for number in 1..=segment::newest(disk, Path::new(FOLDER)).unwrap() {
        let path = segment::path(Path::new(FOLDER), number);
        let bytes = disk.bytes(&path).unwrap();
        let folded = fold::fold(&*bytes, &path, tip, |record: Record<u32>| {
            events.push(record.event);
            Ok::<(), Infallible>(())
        })
        .unwrap();
        assert_eq!(folded.tail, None);
        tip = folded.tip;
    }
    events
}

/// Opens a disk after a crash and checks what is promised.
fn check(state: State, progress: &Progress, what: &dyn std::fmt::Debug) {
    let disk = Memory::from_state(state);
    let names_before = disk.state().names.clone();
    let before: BTreeMap<PathBuf, Vec<u8>> = names_before
        .keys()
        .map(|path| (path.clone(), disk.bytes(path).unwrap()))
        .collect();
    let (mut journal, opened) = open(&disk).unwrap_or_else(|error| panic!("{what:?}: {error}"));

    let events = everything(&disk);
    let in_flight = events
        .strip_prefix(&*progress.done)
        .unwrap_or_else(|| panic!("{what:?}: {events:?} lacks some of {progress:?}"));
    assert!(progress.in_flight.starts_with(in_flight), "{what:?}");
    if progress.beginning {
        let whole = in_flight.is_empty() || in_flight.len() == progress.in_flight.len();
        assert!(whole, "{what:?}: half a segment began");
    }
    assert_eq!(opened.last_seq, events.len() as u64, "{what:?}");

    // What was read may be acted on: it must survive power loss already.
    let now_lost = Memory::from_state(disk.state().clone().crash(Loss::Unsynced));
    assert_eq!(
        everything(&now_lost),
        events,
        "{what:?}: read but not synced"
    );

    // Whatever is not in its segment any more is in the file that is named.
    for (path, bytes) in &before {
        let after = disk.bytes(path).unwrap_or_default();
        assert!(bytes.starts_with(&after), "{what:?}: rewrote {path:?}");
        if bytes.len() > after.len() {
            let torn = opened.recovered.as_ref().unwrap();
            assert_eq!(torn.offset, after.len() as u64);
            assert_eq!(torn.bytes, (bytes.len() - after.len()) as u64);
            assert_eq!(disk.bytes(&torn.kept_at).unwrap(), bytes[after.len()..]);
            assert!(!before.contains_key(&torn.kept_at));
        }
    }

    // And the night goes on.
    let next = u32::try_from(events.len()).unwrap();
    if opened.segment.is_some() {
        journal.append("n", &next, &now()).unwrap();
    } else {
        journal.begin_segment("n", &[next], &now()).unwrap();
    }
    let after = disk.state().clone().crash(Loss::Unsynced);
    let disk = Memory::from_state(after);
    let (_, opened) = open(&disk).unwrap();
    assert_eq!(opened.recovered, None, "{what:?}");
    assert_eq!(everything(&disk).len(), events.len() + 1, "{what:?}");
}

fn steps_of_the_script() -> u64 {
    let disk = Memory::default();
    let progress = play(&disk);
    assert_eq!((progress.done.len(), progress.in_flight.len()), (10, 0));
    disk.state().steps
}

/// Calls `each` with the disk of every death, for every tear of the write it hit.
fn every_death(stride: usize, mut each: impl FnMut(State, &Progress, u64)) {
    for step in 1..=steps_of_the_script() {
        let disk = Memory::with_fault(step, usize::MAX, None);
        let progress = play(&disk);
        let state = disk.state().clone();
        let Some((inode, start, length)) = state.hit else {
            each(state, &progress, step);
            continue;
        };
        for written in (0..length).step_by(stride).chain([length - 1, length]) {
            let mut state = state.clone();
            state.inodes[inode].now.truncate(start + written);
            each(state, &progress, step);
        }
    }
}

#[test]
fn death_at_any_step_and_in_any_byte_loses_nothing_that_was_acknowledged() {
    let mut deaths = 0;
    every_death(1, |state, progress, step| {
        deaths += 1;
        check(state.crash(Loss::Nothing), progress, &(step, deaths));
    });
    assert!(deaths > 1000, "{deaths} deaths are not every byte");
}

#[test]
fn power_loss_at_any_step_loses_nothing_that_was_acknowledged() {
    every_death(50, |state, progress, step| {
        for loss in [Loss::Unsynced, Loss::Contents] {
            check(state.clone().crash(loss), progress, &(step, loss));
        }
    });
}

#[test]
fn a_second_death_while_recovering_changes_nothing() {
    every_death(150, |state, progress, step| {
        for first in [Loss::Nothing, Loss::Contents] {
            for second_step in 1.. {
                let mut state = state.clone().crash(first);
                state.faults.push_back(Fault {
                    step: second_step,
                    written: 0,
                    error: None,
                });
                let disk = Memory::from_state(state);
                if open(&disk).is_ok() {
                    break;
                }
                for second in [Loss::Nothing, Loss::Unsynced, Loss::Contents] {
                    let state = disk.state().clone().crash(second);
                    check(state, progress, &(step, first, second_step, second));
                }
            }
        }
    });
}

/// After any one failed call the writer recovers, tries again, and nothing is missing or doubled,
/// not even when the power fails afterwards.
#[test]
fn any_one_error_is_recovered_from_without_a_loss_or_a_double() {
    let mut torn = 0;
    for step in 1..=steps_of_the_script() {
        for (written, error) in [
            (0, ErrorKind::StorageFull),
            (100, ErrorKind::QuotaExceeded),
            (usize::MAX, ErrorKind::Other),
        ] {
            let disk = Memory::with_fault(step, written, Some(error));
            let mut done = Vec::new();
            let mut journal = match open(&disk) {
                Ok((journal, _)) => journal,
                Err(_) => open(&disk).unwrap().0,
            };
            for now in SCRIPT {
                let (Act::Begin(count) | Act::Append(count)) = *now;
                let next = u32::try_from(done.len()).unwrap();
                let events: Vec<u32> = (next..next + count).collect();
                if let Err(failure) = act(&mut journal, *now, &events) {
                    let no_space = matches!(failure, AppendError::NoSpace(_));
                    assert_eq!(no_space, error != ErrorKind::Other, "{failure:?}");
                    let again = act(&mut journal, *now, &events);
                    assert!(matches!(again, Err(AppendError::Poisoned)), "{again:?}");
                    let opened = journal.recover_after_failure().unwrap();
                    assert_eq!(opened.last_seq, done.len() as u64);
                    torn += u32::from(opened.recovered.is_some());
                    act(&mut journal, *now, &events).unwrap();
                }
                done.extend(events);
            }
            let disk = Memory::from_state(disk.state().clone().crash(Loss::Unsynced));
            assert_eq!(open(&disk).unwrap().1.recovered, None);
            assert_eq!(everything(&disk), done, "step {step}, {written}, {error}");
        }
    }
    assert!(torn > 5, "only {torn} remains were set aside");
}

#[test]
fn a_journal_that_cannot_be_recovered_stays_poisoned() {
    let disk = Memory::default();
    let (mut journal, _) = open(&disk).unwrap();
    journal.begin_segment("n", &[0], &now()).unwrap();
    let next = disk.state().steps + 1;
    disk.state().faults.push_back(Fault {
        step: next,
        written: 10,
        error: None,
    });
    assert!(matches!(
        journal.append("n", &1, &now()),
        Err(AppendError::Io(_))
    ));
    assert!(journal.recover_after_failure().is_err());
    disk.state().dead = false;
    assert!(matches!(
        journal.append("n", &1, &now()),
        Err(AppendError::Poisoned)
    ));
    assert!(matches!(
        journal.begin_segment("n", &[1], &now()),
        Err(AppendError::Poisoned)
    ));
    // Somebody else cut the file meanwhile: what was synced is gone.
    let path = segment::path(Path::new(FOLDER), 1);
    disk.put(&path, b"");
    assert!(matches!(
        journal.recover_after_failure(),
        Err(OpenError::Damaged { .. })
    ));
}

/// A segment of 20 records, with the offset of each and the end of the chain before it.
fn twenty() -> (Vec<u8>, Vec<(usize, Tip)>) {
    let disk = Memory::default();
    let (mut journal, _) = open(&disk).unwrap();
    let events: Vec<u32> = (0..20).collect();
    journal.begin_segment("n", &events, &now()).unwrap();
    let path = segment::path(Path::new(FOLDER), 1);
    let bytes = disk.bytes(&path).unwrap();
    let mut starts = Vec::new();
    let mut offset = 0;
    let mut tip = Tip::ORIGIN;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        starts.push((offset, tip));
        offset += line.len();
        tip = super::record::verify_alone(&line[..line.len() - 1]).unwrap();
    }
    assert_eq!(starts.len(), 20);
    (bytes, starts)
}

/// Opens a journal whose only segment has these bytes, and returns how many of the 20 records are
/// accepted, or `None` for damage.
fn accepted(bytes: &[u8]) -> Option<usize> {
    let disk = Memory::default();
    disk.put(&segment::path(Path::new(FOLDER), 1), bytes);
    match open(&disk) {
        Ok((_, opened)) => {
            let events = everything(&disk);
            assert!((0..20).collect::<Vec<u32>>().starts_with(&events));
            assert_eq!(opened.records, events.len() as u64);
            Some(events.len())
        }
        Err(OpenError::Damaged { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

/// Reading is a fold, so a change within a line is tested from that line on; every 37th change is
/// also tested from the door.
#[test]
fn every_flipped_bit_is_damage_or_costs_the_last_record_only() {
    let (bytes, starts) = twenty();
    let path = Path::new("segment");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let line = starts.partition_point(|(start, _)| *start <= bit / 8) - 1;
        let (start, tip) = starts[line];
        match fold::verify(&flipped[start..], path, tip) {
            Err(OpenError::Damaged { offset: 0, .. }) => {}
            Ok(folded) => {
                assert_eq!((line, folded.records), (19, 0), "bit {bit}");
                assert!(folded.tail.is_some(), "bit {bit}");
            }
            Err(other) => panic!("bit {bit}: {other}"),
        }
        if bit % 37 == 0 {
            let accepted = accepted(&flipped);
            assert!(accepted.is_none() || (line == 19 && accepted == Some(19)));
        }
    }
}

#[test]
fn every_truncation_keeps_all_whole_records() {
    let (bytes, starts) = twenty();
    for length in 0..bytes.len() {
        let line = starts.partition_point(|(start, _)| *start <= length) - 1;
        let (start, tip) = starts[line];
        let folded = fold::verify(&bytes[start..length], Path::new("segment"), tip).unwrap();
        assert_eq!(folded.records, 0);
        assert_eq!(folded.tail.is_some(), length > start);
        if length % 37 == 0 && length > start {
            assert_eq!(accepted(&bytes[..length]), Some(line));
        }
    }
    assert_eq!(accepted(&bytes), Some(20));
}

/// Whole records in a wrong order are no torn write, wherever they stand.
#[test]
fn removed_and_repeated_records_are_damage() {
    let (bytes, starts) = twenty();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for line in 0..19 {
        let mut removed = lines.clone();
        removed.remove(line);
        assert_eq!(accepted(&removed.concat()), None, "without line {line}");
    }
    let mut repeated = lines.clone();
    repeated.push(lines[19]);
    assert_eq!(accepted(&repeated.concat()), None);
    assert_eq!(accepted(&bytes[..starts[19].0]), Some(19));
}
