//! Trust on first use: whether this person has seen what the repository's own files would run.
//!
//! `nightshift.toml` and the contract come with a clone, and they run commands. What they would do
//! is trusted by hash, outside of the repository: one record per checkout and user. A file that is
//! not there needs no trust, because the defaults hold then.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io,
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    effects::{effects, visible},
    site::{CONFIG, Site},
};
use crate::{
    clock,
    config::HarnessKind,
    harness::PROMPT_TEMPLATE,
    layout::{self, PathContext, PathError},
};

/// What a site's files would run, and whether that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// How it stands.
    pub standing: Standing,
    /// What the files would do, an effect each.
    pub effects: Vec<String>,
    /// What is new since they were trusted (`+ …`) and what is gone (`- …`); empty when they never
    /// were.
    pub changes: Vec<String>,
    /// BLAKE3 of every file that matters and is there, hexadecimal, by its path in the checkout.
    pub files: BTreeMap<String, String>,
    /// The lines of the contract that mean something.
    contract: Vec<String>,
}

/// Whether a site's files are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none of them: the defaults hold.
    Nothing,
    /// They are as they were when they were trusted.
    Since(Timestamp),
    /// They never were.
    Never,
    /// Some of them are not as they were.
    Changed {
        /// When they were.
        since: Timestamp,
        /// Which are new or differ.
        files: Vec<String>,
    },
    /// The record of it cannot be read.
    Damaged {
        /// The record.
        record: PathBuf,
    },
}

impl Standing {
    /// Returns whether a night may run without asking.
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Nothing | Self::Since(_))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is nothing to trust: the defaults hold"),
            Self::Since(at) => write!(f, "what the files here run is trusted, since {at:.0}"),
            Self::Never => f.write_str("what the files here would run was never trusted by you"),
            Self::Changed { since, files } => write!(
                f,
                "not as they were when they were trusted at {since:.0}: {}",
                files.join(", ")
            ),
            Self::Damaged { record } => {
                write!(f, "the record of trust `{}` is damaged", record.display())
            }
        }
    }
}

/// What is kept of a decision to trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The format; 1.
    version: u32,
    /// The checkout, for a person who reads this.
    root: PathBuf,
    /// When.
    at: Timestamp,
    /// What: BLAKE3 by path.
    files: BTreeMap<String, String>,
    /// What was shown, so that the next time shows what is new.
    #[serde(default)]
    effects: Vec<String>,
    /// The contract's lines, for the same.
    #[serde(default)]
    contract: Vec<String>,
}

impl Site {
    /// Returns what the site's files would run, and whether that is trusted.
    ///
    /// # Errors
    /// A file that matters cannot be read.
    pub fn trust(&self) -> Result<Trust, PathError> {
        let files = self.files_to_trust()?;
        let prompt = files
            .contains_key(PROMPT_TEMPLATE)
            .then_some(PROMPT_TEMPLATE);
        let contract = if self.contracted {
            let mut text = self.config.policy.clone();
            let rules = self.policy.rule_ids().count();
            text += &format!(", {rules} rules, {} answers", self.policy.answers().count());
            text
        } else {
            "the default one".to_owned()
        };
        let mut effects = effects(&self.config, prompt, &contract);
        for name in files.keys().filter(|name| self.is_script(name)) {
            effects.push(format!(
                "{:<9} {}, which is part of this checkout",
                "script",
                visible(name)
            ));
        }
        let contract = significant(&self.contract);
        let record = self.record()?;
        let (standing, changes) = match record {
            _ if files.is_empty() => (Standing::Nothing, Vec::new()),
            Recorded::None => (Standing::Never, Vec::new()),
            Recorded::Damaged(record) => (Standing::Damaged { record }, Vec::new()),
            Recorded::Some(record) => {
                let mut changes = changes(&record.effects, &effects);
                changes.extend(self::changes(&record.contract, &contract));
                let changed: Vec<_> = files
                    .iter()
                    .filter(|(name, hash)| record.files.get(*name) != Some(*hash))
                    .map(|(name, _)| visible(name))
                    .collect();
                let since = record.at;
                if changed.is_empty() {
                    (Standing::Since(since), Vec::new())
                } else {
                    (
                        Standing::Changed {
                            since,
                            files: changed,
                        },
                        changes,
                    )
                }
            }
        };
        Ok(Trust {
            standing,
            effects,
            changes,
            files,
            contract,
        })
    }

    /// Records that the files are trusted as they were looked at.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn trust_all(&self, trust: &Trust) -> Result<(), PathError> {
        self.write_record(trust, trust.files.clone(), trust.contract.clone())
    }

    /// Records that these files are trusted; what was trusted of the others stays so.
    ///
    /// # Errors
    /// The record cannot be read or written.
    pub fn trust_some(&self, trust: &Trust, names: &[String]) -> Result<(), PathError> {
        let (mut files, mut contract) = match self.record()? {
            Recorded::Some(record) => (record.files, record.contract),
            Recorded::None | Recorded::Damaged(_) => (BTreeMap::new(), Vec::new()),
        };
        let chosen = trust.files.iter().filter(|(name, _)| names.contains(name));
        files.extend(chosen.map(|(name, hash)| (name.clone(), hash.clone())));
        if names.contains(&self.config.policy) {
            contract.clone_from(&trust.contract);
        }
        self.write_record(trust, files, contract)
    }

    fn write_record(
        &self,
        trust: &Trust,
        files: BTreeMap<String, String>,
        contract: Vec<String>,
    ) -> Result<(), PathError> {
        let record = Record {
            version: 1,
            root: self.found.root.clone(),
            at: clock::now().at,
            files,
            effects: trust.effects.clone(),
            contract,
        };
        let path = self.layout.trust();
        let bytes = serde_json::to_vec_pretty(&record)
            .map_err(io::Error::other)
            .at("write", &path)?;
        layout::replace(&path, &bytes)
    }

    fn record(&self) -> Result<Recorded, PathError> {
        let path = self.layout.trust();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(match serde_json::from_slice::<Record>(&bytes) {
                Ok(record) if record.version == 1 => Recorded::Some(record),
                Ok(_) | Err(_) => Recorded::Damaged(path),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Recorded::None),
            Err(error) => Err(error).at("read", &path),
        }
    }

    /// Returns every file that matters with its hash: of the two that were read, of what was read.
    fn files_to_trust(&self) -> Result<BTreeMap<String, String>, PathError> {
        let mut files = BTreeMap::new();
        if self.configured {
            files.insert(CONFIG.to_owned(), self.config_hash.clone());
        }
        if self.contracted {
            let hash = self.policy.checksum().to_owned();
            files.insert(self.config.policy.clone(), hash);
        }
        let named = self.scripts();
        for name in named.iter().map(String::as_str).chain([PROMPT_TEMPLATE]) {
            let path = self.found.root.join(name);
            if !files.contains_key(name) && path.is_file() {
                files.insert(name.to_owned(), hash(&path)?);
            }
        }
        Ok(files)
    }

    fn is_script(&self, name: &str) -> bool {
        name != CONFIG && name != self.config.policy && name != PROMPT_TEMPLATE
    }

    /// Returns what the commands of agents name that may be a file of the checkout: every word, also
    /// inside of an argument, that is a relative path.
    fn scripts(&self) -> Vec<String> {
        let commands = self
            .config
            .harness
            .values()
            .filter_map(|it| match &it.kind {
                HarnessKind::Command { command, .. } | HarnessKind::Acp { command } => {
                    Some(command)
                }
                HarnessKind::Script { .. } => None,
            });
        commands
            .flatten()
            .flat_map(|argument| {
                argument.split(|c: char| c.is_whitespace() || "'\"=;|&".contains(c))
            })
            .filter_map(|word| {
                let mut inside = PathBuf::new();
                for part in Path::new(word).components() {
                    match part {
                        Component::Normal(part) => inside.push(part),
                        Component::CurDir => {}
                        Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                            return None;
                        }
                    }
                }
                inside
                    .to_str()
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
            })
            .collect()
    }
}

enum Recorded {
    None,
    Some(Record),
    Damaged(PathBuf),
}

fn hash(path: &Path) -> Result<String, PathError> {
    let mut hasher = blake3::Hasher::new();
    File::open(path)
        .and_then(|mut file| io::copy(&mut file, &mut hasher))
        .at("read", path)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Returns the lines of a text that are neither empty nor comments.
fn significant(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(visible)
        .collect()
}

/// Returns what is only in the one list and what is only in the other, each in its order.
fn changes(before: &[String], after: &[String]) -> Vec<String> {
    let only = |mark: &'static str, here: &[String], there: &[String]| {
        let mut left = there.to_vec();
        here.iter()
            .filter(|one| match left.iter().position(|other| other == *one) {
                Some(at) => {
                    left.swap_remove(at);
                    false
                }
                None => true,
            })
            .map(|one| format!("{mark} {one}"))
            .collect::<Vec<_>>()
    };
    let mut changes = only("-", before, after);
    changes.extend(only("+", after, before));
    changes
}
