//! The nights that faults are tried on: small, so that a point costs a tenth of a second, and
//! different in what happens in them. The agent is one line of shell, the gate a test for a file.
//!
//! A bed stands on a RAM disk where there is one, always at the same place, and is put back from
//! a copy before each point: rooms are named after the path of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    time::Duration,
};

use tempfile::TempDir;

use super::{
    calls::Kind,
    inject::{self, Fault, Target, Traced},
};
use crate::bed::{Bed, binary};

/// The arguments that run a night in the very process that is started.
pub(crate) const RUN: &[&str] = &["run", "--no-watchdog"];

/// How long a run may take. An undisturbed one takes 40 ms; what waits for processes or locks in
/// vain waits for five seconds at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a night is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Two tickets land, one of them with an acceptance check.
    Land,
    /// One lands, one fails with its work kept, one parks, one is held by that.
    Mixed,
    /// The night after: the first one is merged, a ticket is new, one was parked and is answered.
    Next,
    /// The run after a death between the move of the branch and its record.
    AfterLanding,
    /// The run after a death while the agent's work lay in the bench.
    AfterWork,
}

impl Shape {
    pub(crate) const ALL: [Self; 5] = [
        Self::Land,
        Self::Mixed,
        Self::Next,
        Self::AfterLanding,
        Self::AfterWork,
    ];

    fn lay_out(self, stage: &Stage) {
        match self {
            Self::Land | Self::AfterLanding | Self::AfterWork => {
                stage.bed.ticket("a", "priority: 1", "Do it.");
                let check = "Do it.\n\n## Acceptance\n\n```sh\ntest -e b.txt\n```";
                stage.bed.ticket("b", "", check);
            }
            Self::Mixed => {
                stage.bed.ticket("a", "priority: 1", "Do it.");
                stage
                    .bed
                    .ticket("bad", "priority: 2\nattempts: 1", "Do it.");
                stage.bed.ticket("park", "priority: 3", "Do it.");
                stage.bed.ticket("held", "depends_on: [park]", "Do it.");
            }
            Self::Next => {
                stage.bed.ticket("a", "priority: 1", "Do it.");
                stage.bed.ticket("park", "", "Do it.");
            }
        }
        stage.bed.commit("the backlog");
        match self {
            Self::Land | Self::Mixed => {}
            Self::Next => {
                stage.bed.night().code(1);
                let bed = &stage.bed;
                bed.git(&["merge", "-q", "--ff-only", &bed.branch()]);
                bed.nightshift(&["answer", "park", "The left one."]).code(0);
                bed.ticket("new", "depends_on: [a]", "Do it.");
                bed.commit("a new ticket");
            }
            Self::AfterLanding => {
                // The branch is made first, then moved twice; its folder is synced after that.
                let run = stage.hit(Kind::Kill, "fsync", "refs/heads/nightshift", 2 * 3);
                assert_eq!(run.code, None);
            }
            Self::AfterWork => {
                let run = stage.hit(Kind::Kill, "openat", "b/attempt-1/outcome.json", 1);
                assert_eq!(run.code, None);
            }
        }
    }
}

/// A bed that is put back before each point.
pub(crate) struct Stage {
    pub(crate) bed: Bed,
    copy: TempDir,
}

impl Stage {
    pub(crate) fn new(shape: Shape) -> Self {
        let bed = Bed::new_in(&RAM);
        fs::remove_dir_all(bed.root.join(".git/hooks")).unwrap();
        let agent = "[ {ticket} != park ] || grep -q 'left one' {prompt_file} || nightshift say park --question 'Which one?'; mkdir -p build; echo {ticket} > build/ignored; echo {ticket} > {ticket}.txt";
        bed.write(
            "nightshift.toml",
            &format!(
                "[agent]\nharness = \"sh\"\ntimeout = \"20s\"\nsilence = \"10s\"\n\n[harness.sh]\ncommand = [\"sh\", \"-c\", {agent:?}]\nprompt = \"file\"\n\n[gate]\nrun = \"! [ -e bad.txt ]\"\ntimeout = \"20s\"\n"
            ),
        );
        bed.write("policy.toml", "");
        let copy = tempfile::Builder::new()
            .prefix("ns-copy-")
            .tempdir_in(&*RAM)
            .unwrap();
        let stage = Self { bed, copy };
        shape.lay_out(&stage);
        stage.keep();
        stage
    }

    /// Has the bed put back from now on as it is now.
    pub(crate) fn keep(&self) {
        clear(self.copy.path());
        copy_to(self.bed.home(), self.copy.path());
    }

    /// Puts the bed back as it was at first.
    pub(crate) fn put_back(&self) {
        for entry in fs::read_dir(self.bed.home()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            } else {
                fs::remove_file(&path).unwrap();
            }
        }
        copy_to(self.copy.path(), self.bed.home());
    }

    /// Runs a night with a fault, or only counts what could be hit.
    pub(crate) fn run(&self, fault: Option<Fault>) -> std::io::Result<Traced> {
        let mut target = Target {
            command: &mut self.bed.command("sh"),
            program: &binary(),
            args: RUN,
            bed: self.bed.home(),
            out: self.bed.home().join("out"),
            err: self.bed.home().join("err"),
        };
        inject::run(&mut target, fault, PATIENCE)
    }

    /// Returns what the last run with a fault printed on standard error.
    pub(crate) fn said(&self) -> String {
        let text = fs::read(self.bed.home().join("err")).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Runs a night with a fault at the `at`-th call of this name that is about this; it must hit.
    pub(crate) fn hit(
        &self,
        kind: Kind,
        call: &'static str,
        about: &'static str,
        at: u64,
    ) -> Traced {
        let only = Some((call, about));
        let run = self.run(Some(Fault { kind, at, only })).unwrap();
        assert!(run.hit.is_some(), "{run:?}\n{}", self.said());
        run
    }
}

fn clear(folder: &Path) {
    fs::remove_dir_all(folder).unwrap();
    fs::create_dir(folder).unwrap();
}

fn copy_to(from: &Path, to: &Path) {
    let mut all = from.as_os_str().to_owned();
    all.push("/.");
    let status = Command::new("cp")
        .arg("-a")
        .arg(all)
        .arg(to)
        .status()
        .unwrap();
    assert!(status.success());
}

/// Where beds stand. Syncs cost nothing on a RAM disk, and nothing here depends on what they do.
pub(super) static RAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let ram = Path::new("/dev/shm");
    if ram.is_dir() && tempfile::tempdir_in(ram).is_ok() {
        ram.to_owned()
    } else {
        std::env::temp_dir()
    }
});
