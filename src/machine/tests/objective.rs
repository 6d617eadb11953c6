//! Objectives: iterations until the check is green, and never for ever.

use super::*;

fn objective(most: u32, turns: &[Turn]) -> Play {
    let facts = TicketFacts {
        iterations: Some(most),
        ..facts("goal", &[])
    };
    let others = [
        (facts, Story::Objective),
        (super::facts("other", &[]), Story::Lands),
    ];
    let mut play = Play::new(&others, terms());
    play.turns = turns.to_vec();
    play
}

fn played(most: u32, turns: &[Turn]) -> Play {
    let mut play = objective(most, turns);
    play.run();
    assert_eq!(play.kind("other"), Some(OutcomeKind::Done));
    play
}

fn progress(play: &Play) -> &Progress {
    &play.state.ticket(&id("goal")).unwrap().progress
}

/// Returns the journaled commits of the objective, in their order.
fn commits(play: &Play) -> Vec<&CommitId> {
    let landed = play.journal.iter().filter_map(|(_, event)| match event {
        Event::Landed { ticket, commit, .. } if *ticket == id("goal") => Some(commit),
        _ => None,
    });
    landed.collect()
}

fn why(play: &Play) -> &str {
    match play.state.ticket(&id("goal")).unwrap().outcome() {
        Some(Outcome::Failed { because }) => because,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_done_when_its_check_is_green_and_each_green_iteration_is_a_commit() {
    let play = played(20, &[Turn::Green, Turn::Red, Turn::Green, Turn::Reaches]);
    assert_eq!(play.kind("goal"), Some(OutcomeKind::Done));
    let commits = commits(&play);
    assert_eq!(commits.len(), 3);
    let progress = progress(&play);
    assert_eq!(
        (progress.total, progress.landed, progress.idle),
        (4, 3, 0),
        "{progress:?}"
    );
    // Each stands on the one before it.
    let parents: Vec<_> = play
        .journal
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Landing { ticket, parent, .. } if *ticket == id("goal") => Some(parent),
            _ => None,
        })
        .collect();
    assert_eq!(parents[1..], commits[..2]);
    // The ticket is one landed ticket of the night.
    assert_eq!(
        play.state.night().unwrap().landed,
        [id("goal"), id("other")]
    );
}

#[test]
fn three_iterations_in_a_row_without_a_commit_end_it_with_the_evidence() {
    for (turns, landed, evidence) in [
        (
            &[Turn::NoChange][..],
            0,
            "each with the same failure: the agent ended",
        ),
        (
            &[Turn::SameRed],
            0,
            "each with the same failure: the gate is red",
        ),
        (&[Turn::Red], 0, "the last: the gate is red"),
        (
            &[Turn::Green, Turn::Red, Turn::NoChange, Turn::SameRed],
            1,
            "the last: the gate",
        ),
    ] {
        let play = played(20, turns);
        assert_eq!(play.kind("goal"), Some(OutcomeKind::Failed));
        assert!(why(&play).starts_with("3 iterations in a row without a commit, "));
        assert!(why(&play).contains(evidence), "{}", why(&play));
        assert!(why(&play).ends_with(&format!("({landed} landed)")));
    }
}

#[test]
fn a_commit_is_progress_and_the_number_of_attempts_is_no_bound_of_it() {
    let up_and_down = [
        Turn::Red,
        Turn::SameRed,
        Turn::Green,
        Turn::Red,
        Turn::SameRed,
    ];
    let turns = [&up_and_down[..], &[Turn::Reaches]].concat();
    let play = played(20, &turns);
    assert_eq!(play.kind("goal"), Some(OutcomeKind::Done));
    assert_eq!(play.state.ticket(&id("goal")).unwrap().spent, 0);
}

#[test]
fn the_most_iterations_end_it_and_a_human_may_grant_them_anew() {
    let mut play = played(4, &[Turn::Green]);
    assert_eq!(commits(&play).len(), 4);
    assert_eq!(
        why(&play),
        "its check is not green after 4 iterations; the last: because (4 landed)"
    );
    play.turns = [&[Turn::Green; 5][..], &[Turn::Reaches]].concat();
    play.tell(runner());
    play.run();
    assert_eq!(play.kind("goal"), Some(OutcomeKind::Failed), "nobody asked");
    play.tell(Event::Asked(Request {
        id: "1".to_owned(),
        kind: RequestKind::Requeue { ticket: id("goal") },
        by: None,
        reason: None,
    }));
    play.tell(runner());
    play.run();
    assert_eq!(play.kind("goal"), Some(OutcomeKind::Done));
    assert_eq!((progress(&play).total, progress(&play).counted), (6, 2));
}

#[test]
fn a_check_that_is_green_before_the_work_leaves_nothing_to_do() {
    let mut play = objective(20, &[Turn::Green]);
    while !matches!(
        play.state.next(&at(play.clock)),
        Step::Do(Effect::Baseline { .. })
    ) {
        assert!(play.step());
    }
    let Step::Do(effect) = play.state.next(&at(play.clock)) else {
        panic!("a baseline was due");
    };
    let Event::BaselineTaken { ticket, verdicts } = play.perform(&effect) else {
        panic!("a baseline was due");
    };
    let verdicts = verdicts.into_iter().map(|verdict| Verdict {
        class: Class::Passed,
        ..verdict
    });
    play.tell(Event::BaselineTaken {
        ticket,
        verdicts: verdicts.collect(),
    });
    play.run();
    assert_eq!(play.kind("goal"), Some(OutcomeKind::Blocked));
}

#[test]
fn why_to_look_at_an_iteration_is_why_to_look_at_the_objective() {
    let play = played(20, &[Turn::Flaky, Turn::Green, Turn::Reaches]);
    assert_eq!(play.kind("goal"), Some(OutcomeKind::LowConfidence));
}

#[test]
fn what_an_iteration_said_is_kept_within_bounds() {
    let mut progress = Progress::default();
    for number in 1..=200 {
        let said = |text: &str| Utterance::Note {
            text: format!("{text} {number}"),
        };
        let session = Session {
            ending: Ending::Exited,
            took_ms: 1,
            said: (0..40).map(|_| said(&"long ".repeat(400))).collect(),
            decision: None,
            tools: Vec::new(),
            first_sign_ms: None,
            hosts: Vec::new(),
            usage: None,
            output_bytes: 0,
            survivors: 0,
            processes: None,
        };
        let mut attempt = Attempt {
            number,
            from: CommitId("c".to_owned()),
            harness: "test".to_owned(),
            since: at(0).at,
            until: at(1).at,
            session: Some(session),
            taken: None,
            baseline: Vec::new(),
            verdicts: Vec::new(),
            setback: Some(Setback::NoChange),
            landed: None,
            iteration: None,
        };
        progress.take("n", &mut attempt, &[]);
    }
    let bytes = serde_json::to_vec(&progress).unwrap().len();
    assert!(bytes < 20_000, "{bytes}");
    assert_eq!(progress.total, 200);
    assert_eq!(progress.iterations.last().unwrap().number, 200);
}

fn a_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        Just(Turn::Green),
        Just(Turn::Flaky),
        Just(Turn::Red),
        Just(Turn::SameRed),
        Just(Turn::NoChange),
        Just(Turn::Reaches),
    ]
}

proptest! {
    /// However its agent works and the runner dies: it ends, its count is that of the journal, and
    /// it is done exactly when its check was green on what landed last.
    #[test]
    fn every_objective_ends(
        turns in prop::collection::vec(a_turn(), 1..12),
        most in 1_u32..12,
        kills in prop::collection::vec(1_u32..80, 0..3),
    ) {
        let mut play = objective(most, &turns);
        for kill in kills {
            for _ in 0..kill {
                play.step();
            }
            if play.state.night().unwrap().ended.is_none() {
                play.tell(runner());
            }
        }
        play.run();
        let mut unique: Vec<_> = commits(&play);
        let landed = unique.len();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), landed);
        let progress = progress(&play);
        prop_assert_eq!(progress.landed as usize, landed);
        prop_assert!(progress.counted <= most);
        let reached = play.journal.iter().any(|(_, event)| matches!(
            event,
            Event::Gated { ticket, verdicts } if *ticket == id("goal")
                && verdicts.iter().any(|v| v.check == Check::Accept && v.class.is_green())
        ));
        let kind = play.kind("goal").unwrap();
        prop_assert_eq!(kind.landed(), reached);
        let mut again = State::default();
        for (now, event) in &play.journal {
            again.evolve(now, event).unwrap();
        }
        prop_assert_eq!(again.tickets(), play.state.tickets());
    }
}
