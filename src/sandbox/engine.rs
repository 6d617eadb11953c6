//! Which engine confines, found out by trying it, and a child wrapped by it.
//!
//! Nothing falls back to "off" by itself: that has to be written in the configuration. A system's
//! settings are not read to guess what it allows; a real child is confined and looks around.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    bwrap,
    cell::{Cell, Limits, Reach},
    home,
    inside::Inside,
    landlock,
};
use crate::{
    config,
    process::{self, Exit, Progress, Spec, find_program},
};

/// How long a probe may take: on a machine that does nothing else it is some ten milliseconds.
const PROBE: Duration = Duration::from_secs(20);
/// What runs inside before the program (`inside.rs`).
const HELPER: &str = "__inside";

/// An engine that was seen to work, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// bubblewrap at this absolute path, Landlock inside.
    Bwrap(PathBuf),
    /// Landlock alone.
    Landlock,
    /// None, as written in the configuration.
    Off,
}

/// No engine is there, or not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct NoEngine(pub Vec<String>);

/// A wrapped child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Its command line.
    pub argv: Vec<OsString>,
    /// Whether there is a supervisor in it.
    pub supervised: bool,
}

impl Engine {
    /// Returns the engine of a configuration, after a child was confined by it. `program` is this
    /// program; `scratch` a folder for the probe, made and removed.
    ///
    /// # Errors
    /// There is none; why, for each that was tried.
    pub async fn find(
        wanted: config::Engine,
        path: &OsStr,
        program: &Path,
        scratch: &Path,
    ) -> Result<Self, NoEngine> {
        let tried: Vec<Result<Self, String>> = match wanted {
            config::Engine::Off => return Ok(Self::Off),
            config::Engine::Seatbelt => vec![Err(
                "Seatbelt is Apple's, and this version runs on Linux only".to_owned(),
            )],
            config::Engine::Bwrap => vec![Self::bubblewrap(path)],
            config::Engine::Landlock => vec![Ok(Self::Landlock)],
            config::Engine::Auto => vec![Self::bubblewrap(path), Ok(Self::Landlock)],
        };
        let mut why = Vec::new();
        for engine in tried {
            let proved = match engine {
                Ok(engine) => engine.prove(program, scratch).await,
                Err(reason) => Err(reason),
            };
            match proved {
                Ok(engine) => return Ok(engine),
                Err(reason) => why.push(reason),
            }
        }
        Err(NoEngine(why))
    }

    fn bubblewrap(path: &OsStr) -> Result<Self, String> {
        let found = find_program(OsStr::new("bwrap"), path)
            .ok_or_else(|| "bubblewrap is not installed (no `bwrap` on PATH)".to_owned())?;
        let real = found
            .canonicalize()
            .map_err(|error| format!("`{}`: {error}", found.display()))?;
        Ok(Self::Bwrap(real))
    }

    /// Confines a child, which must not be able to write, to see what is hidden, to reach the
    /// network, or to see this process.
    async fn prove(self, program: &Path, scratch: &Path) -> Result<Self, String> {
        if self == Self::Landlock {
            landlock::is_there()?;
        }
        let failed = |what: &str| format!("{}: {what}", self.name());
        let io = |error: std::io::Error| failed(&error.to_string());
        fs::create_dir_all(scratch).map_err(io)?;
        let folder = tempfile::tempdir_in(scratch).map_err(io)?;
        let at = |name: &str| -> Result<PathBuf, String> {
            let path = folder.path().join(name);
            fs::create_dir(&path).map_err(io)?;
            Ok(path)
        };
        let (room, hidden) = (at("room")?, at("hidden")?);
        let secret = hidden.join("secret");
        // Nothing is lost if this file is.
        #[expect(
            clippy::disallowed_methods,
            reason = "a file of a moment, in a scratch folder"
        )]
        fs::write(&secret, b"secret").map_err(io)?;
        let outside = at("outside")?;
        let cell = Cell {
            home: at("home")?,
            private_home: at("private-home")?,
            private_temp: at("private-temp")?,
            writable: vec![room.clone()],
            shown: vec![program.to_owned(), outside.clone()],
            hidden: vec![hidden],
            reach: Reach::Nothing,
            limits: Limits::of(&config::Sandbox::default()),
        };
        let script = format!(
            "set -u\n\
             touch '{room}/written' || echo 'cannot write where it may'\n\
             touch '{outside}/written' 2>/dev/null && echo 'can write where it may not'\n\
             cat '{secret}' 2>/dev/null && echo 'can read what is hidden'\n\
             kill -0 {me} 2>/dev/null && echo 'can signal the runner'\n\
             exit 0",
            room = room.display(),
            outside = outside.display(),
            secret = secret.display(),
            me = std::process::id(),
        );
        // In a PID namespace the number belongs to nobody, or to a child of its own.
        let argv = ["/bin/sh", "-c", &script].map(OsString::from);
        let wrapped = self.wrap(&cell, program, &room, &argv);
        let spec = Spec {
            argv: wrapped.argv,
            folder: room,
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            stdin: None,
            mark: format!("probe/{}", folder.path().display()),
            timeout: PROBE,
            silence: None,
            grace: Duration::from_secs(1),
            progress: Progress::default(),
            supervised: wrapped.supervised,
        };
        let (finished, said) = process::capture(&spec).await;
        let said = String::from_utf8_lossy(&said).trim().replace('\n', "; ");
        match finished.exit {
            Exit::Code(0) if said.is_empty() => Ok(self),
            Exit::Code(0) => Err(failed(&format!("a confined child {said}"))),
            Exit::NotStarted { reason, .. } => Err(failed(&format!("{reason}: {said}"))),
            other => Err(failed(&format!("{other:?}: {said}"))),
        }
    }

    /// The engine's name, as the configuration writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bwrap(_) => "bwrap",
            Self::Landlock => "landlock",
            Self::Off => "off",
        }
    }

    /// What it is, in a few words for a person.
    pub fn describe(&self) -> String {
        match self {
            Self::Bwrap(path) => format!(
                "bwrap: {}, with Landlock inside; a confined child could neither write nor read nor signal what it must not",
                path.display()
            ),
            Self::Landlock => {
                "landlock alone; a confined child could neither write nor read what it must not"
                    .to_owned()
            }
            Self::Off => "off, as the configuration says".to_owned(),
        }
    }

    /// What the engine cannot do, as sentences.
    pub fn blind_spots(&self) -> Vec<String> {
        let texts: &[&str] = match self {
            Self::Bwrap(_) => &[],
            Self::Landlock => &[
                "Agents and gates are confined by Landlock alone (bubblewrap is not there or does not work): UDP stays open, gates included, and so do mode, owner and times of your own files, other processes are seen, and processes are ended without a namespace.",
            ],
            Self::Off => &[
                "Agents and gates are not confined, as `engine = \"off\"` says: they may do whatever you may do.",
            ],
        };
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// Returns whether the private home stands where the user's home was, for the confined child.
    pub fn moves_home(&self) -> bool {
        matches!(self, Self::Bwrap(_))
    }

    /// Wraps a command whose program is an absolute path.
    fn wrap(&self, cell: &Cell, program: &Path, folder: &Path, argv: &[OsString]) -> Wrapped {
        let inside = |alone| {
            let mut write = cell.writable.clone();
            write.extend(["/dev", "/proc"].map(PathBuf::from));
            let proxy = match &cell.reach {
                Reach::Proxy(socket) => Some(socket.clone()),
                Reach::Open | Reach::Nothing => None,
            };
            Inside {
                read: Vec::new(),
                write,
                without_tcp: false,
                alone,
                limits: cell.limits,
                proxy,
            }
        };
        let helper = |inside: &Inside| {
            let text = serde_json::to_string(inside).unwrap_or_default();
            let head = [
                program.as_os_str().into(),
                HELPER.into(),
                text.into(),
                "--".into(),
            ];
            let mut words = Vec::from(head);
            words.extend_from_slice(argv);
            words
        };
        match self {
            Self::Off => Wrapped {
                argv: argv.to_vec(),
                supervised: false,
            },
            Self::Bwrap(bwrap) => {
                let mut inside = inside(true);
                inside.read.push(PathBuf::from("/"));
                inside.write.push(cell.home.clone());
                inside.write.push(PathBuf::from("/tmp"));
                let mut argv = vec![bwrap.into()];
                argv.extend(bwrap::arguments(cell, folder));
                argv.push("--".into());
                argv.extend(helper(&inside));
                Wrapped {
                    argv,
                    supervised: true,
                }
            }
            Self::Landlock => {
                let mut inside = inside(false);
                inside.read = system();
                inside.read.extend(cell.shown.iter().cloned());
                inside.write.push(cell.private_home.clone());
                inside.write.push(cell.private_temp.clone());
                inside.without_tcp = cell.reach != Reach::Open;
                Wrapped {
                    argv: helper(&inside),
                    supervised: true,
                }
            }
        }
    }
}

/// One child's confinement: by what, to what, with whose help.
#[derive(Debug, Clone)]
pub struct Fence<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What may be reached.
    pub cell: Cell,
    /// This program, which runs inside before the child.
    pub program: &'a Path,
}

#[cfg(test)]
impl Fence<'static> {
    /// No confinement, for tests of what happens around it.
    pub(crate) fn off() -> Self {
        Self {
            engine: &Engine::Off,
            cell: Cell {
                home: PathBuf::new(),
                private_home: PathBuf::new(),
                private_temp: PathBuf::new(),
                writable: Vec::new(),
                shown: Vec::new(),
                hidden: Vec::new(),
                reach: Reach::Open,
                limits: Limits::of(&config::Sandbox::default()),
            },
            program: Path::new("/nonexistent"),
        }
    }
}

impl Fence<'_> {
    /// Wraps a command that is to run in this folder with this environment. One whose program is
    /// not there stays as it is: starting it says so.
    pub fn wrap(
        &self,
        argv: Vec<OsString>,
        folder: &Path,
        env: &[(OsString, OsString)],
    ) -> Wrapped {
        let plain = |argv| Wrapped {
            argv,
            supervised: false,
        };
        let path = env.iter().rev().find(|(name, _)| name == "PATH");
        let path = path.map_or(OsStr::new(""), |(_, path)| path);
        let Some(name) = argv.first() else {
            return plain(argv);
        };
        let found = if name.as_encoded_bytes().contains(&b'/') {
            find_program(folder.join(name).as_os_str(), OsStr::new(""))
        } else {
            find_program(name, path)
        };
        let (Some(found), true) = (found, *self.engine != Engine::Off) else {
            return plain(argv);
        };
        let mut cell = self.cell.clone();
        cell.shown.extend(home::around(&found));
        let mut argv = argv;
        if let Some(first) = argv.first_mut() {
            *first = found.into_os_string();
        }
        // What the user named on the command line, the agent's own script or settings, is there.
        let named = argv.iter().skip(1).map(PathBuf::from);
        (cell.shown).extend(named.filter(|path| path.is_absolute() && path.is_file()));
        self.engine.wrap(&cell, self.program, folder, &argv)
    }
}

/// What a program needs of the system: all of the root folder but homes, mounts, sockets and
/// temporary files.
fn system() -> Vec<PathBuf> {
    let private = [
        "home",
        "root",
        "mnt",
        "media",
        "run",
        "tmp",
        "var",
        "srv",
        "lost+found",
    ];
    let mut all: Vec<PathBuf> = fs::read_dir("/")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !private.iter().any(|name| entry.file_name() == *name))
        .map(|entry| entry.path())
        .collect();
    all.extend(
        [
            "/var/lib",
            "/var/cache",
            "/run/systemd/resolve",
            "/run/current-system",
        ]
        .map(PathBuf::from),
    );
    all.sort();
    all
}
