//! The watchdog: a runner that dies or stalls is started again, nothing else changes; nights in the
//! background; what `status` and `logs` say meanwhile.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::bed::{Bed, SHARED, binary, wait_for};

/// Works on until `$HOME/shared/go` is there, and shows that it does.
const PATIENT: &str = "- print: here I am\n- sh: \"while ! [ -e $HOME/shared/go ]; do echo .; sleep 0.05; done\"\n- write: {path: a.txt, text: a}";

/// Two tickets, the first of which waits to be told to go on.
fn two() -> Bed {
    let bed = Bed::with_stories();
    bed.ticket("a", "priority: 1", "Do it.");
    bed.steps("a", PATIENT);
    bed.story("b", "- write: {path: b.txt, text: b}");
    bed
}

/// The same with limits short enough to wait for.
fn two_in_haste() -> Bed {
    let bed = two();
    bed.write(
        "nightshift.toml",
        &format!("[agent]\nharness = \"script\"\ntimeout = \"30s\"\nsilence = \"1s\"\nattempts = 1\n[harness.script]\nstories = \"stories\"\n[gate]\nrun = \"true\"\n{SHARED}"),
    );
    bed
}

fn go(bed: &Bed) {
    fs::write(bed.shared().join("go"), "").unwrap();
}

fn beat(bed: &Bed) -> Result<Value, String> {
    let text = fs::read_to_string(bed.root.join(".nightshift/heartbeat"));
    let text = text.map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn journal(bed: &Bed) -> String {
    fs::read_to_string(bed.root.join(".nightshift/journal/000001.jsonl")).unwrap_or_default()
}

/// Waits until an agent works; returns the runner's process id, another one than `before`.
#[track_caller]
fn working(bed: &Bed, before: u64) -> u64 {
    wait_for("an agent of the runner to work", || {
        let beat = beat(bed)?;
        let runner = beat["runner"]["pid"].as_u64().unwrap();
        let works = beat["doing"]["stage"] == "working on" && runner != before;
        works.then_some(runner).ok_or_else(|| beat.to_string())
    })
}

fn send(signal: &str, pid: impl std::fmt::Display) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), "--", &pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{signal} {pid}");
}

/// Waits until a process is gone, or only waits to be reaped.
fn gone(pid: u64) {
    wait_for("a process to be gone", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The first thread may show as a zombie while the last ones are still on their way out.
        let is_last = |rest: &str| rest.split(' ').nth(16) == Some("1");
        let zombie = stat.split_once(") Z ");
        let is_gone = stat.is_empty() || zombie.is_some_and(|(_, rest)| is_last(rest));
        is_gone.then_some(()).ok_or(stat)
    });
}

#[track_caller]
fn ends(child: &mut Child, code: i32) {
    let status = wait_for("the night to end", || {
        child
            .try_wait()
            .unwrap()
            .ok_or_else(|| "it runs".to_owned())
    });
    assert_eq!(status.code(), Some(code));
}

fn both_done(bed: &Bed) {
    let outcomes = bed.outcomes();
    assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("done", "done"));
    assert_eq!(bed.landed().len(), 2);
}

#[test]
fn a_killed_runner_is_started_again_with_a_receipt() {
    let bed = two();
    let mut watchdog = bed.start(&["run", "--restart-pause", "10ms"]);
    let first = working(&bed, 0);
    assert_ne!(first, u64::from(watchdog.id()));
    send("KILL", first);
    working(&bed, first);
    go(&bed);
    ends(&mut watchdog, 0);
    both_done(&bed);
    let receipt = "\"restarted\":{\"because\":\"signal 9 ended it\",\"after_ms\":";
    assert_eq!(
        journal(&bed).matches(receipt).count(),
        1,
        "{}",
        journal(&bed)
    );
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(
        report.contains("The watchdog started the runner again"),
        "{report}"
    );
    assert!(!bed.nightshift(&["status"]).out.contains("alive"));
}

#[test]
fn a_night_that_nothing_disturbs_leaves_no_trace_of_its_watchdog() {
    let bed = two();
    go(&bed);
    bed.night().code(0);
    let watched = journal(&bed);
    let alone = two();
    go(&alone);
    alone.nightshift(&["run", "--no-watchdog"]).code(0);
    let events = |journal: &str| {
        let events = journal.lines().map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            let event = record["event"].as_object().unwrap();
            event.keys().next().unwrap().clone()
        });
        events.collect::<Vec<_>>()
    };
    assert_eq!(events(&watched), events(&journal(&alone)));
}

#[test]
fn a_restart_goes_on_with_the_same_run() {
    let bed = two();
    let order = [
        "run",
        "--new",
        "--max-tickets",
        "1",
        "--restart-pause",
        "10ms",
    ];
    let mut watchdog = bed.start(&order);
    let first = working(&bed, 0);
    send("KILL", first);
    working(&bed, first);
    go(&bed);
    ends(&mut watchdog, 0);
    assert_eq!(
        bed.landed(),
        ["a: Title of a"],
        "one ticket, not one per runner"
    );
    assert!(!bed.root.join(".nightshift/journal/000002.jsonl").exists());
}

#[test]
fn a_stop_that_was_asked_for_outlives_the_runner() {
    let bed = two();
    let mut watchdog = bed.start(&["run", "--restart-pause", "10ms"]);
    let first = working(&bed, 0);
    bed.nightshift(&["stop"]).code(0);
    send("KILL", first);
    ends(&mut watchdog, 0);
    assert_eq!(bed.outcomes()["a"], "skipped");
    assert_eq!(bed.outcomes()["b"], "skipped");
}

#[test]
fn the_runner_goes_on_without_its_watchdog() {
    let bed = two();
    let mut watchdog = bed
        .command(binary())
        .arg("run")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let runner = working(&bed, 0);
    watchdog.kill().unwrap();
    watchdog.wait().unwrap();
    // Nobody reads what it prints any more, either.
    drop((watchdog.stdout.take(), watchdog.stderr.take()));
    go(&bed);
    gone(runner);
    both_done(&bed);
    assert!(!journal(&bed).contains("recovered"));
}

#[test]
fn when_both_are_killed_the_next_run_resumes() {
    let bed = two();
    let mut watchdog = bed.start(&["run"]);
    let runner = working(&bed, 0);
    watchdog.kill().unwrap();
    watchdog.wait().unwrap();
    send("KILL", runner);
    gone(runner);
    let status = bed.nightshift(&["status"]).code(0).out;
    assert!(
        status.contains("is dead: its runner is gone; `nightshift run`"),
        "{status}"
    );
    let status = bed.nightshift(&["status", "--json"]).json();
    assert_eq!(status["runner"], "dead");
    go(&bed);
    bed.night().code(0);
    both_done(&bed);
}

#[test]
fn a_runner_that_lives_and_does_nothing_is_started_again() {
    let bed = two_in_haste();
    let mut watchdog = bed.start(&["run", "--stall-limit", "2s", "--restart-pause", "10ms"]);
    let first = working(&bed, 0);
    send("STOP", first);
    working(&bed, first);
    gone(first);
    go(&bed);
    ends(&mut watchdog, 0);
    both_done(&bed);
    assert!(journal(&bed).contains("\"because\":\"nothing had moved for "));
}

#[test]
fn an_agent_that_does_nothing_is_the_runners_business() {
    let bed = two_in_haste();
    bed.steps("a", "- hang: true");
    bed.nightshift(&["run", "--stall-limit", "20s"]).code(1);
    assert_eq!(bed.outcomes()["a"], "failed");
    assert_eq!(bed.outcomes()["b"], "done");
    assert!(journal(&bed).contains("\"silent\":{\"after_ms\":1000}"));
    assert!(!journal(&bed).contains("recovered"));
}

#[test]
fn a_night_that_was_suspended_as_a_whole_is_not_taken_for_stalled() {
    let bed = two_in_haste();
    let mut watchdog = bed.start(&["run", "--stall-limit", "2s"]);
    let runner = working(&bed, 0);
    send("STOP", watchdog.id());
    send("STOP", runner);
    wait_for("the status to say so", || {
        let status = bed.nightshift(&["status"]).code(0).out;
        let says = status.contains("has stalled: nothing has moved for");
        says.then_some(()).ok_or(status)
    });
    send("CONT", runner);
    send("CONT", watchdog.id());
    wait_for("the night to be alive again", || {
        let status = bed.nightshift(&["status"]).code(0).out;
        let says = status.contains("is alive, working on a since");
        says.then_some(()).ok_or(status)
    });
    go(&bed);
    ends(&mut watchdog, 0);
    assert!(!journal(&bed).contains("restarted"));
}

#[test]
fn a_runner_that_never_begins_is_given_up() {
    let bed = two();
    fs::create_dir(bed.root.join(".nightshift")).unwrap();
    // Whoever reads this waits for a writer who never comes.
    let pipe = bed.root.join(".nightshift/control.json");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let said = bed
        .nightshift(&["run", "--stall-limit", "200ms", "--restart-pause", "1ms"])
        .code(4);
    assert!(said.err.contains("the runner died 6 times"), "{}", said.err);
    assert!(said.err.contains("nightshift logs"), "{}", said.err);
}

#[test]
fn the_runners_own_refusal_is_final() {
    let bed = two();
    bed.write("nightshift.toml", "[agent]\nharness = 3\n");
    let said = bed.nightshift(&["run", "--restart-pause", "60s"]).code(2);
    assert_eq!(
        said.err.matches("error").count(),
        bed.nightshift(&["run", "--no-watchdog"])
            .err
            .matches("error")
            .count()
    );
}

#[test]
fn one_interrupt_of_the_whole_group_is_one_stop_at_the_boundary() {
    let bed = two();
    let mut watchdog = grouped(&bed);
    working(&bed, 0);
    send("INT", format!("-{}", watchdog.id()));
    wait_for("the stop to be asked for", || {
        let asked = fs::read_to_string(bed.root.join(".nightshift/control.json"));
        asked.map_err(|error| error.to_string())
    });
    go(&bed);
    ends(&mut watchdog, 0);
    assert_eq!(bed.outcomes()["a"], "done");
    assert_eq!(bed.outcomes()["b"], "skipped");
    assert_eq!(journal(&bed).matches("\"asked\"").count(), 1);
    assert!(journal(&bed).contains("\"stop\":{\"now\":false}"));
}

#[test]
fn a_termination_of_the_watchdog_and_the_end_of_the_terminal_stop_at_once() {
    for signal in ["TERM", "HUP"] {
        let bed = two();
        let mut watchdog = grouped(&bed);
        working(&bed, 0);
        match signal {
            "TERM" => send(signal, watchdog.id()),
            _ => send(signal, format!("-{}", watchdog.id())),
        }
        ends(&mut watchdog, 0);
        assert_eq!(bed.outcomes()["a"], "skipped", "{signal}");
        assert!(
            journal(&bed).contains("\"stop\":{\"now\":true}"),
            "{signal}"
        );
    }
}

fn grouped(bed: &Bed) -> Child {
    bed.command(binary())
        .arg("run")
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_night_in_the_background_outlives_its_terminal() {
    let bed = two();
    let said = bed
        .nightshift(&["run", "--detach", "--json"])
        .code(0)
        .json();
    let [runner, watchdog] = ["pid", "watchdog"].map(|key| said[key].as_u64().unwrap());
    working(&bed, 0);
    for pid in [runner, watchdog] {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        assert_eq!(
            fields[3],
            watchdog.to_string(),
            "a session of its own: {stat}"
        );
        assert_eq!(fields[4], "0", "without a terminal: {stat}");
        send("HUP", pid);
    }
    let second = bed.nightshift(&["run", "--detach"]).code(5);
    assert!(second.err.contains("holds the lock"), "{}", second.err);
    let status = bed.nightshift(&["status", "--json"]).code(0).json();
    assert_eq!(
        (&status["runner"], &status["pulse"]["pid"]),
        (&"alive".into(), &runner.into())
    );
    go(&bed);
    gone(watchdog);
    both_done(&bed);
    let log = bed.read(".nightshift/run.log");
    assert!(log.contains("Landed a Title of a"), "{log}");
    assert!(!journal(&bed).contains("asked"));
}

#[test]
fn a_night_that_cannot_begin_in_the_background_says_why_here() {
    let bed = two();
    bed.write("nightshift.toml", "[agent]\nharness = 3\n");
    let said = bed.nightshift(&["run", "--detach"]).code(2);
    let here = bed.nightshift(&["run"]).code(2);
    assert_eq!(said.err, here.err);
    assert!(!bed.root.join(".nightshift").exists());
}

#[test]
fn logs_tell_the_night_and_what_an_agent_printed() {
    let bed = two();
    let none = bed.nightshift(&["logs"]).code(2);
    assert!(
        none.err.contains("`nightshift run` runs one"),
        "{}",
        none.err
    );
    let mut watchdog = bed.start(&["run"]);
    working(&bed, 0);
    let follow = |args: &[&str]| {
        bed.command(binary())
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut night = follow(&["logs", "-f"]);
    let mut ticket = follow(&["logs", "a", "-f"]);
    let mut lines = BufReader::new(ticket.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "here I am");
    let untried = bed.nightshift(&["logs", "b"]).code(2);
    assert!(
        untried.err.contains("no agent has worked on `b`"),
        "{}",
        untried.err
    );
    go(&bed);
    ends(&mut watchdog, 0);
    assert!(lines.last().unwrap().is_ok());
    ends(&mut ticket, 0);
    let mut lines = BufReader::new(night.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(" Landed b Title of b")));
    ends(&mut night, 0);

    let all = bed.nightshift(&["logs"]).code(0).out;
    for says in [
        "Claimed a Title of a",
        "Worked a the agent ended after",
        "Gated a gate green",
        "Ended the backlog was drained",
    ] {
        assert!(all.contains(says), "{says}: {all}");
    }
    assert!(
        all.lines().all(|line| line.chars().nth(8) == Some('Z')),
        "{all}"
    );
    let json = bed.nightshift(&["logs", "--json"]).code(0).out;
    assert!(
        json.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    let printed = bed.nightshift(&["logs", "a"]).code(0).out;
    assert!(printed.starts_with("here I am\n.\n"), "{printed}");
    let wrong = bed.nightshift(&["logs", "bb"]).code(2);
    assert!(wrong.err.contains("did you mean `b`?"), "{}", wrong.err);
}
