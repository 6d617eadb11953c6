//! Edits during a night: taken over when they are complete, and never half.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use super::*;
use crate::layout;

struct Room {
    root: tempfile::TempDir,
    shelf: Shelf,
}

impl Room {
    fn new(files: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("backlog")).unwrap();
        for file in files {
            layout::write(&root.path().join("backlog").join(file), b"Do it.\n").unwrap();
        }
        let (shelf, _) = Shelf::open(root.path(), "backlog").unwrap();
        Self { root, shelf }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join("backlog").join(file)
    }

    /// Writes a file that looks as if it had been left alone since.
    fn write_long_ago(&self, file: &str, text: &str) {
        layout::write(&self.path(file), text.as_bytes()).unwrap();
        let file = File::options().append(true).open(self.path(file)).unwrap();
        file.set_modified(
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + text.len() as u64),
        )
        .unwrap();
    }

    fn look(&mut self, now: &Now) -> bool {
        let found = scan(&self.shelf.root, &self.shelf.folder).unwrap();
        let changed = self.shelf.take(found, now);
        if changed {
            self.shelf.assemble();
        }
        changed
    }

    fn ids(&self) -> String {
        let ids: Vec<String> = self
            .shelf
            .current()
            .tickets
            .iter()
            .map(|ticket| ticket.id().to_string())
            .collect();
        ids.join(" ")
    }
}

fn later(now: &Now, ms: u64) -> Now {
    let mut later = now.clone();
    later.at += Duration::from_millis(ms);
    later.boot.ms += ms;
    later
}

#[test]
fn a_file_that_was_just_written_is_waited_for() {
    let mut room = Room::new(&["a.md"]);
    let hash = |room: &Room| room.shelf.current().tickets[0].facts.hash.clone();
    let before = hash(&room);
    layout::write(&room.path("a.md"), b"Do").unwrap();
    let now = clock::now();
    assert!(!room.look(&now));
    assert_eq!(hash(&room), before);
    assert!(room.shelf.is_waiting());
    // It is still being written: the wait begins anew.
    layout::write(&room.path("a.md"), b"Do it bet").unwrap();
    assert!(!room.look(&later(&now, 400)));
    assert!(room.look(&later(&now, 2000)));
    assert!(!room.shelf.is_waiting());
    assert_eq!(room.shelf.current().tickets[0].body, "Do it bet");
    assert!(!room.look(&later(&now, 3000)));
}

#[test]
fn what_was_left_alone_is_taken_at_once() {
    let mut room = Room::new(&["a.md"]);
    let now = clock::now();
    room.write_long_ago("b.md", "Do that.\n");
    assert!(room.look(&now));
    assert_eq!(room.ids(), "a b");
    room.write_long_ago("b.md", "---\nid: c\n---\nDo that.\n");
    assert!(room.look(&now));
    assert_eq!(room.ids(), "a c");
}

#[test]
fn a_file_from_the_future_is_taken_when_it_has_been_seen_to_be_quiet() {
    let mut room = Room::new(&[]);
    room.write_long_ago("a.md", "Do it.\n");
    let file = File::options()
        .append(true)
        .open(room.path("a.md"))
        .unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(5_000_000_000))
        .unwrap();
    let now = clock::now();
    assert!(!room.look(&now));
    assert!(!room.look(&later(&now, 499)));
    assert!(room.look(&later(&now, 500)));
}

#[test]
fn a_file_that_vanishes_for_a_moment_is_not_lost() {
    let mut room = Room::new(&["a.md", "b.md"]);
    let now = clock::now();
    fs::remove_file(room.path("a.md")).unwrap();
    assert!(!room.look(&now));
    room.write_long_ago("a.md", "Do it.\n");
    // It says what it said before.
    assert!(!room.look(&later(&now, 100)));
    assert!(!room.shelf.is_waiting());
    fs::remove_file(room.path("a.md")).unwrap();
    assert!(!room.look(&later(&now, 1000)));
    assert_eq!(room.ids(), "a b");
    assert!(room.look(&later(&now, 1500)));
    assert_eq!(room.ids(), "b");
}

#[test]
fn a_renamed_file_is_never_there_twice() {
    let mut room = Room::new(&[]);
    let now = clock::now();
    room.write_long_ago("a.md", "---\nid: x\n---\nDo it.\n");
    assert!(room.look(&now));
    rustix::fs::rename(room.path("a.md"), room.path("b.md")).unwrap();
    assert!(room.look(&now));
    assert_eq!(room.ids(), "x");
    assert_eq!(room.shelf.current().diagnostics, []);
    assert_eq!(room.shelf.current().tickets[0].facts.file, "b.md");
}

#[test]
fn a_touched_file_says_nothing_new() {
    let mut room = Room::new(&["a.md"]);
    room.write_long_ago("a.md", "Do it.\n");
    assert!(!room.look(&clock::now()));
    assert!(!room.shelf.is_waiting());
}

#[test]
fn a_refresh_sees_an_edit_and_costs_nothing_without_one() {
    let mut room = Room::new(&["a.md"]);
    let begin = clock::now();
    for _ in 0..1000 {
        assert!(room.shelf.refresh().unwrap().is_none());
    }
    let each = clock::now().since(&begin) / 1000;
    assert!(each < Duration::from_micros(50), "{each:?}");
    room.write_long_ago("b.md", "Do that.\n");
    // Whether or not the system told of it: what it would have said.
    room.shelf.watcher.again();
    let backlog = room.shelf.refresh().unwrap().unwrap();
    assert_eq!(backlog.tickets.len(), 2);
    assert!(Arc::ptr_eq(&backlog, room.shelf.current()));
}

#[test]
fn the_system_tells_of_an_edit_but_not_of_our_own_looking() {
    let room = Room::new(&["a.md"]);
    let Ok(mut watcher) = Watcher::start(&room.path("")) else {
        // The machine has no watches left; then only the interval counts.
        return;
    };
    scan(&room.shelf.root, "backlog").unwrap();
    read(
        &room.shelf.root,
        "backlog",
        "a.md",
        &room.shelf.files["a.md"].seen,
    )
    .unwrap();
    assert!(!watcher.changed());
    room.write_long_ago("b.md", "Do that.\n");
    let begin = clock::now();
    while !watcher.changed() {
        assert!(
            clock::now().since(&begin) < Duration::from_secs(4),
            "no event came"
        );
        std::thread::yield_now();
    }
}

#[test]
fn a_folder_that_goes_away_is_an_error_and_the_last_backlog_stays() {
    let mut room = Room::new(&["a.md"]);
    rustix::fs::rename(room.path(""), room.root.path().join("elsewhere")).unwrap();
    room.shelf.watcher.again();
    assert!(matches!(
        room.shelf.refresh(),
        Err(LoadError::Missing { .. })
    ));
    assert!(room.shelf.refresh().is_err());
    assert_eq!(room.ids(), "a");
    rustix::fs::rename(room.root.path().join("elsewhere"), room.path("")).unwrap();
    assert!(room.shelf.refresh().unwrap().is_none());
}
