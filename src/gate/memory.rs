//! Green verdicts of earlier runs, by tree, command and check.
//!
//! One JSON line per verdict in `verdicts.jsonl`. Only passes are kept: a red verdict may be the
//! fault of the environment of its night, and believing it would block work for ever, while a
//! flaky one has to show itself again. The file is a cache: a lost or torn line costs a rerun.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    layout::{PathContext, PathError},
    repo::id::TreeId,
};

use super::verdict::{Check, Class, Verdict};

/// Returns the BLAKE3 hash of a command's text, hexadecimal.
pub fn command_hash(command: &str) -> String {
    blake3::hash(command.as_bytes()).to_hex().to_string()
}

/// Remembered passes.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    passed: HashMap<(TreeId, String, Check), Verdict>,
    /// Whether the file's last line lacks its end, so that the next one must not be glued to it.
    is_torn: bool,
}

impl Memory {
    /// Reads what is remembered in this file; a missing file is an empty memory. Lines that are
    /// not verdicts are passed over.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn load(path: &Path) -> Result<Self, PathError> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.at("read", path)?,
        };
        let passed = bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<Verdict>(line).ok())
            .filter(|verdict| verdict.class == Class::Passed)
            .map(|verdict| (key(&verdict), verdict))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            passed,
            is_torn: bytes.last().is_some_and(|byte| *byte != b'\n'),
        })
    }

    /// Returns the pass of this check with this command (its [`command_hash`]) on this tree, as a
    /// verdict that says it is remembered; `None` when none is.
    pub fn get(&self, tree: &TreeId, command: &str, check: Check) -> Option<Verdict> {
        let verdict = self
            .passed
            .get(&(tree.clone(), command.to_owned(), check))?;
        Some(Verdict {
            took_ms: 0,
            log: None,
            log_hash: None,
            remembered: true,
            ..verdict.clone()
        })
    }

    /// Remembers a verdict, if it is a pass and not itself remembered. It is not synced: losing it
    /// costs a rerun.
    ///
    /// # Errors
    /// The file cannot be written; the verdict is then remembered by this process only.
    pub fn remember(&mut self, verdict: &Verdict) -> Result<(), PathError> {
        if verdict.class != Class::Passed || verdict.remembered {
            return Ok(());
        }
        let known = self.passed.insert(key(verdict), verdict.clone());
        if known.is_some() {
            return Ok(());
        }
        let json = serde_json::to_string(verdict).map_err(io::Error::other);
        let line = json.at("write", &self.path)?;
        let start = if self.is_torn { "\n" } else { "" };
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).at("create the folder", folder)?;
        }
        // One write, so that a crash tears at most this line.
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)
            .and_then(|mut file| file.write_all(format!("{start}{line}\n").as_bytes()));
        self.is_torn = written.is_err();
        written.at("append to", &self.path)
    }
}

fn key(verdict: &Verdict) -> (TreeId, String, Check) {
    (verdict.tree.clone(), verdict.command.clone(), verdict.check)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(tree: &str, class: Class) -> Verdict {
        Verdict {
            check: Check::Gate,
            class,
            tree: TreeId(tree.to_owned()),
            command: command_hash("true"),
            exit: Some(0),
            took_ms: 12,
            signature: None,
            reason: "exit code 0".to_owned(),
            log: Some("gate.log".to_owned()),
            log_hash: Some("00".to_owned()),
            remembered: false,
        }
    }

    #[test]
    fn remembers_passes_across_a_torn_and_a_foreign_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/verdicts.jsonl");
        let mut memory = Memory::load(&path).unwrap();
        memory.remember(&verdict("a", Class::Passed)).unwrap();
        memory.remember(&verdict("red", Class::Introduced)).unwrap();
        memory.remember(&verdict("flaky", Class::Flaky)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"version\":9}\n\xff\n{\"check\":\"gate\",\"cla");
        crate::layout::write(&path, &bytes).unwrap();

        let mut memory = Memory::load(&path).unwrap();
        memory.remember(&verdict("b", Class::Passed)).unwrap();
        let memory = Memory::load(&path).unwrap();
        let get = |tree: &str, command: &str, check| {
            memory.get(&TreeId(tree.to_owned()), &command_hash(command), check)
        };
        let expected = Verdict {
            took_ms: 0,
            log: None,
            log_hash: None,
            remembered: true,
            ..verdict("a", Class::Passed)
        };
        assert_eq!(get("a", "true", Check::Gate), Some(expected));
        assert!(get("b", "true", Check::Gate).is_some());
        assert_eq!(get("a", "false", Check::Gate), None);
        assert_eq!(get("a", "true", Check::Accept), None);
        assert_eq!(get("red", "true", Check::Gate), None);
        assert_eq!(get("flaky", "true", Check::Gate), None);
    }

    #[test]
    fn the_same_pass_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("verdicts.jsonl");
        let mut memory = Memory::load(&path).unwrap();
        for _ in 0..3 {
            memory.remember(&verdict("a", Class::Passed)).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert!(
            Memory::load(folder.path()).is_err(),
            "a folder is not a memory"
        );
    }
}
