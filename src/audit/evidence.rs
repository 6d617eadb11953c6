//! What is looked at, and the whole audit.

use std::collections::BTreeMap;

use super::{
    trail::Standing,
    violation::{Invariant, Violation},
    walk::{Landing, Walk},
};
use crate::{
    clock::Now,
    machine::{Event, OutcomeKind, Phase, State},
    repo::id::{CommitId, TreeId},
};

/// A commit on the night branch, after its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchCommit {
    /// The commit.
    pub commit: CommitId,
    /// Its first parent.
    pub parent: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// The ticket that its trailer names.
    pub ticket: Option<String>,
    /// The night that its trailer names.
    pub night: Option<String>,
}

/// Everything that an audit of one night looks at.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// All facts of the night's segment, in order.
    pub history: &'a [(Now, Event)],
    /// What status shows, to be compared with the facts.
    pub state: &'a State,
    /// The commits of the night branch after its base, oldest first; `None` when the branch is not
    /// there to be looked at.
    pub branch: Option<&'a [BranchCommit]>,
    /// The refs of this night's attempts; `None` when they are not there to be looked at.
    pub refs: Option<&'a BTreeMap<String, CommitId>>,
    /// What still runs that an attempt started, each named.
    pub processes: &'a [String],
    /// Whether a runner is at work at this moment: what it has in flight is not over yet.
    pub running: bool,
}

/// Checks everything that can be checked from this evidence, and returns what does not hold.
pub fn audit(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut walk = Walk::default();
    for (now, event) in evidence.history {
        walk.read(now, event);
    }
    let mut found = std::mem::take(&mut walk.found);
    outcomes(&walk, &mut found);
    same_state(&walk, evidence.state, &mut found);
    if let Some(commits) = evidence.branch {
        branch(&walk, commits, &mut found);
    }
    if let Some(refs) = evidence.refs {
        kept(&walk, refs, &mut found);
    }
    if !evidence.running {
        for process in evidence.processes {
            let evidence = format!("{process} still runs");
            found.push(Violation::new(Invariant::NoProcess, evidence));
        }
    }
    found
}

fn outcomes(walk: &Walk, found: &mut Vec<Violation>) {
    if walk.running || walk.morning {
        return;
    }
    for (id, trail) in &walk.trails {
        let in_flight = walk
            .flight
            .as_ref()
            .is_some_and(|flight| flight.ticket == *id);
        if !matches!(trail.standing, Standing::Settled(_)) && !in_flight {
            let evidence = format!("the run is over, and `{id}` has no outcome");
            found.push(Violation::new(Invariant::OneOutcome, evidence));
        }
    }
}

/// Compares two readings of the same facts.
fn same_state(walk: &Walk, state: &State, found: &mut Vec<Violation>) {
    let mut differs = |what: String| found.push(Violation::new(Invariant::Journal, what));
    let tip = state.night().map(|night| &night.tip);
    if tip != walk.tip.as_ref() {
        differs(format!(
            "the tip is shown as {tip:?}, and was journaled as {:?}",
            walk.tip
        ));
    }
    let active = state.active().map(|(ticket, _)| &ticket.facts.id);
    let flying = walk.flight.as_ref().map(|flight| &flight.ticket);
    if active != flying {
        differs(format!("{active:?} is shown in flight, and {flying:?} is"));
    }
    for (id, ticket) in state.tickets() {
        let Some(trail) = walk.trails.get(id) else {
            differs(format!("`{id}` is shown, and was never journaled"));
            continue;
        };
        let shown = match &ticket.phase {
            Phase::Queued { .. } => Standing::Queued,
            Phase::Active(_) => Standing::Flying,
            Phase::Settled(outcome) => Standing::Settled(plain(outcome.kind())),
        };
        let journaled = match trail.standing {
            Standing::Settled(kind) => Standing::Settled(plain(kind)),
            other => other,
        };
        if shown != journaled {
            differs(format!(
                "`{id}` is shown as {shown:?}, and is {journaled:?}"
            ));
        }
        if (ticket.attempts, ticket.spent) != (trail.attempts, trail.spent) {
            differs(format!(
                "`{id}` is shown with {} attempts, {} of which count; it had {} and {}",
                ticket.attempts, ticket.spent, trail.attempts, trail.spent
            ));
        }
        if ticket.used != trail.used {
            differs(format!(
                "`{id}` is shown to have used {:?}, and used {:?}",
                ticket.used, trail.used
            ));
        }
    }
    if let Some(id) = walk.trails.keys().find(|id| state.ticket(id).is_none()) {
        differs(format!("`{id}` was journaled, and is not shown"));
    }
}

/// Both landings are one, here.
fn plain(kind: OutcomeKind) -> OutcomeKind {
    match kind {
        OutcomeKind::LowConfidence => OutcomeKind::Done,
        other => other,
    }
}

fn branch(walk: &Walk, commits: &[BranchCommit], found: &mut Vec<Violation>) {
    let mut bad = |what: String| found.push(Violation::new(Invariant::Branch, what));
    // The landing that was being made when the runner died: the next one adopts it.
    let mut commits = commits;
    if let ([before @ .., last], Some(flight)) = (commits, &walk.flight)
        && let Some((tree, parent)) = &flight.landing
        && last.tree == *tree
        && last.parent == *parent
        && !walk
            .landed
            .iter()
            .any(|landed| landed.commit == last.commit)
    {
        commits = before;
    }
    let night = walk.terms.as_ref().map(|terms| terms.night.as_str());
    for commit in commits {
        let named = walk
            .landed
            .iter()
            .filter(|landed| landed.commit == commit.commit);
        match named.count() {
            1 => {}
            0 => bad(format!(
                "the commit {} is on the branch, and no landing names it",
                commit.commit
            )),
            times => bad(format!(
                "the commit {} is named by {times} landings",
                commit.commit
            )),
        }
    }
    let mut parent = walk.terms.as_ref().map(|terms| &terms.base);
    for (at, landed) in walk.landed.iter().enumerate() {
        let Landing {
            ticket,
            commit,
            tree,
            parent: stands_on,
        } = landed;
        if Some(stands_on) != parent {
            bad(format!(
                "`{ticket}` landed on {stands_on}, which is not what landed before it"
            ));
        }
        parent = Some(commit);
        let Some(there) = commits.get(at) else {
            bad(format!(
                "`{ticket}` landed as {commit}, which is not on the branch"
            ));
            continue;
        };
        if there.commit != *commit || there.parent != *stands_on {
            bad(format!(
                "`{ticket}` landed as {commit}; {} stands there",
                there.commit
            ));
        }
        if there.ticket.as_deref() != Some(ticket.as_str()) || there.night.as_deref() != night {
            bad(format!("the commit {commit} of `{ticket}` does not say so"));
        }
        if there.tree != *tree {
            let what = format!(
                "`{ticket}` landed the tree {}, and {tree} was gated",
                there.tree
            );
            found.push(Violation::new(Invariant::Gated, what));
            return;
        }
    }
}

fn kept(walk: &Walk, refs: &BTreeMap<String, CommitId>, found: &mut Vec<Violation>) {
    for kept in &walk.kept {
        let at = refs.get(&kept.reference);
        if at != Some(&kept.commit) {
            let evidence = format!(
                "the work on `{}` is kept in {} as {}, and {} is there",
                kept.ticket,
                kept.reference,
                kept.commit,
                at.map_or("nothing", |at| at.0.as_str())
            );
            found.push(Violation::new(Invariant::WorkKept, evidence));
        }
    }
}
