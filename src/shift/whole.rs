//! A whole run over any world: put right what an interruption left, decide which night it is, and
//! go on with it or begin a new one.

use std::collections::HashSet;

use super::{
    again::Again,
    boundary,
    observe::Observer,
    open::{self, Course},
    run::{self, Broken},
    world::{Trouble, World},
};
use crate::{
    machine::{Event, NightEnd, Repair, RunOptions, State},
    mutant::{Mutant, forgets},
    process::ProcessId,
};

/// What a run begins with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// What the newest segment of the journal says; `None` when there is none.
    pub before: Option<State>,
    /// What was wrong with the journal itself.
    pub torn: Option<Repair>,
    /// What the run is asked for.
    pub options: RunOptions,
    /// Whether a new night is to begin even if the last one could be gone on with.
    pub new: bool,
    /// What goes on from a runner that the watchdog replaces.
    pub again: Again,
    /// This process.
    pub me: ProcessId,
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something of the machine is in the way.
    #[error("{0}")]
    Trouble(Trouble),
    /// It broke in the middle.
    #[error(transparent)]
    Broken(Broken),
}

impl From<Trouble> for RunError {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Opens a night and runs it; returns its state and which course was taken.
///
/// # Errors
/// The machine was in the way before the night could be opened, or the journal failed.
pub async fn whole<W: World>(
    world: &mut W,
    mut opening: Opening,
    observer: &mut dyn Observer,
) -> Result<(State, Course), RunError> {
    let began = world.now();
    let again = opening.again;
    let mut repairs = again.repairs;
    repairs.extend(opening.torn.take());
    // Processes first, before anything else starts.
    if !forgets(Mutant::ProcessesLeft) {
        repairs.extend(world.repair().await?);
    }
    let head = world.head().await?;
    let before = opening.before.take();
    let course = open::course(
        before.as_ref(),
        &head,
        opening.new && !again.same,
        &began,
        world,
    )
    .await?;
    let mut state = before.unwrap_or_default();
    if again.done {
        // Only the report may be missing.
        world.enter(&night_name(&state));
        let receipt: Vec<_> = repairs.iter().cloned().map(Event::Recovered).collect();
        tell(world, &mut state, observer, &receipt)?;
    } else if course != Course::Begin {
        world.enter(&night_name(&state));
        observer.opens(course);
        let options = if course == Course::Resume {
            again.options.unwrap_or_else(|| opening.options.clone())
        } else {
            // Only what is in flight is brought to its end.
            RunOptions {
                until: Some(began.at),
                ..RunOptions::default()
            }
        };
        let mut first = vec![Event::RunnerStarted {
            process: opening.me.clone(),
            options,
            restarted: again.same,
        }];
        first.extend(repairs.iter().cloned().map(Event::Recovered));
        tell(world, &mut state, observer, &first)?;
        go_on(world, &mut state, observer).await?;
    }
    if course != Course::Resume && !again.same {
        observer.opens(Course::Begin);
        let before = std::mem::take(&mut state);
        let before = before.night().is_some().then_some(before);
        let in_base = match &before {
            Some(before) => open::in_base(before, &head, world).await?,
            None => HashSet::new(),
        };
        let terms = world.terms(began.at, &head).await?;
        let night = terms.night.clone();
        let mut events = vec![
            Event::Checkpoint(open::checkpoint(before.as_ref(), world.backlog(), &in_base)),
            Event::NightStarted(Box::new(terms)),
            Event::RunnerStarted {
                process: opening.me.clone(),
                options: opening.options.clone(),
                restarted: false,
            },
        ];
        let refused = boundary::refused(world.backlog());
        if !refused.is_empty() {
            events.push(Event::BacklogRead { refused });
        }
        if before.is_none() {
            events.extend(repairs.into_iter().map(Event::Recovered));
        }
        world.enter(&night);
        let now = world.now();
        world.begin(&now, &events)?;
        for event in &events {
            evolve(&mut state, &now, event)?;
            observer.sees(&state, event);
        }
        go_on(world, &mut state, observer).await?;
    }
    Ok((state, course))
}

/// Compares the branch with the journal and the backlog with the state, then runs the night.
async fn go_on<W: World>(
    world: &mut W,
    state: &mut State,
    observer: &mut dyn Observer,
) -> Result<(), RunError> {
    match open::reconcile(state, world).await {
        Ok(found) => {
            tell(world, state, observer, &found)?;
            // What was written into the backlog while no runner was looking.
            let changed = boundary::differences(state, world.backlog());
            tell(world, state, observer, &changed)?;
            run::run(world, state, observer)
                .await
                .map_err(RunError::Broken)
        }
        Err(Trouble { because, remedy }) => {
            let halted = Event::Halted {
                because,
                remedy,
                rule: None,
                ticket: None,
            };
            let ended = Event::NightEnded {
                because: NightEnd::Halted,
            };
            tell(world, state, observer, &[halted, ended])
        }
    }
}

/// Journals facts outside of the loop.
fn tell<W: World>(
    world: &mut W,
    state: &mut State,
    observer: &mut dyn Observer,
    events: &[Event],
) -> Result<(), RunError> {
    if events.is_empty() {
        return Ok(());
    }
    let now = world.now();
    world.append(&now, events)?;
    for event in events {
        evolve(state, &now, event)?;
        observer.sees(state, event);
    }
    Ok(())
}

fn evolve(state: &mut State, now: &crate::clock::Now, event: &Event) -> Result<(), RunError> {
    state
        .evolve(now, event)
        .map_err(|error| RunError::Broken(error.into()))
}

fn night_name(state: &State) -> String {
    state
        .night()
        .map(|night| night.terms.night.clone())
        .unwrap_or_default()
}
