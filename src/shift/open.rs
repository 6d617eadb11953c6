//! Opening a night: take the lock, read the journal, put right what an interruption left, and
//! either go on with the night that is there or begin a new one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{ground::Ground, names, world::Trouble};
use crate::{
    backlog::{
        Backlog,
        ticket::{Status, TicketId},
    },
    clock::Now,
    machine::{Carried, Checkpoint, Event, Outcome, Progress, Stage, State, TicketState},
    mutant::{Mutant, forgets},
    repo::{Head, LandedCommit},
};

/// What a run found: the night to go on with, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// The night that is there goes on.
    Resume,
    /// The night that is there is finished first: something is in flight, and its time is over.
    Finish,
    /// A new night begins.
    Begin,
}

/// Decides which night a run works on.
///
/// A night goes on while its length lasts, its base is still the user's HEAD, and its branch is
/// neither merged nor gone. One with a ticket in flight is finished in any case: nothing is lost.
pub(super) async fn course<G: Ground>(
    state: Option<&State>,
    head: &Head,
    new: bool,
    now: &Now,
    ground: &G,
) -> Result<Course, Trouble> {
    let Some((state, night)) = state.and_then(|state| Some((state, state.night()?))) else {
        return Ok(Course::Begin);
    };
    let over = night.is_over(now);
    let died = night.ended.is_none();
    // Without landed work there is nothing to be gone: the branch is made again.
    let gone = night.tip != night.terms.base && ground.tip(&night.terms.branch).await?.is_none();
    let moved = head.commit != night.terms.base;
    let merged = night.tip != night.terms.base
        && moved
        && ground.is_ancestor(&night.tip, &head.commit).await?;
    let goes_on = !over && !new && !merged && (died || (!moved && !gone));
    Ok(if goes_on {
        Course::Resume
    } else if state.active().is_some() || died {
        Course::Finish
    } else {
        Course::Begin
    })
}

/// Compares the night branch with the journal: the commit of a landing that was cut short is
/// adopted; anything else that the journal does not know of means that somebody else wrote there.
///
/// The whole range from the base is looked at, not only the tip.
pub(super) async fn reconcile<G: Ground>(
    state: &State,
    ground: &mut G,
) -> Result<Vec<Event>, Trouble> {
    let Some(night) = state.night() else {
        return Ok(Vec::new());
    };
    let branch = &night.terms.branch;
    let remedy = format!(
        "look at `git log {}`; `nightshift run --new` begins a new night",
        short(branch)
    );
    let Some(tip) = ground.tip(branch).await? else {
        if night.tip == night.terms.base {
            ground.create_branch(branch, &night.terms.base).await?;
            return Ok(Vec::new());
        }
        return Err(Trouble::new(
            format!("`{}` is gone, with landed work on it", short(branch)),
            remedy,
        ));
    };
    if tip == night.tip || forgets(Mutant::BranchNotCompared) {
        return Ok(Vec::new());
    }
    let commits = ground.landed(branch, &night.terms.base).await?;
    let known = commits
        .iter()
        .position(|commit| commit.commit == night.tip)
        .map_or(0, |at| at + 1);
    let unknown = commits.get(known..).unwrap_or_default();
    let after_base = known == 0 && night.tip != night.terms.base;
    if let ([commit], false, Some((ticket, active))) = (unknown, after_base, state.active())
        && let Stage::Landing { taken, parent, .. } = &active.stage
        && commit.tree == taken.candidate
        && commit.parent == *parent
        && trailer(commit, names::TICKET) == Some(ticket.facts.id.as_str())
        && trailer(commit, names::NIGHT) == Some(&night.terms.night)
        && !forgets(Mutant::LandingNotAdopted)
    {
        let ticket = ticket.facts.id.clone();
        return Ok(vec![Event::Landed {
            ticket,
            commit: commit.commit.clone(),
            adopted: true,
        }]);
    }
    Err(Trouble::new(
        format!(
            "`{}` is at {}, where the journal does not have it: somebody else moved it",
            short(branch),
            tip.short()
        ),
        remedy,
    ))
}

/// Returns all tickets as the nights before left them, with the backlog as it is now.
pub(super) fn checkpoint(
    before: Option<&State>,
    backlog: &Backlog,
    in_base: &HashSet<TicketId>,
) -> Checkpoint {
    let mut carried = BTreeMap::new();
    for ticket in &backlog.tickets {
        carried.insert(
            ticket.id().clone(),
            Carried {
                facts: ticket.facts.clone(),
                outcome: None,
                settled_at: None,
                night: None,
                attempts: 0,
                answers: Vec::new(),
                in_base: false,
                progress: Progress::default(),
            },
        );
    }
    let all = before
        .into_iter()
        .flat_map(|before| before.tickets().iter().chain(before.gone()));
    for (id, known) in all {
        let landed = known
            .outcome()
            .is_some_and(|outcome| outcome.kind().landed());
        let refused = || {
            let mut files = backlog.refused.iter().map(|refused| &refused.file);
            files.any(|file| *file == known.facts.file)
        };
        match carried.get_mut(id) {
            Some(carried) => {
                carried.attempts = known.attempts;
                carried.answers.clone_from(&known.answers);
                carried.progress.clone_from(&known.progress);
                let edited = carried.facts.hash != known.facts.hash;
                if edited {
                    carried.progress.begin_anew();
                }
                if landed || (!edited && stays(known)) {
                    carried.outcome = known.outcome().cloned();
                    carried.settled_at = known.settled_at;
                    carried.night.clone_from(&known.settled_in);
                    carried.in_base = landed && in_base.contains(id);
                }
            }
            // The file is gone; its landed work may still be what others depend on. Or it cannot
            // be read now, and what the ticket has been through counts when it can.
            None if landed || refused() => {
                let outcome = known.outcome().filter(|_| landed || stays(known));
                carried.insert(
                    id.clone(),
                    Carried {
                        facts: known.facts.clone(),
                        outcome: outcome.cloned(),
                        settled_at: outcome.and(known.settled_at),
                        night: outcome.and(known.settled_in.clone()),
                        attempts: known.attempts,
                        answers: known.answers.clone(),
                        in_base: in_base.contains(id),
                        progress: known.progress.clone(),
                    },
                );
            }
            None => {}
        }
    }
    Checkpoint {
        tickets: carried.into_values().collect(),
    }
}

/// Returns whether an outcome lasts beyond its night.
fn stays(ticket: &TicketState) -> bool {
    match ticket.outcome() {
        Some(
            Outcome::Parked(_)
            | Outcome::Failed { .. }
            | Outcome::Done { .. }
            | Outcome::LowConfidence { .. },
        ) => ticket.facts.status == Status::Ready,
        Some(Outcome::Held { .. } | Outcome::Blocked(_) | Outcome::Skipped { .. }) | None => false,
    }
}

/// Returns the landed tickets whose work is in a new night's base.
pub(super) async fn in_base<G: Ground>(
    state: &State,
    head: &Head,
    ground: &G,
) -> Result<HashSet<TicketId>, Trouble> {
    let mut merged: HashMap<&str, bool> = HashMap::new();
    let mut found = HashSet::new();
    for (id, ticket) in state.tickets() {
        let (Outcome::Done { commit } | Outcome::LowConfidence { commit, .. }) =
            (match ticket.outcome() {
                Some(outcome) => outcome,
                None => continue,
            })
        else {
            continue;
        };
        // The answer for a whole merged night holds for all of its tickets.
        let night = ticket.settled_in.as_deref().unwrap_or_default();
        let whole = match merged.get(night) {
            Some(whole) => *whole,
            None => {
                let whole = match ground.tip(&names::branch(night)).await? {
                    Some(tip) => ground.is_ancestor(&tip, &head.commit).await?,
                    None => false,
                };
                merged.insert(night, whole);
                whole
            }
        };
        // A commit that is gone with its branch is in nobody's history.
        if whole
            || ground
                .is_ancestor(commit, &head.commit)
                .await
                .unwrap_or(false)
        {
            found.insert(id.clone());
        }
    }
    Ok(found)
}

fn trailer<'c>(commit: &'c LandedCommit, name: &str) -> Option<&'c str> {
    commit
        .trailers
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

fn short(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}
