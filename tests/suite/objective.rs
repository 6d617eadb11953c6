//! Long objectives, through the binary: iterations by fresh sessions until the check is green, and
//! the files for whoever reads along.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::bed::{Bed, Said, wait_for};

/// A green step: one more rule is ported.
const PORTS: &str = "- sh: echo rule >> ported.txt\n- say: {verb: note, text: ported one more}";
const CHECK: &str = "test \"$(wc -l < ported.txt)\" -ge 3";

/// A bed with an objective of three ported rules, and an ordinary ticket that comes after it.
fn porting(keys: &str) -> Bed {
    let bed = Bed::with_stories();
    bed.configure_gate("! test -e broken.txt", "");
    bed.ticket(
        "port",
        &format!("mode: loop\naccept: '{CHECK}'\n{keys}"),
        "Port the rules, one at a time.",
    );
    bed.story("zz", "- write: {path: zz.txt, text: ok}");
    bed
}

/// Writes the story of the objective: each attempt a list of steps.
fn attempts(bed: &Bed, steps: &[&str]) {
    let one = |steps: &&str| format!("  -\n    {}\n", steps.replace('\n', "\n    "));
    let all: String = steps.iter().map(one).collect();
    bed.write("stories/port.yaml", &format!("attempts:\n{all}"));
}

fn night_folder(bed: &Bed) -> PathBuf {
    let nights = bed.root.join(".nightshift/nights");
    let mut folders: Vec<_> = fs::read_dir(nights)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders.pop().unwrap()
}

fn file(bed: &Bed, name: &str) -> String {
    let path = night_folder(bed).join("objectives/port").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(bed: &Bed, name: &str) -> Value {
    serde_json::from_str(&file(bed, name)).unwrap()
}

fn prompt(bed: &Bed, attempt: u32) -> String {
    let path = format!("port/attempt-{attempt}/prompt.md");
    fs::read_to_string(night_folder(bed).join(path)).unwrap()
}

/// Returns the counters of the one objective, by `status`.
fn counters(bed: &Bed) -> (u64, u64, u64, u64) {
    let status = bed.nightshift(&["status", "--json"]).code(0).json();
    let objective = &status["objectives"][0];
    let number = |key: &str| {
        objective[key]
            .as_u64()
            .unwrap_or_else(|| panic!("{status:#}"))
    };
    let four = ["iterations", "most", "landed", "reverted"].map(number);
    (four[0], four[1], four[2], four[3])
}

#[test]
fn an_objective_is_done_when_its_check_turns_green() {
    let bed = porting("iterations: 9");
    bed.steps("port", PORTS);
    let before = bed.users();
    bed.night().code(0);
    assert_eq!(bed.users(), before);
    let title = "port: Title of port";
    assert_eq!(bed.landed(), [title, title, title, "zz: Title of zz"]);
    assert_eq!(bed.outcomes()["port"], "done");
    assert_eq!(counters(&bed), (3, 9, 3, 0));
    let report = bed.report();
    assert_eq!(report["branch"]["commits"], 4);
    assert_eq!(report["objectives"][0]["landed"], 3);

    // The files tell the same.
    let summary = json(&bed, "run-summary.json");
    assert_eq!(summary["state"], "done");
    assert_eq!(summary["iterations"], 3);
    assert_eq!(summary["backoff"], Value::Null);
    assert_eq!(summary["accept"], CHECK);
    assert!(summary["worktree"].as_str().unwrap().ends_with("/bench"));
    let branch = format!("refs/heads/{}", bed.branch());
    assert_eq!(summary["branch"], branch);
    let commits = bed.git(&[
        "log",
        "--reverse",
        "--format=%H",
        &format!("main..{branch}"),
    ]);
    for (number, commit) in (1..=3).zip(commits.lines()) {
        let one = json(&bed, &format!("iteration-000{number}.json"));
        assert_eq!(one["iteration"], number);
        assert_eq!(one["landed"], true);
        assert_eq!(one["reached"], number == 3);
        assert_eq!(one["attempt"]["landed"]["commit"], commit);
        assert!(!file(&bed, &format!("iteration-000{number}.log.jsonl")).is_empty());
    }
    assert!(file(&bed, "objective.md").contains(CHECK));
    let progress = file(&bed, "progress.md");
    assert!(
        progress.contains("## Iteration 3: landed as "),
        "{progress}"
    );

    // Each session was told where it stands.
    assert!(prompt(&bed, 1).contains("iteration 1 of at most 9"));
    assert!(!prompt(&bed, 1).contains("# The iterations before"));
    let third = prompt(&bed, 3);
    assert!(third.contains("iteration 3 of at most 9"), "{third}");
    assert!(third.contains("- it said: ported one more"), "{third}");
    assert!(!third.contains("did not land"), "{third}");
}

#[test]
fn a_red_iteration_is_reverted_and_the_next_one_reads_its_note() {
    let bed = porting("");
    let red =
        "- write: {path: broken.txt, text: x}\n- say: {verb: note, text: do not write broken.txt}";
    attempts(&bed, &[PORTS, red, PORTS]);
    bed.night().code(0);
    assert_eq!(counters(&bed), (4, 20, 3, 1));
    let tree = bed.git(&["ls-tree", "--name-only", &bed.branch()]);
    assert!(
        tree.contains("ported.txt") && !tree.contains("broken.txt"),
        "{tree}"
    );
    let third = prompt(&bed, 3);
    assert!(
        third.contains("- it said: do not write broken.txt"),
        "{third}"
    );
    assert!(third.contains("## Iteration 2: reverted"), "{third}");
    assert!(
        third.contains("Attempt 2 did not land: the gate is red"),
        "{third}"
    );
    let second = json(&bed, "iteration-0002.json");
    assert_eq!(
        (&second["landed"], &second["reached"]),
        (&false.into(), &false.into())
    );
    // Its work is kept all the same.
    let kept = second["attempt"]["taken"]["reference"].as_str().unwrap();
    assert!(
        bed.git(&["ls-tree", "--name-only", kept])
            .contains("broken.txt")
    );
}

#[test]
fn three_idle_iterations_fail_it_with_the_evidence_and_others_land() {
    let bed = porting("");
    // It says that it is done: nobody believes it.
    attempts(&bed, &["- say: {verb: done, text: all is ported}"]);
    bed.night().code(1);
    assert_eq!(bed.landed(), ["zz: Title of zz"]);
    assert_eq!(bed.outcomes()["port"], "failed");
    assert_eq!(counters(&bed), (3, 20, 0, 3));
    let summary = json(&bed, "run-summary.json");
    assert_eq!(summary["state"], "failed");
    assert_eq!(summary["idle"], 3);
    let because = "3 iterations in a row without a commit, each with the same failure: the agent \
                   ended without changing a file (0 landed)";
    assert_eq!(summary["because"], because);
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(
        report.contains("3 iterations in a row without a commit"),
        "{report}"
    );
    let status = bed.nightshift(&["status"]).code(0).out;
    assert!(
        status.contains("objective port: 3 of 20 iterations"),
        "{status}"
    );

    // The word alone is not enough with a change, either: the check is what counts.
    let bed = porting("");
    let claims = format!("{PORTS}\n- say: {{verb: done, text: all is ported}}");
    attempts(&bed, &[&claims]);
    bed.night().code(0);
    assert_eq!(counters(&bed), (3, 20, 3, 0));
}

#[test]
fn the_most_iterations_are_the_most_and_their_commits_stay() {
    let bed = porting("iterations: 2");
    bed.steps("port", PORTS);
    bed.night().code(1);
    assert_eq!(bed.outcomes()["port"], "failed");
    assert_eq!(bed.landed().len(), 3);
    assert_eq!(counters(&bed), (2, 2, 2, 0));
    // A human may grant them anew; then it goes on where it stood, and its numbers do, too.
    bed.nightshift(&["requeue", "port"]).code(0);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["port"], "done");
    assert_eq!(json(&bed, "run-summary.json")["total"], 3);
    assert!(prompt(&bed, 3).contains("iteration 1 of at most 2"));
    assert!(prompt(&bed, 3).contains("## Iteration 2: landed"));
}

/// Waits until the second attempt works, and hangs.
fn second_hangs(bed: &Bed) {
    wait_for("the second iteration to work", || {
        let status = bed.nightshift(&["status", "--json"]);
        let ready = status.code == Some(0)
            && status.json()["active"]["attempt"] == 2
            && status.json()["active"]["stage"] == "working"
            // Its files are written when the journal has it already.
            && json(bed, "run-summary.json")["state"] == "working"
            && json(bed, "run-summary.json")["iterations"] == 1;
        ready.then_some(()).ok_or(status.out)
    });
}

#[test]
fn a_killed_runner_and_a_stop_change_nothing_about_the_end() {
    for how in ["kill", "stop"] {
        let bed = porting("");
        attempts(&bed, &[PORTS, "- hang: true", PORTS]);
        let mut child = bed.start(&["run", "--no-watchdog"]);
        second_hangs(&bed);
        if how == "kill" {
            child.kill().unwrap();
        } else {
            bed.nightshift(&["stop", "--now"]).code(0);
        }
        child.wait().unwrap();
        // They are projections: what is gone is written again.
        fs::remove_dir_all(night_folder(&bed).join("objectives")).unwrap();
        bed.night().code(0);
        assert_eq!(bed.landed().len(), 4, "{how}");
        assert_eq!(counters(&bed), (3, 20, 3, 0), "{how}");
        let summary = json(&bed, "run-summary.json");
        assert_eq!(summary["state"], "done");
        assert_eq!(summary["interrupted"], 1);
        assert_eq!(json(&bed, "iteration-0001.json")["attempt"]["number"], 1);
        assert_eq!(json(&bed, "iteration-0002.json")["attempt"]["number"], 3);
        assert!(!file(&bed, "iteration-0002.log.jsonl").is_empty());
        assert!(prompt(&bed, 3).contains("iteration 2 of at most 20"));
    }
}

#[test]
fn a_new_night_goes_on_with_the_notes_of_the_last_one() {
    let bed = porting("");
    attempts(&bed, &[PORTS, "- hang: true", PORTS]);
    let mut child = bed.start(&["run", "--no-watchdog"]);
    second_hangs(&bed);
    bed.nightshift(&["stop", "--now"]).code(0);
    child.wait().unwrap();
    bed.git(&["merge", "-q", "--no-edit", &bed.branch()]);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["port"], "done");
    assert_eq!(counters(&bed), (3, 20, 3, 0));
    assert!(prompt(&bed, 3).contains("## Iteration 1: landed as "));
    assert_eq!(json(&bed, "iteration-0002.json")["attempt"]["number"], 3);
}

fn objective(bed: &Bed, more: &[&str]) -> Said {
    let words = ["run", "--objective", "Port the rules, one at a time."];
    bed.nightshift(&[&words[..], more].concat())
}

#[test]
fn an_objective_of_the_command_line_is_a_ticket_and_the_same_words_are_the_same() {
    let bed = Bed::with_stories();
    bed.story("zz", "- write: {path: zz.txt, text: ok}");
    bed.write(
        "stories/default.yaml",
        "attempts:\n  - - sh: echo rule >> ported.txt\n",
    );
    let plan = objective(&bed, &["--until-passes", CHECK, "--dry-run", "--json"])
        .code(0)
        .json();
    let id = "objective-port-the-rules-one-at-a-time";
    assert_eq!(plan["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(plan["tickets"][0]["id"], id);
    assert_eq!(plan["tickets"][0]["mode"], "loop");
    assert_eq!(plan["tickets"][0]["iterations"], 20);
    assert!(!bed.root.join(format!("backlog/{id}.md")).exists());

    let first = ["--until-passes", CHECK, "--max-iterations", "2"];
    let said = objective(&bed, &first).code(1);
    let wrote = format!("wrote backlog/{id}.md");
    assert_eq!(said.err.matches(&wrote).count(), 1, "{}", said.err);
    assert_eq!(bed.outcomes()[id], "failed");
    assert_eq!(bed.outcomes()["zz"], "skipped");
    // Other terms are for the file.
    let said = objective(&bed, &["--until-passes", "true"]).code(2);
    assert!(
        said.err.contains("edit `backlog/objective-"),
        "{}",
        said.err
    );
    let file = format!("backlog/{id}.md");
    let text = bed.read(&file).replace("iterations: 2", "iterations: 8");
    bed.write(&file, &text);
    let said = objective(&bed, &[]).code(0);
    assert!(said.err.contains("goes on"), "{}", said.err);
    assert_eq!(bed.outcomes()[id], "done");
    assert_eq!(bed.landed().len(), 3);
    assert_eq!(fs::read_dir(bed.root.join("backlog")).unwrap().count(), 2);
}

#[test]
fn without_a_condition_the_gate_is_it_if_it_is_red() {
    let bed = Bed::with_stories();
    bed.configure_gate(CHECK, "");
    bed.write("ported.txt", "one\n");
    bed.write(
        "stories/default.yaml",
        "attempts:\n  - - sh: echo rule >> ported.txt\n  - - sh: echo rule >> ported.txt; echo rule >> ported.txt\n",
    );
    bed.commit("a red gate");
    objective(&bed, &[]).code(0);
    assert_eq!(counters(&bed), (2, 20, 1, 1));
    assert_eq!(bed.landed().len(), 1);

    let bed = Bed::with_stories();
    bed.commit("a green gate");
    let said = objective(&bed, &[]).code(2);
    assert!(said.err.contains("is green already"), "{}", said.err);
    assert_eq!(fs::read_dir(bed.root.join("backlog")).unwrap().count(), 0);
    bed.nightshift(&["run", "--until-passes", "true"]).code(2);
    let said = bed.nightshift(&["run", "--objective", " ", "--until-passes", "false"]);
    assert!(said.code(2).err.contains("needs words"));
}

#[test]
fn a_loop_that_could_never_end_is_a_diagnostic_and_one_that_has_is_no_work() {
    let bed = Bed::with_stories();
    bed.ticket("endless", "mode: loop", "Go on and on.");
    bed.ticket("over", "mode: loop\naccept: 'true'\niterations: 3", "Be.");
    let check = bed.nightshift(&["check", "--no-gate"]).code(1);
    assert!(check.err.contains("how would it ever be"), "{}", check.err);
    assert!(check.err.contains("endless.md:2:7"), "{}", check.err);
    let plan = bed.nightshift(&["run", "--dry-run"]).code(0).out;
    assert!(
        plan.contains("(an objective, at most 3 iterations)"),
        "{plan}"
    );
    bed.night().code(1);
    assert_eq!(bed.outcomes()["over"], "blocked");
    assert_eq!(bed.landed(), [""; 0]);
}
