//! Plays a plan to its end: run after run, through every death, and audits what is left each time.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    future::Future,
    path::Path,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use jiff::Timestamp;

use super::{
    earth::Earth,
    plan::{Loss, Morning, Plan},
    repo::{commit_id, commit_of, is_red, tree_of},
    world::SimWorld,
};
use crate::{
    audit::{self, BranchCommit, Evidence, Invariant, Violation},
    clock::Now,
    journal::{self, FOLDER, Fault, Journal, Memory},
    machine::{Effect, Event, OutcomeKind, RequestKind, RunOptions, State},
    process::ProcessId,
    repo::id::CommitId,
    shift::{self, Again, Course, Observer, Opening, Restarted, RunError},
};

/// After so many runs nothing goes wrong any more, so that every night comes to an end.
const TROUBLED: usize = 24;
/// After so many more it should have.
const CALM: usize = 12;
/// Operations of one run after which it does not come to rest.
const RESTLESS: u64 = 40_000;

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Played {
    /// What does not hold; a night is played to its first violation.
    pub violations: Vec<Violation>,
    /// Runs of the program, those that died among them.
    pub runs: u32,
    /// How many of them died.
    pub deaths: u32,
    /// Nights that were begun.
    pub nights: u32,
    /// Attempts that were begun.
    pub attempts: u32,
    /// Landings.
    pub landed: u32,
    /// When each attempt was begun, in virtual milliseconds.
    pub begun_ms: Vec<u64>,
    /// What happened, a line each; empty unless it was asked for.
    pub trace: Vec<String>,
}

/// Plays a plan. With `trace` it tells what happens.
pub fn play(plan: &Plan, trace: bool) -> Played {
    let disk = Memory::default();
    disk.state().faults = (plan.disk.iter())
        .map(|fault| Fault {
            step: fault.step,
            written: fault.written,
            error: fault.error,
        })
        .collect();
    let mut player = Player {
        earth: Rc::new(RefCell::new(Earth::new(plan))),
        plan: Rc::new(plan.clone()),
        disk,
        deaths: 0,
        mornings: plan.mornings.iter().copied().collect(),
        nights: Vec::new(),
        told: 0,
        trace,
        played: Played::default(),
    };
    player.play();
    player.played
}

struct Player {
    earth: Rc<RefCell<Earth>>,
    plan: Rc<Plan>,
    disk: Memory,
    deaths: usize,
    mornings: VecDeque<Morning>,
    nights: Vec<String>,
    /// Facts of the newest segment that somebody was told of.
    told: usize,
    trace: bool,
    played: Played,
}

/// A journal as it was opened.
struct Opened {
    journal: Journal<Event>,
    state: State,
    history: Vec<(Now, Event)>,
    torn: bool,
}

/// How one run ended.
enum Ended {
    /// By itself; with the state that it showed.
    Well(Box<State>),
    /// It could not go on, and lives.
    Broken,
    /// It died.
    Died,
}

impl Player {
    fn play(&mut self) {
        let mut new = false;
        let mut restarted = None;
        for run in 0..TROUBLED + CALM {
            if run == TROUBLED {
                self.calm();
            }
            self.played.runs += 1;
            let ended = self.run(new, restarted.as_ref());
            if !self.played.violations.is_empty() {
                return;
            }
            new = false;
            restarted = None;
            match ended {
                Ended::Died => {
                    self.crash();
                    let watched = self.mornings.front().is_some_and(|m| m.watched);
                    restarted = watched.then(|| Restarted {
                        because: "signal 9 ended it".to_owned(),
                        after_ms: 10,
                        swept: 0,
                        night: self.nights.last().cloned(),
                    });
                }
                Ended::Broken => self.earth.borrow_mut().pass(60_000),
                Ended::Well(state) => {
                    self.earth.borrow_mut().pass(600_000);
                    let is_over = state.active().is_none() || self.earth.borrow().is_meddled();
                    if run >= TROUBLED && is_over {
                        return;
                    }
                    let Some(morning) = self.mornings.pop_front() else {
                        if is_over {
                            return;
                        }
                        // What is in flight must come to its end when nothing goes wrong.
                        self.calm();
                        continue;
                    };
                    self.ask(&state, morning);
                    // What somebody else did to the branch ends in a new night.
                    new = morning.new || self.earth.borrow().is_meddled();
                }
            }
        }
        let evidence = format!("the night did not end in {} runs", TROUBLED + CALM);
        self.bad(Invariant::OneOutcome, evidence);
    }

    /// Nothing goes wrong any more.
    fn calm(&mut self) {
        self.earth.borrow_mut().happenings.clear();
        self.disk.state().faults.clear();
    }

    fn bad(&mut self, invariant: Invariant, evidence: String) {
        self.played
            .violations
            .push(Violation::new(invariant, evidence));
    }

    /// The user's morning: answers and requeues wait for the next run.
    fn ask(&self, state: &State, morning: Morning) {
        let mut earth = self.earth.borrow_mut();
        for (id, ticket) in state.tickets() {
            match ticket.outcome().map(crate::machine::Outcome::kind) {
                Some(OutcomeKind::Parked) if morning.answers => {
                    earth.ask(RequestKind::Answer {
                        ticket: id.clone(),
                        answer: "so".to_owned(),
                    });
                }
                Some(OutcomeKind::Failed) if morning.requeues => {
                    earth.ask(RequestKind::Requeue { ticket: id.clone() });
                }
                _ => {}
            }
        }
    }

    /// What a death takes with it.
    fn crash(&mut self) {
        self.played.deaths += 1;
        let loss = self.plan.losses.get(self.deaths).copied();
        self.deaths += 1;
        let loss = loss.unwrap_or(Loss::Process);
        let lost = match loss {
            Loss::Process => journal::Loss::Nothing,
            Loss::Unsynced => journal::Loss::Unsynced,
            Loss::Contents => journal::Loss::Contents,
        };
        self.note(|| format!("-- death: {loss:?}"));
        let mut earth = self.earth.borrow_mut();
        earth.dead = false;
        if loss != Loss::Process {
            earth.reboot();
        }
        let mut before = self.disk.state().clone();
        // A sync that failed, a death before that could be put right, and then a power failure are
        // more than is promised.
        before.write_back();
        let (steps, faults) = (before.steps, before.faults.clone());
        let mut after = before.crash(lost);
        after.steps = steps;
        after.faults = faults;
        self.disk = Memory::from_state(after);
    }

    /// Opens the journal; `None` when the run ends here.
    fn open(&mut self) -> Result<Opened, Ended> {
        let mut state = State::default();
        let mut history = Vec::new();
        let mut illegal = None;
        let faults = self.disk.state().faults.len();
        let opened = Journal::open_on(
            Box::new(self.disk.clone()),
            Path::new(FOLDER),
            |record: journal::Record<Event>| {
                // A segment that was set aside was read to its end before: each begins anew.
                if matches!(record.event, Event::Checkpoint(_)) {
                    state = State::default();
                    history.clear();
                }
                let now = record.now();
                if let Err(error) = state.evolve(&now, &record.event) {
                    illegal.get_or_insert(error.to_string());
                }
                history.push((now, record.event));
                Ok::<(), Infallible>(())
            },
        );
        if let Some(error) = illegal {
            self.bad(
                Invariant::Journal,
                format!("the journal cannot be folded: {error}"),
            );
        }
        match opened {
            Ok((journal, opened)) => Ok(Opened {
                journal,
                state,
                history,
                torn: opened.recovered.is_some(),
            }),
            Err(_) if self.disk.state().dead => Err(Ended::Died),
            Err(_) if self.disk.state().faults.len() < faults => Err(Ended::Broken),
            Err(error) => {
                self.bad(
                    Invariant::Journal,
                    format!("the journal cannot be opened: {error}"),
                );
                Err(Ended::Broken)
            }
        }
    }

    fn run(&mut self, new: bool, restarted: Option<&Restarted>) -> Ended {
        let opened = match self.open() {
            Ok(opened) => opened,
            Err(ended) => return ended,
        };
        self.audit(&opened.history, &opened.state, true);
        if opened.history.len() < self.told {
            let (told, there) = (self.told, opened.history.len());
            let evidence = format!("{told} facts were told of, and {there} are there");
            self.bad(Invariant::Journal, evidence);
        }
        if !self.played.violations.is_empty() {
            return Ended::Broken;
        }
        let before = opened.state.night().is_some().then_some(opened.state);
        let again = Again::new(restarted, before.as_ref());
        let opening = Opening {
            torn: opened.torn.then(|| crate::machine::Repair::TornRecord {
                offset: 0,
                bytes: 0,
                kept_at: String::new(),
            }),
            before,
            options: RunOptions::default(),
            new,
            again,
            me: ProcessId {
                pid: self.played.runs,
                start_ticks: 1,
                boot: "boot".to_owned(),
            },
        };
        let first = self.earth.borrow().steps;
        let faults = self.disk.state().faults.len();
        let mut world = SimWorld::new(
            Rc::clone(&self.earth),
            opened.journal,
            Rc::clone(&self.plan),
            self.nights.clone(),
        );
        let mut witness = Witness {
            told: &mut self.told,
            nights: &mut self.nights,
            trace: self.trace.then_some(&mut self.played.trace),
            earth: &self.earth,
            restless: first + RESTLESS,
            count: (0, 0, 0),
            left: None,
            begun_ms: Vec::new(),
        };
        let ended = at_once(shift::whole(&mut world, opening, &mut witness));
        let left = witness.left.take();
        let begun = std::mem::take(&mut witness.begun_ms);
        let (nights, attempts, landed) = witness.count;
        self.played.begun_ms.extend(begun);
        self.played.nights += nights;
        self.played.attempts += attempts;
        self.played.landed += landed;
        if let Some(process) = left {
            let evidence = format!("{process} still runs, and another run began");
            self.bad(Invariant::NoProcess, evidence);
        }
        let dead = self.earth.borrow().dead || self.disk.state().dead;
        if self.earth.borrow().steps >= first + RESTLESS {
            self.bad(
                Invariant::OneOutcome,
                "the night does not come to rest".to_owned(),
            );
            return Ended::Broken;
        }
        match ended {
            None => {
                self.bad(Invariant::Order, "the simulated world waited".to_owned());
                Ended::Broken
            }
            _ if dead => Ended::Died,
            Some(Ok((state, _))) => {
                self.look_again(&state);
                Ended::Well(Box::new(state))
            }
            Some(Err(RunError::Broken(shift::Broken::Illegal(error)))) => {
                self.bad(
                    Invariant::Journal,
                    format!("a fact could not follow: {error}"),
                );
                Ended::Broken
            }
            Some(Err(error)) => {
                // The same, where putting it right failed, too.
                if self.disk.state().faults.len() + 2 <= faults {
                    self.disk.state().write_back();
                }
                self.note(|| format!("-- broken: {error}"));
                Ended::Broken
            }
        }
    }

    /// Compares what the run showed with what its journal says, when nothing goes wrong.
    fn look_again(&mut self, shown: &State) {
        let copy = Memory::from_state(self.disk.state().clone().crash(journal::Loss::Nothing));
        let disk = std::mem::replace(&mut self.disk, copy);
        let opened = self.open();
        self.disk = disk;
        let Ok(opened) = opened else { return };
        self.audit(&opened.history, &opened.state, false);
        if opened.state.tickets() != shown.tickets() {
            let evidence = "the tickets are shown otherwise than they were journaled";
            self.bad(Invariant::Journal, evidence.to_owned());
        }
    }

    fn audit(&mut self, history: &[(Now, Event)], state: &State, running: bool) {
        let earth = self.earth.borrow();
        let name = state.night().map(|night| night.terms.branch.clone());
        let is_meddled = name.is_some_and(|name| earth.meddled.contains(&name));
        let branch = state.night().and_then(|night| {
            let tip = *earth.repo.refs.get(&night.terms.branch)?;
            let since = earth.repo.since(tip, commit_of(&night.terms.base))?;
            Some(since.iter().map(shift::branch_commit).collect::<Vec<_>>())
        });
        let refs: BTreeMap<String, CommitId> = (earth.repo.refs.iter())
            .map(|(name, commit)| (name.clone(), commit_id(*commit)))
            .collect();
        let mut found = audit::audit(&Evidence {
            history,
            state,
            // Where somebody else wrote, the night stops, and the branch is theirs.
            branch: branch.as_deref().filter(|_| !is_meddled),
            refs: Some(&refs),
            processes: &earth.processes,
            running,
        });
        for commit in branch
            .iter()
            .flatten()
            .filter(|commit| commit.ticket.is_some())
        {
            let BranchCommit { tree, .. } = commit;
            if is_red(&earth.repo.files(tree_of(tree))) {
                let evidence = format!("{} landed, and no gate is green on {tree}", commit.commit);
                found.push(Violation::new(Invariant::Gated, evidence));
            }
        }
        if earth.repo.refs.get("refs/heads/main") != Some(&earth.head) {
            found.push(Violation::new(
                Invariant::Users,
                "the user's branch was moved",
            ));
        }
        drop(earth);
        self.played.violations.extend(found);
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if self.trace {
            self.played.trace.push(line());
        }
    }
}

/// Counts and writes down what it sees, and ends a night that does not come to rest.
struct Witness<'a> {
    told: &'a mut usize,
    nights: &'a mut Vec<String>,
    trace: Option<&'a mut Vec<String>>,
    earth: &'a RefCell<Earth>,
    restless: u64,
    count: (u32, u32, u32),
    /// A process of an earlier run, when this one began.
    left: Option<String>,
    begun_ms: Vec<u64>,
}

impl Witness<'_> {
    fn look(&mut self) {
        let mut earth = self.earth.borrow_mut();
        if earth.steps >= self.restless {
            earth.dead = true;
        }
    }
}

impl Observer for Witness<'_> {
    fn opens(&mut self, course: Course) {
        if course == Course::Begin {
            *self.told = 0;
        }
    }

    fn begins(&mut self, _state: &State, effect: &Effect) {
        self.look();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("   does {effect:?}"));
        }
    }

    fn waits(&mut self, _state: &State, until: Timestamp, because: &str) {
        self.look();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("   waits until {until}: {because}"));
        }
    }

    fn sees(&mut self, _state: &State, event: &Event) {
        *self.told += 1;
        match event {
            Event::NightStarted(terms) => {
                self.nights.push(terms.night.clone());
                self.count.0 += 1;
            }
            Event::RunnerStarted { .. } => {
                let earth = self.earth.borrow();
                self.left = self.left.take().or(earth.processes.first().cloned());
            }
            Event::Claimed { .. } => {
                self.count.1 += 1;
                self.begun_ms.push(self.earth.borrow().passed_ms);
            }
            Event::Landed { .. } => self.count.2 += 1,
            _ => {}
        }
        if let Some(trace) = &mut self.trace {
            let step = self.earth.borrow().steps;
            let text = serde_json::to_string(event).unwrap_or_default();
            trace.push(format!(
                "{step:>5} {}",
                text.chars().take(400).collect::<String>()
            ));
        }
    }
}

/// Returns what a future comes to that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
