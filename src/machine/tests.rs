//! Whole nights over the pure machine, played by a small instant world, and checked against what
//! must hold for every night.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    backlog::ticket::{Priority, Status, TicketFacts, TicketId},
    clock::{BootTime, Now},
    config::budget::Budgets,
    gate::verdict::{Check, Class, Verdict},
    harness::event::Ending,
    policy::decision::{Action, Decision, Point, Scope},
    process::id::ProcessId,
    repo::id::{CommitId, TreeId, Work},
    say::utterance::{Question, Utterance},
};

mod objective;

/// What an agent does, or what is in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    Lands,
    Fails,
    SameRed,
    NoChange,
    Parks,
    ParkedByRule,
    ParkedByDiff,
    Halts,
    RedBaseline,
    Flaky,
    /// An objective, by its turns.
    Objective,
}

const STORIES: [Story; 10] = [
    Story::Lands,
    Story::Fails,
    Story::SameRed,
    Story::NoChange,
    Story::Parks,
    Story::ParkedByRule,
    Story::ParkedByDiff,
    Story::Halts,
    Story::RedBaseline,
    Story::Flaky,
];

/// What an objective's agent does in one iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Green,
    Flaky,
    Red,
    SameRed,
    NoChange,
    Reaches,
}

pub(super) fn id(text: &str) -> TicketId {
    text.parse().unwrap()
}

pub(super) fn facts(name: &str, depends_on: &[&str]) -> TicketFacts {
    TicketFacts {
        id: id(name),
        title: format!("Title of {name}"),
        file: format!("{name}.md"),
        hash: "h".to_owned(),
        priority: Priority::default(),
        ordinal: None,
        depends_on: depends_on.iter().map(|name| id(name)).collect(),
        labels: Vec::new(),
        paths: Vec::new(),
        attempts: None,
        status: Status::Ready,
        harness: None,
        iterations: None,
    }
}

fn at(ms: u64) -> Now {
    let boot = BootTime {
        id: "boot".to_owned(),
        ms,
    };
    let at = jiff::Timestamp::UNIX_EPOCH + Duration::from_millis(ms);
    Now { at, boot }
}

pub(super) fn terms() -> NightStarted {
    NightStarted {
        night: "2026-01-01".to_owned(),
        base: CommitId("base".to_owned()),
        base_tree: TreeId("base".to_owned()),
        branch: "refs/heads/nightshift/2026-01-01".to_owned(),
        onto: None,
        limits: Limits {
            length_ms: 1_000_000,
            attempts: 3,
            consecutive_failures: 5,
            yield_after: 8,
            yield_bad: 0.75,
            large_diff: 500,
            gate_in_bench: false,
            budgets: Budgets::default(),
        },
        harnesses: vec!["test".to_owned(), "other".to_owned()],
        accounts: BTreeMap::new(),
        config: String::new(),
        policy: String::new(),
        blind_spots: Vec::new(),
        version: "0".to_owned(),
    }
}

pub(super) fn runner() -> Event {
    let process = ProcessId {
        pid: 1,
        start_ticks: 1,
        boot: "boot".to_owned(),
    };
    Event::RunnerStarted {
        process,
        options: RunOptions::default(),
        restarted: false,
    }
}

/// A night in memory: the journal as a list, the state as its fold.
pub(super) struct Play {
    pub(super) state: State,
    journal: Vec<(Now, Event)>,
    stories: BTreeMap<TicketId, Story>,
    /// What an objective's agent does in each iteration; the last one repeats.
    turns: Vec<Turn>,
    clock: u64,
}

impl Play {
    pub(super) fn new(tickets: &[(TicketFacts, Story)], terms: NightStarted) -> Self {
        let carried = tickets
            .iter()
            .map(|(facts, _)| Carried {
                facts: facts.clone(),
                outcome: None,
                settled_at: None,
                night: None,
                attempts: 0,
                answers: Vec::new(),
                in_base: false,
                progress: Progress::default(),
            })
            .collect();
        let mut play = Self {
            state: State::default(),
            journal: Vec::new(),
            stories: tickets.iter().map(|(f, s)| (f.id.clone(), *s)).collect(),
            turns: Vec::new(),
            clock: 0,
        };
        play.tell(Event::Checkpoint(Checkpoint { tickets: carried }));
        play.tell(Event::NightStarted(Box::new(terms)));
        play.tell(runner());
        play
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.clock += 1;
        let now = at(self.clock);
        self.state.evolve(&now, &event).unwrap();
        self.journal.push((now, event));
    }

    /// Takes one step; `false` when the night rests.
    pub(super) fn step(&mut self) -> bool {
        let event = match self.state.next(&at(self.clock)) {
            Step::Rest => return false,
            Step::Wait { until, .. } => {
                let now = at(self.clock).at;
                self.clock += u64::try_from(until.duration_since(now).as_millis()).unwrap();
                return true;
            }
            Step::Record(event) => event,
            Step::Do(effect) => self.perform(&effect),
        };
        self.tell(event);
        true
    }

    pub(super) fn run(&mut self) {
        let mut steps = 0;
        while self.step() {
            steps += 1;
            assert!(steps < 5_000, "the night does not come to rest");
        }
    }

    fn perform(&self, effect: &Effect) -> Event {
        let ticket = effect.ticket().clone();
        let story = self.stories[&ticket];
        let turn = |attempt: u32| {
            let mut turns = self.turns.iter().take(attempt as usize);
            *turns.next_back().unwrap_or(&Turn::Green)
        };
        let verdict = |check, class: Class, tree: &TreeId, signature: Option<String>| Verdict {
            check,
            class,
            tree: tree.clone(),
            command: String::new(),
            exit: None,
            took_ms: 1,
            signature,
            reason: "because".to_owned(),
            log: None,
            log_hash: None,
            remembered: false,
        };
        match effect {
            Effect::Judge { .. } => {
                let mut decision = Decision::unmatched(Point::Ticket);
                if story == Story::ParkedByRule {
                    decision.action = Action::Park;
                    decision.rule = Some("schema".to_owned());
                }
                Event::Judged { ticket, decision }
            }
            Effect::Claim {
                attempt,
                from,
                harness,
                ..
            } => Event::Claimed {
                ticket,
                attempt: *attempt,
                from: from.clone(),
                from_tree: TreeId(from.0.clone()),
                harness: harness.clone(),
            },
            Effect::Baseline { tree, .. } => {
                let class = if story == Story::RedBaseline {
                    Class::Introduced
                } else {
                    Class::Passed
                };
                let mut verdicts = vec![verdict(Check::Gate, class, tree, None)];
                if story == Story::Objective {
                    verdicts.push(verdict(Check::Accept, Class::Introduced, tree, None));
                    verdicts[1].command = "goal".to_owned();
                }
                Event::BaselineTaken { ticket, verdicts }
            }
            Effect::Work { .. } => {
                let question = Question {
                    question: "Which?".to_owned(),
                    options: Vec::new(),
                    recommend: None,
                    because: None,
                };
                let said = match story {
                    Story::Parks => vec![Utterance::Park(question)],
                    Story::Halts => vec![Utterance::Halt {
                        text: "harm".to_owned(),
                    }],
                    _ => Vec::new(),
                };
                let session = Session {
                    ending: Ending::Exited,
                    took_ms: 1,
                    said,
                    decision: None,
                    tools: Vec::new(),
                    first_sign_ms: None,
                    hosts: Vec::new(),
                    usage: None,
                    output_bytes: 0,
                    survivors: 0,
                    processes: None,
                };
                Event::Ended { ticket, session }
            }
            Effect::Keep { attempt, .. } => {
                let tree = TreeId(format!("{ticket}-{attempt}"));
                let mut decision = Decision::unmatched(Point::Diff);
                if story == Story::ParkedByDiff {
                    decision.action = Action::Park;
                    decision.rule = Some("scope".to_owned());
                }
                let work = Work {
                    commit: CommitId(tree.0.clone()),
                    tree: tree.clone(),
                    files: u32::from(
                        story != Story::NoChange
                            && (story != Story::Objective || turn(*attempt) != Turn::NoChange),
                    ),
                    added: 1,
                    removed: 0,
                };
                let taken = Taken {
                    reference: format!("ref-{tree}"),
                    work,
                    candidate_commit: CommitId(tree.0.clone()),
                    candidate: tree,
                    decision,
                    tests_changed: Vec::new(),
                    unfit: Vec::new(),
                };
                Event::WorkKept {
                    ticket,
                    taken: Box::new(taken),
                }
            }
            Effect::Gate { attempt, tree, .. } => {
                let (class, signature) = match story {
                    Story::Fails => (Class::Introduced, Some(format!("{attempt}"))),
                    Story::SameRed => (Class::Introduced, Some("same".to_owned())),
                    Story::Flaky => (Class::Flaky, None),
                    Story::Objective if turn(*attempt) == Turn::Red => {
                        (Class::Introduced, Some(format!("{attempt}")))
                    }
                    Story::Objective if turn(*attempt) == Turn::SameRed => {
                        (Class::Introduced, Some("same".to_owned()))
                    }
                    Story::Objective if turn(*attempt) == Turn::Flaky => (Class::Flaky, None),
                    _ => (Class::Passed, None),
                };
                let mut verdicts = vec![verdict(Check::Gate, class, tree, signature)];
                if story == Story::Objective && class.is_green() {
                    let class = match turn(*attempt) {
                        Turn::Reaches => Class::Passed,
                        _ => Class::PreExisting,
                    };
                    verdicts.push(verdict(Check::Accept, class, tree, None));
                }
                Event::Gated { ticket, verdicts }
            }
            Effect::Land { tree, .. } => Event::Landed {
                ticket,
                commit: CommitId(format!("c-{tree}")),
                adopted: false,
            },
        }
    }

    pub(super) fn kind(&self, name: &str) -> Option<OutcomeKind> {
        self.state
            .ticket(&id(name))
            .and_then(TicketState::outcome)
            .map(Outcome::kind)
    }

    fn order_of_claims(&self) -> Vec<String> {
        self.journal
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Claimed {
                    ticket, attempt: 1, ..
                } => Some(ticket.to_string()),
                _ => None,
            })
            .collect()
    }
}

fn one(story: Story) -> Play {
    let mut play = Play::new(&[(facts("a", &[]), story)], terms());
    play.run();
    play
}

#[test]
fn each_story_ends_in_its_outcome() {
    for (story, expected) in [
        (Story::Lands, OutcomeKind::Done),
        (Story::Flaky, OutcomeKind::LowConfidence),
        (Story::Fails, OutcomeKind::Failed),
        (Story::SameRed, OutcomeKind::Failed),
        (Story::NoChange, OutcomeKind::Failed),
        (Story::Parks, OutcomeKind::Parked),
        (Story::ParkedByRule, OutcomeKind::Parked),
        (Story::ParkedByDiff, OutcomeKind::Parked),
        (Story::Halts, OutcomeKind::Parked),
        (Story::RedBaseline, OutcomeKind::Blocked),
    ] {
        assert_eq!(one(story).kind("a"), Some(expected), "{story:?}");
    }
}

#[test]
fn a_clean_exit_without_a_change_is_not_success_and_the_same_failure_twice_ends_early() {
    for (story, attempts) in [(Story::NoChange, 2), (Story::SameRed, 2), (Story::Fails, 3)] {
        let play = one(story);
        assert_eq!(
            play.state.ticket(&id("a")).unwrap().tried.len(),
            attempts,
            "{story:?}"
        );
    }
}

#[test]
fn what_depends_on_a_bad_end_is_held_and_the_rest_goes_on() {
    let mut play = Play::new(
        &[
            (facts("a", &[]), Story::Parks),
            (facts("b", &["a"]), Story::Lands),
            (facts("c", &["b"]), Story::Lands),
            (facts("d", &[]), Story::Lands),
            (facts("e", &["nowhere"]), Story::Lands),
        ],
        terms(),
    );
    play.run();
    assert_eq!(play.kind("b"), Some(OutcomeKind::Held));
    assert_eq!(play.kind("c"), Some(OutcomeKind::Held));
    assert_eq!(play.kind("d"), Some(OutcomeKind::Done));
    assert_eq!(play.kind("e"), Some(OutcomeKind::Held));
    assert_eq!(play.state.waiting().on(&id("a")), [&id("b"), &id("c")]);
}

#[test]
fn an_answer_frees_the_ticket_and_all_that_it_held() {
    let mut play = Play::new(
        &[
            (facts("a", &[]), Story::Parks),
            (facts("b", &["a"]), Story::Lands),
        ],
        terms(),
    );
    play.run();
    play.stories.insert(id("a"), Story::Lands);
    play.tell(runner());
    let kind = RequestKind::Answer {
        ticket: id("a"),
        answer: "this one".to_owned(),
    };
    play.tell(Event::Asked(Request {
        id: "1".to_owned(),
        kind,
        by: None,
        reason: None,
    }));
    play.run();
    assert_eq!(play.kind("a"), Some(OutcomeKind::Done));
    assert_eq!(play.kind("b"), Some(OutcomeKind::Done));
    assert_eq!(
        play.state.ticket(&id("a")).unwrap().answers[0]
            .question
            .as_deref(),
        Some("Which?")
    );
}

#[test]
fn dependencies_then_priority_then_file_name() {
    let urgent = TicketFacts {
        priority: Priority(1),
        ..facts("z", &["m"])
    };
    let mut play = Play::new(
        &[
            (facts("b", &[]), Story::Lands),
            (facts("a", &[]), Story::Lands),
            (urgent, Story::Lands),
            (
                TicketFacts {
                    priority: Priority(5),
                    ..facts("m", &[])
                },
                Story::Lands,
            ),
        ],
        terms(),
    );
    play.run();
    assert_eq!(play.order_of_claims(), ["a", "b", "m", "z"]);
}

#[test]
fn five_failures_in_a_row_halt_and_a_new_run_begins_counting_anew() {
    let names: Vec<_> = (0..9).map(|n| format!("t{n}")).collect();
    let tickets: Vec<_> = names
        .iter()
        .map(|n| (facts(n, &[]), Story::SameRed))
        .collect();
    let mut play = Play::new(&tickets, terms());
    play.run();
    let night = play.state.night().unwrap();
    assert_eq!(night.ended, Some(NightEnd::Halted));
    assert_eq!(play.state.counts()[&OutcomeKind::Failed], 5);
    assert_eq!(play.state.counts()[&OutcomeKind::Skipped], 4);
    play.tell(runner());
    play.run();
    assert_eq!(play.state.counts()[&OutcomeKind::Failed], 9);
}

#[test]
fn parks_before_any_work_never_trip_a_breaker() {
    let names: Vec<_> = (0..20).map(|n| format!("t{n:02}")).collect();
    let mut tickets: Vec<_> = names
        .iter()
        .map(|n| (facts(n, &[]), Story::ParkedByRule))
        .collect();
    tickets.push((facts("zz", &[]), Story::Lands));
    let mut play = Play::new(&tickets, terms());
    play.run();
    assert_eq!(play.kind("zz"), Some(OutcomeKind::Done));
    assert_eq!(play.state.night().unwrap().ended, Some(NightEnd::Drained));
}

#[test]
fn three_deaths_of_the_runner_in_a_row_block_the_ticket_in_flight() {
    let mut play = Play::new(&[(facts("a", &[]), Story::Lands)], terms());
    for _ in 0..3 {
        while !matches!(
            play.state.next(&at(play.clock)),
            Step::Do(Effect::Work { .. })
        ) {
            assert!(play.step());
        }
        play.tell(runner());
    }
    play.run();
    assert_eq!(play.kind("a"), Some(OutcomeKind::Blocked));
    assert_eq!(play.state.ticket(&id("a")).unwrap().spent, 0);
}

#[test]
fn a_landing_tries_what_was_blocked_by_a_red_baseline_once_more() {
    let first = TicketFacts {
        priority: Priority(1),
        ..facts("a", &[])
    };
    let mut play = Play::new(
        &[(first, Story::RedBaseline), (facts("b", &[]), Story::Lands)],
        terms(),
    );
    while play.kind("b") != Some(OutcomeKind::Done) {
        assert!(play.step());
    }
    play.stories.insert(id("a"), Story::Lands);
    play.run();
    assert_eq!(play.kind("a"), Some(OutcomeKind::Done));
}

#[test]
fn the_scope_of_a_park_decides_what_waits_with_it() {
    for (scope, b, c) in [
        (Scope::Ticket, OutcomeKind::Done, OutcomeKind::Done),
        (Scope::Dependents, OutcomeKind::Held, OutcomeKind::Done),
        (Scope::Repo, OutcomeKind::Held, OutcomeKind::Held),
    ] {
        let mut play = Play::new(
            &[
                (facts("a", &[]), Story::Lands),
                (facts("b", &["a"]), Story::Lands),
                (facts("c", &[]), Story::Lands),
            ],
            terms(),
        );
        let park = Park {
            raised: Raised::Rule(Point::Ticket),
            question: Question {
                question: "?".to_owned(),
                options: Vec::new(),
                recommend: None,
                because: None,
            },
            scope,
            decision: None,
        };
        play.tell(Event::Settled {
            ticket: id("a"),
            outcome: Outcome::Parked(Box::new(park)),
        });
        play.run();
        assert_eq!(
            (play.kind("b"), play.kind("c")),
            (Some(b), Some(c)),
            "{scope:?}"
        );
    }
}

#[test]
fn illegal_facts_name_the_ticket_and_its_state() {
    let mut play = Play::new(&[(facts("a", &[]), Story::Lands)], terms());
    let started = Event::Started { ticket: id("a") };
    let error = play.state.evolve(&at(1), &started).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`started` cannot follow for ticket `a`: it is queued, not in flight"
    );
    play.run();
    let landed = Event::Landed {
        ticket: id("a"),
        commit: CommitId("x".to_owned()),
        adopted: false,
    };
    assert!(
        play.state.evolve(&at(1), &landed).is_err(),
        "a ticket landed twice"
    );
}

#[test]
fn the_length_of_the_night_and_a_stop_skip_what_is_left() {
    let short = NightStarted {
        limits: Limits {
            length_ms: 15,
            ..terms().limits
        },
        ..terms()
    };
    let tickets: Vec<_> = (0..5)
        .map(|n| (facts(&format!("t{n}"), &[]), Story::Lands))
        .collect();
    let mut play = Play::new(&tickets, short);
    play.run();
    assert_eq!(
        play.state.night().unwrap().ended,
        Some(NightEnd::LengthUsed)
    );
    assert!(play.state.counts()[&OutcomeKind::Skipped] > 0);

    let mut play = Play::new(&tickets, terms());
    let stop = Request {
        id: "s".to_owned(),
        kind: RequestKind::Stop { now: false },
        by: None,
        reason: None,
    };
    while play.kind("t0").is_none() {
        play.step();
    }
    play.tell(Event::Asked(stop));
    play.run();
    assert_eq!(play.state.night().unwrap().ended, Some(NightEnd::Stopped));
    assert_eq!(play.state.counts()[&OutcomeKind::Skipped], 4);
    play.tell(runner());
    play.run();
    assert_eq!(play.state.counts()[&OutcomeKind::Done], 5);
}

fn a_backlog() -> impl Strategy<Value = Vec<(TicketFacts, Story)>> {
    let ticket = (
        0..STORIES.len(),
        1_u8..=5,
        prop::collection::vec(0_usize..12, 0..3),
    );
    prop::collection::vec(ticket, 1..12).prop_map(|tickets| {
        tickets
            .into_iter()
            .enumerate()
            .map(|(n, (story, priority, on))| {
                // Only on earlier ones: circles are refused before a night.
                let on: Vec<_> = on
                    .iter()
                    .filter(|d| **d < n)
                    .map(|d| format!("t{d}"))
                    .collect();
                let on: Vec<_> = on.iter().map(String::as_str).collect();
                let facts = TicketFacts {
                    priority: Priority(priority),
                    ..facts(&format!("t{n}"), &on)
                };
                (facts, STORIES[story])
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every night comes to rest, every ticket in exactly one outcome; nothing lands without a
    /// green gate on that tree, nothing twice; and the journal folded again is the same state.
    #[test]
    fn every_night_comes_to_rest(backlog in a_backlog(), kills in prop::collection::vec(1_u32..60, 0..4)) {
        let mut play = Play::new(&backlog, terms());
        for kill in kills {
            for _ in 0..kill {
                play.step();
            }
            if play.state.night().unwrap().ended.is_none() {
                play.tell(runner());
            }
        }
        play.run();
        let mut landed = BTreeMap::new();
        let mut green = Vec::new();
        for (_, event) in &play.journal {
            match event {
                Event::Gated { verdicts, .. } if verdicts.iter().all(|v| v.class.is_green()) =>
                    green.push(verdicts[0].tree.clone()),
                Event::Landing { tree, .. } => prop_assert!(green.contains(tree)),
                Event::Landed { ticket, .. } => *landed.entry(ticket.clone()).or_insert(0) += 1,
                _ => {}
            }
        }
        for (id, ticket) in play.state.tickets() {
            let kind = ticket.outcome().map(Outcome::kind);
            prop_assert!(kind.is_some(), "{id} has no outcome");
            prop_assert_eq!(kind.is_some_and(OutcomeKind::landed), landed.get(id) == Some(&1));
        }
        let mut again = State::default();
        for (now, event) in &play.journal {
            again.evolve(now, event).unwrap();
        }
        prop_assert_eq!(again.tickets(), play.state.tickets());
        prop_assert_eq!(again.night(), play.state.night());
    }
}
