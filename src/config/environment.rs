//! The environment, read once: the only place that looks at variables of this process.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// What the environment of this process says.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Every variable, for children that inherit them.
    pub all: Vec<(OsString, OsString)>,
    /// `PATH`; empty when it is not set.
    pub path: OsString,
    /// Whether `NO_COLOR` is set to something.
    pub no_color: bool,
    /// Where an agent's words go (`NIGHTSHIFT_SAY`); `None` outside of a night.
    pub say_file: Option<PathBuf>,
    home: Option<PathBuf>,
    state_home: Option<PathBuf>,
    user: Option<String>,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let all: Vec<_> = std::env::vars_os().collect();
        let get = |name: &str| {
            let found = all.iter().find(|(key, _)| key == name);
            found
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())
        };
        Self {
            path: get("PATH").unwrap_or_default(),
            no_color: get("NO_COLOR").is_some(),
            say_file: get("NIGHTSHIFT_SAY").map(PathBuf::from),
            home: get("HOME").map(PathBuf::from),
            // The XDG specification: a relative path is invalid and to be ignored.
            state_home: get("XDG_STATE_HOME")
                .map(PathBuf::from)
                .filter(|path| path.is_absolute()),
            user: get("USER").map(|user| user.to_string_lossy().into_owned()),
            all,
        }
    }

    /// Returns the folder that holds everyone's rooms: `$XDG_STATE_HOME/nightshift`, else
    /// `~/.local/state/nightshift`; `None` when neither variable is set.
    pub fn rooms_home(&self) -> Option<PathBuf> {
        let base = self.state_home.clone();
        let base = base.or_else(|| self.home.as_ref().map(|home| home.join(".local/state")));
        base.map(|base| base.join("nightshift"))
    }

    /// Returns the user's name, for the record of who asked for what; `None` when it is not set.
    pub fn user(&self) -> Option<String> {
        self.user.clone()
    }

    /// Returns the same environment with another state folder.
    #[must_use]
    pub fn with_state_home(mut self, folder: &Path) -> Self {
        self.state_home = Some(folder.to_owned());
        let name = OsStr::new("XDG_STATE_HOME");
        self.all.retain(|(key, _)| key != name);
        self.all
            .push((name.to_owned(), folder.as_os_str().to_owned()));
        self
    }
}
