//! Journaling with a full disk in mind.

use super::world::Trouble;
use crate::{
    clock::Now,
    journal::{AppendError, Journal},
    machine::{Event, Repair},
};

/// Appends facts of a night. When that fails, what was half done is taken back, space that was
/// reserved is freed by `make_room` if the disk is full, and the same is tried once more.
///
/// What a failed sync left is seen by every reader and may never reach the disk: it is taken back
/// also when there is no second try, or the next start would believe it.
///
/// # Errors
/// They are not durable: nothing that they lead to may be done.
pub fn append(
    journal: &mut Journal<Event>,
    night: &str,
    events: &[Event],
    now: &Now,
    make_room: impl FnOnce() -> Result<bool, Trouble>,
) -> Result<(), Trouble> {
    let Err(error) = journal.append_all(night, events, now) else {
        return Ok(());
    };
    let is_full = matches!(error, AppendError::NoSpace { .. });
    let remedy = if is_full {
        "free disk space, then `nightshift run`"
    } else {
        "look at the disk, then `nightshift run`"
    };
    let freed = is_full && make_room()?;
    let recovered = journal.recover_after_failure();
    let torn = recovered.map_err(|e| Trouble::of(&e, remedy))?.recovered;
    if is_full && !freed {
        return Err(Trouble::of(&error, remedy));
    }
    // Named in the same write: the next record may be that of another run.
    let torn = torn.map(|torn| {
        Event::Recovered(Repair::TornRecord {
            offset: torn.offset,
            bytes: torn.bytes,
            kept_at: torn.kept_at.display().to_string(),
        })
    });
    let events: Vec<_> = torn.into_iter().chain(events.iter().cloned()).collect();
    let Err(error) = journal.append_all(night, &events, now) else {
        return Ok(());
    };
    let trouble = Trouble::of(&error, remedy);
    match journal.recover_after_failure() {
        Ok(_) => Err(trouble),
        Err(error) => Err(Trouble::of(&error, remedy)),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, convert::Infallible, io::ErrorKind, path::Path};

    use super::*;
    use crate::{
        clock,
        journal::{FOLDER, Fault, Loss, Memory},
        machine::NightEnd,
    };

    fn open(disk: &Memory) -> (Journal<Event>, u64) {
        let folder = Path::new(FOLDER);
        let each = |_| Ok::<(), Infallible>(());
        let (journal, opened) = Journal::open_on(Box::new(disk.clone()), folder, each).unwrap();
        (journal, opened.records)
    }

    fn ended() -> [Event; 1] {
        [Event::NightEnded {
            because: NightEnd::Drained,
        }]
    }

    /// The kernel shows what a failed sync could not write, and calls the next sync a success: the
    /// next start believed it, acted on it, and the power failed.
    #[test]
    fn what_a_failed_sync_left_is_believed_by_nobody() {
        let disk = Memory::default();
        let (mut journal, _) = open(&disk);
        let now = clock::now();
        journal.begin_segment("n", &ended(), &now).unwrap();
        // The sync of an append is its second operation.
        let step = disk.state().steps + 2;
        disk.state().faults = VecDeque::from([Fault {
            step,
            written: 0,
            error: Some(ErrorKind::StorageFull),
        }]);
        append(&mut journal, "n", &ended(), &now, || Ok(false)).unwrap_err();
        let (_, seen) = open(&disk);
        let after = Memory::from_state(disk.state().clone().crash(Loss::Contents));
        assert_eq!((seen, open(&after).1), (1, 1));
    }

    #[test]
    fn what_failed_once_is_tried_again() {
        for error in [ErrorKind::StorageFull, ErrorKind::Other] {
            for at in [1, 2] {
                let disk = Memory::default();
                let (mut journal, _) = open(&disk);
                let now = clock::now();
                journal.begin_segment("n", &ended(), &now).unwrap();
                let step = disk.state().steps + at;
                disk.state().faults = VecDeque::from([Fault {
                    step,
                    written: 40,
                    error: Some(error),
                }]);
                append(&mut journal, "n", &ended(), &now, || Ok(true)).unwrap();
                let after = Memory::from_state(disk.state().clone().crash(Loss::Contents));
                // Begun, what was set aside, and the append itself.
                assert_eq!(open(&after).1, 3, "{error:?} at {at}");
            }
        }
    }
}
