//! Who belongs to a run, and how all of them are ended.
//!
//! A [`Tree`] is a leader and whatever came of it. Its members are found in four ways, because
//! each is escaped by something an agent's tools really do: by descent (escaped by a parent that
//! ends), by session (escaped by `setsid`), by adoption (we are the subreaper; escaped by
//! descendants of another subreaper) and by mark (escaped by a cleared environment). Never
//! counted in: this process, its ancestors, pid 1, other live runs, and, of those found by their
//! mark alone, other users' processes. A descendant counts whoever it runs as: a database that a
//! test starts under a user of its own must not outlive the test.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::Instant;

use super::{
    effort::Used,
    table::{self, Entry, Table},
    unix,
};

/// A leader that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Live {
    pub(super) pid: u32,
    pub(super) mark: String,
}

static LIVE: Mutex<Vec<Live>> = Mutex::new(Vec::new());

pub(super) fn live() -> MutexGuard<'static, Vec<Live>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The processes of one run. Dropped before it was seen to end, it kills them.
#[derive(Debug)]
pub(super) struct Tree {
    leader: Option<Entry>,
    me: Live,
    /// Members seen before that are still alive: who was found once stays found, also when it has
    /// lost its parent and its mark (a dying process loses its environment first).
    seen: BTreeSet<(u32, u64)>,
    asked: BTreeSet<(u32, u64)>,
    killed: BTreeSet<(u32, u64)>,
    usage: BTreeMap<(u32, u64), Used>,
    /// The most members that it was seen to have at once.
    peak: usize,
    is_over: bool,
}

impl Tree {
    /// Starts a leader and notes it. The list is locked meanwhile: whoever looks for orphans
    /// between the fork and the note must not take the new child for one.
    ///
    /// # Errors
    /// That of `start`, which returns what it started, with its pid.
    pub(super) fn plant<T, E>(
        mark: &str,
        start: impl FnOnce() -> Result<(T, u32), E>,
    ) -> Result<(T, Self), E> {
        let mut live = live();
        let (started, pid) = start()?;
        let me = Live {
            pid,
            mark: mark.to_owned(),
        };
        live.push(me.clone());
        let tree = Self {
            leader: table::entry(pid),
            me,
            seen: BTreeSet::new(),
            asked: BTreeSet::new(),
            killed: BTreeSet::new(),
            usage: BTreeMap::new(),
            peak: 1,
            is_over: false,
        };
        Ok((started, tree))
    }

    /// The leader as it was when it started; `None` when not even that could be read.
    pub(super) fn leader(&self) -> Option<&Entry> {
        self.leader.as_ref()
    }

    /// Returns whether nothing of it can be left, now that its leader has ended, without a reading
    /// of the whole `/proc`: this process adopts whatever has lost its parent, so with no child
    /// but other leaders there is no descendant. `false` where that cannot be told.
    pub(super) fn is_surely_over(&self) -> bool {
        let Some(children) = unix::is_subreaper().then(table::own_children).flatten() else {
            return false;
        };
        let live = live();
        let other = |pid: &u32| live.iter().any(|l| l.pid == *pid && *l != self.me);
        children.iter().all(other)
    }

    /// Returns who is alive of it, after reaping orphans that ended.
    pub(super) fn members(&mut self) -> Vec<Member> {
        let members = self.members_in(&Table::read());
        self.seen = members.iter().map(|member| member.entry.key()).collect();
        self.peak = self.peak.max(members.len());
        members
    }

    /// The most living processes that it was seen to have at once.
    pub(super) fn peak(&self) -> u32 {
        u32::try_from(self.peak).unwrap_or(u32::MAX)
    }

    fn members_in(&self, table: &Table) -> Vec<Member> {
        // After the table: a leader in it is then also on the list, if it is still waited for.
        let others: Vec<Live> = live().iter().filter(|l| **l != self.me).cloned().collect();
        let who = Who {
            leader: self.me.pid,
            since: self.leader.as_ref().map_or(0, |leader| leader.start_ticks),
            mark: &self.me.mark,
            seen: &self.seen,
            others: &others,
            me: std::process::id(),
        };
        for entry in adopted(table, &who).filter(|entry| entry.ended) {
            unix::reap(entry);
        }
        members(table, &who, table::mark)
    }

    /// Never asks the leader to end: it is a wrapper that goes when what it holds has gone, and
    /// would take that with it at once.
    pub(super) fn spare_leader(&mut self) {
        self.asked.extend(self.leader.as_ref().map(Entry::key));
    }

    /// Asks all of it to end, each process once; returns how many are there.
    pub(super) fn ask_to_end(&mut self) -> usize {
        let members = self.members();
        for Member { entry, .. } in &members {
            if self.asked.insert(entry.key()) {
                unix::signal(entry, Signal::TERM);
            }
        }
        members.len()
    }

    /// Kills all of it that can be found now; new ones may have been born meanwhile.
    pub(super) fn kill(&mut self) {
        let members = self.members();
        self.kill_these(&members);
    }

    /// Kills, for this long, whatever it starts anew. A tree that moves on by forking, each time
    /// into a session of its own, is ahead of every reading of the whole `/proc`; but the kernel
    /// tells the newest pid, and few lie between two looks at that. Blocks: while others had their
    /// turn it would get away.
    pub(super) fn chase(&mut self, bound: Duration) {
        let deadline = Instant::now() + bound;
        let Some(mut newest) = table::newest_pid() else {
            return;
        };
        self.kill();
        let mut unborn = Vec::new();
        while Instant::now() < deadline {
            // After the highest pid the lowest follows: then a whole reading is due.
            let Some(now) = table::newest_pid()
                .filter(|now| (newest..newest.saturating_add(10_000)).contains(now))
            else {
                return;
            };
            // A pid is given out a little before its process is there: each is looked for twice.
            let born = unborn.drain(..).chain(newest + 1..=now);
            let (there, not_yet): (Vec<u32>, Vec<u32>) =
                born.partition(|pid| table::is_process(*pid));
            unborn = not_yet.into_iter().filter(|pid| *pid > newest).collect();
            newest = now;
            if there.is_empty() {
                continue;
            }
            let me = std::process::id();
            let members = self.members_in(&Table::of(there.into_iter().chain([me])));
            self.seen
                .extend(members.iter().map(|member| member.entry.key()));
            self.kill_these(&members);
        }
    }

    fn kill_these(&mut self, members: &[Member]) {
        for member in members {
            if unix::signal(&member.entry, Signal::KILL) && member.entry.pid != self.me.pid {
                self.killed.insert(member.entry.key());
            }
        }
        // Single processes first, so that they are counted; then whatever they forked meanwhile.
        let groups: BTreeSet<u32> = members
            .iter()
            .filter(|member| member.is_descendant)
            .map(|member| member.entry.group)
            .collect();
        groups.into_iter().for_each(unix::kill_group);
    }

    /// How many descendants were killed.
    pub(super) fn killed(&self) -> u32 {
        u32::try_from(self.killed.len()).unwrap_or(u32::MAX)
    }

    /// Returns what it used since this was last asked.
    pub(super) fn used(&mut self) -> Used {
        let usage: BTreeMap<_, _> = self
            .members()
            .into_iter()
            .map(|Member { entry, .. }| {
                let bytes = table::io_bytes(entry.pid).unwrap_or(0);
                let ticks = entry.cpu_ticks;
                (entry.key(), Used { ticks, bytes })
            })
            .collect();
        let mut sum = Used::default();
        for (process, now) in &usage {
            // A process that was not there before counts from zero.
            let before = self.usage.get(process).copied().unwrap_or_default();
            sum.ticks = (sum.ticks).saturating_add(now.ticks.saturating_sub(before.ticks));
            sum.bytes = (sum.bytes).saturating_add(now.bytes.saturating_sub(before.bytes));
        }
        self.usage = usage;
        sum
    }

    /// Notes that all of it has ended, or that all was tried.
    pub(super) fn close(&mut self) {
        self.is_over = true;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.is_over {
            self.kill();
        }
        live().retain(|other| *other != self.me);
    }
}

/// A living process of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) entry: Entry,
    /// Whether it comes of our leader, and so all of its group does, as sessions are not entered
    /// from outside. A process that was found by its mark alone may share a group with strangers.
    is_descendant: bool,
}

/// What tells the processes of a run from all others.
struct Who<'a> {
    leader: u32,
    /// The leader's start, in clock ticks since boot.
    since: u64,
    mark: &'a str,
    seen: &'a BTreeSet<(u32, u64)>,
    others: &'a [Live],
    me: u32,
}

/// Returns our children that we did not start. Whom a room of this program started by other
/// means is in our own session; what comes of a leader never is, for the leader began another
/// and no process returns to a session that it left.
fn adopted<'a>(table: &'a Table, who: &'a Who<'_>) -> impl Iterator<Item = &'a Entry> {
    let session = table.get(who.me).map(|me| me.session);
    table.iter().filter(move |entry| {
        entry.parent == who.me
            && entry.pid != who.leader
            && Some(entry.session) != session
            && !who.others.iter().any(|other| other.pid == entry.pid)
    })
}

fn members(table: &Table, who: &Who<'_>, mark_of: impl Fn(u32) -> Option<String>) -> Vec<Member> {
    let others: BTreeSet<u32> = table
        .iter()
        .filter(|entry| {
            (who.others.iter()).any(|other| other.pid == entry.pid || other.pid == entry.session)
        })
        .map(|entry| entry.pid)
        .collect();
    let mut spared = table.families(&others, &BTreeSet::new());
    spared.extend(table.ancestors(who.me));
    spared.extend([who.me, 1]);

    let mut roots: BTreeSet<u32> = table
        .iter()
        .filter(|entry| entry.pid == who.leader || entry.session == who.leader)
        .filter(|entry| entry.start_ticks >= who.since)
        .map(|entry| entry.pid)
        .collect();
    // An orphan without a readable mark has shed its environment. It can only have come of a
    // child of ours, and nothing of a run may live on after it, so this run ends it. Only the mark
    // of another live run excuses it.
    roots.extend(
        adopted(table, who)
            .filter(|entry| !entry.ended && !spared.contains(&entry.pid))
            .filter(|entry| {
                mark_of(entry.pid).is_none_or(|mark| {
                    mark == who.mark || who.others.iter().all(|other| other.mark != mark)
                })
            })
            .map(|entry| entry.pid),
    );
    let descendants = table.families(&roots, &spared);
    // Also those that this table leaves out: their children may be in it.
    let is_same = |pid, start| (table.get(pid)).is_none_or(|entry| entry.start_ticks == start);
    let seen = who.seen.iter().filter(|(pid, start)| is_same(*pid, *start));
    roots.extend(seen.map(|(pid, _)| *pid));
    // Nothing older than the leader can carry its mark, which spares reading most environments.
    roots.extend(
        table
            .iter()
            .filter(|entry| entry.start_ticks >= who.since && !entry.ended)
            .filter(|entry| !descendants.contains(&entry.pid) && !spared.contains(&entry.pid))
            .filter(|entry| mark_of(entry.pid).as_deref() == Some(who.mark))
            .map(|entry| entry.pid),
    );
    let user = rustix::process::getuid().as_raw();
    table
        .families(&roots, &spared)
        .into_iter()
        .filter_map(|pid| table.get(pid))
        .filter(|entry| !entry.ended)
        .map(|entry| Member {
            entry: entry.clone(),
            is_descendant: descendants.contains(&entry.pid),
        })
        .filter(|member| member.is_descendant || table::user(member.entry.pid) == Some(user))
        .collect()
}
