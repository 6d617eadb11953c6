//! What opening a night finds in the real world: see [`Ground`].

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    bench::REHEARSAL,
    ground::{Ground, Terms},
    names,
    real::Real,
    world::Trouble,
};
use crate::{
    backlog::Backlog,
    clock::Now,
    config::GatePlace,
    machine::{Event, Limits, NightStarted, Repair},
    process,
    repo::{Head, LandedCommit, id::CommitId},
};

/// Lines of a diff from which a landing asks for a look.
const LARGE_DIFF: u32 = 600;

/// What to do when git itself is in the way.
const DOCTOR: &str = "run `nightshift doctor`";

impl Ground for Real {
    async fn repair(&mut self) -> Result<Vec<Repair>, Trouble> {
        let mut repairs = Vec::new();
        let layout = &self.hands.layout;
        let ended = process::sweep(&[], &names::mark_prefix(layout), layout.rooms());
        if !ended.is_empty() {
            let count = u32::try_from(ended.len()).unwrap_or(u32::MAX);
            repairs.push(Repair::ProcessesEnded { count });
        }
        let locks = self.hands.git.clear_stale_locks().await.map_err(|error| {
            let remedy = "look at `.git/refs/nightshift`, then `nightshift run`";
            Trouble::of(&error, remedy)
        })?;
        if !locks.is_empty() {
            let paths = locks
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            repairs.push(Repair::StaleLocks { paths });
        }
        Ok(repairs)
    }

    async fn head(&self) -> Result<Head, Trouble> {
        let head = self.hands.git.head().await;
        head.map_err(|error| Trouble::of(&error, DOCTOR))
    }

    async fn tip(&self, branch: &str) -> Result<Option<CommitId>, Trouble> {
        let tip = self.hands.git.tip(branch).await;
        tip.map_err(|error| Trouble::of(&error, DOCTOR))
    }

    async fn landed(&self, branch: &str, base: &CommitId) -> Result<Vec<LandedCommit>, Trouble> {
        let landed = self.hands.git.landed(branch, base).await;
        landed.map_err(|error| {
            let short = branch.strip_prefix("refs/heads/").unwrap_or(branch);
            let remedy =
                format!("look at `git log {short}`; `nightshift run --new` begins a new night");
            Trouble::of(&error, remedy)
        })
    }

    async fn create_branch(&mut self, branch: &str, at: &CommitId) -> Result<(), Trouble> {
        let created = self.hands.git.create_branch(branch, at).await;
        created.map_err(|error| Trouble::of(&error, DOCTOR))
    }

    async fn is_ancestor(&self, commit: &CommitId, of: &CommitId) -> Result<bool, Trouble> {
        let is = self.hands.git.is_ancestor(commit, of).await;
        is.map_err(|error| Trouble::of(&error, DOCTOR))
    }

    fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    async fn terms(&self, at: Timestamp, head: &Head) -> Result<Terms, Trouble> {
        let site = &self.hands.site;
        let night = self.free_name(at).await?;
        let (harnesses, accounts) = if self.rehearsal {
            (vec![REHEARSAL.to_owned()], BTreeMap::new())
        } else {
            let accounts = site
                .config
                .harness
                .iter()
                .filter_map(|(name, config)| Some((name.clone(), config.account.clone()?)));
            (site.config.agent.harness.clone(), accounts.collect())
        };
        Ok(NightStarted {
            branch: names::branch(&night),
            night,
            base: head.commit.clone(),
            base_tree: head.tree.clone(),
            onto: head.branch.clone(),
            limits: self.limits(),
            harnesses,
            accounts,
            config: site.config_hash.clone(),
            policy: site.policy.checksum().to_owned(),
            blind_spots: self.blind_spots.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    fn enter(&mut self, night: &str) {
        night.clone_into(&mut self.night);
    }

    fn begin(&mut self, now: &Now, events: &[Event]) -> Result<(), Trouble> {
        self.journal
            .begin_segment(&self.night, events, now)
            .map(drop)
            .map_err(|error| Trouble::of(&error, "look at the disk, then `nightshift run`"))
    }
}

impl Real {
    /// Returns the name of a night that begins at `at`.
    async fn free_name(&self, at: Timestamp) -> Result<String, Trouble> {
        if self.rehearsal {
            return Ok(REHEARSAL.to_owned());
        }
        let branches = self.hands.git.list_refs("refs/heads/nightshift/").await;
        let branches = branches.map_err(|error| Trouble::of(&error, DOCTOR))?;
        Ok(names::night_id(at, |id| {
            let branch = names::branch(id);
            self.hands.layout.night(id).exists() || branches.iter().any(|(name, _)| *name == branch)
        }))
    }

    fn limits(&self) -> Limits {
        let site = &self.hands.site;
        let breakers = site.policy.breakers();
        Limits {
            length_ms: u64::try_from(site.config.night.length.as_millis()).unwrap_or(u64::MAX),
            attempts: site.config.agent.attempts,
            consecutive_failures: breakers.consecutive_failures.get(),
            yield_after: breakers.yield_after.get(),
            yield_bad: breakers.yield_bad,
            large_diff: LARGE_DIFF,
            gate_in_bench: site.config.gate.place == GatePlace::Bench,
            budgets: site.config.budget.clone(),
        }
    }
}
