//! Tries faults, each on a fresh bed, and holds every end against the undisturbed one.
//!
//! A point is a shape, a kind of fault and the number of the call that it hits. The run with the
//! fault must end as a process should; then at most two more runs must come to exactly the end of
//! the undisturbed night, with every promise of [`audit`] kept.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    time::{Duration, Instant},
};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

use super::{
    audit::{End, audit},
    calls::Kind,
    inject::Fault,
    shapes::{Shape, Stage},
};

/// The documented exit codes of a run, but for 5: no other runner is there to hold the lock.
const CODES: [i32; 5] = [0, 1, 2, 3, 4];

/// How many of the points are tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent {
    All,
    /// Of every system call of every kind and shape at least one, and one in so many.
    OneIn(usize),
}

/// What a campaign found.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) points: BTreeMap<(Shape, Kind), usize>,
    /// How the runs with a fault ended, by kind.
    pub(crate) exits: BTreeMap<(Kind, String), usize>,
    /// Points that needed a second run to come to the end.
    pub(crate) seconds: usize,
    /// Points whose call was not reached, because a run is never quite like the other.
    pub(crate) missed: usize,
    pub(crate) spent: Duration,
    pub(crate) violations: Vec<String>,
}

impl Tally {
    pub(crate) fn all(&self) -> usize {
        self.points.values().sum()
    }

    fn add(&mut self, other: Self) {
        for (key, count) in other.points {
            *self.points.entry(key).or_default() += count;
        }
        for (key, count) in other.exits {
            *self.exits.entry(key).or_default() += count;
        }
        self.seconds += other.seconds;
        self.missed += other.missed;
        self.spent += other.spent;
        self.violations.extend(other.violations);
    }
}

/// Tries the points of all shapes, on two threads.
pub(crate) fn campaign(shapes: &[Shape], kinds: &[Kind], extent: Extent) -> Tally {
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|half| scope.spawn(move || work(shapes, kinds, extent, half)))
            .collect();
        for worker in workers {
            tally.add(worker.join().unwrap());
        }
    });
    tally
}

fn work(shapes: &[Shape], kinds: &[Kind], extent: Extent, half: usize) -> Tally {
    let mut tally = Tally::default();
    pin(half);
    for shape in shapes {
        let stage = Stage::new(*shape);
        let users = stage.bed.users();
        let undisturbed = stage.run(None).unwrap();
        let is_runner = undisturbed.calls[&Kind::Kill]
            .iter()
            .any(|call| call.starts_with("fdatasync") && call.contains("/journal/"));
        assert!(
            is_runner,
            "what is traced writes no journal: `RUN` must start the runner itself"
        );
        let end = audit(&stage.bed, &users).unwrap_or_else(|wrong| panic!("{shape:?}: {wrong:#?}"));
        let expected = Expected {
            code: undisturbed.code,
            end,
        };
        let began = Instant::now();
        for (number, fault) in points(&undisturbed.calls, kinds, extent)
            .into_iter()
            .enumerate()
        {
            if number % 2 != half {
                continue;
            }
            match point(&stage, &users, &expected, fault, &mut tally) {
                Ok(true) => *tally.points.entry((*shape, fault.kind)).or_default() += 1,
                Ok(false) => tally.missed += 1,
                Err(wrong) => {
                    let wrong = format!("{shape:?} {fault:?}: {wrong}");
                    // At once: a whole campaign takes long.
                    writeln!(io::stderr(), "{wrong}").ok();
                    tally.violations.push(wrong);
                }
            }
        }
        tally.spent += began.elapsed();
    }
    tally
}

/// Binds this thread and all that it starts to one processor: the tracer and the runner take
/// turns, and that costs half as much where neither must wake another processor.
fn pin(number: usize) {
    let me = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(me) else {
        return;
    };
    let allowed: Vec<_> = (0..CpuSet::count())
        .filter(|processor| allowed.is_set(*processor).unwrap_or(false))
        .collect();
    let mut one = CpuSet::new();
    if let Some(processor) = allowed.get(number % allowed.len().max(1)) {
        one.set(*processor).ok();
        sched_setaffinity(me, &one).ok();
    }
}

/// Returns the points in a fixed order, so that the same ones are tried every time.
fn points(calls: &BTreeMap<Kind, Vec<String>>, kinds: &[Kind], extent: Extent) -> Vec<Fault> {
    let mut points = Vec::new();
    for (kind, calls) in calls.iter().filter(|(kind, _)| kinds.contains(kind)) {
        let mut by_name: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (call, at) in calls.iter().zip(1..) {
            let name = call.split(' ').next().unwrap_or_default();
            by_name.entry(name).or_default().push(at);
        }
        for places in by_name.into_values() {
            let stride = match extent {
                Extent::All => 1,
                Extent::OneIn(stride) => stride,
            };
            // The middle of each stretch: first and last calls are often set-up and farewell.
            let first = stride.min(places.len()) / 2;
            let taken = places.into_iter().skip(first).step_by(stride);
            points.extend(taken.map(|at| Fault {
                kind: *kind,
                at,
                only: None,
            }));
        }
    }
    points
}

struct Expected {
    code: Option<i32>,
    end: End,
}

/// Tries one point; `false` when its call was not reached.
fn point(
    stage: &Stage,
    users: &BTreeMap<String, Vec<u8>>,
    expected: &Expected,
    fault: Fault,
    tally: &mut Tally,
) -> Result<bool, String> {
    stage.put_back();
    let run = stage.run(Some(fault)).unwrap();
    let Some(hit) = run.hit else {
        return Ok(false);
    };
    let mut story = format!("{hit}: {}; {}", ended(run.code), brief(&stage.said()));
    if run.hung {
        return Err(format!("{story}\n  it did not end"));
    }
    let exits = tally
        .exits
        .entry((fault.kind, ended(run.code)))
        .or_default();
    *exits += 1;
    if fault.kind.error().is_some() && !run.code.is_some_and(|code| CODES.contains(&code)) {
        return Err(format!("{story}\n  that is no exit code of a run"));
    }
    let mut found = Vec::new();
    for again in 1..=2 {
        let said = stage.bed.night();
        story = format!(
            "{story}\n  run {again}: {}; {}",
            ended(said.code),
            brief(&said.err)
        );
        if !said.code.is_some_and(|code| CODES.contains(&code)) {
            return Err(format!("{story}\n  that is no exit code of a run"));
        }
        found = match audit(&stage.bed, users) {
            Ok(end) if end == expected.end && said.code == expected.code => {
                tally.seconds += usize::from(again == 2);
                return Ok(true);
            }
            Ok(end) => vec![format!("{end:?} is not {:?}", expected.end)],
            Err(wrong) => wrong,
        };
    }
    Err(format!("{story}\n  {}", found.join("\n  ")))
}

/// What a run said, without what every run says.
fn brief(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("blind spot: "));
    lines.collect::<Vec<_>>().join("\n    ")
}

fn ended(code: Option<i32>) -> String {
    code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"))
}
