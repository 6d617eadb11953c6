//! `pause`, `resume`, `skip` and `stop`: they bind the runner, whatever the agent does, and none of
//! them sticks.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::bed::{Bed, wait_for};

/// Works until `$HOME/shared/go` is there.
const PATIENT: &str = "- write: {path: a.txt, text: a}\n- sh: \"while ! [ -e $HOME/shared/go ]; do echo .; sleep 0.05; done\"";

/// Two tickets, the first of which waits to be told to go on.
fn two() -> Bed {
    let bed = Bed::with_stories();
    bed.ticket("a", "priority: 1", "Do it.");
    bed.steps("a", PATIENT);
    bed.story("b", "- write: {path: b.txt, text: b}");
    bed
}

fn go(bed: &Bed) {
    fs::write(bed.shared().join("go"), "").unwrap();
}

fn status(bed: &Bed) -> Value {
    bed.nightshift(&["status", "--json"]).code(0).json()
}

/// Waits until status says so, and returns it.
#[track_caller]
fn until(bed: &Bed, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_for(what, || {
        let status = status(bed);
        if is(&status) {
            Ok(status)
        } else {
            Err(status.to_string())
        }
    })
}

fn works(status: &Value) -> bool {
    status["active"]["stage"] == "working"
}

fn in_force(status: &Value, kind: &str) -> Option<Value> {
    let all = status["in_force"].as_array()?;
    all.iter().find(|one| one["kind"] == kind).cloned()
}

#[track_caller]
fn ends(child: &mut Child, code: i32) {
    let status = wait_for("the night to end", || {
        let ended = child.try_wait().unwrap();
        ended.ok_or_else(|| "it runs".to_owned())
    });
    assert_eq!(status.code(), Some(code));
}

#[test]
fn a_paused_night_starts_nothing_and_goes_on_when_it_is_resumed() {
    let bed = two();
    let mut night = bed.start(&["run"]);
    until(&bed, "the agent to work", works);
    let said = bed
        .nightshift(&["pause", "--reason", "need the bandwidth"])
        .code(0);
    assert!(said.out.contains("`nightshift resume`"), "{}", said.out);
    // The agent at work is not interrupted for it.
    let asked = status(&bed)["asked"][0].as_str().unwrap().to_owned();
    assert!(
        asked.starts_with("pause") && asked.contains("bandwidth"),
        "{asked}"
    );
    go(&bed);
    // What was at work goes on to its end; what it leads to starts nothing.
    let waiting = until(&bed, "the night to be paused", |status| {
        status["runner"] == "paused"
    });
    assert_ne!(waiting["outcomes"]["done"], 2, "{waiting}");
    let pause = in_force(&waiting, "pause").unwrap();
    assert!(pause["since"].is_string(), "{pause}");
    let what = pause["what"].as_str().unwrap();
    assert!(what.contains("need the bandwidth"), "{what}");
    let text = bed.nightshift(&["status"]).code(0).out;
    assert!(text.contains("is paused: `nightshift resume`"), "{text}");
    assert!(text.contains("need the bandwidth"), "{text}");
    bed.nightshift(&["resume", "--reason", "got it"]).code(0);
    ends(&mut night, 0);
    assert_eq!(bed.landed().len(), 2);
    assert_eq!(in_force(&status(&bed), "pause"), None);
    let logs = bed.nightshift(&["logs"]).code(0).out;
    assert!(logs.contains("pause") && logs.contains("resume"), "{logs}");
}

#[test]
fn a_pause_outlives_its_runner_and_is_over_with_its_night() {
    let bed = two();
    let mut runner = bed.start(&["run", "--no-watchdog"]);
    until(&bed, "the agent to work", works);
    bed.nightshift(&["pause"]).code(0);
    go(&bed);
    until(&bed, "the pause", |status| {
        in_force(status, "pause").is_some()
    });
    runner.kill().unwrap();
    runner.wait().unwrap();
    let nobody = bed.nightshift(&["resume"]).code(0).out;
    assert!(nobody.contains("takes it up, paused"), "{nobody}");
    let mut again = bed.start(&["run", "--no-watchdog"]);
    until(&bed, "the night to be paused still", |status| {
        status["runner"] == "paused"
    });
    assert!(bed.landed().len() < 2);
    // An end takes it back: the next run of the same night is not paused.
    bed.nightshift(&["stop"]).code(0);
    ends(&mut again, 0);
    bed.night().code(0);
    assert_eq!(bed.landed().len(), 2);
}

#[test]
fn a_skipped_ticket_is_left_for_tonight() {
    let bed = two();
    bed.ticket("c", "depends_on: [b]", "Do it.");
    bed.steps("c", "- write: {path: c.txt, text: c}");
    let mut night = bed.start(&["run"]);
    until(&bed, "the agent to work", works);
    let unknown = bed.nightshift(&["skip", "bb"]).code(2);
    assert!(unknown.err.contains("did you mean `b`?"), "{}", unknown.err);
    bed.nightshift(&["skip", "b", "--reason", "not yet"])
        .code(0);
    // The one at work, too: its agent is ended, and what it did is kept.
    bed.nightshift(&["skip", "a"]).code(0);
    ends(&mut night, 1);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["a"], "skipped");
    assert_eq!(outcomes["b"], "skipped");
    assert_eq!(outcomes["c"], "held");
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    let kept = format!("refs/nightshift/attempts/{night}/a/1:a.txt");
    assert_eq!(bed.git(&["show", &kept]), "a");
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("not yet"), "{report}");
    // Tonight only.
    go(&bed);
    bed.night().code(0);
    assert_eq!(bed.landed().len(), 3);
}

#[test]
fn a_stop_at_once_ends_an_agent_that_does_not_want_to_end_within_five_seconds() {
    let bed = two();
    bed.unconfine();
    bed.steps(
        "a",
        "- sh: \"trap '' TERM INT HUP; (trap '' TERM; setsid sh -c 'trap \\\"\\\" TERM; echo $$ > $HOME/shared/daemon; while :; do sleep 1; done' &) ; touch $HOME/shared/on; while :; do sleep 1; done\"",
    );
    let mut night = bed.start(&["run"]);
    wait_for("the daemon", || {
        fs::read_to_string(bed.shared().join("daemon")).map_err(|error| error.to_string())
    });
    let began = Instant::now();
    bed.nightshift(&["stop", "--now", "--reason", "bed time"])
        .code(0);
    ends(&mut night, 0);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let daemon = fs::read_to_string(bed.shared().join("daemon")).unwrap();
    assert!(!fs::exists(format!("/proc/{}", daemon.trim())).unwrap());
    bed.nightshift(&["verify"]).code(0);
}

#[test]
fn without_a_night_nothing_is_asked_of_anybody() {
    let bed = two();
    for args in [&["pause"][..], &["resume"], &["stop"], &["skip", "a"]] {
        let said = bed.nightshift(args).code(0);
        assert!(
            said.out.contains("No night is running"),
            "{args:?}: {}",
            said.out
        );
    }
    assert!(!bed.root.join(".nightshift/control.json").exists());
    let lane = bed.nightshift(&["stop", "--lane", "2"]).code(2);
    assert!(lane.err.contains("--lane"), "{}", lane.err);
    go(&bed);
    bed.night().code(0);
    assert_eq!(bed.landed().len(), 2);
}
