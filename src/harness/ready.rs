//! Whether a harness can run, asked before a night and before each claim.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

use super::{
    capability::{Capabilities, Proof},
    known,
};
use crate::{
    config::{HarnessConfig, HarnessKind},
    process::find_program,
    sandbox::is_provider,
};

/// Whether a harness can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it can.
    pub ok: bool,
    /// What was found, or what is missing and what to do.
    pub what: String,
    /// What to know of it.
    pub notes: Vec<String>,
    /// What this version makes of what it can do.
    pub capabilities: Capabilities,
}

/// Looks for what a harness runs: its program on its `PATH` (`path`, unless the harness sets its
/// own) or below `root`, its folder of stories below `root`.
pub fn ready(name: &str, config: &HarnessConfig, path: &OsStr, root: &Path) -> Readiness {
    match &config.kind {
        HarnessKind::Command { command, .. } => {
            let path = config.env.get("PATH").map_or(path, OsStr::new);
            let what = program(name, command, path, root);
            Readiness {
                ok: what.is_ok(),
                what: what.unwrap_or_else(|missing| missing),
                notes: notes(name, command),
                capabilities: capabilities(config),
            }
        }
        HarnessKind::Script { stories } => {
            let folder = root.join(stories);
            let shown = folder.display();
            let ok = folder.is_dir();
            Readiness {
                ok,
                what: if ok {
                    format!("scripted, stories in {shown}")
                } else {
                    format!("there is no folder of stories `{shown}`")
                },
                notes: Vec::new(),
                // Its words are its own process's, and tests drive it: what it says is heard.
                capabilities: Capabilities {
                    events: Proof::Verified,
                    ..Capabilities::none()
                },
            }
        }
    }
}

fn program(name: &str, command: &[String], path: &OsStr, root: &Path) -> Result<String, String> {
    let program = command.first().map(String::as_str).unwrap_or_default();
    let (found, place) = if program.contains('/') {
        let file = root.join(program);
        (find_program(file.as_os_str(), path), "an executable file")
    } else {
        (find_program(OsStr::new(program), path), "on PATH")
    };
    found
        .map(|found| found.display().to_string())
        .ok_or_else(|| format!("`{program}` of `[harness.{name}]` is not {place}"))
}

/// Says how an agent would prove who it is, as far as that can be known without asking its provider.
pub fn login(config: &HarnessConfig, home: &Path, env: &[(OsString, OsString)]) -> String {
    let Some(known) = known::of(config) else {
        return "unknown".to_owned();
    };
    let is_key = |name: &str| {
        ["_API_KEY", "_TOKEN", "_AUTH_TOKEN"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let inherited = env
        .iter()
        .filter(|(name, value)| is_provider(name) && !value.is_empty());
    let names = inherited.filter_map(|(name, _)| name.to_str());
    let key = names
        .chain(config.env.keys().map(String::as_str))
        .find(|name| is_key(name));
    let file = known.login.iter().find(|file| home.join(file).is_file());
    match (file, key) {
        (_, Some(key)) => format!("{key} is set"),
        (Some(file), None) => format!("~/{file} is there"),
        (None, None) => "nothing found: no key in the environment, no login in the home".to_owned(),
    }
}

/// Returns what a harness can do. Of a program that is not known nothing is promised, though its
/// words may be.
pub fn capabilities(config: &HarnessConfig) -> Capabilities {
    let all = known::of(config).map_or(Capabilities::none(), known::Known::capabilities);
    let declared = |there: bool| if there { Proof::Declared } else { Proof::No };
    Capabilities {
        resume: declared(!config.resume.is_empty()),
        limits_recognised: match all.limits_recognised {
            Proof::No => declared(!config.weather.is_empty()),
            seen => seen,
        },
        ..all
    }
}

fn notes(name: &str, command: &[String]) -> Vec<String> {
    known::find(name)
        .filter(|known| {
            command
                .first()
                .is_some_and(|program| program == known.program)
        })
        .map(|known| {
            known
                .caveats
                .iter()
                .map(|&caveat| caveat.to_owned())
                .collect()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PromptBy;

    fn command(words: &[&str]) -> HarnessConfig {
        HarnessConfig::new(HarnessKind::Command {
            command: words.iter().map(|&word| word.to_owned()).collect(),
            prompt: PromptBy::Stdin,
        })
    }

    #[test]
    fn what_is_there_is_found_and_what_is_missing_is_named() {
        let root = tempfile::tempdir().unwrap();
        crate::layout::write(&root.path().join("agent.sh"), b"not executable").unwrap();
        let mut own_path = command(&["sh"]);
        own_path.env.insert("PATH".into(), "/nowhere".into());
        for (config, ok, part) in [
            (command(&["sh", "-c", "x"]), true, "/sh"),
            (command(&["/bin/sh"]), true, "/bin/sh"),
            (
                command(&["no-such-agent"]),
                false,
                "`no-such-agent` of `[harness.x]` is not on PATH",
            ),
            (command(&["./agent.sh"]), false, "is not an executable file"),
            (command(&[]), false, "is not on PATH"),
            (own_path, false, "`sh` of `[harness.x]` is not on PATH"),
        ] {
            let ready = ready("x", &config, OsStr::new("/usr/bin:/bin"), root.path());
            assert_eq!(ready.ok, ok, "{ready:?}");
            assert!(ready.what.contains(part), "{ready:?}");
        }
    }

    #[test]
    fn what_an_agent_can_do_is_known_by_its_program() {
        let root = tempfile::tempdir().unwrap();
        let told =
            |config: &HarnessConfig| ready("x", config, OsStr::new(""), root.path()).capabilities;
        let claude = told(&command(&["/opt/claude", "-p"]));
        assert_eq!(claude.limits_recognised, Proof::Verified);
        assert_eq!(claude.usage, Proof::Verified);
        assert_eq!(told(&command(&["aider"])).usage, Proof::No);
        assert_eq!(told(&command(&["mine"])), Capabilities::none());
        let mut mine = command(&["mine"]);
        mine.resume.push("{session}".into());
        assert_eq!(told(&mine).resume, Proof::Declared);
    }

    #[test]
    fn stories_need_their_folder() {
        let root = tempfile::tempdir().unwrap();
        let config = HarnessConfig::new(HarnessKind::Script {
            stories: "stories".into(),
        });
        assert!(!ready("x", &config, OsStr::new(""), root.path()).ok);
        std::fs::create_dir(root.path().join("stories")).unwrap();
        assert!(ready("x", &config, OsStr::new(""), root.path()).ok);
    }
}
