//! The known ways in which runners of this kind have failed, each with its test.

use std::{fs, path::Path, process::Command, time::Duration};

use crate::bed::{Bed, wait_for};

const WRITES: &str =
    "- write: {path: out.txt, text: \"done\\n\"}\n- say: {verb: done, text: wrote it}";

fn writes(name: &str) -> String {
    format!(
        "- write: {{path: {name}.txt, text: \"{name}\\n\"}}\n- say: {{verb: done, text: wrote it}}"
    )
}

fn journal(bed: &Bed) -> std::path::PathBuf {
    bed.root.join(".nightshift/journal/000001.jsonl")
}

fn count(bed: &Bed, event: &str) -> usize {
    fs::read_to_string(journal(bed))
        .unwrap()
        .matches(&format!("\"event\":{{\"{event}\":"))
        .count()
}

#[test]
fn a_failing_hook_does_not_turn_landed_work_into_a_false_done() {
    let bed = Bed::with_stories();
    bed.story("a", WRITES);
    for hook in ["pre-commit", "commit-msg", "reference-transaction"] {
        bed.write(&format!(".git/hooks/{hook}"), "#!/bin/sh\nexit 1\n");
        let path = bed.root.join(".git/hooks").join(hook);
        Command::new("chmod").arg("+x").arg(path).status().unwrap();
    }
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    assert_eq!(
        bed.git(&["show", &format!("{}:out.txt", bed.branch())]),
        "done\n"
    );
}

#[test]
fn a_stale_lock_does_not_make_a_commit_vanish() {
    let bed = Bed::with_stories();
    bed.story("a", &writes("a"));
    // Locks of the user's own do not concern us, and stay.
    for name in ["index.lock", "HEAD.lock"] {
        bed.write(&format!(".git/{name}"), "");
    }
    bed.night().code(0);
    for name in ["index.lock", "HEAD.lock"] {
        assert!(
            bed.root.join(".git").join(name).exists(),
            "{name} was removed"
        );
        fs::remove_file(bed.root.join(".git").join(name)).unwrap();
    }
    // A lock that a dead runner left on the night branch is removed, and said.
    let lock = format!(".git/refs/heads/{}.lock", bed.branch());
    bed.write(&lock, "");
    bed.story("b", &writes("b"));
    bed.night().code(0);
    assert!(!bed.root.join(&lock).exists());
    assert_eq!(bed.outcomes()["b"], "done");
    assert_eq!(bed.landed().len(), 2);
    assert_eq!(count(&bed, "recovered"), 1);
}

#[test]
fn a_gate_that_prints_and_then_times_out_fails_its_ticket_only() {
    let bed = Bed::with_stories();
    bed.configure_gate(
        "if [ -f slow.txt ]; then echo all 12 tests passed; sleep 300; fi",
        "",
    );
    let config = bed
        .read("nightshift.toml")
        .replace("timeout = \"30s\"\n\n", "timeout = \"1s\"\n\n");
    bed.write("nightshift.toml", &config);
    bed.ticket("slow", "attempts: 1\npriority: 1", "Do it.");
    bed.steps("slow", &writes("slow"));
    bed.story("quick", &writes("quick"));
    bed.night().code(1);
    assert_eq!(bed.outcomes()["slow"], "failed");
    assert_eq!(bed.outcomes()["quick"], "done");
    let gate = fs::read_to_string(journal(&bed)).unwrap();
    assert!(gate.contains("\"class\":\"timeout\""), "{gate}");
}

#[test]
fn a_gate_whose_program_is_missing_is_the_environments_fault() {
    let bed = Bed::with_stories();
    bed.configure_gate("no-such-program-here --all", "");
    bed.story("a", WRITES);
    bed.ticket("b", "gate: \"true\"", "Do it.");
    bed.steps("b", &writes("b"));
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "blocked");
    assert_eq!(bed.outcomes()["b"], "done");
    assert!(
        bed.nightshift(&["report"])
            .out
            .contains("no-such-program-here")
    );
}

#[test]
fn output_and_tickets_that_are_not_utf_8_break_nothing() {
    let bed = Bed::with_stories();
    bed.configure_gate("printf '\\377\\376 bytes\\n'; ! [ -f bad.txt ]", "");
    bed.ticket("bad", "attempts: 1", "Do it.");
    bed.steps("bad", &writes("bad"));
    bed.story("good", &writes("good"));
    fs::write(bed.root.join("backlog/latin.md"), b"# Caf\xe9\n\nbody\n").unwrap();
    let said = bed.night().code(1);
    assert_eq!(bed.outcomes()["good"], "done", "{}", said.err);
    assert_eq!(bed.outcomes()["bad"], "failed");
    let check = bed.nightshift(&["check", "--no-gate"]);
    assert!(check.err.contains("latin.md:1:"), "{}", check.err);
}

#[test]
fn a_torn_journal_is_recovered_and_a_damaged_one_halts_with_the_place() {
    let bed = Bed::with_stories();
    bed.story("a", &writes("a"));
    bed.night().code(0);
    let whole = fs::read(journal(&bed)).unwrap();
    fs::write(journal(&bed), &whole[..whole.len() - 7]).unwrap();
    bed.story("b", &writes("b"));
    bed.night().code(0);
    assert_eq!(bed.landed().len(), 2);
    assert_eq!(count(&bed, "recovered"), 1);

    let mut damaged = fs::read(journal(&bed)).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(journal(&bed), &damaged).unwrap();
    let said = bed.night().code(4);
    assert!(said.err.contains("000001.jsonl"), "{}", said.err);
    assert_eq!(
        fs::read(journal(&bed)).unwrap(),
        damaged,
        "a damaged journal was rewritten"
    );
}

#[test]
fn a_control_file_with_rubbish_is_named_and_harms_nothing() {
    let bed = Bed::with_stories();
    bed.story("a", &writes("a"));
    bed.write(".nightshift/control.json", "{ not json");
    let said = bed.night();
    assert_ne!(said.code, Some(0));
    assert!(
        format!("{}{}", said.err, said.out).contains("control.json"),
        "{said:?}"
    );
    fs::remove_file(bed.root.join(".nightshift/control.json")).unwrap();
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
}

#[test]
fn tickets_with_dangerous_names_break_nothing() {
    let bed = Bed::with_stories();
    for id in ["ledger", "journal", "control", "HEAD"] {
        bed.story(id, &writes(id));
    }
    bed.write(
        "backlog/evil.md",
        "---\nid: ../../../x\n---\n\n# Evil\n\nbody\n",
    );
    bed.night().code(1);
    for id in ["ledger", "journal", "control", "HEAD"] {
        assert_eq!(bed.outcomes()[id], "done", "{id}");
    }
    assert!(!bed.home().join("x").exists());
    let check = bed.nightshift(&["check", "--no-gate"]).code(1);
    assert!(
        check.err.contains("evil.md:2:5") || check.err.contains("evil.md"),
        "{}",
        check.err
    );
}

#[test]
fn no_secret_of_a_known_shape_reaches_journal_report_or_logs() {
    let bed = Bed::with_stories();
    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("{}_{}", "ghp", "aB3dE5gH7jK9mN1pQ3sT5vX7zA9cD1eF3gH5");
    bed.ticket("a", &format!("title: \"Use {secret}\""), "Do it.");
    bed.steps(
        "a",
        &format!(
            "- print: \"{secret}\"\n- say: {{verb: note, text: \"{secret}\"}}\n- say: {{verb: park, question: \"Is {secret} right?\"}}\n- write: {{path: a.txt, text: a}}"
        ),
    );
    bed.night().code(1);
    bed.nightshift(&["report"]).code(0);
    let holds = |path: &str| {
        let all = Command::new("grep")
            .args(["-rl", &secret])
            .arg(bed.root.join(path))
            .output()
            .unwrap();
        String::from_utf8(all.stdout).unwrap()
    };
    assert_eq!(holds(".nightshift/journal"), "");
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    let kept = holds(&format!(".nightshift/nights/{night}"));
    // What the agent itself wrote into its own file is its own; everything of ours is clean.
    let ours: Vec<_> = kept
        .lines()
        .filter(|path| !path.ends_with("say.jsonl"))
        .collect();
    assert_eq!(ours, Vec::<&str>::new());
}

#[test]
fn true_and_false_is_red() {
    let bed = Bed::with_stories();
    bed.configure_gate("true && false", "");
    bed.story("a", WRITES);
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "blocked");
    assert!(bed.landed().is_empty());
}

#[test]
fn a_kill_between_commit_and_record_does_not_throw_gated_work_away() {
    let bed = Bed::with_stories();
    bed.story("a", &writes("a"));
    bed.night().code(0);
    let before = bed.git(&["rev-parse", &bed.branch()]);
    // As if the runner had died after moving the branch and before writing `landed`.
    let text = fs::read_to_string(journal(&bed)).unwrap();
    let cut = text
        .lines()
        .take_while(|line| !line.contains("\"landed\":"))
        .count();
    let mut kept = text.lines().take(cut).collect::<Vec<_>>().join("\n");
    kept.push('\n');
    assert!(kept.contains("\"landing\":"));
    fs::write(journal(&bed), kept).unwrap();
    bed.night().code(0);
    assert_eq!(
        bed.git(&["rev-parse", &bed.branch()]),
        before,
        "it was landed twice"
    );
    assert_eq!(bed.outcomes()["a"], "done");
    assert!(
        fs::read_to_string(journal(&bed))
            .unwrap()
            .contains("\"adopted\":true")
    );
}

#[test]
fn a_kill_of_the_process_group_loses_no_landed_ticket_and_parks_no_healthy_one() {
    use std::os::unix::process::CommandExt as _;
    let bed = Bed::with_stories();
    bed.ticket("a", "priority: 1", "Do it.");
    bed.steps("a", &writes("a"));
    bed.story("b", "- write: {path: b.txt, text: half}\n- hang: true");
    let mut child = bed
        .command(crate::bed::binary())
        .arg("run")
        .process_group(0)
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let bench = |bed: &Bed| find(&bed.home().join("state"), "b.txt");
    wait_for("the second agent to have worked", || {
        bench(&bed)
            .then_some(())
            .ok_or_else(|| "no b.txt yet".to_owned())
    });
    let group = format!("-{}", child.id());
    Command::new("kill")
        .args(["-9", "--", &group])
        .status()
        .unwrap();
    child.wait().unwrap();
    bed.steps("b", &writes("b"));
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    assert_eq!(bed.outcomes()["b"], "done");
    assert_eq!(bed.landed().len(), 2);
    // The work of the interrupted attempt is kept, and it did not count.
    let kept = bed.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/nightshift/attempts",
    ]);
    let first = kept
        .lines()
        .find(|name| name.ends_with("/b/1"))
        .expect("the attempt is kept");
    assert_eq!(bed.git(&["show", &format!("{first}:b.txt")]), "half");
}

#[test]
fn no_ticket_is_handed_out_twice() {
    let bed = Bed::with_stories();
    for id in ["a", "b", "c"] {
        bed.story(id, &writes(id));
    }
    bed.night().code(0);
    bed.night().code(0);
    assert_eq!(count(&bed, "claimed"), 3);
    assert_eq!(count(&bed, "landed"), 3);
}

#[test]
fn an_agent_cannot_rewrite_its_gate_or_its_contract() {
    let bed = Bed::with_stories();
    bed.configure_gate("./check", "");
    let config = bed
        .read("nightshift.toml")
        .replace("[gate]\n", "[gate]\nprotect = [\"check\"]\n");
    bed.write("nightshift.toml", &config);
    bed.write("check", "#!/bin/sh\n! [ -e bug.txt ]\n");
    Command::new("chmod")
        .arg("+x")
        .arg(bed.root.join("check"))
        .status()
        .unwrap();
    bed.write("policy.toml", "[[rule]]\nid = \"no-bugs\"\non = [\"diff\"]\npaths = [\"bug.txt\"]\naction = \"park\"\nbecause = \"no bugs\"\n");
    bed.story(
        "gate",
        "- write: {path: bug.txt, text: bug}\n- write: {path: check, text: \"#!/bin/sh\\ntrue\\n\"}",
    );
    bed.story(
        "contract",
        "- write: {path: bug.txt, text: bug}\n- write: {path: policy.toml, text: \"\"}",
    );
    bed.commit("config");
    let before = bed.users();
    bed.night().code(1);
    assert_eq!(bed.outcomes()["gate"], "parked");
    assert_eq!(bed.outcomes()["contract"], "parked");
    assert!(bed.landed().is_empty());
    assert_eq!(bed.users(), before);
}

/// Its file cannot be read when the next attempt is due, and is mended by the time of another
/// ticket: the attempt that it has had must not be forgotten, nor its number be given out again.
#[test]
fn a_ticket_that_is_broken_for_a_while_keeps_its_attempts() {
    let bed = Bed::with_stories();
    bed.configure_gate("! [ -f bad.txt ]", "");
    // Its agent stands for the user, who edits the ticket meanwhile.
    bed.unconfine();
    bed.ticket("a", "priority: 1\nattempts: 2", "Do it.");
    let file = bed.root.join("backlog/a.md");
    let broken = format!(
        "sh: \"sed -i 's/^attempts: 2/attempts: [/' {}\"",
        file.display()
    );
    let mended = format!(
        "sh: \"sed -i 's/^attempts: .*/attempts: 2/' {}\"",
        file.display()
    );
    bed.write(
        "stories/a.yaml",
        &format!("attempts:\n  - - write: {{path: bad.txt, text: bad}}\n    - {broken}\n    - sleep: 1s\n  - - write: {{path: a.txt, text: good}}\n"),
    );
    bed.ticket("b", "", "Do it.");
    bed.steps(
        "b",
        &format!("- write: {{path: b.txt, text: b}}\n- {mended}\n- sleep: 1s"),
    );
    bed.commit("the backlog");
    let said = bed.night();
    assert_eq!(bed.outcomes()["b"], "done", "{}", said.err);
    assert_eq!(bed.outcomes()["a"], "done", "{}", said.err);
    assert_eq!(count(&bed, "claimed"), 3);
}

/// A ticket's file cannot be read when a new night begins: what a human has answered stays.
#[test]
fn a_ticket_that_is_broken_as_a_night_begins_keeps_its_answers() {
    let bed = Bed::with_stories();
    bed.story("a", "- say: {verb: park, question: Which one?}");
    bed.story("b", &writes("b"));
    bed.commit("the backlog");
    bed.night().code(1);
    bed.nightshift(&["answer", "a", "The left one."]).code(0);
    bed.steps(
        "a",
        "- sh: \"grep -q 'left one' $(dirname $NIGHTSHIFT_SAY)/prompt.md\"\n- write: {path: a.txt, text: a}",
    );
    let whole = bed.read("backlog/a.md");
    bed.write("backlog/a.md", "---\nattempts: [\n---\n");
    bed.commit("broken, and a new base");
    bed.nightshift(&["run", "--new"]).code(1);
    bed.write("backlog/a.md", &whole);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
}

#[test]
fn parks_at_the_top_do_not_starve_the_rest() {
    let bed = Bed::with_stories();
    bed.write(
        "policy.toml",
        "[[rule]]\nid = \"hot\"\non = [\"ticket\"]\nlabels = [\"hot\"]\naction = \"park\"\nbecause = \"hot\"\n",
    );
    for n in 0..14 {
        bed.ticket(
            &format!("hot-{n:02}"),
            "priority: 1\nlabels: [hot]",
            "Do it.",
        );
    }
    bed.story("zz", &writes("zz"));
    bed.night().code(1);
    assert_eq!(bed.outcomes()["zz"], "done");
    assert_eq!(bed.outcomes()["hot-13"], "parked");
}

#[test]
fn a_mistyped_backlog_folder_is_an_error_and_not_a_drained_night() {
    let bed = Bed::with_stories();
    let config = format!("backlog = \"backlgo\"\n{}", bed.read("nightshift.toml"));
    bed.write("nightshift.toml", &config);
    for verb in [&["run"][..], &["check"]] {
        let said = bed.nightshift(verb).code(2);
        assert!(
            said.err.contains("backlgo") && said.err.contains("backlog"),
            "{}",
            said.err
        );
    }
}

#[test]
fn the_persons_uncommitted_and_untracked_files_stay_byte_for_byte() {
    let bed = Bed::with_stories();
    bed.commit("config");
    bed.write("README", "changed, not committed\n");
    bed.write("notes/private.txt", "untracked\n");
    bed.write("staged.txt", "staged\n");
    bed.git(&["add", "staged.txt"]);
    bed.write("staged.txt", "and changed again\n");
    bed.write("stashed.txt", "x\n");
    bed.git(&["add", "stashed.txt"]);
    bed.git(&["stash", "push", "-q", "stashed.txt"]);
    bed.story(
        "untracked-ticket",
        "- write: {path: README, text: \"by the agent\\n\"}\n- delete: .gitignore",
    );
    let before = bed.users();
    bed.night().code(0);
    assert_eq!(bed.outcomes()["untracked-ticket"], "done");
    assert_eq!(bed.users(), before);
}

#[test]
fn a_timed_out_gate_leaves_no_grandchildren() {
    let bed = Bed::with_stories();
    let pids = bed.shared().join("pids");
    bed.configure_gate(
        &format!(
            "[ -f a.txt ] || exit 0; (setsid sleep 300 & echo $! >> {0}); sleep 301 & echo $! >> {0}; echo $$ >> {0}; sleep 302",
            pids.display()
        ),
        "",
    );
    let config = bed
        .read("nightshift.toml")
        .replace("timeout = \"30s\"\n\n", "timeout = \"1s\"\n\n");
    bed.write("nightshift.toml", &config);
    bed.unconfine();
    bed.ticket("a", "attempts: 1", "Do it.");
    bed.steps("a", &writes("a"));
    bed.night().code(1);
    let text = fs::read_to_string(&pids).unwrap();
    assert_eq!(text.lines().count(), 3);
    for pid in text.lines() {
        assert!(is_gone(pid), "process {pid} outlived its gate");
    }
}

#[test]
fn a_daemon_of_an_agent_does_not_outlive_its_attempt() {
    let bed = Bed::with_stories();
    bed.unconfine();
    let pid = bed.shared().join("pid");
    bed.story(
        "a",
        &format!(
            "- sh: \"(setsid sh -c 'echo $$ > {0}; exec sleep 300' </dev/null >/dev/null 2>&1 &) ; while ! [ -s {0} ]; do sleep 0.01; done\"\n- daemon: 300s\n- write: {{path: a.txt, text: a}}",
            pid.display()
        ),
    );
    bed.night().code(0);
    assert!(is_gone(fs::read_to_string(&pid).unwrap().trim()));
}

#[test]
fn ignored_files_of_one_attempt_do_not_sway_the_next_gate() {
    for place in ["", "where = \"bench\"\n"] {
        let bed = Bed::with_stories();
        bed.configure_gate("! [ -e build/flag ] && ! [ -e bad.txt ]", "");
        let config = bed
            .read("nightshift.toml")
            .replace("[gate]\n", &format!("[gate]\n{place}"));
        bed.write("nightshift.toml", &config);
        bed.ticket("bad", "attempts: 1\npriority: 1", "Do it.");
        bed.steps(
            "bad",
            "- write: {path: build/flag, text: x}\n- write: {path: bad.txt, text: x}",
        );
        bed.story("good", &writes("good"));
        bed.night().code(1);
        assert_eq!(bed.outcomes()["bad"], "failed", "{place}");
        let good = &bed.outcomes()["good"];
        assert!(
            good == "done" || (good == "low-confidence" && !place.is_empty()),
            "{place}: {good}"
        );
    }
}

#[test]
fn an_agent_that_exits_at_once_without_a_word_is_no_success() {
    let bed = Bed::with_stories();
    bed.story("a", "- exit: 0");
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "failed");
    assert!(bed.landed().is_empty());
}

#[test]
fn the_prompt_does_not_grow_with_the_number_of_landed_tickets() {
    let bed = Bed::with_stories();
    let ids: Vec<_> = (0..45).map(|n| format!("t{n:02}")).collect();
    for id in &ids {
        bed.story(id, &writes(id));
    }
    bed.night().code(0);
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    let size = |id: &String| {
        let prompt = format!(".nightshift/nights/{night}/{id}/attempt-1/prompt.md");
        fs::metadata(bed.root.join(prompt)).unwrap().len()
    };
    let sizes: Vec<_> = ids.iter().map(size).collect();
    assert!(sizes[44] <= sizes[34] + 64, "{sizes:?}");
}

fn find(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            entry.file_name() == name || (entry.path().is_dir() && find(&entry.path(), name))
        })
    })
}

fn is_gone(pid: &str) -> bool {
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    let alive = || {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
            !stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .trim_start()
                .starts_with('Z')
        })
    };
    while alive() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    !alive()
}
