//! Budgets: a ticket or a night that used up what it may is ended as configured and named, over
//! restarts, and what an agent does not tell is unknown and not zero.

use std::fs;

use crate::bed::{Bed, SHARED};

/// What an agent prints that took a dollar and 700 tokens in three turns.
const DOLLAR: &str = r#"echo '{"type":"result","subtype":"success","is_error":false,"num_turns":3,"total_cost_usd":1.0,"usage":{"input_tokens":600,"output_tokens":100}}'"#;

/// Three tickets, each worked by a script of its name, with this under `[budget]`.
fn bed(scripts: [&str; 3], budget: &str) -> Bed {
    let bed = Bed::new();
    let agents = bed.shared().join("agents");
    fs::create_dir(&agents).unwrap();
    for (id, script) in ["a", "b", "c"].into_iter().zip(scripts) {
        fs::write(agents.join(id), script).unwrap();
    }
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = \"sh\"\ntimeout = \"60s\"\nsilence = \"20s\"\nattempts = 2\n\n[harness.sh]\ncommand = [\"sh\", \"{}/{{ticket}}\"]\nprompt = \"file\"\n\n[gate]\nrun = \"! [ -e red.txt ]\"\n{budget}{SHARED}",
            agents.display()
        ),
    );
    bed.write("policy.toml", "");
    bed.ticket("a", "priority: 1", "Do it.");
    bed.ticket("b", "priority: 2", "Do it.");
    bed.ticket("c", "priority: 3", "Do it.");
    bed.commit("the backlog");
    bed
}

fn works(id: &str) -> String {
    format!("echo {id} > {id}.txt\n{DOLLAR}\n")
}

#[test]
fn a_ticket_over_its_budget_is_parked_and_the_others_land() {
    let red = format!("echo x$RANDOM > red.txt; date +%N > n.txt\n{DOLLAR}\n");
    let bed = bed(
        [&red, &works("b"), &works("c")],
        "[budget.ticket]\ncost = 0.5\n",
    );
    bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["a"], "parked");
    // What is done and green is done, whatever it took.
    assert_eq!((&*outcomes["b"], &*outcomes["c"]), ("done", "done"));
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("$1.00 of \\$0.50"), "{report}");
    assert!(report.contains("Is it worth more?"), "{report}");
    // Queued by a human, it has its budget again.
    bed.nightshift(&["requeue", "a"]).code(0);
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "parked");
    bed.nightshift(&["verify"]).code(0);
}

#[test]
fn a_ticket_may_fail_over_its_budget() {
    let red = "echo x > red.txt; date +%N > n.txt\n".to_owned() + DOLLAR + "\n";
    let bed = bed(
        [&red, &works("b"), &works("c")],
        "[budget]\non_ticket = \"fail\"\n[budget.ticket]\nturns = 3\n",
    );
    bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["a"], "failed");
    assert_eq!((&*outcomes["b"], &*outcomes["c"]), ("done", "done"));
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(
        report.contains("Its budget is used up: 3 of 3 turns"),
        "{report}"
    );
}

#[test]
fn a_night_over_its_budget_ends_and_a_restart_does_not_forget() {
    // The runner dies once, after the first ticket's money is spent.
    let dies = format!(
        "echo b > b.txt\nif ! [ -e $HOME/shared/died ]; then : > $HOME/shared/died; kill -9 $PPID; sleep 60; fi\n{DOLLAR}\n"
    );
    let bed = bed(
        [&works("a"), &dies, &works("c")],
        "[budget.night]\ncost = 2\n",
    );
    // In a sandbox its parent would not be the runner.
    bed.unconfine();
    let said = bed.nightshift(&["run", "--restart-pause", "10ms"]);
    assert!(
        said.err
            .contains("at most: 8.0 h, $2.00 as far as agents tell"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("not bounded: tokens read"),
        "{}",
        said.err
    );
    assert!(bed.shared().join("died").exists());
    let outcomes = bed.outcomes();
    assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("done", "done"));
    assert_eq!(outcomes["c"], "skipped");
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("$2.00 of \\$2.00"), "{report}");
    bed.nightshift(&["verify"]).code(0);
}

#[test]
fn the_time_of_a_budget_ends_an_agent_that_takes_longer() {
    let bed = bed(
        ["echo a > a.txt; sleep 30\n", &works("b"), &works("c")],
        "[budget.ticket]\ntime = \"2s\"\n",
    );
    bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["a"], "parked");
    assert_eq!((&*outcomes["b"], &*outcomes["c"]), ("done", "done"));
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("1 min of work"), "{report}");
}

#[test]
fn too_many_files_and_too_many_processes_are_parked() {
    let bed = bed(
        [
            "for n in 1 2 3 4; do echo $n > $n.txt; done\n",
            "for n in 1 2 3 4 5 6 7 8 9; do sleep 20 & done; wait\n",
            &works("c"),
        ],
        "[budget.ticket]\nfiles = 3\nprocesses = 6\n",
    );
    bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!((&*outcomes["a"], &*outcomes["b"]), ("parked", "parked"));
    assert_eq!(outcomes["c"], "done");
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("4 files changed, 3 allowed"), "{report}");
    assert!(report.contains("6 processes at once"), "{report}");
}

#[test]
fn what_an_agent_does_not_tell_is_unknown_and_not_zero() {
    let bed = bed(
        ["echo a > a.txt\n", &works("b"), "echo c > c.txt\n"],
        "[budget.night]\ncost = 1.5\n",
    );
    let said = bed.night().code(0);
    assert!(
        said.err.contains("`sh` does not tell what it uses"),
        "{}",
        said.err
    );
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(report.contains("(2 of 3 sessions did not say)"), "{report}");
}

#[test]
fn a_budget_that_cannot_be_used_is_named_with_its_place() {
    for (budget, what) in [
        ("[budget.ticket]\ncost = 0\n", "`cost` is nothing"),
        ("[budget.ticket]\nturns = -1\n", "`turns` must be between 1"),
        ("[budget.night]\nfiles = 3\n", "bounds one attempt"),
        ("[budget.night]\ntoken = 3\n", "is not a key"),
        ("[budget]\non_night = \"stop\"\n", "on_night"),
        ("[budget.ticket]\ntime = 5\n", "unit"),
    ] {
        let bed = bed(["", "", ""], budget);
        let said = bed.nightshift(&["check", "--no-gate"]).code(1);
        assert!(said.err.contains(what), "{budget}: {}", said.err);
        assert!(
            said.err.contains("nightshift.toml:14"),
            "{budget}: {}",
            said.err
        );
    }
}
