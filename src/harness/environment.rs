//! What an agent's process finds in its environment.
//!
//! The base is the runner's own environment. Variables that would point its git at another
//! repository, and nightshift's own, are taken out; what an unattended agent needs is put in; a
//! folder in front of `PATH` holds `nightshift`, so that it can speak.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::symlink,
    path::Path,
};

use crate::layout::{PathContext, PathError};

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

/// Variables with which git finds a repository or its parts (`git rev-parse --local-env-vars`),
/// apart from the `GIT_CONFIG` family.
const GIT_LOCAL: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

fn is_inherited(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    !(bytes.starts_with(b"NIGHTSHIFT_")
        || bytes.starts_with(b"GIT_CONFIG")
        || GIT_LOCAL.iter().any(|local| name == *local))
}

/// Returns the whole environment of an agent.
pub(super) fn environment(
    base: &[(OsString, OsString)],
    harness: &BTreeMap<String, String>,
    place: &Place<'_>,
) -> Vec<(OsString, OsString)> {
    let mut env: BTreeMap<OsString, OsString> = base
        .iter()
        .filter(|(name, _)| is_inherited(name))
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
    set("NIGHTSHIFT_SAY", place.say.as_os_str());
    set("NIGHTSHIFT_TICKET", OsStr::new(place.ticket));
    set("NIGHTSHIFT_ATTEMPT", OsStr::new(&place.attempt.to_string()));
    set("NIGHTSHIFT_BENCH", place.bench.as_os_str());
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
        ]
        .map(|(name, value)| (name.into(), value.into()));
        let harness = [("PAGER", "more"), ("NIGHTSHIFT_TICKET", "no")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let env = environment(
            &base,
            &harness,
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
                "GIT_AUTHOR_NAME=me",
                "GIT_EDITOR=true",
                "GIT_TERMINAL_PROMPT=0",
                "HOME=/home/me",
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
