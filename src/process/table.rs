//! One reading of `/proc`: who runs, as whose child, in which session, since when.
//!
//! A [`Table`] is a snapshot and may be stale at once, so nobody is signalled by its word alone
//! (see `unix.rs`). Formats: `proc_pid_stat(5)`, `proc_pid_environ(5)`,
//! `proc_pid_io(5)`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Read,
    path::PathBuf,
};

/// The variable that carries a run's mark.
pub(super) const MARK: &str = "NIGHTSHIFT_MARK";

/// One process, as `/proc/PID/stat` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) group: u32,
    pub(super) session: u32,
    /// The controlling terminal's device number; 0 is none.
    pub(super) terminal: i64,
    /// Whether it has ended and only waits to be reaped.
    pub(super) ended: bool,
    /// CPU time in clock ticks, its own and that of its reaped children.
    pub(super) cpu_ticks: u64,
    /// Its start, in clock ticks since boot.
    pub(super) start_ticks: u64,
}

impl Entry {
    /// What tells it from a later process with the same pid.
    pub(super) fn key(&self) -> (u32, u64) {
        (self.pid, self.start_ticks)
    }
}

/// All processes at one moment.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: BTreeMap<u32, Entry>,
}

impl Table {
    /// Reads `/proc`, without processes that end meanwhile, and with those that they started
    /// meanwhile: a process is in the reading, or its parent is.
    pub(super) fn read() -> Self {
        let listed = || {
            let names = fs::read_dir("/proc").into_iter().flatten().flatten();
            Self::of(names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
        };
        let Some(before) = newest_pid() else {
            return listed();
        };
        // The listing is older than the readings. Whoever was listed alive and had ended when it
        // was read has left its children above the pids that were listed.
        let mut table = listed();
        if !table.follow(before) {
            table = listed();
        }
        table
    }

    /// Adds what was started after `newest`, until nothing is; `false` when it cannot be told
    /// because pids began anew. Bounded, as others on this machine may fork all the time.
    fn follow(&mut self, mut newest: u32) -> bool {
        for _ in 0..1000 {
            let born = match newest_pid() {
                Some(now) if now == newest => return true,
                Some(now) if (newest..newest.saturating_add(10_000)).contains(&now) => {
                    newest + 1..=now
                }
                _ => return false,
            };
            newest = *born.end();
            for pid in born.filter(|pid| is_process(*pid)) {
                if let Some(entry) = entry(pid) {
                    self.entries.entry(pid).or_insert(entry);
                }
            }
        }
        true
    }

    /// Reads these processes only, as far as they are there.
    pub(super) fn of(pids: impl IntoIterator<Item = u32>) -> Self {
        let entries = pids.into_iter().filter_map(entry);
        Self {
            entries: entries.map(|entry| (entry.pid, entry)).collect(),
        }
    }

    pub(super) fn get(&self, pid: u32) -> Option<&Entry> {
        self.entries.get(&pid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Returns `pid`'s parent, its parent's parent and so on, nearest first.
    pub(super) fn ancestors(&self, pid: u32) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = pid;
        while let Some(parent) = self.get(at).map(|entry| entry.parent) {
            // A stale snapshot can hold a circle when a pid was given out anew while it was read.
            if parent == 0 || found.contains(&parent) {
                break;
            }
            found.push(parent);
            at = parent;
        }
        found
    }

    /// Returns `roots` and all their descendants, without those in `spared` and what is only
    /// reached through them.
    pub(super) fn families(&self, roots: &BTreeSet<u32>, spared: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for entry in self.entries.values() {
            children.entry(entry.parent).or_default().push(entry.pid);
        }
        let mut found = BTreeSet::new();
        let mut next: Vec<u32> = roots.iter().copied().collect();
        while let Some(pid) = next.pop() {
            if !spared.contains(&pid) && found.insert(pid) {
                next.extend(children.get(&pid).into_iter().flatten());
            }
        }
        found
    }
}

/// Reads one process; `None` when it is not there.
pub(super) fn entry(pid: u32) -> Option<Entry> {
    let mut buffer = [0; 1024];
    let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
    let length = file.read(&mut buffer).ok()?;
    parse(pid, &String::from_utf8_lossy(buffer.get(..length)?))
}

fn parse(pid: u32, stat: &str) -> Option<Entry> {
    // The name in parentheses may hold spaces and parentheses of its own: the last one closes it.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // The manual counts fields from 1; the state is the third.
    let field = |number: usize| fields.get(number - 3).copied();
    let number = |at| field(at)?.parse::<u64>().ok();
    let id = |at| field(at)?.parse::<u32>().ok();
    // The first thread of a program may end before the others; then the process shows as a zombie
    // and lives on.
    let threads = number(20)?;
    Some(Entry {
        pid,
        parent: id(4)?,
        group: id(5).unwrap_or(0),
        session: id(6).unwrap_or(0),
        terminal: field(7)?.parse().ok()?,
        ended: matches!(field(3)?, "Z" | "X") && threads <= 1,
        cpu_ticks: [14, 15, 16, 17].into_iter().filter_map(number).sum(),
        start_ticks: number(22)?,
    })
}

/// Returns the children of this process, those of all of its threads; `None` when the kernel does
/// not list them. The list may miss one while another one ends, so it is read twice.
pub(super) fn own_children() -> Option<BTreeSet<u32>> {
    let read = || {
        let mut children = BTreeSet::new();
        for thread in fs::read_dir("/proc/self/task").ok()? {
            let list = fs::read_to_string(thread.ok()?.path().join("children")).ok()?;
            children.extend(
                list.split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
        Some(children)
    };
    let first = read()?;
    (read()? == first).then_some(first)
}

/// Returns the pid that was given out last; `None` where `/proc` does not tell. Format:
/// `proc_loadavg(5)`.
pub(super) fn newest_pid() -> Option<u32> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_ascii_whitespace().nth(4)?.parse().ok()
}

/// Returns the mark in a process's environment; `None` when there is none or it may not be read.
pub(super) fn mark(pid: u32) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    environment.split(|byte| *byte == 0).find_map(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

/// Returns the bytes a process has read and written so far; `None` where that may not be read.
pub(super) fn io_bytes(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().parse::<u64>().ok()
    };
    Some(value("rchar:")?.saturating_add(value("wchar:")?))
}

/// Returns the real user id of a process.
pub(super) fn user(pid: u32) -> Option<u32> {
    status(pid, "Uid:")
}

/// Returns whether this is the id of a process. Its further threads have ids too, which are not
/// listed in `/proc` and can be read there.
pub(super) fn is_process(pid: u32) -> bool {
    status(pid, "Tgid:") == Some(pid)
}

/// The first number under a key of `/proc/PID/status`.
fn status(pid: u32, key: &str) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Returns a process's working directory.
pub(super) fn folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_name_with_parentheses_and_spaces() {
        let stat = "42 (a) b (c) S 7 42 42 34816 42 4194304 1 2 3 4 10 20 30 40 20 0 1 0 999 0 0";
        let entry = parse(42, stat).unwrap();
        assert_eq!(entry.parent, 7);
        assert_eq!(entry.terminal, 34816);
        assert_eq!(entry.cpu_ticks, 100);
        assert_eq!(entry.start_ticks, 999);
        assert!(!entry.ended);
    }

    #[test]
    fn a_zombie_with_living_threads_has_not_ended() {
        let zombie = |threads: u32| {
            let stat = format!("4 (x) Z 1 4 4 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 9 0 0");
            parse(4, &stat).unwrap().ended
        };
        assert!(zombie(1));
        assert!(!zombie(3));
    }

    #[test]
    fn knows_this_process() {
        let me = std::process::id();
        let table = Table::read();
        let entry = table.get(me).unwrap();
        assert_eq!(table.ancestors(me).first(), Some(&entry.parent));
        assert_eq!(user(me), Some(rustix::process::getuid().as_raw()));
        assert_eq!(folder(me), std::env::current_dir().ok());
        assert!(newest_pid().is_some_and(|newest| newest > 0));
        assert!(io_bytes(me).is_some_and(|bytes| bytes > 0));
    }
}
