//! Opening a night: take the lock, read the journal, put right what an interruption left, and
//! either go on with the night that is there or begin a new one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{boundary, names, world::Trouble};
use crate::{
    backlog::{
        Backlog,
        ticket::{Status, TicketId},
    },
    clock::Now,
    machine::{
        Carried, Checkpoint, Event, Limits, NightStarted, Outcome, RunOptions, Stage, State,
        TicketState,
    },
    process::ProcessId,
    repo::{Git, GitError, Head, LandedCommit},
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
pub(super) async fn course(
    state: Option<&State>,
    head: &Head,
    new: bool,
    now: &Now,
    git: &Git,
) -> Result<Course, Trouble> {
    let Some((state, night)) = state.and_then(|state| Some((state, state.night()?))) else {
        return Ok(Course::Begin);
    };
    let over = now.since(&night.began).as_millis() >= u128::from(night.terms.limits.length_ms);
    let died = night.ended.is_none();
    // Without landed work there is nothing to be gone: the branch is made again.
    let gone = night.tip != night.terms.base
        && git
            .tip(&night.terms.branch)
            .await
            .map_err(|error| Trouble::of(&error, "run `nightshift doctor`"))?
            .is_none();
    let moved = head.commit != night.terms.base;
    let merged = night.tip != night.terms.base
        && moved
        && git
            .is_ancestor(&night.tip, &head.commit)
            .await
            .map_err(|e| Trouble::of(&e, "run `nightshift doctor`"))?;
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
pub(super) async fn reconcile(state: &State, git: &Git) -> Result<Vec<Event>, Trouble> {
    let Some(night) = state.night() else {
        return Ok(Vec::new());
    };
    let branch = &night.terms.branch;
    let remedy = format!(
        "look at `git log {}`; `nightshift run --new` begins a new night",
        short(branch)
    );
    let trouble = |error: &dyn std::error::Error| Trouble::of(error, remedy.clone());
    let Some(tip) = git.tip(branch).await.map_err(|e| trouble(&e))? else {
        if night.tip == night.terms.base {
            git.create_branch(branch, &night.terms.base)
                .await
                .map_err(|e| trouble(&e))?;
            return Ok(Vec::new());
        }
        return Err(Trouble::new(
            format!("`{}` is gone, with landed work on it", short(branch)),
            remedy,
        ));
    };
    if tip == night.tip {
        return Ok(Vec::new());
    }
    let commits = git
        .landed(branch, &night.terms.base)
        .await
        .map_err(|e| trouble(&e))?;
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

/// What a new night begins with.
pub(super) struct Beginning<'a> {
    pub(super) before: Option<&'a State>,
    pub(super) backlog: &'a Backlog,
    pub(super) head: &'a Head,
    /// Landed tickets whose work the base holds.
    pub(super) in_base: HashSet<TicketId>,
    pub(super) night: String,
    pub(super) limits: Limits,
    pub(super) config: String,
    pub(super) policy: String,
    pub(super) blind_spots: Vec<String>,
    pub(super) runner: ProcessId,
    pub(super) options: RunOptions,
}

/// Returns the first records of a new night's segment: the checkpoint of all tickets with the
/// backlog as it is now, the terms, the runner.
pub(super) fn beginning(with: Beginning<'_>) -> Vec<Event> {
    let terms = NightStarted {
        branch: names::branch(&with.night),
        night: with.night,
        base: with.head.commit.clone(),
        base_tree: with.head.tree.clone(),
        onto: with.head.branch.clone(),
        limits: with.limits,
        config: with.config,
        policy: with.policy,
        blind_spots: with.blind_spots,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut events = vec![
        Event::Checkpoint(checkpoint(with.before, with.backlog, &with.in_base)),
        Event::NightStarted(Box::new(terms)),
        Event::RunnerStarted {
            process: with.runner,
            options: with.options,
        },
    ];
    let refused = boundary::refused(with.backlog);
    if !refused.is_empty() {
        events.push(Event::BacklogRead { refused });
    }
    events
}

fn checkpoint(
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
                let edited = carried.facts.hash != known.facts.hash;
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
pub(super) async fn in_base(
    state: &State,
    head: &Head,
    git: &Git,
) -> Result<HashSet<TicketId>, GitError> {
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
                let whole = match git.tip(&names::branch(night)).await? {
                    Some(tip) => git.is_ancestor(&tip, &head.commit).await?,
                    None => false,
                };
                merged.insert(night, whole);
                whole
            }
        };
        if whole || git.is_ancestor(commit, &head.commit).await.unwrap_or(false) {
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
