//! Tool calls are judged before they happen: a stand-in for an agent CLI asks its hook as the real
//! one does, through the settings that the session gave it.

use std::fs;

use serde_json::Value;

use crate::bed::{Bed, SHARED};

/// Asks the hook of its settings before each line of its script, a shell command; runs what it may.
const CLAUDE: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
  case "$1" in --settings) settings=$2 ;; esac
  shift
done
hook=$(sed -n 's/.*"command": "\(timeout .*\)",\{0,1\}$/\1/p' "$settings")
cat > /dev/null
n=0
while read -r line; do
  n=$((n + 1))
  printf '{"tool_name":"Bash","tool_input":{"command":"%s"},"session_id":"s"}' "$line" > call.json
  answer=$(sh -c "$hook" < call.json); code=$?
  rm call.json
  echo "$answer" >> "$HOME/shared/answers-$NIGHTSHIFT_TICKET"
  case "$code$answer" in
    0*'"permissionDecision":"allow"'*) sh -c "$line" ;;
  esac
done < "$HOME/shared/$NIGHTSHIFT_TICKET.sh"
echo '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"done"}'
"#;

fn bed(scripts: &[(&str, &str)]) -> Bed {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = Bed::new();
    let program = bed.shared().join("claude");
    fs::write(&program, CLAUDE).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = \"claude\"\ntimeout = \"60s\"\nsilence = \"20s\"\nattempts = 1\n\n[harness.claude]\ncommand = [\"{}\"]\nprompt = \"stdin\"\n\n[gate]\nrun = \"true\"\n{SHARED}",
            program.display()
        ),
    );
    for (id, script) in scripts {
        bed.ticket(id, "", "Do it.");
        fs::write(bed.shared().join(format!("{id}.sh")), script).unwrap();
    }
    bed.commit("the backlog");
    bed
}

fn answers(bed: &Bed, id: &str) -> String {
    fs::read_to_string(bed.shared().join(format!("answers-{id}"))).unwrap()
}

/// The decisions on the tools of a ticket, as the journal has them.
fn tallies(bed: &Bed, id: &str) -> Vec<Value> {
    let text = fs::read_to_string(bed.root.join(".nightshift/journal/000001.jsonl")).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["event"]["ended"]["ticket"] == id)
        .filter_map(|record| {
            record["event"]["ended"]["session"]["tools"]
                .as_array()
                .cloned()
        })
        .flatten()
        .collect()
}

#[test]
fn a_refused_call_does_not_happen_and_the_model_is_told_why() {
    let bed = bed(&[(
        "a",
        "echo one > one.txt\ngit push --force origin main\necho two > two.txt\n",
    )]);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    let answers = answers(&bed, "a");
    assert!(
        answers.contains("Refused by rule `outward-commands`"),
        "{answers}"
    );
    assert!(
        answers.contains("Nothing leaves the repository at night"),
        "{answers}"
    );
    let tallies = tallies(&bed, "a");
    let shown: Vec<_> = tallies
        .iter()
        .map(|tally| {
            (
                tally["action"].as_str().unwrap(),
                tally["rule"].as_str(),
                tally["count"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("proceed", None, Some(2)),
            ("deny", Some("outward-commands"), Some(1))
        ]
    );
    assert!(
        tallies[1]["example"]
            .as_str()
            .unwrap()
            .contains("git push --force")
    );
}

#[test]
fn a_halt_from_a_tool_ends_the_attempt_at_once_with_the_work_kept() {
    let bed = bed(&[
        ("a", "echo one > one.txt\nrm -rf /\necho two > two.txt\n"),
        ("b", "echo b > b.txt\n"),
    ]);
    bed.night().code(3);
    let kept = bed.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/nightshift/attempts",
    ]);
    let reference = kept.lines().next().unwrap();
    let files = bed.git(&["ls-tree", "--name-only", reference]);
    assert!(
        files.contains("one.txt") && !files.contains("two.txt"),
        "{files}"
    );
    assert!(
        !bed.shared().join("answers-b").exists(),
        "the night went on"
    );
}

#[test]
fn a_park_from_a_tool_is_a_decision_to_make() {
    let bed = bed(&[
        (
            "a",
            "echo one > one.txt\nmake migrate\necho two > two.txt\n",
        ),
        ("b", "echo b > b.txt\n"),
    ]);
    bed.write(
        "policy.toml",
        "[[rule]]\nid = \"migrations\"\non = [\"tool\"]\nany = ['\\bmigrate\\b']\naction = \"park\"\ncategory = \"schema\"\nbecause = \"A migration is run by a person.\"\n",
    );
    bed.commit("a contract");
    bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!(
        (outcomes["a"].as_str(), outcomes["b"].as_str()),
        ("parked", "done")
    );
    let report = bed.nightshift(&["report"]).out;
    assert!(report.contains("leaves to a human (`migrate`)"), "{report}");
}

#[test]
fn a_hook_without_a_session_refuses_in_time() {
    let bed = Bed::new();
    let told = r#"{"tool_name":"Bash","tool_input":{"command":"ls"}}"#;
    for arguments in [
        &["hook", "claude"][..],
        &["hook", "claude", "/nonexistent/desk"],
    ] {
        let said = bed.nightshift_with_input(arguments, told).code(0);
        assert!(
            said.out.contains("\"permissionDecision\":\"deny\""),
            "{}",
            said.out
        );
    }
    let said = bed.nightshift_with_input(&["hook", "emacs"], told).code(2);
    assert!(
        said.err.contains("there is no platform `emacs`"),
        "{}",
        said.err
    );
}

#[test]
fn a_check_of_a_harness_proves_what_it_can_do_and_is_remembered() {
    let bed = bed(&[(
        "prove-the-night",
        "echo nightshift works > proof.txt\ngit push origin HEAD\n",
    )]);
    let said = bed.nightshift(&["harness", "check", "claude"]).code(0);
    for line in [
        "yes landed the ticket",
        "yes was refused a tool call (2 judged, 1 refused)",
        "no told what it used",
    ] {
        assert!(said.out.contains(line), "no `{line}` in\n{}", said.out);
    }
    let list = bed.nightshift(&["harness", "list"]).code(0).out;
    assert!(
        list.contains("known by: a check on this machine on "),
        "{list}"
    );
    // An agent that does nothing proves nothing.
    fs::write(bed.shared().join("prove-the-night.sh"), "true\n").unwrap();
    bed.nightshift(&["harness", "check", "claude"]).code(1);
    bed.nightshift(&["harness", "check", "emacs"]).code(2);
}

#[test]
fn an_agent_that_uses_tools_and_never_asks_has_failed() {
    let bed = bed(&[("a", "")]);
    let program = bed.shared().join("claude");
    let tool = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","name":"Bash","input":{"command":"ls"}}]}}"#;
    let end =
        r#"{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"done"}"#;
    fs::write(
        &program,
        format!("#!/bin/sh\necho a > a.txt\necho '{tool}'\necho '{end}'\n"),
    )
    .unwrap();
    bed.night().code(1);
    let report = bed.nightshift(&["report"]).out;
    assert!(report.contains("its hook was never asked"), "{report}");
    assert_eq!(bed.landed(), Vec::<String>::new());
}
