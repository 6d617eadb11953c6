//! What opening a night finds in the simulated world.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    earth::trouble,
    plan::HARNESSES,
    repo::{commit_id, commit_of},
    world::SimWorld,
};
use crate::{
    backlog::Backlog,
    clock::Now,
    machine::{Event, Limits, NightStarted, Repair},
    repo::{Head, LandedCommit, id::CommitId},
    shift::{Ground, Trouble},
};

impl Ground for SimWorld {
    async fn repair(&mut self) -> Result<Vec<Repair>, Trouble> {
        let mut earth = self.earth.borrow_mut();
        let ended = earth.op(|earth| std::mem::take(&mut earth.processes).len())?;
        let paths = earth.op(|earth| std::mem::take(&mut earth.locks))?;
        let mut repairs = Vec::new();
        if ended > 0 {
            repairs.push(Repair::ProcessesEnded {
                count: u32::try_from(ended).unwrap_or(u32::MAX),
            });
        }
        if !paths.is_empty() {
            repairs.push(Repair::StaleLocks { paths });
        }
        Ok(repairs)
    }

    async fn head(&self) -> Result<Head, Trouble> {
        self.earth.borrow_mut().op(|earth| earth.head())
    }

    async fn tip(&self, branch: &str) -> Result<Option<CommitId>, Trouble> {
        let mut earth = self.earth.borrow_mut();
        earth.op(|earth| earth.repo.refs.get(branch).map(|tip| commit_id(*tip)))
    }

    async fn landed(&self, branch: &str, base: &CommitId) -> Result<Vec<LandedCommit>, Trouble> {
        let mut earth = self.earth.borrow_mut();
        let found = earth.op(|earth| {
            let tip = *earth.repo.refs.get(branch)?;
            earth.repo.since(tip, commit_of(base))
        })?;
        found.ok_or_else(|| trouble(format!("{base} is not in the history of {branch}")))
    }

    async fn create_branch(&mut self, branch: &str, at: &CommitId) -> Result<(), Trouble> {
        let mut earth = self.earth.borrow_mut();
        earth.op(|earth| {
            if earth.locks.iter().any(|locked| locked == branch) {
                return Err(trouble("the ref is locked"));
            }
            earth.repo.refs.insert(branch.to_owned(), commit_of(at));
            Ok(())
        })?
    }

    async fn is_ancestor(&self, commit: &CommitId, of: &CommitId) -> Result<bool, Trouble> {
        let mut earth = self.earth.borrow_mut();
        earth.op(|earth| earth.repo.is_ancestor(commit_of(commit), commit_of(of)))
    }

    fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    async fn terms(&self, _at: Timestamp, head: &Head) -> Result<NightStarted, Trouble> {
        let mut earth = self.earth.borrow_mut();
        let refs = earth.op(|earth| earth.repo.refs.keys().cloned().collect::<Vec<_>>())?;
        let free = (1..=u32::MAX).find(|number| {
            let branch = branch(&format!("n{number}"));
            !refs.contains(&branch) && !self.nights.contains(&format!("n{number}"))
        });
        let night = format!("n{}", free.unwrap_or(1));
        let plan = &self.plan;
        let accounts = if plan.shared {
            BTreeMap::from([("h1".to_owned(), "h0".to_owned())])
        } else {
            BTreeMap::new()
        };
        Ok(NightStarted {
            branch: branch(&night),
            night,
            base: head.commit.clone(),
            base_tree: head.tree.clone(),
            onto: head.branch.clone(),
            limits: Limits {
                length_ms: plan.length_ms,
                attempts: earth.attempts,
                consecutive_failures: 6,
                yield_after: 12,
                yield_bad: 0.9,
                large_diff: 600,
                gate_in_bench: false,
                budgets: plan.budgets.clone(),
            },
            harnesses: (0..plan.chain.min(HARNESSES))
                .map(|at| format!("h{at}"))
                .collect(),
            accounts,
            config: String::new(),
            policy: String::new(),
            blind_spots: Vec::new(),
            version: "0".to_owned(),
        })
    }

    fn enter(&mut self, night: &str) {
        night.clone_into(&mut self.night);
        self.earth.borrow_mut().branch = branch(night);
    }

    fn begin(&mut self, now: &Now, events: &[Event]) -> Result<(), Trouble> {
        self.journal
            .begin_segment(&self.night, events, now)
            .map(drop)
            .map_err(|error| Trouble::of(&error, "look at the disk"))
    }
}

fn branch(night: &str) -> String {
    format!("refs/heads/nightshift/{night}")
}
