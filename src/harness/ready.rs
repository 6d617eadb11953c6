//! Whether a harness can run, asked before a night and before each claim.

use std::{ffi::OsStr, path::Path};

use super::{
    capability::{Capabilities, Proof},
    known,
};
use crate::{
    config::{HarnessConfig, HarnessKind},
    process::find_program,
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

/// Looks for what a harness runs: its program on `path`, its folder of stories below `root`.
pub fn ready(name: &str, config: &HarnessConfig, path: &OsStr, root: &Path) -> Readiness {
    // A command's output is read as plain lines in this version, whatever the agent offers.
    let plain = Capabilities::none();
    match &config.kind {
        HarnessKind::Command { command, .. } => {
            let program = command.first().map(String::as_str).unwrap_or_default();
            let notes = known::find(name)
                .filter(|known| known.program == program)
                .map(|known| {
                    known
                        .caveats
                        .iter()
                        .map(|caveat| (*caveat).to_owned())
                        .collect()
                })
                .unwrap_or_default();
            let found = if program.contains('/') {
                let file = root.join(program);
                file.is_file().then_some(file)
            } else {
                find_program(OsStr::new(program), path)
            };
            match found {
                Some(found) => Readiness {
                    ok: true,
                    what: found.display().to_string(),
                    notes,
                    capabilities: plain,
                },
                None => Readiness {
                    ok: false,
                    what: format!("`{program}` of `[harness.{name}]` is not on PATH"),
                    notes,
                    capabilities: plain,
                },
            }
        }
        HarnessKind::Script { stories } => {
            let folder = root.join(stories);
            // Its words are its own process's, and tests drive it: what it says is heard.
            let capabilities = Capabilities {
                events: Proof::Verified,
                ..plain
            };
            let shown = folder.display();
            if folder.is_dir() {
                let what = format!("scripted, stories in {shown}");
                Readiness {
                    ok: true,
                    what,
                    notes: Vec::new(),
                    capabilities,
                }
            } else {
                let what = format!("there is no folder of stories `{shown}`");
                Readiness {
                    ok: false,
                    what,
                    notes: Vec::new(),
                    capabilities,
                }
            }
        }
    }
}
