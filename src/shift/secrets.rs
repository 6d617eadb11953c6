//! Secrets that the work brought in.
//!
//! They are looked for in the difference between the snapshot and the bench, as soon as the session
//! has ended: before anything of it is journaled, because what the agent said may hold the value
//! without a word beside it that gives it away. From then on the run knows the values, and what the
//! session left as evidence is redacted once more. The contract hears of kinds and places only.
//!
//! A value stays where the agent put it: in the bench until the next attempt, and in the commit
//! under the attempt's ref, because work is never lost. `git update-ref -d` removes that ref.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{hands::Room, real::Real, world::Trouble};
use crate::{
    layout::{self, PathContext, PathError},
    repo::{
        Side, SnapshotError,
        id::{CommitId, TreeId},
    },
    sandbox::{Added, Finding, Redactor},
};

/// What gates said: its hash is in the journal, and it was redacted by all that was known then.
const HASHED: [&str; 4] = [
    "baseline-gate.log",
    "baseline-accept.log",
    "gate.log",
    "accept.log",
];

/// How many secrets of one difference are told and known by their values.
const MOST: usize = 1000;

const REMEDY: &str = "look at the repository and the disk, then `nightshift run`";

/// The secrets that came in, by file.
#[derive(Default)]
pub(super) struct Brought {
    files: BTreeMap<String, Vec<Added>>,
}

impl Brought {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns what may be told of them, by file.
    pub(super) fn findings(&self) -> BTreeMap<&str, Vec<Finding>> {
        let told = |added: &Vec<Added>| added.iter().map(|one| one.finding.clone()).collect();
        let files = self.files.iter();
        files
            .map(|(path, added)| (path.as_str(), told(added)))
            .collect()
    }
}

impl Real {
    /// Returns the secrets that the files in the bench hold and those of the snapshot do not.
    /// Nothing where the bench cannot be taken as it is: then they are looked for when it can.
    pub(super) async fn secrets_in_bench(
        &self,
        from: &CommitId,
        from_tree: &TreeId,
    ) -> Result<Brought, Trouble> {
        let bench = self.hands.room(Room::Bench);
        if !fs::symlink_metadata(&bench).is_ok_and(|found| found.is_dir()) {
            return Ok(Brought::default());
        }
        let index = self.hands.index(Room::Bench);
        let largest = self.hands.site.config.rooms.largest_file;
        let git = &self.hands.git;
        match git.snapshot(&bench, &index, from, largest).await {
            Ok(taken) => self.secrets_between(from_tree, &taken.tree).await,
            Err(
                SnapshotError::Nested { .. }
                | SnapshotError::Unreadable(_)
                | SnapshotError::Unfit { .. },
            ) => Ok(Brought::default()),
            Err(error) => Err(Trouble::of(&error, REMEDY)),
        }
    }

    /// Returns the secrets that came in from one tree to another: those that no file that changed
    /// held before, so that a file that was moved brings none.
    pub(super) async fn secrets_between(
        &self,
        from: &TreeId,
        to: &TreeId,
    ) -> Result<Brought, Trouble> {
        let redactor = self.hands.redactor.clone();
        let look = move |path: &str, old: Side<'_>, new: Side<'_>| {
            let before = text(old.bytes);
            let mut added = redactor.added(&before, &text(new.bytes));
            if !old.is_there {
                added.extend(redactor.added("", path).into_iter().map(Added::in_name));
            }
            (path.to_owned(), added)
        };
        let found = self.hands.git.compare(from, to, look).await;
        let mut files: BTreeMap<String, Vec<Added>> = found
            .map_err(|error| Trouble::of(&error, REMEDY))?
            .into_iter()
            .filter(|(_, added)| !added.is_empty())
            .collect();
        if files.is_empty() {
            return Ok(Brought::default());
        }
        let mut room = MOST;
        for added in files.values_mut() {
            added.truncate(room);
            room -= added.len();
        }
        let shared = Arc::new(files);
        let suspects = Arc::clone(&shared);
        let look = move |path: &str, old: Side<'_>, _: Side<'_>| {
            let before = format!("{path}\n{}", text(old.bytes));
            let held = |added: &Vec<Added>| -> Vec<bool> {
                let is_held = |one: &Added| old.is_there && one.is_in(&before);
                added.iter().map(is_held).collect()
            };
            suspects.values().map(held).collect::<Vec<_>>()
        };
        let held = self.hands.git.compare(from, to, look).await;
        let held = held.map_err(|error| Trouble::of(&error, REMEDY))?;
        files = Arc::into_inner(shared).unwrap_or_default();
        for (at, added) in files.values_mut().enumerate() {
            let mut nth = 0;
            added.retain(|_| {
                let is_held = |file: &Vec<Vec<bool>>| file.get(at)?.get(nth).copied();
                let was_there = held.iter().any(|file| is_held(file).unwrap_or_default());
                nth += 1;
                !was_there
            });
        }
        files.retain(|_, added| !added.is_empty());
        Ok(Brought { files })
    }

    /// Makes the rest of the run know these secrets, and takes them out of what is kept in an
    /// attempt's folder. What the agent said is redacted in any case: it wrote that file itself.
    pub(super) fn learn(&mut self, brought: &Brought, folder: &Path) -> Result<(), Trouble> {
        if !brought.is_empty() {
            let added = brought.files.values().flatten();
            self.hands.redactor = self.hands.redactor.knowing(added);
        }
        let is_meant = |path: &Path| {
            let is = |name: &&str| path.ends_with(name);
            !brought.is_empty() && !HASHED.iter().any(is) || path.ends_with("say.jsonl")
        };
        redact_files(folder, &self.hands.redactor, &is_meant).map_err(|error| {
            Trouble::of(
                &error,
                "look at the disk and the state folder, then `nightshift run`",
            )
        })
    }

    /// Returns a fact with every text in it redacted by all that the run knows by now.
    pub(super) fn redacted<T: Serialize + DeserializeOwned>(&self, fact: &T) -> Result<T, Trouble> {
        let redactor = &self.hands.redactor;
        serde_json::to_value(fact)
            .and_then(|value| serde_json::from_value(without(value, redactor)))
            .map_err(|error| Trouble::of(&error, "report this as a defect"))
    }
}

/// A file's text; UTF-16 reads as what it says, too.
fn text(bytes: &[u8]) -> String {
    if bytes.contains(&0) {
        let visible: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        return String::from_utf8_lossy(&visible).into_owned();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

fn without(value: Value, redactor: &Redactor) -> Value {
    match value {
        Value::String(text) => Value::String(redactor.redact(&text).into_owned()),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| without(item, redactor));
            Value::Array(items.collect())
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(key, value)| (key, without(value, redactor)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// Redacts those files of a folder and of those in it that are meant, each in place.
fn redact_files(
    folder: &Path,
    redactor: &Redactor,
    is_meant: &dyn Fn(&Path) -> bool,
) -> Result<(), PathError> {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.at("read the folder", &folder)?,
        };
        for entry in entries {
            let path = entry.at("read the folder", &folder)?.path();
            let about = fs::symlink_metadata(&path).at("look at", &path)?;
            if about.is_dir() {
                folders.push(path);
            } else if about.is_file() && is_meant(&path) {
                let bytes = fs::read(&path).at("read", &path)?;
                let text = String::from_utf8_lossy(&bytes);
                let redacted = redactor.redact(&text);
                if redacted != text {
                    layout::write(&path, redacted.as_bytes())?;
                }
            }
        }
    }
    Ok(())
}
