//! What a known agent is given for one session so that its own permission gate asks at our desk: a
//! private configuration, arguments, variables. Nothing of it is written into the user's settings or
//! the repository, and neither of those can switch it off where that could be found out.
//!
//! One file per agent (`kit/`), written from what was observed to work; `docs/agents.md` has the
//! table and the reasons. A hook that crashes, is missing or hangs lets the call through in most
//! agents, so every hook command here turns all three into a refusal.

mod claude;
mod claude_acp;
mod codex;
mod codex_acp;
mod copilot;
mod gemini;
mod gemini_acp;
mod hermes;
mod opencode_acp;
mod pi;
mod qwen;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};

use super::known::Known;
use crate::layout::{self, PathContext, PathError};

/// How long a hook may take before it counts as hanging, in seconds; what the agent itself allows
/// is longer.
const DEADLINE: u32 = 10;

/// The verbs of `nightshift mcp`.
const NIGHT: [&str; 5] = ["note", "assume", "park", "halt", "done"];

/// Where a session's kit goes, and what is in it.
pub(super) struct Place<'a> {
    /// The user's own home, from which logins are copied.
    pub(super) user: &'a Path,
    /// The private home, as this process sees it.
    pub(super) home: &'a Path,
    /// The private home, as the agent sees it.
    pub(super) inside: &'a Path,
    /// The bench.
    pub(super) bench: &'a Path,
    /// This program.
    pub(super) program: &'a Path,
    /// Where hooks ask.
    pub(super) socket: &'a Path,
    /// What the session's own variables are, for servers that an agent starts without its
    /// environment.
    pub(super) voice: &'a [(&'static str, String)],
    /// The model to ask for.
    pub(super) model: Option<&'a str>,
}

/// What the agent gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kit {
    /// Arguments, after its own.
    pub(super) args: Vec<String>,
    /// What an agent that speaks the protocol is told when a session is made.
    pub(super) meta: Map<String, Value>,
    /// Variables.
    pub(super) env: Vec<(&'static str, String)>,
    /// Files of the bench that would open the gate again: the agent does not see them.
    pub(super) hidden: Vec<PathBuf>,
}

/// Equips an agent; `None` when there is nothing to equip it with.
///
/// # Errors
/// One of the files cannot be written.
pub(super) fn equip(agent: &Known, place: &Place<'_>) -> Result<Option<Kit>, PathError> {
    for login in agent.login {
        place.bring(login)?;
    }
    Ok(Some(match agent.name {
        "claude" => claude::kit(place)?,
        "codex" => codex::kit(place),
        "gemini" => gemini::kit(place)?,
        "qwen" => qwen::kit(place)?,
        "copilot" => copilot::kit(place)?,
        "hermes" => hermes::kit(place)?,
        "pi" => pi::kit(place)?,
        _ => return Ok(None),
    }))
}

/// Equips an agent that speaks the protocol, so that its permission requests come to us; `None`
/// when there is nothing to equip it with.
///
/// # Errors
/// One of the files cannot be written.
pub(super) fn equip_acp(agent: &Known, place: &Place<'_>) -> Result<Option<Kit>, PathError> {
    Ok(Some(match agent.program {
        "claude-agent-acp" => claude_acp::kit(place)?,
        "codex-acp" => codex_acp::kit(place)?,
        "opencode" => opencode_acp::kit(place)?,
        "gemini" => gemini_acp::gemini(place, agent.login)?,
        "qwen" => gemini_acp::qwen(place, agent.login)?,
        _ => {
            for login in agent.login {
                place.bring(login)?;
            }
            return Ok(None);
        }
    }))
}

/// Returns the fields of an object.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

impl Place<'_> {
    /// Copies a file of the user's home to the same place in the private one, if it is there.
    fn bring(&self, name: &str) -> Result<(), PathError> {
        let from = self.user.join(name);
        let bytes = match fs::read(&from) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).at("read", &from),
        };
        self.write(name, &bytes).map(|_| ())
    }

    /// Writes a file of the private home, readable by its owner alone; returns its path as the agent
    /// sees it.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, PathError> {
        use std::os::unix::fs::PermissionsExt as _;
        fs::create_dir_all(self.home).at("create the folder", self.home)?;
        // In a session that is continued, the home is as the agent left it.
        layout::write_within(self.home, Path::new(name), bytes)?;
        let path = self.home.join(name);
        let only_mine = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&path, only_mine).at("set the permissions of", &path)?;
        Ok(self.inside.join(name))
    }

    fn write_json(&self, name: &str, value: &Value) -> Result<PathBuf, PathError> {
        self.write(name, format!("{value:#}\n").as_bytes())
    }

    /// Reads a JSON file of the user's home; what cannot be read as such is as if it were not there.
    fn users_json(&self, name: &str) -> Map<String, Value> {
        let text = fs::read_to_string(self.user.join(name)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A shell command that is the hook of this platform and refuses whatever goes wrong with it.
    fn hook(&self, platform: &str) -> String {
        format!(
            "timeout {DEADLINE} {} hook {platform} {} || {{ echo 'nightshift: the hook is unavailable' >&2; exit 2; }}",
            quote(&self.program.to_string_lossy()),
            quote(&self.socket.to_string_lossy()),
        )
    }

    /// The verbs of `say` as an MCP server, as most agents write one.
    fn server(&self) -> Value {
        json!({
            "command": self.program,
            "args": ["mcp"],
            "env": self.voice.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        })
    }
}

/// Quotes a word for `sh`.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
