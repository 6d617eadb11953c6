//! `nightshift verify`: what holds is said to hold, and what was broken by hand is named.

use serde_json::Value;

use crate::bed::Bed;

/// A night with two landings and one failure that is kept.
fn night() -> Bed {
    let bed = Bed::with_stories();
    bed.configure_gate("! grep -rqs BROKEN src", "");
    for id in ["a", "b"] {
        bed.story(id, &format!("- write: {{path: src/{id}.txt, text: ok}}"));
    }
    bed.story("c", "- write: {path: src/c.txt, text: BROKEN}");
    bed.commit("tickets");
    bed.night().code(1);
    bed
}

/// Returns the invariants that are violated, with all evidence.
fn violated(bed: &Bed) -> (Vec<String>, String) {
    let said = bed.nightshift(&["verify", "--json"]).code(1).json();
    assert_eq!(said["holds"], Value::Bool(false));
    let all = said["nights"][0]["violations"].as_array().unwrap().clone();
    let text = |violation: &Value, key: &str| violation[key].as_str().unwrap().to_owned();
    let evidence: Vec<_> = all.iter().map(|one| text(one, "evidence")).collect();
    let mut names: Vec<_> = all.iter().map(|one| text(one, "invariant")).collect();
    names.dedup();
    (names, evidence.join("\n"))
}

#[test]
fn a_night_that_went_well_holds() {
    let bed = night();
    let said = bed.nightshift(&["verify"]).code(0);
    assert!(said.out.contains(": all holds ("), "{}", said.out);
    assert!(
        said.err.contains("not checked: your branch"),
        "{}",
        said.err
    );
    let json = bed.nightshift(&["verify", "--json"]).code(0).json();
    assert_eq!(json["holds"], Value::Bool(true));
    assert_eq!(json["nights"][0]["running"], Value::Bool(false));
    let none = bed.nightshift(&["verify", "--night", "1999-01-01"]).code(2);
    assert!(
        none.err.contains("there is no night `1999-01-01`"),
        "{}",
        none.err
    );
}

#[test]
fn before_the_first_night_there_is_nothing_to_verify() {
    let bed = Bed::with_stories();
    let said = bed.nightshift(&["verify"]).code(2);
    assert!(
        said.err.contains("`nightshift run` runs one"),
        "{}",
        said.err
    );
}

#[test]
fn a_commit_of_somebody_else_on_the_branch_is_named() {
    let bed = night();
    let branch = bed.branch();
    let tree = bed.git(&["rev-parse", &format!("{branch}^{{tree}}")]);
    let commit = bed.git(&["commit-tree", tree.trim(), "-p", &branch, "-m", "mine"]);
    bed.git(&["update-ref", &format!("refs/heads/{branch}"), commit.trim()]);
    let (names, evidence) = violated(&bed);
    assert_eq!(names, ["branch"]);
    assert!(evidence.contains(commit.trim()), "{evidence}");
    assert!(evidence.contains("no landing names it"), "{evidence}");
}

#[test]
fn kept_work_whose_ref_is_gone_is_named() {
    let bed = night();
    let refs = bed.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/nightshift/attempts",
    ]);
    let of_c = refs.lines().find(|name| name.contains("/c/")).unwrap();
    bed.git(&["update-ref", "-d", of_c]);
    let (names, evidence) = violated(&bed);
    assert_eq!(names, ["work_kept"]);
    assert!(evidence.contains(of_c), "{evidence}");
}

#[test]
fn what_a_gate_said_must_not_be_changed_afterwards() {
    let bed = night();
    let root = bed.root.join(".nightshift/nights");
    let night = std::fs::read_dir(root).unwrap().next().unwrap().unwrap();
    let attempt = night.path().join("a/attempt-1");
    std::fs::write(attempt.join("gate.log"), "all good\n").unwrap();
    let (names, evidence) = violated(&bed);
    assert_eq!(names, ["gated"]);
    assert!(evidence.contains("gate.log"), "{evidence}");
}

#[test]
fn a_journal_that_was_changed_is_named_and_nothing_is_concluded_from_it() {
    let bed = night();
    let path = bed.root.join(".nightshift/journal/000001.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"landed\"", "\"lended\"", 1)).unwrap();
    let (names, evidence) = violated(&bed);
    assert_eq!(names, ["journal"]);
    assert!(evidence.contains("does not match its hash"), "{evidence}");
}

#[test]
fn a_branch_that_was_deleted_cannot_be_looked_at() {
    let bed = night();
    bed.git(&["branch", "-D", &bed.branch()]);
    let said = bed.nightshift(&["verify"]).code(0);
    assert!(
        said.err.contains("there is no such branch any more"),
        "{}",
        said.err
    );
}

#[test]
fn what_was_queued_in_the_morning_waits_for_the_next_night() {
    let bed = night();
    bed.nightshift(&["requeue", "c"]).code(0);
    bed.nightshift(&["verify"]).code(0);
    bed.night();
    bed.nightshift(&["verify"]).code(0);
}
