//! What the children in each room may reach: the cell of the agent, and that of gates.
//!
//! Both see a read-only system, the tools that are installed in the user's home, and git's objects.
//! Neither sees the user's checkout, the state folder, the other room, or the rest of the home.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::{
    hands::{Hands, Room},
    world::Trouble,
};
use crate::{
    config::{HarnessConfig, Network},
    harness,
    layout::{PathContext, PathError},
    sandbox::{self, Cell, Engine, HostList, Limits, Proxy, Reach},
};

/// Variables by which tools find their folders below a home, and where these are. Where the home
/// has to have another name, they point at what is installed in the user's.
const FROM_HOME: [(&str, &str); 6] = [
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("GOPATH", "go"),
    ("NVM_DIR", ".nvm"),
    ("PYENV_ROOT", ".pyenv"),
    ("VOLTA_HOME", ".volta"),
];

/// Whose child it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The agent.
    Agent,
    /// A gate, an acceptance check or a set-up.
    Gate,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Gate => "gate",
        }
    }
}

impl Hands {
    /// Returns the cell of such a child in a room.
    pub(super) fn cell(&self, room: Room, who: Who) -> Result<Cell, Trouble> {
        let site = &self.site;
        let home = self.home();
        let config = &site.config.sandbox;
        let place = |text: &String| sandbox::place(text, &home);
        let private = self.layout.private(who.name());
        let mut writable: Vec<PathBuf> = config.write.iter().map(place).collect();
        writable.push(self.room(room));
        let mut shown = sandbox::tools(&home);
        shown.extend(config.read.iter().map(place));
        shown.extend(site.found.objects());
        shown.push(self.program.clone());
        let found = &site.found;
        let hidden = vec![
            found.root.clone(),
            found.git_dir.clone(),
            found.common_dir.clone(),
            self.layout.state().to_owned(),
            self.layout.rooms().to_owned(),
        ];
        let reach = match who {
            Who::Agent => match config.network {
                Network::Open => Reach::Open,
                Network::Allow => Reach::Proxy(self.socket("proxy")?),
            },
            Who::Gate if site.config.gate.network => Reach::Open,
            Who::Gate => Reach::Nothing,
        };
        if let Reach::Proxy(socket) = &reach {
            shown.push(socket.clone());
        }
        Ok(Cell {
            private_home: private.join("home"),
            private_temp: private.join("tmp"),
            home,
            writable,
            shown,
            hidden,
            reach,
            limits: Limits::of(config),
        })
    }

    /// Gives such children an empty home and an empty temporary folder; with `keep`,
    /// those of the last time.
    pub(super) fn move_in(&self, who: Who, keep: bool) -> Result<(), Trouble> {
        let private = self.layout.private(who.name());
        let made = || -> Result<(), PathError> {
            if !keep {
                clear(&private)?;
            }
            for name in ["home", "tmp"] {
                let folder = private.join(name);
                fs::create_dir_all(&folder).at("create the folder", &folder)?;
            }
            Ok(())
        };
        made().map_err(|error| {
            let remedy = format!("remove `{}`, then `nightshift run`", private.display());
            Trouble::of(&error, remedy)
        })
    }

    /// Opens the only way out of the agent's network, where it has no other: to its provider and to
    /// the hosts of the configuration.
    pub(super) fn open_proxy(&self, harness: &HarnessConfig) -> Result<Option<Proxy>, Trouble> {
        let config = &self.site.config.sandbox;
        if config.network == Network::Open || self.engine == Engine::Off {
            return Ok(None);
        }
        let mut hosts = config.hosts.clone();
        hosts.extend(harness::hosts(harness).iter().map(|&host| host.to_owned()));
        let remedy = "look at `hosts` under `[sandbox]` in nightshift.toml";
        let list = HostList::parse(&hosts).map_err(|error| Trouble::of(&error, remedy))?;
        Proxy::start(&self.socket("proxy")?, list)
            .map(Some)
            .map_err(|error| Trouble::of(&error, "look at the state folder and its place"))
    }

    /// Returns the variables that say where the home is.
    pub(super) fn home_variables(&self, cell: &Cell) -> Vec<(OsString, OsString)> {
        let mut set = Vec::new();
        if let Engine::Landlock = self.engine {
            set.push(("HOME".into(), cell.private_home.clone().into()));
            set.push(("TMPDIR".into(), cell.private_temp.clone().into()));
            let all = &self.site.environment.all;
            for (name, folder) in FROM_HOME {
                let folder = cell.home.join(folder);
                if folder.is_dir() && !all.iter().any(|(known, _)| known == name) {
                    set.push((name.into(), folder.into()));
                }
            }
        }
        if let Reach::Proxy(_) = cell.reach {
            set.extend(sandbox::proxy_variables());
        }
        set
    }

    /// The user's home; without one, a folder that is nobody's.
    fn home(&self) -> PathBuf {
        let home = self.site.environment.home.clone();
        home.unwrap_or_else(|| PathBuf::from("/nonexistent"))
    }

    /// Returns where one of our sockets is, in a folder that is there. The name of a socket has at
    /// most 107 bytes (`unix(7)`), and a home may be deep.
    pub(super) fn socket(&self, name: &str) -> Result<PathBuf, Trouble> {
        const LONGEST: usize = 100;
        let mut folder = self.layout.private("sockets");
        if folder.as_os_str().len() + name.len() > LONGEST {
            let key = self.layout.rooms().file_name().unwrap_or_default();
            let user = rustix::process::getuid().as_raw();
            let short = format!("nightshift-{user}-{}", key.display());
            folder = std::env::temp_dir().join(short);
        }
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.at("create the folder", &folder)
            .map_err(|error| Trouble::of(&error, "look at the state folder and its place"))?;
        Ok(folder.join(name))
    }
}

/// Removes a folder that somebody else filled, whatever modes they gave to what is in it.
fn clear(folder: &Path) -> Result<(), PathError> {
    match fs::remove_dir_all(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => open_up(folder),
    }
    fs::remove_dir_all(folder).at("remove the folder", folder)
}

/// Lets this user enter and empty every folder; what cannot be is found by the removal.
fn open_up(folder: &Path) {
    let is_folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir());
    if !is_folder {
        return;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).ok();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        open_up(&entry.path());
    }
}
