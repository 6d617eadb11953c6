//! What an agent's process finds in its environment.
//!
//! Of the runner's own environment it has what says where tools are and what leads to its model, and
//! nothing else; what an unattended agent needs is put in; a folder in front of `PATH` holds
//! `nightshift`, so that it can speak.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::symlink,
    path::Path,
};

use crate::{
    layout::{PathContext, PathError},
    sandbox::{is_ordinary, is_provider},
};

/// What differs from attempt to attempt.
pub(super) struct Place<'a> {
    /// The file that the agent speaks into, absolute.
    pub(super) say: &'a Path,
    pub(super) ticket: &'a str,
    pub(super) attempt: u32,
    pub(super) bench: &'a Path,
    /// The folder that goes in front of `PATH`.
    pub(super) tools: &'a Path,
}

impl Place<'_> {
    /// The variables by which `nightshift say` and `nightshift mcp` know for whom they speak.
    pub(super) fn voice(&self) -> [(&'static str, String); 4] {
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        [
            ("NIGHTSHIFT_SAY", shown(self.say)),
            ("NIGHTSHIFT_TICKET", self.ticket.to_owned()),
            ("NIGHTSHIFT_ATTEMPT", self.attempt.to_string()),
            ("NIGHTSHIFT_BENCH", shown(self.bench)),
        ]
    }
}

/// Returns the whole environment of an agent.
pub(super) fn environment(
    base: &[(OsString, OsString)],
    harness: &BTreeMap<String, String>,
    more: &[String],
    home: &[(OsString, OsString)],
    place: &Place<'_>,
) -> Vec<(OsString, OsString)> {
    let is_named = |name: &OsStr| more.iter().any(|named| name == named.as_str());
    let mut env: BTreeMap<OsString, OsString> = base
        .iter()
        .filter(|(name, _)| is_ordinary(name) || is_provider(name) || is_named(name))
        .chain(home)
        .cloned()
        .collect();
    let mut set = |name: &str, value: &OsStr| env.insert(name.into(), value.to_owned());
    // Nothing may wait for a person.
    set("GIT_TERMINAL_PROMPT", OsStr::new("0"));
    set("GIT_EDITOR", OsStr::new("true"));
    set("PAGER", OsStr::new("cat"));
    for (name, value) in harness {
        set(name, OsStr::new(value));
    }
    for (name, value) in place.voice() {
        set(name, OsStr::new(&value));
    }
    let mut path = place.tools.as_os_str().to_owned();
    if let Some(rest) = env.get(OsStr::new("PATH")).filter(|rest| !rest.is_empty()) {
        path.push(":");
        path.push(rest);
    }
    env.insert("PATH".into(), path);
    env.into_iter().collect()
}

/// Makes the folder that holds `nightshift`, a link to `executable`.
///
/// # Errors
/// The folder or the link cannot be made.
pub(super) fn furnish(tools: &Path, executable: &Path) -> Result<(), PathError> {
    fs::create_dir_all(tools).at("create the folder", tools)?;
    let link = tools.join("nightshift");
    if fs::read_link(&link).is_ok_and(|target| target == executable) {
        return Ok(());
    }
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).at("remove", &link);
        }
        _ => {}
    }
    symlink(executable, &link).at("link", &link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_base_without_traps_and_with_a_voice() {
        let base = [
            ("HOME", "/home/me"),
            ("PATH", "/usr/bin:/bin"),
            ("GIT_DIR", "/elsewhere"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_AUTHOR_NAME", "me"),
            ("NIGHTSHIFT_NOW", "then"),
            ("PAGER", "less"),
            ("ANTHROPIC_API_KEY", "key"),
            ("GITHUB_TOKEN", "token"),
            ("DATABASE_URL", "db"),
        ]
        .map(|(name, value)| (name.into(), value.into()));
        let harness = [("PAGER", "more"), ("NIGHTSHIFT_TICKET", "no")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let env = environment(
            &base,
            &harness,
            &["DATABASE_URL".to_owned()],
            &[("HOME".into(), "/private".into())],
            &Place {
                say: Path::new("/say.jsonl"),
                ticket: "T-1",
                attempt: 2,
                bench: Path::new("/bench"),
                tools: Path::new("/tools"),
            },
        );
        let shown: Vec<String> = env
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            shown,
            [
                "ANTHROPIC_API_KEY=key",
                "DATABASE_URL=db",
                "GIT_AUTHOR_NAME=me",
                "GIT_EDITOR=true",
                "GIT_TERMINAL_PROMPT=0",
                "HOME=/private",
                "NIGHTSHIFT_ATTEMPT=2",
                "NIGHTSHIFT_BENCH=/bench",
                "NIGHTSHIFT_SAY=/say.jsonl",
                "NIGHTSHIFT_TICKET=T-1",
                "PAGER=more",
                "PATH=/tools:/usr/bin:/bin",
            ]
        );
    }

    #[test]
    fn the_link_is_made_and_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let tools = folder.path().join("tools");
        for target in ["/bin/sh", "/bin/sh", "/bin/ls"] {
            furnish(&tools, Path::new(target)).unwrap();
            let link = fs::read_link(tools.join("nightshift")).unwrap();
            assert_eq!(link, Path::new(target));
        }
    }
}
