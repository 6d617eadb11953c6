//! Taking stock of the bench after an attempt: keep its files under the attempt's ref, look
//! through them for what may not land by itself, put protected files back, and ask the contract
//! about the difference.

use std::{collections::HashSet, fs, io, path::Path};

use super::{
    hands::Room,
    mend::{put_aside, put_right},
    names,
    real::Real,
    secrets::Brought,
    tests_touched::existing_tests,
    world::{AttemptAt, Trouble},
};
use crate::{
    layout::{self, PathContext, PathError},
    machine::{Event, State, Taken},
    policy::{
        ChangedFile,
        decision::{Action, Decision},
    },
    repo::{
        FileDiff, Snapshot, SnapshotError,
        id::{CommitId, TreeId, Unfit, Work},
    },
};

/// How much of a difference is kept as text beside the attempt.
const PATCH: usize = 4 * 1024 * 1024;
/// How many findings of the scan are recorded.
const UNFIT: usize = 20;
/// How often what keeps a bench from being taken is put right.
const ROUNDS: usize = 32;
/// How many characters of a path are shown.
const PATH: usize = 300;

impl Real {
    pub(super) async fn take_stock(
        &mut self,
        state: &State,
        at: AttemptAt<'_>,
    ) -> Result<Vec<Event>, Trouble> {
        let remedy = "look at the repository and the disk, then `nightshift run`";
        let bench = self.hands.room(Room::Bench);
        let index = self.hands.index(Room::Bench);
        let is_there = fs::symlink_metadata(&bench).is_ok_and(|found| found.is_dir());
        if !is_there {
            // Somebody deleted it: nothing is left of the work, and every later run would stop here.
            self.hands.furnish(Room::Bench, at.from).await?;
        }
        let largest = self.hands.site.config.rooms.largest_file;
        let aside = (self.hands.layout).large(&self.night, at.ticket.as_str(), at.number);
        let git = &self.hands.git;
        let mut unfit = Vec::new();
        let mut rounds = 0..ROUNDS;
        let taken = loop {
            let error = match git.snapshot(&bench, &index, at.from, largest).await {
                Err(error) if rounds.next().is_some() => error,
                taken => break taken,
            };
            let found = match &error {
                SnapshotError::Nested { paths } => {
                    // Their files become plain files of the bench, so that they are kept too; but
                    // those in a submodule's folder, which is one to git whatever is in it.
                    for path in paths {
                        let known = unfit.iter().any(
                            |one| matches!(one, Unfit::Nested { path: before } if before == path),
                        );
                        let done = if known {
                            put_aside(&bench, &aside, Path::new(path))
                        } else {
                            forget_repository(&bench.join(path))
                        };
                        done.map_err(|error| Trouble::of(&error, remedy))?;
                    }
                    let nested = |path: &String| Unfit::Nested { path: path.clone() };
                    paths.iter().map(nested).collect()
                }
                _ => put_right(&bench, &aside, &error)
                    .map_err(|error| Trouble::of(&error, remedy))?,
            };
            if found.is_empty() {
                break Err(error);
            }
            unfit.extend(found);
        };
        let Snapshot { tree, large } = taken.map_err(|error| Trouble::of(&error, remedy))?;
        let trouble = |error: &dyn std::error::Error| Trouble::of(error, remedy);
        let diffs = git
            .changes(at.from_tree, &tree)
            .await
            .map_err(|e| trouble(&e))?;
        let scanned = git.scan(at.from_tree, &tree).await;
        unfit.extend(scanned.map_err(|e| trouble(&e))?);
        unfit.extend(large.iter().map(|file| {
            Unfit::Large {
                path: file.path.to_string_lossy().into_owned(),
                bytes: file.bytes,
                most: largest,
                kept: keep_aside(&bench, &aside, &file.path)
                    .ok()
                    .map(|()| aside.display().to_string()),
            }
        }));
        let reference = names::attempt_ref(&self.night, at.ticket, at.number);
        let message = crate::repo::message(
            &format!("Attempt {} on {}", at.number, at.ticket),
            "",
            &[
                (names::NIGHT, self.night.clone()),
                (names::TICKET, at.ticket.to_string()),
                (names::ATTEMPT, at.number.to_string()),
            ],
        );
        let commit = self
            .hands
            .git
            .keep(&reference, &tree, at.from, &message)
            .await
            .map_err(|error| trouble(&error))?;

        let brought = self.secrets_between(at.from_tree, &tree).await?;
        let folder = self.desk(at.ticket, at.number).folder;
        self.learn(&brought, &folder)?;
        let decision = self.judge_diff(state, &at, &diffs, &brought);
        unfit.retain(|one| !self.is_allowed(state, &at, &diffs, one));
        let unfit = self.presentable(unfit);
        let candidate = self
            .put_protected_back(&at, &tree, &diffs, &decision)
            .await?;
        let candidate_commit = if candidate == tree {
            commit.clone()
        } else {
            let reference = format!("{reference}-gated");
            let kept = self
                .hands
                .git
                .keep(&reference, &candidate, at.from, &message)
                .await;
            kept.map_err(|error| trouble(&error))?
        };
        self.write_patch(&at, &tree).await?;
        let work = measure(commit, tree, &diffs);
        let tests_changed = existing_tests(diffs.iter().map(|diff| &diff.change));
        let taken = Taken {
            reference,
            work,
            candidate,
            candidate_commit,
            decision,
            tests_changed: self.redacted(&tests_changed)?,
            unfit,
        };
        Ok(vec![Event::WorkKept {
            ticket: at.ticket.clone(),
            taken: Box::new(taken),
        }])
    }

    fn judge_diff(
        &self,
        state: &State,
        at: &AttemptAt<'_>,
        diffs: &[FileDiff],
        brought: &Brought,
    ) -> Decision {
        let secrets = brought.findings();
        let files: Vec<_> = diffs
            .iter()
            .map(|diff| ChangedFile {
                secrets: secrets
                    .get(diff.change.path.as_str())
                    .map_or(&[], Vec::as_slice),
                ..ChangedFile::from(diff)
            })
            .collect();
        let mut decision = match state.ticket(at.ticket) {
            Some(ticket) => self.hands.site.policy.at_diff(&ticket.facts, &files),
            None => Decision::unmatched(crate::policy::decision::Point::Diff),
        };
        self.redact_decision(&mut decision);
        decision
    }

    /// Returns the tree to gate: the work's, with the protected files that it touched as they
    /// were, unless a rule allows them.
    async fn put_protected_back(
        &self,
        at: &AttemptAt<'_>,
        tree: &TreeId,
        diffs: &[FileDiff],
        decision: &Decision,
    ) -> Result<TreeId, Trouble> {
        if decision.action == Action::Proceed {
            return Ok(tree.clone());
        }
        let changes: Vec<_> = diffs.iter().map(|diff| diff.change.clone()).collect();
        let touched: HashSet<String> = self.hands.protected.touched(&changes).into_iter().collect();
        if touched.is_empty() {
            return Ok(tree.clone());
        }
        let paths: Vec<_> = touched.into_iter().collect();
        self.hands
            .git
            .restore(tree, at.from_tree, &paths)
            .await
            .map_err(|error| Trouble::of(&error, "look at the repository, then `nightshift run`"))
    }

    async fn write_patch(&self, at: &AttemptAt<'_>, tree: &TreeId) -> Result<(), Trouble> {
        let remedy = "look at the disk, then `nightshift run`";
        let (patch, cut) = self
            .hands
            .git
            .patch(at.from_tree, tree, PATCH)
            .await
            .map_err(|error| Trouble::of(&error, remedy))?;
        // No half of a secret at the cut.
        let whole = match patch.rsplit_once('\n') {
            Some((lines, _)) if cut => lines,
            _ => &patch,
        };
        let mut text = self.hands.redactor.redact(whole).into_owned();
        if cut {
            text.push_str("\n[cut here: the whole difference is under the attempt's ref]\n");
        }
        let path = self.desk(at.ticket, at.number).folder.join("diff.patch");
        layout::write(&path, text.as_bytes()).map_err(|error| Trouble::of(&error, remedy))
    }

    /// Returns whether a finding is a file of rules that the contract lets through: by its path, by
    /// the ticket or by a label, but not by its words, which are the agent's.
    fn is_allowed(
        &self,
        state: &State,
        at: &AttemptAt<'_>,
        diffs: &[FileDiff],
        found: &Unfit,
    ) -> bool {
        let Unfit::Rules { path } = found else {
            return false;
        };
        let file: Vec<_> = (diffs.iter().filter(|diff| diff.change.path == *path))
            .map(ChangedFile::from)
            .collect();
        let policy = &self.hands.site.policy;
        state.ticket(at.ticket).is_some_and(|ticket| {
            let decision = policy.at_diff(&ticket.facts, &file);
            decision.action == Action::Proceed
                && decision.rule.is_some()
                && (decision.matched.first())
                    .is_some_and(|words| words.trim_end_matches(" (deleted)") == path)
        })
    }

    /// Returns the first few findings as they may be shown.
    fn presentable(&self, found: Vec<Unfit>) -> Vec<Unfit> {
        let mut found: Vec<_> = found.into_iter().take(UNFIT).collect();
        for one in &mut found {
            match one {
                Unfit::Nested { path }
                | Unfit::Submodule { path }
                | Unfit::Rules { path }
                | Unfit::Unreadable { path } => {
                    self.show(path);
                }
                Unfit::Link {
                    path,
                    target: other,
                }
                | Unfit::Case { path, other } => {
                    self.show(path);
                    self.show(other);
                }
                Unfit::Large { path, kept, .. } => {
                    self.show(path);
                    if let Some(kept) = kept {
                        self.show(kept);
                    }
                }
            }
        }
        found
    }

    /// Makes a path one line without secrets and tricks.
    fn show(&self, path: &mut String) {
        let clean = crate::sandbox::clean(path).replace(['\n', '\t'], " ");
        *path = self.hands.redactor.redact(&clean).into_owned();
        if let Some((end, _)) = path.char_indices().nth(PATH) {
            path.truncate(end);
            path.push('…');
        }
    }

    /// Takes secrets out of the words that a rule matched.
    pub(super) fn redact_decision(&self, decision: &mut Decision) {
        for word in &mut decision.matched {
            *word = crate::sandbox::clean(&self.hands.redactor.redact(word));
        }
    }
}

impl<'a> From<&'a FileDiff> for ChangedFile<'a> {
    fn from(diff: &'a FileDiff) -> Self {
        Self {
            path: &diff.change.path,
            kind: diff.change.kind,
            added: &diff.added_text,
            secrets: &[],
        }
    }
}

/// Removes the git directory of a repository inside the bench; its files stay.
fn forget_repository(path: &Path) -> Result<(), PathError> {
    let is_git = |name: &std::ffi::OsStr| name.eq_ignore_ascii_case(".git");
    let git = if path.file_name().is_some_and(is_git) {
        path.to_owned()
    } else {
        path.join(".git")
    };
    match fs::symlink_metadata(&git) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&git).at("remove", &git),
        Ok(_) => fs::remove_file(&git).at("remove", &git),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).at("look at", &git),
    }
}

/// Keeps the content of a file that a snapshot leaves out: by one more name for it, which takes no
/// space and outlives the bench. It may have been done before a death of the runner.
fn keep_aside(bench: &Path, aside: &Path, path: &Path) -> Result<(), PathError> {
    let (from, to) = (bench.join(path), aside.join(path));
    let folder = to.parent().unwrap_or(aside);
    fs::create_dir_all(folder).at("create the folder", folder)?;
    match fs::hard_link(&from, &to) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error).at("keep", &from),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn measure(commit: CommitId, tree: TreeId, diffs: &[FileDiff]) -> Work {
    let sum = |of: fn(&FileDiff) -> u32| diffs.iter().map(of).fold(0_u32, u32::saturating_add);
    Work {
        commit,
        tree,
        files: u32::try_from(diffs.len()).unwrap_or(u32::MAX),
        added: sum(|diff| diff.change.added),
        removed: sum(|diff| diff.change.removed),
    }
}
