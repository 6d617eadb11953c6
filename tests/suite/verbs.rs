//! Each verb through the binary, as its user meets it.

use std::{fs, process::Command};

use crate::bed::{Bed, binary, wait_for};

const WRITES: &str = "- write: {path: out.txt, text: ok}";

fn write_of(name: &str) -> String {
    format!("- write: {{path: {name}.txt, text: ok}}")
}

#[test]
fn init_says_what_it_found_and_writes_nothing_over() {
    let bed = Bed::new();
    bed.write("Cargo.toml", "[package]\nname = \"x\"\n");
    bed.write("bin/claude", "#!/bin/sh\n");
    Command::new("chmod")
        .arg("+x")
        .arg(bed.root.join("bin/claude"))
        .status()
        .unwrap();
    let path = format!("{}:/usr/bin:/bin", bed.root.join("bin").display());
    let init = || {
        bed.command(binary())
            .env("PATH", &path)
            .arg("init")
            .output()
            .unwrap()
    };
    let out = String::from_utf8(init().stdout).unwrap();
    assert!(out.contains("`cargo test`, by Cargo.toml"), "{out}");
    assert!(out.contains("claude, used"), "{out}");
    let config = bed.read("nightshift.toml");
    assert!(config.contains("harness  = \"claude\"") && config.contains("[harness.claude]"));
    assert!(bed.root.join("backlog").is_dir());
    bed.write("policy.toml", "# mine\n");
    let again = String::from_utf8(init().stdout).unwrap();
    assert!(again.contains("kept      policy.toml"), "{again}");
    assert_eq!(bed.read("policy.toml"), "# mine\n");

    bed.nightshift(&["new", "Fix the login timeout", "--priority", "high"])
        .code(0);
    let ticket = bed.read("backlog/fix-the-login-timeout.md");
    assert!(
        ticket.contains("title: \"Fix the login timeout\"\npriority: high"),
        "{ticket}"
    );
    let check = bed.nightshift(&["check", "--no-gate", "--json"]).json();
    assert_eq!(check["tickets"][0]["id"], "fix-the-login-timeout");
    assert_eq!(check["tickets"][0]["decision"]["action"], "proceed");
}

#[test]
fn a_rehearsal_keeps_nothing_but_its_report_and_a_dry_run_nothing_at_all() {
    let bed = Bed::with_stories();
    bed.story("a", WRITES);
    bed.commit("config");
    let before = bed.users();
    let plan = bed
        .nightshift(&["run", "--dry-run", "--json"])
        .code(0)
        .json();
    assert_eq!(plan["tickets"][0]["id"], "a");
    assert!(!bed.root.join(".nightshift").exists());
    let said = bed.nightshift(&["run", "--rehearse"]).code(0);
    assert!(said.out.contains("1 landed"), "{}", said.out);
    let report = bed.read(".nightshift/rehearsal/nights/rehearsal/night-report.md");
    assert!(
        report.contains("REHEARSAL") || report.contains("rehearsal"),
        "{report}"
    );
    assert_eq!(
        bed.git(&["for-each-ref", "refs/nightshift", "refs/heads/nightshift"]),
        ""
    );
    assert_eq!(bed.users(), before);
    bed.night().code(0);
    assert_eq!(bed.landed(), ["a: Title of a"]);
}

#[test]
fn only_max_tickets_and_until_bound_a_run() {
    let bed = Bed::with_stories();
    for id in ["a", "b", "c"] {
        bed.story(id, &write_of(id));
    }
    bed.nightshift(&["run", "--only", "b"]).code(0);
    assert_eq!(bed.landed(), ["b: Title of b"]);
    bed.nightshift(&["run", "--max-tickets", "1"]).code(0);
    assert_eq!(bed.landed().len(), 2);
    bed.nightshift(&["run", "--until", "25:00"]).code(2);
    bed.nightshift(&["run"]).code(0);
    assert_eq!(bed.landed().len(), 3);
}

#[test]
fn a_stop_at_once_keeps_the_work_and_a_second_run_says_who_holds_the_lock() {
    let bed = Bed::with_stories();
    bed.story("a", "- write: {path: a.txt, text: half}\n- hang: true");
    bed.story("b", &write_of("b"));
    let mut child = bed.start(&["run"]);
    wait_for("the agent to work", || {
        let status = bed.nightshift(&["status", "--json"]);
        let working = status.code == Some(0) && status.json()["active"]["stage"] == "working";
        working.then_some(()).ok_or(status.out)
    });
    let second = bed.night().code(5);
    assert!(
        second.err.contains("holds the lock: process "),
        "{}",
        second.err
    );
    bed.nightshift(&["stop", "--now", "--reason", "bed time"])
        .code(0);
    let began = std::time::Instant::now();
    child.wait().unwrap();
    assert!(
        began.elapsed().as_secs() < 5,
        "it took {:?}",
        began.elapsed()
    );
    assert_eq!(bed.outcomes()["a"], "skipped");
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    assert_eq!(
        bed.git(&[
            "show",
            &format!("refs/nightshift/attempts/{night}/a/1:a.txt")
        ]),
        "half"
    );

    assert!(
        bed.nightshift(&["stop"])
            .code(0)
            .out
            .contains("No night is running")
    );
    bed.steps("a", &write_of("a"));
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    assert_eq!(bed.outcomes()["b"], "done");
}

#[test]
fn a_stop_asked_of_a_runner_that_died_does_not_stop_the_next_one() {
    let bed = Bed::with_stories();
    bed.story("a", WRITES);
    bed.write(
        ".nightshift/control.json",
        r#"{"version":1,"requests":[{"id":"old","kind":{"stop":{"now":true}}}]}"#,
    );
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
}

#[test]
fn an_answer_queues_the_ticket_again_with_the_answer_in_its_prompt() {
    let bed = Bed::with_stories();
    bed.ticket("a", "", "Do it.");
    bed.write(
        "stories/a.yaml",
        "attempts:\n  - - say: {verb: park, question: \"Keep the column?\", options: [keep, drop], recommend: keep}\n  - - write: {path: a.txt, text: kept}\n",
    );
    bed.ticket("b", "depends_on: [a]", "After it.");
    bed.steps("b", &write_of("b"));
    bed.night().code(1);
    assert_eq!(bed.outcomes()["b"], "held");
    let unknown = bed.nightshift(&["answer", "aa", "yes"]).code(2);
    assert!(unknown.err.contains("did you mean `a`"), "{}", unknown.err);
    bed.nightshift(&["answer", "b", "yes"]).code(2);
    bed.nightshift(&["answer", "a", "Keep the column"]).code(0);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    assert_eq!(bed.outcomes()["b"], "done");
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    let prompt = bed.read(&format!(".nightshift/nights/{night}/a/attempt-2/prompt.md"));
    assert!(
        prompt.contains("Keep the column?") && prompt.contains("Keep the column\n"),
        "{prompt}"
    );
}

#[test]
fn requeue_tries_a_failed_ticket_again_and_a_deleted_report_comes_back_to_the_byte() {
    let bed = Bed::with_stories();
    bed.story("a", "- exit: 3");
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "failed");
    let night = bed.report()["night"].as_str().unwrap().to_owned();
    let path = format!(".nightshift/nights/{night}/night-report.md");
    let first = bed.read(&path);
    fs::remove_file(bed.root.join(&path)).unwrap();
    bed.nightshift(&["report", "--night", &night]).code(0);
    assert_eq!(bed.read(&path), first);
    bed.nightshift(&["report", "--night", "1999-01-01"]).code(2);
    bed.steps("a", &write_of("a"));
    bed.nightshift(&["requeue", "a"]).code(0);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
}

#[test]
fn tickets_written_while_the_night_runs_are_taken_up() {
    let bed = Bed::with_stories();
    bed.story(
        "a",
        "- sh: \"while ! [ -e $HOME/shared/go ]; do sleep 0.01; done\"\n- write: {path: a.txt, text: a}",
    );
    bed.steps("late", &write_of("late"));
    let mut child = bed.start(&["run"]);
    wait_for("the agent to work", || {
        let status = bed.nightshift(&["status", "--json"]);
        let working = status.code == Some(0) && status.json()["active"]["stage"] == "working";
        working.then_some(()).ok_or(status.out)
    });
    bed.ticket("late", "", "Written at night.");
    fs::write(bed.shared().join("go"), "").unwrap();
    child.wait().unwrap();
    assert_eq!(bed.outcomes().get("late").map(String::as_str), Some("done"));
}

#[test]
fn the_contract_is_checked_and_explained() {
    let bed = Bed::with_stories();
    bed.write(
        "policy.toml",
        "[[rule]]\nid = \"x\"\non = [\"ticket\"]\nany = ['drop (table']\naction = \"park\"\n",
    );
    let check = bed.nightshift(&["policy", "check"]).code(2);
    assert!(check.err.contains("policy.toml:4:14"), "{}", check.err);
    bed.night().code(2);
    fs::remove_file(bed.root.join("policy.toml")).unwrap();
    let explained = bed
        .nightshift(&["policy", "explain", "ALTER TABLE users DROP COLUMN age"])
        .code(0);
    assert!(
        explained.out.contains("schema") && explained.out.contains("park"),
        "{}",
        explained.out
    );
}

#[test]
fn where_no_night_can_run_one_sentence_says_why() {
    let bed = Bed::with_stories();
    let elsewhere = bed.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let at = |folder: &std::path::Path, verb: &str| {
        bed.nightshift(&["-C", folder.to_str().unwrap(), verb])
            .code(4)
            .err
    };
    assert!(at(&elsewhere, "run").contains("git init"));
    let bare = bed.home().join("bare.git");
    bed.git(&["init", "-q", "--bare", bare.to_str().unwrap()]);
    assert!(at(&bare, "run").contains("bare"));
    let empty = bed.home().join("empty");
    bed.git(&["init", "-q", empty.to_str().unwrap()]);
    fs::create_dir(empty.join("backlog")).unwrap();
    assert!(at(&empty, "run").contains("commit"));
    assert!(at(&empty, "doctor").is_empty());
    let sha = bed.home().join("sha256");
    bed.git(&[
        "init",
        "-q",
        "--object-format=sha256",
        sha.to_str().unwrap(),
    ]);
    fs::create_dir(sha.join("backlog")).unwrap();
    assert!(at(&sha, "run").contains("sha256"));
    // And everything works from a folder inside of the repository.
    bed.story("a", WRITES);
    let inside = bed.root.join("backlog");
    bed.nightshift(&["-C", inside.to_str().unwrap(), "run"])
        .code(0);
}

#[test]
fn every_verb_has_help_with_an_example_and_plain_output_when_piped() {
    let bed = Bed::with_stories();
    let help = bed.nightshift(&["--help"]).code(0).out;
    let verbs = [
        "demo", "init", "new", "check", "run", "status", "stop", "pause", "resume", "skip", "logs",
        "report", "verify", "answer", "requeue", "doctor", "policy", "say",
    ];
    for verb in verbs {
        assert!(help.contains(verb), "{verb} is not in --help");
        let own = bed.nightshift(&[verb, "--help"]).code(0).out;
        assert!(
            own.contains("Example:") || own.contains("Commands:"),
            "{verb}: {own}"
        );
    }
    // For agents, and so not in the list.
    assert!(!help.contains("mcp"), "{help}");
    let own = bed.nightshift(&["mcp", "--help"]).code(0).out;
    assert!(own.contains("Example:"), "{own}");
    bed.story("a", WRITES);
    bed.write("backlog/bad.md", "---\nid: [\n---\n");
    for args in [
        &["check"][..],
        &["run"],
        &["status"],
        &["report"],
        &["doctor"],
    ] {
        let said = bed.nightshift(args);
        assert!(
            !format!("{}{}", said.out, said.err).contains('\u{1b}'),
            "{args:?} has escapes"
        );
        assert!(
            said.err.lines().all(|line| !line.contains("panicked")),
            "{}",
            said.err
        );
    }
}

#[test]
fn every_command_of_the_skill_runs_as_it_stands() {
    let bed = Bed::with_stories();
    let skill = include_str!("../../skill/SKILL.md");
    let front = skill
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .unwrap()
        .0;
    assert!(front.contains("name: nightshift") && front.contains("description: "));
    let mut commands = 0;
    let mut in_shell = false;
    for line in skill.lines() {
        if line.starts_with("```") {
            in_shell = line == "```sh";
        } else if in_shell && line.starts_with("nightshift ") {
            let tools = binary().parent().unwrap().to_owned();
            let path = format!("{}:/usr/bin:/bin", tools.display());
            let output = bed
                .command("sh")
                .args(["-c", line])
                .env("PATH", path)
                .env("NIGHTSHIFT_SAY", bed.home().join("say.jsonl"))
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{line}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            commands += 1;
        }
    }
    assert!(commands >= 7, "only {commands} commands were found");
    let said = fs::read_to_string(bed.home().join("say.jsonl")).unwrap();
    assert_eq!(said.lines().count(), 6, "{said}");
}
