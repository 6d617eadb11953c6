//! Whole reports of hand-made nights, as files to be read by a person.

mod fixture;
mod objective;

use fixture::{
    NIGHT, Played, assume, carried, facts, green, id, note, parked, question, red, rule, session,
    verdict,
};

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::{Liveness, Model, Pulse, json, markdown, model, status};
use crate::{
    backlog::ticket::Status,
    gate::verdict::{Check, Class, Verdict},
    harness::event::Ending,
    machine::{
        Block, Carried, NightEnd, Outcome, Raised, Reason, Repair, RequestKind, Session, Setback,
        State,
    },
    policy::decision::{Action, Point, Scope},
    say::utterance::{Question, Utterance},
};

const UNCONFINED: &str = "Agents and gates are not confined: they may do whatever you may do.";
const OUTPUT: &str = "running 12 tests\n\
    test ledger::sums_to_zero ... FAILED\n\n\
    ---- ledger::sums_to_zero stdout ----\n\
    assertion `left == right` failed\n  left: 3\n right: 0\n\n\
    ```not the end of the block```\n\
    test result: FAILED. 11 passed; 1 failed\n";

/// The kept logs of all nights here.
fn logs(verdict: &Verdict) -> Option<Vec<u8>> {
    match verdict.log.as_deref()? {
        "T-9/attempt-2/gate.log" | "T-12/attempt-1/gate.log" => Some(OUTPUT.as_bytes().to_vec()),
        "T-10/attempt-1/gate.log" => Some(b"all green, trust me\n".to_vec()),
        _ => None,
    }
}

fn report(state: &State) -> Model {
    model(state, &logs)
}

fn text(state: &State) -> String {
    markdown(&report(state), None).unwrap()
}

fn behind(name: &str, title: &str, depends_on: &[&str]) -> Carried {
    let mut ticket = carried(name, title);
    ticket.facts.depends_on = depends_on.iter().map(|name| id(name)).collect();
    ticket
}

fn empty() -> State {
    Played::over(Vec::new()).ends(NightEnd::Drained).state
}

/// Every outcome, every section.
fn rich() -> State {
    let mut old = carried("T-0", "Rename the product");
    old.outcome = Some(parked(
        Raised::Agent,
        question("Which of the two names does marketing want?"),
        None,
    ));
    old.settled_at = Some("2026-11-18T23:10:00Z".parse().unwrap());
    old.night = Some("2026-11-18".to_owned());
    old.attempts = 1;
    let mut stale = carried("T-00", "Port to the new toolchain");
    stale.outcome = Some(Outcome::Failed {
        because: "3 attempts used up".to_owned(),
    });
    stale.night = Some("2026-11-18".to_owned());
    let mut done = carried("T-20", "Written by hand");
    done.facts.status = Status::Done;
    done.outcome = Some(Outcome::Skipped {
        because: "its file says `status: done`".to_owned(),
    });
    let mut draft = carried("T-21", "An idea");
    draft.facts.status = Status::Draft;
    draft.outcome = Some(Outcome::Skipped {
        because: "its file says `status: draft`".to_owned(),
    });
    let night = Played::with_blind_spots(
        vec![
            old,
            stale,
            done,
            draft,
            carried("T-1", "Show the total in the footer"),
            carried("T-2", "Speed up the import"),
            carried(
                "T-3",
                "Split the parser into two files, and keep every public name where it is",
            ),
            carried("T-4", "Retry on a lost connection"),
            carried("T-5", "Delete accounts that nobody used for a year"),
            carried("T-7", "Store amounts as integers"),
            behind("T-8", "Show amounts in the ledger", &["T-7"]),
            carried("T-9", "Balance the ledger"),
            carried("T-10", "Round to even"),
            behind("T-11", "Export the ledger", &["T-9"]),
            carried("T-12", "Update the base image"),
            carried("T-13", "Document the API"),
        ],
        &[
            UNCONFINED,
            "There is no policy.toml: the default contract holds.",
        ],
    );
    let night = night
        .refused("T-14.md", &["T-14.md:3:1: unknown key `pirority`"])
        .judged(
            "T-5",
            rule(Point::Ticket, Action::Park, "data_loss", &["Delete accounts"]),
        )
        .settled(
            "T-5",
            parked(
                Raised::Rule(Point::Ticket),
                question("Rule `data_loss` wants a human to decide this first (`Delete accounts`). How shall it be done?"),
                Some(rule(Point::Ticket, Action::Park, "data_loss", &["Delete accounts"])),
            ),
        )
        .lands(
            "T-1",
            (2, 34, 5),
            vec![
                assume("The total is in euros", Some("every other amount on the page is")),
                note("The footer has no test of its own"),
                Utterance::Done { text: "The footer shows the total".to_owned() },
            ],
        )
        .worked("T-2", session(vec![Utterance::Done { text: "Reads in chunks".to_owned() }]), (4, 610, 88))
        .gated("T-2", vec![verdict(Check::Gate, Class::Flaky, "exit code 0")])
        .landed("T-2", vec![Reason::FlakyGate, Reason::LargeDiff { lines: 698 }])
        .lands("T-3", (3, 120, 118), Vec::new());
    let mut remembered = green();
    remembered.remembered = true;
    remembered.took_ms = 0;
    let accept = verdict(Check::Accept, Class::Passed, "exit code 0");
    let mut silent: Session = session(Vec::new());
    silent.usage = None;
    silent.survivors = 2;
    let night = night
        .worked("T-4", silent, (1, 9, 1))
        .gated("T-4", vec![remembered, accept])
        .landed("T-4", Vec::new());
    let park = Question {
        question: "Shall existing amounts be rewritten, or only new ones?".to_owned(),
        options: vec![
            "Rewrite them: I would add a migration that multiplies by 100.".to_owned(),
            "Only new ones: I would add a second column.".to_owned(),
        ],
        recommend: Some("1".to_owned()),
        because: Some("A rewritten table cannot be read by the old version".to_owned()),
    };
    let schema = rule(
        Point::Diff,
        Action::Park,
        "schema",
        &["ALTER TABLE amounts", "migrations/002_amounts.sql"],
    );
    let mut asked = session(vec![Utterance::Park(park.clone())]);
    asked.decision = Some(schema.clone());
    let night = night
        .worked("T-7", asked, (4, 120, 14))
        .gated("T-7", vec![green()])
        .settled("T-7", parked(Raised::Agent, park, Some(schema)))
        .held("T-8", "T-7", "parked");
    let mut timed_out = session(vec![note("The sum is off by the opening balance")]);
    timed_out.ending = Ending::TimedOut {
        after_ms: 2_700_000,
    };
    timed_out.took_ms = 2_700_000;
    let night = night
        .worked("T-9", timed_out, (0, 0, 0))
        .returned(
            "T-9",
            Setback::Agent {
                because: "the agent ran into its timeout of 45 min".to_owned(),
            },
        )
        .goes_red(
            "T-9",
            session(Vec::new()),
            (2, 40, 3),
            red("T-9/attempt-2/gate.log", OUTPUT),
        )
        .failed(
            "T-9",
            "2 attempts used up; the last: the gate is red: exit code 101",
        )
        .held("T-11", "T-9", "failed")
        .goes_red(
            "T-10",
            session(Vec::new()),
            (1, 2, 2),
            red("T-10/attempt-1/gate.log", OUTPUT),
        )
        .failed(
            "T-10",
            "1 attempt used up; the last: the gate is red: exit code 101",
        );
    let mut broken = red("T-12/attempt-1/gate.log", OUTPUT);
    broken.class = Class::PreExisting;
    night
        .claimed("T-12", vec![broken])
        .settled(
            "T-12",
            Outcome::Blocked(Block {
                because: "the gate is not green before any work: exit code 101".to_owned(),
                remedy: "make it green, then `nightshift run`".to_owned(),
                may_clear: true,
            }),
        )
        .pass(30)
        .ends(NightEnd::LengthUsed)
        .state
}

fn halted() -> State {
    Played::over(vec![
        carried("T-1", "Clean up the build folder"),
        carried("T-2", "Never reached"),
    ])
    .working("T-1")
    .pass(3)
    // The runner dies here, and the night is resumed.
    .run()
    .repaired(Repair::ProcessesEnded { count: 2 })
    .repaired(Repair::TornRecord {
        offset: 8123,
        bytes: 77,
        kept_at: "torn-8123".to_owned(),
    })
    .kept("T-1", (1, 3, 0), crate::policy::decision::Decision::unmatched(Point::Diff))
    .returned("T-1", Setback::RunnerDied)
    .worked_under(
        "T-1",
        session(Vec::new()),
        (2, 6, 900),
        rule(Point::Diff, Action::Halt, "outward", &["rm -rf /srv"]),
    )
    .halted(
        "rule `outward` halted the night at `T-1`: `rm -rf /srv`",
        "look at `T-1`, change it or the rule, then `nightshift run`",
        "outward",
        "T-1",
    )
    .settled(
        "T-1",
        parked(
            Raised::Rule(Point::Night),
            question("It halted the night: rule `outward` halted the night at `T-1`: `rm -rf /srv`. How shall it go on?"),
            None,
        ),
    )
    .ends(NightEnd::Halted)
    .state
}

fn in_progress() -> State {
    Played::over(vec![
        carried("T-1", "Show the total in the footer"),
        carried("T-2", "Speed up the import"),
        carried("T-3", "Split the parser"),
    ])
    .lands("T-1", (2, 34, 5), Vec::new())
    .asked(
        RequestKind::Stop { now: false },
        "ada",
        Some("the train leaves"),
    )
    .working("T-2")
    .state
}

/// Texts that want to be more than texts, in every place that a stranger can reach.
fn hostile() -> State {
    const EVIL: &str = "# x | [click](https://evil.example) <img src=x onerror=alert(1)> ``` \u{1b}]0;owned\u{7}\u{202e}\n\n---\n# Landed\n| a | b |";
    let title = |name: &str| Carried {
        facts: facts(name, EVIL),
        ..carried(name, EVIL)
    };
    let mut evil_rule = rule(Point::Diff, Action::Park, EVIL, &[EVIL, "`tick`", "a|b"]);
    evil_rule.because = EVIL.to_owned();
    evil_rule.scope = Scope::Repo;
    let ask = Question {
        question: EVIL.to_owned(),
        options: vec![EVIL.to_owned(), "- nested\n- list".to_owned()],
        recommend: Some(EVIL.to_owned()),
        because: Some(EVIL.to_owned()),
    };
    let mut bad = session(vec![
        assume(EVIL, Some(EVIL)),
        note(EVIL),
        Utterance::Done {
            text: EVIL.to_owned(),
        },
    ]);
    bad.ending = Ending::Failed {
        reason: EVIL.to_owned(),
    };
    let block = Outcome::Blocked(Block {
        because: EVIL.to_owned(),
        remedy: EVIL.to_owned(),
        may_clear: false,
    });
    Played::with_blind_spots(
        vec![
            title("T-1"),
            title("T-2"),
            title("T-3"),
            title("T-4"),
            title("T-5"),
        ],
        &[EVIL],
    )
    .refused(EVIL, &[EVIL])
    .lands("T-1", (1, 1, 1), vec![assume(EVIL, None)])
    .worked("T-2", session(vec![note(EVIL)]), (1, 1, 1))
    .gated("T-2", vec![green()])
    .landed(
        "T-2",
        vec![Reason::TestsChanged {
            files: vec![EVIL.to_owned()],
        }],
    )
    .worked_under("T-3", bad.clone(), (1, 1, 1), evil_rule.clone())
    .settled("T-3", parked(Raised::Agent, ask, Some(evil_rule)))
    .worked("T-4", bad, (1, 1, 1))
    .gated("T-4", vec![red(EVIL, EVIL)])
    .returned(
        "T-4",
        Setback::Red {
            because: EVIL.to_owned(),
            signature: None,
        },
    )
    .failed("T-4", EVIL)
    .settled("T-5", block)
    .halted(EVIL, EVIL, EVIL, "T-3")
    .asked(RequestKind::Stop { now: true }, EVIL, Some(EVIL))
    .ends(NightEnd::Stopped)
    .state
}

/// So many that lists are cut and lines are grouped.
fn crowded() -> State {
    let name = |at: usize| format!("C-{at:02}");
    let mut tickets = vec![carried("P-1", "Decide on the protocol")];
    // Each waits for the one before it, the first for what is parked.
    for at in 1..=25 {
        let before = if at == 1 {
            "P-1".to_owned()
        } else {
            name(at - 1)
        };
        tickets.push(behind(&name(at), "One of a chain", &[&before]));
    }
    tickets.push(behind("D-1", "Waits for nobody knows what", &["X-1"]));
    for at in 1..=3 {
        tickets.push(carried(&format!("B-{at}"), "Needs the compiler"));
    }
    for at in 1..=22 {
        tickets.push(carried(&format!("S-{at:02}"), "Not reached"));
    }
    let mut night = Played::over(tickets)
        .settled("P-1", parked(Raised::Agent, question("Which one?"), None))
        .held("C-01", "P-1", "parked");
    for at in 2..=25 {
        night = night.held(&name(at), &name(at - 1), "held");
    }
    night = night.settled(
        "D-1",
        Outcome::Held {
            by: vec![id("X-1")],
            because: "`X-1` is not in the backlog".to_owned(),
        },
    );
    for at in 1..=3 {
        let block = Block {
            because: "the gate could not judge: command not found: `rustc`".to_owned(),
            remedy: "make its command work here, then `nightshift run`".to_owned(),
            may_clear: false,
        };
        night = night.settled(&format!("B-{at}"), Outcome::Blocked(block));
    }
    night.ends(NightEnd::Stopped).state
}

fn all() -> [(&'static str, State); 7] {
    [
        ("empty", empty()),
        ("rich", rich()),
        ("halted", halted()),
        ("in_progress", in_progress()),
        ("hostile", hostile()),
        ("crowded", crowded()),
        ("no_night", State::default()),
    ]
}

#[test]
fn whole_reports() {
    for (name, state) in all() {
        insta::assert_snapshot!(format!("{name}.md"), text(&state));
    }
}

#[test]
fn the_report_as_json() {
    insta::assert_snapshot!("rich.json", json(&report(&rich())));
}

#[test]
fn the_status_of_a_night() {
    for (name, state) in all() {
        let runner = match state.night().and_then(|night| night.ended.as_ref()) {
            Some(_) => Liveness::NotRunning,
            None => Liveness::Alive,
        };
        let text = status(&state, runner, None, &[]).render();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        insta::assert_snapshot!(format!("{name}.status"), text);
    }
    insta::assert_snapshot!(
        "dead.status",
        status(&in_progress(), Liveness::Dead, None, &[]).render()
    );
    let json =
        serde_json::to_string_pretty(&status(&in_progress(), Liveness::Alive, None, &[])).unwrap();
    insta::assert_snapshot!("in_progress.status.json", json);
}

#[test]
fn the_first_line_of_a_status_says_whether_the_night_goes_on() {
    let at = |time: &str| Some(format!("2026-11-20T{time}:00Z").parse().unwrap());
    let pulse = |watchdog| Pulse {
        pid: 42,
        watchdog,
        doing: Some("working on T-7".to_owned()),
        since: at("01:12"),
        still_ms: 14 * 60_000,
        waiting_for: Some("the usage limit".to_owned()),
        waiting_until: at("03:10"),
    };
    let cases = [
        (Liveness::Alive, "is alive, working on T-7 since 01:12 UTC."),
        (
            Liveness::Stalled,
            "has stalled: nothing has moved for 14 min; its watchdog starts it again.",
        ),
        (
            Liveness::Waiting,
            "is waiting for the usage limit, until 03:10 UTC.",
        ),
        (Liveness::Restarting, "its watchdog starts it again."),
        (
            Liveness::Dead,
            "is dead: its runner is gone; `nightshift run` resumes it.",
        ),
        (Liveness::NotRunning, "No night is running; night"),
    ];
    let flat = |status: super::Status| {
        status
            .render()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (runner, says) in cases {
        let text = flat(status(&in_progress(), runner, Some(pulse(Some(41))), &[]));
        assert!(text.contains(says), "{text}");
    }
    let unwatched = flat(status(
        &in_progress(),
        Liveness::Stalled,
        Some(pulse(None)),
        &[],
    ));
    assert!(unwatched.contains("`kill -9 42`"), "{unwatched}");
}

#[test]
fn the_same_night_gives_the_same_bytes() {
    for ((name, once), (_, again)) in all().into_iter().zip(all()) {
        assert_eq!(text(&once), text(&again), "{name}");
        assert_eq!(json(&report(&once)), json(&report(&again)), "{name}");
    }
}

#[test]
fn no_stranger_adds_a_link_a_heading_or_a_cell() {
    let rendered = text(&hostile());
    let mut headings = 0;
    for event in Parser::new_ext(&rendered, Options::all()) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Rule
            | Event::TaskListMarker(_)
            | Event::FootnoteReference(_) => panic!("{event:?}"),
            Event::Start(Tag::Heading { .. }) => headings += 1,
            _ => {}
        }
    }
    // One of the night, twelve of sections, and one for each of four tickets.
    assert_eq!(headings, 17);
    for output in [rendered, json(&report(&hostile()))] {
        assert!(
            !output.contains(['\u{1b}', '\u{7}', '\u{202e}']),
            "{output}"
        );
    }
}

#[test]
fn json_means_what_was_said() {
    let report: serde_json::Value = serde_json::from_str(&json(&report(&hostile()))).unwrap();
    let title = report["decisions"][0]["title"].as_str().unwrap();
    assert!(title.contains("\u{1b}]0;owned\u{7}\u{202e}\n\n---"));
    assert_eq!(report["version"], 1);
}

#[test]
fn a_repository_may_bring_its_own_template_and_still_prints_nothing_raw() {
    let model = report(&hostile());
    let own = "{{ decisions[0].title }}\n{{ decisions[0].options }}\n{{ numbers.attempts }}";
    let printed = markdown(&model, Some(own)).unwrap();
    assert!(!printed.contains(['\u{1b}', '\u{202e}']), "{printed}");
    assert!(
        !printed.contains("\n#") && !printed.contains(" <img"),
        "{printed}"
    );
    assert!(printed.ends_with("\n4"), "{printed}");
}

#[test]
fn a_wrong_template_is_an_error_that_names_its_line() {
    let model = report(&empty());
    for (wrong, line) in [
        ("\n{% if %}", "night-report.md.j2:2"),
        ("\n\n{{ no_such_field }}", "night-report.md.j2:3"),
        ("{{ numbers.no_such_field }}", "night-report.md.j2:1"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
            "fuel",
        ),
    ] {
        let error = markdown(&model, Some(wrong)).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(line), "{source}");
    }
}

#[test]
fn an_answer_in_the_morning_takes_the_decision_out_and_leaves_the_length() {
    let before = report(&rich());
    let night = Played::after(rich(), 12 * 60).asked(
        RequestKind::Answer {
            ticket: id("T-7"),
            answer: "Only new ones".to_owned(),
        },
        "ada",
        None,
    );
    let after = report(&night.state);
    let ids = |model: &Model| -> Vec<String> {
        let decisions = model.decisions.iter();
        decisions.map(|decision| decision.id.to_string()).collect()
    };
    assert_eq!(ids(&before), ["T-5", "T-7", "T-0"]);
    assert_eq!(ids(&after), ["T-5", "T-0"]);
    // T-8 was held by it.
    assert_eq!(after.queued.first, [id("T-7"), id("T-8")]);
    let length = |model: &Model| model.numbers.as_ref().unwrap().length_ms;
    assert_eq!(length(&before), length(&after));
    assert!(
        after.headline.contains("2 queued for the next run"),
        "{}",
        after.headline
    );
}

#[test]
fn only_what_is_quoted_is_asked_for() {
    let asked = std::cell::RefCell::new(Vec::new());
    model(&rich(), &|verdict: &Verdict| {
        asked.borrow_mut().extend(verdict.log.clone());
        None
    });
    asked.borrow_mut().sort();
    assert_eq!(
        *asked.borrow(),
        [
            "T-10/attempt-1/gate.log",
            "T-12/attempt-1/gate.log",
            "T-9/attempt-2/gate.log"
        ]
    );
}

#[test]
fn what_is_not_known_is_not_zero() {
    let mut silent = session(Vec::new());
    silent.usage = None;
    let night = Played::over(vec![carried("T-1", "Quiet")])
        .worked("T-1", silent, (1, 1, 1))
        .gated("T-1", vec![green()])
        .landed("T-1", Vec::new())
        .ends(NightEnd::Drained);
    let model = report(&night.state);
    let numbers = model.numbers.as_ref().unwrap();
    assert_eq!(numbers.cost_usd, None);
    assert_eq!(numbers.input_tokens, None);
    let text = text(&night.state);
    assert!(
        text.contains("- Tokens: unknown\n- Cost: unknown\n"),
        "{text}"
    );
    assert_eq!(
        model.headline,
        format!("1 landed; the branch `nightshift/{NIGHT}` is ready to merge.")
    );
}
