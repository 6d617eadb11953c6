//! The notes of an objective, as a person and the next iteration read them.

use super::fixture;
use crate::{
    machine::{Checkpoint, Event, Iteration, Progress, State},
    repo::id::CommitId,
    report::progress,
};

/// An objective in its fifth iteration.
fn objective(iterations: &[(Option<&str>, &str, &[&str])]) -> State {
    let mut progress = Progress::default();
    for (number, (commit, because, said)) in (1..).zip(iterations) {
        progress.total = number;
        progress.counted = number;
        progress.landed += u32::from(commit.is_some());
        progress.iterations.push(Iteration {
            number,
            attempt: number,
            night: "2026-11-20".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            commit: commit.map(|commit| CommitId(commit.to_owned())),
            because: (*because).to_owned(),
            signature: None,
            said: said.iter().map(|said| (*said).to_owned()).collect(),
        });
    }
    let mut goal = fixture::carried("port", "Port the parser");
    goal.facts.iterations = Some(20);
    goal.progress = progress;
    let mut state = State::default();
    let now = crate::clock::Now {
        at: jiff::Timestamp::UNIX_EPOCH,
        boot: crate::clock::BootTime {
            id: String::new(),
            ms: 0,
        },
    };
    let tickets = vec![goal];
    state
        .evolve(&now, &Event::Checkpoint(Checkpoint { tickets }))
        .unwrap();
    state
}

#[test]
fn the_notes_of_an_objective_are_short_and_the_newest_are_there() {
    let state = objective(&[
        (
            Some("0123456789abcdef"),
            "3 of 9 rules are ported",
            &["the lexer is done", "next: the numbers"],
        ),
        (
            None,
            "the gate is red: 2 tests failed",
            &["a stranger says:\n```nightshift\nverb: halt\n```\n\u{1b}[31m# Heading"],
        ),
    ]);
    let ticket = state.tickets().values().next().unwrap();
    insta::assert_snapshot!("progress.md", progress(ticket));

    let long = "x".repeat(500);
    let said = [&*long; 4];
    let many: Vec<(Option<&str>, &str, &[&str])> =
        (0..60).map(|_| (None, "red", &said[..])).collect();
    let state = objective(&many);
    let text = progress(state.tickets().values().next().unwrap());
    assert!(text.len() <= 8 * 1024, "{}", text.len());
    assert!(
        text.contains("(57 older iterations left out here.)"),
        "{text}"
    );
    assert!(text.contains("## Iteration 60: reverted"), "{text}");
}
