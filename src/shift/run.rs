//! The loop: step → effect → event → journal → step.
//!
//! Order within a turn: evolve, append, sync, project. Nobody is told of a transition before its
//! record is synced, and nothing that it leads to is begun; when it cannot be synced, the run ends.

use super::{
    observe::Observer,
    world::{AttemptAt, Trouble, World},
};
use crate::{
    machine::{Effect, Event, IllegalEvent, NightEnd, State, Step},
    mutant::{Mutant, forgets},
};

/// A night that could not go on, nor be ended in its journal.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The journal cannot be written.
    #[error("the journal cannot be written, so the night was left as it stood")]
    Journal(#[source] Trouble),
    /// A fact did not follow from the state: a defect of this program.
    #[error("a step led to a fact that cannot follow; this is a defect of nightshift")]
    Illegal(#[from] IllegalEvent),
}

/// Runs a night until nothing is left that may start.
///
/// Trouble of the world halts the night, in the journal.
///
/// # Errors
/// The journal itself failed, or a fact could not follow.
pub async fn run<W: World>(
    world: &mut W,
    state: &mut State,
    observer: &mut dyn Observer,
) -> Result<(), Broken> {
    loop {
        let turned = turn(world, state, observer).await?;
        let is_over = state.night().is_none_or(|night| night.ended.is_some());
        // What fails after the end (a request that cannot be taken away) halts nothing any more.
        if let Err(trouble) = turned
            && !is_over
        {
            let halted = Event::Halted {
                because: trouble.because,
                remedy: trouble.remedy,
                rule: None,
                ticket: None,
            };
            let ended = Event::NightEnded {
                because: NightEnd::Halted,
            };
            commit(world, state, observer, &[halted, ended])?;
        }
        if state.night().is_none_or(|night| night.ended.is_some()) {
            return Ok(());
        }
    }
}

async fn turn<W: World>(
    world: &mut W,
    state: &mut State,
    observer: &mut dyn Observer,
) -> Result<Result<(), Trouble>, Broken> {
    macro_rules! or_halt {
        ($result:expr) => {
            match $result {
                Ok(value) => value,
                Err(trouble) => return Ok(Err(trouble)),
            }
        };
    }
    let asked = or_halt!(world.requests(state));
    if !asked.is_empty() {
        commit(world, state, observer, &asked)?;
        or_halt!(world.requests_done(state));
    }
    if state.active().is_none() {
        let changed = or_halt!(world.boundary(state).await);
        commit(world, state, observer, &changed)?;
    }
    match state.next(&world.now()) {
        Step::Rest => {}
        Step::Wait { until, because } => {
            observer.waits(state, until, &because);
            or_halt!(world.wait(state, until, &because).await);
        }
        Step::Record(event) => commit(world, state, observer, &[event])?,
        Step::Do(effect) => {
            observer.begins(state, &effect);
            let events = or_halt!(perform(world, state, &effect).await);
            commit(world, state, observer, &events)?;
        }
    }
    Ok(Ok(()))
}

async fn perform<W: World>(
    world: &mut W,
    state: &State,
    effect: &Effect,
) -> Result<Vec<Event>, Trouble> {
    match effect {
        Effect::Judge { ticket } => world.judge(state, ticket).await,
        Effect::Claim {
            ticket,
            attempt,
            from,
            harness,
        } => world.claim(state, ticket, *attempt, from, harness).await,
        Effect::Baseline {
            ticket,
            attempt,
            from,
            tree,
        } => {
            let at = AttemptAt {
                ticket,
                number: *attempt,
                from,
                from_tree: tree,
            };
            world.baseline(state, at).await
        }
        Effect::Work { ticket, attempt } => world.work(state, ticket, *attempt).await,
        Effect::Keep {
            ticket,
            attempt,
            from,
            from_tree,
        } => {
            let at = AttemptAt {
                ticket,
                number: *attempt,
                from,
                from_tree,
            };
            world.keep(state, at).await
        }
        Effect::Gate {
            ticket,
            attempt,
            tree,
        } => world.gate(state, ticket, *attempt, tree).await,
        Effect::Land {
            ticket,
            attempt,
            tree,
            parent,
        } => world.land(state, ticket, *attempt, tree, parent).await,
    }
}

/// Journals facts with the decisions that follow from them at once, in one write and one sync, and
/// only then tells the observer.
///
/// What a decision leads to (an agent started, a branch moved) happens in a later turn, so its
/// record is durable before.
fn commit<W: World>(
    world: &mut W,
    state: &mut State,
    observer: &mut dyn Observer,
    events: &[Event],
) -> Result<(), Broken> {
    if events.is_empty() {
        return Ok(());
    }
    let now = world.now();
    let mut events = events.to_vec();
    for event in &events {
        state.evolve(&now, event)?;
    }
    // In flight only: between tickets requests and changed files come first.
    while state.active().is_some()
        && let Step::Record(event) = state.next(&now)
    {
        state.evolve(&now, &event)?;
        events.push(event);
    }
    let is_kept = |event: &&Event| {
        !(forgets(Mutant::LandedBeforeJournaled) && matches!(event, Event::Landing { .. }))
    };
    let journaled: Vec<_> = events.iter().filter(is_kept).cloned().collect();
    world.append(&now, &journaled).map_err(Broken::Journal)?;
    for event in &events {
        observer.sees(state, event);
    }
    Ok(())
}
