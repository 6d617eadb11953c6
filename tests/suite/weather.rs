//! The weather of providers, played by scripts through the binary: it costs no attempt, it is waited
//! for, and what does not pass by itself is named with its remedy and spawns nothing more.

use std::{fs, time::Duration};

use serde_json::Value;

use crate::bed::{Bed, SHARED, wait_for};

/// Two tickets, and harnesses of these names, each a script of its own that counts its spawns.
fn bed(harnesses: &[(&str, &str)], more: &str) -> Bed {
    let bed = Bed::new();
    let agents = bed.shared().join("agents");
    fs::create_dir(&agents).unwrap();
    let mut config = String::new();
    let mut names = Vec::new();
    for (name, script) in harnesses {
        let path = agents.join(name);
        let counts = format!("echo x >> $HOME/shared/spawned-{name}\n{script}\n");
        fs::write(&path, counts).unwrap();
        names.push(format!("\"{name}\""));
        config.push_str(&format!(
            "\n[harness.{name}]\ncommand = [\"sh\", \"{}\", \"{{ticket}}\", \"{{resume}}\"]\nprompt = \"file\"\n{more}",
            path.display()
        ));
    }
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = [{}]\ntimeout = \"60s\"\nsilence = \"50s\"\nattempts = 1\n\n[gate]\nrun = \"! [ -e red.txt ]\"\n{config}{SHARED}",
            names.join(", ")
        ),
    );
    bed.write("policy.toml", "");
    bed.ticket("a", "priority: 1", "Do it.");
    bed.ticket("b", "priority: 2", "Do it.");
    bed.commit("the backlog");
    bed
}

fn spawned(bed: &Bed, name: &str) -> usize {
    let text = fs::read_to_string(bed.shared().join(format!("spawned-{name}")));
    text.unwrap_or_default().lines().count()
}

const WORKS: &str = "echo done > $1.txt";

fn status(bed: &Bed) -> Value {
    bed.nightshift(&["status", "--json"]).code(0).json()
}

/// The one run on the real clock: half a minute is the least that a limit is waited for.
#[test]
fn a_limit_is_waited_for_costs_no_attempt_and_outlives_the_runner() {
    let script = format!(
        "if ! [ -e $HOME/shared/limited ]; then : > $HOME/shared/limited; echo \"Claude AI usage limit reached|$(($(date +%s)+12))\" >&2; exit 1; fi\n{WORKS}"
    );
    let bed = bed(&[("only", &script)], "");
    let mut night = bed.start(&["run", "--restart-pause", "10ms"]);
    let waiting = wait_for("the night to wait", || {
        let status = status(&bed);
        let waits = status["runner"] == "waiting";
        waits
            .then(|| status.clone())
            .ok_or_else(|| status.to_string())
    });
    let wait = waiting["in_force"][0].clone();
    assert_eq!(wait["kind"], "wait", "{waiting}");
    assert!(wait["until"].is_string(), "{wait}");
    let what = wait["what"].as_str().unwrap();
    assert!(what.contains("has reached a usage limit"), "{what}");
    let text = bed.nightshift(&["status"]).code(0).out;
    assert!(text.contains("is waiting for"), "{text}");
    // The runner dies in the middle of it.
    let runner = waiting["pulse"]["pid"].as_u64().unwrap();
    let killed = bed
        .command("kill")
        .args(["-9", &runner.to_string()])
        .status();
    assert!(killed.unwrap().success());
    wait_for("another runner to wait", || {
        let status = status(&bed);
        let other = status["pulse"]["pid"]
            .as_u64()
            .is_some_and(|pid| pid != runner);
        let waits = other && status["runner"] == "waiting";
        waits.then_some(()).ok_or_else(|| status.to_string())
    });
    assert_eq!(
        spawned(&bed, "only"),
        1,
        "it was asked again before its time"
    );
    let ended = wait_for_long(&mut night);
    assert_eq!(ended, Some(0));
    assert_eq!(spawned(&bed, "only"), 3);
    assert_eq!(bed.landed().len(), 2);
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("usage limit"), "{report}");
    bed.nightshift(&["verify"]).code(0);
}

fn wait_for_long(child: &mut std::process::Child) -> Option<i32> {
    for _ in 0..3 {
        for _ in 0..600 {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    panic!("the night does not end");
}

#[test]
fn the_next_harness_works_while_one_is_limited() {
    let limited = "echo \"Claude AI usage limit reached|$(($(date +%s)+86400))\" >&2; exit 1";
    let bed = bed(&[("first", limited), ("second", WORKS)], "");
    bed.night().code(0);
    assert_eq!((spawned(&bed, "first"), spawned(&bed, "second")), (1, 2));
    assert_eq!(bed.landed().len(), 2);
}

#[test]
fn harnesses_of_one_account_wait_behind_one_gate() {
    let limited = "echo \"Claude AI usage limit reached|$(($(date +%s)+86400))\" >&2; exit 1";
    let bed = bed(
        &[("first", limited), ("second", WORKS)],
        "account = \"work\"\n",
    );
    bed.night();
    assert_eq!((spawned(&bed, "first"), spawned(&bed, "second")), (1, 0));
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(
        report.contains("no agent could work before the night's end"),
        "{report}"
    );
}

#[test]
fn what_does_not_pass_blocks_with_its_remedy_and_spawns_nothing_more() {
    for (said, remedy) in [
        (
            "Invalid API key · Please run /login",
            "log in to `only` in a terminal",
        ),
        (
            "Credit balance is too low",
            "add credit to the account of `only`",
        ),
        (
            "There's an issue with the selected model (opus-9). It may not exist.",
            "set a `model` under `[agent]`",
        ),
    ] {
        let bed = bed(&[("only", &format!("echo \"{said}\" >&2; exit 1"))], "");
        bed.night().code(1);
        assert_eq!(spawned(&bed, "only"), 1, "{said}");
        let outcomes = bed.outcomes();
        assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("blocked", "blocked"));
        let report = bed.nightshift(&["report"]).code(0).out;
        assert!(
            report.to_lowercase().contains(&remedy.to_lowercase()),
            "{said}: {report}"
        );
    }
}

#[test]
fn a_model_of_the_tickets_own_blocks_that_ticket_alone() {
    let script = format!(
        "if [ $1 = a ]; then echo \"There's an issue with the selected model (opus-9). It may not exist.\" >&2; exit 1; fi\n{WORKS}"
    );
    let bed = bed(&[("only", &script)], "");
    bed.ticket("a", "priority: 1\nmodel: opus-9", "Do it.");
    bed.commit("its own model");
    bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("blocked", "done"));
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("model: opus-9"), "{report}");
}

#[test]
fn a_turn_that_ended_too_soon_is_continued_once_in_the_same_session() {
    // What claude prints: its session's name, and a last message that promises what never comes.
    let early = r#"if [ "$2" = "--resume" ]; then echo "$3" > "$1".txt; cat "$HOME"/none 2>/dev/null; echo '{"type":"result","subtype":"success","is_error":false,"result":"All of it is done.","session_id":"s-1","total_cost_usd":0.5,"num_turns":1,"usage":{"input_tokens":1,"output_tokens":1}}'; exit 0; fi
echo '{"type":"system","subtype":"init","session_id":"s-1"}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"The build is running in the background. I will continue when it finishes.","session_id":"s-1","total_cost_usd":0.5,"num_turns":1,"usage":{"input_tokens":1,"output_tokens":1}}'"#;
    let bed = bed(
        &[("only", early)],
        "resume = [\"--resume\", \"{session}\"]\n",
    );
    bed.night().code(0);
    assert_eq!(spawned(&bed, "only"), 4, "once for each of two");
    let branch = bed.branch();
    let written = bed.git(&["show", &format!("{branch}:a.txt")]);
    assert_eq!(written.trim(), "s-1");
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("was continued once"), "{report}");
    assert!(report.contains("2.00"), "{report}");
}

#[test]
fn a_turn_that_ended_too_soon_and_cannot_be_continued_is_not_taken_for_done() {
    let early = r#"echo '{"type":"result","subtype":"success","is_error":false,"result":"I will check back when the tests finish.","session_id":"s-1"}'"#;
    let bed = bed(&[("only", early)], "");
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "failed");
    assert_eq!(spawned(&bed, "only"), 2);
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    let outcome = bed.read(&format!(
        ".nightshift/nights/{night}/a/attempt-1/outcome.json"
    ));
    assert!(outcome.contains("the turn ended too soon"), "{outcome}");
}
