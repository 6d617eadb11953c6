//! Nights with an agent that speaks the Agent Client Protocol: a shell script that asks before each
//! line of its own, and ends its turn when one is refused, as some agents do.

use std::fs;

use crate::bed::{Bed, SHARED};

const AGENT: &str = r#"#!/bin/sh
id() { printf '%s' "$line" | sed 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/'; }
send() { printf '{"jsonrpc":"2.0",%s}\n' "$1"; }
update() { send "\"method\":\"session/update\",\"params\":{\"sessionId\":\"s\",\"update\":{$1}}"; }
script="$HOME/shared/$NIGHTSHIFT_TICKET.sh"
n=0
work() {
  while read -r command <&3; do
    n=$((n + 1))
    call="\"toolCallId\":\"t$n\",\"title\":\"$command\",\"kind\":\"execute\",\"rawInput\":{\"command\":\"$command\"}"
    send "\"id\":$n,\"method\":\"session/request_permission\",\"params\":{\"sessionId\":\"s\",\"toolCall\":{$call},\"options\":[{\"optionId\":\"yes\",\"kind\":\"allow_once\"},{\"optionId\":\"no\",\"kind\":\"reject_once\"}]}"
    read -r answer
    case "$answer" in
      *'"optionId":"yes"'*) sh -c "$command" ;;
      *) send "\"id\":$prompt,\"result\":{\"stopReason\":\"cancelled\"}"; return ;;
    esac
  done
  update '"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"All is done."}'
  send "\"id\":$prompt,\"result\":{\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":5,\"outputTokens\":2,\"totalTokens\":7}}"
}
exec 3< "$script"
while read -r line; do
  printf '%s\n' "$line" >> "$HOME/shared/heard-$NIGHTSHIFT_TICKET"
  case "$line" in
    *'"initialize"'*) send "\"id\":$(id),\"result\":{\"protocolVersion\":1,\"agentCapabilities\":{}}" ;;
    *'"session/new"'*) send "\"id\":$(id),\"result\":{\"sessionId\":\"s\"}" ;;
    *'"session/prompt"'*) prompt=$(id); work ;;
  esac
done
"#;

fn bed(scripts: &[(&str, &str)]) -> Bed {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = Bed::new();
    let program = bed.shared().join("peer");
    fs::write(&program, AGENT).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = \"peer\"\ntimeout = \"60s\"\nsilence = \"20s\"\nattempts = 1\n\n[harness.peer]\nacp = [\"{}\"]\n\n[gate]\nrun = \"true\"\n{SHARED}",
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

#[test]
fn a_turn_that_a_refusal_ended_is_taken_up_again_and_lands() {
    let bed = bed(&[(
        "a",
        "echo one > one.txt\ngit push --force origin main\necho two > two.txt\n",
    )]);
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    for (file, text) in [("one.txt", "one\n"), ("two.txt", "two\n")] {
        assert_eq!(
            bed.git(&["show", &format!("{}:{file}", bed.branch())]),
            text
        );
    }
    let heard = fs::read_to_string(bed.shared().join("heard-a")).unwrap();
    assert_eq!(heard.matches("session/prompt").count(), 2, "{heard}");
    assert!(heard.contains("Your turn ended because a call was refused"));
}

#[test]
fn a_halt_from_a_request_ends_the_attempt_with_the_work_kept() {
    let bed = bed(&[
        ("a", "echo one > one.txt\nrm -rf /\necho two > two.txt\n"),
        ("b", "echo b > b.txt\n"),
    ]);
    bed.night().code(3);
    let heard = fs::read_to_string(bed.shared().join("heard-a")).unwrap();
    assert!(heard.contains("session/cancel"), "{heard}");
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
    assert!(!bed.shared().join("heard-b").exists(), "the night went on");
}
