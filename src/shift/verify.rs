//! `nightshift verify`: the audit of real nights, from their journal, their refs and the process
//! table. It changes nothing.
//!
//! What cannot be known afterwards is said in [`Checked::notes`]: of the user's own files there is
//! no record to compare with, and a branch that was deleted cannot be looked at.

use std::{collections::BTreeMap, convert::Infallible, fs};

use serde::Serialize;

use super::{names, site::Site};
use crate::{
    audit::{self, Evidence, Invariant, Violation},
    clock::Now,
    journal::{self, OpenError, Record, SegmentInfo, Which},
    layout::{Lock, PathError},
    machine::{Event, State},
    process,
    repo::{self, Git, GitError, id::CommitId},
};

/// One night that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Its id; empty when its segment holds none.
    pub night: String,
    /// Which segment of the journal holds it.
    pub segment: u32,
    /// How many records that has.
    pub records: usize,
    /// Whether a runner is at work on it.
    pub running: bool,
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// What could not be checked, and why, as sentences.
    pub notes: Vec<String>,
}

/// Why nights cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Journal(#[source] OpenError),
    /// The lock cannot be looked at.
    #[error(transparent)]
    Lock(PathError),
    /// The repository cannot be opened.
    #[error("the repository cannot be opened")]
    Repo(#[source] repo::OpenError),
    /// The repository cannot be looked at.
    #[error("the repository cannot be looked at")]
    Git(#[source] GitError),
}

impl Site {
    /// Checks every night of the journal, oldest first, or only the one of this name.
    ///
    /// # Errors
    /// The journal or the repository cannot be read at all. Damage is no error, but a violation.
    pub async fn verify(&self, only: Option<&str>) -> Result<Vec<Checked>, VerifyError> {
        let folder = self.layout.journal();
        let segments = journal::segments(&folder).map_err(VerifyError::Journal)?;
        let newest = segments.last().map_or(0, |segment| segment.number);
        let held = Lock::holder(&self.layout.lock())
            .map_err(VerifyError::Lock)?
            .is_some();
        let git = Git::open(&self.found).map_err(VerifyError::Repo)?;
        let mut all = Vec::new();
        for segment in segments {
            if only.is_some_and(|night| segment.first_night.as_deref() != Some(night)) {
                continue;
            }
            let running = held && segment.number == newest;
            all.push(self.verify_one(&git, &segment, running).await?);
        }
        Ok(all)
    }

    async fn verify_one(
        &self,
        git: &Git,
        segment: &SegmentInfo,
        running: bool,
    ) -> Result<Checked, VerifyError> {
        let mut checked = Checked {
            night: segment.first_night.clone().unwrap_or_default(),
            segment: segment.number,
            records: 0,
            running,
            violations: Vec::new(),
            notes: vec![
                "your branch, index, checkout and stash: there is no record of them to compare \
                 with"
                    .to_owned(),
            ],
        };
        let (history, state) = self.facts_of(segment, &mut checked)?;
        checked.records = history.len();
        // Nothing is concluded from a damaged journal.
        let Some(night) = state.night().filter(|_| checked.violations.is_empty()) else {
            return Ok(checked);
        };
        let branch = &night.terms.branch;
        let commits = match git.tip(branch).await.map_err(VerifyError::Git)? {
            Some(_) => {
                let landed = git.landed(branch, &night.terms.base).await;
                let landed = landed.map_err(VerifyError::Git)?;
                Some(landed.iter().map(names::branch_commit).collect::<Vec<_>>())
            }
            None => {
                let short = branch.trim_start_matches("refs/heads/");
                let gone = format!("the commits of `{short}`: there is no such branch any more");
                checked.notes.push(gone);
                None
            }
        };
        let prefix = format!("refs/nightshift/attempts/{}/", night.terms.night);
        let refs = git.list_refs(&prefix).await.map_err(VerifyError::Git)?;
        let refs: BTreeMap<String, CommitId> = refs.into_iter().collect();
        let processes: Vec<String> =
            process::left(&names::mark_prefix(&self.layout), self.layout.rooms())
                .iter()
                .map(|process| format!("process {} of an attempt", process.pid))
                .collect();
        checked.violations.extend(audit::audit(&Evidence {
            history: &history,
            state: &state,
            branch: commits.as_deref(),
            refs: Some(&refs),
            processes: &processes,
            running,
        }));
        self.verify_logs(&history, &mut checked);
        Ok(checked)
    }

    /// Reads a segment; damage and facts that cannot follow are violations.
    fn facts_of(
        &self,
        segment: &SegmentInfo,
        checked: &mut Checked,
    ) -> Result<(Vec<(Now, Event)>, State), VerifyError> {
        let mut state = State::default();
        let mut history = Vec::new();
        let folder = self.layout.journal();
        let mut illegal = None;
        let read = journal::read(
            &folder,
            Which::Number(segment.number),
            |record: Record<Event>| {
                let now = record.now();
                if let Err(error) = state.evolve(&now, &record.event) {
                    let seq = record.seq;
                    illegal.get_or_insert_with(|| format!("record {seq} cannot follow: {error}"));
                }
                history.push((now, record.event));
                Ok::<(), Infallible>(())
            },
        );
        let damage = match read {
            Ok(_) => None,
            Err(error @ (OpenError::Damaged { .. } | OpenError::Unreadable { .. })) => {
                Some(error.to_string())
            }
            Err(error) => return Err(VerifyError::Journal(error)),
        };
        for what in damage.into_iter().chain(illegal) {
            checked
                .violations
                .push(Violation::new(Invariant::Journal, what));
        }
        Ok((history, state))
    }

    /// Compares the kept output of each gate with what was journaled of it.
    fn verify_logs(&self, history: &[(Now, Event)], checked: &mut Checked) {
        let folder = self.layout.night(&checked.night);
        let mut missing = 0;
        for (_, event) in history {
            let (Event::Gated { ticket, verdicts } | Event::BaselineTaken { ticket, verdicts }) =
                event
            else {
                continue;
            };
            for verdict in verdicts {
                let (Some(log), Some(hash)) = (&verdict.log, &verdict.log_hash) else {
                    continue;
                };
                match fs::read(folder.join(log)) {
                    Err(_) => missing += 1,
                    Ok(bytes) if *blake3::hash(&bytes).to_hex() == **hash => {}
                    Ok(_) => checked.violations.push(Violation::new(
                        Invariant::Gated,
                        format!("`{log}`, what the gate of `{ticket}` said, was changed"),
                    )),
                }
            }
        }
        if missing > 0 {
            let note = format!("what gates said: {missing} of their logs are not there any more");
            checked.notes.push(note);
        }
    }
}
