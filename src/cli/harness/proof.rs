//! What is believed of an agent and on what ground: a check on this machine, the version that
//! nightshift's own tests drive, or words alone.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    config::{Environment, HarnessConfig},
    harness::{self, Capabilities, Proof, known},
    layout::{self, PathError},
};

/// What a check found on this machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Checked {
    pub(super) at: Timestamp,
    /// The agent's version at that time.
    pub(super) version: Option<String>,
    pub(super) events: bool,
    pub(super) usage: bool,
    /// A tool call was refused, and the model was told.
    pub(super) hard_deny: bool,
    /// It named its session.
    pub(super) session: bool,
}

/// What is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) capabilities: Capabilities,
    /// By what, as words for a person.
    pub(super) ground: String,
}

fn file(name: &str, environment: &Environment) -> Option<PathBuf> {
    let folder = environment.rooms_home().ok()?.join("harness");
    // The name is a key of the configuration: letters, digits, dashes.
    Some(folder.join(format!("{name}.json")))
}

impl Checked {
    /// Reads what the last check of a harness found; what cannot be read is as if there were none.
    pub(super) fn load(name: &str, environment: &Environment) -> Option<Self> {
        let bytes = std::fs::read(file(name, environment)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn save(&self, name: &str, environment: &Environment) -> Result<(), PathError> {
        let Some(path) = file(name, environment) else {
            return Ok(());
        };
        let folder = path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder).map_err(|source| PathError {
            action: "create the folder",
            path: folder.to_owned(),
            source,
        })?;
        layout::replace(&path, &serde_json::to_vec_pretty(self).unwrap_or_default())
    }
}

impl Shown {
    /// Returns what is believed of a harness whose program has this version now.
    pub(super) fn of(
        name: &str,
        config: &HarnessConfig,
        version: Option<&str>,
        environment: &Environment,
    ) -> Self {
        let mut capabilities = harness::capabilities(config);
        if let Some(checked) = Checked::load(name, environment)
            && checked.version.as_deref() == version
        {
            let seen = |there, before: Proof| if there { Proof::Verified } else { before };
            capabilities.events = seen(checked.events, capabilities.events);
            capabilities.usage = seen(checked.usage, capabilities.usage);
            capabilities.hard_deny = seen(checked.hard_deny, capabilities.hard_deny);
            let day = checked.at.strftime("%Y-%m-%d");
            return Self {
                capabilities,
                ground: format!("a check on this machine on {day}"),
            };
        }
        let observed = known::of(config).map(|known| known.observed);
        let ground = match (observed, version) {
            (Some(observed), Some(version)) if observed == version => {
                "nightshift's own tests drive this version".to_owned()
            }
            (Some(observed), _) => {
                capabilities = declared(capabilities);
                format!(
                    "nightshift's own tests drive {observed}; of this one it is declared, not verified"
                )
            }
            (None, _) => "the configuration alone; nothing was verified".to_owned(),
        };
        Self {
            capabilities,
            ground,
        }
    }

    pub(super) fn capabilities_in_words(&self) -> String {
        let all = [
            ("events", self.capabilities.events),
            ("usage", self.capabilities.usage),
            ("refuse tool calls", self.capabilities.hard_deny),
            ("tell limits", self.capabilities.limits_recognised),
            ("MCP", self.capabilities.mcp),
            ("resume", self.capabilities.resume),
        ];
        let words: Vec<_> = all
            .iter()
            .map(|(name, proof)| {
                let word = match proof {
                    Proof::No => "no",
                    Proof::Declared => "declared",
                    Proof::Verified => "verified",
                };
                format!("{name} {word}")
            })
            .collect();
        words.join(", ")
    }
}

/// What was seen with another version is no more than declared of this one.
fn declared(all: Capabilities) -> Capabilities {
    let lower = |proof| match proof {
        Proof::No => Proof::No,
        Proof::Declared | Proof::Verified => Proof::Declared,
    };
    Capabilities {
        events: lower(all.events),
        usage: lower(all.usage),
        resume: lower(all.resume),
        hard_deny: lower(all.hard_deny),
        limits_recognised: lower(all.limits_recognised),
        mcp: lower(all.mcp),
    }
}
