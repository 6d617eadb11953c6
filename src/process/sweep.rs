//! Ends what a runner left that was killed itself.
//!
//! The kernel kills a dead runner's direct children; their descendants live on. They are found by
//! what the journal recorded, by the mark they carry, and by where they work.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::Instant;

use super::{
    id::ProcessId,
    identity::identity,
    table::{self, Entry, Table},
    tree, unix,
};

/// How long a sweep may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Kills, for a runner that starts again after a crash, what the dead one left:
///
/// - the processes of `known` that are still the same ones, with their descendants;
/// - processes of this user whose `NIGHTSHIFT_MARK` starts with `mark_prefix` (none if it is
///   empty), with their descendants;
/// - orphans of this user without a terminal that work inside `rooms`.
///
/// Blocks until none is left, at most five seconds. Returns what was killed; whoever of these is
/// still alive (see [`super::is_alive`]) cannot be killed.
pub fn sweep(known: &[ProcessId], mark_prefix: &str, rooms: &Path) -> Vec<ProcessId> {
    let boot = crate::clock::now().boot.id;
    let mut known: BTreeSet<(u32, u64)> = known
        .iter()
        .filter(|process| process.boot == boot)
        .map(|process| (process.pid, process.start_ticks))
        .collect();
    // The kernel names the working directory by its real path.
    let rooms = rooms.canonicalize().ok();
    let deadline = Instant::now() + DEADLINE;
    let mut killed = BTreeMap::new();
    loop {
        let left = leftovers(&Table::read(), &known, mark_prefix, rooms.as_deref());
        if left.is_empty() || Instant::now() >= deadline {
            return killed.into_values().collect();
        }
        for entry in &left {
            // Nobody waits for these and their room is made anew: there is nothing to end well.
            if unix::signal(entry, Signal::KILL) {
                killed.insert(entry.key(), identity(entry));
                // A dying process loses its environment and folder first, and is still there.
                known.insert(entry.key());
            }
        }
        unix::wait_for_any(&left, Duration::from_millis(20));
        for entry in left
            .iter()
            .filter(|entry| entry.parent == std::process::id())
        {
            unix::reap(entry);
        }
    }
}

/// Returns what [`sweep`] would kill, and kills nothing.
pub fn left(mark_prefix: &str, rooms: &Path) -> Vec<ProcessId> {
    let rooms = rooms.canonicalize().ok();
    leftovers(
        &Table::read(),
        &BTreeSet::new(),
        mark_prefix,
        rooms.as_deref(),
    )
    .iter()
    .map(identity)
    .collect()
}

fn leftovers(
    table: &Table,
    known: &BTreeSet<(u32, u64)>,
    mark_prefix: &str,
    rooms: Option<&Path>,
) -> Vec<Entry> {
    let me = std::process::id();
    let user = rustix::process::getuid().as_raw();
    let mut adopters: BTreeSet<u32> = table.ancestors(me).into_iter().collect();
    adopters.extend([me, 1]);
    // What this runner itself started is not left over.
    let mut spared: BTreeSet<u32> = tree::live().iter().map(|live| live.pid).collect();
    spared.extend(&adopters);
    let is_left = |entry: &&Entry| {
        known.contains(&entry.key())
            || is_marked(entry, mark_prefix)
            || rooms.is_some_and(|rooms| is_orphan_in(rooms, entry, &adopters))
    };
    let roots = table
        .iter()
        .filter(|entry| !entry.ended && !spared.contains(&entry.pid))
        .filter(|entry| table::user(entry.pid) == Some(user))
        .filter(is_left)
        .map(|entry| entry.pid)
        .collect();
    table
        .families(&roots, &spared)
        .into_iter()
        .filter_map(|pid| table.get(pid))
        .filter(|entry| !entry.ended && table::user(entry.pid) == Some(user))
        .cloned()
        .collect()
}

fn is_marked(entry: &Entry, prefix: &str) -> bool {
    !prefix.is_empty() && table::mark(entry.pid).is_some_and(|mark| mark.starts_with(prefix))
}

/// An orphan is adopted by pid 1 or by a subreaper. Who is one cannot be asked, but the dead
/// runner's was its ancestor and most likely is one of the next runner (a user's systemd, a
/// container's init), or that runner itself. A person's shell or editor in a room has a terminal,
/// or a parent that is none of these.
fn is_orphan_in(rooms: &Path, entry: &Entry, adopters: &BTreeSet<u32>) -> bool {
    entry.terminal == 0
        && adopters.contains(&entry.parent)
        && table::folder(entry.pid).is_some_and(|folder| folder.starts_with(rooms))
}
