//! The journal of a very long night: how long it takes to open and fold it, and how much memory.
//!
//! Each fold is a process of its own, this program once more, because the peak memory of a process
//! never goes down again.

use std::{convert::Infallible, path::Path, process::Command, time::Instant};

use nightshift::{
    clock,
    journal::{Journal, Record, Which},
    machine::{Event, State},
    shift,
};
use serde_json::{Value, json};

/// The argument that makes this program fold a journal.
pub(super) const FOLD: &str = "--fold";

const NIGHT: &str = "2026-11-20";
/// Records of a ticket that lands at its first attempt.
const EACH: usize = 9;

/// A night of so many records: tickets of nine each, all of which land.
pub(super) fn many_records(count: usize) {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), count);
    let bytes = std::fs::metadata(home.path().join("000001.jsonl"))
        .unwrap()
        .len();
    println!("a journal of {count} records, {} MB", bytes / 1_000_000);
    let program = std::env::current_exe().unwrap();
    for _ in 0..3 {
        let status = Command::new(&program)
            .args([FOLD.as_ref(), home.path()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

/// Folds a journal as a run and as a reader does, and prints what it takes.
pub(super) fn fold(folder: &Path) {
    let began = Instant::now();
    let mut state = State::default();
    let (journal, opened) = Journal::<Event>::open(folder, |record: Record<Event>| {
        state.evolve(&record.now(), &record.event)
    })
    .unwrap();
    let opening = began.elapsed().as_secs_f64();
    let tickets = state.tickets().len();
    drop((journal, state));
    let began = Instant::now();
    let state = shift::read(folder, Which::Newest).unwrap();
    let reading = began.elapsed().as_secs_f64();
    assert!(state.is_some());
    drop(state);
    let began = Instant::now();
    let verified = nightshift::journal::read(folder, Which::Newest, |_: Record<Value>| {
        Ok::<(), Infallible>(())
    })
    .unwrap();
    let parsing = began.elapsed().as_secs_f64();
    assert_eq!(verified.records, opened.records);
    println!(
        "{:>24} {opening:>8.3} s to open and fold, {reading:.3} s to read and fold, {parsing:.3} s to verify and parse alone; {tickets} tickets, peak {} MB",
        "fold",
        peak_kilobytes() / 1000
    );
}

fn peak_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}

fn write(folder: &Path, count: usize) {
    let (mut journal, _) = Journal::<Event>::open(folder, |_| Ok::<(), Infallible>(())).unwrap();
    let tickets = count / EACH;
    let carried: Vec<Value> = (0..tickets).map(carried).collect();
    let opening = [
        json!({"checkpoint": {"tickets": carried}}),
        json!({"night_started": {
            "night": NIGHT, "base": id("base"), "base_tree": id("base tree"),
            "branch": "refs/heads/nightshift/2026-11-20", "onto": "main",
            "limits": {"length_ms": 28_800_000, "attempts": 3, "consecutive_failures": 5,
                "yield_after": 8, "yield_bad": 0.75, "large_diff": 600},
            "config": hash("config"), "policy": hash("policy"),
            "blind_spots": ["Agents and gates are not confined: they may do whatever you may do"],
            "version": "0.1.0",
        }}),
        json!({"runner_started": {
            "process": {"pid": 4321, "start_ticks": 1, "boot": "boot"}, "options": {},
        }}),
    ];
    let now = clock::now();
    journal
        .begin_segment(NIGHT, &opening.map(event), &now)
        .unwrap();
    let mut tip = id("base");
    let mut batch = Vec::new();
    for number in 0..tickets {
        batch.extend(landed(number, &mut tip).map(event));
        if batch.len() > 1000 || number + 1 == tickets {
            journal.append_all(NIGHT, &batch, &now).unwrap();
            batch.clear();
        }
    }
}

fn event(value: Value) -> Event {
    serde_json::from_value(value).unwrap()
}

fn name(number: usize) -> String {
    format!("ticket-{number:05}")
}

fn carried(number: usize) -> Value {
    let depends_on: Vec<String> = (!number.is_multiple_of(10))
        .then(|| name(number - 1))
        .into_iter()
        .collect();
    json!({"facts": {
        "id": name(number),
        "title": format!("Renew the session of service {number} on every request"),
        "file": format!("{}.md", name(number)),
        "hash": hash(&name(number)),
        "priority": number % 5 + 1,
        "depends_on": depends_on,
        "labels": ["backend"],
        "paths": [format!("src/service_{number}/**")],
    }})
}

/// The records of a ticket that lands.
fn landed(number: usize, tip: &mut String) -> [Value; EACH] {
    let ticket = name(number);
    let of = |what: &str| id(&format!("{what} {number}"));
    let parent = std::mem::replace(tip, of("commit"));
    let verdict = |check: &str, class: &str, log: &str| {
        json!({"check": check, "class": class, "tree": of("tree"), "command": hash("command"),
            "exit": 0, "took_ms": 12_300, "reason": "exit code 0",
            "log": format!("{ticket}/attempt-1/{log}.log"), "log_hash": hash(log)})
    };
    [
        json!({"judged": {"ticket": ticket, "decision": {"point": "ticket", "action": "proceed"}}}),
        json!({"claimed": {"ticket": ticket, "attempt": 1, "from": parent,
            "from_tree": of("tree before"), "harness": "claude"}}),
        json!({"baseline_taken": {"ticket": ticket,
            "verdicts": [verdict("gate", "passed", "gate"), verdict("accept", "introduced", "accept")]}}),
        json!({"started": {"ticket": ticket}}),
        json!({"ended": {"ticket": ticket, "session": {
            "ending": "exited", "took_ms": 480_000, "output_bytes": 180_000,
            "said": [
                {"verb": "assume", "text": "The length of a session stays as it is, because nothing in the ticket asks for another", "because": "the more careful of the two"},
                {"verb": "done", "text": "The session is renewed on every request, and a test in session::renews shows it"},
            ],
            "usage": {"input_tokens": 120_000, "output_tokens": 4_500, "cost_usd": 0.75},
        }}}),
        json!({"work_kept": {"ticket": ticket, "taken": {
            "reference": format!("refs/nightshift/attempts/{NIGHT}/{ticket}/1"),
            "work": {"commit": of("work"), "tree": of("tree"), "files": 3, "added": 60, "removed": 8},
            "candidate": of("tree"), "candidate_commit": of("candidate"),
            "decision": {"point": "diff", "action": "proceed"},
        }}}),
        json!({"gated": {"ticket": ticket,
            "verdicts": [verdict("gate", "passed", "gate"), verdict("accept", "passed", "accept")]}}),
        json!({"landing": {"ticket": ticket, "tree": of("tree"), "parent": parent, "reasons": []}}),
        json!({"landed": {"ticket": ticket, "commit": of("commit")}}),
    ]
}

/// A git id made of a word.
fn id(word: &str) -> String {
    hash(word).chars().take(40).collect()
}

fn hash(word: &str) -> String {
    blake3::hash(word.as_bytes()).to_hex().to_string()
}
