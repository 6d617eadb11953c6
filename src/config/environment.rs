//! The environment variables that mean something, read once.
//!
//! Nothing else in the program reads the environment. Children get what they need from
//! [`Environment::all`].

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// What the environment said when the program started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `HOME`; `None` when it is not set or empty.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`; `None` when it is not set, empty or relative (which the XDG base
    /// directory specification says to ignore).
    pub xdg_state_home: Option<PathBuf>,
    /// `PATH`; empty when it is not set.
    pub path: OsString,
    /// Everything, as inherited.
    pub all: Vec<(OsString, OsString)>,
    /// Whether `NO_COLOR` is set to anything.
    pub no_color: bool,
    /// `NIGHTSHIFT_SAY`: where what an agent says is to be written; set in an attempt only.
    pub say_file: Option<PathBuf>,
    /// `USER`, for the record of who asked for what; `None` when it is not set.
    pub user: Option<String>,
}

/// There is no place for the rooms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot tell where to keep the rooms: neither `XDG_STATE_HOME` (an absolute path) nor `HOME` is set"
)]
pub struct NoStateFolder;

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        Self::from_variables(std::env::vars_os().collect())
    }

    /// Returns what these variables mean.
    pub fn from_variables(all: Vec<(OsString, OsString)>) -> Self {
        let find = |name: &str| {
            all.iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.clone())
        };
        Self {
            home: find("HOME").map(PathBuf::from),
            xdg_state_home: find("XDG_STATE_HOME")
                .map(PathBuf::from)
                .filter(|path| path.is_absolute()),
            path: find("PATH").unwrap_or_default(),
            no_color: find("NO_COLOR").is_some(),
            say_file: find("NIGHTSHIFT_SAY").map(PathBuf::from),
            user: find("USER").map(|user| user.to_string_lossy().into_owned()),
            all,
        }
    }

    /// `NIGHTSHIFT_REPORT`: the number of the descriptor on which a supervisor tells how its program
    /// ended; set in a sandbox only.
    pub fn report_descriptor(&self) -> Option<&OsStr> {
        let found = self
            .all
            .iter()
            .find(|(name, _)| name == "NIGHTSHIFT_REPORT");
        found.map(|(_, value)| value.as_os_str())
    }

    /// Returns the same environment with another state folder.
    #[must_use]
    pub fn with_state_home(self, folder: &Path) -> Self {
        let mut all = self.all;
        all.retain(|(key, _)| key != "XDG_STATE_HOME");
        all.push(("XDG_STATE_HOME".into(), folder.into()));
        Self::from_variables(all)
    }

    /// Returns the folder below which rooms are kept: `$XDG_STATE_HOME/nightshift`, else
    /// `~/.local/state/nightshift`.
    ///
    /// # Errors
    /// Neither variable says where.
    pub fn rooms_home(&self) -> Result<PathBuf, NoStateFolder> {
        self.xdg_state_home
            .clone()
            .or_else(|| Some(self.home.as_ref()?.join(".local/state")))
            .map(|state| state.join("nightshift"))
            .ok_or(NoStateFolder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Environment {
        let own = |(key, value): &(&str, &str)| (OsString::from(key), OsString::from(value));
        Environment::from_variables(variables.iter().map(own).collect())
    }

    #[test]
    fn the_rooms_home_is_where_xdg_says_else_below_home() {
        let rooms = |variables: &[(&str, &str)]| {
            with(variables)
                .rooms_home()
                .map(|path| path.display().to_string())
        };
        let both = [("HOME", "/home/ada"), ("XDG_STATE_HOME", "/state")];
        assert_eq!(rooms(&both).unwrap(), "/state/nightshift");
        for state in ["", "relative/state"] {
            assert_eq!(
                rooms(&[("HOME", "/home/ada"), ("XDG_STATE_HOME", state)]).unwrap(),
                "/home/ada/.local/state/nightshift"
            );
        }
        assert_eq!(rooms(&[("HOME", "")]), Err(NoStateFolder));
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let none = with(&[("NO_COLOR", ""), ("USER", "")]);
        assert!(!none.no_color);
        assert_eq!(none.user, None);
        assert_eq!(none.all.len(), 2);
        let some = with(&[("NO_COLOR", "1"), ("USER", "ada"), ("NIGHTSHIFT_SAY", "/s")]);
        assert!(some.no_color);
        assert_eq!(some.user.as_deref(), Some("ada"));
        assert_eq!(some.say_file, Some(PathBuf::from("/s")));
    }

    #[test]
    fn another_state_folder_holds_for_children_too() {
        let moved = with(&[("HOME", "/home/ada")]).with_state_home(Path::new("/demo"));
        assert_eq!(moved.rooms_home().unwrap(), Path::new("/demo/nightshift"));
        assert!(
            moved
                .all
                .contains(&("XDG_STATE_HOME".into(), "/demo".into()))
        );
    }
}
