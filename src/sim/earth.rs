//! What outlives a runner: clocks, repository, processes, the user's files, and what will happen.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::ErrorKind,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    plan::{Happening, Plan, Rule, Spell, TicketPlan},
    repo::{Files, Repo, commit_id, tree_id},
};
use crate::{
    clock::{BootTime, Now},
    machine::{Request, RequestKind},
    repo::Head,
    shift::Trouble,
};

/// The first virtual moment: an evening on which the clocks go back in much of the world.
const EVENING: i64 = 1_792_965_600;
/// How long an ordinary operation takes, in milliseconds.
const MOMENT: u64 = 20;

/// A ticket's file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) plan: TicketPlan,
    pub(super) present: bool,
}

/// The machine, the disk but for the journal, and the user.
#[derive(Debug)]
pub(super) struct Earth {
    wall: Timestamp,
    boot_ms: u64,
    boot: u32,
    /// Virtual milliseconds since the evening, sleep included.
    pub(super) passed_ms: u64,
    pub(super) steps: u64,
    pub(super) happenings: VecDeque<(u64, Happening)>,
    pub(super) dead: bool,
    pub(super) repo: Repo,
    /// The user's branch.
    pub(super) head: usize,
    pub(super) files: Vec<File>,
    /// Counts the user's edits.
    pub(super) edits: u64,
    /// `control.json`.
    pub(super) control: Vec<Request>,
    requests: u64,
    pub(super) processes: Vec<String>,
    /// The tree in the bench; `None` when its folder is not there.
    pub(super) bench: Option<usize>,
    /// Refs on which somebody left a lock.
    pub(super) locks: Vec<String>,
    /// Sessions begun on each ticket.
    pub(super) sessions: BTreeMap<usize, usize>,
    pub(super) spells: Vec<Spell>,
    /// Attempts of each ticket, by the configuration as it is now.
    pub(super) attempts: u32,
    pub(super) disk_low: bool,
    /// Night branches to which somebody else wrote: a night rightly stops there.
    pub(super) meddled: BTreeSet<String>,
    /// The night branch in work, for whoever meddles with it.
    pub(super) branch: String,
}

impl Earth {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut repo = Repo::default();
        let files: Files = (0..8).map(|file| (file, 4)).collect();
        let tree = repo.tree(files);
        let head = repo.commit(tree, None, Vec::new());
        repo.refs.insert("refs/heads/main".to_owned(), head);
        Self {
            wall: Timestamp::from_second(EVENING).unwrap_or_default(),
            boot_ms: 1_000_000,
            boot: 0,
            passed_ms: 0,
            steps: 0,
            happenings: plan.happenings.iter().cloned().collect(),
            dead: false,
            repo,
            head,
            files: plan
                .tickets
                .iter()
                .map(|ticket| File {
                    plan: ticket.clone(),
                    present: true,
                })
                .collect(),
            edits: 0,
            control: Vec::new(),
            requests: 0,
            processes: Vec::new(),
            bench: None,
            locks: Vec::new(),
            sessions: BTreeMap::new(),
            spells: plan.spells.clone(),
            attempts: plan.attempts,
            disk_low: false,
            meddled: BTreeSet::new(),
            branch: String::new(),
        }
    }

    pub(super) fn now(&self) -> Now {
        Now {
            at: self.wall,
            boot: BootTime {
                id: format!("boot{}", self.boot),
                ms: self.boot_ms,
            },
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, ms: u64) {
        self.boot_ms += ms;
        self.passed_ms += ms;
        self.jump(i64::try_from(ms).unwrap_or(i64::MAX));
    }

    fn jump(&mut self, ms: i64) {
        let later = self.wall.checked_add(SignedDuration::from_millis(ms));
        self.wall = later.unwrap_or(self.wall);
    }

    /// The power comes back.
    pub(super) fn reboot(&mut self) {
        self.boot += 1;
        self.boot_ms = 5_000;
        self.processes.clear();
        self.jump(60_000);
        self.passed_ms += 60_000;
    }

    /// Performs one operation, at which anything may happen.
    pub(super) fn op<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Result<T, Trouble> {
        if self.dead {
            return Err(trouble("the process is dead"));
        }
        self.steps += 1;
        self.pass(MOMENT);
        let mut refused = None;
        let mut afterwards = None;
        let mut dies_after = false;
        while let Some((step, _)) = self.happenings.front()
            && *step <= self.steps
            && let Some((_, happening)) = self.happenings.pop_front()
        {
            match happening {
                Happening::DiesBefore => {
                    self.dead = true;
                    return Err(trouble("the process is dead"));
                }
                Happening::DiesAfter => dies_after = true,
                Happening::Refused(error) => refused = Some(error),
                Happening::FailsAfterwards(error) => afterwards = Some(error),
                other => self.happens(other),
            }
        }
        if let Some(error) = refused {
            return Err(failed(error));
        }
        let done = act(self);
        self.dead = dies_after;
        if dies_after {
            return Err(trouble("the process is dead"));
        }
        match afterwards {
            Some(error) => Err(failed(error)),
            None => Ok(done),
        }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::DiesBefore
            | Happening::DiesAfter
            | Happening::Refused(_)
            | Happening::FailsAfterwards(_) => {}
            Happening::ClockJumps(ms) => self.jump(ms),
            Happening::Sleeps(ms) => self.pass(ms),
            Happening::BranchMoved => {
                if let Some(tip) = self.repo.refs.get(&self.branch).copied() {
                    let tree = self.repo.get(tip).map_or(0, |commit| commit.tree);
                    let commit = self.repo.commit(tree, Some(tip), Vec::new());
                    self.repo.refs.insert(self.branch.clone(), commit);
                    self.meddled.insert(self.branch.clone());
                }
            }
            Happening::BranchDeleted => {
                if self.repo.refs.remove(&self.branch).is_some() {
                    self.meddled.insert(self.branch.clone());
                }
            }
            Happening::UserCommits => {
                let tree = self.repo.get(self.head).map_or(0, |commit| commit.tree);
                self.head = self.repo.commit(tree, Some(self.head), Vec::new());
                self.repo
                    .refs
                    .insert("refs/heads/main".to_owned(), self.head);
            }
            Happening::BenchDeleted => self.bench = None,
            Happening::RefLocked => self.locks.push(self.branch.clone()),
            Happening::Edited(at) => {
                if let Some(file) = self.file(at) {
                    let hash = format!("{}'", file.plan.facts.hash);
                    file.plan.facts.hash = hash;
                    self.edits += 1;
                }
            }
            Happening::Deleted(at) => self.set_present(at, false),
            Happening::Restored(at) => self.set_present(at, true),
            Happening::ContractEdited(at) => {
                if let Some(file) = self.file(at) {
                    file.plan.rule = match file.plan.rule {
                        Rule::Proceed => Rule::Park,
                        Rule::Park | Rule::ParkAlone | Rule::ParkAll | Rule::Halt => Rule::Proceed,
                    };
                }
            }
            Happening::ConfigurationEdited(attempts) => self.attempts = attempts,
            Happening::DiskLow => self.disk_low = true,
            Happening::Asked(kind) => self.ask(kind),
            Happening::AskedTwice(kind) => {
                self.ask(kind);
                self.control.extend(self.control.last().cloned());
            }
        }
    }

    fn file(&mut self, at: u64) -> Option<&mut File> {
        self.files.get_mut(usize::try_from(at).ok()?)
    }

    fn set_present(&mut self, at: u64, present: bool) {
        if let Some(file) = self.file(at) {
            file.present = present;
            self.edits += 1;
        }
    }

    /// Returns whether somebody else wrote to the branch of the night in work.
    pub(super) fn is_meddled(&self) -> bool {
        self.meddled.contains(&self.branch)
    }

    /// Writes a request into `control.json`.
    pub(super) fn ask(&mut self, kind: RequestKind) {
        self.requests += 1;
        self.control.push(Request {
            id: format!("r{}", self.requests),
            kind,
            by: Some("user".to_owned()),
            reason: None,
        });
    }

    pub(super) fn head(&self) -> Head {
        let tree = self.repo.get(self.head).map_or(0, |commit| commit.tree);
        Head {
            commit: commit_id(self.head),
            tree: tree_id(tree),
            branch: Some("main".to_owned()),
        }
    }

    /// Returns which ticket has this id.
    pub(super) fn number(id: &str) -> usize {
        id.get(1..)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(usize::MAX)
    }

    /// Returns what of a wait may pass before something is looked at again.
    pub(super) fn wait(&mut self, until: Timestamp, most: Duration) {
        let left = Duration::try_from(until.duration_since(self.wall)).unwrap_or_default();
        let ms = u64::try_from(left.min(most).as_millis()).unwrap_or(u64::MAX);
        self.pass(ms.max(1));
    }
}

pub(super) fn trouble(because: impl Into<String>) -> Trouble {
    Trouble::new(because, "look at it, then `nightshift run`")
}

fn failed(error: ErrorKind) -> Trouble {
    trouble(format!("an operation failed: {error}"))
}
