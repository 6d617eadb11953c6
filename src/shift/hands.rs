//! What a run works with: the repository, the rooms, the checks. No journal, no state.
//!
//! `check` proves gates with it before any night; the real world runs nights with it.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::watch;

use super::{fence::Who, names, site::Site, world::Trouble};
use crate::{
    backlog::{Backlog, ticket::Ticket},
    config::GatePlace,
    gate::{
        self, GateRun, Judged, Memory, Protected,
        verdict::{Check, Class, Verdict},
    },
    layout::{self, Layout, PathContext, PathError},
    process::Progress,
    repo::{
        Git, Keep,
        id::{CommitId, TreeId},
    },
    sandbox::{Engine, Fence, Redactor},
};

/// One of the two rooms of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Where the agent works.
    Bench,
    /// Where no agent ever was.
    Gate,
}

impl Room {
    /// Returns its name, of which its index and its notes are called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Gate => "gate",
        }
    }
}

/// Where the evidence of a check goes, and what its processes are called.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// The folder of its logs.
    pub(super) folder: PathBuf,
    /// The folder's name relative to the night's folder.
    pub(super) name: String,
    /// What all its processes carry.
    pub(super) mark: String,
}

/// A check to be run.
pub(super) struct Wanted<'a> {
    pub(super) check: Check,
    pub(super) command: &'a str,
    /// A commit of that tree.
    pub(super) at: &'a CommitId,
    pub(super) tree: &'a TreeId,
    pub(super) baseline: Option<&'a Verdict>,
    pub(super) desk: &'a Desk,
    /// What the kept output is called.
    pub(super) log: &'static str,
}

/// Files whose change means that a room must be set up anew.
const LOCK_FILES: [&str; 14] = [
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lockb",
    "Cargo.lock",
    "go.sum",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "requirements.txt",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
];

/// See the file's header.
pub(super) struct Hands {
    pub(super) site: Site,
    /// The layout of this run: the site's own, or a rehearsal's.
    pub(super) layout: Layout,
    pub(super) git: Git,
    pub(super) redactor: Redactor,
    pub(super) protected: Protected,
    pub(super) stop: watch::Receiver<bool>,
    /// How far the work has come; nobody reads it until somebody puts theirs here.
    pub(super) progress: Progress,
    /// What confines the children in the rooms.
    pub(super) engine: Engine,
    /// This program.
    pub(super) program: PathBuf,
    memory: Memory,
}

impl Hands {
    pub(super) fn new(
        site: Site,
        layout: Layout,
        git: Git,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, Trouble> {
        let remedy = "look at the state folder and nightshift.toml";
        let protected = Protected::new(&site.config.gate.protect)
            .map_err(|error| Trouble::of(&error, remedy))?;
        let memory =
            Memory::load(&layout.verdicts()).map_err(|error| Trouble::of(&error, remedy))?;
        let text = |word: &OsString| word.to_string_lossy().into_owned();
        let all = site.environment.all.iter();
        let inherited = all.map(|(name, value)| (text(name), text(value)));
        let harnesses = site.config.harness.values();
        let set = harnesses.flat_map(|harness| harness.env.clone());
        let mut redactor = Redactor::new(inherited.chain(set));
        for name in &site.config.rooms.copy {
            // Whoever copies it says what is wrong with it.
            let bytes = fs::read(site.found.root.join(name)).unwrap_or_default();
            let held = redactor.added("", &String::from_utf8_lossy(&bytes));
            redactor = redactor.knowing(held.iter());
        }
        let engine = match site.engine() {
            Ok(engine) => engine.clone(),
            Err(error) => return Err(Trouble::of(error, "run `nightshift doctor`")),
        };
        let program = std::env::current_exe().map_err(|error| {
            Trouble::new(
                format!("this program cannot be found: {error}"),
                "reinstall it",
            )
        })?;
        Ok(Self {
            site,
            layout,
            git,
            redactor,
            protected,
            stop,
            progress: Progress::default(),
            memory,
            engine,
            program,
        })
    }

    /// Returns the backlog with secrets taken out of the titles, which go into the journal, the
    /// report and commits.
    pub(super) fn without_secrets(&self, backlog: Arc<Backlog>) -> Arc<Backlog> {
        let is_secret = |ticket: &Arc<Ticket>| {
            let title = &ticket.facts.title;
            matches!(self.redactor.redact(title), Cow::Owned(_))
        };
        if !backlog.tickets.iter().any(is_secret) {
            return backlog;
        }
        let mut clean = Backlog::clone(&backlog);
        for ticket in clean.tickets.iter_mut().filter(|ticket| is_secret(ticket)) {
            let title = self.redactor.redact(&ticket.facts.title).into_owned();
            Arc::make_mut(ticket).facts.title = title;
        }
        Arc::new(clean)
    }

    /// Returns a room's folder.
    pub(super) fn room(&self, room: Room) -> PathBuf {
        match room {
            Room::Bench => self.layout.bench(),
            Room::Gate => self.layout.gate_room(),
        }
    }

    /// Returns the runner's private index of a room.
    pub(super) fn index(&self, room: Room) -> PathBuf {
        self.layout.indexes().join(room.name())
    }

    /// Makes a room's files exactly those of a commit.
    pub(super) async fn furnish(&self, room: Room, at: &CommitId) -> Result<(), Trouble> {
        let remedy = format!(
            "remove `{}`, then `nightshift run`",
            self.layout.rooms().display()
        );
        let folder = self.room(room);
        // With one room for both, what an agent left there and git ignores must not sway a gate.
        let ignored = match self.site.config.gate.place {
            GatePlace::Apart => Keep::Keep,
            GatePlace::Bench => Keep::Remove,
        };
        self.git
            .furnish(&folder, &self.index(room), at, ignored)
            .await
            .map_err(|error| Trouble::of(&error, remedy.clone()))?;
        self.copy_files(&folder)
            .map_err(|error| Trouble::of(&error, remedy))
    }

    fn copy_files(&self, room: &Path) -> Result<(), PathError> {
        for name in &self.site.config.rooms.copy {
            let from = self.site.found.root.join(name);
            match fs::read(&from) {
                // The bench is as an agent left it, where git ignores what it did.
                Ok(bytes) => layout::write_within(room, Path::new(name), &bytes)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).at("read", &from),
            }
        }
        Ok(())
    }

    /// Runs one check in its room, or remembers it; `None` when a stop came first.
    pub(super) async fn check(&mut self, wanted: Wanted<'_>) -> Result<Option<Verdict>, Trouble> {
        let hash = gate::command_hash(wanted.command);
        if let Some(verdict) = self.memory.get(wanted.tree, &hash, wanted.check) {
            return Ok(Some(verdict));
        }
        let room = match self.site.config.gate.place {
            GatePlace::Apart => Room::Gate,
            GatePlace::Bench => Room::Bench,
        };
        self.furnish(room, wanted.at).await?;
        if let Some(judged) = self
            .set_up(room, wanted.check, wanted.tree, wanted.desk)
            .await?
        {
            return Ok(match judged {
                Judged::Stopped => None,
                Judged::Verdict(failed) => Some(failed),
            });
        }
        let remedy = "look at the disk and the state folder, then `nightshift run`";
        match self.run(room, &wanted).await? {
            Judged::Stopped => Ok(None),
            Judged::Verdict(verdict) => {
                if verdict.class == Class::Passed {
                    self.memory
                        .remember(&verdict)
                        .map_err(|error| Trouble::of(&error, remedy))?;
                }
                Ok(Some(verdict))
            }
        }
    }

    /// Runs the set-up commands in a room that is new, or whose lock files have changed; returns
    /// something only when they did not all succeed.
    pub(super) async fn set_up(
        &mut self,
        room: Room,
        check: Check,
        tree: &TreeId,
        desk: &Desk,
    ) -> Result<Option<Judged>, Trouble> {
        let commands = self.site.config.rooms.setup.clone();
        if commands.is_empty() {
            return Ok(None);
        }
        let remedy = "look at the disk and the rooms, then `nightshift run`";
        let inputs = self
            .set_up_inputs(&self.room(room))
            .map_err(|error| Trouble::of(&error, remedy))?;
        let noted = self
            .layout
            .indexes()
            .join(format!("{}.set-up", room.name()));
        if fs::read_to_string(&noted).is_ok_and(|before| before == inputs) {
            return Ok(None);
        }
        // The commit does not matter: the room stands already.
        let at = CommitId(String::new());
        for command in &commands {
            let wanted = Wanted {
                check,
                command,
                at: &at,
                tree,
                baseline: None,
                desk,
                log: "setup.log",
            };
            match self.run(room, &wanted).await? {
                Judged::Verdict(verdict) if verdict.class.is_green() => {}
                Judged::Stopped => return Ok(Some(Judged::Stopped)),
                Judged::Verdict(verdict) => {
                    let reason = format!("set-up `{command}` failed: {}", verdict.reason);
                    let class = Class::Environment;
                    let failed = Verdict {
                        class,
                        reason,
                        signature: None,
                        ..verdict
                    };
                    return Ok(Some(Judged::Verdict(failed)));
                }
            }
        }
        layout::write(&noted, inputs.as_bytes()).map_err(|error| Trouble::of(&error, remedy))?;
        Ok(None)
    }

    async fn run(&mut self, room: Room, wanted: &Wanted<'_>) -> Result<Judged, Trouble> {
        let folder = self.room(room);
        self.move_in(Who::Gate, false)?;
        let cell = self.cell(room, Who::Gate)?;
        let config = &self.site.config;
        let mut env = gate::environment(&self.site.environment.all, &config.gate.env);
        env.extend(self.home_variables(&cell));
        let fence = Fence {
            engine: &self.engine,
            cell,
            program: &self.program,
        };
        let run = GateRun {
            check: wanted.check,
            command: wanted.command,
            room: &folder,
            tree: wanted.tree,
            env: &env,
            fence: &fence,
            timeout: self.site.config.gate.timeout,
            mark: wanted.desk.mark.clone(),
            log: &wanted.desk.folder.join(wanted.log),
            log_name: format!("{}/{}", wanted.desk.name, wanted.log),
            rerun: true,
            baseline: wanted.baseline,
            redactor: &self.redactor,
            progress: &self.progress,
        };
        gate::run(&run, &mut self.stop).await.map_err(|error| {
            Trouble::of(
                &error,
                "look at the disk and the state folder, then `nightshift run`",
            )
        })
    }

    /// Returns what the set-up depends on: its commands and the lock files.
    fn set_up_inputs(&self, room: &Path) -> Result<String, PathError> {
        let mut hasher = blake3::Hasher::new();
        for command in &self.site.config.rooms.setup {
            hasher.update(command.as_bytes()).update(b"\n");
        }
        for name in LOCK_FILES {
            let path = room.join(name);
            // Neither a link, which could lead anywhere, nor a pipe, which has no end.
            if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
                continue;
            }
            let bytes = fs::read(&path).at("read", &path)?;
            hasher.update(name.as_bytes()).update(&bytes);
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Returns the desk of an attempt.
    pub(super) fn desk(&self, night: &str, ticket: &str, attempt: u32) -> Desk {
        Desk {
            folder: self.layout.attempt(night, ticket, attempt),
            name: format!("{ticket}/attempt-{attempt}"),
            mark: format!(
                "{}/{night}/{ticket}/{attempt}",
                names::mark_prefix(&self.layout)
            ),
        }
    }
}

/// Returns a verdict as it is taken again instead of a run.
pub(super) fn remembered(verdict: &Verdict) -> Verdict {
    Verdict {
        took_ms: 0,
        log: None,
        log_hash: None,
        remembered: true,
        ..verdict.clone()
    }
}
