//! A whole run, from the lock to the report.

use std::{fs, time::Duration};

use tokio::sync::watch;

use super::{
    again::Again,
    beat::{Beat, Beating},
    bench::REHEARSAL,
    control,
    hands::Hands,
    names,
    observe::Observer,
    open::Course,
    real::{Looks, Real},
    run::Broken,
    site::Site,
    watch::InHand,
    watchdog::Watched,
    whole::{Opening, RunError, whole},
    world::Trouble,
};
use crate::{
    backlog::{LoadError, Shelf},
    clock,
    journal::{Journal, OpenError, ballast},
    layout::{Holder, Layout, Lock, LockError, PathContext, PathError},
    machine::{Event, IllegalEvent, NightEnd, Repair, Request, RequestKind, RunOptions, State},
    process,
    repo::Git,
};

/// How many bytes are reserved for the halt and the report of a full disk.
const BALLAST: u64 = 16 * 1024 * 1024;

/// What a run is asked for.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// What the journal keeps of it.
    pub options: RunOptions,
    /// Begin a new night even if the last one could be gone on with.
    pub new: bool,
    /// Play it with the scripted agent, in a state folder of its own.
    pub rehearse: bool,
    /// Who watches over this runner; `None` when nobody does.
    pub watched: Option<Watched>,
    /// For how long nothing may move; `None` is by the silence limit.
    pub stall: Option<Duration>,
    /// Whether the end of the terminal is no reason to stop.
    pub survives_hangup: bool,
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum NightError {
    /// Another one holds the lock.
    #[error(transparent)]
    Lock(LockError),
    /// The journal cannot be used as it is.
    #[error("the journal cannot be used")]
    Journal(#[source] OpenError),
    /// A fact in it cannot follow.
    #[error("record {seq} of the journal cannot follow from those before it")]
    Illegal {
        /// The record's number.
        seq: u64,
        /// What cannot follow.
        #[source]
        source: IllegalEvent,
    },
    /// The backlog cannot be read at all.
    #[error(transparent)]
    Backlog(LoadError),
    /// Something of the machine is in the way.
    #[error("{0}")]
    Trouble(Trouble),
    /// It broke in the middle.
    #[error(transparent)]
    Broken(Broken),
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] PathError),
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The night's state, as its journal has it.
    pub state: State,
    /// Where its files are.
    pub layout: Layout,
    /// Which course it took.
    pub course: Course,
}

/// Runs a night on a site: goes on with the one that is there, or begins a new one.
///
/// # Errors
/// Another one holds the lock, the journal is damaged, the backlog is gone, or the machine is in
/// the way. A night that is halted is no error: its state says so.
pub async fn night(
    site: Site,
    order: Order,
    blind_spots: Vec<String>,
    observer: &mut dyn Observer,
) -> Result<Ended, NightError> {
    let layout = if order.rehearse {
        site.layout.rehearsal()
    } else {
        site.layout.clone()
    };
    let began = clock::now();
    let me = process::identify(std::process::id()).ok_or_else(|| {
        trouble(
            "this process cannot be found in /proc",
            "run on a system with /proc mounted",
        )
    })?;
    let holder = Holder {
        pid: me.pid,
        since: began.at.to_string(),
        what: if order.rehearse {
            "a rehearsal"
        } else {
            "a night"
        }
        .to_owned(),
    };
    let _lock = lock(&site.layout, &holder).await?;
    process::become_subreaper().map_err(|error| {
        trouble(
            format!("orphaned processes cannot be adopted: {error}"),
            "run on Linux",
        )
    })?;
    let git = Git::open(&site.found).map_err(|error| of(&error, "run `nightshift doctor`"))?;
    git.exclude_state_dir()
        .await
        .map_err(|error| of(&error, "run `nightshift doctor`"))?;
    if order.rehearse {
        sweep_rehearsal(&layout, &git).await?;
    }
    fs::create_dir_all(layout.state()).at("create the folder", layout.state())?;
    let beat = Beat::begin(
        &layout,
        &me,
        order.watched.as_ref().map(|watched| &watched.watchdog),
        site.config.agent.silence,
        order.stall,
    )?;
    let beats = tokio::task::spawn_local(beat.clone().keep());
    let observer: &mut dyn Observer = &mut Beating::new(beat.clone(), observer);
    ballast::reserve(&layout.ballast(), BALLAST)
        .map_err(|error| of(&error, "free at least 16 MiB, then `nightshift run`"))?;

    // Given back when this run is over, however it ends.
    let awake = match process::wakekeeper() {
        Some((program, arguments)) => process::Awake::hold(&program, &arguments).await,
        None => Err(std::io::ErrorKind::NotFound.into()),
    };
    let mut blind_spots = blind_spots;
    if let (Err(error), Some(_)) = (&awake, process::wakekeeper()) {
        blind_spots.push(format!(
            "The machine may fall asleep: the system would not keep it awake ({error})."
        ));
    }

    let opened = Opened::read(&layout)?;
    let (shelf, backlog) =
        Shelf::open(&site.found.root, &site.config.backlog).map_err(NightError::Backlog)?;
    let restarted = order.watched.and_then(|watched| watched.restarted);
    if restarted.is_none() {
        // A stop that was asked of a runner that died is not asked of this one.
        let is_stop = |request: &Request| matches!(request.kind, RequestKind::Stop { .. });
        if let Err(error @ control::ControlError::Io(_)) = control::take(&layout.control(), is_stop)
        {
            return Err(of(&error, "look at the state folder"));
        }
    }
    let (send, stop) = watch::channel(false);
    let in_hand = InHand::default();
    let watcher = tokio::task::spawn_local(super::watch::watch(
        layout.control(),
        in_hand.clone(),
        send,
        order.survives_hangup,
    ));
    let author = git
        .identity()
        .await
        .map_err(|error| of(&error, "run `nightshift doctor`"))?;
    let program = std::env::current_exe().map_err(|error| {
        trouble(
            format!("this program cannot be found: {error}"),
            "reinstall it",
        )
    })?;
    let mut hands = Hands::new(site, layout.clone(), git, stop).map_err(NightError::Trouble)?;
    hands.progress = beat.progress();
    let mut real = Real::new(
        hands,
        opened.journal,
        Looks { shelf, backlog },
        author,
        program,
        order.rehearse,
        blind_spots,
        in_hand,
    );
    let opening = Opening {
        again: Again::new(restarted.as_ref(), opened.state.as_ref()),
        before: opened.state,
        torn: opened.torn,
        options: order.options,
        new: order.new,
        me,
    };
    let (state, course) = Box::pin(whole(&mut real, opening, observer)).await?;
    real.write_objectives(&state).map_err(NightError::Trouble)?;
    drop(awake);
    watcher.abort();
    beats.abort();
    if state
        .night()
        .is_some_and(|night| night.ended == Some(NightEnd::Halted))
    {
        // The disk may be full: the space was reserved for what is written from here on.
        ballast::release(&layout.ballast()).map_err(|error| of(&error, "look at the disk"))?;
    }
    // What was asked for too late for this run must not stop the next one.
    control::take(&layout.control(), |_| true)
        .map_err(|error| of(&error, "look at the state folder"))?;
    if order.rehearse {
        delete_rehearsal_refs(&real.hands.git).await?;
    }
    Ok(Ended {
        state,
        layout,
        course,
    })
}

/// Takes the night's lock. A child of a killed runner, forked and not yet started, may hold it for
/// a moment longer than its parent, and a runner that was killed this very moment, too: those
/// moments are waited out.
pub(super) async fn lock(layout: &Layout, me: &Holder) -> Result<Lock, NightError> {
    const TRIES: u32 = 100;
    const TRIES_WHILE_ALIVE: u32 = 10;
    let mut alive = 0;
    for _ in 0..TRIES {
        match Lock::take(&layout.lock(), me) {
            Err(LockError::Held {
                holder: Some(holder),
            }) if alive < TRIES_WHILE_ALIVE => {
                let id = process::identify(holder.pid);
                alive += u32::from(id.is_some_and(|id| process::is_alive(&id)));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            taken => return taken.map_err(NightError::Lock),
        }
    }
    Lock::take(&layout.lock(), me).map_err(NightError::Lock)
}

/// A journal that was opened for writing, with the state it makes.
struct Opened {
    journal: Journal<Event>,
    state: Option<State>,
    torn: Option<Repair>,
}

impl From<RunError> for NightError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Trouble(trouble) => Self::Trouble(trouble),
            RunError::Broken(broken) => Self::Broken(broken),
        }
    }
}

impl Opened {
    fn read(layout: &Layout) -> Result<Self, NightError> {
        let mut state = State::default();
        let mut illegal = None;
        let opened = Journal::open(
            &layout.journal(),
            |record: crate::journal::Record<Event>| {
                state
                    .evolve(&record.now(), &record.event)
                    .map_err(|source| {
                        illegal = Some(NightError::Illegal {
                            seq: record.seq,
                            source,
                        });
                        std::io::Error::other("a fact that cannot follow")
                    })
            },
        );
        if let Some(illegal) = illegal {
            return Err(illegal);
        }
        let (journal, opened) = opened.map_err(NightError::Journal)?;
        let torn = opened.recovered.map(|torn| Repair::TornRecord {
            offset: torn.offset,
            bytes: torn.bytes,
            kept_at: torn.kept_at.display().to_string(),
        });
        let state = state.night().is_some().then_some(state);
        Ok(Self {
            journal,
            state,
            torn,
        })
    }
}

async fn sweep_rehearsal(layout: &Layout, git: &Git) -> Result<(), NightError> {
    match fs::remove_dir_all(layout.state()) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error)
                .at("remove", layout.state())
                .map_err(NightError::Io);
        }
    }
    delete_rehearsal_refs(git).await
}

async fn delete_rehearsal_refs(git: &Git) -> Result<(), NightError> {
    let remedy = "delete the refs under `refs/nightshift/attempts/rehearsal` by hand";
    let attempts = git
        .list_refs("refs/nightshift/attempts/rehearsal/")
        .await
        .map_err(|error| of(&error, remedy))?;
    let branch = names::branch(REHEARSAL);
    for name in attempts.into_iter().map(|(name, _)| name).chain([branch]) {
        git.delete_ref(&name)
            .await
            .map_err(|error| of(&error, remedy))?;
    }
    Ok(())
}

fn trouble(because: impl Into<String>, remedy: &str) -> NightError {
    NightError::Trouble(Trouble::new(because, remedy))
}

fn of(error: &dyn std::error::Error, remedy: &str) -> NightError {
    NightError::Trouble(Trouble::of(error, remedy))
}
