//! Taking stock of the bench after an attempt: keep its files under the attempt's ref, put
//! protected files back, and ask the contract about the difference.

use std::{collections::HashSet, fs, io, path::Path};

use super::{
    hands::Room,
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
        FileDiff, SnapshotError,
        id::{CommitId, TreeId, Work},
    },
};

/// How much of a difference is kept as text beside the attempt.
const PATCH: usize = 4 * 1024 * 1024;

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
        let mut nested = Vec::new();
        let tree = match self.hands.git.snapshot(&bench, &index, at.from).await {
            Err(SnapshotError::Nested { paths }) => {
                // Their files become plain files of the bench, so that they are kept too.
                for path in &paths {
                    forget_repository(&bench.join(path))
                        .map_err(|error| Trouble::of(&error, remedy))?;
                }
                nested = paths;
                self.hands.git.snapshot(&bench, &index, at.from).await
            }
            taken => taken,
        };
        let tree = tree.map_err(|error| Trouble::of(&error, remedy))?;
        let trouble = |error: &dyn std::error::Error| Trouble::of(error, remedy);
        let diffs = self
            .hands
            .git
            .changes(at.from_tree, &tree)
            .await
            .map_err(|e| trouble(&e))?;
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
            nested: self.redacted(&nested)?,
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
                path: &diff.change.path,
                kind: diff.change.kind,
                added: &diff.added_text,
                secrets: secrets
                    .get(diff.change.path.as_str())
                    .map_or(&[], Vec::as_slice),
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

    /// Takes secrets out of the words that a rule matched.
    pub(super) fn redact_decision(&self, decision: &mut Decision) {
        for word in &mut decision.matched {
            *word = crate::sandbox::clean(&self.hands.redactor.redact(word));
        }
    }
}

/// Removes the git directory of a repository inside the bench; its files stay.
fn forget_repository(path: &Path) -> Result<(), PathError> {
    let git = if path.file_name().is_some_and(|name| name == ".git") {
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
