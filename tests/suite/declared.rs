//! An agent that nobody knew: its stream is declared in the configuration, and no code knows it.

use std::fs;

use serde_json::Value;

use crate::bed::{Bed, SHARED};

const EVENTS: &str = r#"
[harness.new.events]
kind          = "/event"
thinking      = { is = "muse", text = "/words" }
output        = { is = ["say", "shout"], text = "/words" }
tool          = { is = "use", name = "/what", input = "/with" }
done          = { is = "bye" }
failed        = { is = "ouch", text = "/why" }
session       = "/id"
input_tokens  = "/used/in"
output_tokens = "/used/out"
cost          = "/used/usd"
"#;

fn bed(script: &str) -> Bed {
    let bed = Bed::new();
    fs::write(bed.shared().join("agent"), script).unwrap();
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = \"new\"\ntimeout = \"30s\"\nsilence = \"20s\"\nattempts = 1\n\n[harness.new]\ncommand = [\"sh\", \"{}/agent\"]\nprompt = \"stdin\"\nexit = [0, 7]\n{EVENTS}\n[gate]\nrun = \"true\"\n{SHARED}",
            bed.shared().display()
        ),
    );
    bed.ticket("a", "", "Do it.");
    bed.commit("the backlog");
    bed
}

fn session(bed: &Bed) -> Value {
    let text = bed.read(".nightshift/journal/000001.jsonl");
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find_map(|record| record["event"].get("ended").cloned())
        .unwrap()["session"]
        .clone()
}

#[test]
fn its_stream_becomes_events_usage_and_an_end() {
    let bed = bed(r#"cat > /dev/null
echo '{"event":"hello","id":"s-1"}'
echo '{"event":"muse","words":"hm"}'
echo '{"event":"use","what":"write","with":{"file":"a.txt"}}'
echo a > a.txt
echo '{"event":"shout","words":"there it is"}'
echo '{"event":"bye","used":{"in":120,"out":7,"usd":0.25}}'
exit 7
"#);
    bed.night().code(0);
    let session = session(&bed);
    assert_eq!(session["ending"], "exited", "{session}");
    assert_eq!(session["usage"]["input_tokens"], 120);
    assert_eq!(session["usage"]["output_tokens"], 7);
    assert_eq!(session["usage"]["cost_usd"], 0.25);
    let night = bed.report()["night"].as_str().unwrap().to_owned();
    let events = bed.read(&format!(
        ".nightshift/nights/{night}/a/attempt-1/events.jsonl"
    ));
    for part in [
        r#""type":"run_started","#,
        r#""session":"s-1""#,
        r#""type":"thinking_delta","text":"hm""#,
        r#""type":"tool_call","name":"write","input":{"file":"a.txt"}"#,
        r#""type":"output_delta","text":"there it is""#,
        r#""type":"run_completed""#,
    ] {
        assert!(events.contains(part), "no {part} in\n{events}");
    }
}

#[test]
fn without_its_last_event_or_with_an_error_it_has_not_succeeded() {
    for (script, reason) in [
        (
            "echo a > a.txt; echo '{\"event\":\"use\",\"what\":\"x\"}'",
            "without its last event",
        ),
        (
            "echo a > a.txt; echo '{\"event\":\"ouch\",\"why\":\"no fuel\"}'",
            "no fuel",
        ),
        (
            "echo a > a.txt; echo '{\"event\":\"bye\"}'; exit 1",
            "exit code 1",
        ),
    ] {
        let bed = bed(&format!("cat > /dev/null; {script}\n"));
        bed.night().code(1);
        assert_eq!(bed.landed(), Vec::<String>::new(), "{script}");
        let ending = session(&bed)["ending"].to_string();
        assert!(ending.contains(reason), "{ending}");
    }
}

#[test]
fn what_is_declared_wrongly_is_named_with_its_place() {
    let bed = Bed::with_stories();
    bed.write(
        "nightshift.toml",
        "[harness.new]\ncommand = [\"x\"]\n[harness.new.events]\nkind = \"type\"\ntool = { name = \"/x\" }\nhuh = 1\n",
    );
    let said = bed.nightshift(&["check", "--no-gate"]).code(2);
    for part in [
        "`type` is not a path within a line",
        "`tool` does not say which lines it means",
        "`huh` is not a key",
    ] {
        assert!(said.err.contains(part), "no {part} in\n{}", said.err);
    }
}
